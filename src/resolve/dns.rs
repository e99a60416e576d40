//! What policies say of questions to the DNS of the cluster: one answer for each workload, which the mark on its card,
//! the finding and the layer of names of `why` share.
//!
//! Sources: <https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic>,
//! <https://docs.openshift.com/container-platform/latest/networking/dns-operator.html> (port 5353 behind the Service),
//! <https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/> (a link-local address on each node).

use std::collections::BTreeSet;

use crate::cluster::{Cluster, Workload};
use crate::net::{AddressSet, Labels, NAMESPACE_NAME, Operator, PortSet, Protocol, Requirement, Selector, parse_cidr};
use crate::policy::{
    Action, Certainty, Connectivity, Direction, Endpoint, Influence, NamespaceSelection, Peer, Peers, PodSelection,
    Policy, Rule, RulePorts, Tier,
};

/// Whether policies let a workload ask the DNS of the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DnsAccess {
    /// No policy that is evaluated restricts what it sends.
    #[default]
    Unrestricted,
    /// They let it ask these pods of the input, by position.
    Server(usize),
    /// A rule lets it.
    Rule(RuleRef),
    /// A rule may let it.
    Unknown(Option<RuleRef>, DnsDoubt),
    /// They do not let it.
    Denied(DnsDenial),
}

/// Why policies let a workload ask no DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsDenial {
    /// No rule is about it.
    NoRule,
    /// A rule is about port 53 of TCP alone, which is what a port without a protocol means: questions go over UDP first.
    TcpOnly(RuleRef),
    /// A rule denies it.
    Rule(RuleRef),
}

/// A rule of a policy, by its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleRef {
    /// The policy.
    pub policy: usize,
    /// The rule among those for egress.
    pub rule: usize,
}

/// Why it cannot be determined whether a rule is about the DNS of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsDoubt {
    /// It selects namespaces by labels that the manifests do not give the one of DNS.
    Namespace,
    /// It selects pods by labels that the pods of DNS may have.
    Pods,
    /// It names an address that may be that of the Service of DNS: policies see the addresses of pods.
    Address,
    /// Manifests do not tell what it names.
    Peer,
    /// What policies allow to the pods of DNS is not certain.
    Verdict,
}

impl DnsDoubt {
    /// The reason in a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            DnsDoubt::Namespace => "the labels of the namespace of DNS are not in the manifests",
            DnsDoubt::Pods => "the labels of the pods of DNS are not in the manifests",
            DnsDoubt::Address => "the addresses of DNS are not in the manifests, and policies see those of its pods",
            DnsDoubt::Peer => "the manifests do not tell what the rule names",
            DnsDoubt::Verdict => "what policies allow to the pods of DNS is not certain",
        }
    }
}

/// What a rule is about.
enum Meaning {
    Dns,
    Perhaps(DnsDoubt),
    TcpOnly,
    Other,
}

/// The workloads that are the DNS of the cluster, by position.
pub(super) fn servers(cluster: &Cluster) -> Vec<usize> {
    let all = cluster.workloads().iter().enumerate();
    all.filter(|(_, w)| is_server(w)).map(|(index, _)| index).collect()
}

fn is_server(workload: &Workload) -> bool {
    let labels = &workload.spec.pod_labels;
    labels.get("k8s-app").is_some_and(|v| v == "kube-dns")
        || labels.contains_key("dns.operator.openshift.io/daemonset-dns")
        || (workload.key.namespace() == "kube-system" && workload.key.name.contains("coredns"))
}

/// Whether a workload may answer questions of DNS, of the cluster's or of others.
pub fn is_dns(workload: &Workload) -> bool {
    let declared = workload.spec.pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
    workload.key.name.contains("dns") || declared.into_iter().any(|p| p.container_port == 53)
}

/// What policies say, by workload.
pub(super) fn access(cluster: &Cluster, servers: &[usize], connectivity: &Connectivity) -> Vec<DnsAccess> {
    let declared = cluster.namespaces().values().filter(|n| n.declared.is_some());
    let asked = Asked {
        cluster,
        servers,
        connectivity,
        guarded: servers.iter().any(|s| connectivity.isolation(*s, Direction::Ingress) != Default::default()),
        others: others(cluster),
        populated: cluster.workloads().iter().map(|w| w.key.namespace()).collect(),
        labels: declared.flat_map(|n| n.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect(),
    };
    // The meaning of each rule is found once, for most policies are those of many workloads.
    let meanings: Vec<Vec<Meaning>> = connectivity
        .policies()
        .iter()
        .map(|p| p.rules(Direction::Egress).unwrap_or_default().iter().map(|r| asked.meaning(r)).collect())
        .collect();
    (0..cluster.workloads().len()).map(|workload| asked.access(workload, &meanings)).collect()
}

fn others(cluster: &Cluster) -> Vec<usize> {
    (0..cluster.workloads().len()).filter(|&w| is_dns(&cluster.workloads()[w])).collect()
}

/// Whether the policies of a workload cut it off from the names of those that they let it send to: it may connect to
/// pods and may ask no DNS.
pub(super) fn is_cut_off(cluster: &Cluster, connectivity: &Connectivity, access: DnsAccess, workload: usize) -> bool {
    let own = &cluster.workloads()[workload];
    let asks_others = matches!(own.spec.pod.dns_policy.as_deref(), Some("None" | "Default"));
    let isolation = connectivity.isolation(workload, Direction::Egress);
    let policies = || isolation.isolating.iter().chain(&isolation.tiers).map(|&p| &connectivity.policies()[p]);
    matches!(access, DnsAccess::Denied(_))
        && !asks_others
        && !is_dns(own)
        && connectivity.influence(workload, Direction::Egress) == Influence::None
        && policies().any(|p| p.rules(Direction::Egress).unwrap_or_default().iter().any(leads_to_pods))
}

/// Whether a rule lets something through to pods, which are reached by names.
pub fn leads_to_pods(rule: &Rule) -> bool {
    let among = match &rule.peers {
        Peers::Everybody => true,
        Peers::AnyOf(peers) => peers.iter().any(|p| matches!(p, Peer::Pods(_))),
    };
    rule.action == Action::Allow && among
}

/// What any of the rules of some policies says.
fn any_of(isolating: &[usize], policies: &[Policy], meanings: &[Vec<Meaning>]) -> DnsAccess {
    let (mut perhaps, mut tcp_only) = (None, None);
    for &policy in isolating {
        let rules = policies[policy].rules(Direction::Egress).unwrap_or_default();
        for (rule, (meaning, said)) in meanings[policy].iter().zip(rules).enumerate() {
            let at = RuleRef { policy, rule };
            match (meaning, said.action) {
                (_, Action::Deny) | (Meaning::Other, _) => {}
                (Meaning::Dns, Action::Allow) => return DnsAccess::Rule(at),
                // What a rule passes on, later policies or none may allow.
                (Meaning::Dns, Action::Pass) => perhaps = perhaps.or(Some((at, DnsDoubt::Peer))),
                (Meaning::Perhaps(doubt), _) => perhaps = perhaps.or(Some((at, *doubt))),
                (Meaning::TcpOnly, _) => tcp_only = tcp_only.or(Some(at)),
            }
        }
    }
    match perhaps {
        Some((at, doubt)) => DnsAccess::Unknown(Some(at), doubt),
        None => DnsAccess::Denied(tcp_only.map_or(DnsDenial::NoRule, DnsDenial::TcpOnly)),
    }
}

/// More pods of DNS are not asked about: those of a cluster have the same policies.
const MOST_SERVERS: usize = 8;

/// What is asked about.
struct Asked<'a> {
    cluster: &'a Cluster,
    servers: &'a [usize],
    connectivity: &'a Connectivity,
    /// Whether policies restrict who may ask some server.
    guarded: bool,
    /// Workloads beside the DNS of the cluster that may answer.
    others: Vec<usize>,
    /// Namespaces with workloads.
    populated: BTreeSet<&'a str>,
    /// The labels of declared namespaces.
    labels: BTreeSet<(&'a str, &'a str)>,
}

impl Asked<'_> {
    fn access(&self, workload: usize, meanings: &[Vec<Meaning>]) -> DnsAccess {
        let isolation = self.connectivity.isolation(workload, Direction::Egress).without_mesh(self.connectivity);
        let on_host = self.cluster.workloads()[workload].spec.pod.host_network == Some(true);
        // On networks of their own pods may reach DNS past policies.
        let elsewhere = self.connectivity.home(workload) != 0;
        // What decides beside these policies is reported where the connection itself is.
        let open = self.connectivity.influence(workload, Direction::Egress) == Influence::Decides;
        if (isolation == Default::default() && !self.guarded) || on_host || elsewhere || open {
            return DnsAccess::Unrestricted;
        }
        let mut unsure = None;
        for &server in self.servers.iter().take(MOST_SERVERS) {
            let ends = (Endpoint::Workload(workload), Endpoint::Workload(server));
            let Some(found) = self.connectivity.between(&ends.0, &ends.1) else { continue };
            if found.certainty == Certainty::Undetermined {
                unsure = Some(DnsAccess::Unknown(None, DnsDoubt::Verdict));
            } else if !found.ports.intersection(&self.ports(server)).is_empty() {
                return DnsAccess::Server(server);
            }
        }
        let policies = self.connectivity.policies();
        let (before, after): (Vec<usize>, Vec<usize>) =
            isolation.tiers.iter().partition(|p| policies[**p].tier < Tier::Network);
        if let Some(decided) = self.in_order(before, meanings) {
            return decided;
        }
        let otherwise =
            || if self.servers.is_empty() { DnsAccess::Unrestricted } else { DnsAccess::Denied(DnsDenial::NoRule) };
        let by_rules = match isolation.isolating.is_empty() {
            true => self.in_order(after, meanings).unwrap_or_else(otherwise),
            false => any_of(&isolation.isolating, policies, meanings),
        };
        if matches!(by_rules, DnsAccess::Denied(_)) { unsure.unwrap_or(by_rules) } else { by_rules }
    }

    /// What the first rule about DNS says of policies that are asked in order; nothing if there is none, or if it leaves
    /// the question to those that come after.
    fn in_order(&self, mut policies: Vec<usize>, meanings: &[Vec<Meaning>]) -> Option<DnsAccess> {
        let all = self.connectivity.policies();
        policies.sort_by(|a, b| (&all[*a].tier, all[*a].priority, a).cmp(&(&all[*b].tier, all[*b].priority, b)));
        for policy in policies {
            let rules = all[policy].rules(Direction::Egress).unwrap_or_default();
            for (rule, said) in rules.iter().enumerate() {
                let at = RuleRef { policy, rule };
                match (&meanings[policy][rule], said.action) {
                    (Meaning::Dns, Action::Allow) => return Some(DnsAccess::Rule(at)),
                    (Meaning::Dns, Action::Deny) => return Some(DnsAccess::Denied(DnsDenial::Rule(at))),
                    (Meaning::Dns, Action::Pass) => return None,
                    (Meaning::Perhaps(doubt), _) => return Some(DnsAccess::Unknown(Some(at), *doubt)),
                    (Meaning::TcpOnly | Meaning::Other, _) => {}
                }
            }
        }
        None
    }

    /// The ports at which a server is asked.
    fn ports(&self, server: usize) -> PortSet {
        let pod = &self.cluster.workloads()[server].spec.pod;
        let declared = pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
        let dns = declared.filter(|p| [53, 5353].contains(&p.container_port));
        let ports = dns.filter(|p| Protocol::from_field(p.protocol.as_deref()) == Protocol::Udp);
        let ports = ports.fold(PortSet::none(), |set, p| {
            let number = u16::try_from(p.container_port).unwrap_or_default();
            set.with(&PortSet::port(Protocol::Udp, number))
        });
        if ports.is_empty() { udp(53) } else { ports }
    }

    /// What a rule says of DNS that the manifests do not contain; of servers that they contain the verdict is known, and
    /// only a cache at a link-local address is left.
    fn meaning(&self, rule: &Rule) -> Meaning {
        let at = |ports: &PortSet| !rule.ports.at(&[]).intersection(ports).is_empty();
        let named = rule.ports.named().into_iter().any(|n| n.name.starts_with("dns"));
        let tcp = PortSet::port(Protocol::Tcp, 53);
        if !at(&udp(53)) && !at(&udp(5353)) && !named {
            let is_dns = at(&tcp) && !matches!(rule.ports, RulePorts::All);
            return if is_dns && !matches!(self.peers(rule), Meaning::Other) {
                Meaning::TcpOnly
            } else {
                Meaning::Other
            };
        }
        self.peers(rule)
    }

    /// Whether the DNS of the cluster is among the peers of a rule.
    fn peers(&self, rule: &Rule) -> Meaning {
        // A rule for a few ports with that of DNS among them means DNS; one for all ports may mean anything.
        let explicit = match &rule.ports {
            RulePorts::Some { fixed, named } => !named.is_empty() || fixed.count() <= 64,
            RulePorts::All | RulePorts::Except(_) => false,
        };
        let Peers::AnyOf(peers) = &rule.peers else {
            return if self.servers.is_empty() { Meaning::Dns } else { Meaning::Other };
        };
        let mut found = Meaning::Other;
        for peer in peers {
            let meaning = match peer {
                Peer::Addresses(set) => addresses(set, explicit),
                _ if !self.servers.is_empty() => Meaning::Other,
                Peer::Untold(..) | Peer::Nodes if explicit => Meaning::Perhaps(DnsDoubt::Peer),
                Peer::Untold(..) | Peer::Nodes | Peer::Names(_) => Meaning::Other,
                Peer::Pods(selection) => self.pods(selection, explicit),
            };
            match meaning {
                Meaning::Dns => return Meaning::Dns,
                Meaning::Perhaps(_) if matches!(found, Meaning::Other) => found = meaning,
                _ => {}
            }
        }
        found
    }

    /// Whether the pods of DNS, which the manifests do not contain, are among some.
    fn pods(&self, selection: &PodSelection, explicit: bool) -> Meaning {
        let namespaces = selection.namespaces.simplest();
        let namespace = match &namespaces {
            NamespaceSelection::Named(name) if HOMES.contains(&name.as_str()) => Some(true),
            NamespaceSelection::Named(name) => {
                let told = self.others.iter().any(|&w| self.is_meant(w, name, selection));
                let bare = !self.populated.contains(name.as_str());
                let system = name.contains("dns") || name.starts_with("kube-") || name.starts_with("openshift-");
                if told || (explicit && bare) || (system && bare) { None } else { Some(false) }
            }
            NamespaceSelection::Labeled(selector) => self.home(selector, explicit),
        };
        let pods = pods_of_dns(&selection.pods, explicit);
        match (namespace, pods) {
            (Some(false), _) | (_, Some(false)) => Meaning::Other,
            (Some(true), Some(true)) => Meaning::Dns,
            (None, _) => Meaning::Perhaps(DnsDoubt::Namespace),
            (Some(true), None) => Meaning::Perhaps(DnsDoubt::Pods),
        }
    }

    fn is_meant(&self, workload: usize, namespace: &str, selection: &PodSelection) -> bool {
        let workload = &self.cluster.workloads()[workload];
        workload.key.namespace() == namespace && selection.pods.matches(&workload.spec.pod_labels)
    }

    /// Whether a selector of namespaces selects the one of DNS; `None` if its labels are not known.
    fn home(&self, selector: &Selector, explicit: bool) -> Option<bool> {
        let declared = |name: &str| self.cluster.namespaces().get(name).filter(|n| n.declared.is_some());
        if HOMES.iter().filter_map(|home| declared(home)).any(|home| selector.matches(&home.labels)) {
            return Some(true);
        }
        if declared(HOMES[0]).is_some() {
            return Some(false);
        }
        let implied = |home: &str| Labels::from([(NAMESPACE_NAME.to_owned(), home.to_owned())]);
        let is_known = |r: &&Requirement| r.key == NAMESPACE_NAME;
        let known = || selector.requirements().iter().filter(is_known);
        if !HOMES.iter().any(|home| known().all(|r| r.matches(&implied(home)))) {
            return Some(false);
        }
        if known().count() == selector.requirements().len() {
            return Some(true);
        }
        // Labels that namespaces of the manifests have explain the selector, unless they speak of the system.
        let has = |r: &Requirement, fits: &dyn Fn(&String) -> bool| matches!(&r.operator, Operator::In(values) if values.iter().any(fits));
        let is_system = |v: &String| v.contains("system") || v.contains("dns");
        let is_here = |r: &Requirement| has(r, &|v| self.labels.contains(&(r.key.as_str(), v.as_str())));
        let requirements = selector.requirements();
        let other = !explicit && requirements.iter().any(is_here) && !requirements.iter().any(|r| has(r, &is_system));
        if other { Some(false) } else { None }
    }
}

/// The namespaces of DNS, in Kubernetes and in OpenShift.
const HOMES: [&str; 2] = ["kube-system", "openshift-dns"];

/// Whether a selector of pods selects those of DNS; `None` if their labels are not known.
fn pods_of_dns(selector: &Selector, explicit: bool) -> Option<bool> {
    let usual = Labels::from([("k8s-app".to_owned(), "kube-dns".to_owned())]);
    let speaks_of_dns = |r: &Requirement| match &r.operator {
        Operator::In(values) => r.key.contains("dns") || values.iter().any(|v| v.contains("dns")),
        _ => false,
    };
    if selector.matches(&usual) || selector.requirements().iter().any(speaks_of_dns) {
        return Some(true);
    }
    if explicit { None } else { Some(false) }
}

/// Whether DNS may be at some of these addresses.
fn addresses(set: &AddressSet, explicit: bool) -> Meaning {
    let link = parse_cidr("169.254.0.0/16").map(AddressSet::block).unwrap_or_default();
    let private = AddressSet::private();
    let all = private.difference(set).is_empty();
    match explicit {
        true if all || !set.intersection(&link).is_empty() => Meaning::Dns,
        _ if !set.intersection(&private).is_empty() => Meaning::Perhaps(DnsDoubt::Address),
        _ => Meaning::Other,
    }
}

fn udp(number: u16) -> PortSet {
    PortSet::port(Protocol::Udp, number)
}
