//! The page as the built program writes it: the same bytes whatever the order and the threads, no value that may be
//! secret, and data that can be unpacked.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::generate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

fn page(threads: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(["draw", "-q", "-o", "html"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The data of a page, and how they are packed.
fn data(page: &str) -> (Value, String) {
    let (_, element) = page.rsplit_once("id=\"data\"").unwrap();
    let (head, rest) = element.split_once('>').unwrap();
    let (text, _) = rest.split_once("</script>").unwrap();
    let encoding = head.split('"').nth(1).unwrap_or_default().to_owned();
    let json = match encoding.as_str() {
        "" => text.as_bytes().to_vec(),
        "deflate" => miniz_oxide::inflate::decompress_to_vec_zlib(&STANDARD.decode(text).unwrap()).unwrap(),
        other => panic!("{other}"),
    };
    (serde_json::from_slice(&json).unwrap(), encoding)
}

fn large(folder: &Path) -> String {
    let path = folder.join("all.yaml");
    let size = generate::Size { namespaces: 20, workloads: 16, route_every: 4 };
    fs::write(&path, generate::manifests(size)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn order_and_threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let large = large(folder.path());
    for input in [&["examples/market", "examples/policies"][..], &[large.as_str()]] {
        let reversed: Vec<&str> = input.iter().rev().copied().collect();
        let first = page("1", input);
        assert!(first == page("4", input), "{input:?}: threads");
        assert!(first == page("2", &reversed), "{input:?}: order");
    }
}

#[test]
fn what_may_be_secret_is_not_in_the_page_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let text = "# by hand\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations: {example.com/key: hunter2}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          image: nginx\n          args: [--token=hunter2]\n          env:\n            - {name: KEY, value: hunter2}\n          envFrom:\n            - secretRef: {name: keys}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData:\n  key: |\n    hunter2\n";
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    for view in ["network", "resources"] {
        let redacted = page("2", &[path, "--view", view]);
        assert!(!redacted.contains("hunter2"), "{view}");
        let (known, _) = data(&redacted);
        let texts = known["texts"].to_string();
        assert!(texts.contains("•••") && texts.contains("name: KEY"), "{view}: {texts}");
        assert!(page("2", &[path, "--view", view, "--yaml", "full"]).contains("hunter2"), "{view}");
        let (none, _) = data(&page("2", &[path, "--view", view, "--yaml", "none"]));
        assert_eq!(none["texts"].as_array().unwrap().len(), 0, "{view}");
    }
}

#[test]
fn large_data_are_packed_and_small_ones_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let page_of_many = page("2", &[&large(folder.path())]);
    let (known, encoding) = data(&page_of_many);
    assert_eq!(encoding, "deflate");
    // The picture is an overview, and beside it is one of all objects.
    assert!(page_of_many.contains("id=\"show-overview\"") && page_of_many.matches("<svg").count() == 2);
    let workloads = known["nodes"].as_array().unwrap().iter().filter(|n| n["kind"] == "Workload");
    assert_eq!(workloads.count(), 20 * 16);
    let (_, encoding) = data(&page("2", &["examples/shop"]));
    assert_eq!(encoding, "");
}

#[test]
fn without_the_script_a_table_says_which_namespaces_deny_by_default() {
    let page = page("2", &["examples/policies"]);
    let (_, section) = page.split_once("<h2 id=\"namespaces\">").unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    let rows: Vec<&str> = section.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 2);
    let closed = "default deny: <bdi>default-deny-all</bdi> <span class=\"place\"><bdi>examples/policies/backend.yaml:8</bdi></span>, 3 of 3 isolated";
    assert!(rows[0].contains("<bdi>backend</bdi>") && rows[0].matches(closed).count() == 2, "{}", rows[0]);
    assert!(
        rows[1].contains("<bdi>monitoring</bdi>") && rows[1].matches("no default deny, 0 of 1 isolated").count() == 2,
        "{}",
        rows[1]
    );
    let (data, _) = data(&page);
    let told: Vec<&str> = data["namespaces"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(told, ["backend", "monitoring"], "the script knows the same");
}
