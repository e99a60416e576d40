//! How a part of a graph differs between two states, where the graph is the union of both.

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

impl Change {
    /// `same`, `added`, `removed` or `changed`, as in `data-change`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Change::Same => "same",
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed(_) => "changed",
        }
    }

    /// `+`, `−` or `~`; nothing for what stays as it is.
    pub fn sign(&self) -> &'static str {
        match self {
            Change::Same => "",
            Change::Added => "+",
            Change::Removed => "−",
            Change::Changed(_) => "~",
        }
    }

    /// Whether both states say the same.
    pub fn is_same(&self) -> bool {
        *self == Change::Same
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
        Difference {
            about: about.into(),
            old: old.into(),
            new: new.into(),
        }
    }

    /// `replicas 2 → 3`, `+ host a.example`, `− host b.example`; where a value has an arrow of its own, `80 → 9090, was 80 → 8080`.
    pub fn text(&self) -> String {
        let about = if self.about.is_empty() {
            String::new()
        } else {
            format!("{} ", self.about)
        };
        match (self.old.as_str(), self.new.as_str()) {
            ("", new) => format!("+ {about}{new}"),
            (old, "") => format!("− {about}{old}"),
            (old, new) if old.contains('→') || new.contains('→') => format!("{about}{new}, was {old}"),
            (old, new) => format!("{about}{old} → {new}"),
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
    }
}
