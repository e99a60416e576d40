//! Nodes as data: what is known of each, and where it is said.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::graph::{
    Access, Config, Container, Detail, Evidence, Node, NodeId, Outside, Port, PortMap, Scale, Scaling, Side, TargetPort,
};

use super::ChangeJson;

#[derive(Serialize)]
pub(super) struct NodeJson<'a> {
    id: &'a NodeId,
    kind: &'static str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    facts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailJson<'a>>,
    #[serde(flatten)]
    change: Option<ChangeJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<RemarkJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize)]
struct RemarkJson<'a> {
    severity: &'static str,
    message: &'a str,
    at: &'a str,
}

impl<'a> NodeJson<'a> {
    pub(super) fn of(node: &'a Node) -> Self {
        NodeJson {
            id: &node.id,
            kind: node.kind().as_str(),
            label: &node.label,
            namespace: node.namespace.as_deref(),
            name: &node.name,
            facts: node.facts(),
            remarks: node
                .remarks
                .iter()
                .map(|r| RemarkJson { severity: r.gravity.as_str(), message: &r.text, at: &r.place })
                .collect(),
            detail: DetailJson::of(node),
            change: node.change.as_ref().map(ChangeJson::of),
            at: node.evidence.first().map(Evidence::place),
            evidence: node.evidence.iter().map(EvidenceJson::of).collect(),
        }
    }
}

/// Which fields are there depends on the kind of the node, so the JSON needs no tag of its own.
#[derive(Serialize)]
#[serde(untagged)]
enum DetailJson<'a> {
    External {
        addresses: &'a [String],
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        except: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        on: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<&'static str>,
    },
    Ingress {
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<&'a str>,
        tls: bool,
    },
    Gateway {
        class: &'a str,
        listeners: Vec<String>,
        tls: bool,
    },
    Route {
        hosts: &'a [String],
    },
    Service {
        r#type: &'static str,
        ports: Vec<PortMapJson<'a>>,
        selector: &'a BTreeMap<String, String>,
    },
    Workload {
        #[serde(flatten)]
        scale: ScaleJson<'a>,
        labels: &'a BTreeMap<String, String>,
        ports: Vec<PortJson<'a>>,
        containers: Vec<ContainerJson<'a>>,
        #[serde(rename = "hostNetwork")]
        host_network: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        access: Option<AccessJson<'a>>,
    },
    Peers {
        #[serde(skip_serializing_if = "Option::is_none")]
        access: Option<AccessJson<'a>>,
        #[serde(skip_serializing_if = "String::is_empty")]
        of: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        members: Option<&'a [NodeId]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        on: Option<String>,
    },
    Keys {
        #[serde(rename = "secretType", skip_serializing_if = "str::is_empty")]
        secret_type: &'a str,
        keys: &'a [String],
        #[serde(rename = "madeBy", skip_serializing_if = "Option::is_none")]
        made_by: Option<String>,
    },
    Claim {
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<&'a str>,
        #[serde(rename = "accessModes")]
        modes: &'a [String],
        #[serde(rename = "perPod")]
        per_pod: bool,
    },
    Scaler {
        scales: ScalingJson,
        by: &'a [String],
    },
    Missing {
        reason: String,
    },
    Summary {
        scope: &'static str,
        counts: BTreeMap<&'static str, usize>,
        exposed: usize,
    },
}

impl<'a> DetailJson<'a> {
    fn of(node: &'a Node) -> Option<Self> {
        Some(match &node.detail {
            Detail::Internet
            | Detail::ExternalName
            | Detail::Resource
            | Detail::Unrendered { .. }
            | Detail::Junction
            | Detail::Config(Config::ServiceAccount) => return None,
            Detail::Config(Config::ConfigMap { keys, .. }) => DetailJson::Keys { secret_type: "", keys, made_by: None },
            Detail::Config(Config::Secret { type_, keys, made_by, .. }) => {
                DetailJson::Keys { secret_type: type_, keys, made_by: made_by.as_ref().map(|by| by.to_string()) }
            }
            Detail::Config(Config::Claim { size, class, modes, per_pod }) => {
                DetailJson::Claim { size: size.as_deref(), class: class.as_deref(), modes, per_pod: *per_pod }
            }
            Detail::Config(Config::Scaler { scaling, by }) => {
                DetailJson::Scaler { scales: ScalingJson::of(scaling), by }
            }
            Detail::External { addresses, except, location, on, set: _ } => DetailJson::External {
                on: on.as_ref().map(|on| on.to_string()),
                addresses,
                except,
                role: location.text(),
            },
            Detail::Ingress { class, tls } => DetailJson::Ingress { class: class.as_deref(), tls: *tls },
            Detail::Gateway { class, listeners, tls } => {
                DetailJson::Gateway { class, listeners: listeners.iter().map(|l| l.to_string()).collect(), tls: *tls }
            }
            Detail::Route { hosts } => DetailJson::Route { hosts },
            Detail::Service { service, ports, selector } => DetailJson::Service {
                r#type: service.as_str(),
                ports: ports.iter().map(PortMapJson::of).collect(),
                selector,
            },
            Detail::Workload { scale, labels, ports, containers, host_network, show_images: _, access } => {
                DetailJson::Workload {
                    scale: ScaleJson::of(scale),
                    labels,
                    ports: ports.iter().map(PortJson::of).collect(),
                    containers: containers.iter().map(ContainerJson::of).collect(),
                    host_network: *host_network,
                    access: access.as_ref().map(AccessJson::of),
                }
            }
            Detail::Peers { set, members, on, access } => DetailJson::Peers {
                access: access.as_ref().map(AccessJson::of),
                of: set.text(node.namespace.as_deref()),
                on: on.as_ref().map(|on| on.to_string()),
                members: members.as_deref(),
            },
            Detail::Missing { reason } => DetailJson::Missing { reason: reason.text() },
            Detail::Summary(summary) => DetailJson::Summary {
                scope: summary.scope.as_str(),
                counts: summary.counts.iter().map(|(kind, n)| (kind.as_str(), *n)).collect(),
                exposed: summary.exposed,
            },
        })
    }
}

#[derive(Serialize)]
struct AccessJson<'a> {
    ingress: SideJson<'a>,
    egress: SideJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside: Option<&'static str>,
    #[serde(rename = "notEvaluated", skip_serializing_if = "Vec::is_empty")]
    not_evaluated: Vec<EvidenceJson<'a>>,
    #[serde(rename = "notRead", skip_serializing_if = "Option::is_none")]
    not_read: Option<EvidenceJson<'a>>,
    #[serde(rename = "noDns", skip_serializing_if = "std::ops::Not::not")]
    no_dns: bool,
}

#[derive(Serialize)]
struct SideJson<'a> {
    stance: &'static str,
    by: Vec<EvidenceJson<'a>>,
}

impl<'a> AccessJson<'a> {
    fn of(access: &'a Access) -> Self {
        let side = |side: &'a Side| SideJson {
            stance: side.stance.as_str(),
            by: side.by.iter().map(EvidenceJson::of).collect(),
        };
        AccessJson {
            ingress: side(&access.ingress),
            egress: side(&access.egress),
            outside: match access.outside {
                Outside::Unreached => None,
                Outside::Reached => Some("reached"),
                Outside::Blocked => Some("blocked"),
                Outside::Undetermined => Some("undetermined"),
            },
            not_evaluated: access.foreign.iter().map(|policy| EvidenceJson::of(&policy.at)).collect(),
            not_read: access.unread.as_ref().map(|unread| EvidenceJson::of(&unread.at)),
            no_dns: access.no_dns,
        }
    }
}

/// Between how many pods something is scaled; what the manifests do not say is left out.
#[derive(Serialize)]
pub(super) struct ScalingJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<i64>,
}

impl ScalingJson {
    pub(super) fn of(scaling: &Scaling) -> Self {
        ScalingJson { min: scaling.min, max: scaling.max }
    }
}

#[derive(Serialize, Default)]
pub(super) struct ScaleJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<&'a str>,
    #[serde(rename = "perNode", skip_serializing_if = "Option::is_none")]
    per_node: Option<bool>,
}

impl<'a> ScaleJson<'a> {
    pub(super) fn of(scale: &'a Scale) -> Self {
        let nothing = ScaleJson::default();
        match scale {
            Scale::Replicas(n) => ScaleJson { replicas: Some(*n), ..nothing },
            Scale::Single => ScaleJson { replicas: Some(1), ..nothing },
            Scale::Completions(n) => ScaleJson { completions: Some(*n), ..nothing },
            Scale::Schedule(cron) => ScaleJson { schedule: Some(cron), ..nothing },
            Scale::PerNode => ScaleJson { per_node: Some(true), ..nothing },
            Scale::Unknown => nothing,
        }
    }
}

#[derive(Serialize)]
struct ContainerJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
}

impl<'a> ContainerJson<'a> {
    fn of(container: &'a Container) -> Self {
        ContainerJson { name: &container.name, image: container.image.as_deref() }
    }
}

#[derive(Serialize)]
pub(super) struct PortJson<'a> {
    port: u16,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> PortJson<'a> {
    pub(super) fn of(port: &'a Port) -> Self {
        PortJson { port: port.number, protocol: port.protocol.as_str(), name: port.name.as_deref() }
    }
}

/// A port by number, or by a name that nothing in the input gives a number.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum NumberOrName<'a> {
    Number(u16),
    Name(&'a str),
}

#[derive(Serialize)]
pub(super) struct PortMapJson<'a> {
    port: u16,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    target: NumberOrName<'a>,
    #[serde(rename = "targetPorts")]
    target_ports: Vec<u16>,
    #[serde(rename = "nodePort", skip_serializing_if = "Option::is_none")]
    node_port: Option<u16>,
}

impl<'a> PortMapJson<'a> {
    pub(super) fn of(map: &'a PortMap) -> Self {
        let (target, target_ports) = match &map.target {
            TargetPort::Number(n) => (NumberOrName::Number(*n), vec![*n]),
            TargetPort::Name { name, resolved } => (NumberOrName::Name(name), resolved.clone()),
        };
        PortMapJson {
            port: map.port,
            protocol: map.protocol.as_str(),
            name: map.name.as_deref(),
            target,
            target_ports,
            node_port: map.node_port,
        }
    }
}

#[derive(Serialize)]
pub(super) struct EvidenceJson<'a> {
    object: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'a str,
    at: String,
}

impl<'a> EvidenceJson<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        EvidenceJson { object: &evidence.object, field: &evidence.field, at: evidence.place() }
    }
}
