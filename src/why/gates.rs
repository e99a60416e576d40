//! From where requests come to entrances, and what is not known of that: whether a controller takes them, whether a load
//! balancer exists, what is not evaluated, and what policies leave of the way to the pods that bring the requests.

use std::collections::BTreeSet;

use super::Scene;
use super::answer::{Mark, Step};
use super::ends::{End, Judged, addresses_name, judge, network};
use super::outside::{NAMED, sources};
use super::ways::{Through, Way};
use crate::graph::{Detail, Edge, EdgeDetail, Location, Node, NodeId};
use crate::net::{AddressSet, PortSet, text};
use crate::policy::{self, Direction, Entrance, EntranceDoubt};
use crate::resolve::{Unprovisioned, is_google, pool_asked};

/// Why no controller takes an Ingress.
pub(super) fn unclaimed(scene: &Scene<'_>, ingress: &NodeId) -> Option<String> {
    let why = scene.facts.unclaimed.get(&scene.cluster.find(ingress.key()?)?)?;
    let classes: Vec<&str> = why.classes.iter().map(|&c| scene.entry(c).key.name.as_str()).collect();
    let controllers: Vec<String> = why.controllers.iter().map(|&w| scene.workload_name(w)).collect();
    let several = match classes.len() {
        0 => format!("of the controllers {} none is", text::sentence(&controllers, 5)),
        1 => format!("class {}, one of several controllers', is not", classes[0]),
        _ => format!("of the classes {} none is", text::sentence(&classes, 5)),
    };
    Some(format!("{ingress} names no class, and {several} the default: no controller takes it"))
}

/// Why it is not known whether the one class of the manifests takes an Ingress: it names none, and that is not the
/// default (<https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class>).
pub(super) fn unclassed(scene: &Scene<'_>, ingress: &Node) -> Option<String> {
    let Detail::Ingress { class: None, .. } = &ingress.detail else { return None };
    let object = ingress.id.key().and_then(|key| scene.cluster.find(key))?;
    let class = scene.cluster.ingress_classes().next().filter(|_| !is_google(scene.entry(object)))?.0;
    let id = &ingress.id;
    Some(format!(
        "{id} names no class, and class {} is not the default: whether a controller takes it is not known",
        class.key.name
    ))
}

/// Why the load balancer of a Service is not known to exist, with the place that shows it.
pub(super) fn unprovisioned(scene: &Scene<'_>, service: &NodeId) -> Option<(String, Option<String>)> {
    let found = scene.facts.unprovisioned.get(&scene.cluster.find(service.key()?)?)?;
    let own = service.key().and_then(|key| scene.cluster.find(key)).map(|own| scene.entry(own));
    Some(match found {
        Unprovisioned::NoPool => {
            let (_, pool) = pool_asked(own?)?;
            let text = format!("the load balancer of {service} gets no address: there is no IPAddressPool {pool}");
            (text, Some(scene.place(own?.object.span)))
        }
        Unprovisioned::Pending => (format!("the load balancer of {service} has no address yet: it is pending"), None),
        Unprovisioned::NoProvider(by) => {
            let by = scene.entry(*by);
            let text = format!(
                "nothing in the manifests makes a load balancer for {service}: \
                 {} is of no cloud, and there is no MetalLB, kube-vip or cloud controller",
                by.key
            );
            (text, Some(scene.place(by.object.span)))
        }
    })
}

pub(super) fn place(edge: &Edge) -> Option<String> {
    edge.evidence.first().map(|e| e.place())
}

/// How requests come to an Ingress or route.
pub(super) struct Passed {
    /// The Gateways and routes before it.
    pub before: Vec<NodeId>,
    /// The same as the beginning of a sentence.
    pub text: String,
    /// Why nobody can tell who sends requests to it.
    pub doubt: Option<String>,
    /// Of the asking addresses those that come to it, in words, where these are not all.
    pub only: Option<String>,
    /// The asking addresses that come to it.
    pub clients: AddressSet,
}

/// Through which Gateways and routes the asking addresses come to an Ingress or route; `None` if they do not.
pub(super) fn gate(scene: &Scene<'_>, object: usize, asking: &AddressSet, step: &mut Step) -> Option<Passed> {
    let gates = scene.facts.gates_of(object);
    if gates.is_empty() {
        closed(scene, object, step);
    }
    let mut best: Option<Passed> = None;
    for gate in gates {
        let text: String = gate.through.iter().map(|id| format!("{id}, ")).collect();
        let passed = Passed { before: gate.through.clone(), text, doubt: None, only: None, clients: asking.clone() };
        let Some(outside) = &gate.outside else {
            let first = gate.through.first().map_or("its Gateway", NodeId::as_str);
            let text = format!("{first} is not in the manifests: who can send requests to it cannot be determined");
            step.say(Mark::Doubt, text.clone(), Some(scene.place(scene.entry(object).object.span)));
            return Some(Passed { doubt: Some(text), ..passed });
        };
        let Some(node) = scene.graph.find(outside).map(|n| scene.graph.node(n)) else { continue };
        let at = node.evidence.first().map(|e| e.place());
        if let Some(clients) = clients(&node.detail, at, asking, step) {
            let passed = Passed { only: only(&node.detail, asking), clients, ..passed };
            if passed.only.is_none() {
                return Some(passed);
            }
            best = best.or(Some(passed));
        }
    }
    best
}

/// Says why no request from outside comes to an entrance: only the inside of the cluster reaches its controller.
fn closed(scene: &Scene<'_>, object: usize, step: &mut Step) {
    let mut seen = BTreeSet::from([object]);
    let mut open = vec![object];
    let shut = loop {
        let Some(at) = open.pop() else { return };
        if let Some(pods) = scene.facts.shut.get(&at) {
            break (at, pods);
        }
        let node = scene.graph.object(&scene.entry(at).key);
        let before = node.into_iter().flat_map(|n| scene.graph.incoming(n)).map(|e| scene.graph.edge(e));
        let before = before.filter(|(_, _, e)| matches!(e.detail, EdgeDetail::Routes { .. }));
        let before = before.filter_map(|(from, _, _)| scene.cluster.find(scene.graph.node(from).id.key()?));
        open.extend(before.filter(|at| seen.insert(*at)));
    };
    let (object, pods) = shut;
    let names: Vec<String> = pods.iter().map(|&w| scene.workload_name(w)).collect();
    let (id, at) = (&scene.entry(object).key, scene.entry(object).object.span);
    let text = match names.as_slice() {
        [] => format!("{id} is reached from inside the cluster only"),
        names => {
            format!("{id}: nothing opens {} to the outside, which would bring its requests", text::sentence(names, 3))
        }
    };
    step.say(Mark::Problem, text, Some(scene.place(at)));
}

/// The addresses that may come in, in words, where these are not all that ask.
pub(super) fn only(outside: &Detail, asking: &AddressSet) -> Option<String> {
    let Detail::External { set, .. } = outside else { return None };
    let narrow = set.intersection(asking);
    (!asking.difference(&narrow).is_empty()).then(|| format!("only {}", addresses_name(&narrow)))
}

/// What is not evaluated of the objects on a way and may change who gets in.
pub(super) fn unjudged<'n>(
    scene: &Scene<'_>,
    nodes: impl IntoIterator<Item = &'n NodeId>,
    step: &mut Step,
) -> Option<String> {
    let mut first = None;
    let way: Vec<&NodeId> = nodes.into_iter().collect();
    for object in way.iter().filter_map(|id| scene.cluster.find(id.key()?)) {
        let entry = scene.entry(object);
        for found in scene.facts.unjudged_on(object, &way).take(NAMED) {
            let text = format!(
                "{}: {} is not evaluated and may keep requests out or send them elsewhere",
                entry.key, found.what
            );
            first.get_or_insert_with(|| text.clone());
            step.say_once(Mark::Doubt, text, scene.place(entry.object.at(&found.field)));
        }
        for fault in scene.facts.faults_of(object).iter().take(NAMED) {
            let text = format!("{}: {}", entry.key, fault.text);
            first.get_or_insert_with(|| text.clone());
            step.say_once(Mark::Doubt, text, scene.place(entry.object.at(&fault.field)));
        }
    }
    first
}

/// The first step of a way: who opens the connection to the pods, and what policies leave of the step before.
pub(super) struct Hop {
    pub ends: Vec<End>,
    pub doubt: Option<String>,
    pub only: Option<String>,
}

/// From the clients to the pods that bring their requests: policies may keep them from these.
pub(super) fn hop(scene: &Scene<'_>, way: &Way, (workload, asked): (usize, &PortSet), step: &mut Step) -> Hop {
    let mut hop = Hop { ends: Vec::new(), doubt: None, only: None };
    for end in sources(scene, &way.through, workload, asked) {
        let controller = match (&way.through, &end) {
            (Through::Controller, End::Workload(controller)) => *controller,
            _ => {
                hop.ends.push(end);
                continue;
            }
        };
        let name = scene.workload_name(controller);
        let direct = scene.connectivity.entrances().iter().filter(|e| e.workload == controller);
        let direct: Vec<&Entrance> = direct.filter(|e| matches!(e.way, policy::Way::Direct { .. })).collect();
        let mut ports = direct.iter().fold(PortSet::none(), |set, e| set.with(&e.ports));
        if ports.is_empty() {
            ports = PortSet::all();
        }
        let clients = End::Addresses(way.clients.clone());
        let Some(on) = network(scene, &clients, &end) else { continue };
        let parts = judge(scene, on, &clients, &end, &ports);
        let by: Vec<String> = scene
            .connectivity
            .isolation(controller, Direction::Ingress)
            .isolating
            .into_iter()
            .map(|p| scene.connectivity.policies()[p].key.to_string())
            .collect();
        let open = parts.iter().filter(|p| !p.allowed.is_empty());
        let open = open.fold(
            AddressSet::none(),
            |set, p| {
                if let End::Addresses(own) = &p.from { set.union(own) } else { set }
            },
        );
        let is_unsure = parts.iter().any(|p| p.doubt.is_some());
        if open.is_empty() && !is_unsure {
            let text = format!("policies let nobody of those who ask come to {name}, which brings the requests");
            let text = if by.is_empty() { text } else { format!("{text} ({})", text::first(by, NAMED)) };
            step.say(Mark::Problem, text, Some(scene.workload_place(controller)));
            continue;
        }
        let is_narrow = parts.iter().any(|p| p.allowed.is_empty());
        let may_be_node = direct.iter().any(|e| e.doubt == Some(EntranceDoubt::Translated));
        if is_unsure || is_narrow && may_be_node {
            let text =
                format!("whether policies let the requests come to {name}, which brings them, is not determined");
            step.say(Mark::Doubt, text.clone(), Some(scene.workload_place(controller)));
            hop.doubt = Some(text);
        } else if is_narrow {
            hop.only = Some(format!("only {}", addresses_name(&open)));
        } else if parts.iter().any(Judged::depends) {
            let text = format!("policies let some requests only come to {name}, which brings them");
            step.say(Mark::Doubt, text, Some(scene.workload_place(controller)));
            hop.only = Some("on some requests only".to_owned());
        }
        hop.ends.push(end);
    }
    hop
}

/// Those of the asking addresses from which something is reached; `None` where it is none of them.
pub(super) fn clients(
    outside: &Detail,
    at: Option<String>,
    asking: &AddressSet,
    step: &mut Step,
) -> Option<AddressSet> {
    match outside {
        Detail::Internet => Some(asking.clone()),
        Detail::External { location: Location::AroundCluster, .. } => {
            step.say(
                Mark::Doubt,
                "it is inside the network: the network around the cluster reaches it, the Internet does not",
                at,
            );
            None
        }
        Detail::External { set, .. } => {
            let reachable = set.intersection(asking);
            if reachable.is_empty() {
                step.say(Mark::Doubt, format!("only {set} may come in this way"), at);
            }
            (!reachable.is_empty()).then_some(reachable)
        }
        _ => None,
    }
}
