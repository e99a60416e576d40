//! The number of added, removed and changed items of a union, as text.

use super::summary::counted;
use super::{Change, ChangeKind, Graph, NodeKind};

impl Graph {
    /// The number of nodes of each kind and of connections with this change: `2 services`, `1 workload`, `3
    /// connections`. For lines through a junction, the lines that leave it count and the junction does not. The
    /// Internet, which is always present, does not count.
    pub fn tally(&self, kind: ChangeKind) -> Vec<String> {
        let is = |change: &Option<Change>| change.as_ref().map(Change::kind) == Some(kind);
        let counts = |node: &NodeKind| !matches!(node, NodeKind::Internet | NodeKind::Junction);
        let of = |wanted: NodeKind| self.nodes().filter(|n| n.kind() == wanted && is(&n.change)).count();
        let mut parts: Vec<String> = NodeKind::ALL
            .iter()
            .filter(|k| counts(k))
            .map(|k| (*k, of(*k)))
            .filter(|(_, n)| *n > 0)
            .map(|(k, n)| match (k, n) {
                (NodeKind::Missing, 1) => "1 missing reference".to_owned(),
                (NodeKind::Missing, n) => format!("{n} missing references"),
                _ => counted(k, n),
            })
            .collect();
        let through = |to: usize| self.node(to).kind() == NodeKind::Junction;
        let edges = self.edges().filter(|(_, to, edge)| is(&edge.change) && !through(*to)).count();
        if edges > 0 {
            parts.push(format!("{edges} {}", if edges == 1 { "connection" } else { "connections" }));
        }
        parts
    }

    /// True if the graph is a union of two equal states.
    pub fn is_unchanged(&self) -> bool {
        let same = |change: &Option<Change>| change.as_ref().is_some_and(Change::is_same);
        self.is_comparison() && self.nodes().all(|n| same(&n.change)) && self.edges().all(|(.., e)| same(&e.change))
    }
}
