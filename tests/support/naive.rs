//! A second reading of the rules, written to be obviously right and nothing else: a random cluster with policies, the
//! manifests that say it, and for two ends and one port the answer, found by walking through every policy, rule and
//! peer. It shares no code with the program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[path = "naive_yaml.rs"]
mod yaml;

/// A small generator of numbers (xorshift), the same for the same seed on every machine.
pub struct Random(u64);

impl Random {
    /// A generator.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A block of addresses.
pub type Cidr = (IpAddr, u8);

pub type Labels = Vec<(&'static str, &'static str)>;

#[derive(Clone, Debug)]
pub struct Namespace {
    pub name: &'static str,
    /// `None` if the manifests do not declare it.
    pub labels: Option<Labels>,
    /// True if it has a primary network of its own.
    pub own_network: bool,
}

#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub namespace: usize,
    pub labels: Labels,
    pub ports: Vec<(&'static str, &'static str, u16)>,
    pub address: Option<IpAddr>,
    /// True if a Job makes it, which gives it the name of the Job as a label.
    pub of_job: bool,
    pub host_network: bool,
}

#[derive(Clone, Debug)]
pub enum Requirement {
    In(&'static str, Vec<&'static str>),
    NotIn(&'static str, Vec<&'static str>),
    Exists(&'static str),
    Absent(&'static str),
}

pub type Selector = Vec<Requirement>;

#[derive(Clone, Debug)]
pub enum Peer {
    Pods { namespaces: Option<Selector>, pods: Option<Selector> },
    Block { block: Cidr, except: Vec<Cidr> },
}

#[derive(Clone, Debug)]
pub enum Port {
    All(&'static str),
    Number(&'static str, u16),
    Range(&'static str, u16, u16),
    /// The protocol, or any for policies that do not say one.
    Name(Option<&'static str>, &'static str),
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub action: &'static str,
    pub peers: Vec<Peer>,
    pub ports: Vec<Port>,
}

#[derive(Clone, Debug)]
pub struct NetworkPolicy {
    pub namespace: usize,
    pub pods: Selector,
    pub types: Vec<&'static str>,
    pub ingress: Vec<Rule>,
    pub egress: Vec<Rule>,
}

impl NetworkPolicy {
    fn isolates(&self, direction: &str) -> bool {
        if self.types.is_empty() {
            direction == "Ingress" || !self.egress.is_empty()
        } else {
            self.types.contains(&direction)
        }
    }
}

/// The kinds of policies that are about many namespaces: those of v1alpha1, and those of v1alpha2 by tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Admin,
    Baseline,
    ClusterAdmin,
    ClusterBaseline,
}

impl Kind {
    /// True if it is asked before NetworkPolicies.
    pub fn is_first(self) -> bool {
        matches!(self, Kind::Admin | Kind::ClusterAdmin)
    }
}

#[derive(Clone, Debug)]
pub struct ClusterPolicy {
    pub kind: Kind,
    pub priority: usize,
    pub namespaces: Selector,
    pub pods: Option<Selector>,
    pub ingress: Vec<Rule>,
    pub egress: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub namespaces: Vec<Namespace>,
    pub pods: Vec<Pod>,
    pub policies: Vec<NetworkPolicy>,
    pub admin: Vec<ClusterPolicy>,
}

#[derive(Clone, Copy, Debug)]
pub enum End {
    Pod(usize),
    Address(IpAddr),
}

const POD_NAMES: [&str; 7] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6"];
const KEYS: [&str; 3] = ["app", "tier", "team"];
const VALUES: [&str; 3] = ["a", "b", "c"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const NAMES: [&str; 3] = ["http", "dns", "admin"];
const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(a: u16, b: u16, h: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, h))
}

const BLOCKS: [Cidr; 8] = [
    (v4(0, 0, 0, 0), 0),
    (v4(10, 0, 0, 0), 8),
    (v4(10, 1, 0, 0), 16),
    (v4(203, 0, 113, 0), 24),
    (v4(8, 8, 8, 8), 32),
    (v6(0, 0, 0), 0),
    (v6(0xfd00, 0, 0), 8),
    (v6(0xfd00, 1, 0), 32),
];
/// Addresses that tell the blocks apart.
pub const ADDRESSES: [IpAddr; 9] = [
    v4(10, 0, 0, 1),
    v4(10, 1, 2, 3),
    v4(203, 0, 113, 9),
    v4(8, 8, 8, 8),
    v4(8, 8, 8, 9),
    v4(255, 255, 255, 255),
    v6(0xfd00, 1, 5),
    v6(0xfd00, 2, 5),
    v6(0x2001, 0xdb8, 5),
];
/// Ports that tell the ports of rules apart.
pub const PORTS: [u16; 9] = [1, 52, 53, 80, 81, 443, 8000, 8080, 65535];

fn labels(r: &mut Random) -> Labels {
    KEYS.iter()
        .filter_map(|k| (r.below(3) > 0).then_some(*k))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|k| (k, r.pick(&VALUES)))
        .collect()
}

/// What pods are asked for; the label that Jobs add is asked for as well.
fn pod_selector(r: &mut Random) -> Selector {
    match r.below(16) {
        0 => vec![Requirement::In("job-name", vec![r.pick(&POD_NAMES)])],
        1 => vec![Requirement::Absent("batch.kubernetes.io/job-name")],
        _ => selector(r),
    }
}

fn selector(r: &mut Random) -> Selector {
    let count = r.pick(&[0, 1, 1, 1, 2]);
    (0..count)
        .map(|_| {
            let key = r.pick(&KEYS);
            let values = if r.chance(3) { vec!["a", "b"] } else { vec![r.pick(&VALUES)] };
            match r.below(6) {
                0..=2 => Requirement::In(key, values),
                3 => Requirement::NotIn(key, values),
                4 => Requirement::Exists(key),
                _ => Requirement::Absent(key),
            }
        })
        .collect()
}

fn namespace_selector(r: &mut Random) -> Selector {
    if r.chance(4) {
        vec![Requirement::In("kubernetes.io/metadata.name", vec![r.pick(&["n0", "n1", "n2"])])]
    } else {
        selector(r)
    }
}

/// Most speak of IPv4.
fn cidr(r: &mut Random) -> Cidr {
    if r.chance(4) { r.pick(&BLOCKS[5..]) } else { r.pick(&BLOCKS[..5]) }
}

fn block(r: &mut Random) -> Peer {
    let block = cidr(r);
    let inside = |e: &Cidr| e.1 > block.1 && covers(block, e.0);
    let except =
        if r.chance(2) { BLOCKS.iter().copied().filter(inside).filter(|_| r.chance(2)).collect() } else { Vec::new() };
    Peer::Block { block, except }
}

fn ports(r: &mut Random, cluster: bool) -> Vec<Port> {
    let count = r.pick(&[0, 0, 1, 1, 2]);
    (0..count)
        .map(|_| {
            let protocol = r.pick(&PROTOCOLS);
            match r.below(5) {
                0 if !cluster => Port::All(protocol),
                0 | 1 => Port::Number(protocol, r.pick(&[53, 80, 443])),
                2 => Port::Range(protocol, 80, r.pick(&[81, 8080])),
                _ => Port::Name((!cluster).then_some(protocol), r.pick(&NAMES)),
            }
        })
        .collect()
}

fn rule(r: &mut Random) -> Rule {
    let count = r.pick(&[0, 1, 1, 2]);
    let peers = (0..count).map(|_| match r.below(4) {
        0 => block(r),
        1 => Peer::Pods { namespaces: None, pods: Some(pod_selector(r)) },
        2 => Peer::Pods { namespaces: Some(namespace_selector(r)), pods: None },
        _ => Peer::Pods { namespaces: Some(namespace_selector(r)), pods: Some(pod_selector(r)) },
    });
    Rule { action: "Allow", peers: peers.collect(), ports: ports(r, false) }
}

fn cluster_rule(r: &mut Random, egress: bool, baseline: bool) -> Rule {
    let action = if baseline { r.pick(&["Allow", "Deny"]) } else { r.pick(&["Allow", "Deny", "Pass"]) };
    let peers = (0..1 + r.below(2)).map(|_| {
        if egress && r.chance(4) {
            return Peer::Block { block: cidr(r), except: Vec::new() };
        }
        Peer::Pods { namespaces: Some(namespace_selector(r)), pods: r.chance(2).then(|| pod_selector(r)) }
    });
    Rule { action, peers: peers.collect(), ports: ports(r, true) }
}

impl World {
    /// A random world.
    pub fn random(r: &mut Random) -> World {
        let namespaces: Vec<Namespace> = ["n0", "n1", "n2"]
            .into_iter()
            .map(|name| {
                let labels = (!r.chance(4)).then(|| labels(r));
                let own_network = labels.is_some() && r.chance(8);
                Namespace { name, labels, own_network }
            })
            .collect();
        let pods = (0..2 + r.below(5))
            .map(|i| {
                let of_job = r.chance(5);
                let mut labels = labels(r);
                if of_job {
                    labels.extend([("job-name", POD_NAMES[i]), ("batch.kubernetes.io/job-name", POD_NAMES[i])]);
                }
                (i, of_job, labels)
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(i, of_job, labels)| Pod {
                name: format!("p{i}"),
                namespace: r.below(3),
                labels,
                of_job,
                ports: NAMES
                    .iter()
                    .filter_map(|n| (r.below(3) == 0).then_some(*n))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|n| (n, r.pick(&PROTOCOLS), r.pick(&[53, 80, 8080])))
                    .collect(),
                address: (!of_job && r.chance(3)).then(|| {
                    if r.chance(4) {
                        v6(0xfd00, r.pick(&[1, 2]), i as u16)
                    } else {
                        v4(10, r.pick(&[0, 1]), 9, i as u8)
                    }
                }),
                host_network: r.chance(12),
            })
            .collect();
        let policies = (0..r.below(4))
            .map(|_| NetworkPolicy {
                namespace: r.below(3),
                pods: pod_selector(r),
                types: r.pick(&[&[][..], &["Ingress"], &["Egress"], &["Ingress", "Egress"]]).to_vec(),
                ingress: (0..r.below(3)).map(|_| rule(r)).collect(),
                egress: (0..r.below(3)).map(|_| rule(r)).collect(),
            })
            .collect();
        let mut admin = Vec::new();
        for i in 0..r.pick(&[0, 0, 1, 2, 3, 4]) {
            let kind = match (i, r.chance(2)) {
                (0 | 1, true) => Kind::Admin,
                (0 | 1, false) => Kind::ClusterAdmin,
                (2, true) => Kind::Baseline,
                _ => Kind::ClusterBaseline,
            };
            let baseline = kind == Kind::Baseline;
            admin.push(ClusterPolicy {
                kind,
                priority: if baseline { 0 } else { 10 - i },
                namespaces: namespace_selector(r),
                pods: r.chance(2).then(|| pod_selector(r)),
                ingress: (0..r.below(3)).map(|_| cluster_rule(r, false, baseline)).collect(),
                egress: (0..r.below(3)).map(|_| cluster_rule(r, true, baseline)).collect(),
            });
        }
        World { namespaces, pods, policies, admin }
    }

    /// True if some rule speaks of IPv6. Where none does, its addresses are not distinguished from those of IPv4.
    pub fn speaks_of_v6(&self) -> bool {
        let own = self.policies.iter().flat_map(|p| {
            let ingress = p.ingress.iter().filter(|_| p.isolates("Ingress"));
            ingress.chain(p.egress.iter().filter(|_| p.isolates("Egress")))
        });
        let admin = self.admin.iter().flat_map(|p| p.ingress.iter().chain(&p.egress));
        own.chain(admin).flat_map(|r| &r.peers).any(|p| matches!(p, Peer::Block { block: (IpAddr::V6(_), _), .. }))
    }

    /// The primary network of a pod: that of its namespace, or the one that all others share.
    fn network(&self, pod: usize) -> Option<usize> {
        let namespace = self.pods[pod].namespace;
        self.namespaces[namespace].own_network.then_some(namespace)
    }

    /// True if traffic is allowed.
    pub fn allowed(&self, from: End, to: End, protocol: &str, port: u16) -> bool {
        if let (End::Pod(a), End::Pod(b)) = (from, to)
            && self.network(a) != self.network(b)
        {
            return false;
        }
        let egress = match from {
            End::Pod(pod) => self.side(pod, "Egress", to, to, protocol, port),
            End::Address(_) => true,
        };
        let ingress = match to {
            End::Pod(pod) => self.side(pod, "Ingress", from, to, protocol, port),
            End::Address(_) => true,
        };
        egress && ingress
    }

    fn side(&self, pod: usize, direction: &str, other: End, to: End, protocol: &str, port: u16) -> bool {
        let decide = |policies: Vec<&ClusterPolicy>| -> Option<&'static str> {
            for policy in policies {
                if !self.is_cluster_subject(policy, pod) {
                    continue;
                }
                let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
                for rule in rules {
                    let meant = rule.peers.iter().any(|p| self.is_peer(p, other, usize::MAX, true));
                    if meant && self.is_port(&rule.ports, to, protocol, port) {
                        return Some(rule.action);
                    }
                }
            }
            None
        };
        let tier = |first: bool| -> Vec<&ClusterPolicy> {
            let mut own: Vec<&ClusterPolicy> = self.admin.iter().filter(|p| p.kind.is_first() == first).collect();
            own.sort_by_key(|p| p.priority);
            own
        };
        match decide(tier(true)) {
            Some("Allow") => return true,
            Some("Deny") => return false,
            _ => {}
        }
        let mut isolated = false;
        for policy in self
            .policies
            .iter()
            .filter(|p| p.namespace == self.pods[pod].namespace && selects(&p.pods, &self.pods[pod].labels))
        {
            if !policy.isolates(direction) {
                continue;
            }
            isolated = true;
            let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
            for rule in rules {
                let meant =
                    rule.peers.is_empty() || rule.peers.iter().any(|p| self.is_peer(p, other, policy.namespace, false));
                if meant && self.is_port(&rule.ports, to, protocol, port) {
                    return true;
                }
            }
        }
        if isolated {
            return false;
        }
        decide(tier(false)) != Some("Deny")
    }

    fn is_cluster_subject(&self, policy: &ClusterPolicy, pod: usize) -> bool {
        let pod = &self.pods[pod];
        !pod.host_network
            && self.selects_namespace(&policy.namespaces, pod.namespace)
            && policy.pods.as_ref().is_none_or(|s| selects(s, &pod.labels))
    }

    fn selects_namespace(&self, selector: &Selector, namespace: usize) -> bool {
        let namespace = &self.namespaces[namespace];
        let mut labels = namespace.labels.clone().unwrap_or_default();
        labels.push(("kubernetes.io/metadata.name", namespace.name));
        selects(selector, &labels)
    }

    fn is_peer(&self, peer: &Peer, other: End, own: usize, cluster: bool) -> bool {
        match (peer, other) {
            (Peer::Block { block, except }, End::Address(a)) => {
                covers(*block, a) && !except.iter().any(|e| covers(*e, a))
            }
            (Peer::Block { .. }, End::Pod(pod)) => {
                self.pods[pod].address.is_some_and(|a| self.is_peer(peer, End::Address(a), own, cluster))
            }
            (Peer::Pods { .. }, End::Address(_)) => false,
            (Peer::Pods { namespaces, pods }, End::Pod(pod)) => {
                let pod = &self.pods[pod];
                if cluster && pod.host_network {
                    return false;
                }
                let here = match namespaces {
                    Some(selector) => self.selects_namespace(selector, pod.namespace),
                    None => pod.namespace == own,
                };
                here && pods.as_ref().is_none_or(|s| selects(s, &pod.labels))
            }
        }
    }

    fn is_port(&self, ports: &[Port], to: End, protocol: &str, port: u16) -> bool {
        ports.is_empty()
            || ports.iter().any(|p| match p {
                Port::All(wanted) => *wanted == protocol,
                Port::Number(wanted, number) => *wanted == protocol && *number == port,
                Port::Range(wanted, first, last) => *wanted == protocol && (*first..=*last).contains(&port),
                Port::Name(wanted, name) => match to {
                    End::Address(_) => false,
                    End::Pod(pod) => self.pods[pod].ports.iter().any(|(n, p, number)| {
                        n == name && *p == protocol && *number == port && wanted.is_none_or(|w| w == *p)
                    }),
                },
            })
    }
}

fn selects(selector: &Selector, labels: &Labels) -> bool {
    let value = |key: &str| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    selector.iter().all(|r| match r {
        Requirement::In(key, values) => value(key).is_some_and(|v| values.contains(&v)),
        Requirement::NotIn(key, values) => value(key).is_none_or(|v| !values.contains(&v)),
        Requirement::Exists(key) => value(key).is_some(),
        Requirement::Absent(key) => value(key).is_none(),
    })
}

fn covers((base, length): Cidr, address: IpAddr) -> bool {
    let top = |bits: u128, width: u32| bits.checked_shr(width - u32::from(length)).unwrap_or_default();
    match (base, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => top(u128::from(a.to_bits()), 32) == top(u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => top(a.to_bits(), 128) == top(b.to_bits(), 128),
        _ => false,
    }
}
