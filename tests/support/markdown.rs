//! Markdown as GitHub and GitLab read it, as far as it matters what of it is code.

/// A line without its code spans (<https://spec.commonmark.org/0.31.2/#code-spans>), each of which leaves a `\u{fffc}`.
pub fn outside_code(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(['`', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\\') {
            let length = rest.chars().take(2).map(char::len_utf8).sum();
            rest = &rest[length..];
            continue;
        }
        let run = rest.len() - rest.trim_start_matches('`').len();
        match closing(&rest[run..], run) {
            Some(end) => {
                out.push('\u{fffc}');
                rest = &rest[run + end + run..];
            }
            None => {
                out.push_str(&rest[..run]);
                rest = &rest[run..];
            }
        }
    }
    out + rest
}

/// Where a run of exactly so many backticks begins.
fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = text[at..].find('`') {
        let length = text[at + next..].len() - text[at + next..].trim_start_matches('`').len();
        if length == run {
            return Some(at + next);
        }
        at += next + length;
    }
    None
}

/// What of a text without code GitHub or GitLab would make more than text of; `None` if there is nothing.
pub fn live(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    for (at, c) in chars.iter().enumerate() {
        let next = chars.get(at + 1);
        let found = match c {
            '@' | '#' | '!' | '~' | '%' | '$' | '&' | '^' => word(next) || *c == '$',
            '<' | '[' | ']' | '`' | '*' | '_' | '|' | '\\' => true,
            ':' => word(next) || next == Some(&'/'),
            _ => false,
        };
        if found {
            return Some(chars[at.saturating_sub(5)..].iter().take(20).collect());
        }
    }
    let tokens = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
    let is_hash = |t: &str| t.len() >= 7 && t.bytes().all(|b| b.is_ascii_hexdigit());
    let ticket = |t: &str| {
        t.split_once('-').is_some_and(|(a, b)| !a.is_empty() && b.bytes().all(|b| b.is_ascii_digit()) && !b.is_empty())
    };
    let found = tokens.into_iter().find(|t| is_hash(t) || ticket(t) || t.starts_with("www."));
    found.map(str::to_owned)
}
