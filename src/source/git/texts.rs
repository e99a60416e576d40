//! The texts of both sides, each read and decoded once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::GitError;
use super::objects::{Object, Oid};
use super::side::{Building, Wanted};
use super::tree::Trees;
use crate::source::text::{self, NotText};
use crate::source::{Problem, SourceFile};

/// What every pointer of Git LFS begins with, and the most bytes it has
/// (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
const LFS_START: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_MAX_BYTES: usize = 1024;

/// Why a blob is no text to be read.
#[derive(Clone, Copy, Debug)]
enum Fault {
    TooLarge,
    Lfs,
    NotText(NotText),
}

/// The texts of blobs.
pub(super) struct Texts {
    texts: BTreeMap<(usize, Oid), Result<Arc<super::super::Text>, Fault>>,
    limit: u64,
}

impl Texts {
    /// Reads all blobs that two sides want.
    pub fn read(trees: &mut Trees, sides: &[Building; 2], limit: u64) -> Result<Self, GitError> {
        let mut ids: BTreeMap<usize, Vec<Oid>> = BTreeMap::new();
        for wanted in sides.iter().flat_map(|side| &side.wanted) {
            ids.entry(wanted.blob.0).or_default().push(wanted.blob.1);
        }
        let mut objects = Vec::new();
        for (repository, mut ids) in ids {
            ids.sort();
            ids.dedup();
            trees.blobs(repository, &ids, limit, |id, object| {
                objects.push(((repository, id), object));
                Ok(())
            })?;
        }
        let decoded: Vec<_> = objects.into_par_iter().map(|(id, object)| (id, decode(object))).collect();
        let mut texts = BTreeMap::new();
        for (id, text) in decoded {
            let Some(text) = text else {
                let of = sides.iter().find_map(|side| Some((side, side.wanted.iter().find(|w| w.blob == id)?)));
                return Err(GitError::MissingObject {
                    what: of.map_or_else(
                        || format!("file {}", id.1),
                        |(side, wanted)| format!("{} of {}", wanted.name, side.name()),
                    ),
                });
            };
            texts.insert(id, text);
        }
        Ok(Texts { texts, limit })
    }

    /// The most that is read of one file, in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The text of a file, or why there is none.
    pub fn get(&self, wanted: &Wanted, side: &str) -> Result<SourceFile, Problem> {
        let name = wanted.name.clone();
        match self.texts.get(&wanted.blob) {
            Some(Ok(text)) => Ok(SourceFile { name, text: text.clone() }),
            Some(Err(Fault::TooLarge)) => Err(Problem::TooLarge { name, limit: self.limit }),
            Some(Err(Fault::NotText(at))) => {
                Err(Problem::NotText { name, encoding: at.encoding, line: at.line, column: at.column })
            }
            Some(Err(Fault::Lfs)) => Err(Problem::LfsPointer { name, side: side.to_owned() }),
            None => Err(Problem::Missing { name }),
        }
    }
}

/// The text of a blob; `None` if it is not here.
fn decode(object: Object) -> Option<Result<Arc<super::super::Text>, Fault>> {
    match object {
        Object::Found { bytes, .. } if is_lfs_pointer(&bytes) => Some(Err(Fault::Lfs)),
        Object::Found { bytes, .. } => {
            Some(text::decode(bytes).map(|text| Arc::new(text.into())).map_err(Fault::NotText))
        }
        Object::TooLarge => Some(Err(Fault::TooLarge)),
        Object::Missing => None,
    }
}

/// True if this is a pointer to a file of Git LFS.
pub(super) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < LFS_MAX_BYTES && bytes.starts_with(LFS_START)
}
