//! Breaks texts into lines that fit a width, at the places where names have their joints and never inside a word.

use super::super::TextRole;
use super::metrics::text_width;

const ELLIPSIS: char = '…';

/// Breaks a text into at most `lines` lines of at most `width` user units. What does not fit ends in an ellipsis.
///
/// Breaks come after `-`, `.`, `_`, `/`, `:`, `,` and spaces and before a capital that follows a small letter. A word
/// that is wider than a line is cut: the caller shows the whole text in a tooltip.
pub(in crate::layout) fn wrap(text: &str, role: TextRole, width: f64, lines: usize) -> Vec<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if text_width(clean, role) <= width || lines == 0 {
        return vec![clean.to_owned()];
    }
    let mut done: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in chunks(clean, role, width) {
        let joined = format!("{line}{piece}");
        if line.is_empty() || text_width(joined.trim_end(), role) <= width {
            line = joined;
            continue;
        }
        if done.len() + 1 == lines {
            // The last line ends in an ellipsis if there is more text.
            line = cut(&format!("{joined}{ELLIPSIS}"), role, width);
            done.push(line);
            return done;
        }
        done.push(fit(line.trim_end(), role, width));
        line = piece.to_owned();
    }
    done.push(fit(line.trim_end(), role, width));
    done
}

/// The text itself, or as much of it as fits with an ellipsis at its end.
pub(in crate::layout) fn fit(text: &str, role: TextRole, width: f64) -> String {
    if text_width(text, role) <= width { text.to_owned() } else { cut(text, role, width) }
}

fn cut(text: &str, role: TextRole, width: f64) -> String {
    let mut kept = String::new();
    let mut used = text_width("…", role);
    for c in text.trim_end_matches(ELLIPSIS).chars() {
        used += text_width(c.encode_utf8(&mut [0; 4]), role);
        if used > width {
            break;
        }
        kept.push(c);
    }
    let mut kept = kept.trim_end().to_owned();
    kept.push(ELLIPSIS);
    kept
}

/// The unbreakable pieces of a text: words, and the parts of words that are wider than a line. In order, nothing lost.
fn chunks(text: &str, role: TextRole, width: f64) -> Vec<&str> {
    let words = text.split_inclusive(' ');
    words.flat_map(|word| if text_width(word.trim_end(), role) <= width { vec![word] } else { pieces(word) }).collect()
}

/// The unbreakable pieces of a word, in order, nothing lost.
fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let joint = match before {
            // Runs of separators stay together, and a separator stays with the word before it.
            Some(b) if is_separator(b) => !is_separator(c),
            Some(b) => (b.is_lowercase() && c.is_uppercase()) || is_wide(b) || is_wide(c),
            None => false,
        };
        if joint && !is_separator(c) {
            found.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    found.push(&text[start..]);
    found
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | '/' | ':' | ',' | ' ')
}

/// Scripts without spaces break anywhere.
fn is_wide(c: char) -> bool {
    unicode_width::UnicodeWidthChar::width(c) == Some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_at_joints_and_loses_nothing() {
        let name = "payments-exporter-eu-west-1-canary";
        let lines = wrap(name, TextRole::Name, 150.0, 3);
        assert!(lines.len() > 1);
        assert_eq!(lines.concat(), name);
        assert!(lines.iter().all(|l| text_width(l, TextRole::Name) <= 150.0));
        assert!(lines[0].ends_with('-'));
        assert_eq!(wrap("ServiceAccountTokenController", TextRole::Name, 120.0, 3)[0], "ServiceAccount");
    }

    #[test]
    fn a_word_that_fits_on_a_line_stays_whole() {
        assert_eq!(
            wrap("198.51.100.0/24, 203.0.113.0/24", TextRole::Name, 200.0, 3),
            ["198.51.100.0/24,", "203.0.113.0/24"]
        );
    }

    #[test]
    fn long_texts_end_in_an_ellipsis_and_fit() {
        for text in ["x".repeat(253), "漢".repeat(253), "a-".repeat(126), "שלום-".repeat(50), "😀".repeat(99)] {
            for lines in 1..=3 {
                let got = wrap(&text, TextRole::Name, 100.0, lines);
                assert!(got.len() <= lines);
                assert!(got.iter().all(|l| text_width(l, TextRole::Name) <= 100.0), "{got:?}");
                assert!(got.last().unwrap().ends_with(ELLIPSIS));
            }
        }
        assert_eq!(wrap("", TextRole::Name, 10.0, 3), vec![""]);
    }
}
