//! Calls that the configuration of workloads names, with their texts.

use super::{PortMap, port_text};
use crate::net::Protocol;

/// The effect of policies on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum CallState {
    /// Every backend workload of the Service is reachable.
    Allowed,
    /// Policies deny the call.
    Blocked,
    /// Policies allow the call for some of the workloads or ports.
    Partly,
    /// The manifests do not contain the backends of the Service.
    Unknown,
}

impl CallState {
    /// `allowed`, `blocked`, `partly` or `unknown`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A Service that the configuration of a workload names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The named ports of the Service, ascending; empty if no port is named.
    pub ports: Vec<(u16, Protocol)>,
    /// The effect of policies.
    pub state: CallState,
    /// True if edges of policies already connect the caller with every backend workload of the Service.
    pub is_covered: bool,
}

impl Call {
    /// The text beside an edge to a Service with these ports. Ports that the card of the Service shows are left out.
    pub fn lines_beside(&self, own: &[PortMap]) -> Vec<String> {
        let named = |p: &PortMap| self.ports.contains(&(p.port, p.protocol));
        let all = own.len() == self.ports.len() && own.iter().all(named);
        let shown = Call { ports: if all { Vec::new() } else { self.ports.clone() }, ..self.clone() };
        shown.lines()
    }

    /// A line with the ports, and a line that states whether policies deny the call.
    pub(super) fn lines(&self) -> Vec<String> {
        let ports: Vec<String> = self.ports.iter().map(|(n, p)| port_text(*n, *p)).collect();
        let mut lines = vec![ports.join(", ")];
        lines.extend(match self.state {
            CallState::Allowed | CallState::Unknown => None,
            CallState::Blocked => Some("denied".to_owned()),
            CallState::Partly => Some("partly denied".to_owned()),
        });
        lines.retain(|l| !l.is_empty());
        lines
    }
}
