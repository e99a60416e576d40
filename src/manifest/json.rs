//! JSON to a tree. A reader of its own, because YAML's rules for tabs, long keys and several values in a row are not
//! those of JSON.

use super::MAX_DEPTH;
use super::assemble::{self, Place};
use super::hint::{Fault, Input};
use super::tree::{Entry, Tree, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reads all JSON values of a chunk, one after the other. What was complete before a fault is kept in `trees`.
pub(super) fn json(input: &Input<'_>, trees: &mut Vec<Tree>, problems: &mut Vec<Diagnostic>) -> Result<(), Fault> {
    let mut reader =
        Reader { input, text: input.chunk.text, at: 0, mark: Mark { offset: 0, line: 1, column: 0 }, problems };
    if let Some(after) = marker_line(reader.text) {
        reader.at = after;
    }
    loop {
        reader.skip_blank();
        let rest = &reader.text[reader.at..];
        if rest.is_empty() || (rest.starts_with("...") && rest.trim_end() == "...") {
            return Ok(());
        }
        let tree = reader.value()?;
        trees.push(tree);
    }
}

/// True if a chunk is meant to be JSON.
pub(super) fn looks_like_json(text: &str) -> bool {
    let text = &text[marker_line(text).unwrap_or(0)..];
    let text = text.trim_start();
    (text.starts_with('{') && !text.starts_with("{{")) || text.starts_with('[')
}

/// True if its first member is written as only JSON writes it.
pub(super) fn is_surely_json(text: &str) -> bool {
    let text = text.trim_start();
    text.strip_prefix(['{', '[']).is_some_and(|rest| rest.trim_start().starts_with(['"', '{']))
}

/// The end of the `---` that YAML lets a document begin with.
fn marker_line(text: &str) -> Option<usize> {
    text.strip_prefix("---").map(|_| 3)
}

/// A collection whose end has not come yet.
struct Open {
    start: Mark,
    kind: OpenKind,
}

enum OpenKind {
    Array(Vec<Tree>),
    Object { key: Option<(Box<str>, Span)>, entries: Vec<Entry> },
}

impl OpenKind {
    fn closing(&self) -> u8 {
        match self {
            OpenKind::Array(_) => b']',
            OpenKind::Object { .. } => b'}',
        }
    }

    fn take(&mut self, value: Tree) {
        match self {
            OpenKind::Array(items) => items.push(value),
            OpenKind::Object { key, entries } => {
                if let Some((key, key_span)) = key.take() {
                    entries.push(Entry { key, key_span, value });
                }
            }
        }
    }
}

/// A place whose line and column are known.
#[derive(Clone, Copy)]
struct Mark {
    offset: usize,
    line: usize,
    column: usize,
}

struct Reader<'a, 'b> {
    input: &'a Input<'a>,
    text: &'a str,
    at: usize,
    /// The last place that was asked for. Places are asked for in order, so counting goes on from here.
    mark: Mark,
    problems: &'b mut Vec<Diagnostic>,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// The place at an offset, which must not be before the last one asked for.
    fn mark(&mut self, offset: usize) -> Mark {
        let passed = &self.text.as_bytes()[self.mark.offset..offset];
        let mut mark = Mark { offset, ..self.mark };
        let last_line = match passed.iter().rposition(|b| *b == b'\n') {
            Some(newline) => {
                mark.line += passed.iter().filter(|b| **b == b'\n').count();
                mark.column = 0;
                &passed[newline + 1..]
            }
            None => passed,
        };
        // Every byte that does not continue a character begins one.
        mark.column += last_line.iter().filter(|b| **b & 0xc0 != 0x80).count();
        self.mark = mark;
        mark
    }

    fn span_from(&self, mark: Mark) -> Span {
        self.input.span(mark.line, mark.column, mark.offset, self.at)
    }

    fn fault(&mut self, message: &str) -> Fault {
        let mark = self.mark(self.at.max(self.mark.offset));
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("{message}, found `{}`", c.escape_default()),
            None => format!("{message}, but the text ends here"),
        };
        let end = self.text.len().min(mark.offset + 1);
        Fault::syntax(self.input.span(mark.line, mark.column, mark.offset, end), format!("not valid JSON: {found}"))
    }

    /// Reads one value. Open collections wait on a stack of our own, so that no nesting can exhaust the program's.
    fn value(&mut self) -> Result<Tree, Fault> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_blank();
            if let Some(Open { kind: OpenKind::Object { key, .. }, .. }) = open.last_mut()
                && key.is_none()
            {
                *key = Some(self.key()?);
            }
            let start = self.mark(self.at);
            let opened = match self.peek() {
                Some(b'{' | b'[') if open.len() >= MAX_DEPTH => return Err(Fault::too_deep(self.span_from(start))),
                Some(b'{') => Some(OpenKind::Object { key: None, entries: Vec::new() }),
                Some(b'[') => Some(OpenKind::Array(Vec::new())),
                _ => None,
            };
            let mut done = match opened {
                Some(kind) => {
                    self.at += 1;
                    self.skip_blank();
                    let is_empty = self.peek() == Some(kind.closing());
                    open.push(Open { start, kind });
                    if !is_empty {
                        continue;
                    }
                    self.close(&mut open)?
                }
                None => {
                    let value = self.scalar()?;
                    let span = self.span_from(start);
                    Some(Tree { span, value })
                }
            };
            // A finished value may be the last one of the collection around it, and so on outwards.
            while let Some(tree) = done.take() {
                let Some(around) = open.last_mut() else { return Ok(tree) };
                let closing = around.kind.closing();
                around.kind.take(tree);
                self.skip_blank();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == closing => done = self.close(&mut open)?,
                    _ if closing == b'}' => return Err(self.fault("expected `,` or `}`")),
                    _ => return Err(self.fault("expected `,` or `]`")),
                }
            }
        }
    }

    /// Ends the innermost collection at its closing bracket.
    fn close(&mut self, open: &mut Vec<Open>) -> Result<Option<Tree>, Fault> {
        let Some(ended) = open.pop() else { return Ok(None) };
        self.at += 1;
        let value = match ended.kind {
            OpenKind::Array(mut items) => {
                items.shrink_to_fit();
                Value::Seq(items)
            }
            OpenKind::Object { mut entries, .. } => {
                entries.shrink_to_fit();
                let place = if open.is_empty() { Place::Root } else { Place::Inner };
                let entries = assemble::mapping(entries, &[], place, self.problems)
                    .map_err(|at| Fault::syntax(at, "not valid JSON"))?;
                Value::Map(entries)
            }
        };
        let span = self.span_from(ended.start);
        Ok(Some(Tree { span, value }))
    }

    fn key(&mut self) -> Result<(Box<str>, Span), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("expected a key in double quotes"));
        }
        let start = self.mark(self.at);
        let key = self.string()?.into();
        let span = self.span_from(start);
        self.skip_blank();
        if self.peek() != Some(b':') {
            return Err(self.fault("expected `:` after a key"));
        }
        self.at += 1;
        self.skip_blank();
        Ok((key, span))
    }

    fn scalar(&mut self) -> Result<Value, Fault> {
        match self.peek() {
            Some(b'"') => Ok(Value::Str(self.string()?.into())),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if let Some(rest) = self.text[self.at..].strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("expected a value"))
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let text = &rest[..length];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        let value = if leading_zero || !digits.starts_with(|c: char| c.is_ascii_digit()) || text.ends_with('.') {
            None
        } else if let Ok(number) = text.parse() {
            Some(Value::Int(number))
        } else if let Ok(number) = text.parse() {
            Some(Value::UInt(number))
        } else {
            text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float)
        };
        match value {
            Some(value) => {
                self.at += length;
                Ok(value)
            }
            None => Err(self.fault("expected a number")),
        }
    }

    /// A string, from its opening quote to its closing one.
    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = rest.bytes().position(|b| matches!(b, b'"' | b'\\' | b'\n')) else {
                return Err(self.unclosed());
            };
            out.push_str(&rest[..length]);
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                _ => return Err(self.unclosed()),
            }
        }
    }

    fn unclosed(&mut self) -> Fault {
        // The last place asked for is the start of the string, which says more than the end of the line.
        let mark = self.mark;
        Fault::syntax(
            self.input.span(mark.line, mark.column, mark.offset, mark.offset + 1),
            "not valid JSON: a string that is not closed on its line",
        )
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let plain = match self.text.as_bytes().get(self.at + 1) {
            Some(b'u') => return self.unicode(out),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(*b),
            _ => return Err(self.fault("expected an escape that JSON knows")),
        };
        out.push(plain);
        self.at += 2;
        Ok(())
    }

    /// `four-digit`, or two of them for a character outside the basic plane. Half a pair becomes U+FFFD, as in Go.
    fn unicode(&mut self, out: &mut String) -> Result<(), Fault> {
        let Some(high) = self.hex(self.at) else {
            return Err(self.fault("expected four hexadecimal digits after `\\u`"));
        };
        self.at += 6;
        if (0xd800..0xdc00).contains(&high)
            && let Some(low @ 0xdc00..0xe000) = self.hex(self.at)
        {
            self.at += 6;
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        } else {
            out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(())
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        if digits.bytes().all(|b| b.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
    }
}
