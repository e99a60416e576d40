//! The smallest change that would allow what is denied: for each side that lacks a rule a NetworkPolicy that adds it,
//! or the rule to change.

use std::collections::BTreeMap;

use super::Scene;
use super::answer::Change;
use super::ends::{End, Judged};
use super::service::pairs;
use crate::net::{AddressSet, ObjectKey, PortSet, Protocol};
use crate::policy::{Direction, Effect, Ruling, Tier};

/// So many pairs get a change; whoever asks for more wants another policy than this can propose.
const MOST: usize = 4;

/// The changes that would allow what is denied.
pub(super) fn changes(scene: &Scene<'_>, judged: &[Judged]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for pair in judged.iter().filter(|p| p.allowed != p.asked && p.doubt.is_none()).take(MOST) {
        for (direction, own, other, side) in [
            (Direction::Egress, &pair.from, &pair.to, &pair.egress),
            (Direction::Ingress, &pair.to, &pair.from, &pair.ingress),
        ] {
            let mut lacking = PortSet::none();
            for part in side.decisions.iter().filter(|p| p.ruling == Ruling::Denied) {
                let deny = part.because.iter().find(|r| r.effect == Effect::Deny);
                match deny {
                    Some(reason) => {
                        let policy = &scene.connectivity.policies()[reason.policy];
                        let rule = reason.rule.and_then(|i| policy.rules(direction)?.get(i));
                        let field = rule.map_or("its rule", |r| r.field.as_str());
                        let at = scene.place(rule.map_or(policy.at, |r| r.at));
                        let why = match policy.tier {
                            Tier::Admin | Tier::Network => {
                                "no NetworkPolicy can overrule that: change the rule, or put one that allows it before it"
                            }
                            Tier::Baseline => {
                                "only a NetworkPolicy overrules that, which would isolate the pods from all else: put a rule that allows it before this one"
                            }
                        };
                        let text = format!("{field} of {} ({at}) denies it, and {why}", policy.key);
                        changes.push(Change::Edit(text));
                    }
                    None => lacking = lacking.union(&part.ports),
                }
            }
            if lacking.is_empty() {
                continue;
            }
            if pair.is_beside(scene) {
                let network = scene.connectivity.network_name(pair.network);
                let word = direction.as_str();
                changes.push(Change::Edit(format!(
                    "on {network} an {word} rule of a MultiNetworkPolicy about {} would have to allow {lacking} for {}",
                    own.name(scene),
                    other.name(scene)
                )));
            } else if let Some(workload) = own.workload() {
                changes.push(Change::Add(manifest(scene, workload, other, direction, &lacking, &mut named)));
            }
        }
    }
    changes.dedup();
    changes
}

/// A NetworkPolicy that adds one rule. Its subject is isolated in this direction already, so nothing else changes
/// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation>).
fn manifest(
    scene: &Scene<'_>,
    workload: usize,
    other: &End,
    direction: Direction,
    ports: &PortSet,
    named: &mut Vec<String>,
) -> String {
    let subject = &scene.workload(workload).key;
    let (labels, remark) = telling_labels(scene, workload);
    let other_name = match other {
        End::Workload(index) => scene.workload(*index).key.name.clone(),
        End::Addresses(_) => "addresses".into(),
        End::Controller => "ingress-controller".into(),
    };
    let (word, list, title) = match direction {
        Direction::Egress => ("egress", "to", format!("{}-to-{other_name}", subject.name)),
        Direction::Ingress => ("ingress", "from", format!("{}-from-{other_name}", subject.name)),
    };
    let name = free_name(scene, subject.namespace(), &title, named);
    let type_name = if direction == Direction::Egress { "Egress" } else { "Ingress" };
    let mut text = String::new();
    let mut line = |indent: usize, content: &str| {
        text.push_str(&" ".repeat(indent));
        text.push_str(content);
        text.push('\n');
    };
    line(0, "apiVersion: networking.k8s.io/v1");
    line(0, "kind: NetworkPolicy");
    line(0, "metadata:");
    line(2, &format!("name: {name}"));
    line(2, &format!("namespace: {}", plain(subject.namespace())));
    line(0, "spec:");
    selector("podSelector", &labels, remark.as_deref(), 2, &mut line);
    line(2, &format!("policyTypes: [{type_name}]"));
    line(2, &format!("{word}:"));
    line(4, &format!("- {list}:"));
    match other {
        End::Workload(index) => {
            let (labels, remark) = telling_labels(scene, *index);
            let namespace = scene.workload(*index).key.namespace();
            if namespace == subject.namespace() {
                selector("- podSelector", &labels, remark.as_deref(), 8, &mut line);
            } else {
                line(8, "- namespaceSelector:");
                line(12, "matchLabels:");
                line(14, &format!("kubernetes.io/metadata.name: {}", plain(namespace)));
                selector("podSelector", &labels, remark.as_deref(), 10, &mut line);
            }
        }
        End::Addresses(set) => {
            for (block, except) in blocks(set) {
                line(8, "- ipBlock:");
                line(12, &format!("cidr: {}", plain(&block)));
                if !except.is_empty() {
                    line(12, "except:");
                    except.iter().for_each(|e| line(14, &format!("- {}", plain(e))));
                }
            }
        }
        End::Controller => {
            for controller in scene.connectivity.absent_controllers() {
                line(8, "- namespaceSelector:");
                line(12, "matchLabels:");
                let name = match &controller.namespace {
                    Some(name) => plain(name),
                    None => "ingress-nginx # put the namespace of the ingress controller here".to_owned(),
                };
                line(14, &format!("kubernetes.io/metadata.name: {name}"));
                if !controller.labels.is_empty() {
                    selector("podSelector", &controller.labels, None, 10, &mut line);
                }
            }
        }
    }
    if !ports.is_all() {
        line(6, "ports:");
        for (protocol, first, last) in
            Protocol::ALL.into_iter().flat_map(|p| ports.ranges(p).into_iter().map(move |(a, b)| (p, a, b)))
        {
            line(8, &format!("- protocol: {}", protocol.as_str()));
            if (first, last) == (1, u16::MAX) {
                continue;
            }
            line(10, &format!("port: {first}"));
            if last > first {
                line(10, &format!("endPort: {last}"));
            }
        }
    }
    text
}

fn selector(
    field: &str,
    labels: &BTreeMap<String, String>,
    remark: Option<&str>,
    indent: usize,
    line: &mut impl FnMut(usize, &str),
) {
    let remark = remark.map_or(String::new(), |r| format!(" # {r}"));
    if labels.is_empty() {
        line(indent, &format!("{field}: {{}}{remark}"));
        return;
    }
    // Below a list item the keys are two further in.
    let inner = indent + if field.starts_with('-') { 4 } else { 2 };
    line(indent, &format!("{field}:{remark}"));
    line(inner, "matchLabels:");
    for (key, value) in labels {
        line(inner + 2, &format!("{}: {}", plain(key), plain(value)));
    }
}

/// Labels by which a selector finds the pods of a workload: those of its own selector where they are its alone, else
/// all of its pods. The remark names others that have them too.
fn telling_labels(scene: &Scene<'_>, workload: usize) -> (BTreeMap<String, String>, Option<String>) {
    let own = scene.workload(workload);
    let selected = |labels: &BTreeMap<String, String>| scene.cluster.select(own.key.namespace(), labels);
    let short = own.spec.selector.as_ref().and_then(|s| s.match_labels.clone()).unwrap_or_default();
    let fits = !short.is_empty() && selected(&short) == [workload];
    let labels = if fits { short } else { own.spec.pod_labels.clone() };
    if labels.is_empty() {
        return (labels, Some("the pods have no labels, so this means every pod of the namespace".into()));
    }
    let others: Vec<String> =
        selected(&labels).into_iter().filter(|w| *w != workload).map(|w| scene.workload(w).key.name.clone()).collect();
    let remark = (!others.is_empty()).then(|| format!("{} also means {}", pairs(&labels), others.join(", ")));
    (labels, remark)
}

/// Blocks of addresses, everything outside of private networks in the short way that people write it.
fn blocks(set: &AddressSet) -> Vec<(String, Vec<String>)> {
    let all = AddressSet::all_v4();
    let holes = all.difference(set);
    let cidrs = |set: &AddressSet| -> Vec<String> { set.ranges().into_iter().flat_map(|r| r.cidrs()).collect() };
    let (own, left) = (cidrs(set), cidrs(&holes));
    if !set.has_v6() && left.len() < own.len() {
        vec![("0.0.0.0/0".into(), left)]
    } else {
        own.into_iter().map(|c| (c, Vec::new())).collect()
    }
}

/// A name that no policy of the namespace has yet.
fn free_name(scene: &Scene<'_>, namespace: &str, title: &str, named: &mut Vec<String>) -> String {
    let clean: String = title
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
        .take(240)
        .collect();
    let taken = |name: &str| {
        scene.cluster.find(&ObjectKey::new("networking.k8s.io", "NetworkPolicy", namespace, name)).is_some()
            || named.iter().any(|n| *n == format!("{namespace}/{name}"))
    };
    let name = (1..)
        .map(|n| if n == 1 { clean.clone() } else { format!("{clean}-{n}") })
        .find(|n| !taken(n))
        .unwrap_or_default();
    named.push(format!("{namespace}/{name}"));
    name
}

/// A string as YAML: quoted where it could be taken for something else.
fn plain(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    let reserved =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    let number = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('/');
    if (word && !reserved) || number { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_yaml_would_misread_are_quoted() {
        for (text, expected) in [
            ("web", "web"),
            ("true", "\"true\""),
            ("1", "\"1\""),
            ("", "\"\""),
            ("a.b/c", "a.b/c"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("::/0", "\"::/0\""),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn everything_but_private_networks_is_one_block_with_holes() {
        let found = blocks(&AddressSet::all_v4().difference(&AddressSet::private()));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "0.0.0.0/0");
        assert!(found[0].1.contains(&"10.0.0.0/8".to_owned()));
    }
}
