//! The page of kinds in Markdown: what is drawn of each, what it has to do with exposure and policies, and which
//! findings there are about it. Entry points come from their registry.

use crate::net::kinds::{ENTRANCES, EntranceKind, Family, PortsOf, Role};

/// A kind that is no entry point.
struct Other {
    kinds: &'static str,
    group: &'static str,
    drawn: &'static str,
    exposure: &'static str,
    policies: &'static str,
    findings: &'static str,
}

/// Kinds beside the entry points.
const OTHERS: &[Other] = &[
    Other {
        kinds: "Pod, ReplicationController",
        group: "core",
        drawn: "workload",
        exposure: "hostPort, hostNetwork",
        policies: "as ends",
        findings: "labels, ports, names, use",
    },
    Other {
        kinds: "Deployment, ReplicaSet, DaemonSet, StatefulSet",
        group: "apps",
        drawn: "workload",
        exposure: "hostPort, hostNetwork",
        policies: "as ends",
        findings: "labels, ports, names, use",
    },
    Other {
        kinds: "Job, CronJob",
        group: "batch",
        drawn: "workload",
        exposure: "hostPort, hostNetwork",
        policies: "as ends",
        findings: "labels, ports, names, use",
    },
    Other {
        kinds: "any with a pod template",
        group: "any",
        drawn: "workload",
        exposure: "hostPort, hostNetwork",
        policies: "as ends",
        findings: "labels, ports, names, use",
    },
    Other {
        kinds: "Service",
        group: "core",
        drawn: "yes",
        exposure: "LoadBalancer, NodePort, externalIPs",
        policies: "by its pods",
        findings: "selector, ports, exposure",
    },
    Other {
        kinds: "Endpoints, EndpointSlice",
        group: "core, discovery.k8s.io",
        drawn: "as what the Service leads to",
        exposure: "no",
        policies: "by its pods",
        findings: "Service, ports",
    },
    Other {
        kinds: "InferencePool",
        group: "inference.networking.k8s.io",
        drawn: "as a Service",
        exposure: "by routes",
        policies: "by its pods",
        findings: "selector",
    },
    Other {
        kinds: "NetworkPolicy",
        group: "networking.k8s.io",
        drawn: "as lines and locks",
        exposure: "no",
        policies: "evaluated",
        findings: "selectors, ports, effects",
    },
    Other {
        kinds: "AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy",
        group: "policy.networking.k8s.io",
        drawn: "as lines and locks",
        exposure: "no",
        policies: "evaluated",
        findings: "refused ones",
    },
    Other {
        kinds: "ValidatingWebhookConfiguration, MutatingWebhookConfiguration",
        group: "admissionregistration.k8s.io",
        drawn: "with a webhook of a Service",
        exposure: "no",
        policies: "by its pods",
        findings: "Service, port, policies",
    },
    Other {
        kinds: "APIService, CustomResourceDefinition",
        group: "apiregistration.k8s.io, apiextensions.k8s.io",
        drawn: "with a Service",
        exposure: "no",
        policies: "by its pods",
        findings: "Service, port, policies",
    },
    Other {
        kinds: "ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount",
        group: "core",
        drawn: "`--view resources`",
        exposure: "no",
        policies: "no",
        findings: "missing ones",
    },
    Other {
        kinds: "HorizontalPodAutoscaler, ScaledObject",
        group: "autoscaling, keda.sh",
        drawn: "`--view resources`",
        exposure: "no",
        policies: "no",
        findings: "target",
    },
];

/// The page of kinds; `docs/kinds.md`.
pub fn kinds_page() -> String {
    let head = "| kind | group | drawn | exposure | policies | findings |\n|---|---|---|---|---|---|\n";
    let entrances = ENTRANCES.iter().map(|kind| {
        let [drawn, exposure, policies, findings] = entrance(kind);
        let groups = kind.groups.join(", ");
        format!("| {} | {groups} | {drawn} | {exposure} | {policies} | {findings} |\n", kind.kind)
    });
    let others = OTHERS.iter().map(|o| {
        format!("| {} | {} | {} | {} | {} | {} |\n", o.kinds, o.group, o.drawn, o.exposure, o.policies, o.findings)
    });
    format!(
        "# Kinds\n\nWhat kubesketch does with objects of each kind; [semantics.md](semantics.md) says by which rules. Any other kind is not drawn.\n\n## Entry points\n\n{head}{}\n## Everything else\n\n{head}{}",
        entrances.collect::<String>(),
        others.collect::<String>()
    )
}

/// What is drawn of a kind of entry points, what it has to do with exposure and policies, and its findings.
fn entrance(kind: &EntranceKind) -> [&'static str; 4] {
    match (kind.role, kind.family, kind.kind) {
        (Role::Gateway, ..) => ["yes", "yes", "by its routes", "refused routes"],
        (Role::Route, Family::Ingress, _) => ["yes", "yes", "yes", "backends, ports, class, TLS, paths"],
        (Role::Route, Family::GatewayApi, _) => {
            ["yes", "by its Gateway", "yes", "backends, ports, references, refusals"]
        }
        (Role::Route, Family::Istio, _) => ["yes", "by its Gateway", "yes", "backends, ports, refusals"],
        (Role::Route, ..) if kind.ports == PortsOf::Endpoints => ["yes", "yes", "yes", "backends, endpoints"],
        (Role::Route, ..) => ["yes", "yes", "yes", "backends, ports"],
        (Role::Setting, Family::Knative, _) => ["workload", "yes", "yes", "labels, ports, names, use"],
        (Role::Setting, Family::Gke, _) => ["as a Service", "by routes", "by its pods", "selector, ports"],
        (Role::Setting, _, "ServiceEntry") => ["as names outside", "no", "no", "no"],
        (Role::Setting, ..) => ["no, read with others", "no", "no", "no"],
    }
}
