//! What is open to the Internet, and whether policies let anybody through: the one verdict that headlines, panels and
//! tables of a picture or a page share.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Access, Detail, EdgeKind, Graph, Identity, Node, NodeId, NodeKind, Outside};
use crate::policy::{Certainty, Entrance, Way};
use crate::world::World;

use super::words;

/// What becomes of requests from the Internet to an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// They get to a workload, or nothing is known that would stop them.
    Reached,
    /// The manifests do not decide it.
    Undetermined,
    /// Policies deny all of them.
    Denied,
    /// There is no workload behind it in the manifests.
    Empty,
}

/// The verdict on an entry point by what a picture shows of the workloads behind it.
pub(super) fn drawn(graph: &Graph, entry: usize) -> Reach {
    let mut seen = BTreeSet::from([entry]);
    let mut todo = vec![entry];
    let mut found: Option<Reach> = None;
    while let Some(at) = todo.pop() {
        if let Detail::Workload { access, .. } = &graph.node(at).detail {
            let reach = match access {
                Some(Access { outside: Outside::Blocked, .. }) => Reach::Denied,
                Some(Access { outside: Outside::Undetermined, .. }) => Reach::Undetermined,
                _ => Reach::Reached,
            };
            found = Some(found.map_or(reach, |known| known.min(reach)));
        }
        for edge in graph.outgoing(at) {
            let (_, to, edge) = graph.edge(edge);
            if matches!(edge.kind(), EdgeKind::Routes | EdgeKind::Selects | EdgeKind::Resolves) && seen.insert(to) {
                todo.push(to);
            }
        }
    }
    // A picture may leave out what is behind.
    found.unwrap_or(Reach::Reached)
}

/// The entry points of a World with the verdicts on them.
pub(super) struct Entries<'w> {
    world: &'w World,
    /// Nodes that requests from the Internet pass before they come to a Service, and what they open directly.
    open: BTreeSet<usize>,
    /// The entry points, with the verdict on each.
    of: BTreeMap<usize, Reach>,
    /// The best of the verdicts in a namespace.
    in_namespace: BTreeMap<Option<&'w str>, Reach>,
}

impl<'w> Entries<'w> {
    pub(super) fn of(world: &'w World) -> Entries<'w> {
        let graph = world.graph();
        let mut ways: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (from, to, edge) in graph.edges() {
            if edge.kind() == EdgeKind::Exposes && graph.node(from).kind() == NodeKind::Internet {
                ways.entry(to).or_insert_with(|| passed(graph, to));
            }
        }
        let open = ways.values().flatten().copied().collect();
        let mut entries = Entries { world, open, of: BTreeMap::new(), in_namespace: BTreeMap::new() };
        let mut by: BTreeMap<usize, Reach> = BTreeMap::new();
        for entrance in world.connectivity().entrances().iter().filter(|e| entries.is_from_internet(e)) {
            let admission = world.connectivity().admission(entrance);
            let reach = match (admission.ports.is_empty(), admission.certainty) {
                (false, _) => Reach::Reached,
                (true, Certainty::Undetermined) => Reach::Undetermined,
                (true, _) => Reach::Denied,
            };
            if let Some(object) = graph.object(&entrance.by) {
                let known = by.entry(object).or_insert(reach);
                *known = reach.min(*known);
            }
        }
        for (entry, passed) in ways {
            let reach = passed.iter().filter_map(|node| by.get(node)).min().copied().unwrap_or(Reach::Empty);
            let best = entries.in_namespace.entry(graph.node(entry).namespace.as_deref()).or_insert(reach);
            *best = reach.min(*best);
            entries.of.insert(entry, reach);
        }
        entries
    }

    /// True if requests of the Internet may come this way.
    pub(super) fn is_from_internet(&self, entrance: &Entrance) -> bool {
        match &entrance.way {
            Way::Direct { from, .. } => words::origin(from) == NodeId::from(Identity::Internet),
            Way::Controller(_) => self.world.graph().object(&entrance.by).is_some_and(|by| self.open.contains(&by)),
        }
    }

    /// The verdict on an entry point that a picture shows; a card for a namespace is as open as what is in it.
    pub(super) fn reach(&self, node: &Node) -> Reach {
        let own = self.world.graph().find(&node.id).and_then(|entry| self.of.get(&entry));
        own.or_else(|| self.in_namespace.get(&node.namespace.as_deref())).copied().unwrap_or(Reach::Reached)
    }
}

/// An entry point and the objects that it routes to before a Service.
fn passed(graph: &Graph, entry: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([entry]);
    let mut todo = vec![entry];
    while let Some(at) = todo.pop() {
        for edge in graph.outgoing(at) {
            let (_, to, edge) = graph.edge(edge);
            if edge.kind() == EdgeKind::Routes && graph.node(to).kind() != NodeKind::Service && seen.insert(to) {
                todo.push(to);
            }
        }
    }
    seen
}
