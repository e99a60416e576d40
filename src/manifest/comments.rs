//! Comments that speak to this program: which ones are comments at all, and which lines they are about.
//!
//! YAML's comments are no values, so the tree does not have them. They are looked for in the text, and what stands
//! inside of a value (a script in a ConfigMap, a quoted string) is none.

use std::ops::RangeInclusive;

use super::hint::Input;
use super::split::{self, Chunk};
use super::tree::{Tree, Value};
use crate::source::{FileId, Sources, Span};

/// A comment that begins with a certain word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark<'a> {
    /// Where it is: from its `#` to the end of the line.
    pub at: Span,
    /// What it says after the word, without blanks around it.
    pub text: &'a str,
    /// The lines that it is about, from 1: those of the document if it stands before one; its own if it stands at the
    /// end of one; else the next one that holds something. A line that only opens a block (`selector:`) goes with the
    /// line after it, where the block begins.
    pub lines: RangeInclusive<u32>,
}

/// All comments of the form `# WORD TEXT`, by place.
pub fn remarks<'a>(sources: &'a Sources, word: &str) -> Vec<Remark<'a>> {
    let with = sources.ids().filter(|file| sources.text(*file).contains(word));
    with.flat_map(|file| File::new(sources, file).remarks(word)).collect()
}

struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl Line<'_> {
    /// What is there beside a comment that begins at a byte of the line.
    fn content(&self, comment: usize) -> &str {
        self.text[..comment].trim()
    }

    fn is_empty(&self) -> bool {
        let text = self.text.trim_start();
        text.is_empty() || text.starts_with('#')
    }

    fn is_marker(&self) -> bool {
        self.text == "---" || self.text.starts_with("--- ") || self.text.starts_with("---\t")
    }
}

struct File<'a> {
    id: FileId,
    lines: Vec<Line<'a>>,
    chunks: Vec<Chunk<'a>>,
}

impl<'a> File<'a> {
    fn new(sources: &'a Sources, id: FileId) -> File<'a> {
        let text = sources.text(id);
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            let here = start;
            start += line.len();
            Line { start: here, text: line.trim_end_matches(['\n', '\r']) }
        });
        File { id, lines: lines.collect(), chunks: split::documents(text) }
    }

    fn remarks(&self, word: &str) -> Vec<Remark<'a>> {
        let mut values: Vec<Option<Vec<Tree>>> = self.chunks.iter().map(|_| None).collect();
        let mut found = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let Some((column, text)) = comment(line.text, word) else { continue };
            let offset = line.start + column;
            let chunk = self.chunks.iter().position(|c| (c.offset..c.offset + c.text.len()).contains(&offset));
            if let Some(chunk) = chunk {
                let values = values[chunk].get_or_insert_with(|| self.values(self.chunks[chunk]));
                if values.iter().any(|v| is_inside(v, offset as u32)) {
                    continue;
                }
            }
            found.push(Remark {
                at: Span {
                    file: self.id,
                    line: index as u32 + 1,
                    column: line.text[..column].chars().count() as u32 + 1,
                    start: offset as u32,
                    end: (line.start + line.text.len()) as u32,
                },
                text,
                lines: self.about(index, column),
            });
        }
        found
    }

    fn values(&self, chunk: Chunk<'a>) -> Vec<Tree> {
        let mut values = Vec::new();
        // What a broken document says has no findings but that it is broken.
        let _ = super::read_trees(&Input { file: self.id, chunk }, &mut values, &mut Vec::new());
        values
    }

    /// The lines that a comment is about.
    fn about(&self, index: usize, column: usize) -> RangeInclusive<u32> {
        let line = &self.lines[index];
        let content = line.content(column);
        if line.is_marker() {
            return self.document(index).unwrap_or_else(|| only(index));
        }
        if !content.is_empty() {
            return if content.ends_with(':') { self.with_next(index) } else { only(index) };
        }
        let Some(next) = self.next(index) else { return only(index) };
        if self.lines[next].is_marker() || self.opens(next) {
            return self.document(next).unwrap_or_else(|| only(next));
        }
        let text = self.lines[next].text;
        let end = text.find(" #").unwrap_or(text.len());
        if self.lines[next].content(end).ends_with(':') { self.with_next(next) } else { only(next) }
    }

    /// The next line with more than a comment.
    fn next(&self, index: usize) -> Option<usize> {
        (index + 1..self.lines.len()).find(|i| !self.lines[*i].is_empty())
    }

    fn with_next(&self, index: usize) -> RangeInclusive<u32> {
        index as u32 + 1..=self.next(index).unwrap_or(index) as u32 + 1
    }

    /// True if a document's content begins on a line.
    fn opens(&self, index: usize) -> bool {
        self.chunk_of(index).is_some_and(|chunk| {
            let before = &self.lines[chunk.line - 1..index];
            before.iter().all(|l| l.is_empty() || l.is_marker() || l.text.starts_with('%'))
        })
    }

    fn chunk_of(&self, index: usize) -> Option<Chunk<'a>> {
        let start = self.lines[index].start;
        self.chunks.iter().copied().find(|c| (c.offset..c.offset + c.text.len()).contains(&start))
    }

    fn document(&self, index: usize) -> Option<RangeInclusive<u32>> {
        let chunk = self.chunk_of(index)?;
        let first = chunk.line as u32;
        Some(first..=first + (chunk.text.lines().count() as u32).max(1) - 1)
    }
}

fn only(index: usize) -> RangeInclusive<u32> {
    index as u32 + 1..=index as u32 + 1
}

/// Where in a line a comment of the form `# WORD TEXT` begins, and its text.
fn comment<'a>(line: &'a str, word: &str) -> Option<(usize, &'a str)> {
    line.match_indices('#').find_map(|(at, _)| {
        let starts = line[..at].chars().next_back().is_none_or(|c| c == ' ' || c == '\t');
        let rest = line[at + 1..].trim_start_matches([' ', '\t']).strip_prefix(word)?;
        let ends = rest.chars().next().is_none_or(|c| c == ' ' || c == '\t');
        (starts && ends).then(|| (at, rest.trim()))
    })
}

/// True if a place is inside of a text of the document.
fn is_inside(tree: &Tree, offset: u32) -> bool {
    match &tree.value {
        Value::Seq(items) => items.iter().any(|t| is_inside(t, offset)),
        Value::Map(entries) => {
            entries.iter().any(|e| (e.key_span.start..e.key_span.end).contains(&offset) || is_inside(&e.value, offset))
        }
        _ => (tree.span.start..tree.span.end).contains(&offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, RangeInclusive<u32>)]) {
        let sources = Sources::from_texts([("x.yaml", text)]);
        let found: Vec<(&str, RangeInclusive<u32>)> =
            remarks(&sources, "note").into_iter().map(|r| (r.text, r.lines)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_line_or_the_one_before_it() {
        check("a: b # note x y\nc: d\n", &[("x y", 1..=1)]);
        check("a: b\n# note x\n\n# other\nc: d\ne: f\n", &[("x", 5..=5)]);
        check("a: b\nc: # note x\n  d: e\n", &[("x", 2..=3)]);
        check("a: b\n# note x\nc: # why\n  d: e\n", &[("x", 3..=4)]);
        check("a: b\n# note x\n", &[("x", 2..=2)]);
        check("a:\r\n  - b # note x\r\n  - c\r\n", &[("x", 2..=2)]);
    }

    #[test]
    fn before_a_document_it_is_about_all_of_it() {
        check("# note x\na: b\nc: d\n", &[("x", 1..=3)]);
        check("# note x\n---\na: b\n---\nc: d\n", &[("x", 2..=3)]);
        check("a: b\n---\n# note x\n# more\nc: d\ne: f\n", &[("x", 2..=6)]);
        check("a: b\n# note x\n---\nc: d\n", &[("x", 3..=4)]);
        check("a: b\n--- # note x\nc: d\n---\ne: f\n", &[("x", 2..=3)]);
    }

    #[test]
    fn what_is_no_comment() {
        check("a: |\n  # note x\n  b\nc: d\n", &[]);
        check("a: \"b # note x\"\nc: 'e\n  # note y'\n", &[]);
        check("a: b#note x\nc: d # noted\ne: # not note x\n", &[]);
        check("{\"a\": \"# note x\"}\n", &[]);
        check("a: |\n  b\n# note x\nc: d\n", &[("x", 4..=4)]);
        check("a:\n  b: |\n    c\n  # note x\n  d: e\n", &[("x", 5..=5)]);
        check("a: >-\n  b\n\n# note x\n---\nc: d\n", &[("x", 5..=6)]);
        check("a: b\n  c # note x\n", &[("x", 2..=2)]);
    }

    #[test]
    fn a_broken_document_is_no_reason_to_stop() {
        check("a: [\n# note x\n---\nb: c # note y\n", &[("x", 3..=4), ("y", 4..=4)]);
    }
}
