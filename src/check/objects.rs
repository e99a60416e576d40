//! Objects that refer to others, and objects of a shape that Kubernetes refuses.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::named;
use super::policies::near;
use super::registry::family;
use super::scene::Scene;
use super::selection::some;
use crate::cluster::{Cluster, Entry, Workload};
use crate::diagnostic::{Code, Severity};
use crate::graph::UseWay;
use crate::manifest::{Body, Tree, Value};
use crate::net::{ObjectKey, Selector};
use crate::policy::{from_tree, from_typed};
use crate::resolve::UseReference;

family! {
    HpaTargetMissing, "hpa-target-missing", true, "A HorizontalPodAutoscaler scales a workload that is not in its namespace: it reports an error and scales nothing. Targets of kinds that operators define are not looked for.";
    PdbSelectsNothing, "pdb-selects-nothing", true, "The selector of a PodDisruptionBudget fits no pod of its namespace: it keeps no pod from being evicted. An empty selector means every pod of the namespace.";
    SelectorTemplateMismatch, "selector-template-mismatch", false, "The selector of a controller does not fit the labels of its own pod template. The API server refuses such an object: `selector` does not match template `labels` (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector).";
    RemovedApiVersion, "removed-api-version", false, "The API version of an object is no longer served since the version of Kubernetes that the message names, so that the object cannot be applied there (https://kubernetes.io/docs/reference/using-api/deprecation-guide/).";
    ConfigmapOrSecretMissing, "configmap-or-secret-missing", true, "Pods need a ConfigMap or Secret that is not in the input, so their containers do not start if it is not made by other means. References with `optional: true` are left in peace, and so are names that other objects of the input make or mention (SealedSecret, ExternalSecret, Certificate, generators of kustomize). Secrets are often kept elsewhere: unless one has nearly this name, they are only worth knowing, and so are ConfigMaps of a namespace of which the manifests contain none. Of pods that were read from a cluster nothing is said: they have started.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    for entry in cluster.entries() {
        removed(scene, entry);
        match (entry.key.group.as_str(), entry.key.kind.as_str()) {
            ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(scene, entry),
            ("policy", "PodDisruptionBudget") => budget(scene, entry),
            _ => {}
        }
    }
    for workload in cluster.workloads() {
        mismatch(scene, workload);
    }
    configs(scene);
}

/// API versions that are no longer served: group and version, kind, since when, and what to use.
/// Source: <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>.
const REMOVED: &[(&str, &str, &str, &str)] = &[
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", "1.22", "admissionregistration.k8s.io/v1"),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingWebhookConfiguration",
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.22", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "APIService", "1.22", "apiregistration.k8s.io/v1"),
    ("apps/v1beta1", "Deployment", "1.16", "apps/v1"),
    ("apps/v1beta1", "StatefulSet", "1.16", "apps/v1"),
    ("apps/v1beta2", "DaemonSet", "1.16", "apps/v1"),
    ("apps/v1beta2", "Deployment", "1.16", "apps/v1"),
    ("apps/v1beta2", "ReplicaSet", "1.16", "apps/v1"),
    ("apps/v1beta2", "StatefulSet", "1.16", "apps/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26", "autoscaling/v2"),
    ("batch/v1beta1", "CronJob", "1.25", "batch/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease", "1.22", "coordination.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "1.25", "discovery.k8s.io/v1"),
    ("extensions/v1beta1", "DaemonSet", "1.16", "apps/v1"),
    ("extensions/v1beta1", "Deployment", "1.16", "apps/v1"),
    ("extensions/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy", "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy", "1.16", "the labels of Pod Security Admission"),
    ("extensions/v1beta1", "ReplicaSet", "1.16", "apps/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "1.32", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", "1.32", "flowcontrol.apiserver.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress", "1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass", "1.22", "networking.k8s.io/v1"),
    ("node.k8s.io/v1beta1", "RuntimeClass", "1.25", "node.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", "1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", "1.25", "the labels of Pod Security Admission"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "Role", "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", "1.22", "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver", "1.22", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSINode", "1.22", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "StorageClass", "1.22", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "VolumeAttachment", "1.22", "storage.k8s.io/v1"),
];

fn removed(scene: &mut Scene<'_>, entry: &Entry) {
    let written = (entry.object.api_version.as_str(), entry.key.kind.as_str());
    let Some((version, kind, since, instead)) =
        REMOVED.iter().find(|(version, kind, _, _)| (*version, *kind) == written)
    else {
        return;
    };
    let help = if instead.contains('/') {
        format!("`apiVersion: {instead}` takes its place; some fields may have other names there")
    } else {
        format!("{instead} take its place")
    };
    let message = format!("{kind} {} is of {version}, which Kubernetes {since} and later do not have", entry.key.name);
    scene.report(Code::RemovedApiVersion, entry, "apiVersion", message).help(help);
}

/// Kinds of Kubernetes and OpenShift that can be scaled.
const SCALED: &[&str] = &["Deployment", "DeploymentConfig", "ReplicaSet", "ReplicationController", "StatefulSet"];

fn autoscaler(scene: &mut Scene<'_>, entry: &Entry) {
    let target = entry.object.tree.find("spec.scaleTargetRef");
    let text = |key: &str| target.and_then(|t| t.get(key)).and_then(Tree::as_str);
    let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
        return;
    };
    let namespace = entry.key.namespace();
    if !SCALED.contains(&kind) || scene.is_bare(namespace) {
        return;
    }
    let here = scene.near.workloads_named(namespace, name);
    if here.iter().any(|k| k.kind == kind) {
        return;
    }
    let other = here.first().map(|k| k.kind.clone());
    let near = scene.near.names(kind, namespace).nearest(name);
    let (field, hint, help) = match (other, near) {
        (Some(other), _) => {
            ("kind", format!("; there is {other} {name}"), format!("`kind: {other}` is probably meant"))
        }
        (None, Some(near)) => ("name", format!("; there is {near}"), format!("`name: {near}` is probably meant")),
        (None, None) => ("name", String::new(), "correct the name, or leave the autoscaler out".to_owned()),
    };
    let message = format!(
        "HorizontalPodAutoscaler {namespace}/{} scales {kind} {namespace}/{name}, which is not in the input{hint}",
        entry.key.name
    );
    scene.report(Code::HpaTargetMissing, entry, &format!("spec.scaleTargetRef.{field}"), message).help(help);
}

fn budget(scene: &mut Scene<'_>, entry: &Entry) {
    let Some(selector) = entry.object.tree.find("spec.selector").and_then(|t| from_tree(t).ok()) else {
        return;
    };
    let namespace = entry.key.namespace();
    let found = scene.pods.select(scene.cluster, namespace, &selector);
    if scene.is_bare(namespace) || selector.is_everything() || !found.is_empty() {
        return;
    }
    let near = near(scene, namespace, &selector);
    if scene.is_operated(namespace) && near.is_none() {
        return;
    }
    let what = format!("PodDisruptionBudget {namespace}/{}", entry.key.name);
    let message = match &near {
        Some(near) => format!("{what} selects no pod; {} has {}", named(near.workload), near.said),
        None => format!("{what} selects no pod: {namespace} has none with {selector}"),
    };
    let related = near.map(|n| (&scene.cluster.entries()[n.workload.entry], n.workload.spec.labels_path.as_str()));
    let report = scene
        .report(Code::PdbSelectsNothing, entry, "spec.selector", message)
        .help("make the selector and the labels of the pod template the same");
    if let Some((entry, path)) = related {
        report.related(entry, path, "the labels of its pods");
    }
}

/// Kinds whose selector people write, and which the API server holds to it.
const SELECTING: &[&str] = &["DaemonSet", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

fn mismatch(scene: &mut Scene<'_>, workload: &Workload) {
    let entry = &scene.cluster.entries()[workload.entry];
    let Body::Workload(spec) = &entry.object.body else { return };
    if !SELECTING.contains(&entry.key.kind.as_str()) || !["", "apps"].contains(&entry.key.group.as_str()) {
        return;
    }
    let Some(selector) = spec.selector.as_ref().and_then(|s| from_typed(s).ok()) else {
        return;
    };
    if selector.matches(&spec.pod_labels) {
        return;
    }
    let lacking: Vec<String> = selector
        .requirements()
        .iter()
        .filter(|r| !r.matches(&spec.pod_labels))
        .map(|r| {
            let wanted = Selector::new([r.clone()]);
            match spec.pod_labels.get(&r.key) {
                Some(own) => format!("{wanted}, and the template has {}={own}", r.key),
                None => format!("{wanted}, and the template has no label {}", r.key),
            }
        })
        .collect();
    let message = format!("{} selects {}", named(workload), lacking.join("; "));
    scene
        .report(Code::SelectorTemplateMismatch, entry, "spec.selector", message)
        .related(entry, &spec.labels_path, "the labels of the template")
        .help("make both the same: the API server refuses the object as it is");
}

fn configs(scene: &mut Scene<'_>) {
    let (cluster, facts) = (scene.cluster, scene.facts);
    let mut missing: BTreeMap<&ObjectKey, Vec<&UseReference>> = BTreeMap::new();
    // Containers do not start without these; a Secret by which something is mounted or pulled may be elsewhere.
    let starts = |u: &&UseReference| !u.optional && matches!(u.way, UseWay::Environment | UseWay::Files);
    // What was read from a cluster has started there, so it had what it needs.
    let live = |object: usize| cluster.entries()[object].object.tree.find("metadata.uid").is_some();
    for used in facts.uses.iter().filter(starts) {
        if scene.find(&used.key).is_none() && !live(used.object) {
            missing.entry(&used.key).or_default().push(used);
        }
    }
    let made = Made::of(cluster);
    for (key, users) in missing {
        if made.makes(&key.name) {
            continue;
        }
        let Some(first) = users.first() else { continue };
        let title = |user: &ObjectKey| format!("{} {}/{}", user.kind, user.namespace(), user.name);
        let names: BTreeSet<String> = users.iter().map(|used| title(&used.user)).collect();
        let names: Vec<String> = names.into_iter().collect();
        let here = scene.near.names(&key.kind, key.namespace());
        let elsewhere = scene.find_anywhere(&key.kind, &key.name).map(|e| e.key.namespace().to_owned());
        let near = here.nearest_of(&key.name, |n| !is_hashed(n, &key.name));
        let verb = if names.len() == 1 { "needs" } else { "need" };
        let (hint, help) = match (&elsewhere, &near) {
            (Some(other), _) => (
                format!("; there is one in namespace {other}"),
                format!("pods use what is in their own namespace only: put a copy into {}", key.namespace()),
            ),
            (None, Some(near)) => (format!("; there is {near}"), format!("`{near}` is probably meant")),
            (None, None) => (String::new(), "nothing is wrong if it is made by other means".to_owned()),
        };
        let message = format!(
            "{} {verb} {} {}/{}, which is not in the input{hint}",
            some(&names),
            key.kind,
            key.namespace(),
            key.name
        );
        let sure = near.is_some() && elsewhere.is_none();
        let alone = elsewhere.is_none() && here.is_empty();
        let entry = &cluster.entries()[first.object];
        let report = scene.report(Code::ConfigmapOrSecretMissing, entry, &first.field, message).help(help);
        if key.kind == "Secret" && !sure {
            report.severity(Severity::Info);
        } else if alone {
            report.lowered(&format!("the manifests contain no {} of that namespace", key.kind));
        }
    }
}

/// Whether a name is another one with a hash behind it, as generators of kustomize give them
/// (<https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/generatoroptions/>).
fn is_hashed(name: &str, plain: &str) -> bool {
    name.strip_prefix(plain).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_hash)
}

fn is_hash(text: &str) -> bool {
    text.len() == 10
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_digit())
}

/// What is made by Kubernetes, by a generator, or by an object of a kind that people or operators have defined: one of
/// that name, or one that mentions it.
struct Made<'a>(BTreeSet<&'a str>);

impl<'a> Made<'a> {
    fn of(cluster: &'a Cluster) -> Made<'a> {
        let mut names = BTreeSet::new();
        for entry in cluster.entries() {
            let custom = matches!(entry.object.body, Body::Other)
                && entry.key.group.contains('.')
                && !entry.key.group.starts_with("rbac.");
            if custom {
                names.insert(entry.key.name.as_str());
                mentions(&entry.object.tree, &mut names);
            }
        }
        Made(names)
    }

    fn makes(&self, name: &str) -> bool {
        // Published into every namespace, and made for every ServiceAccount before Kubernetes 1.24.
        let own = name == "kube-root-ca.crt" || name == "openshift-service-ca.crt";
        let token = name
            .rsplit_once("-token-")
            .is_some_and(|(_, end)| end.len() == 5 && end.bytes().all(|b| b.is_ascii_alphanumeric()));
        let generated = name.rsplit_once('-').is_some_and(|(_, end)| is_hash(end));
        own || token || generated || self.0.contains(name)
    }
}

/// Adds every text of a tree.
fn mentions<'a>(tree: &'a Tree, names: &mut BTreeSet<&'a str>) {
    match &tree.value {
        Value::Seq(items) => items.iter().for_each(|t| mentions(t, names)),
        Value::Map(entries) => entries.iter().for_each(|e| mentions(&e.value, names)),
        _ => names.extend(tree.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_versions_is_in_order() {
        assert!(REMOVED.is_sorted());
    }

    #[test]
    fn hashes_of_generators_are_known() {
        assert!(is_hashed("config-8mbdf7882g", "config"));
        assert!(!is_hashed("config-production", "config") && !is_hash("production"));
    }
}
