//! Expressions over labels: requirements joined by "and", "or" and "not", as the selectors of Calico write them.
//!
//! Guarantees: simplified, "not" is only before what no operator negates, nothing of one kind is nested in itself, and
//! requirements of one label that are joined by "or" are one.

use std::collections::BTreeSet;
use std::fmt;

use super::labels::{Labels, Operator, Requirement};

/// An expression over labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expression {
    /// One requirement.
    Label(Requirement),
    /// The expression does not hold.
    Not(Box<Expression>),
    /// All of them hold; of none, always.
    All(Vec<Expression>),
    /// One of them holds; of none, never.
    Any(Vec<Expression>),
}

impl Expression {
    /// Holds for everything.
    pub fn always() -> Expression {
        Expression::All(Vec::new())
    }

    /// Holds for nothing.
    pub fn never() -> Expression {
        Expression::Any(Vec::new())
    }

    /// One requirement, whose key and values are not checked.
    pub fn label(key: &str, operator: Operator) -> Expression {
        Expression::Label(Requirement { key: key.to_owned(), operator })
    }

    /// Holds where it does not.
    pub fn negated(self) -> Expression {
        let all = |parts: Vec<Expression>| parts.into_iter().map(Expression::negated).collect();
        match self {
            Expression::Not(inner) => *inner,
            Expression::All(parts) => Expression::Any(all(parts)),
            Expression::Any(parts) => Expression::All(all(parts)),
            Expression::Label(Requirement { key, operator }) => {
                let operator = match operator {
                    Operator::In(values) => Operator::NotIn(values),
                    Operator::NotIn(values) => Operator::In(values),
                    Operator::Exists => Operator::DoesNotExist,
                    Operator::DoesNotExist => Operator::Exists,
                    other => {
                        return Expression::Not(Box::new(Expression::Label(Requirement { key, operator: other })));
                    }
                };
                Expression::Label(Requirement { key, operator })
            }
        }
    }

    /// The same in its simplest form.
    pub fn simplified(self) -> Expression {
        match self {
            Expression::Label(_) => self,
            Expression::Not(inner) => match inner.simplified().negated() {
                label @ (Expression::Not(_) | Expression::Label(_)) => label,
                list => list.simplified(),
            },
            Expression::All(parts) => {
                let mut flat = Vec::new();
                for part in parts.into_iter().map(Expression::simplified) {
                    match part {
                        Expression::All(inner) => flat.extend(inner),
                        Expression::Any(none) if none.is_empty() => return Expression::never(),
                        other => flat.push(other),
                    }
                }
                one_or(flat, Expression::All)
            }
            Expression::Any(parts) => {
                let mut flat: Vec<Expression> = Vec::new();
                for part in parts.into_iter().map(Expression::simplified) {
                    match part {
                        Expression::Any(inner) => flat.extend(inner),
                        Expression::All(all) if all.is_empty() => return Expression::always(),
                        other => flat.push(other),
                    }
                }
                one_or(joined(flat), Expression::Any)
            }
        }
    }

    /// Whether it holds for something that has several sets of labels.
    pub(super) fn matches_sets(&self, sets: &[Labels]) -> bool {
        match self {
            Expression::Label(requirement) => requirement.matches_sets(sets),
            Expression::Not(inner) => !inner.matches_sets(sets),
            Expression::All(parts) => parts.iter().all(|p| p.matches_sets(sets)),
            Expression::Any(parts) => parts.iter().any(|p| p.matches_sets(sets)),
        }
    }

    /// The keys of all labels that it asks for.
    pub fn keys(&self) -> BTreeSet<&str> {
        let mut keys = BTreeSet::new();
        self.add_keys(&mut keys);
        keys
    }

    /// Adds the keys of all labels that it asks for.
    pub(super) fn add_keys<'e>(&'e self, keys: &mut BTreeSet<&'e str>) {
        match self {
            Expression::Label(requirement) => {
                keys.insert(&requirement.key);
            }
            Expression::Not(inner) => inner.add_keys(keys),
            Expression::All(parts) | Expression::Any(parts) => parts.iter().for_each(|p| p.add_keys(keys)),
        }
    }
}

/// The only part, or a list of them.
fn one_or(mut parts: Vec<Expression>, list: fn(Vec<Expression>) -> Expression) -> Expression {
    parts.sort();
    parts.dedup();
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            list(parts)
        }
        None => list(parts),
    }
}

/// Values of one label, one of which it must have, are one list.
fn joined(parts: Vec<Expression>) -> Vec<Expression> {
    let mut values: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    let mut rest = Vec::new();
    for part in parts {
        match part {
            Expression::Label(Requirement { key, operator: Operator::In(some) }) => {
                values.entry(key).or_default().extend(some);
            }
            other => rest.push(other),
        }
    }
    for (key, mut some) in values {
        some.sort();
        some.dedup();
        rest.push(Expression::Label(Requirement { key, operator: Operator::In(some) }));
    }
    rest
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |parts: &[Expression], word: &str| parts.iter().map(Expression::to_string).collect::<Vec<_>>().join(word);
        match self {
            Expression::Label(requirement) => requirement.fmt(f),
            Expression::Not(inner) => write!(f, "not ({inner})"),
            Expression::All(parts) if parts.is_empty() => f.write_str("(anything)"),
            Expression::Any(parts) if parts.is_empty() => f.write_str("(nothing)"),
            Expression::All(parts) => write!(f, "({})", list(parts, " and ")),
            Expression::Any(parts) => write!(f, "({})", list(parts, " or ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Selector;
    use super::*;

    fn is(key: &str, values: &[&str]) -> Expression {
        Expression::label(key, Operator::In(values.iter().map(|v| (*v).to_owned()).collect()))
    }

    #[test]
    fn expressions_become_requirements_where_they_can() {
        let check = |expression: Expression, expected: &str| {
            assert_eq!(Selector::of(expression).to_string(), expected);
        };
        check(Expression::always(), "");
        check(Expression::never(), "(nothing)");
        check(Expression::All(vec![is("b", &["2"]), is("a", &["1"])]), "a=1,b=2");
        check(Expression::Any(vec![is("a", &["2"]), is("a", &["1"])]), "a in (1,2)");
        check(Expression::Any(vec![is("a", &["1"]), is("b", &["1"])]), "(a=1 or b=1)");
        check(
            Expression::Not(Box::new(Expression::Any(vec![is("a", &["1"]), is("b", &["1"])]))),
            "a notin (1),b notin (1)",
        );
        check(Expression::Not(Box::new(is("a", &["1"]).negated())), "a=1");
        check(Expression::label("a", Operator::Contains("x".into())).negated(), "not (a contains x)");
        check(Expression::All(vec![Expression::never(), is("a", &["1"])]), "(nothing)");
        check(Expression::Any(vec![Expression::always(), is("a", &["1"])]), "");
    }
}
