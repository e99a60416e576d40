//! One network: the pods on it, and what policies say of traffic there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::classes::{Asked, Classes};
use super::collect::refused;
use super::connectivity::{Answer, Connection, Endpoint, Extent};
use super::enforcement::Enforcement;
use super::entrance::{Entrance, Way};
use super::evaluate::{Certainty, Judge, Reason};
use super::foreign::Influences;
use super::groups::{AbsentController, GroupId, Members, Outside, SetTable};
use super::networks::Network;
use super::pairs::Pair;
use super::rule::{Direction, Peers, Policy, Scope};
use super::tier::Tier;
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
    /// The groups of the ingress controllers that the manifests do not contain; secondary networks have none.
    controllers: Vec<GroupId>,
    /// How sure it is what these controllers are.
    of_controllers: Certainty,
}

/// Of two policies of one tier and priority that are about the same pods, nobody can say which one is asked first
/// (<https://network-policy-api.sigs.k8s.io/reference/spec/>), so only the first by name is kept.
fn settle_ties(policies: &[Policy], judge: &mut Judge, diagnostics: &mut Vec<Diagnostic>) {
    let settled = |p: &Policy| matches!(p.tier, Tier::Admin | Tier::Baseline);
    for (id, policy) in policies.iter().enumerate().filter(|(_, p)| settled(p)) {
        let alike = |other: &Policy| (&other.tier, other.priority) == (&policy.tier, policy.priority);
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
    /// The network with these workloads on it, and with these ingress controllers that the manifests do not contain.
    pub fn new(
        network: Network,
        cluster: &Cluster,
        policies: &[Policy],
        members: &[usize],
        absent: &[AbsentController],
        (unread, enforcement): (&Influences, &Enforcement),
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Plane {
        let holds = |policy: &Policy| match (&policy.scope, &network) {
            (Scope::Secondary(names), Network::Secondary(name)) => names.contains(name),
            (Scope::Primary, Network::Secondary(_)) | (Scope::Secondary(_), _) => false,
            (Scope::Primary, _) => true,
        };
        let asked = Asked::by(policies.iter().filter(|p| holds(p)));
        let classes = Classes::new(cluster, &asked, members, unread);
        let mut table = SetTable::default();
        for policy in policies.iter().filter(|p| holds(p)) {
            table.subject(policy);
            for rule in policy.all_rules() {
                table.peers(policy, &rule.peers);
                table.perhaps(policy, rule);
                if rule.own != Peers::Everybody {
                    table.peers(policy, &rule.own);
                }
            }
        }
        let outside = if matches!(network, Network::Secondary(_)) { Outside::Absent } else { Outside::There(absent) };
        let mut groups = table.group(&classes, outside);
        let of_workload = std::mem::take(&mut groups.of_workload);
        let controllers = std::mem::take(&mut groups.controllers);
        let beside = matches!(network, Network::Secondary(_));
        let enforced = |policy: &Policy| beside || enforcement.unenforcing(policy).is_none();
        let mut judge = Judge::new(policies, holds, enforced, &mut table, groups);
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

    /// How many workloads the cluster has, on this network or not.
    pub fn workloads(&self) -> usize {
        self.of_workload.len()
    }

    /// Whether policies are about addresses of IPv6 here.
    pub fn has_v6(&self) -> bool {
        self.judge.groups.iter().any(|g| matches!(&g.members, Members::Addresses(set) if set.has_v6()))
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
        let mut union = Union::default();
        for a in self.groups_at(from) {
            for b in self.groups_at(to) {
                union.add(self.between_groups(a, b));
            }
        }
        let mut answer = union.answer().map(Arc::unwrap_or_clone).unwrap_or_default();
        if *from == Endpoint::IngressController {
            answer.certainty = answer.certainty.max(self.of_controllers);
        }
        let (from, to, answer) = (from.clone(), to.clone(), Arc::new(answer));
        Pair { from, to, answer, network: &self.network }.into()
    }

    /// What becomes of traffic from one group to another.
    pub fn between_groups(&self, from: GroupId, to: GroupId) -> Arc<Answer> {
        self.judge.between(from, to)
    }

    /// What an ingress controller that the manifests do not contain can reach: the ways in from outside, as far as
    /// policies let it. By workload.
    pub fn through_controller(&self, extent: Extent, entrances: &[Entrance]) -> Vec<Pair<'_>> {
        if self.controllers.is_empty() {
            return Vec::new();
        }
        let mut ways: BTreeMap<usize, PortSet> = BTreeMap::new();
        for entrance in
            entrances.iter().filter(|e| e.way == Way::Controller(Vec::new()) && !self.groups_of(e.workload).is_empty())
        {
            let ports = ways.entry(entrance.workload).or_default();
            ports.add(&entrance.ports);
        }
        let mut pairs = Vec::new();
        for (workload, ports) in ways {
            let mut union = Union::default();
            for &group in self.groups_of(workload) {
                for &controller in &self.controllers {
                    let mut answer = Arc::unwrap_or_clone(self.between_groups(controller, group));
                    answer.ports = answer.ports.intersection(&ports);
                    answer.sometimes = answer.sometimes.intersection(&ports);
                    union.add(Arc::new(answer));
                }
            }
            let mut answer = union.answer().map(Arc::unwrap_or_clone).unwrap_or_default();
            if extent == Extent::All || !answer.ports.is_empty() {
                answer.certainty = answer.certainty.max(self.of_controllers);
                let (from, to) = (Endpoint::IngressController, Endpoint::Workload(workload));
                pairs.push(Pair { from, to, answer: Arc::new(answer), network: &self.network });
            }
        }
        pairs
    }
}

/// Answers about several groups of pods, together: ports that any of them has, undetermined where they differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Union {
    /// The only answer as long as all are the same one.
    only: Option<Arc<Answer>>,
    /// Further ones.
    parts: Vec<Arc<Answer>>,
}

impl Union {
    /// Adds an answer.
    pub fn add(&mut self, answer: Arc<Answer>) {
        match &self.only {
            None => self.only = Some(answer),
            Some(only) if Arc::ptr_eq(only, &answer) || (self.parts.is_empty() && **only == *answer) => {}
            Some(_) => self.parts.push(answer),
        }
    }

    /// All together; `None` if nothing was added.
    pub fn answer(self) -> Option<Arc<Answer>> {
        let only = self.only?;
        if self.parts.is_empty() {
            return Some(only);
        }
        let mut answer = Answer::clone(&only);
        let mut known: BTreeSet<Reason> = answer.because.iter().copied().collect();
        for part in self.parts {
            if part.certainty == Certainty::Undetermined || part.ports != answer.ports {
                answer.certainty = Certainty::Undetermined;
            }
            answer.ports.add(&part.ports);
            answer.sometimes.add(&part.sometimes);
            answer.certainty = answer.certainty.max(part.certainty);
            answer.because.extend(part.because.iter().filter(|r| known.insert(**r)));
        }
        Some(Arc::new(answer))
    }
}
