//! Pages and pictures that the program makes of itself must be what it makes today. `KUBESKETCH_BLESS=1` writes them
//! anew.

use std::fs;
use std::path::Path;
use std::process::Command;

fn check(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
        return;
    }
    let then = fs::read_to_string(&path).unwrap_or_default();
    assert!(then == now, "{name} is stale: KUBESKETCH_BLESS=1 cargo test --test house docs writes it, then look at it");
}

#[test]
fn the_command_line_page() {
    check("docs/cli.md", &kubesketch::cli::reference());
}

#[test]
fn the_pages_of_findings() {
    use kubesketch::{diagnostic::Code, render};

    let mut names = std::collections::BTreeSet::from(["README.md".to_owned()]);
    check("docs/diagnostics/README.md", &render::rules_page());
    for code in Code::ALL {
        let name = format!("{}.md", code.as_str());
        check(&format!("docs/diagnostics/{name}"), &render::code_page(*code));
        names.insert(name);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "docs/diagnostics/{name} is the page of no finding");
    }
}

#[test]
fn the_page_of_kinds() {
    check("docs/kinds.md", &kubesketch::render::kinds_page());
}

/// Editors complete codes by the schema of the configuration file.
#[test]
fn the_schema_of_the_configuration_knows_the_codes() {
    let name = "docs/config.schema.json";
    let then = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (before, after) = (
        then.split("\"enum\": [\n        \"unreadable-input\"").next().unwrap(),
        then.rsplit("\n      ]").next().unwrap(),
    );
    let codes: Vec<String> =
        kubesketch::diagnostic::Code::ALL.iter().map(|c| format!("        \"{}\"", c.as_str())).collect();
    check(name, &format!("{before}\"enum\": [\n{}\n      ]{after}", codes.join(",\n")));
    let _: serde_json::Value = serde_json::from_str(&then).unwrap();
}

/// The pictures of the documentation: name, title, and the arguments that make it.
const PICTURES: &[(&str, &str, &[&str])] = &[
    // The picture that the README opens with, by the command below it.
    ("shop", "", &["examples/shop"]),
    ("shop-dark", "The shop", &["examples/shop", "--theme", "dark"]),
    ("market", "A market in five namespaces", &["examples/market"]),
    ("services", "Services of every type", &["examples/services"]),
    ("two-hosts", "Two hosts, one Ingress", &["examples/two-hosts"]),
    ("policies", "A namespace behind policies", &["examples/policies"]),
    ("policies-denied", "What only one end allows", &["examples/policies", "--show-denied"]),
    ("gateway", "A shared Gateway", &["examples/gateway"]),
    ("broken", "Broken input, drawn all the same", &["examples/broken"]),
    ("set", "Forty workloads that one rule connects", &["tests/cases/allows/dense"]),
    ("junction", "Three to three, by one rule", &["tests/cases/allows/junction"]),
    ("outside-peers", "Peers that the input does not hold", &["tests/cases/allows/unknown-peers"]),
    ("market-overview", "The market from further away", &["examples/market", "--overview", "always"]),
    ("market-focus", "Around the orders of the market", &["examples/market", "--focus", "deploy/orders"]),
    ("frames", "A shop in three parts", &["tests/cases/layout/frames-in-frames", "--group-by", "part-of"]),
    ("resources", "A blog, and what it runs on", &["examples/resources", "--view", "resources"]),
    ("calls", "Calls, and what policies leave of them", &["tests/cases/calls/policies", "--calls", "all"]),
    ("fan-out", "An Ingress with many backends", &["tests/cases/layout/star"]),
];

#[test]
fn the_pictures() {
    let gallery = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gallery.md")).unwrap();
    for (name, title, arguments) in PICTURES {
        let titled = ["--title", *title];
        let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
            .args(["draw", "-q", "--lenient"])
            .args(if title.is_empty() { &[][..] } else { &titled[..] })
            .args(*arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success());
        check(&format!("docs/pictures/{name}.svg"), std::str::from_utf8(&output.stdout).unwrap());
        let words = arguments.join(" ");
        let command = match title.is_empty() {
            true => format!("kubesketch draw {words}"),
            false => format!("kubesketch draw {words} --title \"{title}\""),
        };
        assert!(gallery.contains(&format!("(pictures/{name}.svg)")), "docs/gallery.md does not show {name}");
        assert!(gallery.contains(&command), "docs/gallery.md does not say: {command}");
    }
}

/// The difference that the README shows.
#[test]
fn the_picture_of_a_change() {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(["diff", "examples/tiers", "examples/tiers-changed", "-o", "svg"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success());
    check("docs/pictures/change.svg", std::str::from_utf8(&output.stdout).unwrap());
}

#[test]
fn the_readme_opens_with_a_picture_and_shows_commands_that_exist() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let opening: Vec<&str> = readme.lines().filter(|l| !l.is_empty()).take(3).collect();
    assert!(opening.iter().any(|l| l.contains("docs/pictures/shop.svg")), "{opening:?}");
    assert!(readme.contains("cargo install --path . --locked && kubesketch draw examples/shop -o shop.svg"));
    assert!(readme.contains("cargo test --locked"));
}
