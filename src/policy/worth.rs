//! What each policy is worth: whether anything would change without it.
//!
//! Guarantees:
//! * a policy that is said to be redundant or shadowed can be left out alone, and every verdict stays the same;
//! * what is said to be contradicted allows nothing that gets through;
//! * work is bounded: where there would be too much, what was not looked at is said to be unknown.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use super::connectivity::Connectivity;
use super::evaluate::{Effect, Judge, Reason};
use super::groups::{GroupId, Members};
use super::rule::{Action, Direction};
use crate::net::ObjectKey;

/// More verdicts than this are not worked out.
const MOST: usize = 400_000;

/// What a policy is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Value {
    /// Without it something else would be allowed.
    Needed,
    /// Others say the same: without it nothing changes.
    Redundant,
    /// Others decide first, about all that it has rules for: without it nothing changes.
    Shadowed,
    /// It allows something, and nothing of that gets through: policies of the other ends deny it.
    Contradicted,
    /// It selects no pod, or nobody enforces it.
    WithoutEffect,
    /// It was not looked at: there is too much to look at, it is not evaluated, or it has rules for peers that
    /// manifests do not show.
    Unknown,
}

impl Value {
    /// `needed`, `redundant`, `shadowed`, `contradicted`, `without-effect` or `unknown`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What an object with policies is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worth {
    /// The policy that the object is, or the first of several.
    pub policy: usize,
    /// What it is worth.
    pub value: Value,
    /// The network that does not enforce it.
    pub unenforced: Option<&'static str>,
    /// The policies that say the same, decide first, or deny what it allows; ascending.
    pub others: Vec<usize>,
}

/// What was found of an object.
#[derive(Default)]
struct Found {
    parts: Vec<usize>,
    selects: bool,
    needed: bool,
    /// Whether it ever decides, by a rule or because it closes.
    decides: bool,
    /// Who decides beside it, or in place of it.
    beside: BTreeSet<usize>,
    too_much: bool,
}

impl Connectivity {
    /// What each evaluated policy is worth, by its identity.
    pub fn worth(&self) -> Vec<Worth> {
        let mut objects: BTreeMap<&ObjectKey, Found> = BTreeMap::new();
        for (index, policy) in self.policies().iter().enumerate() {
            objects.entry(&policy.key).or_default().parts.push(index);
        }
        let mut found: Vec<Found> = objects.into_values().collect();
        let mut object_of = vec![0; self.policies().len()];
        for (object, known) in found.iter().enumerate() {
            known.parts.iter().for_each(|&p| object_of[p] = object);
        }
        let mut left = MOST;
        for plane in &self.planes {
            let mut search = Search { judge: &plane.judge, object_of: &object_of, found: &mut found, left: &mut left };
            for group in 0..plane.judge.groups.len() {
                Direction::ALL.into_iter().for_each(|direction| search.side(group, direction));
            }
        }
        found.iter().map(|known| self.judged(known, &mut left)).collect()
    }

    fn judged(&self, found: &Found, left: &mut usize) -> Worth {
        let policy = found.parts.first().copied().unwrap_or_default();
        let unenforced = self.enforcement().unenforcing(&self.policies()[policy]);
        let beside = || found.beside.iter().copied().collect();
        let (value, others) = match found {
            _ if unenforced.is_some() || !found.selects => (Value::WithoutEffect, Vec::new()),
            Found { needed: true, .. } => match self.contradiction(found, left) {
                Some(others) => (Value::Contradicted, others),
                None => (Value::Needed, Vec::new()),
            },
            Found { too_much: true, .. } => (Value::Unknown, Vec::new()),
            _ if self.is_vague(found) => (Value::Unknown, Vec::new()),
            Found { decides: false, .. } if self.has_rules(found) => (Value::Shadowed, beside()),
            _ => (Value::Redundant, beside()),
        };
        Worth { policy, value, unenforced, others }
    }

    /// Whether it has rules for peers that manifests do not show.
    fn is_vague(&self, found: &Found) -> bool {
        found.parts.iter().any(|&p| self.policies()[p].is_vague())
    }

    fn has_rules(&self, found: &Found) -> bool {
        found.parts.iter().any(|&p| self.policies()[p].all_rules().next().is_some())
    }

    /// Who denies all that an object allows to pods of the input; `None` if something gets through, or it allows
    /// nothing to any of them.
    fn contradiction(&self, found: &Found, left: &mut usize) -> Option<Vec<usize>> {
        let (mut others, mut allows) = (BTreeSet::new(), false);
        for (plane, &policy) in self.planes.iter().flat_map(|plane| found.parts.iter().map(move |p| (plane, p))) {
            let judge = &plane.judge;
            for direction in Direction::ALL {
                for group in judge.subjects(policy, direction) {
                    for (index, rule) in judge.rules_of(policy, direction, group) {
                        if rule.action != Action::Allow {
                            continue;
                        }
                        for peer in meant(judge, direction, policy, index) {
                            if peer == group {
                                continue;
                            }
                            *left = left.checked_sub(1)?;
                            let (from, to) = match direction {
                                Direction::Ingress => (peer, group),
                                Direction::Egress => (group, peer),
                            };
                            allows = true;
                            let answer = judge.between(from, to);
                            let own = rule.ports.at(&judge.groups[to].ports);
                            if !answer.ports.intersection(&own).is_empty() {
                                return None;
                            }
                            let denies = |r: &&Reason| matches!(r.effect, Effect::Deny | Effect::Isolate);
                            others.extend(answer.because.iter().filter(denies).map(|r| r.policy));
                        }
                    }
                }
            }
        }
        others.retain(|p| !found.parts.contains(p));
        (allows && !others.is_empty()).then(|| others.into_iter().collect())
    }
}

/// The groups that a rule means.
fn meant(judge: &Judge, direction: Direction, policy: usize, rule: usize) -> impl Iterator<Item = GroupId> + '_ {
    let count = judge.groups.len();
    let mut all = FixedBitSet::with_capacity(count);
    judge.peers_of_rule(policy, direction, rule).for_each(|set| all.union_with(set));
    (0..count).filter(move |&g| all.contains(g))
}

struct Search<'s> {
    judge: &'s Judge,
    object_of: &'s [usize],
    found: &'s mut [Found],
    left: &'s mut usize,
}

impl Search<'_> {
    /// Looks at the policies of a group in a direction, for one peer of each kind that they tell apart.
    fn side(&mut self, group: GroupId, direction: Direction) {
        let objects: BTreeSet<usize> = self.judge.side(group, direction).all().map(|p| self.object_of[p]).collect();
        if objects.is_empty() {
            return;
        }
        objects.iter().for_each(|&object| self.found[object].selects = true);
        if objects.iter().all(|&object| self.found[object].needed) {
            return;
        }
        for peer in self.peers(group, direction) {
            let (to, means) = match direction {
                Direction::Ingress => (group, self.judge.means(direction, peer)),
                Direction::Egress => (peer, self.judge.means(direction, peer)),
            };
            let declared = &self.judge.groups[to].ports;
            if !self.spend(&objects) {
                return;
            }
            let whole = self.judge.of_side_without(direction, group, &means, declared, &[]);
            let deciding: BTreeSet<usize> = whole.because.iter().map(|r| self.object_of[r.policy]).collect();
            for &object in &objects {
                let others = whole.because.iter().filter(|r| self.object_of[r.policy] != object);
                let others: Vec<usize> = others.map(|r| r.policy).collect();
                let speaks = self.found[object]
                    .parts
                    .iter()
                    .any(|&p| self.judge.rules_of(p, direction, group).any(|(index, _)| means(p, index)));
                let known = &mut self.found[object];
                known.decides |= deciding.contains(&object);
                if known.needed || !(deciding.contains(&object) || speaks) {
                    continue;
                }
                known.beside.extend(others);
                if !deciding.contains(&object) {
                    continue;
                }
                if *self.left == 0 {
                    known.too_much = true;
                    continue;
                }
                *self.left -= 1;
                let parts = std::mem::take(&mut known.parts);
                let without = self.judge.of_side_without(direction, group, &means, declared, &parts);
                let known = &mut self.found[object];
                known.needed = (&without.ports, &without.sometimes) != (&whole.ports, &whole.sometimes);
                known.parts = parts;
            }
        }
    }

    /// Takes note of one more verdict. If there were too many, nothing more is known of these objects.
    fn spend(&mut self, objects: &BTreeSet<usize>) -> bool {
        match self.left.checked_sub(1) {
            Some(less) => *self.left = less,
            None => objects.iter().for_each(|&object| self.found[object].too_much = true),
        }
        *self.left > 0
    }

    /// Peers of every kind that the rules of a group tell apart: those that some rule names, and one of all others of a
    /// kind.
    fn peers(&self, group: GroupId, direction: Direction) -> BTreeSet<GroupId> {
        let mut named: BTreeSet<GroupId> = self.judge.exceptions(group, direction).flatten().collect();
        let all = self.judge.groups.iter().enumerate().filter(|(g, _)| *g != group && !named.contains(g));
        let mut rest: BTreeMap<_, GroupId> = BTreeMap::new();
        for (g, other) in all {
            let kind = match other.members {
                Members::Pods(_) => 0,
                Members::Addresses(_) => 1,
                Members::IngressController => 2,
            };
            // Ports that rules call by their names are those of the destination.
            let ports = if direction == Direction::Egress { other.ports.as_slice() } else { &[] };
            rest.entry((kind, ports)).or_insert(g);
        }
        named.extend(rest.into_values());
        let lonely = matches!(&self.judge.groups[group].members, Members::Pods(own) if own.len() < 2);
        named.retain(|&g| g != group || !lonely);
        named.retain(|&g| direction == Direction::Ingress || self.judge.is_of_interest(group, g));
        named
    }
}
