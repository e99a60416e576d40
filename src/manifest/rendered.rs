//! Objects that were put together of several texts, such as those of a kustomization: they are read as any others, and
//! every value keeps the place that said it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::decode::Written;
use super::tree::{Tree, Value};
use super::{Object, Parsed, identity, withhold};
use crate::diagnostic::{Diagnostic, Warned};
use crate::source::{FileId, SourceFile, Sources};

/// Objects with the texts that they were made of.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    sources: Sources,
    trees: Vec<Tree>,
}

impl Rendered {
    /// Objects whose places count files in the order that is given. Of two files with one name the first is kept.
    pub fn new(files: Vec<SourceFile>, trees: Vec<Tree>) -> Rendered {
        let names: Vec<String> = files.iter().map(|file| file.name().to_owned()).collect();
        let sources = Sources::from_files(files);
        let ids = ids(&names, &sources);
        Rendered { trees: moved(trees, &ids), sources }
    }

    /// Both as one.
    #[must_use]
    pub fn and(self, other: Rendered) -> Rendered {
        let Rendered { sources, mut trees } = other;
        let (both, ids) = merged(self.sources, &sources);
        let mut all = moved(self.trees, &ids.0);
        trees = moved(trees, &ids.1);
        all.extend(trees);
        Rendered { sources: both, trees: all }
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.trees.len()
    }

    /// True if there is no object.
    pub fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// The texts.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The objects as trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Keeps some of the objects.
    pub fn retain(&mut self, keep: impl Fn(&Tree) -> bool) {
        self.trees.retain(keep);
    }

    /// Changes the objects.
    pub fn change(&mut self, mut change: impl FnMut(&mut Tree)) {
        self.trees.iter_mut().for_each(&mut change);
    }
}

/// The ids that files have in a set, by their position in a list of names.
fn ids(names: &[String], sources: &Sources) -> Vec<FileId> {
    let by_name: BTreeMap<&str, FileId> = sources.ids().map(|id| (sources.name(id), id)).collect();
    names.iter().map(|name| by_name.get(name.as_str()).copied().unwrap_or(FileId::at(0))).collect()
}

/// Two sets as one, and the new ids of the files of each.
fn merged(first: Sources, second: &Sources) -> (Sources, (Vec<FileId>, Vec<FileId>)) {
    let names = |sources: &Sources| sources.ids().map(|id| sources.name(id).to_owned()).collect::<Vec<_>>();
    let (one, two) = (names(&first), names(second));
    let both = first.merge(second.clone());
    let ids = (ids(&one, &both), ids(&two, &both));
    (both, ids)
}

fn moved(mut trees: Vec<Tree>, ids: &[FileId]) -> Vec<Tree> {
    trees.par_iter_mut().for_each(|tree| move_files(tree, ids));
    trees
}

fn move_files(tree: &mut Tree, ids: &[FileId]) {
    let moved = |file: FileId| ids.get(file.index()).copied().unwrap_or(file);
    tree.span.file = moved(tree.span.file);
    match &mut tree.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| move_files(item, ids)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span.file = moved(entry.key_span.file);
                move_files(&mut entry.value, ids);
            }
        }
        _ => {}
    }
}

/// Reads texts, and objects that were put together of others. Returns the texts of both.
pub fn parse_with(sources: Sources, rendered: Rendered) -> (Sources, Warned<Parsed>) {
    if rendered.is_empty() && rendered.sources.is_empty() {
        let parsed = super::parse(&sources);
        return (sources, parsed);
    }
    let (all, (read, others)) = merged(sources, &rendered.sources);
    let mut parsed = super::parse_of(&all, |file| read.binary_search(&file).is_ok());
    let trees = moved(rendered.trees, &others);
    parsed.value.documents += trees.len();
    let found: Vec<(Vec<Object>, Vec<Diagnostic>)> = (trees.into_par_iter())
        .map(|tree| {
            let (mut objects, mut problems) = (Vec::new(), Vec::new());
            identity::objects(tree, Written::Files(&all), &mut objects, &mut problems);
            withhold(&all, &mut problems);
            (objects, problems)
        })
        .collect();
    for (objects, problems) in found {
        parsed.value.objects.extend(objects);
        parsed.diagnostics.extend(problems);
    }
    (all, parsed)
}
