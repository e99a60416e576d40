//! Rules that may mean an ingress controller which the manifests do not contain.

use std::collections::BTreeSet;

use super::connectivity::{Admission, Connectivity};
use super::evaluate::Effect;
use super::groups::AbsentController;
use super::rule::{Action, Direction, NamespaceSelection, Peer, Peers, PodSelection, Policy};
use crate::cluster::Cluster;
use crate::net::{Labels, NAMESPACE_NAME, Operator, PortSet, Requirement, Selector};
use crate::source::Span;

/// The rules, each with the position of its policy: those for pods of namespaces whose labels the manifests do not
/// contain, where what is known of the controller does not contradict.
pub(super) fn rules(policies: &[Policy], cluster: &Cluster, absent: &[AbsentController]) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    for (index, policy) in policies.iter().enumerate() {
        for (position, rule) in policy.rules(Direction::Ingress).unwrap_or_default().iter().enumerate() {
            let Peers::AnyOf(peers) = &rule.peers else { continue };
            let meant = |peer: &Peer| match peer {
                Peer::Pods(selection) => absent.iter().any(|c| c.may_be_meant(selection, cluster)),
                Peer::Addresses(_) | Peer::Nodes | Peer::Names(_) | Peer::Untold(..) => false,
            };
            if rule.action == Action::Allow && peers.iter().any(meant) {
                found.insert((index, position));
            }
        }
    }
    found
}

impl AbsentController {
    /// Whether a selection may mean it: as far as its namespace and labels are known, they fit.
    fn may_be_meant(&self, selection: &PodSelection, cluster: &Cluster) -> bool {
        let NamespaceSelection::Labeled(selector) = &selection.namespaces else { return false };
        let declared = || cluster.namespaces().values().filter(|n| n.declared.is_some());
        match &self.namespace {
            None => !declared().any(|n| selector.matches(&n.labels)),
            // The labels of a declared namespace are known, and evaluated.
            Some(name) if cluster.namespaces().get(name).is_some_and(|n| n.declared.is_some()) => false,
            Some(name) => {
                let known = Labels::from([(NAMESPACE_NAME.to_owned(), name.clone())]);
                may_match(selector, &known) && may_match(&selection.pods, &self.labels)
            }
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
