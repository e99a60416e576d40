//! Labels and selectors of labels, as the API server reads them and as `kubectl -l` takes them.
//!
//! All requirements of a selector must hold. `NotIn` and `DoesNotExist` hold where the key is absent
//! (<https://github.com/kubernetes/apimachinery/blob/master/pkg/labels/selector.go>).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::expression::Expression;

/// Labels, by key.
pub type Labels = BTreeMap<String, String>;

/// The label that every namespace has, with its name as the value
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name>).
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// `k=v` for each label, with a separator between.
pub fn label_list(labels: &Labels, separator: &str) -> String {
    labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(separator)
}

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
    /// The label is there and its value contains this text.
    Contains(String),
    /// The label is there and its value starts with this text.
    StartsWith(String),
    /// The label is there and its value ends with this text.
    EndsWith(String),
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The key of the label.
    pub key: String,
    /// What is asked of it.
    pub operator: Operator,
}

/// A selector: requirements and further expressions, sorted and without repetitions, all of which must hold. The empty
/// one selects everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
    expressions: Vec<Expression>,
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
        Selector { requirements, expressions: Vec::new() }
    }

    /// A selector of an expression. Parts of it that are requirements, all of which must hold, become requirements.
    pub fn of(expression: Expression) -> Selector {
        let parts = match expression.simplified() {
            Expression::All(parts) => parts,
            one => vec![one],
        };
        let (mut requirements, mut expressions) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Expression::Label(requirement) => requirements.push(requirement),
                other => expressions.push(other),
            }
        }
        expressions.sort();
        expressions.dedup();
        Selector { expressions, ..Selector::new(requirements) }
    }

    /// A selector of expressions in their simplest form, all of which must hold.
    pub fn all_of<'e>(expressions: impl Iterator<Item = &'e Expression>) -> Selector {
        Selector { requirements: Vec::new(), expressions: expressions.cloned().collect() }
    }

    /// What both selectors select.
    pub fn and(&self, other: &Selector) -> Selector {
        let mut both = Selector::new(self.requirements.iter().chain(&other.requirements).cloned());
        both.expressions = self.expressions.iter().chain(&other.expressions).cloned().collect();
        both.expressions.sort();
        both.expressions.dedup();
        both
    }

    /// The selector as one expression.
    pub fn expression(&self) -> Expression {
        let requirements = self.requirements.iter().cloned().map(Expression::Label);
        Expression::All(requirements.chain(self.expressions.iter().cloned()).collect())
    }

    /// The requirements, sorted.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// What must hold beside the requirements, sorted.
    pub fn expressions(&self) -> &[Expression] {
        &self.expressions
    }

    /// The keys of all labels that it asks for.
    pub fn keys(&self) -> BTreeSet<&str> {
        let mut keys: BTreeSet<&str> = self.requirements.iter().map(|r| r.key.as_str()).collect();
        self.expressions.iter().for_each(|e| e.add_keys(&mut keys));
        keys
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty() && self.expressions.is_empty()
    }

    /// Whether it selects something that has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_sets(std::slice::from_ref(labels))
    }

    /// Whether it selects something that has several sets of labels: what asks for a label must hold in one of them,
    /// what excludes a label in all of them.
    pub fn matches_sets(&self, sets: &[Labels]) -> bool {
        self.requirements.iter().all(|r| r.matches_sets(sets)) && self.expressions.iter().all(|e| e.matches_sets(sets))
    }
}

impl Requirement {
    /// A label with this value, as `matchLabels` asks for it.
    pub fn equals(key: &str, value: &str) -> Result<Requirement, String> {
        Requirement::new(key, "In", vec![value.to_owned()])
    }

    /// What an entry of `matchExpressions` asks for.
    pub fn new(key: &str, operator: &str, values: Vec<String>) -> Result<Requirement, String> {
        check_key(key)?;
        for value in &values {
            check_value(key, value)?;
        }
        let operator = match (operator, values.is_empty()) {
            ("In" | "NotIn", true) => return Err(format!("operator {operator} on `{key}` needs at least one value")),
            ("Exists" | "DoesNotExist", false) => {
                return Err(format!("operator {operator} on `{key}` takes no values"));
            }
            ("In", _) => Operator::In(values),
            ("NotIn", _) => Operator::NotIn(values),
            ("Exists", _) => Operator::Exists,
            ("DoesNotExist", _) => Operator::DoesNotExist,
            _ => return Err(format!("`{operator}` is no operator; there are In, NotIn, Exists and DoesNotExist")),
        };
        Ok(Requirement { key: key.to_owned(), operator })
    }

    /// Whether labels meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_sets(std::slice::from_ref(labels))
    }

    pub(super) fn matches_sets(&self, sets: &[Labels]) -> bool {
        let mut values = sets.iter().filter_map(|labels| labels.get(&self.key));
        match &self.operator {
            Operator::In(wanted) => values.any(|v| wanted.contains(v)),
            Operator::NotIn(wanted) => !values.any(|v| wanted.contains(v)),
            Operator::Exists => values.next().is_some(),
            Operator::DoesNotExist => values.next().is_none(),
            Operator::Contains(part) => values.any(|v| v.contains(part.as_str())),
            Operator::StartsWith(part) => values.any(|v| v.starts_with(part.as_str())),
            Operator::EndsWith(part) => values.any(|v| v.ends_with(part.as_str())),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.operator {
            Operator::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0]),
            Operator::In(values) => write!(f, "{key} in ({})", values.join(",")),
            Operator::NotIn(values) => write!(f, "{key} notin ({})", values.join(",")),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Contains(part) => write!(f, "{key} contains {part}"),
            Operator::StartsWith(part) => write!(f, "{key} starts with {part}"),
            Operator::EndsWith(part) => write!(f, "{key} ends with {part}"),
        }
    }
}

impl fmt::Display for Selector {
    /// As kubectl writes it: `app=web,tier in (a,b),!debug`, further expressions in brackets; nothing for the selector
    /// of everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requirements = self.requirements.iter().map(Requirement::to_string);
        let words: Vec<String> = requirements.chain(self.expressions.iter().map(Expression::to_string)).collect();
        f.write_str(&words.join(","))
    }
}

/// The text is not a valid selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no label selector; write key=value, key!=value, `key in (a,b)`, `key notin (a,b)`, key or !key, \
     with commas between"
)]
pub struct BadSelector(String);

impl FromStr for Selector {
    type Err = BadSelector;

    /// Reads what `kubectl -l` takes
    /// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>).
    fn from_str(text: &str) -> Result<Selector, BadSelector> {
        let parts = split(text).into_iter().map(|part| written(part.trim()));
        let requirements: Option<Vec<Requirement>> = parts.collect();
        requirements.map(Selector::new).ok_or_else(|| BadSelector(text.to_owned()))
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

/// The requirement of one part of a text.
fn written(text: &str) -> Option<Requirement> {
    let made = |key: &str, operator, values: &str| {
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        Requirement::new(key.trim(), operator, values).ok()
    };
    for (sign, operator) in [("!=", "NotIn"), ("==", "In"), ("=", "In")] {
        if let Some((key, value)) = text.split_once(sign) {
            return made(key, operator, value).filter(|_| !value.contains(','));
        }
    }
    if let Some(key) = text.strip_prefix('!') {
        return Requirement::new(key.trim(), "DoesNotExist", Vec::new()).ok();
    }
    let Some((left, list)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) else {
        return Requirement::new(text, "Exists", Vec::new()).ok();
    };
    match left.trim().rsplit_once(char::is_whitespace)? {
        (key, "in") => made(key, "In", list),
        (key, "notin") => made(key, "NotIn", list),
        _ => None,
    }
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
        Selector::new([Requirement::new(key, operator, values.iter().map(|v| (*v).to_owned()).collect()).unwrap()])
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
    fn what_the_server_refuses_is_refused() {
        let check = |key: &str, operator: &str, values: &[&str], word: &str| {
            let error = Requirement::new(key, operator, values.iter().map(|v| (*v).to_owned()).collect()).unwrap_err();
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

    fn means(selector: &str, has: &str) -> bool {
        selector.parse::<Selector>().unwrap().matches(&labels(has))
    }

    #[test]
    fn selectors_mean_what_kubectl_means() {
        assert!(means("app=web", "app=web,tier=front"));
        assert!(means("app==web,tier!=back", "app=web,tier=front"));
        assert!(!means("app=web,tier!=front", "app=web,tier=front"));
        assert!(means("tier!=front", "app=web"));
        assert!(means("app in (web, api), !old", "app=api"));
        assert!(!means("app in (web, api)", "tier=api"));
        assert!(means("app notin (web,api)", "tier=api"));
        assert!(means("app.kubernetes.io/part-of=shop", "app.kubernetes.io/part-of=shop"));
        assert!(means("app", "app=") && !means("!app", "app=") && means("app=", "app="));
    }

    #[test]
    fn what_is_no_selector_is_told() {
        for text in
            ["", "=x", "app in web", "app within (a)", "a b", "app=we b", "app in (a", "a,,b", "-a=b", "a/b/c", "a=-b"]
        {
            let error = text.parse::<Selector>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}`")));
        }
    }

    #[test]
    fn of_several_sets_one_must_have_what_is_asked_and_none_what_is_excluded() {
        let sets = [labels("app=web"), labels("tier=front")];
        let check = |text: &str, expected: bool| {
            assert_eq!(text.parse::<Selector>().unwrap().matches_sets(&sets), expected, "{text}");
        };
        check("app=web,tier=front", true);
        check("app=web,tier!=front", false);
        check("!tier", false);
        assert_eq!(label_list(&labels("b=2,a=1"), ", "), "a=1, b=2");
    }
}
