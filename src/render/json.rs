//! The graph as data: stable, versioned, described by `docs/schema.json`. What is not known is left out.

mod node;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::graph::{
    Access, Allowance, Backend, Change, Detail, Edge, EdgeDetail, Evidence, Exposure, Graph, GroupId, NodeId,
    RouteRule, Side,
};
use crate::net::Protocol;
use crate::source::{Sources, Span};
use crate::world::Account;

use self::node::{EvidenceJson, NodeJson, NumberOrName, PortJson, PortMapJson, ScaleJson, ScalingJson};
use super::calls::CallsJson;
use super::connections::Groups;
use super::{Report, tables};

/// The version of shapes without groups of connections; a version rises when something is taken away or changes its
/// meaning, not when something is added.
pub(super) const VERSION: u32 = 1;
/// The version of shapes with groups of connections.
pub(super) const GROUPS_VERSION: u32 = 2;

/// The graph, its tables, groups of the connections that policies or ways in from outside apply to (those of
/// the workloads of the graph), and the problems, as pretty-printed JSON that ends in a line break.
pub fn json(report: &Report<'_>) -> String {
    let graph = report.graph;
    // A selection may have left workloads out.
    let there = |w: usize| report.graph.object(&report.cluster.workloads()[w].key).is_some();
    let workloads: Vec<bool> = (0..report.cluster.workloads().len()).map(there).collect();
    let all = workloads.iter().all(|w| *w);
    let document = Document {
        version: GROUPS_VERSION,
        graph: GraphJson::of(graph),
        workloads: (0..graph.nodes().len()).filter_map(|i| WorkloadJson::of(graph, i)).collect(),
        connections: Groups::of(report, (!all).then_some(workloads.as_slice())),
        open_pairs: all.then(|| report.connectivity.open_pairs()),
        calls: CallsJson::of(report, |w| workloads.get(w).copied().unwrap_or_default()),
        routes: tables::routes(graph).iter().map(RouteJson::of).collect(),
        exposure: tables::exposure(graph).iter().map(ExposureJson::of).collect(),
        objects: report.account.map(|account| ObjectsJson::of(account, report.sources)),
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
    connections: Groups<'a>,
    #[serde(rename = "openPairs", skip_serializing_if = "Option::is_none")]
    open_pairs: Option<usize>,
    #[serde(flatten)]
    calls: CallsJson<'a>,
    routes: Vec<RouteJson<'a>>,
    exposure: Vec<ExposureJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<ObjectsJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

/// What became of the objects of the input.
#[derive(Serialize)]
struct ObjectsJson<'a> {
    total: usize,
    drawn: usize,
    used: usize,
    irrelevant: usize,
    equal: usize,
    absent: Vec<AbsentJson<'a>>,
}

#[derive(Serialize)]
struct AbsentJson<'a> {
    reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    kind: &'a str,
    count: usize,
    objects: Vec<PlacedJson>,
}

#[derive(Serialize)]
struct PlacedJson {
    id: String,
    at: String,
}

impl<'a> ObjectsJson<'a> {
    fn of(account: &'a Account, sources: &Sources) -> ObjectsJson<'a> {
        let absent = account.absent.iter().map(|absent| AbsentJson {
            reason: absent.reason.as_str(),
            group: &absent.group,
            kind: &absent.kind,
            count: absent.objects.len(),
            objects: absent
                .objects
                .iter()
                .map(|(key, at)| PlacedJson { id: key.to_string(), at: sources.line_of(*at) })
                .collect(),
        });
        let Account { drawn, used, irrelevant, equal, .. } = *account;
        ObjectsJson { total: account.total(), drawn, used, irrelevant, equal, absent: absent.collect() }
    }
}

#[derive(Serialize)]
pub(super) struct GraphJson<'a> {
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson<'a>>,
    groups: Vec<GroupJson<'a>>,
}

impl<'a> GraphJson<'a> {
    pub(super) fn of(graph: &'a Graph) -> Self {
        GraphJson {
            nodes: graph.nodes().map(NodeJson::of).collect(),
            edges: graph.edges().map(|(from, to, edge)| EdgeJson::of(graph, from, to, edge)).collect(),
            groups: graph
                .groups()
                .iter()
                .map(|g| GroupJson {
                    id: &g.id,
                    name: g.name(),
                    parent: g.id.parent(),
                    declared: g.declared,
                    labels: &g.labels,
                })
                .collect(),
        }
    }
}

/// How a node or an edge of a union differs between its two states.
#[derive(Serialize)]
struct ChangeJson<'a> {
    change: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<DifferenceJson<'a>>,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    old: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    new: &'a str,
}

impl<'a> ChangeJson<'a> {
    fn of(change: &'a Change) -> Self {
        let differences = change.differences().iter().map(|d| DifferenceJson {
            about: d.about.to_string(),
            old: &d.old,
            new: &d.new,
        });
        ChangeJson { change: change.as_str(), differences: differences.collect() }
    }
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    from: &'a NodeId,
    to: &'a NodeId,
    kind: &'static str,
    #[serde(flatten)]
    detail: EdgeDetailJson<'a>,
    #[serde(flatten)]
    change: Option<ChangeJson<'a>>,
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
    Calls {
        calls: CallJson,
    },
    Uses {
        uses: UsesJson,
    },
    Scales {
        scales: ScalingJson,
    },
    Several {
        count: usize,
        said: Vec<String>,
    },
}

#[derive(Serialize)]
struct CallJson {
    ports: Vec<OpenPortJson>,
    state: &'static str,
}

#[derive(Serialize)]
struct UsesJson {
    ways: Vec<&'static str>,
    optional: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AllowanceJson<'a> {
    ports: Vec<String>,
    #[serde(skip_serializing_if = "<[NodeId]>::is_empty")]
    not_from: &'a [NodeId],
    #[serde(skip_serializing_if = "<[NodeId]>::is_empty")]
    not_to: &'a [NodeId],
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
                EdgeDetail::Exposes(ways) => {
                    EdgeDetailJson::Exposes { exposes: ways.iter().map(WayJson::of).collect() }
                }
                EdgeDetail::Routes { rules, port } => {
                    EdgeDetailJson::Routes { rules: rules.iter().map(RuleJson::of).collect(), port: backend(port) }
                }
                EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports) => {
                    EdgeDetailJson::Ports { ports: ports.iter().map(PortMapJson::of).collect() }
                }
                EdgeDetail::Allows(allowance) | EdgeDetail::Denied(allowance) => {
                    EdgeDetailJson::Policy { policy: AllowanceJson::of(allowance) }
                }
                EdgeDetail::Calls(call) => EdgeDetailJson::Calls {
                    calls: CallJson { ports: open_ports(&call.ports), state: call.state.as_str() },
                },
                EdgeDetail::Uses(uses) => EdgeDetailJson::Uses {
                    uses: UsesJson { ways: uses.ways.iter().map(|w| w.as_str()).collect(), optional: uses.optional },
                },
                EdgeDetail::Scales(scaling) => EdgeDetailJson::Scales { scales: ScalingJson::of(scaling) },
                EdgeDetail::Several(several) => EdgeDetailJson::Several { count: several.count, said: several.texts() },
            },
            change: edge.change.as_ref().map(ChangeJson::of),
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
    ports.iter().map(|(port, protocol)| OpenPortJson { port: *port, protocol: protocol.as_str() }).collect()
}

impl WayJson {
    pub(super) fn of(way: &Exposure) -> Self {
        WayJson { via: way.via.as_str(), ports: open_ports(&way.ports) }
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
            tls: rule.tls.is_encrypted(),
            weight: rule.weight,
            default: rule.default,
        }
    }
}

#[derive(Serialize)]
struct GroupJson<'a> {
    id: &'a GroupId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<GroupId>,
    declared: bool,
    labels: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WorkloadJson<'a> {
    id: &'a NodeId,
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
    selected_by: Vec<&'a NodeId>,
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
        let Detail::Workload { scale, labels, ports, access, .. } = &node.detail else {
            return None;
        };
        let isolated = |side: fn(&Access) -> &Side| access.as_ref().is_some_and(|a| side(a).isolated);
        Some(WorkloadJson {
            id: &node.id,
            kind: node.id.key().map_or(&node.label, |key| &key.kind),
            namespace: node.namespace.as_deref(),
            name: &node.name,
            scale: ScaleJson::of(scale),
            labels,
            ports: ports.iter().map(PortJson::of).collect(),
            images: tables::images(node),
            selected_by: tables::selected_by(graph, index).into_iter().map(|n| &n.id).collect(),
            isolated: IsolatedJson { ingress: isolated(|a| &a.ingress), egress: isolated(|a| &a.egress) },
            at: node.evidence.first().map(Evidence::place),
        })
    }
}

#[derive(Serialize)]
pub(super) struct RouteJson<'a> {
    by: &'a NodeId,
    #[serde(flatten)]
    rule: RuleJson<'a>,
    service: &'a NodeId,
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
    from: &'a NodeId,
    to: &'a NodeId,
    #[serde(flatten)]
    way: WayJson,
    workloads: Vec<&'a NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl<'a> ExposureJson<'a> {
    fn of(row: &tables::ExposureRow<'a>) -> Self {
        ExposureJson {
            from: &row.from.id,
            to: &row.to.id,
            way: WayJson::of(row.way),
            workloads: row.behind.iter().map(|n| &n.id).collect(),
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
            related: diagnostic.related.iter().map(|r| RelatedJson { at: place(r.at), text: &r.text }).collect(),
            refused: diagnostic.refused,
        }
    }
}
