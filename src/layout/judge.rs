//! How well the lines of a picture can be followed, as a number, to choose between arrangements: the lower the better.
//!
//! Guarantees: the work is that of sorting the parts of lines, and of the crossings that are found, up to a limit.

use std::collections::BTreeSet;

use super::route::{Connection, Port, Routed};
use super::{Point, Rect};

/// What a crossing costs, in user units of the size of the page.
const CROSSING: f64 = 18.0;
/// What a bend beyond those that two sides need costs.
const BEND: f64 = 2.0;
/// What it costs that a line runs back, once and for each user unit.
const BACK: (f64, f64) = (25.0, 0.1);
/// What it costs that a line is twice as long as its ends are apart.
const DETOUR: f64 = 14.0;
/// What a label without a place costs.
const NO_LABEL: f64 = 40.0;
/// Cards closer than this are as far apart as this.
const LEAST: f64 = 16.0;
/// Of more lines than this the crossings are not counted.
const MANY_LINES: usize = 2_000;
/// More crossings than this are not counted.
const MOST: usize = 10_000;

/// What all lines cost.
pub(super) fn trouble(routed: &Routed, connections: &[Connection]) -> f64 {
    let crossings = if routed.lines.len() > MANY_LINES { 0 } else { crossings(&routed.lines) };
    let mut cost = CROSSING * crossings as f64;
    for ((line, connection), label) in routed.lines.iter().zip(connections).zip(&routed.labels) {
        let (from, to) = (routed.placed.cards[connection.from.card], routed.placed.cards[connection.to.card]);
        let length: f64 = line.windows(2).map(|w| (w[0].x - w[1].x).abs() + (w[0].y - w[1].y).abs()).sum();
        let back: f64 = line.windows(2).map(|w| (w[0].x - w[1].x).max(0.0)).sum();
        let away = length / apart(&from, &to).max(LEAST) - 1.0;
        cost += DETOUR * away.clamp(0.0, 4.0) + BEND * line.len().saturating_sub(2) as f64;
        // A row is left to the right, so that its line may have to turn back.
        let allowed = if connection.from.port == Port::Free { 0.0 } else { from.w / 4.0 };
        cost += if back > 10.0 + allowed { BACK.0 + BACK.1 * back } else { 0.0 };
        cost += if connection.label.is_some() && label.is_none() { NO_LABEL } else { 0.0 };
    }
    cost
}

/// The distance of two boxes along both axes.
fn apart(a: &Rect, b: &Rect) -> f64 {
    let gap = |lo: f64, hi: f64, other_lo: f64, other_hi: f64| (lo - other_hi).max(other_lo - hi).max(0.0);
    gap(a.x, a.right(), b.x, b.right()) + gap(a.y, a.bottom(), b.y, b.bottom())
}

/// The places where lines cross; parts that lines share count once.
pub(super) fn crossings(lines: &[Vec<Point>]) -> usize {
    let key = |v: f64| (v * 100.0).round() as i64;
    let (mut level, mut upright) = (BTreeSet::new(), BTreeSet::new());
    for w in lines.iter().flat_map(|l| l.windows(2)) {
        let (x, y) = ((key(w[0].x), key(w[1].x)), (key(w[0].y), key(w[1].y)));
        if y.0 == y.1 {
            level.insert((y.0, x.0.min(x.1), x.0.max(x.1)));
        } else {
            upright.insert((x.0, y.0.min(y.1), y.0.max(y.1)));
        }
    }
    let level: Vec<_> = level.into_iter().collect();
    let mut spots = BTreeSet::new();
    for (x, top, bottom) in upright {
        let first = level.partition_point(|l| l.0 <= top);
        let below = level[first..].iter().take_while(|l| l.0 < bottom);
        spots.extend(below.filter(|l| l.1 < x && x < l.2).map(|l| (x, l.0)));
        if spots.len() > MOST {
            break;
        }
    }
    spots.len()
}
