//! The result: who can talk to whom, on which ports, and because of which rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::absent as absent_controller;
use super::collect;
use super::enforcement::{Enforcement, NetworkPlugin};
use super::entrance::{Entrance, EntranceDoubt, Origin, Way};
use super::evaluate::{Certainty, Reason};
use super::foreign::{ForeignPolicy, Influence, Influences, slot};
use super::groups::{AbsentController, Group, GroupId};
use super::networks::{Network, networks};
use super::plane::Plane;
use super::reach::{self, Flows};
use super::rule::{Closes, Direction, Policy};
use crate::cluster::Cluster;
use crate::diagnostic::{Code, Diagnostic, Warned};
use crate::net::{AddressRange, AddressSet, ObjectKey, PortSet};

/// Every address.
fn everywhere() -> AddressSet {
    AddressSet::all_v4().union(&AddressSet::all_v6())
}

/// What policies leave of a way in from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The ports that anybody who comes this way is let through to.
    pub ports: PortSet,
    /// Whether that holds for everybody who comes this way.
    pub certainty: Certainty,
    /// Which rules decided about it.
    pub because: Vec<Reason>,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The ingress controller that the manifests do not contain.
    IngressController,
    /// A workload, by its position in the cluster.
    Workload(usize),
    /// Addresses outside of the cluster.
    Addresses(AddressRange),
}

/// The verdict about a connection, with its certainty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Answer {
    /// The ports that are allowed at the destination.
    pub ports: PortSet,
    /// Those of them that are allowed on some requests only.
    pub sometimes: PortSet,
    /// Which rules decided about it; empty if no policy applies to either end.
    pub because: Vec<Reason>,
    /// How sure that is.
    pub certainty: Certainty,
}

impl Answer {
    /// The ports that are allowed whatever the request is, where these are not all that are allowed.
    pub fn always(&self) -> Option<PortSet> {
        (!self.sometimes.is_empty()).then(|| self.ports.difference(&self.sometimes))
    }
}

/// Who can talk to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The source.
    pub from: Endpoint,
    /// The destination.
    pub to: Endpoint,
    /// The ports that are allowed at the destination.
    pub ports: PortSet,
    /// Those of them that are allowed on some requests only.
    pub sometimes: PortSet,
    /// How sure that is.
    pub certainty: Certainty,
    /// Which rules decided about it; empty if no policy applies to either end.
    pub because: Vec<Reason>,
    /// On which network.
    pub network: Network,
}

/// Which connections are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that are allowed and that some policy, or a way in from outside, applies to.
    Ruled,
    /// Every pair: also those that are open because no policy applies, and those that policies deny (with no ports).
    All,
}

/// Which policies apply to a workload in a direction, by position among [`Connectivity::policies`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Those that close: what neither they nor others of their tier allow is denied, as with NetworkPolicies.
    pub isolating: Vec<usize>,
    /// Others, such as those of the Admin and Baseline tiers.
    pub tiers: Vec<usize>,
}

impl Isolation {
    /// Whether some policy that closes selects the workload.
    pub fn is_isolated(&self) -> bool {
        !self.isolating.is_empty()
    }

    /// Without what policies of a mesh say, which see no UDP, as by which names are asked for.
    pub fn without_mesh(mut self, connectivity: &Connectivity) -> Isolation {
        let sees_udp = |p: &usize| !connectivity.policies[*p].tier.is_gate();
        self.isolating.retain(sees_udp);
        self.tiers.retain(sees_udp);
        self
    }
}

/// Who can talk to whom in a cluster. Questions are answered for groups of pods that policies treat alike, and expanded
/// to workloads on the way out.
#[derive(Clone, Debug, Default)]
pub struct Connectivity {
    policies: Vec<Policy>,
    foreign: Vec<ForeignPolicy>,
    pub(super) planes: Vec<Plane>,
    /// The plane of each workload's primary network.
    home: Vec<usize>,
    pub(super) entrances: Vec<Entrance>,
    absent: Vec<AbsentController>,
    /// Rules that may mean one of these controllers, by policy.
    absent_rules: BTreeSet<(usize, usize)>,
    enforcement: Enforcement,
    /// The policies that nobody enforces.
    idle: Vec<usize>,
    /// What policies leave of the way from outside to each workload that brings requests.
    hops: BTreeMap<usize, Admission>,
    /// The workloads that are taken to be in a mesh, where it has policies.
    assumed: BTreeSet<usize>,
}

/// Works out who can talk to whom. `absent` are the ingress controllers that bring requests and that the input does not
/// hold; without any, one is taken of which nothing is known.
pub fn connectivity(
    cluster: &Cluster,
    entrances: Vec<Entrance>,
    mut absent: Vec<AbsentController>,
    plugin: Option<&NetworkPlugin>,
) -> Warned<Connectivity> {
    if absent.is_empty() {
        absent.push(AbsentController::default());
    }
    let mut diagnostics = Vec::new();
    let collect::Collected { policies, mut foreign } = collect::collect(cluster, &mut diagnostics);
    let unread = Influences::of(cluster, &mut foreign);
    let enforcement = Enforcement::of(cluster, plugin);
    let beside = (&unread, &enforcement);
    collect::doubts(&policies, cluster, &mut diagnostics);
    let mut planes = Vec::new();
    let mut home = vec![0; cluster.workloads().len()];
    for (network, members) in networks(cluster, &mut diagnostics) {
        if !matches!(network, Network::Secondary(_)) {
            members.iter().for_each(|&w| home[w] = planes.len());
        }
        planes.push(Plane::new(network, cluster, &policies, &members, &absent, beside, &mut diagnostics));
    }
    let idle = (0..policies.len()).filter(|&p| enforcement.unenforcing(&policies[p]).is_some()).collect();
    let absent_rules = absent_controller::rules(&policies, cluster, &absent);
    let hops = BTreeMap::new();
    let assumed = super::istio::assumed(cluster, &policies);
    let mut value = Connectivity {
        policies,
        foreign,
        planes,
        home,
        entrances,
        absent,
        absent_rules,
        enforcement,
        idle,
        hops,
        assumed,
    };
    value.hops = value.all_hops();
    value.doubts(cluster, &mut diagnostics);
    // Each network is judged by itself, and may find the same fault in a policy.
    Diagnostic::sort(&mut diagnostics);
    diagnostics.dedup();
    Warned { value, diagnostics }
}

impl Connectivity {
    /// The policies that are evaluated, in the order in which they are asked.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Whether the network enforces policies.
    pub fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }

    /// Whether a policy is about some pods of the input, whether it is enforced or not.
    pub fn selects(&self, policy: usize) -> bool {
        self.planes.iter().any(|plane| plane.judge.is_about_some(policy))
    }

    /// The policies that nobody enforces.
    pub fn idle(&self) -> &[usize] {
        &self.idle
    }

    /// The policies that select a workload in a direction on its primary network and that nobody enforces.
    pub fn unenforced(&self, workload: usize, direction: Direction) -> Vec<usize> {
        let plane = self.planes.get(self.home(workload));
        let selects =
            |policy: usize| plane.is_some_and(|p| p.groups_of(workload).iter().any(|&g| p.judge.is_subject(policy, g)));
        let about = |&&p: &&usize| self.policies[p].rules(direction).is_some() && selects(p);
        self.idle.iter().filter(about).copied().collect()
    }

    /// The policies that are not evaluated.
    pub fn foreign(&self) -> &[ForeignPolicy] {
        &self.foreign
    }

    /// The policies that are not evaluated and may concern a workload of a namespace in a direction.
    pub fn foreign_to(
        &self,
        workload: usize,
        namespace: &str,
        direction: Direction,
    ) -> impl Iterator<Item = &ForeignPolicy> {
        self.foreign.iter().filter(move |f| f.is_about(direction) && f.may_select(workload, namespace))
    }

    /// Whether the manifests do not show whether the pods of a workload are in a mesh that has policies, so that they
    /// are taken to be.
    pub fn is_taken_to_be_in_mesh(&self, workload: usize) -> bool {
        self.assumed.contains(&workload)
    }

    /// What policies that are not evaluated may change for a workload in a direction.
    pub fn influence(&self, workload: usize, direction: Direction) -> Influence {
        let groups = self.groups_of(self.home(workload), workload);
        let judge = self.planes.get(self.home(workload)).map(|p| &p.judge.groups);
        let own = judge.into_iter().flat_map(|all| groups.iter().map(|&g| all[g].unread[slot(direction)]));
        own.max().unwrap_or_default()
    }

    /// The ways in from outside.
    pub fn entrances(&self) -> &[Entrance] {
        &self.entrances
    }

    /// What is known of the ingress controllers that the manifests do not contain; at least one.
    pub fn absent_controllers(&self) -> &[AbsentController] {
        &self.absent
    }

    /// Whether a rule of a policy may mean an ingress controller that the manifests do not contain.
    pub(super) fn is_for_absent(&self, policy: usize, rule: usize) -> bool {
        self.absent_rules.contains(&(policy, rule))
    }

    /// The networks, the pod network first.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.planes.iter().map(|p| &p.network)
    }

    /// A network in words, by its position, as in `secondary NAD storage`.
    pub fn network_name(&self, network: usize) -> String {
        self.planes.get(network).map(|p| p.network.to_string()).unwrap_or_default()
    }

    /// The groups of things that policies treat alike on a network, by its position.
    pub fn groups(&self, network: usize) -> &[Group] {
        self.planes.get(network).map(|p| p.judge.groups.as_slice()).unwrap_or_default()
    }

    /// The groups that a workload's pods are in on a network: one, unless policies can tell its pods apart; none if it
    /// is not there.
    pub fn groups_of(&self, network: usize, workload: usize) -> &[GroupId] {
        self.planes.get(network).map(|p| p.groups_of(workload)).unwrap_or_default()
    }

    /// What becomes of traffic between two groups on a network.
    pub fn between_groups(&self, network: usize, from: GroupId, to: GroupId) -> Arc<Answer> {
        self.planes[network].judge.between(from, to)
    }

    /// The policies that apply to a group in a direction on a network, in the order in which they are asked.
    pub(crate) fn policies_of(&self, network: usize, group: GroupId, direction: Direction) -> Vec<usize> {
        self.planes.get(network).map(|p| p.judge.side(group, direction).all().collect()).unwrap_or_default()
    }

    /// For each rule of these policies the groups about which it is not as it is about most: groups that are never
    /// named here get the same answer as all others of their kind.
    pub(crate) fn exceptions(&self, network: usize, group: GroupId, direction: Direction) -> Vec<Vec<GroupId>> {
        self.planes.get(network).map(|p| p.judge.exceptions(group, direction).collect()).unwrap_or_default()
    }

    /// A network, by its position.
    pub(super) fn plane(&self, network: usize) -> Option<&Plane> {
        self.planes.get(network)
    }

    /// The position of a workload's primary network.
    pub fn home(&self, workload: usize) -> usize {
        self.home.get(workload).copied().unwrap_or_default()
    }

    /// Which policies apply to a workload in a direction, on its primary network.
    pub fn isolation(&self, workload: usize, direction: Direction) -> Isolation {
        self.isolation_on(self.home(workload), workload, direction)
    }

    /// Which policies apply to a workload in a direction, on a network.
    pub fn isolation_on(&self, network: usize, workload: usize, direction: Direction) -> Isolation {
        let mut isolation = Isolation::default();
        let Some(plane) = self.planes.get(network) else {
            return isolation;
        };
        for &group in plane.groups_of(workload) {
            for policy in plane.judge.side(group, direction).all() {
                match self.policies[policy].closes {
                    Closes::Nothing => isolation.tiers.push(policy),
                    Closes::Tcp | Closes::Everything => isolation.isolating.push(policy),
                }
            }
        }
        for list in [&mut isolation.isolating, &mut isolation.tiers] {
            list.sort_unstable();
            list.dedup();
            // An object may be several policies.
            let mut known = BTreeSet::new();
            list.retain(|&p| known.insert(&self.policies[p].key));
        }
        isolation
    }

    /// Whether policies deny a workload nothing in a direction on its primary network: because none applies, or
    /// because what they say lets everything through.
    pub fn is_unrestricted(&self, workload: usize, direction: Direction) -> bool {
        self.planes.get(self.home(workload)).is_none_or(|plane| {
            let groups = plane.groups_of(workload);
            groups.iter().all(|&g| !plane.judge.may_deny(g, direction))
        })
    }

    /// What becomes of traffic from one end to another, on the network that both have in common in any case; `None` if
    /// there is none, or if neither is a workload. Addresses that rules take apart are listed as what is allowed to any
    /// of them.
    pub fn between(&self, from: &Endpoint, to: &Endpoint) -> Option<Connection> {
        let network = match (from, to) {
            (Endpoint::Workload(a), Endpoint::Workload(b)) if self.home(*a) != self.home(*b) => return None,
            (Endpoint::Workload(w), _) | (_, Endpoint::Workload(w)) => self.home(*w),
            _ => return None,
        };
        self.planes.get(network).map(|plane| plane.between(from, to))
    }

    /// What policies leave of a way in from outside. Where they let only some addresses through, it is undetermined:
    /// whether the pod sees the address of the client or that of a node is for the load balancer and
    /// `externalTrafficPolicy` to say
    /// (<https://kubernetes.io/docs/tutorials/services/source-ip/>).
    ///
    /// Requests that a controller brings must reach the controller first.
    pub fn admission(&self, entrance: &Entrance) -> Admission {
        let hops: Vec<(usize, &Admission)> = self.hops_of(entrance).collect();
        let open = |hop: &Admission| !hop.ports.is_empty() || hop.certainty == Certainty::Undetermined;
        let known: Vec<usize> = hops.iter().filter(|(_, hop)| open(hop)).map(|(w, _)| *w).collect();
        let mut admission = match &entrance.way {
            Way::Controller(all) if !all.is_empty() && known.is_empty() => {
                Admission { ports: PortSet::none(), certainty: Certainty::Certain, because: Vec::new() }
            }
            Way::Controller(_) => self.admitted(&Entrance { way: Way::Controller(known), ..entrance.clone() }),
            Way::Direct { .. } => self.admitted(entrance),
        };
        for (_, hop) in hops.iter().filter(|(_, hop)| admission.ports.is_empty() || open(hop)) {
            let decides = hop.ports.is_empty() || hop.certainty != Certainty::Certain;
            admission.certainty = admission.certainty.max(hop.certainty);
            let new = hop.because.iter().copied().filter(|r| decides && !admission.because.contains(r));
            let new: Vec<Reason> = new.collect();
            admission.because.extend(new);
        }
        let is_unjudged = entrance.doubt == Some(EntranceDoubt::Unjudged) && !admission.ports.is_empty();
        if is_unjudged {
            admission.certainty = Certainty::Undetermined;
        }
        admission
    }

    /// What policies leave of the way from outside to the workloads that bring the requests of an entrance.
    fn hops_of<'a>(&'a self, entrance: &'a Entrance) -> impl Iterator<Item = (usize, &'a Admission)> {
        let known: &[usize] = if let Way::Controller(known) = &entrance.way { known } else { &[] };
        known.iter().filter_map(|w| Some((*w, self.hops.get(w)?)))
    }

    /// How sure it is that requests reach the workloads that bring them.
    pub fn hop_certainty(&self, entrance: &Entrance) -> Certainty {
        self.hops_of(entrance).map(|(_, hop)| hop.certainty).max().unwrap_or_default()
    }

    /// What policies leave of the ways to the workloads that bring requests: through their Services and the ports of
    /// their nodes, or from anywhere where the input shows none of these.
    fn all_hops(&self) -> BTreeMap<usize, Admission> {
        let mut direct: BTreeMap<usize, Vec<&Entrance>> = BTreeMap::new();
        for entrance in &self.entrances {
            if let Way::Controller(known) = &entrance.way {
                direct.extend(known.iter().map(|&w| (w, Vec::new())));
            }
        }
        for entrance in self.entrances.iter().filter(|e| matches!(e.way, Way::Direct { .. })) {
            if let Some(own) = direct.get_mut(&entrance.workload) {
                own.push(entrance);
            }
        }
        let hop = |(workload, own): (usize, Vec<&Entrance>)| (workload, self.hop(workload, &own));
        direct.into_iter().map(hop).collect()
    }

    fn hop(&self, workload: usize, direct: &[&Entrance]) -> Admission {
        let Some(first) = direct.first() else {
            let by = ObjectKey::new("", "", "", "");
            let way = Way::Direct { from: Origin::Internet, addresses: everywhere() };
            return self.admitted(&Entrance { by, way, workload, ports: PortSet::all(), doubt: None, absent: None });
        };
        let mut all = self.admitted(first);
        for entrance in &direct[1..] {
            let next = self.admitted(entrance);
            // One that is open is enough.
            match (all.ports.is_empty(), next.ports.is_empty()) {
                (true, false) => all = next,
                (false, true) => {}
                (true, true) => all.certainty = all.certainty.max(next.certainty),
                (false, false) => {
                    all.certainty = all.certainty.min(next.certainty);
                    all.ports.add(&next.ports);
                }
            }
        }
        all
    }

    /// What policies leave of the last step of a way in.
    fn admitted(&self, entrance: &Entrance) -> Admission {
        let Some(plane) = self.planes.get(self.home(entrance.workload)) else {
            return Admission { ports: PortSet::none(), certainty: Certainty::Undetermined, because: Vec::new() };
        };
        let to = Endpoint::Workload(entrance.workload);
        let sources: Vec<Endpoint> = match &entrance.way {
            Way::Controller(known) if known.is_empty() => vec![Endpoint::IngressController],
            Way::Controller(known) => known.iter().map(|&w| Endpoint::Workload(w)).collect(),
            // What holds for IPv4 holds for IPv6 too where no policy names addresses of it.
            Way::Direct { addresses, .. } => {
                let is_translated = entrance.doubt == Some(EntranceDoubt::Translated);
                let ranges = if is_translated { everywhere().ranges() } else { addresses.ranges() };
                let v4 = |range: &AddressRange| matches!(range, AddressRange::V4(..));
                let skip_v6 = !plane.has_v6() && ranges.iter().any(v4);
                ranges.into_iter().filter(|r| !skip_v6 || v4(r)).map(Endpoint::Addresses).collect()
            }
        };
        let mut ways = sources.iter().map(|from| plane.between(from, &to));
        let Some(mut answer) = ways.next() else {
            return Admission { ports: PortSet::none(), certainty: Certainty::Certain, because: Vec::new() };
        };
        for way in ways {
            if way.ports.intersection(&entrance.ports) != answer.ports.intersection(&entrance.ports) {
                answer.certainty = Certainty::Undetermined;
            }
            answer.certainty = answer.certainty.max(way.certainty);
            answer.ports.add(&way.ports);
            let new: Vec<Reason> = way.because.into_iter().filter(|r| !answer.because.contains(r)).collect();
            answer.because.extend(new);
        }
        let mut admission = Admission {
            ports: answer.ports.intersection(&entrance.ports),
            certainty: answer.certainty,
            because: answer.because,
        };
        let is_absent = matches!(&entrance.way, Way::Controller(known) if known.is_empty());
        let may_mean = is_absent && self.may_admit_absent(&admission, entrance.workload, &entrance.ports);
        if may_mean || entrance.doubt == Some(EntranceDoubt::NotProvisioned) {
            admission.certainty = Certainty::Undetermined;
        }
        admission
    }

    /// What rules let through, told by rule: see [`Flow`](super::Flow). By network.
    pub fn flows(&self) -> Flows {
        let mut all = Flows::default();
        for plane in &self.planes {
            let Flows { allowed, denied } = reach::flows(&plane.judge, &self.policies, &plane.network);
            all.allowed.extend(allowed);
            all.denied.extend(denied);
        }
        all
    }

    /// How many pairs of workloads are open because no policy applies to either end. They are not listed one by
    /// one in [`Extent::Ruled`].
    pub fn open_pairs(&self) -> usize {
        let mut open = vec![(0_usize, 0_usize, 0_usize); self.planes.len()];
        for (workload, &home) in self.home.iter().enumerate() {
            let [ingress, egress] = Direction::ALL.map(|d| {
                self.isolation(workload, d) == Isolation::default() && self.influence(workload, d) == Influence::None
            });
            let count = &mut open[home];
            count.0 += usize::from(egress);
            count.1 += usize::from(ingress);
            count.2 += usize::from(egress && ingress);
        }
        open.into_iter().map(|(from, to, both)| from * to - both).sum()
    }

    fn doubts(&self, cluster: &Cluster, diagnostics: &mut Vec<Diagnostic>) {
        let place = |workload: usize| cluster.entries()[cluster.workloads()[workload].entry].object.span;
        let name = |workload: usize| cluster.workloads()[workload].key.to_string();
        let groups = |w: usize| self.groups_of(self.home(w), w);
        let split: Vec<usize> = (0..self.home.len()).filter(|&w| groups(w).len() > 1).collect();
        if let Some(&first) = split.first() {
            let more =
                if split.len() > 1 { format!(" and of {} more workloads", split.len() - 1) } else { String::new() };
            let message = format!(
                "policies can tell the pods of {}{more} apart; where they treat them differently, what is said holds for some of the pods",
                name(first)
            );
            diagnostics.push(Diagnostic::at(Code::PodsDiffer, place(first), message));
        }
        let on_host = |w: &usize| {
            let judge = &self.planes[self.home(*w)].judge;
            groups(*w)
                .iter()
                .any(|&g| judge.groups[g].host_network && Direction::ALL.into_iter().any(|d| !judge.is_open(g, d)))
        };
        let hosts: Vec<usize> = (0..self.home.len()).filter(on_host).collect();
        if let Some(&first) = hosts.first() {
            let more = if hosts.len() > 1 { format!(" and {} more workloads", hosts.len() - 1) } else { String::new() };
            let message = format!(
                "the pods of {}{more} are in the network of their node, where policies may not hold",
                name(first)
            );
            diagnostics.push(Diagnostic::at(Code::HostNetworkUndetermined, place(first), message));
        }
    }
}
