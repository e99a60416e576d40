//! The documents of Argo CD and Flux in a repository.

use rayon::prelude::*;

use super::Repository;
use crate::manifest::{self, Tree};
use crate::source::{SourceFile, Sources};

/// What a text holds that may have such a document.
const SIGNS: &[&str] = &["argoproj.io/", "toolkit.fluxcd.io/"];

/// A document with its file.
pub(super) struct Document {
    pub path: String,
    pub tree: Tree,
}

impl Document {
    /// Whether it is of a kind of a group.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        let version = self.text(&["apiVersion"]).unwrap_or_default();
        let of_group = version.split_once('/').is_some_and(|(of, _)| of == group);
        of_group && self.text(&["kind"]) == Some(kind)
    }

    /// A text of it.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.tree.at(keys).and_then(Tree::as_str).filter(|text| !text.is_empty())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }
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
    trees(&text).into_iter().map(|tree| Document { path: path.to_owned(), tree }).collect()
}

/// The documents of a text, as far as it can be read.
pub(super) fn trees(text: &str) -> Vec<Tree> {
    let sources = Sources::from_files([SourceFile::new("document", text)]);
    let Some(id) = sources.ids().next() else { return Vec::new() };
    manifest::values(&sources, id).value
}
