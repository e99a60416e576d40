//! What of a comparison stays when what did not change is folded.

use std::collections::BTreeSet;

use crate::support::unions::town;
use crate::support::{graphs, unions};
use kubesketch::graph::{Change, Detail, Graph, NodeKind, Scope};
use kubesketch::layout;
use kubesketch::view::{Hops, context};

fn is_object(kind: NodeKind) -> bool {
    !matches!(
        kind,
        NodeKind::Internet | NodeKind::External | NodeKind::ExternalName | NodeKind::Peers | NodeKind::Junction
    )
}

/// How many objects a graph has, those in its stubs included.
fn objects(graph: &Graph) -> usize {
    let of = |(kind, detail): (NodeKind, &Detail)| match detail {
        Detail::Summary(s) => s.counts.iter().filter(|(k, _)| is_object(*k)).map(|(_, n)| n).sum(),
        _ => usize::from(is_object(kind)),
    };
    graph.nodes().map(|n| of((n.kind(), &n.detail))).sum()
}

/// What must hold of every part of a comparison.
fn check(whole: &Graph, steps: usize) -> Graph {
    let part = context(whole.clone(), Hops::Steps(steps));
    let ids: BTreeSet<&str> = part.nodes().map(|n| n.id.as_str()).collect();
    assert_eq!(ids.len(), part.nodes().len());
    for node in whole.nodes() {
        let same = node.change == Some(Change::Same);
        assert!(same || node.kind() == NodeKind::Internet || ids.contains(node.id.as_str()), "{} is lost", node.id);
    }
    let changed = |graph: &Graph| graph.edges().filter(|(.., e)| e.change != Some(Change::Same)).count();
    assert_eq!(changed(&part), changed(whole));
    for node in part.nodes() {
        assert!(
            node.change.is_some() && (node.kind() == NodeKind::Internet || !node.evidence.is_empty()),
            "{}",
            node.id
        );
        let stub = matches!(&node.detail, Detail::Summary(s) if s.scope == Scope::Unchanged);
        assert!(!stub || node.change == Some(Change::Same));
    }
    assert!(part.edges().all(|(.., e)| e.change.is_some() && !e.evidence.is_empty()));
    assert_eq!(objects(&part), objects(whole), "objects are kept or counted");
    let picture = layout::layout(&part, &layout::Options::default());
    assert_eq!(layout::verify(&picture), vec![]);
    part
}

fn names(graph: &Graph) -> Vec<&str> {
    let mut all: Vec<&str> = graph.nodes().map(|n| n.name.as_str()).collect();
    all.sort_unstable();
    all
}

#[test]
fn what_changed_stays_with_what_is_around_it() {
    let whole = town("shop/cart[Deployment]");
    let none = check(&whole, 0);
    assert_eq!(names(&none), ["3 more namespaces, unchanged", "8 unchanged", "cart", "namespace data, unchanged"]);
    let one = check(&whole, 1);
    assert_eq!(names(&one), ["3 more namespaces, unchanged", "7 unchanged", "cart", "cart", "db", "db"]);
    let facts: Vec<String> = one.nodes().filter(|n| n.kind() == NodeKind::Summary).map(|n| n.facts()).collect();
    assert_eq!(facts, ["3 workloads · 3 services", "3 workloads · 3 services · 1 ingress"]);
    let two = check(&whole, 2);
    assert!(names(&two).contains(&"Internet") && names(&two).contains(&"public"));
    assert_eq!(context(whole.clone(), Hops::All).nodes().len(), whole.nodes().len());
}

#[test]
fn the_rows_of_an_ingress_stay_when_their_targets_are_folded() {
    let part = check(&town("shop/public[Ingress]"), 0);
    let ingress = part.named("shop/public[Ingress]").unwrap();
    assert_eq!(part.outgoing(ingress).len(), 4);
    assert_eq!(names(&part), ["4 more namespaces, unchanged", "8 unchanged", "Internet", "public"]);
}

#[test]
fn a_union_in_which_nothing_changed_is_small() {
    let part = check(&town("nothing"), 1);
    assert_eq!(names(&part), ["nothing changed in 5 namespaces"]);
    assert_eq!(part.node(0).facts(), "8 workloads · 8 services · 1 ingress");
    let one_state = graphs::random(3);
    let same = context(one_state.clone(), Hops::Steps(0));
    assert_eq!(same.nodes().len(), one_state.nodes().len());
}

#[test]
fn random_unions_keep_what_changed_and_count_the_rest() {
    for seed in 0..40 {
        let graph = if seed % 3 == 0 { graphs::dense(seed) } else { graphs::random(seed) };
        let whole = unions::random_union(&graph, seed);
        let sizes: Vec<usize> = (0..3)
            .map(|steps| {
                let stubs = |n: &kubesketch::graph::Node| matches!(&n.detail, Detail::Summary(s) if s.scope == Scope::Unchanged);
                check(&whole, steps).nodes().filter(|n| !stubs(n)).count()
            })
            .collect();
        assert!(sizes.is_sorted(), "seed {seed}: {sizes:?}");
    }
}
