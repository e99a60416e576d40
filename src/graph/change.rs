//! How a part of a graph differs between two states, where the graph is the union of both.

use super::Edge;

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

    /// What happened, a line each that begins with its sign: `+ added`, `− removed`, `~ replicas 2 → 3`, `+ host
    /// a.example`; nothing for what stays.
    pub fn lines(&self) -> Vec<String> {
        self.told(Difference::text)
    }

    /// The same where an arrow would be read as the way of requests: `~ 9090, was 8080`.
    pub fn lines_beside_arrows(&self) -> Vec<String> {
        self.told(Difference::text_without_arrow)
    }

    fn told(&self, text: impl Fn(&Difference) -> String) -> Vec<String> {
        match self {
            Change::Same => Vec::new(),
            Change::Changed(differences) if !differences.is_empty() => {
                differences.iter().map(|d| if d.is_one_sided() { text(d) } else { format!("~ {}", text(d)) }).collect()
            }
            _ => vec![format!("{} {}", self.sign(), self.as_str())],
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

/// One fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it is about, in a word or two: `replicas`, `image api`, `in`; empty where the values say it themselves.
    pub about: String,
    /// The old value; empty where there was none.
    pub old: String,
    /// The new value; empty where there is none.
    pub new: String,
}

impl Difference {
    /// A fact that differs.
    pub fn new(about: impl Into<String>, old: impl Into<String>, new: impl Into<String>) -> Difference {
        Difference { about: about.into(), old: old.into(), new: new.into() }
    }

    /// Whether only one state has it; its text begins with a sign then.
    pub fn is_one_sided(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// `replicas 2 → 3`, `+ host a.example`, `− host b.example`; where a value has an arrow of its own, `80 → 9090, was
    /// 80 → 8080`.
    pub fn text(&self) -> String {
        if self.is_one_sided() || self.old.contains('→') || self.new.contains('→') {
            return self.text_without_arrow();
        }
        format!("{}{} → {}", self.lead(), self.old, self.new)
    }

    /// The same without an arrow of its own: `9090, was 8080`, `+ host a.example`.
    pub fn text_without_arrow(&self) -> String {
        let about = self.lead();
        match (self.old.as_str(), self.new.as_str()) {
            ("", new) => format!("+ {about}{new}"),
            (old, "") => format!("− {about}{old}"),
            (old, new) => format!("{about}{new}, was {old}"),
        }
    }

    fn lead(&self) -> String {
        if self.about.is_empty() { String::new() } else { format!("{} ", self.about) }
    }
}

impl Edge {
    /// What stands beside the edge where `lines` do otherwise: what was added or removed with its sign before each, of
    /// what changed its differences alone. Where there is nothing to say, the kind is what is left: `+ selects`.
    pub fn told(&self, lines: Vec<String>) -> Vec<String> {
        match &self.change {
            None | Some(Change::Same) => lines,
            Some(change @ Change::Changed(_)) => change.lines_beside_arrows(),
            Some(change) if lines.is_empty() => vec![format!("{} {}", change.sign(), self.kind().as_str())],
            Some(change) => lines.iter().map(|l| format!("{} {l}", change.sign())).collect(),
        }
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
        ];
        for (difference, text) in said {
            assert_eq!(difference.text(), text);
        }
        let port = Difference::new("", "8080", "9090");
        assert_eq!(port.text_without_arrow(), "9090, was 8080");
        let all = Change::Changed(vec![port, Difference::new("host", "a.example", "")]);
        assert_eq!(all.lines(), ["~ 8080 → 9090", "− host a.example"]);
        assert_eq!(all.lines_beside_arrows(), ["~ 9090, was 8080", "− host a.example"]);
        assert_eq!(Change::Changed(Vec::new()).lines(), ["~ changed"]);
        assert_eq!(Change::Removed.lines(), ["− removed"]);
        assert!(Change::Same.lines().is_empty());
    }
}
