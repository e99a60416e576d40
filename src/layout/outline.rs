//! The used part of the box around a component: rectangles side by side around its cards, labels and lines. If a
//! component is low at one end, others may stand above or below that end.

use super::{Point, Rect};

/// Space between components, in user units.
pub(super) const GAP: f64 = 16.0;
/// Strips whose ends differ by less than this are one: no card fits there, in user units.
const LEAST: f64 = 48.0;

/// The rectangles that hold all of a component that is as wide and high as this, from left to right. Where one ends
/// before a card, a gap is left: cards above and below that one may begin where it does.
pub(super) fn outline(
    whole: Rect,
    cards: &[Rect],
    labels: impl Iterator<Item = Rect>,
    lines: impl Iterator<Item = (Point, Point)>,
) -> Vec<Rect> {
    let mut edges: Vec<(f64, f64)> = cards.iter().map(|r| (r.x, r.right())).collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Cards above each other are a column; between two columns lines run.
    let mut columns: Vec<(f64, f64)> = Vec::new();
    for (left, right) in edges {
        match columns.last_mut() {
            Some(last) if left < last.1 => last.1 = last.1.max(right),
            _ => columns.push((left, right)),
        }
    }
    let mut cuts: Vec<f64> = columns.iter().flat_map(|c| [c.0, c.1]).collect();
    cuts.retain(|&x| x > whole.x && x < whole.right());
    cuts.insert(0, whole.x);
    cuts.push(whole.right());
    let parts =
        lines.map(|(a, b)| Rect { x: a.x.min(b.x), y: a.y.min(b.y), w: (a.x - b.x).abs(), h: (a.y - b.y).abs() });
    let mut strips: Vec<Option<(f64, f64)>> = vec![None; cuts.len() - 1];
    for part in cards.iter().copied().chain(labels).chain(parts) {
        let first = cuts.partition_point(|&x| x <= part.x).saturating_sub(1).min(strips.len() - 1);
        for (strip, cut) in strips.iter_mut().zip(&cuts).skip(first) {
            if *cut > part.right() || (*cut == part.right() && *cut > part.x) {
                break;
            }
            let (top, bottom) = strip.unwrap_or((part.y, part.bottom()));
            *strip = Some((top.min(part.y), bottom.max(part.bottom())));
        }
    }
    let mut found: Vec<Rect> = Vec::new();
    for (strip, ends) in strips.iter().zip(cuts.windows(2)) {
        // Nothing is in the padding at the ends.
        let Some((top, bottom)) = *strip else { continue };
        match found.last_mut() {
            Some(last) if (last.y - top).abs() < LEAST && (last.bottom() - bottom).abs() < LEAST => {
                let y = last.y.min(top);
                last.h = last.bottom().max(bottom) - y;
                last.y = y;
                last.w = ends[1] - last.x;
            }
            _ => found.push(Rect { x: ends[0], y: top, w: ends[1] - ends[0], h: bottom - top }),
        }
    }
    let before_card = |x: f64| columns.iter().any(|c| c.0 == x);
    for strip in &mut found {
        if before_card(strip.right()) && strip.w > GAP {
            strip.w -= GAP;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }

    /// Of a component as wide and high as this, with lines from point to point.
    fn of(w: f64, h: f64, cards: &[Rect], lines: &[[f64; 4]]) -> Vec<Rect> {
        let lines = lines.iter().map(|&[x, y, to_x, to_y]| (Point { x, y }, Point { x: to_x, y: to_y }));
        outline(rect(0.0, 0.0, w, h), cards, std::iter::empty(), lines)
    }

    #[test]
    fn a_low_card_before_a_high_column_leaves_room_above_and_below_it() {
        let cards = [rect(0.0, 100.0, 80.0, 50.0), rect(120.0, 0.0, 80.0, 50.0), rect(120.0, 200.0, 80.0, 50.0)];
        let lines = [[80.0, 125.0, 100.0, 125.0], [100.0, 25.0, 100.0, 225.0], [100.0, 25.0, 120.0, 25.0]];
        let expected = [rect(0.0, 100.0, 80.0, 50.0), rect(80.0, 0.0, 120.0, 250.0)];
        assert_eq!(of(200.0, 250.0, &cards, &lines), expected);
    }

    #[test]
    fn a_card_may_begin_where_one_before_it_does() {
        let cards = [rect(0.0, 0.0, 80.0, 50.0), rect(0.0, 100.0, 80.0, 50.0), rect(120.0, 0.0, 80.0, 50.0)];
        let lines = [[80.0, 125.0, 100.0, 125.0], [100.0, 125.0, 100.0, 25.0], [100.0, 25.0, 120.0, 25.0]];
        let expected = [rect(0.0, 0.0, 120.0 - GAP, 150.0), rect(120.0, 0.0, 80.0, 50.0)];
        assert_eq!(of(200.0, 150.0, &cards, &lines), expected);
    }

    #[test]
    fn small_steps_are_no_room() {
        let cards = [rect(0.0, 10.0, 80.0, 50.0), rect(120.0, 0.0, 80.0, 80.0)];
        assert_eq!(of(200.0, 80.0, &cards, &[]), [rect(0.0, 0.0, 200.0, 80.0)]);
    }
}
