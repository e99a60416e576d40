//! What policies deny that something needs, and what they leave open.

use std::collections::{BTreeMap, BTreeSet};

use super::exposure::openers;
use super::nearest::named;
use super::policies::{network_policies, title};
use super::registry::family;
use super::scene::Scene;
use super::selection::{on_host, ports, some};
use crate::cluster::{Entry, Workload};
use crate::diagnostic::{Code, Severity};
use crate::net::{AddressSet, NAMESPACE_NAME, ObjectKey, Operator, PortSet, Protocol};
use crate::policy::{
    Action, Certainty, Direction, Effect, Entrance, Isolation, NamespaceSelection, Origin, Peer, Peers, PodSelection,
    Policy, Rule, RulePorts, Tier, Way,
};

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

/// The ports that pods of DNS listen on: the one of the protocol, and the one behind the Service in OpenShift clusters
/// (<https://docs.openshift.com/container-platform/latest/networking/dns-operator.html>).
fn dns_ports() -> PortSet {
    let mut ports = PortSet::none();
    for number in [53, 5353] {
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            ports.add(&PortSet::port(protocol, number));
        }
    }
    ports
}

fn dns(scene: &mut Scene<'_>) {
    let (cluster, connectivity) = (scene.cluster, scene.connectivity);
    let mut groups: BTreeMap<Vec<usize>, Vec<&Workload>> = BTreeMap::new();
    for (index, workload) in cluster.workloads().iter().enumerate() {
        let policy = workload.spec.pod.dns_policy.as_deref();
        let Isolation { isolating, tiers } =
            connectivity.isolation(index, Direction::Egress).without_mesh(connectivity);
        if isolating.is_empty()
            || on_host(workload)
            // On networks of their own pods may reach DNS past policies.
            || connectivity.home(index) != 0
            || matches!(policy, Some("None" | "Default"))
            || is_dns(workload)
            || scene.is_ruled_otherwise(workload.key.namespace())
        {
            continue;
        }
        let all = connectivity.policies();
        let rules = |list: &[usize]| -> Vec<&Rule> {
            list.iter().flat_map(|p| all[*p].rules(Direction::Egress).unwrap_or_default()).collect()
        };
        let (own, above) = (rules(&isolating), rules(&tiers));
        let may = |rule: &&Rule| rule.action == Action::Allow && may_be_dns(scene, rule);
        let to_pods = own.iter().any(|r| leads_to_pods(scene, r));
        if to_pods && !own.iter().any(may) && !above.iter().any(may) {
            groups.entry(isolating).or_default().push(workload);
        }
    }
    for (policies, workloads) in groups {
        let all = connectivity.policies();
        // The one that lets something out is the one that lacks the rule.
        let speaking = policies
            .iter()
            .map(|p| &all[*p])
            .find(|p| p.rules(Direction::Egress).unwrap_or_default().iter().any(|r| leads_to_pods(scene, r)));
        let Some((policy, entry)) = speaking.and_then(|p| Some((p, scene.find(&p.key)?))) else {
            continue;
        };
        let names: Vec<String> = workloads.iter().map(|w| named(w)).collect();
        let verb = if names.len() == 1 { "it cannot" } else { "they cannot" };
        let message = format!(
            "{} lets {} connect to others, and nothing lets DNS through: {verb} look up names",
            title(policy),
            some(&names)
        );
        let related = &cluster.entries()[workloads[0].entry];
        let call =
            scene.calls.found.iter().find(|c| workloads.iter().any(|w| w.key == cluster.workloads()[c.workload].key));
        let mut report = scene.report(Code::DnsEgressBlocked, entry, "spec.egress", message);
        // That names are used is sure where one is written.
        report = match call.and_then(|c| c.said.first().map(|said| (c, said))) {
            Some((call, said)) => {
                let service = &cluster.entries()[call.service].key.name;
                report.severity(Severity::Error).related_at(said.at, format!("the name {service} has to be looked up"))
            }
            None => report.related(related, "", "cannot look up names"),
        };
        report
            .help(format!(
                "add a rule to egress: `- to: [{{namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: kube-system}}}}}}]` with `ports: [{{protocol: UDP, port: 53}}, {{protocol: TCP, port: 53}}]`"
            ));
    }
}

/// Whether a workload is a DNS server itself.
fn is_dns(workload: &Workload) -> bool {
    ports(workload).iter().any(|p| p.number == 53) || workload.key.name.contains("dns")
}

/// Whether a rule lets something through to pods of the input, which are reached by names.
fn leads_to_pods(scene: &Scene<'_>, rule: &Rule) -> bool {
    let Peers::AnyOf(peers) = &rule.peers else { return true };
    peers.iter().any(|p| matches!(p, Peer::Pods(s) if !scene.pods.meant(scene.cluster, s).is_empty()))
}

/// Whether what a rule lets through may be a question to DNS. Of DNS only is known that it has port 53 and is usually
/// in kube-system, so this is true wherever it is not surely false.
fn may_be_dns(scene: &Scene<'_>, rule: &Rule) -> bool {
    let explicit = match &rule.ports {
        RulePorts::All => false,
        RulePorts::Some { fixed, named } => {
            let by_name = named.iter().any(|n| n.name.contains("dns"));
            if fixed.intersection(&dns_ports()).is_empty() && !by_name {
                return false;
            }
            // Whole ranges do not mean DNS in particular.
            by_name || fixed.count() <= 64
        }
        RulePorts::Except(_) if rule.ports.at(&[]).intersection(&dns_ports()).is_empty() => return false,
        RulePorts::Except(_) => false,
    };
    let Peers::AnyOf(peers) = &rule.peers else { return true };
    peers.iter().any(|peer| match peer {
        Peer::Nodes | Peer::Untold(_) => true,
        Peer::Names(_) => false,
        Peer::Addresses(set) => explicit || !set.intersection(&local()).is_empty(),
        Peer::Pods(selection) => pods_may_be_dns(scene, selection, explicit),
    })
}

/// Addresses that DNS of a cluster may have: private ones, and the link-local one of the cache on each node
/// (<https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/>).
fn local() -> AddressSet {
    let link = crate::net::parse_cidr("169.254.0.0/16").map(AddressSet::block).unwrap_or_default();
    AddressSet::private().union(&link)
}

fn pods_may_be_dns(scene: &Scene<'_>, selection: &PodSelection, explicit: bool) -> bool {
    let known = scene.pods.meant(scene.cluster, selection);
    if known.iter().any(|w| is_dns(&scene.cluster.workloads()[*w])) {
        return true;
    }
    let speaks_of_dns = |operator: &Operator, key: &str| match operator {
        Operator::In(values) => key == "k8s-app" || values.iter().any(|v| v.contains("dns")),
        _ => true,
    };
    let pods = selection.pods.requirements().iter().all(|r| speaks_of_dns(&r.operator, &r.key));
    match &selection.namespaces {
        // Of its own namespace the input tells who is there.
        NamespaceSelection::Named(name) => {
            name == "kube-system" || (explicit && !known.is_empty()) || (explicit && scene.is_bare(name))
        }
        NamespaceSelection::Labeled(_) if explicit => true,
        NamespaceSelection::Labeled(selector) => {
            let declared = scene.cluster.namespaces().get("kube-system").filter(|n| n.declared.is_some());
            let system = match declared {
                Some(namespace) => selector.matches(&namespace.labels),
                None => {
                    let explained = !scene.pods.namespaces(scene.cluster, &selection.namespaces).is_empty();
                    selector.requirements().iter().all(|r| match &r.operator {
                        Operator::In(values) if r.key == NAMESPACE_NAME => values
                            .iter()
                            .any(|v| v.contains("dns") || v.starts_with("kube-") || v.starts_with("openshift-")),
                        Operator::In(values) => {
                            !explained || values.iter().any(|v| v.contains("system") || v.contains("dns"))
                        }
                        _ => true,
                    })
                }
            };
            system && pods
        }
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
            Peer::Addresses(_) | Peer::Nodes | Peer::Names(_) | Peer::Untold(_) => true,
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
