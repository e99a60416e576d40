//! Rules that may mean an ingress controller which the manifests do not contain.

use std::collections::BTreeSet;

use super::connectivity::{Admission, Connectivity};
use super::evaluate::Effect;
use super::groups::AbsentController;
use super::rule::{Action, Direction, NamespaceSelection, Peer, Peers, Perhaps, PodSelection, Policy};
use crate::cluster::Cluster;
use crate::net::{Labels, NAMESPACE_NAME, Operator, PortSet, Requirement, Selector};
use crate::source::Span;

/// The rules, each with the position of its policy: those for pods that the manifests do not contain, in namespaces
/// whose labels or pods they do not contain, where what is known of the controller does not contradict.
pub(super) fn rules(policies: &[Policy], cluster: &Cluster, absent: &[AbsentController]) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    let around = Around::of(cluster);
    for (index, policy) in policies.iter().enumerate() {
        for (position, rule) in policy.rules(Direction::Ingress).unwrap_or_default().iter().enumerate() {
            let Peers::AnyOf(peers) = &rule.peers else { continue };
            let meant = |peer: &Peer| match peer {
                Peer::Pods(selection) => absent.iter().any(|c| c.may_be_meant(selection, &around)),
                Peer::Untold(_, Perhaps::Ingresses) => true,
                Peer::Addresses(_) | Peer::Nodes | Peer::Names(_) | Peer::Untold(..) => false,
            };
            if rule.action == Action::Allow && peers.iter().any(meant) {
                found.insert((index, position));
            }
        }
    }
    found
}

/// What the input holds of namespaces and their pods.
struct Around<'a> {
    cluster: &'a Cluster,
    /// The namespaces of which it holds pods.
    inhabited: BTreeSet<&'a str>,
}

impl<'a> Around<'a> {
    fn of(cluster: &'a Cluster) -> Around<'a> {
        Around { cluster, inhabited: cluster.workloads().iter().map(|w| w.key.namespace()).collect() }
    }

    /// Whether some pod of the input has labels that a selector asks for.
    fn holds(&self, pods: &Selector) -> bool {
        self.cluster.workloads().iter().any(|w| pods.matches(&w.spec.pod_labels))
    }
}

impl AbsentController {
    /// Whether a selection may mean it: as far as its namespace and labels are known, they fit. A namespace that is
    /// declared and of which the input holds no pod may well be its own: charts make the pods, and no Namespace.
    fn may_be_meant(&self, selection: &PodSelection, around: &Around<'_>) -> bool {
        let NamespaceSelection::Labeled(selector) = &selection.namespaces else { return false };
        let declared = |name: &str| around.cluster.namespaces().get(name).filter(|n| n.declared.is_some());
        match &self.namespace {
            // Labels of pods that nobody in any namespace has are those of others.
            None if selector.is_everything() => !selection.pods.is_everything() && !around.holds(&selection.pods),
            None => {
                let all = around.cluster.namespaces().iter().filter(|(_, n)| n.declared.is_some());
                let mut meant = all.filter(|(_, n)| selector.matches(&n.labels)).peekable();
                meant.peek().is_none() || meant.any(|(name, _)| !around.inhabited.contains(name.as_str()))
            }
            // The labels of a declared namespace are known, and evaluated; those of its pods are not.
            Some(name) => match declared(name) {
                Some(namespace) => selector.matches(&namespace.labels) && may_match(&selection.pods, &self.labels),
                None => {
                    let known = Labels::from([(NAMESPACE_NAME.to_owned(), name.clone())]);
                    may_match(selector, &known) && may_match(&selection.pods, &self.labels)
                }
            },
        }
    }
}

/// Whether labels of which only some are known may fit a selector.
fn may_match(selector: &Selector, known: &Labels) -> bool {
    let fits = |r: &Requirement| !known.contains_key(&r.key) || r.matches(known);
    let named = |r: &Requirement| r.key != NAMESPACE_NAME || !matches!(r.operator, Operator::DoesNotExist);
    selector.requirements().iter().all(|r| fits(r) && named(r))
}

impl Connectivity {
    /// The first rule of these policies that may mean an ingress controller which the manifests do not contain, and
    /// allows some of these ports of a workload; where it is written.
    pub fn rule_for_absent(
        &self,
        policies: impl IntoIterator<Item = usize>,
        workload: usize,
        ports: &PortSet,
    ) -> Option<Span> {
        let home = self.home(workload);
        let declared = self.groups_of(home, workload).first().map_or(&[][..], |&g| &self.groups(home)[g].ports);
        policies.into_iter().find_map(|policy| {
            let rules = self.policies().get(policy)?.rules(Direction::Ingress).unwrap_or_default().iter().enumerate();
            let mut meant = rules.filter(|(index, _)| self.is_for_absent(policy, *index));
            meant.find(|(_, r)| !r.ports.at(declared).intersection(ports).is_empty()).map(|(_, rule)| rule.at)
        })
    }

    /// Whether what is denied to a controller that the manifests do not contain may be allowed by a rule that means it.
    pub(super) fn may_admit_absent(&self, admission: &Admission, workload: usize, asked: &PortSet) -> bool {
        let denied = asked.difference(&admission.ports);
        let isolating = admission.because.iter().filter(|r| r.effect == Effect::Isolate).map(|r| r.policy);
        !denied.is_empty() && self.rule_for_absent(isolating, workload, &denied).is_some()
    }
}
