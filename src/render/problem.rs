//! Problems in words, with the lines that they are about.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inert::{lines, printable};
use crate::source::{Sources, Span};

/// How many characters of a long line are shown on either side of the place.
const AROUND: usize = 100;

/// What stands in place of what nobody may see.
const WITHHELD: &str = "•••";

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
        group = group.element(excerpt(sources, at, AnnotationKind::Primary, None));
    }
    for related in &diagnostic.related {
        group = group.element(excerpt(sources, related.at, AnnotationKind::Context, Some(&related.text)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    for note in notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
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
    let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    let from = text[line_start..start].char_indices().rev().nth(AROUND - 1).map_or(line_start, |(i, _)| line_start + i);
    let to = text[start..line_end].char_indices().nth(AROUND).map_or(line_end, |(i, _)| start + i);
    let end = floor(text, at.end as usize).clamp(start, to);
    let end = if end == start { text[start..to].chars().next().map_or(start, |c| start + c.len_utf8()) } else { end };
    let seen = Seen::of(text, (from, to), &sources.withheld(at.file));
    let excerpt = printable(seen.text.trim_end_matches('\r'));
    let first = seen.place(start).min(excerpt.len());
    let next = excerpt[first..].chars().next().map_or(first, |c| first + c.len_utf8());
    let annotation = kind.span(first..seen.place(end).min(excerpt.len()).max(next)).label(label.map(printable));
    Snippet::source(excerpt).line_start(at.line as usize).path(printable(sources.name(at.file))).annotation(annotation)
}

/// What may be seen of a piece of a line.
struct Seen {
    text: String,
    from: usize,
    /// Places in the whole text with their places in this one, where something was left out: before and after it.
    turns: Vec<(usize, usize)>,
}

impl Seen {
    fn of(text: &str, (from, to): (usize, usize), withheld: &[(usize, usize)]) -> Seen {
        let mut seen = Seen { text: String::new(), from, turns: Vec::new() };
        let mut at = from;
        let first = withheld.partition_point(|(_, end)| *end <= from);
        for &(start, end) in withheld[first..].iter().take_while(|(start, _)| *start < to) {
            let (start, end) = (floor(text, start.max(at)), floor(text, end.min(to)));
            seen.text.push_str(&text[at..start]);
            seen.turns.push((start, seen.text.len()));
            seen.text.push_str(WITHHELD);
            seen.turns.push((end, seen.text.len()));
            at = end;
        }
        seen.text.push_str(&text[at..to]);
        seen
    }

    /// Where a place of the whole text is in this one: inside of what was left out, at its beginning.
    fn place(&self, at: usize) -> usize {
        let turn = self.turns.partition_point(|(place, _)| *place <= at);
        match turn.checked_sub(1).map(|i| (i, self.turns[i])) {
            None => at - self.from,
            Some((i, (_, seen))) if i % 2 == 0 => seen,
            Some((_, (place, seen))) => seen + at - place,
        }
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
