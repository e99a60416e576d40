//! One object for each identity.

use std::collections::{BTreeMap, BTreeSet};

use super::Entry;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Body, Tree, Value};
use crate::net::{ObjectKey, text};

/// So many identities are named in the one warning about repeated objects; the rest is counted.
const NAMED: usize = 3;

/// Keeps the first entry of each identity, in the order given. Drops equal repetitions. Different ones are reported
/// in one warning, because real repositories hold bases and overlays side by side. Their identities are returned as
/// well.
pub(super) fn merge(entries: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> (Vec<Entry>, BTreeSet<ObjectKey>) {
    let mut seen: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut conflicts: BTreeMap<ObjectKey, (usize, Entry)> = BTreeMap::new();
    for entry in told_apart(entries) {
        match seen.get(&entry.key) {
            None => {
                seen.insert(entry.key.clone(), kept.len());
                kept.push(entry);
            }
            Some(&first) if kept[first].object.tree == entry.object.tree => {}
            Some(&first) => {
                conflicts.entry(entry.key.clone()).or_insert((first, entry));
            }
        }
    }
    // What is drawn comes first: of many only some are named.
    let mut told: Vec<(&ObjectKey, &(usize, Entry))> = conflicts.iter().collect();
    told.sort_by_key(|(key, (first, _))| (matches!(kept[*first].object.body, Body::Other), *key));
    if let Some((_, (first, _))) = told.first() {
        let message = format!(
            "{} {} defined more than once with different content; the first in path order is used",
            text::first(told.iter().map(|(key, _)| key), NAMED),
            if conflicts.len() == 1 { "is" } else { "are" }
        );
        let mut warning = Diagnostic::at(Code::DuplicateObject, kept[*first].object.span, message)
            .with_help("name the files that belong together, or let -k DIR build one overlay");
        for (index, (first, second)) in told.iter().map(|(_, both)| *both).take(NAMED).enumerate() {
            if index > 0 {
                warning = warning.with_related(kept[*first].object.span, "used");
            }
            warning = warning.with_related(second.object.span, "different and left out");
        }
        warning.refused = true;
        diagnostics.push(warning);
    }
    (kept, conflicts.into_keys().collect())
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
