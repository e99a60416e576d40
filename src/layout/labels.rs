//! Labels that must not be drawn: where the router finds no free place for one, it would lie on something else.
//!
//! Guarantees: of two labels that overlap the first stays; what stays lies on no card and on no line of another edge.

use super::geometry::{hits, overlap};
use super::route::{Connection, LabelBox, Routed};
use super::verify::grid::Grid;
use super::verify::span;
use super::{Point, Rect};

/// Overlaps up to this are none.
const SLACK: f64 = 0.5;

/// The labels that are drawn, by connection. `taken` are labels that stand already.
pub(super) fn free(routed: &Routed, connections: &[Connection], taken: &[Rect]) -> Vec<Option<Rect>> {
    let all: Vec<Option<Rect>> = routed
        .labels
        .iter()
        .zip(connections)
        .enumerate()
        .map(|(index, (label, connection))| own(label.as_ref(), index).filter(|_| connection.label.is_some()))
        .collect();
    let cards = Grid::new(routed.placed.cards.iter().copied());
    let parts: Vec<(usize, Point, Point)> = routed
        .lines
        .iter()
        .enumerate()
        .flat_map(|(index, line)| line.windows(2).map(move |w| (index, w[0], w[1])))
        .collect();
    let lines = Grid::new(parts.iter().map(|(_, a, b)| span(*a, *b)));
    let others = Grid::new(all.iter().map(|r| r.unwrap_or_default()).chain(taken.iter().copied()));
    let mut drawn = all.clone();
    for (index, label) in all.iter().enumerate() {
        let Some(rect) = label else { continue };
        let on_card = cards.near(rect).into_iter().any(|c| overlap(&routed.placed.cards[c], rect, SLACK));
        let on_line = lines.near(rect).into_iter().any(|p| {
            let (owner, a, b) = parts[p];
            owner != index && hits(rect, a, b, -1.0)
        });
        let on_label = others.near(rect).into_iter().any(|other| match other.checked_sub(all.len()) {
            Some(other) => overlap(&taken[other], rect, SLACK),
            None => other < index && drawn[other].is_some_and(|r| overlap(&r, rect, SLACK)),
        });
        if on_card || on_line || on_label {
            drawn[index] = None;
        }
    }
    drawn
}

fn own(label: Option<&LabelBox>, index: usize) -> Option<Rect> {
    label.filter(|l| l.owner == index).map(|l| l.rect)
}
