//! The other ends that policies mention: whether there are such pods, and whether a rule means what it looks like.

use std::collections::BTreeSet;

use super::nearest::named;
use super::policies::{Near, elsewhere, is_homeless, near, network_policies, title};
use super::registry::family;
use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::manifest::Tree;
use crate::net::{AddressSet, NAMESPACE_NAME, Operator, PortSet, Protocol, Selector, parse_cidr};
use crate::policy::{Direction, NamespaceSelection, Peer, Peers, PodSelection, Policy, Rule, RulePorts};

family! {
    PolicyPeerMatchesNothing, "policy-peer-matches-nothing", true, "A rule lets pods through by labels, and there are no pods with these labels where it looks for them. Without a `namespaceSelector` a rule means pods of the policy's own namespace only; if the pods are in another one, that is said. The message names the workload or namespace that comes nearest. Nothing is said of namespaces of which the manifests contain no pod.";
    PolicyAndOrSuspect, "policy-and-or-suspect", false, "In a list of peers each dash begins an alternative: `- namespaceSelector` and `- podSelector` as two entries mean either, and in one entry both together (https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors). The same holds for rules: one with only peers beside one with only ports lets the peers in on every port, and everybody on these ports. Told where the pods of the input show that the alternatives were not meant.";
    PolicyIpblockPodRange, "policy-ipblock-pod-range", false, "A rule lets addresses through that clusters usually give to pods or Services. Addresses of pods come and go, and policies see those of pods and not those of Services, so the rule fits other pods than meant, or none (https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#IPBlock). A single private address is only worth knowing: it may be a machine outside of the cluster.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    for (entry, policy) in network_policies(scene) {
        let NamespaceSelection::Named(namespace) = &policy.subject.namespaces else {
            continue;
        };
        let mut told: BTreeSet<&PodSelection> = BTreeSet::new();
        for direction in Direction::ALL {
            let rules = policy.rules(direction).unwrap_or_default();
            for rule in rules {
                let Peers::AnyOf(peers) = &rule.peers else { continue };
                for (index, peer) in peers.iter().enumerate() {
                    let place = Place {
                        entry,
                        policy,
                        namespace,
                        direction,
                        field: format!("{}.{}[{index}]", rule.field, side(direction)),
                    };
                    match peer {
                        Peer::Pods(selection) if told.insert(selection) => matches_nothing(scene, &place, selection),
                        Peer::Addresses(set) => block(scene, &place, set),
                        _ => {}
                    }
                    if let (Peer::Pods(one), Some(Peer::Pods(next))) = (peer, peers.get(index + 1)) {
                        stray_dash(scene, &place, index, (one, next));
                    }
                }
            }
            stray_rule(scene, entry, policy, direction, rules);
        }
    }
}

/// A peer of a rule.
struct Place<'a> {
    entry: &'a Entry,
    policy: &'a Policy,
    /// The namespace of the policy.
    namespace: &'a str,
    direction: Direction,
    field: String,
}

fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

/// What a rule of a direction does for its peers.
fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "lets in",
        Direction::Egress => "lets out to",
    }
}

/// Whether a selector asks for the pods of the cluster's DNS, which inputs seldom hold.
fn is_dns(selector: &Selector) -> bool {
    let known =
        |r: &crate::net::Requirement| matches!(&r.operator, Operator::In(v) if v.iter().any(|v| v.contains("dns")));
    selector.requirements().iter().any(known)
}

fn matches_nothing(scene: &mut Scene<'_>, place: &Place<'_>, selection: &PodSelection) {
    if !scene.pods.meant(scene.cluster, selection).is_empty() {
        return;
    }
    match selection.namespaces.simplest() {
        NamespaceSelection::Named(own) if matches!(selection.namespaces, NamespaceSelection::Named(_)) => {
            in_own(scene, place, &own, &selection.pods)
        }
        _ => by_namespace(scene, place, selection),
    }
}

/// A peer without `namespaceSelector`.
fn in_own(scene: &mut Scene<'_>, place: &Place<'_>, own: &str, selector: &Selector) {
    if selector.is_everything() {
        return;
    }
    let subject = format!("{} {} pods with {selector}", title(place.policy), verb(place.direction));
    let path = format!("{}.podSelector", place.field);
    if is_dns(selector) && own != "kube-system" && elsewhere(scene, own, selector).is_none() {
        dns_in_own(scene, place, own, &subject);
        return;
    }
    let other = elsewhere(scene, own, selector);
    if scene.is_bare(own) && (other.is_none() || place.entry.object.namespace.is_none()) {
        return;
    }
    let near = near(scene, own, selector).filter(|n| n.slip || other.is_none());
    let operated = scene.is_operated(own);
    if operated && near.is_none() && other.is_none() {
        return;
    }
    let (message, help) = match (&near, other) {
        (None, Some(other)) => (
            format!("{subject}, and {own} has none; namespace {other} has: a namespaceSelector is missing"),
            format!(
                "add `namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: {other}}}}}` beside podSelector, \
                 without a dash of its own"
            ),
        ),
        (Some(Near { workload, said, .. }), _) => (
            format!("{subject}, and {own} has none; {} has {said}", named(workload)),
            format!(
                "make podSelector and the labels of the pod template the same; as it is, the rule does not hold for {}",
                named(workload)
            ),
        ),
        (None, None) => (
            format!("{subject}, and {own} has none"),
            "correct podSelector, or leave this peer out; pods of other namespaces need a namespaceSelector as well"
                .to_owned(),
        ),
    };
    let homeless = place.entry.object.namespace.is_none() || other.is_some_and(|n| is_homeless(scene, n, selector));
    let sure = near.as_ref().map_or(other.is_some() && !homeless, |n| n.slip);
    let related = near.map(|n| (&scene.cluster.entries()[n.workload.entry], n.workload.spec.labels_path.as_str()));
    let mut report = scene.report(Code::PolicyPeerMatchesNothing, place.entry, &path, message).help(help);
    if let Some((entry, path)) = related {
        report = report.related(entry, path, "the labels of its pods");
    }
    if operated {
        report.lowered("the namespace has objects of custom kinds, whose operator may make such pods");
    } else if !sure {
        report.severity(Severity::Info);
    }
}

/// A peer without `namespaceSelector` that means the DNS of the cluster.
fn dns_in_own(scene: &mut Scene<'_>, place: &Place<'_>, own: &str, subject: &str) {
    if scene.is_bare(own) {
        return;
    }
    let path = format!("{}.podSelector", place.field);
    let message = format!(
        "{subject}, and {own} has none: \
         the DNS of the cluster is in kube-system, and a namespaceSelector is missing"
    );
    scene.report(Code::PolicyPeerMatchesNothing, place.entry, &path, message).help(
        "add `namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}` beside podSelector, \
         without a dash of its own",
    );
}

/// A peer with `namespaceSelector`.
fn by_namespace(scene: &mut Scene<'_>, place: &Place<'_>, selection: &PodSelection) {
    let NamespaceSelection::Labeled(wanted) = &selection.namespaces else {
        return;
    };
    // Of all namespaces there may always be one that the manifests do not contain.
    if wanted.is_everything() {
        return;
    }
    let meant = scene.pods.namespaces(scene.cluster, &selection.namespaces);
    let subject = format!("{} {}", title(place.policy), verb(place.direction));
    if meant.is_empty() {
        no_namespace(scene, place, wanted, &subject);
        return;
    }
    let known = meant.iter().all(|n| scene.pods.are_in(n) && !scene.is_operated(n) && !n.starts_with("kube-"));
    if !known || selection.pods.is_everything() {
        return;
    }
    let near = meant.iter().find_map(|n| near(scene, n, &selection.pods));
    let there = meant.join(", ");
    let hint = near.as_ref().map_or(String::new(), |n| format!("; {} has {}", named(n.workload), n.said));
    let sure = near.as_ref().is_some_and(|n| n.slip);
    let related = near.map(|n| (&scene.cluster.entries()[n.workload.entry], n.workload.spec.labels_path.as_str()));
    let report = scene
        .report(
            Code::PolicyPeerMatchesNothing,
            place.entry,
            &format!("{}.podSelector", place.field),
            format!("{subject} pods with {} of {there}, which has none{hint}", selection.pods),
        )
        .help("correct podSelector, or leave this peer out");
    let report = if sure { report } else { report.severity(Severity::Info) };
    if let Some((entry, path)) = related {
        report.related(entry, path, "the labels of its pods");
    }
}

/// No namespace of the input has the labels. That is reported only if one that is declared nearly has them, since
/// others may be elsewhere.
fn no_namespace(scene: &mut Scene<'_>, place: &Place<'_>, wanted: &Selector, subject: &str) {
    let [requirement] = wanted.requirements() else { return };
    let Operator::In(values) = &requirement.operator else { return };
    let ([value], key) = (values.as_slice(), requirement.key.as_str()) else {
        return;
    };
    let path = format!("{}.namespaceSelector", place.field);
    let by_name = scene.cluster.namespaces().get(value).filter(|n| !n.labels.contains_key(key));
    if let Some(at) = by_name.and_then(|n| n.declared) {
        let other = &scene.cluster.entries()[at];
        let name = value;
        scene
            .report(
                Code::PolicyPeerMatchesNothing,
                place.entry,
                &path,
                format!("{subject} namespaces with {wanted}, and there is none: namespace {name} has no label {key}"),
            )
            .related(other, "metadata", "the namespace")
            .help(format!("`{NAMESPACE_NAME}: {name}` is a label that every namespace has"));
        return;
    }
    let Some((likely, at)) = scene.near.namespace(key, value) else { return };
    let name = &scene.cluster.entries()[at].key.name;
    // Namespaces of several stages have names that are alike.
    if key == NAMESPACE_NAME && likely.len().abs_diff(value.len()) > 1 {
        return;
    }
    let other = &scene.cluster.entries()[at];
    scene
        .report(
            Code::PolicyPeerMatchesNothing,
            place.entry,
            &path,
            format!("{subject} namespaces with {wanted}, and there is none; namespace {name} has {key}={likely}"),
        )
        .related(other, "metadata", "the namespace")
        .help(format!("`{key}: {likely}` is probably meant"));
}

/// Two adjacent peers, one of which only tells namespaces and the other one only pods.
fn stray_dash(scene: &mut Scene<'_>, place: &Place<'_>, index: usize, (one, next): (&PodSelection, &PodSelection)) {
    let only_namespaces =
        |s: &PodSelection| matches!(s.namespaces, NamespaceSelection::Labeled(_)) && s.pods.is_everything();
    let only_pods = |s: &PodSelection| matches!(s.namespaces, NamespaceSelection::Named(_)) && !s.pods.is_everything();
    let (wide, narrow, wide_first) = if only_namespaces(one) && only_pods(next) {
        (one, next, true)
    } else if only_pods(one) && only_namespaces(next) {
        (next, one, false)
    } else {
        return;
    };
    // A dash with both selectors in it is no alternative, even if one of them is empty.
    let written = place.entry.object.tree.find(&place.field);
    let other = place.field.rfind('[').map(|at| format!("{}[{}]", &place.field[..at], index + 1));
    let next_written = other.as_deref().and_then(|f| place.entry.object.tree.find(f));
    let plain = |tree: Option<&Tree>| tree.is_some_and(|t| t.entries().len() == 1);
    if !plain(written) || !plain(next_written) {
        return;
    }
    let own = place.namespace;
    let meant = scene.pods.namespaces(scene.cluster, &wide.namespaces);
    let NamespaceSelection::Labeled(wanted) = &wide.namespaces else { return };
    let whole = if wanted.is_everything() { "all namespaces".to_owned() } else { format!("namespaces with {wanted}") };
    let both = format!("namespaceSelector and `podSelector` with {}", narrow.pods);
    let why = if wanted.is_everything() || meant.contains(&own) {
        format!("the pods with {} are among them anyway", narrow.pods)
    } else {
        let here = !scene.pods.select(scene.cluster, own, &narrow.pods).is_empty();
        let there = meant.iter().find(|n| !scene.pods.select(scene.cluster, n, &narrow.pods).is_empty());
        match there {
            Some(there) if !here && scene.pods.are_in(own) => {
                format!("pods with {} are in {there} and not in {own}", narrow.pods)
            }
            _ => return,
        }
    };
    let message = format!(
        "{} {} every pod of {whole}, because {both} are two entries, where both together were probably meant: {why}",
        title(place.policy),
        verb(place.direction)
    );
    let key = if wide_first { "podSelector" } else { "namespaceSelector" };
    let at = format!("{}.{key}", other.unwrap_or_default());
    scene
        .report(Code::PolicyAndOrSuspect, place.entry, &at, message)
        .help("put both selectors into one entry: leave out the second dash");
}

/// Adjacent rules of which one tells only peers and the other one only ports.
fn stray_rule(scene: &mut Scene<'_>, entry: &Entry, policy: &Policy, direction: Direction, rules: &[Rule]) {
    let [one, two] = rules else { return };
    let only_peers = |r: &Rule| r.peers != Peers::Everybody && r.ports == RulePorts::All;
    let only_ports = |r: &Rule| r.peers == Peers::Everybody && r.ports != RulePorts::All;
    let ports = if only_peers(one) && only_ports(two) {
        two
    } else if only_ports(one) && only_peers(two) {
        one
    } else {
        return;
    };
    // DNS and the web are often opened to everybody, and pods without restriction beside it.
    let common = [(Protocol::Udp, 53), (Protocol::Tcp, 53), (Protocol::Tcp, 80), (Protocol::Tcp, 443)];
    let usual = common.iter().fold(PortSet::none(), |s, (p, n)| s.with(&PortSet::port(*p, *n)));
    let (text, harmless) = match &ports.ports {
        RulePorts::Some { fixed, named } => {
            let mut words: Vec<String> = named.iter().map(|n| n.name.clone()).collect();
            if !fixed.is_empty() {
                words.push(fixed.to_string());
            }
            (words.join(", "), named.is_empty() && fixed.difference(&usual).is_empty())
        }
        RulePorts::All | RulePorts::Except(_) => return,
    };
    if harmless {
        return;
    }
    let whom = match direction {
        Direction::Ingress => "everybody in",
        Direction::Egress => "traffic out to everybody",
    };
    let peers = if std::ptr::eq(ports, two) { one } else { two };
    let message = format!(
        "{} lets {whom} on {text}, and the peers of the rule beside it on every port: \
         as two rules they are alternatives",
        title(policy)
    );
    scene
        .report(Code::PolicyAndOrSuspect, entry, &ports.field, message)
        .related(entry, &peers.field, "the rule with the peers")
        .help("if these peers are meant on these ports, make one rule of both: leave out the second dash");
}

/// Ranges that clusters give to pods or Services unless something else is said, and that little else has.
/// Sources: the documentation of kubeadm and Flannel, k3s, kubeadm again, MicroK8s.
const CLUSTER_RANGES: &[(&str, &str, bool)] = &[
    ("10.244.0.0/16", "pods of clusters made with Flannel, kubeadm or kind", true),
    ("10.42.0.0/16", "pods of k3s and RKE2 clusters", true),
    ("10.43.0.0/16", "Services of k3s and RKE2 clusters", false),
    ("10.96.0.0/12", "Services of clusters made with kubeadm or kind", false),
    ("10.152.183.0/24", "Services of MicroK8s clusters", false),
];

fn block(scene: &mut Scene<'_>, place: &Place<'_>, set: &AddressSet) {
    let path = format!("{}.ipBlock.cidr", place.field);
    let Some(text) = place.entry.object.tree.find(&path).and_then(Tree::as_str) else {
        return;
    };
    let Ok(cidr) = parse_cidr(text) else { return };
    // Who lets in the whole network around the cluster, or everybody, means that.
    if !set.difference(&AddressSet::private()).is_empty() || cidr.prefix_len() <= 8 {
        return;
    }
    let subject = format!("{} {} {text}", title(place.policy), verb(place.direction));
    let has = |w: &&crate::cluster::Workload| {
        let addresses = w.spec.pod_ips.iter().filter_map(|ip| ip.parse().ok());
        !super::selection::on_host(w) && addresses.into_iter().any(|ip| set.contains(ip))
    };
    let living: Vec<String> = scene.cluster.workloads().iter().filter(has).map(named).collect();
    if !living.is_empty() {
        let message = format!("{subject}, where pods of {} have their addresses", super::selection::some(&living));
        scene
            .report(Code::PolicyIpblockPodRange, place.entry, &path, message)
            .help("addresses of pods come and go: use podSelector or namespaceSelector");
        return;
    }
    let usual = CLUSTER_RANGES
        .iter()
        .find(|(range, _, _)| parse_cidr(range).is_ok_and(|r| set.difference(&AddressSet::block(r)).is_empty()));
    if let Some((range, whose, pods)) = usual {
        let help = if *pods {
            "addresses of pods come and go: use podSelector or namespaceSelector"
        } else {
            "policies see the addresses of pods and not of Services: select the pods behind the Service"
        };
        scene
            .report(
                Code::PolicyIpblockPodRange,
                place.entry,
                &path,
                format!("{subject}, a part of {range}, where {whose} usually have their addresses"),
            )
            .help(help);
    } else if cidr.prefix_len() == cidr.max_prefix_len() {
        scene
            .report(
                Code::PolicyIpblockPodRange,
                place.entry,
                &path,
                format!(
                    "{subject}, a single private address: \
                     if a pod or Service has it, it may have another one tomorrow"
                ),
            )
            .severity(Severity::Info)
            .help(
                "for pods use podSelector or namespaceSelector; \
                 nothing is wrong if it is a machine outside of the cluster",
            );
    }
}
