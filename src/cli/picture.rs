//! The picture of one state, from what was read to the page: for every command that draws one.

use super::folder::Arrange;
use super::input::{ConnectArgs, Input};
use super::levels::{LevelArgs, Shown};
use crate::check::{self, Subject};
use crate::diagnostic::{Diagnostic, Warned};
use crate::graph::Graph;
use crate::layout::{self, Layout, Legend};
use crate::policy::{Calls, Connectivity};
use crate::render::{self, Background, Book, ObjectTexts, PictureOptions, Theme};
use crate::resolve::{Denied, Repeated};
use crate::view;

/// Arguments that say how a picture is drawn.
#[derive(clap::Args, Clone, Debug)]
pub struct PictureArgs {
    /// The title of the picture
    #[arg(long)]
    title: Option<String>,

    /// Leave the legend out
    #[arg(long)]
    no_legend: bool,

    /// Do not say on cards what `check` finds wrong with their objects
    #[arg(long)]
    no_findings: bool,

    /// Also draw what a policy at one end allows and policies at the other deny
    #[arg(long)]
    show_denied: bool,

    /// Calls that configuration tells of, as dotted lines: auto leaves out those for which a line says that policies
    /// allow it, and all where the texts of the picture would be too small with them; all draws them in any case
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WhichCalls::Auto)]
    calls: WhichCalls,

    /// Say on the cards of workloads which images they run: the last part of the name, the tag, the first digits of the
    /// digest
    #[arg(long)]
    show_images: bool,

    /// The texts of objects in HTML pages: redacted leaves out values that may be secret (of Secrets, ConfigMaps,
    /// environment variables, annotations)
    #[arg(long = "yaml", value_enum, value_name = "WHICH", default_value_t = Texts::Redacted)]
    texts: Texts,

    /// The colors of the picture: light, dark, or auto to follow the reader's setting
    #[arg(long, default_value = "light")]
    theme: Theme,
}

/// Which texts of objects pages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Texts {
    Redacted,
    Full,
    None,
}

impl From<Texts> for ObjectTexts {
    fn from(texts: Texts) -> ObjectTexts {
        match texts {
            Texts::Redacted => ObjectTexts::Redacted,
            Texts::Full => ObjectTexts::Whole,
            Texts::None => ObjectTexts::Hidden,
        }
    }
}

/// The most objects that a page draws one by one beside an overview: it can be moved and searched, so it takes more
/// than a picture on paper.
const MAX_PAGE_NODES: usize = 1_500;

/// All objects and their picture.
pub type Whole = (Layout, Graph);

/// Which calls are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum WhichCalls {
    Auto,
    All,
    Never,
}

/// What is known of a state beside its graph.
#[derive(Default)]
pub struct Known {
    /// Who can talk to whom.
    pub connectivity: Connectivity,
    calls: Calls,
    /// What `check` finds, unless nobody wants to know.
    findings: Vec<Diagnostic>,
}

impl PictureArgs {
    /// Puts into the graph of what was read all that the picture tells: what policies allow, calls, findings, images.
    pub fn complete(&self, input: &mut Input, connect: &ConnectArgs, levels: &LevelArgs) -> anyhow::Result<Known> {
        let connectivity = input.connect(connect)?;
        let denied = if self.show_denied { Denied::Shown } else { Denied::Hidden };
        if levels.is_about_resources() {
            crate::resources(&mut input.inspection, &input.sources);
        } else {
            crate::allow(&mut input.inspection, &connectivity, &input.sources, denied);
        }
        let calls = crate::calls(&input.inspection, &input.sources);
        if self.calls != WhichCalls::Never && !levels.is_about_resources() {
            let repeated = if self.calls == WhichCalls::All { Repeated::Shown } else { Repeated::Hidden };
            crate::draw_calls(&mut input.inspection, &connectivity, &calls, &input.sources, repeated);
        }
        let subject = Subject {
            cluster: &input.inspection.cluster,
            graph: &input.inspection.graph,
            connectivity: &connectivity,
            calls: &calls,
        };
        let findings = if self.no_findings {
            Vec::new()
        } else {
            let found = check::check(&subject, &check::Options::default());
            check::unsuppressed(found, &input.inspection.cluster, &input.sources)
        };
        crate::remark(&mut input.inspection, &findings, &input.sources);
        if self.show_images {
            let graph = std::mem::take(&mut input.inspection.graph);
            input.inspection.graph = view::show_images(graph);
        }
        Ok(Known { connectivity, calls, findings: findings.into_iter().map(|f| f.diagnostic).collect() })
    }

    /// The same with another title.
    #[cfg(feature = "serve")]
    pub fn titled(&self, title: &str) -> PictureArgs {
        PictureArgs { title: Some(title.to_owned()), ..self.clone() }
    }

    /// The calls that are told, if any are.
    pub fn told<'a>(&self, known: &'a Known) -> Option<&'a Calls> {
        (self.calls != WhichCalls::Never).then_some(&known.calls)
    }

    /// How the picture is written.
    pub fn options(&self) -> PictureOptions {
        PictureOptions { theme: self.theme, title: self.title.clone(), ..PictureOptions::default() }
    }

    /// How the picture is laid out.
    pub fn layout_options(&self) -> layout::Options {
        let legend = if self.no_legend { Legend::Hidden } else { Legend::Shown };
        layout::Options { title: self.title.clone(), legend, ..layout::Options::default() }
    }

    /// How graphs are put in their place: with all calls that they hold, or those that leave the picture readable.
    pub fn arrange(&self) -> Arrange {
        match self.calls {
            WhichCalls::Auto => crate::arrange_readably,
            WhichCalls::All | WhichCalls::Never => |graph, options| {
                let arranged = crate::arrange(graph, options);
                Warned { value: (arranged.value, None), diagnostics: arranged.diagnostics }
            },
        }
    }

    /// What pages know beside the graphs.
    pub fn background<'a>(&self, input: &'a Input, known: &'a Known) -> Background<'a> {
        Background { cluster: &input.inspection.cluster, connectivity: &known.connectivity, texts: self.texts.into() }
    }

    /// Puts all objects in their places for a page whose picture is an overview, unless they are too many.
    pub fn draw_whole(&self, shown: &Shown, input: &mut Input) -> Option<Whole> {
        let count = shown.graph.nodes().len();
        let is_overview = shown.picture().nodes().len() < count;
        if !is_overview || count > MAX_PAGE_NODES {
            return None;
        }
        let (layout, drawn) = self.arrange()(&shown.graph, &self.layout_options()).unpack(&mut input.diagnostics);
        Some((layout, drawn.unwrap_or_else(|| shown.graph.clone())))
    }

    /// Puts what is shown in its place.
    pub fn draw(&self, shown: &mut Shown, input: &mut Input) -> Layout {
        let (layout, drawn) = self.arrange()(shown.picture(), &self.layout_options()).unpack(&mut input.diagnostics);
        if drawn.is_some() {
            shown.picture = drawn;
        }
        layout
    }
}

/// A page of the picture, with tables that tell everything, whatever the picture shows.
pub fn page(
    (layout, whole): (&Layout, Option<&Whole>),
    shown: &Shown,
    input: &Input,
    (known, background): (&Known, Background<'_>),
    options: &PictureOptions,
) -> anyhow::Result<String> {
    let mut diagnostics: Vec<Diagnostic> = input.diagnostics.iter().chain(&known.findings).cloned().collect();
    Diagnostic::sort(&mut diagnostics);
    let book = Book {
        layout,
        drawn: shown.picture(),
        whole: whole.map(|(layout, graph)| (layout, graph)),
        told: Some(&shown.graph),
        diagnostics: Some(&diagnostics),
        sources: &input.sources,
        background: Some(background),
        pages: &[],
        beside: &[],
    };
    Ok(render::page(&book, options)?)
}
