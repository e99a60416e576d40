//! Leaves out of the tree what nobody reads: it is most of what live objects weigh, and some of it is secret.

use super::tree::{Tree, Value};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Leaves out what only the server and kubectl read.
pub(super) fn before_decoding(tree: &mut Tree) {
    let Some(metadata) = tree.get_mut("metadata") else { return };
    metadata.remove("managedFields");
    if let Some(annotations) = metadata.get_mut("annotations") {
        annotations.remove(LAST_APPLIED);
    }
}

/// Leaves out the content of kinds that are not read.
pub(super) fn after_decoding(group: &str, kind: &str, tree: &mut Tree) {
    match (group, kind) {
        ("", "Secret") => {
            // Which keys a Secret has is of interest; what they hold must not get anywhere.
            for part in ["data", "stringData"] {
                for entry in tree.get_mut(part).map(Tree::entries_mut).unwrap_or_default() {
                    entry.value.value = Value::Null;
                }
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("monitoring.coreos.com", "PrometheusRule")
        | ("", "Event") => {
            tree.retain_keys(&["apiVersion", "kind", "metadata"]);
        }
        _ => {}
    }
}
