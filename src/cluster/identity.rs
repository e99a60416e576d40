//! What makes an object the same object.

use std::fmt;

use crate::manifest::Object;

/// The identity of an object. Versions of one group name the same object, and so do groups that kinds have moved out
/// of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The namespace; `None` for kinds that live outside namespaces.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// The API group, `""` for the core group.
    pub group: String,
}

/// Kinds of Kubernetes itself (and the Gateway API) that live outside namespaces, for what a manifest of them may say
/// of a namespace is ignored. Source: `kubectl api-resources --namespaced=false`.
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "ComponentStatus"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("policy", "PodSecurityPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
];

/// Kinds that a custom kind of the same name could be mistaken for.
const WELL_KNOWN: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "DeploymentConfig",
    "Endpoints",
    "GRPCRoute",
    "Gateway",
    "HTTPRoute",
    "Ingress",
    "Job",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Service",
    "StatefulSet",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
];

impl Key {
    /// The identity of an object, given the namespace for objects that name none.
    pub fn of(object: &Object, default_namespace: &str) -> Key {
        let group = current_group(object.group(), &object.kind);
        let scoped = CLUSTER_SCOPED.binary_search(&(group, object.kind.as_str())).is_ok();
        let namespace = (!scoped).then(|| object.namespace.clone().unwrap_or_else(|| default_namespace.to_owned()));
        Key { namespace, name: object.name.clone(), kind: object.kind.clone(), group: group.to_owned() }
    }

    /// The identity of a namespaced object of a known group.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Key {
        Key {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
            kind: kind.to_owned(),
            group: group.to_owned(),
        }
    }

    /// The namespace, or nothing.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Key {
    /// `namespace/name[Kind]`; a custom kind that shares its name with a well-known one is written `[Kind.group]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        let own = self.group.is_empty()
            || !self.group.contains('.')
            || self.group.ends_with(".k8s.io")
            || self.group.ends_with("openshift.io");
        if own || !WELL_KNOWN.contains(&self.kind.as_str()) {
            write!(f, "{}[{}]", self.name, self.kind)
        } else {
            write!(f, "{}[{}.{}]", self.name, self.kind, self.group)
        }
    }
}

/// The group a kind lives in today: `extensions` was emptied into others
/// (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/#v1-16>), and OpenShift's first API had no group.
pub(super) fn current_group<'a>(group: &'a str, kind: &str) -> &'a str {
    match (group, kind) {
        ("extensions", "Ingress" | "NetworkPolicy") => "networking.k8s.io",
        ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => "apps",
        ("extensions", "PodSecurityPolicy") => "policy",
        ("", "DeploymentConfig") => "apps.openshift.io",
        _ => group,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_scoped_kinds_can_be_searched() {
        assert!(CLUSTER_SCOPED.is_sorted());
        assert!(WELL_KNOWN.is_sorted());
    }

    #[test]
    fn a_custom_kind_with_a_known_name_says_its_group() {
        assert_eq!(Key::new("", "Service", "a", "b").to_string(), "a/b[Service]");
        assert_eq!(
            Key::new("serving.knative.dev", "Service", "a", "b").to_string(),
            "a/b[Service.serving.knative.dev]"
        );
        assert_eq!(Key::new("argoproj.io", "Rollout", "a", "b").to_string(), "a/b[Rollout]");
    }

    #[test]
    fn kinds_are_the_same_in_the_group_they_came_from() {
        assert_eq!(current_group("extensions", "Ingress"), "networking.k8s.io");
        assert_eq!(current_group("extensions", "DaemonSet"), "apps");
    }
}
