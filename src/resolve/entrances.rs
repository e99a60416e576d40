//! The ways by which requests from outside come to workloads through Ingresses, routes and Services, for the policies
//! to judge.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::controllers::{ControllerRef, Controllers};
use crate::cluster::Cluster;
use crate::graph::{
    Backend, Detail, EdgeDetail, EdgeView, EdgesByEnd, Identity, Node, NodeId, NodeKind, PortMap, TargetPort,
};
use crate::net::{AddressSet, PortSet, Protocol};
use crate::policy::{Entrance, Origin, Way};

/// Every entrance that the links between objects show, by workload. Without given controllers, those of the cluster are
/// found by their labels.
pub(super) fn entrances(cluster: &Cluster, links: &EdgesByEnd<'_>, given: &[ControllerRef]) -> Vec<Entrance> {
    let workloads: BTreeMap<NodeId, usize> =
        cluster.workloads().iter().enumerate().map(|(i, w)| (NodeId::object(&w.key), i)).collect();
    let services: BTreeMap<NodeId, &Service> =
        cluster.services().map(|(entry, service)| (NodeId::object(&entry.key), service)).collect();
    let controllers = Controllers::of(cluster, given);
    let mut found: BTreeMap<(NodeId, usize, Way), PortSet> = BTreeMap::new();
    let mut add = |by: &NodeId, workload: usize, way: Way, ports: PortSet| {
        let entry = found.entry((by.clone(), workload, way)).or_default();
        entry.add(&ports);
    };
    for EdgeView { from, to, detail } in links.iter() {
        if let EdgeDetail::Exposes(_) = detail {
            for (workload, maps) in behind(links, &to.id, &workloads) {
                let ports = maps.iter().map(targets).fold(PortSet::none(), |a, b| a.with(&b));
                let way = Way::Direct { from: origin(from), addresses: addresses(from) };
                add(&to.id, workload, way, ports);
            }
        }
        let EdgeDetail::Routes { port, .. } = detail else { continue };
        let by = from;
        let Some(service) = services.get(&to.id) else { continue };
        if !matches!(by.kind(), NodeKind::Ingress | NodeKind::Route) || !is_reached(links, &by.id) {
            continue;
        }
        // Controllers speak TCP to what is behind them; only a UDPRoute sends on UDP.
        let transport = if by.label == "UDPRoute" { Protocol::Udp } else { Protocol::Tcp };
        let mut meant = ports_meant(service, port, transport);
        if meant.is_empty() && by.kind() == NodeKind::Ingress {
            meant = ports_targeted(service, port, transport);
        }
        let headless = service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None");
        let ways = controllers.ways(cluster, links, by);
        for (workload, maps) in behind(links, &to.id, &workloads) {
            let reached =
                maps.iter().filter(|m| m.protocol == transport && meant.iter().any(|p| is_port(m, p, headless)));
            let ports = reached.map(targets).fold(PortSet::none(), |a, b| a.with(&b));
            for way in &ways {
                add(&by.id, workload, way.clone(), ports.clone());
            }
        }
    }
    let opened = found.into_iter().filter(|(_, ports)| !ports.is_empty());
    let entrances = opened
        .filter_map(|((by, workload, way), ports)| Some(Entrance { by: by.key()?.clone(), way, workload, ports }));
    entrances.collect()
}

/// The workloads behind a Service, with what is known of the way to their ports. Other nodes have none.
fn behind<'g>(
    links: &EdgesByEnd<'g>,
    service: &NodeId,
    workloads: &BTreeMap<NodeId, usize>,
) -> Vec<(usize, &'g [PortMap])> {
    let selected = links.outgoing(service).filter_map(|link| match link.detail {
        EdgeDetail::Selects(maps) => Some((*workloads.get(&link.to.id)?, maps.as_slice())),
        _ => None,
    });
    selected.collect()
}

fn origin(outside: &Node) -> Origin {
    match outside.id.identity() {
        Identity::Addresses(id) => Origin::Addresses(id.addresses.clone()),
        Identity::PrivateNetwork => Origin::PrivateNetwork,
        _ => Origin::Internet,
    }
}

/// The addresses that an outside node represents.
fn addresses(outside: &Node) -> AddressSet {
    match &outside.detail {
        Detail::External { set, .. } => set.clone(),
        _ => AddressSet::all_v4().union(&AddressSet::all_v6()),
    }
}

/// Whether requests come to an Ingress or route at all: a route of the Gateway API must be taken by a Gateway, and one
/// that is attached to a Service is about traffic inside the cluster (<https://gateway-api.sigs.k8s.io/mesh/>).
fn is_reached(links: &EdgesByEnd<'_>, node: &NodeId) -> bool {
    links.incoming(node).any(|EdgeView { from, detail, .. }| match detail {
        EdgeDetail::Exposes(_) => true,
        EdgeDetail::Routes { .. } => {
            from.kind() == NodeKind::Gateway || (from.kind() == NodeKind::Missing && from.label != "Service")
        }
        _ => false,
    })
}

/// The ports of a Service for a protocol.
fn ports_of(service: &Service, transport: Protocol) -> impl Iterator<Item = &ServicePort> {
    let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
    ports.filter(move |p| Protocol::from_field(p.protocol.as_deref()) == transport)
}

/// The ports of a Service that a backend means.
fn ports_meant<'s>(service: &'s Service, backend: &Backend, transport: Protocol) -> Vec<&'s ServicePort> {
    ports_of(service, transport)
        .filter(|p| match backend {
            Backend::Number(number) => p.port == i32::from(*number),
            Backend::Name { name, .. } => p.name.as_ref() == Some(name),
            Backend::Absent(_) => false,
            Backend::None => true,
        })
        .collect()
}

/// The ports of a Service whose target a backend names, where none has that number or name itself. The API asks for the
/// port of the Service, but the most common controller takes the target as well
/// (<https://github.com/kubernetes/ingress-nginx>), so what is behind it may well be reached.
fn ports_targeted<'s>(service: &'s Service, backend: &Backend, transport: Protocol) -> Vec<&'s ServicePort> {
    ports_of(service, transport)
        .filter(|p| match (backend, &p.target_port) {
            (Backend::Absent(wanted), Some(IntOrString::Int(target))) => *wanted == target.to_string(),
            (Backend::Absent(wanted), Some(IntOrString::String(target))) => wanted == target,
            _ => false,
        })
        .collect()
}

/// Whether what is known of the way to some pods is about a port of a Service. Ports have names of their own, except
/// where there is only one; how a headless Service numbers its ports says nothing about its pods.
fn is_port(map: &PortMap, port: &ServicePort, headless: bool) -> bool {
    map.name == port.name && (port.name.is_some() || headless || i32::from(map.port) == port.port)
}

fn targets(map: &PortMap) -> PortSet {
    let numbers = match &map.target {
        TargetPort::Number(number) => std::slice::from_ref(number),
        TargetPort::Name { resolved, .. } => resolved,
    };
    numbers.iter().fold(PortSet::none(), |set, n| set.with(&PortSet::port(map.protocol, *n)))
}
