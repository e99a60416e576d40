//! The documents of Argo CD and Flux in a repository.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Repository, environment};
use crate::manifest::{self, Tree};
use crate::source::{SourceFile, Sources};

/// What a text holds that may have such a document.
const SIGNS: &[&str] = &["argoproj.io/", "toolkit.fluxcd.io/", "extensions.fluxcd.io/"];

/// A document with its file.
#[derive(Clone)]
pub(super) struct Document {
    pub path: String,
    pub tree: Tree,
    /// The texts that places in the tree count.
    pub files: Arc<Vec<SourceFile>>,
    /// The kustomization that makes it what it is; `None` for one that is read as it lies.
    pub built: Option<Arc<Around>>,
    /// What is not known of it, a sentence each.
    pub notes: Vec<String>,
}

/// The kustomization around a document.
#[derive(Debug)]
pub(super) struct Around {
    /// Its folder.
    pub folder: String,
    /// The ConfigMaps that it makes.
    pub config_maps: Vec<Tree>,
}

impl Document {
    /// Whether it is of a kind of a group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        is(&self.tree, group, kind)
    }

    /// A text of it.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.tree.at(keys).and_then(Tree::as_str).filter(|text| !text.is_empty())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    /// The environment of the kustomization that makes it, or of its file.
    pub fn environment(&self) -> Option<String> {
        let around = self.built.as_ref().and_then(|around| environment::of(&around.folder));
        around.or_else(|| environment::of(&self.path))
    }
}

/// Whether an object is of a kind of a group.
pub(super) fn is(tree: &Tree, group: &str, kind: &str) -> bool {
    let word = |key: &str| tree.get(key).and_then(Tree::as_str).unwrap_or_default();
    word("kind") == kind && word("apiVersion").split_once('/').is_some_and(|(of, _)| of == group)
}

/// Reads them. Templates of charts are left out: they are none yet.
pub(super) fn read(repository: &Repository<'_>, charts: &std::collections::BTreeSet<String>) -> Vec<Document> {
    let is_template =
        |path: &str| charts.iter().any(|chart| crate::kustomize::is_below(chart, path)) && path.contains("templates/");
    let paths: Vec<&String> = repository.paths.iter().filter(|p| is_yaml(p) && !is_template(p)).collect();
    paths.into_par_iter().flat_map_iter(|path| of_file(repository, path)).collect()
}

/// Whether a file may hold manifests, by its name.
pub(super) fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// The text of a file.
pub(super) fn text_of(repository: &Repository<'_>, path: &str) -> Option<String> {
    String::from_utf8(repository.files.read(path)?).ok()
}

fn of_file(repository: &Repository<'_>, path: &str) -> Vec<Document> {
    let Some(text) = text_of(repository, path).filter(|text| SIGNS.iter().any(|sign| text.contains(sign))) else {
        return Vec::new();
    };
    let file = SourceFile::new(path, text);
    let found = trees_of(&file);
    let files = Arc::new(vec![file]);
    let document =
        |tree| Document { path: path.to_owned(), tree, files: Arc::clone(&files), built: None, notes: Vec::new() };
    found.into_iter().map(document).collect()
}

/// The documents of a text, as far as it can be read.
pub(super) fn trees(text: &str) -> Vec<Tree> {
    trees_of(&SourceFile::new("document", text))
}

fn trees_of(file: &SourceFile) -> Vec<Tree> {
    let sources = Sources::from_files([file.clone()]);
    let Some(id) = sources.ids().next() else { return Vec::new() };
    manifest::values(&sources, id).value
}
