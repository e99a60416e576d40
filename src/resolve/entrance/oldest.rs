//! Entry points that claim the same: the older one is served.

use super::Context;
use super::route::text;
use crate::cluster::Entry;

/// When an object was made, as a live cluster says it. Times of one form are in the order of their texts.
pub(super) fn made(entry: &Entry) -> Option<&str> {
    text(&entry.object.tree, &["metadata", "creationTimestamp"])
}

/// The one of several that is older than all others, if their times tell.
pub(super) fn oldest<'e>(all: &[&'e Entry]) -> Option<&'e Entry> {
    let mut timed: Vec<(&str, &'e Entry)> = all.iter().filter_map(|e| Some((made(e)?, *e))).collect();
    timed.sort_by_key(|(time, _)| *time);
    let is_told = timed.len() == all.len() && timed.get(1).is_none_or(|second| second.0 != timed[0].0);
    timed.first().filter(|_| is_told).map(|first| first.1)
}

/// Keeps that of several entry points with the same claim only the oldest is served: all others, or all if nothing tells
/// which is the oldest.
pub(super) fn contest(context: &mut Context<'_>, all: &[&Entry], (claim, field): (&str, &str)) {
    let first = oldest(all);
    for entry in all.iter().filter(|e| first.is_none_or(|f| f.key != e.key)) {
        let Some(other) = first.or_else(|| all.iter().copied().find(|o| o.key != entry.key)) else { continue };
        context.fault(entry, format!("{claim} is that of {} as well: the older one gets it", other.key), field);
    }
}
