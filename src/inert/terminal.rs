//! Texts for a terminal.

#[cfg(feature = "cli")]
use std::borrow::Cow;

use super::steers;

/// Characters of the input must neither steer the terminal nor forge lines of ours. Each becomes question marks of its
/// own length, so that places in an excerpt stay right.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\t' && steers(c) {
            shown.extend(std::iter::repeat_n('?', c.len_utf8()));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same of a text that has lines of its own.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// A whole output without colors, as its last guard before it is written: line breaks and tabs stay, whatever else
/// steers becomes a question mark.
#[cfg(feature = "cli")]
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    guarded(text, |_| 0)
}

/// The same of an output that has colors: sequences that only set colors and weights stay.
#[cfg(feature = "cli")]
pub(crate) fn styled(text: &str) -> Cow<'_, str> {
    guarded(text, color)
}

/// `kept` says how many bytes of ours a text begins with.
#[cfg(feature = "cli")]
fn guarded(text: &str, kept: impl Fn(&str) -> usize) -> Cow<'_, str> {
    let raw = |c: char| !matches!(c, '\n' | '\t') && steers(c);
    if !text.contains(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(raw) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let ours = kept(rest);
        out.push_str(&rest[..ours]);
        rest = &rest[ours..];
        if ours == 0 {
            out.push('?');
            rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The length of the sequence for a color that a text begins with (ECMA-48, SGR).
#[cfg(feature = "cli")]
fn color(text: &str) -> usize {
    let Some(codes) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = codes.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
    if codes[length..].starts_with('m') { "\u{1b}[".len() + length + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_input_steers_the_terminal() {
        let shown = printable("a\u{9b}31m\nerror: forged\u{202e}\x1b[0m");
        assert_eq!(shown, "a??31m?error: forged????[0m");
    }

    #[cfg(feature = "cli")]
    #[test]
    fn only_colors_pass_the_last_guard() {
        let text = "\u{1b}[1;31mred\u{1b}[0m\ta\u{1b}]0;title\u{7}\u{1b}[2J\r\nb\u{202e}";
        assert_eq!(styled(text), "\u{1b}[1;31mred\u{1b}[0m\ta?]0;title??[2J?\nb?");
        assert_eq!(plain("\u{1b}[1mx\u{9b}"), "?[1mx?");
        assert_eq!(plain("a\n"), "a\n");
    }
}
