//! Turns a part of a World into a picture: selection, overview and findings on cards, then the layout.
//!
//! A [`Selection`] only says what is drawn. Whoever answers questions asks the World.

use std::collections::BTreeMap;

use crate::check::Finding;
use crate::diagnostic::{Code, Diagnostic, Severity, Warned};
use crate::graph::{Graph, Gravity, Remark};
use crate::layout::{self, Layout};
use crate::view::{self, Aspect, Labels, Lines, Note, NothingSelected, Selection};
use crate::world::World;

/// Options of a picture.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The aspect that the picture shows.
    pub aspect: Aspect,
    /// The connections to draw.
    pub lines: Lines,
    /// The objects to draw.
    pub selection: Selection,
    /// The label whose values group objects into frames within their namespace.
    pub group_by: Option<String>,
    /// The condition for drawing one box for each namespace instead of its objects.
    pub overview: Overview,
    /// The hint of an overview on how to see more; may be empty.
    pub hint: String,
    /// Visibility of images on the cards of workloads.
    pub images: Images,
}

/// The condition for an overview: a box for each namespace, or for each value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overview {
    /// If the picture has more nodes than this and the overview has fewer.
    Above(usize),
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The largest number of nodes that is readable on a screen or a page.
pub const MAX_NODES: usize = 150;

impl Default for Overview {
    fn default() -> Overview {
        Overview::Above(MAX_NODES)
    }
}

/// Visibility of images on the cards of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Images {
    /// Cards do not show images.
    #[default]
    Hidden,
    /// Cards show images.
    Shown,
}

/// The part of a World that is shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The selection, grouped into frames.
    pub graph: Graph,
    /// The graph to draw, if it is less than the selection: an overview, or a graph without calls.
    pub picture: Option<Graph>,
}

impl Shown {
    /// The graph to draw.
    pub fn picture(&self) -> &Graph {
        self.picture.as_ref().unwrap_or(&self.graph)
    }
}

/// Selects a part of a World and adds the errors and warnings of `findings` to its objects.
///
/// # Errors
///
/// If nothing is selected.
pub fn show(world: &World, findings: &[Finding], options: &Options) -> Result<Shown, NothingSelected> {
    let labels = world.labels();
    let mut graph = view::aspect(world.graph(), options.aspect, options.lines);
    remark(&mut graph, findings, world);
    if options.images == Images::Shown {
        view::show_images(&mut graph);
    }
    let graph = view::select(graph, &labels, &options.selection)?;
    let picture = overview(&graph, &labels, options).map(|mut picture| {
        picture.set_not_shown(graph.not_shown().into());
        picture
    });
    Ok(Shown { graph: grouped(graph, &labels, options), picture })
}

/// The graph with the requested frames.
pub fn grouped(graph: Graph, labels: &Labels, options: &Options) -> Graph {
    match &options.group_by {
        Some(key) => view::group(graph, labels, key),
        None => graph,
    }
}

/// The value of the grouping label for each node that has one.
pub fn values(graph: &Graph, labels: &Labels, options: &Options) -> Option<BTreeMap<usize, String>> {
    options.group_by.as_deref().map(|key| view::values(graph, labels, key))
}

fn overview(graph: &Graph, labels: &Labels, options: &Options) -> Option<Graph> {
    let nodes = graph.nodes().len();
    let is_asked = match options.overview {
        Overview::Never => false,
        Overview::Above(most) => nodes > most,
        Overview::Always => nodes > 0,
    };
    if !is_asked {
        return None;
    }
    let values = values(graph, labels, options).or_else(|| view::division(graph, labels));
    let is_wanted = options.overview == Overview::Always || view::is_worth_it(graph, values.as_ref());
    is_wanted.then(|| view::overview(graph, values.as_ref(), &Note { hint: options.hint.clone() }))
}

/// Adds errors and warnings to the nodes of their objects.
fn remark(graph: &mut Graph, findings: &[Finding], world: &World) {
    let remarks = findings.iter().filter_map(|finding| {
        let gravity = match finding.diagnostic.severity {
            Severity::Error => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Info => return None,
        };
        let place = finding.diagnostic.at.map(|at| world.sources().line_of(at)).unwrap_or_default();
        Some((finding.about.clone()?, Remark { gravity, text: finding.diagnostic.message.clone(), place }))
    });
    graph.remark(remarks);
}

/// Lays out a graph. If a simpler arrangement is used, that is reported.
pub fn arrange(graph: &Graph, options: &layout::Options) -> Warned<Layout> {
    let layout = layout::layout(graph, options);
    let diagnostics =
        layout.fallbacks.iter().map(|reason| Diagnostic::general(Code::LayoutFallback, reason.clone())).collect();
    Warned { value: layout, diagnostics }
}
