//! Selects a part of a graph. Summary nodes represent the unselected objects at the other end of its connections.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Detail, Graph, Identity, Node, NodeId, NodeKind, RestSide, SummaryId};
use crate::net::kinds::kind_named;
use crate::net::{ClusterName, near, text};

use super::aspect::exposed;
use super::merge::{Bundles, Card, SummaryMembers};
use super::{LabelSelector, Labels, is_object, part};

/// An object by its name, with optional kind and namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The text, as written.
    pub text: String,
    /// The kind, in lower case.
    pub kind: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// The criteria of a selection. All of them must match; without criteria everything is selected.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Selection {
    /// Objects of these namespaces.
    pub namespaces: Vec<String>,
    /// Objects with these labels.
    pub labels: Option<LabelSelector>,
    /// Objects of these kinds, as `Deployment`, case-insensitive.
    pub kinds: Vec<String>,
    /// These objects and their surroundings.
    pub focus: Vec<Anchor>,
    /// The number of steps around them.
    pub depth: usize,
}

impl Selection {
    /// True if everything is selected.
    pub fn is_everything(&self) -> bool {
        self.namespaces.is_empty() && self.labels.is_none() && self.kinds.is_empty() && self.focus.is_empty()
    }
}

/// A selection matches no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingSelected {
    /// No object has the name.
    #[error("there is no object `{wanted}`; there are {there}")]
    NoSuchObject {
        /// The requested name.
        wanted: String,
        /// The objects of the graph.
        there: String,
    },
    /// No object matches the namespaces, kinds and labels.
    #[error("nothing is selected: no object {wanted}; the manifests contain {there}")]
    NoMatch {
        /// The requested criteria.
        wanted: String,
        /// The namespaces and kinds of the graph.
        there: String,
    },
}

/// Returns the selected part of a graph.
///
/// Ends of its connections that are not objects (the Internet, addresses, sets of pods) are included, and so are
/// references to missing objects. Unselected objects at the other end of its connections become one node for each
/// namespace and direction. A graph without nodes stays as it is.
///
/// # Errors
///
/// If nothing is selected; the error lists the contents of the graph.
pub fn select(graph: Graph, labels: &Labels, selection: &Selection) -> Result<Graph, NothingSelected> {
    if selection.is_everything() || graph.nodes().len() == 0 {
        return Ok(graph);
    }
    let fits: Vec<bool> = graph.nodes().map(|n| fits(n, labels, selection)).collect();
    let reached = exposed(&graph);
    let (chosen, core) =
        if selection.focus.is_empty() { (fits.clone(), fits) } else { around(&graph, selection, &fits)? };
    if !chosen.contains(&true) {
        let there = contents(&graph) + &similar(&graph, selection);
        return Err(NothingSelected::NoMatch { wanted: wanted(selection), there });
    }
    Ok(cut(&graph, (&chosen, &core), &reached))
}

fn fits(node: &Node, labels: &Labels, selection: &Selection) -> bool {
    let label = node.label.to_ascii_lowercase();
    let of = |wanted: &String| {
        wanted.eq_ignore_ascii_case(&label)
            || (node.kind() != NodeKind::Missing && wanted.eq_ignore_ascii_case(node.kind().as_str()))
    };
    is_object(node)
        && (selection.namespaces.is_empty()
            || node.namespace.as_ref().is_some_and(|n| selection.namespaces.contains(n)))
        && (selection.kinds.is_empty() || selection.kinds.iter().any(of))
        && selection.labels.as_ref().is_none_or(|wanted| labels.get(&node.id).is_some_and(|sets| wanted.matches(sets)))
}

/// The matching nodes within the given number of steps of the anchors, and the part of them whose connections are all
/// shown. A node at the last step shows only its connections with the other nodes.
fn around(graph: &Graph, selection: &Selection, fits: &[bool]) -> Result<(Vec<bool>, Vec<bool>), NothingSelected> {
    let mut chosen = vec![false; fits.len()];
    for anchor in &selection.focus {
        let meant = |by_kind: bool| -> Vec<usize> {
            (0..fits.len()).filter(|&n| is_meant(graph.node(n), anchor, by_kind)).collect()
        };
        let mut found = meant(false);
        if found.is_empty() {
            // `ingress/edge` may be a namespace and a name, or a kind and a name.
            found = meant(true);
        }
        if found.is_empty()
            && let Some(ClusterName { pod: None, service, namespace: Some(home), .. }) =
                ClusterName::parse(&anchor.text)
        {
            let meant = |n: &Node| is_object(n) && n.name == service && n.namespace.as_deref() == Some(home);
            found = (0..fits.len()).filter(|&n| meant(graph.node(n))).collect();
        }
        if found.is_empty() {
            let mut objects: Vec<&Node> = graph.nodes().filter(|n| is_object(n)).collect();
            // Objects with the same name and another kind or namespace are the likeliest candidates.
            let alike = near::Names::new(objects.iter().map(|n| n.name.as_str())).alike(&anchor.name);
            let rank = |n: &Node| alike.iter().position(|name| *name == n.name).unwrap_or(alike.len());
            objects.sort_by_key(|n| (n.name != anchor.name, rank(n), !n.name.contains(&anchor.name)));
            let names: Vec<String> = objects.into_iter().map(|n| n.id.to_string()).collect();
            return Err(NothingSelected::NoSuchObject {
                wanted: anchor.text.clone(),
                there: text::first(names, MOST_NAMES),
            });
        }
        let fitting: Vec<usize> =
            found.iter().copied().filter(|&n| fits[n] || graph.node(n).kind() == NodeKind::Internet).collect();
        for node in fitting {
            chosen[node] = true;
        }
    }
    let mut core = chosen.clone();
    for _ in 0..selection.depth {
        let before = chosen.clone();
        core.clone_from(&before);
        let active = Active::new(graph, &before);
        for (from, to, _) in graph.edges() {
            if active.concerns(from, to) {
                for end in [from, to] {
                    chosen[end] |= fits[end];
                }
            }
        }
        if chosen == before {
            break;
        }
    }
    add_services(graph, fits, &mut chosen);
    Ok((chosen, core))
}

/// Adds Services whose backends are all chosen: they are other names for these workloads.
fn add_services(graph: &Graph, fits: &[bool], chosen: &mut [bool]) {
    for service in (0..chosen.len()).filter(|&n| fits[n] && graph.node(n).kind() == NodeKind::Service) {
        let targets: Vec<usize> = graph.outgoing(service).into_iter().map(|e| graph.edge(e).1).collect();
        let theirs = |&target: &usize| chosen[target] && graph.node(target).kind() == NodeKind::Workload;
        if !targets.is_empty() && targets.iter().all(theirs) {
            chosen[service] = true;
        }
    }
}

fn is_meant(node: &Node, anchor: &Anchor, by_kind: bool) -> bool {
    if anchor.name.eq_ignore_ascii_case("internet")
        && anchor.namespace.is_none()
        && anchor.kind.is_none()
        && node.kind() == NodeKind::Internet
    {
        return true;
    }
    let (kind, namespace) = match (&anchor.kind, &anchor.namespace, by_kind) {
        (None, Some(word), true) => (Some(word.as_str()), None),
        (kind, namespace, _) => (kind.as_deref(), namespace.as_deref()),
    };
    let kind = kind.map(|k| kind_named(k).unwrap_or(k));
    is_object(node)
        && node.name == anchor.name
        && namespace.is_none_or(|n| node.namespace.as_deref() == Some(n))
        && kind.is_none_or(|k| node.label.eq_ignore_ascii_case(k))
}

/// Nodes from which, and to which, edges of a chosen node run: the node, sets with it as a member, and junctions.
pub(super) struct Active {
    forward: Vec<bool>,
    backward: Vec<bool>,
}

impl Active {
    pub(super) fn new(graph: &Graph, chosen: &[bool]) -> Active {
        let ids: BTreeSet<&NodeId> = graph.nodes().zip(chosen).filter(|(_, c)| **c).map(|(n, _)| &n.id).collect();
        let own: Vec<bool> = graph
            .nodes()
            .zip(chosen)
            .map(|(node, chosen)| match &node.detail {
                Detail::Peers { members: Some(members), .. } => *chosen || members.iter().any(|m| ids.contains(m)),
                _ => *chosen,
            })
            .collect();
        let mut active = Active { forward: own.clone(), backward: own };
        let is_junction = |n: usize| graph.node(n).kind() == NodeKind::Junction;
        for (from, to, _) in graph.edges() {
            if is_junction(to) && active.forward[from] {
                active.forward[to] = true;
            }
            if is_junction(from) && active.backward[to] {
                active.backward[from] = true;
            }
        }
        active
    }

    /// True if an edge belongs to a chosen node.
    pub(super) fn concerns(&self, from: usize, to: usize) -> bool {
        self.forward[from] || self.backward[to]
    }
}

/// The chosen nodes, the other ends of the edges of the core, summaries there, and edges between chosen nodes.
fn cut(graph: &Graph, (chosen, core): (&[bool], &[bool]), reached: &[bool]) -> Graph {
    let active = Active::new(graph, core);
    let comes_along = |n: usize| chosen[n] || !is_object(graph.node(n)) || graph.node(n).kind() == NodeKind::Missing;
    let mut kept = chosen.to_vec();
    for (from, to, _) in graph.edges() {
        if active.concerns(from, to) {
            for end in [from, to] {
                kept[end] |= comes_along(end);
            }
        }
    }
    let wanted = |edge: usize| {
        let (from, to, _) = graph.edge(edge);
        active.concerns(from, to) || (chosen[from] && chosen[to])
    };
    let mut builder = part(graph, &kept, wanted);
    let homes: BTreeSet<&str> =
        graph.nodes().zip(chosen).filter(|(_, c)| **c).filter_map(|(n, _)| n.namespace.as_deref()).collect();
    let mut summaries: BTreeMap<(String, RestSide), SummaryMembers> = BTreeMap::new();
    let mut bundles = Bundles::default();
    for (index, (from, to, edge)) in graph.edges().enumerate() {
        if !active.concerns(from, to) || (kept[from] && kept[to]) {
            continue;
        }
        let mut end = |node: usize, side: RestSide| {
            let known = graph.node(node);
            if kept[node] {
                return known.id.clone();
            }
            let namespace = known.namespace.clone().unwrap_or_default();
            let id = SummaryId::Rest { side, namespace: namespace.clone() };
            summaries.entry((namespace, side)).or_default().add(node);
            Identity::Summary(id).into()
        };
        let (a, b) = (end(from, RestSide::From), end(to, RestSide::To));
        if graph.node(from).has_route_rows() && kept[from] {
            // Edges from rows remain rows.
            builder.compared_edge(&a, &b, edge.detail.clone(), edge.evidence.iter().cloned(), edge.change.clone());
            // The builder drops the edge unless its end is added below.
        } else {
            bundles.add(a, b, graph, index);
        }
    }
    for ((namespace, side), summary) in &summaries {
        let id = SummaryId::Rest { side: *side, namespace: namespace.clone() };
        let name = rest_name(graph, summary, namespace, &homes);
        let card = Card { id, namespace: homes.contains(namespace.as_str()).then(|| namespace.clone()), name };
        builder.node(summary.node(graph, card, reached));
    }
    bundles.build(graph, &mut builder);
    if chosen != core {
        builder.cut_off();
    }
    builder.build()
}

/// How the summary of a namespace is called, among the namespaces that are drawn or apart from them.
fn rest_name(graph: &Graph, summary: &SummaryMembers, namespace: &str, drawn: &BTreeSet<&str>) -> String {
    let members = summary.members();
    let only = if members.len() == 1 { members.first().map(|&m| graph.node(m)) } else { None };
    match (only, drawn.contains(namespace)) {
        (Some(only), true) => only.name.clone(),
        (Some(only), false) => format!("{namespace}/{}", only.name),
        (None, true) => format!("{} more", members.len()),
        (None, false) => format!("namespace {namespace}"),
    }
}

fn wanted(selection: &Selection) -> String {
    let mut parts = Vec::new();
    if !selection.namespaces.is_empty() {
        parts.push(format!("in namespace {}", selection.namespaces.join(" or ")));
    }
    if !selection.kinds.is_empty() {
        parts.push(format!("of kind {}", selection.kinds.join(" or ")));
    }
    if let Some(labels) = &selection.labels {
        parts.push(format!("with labels {}", labels.as_str()));
    }
    if !selection.focus.is_empty() {
        let names: Vec<&str> = selection.focus.iter().map(|a| a.text.as_str()).collect();
        parts.push(format!("called {}", names.join(" or ")));
    }
    parts.join(", ")
}

/// `; did you mean …` with the namespaces and kinds that are like the requested ones.
fn similar(graph: &Graph, selection: &Selection) -> String {
    let objects = || graph.nodes().filter(|n| is_object(n) && n.kind() != NodeKind::Missing);
    let namespaces = near::Names::new(objects().filter_map(|n| n.namespace.as_deref()));
    let kinds = near::Names::new(objects().map(|n| n.label.to_ascii_lowercase()));
    let of_namespaces = selection.namespaces.iter().filter_map(|n| namespaces.nearest(n).filter(|near| near != n));
    let kind = |k: &String| kinds.nearest(&k.to_ascii_lowercase()).filter(|near| !near.eq_ignore_ascii_case(k));
    let of_kinds = selection.kinds.iter().filter_map(kind);
    let meant: Vec<String> = of_namespaces.map(str::to_owned).chain(of_kinds).map(|n| format!("`{n}`")).collect();
    if meant.is_empty() { String::new() } else { format!("; did you mean {}?", text::first(meant, MOST_NAMES)) }
}

/// So many names are listed.
const MOST_NAMES: usize = 12;

fn contents(graph: &Graph) -> String {
    let objects = || graph.nodes().filter(|n| is_object(n) && n.kind() != NodeKind::Missing);
    let namespaces: BTreeSet<String> = objects().filter_map(|n| n.namespace.clone()).collect();
    let kinds: BTreeSet<String> = objects().map(|n| n.label.clone()).collect();
    format!("namespaces {} and kinds {}", text::first(namespaces, MOST_NAMES), text::first(kinds, MOST_NAMES))
}
