//! Puts a graph together and enforces what it guarantees.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::DiGraph;

use super::{Edge, EdgeDetail, Evidence, Graph, Group, Node};

/// Collects nodes and edges in any order; [`GraphBuilder::build`] makes them a [`Graph`].
#[derive(Debug, Default)]
pub struct GraphBuilder {
    nodes: BTreeMap<String, Node>,
    edges: BTreeMap<(String, String, EdgeDetail), Vec<Evidence>>,
    groups: BTreeMap<String, Group>,
}

impl GraphBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node. When the id is there already, the first node stays and takes the other's evidence.
    pub fn node(&mut self, node: Node) {
        match self.nodes.get_mut(&node.id) {
            Some(known) => known.evidence.extend(node.evidence),
            None => {
                self.nodes.insert(node.id.clone(), node);
            }
        }
    }

    /// The node with this id, to say more about it.
    pub fn known(&mut self, id: &str) -> Option<&mut Node> {
        self.nodes.get_mut(id)
    }

    /// Whether a node with this id was added.
    pub fn has(&self, id: &str) -> bool {
        self.nodes.contains_key(id)
    }

    /// Adds an edge between two ids. Edges that say the same become one with the evidence of both.
    pub fn edge(&mut self, from: &str, to: &str, detail: EdgeDetail, evidence: impl IntoIterator<Item = Evidence>) {
        match self.edges.entry((from.to_owned(), to.to_owned(), detail)) {
            Entry::Vacant(new) => {
                new.insert(evidence.into_iter().collect());
            }
            Entry::Occupied(mut known) => {
                for more in evidence {
                    if !known.get().contains(&more) {
                        known.get_mut().push(more);
                    }
                }
            }
        }
    }

    /// Says what is known about a namespace. It becomes a group only if a node lives in it.
    pub fn namespace(&mut self, name: &str, declared: bool, labels: BTreeMap<String, String>) {
        let group = Group {
            id: format!("namespace:{name}"),
            name: name.to_owned(),
            declared,
            labels,
        };
        self.groups.insert(name.to_owned(), group);
    }

    /// Goes on with a graph that was built.
    pub fn reopen(graph: Graph) -> Self {
        let (nodes, edges) = graph.inner.into_nodes_edges();
        let ids: Vec<String> = nodes.iter().map(|n| n.weight.id.clone()).collect();
        let edges = edges.into_iter().map(|e| {
            let [from, to] = [e.source(), e.target()].map(|end| ids[end.index()].clone());
            ((from, to, e.weight.detail), e.weight.evidence)
        });
        GraphBuilder {
            edges: edges.collect(),
            nodes: nodes.into_iter().map(|n| (n.weight.id.clone(), n.weight)).collect(),
            groups: graph.groups.into_iter().map(|g| (g.name.clone(), g)).collect(),
        }
    }

    /// The graph. Edges whose ends were never added are left out: a reference to nothing needs a missing node.
    pub fn build(mut self) -> Graph {
        let mut inner = DiGraph::with_capacity(self.nodes.len(), self.edges.len());
        let mut index = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (id, mut node) in std::mem::take(&mut self.nodes) {
            node.evidence.sort();
            node.evidence.dedup();
            used.extend(node.namespace.clone());
            index.insert(id, inner.add_node(node));
        }
        for ((from, to, detail), evidence) in self.edges {
            if let (Some(&a), Some(&b)) = (index.get(&from), index.get(&to)) {
                inner.add_edge(
                    a,
                    b,
                    Edge {
                        detail,
                        evidence: evidence.into_iter().collect(),
                    },
                );
            }
        }
        let groups = used
            .into_iter()
            .map(|name| match self.groups.remove(&name) {
                Some(group) => group,
                None => Group {
                    id: format!("namespace:{name}"),
                    name,
                    declared: false,
                    labels: BTreeMap::new(),
                },
            })
            .collect();
        Graph { inner, groups }
    }
}
