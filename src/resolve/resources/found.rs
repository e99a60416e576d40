//! Nodes of what can be used: ConfigMaps, Secrets, claims, ServiceAccounts, and those that other objects of the input
//! make.

use super::super::Context;
use super::{DEFAULT_ACCOUNT, ROOT_CERTIFICATES};
use crate::cluster::{Cluster, Entry, Workload};
use crate::graph::{Config, Detail, Node, NodeKind};
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
            ("", "ConfigMap") if key.name != ROOT_CERTIFICATES => {
                Some((NodeKind::ConfigMap, config_map(&entry.object.tree)))
            }
            ("", "Secret") => secret(&entry.object.tree).map(|config| (NodeKind::Secret, config)),
            ("", "PersistentVolumeClaim") if templates.iter().any(|t| t.made(key)) => None,
            ("", "PersistentVolumeClaim") => Some((NodeKind::Claim, claim(&entry.object.tree, false))),
            ("", "ServiceAccount") if key.name != DEFAULT_ACCOUNT => {
                Some((NodeKind::ServiceAccount, Config::ServiceAccount))
            }
            _ => None,
        };
        if let Some((kind, config)) = found {
            context.object(entry, kind, Detail::Config(config));
        }
    }
    for template in templates {
        let evidence = vec![context.evidence(&cluster.entries()[template.entry], &template.field)];
        context.graph.node(Node {
            id: template.key.to_string(),
            kind: NodeKind::Claim,
            label: template.key.kind.clone(),
            namespace: template.key.namespace.clone(),
            name: template.key.name.clone(),
            detail: Detail::Config(claim(template.tree, true)),
            evidence,
            change: None,
            remarks: Vec::new(),
        });
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
    /// The place of the template in the object.
    pub field: String,
    entry: usize,
    tree: &'a Tree,
}

impl Template<'_> {
    /// Whether a claim is one that was made of the template.
    fn made(&self, claim: &ObjectKey) -> bool {
        let number = self.key.name.strip_suffix('*').and_then(|stem| claim.name.strip_prefix(stem));
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
    let template = |claims: String, field: String, tree: &'a Tree| Template {
        key: ObjectKey::new("", "PersistentVolumeClaim", workload.key.namespace(), &claims),
        field,
        entry: workload.entry,
        tree,
    };
    let mut found = Vec::new();
    let stable = tree.at(&["spec", "volumeClaimTemplates"]).map(Tree::items).unwrap_or_default();
    for (i, item) in stable.iter().enumerate() {
        if let Some(own) = text(item, &["metadata", "name"]) {
            found.push(template(format!("{own}-{name}-*"), format!("spec.volumeClaimTemplates[{i}]"), item));
        }
    }
    let pod = workload.spec.pod_path;
    let volumes = tree.find(pod).and_then(|p| p.get("volumes")).map(Tree::items).unwrap_or_default();
    for (i, volume) in volumes.iter().enumerate() {
        if let (Some(own), Some(item)) = (text(volume, &["name"]), volume.at(&["ephemeral", "volumeClaimTemplate"])) {
            let field = format!("{pod}.volumes[{i}].ephemeral.volumeClaimTemplate");
            found.push(template(format!("{name}-*-{own}"), field, item));
        }
    }
    found
}

/// The node of a Secret that another object makes, unless the input holds it.
fn made(context: &mut Context<'_>, entry: &Entry, name: &str) {
    let key = ObjectKey::new("", "Secret", entry.key.namespace(), name);
    if context.graph.has(&key.to_string()) {
        return;
    }
    let evidence = vec![context.evidence(entry, "")];
    context.graph.node(Node {
        id: key.to_string(),
        kind: NodeKind::Secret,
        label: "Secret".into(),
        namespace: key.namespace,
        name: key.name,
        detail: Detail::Config(Config::Secret {
            type_: String::new(),
            keys: Vec::new(),
            made_by: Some(entry.key.to_string()),
            used: None,
        }),
        evidence,
        change: None,
        remarks: Vec::new(),
    });
}

/// The name of the Secret that an object makes: a Certificate of cert-manager
/// (<https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate>), an ExternalSecret
/// (<https://external-secrets.io/latest/api/externalsecret/>) or a SealedSecret
/// (<https://github.com/bitnami-labs/sealed-secrets>).
fn made_secret(entry: &Entry) -> Option<&str> {
    let tree = &entry.object.tree;
    let own = entry.key.name.as_str();
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("cert-manager.io", "Certificate") => text(tree, &["spec", "secretName"]),
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
