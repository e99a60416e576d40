//! `--check`: compares files with the current output.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{cluster, report};

/// Returns true if a file is current. Otherwise reports it on standard error, with the command that writes it.
pub fn is_current(path: &Path, content: &[u8]) -> Result<bool> {
    let state = match fs::read(path) {
        Ok(there) if there == content => return Ok(true),
        Ok(_) => "is stale",
        Err(e) if e.kind() == io::ErrorKind::NotFound => "is not there",
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    report::say(&format!("{} {state}: {} writes it", path.display(), command(std::env::args_os())));
    Ok(false)
}

/// The command that was given, to be given again without `--check`.
fn command(arguments: impl Iterator<Item = OsString>) -> String {
    let mut words = vec![cluster::program().to_owned()];
    let mut options = true;
    for argument in arguments.skip(1) {
        let argument = argument.to_string_lossy();
        options &= argument != "--";
        if !(options && argument == "--check") {
            words.push(quoted(&argument));
        }
    }
    words.join(" ")
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_told_without_check_and_can_be_pasted() {
        let words = ["/x/ks", "draw", "a b/", "--check", "-o", "n.svg", "--title=it's", "--", "--check"];
        let printed = command(words.into_iter().map(OsString::from));
        assert_eq!(printed, r"kubesketch draw 'a b/' -o n.svg '--title=it'\''s' -- --check");
    }
}
