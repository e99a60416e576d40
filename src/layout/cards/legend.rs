//! The heading above the picture and the legend below it.

use std::collections::BTreeSet;

use crate::graph::{Change, ChangeKind, EdgeKind, Graph, Mark, NodeKind};

use super::super::{LegendEntry, Rect, Sample, Text, TextRole};
use super::card::text;
use super::metrics::text_width;
use super::wrap::wrap;

/// Height of a line of the legend.
pub(in crate::layout) const LINE: f64 = 20.0;
const SAMPLE_NODE: f64 = 14.0;
const SAMPLE_EDGE: f64 = 26.0;
const SAMPLE_LOCK: f64 = 9.0;
const GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 18.0;

/// Title and subtitle with their top at 0, and the height they need.
pub(in crate::layout) fn heading(graph: &Graph, title: Option<&str>, width: f64) -> (Vec<Text>, f64) {
    let mut lines = Vec::new();
    let mut y = 0.0;
    let title = match title {
        Some(title) if !title.trim().is_empty() => Some(title),
        _ if graph.nodes().len() == 0 => Some("nothing to draw"),
        _ => None,
    };
    if let Some(title) = title {
        for line in wrap(title, TextRole::Title, width.max(200.0), 3) {
            lines.push(text(&line, TextRole::Title, 0.0, y + 17.0));
            y += 23.0;
        }
    }
    let changes = changes(graph);
    for (kind, said) in &changes {
        for line in wrap(said, TextRole::Subtitle, width.max(200.0), 2) {
            lines.push(text(&line, TextRole::Subtitle, 0.0, y + 11.0).of(Some(*kind)));
            y += 15.0;
        }
    }
    let counts = if changes.is_empty() { counts(graph) } else { String::new() };
    if title.is_some() && !counts.is_empty() {
        for line in wrap(&counts, TextRole::Subtitle, width.max(200.0), 2) {
            lines.push(text(&line, TextRole::Subtitle, 0.0, y + 11.0));
            y += 15.0;
        }
    }
    for line in graph.footnote().iter().flat_map(|said| wrap(said, TextRole::Subtitle, width.max(200.0), 2)) {
        lines.push(text(&line, TextRole::Subtitle, 0.0, y + 11.0));
        y += 15.0;
    }
    if !lines.is_empty() {
        y += 13.0;
    }
    (lines, y)
}

/// `+ 2 services, 3 connections`, one for each kind of change; unchanged items are listed only if there are no
/// others.
fn changes(graph: &Graph) -> Vec<(ChangeKind, String)> {
    if !graph.is_comparison() {
        return Vec::new();
    }
    if graph.is_unchanged() {
        return vec![(ChangeKind::Same, "nothing changed".to_owned())];
    }
    let said = |kind: &ChangeKind| (*kind, graph.tally(*kind));
    let changed = ChangeKind::ALL.iter().filter(|k| **k != ChangeKind::Same).map(said);
    changed
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(kind, parts)| (kind, format!("{} {} {}", kind.sign(), parts.join(", "), kind.as_str())))
        .collect()
}

/// `2 namespaces · 5 workloads · 4 services`.
fn counts(graph: &Graph) -> String {
    let count = |kind: NodeKind| graph.count(kind);
    let all = [
        (graph.namespaces(), "namespace", "namespaces"),
        (count(NodeKind::Ingress), "ingress", "ingresses"),
        (count(NodeKind::Gateway), "gateway", "gateways"),
        (count(NodeKind::Service), "service", "services"),
        (count(NodeKind::Workload), "workload", "workloads"),
        (count(NodeKind::ConfigMap), "ConfigMap", "ConfigMaps"),
        (count(NodeKind::Secret), "Secret", "Secrets"),
        (count(NodeKind::Claim), "volume claim", "volume claims"),
        (count(NodeKind::ServiceAccount), "ServiceAccount", "ServiceAccounts"),
    ];
    let said = all
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }));
    said.collect::<Vec<_>>().join(" · ")
}

/// The legend with its top at 0, wrapped to a width, and the height it needs.
pub(in crate::layout) fn legend(graph: &Graph, lock: Lock, width: f64) -> (Vec<LegendEntry>, f64) {
    let nodes = NodeKind::ALL
        .iter()
        .filter(|k| graph.nodes().any(|n| n.kind() == **k))
        .map(|k| (Sample::Node(*k), node_word(*k)));
    let edges = EdgeKind::ALL
        .iter()
        .filter(|k| graph.edges().any(|(.., e)| e.kind() == **k))
        .map(|k| (Sample::Edge(*k), edge_word(*k)));
    let locks = (lock == Lock::Used).then_some((Sample::Lock, "TLS"));
    let used: BTreeSet<Mark> = graph.nodes().flat_map(|n| n.badges()).map(|(mark, _)| mark).collect();
    let marks = used.into_iter().map(|m| (Sample::Mark(m), mark_word(m)));
    let (mut x, mut y) = (0.0, 0.0);
    let mut entries = Vec::new();
    let known = |kind: ChangeKind| {
        let is = |change: &Option<Change>| change.as_ref().is_some_and(|c| c.kind() == kind);
        graph.nodes().any(|n| is(&n.change)) || graph.edges().any(|(.., e)| is(&e.change))
    };
    let changes = ChangeKind::ALL.iter().filter(|k| known(**k)).map(|k| (Sample::Change(*k), change_word(*k)));
    // Changes are the subject of a comparison: they come first.
    for (sample, word) in changes.chain(nodes).chain(edges).chain(locks).chain(marks) {
        let (w, h) = match sample {
            Sample::Node(_) => (SAMPLE_NODE, SAMPLE_NODE),
            Sample::Edge(_) | Sample::Change(_) => (SAMPLE_EDGE, SAMPLE_NODE),
            Sample::Lock | Sample::Mark(_) => (SAMPLE_LOCK, SAMPLE_LOCK),
        };
        let whole = w + GAP + text_width(word, TextRole::Legend);
        if x > 0.0 && x + whole > width {
            (x, y) = (0.0, y + LINE);
        }
        entries.push(LegendEntry {
            sample,
            at: Rect { x, y: y + (LINE - h) / 2.0, w, h },
            text: text(word, TextRole::Legend, x + w + GAP, y + 14.0),
        });
        x += whole + ENTRY_GAP;
    }
    let height = if entries.is_empty() { 0.0 } else { y + LINE };
    (entries, height)
}

/// True if any row shows a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) enum Lock {
    Used,
    Unused,
}

fn node_word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Internet => "Internet",
        NodeKind::External => "outside addresses",
        NodeKind::ExternalName => "outside name",
        NodeKind::Ingress => "Ingress",
        NodeKind::Gateway => "Gateway",
        NodeKind::Route => "Route",
        NodeKind::Service => "Service",
        NodeKind::Workload => "workload",
        NodeKind::Peers => "set of pods",
        NodeKind::Junction => "each to each",
        NodeKind::ConfigMap => "ConfigMap",
        NodeKind::Secret => "Secret",
        NodeKind::Claim => "volume claim",
        NodeKind::ServiceAccount => "ServiceAccount",
        NodeKind::Scaler => "autoscaler",
        NodeKind::Resource => "other object",
        NodeKind::Missing => "missing",
        NodeKind::Summary => "several objects as one",
    }
}

fn change_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+ added",
        ChangeKind::Removed => "− removed",
        ChangeKind::Changed => "~ changed",
        ChangeKind::Same => "unchanged",
    }
}

fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Isolated => "isolated: only what rules allow",
        Mark::Ruled => "only what no policy denies",
        Mark::Open => "open: nothing is denied",
        Mark::Exposed => "reached from outside",
        Mark::Blocked => "sent here from outside, denied by policy",
        Mark::NoNames => "DNS denied by policy",
        Mark::Unevaluated => "not evaluated",
        Mark::Broken => "cannot work",
        Mark::Doubtful => "probably wrong, or risky",
    }
}

/// What a legend calls a kind of edge.
pub fn edge_word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Exposes => "reachable from outside",
        EdgeKind::Routes => "routes to",
        EdgeKind::Selects => "selects",
        EdgeKind::Resolves => "alias of",
        EdgeKind::Allows => "allowed by policy",
        EdgeKind::Denied => "allowed at one end only",
        EdgeKind::Calls => "named by configuration",
        EdgeKind::Uses => "uses",
        EdgeKind::Scales => "scales",
    }
}
