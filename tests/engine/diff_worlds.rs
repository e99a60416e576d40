//! What a difference says of connections is true and complete: in thousands of pairs of random clusters it names just
//! the pairs whose ports differ, and the lines of the union of both pictures are marked with the change they represent.

use std::collections::BTreeMap;

use crate::support::naive::{ADDRESSES, Random, World};
use crate::support::states::revision;
use kubesketch::diff::{Diff, Party, Revision, compare};
use kubesketch::graph::{Change, EdgeDetail, Graph, NodeKind, Ports};
use kubesketch::net::{AddressRange, AddressSet, PortSet};
use kubesketch::policy::{Endpoint, Members, Network};
use kubesketch::render::{Changes, PairList, changes_json};
use serde_json::Value;

const WORLDS: u64 = 1_500;

fn position(read: &Revision, id: &str) -> Option<usize> {
    read.world.cluster().workloads().iter().position(|w| w.key.to_string() == id)
}

/// What a state allows between two ends, by the names of workloads.
fn between(read: &Revision, from: &End, to: &End) -> PortSet {
    let end = |end: &End| match end {
        End::Workload(id) => position(read, id).map(Endpoint::Workload),
        End::Address(range) => Some(Endpoint::Addresses(*range)),
    };
    match (end(from), end(to)) {
        (Some(a), Some(b)) => read.world.connectivity().between(&a, &b).map(|c| c.ports).unwrap_or_default(),
        _ => PortSet::none(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Workload(String),
    Address(AddressRange),
}

fn single(address: std::net::IpAddr) -> AddressRange {
    match address {
        std::net::IpAddr::V4(a) => AddressRange::V4(a, a),
        std::net::IpAddr::V6(a) => AddressRange::V6(a, a),
    }
}

/// The other state: some documents of the one left out, and some of a stranger put in.
fn changed(yaml: &str, other: &str, r: &mut Random) -> String {
    let mut documents: Vec<&str> = yaml.split("---\n").filter(|d| !d.trim().is_empty()).collect();
    for _ in 0..=r.below(2) {
        if documents.len() > 1 {
            documents.remove(r.below(documents.len()));
        }
    }
    let strange: Vec<&str> = other.split("---\n").filter(|d| !d.trim().is_empty()).collect();
    for _ in 0..r.below(3) {
        // The first of two objects of one identity counts.
        documents.insert(0, strange[r.below(strange.len())]);
    }
    documents.join("---\n")
}

/// How many lines of each kind of change were looked at, and how many connections that differ.
type Seen = BTreeMap<&'static str, usize>;

fn check(seed: u64, seen: &mut Seen) {
    let mut r = Random::new(seed + 77);
    let one = World::random(&mut r).yaml();
    let other = World::random(&mut r).yaml();
    let two = changed(&one, &other, &mut r);
    let (old, new) = (revision("world.yaml", &one), revision("world.yaml", &two));
    let diff = compare(&old, &new);
    let context = || format!("seed {seed}\n== old\n{one}\n== new\n{two}");
    check_connections(&old, &new, &diff, &context);
    check_union(&old, &new, &diff.graph, seen, &context);
    *seen.entry("connections").or_default() += diff.connections.len();
    let same = compare(&old, &old);
    assert!(same.is_empty(), "{:?} {}", same.sections, context());
    let changed = same.graph.nodes().filter(|n| n.change != Some(Change::Same)).count();
    let edges = same.graph.edges().filter(|(.., e)| e.change != Some(Change::Same)).count();
    assert_eq!((changed, edges), (0, 0), "{}", context());
}

fn check_connections(old: &Revision, new: &Revision, diff: &Diff, context: &dyn Fn() -> String) {
    let workloads: Vec<End> = diff.workloads.iter().map(|k| End::Workload(k.to_string())).collect();
    let addresses: Vec<End> = ADDRESSES.iter().map(|a| End::Address(single(*a))).collect();
    let mut said: BTreeMap<(End, End), (PortSet, PortSet)> = BTreeMap::new();
    let members = |party: &Party| -> Vec<End> {
        match party {
            Party::Workloads(list) => list.iter().map(|&w| workloads[w].clone()).collect(),
            Party::Addresses(set) => {
                let held = |end: &&End| matches!(end, End::Address(range) if !set.intersection(&AddressSet::range(*range)).is_empty());
                addresses.iter().filter(held).cloned().collect()
            }
            Party::IngressController => Vec::new(),
        }
    };
    for delta in diff.connections.iter().filter(|d| !matches!(d.network, Network::Secondary(_))) {
        let end = |parties: &[usize]| -> Vec<End> { parties.iter().flat_map(|&p| members(&diff.parties[p])).collect() };
        for a in end(&delta.from) {
            for b in end(&delta.to).into_iter().filter(|b| *b != a) {
                let known = said.insert((a.clone(), b.clone()), (delta.old.ports.clone(), delta.new.ports.clone()));
                assert_eq!(known, None, "{a:?} {b:?} is told twice, {}", context());
            }
        }
    }
    // Of IPv6 only what both states speak of is compared.
    let v6 = |read: &Revision| {
        let mut groups =
            (0..read.world.connectivity().networks().count()).flat_map(|n| read.world.connectivity().groups(n));
        groups.any(|g| matches!(&g.members, Members::Addresses(set) if set.has_v6()))
    };
    let both = v6(old) && v6(new);
    let told = |end: &&End| both || !matches!(end, End::Address(AddressRange::V6(..)));
    let all: Vec<&End> = workloads.iter().chain(&addresses).filter(told).collect();
    for a in &all {
        for b in all.iter().filter(|b| *b != a) {
            if let (End::Address(_), End::Address(_)) = (a, b) {
                continue;
            }
            let (before, after) = (between(old, a, b), between(new, a, b));
            let told = said.get(&((*a).clone(), (*b).clone()));
            if before == after {
                assert_eq!(told, None, "{a:?} to {b:?}: {before} in both, {}", context());
            } else {
                assert_eq!(told, Some(&(before, after)), "{a:?} to {b:?}, {}", context());
            }
        }
    }
}

fn port_set(ports: &Ports) -> PortSet {
    ports.ranges.iter().fold(PortSet::none(), |all, (p, a, b)| all.union(&PortSet::range(*p, *a, *b)))
}

/// Lines between two workloads that say ports: what is added was not there, what is removed is gone, and what stays was
/// and is.
fn check_union(old: &Revision, new: &Revision, graph: &Graph, seen: &mut Seen, context: &dyn Fn() -> String) {
    for (from, to, edge) in graph.edges() {
        let EdgeDetail::Allows(allowance) = &edge.detail else { continue };
        let (a, b) = (graph.node(from), graph.node(to));
        if a.kind() != NodeKind::Workload
            || b.kind() != NodeKind::Workload
            || allowance.network.is_some()
            || !allowance.ports.names.is_empty()
        {
            continue;
        }
        let wanted = port_set(&allowance.ports);
        let ends = (End::Workload(a.id.to_string()), End::Workload(b.id.to_string()));
        let (before, after) = (
            between(old, &ends.0, &ends.1).intersection(&wanted),
            between(new, &ends.0, &ends.1).intersection(&wanted),
        );
        let line = format!(
            "{} to {} on {wanted} is {:?}; {before} before, {after} after, {}",
            a.id,
            b.id,
            edge.change,
            context()
        );
        *seen.entry(edge.change.as_ref().unwrap().as_str()).or_default() += 1;
        match edge.change.as_ref().unwrap() {
            Change::Same => assert!(before == wanted && after == wanted, "{line}"),
            Change::Added => assert!(before.is_empty() && after == wanted, "{line}"),
            Change::Removed => assert!(before == wanted && after.is_empty(), "{line}"),
            Change::Changed(_) => assert!(!before.is_empty() && before != wanted && after == wanted, "{line}"),
        }
    }
}

#[test]
fn differences_are_exact() {
    let mut seen = Seen::new();
    for seed in 0..WORLDS {
        check(seed, &mut seen);
    }
    for (what, least) in [("connections", 5_000), ("same", 100), ("added", 50), ("removed", 50), ("changed", 5)] {
        assert!(seen.get(what).is_some_and(|n| *n >= least), "too few to say anything: {seen:?}");
    }
    eprintln!("looked at {seen:?}");
}

/// A cluster of so many workloads, each with a policy of its own that lets one other in on a port.
fn own_policies(count: usize, port: usize) -> String {
    let one = |w: usize| {
        let other = (w + 1) % count;
        format!(
            "kind: Deployment\napiVersion: apps/v1\nmetadata: {{name: w{w}, namespace: n}}\nspec: {{selector: {{matchLabels: {{app: w{w}}}}}, \
             template: {{metadata: {{labels: {{app: w{w}}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}\n---\n\
             kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {{name: p{w}, namespace: n}}\nspec: {{podSelector: {{matchLabels: \
             {{app: w{w}}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: w{other}}}}}}}], ports: [{{port: {port}}}]}}]}}\n"
        )
    };
    (0..count).map(one).collect::<Vec<_>>().join("---\n")
}

fn without_policies(yaml: &str) -> String {
    yaml.split("---\n").filter(|d| !d.starts_with("kind: NetworkPolicy")).collect::<Vec<_>>().join("---\n")
}

/// What is compared and told grows with policies, not with pairs.
#[test]
fn differences_are_as_many_as_policies() {
    let found = |count: usize| {
        let yaml = own_policies(count, 80);
        let states = [&yaml, &own_policies(count, 81), &without_policies(&yaml)].map(|y| revision("world.yaml", y));
        [(0, 1), (0, 2), (2, 0)].map(|(old, new)| {
            let diff = compare(&states[old], &states[new]);
            let items: usize = diff.sections.iter().map(|s| s.items.len()).sum();
            (diff.connections.len(), items)
        })
    };
    for (small, large) in found(20).into_iter().zip(found(80)) {
        assert!(small.0 >= 20 && small.1 >= 20, "{small:?} is too few to say anything");
        assert!(large.0 <= 4 * small.0 && large.1 <= 4 * small.1 + 8, "{small:?} and then {large:?}");
    }
}

/// Every pair that the groups of the data mean, with its type and its ports.
fn expanded(data: &Value) -> Vec<[String; 5]> {
    let names = |position: &Value| -> Vec<String> {
        let set = &data["peers"][position.as_u64().unwrap() as usize];
        let list = [&set["workloads"], &set["ranges"]].into_iter().find_map(|l| l.as_array());
        match list {
            Some(list) => list.iter().map(|n| n.as_str().unwrap().to_owned()).collect(),
            None => vec!["{ingress-controller}".to_owned()],
        }
    };
    let mut pairs = Vec::new();
    for group in data["groups"].as_array().unwrap() {
        for from in names(&group["from"]) {
            for to in names(&group["to"]).into_iter().filter(|to| *to != from) {
                let text = |key: &str| group[key].to_string();
                pairs.push([from.clone(), to, text("type"), text("ref1"), text("ref2")]);
            }
        }
    }
    pairs.sort();
    pairs
}

fn listed(data: &Value) -> Vec<[String; 5]> {
    let lists = [&data["diff"], &data["ipv6Diff"]].into_iter().filter_map(|l| l.as_array());
    let name = |pair: &Value, key: &str| pair[key].as_str().unwrap().to_owned();
    let text = |pair: &Value, key: &str| pair[key].to_string();
    let pair = |p: &Value| [name(p, "src"), name(p, "dst"), text(p, "type"), text(p, "ref1"), text(p, "ref2")];
    // Neighboring parts of the addresses outside are one range of a group.
    let mut pairs: Vec<[String; 5]> =
        lists.flatten().map(pair).filter(|p| p[0].contains('[') && p[1].contains('[')).collect();
    pairs.sort();
    pairs
}

#[test]
fn groups_of_the_data_are_its_pairs() {
    let (mut seen, both) = (0, |p: &[String; 5]| p[0].contains('[') && p[1].contains('['));
    for seed in 0..200 {
        let mut r = Random::new(seed + 9_000);
        let (one, other) = (World::random(&mut r).yaml(), World::random(&mut r).yaml());
        let states = [revision("world.yaml", &one), revision("world.yaml", &changed(&one, &other, &mut r))];
        let diff = compare(&states[0], &states[1]);
        let changes = Changes { diff: &diff, old: &states[0], new: &states[1] };
        let data: Value = serde_json::from_str(&changes_json(&changes, PairList::IfFew)).unwrap();
        let mut expanded = expanded(&data);
        expanded.retain(both);
        assert_eq!(expanded, listed(&data), "seed {seed}");
        seen += expanded.len();
    }
    assert!(seen > 500, "{seen} pairs are too few to say anything");
}

#[test]
fn many_pairs_are_listed_when_asked_for() {
    let yaml = own_policies(110, 80);
    let states = [revision("world.yaml", &yaml), revision("world.yaml", &without_policies(&yaml))];
    let diff = compare(&states[0], &states[1]);
    let changes = Changes { diff: &diff, old: &states[0], new: &states[1] };
    let data = |pairs: PairList| -> Value { serde_json::from_str(&changes_json(&changes, pairs)).unwrap() };
    assert_eq!(data(PairList::IfFew).get("diff"), None);
    let all = data(PairList::All);
    assert_eq!(listed(&all).len(), 110 * 109);
    assert_eq!(expanded(&all).iter().filter(|p| p[0].contains('[') && p[1].contains('[')).count(), 110 * 109);
}
