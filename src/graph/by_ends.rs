//! The edges that a builder holds, found by their ends: for those who add to a graph by what is in it.

use std::collections::BTreeMap;

use super::{EdgeDetail, Node, NodeId};

/// An edge between nodes that were added.
#[derive(Clone, Copy, Debug)]
pub struct EdgeView<'g> {
    /// Its source.
    pub from: &'g Node,
    /// Its target.
    pub to: &'g Node,
    /// Its kind, with what it says.
    pub detail: &'g EdgeDetail,
}

/// The edges of a [`GraphBuilder`](super::GraphBuilder), by their ends.
#[derive(Clone, Debug, Default)]
pub struct EdgesByEnd<'g> {
    all: Vec<EdgeView<'g>>,
    outgoing: BTreeMap<&'g NodeId, Vec<usize>>,
    incoming: BTreeMap<&'g NodeId, Vec<usize>>,
}

impl<'g> FromIterator<EdgeView<'g>> for EdgesByEnd<'g> {
    fn from_iter<T: IntoIterator<Item = EdgeView<'g>>>(edges: T) -> EdgesByEnd<'g> {
        let mut found = EdgesByEnd::default();
        for edge in edges {
            let index = found.all.len();
            found.outgoing.entry(&edge.from.id).or_default().push(index);
            found.incoming.entry(&edge.to.id).or_default().push(index);
            found.all.push(edge);
        }
        found
    }
}

impl<'g> EdgesByEnd<'g> {
    /// All edges.
    pub fn iter(&self) -> impl Iterator<Item = EdgeView<'g>> + '_ {
        self.all.iter().copied()
    }

    /// The edges that leave a node.
    pub fn outgoing(&self, node: &NodeId) -> impl Iterator<Item = EdgeView<'g>> + '_ {
        self.outgoing.get(node).into_iter().flatten().map(|&index| self.all[index])
    }

    /// The edges that enter a node.
    pub fn incoming(&self, node: &NodeId) -> impl Iterator<Item = EdgeView<'g>> + '_ {
        self.incoming.get(node).into_iter().flatten().map(|&index| self.all[index])
    }
}
