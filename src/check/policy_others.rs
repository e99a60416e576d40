//! Policies of other projects and of the network policy API: what their rules mean, and which of them never decide.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::named;
use super::policies::{Near, near, title};
use super::registry::family;
use super::scene::Scene;
use super::selection::some;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::net::PortSet;
use crate::policy::{
    Action, Direction, NamespaceSelection, Peer, Peers, PodSelection, Policy, Rule, RulePorts, Tier, is_added,
    is_staged,
};

family! {
    PolicyStaged, "policy-staged", false, "Staged policies of Calico (`StagedNetworkPolicy`, `StagedGlobalNetworkPolicy`, `StagedKubernetesNetworkPolicy`) are recorded to see what they would do, and change no connection (https://docs.tigera.io/calico/latest/reference/resources/stagednetworkpolicy). One message names all of them.";
    PolicyRuleShadowed, "policy-rule-shadowed", false, "Where the first rule that matches decides (policies of Calico and of the network policy API), a rule changes nothing if rules before it in the same policy decide about all peers and ports that it names. The usual cause is a broad rule that stands before a narrow one.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    staged(scene);
    let mut told = BTreeSet::new();
    for (entry, policy) in policies_of_others(scene) {
        for direction in Direction::ALL {
            let rules = policy.rules(direction).unwrap_or_default();
            if !policy.is_additive && policy.tier != Tier::Mesh {
                shadowed(scene, entry, policy, rules);
            }
            allows_everything(scene, entry, policy, direction);
            for rule in rules.iter().filter(|r| r.own == Peers::Everybody) {
                for peer in rule.peers.list() {
                    if let Peer::Pods(selection) = peer
                        && told.insert((rule.at, selection))
                    {
                        matches_nothing(scene, entry, policy, rule, selection);
                    }
                }
            }
        }
    }
}

/// The evaluated policies of all other kinds, with their objects.
pub(super) fn policies_of_others<'a>(scene: &Scene<'a>) -> Vec<(&'a Entry, &'a Policy)> {
    let is_plain = |p: &&Policy| p.is_network_policy() || p.key.group == "k8s.cni.cncf.io";
    let all = scene.connectivity.policies().iter().filter(|p| !is_plain(p));
    all.filter_map(|p| Some((scene.find(&p.key)?, p))).collect()
}

fn staged(scene: &mut Scene<'_>) {
    let all = scene.cluster.entries().iter().filter(|e| is_staged(&e.key.group, &e.key.kind));
    let mut staged: Vec<&Entry> = all.collect();
    staged.sort_by_key(|e| e.object.span);
    let Some(first) = staged.first() else { return };
    let names: Vec<String> = staged.iter().map(|e| e.key.to_string()).collect();
    let message = match names.as_slice() {
        [one] => format!("{one} is staged: it has no effect"),
        _ => format!("{} policies are staged and have no effect: {}", names.len(), names.join(", ")),
    };
    scene.report(Code::PolicyStaged, first, "", message).help("to enforce one, write it as a policy without `Staged`");
}

/// Rules that rules before them leave nothing to.
fn shadowed(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy, rules: &[Rule]) {
    let mut before = PortSet::none();
    let mut of_peers: BTreeMap<String, PortSet> = BTreeMap::new();
    let (mut last, mut last_of): (Option<&Rule>, BTreeMap<String, &Rule>) = (None, BTreeMap::new());
    for rule in rules {
        let (all, fixed) = match &rule.ports {
            RulePorts::All => (true, PortSet::all()),
            RulePorts::Some { fixed, named } if named.is_empty() && !fixed.is_empty() => (false, fixed.clone()),
            // Logs, rules about ICMP and about ports by their names.
            _ => continue,
        };
        let key = format!("{:?} {:?}", rule.peers, rule.own);
        let mut decided = before.clone();
        decided.add(of_peers.get(&key).unwrap_or(&PortSet::none()));
        let wanted = if all { PortSet::all() } else { fixed };
        if wanted.difference(&decided).is_empty() {
            let by = last_of.get(&key).copied().or(last);
            let message = format!("{} of {} never decides: rules before it do", rule.field, title(policy));
            let report = scene
                .report(Code::PolicyRuleShadowed, entry, &rule.field, message)
                .help("put the narrow rule first, or leave it out");
            if let Some(by) = by {
                report.related(entry, &by.field, "decides first");
            }
            continue;
        }
        let is_vague = rule.peers.list().iter().chain(rule.own.list()).any(|p| matches!(p, Peer::Untold(..)));
        if rule.when.is_some() || is_vague {
            continue;
        }
        if rule.peers == Peers::Everybody && rule.own == Peers::Everybody {
            before.add(&wanted);
            last = Some(rule);
        } else {
            of_peers.entry(key.clone()).or_default().add(&wanted);
            last_of.insert(key, rule);
        }
    }
}

/// A rule that allows everything from everybody, alone; beside others it shadows them.
fn allows_everything(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy, direction: Direction) {
    let tcp = PortSet::protocol(crate::net::Protocol::Tcp);
    let is_all = |ports: &RulePorts| match ports {
        RulePorts::All => true,
        RulePorts::Some { fixed, .. } => policy.tier == Tier::Mesh && tcp.difference(fixed).is_empty(),
        RulePorts::Except(_) => false,
    };
    let opens = |r: &&Rule| {
        let everybody = r.peers == Peers::Everybody && r.own == Peers::Everybody;
        r.action == Action::Allow && everybody && r.when.is_none() && is_all(&r.ports)
    };
    let rules = policy.rules(direction).unwrap_or_default();
    let is_last = |rule: &Rule| rules.last().is_some_and(|r| r.index == rule.index);
    let Some(rule) = rules.iter().find(opens).filter(|r| policy.is_additive || is_last(r) && r.index == 0) else {
        return;
    };
    let verb = match direction {
        Direction::Ingress => "lets everybody reach its pods",
        Direction::Egress if rules.len() == 1 => return,
        Direction::Egress => "lets everything out of its pods",
    };
    let others = if rules.iter().any(|r| r.index != rule.index && r.action == Action::Allow) {
        ", so its other rules that allow change nothing"
    } else {
        ""
    };
    let message = format!("{} {verb} on every port{others}", title(policy));
    let report = scene.report(Code::PolicyAllowsEverything, entry, &rule.field, message);
    if others.is_empty() {
        report.severity(Severity::Info).help("nothing is wrong if that is meant");
    } else {
        report.help("a rule without peers and ports means all of them: leave it out, or say whom it is for");
    }
}

/// A peer with labels that no pod has where the rule looks for them.
fn matches_nothing(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy, rule: &Rule, selection: &PodSelection) {
    let pods = &selection.pods;
    let is_unclear = pods.is_everything() || pods.keys().into_iter().any(is_added);
    if is_unclear || !scene.pods.meant(scene.cluster, selection).is_empty() {
        return;
    }
    // Of all namespaces there may always be one that the manifests do not contain.
    if matches!(&selection.namespaces, NamespaceSelection::Labeled(s) if s.is_everything()) {
        return;
    }
    let namespaces = scene.pods.namespaces(scene.cluster, &selection.namespaces);
    let is_known = |n: &&str| scene.pods.are_in(n) && !scene.is_operated(n) && !n.starts_with("kube-");
    if namespaces.is_empty() || !namespaces.iter().all(is_known) {
        return;
    }
    let near = namespaces.iter().find_map(|n| near(scene, n, pods));
    let hint =
        near.as_ref().map_or(String::new(), |Near { workload, said, .. }| format!("; {} has {said}", named(workload)));
    let there: Vec<String> = namespaces.iter().map(|n| (*n).to_owned()).collect();
    let message =
        format!("{} of {} is for pods with {pods}, and {} has none{hint}", rule.field, title(policy), some(&there));
    let sure = near.is_some_and(|n| n.slip);
    let report = scene
        .report(Code::PolicyPeerMatchesNothing, entry, &rule.field, message)
        .help("correct the selector, or leave this peer out");
    if !sure {
        report.severity(Severity::Info);
    }
}
