//! Exposure and routes as tables and as data: who comes in from outside, where to, and what policies leave of it; and
//! what policies leave open to pods that the manifests do not contain.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::connections::{AbsenceJson, PortsJson, ReasonJson, reasons};
use super::footnotes::{NO_POD, ON_HOST};
use super::json::{DiagnosticJson, RouteJson, VERSION, WayJson};
use super::table::Table;
use super::tables::{self, ExposureRow, RouteRow};
use super::{Report, words};
use crate::graph::{Detail, EdgeDetail, Evidence, Node, NodeId, NodeKind, port_text};
use crate::net::{AddressSet, ObjectKey, PortSet};
use crate::policy::{Admission, Certainty, Direction, Entrance, Extent, Origin, Unseen, Way};
use crate::world::UnreadEntrance;

/// One way in and one workload behind it.
struct Row<'a> {
    way: ExposureRow<'a>,
    workload: Option<(&'a Entrance, Admission)>,
}

/// Every way in with every workload behind it; ways that lead to no workload stand alone.
fn rows<'a>(report: &Report<'a>) -> Vec<Row<'a>> {
    let mut by_object: BTreeMap<&ObjectKey, Vec<&Entrance>> = BTreeMap::new();
    for entrance in report.connectivity.entrances() {
        by_object.entry(&entrance.by).or_default().push(entrance);
    }
    let mut rows = Vec::new();
    for way in tables::exposure(report.graph) {
        let objects = passing(report, &way);
        let comes_here =
            |e: &&Entrance| !matches!(&e.way, Way::Direct { from, addresses } if !is_origin(from, addresses, way.from));
        let mut entrances: Vec<&Entrance> =
            objects.iter().filter_map(|id| by_object.get(id.key()?)).flatten().copied().filter(comes_here).collect();
        entrances.sort_by_cached_key(|e| (e.workload, e.by.to_string()));
        entrances.dedup();
        if entrances.is_empty() {
            rows.push(Row { way, workload: None });
            continue;
        }
        for entrance in entrances {
            let way = ExposureRow { behind: way.behind.clone(), ..way };
            rows.push(Row { way, workload: Some((entrance, report.connectivity.admission(entrance))) });
        }
    }
    let is_listed = |row: &Row<'_>| {
        let workload = row.workload.as_ref().map(|(entrance, _)| entrance.workload);
        let touched = workload.is_some_and(|w| report.lists_workload(w));
        touched || report.lists_node(row.way.to)
    };
    rows.retain(is_listed);
    rows
}

/// Entrances that are not read, of the objects that are listed.
fn unread<'a>(report: &'a Report<'a>) -> impl Iterator<Item = &'a UnreadEntrance> {
    report.unread.iter().filter(|u| report.lists(&report.cluster.entries()[u.object].key))
}

/// What the listed workloads allow to pods that the manifests do not contain.
fn unseen(report: &Report<'_>, extent: Extent) -> Vec<Unseen> {
    let mut rows = report.connectivity.unseen(report.cluster, extent);
    rows.retain(|row| report.lists_workload(row.workload));
    rows
}

/// Whether a node is that from which a way in comes: that of its addresses, where it is one for addresses.
fn is_origin(from: &Origin, addresses: &AddressSet, node: &Node) -> bool {
    match (from, &node.detail) {
        (Origin::Addresses(_), Detail::External { set, .. }) => set == addresses,
        _ => words::origin(from) == node.id,
    }
}

/// The Ingresses, Gateways and routes that a way in leads through, or the Service or workload that it opens. Sets of
/// listeners have ports, and ways in, of their own.
fn passing<'a>(report: &Report<'a>, way: &ExposureRow<'_>) -> BTreeSet<&'a NodeId> {
    let graph = report.graph;
    let Some(start) = graph.find(&way.to.id) else { return BTreeSet::new() };
    let mut seen = BTreeSet::from([start]);
    let mut todo = vec![start];
    while let Some(at) = todo.pop() {
        for (_, to, edge) in graph.outgoing(at).into_iter().map(|e| graph.edge(e)) {
            if matches!(edge.detail, EdgeDetail::Routes { .. })
                && !matches!(graph.node(to).kind(), NodeKind::Service | NodeKind::Gateway)
                && seen.insert(to)
            {
                todo.push(to);
            }
        }
    }
    seen.into_iter().map(|i| &graph.node(i).id).collect()
}

/// A table of ways in: from where, by what, to which workload, and what policies leave of it; then what they let in
/// from pods that the manifests do not contain.
pub fn exposure_table(report: &Report<'_>, extent: Extent) -> Table {
    let line = |row: &Row<'_>| {
        let open: Vec<String> = row.way.way.ports.iter().map(|(n, p)| port_text(*n, *p)).collect();
        let mut cells = vec![
            row.way.from.name.clone(),
            row.way.way.via.as_str().to_owned(),
            row.way.to.id.to_string(),
            open.join(", "),
        ];
        match &row.workload {
            Some((entrance, admission)) => {
                let (ports, because) = (&admission.ports, &admission.because);
                let absence = report.facts.absence_of(entrance).filter(|_| !ports.is_empty());
                let (verdict, because) = match absence {
                    Some(absence) if !absence.may_change => (NO_POD.to_owned(), report.absence(absence)),
                    Some(absence) => (words_of(ports, None, Certainty::Undetermined), report.absence(absence)),
                    None => {
                        let verdict = words_of(ports, Some(&entrance.ports), admission.certainty);
                        let mut because = reasons(report, ports, because);
                        let is_doubted = admission.certainty == Certainty::Undetermined;
                        if is_doubted && on_host(report, entrance.workload) {
                            because.push_str(&format!("\n{ON_HOST}"));
                        }
                        (verdict, because)
                    }
                };
                let ports = entrance.ports.to_string();
                cells.extend([report.workload(entrance.workload), ports, verdict, because]);
            }
            None => cells.extend(["no workload".to_owned(), String::new(), String::new(), String::new()]),
        }
        cells
    };
    let unseen: Vec<Unseen> =
        unseen(report, extent).into_iter().filter(|u| u.direction == Direction::Ingress).collect();
    let rows = rows(report);
    let judged = rows.iter().filter_map(|row| row.workload.as_ref()).map(|(entrance, admission)| {
        match report.facts.absence_of(entrance).filter(|_| !admission.ports.is_empty()) {
            Some(absence) if absence.may_change => Certainty::Undetermined,
            Some(_) => Certainty::Certain,
            None => admission.certainty,
        }
    });
    let unread_ones = unread(report).map(|_| Certainty::Undetermined);
    Table {
        certainties: judged.chain(unseen.iter().map(|u| u.certainty)).chain(unread_ones).collect(),
        columns: vec!["From", "Via", "Object", "Open", "Workload", "Ports", "Policies", "Because"],
        rows: (rows.iter().map(line))
            .chain(unread(report).map(|u| unread_line(report, u)))
            .chain(unseen.iter().map(|u| unseen_line(report, u)))
            .collect(),
        notes: Vec::new(),
    }
}

/// Whether the pods of a workload are in the network of their node.
fn on_host(report: &Report<'_>, workload: usize) -> bool {
    report.cluster.workloads()[workload].spec.pod.host_network == Some(true)
}

/// What policies leave of the ports that are asked for, in words.
fn words_of(allowed: &PortSet, asked: Option<&PortSet>, certainty: Certainty) -> String {
    match (allowed.is_empty(), asked.is_none_or(|asked| asked == allowed)) {
        (true, _) if certainty == Certainty::Undetermined => "denied, undetermined".to_owned(),
        (true, _) => "denied".to_owned(),
        (false, true) => format!("allowed, {}", certainty.words()),
        (false, false) => format!("only {allowed}, {}", certainty.words()),
    }
}

/// An object that may open an entrance and is not read.
fn unread_line(report: &Report<'_>, unread: &UnreadEntrance) -> Vec<String> {
    let nothing = String::new;
    let object = report.cluster.entries()[unread.object].key.to_string();
    let place = report.sources.line_of(unread.at);
    let because = format!("{} is not read ({place})", unread.kind);
    vec!["Internet".to_owned(), nothing(), object, nothing(), nothing(), nothing(), "undetermined".to_owned(), because]
}

fn unseen_line(report: &Report<'_>, row: &Unseen) -> Vec<String> {
    let verdict = words_of(&row.ports, None, row.certainty);
    let from = format!("{} (not in the input)", row.peers);
    let (workload, because) = (report.workload(row.workload), reasons(report, &row.ports, &row.because));
    let nothing = String::new;
    vec![from, nothing(), nothing(), nothing(), workload, row.ports.to_string(), verdict, because]
}

/// Exposure as JSON: `version`, `ways`, `unseen` (pods), `unread` (entrances) and `diagnostics`.
pub fn exposure_json(report: &Report<'_>, extent: Extent) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        ways: Vec<RowJson<'a>>,
        unseen: Vec<UnseenJson<'a>>,
        unread: Vec<UnreadJson<'a>>,
        diagnostics: Vec<DiagnosticJson<'a>>,
    }
    let (rows, unseen) = (rows(report), unseen(report, extent));
    report.json(&Document {
        version: VERSION,
        ways: rows.iter().map(|row| RowJson::of(report, row)).collect(),
        unseen: unseen.iter().map(|row| UnseenJson::of(report, row)).collect(),
        unread: unread(report).map(|u| UnreadJson::of(report, u)).collect(),
        diagnostics: report.diagnostics(),
    })
}

/// A way in, and the workload behind it.
#[derive(Serialize)]
struct RowJson<'a> {
    from: &'a NodeId,
    to: &'a NodeId,
    #[serde(flatten)]
    way: WayJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaches: Option<ReachJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

/// A workload behind a way in, and what policies leave of it.
#[derive(Serialize)]
struct ReachJson<'a> {
    workload: String,
    ports: PortsJson,
    allowed: PortsJson,
    certainty: &'static str,
    because: Vec<ReasonJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<AbsenceJson<'a>>,
}

/// What a workload allows to pods that the manifests do not contain.
#[derive(Serialize)]
struct UnseenJson<'a> {
    workload: String,
    direction: &'static str,
    peer: DescriptionJson,
    ports: PortsJson,
    certainty: &'static str,
    because: Vec<ReasonJson<'a>>,
}

/// An object that may open an entrance and is not read.
#[derive(Serialize)]
struct UnreadJson<'a> {
    object: String,
    by: &'a str,
    at: String,
}

/// Pods in words.
#[derive(Serialize)]
struct DescriptionJson {
    peers: String,
    namespaces: String,
    pods: String,
}

impl<'a> RowJson<'a> {
    fn of(report: &'a Report<'a>, row: &'a Row<'a>) -> RowJson<'a> {
        let reaches = row.workload.as_ref();
        RowJson {
            from: &row.way.from.id,
            to: &row.way.to.id,
            way: WayJson::of(row.way.way),
            reaches: reaches.map(|(entrance, admission)| ReachJson::of(report, entrance, admission)),
            at: row.way.at.map(Evidence::place),
        }
    }
}

impl<'a> ReachJson<'a> {
    fn of(report: &'a Report<'a>, entrance: &Entrance, admission: &Admission) -> ReachJson<'a> {
        ReachJson {
            workload: report.workload(entrance.workload),
            ports: PortsJson::of(&entrance.ports),
            allowed: PortsJson::of(&admission.ports),
            certainty: admission.certainty.as_str(),
            because: admission.because.iter().map(|r| ReasonJson::of(report, r)).collect(),
            absence: report.facts.absence_of(entrance).map(|a| AbsenceJson::of(report, a)),
        }
    }
}

impl<'a> UnseenJson<'a> {
    fn of(report: &'a Report<'a>, row: &Unseen) -> UnseenJson<'a> {
        UnseenJson {
            workload: report.workload(row.workload),
            direction: row.direction.as_str(),
            peer: DescriptionJson {
                peers: row.peers.to_string(),
                namespaces: row.peers.namespaces.to_string(),
                pods: row.peers.pods.to_string(),
            },
            ports: PortsJson::of(&row.ports),
            certainty: row.certainty.as_str(),
            because: row.because.iter().map(|r| ReasonJson::of(report, r)).collect(),
        }
    }
}

impl<'a> UnreadJson<'a> {
    fn of(report: &Report<'_>, unread: &'a UnreadEntrance) -> UnreadJson<'a> {
        UnreadJson {
            object: report.cluster.entries()[unread.object].key.to_string(),
            by: &unread.kind,
            at: report.sources.line_of(unread.at),
        }
    }
}

/// The rules by which listed objects send requests on, or get them.
fn listed_routes<'a>(report: &'a Report<'a>) -> impl Iterator<Item = RouteRow<'a>> {
    tables::routes(report.graph).into_iter().filter(|row| report.lists_node(row.by) || report.lists_node(row.to))
}

/// A table of routes: which object sends which host and path where.
pub fn routes_table(report: &Report<'_>) -> Table {
    let rows = listed_routes(report).map(|row| {
        let port = row.port.text();
        let host = if row.rule.default {
            "(default)".to_owned()
        } else {
            // A rule of several hosts holds for all that the route names.
            let named = if let Detail::Route { hosts } = &row.by.detail { hosts.join(", ") } else { String::new() };
            row.rule.host.clone().unwrap_or(if named.is_empty() { "*".to_owned() } else { named })
        };
        let tls = row.rule.tls.as_str();
        let path = row.rule.path.clone().unwrap_or_default();
        let weight = row.rule.weight.map(|w| w.to_string()).unwrap_or_default();
        let at = row.at.map(Evidence::place).unwrap_or_default();
        vec![row.by.id.to_string(), host, path, tls.to_owned(), row.to.id.to_string(), port, weight, at]
    });
    let columns = vec!["By", "Host", "Path", "TLS", "To", "Port", "Weight", "At"];
    Table { columns, rows: rows.collect(), ..Table::default() }
}

/// Routes as JSON: `version`, `routes` and `diagnostics`.
pub fn routes_json(report: &Report<'_>) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        routes: Vec<RouteJson<'a>>,
        diagnostics: Vec<DiagnosticJson<'a>>,
    }
    let routes = listed_routes(report).collect::<Vec<_>>().iter().map(RouteJson::of).collect();
    report.json(&Document { version: VERSION, routes, diagnostics: report.diagnostics() })
}
