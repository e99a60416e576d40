//! What pages are told: which picture there is, and what went wrong.

use axum::body::Bytes;
use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::render::{Paint, lines, problem, versioned};
use crate::source::Sources;

/// So many problems are told; the rest is counted.
const TOLD: usize = 30;

/// A page and its version.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page as text.
    pub html: Bytes,
    /// What it is known by: pages with the same version are the same.
    pub version: String,
}

impl Page {
    /// Gives a page its version.
    pub fn new(html: &str) -> Page {
        let (html, version) = versioned(html);
        Page { html: Bytes::from(html), version }
    }
}

/// A problem, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// `file:line:column`; empty where there is none.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// All of it, with the lines that it is about, as a terminal shows it.
    pub text: String,
}

impl Told {
    /// A problem with the lines that it is about.
    pub fn new(diagnostic: &Diagnostic, sources: &Sources) -> Told {
        let place = diagnostic.at.map(|at| format!("{}:{}", sources.line_of(at), at.column));
        Told {
            severity: diagnostic.severity.as_str(),
            place: place.unwrap_or_default(),
            message: lines(&diagnostic.message),
            text: problem(diagnostic, &[], sources, Paint::Plain),
        }
    }

    /// What stopped the drawing.
    pub fn failure(text: &str) -> Told {
        let message = lines(text);
        Told { severity: "error", place: String::new(), text: format!("error: {message}"), message }
    }
}

/// Problems, with those that are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The first of them.
    pub problems: Vec<Told>,
    /// How many there are beside these.
    pub more: usize,
}

impl Problems {
    /// As many as are told.
    pub fn new(mut problems: Vec<Told>) -> Problems {
        let more = problems.len().saturating_sub(TOLD);
        problems.truncate(TOLD);
        Problems { problems, more }
    }
}

/// What there is to see at some moment.
#[derive(Clone, Debug)]
pub struct State {
    /// The last page that could be drawn of everything.
    pub page: Page,
    /// What can be drawn now: the same page where nothing is wrong, and where nothing can be drawn.
    pub now: Page,
    /// Whether the page is older than the files.
    pub stale: bool,
    /// What could not be read.
    pub problems: Problems,
}

/// A state as the event that tells of it.
#[derive(Serialize)]
struct Event<'a> {
    page: &'a str,
    now: &'a str,
    stale: bool,
    #[serde(flatten)]
    problems: &'a Problems,
}

impl State {
    /// Whether somebody who knows the other one need not be told.
    pub fn is_same(&self, other: &State) -> bool {
        self.page.version == other.page.version
            && self.now.version == other.now.version
            && self.stale == other.stale
            && self.problems == other.problems
    }

    /// What an event says: versions, whether the page is older than the files, and problems.
    pub fn told(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Event {
            page: &self.page.version,
            now: &self.now.version,
            stale: self.stale,
            problems: &self.problems,
        })
    }
}

/// What a paste becomes.
#[derive(Clone, Debug, Serialize)]
pub struct Pasted {
    /// The page as text.
    pub page: String,
    /// What could not be read.
    #[serde(flatten)]
    pub problems: Problems,
}
