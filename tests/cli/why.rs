//! `kubesketch why`, used as a user uses it. Each folder below `tests/cases/why` has an input, questions (one a line)
//! and the answers to them;
//! `KUBESKETCH_BLESS=1` writes the answers, which are then to be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::schema;

fn why(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .arg("why")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/why");
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    assert!(found.len() > 5);
    found
}

/// The questions of a case, each as its two ends.
fn questions(case: &Path) -> Vec<(String, String)> {
    let lines = fs::read_to_string(case.join("question.txt")).unwrap();
    lines.lines().filter_map(|l| l.split_once(' ')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// Arguments that all questions of a case have, a word a line.
fn arguments(case: &Path) -> Vec<String> {
    let lines = fs::read_to_string(case.join("arguments.txt")).unwrap_or_default();
    lines.lines().map(str::to_owned).collect()
}

fn ask(from: &str, to: &str, paths: &[&Path], more: &[String]) -> Output {
    let mut arguments = vec!["-q", from, to];
    arguments.extend(more.iter().map(String::as_str));
    arguments.extend(paths.iter().map(|p| p.to_str().unwrap()));
    why(&arguments)
}

#[test]
fn answers_are_as_they_were_read() {
    let mut wrong = Vec::new();
    for case in cases() {
        let mut now = String::new();
        let relative = case.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().join("input.yaml");
        let more = arguments(&case);
        let shown: String = more.iter().map(|a| format!(" {a}")).collect();
        for (from, to) in questions(&case) {
            let output = ask(&from, &to, &[&relative], &more);
            let code = output.status.code().unwrap();
            let said = text(&output.stdout) + &text(&output.stderr);
            now.push_str(&format!(
                "$ why {from} {to}{shown}\n{}exit {code}\n\n",
                said.replace(relative.to_str().unwrap(), "input.yaml")
            ));
        }
        let golden = case.join("answer.txt");
        if std::env::var_os("KUBESKETCH_BLESS").is_some() {
            fs::write(&golden, &now).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != now {
            let then = fs::read_to_string(&golden).unwrap_or_default();
            let line = then.lines().zip(now.lines()).find(|(a, b)| a != b);
            wrong.push(format!("{}: {line:?}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nKUBESKETCH_BLESS=1 writes what is now; read it first", wrong.join("\n"));
}

/// The most that a proposal can promise: with it the same question is answered with yes.
#[test]
fn proposed_policies_allow_what_was_denied() {
    let mut tried = 0;
    let examples = [
        ("examples/policies", "frontend", "database:5432"),
        ("examples/policies", "frontend", "api:80"),
        ("examples/shop", "cart", "postgres.data:sql"),
    ];
    let mut all: Vec<(PathBuf, String, String, Vec<String>)> =
        examples.iter().map(|(p, a, b)| (PathBuf::from(p), (*a).to_owned(), (*b).to_owned(), Vec::new())).collect();
    for case in cases() {
        let more = arguments(&case);
        all.extend(questions(&case).into_iter().map(|(a, b)| (case.join("input.yaml"), a, b, more.clone())));
    }
    for (input, from, to, more) in all {
        let said = text(&ask(&from, &to, &[&input], &more).stdout);
        // Where the controller is not in the input, the proposal can only name the namespace that it most often has.
        let Some((before, proposal)) = said
            .split_once("# The smallest change that would allow it:\n")
            .filter(|(_, p)| !p.contains("put the namespace"))
        else {
            continue;
        };
        if before.contains("What would help") {
            continue;
        }
        let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        fs::write(file.path(), proposal).unwrap();
        let output = ask(&from, &to, &[&input, file.path()], &more);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}: {from} {to}\n{proposal}\n{}{}",
            input.display(),
            text(&output.stdout),
            text(&output.stderr)
        );
        tried += 1;
    }
    assert!(tried > 8, "only {tried} proposals were tried");
}

#[test]
fn data_for_programs_says_the_same() {
    let output = why(&["frontend", "database:5432", "examples/policies", "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["from"], "backend/frontend[Deployment]");
    assert_eq!(json["outcome"], "denied");
    let marks: Vec<(&str, &str)> = json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["layer"].as_str().unwrap(), s["mark"].as_str().unwrap()))
        .collect();
    assert_eq!(
        marks,
        [
            ("names", "ok"),
            ("endpoints", "ok"),
            ("ports", "ok"),
            ("egress", "problem"),
            ("ingress", "problem"),
            ("dns", "ok")
        ]
    );
    assert!(json["changes"][0]["add"].as_str().unwrap().starts_with("apiVersion: networking.k8s.io/v1"));
}

#[test]
fn every_answer_keeps_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string("docs/why.schema.json").unwrap()).unwrap();
    let mut seen = 0;
    for case in cases() {
        let mut more = arguments(&case);
        more.extend(["-o".to_owned(), "json".to_owned()]);
        for (from, to) in questions(&case) {
            let output = ask(&from, &to, &[&case.join("input.yaml")], &more);
            if output.status.code() == Some(2) {
                continue;
            }
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            schema::conforms(&json, &schema, &schema, "$");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} answers were looked at");
}

#[test]
fn exit_codes_tell_yes_no_and_cannot_say() {
    let code = |arguments: &[&str]| why(arguments).status.code();
    assert_eq!(code(&["catalog", "postgres.data:5432", "examples/shop"]), Some(0));
    assert_eq!(code(&["cart", "postgres.data:5432", "examples/shop"]), Some(1));
    assert_eq!(
        code(&["cart", "postgers.data", "examples/shop"]),
        Some(1),
        "a name of the cluster that does not resolve"
    );
    assert_eq!(code(&["cart", "postgers", "examples/shop"]), Some(2));
    assert_eq!(code(&["web", "web", "examples/broken"]), Some(2), "part of the input could not be read");
    assert_eq!(code(&["web", "web", "examples/broken", "--lenient"]), Some(0));
}

#[test]
fn colors_are_there_when_they_are_asked_for() {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(["--color", "always", "why", "web", "catalog", "examples/shop"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    assert!(text(&output.stdout).contains("\u{1b}[32mok"), "{}", text(&output.stdout));
    assert!(!text(&why(&["web", "catalog", "examples/shop"]).stdout).contains('\u{1b}'));
}
