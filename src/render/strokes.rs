//! How the lines of each kind of edge look: width, dash, and the shape at their end.

use crate::graph::EdgeKind;
use crate::layout::Point;

use super::xml::number;

/// How the line of an edge looks. Width, dash and head tell kinds apart without color.
pub(super) struct LineStyle {
    pub(super) width: f64,
    pub(super) dash: Option<&'static str>,
    pub(super) head: Head,
    pub(super) head_length: f64,
    /// Radius of the dot where lines part or join.
    pub(super) dot: f64,
}

/// The shape at the end of a line.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Head {
    /// A filled arrowhead, this wide to each side.
    Arrow(f64),
    /// An open diamond.
    Diamond,
    /// An open circle.
    Ring,
    /// A filled arrowhead with swept wings.
    Barbed,
    /// A bar across the line.
    Bar,
    /// A filled square.
    Square,
    /// Two filled arrowheads, one behind the other.
    Double,
    /// Nothing: the line goes on.
    None,
}

impl LineStyle {
    /// The look of the lines of a kind.
    pub(super) fn of(kind: EdgeKind) -> LineStyle {
        match kind {
            EdgeKind::Exposes => {
                LineStyle { width: 2.6, dash: None, head: Head::Arrow(4.6), head_length: 8.0, dot: 3.4 }
            }
            EdgeKind::Routes => {
                LineStyle { width: 1.5, dash: None, head: Head::Arrow(3.6), head_length: 7.0, dot: 2.6 }
            }
            EdgeKind::Selects => LineStyle { width: 1.5, dash: None, head: Head::Diamond, head_length: 8.0, dot: 2.6 },
            EdgeKind::Allows => {
                LineStyle { width: 1.6, dash: Some("6 4"), head: Head::Barbed, head_length: 7.0, dot: 2.6 }
            }
            EdgeKind::Denied => {
                LineStyle { width: 1.5, dash: Some("2 4"), head: Head::Bar, head_length: 6.0, dot: 2.6 }
            }
            EdgeKind::Calls => {
                LineStyle { width: 1.7, dash: Some("0.1 4.2"), head: Head::Arrow(3.6), head_length: 7.0, dot: 2.6 }
            }
            EdgeKind::Uses => LineStyle { width: 1.2, dash: None, head: Head::Square, head_length: 6.0, dot: 2.4 },
            EdgeKind::Scales => LineStyle { width: 1.5, dash: None, head: Head::Double, head_length: 10.0, dot: 2.6 },
            EdgeKind::Resolves => {
                LineStyle { width: 1.8, dash: Some("0.1 4"), head: Head::Ring, head_length: 6.0, dot: 2.6 }
            }
        }
    }
}

/// Path data being written.
#[derive(Default)]
pub(super) struct Path {
    pub(super) data: String,
}

impl Path {
    /// Adds a command with its numbers.
    pub(super) fn to(&mut self, command: char, numbers: &[f64]) -> &mut Self {
        self.data.push(command);
        for (i, n) in numbers.iter().enumerate() {
            if i > 0 {
                self.data.push(' ');
            }
            number(&mut self.data, *n);
        }
        self
    }

    /// The data of a closed shape.
    pub(super) fn close(mut self) -> String {
        self.data.push('Z');
        self.data
    }
}

/// The shape between the end of a shaft and the tip.
pub(super) fn head_path(base: Point, tip: Point, head: Head) -> String {
    let mut path = Path::default();
    if head == Head::Ring {
        let radius = ((tip.x - base.x).abs() + (tip.y - base.y).abs()) / 2.0;
        path.to('M', &[tip.x, tip.y])
            .to('A', &[radius, radius, 0.0, 1.0, 1.0, base.x, base.y])
            .to('A', &[radius, radius, 0.0, 1.0, 1.0, tip.x, tip.y]);
    }
    for (i, corner) in corners(base, tip, head).into_iter().enumerate() {
        path.to(if i == 0 { 'M' } else { 'L' }, &[corner.x, corner.y]);
    }
    path.close()
}

/// The corners of a shape of straight lines.
fn corners(base: Point, tip: Point, head: Head) -> Vec<Point> {
    let (dx, dy) = (tip.x - base.x, tip.y - base.y);
    let length = dx.abs() + dy.abs();
    let (ux, uy) = if length > f64::EPSILON { (dx / length, dy / length) } else { (1.0, 0.0) };
    let middle = Point { x: (base.x + tip.x) / 2.0, y: (base.y + tip.y) / 2.0 };
    // A point so far from another one in the direction of the tip, and so far to its side.
    let off = |from: Point, along: f64, aside: f64| Point {
        x: from.x + ux * along - uy * aside,
        y: from.y + uy * along + ux * aside,
    };
    match head {
        // The wings lie a little behind the end of the shaft, so that no gap shows where they meet.
        Head::Arrow(side) => vec![tip, off(base, -1.0, side), off(base, -1.0, -side)],
        Head::Diamond => vec![tip, off(middle, 0.0, 3.4), base, off(middle, 0.0, -3.4)],
        Head::Barbed => vec![tip, off(base, -2.0, 4.2), off(base, 1.5, 0.0), off(base, -2.0, -4.2)],
        Head::Bar => {
            vec![off(middle, 0.0, 4.6), off(middle, 0.0, -4.6), off(middle, 2.0, -4.6), off(middle, 2.0, 4.6)]
        }
        Head::Square => vec![off(base, 0.0, 3.0), off(tip, 0.0, 3.0), off(tip, 0.0, -3.0), off(base, 0.0, -3.0)],
        Head::Double => vec![
            tip,
            off(middle, 0.0, 4.0),
            off(middle, 0.0, 1.0),
            off(base, 0.0, 4.0),
            off(base, 0.0, -4.0),
            off(middle, 0.0, -1.0),
            off(middle, 0.0, -4.0),
        ],
        Head::Ring | Head::None => Vec::new(),
    }
}
