//! What the outside reaches, and pods for which policies do not hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::nearest::named;
use super::policies::{network_policies, title};
use super::registry::family;
use super::scene::{Report, Scene};
use super::selection::{on_host, some};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::graph::{Detail, EdgeDetail, Expose, Graph, Node, NodeId, NodeKind};
use crate::net::{ObjectKey, PortSet};
use crate::policy::{Certainty, Entrance, Origin, Way};
use crate::resolve::{Unprovisioned, pool_asked};

family! {
    ExposedToInternet, "exposed-to-internet", false, "A workload is reached from the Internet, through the Ingresses, routes and Services that the message names, and no policy prevents it. Nothing is wrong if that is meant; it is worth a look when it is new.";
    LoadbalancerOpen, "loadbalancer-open", false, "A Service of type LoadBalancer takes connections from every address: it has no `loadBalancerSourceRanges`, and no annotation that asks for a load balancer inside the network of the cloud. Where it only has the ports of the web (80 and 443) that is probably meant and only worth knowing. Services of ingress controllers are left in peace.";
    LoadbalancerNotProvisioned, "loadbalancer-not-provisioned", false, "A Service of type LoadBalancer gets an address only if something makes a load balancer: the controller of a cloud, MetalLB, kube-vip or another one. The manifests show a cluster outside of clouds, a Node without `spec.providerID` or an API server that runs as a pod, and none of these; or the Service comes from a cluster and is still pending. Until then it is reached on its node ports only (https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer).";
    NodeportExposed, "nodeport-exposed", false, "A Service of type NodePort is open on a port of every node, past Ingresses with their TLS. Whoever reaches a node reaches it; whether that is the Internet is for firewalls to say. Where an Ingress sends to the Service it is only worth knowing: the controllers of some clouds need node ports.";
    HostnetworkBypassesPolicy, "hostnetwork-bypasses-policy", false, "Policies select pods that are in the network of their node. For these it is left to the network whether policies hold, and with most they do not (https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    to_internet(scene);
    services(scene);
    unprovisioned(scene);
    hosts(scene);
}

/// How a node is called in a sentence.
fn words(node: &Node) -> String {
    match &node.namespace {
        Some(namespace) => format!("{} {namespace}/{}", node.label, node.name),
        None => node.name.clone(),
    }
}

/// Whether a node represents the Internet, or all of it but a few addresses.
fn is_internet(node: &Node) -> bool {
    match &node.detail {
        Detail::Internet => true,
        Detail::External { addresses, .. } => addresses.iter().any(|a| a == "0.0.0.0/0"),
        _ => false,
    }
}

/// The nodes from the Internet to a node, by the shortest way of being exposed and routed; `None` if there is none.
fn from_internet(graph: &Graph, node: usize) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::from([(node, node)]);
    let mut queue = VecDeque::from([node]);
    while let Some(at) = queue.pop_front() {
        if is_internet(graph.node(at)) {
            let mut chain = vec![at];
            let mut here = at;
            while here != node {
                here = before[&here];
                chain.push(here);
            }
            return Some(chain);
        }
        for edge in graph.incoming(at) {
            let (from, _, edge) = graph.edge(edge);
            if matches!(edge.detail, EdgeDetail::Exposes(_) | EdgeDetail::Routes { .. }) && !before.contains_key(&from)
            {
                before.insert(from, at);
                queue.push_back(from);
            }
        }
    }
    None
}

/// The Services through which what a node sends comes to a workload: aliases first.
fn services_between(graph: &Graph, by: usize, workload: usize) -> Vec<usize> {
    let next = |node: usize| graph.outgoing(node).into_iter().map(|e| graph.edge(e));
    let selects =
        |service: usize| next(service).any(|(_, to, e)| to == workload && matches!(e.detail, EdgeDetail::Selects(_)));
    let routed = next(by).filter(|(_, _, e)| matches!(e.detail, EdgeDetail::Routes { .. }));
    for (_, first, _) in routed {
        let mut chain = vec![first];
        while let Some(&at) = chain.last() {
            if selects(at) {
                return chain;
            }
            let alias = next(at).find(|(_, _, e)| matches!(e.detail, EdgeDetail::Resolves(_)));
            match alias {
                Some((_, to, _)) if !chain.contains(&to) => chain.push(to),
                _ => break,
            }
        }
    }
    Vec::new()
}

fn to_internet(scene: &mut Scene<'_>) {
    let (graph, cluster, connectivity) = (scene.graph, scene.cluster, scene.connectivity);
    let entries = openers(scene);
    let mut ways: BTreeMap<usize, Vec<(&Entrance, PortSet)>> = BTreeMap::new();
    for entrance in connectivity.entrances() {
        let admission = connectivity.admission(entrance);
        let direct = matches!(&entrance.way, Way::Direct { from, .. } if *from != Origin::Internet);
        // What is not sure is reported where it is denied or not by other means.
        if !direct && !admission.ports.is_empty() && admission.certainty != Certainty::Undetermined {
            ways.entry(entrance.workload).or_default().push((entrance, admission.ports));
        }
    }
    for (index, ways) in ways {
        let workload = &cluster.workloads()[index];
        let Some(own) = graph.object(&workload.key) else {
            continue;
        };
        let mut chains: Vec<(String, Option<&Entry>)> = Vec::new();
        let mut ports = PortSet::none();
        for (entrance, open) in &ways {
            let Some(by) = graph.object(&entrance.by) else { continue };
            let Some(mut chain) = from_internet(graph, by) else { continue };
            chain.extend(services_between(graph, by, own));
            let names: Vec<String> = chain.iter().skip(1).map(|n| words(graph.node(*n))).collect();
            let through = if by == own { own_opening(graph, by).to_owned() } else { names.join(" → ") };
            ports = ports.union(open);
            chains.push((through, entries.get(&entrance.by).copied()));
        }
        let Some((first, _)) = chains.first() else { continue };
        let more = match chains.len() {
            1 => String::new(),
            2 => " and one more way".to_owned(),
            n => format!(" and {} more ways", n - 1),
        };
        let message = format!("{} is reached from the Internet on {ports}, through {first}{more}", named(workload));
        let opened: Vec<&Entry> = chains.iter().filter_map(|(_, e)| *e).take(3).collect();
        let mut report = scene.report(Code::ExposedToInternet, &cluster.entries()[workload.entry], "", message);
        for entry in opened {
            report = report.related(entry, "", "opens it");
        }
        report.help("nothing is wrong if that is meant");
    }
}

/// How a workload is open to the outside by itself.
fn own_opening(graph: &Graph, workload: usize) -> &'static str {
    let ways = graph.incoming(workload).into_iter().filter_map(|e| match &graph.edge(e).2.detail {
        EdgeDetail::Exposes(ways) => ways.first(),
        _ => None,
    });
    match ways.map(|way| way.via).next() {
        Some(Expose::HostPort) => "a host port of each node that runs it",
        Some(Expose::HostNetwork) => "the network of each node that runs it",
        _ => "its own entry point",
    }
}

/// The objects that open ways from outside, by their identity.
pub(super) fn openers<'a>(scene: &Scene<'a>) -> BTreeMap<&'a ObjectKey, &'a Entry> {
    let keys: BTreeSet<&ObjectKey> = scene.connectivity.entrances().iter().map(|e| &e.by).collect();
    scene.cluster.entries().iter().map(|e| (&e.key, e)).filter(|(key, _)| keys.contains(key)).collect()
}

fn services(scene: &mut Scene<'_>) {
    let (open, routed, controllers) = (opened(scene.graph), routed_to(scene.graph), controllers(scene));
    let all: Vec<(&Entry, Vec<usize>)> = scene
        .cluster
        .services()
        .map(|(e, s)| {
            let selector = s.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default();
            (e, scene.cluster.select(e.key.namespace(), &selector))
        })
        .collect();
    for (entry, pods) in all {
        let id = NodeId::object(&entry.key);
        let Some(ways) = open.get(&id) else {
            continue;
        };
        if pods.iter().any(|p| controllers.contains(p)) {
            continue;
        }
        let object = scene.cluster.find(&entry.key);
        let is_absent = object.is_some_and(|at| scene.facts.unprovisioned.contains_key(&at));
        let is_unjudged = object.is_some_and(|at| !scene.facts.unjudged_of(at).is_empty());
        for (via, ports) in ways {
            match via {
                // What does not exist takes no connections, and who gets in may be restricted in ways that are not
                // evaluated.
                Expose::LoadBalancer if is_absent || is_unjudged => {}
                Expose::LoadBalancer => open_balancer(scene, entry, ports),
                // A port that the cluster chooses is reported with the fixed ones, if there are any.
                Expose::NodePort if ways.len() == 1 || !ports.is_empty() => {
                    let report = open_node_port(scene, entry, ports);
                    if routed.contains(&id) {
                        report.lowered(
                            "an Ingress or a route sends to it, and the controllers of some clouds need node ports",
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

/// How each Service is open to the Internet by itself, with the ports.
fn opened(graph: &Graph) -> BTreeMap<&NodeId, Vec<(Expose, Vec<u16>)>> {
    let mut found: BTreeMap<&NodeId, Vec<(Expose, Vec<u16>)>> = BTreeMap::new();
    for (from, to, edge) in graph.edges() {
        let EdgeDetail::Exposes(ways) = &edge.detail else { continue };
        if graph.node(from).kind() == NodeKind::Internet && graph.node(to).kind() == NodeKind::Service {
            let list = found.entry(&graph.node(to).id).or_default();
            for way in ways {
                let mut ports: Vec<u16> = way.ports.iter().map(|p| p.0).collect();
                ports.dedup();
                list.push((way.via, ports));
            }
        }
    }
    found
}

/// The nodes that Ingresses and routes send to.
fn routed_to(graph: &Graph) -> BTreeSet<&NodeId> {
    let sends = |node: usize| matches!(graph.node(node).kind(), NodeKind::Ingress | NodeKind::Route);
    let routes = graph.edges().filter(|(from, _, e)| sends(*from) && matches!(e.detail, EdgeDetail::Routes { .. }));
    routes.map(|(_, to, _)| &graph.node(to).id).collect()
}

/// The workloads that bring the requests of Ingresses, Gateways and routes.
fn controllers(scene: &Scene<'_>) -> BTreeSet<usize> {
    let known = scene.connectivity.entrances().iter().filter_map(|e| match &e.way {
        Way::Controller(known) => Some(known),
        Way::Direct { .. } => None,
    });
    known.flatten().copied().collect()
}

/// How a Service is called in a sentence.
fn service_name(entry: &Entry) -> String {
    format!("Service {}/{}", entry.key.namespace(), entry.key.name)
}

/// A load balancer that takes connections from everybody.
fn open_balancer(scene: &mut Scene<'_>, entry: &Entry, ports: &[u16]) {
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    let message = format!(
        "{} has a load balancer that takes connections to port {} from every address",
        service_name(entry),
        some(&list)
    );
    let report = scene.report(Code::LoadbalancerOpen, entry, "spec.type", message).help(
        "list in `spec.loadBalancerSourceRanges` who may connect, \
         or ask your cloud for an internal load balancer with its annotation",
    );
    if ports.iter().all(|p| matches!(p, 80 | 443)) {
        report.severity(Severity::Info);
    }
}

/// A Service that is open on a port of every node.
fn open_node_port<'s, 'a>(scene: &'s mut Scene<'a>, entry: &Entry, ports: &[u16]) -> Report<'s, 'a> {
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    let which = match list.as_slice() {
        [] => "on a port that the cluster chooses".to_owned(),
        list => format!("on port {}", some(list)),
    };
    let message = format!("{} is open on every node, {which}", service_name(entry));
    scene
        .report(Code::NodeportExposed, entry, "spec.type", message)
        .help("use type ClusterIP behind an Ingress or a load balancer, or let a firewall say who may reach the nodes")
}

/// Load balancers that are not known to exist.
fn unprovisioned(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for (&service, why) in &facts.unprovisioned {
        let entry = scene.entry(service);
        let service = service_name(entry);
        let (message, shows) = match why {
            Unprovisioned::Pending => {
                (format!("the load balancer of {service} has no address yet: it is pending"), None)
            }
            Unprovisioned::NoPool => {
                let pool = pool_asked(entry).map_or("", |(_, pool)| pool);
                let message = format!(
                    "the load balancer of {service} gets no address: \
                     there is no IPAddressPool {pool} among those of MetalLB"
                );
                let at = pool_asked(entry).map_or(String::new(), |(name, _)| format!("metadata.annotations.{name}"));
                scene
                    .report(Code::LoadbalancerNotProvisioned, entry, &at, message)
                    .help("name a pool that is there, or give the manifests of the pool as well");
                continue;
            }
            Unprovisioned::NoProvider(by) => (
                format!(
                    "{service} asks for a load balancer, and nothing in the manifests makes one: \
                     {} is of no cloud, and there is no MetalLB, kube-vip or cloud controller",
                    scene.entry(*by).key
                ),
                Some(scene.entry(*by)),
            ),
        };
        let mut report = scene.report(Code::LoadbalancerNotProvisioned, entry, "spec.type", message);
        if let Some(shows) = shows {
            report = report.related(shows, "", "shows a cluster outside of clouds");
        }
        report.help("install a controller for load balancers, such as MetalLB, or use type NodePort or an Ingress");
    }
}

fn hosts(scene: &mut Scene<'_>) {
    let mut selected: BTreeMap<usize, Vec<(String, &Entry)>> = BTreeMap::new();
    for (entry, policy) in network_policies(scene) {
        for &workload in scene.pods.meant(scene.cluster, &policy.subject).iter() {
            if on_host(&scene.cluster.workloads()[workload]) {
                selected.entry(workload).or_default().push((title(policy), entry));
            }
        }
    }
    let cluster = scene.cluster;
    for (index, policies) in selected {
        let workload = &cluster.workloads()[index];
        let names: Vec<String> = policies.iter().map(|(name, _)| name.clone()).collect();
        let message = format!("{} is in the network of its node, where {} may not hold", named(workload), some(&names));
        let at = format!("{}.hostNetwork", workload.spec.pod_path);
        let mut report = scene
            .report(Code::HostnetworkBypassesPolicy, &cluster.entries()[workload.entry], &at, message)
            .help("leave out hostNetwork if the pods can do without, or protect the node's ports with a firewall");
        for (_, entry) in policies.iter().take(3) {
            report = report.related(entry, "spec.podSelector", "selects these pods");
        }
    }
}
