//! What rules of Cilium ask of requests: of HTTP, Kafka, DNS and TLS
//! (<https://docs.cilium.io/en/stable/security/policy/language/#layer-7-examples>).

use super::super::read::{Field, Read};
use super::super::request::{Condition, METHOD, Pattern, Test};

/// What an entry of `http` asks. Path, method and host are regular expressions that the whole of it must match.
pub(super) fn http(rule: &Field<'_>) -> Read<Vec<Test>> {
    let mut tests = Vec::new();
    for (key, of) in [("method", METHOD), ("path", "path"), ("host", "host")] {
        if let Some(field) = rule.get(key) {
            tests.extend(expression(of, field.text()?));
        }
    }
    for header in rule.list("headers")? {
        let text = header.text()?;
        let (name, value) = text.split_once(':').map_or((text, ""), |(name, value)| (name, value.trim()));
        tests.push(of_header(name.trim(), value));
    }
    for header in rule.list("headerMatches")? {
        header.must_be_map()?;
        let name = header.required("name")?.text()?;
        // With any of these the request goes on, whatever the header says.
        let goes_on = ["LOG", "ADD", "DELETE", "REPLACE"];
        let mismatch = header.get("mismatch").map(|f| f.text()).transpose()?.unwrap_or_default();
        if goes_on.contains(&mismatch) {
            continue;
        }
        if header.get("secret").is_some() {
            tests.push(Test::Like { of: format!("header {name}"), pattern: "that of a Secret".to_owned() });
        } else {
            tests.push(of_header(name, header.get("value").map(|f| f.text()).transpose()?.unwrap_or_default()));
        }
    }
    Ok(tests)
}

fn of_header(name: &str, value: &str) -> Test {
    let any = if value.is_empty() { Pattern::Prefix(String::new()) } else { Pattern::Exact(value.to_owned()) };
    Test::Text { of: format!("header {name}"), optional: true, any: vec![any], none: Vec::new() }
}

/// What an entry of `kafka` asks.
pub(super) fn kafka(rule: &Field<'_>) -> Read<Vec<Test>> {
    let mut tests = Vec::new();
    if let (Some(_), Some(key)) = (rule.get("role"), rule.get("apiKey")) {
        return Err(key.fault("`apiKey` cannot go with `role`"));
    }
    for (key, of) in [
        ("role", "Kafka role"),
        ("apiKey", "Kafka key"),
        ("apiVersion", "Kafka version"),
        ("clientID", "Kafka client"),
        ("topic", "Kafka topic"),
    ] {
        let Some(field) = rule.get(key) else { continue };
        let text = match field.as_text() {
            Some(text) => text.to_owned(),
            None => field.number()?.to_string(),
        };
        if !text.is_empty() {
            tests.push(exactly(of, vec![text]));
        }
    }
    Ok(tests)
}

/// What an entry of `dns` asks.
pub(super) fn dns(rule: &Field<'_>) -> Read<Vec<Test>> {
    let one = rule.exactly_one(&["matchName", "matchPattern"])?;
    let name = one.text()?.trim_end_matches('.').to_ascii_lowercase();
    Ok(name_test("name", &name).into_iter().collect())
}

/// A test for a name of a host, where `*` represents anything within one part of it; `None` for every name.
fn name_test(of: &str, name: &str) -> Option<Test> {
    match name {
        "*" => None,
        _ if name.contains('*') => Some(Test::Like { of: of.to_owned(), pattern: name.to_owned() }),
        _ => Some(exactly(of, vec![name.to_owned()])),
    }
}

/// What a rule for another protocol asks.
pub(super) fn of_protocol(rules: &Field<'_>, protocol: &Field<'_>) -> Read<Vec<Condition>> {
    let protocol = protocol.text()?;
    let mut found = Vec::new();
    for item in rules.list("l7")? {
        let mut tests = Vec::new();
        for entry in item.entries()? {
            tests.push(exactly(&format!("{protocol} {}", entry.key()), vec![entry.text_or_empty()?.to_owned()]));
        }
        match Condition::of(tests) {
            Some(condition) => found.push(condition),
            None => return Ok(Vec::new()),
        }
    }
    Ok(found)
}

/// What is asked of the name that a client of TLS asks for.
pub(super) fn server_names(entry: &Field<'_>) -> Read<Option<Condition>> {
    let (mut names, mut patterns) = (Vec::new(), Vec::new());
    for field in entry.list("serverNames")? {
        let name = field.text()?;
        if name.is_empty() {
            return Err(field.fault("the name is empty"));
        }
        if name.contains('*') { patterns.push(name.to_owned()) } else { names.push(name.to_owned()) }
    }
    let of = "TLS name";
    Ok(match (names.is_empty(), patterns.is_empty()) {
        (true, true) => None,
        (false, true) => Condition::of(vec![exactly(of, names)]),
        _ => {
            let pattern = names.into_iter().chain(patterns).collect::<Vec<_>>().join(" or ");
            Condition::of(vec![Test::Like { of: of.to_owned(), pattern }])
        }
    })
}

fn exactly(of: &str, texts: Vec<String>) -> Test {
    let any = texts.into_iter().map(Pattern::Exact).collect();
    Test::Text { of: of.to_owned(), optional: of != METHOD && of != "path", any, none: Vec::new() }
}

/// The test that a regular expression is; `None` if every text matches it. Those that say no more than a few texts,
/// how they begin or how they end are compared with others; of others it is only known that they may match or not.
fn expression(of: &str, regex: &str) -> Option<Test> {
    let bare = regex.strip_prefix('^').unwrap_or(regex);
    let bare = bare.strip_suffix('$').filter(|b| !b.ends_with('\\')).unwrap_or(bare);
    if bare.is_empty() || matches!(bare, ".*" | "/.*" if bare == ".*" || of == "path") {
        return None;
    }
    let inner = bare.strip_prefix('(').and_then(|b| b.strip_suffix(')')).unwrap_or(bare);
    let patterns: Option<Vec<Pattern>> = inner.split('|').map(pattern).collect();
    match patterns {
        Some(any) => Some(Test::Text { of: of.to_owned(), optional: false, any, none: Vec::new() }),
        None => Some(Test::Like { of: of.to_owned(), pattern: regex.to_owned() }),
    }
}

/// A regular expression that is a text, or one with `.*` before or after it.
fn pattern(regex: &str) -> Option<Pattern> {
    if let Some(start) = regex.strip_suffix(".*") {
        return literal(start).map(Pattern::Prefix);
    }
    match regex.strip_prefix(".*") {
        Some(end) => literal(end).map(Pattern::Suffix),
        None => literal(regex).map(Pattern::Exact),
    }
}

/// The text that a regular expression without any operator is. A dot counts as itself: so names are written.
fn literal(regex: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = regex.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next().filter(|c| !c.is_ascii_alphanumeric()).map(Some)?),
            '*' | '+' | '?' | '[' | ']' | '(' | ')' | '{' | '}' | '^' | '$' | '|' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_say_little_are_understood() {
        let words = |of: &str, regex: &str| expression(of, regex).map(|t| t.to_string()).unwrap_or_default();
        assert_eq!(words("method", "^GET$"), "method GET");
        assert_eq!(words("method", "GET|POST"), "method GET or POST");
        assert_eq!(words("path", "/v1/.*"), "path /v1/*");
        assert_eq!(words("path", "/.*"), "");
        assert_eq!(words("path", "/a\\.b$"), "path /a.b");
        assert_eq!(words("path", "/v[0-9]+"), "path like /v[0-9]+");
        assert_eq!(words("host", ".*\\.test"), "host *.test");
    }
}
