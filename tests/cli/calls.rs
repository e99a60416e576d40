//! Calls declared in configuration: what the library says of them, what the program prints, and what hostile texts
//! may cost.

use std::process::Command;

use crate::support::states;
use crate::support::work::little;
use kubesketch::world::World;

fn read(text: &str) -> World {
    states::world([("all.yaml", text)])
}

fn case(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/calls/{name}/input.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `caller → service ports at line`, for each place.
fn told(text: &str) -> Vec<String> {
    let found = read(text);
    let calls = found.calls();
    let mut lines = Vec::new();
    for call in &calls.found {
        let ports: Vec<String> = call.ports.iter().map(|(p, _)| p.to_string()).collect();
        let lines_of: Vec<String> = call.said.iter().map(|s| s.at.line.to_string()).collect();
        let service = &found.cluster().entries()[call.service].key;
        let caller = &found.cluster().workloads()[call.workload].key.name;
        lines.push(format!(
            "{caller} → {}/{} {} at {}",
            service.namespace(),
            service.name,
            ports.join(","),
            lines_of.join(",")
        ));
    }
    lines.extend(calls.unknown.iter().map(|u| format!("{} at {}", u.name, u.said[0].at.line)));
    lines
}

#[test]
fn every_source_is_read_with_the_very_line() {
    let expected = [
        "web → back/api 80 at 54",
        "web → shop/cache 6379 at 40",
        "web → shop/cart 8080 at 17",
        "web → shop/database  at 26",
        "web → shop/mail 25 at 21",
        "web → shop/pages 80 at 51",
        "web → shop/queue 5672 at 13",
        "web → shop/search 9200 at 19",
        "web → shop/store 80 at 42",
        "web → shop/users 8090 at 22,24",
    ];
    assert_eq!(told(&case("sources")), expected);
}

#[test]
fn names_are_those_of_dns() {
    let expected = [
        "report → data/api 80 at 19",
        "report → data/db 5432 at 16",
        "report → data/kafka 9092 at 17",
        "report → jobs/api 80 at 18",
        "cache.nowhere.svc at 21",
        "gone.data.svc.cluster.local at 20",
    ];
    assert_eq!(told(&case("names")), expected);
}

#[test]
fn other_words_are_no_calls() {
    assert_eq!(told(&case("not-calls")), Vec::<String>::new());
}

#[test]
fn policies_are_asked_for_each_target() {
    let found = read(&case("policies"));
    let (calls, connectivity) = (found.calls(), found.connectivity());
    let mut lines = Vec::new();
    for verdict in calls.found.iter().flat_map(|c| connectivity.judge(c)) {
        let name = &found.cluster().workloads()[verdict.target].key.name;
        let state = match (verdict.is_allowed(), verdict.is_blocked()) {
            (true, _) => "allowed",
            (_, true) => "blocked",
            _ => "partly",
        };
        lines.push(format!("{name} {} {state}", verdict.needed));
    }
    let expected = [
        "db TCP 5432 allowed",
        "api TCP 8080 allowed",
        "db TCP 5432 blocked",
        "log UDP 514 allowed",
        "stats-new TCP 80 allowed",
        "stats-old TCP 80 blocked",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_table_says_what_is_blocked_and_what_nobody_names() {
    let table = run(&["table", "connections", "-q", "-o", "csv", "tests/cases/calls/policies"]);
    let row = |start: &str| {
        table.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start}: {table}")).to_owned()
    };
    assert!(row("From").contains("Ports,Certainty,Call,Because"));
    assert!(
        row("shop/web[Deployment],shop/db[StatefulSet]")
            .contains("TCP 5432,certain,blocked,ingress not allowed by shop/db")
    );
    assert!(row("shop/api[Deployment],shop/stats-old[Deployment]").contains(",unneeded,"));
    assert!(row("shop/web[Deployment],shop/api[Deployment]").contains(",allowed,"));
    // Where nothing is known of calls, nothing is said.
    assert!(!run(&["table", "connections", "-q", "examples/policies"]).contains("CALL"));
}

#[test]
fn lines_of_policies_are_not_repeated_unless_asked_for() {
    let drawn = |which: &[&str]| {
        let mut arguments = vec!["draw", "-q", "-o", "svg", "tests/cases/calls/policies"];
        arguments.extend(which);
        run(&arguments).matches("data-kind=\"calls\"").count()
    };
    let told = run(&["draw", "-q", "-o", "json", "tests/cases/calls/policies"]);
    assert_eq!(told.matches("\"kind\": \"calls\"").count(), 3);
    assert_eq!(drawn(&[]), 3);
    assert_eq!(drawn(&["--calls", "all"]), 5);
    assert_eq!(drawn(&["--calls", "never"]), 0);
    assert_eq!(drawn(&["--view", "policy"]), 0);
    assert_eq!(drawn(&["--view", "resources"]), 0);
}

#[test]
fn what_only_a_secret_says_is_not_known() {
    let found = read(&case("not-calls").replace("url: \"http://redis\"", "url: \"http://redis:6379\""));
    assert!(found.calls().found.is_empty());
    for format in ["svg", "html", "dot", "mermaid", "json"] {
        let text = run(&["draw", "-q", "--view", "resources", "-o", format, "tests/cases/resources/every-way"]);
        assert!(!text.contains("never-to-be-seen") && !text.contains("bmV2ZXI"), "{format}");
    }
}

#[test]
fn hostile_texts_cost_little_and_break_nothing() {
    let long = "a,".repeat(20_000);
    let nested = "$(V)$(V)".repeat(50);
    let texts = [
        long.as_str(),
        &"http://".repeat(5_000),
        &"://@:".repeat(5_000),
        &"é://ü@ß:80/".repeat(500),
        &"((([[[{{{".repeat(1_000),
        &"db:80,".repeat(5_000),
        "http://a@b@c:99999/",
        "://",
        "http://:80",
        "\u{202e}http://db",
        "host=",
        "=host",
        ":::",
        "$($($(V)))",
        &nested,
    ];
    let mut manifest = String::from(
        "{kind: Service, apiVersion: v1, metadata: {name: db}, spec: {selector: {app: x}, ports: [{port: 80}]}}\n---\n\
         {kind: ConfigMap, apiVersion: v1, metadata: {name: files}, data: {",
    );
    for (i, text) in texts.iter().enumerate() {
        manifest.push_str(&format!("f{i}: {}, ", serde_json::to_string(text).unwrap()));
    }
    manifest.push_str("}}\n---\n{kind: Pod, apiVersion: v1, metadata: {name: p}, spec: {volumes: [{name: v, configMap: {name: files}}], containers: [{name: c, image: i, args: [");
    for text in texts {
        manifest.push_str(&format!("{}, ", serde_json::to_string(text).unwrap()));
    }
    manifest.push_str("], env: [{name: V, value: \"$(V)$(V)\"}");
    for (i, text) in texts.iter().enumerate() {
        manifest.push_str(&format!(
            ", {{name: V{i}_HOST, value: {}}}, {{name: V, value: \"$(V)$(V)$(V)x\"}}",
            serde_json::to_string(text).unwrap()
        ));
    }
    manifest.push_str("]}]}}\n");
    let found = little(|| read(&manifest));
    assert_eq!(found.cluster().workloads().len(), 1);
    assert!(found.calls().found.len() <= 1);
}
