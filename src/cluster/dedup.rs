//! One object for each identity.

use std::collections::BTreeMap;

use super::{Entry, Key};
use crate::diagnostic::{Code, Diagnostic};

/// So many identities are named in the one warning about repeated objects; the rest is counted.
const NAMED: usize = 3;

/// Keeps the first entry of each identity, in the order given. Equal repetitions go silently; different ones are told of in one warning,
/// because real repositories hold bases and overlays side by side.
pub(super) fn merge(entries: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
    let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut conflicts: BTreeMap<Key, (usize, Entry)> = BTreeMap::new();
    for entry in entries {
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
    if let Some((first, _)) = conflicts.values().next() {
        let names: Vec<String> = conflicts.keys().take(NAMED).map(Key::to_string).collect();
        let rest = conflicts.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let message = format!(
            "{}{more} {} defined more than once with different content; the first in path order is used",
            names.join(", "),
            if conflicts.len() == 1 { "is" } else { "are" }
        );
        let mut warning = Diagnostic::at(Code::DuplicateObject, kept[*first].object.span, message)
            .with_help("name the files that belong together, or let -k DIR build one overlay");
        for (index, (first, second)) in conflicts.values().take(NAMED).enumerate() {
            if index > 0 {
                warning = warning.with_related(kept[*first].object.span, "used");
            }
            warning = warning.with_related(second.object.span, "different and left out");
        }
        warning.refused = true;
        diagnostics.push(warning);
    }
    kept
}
