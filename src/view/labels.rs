//! Label selectors as kubectl takes them
//! (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).

use std::collections::BTreeMap;
use std::str::FromStr;

/// The condition of one requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    /// `key=a`, `key in (a, b)`: the label exists and has one of these values.
    In(String, Vec<String>),
    /// `key!=a`, `key notin (a, b)`: the label does not exist, or has another value.
    NotIn(String, Vec<String>),
    /// `key`: the label exists.
    Exists(String),
    /// `!key`: the label does not exist.
    Absent(String),
}

/// A selector. All of its requirements must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    text: String,
}

/// The text is not a valid selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no label selector; write key=value, key!=value, `key in (a,b)`, `key notin (a,b)`, key or !key, \
     with commas between"
)]
pub struct BadSelector(String);

impl LabelSelector {
    /// True if the selector matches an object with these sets of labels, its own and those of its pods: a positive
    /// requirement must match in one of the sets, a negative one in all of them.
    pub fn matches(&self, sets: &[BTreeMap<String, String>]) -> bool {
        let has = |key: &String, values: &[String]| sets.iter().filter_map(|s| s.get(key)).any(|v| values.contains(v));
        let is_there = |key: &String| sets.iter().any(|s| s.contains_key(key));
        self.requirements.iter().all(|r| match r {
            Requirement::In(key, values) => has(key, values),
            Requirement::NotIn(key, values) => !has(key, values),
            Requirement::Exists(key) => is_there(key),
            Requirement::Absent(key) => !is_there(key),
        })
    }

    /// The selector, as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for LabelSelector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, BadSelector> {
        let parts = split(text).into_iter().map(|part| requirement(part.trim()));
        let requirements: Option<Vec<Requirement>> = parts.collect();
        match requirements {
            Some(requirements) => Ok(LabelSelector { requirements, text: text.to_owned() }),
            None => Err(BadSelector(text.to_owned())),
        }
    }
}

/// Splits at commas outside brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    for (sign, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((left, right)) = text.split_once(sign) {
            let (name, values) = (key(left)?, vec![value(right)?]);
            return Some(if equal { Requirement::In(name, values) } else { Requirement::NotIn(name, values) });
        }
    }
    if let Some(rest) = text.strip_prefix('!') {
        return Some(Requirement::Absent(key(rest)?));
    }
    let Some((left, list)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) else {
        return Some(Requirement::Exists(key(text)?));
    };
    let values: Option<Vec<String>> = list.split(',').map(value).collect();
    let (name, word) = left.trim().rsplit_once(char::is_whitespace)?;
    match word {
        "in" => Some(Requirement::In(key(name)?, values?)),
        "notin" => Some(Requirement::NotIn(key(name)?, values?)),
        _ => None,
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn key(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().all(|c| plain(c) || c == '/')).then(|| text.to_owned())
}

/// The empty value is valid.
fn value(text: &str) -> Option<String> {
    let text = text.trim();
    text.chars().all(plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &str) -> bool {
        let labels = labels.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
        selector.parse::<LabelSelector>().unwrap().matches(&[labels.collect()])
    }

    #[test]
    fn selectors_mean_what_kubectl_means() {
        assert!(matches("app=web", "app=web,tier=front"));
        assert!(matches("app==web,tier!=back", "app=web,tier=front"));
        assert!(!matches("app=web,tier!=front", "app=web,tier=front"));
        assert!(matches("tier!=front", "app=web"));
        assert!(matches("app in (web, api), !old", "app=api"));
        assert!(!matches("app in (web, api)", "tier=api"));
        assert!(matches("app notin (web,api)", "tier=api"));
        assert!(matches("app.kubernetes.io/part-of=shop", "app.kubernetes.io/part-of=shop"));
        assert!(matches("app", "app=") && !matches("!app", "app=") && matches("app=", "app="));
    }

    #[test]
    fn what_is_no_selector_is_told() {
        for text in ["", "=x", "app in web", "app within (a)", "a b", "app=we b", "app in (a", "a,,b"] {
            let error = text.parse::<LabelSelector>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}`")));
        }
    }
}
