//! The selector language of Calico: `app == 'web' && !has(old) || tier in {'a', 'b'}`
//! (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors>).
//!
//! `!` binds to the next operation, `&&` closer than `||`. What denies a value also holds where the label is absent.

use super::super::added;
use crate::net::{Expression, NAMESPACE_NAME, Operator};

/// Brackets may be nested this deep.
const DEEPEST: usize = 64;

/// Whose labels a selector is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Those of pods and network sets.
    Endpoints,
    /// Those of namespaces.
    Namespaces,
    /// Those of service accounts.
    Accounts,
}

impl Of {
    /// The label as pods and namespaces have it here.
    fn key(self, written: &str) -> String {
        match self {
            Of::Endpoints => written.to_owned(),
            Of::Namespaces if written == added::NAME => NAMESPACE_NAME.to_owned(),
            Of::Namespaces => written.to_owned(),
            Of::Accounts => format!("{}{written}", added::OF_ACCOUNT),
        }
    }

    /// `all()`: of namespaces every one, but not what has none; of service accounts whatever runs under one.
    fn all(self) -> Expression {
        match self {
            Of::Endpoints => Expression::always(),
            Of::Namespaces => Expression::label(NAMESPACE_NAME, Operator::Exists),
            Of::Accounts => Expression::label(added::SERVICE_ACCOUNT, Operator::Exists),
        }
    }

    /// `global()`: what has no namespace.
    fn global(self) -> Expression {
        let key = if self == Of::Namespaces { NAMESPACE_NAME } else { added::NAMESPACE };
        Expression::label(key, Operator::DoesNotExist)
    }
}

/// Reads a selector; the empty one selects everything.
pub(super) fn parse(text: &str, of: Of) -> Result<Expression, String> {
    let mut parser = Parser { text, at: 0, of, depth: 0 };
    if parser.rest().is_empty() {
        return Ok(of.all());
    }
    let expression = parser.any()?;
    if parser.rest().is_empty() { Ok(expression.simplified()) } else { Err(parser.expected("`&&`, `||` or the end")) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    of: Of,
    depth: usize,
}

impl<'t> Parser<'t> {
    /// What is still to be read, without white space before it.
    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn expected(&mut self, what: &str) -> String {
        let rest = self.rest();
        let character = self.text[..self.at].chars().count() + 1;
        let found: String = rest.chars().take(12).collect();
        let found = if found.is_empty() { "its end".to_owned() } else { format!("`{found}`") };
        format!("no selector: expected {what} at character {character}, found {found}")
    }

    /// Reads a mark if it comes next.
    fn takes(&mut self, mark: &str) -> bool {
        let there = self.rest().starts_with(mark);
        if there {
            self.at += mark.len();
        }
        there
    }

    /// Reads a word if it comes next and nothing that could be part of it follows.
    fn takes_word(&mut self, word: &str) -> bool {
        let there = self.rest().strip_prefix(word).is_some_and(|after| !after.starts_with(is_of_label));
        if there {
            self.at += word.len();
        }
        there
    }

    fn must(&mut self, mark: &str) -> Result<(), String> {
        if self.takes(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    fn any(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.every()?];
        while self.takes("||") {
            parts.push(self.every()?);
        }
        Ok(Expression::Any(parts))
    }

    fn every(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.one()?];
        while self.takes("&&") {
            parts.push(self.one()?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self) -> Result<Expression, String> {
        let mut negated = false;
        while self.takes("!") {
            negated = !negated;
        }
        let expression = self.operation()?;
        Ok(if negated { expression.negated() } else { expression })
    }

    fn operation(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("no selector: brackets are nested deeper than {DEEPEST}"));
            }
            let inner = self.any()?;
            self.must(")")?;
            self.depth -= 1;
            return Ok(inner);
        }
        for (word, whole) in [("all", self.of.all()), ("global", self.of.global())] {
            let start = self.at;
            if self.takes_word(word) {
                if self.takes("(") {
                    self.must(")")?;
                    return Ok(whole);
                }
                self.at = start;
            }
        }
        let start = self.at;
        if self.takes_word("has") {
            if self.takes("(") {
                let key = self.label()?;
                self.must(")")?;
                return Ok(Expression::label(&key, Operator::Exists));
            }
            self.at = start;
        }
        let key = self.label()?;
        self.comparison(&key)
    }

    fn comparison(&mut self, key: &str) -> Result<Expression, String> {
        let operator = if self.takes("==") {
            Operator::In(vec![self.value()?])
        } else if self.takes("!=") {
            Operator::NotIn(vec![self.value()?])
        } else if self.takes_word("in") {
            Operator::In(self.list()?)
        } else if self.takes_word("not") {
            if !self.takes_word("in") {
                return Err(self.expected("`in`"));
            }
            Operator::NotIn(self.list()?)
        } else if self.takes_word("contains") {
            Operator::Contains(self.value()?)
        } else if self.takes_word("starts") {
            self.must("with")?;
            Operator::StartsWith(self.value()?)
        } else if self.takes_word("ends") {
            self.must("with")?;
            Operator::EndsWith(self.value()?)
        } else {
            return Err(self.expected("an operator such as `==` or `in`"));
        };
        Ok(Expression::label(key, operator))
    }

    fn label(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let end = rest.find(|c| !is_of_label(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.expected("a label or `(`"));
        }
        self.at += end;
        Ok(self.of.key(&rest[..end]))
    }

    fn value(&mut self) -> Result<String, String> {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let inner = quote.and_then(|q| rest[1..].split_once(q));
        let Some((inner, _)) = inner else { return Err(self.expected("a text in quotes")) };
        self.at += inner.len() + 2;
        Ok(inner.to_owned())
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.must("{")?;
        let mut values = Vec::new();
        if self.takes("}") {
            return Ok(values);
        }
        loop {
            values.push(self.value()?);
            if self.takes("}") {
                values.sort();
                values.dedup();
                return Ok(values);
            }
            if !self.takes(",") {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }
}

fn is_of_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Labels, Selector};

    fn means(text: &str, has: &str) -> bool {
        let labels: Labels =
            has.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Selector::of(parse(text, Of::Endpoints).unwrap()).matches(&labels)
    }

    #[test]
    fn selectors_mean_what_calico_means() {
        let check = |text: &str, has: &str, expected: bool| assert_eq!(means(text, has), expected, "{text} on {has}");
        check("", "", true);
        check("all()", "", true);
        check(" all ( ) ", "", true);
        check("!all()", "a=1", false);
        check("global()", "projectcalico.org/namespace=x", false);
        check("a == 'x'", "a=x", true);
        check("a==\"x\"", "a=x", true);
        check("a == 'it\"s'", "a=it\"s", true);
        check("a != 'x'", "", true);
        check("a in {'x', \"y\"}", "a=y", true);
        check("a in {}", "a=y", false);
        check("a not in {'x'}", "", true);
        check("a not in {'x'}", "a=x", false);
        check("has(a.b/c-d)", "a.b/c-d=", true);
        check("a contains 'b'", "a=abc", true);
        check("a contains 'b'", "", false);
        check("!a contains 'b'", "", true);
        check("a starts with 'ab'", "a=abc", true);
        check("a ends  with 'bc'", "a=abc", true);
        check("!has(a) && b == '1'", "b=1", true);
        check("!has(a) && b == '1'", "a=,b=1", false);
        check("a == '1' || b == '1' && c == '1'", "a=1", true);
        check("(a == '1' || b == '1') && c == '1'", "a=1", false);
        check("!(a == '1' || b == '1')", "c=1", true);
        check("!!has(a)", "a=", true);
        check("in == 'x'", "in=x", true);
        check("has == 'x' && allow == 'y'", "has=x,allow=y", true);
    }

    #[test]
    fn what_is_no_selector_is_reported_with_its_place() {
        let check = |text: &str, words: &str| {
            let error = parse(text, Of::Endpoints).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        };
        check("a = 'x'", "an operator such as `==` or `in` at character 3, found `= 'x'`");
        check("a == x", "a text in quotes at character 6");
        check("a == 'x", "a text in quotes");
        check("a == 'é' b", "at character 10");
        check("a in {'x' 'y'}", "`,` or `}`");
        check("(a == 'x'", "`)` at character 10, found its end");
        check("a == 'x' &&", "a label or `(`");
        check("a not 'x'", "expected `in`");
        check("has a", "an operator");
        check("all(", "`)`");
        check(&"(".repeat(100), "nested deeper");
    }

    #[test]
    fn labels_of_namespaces_and_accounts_are_where_pods_have_them() {
        let words = |text: &str, of: Of| Selector::of(parse(text, of).unwrap()).to_string();
        assert_eq!(words("projectcalico.org/name == 'a'", Of::Namespaces), "kubernetes.io/metadata.name=a");
        assert_eq!(words("all()", Of::Namespaces), "kubernetes.io/metadata.name");
        assert_eq!(words("role == 'a'", Of::Accounts), "pcsa.role=a");
    }
}
