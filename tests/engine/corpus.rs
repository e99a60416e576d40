//! Real manifests that others wrote, where they lie beside this project: no panic, no nonsense, a layout that verifies.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::skip::skip;
use kubesketch::graph::Graph;
use kubesketch::source::{Request, load};
use kubesketch::view::{Aspect, CallLines, Denied, Lines, aspect};
use kubesketch::world::{Options, World};
use kubesketch::{layout, render};

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !path.is_dir() {
        skip(&format!("there is no {}", path.display()));
        return None;
    }
    Some(path)
}

fn folders(below: &Path, found: &mut Vec<PathBuf>) {
    found.push(below.to_owned());
    for entry in fs::read_dir(below).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
        folders(&entry, found);
    }
}

fn draws(graph: &Graph, name: &str, wrong: &mut Vec<String>) {
    let picture = layout::layout(graph, &layout::Options::default());
    let violations = layout::verify(&picture);
    if let Some(first) = violations.first() {
        wrong.push(format!("{name}: {} violations, first: {first}", violations.len()));
    }
    wrong.extend(picture.fallbacks.iter().map(|f| format!("{name}: {f}")));
    let svg = render::svg(&picture, graph, &render::PictureOptions::default());
    if let Err(error) = roxmltree::Document::parse(&svg) {
        wrong.push(format!("{name}: {error}"));
    }
}

#[test]
fn every_folder_draws() {
    let Some(root) = corpus() else { return };
    let mut all = Vec::new();
    folders(&root, &mut all);
    all.sort();
    let mut wrong = Vec::new();
    for folder in &all {
        let loaded = load(&Request::new([folder.clone()]), &mut std::io::empty());
        let world = World::new(loaded, &Options::default()).unwrap();
        let of = |view: Aspect, calls: CallLines| aspect(world.graph(), view, Lines { denied: Denied::Hidden, calls });
        let name = folder.display();
        draws(&of(Aspect::Network, CallLines::Hidden), &name.to_string(), &mut wrong);
        if !world.calls().found.is_empty() {
            draws(&of(Aspect::Network, CallLines::All), &format!("{name} (calls)"), &mut wrong);
        }
        draws(&of(Aspect::Resources, CallLines::Hidden), &format!("{name} (resources)"), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 50, "only {} folders were found", all.len());
}
