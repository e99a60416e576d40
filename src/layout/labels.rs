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
    let lines = Parts::of(routed);
    let others = Grid::new(all.iter().map(|r| r.unwrap_or_default()).chain(taken.iter().copied()));
    let mut drawn = all.clone();
    for (index, label) in all.iter().enumerate() {
        let Some(rect) = label else { continue };
        let on_card = cards.near(rect).into_iter().any(|c| overlap(&routed.placed.cards[c], rect, SLACK));
        let on_line = lines.lie_on(rect, Some(index));
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

/// Labels between the cards of a composite that no routed line runs through.
pub(super) fn uncrossed(routed: &Routed, labels: impl Iterator<Item = Option<Rect>>) -> Vec<Option<Rect>> {
    let lines = Parts::of(routed);
    labels.map(|label| label.filter(|rect| !lines.lie_on(rect, None))).collect()
}

/// The straight parts of lines.
struct Parts {
    all: Vec<(usize, Point, Point)>,
    grid: Grid,
}

impl Parts {
    fn of(routed: &Routed) -> Parts {
        let lines = routed.lines.iter().enumerate();
        let all: Vec<(usize, Point, Point)> =
            lines.flat_map(|(index, line)| line.windows(2).map(move |w| (index, w[0], w[1]))).collect();
        let grid = Grid::new(all.iter().map(|(_, a, b)| span(*a, *b)));
        Parts { all, grid }
    }

    /// Whether a line but that of one connection runs through a box.
    fn lie_on(&self, rect: &Rect, owner: Option<usize>) -> bool {
        self.grid.near(rect).into_iter().any(|p| {
            let (index, a, b) = self.all[p];
            owner != Some(index) && hits(rect, a, b, -1.0)
        })
    }
}

fn own(label: Option<&LabelBox>, index: usize) -> Option<Rect> {
    label.filter(|l| l.owner == index).map(|l| l.rect)
}
