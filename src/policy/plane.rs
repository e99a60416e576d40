//! One network: the pods on it, and what policies say of traffic there.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::classes::{Asked, Classes};
use super::collect::refused;
use super::connectivity::{Connection, Endpoint, Entrance, Extent, Way};
use super::evaluate::{Certainty, Judge, Reason, Verdict};
use super::groups::{AbsentController, GroupId, Members, Outside, SetTable};
use super::networks::Network;
use super::rule::{Direction, Policy, Scope, Tier};
use crate::cluster::Cluster;
use crate::diagnostic::Diagnostic;
use crate::net::{AddressSet, PortSet};

/// One network.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    /// Which it is.
    pub network: Network,
    /// What decides there.
    pub judge: Judge,
    of_workload: Vec<Vec<GroupId>>,
    /// The groups of the ingress controllers that the input does not hold; secondary networks have none.
    controllers: Vec<GroupId>,
    /// How sure it is what these controllers are.
    of_controllers: Certainty,
}

/// Of two policies of one tier and priority that are about the same pods, nobody can say which one is asked first
/// (<https://network-policy-api.sigs.k8s.io/reference/spec/>), so only the first by name is kept.
fn settle_ties(policies: &[Policy], judge: &mut Judge, diagnostics: &mut Vec<Diagnostic>) {
    for (id, policy) in policies.iter().enumerate().filter(|(_, p)| p.tier != Tier::Network) {
        let alike = |other: &Policy| (other.tier, other.priority) == (policy.tier, policy.priority);
        let both =
            |other: &Policy| Direction::ALL.into_iter().any(|d| other.rules(d).is_some() && policy.rules(d).is_some());
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

impl Plane {
    /// The network with these workloads on it, and with these ingress controllers that the input does not hold.
    pub fn new(
        network: Network,
        cluster: &Cluster,
        policies: &[Policy],
        members: &[usize],
        absent: &[AbsentController],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Plane {
        let holds = |policy: &Policy| match (&policy.scope, &network) {
            (Scope::Secondary(names), Network::Secondary(name)) => names.contains(name),
            (Scope::Primary, Network::Secondary(_)) | (Scope::Secondary(_), _) => false,
            (Scope::Primary, _) => true,
        };
        let asked = Asked::by(policies.iter().filter(|p| holds(p)));
        let classes = Classes::new(cluster, &asked, members);
        let mut table = SetTable::default();
        for policy in policies.iter().filter(|p| holds(p)) {
            table.subject(policy);
            for rule in policy.all_rules() {
                table.peers(policy, &rule.peers);
            }
        }
        let outside = if matches!(network, Network::Secondary(_)) { Outside::Absent } else { Outside::There(absent) };
        let mut groups = table.group(&classes, outside);
        let of_workload = std::mem::take(&mut groups.of_workload);
        let controllers = std::mem::take(&mut groups.controllers);
        let mut judge = Judge::new(policies, holds, &mut table, groups);
        settle_ties(policies, &mut judge, diagnostics);
        Plane {
            network,
            judge,
            of_workload,
            controllers,
            of_controllers: if absent.iter().all(|a| a.namespace.is_some()) {
                Certainty::Certain
            } else {
                Certainty::Convention
            },
        }
    }

    /// The groups that a workload's pods are in; none if it is not on this network.
    pub fn groups_of(&self, workload: usize) -> &[GroupId] {
        self.of_workload.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// The groups that an end of a connection is in.
    fn groups_at(&self, end: &Endpoint) -> Vec<GroupId> {
        match end {
            Endpoint::Workload(workload) => self.groups_of(*workload).to_vec(),
            Endpoint::IngressController => self.controllers.clone(),
            Endpoint::Addresses(range) => {
                let wanted = AddressSet::range(*range);
                let groups = self.judge.groups.iter().enumerate();
                groups
                    .filter(
                        |(_, g)| matches!(&g.members, Members::Addresses(set) if !set.intersection(&wanted).is_empty()),
                    )
                    .map(|(i, _)| i)
                    .collect()
            }
        }
    }

    /// What becomes of traffic from one end to another.
    pub fn between(&self, from: &Endpoint, to: &Endpoint) -> Connection {
        let mut answer = Answer::default();
        for a in self.groups_at(from) {
            for b in self.groups_at(to) {
                answer.add(self.judge.between(a, b), self.judge.certainty(a, b));
            }
        }
        let mut connection = answer.connection(from.clone(), to.clone(), &self.network);
        if *from == Endpoint::IngressController {
            connection.certainty = connection.certainty.max(self.of_controllers);
        }
        connection
    }

    /// All connections of an extent, by source and destination.
    pub fn connections(&self, extent: Extent, entrances: &[Entrance]) -> Vec<Connection> {
        let mut found: BTreeMap<(Endpoint, Endpoint), Answer> = BTreeMap::new();
        let mut outside: BTreeMap<(usize, Direction, Kept), AddressSet> = BTreeMap::new();
        for (from, to) in self.pairs(extent) {
            let verdict = self.judge.between(from, to);
            let kept = match extent {
                Extent::All => !verdict.ports.is_empty() || !verdict.because.is_empty(),
                Extent::Ruled => !verdict.ports.is_empty() && !verdict.because.is_empty(),
            };
            let certainty = self.judge.certainty(from, to);
            match (&self.judge.groups[from].members, &self.judge.groups[to].members) {
                // A denied part of a workload still counts against the rest of it.
                (Members::Pods(sources), Members::Pods(targets)) => {
                    let several = |w: &usize| self.groups_of(*w).len() > 1;
                    for &source in sources {
                        for &target in
                            targets.iter().filter(|t| **t != source && (kept || several(t) || several(&source)))
                        {
                            found
                                .entry((Endpoint::Workload(source), Endpoint::Workload(target)))
                                .or_default()
                                .add(verdict.clone(), certainty);
                        }
                    }
                }
                (Members::Pods(pods), Members::Addresses(set)) if kept => {
                    collect_outside(&mut outside, pods, Direction::Egress, &verdict, certainty, set)
                }
                (Members::Addresses(set), Members::Pods(pods)) if kept => {
                    collect_outside(&mut outside, pods, Direction::Ingress, &verdict, certainty, set)
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
            .map(|((from, to), a)| a.connection(from, to, &self.network))
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
                    network: self.network.clone(),
                });
            }
        }
        connections.extend(self.through_controller(extent, entrances));
        connections.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        connections
    }

    /// What an ingress controller that the input does not hold can reach: the ways in from outside, as far as policies
    /// let it.
    fn through_controller(&self, extent: Extent, entrances: &[Entrance]) -> Vec<Connection> {
        if self.controllers.is_empty() {
            return Vec::new();
        }
        let mut ways: BTreeMap<usize, PortSet> = BTreeMap::new();
        for entrance in
            entrances.iter().filter(|e| e.way == Way::Controller(Vec::new()) && !self.groups_of(e.workload).is_empty())
        {
            let ports = ways.entry(entrance.workload).or_default();
            *ports = ports.union(&entrance.ports);
        }
        let mut connections = Vec::new();
        for (workload, ports) in ways {
            let mut answer = Answer::default();
            for &group in self.groups_of(workload) {
                for &controller in &self.controllers {
                    let mut verdict = self.judge.between(controller, group);
                    verdict.ports = verdict.ports.intersection(&ports);
                    answer.add(verdict, self.judge.certainty(controller, group));
                }
            }
            if extent == Extent::All || !answer.ports.is_empty() {
                let mut connection =
                    answer.connection(Endpoint::IngressController, Endpoint::Workload(workload), &self.network);
                connection.certainty = connection.certainty.max(self.of_controllers);
                connections.push(connection);
            }
        }
        connections
    }

    /// The pairs of groups that an extent is about, ascending. For [`Extent::Ruled`] only those are walked that a rule
    /// of either end speaks of and that neither end surely denies.
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
        let admitted = |direction: Direction| -> Vec<Option<FixedBitSet>> {
            (0..count).map(|g| judge.admitted_peers(g, direction)).collect()
        };
        let (to_of, from_of) = (admitted(Direction::Egress), admitted(Direction::Ingress));
        let may = |from: GroupId, to: GroupId| {
            to_of[from].as_ref().is_none_or(|set| set.contains(to))
                && from_of[to].as_ref().is_none_or(|set| set.contains(from))
        };
        for own in 0..count {
            let targets = judge.peers_spoken_of(own, Direction::Egress);
            pairs.extend(targets.ones().map(|to| (own, to)));
            let sources = judge.peers_spoken_of(own, Direction::Ingress);
            pairs.extend(sources.ones().map(|from| (from, own)));
        }
        pairs.retain(|&(from, to)| may(from, to) && judge.is_of_interest(from, to));
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

/// What must agree for addresses to be told as one.
type Kept = (PortSet, Vec<Reason>, Certainty);

fn collect_outside(
    outside: &mut BTreeMap<(usize, Direction, Kept), AddressSet>,
    pods: &[usize],
    direction: Direction,
    verdict: &Verdict,
    certainty: Certainty,
    set: &AddressSet,
) {
    for &workload in pods {
        let addresses = outside
            .entry((workload, direction, (verdict.ports.clone(), verdict.because.clone(), certainty)))
            .or_default();
        *addresses = addresses.union(set);
    }
}

/// What several groups of pods say together about their workloads: what any of them may do, undetermined where they
/// differ.
#[derive(Clone, Debug, Default)]
struct Answer {
    ports: PortSet,
    because: Vec<Reason>,
    parts: usize,
    undetermined: bool,
}

impl Answer {
    fn add(&mut self, verdict: Verdict, certainty: Certainty) {
        self.undetermined |= certainty == Certainty::Undetermined || (self.parts > 0 && self.ports != verdict.ports);
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

    fn connection(self, from: Endpoint, to: Endpoint, network: &Network) -> Connection {
        let certainty = if self.undetermined { Certainty::Undetermined } else { Certainty::Certain };
        Connection { from, to, ports: self.ports, certainty, because: self.because, network: network.clone() }
    }
}
