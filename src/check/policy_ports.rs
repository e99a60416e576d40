//! The ports that policies mention: they are those of pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::nearest::named;
use super::policies::{network_policies, title};
use super::policy_others::policies_of_others;
use super::registry::family;
use super::scene::Scene;
use super::selection::{ports, some};
use crate::cluster::{Cluster, Entry, Workload};
use crate::diagnostic::Code;
use crate::manifest::Tree;
use crate::net::near::Names;
use crate::net::{ContainerPort, Protocol};
use crate::policy::{Direction, Peer, Peers, Policy, Rule, RulePorts};

family! {
    PolicyNamedPortUnmatched, "policy-named-port-unmatched", false, "A rule calls a port by a name that none of the pods has: it allows nothing there. For ingress the pods are those that the policy is about, for egress those that the rule sends to.";
    PolicyPortIsServicePort, "policy-port-is-service-port", false, "A rule has the port of a Service, and the pods behind the Service listen on another one. Policies see traffic after the Service has translated it, so a rule must name the port of the pods (https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let services = services(scene.cluster);
    let mut told = BTreeSet::new();
    for (entry, policy) in network_policies(scene).into_iter().chain(policies_of_others(scene)) {
        for direction in Direction::ALL {
            let mut known: Option<Targets<'_>> = None;
            for rule in policy.rules(direction).unwrap_or_default() {
                let indices = targets(scene, policy, direction, rule);
                if indices.is_empty() {
                    continue;
                }
                let targets = match known.take().filter(|k| k.indices == indices) {
                    Some(known) => known,
                    None => Targets::of(scene.cluster, &services, indices),
                };
                let targets = known.insert(targets);
                // A rule of a mesh may be several here.
                if policy.is_of_another_project() && !told.insert(rule.at) {
                    continue;
                }
                let place = Place::of(entry, policy, rule);
                by_name(scene, &place, direction, targets);
                by_number(scene, &place, targets);
            }
        }
    }
}

/// A rule, and where it is.
struct Place<'a> {
    entry: &'a Entry,
    policy: &'a Policy,
    rule: &'a Rule,
    /// The first place of each value of `port` in the list of the rule's ports.
    fields: BTreeMap<String, usize>,
}

impl<'a> Place<'a> {
    fn of(entry: &'a Entry, policy: &'a Policy, rule: &'a Rule) -> Place<'a> {
        let list = entry.object.tree.find(&format!("{}.ports", rule.field));
        let mut fields = BTreeMap::new();
        for (index, item) in list.map(Tree::items).unwrap_or_default().iter().enumerate() {
            let port = item.get("port");
            let value = port.and_then(|p| p.as_str().map(str::to_owned).or_else(|| p.as_i64().map(|n| n.to_string())));
            if let Some(value) = value {
                fields.entry(value).or_insert(index);
            }
        }
        Place { entry, policy, rule, fields }
    }

    /// The place of an entry of `ports` with a value.
    fn field(&self, value: &str) -> String {
        match self.fields.get(value) {
            Some(index) => format!("{}.ports[{index}].port", self.rule.field),
            None => format!("{}.ports", self.rule.field),
        }
    }
}

/// The Services that select each workload, in order.
type Selecting<'a> = BTreeMap<usize, Vec<(&'a Entry, &'a Service)>>;

fn services(cluster: &Cluster) -> Selecting<'_> {
    let mut found: Selecting<'_> = BTreeMap::new();
    for (entry, service) in cluster.services() {
        let Some(selector) = service.spec.as_ref().and_then(|s| s.selector.as_ref()) else { continue };
        for workload in cluster.select(entry.key.namespace(), selector) {
            let labels = cluster.template_labels(&cluster.workloads()[workload]);
            if selector.iter().all(|(k, v)| labels.get(k) == Some(v)) {
                found.entry(workload).or_default().push((entry, service));
            }
        }
    }
    found
}

/// The workloads whose ports a rule mentions; none if they may be others as well.
fn targets(scene: &Scene<'_>, policy: &Policy, direction: Direction, rule: &Rule) -> BTreeSet<usize> {
    match (direction, &rule.peers) {
        (Direction::Ingress, _) => scene.pods.meant(scene.cluster, &policy.subject).iter().copied().collect(),
        (Direction::Egress, Peers::Everybody) => BTreeSet::new(),
        (Direction::Egress, Peers::AnyOf(peers)) => {
            let mut all = BTreeSet::new();
            for peer in peers {
                let Peer::Pods(selection) = peer else { return BTreeSet::new() };
                let meant = scene.pods.meant(scene.cluster, selection);
                if meant.is_empty() {
                    return BTreeSet::new();
                }
                all.extend(meant.iter().copied());
            }
            all
        }
    }
}

/// The workloads whose ports a rule mentions, and what these are.
struct Targets<'a> {
    indices: BTreeSet<usize>,
    workloads: Vec<&'a Workload>,
    /// The workloads in a sentence.
    whose: String,
    declared: Vec<ContainerPort>,
    numbers: BTreeSet<(Protocol, u16)>,
    named: BTreeMap<String, Vec<Protocol>>,
    names: Names<String>,
    /// The first Service with a port, as the pods of the first workload behind it see it.
    translated: BTreeMap<(Protocol, u16), Translated<'a>>,
}

impl<'a> Targets<'a> {
    fn of(cluster: &'a Cluster, services: &Selecting<'a>, indices: BTreeSet<usize>) -> Targets<'a> {
        let workloads: Vec<&Workload> = indices.iter().map(|w| &cluster.workloads()[*w]).collect();
        let declared: Vec<ContainerPort> = workloads.iter().flat_map(|w| ports(w)).collect();
        let mut named: BTreeMap<String, Vec<Protocol>> = BTreeMap::new();
        for port in declared.iter().filter(|p| !p.name.is_empty()) {
            let protocols = named.entry(port.name.clone()).or_default();
            if !protocols.contains(&port.protocol) {
                protocols.push(port.protocol);
            }
        }
        let mut translated = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (index, workload) in indices.iter().zip(&workloads) {
            for (entry, service) in services.get(index).into_iter().flatten() {
                if seen.insert(&entry.key) {
                    translate(entry, service, workload, &mut translated);
                }
            }
        }
        Targets {
            whose: whose(&workloads),
            numbers: declared.iter().map(|p| (p.protocol, p.number)).collect(),
            names: Names::new(named.keys().cloned()),
            indices,
            workloads,
            declared,
            named,
            translated,
        }
    }
}

/// The workloads in a sentence.
fn whose(targets: &[&Workload]) -> String {
    some(&targets.iter().map(|w| self::named(w)).collect::<Vec<_>>())
}

fn by_name(scene: &mut Scene<'_>, place: &Place<'_>, direction: Direction, targets: &Targets<'_>) {
    for port in place.rule.ports.named() {
        let there = targets.named.get(&port.name);
        if there.is_some_and(|all| port.protocol.is_none_or(|protocol| all.contains(&protocol))) {
            continue;
        }
        // Of every pod of several namespaces nobody means the same port.
        if direction == Direction::Egress && targets.workloads.len() > 8 {
            continue;
        }
        let wrong = there.and_then(|all| all.first());
        let (hint, help) = match (wrong, targets.names.nearest(&port.name)) {
            (Some(protocol), _) => (
                format!(": the port of that name is {}", protocol.as_str()),
                format!("add `protocol: {}`", protocol.as_str()),
            ),
            (None, Some(likely)) => (format!("; there is {likely}"), format!("`port: {likely}` is probably meant")),
            (None, None) if targets.named.is_empty() => {
                (": its ports have no names".to_owned(), "use the number of the port".to_owned())
            }
            (None, None) => {
                let there: Vec<&String> = targets.named.keys().collect();
                (format!("; there is {}", some(&there)), "use the name that the containers give the port".to_owned())
            }
        };
        let message =
            format!("{} names port {}, and {} has no such port{hint}", title(place.policy), port.name, targets.whose);
        let first = targets.workloads.first();
        let related = first.map(|w| (&scene.cluster.entries()[w.entry], format!("{}.containers", w.spec.pod_path)));
        let at = place.field(&port.name);
        let report = scene.report(Code::PolicyNamedPortUnmatched, place.entry, &at, message).help(help);
        if let Some((entry, path)) = related {
            report.related(entry, &path, "its containers");
        }
    }
}

/// A port of a Service that is another one at the pods.
struct Translated<'a> {
    service: &'a Entry,
    index: usize,
    pods: Vec<u16>,
}

fn by_number(scene: &mut Scene<'_>, place: &Place<'_>, targets: &Targets<'_>) {
    let RulePorts::Some { fixed, .. } = &place.rule.ports else { return };
    if targets.translated.is_empty() {
        return;
    }
    let allowed = place.rule.ports.at(&targets.declared);
    for protocol in Protocol::ALL {
        let single = fixed.ranges(protocol).into_iter().filter(|(a, b)| a == b).map(|(a, _)| a);
        for number in single.filter(|n| !targets.numbers.contains(&(protocol, *n))) {
            let Some(Translated { service, index, pods }) = targets.translated.get(&(protocol, number)) else {
                continue;
            };
            // Who lists both is right, and only says too much.
            let known = || pods.iter().all(|n| allowed.contains(protocol, *n));
            if pods.is_empty() || pods.contains(&number) || known() {
                continue;
            }
            let list: Vec<String> = pods.iter().map(u16::to_string).collect();
            let message = format!(
                "{} names port {number}, the port of Service {}/{}; {} listens on {}",
                title(place.policy),
                service.key.namespace(),
                service.key.name,
                targets.whose,
                some(&list)
            );
            scene
                .report(Code::PolicyPortIsServicePort, place.entry, &place.field(&number.to_string()), message)
                .related(service, &format!("spec.ports[{index}]"), "the Service translates it here")
                .help(format!(
                    "policies see traffic after the Service has translated it: `port: {}` is probably meant",
                    list[0]
                ));
        }
    }
}

/// Adds the ports of a Service which lead to other ports of the pods of a workload.
fn translate<'a>(
    entry: &'a Entry,
    service: &Service,
    workload: &Workload,
    found: &mut BTreeMap<(Protocol, u16), Translated<'a>>,
) {
    // Without an address of its own a Service translates nothing.
    let Some(spec) = service.spec.as_ref().filter(|s| s.cluster_ip.as_deref() != Some("None")) else { return };
    let own = ports(workload);
    let mut seen = BTreeSet::new();
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let protocol = Protocol::from_name(port.protocol.as_deref().unwrap_or("TCP"));
        let (Some(protocol), Ok(number)) = (protocol, u16::try_from(port.port)) else { continue };
        if !seen.insert((protocol, number)) {
            continue;
        }
        let pods: Vec<u16> = match &port.target_port {
            Some(IntOrString::Int(n)) => u16::try_from(*n).into_iter().filter(|n| *n > 0).collect(),
            Some(IntOrString::String(name)) => {
                own.iter().filter(|p| p.name == *name && p.protocol == protocol).map(|p| p.number).collect()
            }
            None => continue,
        };
        found.entry((protocol, number)).or_insert(Translated { service: entry, index, pods });
    }
}
