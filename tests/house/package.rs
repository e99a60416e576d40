//! The package for a registry: whatever the sources include when they are compiled is part of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// Files by their paths from the root, in one of its folders.
fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

/// Files that a source includes by a literal path.
fn included(source: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
    let mut found = Vec::new();
    for opening in ["include_str!(\"", "include_bytes!(\""] {
        for (at, _) in text.match_indices(opening) {
            let path = text[at + opening.len()..].split('"').next().unwrap();
            found.push(plain(&source.parent().unwrap().join(path)));
        }
    }
    found
}

#[test]
fn the_package_has_what_its_sources_include() {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--locked", "--offline", "--allow-dirty"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).unwrap();
    let packaged: BTreeSet<PathBuf> = list.lines().map(PathBuf::from).collect();
    let sources = files("src");
    let mut needed: Vec<PathBuf> =
        sources.iter().filter(|p| p.extension().is_some_and(|e| e == "rs")).cloned().collect();
    needed.extend(needed.iter().flat_map(|p| included(p)).collect::<Vec<_>>());
    // The examples of findings, whose paths a macro puts together, and the templates of pages.
    needed.extend(files("tests/cases/check"));
    needed.extend(files("templates"));
    needed.push("Cargo.lock".into());
    assert!(needed.len() > 300, "only {} files", needed.len());
    let missing: Vec<&PathBuf> = needed.iter().filter(|p| !packaged.contains(*p)).collect();
    assert!(missing.is_empty(), "the package lacks {missing:?}");
}
