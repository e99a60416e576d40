//! The resolved graph: the objects of the manifests, and the traffic and references between them.
//!
//! Guarantees of a [`Graph`]:
//! * every edge ends in nodes of the graph; no two nodes share an id; no two edges share ends, kind and detail;
//! * the order of nodes, edges and groups depends on the objects alone, not on the order of the input;
//! * every node and edge has evidence: object, field, file and line (only the Internet may have none);
//! * either every node and edge has a [`Change`] between two states, or none has;
//! * every node of a namespace is in a group; every group contains a node; groups nest at most two deep.

mod access;
mod access_words;
mod build;
mod by_ends;
mod call;
mod change;
mod config;
mod describe;
mod digest;
mod evidence;
mod group;
mod id;
mod kind;
mod model;
mod part;
mod remark;
mod summary;
mod tally;
mod tls;

pub use access::{Access, Allowance, AllowanceLabel, Mark, Outside, Ports, Side, Stance, Unevaluated};
pub use build::GraphBuilder;
pub use by_ends::{EdgeView, EdgesByEnd};
pub use call::{Call, CallState};
pub use change::{About, Change, ChangeKind, ChangeLine, Difference};
pub use config::{Config, Scaling, UseWay, Uses};
pub use describe::{FACTS_JOINT, port_text};
pub use digest::digest;
pub use evidence::Evidence;
pub use group::Group;
pub use id::{
    AddressesId, BorderId, GroupId, Identity, JunctionId, LineEnd, NodeId, PeerNamespaces, PeerSet, PeersId, RestSide,
    SummaryId,
};
pub use kind::{EdgeKind, NodeKind};
pub use model::{
    Backend, Container, Detail, Edge, EdgeDetail, Expose, Exposure, Listener, Location, MissingReason, Node, Port,
    PortMap, RouteRule, Scale, ServiceKind, TargetPort, When, are_silent,
};
pub use remark::{Gravity, Remark};
pub use summary::{Scope, Several, Summary};
pub use tls::HostTls;

use std::collections::BTreeSet;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::net::{ObjectKey, text};

/// So many kinds are named in a footnote; the rest is counted.
const NOT_SHOWN: usize = 4;

/// The resolved graph; see the module for its guarantees.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    inner: DiGraph<Node, Edge>,
    groups: Vec<Group>,
    /// The position of the parent of each group.
    parents: Vec<Option<usize>>,
    /// The position of the group of each node.
    homes: Vec<Option<usize>>,
    /// Objects of the input that no picture of it shows.
    not_shown: Arc<[NotShown]>,
    /// Whether nodes have connections that a selection left out.
    is_cut_off: bool,
}

/// Objects of one kind that no picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShown {
    /// The kind, with its group, and why if it is understood: `AuthorizationPolicy (istio.io)`.
    pub what: String,
    /// The number of objects.
    pub count: usize,
    /// True if they may open entrances from outside.
    pub is_entrance: bool,
}

impl Graph {
    /// Objects of the input that no picture of it shows, by kind.
    pub fn not_shown(&self) -> &[NotShown] {
        &self.not_shown
    }

    /// Whether nodes have connections that a selection by distance left out, without a node for what they lead to.
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// Sets the objects that no picture shows.
    pub fn set_not_shown(&mut self, not_shown: Arc<[NotShown]>) {
        self.not_shown = not_shown;
    }

    /// `not shown: 3 AuthorizationPolicy (istio.io), 1 Server (policy.linkerd.io)`; `None` if everything is shown.
    pub fn footnote(&self) -> Option<String> {
        let said = self.not_shown.iter().map(|n| format!("{} {}", n.count, n.what));
        (!self.not_shown.is_empty()).then(|| format!("not shown: {}", text::first(said, NOT_SHOWN)))
    }

    /// All nodes, sorted by id. A node's position here is its index.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.inner.raw_nodes().iter().map(|n| &n.weight)
    }

    /// The node at an index.
    pub fn node(&self, index: usize) -> &Node {
        &self.inner[NodeIndex::new(index)]
    }

    /// The index of the node with this id.
    pub fn find(&self, id: &NodeId) -> Option<usize> {
        self.named(id.as_str())
    }

    /// The index of the node for an object.
    pub fn object(&self, key: &ObjectKey) -> Option<usize> {
        self.named(&key.to_string())
    }

    /// The index of the node whose id has this text, as in `data-id`.
    pub fn named(&self, text: &str) -> Option<usize> {
        let weights = self.inner.raw_nodes();
        weights.binary_search_by(|n| n.weight.id.as_str().cmp(text)).ok()
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
        let mut found: Vec<usize> =
            self.inner.edges_directed(NodeIndex::new(node), direction).map(|e| EdgeIndex::index(e.id())).collect();
        found.sort_unstable();
        found
    }

    /// The groups, sorted by name, each followed by its parts. A namespace is a group, unless all of its nodes were
    /// placed elsewhere.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The position in [`Graph::groups`] of the group of a node; `None` for a node outside all groups.
    pub fn group_of(&self, node: usize) -> Option<usize> {
        self.homes.get(node).copied().flatten()
    }

    /// True if the graph is the union of two states: see [`Change`].
    pub fn is_comparison(&self) -> bool {
        self.nodes().any(|n| n.change.is_some())
    }

    /// The position of the parent of a group; `None` for an outermost group.
    pub fn parent_of(&self, group: usize) -> Option<usize> {
        self.parents.get(group).copied().flatten()
    }

    /// The position of the outermost group that contains a node.
    pub fn top_group_of(&self, node: usize) -> Option<usize> {
        let own = self.group_of(node)?;
        Some(self.parent_of(own).unwrap_or(own))
    }

    /// The number of namespaces that contain nodes.
    pub fn namespaces(&self) -> usize {
        self.nodes().filter_map(|n| n.namespace.as_deref()).collect::<BTreeSet<&str>>().len()
    }

    /// The number of objects of a kind. Objects that a summary of a whole represents are included.
    pub fn count(&self, kind: NodeKind) -> usize {
        let of = |node: &Node| match &node.detail {
            Detail::Summary(summary) if summary.scope == Scope::Whole => summary.count(kind),
            _ => usize::from(node.kind() == kind),
        };
        self.nodes().map(of).sum()
    }
}
