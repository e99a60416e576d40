//! Which lists of Kubernetes' own kinds a patch is merged into element by element, and by which keys: what kustomize's
//! own description of Kubernetes, that of 1.21, says of them.

use super::resource::Gvk;

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing: lists are replaced.
    Unknown,
    /// A mapping.
    Map(Kind),
    /// A list whose elements are distinguished by keys.
    List(Kind, &'static [&'static str]),
    /// A list of scalars that is a set.
    Set,
}

/// A mapping of which something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An object of a kind.
    Object(Top),
    Metadata,
    Status,
    WorkloadSpec,
    CronJobSpec,
    JobTemplate,
    PodTemplate,
    PodSpec,
    Container,
    ServiceSpec,
    /// A mapping without such lists.
    Other,
}

/// What the top of an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    Plain,
    Workload,
    CronJob,
    Pod,
    PodTemplate,
    Service,
    ServiceAccount,
    Webhooks,
}

/// The groups and versions that are known.
const KNOWN: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("apps", &["v1"]),
    ("batch", &["v1", "v1beta1"]),
    ("autoscaling", &["v1", "v2beta1", "v2beta2"]),
    ("policy", &["v1", "v1beta1"]),
    ("extensions", &["v1beta1"]),
    ("networking.k8s.io", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("storage.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("admissionregistration.k8s.io", &["v1", "v1beta1"]),
    ("apiextensions.k8s.io", &["v1", "v1beta1"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"]),
    ("scheduling.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("coordination.k8s.io", &["v1", "v1beta1"]),
    ("discovery.k8s.io", &["v1", "v1beta1"]),
    ("events.k8s.io", &["v1", "v1beta1"]),
    ("node.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("certificates.k8s.io", &["v1", "v1beta1"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"]),
];

impl Shape {
    /// What is known of an object.
    pub fn of(gvk: &Gvk) -> Shape {
        let known = KNOWN.iter().any(|(group, versions)| gvk.group == *group && versions.contains(&&*gvk.version));
        if !known || gvk.group == "extensions" && gvk.kind != "Ingress" {
            return Shape::Unknown;
        }
        Shape::Map(Kind::Object(match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("apps", "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet")
            | ("batch", "Job")
            | ("", "ReplicationController") => Top::Workload,
            ("batch", "CronJob") => Top::CronJob,
            ("", "Pod") => Top::Pod,
            ("", "PodTemplate") => Top::PodTemplate,
            ("", "Service") => Top::Service,
            ("", "ServiceAccount") => Top::ServiceAccount,
            ("admissionregistration.k8s.io", _) => Top::Webhooks,
            _ => Top::Plain,
        }))
    }

    /// What is known of a field of a mapping.
    pub fn field(self, key: &str) -> Shape {
        let Shape::Map(kind) = self else { return Shape::Unknown };
        let by_name = |kind| Shape::List(kind, &["name"]);
        match (kind, key) {
            (Kind::Object(_), "metadata") | (Kind::PodTemplate | Kind::JobTemplate, "metadata") => {
                Shape::Map(Kind::Metadata)
            }
            (Kind::Object(_), "status") => Shape::Map(Kind::Status),
            (Kind::Object(Top::Workload), "spec") | (Kind::JobTemplate, "spec") => Shape::Map(Kind::WorkloadSpec),
            (Kind::Object(Top::CronJob), "spec") => Shape::Map(Kind::CronJobSpec),
            (Kind::Object(Top::Pod), "spec") | (Kind::PodTemplate, "spec") => Shape::Map(Kind::PodSpec),
            (Kind::Object(Top::PodTemplate), "template") => Shape::Map(Kind::PodTemplate),
            (Kind::Object(Top::Service), "spec") => Shape::Map(Kind::ServiceSpec),
            (Kind::Object(Top::ServiceAccount), "secrets") => by_name(Kind::Other),
            (Kind::Object(Top::Webhooks), "webhooks") => by_name(Kind::Other),
            (Kind::Metadata, "ownerReferences") => Shape::List(Kind::Other, &["uid"]),
            (Kind::Metadata, "finalizers") => Shape::Set,
            (Kind::Status, "conditions") => Shape::List(Kind::Other, &["type"]),
            (Kind::WorkloadSpec, "template") => Shape::Map(Kind::PodTemplate),
            (Kind::CronJobSpec, "jobTemplate") => Shape::Map(Kind::JobTemplate),
            (Kind::ServiceSpec, "ports") => Shape::List(Kind::Other, &["port", "protocol"]),
            (Kind::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => by_name(Kind::Container),
            (Kind::PodSpec, "volumes" | "imagePullSecrets") => by_name(Kind::Other),
            (Kind::PodSpec, "hostAliases") => Shape::List(Kind::Other, &["ip"]),
            (Kind::PodSpec, "topologySpreadConstraints") => {
                Shape::List(Kind::Other, &["topologyKey", "whenUnsatisfiable"])
            }
            (Kind::Container, "ports") => Shape::List(Kind::Other, &["containerPort", "protocol"]),
            (Kind::Container, "env") => by_name(Kind::Other),
            (Kind::Container, "volumeMounts") => Shape::List(Kind::Other, &["mountPath"]),
            (Kind::Container, "volumeDevices") => Shape::List(Kind::Other, &["devicePath"]),
            _ => Shape::Map(Kind::Other),
        }
    }
}
