//! What a picture says, in a sentence or two, and ids that are derived from what they name.

use std::collections::BTreeMap;

use crate::graph::{
    self, AddressesId, Change, ChangeKind, Detail, EdgeDetail, EdgeKind, Exposure, Graph, Identity, LineEnd, NodeId,
    NodeKind, Scope,
};
use crate::layout::{Layout, TextRole};
use crate::net::text;
use crate::policy::Origin;
use crate::world::World;

use super::PictureOptions;
use super::entries::{self, Entries, Reach};

/// Kinds that are drawn only where a picture is about what workloads use.
const CONFIG: &[NodeKind] =
    &[NodeKind::ConfigMap, NodeKind::Secret, NodeKind::Claim, NodeKind::ServiceAccount, NodeKind::Scaler];

/// How many exposed things a description names before it only counts them.
const NAMED: usize = 5;

/// A line of a label that is longer than this is broken, or what draws the label would make a box as wide as a page.
const LINE: usize = 60;
/// More lines than this are counted instead of written; the tooltip has them all.
const LINES: usize = 12;

/// A label of few and not too long lines, for programs that make boxes as large as their words.
pub(crate) fn folded(text: &str) -> String {
    let mut lines = Vec::new();
    for whole in text.split('\n') {
        let chars: Vec<char> = whole.chars().collect();
        lines.extend(chars.chunks(LINE).map(|c| c.iter().collect::<String>()));
    }
    if lines.len() > LINES {
        let more = lines.len() - LINES + 1;
        lines.truncate(LINES - 1);
        lines.push(format!("… {more} more lines"));
    }
    lines.join("\n")
}

/// What the picture is called: its heading, else the title asked for, else a plain name.
pub(crate) fn title(layout: &Layout, graph: &Graph, options: &PictureOptions) -> String {
    let heading: Vec<&str> =
        layout.heading.iter().filter(|t| t.role == TextRole::Title).map(|t| t.content.as_str()).collect();
    if heading.is_empty() {
        options.title.clone().unwrap_or_else(|| subject(graph).to_owned())
    } else {
        heading.join(" ")
    }
}

/// What a picture without a title is called.
pub(crate) fn subject(graph: &Graph) -> &'static str {
    if CONFIG.iter().any(|k| graph.count(*k) > 0) { "What workloads use" } else { "What can reach what" }
}

/// Counts and exposure, in two sentences; of a union of two states first what changed.
pub(crate) fn description(graph: &Graph) -> String {
    described(graph, |entry| entries::drawn(graph, entry))
}

/// The same for the page of a World, whose verdicts count.
pub(super) fn description_of(graph: &Graph, world: &World) -> String {
    let entries = Entries::of(world);
    described(graph, |entry| entries.reach(graph.node(entry)))
}

fn described(graph: &Graph, reach: impl Fn(usize) -> Reach) -> String {
    if graph.is_comparison() {
        return comparison(graph, reach);
    }
    let mut said = vec![counts(graph)];
    let (open, rest) = reachable("Reachable from the Internet", graph, reach, |_| true);
    match open {
        Some(text) => said.push(text),
        // What a selection left out may lead to what it took.
        None if graph.not_shown().iter().any(|n| n.is_entrance) => {
            said.push("Whether anything is reachable from the Internet cannot be determined.".into());
        }
        None if tells_of_ways(graph) && !is_part(graph) => said.push("Nothing is reachable from the Internet.".into()),
        None => {}
    }
    said.extend(rest);
    said.extend(graph.footnote().map(|note| format!("{}.", note.replacen('n', "N", 1))));
    said.join(" ")
}

/// Whether the graph is a selection with connections to what it left out.
fn is_part(graph: &Graph) -> bool {
    graph.is_cut_off() || graph.nodes().any(|n| matches!(&n.detail, Detail::Summary(s) if s.scope == Scope::Rest))
}

/// What changed in which way, and whether it is reachable from the Internet, in a sentence each.
fn comparison(graph: &Graph, reach: impl Fn(usize) -> Reach) -> String {
    if graph.is_unchanged() {
        return format!("Nothing changed. {}", counts(graph));
    }
    let mut said = Vec::new();
    for kind in ChangeKind::ALL {
        let parts = graph.tally(*kind);
        let word = match kind {
            ChangeKind::Added => "Added",
            ChangeKind::Removed => "Removed",
            ChangeKind::Changed => "Changed",
            ChangeKind::Same => "Unchanged and shown",
        };
        if !parts.is_empty() {
            said.push(format!("{word}: {}.", text::sentence(&parts, parts.len())));
        }
    }
    for (kind, words) in [
        (ChangeKind::Added, "Newly reachable from the Internet"),
        (ChangeKind::Removed, "No longer reachable from the Internet in this way"),
    ] {
        let (open, _) = reachable(words, graph, &reach, |k| k == Some(kind));
        said.extend(open);
    }
    said.join(" ")
}

/// `2 Services and 1 workload in 1 namespace.`
pub(super) fn counts(graph: &Graph) -> String {
    let counts: Vec<String> = NodeKind::ALL
        .iter()
        .filter_map(|kind| {
            let count = graph.count(*kind);
            let (one, many) = noun(*kind)?;
            (count > 0).then(|| counted(count, one, many))
        })
        .collect();
    let mut text = if counts.is_empty() { "Nothing to show".to_owned() } else { text::sentence(&counts, counts.len()) };
    let groups = graph.namespaces();
    if groups > 0 {
        text.push_str(&format!(" in {}", counted(groups, "namespace", "namespaces")));
    }
    text.push('.');
    text
}

/// The first few of what is reachable through the edges whose change is wanted, and what is open and not reached, in a
/// sentence each.
fn reachable(
    words: &str,
    graph: &Graph,
    reach: impl Fn(usize) -> Reach,
    wanted: impl Fn(Option<ChangeKind>) -> bool,
) -> (Option<String>, Vec<String>) {
    let mut of: BTreeMap<Reach, Vec<String>> = BTreeMap::new();
    for (entry, text) in exposed(graph, wanted) {
        of.entry(reach(entry)).or_default().push(text);
    }
    let mut sentence = |reach: Reach, words: &str| {
        of.remove(&reach).map(|named| format!("{words}: {}.", text::sentence(named, NAMED)))
    };
    let open = sentence(Reach::Reached, words);
    let rest = [
        (Reach::Undetermined, "Open to the Internet, and what policies leave of it cannot be determined"),
        (Reach::Denied, "Open to the Internet and denied by policies"),
        (Reach::Empty, "Open to the Internet without a workload behind it in the manifests"),
    ];
    (open, rest.into_iter().filter_map(|(reach, words)| sentence(reach, words)).collect())
}

/// Whether a graph holds what requests go through. Where a view left it out, nothing can be said of the outside.
pub(crate) fn tells_of_ways(graph: &Graph) -> bool {
    let any = |kinds: &[NodeKind]| kinds.iter().any(|k| graph.count(*k) > 0);
    any(&[NodeKind::Ingress, NodeKind::Gateway, NodeKind::Route, NodeKind::Service]) && !any(CONFIG)
}

/// What is open to the Internet, as `shop/web (Ingress 443)`, by the edges whose change is wanted.
fn exposed(graph: &Graph, wanted: impl Fn(Option<ChangeKind>) -> bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (from, to, edge) in graph.edges() {
        if edge.kind() == EdgeKind::Exposes
            && graph.node(from).kind() == NodeKind::Internet
            && wanted(edge.change.as_ref().map(Change::kind))
        {
            let node = graph.node(to);
            let name = match &node.namespace {
                Some(namespace) if node.kind() != NodeKind::Summary => format!("{namespace}/{}", node.name),
                _ => node.name.clone(),
            };
            let ways: Vec<String> = match &edge.detail {
                EdgeDetail::Exposes(ways) => ways.iter().map(Exposure::text).collect(),
                EdgeDetail::Several(several) => vec![format!("{} ways", several.count)],
                _ => Vec::new(),
            };
            found.push((to, if ways.is_empty() { name } else { format!("{name} ({})", ways.join(", ")) }));
        }
    }
    found.sort_by(|(_, a), (_, b)| text::natural(a, b));
    found
}

/// The words for one and for many of a kind; the Internet is there once and not counted.
pub(crate) fn noun(kind: NodeKind) -> Option<(&'static str, &'static str)> {
    match kind {
        NodeKind::Internet | NodeKind::Peers | NodeKind::Junction | NodeKind::Summary => None,
        NodeKind::External => Some(("outside address range", "outside address ranges")),
        NodeKind::ExternalName => Some(("outside name", "outside names")),
        NodeKind::Ingress => Some(("Ingress", "Ingresses")),
        NodeKind::Gateway => Some(("Gateway", "Gateways")),
        NodeKind::Route => Some(("route", "routes")),
        NodeKind::Service => Some(("Service", "Services")),
        NodeKind::Workload => Some(("workload", "workloads")),
        NodeKind::ConfigMap => Some(("ConfigMap", "ConfigMaps")),
        NodeKind::Secret => Some(("Secret", "Secrets")),
        NodeKind::Claim => Some(("volume claim", "volume claims")),
        NodeKind::ServiceAccount => Some(("ServiceAccount", "ServiceAccounts")),
        NodeKind::Scaler => Some(("autoscaler", "autoscalers")),
        NodeKind::Resource => Some(("other resource", "other resources")),
        NodeKind::Missing => Some(("missing reference", "missing references")),
    }
}

/// `1 Service`, `2 Services`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What ids in the picture start with; ends in no separator.
pub(crate) fn id_prefix(layout: &Layout, graph: &Graph, options: &PictureOptions) -> String {
    let asked: Option<String> = options
        .id_prefix
        .as_ref()
        .map(|p| p.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect());
    match asked {
        // An id that starts with a digit cannot be selected without escapes.
        Some(asked) if asked.starts_with(|c: char| c.is_ascii_alphabetic()) => asked,
        Some(asked) if !asked.is_empty() => format!("ks{asked}"),
        _ => {
            let names: Vec<String> = graph.groups().iter().map(|g| g.id.to_string()).collect();
            format!(
                "ks{:08x}",
                graph::digest(&format!("{}\n{}", title(layout, graph, options), names.join("\n"))) >> 32
            )
        }
    }
}

/// The id of the node for clients outside of the cluster.
pub(crate) fn origin(origin: &Origin) -> NodeId {
    NodeId::from(match origin {
        Origin::Internet => Identity::Internet,
        Origin::PrivateNetwork => Identity::PrivateNetwork,
        Origin::Addresses(addresses) => Identity::Addresses(AddressesId {
            addresses: addresses.clone(),
            except: Vec::new(),
            end: LineEnd::From,
            on: None,
        }),
    })
}

/// The id of a node's drawing.
pub(crate) fn node_id(prefix: &str, id: &str) -> String {
    format!("{prefix}-{:016x}", graph::digest(id))
}
