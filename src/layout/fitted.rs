//! Fills a frame in two dimensions: components with lines from the left are at its left border, single cards of these
//! in columns, and everything else as far up as there is room, beside or below them.

use super::frame::{FramePlan, Item, LANE, Way};
use super::inner::{PAD, Side};
use super::outline::GAP;
use super::{Point, Rect};

/// The minimum number of single cards for several columns.
const SHARED: usize = 3;
/// The maximum number of columns.
const MOST: usize = 4;
/// Beside so many of the components at the left border they are tried.
const TRIES: usize = 6;
/// The most cards of a small component, and how far it may be moved to stand below another, in user units.
const SMALL: usize = 2;
const NEAR: f64 = 64.0;
/// Further down than anything.
const DEPTH: f64 = 1.0e7;
/// The distance of a level line from the cards below and above it, in user units.
const CLEAR: f64 = 10.0;

/// Puts the components of a frame into it, from `top` on; those in `closed` have no links to anything else. Gives the
/// place after them.
pub(super) fn fill(plan: &mut FramePlan, open: Vec<Item<'_>>, closed: &[Item<'_>], width: f64, top: f64) -> f64 {
    let net = shared_net(&open);
    let (lone, rest): (Vec<Item<'_>>, Vec<Item<'_>>) = open.into_iter().partition(|i| net.is_some() && lone(i) == net);
    let lone = Lone::new(&lone);
    let left: Vec<&Item<'_>> = rest.iter().filter(|i| i.inner.open_left()).collect();
    let mut places: Vec<Spot> = (1..=lone.most(width)).map(|columns| Spot { before: left.len(), columns }).collect();
    if lone.items.len() >= SHARED {
        places.extend((0..left.len().min(TRIES)).filter_map(|before| lone.beside(&left, before, width)));
    }
    let least = least(rest.iter().chain(lone.items.iter().copied()).chain(closed));
    let mut best: Option<Filling> = None;
    for spot in places {
        let mut filling = Filling::new(width, top, least);
        filling.left(&left, &lone, spot);
        filling.right(&rest);
        let better = |filling: &Filling| best.as_ref().is_none_or(|b| filling.bottom < b.bottom);
        // What is lower already does not become higher.
        for item in closed {
            if !better(&filling) {
                break;
            }
            filling.anywhere(item);
        }
        if better(&filling) {
            best = Some(filling);
        }
    }
    let Some(filling) = best else { return top };
    plan.at.extend(filling.at);
    plan.ways.extend(filling.ways);
    filling.bottom
}

/// The least width and height that any of these needs, with the gaps.
fn least<'a>(items: impl Iterator<Item = &'a Item<'a>>) -> (f64, f64) {
    let needs = items.map(|i| (i.inner.width - 2.0 * i.inset() + GAP - 0.01, i.inner.height + GAP));
    needs.fold((f64::INFINITY, f64::INFINITY), |a, b| (a.0.min(b.0), a.1.min(b.1)))
}

/// The net that one line of comes to a single card from the left, if that is the only one that does.
fn lone(item: &Item<'_>) -> Option<usize> {
    match item.inner.entries.as_slice() {
        [entry] if item.inner.cards.len() == 1 && entry.side == Side::Left => Some(entry.net),
        _ => None,
    }
}

/// The net that leads to most single cards.
fn shared_net(open: &[Item<'_>]) -> Option<usize> {
    let nets: Vec<usize> = open.iter().filter_map(lone).collect();
    let count = |net: usize| nets.iter().filter(|n| **n == net).count();
    nets.iter().copied().max_by_key(|&net| (count(net), std::cmp::Reverse(net)))
}

/// Single cards that one net leads to, in columns: a line runs down at the left of each.
struct Lone<'a> {
    /// Those that lead on to the right come last.
    items: Vec<&'a Item<'a>>,
    /// Width of a column.
    cell: f64,
}

/// Where the single cards stand.
#[derive(Clone, Copy)]
struct Spot {
    /// Right of what stands at the left border from this number on; else below all of it.
    before: usize,
    columns: usize,
}

impl<'a> Lone<'a> {
    fn new(items: &'a [Item<'a>]) -> Self {
        let mut items: Vec<&Item<'_>> = items.iter().collect();
        items.sort_by_key(|i| i.inner.open_right());
        let cell = items.iter().map(|i| i.inner.width).fold(1.0, f64::max);
        Lone { items, cell }
    }

    /// The most columns in so much room.
    fn most(&self, room: f64) -> usize {
        if self.items.len() < SHARED {
            return 1;
        }
        let mut columns = ((room / self.cell) as usize).clamp(1, MOST.min(self.items.len()));
        // What leads on to the right stands in the last column.
        let onward = self.items.iter().filter(|i| i.inner.open_right()).count();
        let hold = |columns: usize| {
            let all = self.columns(columns);
            all.len() == columns && all.last().is_some_and(|last| last.len() >= onward)
        };
        while columns > 1 && !hold(columns) {
            columns -= 1;
        }
        columns
    }

    fn columns(&self, columns: usize) -> std::slice::Chunks<'_, &'a Item<'a>> {
        self.items.chunks(self.items.len().div_ceil(columns).max(1))
    }

    fn height(&self, columns: usize) -> f64 {
        let heights = self.columns(columns).map(|c| c.iter().map(|i| i.inner.height + GAP).sum::<f64>());
        heights.fold(0.0, f64::max) - GAP
    }

    /// Right of what stands at the left border from a number on, if there is room.
    fn beside(&self, left: &[&Item<'_>], before: usize, width: f64) -> Option<Spot> {
        let rest = left.get(before..)?;
        if rest.iter().any(|i| i.inner.open_right()) {
            return None;
        }
        let columns = self.most(width - right_of(rest, self.height(MOST.min(self.items.len()))));
        let x = right_of(rest, self.height(columns));
        (x + self.cell * columns as f64 <= width).then_some(Spot { before, columns })
    }
}

/// The place right of components above each other, down to a depth.
fn right_of(items: &[&Item<'_>], depth: f64) -> f64 {
    let mut y = 0.0;
    let mut x = 0.0f64;
    for item in items {
        if y > depth + GAP {
            break;
        }
        x = x.max(item.inner.width - item.inset() + GAP);
        y += item.inner.height + GAP;
    }
    x
}

/// A frame that is being filled.
struct Filling {
    width: f64,
    /// The end of the column at the left border.
    y: f64,
    top: f64,
    bottom: f64,
    /// The largest rectangles in which nothing stands. What stands somewhere takes the gaps right of it and below it
    /// too.
    free: Vec<Rect>,
    /// What is left of those that something was just put into.
    parts: Vec<Rect>,
    /// The least width and height of what may still come, with the gaps.
    least: (f64, f64),
    at: Vec<(usize, f64, f64)>,
    /// Where the cards of what stands there begin.
    lefts: Vec<f64>,
    ways: Vec<((usize, usize), Way)>,
}

impl Filling {
    fn new(width: f64, top: f64, least: (f64, f64)) -> Self {
        let all = Rect { x: PAD, y: top, w: width - 2.0 * PAD + GAP, h: DEPTH };
        Filling {
            width,
            y: top,
            top,
            bottom: top,
            free: vec![all],
            parts: Vec::new(),
            least,
            at: Vec::new(),
            lefts: Vec::new(),
            ways: Vec::new(),
        }
    }

    fn put(&mut self, item: &Item<'_>, at: Point) {
        self.at.push((item.id, at.x, at.y));
        self.lefts.push(at.x + item.inset());
        for part in &item.inner.outline {
            self.take(Rect { x: at.x + part.x, y: at.y + part.y, w: part.w + GAP, h: part.h + GAP });
        }
        self.bottom = self.bottom.max(at.y + item.inner.height + GAP);
        // Lines run on to the right border.
        let x = at.x + item.inner.width - item.inset();
        let right = item.inner.entries.iter().filter(|e| e.side == Side::Right).map(|e| e.y);
        let exits = item.inner.exits.iter().filter_map(|(_, line)| Some(line.last()?.y));
        for y in right.chain(exits).collect::<Vec<_>>() {
            self.take(Rect { x, y: at.y + y, w: DEPTH, h: CLEAR });
        }
    }

    /// What is entered from the left stands at the left border, single cards below it or beside it.
    fn left(&mut self, items: &[&Item<'_>], lone: &Lone<'_>, spot: Spot) {
        for (number, item) in items.iter().enumerate() {
            if number == spot.before {
                let x = right_of(&items[number..], lone.height(spot.columns));
                self.y = self.block(lone, spot.columns, x);
            }
            self.at_border(item);
        }
        if spot.before < items.len() {
            return;
        }
        if spot.columns == 1 {
            lone.items.iter().for_each(|item| self.at_border(item));
        } else {
            self.block(lone, spot.columns, 0.0);
        }
    }

    /// At the left border, as far up as there is room.
    fn at_border(&mut self, item: &Item<'_>) {
        let w = item.inner.width - PAD - item.inset();
        let through = |f: &Rect| !item.inner.open_right() || f.right() >= self.width - PAD;
        let place = self.highest(w, item.inner.height, |f| f.x <= PAD && through(f));
        let y = place.map_or(self.y, |p| p.y);
        self.put(item, Point { x: 0.0, y });
        self.y = self.y.max(y + item.inner.height + GAP);
    }

    /// The height of a line above what stands next at the left border.
    fn lane(&self) -> f64 {
        if self.y == self.top { self.y + LANE / 2.0 } else { self.y + CLEAR - GAP }
    }

    /// Columns of single cards. What stands at the left border has its line straight from there; the lines of the
    /// others come from one above them. Gives the place where they begin.
    fn block(&mut self, lone: &Lone<'_>, columns: usize, x: f64) -> f64 {
        let lane = self.lane();
        let top = lane + CLEAR;
        for (number, column) in lone.columns(columns).enumerate() {
            let x = x + lone.cell * number as f64;
            let mut y = top;
            for item in column {
                self.put(item, Point { x, y });
                y += item.inner.height + GAP;
                if x > 0.0 {
                    self.ways.extend(item.inner.entries.iter().map(|e| ((item.id, e.net), Way { x, y: lane })));
                }
            }
            self.take(Rect { x: 0.0, y: lane, w: x, h: CLEAR });
            // The line at the left of the column.
            self.take(Rect { x, y: lane, w: GAP, h: y - lane });
        }
        top
    }

    /// What only leads to the right stands at the right border.
    fn right(&mut self, items: &[Item<'_>]) {
        for item in items.iter().filter(|i| !i.inner.open_left()) {
            let w = item.inner.width - item.inset();
            let place = self.highest(w, item.inner.height, |f| f.right() >= self.width - PAD);
            let x = self.width - item.inner.width;
            self.put(item, Point { x, y: place.map_or(self.bottom, |p| p.y) });
        }
    }

    fn anywhere(&mut self, item: &Item<'_>) {
        let place = self.highest(item.inner.width, item.inner.height, |_| true);
        let mut at = place.unwrap_or(Point { x: PAD, y: self.bottom });
        if item.inner.cards.len() <= SMALL {
            // Small ones stand below each other, as far as there is room.
            let fits = |x: f64| {
                let room = |f: &Rect| {
                    f.x <= x
                        && f.right() + 0.01 >= x + item.inner.width + GAP
                        && f.y <= at.y
                        && f.bottom() >= at.y + item.inner.height + GAP
                };
                self.free.iter().any(room)
            };
            let known = self.lefts.iter().copied().filter(|&x| x >= at.x && x <= at.x + NEAR && fits(x));
            at.x = known.reduce(f64::min).unwrap_or(at.x);
        }
        self.put(item, at);
    }

    /// The highest place with room for so much, and of these the one furthest left.
    fn highest(&self, w: f64, h: f64, wanted: impl Fn(&Rect) -> bool) -> Option<Point> {
        let fits = |f: &&Rect| f.w + 0.01 >= w + GAP && f.h >= h + GAP && wanted(f);
        let best = self.free.iter().filter(fits).min_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
        best.map(|f| Point { x: f.x, y: f.y })
    }

    /// Something stands here from now on.
    fn take(&mut self, r: Rect) {
        self.parts.clear();
        let mut next = 0;
        while let Some(&f) = self.free.get(next) {
            if r.x >= f.right() || f.x >= r.right() || r.y >= f.bottom() || f.y >= r.bottom() {
                next += 1;
                continue;
            }
            self.free.swap_remove(next);
            let above = Rect { h: r.y - f.y, ..f };
            let left = Rect { w: r.x - f.x, ..f };
            let below = Rect { y: r.bottom(), h: f.bottom() - r.bottom(), ..f };
            let right = Rect { x: r.right(), w: f.right() - r.right(), ..f };
            // Nothing fits into less.
            let (w, h) = self.least;
            self.parts.extend([above, left, below, right].into_iter().filter(|p| p.w >= w && p.h >= h));
        }
        let holds = |a: &Rect, b: &Rect| a.x <= b.x && a.y <= b.y && a.right() >= b.right() && a.bottom() >= b.bottom();
        let untouched = self.free.len();
        for (index, part) in self.parts.iter().enumerate() {
            let mut others = self.parts.iter().enumerate();
            let twin = others.any(|(i, o)| i != index && holds(o, part) && (i < index || !holds(part, o)));
            if !twin && !self.free[..untouched].iter().any(|f| holds(f, part)) {
                self.free.push(*part);
            }
        }
    }
}
