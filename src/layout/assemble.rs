//! Puts everything together into the final picture: what was placed and the lines over it, in absolute coordinates,
//! rounded.

use std::collections::{BTreeMap, BTreeSet};

use super::cards::card::{self, CardPlan};
use super::cards::label::{self, LabelPlan};
use super::cards::legend::{Lock, heading, legend};
use super::cards::title;
use super::detour::{Obstacles, around};
use super::geometry::{round2, simplify};
use super::place::composite::{Composites, joint};
use super::place::{MANY, Page, Placement, Sizes, TITLE_TOP, place};
use super::route::{Budget, Connection, End, FrameBox, Placed, Port, Routed, Tag, route};
use super::{Card, Frame, Layout, Legend, Link, Options, Point, Rect, Text, TextRole, crossing, labels};
use crate::graph::{Change, ChangeKind, Edge, EdgeKind, Graph};

/// Space around the picture, in user units.
const MARGIN: f64 = 8.0;

/// Styles from this on are of one line each.
const ALONE: u32 = 1 << 28;
/// More than there are edges.
const EDGES: u32 = 1 << 28;
/// How often lines that run astray are drawn again, unless there are many lines.
const REPAIRS: usize = 2;
/// With more lines than this all are drawn once.
const MANY_LINES: usize = 400;

/// What the picture is made of.
struct Parts<'a> {
    graph: &'a Graph,
    cards: Vec<CardPlan>,
    labels: Vec<Option<LabelPlan>>,
    composites: Composites,
}

/// A line in a composite, with the place of its label.
type Joint = (Vec<Point>, Option<Rect>);

/// What was placed, and the lines over it.
struct Drawn {
    placement: Placement,
    routed: Routed,
    connections: Vec<Connection>,
    /// For each edge which connection it is, if its line was routed.
    edges: Vec<Option<usize>>,
}

/// The picture of a graph.
pub(super) fn picture(graph: &Graph, options: &Options) -> Layout {
    let cards = card::plan_all(graph);
    let labels: Vec<_> = (0..graph.edges().len()).map(|e| label::plan(graph, e)).collect();
    let composites = super::place::composite::composites(graph, &cards, &labels);
    let parts = Parts { graph, cards, labels, composites };
    let drawn = parts.arranged(options);
    let mut layout = Layout {
        frames: parts.frames(&drawn.placement, &drawn.routed),
        cards: parts.cards(&drawn.routed),
        links: parts.links(&drawn),
        ..Layout::default()
    };
    if drawn.routed.plain > 0 {
        let all = drawn.connections.len();
        layout.fallbacks.push(format!(
            "{} of {all} lines are drawn plainly: the search for their way took too long",
            drawn.routed.plain
        ));
    }
    furnish(&mut layout, graph, options);
    round_all(&mut layout);
    // Rounded points are exact to compare.
    crossing::mark(&mut layout.links);
    layout
}

impl Parts<'_> {
    /// The places of everything and all lines. Where lines and labels make the picture wider than the page, it is
    /// arranged once more for a narrower one, and the better of both is kept.
    fn arranged(&self, options: &Options) -> Drawn {
        let page = Page::of(self.cards.len());
        let first = self.drawn(page, options);
        let (width, height) = size(&first.routed);
        if width <= page.wanted || self.cards.len() > MANY {
            return first;
        }
        let second = self.drawn(page.narrower(page.wanted / width), options);
        let (other_width, other_height) = size(&second.routed);
        if page.size(other_width, other_height) < page.size(width, height) { second } else { first }
    }

    fn drawn(&self, page: Page, options: &Options) -> Drawn {
        let sizes = Sizes { graph: self.graph, cards: &self.cards, composites: &self.composites };
        let placement = place(sizes, page);
        let (mut connections, edges) = self.connections(&placement);
        let placed = self.placed(&placement);
        let mut budget = Budget::new(options.budget as u64);
        let mut routed = route(&placed, &connections, &mut budget);
        for _ in 0..if connections.len() > MANY_LINES { 0 } else { REPAIRS } {
            // A trunk may lead some of its lines astray: those run alone.
            let broken = Obstacles::of(&routed.placed).broken(&routed, &connections);
            let broken: Vec<usize> = broken.into_iter().filter(|b| connections[*b].style < ALONE + EDGES).collect();
            if broken.is_empty() {
                break;
            }
            for index in broken {
                connections[index].style = ALONE + EDGES + index as u32;
            }
            routed = route(&placed, &connections, &mut budget);
        }
        let placed = routed.placed.clone();
        let mut obstacles = Obstacles::of(&placed);
        for index in obstacles.broken(&routed, &connections) {
            if let Some(line) = obstacles.line(&at_row(&connections[index], &routed.lines[index])) {
                routed.lines[index] = line;
                routed.labels[index] = None;
            }
        }
        for (connection, line) in connections.iter().zip(&mut routed.lines) {
            if connection.from.card == connection.to.card && !is_orthogonal(line) {
                *line = around(&placed.cards[connection.from.card]);
            }
        }
        Drawn { placement, routed, connections, edges }
    }

    /// The boxes that the router knows.
    fn placed(&self, placement: &Placement) -> Placed {
        let frames = placement.frames.iter();
        let frames: Vec<FrameBox> =
            frames.map(|f| FrameBox { rect: f.rect, title: f.title, parent: f.parent }).collect();
        let number: BTreeMap<usize, usize> = placement.frames.iter().enumerate().map(|(i, f)| (f.group, i)).collect();
        let frame_of = (0..self.cards.len()).map(|c| number.get(&self.graph.group_of(c)?).copied());
        Placed {
            cards: placement.cards.clone(),
            composites: self.composites.of.clone(),
            frame_of: frame_of.collect(),
            frames,
        }
    }

    /// The connections to route, and for each edge which of them it is.
    fn connections(&self, placement: &Placement) -> (Vec<Connection>, Vec<Option<usize>>) {
        let mut connections: Vec<Connection> = Vec::new();
        let mut known = BTreeSet::new();
        let mut edges = Vec::with_capacity(self.labels.len());
        for (index, (from, to, edge)) in self.graph.edges().enumerate() {
            if self.composites.joints[index] {
                edges.push(None);
                continue;
            }
            // Each edge has a label of its own: none lies on the line of another.
            let tag = self.labels[index].as_ref();
            let tag = tag.map(|label| Tag { w: label.width, h: label.height, text: index as u32 });
            // A second line between the same cards has no stretch for itself in a trunk.
            let style = if known.insert((from, to, style(edge))) { style(edge) } else { ALONE + index as u32 };
            edges.push(Some(connections.len()));
            connections.push(Connection {
                from: End { card: from, port: self.port(placement.cards[from], from, index) },
                to: End { card: to, port: Port::Free },
                style,
                label: tag,
            });
        }
        (connections, edges)
    }

    fn port(&self, card: Rect, number: usize, edge: usize) -> Port {
        let plan = &self.cards[number];
        match plan.row_of(edge) {
            Some(row) => {
                let above: f64 = plan.rows.iter().take(row).map(|r| r.height).sum();
                Port::Row { y: card.y + plan.header + above + plan.rows[row].height / 2.0 }
            }
            None => Port::Free,
        }
    }

    fn frames(&self, placement: &Placement, routed: &Routed) -> Vec<Frame> {
        let graph = self.graph;
        let mut frames: Vec<(usize, Frame)> = Vec::new();
        for (place, placed) in placement.frames.iter().zip(&routed.placed.frames) {
            let group = &graph.groups()[place.group];
            let rect = placed.rect;
            let lines = place.lines.iter().enumerate();
            // The title may have moved within its frame.
            let (x, top) = (placed.title.x, placed.title.y - TITLE_TOP);
            let title = lines.map(|(i, line)| card::text(line, TextRole::Frame, x, top + title::title_baseline(i)));
            let parent = graph.parent_of(place.group).and_then(|p| graph.groups().get(p));
            let frame = Frame {
                id: group.id.clone(),
                parent: parent.map(|p| p.id.clone()),
                rect,
                title: title.collect(),
                tooltip: group.words(),
            };
            frames.push((place.group, frame));
        }
        frames.sort_by_key(|(group, _)| *group);
        frames.into_iter().map(|(_, frame)| frame).collect()
    }

    fn cards(&self, routed: &Routed) -> Vec<Card> {
        let group = |index: usize| Some(self.graph.groups().get(self.graph.group_of(index)?)?.id.clone());
        let places = self.graph.nodes().enumerate().zip(&routed.placed.cards);
        places
            .map(|((index, node), rect)| {
                let order: Vec<usize> = (0..self.cards[index].rows.len()).collect();
                let at = Point { x: rect.x, y: rect.y };
                Card { group: group(index), ..card::place(&self.cards[index], node, at, &order) }
            })
            .collect()
    }

    /// The line of each edge that is in a composite, with the place of its label.
    fn joints(&self, routed: &Routed) -> Vec<Option<Joint>> {
        let joint = |(index, (from, to, _)): (usize, (usize, usize, &Edge))| {
            let plan = self.labels[index].as_ref();
            let cards = &routed.placed.cards;
            self.composites.joints[index].then(|| joint(cards[from], cards[to], plan))
        };
        self.graph.edges().enumerate().map(joint).collect()
    }

    fn links(&self, drawn: &Drawn) -> Vec<Link> {
        let mut joints = self.joints(&drawn.routed);
        let uncrossed = labels::uncrossed(&drawn.routed, joints.iter().map(|j| j.as_ref()?.1));
        for (joint, label) in joints.iter_mut().zip(uncrossed) {
            joint.iter_mut().for_each(|j| j.1 = label);
        }
        let taken = joints.iter().flatten().filter_map(|(_, label)| *label).collect::<Vec<Rect>>();
        let labels = labels::free(&drawn.routed, &drawn.connections, &taken);
        let all = self.graph.edges().enumerate().zip(&drawn.edges).zip(joints);
        all.map(|(((index, (from, to, edge)), number), joint)| {
            let plan = self.labels[index].as_ref();
            let routed = || number.map(|n| (drawn.routed.lines[n].clone(), labels[n]));
            let (line, label) = joint.or_else(routed).unwrap_or_default();
            Link {
                from: self.graph.node(from).id.clone(),
                to: self.graph.node(to).id.clone(),
                kind: edge.kind(),
                points: simplify(&line),
                gaps: Vec::new(),
                branches: Vec::new(),
                label: label.zip(plan).map(|(at, plan)| label::place(plan, at.x, at.y)),
                change: edge.change.as_ref().map(Change::kind),
                tooltip: edge.tooltip(),
            }
        })
        .collect()
    }
}

/// Whether each part of a line is level or upright, and there is one.
fn is_orthogonal(line: &[Point]) -> bool {
    line.len() > 2 && line.windows(2).all(|w| (w[0].x == w[1].x) != (w[0].y == w[1].y))
}

/// The width and height of what was placed.
fn size(routed: &Routed) -> (f64, f64) {
    let boxes = routed.placed.frames.iter().map(|f| f.rect).chain(routed.placed.cards.iter().copied());
    let points = routed.lines.iter().flatten().map(|p| Rect { x: p.x, y: p.y, w: 0.0, h: 0.0 });
    let all = bounds(boxes.chain(points));
    (all.w, all.h)
}

/// A connection whose row is where its line begins: cards may have moved.
fn at_row(connection: &Connection, line: &[Point]) -> Connection {
    let mut moved = connection.clone();
    if let (Port::Row { .. }, Some(start)) = (moved.from.port, line.first()) {
        moved.from.port = Port::Row { y: start.y };
    }
    moved
}

/// Lines of one kind and one change are drawn alike.
fn style(edge: &Edge) -> u32 {
    let kind = EdgeKind::ALL.iter().position(|k| *k == edge.kind()).unwrap_or_default();
    let change = edge.change.as_ref().map(Change::kind);
    let change = ChangeKind::ALL.iter().position(|k| Some(*k) == change).map_or(0, |p| p + 1);
    (kind + EdgeKind::ALL.len() * change) as u32
}

/// The box around everything that is drawn.
fn extent(layout: &Layout) -> Rect {
    let boxes = layout.frames.iter().map(|f| f.rect).chain(layout.cards.iter().map(|c| c.rect));
    let labels = layout.links.iter().filter_map(|l| l.label.as_ref()).map(|l| l.rect);
    let points = layout.links.iter().flat_map(|l| &l.points).map(|p| Rect { x: p.x, y: p.y, w: 0.0, h: 0.0 });
    bounds(boxes.chain(labels).chain(points))
}

/// The box around some boxes.
fn bounds(mut all: impl Iterator<Item = Rect>) -> Rect {
    let Some(first) = all.next() else { return Rect::default() };
    let (mut x0, mut y0, mut x1, mut y1) = (first.x, first.y, first.right(), first.bottom());
    for rect in all {
        (x0, y0) = (x0.min(rect.x), y0.min(rect.y));
        (x1, y1) = (x1.max(rect.right()), y1.max(rect.bottom()));
    }
    Rect { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
}

/// Moves the picture to its place, and adds heading and legend.
fn furnish(layout: &mut Layout, graph: &Graph, options: &Options) {
    let area = extent(layout);
    let (heading, top) = heading(graph, options.title.as_deref(), area.w);
    move_all(layout, Point { x: MARGIN - area.x, y: MARGIN + top - area.y });
    layout.heading = heading;
    for text in &mut layout.heading {
        move_text(text, Point { x: MARGIN, y: MARGIN });
    }
    let lock =
        if layout.cards.iter().any(|c| c.rows.iter().any(|r| !r.locks.is_empty())) { Lock::Used } else { Lock::Unused };
    let mut bottom = MARGIN + top + area.h;
    if options.legend == Legend::Shown {
        let (entries, height) = legend(graph, lock, area.w.max(420.0));
        if height > 0.0 {
            let at = Point { x: MARGIN, y: bottom + 10.0 };
            bottom = at.y + height;
            layout.legend = entries;
            for entry in &mut layout.legend {
                move_rect(&mut entry.at, at);
                move_text(&mut entry.text, at);
            }
        }
    }
    let widest = layout
        .heading
        .iter()
        .chain(layout.legend.iter().map(|e| &e.text))
        .map(|t| t.at.x + t.width)
        .fold(MARGIN + area.w, f64::max);
    layout.width = (widest + MARGIN).ceil();
    layout.height = (bottom + MARGIN).ceil();
}

fn move_text(text: &mut Text, by: Point) {
    text.at.x += by.x;
    text.at.y += by.y;
}

fn move_rect(rect: &mut Rect, by: Point) {
    rect.x += by.x;
    rect.y += by.y;
}

fn move_all(layout: &mut Layout, by: Point) {
    each(
        layout,
        &mut |p| {
            p.x += by.x;
            p.y += by.y;
        },
        &mut |r| move_rect(r, by),
    );
}

/// Rounds every coordinate.
pub(super) fn round_all(layout: &mut Layout) {
    layout.width = round2(layout.width);
    layout.height = round2(layout.height);
    let round_text = |text: &mut Text| {
        text.at.x = round2(text.at.x);
        text.at.y = round2(text.at.y);
        text.width = round2(text.width);
    };
    layout.heading.iter_mut().for_each(round_text);
    for entry in &mut layout.legend {
        round_rect(&mut entry.at);
        round_text(&mut entry.text);
    }
    let widths = layout.frames.iter_mut().flat_map(|f| &mut f.title);
    let widths = widths.chain(layout.cards.iter_mut().flat_map(|c| {
        c.texts
            .iter_mut()
            .chain(c.badges.iter_mut().map(|b| &mut b.text))
            .chain(c.rows.iter_mut().flat_map(|r| &mut r.texts))
    }));
    let widths = widths.chain(layout.links.iter_mut().flat_map(|l| l.label.iter_mut().flat_map(|l| &mut l.texts)));
    widths.for_each(|t| t.width = round2(t.width));
    each(
        layout,
        &mut |p| {
            p.x = round2(p.x);
            p.y = round2(p.y);
        },
        &mut round_rect,
    );
}

fn round_rect(rect: &mut Rect) {
    *rect = Rect { x: round2(rect.x), y: round2(rect.y), w: round2(rect.w), h: round2(rect.h) };
}

/// Applies a change to every point and box of frames, cards and links.
fn each(layout: &mut Layout, point: &mut impl FnMut(&mut Point), rect: &mut impl FnMut(&mut Rect)) {
    for frame in &mut layout.frames {
        rect(&mut frame.rect);
        frame.title.iter_mut().for_each(|t| point(&mut t.at));
    }
    for card in &mut layout.cards {
        rect(&mut card.rect);
        rect(&mut card.bar);
        rect(&mut card.glyph);
        card.texts.iter_mut().for_each(|t| point(&mut t.at));
        for badge in &mut card.badges {
            rect(&mut badge.at);
            point(&mut badge.text.at);
        }
        for row in &mut card.rows {
            rect(&mut row.rect);
            row.locks.iter_mut().for_each(&mut *rect);
            row.texts.iter_mut().for_each(|t| point(&mut t.at));
        }
    }
    for link in &mut layout.links {
        link.points.iter_mut().for_each(&mut *point);
        if let Some(label) = &mut link.label {
            rect(&mut label.rect);
            label.texts.iter_mut().for_each(|t| point(&mut t.at));
        }
    }
}
