//! Verdicts that explain themselves: what one side says of each port, and because of which rules of which tier, in the
//! order in which they are asked.
//!
//! The tiers are asked as [`super::asking`] does: `tests/engine/policy_brute_force.rs` compares the two, ports and
//! rules, for every pair of groups of thousands of clusters.

use super::asking::{self, Requests};
use super::connectivity::Connectivity;
use super::evaluate::{Asked, Effect, Judge, Reason};
use super::groups::GroupId;
use super::rule::Direction;
use crate::net::PortSet;

/// What becomes of some ports on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing forbids them, for no rule decides.
    Open,
    /// A rule allows them.
    Allowed,
    /// It depends on the request whether they are allowed.
    Sometimes,
    /// A rule denies them, or no rule of those that isolate the pod allows them.
    Denied,
}

/// Some ports about which the same rules decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The ports.
    pub ports: PortSet,
    /// What becomes of them.
    pub ruling: Ruling,
    /// Because of which rules, in the order in which they are asked: those that pass the ports on, then those that
    /// decide.
    pub because: Vec<Reason>,
}

/// What one side says of every port, by ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Decisions about all ports together, each about others.
    pub decisions: Vec<Decision>,
}

impl Explanation {
    /// The ports that are let through.
    pub fn allowed(&self) -> PortSet {
        let through = self.decisions.iter().filter(|d| d.ruling != Ruling::Denied);
        through.fold(PortSet::none(), |set, d| set.with(&d.ports))
    }

    /// What is said of some ports.
    pub fn about(&self, asked: &PortSet) -> Explanation {
        let some = self.decisions.iter().map(|d| Decision { ports: d.ports.intersection(asked), ..d.clone() });
        let mut decisions: Vec<Decision> = some.filter(|d| !d.ports.is_empty()).collect();
        decisions.sort_by(|a, b| a.ports.cmp(&b.ports));
        Explanation { decisions }
    }

    /// Adds a decision; those that rest on the same rules are one.
    fn add(&mut self, decision: Decision) {
        if decision.ports.is_empty() {
            return;
        }
        match self.decisions.iter_mut().find(|d| d.ruling == decision.ruling && d.because == decision.because) {
            Some(same) => same.ports.add(&decision.ports),
            None => self.decisions.push(decision),
        }
    }
}

impl Connectivity {
    /// What the side of a direction says of traffic between two groups on a network, with its reasons.
    pub fn explain(&self, network: usize, from: GroupId, to: GroupId, direction: Direction) -> Explanation {
        self.plane(network).map(|plane| plane.judge.explain(direction, from, to)).unwrap_or_default()
    }
}

/// Ports that are still undecided, with the rules that passed them on.
type Pending = Vec<(PortSet, Vec<Reason>)>;

impl Judge {
    /// What one side says of traffic from one group to another, with its reasons.
    pub(super) fn explain(&self, direction: Direction, from: GroupId, to: GroupId) -> Explanation {
        let (subject, peer) = match direction {
            Direction::Egress => (from, to),
            Direction::Ingress => (to, from),
        };
        let conditions = asking::conditions(self, direction, subject, self.means(direction, peer));
        let (kinds, _) = asking::kinds(self, &conditions);
        let mut of_kinds = kinds.iter().map(|kind| self.explain_kind(direction, (subject, peer, to), kind));
        let first = of_kinds.next().unwrap_or_default();
        let mut explanation = of_kinds.fold(first, together);
        explanation.decisions.sort_by(|a, b| a.ports.cmp(&b.ports));
        explanation
    }

    /// The same for requests of one kind.
    fn explain_kind(
        &self,
        direction: Direction,
        (subject, peer, to): (GroupId, GroupId, GroupId),
        requests: &Requests,
    ) -> Explanation {
        let means = self.means(direction, peer);
        let rules = |policy: usize| -> Vec<(Reason, PortSet)> {
            let meant =
                self.rules_of(policy, direction, subject).filter(|(i, r)| means(policy, *i) && requests.meet(r));
            let reason = |(rule, asked): (usize, &Asked)| {
                let effect = asking::effect(asked.action);
                let reason = Reason { direction, policy, rule: Some(rule), effect };
                (reason, asked.ports.at(&self.groups[to].ports))
            };
            meant.map(reason).collect()
        };
        let mut explanation = Explanation::default();
        let mut pending = vec![(PortSet::all(), Vec::new())];
        for stage in &self.side(subject, direction).stages {
            let mut onward = Vec::new();
            let alike = |a: &usize, b: &usize| self.nature(*a).is_additive && self.nature(*b).is_additive;
            for run in stage.policies.chunk_by(alike) {
                let all: Vec<(Reason, PortSet)> = run.iter().flat_map(|&p| rules(p)).collect();
                let gate = stage.tier.is_gate();
                pending = if self.nature(run[0]).is_additive {
                    let (denying, others): (Vec<_>, Vec<_>) =
                        all.into_iter().partition(|(reason, _)| reason.effect == Effect::Deny);
                    let rest = any_match(pending, &denying, gate, &mut onward, &mut explanation);
                    any_match(rest, &others, gate, &mut onward, &mut explanation)
                } else {
                    first_match(pending, &all, gate, &mut onward, &mut explanation)
                };
            }
            for (open, because) in pending {
                let denied = open.intersection(&self.closes(stage).ports());
                let closing =
                    stage.policies.iter().filter(|&&p| !denied.intersection(&self.nature(p).closes.ports()).is_empty());
                let isolate = |&policy: &usize| Reason { direction, policy, rule: None, effect: Effect::Isolate };
                let isolated = because.iter().copied().chain(closing.map(isolate)).collect();
                let rest = open.difference(&denied);
                explanation.add(Decision { ports: denied, ruling: Ruling::Denied, because: isolated });
                if !rest.is_empty() {
                    onward.push((rest, because));
                }
            }
            pending = onward;
        }
        for (ports, because) in pending {
            // What a mesh lets on is allowed if no other policy has a rule for it.
            let allowed = because.last().is_some_and(|r: &Reason| r.effect == Effect::Allow);
            explanation.add(Decision { ports, ruling: if allowed { Ruling::Allowed } else { Ruling::Open }, because });
        }
        explanation
    }
}

/// What is said of requests of two kinds together.
fn together(one: Explanation, other: Explanation) -> Explanation {
    let mut both = Explanation::default();
    for a in &one.decisions {
        for b in &other.decisions {
            let ruling = match (a.ruling, b.ruling) {
                (a, b) if a == b => a,
                (Ruling::Open, Ruling::Allowed) | (Ruling::Allowed, Ruling::Open) => Ruling::Allowed,
                _ => Ruling::Sometimes,
            };
            let new = b.because.iter().filter(|r| !a.because.contains(r));
            let because = a.because.iter().chain(new).copied().collect();
            both.add(Decision { ports: a.ports.intersection(&b.ports), ruling, because });
        }
    }
    both
}

/// The first rule that means a port decides about it. The answer is what none decides; what a rule passes on goes to
/// the next tier.
fn first_match(
    pending: Pending,
    rules: &[(Reason, PortSet)],
    gate: bool,
    onward: &mut Pending,
    explanation: &mut Explanation,
) -> Pending {
    let mut undecided = Vec::new();
    for (mut open, passed_by) in pending {
        for (reason, ports) in rules {
            let hit = open.intersection(ports);
            if hit.is_empty() {
                continue;
            }
            open = open.difference(&hit);
            let because = passed_by.iter().copied().chain([*reason]).collect();
            match reason.effect {
                Effect::Allow if !gate => {
                    explanation.add(Decision { ports: hit, ruling: Ruling::Allowed, because });
                }
                Effect::Allow | Effect::Pass => onward.push((hit, because)),
                Effect::Deny | Effect::Isolate => {
                    explanation.add(Decision { ports: hit, ruling: Ruling::Denied, because });
                }
            }
        }
        if !open.is_empty() {
            undecided.push((open, passed_by));
        }
    }
    undecided
}

/// Any rule that means a port decides about it, all of them in the same way. The answer is what none decides.
fn any_match(
    pending: Pending,
    rules: &[(Reason, PortSet)],
    gate: bool,
    onward: &mut Pending,
    explanation: &mut Explanation,
) -> Pending {
    let mut undecided = Vec::new();
    for (open, passed_by) in pending {
        let mut pieces: Pending = vec![(open, Vec::new())];
        for (reason, ports) in rules {
            let split = |(piece, by): (PortSet, Vec<Reason>)| {
                let (hit, rest) = (piece.intersection(ports), piece.difference(ports));
                let with = by.iter().copied().chain([*reason]).collect();
                [(hit, with), (rest, by)].into_iter().filter(|(p, _)| !p.is_empty())
            };
            pieces = pieces.into_iter().flat_map(split).collect();
        }
        for (ports, by) in pieces {
            if by.is_empty() {
                undecided.push((ports, passed_by.clone()));
                continue;
            }
            let denied = by.iter().any(|r: &Reason| r.effect == Effect::Deny);
            let because = passed_by.iter().copied().chain(by).collect();
            if denied {
                explanation.add(Decision { ports, ruling: Ruling::Denied, because });
            } else if gate {
                onward.push((ports, because));
            } else {
                explanation.add(Decision { ports, ruling: Ruling::Allowed, because });
            }
        }
    }
    undecided
}
