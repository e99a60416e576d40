//! The picture of one state and its page, for every command that draws one.

use super::{complete, progress};
use crate::check::{self, Finding};
use crate::diagnostic::{Diagnostic, Warned};
use crate::graph::Graph;
use crate::layout::{self, Layout, Legend};
use crate::picture::{self, Images, Shown};
use crate::render::{self, ObjectTexts, Page, PageLink, PictureOptions, Theme};
use crate::view::{CallLines, Denied, Lines};
use crate::world::World;

/// Arguments for drawing.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Appearance")]
pub struct PictureArgs {
    /// The title of the picture [default: the name of the folder or file]
    #[arg(long)]
    title: Option<String>,

    #[arg(skip)]
    subject: Option<String>,

    /// Leave the legend out
    #[arg(long, hide_short_help = true)]
    no_legend: bool,

    /// Do not mark objects that have findings of `check`
    #[arg(long, hide_short_help = true)]
    no_findings: bool,

    /// Also draw connections that policies allow at one end and deny at the other
    #[arg(long)]
    show_denied: bool,

    /// Calls to draw, as dotted lines
    ///
    /// A call is a Service that the configuration of a workload names. auto omits calls that an allowed connection
    /// already shows.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = WhichCalls::Auto, hide_short_help = true)]
    calls: WhichCalls,

    /// Show the images of workloads
    ///
    /// The last part of the name, the tag, and the first digits of the digest.
    #[arg(long, hide_short_help = true)]
    show_images: bool,

    /// Manifests of objects in HTML pages
    ///
    /// redacted leaves out values that may be secret (of ConfigMaps, environment variables, annotations), full shows
    /// them. Values of Secrets are never shown.
    #[arg(long = "yaml", value_enum, value_name = "WHICH", default_value_t = Texts::Redacted, hide_short_help = true)]
    texts: Texts,

    /// The colors: light, dark, or auto for the reader's setting [default: light for pictures, auto for pages]
    #[arg(long, add = complete::values::<Theme>())]
    theme: Option<Theme>,
}

/// The manifests that pages contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Texts {
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

/// The maximum number of objects that a page draws one by one beside an overview.
const MAX_PAGE_NODES: usize = 1_500;

/// The calls to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum WhichCalls {
    Auto,
    All,
    Never,
}

impl PictureArgs {
    /// The selection of a command, with these arguments for lines and cards.
    pub fn options(&self, selected: picture::Options) -> picture::Options {
        picture::Options {
            lines: Lines {
                denied: if self.show_denied { Denied::Shown } else { Denied::Hidden },
                calls: self.call_lines(),
            },
            images: if self.show_images { Images::Shown } else { Images::Hidden },
            ..selected
        }
    }

    /// The findings of `check`, for cards and pages.
    pub fn findings(&self, world: &World) -> Vec<Finding> {
        if self.no_findings {
            return Vec::new();
        }
        let _step = progress::step(progress::looking(world.objects()));
        check::unsuppressed(check::check(world, &check::Options::default()), world)
    }

    fn call_lines(&self) -> CallLines {
        match self.calls {
            WhichCalls::Auto => CallLines::Uncovered,
            WhichCalls::All => CallLines::All,
            WhichCalls::Never => CallLines::Hidden,
        }
    }

    /// The same with another title.
    pub fn titled(&self, title: &str) -> PictureArgs {
        PictureArgs { title: Some(title.to_owned()), ..self.clone() }
    }

    /// Names what is drawn: the title of pictures, if none was given.
    pub fn name(&mut self, subject: Option<String>) {
        self.subject = subject;
    }

    /// The title; an empty one is none.
    fn title(&self) -> Option<String> {
        self.title.clone().or_else(|| self.subject.clone()).filter(|title| !title.is_empty())
    }

    /// True if a title was given.
    pub fn has_title(&self) -> bool {
        self.title.is_some()
    }

    /// The same for a part of the picture: `TITLE: part`.
    pub fn part(&self, part: &str) -> PictureArgs {
        match self.title() {
            Some(title) => self.titled(&format!("{title}: {part}")),
            None => self.titled(part),
        }
    }

    /// Options for rendering.
    pub fn look(&self) -> PictureOptions {
        PictureOptions { theme: self.theme.unwrap_or_default(), title: self.title(), ..PictureOptions::default() }
    }

    /// Options for rendering pages, which follow the reader's setting unless a theme is asked for.
    pub fn look_of_page(&self) -> PictureOptions {
        PictureOptions { theme: self.theme.unwrap_or(Theme::Auto), ..self.look() }
    }

    /// Options for graphs as text, which stand in documents that have titles of their own.
    pub fn look_of_text(&self) -> PictureOptions {
        PictureOptions { title: self.title.clone(), ..self.look() }
    }

    /// Options for the layout.
    pub fn layout_options(&self) -> layout::Options {
        let legend = if self.no_legend { Legend::Hidden } else { Legend::Shown };
        layout::Options { title: self.title(), legend, ..layout::Options::default() }
    }

    /// Lays out a graph.
    pub fn arrange(&self, graph: &Graph) -> Warned<Layout> {
        let objects = progress::grouped(graph.nodes().len());
        let _step = progress::step(move || format!("arranging the picture: {objects} objects"));
        picture::arrange(graph, &self.layout_options())
    }

    /// Lays out the selection.
    pub fn draw(&self, shown: &Shown, problems: &mut Vec<Diagnostic>) -> Layout {
        self.arrange(shown.picture()).unpack(problems)
    }

    /// Lays out all objects for a page whose picture is an overview, unless they are too many.
    pub fn draw_whole(&self, shown: &Shown, problems: &mut Vec<Diagnostic>) -> Option<Layout> {
        let count = shown.graph.nodes().len();
        let is_overview = shown.picture().nodes().len() < count;
        if !is_overview || count > MAX_PAGE_NODES {
            return None;
        }
        Some(self.arrange(&shown.graph).unpack(problems))
    }

    /// A page with the picture, and tables of everything selected.
    pub fn page(&self, world: &World, drawing: &Drawing<'_>, look: &PictureOptions) -> anyhow::Result<String> {
        self.page_beside(world, drawing, look, &[])
    }

    /// The same, with links to other pages.
    pub fn page_beside(
        &self,
        world: &World,
        drawing: &Drawing<'_>,
        look: &PictureOptions,
        beside: &[PageLink],
    ) -> anyhow::Result<String> {
        let Drawing { shown, layout, whole, findings, problems } = *drawing;
        let found = findings.iter().map(|f| &f.diagnostic);
        let mut problems: Vec<Diagnostic> = world.diagnostics().iter().chain(problems).chain(found).cloned().collect();
        Diagnostic::sort(&mut problems);
        let page = Page {
            texts: self.texts(),
            whole: whole.map(|layout| (layout, &shown.graph)),
            tables: Some(&shown.graph),
            beside,
            ..Page::new(world, layout, shown.picture(), &problems)
        };
        Ok(render::page(&page, look)?)
    }

    /// The manifests that pages contain.
    pub fn texts(&self) -> ObjectTexts {
        self.texts.into()
    }
}

/// A picture with what belongs on its page.
#[derive(Clone, Copy)]
pub struct Drawing<'a> {
    /// The selection.
    pub shown: &'a Shown,
    /// The picture.
    pub layout: &'a Layout,
    /// All objects, where the picture is an overview.
    pub whole: Option<&'a Layout>,
    /// The findings of `check`.
    pub findings: &'a [Finding],
    /// Diagnostics of drawing.
    pub problems: &'a [Diagnostic],
}
