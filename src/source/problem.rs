//! What can go wrong while input is read. No problem stops the reading of anything else.

use std::path::PathBuf;

/// A piece of input that could not be read, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A path that does not exist.
    #[error("{name}: there is no such file or folder")]
    Missing {
        /// The path as given.
        name: String,
    },
    /// A file or folder that the system does not let us read.
    #[error("{name}: {error}")]
    Unreadable {
        /// The path, or `<stdin>`.
        name: String,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A folder that cannot be walked through.
    #[error("{name}: {error}")]
    Walk {
        /// The folder as given.
        name: String,
        /// What went wrong, where.
        error: String,
    },
    /// A file that is larger than is read.
    #[error("{name}: larger than {limit} bytes, which is the most that is read of one file")]
    TooLarge {
        /// The file.
        name: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A pipe, socket or device met in a folder.
    #[error("{name}: neither a file nor a folder; name it on the command line to have it read")]
    NotAFile {
        /// The path.
        name: String,
    },
    /// A symbolic link that leads out of the folder in which it was met.
    #[error("{name}: a symbolic link that leads out of the folder, not followed; --follow-links follows it")]
    LinkOutwards {
        /// The link.
        name: String,
    },
    /// A path or a link that leads out of what may be read.
    #[error("{name}: leads out of the folders that may be read, and is not followed")]
    OutsideFence {
        /// The path.
        name: String,
    },
    /// A folder, pipe or device in the place of a file with settings.
    #[error("{name}: not a regular file")]
    NotRegular {
        /// The path.
        name: String,
    },
    /// A file that is not text.
    #[error("{name}:{line}:{column}: not valid {encoding}; save the file as UTF-8")]
    NotText {
        /// The file.
        name: String,
        /// What the file was read as.
        encoding: &'static str,
        /// Line of the first fault, from 1.
        line: u32,
        /// Column of the first fault in characters, from 1.
        column: u32,
    },
    /// A folder in which there is nothing to read.
    #[error("{name}: no .yaml, .yml or .json file in this folder (hidden files and those in .gitignore are not read)")]
    NoManifests {
        /// The folder as given.
        name: String,
    },
    /// None of the programs that could do a job is installed.
    #[error("{job}: needs {programs}, and {why}")]
    NoProgram {
        /// The task, as the option that requested it.
        job: String,
        /// The programs that would do.
        programs: &'static str,
        /// Why there is none.
        why: &'static str,
    },
    /// A program could not be started or read from.
    #[error("{job}: {} could not be run: {error}", program.display())]
    NotRun {
        /// The task, as the option that requested it.
        job: String,
        /// The program.
        program: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A program said that it failed.
    #[error("{job}: {} failed ({status}){}", program.display(), indented(stderr))]
    Failed {
        /// The task, as the option that requested it.
        job: String,
        /// The program.
        program: PathBuf,
        /// Its exit status.
        status: String,
        /// The first lines of what it wrote to its standard error.
        stderr: String,
    },
    /// A program that is to read a path which is not there.
    #[error("{job}: there is no such file or folder: {path}")]
    MissingArgument {
        /// The task, as the option that requested it.
        job: String,
        /// The path.
        path: String,
    },
    /// A unit of deployment that cannot be rendered.
    #[error("{job}: {what}")]
    NotRendered {
        /// The unit, or the option that requested it.
        job: String,
        /// Why.
        what: String,
    },
    /// A pattern that no unit has.
    #[error("--unit {pattern}: there is no such unit in {name}, which has {list}")]
    NoSuchUnit {
        /// The pattern.
        pattern: String,
        /// The folder.
        name: String,
        /// The names that there are.
        list: String,
    },
    /// A path that neither side of a comparison has.
    #[error("{name}: there is no such file or folder, neither in {old} nor in {new}")]
    OnNeitherSide {
        /// The path as given.
        name: String,
        /// What the old side is.
        old: String,
        /// What the new side is.
        new: String,
    },
    /// A path or a link that leads out of the repository.
    #[error("{name}: leads out of the repository, and only what is in it is compared")]
    OutsideRepository {
        /// The path.
        name: String,
    },
    /// A link in a repository that leads nowhere.
    #[error("{name}: a link that leads nowhere in {side}")]
    BrokenLink {
        /// The link.
        name: String,
        /// Which side.
        side: String,
    },
    /// A file of Git LFS of which the repository holds only where it is.
    #[error("{name}: {side} holds a pointer of Git LFS and not the file, so it cannot be read from there")]
    LfsPointer {
        /// The file.
        name: String,
        /// Which side.
        side: String,
    },
    /// A submodule whose content is not here.
    #[error(
        "{name}: a submodule, and its commit {commit} of {side} is not here; fetch it with `git submodule update --init`"
    )]
    MissingSubmodule {
        /// The folder.
        name: String,
        /// The commit that is asked for, as a hexadecimal id.
        commit: String,
        /// Which side.
        side: String,
    },
    /// A tree that is larger than is written to disk for a program to read.
    #[error("{job}: {side} is larger than {limit} bytes, which is the most that is written to disk for it")]
    TooLargeTree {
        /// The task, as the option that requested it.
        job: String,
        /// Which side.
        side: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A folder for a program to read could not be made.
    #[error("{job}: {side} could not be written to a temporary folder: {error}")]
    NotWritten {
        /// The task, as the option that requested it.
        job: String,
        /// Which side.
        side: String,
        /// The error of the operating system.
        error: std::io::Error,
    },
}

impl Problem {
    /// True if an outside program is to blame and not a path.
    pub fn is_tool(&self) -> bool {
        matches!(
            self,
            Problem::NoProgram { .. }
                | Problem::NotRun { .. }
                | Problem::Failed { .. }
                | Problem::MissingArgument { .. }
                | Problem::NotRendered { .. }
        )
    }
}

fn indented(stderr: &str) -> String {
    stderr.lines().map(|line| format!("\n    {line}")).collect()
}
