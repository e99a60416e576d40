//! The picture as the router sees it: composites and titles as blocks, borders of frames as walls, and answers to what
//! stands where. Axis 0 is x, axis 1 is y.

use super::cuts::Cuts;
use super::types::Placed;
use crate::layout::Rect;

/// Distance that a line keeps from the border of a block beside it, at the least, while it is searched.
pub(super) const CLEAR: f64 = 6.0;
/// Distance of an end from the corners of its card.
pub(super) const CORNER: f64 = 8.0;

/// A box by its corners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Block {
    pub lo: [f64; 2],
    pub hi: [f64; 2],
}

impl Block {
    pub fn of(r: &Rect) -> Block {
        Block { lo: [r.x, r.y], hi: [r.right(), r.bottom()] }
    }

    pub fn middle(&self, axis: usize) -> f64 {
        (self.lo[axis] + self.hi[axis]) / 2.0
    }

    fn join(&mut self, other: &Block) {
        for axis in 0..2 {
            self.lo[axis] = self.lo[axis].min(other.lo[axis]);
            self.hi[axis] = self.hi[axis].max(other.hi[axis]);
        }
    }

    fn holds(&self, p: [f64; 2]) -> bool {
        (0..2).all(|a| self.lo[a] <= p[a] && p[a] <= self.hi[a])
    }
}

/// Boxes by the squares of a lattice that they touch.
#[derive(Clone)]
pub(super) struct Lattice {
    origin: [f64; 2],
    cell: f64,
    size: [usize; 2],
    cells: Vec<Vec<u32>>,
}

impl Lattice {
    pub fn new(bounds: &Block) -> Lattice {
        let extent = (bounds.hi[0] - bounds.lo[0]).max(bounds.hi[1] - bounds.lo[1]);
        let cell = (extent / 200.0).max(120.0);
        let size = [0, 1].map(|a| ((bounds.hi[a] - bounds.lo[a]) / cell).max(0.0) as usize + 1);
        Lattice { origin: bounds.lo, cell, size, cells: vec![Vec::new(); size[0] * size[1]] }
    }

    fn index(&self, axis: usize, at: f64) -> usize {
        (((at - self.origin[axis]) / self.cell).max(0.0) as usize).min(self.size[axis] - 1)
    }

    pub fn add(&mut self, id: u32, b: &Block) {
        for j in self.index(1, b.lo[1])..=self.index(1, b.hi[1]) {
            for i in self.index(0, b.lo[0])..=self.index(0, b.hi[0]) {
                self.cells[j * self.size[0] + i].push(id);
            }
        }
    }

    /// What may touch a box, in order.
    pub fn near(&self, b: &Block) -> Vec<u32> {
        self.near_counted(b).0
    }

    /// The same, and how many entries were looked at.
    pub fn near_counted(&self, b: &Block) -> (Vec<u32>, usize) {
        let mut found = Vec::new();
        for j in self.index(1, b.lo[1])..=self.index(1, b.hi[1]) {
            for i in self.index(0, b.lo[0])..=self.index(0, b.hi[0]) {
                found.extend_from_slice(&self.cells[j * self.size[0] + i]);
            }
        }
        let looked_at = found.len();
        found.sort_unstable();
        found.dedup();
        (found, looked_at)
    }

    fn at(&self, p: [f64; 2]) -> &[u32] {
        &self.cells[self.index(1, p[1]) * self.size[0] + self.index(0, p[0])]
    }
}

/// The scene.
#[derive(Clone)]
pub(super) struct Scene {
    /// The cards.
    pub cards: Vec<Block>,
    /// The composites.
    pub hulls: Vec<Block>,
    /// For each card its composite.
    pub hull_of: Vec<usize>,
    /// For each composite its cards.
    pub members: Vec<Vec<usize>>,
    /// Composites, then titles.
    pub blocks: Vec<Block>,
    /// Frames.
    pub frames: Vec<Block>,
    /// For each frame the one around it.
    pub parents: Vec<Option<usize>>,
    /// For each card its frame.
    pub frame_of: Vec<Option<usize>>,
    /// Everything, and room for lines around it.
    pub bounds: Block,
    by_block: Lattice,
    by_frame: Lattice,
}

impl Scene {
    pub fn new(placed: &Placed) -> Scene {
        let cards: Vec<Block> = placed.cards.iter().map(Block::of).collect();
        let (hulls, hull_of, members) = composites(&cards, &placed.composites);
        let frames: Vec<Block> = placed.frames.iter().map(|f| Block::of(&f.rect)).collect();
        let titles = placed.frames.iter().map(|f| &f.title).filter(|t| t.w > 0.0 && t.h > 0.0);
        let blocks: Vec<Block> = hulls.iter().copied().chain(titles.map(Block::of)).collect();
        let mut bounds = Block { lo: [0.0; 2], hi: [0.0; 2] };
        if let Some(first) = blocks.first() {
            bounds = *first;
        }
        blocks.iter().chain(&frames).for_each(|b| bounds.join(b));
        for axis in 0..2 {
            bounds.lo[axis] -= 40.0;
            bounds.hi[axis] += 40.0;
        }
        let (mut by_block, mut by_frame) = (Lattice::new(&bounds), Lattice::new(&bounds));
        blocks.iter().enumerate().for_each(|(i, b)| by_block.add(i as u32, b));
        frames.iter().enumerate().for_each(|(i, b)| by_frame.add(i as u32, b));
        let parents = placed.frames.iter().map(|f| f.parent).collect();
        let frame_of = placed.frame_of.clone();
        Scene { cards, hulls, hull_of, members, blocks, frames, parents, frame_of, bounds, by_block, by_frame }
    }

    /// Moves everything at or behind each cut; what a cut goes through stays whole, but frames grow.
    pub fn shift(&mut self, axis: usize, cuts: &Cuts) {
        for (hull, b) in self.hulls.iter_mut().enumerate() {
            let by = cuts.shift(b.lo[axis]);
            move_by(b, axis, by);
            self.members[hull].iter().for_each(|c| move_by(&mut self.cards[*c], axis, by));
        }
        for b in &mut self.blocks {
            let by = cuts.shift(b.lo[axis]);
            move_by(b, axis, by);
        }
        for f in &mut self.frames {
            f.lo[axis] += cuts.shift(f.lo[axis]);
            f.hi[axis] += cuts.shift(f.hi[axis]);
        }
    }

    /// The innermost frame at a point.
    pub fn frame_at(&self, p: [f64; 2]) -> Option<usize> {
        let around = self.by_frame.at(p).iter().filter(|f| self.frames[**f as usize].holds(p));
        around.max().map(|f| *f as usize)
    }

    /// The frames around a card, the innermost first.
    pub fn around(&self, card: usize) -> Vec<usize> {
        let mut frames = Vec::new();
        let mut next = self.frame_of[card];
        while let Some(frame) = next.filter(|f| !frames.contains(f)) {
            frames.push(frame);
            next = self.parents[frame];
        }
        frames
    }

    /// The block that a ray meets first, and where the ray ends: at the border of what is in its way, a little before
    /// what it would run close by, or at the bounds.
    pub fn ray(&self, from: [f64; 2], axis: usize, forward: bool) -> (f64, Option<usize>) {
        let mut found: Option<(f64, usize, f64)> = None;
        self.walk(&self.by_block, from, axis, forward, |id| {
            let b = &self.blocks[id];
            if let Some((reach, at)) = meets(b, from, axis, forward)
                && found.is_none_or(|f| (reach, id) < (f.0, f.1))
            {
                found = Some((reach, id, at));
            }
            found.map(|f| f.0)
        });
        match found {
            Some((_, id, at)) => (at, Some(id)),
            None => (if forward { self.bounds.hi[axis] } else { self.bounds.lo[axis] }, None),
        }
    }

    /// The distance from a point to the next block or border of a frame in a direction.
    pub fn room(&self, from: [f64; 2], axis: usize, forward: bool) -> f64 {
        let mut best = (self.ray(from, axis, forward).0 - from[axis]).abs();
        let other = 1 - axis;
        self.walk(&self.by_frame, from, axis, forward, |id| {
            let f = &self.frames[id];
            if f.lo[other] <= from[other] && from[other] <= f.hi[other] {
                for border in [f.lo[axis], f.hi[axis]] {
                    let away = if forward { border - from[axis] } else { from[axis] - border };
                    if away > 0.1 {
                        best = best.min(away);
                    }
                }
            }
            Some(best)
        });
        best
    }

    /// Visits what is in the squares on a ray until the next square is farther than what is found.
    fn walk(
        &self,
        lattice: &Lattice,
        from: [f64; 2],
        axis: usize,
        forward: bool,
        mut see: impl FnMut(usize) -> Option<f64>,
    ) {
        let other = 1 - axis;
        let stride = if axis == 0 { 1 } else { lattice.size[0] };
        let row = if axis == 0 { lattice.size[0] } else { 1 };
        let (near, far) = (from[other] - CLEAR, from[other] + CLEAR);
        let start = lattice.index(axis, from[axis]);
        let mut i = start;
        loop {
            let mut found = None;
            for j in lattice.index(other, near)..=lattice.index(other, far) {
                for id in &lattice.cells[j * row + i * stride] {
                    found = see(*id as usize);
                }
            }
            let walked = (i as f64 - start as f64).abs() - 1.0;
            if found.is_some_and(|f| f < walked * lattice.cell) {
                return;
            }
            if forward && i + 1 < lattice.size[axis] {
                i += 1;
            } else if !forward && i > 0 {
                i -= 1;
            } else {
                return;
            }
        }
    }
}

fn move_by(b: &mut Block, axis: usize, by: f64) {
    b.lo[axis] += by;
    b.hi[axis] += by;
}

/// The distance at which a ray meets a block, and the coordinate where it then ends.
fn meets(b: &Block, from: [f64; 2], axis: usize, forward: bool) -> Option<(f64, f64)> {
    let other = 1 - axis;
    let at = from[other];
    if at <= b.lo[other] - CLEAR || at >= b.hi[other] + CLEAR {
        return None;
    }
    let beside = at <= b.lo[other] || at >= b.hi[other];
    let (border, away) =
        if forward { (b.lo[axis], b.lo[axis] - from[axis]) } else { (b.hi[axis], from[axis] - b.hi[axis]) };
    // What the ray starts on lies behind it.
    let behind = if forward { b.hi[axis] <= from[axis] } else { b.lo[axis] >= from[axis] };
    if behind {
        return None;
    }
    if away < -0.1 && beside {
        return Some((0.0, from[axis]));
    }
    let stop = if beside { away - CLEAR } else { away };
    let end = if forward { border.min(border + stop - away) } else { border.max(border - (stop - away)) };
    Some((away.max(0.0), if away < 0.0 { from[axis] } else { end }))
}

type Composites = (Vec<Block>, Vec<usize>, Vec<Vec<usize>>);

/// The boxes around the cards of each composite.
fn composites(cards: &[Block], of: &[usize]) -> Composites {
    let mut numbers: Vec<usize> = of.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let mut members = vec![Vec::new(); numbers.len()];
    let hull_of: Vec<usize> = of.iter().map(|c| numbers.partition_point(|n| n < c)).collect();
    hull_of.iter().enumerate().for_each(|(card, hull)| members[*hull].push(card));
    let hulls = members
        .iter()
        .map(|cs: &Vec<usize>| {
            let mut hull = cards[cs[0]];
            cs.iter().for_each(|c| hull.join(&cards[*c]));
            hull
        })
        .collect();
    (hulls, hull_of, members)
}
