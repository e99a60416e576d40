//! Summary nodes and edges: collected first, built when all members are known.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{
    Change, ChangeKind, Detail, Difference, EdgeDetail, EdgeKind, Evidence, Graph, GraphBuilder, Identity, Node,
    NodeId, NodeKind, Outside, Several, Summary, SummaryId,
};

/// The maximum number of evidence items of a summary.
const PLACES: usize = 12;

/// The card of a summary.
pub(super) struct Card {
    pub id: SummaryId,
    /// The namespace of its frame.
    pub namespace: Option<String>,
    pub name: String,
}

/// The members of a summary.
#[derive(Debug, Default)]
pub(super) struct SummaryMembers {
    members: BTreeSet<usize>,
}

impl SummaryMembers {
    pub(super) fn add(&mut self, node: usize) {
        self.members.insert(node);
    }

    /// The summary node. `exposed` states for each node of the graph whether it is on a path from outside
    /// the cluster.
    pub(super) fn node(&self, graph: &Graph, card: Card, exposed: &[bool]) -> Node {
        let mut counts: BTreeMap<NodeKind, usize> = BTreeMap::new();
        let (mut ingress, mut egress, mut judged, mut open) = (0, 0, false, 0);
        let change = self.change(graph);
        // Removed members do not count, unless all are removed.
        let gone = |node: &Node| node.change == Some(Change::Removed) && change != Some(Change::Removed);
        for &index in &self.members {
            let node = graph.node(index);
            match &node.detail {
                _ if gone(node) => {}
                Detail::Summary(summary) => {
                    for (kind, count) in &summary.counts {
                        *counts.entry(*kind).or_default() += count;
                    }
                    open += summary.exposed;
                }
                detail => {
                    *counts.entry(node.kind()).or_default() += 1;
                    if let Detail::Workload { access, .. } = detail {
                        open += usize::from(match access {
                            Some(access) => access.outside == Outside::Reached,
                            None => exposed.get(index).copied().unwrap_or_default(),
                        });
                        if let Some(access) = access {
                            judged = true;
                            ingress += usize::from(access.ingress.isolated);
                            egress += usize::from(access.egress.isolated);
                        }
                    }
                }
            }
        }
        let evidence: BTreeSet<&Evidence> =
            self.members.iter().filter_map(|&m| graph.node(m).evidence.first()).collect();
        // Workloads matter most.
        let rank = |kind: &NodeKind| (*kind != NodeKind::Workload, *kind != NodeKind::Service);
        counts.remove(&NodeKind::Junction);
        if counts.len() > 1 {
            // Beside objects, sets of them add little.
            counts.remove(&NodeKind::Peers);
        }
        let mut counts: Vec<(NodeKind, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(kind, _)| (rank(kind), *kind));
        let isolated = judged.then_some((ingress, egress));
        let summary = Summary { scope: card.id.scope(), counts, exposed: open, isolated };
        Node {
            namespace: card.namespace,
            evidence: evidence.into_iter().take(PLACES).cloned().collect(),
            change,
            ..Node::new(Identity::Summary(card.id), "Summary", card.name, Detail::Summary(summary))
        }
    }

    /// The common change of all members, or the number of each kind in both states; `None` in a graph of one
    /// state.
    fn change(&self, graph: &Graph) -> Option<Change> {
        let nodes = || self.members.iter().map(|&m| graph.node(m));
        let kinds: BTreeSet<NodeKind> = nodes().map(Node::kind).filter(|k| *k != NodeKind::Junction).collect();
        let differences = kinds.into_iter().filter_map(|kind| {
            let count = |without: ChangeKind| {
                let there = |n: &&Node| n.kind() == kind && n.change.as_ref().map(Change::kind) != Some(without);
                nodes().filter(there).count()
            };
            counted_difference(noun(kind), count(ChangeKind::Added), count(ChangeKind::Removed))
        });
        common(nodes().map(|n| n.change.as_ref()), differences.collect())
    }

    pub(super) fn members(&self) -> &BTreeSet<usize> {
        &self.members
    }
}

/// Edges between summaries, by ends and kind.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    edges: BTreeMap<(NodeId, NodeId, EdgeKind), Vec<usize>>,
}

impl Bundles {
    pub(super) fn add(&mut self, from: NodeId, to: NodeId, graph: &Graph, edge: usize) {
        if from != to {
            self.edges.entry((from, to, graph.edge(edge).2.kind())).or_default().push(edge);
        }
    }

    /// Adds one edge for each bundle: the common detail of its edges if they are equal, otherwise their number.
    pub(super) fn build(self, graph: &Graph, builder: &mut GraphBuilder) {
        for ((from, to, kind), edges) in self.edges {
            let details: BTreeSet<&EdgeDetail> = edges.iter().map(|&e| &graph.edge(e).2.detail).collect();
            let plain = |detail: &&&EdgeDetail| !matches!(detail, EdgeDetail::Several(_));
            let detail = match details.first() {
                Some(one) if edges.len() == 1 => (*one).clone(),
                _ => EdgeDetail::Several(Several {
                    kind,
                    count: edges.iter().map(|&e| weight(&graph.edge(e).2.detail)).sum(),
                    details: details.iter().filter(plain).map(|detail| (*detail).clone()).collect(),
                }),
            };
            let places = edges.iter().filter_map(|&e| graph.edge(e).2.evidence.first()).collect::<BTreeSet<_>>();
            let changes = || edges.iter().map(|&e| graph.edge(e).2.change.as_ref());
            let count = |without: ChangeKind| changes().filter(|c| c.map(Change::kind) != Some(without)).count();
            let difference = counted_difference("connections", count(ChangeKind::Added), count(ChangeKind::Removed));
            let change = common(changes(), difference.into_iter().collect());
            builder.compared_edge(&from, &to, detail, places.into_iter().take(PLACES).cloned(), change);
        }
    }
}

/// The common change of several items, or else these differences; `None` if no item has a change.
fn common<'a>(changes: impl Iterator<Item = Option<&'a Change>>, differences: Vec<Difference>) -> Option<Change> {
    let mut kinds: BTreeSet<ChangeKind> = BTreeSet::new();
    let mut only = None;
    let mut count = 0;
    for change in changes {
        let change = change?;
        kinds.insert(change.kind());
        only = Some(change);
        count += 1;
    }
    match (kinds.len(), only) {
        (1, Some(change)) if count == 1 || !matches!(change, Change::Changed(_)) => Some(change.clone()),
        (0, _) => None,
        _ => Some(Change::Changed(differences)),
    }
}

/// The numbers in both states, if they differ.
fn counted_difference(about: &'static str, old: usize, new: usize) -> Option<Difference> {
    (old != new).then(|| Difference::new(about, old.to_string(), new.to_string()))
}

fn noun(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Workload => "workloads",
        NodeKind::Service => "services",
        kind => kind.as_str(),
    }
}

fn weight(detail: &EdgeDetail) -> usize {
    match detail {
        EdgeDetail::Several(several) => several.count,
        _ => 1,
    }
}
