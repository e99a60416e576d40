//! One object for each identity.

use std::collections::BTreeMap;

use super::Entry;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Body, Tree, Value};
use crate::net::{ObjectKey, text};
use crate::source::Span;

/// So many identities are named in the one warning about repeated objects; the rest is counted.
const NAMED: usize = 3;

/// A definition of an object that is not used, because the input has another one before it.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// The identity of both.
    pub key: ObjectKey,
    /// Where it is.
    pub at: Span,
    /// True if it says the same as the one that is used.
    pub is_equal: bool,
    /// The object, if it says something else.
    pub other: Option<Box<Entry>>,
}

/// Keeps the first entry of each identity, in the order given. Drops equal repetitions. Different ones are reported
/// in one warning, because real repositories hold bases and overlays side by side. What is dropped is returned as well.
pub(super) fn merge(entries: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> (Vec<Entry>, Vec<LeftOut>) {
    let mut seen: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut left: Vec<LeftOut> = Vec::new();
    for entry in told_apart(entries) {
        match seen.get(&entry.key) {
            None => {
                seen.insert(entry.key.clone(), kept.len());
                kept.push(entry);
            }
            Some(&first) => {
                let is_equal = kept[first].object.tree == entry.object.tree;
                let (key, at) = (entry.key.clone(), entry.object.span);
                left.push(LeftOut { key, at, is_equal, other: (!is_equal).then(|| Box::new(entry)) });
            }
        }
    }
    let mut conflicts: BTreeMap<(bool, &ObjectKey), Vec<Span>> = BTreeMap::new();
    for other in left.iter().filter(|l| !l.is_equal) {
        let first = &kept[seen[&other.key]];
        // What is drawn comes first.
        conflicts.entry((!is_drawn(first), &other.key)).or_default().push(other.at);
    }
    if let Some((_, first)) = conflicts.keys().next() {
        let message = format!(
            "{} {} defined more than once with different content; the first in path order is used",
            text::first(conflicts.keys().map(|(_, key)| key), NAMED),
            if conflicts.len() == 1 { "is" } else { "are" }
        );
        let used = |key: &ObjectKey| kept[seen[key]].object.span;
        let mut warning = Diagnostic::at(Code::DuplicateObject, used(first), message)
            .with_help("name the files that belong together, or let -k DIR build one overlay");
        for (index, ((_, key), others)) in conflicts.iter().enumerate() {
            if index > 0 {
                warning = warning.with_related(used(key), "used");
            }
            for at in others {
                warning = warning.with_related(*at, "different and left out");
            }
        }
        warning.refused = true;
        diagnostics.push(warning);
    }
    (kept, left)
}

/// True if objects of this kind have a card of their own.
fn is_drawn(entry: &Entry) -> bool {
    !matches!(entry.object.body, Body::Other | Body::Namespace | Body::EndpointSlice(_) | Body::Endpoints(_))
        || entry.key.group.contains("gateway.networking")
}

/// Objects that only say how their name begins are different ones, each time they are made. Where several begin alike
/// they are numbered by their content, so that their order in the input does not matter.
fn told_apart(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut alike: BTreeMap<ObjectKey, Vec<(String, usize)>> = BTreeMap::new();
    for (position, entry) in entries.iter().enumerate().filter(|(_, e)| e.key.name.ends_with('*')) {
        let mut content = String::new();
        write_content(&entry.object.tree, &mut content);
        alike.entry(entry.key.clone()).or_default().push((content, position));
    }
    for mut group in alike.into_values() {
        group.sort();
        for (number, (_, position)) in group.into_iter().enumerate().skip(1) {
            entries[position].key.name.push_str(&(number + 1).to_string());
        }
    }
    entries
}

/// The values of a tree without their places, as text that can be compared.
fn write_content(tree: &Tree, into: &mut String) {
    match &tree.value {
        Value::Seq(items) => items.iter().for_each(|item| {
            into.push('-');
            write_content(item, into);
        }),
        Value::Map(fields) => fields.iter().for_each(|field| {
            into.push_str(&format!("{:?}:", field.key));
            write_content(&field.value, into);
        }),
        plain => into.push_str(&format!("{plain:?};")),
    }
}
