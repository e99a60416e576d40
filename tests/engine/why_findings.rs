//! `why` and `check` do not contradict each other: what each code means for an answer, held to the example of its rule.

use crate::support::states;
use kubesketch::check;
use kubesketch::diagnostic::{Code, Severity};
use kubesketch::why::{Bearing, bearing};
use kubesketch::{Answer, Mark, Outcome, World};

/// Every question that the manifests give rise to: from each workload and the Internet to each Service and workload.
fn answers(world: &World) -> Vec<Answer> {
    let cluster = world.cluster();
    let name = |kind: &str, namespace: &str, name: &str| format!("{namespace}/{}/{name}", kind.to_lowercase());
    let workloads: Vec<String> =
        cluster.workloads().iter().map(|w| name(&w.key.kind, w.key.namespace(), &w.key.name)).collect();
    let services: Vec<String> =
        cluster.services().map(|(e, _)| name("Service", e.key.namespace(), &e.key.name)).collect();
    // Names that resolve wherever they are asked for, and those that a configuration would have.
    let hosts = cluster.services().map(|(e, _)| format!("{}.{}", e.key.name, e.key.namespace()));
    let targets: Vec<String> = services.iter().cloned().chain(workloads.iter().cloned()).chain(hosts).collect();
    let sources = workloads.iter().map(String::as_str).chain(["internet"]);
    let pairs = sources.flat_map(|from| targets.iter().map(move |to| (from, to)));
    pairs.filter_map(|(from, to)| kubesketch::why(world, from, to).ok()).collect()
}

#[test]
fn what_is_found_on_the_way_is_part_of_the_answer() {
    let mut wrong = Vec::new();
    let mut met = 0;
    for rule in check::rules() {
        let (code, world) = (rule.code, states::world([("bad.yaml", rule.bad)]));
        let found = check::check(&world, &check::Options::default());
        let is_bad = found.iter().any(|f| f.diagnostic.code == code && f.diagnostic.severity != Severity::Info);
        let answers = answers(&world);
        match bearing(code) {
            // The object of its example is on the way of no connection.
            Bearing::Doubts(_) if code == Code::RemovedApiVersion => {}
            Bearing::Doubts(_) if is_bad => {
                let mark = format!("({})", code.as_str());
                let lists = |a: &&Answer| a.steps.iter().flat_map(|s| &s.lines).any(|l| l.text.ends_with(&mark));
                let listing: Vec<&Answer> = answers.iter().filter(lists).collect();
                met += listing.len();
                if listing.is_empty() {
                    wrong.push(format!("{}: no answer has it", code.as_str()));
                }
                for answer in listing.iter().filter(|a| a.outcome == Outcome::Allowed) {
                    wrong.push(format!("{}: {} to {} is allowed", code.as_str(), answer.from, answer.to));
                }
            }
            Bearing::Judged(layer) if is_bad => {
                let tells = |a: &Answer| a.steps.iter().any(|s| s.layer == layer && s.mark != Mark::Ok);
                if !answers.iter().any(tells) {
                    wrong.push(format!("{}: no answer has it in the layer {}", code.as_str(), layer.as_str()));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(met > 5, "{met} answers");
}

#[test]
fn an_object_that_is_refused_takes_no_certain_connection() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: b}}, spec: {containers: [{name: b, image: b}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: b}, ports: [{targetPort: 80}, {port: 81}]}}";
    let world = states::world([("a.yaml", text)]);
    assert!(world.diagnostics().iter().any(|d| d.code == Code::FieldMissing), "{:?}", world.diagnostics());
    let answer = kubesketch::why(&world, "a", "b:81").unwrap();
    assert_eq!(answer.outcome, Outcome::Undetermined, "{}", answer.summary);
}

#[test]
fn an_object_of_a_removed_version_takes_no_certain_connection() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}
---
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: b}
spec:
  template:
    metadata: {labels: {app: b}}
    spec: {containers: [{name: b, image: b, ports: [{containerPort: 80}]}]}
---
{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: b}, ports: [{port: 80}]}}";
    let world = states::world([("a.yaml", text)]);
    let answer = kubesketch::why(&world, "a", "b").unwrap();
    assert_eq!(answer.outcome, Outcome::Undetermined, "{}", answer.summary);
}

#[test]
fn findings_about_other_ports_and_rules_change_nothing() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: b, labels: {app: b}}
spec: {containers: [{name: b, image: b, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: b}
spec:
  selector: {app: b}
  ports:
  - {name: good, port: 80, targetPort: 8080}
  - {name: bad, port: 81, targetPort: 9999}
";
    let world = states::world([("a.yaml", text)]);
    let outcome = |to: &str| kubesketch::why(&world, "a", to).unwrap().outcome;
    assert_eq!((outcome("b:80"), outcome("b:81")), (Outcome::Allowed, Outcome::Undetermined));
}
