//! JSON without raw characters that steer: RFC 8259 lets all from U+007F on stand as they are, and whoever prints a
//! file gets them.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use super::steers;

/// JSON as it is, with an escape for every character that steers. Such a character can only stand in a string; line
/// breaks are those between values, which strings do not hold.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    let raw = |c: char| c != '\n' && steers(c);
    if !text.contains(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if raw(c) {
            // None of them is beyond the first plane. Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", c as u32);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A document as indented JSON that ends in a line break.
pub(crate) fn json_document(document: &impl Serialize) -> String {
    // Writing plain structs with string keys into memory cannot fail.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    if let Cow::Owned(escaped) = json(&text) {
        text = escaped;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_escaped_and_comes_back() {
        let text = "a\u{7f}b\u{9b}31m\u{202e}c\u{2028}\u{feff}\u{1b}\n\té😀";
        let written = serde_json::to_string(text).unwrap();
        let inert = json(&written);
        assert!(!inert.contains(steers), "{inert}");
        assert_eq!(serde_json::from_str::<String>(&inert).unwrap(), text);
        assert_eq!(json("{\n  \"a\": 1\n}\n"), "{\n  \"a\": 1\n}\n");
    }
}
