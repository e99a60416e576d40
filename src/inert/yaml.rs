//! YAML that is made of values: nothing is pasted, so no name or label becomes structure.
//!
//! Guarantees: a reader of YAML 1.1 or 1.2 gets exactly the values that went in, every [`Yaml::Text`] as a string; the
//! text is printable; a comment ends with its line.

use std::fmt::Write as _;

use super::steers;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// A string.
    Text(String),
    /// A number.
    Number(u32),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping.
    Map(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    key: String,
    value: Yaml,
    /// A comment behind it.
    remark: Option<String>,
}

/// Longer keys are written with a `?`: YAML looks so many characters ahead for the colon.
const SIMPLE_KEY: usize = 1000;

impl Entry {
    /// A key with its value.
    pub(crate) fn new(key: impl Into<String>, value: Yaml) -> Entry {
        Entry { key: key.into(), value, remark: None }
    }

    /// The same with a comment behind it.
    pub(crate) fn remarked(mut self, remark: Option<String>) -> Entry {
        self.remark = remark;
        self
    }
}

impl Yaml {
    /// A string.
    pub(crate) fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    /// A mapping of strings.
    pub(crate) fn texts<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Yaml {
        Yaml::Map(pairs.into_iter().map(|(key, value)| Entry::new(key, Yaml::text(value))).collect())
    }

    /// The document of a mapping. Ends in a line break.
    pub(crate) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    /// The value where it stands on one line behind its key.
    fn inline(&self) -> Option<String> {
        match self {
            Yaml::Text(text) => Some(word(text)),
            Yaml::Number(number) => Some(number.to_string()),
            Yaml::List(items) => match items.as_slice() {
                [] => Some("[]".into()),
                [only @ (Yaml::Text(_) | Yaml::Number(_))] => Some(format!("[{}]", only.inline().unwrap_or_default())),
                _ => None,
            },
            Yaml::Map(entries) => entries.is_empty().then(|| "{}".into()),
        }
    }

    fn write(&self, out: &mut String, indent: usize) {
        if let Some(text) = self.inline() {
            let _ = writeln!(out, "{:indent$}{text}", "");
            return;
        }
        match self {
            Yaml::List(items) => {
                for item in items {
                    let _ = write!(out, "{:indent$}- ", "");
                    // The first entry of a mapping follows the dash, the others below it.
                    let mut inner = String::new();
                    item.write(&mut inner, indent + 2);
                    out.push_str(inner.trim_start_matches(' '));
                }
            }
            Yaml::Map(entries) => entries.iter().for_each(|entry| entry.write(out, indent)),
            Yaml::Text(_) | Yaml::Number(_) => {}
        }
    }
}

impl Entry {
    fn write(&self, out: &mut String, indent: usize) {
        let key = word(&self.key);
        let remark = self.remark.as_deref().map_or(String::new(), |r| format!(" # {}", comment(r)));
        if key.chars().count() > SIMPLE_KEY {
            let _ = write!(out, "{:indent$}? {key}\n{:indent$}:", "", "");
        } else {
            let _ = write!(out, "{:indent$}{key}:", "");
        }
        match self.value.inline() {
            Some(text) => {
                let _ = writeln!(out, " {text}{remark}");
            }
            None => {
                let _ = writeln!(out, "{remark}");
                self.value.write(out, indent + 2);
            }
        }
    }
}

/// A string as YAML: as it is if nobody could take it for anything else, otherwise in double quotes, by the rules of
/// JSON and with an escape for whatever steers.
pub(crate) fn word(text: &str) -> String {
    let harmless = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    // What YAML 1.1 reads as something else than text (<https://yaml.org/type/bool.html>).
    let reserved =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if harmless && !reserved { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if steers(c) => escaped(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// None of the characters that steer is beyond the first plane, where JSON and YAML escape alike.
fn escaped(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{:04x}", c as u32);
}

/// A text that stays on the line of its comment.
fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { escaped(&mut out, c) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_yaml_would_misread_are_quoted() {
        for (text, expected) in [
            ("web", "web"),
            ("true", "\"true\""),
            ("1", "\"1\""),
            ("", "\"\""),
            ("a.b/c", "a.b/c"),
            ("10.0.0.0/8", "\"10.0.0.0/8\""),
            ("::/0", "\"::/0\""),
            ("1/x\n  - a: {}", "\"1/x\\n  - a: {}\""),
            ("a\u{1b}\u{85}\u{2028}\u{202e}\u{feff}", "\"a\\u001b\\u0085\\u2028\\u202e\\ufeff\""),
        ] {
            assert_eq!(word(text), expected);
        }
    }

    #[test]
    fn structure_is_that_of_the_values() {
        let entry = Entry::new;
        let long = "k".repeat(2000);
        let document = Yaml::Map(vec![
            entry("kind", Yaml::text("A")),
            entry("empty", Yaml::Map(Vec::new())).remarked(Some("a\nb: c".into())),
            entry(
                "list",
                Yaml::List(vec![
                    Yaml::Map(vec![
                        entry("one", Yaml::Map(vec![entry("x: y", Yaml::text("#"))])),
                        entry("two", Yaml::Number(2)),
                    ]),
                    Yaml::Map(vec![entry("three", Yaml::List(vec![Yaml::text("no")]))]),
                ]),
            )
            .remarked(Some("why".into())),
            entry(long.as_str(), Yaml::Number(1)),
        ]);
        let expected = "kind: A\nempty: {} # a\\u000ab: c\nlist: # why\n  - one:\n      \"x: y\": \"#\"\n    two: 2\n  - three: [\"no\"]\n";
        assert_eq!(document.document(), format!("{expected}? {long}\n: 1\n"));
    }
}
