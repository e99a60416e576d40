//! The built program, used as a user uses it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn kubesketch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("KUBESKETCH_BLESS").env("NO_COLOR", "1");
    command
}

fn run(arguments: &[&str]) -> Output {
    kubesketch(arguments).output().unwrap()
}

fn with_stdin(arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        kubesketch(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const WEB: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports: [{port: 80}]\n";

#[test]
fn svg_goes_to_standard_output_where_nothing_else_is_asked_for() {
    let output = run(&["draw", "examples/shop"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("<svg"));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn several_outputs_are_written_in_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (svg, html, dot) = (path("a.svg"), path("a.html"), path("a.gv"));
    let json = format!("json={}", path("data").display());
    let arguments = [
        "draw",
        "examples/shop",
        "-o",
        svg.to_str().unwrap(),
        "-o",
        html.to_str().unwrap(),
        "-o",
        dot.to_str().unwrap(),
        "-o",
        &json,
    ];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert!(fs::read_to_string(svg).unwrap().starts_with("<svg"));
    assert!(fs::read_to_string(html).unwrap().starts_with("<!DOCTYPE html>"));
    assert!(fs::read_to_string(dot).unwrap().starts_with("digraph"));
    assert!(serde_json::from_str::<serde_json::Value>(&fs::read_to_string(path("data")).unwrap()).is_ok());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "a temporary file is left over");
}

#[test]
fn broken_input_is_told_and_the_rest_is_drawn() {
    let output = run(&["draw", "examples/broken", "-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    for word in
        ["examples/broken/web.yaml:17:1", "yaml-syntax", "tab", "field-type", "merge", "chart.yaml", "helm template"]
    {
        assert!(said.contains(word), "`{word}` is not said:\n{said}");
    }
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ids: Vec<&str> = json["graph"]["nodes"].as_array().unwrap().iter().map(|n| n["id"].as_str().unwrap()).collect();
    for id in [
        "demo/web[Service]",
        "demo/web[Deployment]",
        "demo/demo[Ingress]",
        "missing:demo/api[Service]",
        "missing:demo/app=order[Pods]",
    ] {
        assert!(ids.contains(&id), "{id} is not drawn: {ids:?}");
    }
    let lenient = run(&["draw", "examples/broken", "--lenient", "-o", "svg"]);
    assert_eq!(lenient.status.code(), Some(0));
}

#[test]
fn the_order_of_paths_does_not_matter() {
    let there = run(&["draw", "examples/shop/web.yaml", "examples/shop/ingress.yaml", "examples/shop/data.yaml"]);
    let back =
        run(&["draw", "-f", "examples/shop/data.yaml", "examples/shop/ingress.yaml", "./examples/shop/web.yaml"]);
    assert_eq!(there.stdout, back.stdout);
}

#[test]
fn standard_input_is_read_and_a_namespace_given() {
    let output = with_stdin(&["draw", "-", "-n", "shop", "-o", "json"], WEB.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["graph"]["nodes"][1]["id"], "shop/web[Service]");
    assert_eq!(json["graph"]["nodes"][1]["at"], "<stdin>:1");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        kubesketch(&["draw", "examples/shop"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.is_empty(), "{said}");
}

#[test]
fn wrong_usage_and_unreadable_paths_say_what_to_do() {
    let said = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        text(&output.stderr)
    };

    assert!(said(&["draw", "no-such-folder"]).contains("no-such-folder: there is no such file or folder"));
    assert!(
        said(&["draw", "examples/shop", "-o", "picture.bmp"])
            .contains("svg, html, png, pdf, drawio, mermaid, d2, dot, json")
    );
    assert!(said(&["draw", "examples/shop", "-o", "svg", "-o", "json"]).contains("more than one format"));
    assert!(said(&["draw", "examples/shop", "-o", "no/such/folder/a.svg"]).contains("there is no folder"));
    assert!(said(&["draw", "-k", "no-such-folder"]).contains("no-such-folder"));
    assert!(said(&["paint"]).contains("unrecognized subcommand"));
}

#[test]
fn what_can_be_read_is_drawn_beside_what_cannot() {
    let output = run(&["draw", "no-such-file.yaml", "examples/shop", "-o", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["graph"]["nodes"].as_array().unwrap().len() > 10);
    assert_eq!(json["diagnostics"][0]["code"], "unreadable-input");
}

#[cfg(unix)]
#[test]
fn outside_programs_are_run_without_a_shell() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, script: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let overlay = folder.path().join("over; touch lay");
    fs::create_dir(&overlay).unwrap();
    // Nothing else is on the path: whatever of kustomize, kubectl and helm this machine has must not be found.
    let draw = |flag: &str| {
        kubesketch(&["draw", flag, overlay.to_str().unwrap(), "-o", "json"])
            .env("PATH", folder.path())
            .output()
            .unwrap()
    };

    assert!(text(&draw("-k").stderr).contains("kustomize"), "no program is there yet");
    program("kustomize", &format!("[ \"$1\" = build ] || exit 3\n/bin/cat <<'E'\n{WEB}E"));
    let output = draw("-k");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("default/web[Service]"));
    program("helm", "echo 'Error: no such value' >&2; exit 1");
    let failed = draw("--helm");
    assert_eq!(failed.status.code(), Some(2));
    assert!(text(&failed.stderr).contains("no such value"));
    assert!(!Path::new("lay").exists());
}

#[test]
fn help_completions_manual_and_schema_are_there() {
    for arguments in
        [&["--help"][..], &["draw", "--help"], &["--version"], &["completions", "bash"], &["man"], &["schema"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn tables_say_who_can_talk_to_whom() {
    let output = run(&["table", "connections", "examples/shop"]);
    assert!(output.status.success());
    let table = text(&output.stdout);
    assert!(table.starts_with("FROM"), "{table}");
    let line = table.lines().find(|l| l.starts_with("shop/catalog[Deployment]")).unwrap();
    assert!(
        line.contains("data/postgres[StatefulSet]") && line.contains("TCP 5432") && line.contains("policies.yaml:"),
        "{line}"
    );
    assert!(!table.contains("any address outside"), "pairs that nobody rules are not listed: {table}");
    let all = text(&run(&["table", "connections", "--all", "-o", "csv", "examples/shop"]).stdout);
    assert!(all.contains("any address outside,shop/web[Deployment],all,certain,"), "{all}");

    let json: serde_json::Value =
        serde_json::from_slice(&run(&["table", "connections", "-o", "json", "examples/shop"]).stdout).unwrap();
    assert_eq!(json["version"], 2);
    let list = |key: &str| json[key].as_array().unwrap();
    let at = |key: &str, position: &serde_json::Value| &list(key)[position.as_u64().unwrap() as usize];
    let catalog = |c: &&serde_json::Value| {
        let workloads = at("peers", &c["from"])["workloads"].as_array();
        workloads.is_some_and(|w| w.contains(&"shop/catalog[Deployment]".into()))
    };
    let group = list("connections").iter().find(catalog).unwrap();
    assert_eq!(at("peers", &group["to"])["workloads"], serde_json::json!(["data/postgres[StatefulSet]"]));
    assert_eq!(group["ports"]["TCP"], serde_json::json!([[5432, 5432]]));
    let reason = at("reasons", &group["because"][0]);
    assert_eq!(reason["policy"]["name"], "postgres-from-catalog");
    assert_eq!((&reason["effect"], &reason["rule"]), (&"allow".into(), &0.into()));

    let pairs: serde_json::Value =
        serde_json::from_slice(&run(&["table", "connections", "--all", "-o", "json", "examples/shop"]).stdout).unwrap();
    assert_eq!(pairs["version"], 1);
    let pair = |c: &&serde_json::Value| {
        c["from"]["workload"] == "shop/catalog[Deployment]" && c["to"]["workload"] == "data/postgres[StatefulSet]"
    };
    let pair = pairs["connections"].as_array().unwrap().iter().find(pair).unwrap();
    assert_eq!((&pair["ports"], &pair["because"][0]), (&group["ports"], reason));
}

#[test]
fn every_table_has_every_form() {
    for kind in ["connections", "exposure", "isolation", "routes"] {
        for (form, start) in [("text", ""), ("md", "| "), ("csv", ""), ("json", "{")] {
            let output = run(&["table", kind, "examples/shop", "-o", form]);
            assert!(output.status.success(), "{kind} {form}");
            let table = text(&output.stdout);
            assert!(table.starts_with(start) && table.lines().count() > 2, "{kind} {form}: {table}");
        }
    }
    assert_eq!(run(&["table", "connections", "examples/shop", "-o", "xml"]).status.code(), Some(2));
    assert_eq!(run(&["table", "people", "examples/shop"]).status.code(), Some(2));
}

#[test]
fn a_refused_policy_is_told_and_the_table_is_still_there() {
    let bad = b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: x}\nspec: {podSelector: {}, ingress: [{from: [{}]}]}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\n";
    let output = with_stdin(&["table", "isolation", "-"], bad);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("policy-refused"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("x/a[Pod]"), "{}", text(&output.stdout));
    assert_eq!(with_stdin(&["table", "isolation", "--lenient", "-"], bad).status.code(), Some(0));
}

#[test]
fn an_ingress_controller_that_is_told_must_be_there() {
    let input = b"apiVersion: v1\nkind: Pod\nmetadata: {name: proxy, namespace: edge, labels: {app: proxy}}\n";
    let ask = |told: &str| {
        let output = with_stdin(&["table", "exposure", "-", "--ingress-controller", told], input);
        (output.status.code(), text(&output.stderr))
    };
    for fine in ["edge", "edge/proxy", "edge/app=proxy", "elsewhere", "elsewhere/a=b,c.d/e=f"] {
        assert_eq!(ask(fine), (Some(0), String::new()), "{fine}");
    }
    for (wrong, says) in [
        ("edge/proxies", "there is no workload proxies in namespace edge; there is proxy"),
        ("edge/app=web", "no pod of namespace edge has the labels app=web; there is proxy"),
        ("elsewhere/proxy", "there is no workload proxy in namespace elsewhere, which holds none in this input"),
        ("edge/", "expected NAMESPACE, NAMESPACE/LABEL=VALUE,... or NAMESPACE/WORKLOAD"),
        ("edge/=a", "expected NAMESPACE"),
    ] {
        let (code, said) = ask(wrong);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(said.contains("--ingress-controller") && said.contains(says), "{wrong}: {said}");
    }
}

/// A picture in which a connection is missing because of a mistake: the mistake is reported beside it, once.
#[test]
fn what_hides_a_connection_is_reported_beside_the_picture() {
    for (input, code) in [
        ("tests/cases/check/ingress-port-missing/bad.yaml", "ingress-port-missing"),
        ("tests/cases/gateway/who-may-attach", "route-not-allowed"),
    ] {
        let said = text(&run(&["draw", "-o", "svg", input]).stderr);
        assert!(said.contains(&format!("[{code}]")), "{input}: {said}");
        assert!(!text(&run(&["draw", "-o", "svg", "--no-findings", input]).stderr).contains(&format!("[{code}]")));
    }
    let said = text(&run(&["draw", "-o", "svg", "tests/cases/check/ingress-port-missing/bad.yaml"]).stderr);
    assert_eq!(said.matches("port-missing]").count(), 1, "{said}");
}
