//! The change of a node or an edge between two states, in a graph that is the union of both.

use std::fmt;

use super::{Edge, RouteRule};

/// The change of a node or an edge of a union between the old and the new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Both states contain it, without a difference.
    Same,
    /// Only the new state contains it.
    Added,
    /// Only the old state contains it.
    Removed,
    /// Both states contain it, with these differences. The node or edge itself has the values of the new state.
    Changed(Vec<Difference>),
}

/// The kind of a change, without the differences.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum ChangeKind {
    /// See [`Change::Added`].
    Added,
    /// See [`Change::Removed`].
    Removed,
    /// See [`Change::Changed`].
    Changed,
    /// See [`Change::Same`].
    Same,
}

impl ChangeKind {
    /// Every kind, in the order a legend lists them.
    pub const ALL: &[ChangeKind] = <ChangeKind as strum::VariantArray>::VARIANTS;

    /// `same`, `added`, `removed` or `changed`, as in `data-change`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// `+`, `−` or `~`; empty for an unchanged item.
    pub fn sign(self) -> &'static str {
        match self {
            ChangeKind::Same => "",
            ChangeKind::Added => "+",
            ChangeKind::Removed => "−",
            ChangeKind::Changed => "~",
        }
    }
}

impl Change {
    /// The kind of the change.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Change::Same => ChangeKind::Same,
            Change::Added => ChangeKind::Added,
            Change::Removed => ChangeKind::Removed,
            Change::Changed(_) => ChangeKind::Changed,
        }
    }

    /// `same`, `added`, `removed` or `changed`, as in `data-change`.
    pub fn as_str(&self) -> &'static str {
        self.kind().as_str()
    }

    /// `+`, `−` or `~`; empty for an unchanged item.
    pub fn sign(&self) -> &'static str {
        self.kind().sign()
    }

    /// True if both states are equal.
    pub fn is_same(&self) -> bool {
        *self == Change::Same
    }

    /// The change, a line each: `+ added`, `− removed`, `~ replicas 2 → 3`, `+ host a.example`; empty for an
    /// unchanged item.
    pub fn lines(&self) -> Vec<ChangeLine> {
        self.lines_with(Difference::words)
    }

    /// The lines without arrows, which would read as the direction of requests: `~ 9090, was 8080`.
    pub fn lines_beside_arrows(&self) -> Vec<ChangeLine> {
        self.lines_with(Difference::words_without_arrow)
    }

    fn lines_with(&self, words: impl Fn(&Difference) -> String) -> Vec<ChangeLine> {
        match self {
            Change::Same => Vec::new(),
            Change::Changed(differences) if !differences.is_empty() => {
                differences.iter().map(|d| ChangeLine { kind: d.kind(), text: words(d) }).collect()
            }
            _ => vec![ChangeLine { kind: self.kind(), text: self.as_str().to_owned() }],
        }
    }

    /// The differences of an item that both states contain.
    pub fn differences(&self) -> &[Difference] {
        match self {
            Change::Changed(differences) => differences,
            _ => &[],
        }
    }
}

/// A line about a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeLine {
    /// The sign at the start.
    pub kind: ChangeKind,
    /// The text after the sign.
    pub text: String,
}

impl fmt::Display for ChangeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind.sign() {
            "" => f.write_str(&self.text),
            sign => write!(f, "{sign} {}", self.text),
        }
    }
}

/// The subject of a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// None: the values are self-explanatory.
    Value,
    /// A fact: `replicas`, `in`.
    Fact(&'static str),
    /// A fact of a part: `image api`, `label app`.
    Part(&'static str, String),
    /// A rule of a route; the value is the rule.
    Rule(RouteRule),
    /// TLS of the host of a rule.
    Tls(RouteRule),
}

impl From<&'static str> for About {
    fn from(fact: &'static str) -> About {
        if fact.is_empty() { About::Value } else { About::Fact(fact) }
    }
}

impl fmt::Display for About {
    /// `replicas`, `image api`, `shop.example.com/cart TLS`; empty if the values are self-explanatory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Value | About::Rule(_) => Ok(()),
            About::Fact(fact) => f.write_str(fact),
            About::Part(fact, part) => write!(f, "{fact} {part}"),
            About::Tls(rule) => write!(f, "{} TLS", rule.text()),
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its subject.
    pub about: About,
    /// The old value; empty if the old state has none.
    pub old: String,
    /// The new value; empty if the new state has none.
    pub new: String,
}

impl Difference {
    /// A difference of a fact.
    pub fn new(about: impl Into<About>, old: impl Into<String>, new: impl Into<String>) -> Difference {
        Difference { about: about.into(), old: old.into(), new: new.into() }
    }

    /// Added or removed if only one state has a value.
    pub fn kind(&self) -> ChangeKind {
        match (self.old.is_empty(), self.new.is_empty()) {
            (true, _) => ChangeKind::Added,
            (false, true) => ChangeKind::Removed,
            (false, false) => ChangeKind::Changed,
        }
    }

    /// `replicas 2 → 3`, `+ host a.example`, `− host b.example`; if a value contains an arrow, `80 → 9090, was
    /// 80 → 8080`.
    pub fn text(&self) -> String {
        match self.kind() {
            ChangeKind::Changed | ChangeKind::Same => self.words(),
            kind => ChangeLine { kind, text: self.words() }.to_string(),
        }
    }

    /// The line without a sign.
    fn words(&self) -> String {
        if self.kind() != ChangeKind::Changed || self.old.contains('→') || self.new.contains('→') {
            return self.words_without_arrow();
        }
        format!("{}{} → {}", self.lead(), self.old, self.new)
    }

    /// The line without an arrow: `9090, was 8080`, `host a.example`.
    fn words_without_arrow(&self) -> String {
        let about = self.lead();
        match self.kind() {
            ChangeKind::Added => format!("{about}{}", self.new),
            ChangeKind::Removed => format!("{about}{}", self.old),
            ChangeKind::Changed | ChangeKind::Same => format!("{about}{}, was {}", self.new, self.old),
        }
    }

    fn lead(&self) -> String {
        let mut about = self.about.to_string();
        if !about.is_empty() {
            about.push(' ');
        }
        about
    }
}

impl Edge {
    /// The lines beside an edge whose other lines are `lines`. Each line of an added or removed edge gets its sign; a
    /// changed edge has only its differences. Without any line the kind remains: `+ selects`.
    pub fn change_lines(&self, lines: Vec<String>) -> Vec<ChangeLine> {
        let kind = self.change.as_ref().map_or(ChangeKind::Same, Change::kind);
        match &self.change {
            Some(change @ Change::Changed(_)) => change.lines_beside_arrows(),
            Some(change) if lines.is_empty() && !change.is_same() => {
                vec![ChangeLine { kind, text: self.kind().as_str().to_owned() }]
            }
            _ => lines.into_iter().map(|text| ChangeLine { kind, text }).collect(),
        }
    }

    /// The lines as text.
    pub fn told(&self, lines: Vec<String>) -> Vec<String> {
        self.change_lines(lines).iter().map(ChangeLine::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_read_as_old_and_new() {
        let cases = [
            (Difference::new("replicas", "2", "3"), "replicas 2 → 3"),
            (Difference::new("host", "", "a.example"), "+ host a.example"),
            (Difference::new("", "b.example/x", ""), "− b.example/x"),
            (Difference::new("", "80 → 8080", "80 → 9090"), "80 → 9090, was 80 → 8080"),
            (Difference::new(About::Part("image", "api".into()), "1", "2"), "image api 1 → 2"),
        ];
        for (difference, text) in cases {
            assert_eq!(difference.text(), text);
        }
        let port = Difference::new("", "8080", "9090");
        let all = Change::Changed(vec![port, Difference::new("host", "a.example", "")]);
        let texts = |lines: Vec<ChangeLine>| lines.iter().map(ChangeLine::to_string).collect::<Vec<String>>();
        assert_eq!(texts(all.lines()), ["~ 8080 → 9090", "− host a.example"]);
        assert_eq!(texts(all.lines_beside_arrows()), ["~ 9090, was 8080", "− host a.example"]);
        assert_eq!(texts(Change::Changed(Vec::new()).lines()), ["~ changed"]);
        assert_eq!(texts(Change::Removed.lines()), ["− removed"]);
        assert!(Change::Same.lines().is_empty());
    }
}
