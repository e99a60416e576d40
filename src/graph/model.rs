//! The nodes and edges of a graph and what is known about each.

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
    /// 1–65535.
    pub number: u16,
    /// Protocol.
    pub protocol: Protocol,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// Where a Service port leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetPort {
    /// A pod port by number.
    Number(u16),
    /// A pod port by name. `resolved` holds every number the selected pods give that name, ascending; empty when none
    /// declares it.
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
    /// Protocol.
    pub protocol: Protocol,
    /// The name of the Service port.
    pub name: Option<String>,
    /// The pod port behind it.
    pub target: TargetPort,
    /// The port on every node, where it is fixed.
    pub node_port: Option<u16>,
}

/// The type of a Service, headless and selector-less told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// A cluster-internal address.
    ClusterIp,
    /// No address of its own: DNS answers with the pods.
    Headless,
    /// A port on every node.
    NodePort,
    /// A load balancer in front.
    LoadBalancer,
    /// A DNS alias.
    ExternalName,
}

impl ServiceKind {
    /// The name people know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            ServiceKind::ClusterIp => "ClusterIP",
            ServiceKind::Headless => "headless",
            ServiceKind::NodePort => "NodePort",
            ServiceKind::LoadBalancer => "LoadBalancer",
            ServiceKind::ExternalName => "ExternalName",
        }
    }
}

/// How many pods a workload runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// A fixed number.
    Replicas(i32),
    /// One on every node that fits.
    PerNode,
    /// Runs to completion this many times.
    Completions(i32),
    /// Runs at these times (cron syntax).
    Schedule(String),
    /// A single pod.
    Single,
    /// The manifests do not say.
    Unknown,
}

/// A container of a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image, as written.
    pub image: Option<String>,
}

/// A listener of a Gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener {
    /// The protocol, as written: `HTTPS`.
    pub protocol: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The host name, with a wildcard perhaps.
    pub host: Option<String>,
}

/// Where addresses outside of the cluster are.
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
    /// The manifests do not contain it, and pods start without it.
    Optional,
    /// No pod has the labels that are asked for.
    NoSuchPod,
    /// Endpoints whose ports have none of these names; without names, endpoints with named ports where the Service has
    /// none.
    NoPortNamed(Vec<String>),
}

/// What is known about a node beyond its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// See [`NodeKind::Internet`].
    Internet,
    /// See [`NodeKind::External`].
    External {
        /// Address ranges in CIDR notation, or single addresses.
        addresses: Vec<String>,
        /// The addresses that are meant, what is excepted left out.
        set: AddressSet,
        /// Parts of these ranges that are not meant, in CIDR notation.
        except: Vec<String>,
        /// Where they are.
        location: Location,
        /// The label of every edge that policies allow to them, where the card shows it.
        on: Option<AllowanceLabel>,
    },
    /// See [`NodeKind::ExternalName`].
    ExternalName,
    /// See [`NodeKind::Ingress`].
    Ingress {
        /// The class that serves it, as named by field or annotation, or the input's default class.
        class: Option<String>,
        /// Whether any host has TLS.
        tls: bool,
    },
    /// See [`NodeKind::Gateway`].
    Gateway {
        /// The GatewayClass.
        class: String,
        /// Listeners, in the order of the manifest.
        listeners: Vec<Listener>,
        /// Whether any listener has TLS.
        tls: bool,
    },
    /// See [`NodeKind::Route`].
    Route {
        /// Host names it answers to; empty for any.
        hosts: Vec<String>,
    },
    /// See [`NodeKind::Service`].
    Service {
        /// Type.
        service: ServiceKind,
        /// Ports, in the order of the manifest.
        ports: Vec<PortMap>,
        /// The selector; empty when it has none.
        selector: BTreeMap<String, String>,
    },
    /// See [`NodeKind::Workload`].
    Workload {
        /// How many pods.
        scale: Scale,
        /// Labels of the pods.
        labels: BTreeMap<String, String>,
        /// Declared container ports, sorted.
        ports: Vec<Port>,
        /// Containers, in the order of the manifest.
        containers: Vec<Container>,
        /// Whether its pods share the node's network.
        host_network: bool,
        /// Whether its card says which images it runs.
        show_images: bool,
        /// What policies have to say about it; `None` if the input holds no policy.
        access: Option<Access>,
    },
    /// What workloads use, or what scales them.
    Config(Config),
    /// See [`NodeKind::Resource`].
    Resource,
    /// See [`NodeKind::Peers`].
    Peers {
        /// Whose pods they are.
        set: PeerSet,
        /// The workloads of the manifests that are meant, sorted; `None` for anyone.
        members: Option<Vec<NodeId>>,
        /// The label of every edge to them, where the card shows it.
        on: Option<AllowanceLabel>,
        /// What policies have to say about them, where the input holds these policies and no pods.
        access: Option<Access>,
    },
    /// See [`NodeKind::Junction`].
    Junction,
    /// See [`NodeKind::Missing`].
    Missing {
        /// Why it is missing.
        reason: MissingReason,
    },
    /// See [`NodeKind::Summary`].
    Summary(Summary),
}

impl Detail {
    /// The kind of node that has such detail.
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
            Detail::Resource => NodeKind::Resource,
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
    /// The kind as people know it: `Deployment`, `Service`, `HTTPRoute`; for a missing node the kind that was asked
    /// for.
    pub label: String,
    /// The namespace it lives in; `None` for what is outside every namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whatever else is known.
    pub detail: Detail,
    /// Where it is said. Sorted.
    pub evidence: Vec<Evidence>,
    /// How it differs between two states; `None` in a graph of one state.
    pub change: Option<Change>,
    /// What was found wrong with it, the worst first.
    pub remarks: Vec<Remark>,
}

impl Node {
    /// A node of one state of which nothing more is known; without a namespace.
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

    /// What it represents.
    pub fn kind(&self) -> NodeKind {
        self.detail.kind()
    }
}

/// How something is exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    ExternalIps,
}

impl Expose {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Expose::Ingress => "Ingress",
            Expose::Gateway => "Gateway",
            Expose::LoadBalancer => "LoadBalancer",
            Expose::NodePort => "NodePort",
            Expose::ExternalIps => "ExternalIPs",
        }
    }
}

/// One way from outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exposure {
    /// By what.
    pub via: Expose,
    /// Ports that answer outside, with protocol, ascending. Empty when the manifests do not fix them.
    pub ports: Vec<(u16, Protocol)>,
}

/// One rule by which requests are sent on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteRule {
    /// Host name; `None` for any host.
    pub host: Option<String>,
    /// Path, or match, as people read it: `/cart`, `GET /cart`, `grpc Cart/Add`; `None` for any.
    pub path: Option<String>,
    /// `Prefix`, `Exact`, `ImplementationSpecific`, `RegularExpression`; `None` where it has no meaning.
    pub path_type: Option<String>,
    /// How requests for the host are encrypted.
    pub tls: HostTls,
    /// The weight of this target, where one rule sends to several.
    pub weight: Option<i32>,
    /// Whether this is the default backend, used when no rule fits.
    pub default: bool,
}

/// The port a route sends to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// A Service port by number.
    Number(u16),
    /// A Service port by name; `resolved` is its number if the Service is in the input and has it.
    Name {
        /// The name.
        name: String,
        /// The number.
        resolved: Option<u16>,
    },
    /// A port that the Service is in the input without: its number or name.
    Absent(String),
    /// No port: a resource backend, or a route attached to a Gateway.
    None,
}

/// What is known about an edge beyond its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeDetail {
    /// See [`EdgeKind::Exposes`].
    Exposes(Vec<Exposure>),
    /// See [`EdgeKind::Routes`]: all rules that send to one target on one port.
    Routes {
        /// The rules, sorted as the object lists them.
        rules: Vec<RouteRule>,
        /// The port they send to.
        port: Backend,
    },
    /// See [`EdgeKind::Selects`]: the ports that lead to this workload, in the order of the Service.
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
    /// Edges of one kind to or from objects that are drawn as one.
    Several(Several),
}

impl EdgeDetail {
    /// What the edge says.
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
    /// What it says.
    pub detail: EdgeDetail,
    /// Where it is said. Never empty. The rules of a `Routes` edge of an Ingress or a route have one each, in their
    /// order.
    pub evidence: Vec<Evidence>,
    /// How it differs between two states; `None` in a graph of one state.
    pub change: Option<Change>,
}

impl Edge {
    /// What the edge says.
    pub fn kind(&self) -> EdgeKind {
        self.detail.kind()
    }
}
