//! The files of two states of a repository, each read when it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::export::{Export, Job, export};
use super::objects::{Object, Oid};
use super::range::{Repository, state_name};
use super::texts::is_lfs_pointer;
use super::tree::{Kind, Node, Place, Trees};
use super::{GitError, GitRequest, names};
use crate::source::load::possible_limit;
use crate::source::{Disk, Files, Problem};

/// A state of a repository.
pub struct GitState {
    name: String,
    note: Option<String>,
    /// The way from the request's folder to the top of the repository, such as `../..`.
    top: String,
    files: StateFiles,
}

enum StateFiles {
    Disk(Disk),
    Commit(Box<Commit>),
}

/// The tree of a commit.
struct Commit {
    name: String,
    trees: Mutex<Trees>,
    root: Node,
    /// The way from the top to the folder of the request.
    prefix: Vec<u8>,
    limit: u64,
    exported: OnceLock<Result<Export, String>>,
}

/// The old and the new state of a range, for reading single files of them.
///
/// # Errors
///
/// If git cannot be asked, or the range names no states.
pub fn states(request: &GitRequest) -> Result<[GitState; 2], GitError> {
    let repository = Repository::open(&request.programs, &request.folder)?;
    let [old, new] = repository.resolve(&request.range)?;
    let standing = repository.standing.as_ref();
    let prefix = standing.map(|s| s.prefix.clone()).unwrap_or_default();
    let levels = prefix.split(|b| *b == b'/').filter(|part| !part.is_empty()).count();
    let top = if levels == 0 { ".".to_owned() } else { vec![".."; levels].join("/") };
    let limit = possible_limit(request.max_file_bytes);
    let state = |state: super::range::State| -> Result<GitState, GitError> {
        let name = state_name(&state.revision, state.commit.map(|c| c.to_string()).as_deref());
        let files = match state.commit {
            None => StateFiles::Disk(Disk::around(&request.folder, limit, false)),
            Some(commit) => {
                let mut trees = Trees::open(&repository.git, standing.map(|s| s.top.as_path()))?;
                let root = trees.root(commit)?;
                let (trees, exported) = (Mutex::new(trees), OnceLock::new());
                let commit = Commit { name: name.clone(), trees, root, prefix: prefix.clone(), limit, exported };
                StateFiles::Commit(Box::new(commit))
            }
        };
        Ok(GitState { name, note: state.note, top: top.clone(), files })
    };
    Ok([state(old)?, state(new)?])
}

impl GitState {
    /// What it is called: the revision with the first digits of its commit.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is worth knowing about it.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The top of the repository, from the folder of the request.
    pub fn top(&self) -> &str {
        &self.top
    }

    fn files(&self) -> &dyn Files {
        match &self.files {
            StateFiles::Disk(disk) => disk,
            StateFiles::Commit(commit) => &**commit,
        }
    }

    /// The ids of all files below a folder, if they are known without reading them.
    fn ids(&self, folder: &str) -> Option<BTreeMap<String, Oid>> {
        match &self.files {
            StateFiles::Disk(_) => None,
            StateFiles::Commit(commit) => {
                Some(commit.walk(folder).into_iter().map(|(path, node)| (path, node.id)).collect())
            }
        }
    }
}

impl Files for GitState {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files().read(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.files().is_folder(path)
    }

    fn on_disk(&self, path: &str) -> Result<PathBuf, Problem> {
        self.files().on_disk(path)
    }

    fn real(&self, path: &str) -> Option<String> {
        self.files().real(path)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.files().list(folder)
    }
}

/// The files that differ between two states, by their paths from the folder of the request.
pub fn changed_files(old: &GitState, new: &GitState) -> BTreeSet<String> {
    let top = old.top();
    if let (Some(old), Some(new)) = (old.ids(top), new.ids(top)) {
        let differs = |path: &&String| old.get(*path) != new.get(*path);
        return old.keys().chain(new.keys()).filter(differs).cloned().collect();
    }
    let paths: BTreeSet<String> = old.list(top).into_iter().chain(new.list(top)).collect();
    paths.into_iter().filter(|path| old.read(path) != new.read(path)).collect()
}

impl Commit {
    fn trees(&self) -> MutexGuard<'_, Trees> {
        // What a thread that panicked has left in it is as good as before.
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locate(&self, trees: &mut Trees, path: &str) -> Option<(Node, Vec<u8>)> {
        let path = Path::new(path);
        if path.is_absolute() {
            return None;
        }
        match trees.locate(self.root, &names::join(&self.prefix, &names::to_git(path))) {
            Ok(Place::Found(node, real)) => Some((node, real)),
            _ => None,
        }
    }

    /// The files below a folder that are not hidden.
    fn walk(&self, folder: &str) -> Vec<(String, Node)> {
        let mut trees = self.trees();
        let Some((node, real)) = self.locate(&mut trees, folder).filter(|(node, _)| node.kind == Kind::Folder) else {
            return Vec::new();
        };
        let found = trees.walk(self.root, node, &real, |name| !names::is_hidden(name)).unwrap_or_default();
        let files = found.into_iter().filter(|(_, node)| matches!(node.kind, Kind::File | Kind::Link));
        let named = files.filter_map(|(below, node)| {
            let below = String::from_utf8(below).ok()?;
            Some((if folder == "." { below } else { format!("{folder}/{below}") }, node))
        });
        named.collect()
    }
}

impl Files for Commit {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let mut trees = self.trees();
        let (node, _) = self.locate(&mut trees, path).filter(|(node, _)| node.kind == Kind::File)?;
        let mut content = None;
        let read = trees.blobs(node.repository, &[node.id], self.limit, |_, object| {
            if let Object::Found { bytes, .. } = object {
                content = Some(bytes);
            }
            Ok(())
        });
        content.filter(|bytes| read.is_ok() && !is_lfs_pointer(bytes))
    }

    fn is_folder(&self, path: &str) -> bool {
        let mut trees = self.trees();
        self.locate(&mut trees, path).is_some_and(|(node, _)| node.kind == Kind::Folder)
    }

    fn on_disk(&self, path: &str) -> Result<PathBuf, Problem> {
        let not = |what: &str| Problem::NotRendered { job: path.to_owned(), what: what.to_owned() };
        let exported = self.exported.get_or_init(|| {
            let job = Job { job: "a unit", side: &self.name, max_file_bytes: self.limit };
            match export(&mut self.trees(), self.root, &job) {
                Ok(Ok(export)) => Ok(export),
                Ok(Err(problem)) => Err(problem.to_string()),
                Err(error) => Err(error.to_string()),
            }
        });
        let exported = exported.as_ref().map_err(|what| not(what))?;
        let mut trees = self.trees();
        match self.locate(&mut trees, path) {
            Some((_, real)) => Ok(exported.path().join(names::to_path(&real))),
            None => Err(not(&format!("it is not in {}", self.name))),
        }
    }

    fn real(&self, path: &str) -> Option<String> {
        let mut trees = self.trees();
        self.locate(&mut trees, path).and_then(|(_, real)| String::from_utf8(real).ok())
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut paths: Vec<String> = self.walk(folder).into_iter().map(|(path, _)| path).collect();
        paths.sort();
        paths
    }
}
