//! Findings about an object, as its card shows them.

/// The severity of a finding on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Gravity {
    /// The object cannot work.
    Error,
    /// The object is probably wrong, or a risk.
    Warning,
}

impl Gravity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A finding about an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The severity.
    pub gravity: Gravity,
    /// The message, a sentence.
    pub text: String,
    /// `file:line`.
    pub place: String,
}

/// `1 error`, `2 warnings`.
pub(super) fn counted(remarks: &[Remark], gravity: Gravity) -> Option<String> {
    let count = remarks.iter().filter(|r| r.gravity == gravity).count();
    match count {
        0 => None,
        1 => Some(format!("1 {}", gravity.as_str())),
        n => Some(format!("{n} {}s", gravity.as_str())),
    }
}
