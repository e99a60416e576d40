//! `action.yml` on a runner that is played, with a `gh` that notes down how it is called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::repository::{Repository, git};
use crate::support::runner::{HOSTILE, Outcome, Runner, can_play, exposed, release, root, text, yaml};
use crate::support::skip::skip;

fn action() -> PathBuf {
    root().join("action.yml")
}

fn relay() -> PathBuf {
    root().join("ci/comment/action.yml")
}

/// Runs the action with the kubesketch that stands in.
fn run(runner: &Runner, inputs: &[(&str, &str)]) -> Outcome {
    let binary = runner.at("bin/kubesketch").display().to_string();
    let mut all = vec![("binary", binary.as_str())];
    all.extend_from_slice(inputs);
    runner.run(&action(), &all)
}

const BASE: &str = "1111111111111111111111111111111111111111";
const HEAD: &str = "2222222222222222222222222222222222222222";

#[test]
fn nothing_from_outside_stands_in_a_script() {
    for file in [action(), relay()] {
        let file = yaml(&file);
        for step in file.at(&["runs", "steps"]).unwrap().items() {
            let script = step.get("run").map(text).unwrap_or_default();
            assert!(!script.contains("${{"), "{script}");
            let uses = step.get("uses").map(text).unwrap_or_default();
            let pin = uses.split_once('@').map(|(_, pin)| pin);
            assert!(pin.is_none_or(|p| p.len() == 40 && p.chars().all(|c| c.is_ascii_hexdigit())), "{uses}");
        }
        // Every input is described, and used by some step.
        let all =
            fs::read_to_string(if file.at(&["runs", "steps"]).unwrap().items().len() > 1 { action() } else { relay() })
                .unwrap();
        for input in file.get("inputs").unwrap().entries() {
            assert!(!text(input.value.get("description").unwrap()).is_empty());
            assert!(all.contains(&format!("inputs.{} ", input.key)), "{} is not used", input.key);
        }
    }
}

#[test]
fn a_pull_request_gets_a_summary_an_artifact_and_a_comment() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let runner = Runner::new(repo.top());
    let outcome = run(
        &runner,
        &[("paths", "deploy\nother folder\r\n\n-k\n"), ("fail-on", "exposure,widened"), ("lenient", "true")],
    );
    assert!(outcome.success, "{:?}", outcome.log);
    let folder = runner.at("temp/kubesketch/default").display().to_string();
    assert_eq!(
        runner.arguments(),
        [
            "diff",
            &format!("--git={BASE}...{HEAD}"),
            "--marker=default",
            "-o",
            &format!("md={folder}/comment.md"),
            "-o",
            &format!("html={folder}/diff.html"),
            "-o",
            &format!("json={folder}/diff.json"),
            "--fail-on=exposure,widened",
            "--lenient",
            "--",
            "deploy",
            "other folder",
            "-k",
        ]
    );
    assert_eq!(runner.summary(), "<!-- kubesketch:diff:default -->\n**Something** changes\n");
    assert_eq!(outcome.outputs["steps.run.outputs.changed"], "true");
    let (used, with) = &outcome.used[0];
    assert!(used.starts_with("actions/upload-artifact@"));
    assert_eq!((with["name"].as_str(), with["path"].as_str()), ("kubesketch-default", folder.as_str()));
    let calls = runner.calls();
    assert_eq!(calls[0], ["api", "--paginate", "repos/our/repo/issues/7/comments?per_page=100"]);
    let body = format!("body=@{folder}/comment.md");
    assert_eq!(calls[1], ["api", "--silent", "--method", "POST", "repos/our/repo/issues/7/comments", "-F", &body]);
    assert_eq!(runner.noted("body").unwrap(), runner.summary());
    assert_eq!(runner.noted("host").unwrap(), "");

    let mut runner = Runner::new(repo.top());
    runner.env.insert("GITHUB_SERVER_URL".into(), "https://git.example.org".into());
    assert!(run(&runner, &[]).success);
    assert_eq!(runner.noted("host").unwrap(), "git.example.org");
}

#[test]
fn the_comment_of_an_earlier_run_is_updated_and_nobody_elses() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let runner = Runner::new(repo.top());
    let first = "<!-- kubesketch:diff:default -->";
    // Two pages, as `gh api --paginate` writes them.
    runner.prepare(
        "comments.json",
        &format!(
            r#"[{{"id": 1, "user": {{"login": "mallory"}}, "body": "{first}\nmine"}}, {{"id": 2, "user": null, "body": null}}]
            [{{"id": 3, "user": {{"login": "github-actions[bot]"}}, "body": "see {first}"}},
             {{"id": 4, "user": {{"login": "github-actions[bot]"}}, "body": "<!-- kubesketch:diff:default-2 -->"}},
             {{"id": 5, "user": {{"login": "github-actions[bot]"}}, "body": "{first}\nold"}}]"#
        ),
    );
    // It is updated even when nothing changes any more.
    runner.prepare("diff.json", "{\"same\": true}");
    let outcome = run(&runner, &[]);
    assert!(outcome.success, "{:?}", outcome.log);
    assert_eq!(outcome.outputs["steps.run.outputs.changed"], "false");
    assert_eq!(runner.calls()[1][3..5], ["PATCH", "repos/our/repo/issues/comments/5"]);

    // Without one, nothing is said about nothing.
    let runner = Runner::new(repo.top());
    runner.prepare("diff.json", "{\"same\": true}");
    let outcome = run(&runner, &[]);
    assert!(outcome.success && runner.calls().len() == 1, "{:?}", outcome.log);
    assert!(outcome.log["comment"].contains("nothing changes"));
}

#[test]
fn a_token_that_may_only_read_is_not_asked_to_write() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let fork = r#"{"pull_request": {"number": 7, "base": {"sha": "11"}, "head": {"sha": "22", "repo": {"full_name": "mallory/repo"}}}}"#;
    let mut runner = Runner::new(repo.top());
    runner.event(fork);
    let outcome = run(&runner, &[]);
    assert!(outcome.success && runner.calls().is_empty());
    assert!(outcome.log["comment"].starts_with("::notice"), "{:?}", outcome.log);
    assert!(!runner.summary().is_empty());
    assert_eq!(outcome.used.len(), 1);

    runner.env.insert("GITHUB_EVENT_NAME".into(), "pull_request_target".into());
    assert!(run(&runner, &[]).success);
    assert_eq!(runner.calls().len(), 2);

    let mut runner = Runner::new(repo.top());
    runner.env.insert("GITHUB_ACTOR".into(), "dependabot[bot]".into());
    assert!(run(&runner, &[]).success && runner.calls().is_empty());

    // A token that turns out not to be allowed costs the comment, and the run only where a comment is a must.
    let runner = Runner::new(repo.top());
    runner.prepare("forbidden", "");
    let outcome = run(&runner, &[]);
    assert!(outcome.success && outcome.log["comment"].contains("::warning"), "{:?}", outcome.log);
    assert!(!run(&runner, &[("comment", "always")]).success);
    assert!(run(&runner, &[("comment", "never")]).success);
}

#[test]
fn gates_stop_the_run_after_all_was_said() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    for (exit, status, word) in [("1", "1", "exposure"), ("2", "2", "could not be read")] {
        let runner = Runner::new(repo.top());
        runner.prepare("exit", exit);
        let outcome = run(&runner, &[("fail-on", "exposure")]);
        assert!(!outcome.success);
        assert_eq!(outcome.outputs["steps.run.outputs.status"], status);
        assert!(outcome.log["gate"].contains(word), "{:?}", outcome.log);
        assert_eq!((runner.calls().len(), outcome.used.len()), (2, 1));
    }
    let runner = Runner::new(repo.top());
    runner.prepare("exit", "2");
    runner.prepare("comment.md", "");
    let outcome = run(&runner, &[]);
    assert!(!outcome.success && outcome.log["run"].contains("exit code 2"), "{:?}", outcome.log);
    assert!(runner.summary().is_empty() && runner.calls().is_empty());
}

#[test]
fn other_events_have_their_own_revisions() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let zeros = "0".repeat(40);
    for (event, range) in [
        (r#"{"merge_group": {"base_sha": "aa", "head_sha": "bb"}}"#.to_owned(), Some("--git=aa...bb")),
        (r#"{"before": "cc", "after": "dd"}"#.to_owned(), Some("--git=cc...dd")),
        (format!(r#"{{"before": "{zeros}", "after": "dd"}}"#), None),
        ("{}".to_owned(), None),
    ] {
        let runner = Runner::new(repo.top());
        runner.event(&event);
        let outcome = run(&runner, &[]);
        assert_eq!(outcome.success, range.is_some(), "{event}: {:?}", outcome.log);
        assert_eq!(runner.arguments().get(1).map(String::as_str), range);
        assert!(runner.calls().is_empty(), "there is no pull request to comment on");
        assert!(run(&runner, &[("base", "v1"), ("head", "v2")]).success);
        assert_eq!(runner.arguments()[1], "--git=v1...v2");
    }
}

#[test]
fn hostile_names_are_names() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    for name in HOSTILE {
        let runner = Runner::new(repo.top());
        let outcome = run(&runner, &[("base", name), ("head", name), ("paths", &format!("{name}\n-{name}"))]);
        assert!(outcome.success, "{name}: {:?}", outcome.log);
        let arguments = runner.arguments();
        assert_eq!(arguments[1], format!("--git={name}...{name}"));
        assert_eq!(arguments[arguments.len() - 3..], ["--".to_owned(), (*name).to_owned(), format!("-{name}")]);
        assert!(!repo.top().join("pwned").exists(), "{name}");
    }
    for (input, value) in [
        ("base", "-x"),
        ("base", "--upload-pack=touch pwned"),
        ("head", "a..b"),
        ("head", "a\nb"),
        ("marker", "a b"),
        ("marker", "x\n::error::"),
        ("marker", "../../x"),
        ("marker", "a--b"),
        ("marker", "-->"),
        ("marker", &"m".repeat(101)),
        ("fail-on", "any; touch pwned"),
        ("fail-on", "any,,any"),
        ("kustomize", "yes"),
        ("lenient", "$(touch pwned)"),
        ("comment", "sometimes"),
        ("working-directory", "nowhere"),
        ("working-directory", "-P"),
    ] {
        let runner = Runner::new(repo.top());
        let outcome = run(&runner, &[(input, value)]);
        assert!(!outcome.success, "{input}: {value}");
        let log: String = outcome.log.values().cloned().collect();
        let told = log.lines().filter(|l| l.starts_with("::error title=kubesketch::")).count();
        assert_eq!(told, 1, "{input}: {value}: {log}");
        assert!(runner.calls().is_empty() && !repo.top().join("pwned").exists());
    }
}

#[test]
fn what_kubesketch_writes_is_no_command() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let runner = Runner::new(repo.top());
    runner.prepare("says", "warning: a\n::set-env name=PATH::/evil\n::error::x.yaml");
    let outcome = run(&runner, &[]);
    let log = &outcome.log["run"];
    let token = log.strip_prefix("::stop-commands::").unwrap().lines().next().unwrap();
    assert!(token.len() == 32 && log.contains("::set-env"), "{log}");
    assert_eq!(log.lines().last().unwrap(), format!("::{token}::"));
    let again = run(&runner, &[]);
    assert!(!again.log["run"].contains(token), "the word that ends it can be guessed");
}

/// A run that a run for a fork's pull request started.
fn relayed(runner: &mut Runner) -> PathBuf {
    runner.env.insert("GITHUB_EVENT_NAME".into(), "workflow_run".into());
    runner.event(&format!(
        r#"{{"workflow_run": {{"event": "pull_request", "head_sha": "{HEAD}", "head_branch": "$(touch pwned)&base=x",
            "head_repository": {{"owner": {{"login": "mallory"}}}}, "pull_requests": []}}}}"#
    ));
    runner.prepare(
        "pulls.json",
        &format!(r#"[{{"number": 8, "head": {{"sha": "33"}}}}, {{"number": 9, "head": {{"sha": "{HEAD}"}}}}]"#),
    );
    let folder = runner.at("artifact");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("comment.md"), "<!-- kubesketch:diff:default -->\nhello\n").unwrap();
    fs::write(folder.join("diff.json"), "{\"same\": false}").unwrap();
    folder
}

#[test]
fn a_second_workflow_comments_for_a_fork() {
    if !can_play() {
        return;
    }
    let repo = Repository::new();
    let mut runner = Runner::new(repo.top());
    let folder = relayed(&mut runner);
    let at = folder.display().to_string();
    let outcome = runner.run(&relay(), &[("folder", &at)]);
    assert!(outcome.success, "{:?}", outcome.log);
    let calls = runner.calls();
    assert_eq!(
        calls[0],
        [
            "api",
            "--method",
            "GET",
            "repos/our/repo/pulls",
            "-f",
            "state=open",
            "-f",
            "head=mallory:$(touch pwned)&base=x"
        ]
    );
    assert_eq!(calls[2][3..5], ["POST", "repos/our/repo/issues/9/comments"]);
    assert_eq!(runner.noted("body").unwrap(), "<!-- kubesketch:diff:default -->\nhello\n");
    assert!(!repo.top().join("pwned").exists());

    // It has moved on, or was closed.
    let mut runner = Runner::new(repo.top());
    relayed(&mut runner);
    runner.prepare("pulls.json", "[]");
    let outcome = runner.run(&relay(), &[("folder", &at)]);
    assert!(outcome.success && runner.calls().len() == 1, "{:?}", outcome.log);

    // What the first run left behind may be anything.
    let spoil: [&dyn Fn(&Path); 5] = [
        &|comment| fs::write(comment, "hello\n<!-- kubesketch:diff:default -->\n").unwrap(),
        &|comment| fs::write(comment, "<!-- kubesketch:diff:other -->\n").unwrap(),
        &|comment| fs::write(comment, format!("<!-- kubesketch:diff:default -->\n{}", "x".repeat(65_536))).unwrap(),
        &|comment| {
            fs::remove_file(comment).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", comment).unwrap();
        },
        &|comment| fs::remove_file(comment).unwrap(),
    ];
    for (at, spoil) in spoil.iter().enumerate() {
        let mut runner = Runner::new(repo.top());
        let folder = relayed(&mut runner);
        spoil(&folder.join("comment.md"));
        let outcome = runner.run(&relay(), &[("folder", &folder.display().to_string())]);
        assert!(!outcome.success && runner.calls().is_empty(), "{at}: {:?}", outcome.log);
    }
}

#[test]
fn releases_are_checked_before_they_run() {
    if !can_play() || Command::new("curl").arg("--version").output().is_err() {
        skip("curl is not here");
        return;
    }
    let repo = Repository::new();
    let mut runner = Runner::new(repo.top());
    let targets = ["x86_64-unknown-linux-musl", "aarch64-apple-darwin"];
    let address = release(&runner, &runner.at("bin/kubesketch"), &targets);
    let archive = runner.at("releases/v0.1.0/kubesketch-0.1.0-x86_64-unknown-linux-musl.tar.gz");
    let sums = runner.at("releases/v0.1.0/SHA256SUMS");
    let (whole, all) = (fs::read(&archive).unwrap(), fs::read_to_string(&sums).unwrap());
    let digest = all.lines().find(|l| l.contains("x86_64")).unwrap()[..64].to_owned();
    assert_eq!(all.lines().count(), 2);

    let install = |runner: &Runner, inputs: &[(&str, &str)]| {
        let mut given = vec![("releases", address.as_str())];
        given.extend_from_slice(inputs);
        let outcome = runner.run(&action(), &given);
        (outcome.success, outcome.log["install"].clone())
    };
    runner.github.insert("github.action_ref".into(), "v0.1.0".into());
    assert!(install(&runner, &[]).0);
    assert!(install(&runner, &[("version", "0.1.0"), ("sha256", &digest)]).0);
    let refused = |runner: &Runner, inputs: &[(&str, &str)], why: &str| {
        let (success, log) = install(runner, inputs);
        assert!(!success && log.contains(why), "{inputs:?}: {log}");
    };
    refused(&runner, &[("sha256", &"0".repeat(64))], "not the one that was given");
    refused(&runner, &[("version", "0.2.0")], "could not be downloaded");
    for version in ["main", "", "../0.1.0", "0.1.0/..", "1.2.3-$(touch pwned)", "0.1.0\n"] {
        runner.github.insert("github.action_ref".into(), "main".into());
        refused(&runner, &[("version", version)], "is not like 1.2.3");
    }
    runner.github.insert("github.action_ref".into(), "v0.1.0".into());
    for releases in ["http://example.org", "ftp://x", "-o/etc/passwd", "/tmp"] {
        refused(&runner, &[("releases", releases)], "begins with https://");
    }
    refused(&runner, &[("binary", "nowhere")], "is not a program");

    fs::write(&archive, [whole.as_slice(), b"more"].concat()).unwrap();
    refused(&runner, &[], "and SHA256SUMS says");
    fs::write(&archive, &whole).unwrap();
    fs::write(&sums, all.lines().filter(|l| !l.contains("x86_64")).collect::<String>()).unwrap();
    refused(&runner, &[], "does not name");
    fs::write(&sums, format!("{all}{all}")).unwrap();
    refused(&runner, &[], "does not name");
    runner.env.insert("RUNNER_OS".into(), "Windows".into());
    refused(&runner, &[], "no release for Windows");

    // Packing the same files again gives the same archive where tar can do that.
    fs::write(&sums, &all).unwrap();
    release(&runner, &runner.at("bin/kubesketch"), &targets);
    assert!(
        fs::read_to_string(&sums).unwrap() == all
            || !Command::new("tar").arg("--version").output().is_ok_and(|o| o.stdout.starts_with(b"tar (GNU"))
    );
}

#[test]
fn the_action_runs_kubesketch_itself() {
    if !can_play() {
        return;
    }
    let repo = exposed();
    let runner = Runner::new(repo.top());
    let inputs = [
        ("binary", env!("CARGO_BIN_EXE_kubesketch")),
        ("base", "HEAD~1"),
        ("head", "HEAD"),
        ("paths", "deploy"),
        ("marker", "net.work"),
        ("fail-on", "exposure"),
    ];
    let outcome = runner.run(&action(), &inputs);
    let summary = runner.summary();
    assert!(summary.starts_with("<!-- kubesketch:diff:net.work -->\n"), "{:?}{summary}", outcome.log);
    assert!(summary.contains("deploy/ingress.yaml"), "{summary}");
    assert_eq!(runner.noted("body"), Some(summary));
    assert_eq!(outcome.outputs["steps.run.outputs.changed"], "true");
    assert_eq!(outcome.outputs["steps.run.outputs.status"], "1", "{:?}", outcome.log);
    assert!(!outcome.success && outcome.log["gate"].contains("exposure"), "{:?}", outcome.log);
    assert!(runner.at("temp/kubesketch/net.work/diff.html").exists());
    assert_eq!(repo.git(&["status", "--porcelain"]), "");

    // What checkout fetches by default is not enough, and that is said.
    let url = format!("file://{}", repo.top().display());
    let shallow = repo.beside("shallow");
    git(repo.top(), &["clone", "-q", "--depth", "1", &url, shallow.to_str().unwrap()]);
    let bare_bones = Runner::new(&shallow);
    let outcome = bare_bones.run(&action(), &inputs);
    assert!(!outcome.success && outcome.log["run"].contains("fetch-depth: 0"), "{:?}", outcome.log);

    let same = [&inputs[..1], &[("base", "HEAD"), ("head", "HEAD"), ("fail-on", "any")]].concat();
    let outcome = runner.run(&action(), &same);
    assert!(outcome.success, "{:?}", outcome.log);
    assert_eq!(outcome.outputs["steps.run.outputs.changed"], "false");
}
