//! Random graphs of Kubernetes shape are laid out without a violation, the same way twice, with the engine and without it.

#[path = "support/graphs.rs"]
mod common;

use kubesketch::layout::{Legend, Options, layout, verify};

fn check(seeds: std::ops::Range<u64>, options: &Options) {
    let mut bad = Vec::new();
    for seed in seeds {
        let graph = common::random(seed);
        let first = layout(&graph, options);
        let found = verify(&first);
        if let Some(violation) = found.first() {
            bad.push(format!("seed {seed}: {} violations, the first: {violation}; fallbacks {:?}", found.len(), first.fallbacks.first()));
        }
        assert_eq!(first.cards.len(), graph.nodes().len(), "seed {seed}");
        assert_eq!(first.links.len(), graph.edges().len(), "seed {seed}");
        if seed % 5 == 0 {
            assert!(first == layout(&graph, options), "seed {seed}: two runs differ");
        }
    }
    assert!(bad.is_empty(), "{} graphs fail:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn random_graphs_verify() {
    let options = Options {
        title: Some("random".into()),
        ..Options::default()
    };
    check(0..500, &options);
}

#[test]
fn random_graphs_verify_without_the_engine() {
    let options = Options {
        legend: Legend::Hidden,
        budget: 0,
        ..Options::default()
    };
    check(0..500, &options);
}
