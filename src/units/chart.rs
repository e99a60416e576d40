//! Charts with their values files, and the charts that they need.

use std::collections::BTreeSet;

use super::documents::{is_yaml, text_of, trees};
use super::{Chart, Edits, How, Kind, Known, Placed, Repository, Unit};
use crate::kustomize;
use crate::manifest::Tree;

/// The folders of charts, but for those inside of others.
pub(super) fn folders(repository: &Repository<'_>) -> BTreeSet<String> {
    let all: BTreeSet<String> = (repository.paths.iter())
        .filter_map(|path| match path.rsplit_once('/') {
            Some((folder, "Chart.yaml")) => Some(folder.to_owned()),
            None if path == "Chart.yaml" => Some(".".to_owned()),
            _ => None,
        })
        .collect();
    let is_inside =
        |folder: &String| all.iter().any(|other| kustomize::is_below(&kustomize::join(other, "charts"), folder));
    all.iter().filter(|folder| !is_inside(folder)).cloned().collect()
}

/// Every chart with each of its values files.
pub(super) fn units(known: &Known<'_>, claimed: &BTreeSet<String>) -> Vec<Unit> {
    let mut units = Vec::new();
    for folder in known.charts.iter().filter(|folder| !claimed.contains(*folder)) {
        let file = text_of(known.repository, &kustomize::join(folder, "Chart.yaml"));
        let about = file.as_deref().and_then(|text| trees(text).into_iter().next());
        if about.as_ref().and_then(|a| a.get("type")).and_then(Tree::as_str) == Some("library") {
            continue;
        }
        let missing = missing(known.repository, folder);
        let mut add = |values: Option<(String, String)>| {
            let (name, environment, values) = match values {
                Some((environment, path)) => (format!("{folder} ({environment})"), Some(environment), vec![path]),
                None => (folder.clone(), None, Vec::new()),
            };
            units.push(Unit {
                name,
                kind: Kind::Chart,
                path: folder.clone(),
                environment,
                placed: Placed::Anywhere,
                how: How::Helm(Chart { folder: folder.clone(), values, ..Chart::default() }),
                edits: Edits::default(),
                missing: missing.clone(),
                declared: None,
            });
        };
        let values = values_files(known.repository, folder);
        add(None);
        values.into_iter().for_each(|file| add(Some(file)));
    }
    units
}

/// The values files beside the chart's own, with the word that tells each: `prod` for `values-prod.yaml`.
fn values_files(repository: &Repository<'_>, folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in repository.paths.iter().filter(|path| is_yaml(path)) {
        let (of, name) = path.rsplit_once('/').unwrap_or((".", path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        if of == folder {
            let word = stem
                .strip_prefix("values")
                .and_then(|rest| rest.strip_prefix(['-', '.', '_']))
                .or_else(|| stem.strip_suffix("-values").or(stem.strip_suffix(".values")));
            found.extend(word.filter(|word| *word != "schema").map(|word| (word.to_owned(), path.clone())));
        } else if of == kustomize::join(folder, "values") || of == kustomize::join(folder, "environments") {
            found.push((stem.to_owned(), path.clone()));
        }
    }
    found
}

/// The charts that a chart needs and that are not in its folder.
pub(super) fn missing(repository: &Repository<'_>, folder: &str) -> Vec<String> {
    let Some(text) = text_of(repository, &kustomize::join(folder, "Chart.yaml")) else { return Vec::new() };
    let needed = trees(&text).into_iter().next();
    let needed = needed.iter().filter_map(|tree| tree.get("dependencies")).flat_map(Tree::items);
    let charts = kustomize::join(folder, "charts");
    let mut missing = Vec::new();
    for chart in needed {
        let Some(name) = chart.get("name").and_then(Tree::as_str) else { continue };
        let url = chart.get("repository").and_then(Tree::as_str).unwrap_or_default();
        let local =
            url.strip_prefix("file://").is_some_and(|path| repository.files.is_folder(&kustomize::join(folder, path)));
        let packed = format!("{name}-");
        let is_packed = |path: &String| {
            path.rsplit_once('/')
                .is_some_and(|(of, file)| of == charts && file.starts_with(&packed) && file.ends_with(".tgz"))
        };
        if !local
            && !repository.files.is_folder(&kustomize::join(&charts, name))
            && !repository.paths.iter().any(is_packed)
        {
            let from = if url.is_empty() { String::new() } else { format!(" from {url}") };
            missing.push(format!("needs the chart {name}{from}: `helm dependency build {folder}` fetches it"));
        }
    }
    missing
}
