//! Two states of a git repository, through the installed `git`. Guarantees: nothing is checked out, the index is not
//! written, no program that the repository names is run, nothing is fetched, and a text that both sides have is in
//! memory once.

mod command;
mod error;
mod export;
mod kustomize;
mod names;
mod objects;
mod range;
mod side;
mod state;
mod texts;
mod tree;
mod worktree;

use std::path::PathBuf;

use super::load::possible_limit;
use super::{DEFAULT_MAX_FILE_BYTES, Fence, Loaded, Programs};
use range::Repository;
use side::{Asked, Building, Presence};
use texts::Texts;
use tree::Trees;

pub use error::GitError;
pub use range::GitRange;
pub use state::{GitState, changed_files, states};

/// Two states of a repository, and what to read of them.
#[derive(Clone, Debug)]
pub struct GitRequest {
    /// Which states.
    pub range: GitRange,
    /// Where paths begin: a folder of the repository. `GIT_DIR` and its like count as they do for git.
    pub folder: PathBuf,
    /// Files and folders, as for `load` but for `-`. Without any, and without kustomizations, the folder
    /// itself.
    pub paths: Vec<PathBuf>,
    /// Folders of kustomizations, to be built on both sides.
    pub kustomize: Vec<PathBuf>,
    /// The most that is read of one file, in bytes.
    pub max_file_bytes: u64,
    /// What links may not leave.
    pub fence: Fence,
    /// Where `git`, `kustomize` and `kubectl` are looked for.
    pub programs: Programs,
}

impl GitRequest {
    /// The given paths in the current folder, with the usual limit and the programs on the `PATH`.
    pub fn new<P: Into<PathBuf>>(range: GitRange, paths: impl IntoIterator<Item = P>) -> Self {
        GitRequest {
            range,
            folder: PathBuf::from("."),
            paths: paths.into_iter().map(Into::into).collect(),
            kustomize: Vec::new(),
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            fence: Fence::default(),
            programs: Programs::from_env(),
        }
    }
}

/// What one state of a repository holds.
#[derive(Debug)]
pub struct Side {
    /// The revision that was given, `merge base of A and B`, or `working tree`.
    pub revision: String,
    /// The id of its commit in hexadecimal; `None` for the working tree.
    pub commit: Option<String>,
    /// Its texts, under the names that the same files have when read from disk, and what could not be read.
    pub loaded: Loaded,
    /// What is worth knowing and no problem, such as a submodule that is not here and is the same on both sides.
    pub notes: Vec<String>,
}

impl Side {
    /// What it is called: the revision with the first ten digits of its commit, `main (0123456789)`.
    pub fn name(&self) -> String {
        range::state_name(&self.revision, self.commit.as_deref())
    }
}

/// The folders in which a repository keeps its references: that of the working tree, and the one that it
/// shares with others. For those who wait until a name means another commit.
pub fn git_folders(request: &GitRequest) -> Result<[PathBuf; 2], GitError> {
    let git = command::Git::find(&request.programs, &request.folder)?;
    Ok([git.path(&["rev-parse", "--absolute-git-dir"])?, git.path(&["rev-parse", "--git-common-dir"])?])
}

/// The names in a tree object of a repository with SHA-1 ids; `None` if it is broken. For tests: trees are the work of
/// whoever pushed them.
#[doc(hidden)]
pub fn tree_names(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    tree::entry_names(bytes)
}

/// How many bytes the object has that an answer of `git cat-file --batch` begins with, if it is no larger than a limit.
/// For tests.
#[doc(hidden)]
pub fn answer_length(mut bytes: &[u8], limit: u64) -> Option<usize> {
    match objects::answer(&mut bytes, limit).ok()? {
        objects::Object::Found { bytes, .. } => Some(bytes.len()),
        _ => None,
    }
}

/// Reads the old and the new side of a range. A file that only one side has is no problem; a path that neither has is
/// one, reported with the new side, as is everything that is the same on both.
pub fn load_range(request: &GitRequest) -> Result<[Side; 2], GitError> {
    let repository = Repository::open(&request.programs, &request.folder)?;
    let [old, new] = repository.resolve(&request.range)?;
    let mut trees = Trees::open(&repository.git, repository.standing.as_ref().map(|s| s.top.as_path()))?;
    let fence = side::Within::new(&request.fence, repository.standing.as_ref());
    let mut sides = [Building::new(old, &mut trees, &fence)?, Building::new(new, &mut trees, &fence)?];

    let here = [PathBuf::from(".")];
    let nothing_named = request.paths.is_empty() && request.kustomize.is_empty();
    for path in if nothing_named { &here } else { request.paths.as_slice() } {
        let asked = Asked::new(path, &request.folder, repository.standing.as_ref());
        let mut found = [Presence::Absent; 2];
        for (side, found) in sides.iter_mut().zip(&mut found) {
            *found = side.list(&repository, &mut trees, &asked)?;
        }
        side::tell_absence(&mut sides, &asked, found);
    }
    let built = kustomize::build(request, &repository, &mut trees, &mut sides)?;
    side::tell_submodules(&mut sides);

    let texts = Texts::read(&mut trees, &sides, possible_limit(request.max_file_bytes))?;
    let ([old, new], [old_built, new_built]) = (sides, built);
    let old = old.finish(&texts, old_built);
    let mut new = new.finish(&texts, new_built);
    new.loaded.sources.share(&old.loaded.sources);
    Ok([old, new])
}
