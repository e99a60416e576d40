//! Objects of Argo CD and Flux as the kustomizations that deploy them make them: with the patches of overlays, and once
//! for each overlay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::documents::{Around, Document, is};
use super::{Edits, How, Known, Placed, Repository, Unit};
use crate::kustomize::{self, Built, Outline, Whose};
use crate::manifest::Tree;

/// Kinds that say what is deployed, with their groups.
const DEPLOYING: &[(&str, &str)] = &[
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
];

/// Kinds that these refer to.
const REFERRED: &[(&str, &str)] = &[
    ("argoproj.io", "AppProject"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("source.toolkit.fluxcd.io", "OCIRepository"),
    ("source.toolkit.fluxcd.io", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "HelmChart"),
    ("source.toolkit.fluxcd.io", "Bucket"),
    ("source.extensions.fluxcd.io", "ArtifactGenerator"),
];

fn is_any(tree: &Tree, kinds: &[(&str, &str)]) -> bool {
    kinds.iter().any(|(group, kind)| is(tree, group, kind))
}

/// Puts what kustomizations make of documents in the place of these. Documents of kustomizations that cannot be built
/// here stay as they lie, and say so.
pub(super) fn documents(
    repository: &Repository<'_>,
    kustomizations: &BTreeMap<String, Outline>,
    mut raw: Vec<Document>,
) -> Vec<Document> {
    let deploying: BTreeSet<&str> =
        raw.iter().filter(|d| is_any(&d.tree, DEPLOYING)).map(|d| d.path.as_str()).collect();
    let roots = roots(repository, kustomizations, &raw, &deploying);
    let all: BTreeSet<&String> = roots.values().flatten().collect();
    let built: BTreeMap<&String, Result<Built, String>> = all
        .into_par_iter()
        .map(|root| (root, kustomize::build(root, repository.files).map_err(|unbuilt| unbuilt.to_string())))
        .collect();
    let mut replaced: BTreeSet<String> = BTreeSet::new();
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, roots) in &roots {
        for root in roots {
            match built.get(root) {
                Some(Err(why)) => {
                    let note = format!("it is shown without what {root} changes in it, which is not built here: {why}");
                    notes.entry((*path).to_owned()).or_default().push(note);
                }
                _ => drop(replaced.insert((*path).to_owned())),
            }
        }
    }
    let made: Vec<Document> =
        built.iter().filter_map(|(root, built)| Some(of_built(root, built.as_ref().ok()?))).flatten().collect();
    raw.retain(|document| !replaced.contains(&document.path) || notes.contains_key(&document.path));
    for document in &mut raw {
        document.notes.extend(notes.get(&document.path).into_iter().flatten().cloned());
    }
    raw.extend(made);
    raw
}

/// The objects of a kustomization that deploy something, and those that they refer to.
fn of_built(folder: &str, built: &Built) -> Vec<Document> {
    let files = Arc::new(built.files.clone());
    let config_maps = built.objects.iter().filter(|tree| is_config_map(tree)).cloned().collect();
    let around = Arc::new(Around { folder: folder.to_owned(), config_maps });
    let document = |tree: &Tree| Document {
        path: files.get(tree.span.file.index()).map_or_else(|| folder.to_owned(), |file| file.name().to_owned()),
        tree: tree.clone(),
        files: Arc::clone(&files),
        built: Some(Arc::clone(&around)),
        notes: Vec::new(),
    };
    built.objects.iter().filter(|tree| is_any(tree, DEPLOYING) || is_any(tree, REFERRED)).map(document).collect()
}

fn is_config_map(tree: &Tree) -> bool {
    let word = |key: &str| tree.get(key).and_then(Tree::as_str);
    word("kind") == Some("ConfigMap") && word("apiVersion") == Some("v1")
}

/// For each file that deploys something, the kustomizations that are deployed and use it: those that no other one uses,
/// and those that an Application or a Kustomization of Flux names.
fn roots<'d>(
    repository: &Repository<'_>,
    kustomizations: &BTreeMap<String, Outline>,
    raw: &[Document],
    deploying: &BTreeSet<&'d str>,
) -> BTreeMap<&'d str, BTreeSet<String>> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (folder, outline) in kustomizations {
        outline.uses.iter().for_each(|used| users.entry(used).or_default().push(folder));
    }
    let named = raw.iter().flat_map(|document| {
        let paths = [["spec", "path"].as_slice(), ["spec", "source", "path"].as_slice()];
        paths.into_iter().filter_map(|keys| document.text(keys))
    });
    let named: BTreeSet<String> =
        named.map(|path| kustomize::join(&repository.top, path.trim_start_matches('/'))).collect();
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for path in deploying {
        let mut seen = BTreeSet::new();
        let mut waiting = users.get(path).cloned().unwrap_or_default();
        while let Some(folder) = waiting.pop() {
            if !seen.insert(folder) {
                continue;
            }
            let above = users.get(folder).cloned().unwrap_or_default();
            let is_component = kustomizations.get(folder).is_some_and(|outline| outline.is_component);
            if !is_component && (above.is_empty() || named.contains(folder)) {
                found.entry(path).or_default().insert(folder.to_owned());
            }
            waiting.extend(above);
        }
    }
    found
}

/// HelmReleases as the units that deploy them leave them, each with the environment of its unit.
pub(super) fn releases(known: &Known<'_>, units: &[Unit]) -> Vec<(Document, Option<String>)> {
    let all = known.documents.iter().filter(|d| d.is("helm.toolkit.fluxcd.io", "HelmRelease"));
    let all: Vec<&Document> = all.collect();
    let mut taken = vec![false; all.len()];
    let mut found = Vec::new();
    for unit in units {
        let own: Vec<usize> = (0..all.len()).filter(|n| deploys(unit, all[*n])).collect();
        if own.is_empty() {
            continue;
        }
        let lying = own.iter().map(|n| all[*n].clone()).collect();
        found.extend(as_deployed(known, unit, lying).into_iter().map(|document| (document, unit.environment.clone())));
        own.into_iter().for_each(|n| taken[n] = true);
    }
    let left = all.iter().zip(taken).filter(|(_, taken)| !taken);
    found.extend(left.map(|(document, _)| ((*document).clone(), document.environment())));
    found
}

/// Whether a unit deploys a document.
fn deploys(unit: &Unit, document: &Document) -> bool {
    let around = document.built.as_ref().map(|around| around.folder.as_str());
    match &unit.how {
        How::Kustomize(folder) => {
            let is_made = unit.edits.kustomization.as_ref().is_some_and(|changes| !changes.resources.is_empty());
            around == Some(folder) || is_made && kustomize::is_below(folder, around.unwrap_or(&document.path))
        }
        How::Plain(files) => around.is_none() && files.contains(&document.path),
        How::Helm(_) | How::NotHere(_) => false,
    }
}

/// Documents with what their unit changes in them.
fn as_deployed(known: &Known<'_>, unit: &Unit, mut documents: Vec<Document>) -> Vec<Document> {
    let Edits { kustomization, labels, annotations, variables, .. } = &unit.edits;
    if let (How::Kustomize(folder), Some(changes)) = (&unit.how, kustomization) {
        match kustomize::build_changed(folder, known.repository.files, changes) {
            Ok(built) => {
                documents = of_built(folder, &built);
                documents.retain(|document| document.is("helm.toolkit.fluxcd.io", "HelmRelease"));
            }
            Err(why) => {
                let what = format!("it is shown without what the {} changes in it: {why}", unit.kind.as_str());
                documents.iter_mut().for_each(|document| document.notes.push(what.clone()));
            }
        }
    }
    for document in &mut documents {
        match &unit.placed {
            Placed::Anywhere => {}
            Placed::Default(name) => kustomize::set_namespace(&mut document.tree, name, Whose::WithoutOne),
            Placed::All(name) => kustomize::set_namespace(&mut document.tree, name, Whose::All),
        }
        kustomize::set_metadata(&mut document.tree, "labels", labels);
        kustomize::set_metadata(&mut document.tree, "annotations", annotations);
        kustomize::substitute(&mut document.tree, variables);
    }
    documents
}
