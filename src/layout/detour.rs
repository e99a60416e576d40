//! Lines that broke a promise are drawn once more, each by itself: around all cards, titles and frames that they have
//! nothing to do with. They may run near other lines; the router is asked first.
//!
//! Guarantees: a line that is found runs through nothing; the work for each is bounded.

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::geometry::{hits, round2, simplify};
use super::route::{Connection, Placed, Port, Routed};
use super::verify::grid::Grid;
use super::verify::span;
use super::{Point, Rect};

/// How far a line keeps from what it runs around.
const CLEAR: f64 = 6.0;
/// The same where there is no other way.
const CLOSE: f64 = 0.5;
/// What a bend costs, in user units.
const BEND: f64 = 30.0;
/// Most places that are looked at for a line.
const MOST: usize = 100_000;
/// Most places that are looked at for all lines of a picture.
const MOST_OF_ALL: usize = 2_000_000;

/// What lines must not run through.
pub(super) struct Obstacles<'a> {
    placed: &'a Placed,
    /// Cards, then frames, then titles.
    boxes: Vec<Rect>,
    grid: Grid,
    xs: Vec<f64>,
    ys: Vec<f64>,
    /// How many places may still be looked at.
    left: usize,
}

impl<'a> Obstacles<'a> {
    pub fn of(placed: &'a Placed) -> Obstacles<'a> {
        let frames = placed.frames.iter().map(|f| f.rect);
        let titles = placed.frames.iter().map(|f| f.title);
        let boxes: Vec<Rect> = placed.cards.iter().copied().chain(frames).chain(titles).collect();
        let edges = |low: fn(&Rect) -> f64, high: fn(&Rect) -> f64| {
            let mut all: Vec<f64> = boxes.iter().flat_map(|r| [low(r) - CLEAR, high(r) + CLEAR]).collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            all
        };
        let (xs, ys) = (edges(|r| r.x, Rect::right), edges(|r| r.y, Rect::bottom));
        Obstacles { placed, grid: Grid::new(boxes.iter().copied()), boxes, xs, ys, left: MOST_OF_ALL }
    }

    /// Whether a card or one of its frames is an obstacle to a line of this card.
    fn is_own(&self, card: usize, obstacle: usize) -> bool {
        let cards = self.placed.cards.len();
        let Some(frame) = obstacle.checked_sub(cards) else { return false };
        let mut at = self.placed.frame_of[card];
        while let Some(own) = at {
            if own == frame {
                return true;
            }
            at = self.placed.frames[own].parent;
        }
        false
    }

    /// Whether a part of a line between two cards is free. The ends may touch their cards.
    fn is_free(&self, ends: [usize; 2], a: Point, b: Point, grow: f64) -> bool {
        self.grid.near(&span(a, b)).into_iter().all(|o| {
            let title = o >= self.placed.cards.len() + self.placed.frames.len();
            let grow = if title { 1.0 } else { grow };
            let own = ends.iter().any(|&card| self.is_own(card, o));
            own || !hits(&self.boxes[o], a, b, grow)
        })
    }

    /// The connections whose lines run through what they have nothing to do with.
    pub fn broken(&self, routed: &Routed, connections: &[Connection]) -> Vec<usize> {
        let broken = |index: &usize| {
            let ends = [connections[*index].from.card, connections[*index].to.card];
            let through = |w: &[Point]| {
                self.grid.near(&span(w[0], w[1])).into_iter().any(|o| {
                    let title = o >= self.placed.cards.len() + self.placed.frames.len();
                    let own = ends.contains(&o) || ends.iter().any(|&card| self.is_own(card, o));
                    !own && hits(&self.boxes[o], w[0], w[1], if title { 0.5 } else { -1.0 })
                })
            };
            routed.lines[*index].windows(2).any(through)
        };
        (0..connections.len()).filter(broken).collect()
    }

    /// A line around everything, if one is found before the work is spent: at a distance, or else close by.
    pub fn line(&mut self, connection: &Connection) -> Option<Vec<Point>> {
        [CLEAR - 2.0, CLOSE].into_iter().find_map(|distance| {
            let mut left = self.left.min(MOST);
            let most = left;
            let line = self.line_at(connection, distance, &mut left);
            self.left -= most - left;
            line
        })
    }

    fn line_at(&self, connection: &Connection, distance: f64, left: &mut usize) -> Option<Vec<Point>> {
        // Making the tracks counts too.
        *left = left.checked_sub((self.xs.len() + self.ys.len()) / 8 + 1)?;
        let ends = [connection.from.card, connection.to.card];
        let starts = self.doors(ends[0], connection.from.port);
        let goals = self.doors(ends[1], connection.to.port);
        let mut xs: Vec<f64> = self.xs.clone();
        let mut ys: Vec<f64> = self.ys.clone();
        for (_, door) in starts.iter().chain(&goals) {
            xs.push(door.x);
            ys.push(door.y);
        }
        for all in [&mut xs, &mut ys] {
            all.sort_by(f64::total_cmp);
            all.dedup();
        }
        let place = |p: Point| (xs.partition_point(|x| *x < p.x), ys.partition_point(|y| *y < p.y));
        let point = |(i, j): (usize, usize)| Point { x: xs[i], y: ys[j] };
        let target: Vec<(usize, usize)> = goals.iter().map(|(_, door)| place(*door)).collect();
        let rest = |at: (usize, usize)| {
            let p = point(at);
            let far = |g: &(Point, Point)| (g.1.x - p.x).abs() + (g.1.y - p.y).abs();
            goals.iter().map(far).fold(f64::INFINITY, f64::min)
        };
        // By the cost so far with the least that is to come; a place is distinguished by the axis by which it was
        // reached.
        let mut queue = BinaryHeap::new();
        let mut known: FxHashMap<Spot, (u64, Option<Spot>)> = FxHashMap::default();
        for (number, (_, door)) in starts.iter().enumerate() {
            let spot = (place(*door), number % 2);
            known.insert(spot, (0, None));
            queue.push((std::cmp::Reverse(units(rest(spot.0))), spot, 0));
        }
        while let Some((_, spot, cost)) = queue.pop() {
            let (at, axis) = spot;
            if known.get(&spot).is_none_or(|k| k.0 < cost) {
                continue;
            }
            if let Some(goal) = target.iter().position(|g| *g == at) {
                return Some(self.trace(&known, spot, &point, &starts, goals[goal].0));
            }
            *left = left.checked_sub(1)?;
            for (next, turned) in neighbors(at, (xs.len(), ys.len())) {
                let (a, b) = (point(at), point(next));
                if !self.is_free(ends, a, b, distance) {
                    continue;
                }
                let bend = if turned == axis { 0.0 } else { BEND };
                let total = cost + units((a.x - b.x).abs() + (a.y - b.y).abs() + bend);
                let spot_next = (next, turned);
                if known.get(&spot_next).is_none_or(|k| total < k.0) {
                    known.insert(spot_next, (total, Some(spot)));
                    queue.push((std::cmp::Reverse(total + units(rest(next))), spot_next, total));
                }
            }
        }
        None
    }

    /// Points on the border of a card, each with the place before it: right, bottom, left and top.
    fn doors(&self, card: usize, port: Port) -> Vec<(Point, Point)> {
        let r = self.placed.cards[card];
        let (x, y) = ((r.x + r.w / 2.0).round(), (r.y + r.h / 2.0).round());
        let door = |x: f64, y: f64, dx: f64, dy: f64| (Point { x, y }, Point { x: x + dx * CLEAR, y: y + dy * CLEAR });
        match port {
            Port::Row { y } => vec![door(r.right(), y, 1.0, 0.0)],
            Port::Free => vec![
                door(r.right(), y, 1.0, 0.0),
                door(x, r.bottom(), 0.0, 1.0),
                door(r.x, y, -1.0, 0.0),
                door(x, r.y, 0.0, -1.0),
            ],
        }
    }

    fn trace(
        &self,
        known: &FxHashMap<Spot, (u64, Option<Spot>)>,
        last: Spot,
        point: &impl Fn((usize, usize)) -> Point,
        starts: &[(Point, Point)],
        goal: Point,
    ) -> Vec<Point> {
        let mut line = vec![goal];
        let mut at = Some(last);
        while let Some(spot) = at {
            line.push(point(spot.0));
            at = known.get(&spot).and_then(|k| k.1);
        }
        let first = line.last().copied();
        let start = starts.iter().find(|(_, door)| Some(*door) == first);
        line.extend(start.map(|s| s.0));
        line.reverse();
        simplify(&line)
    }
}

/// A line from a card to itself, around its lower right corner.
pub(super) fn around(card: &Rect) -> Vec<Point> {
    let (out, x, y) = (2.0 * CLEAR, card.right() - CLEAR, card.bottom() - CLEAR);
    let (right, below) = (card.right() + out, card.bottom() + out);
    let point = |(x, y)| Point { x: round2(x), y: round2(y) };
    [(card.right(), y), (right, y), (right, below), (x, below), (x, card.bottom())].map(point).to_vec()
}

/// A crossing of tracks, and the axis by which it was reached.
type Spot = ((usize, usize), usize);

/// Hundredths, which are in order without doubt.
fn units(length: f64) -> u64 {
    (length * 100.0).round() as u64
}

/// The crossings beside one, with the axis of the way to each.
fn neighbors((i, j): (usize, usize), (width, height): (usize, usize)) -> Vec<((usize, usize), usize)> {
    let mut found = Vec::with_capacity(4);
    found.extend(i.checked_sub(1).map(|i| ((i, j), 0)));
    found.extend((i + 1 < width).then_some(((i + 1, j), 0)));
    found.extend(j.checked_sub(1).map(|j| ((i, j), 1)));
    found.extend((j + 1 < height).then_some(((i, j + 1), 1)));
    found
}
