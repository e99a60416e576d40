//! Policies of Calico and Istio beside those of Kubernetes, in random clusters: every way to ask for an answer gives
//! the same one, what explains itself explains what is decided, and what is drawn is what gets through.

use std::fmt::Write as _;

use super::policy_brute_force::{check_explanations, check_groups};
use super::policy_flows::check_flows;
use crate::support::naive::Random;
use crate::support::states;
use kubesketch::policy::Extent;

const WORLDS: u64 = 600;

const NAMESPACES: [&str; 3] = ["one", "two", "istio-system"];
const APPS: [&str; 3] = ["a", "b", "c"];

fn pick<'t>(random: &mut Random, from: &[&'t str]) -> &'t str {
    from[random.below(from.len())]
}

fn chance(random: &mut Random, of: usize) -> bool {
    random.below(of) == 0
}

fn selector(random: &mut Random) -> String {
    let (app, other) = (pick(random, &APPS), pick(random, &APPS));
    match random.below(6) {
        0 => format!("app == '{app}'"),
        1 => format!("app != '{app}'"),
        2 => format!("app in {{'{app}', '{other}'}}"),
        3 => format!("app == '{app}' || !has(extra)"),
        4 => "has(set)".to_owned(),
        _ => "all()".to_owned(),
    }
}

/// One end of traffic, as a rule of Calico describes it.
fn entity(random: &mut Random, ports: bool) -> String {
    let mut parts = Vec::new();
    match random.below(8) {
        0 | 1 => parts.push(format!("selector: \"{}\"", selector(random))),
        2 => parts.push(format!("notSelector: \"{}\"", selector(random))),
        3 => parts.push(format!("namespaceSelector: \"projectcalico.org/name == '{}'\"", pick(random, &NAMESPACES))),
        4 => parts.push(format!("selector: \"{}\", namespaceSelector: all()", selector(random))),
        5 => parts.push(format!(
            "{}: [{}]",
            pick(random, &["nets", "notNets"]),
            pick(random, &["10.0.0.0/8", "fd00::/8"])
        )),
        _ => {}
    }
    if ports {
        let key = pick(random, &["ports", "ports", "notPorts"]);
        parts.push(format!("{key}: [{}]", pick(random, &["80", "\"80:90\"", "443, web", "web"])));
    }
    format!("{{{}}}", parts.join(", "))
}

fn rule(random: &mut Random, direction: &str) -> String {
    let action = pick(random, &["Allow", "Allow", "Allow", "Deny", "Pass", "Log"]);
    let protocol = pick(random, &["TCP", "TCP", "UDP", "ICMP"]);
    let with_protocol = !chance(random, 3);
    let mut parts = vec![format!("action: {action}")];
    if with_protocol {
        parts.push(format!("protocol: {protocol}"));
    }
    let narrow = chance(random, 6);
    let with_ports = with_protocol && chance(random, 2);
    if direction == "ingress" || narrow {
        let of_source = with_ports && chance(random, 5);
        parts.push(format!("source: {}", entity(random, of_source)));
    }
    if direction == "egress" || narrow || with_ports {
        parts.push(format!("destination: {}", entity(random, with_ports)));
    }
    if direction == "ingress" && with_protocol && protocol == "TCP" && action == "Allow" && chance(random, 5) {
        parts.push(format!("http: {{methods: [{}]}}", pick(random, &["GET", "POST", "GET, HEAD"])));
    }
    format!("{{{}}}", parts.join(", "))
}

fn calico(random: &mut Random, index: usize, out: &mut String) {
    let namespace = if chance(random, 2) { Some(pick(random, &NAMESPACES)) } else { None };
    let kind = if namespace.is_some() { "NetworkPolicy" } else { "GlobalNetworkPolicy" };
    let place = namespace.map_or(String::new(), |n| format!(", namespace: {n}"));
    let mut spec = vec![format!("selector: \"{}\"", selector(random))];
    if !chance(random, 3) {
        spec.push(format!("order: {}", pick(random, &["900", "1000", "1100", "1.5"])));
    }
    if chance(random, 2) {
        spec.push(format!("tier: {}", pick(random, &["early", "late"])));
    }
    for direction in ["ingress", "egress"] {
        let rules: Vec<String> = (0..random.below(4)).map(|_| rule(random, direction)).collect();
        spec.push(format!("{direction}: [{}]", rules.join(", ")));
    }
    let spec = spec.join(", ");
    let _ = writeln!(
        out,
        "---\napiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: p{index}{place}}}\nspec: {{{spec}}}"
    );
}

fn istio(random: &mut Random, index: usize, out: &mut String) {
    let mut rules = Vec::new();
    for _ in 0..random.below(3) {
        let mut parts = Vec::new();
        if !chance(random, 3) {
            let key = pick(random, &["namespaces", "notNamespaces", "principals"]);
            let value = pick(random, &["one", "two", "cluster.local/ns/one/sa/default", "*"]);
            parts.push(format!("from: [{{source: {{{key}: [\"{value}\"]}}}}]"));
        }
        let operation = pick(
            random,
            &["", "ports: [\"80\"]", "methods: [GET]", "notPaths: [\"/a*\"]", "ports: [\"443\"], paths: [/a]"],
        );
        if !operation.is_empty() {
            parts.push(format!("to: [{{operation: {{{operation}}}}}]"));
        }
        rules.push(format!("{{{}}}", parts.join(", ")));
    }
    let subject = if chance(random, 2) {
        format!("selector: {{matchLabels: {{app: {}}}}}, ", pick(random, &APPS))
    } else {
        String::new()
    };
    let (namespace, action) = (pick(random, &NAMESPACES), pick(random, &["ALLOW", "DENY"]));
    let _ = writeln!(
        out,
        "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p{index}, namespace: {namespace}}}\nspec: {{{subject}action: {action}, rules: [{}]}}",
        rules.join(", ")
    );
}

/// A cluster with a few pods and a few policies.
pub fn yaml(random: &mut Random) -> String {
    let mut out = String::new();
    for index in 0..2 + random.below(4) {
        let (namespace, app) = (pick(random, &NAMESPACES[..2]), pick(random, &APPS));
        let extra = if chance(random, 3) { ", extra: '1'" } else { "" };
        let _ = writeln!(
            out,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: pod{index}, namespace: {namespace}, labels: {{app: {app}{extra}}}}}\nspec: {{containers: [{{name: c, ports: [{{name: web, containerPort: 443}}]}}]}}"
        );
    }
    out += "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {set: s}}\nspec: {nets: [192.0.2.0/24]}\n";
    for (tier, order, action) in [("early", 10, "Pass"), ("late", 2_000_000, "Deny")] {
        let _ = writeln!(
            out,
            "---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {{name: {tier}}}\nspec: {{order: {order}, defaultAction: {action}}}"
        );
    }
    for index in 0..1 + random.below(3) {
        calico(random, index, &mut out);
    }
    for index in 0..random.below(3) {
        istio(random, index, &mut out);
    }
    if chance(random, 2) {
        let (namespace, app, peer) = (pick(random, &NAMESPACES[..2]), pick(random, &APPS), pick(random, &APPS));
        let _ = writeln!(
            out,
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: k, namespace: {namespace}}}\nspec: {{podSelector: {{matchLabels: {{app: {app}}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}], ports: [{{port: 80}}]}}]}}"
        );
    }
    if chance(random, 3) {
        out += "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: one}\nspec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}, egress: [{hosts: ['./*']}]}\n";
    }
    out
}

#[test]
fn every_way_to_ask_gives_the_same_answer() {
    use rayon::prelude::*;
    (0..WORLDS).into_par_iter().for_each(|seed| {
        let text = yaml(&mut Random::new(seed + 7));
        let context = || format!("seed {seed}\n{text}");
        let found = states::world([("world.yaml", text.as_str())]);
        let refused: Vec<&str> = found.diagnostics().iter().filter(|d| d.refused).map(|d| d.message.as_str()).collect();
        assert!(refused.is_empty(), "{refused:?}\n{}", context());
        let connectivity = found.connectivity();
        check_groups(connectivity, &connectivity.connections(Extent::All), &context);
        check_explanations(connectivity, &context);
        check_flows(&found, &context);
    });
}
