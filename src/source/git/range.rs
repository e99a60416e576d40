//! Ranges of revisions, and the commits they name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::GitError;
use super::command::Git;
use super::names;
use super::objects::Oid;
use super::worktree::Standing;
use crate::source::Programs;

/// What helps where history was cut off.
const SHALLOW: &str = "this is a shallow clone: fetch the whole history first, with `fetch-depth: 0` of actions/checkout, GIT_DEPTH: 0 of GitLab, or \
                       `git fetch --unshallow`";

/// Two states of a repository, written as for `git diff`: `A...B` (what B did since it left A), `A..B`, or `A` (A and
/// the working tree).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRange {
    old: String,
    new: Option<String>,
    since_merge_base: bool,
}

impl FromStr for GitRange {
    type Err = GitError;

    fn from_str(text: &str) -> Result<Self, GitError> {
        let (old, new, since_merge_base) = match (text.split_once("..."), text.split_once("..")) {
            (Some((old, new)), _) => (old, Some(new), true),
            (None, Some((old, new))) => (old, Some(new), false),
            (None, None) => (text, None, false),
        };
        for revision in [Some(old), new].into_iter().flatten() {
            if let Some(why) = fault(revision) {
                return Err(GitError::BadRange { text: text.escape_debug().to_string(), why });
            }
        }
        Ok(GitRange { old: old.to_owned(), new: new.map(str::to_owned), since_merge_base })
    }
}

impl fmt::Display for GitRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.since_merge_base { "..." } else { ".." };
        match &self.new {
            Some(new) => write!(f, "{}{dots}{new}", self.old),
            None => f.write_str(&self.old),
        }
    }
}

/// What is wrong with the name of a revision (<https://git-scm.com/docs/gitrevisions>).
fn fault(revision: &str) -> Option<&'static str> {
    if revision.is_empty() {
        Some("a revision is missing; write A...B, A..B, or A for A and the working tree")
    } else if revision.starts_with('-') {
        Some("a revision does not begin with `-`")
    } else if revision.starts_with(['^', '.']) || revision.contains("..") {
        Some("a side is one revision")
    } else if revision.chars().any(char::is_control) {
        Some("a revision holds no control characters")
    } else {
        None
    }
}

/// What one side of a comparison is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// As the reader knows it: the revision that was given, `merge base of A and B`, or `working tree`.
    pub revision: String,
    /// The commit; `None` for the working tree.
    pub commit: Option<Oid>,
    /// What is worth knowing about it.
    pub note: Option<String>,
}

/// What a state is called: its revision, with the first ten digits of its commit where that says more.
pub(super) fn state_name(revision: &str, commit: Option<&str>) -> String {
    match commit {
        Some(commit) => {
            let short = commit.get(..10).unwrap_or(commit);
            if commit.starts_with(revision) { short.to_owned() } else { format!("{revision} ({short})") }
        }
        None => revision.to_owned(),
    }
}

/// A repository, and where in it we are.
#[derive(Debug)]
pub(super) struct Repository {
    /// Git, run in the folder.
    pub git: Git,
    /// Where that is in the working tree, if there is one.
    pub standing: Option<Standing>,
    folder: PathBuf,
    shallow: bool,
}

impl Repository {
    /// The repository that a folder belongs to, or that `GIT_DIR` names.
    pub fn open(programs: &Programs, folder: &Path) -> Result<Self, GitError> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let git = Git::find(programs, folder)?;
        let facts = git.lines(&["rev-parse", "--is-inside-work-tree", "--is-shallow-repository"])?;
        let mut facts = facts.lines().map(|line| line == "true");
        let (inside, shallow) = (facts.next() == Some(true), facts.next() == Some(true));
        let top = match inside {
            true => Some(git.path(&["rev-parse", "--show-toplevel"])?),
            // `GIT_WORK_TREE` may name a working tree that we are not in.
            false => match git.path(&["rev-parse", "--show-toplevel"]) {
                Ok(top) => Some(top),
                Err(GitError::Failed { .. }) => None,
                Err(other) => return Err(other),
            },
        };
        let standing = top.map(|top| {
            let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            let top = real(&top);
            let prefix = real(folder).strip_prefix(&top).map(names::to_git).unwrap_or_default();
            Standing { top, prefix }
        });
        Ok(Repository { git, standing, folder: folder.to_path_buf(), shallow })
    }

    /// What the sides of a range are: old, new.
    pub fn resolve(&self, range: &GitRange) -> Result<[State; 2], GitError> {
        let at = |revision: &str, commit| State { revision: revision.to_owned(), commit: Some(commit), note: None };
        let old = self.commit(&range.old)?;
        let Some(new_name) = &range.new else {
            if self.standing.is_none() {
                return Err(GitError::NoWorkingTree {
                    folder: self.folder.display().to_string(),
                    old: range.old.clone(),
                });
            }
            let new = State { revision: "working tree".into(), commit: None, note: None };
            return Ok([at(&range.old, old), new]);
        };
        let new = self.commit(new_name)?;
        if !range.since_merge_base {
            return Ok([at(&range.old, old), at(new_name, new)]);
        }
        let bases = self.merge_bases(old, new)?;
        let Some(base) = bases.first() else {
            return Err(GitError::NoMergeBase {
                old: range.old.clone(),
                new: new_name.clone(),
                hint: if self.shallow {
                    SHALLOW.to_owned()
                } else {
                    format!("compare them as they are: {}..{new_name}", range.old)
                },
            });
        };
        // When nothing happened to OLD since, it is the base, and its name says more.
        let mut before = at(&range.old, *base);
        if *base != old {
            before.revision = format!("merge base of {} and {new_name}", range.old);
        }
        if bases.len() > 1 {
            before.note = Some(format!(
                "{} and {new_name} have {} merge bases, and the first is taken, as `git diff` does",
                range.old,
                bases.len()
            ));
        }
        Ok([before, at(new_name, new)])
    }

    fn commit(&self, revision: &str) -> Result<Oid, GitError> {
        match self.find(revision)? {
            Some(commit) => Ok(commit),
            None => Err(GitError::UnknownRevision {
                revision: revision.escape_debug().to_string(),
                hint: self.hint(revision)?,
            }),
        }
    }

    fn find(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        let peeled = format!("{revision}^{{commit}}");
        let output = self.git.output(&["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled])?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(Oid::from_hex(said.trim_end_matches('\n')).filter(|_| output.status.success()))
    }

    fn hint(&self, revision: &str) -> Result<Option<String>, GitError> {
        if self.shallow {
            return Ok(Some(SHALLOW.to_owned()));
        }
        let remote = format!("origin/{revision}");
        let found = self.find(&format!("refs/remotes/{remote}"))?;
        Ok(found.map(|_| format!("did you mean `{remote}`?")))
    }

    fn merge_bases(&self, old: Oid, new: Oid) -> Result<Vec<Oid>, GitError> {
        let (old, new) = (old.to_string(), new.to_string());
        let output = self.git.output(&["merge-base", "--all", &old, &new])?;
        // https://git-scm.com/docs/git-merge-base: 1 says that there is none.
        if !output.status.success() && output.status.code() != Some(1) {
            return Err(GitError::Failed {
                verb: "merge-base".into(),
                said: super::command::complaint(&output.stderr, &output.status.to_string()),
            });
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(said.lines().filter_map(Oid::from_hex).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_as_for_git_diff() {
        let check = |text: &str, old: &str, new: Option<&str>, since_merge_base| {
            let range: GitRange = text.parse().unwrap();
            let expected = GitRange { old: old.into(), new: new.map(str::to_owned), since_merge_base };
            assert_eq!(range, expected);
            assert_eq!(range.to_string(), text);
        };
        check("main...HEAD", "main", Some("HEAD"), true);
        check("main..HEAD~2", "main", Some("HEAD~2"), false);
        check("v1.2", "v1.2", None, false);
        check("feature/a.b...x@{u}", "feature/a.b", Some("x@{u}"), true);
    }

    #[test]
    fn what_is_no_revision_is_refused() {
        for text in [
            "",
            "...",
            "..",
            "a..",
            "...b",
            "-x",
            "--output=x..b",
            "a..-b",
            "a....b",
            "a..b..c",
            "^a..b",
            "a\nb",
            "a...b\0",
        ] {
            assert!(matches!(text.parse::<GitRange>(), Err(GitError::BadRange { .. })), "{text:?}");
        }
    }
}
