//! What rules let through, told rule by rule instead of pair by pair: what a picture can show of a hundred workloads
//! that reach each other.
//!
//! Guarantees:
//! * a flow is effective: it holds for every pair of workloads that its ends mean, but for those named in `not_from`
//!   and `not_to`;
//! * two workloads that may talk because some rule says so are in some flow together; pairs that are open because
//!   nothing restricts them are in none;
//! * an end that a rule describes by more than a dozen workloads, or by a whole namespace, stays as it is described,
//!   whether the manifests contain such pods or not.

mod finder;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::finder::{Finder, RulePeer};
use super::evaluate::{Certainty, Effect, Judge, Reason};
use super::groups::{GroupId, Members};
use super::networks::Network;
use super::rule::{Action, Closes, Direction, Peer, Peers, PodSelection, Policy};
use crate::net::{AddressSet, PortSet};

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Every pod and every address.
    Anyone,
    /// The pods that a rule describes, with the workloads of the input that have some, ascending.
    Pods(PodSelection, Rc<[usize]>),
    /// These workloads, by their positions in the cluster, ascending.
    Workloads(Vec<usize>),
    /// Addresses outside of the cluster.
    Addresses(AddressSet),
    /// Hosts outside of the cluster, by their names.
    Names(Vec<String>),
}

/// Traffic that rules mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Where it comes from.
    pub from: End,
    /// Where it goes to.
    pub to: End,
    /// Workloads that the source means and for which this does not hold, ascending.
    pub not_from: Vec<usize>,
    /// The same for the destination.
    pub not_to: Vec<usize>,
    /// On which ports; for denied traffic those that the rule allows.
    pub ports: PortSet,
    /// Ports that the rule calls by a name to which the input gives no number, because it does not hold the
    /// destination.
    pub names: Vec<String>,
    /// How sure it is.
    pub certainty: Certainty,
    /// The rules that say so, and for denied traffic also what denies it.
    pub because: Vec<Reason>,
    /// On which network.
    pub network: Network,
}

/// What rules allow, and what comes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// What gets through.
    pub allowed: Vec<Flow>,
    /// What a rule at one end allows and nothing else lets through.
    pub denied: Vec<Flow>,
}

/// What makes two flows one.
type Identity = (End, End, Vec<usize>, Vec<usize>);

/// A flow in the making.
struct Said {
    ports: PortSet,
    names: Vec<String>,
    certainty: Certainty,
    because: Vec<Reason>,
}

#[derive(Default)]
struct Collected {
    flows: BTreeMap<Identity, Said>,
}

impl Collected {
    fn add(&mut self, identity: Identity, said: Said) {
        let lonely = |end: &End| matches!(end, End::Workloads(w) if w.len() == 1);
        if identity.0 == identity.1 && lonely(&identity.0) {
            return;
        }
        let Some(known) = self.flows.get_mut(&identity) else {
            self.flows.insert(identity, said);
            return;
        };
        known.ports.add(&said.ports);
        known.certainty = known.certainty.max(said.certainty);
        known.names.extend(said.names);
        known.names.sort();
        known.names.dedup();
        known.because.extend(said.because);
        known.because.sort();
        known.because.dedup();
    }

    fn finish(self, network: &Network) -> Vec<Flow> {
        let flows = self.flows.into_iter();
        flows
            .map(|((from, to, not_from, not_to), said)| Flow {
                from,
                to,
                not_from,
                not_to,
                ports: said.ports,
                names: said.names,
                certainty: said.certainty,
                because: said.because,
                network: network.clone(),
            })
            .collect()
    }
}

/// What the rules of these policies let through on a network.
pub(super) fn flows(judge: &Judge, policies: &[Policy], network: &Network) -> Flows {
    if !judge.groups.iter().any(|g| matches!(g.members, Members::Pods(_))) {
        return by_themselves(policies, network);
    }
    let mut finder = Finder::new(judge);
    for (id, policy) in policies.iter().enumerate() {
        for direction in Direction::ALL {
            let mut own = judge.subjects(id, direction);
            // Tiers after one at whose end everything is denied are not asked, unless that passes something on.
            let asked = |g: GroupId| match judge.closing(judge.side(g, direction)) {
                Some(closing) => {
                    let passes = |p: &usize| judge.rules_of(*p, direction, g).any(|(_, r)| r.action == Action::Pass);
                    policy.tier <= closing.tier || closing.policies.iter().any(passes)
                }
                None => true,
            };
            own.retain(|&g| judge.may_deny(g, direction) && asked(g));
            if own.is_empty() {
                continue;
            }
            let subjects = own;
            for (index, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
                // What a tier passes on at whose end it would be denied is let through by that.
                if rule.action == Action::Deny || (rule.action == Action::Pass && policy.closes == Closes::Nothing) {
                    continue;
                }
                let mut own = subjects.clone();
                own.retain(|&g| judge.is_own(id, direction, index, g));
                if own.is_empty() {
                    continue;
                }
                let effect = if rule.action == Action::Pass { Effect::Pass } else { Effect::Allow };
                let everybody = std::iter::once(None).filter(|_| rule.peers == Peers::Everybody);
                let listed = match &rule.peers {
                    Peers::Everybody => &[][..],
                    Peers::AnyOf(peers) => peers,
                };
                for names in listed.iter().filter_map(|p| if let Peer::Names(names) = p { Some(names) } else { None }) {
                    let reason = Reason { direction, policy: id, rule: Some(index), effect };
                    finder.names(policy, rule, &own, reason, names);
                }
                let told = listed.iter().filter(|p| !matches!(p, Peer::Names(_) | Peer::Untold(..))).map(Some);
                for (peer, set) in everybody.chain(told).zip(judge.peers_of_rule(id, direction, index)) {
                    let reason = Reason { direction, policy: id, rule: Some(index), effect };
                    finder.peer(RulePeer { policy, rule, peer, set, own: &own, reason });
                }
            }
        }
    }
    Flows { allowed: finder.allowed.finish(network), denied: finder.denied.finish(network) }
}

/// The flows of an input without pods: what rules allow, as they describe it. Where policies of both ends mention each
/// other, both must allow it; where those of the other end do not mention this one by the same words, it cannot be
/// told.
fn by_themselves(policies: &[Policy], network: &Network) -> Flows {
    let mut said: [Collected; 2] = Default::default();
    let mut isolated: [BTreeSet<End>; 2] = Default::default();
    for (id, policy) in policies.iter().enumerate() {
        for (slot, direction) in Direction::ALL.into_iter().enumerate() {
            let Some(rules) = policy.rules(direction) else { continue };
            if policy.closes == Closes::Everything {
                isolated[slot].insert(described(&policy.subject));
            }
            for (index, rule) in rules.iter().enumerate().filter(|(_, r)| r.action == Action::Allow) {
                for other in ends_of(&rule.peers) {
                    let what = Said {
                        ports: rule.ports.at(&[]),
                        names: rule.ports.named().into_iter().map(|n| n.name.clone()).collect(),
                        certainty: if rule.when.is_some() { Certainty::Conditional } else { Certainty::Certain },
                        because: vec![Reason { direction, policy: id, rule: Some(index), effect: Effect::Allow }],
                    };
                    let own = described(&policy.subject);
                    said[slot].add(identity(direction, (own, Vec::new()), (other, Vec::new())), what);
                }
            }
        }
    }
    Flows { allowed: allowed_at_both(said, &isolated).finish(network), denied: Vec::new() }
}

/// The pods that a selection describes, none of which the input contains.
fn described(selection: &PodSelection) -> End {
    End::Pods(plain(selection), Rc::new([]))
}

/// The peers of a rule as it describes them.
fn ends_of(peers: &Peers) -> Vec<End> {
    let end = |peer: &Peer| match peer {
        Peer::Pods(selection) => Some(described(selection)),
        Peer::Addresses(set) => Some(End::Addresses(set.clone())),
        Peer::Names(names) => Some(End::Names(names.clone())),
        Peer::Nodes | Peer::Untold(..) => None,
    };
    match peers {
        Peers::Everybody => vec![End::Anyone],
        Peers::AnyOf(peers) => peers.iter().filter_map(end).collect(),
    }
}

/// What gets through at both ends, of what the rules of each direction allow: an end that is isolated in a direction
/// lets through what its own rules say, any other everything.
fn allowed_at_both(said: [Collected; 2], isolated: &[BTreeSet<End>; 2]) -> Collected {
    let [ingress, mut egress] = said;
    let [shut_in, shut_out] = isolated;
    let mut allowed = Collected::default();
    for (ends, mut own) in ingress.flows {
        match egress.flows.remove(&ends) {
            Some(other) => {
                own.ports = own.ports.intersection(&other.ports);
                own.names.retain(|n| other.names.contains(n));
                own.because.extend(other.because);
                if own.ports.is_empty() && own.names.is_empty() {
                    continue;
                }
            }
            None if shut_out.contains(&ends.0) => own.certainty = Certainty::Undetermined,
            None => {}
        }
        allowed.add(ends, own);
    }
    for (ends, mut own) in egress.flows {
        if shut_in.contains(&ends.1) {
            own.certainty = Certainty::Undetermined;
        }
        allowed.add(ends, own);
    }
    allowed
}

/// A selection of the namespace of a name is the same however it is written.
fn plain(selection: &PodSelection) -> PodSelection {
    PodSelection { namespaces: selection.namespaces.simplest(), pods: selection.pods.clone() }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}

/// Source and destination, from the own side and the other.
fn ends<T>(direction: Direction, own: T, other: T) -> (T, T) {
    match direction {
        Direction::Ingress => (other, own),
        Direction::Egress => (own, other),
    }
}

fn identity(direction: Direction, own: (End, Vec<usize>), other: (End, Vec<usize>)) -> Identity {
    let ((from, not_from), (to, not_to)) = ends(direction, own, other);
    (from, to, not_from, not_to)
}
