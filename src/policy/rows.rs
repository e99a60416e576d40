//! The connections of one network, source by source, for classes of workloads instead of pairs.
//!
//! A class holds the workloads whose pods are in the same groups: each of them has the same answer for the same peer.
//! A row holds the answers for one source class and all others, so no more than one row of answers is needed at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::connectivity::{Answer, Extent};
use super::groups::{GroupId, Members};
use super::plane::{Plane, Union};
use super::rule::Direction;
use crate::net::AddressSet;

/// Position of a class among [`Rows::classes`].
pub(super) type ClassId = usize;

/// Workloads whose pods are in the same groups.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// Groups of their pods, ascending.
    pub groups: Vec<GroupId>,
    /// Positions in the cluster, ascending.
    pub workloads: Arc<[usize]>,
    /// Whether connections are wanted that have these workloads at one end and any others at the other.
    wanted: bool,
}

/// Ends of the connections in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Workloads and addresses.
    Any,
    /// Addresses only.
    Addresses,
}

/// Answers of one source class.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Distinct answers.
    pub answers: Vec<Arc<Answer>>,
    /// Destination classes, ascending, with the position of their answer.
    pub classes: Vec<(ClassId, usize)>,
    /// Destination addresses by answer.
    pub addresses: Vec<(AddressSet, usize)>,
}

/// All rows of a network.
pub(super) struct Rows<'p> {
    /// The network.
    pub plane: &'p Plane,
    extent: Extent,
    /// By their first workload.
    pub classes: Vec<Class>,
    /// Class of each workload of the cluster that is on this network.
    class_of: Vec<Option<ClassId>>,
    classes_of_group: Vec<Vec<ClassId>>,
    ruled: Option<Ruled>,
}

/// Pairs of groups that a rule of either end is about and that neither end surely denies.
struct Ruled {
    /// For each source the destinations whose rules are about it.
    mentioned_by: Vec<FixedBitSet>,
    /// For each source the destinations that may admit it although NetworkPolicies isolate them.
    admitted_by: Vec<FixedBitSet>,
    /// Destinations that no NetworkPolicy isolates.
    not_isolated: FixedBitSet,
}

impl Ruled {
    fn new(plane: &Plane) -> Ruled {
        let judge = &plane.judge;
        let count = judge.groups.len();
        let none = || vec![FixedBitSet::with_capacity(count); count];
        let mut ruled =
            Ruled { mentioned_by: none(), admitted_by: none(), not_isolated: FixedBitSet::with_capacity(count) };
        for to in 0..count {
            for from in judge.peers_spoken_of(to, Direction::Ingress).ones() {
                ruled.mentioned_by[from].insert(to);
            }
            match judge.admitted_peers(to, Direction::Ingress) {
                Some(peers) => peers.ones().for_each(|from| ruled.admitted_by[from].insert(to)),
                None => ruled.not_isolated.insert(to),
            }
        }
        ruled
    }

    fn destinations(&self, plane: &Plane, from: GroupId) -> FixedBitSet {
        let mut open = self.not_isolated.clone();
        open.union_with(&self.admitted_by[from]);
        let mut found = plane.judge.peers_spoken_of(from, Direction::Egress);
        found.union_with(&self.mentioned_by[from]);
        found.intersect_with(&open);
        if let Some(admitted) = plane.judge.admitted_peers(from, Direction::Egress) {
            found.intersect_with(&admitted);
        }
        found
    }
}

impl<'p> Rows<'p> {
    /// Rows of an extent. With `wanted` only connections count that have at least one of these workloads at an end.
    pub fn new(plane: &'p Plane, extent: Extent, wanted: Option<&[bool]>) -> Rows<'p> {
        let mut members: BTreeMap<(&[GroupId], bool), Vec<usize>> = BTreeMap::new();
        for workload in 0..plane.workloads() {
            let groups = plane.groups_of(workload);
            if !groups.is_empty() {
                let wanted = wanted.is_none_or(|w| w.get(workload).copied().unwrap_or_default());
                members.entry((groups, wanted)).or_default().push(workload);
            }
        }
        let mut classes: Vec<Class> = members
            .into_iter()
            .map(|((groups, wanted), workloads)| Class { groups: groups.to_vec(), workloads: workloads.into(), wanted })
            .collect();
        classes.sort_by_key(|c| c.workloads.first().copied());
        let mut class_of = vec![None; plane.workloads()];
        let mut classes_of_group = vec![Vec::new(); plane.judge.groups.len()];
        for (id, class) in classes.iter().enumerate() {
            class.workloads.iter().for_each(|&w| class_of[w] = Some(id));
            class.groups.iter().for_each(|&g| classes_of_group[g].push(id));
        }
        let ruled = (extent == Extent::Ruled).then(|| Ruled::new(plane));
        Rows { plane, extent, classes, class_of, classes_of_group, ruled }
    }

    /// The class of a workload; `None` if it is not on this network.
    pub fn class_of(&self, workload: usize) -> Option<ClassId> {
        self.class_of.get(workload).copied().flatten()
    }

    fn destinations(&self, from: GroupId) -> FixedBitSet {
        match &self.ruled {
            Some(ruled) => {
                let mut found = ruled.destinations(self.plane, from);
                let foreign: Vec<GroupId> =
                    found.ones().filter(|&to| !self.plane.judge.is_of_interest(from, to)).collect();
                foreign.into_iter().for_each(|to| found.remove(to));
                found
            }
            None => {
                let count = self.plane.judge.groups.len();
                let mut found = FixedBitSet::with_capacity(count);
                found.extend((0..count).filter(|&to| self.plane.judge.is_of_interest(from, to)));
                found
            }
        }
    }

    fn keeps(&self, answer: &Answer) -> bool {
        match self.extent {
            Extent::All => !answer.ports.is_empty() || !answer.because.is_empty(),
            Extent::Ruled => !answer.ports.is_empty() && !answer.because.is_empty(),
        }
    }

    /// Answers for a source class.
    pub fn row(&self, source: ClassId, ends: Ends) -> Row {
        let Some(class) = self.classes.get(source) else { return Row::default() };
        let destinations: Vec<FixedBitSet> = class.groups.iter().map(|&from| self.destinations(from)).collect();
        let mut classes = FixedBitSet::with_capacity(self.classes.len());
        let mut addresses = Gathered::default();
        for (&from, destinations) in class.groups.iter().zip(&destinations) {
            for to in destinations.ones() {
                match &self.plane.judge.groups[to].members {
                    Members::Pods(_) if ends == Ends::Any => classes.extend(self.classes_of_group[to].iter().copied()),
                    Members::Addresses(set) if class.wanted => {
                        self.collect(&mut addresses, self.plane.between_groups(from, to), set);
                    }
                    _ => {}
                }
            }
        }
        let mut row = Row::default();
        let mut held: Vec<Arc<Answer>> = Vec::new();
        let mut known: BTreeMap<Arc<Answer>, usize> = BTreeMap::new();
        // Most are the same ones, and not only equal.
        let mut same: FxHashMap<usize, usize> = FxHashMap::default();
        let mut position = |answer: Arc<Answer>, answers: &mut Vec<Arc<Answer>>| {
            *same.entry(Arc::as_ptr(&answer).addr()).or_insert_with(|| {
                let position = *known.entry(Arc::clone(&answer)).or_insert(answers.len());
                // It is held here, so that no other one comes to stand in its place.
                held.push(answer);
                if position == answers.len() {
                    answers.extend(held.last().cloned());
                }
                position
            })
        };
        for target in classes.ones().filter(|&t| class.wanted || self.classes[t].wanted) {
            if let Some(answer) = self.between_classes(class, &destinations, &self.classes[target]) {
                row.classes.push((target, position(answer, &mut row.answers)));
            }
        }
        for (answer, set) in addresses.by_answer() {
            row.addresses.push((set, position(answer, &mut row.answers)));
        }
        row
    }

    /// The answer for two classes. A denied part of a workload counts against the rest of it.
    fn between_classes(&self, from: &Class, destinations: &[FixedBitSet], to: &Class) -> Option<Arc<Answer>> {
        let several = from.groups.len() > 1 || to.groups.len() > 1;
        let mut union = Union::default();
        for (&source, open) in from.groups.iter().zip(destinations) {
            for &target in to.groups.iter().filter(|t| open.contains(**t)) {
                let answer = self.plane.between_groups(source, target);
                if several || self.keeps(&answer) {
                    union.add(answer);
                }
            }
        }
        let answer = union.answer()?;
        (self.extent == Extent::All || self.keeps(&answer)).then_some(answer)
    }

    fn collect(&self, found: &mut Gathered, answer: Arc<Answer>, set: &AddressSet) {
        if self.keeps(&answer) {
            found.add(answer, set);
        }
    }

    /// Source addresses by destination class and answer.
    pub fn answers_to_addresses(&self) -> BTreeMap<ClassId, BTreeMap<Arc<Answer>, AddressSet>> {
        let mut found: BTreeMap<ClassId, Gathered> = BTreeMap::new();
        for (from, group) in self.plane.judge.groups.iter().enumerate() {
            let Members::Addresses(set) = &group.members else { continue };
            for to in self.destinations(from).ones() {
                let answer = self.plane.between_groups(from, to);
                for &class in self.classes_of_group[to].iter().filter(|&&c| self.classes[c].wanted) {
                    self.collect(found.entry(class).or_default(), answer.clone(), set);
                }
            }
        }
        found.into_iter().map(|(class, gathered)| (class, gathered.by_answer())).collect()
    }
}

/// Addresses by the answer about them.
#[derive(Default)]
struct Gathered {
    /// By the place of the answer, which is held.
    same: FxHashMap<usize, (Arc<Answer>, AddressSet)>,
}

impl Gathered {
    fn add(&mut self, answer: Arc<Answer>, set: &AddressSet) {
        let place = Arc::as_ptr(&answer).addr();
        self.same.entry(place).or_insert_with(|| (answer, AddressSet::none())).1.add(set);
    }

    fn by_answer(self) -> BTreeMap<Arc<Answer>, AddressSet> {
        let mut found: BTreeMap<Arc<Answer>, AddressSet> = BTreeMap::new();
        for (answer, set) in self.same.into_values() {
            found.entry(answer).or_default().add(&set);
        }
        found
    }
}
