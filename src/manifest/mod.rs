//! Text to typed Kubernetes objects.

mod object;
mod tree;

pub use object::{Body, Object, OwnerRef, Workload};
pub use tree::{Entry, Step, Tree, Value, push_index, push_key, steps};

use crate::diagnostic::Warned;
use crate::source::{FileId, Sources};

/// How many steps deep a document may nest.
pub const MAX_DEPTH: usize = 512;

/// What was found in the input.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// All objects: by file, then in document order, Lists flattened.
    pub objects: Vec<Object>,
    /// Files without any problem that hold no Kubernetes object, in path order.
    pub ignored_files: Vec<FileId>,
    /// Files that are templates nobody rendered, in path order.
    pub templates: Vec<FileId>,
    /// How many documents were read that hold something.
    pub documents: usize,
}

/// Reads all objects. The result does not depend on the number of threads.
pub fn parse(_sources: &Sources) -> Warned<Parsed> {
    Warned::default()
}
