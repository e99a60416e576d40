//! Problems on standard error, with the lines they are about.

use std::collections::BTreeMap;
use std::io::Write;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inert::{lines, printable, styled};
use crate::render::{Paint, problem};
use crate::source::Sources;
use crate::world::World;

/// The maximum number of problems of one kind that are shown; the rest is counted.
pub const SHOWN: usize = 10;

/// The verbosity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors and warnings.
    Normal,
    /// Everything.
    Verbose,
}

/// Prints problems in order on standard error. Write errors are ignored.
pub fn show(diagnostics: &[Diagnostic], sources: &Sources, verbosity: Verbosity) {
    let mut shown: BTreeMap<Code, usize> = BTreeMap::new();
    let mut err = anstream::stderr().lock();
    for diagnostic in diagnostics.iter().filter(|d| speaks(d.severity, verbosity)) {
        let count = shown.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= SHOWN || verbosity == Verbosity::Verbose {
            let _ = writeln!(err, "{}\n", styled(&problem(diagnostic, &[], sources, Paint::Colors)));
        }
    }
    for (code, count) in shown {
        if count > SHOWN && verbosity != Verbosity::Verbose {
            let _ = writeln!(err, "{} more of {}; -v shows all", count - SHOWN, code.as_str());
        }
    }
}

/// Prints the problems of a World and of its drawing on standard error, and with `-v` the skipped files.
pub fn show_world(world: &World, drawing: &[Diagnostic], verbosity: Verbosity) {
    let mut all: Vec<Diagnostic> = world.diagnostics().iter().chain(drawing).cloned().collect();
    Diagnostic::sort(&mut all);
    show(&all, world.sources(), verbosity);
    not_shown(world, verbosity);
    if verbosity == Verbosity::Verbose {
        let skipped = world.skipped();
        say(&format!(
            "read {} files: {} objects, {} files without any; skipped {} other files and {} named twice",
            world.sources().len(),
            world.objects(),
            world.ignored_files().len(),
            skipped.other_files,
            skipped.repeated
        ));
        for &file in world.ignored_files() {
            say(&format!("no Kubernetes object in {}", world.sources().name(file)));
        }
    }
}

/// Prints the kinds of objects that no picture shows and no answer considers, with `-v` each object.
pub fn not_shown(world: &World, verbosity: Verbosity) {
    match (verbosity, world.graph().footnote()) {
        (Verbosity::Normal, Some(note)) => say(&format!("{note}; -v names them")),
        (Verbosity::Verbose, _) => {
            for absent in &world.account().absent {
                for (key, at) in &absent.objects {
                    say(&format!("not shown: {key}, a {}, at {}", absent.name(), world.sources().line_of(*at)));
                }
            }
        }
        _ => {}
    }
}

/// The error of a command on an input of which nothing is understood.
pub fn nothing_understood(world: &World, name: &str) -> Option<String> {
    let account = world.account();
    if account.is_anything_understood() {
        return None;
    }
    Some(match account.total() {
        0 => format!("there is no Kubernetes object in {name}: nothing was done"),
        1 => format!("the one object in {name} is of a kind that is not understood: nothing was done"),
        n => format!("none of the {n} objects in {name} is of a kind that is understood: nothing was done"),
    })
}

/// True if problems of a severity are shown.
pub fn speaks(severity: Severity, verbosity: Verbosity) -> bool {
    match verbosity {
        Verbosity::Quiet => severity == Severity::Error,
        Verbosity::Normal => severity != Severity::Info,
        Verbosity::Verbose => true,
    }
}

/// Prints a text of several lines on standard error.
#[cfg(feature = "serve")]
pub fn tell(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}\n", lines(text));
}

/// Prints what is wrong with the arguments.
pub fn usage(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", lines(text));
}

/// Prints the error that stopped a command.
pub fn fail(error: &anyhow::Error) {
    let _ = writeln!(anstream::stderr(), "error: {}", lines(&format!("{error:#}")));
}

/// Prints a line on standard error.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(line));
}
