//! Kustomizations and HelmReleases of Flux.

use super::documents::Document;
use super::kustomization::missing;
use super::{Chart, Edits, How, Kind, Known, Placed, Unit, chart, edits, environment, values};
use crate::kustomize;
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
        environment: environment::of(&document.path),
        placed: document.text(&["spec", "targetNamespace"]).map_or(Placed::Anywhere, |n| Placed::All(n.to_owned())),
        how,
        edits,
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
    let target = document.text(&["spec", "targetNamespace"]);
    let namespace = target.or(document.text(&["metadata", "namespace"]));
    let folder = folder_of_chart(known, document);
    let mut missing = Vec::new();
    let how = match folder {
        Some(folder) => {
            missing = chart::missing(known.repository, &folder);
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
        None => How::NotHere(manifest::chart_of(&document.tree, |kind, name| url_of(known, kind, name)).to_string()),
    };
    if document.tree.at(&["spec", "postRenderers"]).is_some_and(|t| !t.items().is_empty()) {
        missing.push("`spec.postRenderers` is not applied".into());
    }
    Unit {
        name: document.name().to_owned(),
        kind: Kind::HelmRelease,
        path: document.path.clone(),
        environment: environment::of(&document.path),
        placed: namespace.map_or(Placed::Anywhere, |n| Placed::Default(n.to_owned())),
        how,
        edits: Edits::default(),
        missing,
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

/// The address of a source of charts.
fn url_of(known: &Known<'_>, kind: &str, name: &str) -> Option<String> {
    let group = "source.toolkit.fluxcd.io";
    let found = known.documents.iter().find(|d| d.is(group, kind) && d.name() == name)?;
    found.text(&["spec", "url"]).map(str::to_owned)
}
