//! One side of a comparison while it is put together: which files it has, by the rules of
//! [`load`](crate::source::load).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::objects::Oid;
use super::range::{Repository, State, state_name};
use super::texts::Texts;
use super::tree::{Kind, Node, Place, Trees};
use super::worktree::{self, Content, Standing};
use super::{GitError, Side, names};
use crate::source::bounds::is_content;
use crate::source::load::{Candidate, collected, is_manifest_name, read_file, shown_name, without_repeats};
use crate::source::{Fence, Loaded, Problem, Skipped, SourceFile};

/// A path that was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    path: PathBuf,
    /// Where it is on disk.
    disk: PathBuf,
    /// The way to it from the top of the repository, with `..` and links as given; `None` if it is elsewhere.
    way: Option<Vec<u8>>,
}

impl Asked {
    /// A path as given, from the folder in which git is run.
    pub fn new(path: &Path, folder: &Path, standing: Option<&Standing>) -> Self {
        let disk = folder.join(path);
        let way = if path.is_absolute() {
            let real = existing_part_resolved(path);
            standing.and_then(|s| Some(names::to_git(real.strip_prefix(&s.top).ok()?)))
        } else {
            let prefix = standing.map(|s| s.prefix.as_slice()).unwrap_or_default();
            Some(names::join(prefix, &names::to_git(path)))
        };
        Asked { path: path.to_path_buf(), disk, way }
    }

    /// The name under which it is shown.
    pub fn name(&self) -> String {
        shown_name(&self.path)
    }

    /// The way to it from the top, if it is in the repository.
    pub fn way(&self) -> Option<&[u8]> {
        self.way.as_deref()
    }

    /// Where it is on disk.
    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// The name under which something below it is shown.
    fn name_of(&self, below: &[u8]) -> String {
        if below.is_empty() { self.name() } else { shown_name(&self.path.join(names::to_path(below))) }
    }
}

/// A path without links as far as it exists, and the rest of it as given.
fn existing_part_resolved(path: &Path) -> PathBuf {
    for part in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(part), path.strip_prefix(part)) {
            return real.join(rest);
        }
    }
    path.to_path_buf()
}

/// Whether a side has what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// No.
    Absent,
    /// A folder with nothing to read.
    Empty,
    /// Yes, or its problem is reported.
    Present,
}

/// A text to be read from the repository.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The name under which it is shown.
    pub name: String,
    /// Its path without links.
    real: Vec<u8>,
    /// Which repository, and which blob of it.
    pub blob: (usize, Oid),
}

/// What links may not leave, in a repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Within {
    fence: Fence,
    /// The top of the working tree, without links.
    top: PathBuf,
}

impl Within {
    /// The fence of a request.
    pub fn new(fence: &Fence, standing: Option<&Standing>) -> Self {
        Within { fence: fence.clone(), top: standing.map(|s| s.top.clone()).unwrap_or_default() }
    }

    /// Whether a path from the top of the repository is inside.
    fn holds(&self, real: &[u8]) -> bool {
        self.fence.holds(&self.top.join(names::to_path(real)))
    }
}

/// A side that is being put together.
pub(super) struct Building {
    state: State,
    /// The tree of its commit; `None` for the working tree.
    pub root: Option<Node>,
    /// Texts that the repository holds.
    pub wanted: Vec<Wanted>,
    candidates: Vec<Candidate>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    skipped: Skipped,
    /// Submodules that are not here: their commits by name.
    submodules: BTreeMap<String, Oid>,
    within: Within,
}

impl Building {
    /// A side of which nothing is known yet.
    pub fn new(state: State, trees: &mut Trees, within: &Within) -> Result<Self, GitError> {
        Ok(Building {
            root: state.commit.map(|commit| trees.root(commit)).transpose()?,
            wanted: Vec::new(),
            candidates: Vec::new(),
            problems: Vec::new(),
            notes: state.note.clone().into_iter().collect(),
            skipped: Skipped::default(),
            submodules: BTreeMap::new(),
            within: within.clone(),
            state,
        })
    }

    /// What it is called.
    pub fn name(&self) -> String {
        state_name(&self.state.revision, self.state.commit.map(|c| c.to_string()).as_deref())
    }

    /// Finds the files that a path names on this side.
    pub fn list(&mut self, repository: &Repository, trees: &mut Trees, asked: &Asked) -> Result<Presence, GitError> {
        let Some(way) = asked.way() else {
            return Ok(Presence::Absent);
        };
        match (self.root, &repository.standing) {
            (Some(root), _) => self.list_tree(trees, root, asked, way),
            (None, Some(standing)) => self.list_disk(repository, standing, trees, asked, way),
            (None, None) => Ok(Presence::Absent),
        }
    }

    fn list_tree(&mut self, trees: &mut Trees, root: Node, asked: &Asked, way: &[u8]) -> Result<Presence, GitError> {
        let (folder, real) = match trees.locate(root, way)? {
            Place::Missing => return Ok(Presence::Absent),
            Place::Found(node, real) if node.kind == Kind::Folder && self.within.holds(&real) => (node, real),
            other => {
                self.take(asked.name(), other);
                return Ok(Presence::Present);
            }
        };
        let before = self.counts();
        for (below, node) in trees.walk(root, folder, &real, |name| !names::is_hidden(name))? {
            let name = asked.name_of(&below);
            let at = names::join(&real, &below);
            match node.kind {
                Kind::Folder => {}
                Kind::Submodule => self.take(name, Place::Submodule(node.id)),
                _ if !is_manifest_name(&names::to_path(&below)) => self.skipped.other_files += 1,
                Kind::File => self.take(name, Place::Found(node, at)),
                Kind::Link => match trees.locate(root, &at)? {
                    // As on disk: links to folders are not followed.
                    Place::Found(node, _) if node.kind == Kind::Folder => self.skipped.other_files += 1,
                    place => self.take(name, place),
                },
            }
        }
        Ok(if before == self.counts() { Presence::Empty } else { Presence::Present })
    }

    /// Notes down where a file is, or why it cannot be read.
    fn take(&mut self, name: String, place: Place) {
        match place {
            Place::Found(_, real) if !self.within.holds(&real) => self.problems.push(Problem::OutsideFence { name }),
            Place::Found(node, real) => self.wanted.push(Wanted { name, real, blob: (node.repository, node.id) }),
            Place::Outside => self.problems.push(Problem::OutsideRepository { name }),
            Place::Missing | Place::Circle => {
                let side = self.name();
                self.problems.push(Problem::BrokenLink { name, side });
            }
            Place::Submodule(commit) => {
                self.submodules.insert(name, commit);
            }
        }
    }

    fn counts(&self) -> [usize; 4] {
        [self.wanted.len(), self.candidates.len(), self.problems.len(), self.submodules.len()]
    }

    fn list_disk(
        &mut self,
        repository: &Repository,
        standing: &Standing,
        trees: &mut Trees,
        asked: &Asked,
        way: &[u8],
    ) -> Result<Presence, GitError> {
        let path = match fs::canonicalize(asked.disk()) {
            Ok(real) => match real.strip_prefix(&standing.top) {
                Ok(_) if real.is_file() => {
                    self.candidates.push(Candidate { name: asked.name(), path: asked.disk().to_path_buf() });
                    return Ok(Presence::Present);
                }
                Ok(below) => names::to_git(below),
                Err(_) => {
                    self.problems.push(Problem::OutsideRepository { name: asked.name() });
                    return Ok(Presence::Present);
                }
            },
            // It may still be tracked: deleted, left out by a sparse checkout, or a link that leads nowhere.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                match plain(way) {
                    Some(path) => path,
                    None => return Ok(Presence::Absent),
                }
            }
            Err(error) => {
                self.problems.push(Problem::Unreadable { name: asked.name(), error });
                return Ok(Presence::Present);
            }
        };
        let before = self.counts();
        for file in worktree::files(&repository.git, standing, &path)? {
            let Some(below) = names::below(&file.path, &path) else { continue };
            if names::is_hidden(below) {
                continue;
            }
            let name = asked.name_of(below);
            match file.content {
                Content::OtherRepository => {
                    self.notes.push(format!("{name}: another repository, which is not a part of this one, is not read"))
                }
                Content::Submodule(commit) => self.take(name, Place::Submodule(commit)),
                _ if !below.is_empty() && !is_manifest_name(&names::to_path(below)) => self.skipped.other_files += 1,
                Content::Disk(place) => self.take_from_disk(name, place, &standing.top),
                Content::Blob(id, top) => {
                    self.wanted.push(Wanted { name, real: file.path, blob: (trees.repository_at(&top)?, id) })
                }
            }
        }
        if before == self.counts() {
            Ok(if asked.disk().is_dir() { Presence::Empty } else { Presence::Absent })
        } else {
            Ok(Presence::Present)
        }
    }

    fn take_from_disk(&mut self, name: String, place: PathBuf, top: &Path) {
        match fs::metadata(&place) {
            Ok(metadata) if metadata.is_dir() => self.skipped.other_files += 1,
            Ok(metadata) if !metadata.is_file() => self.problems.push(Problem::NotAFile { name }),
            Ok(_) => match place.is_symlink().then(|| fs::canonicalize(&place)) {
                Some(Ok(real)) if !is_content(&real, top) => self.problems.push(Problem::OutsideRepository { name }),
                Some(Ok(real)) if !self.within.fence.holds(&real) => self.problems.push(Problem::OutsideFence { name }),
                Some(Err(error)) => self.problems.push(Problem::Unreadable { name, error }),
                _ => self.candidates.push(Candidate { name, path: place }),
            },
            Err(_) if place.is_symlink() => {
                let side = self.name();
                self.problems.push(Problem::BrokenLink { name, side });
            }
            Err(error) => self.problems.push(Problem::Unreadable { name, error }),
        }
    }

    /// The side with its texts, and those that programs made of it.
    pub fn finish(mut self, texts: &Texts, built: Vec<SourceFile>) -> Side {
        let side = self.name();
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_by(|a, b| (&a.name, &a.real).cmp(&(&b.name, &b.real)));
        let mut seen = BTreeSet::new();
        wanted.retain(|w| {
            let new = seen.insert(w.real.clone());
            self.skipped.repeated += usize::from(!new);
            new
        });
        let candidates = without_repeats(std::mem::take(&mut self.candidates), &mut self.skipped);
        let mut found: Vec<Result<SourceFile, Problem>> = wanted.iter().map(|w| texts.get(w, &side)).collect();
        found.par_extend(candidates.into_par_iter().map(|c| {
            let file = read_file(&c, texts.limit())?;
            if super::texts::is_lfs_pointer(file.text().as_bytes()) {
                return Err(Problem::LfsPointer { name: c.name, side: side.clone() });
            }
            Ok(file)
        }));
        found.extend(built.into_iter().map(Ok));
        let sources = collected(found, &mut self.problems);
        Side {
            revision: self.state.revision,
            commit: self.state.commit.map(|c| c.to_string()),
            loaded: Loaded { sources, problems: self.problems, skipped: self.skipped },
            notes: self.notes,
        }
    }
}

/// A path with its `..` worked out as text; `None` if it leads out.
fn plain(way: &[u8]) -> Option<Vec<u8>> {
    let mut path = PathBuf::new();
    for part in names::to_path(way).components() {
        match part {
            Component::ParentDir if !path.pop() => return None,
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    Some(names::to_git(&path))
}

/// Reports a path that no side has, or in which no side has anything to read.
pub(super) fn tell_absence(sides: &mut [Building; 2], asked: &Asked, found: [Presence; 2]) {
    let name = asked.name();
    let [old, new] = sides;
    match found {
        _ if asked.way().is_none() => new.problems.push(Problem::OutsideRepository { name }),
        [Presence::Absent, Presence::Absent] => {
            let problem = Problem::OnNeitherSide { name, old: old.name(), new: new.name() };
            new.problems.push(problem);
        }
        [Presence::Present, _] | [_, Presence::Present] => {}
        _ => new.problems.push(Problem::NoManifests { name }),
    }
}

/// Reports missing submodules. One that is the same on both sides changes nothing, and is only worth a note.
pub(super) fn tell_submodules(sides: &mut [Building; 2]) {
    let [old, new] = sides;
    for (name, commit) in &new.submodules {
        if old.submodules.get(name) == Some(commit) {
            new.notes.push(format!("{name}: a submodule that is not here, and the same on both sides"));
        }
    }
    let same: BTreeSet<String> = (old.submodules.iter())
        .filter(|(name, commit)| new.submodules.get(*name) == Some(commit))
        .map(|(name, _)| name.clone())
        .collect();
    for side in sides {
        let of = side.name();
        for (name, commit) in side.submodules.iter().filter(|(name, _)| !same.contains(*name)) {
            side.problems.push(Problem::MissingSubmodule {
                name: name.clone(),
                commit: commit.to_string(),
                side: of.clone(),
            });
        }
    }
}
