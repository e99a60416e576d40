//! Names of files as git has them (bytes with `/` between them), as the system has them, and as they are shown.

use std::path::{Component, Path, PathBuf};

/// A path that git wrote, for the system.
#[cfg(unix)]
pub(super) fn to_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path that git wrote, for the system.
#[cfg(not(unix))]
pub(super) fn to_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// One part of a path of the system, for git.
#[cfg(unix)]
fn part_bytes(part: &std::ffi::OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    part.as_bytes().to_vec()
}

/// One part of a path of the system, for git.
#[cfg(not(unix))]
fn part_bytes(part: &std::ffi::OsStr) -> Vec<u8> {
    part.to_string_lossy().into_owned().into_bytes()
}

/// A relative path as git writes it. `..` stays where it is.
pub(super) fn to_git(path: &Path) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = (path.components())
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part_bytes(part)),
            Component::ParentDir => Some(b"..".to_vec()),
            _ => None,
        })
        .collect();
    parts.join(&b'/')
}

/// True if a file below a folder is read: nothing on the way to it is hidden. `below` begins at the folder.
pub(super) fn is_hidden(below: &[u8]) -> bool {
    below.split(|b| *b == b'/').any(|part| part.starts_with(b"."))
}

/// Puts one path after another.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    path.extend_from_slice(folder);
    if !folder.is_empty() && !name.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// What comes after a folder in a path, if the path is in it. A path is in itself.
pub(super) fn below<'p>(path: &'p [u8], folder: &[u8]) -> Option<&'p [u8]> {
    if folder.is_empty() {
        return Some(path);
    }
    match path.strip_prefix(folder)? {
        [] => Some(&[]),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}
