//! What policies do about nodes and between them.

use super::{Evidence, NodeId};
use crate::net::Protocol;

/// What policies do about traffic to or from a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stance {
    /// No policy has a say: everything is allowed.
    Open,
    /// Policies have a say, and let everything through.
    Unrestricted,
    /// Only policies of the Admin and Baseline tiers have a say: what they do not deny is allowed.
    Ruled,
    /// A NetworkPolicy selects it: what no rule allows is denied.
    Isolated,
}

impl Stance {
    /// `open`, `unrestricted`, `ruled` or `isolated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stance::Open => "open",
            Stance::Unrestricted => "unrestricted",
            Stance::Ruled => "ruled",
            Stance::Isolated => "isolated",
        }
    }
}

/// What policies do about one direction, and which they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What they do.
    pub stance: Stance,
    /// Whether some NetworkPolicy selects it, whatever its rules let through.
    pub isolated: bool,
    /// The policies that have a say.
    pub by: Vec<Evidence>,
}

/// What a badge on a card says; the renderer draws a sign for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Mark {
    /// A NetworkPolicy isolates it: what no rule allows is denied.
    Isolated,
    /// Policies deny some of it.
    Ruled,
    /// No policy restricts it.
    Open,
    /// Requests from outside come to it.
    Exposed,
    /// Requests from outside are sent to it, and policies let none of them in.
    Blocked,
    /// Policies that are not evaluated may change what is shown.
    Unevaluated,
    /// Something about it cannot work.
    Broken,
    /// Something about it is probably wrong, or risky.
    Doubtful,
}

impl Mark {
    /// Every mark, in the order a legend lists them.
    pub const ALL: &[Mark] = &[
        Mark::Isolated,
        Mark::Ruled,
        Mark::Open,
        Mark::Exposed,
        Mark::Blocked,
        Mark::Unevaluated,
        Mark::Broken,
        Mark::Doubtful,
    ];
}

/// What policies leave of the ways by which Ingresses, routes and Services bring requests from outside to a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// There is no way.
    Unreached,
    /// Some port is reached.
    Reached,
    /// There are ways, and policies let nothing through.
    Blocked,
}

/// What policies have to say about a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Traffic to it.
    pub ingress: Side,
    /// Traffic from it.
    pub egress: Side,
    /// Traffic from outside.
    pub outside: Outside,
    /// Policies that may concern it and that are not evaluated.
    pub foreign: Vec<Unevaluated>,
}

/// A policy that is not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unevaluated {
    /// Its kind.
    pub kind: String,
    /// Where it is declared.
    pub at: Evidence,
}

/// Ports that policies speak of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ports {
    /// Ranges by protocol, both ends included, ascending; (1, 65535) for every port of a protocol.
    pub ranges: Vec<(Protocol, u16, u16)>,
    /// Ports called by a name to which the input gives no number.
    pub names: Vec<String>,
}

impl Ports {
    /// Whether every port of every protocol is meant.
    pub fn is_all(&self) -> bool {
        let whole = |p: Protocol| self.ranges.contains(&(p, 1, u16::MAX));
        Protocol::ALL.into_iter().all(whole)
    }
}

/// What policies say of traffic between two ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Allowance {
    /// On which ports.
    pub ports: Ports,
    /// Workloads of the source for which it does not hold.
    pub not_from: Vec<NodeId>,
    /// Workloads of the target for which it does not hold.
    pub not_to: Vec<NodeId>,
    /// Why it is not sure, if it is not: a phrase each.
    pub doubts: Vec<String>,
    /// On which network, if it is not the one that all pods are on.
    pub network: Option<String>,
}

impl Allowance {
    /// As much of it as a label has room for.
    pub fn label(&self) -> AllowanceLabel {
        AllowanceLabel {
            ports: self.ports.clone(),
            unsure: !self.doubts.is_empty(),
            network: self.network.clone(),
            exceptions: self.not_from.len() + self.not_to.len(),
        }
    }
}

/// The label of a line that policies allow or deny.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AllowanceLabel {
    /// The ports.
    pub ports: Ports,
    /// Whether there are doubts about it.
    pub unsure: bool,
    /// The network, if it is not the one that all pods are on.
    pub network: Option<String>,
    /// How many workloads are excepted.
    pub exceptions: usize,
}
