//! Objects of operators that make NetworkPolicies: what these say holds once they are made, and is not evaluated.

use crate::cluster::Entry;
use crate::manifest::{Body, Tree, Value};
use crate::net::is_irrelevant;

/// Parts of an object deeper than this are not looked at.
const DEEPEST: usize = 16;

/// Whether an object of a kind that is not known describes NetworkPolicies for an operator to make: Kyverno by `generate`
/// (<https://kyverno.io/docs/policy-types/cluster-policy/generate/>), a Tenant of Capsule by `networkPolicies`
/// (<https://projectcapsule.dev/docs/tenants/enforcement/>), others by whole manifests in their fields.
pub(super) fn makes_policies(entry: &Entry) -> bool {
    let (group, kind) = (entry.key.group.as_str(), entry.key.kind.as_str());
    let is_unknown = group.contains('.') && !group.ends_with(".k8s.io") && !is_irrelevant(group, kind);
    // What Kyverno generates by an expression stands in its text.
    let is_generated = kind.ends_with("GeneratingPolicy");
    let mut parts = entry.object.tree.entries().iter().filter(|e| !matches!(&*e.key, "metadata" | "status"));
    is_unknown
        && matches!(entry.object.body, Body::Other)
        && parts.any(|e| describes(&e.value, 0) || is_generated && names(&e.value, 0))
}

/// Whether some text in a value names a kind of network policies in quotes.
fn names(tree: &Tree, depth: usize) -> bool {
    match &tree.value {
        _ if depth > DEEPEST => false,
        Value::Map(entries) => entries.iter().any(|e| names(&e.value, depth + 1)),
        Value::Seq(items) => items.iter().any(|item| names(item, depth + 1)),
        _ => tree.as_str().is_some_and(|text| text.contains("NetworkPolicy\"")),
    }
}

/// Whether a value holds a NetworkPolicy, or what one has in its `spec`.
fn describes(tree: &Tree, depth: usize) -> bool {
    match &tree.value {
        _ if depth > DEEPEST => false,
        Value::Map(entries) => {
            let is_policy = tree.get("kind").and_then(Tree::as_str).is_some_and(|k| k.ends_with("NetworkPolicy"));
            let is_whole = is_policy && ["spec", "data", "clone"].iter().any(|field| tree.get(field).is_some());
            let is_spec = ["policyTypes", "ingress", "egress"].iter().any(|field| tree.get(field).is_some())
                && tree.get("podSelector").is_some();
            let is_copied = tree.at(&["cloneList", "kinds"]).map(Tree::items).unwrap_or_default();
            let is_copied = is_copied.iter().filter_map(Tree::as_str).any(|kind| kind.ends_with("NetworkPolicy"));
            is_whole || is_spec || is_copied || entries.iter().any(|e| describes(&e.value, depth + 1))
        }
        Value::Seq(items) => items.iter().any(|item| describes(item, depth + 1)),
        _ => false,
    }
}
