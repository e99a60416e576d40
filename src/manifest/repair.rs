//! Indentation that the YAML specification does not allow but the decoder that Kubernetes uses does: quoted text that
//! goes on at the left margin (people write JSON into annotations that way), and tabs before the lines of a list or
//! mapping in brackets. Such lines are given proper blanks before they are read, which changes nothing: blanks at the
//! start of a line do not count there.

/// How many stretches of a document are repaired at most. Each costs another reading.
const MOST_REPAIRS: usize = 32;

/// A text with blanks added, and the way back to places in the text as it was.
#[derive(Debug, Default)]
pub(super) struct Repaired {
    pub text: String,
    /// Where blanks were added, by offset in `text`, and how many there are up to the end of these.
    added: Vec<(usize, usize)>,
    repairs: usize,
}

impl Repaired {
    /// The offset in the original text of an offset in the repaired one.
    pub fn original(&self, offset: usize) -> usize {
        let before = self.added.partition_point(|(at, _)| *at < offset);
        let Some((at, total)) = before.checked_sub(1).and_then(|i| self.added.get(i)) else {
            return offset;
        };
        // Inside added blanks every offset is that of the place where they were added.
        let total_before = before.checked_sub(2).and_then(|i| self.added.get(i)).map_or(0, |(_, total)| *total);
        let added_here = total - total_before;
        offset - total_before - added_here.min(offset - at)
    }

    /// Puts blanks in the place of tabs before the line of `fault`, and before the lines after it that begin with a tab
    /// too.
    pub fn replace_tabs(&mut self, original: &str, fault: usize) -> bool {
        let Some(mut text) = self.begin(original) else { return false };
        let mut at = text[..fault].rfind('\n').map_or(0, |i| i + 1);
        let first = at;
        let mut blanks = Vec::new();
        while at == first || text[at..].starts_with('\t') {
            let leading = text[at..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
            blanks.push(at..at + leading);
            match text[at..].find('\n') {
                Some(end) => at += end + 1,
                None => break,
            }
        }
        let mut changed = false;
        for range in blanks {
            if text[range.clone()].contains('\t') {
                changed = true;
                text.replace_range(range.clone(), &" ".repeat(range.len()));
            }
        }
        self.text = text;
        changed
    }

    /// The text to work on, unless there have been repairs enough.
    fn begin(&mut self, original: &str) -> Option<String> {
        if self.repairs == MOST_REPAIRS {
            return None;
        }
        self.repairs += 1;
        Some(if self.repairs == 1 { original.to_owned() } else { std::mem::take(&mut self.text) })
    }

    /// Indents the quoted text that begins at or after `from` and in which reading failed at `fault`. Both are offsets
    /// in the text that was read:
    /// `self.text`, or `original` if nothing was repaired before. `false` if there is nothing to repair.
    pub fn indent(&mut self, original: &str, from: usize, fault: usize, indent: usize) -> bool {
        let Some(text) = self.begin(original) else { return false };
        let Some((open, close)) = quoted(&text, from, fault) else { return false };
        let mut out = String::with_capacity(text.len() + 1024);
        let mut added: Vec<(usize, usize)> = Vec::new();
        let mut old = self.added.iter().peekable();
        let (mut copied, mut total, mut old_total) = (0, 0, 0);
        let breaks = text[open..close].match_indices('\n').map(|(i, _)| open + i + 1);
        for line in breaks.filter(|line| !text[*line..].starts_with(['\r', '\n'])) {
            while let Some((at, t)) = old.next_if(|(at, _)| *at < line) {
                added.push((at + total, t + total));
                old_total = *t;
            }
            out.push_str(&text[copied..line]);
            copied = line;
            added.push((out.len(), old_total + total + indent));
            out.extend(std::iter::repeat_n(' ', indent));
            total += indent;
        }
        added.extend(old.map(|(at, t)| (at + total, t + total)));
        out.push_str(&text[copied..]);
        self.text = out;
        self.added = added;
        total > 0
    }
}

/// Whether a bracket opens between two places and does not close: the parser looks some way ahead of what it has told.
pub(super) fn opens_bracket(text: &str, from: usize, fault: usize) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    for c in text.get(from..fault).unwrap_or_default().chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

/// The quoted text around a place: the offsets of its opening quote and of the end of its last line.
fn quoted(text: &str, from: usize, fault: usize) -> Option<(usize, usize)> {
    let open = from + text.get(from..fault)?.find(['"', '\''])?;
    let bytes = text.as_bytes();
    let quote = bytes[open];
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if *byte == quote => return (at >= fault).then_some((open, at)),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_in_quotes_does_not_open() {
        let check = |text: &str, expected: bool| assert_eq!(opens_bracket(text, 0, text.len()), expected, "{text}");
        check("a:\n  [\n    x,\n", true);
        check("a: [x]\n", false);
        check("a: '['\n", false);
    }

    #[test]
    fn places_find_their_way_back() {
        let original = "a:\n  b: 'x\n  y\n\nz'\n  c: \"1\n2\"\nd: e\n";
        let mut repaired = Repaired::default();
        assert!(repaired.indent(original, 6, 13, 3));
        assert_eq!(repaired.text, "a:\n  b: 'x\n     y\n\n   z'\n  c: \"1\n2\"\nd: e\n");
        let from = repaired.text.find("c:").unwrap() + 2;
        let fault = repaired.text.find("2\"").unwrap();
        assert!(repaired.indent(original, from, fault, 3));
        assert_eq!(repaired.text, "a:\n  b: 'x\n     y\n\n   z'\n  c: \"1\n   2\"\nd: e\n");
        for needle in ["a", "b", "x", "y", "z", "c", "1", "2", "d", "e"] {
            let now = repaired.text.find(needle).unwrap();
            assert_eq!(repaired.original(now), original.find(needle).unwrap(), "{needle}");
        }
        assert_eq!(repaired.original(repaired.text.len()), original.len());
    }
}
