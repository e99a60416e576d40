//! A thousand random graphs of Kubernetes shape, some as dense as policies make them, are laid out without a violation,
//! the same way twice, with the engine and without it.

use crate::support::{graphs, unions};
use kubesketch::graph::{EdgeKind, Graph};
use kubesketch::layout::{Legend, Options, layout, verify};

/// Without optimisation all the graphs take a quarter of an hour, so that one of four is tried unless
/// `KUBESKETCH_GRAPHS` is set, as `.ci/run` does.
fn step() -> usize {
    if std::env::var_os("KUBESKETCH_GRAPHS").is_some() { 1 } else { 4 }
}

fn check(make: fn(u64) -> Graph, seeds: std::ops::Range<u64>, options: &Options) {
    let mut bad = Vec::new();
    for seed in seeds.step_by(step()) {
        let graph = make(seed);
        let first = layout(&graph, options);
        let found = verify(&first);
        if let Some(violation) = found.first() {
            bad.push(format!(
                "seed {seed}: {} violations, the first: {violation}; fallbacks {:?}",
                found.len(),
                first.fallbacks.first()
            ));
        }
        assert_eq!(first.cards.len(), graph.nodes().len(), "seed {seed}");
        assert_eq!(first.links.len(), graph.edges().len(), "seed {seed}");
        for (link, (from, _, edge)) in first.links.iter().zip(graph.edges()) {
            let card = &first.cards[from];
            if graph.node(from).has_route_rows() && edge.kind() == EdgeKind::Routes {
                let y = link.points[0].y;
                let rows = card.rows.iter().filter(|r| (r.rect.y + r.rect.h / 2.0 - y).abs() < 0.02).count();
                assert_eq!(rows, 1, "seed {seed}: {} → {} leaves from the middle of its row", link.from, link.to);
                assert!(
                    (link.points[0].x - card.rect.right()).abs() < 0.02,
                    "seed {seed}: {} leaves to the right",
                    link.from
                );
            }
        }
        if seed % 5 == 0 {
            assert!(first == layout(&graph, options), "seed {seed}: two runs differ");
        }
    }
    assert!(bad.is_empty(), "{} graphs fail:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn random_graphs_verify() {
    let options = Options { title: Some("random".into()), ..Options::default() };
    check(graphs::random, 0..600, &options);
}

#[test]
fn dense_graphs_verify() {
    check(graphs::dense, 0..400, &Options::default());
}

#[test]
fn random_unions_verify() {
    let options = Options { title: Some("random".into()), ..Options::default() };
    check(|seed| unions::random_union(&graphs::random(seed), seed), 800..900, &options);
    check(|seed| unions::random_union(&graphs::dense(seed), seed), 500..540, &options);
    let plain = Options { budget: 0, ..options };
    check(|seed| unions::random_union(&graphs::random(seed), seed), 1000..1020, &plain);
}

#[test]
fn graphs_with_frames_in_frames_verify() {
    check(graphs::nested, 0..150, &Options::default());
}

#[test]
fn random_graphs_verify_without_the_engine() {
    let options = Options { legend: Legend::Hidden, budget: 0, ..Options::default() };
    check(graphs::random, 600..800, &options);
    check(graphs::dense, 400..500, &options);
    check(graphs::nested, 300..340, &options);
}
