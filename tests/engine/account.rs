//! Every object of an input is accounted for: the numbers add up, and nothing vanishes.

use kubesketch::source::Sources;
use kubesketch::world::{Options, Reason, World};

/// Kinds of Kubernetes, of the Gateway API and of other projects, and some that nobody knows.
const KINDS: &[(&str, &str)] = &[
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "Endpoints"),
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Event"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolume"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("v1", "ReplicationController"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "ControllerRevision"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "GatewayClass"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"),
    ("gateway.networking.k8s.io/v1", "ListenerSet"),
    ("gateway.networking.k8s.io/v1", "BackendTLSPolicy"),
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"),
    ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy"),
    ("route.openshift.io/v1", "Route"),
    ("apps.openshift.io/v1", "DeploymentConfig"),
    ("serving.knative.dev/v1", "Service"),
    ("serving.knative.dev/v1", "Route"),
    ("argoproj.io/v1alpha1", "Rollout"),
    ("argoproj.io/v1alpha1", "Application"),
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "Gateway"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("traefik.io/v1alpha1", "IngressRoute"),
    ("projectcontour.io/v1", "HTTPProxy"),
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io/v2", "CiliumCIDRGroup"),
    ("crd.antrea.io/v1beta1", "NetworkPolicy"),
    ("networking.istio.io/v1", "Sidecar"),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"),
    ("projectcalico.org/v3", "GlobalNetworkSet"),
    ("projectcalico.org/v3", "NetworkPolicy"),
    ("projectcalico.org/v3", "Tier"),
    ("cert-manager.io/v1", "Certificate"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("example.org/v1", "Thing"),
    ("v1", "Things"),
];

/// Kinds whose objects here have a template of pods.
const TEMPLATES: &[&str] = &[
    "ReplicationController",
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "DeploymentConfig",
    "Rollout",
    "Service",
];

/// An object of a kind with a spec that many kinds take for one of theirs.
fn object(version: &str, kind: &str, name: &str, image: &str) -> String {
    let pod = format!("{{containers: [{{name: c, image: {image}, ports: [{{containerPort: 80}}]}}]}}");
    let template = format!("{{metadata: {{labels: {{app: a}}}}, spec: {pod}}}");
    let spec = match kind {
        "Pod" => pod,
        "CronJob" => format!("{{schedule: '* * * * *', jobTemplate: {{spec: {{template: {template}}}}}}}"),
        "Service" if version == "v1" => "{selector: {app: a}, ports: [{port: 80}]}".to_owned(),
        "NetworkPolicy" => format!("{{podSelector: {{matchLabels: {{app: {image}}}}}}}"),
        _ if TEMPLATES.contains(&kind) => format!("{{selector: {{matchLabels: {{app: a}}}}, template: {template}}}"),
        _ => format!("{{note: {image}}}"),
    };
    format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n")
}

fn world(documents: &[String]) -> World {
    let text = documents.join("---\n");
    World::of_texts(Sources::from_texts([("all.yaml", text)]), &Options::default()).unwrap()
}

/// Asserts that every object is somewhere, and returns how many are absent.
fn adds_up(documents: &[String], what: &str) -> usize {
    let world = world(documents);
    let account = world.account();
    assert_eq!(account.total(), documents.len(), "{what}: {account:?}");
    assert_eq!(world.objects(), documents.len(), "{what}");
    let absent: usize = account.absent.iter().map(|a| a.objects.len()).sum();
    let footnote: usize = world.graph().not_shown().iter().map(|n| n.count).sum();
    assert_eq!(absent, footnote, "{what}");
    absent
}

#[test]
fn objects_of_every_kind_add_up_alone_and_together() {
    let mut all = Vec::new();
    for (version, kind) in KINDS {
        let one = object(version, kind, &kind.to_lowercase(), "a");
        adds_up(std::slice::from_ref(&one), kind);
        all.push(one);
    }
    assert!(adds_up(&all, "all") > 5);
    // Each again: once word for word, once with other content.
    for (version, kind) in KINDS {
        all.push(object(version, kind, &kind.to_lowercase(), "a"));
        all.push(object(version, kind, &kind.to_lowercase(), "b"));
    }
    adds_up(&all, "repeated");
}

#[test]
fn what_nobody_knows_is_not_understood() {
    for (version, kind) in [("example.org/v1", "Thing"), ("crd.antrea.io/v1beta1", "NetworkPolicy")] {
        let plain = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{x: 1}}\n");
        let world = world(&[plain]);
        let reasons: Vec<Reason> = world.account().absent.iter().map(|a| a.reason).collect();
        assert_eq!(reasons, [Reason::NotUnderstood], "{kind}");
    }
}
