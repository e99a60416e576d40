//! The ways in from the Internet: Ingresses, Gateways, load balancers, node ports. Each leads to pods through a
//! Service, and policies judge its last step.

use std::collections::BTreeSet;

use super::Scene;
use super::answer::{Change, Found, Layer, Mark, Passage, Step, Target};
use super::ends::{End, addresses_name};
use super::gates::{Hop, gate, hop, place};
use super::lookup::Party;
use super::question::PortWish;
use super::url::{self, Match};
use super::ways::{Through, Way, leads, ways, wished};
use super::{given, ports, service};
use crate::graph::{Edge, EdgeDetail, Expose, NodeId, port_text};
use crate::net::{AddressSet, PortSet, Protocol, text};
use crate::policy::{self, Direction};
use crate::resolve::{Absence, UnreadEntrance, is_translated};

/// Finds how the Internet comes to a destination, and says so in a layer of its own.
pub(super) fn ways_in(
    scene: &Scene<'_>,
    to: &Party,
    wish: Option<&PortWish>,
    (clients, only): (&AddressSet, Option<&Match>),
    steps: &mut Vec<Step>,
) -> Found {
    let mut step = Step::new(Layer::Exposure);
    let mut found = Found::default();
    let services: Vec<NodeId> = match to {
        Party::Service(index) => vec![NodeId::object(&scene.entry(*index).key)],
        Party::Workload(index) => service::leading_to(scene, *index),
        _ => Vec::new(),
    };
    let own = if let Party::Workload(index) = to { Some(*index) } else { None };
    let mut others: Vec<String> = Vec::new();
    // Whether policies keep everybody from the pods that bring the requests of some way.
    let mut shut = false;
    let mut absent: Vec<(usize, &Absence)> = Vec::new();
    for id in &services {
        let asked_for = |way: &Way| {
            let is_port = |m: &Match| matches!(&m.end, url::End::Sent(_, port) if way.port.as_ref() == Some(port));
            only.is_none_or(|m| way.by == m.by && is_port(m))
        };
        for way in ways(scene, id, clients, &mut step, &mut Vec::new()).into_iter().filter(asked_for) {
            let mut hits = 0;
            for (workload, maps, _) in service::selected(scene, id) {
                if own.is_some_and(|o| o != workload) {
                    continue;
                }
                let asked = maps
                    .iter()
                    .filter(|m| leads(&way, m) && wished(wish, &way, m))
                    .map(ports::target_ports)
                    .fold(PortSet::none(), |a, b| a.with(&b));
                if asked.is_empty() {
                    continue;
                }
                hits += 1;
                if let Some(absence) = service::absence(scene, id, workload) {
                    absent.push((workload, absence));
                    continue;
                }
                let hop = hop(scene, &way, (workload, &asked), &mut step);
                if hop.ends.is_empty() {
                    shut = true;
                    found.try_pass(&way, id);
                    continue;
                }
                found.pass(&way, id, &hop);
                step.say(
                    Mark::Ok,
                    format!("{} to {id}, {asked} of {}", way.text, scene.workload_name(workload)),
                    way.at.clone(),
                );
                if let Some(only) = &way.only {
                    step.explain(Mark::Doubt, format!("{only} may come in this way"), way.at.clone());
                }
                checked(scene, &way.by, &mut step);
                if matches!(way.through, Through::Clients(_)) && translated(scene, id, workload, &mut step) {
                    found.translated.insert(workload);
                }
                for source in hop.ends {
                    found.add(source, Target { end: End::Workload(workload), asked: asked.clone() });
                }
            }
            if hits == 0 {
                found.try_pass(&way, id);
                if service::selected(scene, id).is_empty()
                    && let Some(by) = service::operated(scene, id)
                {
                    found.unread = Some(format!("{by} is not read and may make the pods of {id}"));
                }
                others.push(way.text);
            }
        }
    }
    found.weigh();
    if let Some(workload) = own {
        at_nodes(scene, workload, wish, clients, &mut step, &mut found);
    }
    for id in &services {
        let entry = id.key().and_then(|key| scene.cluster.find(key));
        found.doubted = found.doubted.or_else(|| service::refused(scene, entry?, &mut step));
    }
    say_absent(scene, absent, &mut step, &mut found);
    unread(scene, to, &mut found, &mut step);
    if found.failure.is_none() && found.pairs.is_empty() && found.unread.is_none() && found.unknown.is_none() {
        let name = to.name(scene);
        if others.is_empty() && !shut {
            // What was told of ways that are closed to this client is reason enough.
            if step.lines.is_empty() {
                step.say(
                    Mark::Problem,
                    format!("no Ingress, route, load balancer or node port leads to {name}"),
                    to.place(scene),
                );
                found.changes.push(Change::Edit(format!(
                    "to expose it, send a path of an Ingress or HTTPRoute to {}",
                    services.first().map_or("a Service that selects it", NodeId::as_str)
                )));
            }
            step.mark = Mark::Problem;
        } else if shut {
            step.mark = Mark::Problem;
        } else if let Some(wish) = wish {
            step.say(
                Mark::Problem,
                format!("no entry point leads to port {wish}; there are: {}", others.join("; ")),
                to.place(scene),
            );
        } else {
            step.say(
                Mark::Problem,
                format!("there are entry points ({}), but they lead to no port of a pod", others.join("; ")),
                to.place(scene),
            );
        }
        found.unread = given::entrances(scene);
        found.failure = Some(format!(
            "nothing exposes {name} to {}{}",
            addresses_name(clients),
            wish.map_or(String::new(), |w| format!(" on port {w}"))
        ));
    }
    steps.push(step);
    found
}

/// Who checks the requests of an entrance before they are sent on: that may refuse what is allowed here.
fn checked(scene: &Scene<'_>, by: &NodeId, step: &mut Step) {
    let Some(object) = by.key().and_then(|key| scene.cluster.find(key)) else { return };
    if let Some(checked) = scene.facts.checked.get(&object) {
        let at = scene.place(scene.entry(object).object.at(&checked.field));
        step.explain(Mark::Ok, format!("requests are checked by {} before they are sent on", checked.by), Some(at));
    }
}

/// Pods behind entrances that take no connections: if there are no others, it fails.
fn say_absent(scene: &Scene<'_>, mut absent: Vec<(usize, &Absence)>, step: &mut Step, found: &mut Found) {
    absent.dedup_by(|a, b| a.0 == b.0);
    let alone = found.pairs.is_empty();
    for (workload, absence) in absent {
        let name = scene.workload_name(workload);
        let mark = if alone && !absence.may_change { Mark::Problem } else { Mark::Doubt };
        step.say(mark, format!("{name} {}", absence.text), Some(scene.place(absence.at)));
        let text = format!("{name} {}", absence.text);
        match absence.may_change {
            true if alone => found.unknown = Some(text),
            false if alone => {
                found.failure = Some(text);
                found.changes.push(service::present(absence, &name));
            }
            _ => {}
        }
    }
}

/// Entrances that are not read and may lead to the destination: nothing is exposed by nothing as long as there are any.
fn unread(scene: &Scene<'_>, to: &Party, found: &mut Found, step: &mut Step) {
    let pods = service::pods(scene, to);
    let home = to.namespace(scene).unwrap_or_default();
    // Of a Service without pods no more is known than its namespace.
    let leads = |entrance: &&UnreadEntrance| match pods.as_slice() {
        [] => entrance.may_reach(usize::MAX, home),
        pods => pods.iter().any(|&w| entrance.may_reach(w, home)),
    };
    // What leads to a controller that nothing else opens leads to everything behind it.
    let shut: BTreeSet<usize> = scene.facts.shut.values().flatten().copied().collect();
    let opens =
        |entrance: &&UnreadEntrance| shut.iter().any(|&w| entrance.may_reach(w, scene.workload(w).key.namespace()));
    let entrances: Vec<&UnreadEntrance> = scene.facts.unread.iter().filter(|e| leads(e) || opens(e)).collect();
    let name = |entrance: &UnreadEntrance| {
        let key = &scene.entry(entrance.object).key;
        if entrance.kind == key.kind { key.to_string() } else { format!("{} of {key}", entrance.kind) }
    };
    for entrance in entrances.iter().take(NAMED) {
        let text = format!("{} may open an entrance and is not read", name(entrance));
        step.say(Mark::Doubt, text, Some(scene.place(entrance.at)));
    }
    if !entrances.is_empty() {
        let verb = if entrances.len() == 1 { "is" } else { "are" };
        let names = text::first(entrances.iter().map(|e| name(e)), NAMED);
        found.unread = Some(format!("{names} {verb} not read and may expose it"));
    }
}

/// So many entrances that are not read are named.
pub(super) const NAMED: usize = 3;

/// The ports of a workload that are open on its nodes.
fn at_nodes(
    scene: &Scene<'_>,
    workload: usize,
    wish: Option<&PortWish>,
    clients: &AddressSet,
    step: &mut Step,
    found: &mut Found,
) {
    let Some(node) = scene.graph.object(&scene.workload(workload).key) else { return };
    by_routes(scene, (workload, node), (wish, clients), step, found);
    let exposed = scene.graph.incoming(node).into_iter().map(|e| scene.graph.edge(e).2);
    let Some(edge) = exposed.into_iter().find(|e| matches!(&e.detail, EdgeDetail::Exposes(_))) else { return };
    if matches!(&edge.detail, EdgeDetail::Exposes(ways) if ways.iter().any(|w| w.via == Expose::Ingress)) {
        by_itself(scene, (workload, edge), wish, step, found);
        return;
    }
    let name = scene.workload_name(workload);
    let ports = scene.facts.host_ports_of(workload);
    if ports.is_empty() && scene.workload(workload).spec.pod.host_network == Some(true) {
        let text = format!("{name} is in the network of its nodes and declares no port: where it listens is not known");
        step.say(Mark::Doubt, text, place(edge));
        found.unknown = Some(format!("where {name} listens is not in the manifests"));
    }
    for port in ports {
        let protocol = port.port.protocol;
        let meant = |w: &PortWish| {
            w.means(port.host, None, protocol) || w.means(port.port.number, port.port.name.as_deref(), protocol)
        };
        if wish.is_none_or(meant) {
            let asked = PortSet::port(protocol, port.port.number);
            let outer = port_text(port.host, protocol);
            step.say(Mark::Ok, format!("port {outer} of each node leads to {asked} of {name}"), place(edge));
            found.doubted = None;
            let key = scene.workload(workload).key.clone();
            found.narrowed = None;
            found.through.push(Passage { by: BTreeSet::new(), service: key, doubt: None, only: None });
            found.add(End::Addresses(clients.clone()), Target { end: End::Workload(workload), asked });
        }
    }
}

/// A workload that routes send to past all Services, as a DomainMapping of Knative does.
fn by_routes(
    scene: &Scene<'_>,
    (workload, node): (usize, usize),
    (wish, clients): (Option<&PortWish>, &AddressSet),
    step: &mut Step,
    found: &mut Found,
) {
    let key = &scene.workload(workload).key;
    for (from, _, edge) in scene.graph.incoming(node).into_iter().map(|e| scene.graph.edge(e)) {
        let (EdgeDetail::Routes { .. }, Some(by)) = (&edge.detail, scene.graph.node(from).id.key()) else { continue };
        let Some(gate) = scene.cluster.find(by).and_then(|object| gate(scene, object, clients, step)) else { continue };
        let own = scene.connectivity.entrances().iter().filter(|e| e.workload == workload && e.by == *by);
        let asked = own.fold(PortSet::none(), |set, e| set.with(&e.ports));
        let outer = |w: &PortWish| [80, 443].into_iter().any(|n| w.means(n, None, Protocol::Tcp));
        if asked.is_empty() || !wish.is_none_or(|w| outer(w) || ports::declares(scene, workload, w)) {
            continue;
        }
        step.say(Mark::Ok, format!("{by} leads to {asked} of {key}"), place(edge));
        let by = BTreeSet::from([by.clone()]);
        found.through.push(Passage { by, service: key.clone(), doubt: gate.doubt, only: gate.only });
        for source in sources(scene, &Through::Controller, workload, &asked) {
            found.add(source, Target { end: End::Workload(workload), asked: asked.clone() });
        }
    }
    found.weigh();
}

/// A workload whose kind makes an entrance of its own, as a Service of Knative does: a controller brings the requests.
fn by_itself(
    scene: &Scene<'_>,
    (workload, edge): (usize, &Edge),
    wish: Option<&PortWish>,
    step: &mut Step,
    found: &mut Found,
) {
    let key = &scene.workload(workload).key;
    let own = scene.connectivity.entrances().iter().filter(|e| e.workload == workload && e.by == *key);
    let asked = own.fold(PortSet::none(), |set, e| set.with(&e.ports));
    // Outside, it answers on the ports of the web.
    let outer = |w: &PortWish| [80, 443].into_iter().any(|n| w.means(n, None, Protocol::Tcp));
    let inner = |w: &PortWish| ports::declares(scene, workload, w);
    if asked.is_empty() || !wish.is_none_or(|w| outer(w) || inner(w)) {
        return;
    }
    let text = format!("{} has an entry point of its own, which leads to {asked} of its pods", key);
    step.say(Mark::Ok, text, place(edge));
    found.doubted = None;
    found.narrowed = None;
    found.through.push(Passage { by: BTreeSet::new(), service: key.clone(), doubt: None, only: None });
    for source in sources(scene, &Through::Controller, workload, &asked) {
        found.add(source, Target { end: End::Workload(workload), asked: asked.clone() });
    }
}

/// Unless a Service asks for the client's address to be kept, a node may put its own in its place, and rules about
/// addresses then see that
/// (<https://kubernetes.io/docs/tutorials/services/source-ip/#source-ip-for-services-with-type-loadbalancer>).
fn translated(scene: &Scene<'_>, service: &NodeId, workload: usize, step: &mut Step) -> bool {
    let entry = service.key().and_then(|key| scene.cluster.find(key)).map(|at| scene.entry(at));
    let isolated = scene.connectivity.isolation(workload, Direction::Ingress).is_isolated();
    let Some(entry) = entry.filter(|entry| isolated && is_translated(entry)) else { return false };
    let text = format!(
        "{service} does not set externalTrafficPolicy to Local: \
         policies may see the address of a node in place of the client's"
    );
    step.say(Mark::Doubt, text, Some(scene.place(entry.object.at("spec.externalTrafficPolicy"))));
    true
}

impl Passage {
    fn of(way: &Way, service: &NodeId) -> Option<Passage> {
        let by = way.by.key().into_iter().chain(way.before.iter().filter_map(NodeId::key)).cloned().collect();
        let (service, doubt) = (service.key()?.clone(), way.doubt.clone());
        Some(Passage { by, service, doubt, only: way.only.clone() })
    }
}

impl Found {
    /// Keeps a way that leads on.
    fn pass(&mut self, way: &Way, service: &NodeId, hop: &Hop) {
        let passage = Passage::of(way, service).map(|p| Passage {
            doubt: p.doubt.or_else(|| hop.doubt.clone()),
            only: p.only.or_else(|| hop.only.clone()),
            ..p
        });
        self.through.extend(passage);
    }

    /// What holds of every way that leads on holds of the answer.
    fn weigh(&mut self) {
        let all = |of: fn(&Passage) -> Option<&String>| -> Option<Vec<String>> {
            let mut said: Vec<String> =
                self.through.iter().map(of).collect::<Option<Vec<&String>>>()?.into_iter().cloned().collect();
            said.dedup();
            (!said.is_empty()).then_some(said)
        };
        self.doubted = all(|p| p.doubt.as_ref()).and_then(|d| d.into_iter().next());
        self.narrowed = all(|p| p.only.as_ref()).map(|o| text::first(o, 3));
    }

    /// Keeps a way that leads nowhere: what is known of it may say why.
    fn try_pass(&mut self, way: &Way, service: &NodeId) {
        self.tried.extend(Passage::of(way, service));
    }

    /// Several ways often end in the same step to the same pods.
    fn add(&mut self, source: End, target: Target) {
        match self.pairs.iter_mut().find(|(s, t)| *s == source && t.end == target.end) {
            Some((_, same)) => same.asked.add(&target.asked),
            None => self.pairs.push((source, target)),
        }
    }
}

/// Who connects to the pods. The engine knows the controllers of a workload's ways in; where the manifests do not
/// contain them, convention stands in.
pub(super) fn sources(scene: &Scene<'_>, through: &Through, workload: usize, asked: &PortSet) -> Vec<End> {
    match through {
        Through::Clients(set) => vec![End::Addresses(set.clone())],
        Through::Controller => {
            let entrances = scene
                .connectivity
                .entrances()
                .iter()
                .filter(|e| e.workload == workload && !e.ports.intersection(asked).is_empty());
            let controllers =
                entrances.filter_map(|e| if let policy::Way::Controller(known) = &e.way { Some(known) } else { None });
            let mut ends = Vec::new();
            for known in controllers {
                let new: Vec<End> = known.iter().map(|&w| End::Workload(w)).collect();
                for end in if new.is_empty() { vec![End::Controller] } else { new } {
                    if !ends.contains(&end) {
                        ends.push(end);
                    }
                }
            }
            if ends.is_empty() { vec![End::Controller] } else { ends }
        }
    }
}
