//! Frames by the value of a label.

use std::collections::{BTreeMap, BTreeSet};

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
