//! Where frames and outside cards stand for one choice of columns, and how lines run between them.
//!
//! Column `c` (from 1) has gutter `c - 1` at its left and gutter `c` at its right; outside cards stand left of gutter 0 and right of
//! the last gutter. A line runs vertically in gutters and crosses a column in a gap between its frames, so it never meets a foreign
//! frame. Lines of one net share one track in every gutter and gap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::graph::EdgeKind;

use super::frame::FramePlan;
use super::inner::{Book, Inner, Side};
use super::scene::Place;
use super::tracks::{Stub, Toward, assign};
use super::{Point, Rect};

/// Distance between tracks, in user units.
const TRACK: f64 = 8.0;
/// Distance between frames above each other.
const ROW_GAP: f64 = 18.0;
/// Distance of a track from the border of a frame or card; an arrowhead fits in.
const CLEAR: f64 = 14.0;
/// Width of a gutter without tracks.
const GUTTER: f64 = 24.0;
const OUTSIDE_GAP: f64 = 18.0;
/// From this many on, lines to one outside card join.
const JOIN: usize = 3;

/// One choice of columns, with every frame arranged.
pub(super) struct Plan {
    /// Groups from top to bottom, for each column.
    pub columns: Vec<Vec<usize>>,
    /// For each group its column, from 1.
    pub column_of: Vec<usize>,
    /// For each group.
    pub frames: Vec<FramePlan>,
    /// For each component.
    pub inners: Vec<Arc<Inner>>,
}

/// Where everything stands. The origin is the top left corner of the content.
#[derive(Clone, Debug, Default)]
pub(super) struct Routed {
    /// For each group.
    pub frames: Vec<Rect>,
    /// For each component its top left corner.
    pub components: Vec<Point>,
    /// Outside cards by node.
    pub outside: BTreeMap<usize, Rect>,
    /// For each net and each place it ends in the way between the borders.
    pub paths: BTreeMap<(usize, End), Vec<Point>>,
    pub width: f64,
    pub height: f64,
    /// Length of all lines between frames.
    pub length: f64,
    /// Number of ends that are entered from the right.
    pub backward: usize,
}

/// What a net ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Component(usize),
    Node(usize),
}

/// A stop of a net: a place where it leaves or enters a gutter.
struct Stop {
    gutter: usize,
    toward: Toward,
    y: f64,
    end: Option<End>,
}

/// The gutter that a net starts in.
pub(super) fn start_gutter(book: &Book<'_>, column_of: &[usize], columns: usize, net: usize) -> usize {
    match book.scene.places[book.scene.nets[net].source] {
        Place::Left => 0,
        Place::Right => columns,
        Place::Inside(group) => column_of[group],
    }
}

/// The side by which a net enters a group: the left one if it comes from further left.
pub(super) fn side(start: usize, column: usize) -> Side {
    if start < column { Side::Left } else { Side::Right }
}

/// Places and routes a plan.
pub(super) fn route(book: &Book<'_>, plan: &Plan) -> Routed {
    let mut router = Router::new(book, plan);
    router.place_frames(&BTreeMap::new());
    let crossings = router.choose_gaps();
    router.place_frames(&crossings);
    router.place_outside(&crossings);
    router.draw(&crossings)
}

/// For each net and column it crosses the gap it takes, and its place among the lines of that gap.
type Crossings = BTreeMap<(usize, usize), Crossing>;

#[derive(Clone, Copy)]
struct Crossing {
    gap: usize,
    slot: usize,
}

struct Router<'a> {
    book: &'a Book<'a>,
    plan: &'a Plan,
    /// Offset of each component in its frame.
    offsets: Vec<(usize, f64, f64)>,
    /// Top of each group.
    tops: Vec<f64>,
    /// For each column the top of each gap, and its height.
    gaps: Vec<Vec<(f64, f64)>>,
    outside_y: BTreeMap<usize, f64>,
    /// Height of the port of a net on an outside card, below the top of the card.
    outside_port: BTreeMap<(usize, usize), f64>,
    /// Nets that share the last track to an outside card, each with the net that stands for all of them.
    joined: BTreeMap<usize, usize>,
    height: f64,
}

impl<'a> Router<'a> {
    fn new(book: &'a Book<'a>, plan: &'a Plan) -> Self {
        let mut offsets = vec![(0, 0.0, 0.0); book.scene.components.len()];
        for (group, frame) in plan.frames.iter().enumerate() {
            for &(component, x, y) in &frame.at {
                offsets[component] = (group, x, y);
            }
        }
        Router {
            book,
            plan,
            offsets,
            tops: vec![0.0; plan.frames.len()],
            gaps: Vec::new(),
            outside_y: BTreeMap::new(),
            outside_port: BTreeMap::new(),
            joined: BTreeMap::new(),
            height: 0.0,
        }
    }

    fn columns(&self) -> usize {
        self.plan.columns.len()
    }

    /// Stacks the frames of each column with gaps that hold the given crossings.
    fn place_frames(&mut self, crossings: &Crossings) {
        let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for ((_, column), crossing) in crossings {
            *lines.entry((*column, crossing.gap)).or_default() += 1;
        }
        self.gaps.clear();
        self.height = 0.0;
        for (index, groups) in self.plan.columns.iter().enumerate() {
            let mut gaps = Vec::with_capacity(groups.len() + 1);
            let mut y = 0.0;
            for gap in 0..=groups.len() {
                let tracks = lines.get(&(index + 1, gap)).copied().unwrap_or(0) as f64;
                let needed = if tracks > 0.0 { (tracks + 1.0) * TRACK } else { 0.0 };
                let between = gap > 0 && gap < groups.len();
                let height = if between { needed.max(ROW_GAP) } else { needed };
                gaps.push((y, height));
                y += height;
                if let Some(&group) = groups.get(gap) {
                    self.tops[group] = y;
                    y += self.plan.frames[group].height;
                }
            }
            self.height = self.height.max(y);
            self.gaps.push(gaps);
        }
    }

    fn gap_y(&self, column: usize, crossing: Crossing) -> f64 {
        let (top, _) = self.gaps[column - 1][crossing.gap];
        // The last gap of a short column is as high as it needs to be.
        top + TRACK * (crossing.slot as f64 + 1.0)
    }

    /// Height of the place where a net enters an end; `None` for outside cards that have no place yet.
    fn entry_y(&self, net: usize, end: End) -> Option<f64> {
        match end {
            End::Component(component) => {
                let (group, _, dy) = self.offsets[component];
                let entries = &self.plan.inners[component].entries;
                let entry = entries.binary_search_by_key(&net, |e| e.net).ok().and_then(|i| entries.get(i))?;
                Some(self.tops[group] + dy + entry.y)
            }
            End::Node(node) => Some(self.outside_y.get(&node)? + self.outside_port.get(&(node, net))?),
        }
    }

    fn exit_y(&self, net: usize) -> Option<f64> {
        let source = self.book.scene.nets[net].source;
        match self.book.scene.component_of[source] {
            Some(component) => {
                let (group, _, dy) = self.offsets[component];
                let exits = &self.plan.inners[component].exits;
                let exit = exits.binary_search_by_key(&net, |e| e.0).ok().and_then(|i| exits.get(i))?;
                Some(self.tops[group] + dy + exit.1.last()?.y)
            }
            None => self.entry_y(net, End::Node(source)),
        }
    }

    /// Ends of a net with the gutter each is entered from, in a fixed order.
    fn ends(&self, net: usize) -> Vec<(End, usize, Toward)> {
        let start = start_gutter(self.book, &self.plan.column_of, self.columns(), net);
        let mut ends = BTreeSet::new();
        for &edge in &self.book.scene.nets[net].edges {
            let target = self.book.graph.edge(edge).1;
            ends.insert(match (self.book.scene.places[target], self.book.scene.component_of[target]) {
                (Place::Inside(group), Some(component)) => {
                    let column = self.plan.column_of[group];
                    match side(start, column) {
                        Side::Left => (End::Component(component), column - 1, Toward::Right),
                        Side::Right => (End::Component(component), column, Toward::Left),
                    }
                }
                (Place::Right, _) => (End::Node(target), self.columns(), Toward::Right),
                _ => (End::Node(target), 0, Toward::Left),
            });
        }
        ends.into_iter().collect()
    }

    /// Chooses for each net and column it must cross the gap that makes the shortest way.
    fn choose_gaps(&self) -> Crossings {
        let mut chosen: Vec<(usize, usize, f64, usize, f64)> = Vec::new();
        for net in 0..self.book.scene.nets.len() {
            let start = start_gutter(self.book, &self.plan.column_of, self.columns(), net);
            let ends = self.ends(net);
            let height = |e: &(End, usize, Toward)| self.entry_y(net, e.0);
            let from = self
                .exit_y(net)
                .or_else(|| median(ends.iter().filter(|e| e.1 == start).filter_map(height)));
            let all = median(ends.iter().filter_map(height)).unwrap_or(0.0);
            let from = from.unwrap_or(all);
            let last = ends.iter().map(|e| e.1).max().unwrap_or(start);
            let first = ends.iter().map(|e| e.1).min().unwrap_or(start);
            let mut y = from;
            for column in start + 1..=last {
                let goal = median(ends.iter().filter(|e| e.1 >= column).filter_map(height)).unwrap_or(y);
                let gap = self.nearest_gap(column, y, goal);
                y = self.gaps[column - 1][gap].0;
                chosen.push((column, gap, from - goal, net, y));
            }
            let mut y = from;
            for column in (first + 1..=start).rev() {
                let goal = median(ends.iter().filter(|e| e.1 < column).filter_map(height)).unwrap_or(y);
                let gap = self.nearest_gap(column, y, goal);
                y = self.gaps[column - 1][gap].0;
                chosen.push((column, gap, goal - from, net, y));
            }
        }
        // Lines that come from further up take the upper slots, so that fewer of them cross in the gutter.
        chosen.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then(a.3.cmp(&b.3)));
        let mut crossings = Crossings::new();
        let mut slots: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (column, gap, _, net, _) in chosen {
            let slot = slots.entry((column, gap)).or_default();
            crossings.insert((net, column), Crossing { gap, slot: *slot });
            *slot += 1;
        }
        crossings
    }

    /// The gap with the least detour from one height to another; among equals the one nearest to the goal.
    fn nearest_gap(&self, column: usize, from: f64, goal: f64) -> usize {
        let gaps = &self.gaps[column - 1];
        let mut best = (f64::INFINITY, f64::INFINITY, 0);
        for height in [from, goal] {
            let after = gaps.partition_point(|g| g.0 < height);
            for gap in after.saturating_sub(1)..=after.min(gaps.len() - 1) {
                let y = gaps[gap].0;
                // The way above all frames and the one below them make the picture higher.
                let outer = if gap == 0 || gap + 1 == gaps.len() { 20.0 } else { 0.0 };
                let cost = (from - y).abs() + (goal - y).abs() + outer;
                if (cost, (goal - y).abs(), gap) < best {
                    best = (cost, (goal - y).abs(), gap);
                }
            }
        }
        best.2
    }

    /// Places the outside cards at the heights where their lines run straight, as far as they do not meet.
    fn place_outside(&mut self, crossings: &Crossings) {
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
        for (&node, nets) in &nets_of {
            let height = self.book.cards[node].height();
            // Many lines that end here and nowhere else, and say the same, join to one.
            let mut ports: Vec<Vec<usize>> = Vec::new();
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
            for (i, nets) in ports.iter().enumerate() {
                let port = height * (i + 1) as f64 / (ports.len() + 1) as f64;
                self.outside_port.extend(nets.iter().map(|net| ((node, *net), port)));
            }
        }
        for wanted in [Place::Left, Place::Right] {
            let gutter = if wanted == Place::Left { 0 } else { self.columns() };
            let mut cards: Vec<(f64, usize)> = Vec::new();
            for (&node, nets) in nets_of.iter().filter(|(n, _)| self.book.scene.places[**n] == wanted) {
                let goal = nets
                    .iter()
                    .find_map(|&net| Some((self.goal(net, gutter, crossings)?, self.outside_port.get(&(node, net))?)));
                cards.push((goal.map_or(f64::INFINITY, |(y, port)| y - port), node));
            }
            cards.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut y = 0.0f64;
            for (goal, node) in cards {
                // Cards without lines follow below the others.
                let at = if goal.is_finite() { y.max(goal) } else { y };
                self.outside_y.insert(node, at);
                y = at + self.book.cards[node].height() + OUTSIDE_GAP;
                self.height = self.height.max(y - OUTSIDE_GAP);
            }
        }
    }

    /// The kind of a net whose every edge ends in this outside card on the right.
    fn only_end(&self, net: usize, node: usize) -> Option<EdgeKind> {
        let edges = &self.book.scene.nets[net].edges;
        let here = self.book.scene.places[node] == Place::Right && edges.iter().all(|&e| self.book.graph.edge(e).1 == node);
        edges.first().filter(|_| here).map(|&e| self.book.graph.edge(e).2.kind())
    }

    /// The net whose track a net takes in a gutter.
    fn stands_for(&self, net: usize, gutter: usize) -> usize {
        if gutter == self.columns() {
            self.joined.get(&net).copied().unwrap_or(net)
        } else {
            net
        }
    }

    /// The height at which a net had best enter a gutter from outside: that of one of its stops there, the middle one.
    fn goal(&self, net: usize, gutter: usize, crossings: &Crossings) -> Option<f64> {
        median(self.stops(net, crossings).into_iter().filter(|s| s.gutter == gutter).map(|s| s.y))
    }

    /// All stops of a net whose heights are known.
    fn stops(&self, net: usize, crossings: &Crossings) -> Vec<Stop> {
        let columns = self.columns();
        let start = start_gutter(self.book, &self.plan.column_of, columns, net);
        let mut stops = Vec::new();
        if let Some(y) = self.exit_y(net) {
            let toward = if self.book.scene.places[self.book.scene.nets[net].source] == Place::Right {
                Toward::Right
            } else {
                Toward::Left
            };
            stops.push(Stop {
                gutter: start,
                toward,
                y,
                end: None,
            });
        }
        for (end, gutter, toward) in self.ends(net) {
            stops.extend(self.entry_y(net, end).map(|y| Stop {
                gutter,
                toward,
                y,
                end: Some(end),
            }));
        }
        for (&(_, column), &crossing) in crossings.range((net, 0)..=(net, columns)) {
            let y = self.gap_y(column, crossing);
            for (gutter, toward) in [(column - 1, Toward::Right), (column, Toward::Left)] {
                stops.push(Stop {
                    gutter,
                    toward,
                    y,
                    end: None,
                });
            }
        }
        stops
    }

    fn draw(&self, crossings: &Crossings) -> Routed {
        let columns = self.columns();
        let nets = self.book.scene.nets.len();
        let stops: Vec<Vec<Stop>> = (0..nets).map(|net| self.stops(net, crossings)).collect();
        let mut stubs: Vec<Vec<Stub>> = vec![Vec::new(); columns + 1];
        for (net, stops) in stops.iter().enumerate() {
            for stop in stops {
                stubs[stop.gutter].push(Stub {
                    net: self.stands_for(net, stop.gutter),
                    toward: stop.toward,
                    y: stop.y,
                });
            }
        }
        let tracks: Vec<(BTreeMap<usize, usize>, usize)> = stubs.iter().map(|s| assign(s)).collect();
        // Widths from left to right: outside, gutter, column, gutter, …, outside.
        let widest = |place: Place| {
            let cards = self.outside_y.keys().filter(|n| self.book.scene.places[**n] == place);
            cards.map(|&n| self.book.cards[n].width).fold(0.0, f64::max)
        };
        let (left, right) = (widest(Place::Left), widest(Place::Right));
        let mut x = left;
        let mut gutter_x = Vec::with_capacity(columns + 1);
        let mut column_x = Vec::with_capacity(columns);
        let mut column_w = Vec::with_capacity(columns);
        for gutter in 0..=columns {
            gutter_x.push(x);
            let tracks = tracks[gutter].1 as f64;
            let outer = (gutter == 0 && left == 0.0) || (gutter == columns && right == 0.0);
            x += match (tracks > 0.0, outer) {
                (true, true) => CLEAR + tracks * TRACK,
                (true, false) => 2.0 * CLEAR + (tracks - 1.0) * TRACK,
                (false, true) => 0.0,
                (false, false) => GUTTER + if gutter == 0 || gutter == columns { 8.0 } else { 0.0 },
            };
            if let Some(groups) = self.plan.columns.get(gutter) {
                let width = groups.iter().map(|&g| self.plan.frames[g].width).fold(0.0, f64::max);
                column_x.push(x);
                column_w.push(width);
                x += width;
            }
        }
        let right_x = x;
        let mut routed = Routed {
            frames: vec![Rect::default(); self.plan.frames.len()],
            components: vec![Point::default(); self.offsets.len()],
            width: right_x + right,
            height: self.height,
            ..Routed::default()
        };
        for (index, groups) in self.plan.columns.iter().enumerate() {
            for &group in groups {
                routed.frames[group] = Rect {
                    x: column_x[index],
                    y: self.tops[group],
                    w: column_w[index],
                    h: self.plan.frames[group].height,
                };
            }
        }
        for (component, &(group, dx, dy)) in self.offsets.iter().enumerate() {
            let frame = &routed.frames[group];
            routed.components[component] = Point {
                x: frame.x + dx,
                y: frame.y + dy,
            };
        }
        for (&node, &y) in &self.outside_y {
            let plan = &self.book.cards[node];
            // Outside cards keep to the gutter, so that their lines are short.
            let x = if self.book.scene.places[node] == Place::Left {
                left - plan.width
            } else {
                right_x
            };
            routed.outside.insert(
                node,
                Rect {
                    x,
                    y,
                    w: plan.width,
                    h: plan.height(),
                },
            );
        }
        let track_x = |net: usize, gutter: usize| {
            let slot = tracks[gutter].0.get(&self.stands_for(net, gutter)).copied().unwrap_or(0) as f64;
            let outer = gutter == 0 && left == 0.0;
            gutter_x[gutter] + slot * TRACK + if outer { TRACK } else { CLEAR }
        };
        let border = |stop: &Stop| match stop.toward {
            Toward::Left if stop.gutter == 0 => left,
            Toward::Left => column_x[stop.gutter - 1] + column_w[stop.gutter - 1],
            Toward::Right if stop.gutter == columns => right_x,
            Toward::Right => column_x[stop.gutter],
        };
        for (net, stops) in stops.iter().enumerate() {
            let Some(start) = stops.first() else { continue };
            for stop in stops {
                let Some(end) = stop.end else { continue };
                let mut line = vec![Point {
                    x: border(start),
                    y: start.y,
                }];
                let mut gutter = start.gutter;
                let mut y = start.y;
                while gutter != stop.gutter {
                    let (column, next) = if stop.gutter > gutter {
                        (gutter + 1, gutter + 1)
                    } else {
                        (gutter, gutter - 1)
                    };
                    line.push(Point { x: track_x(net, gutter), y });
                    let Some(&crossing) = crossings.get(&(net, column)) else { break };
                    y = self.gap_y(column, crossing);
                    line.push(Point { x: track_x(net, gutter), y });
                    gutter = next;
                }
                let x = track_x(net, stop.gutter);
                line.extend([Point { x, y }, Point { x, y: stop.y }, Point { x: border(stop), y: stop.y }]);
                routed.length += line.windows(2).map(|w| (w[0].x - w[1].x).abs() + (w[0].y - w[1].y).abs()).sum::<f64>();
                routed.backward += usize::from(stop.toward == Toward::Left);
                routed.paths.insert((net, end), line);
            }
        }
        routed
    }
}

/// The middle one of some numbers, the upper of two middle ones.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}
