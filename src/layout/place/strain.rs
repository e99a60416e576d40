//! What lines cost before they are drawn, by where their ends are: their length, lines that run back, crossings.

use std::collections::{BTreeMap, BTreeSet};

use super::level::{Block, Item, Tie};

/// The distance of two cards, one below the other, up to which a line from one to the other is straight.
const NEAR: f64 = 130.0;

/// What lines between items cost.
pub(super) fn strain(items: &[Item], ties: &[Tie], block: &Block) -> f64 {
    let mut cost = block.mixed();
    for tie in ties.iter().filter(|t| t.from != t.to) {
        let (a, b) = (block.at[tie.from], block.at[tie.to]);
        cost += bent(a.0, items[tie.from].w, b.0, items[tie.to].w, (a.1 + tie.from_y - b.1 - tie.to_y).abs(), tie.row);
    }
    cost
}

/// Crossings of lines, as far as they can be known from where their ends are: each leaves its item to the right and
/// turns right before the other one.
pub(super) fn tangle(items: &[Item], ties: &[Tie], block: &Block) -> usize {
    let key = |v: f64| v.round() as i64;
    // Lines from one place are one as long as they run level.
    let mut level: BTreeMap<(i64, usize), (i64, i64)> = BTreeMap::new();
    let mut upright = BTreeSet::new();
    for tie in ties.iter().filter(|t| t.from != t.to) {
        let ((x, y), (to, end)) = (block.at[tie.from], block.at[tie.to]);
        let (start, leaves) = (key(x + items[tie.from].w), key(y + tie.from_y));
        let (turn, enters) = (key(to) - 20, key(end + tie.to_y));
        let run = level.entry((leaves, tie.from)).or_insert((start, start));
        *run = (run.0.min(turn), run.1.max(turn));
        if leaves != enters {
            upright.insert((turn, leaves.min(enters), leaves.max(enters)));
        }
    }
    let crossed = |(x, top, bottom): (i64, i64, i64)| {
        let near = level.range((top + 1, 0)..(bottom, 0));
        near.filter(|(_, run)| run.0 < x && x < run.1).count()
    };
    upright.into_iter().map(crossed).sum()
}

/// What a line costs, by where its ends are: more if it runs back.
pub(super) fn bent(x: f64, w: f64, to: f64, to_w: f64, rise: f64, row: bool) -> f64 {
    let ahead = to - (x + w);
    if ahead >= 0.0 {
        return 0.03 * (ahead + rise) + if rise > 30.0 { 2.0 } else { 0.0 };
    }
    let back = (x - (to + to_w)).max(0.0);
    // A row is left to the right: the line has to turn back.
    let turns = match row {
        true => 45.0,
        false if rise > NEAR => 16.0,
        false => 6.0,
    };
    turns + 0.05 * rise + 0.12 * back + if back > 0.0 { 20.0 } else { 0.0 }
}
