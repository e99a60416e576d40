//! Policies of kinds that are not evaluated: whom they may concern, and what they may change.
//!
//! Whatever a kind leaves open counts as possible: a verdict that such a policy may change is undetermined.

pub(super) mod others;
mod points;

use crate::cluster::{Cluster, Entry};
use crate::manifest::Tree;
use crate::net::{Labels, ObjectKey, Operator, PortSet};
use crate::source::Span;

use super::admin;
use super::evaluate::Certainty;
use super::made::makes_policies;
use super::rule::{Action, Direction, Peer, Policy, Rule};
use super::selector::from_tree;

/// What policies that are not evaluated may change about traffic in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Influence {
    /// Nothing.
    #[default]
    None,
    /// They may deny what the evaluated policies allow, and allow nothing that these deny.
    Restricts,
    /// They may deny and allow.
    Decides,
}

impl Influence {
    /// The ports that are surely allowed where the evaluated policies allow these.
    fn least(self, ports: &PortSet) -> PortSet {
        if self == Influence::None { ports.clone() } else { PortSet::none() }
    }

    /// The ports that may be allowed where the evaluated policies allow these.
    fn most(self, ports: &PortSet) -> PortSet {
        if self == Influence::Decides { PortSet::all() } else { ports.clone() }
    }
}

/// How sure it is which of these ports both sides allow, given those that the evaluated policies of each side allow.
pub(crate) fn certainty(egress: (Influence, &PortSet), ingress: (Influence, &PortSet), asked: &PortSet) -> Certainty {
    if (egress.0, ingress.0) == (Influence::None, Influence::None) {
        return Certainty::Certain;
    }
    let least = egress.0.least(egress.1).intersection(&ingress.0.least(ingress.1)).intersection(asked);
    let most = egress.0.most(egress.1).intersection(&ingress.0.most(ingress.1)).intersection(asked);
    if least == most { Certainty::Certain } else { Certainty::Undetermined }
}

/// Where a policy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Namespace,
    Cluster,
}

/// A kind of policies that is not evaluated.
struct Kind {
    /// The end of its group.
    group: &'static str,
    kind: &'static str,
    influence: Influence,
    /// The directions that it may be about, seen from the pods that it selects.
    directions: &'static [Direction],
    reach: Reach,
}

const BOTH: &[Direction] = &[Direction::Ingress, Direction::Egress];
const IN: &[Direction] = &[Direction::Ingress];
const OUT: &[Direction] = &[Direction::Egress];

const fn kind(
    group: &'static str,
    kind: &'static str,
    influence: Influence,
    directions: &'static [Direction],
    reach: Reach,
) -> Kind {
    Kind { group, kind, influence, directions, reach }
}

/// Kinds beside those named `…NetworkPolicy` that decide which connections are allowed, by group and kind. Policies of
/// a mesh hold beside those of the network: what the network denies they cannot allow
/// (<https://istio.io/latest/docs/concepts/security/>, <https://linkerd.io/2/features/server-policy/>,
/// <https://kuma.io/docs/latest/policies/meshtrafficpermission/>,
/// <https://developer.hashicorp.com/consul/docs/connect/intentions>).
const FOREIGN: &[Kind] = &[
    kind("access.smi-spec.io", "TrafficTarget", Influence::Restricts, IN, Reach::Cluster),
    kind("cilium.io", "CiliumLocalRedirectPolicy", Influence::Decides, OUT, Reach::Cluster),
    kind("consul.hashicorp.com", "ServiceIntentions", Influence::Restricts, IN, Reach::Cluster),
    kind("gloo.solo.io", "AccessPolicy", Influence::Restricts, IN, Reach::Cluster),
    kind("istio.io", "AuthorizationPolicy", Influence::Restricts, IN, Reach::Namespace),
    kind("istio.io", "PeerAuthentication", Influence::Decides, IN, Reach::Namespace),
    kind("k8s.otterize.com", "ClientIntents", Influence::Decides, IN, Reach::Cluster),
    kind("k8s.ovn.org", "EgressFirewall", Influence::Restricts, OUT, Reach::Namespace),
    kind("kuma.io", "MeshTrafficPermission", Influence::Restricts, IN, Reach::Cluster),
    kind("kuma.io", "TrafficPermission", Influence::Restricts, IN, Reach::Cluster),
    kind("nsx.vmware.com", "SecurityPolicy", Influence::Decides, BOTH, Reach::Namespace),
    kind("openshift.io", "EgressNetworkPolicy", Influence::Restricts, OUT, Reach::Namespace),
    kind("openshift.io", "NetNamespace", Influence::Decides, BOTH, Reach::Cluster),
    kind("policy.linkerd.io", "AuthorizationPolicy", Influence::Restricts, IN, Reach::Namespace),
    kind("policy.linkerd.io", "EgressNetwork", Influence::Restricts, OUT, Reach::Namespace),
    kind("policy.linkerd.io", "Server", Influence::Restricts, IN, Reach::Namespace),
    kind("policy.linkerd.io", "ServerAuthorization", Influence::Restricts, IN, Reach::Namespace),
    kind("projectcalico.org", "HostEndpoint", Influence::Decides, BOTH, Reach::Cluster),
    kind("vpcresources.k8s.aws", "SecurityGroupPolicy", Influence::Restricts, BOTH, Reach::Namespace),
];

/// The line of a kind in the list.
fn listed(group: &str, kind: &str) -> Option<&'static Kind> {
    let is_of = |suffix: &str| group.strip_suffix(suffix).is_some_and(|p| p.is_empty() || p.ends_with('.'));
    FOREIGN.iter().find(|k| k.kind == kind && is_of(k.group))
}

/// Whether objects of a kind may decide which connections are allowed.
pub(crate) fn may_decide(group: &str, kind: &str) -> bool {
    listed(group, kind).is_some() || kind.ends_with("NetworkPolicy") && !group.is_empty() && !STAGED.contains(&kind)
}

/// Whether objects of a kind are policies that are recorded and not enforced.
pub(crate) fn is_staged(group: &str, kind: &str) -> bool {
    ["projectcalico.org", "crd.projectcalico.org"].contains(&group) && STAGED.contains(&kind)
}

/// Kinds named `…NetworkPolicy` that hold nowhere: Calico only records what they would do
/// (<https://docs.tigera.io/calico/latest/reference/resources/stagednetworkpolicy>).
const STAGED: &[&str] = &["StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy", "StagedNetworkPolicy"];

/// More pairs of namespaces and policies of a whole cluster than this are not looked at one by one.
const MOST_PAIRS: usize = 100_000;

/// A policy of a kind that is not evaluated. What it allows or denies is not in any result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignPolicy {
    /// Its identity.
    pub key: ObjectKey,
    /// Where it is written.
    pub at: Span,
    /// What it may change.
    pub influence: Influence,
    cluster_wide: bool,
    directions: Vec<Direction>,
    /// The labels of the pods that it selects; `None` if it may select any.
    subject: Option<Labels>,
    /// The workloads that it selects, ascending; `None` if it may select any.
    members: Option<Vec<usize>>,
    /// What enforces it, where that is not what the pods are behind: a gateway, the interfaces of nodes.
    pub enforced_by: Option<String>,
    /// Whether it is evaluated as one of several definitions has it, and which one holds is not known.
    pub is_repeated: bool,
    /// What of the object it is, where the object is no policy.
    pub said: Option<&'static str>,
}

/// What decides whom policies concern, beside themselves.
pub(super) struct Surroundings<'a> {
    pub cluster: &'a Cluster,
    /// The namespace whose policies of Istio hold for the whole mesh.
    pub root: &'a str,
}

impl ForeignPolicy {
    /// The policy that an object is; `None` if it is of none of these kinds.
    pub(super) fn of(entry: &Entry, around: &Surroundings<'_>) -> Option<ForeignPolicy> {
        let (group, name) = (entry.key.group.as_str(), entry.key.kind.as_str());
        let is_of = |suffix: &str| group.strip_suffix(suffix).is_some_and(|p| p.is_empty() || p.ends_with('.'));
        let listed = listed(group, name);
        if !may_decide(group, name) {
            // Of kinds that are not known nobody knows whether they live in namespaces.
            let cluster_wide = entry.object.namespace.is_none();
            return makes_policies(entry).then(|| ForeignPolicy { cluster_wide, ..ForeignPolicy::refused(entry) });
        }
        let named = ["Global", "Cluster", "AdminNetworkPolicy"].iter().any(|w| name.contains(w));
        let root = is_of("istio.io") && entry.key.namespace() == around.root;
        let spec = entry.object.tree.at(&["spec"]);
        let directions = match listed {
            Some(kind) => kind.directions.to_vec(),
            None => directions(&entry.object.tree),
        };
        let policy = ForeignPolicy {
            key: entry.key.clone(),
            at: entry.object.span,
            influence: listed.map_or(Influence::Decides, |k| k.influence),
            cluster_wide: entry.key.namespace.is_none()
                || group == admin::GROUP
                || listed.map_or(named, |k| k.reach == Reach::Cluster)
                || root,
            directions,
            subject: spec.and_then(subject),
            members: None,
            enforced_by: None,
            is_repeated: false,
            said: None,
        };
        Some(points::narrowed(policy, entry, around))
    }

    /// The same for a policy that the API server refuses as it is written: what it would say once it is mended is not
    /// known.
    pub(super) fn refused(entry: &Entry) -> ForeignPolicy {
        ForeignPolicy {
            key: entry.key.clone(),
            at: entry.object.span,
            influence: Influence::Decides,
            cluster_wide: entry.key.namespace.is_none(),
            directions: BOTH.to_vec(),
            subject: None,
            members: None,
            enforced_by: None,
            is_repeated: false,
            said: None,
        }
    }

    /// What a policy with several definitions may change for these workloads, ascending; `None` for any.
    pub(super) fn repeated(
        entry: &Entry,
        at: Span,
        directions: Vec<Direction>,
        members: Option<Vec<usize>>,
    ) -> ForeignPolicy {
        let refused = ForeignPolicy::refused(entry);
        ForeignPolicy { at, directions, members, is_repeated: true, ..refused }
    }

    /// What an evaluated policy of another project may change where a rule that denies or passes on is about some of its
    /// own pods that the manifests do not show: that rule may decide about any of them.
    pub(super) fn in_part(entry: &Entry, policy: &Policy, around: &Surroundings<'_>) -> Option<ForeignPolicy> {
        let is_left_out = |rule: &&Rule| rule.own.list().iter().any(|peer| matches!(peer, Peer::Untold(..)));
        let actions = || policy.all_rules().filter(is_left_out).map(|rule| rule.action);
        let influence = match (actions().any(|a| a == Action::Pass), actions().any(|a| a == Action::Deny)) {
            (true, _) => Influence::Decides,
            (false, true) => Influence::Restricts,
            (false, false) => return points::on_interfaces(entry, around),
        };
        ForeignPolicy::of(entry, around).map(|all| ForeignPolicy { influence, ..all })
    }

    /// What it is called: the object, and what of it decides.
    pub fn name(&self) -> String {
        match self.said {
            Some(said) => format!("{said} of {}", self.key),
            None => self.key.to_string(),
        }
    }

    /// True if it may concern pods of a namespace: those of its own, or any if it holds in the whole cluster.
    pub fn may_concern(&self, namespace: &str) -> bool {
        self.cluster_wide || self.key.namespace() == namespace
    }

    /// True if it may concern the pods of a workload of a namespace.
    pub fn may_select(&self, workload: usize, namespace: &str) -> bool {
        self.may_concern(namespace) && self.members.as_ref().is_none_or(|m| m.binary_search(&workload).is_ok())
    }

    /// True if it may be about traffic in a direction, seen from the pods that it selects.
    pub fn is_about(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }

    /// True if it may select any pod.
    fn is_general(&self) -> bool {
        self.members.is_none()
    }
}

/// What policies that are not evaluated may change for each workload, and for pods that the manifests do not contain.
#[derive(Clone, Debug, Default)]
pub(super) struct Influences {
    /// By workload, for ingress and egress.
    of_workload: Vec<[Influence; 2]>,
    /// For pods of which nothing is known.
    elsewhere: [Influence; 2],
}

impl Influences {
    /// Finds the workloads that each policy selects.
    pub fn of(cluster: &Cluster, foreign: &mut [ForeignPolicy]) -> Influences {
        let wide = foreign.iter().filter(|f| f.cluster_wide && f.subject.is_some()).count();
        let few = wide * cluster.namespaces().len() <= MOST_PAIRS;
        for policy in foreign.iter_mut() {
            let Some(labels) = &policy.subject else { continue };
            if !policy.cluster_wide {
                policy.members = Some(cluster.select(policy.key.namespace(), labels));
            } else if few {
                let mut all: Vec<usize> = cluster.namespaces().keys().flat_map(|n| cluster.select(n, labels)).collect();
                all.sort_unstable();
                policy.members = Some(all);
            }
        }
        let mut found =
            Influences { of_workload: vec![Default::default(); cluster.workloads().len()], ..Default::default() };
        for policy in foreign.iter() {
            let add = |known: &mut [Influence; 2]| {
                for direction in &policy.directions {
                    let known = &mut known[slot(*direction)];
                    *known = (*known).max(policy.influence);
                }
            };
            match &policy.members {
                Some(members) => members.iter().for_each(|&w| add(&mut found.of_workload[w])),
                None if policy.cluster_wide => {
                    add(&mut found.elsewhere);
                    found.of_workload.iter_mut().for_each(add);
                }
                None => {}
            }
        }
        // The input leaves out policies as a whole.
        if cluster.is_partial() {
            let least = |known: &mut [Influence; 2]| *known = known.map(|i| i.max(Influence::Restricts));
            found.of_workload.iter_mut().for_each(least);
            least(&mut found.elsewhere);
        }
        let mut homes: std::collections::BTreeMap<&str, [Influence; 2]> = Default::default();
        for policy in foreign.iter().filter(|f| !f.cluster_wide && f.is_general()) {
            let known = homes.entry(policy.key.namespace()).or_default();
            for direction in &policy.directions {
                let known = &mut known[slot(*direction)];
                *known = (*known).max(policy.influence);
            }
        }
        for (workload, own) in cluster.workloads().iter().zip(&mut found.of_workload) {
            let home = homes.get(workload.key.namespace()).copied().unwrap_or_default();
            *own = [own[0].max(home[0]), own[1].max(home[1])];
        }
        found
    }

    /// What they may change for a workload, for ingress and egress.
    pub fn of_workload(&self, workload: usize) -> [Influence; 2] {
        self.of_workload.get(workload).copied().unwrap_or_default()
    }

    /// What they may change for pods that the manifests do not contain.
    pub fn elsewhere(&self) -> [Influence; 2] {
        self.elsewhere
    }
}

/// Where a direction is kept in arrays.
pub(super) fn slot(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}

/// The directions that a policy with rules for both may be about. A direction without rules stays as it is in Cilium,
/// and in Calico unless `types` names it
/// (<https://docs.cilium.io/en/stable/security/policy/intro/>,
/// <https://docs.tigera.io/calico/latest/reference/resources/networkpolicy>).
fn directions(tree: &Tree) -> Vec<Direction> {
    let mut specs: Vec<&Tree> = tree.at(&["spec"]).into_iter().collect();
    specs.extend(tree.at(&["specs"]).into_iter().flat_map(|list| list.items()));
    let has = |fields: &[&str]| specs.iter().any(|s| fields.iter().any(|f| s.get(f).is_some()));
    if has(&["types", "policyTypes", "enableDefaultDeny", "defaultAction"]) {
        return Direction::ALL.to_vec();
    }
    let found: Vec<Direction> =
        [(Direction::Ingress, has(&["ingress", "ingressDeny"])), (Direction::Egress, has(&["egress", "egressDeny"]))]
            .into_iter()
            .filter_map(|(direction, there)| there.then_some(direction))
            .collect();
    if found.is_empty() { Direction::ALL.to_vec() } else { found }
}

/// The labels that all pods have which a policy selects, where it says so in a way that is read: as labels in
/// `endpointSelector`, `podSelector` or `selector`, or in Calico's words as `a == 'b' && c == 'd'`.
fn subject(spec: &Tree) -> Option<Labels> {
    if ["targetRef", "targetRefs", "nodeSelector", "appliedTo", "serviceAccountSelector"]
        .iter()
        .any(|f| spec.get(f).is_some())
    {
        return None;
    }
    let field = ["endpointSelector", "podSelector", "selector"].iter().find_map(|f| spec.get(f))?;
    let labels = match field.as_str() {
        Some(words) => equalities(words)?,
        None => from_tree(field)
            .ok()?
            .requirements()
            .iter()
            .map(|r| match &r.operator {
                Operator::In(values) if values.len() == 1 => Some((r.key.clone(), values[0].clone())),
                _ => None,
            })
            .collect::<Option<Labels>>()?,
    };
    let labels: Option<Labels> = labels
        .into_iter()
        .map(|(key, value)| {
            // Cilium writes where a label comes from before a colon, or before its first dot.
            let key = key.strip_prefix("k8s:").or_else(|| key.strip_prefix("any:")).map_or(key.clone(), str::to_owned);
            let special = key.contains(':') || key.contains("kubernetes.pod.") || key.contains("projectcalico.org");
            (!special).then_some((key, value))
        })
        .collect();
    labels.filter(|l| !l.is_empty())
}

/// The labels that `a == 'b' && c == "d"` asks for; `None` if it says anything else.
fn equalities(words: &str) -> Option<Labels> {
    let term = |text: &str| {
        let (key, value) = text.split_once("==")?;
        let (key, value) = (key.trim(), value.trim());
        let quoted = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q));
        let value = quoted('\'').or_else(|| quoted('"'))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        (key.chars().all(plain) && value.chars().all(plain)).then(|| (key.to_owned(), value.to_owned()))
    };
    words.split("&&").map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_kinds_are_in_order() {
        assert!(FOREIGN.is_sorted_by_key(|k| (k.group, k.kind)));
    }

    #[test]
    fn words_of_calico_are_read_where_they_are_plain() {
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(equalities("app == 'web' && tier == \"a\""), Some(labels(&[("app", "web"), ("tier", "a")])));
        for other in ["all()", "has(app)", "app != 'web'", "app == 'a' || app == 'b'", "app in { 'a' }"] {
            assert_eq!(equalities(other), None, "{other}");
        }
    }

    #[test]
    fn what_may_change_an_answer_depends_on_both_sides() {
        let (all, none, web) = (PortSet::all(), PortSet::none(), PortSet::port(crate::net::Protocol::Tcp, 80));
        let check = |egress: (Influence, &PortSet), ingress: (Influence, &PortSet), expected: Certainty| {
            assert_eq!(certainty(egress, ingress, &all), expected, "{egress:?} {ingress:?}");
        };
        use Influence::{Decides, None as Nothing, Restricts};
        check((Nothing, &web), (Nothing, &all), Certainty::Certain);
        check((Nothing, &none), (Decides, &all), Certainty::Certain);
        check((Decides, &none), (Nothing, &all), Certainty::Undetermined);
        check((Restricts, &none), (Nothing, &all), Certainty::Certain);
        check((Restricts, &web), (Nothing, &all), Certainty::Undetermined);
    }
}
