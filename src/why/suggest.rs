//! The smallest change that would allow what is denied: for each side that lacks a rule a NetworkPolicy that adds it,
//! or the rule to change.

use std::collections::BTreeMap;

use super::Scene;
use super::answer::Change;
use super::ends::{End, Judged};
use crate::inert::{self, Entry, Yaml};
use crate::net::{AddressSet, ObjectKey, PortSet, Protocol};
use crate::policy::{AbsentController, Direction, Effect, Reason, Ruling, Tier};
use crate::world::World;

/// So many pairs get a change; whoever asks for more wants another policy than this can propose.
const MOST: usize = 4;

/// So many workloads are named that the labels of another one select too.
const NAMED: usize = 5;

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
                        let why = match &policy.tier {
                            Tier::Mesh if policy.key.kind == "PeerAuthentication" => {
                                "give the source a proxy of the mesh, or make the mode PERMISSIVE for that port"
                            }
                            Tier::Mesh | Tier::Calico(..) => "no NetworkPolicy can overrule that: change the rule",
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
                    None => match closed_elsewhere(scene, &part.because, (direction, other, &part.ports)) {
                        Some(text) => changes.push(Change::Edit(text)),
                        None => lacking = lacking.union(&part.ports),
                    },
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

/// What to change where policies deny at the end of a tier that a NetworkPolicy is not in.
fn closed_elsewhere(
    scene: &Scene<'_>,
    because: &[Reason],
    (direction, other, lacking): (Direction, &End, &PortSet),
) -> Option<String> {
    let policies = scene.connectivity.policies();
    let closing = because.iter().filter(|r| r.effect == Effect::Isolate).map(|r| &policies[r.policy]);
    let mut closing = closing.filter(|p| p.tier != Tier::Network);
    let first = closing.next()?;
    let more = if closing.next().is_some() { ", or another policy of its tier," } else { "" };
    let how = match (first.key.kind.as_str(), direction) {
        ("AuthorizationPolicy", Direction::Ingress) => authorization(scene, other, lacking),
        _ => String::new(),
    };
    Some(format!("{} ({}){more} would have to allow it: no NetworkPolicy can{how}", first.key, scene.place(first.at)))
}

/// The rule of an AuthorizationPolicy that would allow a source
/// (<https://istio.io/latest/docs/reference/config/security/authorization-policy/#Rule>).
fn authorization(scene: &Scene<'_>, source: &End, ports: &PortSet) -> String {
    let End::Workload(index) = source else { return String::new() };
    let workload = scene.workload(*index);
    let account = workload.spec.pod.service_account_name.as_deref().filter(|a| !a.is_empty()).unwrap_or("default");
    let principal = format!("cluster.local/ns/{}/sa/{account}", workload.key.namespace());
    let of_tcp = ports.ranges(Protocol::Tcp);
    let single: Option<Vec<String>> = of_tcp.iter().map(|(a, b)| (a == b).then(|| format!("\"{a}\""))).collect();
    let to = match single.filter(|list| !list.is_empty()) {
        Some(list) => format!(", to: [{{operation: {{ports: [{}]}}}}]", list.join(", ")),
        None => String::new(),
    };
    format!("; the rule is `- {{from: [{{source: {{principals: [\"{principal}\"]}}}}]{to}}}`")
}

/// A NetworkPolicy that lets a workload ask the cluster's DNS, whose pods the input does not hold
/// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic>).
pub(super) fn dns(scene: &Scene<'_>, workload: usize) -> Change {
    let subject = &scene.workload(workload).key;
    let labels = [("k8s-app".to_owned(), "kube-dns".to_owned())].into_iter().collect();
    let peer = Yaml::Map(vec![namespace_selector("kube-system", None), selector("podSelector", &labels)]);
    let ports = PortSet::port(Protocol::Udp, 53).with(&PortSet::port(Protocol::Tcp, 53));
    let rule = vec![Entry::new("to", Yaml::List(vec![peer])), Entry::new("ports", port_list(&ports))];
    let name = free_name(scene, subject.namespace(), &format!("{}-to-dns", subject.name), &mut Vec::new());
    Change::Add(policy(scene, workload, (&name, "Egress", "egress"), rule))
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
    let other_name = match other {
        End::Workload(index) => scene.workload(*index).key.name.as_str(),
        End::Addresses(_) => "addresses",
        End::Controller => "ingress-controller",
    };
    let (word, list, kind) = match direction {
        Direction::Egress => ("egress", "to", "Egress"),
        Direction::Ingress => ("ingress", "from", "Ingress"),
    };
    let name = free_name(scene, subject.namespace(), &format!("{}-{list}-{other_name}", subject.name), named);
    let mut rule = vec![Entry::new(list, Yaml::List(peers(scene, subject.namespace(), other)))];
    if !ports.is_all() {
        rule.push(Entry::new("ports", port_list(ports)));
    }
    policy(scene, workload, (&name, kind, word), rule)
}

/// A NetworkPolicy about the pods of a workload, with a rule: its name, its type, and the field of its rules.
fn policy(scene: &Scene<'_>, workload: usize, (name, kind, word): (&str, &str, &str), rule: Vec<Entry>) -> String {
    let spec = vec![
        pod_selector(scene, workload),
        Entry::new("policyTypes", Yaml::List(vec![Yaml::text(kind)])),
        Entry::new(word, Yaml::List(vec![Yaml::Map(rule)])),
    ];
    let namespace = scene.workload(workload).key.namespace();
    let metadata = vec![Entry::new("name", Yaml::text(name)), Entry::new("namespace", Yaml::text(namespace))];
    let policy = vec![
        Entry::new("apiVersion", Yaml::text("networking.k8s.io/v1")),
        Entry::new("kind", Yaml::text("NetworkPolicy")),
        Entry::new("metadata", Yaml::Map(metadata)),
        Entry::new("spec", Yaml::Map(spec)),
    ];
    Yaml::Map(policy).document()
}

/// The peers of a rule about an end, seen from a namespace.
fn peers(scene: &Scene<'_>, from: &str, other: &End) -> Vec<Yaml> {
    match other {
        End::Workload(index) => {
            let namespace = scene.workload(*index).key.namespace();
            let mut peer = Vec::new();
            if namespace != from {
                peer.push(namespace_selector(namespace, None));
            }
            peer.push(pod_selector(scene, *index));
            vec![Yaml::Map(peer)]
        }
        End::Addresses(set) => {
            let block = |(cidr, except): (String, Vec<String>)| {
                let mut block = vec![Entry::new("cidr", Yaml::Text(cidr))];
                if !except.is_empty() {
                    block.push(Entry::new("except", Yaml::List(except.into_iter().map(Yaml::Text).collect())));
                }
                Yaml::Map(vec![Entry::new("ipBlock", Yaml::Map(block))])
            };
            blocks(set).into_iter().map(block).collect()
        }
        End::Controller => {
            let peer = |controller: &AbsentController| {
                let mut peer = vec![match &controller.namespace {
                    Some(name) => namespace_selector(name, None),
                    None => namespace_selector("ingress-nginx", Some(PLACEHOLDER)),
                }];
                if !controller.labels.is_empty() {
                    peer.push(selector("podSelector", &controller.labels));
                }
                Yaml::Map(peer)
            };
            scene.connectivity.absent_controllers().iter().map(peer).collect()
        }
    }
}

/// The comment beside a namespace that can only be guessed.
const PLACEHOLDER: &str = "put the namespace of the ingress controller here";

fn namespace_selector(name: &str, remark: Option<&str>) -> Entry {
    let label = Entry::new("kubernetes.io/metadata.name", Yaml::text(name)).remarked(remark.map(str::to_owned));
    let labels = Yaml::Map(vec![label]);
    Entry::new("namespaceSelector", Yaml::Map(vec![Entry::new("matchLabels", labels)]))
}

fn selector(field: &str, labels: &BTreeMap<String, String>) -> Entry {
    let terms = if labels.is_empty() { Vec::new() } else { vec![Entry::new("matchLabels", Yaml::texts(labels))] };
    Entry::new(field, Yaml::Map(terms))
}

/// The selector of the pods of a workload, with a comment where it finds more than these.
fn pod_selector(scene: &Scene<'_>, workload: usize) -> Entry {
    let (labels, remark) = telling_labels(scene, workload);
    selector("podSelector", &labels).remarked(remark)
}

/// The selector of the pods of a workload as proposals have it, as YAML.
pub fn pod_selector_text(world: &World, workload: usize) -> String {
    Yaml::Map(vec![pod_selector(&Scene::new(world, None), workload)]).document()
}

fn port_list(ports: &PortSet) -> Yaml {
    let ranges =
        Protocol::ALL.into_iter().flat_map(|p| ports.ranges(p).into_iter().map(move |(from, to)| (p, from, to)));
    let port = |(protocol, first, last): (Protocol, u16, u16)| {
        let mut port = vec![Entry::new("protocol", Yaml::text(protocol.as_str()))];
        if (first, last) != (1, u16::MAX) {
            port.push(Entry::new("port", Yaml::Number(first.into())));
            port.extend((last > first).then(|| Entry::new("endPort", Yaml::Number(last.into()))));
        }
        Yaml::Map(port)
    };
    Yaml::List(ranges.map(port).collect())
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
    let others: Vec<usize> = selected(&labels).into_iter().filter(|w| *w != workload).collect();
    let mut names: Vec<String> = others.iter().take(NAMED).map(|w| inert::word(&scene.workload(*w).key.name)).collect();
    if others.len() > NAMED {
        names.push(format!("{} more", others.len() - NAMED));
    }
    let remark = (!names.is_empty()).then(|| format!("these labels also select {}", names.join(", ")));
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

/// The most characters of a proposed name: a DNS label, with room for a number.
const LONGEST: usize = 56;

/// A name that no policy of the namespace has yet, and that a policy may have.
fn free_name(scene: &Scene<'_>, namespace: &str, title: &str, named: &mut Vec<String>) -> String {
    let letters = title.chars().map(|c| if c == '.' { '-' } else { c });
    let letters = letters.filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
    let clean: String = letters.take(LONGEST).collect();
    let clean = match clean.trim_matches('-') {
        "" => "allow",
        clean => clean,
    };
    let taken = |name: &str| {
        scene.cluster.find(&ObjectKey::new("networking.k8s.io", "NetworkPolicy", namespace, name)).is_some()
            || named.iter().any(|n| *n == format!("{namespace}/{name}"))
    };
    let name = (1..)
        .map(|n| if n == 1 { clean.to_owned() } else { format!("{clean}-{n}") })
        .find(|n| !taken(n))
        .unwrap_or_default();
    named.push(format!("{namespace}/{name}"));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_private_networks_is_one_block_with_holes() {
        let found = blocks(&AddressSet::all_v4().difference(&AddressSet::private()));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "0.0.0.0/0");
        assert!(found[0].1.contains(&"10.0.0.0/8".to_owned()));
    }
}
