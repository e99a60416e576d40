//! The graph as data: stable, versioned, described by `docs/schema.json`. What is not known is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::graph::{
    Access, Allowance, Backend, Container, Detail, Edge, EdgeDetail, Evidence, Exposure, Graph, Node, Port, PortMap, Protocol, RouteRule, Scale,
    Side, Stance, TargetPort,
};
use crate::policy::Extent;
use crate::source::{Sources, Span};

use super::connections::Connections;
use super::{Report, tables};

/// The version of the shape; it rises when something is taken away or changes its meaning, not when something is added.
pub(super) const VERSION: u32 = 1;

/// The graph, its tables, the connections that policies or ways in from outside have a say about, and the problems, as pretty-printed JSON that ends in a line break.
pub fn json(report: &Report<'_>) -> String {
    let graph = report.graph;
    let connections = report.connectivity.connections(Extent::Ruled);
    let document = Document {
        version: VERSION,
        graph: GraphJson {
            nodes: graph.nodes().map(NodeJson::of).collect(),
            edges: graph.edges().map(|(from, to, edge)| EdgeJson::of(graph, from, to, edge)).collect(),
            groups: graph
                .groups()
                .iter()
                .map(|g| GroupJson {
                    id: &g.id,
                    name: &g.name,
                    declared: g.declared,
                    labels: &g.labels,
                })
                .collect(),
        },
        workloads: (0..graph.nodes().len()).filter_map(|i| WorkloadJson::of(graph, i)).collect(),
        connections: Connections::of(report, &connections),
        open_pairs: report.connectivity.open_pairs(),
        routes: tables::routes(graph).iter().map(RouteJson::of).collect(),
        exposure: tables::exposure(graph).iter().map(ExposureJson::of).collect(),
        diagnostics: report.diagnostics(),
    };
    report.json(&document)
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    graph: GraphJson<'a>,
    workloads: Vec<WorkloadJson<'a>>,
    #[serde(flatten)]
    connections: Connections<'a>,
    #[serde(rename = "openPairs")]
    open_pairs: usize,
    routes: Vec<RouteJson<'a>>,
    exposure: Vec<ExposureJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct GraphJson<'a> {
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson<'a>>,
    groups: Vec<GroupJson<'a>>,
}

#[derive(Serialize)]
struct NodeJson<'a> {
    id: &'a str,
    kind: &'static str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    facts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    evidence: Vec<EvidenceJson<'a>>,
}

impl<'a> NodeJson<'a> {
    fn of(node: &'a Node) -> Self {
        NodeJson {
            id: &node.id,
            kind: node.kind.as_str(),
            label: &node.label,
            namespace: node.namespace.as_deref(),
            name: &node.name,
            facts: node.facts(),
            detail: DetailJson::of(&node.detail),
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
        #[serde(skip_serializing_if = "str::is_empty")]
        on: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<&'a str>,
    },
    Ingress {
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<&'a str>,
        tls: bool,
    },
    Gateway {
        class: &'a str,
        listeners: &'a [String],
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
        #[serde(skip_serializing_if = "str::is_empty")]
        of: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        members: Option<&'a [String]>,
        #[serde(skip_serializing_if = "str::is_empty")]
        on: &'a str,
    },
    Missing {
        reason: &'a str,
    },
}

impl<'a> DetailJson<'a> {
    fn of(detail: &'a Detail) -> Option<Self> {
        Some(match detail {
            Detail::Internet | Detail::ExternalName | Detail::Resource | Detail::Junction => return None,
            Detail::External { addresses, except, role, on } => DetailJson::External {
                on,
                addresses,
                except,
                role: role.as_deref(),
            },
            Detail::Ingress { class, tls } => DetailJson::Ingress {
                class: class.as_deref(),
                tls: *tls,
            },
            Detail::Gateway { class, listeners, tls } => DetailJson::Gateway { class, listeners, tls: *tls },
            Detail::Route { hosts } => DetailJson::Route { hosts },
            Detail::Service { service, ports, selector } => DetailJson::Service {
                r#type: service.as_str(),
                ports: ports.iter().map(PortMapJson::of).collect(),
                selector,
            },
            Detail::Workload {
                scale,
                labels,
                ports,
                containers,
                host_network,
                access,
            } => DetailJson::Workload {
                scale: ScaleJson::of(scale),
                labels,
                ports: ports.iter().map(PortJson::of).collect(),
                containers: containers.iter().map(ContainerJson::of).collect(),
                host_network: *host_network,
                access: access.as_ref().map(AccessJson::of),
            },
            Detail::Peers { of, members, on } => DetailJson::Peers {
                of,
                on,
                members: members.as_deref(),
            },
            Detail::Missing { reason } => DetailJson::Missing { reason },
        })
    }
}

#[derive(Serialize)]
struct AccessJson<'a> {
    ingress: SideJson<'a>,
    egress: SideJson<'a>,
    #[serde(rename = "notEvaluated", skip_serializing_if = "Vec::is_empty")]
    not_evaluated: Vec<EvidenceJson<'a>>,
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
            not_evaluated: access.foreign.iter().map(EvidenceJson::of).collect(),
        }
    }
}

#[derive(Serialize, Default)]
struct ScaleJson<'a> {
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
    fn of(scale: &'a Scale) -> Self {
        let nothing = ScaleJson::default();
        match scale {
            Scale::Replicas(n) => ScaleJson {
                replicas: Some(*n),
                ..nothing
            },
            Scale::Single => ScaleJson {
                replicas: Some(1),
                ..nothing
            },
            Scale::Completions(n) => ScaleJson {
                completions: Some(*n),
                ..nothing
            },
            Scale::Schedule(cron) => ScaleJson {
                schedule: Some(cron),
                ..nothing
            },
            Scale::PerNode => ScaleJson {
                per_node: Some(true),
                ..nothing
            },
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
        ContainerJson {
            name: &container.name,
            image: container.image.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct PortJson<'a> {
    port: u16,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> PortJson<'a> {
    fn of(port: &'a Port) -> Self {
        PortJson {
            port: port.number,
            protocol: port.protocol.as_str(),
            name: port.name.as_deref(),
        }
    }
}

/// A port by number, or by a name that nothing in the input gives a number.
#[derive(Serialize)]
#[serde(untagged)]
enum NumberOrName<'a> {
    Number(u16),
    Name(&'a str),
}

#[derive(Serialize)]
struct PortMapJson<'a> {
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
    fn of(map: &'a PortMap) -> Self {
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
struct EvidenceJson<'a> {
    object: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'a str,
    at: String,
}

impl<'a> EvidenceJson<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        EvidenceJson {
            object: &evidence.object,
            field: &evidence.field,
            at: evidence.place(),
        }
    }
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
    #[serde(flatten)]
    detail: EdgeDetailJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EdgeDetailJson<'a> {
    Exposes {
        exposes: Vec<WayJson>,
    },
    Routes {
        rules: Vec<RuleJson<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<NumberOrName<'a>>,
    },
    Ports {
        ports: Vec<PortMapJson<'a>>,
    },
    Policy {
        policy: AllowanceJson<'a>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AllowanceJson<'a> {
    ports: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_from: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_to: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    doubts: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'a str>,
}

impl<'a> AllowanceJson<'a> {
    fn of(allowance: &'a Allowance) -> Self {
        AllowanceJson {
            ports: allowance.ports.texts(),
            not_from: &allowance.not_from,
            not_to: &allowance.not_to,
            doubts: &allowance.doubts,
            network: allowance.network.as_deref(),
        }
    }
}

impl<'a> EdgeJson<'a> {
    fn of(graph: &'a Graph, from: usize, to: usize, edge: &'a Edge) -> Self {
        EdgeJson {
            from: &graph.node(from).id,
            to: &graph.node(to).id,
            kind: edge.kind().as_str(),
            detail: match &edge.detail {
                EdgeDetail::Exposes(ways) => EdgeDetailJson::Exposes {
                    exposes: ways.iter().map(WayJson::of).collect(),
                },
                EdgeDetail::Routes { rules, port } => EdgeDetailJson::Routes {
                    rules: rules.iter().map(RuleJson::of).collect(),
                    port: backend(port),
                },
                EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports) => EdgeDetailJson::Ports {
                    ports: ports.iter().map(PortMapJson::of).collect(),
                },
                EdgeDetail::Allows(allowance) | EdgeDetail::Denied(allowance) => EdgeDetailJson::Policy {
                    policy: AllowanceJson::of(allowance),
                },
            },
            at: tables::first(edge).map(Evidence::place),
            evidence: edge.evidence.iter().map(EvidenceJson::of).collect(),
        }
    }
}

fn backend(port: &Backend) -> Option<NumberOrName<'_>> {
    match port {
        Backend::Number(n) | Backend::Name { resolved: Some(n), .. } => Some(NumberOrName::Number(*n)),
        Backend::Name { name, resolved: None } => Some(NumberOrName::Name(name)),
        Backend::Absent(port) => Some(port.parse().map_or(NumberOrName::Name(port), NumberOrName::Number)),
        Backend::None => None,
    }
}

#[derive(Serialize)]
pub(super) struct WayJson {
    via: &'static str,
    ports: Vec<OpenPortJson>,
}

#[derive(Serialize)]
struct OpenPortJson {
    port: u16,
    protocol: &'static str,
}

fn open_ports(ports: &[(u16, Protocol)]) -> Vec<OpenPortJson> {
    ports
        .iter()
        .map(|(port, protocol)| OpenPortJson {
            port: *port,
            protocol: protocol.as_str(),
        })
        .collect()
}

impl WayJson {
    pub(super) fn of(way: &Exposure) -> Self {
        WayJson {
            via: way.via.as_str(),
            ports: open_ports(&way.ports),
        }
    }
}

#[derive(Serialize)]
struct RuleJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(rename = "pathType", skip_serializing_if = "Option::is_none")]
    path_type: Option<&'a str>,
    tls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<i32>,
    default: bool,
}

impl<'a> RuleJson<'a> {
    fn of(rule: &'a RouteRule) -> Self {
        RuleJson {
            host: rule.host.as_deref(),
            path: rule.path.as_deref(),
            path_type: rule.path_type.as_deref(),
            tls: rule.tls,
            weight: rule.weight,
            default: rule.default,
        }
    }
}

#[derive(Serialize)]
struct GroupJson<'a> {
    id: &'a str,
    name: &'a str,
    declared: bool,
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WorkloadJson<'a> {
    id: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    #[serde(flatten)]
    scale: ScaleJson<'a>,
    labels: &'a BTreeMap<String, String>,
    ports: Vec<PortJson<'a>>,
    images: Vec<&'a str>,
    #[serde(rename = "selectedBy")]
    selected_by: Vec<&'a str>,
    isolated: IsolatedJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// Whether some NetworkPolicy selects it; what else policies say of it stands with its node.
#[derive(Serialize)]
struct IsolatedJson {
    ingress: bool,
    egress: bool,
}

impl<'a> WorkloadJson<'a> {
    fn of(graph: &'a Graph, index: usize) -> Option<Self> {
        let node = graph.node(index);
        let Detail::Workload {
            scale,
            labels,
            ports,
            access,
            ..
        } = &node.detail
        else {
            return None;
        };
        let isolated = |side: fn(&Access) -> &Side| access.as_ref().is_some_and(|a| side(a).stance == Stance::Isolated);
        Some(WorkloadJson {
            id: &node.id,
            kind: &node.label,
            namespace: node.namespace.as_deref(),
            name: &node.name,
            scale: ScaleJson::of(scale),
            labels,
            ports: ports.iter().map(PortJson::of).collect(),
            images: tables::images(node),
            selected_by: tables::selected_by(graph, index).into_iter().map(|n| n.id.as_str()).collect(),
            isolated: IsolatedJson {
                ingress: isolated(|a| &a.ingress),
                egress: isolated(|a| &a.egress),
            },
            at: node.evidence.first().map(Evidence::place),
        })
    }
}

#[derive(Serialize)]
pub(super) struct RouteJson<'a> {
    by: &'a str,
    #[serde(flatten)]
    rule: RuleJson<'a>,
    service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<NumberOrName<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl<'a> RouteJson<'a> {
    pub(super) fn of(row: &tables::RouteRow<'a>) -> Self {
        RouteJson {
            by: &row.by.id,
            rule: RuleJson::of(row.rule),
            service: &row.to.id,
            port: backend(row.port),
            at: row.at.map(Evidence::place),
        }
    }
}

#[derive(Serialize)]
struct ExposureJson<'a> {
    from: &'a str,
    to: &'a str,
    #[serde(flatten)]
    way: WayJson,
    workloads: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl<'a> ExposureJson<'a> {
    fn of(row: &tables::ExposureRow<'a>) -> Self {
        ExposureJson {
            from: &row.from.id,
            to: &row.to.id,
            way: WayJson::of(row.way),
            workloads: row.behind.iter().map(|n| n.id.as_str()).collect(),
            at: row.at.map(Evidence::place),
        }
    }
}

#[derive(Serialize)]
pub(super) struct DiagnosticJson<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    related: Vec<RelatedJson<'a>>,
    refused: bool,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    at: String,
    text: &'a str,
}

impl<'a> DiagnosticJson<'a> {
    pub(super) fn of(diagnostic: &'a Diagnostic, sources: &Sources) -> Self {
        let place = |span: Span| format!("{}:{}", sources.line_of(span), span.column);
        DiagnosticJson {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            message: &diagnostic.message,
            at: diagnostic.at.map(place),
            help: diagnostic.help.as_deref(),
            related: diagnostic
                .related
                .iter()
                .map(|r| RelatedJson {
                    at: place(r.at),
                    text: &r.text,
                })
                .collect(),
            refused: diagnostic.refused,
        }
    }
}
