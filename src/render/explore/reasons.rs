//! The deciding rules, each stored once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::policy::Reason;
use crate::world::World;

use super::seen;
use super::texts::Texts;

/// Reasons and the policies that they name, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Cast {
    reasons: Vec<Reason>,
    of_reason: BTreeMap<Reason, usize>,
    policies: Vec<usize>,
    of_policy: BTreeMap<usize, usize>,
}

impl Cast {
    /// The position of a reason.
    pub(super) fn reason(&mut self, reason: &Reason) -> usize {
        self.policy(reason.policy);
        let next = self.reasons.len();
        *self.of_reason.entry(*reason).or_insert_with(|| {
            self.reasons.push(*reason);
            next
        })
    }

    /// The position of a policy.
    pub(super) fn policy(&mut self, policy: usize) -> usize {
        let next = self.policies.len();
        *self.of_policy.entry(policy).or_insert_with(|| {
            self.policies.push(policy);
            next
        })
    }

    /// All reasons.
    pub(super) fn reasons(&self, world: &World) -> Vec<ReasonJson> {
        let data = |reason: &Reason| {
            let policy = &world.connectivity().policies()[reason.policy];
            let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
            ReasonJson {
                p: self.of_policy.get(&reason.policy).copied().unwrap_or_default(),
                d: reason.direction.as_str(),
                e: reason.effect.as_str(),
                rule: rule.map(|r| policy.rule_name(reason.direction, r)),
                at: seen(&world.sources().line_of(rule.map_or(policy.says(reason.direction), |r| r.at))),
            }
        };
        self.reasons.iter().map(data).collect()
    }

    /// All policies.
    pub(super) fn policies(&self, world: &World, texts: &mut Texts) -> Vec<PolicyJson> {
        let data = |policy: &usize| {
            let policy = &world.connectivity().policies()[*policy];
            PolicyJson {
                kind: seen(&policy.key.kind),
                ns: policy.key.namespace.as_deref().map(seen),
                name: seen(&policy.key.name),
                at: seen(&world.sources().line_of(policy.at)),
                text: texts.key(world.cluster(), &policy.key),
            }
        };
        self.policies.iter().map(data).collect()
    }
}

/// A reason: its policy by position, direction, effect, the name of its rule (`ingress[0]`), and the place of that.
#[derive(Serialize)]
pub(super) struct ReasonJson {
    p: usize,
    d: &'static str,
    e: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    at: String,
}

/// A policy.
#[derive(Serialize)]
pub(super) struct PolicyJson {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns: Option<String>,
    name: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<usize>,
}
