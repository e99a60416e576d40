//! Problems on standard error, with the lines they are about.

use std::collections::BTreeMap;
use std::io::Write;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::render::{Paint, lines, printable, problem};
use crate::source::Sources;

/// So many problems of one kind are shown whole; the rest is counted.
pub const SHOWN: usize = 10;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors and warnings.
    Normal,
    /// Everything.
    Verbose,
}

/// Shows problems, in their order, on standard error. Failing to do so is not worth a failure of its own.
pub fn show(diagnostics: &[Diagnostic], sources: &Sources, verbosity: Verbosity) {
    let mut shown: BTreeMap<Code, usize> = BTreeMap::new();
    let mut err = anstream::stderr().lock();
    for diagnostic in diagnostics.iter().filter(|d| speaks(d.severity, verbosity)) {
        let count = shown.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= SHOWN || verbosity == Verbosity::Verbose {
            let _ = writeln!(err, "{}\n", problem(diagnostic, &[], sources, Paint::Colors));
        }
    }
    for (code, count) in shown {
        if count > SHOWN && verbosity != Verbosity::Verbose {
            let _ = writeln!(err, "{} more of {}; -v shows all", count - SHOWN, code.as_str());
        }
    }
}

/// Whether problems of a severity are told.
pub fn speaks(severity: Severity, verbosity: Verbosity) -> bool {
    match verbosity {
        Verbosity::Quiet => severity == Severity::Error,
        Verbosity::Normal => severity != Severity::Info,
        Verbosity::Verbose => true,
    }
}

/// Says words that have lines of their own.
#[cfg(feature = "serve")]
pub fn tell(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}\n", lines(text));
}

/// Says what stopped a command.
pub fn fail(error: &anyhow::Error) {
    let _ = writeln!(anstream::stderr(), "error: {}", lines(&format!("{error:#}")));
}

/// Says a line on standard error.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(line));
}
