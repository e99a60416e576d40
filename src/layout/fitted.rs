//! Fills a frame in two dimensions: what lines come to from the left stands at its left border, single cards of these share rows, and everything
//! else stands as far up as there is room for it, beside or below them.

use super::frame::{FramePlan, GAP, Item, LANE, Way};
use super::inner::{PAD, Side};
use super::{Point, Rect};

/// So many single cards share rows.
const SHARED: usize = 3;
/// The most of them in a row.
const MOST: usize = 4;
/// Further down than anything.
const DEPTH: f64 = 1.0e7;
/// What a level line keeps from the cards below it and above it, in user units.
const CLEAR: f64 = 10.0;

/// Puts the components of a frame into it, from `top` on; those in `closed` have no links to anything else. Gives the place after them.
pub(super) fn fill(plan: &mut FramePlan, open: Vec<Item<'_>>, closed: &[Item<'_>], width: f64, top: f64) -> f64 {
    let net = shared_net(&open);
    let (lone, rest): (Vec<Item<'_>>, Vec<Item<'_>>) = open.into_iter().partition(|i| net.is_some() && lone(i) == net);
    let widest = lone.iter().map(|i| i.inner.width).fold(1.0, f64::max);
    let most = if lone.len() < SHARED {
        1
    } else {
        ((width / widest) as usize).clamp(1, MOST.min(lone.len()))
    };
    let mut best: Option<Filling> = None;
    for columns in 1..=most {
        let mut filling = Filling::new(width, top);
        filling.left(&rest);
        filling.rows(&lone, columns, widest);
        filling.right(&rest);
        for item in closed {
            filling.anywhere(item);
        }
        if best.as_ref().is_none_or(|b| filling.bottom < b.bottom) {
            best = Some(filling);
        }
    }
    let Some(filling) = best else { return top };
    plan.at.extend(filling.at);
    plan.ways.extend(filling.ways);
    filling.bottom
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

/// A frame that is being filled.
struct Filling {
    width: f64,
    /// The end of the column at the left border.
    y: f64,
    top: f64,
    bottom: f64,
    /// The largest rectangles in which nothing stands. What stands somewhere takes the gaps right of it and below it too.
    free: Vec<Rect>,
    at: Vec<(usize, f64, f64)>,
    ways: Vec<((usize, usize), Way)>,
}

impl Filling {
    fn new(width: f64, top: f64) -> Self {
        let all = Rect {
            x: PAD,
            y: top,
            w: width - 2.0 * PAD + GAP,
            h: DEPTH,
        };
        Filling {
            width,
            y: top,
            top,
            bottom: top,
            free: vec![all],
            at: Vec::new(),
            ways: Vec::new(),
        }
    }

    fn put(&mut self, item: &Item<'_>, at: Point) {
        self.at.push((item.id, at.x, at.y));
        let after = item.inset();
        self.take(Rect {
            x: at.x,
            y: at.y,
            w: item.inner.width - after + GAP,
            h: item.inner.height + GAP,
        });
        self.bottom = self.bottom.max(at.y + item.inner.height + GAP);
        // Lines run on to the right border.
        let x = at.x + item.inner.width - after;
        let right = item.inner.entries.iter().filter(|e| e.side == Side::Right).map(|e| e.y);
        let exits = item.inner.exits.iter().filter_map(|(_, line)| Some(line.last()?.y));
        for y in right.chain(exits).collect::<Vec<_>>() {
            self.take(Rect {
                x,
                y: at.y + y,
                w: DEPTH,
                h: CLEAR,
            });
        }
    }

    /// What is entered from the left stands at the left border.
    fn left(&mut self, items: &[Item<'_>]) {
        for item in items.iter().filter(|i| i.inner.open_left()) {
            self.put(item, Point { x: 0.0, y: self.y });
            self.y += item.inner.height + GAP;
        }
    }

    /// Single cards in rows below that: the first of a row has its line straight from the border, those of the others share one above the row.
    fn rows(&mut self, items: &[Item<'_>], columns: usize, cell: f64) {
        // Whatever leads on to the right stands at the end of a row.
        let (mut last, mut inner): (Vec<&Item<'_>>, Vec<&Item<'_>>) = items.iter().partition(|i| i.inner.open_right());
        (last.reverse(), inner.reverse());
        while !last.is_empty() || !inner.is_empty() {
            let end = last.pop();
            let room = columns - usize::from(end.is_some());
            let mut row: Vec<&Item<'_>> = (0..room).filter_map(|_| inner.pop()).collect();
            row.extend(end);
            let lane = if self.y == self.top { self.y + LANE / 2.0 } else { self.y + CLEAR - GAP };
            let y = if row.len() > 1 { lane + CLEAR } else { self.y };
            let height = row.iter().map(|i| i.inner.height).fold(0.0, f64::max);
            for (number, item) in row.iter().enumerate() {
                let x = cell * number as f64;
                self.put(item, Point { x, y });
                if number > 0 {
                    self.ways.extend(item.inner.entries.iter().map(|e| ((item.id, e.net), Way { x, y: lane })));
                }
            }
            self.take(Rect {
                x: 0.0,
                y: self.y,
                w: cell * row.len() as f64 - PAD + GAP,
                h: y + height + GAP - self.y,
            });
            self.y = y + height + GAP;
        }
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
        self.put(item, place.unwrap_or(Point { x: PAD, y: self.bottom }));
    }

    /// The highest place with room for so much, and of these the one furthest left.
    fn highest(&self, w: f64, h: f64, wanted: impl Fn(&Rect) -> bool) -> Option<Point> {
        let fits = |f: &&Rect| f.w + 0.01 >= w + GAP && f.h >= h + GAP && wanted(f);
        let best = self.free.iter().filter(fits).min_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
        best.map(|f| Point { x: f.x, y: f.y })
    }

    /// Something stands here from now on.
    fn take(&mut self, r: Rect) {
        let meets = |f: &Rect| r.x < f.right() && f.x < r.right() && r.y < f.bottom() && f.y < r.bottom();
        let (met, mut free): (Vec<Rect>, Vec<Rect>) = self.free.drain(..).partition(meets);
        let mut parts: Vec<Rect> = Vec::new();
        for f in met {
            let above = Rect { h: r.y - f.y, ..f };
            let left = Rect { w: r.x - f.x, ..f };
            let below = Rect {
                y: r.bottom(),
                h: f.bottom() - r.bottom(),
                ..f
            };
            let right = Rect {
                x: r.right(),
                w: f.right() - r.right(),
                ..f
            };
            // Nothing fits into less.
            parts.extend([above, left, below, right].into_iter().filter(|p| p.w > 2.0 * GAP && p.h > 2.0 * GAP));
        }
        let holds = |a: &Rect, b: &Rect| a.x <= b.x && a.y <= b.y && a.right() >= b.right() && a.bottom() >= b.bottom();
        let all = parts.clone();
        for (index, part) in parts.into_iter().enumerate() {
            let twin = all.iter().enumerate().any(|(i, o)| i != index && holds(o, &part) && (i < index || !holds(&part, o)));
            if !twin && !free.iter().any(|f| holds(f, &part)) {
                free.push(part);
            }
        }
        self.free = free;
    }
}
