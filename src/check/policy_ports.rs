//! The ports that policies speak of: they are those of pods.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::nearest::{self, named};
use super::policies::{network_policies, title};
use super::registry::family;
use super::scene::Scene;
use super::selection::{ports, some};
use crate::cluster::{Entry, Workload};
use crate::diagnostic::Code;
use crate::net::{PortSet, Protocol};
use crate::policy::{Direction, Peer, Peers, Policy, Rule, RulePorts};

family! {
    PolicyNamedPortUnmatched, "policy-named-port-unmatched", false, "A rule calls a port by a name that none of the pods has: it allows nothing there. For ingress the pods are those that the policy is about, for egress those that the rule sends to.";
    PolicyPortIsServicePort, "policy-port-is-service-port", false, "A rule has the port of a Service, and the pods behind the Service listen on another one. Policies see traffic after the Service has translated it, so a rule must name the port of the pods (https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    for (entry, policy) in network_policies(scene) {
        for direction in Direction::ALL {
            for rule in policy.rules(direction).unwrap_or_default() {
                let targets = targets(scene, policy, direction, rule);
                if !targets.is_empty() {
                    by_name(scene, (entry, policy), direction, rule, &targets);
                    by_number(scene, (entry, policy), rule, &targets);
                }
            }
        }
    }
}

/// The workloads whose ports a rule speaks of; none if they may be others as well.
fn targets<'a>(scene: &Scene<'a>, policy: &Policy, direction: Direction, rule: &Rule) -> Vec<&'a Workload> {
    let indices: BTreeSet<usize> = match (direction, &rule.peers) {
        (Direction::Ingress, _) => scene.pods.meant(scene.cluster, &policy.subject).into_iter().collect(),
        (Direction::Egress, Peers::Everybody) => return Vec::new(),
        (Direction::Egress, Peers::AnyOf(peers)) => {
            let mut all = BTreeSet::new();
            for peer in peers {
                let Peer::Pods(selection) = peer else { return Vec::new() };
                let meant = scene.pods.meant(scene.cluster, selection);
                if meant.is_empty() {
                    return Vec::new();
                }
                all.extend(meant);
            }
            all
        }
    };
    indices.into_iter().map(|w| &scene.cluster.workloads()[w]).collect()
}

/// The workloads in a sentence.
fn whose(targets: &[&Workload]) -> String {
    some(&targets.iter().map(|w| named(w)).collect::<Vec<_>>())
}

/// The place of an entry of `ports` with a value.
fn field(entry: &Entry, rule: &Rule, value: &str) -> String {
    let list = entry.object.tree.find(&format!("{}.ports", rule.field));
    let is = |t: &crate::manifest::Tree| {
        let port = t.get("port");
        port.is_some_and(|p| p.as_str() == Some(value) || p.as_i64().is_some_and(|n| n.to_string() == value))
    };
    let index = list.and_then(|l| l.items().iter().position(is));
    match index {
        Some(index) => format!("{}.ports[{index}].port", rule.field),
        None => format!("{}.ports", rule.field),
    }
}

fn by_name(
    scene: &mut Scene<'_>,
    (entry, policy): (&Entry, &Policy),
    direction: Direction,
    rule: &Rule,
    targets: &[&Workload],
) {
    for port in rule.ports.named() {
        let declared: Vec<_> = targets.iter().flat_map(|w| ports(w)).collect();
        let fits = |p: &crate::net::ContainerPort| p.name == port.name && port.protocol.is_none_or(|q| q == p.protocol);
        if declared.iter().any(fits) {
            continue;
        }
        // Of every pod of several namespaces nobody means the same port.
        if direction == Direction::Egress && targets.len() > 8 {
            continue;
        }
        let wrong = declared.iter().find(|p| p.name == port.name).map(|p| p.protocol);
        let names: BTreeSet<&str> = declared.iter().map(|p| p.name.as_str()).filter(|n| !n.is_empty()).collect();
        let likely = nearest::name(&port.name, names.iter().copied()).map(str::to_owned);
        let there: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let (hint, help) = match (wrong, likely, there.as_slice()) {
            (Some(protocol), _, _) => (
                format!(": the port of that name is {}", protocol.as_str()),
                format!("add `protocol: {}`", protocol.as_str()),
            ),
            (None, Some(likely), _) => (format!("; there is {likely}"), format!("`port: {likely}` is probably meant")),
            (None, None, []) => (": its ports have no names".to_owned(), "use the number of the port".to_owned()),
            (None, None, there) => {
                (format!("; there is {}", some(there)), "use the name that the containers give the port".to_owned())
            }
        };
        let message =
            format!("{} speaks of port {}, and {} has no such port{hint}", title(policy), port.name, whose(targets));
        let related =
            targets.first().map(|w| (&scene.cluster.entries()[w.entry], format!("{}.containers", w.spec.pod_path)));
        let at = field(entry, rule, &port.name);
        let report = scene.report(Code::PolicyNamedPortUnmatched, entry, &at, message).help(help);
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

fn by_number(scene: &mut Scene<'_>, (entry, policy): (&Entry, &Policy), rule: &Rule, targets: &[&Workload]) {
    let RulePorts::Some { fixed, .. } = &rule.ports else { return };
    let declared: Vec<_> = targets.iter().flat_map(|w| ports(w)).collect();
    for protocol in Protocol::ALL {
        let single = fixed.ranges(protocol).into_iter().filter(|(a, b)| a == b).map(|(a, _)| a);
        for number in single {
            if declared.iter().any(|p| p.protocol == protocol && p.number == number) {
                continue;
            }
            let found = targets.iter().find_map(|w| translated(scene, w, protocol, number));
            let Some(Translated { service, index, pods }) = found else { continue };
            // Who lists both is right, and only says too much.
            let known = pods.iter().fold(PortSet::none(), |s, n| s.union(&PortSet::port(protocol, *n)));
            let allowed = rule.ports.at(&declared);
            if pods.is_empty() || pods.contains(&number) || known.difference(&allowed).is_empty() {
                continue;
            }
            let list: Vec<String> = pods.iter().map(u16::to_string).collect();
            let message = format!(
                "{} speaks of port {number}, the port of Service {}/{}; {} listens on {}",
                title(policy),
                service.key.namespace(),
                service.key.name,
                whose(targets),
                some(&list)
            );
            let at = field(entry, rule, &number.to_string());
            scene
                .report(Code::PolicyPortIsServicePort, entry, &at, message)
                .related(service, &format!("spec.ports[{index}]"), "the Service translates it here")
                .help(format!(
                    "policies see traffic after the Service has translated it: `port: {}` is probably meant",
                    list[0]
                ));
        }
    }
}

/// The Service that has a port which leads to another port of the pods of a workload.
fn translated<'a>(scene: &Scene<'a>, workload: &Workload, protocol: Protocol, number: u16) -> Option<Translated<'a>> {
    let labels = scene.cluster.template_labels(workload);
    let selects = |selector: &std::collections::BTreeMap<String, String>| {
        !selector.is_empty() && selector.iter().all(|(k, v)| labels.get(k) == Some(v))
    };
    let own = ports(workload);
    scene.cluster.services().filter(|(e, _)| e.key.namespace() == workload.key.namespace()).find_map(
        |(service, body)| {
            let spec = body.spec.as_ref().filter(|s| s.selector.as_ref().is_some_and(&selects))?;
            // Without an address of its own a Service translates nothing.
            if spec.cluster_ip.as_deref() == Some("None") {
                return None;
            }
            let listed = spec.ports.as_deref().unwrap_or_default();
            let same = |p: &k8s_openapi::api::core::v1::ServicePort| {
                p.port == i32::from(number) && p.protocol.as_deref().unwrap_or("TCP") == protocol.as_str()
            };
            let index = listed.iter().position(same)?;
            let pods: Vec<u16> = match &listed[index].target_port {
                Some(IntOrString::Int(n)) => u16::try_from(*n).into_iter().filter(|n| *n > 0).collect(),
                Some(IntOrString::String(name)) => {
                    let named = own.iter().filter(|p| p.name == *name && p.protocol == protocol).map(|p| p.number);
                    named.collect()
                }
                None => return None,
            };
            Some(Translated { service, index, pods })
        },
    )
}
