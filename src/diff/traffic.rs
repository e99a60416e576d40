//! What became of the traffic that a line of a picture represents.

use std::collections::BTreeMap;

use super::Revision;
use super::blocks::Blocks;
use super::connections::{Compared, Delta, Party};
use super::ends::Union;
use crate::graph::{Detail, Graph, NodeKind, Ports};
use crate::net::{AddressSet, PortSet, Protocol};
use crate::policy::{Direction, Network};

/// One end of a line.
#[derive(Clone, Debug)]
enum End {
    /// These workloads, by their positions in the union, ascending.
    Workloads(Vec<usize>),
    /// Addresses.
    Addresses(AddressSet),
    /// Every workload and every address.
    Anyone,
    /// Pods that no state holds.
    Unseen,
}

/// Which way a difference goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The new state allows what the old did not.
    Gained,
    /// The old state allows what the new does not.
    Lost,
}

impl Turn {
    /// The ports that differ this way.
    fn differs(self, delta: &Delta) -> PortSet {
        match self {
            Turn::Gained => delta.gained(),
            Turn::Lost => delta.lost(),
        }
    }

    /// The ports of the state that allows less.
    fn allowed_besides(self, delta: &Delta) -> &PortSet {
        match self {
            Turn::Gained => &delta.old.ports,
            Turn::Lost => &delta.new.ports,
        }
    }
}

/// How much of the traffic of a line a difference touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// None of it.
    Nothing,
    /// Some pairs or ports.
    Part,
    /// All of it.
    Everything,
}

/// What differs about a line.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    /// How much of it.
    pub extent: Extent,
    /// The ports.
    pub ports: PortSet,
    /// Sources for which nothing differs, by their positions in the union.
    pub not_from: Vec<usize>,
    /// Targets for which nothing differs.
    pub not_to: Vec<usize>,
    /// How many workloads are sources and targets for which something differs.
    pub hit: [usize; 2],
}

impl Touched {
    fn nothing() -> Touched {
        Touched {
            extent: Extent::Nothing,
            ports: PortSet::none(),
            not_from: Vec::new(),
            not_to: Vec::new(),
            hit: [0; 2],
        }
    }
}

/// The connections that differ on one network, by the parties at their ends.
struct Plane<'a> {
    party_of: BTreeMap<usize, usize>,
    addresses: Vec<(usize, &'a AddressSet)>,
    blocks: &'a Blocks,
    deltas: &'a [Delta],
}

/// All connections that differ, to be asked about lines.
pub(super) struct Traffic<'a> {
    planes: BTreeMap<&'a Network, Plane<'a>>,
    old: &'a Revision,
    new: &'a Revision,
    ends: &'a Union,
}

impl<'a> Traffic<'a> {
    pub fn new(old: &'a Revision, new: &'a Revision, ends: &'a Union, compared: &'a Compared) -> Traffic<'a> {
        let mut planes: BTreeMap<&Network, Plane<'_>> = BTreeMap::new();
        // What an ingress controller brings is reported as exposure.
        for (network, blocks) in &compared.blocks {
            let mut plane =
                Plane { party_of: BTreeMap::new(), addresses: Vec::new(), blocks, deltas: &compared.deltas };
            for position in blocks.parties() {
                match &compared.parties[position] {
                    Party::Workloads(members) => plane.party_of.extend(members.iter().map(|&m| (m, position))),
                    Party::Addresses(set) => plane.addresses.push((position, set)),
                    Party::IngressController => {}
                }
            }
            planes.insert(network, plane);
        }
        Traffic { planes, old, new, ends }
    }

    /// What differs about the traffic between two nodes of a graph on some ports; all ports if none are given.
    pub fn between(
        &self,
        turn: Turn,
        graph: &Graph,
        (from, to): (usize, usize),
        ports: &Ports,
        network: Option<&str>,
    ) -> Touched {
        let ends = (self.end(graph, from), self.end(graph, to));
        if let Some(answer) = self.unseen(turn, &ends) {
            return answer;
        }
        let secondary = self.planes.iter().find(|(n, _)| network.is_some_and(|name| n.to_string() == name));
        let plane = secondary.map(|(_, plane)| plane).or_else(|| self.planes.get(&Network::Pod));
        let Some(plane) = plane else {
            return Touched::nothing();
        };
        let wanted = port_set(ports);
        let mut touched = Touched::nothing();
        let (sources, targets) = (plane.parts(&ends.0), plane.parts(&ends.1));
        let mut hit = (vec![false; sources.len()], vec![false; targets.len()]);
        let (mut all, mut whole) = (true, true);
        for (i, a) in sources.iter().enumerate() {
            for (j, b) in targets.iter().enumerate() {
                let lone = |part: &Part<'_>| matches!(part, Part { workloads: [_], .. });
                if a.workloads == b.workloads && lone(a) {
                    continue;
                }
                let delta = a.party.zip(b.party).and_then(|(a, b)| plane.delta(a, b));
                let differs = delta.map_or_else(PortSet::none, |d| turn.differs(d)).intersection(&wanted);
                if differs.is_empty() {
                    all = false;
                    continue;
                }
                whole &= delta.is_none_or(|d| turn.allowed_besides(d).intersection(&wanted).is_empty());
                (hit.0[i], hit.1[j]) = (true, true);
                touched.ports.add(&differs);
            }
        }
        if touched.ports.is_empty() {
            return touched;
        }
        touched.extent = if all && whole { Extent::Everything } else { Extent::Part };
        touched.hit = [hit_count(&sources, &hit.0), hit_count(&targets, &hit.1)];
        (touched.not_from, touched.not_to) = (spared(&sources, &hit.0), spared(&targets, &hit.1));
        touched
    }

    /// The answer about pods that no state holds: where the other state does not restrict the workloads at the other
    /// end, nothing differs. `None` if both ends are known.
    fn unseen(&self, turn: Turn, (from, to): &(End, End)) -> Option<Touched> {
        let (known, direction) = match (from, to) {
            (End::Unseen, other) => (other, Direction::Ingress),
            (other, End::Unseen) => (other, Direction::Egress),
            _ => return None,
        };
        let free = |workload: usize| {
            let met = &self.ends.all()[workload];
            let (state, position) = match turn {
                Turn::Gained => (self.old, met.old),
                Turn::Lost => (self.new, met.new),
            };
            position.is_some_and(|w| state.connectivity().is_unrestricted(w, direction))
        };
        match known {
            End::Workloads(all) if !all.is_empty() && all.iter().all(|&w| free(w)) => Some(Touched::nothing()),
            _ => Some(Touched { extent: Extent::Everything, ..Touched::nothing() }),
        }
    }

    fn end(&self, graph: &Graph, node: usize) -> End {
        let node = graph.node(node);
        match &node.detail {
            Detail::Peers { members: None, .. } => End::Anyone,
            Detail::Peers { members: Some(members), .. } => {
                let mut list: Vec<usize> = members.iter().filter_map(|id| self.ends.find(id)).collect();
                list.sort_unstable();
                if list.is_empty() { End::Unseen } else { End::Workloads(list) }
            }
            Detail::External { set, .. } => End::Addresses(set.clone()),
            _ if node.kind() == NodeKind::Workload => match self.ends.find(&node.id) {
                Some(workload) => End::Workloads(vec![workload]),
                None => End::Unseen,
            },
            _ => End::Unseen,
        }
    }
}

/// A part of an end that the differences treat alike; without a party nothing differs about it.
struct Part<'e> {
    party: Option<usize>,
    workloads: &'e [usize],
}

/// The workloads of the parts that a difference does not hit, ascending.
fn spared(parts: &[Part<'_>], hit: &[bool]) -> Vec<usize> {
    let spared = parts.iter().zip(hit).filter(|(_, hit)| !**hit);
    let mut list: Vec<usize> = spared.flat_map(|(part, _)| part.workloads.iter().copied()).collect();
    list.sort_unstable();
    list
}

/// How many workloads a difference hits.
fn hit_count(parts: &[Part<'_>], hit: &[bool]) -> usize {
    parts.iter().zip(hit).filter(|(_, hit)| **hit).map(|(part, _)| part.workloads.len()).sum()
}

impl Plane<'_> {
    fn delta(&self, from: usize, to: usize) -> Option<&Delta> {
        self.blocks.delta(from, to).map(|position| &self.deltas[position])
    }

    fn parts<'e>(&self, end: &'e End) -> Vec<Part<'e>> {
        let of_addresses = |set: &AddressSet| -> Vec<Part<'e>> {
            let mut rest = set.clone();
            let mut parts = Vec::new();
            for (party, own) in &self.addresses {
                if !own.intersection(set).is_empty() {
                    rest = rest.difference(own);
                    parts.push(Part { party: Some(*party), workloads: &[] });
                }
            }
            if !rest.is_empty() {
                parts.push(Part { party: None, workloads: &[] });
            }
            parts
        };
        match end {
            // Each workload is a part of its own: those of one class differ in who they are.
            End::Workloads(list) => list
                .iter()
                .enumerate()
                .map(|(i, w)| Part { party: self.party_of.get(w).copied(), workloads: &list[i..=i] })
                .collect(),
            End::Addresses(set) => of_addresses(set),
            // What is true of all addresses is true of pods that nobody knows of.
            End::Anyone => of_addresses(&AddressSet::all_v4()),
            End::Unseen => Vec::new(),
        }
    }
}

/// The ports that a line says; all if it says none.
fn port_set(ports: &Ports) -> PortSet {
    if ports.ranges.is_empty() && ports.names.is_empty() {
        return PortSet::all();
    }
    let ranges = ports.ranges.iter();
    ranges.fold(PortSet::none(), |set, (p, first, last)| set.with(&PortSet::range(*p, *first, *last)))
}

/// The same ports as a line says them.
pub(super) fn ports_of(set: &PortSet) -> Ports {
    let ranges = Protocol::ALL.into_iter().flat_map(|p| set.ranges(p).into_iter().map(move |(a, b)| (p, a, b)));
    Ports { ranges: ranges.collect(), names: Vec::new() }
}
