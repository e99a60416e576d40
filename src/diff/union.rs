//! Both graphs in one, every part with how it differs.
//!
//! What policies allow is drawn by each state in its own way: through a junction or not, by a set of pods or one by
//! one, or not at all where nothing restricts it. So lines of this kind are not compared as lines but by the traffic
//! that they represent: those of the new state are drawn, marked by what of it was not allowed before, and of the old
//! state those that represent traffic that is not allowed any more.

use std::collections::{BTreeMap, BTreeSet};

use super::Revision;
use super::connections::Compared as Differing;
use super::ends::Union;
use super::facts;
use super::traffic::{Extent, Touched, Traffic, Turn, ports_of};
use crate::graph::{
    Allowance, Change, ChangeKind, Detail, Difference, Edge, EdgeDetail, EdgeKind, Evidence, Graph, GraphBuilder,
    Identity, JunctionId, Node, NodeId, NodeKind, Ports, digest,
};
use crate::net::PortSet;

/// The union of the graphs of two states.
pub(super) fn union(old: &Revision, new: &Revision, ends: &Union, differing: &Differing) -> Graph {
    let (before, after) = (old.graph(), new.graph());
    let traffic = Traffic::new(old, new, ends, differing);
    let mut builder = GraphBuilder::like(after);
    builder.groups_of(before);
    let mut edges = plain_edges(before, after);
    edges.extend(allowed(before, after, &traffic));
    let (gone, junctions) = not_allowed_any_more(before, after, &traffic, ends);
    edges.extend(gone);
    let mut touched: BTreeMap<&NodeId, BTreeSet<ChangeKind>> = BTreeMap::new();
    for edge in &edges {
        for end in [&edge.from, &edge.to] {
            touched.entry(end).or_default().insert(edge.change.kind());
        }
    }
    let fleeting = |node: &Node| {
        matches!(node.kind(), NodeKind::Peers | NodeKind::Junction | NodeKind::External | NodeKind::ExternalName)
    };
    // A place where lines meet is as new as its lines.
    let by_lines = |id: &NodeId, whole: Change| match touched.get(id) {
        Some(said) if said.iter().all(|kind| *kind == whole.kind()) => whole,
        _ => Change::Same,
    };
    for node in after.nodes() {
        let change = match before.find(&node.id) {
            Some(known) => {
                let differences = facts::of_nodes(before.node(known), node);
                if differences.is_empty() { Change::Same } else { Change::Changed(differences) }
            }
            None if node.kind() == NodeKind::Internet => Change::Same,
            None if fleeting(node) => by_lines(&node.id, Change::Added),
            None => Change::Added,
        };
        builder.node(Node { change: Some(change), ..node.clone() });
    }
    let lost = before.nodes().filter(|n| after.find(&n.id).is_none()).chain(&junctions);
    for node in lost {
        let needed = touched.contains_key(&node.id);
        if !needed && (fleeting(node) || node.kind() == NodeKind::Internet) {
            continue;
        }
        builder.node(Node {
            change: Some(if fleeting(node) { by_lines(&node.id, Change::Removed) } else { Change::Removed }),
            ..node.clone()
        });
    }
    for edge in edges {
        builder.compared_edge(&edge.from, &edge.to, edge.detail, edge.evidence, Some(edge.change));
    }
    builder.build()
}

/// An edge of the union.
struct Compared {
    from: NodeId,
    to: NodeId,
    detail: EdgeDetail,
    evidence: Vec<Evidence>,
    change: Change,
}

impl Compared {
    fn new(graph: &Graph, (from, to, edge): (usize, usize, &Edge), change: Change) -> Compared {
        Compared {
            from: graph.node(from).id.clone(),
            to: graph.node(to).id.clone(),
            detail: edge.detail.clone(),
            evidence: edge.evidence.clone(),
            change,
        }
    }
}

fn is_allowed(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Allows | EdgeKind::Denied)
}

/// The edges that are not about policies: by their ends and kind, and where there are several of these, by what they
/// say.
fn plain_edges(before: &Graph, after: &Graph) -> Vec<Compared> {
    type Place<'a> = (&'a NodeId, &'a NodeId, EdgeKind);
    fn places(graph: &Graph) -> BTreeMap<Place<'_>, Vec<usize>> {
        let mut all: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
        for (index, (from, to, edge)) in graph.edges().enumerate().filter(|(_, (.., e))| !is_allowed(e.kind())) {
            all.entry((&graph.node(from).id, &graph.node(to).id, edge.kind())).or_default().push(index);
        }
        all
    }
    let (was, is) = (places(before), places(after));
    let mut edges = Vec::new();
    let all: BTreeSet<&Place<'_>> = was.keys().chain(is.keys()).collect();
    for place in all {
        let mut old = was.get(place).cloned().unwrap_or_default();
        let mut new = is.get(place).cloned().unwrap_or_default();
        new.retain(|&n| {
            let edge = after.edge(n);
            let known = old.iter().position(|&o| before.edge(o).2.detail == edge.2.detail);
            if let Some(known) = known {
                old.remove(known);
                edges.push(Compared::new(after, edge, Change::Same));
            }
            known.is_none()
        });
        // Of those that say something else, the ones that lead to the same port are the same.
        let mut left = Vec::new();
        for n in new {
            let edge = after.edge(n);
            match old.iter().position(|&o| is_related(&before.edge(o).2.detail, &edge.2.detail)) {
                Some(known) => edges.push(changed(before, old.remove(known), after, n)),
                None => left.push(n),
            }
        }
        for n in left {
            if old.is_empty() {
                edges.push(Compared::new(after, after.edge(n), Change::Added));
            } else {
                edges.push(changed(before, old.remove(0), after, n));
            }
        }
        edges.extend(old.into_iter().map(|o| Compared::new(before, before.edge(o), Change::Removed)));
    }
    edges
}

fn is_related(a: &EdgeDetail, b: &EdgeDetail) -> bool {
    match (a, b) {
        (EdgeDetail::Routes { port: a, .. }, EdgeDetail::Routes { port: b, .. }) => a.text() == b.text(),
        _ => true,
    }
}

fn changed(before: &Graph, o: usize, after: &Graph, n: usize) -> Compared {
    let (old, new) = (before.edge(o).2, after.edge(n).2);
    let differences = match (&old.detail, &new.detail) {
        (EdgeDetail::Routes { rules: a, port: x }, EdgeDetail::Routes { rules: b, port: y }) => {
            facts::of_rules((a, &x.text()), (b, &y.text()))
        }
        (EdgeDetail::Selects(a), EdgeDetail::Selects(b)) | (EdgeDetail::Resolves(a), EdgeDetail::Resolves(b)) => {
            facts::of_ports(a, b)
        }
        (EdgeDetail::Exposes(a), EdgeDetail::Exposes(b)) => facts::of_exposures(a, b),
        _ => {
            let (a, b) = (old.lines().join(", "), new.lines().join(", "));
            if a == b { Vec::new() } else { vec![Difference::new("", a, b)] }
        }
    };
    let change = if differences.is_empty() { Change::Same } else { Change::Changed(differences) };
    Compared::new(after, after.edge(n), change)
}

/// The nodes that a line leads to: those behind the junction, if it leads into one.
fn targets(graph: &Graph, to: usize) -> Vec<usize> {
    if graph.node(to).kind() == NodeKind::Junction {
        graph.outgoing(to).into_iter().map(|e| graph.edge(e).1).collect()
    } else {
        vec![to]
    }
}

/// The nodes that a line comes from.
fn sources(graph: &Graph, from: usize) -> Vec<usize> {
    if graph.node(from).kind() == NodeKind::Junction {
        graph.incoming(from).into_iter().map(|e| graph.edge(e).0).collect()
    } else {
        vec![from]
    }
}

fn allowance(edge: &Edge) -> Option<&Allowance> {
    match &edge.detail {
        EdgeDetail::Allows(allowance) | EdgeDetail::Denied(allowance) => Some(allowance),
        _ => None,
    }
}

/// What the new state allows, marked by what the old one did not.
fn allowed(before: &Graph, after: &Graph, traffic: &Traffic<'_>) -> Vec<Compared> {
    let mut edges = Vec::new();
    for (from, to, edge) in after.edges() {
        let Some(allowance) = allowance(edge) else { continue };
        let change = if is_drawn_by(before, after, (from, to, edge)) {
            Change::Same
        } else {
            let mut gained = Vec::new();
            for a in sources(after, from) {
                for b in targets(after, to) {
                    gained.push(traffic.between(
                        Turn::Gained,
                        after,
                        (a, b),
                        &allowance.ports,
                        allowance.network.as_deref(),
                    ));
                }
            }
            if gained.iter().all(|t| t.extent == Extent::Nothing) {
                Change::Same
            } else if gained.iter().all(|t| t.extent == Extent::Everything) {
                Change::Added
            } else {
                let new = gained.iter().fold(PortSet::none(), |all, t| all.with(&t.ports));
                let ports = ports_of(&new).texts().join(", ");
                let whom = match gained.as_slice() {
                    [one] => whose(one),
                    _ => String::new(),
                };
                Change::Changed(vec![Difference::new("", "", format!("{ports}{whom}"))])
            }
        };
        edges.push(Compared::new(after, (from, to, edge), change));
    }
    edges
}

/// For whom something is new, by the smaller number: all but some, or some.
fn whose(touched: &Touched) -> String {
    let (not_from, not_to) = (touched.not_from.len(), touched.not_to.len());
    let spared = not_from + not_to;
    match (not_from, not_to, touched.hit) {
        (0, 0, _) => String::new(),
        (0, _, [_, hit]) | (_, 0, [hit, _]) if (1..spared).contains(&hit) => {
            format!(" for {hit} of {}", hit + spared)
        }
        _ => format!(" for all but {spared}"),
    }
}

/// Whether the old state draws the same line with the same words. What it represents is then the same as well, unless
/// it is a set of pods that has other members now.
fn is_drawn_by(before: &Graph, after: &Graph, (from, to, edge): (usize, usize, &Edge)) -> bool {
    let known = |node: usize| {
        let node = after.node(node);
        before.find(&node.id).filter(|&n| facts::means_the_same(before.node(n), node))
    };
    let (Some(from), Some(to)) = (known(from), known(to)) else {
        return false;
    };
    before.outgoing(from).into_iter().any(|e| {
        let (_, end, other) = before.edge(e);
        end == to && other.detail == edge.detail
    })
}

/// What only the old state allows, as lines of their own, with the junctions that they run through.
fn not_allowed_any_more(
    before: &Graph,
    after: &Graph,
    traffic: &Traffic<'_>,
    ends: &Union,
) -> (Vec<Compared>, Vec<Node>) {
    let name =
        |workloads: &[usize]| workloads.iter().map(|&w| NodeId::object(&ends.all()[w].key)).collect::<Vec<NodeId>>();
    // By what they say, so that many lines that say the same become few.
    let mut lines: BTreeMap<Allowance, BTreeMap<(NodeId, NodeId), Vec<Evidence>>> = BTreeMap::new();
    for (from, to, edge) in before.edges().filter(|(.., e)| e.kind() == EdgeKind::Allows) {
        // What leads into a junction is reported with what leads out of it.
        let Some(said) = allowance(edge).filter(|_| {
            before.node(from).kind() != NodeKind::Junction && !is_drawn_by(after, before, (from, to, edge))
        }) else {
            continue;
        };
        for target in targets(before, to) {
            let lost = traffic.between(Turn::Lost, before, (from, target), &said.ports, said.network.as_deref());
            if lost.extent == Extent::Nothing || from == target {
                continue;
            }
            let mut line = Allowance {
                ports: if lost.ports.is_empty() { said.ports.clone() } else { ports_of(&lost.ports) },
                ..said.clone()
            };
            for (list, more) in [(&mut line.not_from, lost.not_from), (&mut line.not_to, lost.not_to)] {
                list.extend(name(&more));
                list.sort();
                list.dedup();
            }
            let ends = (before.node(from).id.clone(), before.node(target).id.clone());
            lines.entry(line).or_default().entry(ends).or_default().extend(edge.evidence.iter().cloned());
        }
    }
    let mut edges = Vec::new();
    let mut junctions = Vec::new();
    for (line, pairs) in lines {
        bundle(line, pairs, before, &mut edges, &mut junctions);
    }
    (edges, junctions)
}

/// Lines that say the same: from each of some to each of others they run through a junction.
fn bundle(
    line: Allowance,
    pairs: BTreeMap<(NodeId, NodeId), Vec<Evidence>>,
    before: &Graph,
    edges: &mut Vec<Compared>,
    junctions: &mut Vec<Node>,
) {
    let mut targets: BTreeMap<&NodeId, BTreeSet<&NodeId>> = BTreeMap::new();
    for (from, to) in pairs.keys() {
        targets.entry(from).or_default().insert(to);
    }
    let mut sources: BTreeMap<BTreeSet<&NodeId>, Vec<&NodeId>> = BTreeMap::new();
    for (from, to) in targets {
        sources.entry(to).or_default().push(from);
    }
    let mut add = |from: &NodeId, to: &NodeId, line: &Allowance, evidence: &[Evidence]| {
        let mut evidence = evidence.to_vec();
        evidence.sort();
        evidence.dedup();
        edges.push(Compared {
            from: from.clone(),
            to: to.clone(),
            detail: EdgeDetail::Allows(line.clone()),
            evidence,
            change: Change::Removed,
        });
    };
    for (to, from) in sources {
        let evidence =
            |a: &NodeId, b: &NodeId| pairs.get(&(a.clone(), b.clone())).map(Vec::as_slice).unwrap_or_default();
        if from.len() * to.len() <= from.len() + to.len() {
            for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))) {
                add(a, b, &line, evidence(a, b));
            }
            continue;
        }
        let ports = line.ports.texts();
        let ends = from.iter().map(|id| id.as_str()).chain(["removed"]).chain(to.iter().map(|id| id.as_str()));
        let words: Vec<&str> = ends.chain(ports.iter().map(String::as_str)).collect();
        let id = NodeId::from(Identity::Junction(JunctionId::Removed(digest(&words.join("\0")))));
        let all: Vec<Evidence> =
            from.iter().flat_map(|a| to.iter().flat_map(|b| evidence(a, b).to_vec()).collect::<Vec<_>>()).collect();
        let home: BTreeSet<Option<String>> =
            to.iter().map(|id| before.find(id).and_then(|n| before.node(n).namespace.clone())).collect();
        junctions.push(Node {
            namespace: if home.len() == 1 { home.into_iter().next().flatten() } else { None },
            evidence: all.clone(),
            ..Node::new(id.clone(), "Junction", line.label().to_string(), Detail::Junction)
        });
        let silent = Allowance { ports: Ports::default(), not_from: Vec::new(), not_to: Vec::new(), ..line.clone() };
        from.iter().for_each(|a| add(a, &id, &silent, &all));
        to.iter().for_each(|b| add(&id, b, &silent, &all));
    }
}
