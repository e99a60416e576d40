//! Runs the built program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program in a folder; standard input is the given text, or empty and no pipe.
pub fn run_in(folder: &Path, arguments: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().unwrap();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // The program may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output().unwrap()
}
