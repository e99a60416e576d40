//! What can reach what, resolved. The waist between reading and drawing.
//!
//! Guarantees of a [`Graph`]:
//! * every edge ends in nodes of the graph; no two nodes share an id; no two edges share source, target, kind and detail;
//! * nodes, edges and groups are in a fixed order that depends on the objects alone, not on the order of the input;
//! * every node and edge carries evidence: the object, field, file and line it comes from (Internet alone may have none);
//! * every namespace of a node is a group, and every group has at least one node.
//!
//! Nothing after this room knows YAML or Kubernetes field names.

mod access;
mod build;
mod describe;
mod model;

pub use access::{Access, Allowance, Mark, Outside, Ports, Side, Stance};
pub use build::GraphBuilder;
pub use describe::port_text;
pub use model::{
    Backend, Container, Detail, Edge, EdgeDetail, EdgeKind, Evidence, Expose, Exposure, Group, Node, NodeKind, Port, PortMap, Protocol, RouteRule,
    Scale, ServiceKind, TargetPort,
};

use petgraph::Direction;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

/// The resolved graph; see the module for what it guarantees.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    inner: DiGraph<Node, Edge>,
    groups: Vec<Group>,
}

impl Graph {
    /// All nodes, sorted by id. A node's position here is its index.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.inner.raw_nodes().iter().map(|n| &n.weight)
    }

    /// The node at an index.
    pub fn node(&self, index: usize) -> &Node {
        &self.inner[NodeIndex::new(index)]
    }

    /// The index of the node with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        let weights = self.inner.raw_nodes();
        weights.binary_search_by(|n| n.weight.id.as_str().cmp(id)).ok()
    }

    /// All edges as (source index, target index, edge), sorted.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = (usize, usize, &Edge)> {
        self.inner.raw_edges().iter().map(|e| (e.source().index(), e.target().index(), &e.weight))
    }

    /// The edge at a position of [`Graph::edges`].
    pub fn edge(&self, index: usize) -> (usize, usize, &Edge) {
        let e = &self.inner.raw_edges()[index];
        (e.source().index(), e.target().index(), &e.weight)
    }

    /// Positions in [`Graph::edges`] of the edges that leave a node, ascending.
    pub fn outgoing(&self, node: usize) -> Vec<usize> {
        self.incident(node, Direction::Outgoing)
    }

    /// Positions in [`Graph::edges`] of the edges that enter a node, ascending.
    pub fn incoming(&self, node: usize) -> Vec<usize> {
        self.incident(node, Direction::Incoming)
    }

    fn incident(&self, node: usize, direction: Direction) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .inner
            .edges_directed(NodeIndex::new(node), direction)
            .map(|e| EdgeIndex::index(e.id()))
            .collect();
        found.sort_unstable();
        found
    }

    /// The namespaces, sorted by name.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}
