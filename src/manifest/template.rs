//! Templates that nobody rendered: told once for all of them, with what to do about it.

use super::hint::Input;
use super::tree::Tree;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Sources, Span};

/// Where a document that can be read as YAML still shows that it is a template: its name or namespace is a quoted placeholder.
pub(super) fn placeholder(tree: &Tree) -> Option<Span> {
    tree.get("apiVersion")?;
    let metadata = tree.get("metadata")?;
    let suspects = [tree.get("kind"), metadata.get("name"), metadata.get("namespace")];
    let found = suspects
        .into_iter()
        .flatten()
        .find(|value| value.as_str().is_some_and(|text| text.contains("{{")))?;
    Some(found.span)
}

/// The first `{{` of a document, for there it can be seen that it is a template.
pub(super) fn first_action(input: &Input<'_>, fallback: Span) -> Span {
    match input.chunk.text.find("{{") {
        Some(at) => input.span_at(at, at + 2),
        None => fallback,
    }
}

/// One warning for all templates. `places` has one place per file.
pub(super) fn summary(sources: &Sources, places: &[Span]) -> Option<Diagnostic> {
    let (first, rest) = places.split_first()?;
    let name = sources.name(first.file);
    let message = match rest.len() {
        0 => format!("{name} is a template that was not rendered, and is not drawn"),
        1 => format!("{name} and one other file are templates that were not rendered, and are not drawn"),
        more => format!("{name} and {more} other files are templates that were not rendered, and are not drawn"),
    };
    // Helm keeps the templates of a chart in a folder of this name inside it.
    let chart = name.rsplit_once("/templates/").map(|(chart, _)| chart);
    let chart_word = match chart {
        Some(chart) if !chart.is_empty() && !chart.contains(char::is_whitespace) => chart,
        _ => "CHART",
    };
    let help = format!("for a Helm chart: `helm template {chart_word} | kubesketch draw -`, or `kubesketch draw --helm {chart_word}`");
    Some(Diagnostic::at(Code::HelmTemplate, *first, message).with_help(help))
}
