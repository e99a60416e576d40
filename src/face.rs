//! The functions of the library. The command line uses the same modules.

use std::path::PathBuf;

use crate::check::{self, Finding};
use crate::diagnostic::{Diagnostic, Severity};
use crate::diff::{self, Diff, Revision, Section};
use crate::layout::{self, Layout};
use crate::picture::{self, Shown};
use crate::render::{self, Changes, Page, PictureOptions, Theme};
use crate::source::{self, Loaded, Request};
use crate::view::NothingSelected;
use crate::why::{self, Answer, Question};
use crate::world::World;

/// Reads files and folders (recursively: `.yaml`, `.yml`, `.json`). An unreadable file is one of the
/// [problems](Loaded::problems) and does not stop the run.
pub fn read<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Loaded {
    source::load_files(&Request::new(paths))
}

/// Returns errors, warnings and notices by place, without those that the manifests suppress.
pub fn check(world: &World) -> Vec<Finding> {
    check::unsuppressed(check::check(world, &check::Options::default()), world)
}

/// An end of a question is invalid, matches no object, or matches several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuestionError(String);

/// Returns the verdict on a connection, with the deciding rules and layers. Both ends are written as for
/// `kubesketch why`: `web`, `shop/web`, `deploy/web`, `10.0.0.7`, `internet`; the second may name a port: `web:80`.
///
/// # Errors
///
/// If an end matches no object or several; the error lists candidates.
pub fn why(world: &World, from: &str, to: &str) -> Result<Answer, QuestionError> {
    let question = Question::parse(from, to).map_err(QuestionError)?;
    let mut answer = why::answer(world, &question, None).map_err(QuestionError)?;
    with_findings(&mut answer, world, Refusals::Count);
    Ok(answer)
}

/// Whether it matters to an answer that the API server refuses an object on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusals {
    /// It does.
    Count,
    /// Objects are taken as far as they could be read, as `--lenient` of the program asks.
    #[cfg(feature = "cli")]
    Ignored,
}

/// Adds the errors and warnings of [`check()`] about the objects on the way, and what the API server refuses of them.
pub(crate) fn with_findings(answer: &mut Answer, world: &World, refusals: Refusals) {
    let is_refusal = |d: &&Diagnostic| {
        refusals == Refusals::Count
            && d.severity == Severity::Error
            && matches!(why::bearing(d.code), why::Bearing::Doubts(_))
            && !d.refused
    };
    let refused = world.diagnostics().iter().filter(is_refusal).filter_map(|d| Some((d, world.object_at(d.at?)?)));
    let refused = refused.map(|(d, about)| (d.clone(), about.clone()));
    let found = check(world).into_iter().filter(|f| f.diagnostic.severity != Severity::Info);
    let other = |d: &Diagnostic| {
        let at = d.related.first().filter(|_| why::is_mutual(d.code))?.at;
        Some((Diagnostic { at: Some(at), ..d.clone() }, world.object_at(at)?.clone()))
    };
    let found = found.flat_map(|f| {
        let other = other(&f.diagnostic);
        f.about.map(|about| (f.diagnostic, about)).into_iter().chain(other)
    });
    let remarks: Vec<why::Remark> = refused
        .chain(found)
        .map(|(diagnostic, about)| {
            let at = diagnostic.at.map(|at| world.sources().line_of(at));
            why::Remark { diagnostic, about, at }
        })
        .collect();
    answer.check(&remarks);
}

/// A part of a World as a picture.
#[derive(Clone, Debug)]
pub struct Picture {
    shown: Shown,
    layout: Layout,
    problems: Vec<Diagnostic>,
}

/// Draws a part of a World. The objects carry the errors and warnings of [`check()`].
///
/// # Errors
///
/// If nothing is selected.
pub fn draw(world: &World, options: &picture::Options) -> Result<Picture, NothingSelected> {
    let shown = picture::show(world, &check(world), options)?;
    let mut problems = Vec::new();
    let layout = picture::arrange(shown.picture(), &layout::Options::default()).unpack(&mut problems);
    Ok(Picture { shown, layout, problems })
}

impl Picture {
    /// The picture as SVG.
    pub fn svg(&self) -> String {
        render::svg(&self.layout, self.shown.picture(), &PictureOptions::default())
    }

    /// A page with the picture, tables about the whole selection, and answers about the whole World.
    ///
    /// # Errors
    ///
    /// If the template fails to render; no input causes that.
    pub fn html(&self, world: &World) -> Result<String, askama::Error> {
        let problems: Vec<Diagnostic> = world.diagnostics().iter().chain(&self.problems).cloned().collect();
        let page =
            Page { tables: Some(&self.shown.graph), ..Page::new(world, &self.layout, self.shown.picture(), &problems) };
        render::page(&page, &PictureOptions { theme: Theme::Auto, ..PictureOptions::default() })
    }

    /// The selected part as a graph for Mermaid.
    pub fn mermaid(&self) -> String {
        render::mermaid(&self.shown.graph, &PictureOptions::default())
    }

    /// Parts that are left out or drawn in a simpler way, with the reason.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }
}

/// The difference between two states of a system.
#[derive(Clone, Debug)]
pub struct Difference {
    old: Revision,
    new: Revision,
    diff: Diff,
}

/// Compares traffic, exposure, objects and findings of two named states.
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
    /// True if the states are equal.
    pub fn is_empty(&self) -> bool {
        self.diff.is_empty()
    }

    /// The changes by topic, the most severe first.
    pub fn sections(&self) -> &[Section] {
        &self.diff.sections
    }

    /// The verdict and each topic, as text.
    pub fn text(&self) -> String {
        render::changes_text(&self.changes())
    }

    /// The difference as JSON; `docs/diff.schema.json` describes it.
    pub fn json(&self) -> String {
        render::changes_json(&self.changes(), render::PairList::IfFew)
    }

    fn changes(&self) -> Changes<'_> {
        Changes { diff: &self.diff, old: &self.old, new: &self.new }
    }
}
