//! Lays out a graph: the result is a picture with the position of every box, text and line.
//!
//! The steps, a folder each: texts are measured and cards sized (`cards`); everything is given its place (`place`); all
//! lines are drawn at once over what is placed, with their labels (`route`); `assemble` puts it together, with gaps
//! where lines cross and dots where they part (`crossing`). Of the picture of a comparison `moment` makes those of its
//! two states, in the same places.
//!
//! Guarantees: [`layout`] never panics, its work is bounded, the same graph gives the same picture, and `verify`
//! finds nothing.

mod assemble;
mod cards;
mod crossing;
mod detour;
mod geometry;
mod labels;
mod model;
mod moment;
mod place;
mod route;
mod verify;

pub use cards::legend::edge_word;
pub use cards::metrics::text_width;
pub use model::{Badge, Card, Frame, Gap, Label, Layout, LegendEntry, Link, Point, Rect, Row, Sample, Text, TextRole};
pub use moment::{Moment, moment};
pub use verify::{Rule, Violation, verify};

use crate::graph::Graph;

/// Visibility of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Legend {
    /// A legend of the kinds that the picture uses.
    #[default]
    Shown,
    /// None.
    Hidden,
}

/// Options of the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The title of the picture.
    pub title: Option<String>,
    /// Visibility of the legend.
    pub legend: Legend,
    /// How many steps the search for the ways of lines may take; 5 million take about a second. With 0 every line is
    /// drawn plainly.
    pub budget: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { title: None, legend: Legend::Shown, budget: 5_000_000 }
    }
}

/// Gives everything in a graph its place.
pub fn layout(graph: &Graph, options: &Options) -> Layout {
    assemble::picture(graph, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_graph_is_an_empty_picture() {
        let picture = layout(&Graph::default(), &Options::default());
        assert_eq!(picture.heading[0].content, "nothing to draw");
        assert!(picture.width > 0.0 && picture.height > 0.0);
        assert_eq!(verify(&picture), vec![]);
    }
}
