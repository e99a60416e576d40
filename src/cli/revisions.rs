//! The two states of a comparison, for every command that shows differences.

use std::path::PathBuf;

use super::input::{ConnectArgs, ReadingArgs};
use super::material::Material;
use crate::check;
use crate::diff::{self, Revision};
use crate::render::Changes;
use crate::source::{self, GitRange, GitRequest};

/// Options for reading and evaluating states.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Options for reading.
    pub reading: &'a ReadingArgs,
    /// Facts that the manifests do not contain.
    pub connect: &'a ConnectArgs,
}

/// A state before evaluation.
pub struct Read {
    /// The name of the state.
    pub name: String,
    /// The prefix of its file names.
    pub root: String,
    /// What it holds.
    pub material: Material,
}

impl From<source::Side> for Read {
    fn from(side: source::Side) -> Read {
        Read { name: side.name(), root: String::new(), material: side.loaded.into() }
    }
}

/// Compares two states, and gives what a function makes of the difference.
pub fn compared<T>([old, new]: &[Revision; 2], then: impl FnOnce(&Changes<'_>) -> T) -> T {
    let diff = diff::compare(old, new);
    then(&Changes { diff: &diff, old, new })
}

/// Both states, evaluated in parallel.
pub fn both(asked: Asked<'_>, [old, new]: [Read; 2]) -> anyhow::Result<[Revision; 2]> {
    let (old, new) = rayon::join(|| revision(asked, old), || revision(asked, new));
    Ok([old?, new?])
}

/// The inputs of two revisions of the repository around the current folder.
pub fn request(range: &GitRange, paths: &[PathBuf], kustomize: &[PathBuf], reading: &ReadingArgs) -> GitRequest {
    let mut request = GitRequest::new(range.clone(), paths.to_vec());
    request.kustomize = kustomize.to_vec();
    request.max_file_bytes = reading.max_file_bytes();
    request.fence = reading.fence().clone();
    request
}

/// An evaluated state.
fn revision(asked: Asked<'_>, Read { name, root, material }: Read) -> anyhow::Result<Revision> {
    let world = asked.reading.world(material, asked.connect)?;
    let found = check::unsuppressed(check::check(&world, &check::Options::default()), &world);
    Ok(Revision::new(name, root, world, found.into_iter().map(|f| f.diagnostic).collect()))
}
