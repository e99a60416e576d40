//! Draws one of the two states of a comparison in the layout of the comparison: items of the other state are left out,
//! and the remaining cards, rows and lines keep their places and have the texts of that state.

use std::collections::BTreeSet;

use super::cards::{card, label, legend};
use super::{Card, Label, Layout, Link, Point, Rect, Row, TextRole, assemble, crossing};
use crate::graph::{Change, ChangeKind, EdgeDetail, Graph, GraphBuilder, GroupId, Node};

/// Which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// The old one.
    Before,
    /// The new one.
    After,
}

impl Moment {
    /// True if the state contains an item with this change.
    fn has(self, change: &Option<Change>) -> bool {
        match change.as_ref().map(Change::kind) {
            Some(ChangeKind::Added) => self == Moment::After,
            Some(ChangeKind::Removed) => self == Moment::Before,
            Some(ChangeKind::Changed | ChangeKind::Same) | None => true,
        }
    }

    /// True if the item has other values in this state than in the union.
    fn differs(self, change: &Option<Change>) -> bool {
        self == Moment::Before && matches!(change, Some(Change::Changed(_)))
    }
}

/// The picture of one state, in the place of the picture of the union. `layout` is that of `union`; `old` is the old
/// state with its own texts.
pub fn moment(layout: &Layout, union: &Graph, old: &Graph, moment: Moment) -> Layout {
    let state = State::of(union, old, moment);
    let mut picture =
        Layout { cards: Vec::new(), links: Vec::new(), frames: Vec::new(), legend: Vec::new(), ..layout.clone() };
    for (index, (node, card)) in union.nodes().zip(&layout.cards).enumerate() {
        if moment.has(&node.change) {
            picture.cards.extend(state.card(layout, index, card));
        }
    }
    picture.links = (0..layout.links.len()).filter_map(|e| state.link(&layout.links[e], e)).collect();
    let mut used: BTreeSet<&GroupId> = picture.cards.iter().filter_map(|c| c.group.as_ref()).collect();
    // A frame stands in another one at most a few times over.
    for _ in 0..layout.frames.len() {
        let outer: Vec<&GroupId> =
            layout.frames.iter().filter(|f| used.contains(&f.id)).filter_map(|f| f.parent.as_ref()).collect();
        let before = used.len();
        used.extend(outer);
        if used.len() == before {
            break;
        }
    }
    picture.frames = layout.frames.iter().filter(|f| used.contains(&f.id)).cloned().collect();
    if let Some(first) = layout.legend.first() {
        let locked = picture.cards.iter().any(|c| c.rows.iter().any(|r| !r.locks.is_empty()));
        let lock = if locked { legend::Lock::Used } else { legend::Lock::Unused };
        let left = first.at.x;
        let top = first.at.y + first.at.h / 2.0 - legend::LINE / 2.0;
        let (entries, _) = legend::legend(&state.graph, lock, layout.width - 2.0 * left);
        picture.legend = entries;
        for entry in &mut picture.legend {
            (entry.at.x, entry.at.y) = (entry.at.x + left, entry.at.y + top);
            (entry.text.at.x, entry.text.at.y) = (entry.text.at.x + left, entry.text.at.y + top);
        }
    }
    assemble::round_all(&mut picture);
    crossing::mark(&mut picture.links);
    picture
}

/// One state of a union, as a graph.
struct State {
    graph: Graph,
    /// For each edge of the union, its position in the graph, and whether its text in the state is known.
    edges: Vec<Option<(usize, Words)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Words {
    Known,
    Unknown,
}

impl State {
    fn of(union: &Graph, old: &Graph, moment: Moment) -> State {
        let mut builder = GraphBuilder::like(union);
        for node in union.nodes().filter(|n| moment.has(&n.change)) {
            let said = old.find(&node.id).filter(|_| moment.differs(&node.change)).map(|n| old.node(n));
            builder.node(Node { change: None, ..said.unwrap_or(node).clone() });
        }
        let mut details: Vec<Option<(EdgeDetail, Words)>> = Vec::new();
        for (index, (from, to, edge)) in union.edges().enumerate() {
            let ends = [from, to].map(|end| union.node(end));
            if !moment.has(&edge.change) || ends.iter().any(|end| !moment.has(&end.change)) {
                details.push(None);
                continue;
            }
            let said = if moment.differs(&edge.change) {
                told_before(union, old, index)
                    .map_or_else(|| (edge.detail.clone(), Words::Unknown), |d| (d, Words::Known))
            } else {
                (edge.detail.clone(), Words::Known)
            };
            builder.edge(&ends[0].id, &ends[1].id, said.0.clone(), edge.evidence.iter().cloned());
            details.push(Some(said));
        }
        let graph = builder.build();
        let position = |(index, said): (usize, Option<(EdgeDetail, Words)>)| {
            let (detail, words) = said?;
            let (from, to, _) = union.edge(index);
            let (from, to) = (graph.find(&union.node(from).id)?, graph.find(&union.node(to).id)?);
            let mut near = graph.outgoing(from).into_iter();
            Some((near.find(|&e| graph.edge(e).1 == to && graph.edge(e).2.detail == detail)?, words))
        };
        let edges = details.into_iter().enumerate().map(position).collect();
        State { graph, edges }
    }

    /// The card with its text in this state, no higher and no wider.
    fn card(&self, layout: &Layout, index: usize, place: &Card) -> Option<Card> {
        let own = self.graph.find(&layout.cards[index].id)?;
        let node = self.graph.node(own);
        let mut plan = card::plan(&self.graph, own);
        plan.width = place.rect.w;
        plan.widen(node);
        let natural: Vec<usize> = (0..plan.rows.len()).collect();
        let at = Point { x: place.rect.x, y: place.rect.y };
        let mut card = card::place(&plan, node, at, &natural);
        let end = place.rows.iter().map(|r| r.rect.y).fold(place.rect.bottom(), f64::min);
        card.texts.retain(|t| t.at.y < end);
        card.badges.retain(|b| b.text.at.y < end);
        let rows = std::mem::take(&mut card.rows);
        for (plan, row) in plan.rows.iter().zip(rows) {
            // The row of the union from which the line of the same edge leaves.
            let edge = self.edges.iter().position(|e| e.is_some_and(|(e, _)| e == plan.edge));
            let start = edge.and_then(|e| layout.links[e].points.first());
            let home =
                place.rows.iter().find(|r| start.is_some_and(|p| (r.rect.y + r.rect.h / 2.0 - p.y).abs() < 0.02));
            card.rows.extend(home.map(|home| moved(row, home.rect)));
        }
        Some(Card { rect: place.rect, bar: place.bar, glyph: place.glyph, group: place.group.clone(), ..card })
    }

    /// The line with its text in this state.
    fn link(&self, link: &Link, index: usize) -> Option<Link> {
        let (edge, words) = self.edges.get(index).copied().flatten()?;
        let plan = label::plan(&self.graph, edge).filter(|_| words == Words::Known);
        let label = link.label.as_ref().zip(plan).and_then(|(place, plan)| centered(&plan, place));
        Some(Link {
            label,
            change: None,
            gaps: Vec::new(),
            branches: Vec::new(),
            tooltip: self.graph.edge(edge).2.tooltip(),
            ..link.clone()
        })
    }
}

/// What an edge that changed said in the old state: the edge there between the same ends, of the same kind, that is in
/// the union for itself no more.
fn told_before(union: &Graph, old: &Graph, index: usize) -> Option<EdgeDetail> {
    let (from, to, edge) = union.edge(index);
    let (a, b) = (old.find(&union.node(from).id)?, old.find(&union.node(to).id)?);
    let others: Vec<&EdgeDetail> = union
        .outgoing(from)
        .into_iter()
        .filter(|e| *e != index && union.edge(*e).1 == to)
        .map(|e| &union.edge(e).2.detail)
        .collect();
    let mut known = old.outgoing(a).into_iter().map(|e| old.edge(e)).filter(|(_, end, _)| *end == b);
    let found = known.find(|(.., e)| e.kind() == edge.kind() && !others.contains(&&e.detail))?;
    Some(found.2.detail.clone())
}

/// A row in the place of another.
fn moved(row: Row, home: Rect) -> Row {
    // In the middle if there is room; a row of the old state may have more to say.
    let middle = (home.h - row.rect.h) / 2.0;
    let dy = home.y - row.rect.y + middle.max(0.0);
    let mut texts = row.texts;
    for text in &mut texts {
        text.at.y += if text.role == TextRole::Port { dy + middle.min(0.0) } else { dy };
    }
    texts.retain(|t| t.at.y < home.bottom());
    let mut locks = row.locks;
    locks.iter_mut().for_each(|l| l.y += dy);
    locks.retain(|l| l.bottom() < home.bottom());
    Row { rect: home, texts, locks, change: None }
}

/// A label in the middle of another, if it fits there.
fn centered(plan: &label::LabelPlan, place: &Label) -> Option<Label> {
    let (w, h) = (place.rect.w - plan.width, place.rect.h - plan.height);
    (w > -0.5 && h > -0.5).then(|| label::place(plan, place.rect.x + w / 2.0, place.rect.y + h / 2.0))
}
