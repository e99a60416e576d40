//! Services: whether they lead to pods, on ports that the pods have.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;

use super::nearest::named;
use super::registry::family;
use super::scene::Scene;
use super::selection::{containers, ports as workload_ports, some};
use crate::cluster::{Entry, Ordinals, Workload};
use crate::diagnostic::{Code, Severity};
use crate::graph::{EdgeDetail, PortMap, TargetPort};
use crate::manifest::Body;
use crate::net::near::Names;
use crate::net::{ContainerPort, NODE_PORTS, ObjectKey, Protocol, label_list, text};
use crate::resolve::{EndpointOutcome, ServicePort};

family! {
    ServiceSelectsNothing, "service-selects-nothing", true, "The selector of a Service fits the labels of no pod, so it has no endpoints: connections to it are refused or time out. A typo in a label is the usual cause; the message names the workload that comes nearest. Services without a selector, of type ExternalName or with Endpoints written by hand are meant to have none.";
    ServicePortUnmatched, "service-port-unmatched", false, "A Service sends to a port that none of the pods it selects declares. A name that no container port has gives no endpoint at all (an error); a number that no container declares may still be listened on, since declaring ports is optional, but is more often a mistake (a warning). Pods that declare no port at all are left in peace. A port of a Service without selector has an endpoint where its Endpoints or EndpointSlices have a port of the same name.";
    ServiceSelectorOverlap, "service-selector-overlap", false, "A Service selects pods of several workloads, and some of these do not have the port it sends to: part of the requests fails. Usually a label that several workloads share was taken for the selector. Several workloads that all have the port, such as a stable and a canary release, are fine; the pods of a Job are not, since they get requests as long as they run.";
    ProbePortUnmatched, "probe-port-unmatched", false, "A readiness or startup probe asks a port that the containers do not declare, so the pods never become ready, and no Service sends them requests. A name must be that of a port of the same container (an error). A number needs no declaration: it is only a finding where the containers declare other ports and nothing else in the pod mentions it (a warning). Probes that run a command, ask another host or have the port of another probe are left in peace (https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/).";
    HeadlessServiceMismatch, "headless-service-mismatch", true, "A StatefulSet names the Service that gives its pods their DNS names in `serviceName`. The names only exist if that Service is there, is headless (`clusterIP: None`) and selects these pods (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id).";
    ExternalnameSuspicious, "externalname-suspicious", false, "`externalName` is a DNS name and nothing else: an IP address is looked up as if it were a name, and a scheme, port or path makes it no name at all (https://kubernetes.io/docs/concepts/services-networking/service/#externalname).";
    EndpointsWithoutService, "endpoints-without-service", true, "Endpoints or an EndpointSlice written by hand belong to the Service of their name (or of the label `kubernetes.io/service-name`). Without that Service nothing leads to them; and if it has a selector, the control plane replaces them.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let by_hand = endpoints(scene);
    for (entry, service) in scene.cluster.services() {
        let spec = service.spec.as_ref();
        if spec.is_some_and(|s| s.type_.as_deref() == Some("ExternalName")) {
            external_name(scene, entry, service);
            continue;
        }
        ports(scene, entry);
        node_ports(scene, entry, service);
        jobs(scene, entry);
        let selector = spec.and_then(|s| s.selector.clone()).unwrap_or_default();
        let is_empty = || scene.cluster.select(entry.key.namespace(), &selector).is_empty();
        // The control plane lists pods that the manifests do not contain.
        let listed = scene.cluster.find(&entry.key).and_then(|at| scene.facts.listed.get(&at));
        let is_listed = listed.is_some_and(|l| l.is_live && l.ready + l.unready > 0);
        if !selector.is_empty() && is_empty() && !is_listed && !by_hand.contains_key(&entry.key) {
            selects_nothing(scene, entry, &selector);
        }
        lacking_pod(scene, entry, &selector);
    }
    for (service, ends) in &by_hand {
        without_service(scene, service, ends);
    }
    for workload in scene.cluster.workloads() {
        stateful(scene, workload);
    }
}

/// Node ports outside of the range that the API server takes them from, where it did not take the Service yet
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport>).
fn node_ports(scene: &mut Scene<'_>, entry: &Entry, service: &Service) {
    if entry.object.tree.at(&["metadata", "uid"]).is_some() {
        return;
    }
    let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten()).enumerate();
    for (index, number) in ports.filter_map(|(i, p)| Some((i, p.node_port?))) {
        if number != 0 && !NODE_PORTS.contains(&i64::from(number)) {
            let message = format!(
                "Service {}/{} has nodePort {number}, which is outside of 30000-32767: the API server refuses it unless it has another range",
                entry.key.namespace(),
                entry.key.name
            );
            scene
                .report(Code::FieldValue, entry, &format!("spec.ports[{index}].nodePort"), message)
                .severity(Severity::Warning)
                .help("take a port of the range, or leave it out so that one is chosen");
        }
    }
}

/// Endpoints and slices that people wrote, by the Service they are meant for.
fn endpoints<'a>(scene: &Scene<'a>) -> BTreeMap<ObjectKey, Vec<&'a Entry>> {
    let mut found: BTreeMap<ObjectKey, Vec<&Entry>> = BTreeMap::new();
    for entry in scene.cluster.entries() {
        let made = |label: &str| entry.object.labels.get(label).is_some_and(|v| v.ends_with(".k8s.io"));
        // What a controller made follows its Service, and what comes from a cluster may have been made by one.
        let is_live = entry.object.tree.at(&["metadata", "uid"]).is_some()
            || entry.object.annotations.contains_key("endpoints.kubernetes.io/last-change-trigger-time");
        let owned = entry.object.owners.iter().any(|o| o.controller);
        let ours = !is_live && !owned && !made("endpointslice.kubernetes.io/managed-by");
        let name = match &entry.object.body {
            Body::Endpoints(_) => Some(entry.key.name.clone()),
            Body::EndpointSlice(_) => entry.object.labels.get("kubernetes.io/service-name").cloned(),
            _ => None,
        };
        if let Some(name) = name.filter(|_| ours) {
            found.entry(ObjectKey::new("", "Service", entry.key.namespace(), &name)).or_default().push(entry);
        }
    }
    found
}

fn selects_nothing(scene: &mut Scene<'_>, entry: &Entry, selector: &BTreeMap<String, String>) {
    let namespace = entry.key.namespace();
    let service = format!("Service {namespace}/{}", entry.key.name);
    let operated = scene.is_operated(namespace);
    let nowhere = |w: usize| scene.cluster.entries()[scene.cluster.workloads()[w].entry].object.namespace.is_none();
    let near = scene.near.workload(namespace, selector);
    let elsewhere = scene
        .cluster
        .namespaces()
        .keys()
        .find(|n| n.as_str() != namespace && !scene.cluster.select(n, selector).is_empty());
    let homeless = entry.object.namespace.is_none()
        || elsewhere.is_some_and(|n| scene.cluster.select(n, selector).into_iter().all(nowhere));
    // Of an operator's pods nothing is known; only what is nearly right is worth a word.
    if operated && near.is_none() {
        return;
    }
    let (message, help) = match (&near, elsewhere) {
        (Some((workload, said)), _) => (
            format!("{service} selects no workload; {} has {said}", named(workload)),
            "make the selector and the labels of the pod template the same".to_owned(),
        ),
        (None, Some(other)) => (
            format!("{service} selects no workload; pods with {} are in namespace {other}", label_list(selector, ",")),
            format!("a Service selects pods of its own namespace only: put it into {other}"),
        ),
        (None, None) => (
            format!("{service} selects no workload: no pod of {namespace} has {}", label_list(selector, ",")),
            "correct the selector, or add what it is meant to select".to_owned(),
        ),
    };
    let bare = scene.is_bare(namespace) && elsewhere.is_none();
    let workload = near.map(|(w, _)| w);
    let related = workload.map(|w| (&scene.cluster.entries()[w.entry], w.spec.labels_path.as_str()));
    let mut report = scene.report(Code::ServiceSelectsNothing, entry, "spec.selector", message).help(help);
    if let Some((entry, path)) = related {
        report = report.related(entry, path, "the labels of its pods");
    }
    if operated {
        report.lowered("the namespace has objects of custom kinds, whose operator may make such pods");
    } else if homeless && elsewhere.is_some() {
        report.lowered("the Service or the pods name no namespace: where they will be is not known");
    } else if bare {
        report.severity(Severity::Warning).lowered("the manifests contain no pod of that namespace");
    }
}

/// A Service for one pod of a StatefulSet that does not have it
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-name-label>).
fn lacking_pod(scene: &mut Scene<'_>, entry: &Entry, selector: &BTreeMap<String, String>) {
    let namespace = entry.key.namespace();
    let Some(pod) = selector.get(Ordinals::keys()[0]) else { return };
    let Some((name, number)) = pod.rsplit_once('-').and_then(|(name, n)| Some((name, n.parse::<i64>().ok()?))) else {
        return;
    };
    let key = ObjectKey { group: "apps".to_owned(), ..ObjectKey::new("", "StatefulSet", namespace, name) };
    let workloads = scene.cluster.workloads();
    let Some(workload) = workloads.binary_search_by(|w| w.key.cmp(&key)).ok().map(|at| &workloads[at]) else { return };
    let numbers = scene.cluster.pod_numbers(workload);
    let scaled = || {
        let node = scene.graph.object(&key);
        let mut edges = node.into_iter().flat_map(|node| scene.graph.incoming(node)).map(|e| scene.graph.edge(e).2);
        edges.any(|edge| matches!(edge.detail, EdgeDetail::Scales(_)))
    };
    if numbers.is_empty() || numbers.contains(&number) || !workload.pods.is_empty() || scaled() {
        return;
    }
    let set = scene.entry(workload.entry);
    let message = format!(
        "Service {namespace}/{} selects pod {pod}, and {} has the pods {name}-{} to {name}-{}",
        entry.key.name,
        named(workload),
        numbers.start,
        numbers.end - 1
    );
    scene
        .report(Code::ServiceSelectsNothing, entry, "spec.selector", message)
        .related(set, "spec.replicas", "the replicas")
        .help("select a pod that is there, or raise the replicas");
}

/// Whether the ports of a Service lead to ports of the pods that it selects.
fn ports(scene: &mut Scene<'_>, entry: &Entry) {
    let facts = scene.facts;
    let mut known: Option<Declared<'_>> = None;
    for port in scene.cluster.find(&entry.key).map(|at| facts.ports_of(at)).unwrap_or_default() {
        if port.is_unserved() {
            unserved(scene, entry, port);
        }
        if port.workloads.iter().any(|(_, o)| *o == EndpointOutcome::Declared) {
            let lacking = |o: &EndpointOutcome| matches!(o, EndpointOutcome::Undeclared | EndpointOutcome::NameMissing);
            if port.workloads.iter().any(|(_, o)| lacking(o)) {
                overlap(scene, entry, port);
            }
        } else if port.workloads.iter().any(|(_, o)| *o != EndpointOutcome::NothingDeclared) {
            let pods = || workloads(scene, port, |_| true);
            let declared = known.get_or_insert_with(|| Declared::by(pods()));
            unmatched(scene, entry, port, declared);
        }
    }
}

/// Pods of Jobs among those of a Service: while they run they get requests, since a pod is an endpoint as soon as it is
/// ready (<https://kubernetes.io/docs/concepts/services-networking/service/#services-in-kubernetes>). A Job that has
/// not even a port of the name gets none.
fn jobs(scene: &mut Scene<'_>, entry: &Entry) {
    let facts = scene.facts;
    let ports = scene.cluster.find(&entry.key).map(|at| facts.ports_of(at)).unwrap_or_default();
    // Where some of the pods have the port and others have not, that has been said.
    let lacks = |p: &ServicePort| {
        let has = |o: &EndpointOutcome| *o == EndpointOutcome::Declared;
        p.workloads.iter().any(|(_, o)| has(o))
            && p.workloads.iter().any(|(_, o)| matches!(o, EndpointOutcome::Undeclared | EndpointOutcome::NameMissing))
    };
    if ports.iter().any(lacks) {
        return;
    }
    let Some(port) = ports.first() else { return };
    let all = workloads(scene, port, |outcome| outcome != EndpointOutcome::NameMissing);
    let (jobs, others): (Vec<&Workload>, Vec<&Workload>) =
        all.into_iter().partition(|w| matches!(w.key.kind.as_str(), "Job" | "CronJob"));
    let (Some(first), false) = (jobs.first(), others.is_empty()) else { return };
    let names = |all: &[&Workload]| text::first(all.iter().map(|w| named(w)), Declared::TOLD);
    let message = format!(
        "{} {}/{} selects the pods of {} and also those of {}, which get requests while they run",
        entry.key.kind,
        entry.key.namespace(),
        entry.key.name,
        names(&others),
        names(&jobs)
    );
    let (job, labels) = (scene.entry(first.entry), first.spec.labels_path.as_str());
    scene
        .report(Code::ServiceSelectorOverlap, entry, "spec.selector", message)
        .help("give the pods of the Job labels of their own, or add a label to the selector that only the others have")
        .related(job, labels, "these labels fit the selector");
}

/// The workloads that a port leads to with some outcome.
fn workloads<'a>(
    scene: &Scene<'a>,
    port: &ServicePort,
    is_meant: impl Fn(EndpointOutcome) -> bool,
) -> Vec<&'a Workload> {
    let meant = port.workloads.iter().filter(|(_, outcome)| is_meant(*outcome));
    meant.map(|(w, _)| &scene.cluster.workloads()[*w]).collect()
}

/// The ports that the pods behind a Service declare.
struct Declared<'a> {
    pods: Vec<&'a Workload>,
    /// The pods in a sentence.
    whose: String,
    /// Each as it is worded, once.
    there: Vec<String>,
    /// All of them in a sentence, or the first and how many more.
    text: String,
    names: Names<&'a str>,
}

impl<'a> Declared<'a> {
    /// So many are listed.
    const TOLD: usize = 20;

    fn by(pods: Vec<&'a Workload>) -> Declared<'a> {
        let declared = || pods.iter().flat_map(|w| containers(w)).flat_map(|c| c.ports.iter().flatten());
        let mut there: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for own in declared() {
            let text = match &own.name {
                Some(name) => format!("{} ({name})", own.container_port),
                None => own.container_port.to_string(),
            };
            if seen.insert(text.clone()) {
                there.push(text);
            }
        }
        let text = match there.as_slice() {
            [] => "no port".to_owned(),
            all => format!("port {}", text::first(all, Self::TOLD)),
        };
        let whose =
            if let [one] = pods.as_slice() { named(one) } else { format!("the {} workloads it selects", pods.len()) };
        let names = Names::new(declared().filter_map(|p| p.name.as_deref()));
        Declared { whose, there, text, names, pods }
    }
}

fn unmatched(scene: &mut Scene<'_>, entry: &Entry, port: &ServicePort, declared: &Declared<'_>) {
    let target = port.map.target.wanted();
    if is_configured(&declared.pods, &port.map.target) {
        return;
    }
    let service = format!("{} {}/{}", entry.key.kind, entry.key.namespace(), entry.key.name);
    if let Some(other) = other_protocol(&declared.pods, &port.map) {
        protocol_unmatched(scene, (entry, port), declared, other);
        return;
    }
    let message = format!("{service} sends to port {target}, and {} declares {}", declared.whose, declared.text);
    let help = match (declared.names.nearest(&target), declared.there.as_slice()) {
        (Some(name), _) => format!("`targetPort: {name}` is probably meant"),
        (None, [one]) => format!("`targetPort: {}` is probably meant", one.split(' ').next().unwrap_or_default()),
        _ => "let targetPort name a port that the containers declare".to_owned(),
    };
    let related: Vec<(&Entry, String)> = declared
        .pods
        .iter()
        .take(3)
        .map(|w| (scene.entry(w.entry), format!("{}.containers", w.spec.pod_path)))
        .collect();
    let mut report = scene.report(Code::ServicePortUnmatched, entry, &target_field(entry, port), message).help(help);
    if matches!(port.map.target, TargetPort::Number(_)) {
        report = report.severity(Severity::Warning);
    }
    for (entry, path) in related {
        report = report.related(entry, &path, "its containers");
    }
}

/// Whether the configuration of pods mentions a number that they do not declare: then they may well listen there.
fn is_configured(pods: &[&Workload], target: &TargetPort) -> bool {
    let TargetPort::Number(number) = target else { return false };
    let wanted = number.to_string();
    let mentions = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == wanted);
    pods.iter().flat_map(|w| containers(w)).any(|container| {
        let words = container.command.iter().flatten().chain(container.args.iter().flatten());
        let values = container.env.iter().flatten().filter_map(|e| e.value.as_ref());
        words.chain(values).any(|text| mentions(text))
    })
}

/// The protocol that pods declare for a port where the Service has another.
fn other_protocol(pods: &[&Workload], map: &PortMap) -> Option<Protocol> {
    let declared = pods.iter().flat_map(|w| workload_ports(w));
    let is_same = |p: &ContainerPort| match &map.target {
        TargetPort::Number(number) => p.number == *number,
        TargetPort::Name { name, .. } => p.name == *name,
    };
    declared.into_iter().find(|p| is_same(p) && p.protocol != map.protocol).map(|p| p.protocol)
}

fn protocol_unmatched(
    scene: &mut Scene<'_>,
    (entry, port): (&Entry, &ServicePort),
    declared: &Declared<'_>,
    other: Protocol,
) {
    let (target, protocol) = (port.map.target.wanted(), port.map.protocol);
    let message = format!(
        "{} {}/{} sends {protocol} to port {target}, and {} declares it for {other}",
        entry.key.kind,
        entry.key.namespace(),
        entry.key.name,
        declared.whose
    );
    let first = declared.pods.first().map(|w| (scene.entry(w.entry), format!("{}.containers", w.spec.pod_path)));
    let mut report =
        scene.report(Code::ServicePortUnmatched, entry, &format!("spec.ports[{}]", port.index), message).help(format!(
            "give the port of the container `protocol: {protocol}`, or that of the Service `protocol: {other}`"
        ));
    if matches!(port.map.target, TargetPort::Number(_)) {
        report = report.severity(Severity::Warning);
    }
    if let Some((entry, path)) = first {
        report.related(entry, &path, "its containers");
    }
}

/// The field that says which port of the pods is meant.
fn target_field(entry: &Entry, port: &ServicePort) -> String {
    let path = format!("spec.ports[{}]", port.index);
    let own = format!("{path}.targetPort");
    if entry.object.tree.find(&own).is_some_and(|t| !t.is_null()) { own } else { format!("{path}.port") }
}

fn overlap(scene: &mut Scene<'_>, entry: &Entry, port: &ServicePort) {
    let with = workloads(scene, port, |o| o == EndpointOutcome::Declared);
    let lacking = workloads(scene, port, |o| matches!(o, EndpointOutcome::Undeclared | EndpointOutcome::NameMissing));
    let names = |all: &[&Workload]| text::first(all.iter().map(|w| named(w)), Declared::TOLD);
    let message = format!(
        "Service {}/{} sends to port {} of {} and also selects {}, which has no such port",
        entry.key.namespace(),
        entry.key.name,
        port.map.target.wanted(),
        names(&with),
        names(&lacking)
    );
    let related = lacking.first().map(|w| (scene.entry(w.entry), w.spec.labels_path.as_str()));
    let report = scene
        .report(Code::ServiceSelectorOverlap, entry, "spec.selector", message)
        .help("add a label to the selector that only the intended pods have");
    if let Some((entry, path)) = related {
        report.related(entry, path, "these labels fit the selector");
    }
}

/// A port of a Service without selector that none of its endpoints has.
fn unserved(scene: &mut Scene<'_>, entry: &Entry, port: &ServicePort) {
    let own = port.map.name.as_deref().filter(|n| !n.is_empty());
    let objects: Vec<&Entry> = port.endpoints.iter().map(|(object, _)| scene.entry(*object)).collect();
    let names: Vec<String> = objects.iter().map(|e| format!("{} {}", e.key.kind, e.key.name)).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    let protocol = port.map.protocol;
    let message = format!(
        "Service {}/{}: port {}{} has no endpoint, because {} {verb} no {}",
        entry.key.namespace(),
        entry.key.name,
        port.map.port,
        own.map_or(String::new(), |n| format!(" ({n})")),
        some(&names),
        own.map_or(format!("unnamed {protocol} port"), |n| format!("{protocol} port named {n}")),
    );
    let mut report = scene
        .report(Code::ServicePortUnmatched, entry, &format!("spec.ports[{}]", port.index), message)
        .help("give the port of the endpoints the name that the port of the Service has");
    for object in objects.into_iter().take(3) {
        report = report.related(object, "", "its endpoints");
    }
}

fn external_name(scene: &mut Scene<'_>, entry: &Entry, service: &Service) {
    let name = service.spec.as_ref().and_then(|s| s.external_name.as_deref()).unwrap_or_default();
    let bare = name.trim_end_matches('.');
    let what = if bare.parse::<std::net::IpAddr>().is_ok() {
        "an IP address, which is looked up as if it were a name"
    } else if bare.contains("://") {
        "a URL, and only a DNS name can stand there"
    } else if bare.contains(':') || bare.contains('/') {
        "more than a DNS name, and ports and paths cannot stand there"
    } else if bare.is_empty() {
        "empty, so the Service is an alias of nothing"
    } else {
        return;
    };
    let message = format!("Service {}/{}: externalName `{name}` is {what}", entry.key.namespace(), entry.key.name);
    let help = if bare.parse::<std::net::IpAddr>().is_ok() {
        "use a Service without selector and an EndpointSlice with the address"
    } else {
        "leave nothing but the DNS name"
    };
    scene.report(Code::ExternalnameSuspicious, entry, "spec.externalName", message).help(help);
}

fn without_service(scene: &mut Scene<'_>, service: &ObjectKey, ends: &[&Entry]) {
    // The API server itself publishes these.
    if service.namespace() == "default" && service.name == "kubernetes" {
        return;
    }
    let there = scene.find(service);
    let selector = there.and_then(|e| match &e.object.body {
        Body::Service(s) => s.spec.as_ref().and_then(|s| s.selector.clone()),
        _ => None,
    });
    for entry in ends {
        let kind = &entry.key.kind;
        let what = format!("{kind} {}/{}", entry.key.namespace(), entry.key.name);
        match (there, &selector) {
            (None, _) => {
                let near = scene.near.names("Service", entry.key.namespace()).nearest(&service.name);
                let near = near.map_or(String::new(), |n| format!("; there is {n}"));
                let message = format!(
                    "{what} belongs to Service {}/{}, which is not in the input{near}",
                    service.namespace(),
                    service.name
                );
                scene
                    .report(Code::EndpointsWithoutService, entry, "metadata.name", message)
                    .help("give it the name of the Service it is meant for");
            }
            (Some(other), Some(selector)) if !selector.is_empty() && entry.key.kind == "Endpoints" => {
                let message = format!(
                    "{what} is written by hand, and Service {}/{} has a selector, by which it is replaced",
                    service.namespace(),
                    service.name
                );
                scene
                    .report(Code::EndpointsWithoutService, entry, "", message)
                    .severity(Severity::Warning)
                    .related(other, "spec.selector", "the selector")
                    .help("leave the selector out to keep these addresses");
            }
            _ => {}
        }
    }
}

fn stateful(scene: &mut Scene<'_>, workload: &Workload) {
    let entry = &scene.cluster.entries()[workload.entry];
    let Some(name) = workload.spec.service_name.as_deref().filter(|n| !n.is_empty() && entry.key.kind == "StatefulSet")
    else {
        return;
    };
    let namespace = entry.key.namespace();
    let key = ObjectKey::new("", "Service", namespace, name);
    let set = named(workload);
    let Some(service) = scene.find(&key) else {
        let near = scene.near.names("Service", namespace).nearest(name);
        let near = near.map_or(String::new(), |n| format!("; there is {n}"));
        let message =
            format!("{set} gets its DNS names from Service {namespace}/{name}, which is not in the input{near}");
        scene
            .report(Code::HeadlessServiceMismatch, entry, "spec.serviceName", message)
            .help("add a headless Service of that name");
        return;
    };
    let Body::Service(body) = &service.object.body else { return };
    let spec = body.spec.as_ref();
    if spec.and_then(|s| s.cluster_ip.as_deref()) != Some("None") {
        let message = format!(
            "{set} gets its DNS names from Service {namespace}/{name}, which is not headless: its pods have no names of their own"
        );
        scene
            .report(Code::HeadlessServiceMismatch, entry, "spec.serviceName", message)
            .severity(Severity::Info)
            .related(service, "spec", "`clusterIP: None` is lacking")
            .help("add a headless Service, or leave it if no client needs single pods");
        return;
    }
    let selector = spec.and_then(|s| s.selector.clone()).unwrap_or_default();
    let labels = scene.cluster.template_labels(workload);
    if !selector.is_empty() && selector.iter().any(|(k, v)| labels.get(k) != Some(v)) {
        let message = format!(
            "{set} gets its DNS names from Service {namespace}/{name}, which does not select its pods ({})",
            label_list(&selector, ",")
        );
        scene
            .report(Code::HeadlessServiceMismatch, entry, "spec.serviceName", message)
            .related(service, "spec.selector", "the selector")
            .help("let the Service select the labels of the pod template");
    }
}
