//! Which lines of a text nobody may see: those that may hold the value of a Secret, and those of a document that is no
//! manifest. This is the one place that decides it for lines of the input, wherever they are shown.
//!
//! It is decided by looking at lines and not by reading YAML, because a document that cannot be read keeps its secrets
//! too. Where it cannot be determined, lines are hidden: a reader still gets the number of a line.

use std::ops::Range;

/// The keys below which Secrets and what becomes Secrets keep their values.
const VALUES: &[&str] = &["data", "stringdata", "binarydata", "encrypteddata", "secretgenerator"];
/// Those of them that nothing but a Secret has.
const SURELY_SECRET: &[&str] = &["stringdata", "encrypteddata", "secretgenerator"];
/// Types of Secrets.
const TYPES: &[&str] =
    &["opaque", "kubernetes.io/tls", "kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson", "-auth", "-token"];
/// What the first lines of a Secret say that is no secret.
const OPENING: &[&str] = &["apiversion", "kind", "type", "immutable", "metadata", "name", "namespace", "items"];

/// The ranges of bytes of a text that are not shown: whole lines, ascending.
pub(super) fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut hide = |range: Range<usize>| match found.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ if range.is_empty() => {}
        _ => found.push(range),
    };
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n').chain(std::iter::once("")) {
        let ends = line.is_empty() || is_marker(line);
        if ends && at > start {
            Document { text: &text[start..at], offset: start }.hide(&mut hide);
            start = at;
        }
        at += line.len();
    }
    found
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// A document of a text.
struct Document<'a> {
    text: &'a str,
    offset: usize,
}

/// What a document says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A Secret, or what becomes one.
    Secret,
    /// A list of anything.
    List,
    /// Something that is no Secret.
    Other,
    /// It cannot be determined from the lines.
    Unsure,
}

impl Document<'_> {
    fn hide(&self, hide: &mut impl FnMut(Range<usize>)) {
        let lower = self.text.to_ascii_lowercase();
        let kinds: Vec<Kind> = keys(&lower, "kind").map(|after| kind(&lower[after..])).collect();
        if kinds.is_empty() && keys(&lower, "apiversion").next().is_none() {
            return self.hide_lines(hide, |line| !is_remark(line));
        }
        let is_secret = kinds.contains(&Kind::Secret);
        if is_secret && !kinds.contains(&Kind::Other) {
            let mut opening = true;
            return self.hide_lines(hide, |line| {
                opening = opening && is_opening(line);
                !opening
            });
        }
        let may_be = is_secret
            || kinds.is_empty()
            || kinds.contains(&Kind::Unsure)
            || SURELY_SECRET.iter().any(|word| words(&lower, word).next().is_some())
            || TYPES.iter().any(|word| lower.contains(word));
        let has_values = VALUES.iter().any(|word| words(&lower, word).next().is_some());
        // Letters of a key can be written as numbers.
        let has_escapes = lower.contains("\\x") || lower.contains("\\u");
        if may_be && (has_values || has_escapes) {
            let of_values = VALUES.iter().filter_map(|word| words(&lower, word).next());
            let others = [words(&lower, "annotations").next(), lower.find(" &"), lower.find("\\x"), lower.find("\\u")];
            if let Some(first) = of_values.chain(others.into_iter().flatten()).min() {
                let from = lower[..first].rfind('\n').map_or(0, |n| n + 1);
                hide(self.offset + from..self.offset + self.text.len());
            }
        }
    }

    fn hide_lines(&self, hide: &mut impl FnMut(Range<usize>), mut is_hidden: impl FnMut(&str) -> bool) {
        let mut at = self.offset;
        for line in self.text.split_inclusive('\n') {
            if is_hidden(line) {
                hide(at..at + line.len());
            }
            at += line.len();
        }
    }
}

/// A line that says something to us, or nothing at all.
fn is_remark(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || is_marker(line) || (line.starts_with('#') && line.contains("kubesketch:"))
}

/// Whether a line belongs to the first lines of a Secret, which say what it is and how it is called, and no more.
fn is_opening(line: &str) -> bool {
    let line = line.trim().to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-{}:, \"'".contains(c);
    if line.is_empty() || is_marker(&line) || is_remark(&line) {
        return true;
    }
    let parts = line.split(['{', '}', ',']).map(|part| part.trim_start_matches(['-', ' ']).trim());
    line.chars().all(plain)
        && parts.filter(|part| !part.is_empty()).all(|part| {
            let (key, value) = part.split_once(':').unwrap_or((part, ""));
            let (key, value) = (key.trim().trim_matches(['"', '\'']), value.trim());
            let is_value = match key {
                "metadata" | "items" => value.is_empty(),
                "immutable" => matches!(value, "true" | "false"),
                _ => !value.contains([' ', ':']),
            };
            OPENING.contains(&key) && is_value
        })
}

/// What is a backend of `kind:`, in small letters.
fn kind(after: &str) -> Kind {
    let value = after.trim_start_matches([' ', '\t', '"', '\'', '\\']);
    let end = value.find([',', '}', '\n', '\r', '#', ']']).unwrap_or(value.len());
    let value = value[..end].trim_end_matches([' ', '\t', '"', '\'', '\\']);
    if value.contains("secret") || is_misspelled(value) {
        Kind::Secret
    } else if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Kind::Unsure
    } else if value == "list" {
        Kind::List
    } else {
        Kind::Other
    }
}

/// `Secert`, `Sercet`, `Scret`.
fn is_misspelled(value: &str) -> bool {
    let mut letters: Vec<u8> = value.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    (4..=7).contains(&value.len()) && value.starts_with('s') && letters.iter().all(|b| b"cerst".contains(b))
}

/// Where a key of this name ends, behind its colon. The text is in small letters.
fn keys<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(text, name).filter_map(move |at| {
        let rest = &text[at + name.len()..];
        let value = rest.trim_start_matches(['"', '\'', '\\', ' ', '\t', '\n', '\r']).strip_prefix([':', '=']);
        value.map(|value| text.len() - value.len())
    })
}

/// Where a word stands by itself.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        // `\ndata` in quotes is a line of its own.
        let is_escape = *at > 1 && bytes[at - 2] == b'\\' && matches!(before, Some(b'n' | b't' | b'r'));
        (is_escape || !before.is_some_and(is_part)) && !bytes.get(at + word.len()).is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without what is hidden.
    fn shown(text: &str) -> String {
        let mut shown = text.to_owned();
        for range in hidden(text).into_iter().rev() {
            shown.replace_range(range, "");
        }
        shown
    }

    #[test]
    fn a_secret_shows_its_opening_only() {
        let opening = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ntype: Opaque\n";
        for rest in ["stringData:\n  a: x\n", "data: x: y\nname: x\n", "dta: x\n", "\tdata:\nkind: x\n", "  x\n"] {
            assert_eq!(shown(&format!("{opening}{rest}")), opening, "{rest}");
        }
        assert_eq!(shown("apiVersion: v1\rkind: Secret\rdata: x"), "");
        assert_eq!(shown("{kind: Secret, data: {a: x}}"), "");
        assert_eq!(shown("\"kind\" : \"Secret\"\nx"), "\"kind\" : \"Secret\"\n");
    }

    #[test]
    fn what_only_names_a_secret_is_shown() {
        let gateway = "apiVersion: g/v1\nkind: Gateway\nmetadata:\n  annotations: {a: b}\nspec:\n  - kind: Secret\n";
        assert_eq!(shown(gateway), gateway);
        let map = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
        assert_eq!(shown(map), map);
    }

    #[test]
    fn what_runs_into_a_secret_is_hidden_with_it() {
        let run = "kind: Service\nmetadata: {}\nannotations: {}\nspec: x\nkind: Secret\ndata: {a: x}\nspec: y\n";
        assert_eq!(shown(run), "kind: Service\nmetadata: {}\n");
        assert_eq!(shown(&format!("{run}---\nkind: Service\n")), "kind: Service\nmetadata: {}\n---\nkind: Service\n");
        assert_eq!(shown("kind: {{ .kind }}\nspec: a\ndata: x\n"), "kind: {{ .kind }}\nspec: a\n");
    }

    #[test]
    fn what_is_no_manifest_is_hidden() {
        assert_eq!(shown("TOKEN=x\nPATH: y\n"), "");
        assert_eq!(
            shown("# kubesketch:ignore x\n# y\n---\nkind: Service\n"),
            "# kubesketch:ignore x\n---\nkind: Service\n"
        );
    }
}
