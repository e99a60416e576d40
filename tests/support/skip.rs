//! Tests that cannot run because something is not installed: reported on stderr, and in a file, one line each, so that
//! the test binary `skipped`, which runs last, counts and names them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// The file of one run: the one that `KUBESKETCH_SKIPS` names, or one for the `cargo` that runs all binaries of it.
pub fn list() -> PathBuf {
    if let Some(path) = std::env::var_os("KUBESKETCH_SKIPS") {
        return path.into();
    }
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("skipped-{}", parent()))
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

/// Reports that the running test is skipped, and why.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(list()).unwrap();
    let thread = std::thread::current();
    // In one write, so that lines of several processes stay whole.
    file.write_all(format!("{}: {reason}\n", thread.name().unwrap_or("a test")).as_bytes()).unwrap();
}

/// The program, if it is installed; otherwise the test is reported as skipped.
pub fn program(name: &str) -> Option<Command> {
    let found = Command::new(name).arg(if name == "dot" { "-V" } else { "--version" }).output().is_ok();
    if !found {
        skip(&format!("`{name}` is not installed"));
    }
    found.then(|| Command::new(name))
}
