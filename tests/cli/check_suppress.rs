//! What does not count: suppressions in annotations and comments, baselines, and the configuration file; by the built
//! program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::schema;
use serde_json::Value;

const CODES: &str = "service-selects-nothing,unused-suppression,unknown-suppression,suppression-without-reason";

fn service(name: &str, above: &str, annotation: &str, beside: &str) -> String {
    format!(
        "---\n{above}apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: shop\n{annotation}spec:\n  selector: {{app: {name}}}{beside}\n  ports: [{{port: 80}}]\n"
    )
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["check", ".", "-o", "json", "--closed-world", "--select", CODES];
    all.extend(arguments);
    let output = run(folder, &all);
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let described = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.schema.json");
    let described: Value = serde_json::from_str(&fs::read_to_string(described).unwrap()).unwrap();
    schema::conforms(&value, &described, &described, "$");
    value
}

/// `code standing` of each finding, in order.
fn told(value: &Value) -> Vec<String> {
    let findings = value["findings"].as_array().unwrap();
    findings.iter().map(|f| format!("{} {}", f["code"].as_str().unwrap(), f["standing"].as_str().unwrap())).collect()
}

fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.yaml"), text).unwrap();
    folder
}

#[test]
fn annotations_and_comments() {
    let ignore = "# kubesketch:ignore service-selects-nothing made by hand";
    for (above, annotation, beside) in [
        ("", "  annotations: {kubesketch.dev/ignore-service-selects-nothing: made by hand}\n", String::new()),
        ("", "", format!(" {ignore}")),
        (&format!("{ignore}\n"), "", String::new()),
        ("", &format!("# other\n{ignore}\n"), String::new()),
    ] {
        let text = service("web", above, annotation, &beside) + &service("other", "", "", "");
        let folder = folder_with(&text);
        let value = json(folder.path(), &[]);
        let is_whole = above.is_empty() && annotation.starts_with('#');
        if is_whole {
            // Alone before `spec:`, which opens a block: it is about that line and the next one.
            assert_eq!(
                told(&value),
                ["service-selects-nothing suppressed", "service-selects-nothing counts"],
                "{text}"
            );
        }
        assert_eq!(value["summary"]["suppressed"], 1, "{text}");
        assert_eq!(value["summary"]["errors"], 1, "{text}");
        assert_eq!(value["findings"][0]["suppression"]["reason"], "made by hand");
        let strict = json(folder.path(), &["--no-suppress"]);
        assert_eq!(told(&strict), ["service-selects-nothing counts"; 2], "{text}");
        let sarif = run(folder.path(), &["check", ".", "-o", "sarif", "--closed-world", "--select", CODES]);
        let sarif: Value = serde_json::from_slice(&sarif.stdout).unwrap();
        let results = &sarif["runs"][0]["results"];
        assert_eq!(results[0]["suppressions"][0]["kind"], "inSource");
        assert_eq!(results[0]["suppressions"][0]["justification"], "made by hand");
        assert_eq!(results[1]["suppressions"], Value::Array(Vec::new()));
    }
}

#[test]
fn what_does_not_hold_is_told() {
    let text = service("web", "# kubesketch:ignore service-selects-nothing\n", "", "");
    let value = json(folder_with(&text).path(), &[]);
    assert_eq!(told(&value), ["suppression-without-reason counts", "service-selects-nothing counts"]);

    let text = service("web", "# kubesketch:ignore service-selects-noting because\n", "", "");
    let value = json(folder_with(&text).path(), &[]);
    assert_eq!(told(&value), ["unknown-suppression counts", "service-selects-nothing counts"]);
    assert_eq!(value["findings"][0]["help"], "`service-selects-nothing` is probably meant");
    assert_eq!(value["findings"][0]["at"], "x.yaml:2:1");

    let text = service("web", "", "  labels: {a: b} # kubesketch:ignore service-selects-nothing elsewhere\n", "");
    let value = json(folder_with(&text).path(), &[]);
    assert_eq!(told(&value), ["unused-suppression counts", "service-selects-nothing counts"]);
    assert_eq!(value["findings"][0]["severity"], "info");

    // Who does not look for a finding cannot say that its suppression is unused.
    let folder = folder_with(&text);
    let output = run(folder.path(), &["check", ".", "-o", "json", "--select", "unused-suppression"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["findings"], Value::Array(Vec::new()));
}

#[test]
fn text_that_is_no_comment_suppresses_nothing() {
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: shop}}\ndata:\n  x: |\n    # kubesketch:ignore service-selects-nothing no\n{}",
        service("web", "", "", "")
    );
    let value = json(folder_with(&text).path(), &[]);
    assert_eq!(told(&value), ["service-selects-nothing counts"]);
}

#[test]
fn a_baseline_knows_findings_again() {
    let folder = folder_with(&(service("web", "", "", "") + &service("old", "", "", "")));
    let path = folder.path();
    let check = |arguments: &[&str]| {
        let mut all = vec!["check", "x.yaml", "--closed-world", "--select", CODES];
        all.extend(arguments);
        run(path, &all)
    };
    assert_eq!(check(&[]).status.code(), Some(1));
    let written = check(&["--write-baseline", "known.json"]);
    assert_eq!(written.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&written.stdout), "nothing found; 2 known\n");
    let first = fs::read_to_string(path.join("known.json")).unwrap();
    assert!(!first.contains("x.yaml") && !first.contains("line"), "{first}");

    // Lines move, one is fixed, one is new.
    let moved = format!("# moved\n{}{}", service("new", "", "", ""), service("web", "# down\n", "", ""));
    fs::write(path.join("x.yaml"), &moved).unwrap();
    let next = check(&["--baseline", "known.json"]);
    let shown = String::from_utf8(next.stdout).unwrap();
    assert_eq!(next.status.code(), Some(1));
    assert!(shown.contains("Service shop/new selects no workload"), "{shown}");
    assert!(!shown.contains("Service shop/web"), "{shown}");
    assert!(shown.contains("fixed since the baseline: service-selects-nothing: Service shop/old"), "{shown}");
    assert!(shown.ends_with("1 error; 1 known, 1 fixed\n"), "{shown}");
    let value = json(path, &["--baseline", "known.json"]);
    assert_eq!(value["fixed"][0]["object"], "shop/old[Service]");

    // The same findings make the same file, wherever they stand.
    fs::write(path.join("x.yaml"), service("old", "# a\n", "", "") + &service("web", "", "", "")).unwrap();
    check(&["--write-baseline", "known.json", "--baseline", "known.json"]);
    assert_eq!(fs::read_to_string(path.join("known.json")).unwrap(), first);

    fs::write(path.join("known.json"), "{\"version\": 7, \"findings\": []}").unwrap();
    let refused = check(&["--baseline", "known.json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it is of version 7"));
    fs::write(path.join("known.json"), "[1, 2]").unwrap();
    assert_eq!(check(&["--baseline", "known.json"]).status.code(), Some(2));
    assert_eq!(check(&["--baseline", "nowhere.json"]).status.code(), Some(2));
}
