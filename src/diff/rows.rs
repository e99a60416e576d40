//! Connections that differ, as people read them: few rows, each from some to some others on some ports, with the rules
//! that did it.

use std::collections::{BTreeMap, BTreeSet};

use super::Revision;
use super::connections::{Delta, Party};
use super::ends::Union;
use super::reasons::{Cause, causes};
use super::traffic::Turn;
use crate::net::{AddressSet, PortSet};
use crate::policy::Network;

/// Some workloads and some addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Who {
    /// Positions in the union.
    pub workloads: BTreeSet<usize>,
    /// Addresses outside.
    pub addresses: AddressSet,
}

impl Who {
    fn add(&mut self, other: &Who) {
        self.workloads.extend(&other.workloads);
        self.addresses.add(&other.addresses);
    }

    fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.addresses.is_empty()
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

/// What must agree for connections to be told in one row.
type Said<'a> = (PortSet, Vec<Cause>, &'a Network);

/// The rows of one turn for connections whose ends are as wanted: those between workloads that both states have, or
/// those of one workload.
pub(super) fn rows(
    old: &Revision,
    new: &Revision,
    turn: Turn,
    deltas: &[Delta],
    wanted: impl Fn(usize) -> bool,
) -> Vec<Row> {
    let mut said: BTreeMap<Said<'_>, Vec<(Who, Who)>> = BTreeMap::new();
    for delta in deltas {
        let ports = match turn {
            Turn::Gained => delta.gained(),
            Turn::Lost => delta.lost(),
        };
        let (Some(from), Some(to)) = (who(&delta.from, &wanted), who(&delta.to, &wanted)) else {
            continue;
        };
        if ports.is_empty() || from.is_empty() || to.is_empty() {
            continue;
        }
        let key = (ports, causes(old, new, delta, turn), &delta.network);
        said.entry(key).or_default().push((from, to));
    }
    let mut rows: Vec<Row> = Vec::new();
    for ((ports, causes, network), pairs) in said {
        let flipped = |pairs: &[(Who, Who)]| pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect::<Vec<_>>();
        let by_target = joined(&pairs);
        let by_source = flipped(&joined(&flipped(&pairs)));
        let fewest = if by_source.len() < by_target.len() { by_source } else { by_target };
        rows.extend(fewest.into_iter().map(|(from, to)| Row {
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

/// The workloads that are wanted, or the addresses. The ingress controller is told as exposure.
fn who(party: &Party, wanted: &impl Fn(usize) -> bool) -> Option<Who> {
    match party {
        Party::Workloads(list) => Some(Who {
            workloads: list.iter().copied().filter(|&w| wanted(w)).collect(),
            addresses: AddressSet::none(),
        }),
        Party::Addresses(set) => Some(Who { workloads: BTreeSet::new(), addresses: set.clone() }),
        Party::IngressController => None,
    }
}

/// Fewer pairs that mean the same: sources of one target are told together, and then targets with the same sources.
fn joined(pairs: &[(Who, Who)]) -> Vec<(Who, Who)> {
    let mut of_target: BTreeMap<&Who, Who> = BTreeMap::new();
    for (from, to) in pairs {
        of_target.entry(to).or_default().add(from);
    }
    let mut of_sources: BTreeMap<Who, Who> = BTreeMap::new();
    for (to, from) in of_target {
        of_sources.entry(from).or_default().add(to);
    }
    // No workload connects to itself: that it counts among its own sources makes no difference, and may make them those
    // of others.
    let mut of_all: BTreeMap<Who, Who> = BTreeMap::new();
    for (mut from, to) in of_sources {
        if let (Some(&only), 1) = (to.workloads.first(), to.workloads.len()) {
            from.workloads.insert(only);
        }
        of_all.entry(from).or_default().add(&to);
    }
    let mut found: Vec<(Who, Who)> = of_all.into_iter().collect();
    for (from, to) in &mut found {
        if to.workloads.len() == 1 {
            from.workloads.retain(|w| !to.workloads.contains(w));
        }
    }
    found
}

/// Who is meant, in words: names of few, namespaces and counts of many. `all` are the workloads that there are to be
/// meant.
pub(super) fn words(who: &Who, other: &Who, ends: &Union, all: &BTreeSet<usize>) -> String {
    // The one at the other end is not meant in any case.
    let lone = other.workloads.len() == 1;
    let lacking = |set: &BTreeSet<usize>| {
        set.difference(&who.workloads).filter(|w| !(lone && other.workloads.contains(w))).count()
    };
    let everyone = !who.workloads.is_empty() && who.workloads.len() > 1 && lacking(all) == 0;
    let whole =
        |set: &AddressSet| set == &AddressSet::all_v4() || set == &AddressSet::all_v4().union(&AddressSet::all_v6());
    let addresses = if who.addresses.is_empty() {
        None
    } else if whole(&who.addresses) {
        Some("any address outside".to_owned())
    } else {
        let (mut blocks, except) = who.addresses.with_holes();
        let count = blocks.len();
        blocks.truncate(3);
        let mut text = blocks.join(", ");
        if count > 3 {
            text.push_str(&format!(" and {} more", count - 3));
        }
        if !except.is_empty() {
            text.push_str(&format!(" except {}", except.join(", ")));
        }
        Some(text)
    };
    let mut parts = Vec::new();
    if everyone && all.len() > 2 {
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

fn names(who: &Who, ends: &Union, all: &BTreeSet<usize>) -> Vec<String> {
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
        let there = all.iter().filter(|&&w| key(w).namespace() == *namespace).count();
        parts.push(if list.len() == there && there > 1 {
            format!("all {there} workloads of {namespace}")
        } else if list.len() <= 3 {
            list.iter().map(|&w| name(w)).collect::<Vec<_>>().join(", ")
        } else {
            let first: Vec<String> = list.iter().take(2).map(|&w| name(w)).collect();
            format!("{} and {} more of {namespace}", first.join(", "), list.len() - 2)
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
        Who { workloads: workloads.iter().copied().collect(), addresses: AddressSet::none() }
    }

    #[test]
    fn all_to_all_is_one_row() {
        let pairs: Vec<(Who, Who)> =
            (0..4).map(|to| (who(&(0..4).filter(|f| *f != to).collect::<Vec<_>>()), who(&[to]))).collect();
        assert_eq!(joined(&pairs), [(who(&[0, 1, 2, 3]), who(&[0, 1, 2, 3]))]);
    }

    #[test]
    fn what_is_not_the_same_stays_apart() {
        let pairs = [(who(&[1, 2]), who(&[0])), (who(&[2]), who(&[1]))];
        assert_eq!(joined(&pairs).len(), 2);
        // Targets with the same sources are told together.
        let pairs = [(who(&[5]), who(&[0])), (who(&[5]), who(&[1]))];
        assert_eq!(joined(&pairs), [(who(&[5]), who(&[0, 1]))]);
    }
}
