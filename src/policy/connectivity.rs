//! The result: who can talk to whom, on which ports, and because of which rules.

use std::collections::BTreeMap;

use super::addresses::{AddressRange, AddressSet};
use super::classes::{Asked, Classes};
use super::collect::{self, ForeignPolicy, refused};
use super::evaluate::{Judge, Reason, Verdict};
use super::groups::{Group, GroupId, Members, SetTable};
use super::ports::PortSet;
use super::rule::{Direction, Policy, Tier};
use crate::cluster::Cluster;
use crate::diagnostic::{Code, Diagnostic, Warned};

/// A way by which requests from outside come to a workload: Ingress or route, Service, target port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The workload, by its position in the cluster.
    pub workload: usize,
    /// Its ports that are reached.
    pub ports: PortSet,
    /// The workloads that are known to bring the requests; empty if the input does not hold the controller.
    pub controllers: Vec<usize>,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The ingress controller that the input does not hold.
    IngressController,
    /// A workload, by its position in the cluster.
    Workload(usize),
    /// Addresses outside of the cluster.
    Addresses(AddressRange),
}

/// How sure a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The manifests decide it.
    Certain,
    /// It rests on a convention, such as what an ingress controller is that the input does not hold.
    Convention,
    /// Manifests do not decide it: pods in the network of their node, or pods of one workload that policies treat differently.
    Undetermined,
}

impl Certainty {
    /// `certain`, `convention` or `undetermined`.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Convention => "convention",
            Certainty::Undetermined => "undetermined",
        }
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
    /// How sure that is.
    pub certainty: Certainty,
    /// Which rules decided about it; empty if no policy has a say about either end.
    pub because: Vec<Reason>,
}

/// Which connections are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that are allowed and that some policy, or a way in from outside, has a say about.
    Ruled,
    /// Every pair: also those that are open because no policy has a say, and those that policies deny (with no ports).
    All,
}

/// Which policies have a say about a workload in a direction, by position among [`Connectivity::policies`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// NetworkPolicies: what none of them allows is denied.
    pub isolating: Vec<usize>,
    /// Policies of the Admin and Baseline tiers.
    pub tiers: Vec<usize>,
}

impl Isolation {
    /// Whether some NetworkPolicy selects the workload.
    pub fn is_isolated(&self) -> bool {
        !self.isolating.is_empty()
    }
}

/// Who can talk to whom in a cluster. Questions are answered for groups of pods that policies treat alike, and expanded to workloads on the way out.
#[derive(Clone, Debug, Default)]
pub struct Connectivity {
    policies: Vec<Policy>,
    foreign: Vec<ForeignPolicy>,
    judge: Judge,
    of_workload: Vec<Vec<GroupId>>,
    controller: GroupId,
    entrances: Vec<Entrance>,
}

/// Works out who can talk to whom.
pub fn connectivity(cluster: &Cluster, entrances: Vec<Entrance>) -> Warned<Connectivity> {
    let mut diagnostics = Vec::new();
    let collected = collect::collect(cluster, &mut diagnostics);
    let policies = collected.policies;
    let asked = Asked::by(&policies);
    let classes = Classes::new(cluster, &asked);
    collect::doubts(&policies, &classes.namespaces, &mut diagnostics);
    let mut table = SetTable::default();
    for policy in &policies {
        table.subject(policy);
        for rule in policy.all_rules() {
            table.peers(policy, &rule.peers);
        }
    }
    let mut groups = table.group(&classes);
    let of_workload = std::mem::take(&mut groups.of_workload);
    let controller = groups.controller;
    let mut judge = Judge::new(&policies, &mut table, groups);
    settle_ties(&policies, &mut judge, &mut diagnostics);
    let value = Connectivity {
        policies,
        foreign: collected.foreign,
        judge,
        of_workload,
        controller,
        entrances,
    };
    value.doubts(cluster, &mut diagnostics);
    Warned { value, diagnostics }
}

/// Of two policies of one tier and priority that are about the same pods, nobody can say which one is asked first
/// (<https://network-policy-api.sigs.k8s.io/reference/spec/>), so only the first by name is kept.
fn settle_ties(policies: &[Policy], judge: &mut Judge, diagnostics: &mut Vec<Diagnostic>) {
    for (id, policy) in policies.iter().enumerate().filter(|(_, p)| p.tier != Tier::Network) {
        let alike = |other: &Policy| (other.tier, other.priority) == (policy.tier, policy.priority);
        let both = |other: &Policy| Direction::ALL.into_iter().any(|d| other.rules(d).is_some() && policy.rules(d).is_some());
        let rival = policies[..id]
            .iter()
            .enumerate()
            .rev()
            .take_while(|(_, o)| alike(o))
            .find(|(o, other)| both(other) && judge.subjects_meet(*o, id));
        if let Some((_, other)) = rival {
            let message = format!(
                "{} is left out: it has the same tier and priority {} as {}, and both are about the same pods",
                policy.key, policy.priority, other.key
            );
            diagnostics.push(
                refused(policy.at, message)
                    .with_related(other.at, "asked instead")
                    .with_help("give each policy a priority of its own"),
            );
            judge.forget(id);
        }
    }
}

impl Connectivity {
    /// The policies that are evaluated, by tier, priority and name.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policies that are not evaluated.
    pub fn foreign(&self) -> &[ForeignPolicy] {
        &self.foreign
    }

    /// The groups of things that policies treat alike.
    pub fn groups(&self) -> &[Group] {
        &self.judge.groups
    }

    /// The ways in from outside.
    pub fn entrances(&self) -> &[Entrance] {
        &self.entrances
    }

    /// The groups that a workload's pods are in: one, unless policies can tell its pods apart.
    pub fn groups_of(&self, workload: usize) -> &[GroupId] {
        self.of_workload.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// What becomes of traffic between two groups.
    pub fn between_groups(&self, from: GroupId, to: GroupId) -> Verdict {
        self.judge.between(from, to)
    }

    /// Which policies have a say about a workload in a direction.
    pub fn isolation(&self, workload: usize, direction: Direction) -> Isolation {
        let mut isolation = Isolation::default();
        for &group in self.groups_of(workload) {
            let side = self.judge.side(group, direction);
            isolation.isolating.extend(&side.network);
            isolation.tiers.extend(side.admin.iter().chain(&side.baseline));
        }
        for list in [&mut isolation.isolating, &mut isolation.tiers] {
            list.sort_unstable();
            list.dedup();
        }
        isolation
    }

    /// What becomes of traffic from one workload to another.
    pub fn between(&self, from: usize, to: usize) -> Connection {
        let mut answer = Answer::default();
        for &a in self.groups_of(from) {
            for &b in self.groups_of(to) {
                answer.add(self.judge.between(a, b), self.judge.is_undetermined(a, b));
            }
        }
        answer.connection(Endpoint::Workload(from), Endpoint::Workload(to))
    }

    /// All connections of an extent, by source and destination.
    pub fn connections(&self, extent: Extent) -> Vec<Connection> {
        let mut found: BTreeMap<(Endpoint, Endpoint), Answer> = BTreeMap::new();
        let mut outside: BTreeMap<(usize, Direction, Kept), AddressSet> = BTreeMap::new();
        for (from, to) in self.pairs(extent) {
            let verdict = self.judge.between(from, to);
            let kept = match extent {
                Extent::All => !verdict.ports.is_empty() || !verdict.because.is_empty(),
                Extent::Ruled => !verdict.ports.is_empty() && !verdict.because.is_empty(),
            };
            let undetermined = self.judge.is_undetermined(from, to);
            match (&self.judge.groups[from].members, &self.judge.groups[to].members) {
                // A denied part of a workload still counts against the rest of it.
                (Members::Pods(sources), Members::Pods(targets)) => {
                    let several = |w: &usize| self.groups_of(*w).len() > 1;
                    for &source in sources {
                        for &target in targets.iter().filter(|t| **t != source && (kept || several(t) || several(&source))) {
                            found
                                .entry((Endpoint::Workload(source), Endpoint::Workload(target)))
                                .or_default()
                                .add(verdict.clone(), undetermined);
                        }
                    }
                }
                (Members::Pods(pods), Members::Addresses(set)) if kept => {
                    collect_outside(&mut outside, pods, Direction::Egress, &verdict, undetermined, set)
                }
                (Members::Addresses(set), Members::Pods(pods)) if kept => {
                    collect_outside(&mut outside, pods, Direction::Ingress, &verdict, undetermined, set)
                }
                _ => {}
            }
        }
        let kept = |a: &Answer| match extent {
            Extent::All => true,
            Extent::Ruled => !a.ports.is_empty() && !a.because.is_empty(),
        };
        let mut connections: Vec<Connection> = found
            .into_iter()
            .filter(|(_, a)| kept(a))
            .map(|((from, to), a)| a.connection(from, to))
            .collect();
        for ((workload, direction, (ports, because, certainty)), set) in outside {
            for range in set.ranges() {
                let (own, other) = (Endpoint::Workload(workload), Endpoint::Addresses(range));
                let (from, to) = if direction == Direction::Egress { (own, other) } else { (other, own) };
                connections.push(Connection {
                    from,
                    to,
                    ports: ports.clone(),
                    certainty,
                    because: because.clone(),
                });
            }
        }
        connections.extend(self.from_controller(extent));
        connections.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        connections
    }

    /// What an ingress controller that the input does not hold can reach: the ways in from outside, as far as policies let it.
    fn from_controller(&self, extent: Extent) -> Vec<Connection> {
        let mut ways: BTreeMap<usize, PortSet> = BTreeMap::new();
        for entrance in self.entrances.iter().filter(|e| e.controllers.is_empty()) {
            let ports = ways.entry(entrance.workload).or_default();
            *ports = ports.union(&entrance.ports);
        }
        let mut connections = Vec::new();
        for (workload, ports) in ways {
            let mut answer = Answer::default();
            for &group in self.groups_of(workload) {
                let mut verdict = self.judge.between(self.controller, group);
                verdict.ports = verdict.ports.intersection(&ports);
                answer.add(verdict, self.judge.is_undetermined(self.controller, group));
            }
            if extent == Extent::All || !answer.ports.is_empty() {
                let mut connection = answer.connection(Endpoint::IngressController, Endpoint::Workload(workload));
                connection.certainty = connection.certainty.max(Certainty::Convention);
                connections.push(connection);
            }
        }
        connections
    }

    /// The pairs of groups that an extent is about. For [`Extent::Ruled`] only those are walked whose own side does not surely deny.
    fn pairs(&self, extent: Extent) -> Vec<(GroupId, GroupId)> {
        let judge = &self.judge;
        let count = judge.groups.len();
        let mut pairs = Vec::new();
        if extent == Extent::All {
            for from in 0..count {
                pairs.extend((0..count).map(|to| (from, to)).filter(|&(f, t)| judge.is_of_interest(f, t)));
            }
            return pairs;
        }
        let ruled = |group: GroupId, direction: Direction| !judge.is_open(group, direction);
        let targets: Vec<GroupId> = (0..count).filter(|&g| ruled(g, Direction::Ingress)).collect();
        let mut sources_of: BTreeMap<GroupId, fixedbitset::FixedBitSet> = BTreeMap::new();
        for &to in &targets {
            let sources = judge.possible_peers(to, Direction::Ingress);
            for from in sources.ones().filter(|&from| !ruled(from, Direction::Egress)) {
                pairs.push((from, to));
            }
            sources_of.insert(to, sources);
        }
        for from in (0..count).filter(|&g| ruled(g, Direction::Egress)) {
            for to in judge.possible_peers(from, Direction::Egress).ones() {
                if sources_of.get(&to).is_none_or(|sources| sources.contains(from)) {
                    pairs.push((from, to));
                }
            }
        }
        pairs.retain(|&(from, to)| judge.is_of_interest(from, to));
        pairs
    }

    fn doubts(&self, cluster: &Cluster, diagnostics: &mut Vec<Diagnostic>) {
        let place = |workload: usize| cluster.entries()[cluster.workloads()[workload].entry].object.span;
        let name = |workload: usize| cluster.workloads()[workload].key.to_string();
        let split: Vec<usize> = (0..self.of_workload.len()).filter(|&w| self.of_workload[w].len() > 1).collect();
        if let Some(&first) = split.first() {
            let more = if split.len() > 1 {
                format!(" and of {} more workloads", split.len() - 1)
            } else {
                String::new()
            };
            let message = format!(
                "policies treat the pods of {}{more} differently; where they do, what is said holds for some of the pods",
                name(first)
            );
            diagnostics.push(Diagnostic::at(Code::PodsDiffer, place(first), message));
        }
        let on_host = |w: &usize| {
            self.groups_of(*w)
                .iter()
                .any(|&g| self.judge.groups[g].host_network && Direction::ALL.into_iter().any(|d| !self.judge.is_open(g, d)))
        };
        let hosts: Vec<usize> = (0..self.of_workload.len()).filter(on_host).collect();
        if let Some(&first) = hosts.first() {
            let more = if hosts.len() > 1 {
                format!(" and {} more workloads", hosts.len() - 1)
            } else {
                String::new()
            };
            let message = format!(
                "the pods of {}{more} are in the network of their node, where policies may not hold",
                name(first)
            );
            diagnostics.push(Diagnostic::at(Code::HostNetworkUndetermined, place(first), message));
        }
    }
}

/// What must agree for addresses to be told as one.
type Kept = (PortSet, Vec<Reason>, Certainty);

fn collect_outside(
    outside: &mut BTreeMap<(usize, Direction, Kept), AddressSet>,
    pods: &[usize],
    direction: Direction,
    verdict: &Verdict,
    undetermined: bool,
    set: &AddressSet,
) {
    let certainty = if undetermined { Certainty::Undetermined } else { Certainty::Certain };
    for &workload in pods {
        let addresses = outside
            .entry((workload, direction, (verdict.ports.clone(), verdict.because.clone(), certainty)))
            .or_default();
        *addresses = addresses.union(set);
    }
}

/// What several groups of pods say together about their workloads: what any of them may do, undetermined where they differ.
#[derive(Clone, Debug, Default)]
struct Answer {
    ports: PortSet,
    because: Vec<Reason>,
    parts: usize,
    undetermined: bool,
}

impl Answer {
    fn add(&mut self, verdict: Verdict, undetermined: bool) {
        self.undetermined |= undetermined || (self.parts > 0 && self.ports != verdict.ports);
        self.parts += 1;
        if self.parts == 1 {
            (self.ports, self.because) = (verdict.ports, verdict.because);
            return;
        }
        self.ports = self.ports.union(&verdict.ports);
        for reason in verdict.because {
            if !self.because.contains(&reason) {
                self.because.push(reason);
            }
        }
    }

    fn connection(self, from: Endpoint, to: Endpoint) -> Connection {
        let certainty = if self.undetermined {
            Certainty::Undetermined
        } else {
            Certainty::Certain
        };
        Connection {
            from,
            to,
            ports: self.ports,
            certainty,
            because: self.because,
        }
    }
}
