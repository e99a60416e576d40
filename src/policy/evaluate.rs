//! Decides: which ports one group may reach at another, and which rules say so.
//!
//! A connection is allowed where the egress of its source and the ingress of its destination both allow it. What one
//! side says is in [`super::asking`].

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::asking::{self, Stage};
use super::connectivity::Answer;
use super::foreign::{Influence, slot};
use super::groups::{Group, GroupId, Groups, Members, SetId, SetTable};
use super::memory::{Asked as Known, Memory};
use super::ports::RulePorts;
use super::request::Condition;
use super::rule::{Action, Closes, Direction, Peers, Policy};
use super::tier::Tier;
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
    /// A policy selects the pod, has no rule for it, and denies what has none.
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
    /// It depends on the request (its method, path or host, or the port that it comes from) whether some of the ports
    /// are allowed.
    Conditional,
    /// Manifests do not decide it: pods in the network of their node, pods of one workload that policies treat
    /// differently, or pods that policies may concern which are not evaluated.
    Undetermined,
}

impl Certainty {
    /// The same for people.
    pub fn words(self) -> &'static str {
        if self == Certainty::Conditional { "on some requests" } else { self.as_str() }
    }

    /// `certain`, `convention`, `conditional` or `undetermined`.
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

/// What one side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The ports that are allowed.
    pub ports: PortSet,
    /// Those of them that are allowed on some requests only.
    pub sometimes: PortSet,
    /// Which rules decided about at least one port.
    pub because: Vec<Reason>,
    /// Whether what is said is known for certain; requests can be of too many kinds to look at each.
    pub certainty: Certainty,
}

impl Verdict {
    /// How sure it is which ports are allowed.
    pub fn certainty(&self) -> Certainty {
        if self.sometimes.is_empty() { self.certainty } else { self.certainty.max(Certainty::Conditional) }
    }

    /// What is said where no policy applies.
    pub(super) fn open() -> Verdict {
        Verdict {
            ports: PortSet::all(),
            sometimes: PortSet::none(),
            because: Vec::new(),
            certainty: Certainty::Certain,
        }
    }
}

/// A rule, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub action: Action,
    /// What any of its peers means.
    peers: SetId,
    /// What each of its peers means, in the order of the rule, as far as manifests tell.
    each: Vec<SetId>,
    /// Which of the policy's own groups it is about, where that is not all of them.
    own: Option<SetId>,
    pub ports: RulePorts,
    /// The position of its condition among those of the judge.
    pub when: Option<usize>,
    /// The groups of which some may be among those that it means, as far as manifests show.
    pub perhaps: Option<SetId>,
}

/// What the judge knows of a policy beside its rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nature {
    pub is_additive: bool,
    pub closes: Closes,
    /// Whether it has a rule that denies.
    pub denies: bool,
    /// Whether what any of its rules allows is allowed whatever the request is, if only such policies apply.
    is_plain: bool,
}

impl Nature {
    fn of(policy: &Policy) -> Nature {
        let allows = |r: &super::rule::Rule| r.action == Action::Allow && r.when.is_none();
        Nature {
            is_additive: policy.is_additive,
            closes: policy.closes,
            denies: policy.all_rules().any(|r| r.action == Action::Deny),
            is_plain: policy.is_additive && policy.all_rules().all(allows),
        }
    }
}

/// The policies that apply to a group in a direction, by tier and in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub stages: Vec<Stage>,
}

impl Side {
    /// All of them, tier by tier.
    pub fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.stages.iter().flat_map(|s| s.policies.iter().copied())
    }

    fn is_open(&self) -> bool {
        self.stages.is_empty()
    }

    fn add(&mut self, tier: &Tier, policy: usize) {
        match self.stages.last_mut().filter(|s| s.tier == *tier) {
            Some(stage) => stage.policies.push(policy),
            None => self.stages.push(Stage { tier: tier.clone(), policies: vec![policy] }),
        }
    }
}

/// Everything that is needed to decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    pub groups: Vec<Group>,
    sets: Vec<FixedBitSet>,
    /// The subjects of each policy; `None` if it does not hold here.
    subjects: Vec<Option<SetId>>,
    natures: Vec<Nature>,
    rules: Vec<[Vec<Asked>; 2]>,
    conditions: Vec<Arc<Condition>>,
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
        enforced: impl Fn(&Policy) -> bool,
        table: &mut SetTable,
        groups: Groups,
    ) -> Judge {
        let Groups { groups, sets, .. } = groups;
        let mut outside = FixedBitSet::with_capacity(groups.len());
        let is_outside = |g: &Group| matches!(g.members, Members::Addresses(_));
        outside.extend(groups.iter().enumerate().filter(|(_, g)| is_outside(g)).map(|(id, _)| id));
        let (count, unions, known) = (groups.len(), BTreeMap::new(), BTreeMap::new());
        let mut prepared = Prepared { table, sets, count, outside, unions, known };
        let mut rules = Vec::with_capacity(policies.len());
        let mut subjects = Vec::with_capacity(policies.len());
        for policy in policies {
            if !holds(policy) {
                subjects.push(None);
                rules.push(Default::default());
                continue;
            }
            subjects.push(Some(prepared.table.subject(policy)));
            rules.push(Direction::ALL.map(|direction| {
                let written = policy.rules(direction).unwrap_or_default();
                written.iter().map(|rule| prepared.ask(policy, rule)).collect()
            }));
        }
        let Prepared { sets, known, .. } = prepared;
        let mut conditions: Vec<(Arc<Condition>, usize)> = known.into_iter().collect();
        conditions.sort_by_key(|(_, position)| *position);
        let mut judge = Judge {
            sides: vec![Default::default(); groups.len()],
            groups,
            sets,
            subjects,
            natures: policies.iter().map(Nature::of).collect(),
            rules,
            conditions: conditions.into_iter().map(|(condition, _)| condition).collect(),
            memory: Memory::default(),
        };
        for (id, policy) in policies.iter().enumerate().filter(|(_, p)| enforced(p)) {
            let Some(subjects) = judge.subjects[id] else { continue };
            for direction in Direction::ALL.into_iter().filter(|d| policy.rules(*d).is_some()) {
                for group in judge.sets[subjects].ones() {
                    judge.sides[group][slot(direction)].add(&policy.tier, id);
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

    /// True if a policy is about some group, whether it is enforced or not.
    pub fn is_about_some(&self, policy: usize) -> bool {
        self.subjects[policy].is_some_and(|set| !self.sets[set].is_clear())
    }

    /// The groups that a policy is about and applies to in a direction, ascending.
    pub fn subjects(&self, policy: usize, direction: Direction) -> Vec<GroupId> {
        let Some(set) = self.subjects[policy] else { return Vec::new() };
        let about = |&g: &GroupId| self.side(g, direction).all().any(|p| p == policy);
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

    /// What the judge knows of a policy beside its rules.
    pub fn nature(&self, policy: usize) -> Nature {
        self.natures[policy]
    }

    /// The rules of a policy that are about a group of its own, with their positions.
    pub fn rules_of(
        &self,
        policy: usize,
        direction: Direction,
        subject: GroupId,
    ) -> impl Iterator<Item = (usize, &Asked)> {
        let rules = self.rules[policy][slot(direction)].iter().enumerate();
        rules.filter(move |(_, r)| r.own.is_none_or(|set| self.sets[set].contains(subject)))
    }

    /// A rule of a policy, by its position.
    pub fn rule(&self, policy: usize, direction: Direction, rule: usize) -> Option<&Asked> {
        self.rules[policy][slot(direction)].get(rule)
    }

    /// Whether a rule of a policy is about a group of its own.
    pub fn is_own(&self, policy: usize, direction: Direction, rule: usize, subject: GroupId) -> bool {
        self.rules_of(policy, direction, subject).any(|(i, _)| i == rule)
    }

    /// A condition, by its position.
    pub fn condition(&self, position: usize) -> &Condition {
        &self.conditions[position]
    }

    /// Whether something in the group's own policies may deny it traffic in a direction. What one rule lets through
    /// for everybody on every port before anything is denied is not denied later.
    pub fn may_deny(&self, group: GroupId, direction: Direction) -> bool {
        let everything = |r: &Asked| r.ports == RulePorts::All && r.when.is_none() && self.sets[r.peers].is_full();
        for stage in &self.side(group, direction).stages {
            let rules = || stage.policies.iter().flat_map(|&p| self.rules_of(p, direction, group));
            if rules().any(|(_, r)| r.action == Action::Deny) {
                return true;
            }
            match rules().find(|(_, r)| everything(r)) {
                Some((_, rule)) if rule.action == Action::Allow && !stage.tier.is_gate() => return false,
                Some(_) => {}
                None if self.closes(stage) == Closes::Nothing => {}
                None => return true,
            }
        }
        false
    }

    /// What is denied at the end of a tier.
    pub fn closes(&self, stage: &Stage) -> Closes {
        stage.policies.iter().map(|&p| self.natures[p].closes).max().unwrap_or(Closes::Nothing)
    }

    /// The first tier of a side at whose end everything is denied.
    pub fn closing<'s>(&self, side: &'s Side) -> Option<&'s Stage> {
        side.stages.iter().find(|s| self.closes(s) == Closes::Everything)
    }

    /// Takes a policy out.
    pub fn forget(&mut self, policy: usize) {
        self.memory.clear();
        for side in self.sides.iter_mut().flatten() {
            side.stages.iter_mut().for_each(|stage| stage.policies.retain(|p| *p != policy));
            side.stages.retain(|stage| !stage.policies.is_empty());
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
        let certainty = self.certainty(from, to);
        if egress.sometimes.is_empty() || ingress.sometimes.is_empty() {
            return self.memory.both(egress, ingress, unread, certainty);
        }
        // The same requests may be those that either side is about.
        let both = asking::together(self, from, to);
        let all = Arc::new(Verdict { certainty: both.certainty, ..Verdict::open() });
        self.memory.both(Arc::new(both), all, unread, certainty)
    }

    /// What one side says of traffic from one group to another.
    fn one_side(&self, direction: Direction, from: GroupId, to: GroupId) -> Arc<Verdict> {
        let (subject, peer) = match direction {
            Direction::Egress => (from, to),
            Direction::Ingress => (to, from),
        };
        let (mut rules, mut perhaps, mut named) = (Vec::new(), Vec::new(), false);
        let all = self.side(subject, direction).all().flat_map(|p| self.rules_of(p, direction, subject));
        for (index, (_, rule)) in all.enumerate() {
            if self.sets[rule.peers].contains(peer) {
                rules.push(index as u32);
            } else if self.may_mean(rule, peer) {
                perhaps.push(index as u32);
            } else {
                continue;
            }
            named |= rule.ports.has_names();
        }
        let (rules, perhaps, destination) = (rules.into(), perhaps.into(), named.then_some(to));
        let asked = Known { direction, subject, rules, perhaps, destination };
        let means = self.means(direction, peer);
        let in_doubt = !asked.perhaps.is_empty();
        self.memory.side(asked, || {
            let verdict = self.of_side(direction, subject, means, &self.groups[to].ports);
            if in_doubt { self.doubted(direction, (from, to), verdict) } else { verdict }
        })
    }

    /// Whether a group may be among those whom a rule means that manifests do not show.
    pub fn may_mean(&self, rule: &Asked, peer: GroupId) -> bool {
        rule.perhaps.is_some_and(|set| self.sets[set].contains(peer)) && !self.sets[rule.peers].contains(peer)
    }

    /// Whether a rule of a policy means a group as its peer.
    pub fn means(&self, direction: Direction, peer: GroupId) -> impl Fn(usize, usize) -> bool {
        move |policy, rule| self.sets[self.rules[policy][slot(direction)][rule].peers].contains(peer)
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
        if self.is_open(subject, direction) {
            Verdict::open()
        } else {
            asking::side(self, direction, subject, means, declared, &[])
        }
    }

    /// The same if some policies were not there.
    pub fn of_side_without(
        &self,
        direction: Direction,
        subject: GroupId,
        means: impl Fn(usize, usize) -> bool,
        declared: &[ContainerPort],
        without: &[usize],
    ) -> Verdict {
        asking::side(self, direction, subject, means, declared, without)
    }

    /// The groups that a group's own side may let through; `None` if it denies nobody from the start. What policies
    /// isolate is only open to those whom some rule allows, or leaves to later tiers.
    pub fn admitted_peers(&self, group: GroupId, direction: Direction) -> Option<FixedBitSet> {
        let side = self.side(group, direction);
        let closing = self.closing(side)?;
        let mut peers = FixedBitSet::with_capacity(self.groups.len());
        for stage in side.stages.iter().filter(|s| s.tier <= closing.tier) {
            let lets = |action: Action| match action {
                Action::Allow => !stage.tier.is_gate(),
                Action::Pass => stage.tier == closing.tier,
                Action::Deny => false,
            };
            let policies = stage.policies.iter().flat_map(|&p| self.rules_of(p, direction, group));
            policies.filter(|(_, r)| lets(r.action)).for_each(|(_, r)| peers.union_with(&self.sets[r.peers]));
        }
        Some(peers)
    }

    /// The groups that a rule of a group's own side mentions.
    pub fn peers_spoken_of(&self, group: GroupId, direction: Direction) -> FixedBitSet {
        let mut peers = FixedBitSet::with_capacity(self.groups.len());
        let side = self.side(group, direction);
        // What is closed in part is spoken of whoever the peer is.
        if side.stages.iter().any(|s| self.closes(s) == Closes::Tcp) {
            peers.insert_range(..);
        }
        let rules = side.all().flat_map(|p| self.rules_of(p, direction, group));
        rules
            .for_each(|(_, r)| std::iter::once(r.peers).chain(r.perhaps).for_each(|s| peers.union_with(&self.sets[s])));
        peers
    }

    /// Whether nothing but rules of NetworkPolicies decides for a group in a direction, so that what one of them
    /// allows is allowed.
    pub fn is_plain(&self, group: GroupId, direction: Direction) -> bool {
        let [stage] = self.side(group, direction).stages.as_slice() else { return false };
        stage.tier == Tier::Network && stage.policies.iter().all(|&p| self.natures[p].is_plain)
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
        let rules = self.side(group, direction).all().flat_map(move |p| self.rules_of(p, direction, group));
        rules.flat_map(|(_, rule)| std::iter::once(rule.peers).chain(rule.perhaps)).map(|set| {
            let meant = &self.sets[set];
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

/// Sets of groups while rules are prepared.
struct Prepared<'t> {
    table: &'t mut SetTable,
    sets: Vec<FixedBitSet>,
    /// How many groups there are.
    count: usize,
    /// The groups of addresses.
    outside: FixedBitSet,
    unions: BTreeMap<Vec<SetId>, SetId>,
    known: BTreeMap<Arc<Condition>, usize>,
}

impl Prepared<'_> {
    fn ask(&mut self, policy: &Policy, rule: &super::rule::Rule) -> Asked {
        let each = self.table.peers(policy, &rule.peers);
        let own = (rule.own != Peers::Everybody).then(|| self.table.peers(policy, &rule.own));
        Asked {
            action: rule.action,
            peers: self.union(&each),
            each,
            own: own.map(|sets| self.union(&sets)),
            ports: rule.ports.clone(),
            perhaps: self.perhaps(policy, rule),
            when: rule.when.as_ref().map(|condition| {
                let next = self.known.len();
                *self.known.entry(Arc::clone(condition)).or_insert(next)
            }),
        }
    }

    /// The groups of which some may be among those whom a rule means.
    fn perhaps(&mut self, policy: &Policy, rule: &super::rule::Rule) -> Option<SetId> {
        let (sets, outside) = self.table.perhaps(policy, rule);
        if outside {
            let mut all = self.outside.clone();
            sets.iter().for_each(|&set| all.union_with(&self.sets[set]));
            self.sets.push(all);
            return Some(self.sets.len() - 1);
        }
        (!sets.is_empty()).then(|| self.union(&sets))
    }

    /// The set of whatever is in any of these.
    fn union(&mut self, sets: &[SetId]) -> SetId {
        let mut ids = sets.to_vec();
        ids.sort_unstable();
        ids.dedup();
        if let [one] = ids.as_slice() {
            return *one;
        }
        let (all, count) = (&mut self.sets, self.count);
        *self.unions.entry(ids).or_insert_with_key(|ids| {
            let mut union = FixedBitSet::with_capacity(count);
            ids.iter().for_each(|&id| union.union_with(&all[id]));
            all.push(union);
            all.len() - 1
        })
    }
}
