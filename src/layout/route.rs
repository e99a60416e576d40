//! Places frames and outside cards for one choice of columns, and routes lines between them.
//!
//! Column `c` (from 1) has gutter `c - 1` at its left and gutter `c` at its right; outside cards stand left of gutter 0
//! and right of the last gutter. A line runs vertically in gutters and crosses a column in a gap between its frames, so
//! it never meets a foreign frame. Lines of one net share one track in every gutter and gap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frame::{FramePlan, Rows};
use super::inner::{Book, Form, Inner, Side};
use super::outside::Stack;
use super::scene::Place;
use super::tracks::{Stub, Toward, Tracks, assign};
use super::{Point, Rect};

/// Distance between tracks, in user units.
pub(super) const TRACK: f64 = 8.0;
/// Distance between frames above each other.
const ROW_GAP: f64 = 18.0;
/// Distance of a track from the border of a frame or card; an arrowhead fits in.
pub(super) const CLEAR: f64 = 14.0;
/// Width of a gutter without tracks.
pub(super) const GUTTER: f64 = 24.0;

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
    pub ways: Ways,
}

impl Plan {
    /// Width of all columns without gutters, in user units.
    pub fn content(&self) -> f64 {
        let widest = |groups: &Vec<usize>| groups.iter().map(|&g| self.frames[g].width).fold(0.0, f64::max);
        self.columns.iter().map(widest).sum()
    }
}

/// How lines and outside cards use the space around the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Ways {
    pub outside: Outside,
    pub back: Back,
    pub rows: Rows,
    pub form: Form,
}

/// Where outside cards stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Outside {
    /// Sources left of all frames, targets right of them.
    #[default]
    Beside,
    /// Sources left of all frames, targets in rows below.
    Below,
    /// Sources in rows above all frames, targets in rows below: this costs no width.
    Stacked,
}

impl Outside {
    /// True if the cards of a place are in rows.
    pub fn in_rows(self, place: Place) -> bool {
        match self {
            Outside::Beside => false,
            Outside::Below => place == Place::Right,
            Outside::Stacked => true,
        }
    }
}

/// How a line gets to a frame that is not further right than its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Back {
    /// By the nearest way, into the right border.
    #[default]
    Straight,
    /// Like the eye at the end of a line of text: between frames back to the left, and into the left border.
    Turn,
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
    /// How often a line runs back past a column.
    pub turns: usize,
    /// The orders that were taken.
    pub orders: Orders,
}

/// The order of lines that share a space between frames, where it may be chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// For each column and gap that lines cross these nets, from top to bottom; `None` leaves the choice to the router.
    pub gaps: Option<BTreeMap<(usize, usize), Vec<usize>>>,
    /// For each gutter the nets that have tracks in it, in the order in which they take them.
    pub gutters: Vec<Vec<usize>>,
}

/// The end of a net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Component(usize),
    Node(usize),
}

/// A stop of a net: a place where it leaves or enters a gutter.
pub(super) struct Stop {
    pub gutter: usize,
    pub toward: Toward,
    pub y: f64,
    pub end: Option<End>,
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
pub(super) fn side(start: usize, column: usize, back: Back) -> Side {
    if start < column || back == Back::Turn { Side::Left } else { Side::Right }
}

/// Places and routes a plan.
pub(super) fn route(book: &Book<'_>, plan: &Plan, orders: &Orders) -> Routed {
    let mut router = Router::new(book, plan);
    router.stack_outside();
    router.place_frames(&BTreeMap::new());
    // Now that the heights of the other ends are about known, their order is.
    router.stack_outside();
    let gaps = orders.gaps.clone().unwrap_or_else(|| router.choose_gaps());
    let crossings = slots(&gaps);
    router.place_frames(&crossings);
    router.place_outside(&crossings);
    let mut routed = router.draw(&crossings, &orders.gutters);
    routed.orders.gaps = Some(gaps);
    routed
}

/// Where each net crosses which column.
fn slots(gaps: &BTreeMap<(usize, usize), Vec<usize>>) -> Crossings {
    let mut crossings = Crossings::new();
    for (&(column, gap), nets) in gaps {
        crossings.extend(nets.iter().enumerate().map(|(slot, net)| ((*net, column), Crossing { gap, slot })));
    }
    crossings
}

/// For each net and column it crosses the gap it takes, and its place among the lines of that gap.
pub(super) type Crossings = BTreeMap<(usize, usize), Crossing>;

#[derive(Clone, Copy)]
pub(super) struct Crossing {
    gap: usize,
    slot: usize,
}

/// The order of lines in a gap: what comes from above and turns back, what goes on, what comes from below and turns
/// back; and in each.
struct Rank(u8, f64);

pub(super) struct Router<'a> {
    pub book: &'a Book<'a>,
    pub plan: &'a Plan,
    /// Offset of each component in its frame.
    offsets: Vec<(usize, f64, f64)>,
    /// Top of each group.
    tops: Vec<f64>,
    /// For each column the top of each gap, and its height.
    gaps: Vec<Vec<(f64, f64)>>,
    /// Top of each outside card.
    pub outside_y: BTreeMap<usize, f64>,
    /// Height of the port of a net on an outside card, below the top of the card.
    pub outside_port: BTreeMap<(usize, usize), f64>,
    /// Outside cards that stand above and below the frames.
    pub stack: Stack,
    /// Nets that share the last track to an outside card, each with the net that represents all of them.
    pub joined: BTreeMap<usize, usize>,
    /// Bottom of the frames.
    pub floor: f64,
    pub height: f64,
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
            stack: Stack::default(),
            joined: BTreeMap::new(),
            floor: 0.0,
            height: 0.0,
        }
    }

    pub fn columns(&self) -> usize {
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
            let mut y = self.stack.above;
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
        self.floor = self.height;
    }

    fn gap_y(&self, column: usize, crossing: Crossing) -> f64 {
        let (top, _) = self.gaps[column - 1][crossing.gap];
        // The last gap of a short column is as high as it needs to be.
        top + TRACK * (crossing.slot as f64 + 1.0)
    }

    /// Height of the place where a net enters an end; `None` for outside cards that have no place yet.
    pub fn entry_y(&self, net: usize, end: End) -> Option<f64> {
        match end {
            End::Component(component) => {
                let (group, _, dy) = self.offsets[component];
                if let Some(way) = self.plan.frames[group].ways.get(&(component, net)) {
                    return Some(self.tops[group] + way.y);
                }
                let entries = &self.plan.inners[component].entries;
                let entry = entries.binary_search_by_key(&net, |e| e.net).ok().and_then(|i| entries.get(i))?;
                Some(self.tops[group] + dy + entry.y)
            }
            End::Node(node) if self.in_rows(node) => self.stack.way_y(node, net, self.floor),
            End::Node(node) => Some(self.outside_y.get(&node)? + self.outside_port.get(&(node, net))?),
        }
    }

    pub fn exit_y(&self, net: usize) -> Option<f64> {
        let source = self.book.scene.nets[net].source;
        match self.book.scene.component_of[source] {
            Some(component) => {
                let (group, _, dy) = self.offsets[component];
                if let Some(way) = self.plan.frames[group].ways.get(&(component, net)) {
                    return Some(self.tops[group] + way.y);
                }
                let exits = &self.plan.inners[component].exits;
                let exit = exits.binary_search_by_key(&net, |e| e.0).ok().and_then(|i| exits.get(i))?;
                Some(self.tops[group] + dy + exit.1.last()?.y)
            }
            None => self.entry_y(net, End::Node(source)),
        }
    }

    /// Ends of a net with the gutter each is entered from, in a fixed order.
    pub fn ends(&self, net: usize) -> Vec<(End, usize, Toward)> {
        let start = start_gutter(self.book, &self.plan.column_of, self.columns(), net);
        let mut ends = BTreeSet::new();
        for &edge in &self.book.scene.nets[net].edges {
            let target = self.book.graph.edge(edge).1;
            ends.insert(match (self.book.scene.places[target], self.book.scene.component_of[target]) {
                (Place::Inside(group), Some(component)) => {
                    let column = self.plan.column_of[group];
                    match side(start, column, self.plan.ways.back) {
                        Side::Left => (End::Component(component), column - 1, Toward::Right),
                        Side::Right => (End::Component(component), column, Toward::Left),
                    }
                }
                _ => (End::Node(target), self.outside_gutter(target), self.outside_toward(target)),
            });
        }
        ends.into_iter().collect()
    }

    /// Chooses for each net and column it must cross the gap that makes the shortest way.
    fn choose_gaps(&self) -> BTreeMap<(usize, usize), Vec<usize>> {
        let mut chosen: Vec<(usize, usize, Rank, usize)> = Vec::new();
        for net in 0..self.book.scene.nets.len() {
            let start = start_gutter(self.book, &self.plan.column_of, self.columns(), net);
            let ends = self.ends(net);
            let height = |e: &(End, usize, Toward)| self.entry_y(net, e.0);
            let from = self.exit_y(net).or_else(|| median(ends.iter().filter(|e| e.1 == start).filter_map(height)));
            let all = median(ends.iter().filter_map(height)).unwrap_or(0.0);
            let from = from.unwrap_or(all);
            let last = ends.iter().map(|e| e.1).max().unwrap_or(start);
            let first = ends.iter().map(|e| e.1).min().unwrap_or(start);
            let mut y = from;
            for column in start + 1..=last {
                let goal = median(ends.iter().filter(|e| e.1 >= column).filter_map(height)).unwrap_or(y);
                let gap = self.nearest_gap(column, y, goal);
                y = self.gaps[column - 1][gap].0;
                // Lines that come from further up take the upper slots, so that fewer of them cross in the gutter.
                chosen.push((column, gap, Rank(1, from - goal), net));
            }
            let mut y = from;
            for column in (first + 1..=start).rev() {
                let goal = median(ends.iter().filter(|e| e.1 < column).filter_map(height)).unwrap_or(y);
                let gap = self.nearest_gap(column, y, goal);
                // A line that turns back runs around those that leave nearer to the gap: they nest.
                let below = self.gaps[column - 1][gap].0 < y;
                y = self.gaps[column - 1][gap].0;
                chosen.push((column, gap, Rank(if below { 2 } else { 0 }, -from), net));
            }
        }
        let rank = |a: &Rank, b: &Rank| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        chosen.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(rank(&a.2, &b.2)).then(a.3.cmp(&b.3)));
        let mut gaps: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (column, gap, _, net) in chosen {
            gaps.entry((column, gap)).or_default().push(net);
        }
        gaps
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

    /// All stops of a net whose heights are known.
    pub fn stops(&self, net: usize, crossings: &Crossings) -> Vec<Stop> {
        let columns = self.columns();
        let start = start_gutter(self.book, &self.plan.column_of, columns, net);
        let mut stops = Vec::new();
        if let Some(y) = self.exit_y(net) {
            let source = self.book.scene.nets[net].source;
            let toward = match self.book.scene.places[source] {
                Place::Inside(_) => Toward::Left,
                _ => self.outside_toward(source),
            };
            stops.push(Stop { gutter: start, toward, y, end: None });
        }
        for (end, gutter, toward) in self.ends(net) {
            stops.extend(self.entry_y(net, end).map(|y| Stop { gutter, toward, y, end: Some(end) }));
        }
        for (&(_, column), &crossing) in crossings.range((net, 0)..=(net, columns)) {
            let y = self.gap_y(column, crossing);
            for (gutter, toward) in [(column - 1, Toward::Right), (column, Toward::Left)] {
                stops.push(Stop { gutter, toward, y, end: None });
            }
        }
        stops
    }

    fn draw(&self, crossings: &Crossings, wanted: &[Vec<usize>]) -> Routed {
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
        let wanted = |gutter: usize| wanted.get(gutter).map(Vec::as_slice);
        let tracks: Vec<Tracks> = stubs.iter().enumerate().map(|(g, s)| assign(s, wanted(g))).collect();
        // Widths from left to right: outside, gutter, column, gutter, …, outside.
        let widest = |place: Place| {
            let cards = self.outside_y.keys().filter(|n| self.book.scene.places[**n] == place);
            cards.map(|&n| self.book.cards[n].width).fold(0.0, f64::max)
        };
        let above = self.plan.ways.outside.in_rows(Place::Left);
        let (left, right) = (widest(Place::Left), widest(Place::Right));
        let mut x = left;
        let mut gutter_x = Vec::with_capacity(columns + 1);
        let mut column_x = Vec::with_capacity(columns);
        let mut column_w = Vec::with_capacity(columns);
        for gutter in 0..=columns {
            gutter_x.push(x);
            let tracks = tracks[gutter].count as f64;
            let outer = (gutter == 0 && left == 0.0 && !above) || (gutter == columns && right == 0.0);
            x += match (tracks > 0.0, outer) {
                (true, true) => CLEAR + tracks * TRACK,
                (true, false) => 2.0 * CLEAR + (tracks - 1.0) * TRACK,
                (false, true) => 0.0,
                (false, false) if gutter == 0 && above => 0.0,
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
            orders: Orders { gaps: None, gutters: tracks.iter().map(|t| t.order.clone()).collect() },
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
            routed.components[component] = Point { x: frame.x + dx, y: frame.y + dy };
        }
        let track_x = |net: usize, gutter: usize| {
            let slot = tracks[gutter].of.get(&self.stands_for(net, gutter)).copied().unwrap_or(0) as f64;
            let outer = gutter == 0 && left == 0.0 && !above;
            gutter_x[gutter] + slot * TRACK + if outer { TRACK } else { CLEAR }
        };
        let border = |stop: &Stop| match stop.toward {
            Toward::Left if stop.gutter == 0 => left,
            Toward::Left => column_x[stop.gutter - 1] + column_w[stop.gutter - 1],
            Toward::Right if stop.gutter == columns => right_x,
            Toward::Right => column_x[stop.gutter],
        };
        routed.outside = self.beside(left, right_x);
        if self.plan.ways.outside != Outside::Beside {
            let first = column_x.first().copied().unwrap_or_default();
            let last = column_x.iter().zip(&column_w).map(|(x, w)| x + w).next_back().unwrap_or(right_x);
            let (cards, height, width) = self.stacked(first, last, self.floor);
            (routed.height, routed.width) = (self.height.max(height), routed.width.max(width));
            routed.outside.extend(cards);
        }
        for (net, stops) in stops.iter().enumerate() {
            let Some(start) = stops.first() else { continue };
            let source = self.book.scene.nets[net].source;
            let head = self.outside_end(net, source, &routed.outside, track_x(net, start.gutter));
            for stop in stops {
                let Some(end) = stop.end else { continue };
                let mut line = match &head {
                    Some(head) => head.to_vec(),
                    None => vec![Point { x: border(start), y: start.y }],
                };
                let mut gutter = start.gutter;
                let mut y = start.y;
                while gutter != stop.gutter {
                    let (column, next) =
                        if stop.gutter > gutter { (gutter + 1, gutter + 1) } else { (gutter, gutter - 1) };
                    line.push(Point { x: track_x(net, gutter), y });
                    let Some(&crossing) = crossings.get(&(net, column)) else { break };
                    y = self.gap_y(column, crossing);
                    line.push(Point { x: track_x(net, gutter), y });
                    gutter = next;
                }
                let x = track_x(net, stop.gutter);
                line.extend([Point { x, y }, Point { x, y: stop.y }]);
                let tail = match end {
                    End::Node(node) => self.outside_end(net, node, &routed.outside, x),
                    End::Component(_) => None,
                };
                match tail {
                    Some([card, way]) => line.extend([way, card]),
                    None => line.push(Point { x: border(stop), y: stop.y }),
                }
                routed.length +=
                    line.windows(2).map(|w| (w[0].x - w[1].x).abs() + (w[0].y - w[1].y).abs()).sum::<f64>();
                routed.backward += usize::from(stop.toward == Toward::Left && matches!(end, End::Component(_)));
                routed.turns += start.gutter.saturating_sub(stop.gutter);
                routed.paths.insert((net, end), line);
            }
        }
        routed
    }
}

/// The middle one of some numbers, the upper of two middle ones.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}
