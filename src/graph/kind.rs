//! The kinds of nodes and edges, as in `data-kind`.

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, strum::IntoStaticStr)]
pub enum NodeKind {
    /// All addresses outside the cluster.
    Internet,
    /// Address ranges outside the cluster.
    External,
    /// A DNS name outside the cluster.
    ExternalName,
    /// An Ingress.
    Ingress,
    /// A Gateway of the Gateway API.
    Gateway,
    /// A route of the Gateway API (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute).
    Route,
    /// A Service.
    Service,
    /// A workload: any object that runs pods.
    Workload,
    /// A ConfigMap that workloads may use.
    ConfigMap,
    /// A Secret that workloads, Ingresses or Gateways may use.
    Secret,
    /// A PersistentVolumeClaim that workloads may use.
    Claim,
    /// A ServiceAccount that pods may use.
    ServiceAccount,
    /// An autoscaler of workloads (HorizontalPodAutoscaler, ScaledObject).
    Scaler,
    /// Any other object that requests are routed to (a resource backend), and one that represents objects which the
    /// manifests do not contain (a HelmRelease, an Application).
    Resource,
    /// A set of pods that a policy describes, or any pod and address.
    Peers,
    /// A junction of edges from several sources to several targets, with the same rules and ports.
    Junction,
    /// An object that is referred to and that the manifests do not contain.
    Missing,
    /// Several objects drawn as one.
    Summary,
}

impl NodeKind {
    /// Every kind, in the order a legend lists them.
    pub const ALL: &[NodeKind] = &[
        NodeKind::Internet,
        NodeKind::External,
        NodeKind::Gateway,
        NodeKind::Ingress,
        NodeKind::Route,
        NodeKind::Service,
        NodeKind::Scaler,
        NodeKind::Workload,
        NodeKind::ConfigMap,
        NodeKind::Secret,
        NodeKind::Claim,
        NodeKind::ServiceAccount,
        NodeKind::Peers,
        NodeKind::Junction,
        NodeKind::Resource,
        NodeKind::ExternalName,
        NodeKind::Missing,
        NodeKind::Summary,
    ];

    /// The name of the kind, as in `data-kind`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The kind of an edge.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum EdgeKind {
    /// Reachable from outside: Internet or address range → Ingress, Gateway, Service or workload.
    Exposes,
    /// Routes requests: Ingress → Service, Gateway → Route → Service.
    Routes,
    /// Selects pods: Service → workload.
    Selects,
    /// Resolves to an address outside: Service → ExternalName, Service → External by manually written endpoints.
    Resolves,
    /// Policies allow the traffic: between workloads, sets of pods and addresses.
    Allows,
    /// A rule at one end allows the traffic, and policies at the other end do not.
    Denied,
    /// The configuration of a workload names a Service: workload → Service.
    Calls,
    /// Uses the object: workload → ConfigMap, Secret, claim or ServiceAccount; Ingress or Gateway → Secret.
    Uses,
    /// Changes the number of pods: autoscaler → workload.
    Scales,
}

impl EdgeKind {
    /// Every kind, in the order a legend lists them.
    pub const ALL: &[EdgeKind] = <EdgeKind as strum::VariantArray>::VARIANTS;

    /// The name of the kind, as in `data-kind`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
