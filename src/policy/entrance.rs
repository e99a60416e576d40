//! Ways by which requests from outside come to workloads, for policies to judge.

use crate::net::{AddressSet, ObjectKey, PortSet};

/// Where clients outside of the cluster are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// At these addresses.
    Addresses(Vec<String>),
    /// Anywhere.
    Internet,
    /// In the network around the cluster.
    PrivateNetwork,
}

/// Who brings requests from outside to a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// An ingress controller: the workloads that are it, by their position in the cluster; none if the input does not
    /// hold it.
    Controller(Vec<usize>),
    /// Nobody: these addresses come to the pods of a Service that is open to the outside.
    Direct {
        /// Where they are.
        from: Origin,
        /// Its addresses.
        addresses: AddressSet,
    },
}

/// A way by which requests from outside come to a workload: Ingress or route, Service, target port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The object that opens it: an Ingress, a route, or a Service.
    pub by: ObjectKey,
    /// Who brings the requests.
    pub way: Way,
    /// The workload, by its position in the cluster.
    pub workload: usize,
    /// Its ports that are meant to be reached.
    pub ports: PortSet,
    /// What is not known of it, whatever policies say.
    pub doubt: Option<EntranceDoubt>,
    /// Where none of the pods takes connections.
    pub absent: Option<AbsentPods>,
}

/// Where it is said that no pod of a workload takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsentPods {
    /// By the workload.
    Itself,
    /// Behind a Service, by its position in the cluster.
    Behind(usize),
}

/// What is not known of a way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntranceDoubt {
    /// Whether the load balancer exists.
    NotProvisioned,
    /// Whether something that is not evaluated keeps clients out, or sends their requests elsewhere.
    Unjudged,
    /// Whether pods see the address of the client or that of a node.
    Translated,
}
