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

/// Groups that end as those of Kubernetes do and whose controllers make pods.
const FROM_OUTSIDE: &[&str] = &["sparkoperator.k8s.io"];

/// Kinds with templates of pods whose controllers add labels that are not known here.
const ADDING: &[(&str, &str)] = &[
    ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "Workflow"),
    ("kubeflow.org", "MPIJob"),
    ("kubeflow.org", "PaddleJob"),
    ("kubeflow.org", "PyTorchJob"),
    ("kubeflow.org", "TFJob"),
    ("kubeflow.org", "XGBoostJob"),
    ("ray.io", "RayJob"),
    ("ray.io", "RayService"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"),
    ("sparkoperator.k8s.io", "SparkApplication"),
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
    let of_cluster = group.ends_with(".k8s.io") && !FROM_OUTSIDE.contains(&group);
    let own = !group.contains('.') || of_cluster || group == "k8s.io";
    // Of the pods of a template the labels are known, but for those that a controller adds.
    ADDING.contains(&(group, kind))
        || matches!(entry.object.body, Body::Other)
            && !own
            && !is_irrelevant(group, kind)
            && !is_entrance_group(group)
            && !CONFIGURING.iter().any(|g| group.ends_with(g))
}
