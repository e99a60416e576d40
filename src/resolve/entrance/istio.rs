//! Istio: Internet → Gateway → VirtualService → Service
//! (<https://istio.io/latest/docs/reference/config/networking/gateway/>,
//! <https://istio.io/latest/docs/reference/config/networking/virtual-service/>), and names outside that a ServiceEntry
//! makes known to the mesh (<https://istio.io/latest/docs/reference/config/networking/service-entry/>).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::facts::{ControllerHint, DestinationRule, Listening, Refusal, RefusalReason};
use super::alb::Wanted;
use super::doors::Hop;
use super::listeners::hosts_meet;
use super::route::{Rules, Target, everything, items, mirrored, number, strings, text, weight};
use super::{Context, port_number};
use crate::cluster::{Cluster, Entry};
use crate::graph::{Backend, Detail, EdgeDetail, Expose, Exposure, HostTls, Listener, NodeId, RouteRule, When};
use crate::manifest::{Body, Tree};
use crate::net::{ClusterName, Labels, ObjectKey, Protocol};

const GROUP: &str = "networking.istio.io";

/// The sidecars of all pods of the mesh, in place of a Gateway.
const MESH: &str = "mesh";

/// Adds every Gateway, VirtualService and ServiceEntry with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let of_kind = |kind: &'static str| entries.iter().filter(move |e| e.key.kind == kind);
    let mut names: BTreeSet<String> = BTreeSet::new();
    for entry in of_kind("ServiceEntry") {
        service_entry(context, entry, &mut names);
    }
    for entry in of_kind("Gateway") {
        gateway(context, entry);
    }
    // Those that others delegate to must be there before.
    for entry in of_kind("DestinationRule") {
        destination_rule(context, entry);
    }
    let delegating = delegating(entries);
    let no_hosts = |entry: &Entry| strings(&entry.object.tree, &["spec", "hosts"]).is_empty();
    for entry in of_kind("VirtualService") {
        let hosts = match delegating.get(&entry.key) {
            Some(roots) if no_hosts(entry) => hosts_of(roots),
            _ => strings(&entry.object.tree, &["spec", "hosts"]),
        };
        context.route(entry, &hosts);
    }
    let mut tls: BTreeMap<ObjectKey, HostTls> = BTreeMap::new();
    for entry in of_kind("VirtualService").filter(|e| !no_hosts(e)) {
        let service = VirtualService::of(context, entry, &names);
        service.add(context);
        tls.insert(entry.key.clone(), service.tls);
    }
    for entry in of_kind("VirtualService").filter(|e| no_hosts(e)) {
        let mut service = VirtualService::of(context, entry, &names);
        if let Some(roots) = delegating.get(&entry.key) {
            service.hosts = hosts_of(roots);
            service.tls = roots.iter().filter_map(|r| tls.get(&r.key).copied()).reduce(both).unwrap_or_default();
        }
        service.add(context);
    }
}

/// The VirtualServices that delegate to each: what takes requests by delegation has their hosts
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate>).
fn delegating<'a>(entries: &[&'a Entry]) -> BTreeMap<ObjectKey, Vec<&'a Entry>> {
    let mut found: BTreeMap<ObjectKey, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|e| e.key.kind == "VirtualService") {
        for route in items(&entry.object.tree, &["spec", "http"]) {
            let Some(name) = text(route, &["delegate", "name"]) else { continue };
            let namespace = text(route, &["delegate", "namespace"]).unwrap_or(entry.key.namespace());
            let roots = found.entry(ObjectKey::new(GROUP, "VirtualService", namespace, name)).or_default();
            if roots.last().is_none_or(|last| last.key != entry.key) {
                roots.push(entry);
            }
        }
    }
    found
}

/// The hosts of VirtualServices, each once.
fn hosts_of(entries: &[&Entry]) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for host in entries.iter().flat_map(|e| strings(&e.object.tree, &["spec", "hosts"])) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// How requests are encrypted that come in two ways: what is said of them must hold for both.
fn both(a: HostTls, b: HostTls) -> HostTls {
    if a.is_encrypted() && b.is_encrypted() { a.or(b) } else { HostTls::None }
}

/// Keeps what a DestinationRule says of the requests to a Service: how they are encrypted, and the subsets of its pods
/// (<https://istio.io/latest/docs/reference/config/networking/destination-rule/>).
fn destination_rule(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let key = text(tree, &["spec", "host"]).and_then(|host| service_named(host, entry.key.namespace()));
    let Some(service) = key.and_then(|key| context.cluster.find(&key)) else { return };
    let object = context.position(entry);
    let subsets = items(tree, &["spec", "subsets"]).filter_map(|s| text(s, &["name"])).map(str::to_owned).collect();
    let tls = text(tree, &["spec", "trafficPolicy", "tls", "mode"]).map(str::to_owned);
    context.facts.destination_rules.push(DestinationRule { object, service, subsets, tls });
}

/// The Service that a host means: a name without dots is one of the own namespace
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination>).
fn service_named(host: &str, own: &str) -> Option<ObjectKey> {
    let (name, namespace) = match ClusterName::parse(host) {
        _ if !host.contains('.') => (host, own),
        Some(ClusterName { pod: None, service, namespace: Some(home), is_full: true, .. }) => (service, home),
        _ => return None,
    };
    Some(ObjectKey::new("", "Service", namespace, name))
}

/// A host that a ServiceEntry makes known is a name outside, unless it is that of a Service.
fn service_entry(context: &mut Context<'_>, entry: &Entry, names: &mut BTreeSet<String>) {
    let tree = &entry.object.tree;
    // What selects pods of the cluster is no name outside
    // (https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry-workload_selector).
    let selects = tree.at(&["spec", "workloadSelector"]).is_some_and(|t| !t.is_null());
    if selects || text(tree, &["spec", "location"]) == Some("MESH_INTERNAL") {
        let object = context.position(entry);
        for host in strings(tree, &["spec", "hosts"]) {
            context.facts.inner_names.entry(host).or_insert(object);
        }
        context.read(object);
        return;
    }
    for (h, host) in strings(tree, &["spec", "hosts"]).into_iter().enumerate() {
        if !ClusterName::is_inside(&host) {
            let said = context.evidence(entry, &format!("spec.hosts[{h}]"));
            context.dns_name(&host, said);
            names.insert(host);
        }
    }
}

/// How a server encrypts requests.
fn server_tls(server: &Tree) -> HostTls {
    match text(server, &["tls", "mode"]) {
        Some("PASSTHROUGH" | "AUTO_PASSTHROUGH") => HostTls::Passthrough,
        Some("SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL" | "ISTIO_MUTUAL") => HostTls::Terminated,
        _ => HostTls::None,
    }
}

/// Where a server is heard.
fn listening(server: &Tree) -> Listening {
    let hosts: Vec<String> = strings(server, &["hosts"]).iter().map(|h| host_of(h).1.to_owned()).collect();
    Listening {
        hosts: if hosts.iter().any(|h| h == "*") { Vec::new() } else { hosts },
        is_encrypted: matches!(text(server, &["port", "protocol"]), Some("HTTPS" | "TLS"))
            || server_tls(server).is_encrypted(),
        port: number(server, &["port", "number"]),
        redirects: server.at(&["tls", "httpsRedirect"]).and_then(Tree::as_bool) == Some(true),
    }
}

/// Whether filters that are put into the pods of a Gateway by hand may do anything with its requests
/// (<https://istio.io/latest/docs/reference/config/networking/envoy-filter/>).
fn filters(context: &mut Context<'_>, entry: &Entry, pods: &[usize]) {
    let cluster = context.cluster;
    for filter in cluster.entries().iter().filter(|e| matches!(e.key.kind.as_str(), "EnvoyFilter" | "WasmPlugin")) {
        let tree = &filter.object.tree;
        let wanted =
            labels(tree.at(&["spec", "workloadSelector", "labels"]).or(tree.at(&["spec", "selector", "matchLabels"])));
        let is_root = filter.key.namespace() == "istio-system";
        let meant = |w: &usize| {
            let workload = &cluster.workloads()[*w];
            let near = workload.key.namespace() == filter.key.namespace() || is_root;
            near && wanted.iter().all(|(k, v)| workload.spec.pod_labels.get(k) == Some(v))
        };
        let of_sidecars = |patch: &Tree| text(patch, &["match", "context"]).is_some_and(|c| c.starts_with("SIDECAR"));
        let mut patches = items(tree, &["spec", "configPatches"]).peekable();
        let elsewhere = patches.peek().is_some() && patches.all(of_sidecars);
        if filter.key.group.ends_with("istio.io") && !elsewhere && pods.iter().any(meant) {
            context.unjudged(entry, filter.key.to_string(), "");
        }
    }
}

/// Keeps which AuthorizationPolicies may be about the pods of a Gateway that the input does not hold
/// (<https://istio.io/latest/docs/tasks/security/authorization/authz-ingress/>).
fn authorized(context: &mut Context<'_>, entry: &Entry, selector: &Labels) {
    for (_, policy) in context.of_kind("AuthorizationPolicy") {
        let tree = &policy.object.tree;
        let wanted = labels(tree.at(&["spec", "selector", "matchLabels"]));
        let is_about = if wanted.is_empty() {
            // In the root namespace, or in one that may be that of the pods.
            let home = policy.key.namespace();
            home.starts_with("istio") && tree.at(&["spec", "targetRefs"]).or(tree.at(&["spec", "targetRef"])).is_none()
        } else {
            wanted.iter().all(|(k, v)| selector.get(k) == Some(v))
        };
        let is_audit = text(tree, &["spec", "action"]) == Some("AUDIT");
        if policy.key.group == "security.istio.io" && is_about && !is_audit {
            context.unjudged(entry, policy.key.to_string(), "");
        }
    }
}

/// Whether an object of Istio is shown to a namespace
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService-export_to>).
fn is_exported(exports: &[String], own: &str, to: &str) -> bool {
    exports.is_empty() || exports.iter().any(|e| e == "*" || e == to || e == "." && own == to)
}

/// The host of an entry such as `shop/*.example.com`, and the namespace of the VirtualServices that it takes.
fn host_of(entry: &str) -> (Option<&str>, &str) {
    entry.split_once('/').map_or((None, entry), |(namespace, host)| (Some(namespace), host))
}

fn gateway(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let mut listeners = Vec::new();
    let mut ports: Vec<(u16, Protocol)> = Vec::new();
    for server in items(tree, &["spec", "servers"]) {
        let port = number(server, &["port", "number"]);
        let hosts = strings(server, &["hosts"]);
        let host = hosts.first().map(|h| host_of(h).1.to_owned()).filter(|h| h != "*");
        listeners.push(Listener { protocol: text(server, &["port", "protocol"]).map(str::to_owned), port, host });
        ports.extend(port.map(|p| (p, Protocol::Tcp)));
    }
    ports.sort_unstable();
    ports.dedup();
    let tls = items(tree, &["spec", "servers"]).any(|s| server_tls(s).is_encrypted());
    let selector = labels(tree.at(&["spec", "selector"]));
    let pods = chosen(context.cluster, &selector);
    for (s, server) in items(tree, &["spec", "servers"]).enumerate() {
        if let Some(port) = number(server, &["port", "number"]).filter(|p| !is_served(context, &pods, *p)) {
            let text = format!("it listens on port {port}, which no Service of its pods has");
            context.fault(entry, text, &format!("spec.servers[{s}].port.number"));
        }
    }
    ports.retain(|(port, _)| is_served(context, &pods, *port));
    let is_shut = ports.is_empty() && !listeners.is_empty();
    let object = context.position(entry);
    context.facts.controllers.insert(
        object,
        if pods.is_empty() { ControllerHint::Class("istio".to_owned()) } else { ControllerHint::Pods(pods.clone()) },
    );
    let id = context.object(entry, Detail::Gateway { class: String::new(), listeners, tls });
    filters(context, entry, &pods);
    if pods.is_empty() {
        authorized(context, entry, &selector);
    }
    let is_mutual = |server: &Tree| matches!(text(server, &["tls", "mode"]), Some("MUTUAL" | "ISTIO_MUTUAL"));
    if let Some(s) = items(tree, &["spec", "servers"]).position(is_mutual) {
        context.checked(entry, "client certificates", &format!("spec.servers[{s}].tls.mode"));
    }
    let said = context.evidence(entry, "spec.servers");
    let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::Gateway, ports }]);
    if is_shut {
        context.facts.shut.insert(object, pods);
        return;
    }
    for from in outsides(context, entry, &pods) {
        context.graph.edge(&from, &id, detail.clone(), [said.clone()]);
    }
}

fn labels(tree: Option<&Tree>) -> Labels {
    let entries = tree.map(Tree::entries).unwrap_or_default();
    entries.iter().filter_map(|e| Some((e.key.to_string(), e.value.as_str()?.to_owned()))).collect()
}

/// The workloads that a Gateway configures: those with its labels, in any namespace.
fn chosen(cluster: &Cluster, selector: &Labels) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    if !selector.is_empty() {
        found.extend(cluster.namespaces().keys().flat_map(|namespace| cluster.select(namespace, selector)));
    }
    found.sort_unstable();
    found
}

/// From where requests come to the pods of a Gateway: as the Services of these pods say, and from the Internet if the
/// manifests contain none.
fn outsides(context: &mut Context<'_>, entry: &Entry, pods: &[usize]) -> Vec<NodeId> {
    match context.doors.hop(pods) {
        Hop::Unknown => vec![context.internet()],
        Hop::From(outsides) => outsides,
        Hop::Closed(pods) => {
            let object = context.position(entry);
            context.facts.shut.insert(object, pods);
            Vec::new()
        }
    }
}

/// Whether the pods of a Gateway are reached on a port: a Service of theirs has it, or sends to it
/// (<https://istio.io/latest/docs/reference/config/networking/gateway/#Port>). Without Services nothing is known.
fn is_served(context: &Context<'_>, pods: &[usize], port: u16) -> bool {
    let of = |&pod: &usize| context.doors.services(pod);
    let mut services = pods.iter().flat_map(of).map(|s| &context.cluster.entries()[s].object.body).peekable();
    if services.peek().is_none() {
        return true;
    }
    let number = i32::from(port);
    services.any(|body| {
        let Body::Service(service) = body else { return false };
        let mut ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
        ports.any(|p| {
            p.port == number
                || match &p.target_port {
                    Some(IntOrString::Int(target)) => *target == number,
                    // Which number the name has is for the pods to say.
                    Some(IntOrString::String(_)) => true,
                    None => false,
                }
        })
    }) || pods.iter().any(|&p| context.cluster.workloads()[p].spec.pod.host_network == Some(true))
}

/// A VirtualService while it is read.
struct VirtualService<'a> {
    entry: &'a Entry,
    id: NodeId,
    hosts: Vec<String>,
    /// How its Gateways encrypt requests.
    tls: HostTls,
    /// Names that a ServiceEntry makes known.
    names: &'a BTreeSet<String>,
}

impl<'a> VirtualService<'a> {
    fn of(context: &mut Context<'_>, entry: &'a Entry, names: &'a BTreeSet<String>) -> VirtualService<'a> {
        let hosts = strings(&entry.object.tree, &["spec", "hosts"]);
        let id = NodeId::object(&entry.key);
        let mut service = VirtualService { entry, id, hosts, tls: HostTls::None, names };
        let mut tls: Vec<HostTls> = Vec::new();
        for (field, gateway) in gateways(entry) {
            if gateway == MESH {
                service.attach_to_mesh(context, &field);
            } else {
                tls.extend(service.attach(context, &field, &gateway));
            }
        }
        service.tls = tls.into_iter().reduce(both).unwrap_or_default();
        service
    }

    /// In the mesh, calls of the Services that it names follow its rules.
    fn attach_to_mesh(&self, context: &mut Context<'_>, field: &str) {
        for host in &self.hosts {
            let Some(key) = self.service(host) else { continue };
            if context.service(&key).is_some() {
                let said = context.evidence(self.entry, field);
                let rules = vec![everything(Some(host.clone()), HostTls::None)];
                let detail = EdgeDetail::Routes { rules, port: Backend::None };
                context.graph.edge(&NodeId::object(&key), &self.id, detail, [said]);
            }
        }
    }

    /// Attaches it to a Gateway, if one of the servers has a host in common; the answer is how these encrypt requests.
    fn attach(&self, context: &mut Context<'_>, field: &str, gateway: &str) -> Option<HostTls> {
        let (namespace, name) = gateway.split_once('/').unwrap_or((self.entry.key.namespace(), gateway));
        let key = ObjectKey::new(GROUP, "Gateway", namespace, name);
        let said = context.evidence(self.entry, field);
        let from = context.referred(&key, said.clone());
        let mut tls: Option<HostTls> = None;
        if let Some(at) = context.cluster.find(&key) {
            let own = self.entry.key.namespace();
            let takes = |entry: &str| {
                let (home, host) = host_of(entry);
                let at_home = match home {
                    None | Some("*") => true,
                    Some(".") => own == namespace,
                    Some(other) => own == other,
                };
                at_home && self.hosts.iter().any(|h| hosts_meet(host, h))
            };
            for server in items(&context.cluster.entries()[at].object.tree, &["spec", "servers"]) {
                if strings(server, &["hosts"]).iter().any(|h| takes(h)) {
                    let this = server_tls(server);
                    context.heard(self.entry, [listening(server)]);
                    tls = Some(tls.map_or(this, |other| other.or(this)));
                }
            }
            self.shown(context, at);
            if tls.is_none() {
                let route = context.position(self.entry);
                let reason = RefusalReason::NotTaken { hosts: self.hosts.clone() };
                context.facts.refusals.push(Refusal { route, field: field.to_owned(), gateway: at, reason });
                return None;
            }
        } else {
            context.heard_elsewhere(self.entry);
        }
        let tls = tls.unwrap_or_default();
        let rules = self.hosts.iter().map(|h| everything(Some(h.clone()), tls)).collect();
        context.graph.edge(&from, &self.id, EdgeDetail::Routes { rules, port: Backend::None }, [said]);
        Some(tls)
    }

    /// Keeps that it may not be shown to the pods of a Gateway.
    fn shown(&self, context: &mut Context<'_>, gateway: usize) {
        let exports = strings(&self.entry.object.tree, &["spec", "exportTo"]);
        let own = self.entry.key.namespace();
        let homes: Vec<&str> = match context.facts.controllers.get(&gateway) {
            Some(ControllerHint::Pods(pods)) => {
                pods.iter().map(|&w| context.cluster.workloads()[w].key.namespace()).collect()
            }
            _ => Vec::new(),
        };
        let is_shown = if homes.is_empty() {
            exports.is_empty() || exports.iter().any(|e| e == "*")
        } else {
            homes.iter().any(|home| is_exported(&exports, own, home))
        };
        if !is_shown {
            let key = &context.cluster.entries()[gateway].key;
            let text = format!("its `exportTo` does not show it to every namespace, and pods of {key} may not see it");
            context.fault(self.entry, text, "spec.exportTo");
        }
    }

    fn add(&self, context: &mut Context<'_>) {
        context.hosts(self.entry, "spec.hosts", &self.hosts, self.tls);
        let mut rules = Rules::of(self.entry);
        for list in ["http", "tls", "tcp"] {
            for (r, route) in items(&self.entry.object.tree, &["spec", list]).enumerate() {
                // The first route that fits takes the request
                // (https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService).
                rules.turn = (list == "http").then_some(r);
                self.route(context, &mut rules, (list, route), &format!("spec.{list}[{r}]"));
            }
        }
        rules.finish(context, &self.id);
    }

    fn route(&self, context: &mut Context<'_>, rules: &mut Rules<'_>, (list, route): (&str, &Tree), at: &str) {
        let wanted = self.matches(list, route);
        for (key, how) in [("redirect", "a redirect"), ("directResponse", "a response of its own")] {
            if route.get(key).is_some_and(|t| !t.is_null()) {
                rules.answer(context, (how, &format!("{at}.{key}")), wanted.iter().cloned());
            }
        }
        // Only a part of them may be meant (https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection).
        let aborted = route.at(&["fault", "abort", "percentage", "value"]).map_or(100.0, |v| v.as_f64().unwrap_or(0.0));
        if route.at(&["fault", "abort"]).is_some() && aborted >= 100.0 {
            rules.answer(context, ("a fault of its own", &format!("{at}.fault")), wanted.iter().cloned());
            return;
        }
        let several = items(route, &["route"]).count() > 1;
        for (d, part) in items(route, &["route"]).enumerate() {
            let Some(destination) = part.get("destination") else { continue };
            // The only destination gets everything, whatever its weight is.
            let weight = several.then(|| weight(part).unwrap_or(0));
            let rules_here = wanted.iter().map(|r| RouteRule { weight, ..r.clone() }).collect();
            self.send(context, rules, destination, format!("{at}.route[{d}].destination"), rules_here);
        }
        let mirrors = items(route, &["mirrors"]).enumerate();
        let several =
            mirrors.filter_map(|(m, tree)| Some((tree.get("destination")?, format!("{at}.mirrors[{m}].destination"))));
        let one = route.get("mirror").map(|tree| (tree, format!("{at}.mirror")));
        for (destination, field) in one.into_iter().chain(several) {
            self.send(context, rules, destination, field, wanted.iter().cloned().map(mirrored).collect());
        }
        if let Some(name) = text(route, &["delegate", "name"]) {
            let namespace = text(route, &["delegate", "namespace"]).unwrap_or(self.entry.key.namespace());
            let said = context.evidence(self.entry, &format!("{at}.delegate"));
            let end = context.referred(&ObjectKey::new(GROUP, "VirtualService", namespace, name), said.clone());
            for rule in wanted {
                rules.push((end.clone(), Backend::None), rule, said.clone());
            }
        }
    }

    fn service(&self, host: &str) -> Option<ObjectKey> {
        service_named(host, self.entry.key.namespace())
    }

    /// A subset, and whether no DestinationRule of the Service has it, though there are some: nothing is sent to it then.
    fn subset(&self, context: &Context<'_>, host: &str, name: &str) -> (String, bool) {
        let service = self.service(host).and_then(|key| context.cluster.find(&key));
        let mut rules = context.facts.destination_rules.iter().filter(|r| Some(r.service) == service).peekable();
        let is_absent = rules.peek().is_some() && !rules.any(|r| r.subsets.iter().any(|s| s == name));
        (name.to_owned(), is_absent)
    }

    fn send(
        &self,
        context: &mut Context<'_>,
        rules: &mut Rules<'_>,
        destination: &Tree,
        field: String,
        wanted: Vec<RouteRule>,
    ) {
        let Some(host) = text(destination, &["host"]) else { return };
        let subset = text(destination, &["subset"]).map(|name| self.subset(context, host, name));
        if let Some((_, true)) = subset {
            let text = format!("no DestinationRule of {host} has the subset that it names: requests get 503");
            context.fault(self.entry, text, &field);
            // Envoy has no cluster of that name.
            rules.answer(context, ("the status 503, for no DestinationRule has its subset", &field), wanted);
            return;
        }
        let subset = subset.map(|(subset, _)| subset);
        let named = |rule: RouteRule| match &subset {
            None => rule,
            Some(subset) => {
                let path = rule.path.map_or(String::new(), |path| format!("{path} "));
                RouteRule { path: Some(format!("{path}(subset {subset})")), ..rule }
            }
        };
        let wanted = wanted.into_iter().map(named);
        let number = number(destination, &["port", "number"]);
        let port = number.map_or(Wanted::Nothing, Wanted::Number);
        let port_field = format!("{field}.port.number");
        match self.service(host) {
            Some(key) if !self.names.contains(host) => {
                let (namespace, name) = (key.namespace(), key.name.as_str());
                let at = context.cluster.find(&key).map(|at| &context.cluster.entries()[at]);
                let exports = at.and_then(|s| s.object.annotations.get("networking.istio.io/exportTo"));
                if exports.is_some_and(|e| !e.split(',').any(|e| e.trim() == "*")) {
                    // (https://istio.io/latest/docs/reference/config/annotations/#NetworkingExportTo)
                    let text =
                        format!("{key} is shown to some namespaces only, and the pods of a Gateway may not see it");
                    context.fault(self.entry, text, &field);
                }
                rules.send(context, Target { namespace, name, port, field, port_field }, wanted);
            }
            _ => {
                let said = context.evidence(self.entry, &field);
                let end = (context.dns_name(host, said.clone()), number.map_or(Backend::None, Backend::Number));
                wanted.for_each(|rule| rules.push(end.clone(), rule, said.clone()));
            }
        }
    }

    /// The rules of a route, one for each match; a route without matches takes everything.
    fn matches(&self, list: &str, route: &Tree) -> Vec<RouteRule> {
        let host = match self.hosts.as_slice() {
            [only] if only != "*" => Some(only.clone()),
            _ => None,
        };
        let any = RouteRule { path: (list == "http").then(|| "/".to_owned()), ..everything(host.clone(), self.tls) };
        let rules: Vec<RouteRule> = items(route, &["match"])
            .flat_map(|found| {
                let names = strings(found, &["sniHosts"]);
                let hosts = if names.is_empty() { vec![host.clone()] } else { names.into_iter().map(Some).collect() };
                hosts.into_iter().map(|host| self.matched(list, found, host)).collect::<Vec<RouteRule>>()
            })
            .collect();
        if rules.is_empty() { vec![any] } else { rules }
    }

    fn matched(&self, list: &str, found: &Tree, host: Option<String>) -> RouteRule {
        let uri = [("prefix", "Prefix"), ("exact", "Exact"), ("regex", "RegularExpression")]
            .into_iter()
            .find_map(|(key, kind)| Some((text(found, &["uri", key])?.to_owned(), kind.to_owned())));
        let (path, path_type) = match uri {
            Some((path, kind)) => (Some(path), Some(kind)),
            None => ((list == "http").then(|| "/".to_owned()), None),
        };
        let exact = |key: &str| text(found, &[key, "exact"]);
        let mut words: Vec<String> = exact("method").map(str::to_owned).into_iter().collect();
        words.extend(path);
        let headers = found.get("headers").map(Tree::entries).unwrap_or_default();
        let mut conditions: Vec<String> =
            headers.iter().map(|h| format!("{}={}", h.key, text(&h.value, &["exact"]).unwrap_or("*"))).collect();
        let port = found.get("port").and_then(Tree::as_i64).and_then(|p| port_number(i32::try_from(p).ok()?));
        let more = ["queryParams", "authority", "scheme", "withoutHeaders", "sourceLabels", "sourceNamespace"];
        let is_conditional = !conditions.is_empty()
            || exact("method").is_some_and(|m| m != "GET")
            || more.iter().any(|key| found.get(key).is_some_and(|t| !t.is_null()))
            || found.get("method").is_some() && exact("method").is_none();
        conditions.extend(port.map(|p| format!("port {p}")));
        words.extend((!conditions.is_empty()).then(|| format!("({})", conditions.join(", "))));
        let path = (!words.is_empty()).then(|| words.join(" "));
        let when = if is_conditional || port.is_some() { When::Conditional } else { When::Always };
        RouteRule { path, path_type, when, ..everything(host, self.tls) }
    }
}

/// The Gateways of a VirtualService with the fields that name them; without any it holds in the mesh. One without hosts
/// is only reached through those that delegate to it.
fn gateways(entry: &Entry) -> Vec<(String, String)> {
    let named = strings(&entry.object.tree, &["spec", "gateways"]);
    if named.is_empty() && !strings(&entry.object.tree, &["spec", "hosts"]).is_empty() {
        return vec![("spec.hosts".to_owned(), MESH.to_owned())];
    }
    named.into_iter().enumerate().map(|(g, name)| (format!("spec.gateways[{g}]"), name)).collect()
}
