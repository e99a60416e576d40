//! Git repositories for tests: the same commands give the same commits on every machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A repository in a folder of its own, which goes with it.
pub struct Repository {
    folder: TempDir,
    top: PathBuf,
}

/// True if there is a git; says that the test is skipped if not.
pub fn have_git() -> bool {
    let found = Command::new("git").arg("version").output().is_ok_and(|o| o.status.success());
    if !found {
        super::skip::skip("there is no git here");
    }
    found
}

/// Git with nobody's settings, and a fixed author and time.
pub fn git_command(folder: &Path) -> Command {
    let mut git = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    git.current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
        .args(["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"]);
    git
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let output = git_command(folder).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "git {args:?} in {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs git, which must succeed, and gives what it wrote.
pub fn git(folder: &Path, args: &[&str]) -> String {
    String::from_utf8_lossy(&run(folder, args).stdout).trim_end().to_owned()
}

impl Repository {
    /// A new one, with nothing in it.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap().join("repo");
        fs::create_dir(&top).unwrap();
        git(&top, &["init", "-q"]);
        Repository { folder, top }
    }

    /// The top of its working tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A path beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    /// Writes files of the working tree.
    pub fn write(&self, files: &[(&str, &str)]) -> &Self {
        for (name, text) in files {
            let path = self.top.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self
    }

    /// Removes files of the working tree.
    pub fn remove(&self, names: &[&str]) -> &Self {
        for name in names {
            fs::remove_file(self.top.join(name)).unwrap();
        }
        self
    }

    /// Commits the whole working tree, ignored files too where forced, and gives the id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git at the top.
    pub fn git(&self, args: &[&str]) -> String {
        git(&self.top, args)
    }
}
