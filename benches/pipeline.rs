//! From texts to each stage of the picture, on inputs of growing size.

#[path = "../tests/support/generate.rs"]
mod generate;

use divan::Bencher;
use divan::counter::BytesCount;
use generate::Size;
use kubesketch::source::Sources;
use kubesketch::{arrange, cluster, inspect, layout, render};

const SIZES: &[(&str, Size)] = &[
    ("100 objects", Size { namespaces: 3, workloads: 16, route_every: 3 }),
    ("1,000 workloads", Size { namespaces: 50, workloads: 20, route_every: 4 }),
    ("10,000 objects", Size { namespaces: 100, workloads: 49, route_every: 5 }),
];

fn main() {
    divan::main();
}

fn sources(name: &str) -> Sources {
    let size = SIZES.iter().find(|(n, _)| *n == name).map(|(_, s)| *s).unwrap_or(SIZES[0].1);
    Sources::from_texts([("all.yaml", generate::manifests(size))])
}

fn names() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|(n, _)| *n)
}

#[divan::bench(args = names())]
fn graph(bencher: Bencher<'_, '_>, name: &str) {
    let sources = sources(name);
    let bytes = sources.ids().map(|f| sources.text(f).len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench(|| inspect(&sources, &cluster::Options::default()));
}

#[divan::bench(args = names(), sample_count = 5)]
fn picture(bencher: Bencher<'_, '_>, name: &str) {
    let found = inspect(&sources(name), &cluster::Options::default()).value;
    bencher.bench(|| arrange(&found.graph, &layout::Options::default()));
}

#[divan::bench(args = names(), sample_count = 5)]
fn svg(bencher: Bencher<'_, '_>, name: &str) {
    let found = inspect(&sources(name), &cluster::Options::default()).value;
    let layout = arrange(&found.graph, &layout::Options::default()).value;
    bencher.bench(|| render::svg(&layout, &found.graph, &render::PictureOptions::default()));
}
