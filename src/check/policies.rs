//! Policies: whether each is about some pods, restricts anything, and is enforced.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::named;
use super::registry::family;
use super::scene::Scene;
use super::selection::{exact, some};
use crate::cluster::{Entry, Workload};
use crate::diagnostic::{Code, Severity};
use crate::manifest::Tree;
use crate::net::near::is_slip;
use crate::net::{Expression, ObjectKey, Selector};
use crate::policy::{
    Direction, Enforcement, NamespaceSelection, Peer, Peers, Policy, Project, Rule, RulePorts, is_added,
};

family! {
    PolicySelectsNothing, "policy-selects-nothing", true, "The `podSelector` of a NetworkPolicy, or the selector of a policy of Calico, Cilium or Istio for one namespace, fits no pod of its namespace: it protects nothing, and what it allows is allowed to nobody. A typo in a label is the usual cause; the message names the workload that comes nearest and what becomes of it without the policy. An empty selector means every pod of the namespace and is never reported, nor is a policy for a namespace of which the manifests contain no pod.";
    PolicyAllowsEverything, "policy-allows-everything", false, "A rule without peers and ports (`- {}`) lets in, or out, everything. Beside it the other rules of that direction change nothing, which is a warning. Alone it is the documented way to allow everything (https://kubernetes.io/docs/concepts/services-networking/network-policies/#allow-all-ingress-traffic) and only worth knowing; it is reported for ingress.";
    FqdnWithoutDnsRule, "fqdn-without-dns-rule", false, "A policy of Cilium allows hosts outside by their names (`toFQDNs`). Cilium learns the addresses of these names from the answers of the DNS, which it only sees where an egress rule with `rules: {dns: …}` takes the questions of the same pods through its proxy (https://docs.cilium.io/en/stable/security/policy/layer3/#dns-based). Without such a rule no address is ever allowed.";
    PolicyNotEnforced, "policy-not-enforced", false, "Policies are only enforced by networks that know them (https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites). The input installs one that does not, such as Flannel or the AWS VPC CNI without its policy agent, and nothing beside it that would: the policies are accepted and change nothing. Policies of Calico and of Cilium are enforced by the network of their project only: where the input installs another one, or `--network-plugin` names it, they change nothing either.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    other_selects_nothing(scene);
    nobodys(scene);
    names_without_dns(scene);
    for (entry, policy) in network_policies(scene) {
        selects_nothing(scene, entry, policy);
        for direction in Direction::ALL {
            allows_everything(scene, entry, policy, direction);
        }
    }
    not_enforced(scene);
}

/// The NetworkPolicies that are evaluated, with their objects.
pub(super) fn network_policies<'a>(scene: &Scene<'a>) -> Vec<(&'a Entry, &'a Policy)> {
    let all = scene.connectivity.policies().iter().filter(|p| p.is_network_policy());
    all.filter_map(|p| Some((scene.find(&p.key)?, p))).collect()
}

/// How a policy is called in a sentence: `NetworkPolicy shop/web`.
pub(super) fn title(policy: &Policy) -> String {
    match &policy.key.namespace {
        Some(namespace) => format!("{} {namespace}/{}", policy.key.kind, policy.key.name),
        None => format!("{} {}", policy.key.kind, policy.key.name),
    }
}

/// A workload whose pods a selector nearly fits.
pub(super) struct Near<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// How they differ.
    pub said: String,
    /// Whether the difference is a slip of the pen, so that it was surely meant.
    pub slip: bool,
}

/// The workload of a namespace that a selector nearly fits. Where an operator may make pods, only slips of the pen
/// count.
pub(super) fn near<'a>(scene: &Scene<'a>, namespace: &str, selector: &crate::net::Selector) -> Option<Near<'a>> {
    let wanted = exact(selector);
    if wanted.len() != selector.requirements().len() {
        return None;
    }
    let (workload, said) = scene.near.workload(namespace, &wanted)?;
    let own = scene.cluster.template_labels(workload);
    let slip = |(key, value): (&String, &String)| own.get(key).is_some_and(|o| o == value || is_slip(o, value));
    let slip = wanted.iter().all(slip);
    (slip || !scene.is_operated(namespace)).then_some(Near { workload, said, slip })
}

/// Other namespaces whose pods a selector fits.
pub(super) fn elsewhere<'a>(scene: &Scene<'a>, namespace: &str, selector: &crate::net::Selector) -> Option<&'a str> {
    scene.pods.elsewhere(scene.cluster, namespace, selector)
}

fn selects_nothing(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy) {
    let NamespaceSelection::Named(namespace) = &policy.subject.namespaces else {
        return;
    };
    let selector = &policy.subject.pods;
    if !scene.pods.select(scene.cluster, namespace, selector).is_empty() {
        return;
    }
    let other = elsewhere(scene, namespace, selector).filter(|_| !selector.is_everything());
    if scene.is_bare(namespace) && other.is_none() {
        return;
    }
    // What is just right elsewhere was rather meant than what is nearly right here, unless that is a slip of the pen.
    let near = near(scene, namespace, selector).filter(|n| n.slip || other.is_none());
    let title = title(policy);
    let operated = scene.is_operated(namespace);
    // Of an operator's pods nothing is known; only what is nearly right is worth a word.
    if operated && near.is_none() {
        return;
    }
    let what = if selector.is_everything() { String::new() } else { format!(" with {selector}") };
    let (message, help) = match (&near, other) {
        (Some(Near { workload, said, .. }), _) => (
            format!("{title} selects no pod; {} has {said}", named(workload)),
            format!(
                "make podSelector and the labels of the pod template the same; {}",
                without(scene, policy, workload)
            ),
        ),
        (None, Some(other)) => (
            format!("{title} selects no pod: those{what} are in namespace {other}"),
            format!("a NetworkPolicy is about pods of its own namespace only: put it into {other}"),
        ),
        (None, None) => (
            format!("{title} selects no pod: {namespace} has none{what}"),
            "correct podSelector, or leave the policy out".to_owned(),
        ),
    };
    let related = near.map(|n| (&scene.cluster.entries()[n.workload.entry], n.workload.spec.labels_path.as_str()));
    let homeless = entry.object.namespace.is_none() || other.is_some_and(|n| is_homeless(scene, n, selector));
    let mut report = scene.report(Code::PolicySelectsNothing, entry, "spec.podSelector", message).help(help);
    let found = related.is_some();
    if let Some((entry, path)) = related {
        report = report.related(entry, path, "the labels of its pods");
    }
    if operated {
        report.lowered("the namespace has objects of custom kinds, whose operator may make such pods");
    } else if homeless && !found {
        report.lowered("the policy or the pods name no namespace: where they will be is not known");
    }
}

/// Whether the pods of a namespace that a selector fits are only there because their workloads name no namespace.
pub(super) fn is_homeless(scene: &Scene<'_>, namespace: &str, selector: &crate::net::Selector) -> bool {
    let found = scene.pods.select(scene.cluster, namespace, selector);
    let nowhere = |w: usize| scene.cluster.entries()[scene.cluster.workloads()[w].entry].object.namespace.is_none();
    found.into_iter().all(nowhere)
}

/// What becomes of a workload that a policy was meant for and misses.
fn without(scene: &Scene<'_>, policy: &Policy, workload: &Workload) -> String {
    let index = scene.cluster.workloads().iter().position(|w| w.key == workload.key).unwrap_or_default();
    let policies = scene.connectivity.policies();
    let others: BTreeSet<String> = Direction::ALL
        .into_iter()
        .filter(|d| policy.rules(*d).is_some())
        .flat_map(|d| scene.connectivity.isolation(index, d).isolating)
        .map(|p| title(&policies[p]))
        .collect();
    if others.is_empty() {
        format!("as it is, no policy limits {}", named(workload))
    } else {
        let others: Vec<String> = others.into_iter().collect();
        format!("as it is, only what {} allows is open to {}", some(&others), named(workload))
    }
}

fn opens_all(rule: &Rule) -> bool {
    rule.peers == Peers::Everybody && rule.ports == RulePorts::All
}

fn allows_everything(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy, direction: Direction) {
    let rules = policy.rules(direction).unwrap_or_default();
    let Some(rule) = rules.iter().find(|r| opens_all(r)) else { return };
    let subjects = scene.pods.meant(scene.cluster, &policy.subject);
    if subjects.is_empty() {
        return;
    }
    let count = match subjects.as_slice() {
        [one] => named(&scene.cluster.workloads()[*one]),
        more => format!("{} workloads", more.len()),
    };
    let verb = match direction {
        Direction::Ingress => "lets everybody reach",
        Direction::Egress => "lets everything out of",
    };
    let others: Vec<&Rule> = rules.iter().filter(|r| !opens_all(r)).collect();
    if let Some(first) = others.first() {
        let idle = if others.len() == 1 {
            format!("its other {} rule changes", direction.as_str())
        } else {
            format!("its {} other {} rules change", others.len(), direction.as_str())
        };
        let message = format!("{} {verb} {count} on every port, so {idle} nothing", title(policy));
        scene
            .report(Code::PolicyAllowsEverything, entry, &rule.field, message)
            .related(entry, &first.field, "changes nothing")
            .help("a rule without peers and ports means all of them: leave it out, or say whom it is for");
        return;
    }
    if direction == Direction::Egress {
        return;
    }
    let policies = scene.connectivity.policies();
    let undone: BTreeSet<String> = subjects
        .iter()
        .flat_map(|&w| scene.connectivity.isolation(w, direction).isolating)
        .map(|p| &policies[p])
        .filter(|p| p.key != policy.key && !p.rules(direction).unwrap_or_default().iter().any(opens_all))
        .map(title)
        .collect();
    let against = if undone.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = undone.into_iter().collect();
        format!(", whatever {} leaves out", some(&names))
    };
    scene
        .report(
            Code::PolicyAllowsEverything,
            entry,
            &rule.field,
            format!("{} {verb} {count} on every port{against}", title(policy)),
        )
        .severity(Severity::Info)
        .help("nothing is wrong if that is meant");
}

/// Policies of other projects, of one namespace, that are about no pod of it.
fn other_selects_nothing(scene: &mut Scene<'_>) {
    let connectivity = scene.connectivity;
    // An object may be several policies.
    let all = connectivity.policies().iter().enumerate();
    let mut told: BTreeSet<&ObjectKey> =
        all.filter(|(index, _)| connectivity.selects(*index)).map(|(_, p)| &p.key).collect();
    for policy in connectivity.policies() {
        let NamespaceSelection::Named(namespace) = &policy.subject.namespaces else { continue };
        let never = Selector::of(Expression::never());
        // What Cilium calls by a reserved label is no pod, and meant to be none.
        let is_meant = policy.is_of_another_project() && policy.subject.pods != never;
        if !is_meant || !told.insert(&policy.key) || scene.is_bare(namespace) || scene.is_operated(namespace) {
            continue;
        }
        let Some(entry) = scene.find(&policy.key) else { continue };
        let pods = &policy.subject.pods;
        let is_plain = !pods.is_everything() && !pods.keys().into_iter().any(is_added);
        let what = if is_plain { format!(" with {pods}") } else { String::new() };
        let message = format!("{} selects no pod: {namespace} has none{what}", title(policy));
        scene
            .report(Code::PolicySelectsNothing, entry, "", message)
            .help("correct its selector, or leave the policy out");
    }
}

/// Policies of the whole cluster, or of some of its namespaces, that are about no pod of the input.
fn nobodys(scene: &mut Scene<'_>) {
    let connectivity = scene.connectivity;
    let all = connectivity.policies().iter().enumerate();
    let mut told: BTreeSet<&ObjectKey> =
        all.filter(|(index, _)| connectivity.selects(*index)).map(|(_, p)| &p.key).collect();
    for policy in connectivity.policies() {
        let NamespaceSelection::Labeled(_) = &policy.subject.namespaces else { continue };
        let pods = &policy.subject.pods;
        let asks = pods.keys().into_iter().any(|key| !is_added(key));
        if !asks || !policy.key.kind.ends_with("Policy") || !told.insert(&policy.key) {
            continue;
        }
        let spaces = scene.pods.namespaces(scene.cluster, &policy.subject.namespaces);
        let some_are_bare = spaces.iter().any(|n| scene.is_bare(n));
        let inhabited: Vec<&str> = spaces.iter().copied().filter(|n| !scene.is_bare(n)).collect();
        if inhabited.is_empty() || inhabited.iter().any(|n| scene.is_operated(n)) {
            continue;
        }
        let Some(entry) = scene.find(&policy.key) else { continue };
        let is_plain = !pods.keys().into_iter().any(is_added);
        let what = if is_plain { format!(" has {pods}") } else { " of the input is meant".to_owned() };
        let message = format!("{} selects no pod: none{what}", title(policy));
        let near = inhabited.iter().find_map(|n| near(scene, n, pods).filter(|n| n.slip));
        let related = near.map(|n| (&scene.cluster.entries()[n.workload.entry], n.workload.spec.labels_path.as_str()));
        let is_near = related.is_some();
        let mut report = scene
            .report(Code::PolicySelectsNothing, entry, "", message)
            .help("correct its selector, or leave the policy out");
        if let Some((entry, path)) = related {
            report = report.related(entry, path, "the labels of its pods");
        }
        if !is_near && some_are_bare {
            report.lowered("it holds for namespaces of which the input contains no pod, too");
        }
    }
}

/// Rules of Cilium for names of hosts, where no rule lets it see what the DNS says of names
/// (<https://docs.cilium.io/en/stable/security/policy/layer3/#dns-based>).
fn names_without_dns(scene: &mut Scene<'_>) {
    let connectivity = scene.connectivity;
    let has_names = |r: &&Rule| r.peers.list().iter().any(|p| matches!(p, Peer::Names(_)));
    let with_names = |p: &Policy| p.rules(Direction::Egress).unwrap_or_default().iter().find(has_names).cloned();
    let naming: Vec<(usize, Rule)> = connectivity
        .policies()
        .iter()
        .enumerate()
        .filter_map(|(index, policy)| Some((index, with_names(policy)?)))
        .collect();
    if naming.is_empty() {
        return;
    }
    let sees_dns = |policy: &Policy| {
        let Some(entry) = scene.find(&policy.key) else { return false };
        let rules = policy.rules(Direction::Egress).unwrap_or_default().iter();
        let trees = rules.filter_map(|rule| entry.object.tree.find(&rule.field)?.get("toPorts"));
        trees.flat_map(Tree::items).any(|ports| ports.at(&["rules", "dns"]).is_some())
    };
    let seeing: Vec<bool> = connectivity.policies().iter().map(sees_dns).collect();
    let mut blind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for workload in 0..scene.cluster.workloads().len() {
        let home = connectivity.home(workload);
        for &group in connectivity.groups_of(home, workload) {
            let own = connectivity.policies_of(home, group, Direction::Egress);
            if own.iter().any(|&p| seeing[p]) {
                continue;
            }
            for (policy, _) in naming.iter().filter(|(p, _)| own.contains(p)) {
                blind.entry(*policy).or_default().push(workload);
            }
        }
    }
    for (index, rule) in naming {
        let Some(workloads) = blind.get(&index) else { continue };
        let policy = &connectivity.policies()[index];
        let Some(entry) = scene.find(&policy.key) else { continue };
        let names: Vec<String> = workloads.iter().map(|&w| named(&scene.cluster.workloads()[w])).collect();
        let message = format!(
            "{} allows hosts by their names, and no rule lets Cilium see what the DNS says of them to {}: no address is allowed",
            title(policy),
            some(&names)
        );
        scene
            .report(Code::FqdnWithoutDnsRule, entry, &rule.field, message)
            .help("add an egress rule to the DNS on port 53 with `rules: {dns: [{matchPattern: \"*\"}]}`");
    }
}

/// Policies of a project whose controller is not what the network is.
fn of_another_project(scene: &mut Scene<'_>) {
    let Enforcement::Some { plugin, .. } = scene.connectivity.enforcement().clone() else { return };
    let mut idle: BTreeMap<Project, Vec<&Policy>> = BTreeMap::new();
    for &index in scene.connectivity.idle() {
        let policy = &scene.connectivity.policies()[index];
        if let Some(project) = Project::of(policy) {
            idle.entry(project).or_default().push(policy);
        }
    }
    for (project, policies) in idle {
        let objects: BTreeSet<_> = policies.iter().map(|p| &p.key).collect();
        let Some(first) = policies.iter().min_by_key(|p| p.at).and_then(|p| scene.find(&p.key)) else { continue };
        let (count, name) = (objects.len(), project.as_str());
        let subject = if count == 1 {
            format!("a policy of {name} changes")
        } else {
            format!("{count} policies of {name} change")
        };
        let message = format!("{subject} nothing: the network is {plugin}, which enforces none of {name}");
        scene
            .report(Code::PolicyNotEnforced, first, "", message)
            .help(format!("write them as policies that {plugin} knows, or leave them out"));
    }
}

fn not_enforced(scene: &mut Scene<'_>) {
    of_another_project(scene);
    let Enforcement::NotEnforced { plugin, by } = scene.connectivity.enforcement().clone() else { return };
    let Some((first, _)) = network_policies(scene).into_iter().next() else { return };
    let help = "add a policy controller, such as Calico for policy, kube-network-policies or the agent of the network";
    let Some(workload) = by.map(|by| &scene.cluster.workloads()[by]) else {
        let message = format!("the network is {plugin}, which does not enforce policies: they change nothing");
        scene.report(Code::PolicyNotEnforced, first, "", message).help(help);
        return;
    };
    let daemon = &scene.cluster.entries()[workload.entry];
    let message = format!(
        "{} is {plugin}, which does not enforce policies by itself, and nothing in the input does: the NetworkPolicies change nothing",
        named(workload)
    );
    scene
        .report(Code::PolicyNotEnforced, daemon, &format!("{}.containers", workload.spec.pod_path), message)
        .related(first, "", "the first of the policies")
        .help(help);
}
