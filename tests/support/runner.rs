//! Plays the runner of GitHub Actions for composite actions, as far as `action.yml` needs one: inputs, outputs,
//! conditions, the documented environment, and a `gh` that notes down how it is called.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kubesketch::manifest::{Tree, parse};
use kubesketch::source::Sources;
use tempfile::TempDir;

use super::repository::Repository;

/// A file of some tool as a tree: our own reader, told that it is an object.
pub fn yaml(path: &Path) -> Tree {
    let text = fs::read_to_string(path).unwrap();
    let text = format!("apiVersion: test/v1\nkind: File\nmetadata: {{name: x}}\nfile:\n{}", indented(&text));
    let found = parse(&Sources::from_texts([("file.yaml", text)]));
    assert!(found.diagnostics.is_empty(), "{}: {:?}", path.display(), found.diagnostics);
    found.value.objects[0].tree.get("file").unwrap().clone()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// What a value says as text.
pub fn text(tree: &Tree) -> String {
    match (tree.as_str(), tree.as_bool()) {
        (Some(text), _) => text.to_owned(),
        (_, Some(value)) => value.to_string(),
        _ => tree.as_i64().map(|n| n.to_string()).unwrap_or_default(),
    }
}

/// Writes a program.
pub fn program(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Notes down its arguments, answers from files, and keeps the body that it is given.
const GH: &str = r#"
{ printf '%s\0' "$@"; printf '\n\0'; } >>"$FAKE/calls"
[ -n "$GH_TOKEN" ] || exit 4
printf '%s' "${GH_HOST-}" >"$FAKE/host"
[ ! -e "$FAKE/forbidden" ] || { echo 'HTTP 403: Resource not accessible by integration' >&2; exit 1; }
for argument in "$@"; do
  case $argument in
    body=@*) cat "${argument#body=@}" >"$FAKE/body" ;;
    */comments\?per_page=100) cat "$FAKE/comments.json" ;;
    */pulls) cat "$FAKE/pulls.json" ;;
  esac
done
"#;

/// Stands for kubesketch: notes down its arguments, and writes what the test prepared.
const KUBESKETCH: &str = r#"
case $1 in
  --version) echo 'kubesketch 0.1.0'; exit 0 ;;
  completions | man) echo "$*"; exit 0 ;;
esac
{ printf '%s\0' "$@"; } >"$FAKE/arguments"
pwd >"$FAKE/folder"
for argument in "$@"; do
  case $argument in
    md=*) cat "$FAKE/comment.md" >"${argument#md=}" ;;
    html=*) echo '<!doctype html>' >"${argument#html=}" ;;
    json=*) cat "$FAKE/diff.json" >"${argument#json=}" ;;
  esac
done
cat "$FAKE/says"
exit "$(cat "$FAKE/exit")"
"#;

/// A runner.
pub struct Runner {
    folder: TempDir,
    /// The environment of every step.
    pub env: BTreeMap<String, String>,
    /// The `github` context.
    pub github: BTreeMap<String, String>,
}

/// What a job did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// True if every step succeeded.
    pub success: bool,
    /// What the steps wrote, by their ids.
    pub log: BTreeMap<String, String>,
    /// `steps.ID.outputs.NAME`.
    pub outputs: BTreeMap<String, String>,
    /// The actions that were used, with what they were given.
    pub used: Vec<(String, BTreeMap<String, String>)>,
}

/// True if everything is here that the scripts need; says that the test is skipped if not.
pub fn can_play() -> bool {
    let found = ["bash", "jq", "git"]
        .iter()
        .all(|p| Command::new(p).arg("--version").output().is_ok_and(|o| o.status.success()));
    if !found {
        super::skip::skip("bash, jq or git is not here");
    }
    found
}

impl Runner {
    /// One for a pull request of the repository itself, in a checkout.
    pub fn new(checkout: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["temp", "fake", "bin", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        program(&folder.path().join("bin/gh"), GH);
        program(&folder.path().join("bin/kubesketch"), KUBESKETCH);
        let path = format!("{}:{}", at("bin"), std::env::var("PATH").unwrap());
        // https://docs.github.com/en/actions/reference/workflows-and-actions/variables
        let env = [
            ("PATH", path),
            ("HOME", at("home")),
            ("CI", "true".into()),
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_WORKSPACE", checkout.display().to_string()),
            ("GITHUB_EVENT_NAME", "pull_request".into()),
            ("GITHUB_EVENT_PATH", at("event.json")),
            ("GITHUB_OUTPUT", at("output")),
            ("GITHUB_STEP_SUMMARY", at("summary")),
            ("GITHUB_REPOSITORY", "our/repo".into()),
            ("GITHUB_ACTOR", "someone".into()),
            ("GITHUB_SERVER_URL", "https://github.com".into()),
            ("RUNNER_TEMP", at("temp")),
            ("RUNNER_OS", "Linux".into()),
            ("RUNNER_ARCH", "X64".into()),
            ("FAKE", at("fake")),
        ];
        let runner = Runner {
            env: env.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            github: BTreeMap::from([("github.token".to_owned(), "secret".to_owned())]),
            folder,
        };
        runner.event(
            r#"{"pull_request": {"number": 7, "base": {"sha": "1111111111111111111111111111111111111111"},
            "head": {"sha": "2222222222222222222222222222222222222222", "repo": {"full_name": "our/repo"}}}}"#,
        );
        runner.prepare("comment.md", "<!-- kubesketch:diff:default -->\n**Something** changes\n");
        runner.prepare("diff.json", "{\"same\": false}");
        runner.prepare("exit", "0");
        runner.prepare("says", "");
        runner.prepare("comments.json", "[]");
        runner.prepare("pulls.json", "[]");
        runner
    }

    /// A path of its own.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What started the run.
    pub fn event(&self, json: &str) {
        fs::write(self.at("event.json"), json).unwrap();
    }

    /// What a stand-in does or answers.
    pub fn prepare(&self, name: &str, text: &str) {
        fs::write(self.at("fake").join(name), text).unwrap();
    }

    /// What a stand-in noted down.
    pub fn noted(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.at("fake").join(name)).ok()
    }

    /// The summary of the run.
    pub fn summary(&self) -> String {
        fs::read_to_string(self.at("summary")).unwrap_or_default()
    }

    /// The arguments of every call of `gh`.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let noted = self.noted("calls").unwrap_or_default();
        let calls = noted.split("\n\0").filter(|call| !call.is_empty());
        calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
    }

    /// The arguments with which kubesketch was called.
    pub fn arguments(&self) -> Vec<String> {
        self.noted("arguments").unwrap_or_default().split_terminator('\0').map(str::to_owned).collect()
    }

    /// Runs an action with some inputs.
    pub fn run(&self, action: &Path, inputs: &[(&str, &str)]) -> Outcome {
        let file = yaml(action);
        let mut known = self.github.clone();
        known.insert("github.action_path".into(), action.parent().unwrap().display().to_string());
        for input in file.get("inputs").unwrap().entries() {
            let default = input.value.get("default").map(text).unwrap_or_default();
            known.insert(format!("inputs.{}", input.key), filled(&default, &known));
        }
        for (name, value) in inputs {
            let before = known.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(before.is_some(), "there is no input {name}");
        }
        let mut outcome = Outcome { success: true, ..Outcome::default() };
        for step in file.at(&["runs", "steps"]).unwrap().items() {
            if !outcome.success || step.get("if").is_some_and(|c| filled(&text(c), &known) != "true") {
                continue;
            }
            let id = text(step.get("id").unwrap());
            let values = |key: &str| -> BTreeMap<String, String> {
                let entries = step.get(key).map(Tree::entries).unwrap_or_default();
                entries.iter().map(|e| (e.key.to_string(), filled(&text(&e.value), &known))).collect()
            };
            if let Some(uses) = step.get("uses") {
                outcome.used.push((text(uses), values("with")));
                continue;
            }
            assert_eq!(text(step.get("shell").unwrap()), "bash");
            let script = self.at("temp").join(format!("{id}.sh"));
            fs::write(&script, text(step.get("run").unwrap())).unwrap();
            fs::write(self.at("output"), "").unwrap();
            // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
            let ran = Command::new("bash")
                .args(["--noprofile", "--norc", "-eo", "pipefail"])
                .arg(&script)
                .current_dir(&self.env["GITHUB_WORKSPACE"])
                .env_clear()
                .envs(&self.env)
                .envs(values("env"))
                .output()
                .unwrap();
            let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            outcome.success = ran.status.success();
            outcome.log.insert(id.clone(), said);
            for line in fs::read_to_string(self.at("output")).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                let key = format!("steps.{id}.outputs.{name}");
                known.insert(key.clone(), value.to_owned());
                outcome.outputs.insert(key, value.to_owned());
            }
        }
        outcome
    }
}

/// A text with its `${{ }}` worked out: names, and comparisons of names with quoted texts that all hold. What is not
/// known is empty, as it is on GitHub.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").unwrap();
        let value = |name: &str| known.get(name).cloned().unwrap_or_default();
        let worked_out = |part: &str| match part.split_whitespace().collect::<Vec<_>>().as_slice() {
            [name] => value(name),
            [name, "==", other] => (value(name) == other.trim_matches('\'')).to_string(),
            [name, "!=", other] => (value(name) != other.trim_matches('\'')).to_string(),
            _ => panic!("this runner does not know `{expression}`"),
        };
        let parts: Vec<String> = expression.split("&&").map(worked_out).collect();
        out += before;
        out += &match parts.as_slice() {
            [one] => one.clone(),
            all => all.iter().all(|part| part == "true").to_string(),
        };
        rest = after;
    }
    out + rest
}

/// Where the files of this project are.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What names of branches and files may hold, and nobody may run.
pub const HOSTILE: &[&str] = &[
    "$(touch${IFS}pwned)",
    "`touch pwned`",
    "; touch pwned",
    "&& touch pwned #",
    "| touch pwned",
    "'; touch pwned; '",
    "\"; touch pwned; \"",
    "${{ github.token }}",
    "::set-output name=status::0",
    "%0A::error::x",
    "a\\",
    "*",
    "~",
    "é\u{202e}",
];

/// A release of a kubesketch, and its address.
pub fn release(runner: &Runner, binary: &Path, targets: &[&str]) -> String {
    let folder = runner.at("releases/v0.1.0");
    for target in targets {
        let packed = Command::new("bash")
            .arg(root().join("ci/package.sh"))
            .arg(binary)
            .args(["0.1.0", target])
            .arg(&folder)
            .output()
            .unwrap();
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    }
    format!("file://{}", runner.at("releases").display())
}

/// Manifests in which an Ingress comes up.
pub fn exposed() -> Repository {
    let repo = Repository::new();
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
               metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]}\n---\napiVersion: v1\n\
               kind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    repo.write(&[("deploy/web.yaml", web)]);
    repo.commit("one");
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  defaultBackend: {service: {name: web, port: {number: 80}}}\n";
    repo.write(&[("deploy/ingress.yaml", ingress)]);
    repo.commit("two");
    repo
}
