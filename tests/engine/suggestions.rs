//! The policies that `why` proposes, for names and labels that try to become structure: each is read back as exactly the
//! object that was meant.

use std::io::Write as _;
use std::process::{Command, Stdio};

use kubesketch::manifest::{self, Tree, Value};
use kubesketch::why::{Change, Question, answer};
use kubesketch::{Sources, World, WorldOptions};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

use crate::support::skip::{program, skip};

/// Texts that YAML reads as something else than text, or as more than one value.
fn hostile() -> impl Strategy<Value = String> {
    let whole = [
        "0/x",
        "1/x\n        - namespaceSelector: {}",
        "a\n            {}\n        - namespaceSelector: {}\n        - podSelector: #",
        "true",
        "No",
        "null",
        "~",
        "1e3",
        "0x1f",
        "1_000",
        "12:30:45",
        "2020-01-01",
        ".inf",
        "- a",
        "a: b",
        "a #b",
        "{a: b}",
        "[a]",
        "!!int 1",
        "&a b",
        "*a",
        "|",
        ">-",
        "'",
        "\"",
        "\\",
        "%YAML 1.1",
        "---",
        "...",
        "=",
        "<<",
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "\u{85}\u{2028}\u{2029}\u{feff}",
        "\u{202e}x\u{2066}",
        "\u{7f}\u{9b}31m",
        "\r\n\t",
        "",
    ];
    let pieces = prop::collection::vec(
        prop_oneof![
            prop::sample::select(
                &["\n", ": ", " #", "- ", "{", "}", "[", "]", "\"", "'", "\\", ",", "&", "*", "\t", "  "][..]
            )
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
            "[a-z0-9]{1,3}",
        ],
        0..8,
    );
    prop_oneof![prop::sample::select(whole.to_vec()).prop_map(str::to_owned), pieces.prop_map(|p| p.concat())]
        // Such a name says that the manifest is a template, which is not read.
        .prop_map(|text| text.replace("{{", "{"))
}

/// One of the names of a question, which can hold neither its separators nor what a shell would take from it.
fn name() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| format!("n{}", text.replace(['/', ':', '.'], "")))
}

#[derive(Clone, Debug)]
struct Case {
    from: String,
    to: String,
    /// A third workload with the labels of the first.
    beside: String,
    namespaces: [String; 2],
    label: [String; 4],
}

fn case() -> impl Strategy<Value = Case> {
    let namespace = || hostile().prop_map(|t| t.replace(['/', ':', '.'], ""));
    (name(), name(), hostile(), [namespace(), namespace()], [hostile(), hostile(), hostile(), hostile()]).prop_map(
        |(from, to, beside, namespaces, label)| Case {
            from: format!("{from}1"),
            to: format!("{to}2"),
            beside: format!("{beside}3"),
            namespaces: [format!("a{}", namespaces[0]), format!("b{}", namespaces[1])],
            label,
        },
    )
}

fn workload(name: &str, namespace: &str, labels: &serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}}}})
}

/// A tree as JSON; numbers where ports are.
fn plain(tree: &Tree) -> serde_json::Value {
    match &tree.value {
        Value::Str(text) => json!(text),
        Value::Int(number) => json!(number),
        Value::Seq(items) => items.iter().map(plain).collect(),
        Value::Map(entries) => entries.iter().map(|e| (e.key.to_string(), plain(&e.value))).collect(),
        other => panic!("neither text nor number: {other:?}"),
    }
}

/// The policies that are proposed for a case, with the text that they were read from, and what was meant.
fn proposed(case: &Case) -> Vec<(String, serde_json::Value)> {
    let [a, b] = &case.namespaces;
    let labels = json!({case.label[0].as_str(): case.label[1], "app": case.label[2]});
    let target = json!({"app": "db", case.label[3].as_str(): case.label[0]});
    let deny = |namespace: &str, kind: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny", "namespace": namespace},
            "spec": {"podSelector": {}, "policyTypes": [kind]}})
    };
    let objects = [
        workload(&case.from, a, &labels),
        workload(&case.beside, a, &labels),
        workload(&case.to, b, &target),
        deny(a, "Egress"),
        deny(b, "Ingress"),
    ];
    let escaped = |c: char| if c.is_control() { format!("\\u{:04x}", c as u32) } else { c.to_string() };
    let text: Vec<String> = objects.iter().map(|o| o.to_string().chars().map(escaped).collect()).collect();
    let world = World::of_texts(Sources::from_texts([("in.yaml", text.join("\n---\n"))]), &WorldOptions::default());
    let question = format!("{}:80", format_args!("{b}/deploy/{}", case.to));
    let question = Question::parse(&format!("{a}/deploy/{}", case.from), &question).unwrap();
    let answer = answer(&world.unwrap(), &question, None).unwrap();
    let peer = |namespace: &str, labels: &serde_json::Value| json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}, "podSelector": {"matchLabels": labels}}]);
    let ports = json!([{"protocol": "TCP", "port": 80}]);
    let specs = [
        json!({"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"], "egress": [{"to": peer(b, &target), "ports": ports}]}),
        json!({"podSelector": {"matchLabels": target}, "policyTypes": ["Ingress"], "ingress": [{"from": peer(a, &labels), "ports": ports}]}),
    ];
    let texts = answer.changes.into_iter().map(|change| match change {
        Change::Add(text) => text,
        Change::Edit(text) => panic!("{text}"),
    });
    let meant = specs.into_iter().zip([a, b]).map(|(spec, namespace)| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": namespace}, "spec": spec})
    });
    let all: Vec<(String, serde_json::Value)> = texts.zip(meant).collect();
    assert_eq!(all.len(), 2);
    all
}

/// The object without its name, which only has to be one that Kubernetes takes.
fn unnamed(mut object: serde_json::Value) -> serde_json::Value {
    let name = object["metadata"].as_object_mut().unwrap().remove("name").unwrap();
    let name = name.as_str().unwrap();
    assert!(!name.is_empty() && name.len() <= 63, "{name}");
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
    object
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, rng_seed: RngSeed::Fixed(15), ..ProptestConfig::default() })]

    #[test]
    fn a_proposal_is_read_back_as_what_was_meant(case in case()) {
        for (text, meant) in proposed(&case) {
            prop_assert!(!text.contains(|c| c != '\n' && steers(c)), "{}", text);
            let sources = Sources::from_texts([("proposal.yaml", text.as_str())]);
            let read = manifest::values(&sources, sources.ids().next().unwrap());
            prop_assert!(read.diagnostics.is_empty(), "{:?}\n{}", read.diagnostics, text);
            prop_assert_eq!(read.value.len(), 1, "{}", text);
            prop_assert_eq!(unnamed(plain(&read.value[0])), meant, "{}", text);
            let comments = text.lines().filter_map(|l| l.split_once(" # ")).filter(|(before, _)| before.ends_with(':'));
            for (_, comment) in comments {
                prop_assert!(comment.starts_with("these labels also select "), "{}", comment);
            }
        }
    }
}

/// Another reader of YAML sees the same.
#[test]
fn a_proposal_is_the_same_to_another_reader() {
    let Some(mut python) = program("python3") else { return };
    if !Command::new("python3").args(["-c", "import yaml"]).output().unwrap().status.success() {
        skip("PyYAML is not installed");
        return;
    }
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let all: Vec<(String, serde_json::Value)> =
        (0..100).flat_map(|_| proposed(&case().new_tree(&mut runner).unwrap().current())).collect();
    let script = "import sys, json, yaml\nprint(json.dumps([yaml.safe_load(t) for t in json.load(sys.stdin)]))";
    let mut child = python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let texts: Vec<&str> = all.iter().map(|(text, _)| text.as_str()).collect();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&texts).unwrap().as_bytes()).unwrap();
    let read: Vec<serde_json::Value> = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    for ((text, meant), read) in all.into_iter().zip(read) {
        assert_eq!(unnamed(read), meant, "{text}");
    }
}
