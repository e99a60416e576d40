//! Texts in Markdown, as GitHub and GitLab read it.
//!
//! Whatever is more than a plain word stands in a code span, where neither of them looks for mentions (`@a`),
//! references (`#1`, `!1`, `~bug`, `%1`, `&1`, `GH-1`, hashes of commits), links, addresses, math or emoji. Escapes do
//! not do: both look for these in the text that was rendered
//! (<https://docs.gitlab.com/user/markdown/#gitlab-specific-references>,
//! <https://github.github.com/gfm/#autolinks-extension->).

use super::shown;

/// From so many digits on a number can be the hash of a commit.
const HASH: usize = 7;

/// A text on one line.
pub(crate) fn prose(text: &str) -> String {
    words(text, code)
}

/// A text in a cell of a table.
pub(crate) fn cell(text: &str) -> String {
    words(text, |text| {
        // Behind a backslash no escape keeps the sign from ending the cell.
        code(&text.replace("\\|", "\\\u{2502}")).replace('|', "\\|")
    })
}

/// A text as code.
pub(crate) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = shown(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let edge = |c: char| c == '`' || c == ' ';
    let pad = if longest > 0 || text.starts_with(edge) || text.ends_with(edge) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn words(text: &str, code: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let first = out.is_empty();
        if !first {
            out.push(' ');
        }
        let word = shown(word);
        let start = word.len() - word.trim_start_matches(['(', '"']).len();
        let core = word[start..].trim_end_matches([')', ',', '.', ';', ':', '"', '?', '!']);
        let behind = &word[start + core.len()..];
        // `1.` and `1)` begin a list.
        let numbers = first && core.bytes().all(|b| b.is_ascii_digit()) && behind.starts_with(['.', ')']);
        if core.is_empty() || numbers {
            out.push_str(&code(&word));
        } else if is_plain(core) {
            out.push_str(&word);
        } else {
            out.push_str(&word[..start]);
            out.push_str(&code(core));
            out.push_str(behind);
        }
    }
    out
}

/// True for words and short numbers that mean nothing but themselves.
fn is_plain(word: &str) -> bool {
    let letters = |c: char| !c.is_ascii() || c.is_ascii_alphabetic() || matches!(c, '-' | '\'');
    let numbers = |c: char| !c.is_ascii() || c.is_ascii_digit();
    let hash = word.len() >= HASH && word.bytes().all(|b| b.is_ascii_hexdigit());
    let begins = word.starts_with(|c: char| !c.is_ascii() || c.is_ascii_alphanumeric());
    begins && !hash && (word.chars().all(letters) || word.chars().all(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_all_else_is_code() {
        assert_eq!(
            prose("shop/web[Deployment] is reached from outside on TCP 80 (through a@b.example.com), new"),
            "`shop/web[Deployment]` is reached from outside on TCP 80 (through `a@b.example.com`), new"
        );
        assert_eq!(
            prose("@octocat #1 !1 ~bug %1 $1 &1 GH-1 deadbeef www.x.example a@b https://e.example <b> *x* :+1: /close"),
            "`@octocat` `#1` `!1` `~bug` `%1` `$1` `&1` `GH-1` `deadbeef` `www.x.example` `a@b` `https://e.example` `<b>` `*x*` `:+1`: `/close`"
        );
        assert_eq!(prose("1. a\n- b"), "`1.` a `-` b");
        assert_eq!(prose("80 → 8080, user-defined: \"it's\" –"), "80 → 8080, user-defined: \"it's\" –");
        assert_eq!(prose("a`b `` \u{1b}[1m"), "`` a`b `` ``` `` ``` `\u{fffd}[1m`");
    }

    #[test]
    fn cells_do_not_end_early() {
        assert_eq!(cell("/(a|b\\.c) x"), "`/(a\\|b\\.c`) x");
        assert_eq!(cell("a\\|b"), "`a\\\u{2502}b`");
    }
}
