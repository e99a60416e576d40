//! Routes all lines of a placed picture at once. It knows rectangles and connections only.
//!
//! The steps: the places where lines may run (`scene`, `grid`), trunks (`nets`), ways (`finder`,
//! `search`, `fallback`), their straight parts
//! (`runs`) in an order with few crossings (`order`, `skyline`) and at their distances (`space`), labels on the pieces
//! of lines that only theirs have (`labels`, `pieces`).
//!
//! Guarantees, where cards of different composites are at least 16 units apart: every line is orthogonal, ends on the
//! borders of its cards and runs through no other card and no title of a frame. Lines that share no trunk keep their
//! distance. The result moves cards and frames where lines and labels need room. Deterministic; the work is bounded.

mod cuts;
mod fallback;
mod finder;
mod grid;
mod labels;
mod nets;
mod order;
mod pieces;
mod runs;
mod scene;
mod search;
mod skyline;
mod space;
#[cfg(test)]
mod tests;
mod types;

pub(super) use types::{Budget, Connection, End, FrameBox, LabelBox, Placed, Port, Routed, Stretch, Tag};

use super::geometry::{round2, simplify};
use super::{Point, Rect};
use finder::{Finder, MANY};
use grid::{Grid, Wishes};
use nets::{Hints, Net};
use runs::{Line, Lines};
use scene::{CORNER, Scene};

/// With more connections than this labels get no room of their own: nobody could follow so many lines.
const CROWD: usize = 2_000;

/// Routes connections over a placed picture.
pub(super) fn route(placed: &Placed, connections: &[Connection], budget: &mut Budget) -> Routed {
    /// Connections whose labels find no place are routed by themselves, so often,
    /// and lines that lie too close together elsewhere.
    const TRIES: usize = 4;
    let scene = Scene::new(placed);
    let grid = Grid::new(&scene, &wishes(&scene, connections));
    let mut hints = Hints::default();
    let mut finder = Finder::new(&scene, &grid, connections);
    let mut best: Option<(usize, Spread, usize)> = None;
    let tries = if connections.len() <= MANY {
        TRIES
    } else if connections.len() <= CROWD {
        2
    } else {
        1
    };
    for _ in 0..tries {
        finder.find(&hints, budget);
        let lines = Lines::new(&scene, &grid, &finder.nets, &finder.ways, connections);
        let (spread, wrong) = spread(scene.clone(), lines, &finder.nets, connections, &mut hints);
        if best.as_ref().is_none_or(|b| wrong < b.0) {
            best = Some((wrong, spread, finder.plain));
        }
        // Without further steps another attempt finds the same lines.
        // In a large picture lines that are a little too close are not worth another attempt; a label is.
        if wrong == 0 || budget.is_spent() || (connections.len() > MANY && wrong < 4) {
            break;
        }
    }
    best.map(|(_, spread, plain)| result(placed, connections, spread, plain)).unwrap_or_default()
}

/// Lines and labels with their room.
struct Spread {
    scene: Scene,
    lines: Lines,
    stretch: Stretch,
    labels: Vec<Option<LabelBox>>,
}

/// Gives lines and labels their room; also returns how much is wrong, and learns from it.
fn spread(mut scene: Scene, mut lines: Lines, nets: &[Net], all: &[Connection], hints: &mut Hints) -> (Spread, usize) {
    let rounds = if all.len() > CROWD { 1 } else { 5 };
    let mut stretch = Stretch::default();
    let mut demands = [Vec::new(), Vec::new()];
    let (mut round, mut blocking) = (1, Vec::new());
    loop {
        let x = space::solve(&mut scene, &mut lines, 0, &demands[0], round > 1);
        let y = space::solve(&mut scene, &mut lines, 1, &demands[1], round > 1);
        stretch.add(&x.cuts, &y.cuts);
        blocking.extend(x.blocking);
        let labels = labels::place(&scene, &lines, nets, all, &demands, round == rounds);
        if labels.missing.is_empty() || round == rounds {
            let squeezed: Vec<usize> = x.squeezed.into_iter().chain(y.squeezed).collect();
            let wrong = labels.missing.len() * 4 + squeezed.len();
            blocking.extend(&labels.blocking);
            hints.learn(&lines, &labels.missing, &blocking, &squeezed);
            return (Spread { scene, lines, stretch, labels: labels.places }, wrong);
        }
        for (all, new) in demands.iter_mut().zip(labels.demands) {
            all.extend(new);
        }
        round += 1;
    }
}

/// Rows, and heights at which two cards can be joined by a straight line.
fn wishes(scene: &Scene, connections: &[Connection]) -> Wishes {
    let mut wishes = Wishes { rows: Vec::new(), straights: Vec::new() };
    for c in connections {
        for end in [c.from, c.to] {
            if let Port::Row { y } = end.port {
                wishes.rows.push((end.card, y));
            }
        }
        let (a, b) = (&scene.cards[c.from.card], &scene.cards[c.to.card]);
        for axis in 0..2 {
            let across = 1 - axis;
            let lo = a.lo[across].max(b.lo[across]) + CORNER;
            let hi = a.hi[across].min(b.hi[across]) - CORNER;
            let between = if a.hi[axis] <= b.lo[axis] {
                (a.hi[axis] + b.lo[axis]) / 2.0
            } else if b.hi[axis] <= a.lo[axis] {
                (b.hi[axis] + a.lo[axis]) / 2.0
            } else {
                continue;
            };
            if lo <= hi {
                wishes.straights.push((axis, (lo + hi) / 2.0, between));
            }
        }
    }
    wishes
}

/// Puts the result together.
fn result(placed: &Placed, all: &[Connection], spread: Spread, plain: usize) -> Routed {
    let Spread { scene, lines, stretch, labels } = spread;
    let rect = |b: &scene::Block| Rect { x: b.lo[0], y: b.lo[1], w: b.hi[0] - b.lo[0], h: b.hi[1] - b.lo[1] };
    let mut moved = placed.clone();
    moved.cards = scene.cards.iter().map(rect).collect();
    let mut titles = scene.blocks[scene.hulls.len()..].iter();
    for (frame, b) in moved.frames.iter_mut().zip(&scene.frames) {
        frame.rect = rect(b);
        if frame.title.w > 0.0 && frame.title.h > 0.0 {
            frame.title = titles.next().map_or(frame.title, rect);
        }
    }
    let mut trunks = vec![0; all.len()];
    let mut drawn = Vec::with_capacity(all.len());
    for (i, line) in lines.lines.iter().enumerate() {
        trunks[i] = line.runs.first().map_or(usize::MAX, |r| lines.runs[*r].net);
        drawn.push(drawn_line(&scene, &lines, line));
    }
    Routed {
        placed: moved,
        stretch,
        lines: drawn,
        labels,
        branches: lines.branches().into_iter().map(|b| b.into_iter().map(point).collect()).collect(),
        trunks,
        plain,
    }
}

/// A line from its source to its target.
fn drawn_line(scene: &Scene, lines: &Lines, line: &Line) -> Vec<Point> {
    let mut points: Vec<Point> = lines.points(scene, line).into_iter().map(point).collect();
    if line.start.is_some_and(|s| s.arrow) {
        points.reverse();
    }
    simplify(&points)
}

fn point(p: [f64; 2]) -> Point {
    Point { x: round2(p[0]), y: round2(p[1]) }
}
