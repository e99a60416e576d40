//! The trees of a repository, read as far as they are asked for. Guarantees: a name is one step (no `/`, no `..`),
//! links are followed inside of the tree only, and trees that hold themselves many times over cost no more than the
//! limit on entries.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::GitError;
use super::command::Git;
use super::names;
use super::objects::{Object, Objects, Oid};

/// The most files and folders of one tree that are looked at.
const MAX_ENTRIES: usize = 1_000_000;
/// As many links as Linux follows.
const MAX_LINKS: usize = 40;
/// The longest target of a link.
const MAX_TARGET_BYTES: u64 = 4096;
/// The largest tree object or `.gitmodules`.
const MAX_TREE_BYTES: u64 = 256 << 20;

/// Type of an entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tree.
    Folder,
    /// A blob.
    File,
    /// A blob that holds the target of a symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// A name in a tree.
#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    kind: Kind,
    id: Oid,
}

/// Something in the repository, or in that of a submodule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Which repository: 0 is the one that was asked for.
    pub repository: usize,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: Oid,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Place {
    /// To a file or a folder, and this is its path without links.
    Found(Node, Vec<u8>),
    /// Nowhere.
    Missing,
    /// Out of the repository.
    Outside,
    /// From link to link without end.
    Circle,
    /// Into a submodule that is not here: its commit.
    Submodule(Oid),
}

/// The trees that were read.
pub(super) struct Trees {
    git: Git,
    /// The top of the working tree, and the folders that may hold the repositories of submodules.
    top: Option<PathBuf>,
    modules: Option<Vec<PathBuf>>,
    repositories: Vec<Objects>,
    trees: BTreeMap<(usize, Oid), Arc<[Entry]>>,
    /// By path, the repositories of submodules: several, for a name may have been used for another one before.
    submodules: BTreeMap<Vec<u8>, Vec<usize>>,
}

impl Trees {
    /// Those of a repository.
    pub fn open(git: &Git, top: Option<&Path>) -> Result<Self, GitError> {
        Ok(Trees {
            repositories: vec![Objects::open(git)?],
            git: git.clone(),
            top: top.map(Path::to_path_buf),
            modules: None,
            trees: BTreeMap::new(),
            submodules: BTreeMap::new(),
        })
    }

    /// The tree of a commit.
    pub fn root(&mut self, commit: Oid) -> Result<Node, GitError> {
        self.commit_tree(0, commit)?
            .ok_or_else(|| GitError::MissingObject { what: format!("the tree of commit {commit}") })
    }

    fn commit_tree(&mut self, repository: usize, commit: Oid) -> Result<Option<Node>, GitError> {
        match self.repositories[repository].one(format!("{commit}^{{tree}}"), MAX_TREE_BYTES)? {
            Object::Found { id, kind, bytes } if kind == "tree" => {
                self.trees.insert((repository, id), parse(&bytes, id)?);
                Ok(Some(Node { repository, kind: Kind::Folder, id }))
            }
            Object::TooLarge => Err(GitError::Limit { what: "a folder" }),
            _ => Ok(None),
        }
    }

    /// Reads those of some folders that were not read yet.
    fn fetch(&mut self, folders: impl Iterator<Item = Node>) -> Result<(), GitError> {
        let mut new: BTreeMap<usize, Vec<Oid>> = BTreeMap::new();
        for folder in folders.filter(|f| !self.trees.contains_key(&(f.repository, f.id))) {
            new.entry(folder.repository).or_default().push(folder.id);
        }
        for (repository, mut ids) in new {
            ids.sort();
            ids.dedup();
            let hex: Vec<String> = ids.iter().map(Oid::to_string).collect();
            let trees = &mut self.trees;
            self.repositories[repository].read(&hex, MAX_TREE_BYTES, |at, object| match object {
                Object::Found { bytes, kind, .. } if kind == "tree" => {
                    trees.insert((repository, ids[at]), parse(&bytes, ids[at])?);
                    Ok(())
                }
                Object::TooLarge => Err(GitError::Limit { what: "a folder" }),
                _ => Err(GitError::MissingObject { what: format!("tree {}", hex[at]) }),
            })?;
        }
        Ok(())
    }

    fn entries(&mut self, folder: Node) -> Result<Arc<[Entry]>, GitError> {
        self.fetch(std::iter::once(folder))?;
        Ok(self.trees.get(&(folder.repository, folder.id)).cloned().unwrap_or_default())
    }

    /// Where a path leads from the top of a tree, links followed.
    pub fn locate(&mut self, root: Node, path: &[u8]) -> Result<Place, GitError> {
        let mut way: Vec<(Vec<u8>, Node)> = Vec::new();
        let mut steps: VecDeque<Vec<u8>> = path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        let mut links = 0;
        while let Some(step) = steps.pop_front() {
            match step.as_slice() {
                b"" | b"." => continue,
                b".." if way.pop().is_none() => return Ok(Place::Outside),
                b".." => continue,
                _ => {}
            }
            let here = way.last().map_or(root, |(_, node)| *node);
            if here.kind != Kind::Folder {
                return Ok(Place::Missing);
            }
            let entries = self.entries(here)?;
            let Some(entry) = entries.iter().find(|e| e.name == step) else {
                return Ok(Place::Missing);
            };
            let node = Node { repository: here.repository, kind: entry.kind, id: entry.id };
            match entry.kind {
                Kind::Folder | Kind::File => way.push((step, node)),
                Kind::Submodule => {
                    let at = joined(&way, &step);
                    match self.submodule(root, &at, entry.id)? {
                        Some(top) => way.push((step, top)),
                        None => return Ok(Place::Submodule(entry.id)),
                    }
                }
                Kind::Link => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Ok(Place::Circle);
                    }
                    let target = self.target(node)?;
                    if target.is_empty() {
                        return Ok(Place::Missing);
                    }
                    if target.starts_with(b"/") {
                        return Ok(Place::Outside);
                    }
                    for step in target.rsplit(|b| *b == b'/') {
                        steps.push_front(step.to_vec());
                    }
                }
            }
        }
        let node = way.last().map_or(root, |(_, node)| *node);
        Ok(Place::Found(node, joined(&way, b"")))
    }

    /// What a link says; nothing if it says too much.
    pub fn target(&mut self, link: Node) -> Result<Vec<u8>, GitError> {
        match self.repositories[link.repository].one(link.id.to_string(), MAX_TARGET_BYTES)? {
            Object::Found { bytes, .. } => Ok(bytes),
            Object::TooLarge => Ok(Vec::new()),
            Object::Missing => Err(GitError::MissingObject { what: format!("link {}", link.id) }),
        }
    }

    /// Everything below a folder, as paths from there, those of submodules that are here included. `enter` says which
    /// names are looked at.
    /// `at` is the folder's own path.
    pub fn walk(
        &mut self,
        root: Node,
        folder: Node,
        at: &[u8],
        enter: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<(Vec<u8>, Node)>, GitError> {
        let mut found = Vec::new();
        let mut level = vec![(Vec::new(), folder)];
        let mut seen = 0;
        while !level.is_empty() {
            self.fetch(level.iter().map(|(_, node)| *node))?;
            let mut next = Vec::new();
            for (path, node) in level {
                for entry in self.entries(node)?.iter().filter(|e| enter(&e.name)) {
                    seen += 1;
                    if seen > MAX_ENTRIES {
                        return Err(GitError::Limit { what: "a tree" });
                    }
                    let below = names::join(&path, &entry.name);
                    let mut node = Node { repository: node.repository, kind: entry.kind, id: entry.id };
                    if entry.kind == Kind::Submodule {
                        node = self.submodule(root, &names::join(at, &below), entry.id)?.unwrap_or(node);
                    }
                    if node.kind == Kind::Folder {
                        next.push((below.clone(), node));
                    }
                    found.push((below, node));
                }
            }
            level = next;
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// Reads blobs, each once, and gives each to `take`.
    pub fn blobs(
        &mut self,
        repository: usize,
        ids: &[Oid],
        limit: u64,
        mut take: impl FnMut(Oid, Object) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let hex: Vec<String> = ids.iter().map(Oid::to_string).collect();
        self.repositories[repository].read(&hex, limit, |at, object| take(ids[at], object))
    }

    /// The tree of a submodule's commit, if its repository is here and has it.
    fn submodule(&mut self, root: Node, path: &[u8], commit: Oid) -> Result<Option<Node>, GitError> {
        if !self.submodules.contains_key(path) {
            let mut found = Vec::new();
            for git in self.submodule_repositories(root, path)? {
                self.repositories.push(Objects::open(&git)?);
                found.push(self.repositories.len() - 1);
            }
            self.submodules.insert(path.to_vec(), found);
        }
        for repository in self.submodules.get(path).cloned().unwrap_or_default() {
            // A broken submodule is as good as none.
            if let Ok(Some(node)) = self.commit_tree(repository, commit) {
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    fn submodule_repositories(&mut self, root: Node, path: &[u8]) -> Result<Vec<Git>, GitError> {
        let mut found = Vec::new();
        if let Some(folder) = self.top.as_ref().map(|top| top.join(names::to_path(path)))
            && folder.join(".git").exists()
        {
            found.push(self.git.nested(&folder));
        }
        let name = self.submodule_name(root, path)?;
        // https://git-scm.com/docs/gitmodules: a name is a path below `modules`, and git itself refuses those that
        // leave it.
        let inside = !name.is_empty() && name.split(|b| matches!(b, b'/' | b'\\')).all(|part| part != b"..");
        let name = names::to_path(&name);
        if inside && !name.has_root() {
            let folders = self.modules()?.into_iter().map(|m| m.join(&name)).filter(|f| f.join("HEAD").exists());
            found.extend(folders.map(|folder| self.git.at_git_dir(&folder)));
        }
        Ok(found)
    }

    /// The folders in which git keeps the repositories of submodules: that of this working tree, and that of the main
    /// one.
    fn modules(&mut self) -> Result<Vec<PathBuf>, GitError> {
        if let Some(known) = &self.modules {
            return Ok(known.clone());
        }
        let mut folders = Vec::new();
        for which in ["--git-dir", "--git-common-dir"] {
            folders.push(self.git.path(&["rev-parse", which])?.join("modules"));
        }
        folders.dedup();
        self.modules = Some(folders.clone());
        Ok(folders)
    }

    /// The repository whose working tree begins at a folder.
    pub fn repository_at(&mut self, top: &Path) -> Result<usize, GitError> {
        if self.top.as_deref() == Some(top) {
            return Ok(0);
        }
        self.repositories.push(Objects::open(&self.git.nested(top))?);
        Ok(self.repositories.len() - 1)
    }

    /// The name of a submodule, by the `.gitmodules` of a tree; its path if that says nothing.
    fn submodule_name(&mut self, root: Node, path: &[u8]) -> Result<Vec<u8>, GitError> {
        let entries = self.entries(root)?;
        let Some(file) = entries.iter().find(|e| e.name == b".gitmodules" && e.kind == Kind::File) else {
            return Ok(path.to_vec());
        };
        let blob = format!("--blob={}", file.id);
        let output = self.git.output(&["config", "-z", &blob, "--get-regexp", r"^submodule\..*\.path$"])?;
        let named = output.stdout.split(|b| *b == 0).find_map(|pair| {
            let end = pair.iter().position(|b| *b == b'\n')?;
            let key = pair[..end].strip_prefix(b"submodule.")?.strip_suffix(b".path")?;
            (&pair[end + 1..] == path).then(|| key.to_vec())
        });
        Ok(named.unwrap_or_else(|| path.to_vec()))
    }
}

fn joined(way: &[(Vec<u8>, Node)], step: &[u8]) -> Vec<u8> {
    let folder = way.iter().fold(Vec::new(), |path, (name, _)| names::join(&path, name));
    names::join(&folder, step)
}

/// The names in a tree object of a repository with SHA-1 ids; `None` if it is broken.
pub(super) fn entry_names(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let entries = parse(bytes, Oid::from_raw(&[0; 20])?).ok()?;
    Some(entries.iter().map(|entry| entry.name.clone()).collect())
}

/// Reads a tree object: `MODE NAME`, a zero byte and the bytes of an id, again and again
/// (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>).
fn parse(bytes: &[u8], tree: Oid) -> Result<Arc<[Entry]>, GitError> {
    let broken = || GitError::BrokenTree { tree: tree.to_string() };
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = rest.iter().position(|b| *b == b' ').ok_or_else(broken)?;
        let zero = rest.iter().position(|b| *b == 0).filter(|zero| *zero > space).ok_or_else(broken)?;
        let (mode, name) = (&rest[..space], &rest[space + 1..zero]);
        let id = rest.get(zero + 1..zero + 1 + tree.width()).and_then(Oid::from_raw).ok_or_else(broken)?;
        rest = &rest[zero + 1 + tree.width()..];
        let mode = std::str::from_utf8(mode).ok().and_then(|m| u32::from_str_radix(m, 8).ok()).ok_or_else(broken)?;
        let kind = match mode & 0o170_000 {
            0o040_000 => Kind::Folder,
            0o100_000 => Kind::File,
            0o120_000 => Kind::Link,
            0o160_000 => Kind::Submodule,
            _ => return Err(broken()),
        };
        // Git writes no such names, and refuses to check them out.
        let step = !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/');
        if !step || name.eq_ignore_ascii_case(b".git") {
            return Err(broken());
        }
        entries.push(Entry { name: name.to_vec(), kind, id });
    }
    Ok(entries.into())
}
