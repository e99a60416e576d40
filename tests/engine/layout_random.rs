//! A thousand random graphs of Kubernetes shape, some as dense as policies make them, are laid out without a violation,
//! the same way twice, with searched lines and with plain ones.

use crate::support::{graphs, unions};
use kubesketch::graph::{EdgeKind, Graph};
use kubesketch::layout::{Legend, Options, layout, verify};

/// Without optimisation all the graphs take a quarter of an hour, so that one of four is tried unless
/// `KUBESKETCH_GRAPHS` is set, as `.ci/run` does.
fn step() -> u64 {
    if std::env::var_os("KUBESKETCH_GRAPHS").is_some() { 1 } else { 4 }
}

fn check(make: fn(u64) -> Graph, seeds: Seeds, options: &Options) {
    let mut bad = Vec::new();
    for seed in seeds.filter(|seed| seed % step() == 0) {
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

/// A module of tests for each name, one for each range of seeds, so that a runner can spread them over cores.
macro_rules! ranges {
    ($($test:ident($check:ident) { $($part:ident: $seeds:expr,)* })*) => {
        $(mod $test {
            $(#[test]
            fn $part() {
                super::$check($seeds);
            })*
        })*
    };
}

ranges! {
    random_graphs_verify(random) {
        seeds_0: 0..150,
        seeds_150: 150..300,
        seeds_300: 300..450,
        seeds_450: 450..600,
    }
    dense_graphs_verify(dense) {
        seeds_0: 0..100,
        seeds_100: 100..200,
        seeds_200: 200..300,
        seeds_300: 300..400,
    }
    random_unions_verify(random_unions) {
        seeds_800: 800..850,
        seeds_850: 850..900,
    }
    dense_unions_verify(dense_unions) {
        seeds_500: 500..540,
    }
    random_unions_verify_with_plain_lines(plain_unions) {
        seeds_1000: 1000..1020,
    }
    graphs_with_frames_in_frames_verify(nested) {
        seeds_0: 0..50,
        seeds_50: 50..100,
        seeds_100: 100..150,
    }
    random_graphs_verify_with_plain_lines(plain) {
        seeds_600: 600..800,
    }
    dense_graphs_verify_with_plain_lines(plain_dense) {
        seeds_400: 400..500,
    }
    graphs_with_frames_in_frames_verify_with_plain_lines(plain_nested) {
        seeds_300: 300..340,
    }
}

type Seeds = std::ops::Range<u64>;

fn titled() -> Options {
    Options { title: Some("random".into()), ..Options::default() }
}

fn plain_lines() -> Options {
    Options { legend: Legend::Hidden, budget: 0, ..Options::default() }
}

fn random(seeds: Seeds) {
    check(graphs::random, seeds, &titled());
}

fn dense(seeds: Seeds) {
    check(graphs::dense, seeds, &Options::default());
}

fn random_unions(seeds: Seeds) {
    check(|seed| unions::random_union(&graphs::random(seed), seed), seeds, &titled());
}

fn dense_unions(seeds: Seeds) {
    check(|seed| unions::random_union(&graphs::dense(seed), seed), seeds, &titled());
}

fn plain_unions(seeds: Seeds) {
    let options = Options { budget: 0, ..titled() };
    check(|seed| unions::random_union(&graphs::random(seed), seed), seeds, &options);
}

fn nested(seeds: Seeds) {
    check(graphs::nested, seeds, &Options::default());
}

fn plain(seeds: Seeds) {
    check(graphs::random, seeds, &plain_lines());
}

fn plain_dense(seeds: Seeds) {
    check(graphs::dense, seeds, &plain_lines());
}

fn plain_nested(seeds: Seeds) {
    check(graphs::nested, seeds, &plain_lines());
}
