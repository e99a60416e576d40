//! A second reading of Cilium's policies, written from its documentation to be obviously right and nothing else
//! (<https://docs.cilium.io/en/stable/security/policy/language/>): a random cluster with policies, the manifests that
//! say it, and for two ends, a port and a request the answer, found by walking through every policy, rule and peer. It
//! shares no code with the program.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::naive::Random;

#[path = "naive_cilium_yaml.rs"]
mod yaml;

pub const NAMESPACES: [&str; 3] = ["one", "two", "three"];
/// The label `team` of each namespace.
const TEAMS: [&str; 3] = ["x", "y", "x"];
const APPS: [&str; 3] = ["a", "b", "c"];
pub const ADDRESSES: [&str; 4] = ["10.0.0.5", "10.9.0.5", "192.0.2.7", "2001:db8::7"];
pub const PORTS: [u16; 5] = [53, 80, 81, 90, 443];
pub const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
/// Requests of HTTP, of every kind that the rules here tell apart: method and path.
pub const REQUESTS: [(&str, &str); 16] = [
    ("GET", "/"),
    ("GET", "/a"),
    ("GET", "/a/b"),
    ("GET", "/z"),
    ("HEAD", "/"),
    ("HEAD", "/a"),
    ("HEAD", "/a/b"),
    ("HEAD", "/z"),
    ("POST", "/"),
    ("POST", "/a"),
    ("POST", "/a/b"),
    ("POST", "/z"),
    ("PUT", "/"),
    ("PUT", "/a"),
    ("PUT", "/a/b"),
    ("PUT", "/z"),
];

/// Labels with where they come from, as `k8s:app`.
type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    namespace: usize,
    app: &'static str,
    tier: Option<&'static str>,
    account: Option<&'static str>,
    /// The number of its port `web`.
    web: Option<u16>,
}

/// An end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Pod(usize),
    Address(IpAddr),
}

#[derive(Clone, Debug, Default)]
struct Selector {
    labels: Vec<(String, String)>,
    /// Key, operator, values.
    expressions: Vec<(String, &'static str, Vec<String>)>,
}

#[derive(Clone, Debug)]
enum Peers {
    Unsaid,
    Endpoints(Vec<Selector>),
    Entities(Vec<&'static str>),
    Blocks(Vec<&'static str>),
    /// A block, and one that is left out.
    BlockSets(Vec<(&'static str, Option<&'static str>)>),
    Group,
    Service(&'static str),
    Names,
}

#[derive(Clone, Debug)]
struct PortEntry {
    /// Number or name, the last of a range, and the protocol.
    ports: Vec<(&'static str, Option<u16>, Option<&'static str>)>,
    http: Option<Vec<(Option<&'static str>, Option<&'static str>)>>,
}

#[derive(Clone, Debug)]
struct Rule {
    peers: Peers,
    requires: Vec<Selector>,
    ports: Vec<PortEntry>,
    icmp: bool,
}

#[derive(Clone, Debug, Default)]
struct Side {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
    default_deny: Option<bool>,
}

#[derive(Clone, Debug)]
struct Spec {
    selector: Selector,
    /// Ingress and egress.
    sides: [Side; 2],
}

#[derive(Clone, Debug)]
struct Policy {
    /// `None` for one of the whole cluster.
    namespace: Option<usize>,
    specs: Vec<Spec>,
}

/// A NetworkPolicy of Kubernetes for ingress or egress: whom it is about, and which pods of its namespace it allows on
/// which port of TCP.
#[derive(Clone, Debug)]
struct Plain {
    namespace: usize,
    app: Option<&'static str>,
    egress: bool,
    allows: Vec<(Option<&'static str>, Option<u16>)>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub pods: Vec<Pod>,
    policies: Vec<Policy>,
    plain: Vec<Plain>,
}

/// The blocks of the CiliumCIDRGroup.
const GROUP: [&str; 2] = ["10.0.0.0/16", "2001:db8::/64"];
/// A Service `s` in each namespace leads to the pods of app `b`.
const SERVED: &str = "b";

const INGRESS: usize = 0;
const EGRESS: usize = 1;

fn chance(random: &mut Random, of: usize) -> bool {
    random.below(of) == 0
}

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len())]
}

fn selector(random: &mut Random, peer: bool) -> Selector {
    let mut selector = Selector::default();
    let source = pick(random, &["", "k8s:", "any:"]);
    match random.below(if peer { 12 } else { 7 }) {
        0 | 1 => selector.labels.push((format!("{source}app"), pick(random, &APPS).to_owned())),
        2 => {
            selector.labels.push((format!("{source}app"), pick(random, &APPS).to_owned()));
            selector.expressions.push(("tier".into(), pick(random, &["Exists", "DoesNotExist"]), Vec::new()));
        }
        3 => {
            let values = vec![pick(random, &APPS).to_owned(), pick(random, &APPS).to_owned()];
            selector.expressions.push((format!("{source}app"), pick(random, &["In", "NotIn"]), values));
        }
        4 => selector.labels.push(("io.cilium.k8s.policy.serviceaccount".into(), "robot".into())),
        5 | 6 => {}
        7 | 8 => {
            let key = format!("{source}io.kubernetes.pod.namespace");
            selector.labels.push((key, pick(random, &NAMESPACES).to_owned()));
            if chance(random, 2) {
                selector.labels.push(("app".into(), pick(random, &APPS).to_owned()));
            }
        }
        9 => {
            let key = format!("{source}io.cilium.k8s.namespace.labels.team");
            selector.labels.push((key, pick(random, &["x", "y"]).to_owned()));
        }
        10 => {
            let key = "k8s:io.kubernetes.pod.namespace".to_owned();
            let operator = pick(random, &["Exists", "NotIn", "In"]);
            let values = if operator == "Exists" { Vec::new() } else { vec![pick(random, &NAMESPACES).to_owned()] };
            selector.expressions.push((key, operator, values));
        }
        _ => selector
            .labels
            .push((pick(random, &["reserved:world", "reserved:all", "reserved:init"]).into(), String::new())),
    }
    selector
}

fn peers(random: &mut Random, direction: usize, denies: bool) -> Peers {
    match random.below(if direction == EGRESS { 10 } else { 8 }) {
        0 => Peers::Unsaid,
        1..=3 => Peers::Endpoints((0..random.below(3)).map(|_| selector(random, true)).collect()),
        4 => {
            let all = ["world", "world-ipv4", "world-ipv6", "cluster", "all", "none", "init", "health", "unmanaged"];
            Peers::Entities((0..1 + random.below(2)).map(|_| pick(random, &all)).collect())
        }
        5 => Peers::Blocks(
            (0..random.below(3)).map(|_| pick(random, &["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"])).collect(),
        ),
        6 => {
            let sets = [("10.0.0.0/8", Some("10.9.0.0/16")), ("0.0.0.0/0", Some("10.0.0.0/8")), ("192.0.2.0/24", None)];
            Peers::BlockSets((0..1 + random.below(2)).map(|_| pick(random, &sets)).collect())
        }
        7 => Peers::Group,
        8 => Peers::Service(pick(random, &NAMESPACES)),
        _ if denies => Peers::Unsaid,
        _ => Peers::Names,
    }
}

fn port_entry(random: &mut Random, denies: bool) -> PortEntry {
    let mut ports = Vec::new();
    let tcp = chance(random, 2);
    for _ in 0..1 + random.below(2) {
        let protocol = if tcp { Some("TCP") } else { pick(random, &[None, Some("UDP"), Some("ANY"), Some("SCTP")]) };
        let port =
            pick(random, &[("80", None), ("443", None), ("80", Some(90)), ("web", None), ("0", None), ("53", None)]);
        ports.push((port.0, port.1, protocol));
    }
    let zero = ports.iter().any(|p| p.0 == "0");
    let http = (tcp && !zero && !denies && chance(random, 3)).then(|| {
        let method = |random: &mut Random| pick(random, &[None, Some("GET"), Some("^POST$"), Some("GET|HEAD")]);
        let path = |random: &mut Random| pick(random, &[None, Some("/a"), Some("/a.*"), Some("/")]);
        (0..random.below(3)).map(|_| (method(random), path(random))).collect()
    });
    PortEntry { ports, http }
}

fn rule(random: &mut Random, direction: usize, denies: bool) -> Rule {
    let icmp = chance(random, 12);
    let count = if icmp || chance(random, 2) { 0 } else { 1 + random.below(2) };
    let requires = if chance(random, 12) && !denies { vec![selector(random, true)] } else { Vec::new() };
    Rule {
        peers: peers(random, direction, denies),
        requires,
        ports: (0..count).map(|_| port_entry(random, denies)).collect(),
        icmp,
    }
}

fn side(random: &mut Random, direction: usize) -> Side {
    let mut side = Side::default();
    if chance(random, 3) {
        return side;
    }
    side.allow = (0..random.below(4)).map(|_| rule(random, direction, false)).collect();
    if chance(random, 4) {
        side.deny = (0..1 + random.below(2)).map(|_| rule(random, direction, true)).collect();
    }
    side.default_deny = pick(random, &[None, None, None, None, Some(true), Some(false)]);
    side
}

impl World {
    pub fn random(random: &mut Random) -> World {
        let pods = (0..2 + random.below(4)).map(|index| Pod {
            name: format!("p{index}"),
            namespace: random.below(NAMESPACES.len()),
            app: pick(random, &APPS),
            tier: pick(random, &[None, None, Some("t")]),
            account: pick(random, &[None, None, Some("robot")]),
            web: pick(random, &[None, Some(80), Some(443)]),
        });
        let pods = pods.collect();
        let policies = (0..1 + random.below(4)).map(|_| {
            let namespace = (!chance(random, 3)).then(|| random.below(NAMESPACES.len()));
            let spec = |random: &mut Random| Spec {
                selector: selector(random, false),
                sides: [side(random, INGRESS), side(random, EGRESS)],
            };
            Policy { namespace, specs: (0..pick(random, &[1, 1, 2])).map(|_| spec(random)).collect() }
        });
        let policies = policies.collect();
        let plain = (0..random.below(3)).map(|_| Plain {
            namespace: random.below(NAMESPACES.len()),
            app: pick(random, &[None, Some("a"), Some("b")]),
            egress: chance(random, 3),
            allows: (0..random.below(3))
                .map(|_| (pick(random, &[None, Some("a"), Some("c")]), pick(random, &[None, Some(80), Some(443)])))
                .collect(),
        });
        let plain = plain.collect();
        World { pods, policies, plain }
    }

    fn labels(&self, end: End) -> Labels {
        let mut labels = Labels::new();
        let End::Pod(pod) = end else {
            return Labels::from([("reserved:world".to_owned(), String::new())]);
        };
        let pod = &self.pods[pod];
        let mut add = |key: &str, value: &str| drop(labels.insert(format!("k8s:{key}"), value.to_owned()));
        add("app", pod.app);
        pod.tier.iter().for_each(|tier| add("tier", tier));
        add("io.kubernetes.pod.namespace", NAMESPACES[pod.namespace]);
        add("io.cilium.k8s.namespace.labels.team", TEAMS[pod.namespace]);
        add("io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", NAMESPACES[pod.namespace]);
        add("io.cilium.k8s.policy.serviceaccount", pod.account.unwrap_or("default"));
        add("io.cilium.k8s.policy.cluster", "default");
        labels
    }

    /// How a request fares that goes from one end to another: both sides must let it through.
    pub fn allowed(&self, from: End, to: End, protocol: &str, port: u16, request: (&str, &str)) -> bool {
        let traffic = Traffic { protocol, port, request, to };
        let leaves = !matches!(from, End::Pod(_)) || self.lets(from, EGRESS, to, &traffic);
        let enters = !matches!(to, End::Pod(_)) || self.lets(to, INGRESS, from, &traffic);
        leaves && enters
    }

    fn selects(&self, policy: &Policy, spec: &Spec, pod: End) -> bool {
        let labels = self.labels(pod);
        let home = policy.namespace.is_none_or(|n| labels["k8s:io.kubernetes.pod.namespace"] == NAMESPACES[n]);
        home && spec.selector.matches(&labels)
    }

    fn lets(&self, own: End, direction: usize, peer: End, traffic: &Traffic<'_>) -> bool {
        let mut default_deny = false;
        let (mut denied, mut allowed, mut proxied) = (false, false, false);
        for policy in &self.policies {
            for spec in policy.specs.iter().filter(|s| self.selects(policy, s, own)) {
                let side = &spec.sides[direction];
                let has_rules = !side.allow.is_empty() || !side.deny.is_empty();
                default_deny |= side.default_deny.unwrap_or(has_rules);
                for rule in side.allow.iter().chain(&side.deny) {
                    let labels = self.labels(peer);
                    denied |= rule.requires.iter().any(|r| !r.means(policy.namespace, &labels));
                }
                denied |= side.deny.iter().any(|r| self.matches(policy, r, peer, traffic) == Match::Whole);
                for rule in &side.allow {
                    match self.matches(policy, rule, peer, traffic) {
                        Match::Whole => allowed = true,
                        Match::OtherRequests => proxied = true,
                        Match::No => {}
                    }
                }
            }
        }
        for plain in self.plain.iter().filter(|p| p.egress == (direction == EGRESS)) {
            let End::Pod(pod) = own else { continue };
            let pod = &self.pods[pod];
            if pod.namespace != plain.namespace || plain.app.is_some_and(|a| a != pod.app) {
                continue;
            }
            default_deny = true;
            allowed |= plain.allows.iter().any(|(app, port)| {
                let meant = match (app, peer) {
                    (None, _) => true,
                    (Some(app), End::Pod(p)) => self.pods[p].namespace == plain.namespace && self.pods[p].app == *app,
                    (Some(_), End::Address(_)) => false,
                };
                meant && port.is_none_or(|p| p == traffic.port && traffic.protocol == "TCP")
            });
        }
        !denied && (allowed || !(default_deny || proxied))
    }

    fn matches(&self, policy: &Policy, rule: &Rule, peer: End, traffic: &Traffic<'_>) -> Match {
        let said = !matches!(rule.peers, Peers::Unsaid);
        if !said && rule.ports.is_empty() || rule.icmp {
            return Match::No;
        }
        if said && !self.is_peer(policy, &rule.peers, peer) {
            return Match::No;
        }
        if rule.ports.is_empty() {
            return Match::Whole;
        }
        let mut best = Match::No;
        for entry in &rule.ports {
            if !entry.ports.iter().any(|p| self.is_port(p, traffic)) {
                continue;
            }
            let whole = match &entry.http {
                None => true,
                Some(list) => list.is_empty() || list.iter().any(|h| is_request(h, traffic.request)),
            };
            best = if whole || best == Match::Whole { Match::Whole } else { Match::OtherRequests };
        }
        best
    }

    fn is_port(&self, (port, end, protocol): &(&str, Option<u16>, Option<&str>), traffic: &Traffic<'_>) -> bool {
        let right = match protocol {
            None | Some("ANY") => true,
            Some(name) => *name == traffic.protocol,
        };
        let number = match port.parse::<u16>() {
            Ok(0) => true,
            Ok(first) => (first..=end.unwrap_or(first)).contains(&traffic.port),
            Err(_) => match traffic.to {
                // The port `web` of pods is one of TCP.
                End::Pod(p) => self.pods[p].web == Some(traffic.port) && traffic.protocol == "TCP",
                End::Address(_) => false,
            },
        };
        right && number
    }

    fn is_peer(&self, policy: &Policy, peers: &Peers, peer: End) -> bool {
        let inside = |block: &str| match peer {
            End::Pod(_) => false,
            End::Address(address) => contains(block, address),
        };
        match peers {
            Peers::Unsaid => true,
            Peers::Endpoints(selectors) => selectors.iter().any(|s| s.means(policy.namespace, &self.labels(peer))),
            Peers::Entities(names) => names.iter().any(|name| match (*name, peer) {
                ("all", _) | ("world", End::Address(_)) | ("cluster", End::Pod(_)) => true,
                ("world-ipv4", End::Address(a)) => a.is_ipv4(),
                ("world-ipv6", End::Address(a)) => a.is_ipv6(),
                _ => false,
            }),
            Peers::Blocks(blocks) => blocks.iter().any(|b| inside(b)),
            Peers::BlockSets(sets) => sets.iter().any(|(b, except)| inside(b) && !except.is_some_and(inside)),
            Peers::Group => GROUP.iter().any(|b| inside(b)),
            Peers::Service(namespace) => match peer {
                End::Pod(p) => NAMESPACES[self.pods[p].namespace] == *namespace && self.pods[p].app == SERVED,
                End::Address(_) => false,
            },
            // Which addresses a name has is not known.
            Peers::Names => false,
        }
    }
}

/// What a rule makes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    No,
    /// It is about this connection, but about other requests.
    OtherRequests,
    Whole,
}

struct Traffic<'t> {
    protocol: &'t str,
    port: u16,
    request: (&'t str, &'t str),
    to: End,
}

fn is_request((method, path): &(Option<&str>, Option<&str>), request: (&str, &str)) -> bool {
    let methods = method.is_none_or(|m| m.trim_matches(['^', '$']).split('|').any(|m| m == request.0));
    let paths = path.is_none_or(|p| match p.strip_suffix(".*") {
        Some(start) => request.1.starts_with(start),
        None => request.1 == p,
    });
    methods && paths
}

fn contains(block: &str, address: IpAddr) -> bool {
    let (first, length) = block.split_once('/').unwrap_or((block, if block.contains(':') { "128" } else { "32" }));
    let length: u32 = length.parse().unwrap();
    match (first.parse::<IpAddr>().unwrap(), address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => length == 0 || a.to_bits() >> (32 - length) == b.to_bits() >> (32 - length),
        (IpAddr::V6(a), IpAddr::V6(b)) => length == 0 || a.to_bits() >> (128 - length) == b.to_bits() >> (128 - length),
        _ => false,
    }
}

impl Selector {
    /// Whether labels with their sources fit. A key without a source means any.
    fn matches(&self, labels: &Labels) -> bool {
        let value = |key: &str| {
            let (source, name) = key.split_once(':').unwrap_or(("any", key));
            labels.iter().find(|(k, _)| {
                let (s, n) = k.split_once(':').unwrap();
                n == name && (source == "any" || s == source)
            })
        };
        if self.labels.iter().any(|(key, _)| key == "reserved:all") {
            return true;
        }
        self.labels.iter().all(|(key, wanted)| value(key).is_some_and(|(_, v)| v == wanted))
            && self.expressions.iter().all(|(key, operator, values)| match (*operator, value(key)) {
                ("Exists", found) => found.is_some(),
                ("DoesNotExist", found) => found.is_none(),
                ("In", found) => found.is_some_and(|(_, v)| values.contains(v)),
                (_, found) => !found.is_some_and(|(_, v)| values.contains(v)),
            })
    }

    /// The same for the peers of a rule: without a namespace it is that of the policy, or any pod.
    fn means(&self, home: Option<usize>, labels: &Labels) -> bool {
        let keys = || self.labels.iter().map(|(k, _)| k).chain(self.expressions.iter().map(|(k, ..)| k));
        let namespace = "io.kubernetes.pod.namespace";
        let says = keys().any(|k| k.ends_with(namespace));
        let of_labels = keys().any(|k| k.contains("io.cilium.k8s.namespace.labels."));
        let reserved = keys().any(|k| k.starts_with("reserved:"));
        let own = labels.get("k8s:io.kubernetes.pod.namespace");
        let here = match home {
            _ if says || reserved => true,
            Some(home) => of_labels || own.is_some_and(|n| n == NAMESPACES[home]),
            None => own.is_some(),
        };
        here && self.matches(labels)
    }
}
