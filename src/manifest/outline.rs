//! Which stretches of a text are structure, and which are quoted text, blocks of text or comments. It is asked about
//! texts that are no YAML, so it reads them roughly, line by line, and takes up its thread again after a quote or
//! bracket that is never closed.

/// What a line begins in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// A block of keys and list elements.
    Block,
    /// Brackets or braces.
    Flow,
    /// Text: a block scalar, or a quote or placeholder that goes on.
    Text,
}

/// Quoted text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    /// Where it begins.
    pub at: usize,
    /// True if there is another such quote after it.
    pub is_closed: bool,
}

/// The rough shape of a text.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Where each line begins, and in what.
    lines: Vec<(usize, Begins)>,
    /// The placeholders `{{ … }}` outside of all text.
    pub actions: Vec<std::ops::Range<usize>>,
    /// True if the place that was asked about is inside brackets or braces.
    pub in_flow: bool,
    /// Where the quoted text begins that this place is in or right behind, or else the last quote before it that is
    /// never closed.
    pub quote: Option<Quote>,
}

impl Outline {
    /// Reads a text of which one place is of interest.
    pub fn of(text: &str, place: usize) -> Self {
        let mut scan = Scan {
            bytes: text.as_bytes(),
            place,
            at: 0,
            depth: 0,
            fresh: true,
            parent: None,
            unclosed: [false; 2],
            last_close: text.rfind("}}"),
            outline: Outline::default(),
        };
        while scan.at < scan.bytes.len() {
            scan.line();
        }
        scan.outline
    }

    /// What the line that begins at an offset begins in.
    pub fn begins(&self, line: usize) -> Begins {
        let index = self.lines.partition_point(|(start, _)| *start <= line);
        index.checked_sub(1).and_then(|i| self.lines.get(i)).map_or(Begins::Block, |(_, begins)| *begins)
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    place: usize,
    at: usize,
    /// How many brackets and braces are open.
    depth: usize,
    /// True if a value or key may begin here, so that a quote opens quoted text.
    fresh: bool,
    /// The column that a block scalar must be beyond; none for the whole document.
    parent: Option<usize>,
    /// Quotes of which no further one is closed: double, single.
    unclosed: [bool; 2],
    last_close: Option<usize>,
    outline: Outline,
}

impl Scan<'_> {
    fn is_blank(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
    }

    fn line_end(&self, from: usize) -> usize {
        self.bytes[from..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |i| from + i)
    }

    fn skip_blanks(&self, from: usize) -> usize {
        self.bytes[from..].iter().position(|b| *b != b' ').map_or(self.bytes.len(), |i| from + i)
    }

    /// Notes the lines that begin inside a stretch of text and goes behind it.
    fn pass(&mut self, end: usize, begins: Begins) {
        let breaks = self.bytes[self.at..end].iter().enumerate().filter(|(_, b)| **b == b'\n');
        self.outline.lines.extend(breaks.map(|(i, _)| (self.at + i + 1, begins)));
        self.at = end;
    }

    /// Reads up to the end of a line, or further if text goes on beyond it.
    fn line(&mut self) {
        let start = self.at;
        self.margin();
        let mut key = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            if self.at <= self.place {
                self.outline.in_flow = self.depth > 0;
            }
            match byte {
                b'\n' => {
                    self.at += 1;
                    return;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'#' if self.at == start || self.is_blank(self.at - 1) => self.at = self.line_end(self.at),
                b'{' if self.bytes.get(self.at + 1) == Some(&b'{') => self.action(),
                b'"' | b'\'' if self.fresh => {
                    key = self.at;
                    self.quoted(byte);
                }
                b'|' | b'>' if self.fresh && self.depth == 0 && self.is_block_header() => {
                    self.block();
                    return;
                }
                b'-' | b'?' if self.fresh && self.depth == 0 && self.is_blank(self.at + 1) => {
                    self.parent = Some(self.at - start);
                    self.at += 1;
                }
                b'!' | b'&' if self.fresh => {
                    while !self.is_blank(self.at) {
                        self.at += 1;
                    }
                }
                b'[' | b'{' if self.fresh || self.depth > 0 => self.open(),
                b']' | b'}' if self.depth > 0 => self.close(),
                b',' if self.depth > 0 => {
                    self.fresh = true;
                    self.at += 1;
                }
                b':' if self.ends_key() => {
                    self.fresh = true;
                    if self.depth == 0 {
                        self.parent = Some(key - start);
                    }
                    self.at += 1;
                }
                _ => {
                    if self.fresh {
                        key = self.at;
                    }
                    self.fresh = false;
                    self.at += 1;
                }
            }
        }
    }

    /// Reads what a line begins in, and where it begins.
    fn margin(&mut self) {
        let start = self.at;
        let first = self.skip_blanks(start);
        // A key at the margin is a sign that a bracket further up is not closed.
        if self.depth > 0 && self.bytes[start].is_ascii_alphabetic() && self.has_key(start) {
            self.depth = 0;
        }
        let begins = if self.depth > 0 { Begins::Flow } else { Begins::Block };
        self.outline.lines.push((start, begins));
        self.at = first;
        if self.depth == 0 {
            self.fresh = true;
            self.parent = Some(first - start);
        }
        if self.bytes[start..].starts_with(b"---") && self.is_blank(start + 3) {
            (self.at, self.depth, self.fresh, self.parent) = (start + 3, 0, true, None);
        }
    }

    /// Whether the colon here ends a key.
    fn ends_key(&self) -> bool {
        self.is_blank(self.at + 1) || (self.depth > 0 && self.bytes[self.at - 1] == b'"')
    }

    /// Goes into a bracket or brace.
    fn open(&mut self) {
        self.depth += 1;
        self.fresh = true;
        self.at += 1;
    }

    /// Comes out of a bracket or brace.
    fn close(&mut self) {
        self.depth -= 1;
        self.fresh = false;
        self.at += 1;
    }

    /// True if a line has a plain key.
    fn has_key(&self, start: usize) -> bool {
        let line = &self.bytes[start..self.line_end(start)];
        let word = line.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        line.get(word) == Some(&b':') && self.is_blank(start + word + 1)
    }

    fn action(&mut self) {
        let start = self.at;
        let closes = self.last_close.is_some_and(|last| last >= start + 2);
        let close = if closes {
            self.bytes[start..].windows(2).position(|pair| pair == b"}}").map(|i| start + i + 2)
        } else {
            None
        };
        let end = close.unwrap_or_else(|| self.line_end(start));
        self.outline.actions.push(start..end);
        self.fresh = false;
        self.pass(end, Begins::Text);
    }

    fn quoted(&mut self, quote: u8) {
        self.fresh = false;
        let kind = usize::from(quote == b'\'');
        let mut at = self.at + 1;
        while !self.unclosed[kind] {
            match self.bytes.get(at) {
                None => self.unclosed[kind] = true,
                Some(b'\\') if quote == b'"' => at += 2,
                Some(b'\'') if quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(byte) if *byte == quote => {
                    if (self.at..=at + 1).contains(&self.place) {
                        self.outline.quote = Some(Quote { at: self.at, is_closed: true });
                    }
                    self.pass(at + 1, Begins::Text);
                    return;
                }
                Some(_) => at += 1,
            }
        }
        if self.at <= self.place {
            self.outline.quote = Some(Quote { at: self.at, is_closed: false });
        }
        // A quote without an end is a mistake of its own line.
        self.at = self.line_end(self.at);
    }

    /// True if nothing but the indicators of a block scalar follows on the line.
    fn is_block_header(&self) -> bool {
        let line = &self.bytes[self.at + 1..self.line_end(self.at)];
        let indicators = line.iter().take_while(|b| matches!(b, b'+' | b'-' | b'0'..=b'9')).count();
        let rest = line[indicators..].trim_ascii();
        rest.is_empty() || (rest.starts_with(b"#") && line[indicators] != b'#')
    }

    /// Passes a block scalar: all lines that are indented at least as far as its first one, which is indented further
    /// than what holds it.
    fn block(&mut self) {
        let header = self.line_end(self.at);
        let given = self.bytes[self.at..header].iter().find(|b| b.is_ascii_digit()).map(|b| usize::from(b - b'0'));
        let smallest = self.parent.map_or(0, |parent| parent + 1);
        let mut indent = given.map(|given| given + self.parent.unwrap_or_default());
        self.at = (header + 1).min(self.bytes.len());
        while self.at < self.bytes.len() {
            let (start, end) = (self.at, self.line_end(self.at));
            let column = self.skip_blanks(start) - start;
            let is_empty = self.bytes[start..end].trim_ascii().is_empty();
            let marker = self.bytes[start..].starts_with(b"---") && self.is_blank(start + 3);
            if !is_empty && (marker || column < *indent.get_or_insert(column.max(smallest))) {
                return;
            }
            self.outline.lines.push((start, Begins::Text));
            self.at = (end + 1).min(self.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of every line that begins in the same as `begins`.
    fn lines(text: &str, begins: Begins) -> Vec<&str> {
        let outline = Outline::of(text, 0);
        let mut offset = 0;
        let mut found = Vec::new();
        for line in text.split_inclusive('\n') {
            if outline.begins(offset) == begins {
                found.push(line.trim());
            }
            offset += line.len();
        }
        found
    }

    fn actions(text: &str) -> Vec<&str> {
        Outline::of(text, 0).actions.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_of_text_are_told_from_structure() {
        let text = "a: |\n  t1\n\n    t2\n  t3\nb: >-  # c\n  t4\n - x\nc:\n- |\n  t5\n- d: |2\n    t6\n  \
                    e: \"f\n  t7\n  t8\"\n  g: it's | so\n  h: 'i''\n  t9'\nj: [1,\n  k,\n  ]\nl: m\n";
        assert_eq!(lines(text, Begins::Text), ["t1", "", "t2", "t3", "t4", "t5", "t6", "t7", "t8\"", "t9'"]);
        assert_eq!(lines(text, Begins::Flow), ["k,", "]"]);
        assert_eq!(
            lines("a: |\n  x\n y: z\n--- |\nt\nu\n---\nv\n", Begins::Block),
            ["a: |", "y: z", "--- |", "---", "v"]
        );
    }

    #[test]
    fn what_is_not_closed_costs_no_more_than_it_must() {
        assert_eq!(lines("a: \"x\nb: y\n", Begins::Block), ["a: \"x", "b: y"]);
        assert_eq!(lines("a: [x\nb: y\n", Begins::Block), ["a: [x", "b: y"]);
        assert_eq!(actions("a: 'x\nb: {{ .y }}\nc: {{ z\nd: {{"), ["{{ .y }}", "{{ z", "{{"]);
    }

    #[test]
    fn actions_are_those_outside_of_text() {
        let text = "a: \"{{ 1 }}\" # {{ 2 }}\nb: '{{ 3 }}'\nc: |\n  {{ 4 }}\n{{- if \"q\" }}\nd: {{ 5 }}-{{ 6 }}\n\
                    e: x{{ 7 }}\n{{/* two\nlines */}}\nf: [{{ 8 }}]\n";
        assert_eq!(
            actions(text),
            ["{{- if \"q\" }}", "{{ 5 }}", "{{ 6 }}", "{{ 7 }}", "{{/* two\nlines */}}", "{{ 8 }}"]
        );
    }

    #[test]
    fn a_place_in_brackets_is_known() {
        let text = "a: {b: *c, d: e}\nf: *g\n";
        for (needle, expected) in [("*c", true), ("e}", true), ("a:", false), ("*g", false)] {
            let place = text.find(needle).unwrap();
            assert_eq!(Outline::of(text, place).in_flow, expected, "{needle}");
        }
    }
}
