//! Edges that run through one node: where each of several sources has the same edge to each of several targets, a line
//! from each source to a junction and from there to each target says the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Allowance, Evidence, NodeId};

/// Edges that run through one node.
pub(super) struct Bundle {
    pub from: Vec<NodeId>,
    pub to: Vec<NodeId>,
    pub allowance: Allowance,
    pub evidence: Vec<Evidence>,
}

impl Bundle {
    /// Whether an edge between two of its ends says nothing that the bundle does not say.
    pub fn covers(&self, allowance: &Allowance) -> bool {
        self.allowance.network == allowance.network
            && allowance.ports.names.iter().all(|n| self.allowance.ports.names.contains(n))
            && allowance.ports.ranges.iter().all(|(protocol, first, last)| {
                let own = self.allowance.ports.ranges.iter();
                own.filter(|(p, ..)| p == protocol).any(|(_, a, b)| a <= first && last <= b)
            })
    }
}

/// The positions of the bundles that have a node at an end.
#[derive(Default)]
pub(super) struct Ends {
    from: BTreeMap<NodeId, BTreeSet<usize>>,
    to: BTreeMap<NodeId, BTreeSet<usize>>,
}

impl Ends {
    pub fn of(bundles: &[Bundle]) -> Ends {
        let mut ends = Ends::default();
        for (at, bundle) in bundles.iter().enumerate() {
            for (known, nodes) in [(&mut ends.from, &bundle.from), (&mut ends.to, &bundle.to)] {
                for node in nodes {
                    known.entry(node.clone()).or_default().insert(at);
                }
            }
        }
        ends
    }

    /// The bundles that lead from one node to another, in their order.
    pub fn between(&self, from: &NodeId, to: &NodeId) -> impl Iterator<Item = usize> {
        let ends = self.from.get(from).zip(self.to.get(to));
        ends.into_iter().flat_map(|(from, to)| from.intersection(to)).copied()
    }
}

/// An edge between two nodes.
pub(super) struct Edge {
    pub from: NodeId,
    pub to: NodeId,
    pub allowance: Allowance,
    pub evidence: Vec<Evidence>,
}

/// A crowd has at least so many edges: fewer are easier to follow one by one.
const CROWD: usize = 30;

/// The fewest sources, and targets, of a crowd.
const FEWEST: usize = 3;

/// Takes out of a list of edges, of which no two say the same, those that whole crowds have to each other, whatever
/// rules they come from: a hundred workloads whose policies name each other one by one are one junction.
pub(super) fn crowds(edges: Vec<Edge>) -> (Vec<Edge>, Vec<Bundle>) {
    let mut sources: BTreeMap<(&NodeId, &Allowance), BTreeSet<&NodeId>> = BTreeMap::new();
    for edge in edges.iter().filter(|e| e.allowance.not_from.is_empty() && e.allowance.not_to.is_empty()) {
        sources.entry((&edge.to, &edge.allowance)).or_default().insert(&edge.from);
    }
    let mut taken: BTreeMap<(&NodeId, &Allowance), usize> = BTreeMap::new();
    let mut count = 0;
    // First crowds whose members reach each other: without itself, each target has other sources.
    for with_target in [true, false] {
        let mut alike: BTreeMap<(BTreeSet<&NodeId>, &Allowance), Vec<&NodeId>> = BTreeMap::new();
        for (&(to, allowance), from) in sources.iter().filter(|(end, _)| !taken.contains_key(*end)) {
            let mut from = from.clone();
            if with_target {
                from.insert(to);
            }
            alike.entry((from, allowance)).or_default().push(to);
        }
        for ((from, allowance), to) in alike {
            if from.len() >= FEWEST && to.len() >= FEWEST && from.len() * to.len() >= CROWD {
                taken.extend(to.into_iter().map(|to| ((to, allowance), count)));
                count += 1;
            }
        }
    }
    let of: Vec<Option<usize>> = edges.iter().map(|e| taken.get(&(&e.to, &e.allowance)).copied()).collect();
    let mut bundles: Vec<Option<Bundle>> = (0..count).map(|_| None).collect();
    let mut rest = Vec::new();
    for (mut edge, crowd) in edges.into_iter().zip(of) {
        let Some(crowd) = crowd else {
            rest.push(edge);
            continue;
        };
        let bundle = bundles[crowd].get_or_insert_with(|| Bundle {
            from: Vec::new(),
            to: Vec::new(),
            allowance: edge.allowance.clone(),
            evidence: Vec::new(),
        });
        bundle.from.push(edge.from);
        bundle.to.push(edge.to);
        bundle.evidence.append(&mut edge.evidence);
    }
    for bundle in bundles.iter_mut().flatten() {
        for ends in [&mut bundle.from, &mut bundle.to] {
            ends.sort();
            ends.dedup();
        }
    }
    (rest, bundles.into_iter().flatten().collect())
}
