//! The job for GitLab, with a `curl` that notes down how it is called, and the hooks of pre-commit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::repository::Repository;
use crate::support::runner::{HOSTILE, Runner, can_play, exposed, program, release, root, text, yaml};
use crate::support::skip::skip;
use kubesketch::manifest::Tree;
use kubesketch::source::Programs;

/// Notes down how it is called, and answers as GitLab does. Everything else is downloaded as ever.
const CURL: &str = r#"
case " $* " in *" https://gitlab.example/"*) ;; *) exec "$REAL_CURL" "$@" ;; esac
{ printf '%s\0' "$@"; printf '\n\0'; } >>"$FAKE/calls"
cat >>"$FAKE/headers"
for argument in "$@"; do
  case $argument in
    */user) echo '{"id": 5}' ;;
    body@*) cat "${argument#body@}" >"$FAKE/body" ;;
    *\&page=1) cat "$FAKE/comments.json" ;;
    *\&page=*) echo '[]' ;;
  esac
done
"#;

/// The component for GitLab: its inputs with their defaults, and its job
/// (<https://docs.gitlab.com/ci/inputs/>: a header, and after it what the inputs are put into).
fn component() -> (BTreeMap<String, Option<String>>, Tree) {
    let whole = fs::read_to_string(root().join("templates/diff.yml")).unwrap();
    let (header, body) = whole.split_once("\n---\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tree = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        yaml(&folder.path().join(name))
    };
    let header = tree("header.yml", header);
    let inputs = header.at(&["spec", "inputs"]).unwrap().entries().iter();
    let described = |input: &Tree| !text(input.get("description").unwrap()).is_empty();
    let inputs = inputs.map(|e| {
        assert!(described(&e.value), "{}", e.key);
        (e.key.to_string(), e.value.get("default").map(text))
    });
    (inputs.collect(), tree("job.yml", body).get("$[[ inputs.job ]]").unwrap().clone())
}

/// Runs the job of the component as GitLab's runner does: one shell for all of its lines. Variables replace inputs.
fn gitlab(runner: &Runner, repo: &Repository, variables: &[(&str, &str)]) -> Output {
    let (inputs, job) = component();
    let lines: Vec<String> =
        ["before_script", "script"].iter().flat_map(|part| job.get(part).unwrap().items()).map(text).collect();
    let (base, head) = (repo.git(&["rev-parse", "HEAD~1"]), repo.git(&["rev-parse", "HEAD"]));
    let mut command = Command::new("bash");
    command.args(["-eo", "pipefail", "-c", &lines.join("\n")]).current_dir(repo.top());
    command.env_clear().envs(&runner.env);
    // https://docs.gitlab.com/ci/variables/predefined_variables/
    for (name, value) in [
        ("CI_PROJECT_DIR", repo.top().to_str().unwrap()),
        ("CI_PROJECT_ID", "12"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
        ("CI_COMMIT_SHA", &head),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
    ] {
        command.env(name, value);
    }
    let filled = |value: String| match value.strip_prefix("$[[ inputs.").and_then(|v| v.strip_suffix(" ]]")) {
        Some(input) => inputs[input].clone().unwrap_or_default(),
        None => value,
    };
    let given = job.get("variables").unwrap().entries().iter().map(|e| (e.key.to_string(), filled(text(&e.value))));
    command.envs(given).envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn the_job_for_gitlab_keeps_one_note() {
    if !can_play() {
        return;
    }
    let Some(curl) = Programs::from_env().find("curl") else {
        skip("curl is not here");
        return;
    };
    let repo = exposed();
    let runner = || {
        let mut runner = Runner::new(repo.top());
        program(&runner.at("bin/curl"), CURL);
        program(&runner.at("bin/apt-get"), "");
        runner.env.insert("REAL_CURL".into(), curl.display().to_string());
        // An unstripped program takes seconds to pack.
        let packed = runner.at("packed");
        program(&packed, &format!("exec \"{}\" \"$@\"", env!("CARGO_BIN_EXE_kubesketch")));
        let machine = Command::new("uname").arg("-m").output().unwrap().stdout;
        let target = format!("{}-unknown-linux-musl", String::from_utf8_lossy(&machine).trim());
        let address = release(&runner, &packed, &[&target]);
        runner.env.insert("KUBESKETCH_RELEASES_OF_TEST".into(), address);
        runner
    };
    let run = |runner: &Runner, variables: &[(&str, &str)]| {
        let address = runner.env["KUBESKETCH_RELEASES_OF_TEST"].clone();
        let mut all = vec![("KUBESKETCH_RELEASES", address.as_str()), ("KUBESKETCH_TOKEN", "glpat-secret")];
        all.extend_from_slice(variables);
        let ran = gitlab(runner, &repo, &all);
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (ran.status.code().unwrap(), said)
    };
    let first = runner();
    let (status, said) = run(&first, &[]);
    assert_eq!(status, 0, "{said}");
    let note = first.noted("body").unwrap();
    assert!(note.starts_with("<!-- kubesketch:diff:default -->\n") && note.contains("deploy/ingress.yaml"), "{note}");
    let notes = "https://gitlab.example/api/v4/projects/12/merge_requests/7/notes";
    assert_eq!(first.calls().last().unwrap().last().unwrap(), notes);
    assert!(
        first.calls().iter().flatten().all(|argument| !argument.contains("secret")),
        "the token is in a list of processes"
    );
    assert!(first.noted("headers").unwrap().contains("header = \"PRIVATE-TOKEN: glpat-secret\""));
    assert!(repo.top().join("kubesketch.html").exists() && repo.top().join("kubesketch.json").exists());

    let second = runner();
    second.prepare(
        "comments.json",
        r#"[{"id": 1, "author": {"id": 4}, "body": "<!-- kubesketch:diff:default -->"},
            {"id": 2, "author": {"id": 5}, "body": "<!-- kubesketch:diff:default -->\nold"}]"#,
    );
    assert_eq!(run(&second, &[("KUBESKETCH_FAIL_ON", "exposure")]).0, 1);
    assert!(second.calls().last().unwrap().contains(&"PUT".to_owned()));
    assert_eq!(second.calls().last().unwrap().last().unwrap(), &format!("{notes}/2"));

    let quiet = runner();
    assert_eq!(run(&quiet, &[("KUBESKETCH_TOKEN", "")]).0, 0);
    assert!(quiet.calls().is_empty());

    for name in HOSTILE {
        let runner = runner();
        let paths = format!("deploy\n{name}\n");
        let (status, said) = run(&runner, &[("KUBESKETCH_PATHS", &paths), ("KUBESKETCH_TOKEN", "")]);
        assert!(status == 2 && said.contains("no such file or folder"), "{name}: {said}");
        assert!(!repo.top().join("pwned").exists(), "{name}");
    }

    let broken = runner();
    let archive = fs::read_dir(broken.at("releases/v0.1.0"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "gz"));
    fs::write(archive.unwrap(), "other").unwrap();
    let (status, said) = run(&broken, &[]);
    assert!(status != 0 && said.contains("FAILED") && broken.calls().is_empty(), "{said}");
}

#[test]
fn the_component_for_gitlab_uses_each_of_its_inputs_and_puts_none_into_a_script() {
    let (inputs, job) = component();
    assert_eq!(inputs["version"].as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(inputs["releases"], None, "nobody's releases are taken without being named");
    let whole = fs::read_to_string(root().join("templates/diff.yml")).unwrap();
    let body = whole.split_once("\n---\n").unwrap().1;
    for input in inputs.keys() {
        assert!(body.contains(&format!("\"$[[ inputs.{input} ]]\"")), "{input} is not used");
    }
    let lines = ["before_script", "script"].iter().flat_map(|part| job.get(part).unwrap().items());
    assert!(lines.map(text).all(|line| !line.contains("$[[")));
}

#[test]
fn the_hooks_of_pre_commit_tell_of_stale_pictures() {
    if !can_play() {
        return;
    }
    let repo = exposed();
    let binary = Path::new(env!("CARGO_BIN_EXE_kubesketch"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let draw = |entry: &str| {
        let mut words = entry.split(' ');
        // As pre-commit does: entry, then args, and no names of files.
        let ran = Command::new(words.next().unwrap())
            .args(words)
            .args(["deploy", "-o", "network.svg"])
            .current_dir(repo.top())
            .env("PATH", &path)
            .output()
            .unwrap();
        ran.status.code()
    };
    let file = yaml(&root().join(".pre-commit-hooks.yaml"));
    let of_pictures = |hook: &&kubesketch::manifest::Tree| text(hook.get("entry").unwrap()).contains(" draw ");
    assert_eq!(file.items().iter().filter(of_pictures).count(), 2);
    for hook in file.items().iter().filter(of_pictures) {
        for key in ["id", "name", "description", "entry", "language"] {
            assert!(!text(hook.get(key).unwrap()).is_empty());
        }
        assert_eq!(hook.get("pass_filenames").unwrap().as_bool(), Some(false));
        let entry = text(hook.get("entry").unwrap());
        assert_eq!(draw(&entry), Some(1), "there is no picture yet");
        assert_eq!(draw(entry.strip_suffix(" --check").unwrap()), Some(0));
        assert_eq!(draw(&entry), Some(0));
        fs::remove_file(repo.top().join("network.svg")).unwrap();
    }
}

#[test]
fn the_hooks_of_pre_commit_tell_of_findings() {
    if !can_play() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_kubesketch"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let file = yaml(&root().join(".pre-commit-hooks.yaml"));
    let of_findings = file.items().iter().filter(|hook| text(hook.get("id").unwrap()).contains("findings"));
    assert_eq!(of_findings.clone().count(), 2);
    for hook in of_findings {
        assert_eq!(hook.get("pass_filenames").unwrap().as_bool(), Some(false));
        let entry = text(hook.get("entry").unwrap());
        for (rule, status) in [("bad", 1), ("good", 0)] {
            let example = root().join(format!("tests/cases/check/service-selects-nothing/{rule}.yaml"));
            fs::copy(example, folder.path().join("x.yaml")).unwrap();
            let mut words = entry.split(' ');
            let ran = Command::new(words.next().unwrap())
                .args(words)
                .arg(".")
                .current_dir(folder.path())
                .env("PATH", &path)
                .output()
                .unwrap();
            assert_eq!(ran.status.code(), Some(status), "{rule}");
        }
    }
}
