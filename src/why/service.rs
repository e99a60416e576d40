//! The layers of Services: which pods are behind one, and which of their ports is behind the port that was asked for.

use std::collections::BTreeMap;

use super::Scene;
use super::answer::{Change, Found, Layer, Mark, Step, Target, anywhere, plain_port};
use super::ends::End;
use super::lookup::Party;
use super::question::{PortName, PortWish};
use crate::graph::{Detail, EdgeDetail, NodeKind, Port, PortMap, ServiceKind, TargetPort, port_text};
use crate::policy::{AddressSet, PortSet, Protocol, parse_cidr};

/// The policy room's word for a protocol of the graph.
pub(super) fn protocol(of_graph: crate::graph::Protocol) -> Protocol {
    match of_graph {
        crate::graph::Protocol::Tcp => Protocol::Tcp,
        crate::graph::Protocol::Udp => Protocol::Udp,
        crate::graph::Protocol::Sctp => Protocol::Sctp,
    }
}

/// The ports of the pods that a Service port leads to.
pub(super) fn target_ports(map: &PortMap) -> PortSet {
    let numbers = match &map.target {
        TargetPort::Number(number) => std::slice::from_ref(number),
        TargetPort::Name { resolved, .. } => resolved,
    };
    numbers
        .iter()
        .fold(PortSet::none(), |set, n| set.union(&PortSet::port(protocol(map.protocol), *n)))
}

/// Whether a wish means a port of a Service.
pub(super) fn is_wished(wish: Option<&PortWish>, map: &PortMap) -> bool {
    wish.is_none_or(|w| w.means(map.port, map.name.as_deref(), protocol(map.protocol)))
}

/// The workloads that a Service leads to, with the ports that lead there and the place that says so.
pub(super) fn selected<'a>(scene: &Scene<'a>, service: &str) -> Vec<(usize, &'a [PortMap], String)> {
    let Some(node) = scene.graph.find(service) else { return Vec::new() };
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
        Party::Service(index) => selected(scene, &scene.entry(*index).key.to_string())
            .into_iter()
            .map(|(w, ..)| w)
            .collect(),
        _ => Vec::new(),
    }
}

/// The Services that lead to a workload.
pub(super) fn leading_to(scene: &Scene<'_>, workload: usize) -> Vec<String> {
    let Some(node) = scene.graph.find(&scene.workload_name(workload)) else {
        return Vec::new();
    };
    let edges = scene.graph.incoming(node).into_iter().map(|e| scene.graph.edge(e));
    edges
        .filter(|(_, _, edge)| matches!(edge.detail, EdgeDetail::Selects(_)))
        .map(|(from, ..)| scene.graph.node(from).id.clone())
        .collect()
}

/// What a Service leads to.
pub(super) fn targets(scene: &Scene<'_>, entry: usize, wish: Option<&PortWish>, steps: &mut Vec<Step>) -> Result<Found, String> {
    let mut endpoints = Step::new(Layer::Endpoints);
    let mut id = scene.entry(entry).key.to_string();
    let mut seen: Vec<String> = Vec::new();
    while !seen.contains(&id) {
        seen.push(id.clone());
        let Some(node) = scene.graph.find(&id) else { break };
        let Detail::Service {
            service: kind,
            ports,
            selector,
        } = &scene.graph.node(node).detail
        else {
            break;
        };
        if *kind != ServiceKind::ExternalName {
            let found = behind(
                scene,
                &Behind {
                    id: &id,
                    kind: *kind,
                    ports,
                    selector,
                },
                wish,
                &mut endpoints,
            );
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
            return after_endpoints(endpoints, Behave::failed("the Service stands for no name"), steps);
        };
        let other = scene.graph.node(to);
        let at = edge.evidence.first().map(|e| e.place());
        match other.kind {
            NodeKind::Missing => {
                endpoints.say(
                    Mark::Problem,
                    format!(
                        "{id} stands for Service {} of namespace {}, which is not in the input",
                        other.name,
                        other.namespace.as_deref().unwrap_or_default()
                    ),
                    at,
                );
                return after_endpoints(endpoints, Behave::failed("the Service that the name stands for is not there"), steps);
            }
            NodeKind::Service => {
                endpoints.say(Mark::Ok, format!("{id} is another name for {}", other.id), at);
                id.clone_from(&other.id);
            }
            _ => {
                endpoints.say(
                    Mark::Doubt,
                    format!("{id} is another name for {}, outside of the cluster", other.name),
                    at,
                );
                let end = End::Addresses(anywhere());
                let pairs = vec![(
                    end.clone(),
                    Target {
                        end,
                        asked: plain_port(wish)?,
                    },
                )];
                let found = Found {
                    pairs,
                    unknown: Some(format!("which addresses {} has is not in the manifests", other.name)),
                    ..Found::default()
                };
                steps.push(endpoints);
                return Ok(found);
            }
        }
    }
    endpoints.say(Mark::Problem, format!("{id} is an alias of itself"), None);
    after_endpoints(endpoints, Behave::failed("the Service is an alias without end"), steps)
}

/// What the layers of a Service end in, with the layer of ports where it was reached.
struct Behave {
    found: Found,
    ports: Option<Step>,
}

impl Behave {
    fn failed(why: &str) -> Behave {
        Behave {
            found: Found {
                failure: Some(why.to_owned()),
                ..Found::default()
            },
            ports: None,
        }
    }
}

fn after_endpoints(endpoints: Step, behave: Behave, steps: &mut Vec<Step>) -> Result<Found, String> {
    steps.push(endpoints);
    steps.extend(behave.ports);
    Ok(behave.found)
}

fn place_of(scene: &Scene<'_>, node: usize) -> Option<String> {
    scene.graph.node(node).evidence.first().map(|e| e.place())
}

/// A Service that is no alias.
struct Behind<'a> {
    id: &'a str,
    kind: ServiceKind,
    ports: &'a [PortMap],
    selector: &'a BTreeMap<String, String>,
}

fn behind(scene: &Scene<'_>, service: &Behind<'_>, wish: Option<&PortWish>, endpoints: &mut Step) -> Behave {
    let selected = selected(scene, service.id);
    let labels = pairs(service.selector);
    let outside = outside_addresses(scene, service.id);
    for (workload, _, at) in &selected {
        let how = if service.selector.is_empty() {
            "Endpoints name".into()
        } else {
            format!("{labels} selects")
        };
        endpoints.say(Mark::Ok, format!("{how} {}", scene.workload_name(*workload)), Some(at.clone()));
        if scene.workload(*workload).spec.replicas == Some(0) {
            endpoints.say(
                Mark::Doubt,
                format!("{} runs no pods: its replicas are 0", scene.workload_name(*workload)),
                Some(scene.workload_place(*workload)),
            );
        }
    }
    for (set, _, at) in &outside {
        endpoints.say(
            Mark::Ok,
            format!("Endpoints name addresses outside of the input: {set}"),
            Some(at.clone()),
        );
    }
    if selected.is_empty() && outside.is_empty() {
        let at = scene.graph.find(service.id).and_then(|n| place_of(scene, n));
        if service.selector.is_empty() {
            endpoints.say(
                Mark::Doubt,
                format!("{} has no selector, and the input holds no Endpoints or EndpointSlices of it", service.id),
                at,
            );
            let unknown = Some("what the Service leads to is not in the manifests".to_owned());
            return Behave {
                found: Found { unknown, ..Found::default() },
                ports: None,
            };
        }
        endpoints.say(Mark::Problem, format!("{labels} selects no pod: {} has no endpoints", service.id), at);
        let mut behave = Behave::failed("the Service has no endpoints");
        behave.found.changes = nearest(scene, service, endpoints);
        return behave;
    }
    let mut ports = Step::new(Layer::Ports);
    let found = map_ports(scene, service, wish, &selected, outside, &mut ports);
    Behave { found, ports: Some(ports) }
}

/// Addresses that hand-written endpoints lead to, with their ports.
fn outside_addresses(scene: &Scene<'_>, service: &str) -> Vec<(AddressSet, Vec<PortMap>, String)> {
    let Some(node) = scene.graph.find(service) else { return Vec::new() };
    let edges = scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e));
    edges
        .filter_map(|(_, to, edge)| {
            let (EdgeDetail::Resolves(maps), Detail::External { addresses, .. }) = (&edge.detail, &scene.graph.node(to).detail) else {
                return None;
            };
            let blocks = addresses
                .iter()
                .filter_map(|a| parse_cidr(&format!("{a}/{}", if a.contains(':') { 128 } else { 32 })).ok());
            let set = blocks.fold(AddressSet::none(), |set, b| set.union(&AddressSet::block(b)));
            Some((set, maps.clone(), edge.evidence.first().map(|e| e.place()).unwrap_or_default()))
        })
        .collect()
}

/// Says which workloads come closest to a selector that selects nothing.
fn nearest(scene: &Scene<'_>, service: &Behind<'_>, step: &mut Step) -> Vec<Change> {
    let namespace = scene
        .graph
        .find(service.id)
        .and_then(|n| scene.graph.node(n).namespace.clone())
        .unwrap_or_default();
    let shared = |w: usize| {
        service
            .selector
            .iter()
            .filter(|(k, v)| scene.workload(w).spec.pod_labels.get(*k) == Some(v))
            .count()
    };
    let keys = |w: usize| {
        service
            .selector
            .keys()
            .filter(|k| scene.workload(w).spec.pod_labels.contains_key(*k))
            .count()
    };
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
    let own = all().filter(|&w| scene.workload(w).key.namespace() == namespace && keys(w) > 0);
    let Some(near) = own.max_by_key(|&w| (shared(w), keys(w), std::cmp::Reverse(w))) else {
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
    let at = scene.place(scene.entry(workload.entry).object.at(workload.spec.labels_path));
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
    labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}

fn declared<'a>(scene: &Scene<'a>, workload: usize) -> &'a [Port] {
    let node = scene.graph.find(&scene.workload_name(workload)).map(|n| scene.graph.node(n));
    if let Some(Detail::Workload { ports, .. }) = node.map(|n| &n.detail) {
        ports
    } else {
        &[]
    }
}

fn declared_text(ports: &[Port]) -> String {
    let one = |p: &Port| {
        let number = port_text(p.number, p.protocol);
        p.name.as_ref().map_or(number.clone(), |name| format!("{name} {number}"))
    };
    if ports.is_empty() {
        "none".into()
    } else {
        ports.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

type Selected<'a> = [(usize, &'a [PortMap], String)];

fn map_ports(
    scene: &Scene<'_>,
    service: &Behind<'_>,
    wish: Option<&PortWish>,
    selected: &Selected<'_>,
    outside: Vec<(AddressSet, Vec<PortMap>, String)>,
    step: &mut Step,
) -> Found {
    let mut found = Found::default();
    let wished: Vec<(usize, &PortMap)> = service.ports.iter().enumerate().filter(|(_, m)| is_wished(wish, m)).collect();
    if wished.is_empty() && !service.ports.is_empty() && service.kind != ServiceKind::Headless && !selected.is_empty() {
        return no_such_port(scene, service, wish, selected, step);
    }
    if wished.is_empty() && !selected.is_empty() {
        // Clients of a headless Service connect to the pods themselves, on whatever port they like
        // (https://kubernetes.io/docs/concepts/services-networking/service/#headless-services).
        step.say(
            Mark::Ok,
            format!("{} is {}: clients connect to the pods themselves", service.id, service.kind.as_str()),
            None,
        );
        for (workload, ..) in selected {
            found.absorb(workload_ports(scene, *workload, wish, step));
        }
        return found;
    }
    let entry = scene.cluster.entries().iter().find(|e| e.key.to_string() == service.id);
    for (index, map) in &wished {
        let at = entry.map(|e| scene.place(e.object.at(&format!("spec.ports[{index}]"))));
        let name = map.name.as_ref().map_or(String::new(), |n| format!(" ({n})"));
        match &map.target {
            TargetPort::Name { name: target, resolved } if resolved.is_empty() => {
                let there: Vec<String> = selected
                    .iter()
                    .map(|(w, ..)| format!("{} declares {}", scene.workload_name(*w), declared_text(declared(scene, *w))))
                    .collect();
                step.say(
                    Mark::Problem,
                    format!(
                        "port {}{name} leads to the port named `{target}`, which no pod behind it declares: {}",
                        port_text(map.port, map.protocol),
                        there.join("; ")
                    ),
                    at,
                );
                found.failure = Some(format!("port {} of the Service leads nowhere", map.port));
                found.changes.push(Change::Edit(format!(
                    "name a container port `{target}`, or let targetPort of {} be its number",
                    service.id
                )));
            }
            target if selected.is_empty() => step.say(
                Mark::Ok,
                format!("port {}{name} leads to {target}", port_text(map.port, map.protocol)),
                at,
            ),
            target => step.say(
                Mark::Ok,
                format!("port {}{name} leads to {target} of the pods", port_text(map.port, map.protocol)),
                at,
            ),
        }
    }
    for (workload, maps, _) in selected {
        let ports = maps
            .iter()
            .filter(|m| wished.iter().any(|(_, w)| (w.port, w.protocol, &w.name) == (m.port, m.protocol, &m.name)));
        let asked = ports.map(target_ports).fold(PortSet::none(), |a, b| a.union(&b));
        undeclared(scene, *workload, &asked, step);
        if !asked.is_empty() {
            found.failure = None;
            found.target(End::Workload(*workload), asked);
        } else if selected.len() > 1 {
            let text = format!(
                "{} has no such port, so the Service sends nothing there (it declares {})",
                scene.workload_name(*workload),
                declared_text(declared(scene, *workload))
            );
            step.say(Mark::Doubt, text, Some(scene.workload_place(*workload)));
        }
    }
    for (set, maps, _) in outside {
        let own = maps.iter().filter(|m| {
            wish.is_none_or(|w| w.means(m.port, m.name.as_deref(), protocol(m.protocol))) || wished.iter().any(|(_, w)| w.name == m.name)
        });
        let asked = own.map(target_ports).fold(PortSet::none(), |a, b| a.union(&b));
        found.target(End::Addresses(set), asked);
    }
    found
}

impl Found {
    fn target(&mut self, end: End, asked: PortSet) {
        self.pairs.push((end.clone(), Target { end, asked }));
    }

    fn absorb(&mut self, other: Found) {
        self.pairs.extend(other.pairs);
        self.changes.extend(other.changes);
        self.failure = self.failure.take().or(other.failure);
    }
}

/// A port that the containers do not declare may be open all the same
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>), so this is only worth a look.
fn undeclared(scene: &Scene<'_>, workload: usize, asked: &PortSet, step: &mut Step) {
    let own = declared(scene, workload);
    let known = own
        .iter()
        .fold(PortSet::none(), |set, p| set.union(&PortSet::port(protocol(p.protocol), p.number)));
    let rest = asked.difference(&known);
    if !own.is_empty() && !rest.is_empty() && !rest.is_all() {
        let text = format!(
            "{} does not declare {rest}, which matters only if nothing listens there (it declares {})",
            scene.workload_name(workload),
            declared_text(own)
        );
        step.say(Mark::Doubt, text, Some(scene.workload_place(workload)));
    }
}

fn no_such_port(scene: &Scene<'_>, service: &Behind<'_>, wish: Option<&PortWish>, selected: &Selected<'_>, step: &mut Step) -> Found {
    let wished = wish.map(PortWish::to_string).unwrap_or_default();
    let of_pod = |m: &&PortMap| wish.is_some_and(|w| target_wished(w, m));
    let at = scene.graph.find(service.id).and_then(|n| place_of(scene, n));
    let is_declared = selected.iter().any(|(w, ..)| {
        declared(scene, *w)
            .iter()
            .any(|p| wish.is_some_and(|w| w.means(p.number, p.name.as_deref(), protocol(p.protocol))))
    });
    let list: Vec<String> = service
        .ports
        .iter()
        .map(|m| {
            m.name
                .as_ref()
                .map_or(port_text(m.port, m.protocol), |n| format!("{n} {}", port_text(m.port, m.protocol)))
        })
        .collect();
    let (text, change) = if let Some(map) = service.ports.iter().find(of_pod) {
        let right = port_text(map.port, map.protocol);
        (
            format!("{wished} is the pods' port; the port of the Service is {right}"),
            format!("connect to port {right} of {}", service.id),
        )
    } else if is_declared {
        (
            format!(
                "{wished} is a port of the pods that no port of the Service leads to (it has {})",
                list.join(", ")
            ),
            format!("add port {wished} to spec.ports of {}", service.id),
        )
    } else {
        (
            format!("{} has no port {wished}; it has {}", service.id, list.join(", ")),
            format!("connect to a port that {} has: {}", service.id, list.join(", ")),
        )
    };
    step.say(Mark::Problem, text, at);
    Found {
        failure: Some(format!("the Service has no port {wished}")),
        changes: vec![Change::Edit(change)],
        ..Found::default()
    }
}

/// Whether a wish means the port of the pods behind a Service port.
pub(super) fn target_wished(wish: &PortWish, map: &PortMap) -> bool {
    let (name, numbers) = match &map.target {
        TargetPort::Number(number) => (None, std::slice::from_ref(number)),
        TargetPort::Name { name, resolved } => (Some(name.as_str()), resolved.as_slice()),
    };
    numbers.iter().any(|n| wish.means(*n, name, protocol(map.protocol)))
}

/// A workload that is asked for itself.
pub(super) fn workload_target(scene: &Scene<'_>, workload: usize, wish: Option<&PortWish>, steps: &mut Vec<Step>) -> Result<Found, String> {
    let mut step = Step::new(Layer::Ports);
    let found = workload_ports(scene, workload, wish, &mut step);
    steps.push(step);
    Ok(found)
}

fn workload_ports(scene: &Scene<'_>, workload: usize, wish: Option<&PortWish>, step: &mut Step) -> Found {
    let own = declared(scene, workload);
    let name = scene.workload_name(workload);
    let at = Some(scene.workload_place(workload));
    let matching = own
        .iter()
        .filter(|p| wish.is_none_or(|w| w.means(p.number, p.name.as_deref(), protocol(p.protocol))));
    let asked = matching.fold(PortSet::none(), |set, p| set.union(&PortSet::port(protocol(p.protocol), p.number)));
    let mut found = Found::default();
    if !asked.is_empty() {
        step.say(Mark::Ok, format!("{name} declares {asked}"), at);
        found.target(End::Workload(workload), asked);
        return found;
    }
    match wish {
        None => {
            step.say(Mark::Ok, format!("{name} declares no ports: every port is asked for"), at);
            found.target(End::Workload(workload), PortSet::all());
        }
        Some(PortWish {
            port: PortName::Number(number),
            protocol,
        }) => {
            let asked = PortSet::port(protocol.unwrap_or(Protocol::Tcp), *number);
            step.say(Mark::Ok, format!("{asked} of the pods"), None);
            undeclared(scene, workload, &asked, step);
            found.target(End::Workload(workload), asked);
        }
        Some(PortWish {
            port: PortName::Name(wanted),
            ..
        }) => {
            step.say(
                Mark::Problem,
                format!("{name} declares no port named `{wanted}`; it declares {}", declared_text(own)),
                at,
            );
            found.failure = Some(format!("no pod has a port named `{wanted}`"));
        }
    }
    found
}
