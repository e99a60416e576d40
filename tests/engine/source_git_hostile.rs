//! Repositories that mean harm or hold what nobody expects.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::repository::{Repository, git, git_command, have_git};
use crate::support::sides::{check, error, fake_kustomize, history, request, sides, told};
use kubesketch::source::{GitError, GitRequest, load_range};

#[test]
fn odd_names_are_names() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    repo.write(&[
        ("a b/c\nd.yaml", "1"),
        ("-x.yaml", "2"),
        (":(top)y.yaml", "3"),
        ("*.yaml", "4"),
        ("\"q\"\t.yaml", "5"),
        ("é.yaml", "6"),
    ]);
    fs::write(repo.top().join(std::ffi::OsStr::from_bytes(b"\xff.yaml")), "7").unwrap();
    fs::write(repo.top().join(std::ffi::OsStr::from_bytes(b"\xfe.yaml")), "8").unwrap();
    repo.commit("one");
    let all = [
        "\"q\"\t.yaml=5",
        "*.yaml=4",
        "-x.yaml=2",
        ":(top)y.yaml=3",
        "a b/c\nd.yaml=1",
        "é.yaml=6",
        "\u{fffd}.yaml=8",
        "\u{fffd}.yaml (2)=7",
    ];
    check(repo.top(), "HEAD", &["."], &all, &all);
    let some = ["*.yaml=4", "-x.yaml=2", ":(top)y.yaml=3", "a b/c\nd.yaml=1"];
    check(repo.top(), "HEAD", &["a b", "-x.yaml", ":(top)y.yaml", "*.yaml"], &some, &some);
}

#[test]
fn links_are_followed_inside_of_the_repository_only() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    fs::write(repo.beside("secret.yaml"), "secret").unwrap();
    repo.write(&[("real/x.yaml", "x"), ("k/own.yaml", "own")]);
    let link = |target: &str, name: &str| symlink(target, repo.top().join(name)).unwrap();
    link("../real/x.yaml", "k/in.yaml");
    link("own.yaml", "k/twice.yaml");
    link("../real", "k/folder.yaml");
    link("../../secret.yaml", "k/out.yaml");
    link("nowhere", "k/broken.yaml");
    link("loop.yaml", "k/loop.yaml");
    link("k", "way");
    repo.commit("one");
    let expected = |prefix: &str, side: &str| {
        let mut problems = [
            format!("{prefix}/broken.yaml: a link that leads nowhere in {side}"),
            format!("{prefix}/loop.yaml: a link that leads nowhere in {side}"),
            format!("{prefix}/out.yaml: leads out of the repository, and only what is in it is compared"),
        ]
        .to_vec();
        let mut all = vec![format!("{prefix}/in.yaml=x"), format!("{prefix}/own.yaml=own")];
        all.append(&mut problems);
        all
    };
    for path in ["k", "way"] {
        for side in sides(repo.top(), "HEAD", &[path]) {
            assert_eq!(told(&side), expected(path, &side.name()), "{}", side.name());
            assert_eq!((side.loaded.skipped.other_files, side.loaded.skipped.repeated), (1, 1));
        }
    }
    check(repo.top(), "HEAD", &["way/in.yaml"], &["way/in.yaml=x"], &["way/in.yaml=x"]);
    let absolute = repo.beside("secret.yaml").display().to_string();
    symlink(&absolute, repo.top().join("absolute.yaml")).unwrap();
    repo.commit("two");
    for side in sides(repo.top(), "HEAD", &["absolute.yaml"]) {
        assert!(told(&side)[0].contains("leads out of the repository"), "{:?}", told(&side));
    }
}

#[test]
fn pointers_of_lfs_and_bytes_that_are_no_text_are_told() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    repo.write(&[("a.yaml", pointer), ("b.yaml", "b")]);
    fs::write(repo.top().join("c.yaml"), b"a: b\nc: \xff").unwrap();
    repo.commit("one");
    for side in sides(repo.top(), "HEAD", &["."]) {
        let name = side.name();
        assert_eq!(
            told(&side),
            [
                "b.yaml=b".to_owned(),
                format!("a.yaml: {name} holds a pointer of Git LFS and not the file, so it cannot be read from there"),
                "c.yaml:2:4: not valid UTF-8; save the file as UTF-8".to_owned(),
            ]
        );
    }
}

#[test]
fn a_partial_clone_is_read_without_fetching() {
    if !have_git() {
        return;
    }
    let repo = history();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.top().display());
    let partial = repo.beside("partial");
    git(repo.top(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, partial.to_str().unwrap()]);
    let missing = || git(&partial, &["rev-list", "--objects", "--missing=print", "HEAD"]);
    let before = missing();
    assert!(before.contains("\n?"), "the clone is whole: {before}");
    let said = load_range(&request(&partial, "HEAD~1..HEAD", &["deploy"])).unwrap_err();
    assert!(matches!(said, GitError::MissingObject { .. }), "{said}");
    assert!(said.to_string().starts_with("deploy/"), "{said}");
    assert!(said.to_string().contains("partial clone"), "{said}");
    assert_eq!(missing(), before);
}

#[test]
fn nothing_of_a_hostile_repository_is_run_and_nothing_is_written() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    let marker = repo.beside("pwned");
    let evil = format!("touch {} #", marker.display());
    repo.write(&[("a.yaml", "a1"), ("b.yaml", "b1")]);
    repo.commit("one");
    repo.write(&[
        ("a.yaml", "a2"),
        (".gitattributes", "*.yaml diff=evil filter=evil merge=evil text eol=crlf ident\n"),
    ]);
    repo.commit("two");
    for (key, value) in [
        ("core.fsmonitor", evil.as_str()),
        ("core.pager", &evil),
        ("core.editor", &evil),
        ("core.sshCommand", &evil),
        ("core.askPass", &evil),
        ("core.alternateRefsCommand", &evil),
        ("credential.helper", &evil),
        ("diff.external", &evil),
        ("diff.evil.textconv", &evil),
        ("diff.evil.command", &evil),
        ("filter.evil.clean", &evil),
        ("filter.evil.smudge", &evil),
        ("filter.evil.process", &evil),
        ("filter.evil.required", "true"),
        ("merge.evil.driver", &evil),
        ("gpg.program", &evil),
        ("alias.ls-files", &format!("!{evil}")),
        ("alias.cat-file", &format!("!{evil}")),
        ("core.hooksPath", "evil-hooks"),
        ("core.untrackedCache", "true"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", &format!("ext::sh -c {}", evil.replace(' ', "% "))),
        ("remote.origin.promisor", "true"),
    ] {
        repo.git(&["config", key, value]);
    }
    for folder in [".git/hooks", "evil-hooks"] {
        for hook in ["post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout", "pre-auto-gc"]
        {
            repo.write(&[(&format!("{folder}/{hook}"), &format!("#!/bin/sh\n{evil}\n"))]);
            let path = repo.top().join(folder).join(hook);
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
    }
    // Another time, so that git would like to refresh the index.
    repo.write(&[("b.yaml", "b1")]);
    let state = || {
        let index = fs::read(repo.top().join(".git/index")).unwrap();
        let mut names: Vec<PathBuf> =
            fs::read_dir(repo.top().join(".git")).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        (index, names)
    };
    let before = state();
    for range in ["HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD~1"] {
        check(repo.top(), range, &["."], &["a.yaml=a1", "b.yaml=b1"], &["a.yaml=a2", "b.yaml=b1"]);
    }
    // A commit that is not here would be fetched from a remote that is a program.
    assert!(load_range(&request(repo.top(), &format!("{}..HEAD", "1".repeat(40)), &["."])).is_err());
    assert_eq!(state(), before);
    assert!(!marker.exists());
    // The trap works: without our care it snaps.
    let _ = git_command(repo.top()).args(["status"]).output().unwrap();
    assert!(marker.exists());
}

#[test]
fn replaced_objects_are_not() {
    if !have_git() {
        return;
    }
    let repo = history();
    repo.git(&["replace", "main", "topic"]);
    check(repo.top(), "main~1..main", &["deploy/b.yaml"], &["deploy/b.yaml=b1"], &["deploy/b.yaml=b3"]);
}

#[test]
fn a_tree_that_holds_itself_many_times_over_has_a_limit() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    repo.write(&[("a.yaml", "a")]);
    repo.commit("one");
    let mut tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    for _ in 0..12 {
        let entries: String = (0..10).map(|i| format!("040000 tree {tree}\tt{i}\n")).collect();
        fs::write(repo.beside("list"), entries).unwrap();
        let made =
            git_command(repo.top()).arg("mktree").stdin(fs::File::open(repo.beside("list")).unwrap()).output().unwrap();
        tree = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    }
    let commit = repo.git(&["commit-tree", &tree, "-p", "HEAD", "-m", "bomb"]);
    assert!(error(repo.top(), &format!("HEAD..{commit}")).contains("more entries than are read"));
    check(repo.top(), &format!("HEAD..{commit}"), &["a.yaml"], &["a.yaml=a"], &[]);
}

#[test]
fn a_tree_that_no_checkout_would_write_is_not_written() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    repo.write(&[("a.yaml", "a"), ("k/kustomization.yaml", "{}")]);
    repo.commit("one");
    let blob = repo.git(&["rev-parse", "HEAD:a.yaml"]);
    let folder = repo.git(&["rev-parse", "HEAD:k"]);
    fs::write(repo.beside("target"), "k").unwrap();
    let target = repo.beside("target").display().to_string();
    let link = repo.git(&["hash-object", "-w", &target]);
    let raw =
        |id: &str| -> Vec<u8> { (0..20).map(|i| u8::from_str_radix(&id[2 * i..2 * i + 2], 16).unwrap()).collect() };
    let entry = |mode: &str, name: &str, id: &str| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &raw(id)].concat();
    let k = entry("40000", "k", &folder);
    for bytes in [
        [entry("100644", "../outside", &blob), k.clone()].concat(),
        [entry("100644", "..", &blob), k.clone()].concat(),
        [entry("40000", ".GIT", &folder), k.clone()].concat(),
        [entry("120000", "d", &link), entry("40000", "d", &folder), k.clone()].concat(),
        [k.clone(), b"100644 cut".to_vec()].concat(),
    ] {
        fs::write(repo.beside("tree"), &bytes).unwrap();
        let file = repo.beside("tree").display().to_string();
        let tree = repo.git(&["hash-object", "-w", "-t", "tree", "--literally", &file]);
        let commit = repo.git(&["commit-tree", &tree, "-m", "hostile"]);
        let request = GitRequest {
            kustomize: vec!["k".into()],
            programs: fake_kustomize(&repo, "echo built"),
            ..request(repo.top(), &format!("HEAD..{commit}"), &[])
        };
        match load_range(&request) {
            Err(error) => assert!(matches!(error, GitError::BrokenTree { .. }), "{error}"),
            Ok([_, new]) => assert!(told(&new)[0].contains("could not be written"), "{:?}", told(&new)),
        }
        assert!(!repo.beside("outside").exists());
    }
}

#[test]
fn the_name_of_a_submodule_does_not_lead_out() {
    if !have_git() {
        return;
    }
    let inner = Repository::new();
    inner.write(&[("x.yaml", "x")]);
    let commit = inner.commit("one");
    let repo = Repository::new();
    let way_out = format!("{}{}", "../".repeat(20).trim_end_matches('/'), inner.top().join(".git").display());
    let absolute = inner.top().join(".git").display().to_string();
    for (name, path) in [("part", "part"), (&way_out, "out"), (&absolute, "absolute"), ("..", "up")] {
        let text = format!("[submodule \"{name}\"]\n\tpath = {path}\n\turl = x\n");
        fs::write(repo.top().join(".gitmodules"), text).unwrap();
        repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
        repo.git(&["add", ".gitmodules"]);
        repo.git(&["commit", "-q", "-m", path]);
    }
    let modules = repo.top().join(".git/modules/part");
    git(repo.top(), &["clone", "-q", "--bare", inner.top().to_str().unwrap(), modules.to_str().unwrap()]);
    assert!(repo.top().join(".git/modules").join(&way_out).join("HEAD").exists());
    for (revision, path, found) in
        [("HEAD~3", "part", true), ("HEAD~2", "out", false), ("HEAD~1", "absolute", false), ("HEAD", "up", false)]
    {
        let [old, _] = sides(repo.top(), &format!("{revision}..HEAD~3"), &[path]);
        assert_eq!(old.loaded.sources.len(), usize::from(found), "{path}");
        assert!(found || told(&old)[0].contains("submodule"), "{:?}", told(&old));
    }
}
