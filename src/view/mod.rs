//! Derives graphs from graphs: parts, overviews and regroupings. Every result keeps the guarantees of a
//! [`Graph`].
//!
//! * `aspect` keeps the part for one view;
//! * `select` keeps a selection, and summarizes the objects at its border;
//! * [`group`] groups objects into frames by the value of a label;
//! * `context` keeps the changes of a comparison of two states and their surroundings;
//! * `overview` draws one box for each frame;
//! * [`show_images`] adds images to the cards of workloads.
//!
//! Labels are passed in: a graph contains those of workloads only.

mod aspect;
mod context;
mod grouping;
mod images;
mod labels;
mod merge;
mod overview;
mod select;

use std::collections::BTreeMap;

pub use aspect::{Aspect, CallLines, Denied, Lines, aspect};
pub use context::{Hops, context};
pub use grouping::{division, group, values};
pub use images::show_images;
pub use labels::LabelSelector;
pub use overview::{Note, is_worth_it, overview};
pub use select::{Anchor, NothingSelected, Selection, select};

use crate::graph::{Graph, GraphBuilder, Node, NodeId, NodeKind};

/// The labels of objects, by the id of their node: those of the object, then those of its pods or of the pods that it
/// selects.
pub type Labels = BTreeMap<NodeId, Vec<BTreeMap<String, String>>>;

/// True if a node represents an object of the manifests or a missing object. Other nodes are ends or junctions of
/// connections.
fn is_object(node: &Node) -> bool {
    match node.kind() {
        NodeKind::Ingress
        | NodeKind::Gateway
        | NodeKind::Route
        | NodeKind::Service
        | NodeKind::Workload
        | NodeKind::ConfigMap
        | NodeKind::Secret
        | NodeKind::Claim
        | NodeKind::ServiceAccount
        | NodeKind::Scaler
        | NodeKind::Resource
        | NodeKind::Missing
        | NodeKind::Summary => true,
        NodeKind::Internet | NodeKind::External | NodeKind::ExternalName | NodeKind::Peers | NodeKind::Junction => {
            false
        }
    }
}

/// The graph with some of its nodes, and with those wanted edges that keep both ends.
fn part(graph: &Graph, nodes: &[bool], wanted: impl Fn(usize) -> bool) -> GraphBuilder {
    let mut builder = GraphBuilder::like(graph);
    for (node, _) in graph.nodes().zip(nodes).filter(|(_, kept)| **kept) {
        builder.node(node.clone());
    }
    for (index, (from, to, edge)) in graph.edges().enumerate() {
        if nodes[from] && nodes[to] && wanted(index) {
            builder.compared_edge(
                &graph.node(from).id,
                &graph.node(to).id,
                edge.detail.clone(),
                edge.evidence.iter().cloned(),
                edge.change.clone(),
            );
        }
    }
    builder
}
