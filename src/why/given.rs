//! What the input leaves open as a whole: policies and Ingresses that a dump leaves out, and policies that it defines
//! twice.

use super::Scene;
use crate::net::ObjectKey;

/// Why it is not known that nothing else exposes something.
pub(super) fn entrances(scene: &Scene<'_>) -> Option<String> {
    scene.is_partial.then(|| {
        "the input looks like the output of `kubectl get all`, which leaves out Ingresses and routes".to_owned()
    })
}

/// Why it is not known which policies apply.
pub(super) fn policies(scene: &Scene<'_>) -> Option<String> {
    scene
        .is_partial
        .then(|| "the input looks like the output of `kubectl get all`, which leaves out policies".to_owned())
}

/// That a policy has several definitions.
pub(super) fn repeatedly(policy: &ObjectKey) -> String {
    format!("{policy} is defined more than once with different content, and which one holds is not known")
}
