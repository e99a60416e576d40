//! Label selectors (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/>).
//!
//! All requirements of a selector must hold. `NotIn` and `DoesNotExist` hold where the key is absent, as the labels
//! package of apimachinery defines it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use super::read::{Fault, Field, Read};
pub use crate::cluster::UNKNOWN_VALUE;
use crate::manifest::Tree;

/// Labels, by key.
pub type Labels = BTreeMap<String, String>;

/// What one requirement asks of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The label is there and has one of these values.
    In(Vec<String>),
    /// The label is not there, or has another value.
    NotIn(Vec<String>),
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The key of the label.
    pub key: String,
    /// What is asked of it.
    pub operator: Operator,
}

/// A selector: a list of requirements, sorted and without repetitions. The empty one selects everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

impl Selector {
    /// The selector that selects everything.
    pub fn everything() -> Selector {
        Selector::default()
    }

    /// A selector of requirements.
    pub fn new(requirements: impl IntoIterator<Item = Requirement>) -> Selector {
        let mut requirements: Vec<Requirement> = requirements.into_iter().collect();
        for requirement in &mut requirements {
            if let Operator::In(values) | Operator::NotIn(values) = &mut requirement.operator {
                values.sort();
                values.dedup();
            }
        }
        requirements.sort();
        requirements.dedup();
        Selector { requirements }
    }

    /// The requirements, sorted.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether it selects something that has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|r| r.matches(labels))
    }

    /// The selector that a typed object holds.
    pub fn from_typed(selector: &meta::LabelSelector) -> Result<Selector, String> {
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            requirements.push(equals(key, value)?);
        }
        for expression in selector.match_expressions.iter().flatten() {
            requirements.push(requirement(
                &expression.key,
                &expression.operator,
                expression.values.clone().unwrap_or_default(),
            )?);
        }
        Ok(Selector::new(requirements))
    }

    /// The selector that a tree holds; `null` selects everything, as `{}` does.
    pub fn from_tree(tree: &Tree) -> Result<Selector, String> {
        Selector::read(&Field::root(tree)).map_err(|fault| fault.to_string())
    }

    /// The selector of a field.
    pub(super) fn read(field: &Field<'_>) -> Read<Selector> {
        field.must_be_map()?;
        let mut requirements = Vec::new();
        if let Some(labels) = field.get("matchLabels") {
            for label in labels.entries()? {
                let value = label.text_or_empty()?;
                requirements.push(equals(label.key(), value).map_err(|m| label.fault(m))?);
            }
        }
        for expression in field.list("matchExpressions")? {
            expression.must_be_map()?;
            let key = expression.required("key")?;
            let operator = expression.required("operator")?;
            let values = expression
                .list("values")?
                .iter()
                .map(|v| v.text().map(str::to_owned))
                .collect::<Read<Vec<String>>>()?;
            let made = requirement(key.text()?, operator.text()?, values);
            requirements.push(made.map_err(|m| expression.fault(m))?);
        }
        Ok(Selector::new(requirements))
    }
}

impl Requirement {
    /// Whether labels meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let among = |values: &[String]| value.is_some_and(|v| values.iter().any(|w| w == v));
        match &self.operator {
            Operator::In(values) => among(values),
            Operator::NotIn(values) => !among(values),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl std::fmt::Display for Selector {
    /// As kubectl writes it: `app=web,tier in (a,b),!debug`; nothing for the selector of everything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self
            .requirements
            .iter()
            .map(|r| match &r.operator {
                Operator::In(values) if values.len() == 1 => format!("{}={}", r.key, values[0]),
                Operator::In(values) => format!("{} in ({})", r.key, values.join(",")),
                Operator::NotIn(values) => format!("{} notin ({})", r.key, values.join(",")),
                Operator::Exists => r.key.clone(),
                Operator::DoesNotExist => format!("!{}", r.key),
            })
            .collect();
        f.write_str(&words.join(","))
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> String {
        fault.to_string()
    }
}

fn equals(key: &str, value: &str) -> Result<Requirement, String> {
    check_key(key)?;
    check_value(key, value)?;
    Ok(Requirement { key: key.to_owned(), operator: Operator::In(vec![value.to_owned()]) })
}

fn requirement(key: &str, operator: &str, values: Vec<String>) -> Result<Requirement, String> {
    check_key(key)?;
    for value in &values {
        check_value(key, value)?;
    }
    let operator = match (operator, values.is_empty()) {
        ("In" | "NotIn", true) => return Err(format!("operator {operator} on `{key}` needs at least one value")),
        ("Exists" | "DoesNotExist", false) => return Err(format!("operator {operator} on `{key}` takes no values")),
        ("In", _) => Operator::In(values),
        ("NotIn", _) => Operator::NotIn(values),
        ("Exists", _) => Operator::Exists,
        ("DoesNotExist", _) => Operator::DoesNotExist,
        _ => return Err(format!("`{operator}` is no operator; there are In, NotIn, Exists and DoesNotExist")),
    };
    Ok(Requirement { key: key.to_owned(), operator })
}

/// Label names and values are at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at either end; a
/// name may have a DNS prefix
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>).
fn is_word(text: &str) -> bool {
    let edge = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    text.len() <= 63 && edge(text.bytes().next()) && edge(text.bytes().last()) && text.bytes().all(inner)
}

fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(p, n)| (Some(p), n));
    let label = |l: &str| {
        !l.is_empty()
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let fine = is_word(name) && prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(label));
    if fine { Ok(()) } else { Err(format!("`{key}` is no label key")) }
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    if value.is_empty() || is_word(value) { Ok(()) } else { Err(format!("`{value}` is no label value (of `{key}`)")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        text.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn one(key: &str, operator: &str, values: &[&str]) -> Selector {
        Selector::new([requirement(key, operator, values.iter().map(|v| (*v).to_owned()).collect()).unwrap()])
    }

    #[test]
    fn absent_keys_are_not_in_any_list() {
        let check =
            |s: Selector, has: &str, expected: bool| assert_eq!(s.matches(&labels(has)), expected, "{s} on {has}");
        check(one("a", "In", &["x", "y"]), "a=y", true);
        check(one("a", "In", &["x"]), "b=x", false);
        check(one("a", "NotIn", &["x"]), "b=x", true);
        check(one("a", "NotIn", &["x"]), "a=x", false);
        check(one("a", "Exists", &[]), "a=", true);
        check(one("a", "DoesNotExist", &[]), "a=", false);
        check(one("a", "DoesNotExist", &[]), "b=1", true);
        check(Selector::everything(), "", true);
    }

    #[test]
    fn an_unknown_value_is_there_but_never_named() {
        let hash = Labels::from([("pod-template-hash".to_owned(), UNKNOWN_VALUE.to_owned())]);
        assert!(one("pod-template-hash", "Exists", &[]).matches(&hash));
        assert!(!one("pod-template-hash", "In", &["abc"]).matches(&hash));
    }

    #[test]
    fn what_the_server_refuses_is_refused() {
        let check = |key: &str, operator: &str, values: &[&str], word: &str| {
            let error = requirement(key, operator, values.iter().map(|v| (*v).to_owned()).collect()).unwrap_err();
            assert!(error.contains(word), "{error}");
        };
        check("a", "In", &[], "at least one value");
        check("a", "Exists", &["x"], "takes no values");
        check("a", "in", &["x"], "no operator");
        check("a", "In", &["not a value"], "no label value");
        check("-a", "Exists", &[], "no label key");
        check("Example.com/a", "Exists", &[], "no label key");
        assert!(check_key("example.com/a.b_c").is_ok());
    }

    #[test]
    fn equal_selectors_are_equal_however_they_are_written() {
        let typed = meta::LabelSelector {
            match_labels: Some(labels("b=2,a=1")),
            match_expressions: Some(vec![meta::LabelSelectorRequirement {
                key: "a".into(),
                operator: "In".into(),
                values: Some(vec!["1".into()]),
            }]),
        };
        assert_eq!(Selector::from_typed(&typed).unwrap().to_string(), "a=1,b=2");
    }
}
