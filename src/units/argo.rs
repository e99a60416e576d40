//! Applications of Argo CD.

use super::documents::Document;
use super::{
    Chart, Edits, How, Kind, Known, Placed, Unit, argo_set, chart, edits, environment, flux, kustomization, plain,
    project,
};
use crate::kustomize;
use crate::manifest::{self, Tree};

const GROUP: &str = "argoproj.io";

/// The units that Argo CD deploys.
pub(super) fn units(known: &Known<'_>) -> Vec<Unit> {
    let mut units = Vec::new();
    for document in &known.documents {
        if document.is(GROUP, "Application") {
            units.extend(application(known, document));
        } else if document.is(GROUP, "ApplicationSet") {
            units.extend(argo_set::applications(known, document).into_iter().flat_map(|made| match made {
                Ok(document) => application(known, &document),
                Err(unit) => vec![*unit],
            }));
        }
    }
    units
}

/// A unit for each source of an Application.
fn application(known: &Known<'_>, document: &Document) -> Vec<Unit> {
    let several = document.tree.at(&["spec", "sources"]).map(Tree::items).unwrap_or_default();
    let sources: Vec<&Tree> = match several {
        [] => document.tree.at(&["spec", "source"]).into_iter().collect(),
        // A source with `ref` alone only lends its files.
        several => several.iter().filter(|s| s.get("path").is_some() || s.get("chart").is_some()).collect(),
    };
    sources.into_iter().map(|source| unit(known, document, source)).collect()
}

fn unit(known: &Known<'_>, document: &Document, source: &Tree) -> Unit {
    let text = |key: &str| source.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
    let url = text("repoURL").unwrap_or("an unnamed repository");
    let folder = text("path").filter(|_| text("chart").is_none()).and_then(|path| known.folder(path));
    let mut missing = document.notes.clone();
    let how = match (&folder, text("chart")) {
        (_, Some(_)) => How::NotHere(manifest::chart_of_source(source).to_string()),
        (None, None) => How::NotHere(format!("{} of {url}", text("path").unwrap_or("."))),
        (Some(folder), None) => {
            let recursive = source.at(&["directory", "recurse"]).and_then(Tree::as_bool) == Some(true);
            match source.get("directory").filter(|t| !t.entries().is_empty()) {
                // A source that is declared as a directory is no other.
                Some(directory) => How::Plain(files_of(known, directory, folder, recursive, &mut missing)),
                None => known.how(folder, recursive),
            }
        }
    };
    let mut edits = Edits::default();
    let how = match how {
        How::Helm(chart) => {
            missing.extend(chart::missing(known.repository, &chart.folder));
            How::Helm(with_values(known, document, source, chart, &mut missing))
        }
        How::Kustomize(folder) => {
            missing.extend(kustomization::missing(known, &folder));
            edits = edits::of_source(document, source, &mut missing);
            How::Kustomize(folder)
        }
        other => other,
    };
    missing.extend(project::refused(known, document, source));
    let cluster = document.text(&["spec", "destination", "name"]).filter(|name| *name != "in-cluster");
    let path = folder.unwrap_or_else(|| document.path.clone());
    Unit {
        name: document.name().to_owned(),
        kind: Kind::Application,
        environment: cluster.map(str::to_owned).or_else(|| environment::of(&path)).or_else(|| document.environment()),
        path,
        placed: document
            .text(&["spec", "destination", "namespace"])
            .map_or(Placed::Anywhere, |n| Placed::Default(n.to_owned())),
        how,
        edits,
        missing,
        declared: Some(Box::new(flux::declared(document))),
    }
}

/// The manifests of a directory (<https://argo-cd.readthedocs.io/en/stable/user-guide/directory/>): `include` and
/// `exclude` are patterns, or several in braces, of paths below it.
fn files_of(
    known: &Known<'_>,
    directory: &Tree,
    folder: &str,
    recursive: bool,
    missing: &mut Vec<String>,
) -> Vec<String> {
    let mut files = plain::files_of(known.repository, folder, recursive);
    let start = if folder == "." { 0 } else { folder.len() + 1 };
    for (key, keeps) in [("include", true), ("exclude", false)] {
        let Some(pattern) = directory.get(key).and_then(Tree::as_str).filter(|p| !p.is_empty()) else { continue };
        let inner = pattern.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
        let all: Vec<&str> = inner.map_or(vec![pattern], |inner| inner.split(',').map(str::trim).collect());
        files.retain(|path| all.iter().any(|p| environment::matches(p, &path[start..])) == keeps);
    }
    if directory.get("jsonnet").is_some_and(|t| !t.entries().is_empty()) {
        missing.push("`source.directory.jsonnet` is not evaluated".into());
    }
    files
}

/// A values file of a chart: `$name/path` is one of the source with `ref: name`, here if it is in this repository.
fn file_beside(known: &Known<'_>, document: &Document, folder: &str, file: &str) -> Result<String, String> {
    let is_there = |path: &str| known.repository.files.read(path).is_some();
    let not_here = |of: &str| format!("the values file {file}{of} is not here");
    if file.contains("://") {
        return Err(not_here(""));
    }
    if let Some((name, path)) = file.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
        let sources = document.tree.at(&["spec", "sources"]).map(Tree::items).unwrap_or_default();
        let word = |tree: &Tree, key: &str| tree.get(key).and_then(Tree::as_str).map(str::to_owned);
        let Some(source) = sources.iter().find(|s| word(s, "ref").as_deref() == Some(name)) else {
            return Err(format!("the values file {file} names no source: there is none with `ref: {name}`"));
        };
        let url = word(source, "repoURL").unwrap_or_default();
        let path = kustomize::join(&known.repository.top, path);
        return if is_there(&path) { Ok(path) } else { Err(not_here(&format!(" of {url}"))) };
    }
    let path = match file.strip_prefix('/') {
        Some(from_top) => kustomize::join(&known.repository.top, from_top),
        None => kustomize::join(folder, file),
    };
    if is_there(&path) { Ok(path) } else { Err(not_here("")) }
}

/// The values that an Application gives a chart.
fn with_values(
    known: &Known<'_>,
    document: &Document,
    source: &Tree,
    mut chart: Chart,
    missing: &mut Vec<String>,
) -> Chart {
    chart.release = Some(document.name().to_owned());
    let Some(helm) = source.get("helm") else { return chart };
    if let Some(release) = helm.get("releaseName").and_then(Tree::as_str) {
        chart.release = Some(release.to_owned());
    }
    let ignores = helm.get("ignoreMissingValueFiles").and_then(Tree::as_bool) == Some(true);
    for file in helm.get("valueFiles").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::as_str) {
        match file_beside(known, document, &chart.folder, file) {
            Ok(path) => chart.values.push(path),
            Err(_) if ignores && !file.contains("://") => {}
            Err(why) => missing.push(why),
        }
    }
    // JSON is YAML, and what a chart is given as text is YAML too.
    chart.inline = match (helm.get("valuesObject").filter(|t| t.is_map()), helm.get("values").and_then(Tree::as_str)) {
        (Some(values), _) => Some(values.to_json()),
        (None, values) => values.map(str::to_owned),
    };
    for parameter in helm.get("parameters").map(Tree::items).unwrap_or_default() {
        let text = |key: &str| parameter.get(key).and_then(Tree::as_str);
        if let (Some(name), Some(value)) = (text("name"), text("value")) {
            // A comma would begin another value; a list in braces needs its own.
            let is_list = value.starts_with('{') && value.ends_with('}');
            let value = if is_list { value.to_owned() } else { value.replace(',', "\\,") };
            match parameter.get("forceString").and_then(Tree::as_bool) {
                Some(true) => chart.set_string.push(format!("{name}={value}")),
                _ => chart.set.push(format!("{name}={value}")),
            }
        }
    }
    for parameter in helm.get("fileParameters").map(Tree::items).unwrap_or_default() {
        let word = |key: &str| parameter.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
        let (Some(name), Some(file)) = (word("name"), word("path")) else { continue };
        match file_beside(known, document, &chart.folder, file) {
            Ok(path) => chart.set_file.push((name.to_owned(), path)),
            Err(why) => missing.push(why.replacen("the values file", "the file", 1)),
        }
    }
    chart
}
