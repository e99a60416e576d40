//! Parts for tests: cards of one size, and lines between them.

use super::engine::{BoxIn, EdgeIn, Part, Pin};

/// A card without rows that may stand anywhere.
pub(super) fn card(width: f64, height: f64) -> BoxIn {
    BoxIn { width, height, pin: Pin::Free, header: 0.0, rows: Vec::new(), entries: Vec::new() }
}

/// A line without a label.
pub(super) fn edge(from: usize, to: usize) -> EdgeIn {
    EdgeIn { from, to, row: None, entry: None, label: None, trunk: 0, straight: false }
}

/// A line with a label.
pub(super) fn labeled(from: usize, to: usize) -> EdgeIn {
    EdgeIn { label: Some((40.0, 18.0)), ..edge(from, to) }
}

/// The given number of cards of 160 by 46 units, and these lines.
pub(super) fn part(boxes: usize, edges: impl IntoIterator<Item = EdgeIn>) -> Part {
    Part { boxes: vec![card(160.0, 46.0); boxes], edges: edges.into_iter().collect() }
}
