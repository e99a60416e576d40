//! The kinds that are asked of a live cluster beside those of entry points, and what is lost without one.

use super::kinds::{Role, entrance_kind};

/// What cannot be said where the objects of a kind may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Details.
    Little,
    /// Which pods there are.
    Pods,
    /// What is open to the outside.
    Entrances,
    /// What is allowed.
    Policies,
}

/// The group of stand-ins for what a live cluster did not let us read.
pub const NOT_READ: &str = "not-read.kubesketch";

/// Kinds that are asked for: group, kind, loss.
const KINDS: &[(&str, &str, Loss)] = &[
    ("", "ConfigMap", Loss::Little),
    ("", "Endpoints", Loss::Pods),
    ("", "Namespace", Loss::Little),
    ("", "Node", Loss::Little),
    ("", "PersistentVolumeClaim", Loss::Little),
    ("", "Pod", Loss::Pods),
    ("", "ReplicationController", Loss::Pods),
    ("", "Secret", Loss::Little),
    ("", "Service", Loss::Entrances),
    ("", "ServiceAccount", Loss::Little),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", Loss::Little),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", Loss::Little),
    ("apiextensions.k8s.io", "CustomResourceDefinition", Loss::Little),
    ("apiregistration.k8s.io", "APIService", Loss::Little),
    ("apps", "DaemonSet", Loss::Pods),
    ("apps", "Deployment", Loss::Pods),
    ("apps", "ReplicaSet", Loss::Pods),
    ("apps", "StatefulSet", Loss::Pods),
    ("apps.openshift.io", "DeploymentConfig", Loss::Pods),
    ("argoproj.io", "Rollout", Loss::Pods),
    ("autoscaling", "HorizontalPodAutoscaler", Loss::Little),
    ("batch", "CronJob", Loss::Pods),
    ("batch", "Job", Loss::Pods),
    ("cert-manager.io", "Certificate", Loss::Little),
    ("cert-manager.io", "ClusterIssuer", Loss::Little),
    ("cert-manager.io", "Issuer", Loss::Little),
    ("cilium.io", "CiliumCIDRGroup", Loss::Policies),
    ("crd.projectcalico.org", "GlobalNetworkSet", Loss::Policies),
    ("crd.projectcalico.org", "NetworkSet", Loss::Policies),
    ("crd.projectcalico.org", "Tier", Loss::Policies),
    ("discovery.k8s.io", "EndpointSlice", Loss::Pods),
    ("inference.networking.k8s.io", "InferencePool", Loss::Little),
    ("inference.networking.x-k8s.io", "InferencePool", Loss::Little),
    ("k8s.cni.cncf.io", "NetworkAttachmentDefinition", Loss::Policies),
    ("k8s.ovn.org", "ClusterUserDefinedNetwork", Loss::Policies),
    ("k8s.ovn.org", "UserDefinedNetwork", Loss::Policies),
    ("keda.sh", "ScaledJob", Loss::Pods),
    ("keda.sh", "ScaledObject", Loss::Little),
    ("networking.istio.io", "Sidecar", Loss::Policies),
    ("projectcalico.org", "GlobalNetworkSet", Loss::Policies),
    ("projectcalico.org", "NetworkSet", Loss::Policies),
    ("projectcalico.org", "Tier", Loss::Policies),
];

/// What is lost without the objects of a kind; `None` if the kind is none of these.
pub fn loss(group: &str, kind: &str) -> Option<Loss> {
    if let Ok(at) = KINDS.binary_search_by(|(g, k, _)| (*g, *k).cmp(&(group, kind))) {
        return Some(KINDS[at].2);
    }
    let entrance = entrance_kind(group, kind)?;
    Some(if entrance.role == Role::Setting { Loss::Little } else { Loss::Entrances })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_order_and_found() {
        assert!(KINDS.is_sorted_by_key(|(group, kind, _)| (*group, *kind)));
        assert_eq!(loss("", "Pod"), Some(Loss::Pods));
        assert_eq!(loss("networking.k8s.io", "Ingress"), Some(Loss::Entrances));
        assert_eq!(loss("networking.k8s.io", "IngressClass"), Some(Loss::Little));
        assert_eq!(loss("", "Event"), None);
    }
}
