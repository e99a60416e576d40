//! Connections that differ as data, by groups: sets of peers and reasons are listed once, and groups refer to them by
//! their positions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::{kind, ranges};
use crate::diff::{Delta, Diff, Party};
use crate::net::AddressSet;
use crate::policy::{Network, Reason};
use crate::render::Report;
use crate::render::connections::{PeersJson, Positions, ReasonJson};

/// All groups, each pair that differs in one of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Groups<'a> {
    peers: Vec<PeersJson>,
    old_reasons: Vec<ReasonJson<'a>>,
    new_reasons: Vec<ReasonJson<'a>>,
    groups: Vec<GroupJson>,
}

/// What several parties are together, which are of one kind, as data.
fn peers_json(diff: &Diff, parties: &[usize]) -> PeersJson {
    let (mut workloads, mut addresses) = (Vec::<usize>::new(), AddressSet::none());
    for &party in parties {
        match &diff.parties[party] {
            Party::Workloads(list) => workloads.extend(list),
            Party::Addresses(set) => addresses.add(set),
            Party::IngressController => return PeersJson::controller(),
        }
    }
    if workloads.is_empty() {
        return PeersJson::addresses(&addresses);
    }
    workloads.sort_unstable();
    PeersJson::Workloads { workloads: workloads.into_iter().map(|w| diff.workloads[w].to_string()).collect() }
}

#[derive(Serialize)]
struct GroupJson {
    #[serde(rename = "type")]
    change: &'static str,
    /// Position among the sets of peers.
    from: usize,
    /// Position among the sets of peers.
    to: usize,
    ref1: BTreeMap<&'static str, Vec<(u16, u16)>>,
    ref2: BTreeMap<&'static str, Vec<(u16, u16)>>,
    /// Positions among the reasons of the old state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because1: Vec<usize>,
    /// Positions among those of the new state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because2: Vec<usize>,
    /// Left out for the pod network.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
}

impl<'a> Groups<'a> {
    pub fn of(diff: &'a Diff, reports: &'a [Report<'a>; 2]) -> Groups<'a> {
        // The same parties are most often held once.
        let mut peers: Positions<&[usize]> = Positions::new();
        let mut reasons: [Positions<Reason>; 2] = [Positions::new(), Positions::new()];
        let mut groups = Vec::with_capacity(diff.connections.len());
        for delta in &diff.connections {
            let mut because =
                |slot: usize, all: &[Reason]| -> Vec<usize> { all.iter().map(|r| reasons[slot].get(r)).collect() };
            groups.push(GroupJson {
                change: kind(delta),
                from: peers.get(&&*delta.from),
                to: peers.get(&&*delta.to),
                ref1: ranges(&delta.old.ports),
                ref2: ranges(&delta.new.ports),
                because1: because(0, &delta.old.because),
                because2: because(1, &delta.new.because),
                network: (delta.network != Network::Pod).then(|| delta.network.to_string()),
            });
        }
        let [old, new] = reasons.map(Positions::into_list);
        Groups {
            peers: peers.into_list().into_iter().map(|parties| peers_json(diff, parties)).collect(),
            old_reasons: old.iter().map(|r| ReasonJson::of(&reports[0], r)).collect(),
            new_reasons: new.iter().map(|r| ReasonJson::of(&reports[1], r)).collect(),
            groups,
        }
    }
}

/// How many pairs differ; one of a workload with itself counts, though there is none.
pub(super) fn pairs(diff: &Diff) -> usize {
    let sizes: Vec<usize> = diff.parties.iter().map(size).collect();
    let of = |parties: &[usize]| parties.iter().map(|&p| sizes[p]).sum::<usize>();
    let count = |delta: &Delta| of(&delta.from).saturating_mul(of(&delta.to));
    diff.connections.iter().map(count).fold(0, usize::saturating_add)
}

fn size(party: &Party) -> usize {
    match party {
        Party::Workloads(list) => list.len(),
        Party::Addresses(set) => set.ranges().len(),
        Party::IngressController => 1,
    }
}
