//! Cards outside all frames, and the points where lines leave or enter them.
//!
//! Beside the frames they stand at the heights where their lines run straight. Stacked, they stand in rows: sources
//! above, targets below. Each row has a gap next to it in which every line has a height of its own, so that no line
//! meets a card on its way to the gutter.

use std::collections::BTreeMap;

use crate::graph::EdgeKind;

use super::route::{CLEAR, Crossings, Outside, Router, TRACK, median};
use super::scene::Place;
use super::tracks::Toward;
use super::{Point, Rect};

/// Distance between outside cards, in user units.
const GAP: f64 = 18.0;
/// From this many on, lines to one outside card join.
const JOIN: usize = 3;

/// Outside cards in rows above and below the frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    /// Height of the rows above the frames, with their gaps.
    pub above: f64,
    /// Height of the rows below the frames, with their gaps.
    below: f64,
    cards: BTreeMap<usize, Spot>,
    /// By card and net.
    ways: BTreeMap<(usize, usize), Way>,
}

/// The place of a card in its row.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// From the left end of an upper row, or back from the right end of a lower one to the right border of the card.
    x: f64,
    /// From the top of the picture, or from the bottom of the frames.
    y: f64,
    row: usize,
}

/// How a line gets from its card to the height at which it runs to the gutter.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// From the left border of the card, as a share of its width.
    share: f64,
    /// From the top of the picture, or from the bottom of the frames.
    y: f64,
    below: bool,
}

impl Stack {
    /// The height at which the line of a net runs between its card and the gutter.
    pub fn way_y(&self, node: usize, net: usize, bottom: f64) -> Option<f64> {
        let way = self.ways.get(&(node, net))?;
        Some(way.y + if way.below { bottom } else { 0.0 })
    }
}

/// The ports of one outside card: nets that share one stand together.
type Ports = Vec<Vec<usize>>;

impl Router<'_> {
    /// The gutter that lines of an outside card use.
    pub fn outside_gutter(&self, node: usize) -> usize {
        if self.book.scene.places[node] == Place::Right { self.columns() } else { 0 }
    }

    /// The side of its gutter on which an outside card has its lines.
    pub fn outside_toward(&self, node: usize) -> Toward {
        let right = self.book.scene.places[node] == Place::Right;
        if right == self.in_rows(node) { Toward::Left } else { Toward::Right }
    }

    /// True if an outside card is in a row above or below the frames.
    pub fn in_rows(&self, node: usize) -> bool {
        self.plan.ways.outside.in_rows(self.book.scene.places[node])
    }

    /// For each outside card its ports.
    fn ports(&mut self) -> BTreeMap<usize, Ports> {
        let mut nets_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, place) in self.book.scene.places.iter().enumerate() {
            if !matches!(place, Place::Inside(_)) {
                nets_of.insert(index, Vec::new());
            }
        }
        for (index, net) in self.book.scene.nets.iter().enumerate() {
            let targets = net.edges.iter().map(|&e| self.book.graph.edge(e).1);
            for node in std::iter::once(net.source).chain(targets) {
                if let Some(nets) = nets_of.get_mut(&node)
                    && nets.last() != Some(&index)
                {
                    nets.push(index);
                }
            }
        }
        let mut found = BTreeMap::new();
        for (&node, nets) in &nets_of {
            // Many lines that end here and nowhere else, and say the same, join to one.
            let mut ports = Ports::new();
            let mut joining: BTreeMap<EdgeKind, Vec<usize>> = BTreeMap::new();
            for &net in nets {
                match self.only_end(net, node) {
                    Some(kind) => joining.entry(kind).or_default().push(net),
                    None => ports.push(vec![net]),
                }
            }
            for nets in joining.into_values() {
                if nets.len() < JOIN {
                    ports.extend(nets.into_iter().map(|n| vec![n]));
                } else {
                    self.joined.extend(nets.iter().map(|n| (*n, nets[0])));
                    ports.push(nets);
                }
            }
            found.insert(node, ports);
        }
        found
    }

    /// Puts outside cards into rows, if they are to stand above and below the frames.
    pub fn stack_outside(&mut self) {
        if self.plan.ways.outside == Outside::Beside {
            return;
        }
        let ports = self.ports();
        let room = self.plan.content();
        let mut stack = Stack::default();
        for below in [false, true] {
            let wanted = if below { Place::Right } else { Place::Left };
            let mut nodes: Vec<(f64, usize, &Ports)> = ports
                .iter()
                .filter(|(n, _)| self.book.scene.places[**n] == wanted && self.in_rows(**n))
                .map(|(n, p)| (self.depth(*n, p, below), *n, p))
                .collect();
            // Lines that reach further down run further out, where they meet no other.
            nodes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let mut rows: Vec<Vec<(usize, &Ports)>> = Vec::new();
            let mut x = 0.0;
            for (_, node, ports) in nodes {
                let width = self.book.cards[node].width;
                match rows.last_mut() {
                    Some(row) if x + width <= room => row.push((node, ports)),
                    _ => {
                        rows.push(vec![(node, ports)]);
                        x = 0.0;
                    }
                }
                x += width + GAP;
            }
            let mut y = 0.0;
            for (number, row) in rows.iter().enumerate() {
                let height = row.iter().map(|(n, _)| self.book.cards[*n].height()).fold(0.0, f64::max);
                let lines: usize = row.iter().map(|(_, p)| p.len()).sum();
                let gap = if lines == 0 { GAP } else { CLEAR + TRACK * lines as f64 };
                let (top, first) = if below { (y + gap, y + TRACK) } else { (y, y + height + CLEAR) };
                let whole: f64 = row.iter().map(|(n, _)| self.book.cards[*n].width + GAP).sum();
                let (mut x, mut slot) = (0.0, 0);
                let mut last: Option<&Vec<usize>> = None;
                for &(node, ports) in row {
                    let width = self.book.cards[node].width;
                    let x_here = if below { whole - GAP - x - width } else { x };
                    stack.cards.insert(node, Spot { x: x_here, y: top, row: number });
                    for (i, nets) in ports.iter().enumerate() {
                        // A line to two neighbors parts where it comes to them, and not just before.
                        if last.replace(nets) == Some(nets) {
                            slot -= 1;
                        }
                        // Further left means further up: no line crosses the way of its neighbor.
                        let way = Way {
                            share: (i + 1) as f64 / (ports.len() + 1) as f64,
                            y: first + TRACK * slot as f64,
                            below,
                        };
                        slot += 1;
                        stack.ways.extend(nets.iter().map(|&net| ((node, net), way)));
                    }
                    x += width + GAP;
                }
                y += height + gap + if below { 0.0 } else { 4.0 };
            }
            *(if below { &mut stack.below } else { &mut stack.above }) = y;
        }
        self.stack = stack;
    }

    /// The height of that other end of an outside card's lines which is furthest from it; 0 while nothing has a place.
    fn depth(&self, node: usize, ports: &Ports, below: bool) -> f64 {
        let others = ports.iter().flatten().flat_map(|&net| {
            let other = self.book.scene.nets[net].source != node;
            let from = other.then(|| self.exit_y(net)).flatten();
            // Only the source of a net asks for all its ends, so each is looked at twice at most.
            let ends = if other { Vec::new() } else { self.ends(net) };
            from.into_iter().chain(ends.into_iter().filter_map(move |(end, ..)| self.entry_y(net, end)))
        });
        let far = if below { others.reduce(f64::min) } else { others.reduce(f64::max) };
        far.unwrap_or(0.0)
    }

    /// Places outside cards that stand beside the frames at the heights where their lines run straight, as far as they
    /// do not meet.
    pub fn place_outside(&mut self, crossings: &Crossings) {
        if self.plan.ways.outside == Outside::Stacked {
            return;
        }
        let mut ports = self.ports();
        ports.retain(|node, _| !self.in_rows(*node));
        for (&node, ports) in &ports {
            let height = self.book.cards[node].height();
            for (i, nets) in ports.iter().enumerate() {
                let port = height * (i + 1) as f64 / (ports.len() + 1) as f64;
                self.outside_port.extend(nets.iter().map(|net| ((node, *net), port)));
            }
        }
        for wanted in [Place::Left, Place::Right] {
            let gutter = if wanted == Place::Left { 0 } else { self.columns() };
            let mut cards: Vec<(f64, usize)> = Vec::new();
            // A net may end in all of the cards.
            let mut goals: BTreeMap<usize, Option<f64>> = BTreeMap::new();
            for (&node, ports) in ports.iter().filter(|(n, _)| self.book.scene.places[**n] == wanted) {
                let goal = ports.iter().flatten().find_map(|&net| {
                    let goal = *goals.entry(net).or_insert_with(|| self.goal(net, gutter, crossings));
                    Some((goal?, self.outside_port.get(&(node, net))?))
                });
                cards.push((goal.map_or(f64::INFINITY, |(y, port)| y - port), node));
            }
            cards.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut y = 0.0f64;
            for (goal, node) in cards {
                // Cards without lines follow below the others.
                let at = if goal.is_finite() { y.max(goal) } else { y };
                self.outside_y.insert(node, at);
                y = at + self.book.cards[node].height() + GAP;
                self.height = self.height.max(y - GAP);
            }
        }
    }

    /// The kind of a net whose every edge ends in this outside card on the right.
    fn only_end(&self, net: usize, node: usize) -> Option<EdgeKind> {
        let edges = &self.book.scene.nets[net].edges;
        let here =
            self.book.scene.places[node] == Place::Right && edges.iter().all(|&e| self.book.graph.edge(e).1 == node);
        edges.first().filter(|_| here).map(|&e| self.book.graph.edge(e).2.kind())
    }

    /// The net whose track a net takes in a gutter.
    pub fn stands_for(&self, net: usize, gutter: usize) -> usize {
        if gutter == self.columns() { self.joined.get(&net).copied().unwrap_or(net) } else { net }
    }

    /// The height at which a net had best enter a gutter from outside: that of one of its stops there, the middle one.
    fn goal(&self, net: usize, gutter: usize, crossings: &Crossings) -> Option<f64> {
        median(self.stops(net, crossings).into_iter().filter(|s| s.gutter == gutter).map(|s| s.y))
    }

    /// The boxes of outside cards beside the frames, whose columns begin at `left` and end at `right`.
    pub fn beside(&self, left: f64, right: f64) -> BTreeMap<usize, Rect> {
        let place = |(&node, &y): (&usize, &f64)| {
            let plan = &self.book.cards[node];
            // Outside cards keep to the gutter, so that their lines are short.
            let x = if self.book.scene.places[node] == Place::Left { left - plan.width } else { right };
            let (w, h) = (plan.width, plan.height());
            (node, Rect { x, y, w, h })
        };
        self.outside_y.iter().map(place).collect()
    }

    /// The boxes of outside cards above and below the frames, which reach from `left` to `right` and down to `bottom`;
    /// and the bottom and the right end of all.
    pub fn stacked(&self, left: f64, right: f64, bottom: f64) -> (BTreeMap<usize, Rect>, f64, f64) {
        let mut width = 0.0f64;
        let mut boxes = BTreeMap::new();
        for (&node, spot) in &self.stack.cards {
            let plan = &self.book.cards[node];
            let below = self.book.scene.places[node] == Place::Right;
            let x = match (below, spot.row) {
                (true, _) => right - spot.x - plan.width,
                // Lines of the first row go down left of the frames, so rows below it keep off there.
                (false, 0) => spot.x,
                (false, _) => left + spot.x,
            };
            let y = if below { bottom + spot.y } else { spot.y };
            width = width.max(x + plan.width);
            let (w, h) = (plan.width, plan.height());
            boxes.insert(node, Rect { x, y, w, h });
        }
        (boxes, bottom + self.stack.below, width)
    }

    /// For a card above or below the frames: where a net ends on its border, and where from there it bends into its
    /// height.
    pub fn outside_end(
        &self,
        net: usize,
        node: usize,
        boxes: &BTreeMap<usize, Rect>,
        track: f64,
    ) -> Option<[Point; 2]> {
        let way = self.stack.ways.get(&(node, net))?;
        let card = boxes.get(&node)?;
        // Right above its track a line runs straight.
        let above = track > card.x + CLEAR - 2.0 && track < card.right() - CLEAR;
        let x = if above { track } else { card.x + card.w * way.share };
        let border = if way.below { card.y } else { card.bottom() };
        let y = self.stack.way_y(node, net, self.floor)?;
        Some([Point { x, y: border }, Point { x, y }])
    }
}
