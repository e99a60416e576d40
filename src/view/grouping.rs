//! Frames by the value of a label.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;

use crate::graph::{EdgeKind, Graph, Group, NodeId, NodeKind};

use super::{Labels, part};

/// The value of a label for each node that has one, by position.
///
/// A Service without the label takes the value of its workloads if they have a single one: often only the Service lacks
/// the label.
pub fn values(graph: &Graph, labels: &Labels, key: &str) -> BTreeMap<usize, String> {
    let own = |id: &NodeId| labels.get(id)?.iter().find_map(|set| set.get(key)).cloned();
    let mut found: BTreeMap<usize, String> =
        graph.nodes().enumerate().filter_map(|(index, node)| Some((index, own(&node.id)?))).collect();
    let services = graph.nodes().enumerate().filter(|(_, n)| n.kind() == NodeKind::Service).map(|(i, _)| i);
    for service in services.filter(|s| !found.contains_key(s)).collect::<Vec<_>>() {
        let selected =
            graph.outgoing(service).into_iter().map(|e| graph.edge(e)).filter(|e| e.2.kind() == EdgeKind::Selects);
        let theirs: BTreeSet<Option<&String>> = selected.map(|(_, to, _)| found.get(&to)).collect();
        if theirs.len() == 1
            && let Some(Some(value)) = theirs.first().map(|v| v.cloned())
        {
            found.insert(service, value);
        }
    }
    found
}

/// Labels by which objects say what they belong to, the widest first
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>).
const DIVIDING: &[&str] =
    &["app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"];

/// A division of the namespace that contains most workloads of a graph, so that an overview by namespaces would be one
/// box: the value of the first common label that most of its workloads have and that tells them apart, else its
/// connected parts, each by the name of its first workload. `None` if no namespace does, or nothing divides it.
pub fn division(graph: &Graph, labels: &Labels) -> Option<BTreeMap<usize, String>> {
    let mut homes: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, node) in graph.nodes().enumerate().filter(|(_, n)| n.kind() == NodeKind::Workload) {
        homes.entry(node.namespace.as_deref()).or_default().push(index);
    }
    let all: usize = homes.values().map(Vec::len).sum();
    let (home, workloads) = homes.into_iter().find(|(_, workloads)| workloads.len() * 2 > all)?;
    let divides = |found: &BTreeMap<usize, String>| {
        let of_workloads: Vec<&String> = workloads.iter().filter_map(|w| found.get(w)).collect();
        let distinct = of_workloads.iter().collect::<BTreeSet<_>>().len();
        of_workloads.len() * 2 >= workloads.len() && distinct > 1 && distinct * 3 <= of_workloads.len() * 2
    };
    let inside = |mut found: BTreeMap<usize, String>| {
        found.retain(|&node, _| graph.node(node).namespace.as_deref() == home);
        found
    };
    let by_label = DIVIDING.iter().map(|key| inside(values(graph, labels, key))).find(divides);
    by_label.or_else(|| Some(inside(parts(graph))).filter(divides))
}

/// For each node of a namespace the name of the first workload that lines connect it with, inside of namespaces.
fn parts(graph: &Graph) -> BTreeMap<usize, String> {
    let count = graph.nodes().len();
    let mut joined: UnionFind<usize> = UnionFind::new(count);
    let is_inside = |node: usize| graph.node(node).namespace.is_some();
    for (from, to, _) in graph.edges().filter(|(from, to, _)| is_inside(*from) && is_inside(*to)) {
        joined.union(from, to);
    }
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    for (index, node) in graph.nodes().enumerate().filter(|(_, n)| n.kind() == NodeKind::Workload) {
        names.entry(joined.find(index)).or_insert_with(|| node.name.clone());
    }
    (0..count).filter(|&n| is_inside(n)).filter_map(|n| Some((n, names.get(&joined.find(n))?.clone()))).collect()
}

/// Puts nodes with the label into a frame for each value, `part-of=checkout`, inside the frame of their namespace. The
/// other nodes stay in the frame of the namespace.
pub fn group(graph: Graph, labels: &Labels, key: &str) -> Graph {
    let found = values(&graph, labels, key);
    // The part before the slash names only the owner of the key.
    let short = key.rsplit('/').next().unwrap_or(key);
    let homes: Vec<(NodeId, Group)> = found
        .iter()
        .filter_map(|(&index, value)| {
            let node = graph.node(index);
            let namespace = node.namespace.as_ref()?;
            Some((node.id.clone(), Group::part(namespace, format!("{short}={value}"))))
        })
        .collect();
    let mut builder = part(&graph, &vec![true; graph.nodes().len()], |_| true);
    for (id, group) in homes {
        builder.place(&id, group);
    }
    builder.build()
}
