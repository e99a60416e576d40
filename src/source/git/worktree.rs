//! The files of a working tree: what git tracks, and what it neither tracks nor ignores. The index is read
//! and never refreshed.

use std::fs;
use std::path::{Path, PathBuf};

use super::GitError;
use super::command::Git;
use super::names;
use super::objects::Oid;

/// Where the content of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// On disk, at this path.
    Disk(PathBuf),
    /// In the repository whose working tree begins there: a sparse checkout left it out.
    Blob(Oid, PathBuf),
    /// Nowhere: a submodule that is not checked out.
    Submodule(Oid),
    /// A repository that is not a part of this one.
    OtherRepository,
}

/// A file of the working tree.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Its path from the top.
    pub path: Vec<u8>,
    /// Where its content is.
    pub content: Content,
}

/// Where a folder stands in its repository.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The top of the working tree, without links.
    pub top: PathBuf,
    /// The way from there to where git is run.
    pub prefix: Vec<u8>,
}

impl Standing {
    /// A path from the top, as an argument.
    fn argument(&self, path: &[u8]) -> PathBuf {
        let up = self.prefix.split(|b| *b == b'/').filter(|part| !part.is_empty()).map(|_| "..");
        let mut argument: PathBuf = std::iter::once(".").chain(up).collect();
        argument.push(names::to_path(path));
        argument
    }
}

/// The files at or below a path from the top. What is tracked and was deleted is not among them.
pub(super) fn files(git: &Git, standing: &Standing, path: &[u8]) -> Result<Vec<File>, GitError> {
    if let Some((folder, rest)) = nested_repository(&standing.top, path) {
        let inner = Standing { top: standing.top.join(names::to_path(&folder)), prefix: Vec::new() };
        let mut found = files(&git.nested(&inner.top), &inner, &rest)?;
        for file in &mut found {
            file.path = names::join(&folder, &file.path);
        }
        return Ok(found);
    }
    let mut found = tracked(git, standing, path)?;
    found.extend(untracked(git, standing, path)?);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|b, a| a.path == b.path);
    Ok(found)
}

fn tracked(git: &Git, standing: &Standing, path: &[u8]) -> Result<Vec<File>, GitError> {
    let argument = standing.argument(path);
    let mut args: Vec<&std::ffi::OsStr> =
        ["ls-files", "-z", "-t", "-s", "--full-name", "--"].map(AsRef::as_ref).to_vec();
    args.push(argument.as_os_str());
    let listed = git.bytes(&args)?;
    let mut found = Vec::new();
    // `TAG MODE ID STAGE`, a tab and the path.
    for line in listed.split(|b| *b == 0).filter(|line| !line.is_empty()) {
        let Some(tab) = line.iter().position(|b| *b == b'\t') else { continue };
        let head = String::from_utf8_lossy(&line[..tab]);
        let words: Vec<&str> = head.split(' ').collect();
        let [tag, mode, id, ..] = words.as_slice() else { continue };
        let Some(id) = Oid::from_hex(id) else { continue };
        let path = line[tab + 1..].to_vec();
        let place = standing.top.join(names::to_path(&path));
        if *mode == "160000" {
            if place.join(".git").exists() {
                found.extend(files(git, standing, &path)?);
            } else {
                found.push(File { path, content: Content::Submodule(id) });
            }
            continue;
        }
        if let Ok(metadata) = fs::symlink_metadata(&place) {
            if !metadata.is_dir() {
                found.push(File { path, content: Content::Disk(place) });
            }
        } else if *tag == "S" {
            found.push(File { path, content: Content::Blob(id, standing.top.clone()) });
        }
    }
    Ok(found)
}

fn untracked(git: &Git, standing: &Standing, path: &[u8]) -> Result<Vec<File>, GitError> {
    let argument = standing.argument(path);
    let mut args: Vec<&std::ffi::OsStr> =
        ["ls-files", "-z", "--full-name", "--others", "--exclude-standard", "--"].map(AsRef::as_ref).to_vec();
    args.push(argument.as_os_str());
    let listed = git.bytes(&args)?;
    let paths = listed.split(|b| *b == 0).filter(|path| !path.is_empty());
    Ok(paths
        .map(|path| match path.strip_suffix(b"/") {
            Some(folder) => File { path: folder.to_vec(), content: Content::OtherRepository },
            None => File { path: path.to_vec(), content: Content::Disk(standing.top.join(names::to_path(path))) },
        })
        .collect())
}

/// The innermost repository below the top on the way to a path, and the rest of the way.
fn nested_repository(top: &Path, path: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let ends = (0..=path.len()).rev().filter(|at| *at > 0 && path.get(*at).is_none_or(|b| *b == b'/'));
    for end in ends {
        let folder = &path[..end];
        if top.join(names::to_path(folder)).join(".git").exists() {
            let rest = names::below(path, folder).unwrap_or_default();
            return Some((folder.to_vec(), rest.to_vec()));
        }
    }
    None
}
