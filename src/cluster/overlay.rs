//! Files over a live cluster: an object that both have is what the files say, as if they had been applied.

use std::collections::BTreeSet;

use super::Entry;

/// An object by kind, namespace and name, as owners are named.
type Named = (String, Option<String>, String);

/// How many owners stand above one another at most: a pod, a ReplicaSet or Job, a Deployment or CronJob, and one more.
const GENERATIONS: usize = 4;

/// The objects without those of the cluster that the files have too, and without what controllers made of these: it
/// will be made anew.
pub(super) fn applied(entries: Vec<Entry>) -> Vec<Entry> {
    let named = |entry: &Entry| (entry.key.kind.clone(), entry.key.namespace.clone(), entry.key.name.clone());
    let written: BTreeSet<_> = entries.iter().filter(|e| !is_live(e)).map(|e| e.key.clone()).collect();
    let live = || entries.iter().filter(|e| is_live(e));
    let mut gone: BTreeSet<Named> = live().filter(|e| written.contains(&e.key)).map(named).collect();
    let is_made = |entry: &Entry, gone: &BTreeSet<Named>| {
        let mut owners = entry.object.owners.iter().filter(|owner| owner.controller);
        owners.any(|o| gone.contains(&(o.kind.clone(), entry.key.namespace.clone(), o.name.clone())))
    };
    for _ in 0..GENERATIONS {
        let more: Vec<Named> = live().filter(|e| is_made(e, &gone)).map(named).collect();
        gone.extend(more);
    }
    let keeps = |e: &Entry| !is_live(e) || !(written.contains(&e.key) || is_made(e, &gone));
    entries.into_iter().filter(keeps).collect()
}

/// Whether an object comes from a cluster, which gives each a unique id
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#uids>).
fn is_live(entry: &Entry) -> bool {
    entry.object.tree.at(&["metadata", "uid"]).is_some()
}
