//! Rules that are about some requests only: what they ask of a request, and which kinds of requests there are.
//!
//! Guarantees: two requests of one kind meet the same conditions, and each kind that can occur is there; where there
//! would be too many, none are given.

use std::collections::BTreeSet;
use std::fmt;

use crate::net::{PortSet, Protocol};

/// More kinds of requests than this are not told apart.
const MOST_KINDS: usize = 512;
/// More values of one property than this are not tried.
const MOST_VALUES: usize = 4_096;

/// A text as rules describe it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// This very text.
    Exact(String),
    /// Any text that starts so; any at all if that is empty.
    Prefix(String),
    /// Any text that ends so.
    Suffix(String),
}

impl Pattern {
    /// A text where a `*` at its start or end represents anything.
    pub fn with_stars(text: &str) -> Pattern {
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (_, Some(start)) => Pattern::Prefix(start.to_owned()),
            (Some(end), None) => Pattern::Suffix(end.to_owned()),
            (None, None) => Pattern::Exact(text.to_owned()),
        }
    }

    /// Whether a text is described.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Pattern::Exact(exact) => text == exact,
            Pattern::Prefix(start) => text.starts_with(start.as_str()),
            Pattern::Suffix(end) => text.ends_with(end.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(text) => f.write_str(text),
            Pattern::Prefix(start) => write!(f, "{start}*"),
            Pattern::Suffix(end) => write!(f, "*{end}"),
        }
    }
}

/// One thing that a rule asks of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// It comes from one of these ports, given as those of TCP.
    SourcePort(PortSet),
    /// A property of it.
    Text {
        /// The name of the property, such as `method`.
        of: String,
        /// Whether a request may be without it.
        optional: bool,
        /// It is described by one of these; without any it need not be.
        any: Vec<Pattern>,
        /// It is described by none of these.
        none: Vec<Pattern>,
    },
    /// A property of it is as a regular expression or another pattern says, of which it is only known that some
    /// requests match it and others do not.
    Like {
        /// The name of the property.
        of: String,
        /// The pattern as it is written.
        pattern: String,
    },
}

impl Test {
    /// Whether it concerns the same property as another.
    fn property(&self) -> (&str, &str) {
        match self {
            Test::SourcePort(_) => ("", ""),
            Test::Text { of, .. } => (of, ""),
            Test::Like { of, pattern } => (of, pattern),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |patterns: &[Pattern]| patterns.iter().map(Pattern::to_string).collect::<Vec<_>>().join(" or ");
        match self {
            Test::SourcePort(ports) => {
                let ranges = ports.ranges(Protocol::Tcp).into_iter();
                let words = ranges.map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
                write!(f, "source port {}", words.collect::<Vec<_>>().join(", "))
            }
            Test::Like { of, pattern } => write!(f, "{of} like {pattern}"),
            Test::Text { of, any, none, .. } if none.is_empty() => write!(f, "{of} {}", list(any)),
            Test::Text { of, any, none, .. } if any.is_empty() => write!(f, "{of} not {}", list(none)),
            Test::Text { of, any, none, .. } => write!(f, "{of} {} but not {}", list(any), list(none)),
        }
    }
}

/// What a rule asks of a request: all of these.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    tests: Vec<Test>,
}

impl Condition {
    /// A condition of tests; `None` if there is none, so that every request meets it.
    pub fn of(mut tests: Vec<Test>) -> Option<Condition> {
        tests.sort();
        tests.dedup();
        (!tests.is_empty()).then_some(Condition { tests })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tests.iter().map(Test::to_string).collect::<Vec<_>>().join(", "))
    }
}

/// A kind of requests: for each condition whether they meet it.
pub(super) type Kind = Vec<bool>;

/// The kinds of requests that these conditions tell apart; `None` if there are too many.
pub(super) fn kinds(conditions: &[&Condition]) -> Option<Vec<Kind>> {
    let mut kinds: BTreeSet<Kind> = BTreeSet::from([vec![true; conditions.len()]]);
    let properties: BTreeSet<(&str, &str)> = conditions.iter().flat_map(|c| &c.tests).map(Test::property).collect();
    for property in properties {
        let tests: Vec<Vec<&Test>> =
            conditions.iter().map(|c| c.tests.iter().filter(|t| t.property() == property).collect()).collect();
        let parts = of_property(&tests)?;
        let mut both = BTreeSet::new();
        for kind in &kinds {
            for part in &parts {
                both.insert(kind.iter().zip(part).map(|(a, b)| *a && *b).collect());
                if both.len() > MOST_KINDS {
                    return None;
                }
            }
        }
        kinds = both;
    }
    Some(kinds.into_iter().collect())
}

/// The property of requests that is one of a few words.
pub(super) const METHOD: &str = "method";

/// The methods of HTTP that requests have, as proxies let no others through (RFC 9110, RFC 5789).
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Further ones, which are considered where a rule names them
/// (<https://www.iana.org/assignments/http-methods/http-methods.xhtml>, and `PURGE` of caches).
const RARE_METHODS: [&str; 31] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// The kinds of requests by one property, given the tests of it in each condition.
fn of_property(tests: &[Vec<&Test>]) -> Option<BTreeSet<Kind>> {
    let mut patterns: BTreeSet<&Pattern> = BTreeSet::new();
    let (mut ports, mut may_lack) = (BTreeSet::from([1_u16]), false);
    for test in tests.iter().flatten() {
        match test {
            Test::SourcePort(set) => {
                for (first, last) in set.ranges(Protocol::Tcp) {
                    ports.insert(first);
                    ports.extend(last.checked_add(1));
                }
            }
            Test::Like { .. } => may_lack = true,
            Test::Text { optional, any, none, .. } => {
                may_lack |= optional;
                patterns.extend(any.iter().chain(none));
            }
        }
    }
    let is_method = tests.iter().flatten().any(|t| t.property() == (METHOD, ""));
    let values = if is_method { methods(&patterns) } else { values(&patterns)? };
    if values.len().saturating_mul(ports.len()) > MOST_VALUES {
        return None;
    }
    let texts = values.iter().map(|v| Some(v.as_str())).chain(may_lack.then_some(None));
    let mut kinds = BTreeSet::new();
    for text in texts {
        for port in &ports {
            let meets = |own: &Vec<&Test>| own.iter().all(|t| is_met(t, text, *port));
            kinds.insert(tests.iter().map(meets).collect());
        }
    }
    Some(kinds)
}

/// The methods that requests may have.
fn methods(patterns: &BTreeSet<&Pattern>) -> Vec<String> {
    let is_named = |method: &&&str| patterns.iter().any(|p| matches!(p, Pattern::Exact(text) if text == **method));
    METHODS.iter().chain(RARE_METHODS.iter().filter(is_named)).map(|m| (*m).to_owned()).collect()
}

/// Texts of every kind that these patterns tell apart; `None` if there are too many.
fn values(patterns: &BTreeSet<&Pattern>) -> Option<Vec<String>> {
    // No pattern contains this, for no text of a manifest does.
    const OTHER: &str = "\u{0}";
    let (mut starts, mut ends) = (vec![""], vec![""]);
    let mut values = Vec::new();
    for pattern in patterns {
        match pattern {
            Pattern::Exact(text) => values.push(text.clone()),
            Pattern::Prefix(start) => starts.push(start),
            Pattern::Suffix(end) => ends.push(end),
        }
    }
    if starts.len().saturating_mul(ends.len()) > MOST_VALUES {
        return None;
    }
    values.extend(starts.iter().flat_map(|start| ends.iter().map(move |end| format!("{start}{OTHER}{end}"))));
    Some(values)
}

fn is_met(test: &Test, text: Option<&str>, port: u16) -> bool {
    match test {
        Test::SourcePort(ports) => ports.contains(Protocol::Tcp, port),
        Test::Like { .. } => text.is_some(),
        Test::Text { any, none, .. } => {
            let among = |patterns: &[Pattern]| text.is_some_and(|t| patterns.iter().any(|p| p.matches(t)));
            (any.is_empty() || among(any)) && !among(none)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str, any: &[&str], none: &[&str]) -> Test {
        let list = |texts: &[&str]| texts.iter().map(|t| Pattern::with_stars(t)).collect();
        Test::Text { of: of.into(), optional: of == "header", any: list(any), none: list(none) }
    }

    fn found(conditions: &[Vec<Test>]) -> Vec<String> {
        let conditions: Vec<Condition> = conditions.iter().filter_map(|t| Condition::of(t.clone())).collect();
        let kinds = kinds(&conditions.iter().collect::<Vec<_>>()).unwrap();
        kinds.iter().map(|k| k.iter().map(|b| if *b { '1' } else { '0' }).collect()).collect()
    }

    #[test]
    fn kinds_are_those_that_can_be() {
        assert_eq!(found(&[]), [""]);
        assert_eq!(found(&[vec![text("method", &["GET"], &[])]]), ["0", "1"]);
        assert_eq!(
            found(&[vec![text("method", &["GET"], &[])], vec![text("method", &["POST"], &[])]]),
            ["00", "01", "10"]
        );
        assert_eq!(
            found(&[vec![text("path", &["/a*"], &[])], vec![text("path", &["/a/b*"], &[])]]),
            ["00", "10", "11"]
        );
        assert_eq!(
            found(&[vec![text("path", &["/a*"], &[])], vec![text("path", &["*b"], &[])]]),
            ["00", "01", "10", "11"]
        );
        assert_eq!(found(&[vec![text("path", &["*"], &[])]]), ["1"]);
        assert_eq!(found(&[vec![text("method", &["NONE"], &[])]]), ["0"]);
        assert_eq!(found(&[vec![text("method", &["PROPFIND"], &[])]]), ["0", "1"]);
        let most = text("method", &["P*", "*T", "HEAD", "DELETE", "OPTIONS", "TRACE"], &[]);
        assert_eq!(found(&[vec![most]]), ["1"]);
        assert_eq!(found(&[vec![text("header", &["*"], &[])]]), ["0", "1"]);
        let low = Test::SourcePort(PortSet::range(Protocol::Tcp, 1, 1023));
        assert_eq!(found(&[vec![low.clone()], vec![low, text("method", &["GET"], &[])]]), ["00", "10", "11"]);
    }

    #[test]
    fn too_many_kinds_are_none() {
        let conditions: Vec<Condition> =
            (0..12).filter_map(|i| Condition::of(vec![text(&format!("header {i}"), &["a"], &[])])).collect();
        assert_eq!(kinds(&conditions.iter().collect::<Vec<_>>()), None);
    }

    #[test]
    fn a_condition_has_words() {
        let condition = Condition::of(vec![text("path", &["/a*", "/b"], &["/a/c"]), text("method", &["GET"], &[])]);
        assert_eq!(condition.unwrap().to_string(), "method GET, path /a* or /b but not /a/c");
        assert_eq!(Condition::of(Vec::new()), None);
    }
}
