//! Groups of connections as data: sets of peers and reasons are listed once, and connections refer to them by their
//! positions. The size grows with workloads, groups and rules, not with pairs of workloads.

use serde::Serialize;

use super::{PeersJson, PortsJson, Positions, ReasonJson};
use crate::policy::{ConnectionGroup, Extent, Network, PeerSet, Reason};
use crate::render::Report;
use crate::render::calls::Ledger;

/// Connections that some policy, or an entry point from outside, affects.
#[derive(Serialize)]
pub(in crate::render) struct Groups<'a> {
    peers: Vec<PeersJson>,
    reasons: Vec<ReasonJson<'a>>,
    connections: Vec<GroupJson>,
}

/// A set of peers as data.
fn peers_json(report: &Report<'_>, set: &PeerSet) -> PeersJson {
    match set {
        PeerSet::IngressController => PeersJson::controller(),
        PeerSet::Workloads(list) => {
            PeersJson::Workloads { workloads: list.iter().map(|&w| report.workload(w)).collect() }
        }
        PeerSet::Addresses(set) => PeersJson::addresses(set),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupJson {
    /// Position among the sets of peers.
    from: usize,
    /// Position among the sets of peers.
    to: usize,
    ports: PortsJson,
    /// Left out where it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    always: Option<PortsJson>,
    certainty: &'static str,
    /// Positions among the reasons.
    because: Vec<usize>,
    /// Position among the sets of peers: sources that need this only for destinations that they call.
    #[serde(skip_serializing_if = "Option::is_none")]
    unneeded_from: Option<usize>,
    /// Left out for the pod network.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
}

impl<'a> Groups<'a> {
    /// All of a report, or those with at least one of the wanted workloads at an end.
    pub(in crate::render) fn of(report: &'a Report<'a>, wanted: Option<&[bool]>) -> Groups<'a> {
        let ledger = Ledger::of(report);
        let mut peers: Positions<PeerSet> = Positions::new();
        let mut reasons: Positions<Reason> = Positions::new();
        let mut connections = Vec::new();
        for group in report.connectivity.connection_groups(Extent::Ruled, wanted) {
            let ConnectionGroup { network, from, to, answer } = &group;
            connections.push(GroupJson {
                from: peers.get(from),
                to: peers.get(to),
                ports: PortsJson::of(&answer.ports),
                always: answer.always().map(|ports| PortsJson::of(&ports)),
                certainty: answer.certainty.as_str(),
                because: answer.because.iter().map(|r| reasons.get(r)).collect(),
                unneeded_from: ledger.as_ref().and_then(|l| l.unneeded_from(&group)).map(|set| peers.get(&set)),
                network: (**network != Network::Pod).then(|| network.to_string()),
            });
        }
        Groups {
            peers: peers.into_list().iter().map(|set| peers_json(report, set)).collect(),
            reasons: reasons.into_list().iter().map(|r| ReasonJson::of(report, r)).collect(),
            connections,
        }
    }
}
