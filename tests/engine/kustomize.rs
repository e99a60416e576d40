//! Kustomizations that are built in this process, held against kustomize itself: object by object.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;

use crate::support::programs;
use crate::support::skip::skip;
use kubesketch::kustomize::{self, Built, Reason, Unbuilt};
use kubesketch::manifest::{self, Entry, Tree, Value};
use kubesketch::source::{Disk, Sources};

/// Every folder with a kustomization that is no component.
fn kustomizations(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![below.to_owned()];
    while let Some(folder) = waiting.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        let file = kustomize::FILE_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let outline = file.and_then(|file| kustomize::outline(".", &fs::read_to_string(file).unwrap()));
        if outline.is_some_and(|outline| !outline.is_component) {
            found.push(folder);
        }
        waiting.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
    found.sort();
    found
}

fn build(folder: &Path) -> Result<Built, Unbuilt> {
    kustomize::build(folder.to_str().unwrap(), &Disk::around(folder, 1 << 24, false))
}

/// A value without what is null, as JSON with sorted keys.
fn shown(tree: &Tree) -> serde_json::Value {
    match &tree.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(number) => (*number).into(),
        Value::UInt(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Str(text) => text.to_string().into(),
        Value::Seq(items) => items.iter().map(shown).collect(),
        Value::Map(entries) => {
            // No annotations, and none at all, are the same.
            let is_nothing = |e: &&Entry| {
                e.value.is_null() || (&*e.key == "annotations" && shown(&e.value) == serde_json::json!({}))
            };
            let pairs = entries.iter().filter(|e| !is_nothing(e));
            pairs.map(|e| (e.key.to_string(), shown(&e.value))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// Objects by what they are called.
fn by_name(objects: &[Tree]) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for object in objects {
        let text = |keys: &[&str]| object.at(keys).and_then(Tree::as_str).unwrap_or_default();
        let name = format!(
            "{} {} {}/{}",
            text(&["apiVersion"]),
            text(&["kind"]),
            text(&["metadata", "namespace"]),
            text(&["metadata", "name"])
        );
        let shown = serde_json::to_string_pretty(&shown(object)).unwrap();
        assert!(named.insert(name.clone(), shown).is_none(), "two objects {name}");
    }
    named
}

fn objects_of(text: &str) -> BTreeMap<String, String> {
    let sources = Sources::from_texts([("kustomize", text)]);
    let read = manifest::values(&sources, sources.ids().next().unwrap());
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    by_name(&read.value)
}

/// What differs between what was built and what kustomize built.
fn differences(ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
        wrong.push(format!("{name}: only here"));
    }
    for (name, object) in theirs {
        match ours.get(name) {
            None => wrong.push(format!("{name}: only from kustomize")),
            Some(own) if own != object => {
                let lines: Vec<&str> = object.lines().collect();
                let own: Vec<&str> = own.lines().collect();
                let same = own.iter().zip(&lines).take_while(|(a, b)| a == b).count();
                let part = |lines: &[&str]| {
                    lines[same.saturating_sub(4)..].iter().take(9).copied().collect::<Vec<_>>().join("\n")
                };
                wrong.push(format!("{name}: here\n{}\n--- kustomize\n{}", part(&own), part(&lines)));
            }
            Some(_) => {}
        }
    }
    wrong
}

/// What kustomize builds, or how it complains.
fn kustomized(kubectl: &Path, folder: &Path) -> Result<String, String> {
    let output = Command::new(kubectl).arg("kustomize").arg(folder).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Holds what is built of folders against kustomize. Returns how many were built, and which were not.
fn compare(kubectl: &Path, folders: &[PathBuf]) -> (usize, Vec<Unbuilt>) {
    let results: Vec<(Vec<String>, Option<Unbuilt>)> = (folders.par_iter())
        .map(|folder| {
            let name = folder.display();
            match (build(folder), kustomized(kubectl, folder)) {
                (Ok(built), Ok(theirs)) => {
                    let wrong = differences(&by_name(&built.objects), &objects_of(&theirs));
                    (wrong.into_iter().map(|w| format!("{name}: {w}")).collect(), None)
                }
                (Ok(_), Err(said)) => (vec![format!("{name}: built, and kustomize refuses: {said}")], None),
                (Err(unbuilt), Ok(_)) if unbuilt.reason == Reason::Refused => {
                    (vec![format!("{name}: kustomize builds it, and here {unbuilt}")], Some(unbuilt))
                }
                (Err(unbuilt), _) => (Vec::new(), Some(unbuilt)),
            }
        })
        .collect();
    let wrong: Vec<&String> = results.iter().flat_map(|(wrong, _)| wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.iter().map(|w| w.as_str()).collect::<Vec<_>>().join("\n\n")
    );
    let unbuilt: Vec<Unbuilt> = results.into_iter().filter_map(|(_, unbuilt)| unbuilt).collect();
    (folders.len() - unbuilt.len(), unbuilt)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize")
}

#[test]
fn fixtures_are_built_as_kustomize_builds_them() {
    let Some(kubectl) = programs::kubectl() else { return };
    let folders = kustomizations(&fixtures());
    let (built, unbuilt) = compare(&kubectl, &folders);
    assert!(unbuilt.is_empty(), "{unbuilt:#?}");
    assert!(built >= 15, "{built}");
}

#[test]
fn real_repositories_are_built_as_kustomize_builds_them() {
    let Some(kubectl) = programs::kubectl() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus-gitops");
    let more = std::env::var_os("KUBESKETCH_KUSTOMIZATIONS").map(PathBuf::from);
    if !root.is_dir() && more.is_none() {
        skip(&format!("there is no {}", root.display()));
        return;
    }
    let folders: Vec<PathBuf> =
        [Some(root), more].into_iter().flatten().filter(|f| f.is_dir()).flat_map(|f| kustomizations(&f)).collect();
    let (built, unbuilt) = compare(&kubectl, &folders);
    for one in &unbuilt {
        println!("{:?} {one}", one.reason);
    }
    println!("{built} of {} built", folders.len());
    let plain = built as f64 / (folders.len() - unbuilt.iter().filter(|u| u.reason == Reason::Refused).count()) as f64;
    assert!(plain > 0.9, "{built} of {}", folders.len());
}

/// What is built of texts in memory.
fn build_texts(files: &[(&str, &str)]) -> Result<Built, Unbuilt> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    build(folder.path())
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n";

#[test]
fn every_value_names_the_file_that_said_it() {
    let built = build_texts(&[
        ("kustomization.yaml", "namespace: shop\nresources: [base]\npatches:\n  - patch: |-\n      kind: ConfigMap\n      apiVersion: v1\n      metadata: {name: a}\n      data:\n        c: d\n"),
        ("base/kustomization.yaml", "resources: [map.yaml]\n"),
        ("base/map.yaml", MAP),
    ])
    .unwrap();
    let place = |keys: &[&str]| {
        let span = built.objects[0].at(keys).unwrap().span;
        let file = &built.files[span.file.index()];
        let name =
            Path::new(file.name()).strip_prefix("/").unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let said = file.text().get(span.start as usize..).unwrap().lines().next().unwrap().to_owned();
        (name, span.line, said)
    };
    assert_eq!(place(&["data", "a"]), ("map.yaml".into(), 4, "b}".into()));
    assert_eq!(place(&["data", "c"]), ("kustomization.yaml".into(), 9, "d".into()));
    assert_eq!(place(&["metadata", "namespace"]), ("kustomization.yaml".into(), 1, "shop".into()));
}

#[test]
fn what_grows_or_runs_in_circles_is_not_built() {
    let copy = |n: usize| format!("      - {{op: copy, from: /data, path: /data/x{n}}}\n");
    let copies: String = (0..60).map(copy).collect();
    let grows = format!("resources: [map.yaml]\npatches:\n  - target: {{kind: ConfigMap}}\n    patch: |-\n{copies}");
    let unbuilt = build_texts(&[("kustomization.yaml", &grows), ("map.yaml", MAP)]).unwrap_err();
    assert_eq!(unbuilt.reason, Reason::NotPlain, "{unbuilt}");
    let circle = [("kustomization.yaml", "resources: [a]\n"), ("a/kustomization.yaml", "resources: [../a/../a]\n")];
    assert_eq!(build_texts(&circle).unwrap_err().reason, Reason::Refused);
    let mut chain = vec![("k0/kustomization.yaml".to_owned(), "resources: [map.yaml]\n".to_owned())];
    chain.push(("k0/map.yaml".into(), MAP.into()));
    for n in 1..40 {
        for side in ["a", "b"] {
            let below = if n == 1 { "../k0".to_owned() } else { format!("../k{}", n - 1) };
            chain.push((
                format!("k{n}{side}/kustomization.yaml"),
                format!("namePrefix: {side}-\nresources: [{below}]\n"),
            ));
        }
        chain.push((format!("k{n}/kustomization.yaml"), format!("resources: [../k{n}a, ../k{n}b]\n")));
    }
    chain.push(("kustomization.yaml".into(), "resources: [k39]\n".into()));
    let chain: Vec<(&str, &str)> = chain.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(build_texts(&chain).unwrap_err().reason, Reason::NotPlain);
    for text in [
        "{",
        "[]",
        "resources: 5\n",
        "resources: [5]\n",
        "kind: Pod\n",
        "unknown: 1\n",
        "resources: [../outside.yaml]\n",
    ] {
        let unbuilt = build_texts(&[("kustomization.yaml", text)]).unwrap_err();
        assert_eq!(unbuilt.reason, Reason::Refused, "{text}");
    }
    let remote = build_texts(&[("kustomization.yaml", "resources: ['https://example.com/x?ref=v1']\n")]).unwrap_err();
    assert_eq!(remote.reason, Reason::Remote);
}

#[test]
fn what_kustomize_refuses_is_refused() {
    let patched = |patch: &str| {
        let kustomization = format!(
            "resources: [map.yaml]\npatches:\n  - target: {kind}\n    patch: '{patch}'\n",
            kind = "{kind: ConfigMap}"
        );
        build_texts(&[("kustomization.yaml", &kustomization), ("map.yaml", MAP)])
    };
    assert!(patched(r#"[{"op": "add", "path": "/data/c", "value": "d"}]"#).is_ok());
    assert!(patched("- {op: add, path: /data/c, value: d}").is_ok());
    assert_eq!(patched("[{op: add, path: /data/c, value: d}]").unwrap_err().reason, Reason::Refused);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_no_resource() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("a/kustomization.yaml", "resources: [map.yaml]\n"), ("map.yaml", MAP)] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir(folder.path().join(".git")).unwrap();
    std::os::unix::fs::symlink("../map.yaml", folder.path().join("a/map.yaml")).unwrap();
    assert_eq!(build(&folder.path().join("a")).unwrap_err().reason, Reason::Refused);
    std::os::unix::fs::symlink("a", folder.path().join("b")).unwrap();
    fs::remove_file(folder.path().join("a/map.yaml")).unwrap();
    fs::rename(folder.path().join("map.yaml"), folder.path().join("a/map.yaml")).unwrap();
    assert!(build(&folder.path().join("b")).is_ok());
}
