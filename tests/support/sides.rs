//! Two states of a repository, as they are read.

use std::fs;
use std::path::Path;

use kubesketch::source::{GitRequest, Programs, Side, load_range};

use super::repository::Repository;

/// What to read, in a folder.
pub fn request(folder: &Path, range: &str, paths: &[&str]) -> GitRequest {
    GitRequest { folder: folder.to_path_buf(), ..GitRequest::new(range.parse().unwrap(), paths) }
}

/// Both sides of a range.
pub fn sides(folder: &Path, range: &str, paths: &[&str]) -> [Side; 2] {
    load_range(&request(folder, range, paths)).unwrap()
}

/// Why a range cannot be read.
pub fn error(folder: &Path, range: &str) -> String {
    load_range(&request(folder, range, &["."])).unwrap_err().to_string()
}

/// Every text as `NAME=TEXT`, then every problem.
pub fn told(side: &Side) -> Vec<String> {
    let sources = &side.loaded.sources;
    let texts = sources.ids().map(|id| format!("{}={}", sources.name(id), sources.text(id)));
    texts.chain(side.loaded.problems.iter().map(ToString::to_string)).collect()
}

/// Holds what both sides say to what is expected.
#[track_caller]
pub fn check(folder: &Path, range: &str, paths: &[&str], old: &[&str], new: &[&str]) {
    let both = sides(folder, range, paths);
    assert_eq!(told(&both[0]), old, "old");
    assert_eq!(told(&both[1]), new, "new");
}

/// Two commits on main, and one more on a branch that left after the first.
pub fn history() -> Repository {
    let repo = Repository::new();
    repo.write(&[("deploy/a.yaml", "a1"), ("deploy/b.yaml", "b1"), ("other/x.yaml", "x1"), ("README.md", "no")]);
    repo.commit("one");
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write(&[("deploy/a.yaml", "a2"), ("deploy/sub/c.yml", "c2")]).remove(&["deploy/b.yaml"]);
    repo.commit("topic");
    repo.git(&["checkout", "-q", "main"]);
    repo.write(&[("deploy/b.yaml", "b3")]);
    repo.commit("main goes on");
    repo
}

/// A `kustomize` that shows what it was given.
pub fn fake_kustomize(repo: &Repository, script: &str) -> Programs {
    fake(repo, "kustomize", script)
}

/// The programs of this machine, and before them one that is a script.
pub fn fake(repo: &Repository, name: &str, script: &str) -> Programs {
    let folder = repo.beside("bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    Programs::from_path(&std::env::join_paths(folders).unwrap())
}
