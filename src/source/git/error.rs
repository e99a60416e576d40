//! What makes a comparison of revisions impossible, and what to do about it.

use std::path::PathBuf;

/// Why the two sides of a comparison cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("--git needs git, and there is none on the PATH")]
    NoGit,
    /// The git that is there does not know what is needed of it.
    #[error("--git needs git {}.{} or newer, and this is {found}", oldest.0, oldest.1)]
    TooOld {
        /// What it says it is.
        found: String,
        /// The oldest version that does.
        oldest: (u32, u32),
    },
    /// Git could not be started.
    #[error("{} could not be run: {error}", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// Git said that it failed.
    #[error("git {verb}: {said}")]
    Failed {
        /// What it was to do.
        verb: String,
        /// What it complained of.
        said: String,
    },
    /// Something that is no range of revisions.
    #[error("`{text}` is no range of revisions: {why}")]
    BadRange {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A revision that the repository does not have.
    #[error("there is no revision `{revision}` in this repository{}", hint.as_deref().map(|h| format!("; {h}")).unwrap_or_default())]
    UnknownRevision {
        /// What was given.
        revision: String,
        /// What may help.
        hint: Option<String>,
    },
    /// Two revisions without a common ancestor here.
    #[error("`{old}` and `{new}` have no common ancestor here; {hint}")]
    NoMergeBase {
        /// The one.
        old: String,
        /// The other.
        new: String,
        /// What may help.
        hint: String,
    },
    /// A working tree that is not there.
    #[error(
        "{folder}: not in a working tree, so there is nothing to compare `{old}` with; name two revisions: {old}..NEW"
    )]
    NoWorkingTree {
        /// Where it was run.
        folder: String,
        /// The revision that was given.
        old: String,
    },
    /// An object that was not cloned.
    #[error(
        "{what} is not in this repository; in a partial clone fetch it first, with `git fetch --refetch --no-filter`, or clone without --filter"
    )]
    MissingObject {
        /// What it is.
        what: String,
    },
    /// A tree object that git would not have written.
    #[error("tree {tree} of this repository is broken; `git fsck` says more")]
    BrokenTree {
        /// Its id.
        tree: String,
    },
    /// More than is read.
    #[error("{what} of this repository has more entries than are read; name the folders that hold the manifests")]
    Limit {
        /// What is too large.
        what: &'static str,
    },
}
