//! Parts of a graph, taken in one pass, without look-ups by id. The order of nodes and edges stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Detail, Edge, Graph, Group, Node, NodeKind, Remark};
use crate::net::ObjectKey;

impl Graph {
    /// The graph with the nodes to keep, by index, and the edges between them to keep, by position.
    pub fn part(&self, kept: &[bool], wanted: impl Fn(usize) -> bool) -> Graph {
        let mut inner: DiGraph<Node, Edge> = DiGraph::new();
        let mut moved: Vec<Option<NodeIndex>> = Vec::with_capacity(kept.len());
        let mut homes = Vec::new();
        for (index, node) in self.nodes().enumerate() {
            let is_kept = kept.get(index).copied().unwrap_or_default();
            moved.push(is_kept.then(|| inner.add_node(node.clone())));
            if is_kept {
                homes.push(self.group_of(index));
            }
        }
        for (position, (from, to, edge)) in self.edges().enumerate() {
            if let (Some(from), Some(to)) = (moved[from], moved[to])
                && wanted(position)
            {
                inner.add_edge(from, to, edge.clone());
            }
        }
        let (groups, parents, homes) = self.groups_in_use(&homes);
        Graph { inner, groups, parents, homes, not_shown: Arc::clone(&self.not_shown), is_cut_off: self.is_cut_off }
    }

    /// The graph of traffic, with the edges to keep, by position: without ConfigMaps, Secrets, claims, accounts and
    /// autoscalers, and without nodes that only serve other edges (sets of pods, addresses, external names, junctions,
    /// missing objects).
    pub fn network(&self, wanted: impl Fn(usize) -> bool) -> Graph {
        let mut had = vec![false; self.nodes().len()];
        let mut has = vec![false; self.nodes().len()];
        for (position, (from, to, _)) in self.edges().enumerate() {
            let is_wanted = wanted(position);
            for end in [from, to] {
                had[end] = true;
                has[end] |= is_wanted;
            }
        }
        let kept: Vec<bool> = self
            .nodes()
            .enumerate()
            .map(|(i, node)| !node.kind().is_config() && (has[i] || !had[i] || !node.is_there_for_edges()))
            .collect();
        self.part(&kept, wanted)
    }

    /// Changes the details of nodes; their identities stay.
    pub fn annotate(&mut self, mut change: impl FnMut(&mut Detail)) {
        for node in self.inner.node_weights_mut() {
            change(&mut node.detail);
        }
    }

    /// Adds findings to the nodes of objects, as far as the graph contains them.
    pub fn remark(&mut self, remarks: impl IntoIterator<Item = (ObjectKey, Remark)>) {
        let mut touched = BTreeSet::new();
        for (object, remark) in remarks {
            if let Some(index) = self.object(&object) {
                self.inner[NodeIndex::new(index)].remarks.push(remark);
                touched.insert(index);
            }
        }
        for index in touched {
            self.inner[NodeIndex::new(index)].remarks.sort();
        }
    }

    /// The groups that contain a node or a part, their parents, and the group of each node, with new positions.
    fn groups_in_use(&self, homes: &[Option<usize>]) -> (Vec<Group>, Vec<Option<usize>>, Vec<Option<usize>>) {
        let mut used = vec![false; self.groups.len()];
        for &home in homes.iter().flatten() {
            used[home] = true;
            if let Some(parent) = self.parents[home] {
                used[parent] = true;
            }
        }
        let mut count = 0;
        let position: Vec<Option<usize>> = used
            .iter()
            .map(|&used| {
                count += usize::from(used);
                used.then(|| count - 1)
            })
            .collect();
        let in_use = || (0..used.len()).filter(|&g| used[g]);
        (
            in_use().map(|g| self.groups[g].clone()).collect(),
            in_use().map(|g| self.parents[g].and_then(|p| position[p])).collect(),
            homes.iter().map(|home| home.and_then(|h| position[h])).collect(),
        )
    }
}

impl NodeKind {
    /// True for an object that workloads use, and for an autoscaler.
    pub fn is_config(self) -> bool {
        matches!(
            self,
            NodeKind::ConfigMap | NodeKind::Secret | NodeKind::Claim | NodeKind::ServiceAccount | NodeKind::Scaler
        )
    }
}

impl Node {
    /// True for a node that exists only as the end of edges.
    fn is_there_for_edges(&self) -> bool {
        match self.kind() {
            NodeKind::Resource => !matches!(self.detail, Detail::Unrendered { .. }),
            NodeKind::Peers => !matches!(self.detail, Detail::Peers { access: Some(_), .. }),
            NodeKind::Internet
            | NodeKind::External
            | NodeKind::ExternalName
            | NodeKind::Junction
            | NodeKind::Missing => true,
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
            | NodeKind::Summary => false,
        }
    }
}
