//! Decides: which ports one group may reach at another, and which rules say so.
//!
//! A connection is allowed where the egress of its source and the ingress of its destination both allow it. For one
//! side the tiers are asked in their order, port by port: the first rule of the Admin tier that matches decides or
//! passes on; then, if any NetworkPolicy selects the pod, what none of them allows is denied; else the first rule of
//! the Baseline tier that matches decides; what nobody decides is allowed
//! (<https://network-policy-api.sigs.k8s.io/api-overview/>,
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>).

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::connectivity::Answer;
use super::foreign::{Influence, slot};
use super::groups::{Group, GroupId, Groups, Members, SetId, SetTable};
use super::memory::{Asked as Known, Memory};
use super::ports::RulePorts;
use super::rule::{Action, Direction, Policy, Tier};
use crate::net::{ContainerPort, PortSet};

/// What a policy does to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Effect {
    /// A rule allows it.
    Allow,
    /// A rule denies it.
    Deny,
    /// A rule leaves it to the next tier.
    Pass,
    /// A NetworkPolicy selects the pod and has no rule for it.
    Isolate,
}

impl Effect {
    /// `allow`, `deny`, `pass` or `isolate`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How sure a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Certainty {
    /// The manifests decide it.
    #[default]
    Certain,
    /// It rests on a convention, such as what an ingress controller is that the manifests do not contain.
    Convention,
    /// Manifests do not decide it: pods in the network of their node, pods of one workload that policies treat
    /// differently, or pods that policies may concern which are not evaluated.
    Undetermined,
}

impl Certainty {
    /// `certain`, `convention` or `undetermined`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One reason for what becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// Which side it concerns: egress of the source comes before ingress of the destination.
    pub direction: Direction,
    /// The policy, by its position among the evaluated ones.
    pub policy: usize,
    /// The rule, by its position in its direction; `None` where there is none.
    pub rule: Option<usize>,
    /// What it does.
    pub effect: Effect,
}

/// What one side says, or both together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The ports that are allowed.
    pub ports: PortSet,
    /// Which rules decided about at least one port.
    pub because: Vec<Reason>,
}

/// A rule, ready to be asked.
#[derive(Clone, Debug)]
struct Asked {
    action: Action,
    /// What any of its peers means.
    peers: SetId,
    /// What each of its peers means, in the order of the rule, as far as manifests tell.
    each: Vec<SetId>,
    ports: RulePorts,
}

/// The policies that apply to a group in a direction, by tier and in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub admin: Vec<usize>,
    pub network: Vec<usize>,
    pub baseline: Vec<usize>,
}

impl Side {
    /// All of them, tier by tier.
    pub fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.admin.iter().chain(&self.network).chain(&self.baseline).copied()
    }

    fn is_open(&self) -> bool {
        self.admin.is_empty() && self.network.is_empty() && self.baseline.is_empty()
    }
}

/// Everything that is needed to decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    pub groups: Vec<Group>,
    sets: Vec<FixedBitSet>,
    /// The subjects of each policy; `None` if it does not hold here.
    subjects: Vec<Option<SetId>>,
    rules: Vec<[Vec<Asked>; 2]>,
    sides: Vec<[Side; 2]>,
    memory: Memory,
}

impl Judge {
    /// Prepares groups and the rules of those policies that hold here. The sets of subjects and of each rule's peers
    /// come from the table that made the groups.
    /// Policies that nobody enforces have subjects and decide nothing.
    pub fn new(
        policies: &[Policy],
        holds: impl Fn(&Policy) -> bool,
        enforced: bool,
        table: &mut SetTable,
        groups: Groups,
    ) -> Judge {
        let Groups { groups, mut sets, .. } = groups;
        let mut unions: BTreeMap<Vec<SetId>, SetId> = BTreeMap::new();
        let mut rules = Vec::with_capacity(policies.len());
        let mut subjects = Vec::with_capacity(policies.len());
        for policy in policies {
            if !holds(policy) {
                subjects.push(None);
                rules.push(Default::default());
                continue;
            }
            subjects.push(Some(table.subject(policy)));
            rules.push(Direction::ALL.map(|direction| {
                let written = policy.rules(direction).unwrap_or_default();
                let ask = |rule: &super::rule::Rule| {
                    let each = table.peers(policy, &rule.peers);
                    let mut ids = each.clone();
                    ids.sort_unstable();
                    ids.dedup();
                    let peers = match ids.as_slice() {
                        [one] => *one,
                        _ => *unions.entry(ids).or_insert_with_key(|ids| {
                            let mut union = FixedBitSet::with_capacity(groups.len());
                            ids.iter().for_each(|&id| union.union_with(&sets[id]));
                            sets.push(union);
                            sets.len() - 1
                        }),
                    };
                    Asked { action: rule.action, peers, each, ports: rule.ports.clone() }
                };
                written.iter().map(ask).collect()
            }));
        }
        let mut judge = Judge {
            sides: vec![Default::default(); groups.len()],
            groups,
            sets,
            subjects,
            rules,
            memory: Memory::default(),
        };
        for (id, policy) in policies.iter().enumerate().filter(|_| enforced) {
            let Some(subjects) = judge.subjects[id] else { continue };
            for direction in Direction::ALL.into_iter().filter(|d| policy.rules(*d).is_some()) {
                for group in judge.sets[subjects].ones() {
                    let side = &mut judge.sides[group][slot(direction)];
                    match policy.tier {
                        Tier::Admin => side.admin.push(id),
                        Tier::Network => side.network.push(id),
                        Tier::Baseline => side.baseline.push(id),
                    }
                }
            }
        }
        judge
    }

    /// Whether two policies have a group that both are about.
    pub fn subjects_meet(&self, a: usize, b: usize) -> bool {
        let (Some(a), Some(b)) = (self.subjects[a], self.subjects[b]) else {
            return false;
        };
        !self.sets[a].is_disjoint(&self.sets[b])
    }

    /// True if a policy is about a group, whether it is enforced or not.
    pub fn is_subject(&self, policy: usize, group: GroupId) -> bool {
        self.subjects[policy].is_some_and(|set| self.sets[set].contains(group))
    }

    /// The groups that a policy is about and applies to in a direction, ascending.
    pub fn subjects(&self, policy: usize, direction: Direction) -> Vec<GroupId> {
        let Some(set) = self.subjects[policy] else { return Vec::new() };
        let about = |&g: &GroupId| {
            let side = self.side(g, direction);
            [&side.admin, &side.network, &side.baseline].into_iter().any(|list| list.contains(&policy))
        };
        self.sets[set].ones().filter(about).collect()
    }

    /// What each peer of a rule means, in the order of the rule; peers that manifests do not tell the addresses of are
    /// left out.
    pub fn peers_of_rule(
        &self,
        policy: usize,
        direction: Direction,
        rule: usize,
    ) -> impl Iterator<Item = &FixedBitSet> {
        let asked = self.rules[policy][slot(direction)].get(rule);
        asked.into_iter().flat_map(|a| &a.each).map(|&set| &self.sets[set])
    }

    /// Whether something in the group's own policies may deny it traffic in a direction. What one rule of a
    /// NetworkPolicy allows to everybody on every port is not denied by the others.
    pub fn may_deny(&self, group: GroupId, direction: Direction) -> bool {
        let side = self.side(group, direction);
        let rules = |policy: &usize| self.rules[*policy][slot(direction)].iter();
        let denies = |list: &[usize]| list.iter().flat_map(rules).any(|r| r.action == Action::Deny);
        let everything = |r: &Asked| r.ports == RulePorts::All && self.sets[r.peers].is_full();
        denies(&side.admin)
            || if side.network.is_empty() {
                denies(&side.baseline)
            } else {
                !side.network.iter().flat_map(rules).any(everything)
            }
    }

    /// Takes a policy out.
    pub fn forget(&mut self, policy: usize) {
        self.memory.clear();
        for side in self.sides.iter_mut().flatten() {
            for list in [&mut side.admin, &mut side.network, &mut side.baseline] {
                list.retain(|p| *p != policy);
            }
        }
    }

    /// The policies that apply to a group in a direction.
    pub fn side(&self, group: GroupId, direction: Direction) -> &Side {
        &self.sides[group][slot(direction)]
    }

    /// Whether no policy applies to a group in a direction.
    pub fn is_open(&self, group: GroupId, direction: Direction) -> bool {
        self.side(group, direction).is_open()
    }

    /// What becomes of traffic from one group to another.
    pub fn between(&self, from: GroupId, to: GroupId) -> Arc<Answer> {
        let egress = self.one_side(Direction::Egress, from, to);
        let ingress = self.one_side(Direction::Ingress, from, to);
        let unread = [self.unread(from, Direction::Egress), self.unread(to, Direction::Ingress)];
        self.memory.both(egress, ingress, unread, self.certainty(from, to))
    }

    /// What one side says of traffic from one group to another.
    fn one_side(&self, direction: Direction, from: GroupId, to: GroupId) -> Arc<Verdict> {
        let (subject, peer) = match direction {
            Direction::Egress => (from, to),
            Direction::Ingress => (to, from),
        };
        let (mut rules, mut named) = (Vec::new(), false);
        let all = self.side(subject, direction).all().flat_map(|policy| &self.rules[policy][slot(direction)]);
        for (index, rule) in all.enumerate().filter(|(_, rule)| self.sets[rule.peers].contains(peer)) {
            rules.push(index as u32);
            named |= !rule.ports.named().is_empty();
        }
        let asked = Known { direction, subject, rules: rules.into(), destination: named.then_some(to) };
        let means =
            |policy: usize, rule: usize| self.sets[self.rules[policy][slot(direction)][rule].peers].contains(peer);
        self.memory.side(asked, || self.of_side(direction, subject, means, &self.groups[to].ports))
    }

    /// The rules of a policy that mean traffic from one group to another, with their position and the ports that they
    /// mean there.
    pub fn rules_between(
        &self,
        policy: usize,
        direction: Direction,
        from: GroupId,
        to: GroupId,
    ) -> impl Iterator<Item = (usize, Action, PortSet)> {
        let peer = match direction {
            Direction::Egress => to,
            Direction::Ingress => from,
        };
        let rules = self.rules[policy][slot(direction)].iter().enumerate();
        rules
            .filter(move |(_, r)| self.sets[r.peers].contains(peer))
            .map(move |(i, r)| (i, r.action, r.ports.at(&self.groups[to].ports)))
    }

    /// What the side of a group says of a peer, given which rules mean the peer (by policy and position) and which
    /// named ports the destination has.
    pub fn of_side(
        &self,
        direction: Direction,
        subject: GroupId,
        means: impl Fn(usize, usize) -> bool,
        declared: &[ContainerPort],
    ) -> Verdict {
        let side = self.side(subject, direction);
        let mut asking = Asking { judge: self, direction, means, declared, because: Vec::new() };
        if side.is_open() {
            return Verdict { ports: PortSet::all(), because: Vec::new() };
        }
        let (admin, open) = asking.first_match(&side.admin, PortSet::all());
        let open = open.with(&admin.passed);
        let (rest, later) = if side.network.is_empty() {
            let (baseline, open) = asking.first_match(&side.baseline, open);
            (open.union(&baseline.passed), baseline.allowed)
        } else {
            (PortSet::none(), asking.any_match(&side.network, &open))
        };
        Verdict { ports: admin.allowed.union(&rest).union(&later), because: asking.because }
    }

    /// The groups that a group's own side may let through; `None` if it denies nobody from the start. What
    /// NetworkPolicies isolate is only open to those whom some rule allows.
    pub fn admitted_peers(&self, group: GroupId, direction: Direction) -> Option<FixedBitSet> {
        let side = self.side(group, direction);
        let policies = side.admin.iter().chain(&side.network);
        (!side.network.is_empty()).then(|| self.peers_of(policies, direction, |action| action == Action::Allow))
    }

    /// The groups that a rule of a group's own side mentions.
    pub fn peers_spoken_of(&self, group: GroupId, direction: Direction) -> FixedBitSet {
        let side = self.side(group, direction);
        self.peers_of(side.admin.iter().chain(&side.network).chain(&side.baseline), direction, |_| true)
    }

    fn peers_of<'p>(
        &self,
        policies: impl Iterator<Item = &'p usize>,
        direction: Direction,
        wanted: impl Fn(Action) -> bool,
    ) -> FixedBitSet {
        let mut peers = FixedBitSet::with_capacity(self.groups.len());
        for &policy in policies {
            for rule in self.rules[policy][slot(direction)].iter().filter(|r| wanted(r.action)) {
                peers.union_with(&self.sets[rule.peers]);
            }
        }
        peers
    }

    /// What policies that are not evaluated may change for a group in a direction.
    pub fn unread(&self, group: GroupId, direction: Direction) -> Influence {
        self.groups[group].unread[slot(direction)]
    }

    /// How sure an answer for these groups is: policies may not hold for pods in the network of their node.
    pub fn certainty(&self, from: GroupId, to: GroupId) -> Certainty {
        if [from, to].into_iter().any(|g| self.groups[g].host_network) {
            Certainty::Undetermined
        } else {
            Certainty::Certain
        }
    }

    /// For each rule of a group's own side, in their order, the peers about which it is not as it is about most: those
    /// that it means if these are few, else those that it does not mean.
    pub fn exceptions(&self, group: GroupId, direction: Direction) -> impl Iterator<Item = Vec<GroupId>> + '_ {
        let rules = self.side(group, direction).all().flat_map(move |policy| &self.rules[policy][slot(direction)]);
        rules.map(|rule| {
            let meant = &self.sets[rule.peers];
            let few = meant.count_ones(..) * 2 <= meant.len();
            if few { meant.ones().collect() } else { meant.zeroes().collect() }
        })
    }

    /// Whether traffic between these groups is any of the cluster's business: addresses do not talk to addresses here.
    pub fn is_of_interest(&self, from: GroupId, to: GroupId) -> bool {
        let pods = |g: GroupId| matches!(self.groups[g].members, Members::Pods(_));
        (pods(from) || pods(to)) && !matches!(self.groups[to].members, Members::IngressController)
    }
}

/// What the rules of a tier decided.
struct Decided {
    allowed: PortSet,
    passed: PortSet,
}

/// One question to one side.
struct Asking<'a, M> {
    judge: &'a Judge,
    direction: Direction,
    /// Whether a rule of a policy means the peer.
    means: M,
    /// The named ports of the destination.
    declared: &'a [ContainerPort],
    because: Vec<Reason>,
}

impl<M: Fn(usize, usize) -> bool> Asking<'_, M> {
    /// The rules of a policy that mean the peer, with the ports that they mean at the destination.
    fn rules(&self, policy: usize) -> impl Iterator<Item = (usize, Action, PortSet)> + use<'_, M> {
        let rules = self.judge.rules[policy][slot(self.direction)].iter().enumerate();
        rules.filter(move |(i, _)| (self.means)(policy, *i)).map(|(i, r)| (i, r.action, r.ports.at(self.declared)))
    }

    /// Asks rule after rule; each decides about the ports that are still open. Returns those that stay so as well.
    fn first_match(&mut self, policies: &[usize], open: PortSet) -> (Decided, PortSet) {
        let mut decided = Decided { allowed: PortSet::none(), passed: PortSet::none() };
        let mut taken = PortSet::none();
        for &policy in policies {
            let mut reasons = Vec::new();
            for (rule, action, ports) in self.rules(policy) {
                let hit = ports.intersection(&open).difference(&taken);
                if hit.is_empty() {
                    continue;
                }
                taken.add(&hit);
                let effect = match action {
                    Action::Allow => {
                        decided.allowed.add(&hit);
                        Effect::Allow
                    }
                    Action::Pass => {
                        decided.passed.add(&hit);
                        Effect::Pass
                    }
                    Action::Deny => Effect::Deny,
                };
                reasons.push(Reason { direction: self.direction, policy, rule: Some(rule), effect });
            }
            self.because.extend(reasons);
        }
        (decided, open.difference(&taken))
    }

    /// Asks all rules of all policies: what any of them allows is allowed.
    fn any_match(&mut self, policies: &[usize], open: &PortSet) -> PortSet {
        let mut allowed = PortSet::none();
        let mut reasons = Vec::new();
        for &policy in policies {
            for (rule, _, ports) in self.rules(policy) {
                let hit = ports.intersection(open);
                if !hit.is_empty() {
                    allowed.add(&hit);
                    reasons.push(Reason { direction: self.direction, policy, rule: Some(rule), effect: Effect::Allow });
                }
            }
        }
        if allowed != *open {
            reasons.extend(policies.iter().map(|&policy| Reason {
                direction: self.direction,
                policy,
                rule: None,
                effect: Effect::Isolate,
            }));
        }
        self.because.extend(reasons);
        allowed
    }
}
