//! An object while it is customized: its tree, the names it had, and what happened to it.

use super::edit;
use crate::manifest::Tree;
use crate::source::Span;

/// The namespace of what has none, as a name that no namespace can have.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// Group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

/// What an object is or was called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub gvk: Gvk,
    pub name: String,
    /// The namespace that counts: `default` where none is written, and a word for none where there can be none.
    pub namespace: String,
}

/// How a generated object meets one that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub tree: Tree,
    /// What it was called before, the oldest first.
    pub previous: Vec<Id>,
    pub prefixes: Vec<String>,
    pub suffixes: Vec<String>,
    pub behavior: Behavior,
    /// Whether its name gets a hash of its content.
    pub hashed: bool,
}

impl Gvk {
    /// That of an API version and a kind.
    pub fn new(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Whether it is one that a pattern means, of which an empty part means anything.
    pub fn is_selected(&self, group: &str, version: &str, kind: &str) -> bool {
        (group.is_empty() || self.group == group)
            && (version.is_empty() || self.version == version)
            && (kind.is_empty() || self.kind == kind)
    }

    /// Whether it is surely outside of namespaces: kinds that kustomize's own description of Kubernetes (that of 1.21)
    /// has there.
    pub fn is_cluster_scoped(&self) -> bool {
        CLUSTER_SCOPED.iter().any(|(group, versions, kinds)| {
            self.group == *group && versions.contains(&self.version.as_str()) && kinds.contains(&self.kind.as_str())
        })
    }
}

const CLUSTER_SCOPED: &[(&str, &[&str], &[&str])] = &[
    ("", &["v1"], &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1"],
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ),
    ("apiextensions.k8s.io", &["v1", "v1beta1"], &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"], &["APIService"]),
    ("authentication.k8s.io", &["v1", "v1beta1"], &["TokenReview"]),
    (
        "authorization.k8s.io",
        &["v1", "v1beta1"],
        &["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"],
    ),
    ("certificates.k8s.io", &["v1", "v1beta1"], &["CertificateSigningRequest"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"], &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["v1alpha1"], &["StorageVersion"]),
    ("networking.k8s.io", &["v1", "v1beta1"], &["IngressClass"]),
    ("node.k8s.io", &["v1", "v1alpha1", "v1beta1"], &["RuntimeClass"]),
    ("policy", &["v1beta1"], &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["v1", "v1alpha1", "v1beta1"], &["ClusterRole", "ClusterRoleBinding"]),
    ("scheduling.k8s.io", &["v1", "v1alpha1", "v1beta1"], &["PriorityClass"]),
    ("storage.k8s.io", &["v1", "v1beta1"], &["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"]),
    ("storage.k8s.io", &["v1alpha1"], &["VolumeAttachment"]),
];

impl Id {
    /// That of a name as written.
    pub fn new(gvk: Gvk, name: &str, namespace: &str) -> Id {
        let namespace = match namespace {
            _ if gvk.is_cluster_scoped() => NO_NAMESPACE,
            "" => "default",
            other => other,
        };
        Id { name: name.into(), namespace: namespace.into(), gvk }
    }

    /// Whether it is outside of namespaces.
    pub fn is_cluster_scoped(&self) -> bool {
        self.namespace == NO_NAMESPACE
    }
}

impl Resource {
    /// An object as it was read.
    pub fn new(tree: Tree) -> Resource {
        Resource {
            tree,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            hashed: false,
        }
    }

    fn text(&self, keys: &[&str]) -> &str {
        self.tree.at(keys).and_then(Tree::as_str).unwrap_or_default()
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(self.text(&["apiVersion"]), self.kind())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// Its namespace as written.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    /// What it is called now.
    pub fn id(&self) -> Id {
        Id::new(self.gvk(), self.name(), self.namespace())
    }

    /// What it was called at first.
    pub fn first_id(&self) -> Id {
        match self.previous.first() {
            Some(first) => self.with_version(first),
            None => self.id(),
        }
    }

    /// Everything it was called, and what it is called now.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        self.previous.iter().map(|id| self.with_version(id)).chain(std::iter::once(self.id()))
    }

    /// What it was called before.
    pub fn previous_ids(&self) -> impl Iterator<Item = Id> {
        self.previous.iter().map(|id| self.with_version(id))
    }

    /// Only kinds are remembered; a group or version is that of now.
    fn with_version(&self, id: &Id) -> Id {
        let now = self.gvk();
        Id { gvk: Gvk { kind: id.gvk.kind.clone(), ..now }, ..id.clone() }
    }

    /// Notes down what it is called before that changes.
    pub fn remember(&mut self) {
        let id = self.id();
        self.previous.push(id);
    }

    /// Gives it another name, at the place of the reason.
    pub fn rename(&mut self, name: &str, span: Span) {
        if let Some(metadata) = self.tree.get_mut("metadata") {
            edit::set(metadata, "name", edit::text(name, span), span);
        }
    }

    /// Whether both were given the same prefixes and suffixes last. Leniently, nothing is like anything.
    pub fn is_named_like(&self, other: &Resource, lenient: bool) -> bool {
        let same = |a: &[String], b: &[String]| {
            if lenient && (a.is_empty() || b.is_empty()) {
                return true;
            }
            let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
            if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}
