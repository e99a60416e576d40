//! What the input leaves open as a whole: policies and Ingresses that a dump leaves out, and policies that it defines
//! twice.

use std::collections::BTreeSet;

use super::Scene;
use super::answer::{Found, Layer, Mark, Outcome, Step};
use super::ends::{End, Judged};
use super::verdict;
use crate::net::ObjectKey;
use crate::policy::{Direction, Explanation};

/// Why it is not known that nothing else exposes something.
pub(super) fn entrances(scene: &Scene<'_>) -> Option<String> {
    scene.is_partial.then(|| {
        "the input looks like the output of `kubectl get all`, which leaves out Ingresses and routes".to_owned()
    })
}

/// The outcome and the sentence for it, with what the input leaves open.
pub(super) fn settle(scene: &Scene<'_>, found: &Found, judged: &[Judged], steps: &mut [Step]) -> (Outcome, String) {
    let decided = verdict::verdict(scene, found, judged);
    if found.failure.is_some() || judged.is_empty() || decided.0 == Outcome::Undetermined {
        return decided;
    }
    if scene.is_partial && decided.0 != Outcome::Denied {
        let text = "the input looks like the output of `kubectl get all`, which leaves out policies";
        return (Outcome::Undetermined, text.to_owned());
    }
    let ways = [(Direction::Egress, Layer::Egress), (Direction::Ingress, Layer::Ingress)];
    // The directions of the definition that is evaluated come first; the other one may be about both.
    for (is_its_own, (direction, layer)) in [true, false].into_iter().flat_map(|own| ways.map(|way| (own, way))) {
        let Some((key, at)) = repeated(scene, judged, direction, is_its_own) else { continue };
        // What the other side denies stays denied.
        let blocked = |side: &Explanation| !side.decisions.is_empty() && side.allowed().is_empty();
        let other = |p: &Judged| match direction {
            Direction::Egress => blocked(&p.ingress),
            Direction::Ingress => blocked(&p.egress),
        };
        if judged.iter().all(other) {
            continue;
        }
        let text = format!("{key} is defined more than once with different content, and which one holds is not known");
        if let Some(step) = steps.iter_mut().find(|step| step.layer == layer) {
            step.say(Mark::Doubt, text.clone(), Some(at));
        }
        return (Outcome::Undetermined, text);
    }
    decided
}

/// A policy with several definitions, of which one may be about an end; those that are left out may select other pods
/// of the namespace than the one that is evaluated.
fn repeated(
    scene: &Scene<'_>,
    judged: &[Judged],
    direction: Direction,
    is_its_own: bool,
) -> Option<(ObjectKey, String)> {
    let mut left = scene.cluster.left_out().iter().filter(|l| !l.is_equal).peekable();
    left.peek()?;
    let ends = judged.iter().map(|p| if direction == Direction::Egress { &p.from } else { &p.to });
    let homes: BTreeSet<&str> = ends.filter_map(End::workload).map(|w| scene.workload(w).key.namespace()).collect();
    let policies = scene.connectivity.policies().iter().filter(|p| p.rules(direction).is_some() == is_its_own);
    let policies: BTreeSet<&ObjectKey> = policies.map(|p| &p.key).collect();
    let is_about = |key: &ObjectKey| key.namespace().is_empty() || homes.contains(key.namespace());
    left.find(|l| policies.contains(&l.key) && !homes.is_empty() && is_about(&l.key))
        .map(|l| (l.key.clone(), scene.place(l.at)))
}
