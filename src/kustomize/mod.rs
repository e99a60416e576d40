//! Builds plain kustomizations in this process, as kustomize 5.8 does: the result is the same set of objects.
//!
//! Guarantees: what is built is built whole; a kustomization that uses anything else is [`Unbuilt`] with the reason, and
//! nothing of it is given out. Every value of the result knows the file and line that said it: the base, the patch or the
//! kustomization. Nothing is fetched, run or written, and the work is bounded.

mod build;
mod changes;
mod edit;
mod fields;
mod file;
mod generate;
mod hash;
mod images;
mod merge;
mod names;
mod patch;
mod pointer;
mod replace;
mod resource;
mod schema;
mod selector;
mod substitute;
mod transform;
mod tree;

use std::fmt;

use crate::manifest::Tree;
use crate::source::{Files, SourceFile};

pub use changes::{Changes, edited};
pub use file::{FILE_NAMES, Outline, fetches, folders, outline, reads};
pub use substitute::{Variables, substitute};
pub(crate) use tree::{is_below, join};

/// The objects of a kustomization.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The files that said something of them; a [`FileId`](crate::source::FileId) of `objects` counts these.
    pub files: Vec<SourceFile>,
    /// The objects.
    pub objects: Vec<Tree>,
    /// Every file that was read, by its path, those that are no manifests included.
    pub read: Vec<String>,
}

/// Why a kustomization is not built here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbuilt {
    /// What kind of reason it is.
    pub reason: Reason,
    /// `file:line` of what it is about.
    pub at: String,
    /// What it is, as a sentence without its place.
    pub what: String,
}

/// What keeps a kustomization from being built here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It uses something that is left to kustomize itself.
    NotPlain,
    /// It asks for something from a network.
    Remote,
    /// It is wrong: kustomize refuses it too, as far as can be told here.
    Refused,
}

impl fmt::Display for Unbuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// The result of a step.
type Outcome<T> = Result<T, Unbuilt>;

/// Builds the kustomization of a folder.
///
/// # Errors
///
/// If it is not plain, not here or wrong; nothing of it is given out then.
pub fn build(folder: &str, files: &dyn Files) -> Result<Built, Unbuilt> {
    build::build(folder, files, None)
}

/// Builds the kustomization of a folder as another program changes it.
///
/// # Errors
///
/// As for `build`.
pub fn build_changed(folder: &str, files: &dyn Files, changes: &Changes) -> Result<Built, Unbuilt> {
    build::build(folder, files, Some(changes))
}

/// Changes objects that another program made as a kustomization with these fields changes its resources. `files` are
/// those that places in the objects count.
///
/// # Errors
///
/// If the fields are not plain or wrong.
pub fn transform(objects: Vec<Tree>, files: &[SourceFile], changes: &Changes) -> Result<Built, Unbuilt> {
    build::change(objects, files, changes)
}

/// Adds labels and annotations to an object, and nothing to the pods that it makes.
pub fn set_metadata(object: &mut Tree, key: &str, pairs: &[(String, String)]) {
    let span = object.span;
    let Some(metadata) = edit::demand(object, "metadata", || edit::map(span)) else { return };
    for (name, value) in pairs {
        if let Some(all) = edit::demand(metadata, key, || edit::map(span)) {
            edit::set(all, name, edit::text(value, span), span);
        }
    }
}

/// Whose namespace is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Objects that have none.
    WithoutOne,
    /// All objects.
    All,
}

/// Puts an object into a namespace, if it is of a kind that may be in one.
pub fn set_namespace(object: &mut Tree, namespace: &str, whose: Whose) {
    transform::place(object, namespace, whose);
}
