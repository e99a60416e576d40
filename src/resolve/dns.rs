//! Workloads whose policies certainly deny questions to the DNS of the cluster.

use crate::cluster::{Cluster, Workload};
use crate::net::{Labels, NAMESPACE_NAME, Operator, PortSet, Protocol, Requirement};
use crate::policy::{
    Action, Connectivity, Direction, Influence, NamespaceSelection, Peer, Peers, PodSelection, Rule, RulePorts,
};

/// What the egress rules of each policy say of DNS.
pub(super) struct Names {
    policies: Vec<Egress>,
}

/// What the egress rules of a policy allow.
#[derive(Clone, Copy, Default)]
struct Egress {
    /// Something that may be DNS.
    dns: bool,
    /// Connections to pods.
    pods: bool,
}

impl Names {
    pub fn of(cluster: &Cluster, connectivity: &Connectivity) -> Names {
        let about = |rules: &[Rule]| {
            let allowing = || rules.iter().filter(|r| r.action == Action::Allow);
            let pods = allowing().any(|r| match &r.peers {
                Peers::Everybody => true,
                Peers::AnyOf(peers) => peers.iter().any(|p| matches!(p, Peer::Pods(_))),
            });
            // What a rule passes on, later policies or none may allow.
            let open = |r: &&Rule| matches!(r.action, Action::Allow | Action::Pass);
            Egress { dns: rules.iter().filter(open).any(|r| may_be_dns(cluster, r)), pods }
        };
        let policies = connectivity.policies().iter();
        Names { policies: policies.map(|p| p.rules(Direction::Egress).map(about).unwrap_or_default()).collect() }
    }

    /// Whether policies certainly deny a workload every question to DNS, and let it connect to pods
    /// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic>).
    pub fn is_denied(&self, cluster: &Cluster, connectivity: &Connectivity, workload: usize) -> bool {
        let own = &cluster.workloads()[workload];
        let isolation = connectivity.isolation(workload, Direction::Egress);
        let asks_others = own.spec.pod.host_network == Some(true)
            || matches!(own.spec.pod.dns_policy.as_deref(), Some("None" | "Default"));
        if !isolation.is_isolated()
            || asks_others
            || is_dns(own)
            || connectivity.home(workload) != 0
            || connectivity.influence(workload, Direction::Egress) != Influence::None
        {
            return false;
        }
        let said = || isolation.isolating.iter().chain(&isolation.tiers).map(|&p| self.policies[p]);
        said().any(|e| e.pods) && !said().any(|e| e.dns)
    }
}

/// Whether a workload is a DNS server itself.
fn is_dns(workload: &Workload) -> bool {
    let declared = workload.spec.pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
    workload.key.name.contains("dns") || declared.into_iter().any(|p| p.container_port == 53)
}

/// Whether what a rule lets through may be a question to DNS: true wherever it is not surely false. Behind the Service,
/// OpenShift has port 5353 (<https://docs.openshift.com/container-platform/latest/networking/dns-operator.html>).
fn may_be_dns(cluster: &Cluster, rule: &Rule) -> bool {
    let port = match &rule.ports {
        RulePorts::All | RulePorts::Except(_) => true,
        RulePorts::Some { fixed, named } => {
            let dns = |n: u16| PortSet::port(Protocol::Udp, n).with(&PortSet::port(Protocol::Tcp, n));
            !fixed.intersection(&dns(53).with(&dns(5353))).is_empty() || !named.is_empty()
        }
    };
    let Peers::AnyOf(peers) = &rule.peers else { return port };
    port && peers.iter().any(|peer| match peer {
        Peer::Untold(_) | Peer::Nodes | Peer::Names(_) | Peer::Addresses(_) => true,
        Peer::Pods(selection) => pods_may_be_dns(cluster, selection),
    })
}

/// Whether a selection may mean the pods of DNS, which are usually in kube-system and labeled as what they are.
fn pods_may_be_dns(cluster: &Cluster, selection: &PodSelection) -> bool {
    let system = |name: &str| name.starts_with("kube-") || name.starts_with("openshift-") || name.contains("dns");
    let servers = || cluster.workloads().iter().filter(|w| is_dns(w));
    let namespace = match &selection.namespaces {
        NamespaceSelection::Named(name) => system(name) || servers().any(|w| w.key.namespace() == name),
        NamespaceSelection::Labeled(selector) => {
            let implied = Labels::from([(NAMESPACE_NAME.to_owned(), "kube-system".to_owned())]);
            let declared = cluster.namespaces().get("kube-system").filter(|n| n.declared.is_some());
            let fits = |r: &Requirement| match declared {
                Some(namespace) => r.matches(&namespace.labels),
                None if r.key == NAMESPACE_NAME => match &r.operator {
                    Operator::In(values) => values.iter().any(|v| system(v)),
                    _ => r.matches(&implied),
                },
                None => true,
            };
            let home = |w: &Workload| cluster.namespaces().get(w.key.namespace());
            selector.requirements().iter().all(fits)
                || servers().any(|w| home(w).is_some_and(|n| selector.matches(&n.labels)))
        }
    };
    let speaks_of_dns = |r: &Requirement| match &r.operator {
        Operator::In(values) => r.key == "k8s-app" || values.iter().any(|v| v.contains("dns")),
        _ => true,
    };
    let known = || servers().any(|w| selection.pods.matches(&w.spec.pod_labels));
    namespace && (selection.pods.requirements().iter().all(speaks_of_dns) || known())
}
