//! Problems on standard error, with the lines they are about.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;

use super::{cluster, progress};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::inert::{lines as lines_of, printable, styled};
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
    let _silence = progress::silence();
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

/// The number of lines that fit a screen.
const SCREEN: usize = 48;

/// The number of problems that are shown in two lines each where they do not fit a screen with their excerpts.
const SHORT: usize = 10;

/// Prints what concerns a picture on standard error: the problems of a World and of its drawing, as far as they fit a
/// screen, the most severe first. `input` is what names the input on a command line.
pub fn show_picture(world: &World, drawing: &[Diagnostic], verbosity: Verbosity, input: &str) {
    let mut all: Vec<Diagnostic> = world.diagnostics().iter().chain(drawing).cloned().collect();
    all.retain(|d| speaks(d.severity, verbosity));
    let text = |d: &Diagnostic| styled(&problem(d, &[], world.sources(), Paint::Colors)).to_string();
    let lines: usize = all.iter().map(|d| text(d).lines().count() + 1).sum();
    if verbosity != Verbosity::Normal || lines <= SCREEN {
        show_world(world, drawing, verbosity);
        return;
    }
    all.sort_by(|a, b| (a.severity, a.at, a.code, &a.message).cmp(&(b.severity, b.at, b.code, &b.message)));
    for diagnostic in all.iter().take(SHORT) {
        let place =
            diagnostic.at.map_or(String::new(), |at| format!("\n --> {}:{}", world.sources().line_of(at), at.column));
        let (severity, code) = (diagnostic.severity.as_str(), diagnostic.code.as_str());
        let message = shortened(&diagnostic.message);
        write_line(lines_of(&format!("{severity}[{code}]: {message}{place}")));
    }
    let rest = all.len().saturating_sub(SHORT);
    let more = if rest == 0 { String::new() } else { format!("{rest} more problems; ") };
    let check = format!("{} check {input}", cluster::program());
    say(&format!("{more}`{}` has all with their lines, -v shows these here", check.trim_end()));
    not_shown(world, verbosity);
}

/// The most characters of a message that is shown in one line.
const MESSAGE: usize = 200;

fn shortened(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match first.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &first[..end]),
        None => first.to_owned(),
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
            "read {} files: {} objects, {} files without any; skipped {} other files, {} named twice and {} patches of kustomizations",
            world.sources().len(),
            world.objects(),
            world.ignored_files().len(),
            skipped.other_files,
            skipped.repeated,
            skipped.patches
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
    write_line(format!("{}\n", lines_of(text)));
}

/// Prints what is wrong with the arguments.
pub fn usage(text: &str) {
    write_line(lines_of(text));
}

/// Prints the error that stopped a command.
pub fn fail(error: &anyhow::Error) {
    write_line(format!("error: {}", lines_of(&format!("{error:#}"))));
}

/// Prints a line on standard error.
pub fn say(line: &str) {
    write_line(printable(line));
}

/// Writes a line to standard error.
fn write_line(line: impl Display) {
    let _silence = progress::silence();
    let _ = writeln!(anstream::stderr(), "{line}");
}
