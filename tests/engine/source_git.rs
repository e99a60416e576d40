//! Reading two states of a git repository.

use std::fs;
use std::path::Path;

use crate::support::repository::{Repository, git, git_command, have_git};
use crate::support::sides::{check, error, fake, history, request, sides, told};
use kubesketch::source::{GitError, GitRequest, Programs, Request, Side, load, load_range};

#[test]
fn both_sides_are_read_as_git_diff_would() {
    if !have_git() {
        return;
    }
    let repo = history();
    let topic = ["deploy/a.yaml=a2", "deploy/sub/c.yml=c2"];
    check(repo.top(), "main...topic", &["deploy"], &["deploy/a.yaml=a1", "deploy/b.yaml=b1"], &topic);
    check(repo.top(), "main..topic", &["deploy"], &["deploy/a.yaml=a1", "deploy/b.yaml=b3"], &topic);

    repo.write(&[
        ("deploy/b.yaml", "b4"),
        ("deploy/untracked.json", "u"),
        (".gitignore", "out/\n"),
        ("deploy/out/o.yaml", "o"),
    ]);
    let now = ["deploy/a.yaml=a1", "deploy/b.yaml=b4", "deploy/untracked.json=u"];
    check(repo.top(), "topic", &["deploy"], &topic, &now);
}

#[test]
fn sides_have_names() {
    if !have_git() {
        return;
    }
    let repo = history();
    let (main, topic, base) =
        (repo.git(&["rev-parse", "main"]), repo.git(&["rev-parse", "topic"]), repo.git(&["rev-parse", "main~1"]));
    let names = |range: &str| sides(repo.top(), range, &["."]).map(|s| (s.name(), s.commit));
    let short = |id: &str| id[..10].to_owned();
    assert_eq!(
        names("main...topic"),
        [
            (format!("merge base of main and topic ({})", short(&base)), Some(base.clone())),
            (format!("topic ({})", short(&topic)), Some(topic.clone())),
        ]
    );
    assert_eq!(names("main~1...topic")[0].0, format!("main~1 ({})", short(&base)));
    assert_eq!(names(&format!("{main}..topic"))[0].0, short(&main));
    assert_eq!(names("main")[1], ("working tree".to_owned(), None));
}

#[test]
fn names_are_those_that_load_gives() {
    if !have_git() {
        return;
    }
    let repo = history();
    let inside = repo.top().join("deploy");
    check(
        &inside,
        "main~1..main",
        &["./a.yaml", "../other"],
        &["../other/x.yaml=x1", "a.yaml=a1"],
        &["../other/x.yaml=x1", "a.yaml=a1"],
    );
    check(&inside, "main~1..main", &[], &["a.yaml=a1", "b.yaml=b1"], &["a.yaml=a1", "b.yaml=b3"]);
    check(&inside, "main~1", &[], &["a.yaml=a1", "b.yaml=b1"], &["a.yaml=a1", "b.yaml=b3"]);

    let absolute = repo.top().join("deploy").display().to_string();
    let from_disk = load(&Request::new([absolute.as_str()]), &mut "".as_bytes());
    for side in sides(repo.top(), "main~1", &[absolute.as_str()]) {
        let names = |s: &kubesketch::source::Sources| s.ids().map(|id| s.name(id).to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&side.loaded.sources), names(&from_disk.sources));
    }
}

#[test]
fn the_same_files_are_read_as_from_disk() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    repo.write(&[
        ("k/UPPER.YAML", "u"),
        ("k/.hidden.yaml", "no"),
        ("k/.hidden/x.yaml", "no"),
        ("k/plain.txt", "t"),
        ("k/deep/er/x.json", "{}"),
        ("k/big.yaml", "123456789"),
        ("k/ignored.yaml", "tracked"),
    ]);
    repo.commit("one");
    repo.write(&[(".gitignore", "ignored.yaml\n")]);
    repo.commit("two");
    let request =
        GitRequest { max_file_bytes: 8, ..request(repo.top(), "HEAD~1", &["k", "k/plain.txt", "k/UPPER.YAML", "./k"]) };
    for side in load_range(&request).unwrap() {
        assert_eq!(
            told(&side),
            [
                "k/UPPER.YAML=u",
                "k/deep/er/x.json={}",
                "k/ignored.yaml=tracked",
                "k/plain.txt=t",
                "k/big.yaml: larger than 8 bytes, which is the most that is read of one file",
            ]
        );
        // `./k` is `k` once more.
        assert_eq!((side.loaded.skipped.other_files, side.loaded.skipped.repeated), (2, 5));
    }
}

#[test]
fn a_path_may_be_on_one_side_only() {
    if !have_git() {
        return;
    }
    let repo = history();
    check(repo.top(), "main..topic", &["deploy/sub"], &[], &["deploy/sub/c.yml=c2"]);
    check(repo.top(), "topic", &["deploy/sub/c.yml"], &["deploy/sub/c.yml=c2"], &[]);
    let both = sides(repo.top(), "main...topic", &["deploi", "/etc", "../x", "README.md/x"]);
    let names: Vec<String> = both.iter().map(Side::name).collect();
    let neither =
        |path: &str| format!("{path}: there is no such file or folder, neither in {} nor in {}", names[0], names[1]);
    let outside = |path: &str| format!("{path}: leads out of the repository, and only what is in it is compared");
    assert_eq!(told(&both[1]), [neither("deploi"), outside("/etc"), outside("../x"), neither("README.md/x")]);
    assert_eq!(told(&both[0]), [outside("../x")]);

    repo.write(&[("empty/x.txt", "")]);
    repo.commit("three");
    let both = sides(repo.top(), "HEAD~1", &["empty"]);
    assert_eq!(told(&both[0]), [""; 0]);
    assert!(told(&both[1])[0].starts_with("empty: no .yaml, .yml or .json file"), "{:?}", told(&both[1]));
}

#[test]
fn what_is_the_same_is_in_memory_once() {
    if !have_git() {
        return;
    }
    let repo = history();
    for range in ["main..topic", "topic"] {
        let [old, new] = sides(repo.top(), range, &["other"]);
        let place = |side: &Side| side.loaded.sources.text(side.loaded.sources.ids().next().unwrap()).as_ptr();
        assert_eq!(place(&old), place(&new), "{range}");
    }
}

#[test]
fn bare_clones_and_other_working_trees() {
    if !have_git() {
        return;
    }
    let repo = history();
    let bare = repo.beside("bare.git");
    git(repo.top(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    check(&bare, "main~1..main", &["deploy/b.yaml"], &["deploy/b.yaml=b1"], &["deploy/b.yaml=b3"]);
    assert!(error(&bare, "main").contains("not in a working tree"), "{}", error(&bare, "main"));
    check(&repo.top().join(".git"), "main~1..main", &["deploy/b.yaml"], &["deploy/b.yaml=b1"], &["deploy/b.yaml=b3"]);

    let second = repo.beside("second");
    repo.git(&["worktree", "add", "-q", second.to_str().unwrap(), "topic"]);
    fs::write(second.join("deploy/a.yaml"), "a9").unwrap();
    check(&second.join("deploy"), "main~1", &["a.yaml"], &["a.yaml=a1"], &["a.yaml=a9"]);
}

#[test]
fn what_is_not_there_is_told_with_what_helps() {
    if !have_git() {
        return;
    }
    let repo = history();
    let clone = repo.beside("clone");
    git(repo.top(), &["clone", "-q", ".", clone.to_str().unwrap()]);
    assert_eq!(
        error(&clone, "topic...HEAD"),
        "there is no revision `topic` in this repository; did you mean `origin/topic`?"
    );
    assert_eq!(error(&clone, "nope..HEAD"), "there is no revision `nope` in this repository");
    assert_eq!(error(&clone, "HEAD:deploy"), "there is no revision `HEAD:deploy` in this repository");
    assert_eq!(error(&clone, "HEAD^@"), "there is no revision `HEAD^@` in this repository");

    let url = format!("file://{}", repo.top().display());
    let shallow = repo.beside("shallow");
    git(repo.top(), &["clone", "-q", "--depth", "1", "--no-single-branch", &url, shallow.to_str().unwrap()]);
    for range in ["HEAD~1...HEAD", "origin/topic...HEAD", &format!("{}..HEAD", repo.git(&["rev-parse", "main~1"]))] {
        let said = error(&shallow, range);
        assert!(said.contains("fetch-depth: 0") && said.contains("git fetch --unshallow"), "{said}");
    }
    check(&shallow, "origin/topic..HEAD", &["deploy/a.yaml"], &["deploy/a.yaml=a2"], &["deploy/a.yaml=a1"]);

    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.commit("alone");
    assert!(error(repo.top(), "main...alone").contains("no common ancestor"), "{}", error(repo.top(), "main...alone"));
    assert!(error(repo.top(), "main...alone").contains("main..alone"));

    let nothing = tempfile::tempdir().unwrap();
    assert!(
        error(nothing.path(), "HEAD").starts_with("git rev-parse: not a git repository"),
        "{}",
        error(nothing.path(), "HEAD")
    );
}

#[test]
fn a_sparse_checkout_lacks_nothing() {
    if !have_git() {
        return;
    }
    let repo = history();
    repo.git(&["sparse-checkout", "set", "--no-cone", "/other/"]);
    assert!(!repo.top().join("deploy").exists());
    let all = ["deploy/a.yaml=a1", "deploy/b.yaml=b3"];
    check(repo.top(), "HEAD", &["deploy"], &all, &all);
}

#[test]
fn submodules_are_read_where_they_are() {
    if !have_git() {
        return;
    }
    let inner = Repository::new();
    inner.write(&[("deploy/x.yaml", "x1")]);
    let first = inner.commit("one");
    inner.write(&[("deploy/x.yaml", "x2")]);
    let second = inner.commit("two");

    let repo = Repository::new();
    repo.write(&[("own.yaml", "o")]);
    repo.commit("none");
    let url = format!("file://{}", inner.top().display());
    repo.git(&["submodule", "--quiet", "add", "--name", "part", &url, "vendor/inner"]);
    repo.git(&["-C", "vendor/inner", "checkout", "-q", &first]);
    repo.commit("first");
    repo.git(&["-C", "vendor/inner", "checkout", "-q", &second]);
    repo.commit("second");
    repo.write(&[("vendor/inner/deploy/x.yaml", "x3"), ("vendor/inner/deploy/y.yaml", "y3")]);

    let x = |n: u8| format!("vendor/inner/deploy/x.yaml=x{n}");
    check(repo.top(), "HEAD~2..HEAD~1", &["."], &["own.yaml=o"], &["own.yaml=o", &x(1)]);
    check(repo.top(), "HEAD~1..HEAD", &["vendor/inner/deploy"], &[&x(1)], &[&x(2)]);
    check(repo.top(), "HEAD", &["vendor"], &[&x(2)], &[&x(3), "vendor/inner/deploy/y.yaml=y3"]);
    check(repo.top(), "HEAD", &["vendor/inner/deploy/x.yaml"], &[&x(2)], &[&x(3)]);

    // The working tree of the submodule is gone, and its repository is not.
    fs::remove_dir_all(repo.top().join("vendor")).unwrap();
    check(repo.top(), "HEAD~1..HEAD", &["vendor"], &[&x(1)], &[&x(2)]);

    // A clone has neither.
    let clone = repo.beside("clone");
    git(repo.top(), &["clone", "-q", ".", clone.to_str().unwrap()]);
    let both = sides(&clone, "HEAD~1..HEAD", &["."]);
    for (side, commit) in both.iter().zip([&first, &second]) {
        let missing = format!(
            "vendor/inner: a submodule, and its commit {commit} of {} is not here; fetch it with `git submodule update --init`",
            side.name()
        );
        assert_eq!(told(side), ["own.yaml=o".to_owned(), missing]);
    }
    let both = sides(&clone, "HEAD", &["vendor"]);
    assert_eq!(both[1].notes, ["vendor/inner: a submodule that is not here, and the same on both sides"]);
    assert!(both.iter().all(|side| side.loaded.problems.is_empty()));
}

/// What runs where `GIT_DIR` is set: the test below starts it.
#[test]
fn as_in_a_hook() {
    if std::env::var_os("KUBESKETCH_TEST_HOOK").is_none() {
        return;
    }
    let new = std::env::var("KUBESKETCH_TEST_HOOK").unwrap();
    check(Path::new("."), "HEAD", &["deploy/b.yaml"], &["deploy/b.yaml=b3"], &[&format!("deploy/b.yaml={new}")]);
}

#[test]
fn the_environment_of_a_hook_counts() {
    if !have_git() {
        return;
    }
    let repo = history();
    repo.write(&[("deploy/b.yaml", "b5")]);
    let elsewhere = repo.beside("elsewhere");
    fs::create_dir_all(elsewhere.join("deploy")).unwrap();
    fs::write(elsewhere.join("deploy/b.yaml"), "b6").unwrap();
    // The second is `git --git-dir=... --work-tree=.`, as some keep their dotfiles.
    for (folder, git_dir, new) in [(repo.top(), ".git", "b5"), (elsewhere.as_path(), "../repo/.git", "b6")] {
        let ran = git_command(folder)
            .args([
                "-c",
                &format!(
                    "alias.probe=!\"{}\" --exact source_git::as_in_a_hook",
                    std::env::current_exe().unwrap().display()
                ),
                "probe",
            ])
            .env("GIT_DIR", git_dir)
            .env("GIT_WORK_TREE", ".")
            .env("GIT_GLOB_PATHSPECS", "1")
            .env("KUBESKETCH_TEST_HOOK", new)
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
        assert!(String::from_utf8_lossy(&ran.stdout).contains("1 passed"));
    }
}

#[test]
fn without_a_git_that_will_do_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let with = |programs| GitRequest { programs, ..request(folder.path(), "a..b", &["."]) };
    let none = Programs::from_path(folder.path().as_os_str());
    assert!(matches!(load_range(&with(none.clone())), Err(GitError::NoGit)));
    let path = folder.path().join("git");
    fs::write(&path, "#!/bin/sh\necho git version 2.25.1\n").unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let said = load_range(&with(none)).unwrap_err().to_string();
    assert_eq!(said, "--git needs git 2.30 or newer, and this is git version 2.25.1");
}

#[test]
fn two_thousand_files_take_few_processes() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    let text = |i: usize, n: usize| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\ndata: {{n: \"{n}\"}}\n").repeat(10)
    };
    for i in 0..2000 {
        repo.write(&[(&format!("d{}/f{i}.yaml", i % 50), &text(i, 0))]);
    }
    repo.commit("one");
    for i in 0..20 {
        repo.write(&[(&format!("d{}/f{i}.yaml", i % 50), &text(i, 1))]);
    }
    repo.commit("two");
    let git = Programs::from_env().find("git").unwrap();
    let calls = repo.beside("calls");
    let script = format!("echo >>'{}'\nexec '{}' \"$@\"", calls.display(), git.display());
    let programs = fake(&repo, "git", &script);
    for packed in [false, true] {
        if packed {
            repo.git(&["gc", "-q"]);
        }
        for range in ["HEAD~1..HEAD", "HEAD~1"] {
            fs::write(&calls, "").unwrap();
            let request = GitRequest { programs: programs.clone(), ..request(repo.top(), range, &["."]) };
            let both = load_range(&request).unwrap();
            assert_eq!(both.map(|s| s.loaded.sources.len()), [2000, 2000]);
            // The limit only tells a process for each file from one for all.
            let processes = fs::read_to_string(&calls).unwrap().len();
            assert!((1..50).contains(&processes), "{range}, packed {packed}: {processes} processes");
        }
    }
}
