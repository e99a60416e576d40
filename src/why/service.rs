//! The layer of endpoints: which pods are behind a Service.

use std::collections::BTreeMap;

use super::Scene;
use super::answer::{Change, Found, Layer, Mark, Step, Target, anywhere, plain_port};
use super::ends::End;
use super::lookup::Party;
use super::ports::map_ports;
use super::question::PortWish;
use crate::graph::{Detail, EdgeDetail, Node, NodeId, NodeKind, PortMap, ServiceKind, port_text};
use crate::manifest::{Body, Tree};
use crate::net::{AddressSet, NODE_PORTS, ObjectKey, PortSet, label_list, text};
use crate::resolve::{Absence, ServicePort};

/// The Service that an alias represents in the end; itself for one that is none.
fn end_of_alias(scene: &Scene<'_>, service: usize) -> usize {
    let mut seen = vec![service];
    while let Some(&at) = seen.last() {
        let edges = scene.graph.outgoing(at).into_iter().map(|e| scene.graph.edge(e));
        let mut aliases = edges.filter(|(_, _, e)| matches!(e.detail, EdgeDetail::Resolves(_))).map(|(_, to, _)| to);
        match aliases.find(|to| scene.graph.node(*to).kind() == NodeKind::Service) {
            Some(next) if !seen.contains(&next) => seen.push(next),
            _ => return at,
        }
    }
    service
}

/// A workload that a Service leads to, with the ports that lead there and the place that says so.
type Chosen<'a> = (usize, &'a [PortMap], String);

/// The workloads that a Service leads to.
pub(super) fn selected<'a>(scene: &Scene<'a>, service: &NodeId) -> Vec<Chosen<'a>> {
    let Some(node) = scene.graph.find(service).map(|node| end_of_alias(scene, node)) else { return Vec::new() };
    let edges = scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e));
    edges
        .filter_map(|(_, to, edge)| {
            let EdgeDetail::Selects(maps) = &edge.detail else { return None };
            let workload = scene.workload_of_node(&scene.graph.node(to).id)?;
            Some((workload, maps.as_slice(), edge.evidence.first().map(|e| e.place()).unwrap_or_default()))
        })
        .collect()
}

/// The pods of a party.
pub(super) fn pods(scene: &Scene<'_>, party: &Party) -> Vec<usize> {
    match party {
        Party::Workload(index) => vec![*index],
        Party::Service(index) => {
            selected(scene, &NodeId::object(&scene.entry(*index).key)).into_iter().map(|(w, ..)| w).collect()
        }
        _ => Vec::new(),
    }
}

/// The Services that lead to a workload.
pub(super) fn leading_to(scene: &Scene<'_>, workload: usize) -> Vec<NodeId> {
    let Some(node) = scene.graph.object(&scene.workload(workload).key) else {
        return Vec::new();
    };
    let edges = scene.graph.incoming(node).into_iter().map(|e| scene.graph.edge(e));
    edges
        .filter(|(_, _, edge)| matches!(edge.detail, EdgeDetail::Selects(_)))
        .map(|(from, ..)| scene.graph.node(from).id.clone())
        .collect()
}

/// Why the API server may refuse a Service that is not in a cluster yet: a node port outside of the range
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport>).
pub(super) fn refused(scene: &Scene<'_>, entry: usize, step: &mut Step) -> Option<String> {
    let object = &scene.entry(entry).object;
    if object.tree.at(&["metadata", "uid"]).is_some() {
        return None;
    }
    let ports = object.tree.at(&["spec", "ports"]).map(Tree::items).unwrap_or_default();
    let wrong = |p: &i64| *p != 0 && !NODE_PORTS.contains(p);
    let outside = |port: &Tree| port.get("nodePort").and_then(Tree::as_i64).filter(wrong);
    let (index, number) = ports.iter().enumerate().find_map(|(i, port)| Some((i, outside(port)?)))?;
    let at = scene.place(object.at(&format!("spec.ports[{index}].nodePort")));
    let (first, last) = (NODE_PORTS.start(), NODE_PORTS.end());
    let text = format!(
        "nodePort {number} is outside of {first}-{last}: \
         the API server refuses the Service unless it has another range (--service-node-port-range)"
    );
    step.say(Mark::Problem, text, Some(at));
    Some(format!(
        "the API server refuses {} for nodePort {number}, unless it has another range",
        scene.entry(entry).key
    ))
}

/// What a Service leads to.
pub(super) fn targets(
    scene: &Scene<'_>,
    entry: usize,
    wish: Option<&PortWish>,
    steps: &mut Vec<Step>,
) -> Result<Found, String> {
    let mut endpoints = Step::new(Layer::Endpoints);
    let mut id = NodeId::object(&scene.entry(entry).key);
    let mut seen: Vec<NodeId> = Vec::new();
    while !seen.contains(&id) {
        seen.push(id.clone());
        let Some(node) = scene.graph.find(&id) else { break };
        let Detail::Service { service: kind, ports, selector } = &scene.graph.node(node).detail else {
            break;
        };
        if *kind != ServiceKind::ExternalName {
            let entry = id.key().and_then(|key| scene.cluster.find(key)).unwrap_or(entry);
            let service = PlainService { entry, id: &id, kind: *kind, ports, selector };
            let doubted = refused(scene, service.entry, &mut endpoints);
            let mut found = endpoints_of(scene, &service, wish, &mut endpoints);
            found.found.doubted = doubted;
            return after_endpoints(endpoints, found, steps);
        }
        // An alias changes the name and nothing else: the port is the one that the other name has
        // (https://kubernetes.io/docs/concepts/services-networking/service/#externalname).
        let alias = scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e)).next();
        let Some((_, to, edge)) = alias else {
            endpoints.say(
                Mark::Problem,
                format!("{id} is an ExternalName Service without a name"),
                place_of(scene, node),
            );
            return after_endpoints(endpoints, ServiceOutcome::failed("the Service has no external name"), steps);
        };
        let other = scene.graph.node(to);
        let at = edge.evidence.first().map(|e| e.place());
        match other.kind() {
            NodeKind::Missing => {
                let outcome = of_missing(scene, &id, other, at, &mut endpoints);
                return after_endpoints(endpoints, outcome, steps);
            }
            NodeKind::Service => {
                endpoints.say(Mark::Ok, format!("{id} is another name for {}", other.id), at);
                id.clone_from(&other.id);
            }
            _ => {
                let outcome = of_outside(&id, other, at, wish, &mut endpoints)?;
                return after_endpoints(endpoints, outcome, steps);
            }
        }
    }
    endpoints.say(Mark::Problem, format!("{id} is an alias of itself"), None);
    after_endpoints(endpoints, ServiceOutcome::failed("the Service is an alias without end"), steps)
}

/// What an alias of a Service leads to that the manifests do not contain.
fn of_missing(
    scene: &Scene<'_>,
    id: &NodeId,
    missing: &Node,
    at: Option<String>,
    endpoints: &mut Step,
) -> ServiceOutcome {
    let (name, home) = (&missing.name, missing.namespace.as_deref().unwrap_or_default());
    endpoints.say(
        Mark::Problem,
        format!("{id} is an alias of Service {name} of namespace {home}, which is not in the manifests"),
        at,
    );
    // Of a namespace without any object in the manifests nothing is known.
    match scene.cluster.namespaces().contains_key(home) {
        true => ServiceOutcome::failed("the Service that the name refers to is not there"),
        false => ServiceOutcome::unknown(format!("the manifests contain nothing of namespace {home}")),
    }
}

/// What an alias of a name outside of the cluster leads to.
fn of_outside(
    id: &NodeId,
    outside: &Node,
    at: Option<String>,
    wish: Option<&PortWish>,
    endpoints: &mut Step,
) -> Result<ServiceOutcome, String> {
    let name = &outside.name;
    endpoints.say(Mark::Doubt, format!("{id} is another name for {name}, outside of the cluster"), at);
    let mut outcome = ServiceOutcome::unknown(format!("which addresses {name} has is not in the manifests"));
    outcome.found.target(End::Addresses(anywhere()), plain_port(wish)?);
    Ok(outcome)
}

/// What the layers of a Service found, with the layer of ports where it was reached.
struct ServiceOutcome {
    found: Found,
    ports: Option<Step>,
}

impl ServiceOutcome {
    fn failed(why: &str) -> ServiceOutcome {
        ServiceOutcome { found: Found { failure: Some(why.to_owned()), ..Found::default() }, ports: None }
    }

    fn unknown(why: String) -> ServiceOutcome {
        ServiceOutcome { found: Found { unknown: Some(why), ..Found::default() }, ports: None }
    }
}

fn after_endpoints(endpoints: Step, outcome: ServiceOutcome, steps: &mut Vec<Step>) -> Result<Found, String> {
    steps.push(endpoints);
    steps.extend(outcome.ports);
    Ok(outcome.found)
}

/// Where a node of the graph is declared.
pub(super) fn place_of(scene: &Scene<'_>, node: usize) -> Option<String> {
    scene.graph.node(node).evidence.first().map(|e| e.place())
}

/// A Service that is no alias.
pub(super) struct PlainService<'a> {
    /// Its position in the cluster.
    pub entry: usize,
    pub id: &'a NodeId,
    pub kind: ServiceKind,
    pub ports: &'a [PortMap],
    pub selector: &'a BTreeMap<String, String>,
}

/// The endpoints of a Service, and the ports of the pods that its ports lead to.
fn endpoints_of(
    scene: &Scene<'_>,
    service: &PlainService<'_>,
    wish: Option<&PortWish>,
    endpoints: &mut Step,
) -> ServiceOutcome {
    let selected = selected(scene, service.id);
    let labels = pairs(service.selector);
    let outside = outside_addresses(scene, service.id);
    for (workload, _, at) in &selected {
        let how = if service.selector.is_empty() { "Endpoints name".into() } else { format!("{labels} selects") };
        endpoints.say(Mark::Ok, format!("{how} {}", scene.workload_name(*workload)), Some(at.clone()));
    }
    for (set, _, at) in &outside {
        endpoints.say(Mark::Ok, format!("Endpoints name addresses outside of the input: {set}"), Some(at.clone()));
    }
    if let Some(outcome) = listed(scene, service, selected.is_empty(), endpoints) {
        return outcome;
    }
    if selected.is_empty() && outside.is_empty() {
        let at = scene.graph.find(service.id).and_then(|n| place_of(scene, n));
        if scene.facts.ports_of(service.entry).iter().any(ServicePort::is_unserved) {
            return unserved(scene, service, endpoints);
        }
        if service.selector.is_empty() {
            endpoints.say(
                Mark::Doubt,
                format!(
                    "{} has no selector, and the manifests contain no Endpoints or EndpointSlices of it",
                    service.id
                ),
                at,
            );
            return ServiceOutcome::unknown("what the Service leads to is not in the manifests".to_owned());
        }
        endpoints.say(Mark::Problem, format!("{labels} selects no pod: {} has no endpoints", service.id), at);
        let changes = nearest(scene, service, endpoints);
        if let (true, Some(by)) = (changes.is_empty(), operated(scene, service.id)) {
            return ServiceOutcome::unknown(format!("{by} is not read and may make the pods of {}", service.id));
        }
        let mut outcome = ServiceOutcome::failed("the Service has no endpoints in the input");
        outcome.found.changes = changes;
        return outcome;
    }
    destination_rules(scene, service.entry, endpoints);
    let (selected, absent) = running(scene, service, selected, endpoints);
    if let (Some(absent), true, true) = (&absent, selected.is_empty(), outside.is_empty()) {
        return absent_endpoints(scene, service, absent);
    }
    let mut ports = Step::new(Layer::Ports);
    let found = map_ports(scene, service, wish, &selected, outside, &mut ports);
    ServiceOutcome { found, ports: Some(ports) }
}

/// What the endpoints that are listed for a Service say where its pods are not in the manifests: the control plane lists
/// those of a selector, and kube-proxy sends nothing to those that are not ready
/// (<https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>).
fn listed(
    scene: &Scene<'_>,
    service: &PlainService<'_>,
    is_without_pods: bool,
    endpoints: &mut Step,
) -> Option<ServiceOutcome> {
    let listed = scene.facts.listed.get(&service.entry).filter(|_| is_without_pods)?;
    let object = scene.entry(listed.object);
    let at = Some(scene.place(object.object.span));
    let is_by_selector = !service.selector.is_empty();
    match (listed.ready, listed.unready) {
        (0, 0) => None,
        (0, unready) if listed.is_live || !is_by_selector => {
            let counted = if unready == 1 { "1 endpoint".to_owned() } else { format!("{unready} endpoints") };
            let text = format!("{} lists {counted} of {}, and none is ready", object.key, service.id);
            endpoints.say(Mark::Problem, text, at);
            Some(ServiceOutcome::failed(&format!("{} has no ready endpoint", service.id)))
        }
        (ready, _) if listed.is_live && is_by_selector => {
            let counted = if ready == 1 { "1 ready endpoint".to_owned() } else { format!("{ready} ready endpoints") };
            let text = format!("{} lists {counted} of {}, of pods that are not in the input", object.key, service.id);
            endpoints.say(Mark::Doubt, text, at);
            let why = format!("the pods behind {} are not in the input", service.id);
            Some(ServiceOutcome::unknown(why))
        }
        _ => None,
    }
}

/// The first object of the namespace of a Service whose operator may make pods.
pub(super) fn operated(scene: &Scene<'_>, service: &NodeId) -> Option<ObjectKey> {
    let by = scene.facts.operated.get(service.key()?.namespace())?;
    Some(scene.entry(*by).key.clone())
}

/// What DestinationRules say of requests to a Service, for clients with a sidecar.
fn destination_rules(scene: &Scene<'_>, service: usize, step: &mut Step) {
    for rule in scene.facts.destination_rules.iter().filter(|r| r.service == service) {
        let entry = scene.entry(rule.object);
        let mut said: Vec<String> = Vec::new();
        if !rule.subsets.is_empty() {
            said.push(format!("has the subsets {}", text::sentence(&rule.subsets, 5)));
        }
        said.extend(rule.tls.as_ref().map(|mode| format!("sets the TLS mode {mode}")));
        if !said.is_empty() {
            let text = format!("{} {} for clients in the mesh", entry.key, said.join(" and "));
            step.explain(Mark::Ok, text, Some(scene.place(entry.object.span)));
        }
    }
}

/// Why a workload takes no connection through a Service.
pub(super) fn absence<'a>(scene: &Scene<'a>, service: &NodeId, workload: usize) -> Option<&'a Absence> {
    let service = scene.cluster.find(service.key()?)?;
    scene.facts.absent_behind.get(&(service, workload))
}

/// What would help where a workload takes no connection.
pub(super) fn present(absence: &Absence, workload: &str) -> Change {
    Change::Edit(format!("{}: {workload}", absence.help()))
}

/// Whether pods get connections through an object though they are not ready: through themselves, or through a Service
/// that lists them.
pub(super) fn lists_unready(scene: &Scene<'_>, key: &ObjectKey) -> bool {
    let Some(entry) = scene.cluster.find(key).map(|at| scene.entry(at)) else { return false };
    let field = entry.object.tree.at(&["spec", "publishNotReadyAddresses"]).and_then(Tree::as_bool);
    !matches!(entry.object.body, Body::Service(_)) || field == Some(true)
}

/// Those of the selected workloads that have endpoints, and why the last other has none.
fn running<'a>(
    scene: &Scene<'a>,
    service: &PlainService<'_>,
    selected: Vec<Chosen<'a>>,
    step: &mut Step,
) -> (Vec<Chosen<'a>>, Option<(usize, &'a Absence)>) {
    let mut last = None;
    let alone = selected.len() == 1;
    let kept = selected
        .into_iter()
        .filter(|(workload, ..)| {
            let Some(absence) = absence(scene, service.id, *workload) else { return true };
            let mark = if alone && !absence.may_change { Mark::Problem } else { Mark::Doubt };
            step.say(
                mark,
                format!("{} {}", scene.workload_name(*workload), absence.text),
                Some(scene.place(absence.at)),
            );
            last = Some((*workload, absence));
            false
        })
        .collect();
    (kept, last)
}

/// A Service of which no pod could take a connection.
fn absent_endpoints(
    scene: &Scene<'_>,
    service: &PlainService<'_>,
    (workload, absence): &(usize, &Absence),
) -> ServiceOutcome {
    let name = scene.workload_name(*workload);
    if absence.may_change {
        return ServiceOutcome::unknown(format!(
            "{name} {}, and something in the manifests may scale it",
            absence.text
        ));
    }
    let mut outcome = ServiceOutcome::failed(&format!("{} has no ready endpoint: {name} {}", service.id, absence.text));
    outcome.found.changes.push(present(absence, &name));
    outcome
}

/// A Service whose endpoints have none of its ports.
fn unserved(scene: &Scene<'_>, service: &PlainService<'_>, endpoints: &mut Step) -> ServiceOutcome {
    let mut outcome = ServiceOutcome::failed("the Service has no endpoints for its ports");
    for port in scene.facts.ports_of(service.entry).iter().filter(|p| p.is_unserved()) {
        let at = scene.entry(service.entry).object.at(&format!("spec.ports[{}]", port.index));
        endpoints.say(Mark::Problem, unserved_text(scene, port), Some(scene.place(at)));
        outcome.found.changes.push(unserved_change(service, port));
    }
    outcome
}

/// Why a port has no endpoint though the Service has some: it goes by their names.
pub(super) fn unserved_text(scene: &Scene<'_>, port: &ServicePort) -> String {
    let objects: Vec<String> = port.endpoints.iter().map(|(object, _)| scene.entry(*object).key.to_string()).collect();
    let verb = if objects.len() == 1 { "has" } else { "have" };
    let protocol = port.map.protocol;
    let name = match &port.map.name {
        Some(name) => (format!(" ({name})"), format!("{protocol} port named {name}")),
        None => (String::new(), format!("unnamed {protocol} port")),
    };
    let number = port_text(port.map.port, port.map.protocol);
    format!("port {number}{} has no endpoint: {} {verb} no {}", name.0, objects.join(", "), name.1)
}

pub(super) fn unserved_change(service: &PlainService<'_>, port: &ServicePort) -> Change {
    let number = port_text(port.map.port, port.map.protocol);
    let text = format!("give the port of the endpoints the name that port {number} of {} has", service.id);
    Change::Edit(text)
}

/// Addresses that hand-written endpoints lead to, with their ports.
fn outside_addresses(scene: &Scene<'_>, service: &NodeId) -> Vec<(AddressSet, Vec<PortMap>, String)> {
    let Some(node) = scene.graph.find(service) else { return Vec::new() };
    let edges = scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e));
    edges
        .filter_map(|(_, to, edge)| {
            let (EdgeDetail::Resolves(maps), Detail::External { set, .. }) =
                (&edge.detail, &scene.graph.node(to).detail)
            else {
                return None;
            };
            Some((set.clone(), maps.clone(), edge.evidence.first().map(|e| e.place()).unwrap_or_default()))
        })
        .collect()
}

/// Says which workloads come closest to a selector that selects nothing.
fn nearest(scene: &Scene<'_>, service: &PlainService<'_>, step: &mut Step) -> Vec<Change> {
    let namespace =
        scene.graph.find(service.id).and_then(|n| scene.graph.node(n).namespace.clone()).unwrap_or_default();
    let shared = |w: usize| {
        service.selector.iter().filter(|(k, v)| scene.workload(w).spec.pod_labels.get(*k) == Some(v)).count()
    };
    let keys =
        |w: usize| service.selector.keys().filter(|k| scene.workload(w).spec.pod_labels.contains_key(*k)).count();
    let all = || 0..scene.cluster.workloads().len();
    let elsewhere: Vec<usize> = all().filter(|&w| shared(w) == service.selector.len()).collect();
    if let Some(&other) = elsewhere.first() {
        let text = format!(
            "{} has these labels, but a Service selects only pods of its own namespace",
            scene.workload_name(other)
        );
        step.say(Mark::Doubt, text, Some(scene.workload_place(other)));
        return vec![Change::Edit(format!(
            "move {} to namespace {}, where the pods are",
            service.id,
            scene.workload(other).key.namespace()
        ))];
    }
    // Who shares less than half of the labels is somebody else: what is behind the Service is more likely made by an
    // operator.
    let half = |w: usize| 2 * shared(w) >= service.selector.len() || keys(w) == service.selector.len();
    let own = all().filter(|&w| scene.workload(w).key.namespace() == namespace && keys(w) > 0 && half(w));
    let Some(near) = own.max_by_key(|&w| (shared(w), keys(w), std::cmp::Reverse(w))) else {
        step.explain(Mark::Doubt, "pods that an operator makes for a custom resource are not in the input", None);
        return Vec::new();
    };
    let workload = scene.workload(near);
    let differences: Vec<String> = (service.selector.iter())
        .filter_map(|(key, wanted)| match workload.spec.pod_labels.get(key) {
            Some(value) if value == wanted => None,
            Some(value) => Some(format!("{key}={value} where the Service asks for {key}={wanted}")),
            None => Some(format!("no {key}, where the Service asks for {key}={wanted}")),
        })
        .collect();
    let at = scene.place(scene.entry(workload.entry).object.at(&workload.spec.labels_path));
    step.say(
        Mark::Doubt,
        format!("nearest is {}: its pods have {}", scene.workload_name(near), differences.join(", ")),
        Some(at),
    );
    let fitting: BTreeMap<String, String> = service
        .selector
        .keys()
        .filter_map(|k| workload.spec.pod_labels.get(k).map(|v| (k.clone(), v.clone())))
        .collect();
    vec![Change::Edit(format!(
        "if {} is meant, set spec.selector of {} to {}",
        scene.workload_name(near),
        service.id,
        pairs(&fitting)
    ))]
}

pub(super) fn pairs(labels: &BTreeMap<String, String>) -> String {
    label_list(labels, ",")
}

impl Found {
    pub(super) fn target(&mut self, end: End, asked: PortSet) {
        self.pairs.push((end.clone(), Target { end, asked }));
    }

    pub(super) fn absorb(&mut self, other: Found) {
        self.pairs.extend(other.pairs);
        self.changes.extend(other.changes);
        self.failure = self.failure.take().or(other.failure);
    }
}
