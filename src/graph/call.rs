//! Calls that configuration tells of, with the words for them.

use super::{PortMap, port_text};
use crate::net::Protocol;

/// What policies leave of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallState {
    /// Every workload behind the Service can be reached.
    Allowed,
    /// Policies let none of it through.
    Blocked,
    /// Policies let some of it through: some workloads, or some ports.
    Partly,
    /// The input does not hold what stands behind the Service.
    Unknown,
}

impl CallState {
    /// `allowed`, `blocked`, `partly` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            CallState::Allowed => "allowed",
            CallState::Blocked => "blocked",
            CallState::Partly => "partly",
            CallState::Unknown => "unknown",
        }
    }
}

/// A Service that the configuration of a workload names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The ports of the Service that are named, ascending; empty where none is.
    pub ports: Vec<(u16, Protocol)>,
    /// What policies leave of it.
    pub state: CallState,
    /// Whether edges of policies already connect the caller with every workload behind the Service.
    pub is_covered: bool,
}

impl Call {
    /// What belongs beside a line to a Service with these ports: nothing that its card says already.
    pub fn lines_beside(&self, own: &[PortMap]) -> Vec<String> {
        let named = |p: &PortMap| self.ports.contains(&(p.port, p.protocol));
        let all = own.len() == self.ports.len() && own.iter().all(named);
        let shown = Call { ports: if all { Vec::new() } else { self.ports.clone() }, ..self.clone() };
        shown.lines()
    }

    /// The ports in a line, and in another that policies deny it.
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
