//! What the picture shows of policies is what they allow: in thousands of random clusters, the flows taken together say
//! of every pair of workloads just what the pair by pair answer says, as far as some rule is the reason.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::support::naive::{ADDRESSES, Random, World};
use crate::support::states;
use kubesketch::cluster::Cluster;
use kubesketch::net::{AddressRange, AddressSet, PortSet};
use kubesketch::policy::{Connectivity, Direction, Effect, End, Endpoint, Flow, Group, Members, Network, connectivity};

const WORLDS: u64 = 2_000;

/// The workloads that an end means, of all that are on the network.
fn members(end: &End, not: &[usize], all: &[usize]) -> Vec<usize> {
    let mut meant: Vec<usize> = match end {
        End::Anyone => all.to_vec(),
        End::Pods(_, members) => members.to_vec(),
        End::Workloads(members) => members.clone(),
        End::Addresses(_) | End::Names(_) => Vec::new(),
    };
    assert!(not.iter().all(|w| meant.contains(w)), "exceptions are members");
    meant.retain(|w| !not.contains(w));
    meant
}

fn reaches(end: &End, address: IpAddr) -> bool {
    match end {
        End::Anyone => true,
        End::Addresses(set) => set.contains(address),
        _ => false,
    }
}

/// The workloads whose primary network a flow is on.
fn there(connectivity: &Connectivity, flow: &Flow, count: usize) -> Vec<usize> {
    let network = connectivity.networks().position(|n| *n == flow.network).unwrap();
    (0..count).filter(|&w| connectivity.home(w) == network).collect()
}

/// The ports that flows on primary networks give each pair of workloads.
fn pairs(connectivity: &Connectivity, flows: &[Flow], count: usize) -> BTreeMap<(usize, usize), PortSet> {
    let mut found: BTreeMap<(usize, usize), PortSet> = BTreeMap::new();
    for flow in flows.iter().filter(|f| !matches!(f.network, Network::Secondary(_))) {
        let all = there(connectivity, flow, count);
        for a in members(&flow.from, &flow.not_from, &all) {
            for b in members(&flow.to, &flow.not_to, &all).into_iter().filter(|b| *b != a) {
                let ports = found.entry((a, b)).or_default();
                *ports = ports.union(&flow.ports);
            }
        }
    }
    found
}

fn between(connectivity: &Connectivity, from: Endpoint, to: Endpoint) -> PortSet {
    connectivity.between(&from, &to).map(|c| c.ports).unwrap_or_default()
}

fn check(seed: u64) {
    let yaml = World::random(&mut Random::new(seed + 1)).yaml();
    check_flows(&states::world([("world.yaml", yaml.as_str())]), &|| format!("seed {seed}\n{yaml}"));
}

/// The traffic that a rule must let through if anything does: all, or TCP where only a mesh isolates.
fn ruled(connectivity: &Connectivity, workload: usize, direction: Direction) -> PortSet {
    let isolation = connectivity.isolation(workload, direction);
    if connectivity.is_unrestricted(workload, direction) {
        return PortSet::none();
    }
    let closed = isolation.isolating.iter().map(|&p| connectivity.policies()[p].closes.ports());
    closed.fold(PortSet::none(), |all, ports| all.union(&ports))
}

/// Asserts that flows say what pairs say.
pub fn check_flows(found: &kubesketch::world::World, context: &dyn Fn() -> String) {
    let connectivity = found.connectivity();
    let count = found.cluster().workloads().len();
    let flows = connectivity.flows();
    let said = pairs(connectivity, &flows.allowed, count);
    for a in 0..count {
        for b in (0..count).filter(|b| *b != a) {
            let right = between(connectivity, Endpoint::Workload(a), Endpoint::Workload(b));
            let drawn = said.get(&(a, b)).cloned().unwrap_or_default();
            assert!(
                drawn.difference(&right).is_empty(),
                "{a} to {b} is drawn with {drawn}, and only {right} gets through\n{:#?}\n{}",
                flows.allowed,
                context()
            );
            let ruled = ruled(connectivity, a, Direction::Egress).union(&ruled(connectivity, b, Direction::Ingress));
            assert_eq!(
                drawn.intersection(&ruled),
                right.intersection(&ruled),
                "{a} to {b} is not drawn as it is\n{:#?}\n{}",
                flows.allowed,
                context()
            );
        }
    }
    for (own, address) in (0..count).flat_map(|w| ADDRESSES.into_iter().map(move |a| (w, a))) {
        // Addresses of IPv6 are reported only where some rule names them.
        let is_told = |g: &Group| matches!(&g.members, Members::Addresses(set) if set.contains(address));
        if !connectivity.groups(connectivity.home(own)).iter().any(is_told) {
            continue;
        }
        let outside = || {
            Endpoint::Addresses(match address {
                IpAddr::V4(a) => AddressRange::V4(a, a),
                IpAddr::V6(a) => AddressRange::V6(a, a),
            })
        };
        for (direction, right) in [
            (Direction::Egress, between(connectivity, Endpoint::Workload(own), outside())),
            (Direction::Ingress, between(connectivity, outside(), Endpoint::Workload(own))),
        ] {
            let mut drawn = PortSet::none();
            let primary = flows.allowed.iter().filter(|f| !matches!(f.network, Network::Secondary(_)));
            for flow in primary {
                let all = there(connectivity, flow, count);
                let (pods, not, other) = match direction {
                    Direction::Egress => (&flow.from, &flow.not_from, &flow.to),
                    Direction::Ingress => (&flow.to, &flow.not_to, &flow.from),
                };
                if reaches(other, address) && members(pods, not, &all).contains(&own) {
                    drawn = drawn.union(&flow.ports);
                }
            }
            assert!(drawn.difference(&right).is_empty(), "{own} and {address}: {drawn} is not {right}\n{}", context());
            let ruled = ruled(connectivity, own, direction);
            assert_eq!(
                drawn.intersection(&ruled),
                right.intersection(&ruled),
                "{own} and {address}, {direction:?}\n{:#?}\n{}",
                flows.allowed,
                context()
            );
        }
    }
    for flow in &flows.denied {
        for (a, b) in pairs(connectivity, std::slice::from_ref(flow), count).into_keys() {
            let one_side = flow.because.iter().any(|r| matches!(r.effect, Effect::Allow | Effect::Pass));
            assert!(one_side && a != b, "{flow:?}\n{}", context());
        }
    }
}

#[test]
fn flows_say_what_pairs_say() {
    use rayon::prelude::*;
    (0..WORLDS).into_par_iter().for_each(check);
}

#[test]
fn an_empty_cluster_has_no_flows() {
    let connectivity = connectivity(&Cluster::default(), Vec::new(), Vec::new(), None).value;
    assert!(connectivity.flows().allowed.is_empty() && AddressSet::none().is_empty());
}
