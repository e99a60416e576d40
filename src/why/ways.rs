//! The ways from outside to a Service: those that it opens itself, those of Ingresses and routes, and what comes to its
//! other names.

use super::Scene;
use super::answer::{Mark, Step};
use super::gates::{clients, gate, only, place, unclaimed, unclassed, unjudged, unprovisioned};
use super::question::PortWish;
use super::{ports, service};
use crate::graph::{Backend, Edge, EdgeDetail, Expose, Node, NodeId, PortMap, TargetPort, are_silent};
use crate::net::{AddressSet, Protocol, text};

/// One way in, up to a Service.
pub(super) struct Way {
    /// The object that opens it.
    pub by: NodeId,
    /// Gateways and routes before it.
    pub before: Vec<NodeId>,
    /// What it is, in words.
    pub text: String,
    /// Where it says so.
    pub at: Option<String>,
    /// Who sends the requests on to the pods.
    pub through: Through,
    /// The port of the Service that it leads to; `None` for all.
    pub port: Option<Backend>,
    /// The ports that answer outside, by which the wish may call it.
    pub outer: Vec<u16>,
    /// The one protocol that it carries, where it carries only one.
    pub transport: Option<Protocol>,
    /// Why it is not known to be there.
    pub doubt: Option<String>,
    /// Of the asking addresses those that may come in this way, in words, where these are not all.
    pub only: Option<String>,
    /// The asking addresses that may come in this way.
    pub clients: AddressSet,
}

/// Who opens the connection to the pods.
pub(super) enum Through {
    /// A controller that ends the client's connection and opens one of its own.
    Controller,
    /// The client itself.
    Clients(AddressSet),
}

/// More names of one Service are not looked at.
const MOST_ALIASES: usize = 16;

/// The ways to a Service. Names of it that were looked at are in `seen`.
pub(super) fn ways(
    scene: &Scene<'_>,
    service: &NodeId,
    asking: &AddressSet,
    step: &mut Step,
    seen: &mut Vec<NodeId>,
) -> Vec<Way> {
    let Some(node) = scene.graph.find(service).filter(|_| seen.len() < MOST_ALIASES && !seen.contains(service)) else {
        return Vec::new();
    };
    seen.push(service.clone());
    let mut found = Vec::new();
    for (from, _, edge) in scene.graph.incoming(node).into_iter().map(|e| scene.graph.edge(e)) {
        let from = scene.graph.node(from);
        match &edge.detail {
            EdgeDetail::Exposes(_) => found.extend(by_itself(scene, service, from, edge, asking, step)),
            EdgeDetail::Routes { .. } => found.extend(by_route(scene, service, from, edge, asking, step)),
            EdgeDetail::Resolves(_) => {
                let to_alias = ways(scene, &from.id, asking, step, seen);
                found.extend(to_alias.into_iter().filter_map(|way| by_name(way, &from.id)));
            }
            EdgeDetail::Selects(_) | EdgeDetail::Allows(_) | EdgeDetail::Denied(_) => {}
            EdgeDetail::Calls(_) | EdgeDetail::Uses(_) | EdgeDetail::Scales(_) | EdgeDetail::Several(_) => {}
        }
    }
    found
}

/// The ways that a Service opens itself, as a load balancer or a port of nodes.
fn by_itself(
    scene: &Scene<'_>,
    service: &NodeId,
    outside: &Node,
    edge: &Edge,
    asking: &AddressSet,
    step: &mut Step,
) -> Vec<Way> {
    let EdgeDetail::Exposes(exposures) = &edge.detail else { return Vec::new() };
    let Some(clients) = clients(&outside.detail, place(edge), asking, step) else { return Vec::new() };
    let unjudged = unjudged(scene, [service], step);
    let mut found = Vec::new();
    for exposure in exposures {
        let unprovisioned = unprovisioned(scene, service).filter(|_| exposure.via == Expose::LoadBalancer);
        if let Some((text, at)) = &unprovisioned {
            step.say(Mark::Doubt, text.clone(), at.clone().or_else(|| place(edge)));
        }
        let outer: Vec<u16> = exposure.ports.iter().map(|(n, _)| *n).collect();
        let is_chosen = exposure.via == Expose::NodePort && outer.is_empty();
        let text = if is_chosen { "NodePort (chosen by the cluster)".into() } else { exposure.text() };
        found.push(Way {
            by: service.clone(),
            before: Vec::new(),
            text,
            at: place(edge),
            through: Through::Clients(clients.clone()),
            port: None,
            outer,
            transport: None,
            doubt: unprovisioned.map(|(text, _)| text).or_else(|| unjudged.clone()),
            only: only(&outside.detail, asking),
            clients: clients.clone(),
        });
    }
    found
}

/// The way that an Ingress or a route opens, with the Gateways before it; `None` if nothing comes through there.
fn by_route(
    scene: &Scene<'_>,
    service: &NodeId,
    by: &Node,
    edge: &Edge,
    asking: &AddressSet,
    step: &mut Step,
) -> Option<Way> {
    let EdgeDetail::Routes { port, rules } = &edge.detail else { return None };
    if let Some(text) = unclaimed(scene, &by.id) {
        step.say(Mark::Problem, text, place(edge));
        return None;
    }
    let object = by.id.key().and_then(|key| scene.cluster.find(key))?;
    if are_silent(rules) {
        let text = format!("{} sends no part of its requests there: the weight is 0", by.id);
        step.say(Mark::Doubt, text, place(edge));
        return None;
    }
    let gate = gate(scene, object, asking, step)?;
    let between = gate.before.iter().chain([&by.id, service]);
    let unjudged = unjudged(scene, between, step);
    let unclassed = unclassed(scene, by);
    let by_target = by_target(scene, (&by.id, service), port);
    for text in [&unclassed, &by_target].into_iter().flatten() {
        step.say(Mark::Doubt, text.clone(), place(edge));
    }
    let is_datagram = scene.facts.datagrams.contains(&object);
    let transport = if is_datagram { Protocol::Udp } else { Protocol::Tcp };
    let paths = rules.iter().map(|r| if r.default { "whatever no rule fits".into() } else { r.text() });
    Some(Way {
        by: by.id.clone(),
        before: gate.before,
        text: format!("{}{} sends {}", gate.text, by.id, text::first(paths, 3)),
        at: place(edge),
        through: Through::Controller,
        port: Some(port.clone()),
        outer: Vec::new(),
        transport: Some(transport),
        doubt: gate.doubt.or(unclassed).or(unjudged).or(by_target),
        only: gate.only,
        clients: gate.clients,
    })
}

/// What comes to another name of a Service through a controller comes to it, on the port of that number.
fn by_name(way: Way, alias: &NodeId) -> Option<Way> {
    matches!(way.through, Through::Controller).then(|| Way {
        text: format!("{} to {alias}, another name,", way.text),
        port: way.port.map(Backend::passed_on),
        ..way
    })
}

/// Whether a way leads to a port of the Service.
pub(super) fn leads(way: &Way, map: &PortMap) -> bool {
    let transport = way.transport.is_none_or(|t| t == map.protocol);
    transport
        && match &way.port {
            Some(Backend::Number(number)) => map.port == *number,
            Some(Backend::Name { name, .. }) => map.name.as_ref() == Some(name),
            Some(Backend::Absent(wanted)) => of_ingress(&way.by) && is_target(map, wanted),
            Some(Backend::None) | None => true,
        }
}

fn of_ingress(by: &NodeId) -> bool {
    by.key().is_some_and(|key| key.kind == "Ingress")
}

/// Whether a port of a Service leads to the one of the pods that is written.
fn is_target(map: &PortMap, wanted: &str) -> bool {
    match &map.target {
        TargetPort::Number(number) => number.to_string() == *wanted,
        TargetPort::Name { name, .. } => name == wanted,
    }
}

/// Why it is not known whether a backend of an Ingress leads anywhere: its port is none of the Service's. The API asks
/// for that one, and the most common controller takes the port of the pods as well
/// (<https://github.com/kubernetes/ingress-nginx>).
fn by_target(scene: &Scene<'_>, (by, service): (&NodeId, &NodeId), port: &Backend) -> Option<String> {
    let Backend::Absent(wanted) = port else { return None };
    let is_meant = |maps: &[PortMap]| maps.iter().any(|map| is_target(map, wanted));
    let leads = of_ingress(by) && service::selected(scene, service).iter().any(|(_, maps, _)| is_meant(maps));
    leads.then(|| {
        format!(
            "{by} asks for port {wanted}, which the Service does not have: only some controllers take the pods' port"
        )
    })
}

/// Whether a wish means this way: by the port of the Service, of the pods, or the one that answers outside.
pub(super) fn wished(wish: Option<&PortWish>, way: &Way, map: &PortMap) -> bool {
    let protocol = map.protocol;
    let outer = |w: &PortWish| {
        way.outer.iter().any(|n| w.means(*n, None, protocol))
            || map.node_port.is_some_and(|n| w.means(n, None, protocol))
    };
    wish.is_none_or(|w| w.means(map.port, map.name.as_deref(), protocol) || ports::target_wished(w, map) || outer(w))
}
