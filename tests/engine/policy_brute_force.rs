//! Thousands of random clusters with policies: what the program says of every pair of ends, on every port that tells
//! rules apart, is what a second, naive reading of the rules says (`support/naive.rs`).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::support::naive::{ADDRESSES, End, PORTS, Random, World};
use crate::support::states;
use kubesketch::net::{AddressRange, PortSet, Protocol};
use kubesketch::policy::{
    Connection, ConnectionGroup, Connectivity, Direction, Effect, Endpoint, Explanation, Extent, PeerSet, Reason,
    Ruling,
};

/// So many worlds are tried.
const WORLDS: u64 = 4_000;

fn read(world: &World) -> (Connectivity, Vec<String>) {
    let yaml = world.yaml();
    let found = states::world([("world.yaml", yaml.as_str())]);
    let refused: Vec<&str> = found.diagnostics().iter().filter(|d| d.refused).map(|d| d.message.as_str()).collect();
    assert!(refused.is_empty(), "{refused:?}\n{yaml}");
    let names = found.cluster().workloads().iter().map(|w| w.key.name.clone()).collect();
    (found.connectivity().clone(), names)
}

fn is_at(endpoint: &Endpoint, end: End, world: &World, names: &[String]) -> bool {
    match (endpoint, end) {
        (Endpoint::Workload(w), End::Pod(p)) => names[*w] == world.pods[p].name,
        (Endpoint::Addresses(AddressRange::V4(a, b)), End::Address(IpAddr::V4(address))) => {
            (*a..=*b).contains(&address)
        }
        (Endpoint::Addresses(AddressRange::V6(a, b)), End::Address(IpAddr::V6(address))) => {
            (*a..=*b).contains(&address)
        }
        _ => false,
    }
}

fn says(connections: &[Connection], from: End, to: End, world: &World, names: &[String]) -> Vec<Connection> {
    connections
        .iter()
        .filter(|c| is_at(&c.from, from, world, names) && is_at(&c.to, to, world, names))
        .cloned()
        .collect()
}

/// The world of a seed that these bytes make.
pub fn target(data: &[u8]) {
    check(data.iter().fold(1, |seed, byte| seed * 257 % 0xffff_fffb + u64::from(*byte)));
}

fn check(seed: u64) {
    let world = World::random(&mut Random::new(seed + 1));
    let (connectivity, names) = read(&world);
    let all = connectivity.connections(Extent::All);
    let ruled = connectivity.connections(Extent::Ruled);
    let expected: Vec<&Connection> = all.iter().filter(|c| !c.ports.is_empty() && !c.because.is_empty()).collect();
    assert_eq!(
        ruled.iter().collect::<Vec<_>>(),
        expected,
        "seed {seed}: the ruled ones are not those of all with a reason\n{}",
        world.yaml()
    );
    check_groups(&connectivity, &all, &|| format!("seed {seed}\n{}", world.yaml()));
    check_explanations(&connectivity, &|| format!("seed {seed}\n{}", world.yaml()));
    let pods = (0..world.pods.len()).map(End::Pod);
    let ends: Vec<End> =
        pods.chain(ADDRESSES.into_iter().filter(|a| a.is_ipv4() || world.speaks_of_v6()).map(End::Address)).collect();
    for &from in &ends {
        for &to in &ends {
            match (from, to) {
                (End::Address(_), End::Address(_)) => continue,
                (End::Pod(a), End::Pod(b)) if a == b => continue,
                _ => {}
            }
            let rows = says(&all, from, to, &world, &names);
            assert!(rows.len() <= 1, "seed {seed}: {from:?} to {to:?} is told twice\n{}", world.yaml());
            for protocol in Protocol::ALL {
                for port in PORTS {
                    let said = rows.first().is_some_and(|c| c.ports.contains(protocol, port));
                    let right = world.allowed(from, to, protocol.as_str(), port);
                    let name = protocol.as_str();
                    assert_eq!(
                        said,
                        right,
                        "seed {seed}: {from:?} to {to:?} on {name} {port}: said {said}, is {right}\n{rows:?}\n{}",
                        world.yaml()
                    );
                }
            }
            if let Some(row) = rows.first() {
                let stopped = row.because.iter().any(|r| matches!(r.effect, Effect::Deny | Effect::Isolate));
                assert_eq!(
                    stopped,
                    !row.ports.is_all(),
                    "seed {seed}: {row:?} names nobody who stops it, or somebody who does not\n{}",
                    world.yaml()
                );
            }
        }
    }
}

/// The connections of a group, one by one.
fn expanded(group: &ConnectionGroup<'_>) -> Vec<Connection> {
    let ends = |set: &PeerSet| -> Vec<Endpoint> {
        match set {
            PeerSet::IngressController => vec![Endpoint::IngressController],
            PeerSet::Workloads(list) => list.iter().map(|&w| Endpoint::Workload(w)).collect(),
            PeerSet::Addresses(set) => set.ranges().into_iter().map(Endpoint::Addresses).collect(),
        }
    };
    let mut connections = Vec::new();
    for from in ends(&group.from) {
        for to in ends(&group.to).into_iter().filter(|to| *to != from) {
            connections.push(Connection {
                from: from.clone(),
                to,
                ports: group.answer.ports.clone(),
                sometimes: group.answer.sometimes.clone(),
                certainty: group.answer.certainty,
                because: group.answer.because.clone(),
                network: group.network.clone(),
            });
        }
    }
    assert!(!connections.is_empty(), "{group:?} holds nothing");
    connections
}

/// Sorted, with whatever tells two connections of the same ends apart.
fn sorted<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Vec<Connection> {
    let mut list: Vec<Connection> = connections.into_iter().cloned().collect();
    list.sort_by(|a, b| {
        let key =
            |c: &Connection| (c.network.clone(), c.from.clone(), c.to.clone(), c.ports.clone(), c.because.clone());
        key(a).cmp(&key(b))
    });
    list
}

/// Groups and blocks hold each connection once, also where only those of some workloads are wanted.
pub fn check_groups(connectivity: &Connectivity, all: &[Connection], context: &dyn Fn() -> String) {
    let ruled: Vec<&Connection> = all.iter().filter(|c| !c.ports.is_empty() && !c.because.is_empty()).collect();
    let groups = |extent, wanted: Option<&[bool]>| -> Vec<Connection> {
        connectivity.connection_groups(extent, wanted).iter().flat_map(expanded).collect()
    };
    assert_eq!(sorted(&groups(Extent::All, None)), sorted(all), "{}", context());
    assert_eq!(sorted(&groups(Extent::Ruled, None)), sorted(ruled.iter().copied()), "{}", context());
    let blocks: Vec<Connection> = connectivity.blocks(Extent::Ruled).flat_map(|block| expanded(&block)).collect();
    assert_eq!(sorted(&blocks), sorted(ruled.iter().copied()), "{}", context());
    // Every other workload is wanted.
    let wanted: Vec<bool> = (0..all.len()).map(|w| w % 2 == 0).collect();
    let is_wanted = |end: &Endpoint| matches!(end, Endpoint::Workload(w) if w % 2 == 0);
    let some = ruled.iter().copied().filter(|c| is_wanted(&c.from) || is_wanted(&c.to));
    assert_eq!(sorted(&groups(Extent::Ruled, Some(&wanted))), sorted(some), "{}", context());
    let v6: Vec<Connection> = connectivity.pairs_v6(Extent::All).map(Connection::from).collect();
    let is_v6 = |end: &Endpoint| matches!(end, Endpoint::Addresses(AddressRange::V6(..)));
    let expected: Vec<&Connection> = all.iter().filter(|c| is_v6(&c.from) || is_v6(&c.to)).collect();
    assert_eq!(v6.iter().collect::<Vec<_>>(), expected, "{}", context());
}

/// What a verdict says of itself is the verdict: each port is decided once on each side, what both sides let through is
/// what is allowed, and the rules that are named are those that decide.
pub fn check_explanations(connectivity: &Connectivity, context: &dyn Fn() -> String) {
    for network in 0..connectivity.networks().count() {
        let groups = 0..connectivity.groups(network).len();
        for (from, to) in groups.clone().flat_map(|from| groups.clone().map(move |to| (from, to))) {
            let verdict = connectivity.between_groups(network, from, to);
            let sides = Direction::ALL.map(|direction| connectivity.explain(network, from, to, direction));
            for side in &sides {
                let mut seen = PortSet::none();
                for decision in &side.decisions {
                    assert!(seen.intersection(&decision.ports).is_empty(), "{side:?}\n{}", context());
                    seen = seen.union(&decision.ports);
                }
                assert!(seen.is_all(), "{side:?}\n{}", context());
            }
            let [ingress, egress] = &sides;
            let through = ingress.allowed().intersection(&egress.allowed());
            let depends = |side: &Explanation| side.decisions.iter().any(|d| d.ruling == Ruling::Sometimes);
            if depends(ingress) && depends(egress) {
                // Which requests pass both sides is not to be seen from each of them.
                assert!(verdict.ports.difference(&through).is_empty(), "{sides:?}\n{}", context());
                continue;
            }
            assert_eq!(through, verdict.ports, "{sides:?}\n{}", context());
            let named: BTreeSet<Reason> =
                sides.iter().flat_map(|s| &s.decisions).flat_map(|d| d.because.iter().copied()).collect();
            let deciding: BTreeSet<Reason> = verdict.because.iter().copied().collect();
            assert_eq!(named, deciding, "{sides:?}\n{}", context());
        }
    }
}

#[test]
fn every_pair_and_port_is_as_a_naive_reading_says() {
    use rayon::prelude::*;
    (0..WORLDS).into_par_iter().for_each(check);
}
