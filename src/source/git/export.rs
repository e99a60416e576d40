//! A tree of the repository on disk, for programs that read folders. Guarantees: nothing is written outside of a new
//! temporary folder, and no link leads out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::GitError;
use super::names;
use super::objects::{Object, Oid};
use super::tree::{Kind, Node, Place, Trees};
use crate::source::{Problem, TemporaryFolder};

/// The most that is written for one tree: 1 GiB.
const MAX_TREE_BYTES: u64 = 1 << 30;

/// A tree on disk. It goes when this does.
pub(super) struct Export {
    folder: TemporaryFolder,
    /// What was left out, in path order.
    pub notes: Vec<String>,
}

impl Export {
    /// The top of the tree.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Context for the error of a tree that cannot be written.
pub(super) struct Job<'a> {
    /// The option that asked for it.
    pub job: &'a str,
    /// Which side it is.
    pub side: &'a str,
    /// The most that is read of one file, in bytes.
    pub max_file_bytes: u64,
}

impl Job<'_> {
    fn not_written(&self, error: io::Error) -> Problem {
        Problem::NotWritten { job: self.job.to_owned(), side: self.side.to_owned(), error }
    }

    fn too_large(&self) -> Problem {
        Problem::TooLargeTree { job: self.job.to_owned(), side: self.side.to_owned(), limit: MAX_TREE_BYTES }
    }
}

/// Writes a tree. The inner error is one that other trees do not share.
pub(super) fn export(trees: &mut Trees, root: Node, job: &Job<'_>) -> Result<Result<Export, Problem>, GitError> {
    let folder = match TemporaryFolder::new() {
        Ok(folder) => folder,
        Err(error) => return Ok(Err(job.not_written(error))),
    };
    let mut notes = Vec::new();
    let all = trees.walk(root, root, b"", |_| true)?;

    let mut files: BTreeMap<(usize, Oid), Vec<PathBuf>> = BTreeMap::new();
    let mut links = Vec::new();
    for (path, node) in &all {
        let shown = String::from_utf8_lossy(path);
        if !fits_this_system(path) {
            notes.push(format!("{shown}: left out, for this system allows no such name"));
            continue;
        }
        let place = folder.path().join(names::to_path(path));
        match node.kind {
            // Every folder comes before what is in it. A name that a tree holds twice is an error here: no checkout has
            // both.
            Kind::Folder => {
                if let Err(error) = fs::create_dir(&place) {
                    return Ok(Err(job.not_written(error)));
                }
            }
            Kind::File => files.entry((node.repository, node.id)).or_default().push(place),
            Kind::Link => links.push((path, *node, place)),
            Kind::Submodule => {
                notes.push(format!("{shown}: left out, for this submodule's commit {} is not here", node.id))
            }
        }
    }
    if let Err(problem) = write_files(trees, folder.path(), &files, job, &mut notes)? {
        return Ok(Err(problem));
    }
    // Links come last: nothing is written through one.
    for (path, link, place) in links {
        let shown = String::from_utf8_lossy(path);
        if !matches!(trees.locate(root, path)?, Place::Found(..)) {
            notes.push(format!("{shown}: left out, a link that leads out of the repository or nowhere"));
            continue;
        }
        let target = names::to_path(&trees.target(link)?);
        match make_link(&target, &place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                notes.push(format!("{shown}: left out, for there are no links on this system"))
            }
            Err(error) => return Ok(Err(job.not_written(error))),
        }
    }
    notes.sort_by(|a, b| a.split(": ").cmp(b.split(": ")));
    Ok(Ok(Export { folder, notes }))
}

fn write_files(
    trees: &mut Trees,
    top: &Path,
    files: &BTreeMap<(usize, Oid), Vec<PathBuf>>,
    job: &Job<'_>,
    notes: &mut Vec<String>,
) -> Result<Result<(), Problem>, GitError> {
    let mut total = 0;
    let mut failure = None;
    let repositories: BTreeSet<usize> = files.keys().map(|(repository, _)| *repository).collect();
    for repository in repositories {
        let ids: Vec<Oid> = files.keys().filter(|(r, _)| *r == repository).map(|(_, id)| *id).collect();
        trees.blobs(repository, &ids, job.max_file_bytes, |id, object| {
            let places = files.get(&(repository, id)).map(Vec::as_slice).unwrap_or_default();
            let bytes = match object {
                _ if failure.is_some() => return Ok(()),
                Object::Found { bytes, .. } => bytes,
                Object::TooLarge => {
                    let shown = places.iter().filter_map(|p| p.strip_prefix(top).ok());
                    notes.extend(
                        shown.map(|p| format!("{}: left out, larger than {} bytes", p.display(), job.max_file_bytes)),
                    );
                    return Ok(());
                }
                Object::Missing => {
                    return Err(GitError::MissingObject { what: format!("file {id}") });
                }
            };
            for place in places {
                total += bytes.len() as u64;
                failure = if total > MAX_TREE_BYTES {
                    Some(job.too_large())
                } else {
                    write_new(place, &bytes).err().map(|error| job.not_written(error))
                };
                if failure.is_some() {
                    break;
                }
            }
            Ok(())
        })?;
    }
    Ok(failure.map_or(Ok(()), Err))
}

fn write_new(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(place)?;
    io::Write::write_all(&mut file, bytes)
}

#[cfg(unix)]
fn make_link(target: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// True if a path means the same here as in the repository.
fn fits_this_system(path: &[u8]) -> bool {
    cfg!(unix)
        || (std::str::from_utf8(path).is_ok()
            && !path.iter().any(|b| matches!(b, b'\\' | b':' | b'*' | b'?' | b'"' | b'<' | b'>' | b'|')))
}
