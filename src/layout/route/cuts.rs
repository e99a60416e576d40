//! Where a picture is cut along an axis to make room: everything at or behind a cut moves.

/// Cuts in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts {
    at: Vec<f64>,
    /// For each cut how far what lies behind it moves in all.
    sums: Vec<f64>,
}

impl Cuts {
    /// By how much a coordinate moves.
    pub fn shift(&self, at: f64) -> f64 {
        match self.at.partition_point(|c| *c <= at) {
            0 => 0.0,
            n => self.sums[n - 1],
        }
    }

    /// Adds room at a coordinate.
    pub fn add(&mut self, at: f64, by: f64) {
        let i = self.at.partition_point(|c| *c < at);
        if self.at.get(i).is_none_or(|c| *c > at) {
            let before = if i == 0 { 0.0 } else { self.sums[i - 1] };
            self.at.insert(i, at);
            self.sums.insert(i, before);
        }
        self.sums[i..].iter_mut().for_each(|s| *s += by);
    }

    /// Removes the cuts behind one coordinate, up to another.
    pub fn remove(&mut self, from: f64, to: f64) {
        let kept: Vec<(f64, f64)> = self.list().into_iter().filter(|c| c.0 <= from || c.0 > to).collect();
        *self = Cuts::default();
        kept.into_iter().for_each(|(at, by)| self.add(at, by));
    }

    /// The cuts: where, and how much room each makes.
    pub fn list(&self) -> Vec<(f64, f64)> {
        let before = std::iter::once(0.0).chain(self.sums.iter().copied());
        self.at.iter().zip(&self.sums).zip(before).map(|((at, sum), before)| (*at, sum - before)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_a_cut_moves() {
        let mut cuts = Cuts::default();
        cuts.add(10.0, 2.0);
        cuts.add(4.0, 1.0);
        cuts.add(10.0, 3.0);
        assert_eq!([3.9, 4.0, 9.9, 10.0].map(|at| cuts.shift(at)), [0.0, 1.0, 1.0, 6.0]);
        assert_eq!(cuts.list(), [(4.0, 1.0), (10.0, 5.0)]);
        cuts.remove(4.0, 10.0);
        assert_eq!(cuts.list(), [(4.0, 1.0)]);
    }
}
