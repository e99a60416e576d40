//! The layer of ports: which port of the pods is behind the port that was asked for.

use super::Scene;
use super::answer::{Change, Found, Layer, Mark, Step};
use super::ends::End;
use super::question::{PortName, PortWish};
use super::service::{PlainService, place_of, unserved_change, unserved_text};
use crate::graph::{Detail, Port, PortMap, ServiceKind, TargetPort, port_text};
use crate::net::{AddressSet, PortSet, Protocol};

/// The ports of the pods that a Service port leads to.
pub(super) fn target_ports(map: &PortMap) -> PortSet {
    let numbers = match &map.target {
        TargetPort::Number(number) => std::slice::from_ref(number),
        TargetPort::Name { resolved, .. } => resolved,
    };
    numbers.iter().fold(PortSet::none(), |set, n| set.with(&PortSet::port(map.protocol, *n)))
}

/// Whether a wish means a port of a Service.
pub(super) fn is_wished(wish: Option<&PortWish>, map: &PortMap) -> bool {
    wish.is_none_or(|w| w.means(map.port, map.name.as_deref(), map.protocol))
}

fn declared<'a>(scene: &Scene<'a>, workload: usize) -> &'a [Port] {
    let node = scene.graph.object(&scene.workload(workload).key).map(|n| scene.graph.node(n));
    if let Some(Detail::Workload { ports, .. }) = node.map(|n| &n.detail) { ports } else { &[] }
}

/// Whether the pods of a workload declare a port that is asked for.
pub(super) fn declares(scene: &Scene<'_>, workload: usize, wish: &PortWish) -> bool {
    declared(scene, workload).iter().any(|p| wish.means(p.number, p.name.as_deref(), p.protocol))
}

fn declared_text(ports: &[Port]) -> String {
    let one = |p: &Port| {
        let number = port_text(p.number, p.protocol);
        p.name.as_ref().map_or(number.clone(), |name| format!("{name} {number}"))
    };
    if ports.is_empty() { "none".into() } else { ports.iter().map(one).collect::<Vec<_>>().join(", ") }
}

type Selected<'a> = [(usize, &'a [PortMap], String)];

/// Leads the ports that are asked for from the Service to the pods behind it.
pub(super) fn map_ports(
    scene: &Scene<'_>,
    service: &PlainService<'_>,
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
    if wish.is_none() && wished.len() > 1 {
        let text = format!("no port was asked for: all {} ports of the Service are judged", wished.len());
        step.say(Mark::Ok, text, None);
    }
    let facts = scene.facts.ports_of(service.entry);
    for (index, map) in &wished {
        let at = Some(scene.place(scene.entry(service.entry).object.at(&format!("spec.ports[{index}]"))));
        if let Some(port) = facts.get(*index).filter(|p| p.is_unserved()) {
            step.say(Mark::Problem, unserved_text(scene, port), at);
            found.failure = Some(format!("port {} of the Service has no endpoint", map.port));
            found.changes.push(unserved_change(service, port));
            continue;
        }
        let name = map.name.as_ref().map_or(String::new(), |n| format!(" ({n})"));
        match &map.target {
            TargetPort::Name { name: target, resolved } if resolved.is_empty() => {
                let there: Vec<String> = selected
                    .iter()
                    .map(|(w, ..)| {
                        format!("{} declares {}", scene.workload_name(*w), declared_text(declared(scene, *w)))
                    })
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
            target if selected.is_empty() => {
                step.say(Mark::Ok, format!("port {}{name} leads to {target}", port_text(map.port, map.protocol)), at)
            }
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
        let asked = ports.map(target_ports).fold(PortSet::none(), |a, b| a.with(&b));
        undeclared(scene, *workload, &asked, step);
        if !asked.is_empty() {
            found.lacking = found.failure.take().or(found.lacking);
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
            wish.is_none_or(|w| w.means(m.port, m.name.as_deref(), m.protocol))
                || wished.iter().any(|(_, w)| w.name == m.name)
        });
        let asked = own.map(target_ports).fold(PortSet::none(), |a, b| a.with(&b));
        if !asked.is_empty() {
            found.lacking = found.failure.take().or(found.lacking);
        }
        if found.failure.is_none() {
            found.target(End::Addresses(set), asked);
        }
    }
    found
}

/// A port that the containers do not declare may be open all the same
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>), so this is only worth a
/// look.
fn undeclared(scene: &Scene<'_>, workload: usize, asked: &PortSet, step: &mut Step) {
    let own = declared(scene, workload);
    let known = own.iter().fold(PortSet::none(), |set, p| set.with(&PortSet::port(p.protocol, p.number)));
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

fn no_such_port(
    scene: &Scene<'_>,
    service: &PlainService<'_>,
    wish: Option<&PortWish>,
    selected: &Selected<'_>,
    step: &mut Step,
) -> Found {
    let wished = wish.map(PortWish::to_string).unwrap_or_default();
    let of_pod = |m: &&PortMap| wish.is_some_and(|w| target_wished(w, m));
    let at = scene.graph.find(service.id).and_then(|n| place_of(scene, n));
    let is_declared = selected.iter().any(|(w, ..)| {
        declared(scene, *w).iter().any(|p| wish.is_some_and(|w| w.means(p.number, p.name.as_deref(), p.protocol)))
    });
    let list: Vec<String> = service
        .ports
        .iter()
        .map(|m| {
            m.name.as_ref().map_or(port_text(m.port, m.protocol), |n| format!("{n} {}", port_text(m.port, m.protocol)))
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
            format!("{wished} is a port of the pods that no port of the Service leads to (it has {})", list.join(", ")),
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
    numbers.iter().any(|n| wish.means(*n, name, map.protocol))
}

/// A workload that is asked for itself.
pub(super) fn workload_target(
    scene: &Scene<'_>,
    workload: usize,
    wish: Option<&PortWish>,
    steps: &mut Vec<Step>,
) -> Result<Found, String> {
    if let Some(absence) = scene.facts.absences.get(&workload).filter(|a| !a.is_unready) {
        let name = scene.workload_name(workload);
        let mut step = Step::new(Layer::Endpoints);
        let mark = if absence.may_change { Mark::Doubt } else { Mark::Problem };
        step.say(mark, format!("{name} {}", absence.text), Some(scene.place(absence.at)));
        steps.push(step);
        let why = Some(format!("{name} {}", absence.text));
        return Ok(match absence.may_change {
            true => Found { unknown: why, ..Found::default() },
            false => Found { failure: why, ..Found::default() },
        });
    }
    let mut step = Step::new(Layer::Ports);
    let found = workload_ports(scene, workload, wish, &mut step);
    steps.push(step);
    Ok(found)
}

fn workload_ports(scene: &Scene<'_>, workload: usize, wish: Option<&PortWish>, step: &mut Step) -> Found {
    let own = declared(scene, workload);
    let name = scene.workload_name(workload);
    let at = Some(scene.workload_place(workload));
    let matching = own.iter().filter(|p| wish.is_none_or(|w| w.means(p.number, p.name.as_deref(), p.protocol)));
    let asked = matching.fold(PortSet::none(), |set, p| set.with(&PortSet::port(p.protocol, p.number)));
    let mut found = Found::default();
    if !asked.is_empty() {
        let all =
            if wish.is_none() && own.len() > 1 { ": no port was asked for, so all of them are judged" } else { "" };
        step.say(Mark::Ok, format!("{name} declares {asked}{all}"), at);
        found.target(End::Workload(workload), asked);
        return found;
    }
    match wish {
        None => {
            step.say(Mark::Ok, format!("{name} declares no ports and none was asked for, so every port is judged"), at);
            found.target(End::Workload(workload), PortSet::all());
        }
        Some(PortWish { port: PortName::Number(number), protocol }) => {
            let asked = PortSet::port(protocol.unwrap_or(Protocol::Tcp), *number);
            step.say(Mark::Ok, format!("{asked} of the pods"), None);
            undeclared(scene, workload, &asked, step);
            found.target(End::Workload(workload), asked);
        }
        Some(PortWish { port: PortName::Name(wanted), .. }) => {
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
