//! By what a finding is known again after lines have moved and other objects have changed.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::Finding;
use crate::cluster::Cluster;
use crate::manifest::{Entry, Tree, Value};
use crate::source::{Sources, Span};

/// Keys by whose value an element of a list is known, in the order in which they are asked for.
const NAMING: &[&str] = &["name", "host", "path", "port", "secretName"];

/// One fingerprint for each finding: 32 hexadecimal digits made of its code, the object and the field that it is about,
/// and the value if that is a single one. Elements of lists are known by what names them and not by their position.
/// What the message says does not count: it mentions other objects too. A finding about no object is known by its file
/// and its message without line numbers. Findings that have all of these in common are numbered in their order.
pub(super) fn fingerprints(findings: &[Finding], cluster: &Cluster, sources: &Sources) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let of = |finding: &Finding| {
        let diagnostic = &finding.diagnostic;
        let object = finding
            .about
            .as_ref()
            .map(|key| (key.to_string(), cluster.find(key).map(|i| &cluster.entries()[i].object.tree)));
        let (whose, what) = match (object, diagnostic.at) {
            (Some((key, tree)), at) => (key, tree.zip(at).map(|(tree, at)| field(tree, at)).unwrap_or_default()),
            (None, Some(at)) => (sources.name(at.file).to_owned(), without_lines(&diagnostic.message)),
            (None, None) => (String::new(), without_lines(&diagnostic.message)),
        };
        // No part can pass for the beginning of the next one.
        format!("{}\0{}\0{whose}\0{what}", diagnostic.code.as_str(), whose.len())
    };
    let numbered = findings.iter().map(|finding| {
        let text = of(finding);
        let count = seen.entry(text.clone()).or_default();
        *count += 1;
        let digest = Sha256::digest(format!("{text}\0{count}"));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    });
    numbered.collect()
}

/// The way to the value at a place, and the value if it is a single one.
fn field(tree: &Tree, at: Span) -> String {
    let holds = |span: Span| span.file == at.file && span.start <= at.start && at.end <= span.end;
    let mut way = String::new();
    let mut here = tree;
    while here.span != at {
        let next = match &here.value {
            Value::Map(entries) => {
                // What an alias repeats stands elsewhere; all else is in the order of the text.
                let likely = entries.get(entries.partition_point(|e| e.value.span.end <= at.start));
                let is_meant = |e: &&Entry| holds(e.value.span) || e.key_span == at;
                let entry = likely.filter(is_meant).or_else(|| entries.iter().find(is_meant));
                entry.map(|e| (format!(".{}", e.key), &e.value, e.key_span == at))
            }
            Value::Seq(items) => {
                let likely = items.get(items.partition_point(|t| t.span.end <= at.start));
                let item = likely.filter(|t| holds(t.span)).or_else(|| items.iter().find(|t| holds(t.span)));
                item.map(|t| {
                    (format!("[{}]", NAMING.iter().find_map(|key| single(t.get(key)?)).unwrap_or_default()), t, false)
                })
            }
            _ => None,
        };
        let Some((step, value, ends)) = next else { break };
        way.push_str(&step);
        here = value;
        if ends {
            break;
        }
    }
    match single(here) {
        Some(value) => format!("{way}={value}"),
        None => way,
    }
}

/// The text of a single value.
fn single(tree: &Tree) -> Option<String> {
    match &tree.value {
        Value::Str(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A message without the numbers of `file.yaml:12:3` and `line 12`.
fn without_lines(message: &str) -> String {
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(digit) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(digit);
        kept.push_str(before);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let file = kept.strip_suffix(':');
        let place =
            file.is_some_and(|file| [".yaml", ".yml", ".json", "<stdin>", ":#"].iter().any(|e| file.ends_with(e)));
        kept.push_str(if place || kept.ends_with("line ") { "#" } else { &number[..end] });
        rest = &number[end..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    #[test]
    fn lines_do_not_count_and_ports_do() {
        assert_eq!(without_lines("port 8080 of a-1.yaml:12:3, line 4"), "port 8080 of a-1.yaml:#:#, line #");
        assert_eq!(without_lines("host db:5432 and 80:81"), "host db:5432 and 80:81");
        assert_eq!(without_lines("x.yml:7"), "x.yml:#");
    }

    #[test]
    fn fields_are_known_by_names() {
        let text =
            "spec:\n  rules:\n    - host: a.example\n      paths: [{path: /, to: x}, {path: /b, to: y}]\n  n: 3\n";
        let sources = Sources::from_texts([("x.yaml", text)]);
        let tree = manifest::values(&sources, sources.ids().next().unwrap()).value.remove(0);
        let check = |path: &str, expected: &str| assert_eq!(field(&tree, tree.locate(path)), expected);
        check("spec", ".spec");
        check("spec.n", ".spec.n=3");
        check("spec.rules[0].paths[1]", ".spec.rules[a.example].paths[/b]");
        check("spec.rules[0].paths[1].to", ".spec.rules[a.example].paths[/b].to=y");
        assert_eq!(field(&tree, tree.locate_key("spec.rules")), ".spec.rules");
    }
}
