//! What one rule lets through: which of the pairs that it means, on which ports, and how its two ends are described.

use std::collections::BTreeMap;
use std::rc::Rc;

use fixedbitset::FixedBitSet;

use super::super::evaluate::{Certainty, Effect, Judge, Reason};
use super::super::groups::{GroupId, Members};
use super::super::ports::RulePorts;
use super::super::rule::{Direction, NamespaceSelection, Peer, PodSelection, Policy, Rule};
use super::{Collected, End, Said, ends, identity, opposite, plain};
use crate::net::{AddressSet, PortSet};

/// As many workloads that are left of a whole namespace are listed one by one.
const FEW: usize = 3;
/// As many workloads are listed one by one where the rule describes them by labels.
const MANY: usize = 12;

/// Collects what rules let through.
pub(super) struct Finder<'a> {
    judge: &'a Judge,
    /// For each group whom its own NetworkPolicies let in at most.
    ingress: Vec<Option<FixedBitSet>>,
    /// For each group whom its own NetworkPolicies let it reach at most.
    egress: Vec<Option<FixedBitSet>>,
    /// The groups that are denied nothing as destinations.
    open_ingress: FixedBitSet,
    /// The groups that are denied nothing as sources.
    open_egress: FixedBitSet,
    pub allowed: Collected,
    pub denied: Collected,
}

/// The pairs of one peer of a rule, by what becomes of them.
#[derive(Default)]
struct Tally {
    /// What gets through, by ports and how sure they are; few rules have more than one set of them.
    by_ports: Vec<(Through, Rows)>,
    /// What does not.
    denied: Rows,
}

/// Ports that get through, and how sure that is.
type Through = (PortSet, Certainty);

impl Tally {
    fn row(&mut self, own: GroupId, others: FixedBitSet, ports: PortSet) {
        if others.is_clear() || ports.is_empty() {
            return;
        }
        let rows = self.rows((ports, Certainty::Certain));
        match rows.last_mut() {
            Some((last, row)) if *last == own => row.union_with(&others),
            _ => rows.push((own, others)),
        }
    }

    fn pair(&mut self, own: GroupId, other: GroupId, ports: Through, count: usize) {
        let rows = if ports.0.is_empty() { &mut self.denied } else { self.rows(ports) };
        if rows.last().is_none_or(|(last, _)| *last != own) {
            rows.push((own, FixedBitSet::with_capacity(count)));
        }
        if let Some((_, row)) = rows.last_mut() {
            row.insert(other);
        }
    }

    fn rows(&mut self, ports: Through) -> &mut Rows {
        let place = self.by_ports.iter().position(|(p, _)| *p == ports).unwrap_or_else(|| {
            self.by_ports.push((ports, Vec::new()));
            self.by_ports.len() - 1
        });
        &mut self.by_ports[place].1
    }
}

/// For groups of the rule's own side the groups of the other.
type Rows = Vec<(GroupId, FixedBitSet)>;

/// A set of pairs that is whole: each of the first with each of the second.
type Block = (Vec<GroupId>, Vec<GroupId>);

/// One peer of a rule.
pub(super) struct RulePeer<'a> {
    pub policy: &'a Policy,
    pub rule: &'a Rule,
    /// `None` for everybody.
    pub peer: Option<&'a Peer>,
    /// All groups that the peer means.
    pub set: &'a FixedBitSet,
    /// All groups that the policy is about.
    pub own: &'a [GroupId],
    pub reason: Reason,
}

/// The same for all pairs of groups of a rule and one of its peers.
struct Clause<'a> {
    policy: &'a Policy,
    ports: &'a RulePorts,
    /// Whether the rule is about some requests only.
    depends: bool,
    /// `None` for everybody.
    peer: Option<&'a Peer>,
    reason: Reason,
    /// All groups that the policy is about.
    own: &'a [GroupId],
    /// All groups that the peer means.
    others: Vec<GroupId>,
}

impl Clause<'_> {
    /// Whether it is about every pod there may be: then what it does not let through is named as its exceptions.
    fn is_about_every_pod(&self) -> bool {
        self.peer.is_none_or(|p| matches!(p, Peer::Pods(s) if s.pods.is_everything() && is_open_ended(s)))
    }
}

/// The rules that decide about a pair of groups, by the rule's own group and the other.
type Because = Vec<(GroupId, GroupId, Vec<Reason>)>;

/// How much of what a rule lets through some pairs are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// At least as much as any other.
    Most,
    /// What is left.
    Rest,
}

impl<'a> Finder<'a> {
    pub fn new(judge: &'a Judge) -> Finder<'a> {
        let count = judge.groups.len();
        let admitted = |direction: Direction| (0..count).map(|g| judge.admitted_peers(g, direction)).collect();
        let open = |direction: Direction| {
            let mut open = FixedBitSet::with_capacity(count);
            open.extend((0..count).filter(|&g| !judge.may_deny(g, direction)));
            open
        };
        Finder {
            judge,
            ingress: admitted(Direction::Ingress),
            egress: admitted(Direction::Egress),
            open_ingress: open(Direction::Ingress),
            open_egress: open(Direction::Egress),
            allowed: Collected::default(),
            denied: Collected::default(),
        }
    }

    /// What one peer of a rule adds.
    pub fn peer(&mut self, found: RulePeer<'_>) {
        let RulePeer { policy, rule, peer, set, own, reason } = found;
        let set = self.without_controllers(set);
        let depends = rule.when.is_some();
        let clause = Clause { policy, ports: &rule.ports, depends, peer, reason, own, others: set.ones().collect() };
        if clause.others.is_empty() {
            self.unheard_of(&clause);
            return;
        }
        let (tally, because) = self.tally(&clause, &set);
        self.shut_out(&clause, &tally);
        self.let_through(&clause, tally.by_ports, &because);
        if !clause.is_about_every_pod() {
            for block in blocks(tally.denied) {
                self.shut(&clause, &block);
            }
        }
    }

    /// What a rule says of hosts outside of the cluster by their names. Which addresses these are is not known, so
    /// other rules for addresses are not considered.
    pub fn names(&mut self, policy: &Policy, rule: &Rule, own: &[GroupId], reason: Reason, names: &[String]) {
        let depends = rule.when.is_some();
        let clause = Clause { policy, ports: &rule.ports, depends, peer: None, reason, own, others: Vec::new() };
        self.by_word(&clause, own, (End::Names(names.to_vec()), Vec::new()));
    }

    /// A set without the ingress controllers that the manifests do not contain: their entry points are listed apart.
    fn without_controllers(&self, set: &FixedBitSet) -> FixedBitSet {
        let mut set = set.clone();
        let groups = &self.judge.groups;
        let last = (0..groups.len()).rev().take_while(|&g| matches!(groups[g].members, Members::IngressController));
        last.for_each(|g| set.remove(g));
        set
    }

    /// What becomes of each pair of a clause, and the rules that decide where it took both ends to know.
    fn tally(&self, clause: &Clause<'_>, set: &FixedBitSet) -> (Tally, Because) {
        let direction = clause.reason.direction;
        let judge = self.judge;
        let mut tally = Tally::default();
        let mut because = Vec::new();
        // Only a port that is called by its name is another one at another destination.
        let is_fixed = direction == Direction::Ingress || !clause.ports.has_names();
        for &g in clause.own {
            let (mut rest, open) = (set.clone(), self.open(opposite(direction)));
            if is_fixed && judge.is_plain(g, direction) {
                let mut row = set.clone();
                row.intersect_with(open);
                tally.row(g, row, clause.ports.at(&judge.groups[g].ports));
                rest.difference_with(open);
            }
            for h in rest.ones() {
                let (from, to) = ends(direction, g, h);
                let asked = clause.ports.at(&judge.groups[to].ports);
                if asked.is_empty() {
                    continue;
                }
                let mut ports = (PortSet::none(), Certainty::Certain);
                if self.may_pass(from, to) {
                    let verdict = judge.between(from, to);
                    because.push((g, h, verdict.because.clone()));
                    let depends = !asked.intersection(&verdict.sometimes).is_empty();
                    let sure = if depends { Certainty::Conditional } else { Certainty::Certain };
                    ports = (asked.intersection(&verdict.ports), sure);
                }
                tally.pair(g, h, ports, judge.groups.len());
            }
        }
        because.sort();
        (tally, because)
    }

    /// Pairs that the rule lets through, in blocks.
    fn let_through(&mut self, clause: &Clause<'_>, by_ports: Vec<(Through, Rows)>, because: &Because) {
        let most = by_ports.iter().map(|(_, rows)| weight(rows)).max().unwrap_or_default();
        for (ports, rows) in by_ports {
            let share = if weight(&rows) == most { Share::Most } else { Share::Rest };
            for block in blocks(rows) {
                let (own, others) = &block;
                let mut reasons = vec![clause.reason];
                for &g in own {
                    let start = because.partition_point(|(x, ..)| *x < g);
                    let of_own = because[start..].iter().take_while(|(x, ..)| *x == g);
                    let more = of_own.filter(|(_, h, _)| others.binary_search(h).is_ok()).flat_map(|(.., r)| r);
                    reasons.extend(more.copied().filter(|r| r.effect == Effect::Allow));
                }
                reasons.sort();
                reasons.dedup();
                self.block(clause, &block, share, &ports, &reasons);
            }
        }
    }

    /// The groups that nothing is denied in a direction.
    fn open(&self, direction: Direction) -> &FixedBitSet {
        match direction {
            Direction::Ingress => &self.open_ingress,
            Direction::Egress => &self.open_egress,
        }
    }

    /// Whether the NetworkPolicies of both ends may let something through.
    fn may_pass(&self, from: GroupId, to: GroupId) -> bool {
        self.egress[from].as_ref().is_none_or(|set| set.contains(to))
            && self.ingress[to].as_ref().is_none_or(|set| set.contains(from))
    }

    /// A peer that the manifests contain nothing of: what the rule says is all that is known.
    fn unheard_of(&mut self, clause: &Clause<'_>) {
        let Some(Peer::Pods(selection)) = clause.peer else { return };
        self.by_word(clause, clause.own, (End::Pods(plain(selection), Rc::new([])), Vec::new()));
    }

    /// A rule for every pod of which the manifests contain only such as do not let it through: what the rule says holds
    /// for the others.
    fn shut_out(&mut self, clause: &Clause<'_>, tally: &Tally) {
        let Some(Peer::Pods(selection)) = clause.peer else { return };
        if !selection.pods.is_everything() || !is_open_ended(selection) {
            return;
        }
        let heard = |g: &GroupId| tally.by_ports.iter().any(|(_, rows)| rows.iter().any(|(own, _)| own == g));
        let rest: Vec<GroupId> = clause.own.iter().copied().filter(|g| !heard(g)).collect();
        if !rest.is_empty() {
            let all = self.workloads(&clause.others);
            self.by_word(clause, &rest, (End::Pods(plain(selection), all.clone().into()), all));
        }
    }

    /// What a rule says of pods that the manifests do not contain.
    fn by_word(&mut self, clause: &Clause<'_>, own: &[GroupId], other: (End, Vec<usize>)) {
        let ports = clause.ports;
        let mut by_ports: BTreeMap<PortSet, Vec<GroupId>> = BTreeMap::new();
        let mut names = Vec::new();
        for &g in own {
            let declared = match clause.reason.direction {
                Direction::Ingress => self.judge.groups[g].ports.as_slice(),
                Direction::Egress => &[],
            };
            by_ports.entry(ports.at(declared)).or_default().push(g);
        }
        if clause.reason.direction == Direction::Egress {
            names.extend(ports.named().into_iter().map(|n| n.name.clone()));
        }
        for (ports, own) in by_ports {
            if ports.is_empty() && names.is_empty() {
                continue;
            }
            let (end, not) = self.own_end(clause, &own);
            let depends = if clause.depends { Certainty::Conditional } else { Certainty::Certain };
            let certainty = self.certainty(&end, &own).max(depends);
            let said = Said { ports, names: names.clone(), certainty, because: vec![clause.reason] };
            self.allowed.add(identity(clause.reason.direction, (end, not), other.clone()), said);
        }
    }

    /// Pairs that the rule lets through on the same ports.
    fn block(&mut self, clause: &Clause<'_>, block: &Block, share: Share, through: &Through, because: &[Reason]) {
        let (ports, sure) = through;
        let (own, others) = block;
        let own_end = self.own_end(clause, own);
        for other_end in self.other_ends(clause, others, share) {
            let certainty = self.certainty(&own_end.0, own).max(self.certainty(&other_end.0, others)).max(*sure);
            let said = Said { ports: ports.clone(), names: Vec::new(), certainty, because: because.to_vec() };
            self.allowed.add(identity(clause.reason.direction, own_end.clone(), other_end), said);
        }
    }

    /// Pairs that the rule allows and something else denies.
    fn shut(&mut self, clause: &Clause<'_>, (own, others): &Block) {
        let (own_workloads, other_workloads) = (self.workloads(own), self.workloads(others));
        if other_workloads.is_empty() || own_workloads.is_empty() {
            return;
        }
        let (from, to) = ends(clause.reason.direction, own[0], others[0]);
        let mut because: Vec<Reason> = self.judge.between(from, to).because.clone();
        because.retain(|r| r.effect != Effect::Pass);
        let (_, targets) = ends(clause.reason.direction, own, others);
        let asked = targets.iter().map(|&g| clause.ports.at(&self.judge.groups[g].ports));
        because.push(clause.reason);
        because.sort();
        because.dedup();
        let said = Said {
            ports: asked.fold(PortSet::none(), |all, p| all.with(&p)),
            names: Vec::new(),
            certainty: Certainty::Certain,
            because,
        };
        let ends = identity(
            clause.reason.direction,
            (End::Workloads(own_workloads), Vec::new()),
            (End::Workloads(other_workloads), Vec::new()),
        );
        self.denied.add(ends, said);
    }

    /// The end that the policy is about.
    fn own_end(&self, clause: &Clause<'_>, own: &[GroupId]) -> (End, Vec<usize>) {
        let here = self.workloads(own);
        let all: Rc<[usize]> = self.workloads(clause.own).into();
        let not = missing(&all, &here);
        let broad = clause.policy.subject.pods.is_everything();
        let whole = broad && not.is_empty() && here.len() > 1;
        if whole || is_told_as_a_set(broad, here.len(), not.len()) {
            (End::Pods(plain(&clause.policy.subject), all), not)
        } else {
            (End::Workloads(here), Vec::new())
        }
    }

    /// The other end: the peer as the rule describes it where most of it is meant, or what is left of it.
    fn other_ends(&self, clause: &Clause<'_>, others: &[GroupId], share: Share) -> Vec<(End, Vec<usize>)> {
        let here = self.workloads(others);
        let all: Rc<[usize]> = self.workloads(&clause.others).into();
        let not = missing(&all, &here);
        let some = |w: Vec<usize>| (!w.is_empty()).then_some((End::Workloads(w), Vec::new()));
        match clause.peer {
            None => {
                let outside = |groups: &[GroupId]| groups.iter().filter(|g| !self.is_pods(**g)).count();
                if share == Share::Most
                    && outside(others) == outside(&clause.others)
                    && not.len() <= here.len().max(MANY)
                {
                    return vec![(End::Anyone, not)];
                }
                let addresses = self.addresses(others);
                let addresses = (!addresses.is_empty()).then_some((End::Addresses(addresses), Vec::new()));
                some(here).into_iter().chain(addresses).collect()
            }
            Some(Peer::Pods(selection)) => {
                let broad = selection.pods.is_everything();
                // Of all namespaces the manifests contain a few: what is denied to these are the exceptions.
                let whole = broad && share == Share::Most && (not.is_empty() || is_open_ended(selection));
                if whole || is_told_as_a_set(broad, here.len(), not.len()) {
                    vec![(End::Pods(plain(selection), all), not)]
                } else {
                    some(here).into_iter().collect()
                }
            }
            Some(Peer::Addresses(_)) => {
                let addresses = self.addresses(others);
                let addresses = (!addresses.is_empty()).then_some((End::Addresses(addresses), Vec::new()));
                addresses.into_iter().chain(some(here)).collect()
            }
            Some(Peer::Nodes) => some(here).into_iter().collect(),
            Some(Peer::Names(_) | Peer::Untold(..)) => Vec::new(),
        }
    }

    fn is_pods(&self, group: GroupId) -> bool {
        matches!(self.judge.groups[group].members, Members::Pods(_))
    }

    fn workloads(&self, groups: &[GroupId]) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for &g in groups {
            if let Members::Pods(workloads) = &self.judge.groups[g].members {
                found.extend(workloads);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn addresses(&self, groups: &[GroupId]) -> AddressSet {
        let sets = groups.iter().filter_map(|&g| match &self.judge.groups[g].members {
            Members::Addresses(set) => Some(set),
            _ => None,
        });
        sets.fold(AddressSet::none(), |all, set| all.with(set))
    }

    /// Pods in the network of their node make what is said of them alone uncertain; among many they are described by
    /// their own cards.
    fn certainty(&self, end: &End, groups: &[GroupId]) -> Certainty {
        let on_host = matches!(end, End::Workloads(_)) && groups.iter().any(|&g| self.judge.groups[g].host_network);
        if on_host { Certainty::Undetermined } else { Certainty::Certain }
    }
}

/// Whether workloads are described by the words of the rule: so many that do not fit one by one, or more than a few
/// with hardly an exception.
fn is_told_as_a_set(broad: bool, here: usize, not: usize) -> bool {
    here > MANY || (broad && here > FEW && not * 2 <= here)
}

/// Whether a selection means every namespace, so that there surely are some that the manifests do not contain.
fn is_open_ended(selection: &PodSelection) -> bool {
    matches!(&selection.namespaces, NamespaceSelection::Labeled(selector) if selector.is_everything())
}

/// What is in the first list and not in the second; both ascend.
fn missing(all: &[usize], here: &[usize]) -> Vec<usize> {
    all.iter().copied().filter(|w| here.binary_search(w).is_err()).collect()
}

fn weight(rows: &Rows) -> usize {
    rows.iter().map(|(_, row)| row.count_ones(..)).sum()
}

/// Takes pairs apart into as few whole blocks as rows or columns that are alike give.
fn blocks(rows: Rows) -> Vec<Block> {
    let alike = |rows: Rows| -> Vec<Block> {
        let mut found: BTreeMap<Vec<GroupId>, Vec<GroupId>> = BTreeMap::new();
        for (g, row) in rows {
            found.entry(row.ones().collect()).or_default().push(g);
        }
        found.into_iter().map(|(others, own)| (own, others)).collect()
    };
    let mut columns: BTreeMap<GroupId, FixedBitSet> = BTreeMap::new();
    for (g, row) in &rows {
        for h in row.ones() {
            let column = columns.entry(h).or_insert_with(|| FixedBitSet::with_capacity(row.len()));
            column.insert(*g);
        }
    }
    let by_row = alike(rows);
    if by_row.len() == 1 {
        return by_row;
    }
    let by_column: Vec<Block> = alike(columns.into_iter().collect()).into_iter().map(|(b, a)| (a, b)).collect();
    if by_column.len() < by_row.len() { by_column } else { by_row }
}
