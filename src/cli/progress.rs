//! A line on the terminal about work that takes longer than a second. It is gone when the work is done, and nobody but
//! a person at a terminal gets it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Work that takes no longer is done before anybody has read of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const BEAT: Duration = Duration::from_millis(120);

/// The variable that lets the line appear at once, for tests; its value is `now`.
const VARIABLE: &str = "KUBESKETCH_PROGRESS";

/// Returns to the start of the line and empties it.
const CLEAR: &str = "\r\u{1b}[2K";

/// The line.
struct Line {
    /// Whether there is a person to show it to, and time enough has passed.
    on: bool,
    /// What is being done.
    steps: Vec<(usize, Sort, Text)>,
    next: usize,
    is_shown: bool,
}

/// Which steps are shown before others that are done at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Those that count pieces.
    Counts,
    /// The last of the others.
    Other,
}

/// The words for a step.
type Text = Box<dyn Fn() -> String + Send>;

static LINE: Mutex<Line> = Mutex::new(Line { on: false, steps: Vec::new(), next: 0, is_shown: false });

/// Pieces of the current step that are done.
static DONE: AtomicUsize = AtomicUsize::new(0);

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    fn write(&mut self) {
        let counting = self.steps.iter().rfind(|(_, sort, _)| *sort == Sort::Counts);
        if let Some((.., text)) = counting.or(self.steps.last()).filter(|_| self.on) {
            let _ = write!(std::io::stderr(), "{CLEAR}{}...", text());
            self.is_shown = true;
        }
    }

    fn clear(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "{CLEAR}");
            self.is_shown = false;
        }
    }
}

/// Lets steps be shown, where standard error is a terminal.
pub fn show_on_terminal() {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if is_dumb || !std::io::stderr().is_terminal() {
        return;
    }
    if std::env::var_os(VARIABLE).is_some_and(|value| value == "now") {
        line().on = true;
        return;
    }
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        loop {
            let mut line = line();
            line.on = true;
            line.write();
            drop(line);
            thread::sleep(BEAT);
        }
    });
}

/// A step, until it is dropped.
#[must_use]
pub struct Step(usize);

/// Begins a step with these words.
pub fn step(text: impl Fn() -> String + Send + 'static) -> Step {
    begin(Sort::Other, Box::new(text))
}

fn begin(sort: Sort, text: Text) -> Step {
    let mut line = line();
    let id = line.next;
    line.next += 1;
    line.steps.push((id, sort, text));
    line.write();
    Step(id)
}

/// Begins a step of so many pieces, such as `drawing pages: 3 of 40`; [`one_more`] counts them.
pub fn count(what: &'static str, total: usize) -> Step {
    DONE.store(0, Ordering::Relaxed);
    let text = move || format!("{what}: {} of {}", grouped(DONE.load(Ordering::Relaxed)), grouped(total));
    begin(Sort::Counts, Box::new(text))
}

/// The words for a search for findings.
pub fn looking(objects: usize) -> impl Fn() -> String + Send + 'static {
    move || format!("looking for mistakes: {} objects", grouped(objects))
}

/// A piece of a step is done.
pub fn one_more() {
    DONE.fetch_add(1, Ordering::Relaxed);
}

impl Drop for Step {
    fn drop(&mut self) {
        let mut line = line();
        line.steps.retain(|(id, ..)| *id != self.0);
        line.clear();
    }
}

/// Keeps the line away while something else is written to the terminal.
pub fn silence() -> Silence {
    let mut line = line();
    line.clear();
    Silence(line)
}

/// While it lasts, the line is not shown.
#[must_use]
pub struct Silence(#[allow(dead_code, reason = "it is held, not read")] MutexGuard<'static, Line>);

/// A number with its thousands apart: `4,800`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
