//! Who may talk to whom, and because of which rule.
//!
//! Guarantees:
//! * every policy that is evaluated is one that the API server would take; the others are reported, one by one, and
//!   nothing else suffers;
//! * a connection is allowed where the egress of its source and the ingress of its destination both allow it, and its
//!   reasons name every rule that decided about one of its ports;
//! * a verdict explains itself port by port, with the deciding rules of each tier ([`Explanation`]);
//! * selectors are evaluated for classes of pods, and pairs for groups of classes that no policy tells apart: cost
//!   grows with these and with the connections that exist.

mod absent;
mod added;
mod admin;
mod asking;
mod calico;
mod call;
mod cilium;
mod classes;
mod collect;
mod connectivity;
mod enforcement;
mod entrance;
mod evaluate;
mod everywhere;
mod explain;
mod foreign;
mod grouped;
mod groups;
mod istio;
mod made;
mod memory;
mod network_policy;
mod networks;
mod pairs;
mod partition;
mod perhaps;
mod plane;
mod ports;
mod reach;
mod read;
mod repeated;
mod request;
mod rows;
mod rule;
mod selector;
mod tier;
mod unseen;
mod worth;

pub use added::is_added;
pub use call::{Call, CallVerdict, Calls, Said, Target, UnknownService};
pub use connectivity::{Admission, Answer, Connection, Connectivity, Endpoint, Extent, Isolation, connectivity};
pub use enforcement::{Enforcement, NetworkPlugin, Project, UnknownPlugin};
pub use entrance::{AbsentPods, Entrance, EntranceDoubt, Origin, Way};
pub use evaluate::{Certainty, Effect, Reason, Verdict};
pub use explain::{Decision, Explanation, Ruling};
pub(crate) use foreign::certainty;
pub(crate) use foreign::is_staged;
#[cfg(feature = "cli")]
pub(crate) use foreign::may_decide;
pub use foreign::{ForeignPolicy, Influence};
pub use grouped::{ConnectionGroup, PeerSet};
pub use groups::{AbsentController, Group, GroupId, Members};
pub use networks::Network;
pub use pairs::Pair;
pub use ports::{NamedPort, RulePorts};
pub use reach::{End, Flow, Flows};
pub use request::{Condition, Pattern, Test};
pub use rule::{
    Action, Blocks, Closes, Direction, HostNetwork, NamespaceSelection, Peer, Peers, Perhaps, PodSelection, Policy,
    Rule, Scope,
};
pub use selector::{from_tree, from_typed};
pub use tier::{Order, Tier};
pub use unseen::{Description, Unseen};
pub use worth::{Value, Worth};
