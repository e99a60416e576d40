//! The effect of policies on workloads and on the traffic between them.

use super::{Evidence, NodeId};
use crate::net::Protocol;

/// The effect of policies on traffic to or from a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Stance {
    /// Not restricted by any policy: all traffic is allowed.
    Open,
    /// Policies select the workload, and the network does not enforce any.
    #[strum(serialize = "not enforced")]
    Unenforced,
    /// Policies apply and allow all traffic.
    Unrestricted,
    /// Only policies of the Admin and Baseline tiers apply: traffic that they do not deny is allowed.
    Ruled,
    /// A NetworkPolicy selects the workload: traffic that no rule allows is denied.
    Isolated,
}

impl Stance {
    /// `open`, `not enforced`, `unrestricted`, `ruled` or `isolated`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The effect of policies on one direction of traffic, with the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The effect.
    pub stance: Stance,
    /// True if a NetworkPolicy selects the workload, even if its rules allow everything.
    pub isolated: bool,
    /// The policies that apply.
    pub by: Vec<Evidence>,
}

/// The meaning of a badge on a card; the renderer draws a sign for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Mark {
    /// A NetworkPolicy isolates the workload: traffic that no rule allows is denied.
    Isolated,
    /// Policies deny some of the traffic.
    Ruled,
    /// Not restricted by any policy.
    Open,
    /// Requests from outside the cluster reach the workload.
    Exposed,
    /// Requests from outside the cluster target the workload, and policies deny all of them.
    Blocked,
    /// Policies let the workload connect to others, and not ask the DNS of the cluster for names.
    NoNames,
    /// Policies that are not evaluated, or entrances that are not read, may change what is shown.
    Unevaluated,
    /// The object cannot work.
    Broken,
    /// The object is probably wrong, or a risk.
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
        Mark::NoNames,
        Mark::Unevaluated,
        Mark::Broken,
        Mark::Doubtful,
    ];
}

/// Reachability from outside the cluster through Ingresses, routes and Services, after policies are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// No Ingress, route or Service exposes the workload.
    Unreached,
    /// At least one port is reachable.
    Reached,
    /// The workload is exposed, and policies deny all of the traffic.
    Blocked,
    /// The manifests do not decide it: an entrance is not read, or a policy is not evaluated.
    Undetermined,
}

/// The effect of policies on a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Incoming traffic.
    pub ingress: Side,
    /// Outgoing traffic.
    pub egress: Side,
    /// Traffic from outside the cluster.
    pub outside: Outside,
    /// Policies that may select the workload and are not evaluated.
    pub foreign: Vec<Unevaluated>,
    /// The first object that may open an entrance to the workload and is not read.
    pub unread: Option<Unevaluated>,
    /// True if policies certainly deny its questions to the DNS of the cluster, and allow other connections to pods.
    pub no_dns: bool,
}

/// A policy that is not evaluated, or an entrance that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unevaluated {
    /// Its kind, or how it opens an entrance.
    pub kind: String,
    /// Where it is declared.
    pub at: Evidence,
}

/// Ports in the rules of policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ports {
    /// Ranges by protocol, both ends included, ascending; (1, 65535) for every port of a protocol.
    pub ranges: Vec<(Protocol, u16, u16)>,
    /// Port names without a number in the manifests.
    pub names: Vec<String>,
}

impl Ports {
    /// True if the set contains every port of every protocol.
    pub fn is_all(&self) -> bool {
        let whole = |p: Protocol| self.ranges.contains(&(p, 1, u16::MAX));
        Protocol::ALL.into_iter().all(whole)
    }
}

/// Traffic between two ends that policies allow or deny.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Allowance {
    /// The ports.
    pub ports: Ports,
    /// Workloads of the source that are excepted.
    pub not_from: Vec<NodeId>,
    /// Workloads of the target that are excepted.
    pub not_to: Vec<NodeId>,
    /// Reasons why the result is uncertain, a phrase each; empty if it is certain.
    pub doubts: Vec<String>,
    /// The network, if it is not the default pod network.
    pub network: Option<String>,
}

impl Allowance {
    /// The label of an edge with this allowance.
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
    /// True if the result is uncertain.
    pub unsure: bool,
    /// The network, if it is not the default pod network.
    pub network: Option<String>,
    /// The number of excepted workloads.
    pub exceptions: usize,
}
