//! The last test binary of a run: counts and names the tests that the others have skipped.
#![allow(missing_docs, clippy::print_stdout, reason = "it reports by printing")]

#[path = "support/skip.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "it is shared with the other test binaries")]
mod skip;

use std::collections::BTreeSet;

fn main() {
    let path = skip::list();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let lines: BTreeSet<&str> = text.lines().collect();
    println!("\nskipped for want of a program or of files: {}", lines.len());
    for line in lines {
        println!("  {line}");
    }
    // What `KUBESKETCH_SKIPS` names belongs to whoever named it.
    if std::env::var_os("KUBESKETCH_SKIPS").is_none() {
        let _ = std::fs::remove_file(path);
    }
}
