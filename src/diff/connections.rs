//! Which connections differ, exactly: every pair whose allowed ports are not the same in both states.
//!
//! Pairs are compared by class: workloads that both states treat alike are compared once. Two workloads about which
//! nothing changed (neither their labels and ports nor the policies that have a say about them) have nothing between
//! them that changed, so the cost grows with the change, not with the input.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::ContainerPort;

use super::Revision;
use super::ends::Union;
use crate::cluster::Ordinals;
use crate::manifest::Body;
use crate::net::{AddressSet, PortSet};
use crate::policy::{Certainty, Direction, Endpoint, GroupId, Members, Network, Policy, Reason, Rule, Way};

/// One end of connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Workloads, by their positions among those of both states, ascending.
    Workloads(Vec<usize>),
    /// Addresses outside of the cluster.
    Addresses(AddressSet),
    /// The ingress controller, which the input does not hold.
    IngressController,
}

/// What one state says of connections: reasons are by the positions of that state.
pub use crate::policy::Answer as Allowed;

/// Connections that differ: from each of the one to each other of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The sources.
    pub from: Arc<Party>,
    /// The destinations.
    pub to: Arc<Party>,
    /// What the old state allows.
    pub old: Arc<Allowed>,
    /// What the new state allows.
    pub new: Arc<Allowed>,
    /// On which network.
    pub network: Network,
}

impl Delta {
    /// The ports that only the new state allows.
    pub fn gained(&self) -> PortSet {
        self.new.ports.difference(&self.old.ports)
    }

    /// The ports that only the old state allows.
    pub fn lost(&self) -> PortSet {
        self.old.ports.difference(&self.new.ports)
    }
}

/// A group of things that policies treat alike, with the position of its network.
type Place = (usize, GroupId);

/// One state, as some of its networks are concerned: one secondary network, or all that are the only one of their pods.
struct Side<'a> {
    state: &'a Revision,
    /// The positions of the networks.
    networks: Vec<usize>,
}

impl Side<'_> {
    fn of<'a>(state: &'a Revision, wanted: impl Fn(&Network) -> bool) -> Side<'a> {
        let networks = state.connectivity().networks().enumerate().filter(|(_, n)| wanted(n));
        Side { state, networks: networks.map(|(position, _)| position).collect() }
    }

    fn places_of(&self, workload: Option<usize>) -> Vec<Place> {
        let Some(workload) = workload else {
            return Vec::new();
        };
        let on = |&n: &usize| self.state.connectivity().groups_of(n, workload).iter().map(move |&g| (n, g));
        self.networks.iter().flat_map(on).collect()
    }

    /// The addresses outside, as these networks take them apart together.
    fn addresses(&self) -> Vec<(Vec<Place>, AddressSet)> {
        let mut parts: Vec<(Vec<Place>, AddressSet)> = Vec::new();
        for &network in &self.networks {
            let groups = self.state.connectivity().groups(network).iter().enumerate();
            let own: Vec<(Place, &AddressSet)> = groups
                .filter_map(|(id, group)| match &group.members {
                    Members::Addresses(set) => Some(((network, id), set)),
                    _ => None,
                })
                .collect();
            parts =
                overlaid(parts, own.into_iter().map(|(place, set)| (vec![place], set.clone())).collect(), |a, b| {
                    [a, b].concat()
                });
        }
        parts
    }

    /// What any of the ones may do with any of the others; undetermined where they differ.
    fn between(&self, from: &[Place], to: &[Place], nothing: &Arc<Allowed>) -> Arc<Allowed> {
        let mut answer: Option<Arc<Allowed>> = None;
        for &(network, a) in from {
            for &(_, b) in to.iter().filter(|(n, _)| *n == network) {
                let verdict = self.state.connectivity().between_groups(network, a, b);
                let Some(known) = &mut answer else {
                    answer = Some(verdict);
                    continue;
                };
                if Arc::ptr_eq(known, &verdict) {
                    continue;
                }
                let known = Arc::make_mut(known);
                known.certainty = known.certainty.max(verdict.certainty);
                if known.ports != verdict.ports {
                    known.certainty = Certainty::Undetermined;
                    known.ports.add(&verdict.ports);
                }
                let mut there: BTreeSet<Reason> = known.because.iter().copied().collect();
                known.because.extend(verdict.because.iter().filter(|r| there.insert(**r)));
            }
        }
        answer.unwrap_or_else(|| Arc::clone(nothing))
    }

    /// The network of some places.
    fn network(&self, places: &[Place]) -> Option<Network> {
        let (position, _) = places.first()?;
        self.state.connectivity().networks().nth(*position).cloned()
    }
}

/// Two ways of taking addresses apart, as one: what is in a part of each is named by both.
fn overlaid<T: Clone + Default>(
    one: Vec<(T, AddressSet)>,
    other: Vec<(T, AddressSet)>,
    both: impl Fn(T, T) -> T,
) -> Vec<(T, AddressSet)> {
    let name = |all: &[(T, AddressSet)], at: Option<usize>| at.map(|at| all[at].0.clone()).unwrap_or_default();
    let sets = |all: &[(T, AddressSet)]| all.iter().map(|(_, set)| set.clone()).collect::<Vec<_>>();
    let parts = AddressSet::overlaid(&sets(&one), &sets(&other)).into_iter();
    parts.map(|((a, b), set)| (both(name(&one, a), name(&other, b)), set)).collect()
}

/// What the two states make of workloads or addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    old: Vec<Place>,
    new: Vec<Place>,
    /// Whether nothing changed about them.
    settled: bool,
}

/// Every connection that differs, by network, then sources and destinations. The networks that are the only ones of
/// their pods are compared together: a pod that moves from one to another reaches the outside as before.
pub(super) fn compare(old: &Revision, new: &Revision, union: &Union) -> Vec<Delta> {
    let settled: Vec<bool> = {
        let policies = unchanged(old, new);
        union.all().iter().map(|m| is_settled(old, new, &policies, (m.old, m.new))).collect()
    };
    let is_secondary = |network: &Network| matches!(network, Network::Secondary(_));
    let networks = old.connectivity().networks().chain(new.connectivity().networks());
    let secondary: BTreeSet<&Network> = networks.filter(|n| is_secondary(n)).collect();
    let mut deltas = Vec::new();
    let primary = [Side::of(old, |n| !is_secondary(n)), Side::of(new, |n| !is_secondary(n))];
    on_networks(&primary, union, &settled, &mut deltas);
    for network in secondary {
        let sides = [Side::of(old, |n| n == network), Side::of(new, |n| n == network)];
        on_networks(&sides, union, &settled, &mut deltas);
    }
    deltas.extend(through_controllers(old, new, union));
    deltas.sort_by(|a, b| (&a.network, &a.from, &a.to).cmp(&(&b.network, &b.from, &b.to)));
    deltas
}

fn on_networks(sides: &[Side<'_>; 2], union: &Union, settled: &[bool], deltas: &mut Vec<Delta>) {
    let [old, new] = sides;
    let mut workloads: BTreeMap<Sort, Vec<usize>> = BTreeMap::new();
    for (index, met) in union.all().iter().enumerate() {
        let sort = Sort { old: old.places_of(met.old), new: new.places_of(met.new), settled: settled[index] };
        if !(sort.old.is_empty() && sort.new.is_empty()) {
            workloads.entry(sort).or_default().push(index);
        }
    }
    let mut parties: Vec<(Sort, Arc<Party>)> =
        workloads.into_iter().map(|(sort, members)| (sort, Arc::new(Party::Workloads(members)))).collect();
    // About addresses nothing changes but what rules say of them. A state without any rule about IPv6 says nothing of
    // it that could be compared.
    let (before, after) = (old.addresses(), new.addresses());
    let has_v6 = |parts: &[(Vec<Place>, AddressSet)]| parts.iter().any(|(_, set)| set.has_v6());
    let told = if has_v6(&before) == has_v6(&after) {
        AddressSet::all_v4().union(&AddressSet::all_v6())
    } else {
        AddressSet::all_v4()
    };
    let before = before.into_iter().map(|(places, set)| ((places, Vec::new()), set.intersection(&told))).collect();
    let after = after.into_iter().map(|(places, set)| ((Vec::new(), places), set.intersection(&told))).collect();
    parties.extend(overlaid(before, after, |a, b| (a.0, b.1)).into_iter().map(|((old, new), set)| {
        let sort = Sort { old, new, settled: true };
        (sort, Arc::new(Party::Addresses(set)))
    }));
    let nothing = Arc::new(Allowed::default());
    for (a, from) in &parties {
        for (b, to) in &parties {
            let outside = |party: &Party| matches!(party, Party::Addresses(_));
            let alone = |party: &Party| matches!(party, Party::Workloads(w) if w.len() == 1);
            if (a.settled && b.settled) || (outside(from) && outside(to)) || (from == to && alone(from)) {
                continue;
            }
            let (before, after) = (old.between(&a.old, &b.old, &nothing), new.between(&a.new, &b.new, &nothing));
            if !Arc::ptr_eq(&before, &after) && before.ports != after.ports {
                let own = if outside(from) { b } else { a };
                let network = new.network(&own.new).or_else(|| old.network(&own.old));
                deltas.push(Delta {
                    from: Arc::clone(from),
                    to: Arc::clone(to),
                    old: before,
                    new: after,
                    network: network.unwrap_or(Network::Pod),
                });
            }
        }
    }
}

/// What an ingress controller that the input does not hold reaches: the ways in from outside, as far as policies let
/// it.
fn through_controllers(old: &Revision, new: &Revision, union: &Union) -> Vec<Delta> {
    let mut ways: BTreeMap<usize, [Arc<Allowed>; 2]> = BTreeMap::new();
    for (slot, state) in [old, new].into_iter().enumerate() {
        let mut asked: BTreeMap<usize, PortSet> = BTreeMap::new();
        let entrances = state.connectivity().entrances().iter();
        for entrance in entrances.filter(|e| e.way == Way::Controller(Vec::new())) {
            let ports = asked.entry(entrance.workload).or_default();
            ports.add(&entrance.ports);
        }
        for (workload, ports) in asked {
            let Some(found) = state.connectivity().between(&Endpoint::IngressController, &Endpoint::Workload(workload))
            else {
                continue;
            };
            let index = if slot == 0 { union.of_old(workload) } else { union.of_new(workload) };
            ways.entry(index).or_default()[slot] = Arc::new(Allowed {
                ports: found.ports.intersection(&ports),
                certainty: found.certainty,
                because: found.because,
            });
        }
    }
    let differ = ways.into_iter().filter(|(_, [old, new])| old.ports != new.ports);
    differ
        .map(|(workload, [old, new])| Delta {
            from: Arc::new(Party::IngressController),
            to: Arc::new(Party::Workloads(vec![workload])),
            old,
            new,
            network: Network::Pod,
        })
        .collect()
}

/// For each policy of the old state, by its position, the position of the same policy in the new state if it says the
/// same there.
fn unchanged(old: &Revision, new: &Revision) -> Vec<Option<usize>> {
    let positions: BTreeMap<_, usize> =
        new.connectivity().policies().iter().enumerate().map(|(i, p)| (&p.key, i)).collect();
    let policies = old.connectivity().policies().iter();
    policies
        .map(|policy| {
            let position = positions.get(&policy.key).copied()?;
            says_the_same(policy, &new.connectivity().policies()[position]).then_some(position)
        })
        .collect()
}

/// Whether two policies mean the same, wherever they are written.
fn says_the_same(a: &Policy, b: &Policy) -> bool {
    let rules = |a: Option<&[Rule]>, b: Option<&[Rule]>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_the_same_rule(a, b)),
        _ => false,
    };
    (&a.scope, a.tier, a.priority, &a.subject, a.host_network)
        == (&b.scope, b.tier, b.priority, &b.subject, b.host_network)
        && Direction::ALL.into_iter().all(|d| rules(a.rules(d), b.rules(d)))
}

/// Whether two rules mean the same, wherever they are written.
pub(super) fn is_the_same_rule(a: &Rule, b: &Rule) -> bool {
    (a.action, &a.peers, &a.ports) == (b.action, &b.peers, &b.ports)
}

/// What policies can see of the pods of a workload.
#[derive(PartialEq)]
struct Traits<'a> {
    namespace: Option<(bool, &'a BTreeMap<String, String>)>,
    labels: BTreeMap<String, String>,
    ordinals: Option<Ordinals<'a>>,
    /// Of the template and then of live pods.
    pods: Vec<PodTraits<'a>>,
    networks: Vec<String>,
}

#[derive(PartialEq)]
struct PodTraits<'a> {
    labels: &'a BTreeMap<String, String>,
    host_network: Option<bool>,
    addresses: &'a [String],
    /// The ports of all containers; those of init containers count if they stay.
    ports: Vec<(Option<&'a str>, &'a ContainerPort)>,
}

impl<'a> Traits<'a> {
    fn of(state: &'a Revision, workload: usize) -> Traits<'a> {
        let (cluster, connectivity) = (state.cluster(), state.connectivity());
        let own = &cluster.workloads()[workload];
        let live = own.pods.iter().filter_map(|&p| match &cluster.entries()[p].object.body {
            Body::Workload(spec) => Some(&**spec),
            _ => None,
        });
        let pods = std::iter::once(&own.spec).chain(live).map(|spec| {
            let containers = spec.pod.init_containers.iter().flatten().chain(&spec.pod.containers);
            let ports = containers.flat_map(|c| c.ports.iter().flatten().map(|p| (c.restart_policy.as_deref(), p)));
            PodTraits {
                labels: &spec.pod_labels,
                host_network: spec.pod.host_network,
                addresses: &spec.pod_ips,
                ports: ports.collect(),
            }
        });
        let names =
            connectivity.networks().enumerate().filter(|(n, _)| !connectivity.groups_of(*n, workload).is_empty());
        Traits {
            namespace: cluster.namespaces().get(own.key.namespace()).map(|n| (n.declared.is_some(), &n.labels)),
            labels: cluster.template_labels(own),
            ordinals: cluster.ordinals(own),
            pods: pods.collect(),
            networks: names.map(|(_, network)| network.to_string()).collect(),
        }
    }
}

/// Whether nothing changed about a workload that policies look at, nor the policies that have a say about it.
fn is_settled(
    old: &Revision,
    new: &Revision,
    policies: &[Option<usize>],
    (a, b): (Option<usize>, Option<usize>),
) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return false;
    };
    let same =
        |a: &[usize], b: &[usize]| a.iter().map(|&p| policies.get(p).copied().flatten()).eq(b.iter().map(|&p| Some(p)));
    let judged_alike = |network: usize, position: usize, direction: Direction| {
        let before = old.connectivity().isolation_on(network, a, direction);
        let after = new.connectivity().isolation_on(position, b, direction);
        same(&before.isolating, &after.isolating) && same(&before.tiers, &after.tiers)
    };
    let networks = old.connectivity().networks().enumerate().all(|(position, network)| {
        let other = new.connectivity().networks().position(|n| n == network);
        match other {
            Some(other) => Direction::ALL.into_iter().all(|d| judged_alike(position, other, d)),
            None => old.connectivity().groups_of(position, a).is_empty(),
        }
    });
    networks && Traits::of(old, a) == Traits::of(new, b)
}
