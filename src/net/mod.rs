//! The vocabulary of networks and objects that every room speaks.
//!
//! It knows no manifests and no policies and imports nothing of ours; each word is here once.

mod addresses;
pub mod choice;
mod dns;
mod expression;
mod irrelevant;
pub mod kinds;
mod labels;
pub mod live;
pub mod near;
mod object;
mod ports;
mod protocol;
pub mod text;

pub use addresses::{AddressRange, AddressSet, parse_cidr};
pub use choice::UnknownName;
pub use dns::ClusterName;
pub use expression::Expression;
pub use irrelevant::is_irrelevant;
pub use labels::{BadSelector, Labels, NAMESPACE_NAME, Operator, Requirement, Selector, label_list};
pub use object::ObjectKey;
pub use ports::{ContainerPort, NODE_PORTS, PortSet};
pub use protocol::Protocol;
