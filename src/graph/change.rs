//! How a part of a graph differs between two states, where the graph is the union of both.

use std::fmt;

use super::{Edge, RouteRule};

/// How a node or an edge of a union differs between the old and the new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in both, and says the same.
    Same,
    /// Only the new state has it.
    Added,
    /// Only the old state has it.
    Removed,
    /// It is in both, and these facts differ. What the node or edge itself says is what holds in the new state.
    Changed(Vec<Difference>),
}

/// What happened to a node or an edge of a union, without what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
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
    pub const ALL: &[ChangeKind] = &[ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed, ChangeKind::Same];

    /// `same`, `added`, `removed` or `changed`, as in `data-change`.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Same => "same",
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
        }
    }

    /// `+`, `−` or `~`; nothing for what stays as it is.
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
    /// What happened, without what differs.
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

    /// `+`, `−` or `~`; nothing for what stays as it is.
    pub fn sign(&self) -> &'static str {
        self.kind().sign()
    }

    /// Whether both states say the same.
    pub fn is_same(&self) -> bool {
        *self == Change::Same
    }

    /// What happened, a line each: `+ added`, `− removed`, `~ replicas 2 → 3`, `+ host a.example`; nothing for what
    /// stays.
    pub fn lines(&self) -> Vec<ChangeLine> {
        self.told(Difference::words)
    }

    /// The same where an arrow would be read as the way of requests: `~ 9090, was 8080`.
    pub fn lines_beside_arrows(&self) -> Vec<ChangeLine> {
        self.told(Difference::words_without_arrow)
    }

    fn told(&self, words: impl Fn(&Difference) -> String) -> Vec<ChangeLine> {
        match self {
            Change::Same => Vec::new(),
            Change::Changed(differences) if !differences.is_empty() => {
                differences.iter().map(|d| ChangeLine { kind: d.kind(), text: words(d) }).collect()
            }
            _ => vec![ChangeLine { kind: self.kind(), text: self.as_str().to_owned() }],
        }
    }

    /// What differs, where it is in both states.
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
    /// The sign that it begins with.
    pub kind: ChangeKind,
    /// What follows the sign.
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
    /// None: the values speak for themselves.
    Value,
    /// A fact: `replicas`, `in`.
    Fact(&'static str),
    /// A fact of a part: `image api`, `label app`.
    Part(&'static str, String),
    /// A rule of a route, which is the value.
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
    /// `replicas`, `image api`, `shop.example.com/cart TLS`; nothing where the values say it themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Value | About::Rule(_) => Ok(()),
            About::Fact(fact) => f.write_str(fact),
            About::Part(fact, part) => write!(f, "{fact} {part}"),
            About::Tls(rule) => write!(f, "{} TLS", rule.text()),
        }
    }
}

/// One fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its subject.
    pub about: About,
    /// The old value; empty where there was none.
    pub old: String,
    /// The new value; empty where there is none.
    pub new: String,
}

impl Difference {
    /// A fact that differs.
    pub fn new(about: impl Into<About>, old: impl Into<String>, new: impl Into<String>) -> Difference {
        Difference { about: about.into(), old: old.into(), new: new.into() }
    }

    /// Added or removed if only one state has it.
    pub fn kind(&self) -> ChangeKind {
        match (self.old.is_empty(), self.new.is_empty()) {
            (true, _) => ChangeKind::Added,
            (false, true) => ChangeKind::Removed,
            (false, false) => ChangeKind::Changed,
        }
    }

    /// `replicas 2 → 3`, `+ host a.example`, `− host b.example`; where a value has an arrow of its own, `80 → 9090, was
    /// 80 → 8080`.
    pub fn text(&self) -> String {
        match self.kind() {
            ChangeKind::Changed | ChangeKind::Same => self.words(),
            kind => ChangeLine { kind, text: self.words() }.to_string(),
        }
    }

    /// The same without a sign.
    fn words(&self) -> String {
        if self.kind() != ChangeKind::Changed || self.old.contains('→') || self.new.contains('→') {
            return self.words_without_arrow();
        }
        format!("{}{} → {}", self.lead(), self.old, self.new)
    }

    /// The same without an arrow of its own: `9090, was 8080`, `host a.example`.
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
    /// The lines beside the edge where `lines` stand otherwise: what was added or removed with its sign before each, of
    /// what changed its differences alone. Where there is nothing to say, the kind is what is left: `+ selects`.
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

    /// The same as text.
    pub fn told(&self, lines: Vec<String>) -> Vec<String> {
        self.change_lines(lines).iter().map(ChangeLine::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_as_old_and_new() {
        let said = [
            (Difference::new("replicas", "2", "3"), "replicas 2 → 3"),
            (Difference::new("host", "", "a.example"), "+ host a.example"),
            (Difference::new("", "b.example/x", ""), "− b.example/x"),
            (Difference::new("", "80 → 8080", "80 → 9090"), "80 → 9090, was 80 → 8080"),
            (Difference::new(About::Part("image", "api".into()), "1", "2"), "image api 1 → 2"),
        ];
        for (difference, text) in said {
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
