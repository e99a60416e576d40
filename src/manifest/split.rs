//! Cuts a file into documents before any YAML is read, so that a broken document cannot take its neighbors with it.

/// A stretch of a file that holds one document (or a few, in the rare case that only a YAML reader can tell them
/// apart).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    /// The text, from the document's first line to its last.
    pub text: &'a str,
    /// Byte offset of the text in its file.
    pub offset: usize,
    /// Line of the file on which the text begins, from 1. It always begins in column 1.
    pub line: usize,
}

/// The documents of a text. A line that begins with `---` and then a blank or its end starts one; a line `...` ends
/// one. Directives (`%YAML`) go with the document after them. Documents without any content are left out.
pub(super) fn documents(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut start = Chunk { text: "", offset: 0, line: 1 };
    let mut content = Content::None;
    let mut line = 0;
    let mut offset = 0;
    let mut cut = |start: &mut Chunk<'_>, content: &mut Content, end: usize, line: usize| {
        if *content == Content::Some {
            let text = &text[start.offset..end];
            chunks.push(Chunk { text, ..*start });
        }
        *start = Chunk { text: "", offset: end, line };
        *content = Content::None;
    };
    for text_line in text.split_inclusive('\n') {
        line += 1;
        if marker(text_line, "---") {
            if content != Content::Directives {
                cut(&mut start, &mut content, offset, line);
            }
            content = if holds_nothing(&text_line[3..]) { Content::None } else { Content::Some };
        } else if marker(text_line, "...") {
            cut(&mut start, &mut content, offset + text_line.len(), line + 1);
        } else if content == Content::None && text_line.starts_with('%') {
            content = Content::Directives;
        } else if content != Content::Some && !holds_nothing(text_line) && !text_line.starts_with('%') {
            content = Content::Some;
        }
        offset += text_line.len();
    }
    // A lone directive at the end is a mistake that the YAML reader can explain.
    if content == Content::Directives {
        content = Content::Some;
    }
    cut(&mut start, &mut content, offset, line + 1);
    chunks
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    None,
    Directives,
    Some,
}

fn marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// True if a line holds only blanks and a comment. A lone carriage return ends a line for YAML, so what follows it may
/// be more than a comment.
fn holds_nothing(line: &str) -> bool {
    let line = line.trim_end_matches(['\n', '\r']);
    let rest = line.trim_start_matches([' ', '\t', '\u{feff}']);
    rest.is_empty() || (rest.starts_with('#') && !rest.contains('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let chunks = documents(text);
        let found: Vec<(&str, usize)> = chunks.iter().map(|c| (c.text, c.line)).collect();
        assert_eq!(found, expected, "{text:?}");
        for chunk in chunks {
            assert_eq!(&text[chunk.offset..chunk.offset + chunk.text.len()], chunk.text);
        }
    }

    #[test]
    fn documents_start_at_their_markers() {
        check("", &[]);
        check("a: b", &[("a: b", 1)]);
        check("a: b\n---\nc: d\n", &[("a: b\n", 1), ("---\nc: d\n", 2)]);
        check("--- # c\na: b\n--- {c: d}\n", &[("--- # c\na: b\n", 1), ("--- {c: d}\n", 3)]);
        check("---\r\na: b\r\n---\r\nc: d\r\n", &[("---\r\na: b\r\n", 1), ("---\r\nc: d\r\n", 3)]);
    }

    #[test]
    fn empty_documents_are_left_out() {
        check("---\n---\n# only a comment\n---\n\n", &[]);
        check("---\na: b\n---\n", &[("---\na: b\n", 1)]);
    }

    #[test]
    fn what_only_looks_like_a_marker_is_none() {
        for text in ["a: |\n  ---\n  b\n", "---a: b\n", "a: \"x\n  --- y\"\n", "a: b\n ---\n"] {
            assert_eq!(documents(text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn directives_belong_to_the_next_document() {
        check("%YAML 1.1\n---\na: b\n", &[("%YAML 1.1\n---\na: b\n", 1)]);
        check("a: b\n...\n# c\n%YAML 1.1\n---\nc: d\n", &[("a: b\n...\n", 1), ("# c\n%YAML 1.1\n---\nc: d\n", 3)]);
        check("%YAML 1.1\n", &[("%YAML 1.1\n", 1)]);
    }
}
