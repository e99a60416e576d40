//! The same from further away: one box for each namespace, or for each value of a label.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, GraphBuilder, Group, Identity, Node, NodeId, NodeKind, SummaryId};

use super::aspect::exposed;
use super::merge::{Bundles, Card, Heap};

/// More nodes than this of one kind outside of all namespaces are drawn as one: nobody reads a hundred address ranges.
const OUTSIDE: usize = 20;

/// What stands above the boxes beside how many they are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Note {
    /// How to see more, as `-n NAMESPACE draws one of them`; empty if there is nothing to say.
    pub hint: String,
}

/// Whether an overview has anything to merge: more than one box, and a box with more than one node.
pub fn is_worth_it(graph: &Graph, values: Option<&BTreeMap<usize, String>>) -> bool {
    let boxes: Vec<Box> = (0..graph.nodes().len()).filter_map(|n| box_of(graph, values, n)).collect();
    let count = boxes.len();
    let distinct: BTreeSet<Box> = boxes.into_iter().collect();
    distinct.len() > 1 && count > distinct.len()
}

/// What is drawn as one box.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Box {
    /// What has this value of the label.
    Value(String),
    /// What has none, of this namespace.
    Namespace(String),
    /// Nodes of this kind outside of all namespaces.
    Outside(NodeKind),
}

impl Box {
    fn id(&self) -> SummaryId {
        match self {
            Box::Value(value) => SummaryId::Value(value.clone()),
            Box::Namespace(name) => SummaryId::Namespace(name.clone()),
            Box::Outside(kind) => SummaryId::Outside(*kind),
        }
    }
}

fn box_of(graph: &Graph, values: Option<&BTreeMap<usize, String>>, node: usize) -> Option<Box> {
    if let Some(value) = values.and_then(|v| v.get(&node)) {
        return Some(Box::Value(value.clone()));
    }
    graph.node(node).namespace.clone().map(Box::Namespace)
}

/// One box for each value of a label, if `values` has them, and for each namespace; the Internet and addresses outside
/// stay. Edges between two boxes become one for each kind; those inside of a box are not drawn.
pub fn overview(graph: &Graph, values: Option<&BTreeMap<usize, String>>, note: &Note) -> Graph {
    let mut boxes: Vec<Option<Box>> = (0..graph.nodes().len()).map(|n| box_of(graph, values, n)).collect();
    fold_outside(graph, &mut boxes);
    let mut heaps: BTreeMap<&Box, Heap> = BTreeMap::new();
    for (index, of) in boxes.iter().enumerate() {
        if let Some(of) = of {
            heaps.entry(of).or_default().add(index);
        }
    }
    let mut builder = GraphBuilder::new();
    let reached = exposed(graph);
    let framed = heaps.keys().filter(|b| !matches!(b, Box::Outside(_))).count();
    let frame = Group::titled(title(&heaps, framed, note));
    for (of, heap) in &heaps {
        let (namespace, name) = match of {
            Box::Value(value) => (None, value.clone()),
            Box::Namespace(name) => (Some(name.clone()), name.clone()),
            Box::Outside(_) => (None, "outside the namespaces".to_owned()),
        };
        builder.node(heap.node(graph, Card { id: of.id(), namespace, name }, &reached));
        if !matches!(of, Box::Outside(_)) {
            builder.place(&Identity::Summary(of.id()).into(), frame.clone());
        }
    }
    for (index, node) in graph.nodes().enumerate() {
        if boxes[index].is_none() && node.kind() != NodeKind::Junction {
            builder.node(node.clone());
        }
    }
    let mut bundles = Bundles::default();
    for (index, (from, to, _)) in graph.edges().enumerate() {
        // Junctions outside of namespaces are taken out of the way: what leads into one leads to all that it leads to.
        if is_loose(graph, from) {
            continue;
        }
        for target in ends(graph, to) {
            let name = |n: usize| -> NodeId {
                let known = boxes[n].as_ref().map(|of| Identity::Summary(of.id()).into());
                known.unwrap_or_else(|| graph.node(n).id.clone())
            };
            bundles.add(name(from), name(target), graph, index);
        }
    }
    bundles.build(graph, &mut builder);
    builder.build()
}

/// `12 namespaces · -n NAMESPACE draws one of them`.
fn title(heaps: &BTreeMap<&Box, Heap>, framed: usize, note: &Note) -> String {
    let values = heaps.keys().filter(|b| matches!(b, Box::Value(_))).count();
    let namespaces = framed - values;
    let counted = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut parts = Vec::new();
    if values > 0 {
        parts.push(counted(values, "group", "groups"));
    }
    if namespaces > 0 {
        parts.push(counted(namespaces, "namespace", "namespaces"));
    }
    let boxes = parts.join(" and ");
    if note.hint.is_empty() { boxes } else { format!("Overview of {boxes} · {}", note.hint) }
}

/// Boxes for what is outside of all namespaces, where there is too much of it.
fn fold_outside(graph: &Graph, boxes: &mut [Option<Box>]) {
    for kind in [NodeKind::External, NodeKind::ExternalName, NodeKind::Peers, NodeKind::Summary] {
        let loose = |(index, node): (usize, &Node)| (boxes[index].is_none() && node.kind() == kind).then_some(index);
        let found: Vec<usize> = graph.nodes().enumerate().filter_map(loose).collect();
        if found.len() > OUTSIDE {
            for index in found {
                boxes[index] = Some(Box::Outside(kind));
            }
        }
    }
}

fn is_loose(graph: &Graph, node: usize) -> bool {
    let node = graph.node(node);
    node.kind() == NodeKind::Junction && node.namespace.is_none()
}

/// Where an edge ends that leads to a node: there, or where the junction leads to.
fn ends(graph: &Graph, node: usize) -> Vec<usize> {
    if is_loose(graph, node) { graph.outgoing(node).into_iter().map(|e| graph.edge(e).1).collect() } else { vec![node] }
}
