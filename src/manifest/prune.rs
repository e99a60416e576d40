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
            tree.retain_keys(&["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"]);
            for part in ["data", "stringData"] {
                match tree.get_mut(part).map(|part| &mut part.value) {
                    Some(Value::Map(entries)) => {
                        entries.retain(|entry| is_data_key(&entry.key));
                        entries.iter_mut().for_each(|entry| entry.value.value = Value::Null);
                    }
                    Some(other) => *other = Value::Null,
                    None => {}
                }
            }
        }
        // The schemas are most of it; whom the API server calls to convert objects is of interest.
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            tree.retain_keys(&["apiVersion", "kind", "metadata", "spec"]);
            if let Some(spec) = tree.get_mut("spec") {
                spec.retain_keys(&["conversion"]);
            }
        }
        ("monitoring.coreos.com", "PrometheusRule") | ("", "Event") => {
            tree.retain_keys(&["apiVersion", "kind", "metadata"]);
        }
        _ => {}
    }
}

/// Whether a text can be a key of a Secret or ConfigMap
/// (<https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data>). What is none may be a piece of
/// a value that was broken.
pub(super) fn is_data_key(key: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&key.len()) && key.chars().all(is_allowed)
}
