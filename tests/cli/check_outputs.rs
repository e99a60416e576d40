//! Findings in every format: goldens, schemas, and names of the input that stay data. `KUBESKETCH_BLESS=1` writes the
//! goldens anew.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::schema;
use serde_json::Value;

const CODES: &str = "service-selects-nothing,ingress-backend-missing,ingress-no-tls,unused-suppression";

fn kubesketch(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn check(path: &str, format: &str, input: &str) -> String {
    let output = kubesketch(&["check", path, "-o", format, "--select", CODES], input);
    assert!(output.status.code().unwrap() < 2, "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn parsed(path: &str, format: &str, input: &str) -> Value {
    serde_json::from_str(&check(path, format, input)).unwrap()
}

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn holds_to(value: &Value, schema: &str) {
    let schema = read(schema);
    schema::conforms(value, &schema, &schema, "$");
}

#[test]
fn goldens() {
    let mut stale = Vec::new();
    for (format, file) in [
        ("text", "findings.txt"),
        ("json", "findings.json"),
        ("sarif", "findings.sarif"),
        ("junit", "junit.xml"),
        ("github", "github.txt"),
        ("gitlab", "gitlab.json"),
    ] {
        let now = check("tests/goldens/findings/shop.yaml", format, "");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/findings").join(file);
        if std::env::var_os("KUBESKETCH_BLESS").is_some() {
            fs::write(&golden, &now).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != now {
            stale.push(format!("{} is stale, now:\n{now}", golden.display()));
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn data_keeps_its_schema() {
    holds_to(&parsed("tests/goldens/findings/shop.yaml", "json", ""), "docs/findings.schema.json");
    holds_to(&parsed("tests/goldens/findings/shop.yaml", "sarif", ""), "tests/support/sarif.schema.json");
    // Nothing found, and problems without a place.
    let empty = kubesketch(&["check", "no-such-file.yaml", "-o", "sarif"], "");
    let empty: Value = serde_json::from_slice(&empty.stdout).unwrap();
    holds_to(&empty, "tests/support/sarif.schema.json");
    assert_eq!(empty["runs"][0]["invocations"][0]["executionSuccessful"], Value::Bool(false));
    assert_eq!(check("examples/shop", "github", ""), "");
    assert_eq!(check("examples/shop", "gitlab", ""), "[]\n");
}

#[test]
fn the_same_findings_without_an_output() {
    let words = kubesketch(&["check", "tests/goldens/findings/shop.yaml", "--select", CODES], "");
    let (words_out, text) =
        (String::from_utf8(words.stdout).unwrap(), check("tests/goldens/findings/shop.yaml", "text", ""));
    let first = text.split("\n\n").next().unwrap();
    assert!(words_out.starts_with(first), "{words_out}");
    assert!(words_out.ends_with("2 errors, 1 remark; 1 suppressed\n-v shows remarks\n"), "{words_out}");
    let quiet = kubesketch(&["check", "tests/goldens/findings/shop.yaml", "--select", CODES, "-v"], "");
    let quiet = String::from_utf8(quiet.stdout).unwrap();
    assert!(
        quiet.contains("info[unused-suppression]")
            && quiet.contains("suppressed at tests/goldens/findings/shop.yaml:29: service-selects-nothing: its pods"),
        "{quiet}"
    );
    assert_eq!(words.status.code(), Some(1));
    assert!(words.stderr.is_empty());
}

#[test]
fn fingerprints_do_not_move_with_the_lines() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/findings/shop.yaml")).unwrap();
    let moved = format!("# A line\n\n# and more\n{}", text.replace("\nspec:\n", "\n# moved\nspec:\n"));
    let marks = |text: &str| -> Vec<String> {
        let found = parsed("-", "sarif", text);
        let results = found["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|r| r["partialFingerprints"]["kubesketchFinding/v1"].as_str().unwrap().to_owned()).collect()
    };
    let lines = |text: &str| parsed("-", "gitlab", text)[0]["location"]["lines"]["begin"].as_u64().unwrap();
    assert_eq!(marks(&text), marks(&moved));
    assert_eq!(marks(&text).len(), 4);
    assert!(lines(&text) < lines(&moved));
}

const HELM: &str = "---
# Source: shop/templates/web.yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
# Source: shop/templates/api.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: main, image: registry.example.com/api:1}]}
";

#[test]
fn what_helm_wrote_is_told_at_its_template() {
    let sarif = parsed("-", "sarif", HELM);
    let physical = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "shop/templates/web.yaml");
    assert!(physical["region"].is_null(), "lines of what was rendered are not those of the template: {physical}");
    assert_eq!(parsed("-", "gitlab", HELM)[0]["location"]["path"], "shop/templates/web.yaml");
    assert!(
        check("-", "github", HELM)
            .starts_with("::warning file=shop/templates/web.yaml,title=service-selects-nothing::")
    );
    let json = parsed("-", "json", HELM);
    assert_eq!(json["findings"][0]["template"], "shop/templates/web.yaml");
    assert_eq!(json["findings"][0]["at"], "<stdin>:7:13");
    holds_to(&json, "docs/findings.schema.json");
    assert!(check("-", "text", HELM).contains("note: made of the template shop/templates/web.yaml"));
    // A file is where it is, whatever its comments say.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yaml");
    fs::write(&file, HELM).unwrap();
    let found = parsed(file.to_str().unwrap(), "gitlab", "");
    assert_eq!(found[0]["location"]["lines"]["begin"], 7);
}

#[test]
fn names_stay_data() {
    let name = "x\\r\\n::error ::[a](http://x) <b>&amp;,%0A]]>\\u202e\\e[31m{0}";
    let manifest = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{app: \"{name}\"}}\n  ports: [{{port: 80}}]\n{}",
        HELM.split_at(HELM.rfind("---").unwrap()).1
    );
    let raw = "x\r\n::error ::[a](http://x) <b>&amp;,%0A]]>\u{202e}\u{1b}[31m{0}";
    assert!(parsed("-", "json", &manifest)["findings"][0]["message"].as_str().unwrap().contains(raw));
    assert!(parsed("-", "gitlab", &manifest)[0]["description"].as_str().unwrap().contains(raw));
    let sarif = parsed("-", "sarif", &manifest);
    holds_to(&sarif, "tests/support/sarif.schema.json");
    let message = sarif["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[a\\](http://x)"), "{message}");
    let github = check("-", "github", &manifest);
    assert_eq!(github.lines().count(), 1, "{github}");
    assert!(github.contains("\u{fffd}\u{fffd}::error ::[a](http://x) <b>&amp;,%250A"), "{github}");
    let junit = check("-", "junit", &manifest);
    let document = roxmltree::Document::parse(&junit).unwrap();
    let failed = document.descendants().find(|n| n.has_tag_name("system-out")).unwrap();
    assert!(failed.text().unwrap().contains("[a](http://x) <b>&amp;,%0A]]>"), "{junit}");
    for format in ["text", "junit", "github"] {
        let told = check("-", format, &manifest);
        assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}'), "{format}: {told}");
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_stay_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a,line=9::b%20 c#d?\n::error ::.yaml");
    fs::write(&file, HELM).unwrap();
    let from = |format: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
            .args(["check", ".", "-o", format, "--select", CODES])
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let github = from("github");
    assert_eq!(github.lines().count(), 1, "{github}");
    assert!(
        github.starts_with("::warning file=a%2Cline=9%3A%3Ab%2520 c#d?%0A%3A%3Aerror %3A%3A.yaml,line=7,"),
        "{github}"
    );
    let sarif: Value = serde_json::from_str(&from("sarif")).unwrap();
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%2Cline%3D9%3A%3Ab%2520%20c%23d%3F%0A%3A%3Aerror%20%3A%3A.yaml");
    roxmltree::Document::parse(&from("junit")).unwrap();
    // Paths below the folder that the program runs in are shown relative to it, also where they were given whole.
    let whole = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .arg("check")
        .arg(folder.path().canonicalize().unwrap())
        .args(["-o", "gitlab", "--select", CODES])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let whole: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(whole[0]["location"]["path"], "a,line=9::b%20 c#d?\n::error ::.yaml");
}
