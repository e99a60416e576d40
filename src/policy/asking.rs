//! Asks one side of a connection, tier by tier and port by port, which traffic it lets through, and because of which
//! rules.
//!
//! In a tier the first rule that matches decides: it allows, denies, or passes on to the next tier. NetworkPolicies and
//! those of Cilium are additive: what any of their rules denies is denied, and what else any of them allows is allowed
//! (<https://docs.cilium.io/en/stable/security/policy/language/#deny-policies>). What no rule of a tier decides is denied if a policy that
//! applies closes it; else it goes on to the next tier, and after the last one it is allowed
//! (<https://network-policy-api.sigs.k8s.io/api-overview/>,
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>,
//! <https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy>).
//!
//! Rules that are about some requests are asked once for each kind of requests.

use std::collections::BTreeSet;

use super::evaluate::{Asked, Certainty, Effect, Judge, Reason, Verdict};
use super::groups::GroupId;
use super::request;
use super::rule::{Action, Direction};
use super::tier::Tier;
use crate::net::{ContainerPort, PortSet};

/// The policies of one tier that apply to a group in a direction, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    pub tier: Tier,
    pub policies: Vec<usize>,
}

/// What a rule does: the effect that is reported for its action in a tier.
pub(super) fn effect(action: Action) -> Effect {
    match action {
        Action::Allow => Effect::Allow,
        Action::Deny => Effect::Deny,
        Action::Pass => Effect::Pass,
    }
}

/// Requests of one kind.
pub(super) enum Requests {
    /// For each of these conditions, by position, whether they meet it.
    Kind(Vec<(usize, bool)>),
    /// Those that fare best: every rule that allows is about them, and none that denies.
    Best,
    /// Those that fare worst.
    Worst,
}

impl Requests {
    /// Whether a rule is about them.
    pub fn meet(&self, rule: &Asked) -> bool {
        let Some(condition) = rule.when else { return true };
        match self {
            Requests::Kind(known) => known.iter().any(|(position, met)| *position == condition && *met),
            Requests::Best => rule.action != Action::Deny,
            Requests::Worst => rule.action == Action::Deny,
        }
    }
}

/// The kinds of requests that these conditions tell apart, and how sure it is that they are all.
pub(super) fn kinds(judge: &Judge, conditions: &BTreeSet<usize>) -> (Vec<Requests>, Certainty) {
    let list: Vec<_> = conditions.iter().map(|&c| judge.condition(c)).collect();
    match request::kinds(&list) {
        Some(kinds) => {
            let kind = |met: request::Kind| Requests::Kind(conditions.iter().copied().zip(met).collect());
            (kinds.into_iter().map(kind).collect(), Certainty::Certain)
        }
        None => (vec![Requests::Best, Requests::Worst], Certainty::Undetermined),
    }
}

/// The conditions of the rules of a side that mean a peer.
pub(super) fn conditions(
    judge: &Judge,
    direction: Direction,
    subject: GroupId,
    means: impl Fn(usize, usize) -> bool,
) -> BTreeSet<usize> {
    let policies = judge.side(subject, direction).all();
    let rules = policies.flat_map(|p| judge.rules_of(p, direction, subject).map(move |(i, r)| (p, i, r)));
    rules.filter(|(_, _, r)| r.when.is_some()).filter(|(p, i, _)| means(*p, *i)).filter_map(|(.., r)| r.when).collect()
}

/// What a side says of a peer if some policies were not there.
pub(super) fn side(
    judge: &Judge,
    direction: Direction,
    subject: GroupId,
    means: impl Fn(usize, usize) -> bool,
    declared: &[ContainerPort],
    without: &[usize],
) -> Verdict {
    let conditions = conditions(judge, direction, subject, &means);
    let mut asking = Asking { judge, direction, subject, means: &means, declared, without, because: Vec::new() };
    if conditions.is_empty() {
        let ports = asking.ask(&Requests::Kind(Vec::new()));
        return Verdict { ports, because: asking.because, ..Verdict::open() };
    }
    let (kinds, certainty) = kinds(judge, &conditions);
    let verdicts = kinds.iter().map(|kind| (asking.ask(kind), std::mem::take(&mut asking.because)));
    of_kinds(verdicts, certainty)
}

/// What both sides say together of traffic between two groups, where both are about some requests only.
pub(super) fn together(judge: &Judge, from: GroupId, to: GroupId) -> Verdict {
    let ends = [(Direction::Egress, from, to), (Direction::Ingress, to, from)];
    let all = ends
        .iter()
        .flat_map(|&(direction, subject, peer)| conditions(judge, direction, subject, judge.means(direction, peer)));
    let (kinds, certainty) = kinds(judge, &all.collect());
    let declared = &judge.groups[to].ports;
    let verdicts = kinds.iter().map(|kind| {
        let (mut ports, mut because) = (PortSet::all(), Vec::new());
        for (direction, subject, peer) in ends {
            let means = judge.means(direction, peer);
            let mut asking =
                Asking { judge, direction, subject, means: &means, declared, without: &[], because: Vec::new() };
            ports = ports.intersection(&asking.ask(kind));
            because.extend(asking.because);
        }
        (ports, because)
    });
    of_kinds(verdicts, certainty)
}

/// What is said of requests of several kinds, together.
fn of_kinds(verdicts: impl Iterator<Item = (PortSet, Vec<Reason>)>, certainty: Certainty) -> Verdict {
    let (mut some, mut every, mut because) = (PortSet::none(), PortSet::all(), BTreeSet::new());
    for (ports, reasons) in verdicts {
        some.add(&ports);
        every = every.intersection(&ports);
        because.extend(reasons);
    }
    // Egress is asked first, and in each tier the policies in their order.
    let mut because: Vec<Reason> = because.into_iter().collect();
    because.sort_by_key(|r| (r.direction == Direction::Ingress, r.policy, r.rule.is_none(), r.rule));
    Verdict { sometimes: some.difference(&every), ports: some, because, certainty }
}

/// One question to one side.
struct Asking<'a, M> {
    judge: &'a Judge,
    direction: Direction,
    subject: GroupId,
    /// Whether a rule of a policy means the peer.
    means: &'a M,
    /// The named ports of the destination.
    declared: &'a [ContainerPort],
    /// Policies that are not asked.
    without: &'a [usize],
    because: Vec<Reason>,
}

impl<M: Fn(usize, usize) -> bool> Asking<'_, M> {
    /// The ports that are let through.
    fn ask(&mut self, requests: &Requests) -> PortSet {
        let judge = self.judge;
        let mut allowed = PortSet::none();
        let mut open = PortSet::all();
        for stage in &judge.side(self.subject, self.direction).stages {
            open = if self.without.iter().any(|p| stage.policies.contains(p)) {
                let rest = stage.policies.iter().filter(|p| !self.without.contains(p)).copied().collect();
                let stage = Stage { tier: stage.tier.clone(), policies: rest };
                self.stage(&stage, &open, &mut allowed, requests)
            } else {
                self.stage(stage, &open, &mut allowed, requests)
            };
        }
        allowed.union(&open)
    }

    /// Asks a tier about some ports. Those that it leaves to later tiers are the answer.
    fn stage(&mut self, stage: &Stage, open: &PortSet, allowed: &mut PortSet, requests: &Requests) -> PortSet {
        let judge = self.judge;
        let mut rest = open.clone();
        let mut onward = PortSet::none();
        let alike = |a: &usize, b: &usize| judge.nature(*a).is_additive && judge.nature(*b).is_additive;
        for run in stage.policies.chunk_by(alike) {
            let additive = judge.nature(run[0]).is_additive;
            // Of additive policies those rules that deny are asked first.
            let denies = additive && run.iter().any(|&p| judge.nature(p).denies);
            for part in if denies { &[Part::Denying, Part::Others][..] } else { &[Part::All] } {
                let through = if stage.tier.is_gate() { &mut onward } else { &mut *allowed };
                let mut passed = PortSet::none();
                let taken = self.run(run, (*part, additive), &rest, requests, (through, &mut passed));
                rest = rest.difference(&taken);
                onward.add(&passed);
            }
        }
        let closed = judge.closes(stage).ports();
        if !rest.intersection(&closed).is_empty() {
            let closing =
                stage.policies.iter().filter(|&&p| !rest.intersection(&judge.nature(p).closes.ports()).is_empty());
            let direction = self.direction;
            let isolate = |&policy: &usize| Reason { direction, policy, rule: None, effect: Effect::Isolate };
            self.because.extend(closing.map(isolate));
        }
        onward.with(&rest.difference(&closed))
    }

    /// Asks some rules of policies about some ports, of which those are the answer that they decide. What they allow
    /// and what they pass on is added to the two sets.
    fn run(
        &mut self,
        policies: &[usize],
        (part, additive): (Part, bool),
        open: &PortSet,
        requests: &Requests,
        (allowed, onward): (&mut PortSet, &mut PortSet),
    ) -> PortSet {
        let mut taken = PortSet::none();
        for &policy in policies {
            for (rule, asked) in self.judge.rules_of(policy, self.direction, self.subject) {
                if !part.holds(asked) || !(self.means)(policy, rule) || !requests.meet(asked) {
                    continue;
                }
                let mut hit = asked.ports.at(self.declared).intersection(open);
                if !additive {
                    hit = hit.difference(&taken);
                }
                if hit.is_empty() {
                    continue;
                }
                taken.add(&hit);
                match asked.action {
                    Action::Allow => allowed.add(&hit),
                    Action::Pass => onward.add(&hit),
                    Action::Deny => {}
                }
                let (direction, effect) = (self.direction, effect(asked.action));
                self.because.push(Reason { direction, policy, rule: Some(rule), effect });
            }
        }
        taken
    }
}

/// Which rules of policies are asked.
#[derive(Clone, Copy)]
enum Part {
    All,
    Denying,
    Others,
}

impl Part {
    fn holds(self, rule: &Asked) -> bool {
        match self {
            Part::All => true,
            Part::Denying => rule.action == Action::Deny,
            Part::Others => rule.action != Action::Deny,
        }
    }
}
