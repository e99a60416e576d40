//! A World → a picture of a part of it: what is selected and from how far away it is seen, with what was found wrong,
//! put in its place.
//!
//! A [`Selection`] only says what is drawn. Whoever answers questions asks the World.

use std::collections::BTreeMap;

use crate::check::Finding;
use crate::diagnostic::{Code, Diagnostic, Severity, Warned};
use crate::graph::{EdgeKind, Graph, Gravity, Remark};
use crate::layout::{self, Layout};
use crate::view::{self, Aspect, CallLines, Labels, Lines, Note, NothingSelected, Selection};
use crate::world::World;

/// What is drawn of a World.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the picture is about.
    pub aspect: Aspect,
    /// Which connections it draws.
    pub lines: Lines,
    /// Which objects it draws.
    pub selection: Selection,
    /// The label by whose values objects stand in frames within their namespace.
    pub group_by: Option<String>,
    /// When a box for each namespace stands for its objects.
    pub overview: Overview,
    /// What an overview says about how to see more; may be empty.
    pub hint: String,
    /// Whether cards of workloads say which images they run.
    pub images: Images,
}

/// When a picture is an overview: a box for each namespace, or for each value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overview {
    /// Where there would be more than so many nodes, if that makes them fewer.
    Above(usize),
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A picture of more nodes is too large to be read on a screen or a page.
pub const MAX_NODES: usize = 150;

impl Default for Overview {
    fn default() -> Overview {
        Overview::Above(MAX_NODES)
    }
}

/// Whether cards of workloads say which images they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Images {
    /// They do not.
    #[default]
    Hidden,
    /// They do.
    Shown,
}

/// What is shown of a World.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// What was selected, in its frames.
    pub graph: Graph,
    /// What pictures show of it, if that is less: an overview, or no calls.
    pub picture: Option<Graph>,
}

impl Shown {
    /// What pictures show.
    pub fn picture(&self) -> &Graph {
        self.picture.as_ref().unwrap_or(&self.graph)
    }
}

/// What is shown of a World, with errors and warnings of `findings` on the objects that they are about.
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
    let picture = overview(&graph, &labels, options);
    Ok(Shown { graph: grouped(graph, &labels, options), picture })
}

/// The frames that are asked for.
pub fn grouped(graph: Graph, labels: &Labels, options: &Options) -> Graph {
    match &options.group_by {
        Some(key) => view::group(graph, labels, key),
        None => graph,
    }
}

/// The value of the label that frames are made by, for each node that has one.
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
    let values = values(graph, labels, options);
    let is_wanted = options.overview == Overview::Always || view::is_worth_it(graph, values.as_ref());
    is_wanted.then(|| view::overview(graph, values.as_ref(), &Note { hint: options.hint.clone() }))
}

/// Says on the nodes of a graph what was found wrong with their objects: errors and warnings.
fn remark(graph: &mut Graph, findings: &[Finding], world: &World) {
    for finding in findings {
        let gravity = match finding.diagnostic.severity {
            Severity::Error => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Info => continue,
        };
        if let Some(key) = &finding.about {
            let place = finding.diagnostic.at.map(|at| world.sources().line_of(at)).unwrap_or_default();
            graph.remark(key, Remark { gravity, text: finding.diagnostic.message.clone(), place });
        }
    }
}

/// A graph in its place.
#[derive(Clone, Debug, Default)]
pub struct Arranged {
    /// The picture.
    pub layout: Layout,
    /// What is drawn, if that is less than the graph.
    pub drawn: Option<Graph>,
}

/// Puts everything in its place. Where `calls` leaves a choice, calls are left out if the texts of the picture would be
/// too small with them and larger without.
pub fn arrange(graph: &Graph, calls: CallLines, options: &layout::Options) -> Warned<Arranged> {
    let whole = laid_out(graph, options).map(|layout| Arranged { layout, drawn: None });
    let count = graph.edges().filter(|(.., e)| e.kind() == EdgeKind::Calls).count();
    if calls != CallLines::Uncovered || count == 0 || whole.value.layout.is_readable() {
        return whole;
    }
    let plain = view::without(graph, EdgeKind::Calls);
    let other = laid_out(&plain, options);
    if other.value.width > whole.value.layout.width * layout::CLEARLY_SMALLER {
        return whole;
    }
    let what = if count == 1 { "1 call is".to_owned() } else { format!("{count} calls are") };
    let message = format!("{what} not drawn: with the lines of what configuration calls the texts would be too small");
    let mut other = other.map(|layout| Arranged { layout, drawn: Some(plain) });
    other.diagnostics.push(Diagnostic::general(Code::CallsNotDrawn, message).with_help("--calls all draws them"));
    other
}

/// Puts everything in its place. Where the layout engine gave up a plainer arrangement is used, and reported.
fn laid_out(graph: &Graph, options: &layout::Options) -> Warned<Layout> {
    let layout = layout::layout(graph, options);
    let diagnostics =
        layout.fallbacks.iter().map(|reason| Diagnostic::general(Code::LayoutFallback, reason.clone())).collect();
    Warned { value: layout, diagnostics }
}
