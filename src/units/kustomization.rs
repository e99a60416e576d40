//! Kustomizations, and which of them no other one uses.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::documents::text_of;
use super::{Edits, How, Kind, Known, Placed, Repository, Unit};
use crate::kustomize::{self, Outline};

/// All kustomizations, by their folder.
pub(super) fn all(repository: &Repository<'_>) -> BTreeMap<String, Outline> {
    let files: Vec<(&str, &str)> = (repository.paths.iter())
        .filter_map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
            kustomize::FILE_NAMES.contains(&name).then_some((folder, path.as_str()))
        })
        .collect();
    let outlines = files.into_par_iter().filter_map(|(folder, path)| {
        let folder = if folder.is_empty() { "/" } else { folder };
        Some((folder.to_owned(), kustomize::outline(folder, &text_of(repository, path)?)?))
    });
    outlines.collect()
}

/// Those that no other one uses, and no other program deploys.
pub(super) fn units(known: &Known<'_>, claimed: &BTreeSet<String>) -> Vec<Unit> {
    let used: BTreeSet<&str> =
        known.kustomizations.values().flat_map(|outline| outline.uses.iter().map(String::as_str)).collect();
    let mut units = Vec::new();
    for (folder, outline) in &known.kustomizations {
        if outline.is_component || used.contains(folder.as_str()) || claimed.contains(folder) {
            continue;
        }
        units.push(Unit {
            name: folder.clone(),
            kind: Kind::Kustomization,
            path: folder.clone(),
            environment: None,
            placed: outline.namespace.clone().map_or(Placed::Anywhere, Placed::Default),
            how: How::Kustomize(folder.clone()),
            edits: Edits::default(),
            missing: missing(known, folder),
            declared: None,
        });
    }
    units
}

/// What a kustomization, and those that it uses, would fetch or leave to programs.
pub(super) fn missing(known: &Known<'_>, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let Some(outline) = known.kustomizations.get(&folder) else { continue };
        found.extend(outline.remote.iter().map(|url| format!("{url} is not here, and nothing is fetched")));
        if let Some(left) = &outline.left {
            found.push(format!("{folder} uses `{left}`, which is left to kustomize itself"));
        }
        waiting.extend(outline.uses.iter().filter(|path| known.kustomizations.contains_key(*path)).cloned());
    }
    found.sort();
    found.dedup();
    found
}
