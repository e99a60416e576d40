//! What was found wrong with an object, as far as its card tells of it.

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// It cannot work.
    Error,
    /// It is probably not what is meant, or risky.
    Warning,
}

impl Gravity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
        }
    }
}

/// Something that was found wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// How bad it is.
    pub gravity: Gravity,
    /// A sentence.
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
