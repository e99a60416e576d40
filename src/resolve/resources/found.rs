//! Nodes of what can be used: ConfigMaps, Secrets, claims, ServiceAccounts, and those that other objects of the input
//! make.

use super::super::Context;
use super::{DEFAULT_ACCOUNT, ROOT_CERTIFICATES};
use crate::cluster::{Cluster, Entry, Workload};
use crate::graph::{Config, Detail, NodeId};
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// Types of Secrets that are made for machines and that no manifest of a workload names
/// (<https://kubernetes.io/docs/concepts/configuration/secret/#secret-types>,
/// <https://helm.sh/docs/topics/advanced/#storage-backends>).
const MACHINE_MADE: &[&str] =
    &["kubernetes.io/service-account-token", "helm.sh/release.v1", "bootstrap.kubernetes.io/token"];

/// Adds every node.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let templates: Vec<Template<'_>> = cluster.workloads().iter().flat_map(|w| templates(cluster, w)).collect();
    for entry in cluster.entries() {
        let key = &entry.key;
        let found = match (key.group.as_str(), key.kind.as_str()) {
            ("", "ConfigMap") if key.name != ROOT_CERTIFICATES => Some(config_map(&entry.object.tree)),
            ("", "Secret") => secret(&entry.object.tree),
            ("", "PersistentVolumeClaim") if templates.iter().any(|t| t.made(key)) => None,
            ("", "PersistentVolumeClaim") => Some(claim(&entry.object.tree, false)),
            ("", "ServiceAccount") if key.name != DEFAULT_ACCOUNT => Some(Config::ServiceAccount),
            _ => None,
        };
        if let Some(config) = found {
            context.object(entry, Detail::Config(config));
        }
    }
    for template in templates {
        let evidence = context.evidence(&cluster.entries()[template.entry], &template.field);
        context.keyed(&template.key, Detail::Config(claim(template.tree, true)), evidence);
    }
    for entry in cluster.entries() {
        if let Some(name) = made_secret(entry) {
            made(context, entry, name);
        }
    }
}

/// A template by which each pod of a workload gets a claim of its own.
pub(super) struct Template<'a> {
    /// The claims, with `*` for the number or name of the pod.
    pub key: ObjectKey,
    /// What the names of the claims begin with, where a number follows.
    stem: Option<String>,
    /// The place of the template in the object.
    pub field: String,
    entry: usize,
    tree: &'a Tree,
}

impl Template<'_> {
    /// Whether a claim is one that was made of the template.
    fn made(&self, claim: &ObjectKey) -> bool {
        let number = self.stem.as_ref().and_then(|stem| claim.name.strip_prefix(stem.as_str()));
        claim.namespace == self.key.namespace
            && number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// The templates of a workload: those of a StatefulSet, whose claims are called TEMPLATE-NAME-NUMBER
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage>), and ephemeral volumes,
/// whose claims are called POD-VOLUME
/// (<https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes>).
pub(super) fn templates<'a>(cluster: &'a Cluster, workload: &Workload) -> Vec<Template<'a>> {
    let tree = &cluster.entries()[workload.entry].object.tree;
    let name = &workload.key.name;
    let template = |claims: String, stem: Option<String>, field: String, tree: &'a Tree| Template {
        stem,
        key: ObjectKey::new("", "PersistentVolumeClaim", workload.key.namespace(), &claims),
        field,
        entry: workload.entry,
        tree,
    };
    let mut found = Vec::new();
    let stable = tree.at(&["spec", "volumeClaimTemplates"]).map(Tree::items).unwrap_or_default();
    for (i, item) in stable.iter().enumerate() {
        if let Some(own) = text(item, &["metadata", "name"]) {
            let stem = format!("{own}-{name}-");
            found.push(template(format!("{stem}*"), Some(stem), format!("spec.volumeClaimTemplates[{i}]"), item));
        }
    }
    let pod = workload.spec.pod_path.as_str();
    let volumes = tree.find(pod).and_then(|p| p.get("volumes")).map(Tree::items).unwrap_or_default();
    for (i, volume) in volumes.iter().enumerate() {
        if let (Some(own), Some(item)) = (text(volume, &["name"]), volume.at(&["ephemeral", "volumeClaimTemplate"])) {
            let field = format!("{pod}.volumes[{i}].ephemeral.volumeClaimTemplate");
            found.push(template(format!("{name}-*-{own}"), None, field, item));
        }
    }
    found
}

/// The node of a Secret that another object makes, unless the manifests contain it.
fn made(context: &mut Context<'_>, entry: &Entry, name: &str) {
    let key = ObjectKey::new("", "Secret", entry.key.namespace(), name);
    if context.graph.has(&NodeId::object(&key)) {
        return;
    }
    let made_by = Some(entry.key.clone());
    let config = Config::Secret { type_: String::new(), keys: Vec::new(), made_by, used: None };
    let evidence = context.evidence(entry, "");
    context.keyed(&key, Detail::Config(config), evidence);
}

/// The name of the Secret that an object makes: a Certificate of cert-manager
/// (<https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate>), an ExternalSecret
/// (<https://external-secrets.io/latest/api/externalsecret/>) or a SealedSecret
/// (<https://github.com/bitnami-labs/sealed-secrets>).
pub(super) fn made_secret(entry: &Entry) -> Option<&str> {
    let tree = &entry.object.tree;
    let own = entry.key.name.as_str();
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("cert-manager.io" | "certmanager.k8s.io", "Certificate") => text(tree, &["spec", "secretName"]),
        ("external-secrets.io", "ExternalSecret") => text(tree, &["spec", "target", "name"]).or(Some(own)),
        ("bitnami.com", "SealedSecret") => text(tree, &["spec", "template", "metadata", "name"]).or(Some(own)),
        _ => None,
    }
}

fn config_map(tree: &Tree) -> Config {
    Config::ConfigMap { keys: keys(tree, &["data", "binaryData"]), used: None }
}

fn secret(tree: &Tree) -> Option<Config> {
    let type_ = text(tree, &["type"]).unwrap_or_default();
    (!MACHINE_MADE.contains(&type_)).then(|| Config::Secret {
        type_: type_.to_owned(),
        keys: keys(tree, &["data", "stringData"]),
        made_by: None,
        used: None,
    })
}

/// What a claim or a template of claims asks for.
pub(super) fn claim(tree: &Tree, per_pod: bool) -> Config {
    let modes = tree.at(&["spec", "accessModes"]).map(Tree::items).unwrap_or_default();
    Config::Claim {
        size: tree.at(&["spec", "resources", "requests", "storage"]).and_then(plain),
        class: text(tree, &["spec", "storageClassName"]).filter(|c| !c.is_empty()).map(str::to_owned),
        modes: modes.iter().filter_map(Tree::as_str).map(str::to_owned).collect(),
        per_pod,
    }
}

/// A quantity is text or a number (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>).
fn plain(tree: &Tree) -> Option<String> {
    tree.as_str().map(str::to_owned).or_else(|| tree.as_i64().map(|n| n.to_string()))
}

fn keys(tree: &Tree, parts: &[&str]) -> Vec<String> {
    let entries = parts.iter().filter_map(|part| tree.get(part)).flat_map(Tree::entries);
    let mut keys: Vec<String> = entries.map(|e| e.key.to_string()).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn text<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t str> {
    tree.at(path)?.as_str()
}
