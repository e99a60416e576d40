//! Reduces a comparison of two states to the changes and their surroundings. Counted stubs represent the unchanged
//! rest.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::graph::{Change, Detail, Graph, GraphBuilder, Identity, Node, NodeId, NodeKind, SummaryId};
use crate::net::UnknownName;

use super::aspect::exposed;
use super::merge::{Bundles, Card, SummaryMembers};
use super::select::Active;
use super::{is_object, part};

/// The amount of unchanged context around changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hops {
    /// Everything within this number of steps.
    Steps(usize),
    /// Everything.
    All,
}

impl Default for Hops {
    fn default() -> Self {
        Hops::Steps(1)
    }
}

impl FromStr for Hops {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "all" => Ok(Hops::All),
            _ => {
                let unknown = |_| UnknownName::new("number of steps", text, "write a number or `all`");
                text.parse().map(Hops::Steps).map_err(unknown)
            }
        }
    }
}

/// Keeps the changes of a union of two states, the ends of changed connections, and everything within the given number
/// of steps of them. A junction or a set of pods on the way is not a step of its own.
///
/// The rest becomes stubs, all of them [`Change::Same`]: one for each namespace with a kept node, in its frame; one for
/// each other namespace with a connection to a kept node; and one for all others. A stub of one node is the node
/// itself. Connections to a stub are merged by kind. A union without changes becomes one stub that states it. A graph
/// that is not a union stays as it is.
pub fn context(graph: Graph, hops: Hops) -> Graph {
    let Hops::Steps(steps) = hops else { return graph };
    if !graph.is_comparison() {
        return graph;
    }
    if graph.is_unchanged() {
        return nothing(&graph);
    }
    let mut kept = kept(&graph, steps);
    keep_single(&graph, &mut kept);
    keep_internet(&graph, &mut kept);
    Fold::of(&graph, &kept).build()
}

fn changed(change: &Option<Change>) -> bool {
    change.as_ref().is_some_and(|c| !c.is_same())
}

fn kept(graph: &Graph, steps: usize) -> Vec<bool> {
    let internet = |n: usize| graph.node(n).kind() == NodeKind::Internet;
    let mut kept: Vec<bool> = graph.nodes().map(|n| changed(&n.change)).collect();
    // Paths continue from chosen nodes; a node that is only kept is the end of a path.
    let mut chosen: Vec<bool> = (0..kept.len()).map(|n| kept[n] && !internet(n)).collect();
    for (from, to, edge) in graph.edges() {
        if changed(&edge.change) {
            for end in [from, to] {
                kept[end] = true;
                chosen[end] |= is_object(graph.node(end));
            }
        }
    }
    for _ in 0..steps {
        let before = chosen.clone();
        let active = Active::new(graph, &before);
        for (from, to, _) in graph.edges() {
            if active.concerns(from, to) {
                for end in [from, to] {
                    kept[end] = true;
                    chosen[end] |= is_object(graph.node(end));
                }
            }
        }
        if chosen == before {
            break;
        }
    }
    kept
}

/// Draws a node that would be alone in its stub: it takes the same room.
fn keep_single(graph: &Graph, kept: &mut [bool]) {
    let single: Vec<usize> = {
        let fold = Fold::of(graph, kept);
        let mut members: BTreeMap<&StubKey, Vec<usize>> = BTreeMap::new();
        for (node, place) in fold.places.iter().enumerate() {
            if let Some(place) = place.as_ref().filter(|p| **p != StubKey::Elsewhere) {
                members.entry(place).or_default().push(node);
            }
        }
        members.into_values().filter(|m| m.len() == 1).flatten().collect()
    };
    for node in single {
        kept[node] = true;
    }
}

/// Exposure to the Internet is the first question of a reader.
fn keep_internet(graph: &Graph, kept: &mut [bool]) {
    let internet = |n: usize| graph.node(n).kind() == NodeKind::Internet;
    for (from, to, _) in graph.edges() {
        if (internet(from) || internet(to)) && (kept[from] || kept[to]) {
            (kept[from], kept[to]) = (kept[from] || internet(from), kept[to] || internet(to));
        }
    }
}

/// The nodes that one stub represents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StubKey {
    /// The dropped nodes of this namespace.
    Namespace(String),
    /// The dropped nodes outside all namespaces.
    Outside,
    /// The dropped nodes without a connection to a kept node.
    Elsewhere,
}

impl StubKey {
    fn id(&self) -> SummaryId {
        match self {
            StubKey::Namespace(name) => SummaryId::Unchanged(name.clone()),
            StubKey::Outside => SummaryId::UnchangedOutside,
            StubKey::Elsewhere => SummaryId::UnchangedElsewhere,
        }
    }
}

struct Fold<'a> {
    graph: &'a Graph,
    kept: &'a [bool],
    /// The stub of each dropped node; `None` also for the Internet, and for junctions outside namespaces, which
    /// only pass lines on.
    places: Vec<Option<StubKey>>,
}

impl Fold<'_> {
    fn of<'a>(graph: &'a Graph, kept: &'a [bool]) -> Fold<'a> {
        let place = |(node, kept): (&Node, &bool)| match (&node.namespace, node.kind()) {
            _ if *kept => None,
            (Some(namespace), _) => Some(StubKey::Namespace(namespace.clone())),
            (None, NodeKind::Junction | NodeKind::Internet) => None,
            (None, _) => Some(StubKey::Outside),
        };
        let mut fold = Fold { graph, kept, places: graph.nodes().zip(kept).map(place).collect() };
        let mut near: BTreeSet<StubKey> = graph
            .nodes()
            .zip(kept)
            .filter_map(|(n, kept)| n.namespace.clone().filter(|_| *kept).map(StubKey::Namespace))
            .collect();
        for (from, to, _) in fold.lines() {
            near.extend([from, to].into_iter().filter_map(|end| fold.places[end].clone()));
        }
        for place in fold.places.iter_mut().flatten() {
            if !near.contains(place) {
                *place = StubKey::Elsewhere;
            }
        }
        fold
    }

    /// Ends and position of the edges between a kept node and a stub, or through a junction that is neither kept
    /// nor in a stub.
    fn lines(&self) -> Vec<(usize, usize, usize)> {
        let loose = |n: usize| !self.kept[n] && self.places[n].is_none();
        let mut lines = Vec::new();
        for (index, (from, to, _)) in self.graph.edges().enumerate() {
            // An edge to such a junction targets every target of the junction.
            if loose(from) {
                continue;
            }
            let targets = if loose(to) {
                let next = self.graph.outgoing(to).into_iter().map(|e| self.graph.edge(e).1);
                next.filter(|t| !loose(*t)).collect()
            } else {
                vec![to]
            };
            let new = |target: &usize| {
                (self.kept[from] || self.kept[*target]) && !(self.kept[from] && *target == to && self.kept[to])
            };
            lines.extend(targets.into_iter().filter(new).map(|target| (from, target, index)));
        }
        lines
    }

    fn build(&self) -> Graph {
        let graph = self.graph;
        let mut builder = part(graph, self.kept, |_| true);
        let mut stubs: BTreeMap<&StubKey, SummaryMembers> = BTreeMap::new();
        for (node, place) in self.places.iter().enumerate() {
            if let Some(place) = place {
                stubs.entry(place).or_default().add(node);
            }
        }
        let homes: BTreeSet<&String> =
            graph.nodes().zip(self.kept).filter(|(_, kept)| **kept).filter_map(|(n, _)| n.namespace.as_ref()).collect();
        let reached = exposed(graph);
        let mut bundles = Bundles::default();
        let mut met = BTreeSet::new();
        for (from, to, index) in self.lines() {
            met.extend([from, to].map(|end| self.places[end].clone()).into_iter().flatten());
            self.line(&mut builder, &mut bundles, (from, to, index));
        }
        for (place, stub) in &stubs {
            let count = objects(graph, stub);
            // Sets and junctions alone justify a card only if lines target them.
            if count == 0 && !met.contains(*place) {
                continue;
            }
            builder.node(stub.node(graph, self.card(place, stub, count, &homes), &reached));
        }
        bundles.build(graph, &mut builder);
        builder.build()
    }

    /// The card of a stub.
    fn card(&self, place: &StubKey, stub: &SummaryMembers, count: usize, homes: &BTreeSet<&String>) -> Card {
        let (namespace, name) = match place {
            StubKey::Namespace(name) if homes.contains(name) => (Some(name.clone()), format!("{count} unchanged")),
            StubKey::Namespace(name) => (None, format!("namespace {name}, unchanged")),
            StubKey::Outside => (None, "outside, unchanged".to_owned()),
            StubKey::Elsewhere => (None, elsewhere(self.graph, stub)),
        };
        Card { id: place.id(), namespace, name }
    }

    fn line(&self, builder: &mut GraphBuilder, bundles: &mut Bundles, (from, to, index): (usize, usize, usize)) {
        let name = |node: usize| -> NodeId {
            let place = self.places[node].as_ref();
            place.map_or_else(|| self.graph.node(node).id.clone(), |place| Identity::Summary(place.id()).into())
        };
        let (a, b) = (name(from), name(to));
        let edge = self.graph.edge(index).2;
        if self.kept[from] && self.graph.node(from).has_route_rows() {
            // Edges from rows remain rows.
            builder.compared_edge(&a, &b, edge.detail.clone(), edge.evidence.iter().cloned(), edge.change.clone());
        } else {
            bundles.add(a, b, self.graph, index);
        }
    }
}

/// The number of objects in a stub.
fn objects(graph: &Graph, stub: &SummaryMembers) -> usize {
    let of = |&index: &usize| match &graph.node(index).detail {
        Detail::Summary(summary) => summary.total(),
        _ => usize::from(is_object(graph.node(index))),
    };
    stub.members().iter().map(of).sum()
}

/// `12 more namespaces, unchanged`.
fn elsewhere(graph: &Graph, stub: &SummaryMembers) -> String {
    match namespaces(graph, stub) {
        0 => "more outside, unchanged".to_owned(),
        1 => "1 more namespace, unchanged".to_owned(),
        n => format!("{n} more namespaces, unchanged"),
    }
}

fn namespaces(graph: &Graph, stub: &SummaryMembers) -> usize {
    let names: BTreeSet<&String> = stub.members().iter().filter_map(|&n| graph.node(n).namespace.as_ref()).collect();
    names.len()
}

/// One stub for a union of two equal states.
fn nothing(graph: &Graph) -> Graph {
    let mut stub = SummaryMembers::default();
    (0..graph.nodes().len()).filter(|n| graph.node(*n).kind() != NodeKind::Internet).for_each(|n| stub.add(n));
    let name = match namespaces(graph, &stub) {
        0 => "nothing changed".to_owned(),
        1 => "nothing changed in 1 namespace".to_owned(),
        n => format!("nothing changed in {n} namespaces"),
    };
    let mut builder = GraphBuilder::new();
    let card = Card { id: SummaryId::NothingChanged, namespace: None, name };
    builder.node(stub.node(graph, card, &exposed(graph)));
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_a_number_or_all() {
        assert_eq!("all".parse(), Ok(Hops::All));
        assert_eq!("0".parse(), Ok(Hops::Steps(0)));
        assert_eq!(Hops::default(), Hops::Steps(1));
        assert!("-1".parse::<Hops>().unwrap_err().to_string().contains("`-1`"));
    }
}
