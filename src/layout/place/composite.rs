//! Composites: a Service that selects one workload stands on it, so that both are placed as one.
//!
//! Guarantees: every card is in one composite; a composite lies in one frame; its cards stand one below the other and
//! keep their places relative to each other.

use std::collections::BTreeMap;

use super::super::cards::card::CardPlan;
use super::super::cards::label::LabelPlan;
use super::super::{Point, Rect};
use crate::graph::{EdgeKind, Graph, NodeKind};

/// Space between two cards of a composite: the head of the short line fits in.
const JOINT: f64 = 18.0;
/// Where the line runs down, right of the left border of both.
const JOINT_X: f64 = 24.0;
/// Space above and below a label on that line.
const AROUND_LABEL: f64 = 10.0;
/// With more Services than this on one workload, all stand beside it.
const MOST_SERVICES: usize = 3;

/// Cards that are placed as one, from top to bottom.
#[derive(Clone, Debug, Default)]
pub(in crate::layout) struct Composite {
    /// Indices of the cards.
    pub cards: Vec<usize>,
    /// The top of each card, below that of the composite.
    pub tops: Vec<f64>,
    /// Width in user units.
    pub w: f64,
    /// Height in user units.
    pub h: f64,
}

/// All composites of a graph.
#[derive(Clone, Debug, Default)]
pub(in crate::layout) struct Composites {
    /// Each with its cards.
    pub all: Vec<Composite>,
    /// For each card its composite.
    pub of: Vec<usize>,
    /// For each edge whether it is the short line between a Service and the workload right below it.
    pub joints: Vec<bool>,
}

/// The edge by which a Service may be docked: its only one, to what runs pods in the same frame.
fn docking(graph: &Graph, outgoing: &[Vec<usize>], service: usize) -> Option<usize> {
    let &[edge] = outgoing[service].as_slice() else { return None };
    let (_, to, detail) = graph.edge(edge);
    let fits = matches!(graph.node(to).kind(), NodeKind::Workload | NodeKind::Missing);
    let same = graph.group_of(service) == graph.group_of(to) && graph.group_of(to).is_some();
    (graph.node(service).kind() == NodeKind::Service && detail.kind() == EdgeKind::Selects && fits && same)
        .then_some(edge)
}

/// Finds the composites of a graph.
pub(in crate::layout) fn composites(graph: &Graph, cards: &[CardPlan], labels: &[Option<LabelPlan>]) -> Composites {
    let mut outgoing = vec![Vec::new(); cards.len()];
    for (index, (from, ..)) in graph.edges().enumerate() {
        outgoing[from].push(index);
    }
    let mut docked: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for service in 0..cards.len() {
        if let Some(edge) = docking(graph, &outgoing, service) {
            docked.entry(graph.edge(edge).1).or_default().push((service, edge));
        }
    }
    docked.retain(|_, services| services.len() <= MOST_SERVICES);
    let mut found =
        Composites { all: Vec::new(), of: vec![usize::MAX; cards.len()], joints: vec![false; labels.len()] };
    for card in 0..cards.len() {
        if let Some(services) = docked.get(&card) {
            let members: Vec<usize> = services.iter().map(|(s, _)| *s).chain([card]).collect();
            let last = services.last().map(|(_, edge)| *edge);
            if let Some(edge) = last {
                found.joints[edge] = true;
            }
            let label = last.and_then(|e| labels[e].as_ref());
            for &member in &members {
                found.of[member] = found.all.len();
            }
            found.all.push(stack(members, cards, label));
        }
    }
    for card in 0..cards.len() {
        if found.of[card] == usize::MAX {
            found.of[card] = found.all.len();
            found.all.push(stack(vec![card], cards, None));
        }
    }
    found
}

/// Cards one below the other, with room for a label above the last.
fn stack(members: Vec<usize>, cards: &[CardPlan], label: Option<&LabelPlan>) -> Composite {
    let mut composite = Composite::default();
    for (i, &card) in members.iter().enumerate() {
        if i > 0 {
            let labeled = label.filter(|_| i + 1 == members.len());
            composite.h += labeled.map_or(JOINT, |l| l.height + 2.0 * AROUND_LABEL);
        }
        composite.tops.push(composite.h);
        composite.h += cards[card].height();
        composite.w = composite.w.max(cards[card].width);
    }
    composite.cards = members;
    composite
}

/// The short line between a Service and the workload below it, and the box of its label.
pub(in crate::layout) fn joint(service: Rect, workload: Rect, label: Option<&LabelPlan>) -> (Vec<Point>, Option<Rect>) {
    let room = label.map_or(0.0, |l| l.width / 2.0);
    let x = service.x + JOINT_X.max(room).min(service.w.min(workload.w) - 8.0).round();
    let (from, to) = (service.bottom(), workload.y);
    let place = label.map(|l| Rect { x: x - l.width / 2.0, y: (from + to - l.height) / 2.0, w: l.width, h: l.height });
    (vec![Point { x, y: from }, Point { x, y: to }], place)
}
