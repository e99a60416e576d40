//! Aspects of a graph: all traffic, exposure, policies, or resources of workloads.

use std::str::FromStr;

use crate::graph::{Detail, EdgeDetail, EdgeKind, Graph, NodeKind};
use crate::net::{UnknownName, choice};

/// The aspect that a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Aspect {
    /// All traffic.
    #[default]
    Network,
    /// Only the paths from outside the cluster.
    Exposure,
    /// Workloads, sets of pods and addresses, and the traffic that policies allow between them; no routing.
    Policy,
    /// Workloads with the objects that they use and their autoscalers; no network.
    Resources,
}

impl FromStr for Aspect {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("view", text)
    }
}

/// Optional connections of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Lines {
    /// Traffic that a policy at one end allows and policies at the other end deny.
    pub denied: Denied,
    /// Calls of workloads.
    pub calls: CallLines,
}

/// Visibility of traffic that only one end allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Denied {
    /// The edges are left out.
    #[default]
    Hidden,
    /// The edges are drawn.
    Shown,
}

/// The calls that are drawn as edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CallLines {
    /// None.
    Hidden,
    /// Calls between ends that no edge of a policy connects.
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

/// The part of the graph of a World for a view.
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
                // Policies have a view of their own.
                if let Detail::Workload { access, .. } = detail {
                    *access = None;
                }
            });
            part
        }
    }
}

/// For each node, true if a wanted edge ends there or the node is of a kind that is always kept.
fn around(graph: &Graph, wanted: impl Fn(usize) -> bool, is_kind: impl Fn(NodeKind) -> bool) -> Vec<bool> {
    let mut kept: Vec<bool> = graph.nodes().map(|n| is_kind(n.kind())).collect();
    for (index, (from, to, _)) in graph.edges().enumerate() {
        if wanted(index) {
            (kept[from], kept[to]) = (true, true);
        }
    }
    kept
}

/// True if the edge is about the resources or the autoscaler of a workload, not about traffic.
fn is_of_resources(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::Uses | EdgeKind::Scales)
}

/// True if requests follow the edge, regardless of policies.
fn leads(kind: EdgeKind) -> bool {
    match kind {
        EdgeKind::Exposes | EdgeKind::Routes | EdgeKind::Selects | EdgeKind::Resolves => true,
        EdgeKind::Allows | EdgeKind::Denied | EdgeKind::Calls | EdgeKind::Uses | EdgeKind::Scales => false,
    }
}

/// For each node, true if it is on a path from outside the cluster, including the start of the path.
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
