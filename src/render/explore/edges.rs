//! The edges of a page as data: their ends, their words, their evidence, and whom they do not hold for.

use serde::Serialize;

use super::seen;
use crate::graph::{Allowance, Change, Edge, EdgeDetail, Graph, NodeId, PortMap, TargetPort};
use crate::net::{PortSet, Protocol};

/// Ports as data: protocol, first and last.
pub(super) type Range = (&'static str, u16, u16);

/// The ranges of a set of ports.
pub(super) fn ranges(ports: &PortSet) -> Vec<Range> {
    let of = |p: Protocol| ports.ranges(p).into_iter().map(move |(first, last)| (p.as_str(), first, last));
    Protocol::ALL.into_iter().flat_map(of).collect()
}

/// An edge: its ends by position, its kind, its label lines, and its evidence as object, field and position.
#[derive(Serialize)]
pub(super) struct EdgeJson {
    f: usize,
    t: usize,
    k: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    l: Vec<String>,
    w: Vec<(String, String, String)>,
    /// Workloads of the source and of the target for whom it does not hold, by position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nf: Vec<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nt: Vec<usize>,
    /// The ports of the pods that a Service leads to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    p: Vec<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
}

impl EdgeJson {
    pub(super) fn of(graph: &Graph, from: usize, to: usize, edge: &Edge) -> EdgeJson {
        let positions = |ids: &[NodeId]| ids.iter().filter_map(|id| graph.find(id)).collect();
        let (nf, nt) = match &edge.detail {
            EdgeDetail::Allows(Allowance { not_from, not_to, .. })
            | EdgeDetail::Denied(Allowance { not_from, not_to, .. }) => (positions(not_from), positions(not_to)),
            _ => (Vec::new(), Vec::new()),
        };
        EdgeJson {
            f: from,
            t: to,
            k: edge.kind().as_str(),
            l: edge.told(edge.lines()).iter().map(|l| seen(l)).collect(),
            w: edge.evidence.iter().map(|e| (seen(&e.object), seen(&e.field), seen(&e.place()))).collect(),
            nf,
            nt,
            p: if let EdgeDetail::Selects(ports) = &edge.detail { ranges(&targets(ports)) } else { Vec::new() },
            change: edge.change.as_ref().map(Change::as_str),
        }
    }
}

/// The ports of pods that ports of a Service lead to, as far as the manifests give their numbers.
fn targets(ports: &[PortMap]) -> PortSet {
    let mut set = PortSet::none();
    for port in ports {
        let numbers = match &port.target {
            TargetPort::Number(number) => std::slice::from_ref(number),
            TargetPort::Name { resolved, .. } => resolved.as_slice(),
        };
        for number in numbers {
            set.add(&PortSet::port(port.protocol, *number));
        }
    }
    set
}
