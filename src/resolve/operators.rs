//! Objects of kinds that nobody here knows and whose operators may make pods.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Entry};
use crate::manifest::Body;
use crate::net::is_irrelevant;
use crate::net::kinds::is_entrance_group;

/// Groups of kinds that configure something and run no pods, beside those of Kubernetes itself and of entry points.
const CONFIGURING: &[&str] = &[
    "cert-manager.io",
    "argoproj.io",
    "kustomize.config.k8s.io",
    "external-secrets.io",
    "bitnami.com",
    "cilium.io",
    "istio.io",
    "projectcalico.org",
];

/// By namespace the first such object.
pub(super) fn operated(cluster: &Cluster) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (index, entry) in cluster.entries().iter().enumerate().filter(|(_, e)| may_make_pods(e)) {
        if let Some(namespace) = &entry.key.namespace {
            found.entry(namespace.clone()).or_insert(index);
        }
    }
    found
}

fn may_make_pods(entry: &Entry) -> bool {
    let (group, kind) = (entry.key.group.as_str(), entry.key.kind.as_str());
    let own = !group.contains('.') || group.ends_with(".k8s.io") || group == "k8s.io";
    matches!(entry.object.body, Body::Other)
        && !own
        && !is_irrelevant(group, kind)
        && !is_entrance_group(group)
        && !CONFIGURING.iter().any(|g| group.ends_with(g))
}
