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
    let outlines = files.into_par_iter().map(|(folder, path)| {
        let folder = if folder.is_empty() { "/" } else { folder };
        let outline = text_of(repository, path).and_then(|text| kustomize::outline(folder, &text));
        let unread = || Outline { unread: Some(path.to_owned()), ..Outline::default() };
        (folder.to_owned(), outline.unwrap_or_else(unread))
    });
    outlines.collect()
}

/// Those that no other one uses, and no other program deploys.
pub(super) fn units(known: &Known<'_>, claimed: &BTreeSet<String>) -> Vec<Unit> {
    let mut used: BTreeSet<&str> =
        known.kustomizations.values().flat_map(|outline| outline.uses.iter().map(String::as_str)).collect();
    let files = known.repository.files;
    // A base may be named by a link to it.
    let linked = used.iter().filter(|path| !known.kustomizations.contains_key(**path) && files.is_folder(path));
    let linked: BTreeSet<String> = linked.filter_map(|path| files.real(path)).collect();
    if !linked.is_empty() {
        let is_linked = |folder: &&String| files.real(folder).is_some_and(|real| linked.contains(&real));
        used.extend(known.kustomizations.keys().filter(is_linked).map(String::as_str));
    }
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
        let is_absent = |(folder, _): &&(String, String)| !known.repository.files.is_folder(folder);
        let charts = outline.charts.iter().filter(is_absent);
        found.extend(charts.map(|(at, what)| format!("the chart {what} ({at}) is not here, and nothing is fetched")));
        found.extend(outline.remote.iter().map(|url| format!("{url} is not here, and nothing is fetched")));
        found.extend(outline.unread.iter().map(|path| format!("{path} cannot be read")));
        if let Some(left) = &outline.left {
            found.push(format!("{folder} uses `{left}`, which is left to kustomize itself"));
        }
        waiting.extend(outline.uses.iter().filter(|path| known.kustomizations.contains_key(*path)).cloned());
    }
    found.sort();
    found.dedup();
    found
}
