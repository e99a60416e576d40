//! Rules of Traefik in the language of its `match` fields
//! (<https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/>): read into
//! alternatives, each with its hosts, path and further conditions.

/// One alternative of a rule: everything in it must hold.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Alternative {
    /// The hosts; none for any host.
    pub hosts: Vec<String>,
    /// The path with the type that `pathType` of an Ingress has.
    pub path: Option<(String, &'static str)>,
    /// The addresses of the clients that it is for; none for all.
    pub clients: Vec<String>,
    /// Further conditions, as they are written.
    pub conditions: Vec<String>,
}

/// More alternatives than this are not told apart.
const MOST: usize = 64;

/// Deeper parentheses than this are not read.
const DEEPEST: usize = 32;

/// The alternatives of a rule; `None` if it cannot be read.
pub(super) fn alternatives(rule: &str) -> Option<Vec<Alternative>> {
    let mut reader = Reader { rest: rule, depth: 0 };
    let found = reader.any()?;
    reader.skip_spaces();
    reader.rest.is_empty().then_some(found)
}

struct Reader<'r> {
    rest: &'r str,
    depth: usize,
}

impl<'r> Reader<'r> {
    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.skip_spaces();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `a || b`.
    fn any(&mut self) -> Option<Vec<Alternative>> {
        let mut found = self.all()?;
        while self.take("||") {
            found.extend(self.all()?);
            if found.len() > MOST {
                return None;
            }
        }
        Some(found)
    }

    /// `a && b`.
    fn all(&mut self) -> Option<Vec<Alternative>> {
        let mut found = self.one()?;
        while self.take("&&") {
            let more = self.one()?;
            if found.len() * more.len() > MOST {
                return None;
            }
            found = found.iter().flat_map(|a| more.iter().map(|b| a.and(b))).collect();
        }
        Some(found)
    }

    /// A matcher, its negation, or an expression in parentheses.
    fn one(&mut self) -> Option<Vec<Alternative>> {
        let start = self.rest.trim_start();
        if self.take("!") {
            // Whom a negation means is not worked out; what it says stays a condition.
            self.deeper(Reader::one)?;
            let written = &start[..start.len() - self.rest.len()];
            return Some(vec![Alternative { conditions: vec![written.trim().to_owned()], ..Alternative::default() }]);
        }
        if self.take("(") {
            let inner = self.deeper(Reader::any)?;
            return self.take(")").then_some(inner);
        }
        self.matcher()
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Option<Vec<Alternative>>) -> Option<Vec<Alternative>> {
        self.depth += 1;
        let found = if self.depth > DEEPEST { None } else { read(self) };
        self.depth -= 1;
        found
    }

    /// `Host(`a.example.com`, `b.example.com`)`.
    fn matcher(&mut self) -> Option<Vec<Alternative>> {
        self.skip_spaces();
        let start = self.rest;
        let end = start.find(|c: char| !c.is_ascii_alphanumeric())?;
        let name = &start[..end];
        self.rest = &start[end..];
        if name.is_empty() || !self.take("(") {
            return None;
        }
        let mut values: Vec<String> = Vec::new();
        while !self.take(")") {
            if !values.is_empty() && !self.take(",") {
                return None;
            }
            values.push(self.quoted()?.to_owned());
        }
        let written = start[..start.len() - self.rest.len()].trim().to_owned();
        let path = |kind: &'static str| -> Vec<Alternative> {
            let paths = values.iter().cloned();
            paths.map(|p| Alternative { path: Some((p, kind)), ..Alternative::default() }).collect()
        };
        // Several values of one matcher are alternatives.
        Some(match name.to_ascii_lowercase().as_str() {
            "host" | "hostsni" | "hostheader" => vec![Alternative { hosts: values, ..Alternative::default() }],
            "clientip" if !values.is_empty() => vec![Alternative { clients: values, ..Alternative::default() }],
            "pathprefix" if !values.is_empty() => path("Prefix"),
            "path" if !values.is_empty() => path("Exact"),
            "pathregexp" if !values.is_empty() => path("RegularExpression"),
            _ => vec![Alternative { conditions: vec![written], ..Alternative::default() }],
        })
    }

    fn quoted(&mut self) -> Option<&'r str> {
        self.skip_spaces();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '`' | '"' | '\''))?;
        let inner = &self.rest[1..];
        let end = inner.find(quote)?;
        self.rest = &inner[end + 1..];
        Some(&inner[..end])
    }
}

impl Alternative {
    fn and(&self, other: &Alternative) -> Alternative {
        let mut both = self.clone();
        both.hosts.extend(other.hosts.iter().filter(|h| !self.hosts.contains(h)).cloned());
        both.conditions.extend(other.conditions.iter().cloned());
        match (both.clients.is_empty(), other.clients.is_empty()) {
            (true, _) => both.clients.clone_from(&other.clients),
            (false, true) => {}
            (false, false) => both.conditions.push(format!("ClientIP(`{}`)", other.clients.join("`, `"))),
        }
        match (&self.path, &other.path) {
            (Some(_), Some((path, _))) => both.conditions.push(path.clone()),
            (None, path) => both.path.clone_from(path),
            (Some(_), None) => {}
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str) -> Option<Vec<String>> {
        let found = alternatives(rule)?;
        let line = |a: &Alternative| {
            let path = a.path.as_ref().map_or(String::new(), |(path, kind)| format!(" {path}[{kind}]"));
            format!("{}{path} {}", a.hosts.join(","), a.conditions.join(" ")).trim().to_owned()
        };
        Some(found.iter().map(line).collect())
    }

    #[test]
    fn rules_are_read_into_alternatives() {
        let check = |rule: &str, expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
            assert_eq!(told(rule), Some(expected), "{rule}");
        };
        check("Host(`a.test`)", &["a.test"]);
        check("Host(`a.test`) && PathPrefix(`/x`)", &["a.test /x[Prefix]"]);
        check(
            "(Host(`a.test`) && Path(`/x`)) || (Host(\"b.test\") && PathPrefix(`/y`, `/z`))",
            &["a.test /x[Exact]", "b.test /y[Prefix]", "b.test /z[Prefix]"],
        );
        check(
            "Host(`a.test`) && (PathPrefix(`/x`) || Headers(`k`, `v`))",
            &["a.test /x[Prefix]", "a.test Headers(`k`, `v`)"],
        );
        check("!Host(`a.test`) && Method(`GET`)", &["!Host(`a.test`) Method(`GET`)"]);
        check("HostSNI(`*`)", &["*"]);
        for broken in ["", "Host(`a", "Host(`a`) &&", "(Host(`a`)", "Host a", "Host(`a`) Path(`/`)"] {
            assert_eq!(told(broken), None, "{broken}");
        }
    }

    #[test]
    fn large_rules_are_given_up() {
        let wide = vec!["(Path(`/a`) || Path(`/b`))"; 40].join(" && ");
        assert_eq!(alternatives(&wide), None);
        assert_eq!(alternatives(&"(".repeat(10_000)), None);
        assert_eq!(alternatives(&"!".repeat(10_000)), None);
    }
}
