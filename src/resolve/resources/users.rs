//! Every reference from a pod, a template of claims, an Ingress or a Gateway to what it uses.

use super::super::{Context, UseReference};
use super::found;
use super::{DEFAULT_ACCOUNT, ROOT_CERTIFICATES};
use crate::cluster::{Cluster, Entry, Workload};
use crate::graph::UseWay;
use crate::manifest::Tree;
use crate::net::ObjectKey;
use crate::net::kinds::entrance_kind;

/// Every use in a cluster.
pub(in crate::resolve) fn uses(context: &Context<'_>) -> Vec<UseReference> {
    let cluster = context.cluster;
    let mut uses = Vec::new();
    for workload in cluster.workloads() {
        let entry = &cluster.entries()[workload.entry];
        let mut reader = Reader {
            cluster,
            uses: &mut uses,
            entry,
            object: workload.entry,
            user: &workload.key,
            namespace: workload.key.namespace(),
        };
        if let Some(pod) = entry.object.tree.find(&workload.spec.pod_path) {
            reader.pod(pod, &workload.spec.pod_path);
        }
        reader.claim_templates(workload);
    }
    for (object, entry) in cluster.entries().iter().enumerate() {
        let Some(kind) = entrance_kind(&entry.key.group, &entry.key.kind) else { continue };
        let (user, namespace) = (&entry.key, entry.key.namespace());
        let mut reader = Reader { cluster, uses: &mut uses, entry, object, user, namespace };
        for path in kind.certificates {
            reader.entrance(path);
        }
    }
    uses
}

/// Reads the references of one user.
struct Reader<'a, 'b> {
    cluster: &'a Cluster,
    uses: &'b mut Vec<UseReference>,
    entry: &'a Entry,
    object: usize,
    user: &'a ObjectKey,
    namespace: &'a str,
}

impl<'a> Reader<'a, '_> {
    /// Notes a reference to what `tree` names under `key`; `field` is the path of `tree`.
    fn refer(&mut self, kind: &str, way: UseWay, (tree, key): (&'a Tree, &str), field: &str) {
        let Some(name) = tree.get(key).and_then(Tree::as_str).filter(|n| !n.is_empty()) else {
            return;
        };
        if kind == "ConfigMap" && name == ROOT_CERTIFICATES {
            return;
        }
        self.uses.push(UseReference {
            object: self.object,
            user: self.user.clone(),
            field: format!("{field}.{key}"),
            key: ObjectKey::new("", kind, self.namespace, name),
            way,
            optional: tree.get("optional").and_then(Tree::as_bool) == Some(true),
        });
    }

    fn pod(&mut self, pod: &'a Tree, at: &str) {
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (c, container) in items(pod, list).enumerate() {
                self.container(container, &format!("{at}.{list}[{c}]"));
            }
        }
        for (v, volume) in items(pod, "volumes").enumerate() {
            self.volume(volume, &format!("{at}.volumes[{v}]"));
        }
        for (i, secret) in items(pod, "imagePullSecrets").enumerate() {
            self.refer("Secret", UseWay::ImagePull, (secret, "name"), &format!("{at}.imagePullSecrets[{i}]"));
        }
        // The old name of the field counts where the new one is not there.
        let account = ["serviceAccountName", "serviceAccount"].into_iter().find(|k| pod.get(k).is_some());
        if let Some(key) = account
            && pod.get(key).and_then(Tree::as_str) != Some(DEFAULT_ACCOUNT)
        {
            self.refer("ServiceAccount", UseWay::Identity, (pod, key), at);
        }
    }

    fn container(&mut self, container: &'a Tree, at: &str) {
        for (e, variable) in items(container, "env").enumerate() {
            for (key, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                if let Some(source) = variable.at(&["valueFrom", key]) {
                    self.refer(kind, UseWay::Environment, (source, "name"), &format!("{at}.env[{e}].valueFrom.{key}"));
                }
            }
        }
        for (e, all) in items(container, "envFrom").enumerate() {
            for (key, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                if let Some(source) = all.get(key) {
                    self.refer(kind, UseWay::Environment, (source, "name"), &format!("{at}.envFrom[{e}].{key}"));
                }
            }
        }
    }

    fn volume(&mut self, volume: &'a Tree, at: &str) {
        if let Some(source) = volume.get("configMap") {
            self.refer("ConfigMap", UseWay::Files, (source, "name"), &format!("{at}.configMap"));
        }
        if let Some(source) = volume.get("secret") {
            self.refer("Secret", UseWay::Files, (source, "secretName"), &format!("{at}.secret"));
        }
        for (s, source) in volume.get("projected").into_iter().flat_map(|p| items(p, "sources")).enumerate() {
            for (key, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
                if let Some(projected) = source.get(key) {
                    self.refer(kind, UseWay::Files, (projected, "name"), &format!("{at}.projected.sources[{s}].{key}"));
                }
            }
        }
        if let Some(source) = volume.get("persistentVolumeClaim") {
            let kind = "PersistentVolumeClaim";
            self.refer(kind, UseWay::Storage, (source, "claimName"), &format!("{at}.persistentVolumeClaim"));
        }
        // Secrets by which a volume is mounted.
        if let Some(source) = volume.get("azureFile") {
            self.refer("Secret", UseWay::Mount, (source, "secretName"), &format!("{at}.azureFile"));
        }
        for driver in ["csi", "cephfs", "rbd", "iscsi", "flexVolume", "scaleIO", "storageos"] {
            let key = if driver == "csi" { "nodePublishSecretRef" } else { "secretRef" };
            if let Some(source) = volume.at(&[driver, key]) {
                self.refer("Secret", UseWay::Mount, (source, "name"), &format!("{at}.{driver}.{key}"));
            }
        }
    }

    fn claim_templates(&mut self, workload: &Workload) {
        let uses = found::templates(self.cluster, workload).into_iter().map(|template| UseReference {
            object: self.object,
            user: self.user.clone(),
            field: template.field,
            key: template.key,
            way: UseWay::Storage,
            optional: false,
        });
        self.uses.extend(uses);
    }

    /// The certificate of an entry point that has one for all of its hosts; it may be of another namespace, which is
    /// written before the name or beside it.
    fn certificate(&mut self, (tree, key): (&'a Tree, &str), field: &str) {
        let Some(written) = tree.get(key).and_then(Tree::as_str).filter(|n| !n.is_empty()) else { return };
        let beside = tree.get("namespace").and_then(Tree::as_str).unwrap_or(self.namespace);
        let (namespace, name) = written.split_once('/').unwrap_or((beside, written));
        self.uses.push(UseReference {
            object: self.object,
            user: self.user.clone(),
            field: format!("{field}.{key}"),
            key: ObjectKey::new("", "Secret", namespace, name),
            way: UseWay::Tls,
            optional: false,
        });
    }

    /// Certificates of an Ingress's hosts and of a Gateway's listeners
    /// (<https://gateway-api.sigs.k8s.io/reference/spec/#listenertlsconfig>).
    fn entrance(&mut self, path: &str) {
        let Some(list) = self.entry.object.tree.find(path) else { return };
        if list.is_map() {
            for key in ["secretName", "secret", "name"] {
                self.certificate((list, key), path);
            }
        }
        for (i, item) in list.items().iter().enumerate() {
            self.refer("Secret", UseWay::Tls, (item, "secretName"), &format!("{path}[{i}]"));
            let references = item.at(&["tls", "certificateRefs"]).map(Tree::items).unwrap_or_default();
            for (r, reference) in references.iter().enumerate() {
                let text = |key: &str| reference.get(key).and_then(Tree::as_str).filter(|t| !t.is_empty());
                if text("kind").is_some_and(|k| k != "Secret") || text("group").is_some() {
                    continue;
                }
                let own = self.namespace;
                self.namespace = text("namespace").unwrap_or(own);
                self.refer(
                    "Secret",
                    UseWay::Tls,
                    (reference, "name"),
                    &format!("{path}[{i}].tls.certificateRefs[{r}]"),
                );
                self.namespace = own;
            }
        }
    }
}

fn items<'t>(tree: &'t Tree, key: &str) -> impl Iterator<Item = &'t Tree> + use<'t> {
    tree.get(key).map(Tree::items).unwrap_or_default().iter()
}
