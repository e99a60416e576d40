//! Calls that configuration tells of, and what policies leave of them.

use super::connectivity::{Connectivity, Endpoint};
use super::evaluate::{Certainty, Reason};
use crate::net::{PortSet, Protocol};
use crate::source::Span;

/// A place where a name is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// The position among [`Cluster::entries`](crate::cluster::Cluster::entries) of the object that holds it.
    pub entry: usize,
    /// The field, as `spec.template.spec.containers[0].env[2].value` or `data["app.conf"]`.
    pub field: String,
    /// The very line.
    pub at: Span,
}

/// A workload behind a Service that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its position in the cluster.
    pub workload: usize,
    /// The ports of its pods that the call needs; none if nothing tells which.
    pub ports: PortSet,
}

/// A Service that the configuration of a workload names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls, by its position in the cluster.
    pub workload: usize,
    /// The Service, by its position among the entries of the cluster.
    pub service: usize,
    /// The ports of the Service that are named or implied, ascending; empty if nothing tells which.
    pub ports: Vec<(u16, Protocol)>,
    /// The workloads behind it without the caller, ascending; none if the manifests do not contain them.
    pub targets: Vec<Target>,
    /// Where it is named, sorted.
    pub said: Vec<Said>,
}

/// A name of a Service that nothing in the input has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownService {
    /// Whose configuration it is, by its position in the cluster.
    pub workload: usize,
    /// The name as written: `db.data.svc.cluster.local`.
    pub name: String,
    /// The namespace that it names.
    pub namespace: String,
    /// The Service that it names.
    pub service: String,
    /// Where it is written, sorted.
    pub said: Vec<Said>,
}

/// What the configuration of a cluster's workloads names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// By caller and Service, one for each pair.
    pub found: Vec<Call>,
    /// Full names that do not resolve, by workload and name, one for each pair.
    pub unknown: Vec<UnknownService>,
}

/// What policies leave of a call to one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallVerdict {
    /// The workload that is called, by its position in the cluster.
    pub target: usize,
    /// The ports that it needs; none if nothing tells which.
    pub needed: PortSet,
    /// Those of them that are allowed; where nothing tells which are needed, all that are.
    pub allowed: PortSet,
    /// How sure that is.
    pub certainty: Certainty,
    /// Which rules decided about it.
    pub because: Vec<Reason>,
}

impl CallVerdict {
    /// Whether all that it needs is allowed.
    pub fn is_allowed(&self) -> bool {
        !self.is_blocked() && self.needed.difference(&self.allowed).is_empty()
    }

    /// Whether nothing that it needs is allowed.
    pub fn is_blocked(&self) -> bool {
        self.allowed.is_empty()
    }
}

impl Connectivity {
    /// What policies leave of a call, for each workload behind its Service. Workloads that share no network are not
    /// told.
    pub fn judge(&self, call: &Call) -> Vec<CallVerdict> {
        let from = Endpoint::Workload(call.workload);
        let verdicts = call.targets.iter().filter_map(|target| {
            let found = self.between(&from, &Endpoint::Workload(target.workload))?;
            let open = if target.ports.is_empty() { found.ports } else { found.ports.intersection(&target.ports) };
            Some(CallVerdict {
                target: target.workload,
                needed: target.ports.clone(),
                allowed: open,
                certainty: found.certainty,
                because: found.because,
            })
        });
        verdicts.collect()
    }
}
