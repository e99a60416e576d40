//! Builds a graph and enforces its guarantees.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::DiGraph;

use super::{
    Change, Edge, EdgeDetail, EdgeView, EdgesByEnd, Evidence, Graph, Group, GroupId, Node, NodeId, NodeKind, NotShown,
};

/// The evidence of an edge, and its change between two states.
type Provenance = (Vec<Evidence>, Option<Change>);

/// Collects nodes and edges in any order; [`GraphBuilder::build`] turns them into a [`Graph`].
#[derive(Debug, Default)]
pub struct GraphBuilder {
    nodes: BTreeMap<NodeId, Node>,
    edges: BTreeMap<(NodeId, NodeId, EdgeDetail), Provenance>,
    groups: BTreeMap<GroupId, Group>,
    /// The groups of nodes that are placed outside the group of their namespace.
    homes: BTreeMap<NodeId, GroupId>,
    not_shown: Arc<[NotShown]>,
    is_cut_off: bool,
}

impl GraphBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node. If the id exists, the first node stays and the evidence of the second is added to it.
    pub fn node(&mut self, node: Node) {
        match self.nodes.get_mut(&node.id) {
            Some(known) => known.evidence.extend(node.evidence),
            None => {
                self.nodes.insert(node.id.clone(), node);
            }
        }
    }

    /// The node with this id, for changes.
    pub fn known(&mut self, id: &NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id)
    }

    /// The edges so far whose ends were both added, by these ends.
    pub fn edges_by_end(&self) -> EdgesByEnd<'_> {
        let edges = self.edges.keys();
        edges
            .filter_map(|(from, to, detail)| {
                Some(EdgeView { from: self.nodes.get(from)?, to: self.nodes.get(to)?, detail })
            })
            .collect()
    }

    /// The namespaces that nodes live in.
    pub fn namespaces(&self) -> BTreeSet<String> {
        self.nodes.values().filter_map(|n| n.namespace.clone()).collect()
    }

    /// The kind of the node with an id, if there is one.
    pub fn kind(&self, id: &NodeId) -> Option<NodeKind> {
        self.nodes.get(id).map(Node::kind)
    }

    /// Whether a node with this id was added.
    pub fn has(&self, id: &NodeId) -> bool {
        self.nodes.contains_key(id)
    }

    /// Adds an edge between two ids. Equal edges become one edge with the evidence of both.
    pub fn edge(
        &mut self,
        from: &NodeId,
        to: &NodeId,
        detail: EdgeDetail,
        evidence: impl IntoIterator<Item = Evidence>,
    ) {
        self.compared_edge(from, to, detail, evidence, None);
    }

    /// Adds an edge of a union of two states.
    pub fn compared_edge(
        &mut self,
        from: &NodeId,
        to: &NodeId,
        detail: EdgeDetail,
        evidence: impl IntoIterator<Item = Evidence>,
        change: Option<Change>,
    ) {
        match self.edges.entry((from.clone(), to.clone(), detail)) {
            Entry::Vacant(new) => {
                new.insert((evidence.into_iter().collect(), change));
            }
            Entry::Occupied(mut known) => {
                for more in evidence {
                    if !known.get().0.contains(&more) {
                        known.get_mut().0.push(more);
                    }
                }
            }
        }
    }

    /// Declares a namespace. It becomes a group only if it contains a node.
    pub fn namespace(&mut self, name: &str, declared: bool, labels: BTreeMap<String, String>) {
        let group = Group { declared, labels, ..Group::namespace(name) };
        self.groups.insert(group.id.clone(), group);
    }

    /// Records that nodes have connections which are left out.
    pub fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// Places a node in this group instead of the group of its namespace.
    pub fn place(&mut self, id: &NodeId, group: Group) {
        self.homes.insert(id.clone(), group.id.clone());
        self.groups.entry(group.id.clone()).or_insert(group);
    }

    /// A builder without nodes, with the groups of a graph and the placement of its nodes.
    pub fn like(graph: &Graph) -> Self {
        let groups = graph.groups.iter().map(|g| (g.id.clone(), g.clone()));
        let not_shown = Arc::clone(&graph.not_shown);
        let is_cut_off = graph.is_cut_off;
        GraphBuilder { groups: groups.collect(), homes: homes(graph), not_shown, is_cut_off, ..GraphBuilder::default() }
    }

    /// Adds the groups of another graph that are not known yet, and the placement of its nodes.
    pub fn groups_of(&mut self, graph: &Graph) {
        for group in &graph.groups {
            self.groups.entry(group.id.clone()).or_insert_with(|| group.clone());
        }
        for (id, home) in homes(graph) {
            self.homes.entry(id).or_insert(home);
        }
    }

    /// The graph. Edges whose ends were never added are left out: a reference to nothing needs a missing node.
    pub fn build(mut self) -> Graph {
        let mut inner = DiGraph::with_capacity(self.nodes.len(), self.edges.len());
        let mut index = BTreeMap::new();
        let mut used = BTreeSet::new();
        let mut node_homes = Vec::with_capacity(self.nodes.len());
        for (id, mut node) in std::mem::take(&mut self.nodes) {
            node.evidence.sort();
            node.evidence.dedup();
            let home = self.homes.remove(&id).or_else(|| node.namespace.clone().map(GroupId::Namespace));
            used.extend(home.clone());
            node_homes.push(home);
            index.insert(id, inner.add_node(node));
        }
        for ((from, to, detail), (evidence, change)) in self.edges {
            if let (Some(&a), Some(&b)) = (index.get(&from), index.get(&to)) {
                inner.add_edge(a, b, Edge { detail, evidence, change });
            }
        }
        let parents: Vec<GroupId> = used.iter().filter_map(GroupId::parent).collect();
        used.extend(parents);
        let mut groups: Vec<Group> =
            used.into_iter().map(|id| self.groups.remove(&id).unwrap_or_else(|| id.into())).collect();
        // A group comes before its parts.
        groups.sort_by_cached_key(|g| {
            let parent = g.id.parent();
            (parent.as_ref().unwrap_or(&g.id).to_string(), parent.is_some(), g.id.to_string())
        });
        let position: BTreeMap<&GroupId, usize> = groups.iter().enumerate().map(|(i, g)| (&g.id, i)).collect();
        let homes = node_homes.iter().map(|home| position.get(home.as_ref()?).copied()).collect();
        let parents = groups.iter().map(|g| position.get(&g.id.parent()?).copied()).collect();
        Graph { inner, groups, parents, homes, not_shown: self.not_shown, is_cut_off: self.is_cut_off }
    }
}

/// The groups of nodes that are placed outside the group of their namespace.
fn homes(graph: &Graph) -> BTreeMap<NodeId, GroupId> {
    let placed = graph.nodes().zip(&graph.homes).filter_map(|(node, home)| {
        let group = graph.groups.get((*home)?)?;
        let own = node.namespace.clone().map(GroupId::Namespace);
        (own.as_ref() != Some(&group.id)).then(|| (node.id.clone(), group.id.clone()))
    });
    placed.collect()
}
