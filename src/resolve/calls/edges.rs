//! Calls as edges of a graph: workload → Service.

use std::collections::BTreeSet;

use super::super::Context;
use crate::graph::{
    Call as CallWords, CallState, EdgeDetail, EdgeKind, EdgeView, EdgesByEnd, Evidence, NodeId, NodeKind,
};
use crate::policy::{self, Call, Calls, Connectivity};

/// Adds calls to a graph of the same cluster, to which what policies allow has been added.
pub(in crate::resolve) fn add(context: &mut Context<'_>, connectivity: &Connectivity, calls: &Calls) {
    let cluster = context.cluster;
    let drawn = if calls.found.is_empty() { BTreeSet::new() } else { allowed(&context.graph.edges_by_end()) };
    for call in &calls.found {
        let from = NodeId::object(&cluster.workloads()[call.workload].key);
        let to = NodeId::object(&cluster.entries()[call.service].key);
        let state = state(connectivity, call);
        let target = |w: usize| NodeId::object(&cluster.workloads()[w].key);
        let said = call.targets.iter().all(|t| drawn.contains(&(from.clone(), target(t.workload))));
        let is_covered = state == CallState::Allowed && !call.targets.is_empty() && said;
        let evidence: Vec<Evidence> = call.said.iter().map(|s| place(context, s)).collect();
        context.graph.edge(
            &from,
            &to,
            EdgeDetail::Calls(CallWords { ports: call.ports.clone(), state, is_covered }),
            evidence,
        );
    }
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
fn allowed(links: &EdgesByEnd<'_>) -> BTreeSet<(NodeId, NodeId)> {
    let mut pairs = BTreeSet::new();
    let allows = |link: &EdgeView<'_>| link.detail.kind() == EdgeKind::Allows;
    for EdgeView { from, to, .. } in links.iter().filter(allows) {
        if from.kind() == NodeKind::Junction {
            continue;
        }
        if to.kind() == NodeKind::Junction {
            let ends = links.outgoing(&to.id).filter(allows);
            pairs.extend(ends.map(|end| (from.id.clone(), end.to.id.clone())));
        } else {
            pairs.insert((from.id.clone(), to.id.clone()));
        }
    }
    pairs
}
