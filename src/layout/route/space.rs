//! Gives every run its place across its direction: in the order of its channel, with the distances that readers need,
//! and where a channel is too narrow with more room, by cuts that move everything behind them.

use std::collections::BTreeSet;

use super::cuts::Cuts;
use super::grid::{Side, axis_of, is_forward};
use super::order::{NEAR, Range, keys, side_by_side};
use super::runs::{Attach, Lines};
use super::scene::{Block, CORNER, Scene};
use super::skyline::Skyline;

/// Distance of lines of one style.
pub(super) const GAP: f64 = 12.0;
/// Distance of lines that differ.
const GAP_OTHER: f64 = 10.0;
/// Distance from a card beside a line.
const FROM_CARD: f64 = 12.0;
/// Length of the last part of a line, with its arrow head and the bend before it.
const ARROW: f64 = 18.0;
const FROM_WALL: f64 = 8.0;
const FROM_TITLE: f64 = 6.0;
/// Part of its distance that a run must keep.
const TOO_CLOSE: f64 = 0.66;
/// Passes over all items that look for room.
const PASSES: usize = 16;

/// What a line must not come near.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Hull(usize),
    Title,
    Wall,
}

/// A box or a border, in one dimension: where it lies, and where it reaches from and to across.
#[derive(Clone, Debug)]
struct Obstacle {
    kind: Kind,
    lo: f64,
    hi: f64,
    from: f64,
    to: f64,
}

/// Room that one item must keep from another: both as nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub before: Node,
    pub after: Node,
    pub gap: f64,
}

/// A run, or a block of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    Run(usize),
    Block(usize),
}

/// What the least coordinate of a run follows from.
#[derive(Clone, Copy, Debug, Default)]
struct Origin {
    /// The obstacle from which the chain of distances starts.
    obstacle: Option<usize>,
    /// The run before it in that chain.
    run: Option<usize>,
    /// Which of the demands of labels at the run, if it was one.
    demand: Option<usize>,
}

/// The items of one dimension and what they ask of each other.
struct Problem<'a> {
    axis: usize,
    scene: &'a Scene,
    lines: &'a Lines,
    obstacles: Vec<Obstacle>,
    /// Runs and obstacles in order: `Ok` a run, `Err` an obstacle.
    order: Vec<Result<usize, usize>>,
    /// For each run and each obstacle what comes before it, and how far.
    run_after: Vec<Vec<(Result<usize, usize>, f64)>>,
    /// More that labels ask for, as long as there is room.
    label_after: Vec<Vec<(Result<usize, usize>, f64)>>,
    obstacle_after: Vec<Vec<(Result<usize, usize>, f64)>>,
    /// Part of the distance that remains to each run where there is not enough.
    squeeze: Vec<f64>,
    cuts: Cuts,
    /// Between these coordinates nothing may be cut.
    glued: Vec<(f64, f64)>,
    lo: Vec<f64>,
    /// Runs that end at a card where demands of labels would push them away.
    blocking: Vec<usize>,
    /// What the place of each run follows from.
    origin: Vec<Origin>,
}

/// What was done along an axis.
pub(super) struct Solved {
    /// The cuts that were made.
    pub cuts: Vec<(f64, f64)>,
    /// Runs that end at a card where demands of labels would push them away.
    pub blocking: Vec<usize>,
    /// Runs that lie too close together since there is no room where they end.
    pub squeezed: Vec<usize>,
}

/// Places the runs across an axis, and moves the scene.
/// Their order is kept if it is known, else it is found.
pub(super) fn solve(scene: &mut Scene, lines: &mut Lines, axis: usize, demands: &[Demand], ordered: bool) -> Solved {
    lines.measure(scene);
    let which: Vec<usize> = (0..lines.runs.len()).filter(|r| lines.runs[*r].axis != axis).collect();
    let obstacles = obstacles(scene, axis);
    let keys = if ordered {
        lines.runs.iter().map(|r| r.at).collect()
    } else {
        keys(lines, &which, &ranges(scene, lines, &which, &obstacles))
    };
    let mut problem = Problem {
        axis,
        scene,
        lines,
        order: Vec::new(),
        run_after: vec![Vec::new(); lines.runs.len()],
        label_after: vec![Vec::new(); lines.runs.len()],
        obstacle_after: vec![Vec::new(); obstacles.len()],
        squeeze: vec![1.0; lines.runs.len()],
        cuts: Cuts::default(),
        glued: Vec::new(),
        blocking: Vec::new(),
        lo: vec![f64::NEG_INFINITY; lines.runs.len()],
        origin: vec![Origin::default(); lines.runs.len()],
        obstacles,
    };
    problem.constrain(&which, &keys, demands);
    problem.make_room();
    let places = problem.places(&which);
    let squeezed = which.iter().copied().filter(|r| problem.squeeze[*r] < TOO_CLOSE).collect();
    let (cuts, blocking) = (problem.cuts, problem.blocking);
    for (run, at) in which.iter().zip(places) {
        lines.runs[*run].at = at;
    }
    scene.shift(axis, &cuts);
    lines.measure(scene);
    Solved { cuts: cuts.list(), blocking, squeezed }
}

/// Boxes and borders across an axis.
fn obstacles(scene: &Scene, axis: usize) -> Vec<Obstacle> {
    let other = 1 - axis;
    let of = |kind, b: &Block| Obstacle { kind, lo: b.lo[axis], hi: b.hi[axis], from: b.lo[other], to: b.hi[other] };
    let mut all: Vec<Obstacle> = scene
        .blocks
        .iter()
        .enumerate()
        .map(|(i, b)| of(if i < scene.hulls.len() { Kind::Hull(i) } else { Kind::Title }, b))
        .collect();
    for f in &scene.frames {
        for at in [f.lo[axis], f.hi[axis]] {
            all.push(Obstacle { lo: at, hi: at, ..of(Kind::Wall, f) });
        }
    }
    all
}

/// Where a run lies for others that look for what is beside it: not in the composite at which it ends.
fn reach(scene: &Scene, lines: &Lines, r: usize, near: f64) -> (f64, f64) {
    let run = &lines.runs[r];
    let (mut from, mut to) = (run.lo - near, run.hi + near);
    for (hull, a) in own(scene, lines, r) {
        if is_forward(a.side) {
            from = scene.hulls[hull].hi[run.axis] + 1.0;
        } else {
            to = scene.hulls[hull].lo[run.axis] - 1.0;
        }
    }
    (from, to.max(from + 0.5))
}

/// The composites at which a run ends.
fn own<'a>(scene: &'a Scene, lines: &'a Lines, r: usize) -> impl Iterator<Item = (usize, Attach)> + 'a {
    let run = &lines.runs[r];
    let ends = run.attached.iter().filter(move |a| axis_of(a.side) == run.axis);
    ends.map(|a| (scene.hull_of[a.card], *a))
}

/// For each run the borders between which it lies.
fn ranges(scene: &Scene, lines: &Lines, which: &[usize], obstacles: &[Obstacle]) -> Vec<Range> {
    let mut ranges = vec![Range { min: f64::NEG_INFINITY, max: f64::INFINITY }; lines.runs.len()];
    let is_own = |r: usize, o: usize| match obstacles[o].kind {
        Kind::Hull(h) => own(scene, lines, r).any(|(own, _)| own == h),
        _ => false,
    };
    for back in [false, true] {
        let sign = if back { -1.0 } else { 1.0 };
        let mut items: Vec<(f64, Result<usize, usize>)> =
            which.iter().map(|r| (sign * lines.runs[*r].at, Ok(*r))).collect();
        let middle = |o: &Obstacle| (o.lo + o.hi) / 2.0;
        items.extend(obstacles.iter().enumerate().map(|(i, o)| (sign * middle(o), Err(i))));
        items.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut seen = Skyline::default();
        for (_, item) in items {
            match item {
                Err(o) => seen.set(obstacles[o].from, obstacles[o].to, o),
                Ok(r) => {
                    let (from, to) = reach(scene, lines, r, 6.0);
                    for o in seen.seen(from, to).into_iter().filter(|o| !is_own(r, *o)) {
                        if back {
                            ranges[r].max = ranges[r].max.min(obstacles[o].lo);
                        } else {
                            ranges[r].min = ranges[r].min.max(obstacles[o].hi);
                        }
                    }
                }
            }
        }
    }
    for &r in which {
        if lines.runs[r].fixed {
            ranges[r] = Range { min: lines.runs[r].at - 0.01, max: lines.runs[r].at + 0.01 };
        }
        for (_, a) in own(scene, lines, r) {
            let b = &scene.cards[a.card];
            let across = 1 - axis_of(a.side);
            let corner = CORNER.min((b.hi[across] - b.lo[across]) / 2.0 - 0.1);
            ranges[r].min = ranges[r].min.max(b.lo[across] + corner);
            ranges[r].max = ranges[r].max.min(b.hi[across] - corner);
        }
    }
    ranges
}

impl Problem<'_> {
    /// Finds what must keep its distance from what.
    fn constrain(&mut self, which: &[usize], keys: &[f64], demands: &[Demand]) {
        let mut items: Vec<(f64, Result<usize, usize>)> = which.iter().map(|r| (keys[*r], Ok(*r))).collect();
        items.extend(self.obstacles.iter().enumerate().map(|(i, o)| (o.lo, Err(i))));
        items.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.order = items.into_iter().map(|i| i.1).collect();
        let runs = self.lines.runs.len();
        let item = |i: usize| if i < runs { Ok(i) } else { Err(i - runs) };
        let mut seen = Skyline::default();
        for i in 0..self.order.len() {
            match self.order[i] {
                Err(o) => {
                    let (from, to) = (self.obstacles[o].from, self.obstacles[o].to);
                    for before in seen.seen(from, to) {
                        if let Ok(r) = item(before)
                            && let Some(gap) = self.gap(r, o, true)
                        {
                            self.obstacle_after[o].push((Ok(r), gap));
                        }
                    }
                    seen.set(from, to, runs + o);
                }
                Ok(r) => {
                    let (from, to) = reach(self.scene, self.lines, r, NEAR);
                    for before in seen.seen(from, to) {
                        let gap = match item(before) {
                            Ok(other) => self.between(other, r),
                            Err(o) => self.gap(r, o, false),
                        };
                        self.run_after[r].extend(gap.map(|g| (item(before), g)));
                    }
                    seen.set(from, to, r);
                }
            }
        }
        for d in demands {
            let node = |n| match n {
                Node::Run(r) => Ok(r),
                Node::Block(b) => Err(b),
            };
            match d.after {
                Node::Run(r) => self.label_after[r].push((node(d.before), d.gap)),
                Node::Block(b) => self.obstacle_after[b].push((node(d.before), d.gap)),
            }
        }
    }

    /// The distance of two runs; nothing if they need none.
    fn between(&self, a: usize, b: usize) -> Option<f64> {
        let (ra, rb) = (&self.lines.runs[a], &self.lines.runs[b]);
        if ra.net == rb.net && !side_by_side(ra, rb, -1.0) {
            return None;
        }
        Some(if ra.style == rb.style { GAP } else { GAP_OTHER })
    }

    /// The distance of a run from an obstacle before or after it; nothing if it ends there.
    fn gap(&self, r: usize, o: usize, after: bool) -> Option<f64> {
        let run = &self.lines.runs[r];
        match self.obstacles[o].kind {
            Kind::Wall => Some(FROM_WALL),
            Kind::Title => Some(FROM_TITLE),
            Kind::Hull(h) => {
                if own(self.scene, self.lines, r).any(|(own, _)| own == h) {
                    return None;
                }
                // A part that ends at this composite with an arrow head must be long enough.
                let side: Side = if after { self.axis + 2 } else { self.axis };
                let arrow = run
                    .joints
                    .iter()
                    .flat_map(|j| &self.lines.runs[*j].attached)
                    .any(|a| a.arrow && a.side == side && self.scene.hull_of[a.card] == h);
                Some(if arrow { ARROW } else { FROM_CARD })
            }
        }
    }

    /// Where the near border of an obstacle is after the cuts.
    fn start(&self, o: usize) -> f64 {
        self.obstacles[o].lo + self.cuts.shift(self.obstacles[o].lo)
    }

    fn end(&self, o: usize) -> f64 {
        self.start(o) + self.obstacles[o].hi - self.obstacles[o].lo
    }

    /// Between which coordinates a run may end at its cards: bounds, and the composites that set them.
    fn ports(&self, r: usize) -> ((f64, Option<usize>), (f64, Option<usize>)) {
        let (mut least, mut most) = ((f64::NEG_INFINITY, None), (f64::INFINITY, None));
        let run = &self.lines.runs[r];
        for (hull, a) in own(self.scene, self.lines, r) {
            let b = &self.scene.cards[a.card];
            let moved = self.cuts.shift(self.scene.hulls[hull].lo[self.axis]);
            let corner = CORNER.min((b.hi[self.axis] - b.lo[self.axis]) / 2.0);
            let (mut lo, mut hi) = (b.lo[self.axis] + corner + moved, b.hi[self.axis] - corner + moved);
            if run.fixed && a.side == 0 {
                (lo, hi) = (run.at + moved, run.at + moved);
            }
            if lo > least.0 {
                least = (lo, Some(hull));
            }
            if hi < most.0 {
                most = (hi, Some(hull));
            }
        }
        (least, most)
    }

    /// The least coordinate of a run, and what it follows from.
    fn least(&mut self, r: usize) {
        let (least, _) = self.ports(r);
        let (mut lo, mut origin) = (least.0, Origin { obstacle: least.1, ..Origin::default() });
        let regular = self.run_after[r].iter().map(|a| (a, None));
        for ((before, gap), demand) in regular.chain(self.label_after[r].iter().enumerate().map(|(i, a)| (a, Some(i))))
        {
            let (at, from) = match *before {
                Ok(other) => {
                    let squeeze = self.squeeze[other].min(self.squeeze[r]);
                    (
                        self.lo[other] + gap * squeeze,
                        Origin { obstacle: self.origin[other].obstacle, run: Some(other), demand },
                    )
                }
                Err(o) => (self.end(o) + gap * self.squeeze[r], Origin { obstacle: Some(o), run: None, demand }),
            };
            if at > lo {
                (lo, origin) = (at, from);
            }
        }
        (self.lo[r], self.origin[r]) = (lo, origin);
    }

    /// Adds cuts until everything has its distance.
    fn make_room(&mut self) {
        for _ in 0..PASSES {
            let mut changed = false;
            for i in 0..self.order.len() {
                match self.order[i] {
                    Ok(r) => {
                        self.least(r);
                        changed |= self.fit_ports(r);
                    }
                    Err(o) => changed |= self.fit_obstacle(o),
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Moves an obstacle on if what is before it needs the room.
    fn fit_obstacle(&mut self, o: usize) -> bool {
        let (mut need, mut by) = (0.01, None);
        for (before, gap) in &self.obstacle_after[o] {
            let (at, start) = match *before {
                Ok(r) => (self.lo[r] + gap * self.squeeze[r], Ok(r)),
                Err(b) => (self.end(b) + gap, Err(b)),
            };
            if at - self.start(o) > need {
                (need, by) = (at - self.start(o), Some(start));
            }
        }
        let Some(by) = by else { return false };
        let origin = match by {
            Ok(r) => self.origin[r].obstacle,
            Err(b) => Some(b),
        };
        let at = self.cut_at(self.obstacles[o].lo);
        if origin.is_none_or(|b| self.obstacles[b].lo < at) {
            self.cut(at, need);
            return true;
        }
        by.is_ok_and(|r| self.squeeze_chain(r, need))
    }

    /// Where a cut is made that moves what is at a coordinate.
    fn cut_at(&self, mut at: f64) -> f64 {
        while let Some(glue) = self.glued.iter().find(|g| g.0 < at && at <= g.1) {
            at = glue.0;
        }
        at
    }

    fn cut(&mut self, at: f64, by: f64) {
        self.cuts.add(at, by);
    }

    /// Keeps a run within the sides of the cards at which it ends: moves a card, or squeezes what is before it.
    fn fit_ports(&mut self, r: usize) -> bool {
        let (least, most) = self.ports(r);
        let over = self.lo[r] - most.0;
        let Some(hull) = most.1.filter(|_| over > 0.01) else { return false };
        let (scene, axis) = (self.scene, self.axis);
        let edge = |h: usize| scene.hulls[h].lo[axis];
        let origin = self.origin[r].obstacle;
        // Where cuts moved what is before it, but not the card, both move together instead: the other card of a
        // straight line, or where the chain of distances starts.
        let straight = least.1.filter(|o| least.0 > most.0 + 0.01 && *o != hull).map(edge);
        let starts = origin.map(|o| self.obstacles[o].lo);
        for other in straight.into_iter().chain(starts) {
            let (from, to) = (edge(hull).min(other), edge(hull).max(other));
            if (straight.is_some() || other > edge(hull)) && self.glue(from, to) {
                return true;
            }
        }
        let at = self.cut_at(edge(hull));
        if starts.is_some_and(|s| s < at) {
            self.cut(at, over);
            return true;
        }
        self.squeeze_chain(r, over)
    }

    /// Moves the cuts between two coordinates to the first; false if there are none.
    fn glue(&mut self, from: f64, to: f64) -> bool {
        let between = self.cuts.shift(to) - self.cuts.shift(from);
        if between <= 1e-6 {
            return false;
        }
        self.glued.push((from, to));
        self.cuts.remove(from, to);
        self.cut(self.cut_at(from), between);
        true
    }

    /// Makes the distances in the chain before a run so much shorter that it fits.
    fn squeeze_chain(&mut self, r: usize, over: f64) -> bool {
        let mut chain = vec![r];
        let mut seen = BTreeSet::from([r]);
        while let Some(before) = self.origin[chain[chain.len() - 1]].run.filter(|b| seen.insert(*b)) {
            chain.push(before);
        }
        // Labels stand back.
        let asked = chain.iter().find_map(|r| Some((*r, self.origin[*r].demand?)));
        if let Some((run, demand)) = asked.filter(|(run, demand)| *demand < self.label_after[*run].len()) {
            let _ = self.label_after[run].swap_remove(demand);
            self.blocking.push(r);
            return true;
        }
        let length = self.lo[r] - self.lo[chain[chain.len() - 1]];
        let part = if length > over { 1.0 - (over + 0.001) / length } else { 0.0 };
        let mut changed = false;
        for run in chain {
            let less = (self.squeeze[run] * part).max(0.25);
            changed |= less < self.squeeze[run] - 1e-6;
            self.squeeze[run] = less;
        }
        changed
    }

    /// The final places: between the least and the most coordinate, near where each run would like to be.
    fn places(&mut self, which: &[usize]) -> Vec<f64> {
        let order = self.order.clone();
        let mut hi = vec![f64::INFINITY; self.lines.runs.len()];
        for item in order.iter().rev() {
            match *item {
                Err(o) => {
                    let start = self.start(o);
                    for (before, gap) in &self.obstacle_after[o] {
                        if let Ok(r) = before {
                            hi[*r] = hi[*r].min(start - gap * self.squeeze[*r]);
                        }
                    }
                }
                Ok(r) => {
                    hi[r] = hi[r].min(self.ports(r).1.0);
                    for (before, gap) in self.after(r) {
                        if let Ok(b) = before {
                            hi[*b] = hi[*b].min(hi[r] - gap * self.squeeze[*b].min(self.squeeze[r]));
                        }
                    }
                }
            }
        }
        let wish: Vec<f64> = (0..self.lines.runs.len()).map(|r| self.wish(r, self.lo[r], hi[r])).collect();
        let forward = self.forward(&order, &wish, &hi);
        let backward = self.backward(&order, &wish, &hi);
        which.iter().map(|r| (forward[*r] + backward[*r]) / 2.0).collect()
    }

    /// Everything from which a run keeps a distance.
    fn after(&self, r: usize) -> impl Iterator<Item = &(Result<usize, usize>, f64)> {
        self.run_after[r].iter().chain(&self.label_after[r])
    }

    fn forward(&self, order: &[Result<usize, usize>], wish: &[f64], hi: &[f64]) -> Vec<f64> {
        let mut at = self.lo.clone();
        for r in order.iter().filter_map(|i| i.ok()) {
            let pushed = self.after(r).filter_map(|(before, gap)| {
                let b = before.ok()?;
                Some(at[b] + gap * self.squeeze[b].min(self.squeeze[r]))
            });
            let least = pushed.fold(self.lo[r], f64::max);
            at[r] = wish[r].min(hi[r]).max(least);
            if at[r] > hi[r] {
                at[r] = at[r].min(self.ports(r).1.0);
            }
        }
        at
    }

    fn backward(&self, order: &[Result<usize, usize>], wish: &[f64], hi: &[f64]) -> Vec<f64> {
        let mut at = hi.to_vec();
        let mut most = hi.to_vec();
        for r in order.iter().rev().filter_map(|i| i.ok()) {
            at[r] = wish[r].min(most[r]).max(self.lo[r]);
            if self.lo[r] > hi[r] {
                at[r] = at[r].min(self.ports(r).1.0);
            }
            for (before, gap) in self.after(r) {
                if let Ok(b) = before {
                    most[*b] = most[*b].min(at[r] - gap * self.squeeze[*b].min(self.squeeze[r]));
                }
            }
        }
        at
    }

    /// Where a run would like to be: before the middle of its cards; else where it makes lines short, and in the middle
    /// of its channel.
    fn wish(&self, r: usize, lo: f64, hi: f64) -> f64 {
        let run = &self.lines.runs[r];
        let (mut sum, mut count) = (0.0, 0.0);
        for (hull, a) in own(self.scene, self.lines, r) {
            let moved = self.cuts.shift(self.scene.hulls[hull].lo[self.axis]);
            sum += self.scene.cards[a.card].middle(self.axis) + moved;
            count += 1.0;
        }
        if count > 0.0 {
            return sum / count;
        }
        // Between the far ends of what it joins nothing gets longer.
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut back, mut on) = (false, false);
        for j in &run.joints {
            let joint = &self.lines.runs[*j];
            if joint.lo < run.at - 0.5 {
                (least, most, back) = (least.min(joint.lo), most.max(joint.lo), true);
            }
            if joint.hi > run.at + 0.5 {
                (least, most, on) = (least.min(joint.hi), most.max(joint.hi), true);
            }
        }
        let moved = |at: f64| at + self.cuts.shift(at);
        let middle =
            if lo.is_finite() && hi.is_finite() { (lo + hi) / 2.0 } else { moved(run.at).clamp(lo, hi.max(lo)) };
        match (back, on) {
            (false, true) => moved(least).min(hi),
            (true, false) => moved(most).max(lo),
            (true, true) => middle.clamp(moved(least), moved(most)),
            _ => middle,
        }
    }
}
