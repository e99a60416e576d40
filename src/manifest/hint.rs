//! What is wrong with a document that cannot be read, where, and what its author most likely did.

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use super::assemble::ALIAS_NODES;
use super::excerpt::WITHHELD;
use super::outline::{Begins, Outline, Quote};
use super::split::Chunk;
use super::template;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The document that is being read.
pub(super) struct Input<'a> {
    pub file: FileId,
    pub chunk: Chunk<'a>,
}

impl Input<'_> {
    /// A place in the file, from a line (from 1), a column (from 0) and bytes of the chunk. It begins and ends where
    /// characters do: whoever points at a character need not know how long it is.
    pub fn span(&self, line: usize, column: usize, start: usize, end: usize) -> Span {
        let text = self.chunk.text;
        let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
        Span {
            file: self.file,
            line: (self.chunk.line + line - 1) as u32,
            column: (column + 1) as u32,
            start: (self.chunk.offset + start) as u32,
            end: (self.chunk.offset + end.max(start)) as u32,
        }
    }

    /// The place of some bytes of the chunk.
    pub fn span_at(&self, start: usize, end: usize) -> Span {
        let before = &self.chunk.text[..self.chunk.text.floor_char_boundary(start)];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = 1 + before.bytes().filter(|b| *b == b'\n').count();
        self.span(line, before[line_start..].chars().count(), start, end)
    }
}

/// Why a document could not be read.
#[derive(Debug)]
pub(super) struct Fault {
    /// What to tell.
    pub problem: Diagnostic,
    /// True if the document is a template that nobody rendered, in which case there is nothing else to tell.
    pub template: bool,
}

impl Fault {
    /// A document that is not YAML.
    pub fn syntax(at: Span, message: impl Into<String>) -> Self {
        Diagnostic::at(Code::YamlSyntax, at, message).into()
    }

    /// A document that nests too deep.
    pub fn too_deep(at: Span) -> Self {
        Diagnostic::at(
            Code::YamlLimit,
            at,
            format!("nested deeper than {MAX_DEPTH} levels, which is the most that is read"),
        )
        .into()
    }

    /// A document that repeats itself too much.
    pub fn too_many_aliases(at: Span) -> Self {
        let message = format!(
            "the aliases of this document stand for more than {ALIAS_NODES} values or too much text, which is the most that is read"
        );
        Diagnostic::at(Code::YamlLimit, at, message).into()
    }
}

impl From<Diagnostic> for Fault {
    fn from(problem: Diagnostic) -> Self {
        Fault { problem, template: false }
    }
}

/// A character that no YAML or JSON text may hold, if there is one.
pub(super) fn control_character(input: &Input<'_>) -> Option<Fault> {
    let bytes = input.chunk.text.as_bytes();
    let bad = |b: &u8| (*b < 0x20 && !matches!(*b, b'\t' | b'\n' | b'\r')) || *b == 0x7f;
    // Looking at whole blocks first lets the compiler use wide instructions.
    let (index, block) =
        bytes.chunks(256).enumerate().find(|(_, block)| block.iter().fold(false, |any, b| any | bad(b)))?;
    let at = index * 256 + block.iter().position(bad)?;
    let what = match bytes[at] {
        0 => "a NUL byte".to_owned(),
        byte => format!("the control character U+{byte:04X}"),
    };
    Some(Fault::syntax(input.span_at(at, at + 1), format!("{what}, which no manifest may hold")))
}

/// A key that is a list or a mapping, which Kubernetes does not have; nearly always `{{ … }}` in a template.
pub(super) fn key_is_collection(input: &Input<'_>, at: Span) -> Fault {
    let start = at.start as usize - input.chunk.offset;
    let template = input.chunk.text[..start].ends_with('{') || input.chunk.text[start..].starts_with("{{");
    let problem = Diagnostic::at(Code::YamlSyntax, at, "a key that is itself a list or a mapping");
    if template {
        return Fault {
            problem: problem.with_help("`{{ … }}` is a placeholder of a template that was not rendered"),
            template: true,
        };
    }
    Fault { problem, template: false }
}

/// A YAML mistake at an offset of the chunk, with its likely cause.
pub(super) fn syntax(input: &Input<'_>, error: &ScanError, offset: usize) -> Fault {
    let text = input.chunk.text;
    let offset = text.floor_char_boundary(offset);
    let end = text[offset..].chars().next().map_or(offset, |c| offset + c.len_utf8());
    let at = input.span_at(offset, end);
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return Fault::too_deep(at);
    }
    if let Some(problem) = conflict(input) {
        return problem.into();
    }
    let outline = Outline::of(text, offset);
    if template::explains(text, offset, &outline) {
        let problem = Diagnostic::at(Code::YamlSyntax, at, "a template that was not rendered");
        return Fault { problem, template: true };
    }
    let lines = Lines::around(text, offset, &outline);
    let cause = tab(input, error.kind(), &lines)
        .or_else(|| reserved_start(input, error.kind(), offset, at, outline.in_flow))
        .or_else(|| unclosed_quote(input, error.kind(), offset, outline.quote))
        .or_else(|| missing_blank(input, error.kind(), &lines))
        .or_else(|| colon_in_value(error.kind(), &lines, at));
    let problem = cause.unwrap_or_else(|| {
        let problem = Diagnostic::at(Code::YamlSyntax, at, describe(error.kind()));
        match error.kind() {
            ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::InvalidIndentation
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::MappingKeyNotAllowed => {
                problem.with_help("compare the indentation of this line with that of the lines above it")
            }
            _ => problem,
        }
    });
    problem.into()
}

/// Takes out of a message what it quotes, because the line that it is about may hold a secret.
pub(super) fn withhold(problem: &mut Diagnostic) {
    // Advice often repeats the line as it should be.
    problem.help.take_if(|help| help.contains(['`', '"']) || help.contains(": "));
    let message = &problem.message;
    // What is quoted may hold quotes.
    let quoted = ['`', '"'].iter().filter_map(|quote| Some((message.find(*quote)?, message.rfind(*quote)?)));
    let ends = quoted.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    if let Some((from, to)) = ends
        && message[from..to].contains(char::is_alphanumeric)
    {
        problem.message.replace_range(from + 1..to, WITHHELD);
    }
}

/// The first piece of a text, for messages.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    offset: usize,
    begins: Begins,
}

impl Line<'_> {
    fn indentation(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }
}

/// The line of a fault and the last line before it that holds something.
struct Lines<'a> {
    before: Line<'a>,
    here: Line<'a>,
}

impl<'a> Lines<'a> {
    fn around(text: &'a str, offset: usize, outline: &Outline) -> Self {
        let line_at = |offset: usize| {
            let start = text[..offset].rfind('\n').map_or(0, |i| i + 1);
            let end = text[offset..].find('\n').map_or(text.len(), |i| offset + i);
            Line { text: text[start..end].trim_end_matches('\r'), offset: start, begins: outline.begins(start) }
        };
        let here = line_at(offset);
        let mut before = Line { text: "", offset: 0, begins: Begins::Text };
        let mut start = here.offset;
        while start > 0 {
            before = line_at(start - 1);
            start = before.offset;
            if !before.text.trim().is_empty() {
                break;
            }
        }
        Lines { before, here }
    }
}

fn conflict(input: &Input<'_>) -> Option<Diagnostic> {
    let text = input.chunk.text;
    let is_marker = |line: &str, marker: &str| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']))
    };
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if is_marker(line, "<<<<<<<") || is_marker(line, ">>>>>>>") {
            let at = input.span_at(offset, offset + 7);
            return Some(
                Diagnostic::at(Code::YamlSyntax, at, "a merge conflict that was not resolved")
                    .with_help("choose one of the two sides and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`"),
            );
        }
        offset += line.len();
    }
    None
}

fn tab(input: &Input<'_>, kind: &ErrorKind, lines: &Lines<'_>) -> Option<Diagnostic> {
    let is_told = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
    );
    // A tab inside text is part of it, and one inside brackets is only a blank.
    let suspects = [(lines.here, is_told), (lines.before, false)];
    suspects.iter().filter(|(line, is_told)| *is_told || line.begins == Begins::Block).find_map(|(line, _)| {
        let indentation = line.text.len() - line.text.trim_start_matches([' ', '\t']).len();
        let tab = line.text[..indentation].find('\t')?;
        let at = input.span_at(line.offset + tab, line.offset + tab + 1);
        Some(
            Diagnostic::at(Code::YamlSyntax, at, "a tab is used for indentation")
                .with_help("indent with blanks; YAML does not allow tabs there"),
        )
    })
}

fn reserved_start(input: &Input<'_>, kind: &ErrorKind, offset: usize, at: Span, in_flow: bool) -> Option<Diagnostic> {
    let rest = &input.chunk.text[offset..];
    let line = rest.split(['\r', '\n']).next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default();
    // Between brackets the next value begins on the same line.
    let word = if in_flow { line.split([',', ']', '}']).next().unwrap_or_default() } else { line };
    let word = excerpt(word.trim_end());
    let first = word.chars().next()?;
    let problem = |message: String| {
        Diagnostic::at(Code::YamlSyntax, at, message).with_help(format!("if it is meant as text, quote it: \"{word}\""))
    };
    match kind {
        ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName if first == '*' || first == '&' => {
            let what = if first == '*' {
                "an alias, but nothing in this document is anchored under its name"
            } else {
                "an anchor without a name"
            };
            let name = word.split([' ', '\t']).next().unwrap_or_default();
            Some(problem(format!("`{name}` is {what}")))
        }
        ErrorKind::UnexpectedCharacter { character } if matches!(character, '@' | '`' | '%') && first == *character => {
            Some(problem(format!("plain text cannot start with `{character}`")))
        }
        _ => None,
    }
}

fn unclosed_quote(input: &Input<'_>, kind: &ErrorKind, offset: usize, opened: Option<Quote>) -> Option<Diagnostic> {
    match kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {}
        _ => return None,
    }
    let text = input.chunk.text;
    if matches!(kind, ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar) {
        let at = input.span_at(offset, text.len().min(offset + 1));
        if text[offset..].starts_with(';') {
            let message = "`;` after a value, where `,` is expected";
            return Some(Diagnostic::at(Code::YamlSyntax, at, message).with_help("YAML separates with commas"));
        }
        return Some(
            Diagnostic::at(Code::YamlSyntax, at, "text after a closing quote")
                .with_help("the quote may be closed too early: write `''` for a quote inside single quotes, `\\\"` inside double quotes"),
        );
    }
    // The scanner says where it gave up; its author wants to know where it began.
    let at = opened.map_or(offset, |quote| quote.at);
    let end = text.len().min(at + 1);
    let message = match opened {
        Some(quote) if quote.is_closed => "a quote that is not closed on its line",
        _ => "a quote that is not closed",
    };
    Some(Diagnostic::at(Code::YamlSyntax, input.span_at(at, end), message))
}

fn missing_blank(input: &Input<'_>, kind: &ErrorKind, lines: &Lines<'_>) -> Option<Diagnostic> {
    // Without the blank the line is plain text, after which no key can follow and no mapping can end.
    let is_possible = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::MappingKeyNotAllowed
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::ExpectedBlockMappingKey
    );
    if !is_possible {
        return None;
    }
    let is_key_line = |line: &Line<'_>| line.begins == Begins::Block && line.indentation() == lines.here.indentation();
    [lines.here, lines.before].iter().filter(|line| is_key_line(line)).find_map(|line| {
        let body = line.text.trim_start_matches(' ');
        let (key, value) = body.split_once(':')?;
        let plain_key = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
        let glued = !value.is_empty() && !value.starts_with([' ', '\t', '/', ':']);
        // `redis:6379` and `10.0.0.1:80` are addresses, `replicas:3` and `targetPort:8080` are not.
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        let address = digits > 0 && (key.contains('.') || (digits > 2 && !key.ends_with("ort")));
        if !plain_key || !glued || address || body.contains(": ") || body.ends_with(':') {
            return None;
        }
        let start = line.offset + line.indentation() + key.len();
        Some(
            Diagnostic::at(
                Code::YamlSyntax,
                input.span_at(start, start + 1),
                format!("`{}:` has no blank after the colon", excerpt(key)),
            )
            .with_help(format!("write `{}: {}`", excerpt(key), excerpt(value.trim_end()))),
        )
    })
}

fn colon_in_value(kind: &ErrorKind, lines: &Lines<'_>, at: Span) -> Option<Diagnostic> {
    if *kind != ErrorKind::MappingValueNotAllowed {
        return None;
    }
    let body = lines.here.text.trim_start_matches([' ', '-']);
    let (key, value) = body.split_once(": ")?;
    if key.contains(['"', '\'']) || !(value.contains(": ") || value.ends_with(':')) {
        return None;
    }
    Some(Diagnostic::at(Code::YamlSyntax, at, "a second `: ` in one line").with_help(format!(
        "if it belongs to the value, quote it: {}: \"{}\"",
        excerpt(key),
        excerpt(value.trim())
    )))
}

fn describe(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::UnclosedFlowCollection { .. } => "a bracket or brace that is not closed",
        ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            "a closing bracket or brace that fits no opening one"
        }
        ErrorKind::ExpectedFlowMappingSeparator => "expected `,` or `}`",
        ErrorKind::ExpectedFlowSequenceSeparator => "expected `,` or `]`",
        ErrorKind::InvalidColonPlacement => "a `:` where none can be; is a bracket or brace before it not closed?",
        ErrorKind::ExpectedBlockMappingKey => "expected another key of the mapping above",
        ErrorKind::ExpectedBlockSequenceEntry => "expected another `-` of the list above",
        ErrorKind::BlockSequenceEntryNotAllowed => "a `-` where no list can be",
        ErrorKind::MappingValueNotAllowed => "a mapping where none can be",
        ErrorKind::MappingKeyNotAllowed => "a key where none can be",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "expected `:` after a key",
        ErrorKind::InvalidIndentation | ErrorKind::InvalidFlowScalarIndent | ErrorKind::InvalidBlockScalarIndent => {
            "wrong indentation"
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => "a tab where only blanks can be",
        ErrorKind::UnknownAnchor => "an alias of something that is not anchored in this document",
        ErrorKind::UnclosedQuotedScalar => "a quote that is not closed",
        ErrorKind::UnknownQuotedScalarEscape => {
            "an escape that YAML does not know; use single quotes for text with backslashes"
        }
        ErrorKind::BomInsideDocument => "a byte order mark inside a document; were two files joined here?",
        ErrorKind::ExpectedDocumentStart => "expected `---` before more text",
        ErrorKind::CommentNotSeparated => "a `#` needs a blank before it to begin a comment",
        ErrorKind::InvalidBlockScalarHeader => {
            "more text after `|` or `>`; the text of a block begins on the next line"
        }
        ErrorKind::BlockEntryInFlowCollection => "a `-` inside brackets or braces",
        ErrorKind::UnexpectedCharacter { .. } => "a character that cannot start plain text",
        ErrorKind::UndeclaredTagHandle => "a tag with a prefix that is not declared",
        _ => "not valid YAML",
    }
}
