//! Random clusters with policies of Cilium beside those of Kubernetes: what the program says of every pair of ends, on
//! every port that tells rules apart, is what a second, naive reading of Cilium's documentation says
//! (`support/naive_cilium.rs`); every way to ask for an answer gives the same one.

use std::net::IpAddr;

use super::policy_brute_force::{check_explanations, check_groups};
use super::policy_flows::check_flows;
use crate::support::naive::Random;
use crate::support::naive_cilium::{ADDRESSES, End, PORTS, PROTOCOLS, REQUESTS, World};
use crate::support::states;
use kubesketch::net::{AddressRange, Protocol};
use kubesketch::policy::{Connection, Endpoint, Extent};
use rayon::prelude::*;

/// So many worlds are tried; `KUBESKETCH_WORLDS` asks for another number, `KUBESKETCH_SEEDS` for certain ones (`981,1503`).
const WORLDS: u64 = 500;

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

fn check(seed: u64) {
    let world = World::random(&mut Random::new(seed + 1));
    let yaml = world.yaml();
    let about = || format!("seed {seed}\n{yaml}");
    let found = states::world([("world.yaml", yaml.as_str())]);
    let refused: Vec<&str> = found.diagnostics().iter().filter(|d| d.refused).map(|d| d.message.as_str()).collect();
    assert!(refused.is_empty(), "{refused:?}\n{yaml}");
    let names: Vec<String> = found.cluster().workloads().iter().map(|w| w.key.name.clone()).collect();
    let connectivity = found.connectivity();
    let all = connectivity.connections(Extent::All);
    check_groups(connectivity, &all, &about);
    check_explanations(connectivity, &about);
    check_flows(&found, &about);
    let has_v6 = all.iter().any(|c| matches!(c.to, Endpoint::Addresses(AddressRange::V6(..))));
    let addresses = ADDRESSES.iter().map(|a| a.parse::<IpAddr>().unwrap());
    let ends: Vec<End> = (0..world.pods.len())
        .map(End::Pod)
        .chain(addresses.filter(|a| a.is_ipv4() || has_v6).map(End::Address))
        .collect();
    for &from in &ends {
        for &to in &ends {
            match (from, to) {
                (End::Address(_), End::Address(_)) => continue,
                (End::Pod(a), End::Pod(b)) if a == b => continue,
                _ => {}
            }
            let rows: Vec<&Connection> = all
                .iter()
                .filter(|c| is_at(&c.from, from, &world, &names) && is_at(&c.to, to, &world, &names))
                .collect();
            assert!(rows.len() <= 1, "{from:?} to {to:?} is told twice\n{}", about());
            for (protocol, port) in PROTOCOLS.into_iter().flat_map(|p| PORTS.map(|port| (p, port))) {
                let through = REQUESTS.map(|r| world.allowed(from, to, protocol, port, r));
                let right = (through.contains(&true), through.contains(&true) && through.contains(&false));
                let known = Protocol::from_name(protocol).unwrap();
                let said = rows
                    .first()
                    .map_or((false, false), |c| (c.ports.contains(known, port), c.sometimes.contains(known, port)));
                assert_eq!(
                    said,
                    right,
                    "{from:?} to {to:?} on {protocol} {port} (some, not all): said left, is right\n{rows:?}\n{}",
                    about()
                );
            }
        }
    }
}

fn seeds() -> Vec<u64> {
    let asked = |name: &str| std::env::var(name).ok();
    match asked("KUBESKETCH_SEEDS") {
        Some(list) => list.split(',').map(|seed| seed.trim().parse().expect("a seed is a number")).collect(),
        None => (0..asked("KUBESKETCH_WORLDS").and_then(|text| text.parse().ok()).unwrap_or(WORLDS)).collect(),
    }
}

#[test]
fn naive_and_engine_agree_on_cilium() {
    seeds().into_par_iter().for_each(check);
}
