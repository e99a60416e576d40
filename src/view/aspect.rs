//! What a picture is about: the ways of traffic, only those from outside, what policies say, or what workloads use.

use std::str::FromStr;

use crate::graph::{Detail, EdgeKind, Graph, GraphBuilder, NodeKind};

use super::part;

/// What a picture is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Aspect {
    /// Everything that can reach or be reached.
    #[default]
    Network,
    /// Only what lies on a way from outside.
    Exposure,
    /// Workloads, sets of pods and addresses, and what policies allow between them; no routing.
    Policy,
    /// Workloads, what they use and what scales them; no network.
    Resources,
}

/// The text names no view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no view; there are `network`, `exposure`, `policy` and `resources`")]
pub struct UnknownAspect(String);

impl FromStr for Aspect {
    type Err = UnknownAspect;

    fn from_str(text: &str) -> Result<Self, UnknownAspect> {
        match text {
            "network" => Ok(Aspect::Network),
            "exposure" => Ok(Aspect::Exposure),
            "policy" => Ok(Aspect::Policy),
            "resources" => Ok(Aspect::Resources),
            _ => Err(UnknownAspect(text.to_owned())),
        }
    }
}

/// The part of a graph that a view is about. [`Aspect::Resources`] is about what `resolve::resources` adds.
pub fn aspect(graph: Graph, aspect: Aspect) -> Graph {
    match aspect {
        Aspect::Network => graph,
        Aspect::Exposure => {
            let reached = exposed(&graph);
            part(&graph, &reached, |edge| leads(graph.edge(edge).2.kind())).build()
        }
        Aspect::Policy => {
            let ruled = |edge: usize| matches!(graph.edge(edge).2.kind(), EdgeKind::Allows | EdgeKind::Denied);
            let mut kept: Vec<bool> = graph.nodes().map(|n| n.kind == NodeKind::Workload).collect();
            for (index, (from, to, _)) in graph.edges().enumerate() {
                if ruled(index) {
                    (kept[from], kept[to]) = (true, true);
                }
            }
            part(&graph, &kept, ruled).build()
        }
        Aspect::Resources => {
            let held = |edge: usize| matches!(graph.edge(edge).2.kind(), EdgeKind::Uses | EdgeKind::Scales);
            let mut kept: Vec<bool> =
                graph.nodes().map(|n| n.kind == NodeKind::Workload || is_config(n.kind)).collect();
            for (index, (from, to, _)) in graph.edges().enumerate() {
                if held(index) {
                    (kept[from], kept[to]) = (true, true);
                }
            }
            let quiet = part(&graph, &kept, held).build();
            let workloads: Vec<String> =
                quiet.nodes().filter(|n| n.kind == NodeKind::Workload).map(|n| n.id.clone()).collect();
            let mut builder = GraphBuilder::reopen(quiet);
            for id in workloads {
                // What policies do is another picture.
                if let Some(Detail::Workload { access, .. }) = builder.known(&id).map(|n| &mut n.detail) {
                    *access = None;
                }
            }
            builder.build()
        }
    }
}

/// The graph without its edges of a kind.
pub fn without(graph: &Graph, kind: EdgeKind) -> Graph {
    let all = vec![true; graph.nodes().len()];
    part(graph, &all, |edge| graph.edge(edge).2.kind() != kind).build()
}

/// Whether it is something that workloads use, or that scales them.
fn is_config(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::ConfigMap | NodeKind::Secret | NodeKind::Claim | NodeKind::ServiceAccount | NodeKind::Scaler
    )
}

/// Whether requests go along such an edge, whatever policies say.
fn leads(kind: EdgeKind) -> bool {
    match kind {
        EdgeKind::Exposes | EdgeKind::Routes | EdgeKind::Selects | EdgeKind::Resolves => true,
        EdgeKind::Allows | EdgeKind::Denied | EdgeKind::Calls | EdgeKind::Uses | EdgeKind::Scales => false,
    }
}

/// For each node whether it lies on a way from outside, where the way starts included.
pub(super) fn exposed(graph: &Graph) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes().len()];
    let mut open: Vec<usize> = Vec::new();
    for (from, _, edge) in graph.edges() {
        if edge.kind() == EdgeKind::Exposes && !reached[from] {
            reached[from] = true;
            open.push(from);
        }
    }
    while let Some(node) = open.pop() {
        for edge in graph.outgoing(node) {
            let (_, to, edge) = graph.edge(edge);
            if leads(edge.kind()) && !reached[to] {
                reached[to] = true;
                open.push(to);
            }
        }
    }
    reached
}
