//! Services: what they select, what they represent, and whether the outside reaches them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{ObjectReference, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::{EndpointOutcome, ServicePort as PortFact};
use super::{Context, Wanted, exposure, port_number, workloads};
use crate::cluster::{Cluster, Entry};
use crate::graph::{Detail, EdgeDetail, MissingReason, NodeId, Port, PortMap, ServiceKind, TargetPort};
use crate::net::{AddressSet, ClusterName, ObjectKey, Protocol, label_list};

/// Adds every Service with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let endpoints = endpoints(context);
    for (entry, service) in cluster.services() {
        add_one(context, entry, service);
    }
    context.facts.ports.sort_by_key(|p| (p.service, p.index));
    // Aliases may name Services of the cluster, so they wait until all of these are there.
    for (entry, service) in cluster.services() {
        if kind(service) == ServiceKind::ExternalName {
            alias(context, entry, service);
        } else if selector(service).is_empty() {
            let listed = endpoints.get(&entry.key).map(Vec::as_slice).unwrap_or_default();
            keep_endpoints(context, entry, listed);
            by_endpoints(context, entry, &port_maps(service, &[]), listed);
        }
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry, service: &Service) {
    let cluster = context.cluster;
    let selector = selector(service);
    let kind = kind(service);
    // ExternalName Services have no pods, whatever their selector says.
    let selected =
        if kind == ServiceKind::ExternalName { Vec::new() } else { cluster.select(entry.key.namespace(), &selector) };
    let declared: Vec<Vec<Port>> = selected.iter().map(|&w| workloads::ports(&cluster.workloads()[w])).collect();
    let all: Vec<Port> = declared.iter().flatten().cloned().collect();
    let ports = port_maps(service, &all);
    keep_ports(context, entry, service, (&selected, &declared), &all);
    let id = context.object(entry, Detail::Service { service: kind, ports: ports.clone(), selector: selector.clone() });
    for (&workload, own) in selected.iter().zip(&declared) {
        let workload = &cluster.workloads()[workload];
        let said = [context.evidence(entry, "spec.selector"), template_evidence(context, workload)];
        let target = NodeId::object(&workload.key);
        // A workload that does not declare a named port has no endpoint on it
        // (https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports).
        let reached: Vec<PortMap> = port_maps(service, own)
            .into_iter()
            .filter(|p| !matches!(&p.target, TargetPort::Name { resolved, .. } if resolved.is_empty()))
            .collect();
        let reached = if reached.is_empty() { port_maps(service, own) } else { reached };
        context.graph.edge(&id, &target, EdgeDetail::Selects(reached), said);
    }
    if selected.is_empty() && !selector.is_empty() && kind != ServiceKind::ExternalName {
        let said = context.evidence(entry, "spec.selector");
        let wanted = label_list(&selector, ",");
        let missing = Wanted {
            kind: "Pods",
            namespace: entry.key.namespace(),
            wanted: &wanted,
            name: &short(&selector),
            reason: MissingReason::NoSuchPod,
        };
        let missing = context.missing(&missing, said.clone());
        context.graph.edge(&id, &missing, EdgeDetail::Selects(ports), [said]);
    }
    exposure::service(context, entry, service, &id);
}

/// Keeps what the ports of a Service lead to at the workloads that it selects.
fn keep_ports(
    context: &mut Context<'_>,
    entry: &Entry,
    service: &Service,
    (selected, declared): (&[usize], &[Vec<Port>]),
    all: &[Port],
) {
    let position = context.position(entry);
    for (index, port) in ports(service).enumerate() {
        let Some(map) = port_map(port, all) else { continue };
        let workloads = selected.iter().zip(declared).map(|(&w, own)| (w, outcome(&map, own))).collect();
        context.facts.ports.push(PortFact { service: position, index, map, workloads, endpoints: Vec::new() });
    }
}

/// What a port of a Service leads to at pods that declare these ports.
fn outcome(map: &PortMap, declared: &[Port]) -> EndpointOutcome {
    let mut own = declared.iter().filter(|p| p.protocol == map.protocol);
    match &map.target {
        TargetPort::Number(number) if own.any(|p| p.number == *number) => EndpointOutcome::Declared,
        TargetPort::Number(_) if declared.is_empty() => EndpointOutcome::NothingDeclared,
        TargetPort::Number(_) => EndpointOutcome::Undeclared,
        TargetPort::Name { name, .. } if own.any(|p| p.name.as_ref() == Some(name)) => EndpointOutcome::Declared,
        TargetPort::Name { .. } => EndpointOutcome::NameMissing,
    }
}

/// A selector in a few words: the label that names an application first, and how many more there are.
fn short(selector: &BTreeMap<String, String>) -> String {
    let known = ["app.kubernetes.io/name", "app", "k8s-app", "name"].iter().find_map(|k| selector.get_key_value(*k));
    let Some((key, value)) = known.or_else(|| selector.iter().next()) else {
        return String::new();
    };
    match selector.len() {
        1 => format!("{key}={value}"),
        n => format!("{key}={value} +{}", n - 1),
    }
}

/// The labels that made a Service pick this workload.
fn template_evidence(context: &Context<'_>, workload: &crate::cluster::Workload) -> crate::graph::Evidence {
    let entry = &context.cluster.entries()[workload.entry];
    context.evidence(entry, &workload.spec.labels_path)
}

/// An ExternalName Service represents a DNS name, which may be that of another Service
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#externalname>).
fn alias(context: &mut Context<'_>, entry: &Entry, service: &Service) {
    let Some(host) = service
        .spec
        .as_ref()
        .and_then(|s| s.external_name.as_deref())
        .map(|h| h.trim_end_matches('.'))
        .filter(|h| !h.is_empty())
    else {
        return;
    };
    let said = context.evidence(entry, "spec.externalName");
    let target = match ClusterName::parse(host) {
        Some(ClusterName { service, namespace: Some(home), is_full: true, .. }) => {
            context.referred(&ObjectKey::new("", "Service", home, service), said.clone())
        }
        _ => context.dns_name(host, said.clone()),
    };
    context.graph.edge(&NodeId::object(&entry.key), &target, EdgeDetail::Resolves(Vec::new()), [said]);
}

/// One address behind a Service without selector.
struct Endpoint {
    address: String,
    dns: bool,
    behind: Behind,
    ports: Vec<PortMap>,
    object: usize,
    field: &'static str,
}

/// What an endpoint says it is the address of.
enum Behind {
    /// A Pod, by namespace and name.
    Pod(String, String),
    /// Something else, such as a Node.
    Other,
    /// It does not say.
    Unsaid,
}

impl Behind {
    fn of(reference: Option<&ObjectReference>, namespace: &str) -> Behind {
        match reference {
            None => Behind::Unsaid,
            Some(ObjectReference { kind: Some(kind), name: Some(name), namespace: own, .. }) if kind == "Pod" => {
                Behind::Pod(own.clone().unwrap_or_else(|| namespace.to_owned()), name.clone())
            }
            Some(_) => Behind::Other,
        }
    }
}

/// Endpoints and EndpointSlices, by the Service that they belong to.
fn endpoints(context: &Context<'_>) -> BTreeMap<ObjectKey, Vec<Endpoint>> {
    let mut found = BTreeMap::new();
    add_endpoints(context.cluster, &mut found);
    add_slices(context.cluster, &mut found);
    found
}

/// Adds the addresses of Endpoints, whose name is that of their Service.
fn add_endpoints(cluster: &Cluster, found: &mut BTreeMap<ObjectKey, Vec<Endpoint>>) {
    for (entry, endpoints) in cluster.endpoints() {
        let Some(object) = cluster.find(&entry.key) else { continue };
        let namespace = entry.key.namespace();
        for subset in endpoints.subsets.iter().flatten() {
            let all = subset.ports.iter().flatten();
            let ports: Vec<PortMap> =
                all.filter_map(|p| own_port(Some(p.port), p.protocol.as_deref(), p.name.as_ref())).collect();
            for address in subset.addresses.iter().flatten().chain(subset.not_ready_addresses.iter().flatten()) {
                found.entry(ObjectKey::new("", "Service", namespace, &entry.key.name)).or_default().push(Endpoint {
                    address: address.ip.clone(),
                    dns: false,
                    behind: Behind::of(address.target_ref.as_ref(), namespace),
                    ports: ports.clone(),
                    object,
                    field: "subsets",
                });
            }
        }
    }
}

/// Adds the addresses of EndpointSlices, which name their Service by a label.
fn add_slices(cluster: &Cluster, found: &mut BTreeMap<ObjectKey, Vec<Endpoint>>) {
    for (entry, slice) in cluster.endpoint_slices() {
        let Some(object) = cluster.find(&entry.key) else { continue };
        let Some(service) = entry.object.labels.get("kubernetes.io/service-name") else {
            continue;
        };
        let namespace = entry.key.namespace();
        let all = slice.ports.iter().flatten();
        let ports: Vec<PortMap> =
            all.filter_map(|p| own_port(p.port, p.protocol.as_deref(), p.name.as_ref())).collect();
        for endpoint in slice.endpoints.iter().flatten() {
            for address in &endpoint.addresses {
                found.entry(ObjectKey::new("", "Service", namespace, service)).or_default().push(Endpoint {
                    address: address.clone(),
                    dns: slice.address_type == "FQDN",
                    behind: Behind::of(endpoint.target_ref.as_ref(), namespace),
                    ports: ports.clone(),
                    object,
                    field: "endpoints",
                });
            }
        }
    }
}

/// A port of an endpoint.
fn own_port(number: Option<i32>, protocol: Option<&str>, name: Option<&String>) -> Option<PortMap> {
    let number = port_number(number?)?;
    Some(PortMap {
        port: number,
        protocol: Protocol::from_field(protocol),
        name: name.cloned(),
        target: TargetPort::Number(number),
        node_port: None,
    })
}

/// A Service without selector leads to the addresses that somebody else writes down
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors>).
fn by_endpoints(context: &mut Context<'_>, entry: &Entry, own: &[PortMap], endpoints: &[Endpoint]) {
    let cluster = context.cluster;
    let id = NodeId::object(&entry.key);
    let mut outside: BTreeMap<(Vec<PortMap>, usize), BTreeSet<&str>> = BTreeMap::new();
    for endpoint in endpoints {
        let Some(ports) = served(own, &endpoint.ports) else {
            unserved(context, entry, own, endpoint);
            continue;
        };
        let said = context.evidence(&cluster.entries()[endpoint.object], endpoint.field);
        let workload = match &endpoint.behind {
            Behind::Pod(namespace, name) => cluster.workload_of_pod(namespace, name),
            Behind::Unsaid => cluster.pod_address(entry.key.namespace(), &endpoint.address),
            Behind::Other => None,
        };
        if let Some(workload) = workload {
            let target = NodeId::object(&cluster.workloads()[workload].key);
            context.graph.edge(&id, &target, EdgeDetail::Selects(ports), [said]);
        } else if endpoint.dns {
            let target = context.dns_name(&endpoint.address, said.clone());
            context.graph.edge(&id, &target, EdgeDetail::Resolves(ports), [said]);
        } else {
            outside.entry((ports, endpoint.object)).or_default().insert(&endpoint.address);
        }
    }
    for ((ports, object), addresses) in outside {
        let said = context.evidence(&cluster.entries()[object], "");
        let known = addresses.iter().filter_map(|a| a.parse::<IpAddr>().ok());
        let set = known.fold(AddressSet::none(), |set, a| set.with(&AddressSet::block(a.into())));
        let target = context.addresses(addresses.into_iter().map(str::to_owned).collect(), set, said.clone());
        context.graph.edge(&id, &target, EdgeDetail::Resolves(ports), [said]);
    }
}

/// Whether a port of an endpoint is that of a Service's port: they have the same name, which may be none at all, and
/// the same protocol.
fn is_same_port(own: &PortMap, of_endpoint: &PortMap) -> bool {
    let name = |map: &PortMap| map.name.clone().filter(|n| !n.is_empty());
    own.protocol == of_endpoint.protocol && name(own) == name(of_endpoint)
}

/// The ports of a Service that lead to ports of an endpoint; `None` if that has ports and none of them is one.
fn served(own: &[PortMap], of_endpoint: &[PortMap]) -> Option<Vec<PortMap>> {
    if own.is_empty() || of_endpoint.is_empty() {
        return Some(of_endpoint.to_vec());
    }
    let leading = |port: &PortMap| {
        let own = own.iter().find(|o| is_same_port(o, port))?;
        Some(PortMap { target: port.target.clone(), ..own.clone() })
    };
    Some(of_endpoint.iter().filter_map(leading).collect::<Vec<PortMap>>()).filter(|s| !s.is_empty())
}

/// Draws that a Service sends nothing to an endpoint, for its ports have other names.
fn unserved(context: &mut Context<'_>, entry: &Entry, own: &[PortMap], endpoint: &Endpoint) {
    let object = &context.cluster.entries()[endpoint.object];
    let said = context.evidence(object, "ports");
    let names: BTreeSet<&str> = own.iter().map(|p| p.name.as_deref().unwrap_or_default()).collect();
    let names = names.into_iter().filter(|n| !n.is_empty()).map(str::to_owned).collect();
    let wanted =
        Wanted { namespace: entry.key.namespace(), ..Wanted::object(&object.key, MissingReason::NoPortNamed(names)) };
    let missing = context.missing(&wanted, said.clone());
    context.graph.edge(&NodeId::object(&entry.key), &missing, EdgeDetail::Resolves(Vec::new()), [said]);
}

/// Keeps which ports of a Service the endpoints that are listed for it have.
fn keep_endpoints(context: &mut Context<'_>, entry: &Entry, endpoints: &[Endpoint]) {
    let position = context.position(entry);
    let mut objects: BTreeMap<usize, Vec<&PortMap>> = BTreeMap::new();
    for endpoint in endpoints.iter().filter(|e| !e.ports.is_empty()) {
        objects.entry(endpoint.object).or_default().extend(&endpoint.ports);
    }
    let start = context.facts.ports.partition_point(|p| p.service < position);
    for port in context.facts.ports[start..].iter_mut().take_while(|p| p.service == position) {
        let has = |ports: &[&PortMap]| ports.iter().any(|of_endpoint| is_same_port(&port.map, of_endpoint));
        let outcome = |ports: &[&PortMap]| {
            if has(ports) { EndpointOutcome::Declared } else { EndpointOutcome::NameMissing }
        };
        port.endpoints = objects.iter().map(|(object, ports)| (*object, outcome(ports))).collect();
    }
}

/// The type of a Service. An absent type means ClusterIP
/// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/>).
pub(super) fn kind(service: &Service) -> ServiceKind {
    let spec = service.spec.as_ref();
    match spec.and_then(|s| s.type_.as_deref()) {
        Some("ExternalName") => ServiceKind::ExternalName,
        Some("LoadBalancer") => ServiceKind::LoadBalancer,
        Some("NodePort") => ServiceKind::NodePort,
        _ if spec.and_then(|s| s.cluster_ip.as_deref()) == Some("None") => ServiceKind::Headless,
        _ => ServiceKind::ClusterIp,
    }
}

fn selector(service: &Service) -> BTreeMap<String, String> {
    service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default()
}

fn ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    service.spec.iter().flat_map(|s| s.ports.iter().flatten())
}

/// The ports of a Service with their targets among some declared ports. An absent target port is the port itself; a
/// name is looked up with the same protocol.
pub(super) fn port_maps(service: &Service, declared: &[Port]) -> Vec<PortMap> {
    ports(service).filter_map(|p| port_map(p, declared)).collect()
}

/// The ports of a Service with their targets among those that the selected pods declare.
pub(super) fn selected_ports(context: &Context<'_>, key: &ObjectKey, service: &Service) -> Vec<PortMap> {
    let workloads = context.cluster.workloads();
    let selected = context.cluster.select(key.namespace(), &selector(service));
    let declared: Vec<Port> = selected.iter().flat_map(|&w| workloads::ports(&workloads[w])).collect();
    port_maps(service, &declared)
}

fn port_map(port: &ServicePort, declared: &[Port]) -> Option<PortMap> {
    let number = port_number(port.port)?;
    let protocol = Protocol::from_field(port.protocol.as_deref());
    let target = match &port.target_port {
        Some(IntOrString::Int(0)) | None => TargetPort::Number(number),
        Some(IntOrString::Int(n)) => TargetPort::Number(port_number(*n)?),
        Some(IntOrString::String(name)) if name.is_empty() => TargetPort::Number(number),
        // No port has a name of digits alone (https://kubernetes.io/docs/concepts/services-networking/service/).
        Some(IntOrString::String(digits)) if digits.parse::<u16>().is_ok_and(|n| n > 0) => {
            TargetPort::Number(digits.parse().ok()?)
        }
        Some(IntOrString::String(name)) => {
            let resolved: BTreeSet<u16> = declared
                .iter()
                .filter(|p| p.name.as_deref() == Some(name) && p.protocol == protocol)
                .map(|p| p.number)
                .collect();
            TargetPort::Name { name: name.clone(), resolved: resolved.into_iter().collect() }
        }
    };
    Some(PortMap {
        port: number,
        protocol,
        name: port.name.clone(),
        target,
        node_port: port.node_port.and_then(port_number),
    })
}
