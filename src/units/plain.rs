//! Folders with manifests that nothing else deploys.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::documents::{is_yaml, text_of};
use super::{Edits, How, Kind, Known, Placed, Repository, Unit, samples};
use crate::kustomize;

/// The manifests of a folder, or of all folders below it too.
pub(super) fn files_of(repository: &Repository<'_>, folder: &str, recursive: bool) -> Vec<String> {
    let is_here = |path: &&String| {
        let of = path.rsplit_once('/').map_or(".", |(of, _)| of);
        is_yaml(path) && (of == folder || recursive && kustomize::is_below(folder, path))
    };
    repository.paths.iter().filter(is_here).cloned().collect()
}

/// The outermost folders that hold manifests which are a part of no other unit.
pub(super) fn units(known: &Known<'_>, claimed: &BTreeSet<String>) -> Vec<Unit> {
    let used: BTreeSet<&str> =
        known.kustomizations.values().flat_map(|outline| outline.uses.iter().map(String::as_str)).collect();
    let is_part = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        used.contains(path)
            || kustomize::FILE_NAMES.contains(&name)
            || known.kustomizations.contains_key(path.rsplit_once('/').map_or(".", |(of, _)| of))
            || known.charts.iter().any(|folder| kustomize::is_below(folder, path))
            || claimed.iter().any(|folder| kustomize::is_below(folder, path))
    };
    let candidates: Vec<&String> = known.repository.paths.iter().filter(|p| is_yaml(p) && !is_part(p)).collect();
    let files: Vec<&String> = candidates
        .into_par_iter()
        .filter(|path| text_of(known.repository, path).is_some_and(|t| is_manifest(&t)))
        .collect();
    let own: BTreeSet<&str> = files.iter().map(|path| path.rsplit_once('/').map_or(".", |(of, _)| of)).collect();
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let folder = above.find(|folder| own.contains(folder)).unwrap_or(".");
        folders.entry(folder.to_owned()).or_default().push(path.clone());
    }
    let unit = |(folder, files): (String, Vec<String>)| Unit {
        name: folder.clone(),
        kind: Kind::Folder,
        path: folder,
        environment: None,
        placed: Placed::Anywhere,
        how: How::Plain(files),
        edits: Edits::default(),
        missing: Vec::new(),
        declared: None,
    };
    samples::apart(known.repository, folders).into_iter().map(unit).collect()
}

/// Whether a text may hold objects of Kubernetes that are deployed as they are.
fn is_manifest(text: &str) -> bool {
    let says = |key: &str| {
        text.lines().any(|line| line.starts_with(key)) || text.contains(&format!("\"{}\"", key.trim_end_matches(':')))
    };
    says("apiVersion:") && says("kind:") && !text.contains("{{") && !text.contains("tanka.dev/")
}
