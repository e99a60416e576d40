//! What a picture is about: the ways of traffic, only those from outside, what policies say, or what workloads use.

use std::str::FromStr;

use crate::graph::{Detail, EdgeDetail, EdgeKind, Graph, NodeKind};

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

/// Which connections a picture draws, beside those that every picture of its view draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lines {
    /// What a policy at one end allows and policies at the other deny.
    pub denied: Denied,
    /// Whom workloads call.
    pub calls: CallLines,
}

/// Whether edges are drawn for what only one end allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Denied {
    /// They are left out.
    #[default]
    Hidden,
    /// They are drawn.
    Shown,
}

/// Which calls are drawn as edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CallLines {
    /// None.
    Hidden,
    /// Those between ends that no edge of a policy connects already.
    #[default]
    Uncovered,
    /// All.
    All,
}

impl Lines {
    fn include(self, edge: &EdgeDetail) -> bool {
        match edge {
            EdgeDetail::Denied(_) => self.denied == Denied::Shown,
            EdgeDetail::Calls(call) => match self.calls {
                CallLines::Hidden => false,
                CallLines::Uncovered => !call.is_covered,
                CallLines::All => true,
            },
            _ => true,
        }
    }
}

/// The part of the graph of a World that a view is about.
pub fn aspect(graph: &Graph, aspect: Aspect, lines: Lines) -> Graph {
    let kinds: fn(EdgeKind) -> bool = match aspect {
        Aspect::Network => |kind| !is_of_resources(kind),
        Aspect::Exposure => leads,
        Aspect::Policy => |kind| matches!(kind, EdgeKind::Allows | EdgeKind::Denied),
        Aspect::Resources => is_of_resources,
    };
    let wanted = |edge: usize| {
        let edge = graph.edge(edge).2;
        kinds(edge.kind()) && lines.include(&edge.detail)
    };
    match aspect {
        Aspect::Network => graph.network(wanted),
        Aspect::Exposure => graph.part(&exposed(graph), wanted),
        Aspect::Policy => graph.part(&around(graph, wanted, |kind| kind == NodeKind::Workload), wanted),
        Aspect::Resources => {
            let of_view = |kind: NodeKind| kind == NodeKind::Workload || kind.is_config();
            let mut part = graph.part(&around(graph, wanted, of_view), wanted);
            part.annotate(|detail| {
                // What policies do is another picture.
                if let Detail::Workload { access, .. } = detail {
                    *access = None;
                }
            });
            part
        }
    }
}

/// For each node whether an edge that is wanted ends there, or it is of a kind that is there anyhow.
fn around(graph: &Graph, wanted: impl Fn(usize) -> bool, is_kind: impl Fn(NodeKind) -> bool) -> Vec<bool> {
    let mut kept: Vec<bool> = graph.nodes().map(|n| is_kind(n.kind())).collect();
    for (index, (from, to, _)) in graph.edges().enumerate() {
        if wanted(index) {
            (kept[from], kept[to]) = (true, true);
        }
    }
    kept
}

/// The graph without its edges of a kind.
pub fn without(graph: &Graph, kind: EdgeKind) -> Graph {
    graph.part(&vec![true; graph.nodes().len()], |edge| graph.edge(edge).2.kind() != kind)
}

/// Whether such an edge is about what workloads use, or about what scales them, and not about traffic.
fn is_of_resources(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Uses | EdgeKind::Scales)
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
