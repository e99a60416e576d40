//! Applications of Argo CD.

use super::documents::Document;
use super::{Chart, How, Kind, Known, Placed, Unit, argo_set, chart, environment, kustomization};
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
    let mut missing = Vec::new();
    let how = match (&folder, text("chart")) {
        (_, Some(_)) => How::NotHere(manifest::chart_of_source(source).to_string()),
        (None, None) => How::NotHere(format!("{} of {url}", text("path").unwrap_or("."))),
        (Some(folder), None) => {
            let recursive = source.at(&["directory", "recurse"]).and_then(Tree::as_bool) == Some(true);
            known.how(folder, recursive)
        }
    };
    let how = match how {
        How::Helm(chart) => {
            missing.extend(chart::missing(known.repository, &chart.folder));
            How::Helm(with_values(document, source, chart, &mut missing))
        }
        How::Kustomize(folder) => {
            missing.extend(kustomization::missing(known, &folder));
            if source.get("kustomize").is_some_and(|t| !t.entries().is_empty()) {
                missing.push("`source.kustomize` is not applied".into());
            }
            How::Kustomize(folder)
        }
        other => other,
    };
    let cluster = document.text(&["spec", "destination", "name"]).filter(|name| *name != "in-cluster");
    let path = folder.unwrap_or_else(|| document.path.clone());
    Unit {
        name: document.name().to_owned(),
        kind: Kind::Application,
        environment: cluster
            .map(str::to_owned)
            .or_else(|| environment::of(&path))
            .or_else(|| environment::of(&document.path)),
        path,
        placed: document
            .text(&["spec", "destination", "namespace"])
            .map_or(Placed::Anywhere, |n| Placed::Default(n.to_owned())),
        how,
        missing,
    }
}

/// The values that an Application gives a chart.
fn with_values(document: &Document, source: &Tree, mut chart: Chart, missing: &mut Vec<String>) -> Chart {
    chart.release = Some(document.name().to_owned());
    let Some(helm) = source.get("helm") else { return chart };
    if let Some(release) = helm.get("releaseName").and_then(Tree::as_str) {
        chart.release = Some(release.to_owned());
    }
    for file in helm.get("valueFiles").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::as_str) {
        if file.starts_with('$') || file.contains("://") {
            missing.push(format!("the values file {file} is not here"));
        } else {
            chart.values.push(kustomize::join(&chart.folder, file));
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
            chart.set.push(format!("{name}={value}"));
        }
    }
    chart
}
