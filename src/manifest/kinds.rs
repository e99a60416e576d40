//! Kinds that are almost the name of one that is drawn: what is not drawn because of a slip of the pen must not go
//! unsaid.

use super::hint::excerpt;
use super::identity::BUILT_IN_GROUPS;
use super::tree::Tree;
use crate::diagnostic::{Code, Diagnostic};
use crate::net::near::edits;

const CORE: &str = "v1";
const APPS: &str = "apps/v1";
const BATCH: &str = "batch/v1";
const NETWORKING: &str = "networking.k8s.io/v1";
const GATEWAY: &str = "gateway.networking.k8s.io/v1";

/// The kinds that the program reads the content of, each with the `apiVersion` that it has today
/// (<https://kubernetes.io/docs/reference/kubernetes-api/>, <https://gateway-api.sigs.k8s.io/reference/spec/>).
const KINDS: &[(&str, &str)] = &[
    ("Service", CORE),
    ("Endpoints", CORE),
    ("Namespace", CORE),
    ("Pod", CORE),
    ("ReplicationController", CORE),
    ("Deployment", APPS),
    ("ReplicaSet", APPS),
    ("DaemonSet", APPS),
    ("StatefulSet", APPS),
    ("Job", BATCH),
    ("CronJob", BATCH),
    ("Ingress", NETWORKING),
    ("IngressClass", NETWORKING),
    ("NetworkPolicy", NETWORKING),
    ("EndpointSlice", "discovery.k8s.io/v1"),
    ("Gateway", GATEWAY),
    ("GatewayClass", GATEWAY),
    ("HTTPRoute", GATEWAY),
    ("GRPCRoute", GATEWAY),
    ("TLSRoute", "gateway.networking.k8s.io/v1alpha3"),
    ("TCPRoute", "gateway.networking.k8s.io/v1alpha2"),
    ("UDPRoute", "gateway.networking.k8s.io/v1alpha2"),
    ("ListenerSet", GATEWAY),
    ("ReferenceGrant", "gateway.networking.k8s.io/v1beta1"),
];

/// Which of them `extensions/v1beta1` had.
const EXTENSIONS: &[&str] = &["Deployment", "DaemonSet", "ReplicaSet", "Ingress", "NetworkPolicy"];

/// A warning if Kubernetes has no such kind in this group, but one that is nearly the same. Groups that anybody may
/// define are never looked at: a custom resource may be called as it likes.
pub(super) fn near_miss(tree: &Tree, api_version: &str, kind: &str) -> Option<Diagnostic> {
    let group = group_of(api_version);
    let written = excerpt(api_version);
    let place = |key: &str| tree.get(key).map_or(tree.span, |value| value.span);
    if let Some((_, right)) = KINDS.iter().find(|(name, _)| *name == kind) {
        if group_of(right) == group || (group == "extensions" && EXTENSIONS.contains(&kind)) {
            return None;
        }
        if !is_closed(group) && edits(group, group_of(right), 3) > 2 {
            return None;
        }
        let message = format!("`{written}` has no kind `{kind}`");
        let help = format!("{kind} is in `{right}`");
        return Some(Diagnostic::at(Code::UnknownKind, place("apiVersion"), message).with_help(help));
    }
    if !is_closed(group) {
        return None;
    }
    let lower = kind.to_ascii_lowercase();
    let most = if kind.len() < 6 { 1 } else { 2 };
    let (distance, _, meant, right) = KINDS
        .iter()
        .map(|(name, right)| (edits(&lower, &name.to_ascii_lowercase(), 3), group_of(right) != group, *name, *right))
        .min()?;
    let same_group = group_of(right) == group;
    // In a group that has no such kind only the same word in other letters is surely meant.
    if distance > most || (distance > 0 && !same_group) {
        return None;
    }
    let message = format!("`{written}` has no kind `{kind}`");
    let help = if same_group {
        format!("did you mean `{meant}`?")
    } else {
        format!("did you mean `{meant}`? It is in `{right}`")
    };
    Some(Diagnostic::at(Code::UnknownKind, place("kind"), message).with_help(help))
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// True if only Kubernetes itself defines kinds in a group. A group of custom resources has at least one dot
/// (<https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>).
fn is_closed(group: &str) -> bool {
    BUILT_IN_GROUPS.contains(&group) || !group.contains('.')
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::source::Sources;

    fn told(api_version: &str, kind: &str) -> Option<String> {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\n");
        let parsed = parse(&Sources::from_texts([("x.yaml", text)]));
        assert_eq!(parsed.value.objects.len(), 1, "{api_version} {kind}");
        let mut problems = parsed.diagnostics.into_iter().filter(|d| d.code == Code::UnknownKind);
        let problem = problems.next()?;
        assert!(problems.next().is_none());
        let at = problem.at.unwrap();
        Some(format!("{}:{} {} [{}]", at.line, at.column, problem.message, problem.help.unwrap()))
    }

    #[test]
    fn slips_of_the_pen_are_told() {
        for (api_version, kind, expected) in [
            ("v1", "service", "2:7 `v1` has no kind `service` [did you mean `Service`?]"),
            ("v1", "Serivce", "2:7 `v1` has no kind `Serivce` [did you mean `Service`?]"),
            ("v1", "Pods", "2:7 `v1` has no kind `Pods` [did you mean `Pod`?]"),
            ("apps/v1", "deployment", "2:7 `apps/v1` has no kind `deployment` [did you mean `Deployment`?]"),
            ("apps/v1", "Statefulset", "2:7 `apps/v1` has no kind `Statefulset` [did you mean `StatefulSet`?]"),
            ("apps/v1", "Service", "1:13 `apps/v1` has no kind `Service` [Service is in `v1`]"),
            ("v1", "Ingress", "1:13 `v1` has no kind `Ingress` [Ingress is in `networking.k8s.io/v1`]"),
            ("v1", "Deployment", "1:13 `v1` has no kind `Deployment` [Deployment is in `apps/v1`]"),
            ("apps", "Deployment", "1:13 `apps` has no kind `Deployment` [Deployment is in `apps/v1`]"),
            ("app/v1", "Deployment", "1:13 `app/v1` has no kind `Deployment` [Deployment is in `apps/v1`]"),
            (
                "extensions/v1beta1",
                "StatefulSet",
                "1:13 `extensions/v1beta1` has no kind `StatefulSet` [StatefulSet is in `apps/v1`]",
            ),
            (
                "v1",
                "networkpolicy",
                "2:7 `v1` has no kind `networkpolicy` [did you mean `NetworkPolicy`? It is in `networking.k8s.io/v1`]",
            ),
            (
                "networking.k8s.io/v1",
                "Gateway",
                "1:13 `networking.k8s.io/v1` has no kind `Gateway` [Gateway is in `gateway.networking.k8s.io/v1`]",
            ),
            (
                "networking.k8.io/v1",
                "Ingress",
                "1:13 `networking.k8.io/v1` has no kind `Ingress` [Ingress is in `networking.k8s.io/v1`]",
            ),
            (
                "gateway.networking.k8s.io/v1",
                "HttpRoute",
                "2:7 `gateway.networking.k8s.io/v1` has no kind `HttpRoute` [did you mean `HTTPRoute`?]",
            ),
        ] {
            assert_eq!(told(api_version, kind).as_deref(), Some(expected), "{api_version} {kind}");
        }
    }

    #[test]
    fn real_and_foreign_kinds_are_left_alone() {
        let real = "v1: Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate \
            ReplicationController ResourceQuota Secret Service ServiceAccount DeploymentConfig Route Template BuildConfig ImageStream Eviction Status
            apps/v1: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
            apps/v1beta2: Scale Deployment
            batch/v1beta1: CronJob
            autoscaling/v2: HorizontalPodAutoscaler Scale
            policy/v1: PodDisruptionBudget PodSecurityPolicy
            extensions/v1beta1: Ingress NetworkPolicy ReplicaSet DaemonSet Deployment PodSecurityPolicy Scale
            networking.k8s.io/v1: Ingress IngressClass NetworkPolicy IPAddress ServiceCIDR
            discovery.k8s.io/v1beta1: EndpointSlice
            rbac.authorization.k8s.io/v1: Role RoleBinding ClusterRole ClusterRoleBinding
            storage.k8s.io/v1: StorageClass CSIDriver CSINode VolumeAttachment CSIStorageCapacity
            gateway.networking.k8s.io/v1: Gateway HTTPRoute TLSRoute TCPRoute UDPRoute GRPCRoute BackendTLSPolicy ListenerSet ReferenceGrant ReferencePolicy
            policy.networking.k8s.io/v1alpha1: AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy
            coordination.k8s.io/v1: Lease LeaseCandidate
            scheduling.k8s.io/v1: PriorityClass
            serving.knative.dev/v1: Service Route
            networking.istio.io/v1: Gateway
            apps.kruise.io/v1alpha1: StatefulSet DaemonSet
            batch.volcano.sh/v1alpha1: Job
            crd.projectcalico.org/v1: NetworkPolicy
            projectcalico.org/v3: NetworkPolicy
            cilium.io/v2: CiliumNetworkPolicy
            traefik.io/v1alpha1: IngressRoute
            networking.internal.knative.dev/v1alpha1: Ingress
            networking.x-k8s.io/v1alpha1: HTTPRoute
            x.example.com/v1: service deployment";
        for line in real.lines() {
            let (api_version, kinds) = line.trim().split_once(": ").unwrap();
            for kind in kinds.split_whitespace() {
                assert_eq!(told(api_version, kind), None, "{api_version} {kind}");
            }
        }
    }
}
