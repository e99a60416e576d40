//! Charts with their values files, and the charts that they need.

use std::collections::BTreeSet;

use super::documents::{is_yaml, text_of, trees};
use super::{Chart, Edits, How, Kind, Known, Placed, Repository, Unit};
use crate::kustomize;
use crate::manifest::Tree;
use crate::source::Files;

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
    let used = used(known);
    let is_own = |folder: &&String| {
        !claimed.contains(*folder) && !used.contains(*folder) && !is_library(known.repository, folder)
    };
    let own: Vec<&String> = known.charts.iter().filter(is_own).collect();
    for folder in &own {
        let folder: &String = folder;
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
        let mut values = values_files(known.repository, folder);
        values.extend(values_elsewhere(known, folder, own.len() == 1));
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

/// The values files in folders of environments elsewhere, with the environment of each: those of the only chart, and
/// those that a chart's name is in, such as `environments/prod/web/values.yaml` or `prod/values-web.yaml`.
fn values_elsewhere(known: &Known<'_>, folder: &str, is_only: bool) -> Vec<(String, String)> {
    let chart = folder.rsplit('/').next().unwrap_or(folder);
    let mut found = Vec::new();
    for path in known.repository.paths.iter().filter(|path| is_yaml(path)) {
        let (of, name) = path.rsplit_once('/').unwrap_or((".", path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let word = match stem {
            "values" => "",
            stem => match stem.strip_prefix("values-").or(stem.strip_suffix("-values")) {
                Some(word) => word,
                None => continue,
            },
        };
        let is_elsewhere = !known.kustomizations.contains_key(of)
            && !known.charts.iter().any(|chart| chart == of || kustomize::is_below(chart, of));
        let is_named = word == chart || of.split('/').any(|part| part == chart);
        // Another word is the name of another chart.
        let is_meant = is_named || is_only && word.is_empty();
        if is_elsewhere && is_meant {
            found.extend(super::environment::of(of).map(|environment| (environment, path.clone())));
        }
    }
    found
}

fn is_library(repository: &Repository<'_>, folder: &str) -> bool {
    let file = text_of(repository, &kustomize::join(folder, "Chart.yaml"));
    let about = file.as_deref().and_then(|text| trees(text).into_iter().next());
    about.as_ref().and_then(|a| a.get("type")).and_then(Tree::as_str) == Some("library")
}

/// The charts that others of the repository have as a part.
fn used(known: &Known<'_>) -> BTreeSet<String> {
    let parts = known.charts.iter().flat_map(|folder| local_parts(folder, known.repository.files));
    parts.map(|(_, folder)| folder).collect()
}

/// How deep charts of a repository may be parts of each other.
const DEPTH: usize = 5;

/// The parts of a chart that it names by `file://` and that are not in its folder: where each belongs in it, and the
/// folder where it is (<https://helm.sh/docs/topics/charts/#chart-dependencies>).
pub fn local_parts(folder: &str, files: &dyn Files) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), folder.to_owned(), 0)];
    while let Some((place, folder, depth)) = waiting.pop() {
        for chart in needed(&folder, files) {
            let Some(path) = text(&chart, "repository").strip_prefix("file://").map(str::to_owned) else { continue };
            let name = text(&chart, "name");
            let own = kustomize::join(&folder, "charts");
            let other = kustomize::join(&folder, &path);
            let is_there = files.is_folder(&kustomize::join(&own, &name))
                || files.list(&own).iter().any(|path| is_packed(path, &own, &name));
            // A name is one folder.
            let is_name = !name.is_empty() && !name.contains('/') && !matches!(name.as_str(), "." | "..");
            // A folder that is no chart, or that may not be read, is not looked through.
            let is_chart = files.read(&kustomize::join(&other, "Chart.yaml")).is_some();
            if depth < DEPTH && is_name && !is_there && is_chart {
                let place = if place.is_empty() { String::new() } else { format!("{place}/") };
                let place = format!("{place}charts/{name}");
                found.push((place.clone(), other.clone()));
                waiting.push((place, other, depth + 1));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn text(tree: &Tree, key: &str) -> String {
    tree.get(key).and_then(Tree::as_str).unwrap_or_default().to_owned()
}

/// What a chart needs, as its file says.
fn needed(folder: &str, files: &dyn Files) -> Vec<Tree> {
    let file = files.read(&kustomize::join(folder, "Chart.yaml")).and_then(|bytes| String::from_utf8(bytes).ok());
    let about = file.and_then(|text| trees(&text).into_iter().next());
    about.and_then(|about| about.get("dependencies").map(|tree| tree.items().to_vec())).unwrap_or_default()
}

/// Whether a file is a packed chart of a name in a folder.
fn is_packed(path: &str, folder: &str, name: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(of, file)| {
        of == folder && file.strip_prefix(name).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".tgz"))
    })
}

/// The charts that a chart needs and that are not in its folder.
pub(super) fn missing(repository: &Repository<'_>, folder: &str) -> Vec<String> {
    let charts = kustomize::join(folder, "charts");
    let mut missing = Vec::new();
    for chart in needed(folder, repository.files) {
        let (name, url) = (text(&chart, "name"), text(&chart, "repository"));
        let local =
            url.strip_prefix("file://").is_some_and(|path| repository.files.is_folder(&kustomize::join(folder, path)));
        if !name.is_empty()
            && !local
            && !repository.files.is_folder(&kustomize::join(&charts, &name))
            && !repository.paths.iter().any(|path| is_packed(path, &charts, &name))
        {
            let from = if url.is_empty() { String::new() } else { format!(" from {url}") };
            missing.push(format!("needs the chart {name}{from}: `helm dependency build {folder}` fetches it"));
        }
    }
    missing
}
