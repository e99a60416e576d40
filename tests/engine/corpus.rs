//! Real manifests that others wrote, where they lie beside this project: no panic, no nonsense, a layout that verifies.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::skip::skip;
use kubesketch::graph::Graph;
use kubesketch::resolve::{Denied, Repeated};
use kubesketch::source::{Request, load};
use kubesketch::view::{Aspect, aspect};
use kubesketch::{allow, arrange, calls, cluster, connect, draw_calls, inspect, layout, render, resources};

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
    let picture = arrange(graph, &layout::Options::default()).value;
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
        let mut found = inspect(&loaded.sources, &cluster::Options::default()).value;
        draws(&found.graph, &folder.display().to_string(), &mut wrong);
        let connectivity = connect(&found, &Default::default()).value;
        let named = calls(&found, &loaded.sources);
        allow(&mut found, &connectivity, &loaded.sources, Denied::Hidden);
        draw_calls(&mut found, &connectivity, &named, &loaded.sources, Repeated::Shown);
        if !named.found.is_empty() {
            draws(&found.graph, &format!("{} (calls)", folder.display()), &mut wrong);
        }
        resources(&mut found, &loaded.sources);
        let used = aspect(found.graph, Aspect::Resources);
        draws(&used, &format!("{} (resources)", folder.display()), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() > 50, "only {} folders were found", all.len());
}
