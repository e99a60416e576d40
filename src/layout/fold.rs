//! Folds fan-outs and fan-ins: many chains that hang on one card, and on nothing else, become a grid of columns.
//!
//! The grid is one box to the engine. A trunk leads into it, runs along its top and down beside every column; lines
//! that leave from rows of their own run each to its own card, those of further columns between the cards of nearer
//! ones. So nothing crosses in a grid, no line meets a card, and the order of the cards is the order of the lines.

use std::collections::BTreeMap;

use super::engine::{BoxIn, EDGE_EDGE, EDGE_NODE, EdgeIn, NODE_GAP, Part, Pin, Placed};
use super::geometry::simplify;
use super::ports::row_middles;
use super::{Point, Rect};

/// Fan-outs up to this many stay in one column.
const MOST: usize = 8;
/// By so much several columns must make the shape better.
const WORTH: f64 = 1.15;
/// Chains longer than this are no simple hangers-on.
const CHAIN: usize = 5;
const MAX_COLUMNS: usize = 6;
/// Distance between the cards of a chain, in user units.
const LINK: f64 = 25.0;
/// The distance of a label from both ends of its line.
const LABEL_GAP: f64 = 9.0;
/// Space between a column and the trunk of the next.
const BETWEEN: f64 = 14.0;

/// A part with grids in place of chains, and how to get back.
pub(super) struct Folded {
    pub part: Part,
    /// For each box of the whole part its number in the folded one.
    boxes: Vec<Option<usize>>,
    /// For each edge of the whole part its number in the folded one.
    edges: Vec<Option<usize>>,
    grids: Vec<Grid>,
}

/// How lines reach the chains of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// By one trunk that comes from a card.
    Out,
    /// From rows of a card, by a line each.
    Rows,
    /// By one trunk that leads to a card.
    In,
}

/// Cards in a row, each joined to the next.
#[derive(Clone, Debug)]
struct Chain {
    /// The edge that joins it to the rest.
    link: usize,
    boxes: Vec<usize>,
    /// Between its boxes.
    edges: Vec<usize>,
    /// Of every box from the top left corner of the chain.
    at: Vec<Rect>,
    /// For every edge its line.
    lines: Vec<Vec<Point>>,
    labels: Vec<Option<Rect>>,
    width: f64,
    height: f64,
    /// Height below its top at which it is joined to the rest.
    port: f64,
}

struct Grid {
    kind: Kind,
    /// Number of its box in the folded part.
    at: usize,
    chains: Vec<Chain>,
    shape: Shape,
}

/// Where the chains of a grid stand, from its top left corner.
#[derive(Clone, Debug, Default)]
struct Shape {
    width: f64,
    height: f64,
    at: Vec<Point>,
    /// For each chain the upright part of its line: its place, or 0 for none.
    trunk: Vec<f64>,
    /// For each chain the height at which its line enters the grid.
    entry: Vec<f64>,
    /// The height of the trunk that joins all columns.
    bus: f64,
}

/// Folds fan-outs and fan-ins; `None` if there are none.
pub(super) fn fold(part: &Part) -> Option<Folded> {
    let stars = stars(part);
    if stars.is_empty() {
        return None;
    }
    let mut gone = vec![false; part.boxes.len()];
    for chain in stars.iter().flat_map(|s| &s.2) {
        chain.boxes.iter().for_each(|&b| gone[b] = true);
    }
    let mut folded = Folded {
        part: Part::default(),
        boxes: vec![None; part.boxes.len()],
        edges: vec![None; part.edges.len()],
        grids: Vec::new(),
    };
    // A grid stands where its first chain stood, so that the order of the part is kept.
    let first: BTreeMap<usize, usize> = stars
        .iter()
        .enumerate()
        .filter_map(|(i, s)| Some((s.2.iter().flat_map(|c| &c.boxes).min().copied()?, i)))
        .collect();
    let mut grid_box = vec![0; stars.len()];
    let shapes: Vec<Shape> =
        stars.iter().map(|(hub, kind, chains)| best_shape(&part.boxes[*hub], *kind, chains, part)).collect();
    for (index, b) in part.boxes.iter().enumerate() {
        if let Some(&star) = first.get(&index) {
            grid_box[star] = folded.part.boxes.len();
            let shape = &shapes[star];
            folded.part.boxes.push(BoxIn {
                width: shape.width,
                height: shape.height,
                pin: Pin::Free,
                header: 0.0,
                rows: Vec::new(),
                entries: if stars[star].1 == Kind::Rows { shape.entry.clone() } else { Vec::new() },
            });
        }
        if !gone[index] {
            folded.boxes[index] = Some(folded.part.boxes.len());
            folded.part.boxes.push(b.clone());
        }
    }
    let mut joins: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (star, (_, _, chains)) in stars.iter().enumerate() {
        for (place, chain) in chains.iter().enumerate() {
            joins.insert(chain.link, (star, place));
        }
    }
    let mut trunks: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, edge) in part.edges.iter().enumerate() {
        let whole = (folded.boxes[edge.from], folded.boxes[edge.to]);
        let new = match (joins.get(&index), whole) {
            (None, (Some(from), Some(to))) => EdgeIn { from, to, ..edge.clone() },
            (Some(&(star, place)), _) => {
                let kind = stars[star].1;
                if let (true, Some(&known)) = (kind != Kind::Rows, trunks.get(&star)) {
                    folded.edges[index] = Some(known);
                    continue;
                }
                trunks.insert(star, folded.part.edges.len());
                let grid = grid_box[star];
                EdgeIn {
                    from: whole.0.unwrap_or(grid),
                    to: whole.1.unwrap_or(grid),
                    entry: (kind == Kind::Rows).then_some(place),
                    label: None,
                    ..edge.clone()
                }
            }
            // Inside a chain.
            _ => continue,
        };
        folded.edges[index] = Some(folded.part.edges.len());
        folded.part.edges.push(new);
    }
    let grids = stars.into_iter().zip(shapes).zip(grid_box);
    folded.grids = grids.map(|(((_, kind, chains), shape), at)| Grid { kind, at, chains, shape }).collect();
    Some(folded)
}

impl Folded {
    /// The whole part in its place, from the folded one in its place.
    pub fn unfold(&self, part: &Part, placed: &Placed) -> Placed {
        let mut whole = Placed {
            boxes: vec![Rect::default(); part.boxes.len()],
            orders: part.boxes.iter().map(|b| (0..b.rows.len()).collect()).collect(),
            lines: vec![Vec::new(); part.edges.len()],
            labels: vec![None; part.edges.len()],
        };
        for (index, known) in self.boxes.iter().enumerate() {
            if let Some(known) = *known {
                whole.boxes[index] = placed.boxes[known];
                whole.orders[index].clone_from(&placed.orders[known]);
            }
        }
        for (index, known) in self.edges.iter().enumerate() {
            if let Some(known) = *known {
                whole.lines[index].clone_from(&placed.lines[known]);
                whole.labels[index] = placed.labels[known];
            }
        }
        for grid in &self.grids {
            grid.draw(part, placed.boxes[grid.at], &mut whole);
        }
        whole
    }
}

impl Grid {
    fn draw(&self, part: &Part, at: Rect, whole: &mut Placed) {
        for (place, chain) in self.chains.iter().enumerate() {
            let corner = Point { x: at.x + self.shape.at[place].x, y: at.y + self.shape.at[place].y };
            let shift = |p: &Point| Point { x: corner.x + p.x, y: corner.y + p.y };
            let moved = |r: &Rect| Rect { x: corner.x + r.x, y: corner.y + r.y, ..*r };
            for (&b, rect) in chain.boxes.iter().zip(&chain.at) {
                whole.boxes[b] = moved(rect);
            }
            for ((&edge, line), label) in chain.edges.iter().zip(&chain.lines).zip(&chain.labels) {
                whole.lines[edge] = line.iter().map(shift).collect();
                whole.labels[edge] = label.as_ref().map(moved);
            }
            let line = &mut whole.lines[chain.link];
            let y = corner.y + chain.port;
            let trunk = at.x + self.shape.trunk[place];
            let bus = at.y + self.shape.bus;
            let (join, card) = match self.kind {
                Kind::In => (line.first().copied(), corner.x + chain.width),
                _ => (line.last().copied(), corner.x),
            };
            let Some(join) = join else { continue };
            let mut way = vec![join];
            // The trunk of the column next to the hub; the others are reached along the bus.
            let near = at.x + if self.kind == Kind::In { self.shape.width - EDGE_EDGE } else { EDGE_EDGE };
            let trunk = if self.shape.trunk[place] > 0.0 { trunk } else { near };
            if self.kind != Kind::Rows && (near - trunk).abs() > 0.01 {
                way.extend([(near, join.y), (near, bus), (trunk, bus)].map(|(x, y)| Point { x, y }));
            } else {
                way.push(Point { x: trunk, y: join.y });
            }
            way.push(Point { x: trunk, y });
            way.push(Point { x: card, y });
            if self.kind == Kind::In {
                way.reverse();
                way.append(line);
            } else {
                way.splice(..0, line.drain(..));
            }
            *line = simplify(&way);
            if let Some((w, h)) = part.edges[chain.link].label {
                let x = if self.kind == Kind::In { card + LABEL_GAP } else { card - EDGE_NODE - w };
                whole.labels[chain.link] = Some(Rect { x, y: y - h / 2.0, w, h });
            }
        }
    }
}

/// All stars that are worth it: hub, kind, chains in the order of their lines.
fn stars(part: &Part) -> Vec<(usize, Kind, Vec<Chain>)> {
    let n = part.boxes.len();
    let (mut out, mut into) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for (index, e) in part.edges.iter().enumerate() {
        out[e.from].push(index);
        into[e.to].push(index);
    }
    let mut found: BTreeMap<(usize, Kind, usize), Vec<Chain>> = BTreeMap::new();
    for (index, e) in part.edges.iter().enumerate() {
        if e.from == e.to {
            continue;
        }
        let hub = &part.boxes[e.from];
        if hub.pin != Pin::Right
            && out[e.from].len() > MOST
            && into[e.to].len() == 1
            && let Some(chain) = chain(part, index, &out, &into)
        {
            let (kind, trunk) = if e.row.is_some() { (Kind::Rows, 0) } else { (Kind::Out, e.trunk) };
            found.entry((e.from, kind, trunk)).or_default().push(chain);
        } else if into[e.to].len() > MOST
            && part.boxes[e.to].pin == Pin::Free
            && part.boxes[e.from].pin == Pin::Free
            && e.row.is_none()
            && out[e.from].len() == 1
            && into[e.from].is_empty()
        {
            found.entry((e.to, Kind::In, e.trunk)).or_default().push(single(part, index, e.from));
        }
    }
    let stars = found.into_iter().filter(|(_, chains)| chains.len() > MOST);
    stars.map(|((hub, kind, _), chains)| (hub, kind, chains)).collect()
}

/// The chain that an edge leads to, if all of its boxes have nothing else.
fn chain(part: &Part, link: usize, out: &[Vec<usize>], into: &[Vec<usize>]) -> Option<Chain> {
    let hub = part.edges[link].from;
    let mut chain = single(part, link, part.edges[link].to);
    let mut at = part.edges[link].to;
    if part.boxes[at].pin != Pin::Free {
        return None;
    }
    while let [edge] = out[at].as_slice() {
        let e = &part.edges[*edge];
        let next = &part.boxes[e.to];
        if into[e.to].len() != 1
            || next.pin != Pin::Free
            || e.to == hub
            || chain.boxes.contains(&e.to)
            || chain.boxes.len() == CHAIN
        {
            return None;
        }
        let last = chain.at.last().copied().unwrap_or_default();
        let natural: Vec<usize> = (0..part.boxes[at].rows.len()).collect();
        let middle = e.row.and_then(|r| row_middles(&part.boxes[at], &natural).get(r).copied());
        let y = last.y + middle.unwrap_or(last.h / 2.0);
        let room = e.label.map_or(LINK, |(w, _)| (w + LABEL_GAP + EDGE_NODE).max(LINK));
        let rect = Rect { x: last.right() + room, y: y - next.height / 2.0, w: next.width, h: next.height };
        chain.boxes.push(e.to);
        chain.edges.push(*edge);
        chain.lines.push(vec![Point { x: last.right(), y }, Point { x: rect.x, y }]);
        chain.labels.push(e.label.map(|(w, h)| Rect {
            x: last.right() + (room - w - EDGE_NODE + LABEL_GAP) / 2.0,
            y: y - h / 2.0,
            w,
            h,
        }));
        chain.at.push(rect);
        at = e.to;
    }
    if !out[at].is_empty() {
        return None;
    }
    chain.settle();
    Some(chain)
}

fn single(part: &Part, link: usize, at: usize) -> Chain {
    let b = &part.boxes[at];
    let label = part.edges[link].label.map_or(0.0, |(_, h)| h);
    Chain {
        link,
        boxes: vec![at],
        edges: Vec::new(),
        at: vec![Rect { x: 0.0, y: 0.0, w: b.width, h: b.height }],
        lines: Vec::new(),
        labels: Vec::new(),
        width: b.width,
        height: b.height.max(label),
        port: b.height / 2.0,
    }
}

impl Chain {
    /// Moves everything so that the chain begins at its top.
    fn settle(&mut self) {
        let link = self.at.first().map_or(0.0, |r| (self.height - r.h) / 2.0);
        let all = || self.at.iter().chain(self.labels.iter().flatten());
        let top = all().map(|r| r.y).fold(-link, f64::min);
        let bottom = all().map(|r| r.bottom()).fold(self.height - link, f64::max);
        self.width = all().map(Rect::right).fold(0.0, f64::max);
        self.height = bottom - top;
        self.port -= top;
        self.at.iter_mut().for_each(|r| r.y -= top);
        self.labels.iter_mut().flatten().for_each(|r| r.y -= top);
        self.lines.iter_mut().flatten().for_each(|p| p.y -= top);
    }
}

/// The number of columns with which hub and grid come nearest to the shape of a page.
fn best_shape(hub: &BoxIn, kind: Kind, chains: &[Chain], part: &Part) -> Shape {
    let mut best: Option<(f64, Shape)> = None;
    for columns in 1..=MAX_COLUMNS.min(chains.len()) {
        let shape = shape(kind, chains, columns, part);
        let (w, h) = (hub.width + 150.0 + shape.width, shape.height.max(hub.height) + 60.0);
        let cost = w.max(1.1 * h) * if columns > 1 { WORTH } else { 1.0 };
        if best.as_ref().is_none_or(|(known, _)| cost < *known) {
            best = Some((cost, shape));
        }
    }
    best.map(|b| b.1).unwrap_or_default()
}

fn shape(kind: Kind, chains: &[Chain], columns: usize, part: &Part) -> Shape {
    let rows = chains.len().div_ceil(columns);
    // Lines of rows come one below the other and so do their cards, row by row; else cards are read column by column.
    let cell = |i: usize| {
        if kind == Kind::Rows { (i % columns, i / columns) } else { (i / rows, i % rows) }
    };
    let label = chains.iter().filter_map(|c| part.edges[c.link].label).map(|l| l.0).fold(0.0, f64::max);
    let stub = if label > 0.0 { EDGE_NODE + label + LABEL_GAP } else { EDGE_NODE };
    let mut widths = vec![0.0f64; columns];
    let (mut above, mut below) = (vec![0.0f64; rows], vec![0.0f64; rows]);
    for (i, chain) in chains.iter().enumerate() {
        let (column, row) = cell(i);
        widths[column] = widths[column].max(chain.width);
        above[row] = above[row].max(chain.port);
        below[row] = below[row].max(chain.height - chain.port);
    }
    let used = if kind == Kind::Rows { columns } else { chains.len().div_ceil(rows) };
    let mut shape = Shape {
        at: vec![Point::default(); chains.len()],
        trunk: vec![0.0; chains.len()],
        entry: vec![0.0; chains.len()],
        bus: 1.0,
        ..Shape::default()
    };
    // Left border of each column, and the trunk that belongs to it.
    let mut left = vec![(0.0, 0.0); columns];
    let mut x = 0.0;
    for (column, place) in left.iter_mut().enumerate().take(used) {
        *place = match kind {
            Kind::Rows if column == 0 => (x + stub - EDGE_NODE + EDGE_EDGE, 0.0),
            Kind::In => (x, x + widths[column] + stub),
            _ => (x + EDGE_EDGE + stub, x + EDGE_EDGE),
        };
        x = place.0 + widths[column] + if kind == Kind::In { stub + EDGE_EDGE } else { 0.0 };
        shape.width = x;
        x += BETWEEN;
    }
    // Whole and even numbers keep lines straight: the engine rounds.
    let even = |v: f64| 2.0 * (v / 2.0).ceil();
    let gap = NODE_GAP + if kind == Kind::Rows { EDGE_EDGE * columns.saturating_sub(2) as f64 } else { 0.0 };
    let mut y = if kind != Kind::Rows && used > 1 { EDGE_NODE } else { 0.0 };
    let mut middles = vec![(0.0, 0.0); rows];
    for (row, middle) in middles.iter_mut().enumerate() {
        let top = even(above[row]);
        *middle = (y + top, y + top + even(below[row]));
        y = middle.1 + gap;
    }
    shape.height = y - gap;
    for (i, chain) in chains.iter().enumerate() {
        let (column, row) = cell(i);
        let (x, trunk) = left[column];
        let (middle, bottom) = middles[row];
        // In a column whose chains are shorter than others they stand at the trunk.
        let x = if kind == Kind::In { x + widths[column] - chain.width } else { x };
        shape.at[i] = Point { x, y: middle - chain.port };
        shape.trunk[i] = trunk;
        shape.entry[i] = if kind == Kind::Rows && column > 0 { bottom + EDGE_EDGE * column as f64 } else { middle };
    }
    // Below the last row runs what leads to further columns.
    if kind == Kind::Rows && columns > 1 {
        shape.height += gap;
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::super::{engine, sample};
    use super::*;

    fn edge(from: usize, to: usize) -> EdgeIn {
        if to % 3 == 1 { sample::labeled(from, to) } else { sample::edge(from, to) }
    }

    fn star(leaves: usize, inward: bool, rows: bool) -> Part {
        let mut part = sample::part(leaves + 1, (1..=leaves).map(|i| if inward { edge(i, 0) } else { edge(0, i) }));
        if rows {
            part.boxes[0].rows = vec![18.0; leaves];
            part.boxes[0].header = 40.0;
            part.boxes[0].height = 44.0 + 18.0 * leaves as f64;
            for (row, e) in part.edges.iter_mut().enumerate() {
                (e.row, e.trunk, e.label) = (Some(row), row, None);
            }
        }
        part
    }

    #[test]
    fn stars_become_grids_whose_lines_arrive() {
        for (inward, rows) in [(false, false), (true, false), (false, true)] {
            let part = star(24, inward, rows);
            let folded = fold(&part).unwrap();
            assert_eq!(folded.part.boxes.len(), 2);
            let placed = engine::run(&folded.part, 1_000_000_000).unwrap();
            let whole = folded.unfold(&part, &placed);
            let columns: std::collections::BTreeSet<i64> = whole.boxes[1..].iter().map(|r| r.x as i64).collect();
            assert!(columns.len() > 1, "{columns:?}");
            for (e, line) in part.edges.iter().zip(&whole.lines) {
                let (from, to) = (whole.boxes[e.from], whole.boxes[e.to]);
                assert!((line[0].x - from.right()).abs() < 0.01 && line[0].y > from.y && line[0].y < from.bottom());
                let last = line[line.len() - 1];
                assert!((last.x - to.x).abs() < 0.01 && last.y > to.y && last.y < to.bottom(), "{last:?} {to:?}");
                assert!(line.windows(2).all(|w| w[0].x == w[1].x || w[0].y == w[1].y), "{line:?}");
            }
        }
    }

    #[test]
    fn what_hangs_on_more_than_the_hub_stays() {
        assert!(fold(&star(8, false, false)).is_none());
        let mut part = star(11, false, false);
        part.edges.extend([edge(1, 2), edge(3, 0)]);
        // Boxes 1 to 3 are not simple, and eight are too few.
        assert!(fold(&part).is_none());
    }
}
