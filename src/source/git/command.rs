//! Runs `git`: without a shell, and so that nothing of the repository's is run, written, fetched or asked for.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::GitError;
use crate::source::Programs;
use crate::source::render::first_lines;

/// Debian 11 has it; before it `rev-parse` does not know `--end-of-options`.
const OLDEST: (u32, u32) = (2, 30);

/// Settings of a repository that would run a program, and one of a user that would make the result depend on whose
/// machine it is. A command line goes before any file.
const SETTINGS: &[&str] =
    &["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.excludesFile=/dev/null", "core.quotePath=false"];

/// What is set for every run. No network twice: older versions of git know the first of them only.
const SET: &[(&str, &str)] = &[
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

/// What is not passed on: the other readings of paths cannot be had together with the literal one.
const UNSET: &[&str] =
    &["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_EXTERNAL_DIFF", "GIT_PAGER"];

/// Variables that point at one repository and must not reach another one: the list of `git rev-parse --local-env-vars`.
const LOCAL: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// The program, and where it is run.
#[derive(Clone, Debug)]
pub(super) struct Git {
    program: PathBuf,
    folder: PathBuf,
    nested: bool,
    git_dir: Option<PathBuf>,
}

impl Git {
    /// The git on the path, run in a folder. Refuses one that is too old.
    pub fn find(programs: &Programs, folder: &Path) -> Result<Self, GitError> {
        let git = Git {
            program: programs.find("git").ok_or(GitError::NoGit)?,
            folder: folder.to_path_buf(),
            nested: false,
            git_dir: None,
        };
        let said = git.lines(&["version"])?;
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < OLDEST {
            return Err(GitError::TooOld { found: said, oldest: OLDEST });
        }
        Ok(git)
    }

    /// The same program for the repository that a folder of the working tree holds.
    pub fn nested(&self, folder: &Path) -> Self {
        Git { folder: folder.to_path_buf(), nested: true, git_dir: None, ..self.clone() }
    }

    /// The same program for a repository without a working tree.
    pub fn at_git_dir(&self, git_dir: &Path) -> Self {
        Git { folder: git_dir.to_path_buf(), nested: true, git_dir: Some(git_dir.to_path_buf()), ..self.clone() }
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).stdin(Stdio::null()).envs(SET.iter().copied());
        for name in UNSET.iter().chain(LOCAL.iter().filter(|_| self.nested)) {
            command.env_remove(name);
        }
        command.args(["--no-pager", "--literal-pathspecs"]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if let Some(git_dir) = &self.git_dir {
            let mut arg = OsString::from("--git-dir=");
            arg.push(git_dir);
            command.arg(arg);
            // Or git would look for the working tree that this repository names, which need not be there.
            command.env("GIT_WORK_TREE", ".");
        }
        command.args(args);
        command
    }

    /// Runs it and gives what came of it, whatever its status.
    pub fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, GitError> {
        self.command(args).output().map_err(|error| self.not_run(error))
    }

    /// Runs it and gives the bytes it wrote.
    pub fn bytes<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, GitError> {
        let output = self.output(args)?;
        if !output.status.success() {
            return Err(failed(args, &output));
        }
        Ok(output.stdout)
    }

    /// Runs it and gives the text it wrote, without the end of its last line.
    pub fn lines<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&without_newline(self.bytes(args)?)).into_owned())
    }

    /// Runs it and gives the path it wrote.
    pub fn path<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<PathBuf, GitError> {
        // In a repository found by walking up, git tells some paths from where it runs.
        Ok(self.folder.join(super::names::to_path(&without_newline(self.bytes(args)?))))
    }

    /// Starts it with pipes to and from it.
    pub fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Child, GitError> {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| self.not_run(error))
    }

    fn not_run(&self, error: std::io::Error) -> GitError {
        GitError::NotRun { program: self.program.clone(), error }
    }
}

fn failed<S: AsRef<OsStr>>(args: &[S], output: &Output) -> GitError {
    let verb = args.first().map(|a| a.as_ref().to_string_lossy().into_owned()).unwrap_or_default();
    GitError::Failed { verb, said: complaint(&output.stderr, &output.status.to_string()) }
}

/// What git complained of, or how it ended if it said nothing.
pub(super) fn complaint(stderr: &[u8], status: &str) -> String {
    let said = first_lines(stderr.take(u64::MAX));
    let said = said.strip_prefix("fatal: ").unwrap_or(&said);
    if said.is_empty() { status.to_owned() } else { said.to_owned() }
}

fn without_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}
