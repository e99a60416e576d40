//! The nodes and edges of a graph and their details.

use std::collections::BTreeMap;
use std::fmt;

use super::access::{Access, Allowance};
use super::call::Call;
use super::config::{Config, Scaling, Uses};
use super::{AllowanceLabel, Change, EdgeKind, Evidence, HostTls, NodeId, NodeKind, PeerSet, Remark, Several, Summary};
use crate::net::{AddressSet, Protocol};

/// A declared container port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The number, 1–65535.
    pub number: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The name, if the port has one.
    pub name: Option<String>,
}

/// The target of a Service port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetPort {
    /// A pod port by number.
    Number(u16),
    /// A pod port by name. `resolved` contains every number that the selected pods declare for the name, ascending;
    /// empty if no pod declares the name.
    Name {
        /// The name.
        name: String,
        /// The numbers.
        resolved: Vec<u16>,
    },
}

impl TargetPort {
    /// What the Service asks for: the number or the name.
    pub fn wanted(&self) -> String {
        match self {
            TargetPort::Number(number) => number.to_string(),
            TargetPort::Name { name, .. } => name.clone(),
        }
    }
}

impl fmt::Display for TargetPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetPort::Number(n) => write!(f, "{n}"),
            TargetPort::Name { name, resolved } if resolved.is_empty() => write!(f, "{name}"),
            TargetPort::Name { resolved, .. } => {
                write!(f, "{}", resolved.iter().map(u16::to_string).collect::<Vec<_>>().join("/"))
            }
        }
    }
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortMap {
    /// The port of the Service.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The name of the Service port.
    pub name: Option<String>,
    /// The target port of the pods.
    pub target: TargetPort,
    /// The fixed port on every node, if there is one.
    pub node_port: Option<u16>,
}

/// The type of a Service. Headless Services have a type of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
pub enum ServiceKind {
    /// A cluster-internal address.
    #[strum(serialize = "ClusterIP")]
    ClusterIp,
    /// No cluster IP: DNS answers with the pod addresses.
    #[strum(serialize = "headless")]
    Headless,
    /// A port on every node.
    NodePort,
    /// A load balancer.
    LoadBalancer,
    /// A DNS alias.
    ExternalName,
}

impl ServiceKind {
    /// The name in texts.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The number of pods of a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// A fixed number.
    Replicas(i32),
    /// One on every matching node.
    PerNode,
    /// Runs to completion this many times.
    Completions(i32),
    /// Runs at these times (cron syntax).
    Schedule(String),
    /// A single pod.
    Single,
    /// The manifests do not state it.
    Unknown,
}

/// A container of a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// The name.
    pub name: String,
    /// The image, as written.
    pub image: Option<String>,
}

/// A listener of a Gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener {
    /// The protocol, as written: `HTTPS`.
    pub protocol: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The host name; may contain a wildcard.
    pub host: Option<String>,
}

/// The location of addresses outside the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// Anywhere.
    Outside,
    /// In the network around the cluster.
    AroundCluster,
}

/// Why something that is referred to is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissingReason {
    /// The manifests do not contain it.
    NotInManifests,
    /// The manifests do not contain it, and the reference is optional.
    Optional,
    /// No pod matches the selector.
    NoSuchPod,
    /// Endpoints whose ports have none of these names; without names, endpoints with named ports where the Service has
    /// none.
    NoPortNamed(Vec<String>),
}

/// The details of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// See [`NodeKind::Internet`].
    Internet,
    /// See [`NodeKind::External`].
    External {
        /// Address ranges in CIDR notation, or single addresses.
        addresses: Vec<String>,
        /// The addresses of the ranges, without the excepted parts.
        set: AddressSet,
        /// Excepted parts of these ranges, in CIDR notation.
        except: Vec<String>,
        /// Their location.
        location: Location,
        /// The label of all edges of policies to them, if the card shows it.
        on: Option<AllowanceLabel>,
    },
    /// See [`NodeKind::ExternalName`].
    ExternalName,
    /// See [`NodeKind::Ingress`].
    Ingress {
        /// The IngressClass, from the field or the annotation, or the default class of the manifests.
        class: Option<String>,
        /// True if any host has TLS.
        tls: bool,
    },
    /// See [`NodeKind::Gateway`].
    Gateway {
        /// The GatewayClass.
        class: String,
        /// Listeners, in the order of the manifest.
        listeners: Vec<Listener>,
        /// True if any listener has TLS.
        tls: bool,
    },
    /// See [`NodeKind::Route`].
    Route {
        /// The host names; empty for any host.
        hosts: Vec<String>,
    },
    /// See [`NodeKind::Service`].
    Service {
        /// The type.
        service: ServiceKind,
        /// Ports, in the order of the manifest.
        ports: Vec<PortMap>,
        /// The selector; empty if the Service has none.
        selector: BTreeMap<String, String>,
    },
    /// See [`NodeKind::Workload`].
    Workload {
        /// The number of pods.
        scale: Scale,
        /// Labels of the pods.
        labels: BTreeMap<String, String>,
        /// Declared container ports, sorted.
        ports: Vec<Port>,
        /// Containers, in the order of the manifest.
        containers: Vec<Container>,
        /// True if the pods use the host network.
        host_network: bool,
        /// True if the card shows the images.
        show_images: bool,
        /// The effect of policies; `None` if the manifests contain no policy.
        access: Option<Access>,
    },
    /// An object that workloads use, or an autoscaler.
    Config(Config),
    /// See [`NodeKind::Resource`].
    Resource,
    /// See [`NodeKind::Peers`].
    Peers {
        /// The pods of the set.
        set: PeerSet,
        /// The matching workloads of the manifests, sorted; `None` for any pod and address.
        members: Option<Vec<NodeId>>,
        /// The label of all edges to the set, if the card shows it.
        on: Option<AllowanceLabel>,
        /// The effect of policies on the set, if the manifests contain the policies and no matching pods.
        access: Option<Access>,
    },
    /// An object that represents others, which are not in the manifests: see [`NodeKind::Resource`].
    Unrendered {
        /// What it deploys.
        what: String,
    },
    /// See [`NodeKind::Junction`].
    Junction,
    /// See [`NodeKind::Missing`].
    Missing {
        /// The reason.
        reason: MissingReason,
    },
    /// See [`NodeKind::Summary`].
    Summary(Summary),
}

impl Detail {
    /// The kind of nodes with this detail.
    pub fn kind(&self) -> NodeKind {
        match self {
            Detail::Internet => NodeKind::Internet,
            Detail::External { .. } => NodeKind::External,
            Detail::ExternalName => NodeKind::ExternalName,
            Detail::Ingress { .. } => NodeKind::Ingress,
            Detail::Gateway { .. } => NodeKind::Gateway,
            Detail::Route { .. } => NodeKind::Route,
            Detail::Service { .. } => NodeKind::Service,
            Detail::Workload { .. } => NodeKind::Workload,
            Detail::Config(Config::ConfigMap { .. }) => NodeKind::ConfigMap,
            Detail::Config(Config::Secret { .. }) => NodeKind::Secret,
            Detail::Config(Config::Claim { .. }) => NodeKind::Claim,
            Detail::Config(Config::ServiceAccount) => NodeKind::ServiceAccount,
            Detail::Config(Config::Scaler { .. }) => NodeKind::Scaler,
            Detail::Resource | Detail::Unrendered { .. } => NodeKind::Resource,
            Detail::Peers { .. } => NodeKind::Peers,
            Detail::Junction => NodeKind::Junction,
            Detail::Missing { .. } => NodeKind::Missing,
            Detail::Summary(_) => NodeKind::Summary,
        }
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its identity.
    pub id: NodeId,
    /// The kind of the object: `Deployment`, `Service`, `HTTPRoute`; for a missing node the kind of the reference.
    pub label: String,
    /// The namespace; `None` for a node outside all namespaces.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The details.
    pub detail: Detail,
    /// The evidence, sorted.
    pub evidence: Vec<Evidence>,
    /// The change between two states; `None` in a graph of one state.
    pub change: Option<Change>,
    /// The findings about the object, the most severe first.
    pub remarks: Vec<Remark>,
}

impl Node {
    /// A node of one state, without details and without a namespace.
    pub fn new(id: impl Into<NodeId>, label: impl Into<String>, name: impl Into<String>, detail: Detail) -> Node {
        Node {
            id: id.into(),
            label: label.into(),
            namespace: None,
            name: name.into(),
            detail,
            evidence: Vec::new(),
            change: None,
            remarks: Vec::new(),
        }
    }

    /// The kind of the node.
    pub fn kind(&self) -> NodeKind {
        self.detail.kind()
    }
}

/// The means by which an object is exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
pub enum Expose {
    /// By an Ingress.
    Ingress,
    /// By a Gateway.
    Gateway,
    /// By a load balancer.
    LoadBalancer,
    /// By a port on every node.
    NodePort,
    /// By addresses that are routed to the nodes (`externalIPs`).
    #[strum(serialize = "ExternalIPs")]
    ExternalIps,
    /// By a port of a container on each node that runs the pod (`hostPort`).
    HostPort,
    /// By the network of the node, which the pod uses as its own (`hostNetwork`).
    HostNetwork,
}

impl Expose {
    /// The name in texts.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One entry point from outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exposure {
    /// The means.
    pub via: Expose,
    /// Exposed ports with their protocol, ascending; empty if the manifests do not fix them.
    pub ports: Vec<(u16, Protocol)>,
}

/// One routing rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteRule {
    /// Host name; `None` for any host.
    pub host: Option<String>,
    /// The path or match, as text: `/cart`, `GET /cart`, `grpc Cart/Add`; `None` for any.
    pub path: Option<String>,
    /// `Prefix`, `Exact`, `ImplementationSpecific` or `RegularExpression`; `None` if not applicable.
    pub path_type: Option<String>,
    /// How requests for the host are encrypted.
    pub tls: HostTls,
    /// The weight of this target, where one rule sends to several.
    pub weight: Option<i32>,
    /// True for the default backend, which is used if no rule matches.
    pub default: bool,
    /// For which of the requests with its host and path it is.
    pub when: When,
}

/// For which requests a rule is, of those with its host and path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// For all of them.
    #[default]
    Always,
    /// For those that fulfil conditions about more than that.
    Conditional,
    /// For copies of them, the answers to which are thrown away.
    Copied,
}

/// Whether rules send no requests at all: each gives its target the weight 0, as
/// <https://gateway-api.sigs.k8s.io/reference/spec/#backendref> and its like elsewhere have it.
pub fn are_silent(rules: &[RouteRule]) -> bool {
    !rules.is_empty() && rules.iter().all(|r| r.weight == Some(0))
}

/// The backend port of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// A Service port by number.
    Number(u16),
    /// A Service port by name; `resolved` is its number if the manifests contain a Service with this port.
    Name {
        /// The name.
        name: String,
        /// The number.
        resolved: Option<u16>,
    },
    /// The number or name of a port that the Service of the manifests does not have.
    Absent(String),
    /// No port: a resource backend, or a route that is attached to a Gateway.
    None,
}

impl Backend {
    /// The port of the Service that an alias represents, for a port of the alias: the number is passed on, and the
    /// alias's own ports only give it a name
    /// (<https://kubernetes.io/docs/concepts/services-networking/service/#externalname>).
    pub fn passed_on(self) -> Backend {
        match self {
            Backend::Name { resolved: Some(number), .. } => Backend::Number(number),
            Backend::Absent(wanted) => match wanted.parse() {
                Ok(number) => Backend::Number(number),
                Err(_) => Backend::Name { name: wanted, resolved: None },
            },
            other => other,
        }
    }
}

/// The details of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeDetail {
    /// See [`EdgeKind::Exposes`].
    Exposes(Vec<Exposure>),
    /// See [`EdgeKind::Routes`]: all rules with the same target and port.
    Routes {
        /// The rules, in the order of the object.
        rules: Vec<RouteRule>,
        /// The backend port.
        port: Backend,
    },
    /// See [`EdgeKind::Selects`]: the ports that target this workload, in the order of the Service.
    Selects(Vec<PortMap>),
    /// See [`EdgeKind::Resolves`].
    Resolves(Vec<PortMap>),
    /// See [`EdgeKind::Allows`].
    Allows(Allowance),
    /// See [`EdgeKind::Denied`].
    Denied(Allowance),
    /// See [`EdgeKind::Calls`].
    Calls(Call),
    /// See [`EdgeKind::Uses`].
    Uses(Uses),
    /// See [`EdgeKind::Scales`].
    Scales(Scaling),
    /// Several edges of one kind to or from a summary.
    Several(Several),
}

impl EdgeDetail {
    /// The kind of the edge.
    pub fn kind(&self) -> EdgeKind {
        match self {
            EdgeDetail::Exposes(_) => EdgeKind::Exposes,
            EdgeDetail::Routes { .. } => EdgeKind::Routes,
            EdgeDetail::Selects(_) => EdgeKind::Selects,
            EdgeDetail::Resolves(_) => EdgeKind::Resolves,
            EdgeDetail::Allows(_) => EdgeKind::Allows,
            EdgeDetail::Denied(_) => EdgeKind::Denied,
            EdgeDetail::Calls(_) => EdgeKind::Calls,
            EdgeDetail::Uses(_) => EdgeKind::Uses,
            EdgeDetail::Scales(_) => EdgeKind::Scales,
            EdgeDetail::Several(several) => several.kind,
        }
    }
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The details.
    pub detail: EdgeDetail,
    /// The evidence; never empty. A `Routes` edge of an Ingress or a route has one item for each rule, in the order of
    /// the rules.
    pub evidence: Vec<Evidence>,
    /// The change between two states; `None` in a graph of one state.
    pub change: Option<Change>,
}

impl Edge {
    /// The kind of the edge.
    pub fn kind(&self) -> EdgeKind {
        self.detail.kind()
    }
}
