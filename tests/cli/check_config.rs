//! The configuration file of `check`, by the built program: where it is found, what it changes, and what it cannot say.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const MANIFEST: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: main, image: registry.example.com/api:1}]}
";

/// A folder with a manifest in `deploy/shop` and a configuration at its top.
fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("deploy/shop")).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("deploy/shop/web.yaml"), MANIFEST).unwrap();
    fs::write(folder.path().join(".kubesketch.yaml"), config).unwrap();
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// The severity of the one finding that is looked at, or what stands in its place.
fn severity(folder: &Path, arguments: &[&str]) -> String {
    let mut all = vec!["-o", "json"];
    all.extend(arguments);
    let output = check(folder, &all);
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let found = value["findings"].as_array().unwrap().iter().find(|f| f["code"] == "service-selects-nothing");
    found.map_or("none".to_owned(), |f| {
        format!("{} {}", f["severity"].as_str().unwrap(), f["standing"].as_str().unwrap())
    })
}

#[test]
fn keys_do_what_the_arguments_do_and_arguments_count_for_more() {
    let folder_with = folder;
    let folder = folder_with("check:\n  world: closed\n  fail-on: never\n");
    let path = folder.path();
    assert_eq!(severity(path, &["deploy"]), "error counts");
    assert_eq!(check(path, &["deploy"]).status.code(), Some(0));
    assert_eq!(check(path, &["deploy", "--fail-on", "error"]).status.code(), Some(1));
    assert_eq!(severity(path, &["deploy", "--open-world"]), "warning counts");
    assert_eq!(severity(path, &["deploy", "--no-config"]), "warning counts");

    let folder = folder_with("check:\n  skip: [service-selects-nothing]\n");
    assert_eq!(severity(folder.path(), &["deploy"]), "none");
    assert_eq!(severity(folder.path(), &["deploy", "--skip", "ingress-no-tls"]), "warning counts");

    let folder = folder_with("check:\n  select: [ingress-no-tls]\n  severity:\n    service-selects-nothing: info\n");
    assert_eq!(severity(folder.path(), &["deploy"]), "none");
    assert_eq!(severity(folder.path(), &["deploy", "--select", "service-selects-nothing"]), "info counts");

    let folder = folder_with("# nothing\n");
    assert_eq!(severity(folder.path(), &["deploy"]), "warning counts");
    let folder = folder_with("check:\n  ingress-controllers: [edge/app=nginx]\n  select:\n  baseline:\n");
    assert_eq!(severity(folder.path(), &["deploy"]), "warning counts");
}

#[test]
fn it_is_found_upward_from_the_input_up_to_the_repository() {
    let above = folder("check: {world: closed}\n");
    let path = above.path();
    assert_eq!(severity(path, &["deploy/shop/web.yaml"]), "error counts");
    assert_eq!(severity(&path.join("deploy"), &["shop"]), "error counts");
    assert_eq!(severity(&path.join("deploy/shop"), &["."]), "error counts");
    // From elsewhere it is the place of the input that counts.
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(severity(elsewhere.path(), &[path.join("deploy").to_str().unwrap()]), "error counts");
    // The nearest one is the one.
    fs::write(path.join("deploy/.kubesketch.yaml"), "check: {world: open}\n").unwrap();
    assert_eq!(severity(path, &["deploy/shop"]), "warning counts");
    assert_eq!(severity(path, &["deploy/shop", "--config", ".kubesketch.yaml"]), "error counts");
    fs::remove_file(path.join("deploy/.kubesketch.yaml")).unwrap();
    // A repository inside is on its own.
    fs::create_dir(path.join("deploy/.git")).unwrap();
    assert_eq!(severity(path, &["deploy/shop"]), "warning counts");
}

#[test]
fn its_paths_begin_where_it_is() {
    let folder = folder("check:\n  baseline: deploy/known.json\n");
    let path = folder.path();
    let missing = check(path, &["deploy/shop"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read the baseline deploy/known.json"));
    assert_eq!(check(path, &["deploy/shop", "--write-baseline", "deploy/known.json"]).status.code(), Some(0));
    assert_eq!(severity(&path.join("deploy/shop"), &["."]), "warning known");
}

#[test]
fn what_it_cannot_say_is_an_error_with_its_place() {
    let refused = |config: &str, expected: &[&str]| {
        let folder = folder(config);
        let output = check(folder.path(), &["deploy"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{config}{told}");
        assert!(output.stdout.is_empty());
        for part in expected {
            assert!(told.contains(part), "{config}{told}");
        }
    };
    refused(
        "check:\n  fail_on: error\n",
        &[
            "`check` has no key `fail_on`",
            "--> .kubesketch.yaml:2:3",
            "`fail-on` is probably meant",
            "the configuration .kubesketch.yaml is invalid",
        ],
    );
    refused("chekc:\n  x: y\n", &["the configuration has no key `chekc`", ":1:1", "`check` is probably meant"]);
    refused("check:\n  fail-on: bad\n", &["`fail-on` is one of error, warning, info, never", ":2:12"]);
    refused("check:\n  world: [open]\n", &["`world` is one of open, closed, auto"]);
    refused("check:\n  skip: ingress-no-tls\n", &["`skip` is a list, not a string"]);
    refused(
        "check:\n  skip: [ingress-no-tsl, 3]\n",
        &["there is no finding `ingress-no-tsl`", "`ingress-no-tls` is probably meant", "this is a number"],
    );
    refused(
        "check:\n  severity: {ingress-no-tls: loud, x: info}\n",
        &["`ingress-no-tls` is one of error, warning, info", "there is no finding `x`"],
    );
    refused("check:\n  severity: error\n", &["`severity` is a mapping of codes, not a string"]);
    refused("check:\n  baseline: 3\n", &["`baseline` is the path of a file"]);
    refused("check:\n  ingress-controllers: ['']\n", &[".kubesketch.yaml:2:25"]);
    refused("check: [a]\n", &["`check` is a mapping, not a list"]);
    refused("- a\n", &["the configuration is a mapping, not a list"]);
    refused("check: {}\n---\ncheck: {}\n", &["a configuration is one document", ":3:1"]);
    refused("check: {\n", &[".kubesketch.yaml:"]);
    refused("check: {}\ncheck: {}\n", &["yaml-duplicate-key"]);
    let folder = folder("check: {}\n");
    assert_eq!(check(folder.path(), &["deploy", "--config", "nowhere.yaml"]).status.code(), Some(2));
}

#[test]
fn the_schema_and_the_page_know_every_key() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let described: Value =
        serde_json::from_str(&fs::read_to_string(root.join("docs/config.schema.json")).unwrap()).unwrap();
    let example = fs::read_to_string(root.join("docs/config.md")).unwrap();
    let example = example.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = folder(example);
    fs::write(folder.path().join("known.json"), "{\"version\": 1, \"findings\": []}").unwrap();
    let output = check(folder.path(), &["deploy"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = described["properties"]["check"]["properties"].as_object().unwrap();
    for key in keys.keys() {
        assert!(example.contains(&format!("  {key}:")), "the example of docs/config.md lacks {key}");
        // What the schema knows the program knows, and the other way round by the test of unknown keys.
        fs::write(folder.path().join(".kubesketch.yaml"), format!("check:\n  {key}:\n")).unwrap();
        let output = check(folder.path(), &["deploy", "--fail-on", "never"]);
        assert_eq!(output.status.code(), Some(0), "{key}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(keys.len(), 7);
}
