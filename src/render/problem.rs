//! Problems in words, with the lines that they are about.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inert::{lines, printable};
use crate::source::{Sources, Span};

/// How many characters of a long line are shown on either side of the place.
const AROUND: usize = 100;

/// No more than so many bytes of a line are looked at on either side of the place.
const MOST_BYTES: usize = 4 * AROUND + 4;

/// So many further places of a problem are shown with their lines.
const RELATED: usize = 8;

/// Whether words have colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Letters only.
    Plain,
    /// With escape sequences for terminals.
    Colors,
}

/// A problem with the lines that it is about, and further remarks. Does not end in a line break.
pub(crate) fn problem(diagnostic: &Diagnostic, notes: &[String], sources: &Sources, paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colors => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let message = match diagnostic.code {
        // What an outside program said has lines of its own.
        Code::ExternalTool => lines(&diagnostic.message),
        _ => printable(&diagnostic.message),
    };
    let title = level.primary_title(message).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    if let Some(at) = diagnostic.at {
        group = match sources.shows(at) {
            true => group.element(excerpt(sources, at, AnnotationKind::Primary, None)),
            false => group.element(origin(sources, at)),
        };
    }
    for related in diagnostic.related.iter().take(RELATED) {
        group = match sources.shows(related.at) {
            true => group.element(excerpt(sources, related.at, AnnotationKind::Context, Some(&related.text))),
            false => {
                let note = format!("{}: {}", sources.line_of(related.at), related.text);
                group.element(Level::NOTE.message(printable(&note)))
            }
        };
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    if let Some(more) = diagnostic.related.len().checked_sub(RELATED).filter(|n| *n > 0) {
        group = group.element(Level::NOTE.message(format!("{more} more places; -o json lists them")));
    }
    for note in notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// A place without its line, for lines that may hold secrets.
fn origin<'a>(sources: &Sources, at: Span) -> Origin<'a> {
    Origin::path(printable(sources.name(at.file))).line(at.line as usize).char_column(at.column as usize)
}

/// The line of a place, cut around it where it is long.
fn excerpt(
    sources: &Sources,
    at: Span,
    kind: AnnotationKind,
    label: Option<&str>,
) -> Snippet<'static, Annotation<'static>> {
    let text = sources.text(at.file);
    let start = floor(text, at.start as usize);
    // A line may be as long as the file, and each of its problems must not walk through it.
    let (first, last) = (floor(text, start.saturating_sub(MOST_BYTES)), floor(text, start + MOST_BYTES));
    let line_start = text[first..start].rfind('\n').map_or(first, |n| first + n + 1);
    let line_end = text[start..last].find('\n').map_or(last, |n| start + n);
    let from = text[line_start..start].char_indices().rev().nth(AROUND - 1).map_or(line_start, |(i, _)| line_start + i);
    let to = text[start..line_end].char_indices().nth(AROUND).map_or(line_end, |(i, _)| start + i);
    let end = floor(text, at.end as usize).clamp(start, to);
    let end = if end == start { text[start..to].chars().next().map_or(start, |c| start + c.len_utf8()) } else { end };
    let excerpt = printable(text[from..to].trim_end_matches('\r'));
    let limit = excerpt.len();
    let annotation = kind.span((start - from).min(limit)..(end - from).min(limit)).label(label.map(printable));
    Snippet::source(excerpt).line_start(at.line as usize).path(printable(sources.name(at.file))).annotation(annotation)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
