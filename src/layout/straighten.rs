//! Takes out the small steps that the engine leaves in lines: where a line's end may slide along its card, the line
//! becomes straight.

use std::collections::BTreeMap;

use super::engine::{Part, Pin, Placed};
use super::geometry::simplify;
use super::{Point, Rect};

/// Steps up to this height are taken out, in user units.
const STEP: f64 = 7.0;
/// Distance kept between the ends of lines on one side of a card.
const APART: f64 = 7.0;
/// Distance kept from the corners of a card.
const CORNER: f64 = 5.0;

/// Box and side (left or right border).
type At = (usize, bool);

/// Straightens what can be without moving any card. Labels go with their lines.
pub(super) fn straighten(part: &Part, placed: &Placed) -> Placed {
    let mut result = placed.clone();
    // The heights of all line ends on each side of each box, with how many lines end there.
    let mut ends: BTreeMap<At, Vec<f64>> = BTreeMap::new();
    for (edge, line) in part.edges.iter().zip(&placed.lines) {
        if let (Some(first), Some(last)) = (line.first(), line.last()) {
            ends.entry(at(edge.from, &placed.boxes[edge.from], first)).or_default().push(first.y);
            ends.entry(at(edge.to, &placed.boxes[edge.to], last)).or_default().push(last.y);
        }
    }
    for index in 0..part.edges.len() {
        let edge = &part.edges[index];
        if edge.from == edge.to {
            continue;
        }
        slide(part, &mut result, &mut ends, index, edge.to, Way::FromEnd);
        if edge.row.is_none() {
            slide(part, &mut result, &mut ends, index, edge.from, Way::FromStart);
        }
    }
    result
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    FromStart,
    FromEnd,
}

fn at(index: usize, rect: &Rect, point: &Point) -> At {
    (index, (point.x - rect.right()).abs() < (point.x - rect.x).abs())
}

/// Moves one end of a line by the height of the step next to it.
fn slide(part: &Part, placed: &mut Placed, ends: &mut BTreeMap<At, Vec<f64>>, index: usize, b: usize, way: Way) {
    let mut line = placed.lines[index].clone();
    if way == Way::FromEnd {
        line.reverse();
    }
    let [tip, near, far, ..] = line.as_slice() else { return };
    let (tip, near, far) = (*tip, *near, *far);
    let step = far.y - near.y;
    // A line that ends with the step has nothing to be straight with.
    if near.y != tip.y || far.x != near.x || step.abs() > STEP || line.len() < 4 {
        return;
    }
    let rect = placed.boxes[b];
    let side = at(b, &rect, &tip);
    let Some(others) = ends.get_mut(&side) else { return };
    let y = far.y;
    let shared = others.iter().filter(|o| (*o - tip.y).abs() < 0.01).count() > 1;
    let near_others = others.iter().any(|o| (o - tip.y).abs() >= 0.01 && (o - y).abs() < APART);
    let terminal = part.boxes[b].pin != Pin::Free;
    let off = y < rect.y + CORNER || y > rect.bottom() - CORNER;
    if shared || near_others || (off && !terminal) {
        return;
    }
    others.retain(|o| (o - tip.y).abs() >= 0.01);
    others.push(y);
    if terminal {
        placed.boxes[b].y += step;
    }
    // A label on the piece that moves goes with it.
    if let Some(label) = &mut placed.labels[index] {
        let (x0, x1) = (tip.x.min(near.x), tip.x.max(near.x));
        if label.x >= x0 - 0.01 && label.right() <= x1 + 0.01 && label.y < tip.y && tip.y < label.bottom() {
            label.y += step;
        }
    }
    line[0].y = y;
    line[1].y = y;
    if way == Way::FromEnd {
        line.reverse();
    }
    placed.lines[index] = simplify(&line);
}
