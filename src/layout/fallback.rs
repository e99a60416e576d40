//! The plain arrangement for parts that the engine refuses: columns by distance from the start, every line on a track
//! of its own.
//!
//! It is ugly but correct for any graph: lines run only in the channels between columns and in the corridor below them,
//! where no card stands. Between two neighboring columns a line takes one track of the channel; any other line goes
//! around by the corridor, and there its label stands on a strip that no vertical track crosses. Work is n log n in
//! boxes and lines.

use std::collections::VecDeque;

use super::engine::{EDGE_EDGE, EDGE_NODE, EdgeIn, NODE_GAP, Part, Pin, Placed};
use super::geometry::simplify;
use super::ports::row_middles;
use super::{Point, Rect};

/// Places a part without the engine. Never fails.
pub(super) fn run(part: &Part) -> Placed {
    let columns = columns(part);
    let count = columns.iter().copied().max().map_or(0, |c| c + 1);
    let routes: Vec<Route> = part.edges.iter().map(|e| route(e, &columns, part)).collect();
    let mut channels = vec![Channel::default(); count + 1];
    for (edge, route) in part.edges.iter().zip(&routes) {
        plan(edge, *route, &mut channels);
    }
    let (boxes, bottom) = place(part, &columns, &mut channels);
    let orders: Vec<Vec<usize>> = part.boxes.iter().map(|b| (0..b.rows.len()).collect()).collect();
    let ports = ports(part, &boxes, &orders);
    let mut lines = Vec::with_capacity(part.edges.len());
    let mut labels = Vec::with_capacity(part.edges.len());
    let mut y = bottom + NODE_GAP;
    for ((edge, route), (start, end)) in part.edges.iter().zip(&routes).zip(ports) {
        let (line, label, next) = draw(edge, *route, start, end, &mut channels, y);
        y = next;
        lines.push(simplify(&line));
        labels.push(label);
    }
    Placed { boxes, orders, lines, labels }
}

/// The column of each box: its longest distance from a start, cycles cut where a breadth-first walk meets them.
pub(super) fn columns(part: &Part) -> Vec<usize> {
    let n = part.boxes.len();
    let mut entering = vec![0usize; n];
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); n];
    for e in &part.edges {
        let inner = e.from != e.to && part.boxes[e.from].pin == Pin::Free && part.boxes[e.to].pin == Pin::Free;
        if inner {
            leaving[e.from].push(e.to);
            entering[e.to] += 1;
        }
    }
    let mut column = vec![0usize; n];
    let mut done = vec![false; n];
    let mut ready: VecDeque<usize> = (0..n).filter(|&i| entering[i] == 0).collect();
    let mut next = 0;
    loop {
        let Some(at) = ready.pop_front() else {
            // Only cycles are left: start in the middle of one.
            while next < n && done[next] {
                next += 1;
            }
            if next == n {
                break;
            }
            ready.push_back(next);
            continue;
        };
        if std::mem::replace(&mut done[at], true) {
            continue;
        }
        for &to in &leaving[at] {
            if !done[to] {
                column[to] = column[to].max(column[at] + 1);
                entering[to] = entering[to].saturating_sub(1);
                if entering[to] == 0 {
                    ready.push_back(to);
                }
            }
        }
    }
    let left = part.boxes.iter().any(|b| b.pin == Pin::Left);
    let last = column.iter().zip(&part.boxes).filter(|(_, b)| b.pin == Pin::Free).map(|(c, _)| *c).max();
    let first = usize::from(left);
    for (c, b) in column.iter_mut().zip(&part.boxes) {
        *c = match b.pin {
            Pin::Left => 0,
            Pin::Free => *c + first,
            Pin::Right => last.map_or(first, |l| l + first + 1),
        };
    }
    column
}

/// The channels a line leaves into and arrives from. Channel `i` is left of column `i`.
#[derive(Clone, Copy)]
struct Route {
    start: usize,
    end: usize,
    /// Whether one track joins both ends.
    direct: bool,
}

fn route(edge: &EdgeIn, columns: &[usize], part: &Part) -> Route {
    // Terminals at the sides have their one free border towards the inside.
    let start = columns[edge.from] + usize::from(part.boxes[edge.from].pin != Pin::Right);
    let end = columns[edge.to] + usize::from(part.boxes[edge.to].pin == Pin::Left);
    Route { start, end, direct: start == end && edge.label.is_none() }
}

/// A channel between columns: tracks, then the strip of labels, then tracks again.
#[derive(Clone, Default)]
struct Channel {
    before: usize,
    after: usize,
    label: f64,
    x: f64,
    used_before: usize,
    used_after: usize,
}

impl Channel {
    fn width(&self) -> f64 {
        if self.before + self.after == 0 && self.label == 0.0 {
            return 0.0;
        }
        let strip = if self.label > 0.0 { self.label + EDGE_EDGE } else { 0.0 };
        2.0 * EDGE_NODE + (self.before + self.after) as f64 * EDGE_EDGE + strip
    }

    fn track_before(&mut self) -> f64 {
        self.used_before += 1;
        self.x + EDGE_NODE + (self.used_before as f64 - 1.0) * EDGE_EDGE
    }

    fn label_x(&self) -> f64 {
        self.x + EDGE_NODE + self.before as f64 * EDGE_EDGE
    }

    fn track_after(&mut self) -> f64 {
        self.used_after += 1;
        self.label_x() + self.label + self.used_after as f64 * EDGE_EDGE
    }
}

fn plan(edge: &EdgeIn, route: Route, channels: &mut [Channel]) {
    channels[route.start].before += 1;
    if route.direct {
        return;
    }
    match edge.label {
        Some((width, _)) => {
            channels[route.end].after += 1;
            channels[route.end].label = channels[route.end].label.max(width);
        }
        None => channels[route.end].before += 1,
    }
}

fn place(part: &Part, columns: &[usize], channels: &mut [Channel]) -> (Vec<Rect>, f64) {
    let count = channels.len() - 1;
    let mut width = vec![0.0f64; count];
    for (b, &c) in part.boxes.iter().zip(columns) {
        width[c] = width[c].max(b.width);
    }
    let mut left = vec![0.0; count];
    let mut x = 0.0;
    for (i, channel) in channels.iter_mut().enumerate() {
        channel.x = x;
        x += channel.width();
        if i < count {
            left[i] = x;
            x += width[i];
        }
    }
    let mut below = vec![0.0; count];
    let mut bottom = 0.0f64;
    let mut boxes = Vec::with_capacity(part.boxes.len());
    for (b, &c) in part.boxes.iter().zip(columns) {
        boxes.push(Rect { x: left[c], y: below[c], w: b.width, h: b.height });
        below[c] += b.height + NODE_GAP;
        bottom = bottom.max(below[c]);
    }
    (boxes, bottom)
}

/// Where each line starts and ends: rows have their middles, other lines are spread over the side.
fn ports(part: &Part, boxes: &[Rect], orders: &[Vec<usize>]) -> Vec<(Point, Point)> {
    let n = boxes.len();
    let (mut out_count, mut in_count) = (vec![0usize; n], vec![0usize; n]);
    for e in &part.edges {
        out_count[e.from] += 1;
        in_count[e.to] += 1;
    }
    let middles: Vec<Vec<f64>> = part.boxes.iter().zip(orders).map(|(b, o)| row_middles(b, o)).collect();
    let (mut outs, mut ins) = (vec![0usize; n], vec![0usize; n]);
    let spread = |index: usize, nth: usize, of: usize| {
        let rect = &boxes[index];
        if part.boxes[index].pin == Pin::Free {
            rect.y + rect.h * nth as f64 / (of + 1) as f64
        } else {
            rect.y + rect.h / 2.0
        }
    };
    let mut found = Vec::with_capacity(part.edges.len());
    for e in &part.edges {
        outs[e.from] += 1;
        ins[e.to] += 1;
        let row = e.row.and_then(|r| middles[e.from].get(r)).map(|m| boxes[e.from].y + m);
        let start = Point {
            x: if part.boxes[e.from].pin == Pin::Right { boxes[e.from].x } else { boxes[e.from].right() },
            y: row.unwrap_or_else(|| spread(e.from, outs[e.from], out_count[e.from])),
        };
        let end = Point {
            x: if part.boxes[e.to].pin == Pin::Left { boxes[e.to].right() } else { boxes[e.to].x },
            y: match e.entry.and_then(|entry| part.boxes[e.to].entries.get(entry)) {
                Some(y) => boxes[e.to].y + y,
                None => spread(e.to, ins[e.to], in_count[e.to]),
            },
        };
        found.push((start, end));
    }
    found
}

fn draw(
    edge: &EdgeIn,
    route: Route,
    start: Point,
    end: Point,
    channels: &mut [Channel],
    y: f64,
) -> (Vec<Point>, Option<Rect>, f64) {
    let first = channels[route.start].track_before();
    let at = |x: f64, y: f64| Point { x, y };
    if route.direct {
        return (vec![start, at(first, start.y), at(first, end.y), end], None, y);
    }
    let (height, label_x) = match edge.label {
        Some((_, height)) => (height + 4.0, channels[route.end].label_x()),
        None => (EDGE_EDGE, 0.0),
    };
    let last = match edge.label {
        Some(_) => channels[route.end].track_after(),
        None => channels[route.end].track_before(),
    };
    let middle = y + height / 2.0;
    let line = vec![start, at(first, start.y), at(first, middle), at(last, middle), at(last, end.y), end];
    let label = edge.label.map(|(w, h)| Rect {
        // A label narrower than its strip stands in the middle of it.
        x: label_x + (channels[route.end].label - w) / 2.0,
        y: middle - h / 2.0,
        w,
        h,
    });
    (line, label, y + height)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, edge, labeled};
    use super::*;

    /// Every third line has a label, and each its own trunk.
    fn part(boxes: usize, edges: &[(usize, usize)]) -> Part {
        let one = |(trunk, &(from, to)): (usize, &(usize, usize))| EdgeIn {
            trunk,
            ..if trunk % 3 == 0 { labeled(from, to) } else { edge(from, to) }
        };
        sample::part(boxes, edges.iter().enumerate().map(one))
    }

    #[test]
    fn cycles_loops_and_long_lines_are_drawn() {
        let placed = run(&part(5, &[(0, 1), (1, 2), (2, 0), (3, 3), (0, 2), (2, 4), (0, 4)]));
        assert_eq!(placed.boxes.len(), 5);
        for line in &placed.lines {
            assert!(line.len() >= 2);
            assert!(line.windows(2).all(|w| w[0].x == w[1].x || w[0].y == w[1].y));
        }
    }

    #[test]
    fn a_long_chain_is_no_problem() {
        let edges: Vec<_> = (0..20_000).map(|i| (i, i + 1)).collect();
        assert_eq!(run(&part(20_001, &edges)).boxes.len(), 20_001);
    }
}
