//! A second reading of the rules, written to be obviously right and nothing else: a random cluster with policies, the manifests that say it, and for two
//! ends and one port the answer, found by walking through every policy, rule and peer. It shares no code with the program.

use std::fmt::Write as _;

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

pub type Labels = Vec<(&'static str, &'static str)>;

#[derive(Clone, Debug)]
pub struct Namespace {
    pub name: &'static str,
    /// `None` if the manifests do not declare it.
    pub labels: Option<Labels>,
}

#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub namespace: usize,
    pub labels: Labels,
    pub ports: Vec<(&'static str, &'static str, u16)>,
    pub address: Option<[u8; 4]>,
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
    Block { block: ([u8; 4], u8), except: Vec<([u8; 4], u8)> },
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

#[derive(Clone, Debug)]
pub struct ClusterPolicy {
    /// `None` is the BaselineAdminNetworkPolicy.
    pub priority: Option<usize>,
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
    Address([u8; 4]),
}

const KEYS: [&str; 3] = ["app", "tier", "team"];
const VALUES: [&str; 3] = ["a", "b", "c"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const NAMES: [&str; 3] = ["http", "dns", "admin"];
const BLOCKS: [([u8; 4], u8); 5] = [
    ([0, 0, 0, 0], 0),
    ([10, 0, 0, 0], 8),
    ([10, 1, 0, 0], 16),
    ([203, 0, 113, 0], 24),
    ([8, 8, 8, 8], 32),
];
/// Addresses that tell the blocks apart.
pub const ADDRESSES: [[u8; 4]; 6] = [
    [10, 0, 0, 1],
    [10, 1, 2, 3],
    [203, 0, 113, 9],
    [8, 8, 8, 8],
    [8, 8, 8, 9],
    [255, 255, 255, 255],
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

fn block(r: &mut Random) -> Peer {
    let block = r.pick(&BLOCKS);
    let inside = |e: &([u8; 4], u8)| e.1 > block.1 && covers(block, e.0);
    let except = if r.chance(2) {
        BLOCKS.iter().copied().filter(inside).filter(|_| r.chance(2)).collect()
    } else {
        Vec::new()
    };
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
        1 => Peer::Pods {
            namespaces: None,
            pods: Some(selector(r)),
        },
        2 => Peer::Pods {
            namespaces: Some(namespace_selector(r)),
            pods: None,
        },
        _ => Peer::Pods {
            namespaces: Some(namespace_selector(r)),
            pods: Some(selector(r)),
        },
    });
    Rule {
        action: "Allow",
        peers: peers.collect(),
        ports: ports(r, false),
    }
}

fn cluster_rule(r: &mut Random, egress: bool, baseline: bool) -> Rule {
    let action = if baseline {
        r.pick(&["Allow", "Deny"])
    } else {
        r.pick(&["Allow", "Deny", "Pass"])
    };
    let peers = (0..1 + r.below(2)).map(|_| {
        if egress && r.chance(4) {
            return Peer::Block {
                block: r.pick(&BLOCKS),
                except: Vec::new(),
            };
        }
        Peer::Pods {
            namespaces: Some(namespace_selector(r)),
            pods: r.chance(2).then(|| selector(r)),
        }
    });
    Rule {
        action,
        peers: peers.collect(),
        ports: ports(r, true),
    }
}

impl World {
    /// A random world.
    pub fn random(r: &mut Random) -> World {
        let namespaces: Vec<Namespace> = ["n0", "n1", "n2"]
            .into_iter()
            .map(|name| Namespace {
                name,
                labels: (!r.chance(4)).then(|| labels(r)),
            })
            .collect();
        let pods = (0..2 + r.below(5))
            .map(|i| Pod {
                name: format!("p{i}"),
                namespace: r.below(3),
                labels: labels(r),
                ports: NAMES
                    .iter()
                    .filter_map(|n| (r.below(3) == 0).then_some(*n))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|n| (n, r.pick(&PROTOCOLS), r.pick(&[53, 80, 8080])))
                    .collect(),
                address: r.chance(3).then(|| [10, r.pick(&[0, 1]), 9, i as u8]),
                host_network: r.chance(12),
            })
            .collect();
        let policies = (0..r.below(4))
            .map(|_| NetworkPolicy {
                namespace: r.below(3),
                pods: selector(r),
                types: r.pick(&[&[][..], &["Ingress"], &["Egress"], &["Ingress", "Egress"]]).to_vec(),
                ingress: (0..r.below(3)).map(|_| rule(r)).collect(),
                egress: (0..r.below(3)).map(|_| rule(r)).collect(),
            })
            .collect();
        let mut admin = Vec::new();
        for i in 0..r.pick(&[0, 0, 1, 2, 3]) {
            let baseline = i == 2;
            admin.push(ClusterPolicy {
                priority: (!baseline).then_some(10 - i),
                namespaces: namespace_selector(r),
                pods: r.chance(2).then(|| selector(r)),
                ingress: (0..r.below(3)).map(|_| cluster_rule(r, false, baseline)).collect(),
                egress: (0..r.below(3)).map(|_| cluster_rule(r, true, baseline)).collect(),
            });
        }
        World {
            namespaces,
            pods,
            policies,
            admin,
        }
    }

    /// Whether traffic is allowed.
    pub fn allowed(&self, from: End, to: End, protocol: &str, port: u16) -> bool {
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
        let mut admin: Vec<&ClusterPolicy> = self.admin.iter().filter(|p| p.priority.is_some()).collect();
        admin.sort_by_key(|p| p.priority);
        match decide(admin) {
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
            let concerned = if policy.types.is_empty() {
                direction == "Ingress" || !policy.egress.is_empty()
            } else {
                policy.types.contains(&direction)
            };
            if !concerned {
                continue;
            }
            isolated = true;
            let rules = if direction == "Ingress" { &policy.ingress } else { &policy.egress };
            for rule in rules {
                let meant = rule.peers.is_empty() || rule.peers.iter().any(|p| self.is_peer(p, other, policy.namespace, false));
                if meant && self.is_port(&rule.ports, to, protocol, port) {
                    return true;
                }
            }
        }
        if isolated {
            return false;
        }
        decide(self.admin.iter().filter(|p| p.priority.is_none()).collect()) != Some("Deny")
    }

    fn is_cluster_subject(&self, policy: &ClusterPolicy, pod: usize) -> bool {
        let pod = &self.pods[pod];
        !pod.host_network && self.selects_namespace(&policy.namespaces, pod.namespace) && policy.pods.as_ref().is_none_or(|s| selects(s, &pod.labels))
    }

    fn selects_namespace(&self, selector: &Selector, namespace: usize) -> bool {
        let namespace = &self.namespaces[namespace];
        let mut labels = namespace.labels.clone().unwrap_or_default();
        labels.push(("kubernetes.io/metadata.name", namespace.name));
        selects(selector, &labels)
    }

    fn is_peer(&self, peer: &Peer, other: End, own: usize, cluster: bool) -> bool {
        match (peer, other) {
            (Peer::Block { block, except }, End::Address(a)) => covers(*block, a) && !except.iter().any(|e| covers(*e, a)),
            (Peer::Block { .. }, End::Pod(pod)) => self.pods[pod].address.is_some_and(|a| self.is_peer(peer, End::Address(a), own, cluster)),
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
                    End::Pod(pod) => self.pods[pod]
                        .ports
                        .iter()
                        .any(|(n, p, number)| n == name && *p == protocol && *number == port && wanted.is_none_or(|w| w == *p)),
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

fn covers((base, length): ([u8; 4], u8), address: [u8; 4]) -> bool {
    let bits = |a: [u8; 4]| u64::from(u32::from_be_bytes(a));
    bits(base) >> (32 - length) == bits(address) >> (32 - length)
}

impl World {
    /// The manifests that say it.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for namespace in &self.namespaces {
            if let Some(labels) = &namespace.labels {
                let _ = writeln!(
                    out,
                    "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {}, labels: {}}}}}",
                    namespace.name,
                    map(labels)
                );
            }
        }
        for pod in &self.pods {
            let ports: Vec<String> = pod
                .ports
                .iter()
                .map(|(n, p, i)| format!("{{name: {n}, protocol: {p}, containerPort: {i}}}"))
                .collect();
            let status = pod.address.map(|a| format!(", status: {{podIP: {}}}", dotted(a))).unwrap_or_default();
            let host = if pod.host_network { "hostNetwork: true, " } else { "" };
            let _ = writeln!(
                out,
                "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {}, namespace: {}, labels: {}}}, spec: {{{host}containers: [{{name: c, image: i, ports: [{}]}}]}}{status}}}",
                pod.name,
                self.namespaces[pod.namespace].name,
                map(&pod.labels),
                ports.join(", ")
            );
        }
        for (i, policy) in self.policies.iter().enumerate() {
            let types = if policy.types.is_empty() {
                String::new()
            } else {
                format!(", policyTypes: [{}]", policy.types.join(", "))
            };
            let _ = writeln!(
                out,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: np{i}, namespace: {}}}\nspec: {{podSelector: {}, ingress: [{}], egress: [{}]{types}}}",
                self.namespaces[policy.namespace].name,
                words(&policy.pods),
                rules(&policy.ingress, "from"),
                rules(&policy.egress, "to"),
            );
        }
        for policy in &self.admin {
            let (kind, name, priority) = match policy.priority {
                Some(p) => ("AdminNetworkPolicy", format!("anp{p}"), format!("priority: {p}, ")),
                None => ("BaselineAdminNetworkPolicy", "default".to_owned(), String::new()),
            };
            let subject = match &policy.pods {
                Some(pods) => format!("pods: {{namespaceSelector: {}, podSelector: {}}}", words(&policy.namespaces), words(pods)),
                None => format!("namespaces: {}", words(&policy.namespaces)),
            };
            let _ = writeln!(
                out,
                "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{priority}subject: {{{subject}}}, ingress: [{}], egress: [{}]}}",
                cluster_rules(&policy.ingress, "from"),
                cluster_rules(&policy.egress, "to"),
            );
        }
        out
    }
}

pub fn dotted(a: [u8; 4]) -> String {
    format!("{}.{}.{}.{}", a[0], a[1], a[2], a[3])
}

fn map(labels: &Labels) -> String {
    format!("{{{}}}", labels.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", "))
}

fn words(selector: &Selector) -> String {
    // A lone value is written as a label, to try both ways of saying it.
    let list = |values: &[&str]| values.join(", ");
    if let [Requirement::In(key, values)] = selector.as_slice()
        && values.len() == 1
    {
        return format!("{{matchLabels: {{{key}: {}}}}}", values[0]);
    }
    let parts: Vec<String> = selector
        .iter()
        .map(|r| match r {
            Requirement::In(key, values) => format!("{{key: {key}, operator: In, values: [{}]}}", list(values)),
            Requirement::NotIn(key, values) => format!("{{key: {key}, operator: NotIn, values: [{}]}}", list(values)),
            Requirement::Exists(key) => format!("{{key: {key}, operator: Exists}}"),
            Requirement::Absent(key) => format!("{{key: {key}, operator: DoesNotExist}}"),
        })
        .collect();
    if parts.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{matchExpressions: [{}]}}", parts.join(", "))
    }
}

fn cidr((base, length): ([u8; 4], u8)) -> String {
    format!("{}/{length}", dotted(base))
}

fn rules(rules: &[Rule], side: &str) -> String {
    let peer = |p: &Peer| match p {
        Peer::Block { block, except } => format!(
            "{{ipBlock: {{cidr: {}, except: [{}]}}}}",
            cidr(*block),
            except.iter().map(|e| cidr(*e)).collect::<Vec<_>>().join(", ")
        ),
        Peer::Pods { namespaces, pods } => {
            let parts = [
                namespaces.as_ref().map(|n| format!("namespaceSelector: {}", words(n))),
                pods.as_ref().map(|p| format!("podSelector: {}", words(p))),
            ];
            format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
    };
    let port = |p: &Port| match p {
        Port::All(protocol) => format!("{{protocol: {protocol}}}"),
        Port::Number(protocol, n) => format!("{{protocol: {protocol}, port: {n}}}"),
        Port::Range(protocol, a, b) => format!("{{protocol: {protocol}, port: {a}, endPort: {b}}}"),
        Port::Name(protocol, name) => format!("{{protocol: {}, port: {name}}}", protocol.unwrap_or("TCP")),
    };
    let one = |r: &Rule| {
        let peers: Vec<String> = r.peers.iter().map(peer).collect();
        let ports: Vec<String> = r.ports.iter().map(port).collect();
        format!("{{{side}: [{}], ports: [{}]}}", peers.join(", "), ports.join(", "))
    };
    rules.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn cluster_rules(rules: &[Rule], side: &str) -> String {
    let everything = Vec::new();
    let peer = |p: &Peer| match p {
        Peer::Block { block, .. } => format!("{{networks: [{}]}}", cidr(*block)),
        Peer::Pods { namespaces, pods } => {
            let namespaces = words(namespaces.as_ref().unwrap_or(&everything));
            match pods {
                Some(pods) => format!("{{pods: {{namespaceSelector: {namespaces}, podSelector: {}}}}}", words(pods)),
                None => format!("{{namespaces: {namespaces}}}"),
            }
        }
    };
    let port = |p: &Port| match p {
        Port::All(protocol) => format!("{{portRange: {{protocol: {protocol}, start: 1, end: 65535}}}}"),
        Port::Number(protocol, n) => format!("{{portNumber: {{protocol: {protocol}, port: {n}}}}}"),
        Port::Range(protocol, a, b) => format!("{{portRange: {{protocol: {protocol}, start: {a}, end: {b}}}}}"),
        Port::Name(_, name) => format!("{{namedPort: {name}}}"),
    };
    let one = |r: &Rule| {
        let peers: Vec<String> = r.peers.iter().map(peer).collect();
        let ports: Vec<String> = r.ports.iter().map(port).collect();
        let ports = if ports.is_empty() {
            String::new()
        } else {
            format!(", ports: [{}]", ports.join(", "))
        };
        format!("{{action: {}, {side}: [{}]{ports}}}", r.action, peers.join(", "))
    };
    rules.iter().map(one).collect::<Vec<_>>().join(", ")
}
