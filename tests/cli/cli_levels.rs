//! The built program: how much a picture shows, and folders of pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::generate;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn drawn(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn cluster(folder: &Path, namespaces: usize, workloads: usize) -> String {
    let size = generate::Size { namespaces, workloads, route_every: 4 };
    let path = folder.join("all.yaml");
    fs::write(&path, generate::manifests(size)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn a_namespace_is_drawn_alone_unless_all_are_asked_for() {
    let all = drawn(&["draw", "-q", "examples/shop"]);
    let one = drawn(&["draw", "-q", "-n", "data", "examples/shop"]);
    assert!(one.contains("data-name=\"sessions\"") && !one.contains("data-name=\"storefront\""));
    assert!(one.contains("data-kind=\"Summary\"") && one.contains("not selected"));
    assert_eq!(drawn(&["draw", "-q", "-n", "data", "-A", "examples/shop"]), all);
}

#[test]
fn selections_hold_for_every_format() {
    for format in ["svg", "html", "dot", "mermaid", "json"] {
        let text = drawn(&["draw", "-q", "examples/shop", "--focus", "deploy/catalog", "--depth", "0", "-o", format]);
        assert!(text.contains("catalog"), "{format}");
        // A page answers about workloads that it does not show.
        let is_named = format != "html" && text.contains("sessions[Deployment]");
        let sessions = is_named || text.contains("data-name=\"sessions\"");
        assert!(!sessions, "{format}");
    }
}

/// The Internet reaches the shop through what the focus leaves out.
#[test]
fn a_focus_claims_nothing_about_what_it_leaves_out() {
    let claim = "Nothing is reachable from the Internet.";
    for focus in ["shop/cart", "shop/catalog"] {
        let text = drawn(&["draw", "-q", "examples/shop", "--focus", focus, "--depth", "1", "-o", "svg"]);
        assert!(!text.contains(claim), "{focus}");
    }
    assert!(drawn(&["draw", "-q", "tests/cases/facts/templates/input.yaml"]).contains(claim));
}

#[test]
fn nothing_selected_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.svg");
    let output = run(&["draw", "-q", "-n", "prod", "examples/shop", "-o", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("namespace prod") && said.contains("data, shop"), "{said}");
    assert!(!file.exists());
    assert_eq!(run(&["draw", "-l", "a b", "examples/shop"]).status.code(), Some(2));
    assert_eq!(run(&["draw", "--view", "storage", "examples/shop"]).status.code(), Some(2));
}

#[test]
fn large_input_becomes_an_overview_and_data_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = cluster(folder.path(), 8, 12);
    let picture = drawn(&["draw", "-q", &path]);
    assert!(picture.contains("Overview of 8 namespaces") && !picture.contains("data-kind=\"Service\""));
    let whole = drawn(&["draw", "-q", "--overview", "never", &path]);
    assert!(whole.contains("data-kind=\"Service\"") && !whole.contains("Overview of"));
    assert_eq!(drawn(&["draw", "-q", "--max-nodes", "1000", &path]), whole);
    for format in ["dot", "json", "mermaid"] {
        let always = drawn(&["draw", "-q", "--overview", "always", "-o", format, &path]);
        assert_eq!(always, drawn(&["draw", "-q", "--overview", "never", "-o", format, &path]), "{format}");
    }
    // The tables of the page tell what the picture has no room for.
    let page = drawn(&["draw", "-q", "-o", "html", &path]);
    assert!(page.contains("Overview of 8 namespaces") && page.contains("Workloads (96)"));
    let grouped = drawn(&["draw", "-q", "--group-by", "app.kubernetes.io/part-of", &path]);
    assert!(grouped.contains("data-id=\"summary:value:"));
}

#[test]
fn a_folder_gets_linked_pages_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = cluster(folder.path(), 3, 4);
    let pages = folder.path().join("site");
    let wish = format!("{}/", pages.display());
    drawn(&["draw", "-q", &path, "-o", &wish]);
    fs::write(pages.join("notes.txt"), "mine").unwrap();
    let first = files(&pages);
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let expected = [
        "index.html",
        "namespace-team-000.html",
        "namespace-team-001.html",
        "namespace-team-002.html",
        "notes.txt",
        "overview.svg",
    ];
    assert_eq!(names, expected);
    for (name, content) in first.iter().filter(|(n, _)| n.ends_with(".html")) {
        let page = String::from_utf8_lossy(content);
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            match link.strip_prefix('#') {
                Some(anchor) => assert!(page.contains(&format!("id=\"{anchor}\"")), "{name}: {link}"),
                None => assert!(first.contains_key(link), "{name}: {link}"),
            }
        }
    }
    // An existing folder needs no slash, and the same input gives the same bytes.
    drawn(&["draw", "-q", &path, "-o", pages.to_str().unwrap()]);
    assert_eq!(files(&pages), first);
    assert_eq!(run(&["draw", "-q", &path, "-o", &wish, "--check"]).status.code(), Some(0));
    fs::write(pages.join("overview.svg"), "old").unwrap();
    assert_eq!(run(&["draw", "-q", &path, "-o", &wish, "--check"]).status.code(), Some(1));
    assert_eq!(fs::read(pages.join("overview.svg")).unwrap(), b"old");
}

#[test]
fn a_namespace_with_everything_is_divided_by_what_its_objects_say() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = |labels: &dyn Fn(usize) -> String| -> String {
        let one = |i: usize| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{i}}}\nspec: {{selector: {{matchLabels: {{n: w{i}}}}}, \
                 template: {{metadata: {{labels: {{n: w{i}{}}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}\n---\n",
                labels(i)
            )
        };
        (0..12).map(one).collect()
    };
    let overview = |text: String| -> String {
        fs::write(folder.path().join("all.yaml"), text).unwrap();
        let arguments = ["draw", folder.path().to_str().unwrap(), "--overview", "always", "-o", "svg"];
        String::from_utf8_lossy(&run(&arguments).stdout).into_owned()
    };
    // The widest label that tells them apart divides them, not one that is the same for all or another for each.
    let parts = overview(manifests(&|i| {
        format!(", app.kubernetes.io/part-of: all, app.kubernetes.io/instance: team-{}, app: a{i}", i / 3)
    }));
    for team in 0..4 {
        assert!(parts.contains(&format!(">team-{team}<")), "{parts}");
    }
    let single = overview(manifests(&|i| format!(", app: a{i}")));
    assert!(single.contains(">default<") && !single.contains(">a1<"), "{single}");
}
