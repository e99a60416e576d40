//! Which rules made a connection differ.

use super::Revision;
use super::connections::{Delta, is_the_same_rule};
use super::traffic::Turn;
use crate::policy::{Effect, Reason};

/// Something that one state says about a connection and the other does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    /// In words: `allowed by shop/web[NetworkPolicy] ingress[0]`.
    pub text: String,
    /// `file:line`, in the state that says it.
    pub place: String,
}

/// Why some ports are allowed now, or not any more. Where no rule came or went, because labels or ports of the ends
/// changed, it is what decides now.
pub(super) fn causes(old: &Revision, new: &Revision, delta: &Delta, turn: Turn) -> Vec<Cause> {
    let (before, after) = (&delta.old.because, &delta.new.because);
    let fresh = |reason: &&Reason| !before.iter().any(|other| is_the_same(old, other, new, reason));
    let stale = |reason: &&Reason| !after.iter().any(|other| is_the_same(new, other, old, reason));
    let lets = |reason: &&Reason| matches!(reason.effect, Effect::Allow | Effect::Pass);
    let stops = |reason: &&Reason| !lets(reason);
    let mut found: Vec<Cause> = match turn {
        Turn::Gained => {
            let come = after.iter().filter(lets).filter(fresh).map(|r| cause(new, r, "allowed by"));
            // What lets it through now says enough of what kept it out before.
            let replaced = |r: &&Reason| {
                let mut new_rules = after.iter().filter(lets).filter(fresh);
                new_rules.any(|other| is_of_the_same_policy(new, other, old, r))
            };
            let gone = before.iter().filter(stops).filter(stale).filter(|r| !replaced(r)).map(|r| {
                let still = after.iter().any(|other| is_of_the_same_policy(new, other, old, r));
                cause(old, r, if still { "no longer kept out by" } else { stopped(r) })
            });
            come.chain(gone).collect()
        }
        Turn::Lost => {
            let come = after.iter().filter(stops).filter(fresh).map(|r| {
                cause(
                    new,
                    r,
                    match r.effect {
                        Effect::Isolate => "isolated by",
                        _ => "denied by",
                    },
                )
            });
            let gone = before.iter().filter(lets).filter(stale).map(|r| cause(old, r, "no longer allowed by"));
            come.chain(gone).collect()
        }
    };
    if found.is_empty() {
        found = match turn {
            Turn::Gained => after.iter().filter(lets).map(|r| cause(new, r, "allowed by")).collect(),
            Turn::Lost => after.iter().filter(stops).map(|r| cause(new, r, "kept out by")).collect(),
        };
    }
    found.sort();
    found.dedup();
    found
}

fn stopped(reason: &Reason) -> &'static str {
    match reason.effect {
        Effect::Isolate => "no longer isolated by",
        _ => "no longer denied by",
    }
}

fn cause(state: &Revision, reason: &Reason, says: &str) -> Cause {
    let policy = &state.connectivity().policies()[reason.policy];
    let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
    let part = match rule {
        Some(rule) => policy.rule_name(reason.direction, rule),
        None => reason.direction.as_str().to_owned(),
    };
    Cause {
        text: format!("{says} {} {part}", policy.key),
        place: state.sources().origin_of(rule.map_or(policy.says(reason.direction), |r| r.at)),
    }
}

fn is_of_the_same_policy(a: &Revision, one: &Reason, b: &Revision, other: &Reason) -> bool {
    a.connectivity().policies()[one.policy].key == b.connectivity().policies()[other.policy].key
        && one.direction == other.direction
}

/// Whether two reasons of two states say the same.
fn is_the_same(a: &Revision, one: &Reason, b: &Revision, other: &Reason) -> bool {
    let rule = |state: &Revision, reason: &Reason| -> Option<crate::policy::Rule> {
        let policy = &state.connectivity().policies()[reason.policy];
        policy.rules(reason.direction)?.get(reason.rule?).cloned()
    };
    one.effect == other.effect
        && is_of_the_same_policy(a, one, b, other)
        && match (rule(a, one), rule(b, other)) {
            (None, None) => true,
            (Some(x), Some(y)) => is_the_same_rule(&x, &y),
            _ => false,
        }
}
