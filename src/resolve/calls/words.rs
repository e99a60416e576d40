//! Finds what may be names of hosts in texts of configuration. Nothing is looked up here.
//!
//! A host is found in a URL, before a port, in a name that ends in `.svc`, or where the key of a setting says that its
//! value is one. What the text is (a value, a command, a file) decides how its keys are distinguished from its
//! values. Lines of comments are passed over.

use crate::net::ClusterName;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The value of a setting.
    Value,
    /// An argument or a command, which may be a script.
    Words,
    /// A file.
    File,
}

/// Why a word is taken for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    /// It stands where a URL has its host.
    Url,
    /// It ends in `.svc` or `.svc.cluster.local`.
    Full,
    /// The key of the setting says so.
    Key,
    /// A port follows it.
    Port,
    /// It is all that a value holds.
    Whole,
}

/// A word that may be the name of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// In lower case, without the dot at its end.
    pub host: String,
    /// The port that is written with it.
    pub port: Option<u16>,
    /// The port that the scheme of the URL implies where none is written.
    pub usual: Option<u16>,
    pub sign: Sign,
    /// The bytes of the text that it stands at.
    pub at: usize,
    /// The key of its setting, as written; empty if it has none.
    pub key: String,
}

/// What may be hosts in a text, in its order. `key` is that of a setting; of an argument, the flag before it.
pub(super) fn mentions(text: &str, key: &str, form: Form) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is_comment =
            form != Form::Value && matches!(line.trim_start().as_bytes(), [b'#', ..] | [b'/', b'/', ..] | [b';', ..]);
        if !is_comment && line.len() <= LONGEST {
            Line { text: line, at, key, form }.read(&mut found);
        }
        at += line.len();
    }
    found
}

/// Longer lines are data and not text.
const LONGEST: usize = 64 * 1024;

/// Whether a key says that its value is the address of something: `DB_HOST`, `redis.url`, `upstreamAddr`,
/// `KAFKA_BROKERS_INTERNAL`, `URL_API`, and not
/// `SERVICE_NAME`, `SERVER_PORT` or `HOST_OS`. In a file a `service` is more often a label than an address.
pub(super) fn says_host(key: &str, form: Form) -> bool {
    let words = key_words(key);
    let is = |list: &[&str], word: &String| {
        list.contains(&word.strip_suffix('s').filter(|w| *w != "addres").unwrap_or(word))
    };
    let told: Vec<&String> = {
        let beside =
            words.iter().rev().take_while(|w| BESIDE.contains(&w.as_str()) || w.bytes().all(|b| b.is_ascii_digit()));
        let kept = words.len() - beside.count();
        words[..kept].iter().collect()
    };
    match told.as_slice() {
        [] => false,
        [only] if form == Form::File && is(&["service"], only) => false,
        [.., host, name] if *name == "name" => *host == "host",
        [first, .., last] => {
            is(HOSTS, last) || *last == "addresses" || is(FIRST, first) && !QUALITIES.contains(&last.as_str())
        }
        [only] => is(HOSTS, only) || *only == "addresses",
    }
}

/// Words for addresses and for what has one, in the singular.
const HOSTS: &[&str] = &[
    "host", "hostname", "addr", "address", "url", "uri", "endpoint", "server", "service", "svc", "broker", "upstream",
    "dsn", "peer", "seed", "origin",
];

/// Those of them that may come first: `URL_API`.
const FIRST: &[&str] = &["host", "hostname", "addr", "address", "url", "uri", "endpoint", "svc"];

/// Words that may come after them.
const BESIDE: &[&str] = &[
    "list",
    "internal",
    "external",
    "public",
    "private",
    "primary",
    "secondary",
    "master",
    "replica",
    "read",
    "write",
    "ro",
    "rw",
    "default",
    "local",
    "base",
    "target",
];

/// Words for something else about what is called so: its value is no address.
const QUALITIES: &[&str] = &[
    "port",
    "ports",
    "type",
    "kind",
    "version",
    "account",
    "user",
    "username",
    "password",
    "pass",
    "key",
    "token",
    "secret",
    "path",
    "prefix",
    "suffix",
    "class",
    "namespace",
    "id",
    "mode",
    "timeout",
    "enabled",
    "label",
    "labels",
    "protocol",
    "scheme",
    "tier",
    "role",
    "level",
    "count",
    "cert",
    "title",
    "description",
    "os",
    "arch",
    "env",
    "log",
    "format",
    "engine",
    "driver",
    "dialect",
];

/// The words of a key in lower case: `SPRING_DB_HOST`, `spring.db.host` and `springDbHost` have the same.
pub(super) fn key_words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && lower) {
            words.push(String::new());
        }
        lower = c.is_ascii_lowercase();
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// The port that a scheme implies (<https://www.iana.org/assignments/service-names-port-numbers/>, and the manuals of
/// the servers).
fn usual_port(scheme: &str) -> Option<u16> {
    // `postgresql+asyncpg`, `jdbc:mysql`: what counts is the protocol.
    let base = scheme.split('+').next().unwrap_or(scheme);
    Some(match base {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "sqlserver" | "mssql" => 1433,
        "redis" | "rediss" => 6379,
        "amqp" => 5672,
        "amqps" => 5671,
        "mongodb" => 27017,
        "kafka" => 9092,
        "nats" => 4222,
        "memcached" | "memcache" => 11211,
        "ldap" => 389,
        "ldaps" => 636,
        "mqtt" => 1883,
        "mqtts" => 8883,
        "smtp" => 25,
        "bolt" | "neo4j" => 7687,
        "cassandra" | "cql" => 9042,
        "clickhouse" => 9000,
        "zookeeper" | "zk" => 2181,
        "etcd" => 2379,
        "ftp" => 21,
        "sftp" | "ssh" => 22,
        _ => return None,
    })
}

struct Line<'t> {
    text: &'t str,
    /// Where it begins in the whole text.
    at: usize,
    key: &'t str,
    form: Form,
}

impl Line<'_> {
    fn read(&self, found: &mut Vec<Mention>) {
        let first = found.len();
        // What belongs to URLs is read once.
        let mut masked = self.text.as_bytes().to_vec();
        let mut from = 0;
        while let Some(colon) = self.text[from..].find("://").map(|i| from + i) {
            let end = self.url(colon, found);
            let start = scheme_start(self.text, colon);
            masked[start..end].fill(b'/');
            from = end.max(colon + 3);
        }
        self.read_words(&masked, found);
        found[first..].sort_by_key(|m| m.at);
    }

    /// Reads the URL whose scheme ends at a place; the answer is where it ends.
    fn url(&self, colon: usize, found: &mut Vec<Mention>) -> usize {
        let scheme = self.text[scheme_start(self.text, colon)..colon].to_ascii_lowercase();
        let start = colon + 3;
        let end = authority_end(self.text, start);
        let mut authority = start..end;
        if authority.is_empty()
            && matches!(scheme.as_str(), "dns" | "passthrough" | "xds")
            && self.text[start..].starts_with('/')
        {
            // gRPC puts what is resolved into the path (https://github.com/grpc/grpc/blob/master/doc/naming.md).
            authority = start + 1..authority_end(self.text, start + 1);
        }
        let whole = &self.text[authority.clone()];
        // A password may hold anything, so the last sign counts.
        let hosts = authority.start + whole.rfind('@').map_or(0, |i| i + 1);
        let mut at = hosts;
        for piece in self.text[hosts..authority.end].split(',') {
            if let Some((host, port)) = split_port(piece) {
                found.push(Mention {
                    host,
                    port,
                    usual: usual_port(&scheme),
                    sign: Sign::Url,
                    at: self.at + at,
                    key: self.key.to_owned(),
                });
            }
            at += piece.len() + 1;
        }
        // A path or query is no host, up to where the text around it goes on, or the next URL of a list or query
        // begins.
        for (i, c) in self.text[start..].char_indices() {
            let i = start + i;
            if self.text[i..].starts_with("://") {
                return scheme_start(self.text, i).max(start);
            }
            if i >= authority.end && (c.is_whitespace() || "\"'`<>,;|".contains(c)) {
                return i;
            }
        }
        self.text.len()
    }

    /// Where the words are outside of URLs.
    fn words(&self, masked: &[u8]) -> Vec<(usize, usize)> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'@');
        let mut words: Vec<(usize, usize)> = Vec::new();
        let mut start = None;
        for (i, &b) in masked.iter().chain(std::iter::once(&b' ')).enumerate() {
            match (is_word(b), start) {
                (true, None) => start = Some(i),
                (false, Some(s)) => {
                    words.push((s, i));
                    start = None;
                }
                _ => {}
            }
        }
        // A colon between quotes is no word.
        words
            .retain(|&(a, b)| self.text.get(a..b).unwrap_or_default().bytes().any(|byte| byte.is_ascii_alphanumeric()));
        words
    }

    /// Reads what is outside of URLs, word by word.
    fn read_words(&self, masked: &[u8], found: &mut Vec<Mention>) {
        let words = self.words(masked);
        let text = |(a, b): (usize, usize)| self.text.get(a..b).unwrap_or_default();
        let whole = self.text.trim();
        let mut key = None;
        for (n, &(a, b)) in words.iter().enumerate() {
            key = self.key_of(&words, n, key);
            // Parts of paths and of variables are no words.
            let before = if a > 0 { masked[a - 1] } else { b' ' };
            let after = masked.get(b).copied().unwrap_or(b' ');
            if matches!(before, b'/' | b'$' | b'\\' | b'%') || (before == b'{' && a > 1 && masked[a - 2] == b'$') {
                continue;
            }
            let word = text((a, b));
            // What a value follows is a key.
            let rest = self.text[b..].trim_start_matches([' ', '"', '\'']);
            if word.ends_with(':') || rest.starts_with(['=', ':']) {
                continue;
            }
            let skipped = word.rfind('@').map_or(0, |i| i + 1);
            let Some((host, mut port)) = split_port(word[skipped..].trim_end_matches(':')) else {
                continue;
            };
            if after == b'/' && port.is_none() {
                continue;
            }
            let said = key.is_some_and(|k| says_host(k, self.form) || (self.form == Form::Words && k == "-h"));
            // `nc -z db 5432`
            let next = words
                .get(n + 1)
                .filter(|next| self.form != Form::Value && masked[b..next.0].iter().all(|c| *c == b' '));
            let number = next.and_then(|next| text(*next).parse::<u16>().ok()).filter(|p| *p > 0);
            port = port.or(number.filter(|_| after == b' '));
            let sign = if ClusterName::parse(&host).is_some_and(|name| name.is_full) {
                Sign::Full
            } else if said {
                Sign::Key
            } else if port.is_some() {
                Sign::Port
            } else if self.form != Form::File && whole == word {
                Sign::Whole
            } else {
                continue;
            };
            found.push(Mention {
                host,
                port,
                usual: None,
                sign,
                at: self.at + a + skipped,
                key: key.unwrap_or_default().to_owned(),
            });
        }
    }

    /// The key that a word is a value of: the word before an equals sign or colon, or a flag before a space; in a list,
    /// that of the word before; else the key of the whole text. `previous` is the key of the word before.
    fn key_of<'k>(&'k self, words: &[(usize, usize)], n: usize, previous: Option<&'k str>) -> Option<&'k str> {
        let own = (!self.key.is_empty()).then_some(self.key);
        let (a, _) = words[n];
        let Some(&(start, end)) = n.checked_sub(1).and_then(|i| words.get(i)) else {
            return own.filter(|_| self.form != Form::File);
        };
        let before = &self.text[start..end];
        let between = &self.text[end..a];
        let quoted = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
        let quiet = between.trim_matches(|c: char| quoted(c) || matches!(c, '[' | '{' | '('));
        let named = matches!(quiet, "=" | ":" | "=>");
        let yaml = quiet.is_empty() && before.ends_with(':') && !between.is_empty();
        let flag = quiet.is_empty() && before.starts_with('-') && between.starts_with(' ') && self.form == Form::Words;
        if named || yaml || flag {
            return Some(before.trim_end_matches(':'));
        }
        if matches!(between.trim_matches(quoted), "," | ";") {
            return previous;
        }
        own.filter(|_| self.form == Form::Value)
    }
}

fn scheme_start(text: &str, colon: usize) -> usize {
    let is_scheme = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    colon - text.as_bytes()[..colon].iter().rev().take_while(|b| is_scheme(b)).count()
}

/// Where the part of a URL ends that names the host. Brackets that open inside of it close inside of it:
/// `user:$(PASSWORD)@db`.
fn authority_end(text: &str, start: usize) -> usize {
    let mut depth = 0_i32;
    for (i, c) in text[start..].char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' if depth > 0 => depth -= 1,
            ')' | '}' | ']' | '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | '\\' | ';' | '|' => return start + i,
            c if c.is_whitespace() => return start + i,
            _ => {}
        }
    }
    text.len()
}

/// `db`, `db:5432`: a name as DNS allows it, and a port. `None` for addresses, and for what is no name or has no port
/// after its colon.
fn split_port(word: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match word.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|p| *p > 0)?)),
        None => (word, None),
    };
    let host = host.trim_end_matches('.');
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_name = host.split('.').all(label) && host.bytes().any(|b| b.is_ascii_lowercase());
    is_name.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, key: &str, form: Form) -> Vec<String> {
        let found = mentions(text, key, form).into_iter();
        found
            .map(|m| {
                let port = m.port.or(m.usual).map(|p| format!(":{p}")).unwrap_or_default();
                assert!(text[m.at..].starts_with(&m.host), "{text}: {m:?}");
                format!("{}{port} {:?}", m.host, m.sign)
            })
            .collect()
    }

    fn value(key: &str, text: &str, expected: &[&str]) {
        assert_eq!(said(text, key, Form::Value), expected, "{key}={text}");
    }

    fn words(text: &str, expected: &[&str]) {
        assert_eq!(said(text, "", Form::Words), expected, "{text}");
    }

    fn file(text: &str, expected: &[&str]) {
        assert_eq!(said(text, "", Form::File), expected, "{text}");
    }

    #[test]
    fn urls_name_hosts() {
        value("X", "http://cart", &["cart:80 Url"]);
        value("X", "https://cart.shop:8443/a/b?c=d#e", &["cart.shop:8443 Url"]);
        value("X", "postgresql://me:p@ss:w0rd@db:5433/x", &["db:5433 Url"]);
        value("X", "postgresql://me:$(PASSWORD)@db/x", &["db:5432 Url"]);
        value("X", "jdbc:mysql://db/x", &["db:3306 Url"]);
        value("X", "mongodb://a:27017,b:27018/x", &["a:27017 Url", "b:27018 Url"]);
        value("X", "http://a,http://b:81", &["a:80 Url", "b:81 Url"]);
        value("X", "redis://:secret@cache", &["cache:6379 Url"]);
        value("X", "amqp://queue.mid.svc.cluster.local.", &["queue.mid.svc.cluster.local:5672 Url"]);
        value("X", "dns:///api.shop:50051", &["api.shop:50051 Url"]);
        value("X", "http://[::1]:80/ http://10.0.0.1/", &[]);
        value("X", "file:///etc/db/host", &[]);
        words("curl -s http://web/health | grep ok", &["web:80 Url"]);
        words("--target='http://web:80'", &["web:80 Url"]);
    }

    #[test]
    fn keys_say_that_values_are_hosts() {
        value("DB_HOST", "db", &["db Key"]);
        value("dbHost", "db.data", &["db.data Key"]);
        value(
            "KAFKA_BROKERS",
            "kafka-0.kafka:9092,kafka-1.kafka:9092",
            &["kafka-0.kafka:9092 Key", "kafka-1.kafka:9092 Key"],
        );
        value("DB_HOSTNAME", "db", &["db Key"]);
        value("OTEL_SERVICE_NAME", "web", &["web Whole"]);
        value("DB_PORT", "5432", &[]);
        value("MODE", "db", &["db Whole"]);
        value("TITLE", "the web shop", &[]);
        for key in [
            "API_ADDRESSES",
            "URL_API",
            "DB_HOST_1",
            "KAFKA_BROKERS_INTERNAL",
            "CART_SERVICE",
            "X_HOST_NAME",
            "baseUrl",
            "server",
        ] {
            value(key, "db", &["db Key"]);
        }
        for key in
            ["CACHE_BACKEND", "HOST_OS", "SERVICE_DISCOVERY", "URL_PATH", "DB_ENGINE", "SERVER_NAME", "DNS", "USER"]
        {
            value(key, "db", &["db Whole"]);
        }
        file("expr: up{service=\"db\"}\nservice: db", &[]);
        words("--db-host=db", &["db Key"]);
        words("psql -h db -U me", &["db Key"]);
        words("--name=db", &[]);
        assert_eq!(said("db", "--redis-addr", Form::Words), ["db Key"]);
        value("CONNECTION", "Server=db;Database=x;User=y", &["db Key"]);
        value("CONNECTION", "host=db port=5432 user=x", &["db Key"]);
        file("spring.redis.host=cache\nname: db", &["cache Key"]);
        file("database:\n  host: db\n  name: x\n", &["db Key"]);
        file("{\"host\": \"db\", \"user\": \"me\"}", &["db Key"]);
        file("# host: old\nhost: new", &["new Key"]);
    }

    #[test]
    fn ports_and_endings_make_hosts() {
        value("X", "db:5432", &["db:5432 Port"]);
        value("X", "root:pw@tcp(db:3306)/x", &["db:3306 Port"]);
        value("X", "db.data.svc", &["db.data.svc Full"]);
        words("until nc -z db 5432; do rest; done", &["db:5432 Port"]);
        words("until nslookup db.data.svc.cluster.local; do rest; done", &["db.data.svc.cluster.local Full"]);
        file("proxy_pass http://api;\nserver api:8080;", &["api:80 Url", "api:8080 Port"]);
        file("targets: ['web:9090', \"db.data:9187\"]", &["web:9090 Port", "db.data:9187 Port"]);
        value("X", "/etc/db/config.yaml", &[]);
        value("IMAGE", "registry/redis:7", &[]);
        value("X", "$db", &[]);
    }
}
