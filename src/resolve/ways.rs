//! The ways by which requests from outside come to workloads through Ingresses, routes and Services, for the policies
//! to judge.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Facts;
use super::controllers::Controllers;
use super::facts::Gate;
use crate::cluster::{Cluster, Entry};
use crate::graph::{
    self, Backend, Detail, EdgeDetail, EdgeView, EdgesByEnd, Expose, Exposure, Identity, Node, NodeId, NodeKind,
    PortMap, TargetPort,
};
use crate::net::{AddressSet, PortSet, Protocol};
use crate::policy::{AbsentPods, Entrance, EntranceDoubt, Origin, Way};

/// Every entrance that the links between objects show, by workload. Without given controllers, those of the cluster are
/// found by their labels.
pub(super) fn entrances(
    cluster: &Cluster,
    links: &EdgesByEnd<'_>,
    facts: &Facts,
    controllers: &Controllers,
) -> Vec<Entrance> {
    let mut found = Ways {
        cluster,
        links,
        facts,
        controllers,
        workloads: cluster.workloads().iter().enumerate().map(|(i, w)| (NodeId::object(&w.key), i)).collect(),
        services: cluster.services().map(|(entry, service)| (NodeId::object(&entry.key), service)).collect(),
        opened: BTreeMap::new(),
    };
    for EdgeView { from, to, detail } in links.iter() {
        match detail {
            EdgeDetail::Exposes(exposures) => found.exposed(from, to, exposures),
            EdgeDetail::Routes { port, rules } if !graph::are_silent(rules) => found.routed(from, to, port),
            _ => {}
        }
    }
    let opened = found.opened.into_iter().filter(|(_, open)| !open.ports.is_empty());
    let entrances = opened.filter_map(|((by, workload, way), Open { ports, doubt, absent })| {
        Some(Entrance { by: by.key()?.clone(), way, workload, ports, doubt, absent })
    });
    entrances.collect()
}

/// The ways that were found, and what they are found in.
struct Ways<'a> {
    cluster: &'a Cluster,
    links: &'a EdgesByEnd<'a>,
    facts: &'a Facts,
    controllers: &'a Controllers,
    /// The positions of workloads.
    workloads: BTreeMap<NodeId, usize>,
    services: BTreeMap<NodeId, &'a Service>,
    /// What each way to a workload through an object opens.
    opened: BTreeMap<(NodeId, usize, Way), Open>,
}

impl<'a> Ways<'a> {
    fn add(&mut self, by: &NodeId, workload: usize, way: Way, opened: Open) {
        let known = self.opened.entry((by.clone(), workload, way)).or_insert(Open { ports: PortSet::none(), ..opened });
        known.ports.add(&opened.ports);
        known.doubt = opened.doubt.min(known.doubt);
        known.absent = opened.absent.and(known.absent);
    }

    /// The ways that a Service or a workload opens itself.
    fn exposed(&mut self, from: &Node, to: &Node, exposures: &[Exposure]) {
        if let Some(&workload) = self.workloads.get(&to.id) {
            let into = into_pods(self.cluster, self.facts, self.controllers, (workload, from), exposures);
            let absent = self.absent(workload);
            for (way, ports) in into {
                self.add(&to.id, workload, way, Open { ports, doubt: None, absent });
            }
        }
        let doubt = doubt(self.cluster, self.facts, &to.id, exposures);
        for (workload, maps) in behind(self.links, &to.id, &self.workloads) {
            let ports = maps.iter().map(targets).fold(PortSet::none(), |a, b| a.with(&b));
            let way = Way::Direct { from: origin(from), addresses: addresses(from) };
            let absent = self.absent_behind(&to.id, workload);
            self.add(&to.id, workload, way, Open { ports, doubt, absent });
        }
    }

    /// The ways through an Ingress or route to what it sends to.
    fn routed(&mut self, from: &Node, to: &'a Node, port: &Backend) {
        let Some(object) = from.id.key().and_then(|key| self.cluster.find(key)) else { return };
        if self.facts.gates_of(object).is_empty() || from.kind() == NodeKind::Gateway {
            return;
        }
        let ways = self.controllers.ways(self.cluster, self.facts, object);
        // Only some controllers take the port of the pods for that of the Service.
        let by_target = matches!(port, Backend::Absent(_)).then_some(EntranceDoubt::Unjudged);
        let routed = if let Some(&workload) = self.workloads.get(&to.id) {
            vec![(workload, queue_proxy(), self.absent(workload))]
        } else {
            let transport = if self.facts.datagrams.contains(&object) { Protocol::Udp } else { Protocol::Tcp };
            self.through_service(&to.id, port, transport, from.kind())
        };
        for (workload, ports, absent) in routed {
            for way in &ways {
                let doubt = by_target.or_else(|| unjudged(self.cluster, self.facts, object, &to.id));
                self.add(&from.id, workload, way.clone(), Open { ports: ports.clone(), doubt, absent });
            }
        }
    }

    /// The workloads behind a port of a Service that an Ingress or route sends to, with the ports that it comes to.
    fn through_service(
        &self,
        service: &'a NodeId,
        port: &Backend,
        transport: Protocol,
        router: NodeKind,
    ) -> Vec<(usize, PortSet, Option<AbsentPods>)> {
        let (end, port) = end_of_alias(self.links, &self.services, service, port);
        let Some(service) = self.services.get(end) else { return Vec::new() };
        let meant = meant(service, &port, transport, router == NodeKind::Ingress);
        let headless = service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None");
        let reached = |maps: &[PortMap]| {
            let own = maps.iter().filter(|m| m.protocol == transport);
            own.filter(|m| meant.iter().any(|p| is_port(m, p, headless)))
                .map(targets)
                .fold(PortSet::none(), |a, b| a.with(&b))
        };
        let all = behind(self.links, end, &self.workloads).into_iter();
        all.map(|(workload, maps)| (workload, reached(maps), self.absent_behind(end, workload))).collect()
    }

    /// Which pods of a workload are absent for those who do not come through a Service: readiness matters behind
    /// Services only.
    fn absent(&self, workload: usize) -> Option<AbsentPods> {
        self.facts.absences.get(&workload).filter(|a| !a.is_unready).map(|_| AbsentPods::Itself)
    }

    /// Which pods of a workload are absent behind a Service.
    fn absent_behind(&self, service: &NodeId, workload: usize) -> Option<AbsentPods> {
        let position = self.cluster.find(service.key()?)?;
        self.facts.absent_behind.contains_key(&(position, workload)).then_some(AbsentPods::Behind(position))
    }
}

/// What a way opens.
struct Open {
    ports: PortSet,
    doubt: Option<EntranceDoubt>,
    absent: Option<AbsentPods>,
}

/// What is not known of the ways that a Service opens itself.
fn doubt(cluster: &Cluster, facts: &Facts, service: &NodeId, exposures: &[Exposure]) -> Option<EntranceDoubt> {
    let object = cluster.find(service.key()?)?;
    if !facts.unjudged_of(object).is_empty() {
        return Some(EntranceDoubt::Unjudged);
    }
    let balanced = exposures.iter().all(|e| e.via == Expose::LoadBalancer);
    if balanced && facts.unprovisioned.contains_key(&object) {
        return Some(EntranceDoubt::NotProvisioned);
    }
    is_translated(&cluster.entries()[object]).then_some(EntranceDoubt::Translated)
}

/// Whether something about the ways through an Ingress or route to what it sends to is not evaluated.
fn unjudged(cluster: &Cluster, facts: &Facts, object: usize, to: &NodeId) -> Option<EntranceDoubt> {
    let of_node = |id: &NodeId| id.key().and_then(|key| cluster.find(key));
    let own = NodeId::object(&cluster.entries()[object].key);
    let is_certain = |gate: &Gate| {
        let way: Vec<&NodeId> = gate.through.iter().chain([&own, to]).collect();
        let is_unjudged = |at: usize| facts.unjudged_on(at, &way).next().is_some() || !facts.faults_of(at).is_empty();
        !way.iter().filter_map(|id| of_node(id)).any(is_unjudged)
    };
    (!facts.gates_of(object).iter().any(is_certain)).then_some(EntranceDoubt::Unjudged)
}

/// Whether pods behind a Service may see the address of a node instead of the client's: unless it asks for that to be
/// kept (<https://kubernetes.io/docs/tutorials/services/source-ip/#source-ip-for-services-with-type-loadbalancer>).
pub fn is_translated(service: &Entry) -> bool {
    let field = service.object.tree.at(&["spec", "externalTrafficPolicy"]);
    field.and_then(|f| f.as_str()) != Some("Local")
}

/// The ways by which requests come to pods past all Services, with the ports: through ports of their nodes, or through
/// the controller of a kind that makes Services of its own.
fn into_pods(
    cluster: &Cluster,
    facts: &Facts,
    controllers: &Controllers,
    (workload, from): (usize, &Node),
    exposures: &[Exposure],
) -> Vec<(Way, PortSet)> {
    let mut ways = Vec::new();
    for exposure in exposures {
        if matches!(exposure.via, Expose::HostPort | Expose::HostNetwork) {
            let open = facts.host_ports_of(workload).iter();
            let ports = open.map(|p| PortSet::port(p.port.protocol, p.port.number));
            let way = Way::Direct { from: origin(from), addresses: addresses(from) };
            ways.push((way, ports.fold(PortSet::none(), |a, b| a.with(&b))));
        } else if let Some(object) = cluster.find(&cluster.workloads()[workload].key) {
            ways.extend(controllers.ways(cluster, facts, object).into_iter().map(|way| (way, queue_proxy())));
        }
    }
    ways
}

/// The ports at which the sidecar of Knative takes requests for the container beside it, in HTTP/1 and HTTP/2
/// (<https://github.com/knative/serving/blob/main/pkg/networking/constants.go>).
fn queue_proxy() -> PortSet {
    PortSet::port(Protocol::Tcp, 8012).with(&PortSet::port(Protocol::Tcp, 8013))
}

/// Longer chains of aliases are not followed.
const LONGEST_ALIAS: usize = 16;

/// The Service that an alias represents in the end, or the one that is none, with the port that is asked for there.
fn end_of_alias<'g>(
    links: &EdgesByEnd<'g>,
    services: &BTreeMap<NodeId, &Service>,
    service: &'g NodeId,
    port: &Backend,
) -> (&'g NodeId, Backend) {
    let (mut at, mut port) = (service, port.clone());
    for _ in 0..LONGEST_ALIAS {
        let next = links.outgoing(at).find(|link| {
            matches!(link.detail, EdgeDetail::Resolves(_)) && services.contains_key(&link.to.id) && link.to.id != *at
        });
        let Some(next) = next else { break };
        at = &next.to.id;
        port = port.passed_on();
    }
    (at, port)
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

/// The ports of a Service that a backend means; for an Ingress also those whose target it names.
fn meant<'s>(service: &'s Service, port: &Backend, transport: Protocol, is_ingress: bool) -> Vec<&'s ServicePort> {
    let own = ports_meant(service, port, transport);
    if own.is_empty() && is_ingress { ports_targeted(service, port, transport) } else { own }
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
