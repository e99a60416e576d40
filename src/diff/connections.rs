//! Which connections differ, exactly: every pair whose allowed ports are not the same in both states.
//!
//! What both states treat alike is one party, and parties are compared by blocks ([`Blocks`]), not one by one. Two
//! workloads about which nothing changed (neither their labels and ports nor the policies that apply to them)
//! have nothing between them that changed, so the cost grows with the change, not with the input.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use k8s_openapi::api::core::v1::ContainerPort;

use super::Revision;
use super::blocks::Blocks;
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
    /// The ingress controller, which the manifests do not contain.
    IngressController,
}

/// What one state says of connections: reasons are by the positions of that state.
pub use crate::policy::Answer as Allowed;

/// Connections that differ: from each of the one to each other of the other. Ends are positions among
/// [`Diff::parties`](super::Diff::parties), ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The sources.
    pub from: Arc<[usize]>,
    /// The destinations.
    pub to: Arc<[usize]>,
    /// What the old state allows.
    pub old: Arc<Allowed>,
    /// What the new state allows.
    pub new: Arc<Allowed>,
    /// On which network.
    pub network: Network,
}

/// All connections that differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    /// Everything that is at an end, taken apart as far as any network needs it: by network, then workloads and then
    /// addresses, in their order.
    pub parties: Vec<Party>,
    /// By network, then sources and destinations.
    pub deltas: Vec<Delta>,
    /// How to find what differs between two parties, by network; those that are the only ones of their pods are one.
    pub blocks: Vec<(Network, Blocks)>,
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
pub(super) type Place = (usize, GroupId);

/// One state, as some of its networks are concerned: one secondary network, or all that are the only one of their pods.
pub(super) struct Side<'a> {
    /// The state.
    pub state: &'a Revision,
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
    pub fn between(&self, from: &[Place], to: &[Place], nothing: &Arc<Allowed>) -> Arc<Allowed> {
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
                if known.ports != verdict.ports || known.sometimes != verdict.sometimes {
                    known.certainty = Certainty::Undetermined;
                    known.ports.add(&verdict.ports);
                    known.sometimes.add(&verdict.sometimes);
                }
                let mut there: BTreeSet<Reason> = known.because.iter().copied().collect();
                known.because.extend(verdict.because.iter().filter(|r| there.insert(**r)));
            }
        }
        answer.unwrap_or_else(|| Arc::clone(nothing))
    }

    /// The network of some places.
    pub fn network(&self, places: &[Place]) -> Option<Network> {
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
pub(super) struct Sort {
    /// Where they are in the old and in the new state.
    pub places: [Vec<Place>; 2],
    /// Whether nothing changed about them.
    pub settled: bool,
    /// How many they are; addresses count as none.
    pub workloads: usize,
}

/// Every connection that differs, by network, then sources and destinations. The networks that are the only ones of
/// their pods are compared together: a pod that moves from one to another reaches the outside as before.
pub(super) fn compare(old: &Revision, new: &Revision, union: &Union) -> Compared {
    let settled: Vec<bool> = {
        let policies = unchanged(old, new);
        union.all().iter().map(|m| is_settled(old, new, &policies, (m.old, m.new))).collect()
    };
    let is_secondary = |network: &Network| matches!(network, Network::Secondary(_));
    let networks = old.connectivity().networks().chain(new.connectivity().networks());
    let secondary: BTreeSet<&Network> = networks.filter(|n| is_secondary(n)).collect();
    let mut found = Compared::default();
    let primary = [Side::of(old, |n| !is_secondary(n)), Side::of(new, |n| !is_secondary(n))];
    found.add(Network::Pod, &primary, parties(&primary, union, &settled));
    for network in secondary {
        let sides = [Side::of(old, |n| n == network), Side::of(new, |n| n == network)];
        found.add(network.clone(), &sides, parties(&sides, union, &settled));
    }
    through_controllers(old, new, union, &mut found);
    found.sort();
    found
}

impl Compared {
    fn add(&mut self, network: Network, sides: &[Side<'_>; 2], parties: Vec<(Party, Sort)>) {
        let (parties, sorts): (Vec<Party>, Vec<Sort>) = parties.into_iter().unzip();
        let blocks = Blocks::compare(sides, &sorts, self.parties.len(), &mut self.deltas);
        self.parties.extend(parties);
        self.blocks.push((network, blocks));
    }

    fn sort(&mut self) {
        let key = |delta: &Delta| (delta.network.clone(), Arc::clone(&delta.from), Arc::clone(&delta.to));
        let mut order: Vec<usize> = (0..self.deltas.len()).collect();
        order.sort_by_cached_key(|&d| key(&self.deltas[d]));
        let mut ranks = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, &d)| ranks[d] = rank);
        self.deltas.sort_by_cached_key(key);
        self.blocks.iter_mut().for_each(|(_, blocks)| blocks.rank(&ranks));
    }
}

/// Everything that is on some networks, taken apart as far as either state does.
fn parties(sides: &[Side<'_>; 2], union: &Union, settled: &[bool]) -> Vec<(Party, Sort)> {
    let [old, new] = sides;
    let mut workloads: BTreeMap<([Vec<Place>; 2], bool), Vec<usize>> = BTreeMap::new();
    for (index, met) in union.all().iter().enumerate() {
        let places = [old.places_of(met.old), new.places_of(met.new)];
        if places.iter().any(|p| !p.is_empty()) {
            workloads.entry((places, settled[index])).or_default().push(index);
        }
    }
    let mut parties: Vec<(Party, Sort)> = workloads
        .into_iter()
        .map(|((places, settled), list)| {
            let sort = Sort { places, settled, workloads: list.len() };
            (Party::Workloads(list), sort)
        })
        .collect();
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
    parties.extend(
        overlaid(before, after, |a, b| (a.0, b.1))
            .into_iter()
            .map(|((old, new), set)| (Party::Addresses(set), Sort { places: [old, new], settled: true, workloads: 0 })),
    );
    parties.sort_by(|a, b| a.0.cmp(&b.0));
    parties
}

/// What an ingress controller that the manifests do not contain reaches: the ways in from outside, as far as policies
/// let it.
fn through_controllers(old: &Revision, new: &Revision, union: &Union, found: &mut Compared) {
    let mut ways: BTreeMap<usize, [Arc<Allowed>; 2]> = BTreeMap::new();
    for (slot, state) in [old, new].into_iter().enumerate() {
        let mut asked: BTreeMap<usize, PortSet> = BTreeMap::new();
        let entrances = state.connectivity().entrances().iter();
        for entrance in entrances.filter(|e| e.way == Way::Controller(Vec::new())) {
            let ports = asked.entry(entrance.workload).or_default();
            ports.add(&entrance.ports);
        }
        for (workload, ports) in asked {
            let Some(answer) =
                state.connectivity().between(&Endpoint::IngressController, &Endpoint::Workload(workload))
            else {
                continue;
            };
            let index = if slot == 0 { union.of_old(workload) } else { union.of_new(workload) };
            ways.entry(index).or_default()[slot] = Arc::new(Allowed {
                ports: answer.ports.intersection(&ports),
                sometimes: answer.sometimes.intersection(&ports),
                certainty: answer.certainty,
                because: answer.because,
            });
        }
    }
    let from: Arc<[usize]> = [found.parties.len()].into();
    found.parties.push(Party::IngressController);
    for (workload, [old, new]) in ways.into_iter().filter(|(_, [old, new])| old.ports != new.ports) {
        let to = [found.parties.len()].into();
        found.parties.push(Party::Workloads(vec![workload]));
        found.deltas.push(Delta { from: Arc::clone(&from), to, old, new, network: Network::Pod });
    }
}

/// For each policy of the old state, by its position, the position of the same policy in the new state if it says the
/// same there.
fn unchanged(old: &Revision, new: &Revision) -> Vec<Option<usize>> {
    // An object may be several policies, in an order of their own.
    let mut positions: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
    for (index, policy) in new.connectivity().policies().iter().enumerate() {
        positions.entry(&policy.key).or_default().push_back(index);
    }
    let policies = old.connectivity().policies().iter();
    policies
        .map(|policy| {
            let position = positions.get_mut(&policy.key)?.pop_front()?;
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
    (&a.scope, &a.tier, a.priority, &a.subject, a.host_network, a.blocks, a.closes, a.is_additive)
        == (&b.scope, &b.tier, b.priority, &b.subject, b.host_network, b.blocks, b.closes, b.is_additive)
        && Direction::ALL.into_iter().all(|d| rules(a.rules(d), b.rules(d)))
}

/// Whether two rules mean the same, wherever they are written.
pub(super) fn is_the_same_rule(a: &Rule, b: &Rule) -> bool {
    (a.action, &a.peers, &a.own, &a.ports, &a.when) == (b.action, &b.peers, &b.own, &b.ports, &b.when)
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

/// Whether nothing changed about a workload that policies look at, nor the policies that apply to it.
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
