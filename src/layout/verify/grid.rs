//! Finds boxes that are near each other without comparing everything with everything.

use std::collections::BTreeMap;

use super::super::Rect;

/// Boxes by the cells of a coarse grid that they touch.
pub(in crate::layout) struct Grid {
    cells: BTreeMap<(i64, i64), Vec<usize>>,
    width: f64,
    height: f64,
}

impl Grid {
    /// Cells are about as large as the boxes are on average.
    pub fn new(rects: impl Iterator<Item = Rect>) -> Grid {
        let rects: Vec<Rect> = rects.collect();
        let count = rects.len().max(1) as f64;
        let width = (rects.iter().map(|r| r.w).sum::<f64>() / count).max(50.0) * 1.5;
        let height = (rects.iter().map(|r| r.h).sum::<f64>() / count).max(50.0) * 1.5;
        let mut grid = Grid { cells: BTreeMap::new(), width, height };
        for (index, rect) in rects.iter().enumerate() {
            for cell in grid.touched(rect) {
                grid.cells.entry(cell).or_default().push(index);
            }
        }
        grid
    }

    fn touched(&self, r: &Rect) -> Vec<(i64, i64)> {
        let at = |v: f64, size: f64| (v / size).floor() as i64;
        let columns = at(r.x, self.width)..=at(r.right(), self.width);
        let rows = at(r.y, self.height)..=at(r.bottom(), self.height);
        columns.flat_map(|c| rows.clone().map(move |r| (c, r))).collect()
    }

    /// Boxes that share a cell with this one, ascending.
    pub fn near(&self, rect: &Rect) -> Vec<usize> {
        let mut found: Vec<usize> =
            self.touched(rect).iter().filter_map(|c| self.cells.get(c)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Pairs of boxes that share a cell, each once.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for boxes in self.cells.values() {
            for (i, &a) in boxes.iter().enumerate() {
                found.extend(boxes[i + 1..].iter().map(|&b| (a, b)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
