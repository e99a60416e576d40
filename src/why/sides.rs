//! What one side of a connection says, port by port: the rules that the engine found to decide, told apart by the ports
//! that each of them decided.

use crate::net::PortSet;
use crate::policy::{Connectivity, Direction, Effect, GroupId, Reason, Tier};

/// What a side says of some ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Nothing forbids it, for no rule decides.
    Open,
    /// A rule allows it.
    Allowed,
    /// A rule denies it, or no rule of those that isolate the pod allows it.
    Denied,
}

/// Some ports for which the same rules decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The ports.
    pub ports: PortSet,
    /// What becomes of them.
    pub ruling: Ruling,
    /// Because of which rules, in the order in which they are asked.
    pub because: Vec<Reason>,
}

/// Ports that are still undecided, with the rules that passed them on.
type Pending = Vec<(PortSet, Vec<Reason>)>;

/// What a side says of the ports that are asked for. The tiers are asked as the engine does
/// (<https://network-policy-api.sigs.k8s.io/api-overview/>).
pub(super) fn side(
    connectivity: &Connectivity,
    network: usize,
    (from, to): (GroupId, GroupId),
    direction: Direction,
    asked: &PortSet,
) -> Vec<Part> {
    let verdict = connectivity.between_groups(network, from, to);
    let policies = connectivity.policies();
    let of = |tier: Tier| -> Vec<(&Reason, PortSet)> {
        let own = verdict.because.iter().filter(|r| r.direction == direction && policies[r.policy].tier == tier);
        own.map(|r| {
            let rule = r.rule.and_then(|index| policies[r.policy].rules(direction)?.get(index));
            (r, rule.map_or(PortSet::none(), |rule| rule.ports.at(&connectivity.groups(network)[to].ports)))
        })
        .collect()
    };
    let mut parts = Vec::new();
    let pending = first_match(vec![(asked.clone(), Vec::new())], &of(Tier::Admin), &mut parts);
    let network = of(Tier::Network);
    if network.is_empty() {
        let rest = first_match(pending, &of(Tier::Baseline), &mut parts);
        parts.extend(rest.into_iter().map(|(ports, because)| Part { ports, ruling: Ruling::Open, because }));
    } else {
        any_match(pending, &network, &mut parts);
    }
    merge(parts)
}

/// The first rule that means a port decides about it.
fn first_match(pending: Pending, rules: &[(&Reason, PortSet)], parts: &mut Vec<Part>) -> Pending {
    let mut later = Vec::new();
    for (mut open, passed_by) in pending {
        for (reason, ports) in rules {
            let hit = open.intersection(ports);
            if hit.is_empty() {
                continue;
            }
            open = open.difference(&hit);
            let because = || passed_by.iter().chain([*reason]).cloned().collect();
            match reason.effect {
                Effect::Allow => parts.push(Part { ports: hit, ruling: Ruling::Allowed, because: because() }),
                Effect::Pass => later.push((hit, because())),
                Effect::Deny | Effect::Isolate => {
                    parts.push(Part { ports: hit, ruling: Ruling::Denied, because: because() })
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
fn any_match(pending: Pending, rules: &[(&Reason, PortSet)], parts: &mut Vec<Part>) {
    for (open, passed_by) in pending {
        let mut pieces: Pending = vec![(open, Vec::new())];
        for (reason, ports) in rules.iter().filter(|(r, _)| r.effect == Effect::Allow) {
            let split = |(piece, by): (PortSet, Vec<Reason>)| {
                let (hit, rest) = (piece.intersection(ports), piece.difference(ports));
                let with = by.iter().chain([*reason]).cloned().collect();
                [(hit, with), (rest, by)].into_iter().filter(|(p, _)| !p.is_empty())
            };
            pieces = pieces.into_iter().flat_map(split).collect();
        }
        for (ports, by) in pieces {
            let isolating = || rules.iter().filter(|(r, _)| r.effect == Effect::Isolate).map(|(r, _)| **r).collect();
            let (ruling, own): (Ruling, Vec<Reason>) =
                if by.is_empty() { (Ruling::Denied, isolating()) } else { (Ruling::Allowed, by) };
            parts.push(Part { ports, ruling, because: passed_by.iter().cloned().chain(own).collect() });
        }
    }
}

/// Parts that the same rules decide are one part.
fn merge(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match merged.iter_mut().find(|m| m.ruling == part.ruling && m.because == part.because) {
            Some(same) => same.ports = same.ports.union(&part.ports),
            None => merged.push(part),
        }
    }
    merged.sort_by(|a, b| a.ports.cmp(&b.ports));
    merged
}

/// The ports that parts let through.
pub(super) fn allowed(parts: &[Part]) -> PortSet {
    parts.iter().filter(|p| p.ruling != Ruling::Denied).fold(PortSet::none(), |set, p| set.union(&p.ports))
}
