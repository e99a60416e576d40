//! Reading files, folders and standard input, and running outside programs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::skip::skip;
use kubesketch::source::{
    HelmChart, Loaded, Problem, Programs, Request, Sources, helm_template, kustomize_build, load,
};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn load_all<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>, stdin: &str) -> Loaded {
    load(&Request::new(paths), &mut stdin.as_bytes())
}

fn names(sources: &Sources, dir: &Path) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    sources.ids().map(|id| sources.name(id).replace(&prefix, "")).collect()
}

fn problems(loaded: &Loaded, dir: &Path) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    loaded.problems.iter().map(|p| p.to_string().replace(&prefix, "")).collect()
}

#[test]
fn folders_are_read_in_order_without_hidden_and_ignored_files() {
    let dir = folder(&[
        ("b.yaml", "b"),
        ("a/z.yml", "z"),
        ("a/c.json", "{}"),
        ("a/UPPER.YAML", "u"),
        ("README.md", "no"),
        (".hidden.yaml", "no"),
        (".git/x.yaml", "no"),
        (".gitignore", "out/\n"),
        ("out/x.yaml", "no"),
    ]);
    let loaded = load_all([dir.path()], "");
    assert_eq!(names(&loaded.sources, dir.path()), ["a/UPPER.YAML", "a/c.json", "a/z.yml", "b.yaml"]);
    assert_eq!(problems(&loaded, dir.path()), Vec::<String>::new());
    assert_eq!(loaded.skipped.other_files, 1);
}

#[test]
fn no_file_is_read_twice_and_links_may_loop() {
    let dir = folder(&[("a/x.yaml", "x"), ("plain.txt", "t")]);
    symlink(dir.path().join("a"), dir.path().join("a/loop")).unwrap();
    symlink(dir.path().join("a/x.yaml"), dir.path().join("a/y.yaml")).unwrap();
    let loaded = load_all([dir.path().join("a"), dir.path().join("a/x.yaml"), dir.path().join("plain.txt")], "");
    assert_eq!(names(&loaded.sources, dir.path()), ["a/x.yaml", "plain.txt"]);
    assert_eq!(loaded.skipped.repeated, 2);
    assert!(loaded.problems.is_empty());
}

#[test]
fn standard_input_is_read_once() {
    let loaded = load_all(["-", "-"], "\u{feff}a: b\n");
    let id = loaded.sources.ids().next().unwrap();
    assert_eq!((loaded.sources.name(id), loaded.sources.text(id)), ("<stdin>", "a: b\n"));
    assert_eq!(loaded.sources.len(), 1);
}

#[test]
fn what_cannot_be_read_costs_only_itself() {
    let dir = folder(&[("good.yaml", "a: b"), ("empty/x.txt", "")]);
    fs::write(dir.path().join("bad.yaml"), b"a: b\nc: \xff").unwrap();
    let paths = ["good.yaml", "bad.yaml", "missing.yaml", "empty"].map(|p| dir.path().join(p));
    let loaded = load_all(paths, "");
    assert_eq!(names(&loaded.sources, dir.path()), ["good.yaml"]);
    assert_eq!(
        problems(&loaded, dir.path()),
        [
            "missing.yaml: there is no such file or folder",
            "empty: no .yaml, .yml or .json file in this folder (hidden files and those in .gitignore are not read)",
            "bad.yaml:2:4: not valid UTF-8; save the file as UTF-8",
        ]
    );
}

#[test]
fn large_files_are_refused() {
    let dir = folder(&[("a.yaml", "12345"), ("b.yaml", "123456")]);
    let request = Request { max_file_bytes: 5, ..Request::new([dir.path().to_path_buf(), PathBuf::from("-")]) };
    let loaded = load(&request, &mut "123456".as_bytes());
    assert_eq!(names(&loaded.sources, dir.path()), ["a.yaml"]);
    assert_eq!(loaded.problems.len(), 2);
    assert!(loaded.problems.iter().all(|p| matches!(p, Problem::TooLarge { limit: 5, .. })));
}

#[test]
fn pipes_in_folders_are_not_waited_for() {
    let dir = folder(&[]);
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("p.yaml")).status();
    if !made.is_ok_and(|status| status.success()) {
        skip("there is no mkfifo here");
        return;
    }
    let loaded = load_all([dir.path()], "");
    assert!(matches!(loaded.problems[..], [Problem::NotAFile { .. }]), "{:?}", loaded.problems);
}

/// A program that says how it was called, and the way to find it.
fn fake(dir: &TempDir, name: &str, script: &str) -> Programs {
    let path = dir.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Programs::from_path(dir.path().as_os_str())
}

const ECHO: &str = "for a in \"$@\"; do echo \"- '$a'\"; done";

#[test]
fn programs_get_their_arguments_as_they_are() {
    let dir = TempDir::new().unwrap();
    let programs = fake(&dir, "kubectl", ECHO);
    let file = kustomize_build(dir.path(), &programs, 1000).unwrap();
    assert_eq!(file.name(), format!("kustomize:{}", dir.path().display()));
    assert_eq!(file.text(), format!("- 'kustomize'\n- '{}'\n", dir.path().display()));
    let programs = fake(&dir, "kustomize", ECHO);
    let file = kustomize_build(dir.path(), &programs, 1000).unwrap();
    assert!(file.text().starts_with("- 'build'\n"));

    let programs = fake(&dir, "helm", ECHO);
    let values = dir.path().join("a b.yaml");
    fs::write(&values, "").unwrap();
    let chart = HelmChart {
        chart: "--post-renderer=x; rm -rf".into(),
        values: vec![values.clone()],
        release: Some("-r".into()),
        namespace: Some("--x".into()),
        ..HelmChart::default()
    };
    let file = helm_template(&chart, &programs, 1000).unwrap();
    let expected = format!(
        "- 'template'\n- '--namespace=--x'\n- '--values={}'\n- '--'\n- '-r'\n- './--post-renderer=x; rm -rf'\n",
        values.display()
    );
    assert_eq!(file.text(), expected);
    assert_eq!(file.name(), "helm:--post-renderer=x; rm -rf");
}

#[test]
fn programs_that_fail_are_quoted() {
    let dir = TempDir::new().unwrap();
    let none = Programs::from_path(dir.path().as_os_str());
    let error = kustomize_build(dir.path(), &none, 1000).unwrap_err();
    assert!(error.to_string().ends_with("needs kustomize or kubectl, and there is none on the PATH"), "{error}");
    assert!(error.is_tool());
    let error = kustomize_build(Path::new("/no/such"), &none, 1000).unwrap_err();
    assert!(matches!(error, Problem::MissingArgument { .. }));

    let programs = fake(&dir, "kustomize", "echo 'Error: no kustomization' >&2; yes | head -c 1000000 >&2; exit 3");
    let error = kustomize_build(dir.path(), &programs, 1000).unwrap_err().to_string();
    assert!(error.contains("failed (exit status: 3)\n    Error: no kustomization"), "{error}");
    assert!(error.lines().count() < 20);

    let programs = fake(&dir, "kustomize", "exec yes");
    let error = kustomize_build(dir.path(), &programs, 1000).unwrap_err();
    assert!(matches!(error, Problem::TooLarge { limit: 1000, .. }), "{error}");
}

#[test]
fn links_that_leave_the_folder_are_told_and_not_followed() {
    let outside = folder(&[("key.yaml", "secret: 1"), ("other/x.yaml", "x")]);
    let dir = folder(&[("deploy/a.yaml", "a"), ("base/b.yaml", "b"), (".git/config.yaml", "token: 1")]);
    let link = |to: &Path, at: &str| symlink(to, dir.path().join(at)).unwrap();
    link(&outside.path().join("key.yaml"), "deploy/key.yaml");
    link(Path::new("/dev/zero"), "deploy/zero.yaml");
    link(&outside.path().join("other"), "deploy/other");
    link(Path::new("../base/b.yaml"), "deploy/b.yaml");
    link(Path::new("../.git/config.yaml"), "deploy/git.yaml");
    let deploy = dir.path().join("deploy");
    let loaded = load_all([&deploy], "");
    assert_eq!(names(&loaded.sources, &deploy), ["a.yaml", "b.yaml"], "a link within the repository is followed");
    let told = "a symbolic link that leads out of the folder, not followed; --follow-links follows it";
    let expected = ["git", "key", "zero"].map(|name| format!("{name}.yaml: {told}"));
    assert_eq!(problems(&loaded, &deploy), expected);

    let named = load_all([deploy.join("key.yaml"), deploy.join("other")], "");
    assert_eq!(names(&named.sources, &deploy), ["key.yaml", "other/x.yaml"], "what is named is read");
    fs::remove_file(deploy.join("zero.yaml")).unwrap();
    let all = load(&Request { follow_links: true, ..Request::new([&deploy]) }, &mut "".as_bytes());
    assert_eq!(names(&all.sources, &deploy), ["a.yaml", "b.yaml", "git.yaml", "key.yaml"]);
}

#[test]
fn lists_of_ignored_files_are_regular_files() {
    let dir = folder(&[("a/x.yaml", "x"), ("b/x.yaml", "x"), ("c/x.yaml", "x")]);
    symlink("/dev/zero", dir.path().join("a/.gitignore")).unwrap();
    fs::create_dir(dir.path().join("b/.ignore")).unwrap();
    let loaded = load_all([dir.path()], "");
    assert_eq!(names(&loaded.sources, dir.path()), ["c/x.yaml"]);
    let expected = ["a/.gitignore: not a regular file", "b/.ignore: not a regular file"];
    assert_eq!(problems(&loaded, dir.path()), expected);
    let inside = load_all([dir.path().join("a")], "");
    assert_eq!(problems(&inside, dir.path())[0], expected[0]);
    assert_eq!(inside.sources.len(), 0);
}
