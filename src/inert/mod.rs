//! Texts of the input that stay texts, wherever they are written.
//!
//! Guarantees: what is made here holds no character that steers a terminal or turns around what follows, and nothing
//! that a reader of its format takes for more than text. It knows no manifests and imports nothing of ours.

#[cfg(feature = "mcp")]
mod assistant;
mod json;
mod markdown;
mod terminal;
mod yaml;

#[cfg(feature = "mcp")]
pub(crate) use assistant::visible;
pub(crate) use json::{json, json_document};
pub(crate) use markdown::{cell, code, prose};
pub(crate) use terminal::{lines, printable};
#[cfg(feature = "cli")]
pub(crate) use terminal::{plain, styled};
pub(crate) use yaml::{Entry, Yaml, word};

use std::borrow::Cow;

/// True if a character draws nothing, or turns around what follows: controls, and the controls of direction.
///
/// A right-to-left override in a path or an image name would show `→ 80` as something else than it is (the trick known
/// as Trojan Source), and no Kubernetes name has a use for one. Letters of right-to-left scripts are left alone.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A text as people may see it: what steers becomes U+FFFD. What programs read (`data-` attributes, JSON) keeps every
/// character that its format can hold, escaped as the format wants.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(steers) {
        Cow::Owned(text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The same for a text of several lines, which keeps its line breaks.
pub(crate) fn shown_lines(text: &str) -> String {
    text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_controls_are_made_visible_and_letters_stay() {
        assert_eq!(shown("a\u{202e}b\u{2066}\u{7}"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert_eq!(shown("שלום"), "שלום");
        assert_eq!(shown_lines("a\nb\tc"), "a\nb\u{fffd}c");
    }
}
