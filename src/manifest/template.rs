//! Templates that were not rendered: one warning for all of them, with a remedy.

use std::collections::BTreeMap;

use super::hint::Input;
use super::identity::BUILT_IN_GROUPS;
use super::outline::Outline;
use super::tree::{Tree, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Sources, Span};

/// What only a Helm chart writes. Other programs that write `{{ … }}` into manifests (Alertmanager, Grafana, Vault)
/// have none of it.
const HELM: &[&str] =
    &[".Values", ".Release.", ".Chart.", ".Capabilities.", "include \"", "nindent ", "toYaml ", "tpl "];

fn is_helm(action: &str) -> bool {
    HELM.iter().any(|word| action.contains(word))
}

/// True if reading stopped at an offset because the document is a template: a placeholder stands near there where YAML
/// has no text, or one that only Helm knows stands anywhere. What is inside quotes, blocks of text and comments is no
/// reason to stop, and may be meant for another program.
pub(super) fn explains(text: &str, offset: usize, outline: &Outline) -> bool {
    let line_start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[offset..].find('\n').map_or(text.len(), |i| offset + i);
    let before = text[..line_start].trim_end().rfind('\n').map_or(0, |i| i + 1);
    let blank = text[line_end..].len() - text[line_end..].trim_start().len();
    let after = line_end + blank;
    let after = text[after..].find('\n').map_or(text.len(), |i| after + i);
    let is_near = |action: &std::ops::Range<usize>| action.start < after && action.end > before;
    // Jinja has statements in lines of their own.
    if text[line_start..line_end].contains("{%") {
        return true;
    }
    if outline.actions.iter().any(|action| is_near(action) || is_helm(&text[action.clone()])) {
        return true;
    }
    // A quote inside a placeholder ends the quoted text that was meant to hold it: `"{{ include "x" . }}"`.
    // In a mapping on one line the brace of `${X}` begins another one.
    let dollar = text[line_start..offset].rfind('$').map(|i| &text[line_start + i..line_end]);
    if let Some(rest) = dollar.and_then(|d| d.strip_prefix("${")) {
        let word = rest.split('}').next().unwrap_or_default();
        if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')) {
            return true;
        }
    }
    let Some(open) = text[line_start..offset].rfind("{{").map(|i| line_start + i) else {
        return false;
    };
    let inside = text[open..line_end].split("}}").next().unwrap_or_default();
    open + inside.len() >= offset && is_helm(inside)
}

/// Where a document that can be read as YAML still shows that it is a template: its name or namespace is a placeholder,
/// or a field is one that only Helm knows.
pub(super) fn placeholder(tree: &Tree) -> Option<Span> {
    let api_version = tree.get("apiVersion")?;
    let metadata = tree.get("metadata")?;
    let suspects = [tree.get("kind"), metadata.get("name"), metadata.get("namespace")];
    let found = suspects.into_iter().flatten().find(|value| value.as_str().is_some_and(has));
    if let Some(found) = found {
        return Some(found.span);
    }
    let group = api_version.as_str()?.split_once('/').map_or("", |(group, _)| group);
    let kind = tree.get("kind").and_then(Tree::as_str)?;
    // Resources of other programs may hold charts or parts of them, and so may data.
    if !BUILT_IN_GROUPS.contains(&group) || kind.ends_with("List") {
        return None;
    }
    let root = if matches!(kind, "ConfigMap" | "Secret") { metadata } else { tree };
    let mut waiting = vec![root];
    while let Some(tree) = waiting.pop() {
        match &tree.value {
            // Longer texts are files and scripts.
            Value::Str(text) if text.contains("{{") && !text.contains('\n') && is_helm(text) => return Some(tree.span),
            Value::Seq(items) => waiting.extend(items.iter().rev()),
            Value::Map(entries) => {
                waiting.extend(entries.iter().rev().filter(|e| &*e.key != "annotations").map(|e| &e.value))
            }
            _ => {}
        }
    }
    None
}

/// Whether a text has a placeholder of any of the usual programs: `{{ x }}` and `{% x %}` (Go templates, Jinja), `${X}`
/// and `$X` (a shell, envsubst), `$(X)` (make, kustomize), `<x>` (a person), `@X@` and `%X%` (build tools).
pub(super) fn has(text: &str) -> bool {
    let is_word = |word: &str| {
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'))
    };
    let between = |open: &str, close: &str| {
        text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).is_some_and(|(word, _)| is_word(word))
    };
    let closed = |open: &str, close: &str| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    let upper = |rest: &str| rest.chars().next().is_some_and(|c| c.is_ascii_uppercase() || c == '_');
    // Markup is none.
    let is_name_with_brackets = text.matches('<').count() == text.matches('>').count()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "<>-_./: ".contains(c));
    text.contains("{{")
        || closed("{%", "%}")
        || closed("${", "}")
        || between("$(", ")")
        || text.strip_prefix('$').is_some_and(upper)
        || (between("<", ">") && is_name_with_brackets)
        || (text.starts_with('@') && between("@", "@"))
        || (text.starts_with('%') && between("%", "%"))
}

/// Where a document shows that it is a template of ytt: a value that it computes, or a statement, stands in a comment
/// that begins with `#@` (<https://carvel.dev/ytt/docs/latest/yaml-primer/>). Blocks of text are no part of it.
pub(super) fn of_ytt(input: &Input<'_>) -> Option<Span> {
    let mut offset = 0;
    // The depth of the line that begins a block of text.
    let mut block: Option<usize> = None;
    for line in input.chunk.text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.trim();
        let depth = line.len() - line.trim_start().len();
        if content.is_empty() || block.is_some_and(|block| depth > block) {
            continue;
        }
        block = None;
        let code = content.split(" #").next().unwrap_or(content).trim_end();
        if code.ends_with(['|', '>']) || code.ends_with("|-") || code.ends_with(">-") || code.ends_with("|+") {
            block = Some(depth);
        }
        let mut places = line.match_indices("#@").map(|(at, _)| at);
        let is_said = |at: usize| {
            let (before, after) = (line[..at].trim_end(), &line[at + 2..]);
            let is_value = before.ends_with([':', '-']);
            let is_statement = before.is_empty() && !after.starts_with("schema/");
            (is_value || is_statement) && after.starts_with([' ', '/', 'o', 'y'])
        };
        if let Some(at) = places.find(|at| is_said(*at)) {
            return Some(input.span_at(start + at, start + at + 2));
        }
    }
    None
}

/// Whether a problem is about a value that is a placeholder.
pub(super) fn caused(problem: &Diagnostic, text: &str) -> bool {
    let is_value = matches!(problem.code, Code::FieldType | Code::FieldValue);
    let written = problem.at.and_then(|at| text.get(at.start as usize..at.end as usize));
    is_value && written.is_some_and(|w| w.len() < 200 && has(w.trim_matches(['"', '\''])))
}

/// The place where it shows best that a document is a template: its first placeholder.
pub(super) fn first_action(input: &Input<'_>, fallback: Span) -> Span {
    let text = input.chunk.text;
    let outline = Outline::of(text, 0);
    match outline.actions.first().map(|action| action.start).or_else(|| text.find("{{")) {
        Some(at) => input.span_at(at, at + 2),
        None => fallback,
    }
}

/// One warning for all templates. `places` has one place for each document that is one; `documents` says how many each
/// file holds.
pub(super) fn summary(sources: &Sources, places: &[Span], documents: &BTreeMap<FileId, usize>) -> Option<Diagnostic> {
    let first = places.first()?;
    let mut found: BTreeMap<FileId, usize> = BTreeMap::new();
    for place in places {
        *found.entry(place.file).or_default() += 1;
    }
    let is_whole = found.iter().all(|(file, count)| documents.get(file) == Some(count));
    let name = sources.name(first.file);
    let message = match (found.len() - 1, is_whole) {
        (0, true) => format!("{name} is a template that was not rendered, and is not drawn"),
        (1, true) => format!("{name} and one other file are templates that were not rendered, and are not drawn"),
        (more, true) => {
            format!("{name} and {more} other files are templates that were not rendered, and are not drawn")
        }
        (0, false) => {
            let all = documents.get(&first.file).copied().unwrap_or_default();
            match places.len() {
                1 => format!(
                    "one of the {all} documents of {name} is a template that was not rendered, and is not drawn"
                ),
                some => format!(
                    "{some} of the {all} documents of {name} are templates that were not rendered, and are not drawn"
                ),
            }
        }
        (more, false) => {
            let others = if more == 1 { "one other file".to_owned() } else { format!("{more} other files") };
            let count = places.len();
            format!("{count} documents of {name} and {others} are templates that were not rendered, and are not drawn")
        }
    };
    // Helm keeps the templates of a chart in a folder of this name inside it.
    let chart = name.rsplit_once("/templates/").map(|(chart, _)| chart);
    let chart_word = match chart {
        Some(chart) if !chart.is_empty() && !chart.contains(char::is_whitespace) => chart,
        _ => "CHART",
    };
    let help = if sources.text(first.file).contains("{{") {
        format!(
            "for a Helm chart: `helm template {chart_word} | kubesketch draw -`, or `kubesketch draw --helm {chart_word}`"
        )
    } else if sources.text(first.file).contains("#@ ") {
        "let ytt render it first, as in `ytt -f FILE | kubesketch draw -`".to_owned()
    } else {
        "let the program that it is for replace the placeholders first, as in `envsubst < FILE | kubesketch draw -`"
            .to_owned()
    };
    Some(Diagnostic::at(Code::HelmTemplate, *first, message).with_help(help))
}
