//! Services: what they select, what they stand for, and whether the outside reaches them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{ObjectReference, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Context, Wanted, exposure, port_number, workloads};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Backend, Detail, EdgeDetail, MissingReason, NodeId, Port, PortMap, ServiceKind, TargetPort};
use crate::manifest::Body;
use crate::net::{AddressSet, ObjectKey, Protocol};

/// Adds every Service with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let endpoints = endpoints(context);
    for (entry, service) in cluster.services() {
        add_one(context, entry, service);
    }
    // Aliases may name Services of the cluster, so they wait until all of these are there.
    for (entry, service) in cluster.services() {
        if kind(service) == ServiceKind::ExternalName {
            alias(context, entry, service);
        } else if selector(service).is_empty() {
            let none = Vec::new();
            by_endpoints(context, entry, endpoints.get(&entry.key).unwrap_or(&none));
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
        let wanted = selector.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",");
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
    context.evidence(entry, workload.spec.labels_path)
}

/// An ExternalName Service stands for a DNS name, which may be that of another Service
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
    let target = match in_cluster_name(host) {
        Some(key) => context.referred(&key, said.clone()),
        None => context.dns_name(host, said.clone()),
    };
    context.graph.edge(&NodeId::object(&entry.key), &target, EdgeDetail::Resolves(Vec::new()), [said]);
}

/// `SERVICE.NAMESPACE.svc` and `SERVICE.NAMESPACE.svc.cluster.local` name a Service
/// (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>).
pub(super) fn in_cluster_name(host: &str) -> Option<ObjectKey> {
    let stem = host.strip_suffix(".cluster.local").unwrap_or(host).strip_suffix(".svc")?;
    let (front, namespace) = stem.rsplit_once('.')?;
    // A pod of a headless Service has a name of its own below that of the Service.
    let name = match front.split_once('.') {
        Some((_, service)) if service.contains('.') => return None,
        Some((_, service)) => service,
        None => front,
    };
    Some(ObjectKey::new("", "Service", namespace, name))
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
    let cluster = context.cluster;
    let mut found: BTreeMap<ObjectKey, Vec<Endpoint>> = BTreeMap::new();
    let plain = |number: Option<i32>, proto: Option<&str>, name: Option<&String>| -> Option<PortMap> {
        let number = port_number(number?)?;
        Some(PortMap {
            port: number,
            protocol: Protocol::from_field(proto),
            name: name.cloned(),
            target: TargetPort::Number(number),
            node_port: None,
        })
    };
    for (entry, endpoints) in cluster.endpoints() {
        let Some(object) = cluster.find(&entry.key) else { continue };
        for subset in endpoints.subsets.iter().flatten() {
            let ports: Vec<PortMap> = subset
                .ports
                .iter()
                .flatten()
                .filter_map(|p| plain(Some(p.port), p.protocol.as_deref(), p.name.as_ref()))
                .collect();
            for address in subset.addresses.iter().flatten().chain(subset.not_ready_addresses.iter().flatten()) {
                found.entry(ObjectKey::new("", "Service", entry.key.namespace(), &entry.key.name)).or_default().push(
                    Endpoint {
                        address: address.ip.clone(),
                        dns: false,
                        behind: Behind::of(address.target_ref.as_ref(), entry.key.namespace()),
                        ports: ports.clone(),
                        object,
                        field: "subsets",
                    },
                );
            }
        }
    }
    for (entry, slice) in cluster.endpoint_slices() {
        let Some(object) = cluster.find(&entry.key) else { continue };
        let Some(service) = entry.object.labels.get("kubernetes.io/service-name") else {
            continue;
        };
        let ports: Vec<PortMap> = slice
            .ports
            .iter()
            .flatten()
            .filter_map(|p| plain(p.port, p.protocol.as_deref(), p.name.as_ref()))
            .collect();
        for endpoint in slice.endpoints.iter().flatten() {
            for address in &endpoint.addresses {
                found.entry(ObjectKey::new("", "Service", entry.key.namespace(), service)).or_default().push(
                    Endpoint {
                        address: address.clone(),
                        dns: slice.address_type == "FQDN",
                        behind: Behind::of(endpoint.target_ref.as_ref(), entry.key.namespace()),
                        ports: ports.clone(),
                        object,
                        field: "endpoints",
                    },
                );
            }
        }
    }
    found
}

/// A Service without selector leads to the addresses that somebody else writes down
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors>).
fn by_endpoints(context: &mut Context<'_>, entry: &Entry, endpoints: &[Endpoint]) {
    let cluster = context.cluster;
    let id = NodeId::object(&entry.key);
    let mut outside: BTreeMap<(Vec<PortMap>, usize), BTreeSet<&str>> = BTreeMap::new();
    for endpoint in endpoints {
        let said = context.evidence(&cluster.entries()[endpoint.object], endpoint.field);
        let workload = match &endpoint.behind {
            Behind::Pod(namespace, name) => cluster.workload_of_pod(namespace, name),
            Behind::Unsaid => cluster.pod_address(entry.key.namespace(), &endpoint.address),
            Behind::Other => None,
        };
        if let Some(workload) = workload {
            let target = NodeId::object(&cluster.workloads()[workload].key);
            context.graph.edge(&id, &target, EdgeDetail::Selects(endpoint.ports.clone()), [said]);
        } else if endpoint.dns {
            let target = context.dns_name(&endpoint.address, said.clone());
            context.graph.edge(&id, &target, EdgeDetail::Resolves(endpoint.ports.clone()), [said]);
        } else {
            outside.entry((endpoint.ports.clone(), endpoint.object)).or_default().insert(&endpoint.address);
        }
    }
    for ((ports, object), addresses) in outside {
        let said = context.evidence(&cluster.entries()[object], "");
        let known = addresses.iter().filter_map(|a| a.parse::<IpAddr>().ok());
        let set = known.fold(AddressSet::none(), |set, a| set.union(&AddressSet::block(a.into())));
        let target = context.addresses(addresses.into_iter().map(str::to_owned).collect(), set, said.clone());
        context.graph.edge(&id, &target, EdgeDetail::Resolves(ports), [said]);
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

/// The port that a route sends to, as it is if its Service has it or is not in the input. Clients of the Service use
/// its own port, not the pods'
/// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressBackend>); a port that it
/// lacks is told.
pub(super) fn checked_port(
    context: &mut Context<'_>,
    entry: &Entry,
    service: &ObjectKey,
    port: Backend,
    field: &str,
) -> Backend {
    let cluster = context.cluster;
    let Some(found) = cluster.find(service).map(|i| &cluster.entries()[i]) else {
        return port;
    };
    let Body::Service(body) = &found.object.body else { return port };
    let own: Vec<&ServicePort> = body.spec.iter().flat_map(|s| s.ports.iter().flatten()).collect();
    let wanted = match &port {
        Backend::Number(n) if !own.iter().any(|p| p.port == i32::from(*n)) => n.to_string(),
        Backend::Name { name, resolved: None } => name.clone(),
        _ => return port,
    };
    let known: Vec<String> = own
        .iter()
        .map(|p| p.name.as_ref().map_or_else(|| p.port.to_string(), |n| format!("{} ({n})", p.port)))
        .collect();
    let pods = own
        .iter()
        .find(|p| p.target_port.as_ref().is_some_and(|t| matches!(t, IntOrString::Int(n) if n.to_string() == wanted)));
    let help = match pods {
        Some(p) => format!("{wanted} is the pods' port; the port of the Service is {}", p.port),
        None if known.is_empty() => "the Service has no ports".to_owned(),
        None => format!("its ports are {}", known.join(", ")),
    };
    let message = format!("{} sends to port {wanted} of {service}, which has no such port", entry.key);
    let problem = Diagnostic::at(Code::BackendPortMissing, entry.object.at(field), message);
    context.diagnostics.push(problem.with_related(found.object.at("spec.ports"), "its ports").with_help(help));
    Backend::Absent(wanted)
}

fn selector(service: &Service) -> BTreeMap<String, String> {
    service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default()
}

/// The ports of a Service with their targets among some declared ports. An absent target port is the port itself; a
/// name is looked up with the same protocol.
pub(super) fn port_maps(service: &Service, declared: &[Port]) -> Vec<PortMap> {
    let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
    ports.filter_map(|p| port_map(p, declared)).collect()
}

fn port_map(port: &ServicePort, declared: &[Port]) -> Option<PortMap> {
    let number = port_number(port.port)?;
    let protocol = Protocol::from_field(port.protocol.as_deref());
    let target = match &port.target_port {
        Some(IntOrString::Int(0)) | None => TargetPort::Number(number),
        Some(IntOrString::Int(n)) => TargetPort::Number(port_number(*n)?),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_told_from_names_outside() {
        assert_eq!(
            in_cluster_name("db.data.svc.cluster.local").map(|k| k.to_string()).as_deref(),
            Some("data/db[Service]")
        );
        assert_eq!(in_cluster_name("db.data.svc").map(|k| k.to_string()).as_deref(), Some("data/db[Service]"));
        assert_eq!(in_cluster_name("db.example.com"), None);
        assert_eq!(in_cluster_name("db-0.db.data.svc").map(|k| k.to_string()).as_deref(), Some("data/db[Service]"));
        assert_eq!(in_cluster_name("a.b.c.d.svc.cluster.local"), None);
    }
}
