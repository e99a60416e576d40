//! What policies deny that something needs, and what they leave open.

use std::collections::{BTreeMap, BTreeSet};

use super::exposure::openers;
use super::nearest::named;
use super::policies::{network_policies, title};
use super::registry::family;
use super::scene::Scene;
use super::selection::{on_host, some};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::net::{NAMESPACE_NAME, ObjectKey};
use crate::policy::{
    Action, Certainty, Direction, Effect, Entrance, Isolation, NamespaceSelection, Origin, Peer, Peers, Policy, Tier,
    Way,
};
use crate::resolve::{DnsAccess, DnsDenial, leads_to_pods};

family! {
    DnsEgressBlocked, "dns-egress-blocked", true, "Policies let pods connect to others, and to nothing that could be the DNS of the cluster: names of Services cannot be looked up, so connections by name fail before they begin. A rule for DNS has UDP and TCP port 53, in OpenShift 5353 (https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic). Pods that may send nothing at all, or only to addresses, are left in peace.";
    BackendBlockedByPolicy, "backend-blocked-by-policy", false, "An Ingress, a route or a Service opens a workload to the outside, and policies deny whoever brings the requests: they time out. If the input does not hold the ingress controller this rests on what is usual, and is a warning.";
    NamespaceWithoutDefaultDeny, "namespace-without-default-deny", false, "Policies limit some pods of a namespace in a direction, and no policy selects the others: these are open. A policy with an empty `podSelector` closes a namespace, so that each connection has to be allowed (https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies). Namespaces without any policy are left in peace.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    dns(scene);
    backends(scene);
    defaults(scene);
}

fn dns(scene: &mut Scene<'_>) {
    let (cluster, connectivity) = (scene.cluster, scene.connectivity);
    let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for &index in &scene.facts.without_dns {
        let isolation = connectivity.isolation(index, Direction::Egress).without_mesh(connectivity);
        let home = cluster.workloads()[index].key.namespace();
        if !isolation.isolating.is_empty() && !scene.is_ruled_otherwise(home) {
            groups.entry(isolation.isolating).or_default().push(index);
        }
    }
    for (policies, workloads) in groups {
        let all = connectivity.policies();
        // The one that lets something out is the one that lacks the rule.
        let speaking = policies
            .iter()
            .map(|p| &all[*p])
            .find(|p| p.rules(Direction::Egress).unwrap_or_default().iter().any(leads_to_pods));
        let Some((policy, entry)) = speaking.and_then(|p| Some((p, scene.find(&p.key)?))) else {
            continue;
        };
        let names: Vec<String> = workloads.iter().map(|w| named(&cluster.workloads()[*w])).collect();
        let verb = if names.len() == 1 { "it cannot" } else { "they cannot" };
        let tcp_only = workloads.iter().find_map(|w| match scene.facts.dns_of(*w) {
            DnsAccess::Denied(DnsDenial::TcpOnly(rule)) => Some(rule),
            _ => None,
        });
        let cause = if tcp_only.is_some() { "DNS through over UDP, which is asked first" } else { "DNS through" };
        let message = format!(
            "{} lets {} connect to others, and nothing lets {cause}: {verb} look up names",
            title(policy),
            some(&names)
        );
        let related = &cluster.entries()[cluster.workloads()[workloads[0]].entry];
        let call = scene.calls.found.iter().find(|c| workloads.binary_search(&c.workload).is_ok());
        let mut report = scene.report(Code::DnsEgressBlocked, entry, "spec.egress", message);
        // That names are used is sure where one is written.
        report = match call.and_then(|c| c.said.first().map(|said| (c, said))) {
            Some((call, said)) => {
                let service = &cluster.entries()[call.service].key.name;
                report.severity(Severity::Error).related_at(said.at, format!("the name {service} has to be looked up"))
            }
            None => report.related(related, "", "cannot look up names"),
        };
        if let Some(rule) = tcp_only.and_then(|at| all[at.policy].rules(Direction::Egress)?.get(at.rule)) {
            report = report.related_at(rule.at, "TCP alone, which is what a port without a protocol means");
        }
        report
            .help(format!(
                "add a rule to egress: `- to: [{{namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: kube-system}}}}}}]` with `ports: [{{protocol: UDP, port: 53}}, {{protocol: TCP, port: 53}}]`"
            ));
    }
}

fn backends(scene: &mut Scene<'_>) {
    let (cluster, connectivity) = (scene.cluster, scene.connectivity);
    let openers = openers(scene);
    let mut told: BTreeSet<(&ObjectKey, usize)> = BTreeSet::new();
    for entrance in connectivity.entrances() {
        let workload = &cluster.workloads()[entrance.workload];
        let admission = connectivity.admission(entrance);
        let all = connectivity.policies();
        let denying: Vec<&Policy> = {
            let guilty = admission.because.iter().filter(|r| matches!(r.effect, Effect::Isolate | Effect::Deny));
            let ids: BTreeSet<usize> = guilty.map(|r| r.policy).collect();
            ids.into_iter().map(|p| &all[p]).collect()
        };
        if !admission.ports.is_empty()
            || admission.certainty == Certainty::Undetermined
            || denying.is_empty()
            || scene.is_ruled_otherwise(workload.key.namespace())
            || may_mean_unseen(scene, entrance)
        {
            continue;
        }
        let Some(entry) = openers.get(&entrance.by).copied() else { continue };
        if !told.insert((&entrance.by, entrance.workload)) {
            continue;
        }
        blocked(scene, entry, entrance, &denying);
    }
}

fn blocked(scene: &mut Scene<'_>, entry: &Entry, entrance: &Entrance, denying: &[&Policy]) {
    let cluster = scene.cluster;
    let workload = &cluster.workloads()[entrance.workload];
    let names: Vec<String> = denying.iter().map(|p| title(p)).collect();
    let by = format!("{} {}/{}", entry.key.kind, entry.key.namespace(), entry.key.name);
    let ports = &entrance.ports;
    let verb = if names.len() == 1 { "denies" } else { "deny" };
    let (message, help, severity) = match &entrance.way {
        Way::Direct { from, .. } => {
            let whom = if *from == Origin::Internet { "the Internet" } else { "the outside" };
            let opened = if entrance.by == workload.key { "itself".to_owned() } else { named(workload) };
            (
                format!("{by} opens {opened} to {whom} on {ports}, and {} {verb} it", some(&names)),
                format!(
                    "add an ingress rule that lets everybody in on {ports}, or leave the Service inside the cluster"
                ),
                Severity::Warning,
            )
        }
        Way::Controller(known) if known.is_empty() => (
            format!(
                "{by} sends to {} on {ports}, and {} {verb} whoever is not listed there, the ingress controller too",
                named(workload),
                some(&names)
            ),
            format!(
                "add an ingress rule from the namespace of the ingress controller on {ports}; --ingress-controller says which pods it is if a rule is meant for it"
            ),
            Severity::Warning,
        ),
        Way::Controller(known) => {
            let controllers: Vec<String> = known.iter().map(|&w| named(&cluster.workloads()[w])).collect();
            let homes: BTreeSet<&str> = known.iter().map(|&w| cluster.workloads()[w].key.namespace()).collect();
            let homes: Vec<&str> = homes.into_iter().collect();
            (
                format!(
                    "{by} sends to {} on {ports}, and {} {verb} the ingress controller, {}",
                    named(workload),
                    some(&names),
                    some(&controllers)
                ),
                format!(
                    "add an ingress rule on {ports}: `- from: [{{namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: {}}}}}}}]`",
                    homes.join(", ")
                ),
                Severity::Error,
            )
        }
    };
    let related: Vec<&Entry> = denying.iter().take(3).filter_map(|p| scene.find(&p.key)).collect();
    let mut report = scene.report(Code::BackendBlockedByPolicy, entry, "", message).help(help).severity(severity);
    for policy in related {
        report = report.related(policy, "spec.podSelector", "selects the pods and does not let it in");
    }
}

/// Whether rules about a workload may mean an ingress controller that the manifests do not contain: they mention
/// namespaces or addresses of which it knows nothing.
fn may_mean_unseen(scene: &Scene<'_>, entrance: &Entrance) -> bool {
    if !matches!(&entrance.way, Way::Controller(known) if known.is_empty()) {
        return false;
    }
    let policies = scene.connectivity.policies();
    let about = scene.connectivity.isolation(entrance.workload, Direction::Ingress);
    let rules = about
        .isolating
        .iter()
        .chain(&about.tiers)
        .flat_map(|p| policies[*p].rules(Direction::Ingress).unwrap_or_default());
    rules.filter(|r| r.action == Action::Allow).any(|rule| match &rule.peers {
        Peers::Everybody => false,
        Peers::AnyOf(peers) => peers.iter().any(|peer| match peer {
            Peer::Addresses(_) | Peer::Nodes | Peer::Names(_) | Peer::Untold(..) => true,
            Peer::Pods(selection) => {
                let elsewhere = matches!(selection.namespaces, NamespaceSelection::Labeled(_));
                elsewhere && scene.pods.meant(scene.cluster, selection).is_empty()
            }
        }),
    })
}

fn defaults(scene: &mut Scene<'_>) {
    let (cluster, connectivity) = (scene.cluster, scene.connectivity);
    // The first policy of each namespace that has something to say in a direction.
    let mut first: BTreeMap<(&str, Direction), &Entry> = BTreeMap::new();
    for (entry, policy) in network_policies(scene) {
        for direction in Direction::ALL.into_iter().filter(|d| policy.rules(*d).is_some()) {
            first.entry((entry.key.namespace(), direction)).or_insert(entry);
        }
    }
    // Who is allowed everything is not limited, though a policy selects it.
    for ((namespace, direction), policy) in first {
        if scene.is_ruled_otherwise(namespace) || connectivity.policies().iter().any(|p| p.tier > Tier::Network) {
            continue;
        }
        let all = scene.pods.all(namespace);
        let open: Vec<String> = all
            .iter()
            .filter(|&&w| connectivity.isolation(w, direction) == Isolation::default())
            .map(|&w| &cluster.workloads()[w])
            .filter(|w| !on_host(w))
            .map(named)
            .collect();
        if open.is_empty() || open.len() == all.len() {
            continue;
        }
        let what = match (direction, open.len()) {
            (Direction::Ingress, 1) => "takes connections from everybody",
            (Direction::Ingress, _) => "take connections from everybody",
            (Direction::Egress, _) => "may send anywhere",
        };
        let (place, path) = match cluster.namespaces().get(namespace).and_then(|n| n.declared) {
            Some(index) => (&cluster.entries()[index], "metadata.name"),
            None => (policy, ""),
        };
        let message = format!(
            "namespace {namespace} has policies for {}, and {} of its {} workloads {what}, as no policy selects {}: {}",
            direction.as_str(),
            open.len(),
            all.len(),
            if open.len() == 1 { "it" } else { "them" },
            some(&open)
        );
        let kind = match direction {
            Direction::Ingress => "Ingress",
            Direction::Egress => "Egress",
        };
        scene
            .report(Code::NamespaceWithoutDefaultDeny, place, path, message)
            .help(format!("add a NetworkPolicy with `podSelector: {{}}` and `policyTypes: [{kind}]`"));
    }
}
