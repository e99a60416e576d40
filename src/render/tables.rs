//! One walk over the graph for every table: a format only says how a row looks.

use std::collections::BTreeSet;

use crate::graph::{
    Allowance, Call, Config, Detail, Edge, EdgeDetail, EdgeKind, Evidence, Exposure, Graph, Node, NodeKind, RouteRule,
    Scaling, Uses,
};

/// One way in from outside.
pub(crate) struct ExposureRow<'a> {
    /// The outside.
    pub(crate) from: &'a Node,
    /// What is reached first.
    pub(crate) to: &'a Node,
    /// By what means.
    pub(crate) way: &'a Exposure,
    /// Where it is said.
    pub(crate) at: Option<&'a Evidence>,
    /// The workloads behind it, by id.
    pub(crate) behind: Vec<&'a Node>,
}

/// What policies allow or deny between two ends.
pub(crate) struct AllowedRow<'a> {
    /// Where it comes from.
    pub(crate) from: &'a Node,
    /// Where it goes to.
    pub(crate) to: &'a Node,
    /// Whether it is allowed or denied.
    pub(crate) kind: EdgeKind,
    /// On which ports, and for whom not.
    pub(crate) allowance: &'a Allowance,
    /// The rules.
    pub(crate) because: &'a [Evidence],
}

/// A Service that the configuration of a workload names.
pub(crate) struct CallRow<'a> {
    /// Whose configuration it is.
    pub(crate) from: &'a Node,
    /// What it names.
    pub(crate) to: &'a Node,
    /// On which ports, and what policies leave of it.
    pub(crate) call: &'a Call,
    /// Where it is named.
    pub(crate) places: &'a [Evidence],
}

/// What a workload or an entrance uses.
pub(crate) struct UseRow<'a> {
    /// Who uses it.
    pub(crate) by: &'a Node,
    /// What is used.
    pub(crate) what: &'a Node,
    /// In which ways.
    pub(crate) uses: &'a Uses,
    /// Where it is said.
    pub(crate) at: Option<&'a Evidence>,
}

/// What is scaled, by what.
pub(crate) struct ScaleRow<'a> {
    /// The autoscaler.
    pub(crate) scaler: &'a Node,
    /// What it scales.
    pub(crate) target: &'a Node,
    /// Between how many pods.
    pub(crate) scaling: &'a Scaling,
    /// By what it is measured.
    pub(crate) by: &'a [String],
    /// Where it is said.
    pub(crate) at: Option<&'a Evidence>,
}

/// One rule by which requests are sent on.
pub(crate) struct RouteRow<'a> {
    /// The Ingress or route that has the rule.
    pub(crate) by: &'a Node,
    /// The rule.
    pub(crate) rule: &'a RouteRule,
    /// Where it sends.
    pub(crate) to: &'a Node,
    /// The port there.
    pub(crate) port: &'a crate::graph::Backend,
    /// Where it is said.
    pub(crate) at: Option<&'a Evidence>,
}

/// Every way in, in the order of the graph.
pub(crate) fn exposure(graph: &Graph) -> Vec<ExposureRow<'_>> {
    let mut rows = Vec::new();
    for (from, to, edge) in graph.edges() {
        if let EdgeDetail::Exposes(ways) = &edge.detail {
            let behind = workloads_behind(graph, to);
            rows.extend(ways.iter().map(|way| ExposureRow {
                from: graph.node(from),
                to: graph.node(to),
                way,
                at: first(edge),
                behind: behind.clone(),
            }));
        }
    }
    rows
}

/// What policies allow and deny, as drawn: allowed first. What runs through a junction is listed for each of its
/// sources and all that it leads to.
pub(crate) fn allowed(graph: &Graph) -> Vec<AllowedRow<'_>> {
    let mut rows = Vec::new();
    for (from, to, edge) in graph.edges() {
        let (EdgeDetail::Allows(allowance) | EdgeDetail::Denied(allowance)) = &edge.detail else {
            continue;
        };
        rows.push(AllowedRow {
            from: graph.node(from),
            to: graph.node(to),
            kind: edge.kind(),
            allowance,
            because: &edge.evidence,
        });
    }
    rows.sort_by_key(|r| r.kind);
    rows
}

/// Every rule of every Ingress and route, and of what the API server calls, by object, host and path, defaults last.
/// What a Gateway passes to its routes is no rule of its own.
pub(crate) fn routes(graph: &Graph) -> Vec<RouteRow<'_>> {
    let mut rows = Vec::new();
    for (from, to, edge) in graph.edges() {
        if let (EdgeDetail::Routes { rules, port }, by) = (&edge.detail, graph.node(from))
            && matches!(by.kind(), NodeKind::Ingress | NodeKind::Route | NodeKind::Resource)
        {
            let places = rule_places(rules, edge);
            rows.extend(rules.iter().zip(places).map(|(rule, at)| RouteRow { by, rule, to: graph.node(to), port, at }));
        }
    }
    rows.sort_by_key(|r| (&r.by.id, r.rule.default, &r.rule.host, &r.rule.path, &r.to.id));
    rows
}

/// Every call that is drawn, by caller.
pub(crate) fn calls(graph: &Graph) -> Vec<CallRow<'_>> {
    let rows = graph.edges().filter_map(|(from, to, edge)| match &edge.detail {
        EdgeDetail::Calls(call) => {
            Some(CallRow { from: graph.node(from), to: graph.node(to), call, places: &edge.evidence })
        }
        _ => None,
    });
    rows.collect()
}

/// Who uses what, by user. What runs through a junction is listed for each of its users and all that they use there.
pub(crate) fn uses(graph: &Graph) -> Vec<UseRow<'_>> {
    let mut rows = Vec::new();
    for (from, to, edge) in graph.edges() {
        let EdgeDetail::Uses(uses) = &edge.detail else { continue };
        let by = graph.node(from);
        if by.kind() == NodeKind::Junction {
            continue;
        }
        if graph.node(to).kind() != NodeKind::Junction {
            let (what, at) = (graph.node(to), first(edge));
            rows.push(UseRow { by, what, uses, at });
            continue;
        }
        for (_, what, beyond) in graph.outgoing(to).into_iter().map(|e| graph.edge(e)) {
            if let EdgeDetail::Uses(uses) = &beyond.detail {
                let at = beyond.evidence.iter().find(|e| edge.evidence.contains(e));
                rows.push(UseRow { by, what: graph.node(what), uses, at });
            }
        }
    }
    rows.sort_by_key(|r| (&r.by.id, r.what.kind(), &r.what.id));
    rows
}

/// What is scaled, by autoscaler.
pub(crate) fn scales(graph: &Graph) -> Vec<ScaleRow<'_>> {
    let rows = graph.edges().filter_map(|(from, to, edge)| {
        let scaler = graph.node(from);
        let (EdgeDetail::Scales(scaling), Detail::Config(Config::Scaler { by, .. })) = (&edge.detail, &scaler.detail)
        else {
            return None;
        };
        Some(ScaleRow { scaler, target: graph.node(to), scaling, by, at: first(edge) })
    });
    rows.collect()
}

/// The ids of the Services that select a workload.
pub(crate) fn selected_by(graph: &Graph, node: usize) -> Vec<&Node> {
    graph
        .incoming(node)
        .into_iter()
        .map(|e| graph.edge(e))
        .filter(|(_, _, edge)| edge.kind() == EdgeKind::Selects)
        .map(|(from, _, _)| graph.node(from))
        .collect()
}

/// The nodes whose traffic goes on from here and ends in a workload. The walk ends at workloads: what they call is
/// another question.
fn workloads_behind(graph: &Graph, start: usize) -> Vec<&Node> {
    let mut seen = BTreeSet::from([start]);
    let mut todo = vec![start];
    while let Some(at) = todo.pop() {
        if graph.node(at).kind() != NodeKind::Workload {
            todo.extend(graph.outgoing(at).into_iter().map(|e| graph.edge(e).1).filter(|to| seen.insert(*to)));
        }
    }
    seen.into_iter().map(|i| graph.node(i)).filter(|n| n.kind() == NodeKind::Workload).collect()
}

/// A place for each rule: an edge has one piece of evidence for each, in their order; should one be lacking, the first
/// of the edge.
fn rule_places<'a>(rules: &[RouteRule], edge: &'a Edge) -> Vec<Option<&'a Evidence>> {
    (0..rules.len()).map(|i| edge.evidence.get(i).or_else(|| edge.evidence.first())).collect()
}

/// The first place of an edge, by file and line.
pub(crate) fn first(edge: &Edge) -> Option<&Evidence> {
    edge.evidence.iter().min_by_key(|e| (&e.file, e.line))
}

/// The images of a workload, in the order of its containers.
pub(crate) fn images(node: &Node) -> Vec<&str> {
    match &node.detail {
        Detail::Workload { containers, .. } => containers.iter().filter_map(|c| c.image.as_deref()).collect(),
        _ => Vec::new(),
    }
}
