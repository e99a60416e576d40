//! The policies that `why` proposes work: applied as printed, the same question is answered with yes, without a caution.

use kubesketch::Sources;
use kubesketch::why::{Answer, Change, Mark, Outcome, Question, answer};
use kubesketch::world::{Options, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const SPACES: [&str; 3] = ["a", "b", "kube-system"];
const APPS: [&str; 3] = ["x", "y", "z"];

/// A policy as numbers: whom it selects, what it isolates, and what it allows.
#[derive(Clone, Debug)]
struct Rule {
    space: usize,
    subject: Option<usize>,
    ingress: Option<(usize, u16)>,
    egress: Option<(usize, u16)>,
    closes: u8,
}

#[derive(Clone, Debug)]
struct Cluster {
    /// The input holds the DNS of the cluster.
    dns: bool,
    rules: Vec<Rule>,
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let side = || proptest::option::of((0..APPS.len(), prop_oneof![Just(80u16), Just(53u16), Just(81u16)]));
    let rule = (0..SPACES.len(), proptest::option::of(0..APPS.len()), side(), side(), 0u8..4)
        .prop_map(|(space, subject, ingress, egress, closes)| Rule { space, subject, ingress, egress, closes });
    (any::<bool>(), prop::collection::vec(rule, 0..6)).prop_map(|(dns, rules)| Cluster { dns, rules })
}

fn workload(name: &str, space: &str, labels: &str, port: u16) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {space}}}\nspec: {{selector: {{matchLabels: {{{labels}}}}}, template: {{metadata: {{labels: {{{labels}}}}}, spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: {port}}}, {{containerPort: {port}, protocol: UDP}}]}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {space}}}\nspec: {{selector: {{{labels}}}, ports: [{{port: {port}}}]}}\n---\n"
    )
}

fn text(cluster: &Cluster) -> String {
    let mut text = String::new();
    for space in SPACES {
        text += &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {space}}}\n---\n");
    }
    for space in &SPACES[..2] {
        for app in APPS {
            text += &workload(app, space, &format!("app: {app}"), 80);
        }
    }
    if cluster.dns {
        text += &workload("kube-dns", "kube-system", "k8s-app: kube-dns", 53);
    }
    for (i, rule) in cluster.rules.iter().enumerate() {
        let subject = rule.subject.map_or(String::new(), |s| format!("matchLabels: {{app: {}}}", APPS[s]));
        let mut types: Vec<&str> = Vec::new();
        if rule.closes & 1 == 1 || rule.ingress.is_some() {
            types.push("Ingress");
        }
        if rule.closes & 2 == 2 || rule.egress.is_some() {
            types.push("Egress");
        }
        if types.is_empty() {
            continue;
        }
        let side = |field: &str, peer: &str, said: &Option<(usize, u16)>| {
            said.map_or(String::new(), |(app, port)| {
                format!(
                    ", {field}: [{{{peer}: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {}}}}}}}], ports: [{{port: {port}}}]}}]",
                    APPS[app]
                )
            })
        };
        text += &format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{i}, namespace: {}}}\nspec: {{podSelector: {{{subject}}}, policyTypes: [{}]{}{}}}\n---\n",
            SPACES[rule.space],
            types.join(", "),
            side("ingress", "from", &rule.ingress),
            side("egress", "to", &rule.egress)
        );
    }
    text
}

fn ask(text: &str, from: &str, to: &str) -> Answer {
    let world = World::of_texts(Sources::from_texts([("all.yaml", text)]), &Options::default()).unwrap();
    answer(&world, &Question::parse(from, to).unwrap(), None).unwrap()
}

#[test]
fn applied_as_printed_the_same_question_is_answered_with_yes() {
    let proposals = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&cluster(), |cluster| {
        let manifests = text(&cluster);
        for (from, to) in
            [("a/x", "y:80"), ("a/x", "z.b:80"), ("b/y", "a/x:80"), ("a/y", "deploy/z:80"), ("b/x", "x.a.svc:80")]
        {
            let to = to.replace("deploy/z", "a/deploy/z");
            let before = ask(&manifests, from, &to);
            let policies: Vec<&str> = before
                .changes
                .iter()
                .map(|c| match c {
                    Change::Add(manifest) => manifest.as_str(),
                    Change::Edit(edit) => panic!("{from} {to}: {edit}"),
                })
                .collect();
            prop_assert_eq!(
                before.outcome == Outcome::Allowed,
                policies.is_empty(),
                "{} {}: {}",
                from,
                to,
                before.summary
            );
            if policies.is_empty() {
                continue;
            }
            proposals.set(proposals.get() + 1);
            let after = ask(&format!("{manifests}{}", policies.join("---\n")), from, &to);
            prop_assert_eq!(
                after.outcome,
                Outcome::Allowed,
                "{} {}: {}\n{}",
                from,
                to,
                after.summary,
                policies.join("---\n")
            );
            prop_assert!(after.changes.is_empty());
            for step in &after.steps {
                let cautions = step.lines.iter().filter(|l| l.mark != Mark::Ok && !l.text.contains("no Service leads"));
                prop_assert_eq!(cautions.count(), 0, "{:?}", step);
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(proposals.get() > 50, "{}", proposals.get());
}
