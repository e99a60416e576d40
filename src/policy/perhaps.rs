//! Rules about what manifests do not show (nodes, domain names, pods that may be in a mesh): whether a verdict would be
//! another one if such a rule meant the peer.
//!
//! What is said holds if no such rule means the peer; where it would be less if one did, or where nothing is allowed
//! and something would be, the verdict is undetermined.

use super::connectivity::Connectivity;
use super::evaluate::{Asked, Certainty, Judge, Verdict};
use super::groups::GroupId;
use super::rule::{Action, Direction};
use crate::net::PortSet;

/// A rule, by its policy and its position there.
pub(crate) type RuleId = (usize, usize);

impl Judge {
    /// A verdict that rules may change of which it is not known whether they mean the peer.
    pub(super) fn doubted(&self, direction: Direction, ends: (GroupId, GroupId), verdict: Verdict) -> Verdict {
        let others = self.alternatives(direction, ends);
        let less = |other: &Verdict| !verdict.ports.difference(&other.ports).is_empty();
        let more = |other: &Verdict| verdict.ports.is_empty() && !other.ports.is_empty();
        let changes = |other: &Verdict| less(other) || more(other) || verdict.sometimes != other.sometimes;
        let certainty = if others.iter().any(changes) { Certainty::Undetermined } else { verdict.certainty };
        Verdict { certainty, ..verdict }
    }

    /// What the side of a direction says if all such rules mean the peer, if only those do that allow, and if only the
    /// others do.
    fn alternatives(&self, direction: Direction, (from, to): (GroupId, GroupId)) -> Vec<Verdict> {
        let (subject, peer) = match direction {
            Direction::Egress => (from, to),
            Direction::Ingress => (to, from),
        };
        let parts: [fn(Action) -> bool; 3] = [|_| true, |a| a == Action::Allow, |a| a != Action::Allow];
        let verdict = |part: fn(Action) -> bool| {
            let surely = self.means(direction, peer);
            let means = |policy: usize, rule: usize| {
                let asked = self.rule(policy, direction, rule);
                surely(policy, rule) || asked.is_some_and(|r| part(r.action) && self.may_mean(r, peer))
            };
            self.of_side(direction, subject, means, &self.groups[to].ports)
        };
        parts.into_iter().map(verdict).collect()
    }

    /// The first rule that may change what the side of a direction says of some of these ports.
    fn doubt(&self, direction: Direction, ends: (GroupId, GroupId), ports: &PortSet) -> Option<RuleId> {
        let (from, to) = ends;
        let (subject, peer) = match direction {
            Direction::Egress => (from, to),
            Direction::Ingress => (to, from),
        };
        let rules = || {
            let of_policy = |p: usize| self.rules_of(p, direction, subject).map(move |(index, rule)| (p, index, rule));
            self.side(subject, direction).all().flat_map(of_policy).filter(|(.., rule)| self.may_mean(rule, peer))
        };
        rules().next()?;
        let said = self.of_side(direction, subject, self.means(direction, peer), &self.groups[to].ports).ports;
        let mut open = PortSet::none();
        for Verdict { ports: other, .. } in self.alternatives(direction, ends) {
            open.add(&said.difference(&other).union(&other.difference(&said)));
        }
        let open = open.intersection(ports);
        let fits = |rule: &Asked| !rule.ports.at(&self.groups[to].ports).intersection(&open).is_empty();
        rules().find(|(.., rule)| fits(rule)).map(|(policy, index, _)| (policy, index))
    }
}

impl Connectivity {
    /// The first rule that may change what the side of a direction says of some ports, since manifests do not show
    /// whether it means the other end.
    pub(crate) fn doubtful_rule(
        &self,
        network: usize,
        ends: (GroupId, GroupId),
        direction: Direction,
        ports: &PortSet,
    ) -> Option<RuleId> {
        self.plane(network)?.judge.doubt(direction, ends, ports)
    }
}
