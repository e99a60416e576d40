//! The path to the value that is being decoded, kept on the stack and only spelled out when it is needed.

use std::fmt;

use super::super::tree::{push_index, push_key};
use crate::source::Span;

/// A path, as a chain of steps from the innermost to the outermost.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Base(&'p str),
    Key(&'p str, Span),
    Index(usize),
}

impl<'p> Path<'p> {
    pub fn base(path: &'p str) -> Self {
        Path { parent: None, step: Step::Base(path) }
    }

    pub fn key(parent: &'p Path<'p>, key: &'p str, span: Span) -> Self {
        Path { parent: Some(parent), step: Step::Key(key, span) }
    }

    pub fn index(parent: &'p Path<'p>, index: usize) -> Self {
        Path { parent: Some(parent), step: Step::Index(index) }
    }

    /// True if this is the object itself.
    pub fn is_object(&self) -> bool {
        matches!(self.step, Step::Base(""))
    }

    /// Where the last key is written.
    pub fn key_span(&self) -> Option<Span> {
        match self.step {
            Step::Key(_, span) => Some(span),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        match self.step {
            Step::Base(path) => out.push_str(path),
            Step::Key(key, _) => push_key(out, key),
            Step::Index(index) => push_index(out, index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}
