//! The functions of the library: what a program that uses it calls. The command line is built on the same rooms.

use std::path::PathBuf;

use crate::check::{self, Finding};
use crate::diagnostic::Diagnostic;
use crate::diff::{self, Diff, Revision, Section};
use crate::layout::{self, Layout};
use crate::picture::{self, Arranged, Shown};
use crate::render::{self, Changes, Page, PictureOptions};
use crate::source::{self, Loaded, Request};
use crate::view::NothingSelected;
use crate::why::{self, Answer, Question};
use crate::world::World;

/// Reads files and folders (recursively: `.yaml`, `.yml`, `.json`). What cannot be read is among the
/// [problems](Loaded::problems); everything else is read all the same.
pub fn read<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Loaded {
    source::load_files(&Request::new(paths))
}

/// What is broken or open, by place, without what the manifests themselves say is accepted.
pub fn check(world: &World) -> Vec<Finding> {
    check::unsuppressed(check::check(world, &check::Options::default()), world)
}

/// A question cannot be asked: its words mean nothing, nobody, or several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuestionError(String);

/// Whether a connection is allowed, by which rule, through which layers. Both ends are written as for `kubesketch why`:
/// `web`, `shop/web`, `deploy/web`, `10.0.0.7`, `internet`; the second may end in a port, `shop/web:80`.
///
/// # Errors
///
/// If an end means nobody or several; the error says whom it may have meant.
pub fn why(world: &World, from: &str, to: &str) -> Result<Answer, QuestionError> {
    let question = Question::parse(from, to).map_err(QuestionError)?;
    why::answer(world, &question, None).map_err(QuestionError)
}

/// A part of a World as a picture.
#[derive(Clone, Debug)]
pub struct Picture {
    shown: Shown,
    layout: Layout,
    problems: Vec<Diagnostic>,
}

/// Draws what is asked for, with what [`check()`] finds on the objects that it is about.
///
/// # Errors
///
/// If nothing is selected.
pub fn draw(world: &World, options: &picture::Options) -> Result<Picture, NothingSelected> {
    let mut shown = picture::show(world, &check(world), options)?;
    let mut problems = Vec::new();
    let Arranged { layout, drawn } =
        picture::arrange(shown.picture(), options.lines.calls, &layout::Options::default()).unpack(&mut problems);
    if drawn.is_some() {
        shown.picture = drawn;
    }
    Ok(Picture { shown, layout, problems })
}

impl Picture {
    /// The picture as SVG.
    pub fn svg(&self) -> String {
        render::svg(&self.layout, self.shown.picture(), &PictureOptions::default())
    }

    /// A page with the picture, tables about all that was selected, and answers about all of the World.
    ///
    /// # Errors
    ///
    /// If the page cannot be put together; nothing of the input can make that fail.
    pub fn html(&self, world: &World) -> Result<String, askama::Error> {
        let problems: Vec<Diagnostic> = world.diagnostics().iter().chain(&self.problems).cloned().collect();
        let page =
            Page { tables: Some(&self.shown.graph), ..Page::new(world, &self.layout, self.shown.picture(), &problems) };
        render::page(&page, &PictureOptions::default())
    }

    /// The selected part as a graph for Mermaid.
    pub fn mermaid(&self) -> String {
        render::mermaid(&self.shown.graph, &PictureOptions::default())
    }

    /// What was left out or drawn in a plainer way, and why.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }
}

/// What differs between two states of a system.
#[derive(Clone, Debug)]
pub struct Difference {
    old: Revision,
    new: Revision,
    diff: Diff,
}

/// Compares two states, each by its name: traffic, exposure, objects and findings.
pub fn diff(old: (&str, World), new: (&str, World)) -> Difference {
    let revision = |(name, world): (&str, World)| {
        let found = check(&world).into_iter().map(|f| f.diagnostic).collect();
        Revision::new(name.to_owned(), String::new(), world, found)
    };
    let (old, new) = (revision(old), revision(new));
    let diff = diff::compare(&old, &new);
    Difference { old, new, diff }
}

impl Difference {
    /// Whether the two states are the same.
    pub fn is_empty(&self) -> bool {
        self.diff.is_empty()
    }

    /// What it means, by topic, the gravest first.
    pub fn sections(&self) -> &[Section] {
        &self.diff.sections
    }

    /// The verdict, then each topic, as text.
    pub fn text(&self) -> String {
        render::changes_text(&self.changes())
    }

    /// The same as data; `docs/diff.schema.json` describes it.
    pub fn json(&self) -> String {
        render::changes_json(&self.changes())
    }

    fn changes(&self) -> Changes<'_> {
        Changes { diff: &self.diff, old: &self.old, new: &self.new }
    }
}
