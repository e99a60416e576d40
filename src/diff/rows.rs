//! Connections that differ, as people read them: few rows, each from some to some others on some ports, with the rules
//! that did it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Revision;
use super::connections::{Delta, Party};
use super::ends::Union;
use super::reasons::{Cause, causes};
use super::traffic::Turn;
use crate::net::{AddressSet, PortSet, text};
use crate::policy::Network;

/// Some workloads and some addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Who {
    /// Positions in the union, ascending.
    pub workloads: Vec<usize>,
    /// Addresses outside.
    pub addresses: AddressSet,
}

impl Who {
    /// All of some together.
    fn together(all: &[Rc<Who>]) -> Who {
        let mut workloads: Vec<usize> = all.iter().flat_map(|who| who.workloads.iter().copied()).collect();
        workloads.sort_unstable();
        workloads.dedup();
        let addresses = all.iter().fold(AddressSet::none(), |set, who| set.with(&who.addresses));
        Who { workloads, addresses }
    }

    fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.addresses.is_empty()
    }

    /// Whether a workload is meant.
    pub fn has(&self, workload: usize) -> bool {
        self.workloads.binary_search(&workload).is_ok()
    }
}

/// The workloads that there are to be meant.
pub(super) struct Everyone<'a> {
    has: Vec<bool>,
    count: usize,
    by_namespace: BTreeMap<&'a str, usize>,
}

impl<'a> Everyone<'a> {
    /// Those of the union that are as wanted.
    pub fn of(ends: &'a Union, wanted: impl Fn(usize) -> bool) -> Everyone<'a> {
        let has: Vec<bool> = (0..ends.all().len()).map(wanted).collect();
        let mut by_namespace = BTreeMap::new();
        for (met, _) in ends.all().iter().zip(&has).filter(|(_, has)| **has) {
            *by_namespace.entry(met.key.namespace()).or_default() += 1;
        }
        Everyone { count: has.iter().filter(|has| **has).count(), has, by_namespace }
    }

    /// Whether a workload is one of them.
    pub fn has(&self, workload: usize) -> bool {
        self.has[workload]
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// From each of these.
    pub from: Who,
    /// To each of these, but not from one to itself.
    pub to: Who,
    /// On these ports.
    pub ports: PortSet,
    /// Because of this.
    pub causes: Vec<Cause>,
    /// On this network.
    pub network: Network,
}

/// What is reported.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub old: &'a Revision,
    pub new: &'a Revision,
    pub turn: Turn,
    pub parties: &'a [Party],
}

/// One end of connections: parties, each held once.
type End = Rc<[Rc<Who>]>;

/// Sources and targets.
type Ends = (End, End);

/// What must agree for connections to be told in one row.
type Said<'a> = (PortSet, Vec<Cause>, &'a Network);

/// The rows for connections between workloads that are wanted, and with addresses.
pub(super) fn rows(told: &Told<'_>, deltas: &[Delta], wanted: impl Fn(usize) -> bool) -> Vec<Row> {
    let parties: Vec<Option<Rc<Who>>> = told.parties.iter().map(|p| who(p, &wanted).map(Rc::new)).collect();
    let mut known: FxHashMap<usize, End> = FxHashMap::default();
    let mut meant = |ends: &Arc<[usize]>| -> Option<End> {
        let make = || ends.iter().filter_map(|&e| parties[e].clone()).collect();
        let end = known.entry(ends.as_ptr().addr()).or_insert_with(make);
        (!end.is_empty()).then(|| Rc::clone(end))
    };
    let all = deltas.iter().filter_map(|d| Some((d, (meant(&d.from)?, meant(&d.to)?))));
    put_together(told, all.collect())
}

/// The rows for connections of one workload; it is at an end of each of these.
pub(super) fn rows_of(told: &Told<'_>, deltas: &[&Delta], workload: usize) -> Vec<Row> {
    let own: End = [Rc::new(Who { workloads: vec![workload], addresses: AddressSet::none() })].into();
    let is_it = |end: usize| matches!(&told.parties[end], Party::Workloads(l) if l.binary_search(&workload).is_ok());
    let mut known: FxHashMap<usize, Option<Rc<Who>>> = FxHashMap::default();
    let mut other = |ends: &[usize]| -> End {
        let make = |end: usize| who(&told.parties[end], &|w| w != workload).map(Rc::new);
        ends.iter().filter_map(|&e| known.entry(e).or_insert_with(|| make(e)).clone()).collect()
    };
    let mut all = Vec::new();
    for &delta in deltas {
        if delta.to.iter().any(|&e| is_it(e)) {
            all.push((delta, (other(&delta.from), Rc::clone(&own))));
        }
        if delta.from.iter().any(|&e| is_it(e)) {
            all.push((delta, (Rc::clone(&own), other(&delta.to))));
        }
    }
    all.retain(|(_, (from, to))| !from.is_empty() && !to.is_empty());
    put_together(told, all)
}

/// A map by places in memory, which differ from run to run: it is walked through in the order of what was put in.
type InOrder<K, V> = IndexMap<K, V, FxBuildHasher>;

/// Where what both states say is kept, and the network.
type Alike<'a> = (usize, usize, &'a Network);

fn put_together(told: &Told<'_>, all: Vec<(&Delta, Ends)>) -> Vec<Row> {
    // Many connections share what the states say of them.
    let mut alike: InOrder<Alike<'_>, Vec<(&Delta, Ends)>> = InOrder::default();
    for (delta, ends) in all {
        let key = (Arc::as_ptr(&delta.old).addr(), Arc::as_ptr(&delta.new).addr(), &delta.network);
        alike.entry(key).or_default().push((delta, ends));
    }
    let mut said: BTreeMap<Said<'_>, Vec<Ends>> = BTreeMap::new();
    for ((_, _, network), list) in alike {
        let Some((first, _)) = list.first() else { continue };
        let ports = match told.turn {
            Turn::Gained => first.gained(),
            Turn::Lost => first.lost(),
        };
        if !ports.is_empty() {
            let key = (ports, causes(told.old, told.new, first, told.turn), network);
            said.entry(key).or_default().extend(list.into_iter().map(|(_, ends)| ends));
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for ((ports, causes, network), pairs) in said {
        rows.extend(fewest(&pairs).into_iter().map(|(from, to)| Row {
            from,
            to,
            ports: ports.clone(),
            causes: causes.clone(),
            network: network.clone(),
        }));
    }
    rows.sort_by(|a, b| (&a.to, &a.from, &a.ports).cmp(&(&b.to, &b.from, &b.ports)));
    rows
}

/// Pairs joined by their targets or by their sources, whichever gives fewer.
fn fewest(pairs: &[Ends]) -> Vec<(Who, Who)> {
    let by_target = joined(pairs);
    if by_target.len() < 2 {
        return by_target;
    }
    let flipped: Vec<Ends> = pairs.iter().map(|(a, b)| (Rc::clone(b), Rc::clone(a))).collect();
    let by_source: Vec<(Who, Who)> = joined(&flipped).into_iter().map(|(a, b)| (b, a)).collect();
    if by_source.len() < by_target.len() { by_source } else { by_target }
}

/// The workloads that are wanted, or the addresses. The ingress controller is reported as exposure.
fn who(party: &Party, wanted: &impl Fn(usize) -> bool) -> Option<Who> {
    let who = match party {
        Party::Workloads(list) => Some(Who {
            workloads: list.iter().copied().filter(|&w| wanted(w)).collect(),
            addresses: AddressSet::none(),
        }),
        Party::Addresses(set) => Some(Who { workloads: Vec::new(), addresses: set.clone() }),
        Party::IngressController => None,
    };
    who.filter(|who| !who.is_empty())
}

/// Sources, and the targets that all of them have.
type Sharing<'a> = (Vec<&'a End>, Vec<Rc<Who>>);

/// Fewer pairs that mean the same: sources of one target are put together, and then targets with the same sources.
fn joined(pairs: &[Ends]) -> Vec<(Who, Who)> {
    let mut of_target: InOrder<usize, (&Rc<Who>, Vec<&End>)> = InOrder::default();
    for (from, to) in pairs {
        for target in to.iter() {
            of_target.entry(Rc::as_ptr(target).addr()).or_insert_with(|| (target, Vec::new())).1.push(from);
        }
    }
    // Most targets of the same sources are of the very same ones, and not only equal.
    let mut same: InOrder<Vec<usize>, Sharing<'_>> = InOrder::default();
    for (target, sources) in of_target.into_values() {
        let places = sources.iter().map(|end| end.as_ptr().addr()).collect();
        same.entry(places).or_insert_with(|| (sources, Vec::new())).1.push(Rc::clone(target));
    }
    let mut of_sources: BTreeMap<Who, Vec<Rc<Who>>> = BTreeMap::new();
    for (sources, targets) in same.into_values() {
        let sources: Vec<Rc<Who>> = sources.into_iter().flat_map(|end| end.iter().cloned()).collect();
        of_sources.entry(Who::together(&sources)).or_default().extend(targets);
    }
    // No workload connects to itself: that it counts among its own sources makes no difference, and may make them those
    // of others.
    let mut of_all: BTreeMap<Who, Vec<Rc<Who>>> = BTreeMap::new();
    for (mut from, targets) in of_sources {
        let to = Who::together(&targets);
        if let [only] = to.workloads.as_slice()
            && let Err(at) = from.workloads.binary_search(only)
        {
            from.workloads.insert(at, *only);
        }
        of_all.entry(from).or_default().push(Rc::new(to));
    }
    let mut found: Vec<(Who, Who)> = of_all.into_iter().map(|(from, to)| (from, Who::together(&to))).collect();
    for (from, to) in &mut found {
        if let [only] = to.workloads.as_slice() {
            from.workloads.retain(|w| w != only);
        }
    }
    found
}

/// Who is meant, in words: names of few, namespaces and counts of many. `all` are the workloads that there are to be
/// meant.
pub(super) fn words(who: &Who, other: &Who, ends: &Union, all: &Everyone<'_>) -> String {
    let there = who.workloads.iter().filter(|w| all.has(**w)).count();
    // The one at the other end is not meant in any case.
    let lone = matches!(other.workloads.as_slice(), [one] if all.has(*one) && !who.has(*one));
    let everyone = who.workloads.len() > 1 && there + usize::from(lone) == all.count;
    let whole =
        |set: &AddressSet| set == &AddressSet::all_v4() || set == &AddressSet::all_v4().union(&AddressSet::all_v6());
    let addresses = if who.addresses.is_empty() {
        None
    } else if whole(&who.addresses) {
        Some("any address outside".to_owned())
    } else {
        let (blocks, except) = who.addresses.with_holes();
        let mut text = text::first(blocks, 3);
        if !except.is_empty() {
            text.push_str(&format!(" except {}", except.join(", ")));
        }
        Some(text)
    };
    let mut parts = Vec::new();
    if everyone && all.count > 2 {
        if addresses.as_deref() == Some("any address outside") {
            return "anyone".into();
        }
        parts.push("every workload".to_owned());
    } else {
        parts.extend(names(who, ends, all));
    }
    parts.extend(addresses);
    parts.join(", ")
}

fn names(who: &Who, ends: &Union, all: &Everyone<'_>) -> Vec<String> {
    let key = |w: usize| &ends.all()[w].key;
    let name = |w: usize| format!("{}/{}", key(w).namespace(), key(w).name);
    if who.workloads.len() <= 3 {
        return who.workloads.iter().map(|&w| name(w)).collect();
    }
    let mut spaces: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &w in &who.workloads {
        spaces.entry(key(w).namespace()).or_default().push(w);
    }
    let mut parts = Vec::new();
    for (namespace, list) in &spaces {
        let there = all.by_namespace.get(namespace).copied().unwrap_or_default();
        parts.push(if list.len() == there && there > 1 {
            format!("all {there} workloads of {namespace}")
        } else {
            let most = if list.len() <= 3 { 3 } else { 2 };
            text::joined(list.iter().map(|&w| name(w)), most, ", ", &format!("more of {namespace}"))
        });
    }
    if parts.len() > 4 {
        let rest: usize = spaces.values().skip(3).map(Vec::len).sum();
        parts.truncate(3);
        parts.push(format!("{rest} more workloads"));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(workloads: &[usize]) -> Who {
        Who { workloads: workloads.to_vec(), addresses: AddressSet::none() }
    }

    #[test]
    fn all_to_all_is_one_row() {
        let held: Vec<End> = (0..4).map(|w| [Rc::new(who(&[w]))].into()).collect();
        let mut pairs = Vec::new();
        for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))).filter(|(from, to)| from != to) {
            pairs.push((Rc::clone(&held[from]), Rc::clone(&held[to])));
        }
        assert_eq!(joined(&pairs), [(who(&[0, 1, 2, 3]), who(&[0, 1, 2, 3]))]);
    }

    #[test]
    fn what_is_not_the_same_stays_apart() {
        let rc = |workloads: &[usize]| -> End { [Rc::new(who(workloads))].into() };
        let pairs = [(rc(&[1, 2]), rc(&[0])), (rc(&[2]), rc(&[1]))];
        assert_eq!(joined(&pairs).len(), 2);
        // Targets with the same sources are put together.
        let pairs = [(rc(&[5]), rc(&[0])), (rc(&[5]), rc(&[1]))];
        assert_eq!(joined(&pairs), [(who(&[5]), who(&[0, 1]))]);
    }
}
