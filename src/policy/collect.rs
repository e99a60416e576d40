//! Finds the policies of a cluster: reads those that are understood, refuses those that the API server would, and names
//! those of other kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::admin::{self, Kind};
use super::calico;
use super::cilium;
use super::classes::{namespace_keys, namespaces};
use super::foreign::{ForeignPolicy, Surroundings, others};
use super::istio;
use super::network_policy;
use super::read::{Fault, Read};
use super::repeated;
use super::rule::{Blocks, Peer, Peers, Perhaps, Policy};
use super::tier::Tier;
use crate::cluster::{Cluster, Entry, LeftOut};
use crate::diagnostic::{Code, Diagnostic};
use crate::net::{AddressSet, NAMESPACE_NAME, ObjectKey, text};
use crate::source::Span;

/// The policies of a cluster.
pub(super) struct Collected {
    /// Those that are evaluated: by tier, priority and name.
    pub policies: Vec<Policy>,
    /// Those that are not, and those of which a rule that denies or passes on is not wholly read.
    pub foreign: Vec<ForeignPolicy>,
}

/// Finds the policies of a cluster.
pub(super) fn collect(cluster: &Cluster, diagnostics: &mut Vec<Diagnostic>) -> Collected {
    let mut policies = Vec::new();
    let mut foreign: BTreeMap<(&str, &str), Vec<ForeignPolicy>> = BTreeMap::new();
    let mut faults = Vec::new();
    let calico = calico::Reader::new(cluster, &mut faults);
    let istio = istio::Reader::new(cluster);
    let cilium = cilium::Reader::new(cluster, &mut faults);
    policies.extend(istio.sidecars(cluster, &mut faults));
    let of_others = |entry: &Entry| {
        let single = calico.read(entry).map(|read| read.map(|policy| policy.into_iter().collect()));
        single.or_else(|| istio.read(entry)).or_else(|| cilium.read(entry))
    };
    let around = Surroundings { cluster, root: &istio.config.root };
    let (mut read_later, mut partly, mut names_v6) = (Vec::new(), Vec::new(), false);
    for entry in cluster.entries() {
        let outcome = read(entry).map(|read| read.map(|policy| vec![policy])).or_else(|| {
            let outcome = of_others(entry);
            read_later.extend(matches!(&outcome, Some(Ok(list)) if !list.is_empty()).then_some(entry));
            outcome
        });
        match outcome {
            Some(Ok(list)) if list.is_empty() => {}
            Some(Ok(list)) if entry.object.faults.is_empty() => {
                if entry.key.group == admin::GROUP {
                    let kind = Kind::from_name(&entry.key.kind).into_iter();
                    diagnostics.extend(kind.flat_map(|kind| admin::unknown_fields(entry, kind)));
                }
                for policy in list {
                    partly.extend(ForeignPolicy::in_part(entry, &policy, &around));
                    names_v6 |= policy.all_rules().flat_map(|r| r.peers.list()).any(is_of_v6);
                    policies.push(policy);
                }
            }
            Some(outcome) => {
                diagnostics.extend(refusal(entry, outcome.err()));
                partly.push(ForeignPolicy::refused(entry));
            }
            None => {
                if let Some(policy) = ForeignPolicy::of(entry, &around) {
                    foreign.entry((&entry.key.group, &entry.key.kind)).or_default().push(policy);
                }
            }
        }
    }
    // Rules about all addresses are about those of IPv6 too where some policy names any.
    let must_again = [
        calico.everywhere.must_read_again(names_v6),
        istio.everywhere.must_read_again(names_v6),
        cilium.everywhere.must_read_again(names_v6),
    ];
    if must_again.contains(&true) {
        let again: BTreeSet<&ObjectKey> = read_later.iter().map(|entry| &entry.key).collect();
        policies.retain(|policy| !again.contains(&policy.key));
        policies.extend(read_later.iter().filter_map(|entry| of_others(entry)?.ok()).flatten());
    }
    let v6 = if must_again.contains(&true) { AddressSet::all_v6() } else { AddressSet::none() };
    policies.extend(istio.authentications(cluster, AddressSet::all_v4().with(&v6), &mut faults));
    let definition = |entry: &Entry| {
        let one = read(entry).map(|read| read.map(|policy| vec![policy]));
        one.or_else(|| of_others(entry)).map(|read| read.ok().filter(|_| entry.object.faults.is_empty()))
    };
    let is_policy = |left: &&LeftOut| left.other.as_deref().is_some_and(|other| definition(other).is_some());
    let repeated = cluster.left_out().iter().filter(is_policy);
    let repeated = repeated.filter_map(|left| repeated::of(cluster, left, |entry| definition(entry).flatten()));
    partly.extend(repeated);
    let others = others::all(cluster, &istio.config.root);
    diagnostics.extend(about_others(&others));
    partly.extend(others);
    for (entry, fault) in faults {
        // What a policy that is refused would say is not known.
        partly.extend(entry.key.kind.ends_with("Authentication").then(|| ForeignPolicy::refused(entry)));
        diagnostics.extend(refusal(entry, Some(fault)));
    }
    diagnostics.extend(about_nodes(cluster));
    for ((group, kind), list) in &foreign {
        let places = list.iter().map(|f| f.at).min();
        let count = list.len();
        let subject =
            if count == 1 { format!("{kind} of {group} is") } else { format!("{count} objects {kind} of {group} are") };
        let message = format!(
            "{subject} not evaluated; what is said of connections leaves out what {} or {}",
            if count == 1 { "it allows" } else { "they allow" },
            if count == 1 { "denies" } else { "deny" }
        );
        diagnostics.extend(places.map(|at| Diagnostic::at(Code::UnsupportedPolicy, at, message)));
    }
    policies.sort_by_cached_key(|policy| (policy.place(), policy.key.clone()));
    Collected { policies, foreign: foreign.into_values().flatten().chain(partly).collect() }
}

/// What is said of policies of Cilium for nodes: one line for all of them.
fn about_nodes(cluster: &Cluster) -> Option<Diagnostic> {
    let found: Vec<Span> =
        cluster.entries().iter().filter(|e| cilium::Reader::is_about_nodes(e)).map(|e| e.object.span).collect();
    let at = found.iter().min()?;
    let subject = if found.len() == 1 {
        "a CiliumClusterwideNetworkPolicy has a `nodeSelector`: it is".to_owned()
    } else {
        format!("{} CiliumClusterwideNetworkPolicies have a `nodeSelector`: they are", found.len())
    };
    let message =
        format!("{subject} about nodes, which is not evaluated; pods in the network of their node are concerned");
    Some(Diagnostic::at(Code::UnsupportedPolicy, *at, message))
}

/// The messages about settings and annotations that decide about connections: one for each kind of them.
fn about_others(others: &[ForeignPolicy]) -> impl Iterator<Item = Diagnostic> {
    let mut by_kind: BTreeMap<&str, Vec<&ForeignPolicy>> = BTreeMap::new();
    for policy in others {
        by_kind.entry(policy.said.unwrap_or_default()).or_default().push(policy);
    }
    by_kind.into_values().filter_map(|list| {
        // The first by name, so that the order of documents does not matter.
        let first = list.iter().min_by_key(|p| &p.key)?;
        let more = if list.len() > 1 { format!(" and {} more", list.len() - 1) } else { String::new() };
        let message = format!(
            "{}{more} may decide about connections and is not evaluated; what is said of them leaves it out",
            first.name()
        );
        Some(Diagnostic::at(Code::UnsupportedPolicy, first.at, message))
    })
}

/// Whether a peer is addresses of IPv6, some of them at least.
fn is_of_v6(peer: &Peer) -> bool {
    matches!(peer, Peer::Addresses(set) if set.has_v6())
}

/// Reads a policy; `None` if it is none of a kind that is understood. The group decides: other projects have kinds of
/// the same names.
fn read(entry: &Entry) -> Option<Read<Policy>> {
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("networking.k8s.io", "NetworkPolicy") => Some(network_policy::read(entry)),
        ("k8s.cni.cncf.io", "MultiNetworkPolicy") => Some(network_policy::read_multi(entry)),
        (admin::GROUP, kind) => Kind::from_name(kind).map(|kind| admin::read(entry, kind)),
        _ => None,
    }
}

/// The diagnostic for a policy that the API server would not take: because of a fault that was met in reading it, or
/// because its values do not have the types of their fields, so that it cannot even be decoded
/// (<https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>).
fn refusal(entry: &Entry, met: Option<Fault>) -> Option<Diagnostic> {
    let whole = entry.object.span;
    let mut faults = entry.object.faults.iter();
    let (at, message, help) = match met {
        Some(fault) => {
            let help = faults.clone().find(|f| f.at == Some(fault.at)).and_then(|f| f.help.clone());
            (fault.at, fault.to_string(), help)
        }
        None => {
            let first = faults.next()?;
            (first.at.unwrap_or(whole), first.message.clone(), first.help.clone())
        }
    };
    let mut problem = refused(at, format!("{} is refused: {message}", entry.key));
    problem.help = help;
    for other in faults.filter(|f| f.at != Some(at)) {
        problem = problem.with_related(other.at.unwrap_or(whole), other.message.clone());
    }
    Some(problem)
}

/// A diagnostic for a policy that is left out.
pub(super) fn refused(at: Span, message: String) -> Diagnostic {
    Diagnostic { refused: true, ..Diagnostic::at(Code::PolicyRefused, at, message) }
}

/// Whether addresses that a rule means leave out none that pods may have, and it means pods beside them.
fn is_whole(set: &AddressSet, peers: &[Peer]) -> bool {
    peers.iter().any(|p| matches!(p, Peer::Pods(_))) && AddressSet::all_v4().difference(set).is_empty()
}

/// What the policies say that manifests do not decide: one line for each kind of doubt, at the first place that gives
/// rise to it.
pub(super) fn doubts(policies: &[Policy], cluster: &Cluster, diagnostics: &mut Vec<Diagnostic>) {
    let mut untold: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    let mut covering: Vec<Span> = Vec::new();
    let mut unknown: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let private = AddressSet::private();
    let namespaces = namespaces(cluster);
    let undeclared = namespaces.iter().any(|n| !n.declared);
    for policy in policies {
        for rule in policy.all_rules() {
            let Peers::AnyOf(peers) = &rule.peers else { continue };
            for peer in peers {
                // Who denies or allows every address speaks of none in particular, and names are written as such.
                let is_all =
                    |p: &Peer| matches!(p, Peer::Addresses(a) if AddressSet::all_v4().difference(a).is_empty());
                // Whether pods are in a mesh is no matter of addresses.
                let of_mesh = policy.tier == Tier::Mesh && matches!(peer, Peer::Untold(_, Perhaps::Outside))
                    || matches!(peer, Peer::Untold(_, Perhaps::Pods(_))) && policy.key.kind == "PeerAuthentication";
                if let Some(what) = peer.untold().filter(|_| !of_mesh && !peers.iter().any(is_all)) {
                    untold.entry(what).or_default().push(rule.at);
                }
                match peer {
                    // Blocks that mean nothing inside of the cluster cover no pods.
                    Peer::Addresses(_) if policy.blocks == Blocks::Outside => {}
                    // Where every address is meant, or pods beside them, it does not matter which those of pods are.
                    Peer::Addresses(set) if is_whole(set, peers) => {}
                    Peer::Addresses(set) if !set.intersection(&private).is_empty() => covering.push(rule.at),
                    _ => {}
                }
            }
        }
        if undeclared {
            for key in namespace_keys(policy).into_iter().filter(|k| *k != NAMESPACE_NAME) {
                unknown.entry(key.to_owned()).or_default().push(policy.at);
            }
        }
    }
    let first = |places: &[Span]| places.iter().min().copied();
    let rules = |n: usize| {
        if n == 1 { "a rule speaks".to_owned() } else { format!("{n} rules speak") }
    };
    for (what, places) in &untold {
        let message = format!(
            "{} of {what}, whose addresses the manifests do not tell; no address is taken to be among them",
            rules(places.len())
        );
        diagnostics.extend(first(places).map(|at| Diagnostic::at(Code::UnsupportedPeer, at, message)));
    }
    let message = format!(
        "{} of addresses that pods may have; only pods whose address is known are counted in",
        rules(covering.len())
    );
    diagnostics.extend(first(&covering).map(|at| Diagnostic::at(Code::AddressesMayCoverPods, at, message)));
    let names: Vec<&str> = namespaces.iter().filter(|n| !n.declared).map(|n| n.name).collect();
    for (key, places) in &unknown {
        let named = text::first(&names, 3);
        let message = format!(
            "a policy asks for the label `{key}` of namespaces, and of {named} only the name is known: no other label is taken to be there"
        );
        diagnostics.extend(first(places).map(|at| {
            Diagnostic::at(Code::NamespaceLabelsUnknown, at, message).with_help("add the Namespace to the input")
        }));
    }
}
