//! Ways for which the search had no budget: along one tree that reaches every place of the grid, so that each way costs
//! no more than its length.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::grid::{Grid, NONE, OPEN};

/// For each vertex the one before it on the way from the middle of its part of the grid, and how many come before it.
pub(super) struct SpanningTree {
    before: Vec<u32>,
    depth: Vec<u32>,
}

impl SpanningTree {
    /// The shortest ways from one vertex of each part; those through frames are longer.
    pub fn new(grid: &Grid) -> SpanningTree {
        let n = grid.at.len();
        let mut tree = SpanningTree { before: vec![NONE; n], depth: vec![u32::MAX; n] };
        for root in 0..n {
            if tree.depth[root] == u32::MAX {
                tree.grow(grid, root);
            }
        }
        tree
    }

    fn grow(&mut self, grid: &Grid, root: usize) {
        let mut heap = BinaryHeap::from([Reverse((0u64, root as u32, NONE))]);
        while let Some(Reverse((cost, v, before))) = heap.pop() {
            if self.depth[v as usize] != u32::MAX {
                continue;
            }
            self.before[v as usize] = before;
            self.depth[v as usize] = if before == NONE { 0 } else { self.depth[before as usize] + 1 };
            for out in 0..4 {
                let next = grid.next[v as usize][out];
                if next == NONE || self.depth[next as usize] != u32::MAX {
                    continue;
                }
                let (a, b) = (grid.at[v as usize], grid.at[next as usize]);
                let frame = if out < 2 { grid.frames[v as usize][out] } else { grid.frames[next as usize][out - 2] };
                let length = ((a[0] - b[0]).abs() + (a[1] - b[1]).abs()) as u64 + 1;
                let factor = if frame == OPEN { 1 } else { 4 };
                heap.push(Reverse((cost + length * factor, next, v)));
            }
        }
    }

    /// The way between two vertices; nothing if none leads from one to the other.
    pub fn way(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let (mut a, mut b) = (vec![from], vec![to]);
        while a.last() != b.last() {
            let (x, y) = (*a.last()? as usize, *b.last()? as usize);
            let (side, v) = if self.depth[x] >= self.depth[y] { (&mut a, x) } else { (&mut b, y) };
            match self.before[v] {
                NONE => return None,
                before => side.push(before),
            }
        }
        b.pop();
        b.reverse();
        a.extend(b);
        Some(a)
    }
}
