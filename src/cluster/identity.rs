//! What makes an object the same object.

use crate::manifest::Object;
use crate::net::ObjectKey;
use crate::net::live::NOT_READ;

/// Kinds of Kubernetes itself (and the Gateway API, Calico and Cilium) that live outside namespaces, for what a manifest of them may
/// say of a namespace is ignored. Source: `kubectl api-resources --namespaced=false`.
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
    ("cilium.io", "CiliumCIDRGroup"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkSet"),
    ("crd.projectcalico.org", "HostEndpoint"),
    ("crd.projectcalico.org", "StagedGlobalNetworkPolicy"),
    ("crd.projectcalico.org", "Tier"),
    ("elbv2.k8s.aws", "IngressClassParams"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    (NOT_READ, "UnreadClusterIngress"),
    (NOT_READ, "UnreadClusterNetworkPolicy"),
    ("policy", "PodSecurityPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkSet"),
    ("projectcalico.org", "HostEndpoint"),
    ("projectcalico.org", "StagedGlobalNetworkPolicy"),
    ("projectcalico.org", "Tier"),
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

/// The identity of an object, given the namespace for objects that name none.
pub(super) fn key_of(object: &Object, default_namespace: &str) -> ObjectKey {
    let group = current_group(object.group(), &object.kind);
    let scoped = CLUSTER_SCOPED.binary_search(&(group, object.kind.as_str())).is_ok();
    let namespace = (!scoped).then(|| object.namespace.clone().unwrap_or_else(|| default_namespace.to_owned()));
    ObjectKey { namespace, name: object.name.clone(), kind: object.kind.clone(), group: group.to_owned() }
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
    }

    #[test]
    fn kinds_are_the_same_in_the_group_they_came_from() {
        assert_eq!(current_group("extensions", "Ingress"), "networking.k8s.io");
        assert_eq!(current_group("extensions", "DaemonSet"), "apps");
    }
}
