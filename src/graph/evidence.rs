//! The place in the manifests that a node or an edge comes from.

/// The source of a node or an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// The object, as `namespace/name[Kind]`.
    pub object: String,
    /// The field, as `spec.rules[0].http.paths[1].backend`; empty for the object as a whole.
    pub field: String,
    /// The file, as passed to the program.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl Evidence {
    /// `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
