//! The connectivity oracle: hundreds of cases with known answers, kept beside this repository in `../shared/oracle`
//! with their checker. Where they are not there, or Python is not, the test says so and does nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::skip::skip;
use serde_json::Value;

/// The suites whose every case must hold but for those that the oracle itself marks as known differences.
const SUITES: &str =
    "list,e2e,recipes,tricky,conformance,policy_assistant,anp_parsed,focus,explain,exposure,errors,intent";

/// A case that takes a policy of Calico for one that is not evaluated. It is evaluated now, and denies.
const CALICO: &str = "tricky/foreign-networkpolicy";

/// The folder of an oracle beside this repository; skips where it or Python is not there.
pub fn oracle(name: &str) -> Option<PathBuf> {
    if Command::new("python3").arg("--version").output().is_err() {
        skip("there is no python3");
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [root.join("../shared").join(name), root.join("../../shared").join(name)];
    let found = places.into_iter().find(|p| p.join("check.py").is_file());
    if found.is_none() {
        skip(&format!("the oracle is not at ../shared/{name}"));
    }
    found
}

#[test]
fn every_case_of_the_oracle_holds() {
    let Some(oracle) = oracle("oracle") else { return };
    checked(&oracle, SUITES, "table connections --all -o json {manifests}");
    checked(&oracle, "diff", "diff -o json {manifests1} {manifests2}");
}

/// Runs the oracle's checker over suites, with what the program prints for these arguments.
fn checked(oracle: &Path, suites: &str, arguments: &str) {
    let program = env!("CARGO_BIN_EXE_kubesketch");
    let command = format!("'{program}' {arguments} 2>/dev/null | python3 adapter.py");
    let run = Command::new("python3")
        .args(["check.py", "--any-error", "-v", "--suite", suites, "--cmd", &command])
        .current_dir(oracle)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let excused = |line: &str| line.contains(CALICO) || line.contains("(known difference)");
    let failed: Vec<&str> = said.lines().filter(|l| l.starts_with("FAIL") && !excused(l)).collect();
    let ran = run.status.success() || said.contains(CALICO);
    assert!(ran && failed.is_empty(), "{said}{}", String::from_utf8_lossy(&run.stderr));
}

/// A row of what pods may do that the input does not hold: direction, workload, peers, ports.
type Row = (String, String, String, String);

/// What our selectors say, a requirement a word, sorted: `a in (x)` and `a=x` are one.
fn ours(selector: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut rest = selector;
    while !rest.is_empty() {
        let lists = [" in (", " notin ("].into_iter().filter_map(|word| rest.find(word));
        let list = lists.min().filter(|at| !rest[..*at].contains(','));
        let end = match list {
            Some(at) => at + rest[at..].find(')').unwrap() + 1,
            None => rest.find(',').unwrap_or(rest.len()),
        };
        words.insert(rest[..end].to_owned());
        rest = rest[end..].trim_start_matches(',');
    }
    words
}

/// The same of a selector as the oracle writes it: `{a=x,{Key:b,Operator:In,Values:[x y],}}`.
fn theirs(selector: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for part in selector.trim_matches(['{', '}']).split(['{', '}']) {
        let Some(expression) = part.strip_prefix("Key:") else {
            words.extend(part.split(',').filter(|p| !p.is_empty()).map(str::to_owned));
            continue;
        };
        let (key, rest) = expression.split_once(",Operator:").unwrap();
        let (operator, values) = rest.split_once(",Values:[").unwrap();
        let mut values: Vec<&str> = values.trim_end_matches([',', ']']).split(' ').collect();
        values.sort_unstable();
        words.insert(match operator {
            "In" if values.len() == 1 => format!("{key}={}", values[0]),
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    words
}

fn their_peer(peer: &str) -> String {
    if peer == "entire-cluster" {
        return "{} {}".into();
    }
    let (namespace, pods) = peer.split_once("]/").or_else(|| peer.split_once('/')).unwrap();
    let inner = |text: &str, before: &str| {
        text.trim_start_matches('[').trim_end_matches(']').strip_prefix(before).map(str::to_owned)
    };
    let namespaces = match namespace {
        "[all namespaces" => BTreeSet::new(),
        _ => match inner(namespace, "namespace with ") {
            Some(selector) => theirs(&selector),
            None => BTreeSet::from([format!("kubernetes.io/metadata.name={namespace}")]),
        },
    };
    let pods = inner(pods, "pod with ").map_or(BTreeSet::new(), |selector| theirs(&selector));
    format!("{namespaces:?} {pods:?}")
}

fn ports(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_lowercase)
}

fn our_rows(manifests: &Path) -> BTreeSet<Row> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(["table", "exposure", "--all", "-q", "-o", "json"])
        .arg(manifests)
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let row = |r: &Value| {
        let selector = |key: &str| ours(r["peer"][key].as_str().unwrap());
        (
            text(&r["direction"]),
            text(&r["workload"]),
            format!("{:?} {:?}", selector("namespaces"), selector("pods")),
            ports(&r["ports"]),
        )
    };
    json["unseen"].as_array().unwrap().iter().map(row).collect()
}

fn their_rows(case: &Value) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for direction in ["ingress", "egress"] {
        for r in case["exposure"][direction].as_array().unwrap() {
            let peer = r["peer"].as_str().unwrap();
            if !peer.starts_with(|c: char| c.is_ascii_digit()) {
                let workload = r["workload"].as_str().unwrap().to_owned();
                rows.insert((direction.to_owned(), workload, their_peer(peer), ports(&r["connections"])));
            }
        }
    }
    rows
}

/// Cases in which a description lies within another that the oracle takes for a stranger: whoever fits `role notin (w,
/// x, y, z)` fits `role notin (x, y)` as well, and a namespace that the manifests declare with some labels is one of
/// those that have them.
const WITHIN: &[&str] = &[
    "exposure_test_real_namespace_without_real_pod",
    "exposure_test_with_different_rules_3_with_matching_pod",
    "exposure_test_with_different_rules_4",
    "exposure_test_with_different_rules_4_with_matching_pods",
];

#[test]
fn what_pods_outside_of_the_input_may_do_is_as_the_oracle_says() {
    let Some(oracle) = oracle("oracle") else { return };
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(oracle.join("cases/exposure")).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    let mut wrong = Vec::new();
    let mut right = 0;
    for path in cases {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        // The focus of an option narrows the list by rules of the other tool.
        if !case["options"]["focus_workloads"].as_array().unwrap().is_empty() || case["options"]["focus_conn"] != "" {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (now, then) = (our_rows(&oracle.join(case["manifests"].as_str().unwrap())), their_rows(&case));
        if (now == then) == WITHIN.contains(&name.as_str()) {
            let list = |rows: &BTreeSet<Row>, other: &BTreeSet<Row>| {
                rows.difference(other).map(|r| format!("{r:?}")).collect::<Vec<_>>().join("\n    ")
            };
            wrong.push(format!(
                "{name}\n  missing\n    {}\n  unexpected\n    {}",
                list(&then, &now),
                list(&now, &then)
            ));
        } else {
            right += 1;
        }
    }
    eprintln!("{right} cases of exposure are right");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
