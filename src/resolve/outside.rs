//! Whether workloads are reached from outside, as far as that is known.

use std::collections::BTreeMap;

use crate::graph::Outside;
use crate::policy::{Certainty, Connectivity, Direction, Entrance, EntranceDoubt, Influence, Way};

/// The most open answer of its entrances for each workload that has any.
pub(super) fn of_workloads(connectivity: &Connectivity) -> BTreeMap<usize, Outside> {
    let rank = |outside: Outside| match outside {
        Outside::Unreached => 0,
        Outside::Blocked => 1,
        Outside::Undetermined => 2,
        Outside::Reached => 3,
    };
    let mut ways: BTreeMap<usize, Outside> = BTreeMap::new();
    for entrance in connectivity.entrances() {
        let found = reached(connectivity, entrance);
        let known = ways.entry(entrance.workload).or_insert(found);
        if rank(found) > rank(*known) {
            *known = found;
        }
    }
    ways
}

/// Whether an entrance reaches its workload.
fn reached(connectivity: &Connectivity, entrance: &Entrance) -> Outside {
    let mut influence = connectivity.influence(entrance.workload, Direction::Ingress);
    if let Way::Controller(known) = &entrance.way {
        let own = known.iter().map(|&w| connectivity.influence(w, Direction::Egress));
        influence = own.fold(influence, Influence::max);
    }
    let admission = connectivity.admission(entrance);
    let is_open = !admission.ports.is_empty();
    let is_doubted = match is_open {
        true => {
            matches!(entrance.doubt, Some(EntranceDoubt::NotProvisioned | EntranceDoubt::Unjudged))
                || connectivity.hop_certainty(entrance) == Certainty::Undetermined
        }
        // A rule may mean a controller that the manifests do not contain.
        false => matches!(entrance.way, Way::Controller(_)) && admission.certainty == Certainty::Undetermined,
    };
    match (is_open, influence) {
        (true, Influence::None) if !is_doubted => Outside::Reached,
        (false, Influence::None | Influence::Restricts) if !is_doubted => Outside::Blocked,
        _ => Outside::Undetermined,
    }
}
