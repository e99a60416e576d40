//! Decodes trees into Kubernetes' types, so that every error has a place and a field path, and one wrong field
//! does not affect the others.
//!
//! A decoder that serde drives stops at its first error. So the error names the value that is to blame, that value is
//! set aside, and the object is decoded again without it, a bounded number of times.

mod de;
mod path;
mod required;
mod values;

use std::cell::RefCell;

use rustc_hash::FxHashSet;
use serde::de::DeserializeOwned;

use self::de::{De, Error};
use self::path::Path;
use super::hint;
use super::tree::{Tree, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::net::near::edits;
use crate::source::{Sources, Span};

/// Maximum number of wrong fields of one object that are reported and set aside before its content is given up.
const ROUNDS: usize = 64;

/// How strictly fields are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// A kind whose fields are all known: unknown and missing ones are reported.
    Known,
    /// A kind that only shares a part of its fields with one that is known.
    Alike,
}

/// The texts that a tree was read from, for quoting from them.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// One file.
    File(&'a str),
    /// Several: a tree that was put together.
    Files(&'a Sources),
}

impl<'a> Written<'a> {
    fn at(self, span: Span) -> Option<&'a str> {
        let text = match self {
            Written::File(text) => text,
            Written::Files(sources) => sources.text(span.file),
        };
        text.get(span.start as usize..span.end as usize)
    }
}

/// What all parts of one decoding share.
pub(super) struct Context<'a> {
    /// The texts, for quoting from them.
    pub text: Written<'a>,
    strictness: Strictness,
    /// Values that were set aside, by address: the tree stands still while it is decoded.
    dropped: FxHashSet<*const Tree>,
    /// What was noticed in this round.
    notes: RefCell<Vec<Diagnostic>>,
}

impl Context<'_> {
    fn is_dropped(&self, tree: &Tree) -> bool {
        self.dropped.contains(&std::ptr::from_ref(tree))
    }

    fn note(&self, problem: Diagnostic) {
        self.notes.borrow_mut().push(problem);
    }
}

/// What is noticed while the parts of an object are decoded.
pub(super) struct Findings<'a> {
    /// Problems to report.
    pub problems: &'a mut Vec<Diagnostic>,
    /// Values that were set aside, by address.
    set_aside: FxHashSet<*const Tree>,
    /// What is wrong with them, where that is for somebody else to tell.
    faults: Option<Vec<Diagnostic>>,
}

impl<'a> Findings<'a> {
    pub fn new(problems: &'a mut Vec<Diagnostic>) -> Self {
        Findings { problems, set_aside: FxHashSet::default(), faults: None }
    }

    /// From here on, what is wrong with values that do not fit their types is kept and not reported.
    pub fn keep_faults(&mut self) {
        self.faults = Some(Vec::new());
    }

    /// What was kept.
    pub fn into_faults(self) -> Vec<Diagnostic> {
        self.faults.unwrap_or_default()
    }

    /// Takes the list elements that were set aside out of the tree as well, so that an index means the same element in
    /// it as in the typed value. The tree must be the one that was decoded.
    pub fn align(&self, tree: &mut Tree) {
        if self.set_aside.is_empty() {
            return;
        }
        match &mut tree.value {
            Value::Seq(items) => {
                // Elements move when others are taken out, so all are looked at before.
                let stays: Vec<bool> =
                    items.iter().map(|item| !self.set_aside.contains(&std::ptr::from_ref(item))).collect();
                for item in items.iter_mut() {
                    self.align(item);
                }
                let mut stays = stays.into_iter();
                items.retain(|_| stays.next().unwrap_or(true));
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.align(&mut entry.value);
                }
            }
            _ => {}
        }
    }
}

/// Decodes a value that is found at a path of its object.
pub(super) fn decode<T: DeserializeOwned + Default>(
    tree: &Tree,
    path: &str,
    strictness: Strictness,
    text: Written<'_>,
    findings: &mut Findings<'_>,
) -> T {
    let mut context = Context { text, strictness, dropped: FxHashSet::default(), notes: RefCell::default() };
    let path = Path::base(path);
    for _ in 0..ROUNDS {
        context.notes.borrow_mut().clear();
        match T::deserialize(De::root(tree, &path, &context)) {
            Ok(value) => {
                findings.problems.append(&mut context.notes.borrow_mut());
                return value;
            }
            Err(error) => {
                let Some(culprit) = error.culprit() else { return T::default() };
                findings.faults.as_mut().unwrap_or(&mut *findings.problems).extend(problem_of(&error));
                if std::ptr::eq(culprit, tree) || !context.dropped.insert(culprit) {
                    return T::default();
                }
                findings.set_aside.insert(culprit);
            }
        }
    }
    findings.problems.push(
        Diagnostic::at(
            Code::FieldType,
            tree.span,
            format!("more than {ROUNDS} wrong fields in one object; its content is left out"),
        )
        .with_help("is this the kind of object that its first lines say?"),
    );
    T::default()
}

fn problem_of(error: &Error) -> Option<Diagnostic> {
    let (place, message) = error.report()?;
    let text = match place.path.as_str() {
        "" => message.to_owned(),
        path => format!("{path}: {message}"),
    };
    let mut problem = Diagnostic::at(error.code(), place.span, text);
    problem.help = error.help().map(str::to_owned);
    Some(problem)
}

/// The field that an unknown one was probably meant to be.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    let allowed = (name.len() / 3).clamp(1, 3);
    known
        .iter()
        .map(|candidate| (edits(&lower, &candidate.to_ascii_lowercase(), allowed + 1), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The value as it is written, if that is short and on one line.
fn written<'a>(tree: &Tree, text: Written<'a>) -> Option<&'a str> {
    let written = text.at(tree.span)?.trim();
    let usable = !written.is_empty()
        && written.len() <= 40
        && !written.contains(['\n', '"'])
        && !written.starts_with(['*', '&', '!']);
    usable.then_some(written)
}

fn unknown_field(context: &Context<'_>, path: &Path<'_>, name: &str, known: &[&'static str], tree: &Tree) {
    let path_text = path.to_string();
    // Fields of an older version, of which there is more to say than that they are unknown.
    if matches!(name, "serviceName" | "servicePort") && path_text.contains("ackend.") {
        return;
    }
    let mut problem = Diagnostic::at(
        Code::FieldUnknown,
        path.key_span().unwrap_or(tree.span),
        format!("{path_text}: Kubernetes knows no such field"),
    );
    if let Some(meant) = nearest(name, known) {
        problem = problem.with_help(format!("did you mean `{}`?", hint::excerpt(meant)));
    }
    context.note(problem);
}

#[cfg(test)]
mod tests;
