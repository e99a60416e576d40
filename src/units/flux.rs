//! Kustomizations and HelmReleases of Flux.

use std::sync::Arc;

use super::documents::Document;
use super::kustomization::missing;
use super::{Chart, Declared, Edits, How, Kind, Known, Placed, Unit, chart, edits, overlaid, values};
use crate::kustomize;
use crate::manifest::{self, Tree};

/// The Kustomizations of Flux.
pub(super) fn kustomizations(known: &Known<'_>) -> Vec<Unit> {
    // What does not say where it comes from is a patch of one that does.
    let is_whole = |d: &&Document| {
        d.is("kustomize.toolkit.fluxcd.io", "Kustomization") && d.tree.at(&["spec", "sourceRef"]).is_some()
    };
    known.documents.iter().filter(is_whole).map(|document| kustomization(known, document)).collect()
}

/// The HelmReleases, as the units that deploy them leave them.
pub(super) fn releases(known: &Known<'_>, units: &[Unit]) -> Vec<Unit> {
    let is_whole = |d: &Document| {
        d.text(&["spec", "chart", "spec", "chart"]).is_some() || d.tree.at(&["spec", "chartRef"]).is_some()
    };
    let all = overlaid::releases(known, units).into_iter().filter(|(document, _)| is_whole(document));
    all.map(|(document, environment)| release(known, &document, environment)).collect()
}

fn kustomization(known: &Known<'_>, document: &Document) -> Unit {
    let path = document.text(&["spec", "path"]).unwrap_or("./");
    let source = document.text(&["spec", "sourceRef", "name"]).unwrap_or_default();
    let of = document.text(&["spec", "sourceRef", "kind"]).unwrap_or("a source");
    let folder = match of {
        "ExternalArtifact" => of_artifact(known, document, source, path),
        _ => known.folder(path).filter(|folder| is_here(known, document, of, source, folder)),
    };
    let how = match &folder {
        Some(folder) => known.how(folder, true),
        None => {
            let url = url_of(known, document, of, source).map(|url| format!(", {url}")).unwrap_or_default();
            let unread = if of == "ExternalArtifact" { ", which is not read" } else { "" };
            How::NotHere(format!("{path} of {of} {source}{url}{unread}"))
        }
    };
    let mut missing = match &how {
        How::Kustomize(folder) => missing(known, folder),
        _ => Vec::new(),
    };
    let mut edits = Edits::default();
    let how = match (&folder, how) {
        (Some(folder), how) => {
            edits = edits::of_flux(known, document, folder, &mut missing);
            if edits.kustomization.is_some() { How::Kustomize(folder.clone()) } else { how }
        }
        (None, how) => how,
    };
    if document.tree.at(&["spec", "kubeConfig"]).is_some() {
        missing.push("it is applied to another cluster, which `spec.kubeConfig` names".into());
    }
    Unit {
        name: document.name().to_owned(),
        kind: Kind::FluxKustomization,
        path: folder.unwrap_or_else(|| document.path.clone()),
        environment: document.environment(),
        placed: document.text(&["spec", "targetNamespace"]).map_or(Placed::Anywhere, |n| Placed::All(n.to_owned())),
        how,
        edits,
        missing: [document.notes.clone(), missing].concat(),
        declared: Some(Box::new(declared(document))),
    }
}

/// The name that Flux gives the source of its own repository.
const OWN: &str = "flux-system";

/// The object that declares a unit.
pub(super) fn declared(document: &Document) -> Declared {
    Declared { files: Arc::clone(&document.files), tree: document.tree.clone() }
}

/// Whether a source is this repository, as far as can be told: the one from which Flux installs itself, one of the same
/// address, or one that nothing here says anything of and that has a folder of this name.
fn is_here(known: &Known<'_>, document: &Document, kind: &str, name: &str, folder: &str) -> bool {
    if kind == "GitRepository" && name == OWN {
        return true;
    }
    match (url_of(known, document, kind, name), url_of(known, document, "GitRepository", OWN)) {
        (Some(url), Some(own)) => url == own,
        _ => folder != known.repository.top,
    }
}

/// The folder that an ArtifactGenerator copies to a path of an ExternalArtifact, if it is of this repository
/// (<https://fluxcd.io/flux/components/source/artifactgenerators/>).
fn of_artifact(known: &Known<'_>, document: &Document, name: &str, path: &str) -> Option<String> {
    let named = |tree: &Tree, key: &str, name: &str| tree.get(key).and_then(Tree::as_str) == Some(name);
    let wanted = kustomize::join(path.trim_start_matches('/'), ".");
    let group = "source.extensions.fluxcd.io";
    let all = known.documents.iter().filter(|d| d.is(group, "ArtifactGenerator"));
    let own = document.environment();
    let (near, far): (Vec<_>, Vec<_>) = all.partition(|d| d.environment() == own);
    for generator in near.into_iter().chain(far) {
        let items = |key: &str| generator.tree.at(&["spec", key]).map(Tree::items).unwrap_or_default();
        let Some(artifact) = items("artifacts").iter().find(|tree| named(tree, "name", name)) else { continue };
        for copy in artifact.get("copy").map(Tree::items).unwrap_or_default() {
            let word = |key: &str| copy.get(key).and_then(Tree::as_str);
            let (Some(from), Some(to)) = (word("from"), word("to")) else { continue };
            let Some((alias, from)) = from.strip_prefix('@').and_then(|from| from.split_once('/')) else { continue };
            let (Some(from), Some(to)) = (from.strip_suffix("**"), to.strip_prefix("@artifact")) else { continue };
            let Some(source) = items("sources").iter().find(|tree| named(tree, "alias", alias)) else { continue };
            let to = kustomize::join(to.trim_start_matches('/'), ".");
            let rest = match (to == wanted, to.as_str()) {
                (true, _) => ".",
                (false, ".") => wanted.as_str(),
                (false, to) => match wanted.strip_prefix(to).and_then(|rest| rest.strip_prefix('/')) {
                    Some(rest) => rest,
                    None => continue,
                },
            };
            let word = |key: &str| source.get(key).and_then(Tree::as_str).unwrap_or_default();
            let folder = known.folder(&kustomize::join(from, rest));
            let folder = folder.filter(|folder| is_here(known, generator, word("kind"), word("name"), folder));
            if folder.is_some() {
                return folder;
            }
        }
    }
    None
}

fn release(known: &Known<'_>, document: &Document, environment: Option<String>) -> Unit {
    let target = document.text(&["spec", "targetNamespace"]);
    let namespace = target.or(document.text(&["metadata", "namespace"]));
    let mut missing = document.notes.clone();
    let how = match folder_of_chart(known, document) {
        Some(folder) => {
            missing.extend(chart::missing(known.repository, &folder));
            // Without a name of its own a release is named after where it goes.
            let named = target.map_or(document.name().to_owned(), |target| format!("{target}-{}", document.name()));
            let release = document.text(&["spec", "releaseName"]).map_or(named, str::to_owned);
            let files =
                document.tree.at(&["spec", "chart", "spec", "valuesFiles"]).map(Tree::items).unwrap_or_default();
            let files = files.iter().filter_map(Tree::as_str);
            How::Helm(Chart {
                values: files.map(|path| kustomize::join(&known.repository.top, path)).collect(),
                inline: values::of_release(known, document, &mut missing).map(|values| values.to_json()),
                release: Some(release),
                folder,
                ..Chart::default()
            })
        }
        None => {
            let url = |kind: &str, name: &str| url_of(known, document, kind, name);
            How::NotHere(manifest::chart_of(&document.tree, url).to_string())
        }
    };
    let edits = match &how {
        How::NotHere(_) => Edits::default(),
        _ => edits::of_release(document, &mut missing),
    };
    Unit {
        name: document.name().to_owned(),
        kind: Kind::HelmRelease,
        path: document.path.clone(),
        environment: environment.or_else(|| document.environment()),
        placed: namespace.map_or(Placed::Anywhere, |n| Placed::Default(n.to_owned())),
        how,
        edits,
        missing,
        declared: Some(Box::new(declared(document))),
    }
}

/// The folder of the chart of a release, if it is in this repository: named in the release, or in the HelmChart that it
/// refers to.
fn folder_of_chart(known: &Known<'_>, document: &Document) -> Option<String> {
    let own = document.tree.at(&["spec", "chart", "spec"]);
    let referred = || {
        let name = document.text(&["spec", "chartRef", "name"])?;
        (document.text(&["spec", "chartRef", "kind"]) == Some("HelmChart")).then_some(())?;
        let chart = known.documents.iter().find(|d| d.is("source.toolkit.fluxcd.io", "HelmChart") && d.name() == name);
        chart?.tree.get("spec")
    };
    let spec = own.or_else(referred)?;
    let kind = spec.at(&["sourceRef", "kind"]).and_then(Tree::as_str);
    let path = spec.get("chart").and_then(Tree::as_str).filter(|_| matches!(kind, Some("GitRepository" | "Bucket")))?;
    known.folder(path)
}

/// The address of a source, of those with its name the one beside a document or of its environment.
fn url_of(known: &Known<'_>, document: &Document, kind: &str, name: &str) -> Option<String> {
    let group = "source.toolkit.fluxcd.io";
    let all: Vec<&Document> = known.documents.iter().filter(|d| d.is(group, kind) && d.name() == name).collect();
    let own = document.environment();
    let near = all.iter().find(|d| d.environment() == own);
    near.or(all.first())?.text(&["spec", "url"]).map(str::to_owned)
}
