//! Texts for a language model: it reads what no person sees, so that nothing may be invisible.

use super::steers;

/// A text without characters that steer or that draw nothing, but line breaks and tabs: each becomes a question mark.
/// Among the latter are tags (U+E0000 and following) and variation selectors, in which whole sentences can hide.
pub(crate) fn visible(text: &str) -> String {
    let keeps = |c: char| matches!(c, '\n' | '\t') || !steers(c) && !is_invisible(c);
    text.chars().map(|c| if keeps(c) { c } else { '?' }).collect()
}

/// Default ignorable code points (<https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>) that `steers`
/// does not know.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{ffa0}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{e0041}\u{e0042}b\u{200b}c\u{202e}\u{1b}[1m\r\n\té漢"), "a??b?c??[1m?\n\té漢");
    }
}
