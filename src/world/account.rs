//! What became of every object of the input: drawn, used, known to be irrelevant, left out, or not understood.
//!
//! Guarantee: the numbers add up to the number of objects in the texts. A kind that no list names counts as not
//! understood.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Cluster, Entry};
use crate::graph::{Graph, NodeId, NotShown};
use crate::manifest::Body;
use crate::net::{ObjectKey, is_irrelevant};
use crate::policy::{Connectivity, Direction};
use crate::source::Span;

use super::Facts;

/// An object with its place.
pub type Placed = (ObjectKey, Span);

/// Objects of one kind that are not in the picture, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The reason.
    pub reason: Reason,
    /// The API group; empty for that of Kubernetes' core.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The objects with their places, in the order of the input.
    pub objects: Vec<Placed>,
}

impl Absent {
    /// `AuthorizationPolicy (istio.io)`, with the reason if it is another than that nobody understands the kind.
    pub fn name(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(" ({})", self.group) };
        let reason = match self.reason {
            Reason::NotUnderstood => "",
            Reason::SelectsNothing => " selecting no pod",
            Reason::Refused => " refused by the API server",
            Reason::Repeated => " defined again",
        };
        format!("{}{group}{reason}", self.kind)
    }
}

/// Why an object is not in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing here knows what objects of this kind do.
    NotUnderstood,
    /// A policy that is evaluated and selects no pod of the input.
    SelectsNothing,
    /// The API server would refuse it.
    Refused,
    /// Another definition of the same object is used.
    Repeated,
}

impl Reason {
    /// A name for data.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotUnderstood => "notUnderstood",
            Reason::SelectsNothing => "selectsNothing",
            Reason::Refused => "refused",
            Reason::Repeated => "repeated",
        }
    }
}

/// What became of the objects of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Objects with a card, or with pods that have one.
    pub drawn: usize,
    /// Objects that decide what is drawn.
    pub used: usize,
    /// Objects of kinds that neither open nor deny connections nor run pods.
    pub irrelevant: usize,
    /// Definitions that repeat another one word for word.
    pub equal: usize,
    /// All others, by reason, group and kind.
    pub absent: Vec<Absent>,
}

impl Account {
    /// The number of objects.
    pub fn total(&self) -> usize {
        self.drawn
            + self.used
            + self.irrelevant
            + self.equal
            + self.absent.iter().map(|a| a.objects.len()).sum::<usize>()
    }

    /// True if some object is of a kind that is understood.
    pub fn is_anything_understood(&self) -> bool {
        self.drawn + self.used + self.irrelevant > 0 || self.absent.iter().any(|a| a.reason != Reason::NotUnderstood)
    }

    /// Takes account of a cluster.
    pub(super) fn of(cluster: &Cluster, graph: &Graph, facts: &Facts, connectivity: &Connectivity) -> Account {
        let mut account = Account::default();
        let mut absent: BTreeMap<(Reason, &str, &str), Vec<Placed>> = BTreeMap::new();
        let known = Known::of(facts, connectivity, cluster);
        for (index, entry) in cluster.entries().iter().enumerate() {
            match known.fate(index, entry, graph) {
                Fate::Drawn => account.drawn += 1,
                Fate::Used => account.used += 1,
                Fate::Irrelevant => account.irrelevant += 1,
                Fate::Absent(reason) => {
                    let list = absent.entry((reason, &entry.key.group, &entry.key.kind)).or_default();
                    list.push((entry.key.clone(), entry.object.span));
                }
            }
        }
        for left in cluster.left_out() {
            if left.is_equal {
                account.equal += 1;
            } else {
                let list = absent.entry((Reason::Repeated, &left.key.group, &left.key.kind)).or_default();
                list.push((left.key.clone(), left.at));
            }
        }
        let all = absent.into_iter().map(|((reason, group, kind), mut objects)| {
            objects.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
            Absent { reason, group: group.to_owned(), kind: kind.to_owned(), objects }
        });
        account.absent = all.collect();
        account
    }

    /// What a picture says of it: kinds that are not understood, and policies without effect.
    pub(super) fn not_shown(&self, facts: &Facts) -> Vec<NotShown> {
        let entrances: BTreeSet<&str> = facts.unread.iter().map(|u| u.kind.as_str()).collect();
        let kinds = self.absent.iter().map(|a| NotShown {
            what: a.name(),
            count: a.objects.len(),
            is_entrance: a.reason == Reason::NotUnderstood && entrances.contains(a.kind.as_str()),
        });
        kinds.collect()
    }
}

/// What became of one object.
enum Fate {
    Drawn,
    Used,
    Irrelevant,
    Absent(Reason),
}

/// What is known of policies and entrances.
struct Known<'a> {
    foreign: BTreeSet<&'a ObjectKey>,
    unread: BTreeSet<usize>,
    /// Objects that facts about others are taken from.
    read: BTreeSet<usize>,
    /// Evaluated policies, and whether they select a pod.
    policies: BTreeMap<&'a ObjectKey, bool>,
    /// The input has pods that policies could select.
    has_pods: bool,
}

impl<'a> Known<'a> {
    fn of(facts: &'a Facts, connectivity: &'a Connectivity, cluster: &Cluster) -> Known<'a> {
        let mut selecting: BTreeSet<usize> = BTreeSet::new();
        for workload in 0..cluster.workloads().len() {
            for direction in Direction::ALL {
                selecting.extend(connectivity.unenforced(workload, direction));
                for network in 0..connectivity.networks().count() {
                    let isolation = connectivity.isolation_on(network, workload, direction);
                    selecting.extend(isolation.isolating.iter().chain(&isolation.tiers));
                }
            }
        }
        // An object may be several policies.
        let mut policies: BTreeMap<&ObjectKey, bool> = BTreeMap::new();
        for (index, policy) in connectivity.policies().iter().enumerate() {
            *policies.entry(&policy.key).or_default() |= selecting.contains(&index);
        }
        Known {
            // What is no policy is drawn, or used for something else.
            foreign: connectivity.foreign().iter().filter(|f| f.said.is_none()).map(|f| &f.key).collect(),
            unread: facts.unread.iter().map(|u| u.object).collect(),
            read: facts.destination_rules.iter().map(|r| r.object).chain(facts.read.iter().copied()).collect(),
            policies,
            has_pods: !cluster.workloads().is_empty(),
        }
    }

    fn fate(&self, index: usize, entry: &Entry, graph: &Graph) -> Fate {
        let (group, kind) = (entry.key.group.as_str(), entry.key.kind.as_str());
        if matches!(entry.object.body, Body::Workload(_)) || graph.find(&NodeId::object(&entry.key)).is_some() {
            return Fate::Drawn;
        }
        if let Some(selects) = self.policies.get(&entry.key) {
            let idle = !selects && self.has_pods;
            return if idle { Fate::Absent(Reason::SelectsNothing) } else { Fate::Used };
        }
        if self.foreign.contains(&entry.key) || self.unread.contains(&index) {
            return Fate::Absent(Reason::NotUnderstood);
        }
        if self.read.contains(&index) {
            return Fate::Used;
        }
        match (group, kind) {
            ("networking.k8s.io", "NetworkPolicy") | ("k8s.cni.cncf.io", "MultiNetworkPolicy") => {
                Fate::Absent(Reason::Refused)
            }
            ("policy.networking.k8s.io", _) => Fate::Absent(Reason::Refused),
            ("projectcalico.org" | "crd.projectcalico.org", "NetworkPolicy" | "GlobalNetworkPolicy") => {
                Fate::Absent(Reason::Refused)
            }
            ("cilium.io", "CiliumNetworkPolicy") => Fate::Absent(Reason::Refused),
            // What is for nodes is not evaluated.
            ("cilium.io", "CiliumClusterwideNetworkPolicy") => {
                let is_for_nodes = entry.object.tree.at(&["spec", "nodeSelector"]).is_some();
                Fate::Absent(if is_for_nodes { Reason::NotUnderstood } else { Reason::Refused })
            }
            // Those that are only watched decide nothing.
            ("security.istio.io", "AuthorizationPolicy") if is_watched(entry) => Fate::Irrelevant,
            ("security.istio.io", "AuthorizationPolicy") => Fate::Absent(Reason::Refused),
            _ if is_listed(USED, group, kind) => Fate::Used,
            _ if is_irrelevant(group, kind) => Fate::Irrelevant,
            _ => Fate::Absent(Reason::NotUnderstood),
        }
    }
}

/// Whether a policy of Istio has no effect: it is audited or tried out.
fn is_watched(entry: &Entry) -> bool {
    let action = entry.object.tree.at(&["spec", "action"]).and_then(crate::manifest::Tree::as_str);
    action == Some("AUDIT") || entry.object.annotations.contains_key("istio.io/dry-run")
}

fn is_listed(list: &[(&str, &str)], group: &str, kind: &str) -> bool {
    list.binary_search(&(group, kind)).is_ok()
}

/// Kinds without a card of their own that decide what is drawn, or that findings are about.
const USED: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Endpoints"),
    ("", "Namespace"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("cert-manager.io", "Certificate"),
    ("cilium.io", "CiliumCIDRGroup"),
    ("crd.projectcalico.org", "GlobalNetworkSet"),
    ("crd.projectcalico.org", "NetworkSet"),
    ("crd.projectcalico.org", "Tier"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("gateway.networking.k8s.io", "ReferenceGrant"),
    ("k8s.cni.cncf.io", "NetworkAttachmentDefinition"),
    ("k8s.ovn.org", "ClusterUserDefinedNetwork"),
    ("k8s.ovn.org", "UserDefinedNetwork"),
    ("networking.istio.io", "Sidecar"),
    ("networking.k8s.io", "IngressClass"),
    ("policy", "PodDisruptionBudget"),
    ("projectcalico.org", "GlobalNetworkSet"),
    ("projectcalico.org", "NetworkSet"),
    ("projectcalico.org", "Tier"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_can_be_searched() {
        assert!(USED.is_sorted());
    }
}
