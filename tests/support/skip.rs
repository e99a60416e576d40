//! Tests that cannot run because something is not installed: reported on stderr, and in the file that
//! `KUBESKETCH_SKIPS` names, one line each, so that a run can count and name them at its end.

use std::io::Write as _;
use std::process::Command;

/// Reports that the running test is skipped, and why.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    if let Some(path) = std::env::var_os("KUBESKETCH_SKIPS") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        let thread = std::thread::current();
        // In one write, so that lines of several processes stay whole.
        file.write_all(format!("{}: {reason}\n", thread.name().unwrap_or("a test")).as_bytes()).unwrap();
    }
}

/// The program, if it is installed; otherwise the test is reported as skipped.
pub fn program(name: &str) -> Option<Command> {
    let found = Command::new(name).arg(if name == "dot" { "-V" } else { "--version" }).output().is_ok();
    if !found {
        skip(&format!("`{name}` is not installed"));
    }
    found.then(|| Command::new(name))
}
