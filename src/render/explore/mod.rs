//! The data of the script of a page, as JSON: nodes, edges, allowed connections and manifests, in the words of the
//! tables. The JSON contains no `<`, so nothing in it can end its element. The script only makes text nodes of it.

mod calls;
mod edges;
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
use crate::graph::{
    Change, ChangeKind, Detail, EdgeDetail, EdgeKind, Graph, Mark, Node, NodeId, NodeKind, PortMap, port_text,
};
use crate::layout::{Layout, Sample, edge_word};
use crate::net::ObjectKey;
use crate::why;
use crate::world::World;

use self::calls::CallJson;
use self::edges::{EdgeJson, Range};
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

/// What the data of a page are made of.
pub(super) struct Subject<'a> {
    /// What the tables are about.
    pub(super) graph: &'a Graph,
    /// The picture, which gives the kinds of edges.
    pub(super) layout: &'a Layout,
    /// Everything there is.
    pub(super) world: &'a World,
    /// The old state, on the page of a change.
    pub(super) old: Option<&'a World>,
    /// Allowed connections, given if they are known already.
    pub(super) verdicts: Option<&'a Verdicts>,
    /// The manifests that the page contains.
    pub(super) texts: ObjectTexts,
    /// Pages of namespaces beside this one: name and file.
    pub(super) pages: Vec<(String, String)>,
}

/// The data of a page.
pub(super) fn data(subject: Subject<'_>) -> Data {
    let Subject { graph, layout, world, old, verdicts, texts, pages } = subject;
    let own = if verdicts.is_none() { Verdicts::of(world) } else { None };
    let verdicts = verdicts.or(own.as_ref());
    let old_verdicts = old.and_then(Verdicts::of);
    let mut excerpts = Texts::default();
    let mut nodes: Vec<NodeJson<'_>> =
        graph.nodes().map(|n| NodeJson::of(graph, n, world.cluster(), &mut excerpts)).collect();
    let mut elsewhere = BTreeMap::new();
    let rows = rows(graph, world, &mut nodes, &mut elsewhere);
    let old_rows = old.map(|old| rows_of_old(graph, old, &mut nodes, &mut elsewhere));
    judge_nodes(&mut nodes, graph, world, verdicts, &rows);
    let state = StateJson::of(graph, world, verdicts, &rows, &mut excerpts);
    let mut old_excerpts = Texts::default();
    let before = old.zip(old_rows.as_ref()).map(|(old, rows)| {
        for (at, node) in graph.nodes().enumerate() {
            nodes[at].was = old_excerpts.object(old.cluster(), &node.id);
        }
        StateJson::of(graph, old, old_verdicts.as_ref(), rows, &mut old_excerpts)
    });
    let read = |excerpts: Texts, world: &World| {
        texts.secrecy().map(|s| excerpts.read(world.cluster(), world.sources(), s)).unwrap_or_default()
    };
    let document = Document {
        version: super::json::VERSION,
        kinds: edge_kinds(graph, layout),
        nodes,
        edges: graph.edges().map(|(from, to, edge)| EdgeJson::of(graph, from, to, edge)).collect(),
        state,
        texts: read(excerpts, world),
        old_texts: old.map(|old| read(old_excerpts, old)).unwrap_or_default(),
        before,
        pages,
    };
    // Plain structs with string keys cannot fail to be written into memory.
    let text = serde_json::to_string(&document).unwrap_or_default();
    Data::of(inert::json(&text).replace('<', "\\u003c"))
}

/// What is known of single nodes beyond what the graph says.
fn judge_nodes(
    nodes: &mut [NodeJson<'_>],
    graph: &Graph,
    world: &World,
    verdicts: Option<&Verdicts>,
    rows: &[(usize, usize)],
) {
    let has_policies = !world.connectivity().policies().is_empty();
    for &(node, workload) in rows {
        let unread = world.facts().unread_to(workload);
        nodes[node].unread = unread.map(|u| seen(&world.cluster().entries()[u.object].key.to_string()));
        if has_policies {
            nodes[node].pick = why::pod_selector_text(world, workload);
        }
    }
    if let Some(verdicts) = verdicts {
        for (json, node) in nodes.iter_mut().zip(graph.nodes()) {
            json.outside = verdicts.outside(world, node);
        }
    }
}

/// Every workload of a World: the position of its node among those that the page knows, and its position in the
/// cluster. Those outside the graph of the page come after its nodes.
fn rows<'a>(
    graph: &Graph,
    world: &World,
    nodes: &mut Vec<NodeJson<'a>>,
    elsewhere: &mut BTreeMap<ObjectKey, usize>,
) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (at, workload) in world.cluster().workloads().iter().enumerate() {
        let node = graph.object(&workload.key).unwrap_or_else(|| {
            *elsewhere.entry(workload.key.clone()).or_insert_with(|| {
                nodes.push(NodeJson::elsewhere(world, at));
                nodes.len() - 1
            })
        });
        all.push((node, at));
    }
    all.sort_unstable();
    all
}

/// The same for the old state: what only that has is gone.
fn rows_of_old<'a>(
    graph: &Graph,
    old: &World,
    nodes: &mut Vec<NodeJson<'a>>,
    elsewhere: &mut BTreeMap<ObjectKey, usize>,
) -> Vec<(usize, usize)> {
    let known = nodes.len();
    let all = rows(graph, old, nodes, elsewhere);
    for node in &mut nodes[known..] {
        node.change = Some(ChangeKind::Removed.as_str());
    }
    all
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    kinds: Vec<KindJson>,
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson>,
    #[serde(flatten)]
    state: StateJson<'a>,
    texts: Vec<TextJson>,
    /// The old state of a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<StateJson<'a>>,
    #[serde(rename = "oldTexts", skip_serializing_if = "Vec::is_empty")]
    old_texts: Vec<TextJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<(String, String)>,
}

/// What policies say in one state.
#[derive(Serialize)]
struct StateJson<'v> {
    namespaces: Vec<SpaceJson>,
    policies: Vec<PolicyJson>,
    reasons: Vec<ReasonJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matrix: Option<Matrix<'v>>,
    /// The groups of addresses of the Internet, by network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    internet: Vec<(usize, Vec<usize>)>,
    ways: Vec<matrix::WayJson>,
    calls: Vec<CallJson>,
}

impl<'v> StateJson<'v> {
    fn of(
        graph: &Graph,
        world: &World,
        verdicts: Option<&'v Verdicts>,
        rows: &[(usize, usize)],
        texts: &mut Texts,
    ) -> StateJson<'v> {
        let mut cast = verdicts.map(|v| v.cast().clone()).unwrap_or_default();
        let matrix = verdicts.map(|v| Matrix::of(v, world, rows));
        let calls = calls::calls(world, graph, rows, &mut cast);
        let ways = matrix::ways(world, rows, &mut cast);
        let namespaces = spaces(world).into_iter().map(|s| SpaceJson::of(s, &mut cast)).collect();
        let policies = cast.policies(world, texts);
        StateJson {
            namespaces,
            policies,
            reasons: cast.reasons(world),
            matrix,
            internet: verdicts.map(|v| v.internet(world)).unwrap_or_default(),
            ways,
            calls,
        }
    }
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
        entry.map_or(edge_word(kind).to_owned(), |e| e.text.content.clone())
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
    /// True for the set of any pod and any address.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    anyone: bool,
    /// For what is outside: by network, the groups of addresses that it has a part in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outside: Vec<(usize, Vec<usize>)>,
    #[serde(skip_serializing_if = "String::is_empty")]
    at: String,
    /// Its text, by position.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<usize>,
    /// Its text in the old state.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
    /// The declared ports of a workload, as data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    declares: Vec<Range>,
    /// The selector of the pods of a workload, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pick: String,
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
            anyone: matches!(node.detail, Detail::Peers { members: None, .. }),
            outside: Vec::new(),
            at: node.evidence.first().map(|e| seen(&e.place())).unwrap_or_default(),
            text: object,
            was: None,
            change: node.change.as_ref().map(Change::as_str),
            changes: node.change.iter().flat_map(Change::lines).map(|l| seen(&l.to_string())).collect(),
            declares: Vec::new(),
            pick: String::new(),
            unread: None,
            elsewhere: false,
        };
        match &node.detail {
            Detail::Workload { labels, ports, .. } => {
                json.labels = pairs(labels);
                json.declares = ports.iter().map(|p| (p.protocol.as_str(), p.number, p.number)).collect();
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
