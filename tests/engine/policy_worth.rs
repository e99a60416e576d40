//! What policies are worth: those that are said to change nothing change nothing when they are left out, in random
//! clusters with policies of Kubernetes, Calico, Istio and Cilium.

use super::policy_others;
use crate::support::naive::Random;
use crate::support::naive_cilium::World;
use crate::support::states;
use kubesketch::policy::{Connectivity, Endpoint, Extent, Value};
use rayon::prelude::*;

const WORLDS: u64 = 120;

/// The connections of a cluster without what differs whenever a policy is left out: reasons.
fn allowed(connectivity: &Connectivity) -> Vec<String> {
    let addresses = |end: &Endpoint| matches!(end, Endpoint::Addresses(_));
    // Rules of what is left out may cut addresses into more pieces.
    let all = connectivity.connections(Extent::All).into_iter().filter(|c| !addresses(&c.from) && !addresses(&c.to));
    all.map(|c| format!("{:?} {:?} {} {}", c.from, c.to, c.ports, c.sometimes)).collect()
}

fn check(text: &str) {
    let whole = states::world([("world.yaml", text)]);
    let connectivity = whole.connectivity();
    for worth in connectivity.worth() {
        if !matches!(worth.value, Value::Redundant | Value::Shadowed | Value::WithoutEffect) {
            continue;
        }
        let key = &connectivity.policies()[worth.policy].key;
        let is_it = |document: &&str| {
            document.contains(&format!("kind: {}\n", key.kind)) && document.contains(&format!("{{name: {},", key.name))
                || document.contains(&format!("kind: {}\n", key.kind))
                    && document.contains(&format!("{{name: {}}}", key.name))
        };
        let kept: Vec<&str> = text.split("---\n").filter(|d| !is_it(d)).collect();
        assert!(kept.len() + 1 == text.split("---\n").count(), "{key} is not one document\n{text}");
        let rest = states::world([("world.yaml", kept.join("---\n").as_str())]);
        assert_eq!(allowed(connectivity), allowed(rest.connectivity()), "{key} is {:?}\n{text}", worth.value);
    }
}

#[test]
fn what_changes_nothing_can_be_left_out() {
    (0..WORLDS).into_par_iter().for_each(|seed| {
        check(&World::random(&mut Random::new(seed + 1)).yaml());
        check(&policy_others::yaml(&mut Random::new(seed + 7)));
    });
}

const PODS: &str = "apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: b, labels: {app: b}}
---
";

fn values(policies: &str) -> Vec<(String, &'static str)> {
    let found = states::world([("world.yaml", format!("{PODS}{policies}").as_str())]);
    let connectivity = found.connectivity();
    let name = |p: usize| connectivity.policies()[p].key.name.clone();
    connectivity.worth().into_iter().map(|w| (name(w.policy), w.value.as_str())).collect()
}

#[test]
fn each_value_has_an_example() {
    let policy = |name: &str, spec: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"
        )
    };
    let from_a = "{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}";
    let check = |text: String, expected: &[(&str, &str)]| {
        let said = values(&text);
        let said: Vec<(&str, &str)> = said.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        assert_eq!(said, expected, "{text}");
    };
    check(policy("one", from_a), &[("one", "needed")]);
    check(policy("one", from_a) + &policy("two", from_a), &[("one", "redundant"), ("two", "redundant")]);
    check(policy("open", "{podSelector: {}, ingress: [{}]}"), &[("open", "redundant")]);
    check(policy("idle", "{podSelector: {matchLabels: {app: z}}}"), &[("idle", "without-effect")]);
    let shut = "{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]}";
    check(policy("one", from_a) + &policy("shut", shut), &[("one", "contradicted"), ("shut", "needed")]);
    let calico = |name: &str, order: u32, rule: &str| {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{order: {order}, selector: \"app == 'b'\", ingress: [{rule}]}}\n---\n"
        )
    };
    check(
        calico("first", 1, "{action: Deny}") + &calico("later", 2, "{action: Allow}"),
        &[("first", "needed"), ("later", "shadowed")],
    );
}
