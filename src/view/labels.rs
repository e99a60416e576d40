//! A label selector as an argument, which messages repeat as it was written.

use std::str::FromStr;

use crate::net::{BadSelector, Labels, Selector};

/// A selector. All of its requirements must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    selector: Selector,
    text: String,
}

impl LabelSelector {
    /// True if the selector matches an object with these sets of labels, its own and those of its pods: a positive
    /// requirement must match in one of the sets, a negative one in all of them.
    pub fn matches(&self, sets: &[Labels]) -> bool {
        self.selector.matches_sets(sets)
    }

    /// The selector, as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for LabelSelector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, BadSelector> {
        Ok(LabelSelector { selector: text.parse()?, text: text.to_owned() })
    }
}
