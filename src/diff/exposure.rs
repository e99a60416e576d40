//! What is reached from outside now and was not, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use super::Revision;
use super::summary::{Found, Gate, Item, ports};
use crate::graph::{About, Change, EdgeKind, Graph, HostTls, NodeId, NodeKind};
use crate::net::PortSet;

/// For each workload the ports that are reached from outside, by the object that opens the way.
type Ways = BTreeMap<NodeId, BTreeMap<NodeId, PortSet>>;

/// A workload each, newly reached first; then what opens a way to nothing that is known, and hosts that lost or got
/// TLS.
pub(super) fn items(found: &Found<'_>) -> Vec<Item> {
    let (before, after) = (ways(found.old), ways(found.new));
    let ids: BTreeSet<&NodeId> = before.keys().chain(after.keys()).collect();
    let none = BTreeMap::new();
    let (mut opened, mut closed, mut told) = (Vec::new(), Vec::new(), BTreeSet::new());
    for id in ids {
        for (sign, text, by) in changes(id, before.get(id).unwrap_or(&none), after.get(id).unwrap_or(&none)) {
            let is_open = sign != "−";
            told.extend(by.iter().cloned());
            let graph = if is_open { found.new.graph() } else { found.old.graph() };
            let item = Item {
                sign,
                text,
                because: by.iter().map(|by| (format!("through {by}"), place(graph, by))).collect(),
                nodes: std::iter::once(id.clone()).chain(by).collect(),
                gate: (sign == "+").then_some(Gate::Exposure),
                kin: Vec::new(),
            };
            if is_open { opened.push(item) } else { closed.push(item) }
        }
    }
    opened.extend(doors(found, &told));
    opened.extend(tls(found.graph));
    opened.extend(closed);
    opened
}

/// What changed about how a workload is reached: each with its sign, and with the objects that open the ways.
fn changes(
    id: &NodeId,
    old: &BTreeMap<NodeId, PortSet>,
    new: &BTreeMap<NodeId, PortSet>,
) -> Vec<(&'static str, String, Vec<NodeId>)> {
    let whole = |ways: &BTreeMap<NodeId, PortSet>| ways.values().fold(PortSet::none(), |all, p| all.with(p));
    let (was, is) = (whole(old), whole(new));
    let (gained, lost) = (is.difference(&was), was.difference(&is));
    let by = |ways: &BTreeMap<NodeId, PortSet>, ports: &PortSet| -> Vec<NodeId> {
        let some = ways.iter().filter(|(_, p)| !p.intersection(ports).is_empty());
        some.map(|(by, _)| by.clone()).collect()
    };
    if was.is_empty() && !is.is_empty() {
        return vec![("+", format!("{id} is reached from outside on {}", ports(&is)), by(new, &is))];
    }
    if !was.is_empty() && is.is_empty() {
        return vec![("−", format!("{id} is no longer reached from outside"), by(old, &was))];
    }
    if ports_moved(&gained, &lost) {
        let text = format!("{id} is reached from outside on {}, was {}", ports(&is), ports(&was));
        return vec![("~", text, by(new, &gained))];
    }
    let mut changes = Vec::new();
    if !gained.is_empty() {
        changes.push(("+", format!("{id} is also reached from outside on {}", ports(&gained)), by(new, &gained)));
    }
    if !lost.is_empty() {
        changes.push(("−", format!("{id} is no longer reached from outside on {}", ports(&lost)), by(old, &lost)));
    }
    let fresh: Vec<NodeId> = new.keys().filter(|by| !old.contains_key(*by)).cloned().collect();
    if gained.is_empty() && !fresh.is_empty() {
        changes.push(("+", format!("{id} is reached from outside by another way"), fresh));
    }
    changes
}

/// Whether as many ports went as came: the same is reached by another number.
fn ports_moved(gained: &PortSet, lost: &PortSet) -> bool {
    gained.count() == lost.count() && !gained.is_empty()
}

/// The ways in of a state as far as policies let anybody through.
fn ways(state: &Revision) -> Ways {
    let mut all = Ways::new();
    for entrance in state.connectivity().entrances() {
        let admitted = state.connectivity().admission(entrance).ports;
        if admitted.is_empty() {
            continue;
        }
        let id = NodeId::object(&state.cluster().workloads()[entrance.workload].key);
        let ports = all.entry(id).or_default().entry(NodeId::object(&entrance.by)).or_default();
        ports.add(&admitted);
    }
    all
}

fn place(graph: &Graph, id: &NodeId) -> String {
    let node = graph.find(id).map(|n| graph.node(n));
    node.and_then(|n| n.evidence.first()).map(|e| e.place()).unwrap_or_default()
}

/// Objects that are opened to the outside, or not any more, other than those that were told as a way to a workload.
fn doors(found: &Found<'_>, told: &BTreeSet<NodeId>) -> Vec<Item> {
    let graph = found.graph;
    let mut items = Vec::new();
    for (from, to, edge) in graph.edges().filter(|(.., e)| e.kind() == EdgeKind::Exposes) {
        let (outside, door) = (graph.node(from), graph.node(to));
        let Some(change) = edge.change.as_ref().filter(|c| !c.is_same()) else {
            continue;
        };
        if told.contains(&door.id) {
            continue;
        }
        let what = match change {
            Change::Changed(differences) => differences.iter().map(|d| d.text()).collect(),
            _ => edge.lines(),
        };
        let opens = !matches!(change, Change::Removed);
        let by = if outside.kind() == NodeKind::Internet {
            "to the outside".to_owned()
        } else {
            format!("to {}", outside.name)
        };
        let mut because: Vec<(String, String)> =
            edge.evidence.first().map(|e| (String::new(), e.place())).into_iter().collect();
        let shut = if opens { shut_behind(found.new, &door.id) } else { Vec::new() };
        because.extend(shut.iter().map(|id| (format!("policies let nothing of it through to {id}"), String::new())));
        items.push(Item {
            sign: change.sign(),
            text: format!(
                "{} {} {by}: {}",
                door.id,
                if opens { "is open" } else { "is no longer open" },
                what.join("; ")
            ),
            because,
            nodes: vec![door.id.clone()],
            gate: (opens && shut.is_empty()).then_some(Gate::Exposure),
            kin: Vec::new(),
        });
    }
    items
}

/// The workloads behind a door, if there are any and policies let nothing through to all of them.
fn shut_behind(state: &Revision, door: &NodeId) -> Vec<NodeId> {
    let mut behind = BTreeSet::new();
    for entrance in state.connectivity().entrances().iter().filter(|e| door.key() == Some(&e.by)) {
        if !state.connectivity().admission(entrance).ports.is_empty() {
            return Vec::new();
        }
        behind.insert(NodeId::object(&state.cluster().workloads()[entrance.workload].key));
    }
    behind.into_iter().collect()
}

/// Hosts of rules that stay, with or without TLS now.
fn tls(graph: &Graph) -> Vec<Item> {
    let mut turned: BTreeSet<(NodeId, String, HostTls)> = BTreeSet::new();
    for (from, _, edge) in graph.edges() {
        let Some(Change::Changed(differences)) = &edge.change else { continue };
        for difference in differences {
            let About::Tls(rule) = &difference.about else { continue };
            let host = rule.host.clone().unwrap_or_else(|| rule.text());
            turned.insert((graph.node(from).id.clone(), host, rule.tls));
        }
    }
    let items = turned.into_iter().map(|(id, host, now)| Item {
        sign: "~",
        text: match now.as_str() {
            "yes" => format!("{id}: {host} has TLS now"),
            "no" => format!("{id}: {host} has no TLS any more"),
            "passthrough" => format!("{id}: TLS of {host} is passed through to the pods now"),
            _ => format!("{id}: whether {host} has TLS cannot be determined from the manifests any more"),
        },
        because: vec![(String::new(), place(graph, &id))],
        nodes: vec![id],
        gate: None,
        kin: Vec::new(),
    });
    items.collect()
}
