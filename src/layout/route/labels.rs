//! Puts every label on its line, where it lies over nothing else; asks for room where there is none.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::nets::Net;
use super::pieces::{Piece, Pieces};
use super::runs::Lines;
use super::scene::{Block, Lattice, Scene};
use super::space::{Demand, GAP, Node};
use super::types::{Connection, LabelBox, Tag};
use crate::layout::Rect;
use crate::layout::geometry::round2;

/// Distance of a label from everything but its line.
const AROUND: f64 = 2.0;
/// Distance of a label from a bend, a joint or the start of its line.
const FROM_BEND: f64 = 4.0;
/// Distance of a label from the card at which an arrow head is.
const FROM_ARROW: f64 = 13.0;

/// So many things are looked at in search of places; labels for which there is no time left have none.
const MOST_LOOKED_AT: usize = 1_000_000;

/// A label that is placed.
struct Stands {
    block: Block,
    run: usize,
}

/// What can be in the way of a label.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thing {
    Run(usize),
    Block(usize),
    Label(usize),
    Wall,
}

/// The labels of a picture, and the room that those without a place need: for x and for y.
pub(super) struct Labels {
    pub places: Vec<Option<LabelBox>>,
    pub demands: [Vec<Demand>; 2],
    /// The connections whose labels found no free place.
    pub missing: Vec<usize>,
    /// Runs that are in the way of those and end at the top or the bottom of a card, which leaves them little room.
    pub blocking: Vec<usize>,
}

struct Labeler<'a> {
    scene: &'a Scene,
    lines: &'a Lines,
    pieces: Pieces,
    runs: Lattice,
    blocks: Lattice,
    walls: Lattice,
    stands: Vec<Stands>,
    /// For each run the labels that stand on it.
    on_run: Vec<Vec<usize>>,
    standing: Lattice,
    /// How many more things may be looked at.
    left: Cell<usize>,
    /// What was asked for before: for each pair of nodes the most, for x and for y.
    asked: [BTreeMap<(Node, Node), f64>; 2],
}

/// Places labels. What was asked for before is not asked for again. In the last round labels that find no free place
/// stand where they overlap.
pub(super) fn place(
    scene: &Scene,
    lines: &Lines,
    nets: &[Net],
    all: &[Connection],
    asked: &[Vec<Demand>; 2],
    last: bool,
) -> Labels {
    let mut labels = Labels {
        places: vec![None; all.len()],
        demands: [Vec::new(), Vec::new()],
        missing: Vec::new(),
        blocking: Vec::new(),
    };
    if all.iter().all(|c| c.label.is_none()) {
        return labels;
    }
    let mut labeler = Labeler::new(scene, lines, Pieces::new(scene, lines, nets, all), asked);
    for net in nets {
        for &member in &net.members {
            let Some(tag) = all[member].label.filter(|_| labels.places[member].is_none()) else { continue };
            if lines.lines[member].runs.is_empty() {
                continue;
            }
            if labeler.left.get() == 0 {
                return labels;
            }
            let place = labeler.best(member, tag);
            let (p, block) = match place {
                Some(found) => found,
                None => {
                    labels.missing.push(member);
                    labels.blocking.extend(labeler.blocking(member, tag));
                    if !last {
                        labeler.demand(member, tag, &mut labels.demands);
                    }
                    let Some(anyhow) = labeler.anyhow(member, tag).filter(|_| last) else { continue };
                    anyhow
                }
            };
            labeler.stand(block, labeler.pieces.all[p].run);
            let rect = Rect { x: round2(block.lo[0]), y: round2(block.lo[1]), w: tag.w, h: tag.h };
            for &other in &net.members {
                let same = all[other].label.is_some_and(|l| l.text == tag.text);
                if same && labels.places[other].is_none() && labeler.pieces.of[other].contains(&p) {
                    labels.places[other] = Some(LabelBox { rect, owner: member });
                }
            }
        }
    }
    labels
}

impl<'a> Labeler<'a> {
    fn new(scene: &'a Scene, lines: &'a Lines, pieces: Pieces, asked: &[Vec<Demand>; 2]) -> Labeler<'a> {
        let mut bounds = Block { lo: [f64::INFINITY; 2], hi: [f64::NEG_INFINITY; 2] };
        let boxes: Vec<Block> = lines.runs.iter().map(run_box).collect();
        for b in boxes.iter().chain(&scene.blocks).chain(&scene.frames).filter(|b| b.lo[0].is_finite()) {
            for axis in 0..2 {
                bounds.lo[axis] = bounds.lo[axis].min(b.lo[axis]);
                bounds.hi[axis] = bounds.hi[axis].max(b.hi[axis]);
            }
        }
        let mut of = [0; 4].map(|_| Lattice::new(&bounds));
        boxes.iter().enumerate().filter(|(_, b)| b.lo[0].is_finite()).for_each(|(i, b)| of[0].add(i as u32, b));
        scene.blocks.iter().enumerate().for_each(|(i, b)| of[1].add(i as u32, b));
        for (i, f) in scene.frames.iter().enumerate() {
            (0..4).for_each(|side| of[2].add((i * 4 + side) as u32, &wall(f, side)));
        }
        let [runs, blocks, walls, standing] = of;
        let most = |demands: &Vec<Demand>| {
            let mut most: BTreeMap<(Node, Node), f64> = BTreeMap::new();
            for d in demands {
                let known = most.entry((d.before, d.after)).or_insert(d.gap);
                *known = known.max(d.gap);
            }
            most
        };
        let asked = [most(&asked[0]), most(&asked[1])];
        let on_run = vec![Vec::new(); lines.runs.len()];
        let left = Cell::new(MOST_LOOKED_AT);
        Labeler { scene, lines, pieces, runs, blocks, walls, stands: Vec::new(), on_run, standing, left, asked }
    }

    fn stand(&mut self, block: Block, run: usize) {
        self.standing.add(self.stands.len() as u32, &block);
        self.on_run[run].push(self.stands.len());
        self.stands.push(Stands { block, run });
    }

    /// The pieces of a connection that only lines with its label have; where there are none, those that it shares with
    /// fewest.
    fn own(&self, member: usize, tag: Tag) -> Vec<usize> {
        let mine = &self.pieces.of[member];
        let same = |p: &&usize| self.pieces.all[**p].tag.is_some_and(|t| t.text == tag.text);
        let own: Vec<usize> = mine.iter().filter(same).copied().collect();
        if !own.is_empty() {
            return own;
        }
        let fewest = mine.iter().map(|p| self.pieces.all[*p].count).min();
        mine.iter().filter(|p| Some(self.pieces.all[**p].count) == fewest).copied().collect()
    }

    /// The best free place for the label of a connection: the piece and the box.
    fn best(&self, member: usize, tag: Tag) -> Option<(usize, Block)> {
        let mut best: Option<(f64, usize, Block)> = None;
        for p in self.own(member, tag) {
            let piece = &self.pieces.all[p];
            // One label for many lines is better, then one on a long level piece.
            let upright = if self.lines.runs[piece.run].axis == 1 { 25.0 } else { 0.0 };
            let base = upright - 30.0 * (piece.count.min(6) as f64) - (piece.hi - piece.lo).min(160.0) * 0.05;
            for (walls, more) in [(true, 0.0), (false, 18.0)] {
                if best.is_some_and(|b| b.0 <= base + more) {
                    break;
                }
                if let Some((off, block)) = self.free(member, piece, tag, walls)
                    && best.is_none_or(|b| base + more + off * 0.1 < b.0)
                {
                    best = Some((base + more + off * 0.1, p, block));
                }
            }
        }
        best.map(|b| (b.1, b.2))
    }

    /// The free place on a piece that is nearest to its middle, and how far from it.
    fn free(&self, member: usize, piece: &Piece, tag: Tag, walls: bool) -> Option<(f64, Block)> {
        let run = &self.lines.runs[piece.run];
        let axis = run.axis;
        let (lo, hi) = self.inner(piece, tag);
        if hi < lo {
            return None;
        }
        let middle = (lo + hi) / 2.0;
        let half = size(tag, axis) / 2.0;
        let strip = strip(run.at, axis, piece.lo, piece.hi, tag);
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for (thing, b) in self.things(member, piece.run, &strip) {
            if walls || thing != Thing::Wall {
                taken.push((b.lo[axis] - half - AROUND, b.hi[axis] + half + AROUND));
            }
        }
        taken.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut best: Option<f64> = None;
        let mut see = |from: f64, to: f64| {
            let at = middle.clamp(from.max(lo), to.min(hi).max(from.max(lo)));
            if from.max(lo) <= to.min(hi) && best.is_none_or(|b| (at - middle).abs() < (b - middle).abs()) {
                best = Some(at);
            }
        };
        let mut from = lo;
        for (a, b) in taken {
            see(from, a);
            from = from.max(b);
        }
        see(from, hi);
        best.map(|at| ((at - middle).abs(), label_box(run.at, axis, at, tag)))
    }

    /// Between which coordinates the middle of a label may be on a piece.
    fn inner(&self, piece: &Piece, tag: Tag) -> (f64, f64) {
        let run = &self.lines.runs[piece.run];
        let half = size(tag, run.axis) / 2.0;
        let pad = |at: f64, low: bool| {
            let arrow = run.attached.iter().any(|a| a.arrow && (a.side < 2) == low)
                && (if low { run.lo } else { run.hi } - at).abs() < 0.01;
            if arrow { FROM_ARROW } else { FROM_BEND }
        };
        (piece.lo + pad(piece.lo, true) + half, piece.hi - pad(piece.hi, false) - half)
    }

    /// What lies in a box but the run itself.
    fn things(&self, member: usize, run: usize, b: &Block) -> Vec<(Thing, Block)> {
        let mut found = Vec::new();
        let line = self.lines.lines.get(member);
        let (runs, looked_at) = self.runs.near_counted(b);
        self.left.set(self.left.get().saturating_sub(looked_at + 1));
        for r in runs.into_iter().map(|r| r as usize).filter(|r| *r != run) {
            let other = run_box(&self.lines.runs[r]);
            // At its ends a piece touches what its line goes on with.
            let joined = line.is_some_and(|l| l.runs.contains(&r)) && self.lines.runs[run].joints.contains(&r);
            if meet(b, &other) && !(joined && self.lines.runs[r].axis != self.lines.runs[run].axis) {
                found.push((Thing::Run(r), other));
            }
        }
        for i in self.blocks.near(b).into_iter().map(|i| i as usize) {
            let hull = &self.scene.blocks[i];
            if i < self.scene.hulls.len() {
                let cards = self.scene.members[i].iter().map(|c| self.scene.cards[*c]);
                found.extend(cards.filter(|c| meet(b, c)).map(|c| (Thing::Block(i), c)));
            } else if meet(b, hull) {
                found.push((Thing::Block(i), *hull));
            }
        }
        for i in self.standing.near(b).into_iter().map(|i| i as usize) {
            if meet(b, &self.stands[i].block) {
                found.push((Thing::Label(i), self.stands[i].block));
            }
        }
        for i in self.walls.near(b).into_iter().map(|i| i as usize) {
            let w = wall(&self.scene.frames[i / 4], i % 4);
            if meet(b, &w) {
                found.push((Thing::Wall, w));
            }
        }
        found
    }

    /// Upright runs in the way of a label that end at a card.
    fn blocking(&self, member: usize, tag: Tag) -> Vec<usize> {
        let mut found = Vec::new();
        for p in self.own(member, tag) {
            let piece = &self.pieces.all[p];
            let run = &self.lines.runs[piece.run];
            let near = strip(run.at, run.axis, piece.lo, piece.hi, Tag { w: tag.w + GAP * 2.0, ..tag });
            let near = self.things(usize::MAX, piece.run, &near).into_iter().map(|t| t.0);
            for thing in near.chain([Thing::Run(piece.run)]).chain(run.joints.iter().map(|j| Thing::Run(*j))) {
                if let Thing::Run(r) = thing
                    && self.lines.runs[r].axis == 1
                    && !self.lines.runs[r].attached.is_empty()
                {
                    found.push(r);
                }
            }
        }
        found
    }

    /// The piece on which a label stands if there is no free place.
    fn anyhow(&self, member: usize, tag: Tag) -> Option<(usize, Block)> {
        let longest = self.own(member, tag).into_iter().max_by(|a, b| {
            let length = |p: usize| self.pieces.all[p].hi - self.pieces.all[p].lo;
            length(*a).total_cmp(&length(*b))
        })?;
        let piece = &self.pieces.all[longest];
        let run = &self.lines.runs[piece.run];
        Some((longest, label_box(run.at, run.axis, (piece.lo + piece.hi) / 2.0, tag)))
    }

    /// Asks for room for a label: along the piece that lacks least, or across it.
    fn demand(&self, member: usize, tag: Tag, demands: &mut [Vec<Demand>; 2]) {
        let mut best: Option<(f64, usize, Demand)> = None;
        for p in self.own(member, tag) {
            let piece = &self.pieces.all[p];
            let run = &self.lines.runs[piece.run];
            let upright = if run.axis == 1 { 60.0 } else { 0.0 };
            let is_new =
                |axis: usize, d: &Demand| self.asked[axis].get(&(d.before, d.after)).is_none_or(|a| *a <= d.gap - 0.5);
            for (lack, demand) in self.gaps(member, piece, tag).into_iter().filter(|d| is_new(run.axis, &d.1)) {
                if best.as_ref().is_none_or(|b| lack + upright < b.0) {
                    best = Some((lack + upright, run.axis, demand));
                }
            }
            if let Some((lack, demand)) = self.across(member, piece, tag).filter(|d| is_new(1 - run.axis, &d.1))
                && best.as_ref().is_none_or(|b| lack + upright < b.0)
            {
                best = Some((lack + upright, 1 - run.axis, demand));
            }
        }
        if let Some((_, axis, demand)) = best {
            demands[axis].push(demand);
        }
    }

    /// The gaps between what crosses a piece, as demands, with the length that each lacks.
    fn gaps(&self, member: usize, piece: &Piece, tag: Tag) -> Vec<(f64, Demand)> {
        let run = &self.lines.runs[piece.run];
        let axis = run.axis;
        let thin = strip(run.at, axis, piece.lo, piece.hi, Tag { w: 0.0, h: 0.0, text: 0 });
        let mut stops: Vec<(f64, Node, f64)> = Vec::new();
        for low in [true, false] {
            let at = if low { piece.lo } else { piece.hi };
            let joint = run.joints.iter().find(|j| (self.lines.runs[**j].at - at).abs() < 0.02);
            let end = run.attached.iter().find(|a| (a.side < 2) == low && a.side % 2 == axis);
            let pad = if end.is_some_and(|e| e.arrow) { FROM_ARROW } else { FROM_BEND };
            match (joint, end) {
                (Some(j), _) => stops.push((at, Node::Run(*j), FROM_BEND)),
                (None, Some(e)) => stops.push((at, Node::Block(self.scene.hull_of[e.card]), pad)),
                _ => return Vec::new(),
            }
        }
        for (thing, b) in self.things(member, piece.run, &thin) {
            if let Thing::Run(r) = thing
                && self.lines.runs[r].axis != axis
            {
                stops.push((b.lo[axis], Node::Run(r), AROUND + 1.0));
            }
        }
        stops.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut gaps = Vec::new();
        for pair in stops.windows(2) {
            // Other labels that stand there stay.
            let on_run = self.on_run[piece.run].iter().map(|label| &self.stands[*label]);
            let standing = on_run.filter(|s| s.block.lo[axis] < pair[1].0 && s.block.hi[axis] > pair[0].0);
            let others: f64 = standing.map(|s| s.block.hi[axis] - s.block.lo[axis] + 2.0 * AROUND).sum();
            let mut gap = size(tag, axis) + pair[0].2 + pair[1].2 + 0.1 + others * 2.2;
            let lack = gap - (pair[1].0 - pair[0].0);
            // A composite may be wider than the card at which the line ends.
            for (node, at) in [(pair[0].1, pair[0].0), (pair[1].1, pair[1].0)] {
                if let Node::Block(b) = node {
                    let hull = &self.scene.blocks[b];
                    gap -= (hull.hi[axis] - at).abs().min((hull.lo[axis] - at).abs());
                }
            }
            if lack > 0.01 {
                gaps.push((lack, Demand { before: pair[0].1, after: pair[1].1, gap }));
            }
        }
        gaps
    }

    /// What a piece that is long enough needs from what lies beside it.
    fn across(&self, member: usize, piece: &Piece, tag: Tag) -> Option<(f64, Demand)> {
        let run = &self.lines.runs[piece.run];
        let other = 1 - run.axis;
        let (lo, hi) = self.inner(piece, tag);
        if hi < lo {
            return None;
        }
        let block = label_box(run.at, run.axis, (lo + hi) / 2.0, tag);
        let half = size(tag, other) / 2.0;
        let me = Node::Run(piece.run);
        for (thing, b) in self.things(member, piece.run, &grown(&block, AROUND)) {
            let (node, need) = match thing {
                Thing::Run(r) if self.lines.runs[r].axis == run.axis => (Node::Run(r), half + AROUND + 0.5),
                Thing::Label(l)
                    if self.lines.runs[self.stands[l].run].axis == run.axis && self.stands[l].run != piece.run =>
                {
                    (Node::Run(self.stands[l].run), half + (b.hi[other] - b.lo[other]) / 2.0 + AROUND + 0.5)
                }
                Thing::Block(i) => (Node::Block(i), half + AROUND + 0.5),
                _ => continue,
            };
            let at = match node {
                Node::Run(r) => (self.lines.runs[r].at, self.lines.runs[r].at),
                Node::Block(i) => (self.scene.blocks[i].lo[other], self.scene.blocks[i].hi[other]),
            };
            let before = (at.0 + at.1) / 2.0 < run.at;
            let lack = need - if before { run.at - at.1 } else { at.0 - run.at };
            let demand = if before {
                Demand { before: node, after: me, gap: need }
            } else {
                Demand { before: me, after: node, gap: need }
            };
            return Some((lack.max(1.0), demand));
        }
        None
    }
}

fn size(tag: Tag, axis: usize) -> f64 {
    if axis == 0 { tag.w } else { tag.h }
}

fn run_box(run: &super::runs::Run) -> Block {
    let (mut lo, mut hi) = ([run.at; 2], [run.at; 2]);
    (lo[run.axis], hi[run.axis]) = (run.lo, run.hi);
    Block { lo, hi }
}

/// A border of a frame.
fn wall(f: &Block, side: usize) -> Block {
    let mut b = *f;
    let axis = side % 2;
    if side < 2 {
        b.lo[axis] = f.hi[axis];
    } else {
        b.hi[axis] = f.lo[axis];
    }
    b
}

/// The box of a label whose middle is at a place of a run.
fn label_box(across: f64, axis: usize, along: f64, tag: Tag) -> Block {
    let (mut lo, mut hi) = ([0.0; 2], [0.0; 2]);
    for (k, at) in [(axis, along), (1 - axis, across)] {
        lo[k] = at - size(tag, k) / 2.0;
        hi[k] = at + size(tag, k) / 2.0;
    }
    Block { lo, hi }
}

/// Where labels on a piece may reach, and a little more across.
fn strip(across: f64, axis: usize, from: f64, to: f64, tag: Tag) -> Block {
    let (mut lo, mut hi) = ([from; 2], [to; 2]);
    let half = size(tag, 1 - axis) / 2.0 + AROUND;
    (lo[1 - axis], hi[1 - axis]) = (across - half, across + half);
    Block { lo, hi }
}

fn grown(b: &Block, by: f64) -> Block {
    Block { lo: b.lo.map(|v| v - by), hi: b.hi.map(|v| v + by) }
}

fn meet(a: &Block, b: &Block) -> bool {
    (0..2).all(|k| a.lo[k] < b.hi[k] && b.lo[k] < a.hi[k] || a.lo[k] < b.lo[k] && b.hi[k] < a.hi[k])
}
