//! The data of the script of a page, as JSON: nodes, edges, allowed connections and manifests, in the words of the
//! tables. The JSON contains no `<`, so nothing in it can end its element. The script only makes text nodes of it.

mod matrix;
mod reasons;
mod spaces;
mod texts;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde::Serialize;

use crate::cluster::{Cluster, Secrecy};
use crate::graph::{Change, Detail, EdgeDetail, EdgeKind, Graph, Mark, Node, NodeId, NodeKind, PortMap, port_text};
use crate::layout::{Layout, Sample};
use crate::world::World;

use self::matrix::Matrix;
pub use self::matrix::Verdicts;
use self::reasons::{PolicyJson, ReasonJson};
use self::spaces::SpaceJson;
pub(super) use self::spaces::{SpaceSide, spaces};
use self::texts::{TextJson, Texts};
use super::strokes::LineStyle;
use super::tables;
use super::theme::Hue;
use crate::inert::{self, shown};

/// The manifests that a page contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ObjectTexts {
    /// None.
    Hidden,
    /// All, without values that may be secret.
    #[default]
    Redacted,
    /// All, as they are.
    Whole,
}

impl ObjectTexts {
    fn secrecy(self) -> Option<Secrecy> {
        match self {
            ObjectTexts::Hidden => None,
            ObjectTexts::Redacted => Some(Secrecy::Withheld),
            ObjectTexts::Whole => Some(Secrecy::Open),
        }
    }
}

/// Data of a page are packed from this size on.
const PACKED_FROM: usize = 256 << 10;

/// Data as they stand in a page.
pub(super) struct Data {
    /// JSON without `<`, or that packed (zlib) and written in base64.
    pub(super) text: String,
    /// `deflate`, as browsers call it, or nothing.
    pub(super) encoding: &'static str,
}

impl Data {
    fn of(json: String) -> Data {
        if json.len() < PACKED_FROM {
            return Data { text: json, encoding: "" };
        }
        Data { text: STANDARD.encode(compress_to_vec_zlib(json.as_bytes(), 6)), encoding: "deflate" }
    }
}

/// The data of a page whose tables are about `graph`. The layout gives the kinds of edges that the picture shows;
/// allowed connections, given if they are known already, cover all of the World.
pub(super) fn data(
    graph: &Graph,
    layout: &Layout,
    world: &World,
    verdicts: Option<&Verdicts>,
    texts: ObjectTexts,
) -> Data {
    let own = if verdicts.is_none() { Verdicts::of(world) } else { None };
    let verdicts = verdicts.or(own.as_ref());
    let mut cast = verdicts.map(|v| v.cast().clone()).unwrap_or_default();
    let mut excerpts = Texts::default();
    let rows = Rows::of(graph, world);
    let matrix = verdicts.map(|v| Matrix::of(v, world, &rows.all));
    let ways = matrix::ways(world, &rows.all, &mut cast);
    let namespaces = spaces(world).into_iter().map(|s| SpaceJson::of(s, &mut cast)).collect();
    let mut nodes: Vec<NodeJson<'_>> =
        graph.nodes().map(|n| NodeJson::of(graph, n, world.cluster(), &mut excerpts)).collect();
    nodes.extend(rows.elsewhere().map(|workload| NodeJson::elsewhere(world, workload)));
    for &(node, workload) in &rows.all {
        let unread = world.facts().unread_to(workload);
        nodes[node].unread = unread.map(|u| seen(&world.cluster().entries()[u.object].key.to_string()));
    }
    let policies = cast.policies(world, &mut excerpts);
    let document = Document {
        version: super::json::VERSION,
        kinds: edge_kinds(graph, layout),
        nodes,
        edges: graph.edges().map(|(from, to, edge)| EdgeJson::of(from, to, edge)).collect(),
        namespaces,
        reasons: cast.reasons(world),
        policies,
        matrix,
        ways,
        texts: texts.secrecy().map(|s| excerpts.read(world.cluster(), world.sources(), s)).unwrap_or_default(),
    };
    // Plain structs with string keys cannot fail to be written into memory.
    let text = serde_json::to_string(&document).unwrap_or_default();
    Data::of(inert::json(&text).replace('<', "\\u003c"))
}

/// Every workload of a World: the position of its node among those that the page knows, and its position in the
/// cluster. Those outside the graph of the page come after its nodes.
struct Rows {
    all: Vec<(usize, usize)>,
    /// The number of them in the graph.
    on_page: usize,
}

impl Rows {
    fn of(graph: &Graph, world: &World) -> Rows {
        let ids = || world.cluster().workloads().iter().map(|w| graph.object(&w.key)).enumerate();
        let mut all: Vec<(usize, usize)> = ids().filter_map(|(w, node)| Some((node?, w))).collect();
        all.sort_unstable();
        let on_page = all.len();
        let elsewhere = ids().filter(|(_, node)| node.is_none()).map(|(w, _)| w);
        all.extend(elsewhere.enumerate().map(|(i, w)| (graph.nodes().len() + i, w)));
        Rows { all, on_page }
    }

    /// The workloads that are not on the page, by their position in the cluster.
    fn elsewhere(&self) -> impl Iterator<Item = usize> {
        self.all[self.on_page..].iter().map(|(_, workload)| *workload)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    kinds: Vec<KindJson>,
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson>,
    namespaces: Vec<SpaceJson>,
    policies: Vec<PolicyJson>,
    reasons: Vec<ReasonJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<Matrix<'a>>,
    ways: Vec<matrix::WayJson>,
    texts: Vec<TextJson>,
}

/// A kind of edge, for the legend.
#[derive(Serialize)]
struct KindJson {
    kind: &'static str,
    words: String,
    hue: &'static str,
    width: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dash: Option<&'static str>,
}

/// The kinds of edges of a graph, in the words of the picture's legend where it has one.
fn edge_kinds(graph: &Graph, layout: &Layout) -> Vec<KindJson> {
    let there = |kind: EdgeKind| graph.edges().any(|(.., e)| e.kind() == kind);
    let said = |kind: EdgeKind| {
        let entry = layout.legend.iter().find(|e| matches!(e.sample, Sample::Edge(k) if k == kind));
        entry.map_or(kind.as_str().to_owned(), |e| e.text.content.clone())
    };
    let kinds = EdgeKind::ALL.iter().copied().filter(|k| there(*k));
    kinds
        .map(|kind| {
            let style = LineStyle::of(kind);
            KindJson {
                kind: kind.as_str(),
                words: said(kind),
                hue: Hue::of_edge(kind).word(),
                width: style.width,
                dash: style.dash,
            }
        })
        .collect()
}

/// A node. What is not known is left out.
#[derive(Default, Serialize)]
struct NodeJson<'a> {
    id: Cow<'a, str>,
    kind: &'static str,
    label: String,
    hue: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    facts: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    badges: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    selector: Vec<String>,
    /// Addresses of what is outside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<(&'static str, String, String)>,
    /// The workloads of a set, by position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<usize>,
    #[serde(skip_serializing_if = "String::is_empty")]
    at: String,
    /// Its text, by position.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
    /// The first object that may open an entrance to it and is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
    /// True for a workload that the page does not show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    elsewhere: bool,
}

impl<'a> NodeJson<'a> {
    /// A workload that the page does not show.
    fn elsewhere(world: &World, workload: usize) -> NodeJson<'a> {
        let workload = &world.cluster().workloads()[workload];
        NodeJson {
            id: Cow::Owned(workload.key.to_string()),
            kind: NodeKind::Workload.as_str(),
            label: seen(&workload.key.kind),
            hue: Hue::of_node(NodeKind::Workload, &workload.key.kind).word(),
            ns: Some(seen(workload.key.namespace())),
            name: seen(&workload.key.name),
            elsewhere: true,
            ..NodeJson::default()
        }
    }

    fn of(graph: &Graph, node: &'a Node, cluster: &Cluster, texts: &mut Texts) -> NodeJson<'a> {
        let object = texts.object(cluster, &node.id);
        let mut json = NodeJson {
            id: Cow::Borrowed(node.id.as_str()),
            kind: node.kind().as_str(),
            label: seen(&node.label),
            hue: Hue::of_node(node.kind(), &node.label).word(),
            ns: node.namespace.as_deref().map(seen),
            name: seen(&node.name),
            facts: seen(&node.facts()),
            badges: node.badges().into_iter().map(|(mark, word)| (mark_word(mark), seen(&word))).collect(),
            ports: Vec::new(),
            hosts: Vec::new(),
            images: tables::images(node).into_iter().map(seen).collect(),
            labels: Vec::new(),
            selector: Vec::new(),
            addresses: Vec::new(),
            remarks: node.remarks.iter().map(|r| (r.gravity.as_str(), seen(&r.text), seen(&r.place))).collect(),
            members: Vec::new(),
            at: node.evidence.first().map(|e| seen(&e.place())).unwrap_or_default(),
            text: object,
            change: node.change.as_ref().map(Change::as_str),
            changes: node.change.iter().flat_map(Change::lines).map(|l| seen(&l.to_string())).collect(),
            unread: None,
            elsewhere: false,
        };
        match &node.detail {
            Detail::Workload { labels, ports, .. } => {
                json.labels = pairs(labels);
                json.ports = ports
                    .iter()
                    .map(|p| match &p.name {
                        Some(name) => seen(&format!("{} {name}", port_text(p.number, p.protocol))),
                        None => port_text(p.number, p.protocol),
                    })
                    .collect();
            }
            Detail::Service { ports, selector, .. } => {
                json.ports = ports.iter().map(|p| seen(&service_port(p))).collect();
                json.selector = pairs(selector);
            }
            Detail::Route { hosts } => json.hosts = hosts.iter().map(|h| seen(h)).collect(),
            Detail::Gateway { listeners, .. } => json.hosts = listeners.iter().map(|l| seen(&l.to_string())).collect(),
            Detail::External { addresses, .. } => json.addresses = addresses.iter().map(|a| seen(a)).collect(),
            Detail::Peers { members: Some(members), .. } => {
                json.members = members.iter().filter_map(|m| graph.find(m)).collect()
            }
            _ => {}
        }
        if node.kind() == NodeKind::Ingress {
            json.hosts = hosts(graph, &node.id);
        }
        json
    }
}

/// The hosts that an Ingress sends on, each once.
fn hosts(graph: &Graph, id: &NodeId) -> Vec<String> {
    let edges = graph.find(id).map(|n| graph.outgoing(n)).unwrap_or_default();
    let mut hosts: Vec<String> = edges
        .into_iter()
        .flat_map(|e| match &graph.edge(e).2.detail {
            EdgeDetail::Routes { rules, .. } => rules.iter().filter_map(|r| r.host.as_deref().map(seen)).collect(),
            _ => Vec::new(),
        })
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// `80 → 8080 http`.
fn service_port(port: &PortMap) -> String {
    match &port.name {
        Some(name) => format!("{} {name}", port.text()),
        None => port.text(),
    }
}

fn pairs(labels: &BTreeMap<String, String>) -> Vec<String> {
    labels.iter().map(|(k, v)| seen(&format!("{k}={v}"))).collect()
}

/// A printable text.
fn seen(text: &str) -> String {
    shown(text).into_owned()
}

/// The word for a badge.
fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Isolated => "isolated",
        Mark::Ruled => "restricted",
        Mark::Open => "open",
        Mark::Exposed => "reached",
        Mark::Blocked => "denied",
        Mark::NoNames => "unnamed",
        Mark::Unevaluated => "unevaluated",
        Mark::Broken => "error",
        Mark::Doubtful => "warning",
    }
}

/// An edge: its ends by position, its kind, its label lines, and its evidence as object, field and position.
#[derive(Serialize)]
struct EdgeJson {
    f: usize,
    t: usize,
    k: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    l: Vec<String>,
    w: Vec<(String, String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
}

impl EdgeJson {
    fn of(from: usize, to: usize, edge: &crate::graph::Edge) -> EdgeJson {
        EdgeJson {
            f: from,
            t: to,
            k: edge.kind().as_str(),
            l: edge.told(edge.lines()).iter().map(|l| seen(l)).collect(),
            w: edge.evidence.iter().map(|e| (seen(&e.object), seen(&e.field), seen(&e.place()))).collect(),
            change: edge.change.as_ref().map(Change::as_str),
        }
    }
}
