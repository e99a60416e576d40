//! Verdicts that explain themselves: what one side says of each port, and because of which rules of which tier, in the
//! order in which they are asked.
//!
//! The tiers are asked as [`super::evaluate`] does: `tests/engine/policy_brute_force.rs` compares the two, ports and
//! rules, for every pair of groups of thousands of clusters.

use super::connectivity::Connectivity;
use super::evaluate::{Effect, Judge, Reason};
use super::groups::GroupId;
use super::rule::{Action, Direction};
use crate::net::PortSet;

/// What becomes of some ports on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing forbids them, for no rule decides.
    Open,
    /// A rule allows them.
    Allowed,
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
        let subject = match direction {
            Direction::Egress => from,
            Direction::Ingress => to,
        };
        let side = self.side(subject, direction);
        let tier = |policies: &[usize]| -> Vec<(Reason, PortSet)> {
            let of_policy = |&policy: &usize| {
                let rules = self.rules_between(policy, direction, from, to);
                rules.map(move |(rule, action, ports)| {
                    let effect = match action {
                        Action::Allow => Effect::Allow,
                        Action::Deny => Effect::Deny,
                        Action::Pass => Effect::Pass,
                    };
                    (Reason { direction, policy, rule: Some(rule), effect }, ports)
                })
            };
            policies.iter().flat_map(of_policy).collect()
        };
        let mut explanation = Explanation::default();
        let pending = vec![(PortSet::all(), Vec::new())];
        let pending = first_match(pending, &tier(&side.admin), &mut explanation);
        if side.network.is_empty() {
            for (ports, because) in first_match(pending, &tier(&side.baseline), &mut explanation) {
                explanation.add(Decision { ports, ruling: Ruling::Open, because });
            }
        } else {
            let isolating =
                side.network.iter().map(|&policy| Reason { direction, policy, rule: None, effect: Effect::Isolate });
            any_match(pending, &tier(&side.network), &isolating.collect::<Vec<_>>(), &mut explanation);
        }
        explanation.decisions.sort_by(|a, b| a.ports.cmp(&b.ports));
        explanation
    }
}

/// The first rule that means a port decides about it. The answer is what none decides or a rule passes on.
fn first_match(pending: Pending, rules: &[(Reason, PortSet)], explanation: &mut Explanation) -> Pending {
    let mut later = Vec::new();
    for (mut open, passed_by) in pending {
        for (reason, ports) in rules {
            let hit = open.intersection(ports);
            if hit.is_empty() {
                continue;
            }
            open = open.difference(&hit);
            let because = passed_by.iter().copied().chain([*reason]).collect();
            match reason.effect {
                Effect::Allow => explanation.add(Decision { ports: hit, ruling: Ruling::Allowed, because }),
                Effect::Pass => later.push((hit, because)),
                Effect::Deny | Effect::Isolate => {
                    explanation.add(Decision { ports: hit, ruling: Ruling::Denied, because });
                }
            }
        }
        if !open.is_empty() {
            later.push((open, passed_by));
        }
    }
    later
}

/// Any rule that means a port allows it; what none means is denied by all that isolate the pod.
fn any_match(pending: Pending, rules: &[(Reason, PortSet)], isolating: &[Reason], explanation: &mut Explanation) {
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
            let (ruling, own) =
                if by.is_empty() { (Ruling::Denied, isolating.to_vec()) } else { (Ruling::Allowed, by) };
            let because = passed_by.iter().copied().chain(own).collect();
            explanation.add(Decision { ports, ruling, because });
        }
    }
}
