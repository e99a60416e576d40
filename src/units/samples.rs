//! Folders that are not deployed as a whole: those whose parts define the same objects differently.
//!
//! Guarantees: parts are only told apart on evidence; a folder without any stays one unit.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Repository;
use super::documents::{text_of, trees};
use crate::kustomize;
use crate::manifest::Tree;

/// The kind, namespace and name of an object.
type Identity = (String, String, String);

/// Plain files by the folders that are deployed each by itself.
///
/// `folders` are outermost folders with their files. One of them stays whole unless two folders in it define an object
/// differently: a cluster could hold only one of both. Then each folder in it is looked at in the same way, and files
/// beside these stay together.
pub(super) fn apart(
    repository: &Repository<'_>,
    folders: BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<(String, Vec<String>)> = folders.into_iter().collect();
    while let Some((folder, files)) = waiting.pop() {
        let parts = parts(&folder, &files);
        if parts.len() > 1 && is_contradictory(repository, &parts) {
            for (part, files) in parts {
                // What lies in the folder itself is in no part of it.
                match part == folder {
                    true => drop(found.insert(part, files)),
                    false => waiting.push((part, files)),
                }
            }
        } else {
            // A folder of one folder is that.
            found.insert(folder, files);
        }
    }
    found
}

/// The files of each folder right below one, and those in it under its own name.
fn parts(folder: &str, files: &[String]) -> BTreeMap<String, Vec<String>> {
    let start = if folder == "." { 0 } else { folder.len() + 1 };
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let below = path.get(start..).unwrap_or_default();
        let part = below.split_once('/').map_or_else(|| folder.to_owned(), |(part, _)| kustomize::join(folder, part));
        parts.entry(part).or_default().push(path.clone());
    }
    parts
}

/// Whether two parts define an object differently.
fn is_contradictory(repository: &Repository<'_>, parts: &BTreeMap<String, Vec<String>>) -> bool {
    let files: Vec<(&str, &String)> =
        parts.iter().flat_map(|(part, files)| files.iter().map(|file| (part.as_str(), file))).collect();
    let read = |(part, file): (&'_ str, &String)| -> Vec<(String, Identity, Tree)> {
        let trees = text_of(repository, file).map(|text| trees(&text)).unwrap_or_default();
        trees.into_iter().filter_map(|tree| Some((part.to_owned(), identity(&tree)?, tree))).collect()
    };
    let all: Vec<(String, Identity, Tree)> = files.into_par_iter().flat_map_iter(read).collect();
    let mut known: BTreeMap<&Identity, (&str, &Tree)> = BTreeMap::new();
    all.iter().any(|(part, identity, tree)| match known.get(identity) {
        None => {
            known.insert(identity, (part, tree));
            false
        }
        Some((other, first)) => other != part && first.to_json() != tree.to_json(),
    })
}

fn identity(tree: &Tree) -> Option<Identity> {
    let word = |keys: &[&str]| tree.at(keys).and_then(Tree::as_str).map(str::to_owned);
    // Versions of one group are one kind.
    let group = word(&["apiVersion"])?.split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
    let kind = format!("{group}/{}", word(&["kind"])?);
    Some((kind, word(&["metadata", "namespace"]).unwrap_or_default(), word(&["metadata", "name"])?))
}
