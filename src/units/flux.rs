//! Kustomizations and HelmReleases of Flux.

use super::documents::Document;
use super::kustomization::missing;
use super::{Chart, How, Kind, Known, Placed, Unit, chart, environment};
use crate::manifest::{self, Tree};

/// The units that Flux deploys.
pub(super) fn units(known: &Known<'_>) -> Vec<Unit> {
    let mut units = Vec::new();
    for document in &known.documents {
        // What does not say where it comes from is a patch of one that does.
        if document.is("kustomize.toolkit.fluxcd.io", "Kustomization")
            && document.tree.at(&["spec", "sourceRef"]).is_some()
        {
            units.push(kustomization(known, document));
        } else if document.is("helm.toolkit.fluxcd.io", "HelmRelease")
            && (document.text(&["spec", "chart", "spec", "chart"]).is_some()
                || document.tree.at(&["spec", "chartRef"]).is_some())
        {
            units.push(release(known, document));
        }
    }
    units
}

fn kustomization(known: &Known<'_>, document: &Document) -> Unit {
    let path = document.text(&["spec", "path"]).unwrap_or("./");
    let source = document.text(&["spec", "sourceRef", "name"]).unwrap_or_default();
    let of = document.text(&["spec", "sourceRef", "kind"]).unwrap_or("a source");
    let folder = known.folder(path).filter(|folder| is_here(known, of, source, folder));
    let how = match &folder {
        Some(folder) => known.how(folder, true),
        None => {
            let url = url_of(known, of, source).map(|url| format!(", {url}")).unwrap_or_default();
            How::NotHere(format!("{path} of {of} {source}{url}"))
        }
    };
    let mut missing = match &how {
        How::Kustomize(folder) => missing(known, folder),
        _ => Vec::new(),
    };
    let substituted = document.tree.at(&["spec", "postBuild"]).is_some_and(|t| !t.entries().is_empty());
    if substituted {
        missing.push("variables of `postBuild` are not substituted".into());
    }
    for key in ["patches", "images", "components"] {
        if document.tree.at(&["spec", key]).is_some_and(|t| !t.items().is_empty()) {
            missing.push(format!("`spec.{key}` is not applied"));
        }
    }
    Unit {
        name: document.name().to_owned(),
        kind: Kind::FluxKustomization,
        path: folder.unwrap_or_else(|| document.path.clone()),
        environment: environment::of(&document.path),
        placed: document.text(&["spec", "targetNamespace"]).map_or(Placed::Anywhere, |n| Placed::All(n.to_owned())),
        how,
        missing,
    }
}

/// The name that Flux gives the source of its own repository.
const OWN: &str = "flux-system";

/// Whether a source is this repository, as far as can be told: the one from which Flux installs itself, one of the same
/// address, or one that nothing here says anything of and that has a folder of this name.
fn is_here(known: &Known<'_>, kind: &str, name: &str, folder: &str) -> bool {
    if kind == "GitRepository" && name == OWN {
        return true;
    }
    match (url_of(known, kind, name), url_of(known, "GitRepository", OWN)) {
        (Some(url), Some(own)) => url == own,
        _ => folder != known.repository.top,
    }
}

fn release(known: &Known<'_>, document: &Document) -> Unit {
    let namespace = document.text(&["spec", "targetNamespace"]).or(document.text(&["metadata", "namespace"]));
    let chart = document.text(&["spec", "chart", "spec", "chart"]);
    let from = document.text(&["spec", "chart", "spec", "sourceRef", "kind"]);
    let folder = chart.filter(|_| matches!(from, Some("GitRepository" | "Bucket"))).and_then(|path| known.folder(path));
    let mut missing = Vec::new();
    let how = match folder {
        Some(folder) => {
            missing = chart::missing(known.repository, &folder);
            let release = document.text(&["spec", "releaseName"]).unwrap_or(document.name());
            How::Helm(Chart {
                folder,
                inline: document.tree.at(&["spec", "values"]).filter(|t| t.is_map()).map(Tree::to_json),
                release: Some(release.to_owned()),
                ..Chart::default()
            })
        }
        None => How::NotHere(manifest::chart_of(&document.tree, |kind, name| url_of(known, kind, name)).to_string()),
    };
    if document.tree.at(&["spec", "valuesFrom"]).is_some_and(|t| !t.items().is_empty()) {
        missing.push("values of `valuesFrom` are not read".into());
    }
    Unit {
        name: document.name().to_owned(),
        kind: Kind::HelmRelease,
        path: document.path.clone(),
        environment: environment::of(&document.path),
        placed: namespace.map_or(Placed::Anywhere, |n| Placed::Default(n.to_owned())),
        how,
        missing,
    }
}

/// The address of a source of charts.
fn url_of(known: &Known<'_>, kind: &str, name: &str) -> Option<String> {
    let group = "source.toolkit.fluxcd.io";
    let found = known.documents.iter().find(|d| d.is(group, kind) && d.name() == name)?;
    found.text(&["spec", "url"]).map(str::to_owned)
}
