//! Small helpers for points, lines and boxes.

use super::{Point, Rect};

/// Rounds a coordinate to two decimals: the one place that does so.
pub(super) fn round2(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    // Negative zero would be printed as such.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// A line without repeated points and without points in the middle of a straight run.
pub(super) fn simplify(line: &[Point]) -> Vec<Point> {
    const NEAR: f64 = 0.005;
    let mut kept: Vec<Point> = Vec::with_capacity(line.len());
    for &point in line {
        if let Some(last) = kept.last()
            && (last.x - point.x).abs() < NEAR
            && (last.y - point.y).abs() < NEAR
        {
            continue;
        }
        if let [.., a, b] = kept.as_slice() {
            let upright = (a.x - b.x).abs() < NEAR && (b.x - point.x).abs() < NEAR;
            let level = (a.y - b.y).abs() < NEAR && (b.y - point.y).abs() < NEAR;
            if upright || level {
                kept.pop();
                // A line that turns back on itself may end where it began.
                if let Some(last) = kept.last()
                    && (last.x - point.x).abs() < NEAR
                    && (last.y - point.y).abs() < NEAR
                {
                    continue;
                }
            }
        }
        kept.push(point);
    }
    kept
}

/// Whether two boxes share more than `slack` in both directions.
pub(super) fn overlap(a: &Rect, b: &Rect, slack: f64) -> bool {
    a.x + slack < b.right() && b.x + slack < a.right() && a.y + slack < b.bottom() && b.y + slack < a.bottom()
}

/// Whether a horizontal or vertical segment enters a box that is grown by `grow` (or shrunk, where negative).
pub(super) fn hits(rect: &Rect, p: Point, q: Point, grow: f64) -> bool {
    let (x0, x1) = (p.x.min(q.x), p.x.max(q.x));
    let (y0, y1) = (p.y.min(q.y), p.y.max(q.y));
    x0 < rect.right() + grow && x1 > rect.x - grow && y0 < rect.bottom() + grow && y1 > rect.y - grow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_runs_have_two_points() {
        let p = |x, y| Point { x, y };
        let got = simplify(&[p(0.0, 0.0), p(5.0, 0.0), p(5.0, 0.0), p(9.0, 0.0), p(9.0, 4.0)]);
        assert_eq!(got, vec![p(0.0, 0.0), p(9.0, 0.0), p(9.0, 4.0)]);
        assert_eq!(round2(-0.001).to_string(), "0");
    }
}
