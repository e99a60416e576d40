//! The order of items in each layer: what is connected stands at about the same height, and few lines cross.

use super::fit::{Span, fit};
use super::level::Level;

/// Passes over all layers that look for an order.
const PASSES: usize = 8;
/// With more items than this fewer passes are made.
const MANY: usize = 300;

impl Level<'_> {
    /// Puts a column where it wants to be within a height.
    fn settle(&self, column: &[usize], y: &mut [f64], height: f64, counts: impl Fn(usize) -> bool) {
        let spans: Vec<Span> = column
            .iter()
            .map(|&i| {
                let (wanted, weight) = self.wanted(i, y, &counts).unwrap_or((y[i], 0.1));
                Span { size: self.items[i].h, wanted, weight, gap: self.gap }
            })
            .collect();
        for (&i, at) in column.iter().zip(fit(&spans, height)) {
            y[i] = at;
        }
    }

    /// Looks for an order of each layer in which lines are short and cross seldom.
    pub(super) fn sort(&mut self) {
        let height = self.tallest();
        let mut layer_of = vec![usize::MAX; self.items.len()];
        let mut y = vec![0.0; self.items.len()];
        for (number, layer) in self.layers.iter().enumerate() {
            let mut at = (height - self.height(layer)) / 2.0;
            for &i in layer {
                layer_of[i] = number;
                y[i] = at;
                at += self.items[i].h + self.gap;
            }
        }
        let mut best = (self.cost(&layer_of, &y), self.layers.clone(), y.clone());
        let passes = if self.items.len() > MANY { 3 } else { PASSES };
        let mut vain = 0;
        for pass in 0..passes {
            let forward = pass % 2 == 0;
            let count = self.layers.len();
            for step in 0..count {
                let number = if forward { step } else { count - 1 - step };
                let mut layer = std::mem::take(&mut self.layers[number]);
                let before = |other: usize| if forward { layer_of[other] < number } else { layer_of[other] > number };
                let mut keyed: Vec<(f64, usize)> = layer
                    .iter()
                    .map(|&i| {
                        let middle = self.items[i].h / 2.0;
                        (self.wanted(i, &y, before).map_or(y[i], |w| w.0) + middle, i)
                    })
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                layer = keyed.into_iter().map(|(_, i)| i).collect();
                self.settle(&layer, &mut y, height, before);
                self.layers[number] = layer;
            }
            for number in 0..count {
                self.settle(&self.layers[number], &mut y, height, |_| true);
            }
            let cost = self.cost(&layer_of, &y);
            if cost < best.0 {
                best = (cost, self.layers.clone(), y.clone());
                vain = 0;
            } else if vain > 1 {
                break;
            } else {
                vain += 1;
            }
        }
        (self.layers, self.place) = (best.1, best.2);
    }

    /// Crossings and lengths of lines, when items of a layer stand at these heights.
    fn cost(&self, layer_of: &[usize], y: &[f64]) -> f64 {
        let mut lines: Vec<(usize, usize, i64, i64)> = Vec::with_capacity(self.ties.len());
        let mut length = 0.0;
        for tie in self.ties.iter().filter(|t| t.from != t.to) {
            let (mut a, mut b) = ((tie.from, y[tie.from] + tie.from_y), (tie.to, y[tie.to] + tie.to_y));
            if layer_of[a.0] > layer_of[b.0] {
                std::mem::swap(&mut a, &mut b);
            }
            length += (a.1 - b.1).abs();
            lines.push((layer_of[a.0], layer_of[b.0], a.1.round() as i64, b.1.round() as i64));
        }
        for pull in self.pulls {
            length += pull.y.map_or(0.0, |at| (y[pull.item] + pull.item_y - at).abs());
        }
        lines.sort_unstable();
        let crossings: u64 = lines.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(inversions).sum();
        30.0 * crossings as f64 + 0.2 * length
    }
}

/// How many pairs of lines between two layers cross: the lines are in the order of their left ends.
fn inversions(lines: &[(usize, usize, i64, i64)]) -> u64 {
    let mut ends: Vec<i64> = lines.iter().map(|l| l.3).collect();
    let mut spare = ends.clone();
    count_inversions(&mut ends, &mut spare)
}

/// Sorts numbers by merging, and counts the pairs that were in the wrong order.
fn count_inversions(ends: &mut [i64], spare: &mut [i64]) -> u64 {
    if ends.len() < 2 {
        return 0;
    }
    let half = ends.len() / 2;
    let (left, right) = ends.split_at_mut(half);
    let mut count = count_inversions(left, &mut spare[..half]) + count_inversions(right, &mut spare[half..]);
    let (mut i, mut j) = (0, 0);
    for slot in spare.iter_mut() {
        if j >= right.len() || (i < left.len() && left[i] <= right[j]) {
            *slot = left[i];
            i += 1;
        } else {
            *slot = right[j];
            count += (left.len() - i) as u64;
            j += 1;
        }
    }
    ends.copy_from_slice(spare);
    count
}
