//! Real manifests of other projects, where they are at hand: all of them are read without a wrong word.

use std::path::{Path, PathBuf};

use crate::support::skip::skip;
use kubesketch::diagnostic::Code;
use kubesketch::manifest::{Body, parse};
use kubesketch::source::{Request, load};

fn corpus() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        ["../shared/corpus", "../../shared/corpus"].iter().map(|path| here.join(path)).find(|path| path.is_dir());
    if found.is_none() {
        skip("there is no ../shared/corpus");
    }
    found
}

#[test]
fn the_corpus_is_read_without_complaints() {
    let Some(corpus) = corpus() else { return };
    let loaded = load(&Request::new([corpus]), &mut std::io::empty());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let parsed = parse(&loaded.sources);
    for problem in &parsed.diagnostics {
        let at = problem.at.map(|at| loaded.sources.line_of(at)).unwrap_or_default();
        // emojivoto holds patches that give Deployments a field of StatefulSets.
        let known =
            problem.code == Code::FieldUnknown && at.contains("emojivoto/kustomize/statefulset/service-name.yml");
        assert!(known, "{at}: {}", problem.message);
    }
    let count = |is: fn(&Body) -> bool| parsed.value.objects.iter().filter(|o| is(&o.body)).count();
    assert!(parsed.value.objects.len() > 1000);
    // Counted by another YAML reader over the same files.
    assert_eq!(count(|b| matches!(b, Body::Workload(_))), 178);
    // One of them is a MultiClusterService.
    assert_eq!(count(|b| matches!(b, Body::Service(_))), 170);
    assert_eq!(count(|b| matches!(b, Body::NetworkPolicy(_))), 70);
    assert_eq!(count(|b| matches!(b, Body::Ingress(_))), 6);
}

#[test]
fn every_place_is_inside_its_file() {
    let Some(corpus) = corpus() else { return };
    let loaded = load(&Request::new([corpus]), &mut std::io::empty());
    for object in parse(&loaded.sources).value.objects {
        let text = loaded.sources.text(object.span.file);
        for path in
            ["metadata.name", "kind", "metadata.labels", "spec.selector", "spec.template.spec.containers[0].name"]
        {
            let at = object.at(path);
            let written = text.get(at.start as usize..at.end as usize).unwrap();
            let line = text.split('\n').nth(at.line as usize - 1).unwrap();
            let first = written.split('\n').next().unwrap().trim_end();
            assert!(line.contains(first), "{path} of {} at line {}: {first:?} in {line:?}", object.name, at.line);
        }
    }
}
