//! Kinds of objects that neither open nor deny connections and run no pods.

/// Whether no object of a kind opens or denies connections between pods or runs pods.
pub fn is_irrelevant(group: &str, kind: &str) -> bool {
    IRRELEVANT_GROUPS.binary_search(&group).is_ok() || IRRELEVANT.binary_search(&(group, kind)).is_ok()
}

/// Groups of which no kind opens or denies connections between pods or runs pods.
const IRRELEVANT_GROUPS: &[&str] = &[
    "apiextensions.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "snapshot.storage.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Further such kinds.
const IRRELEVANT: &[(&str, &str)] = &[
    ("", "ComponentStatus"),
    ("", "Event"),
    ("", "LimitRange"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "PodTemplate"),
    ("", "ResourceQuota"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("apps", "ControllerRevision"),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
    ("bitnami.com", "SealedSecret"),
    ("cert-manager.io", "CertificateRequest"),
    ("cert-manager.io", "ClusterIssuer"),
    ("cert-manager.io", "Issuer"),
    ("crd.projectcalico.org", "StagedGlobalNetworkPolicy"),
    ("crd.projectcalico.org", "StagedKubernetesNetworkPolicy"),
    ("crd.projectcalico.org", "StagedNetworkPolicy"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "SecretStore"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("monitoring.coreos.com", "Probe"),
    ("monitoring.coreos.com", "PrometheusRule"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("policy", "PodSecurityPolicy"),
    ("projectcalico.org", "StagedGlobalNetworkPolicy"),
    ("projectcalico.org", "StagedKubernetesNetworkPolicy"),
    ("projectcalico.org", "StagedNetworkPolicy"),
    ("security.openshift.io", "SecurityContextConstraints"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!(IRRELEVANT_GROUPS.is_sorted());
        assert!(IRRELEVANT.is_sorted());
    }
}
