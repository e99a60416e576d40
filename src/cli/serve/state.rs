//! The state that the server reports to pages: the current picture and its problems.

use axum::body::Bytes;
use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::inert::lines;
use crate::render::{Paint, problem, versioned};
use crate::source::Sources;

/// The maximum number of reported problems; the rest is counted.
const MAX_REPORTED: usize = 30;

/// A page and its version.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page as text.
    pub html: Bytes,
    /// The version: pages with the same version are the same.
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
pub struct Reported {
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// `file:line:column`, or empty.
    pub place: String,
    /// The message.
    pub message: String,
    /// The message with its source lines, as on a terminal.
    pub text: String,
}

impl Reported {
    /// Converts a diagnostic.
    pub fn new(diagnostic: &Diagnostic, sources: &Sources) -> Reported {
        let place = diagnostic.at.map(|at| format!("{}:{}", sources.line_of(at), at.column));
        Reported {
            severity: diagnostic.severity.as_str(),
            place: place.unwrap_or_default(),
            message: lines(&diagnostic.message),
            text: problem(diagnostic, &[], sources, Paint::Plain),
        }
    }

    /// The error that stopped the drawing.
    pub fn failure(text: &str) -> Reported {
        let message = lines(text);
        Reported { severity: "error", place: String::new(), text: format!("error: {message}"), message }
    }
}

/// Problems, with those that are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The first of them.
    pub problems: Vec<Reported>,
    /// The number of further problems.
    pub more: usize,
}

impl Problems {
    /// Keeps the reported problems and counts the rest.
    pub fn new(mut problems: Vec<Reported>) -> Problems {
        let more = problems.len().saturating_sub(MAX_REPORTED);
        problems.truncate(MAX_REPORTED);
        Problems { problems, more }
    }
}

/// The current state of the preview.
#[derive(Clone, Debug)]
pub struct State {
    /// The last page that could be drawn of everything.
    pub page: Page,
    /// The page of the readable files: the same page where nothing is wrong, and where nothing can be drawn.
    pub now: Page,
    /// True if the page is older than the files.
    pub stale: bool,
    /// The input that could not be read.
    pub problems: Problems,
}

/// A state as a server-sent event.
#[derive(Serialize)]
struct Event<'a> {
    page: &'a str,
    now: &'a str,
    stale: bool,
    #[serde(flatten)]
    problems: &'a Problems,
}

impl State {
    /// True if both states produce the same event.
    pub fn is_same(&self, other: &State) -> bool {
        self.page.version == other.page.version
            && self.now.version == other.now.version
            && self.stale == other.stale
            && self.problems == other.problems
    }

    /// The data of an event: versions, whether the page is older than the files, and problems.
    pub fn event_data(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Event {
            page: &self.page.version,
            now: &self.now.version,
            stale: self.stale,
            problems: &self.problems,
        })
    }
}

/// The result of a paste.
#[derive(Clone, Debug, Serialize)]
pub struct Pasted {
    /// The page as text.
    pub page: String,
    /// The input that could not be read.
    #[serde(flatten)]
    pub problems: Problems,
}
