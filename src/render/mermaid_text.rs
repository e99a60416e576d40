//! Words of Mermaid: how a text of any content is written so that it stays a text.

use crate::inert::shown_lines;

/// A line of a label that is longer than this is cut. Names of Kubernetes have at most 253 characters.
const LINE: usize = 253;

/// A text for a label in double quotes. Line breaks become `<br/>`, all but harmless punctuation becomes an entity code
/// (`#35;`).
///
/// `:` is among it because Mermaid takes the last `;` away from lines that look like `style …:…#…;` before it reads
/// anything else, the ligature
/// `ﬂ` is taken apart because Mermaid uses it as a mark of its own, and an empty label, which it refuses, is a space
/// that does not break.
pub(super) fn code(text: &str) -> String {
    let mut out = String::new();
    for line in shown_lines(text).split('\n').filter(|l| !l.trim().is_empty()) {
        if !out.is_empty() {
            out.push_str("<br/>");
        }
        let mut chars = line.chars();
        for c in chars.by_ref().take(LINE) {
            match c {
                c if c.is_ascii_alphanumeric() || " .,/-()=+".contains(c) => out.push(c),
                'ﬂ' => out.push_str("fl"),
                c if c.is_ascii() => {
                    out.push('#');
                    out.push_str(&(c as u32).to_string());
                    out.push(';');
                }
                c => out.push(c),
            }
        }
        if chars.next().is_some() {
            out.push('…');
        }
    }
    if out.is_empty() { "#160;".into() } else { out }
}

/// A text for places that know no entity codes (title, description, comments): what might mean something there becomes
/// a space.
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace() || ".,/-()".contains(c);
    let kept: String = shown_lines(text).chars().map(|c| if harmless(c) { c } else { ' ' }).take(2 * LINE).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_becomes_entity_codes() {
        assert_eq!(code("80 → 8080"), "80 → 8080");
        assert_eq!(code("a\"]\n%%{x}"), "a#34;#93;<br/>#37;#37;#123;x#125;");
        assert_eq!(code("<b>`ﬂ°°` #35;"), "#60;b#62;#96;fl°°#96; #35;35#59;");
        assert_eq!(code(" \n"), "#160;");
        assert_eq!(code(&"x".repeat(300)).chars().count(), 254);
    }

    #[test]
    fn plain_texts_have_no_signs() {
        assert_eq!(plain("a: #b;\n```\n{c} (80/TCP)"), "a b c (80/TCP)");
        assert_eq!(plain("\"---\""), "---");
    }
}
