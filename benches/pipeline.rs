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
use kubesketch::graph::Graph;
use kubesketch::source::Sources;
use kubesketch::view::{self, Aspect, CallLines, Denied, Lines};
use kubesketch::world::{Options, World};
use kubesketch::{layout, render};

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

fn world(sources: &Sources) -> World {
    World::of_texts(sources.clone(), &Options::default()).unwrap_or_default()
}

fn shown(size: &Size) -> Graph {
    let lines = Lines { denied: Denied::Hidden, calls: CallLines::Hidden };
    view::aspect(world(&sources(size)).graph(), Aspect::Network, lines)
}

#[divan::bench(args = SIZES)]
fn graph(bencher: Bencher<'_, '_>, size: &Size) {
    let sources = sources(size);
    let bytes = sources.ids().map(|f| sources.text(f).len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench(|| world(&sources));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn picture(bencher: Bencher<'_, '_>, size: &Size) {
    let graph = shown(size);
    bencher.bench(|| layout::layout(&graph, &layout::Options::default()));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn svg(bencher: Bencher<'_, '_>, size: &Size) {
    let graph = shown(size);
    let layout = layout::layout(&graph, &layout::Options::default());
    bencher.bench(|| render::svg(&layout, &graph, &render::PictureOptions::default()));
}
