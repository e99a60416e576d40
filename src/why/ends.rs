//! The two ends as policies see them, and what both sides together say of a connection between them.

use super::Scene;
use crate::net::{AddressSet, PortSet, text};
use crate::policy::{self, Certainty, Direction, Explanation, GroupId, Members, Network, Peer, Peers, Ruling};
use crate::source::Span;

/// One end of traffic, where policies look at it: behind every Service and every name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The pods of a workload.
    Workload(usize),
    /// Addresses outside.
    Addresses(AddressSet),
    /// An ingress controller that the manifests do not contain.
    Controller,
}

impl End {
    /// How it is called.
    pub fn name(&self, scene: &Scene<'_>) -> String {
        match self {
            End::Workload(index) => scene.workload_name(*index),
            End::Addresses(set) => addresses_name(set),
            End::Controller => "the ingress controller".into(),
        }
    }

    /// The workload, if it is one.
    pub fn workload(&self) -> Option<usize> {
        if let End::Workload(index) = self { Some(*index) } else { None }
    }

    /// The groups that the engine knows it by, and for addresses the part of them that each group holds.
    fn groups(&self, scene: &Scene<'_>, network: usize) -> Vec<(GroupId, End)> {
        let all = || scene.connectivity.groups(network).iter().enumerate();
        match self {
            End::Workload(index) => {
                scene.connectivity.groups_of(network, *index).iter().map(|&g| (g, self.clone())).collect()
            }
            End::Controller => all()
                .filter(|(_, g)| g.members == Members::IngressController)
                .map(|(i, _)| (i, End::Controller))
                .collect(),
            End::Addresses(set) => {
                let parts = all().filter_map(|(i, g)| match &g.members {
                    Members::Addresses(own) => Some((i, own.intersection(set))).filter(|(_, part)| !part.is_empty()),
                    _ => None,
                });
                let found: Vec<(GroupId, End)> = parts.map(|(i, part)| (i, End::Addresses(part))).collect();
                // Where no rule mentions IPv6 the engine has no such addresses: they fare like those of IPv4 that no
                // rule mentions.
                if found.is_empty() {
                    unspoken(scene, network).into_iter().map(|g| (g, self.clone())).collect()
                } else {
                    found
                }
            }
        }
    }
}

/// The group of addresses that no block of any rule holds.
fn unspoken(scene: &Scene<'_>, network: usize) -> Option<GroupId> {
    let blocks = scene.connectivity.policies().iter().flat_map(|p| p.all_rules()).filter_map(|r| match &r.peers {
        Peers::AnyOf(peers) => Some(peers),
        Peers::Everybody => None,
    });
    let spoken = blocks.flatten().fold(AddressSet::none(), |set, peer| match peer {
        Peer::Addresses(own) => set.union(own),
        Peer::Pods(_) | Peer::Nodes | Peer::Names(_) | Peer::Untold(..) => set,
    });
    scene
        .connectivity
        .groups(network)
        .iter()
        .position(|g| matches!(&g.members, Members::Addresses(own) if own.intersection(&spoken).is_empty()))
}

/// Addresses in a few words: those of a whole with holes by their holes, where these are fewer.
pub(super) fn addresses_name(set: &AddressSet) -> String {
    let own = blocks(set);
    for (whole, name) in [(public(), "the Internet"), (AddressSet::all_v4(), "every address")] {
        let holes = blocks(&whole.difference(set));
        if set.difference(&whole).is_empty() && holes.is_empty() {
            return name.into();
        }
        if set.difference(&whole).is_empty() && holes.len() < own.len() {
            return format!("{name} but {}", shortened(&holes));
        }
    }
    shortened(&own)
}

fn blocks(set: &AddressSet) -> Vec<String> {
    let cidrs = set.ranges().into_iter().flat_map(|r| r.cidrs());
    cidrs.map(|c| c.strip_suffix("/32").or_else(|| c.strip_suffix("/128")).unwrap_or(&c).to_owned()).collect()
}

fn shortened(blocks: &[String]) -> String {
    text::joined(blocks, 3, ", ", "more blocks")
}

/// Addresses that the Internet routes. Those of IPv6 are asked for one by one: most policies do not mention them.
pub(super) fn public() -> AddressSet {
    AddressSet::all_v4().difference(&AddressSet::private())
}

/// What is not certain about a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Pods in the network of their node, where policies may not hold.
    HostNetwork,
    /// Policies treat the pods of one workload differently.
    PodsDiffer,
    /// The controller may be among the pods that a rule allows.
    UnknownController,
    /// Policies may see the address of a node in place of the client's.
    Translated,
    /// Policies that are not evaluated may concern either end.
    Unevaluated,
    /// A rule may mean an end: the manifests do not show whom it means.
    Untold,
}

/// What both sides say of the ports that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// The source.
    pub from: End,
    /// The destination.
    pub to: End,
    /// The ports of the destination that are asked for.
    pub asked: PortSet,
    /// Those that both sides allow.
    pub allowed: PortSet,
    /// What the side of the source says of the ports that are asked for; nothing if it is not of the cluster.
    pub egress: Explanation,
    /// What the side of the destination says of them; nothing if it is not of the cluster.
    pub ingress: Explanation,
    /// What both sides say of every port; several where addresses differ in other ports than those.
    pub of_all_ports: Vec<Sides>,
    /// What is not certain about it.
    pub doubt: Option<Doubt>,
    /// The rule that may mean the ingress controller, if the manifests do not contain that.
    pub rule_for_controller: Option<Span>,
    /// The rule that may mean an end and would change something, by its policy and its position there.
    pub untold: Option<(Direction, usize, usize)>,
    /// On which network.
    pub network: usize,
}

/// What the side of the source and that of the destination say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    egress: Explanation,
    ingress: Explanation,
}

impl Sides {
    /// The side of a direction.
    pub fn side(&self, direction: Direction) -> &Explanation {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }
}

impl Judged {
    /// Whether some of what is allowed is allowed on some requests only.
    pub fn depends(&self) -> bool {
        let sides = self.egress.decisions.iter().chain(&self.ingress.decisions);
        sides.filter(|d| d.ruling == Ruling::Sometimes).any(|d| !d.ports.intersection(&self.allowed).is_empty())
    }

    /// Whether it is about a network beside the primary one.
    pub fn is_beside(&self, scene: &Scene<'_>) -> bool {
        [&self.from, &self.to].into_iter().filter_map(End::workload).any(|w| scene.connectivity.home(w) != self.network)
    }
}

/// The network on which two ends meet: the primary one of the workloads among them. There is none where these differ
/// (<https://ovn-kubernetes.io/features/user-defined-networks/user-defined-networks/>).
pub(super) fn network(scene: &Scene<'_>, from: &End, to: &End) -> Option<usize> {
    let mut homes = [from, to].into_iter().filter_map(End::workload).map(|w| scene.connectivity.home(w));
    let first = homes.next()?;
    homes.all(|h| h == first).then_some(first)
}

/// The secondary networks that both ends are attached to. Only pods are.
pub(super) fn beside(scene: &Scene<'_>, from: &End, to: &End) -> Vec<usize> {
    let (Some(a), Some(b)) = (from.workload(), to.workload()) else {
        return Vec::new();
    };
    let is_on = |network: usize, workload: usize| !scene.connectivity.groups_of(network, workload).is_empty();
    let networks = scene.connectivity.networks().enumerate().filter(|(_, n)| matches!(n, Network::Secondary(_)));
    networks.map(|(position, _)| position).filter(|&n| is_on(n, a) && is_on(n, b)).collect()
}

/// Asks both sides on a network. The answer has a part for each stretch of addresses that fares differently.
pub(super) fn judge(scene: &Scene<'_>, network: usize, from: &End, to: &End, asked: &PortSet) -> Vec<Judged> {
    let mut found: Vec<Judged> = Vec::new();
    let sources = from.groups(scene, network);
    let targets = to.groups(scene, network);
    for source in &sources {
        for target in &targets {
            add(&mut found, judge_groups(scene, network, source, target, asked));
        }
    }
    found
}

/// Asks both sides of two ends that are a group each.
fn judge_groups(
    scene: &Scene<'_>,
    network: usize,
    (a, from): &(GroupId, End),
    (b, to): &(GroupId, End),
    asked: &PortSet,
) -> Judged {
    let ask = |end: &End, direction| match end {
        End::Workload(_) => scene.connectivity.explain(network, *a, *b, direction),
        End::Addresses(_) | End::Controller => Explanation::default(),
    };
    let all = Sides { egress: ask(from, Direction::Egress), ingress: ask(to, Direction::Ingress) };
    let (egress, ingress) = (all.egress.about(asked), all.ingress.about(asked));
    let through = |end: &End, side: &Explanation| if end.workload().is_some() { side.allowed() } else { asked.clone() };
    let (out, into) = (through(from, &egress), through(to, &ingress));
    let mut allowed = out.intersection(&into);
    // The requests that one side lets through may be those that the other does not.
    if [&egress, &ingress].iter().all(|side| side.decisions.iter().any(|d| d.ruling == Ruling::Sometimes)) {
        allowed = allowed.intersection(&scene.connectivity.between_groups(network, *a, *b).ports);
    }
    let ruled = egress.decisions.iter().chain(&ingress.decisions).any(|d| !d.because.is_empty());
    // Only where a rule decides can policies fail to hold.
    let on_host = [*a, *b].into_iter().any(|g| scene.connectivity.groups(network)[g].host_network);
    let unread = |group: usize, direction| scene.connectivity.groups(network)[group].unread(direction);
    let sure = policy::certainty((unread(*a, Direction::Egress), &out), (unread(*b, Direction::Ingress), &into), asked);
    let rule_of = |end: &End, direction| {
        end.workload()?;
        let (policy, rule) = scene.connectivity.doubtful_rule(network, (*a, *b), direction, asked)?;
        Some((direction, policy, rule))
    };
    // What one side surely denies is denied, whatever rules of the other one mean.
    let untold = match [rule_of(from, Direction::Egress), rule_of(to, Direction::Ingress)] {
        [None, Some(_)] if out.is_empty() => None,
        [Some(_), None] if into.is_empty() => None,
        [of_egress, of_ingress] => of_egress.or(of_ingress),
    };
    let doubt = if ruled && on_host {
        Some(Doubt::HostNetwork)
    } else if sure == Certainty::Undetermined {
        Some(Doubt::Unevaluated)
    } else {
        untold.map(|_| Doubt::Untold)
    };
    Judged {
        from: from.clone(),
        to: to.clone(),
        asked: asked.clone(),
        allowed,
        egress,
        ingress,
        of_all_ports: vec![all],
        doubt,
        rule_for_controller: None,
        untold,
        network,
    }
}

/// Addresses that fare alike are listed as one; pods of one workload that fare differently leave a doubt.
fn add(found: &mut Vec<Judged>, new: Judged) {
    for old in found.iter_mut() {
        if old.from == new.from && old.to == new.to {
            if old.allowed != new.allowed {
                old.doubt = old.doubt.or(Some(Doubt::PodsDiffer));
                old.allowed.add(&new.allowed);
            }
            return;
        }
        if (&old.egress, &old.ingress, &old.doubt) == (&new.egress, &new.ingress, &new.doubt) {
            match (&mut old.from, &mut old.to, &new.from, &new.to) {
                (End::Addresses(own), _, End::Addresses(more), _)
                | (_, End::Addresses(own), _, End::Addresses(more)) => {
                    *own = own.union(more);
                    let others = new.of_all_ports.into_iter().filter(|s| !old.of_all_ports.contains(s));
                    old.of_all_ports.extend(others.collect::<Vec<_>>());
                    return;
                }
                _ => {}
            }
        }
    }
    found.push(new);
}
