//! Kustomizations of two states of a git repository.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::repository::{Repository, have_git};
use crate::support::sides::{fake_kustomize, request, told};
use crate::support::skip::skip;
use kubesketch::source::{GitRequest, Programs, Side, load_range};

/// A repository with an overlay that differs between two commits.
fn overlays() -> Repository {
    let repo = Repository::new();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n";
    repo.write(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", deployment),
        ("overlays/prod/kustomization.yaml", "resources: [../../base]\nnamePrefix: one-\n"),
    ]);
    symlink("prod", repo.top().join("overlays/current")).unwrap();
    symlink("/etc/passwd", repo.top().join("base/passwd")).unwrap();
    symlink("../../../../etc/passwd", repo.top().join("base/passwd2")).unwrap();
    repo.commit("one");
    repo.write(&[("overlays/prod/kustomization.yaml", "resources: [../../base]\nnamePrefix: two-\n")]);
    repo.write(&[("overlays/new/kustomization.yaml", "resources: [../../base, gone.yaml]\n")]);
    repo.commit("two");
    repo
}

fn kustomized(repo: &Repository, range: &str, dirs: &[&str], programs: Programs) -> [Side; 2] {
    let request =
        GitRequest { kustomize: dirs.iter().map(PathBuf::from).collect(), programs, ..request(repo.top(), range, &[]) };
    load_range(&request).unwrap()
}

#[test]
fn kustomizations_are_built_in_trees_of_their_own() {
    if !have_git() {
        return;
    }
    let repo = overlays();
    let log = repo.beside("log");
    let script = format!("echo \"$2\" >> {}; cat \"$2/kustomization.yaml\" \"$2\"/../../base/*", log.display());
    let both = kustomized(&repo, "HEAD~1..HEAD", &["overlays/current"], fake_kustomize(&repo, &script));
    for (side, prefix) in both.iter().zip(["one-", "two-"]) {
        let all = told(side);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].starts_with("kustomize:overlays/current=resources: [../../base]\n"), "{all:?}");
        assert!(all[0].contains(prefix) && all[0].contains("kind: Deployment"), "{all:?}");
        assert!(!all[0].contains("root:"), "a link led out: {all:?}");
        assert_eq!(
            side.notes,
            ["base/passwd", "base/passwd2"].map(|p| format!(
                "-k overlays/current: {p}: left out, a link that leads out of the repository or nowhere"
            ))
        );
    }
    // The trees are gone, and were not in the repository.
    let folders = fs::read_to_string(&log).unwrap();
    assert_eq!(folders.lines().count(), 2);
    assert!(folders.lines().all(|f| !Path::new(f).exists() && !f.starts_with(repo.top().to_str().unwrap())));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");

    // The working tree is built where it is.
    let both = kustomized(&repo, "HEAD~1", &["overlays/prod"], fake_kustomize(&repo, "echo \"at: $2\""));
    assert_eq!(
        told(&both[1]),
        ["kustomize:overlays/prod=at: ".to_owned() + repo.top().join("overlays/prod").to_str().unwrap() + "\n"]
    );
}

#[test]
fn what_fails_in_a_kustomization_is_told_as_it_is_in_the_repository() {
    if !have_git() {
        return;
    }
    let repo = overlays();
    let script = "echo \"cannot read $2/gone.yaml in $(cd \"$2/../..\" && pwd)\" >&2; exit 1";
    let both = kustomized(&repo, "HEAD~1..HEAD", &["overlays/new", "overlays/none"], fake_kustomize(&repo, script));
    assert_eq!(told(&both[0]), [""; 0]);
    let said = told(&both[1]);
    let names: Vec<String> = both.iter().map(Side::name).collect();
    assert_eq!(
        said[0],
        format!("-k overlays/none: there is no such file or folder, neither in {} nor in {}", names[0], names[1])
    );
    assert!(said[1].starts_with(&format!("-k overlays/new in {}: ", names[1])), "{said:?}");
    assert!(said[1].ends_with("\n    cannot read overlays/new/gone.yaml in ."), "{said:?}");
}

#[test]
fn the_installed_kustomize_builds_both_sides() {
    if !have_git() {
        return;
    }
    let programs = Programs::from_env();
    if programs.find("kustomize").or(programs.find("kubectl")).is_none() {
        skip("there is neither kustomize nor kubectl here");
        return;
    }
    let both = kustomized(&overlays(), "HEAD~1..HEAD", &["overlays/prod"], programs);
    for (side, name) in both.iter().zip(["one-web", "two-web"]) {
        let all = told(side);
        assert!(all.len() == 1 && all[0].contains(&format!("name: {name}")), "{all:?}");
    }
}
