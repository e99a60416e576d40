//! What the rest of the program sees of a manifest: a Kubernetes object with its identity, its typed content and its
//! tree.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Endpoints, PodSpec, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::tree::Tree;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// One Kubernetes object of the input.
#[derive(Clone, Debug)]
pub struct Object {
    /// `apiVersion` as written, for example `networking.k8s.io/v1beta1`.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.namespace` as written; an empty one counts as none. Nothing is defaulted here.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName` with a `*` after it. Never empty.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations` without `kubectl.kubernetes.io/last-applied-configuration`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.ownerReferences`.
    pub owners: Vec<OwnerRef>,
    /// The object: its first line and all its bytes.
    pub span: Span,
    /// Its content, typed where the program knows the kind.
    pub body: Body,
    /// What is wrong with the values of a policy's `spec`, for whom judges policies to tell: one of these is reason
    /// enough to refuse it. Other kinds have none here; their problems have been reported.
    pub faults: Vec<Diagnostic>,
    /// Its fields with their places. Kinds of older API versions have been brought to the current shape, managed fields
    /// and values of Secrets are left out, and of kinds that are not read (such as CustomResourceDefinition) only the
    /// identity is kept.
    pub tree: Tree,
}

impl Object {
    /// The API group: the part of `apiVersion` before `/`, and "" for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The place of the field at a path such as `spec.ports[0].port`, or of its deepest ancestor that exists.
    pub fn at(&self, path: &str) -> Span {
        self.tree.locate(path)
    }
}

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRef {
    /// `apiVersion` of the owner.
    pub api_version: String,
    /// `kind` of the owner.
    pub kind: String,
    /// `name` of the owner, in the namespace of the owned object.
    pub name: String,
    /// True if it is the one owner that manages the object.
    pub controller: bool,
}

/// The content of an object. The `metadata` inside the Kubernetes types is left empty: see [`Object`] for it.
#[derive(Clone, Debug)]
pub enum Body {
    /// A core Service (a Knative Service is a [`Body::Workload`]).
    Service(Box<Service>),
    /// Core Endpoints.
    Endpoints(Box<Endpoints>),
    /// An EndpointSlice.
    EndpointSlice(Box<EndpointSlice>),
    /// An Ingress of any version, in the shape of `networking.k8s.io/v1`.
    Ingress(Box<Ingress>),
    /// An IngressClass.
    IngressClass(Box<IngressClass>),
    /// A NetworkPolicy.
    NetworkPolicy(Box<NetworkPolicy>),
    /// A Namespace; its name and labels are those of the object.
    Namespace,
    /// Anything that runs pods.
    Workload(Box<Workload>),
    /// Any other kind: read its tree.
    Other,
}

/// What all kinds that run pods have in common.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Labels of the pods (without those that a controller adds).
    pub pod_labels: BTreeMap<String, String>,
    /// The pod spec.
    pub pod: PodSpec,
    /// Where the pod is in the object's tree: `spec.template.spec`, `spec`, `spec.jobTemplate.spec.template.spec`, ….
    pub pod_path: String,
    /// Where the pod's labels are in the object's tree.
    pub labels_path: String,
    /// What tells it from the other templates of an object with several; empty if there is one.
    pub part: String,
    /// The other templates of the object.
    pub others: Vec<Workload>,
    /// `spec.replicas`.
    pub replicas: Option<i32>,
    /// `spec.completions` of a Job.
    pub completions: Option<i32>,
    /// `spec.schedule` of a CronJob.
    pub schedule: Option<String>,
    /// Which pods it counts as its own. A plain map (ReplicationController, DeploymentConfig) is given as
    /// `matchLabels`.
    pub selector: Option<LabelSelector>,
    /// `spec.serviceName` of a StatefulSet.
    pub service_name: Option<String>,
    /// Addresses of a live Pod, from its status.
    pub pod_ips: Vec<String>,
}
