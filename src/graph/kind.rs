//! The kinds of nodes and edges, as in `data-kind`.

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum NodeKind {
    /// Everything outside.
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
    /// Anything that runs pods.
    Workload,
    /// A ConfigMap that workloads may use.
    ConfigMap,
    /// A Secret that workloads or entrances may use.
    Secret,
    /// A claim to storage that workloads may use (PersistentVolumeClaim).
    Claim,
    /// An identity that pods may have (ServiceAccount).
    ServiceAccount,
    /// What changes how many pods a workload runs (HorizontalPodAutoscaler, ScaledObject).
    Scaler,
    /// Any other object that traffic is sent to (a resource backend).
    Resource,
    /// Pods that policies describe, or anyone: a set instead of its members.
    Peers,
    /// Where edges of several sources to several targets run through, all by the same rules and on the same ports.
    Junction,
    /// Something that is referred to and is not in the input.
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
        match self {
            NodeKind::Internet => "Internet",
            NodeKind::External => "External",
            NodeKind::ExternalName => "ExternalName",
            NodeKind::Ingress => "Ingress",
            NodeKind::Gateway => "Gateway",
            NodeKind::Route => "Route",
            NodeKind::Service => "Service",
            NodeKind::Workload => "Workload",
            NodeKind::ConfigMap => "ConfigMap",
            NodeKind::Secret => "Secret",
            NodeKind::Claim => "Claim",
            NodeKind::ServiceAccount => "ServiceAccount",
            NodeKind::Scaler => "Scaler",
            NodeKind::Resource => "Resource",
            NodeKind::Peers => "Peers",
            NodeKind::Junction => "Junction",
            NodeKind::Missing => "Missing",
            NodeKind::Summary => "Summary",
        }
    }
}

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum EdgeKind {
    /// Reachable from outside: Internet or address range → Ingress, Gateway, Service or workload.
    Exposes,
    /// Sends requests on: Ingress → Service, Gateway → Route → Service.
    Routes,
    /// Picks pods: Service → workload.
    Selects,
    /// Stands for something outside: Service → ExternalName, Service → External by hand-written endpoints.
    Resolves,
    /// Policies allow it: between workloads, sets of pods and addresses.
    Allows,
    /// A rule at one end allows it, and policies at the other do not.
    Denied,
    /// The configuration of a workload names a Service: workload → Service.
    Calls,
    /// Pods or an entrance need it: workload → ConfigMap, Secret, claim or ServiceAccount; Ingress or Gateway → Secret.
    Uses,
    /// Changes how many pods it runs: autoscaler → workload.
    Scales,
}

impl EdgeKind {
    /// Every kind, in the order a legend lists them.
    pub const ALL: &[EdgeKind] = &[
        EdgeKind::Exposes,
        EdgeKind::Routes,
        EdgeKind::Selects,
        EdgeKind::Resolves,
        EdgeKind::Allows,
        EdgeKind::Denied,
        EdgeKind::Calls,
        EdgeKind::Uses,
        EdgeKind::Scales,
    ];

    /// The name of the kind, as in `data-kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            EdgeKind::Exposes => "exposes",
            EdgeKind::Routes => "routes",
            EdgeKind::Selects => "selects",
            EdgeKind::Resolves => "resolves",
            EdgeKind::Allows => "allows",
            EdgeKind::Denied => "denied",
            EdgeKind::Calls => "calls",
            EdgeKind::Uses => "uses",
            EdgeKind::Scales => "scales",
        }
    }
}
