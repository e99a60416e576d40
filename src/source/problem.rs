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
        /// What the system said.
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
    #[error("{job}: needs {programs}, and there is none on the PATH")]
    NoProgram {
        /// What was to be done, as the option that asked for it.
        job: String,
        /// The programs that would do.
        programs: &'static str,
    },
    /// A program could not be started or read from.
    #[error("{job}: {} could not be run: {error}", program.display())]
    NotRun {
        /// What was to be done, as the option that asked for it.
        job: String,
        /// The program.
        program: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A program said that it failed.
    #[error("{job}: {} failed ({status}){}", program.display(), indented(stderr))]
    Failed {
        /// What was to be done, as the option that asked for it.
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
        /// What was to be done, as the option that asked for it.
        job: String,
        /// The path.
        path: String,
    },
}

impl Problem {
    /// Whether an outside program is to blame and not a path.
    pub fn is_tool(&self) -> bool {
        matches!(
            self,
            Problem::NoProgram { .. } | Problem::NotRun { .. } | Problem::Failed { .. } | Problem::MissingArgument { .. }
        )
    }
}

fn indented(stderr: &str) -> String {
    stderr.lines().map(|line| format!("\n    {line}")).collect()
}
