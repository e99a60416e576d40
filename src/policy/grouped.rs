//! Connections by groups: sets of peers × sets of peers with the same ports and reasons. Their number grows with what
//! policies tell apart, not with workloads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connectivity::{Answer, Connectivity, Endpoint, Extent};
use super::entrance::Entrance;
use super::networks::Network;
use super::plane::Plane;
use super::rows::{ClassId, Ends, Rows};
use crate::net::AddressSet;

/// Peers at one end of a group of connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerSet {
    /// The ingress controller that the manifests do not contain.
    IngressController,
    /// Workloads, by their positions in the cluster, ascending.
    Workloads(Arc<[usize]>),
    /// Addresses outside of the cluster.
    Addresses(AddressSet),
}

/// Connections from each peer of a set to each of another with the same answer. A workload has none to itself, also
/// where both sets hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionGroup<'a> {
    /// The network.
    pub network: &'a Network,
    /// Sources.
    pub from: PeerSet,
    /// Destinations.
    pub to: PeerSet,
    /// Ports, certainty and reasons.
    pub answer: Arc<Answer>,
}

impl Connectivity {
    /// Connections of an extent by groups, each connection in one of them: by network, sources and destinations. With
    /// `wanted` only those with at least one of these workloads at an end (by position in the cluster); connections
    /// of addresses and the ingress controller count for their workload.
    pub fn connection_groups(&self, extent: Extent, wanted: Option<&[bool]>) -> Vec<ConnectionGroup<'_>> {
        let of_plane = |plane| {
            let mut groups = Grouping::of(plane, extent, &self.entrances, wanted).groups();
            groups.sort();
            groups
        };
        self.planes.iter().flat_map(of_plane).collect()
    }

    /// Blocks of connections with the same answer, made when they are asked for: like
    /// [`Connectivity::connection_groups`], but one for each two classes of workloads.
    pub fn blocks(&self, extent: Extent) -> impl Iterator<Item = ConnectionGroup<'_>> {
        self.planes.iter().flat_map(move |plane| {
            let network = &plane.network;
            let controllers = plane.through_controller(extent, &self.entrances).into_iter().map(move |pair| {
                let to = if let Endpoint::Workload(w) = pair.to { vec![w] } else { Vec::new() };
                ConnectionGroup {
                    network,
                    from: PeerSet::IngressController,
                    to: PeerSet::Workloads(to.into()),
                    answer: pair.answer,
                }
            });
            controllers.chain(blocks(plane, extent))
        })
    }
}

fn blocks(plane: &Plane, extent: Extent) -> impl Iterator<Item = ConnectionGroup<'_>> {
    let network = &plane.network;
    let rows = Rows::new(plane, extent, None);
    let mut incoming = Vec::new();
    for (class, answers) in rows.answers_to_addresses() {
        let to = PeerSet::Workloads(Arc::clone(&rows.classes[class].workloads));
        incoming.extend(answers.into_iter().map(|(answer, set)| ConnectionGroup {
            network,
            from: PeerSet::Addresses(set),
            to: to.clone(),
            answer,
        }));
    }
    let outgoing = (0..rows.classes.len()).flat_map(move |source| {
        let row = rows.row(source, Ends::Any);
        let members = |class: ClassId| PeerSet::Workloads(Arc::clone(&rows.classes[class].workloads));
        let from = members(source);
        let classes = row.classes.iter().map(|&(class, answer)| (members(class), answer));
        let addresses = row.addresses.iter().map(|(set, answer)| (PeerSet::Addresses(set.clone()), *answer));
        let block = |(to, answer): (PeerSet, usize)| ConnectionGroup {
            network,
            from: from.clone(),
            to,
            answer: Arc::clone(&row.answers[answer]),
        };
        classes.chain(addresses).map(block).filter(|b| !b.is_empty()).collect::<Vec<_>>()
    });
    outgoing.chain(incoming)
}

impl ConnectionGroup<'_> {
    /// Whether both ends are the same single workload.
    fn is_empty(&self) -> bool {
        self.from == self.to && matches!(&self.from, PeerSet::Workloads(one) if one.len() == 1)
    }
}

/// Ascending numbers as ranges, first and last: sets of neighbors are short whatever they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Runs(Vec<(usize, usize)>);

impl Runs {
    /// Adds a number that is greater than all others.
    fn push(&mut self, number: usize) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.0.push((number, number)),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }
}

/// An end of connections while classes are gathered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Classes(Runs),
    Addresses(AddressSet),
}

/// Classes of workloads with the same answer for the same peers.
struct Grouping<'p> {
    plane: &'p Plane,
    rows: Rows<'p>,
    /// Source classes by their answer and all destinations that have it.
    by_destinations: BTreeMap<(Arc<Answer>, End), Runs>,
    /// Destination classes by their answer and all source addresses that have it.
    by_addresses: BTreeMap<(Arc<Answer>, AddressSet), Runs>,
    /// Destinations of the ingress controller by answer.
    of_controller: BTreeMap<Arc<Answer>, Vec<usize>>,
}

impl<'p> Grouping<'p> {
    fn of(plane: &'p Plane, extent: Extent, entrances: &[Entrance], wanted: Option<&[bool]>) -> Grouping<'p> {
        let mut of_controller: BTreeMap<Arc<Answer>, Vec<usize>> = BTreeMap::new();
        for pair in plane.through_controller(extent, entrances) {
            if let Endpoint::Workload(w) = pair.to
                && wanted.is_none_or(|wanted| wanted.get(w).copied().unwrap_or_default())
            {
                of_controller.entry(pair.answer).or_default().push(w);
            }
        }
        let rows = Rows::new(plane, extent, wanted);
        let mut by_destinations: BTreeMap<(Arc<Answer>, End), Runs> = BTreeMap::new();
        for source in 0..rows.classes.len() {
            let row = rows.row(source, Ends::Any);
            let mut destinations = vec![Runs::default(); row.answers.len()];
            for &(class, answer) in &row.classes {
                destinations[answer].push(class);
            }
            let classes = destinations.into_iter().enumerate().filter(|(_, runs)| !runs.0.is_empty());
            let classes = classes.map(|(answer, runs)| (answer, End::Classes(runs)));
            let addresses = row.addresses.into_iter().map(|(set, answer)| (answer, End::Addresses(set)));
            for (answer, end) in classes.chain(addresses) {
                by_destinations.entry((Arc::clone(&row.answers[answer]), end)).or_default().push(source);
            }
        }
        let mut by_addresses: BTreeMap<(Arc<Answer>, AddressSet), Runs> = BTreeMap::new();
        for (class, answers) in rows.answers_to_addresses() {
            for key in answers {
                by_addresses.entry(key).or_default().push(class);
            }
        }
        Grouping { plane, rows, by_destinations, by_addresses, of_controller }
    }

    fn groups(self) -> Vec<ConnectionGroup<'p>> {
        let network = &self.plane.network;
        // The same set is often at many ends; it is held once.
        let mut known: BTreeMap<Runs, Arc<[usize]>> = BTreeMap::new();
        let mut workloads = |runs: Runs| {
            let list = known.entry(runs).or_insert_with_key(|runs| {
                let classes = runs.numbers().map(|class| &self.rows.classes[class]);
                let mut all: Vec<usize> = classes.flat_map(|c| c.workloads.iter().copied()).collect();
                all.sort_unstable();
                all.into()
            });
            PeerSet::Workloads(Arc::clone(list))
        };
        let mut groups: Vec<ConnectionGroup<'p>> = Vec::new();
        for ((answer, to), from) in self.by_destinations {
            let from = workloads(from);
            let to = match to {
                End::Classes(runs) => workloads(runs),
                End::Addresses(set) => PeerSet::Addresses(set),
            };
            groups.push(ConnectionGroup { network, from, to, answer });
        }
        for ((answer, set), to) in self.by_addresses {
            let (from, to) = (PeerSet::Addresses(set), workloads(to));
            groups.push(ConnectionGroup { network, from, to, answer });
        }
        for (answer, to) in self.of_controller {
            let (from, to) = (PeerSet::IngressController, PeerSet::Workloads(to.into()));
            groups.push(ConnectionGroup { network, from, to, answer });
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}
