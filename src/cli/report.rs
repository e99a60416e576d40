//! Problems on standard error, with the lines they are about.

use std::collections::BTreeMap;
use std::io::Write;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{Sources, Span};

/// So many problems of one kind are shown whole; the rest is counted.
const SHOWN: usize = 10;

/// How many characters of a long line are shown on either side of the place.
const AROUND: usize = 100;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors and warnings.
    Normal,
    /// Everything.
    Verbose,
}

/// Shows problems, in their order, on standard error. Failing to do so is not worth a failure of its own.
pub fn show(diagnostics: &[Diagnostic], sources: &Sources, verbosity: Verbosity) {
    let mut shown: BTreeMap<Code, usize> = BTreeMap::new();
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    let mut err = anstream::stderr().lock();
    for diagnostic in diagnostics.iter().filter(|d| speaks(d.severity, verbosity)) {
        let count = shown.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= SHOWN || verbosity == Verbosity::Verbose {
            let _ = writeln!(err, "{}\n", render(diagnostic, sources, &renderer));
        }
    }
    for (code, count) in shown {
        if count > SHOWN && verbosity != Verbosity::Verbose {
            let _ = writeln!(err, "{} more of {}; -v shows all", count - SHOWN, code.as_str());
        }
    }
}

fn speaks(severity: Severity, verbosity: Verbosity) -> bool {
    match verbosity {
        Verbosity::Quiet => severity == Severity::Error,
        Verbosity::Normal => severity != Severity::Info,
        Verbosity::Verbose => true,
    }
}

fn render(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
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
    renderer.render(&[group])
}

/// The line of a place, cut around it where it is long.
fn excerpt<'a>(sources: &'a Sources, at: Span, kind: AnnotationKind, label: Option<&'a str>) -> Snippet<'a, Annotation<'a>> {
    let text = sources.text(at.file);
    let start = floor(text, at.start as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    let from = text[line_start..start]
        .char_indices()
        .rev()
        .nth(AROUND - 1)
        .map_or(line_start, |(i, _)| line_start + i);
    let to = text[start..line_end].char_indices().nth(AROUND).map_or(line_end, |(i, _)| start + i);
    let end = floor(text, at.end as usize).clamp(start, to);
    let end = if end == start {
        text[start..to].chars().next().map_or(start, |c| start + c.len_utf8())
    } else {
        end
    };
    let excerpt = printable(text[from..to].trim_end_matches('\r'));
    let limit = excerpt.len();
    let annotation = kind.span((start - from).min(limit)..(end - from).min(limit)).label(label);
    Snippet::source(excerpt)
        .line_start(at.line as usize)
        .path(printable(sources.name(at.file)))
        .annotation(annotation)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Characters of the input must neither steer the terminal nor forge lines of ours. Each becomes question marks of its own length, so that places in an
/// excerpt stay right.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = c.is_control() && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if steers {
            shown.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same of a text that has lines of its own.
fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Says what stopped a command.
pub fn fail(error: &anyhow::Error) {
    let _ = writeln!(anstream::stderr(), "error: {}", lines(&format!("{error:#}")));
}

/// Says a line on standard error.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_input_steers_the_terminal() {
        let shown = printable("a\u{9b}31m\nerror: forged\u{202e}\x1b[0m");
        assert_eq!(shown, "a??31m?error: forged????[0m");
    }
}
