//! Overviews: one box for each namespace, or for each value of a label.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, GraphBuilder, Group, Identity, Node, NodeId, NodeKind, SummaryId};

use super::aspect::exposed;
use super::merge::{Bundles, Card, SummaryMembers};

/// The maximum number of separate nodes of one kind outside all namespaces. More are drawn as one node.
const OUTSIDE: usize = 20;

/// The heading above the boxes, beside their number.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Note {
    /// A hint on how to see more, as `-n NAMESPACE draws one of them`; may be empty.
    pub hint: String,
}

/// True if an overview merges nodes: it has more than one box, and a box with more than one node.
pub fn is_worth_it(graph: &Graph, values: Option<&BTreeMap<usize, String>>) -> bool {
    let boxes: Vec<BoxKey> = (0..graph.nodes().len()).filter_map(|n| box_of(graph, values, n)).collect();
    let count = boxes.len();
    let distinct: BTreeSet<BoxKey> = boxes.into_iter().collect();
    distinct.len() > 1 && count > distinct.len()
}

/// The nodes of one box.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BoxKey {
    /// The nodes with this value of the label.
    Value(String),
    /// The nodes of this namespace without the label.
    Namespace(String),
    /// The nodes of this kind outside all namespaces.
    Outside(NodeKind),
}

impl BoxKey {
    fn id(&self) -> SummaryId {
        match self {
            BoxKey::Value(value) => SummaryId::Value(value.clone()),
            BoxKey::Namespace(name) => SummaryId::Namespace(name.clone()),
            BoxKey::Outside(kind) => SummaryId::Outside(*kind),
        }
    }
}

fn box_of(graph: &Graph, values: Option<&BTreeMap<usize, String>>, node: usize) -> Option<BoxKey> {
    if let Some(value) = values.and_then(|v| v.get(&node)) {
        return Some(BoxKey::Value(value.clone()));
    }
    graph.node(node).namespace.clone().map(BoxKey::Namespace)
}

/// One box for each value of a label, if `values` has them, and for each namespace. The Internet and addresses outside
/// the cluster stay. Edges between two boxes become one for each kind; edges inside a box are not drawn.
pub fn overview(graph: &Graph, values: Option<&BTreeMap<usize, String>>, note: &Note) -> Graph {
    let mut boxes: Vec<Option<BoxKey>> = (0..graph.nodes().len()).map(|n| box_of(graph, values, n)).collect();
    fold_outside(graph, &mut boxes);
    let mut summaries: BTreeMap<&BoxKey, SummaryMembers> = BTreeMap::new();
    for (index, of) in boxes.iter().enumerate() {
        if let Some(of) = of {
            summaries.entry(of).or_default().add(index);
        }
    }
    let mut builder = GraphBuilder::new();
    let reached = exposed(graph);
    let framed = summaries.keys().filter(|b| !matches!(b, BoxKey::Outside(_))).count();
    let frame = Group::titled(title(&summaries, framed, note));
    for (of, summary) in &summaries {
        let (namespace, name) = match of {
            BoxKey::Value(value) => (None, value.clone()),
            BoxKey::Namespace(name) => (Some(name.clone()), name.clone()),
            BoxKey::Outside(_) => (None, "outside the namespaces".to_owned()),
        };
        builder.node(summary.node(graph, Card { id: of.id(), namespace, name }, &reached));
        if !matches!(of, BoxKey::Outside(_)) {
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
        // Junctions outside namespaces are skipped: an edge to one targets every target of the junction.
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
fn title(summaries: &BTreeMap<&BoxKey, SummaryMembers>, framed: usize, note: &Note) -> String {
    let values = summaries.keys().filter(|b| matches!(b, BoxKey::Value(_))).count();
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

/// Adds boxes for the nodes outside all namespaces, if there are too many of a kind.
fn fold_outside(graph: &Graph, boxes: &mut [Option<BoxKey>]) {
    for kind in [NodeKind::External, NodeKind::ExternalName, NodeKind::Peers, NodeKind::Summary] {
        let loose = |(index, node): (usize, &Node)| (boxes[index].is_none() && node.kind() == kind).then_some(index);
        let found: Vec<usize> = graph.nodes().enumerate().filter_map(loose).collect();
        if found.len() > OUTSIDE {
            for index in found {
                boxes[index] = Some(BoxKey::Outside(kind));
            }
        }
    }
}

fn is_loose(graph: &Graph, node: usize) -> bool {
    let node = graph.node(node);
    node.kind() == NodeKind::Junction && node.namespace.is_none()
}

/// The ends of an edge to a node: the node, or the targets of a junction.
fn ends(graph: &Graph, node: usize) -> Vec<usize> {
    if is_loose(graph, node) { graph.outgoing(node).into_iter().map(|e| graph.edge(e).1).collect() } else { vec![node] }
}
