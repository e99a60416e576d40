//! From texts to each stage of the picture, on inputs of growing size.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "../tests/support/generate.rs"]
mod generate;

use divan::Bencher;
use divan::counter::BytesCount;
use generate::Size;
use kubesketch::source::Sources;
use kubesketch::{arrange, cluster, inspect, layout, render};

const SIZES: &[Size] = &[
    Size { namespaces: 3, workloads: 16, route_every: 3 },
    Size { namespaces: 50, workloads: 20, route_every: 4 },
    Size { namespaces: 100, workloads: 49, route_every: 5 },
];

fn main() {
    divan::main();
}

fn sources(size: &Size) -> Sources {
    Sources::from_texts([("all.yaml", generate::manifests(*size))])
}

#[divan::bench(args = SIZES)]
fn graph(bencher: Bencher<'_, '_>, size: &Size) {
    let sources = sources(size);
    let bytes = sources.ids().map(|f| sources.text(f).len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench(|| inspect(&sources, &cluster::Options::default()));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn picture(bencher: Bencher<'_, '_>, size: &Size) {
    let found = inspect(&sources(size), &cluster::Options::default()).value;
    bencher.bench(|| arrange(&found.graph, &layout::Options::default()));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn svg(bencher: Bencher<'_, '_>, size: &Size) {
    let found = inspect(&sources(size), &cluster::Options::default()).value;
    let layout = arrange(&found.graph, &layout::Options::default()).value;
    bencher.bench(|| render::svg(&layout, &found.graph, &render::PictureOptions::default()));
}
