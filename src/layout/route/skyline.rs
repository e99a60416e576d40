//! What is seen when one looks back along an axis: for every place across it the last item that was set there.

use std::collections::BTreeMap;

/// The last items, by where they begin.
#[derive(Default)]
pub(super) struct Skyline {
    parts: BTreeMap<i64, (i64, usize)>,
}

fn key(v: f64) -> i64 {
    (v * 100.0).round() as i64
}

impl Skyline {
    /// The items that are seen between two places.
    pub fn seen(&self, lo: f64, hi: f64) -> Vec<usize> {
        let (lo, hi) = (key(lo), key(hi).max(key(lo) + 1));
        let first = self.parts.range(..=lo).next_back().filter(|(_, p)| p.0 > lo);
        let mut items: Vec<usize> =
            first.into_iter().chain(self.parts.range(lo + 1..hi)).map(|(_, part)| part.1).collect();
        items.sort_unstable();
        items.dedup();
        items
    }

    /// Puts an item before all others between two places.
    pub fn set(&mut self, lo: f64, hi: f64, item: usize) {
        let (lo, hi) = (key(lo), key(hi).max(key(lo) + 1));
        let before = self.parts.range(..lo).next_back().map(|(s, p)| (*s, *p));
        if let Some((start, (end, other))) = before
            && end > lo
        {
            self.parts.insert(start, (lo, other));
            if end > hi {
                self.parts.insert(hi, (end, other));
            }
        }
        let covered: Vec<(i64, (i64, usize))> = self.parts.range(lo..hi).map(|(s, p)| (*s, *p)).collect();
        for (start, (end, other)) in covered {
            self.parts.remove(&start);
            if end > hi {
                self.parts.insert(hi, (end, other));
            }
        }
        self.parts.insert(lo, (hi, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_item_hides_what_it_covers() {
        let mut s = Skyline::default();
        s.set(0.0, 10.0, 1);
        s.set(3.0, 5.0, 2);
        assert_eq!(s.seen(0.0, 3.0), [1]);
        assert_eq!(s.seen(3.0, 5.0), [2]);
        assert_eq!(s.seen(4.0, 8.0), [1, 2]);
        assert_eq!(s.seen(10.0, 12.0), [0usize; 0]);
        s.set(-1.0, 20.0, 3);
        assert_eq!(s.seen(-5.0, 30.0), [3]);
    }
}
