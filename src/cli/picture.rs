//! The picture of one state, from what was read to the page: for every command that draws one.

use crate::check::{self, Finding};
use crate::diagnostic::{Diagnostic, Warned};
use crate::graph::Graph;
use crate::layout::{self, Layout, Legend};
use crate::picture::{self, Arranged, Images, Shown};
use crate::render::{self, ObjectTexts, Page, PictureOptions, Theme};
use crate::view::{CallLines, Denied, Lines};
use crate::world::World;

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
pub struct Whole {
    /// The picture.
    pub layout: Layout,
    /// What it shows.
    pub graph: Graph,
}

/// Which calls are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum WhichCalls {
    Auto,
    All,
    Never,
}

impl PictureArgs {
    /// What is drawn: what a command selects, with the lines and cards of these arguments.
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

    /// What `check` finds, for cards and pages.
    pub fn findings(&self, world: &World) -> Vec<Finding> {
        if self.no_findings {
            return Vec::new();
        }
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

    /// Whether a title was given.
    pub fn has_title(&self) -> bool {
        self.title.is_some()
    }

    /// The same for a part of the picture: `TITLE: part`.
    pub fn part(&self, part: &str) -> PictureArgs {
        match &self.title {
            Some(title) => self.titled(&format!("{title}: {part}")),
            None => self.titled(part),
        }
    }

    /// How the picture is written.
    pub fn look(&self) -> PictureOptions {
        PictureOptions { theme: self.theme, title: self.title.clone(), ..PictureOptions::default() }
    }

    /// How the picture is laid out.
    pub fn layout_options(&self) -> layout::Options {
        let legend = if self.no_legend { Legend::Hidden } else { Legend::Shown };
        layout::Options { title: self.title.clone(), legend, ..layout::Options::default() }
    }

    /// Puts a graph in its place.
    pub fn arrange(&self, graph: &Graph) -> Warned<Arranged> {
        picture::arrange(graph, self.call_lines(), &self.layout_options())
    }

    /// Puts what is shown in its place.
    pub fn draw(&self, shown: &mut Shown, problems: &mut Vec<Diagnostic>) -> Layout {
        let Arranged { layout, drawn } = self.arrange(shown.picture()).unpack(problems);
        if drawn.is_some() {
            shown.picture = drawn;
        }
        layout
    }

    /// Puts all objects in their places for a page whose picture is an overview, unless they are too many.
    pub fn draw_whole(&self, shown: &Shown, problems: &mut Vec<Diagnostic>) -> Option<Whole> {
        let count = shown.graph.nodes().len();
        let is_overview = shown.picture().nodes().len() < count;
        if !is_overview || count > MAX_PAGE_NODES {
            return None;
        }
        let Arranged { layout, drawn } = self.arrange(&shown.graph).unpack(problems);
        Some(Whole { layout, graph: drawn.unwrap_or_else(|| shown.graph.clone()) })
    }

    /// A page of the picture, with tables about all that is shown, whatever the picture leaves out.
    pub fn page(&self, world: &World, drawing: &Drawing<'_>, look: &PictureOptions) -> anyhow::Result<String> {
        let Drawing { shown, layout, whole, findings, problems } = *drawing;
        let found = findings.iter().map(|f| &f.diagnostic);
        let mut problems: Vec<Diagnostic> = world.diagnostics().iter().chain(problems).chain(found).cloned().collect();
        Diagnostic::sort(&mut problems);
        let page = Page {
            texts: self.texts.into(),
            whole: whole.map(|w| (&w.layout, &w.graph)),
            tables: Some(&shown.graph),
            ..Page::new(world, layout, shown.picture(), &problems)
        };
        Ok(render::page(&page, look)?)
    }

    /// Which texts of objects pages hold.
    pub fn texts(&self) -> ObjectTexts {
        self.texts.into()
    }
}

/// A picture with what belongs on its page.
#[derive(Clone, Copy)]
pub struct Drawing<'a> {
    /// What is shown.
    pub shown: &'a Shown,
    /// The picture.
    pub layout: &'a Layout,
    /// All objects, where the picture is an overview.
    pub whole: Option<&'a Whole>,
    /// What `check` finds.
    pub findings: &'a [Finding],
    /// What was noticed while drawing.
    pub problems: &'a [Diagnostic],
}
