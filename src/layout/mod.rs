//! Lays out a graph: the result is a picture with the position of every box, text and line.
//!
//! The steps: cards and labels are measured (`card`, `changes`, `label`, `metrics`, `wrap`); the graph is sorted into
//! frames, components and nets (`scene`); each component has its fan-outs folded (`fold`), its Services stacked (`hug`)
//! or its chain broken into lines (`lines`), is placed by the layout engine (`inner`, `engine`, `ports`) and smoothed
//! (`straighten`, `lift`), or placed plainly (`fallback`); what stands in a frame with frames in it is laid out like a
//! whole (`nested`); frames are filled (`frame`, `fitted`, `outline`, `title`), put into columns (`pack`) and joined by
//! lines to each other and to what stands outside (`route`, `outside`, `tracks`) in several ways, of which the best is
//! kept (`portfolio`, `page`), freed of needless crossings (`untangle`) and put together (`pieces`, `assemble`); last,
//! changed lines outside frames get labels (`settle`), and crossings get gaps and branches dots
//! (`crossing`). Of the picture of a comparison `moment` makes those of its two states, in the same places.
//!
//! Guarantees: [`layout`] never panics, its work is bounded, the same graph gives the same picture, and `verify`
//! finds nothing.

mod assemble;
mod cards;
mod compose;
mod crossing;
mod engine;
mod fallback;
mod fitted;
mod fold;
mod frame;
mod geometry;
mod hug;
mod inner;
mod lift;
mod lines;
mod model;
mod moment;
mod nested;
mod outline;
mod outside;
mod pack;
mod page;
mod pieces;
mod place;
mod portfolio;
mod ports;
mod route;
#[allow(dead_code, reason = "the layout still uses the old router")]
mod router;
#[cfg(test)]
mod sample;
mod scene;
mod settle;
mod straighten;
mod tracks;
mod untangle;
mod verify;

pub use cards::metrics::text_width;
use cards::{card, label, legend, title};
pub use model::{
    Badge, CLEARLY_SMALLER, Card, Frame, Gap, Label, Layout, LegendEntry, Link, Point, Rect, Row, Sample, Text,
    TextRole,
};
pub use moment::{Moment, moment};
use verify::grid;
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
    /// How much work the engine may do for each connected part, in its own units; 1e8 take at most about a second. With
    /// 0 every part is arranged plainly.
    pub budget: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            title: None,
            legend: Legend::Shown,
            // Twenty Services that each select twenty workloads by some of their ports need 2e8; so do 400 cards around
            // one Ingress.
            budget: 200_000_000,
        }
    }
}

/// With more nodes than this a picture is not arranged in two ways.
const LARGE: usize = 50;

/// Gives everything in a graph its place.
pub fn layout(graph: &Graph, options: &Options) -> Layout {
    if std::env::var_os("KS_NEW").is_some() {
        return compose::picture(graph, options);
    }
    let scene = scene::build(graph);
    let banded = scene::banded(graph);
    let cards = card::plan_all(graph);
    let labels: Vec<_> = (0..graph.edges().len()).map(|e| label::plan(graph, e)).collect();
    let pool = portfolio::threads();
    let book = |scene| inner::Book {
        graph,
        scene,
        cards: &cards,
        labels: &labels,
        // Without threads of its own the engine might overflow the stack.
        budget: if pool.is_some() { options.budget } else { 0 },
        pool,
        room: None,
    };
    // In a large picture with a band nothing else comes near it, and trying would take as long again.
    let large = graph.nodes().len() > LARGE;
    let (first, others) = match &banded {
        Some(banded) if large => (book(banded), Vec::new()),
        Some(banded) => (book(&scene), vec![book(banded)]),
        None => (book(&scene), Vec::new()),
    };
    let (book, plan, routed) = portfolio::best_of(&first, &others, portfolio::Tries::Many);
    assemble::assemble(book, &plan, &routed, options)
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
