//! Calls as edges of a graph: workload → Service.

use std::collections::BTreeSet;

use super::super::Context;
use crate::cluster::Cluster;
use crate::graph::{
    Call as CallWords, CallState, EdgeDetail, EdgeKind, Evidence, Graph, GraphBuilder, NodeId, NodeKind,
};
use crate::policy::{self, Call, Calls, Connectivity};
use crate::source::Sources;

/// Adds calls to a graph of the same cluster, to which what policies allow has been added.
pub fn draw_calls(
    graph: Graph,
    cluster: &Cluster,
    connectivity: &Connectivity,
    calls: &Calls,
    sources: &Sources,
) -> Graph {
    if calls.found.is_empty() {
        return graph;
    }
    let drawn = allowed(&graph);
    let mut context = Context { cluster, sources, graph: GraphBuilder::reopen(graph), diagnostics: Vec::new() };
    for call in &calls.found {
        let from = NodeId::object(&cluster.workloads()[call.workload].key);
        let to = NodeId::object(&cluster.entries()[call.service].key);
        let state = state(connectivity, call);
        let target = |w: usize| NodeId::object(&cluster.workloads()[w].key);
        let said = call.targets.iter().all(|t| drawn.contains(&(from.clone(), target(t.workload))));
        let is_covered = state == CallState::Allowed && !call.targets.is_empty() && said;
        let evidence: Vec<Evidence> = call.said.iter().map(|s| place(&context, s)).collect();
        context.graph.edge(
            &from,
            &to,
            EdgeDetail::Calls(CallWords { ports: call.ports.clone(), state, is_covered }),
            evidence,
        );
    }
    context.graph.build()
}

fn place(context: &Context<'_>, said: &policy::Said) -> Evidence {
    Evidence {
        object: context.cluster.entries()[said.entry].key.to_string(),
        field: said.field.clone(),
        file: context.sources.name(said.at.file).to_owned(),
        line: said.at.line,
    }
}

/// What policies leave of a call, all workloads behind the Service together.
fn state(connectivity: &Connectivity, call: &Call) -> CallState {
    let verdicts = connectivity.judge(call);
    if verdicts.is_empty() {
        CallState::Unknown
    } else if verdicts.iter().all(policy::CallVerdict::is_allowed) {
        CallState::Allowed
    } else if verdicts.iter().all(policy::CallVerdict::is_blocked) {
        CallState::Blocked
    } else {
        CallState::Partly
    }
}

/// The pairs of nodes between which a line says that policies allow something, directly or through a junction.
fn allowed(graph: &Graph) -> BTreeSet<(NodeId, NodeId)> {
    let mut pairs = BTreeSet::new();
    let allows = |edge: &usize| graph.edge(*edge).2.kind() == EdgeKind::Allows;
    for (from, to, edge) in graph.edges() {
        if edge.kind() != EdgeKind::Allows || graph.node(from).kind() == NodeKind::Junction {
            continue;
        }
        let ends: Vec<usize> = if graph.node(to).kind() == NodeKind::Junction {
            graph.outgoing(to).into_iter().filter(allows).map(|e| graph.edge(e).1).collect()
        } else {
            vec![to]
        };
        pairs.extend(ends.into_iter().map(|end| (graph.node(from).id.clone(), graph.node(end).id.clone())));
    }
    pairs
}
