//! What differs between parties, by blocks: many sources × many destinations of which both states say the same.
//!
//! Parties that the same policies apply to as sources are a kind of sources, and likewise for destinations. For
//! a kind of each the answer is the same, except where a rule of the one means some of the other and not the rest.
//! Those that are not like most of their kind are found from the rules, so the cost grows with kinds and with what
//! rules name, not with pairs.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::connections::{Allowed, Delta, Place, Side, Sort};
use crate::net::ContainerPort;
use crate::policy::{Direction, Network};

/// The position of a party among those of its networks.
type PartyId = usize;
/// The position of a kind among those of its direction.
type KindId = usize;
/// The number of a part of a kind; 0 is like most.
type CellId = usize;

/// What policies make of a party at one end of connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    settled: bool,
    outside: bool,
    places: [Vec<PlaceKind>; 2],
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PlaceKind {
    network: usize,
    policies: Vec<usize>,
    host_network: bool,
    /// The ports that rules may call by name, if these are destinations.
    ports: Vec<ContainerPort>,
}

impl Kind {
    fn of(sides: &[Side<'_>; 2], sort: &Sort, direction: Direction) -> Kind {
        let place = |side: &Side<'_>, &(network, id): &Place| {
            let connectivity = side.state.connectivity();
            let group = &connectivity.groups(network)[id];
            PlaceKind {
                network,
                policies: connectivity.policies_of(network, id, direction),
                host_network: group.host_network,
                ports: if direction == Direction::Ingress { group.ports.clone() } else { Vec::new() },
            }
        };
        let all = |slot: usize| sort.places[slot].iter().map(|p| place(&sides[slot], p)).collect();
        Kind { settled: sort.settled, outside: sort.workloads == 0, places: [all(0), all(1)] }
    }
}

/// Some parties of a kind that get the same answer.
struct Cell {
    id: CellId,
    members: Arc<[PartyId]>,
}

/// All kinds of one direction.
#[derive(Clone, Debug, Default)]
struct Kinds {
    /// The kind of each party.
    of: Vec<KindId>,
    kinds: Vec<Kind>,
    members: Vec<Arc<[PartyId]>>,
    /// For each kind the parties at the other end that its rules do not treat like most.
    cells: Vec<FxHashMap<PartyId, CellId>>,
}

/// A rule that is about a party in another way than about most: in which state, of which place of the kind, the rule,
/// and which place of the party.
type Exception = (usize, usize, usize, usize);

impl Kinds {
    fn of(sides: &[Side<'_>; 2], sorts: &[Sort], direction: Direction) -> Kinds {
        let mut known: BTreeMap<Kind, Vec<PartyId>> = BTreeMap::new();
        for (party, sort) in sorts.iter().enumerate() {
            known.entry(Kind::of(sides, sort, direction)).or_default().push(party);
        }
        let at: [FxHashMap<Place, Vec<(PartyId, usize)>>; 2] = [0, 1].map(|slot| {
            let mut at: FxHashMap<Place, Vec<(PartyId, usize)>> = FxHashMap::default();
            for (party, sort) in sorts.iter().enumerate() {
                let places = sort.places[slot].iter().enumerate();
                places.for_each(|(position, place)| at.entry(*place).or_default().push((party, position)));
            }
            at
        });
        let mut all = Kinds { of: vec![0; sorts.len()], ..Kinds::default() };
        for (id, (kind, members)) in known.into_iter().enumerate() {
            members.iter().for_each(|&m| all.of[m] = id);
            let places = members.first().map(|&m| &sorts[m].places);
            all.cells.push(places.map(|p| cells(sides, p, &at, direction)).unwrap_or_default());
            all.kinds.push(kind);
            all.members.push(members.into());
        }
        all
    }

    /// For each kind of the other direction the parts of that kind which are not like most, by number.
    fn parts(&self, kind: KindId, other: &Kinds) -> FxHashMap<KindId, BTreeMap<CellId, Vec<PartyId>>> {
        let mut parts: FxHashMap<KindId, BTreeMap<CellId, Vec<PartyId>>> = FxHashMap::default();
        for (&party, &cell) in &self.cells[kind] {
            parts.entry(other.of[party]).or_default().entry(cell).or_default().push(party);
        }
        parts.values_mut().flat_map(BTreeMap::values_mut).for_each(|list| list.sort_unstable());
        parts
    }

    /// A kind by its parts.
    fn split(&self, kind: KindId, parts: Option<&BTreeMap<CellId, Vec<PartyId>>>) -> Vec<Cell> {
        let all = &self.members[kind];
        let Some(parts) = parts else { return vec![Cell { id: 0, members: Arc::clone(all) }] };
        let mut apart: Vec<PartyId> = parts.values().flatten().copied().collect();
        apart.sort_unstable();
        let most: Arc<[PartyId]> = all.iter().copied().filter(|p| apart.binary_search(p).is_err()).collect();
        let most = (!most.is_empty()).then_some(Cell { id: 0, members: most });
        most.into_iter().chain(parts.iter().map(|(&id, list)| Cell { id, members: list.as_slice().into() })).collect()
    }
}

/// The parties that the rules of some places do not treat like most; a number for each way in which they do not.
fn cells(
    sides: &[Side<'_>; 2],
    places: &[Vec<Place>; 2],
    at: &[FxHashMap<Place, Vec<(PartyId, usize)>>; 2],
    direction: Direction,
) -> FxHashMap<PartyId, CellId> {
    let mut exceptions: BTreeMap<PartyId, Vec<Exception>> = BTreeMap::new();
    for slot in [0, 1] {
        for (own, &(network, group)) in places[slot].iter().enumerate() {
            let rules = sides[slot].state.connectivity().exceptions(network, group, direction);
            for (rule, peers) in rules.into_iter().enumerate() {
                for &(party, position) in peers.iter().filter_map(|&peer| at[slot].get(&(network, peer))).flatten() {
                    exceptions.entry(party).or_default().push((slot, own, rule, position));
                }
            }
        }
    }
    let mut numbers: BTreeMap<Vec<Exception>, CellId> = BTreeMap::new();
    let mut number = |ways: Vec<Exception>| {
        let next = numbers.len() + 1;
        *numbers.entry(ways).or_insert(next)
    };
    exceptions.into_iter().map(|(party, ways)| (party, number(ways))).collect()
}

/// Where what differs between two parties is found.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// The position of the first party among those of all networks.
    first: usize,
    sources: Kinds,
    targets: Kinds,
    /// The position of what differs, by the kind and the part of either end.
    deltas: FxHashMap<(KindId, CellId, KindId, CellId), usize>,
}

impl Blocks {
    /// Compares all parties of some networks; the first of them has this position among all. Adds what differs.
    pub fn compare(sides: &[Side<'_>; 2], sorts: &[Sort], first: usize, deltas: &mut Vec<Delta>) -> Blocks {
        let sources = Kinds::of(sides, sorts, Direction::Egress);
        let targets = Kinds::of(sides, sorts, Direction::Ingress);
        let mut blocks = Blocks { first, sources, targets, deltas: FxHashMap::default() };
        let Blocks { sources, targets, deltas: found, .. } = &mut blocks;
        let parts_of_sources: Vec<_> = (0..targets.kinds.len()).map(|kind| targets.parts(kind, sources)).collect();
        let (still, moving): (Vec<KindId>, Vec<KindId>) =
            (0..targets.kinds.len()).partition(|&kind| targets.kinds[kind].settled);
        let nothing = Arc::new(Allowed::default());
        let mut ends = Ends { first, known: FxHashMap::default() };
        for source in 0..sources.kinds.len() {
            let parts_of_targets = sources.parts(source, targets);
            let kind = &sources.kinds[source];
            let unsettled = if kind.settled { &[] } else { still.as_slice() };
            for &target in moving.iter().chain(unsettled).filter(|t| !(kind.outside && targets.kinds[**t].outside)) {
                let from = sources.split(source, parts_of_sources[target].get(&source));
                let to = targets.split(target, parts_of_targets.get(&target));
                for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))) {
                    let Some(delta) = between(sides, sorts, [a, b], &nothing, &mut ends) else { continue };
                    found.insert((source, a.id, target, b.id), deltas.len());
                    deltas.push(delta);
                }
            }
        }
        blocks
    }

    /// Gives what differs other positions.
    pub fn rank(&mut self, ranks: &[usize]) {
        self.deltas.values_mut().for_each(|d| *d = ranks[*d]);
    }

    /// The position of what differs between two parties, by their positions among all.
    pub fn delta(&self, from: usize, to: usize) -> Option<usize> {
        let (from, to) = (from.checked_sub(self.first)?, to.checked_sub(self.first)?);
        let (source, target) = (*self.sources.of.get(from)?, *self.targets.of.get(to)?);
        let a = self.targets.cells[target].get(&from).copied().unwrap_or_default();
        let b = self.sources.cells[source].get(&to).copied().unwrap_or_default();
        self.deltas.get(&(source, a, target, b)).copied()
    }

    /// The positions of its parties among those of all networks.
    pub fn parties(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.sources.of.len()
    }
}

/// The ends of what differs: the same parties are held once, at their positions among those of all networks.
struct Ends {
    first: usize,
    known: FxHashMap<Arc<[PartyId]>, Arc<[usize]>>,
}

impl Ends {
    fn of(&mut self, members: &Arc<[PartyId]>) -> Arc<[usize]> {
        let first = self.first;
        let make = || members.iter().map(|p| p + first).collect();
        Arc::clone(self.known.entry(Arc::clone(members)).or_insert_with(make))
    }
}

/// What differs between two parts; any of their members speaks for all.
fn between(
    sides: &[Side<'_>; 2],
    sorts: &[Sort],
    [from, to]: [&Cell; 2],
    nothing: &Arc<Allowed>,
    ends: &mut Ends,
) -> Option<Delta> {
    let (Some(&a), Some(&b)) = (from.members.first(), to.members.first()) else { return None };
    let lone = from.members.len() == 1 && to.members.len() == 1 && a == b && sorts[a].workloads == 1;
    if lone {
        return None;
    }
    let [before, after] = [0, 1].map(|s| sides[s].between(&sorts[a].places[s], &sorts[b].places[s], nothing));
    if Arc::ptr_eq(&before, &after) || before.ports == after.ports {
        return None;
    }
    let own = if sorts[a].workloads == 0 { b } else { a };
    let network = |slot: usize| sides[slot].network(&sorts[own].places[slot]);
    Some(Delta {
        from: ends.of(&from.members),
        to: ends.of(&to.members),
        old: before,
        new: after,
        network: network(1).or_else(|| network(0)).unwrap_or(Network::Pod),
    })
}
