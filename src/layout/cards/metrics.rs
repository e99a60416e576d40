//! How wide a text is, from a checked-in table of advance widths, so that the result is the same on every machine.
//!
//! The table is that of DejaVu Sans, which is wider than most: a text that fits by it fits in other sans-serif fonts
//! too.

use unicode_width::UnicodeWidthChar;

use super::super::TextRole;
use super::advances::{BOLD, REGULAR};

/// Width of a text in user units when it is set in the size and weight of its role.
pub fn text_width(text: &str, role: TextRole) -> f64 {
    let table = if role.bold() { BOLD } else { REGULAR };
    let total: u64 = text.chars().map(|c| u64::from(advance(table, c))).sum();
    total as f64 * role.size() / 1000.0
}

/// Advance of one character in thousandths of the font size.
fn advance(table: &[(u32, &[u16])], c: char) -> u16 {
    let code = c as u32;
    // Nearly all characters are these, and pictures are tried in many arrangements.
    if let (0x20..0x7f, Some((0x20, widths))) = (code, table.first()) {
        return widths[code as usize - 0x20];
    }
    let after = table.partition_point(|(start, _)| *start <= code);
    let known = after
        .checked_sub(1)
        .and_then(|i| table.get(i))
        .and_then(|(start, widths)| widths.get((code - start) as usize))
        .filter(|width| **width > 0);
    match (known, c.width()) {
        (_, Some(0)) => 0,
        (Some(width), _) => *width,
        // A character of some other font: full-width ones take a square, all others are guessed wide rather than
        // narrow.
        (None, Some(2)) => 1000,
        (None, Some(_)) => 700,
        // Control characters are drawn as the replacement character.
        (None, None) => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        assert!((text_width("A", TextRole::Facts) - 0.684 * 11.0).abs() < 0.02);
        assert_eq!(text_width("", TextRole::Name), 0.0);
        assert_eq!(text_width("漢字", TextRole::Facts), 22.0);
        assert_eq!(text_width("e\u{301}", TextRole::Facts), text_width("e", TextRole::Facts));
        assert!(text_width("😀", TextRole::Facts) >= 11.0);
        assert!(text_width("→", TextRole::Facts) > 5.0);
        assert!(text_width("web", TextRole::Name) > text_width("web", TextRole::Facts));
    }
}
