//! Reads questions: who is meant by FROM and TO, and which port. Nothing is looked up here.

use ipnet::IpNet;

use crate::net::Protocol;

/// A question: may FROM open a connection to TO?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who opens the connection.
    pub from: Reference,
    /// Who is to take it.
    pub to: Reference,
    /// On which port; `None` asks about all that are there.
    pub port: Option<PortWish>,
}

/// A way to say who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Everything outside of the cluster and of private networks.
    Internet,
    /// An address or a block of addresses.
    Addresses(IpNet),
    /// An object by its name, with as much beside it as was said.
    Object {
        /// The kind, in lower case and by its full singular name where a short one was used.
        kind: Option<String>,
        /// The namespace.
        namespace: Option<String>,
        /// The name.
        name: String,
    },
    /// A URL of the Web.
    Url(Url),
    /// A name with dots, as one would give it to a resolver: `web.shop`, `web.shop.svc.cluster.local`,
    /// `api.example.com`.
    Host(String),
}

/// A URL of the Web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// True for `https`.
    pub is_https: bool,
    /// The host, in lower case.
    pub host: String,
    /// The port, if it is written.
    pub port: Option<u16>,
    /// The path, without query and fragment; `/` if there is none.
    pub path: String,
}

impl Url {
    /// Reads `http://host:port/path` and `https://…`; `None` for other texts.
    fn parse(text: &str) -> Option<Result<Url, String>> {
        let (scheme, rest) = text.split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            other => return Some(Err(format!("`{other}://` is no scheme of the Web; there are http and https"))),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => return Some(Err(format!("`{port}` is no port; ports are 1 to 65535"))),
            },
            _ => (authority, None),
        };
        if host.is_empty() {
            return Some(Err(format!("`{text}` has no host")));
        }
        Some(Ok(Url { is_https, host: host.to_ascii_lowercase(), port, path: path.to_owned() }))
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.is_https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))?;
        f.write_str(&self.path)
    }
}

/// A port that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortWish {
    /// Its number or name.
    pub port: PortName,
    /// The protocol; `None` takes any that the port has.
    pub protocol: Option<Protocol>,
}

/// A port by number or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortName {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

impl PortWish {
    /// Whether a port of this number, name and protocol is the one that is asked for.
    pub fn means(&self, number: u16, name: Option<&str>, protocol: Protocol) -> bool {
        let port = match &self.port {
            PortName::Number(n) => *n == number,
            PortName::Name(n) => Some(n.as_str()) == name,
        };
        port && self.protocol.is_none_or(|p| p == protocol)
    }

    fn parse(text: &str) -> Result<PortWish, String> {
        let (port, protocol) = match text.split_once('/') {
            Some((port, name)) => {
                let known = Protocol::from_name(&name.to_ascii_uppercase());
                (port, Some(known.ok_or_else(|| format!("`{name}` is no protocol; there are tcp, udp and sctp"))?))
            }
            None => (text, None),
        };
        let port = if port.bytes().all(|c| c.is_ascii_digit()) {
            let number = port.parse().ok().filter(|n| *n > 0);
            PortName::Number(number.ok_or_else(|| format!("`{port}` is no port; ports are 1 to 65535, or a name"))?)
        } else {
            PortName::Name(port.to_owned())
        };
        Ok(PortWish { port, protocol })
    }
}

impl std::fmt::Display for PortWish {
    /// `80`, `http`, `53/UDP`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.port {
            PortName::Number(number) => write!(f, "{number}")?,
            PortName::Name(name) => f.write_str(name)?,
        }
        self.protocol.map_or(Ok(()), |p| write!(f, "/{}", p.as_str()))
    }
}

/// Short and plural names of kinds, as kubectl knows them
/// (<https://kubernetes.io/docs/reference/kubectl/#resource-types>).
const KINDS: &[(&str, &str)] = &[
    ("cj", "cronjob"),
    ("cronjobs", "cronjob"),
    ("daemonsets", "daemonset"),
    ("deploy", "deployment"),
    ("deployments", "deployment"),
    ("ds", "daemonset"),
    ("jobs", "job"),
    ("po", "pod"),
    ("pods", "pod"),
    ("rc", "replicationcontroller"),
    ("replicasets", "replicaset"),
    ("replicationcontrollers", "replicationcontroller"),
    ("rs", "replicaset"),
    ("services", "service"),
    ("statefulsets", "statefulset"),
    ("sts", "statefulset"),
    ("svc", "service"),
];

/// The kind that a word means, if it means one. Custom kinds are only known in what the program itself writes,
/// `ns/name[Kind]`.
fn kind(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    match KINDS.binary_search_by(|(short, _)| (*short).cmp(&lower)) {
        Ok(at) => Some(KINDS[at].1.to_owned()),
        Err(_) => KINDS.iter().any(|(_, long)| *long == lower).then_some(lower),
    }
}

impl Question {
    /// Reads both ends.
    pub fn parse(from: &str, to: &str) -> Result<Question, String> {
        if let Some(url) = Url::parse(to) {
            return Ok(Question { from: Reference::parse(from)?, to: Reference::Url(url?), port: None });
        }
        let (to, port) = split_port(to)?;
        let (source, stray) = split_port(from)?;
        if stray.is_some() {
            return Err(format!(
                "FROM takes no port, and `{from}` has one: only the port of the destination is asked for"
            ));
        }
        Ok(Question { from: Reference::parse(source)?, to: Reference::parse(to)?, port })
    }
}

/// Takes the port off a reference. IPv6 addresses are full of colons, so they wear brackets when a port follows.
fn split_port(text: &str) -> Result<(&str, Option<PortWish>), String> {
    if block(text).is_some() {
        return Ok((text, None));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or_else(|| format!("`{text}` lacks a closing bracket"))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(PortWish::parse(port)?))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(format!("`{text}`: after the bracket comes `:PORT` or nothing")),
        };
    }
    // The part of an object that makes several workloads, as in `ns/ray:head[RayCluster]`, is no port.
    let name = text.rfind(']').map_or(0, |end| end + 1);
    match text[name..].rsplit_once(':').map(|(front, port)| (&text[..name + front.len()], port)) {
        Some((_, "")) => Err(format!("`{text}` ends with a colon: the port is missing")),
        Some((reference, port)) => Ok((reference, Some(PortWish::parse(port)?))),
        None => Ok((text, None)),
    }
}

/// An address or a block.
fn block(text: &str) -> Option<IpNet> {
    let single = |length: &str| format!("{text}/{length}").parse::<IpNet>().ok();
    text.parse::<IpNet>()
        .ok()
        .map(|n| n.trunc())
        .or_else(|| if text.contains(':') { single("128") } else { single("32") })
}

impl Reference {
    /// Reads a reference.
    pub fn parse(text: &str) -> Result<Reference, String> {
        if text.eq_ignore_ascii_case("internet") {
            return Ok(Reference::Internet);
        }
        if let Some(block) = block(text) {
            return Ok(Reference::Addresses(block));
        }
        // What the program itself calls an object: `ns/name[Kind]`.
        let (rest, bracketed) = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
            Some((rest, name)) => (rest, Some(kind(name).unwrap_or_else(|| name.to_ascii_lowercase()))),
            None => (text, None),
        };
        let parts: Vec<&str> = rest.split('/').collect();
        if parts.iter().any(|p| p.is_empty()) {
            return Err(format!(
                "`{text}` names nothing; a name is written ns/name, kind/name, name.ns, an address, or internet"
            ));
        }
        let object = |kind: Option<String>, namespace: Option<&str>, name: &str| {
            Ok(Reference::Object {
                kind: kind.or_else(|| bracketed.clone()),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            })
        };
        match parts.as_slice() {
            [name] if name.contains('.') && bracketed.is_none() => Ok(Reference::Host((*name).to_owned())),
            [name] => object(None, None, name),
            [first, name] => match kind(first) {
                Some(kind) => object(Some(kind), None, name),
                None => object(None, Some(first), name),
            },
            [first, second, name] => match (kind(second), kind(first)) {
                (Some(kind), _) => object(Some(kind), Some(first), name),
                (None, Some(kind)) => object(Some(kind), Some(second), name),
                (None, None) => {
                    Err(format!("`{text}`: neither `{first}` nor `{second}` is a kind such as deploy, sts, svc or pod"))
                }
            },
            _ => Err(format!("`{text}` has too many parts; at most namespace, kind and name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_hosts_ports_and_paths() {
        let check = |text: &str, host: &str, port: Option<u16>, path: &str| {
            let Reference::Url(url) = Question::parse("internet", text).unwrap().to else { panic!("{text}") };
            assert_eq!((url.host.as_str(), url.port, url.path.as_str()), (host, port, path), "{text}");
        };
        check("https://api.example.com/v1/x?q=1#f", "api.example.com", None, "/v1/x");
        check("HTTP://Shop.test:8080", "shop.test", Some(8080), "/");
        for wrong in ["ftp://x/", "https:///x", "http://x:99999/"] {
            assert!(Question::parse("internet", wrong).is_err(), "{wrong}");
        }
    }

    fn object(kind: Option<&str>, namespace: Option<&str>, name: &str) -> Reference {
        Reference::Object {
            kind: kind.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    #[test]
    fn kinds_can_be_searched() {
        assert!(KINDS.is_sorted());
    }

    #[test]
    fn every_form_of_a_name_is_read() {
        let check = |text: &str, expected: Reference| assert_eq!(Reference::parse(text), Ok(expected), "{text}");
        check("web", object(None, None, "web"));
        check("shop/web", object(None, Some("shop"), "web"));
        check("deploy/web", object(Some("deployment"), None, "web"));
        check("Deployments/web.shop", object(Some("deployment"), None, "web.shop"));
        check("shop/deploy/web", object(Some("deployment"), Some("shop"), "web"));
        check("svc/shop/web", object(Some("service"), Some("shop"), "web"));
        check("shop/web[StatefulSet]", object(Some("statefulset"), Some("shop"), "web"));
        check("shop/web[Rollout]", object(Some("rollout"), Some("shop"), "web"));
        check("shop/ray:head[RayCluster]", object(Some("raycluster"), Some("shop"), "ray:head"));
        check("web.shop.svc", Reference::Host("web.shop.svc".into()));
        check("Internet", Reference::Internet);
        check("10.0.0.1", Reference::Addresses("10.0.0.1/32".parse().unwrap()));
        check("10.0.0.7/8", Reference::Addresses("10.0.0.0/8".parse().unwrap()));
        check("fd00::1", Reference::Addresses("fd00::1/128".parse().unwrap()));
        for wrong in ["", "/web", "a/b/c/d", "x/y/z"] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_have_numbers_names_and_protocols() {
        let check = |text: &str, expected: &str| {
            let question = Question::parse("a", text).unwrap();
            assert_eq!(question.port.map(|p| p.to_string()).unwrap_or_default(), expected, "{text}");
        };
        check("web", "");
        check("web:80", "80");
        check("shop/deploy/web:http", "http");
        check("dns.kube-system:53/udp", "53/UDP");
        check("shop/ray:head[RayCluster]", "");
        check("shop/ray:head[RayCluster]:6379", "6379");
        check("10.0.0.0/8:443", "443");
        check("[fd00::1]:443", "443");
        check("fd00::1", "");
        check("internet:443/TCP", "443/TCP");
        for wrong in ["web:", "web:0", "web:70000", "web:53/icmp", "[fd00::1", "[fd00::1]x"] {
            assert!(Question::parse("a", wrong).is_err(), "{wrong}");
        }
        assert!(Question::parse("a:1", "b").is_err());
    }
}
