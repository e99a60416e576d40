//! Is a connection allowed, and why: an answer in layers, the way one debugs it. Names, endpoints, ports, policies, and
//! what would change the outcome.
//!
//! Guarantees of an [`Answer`]:
//! * every layer that was reached is in it, in order, and each statement that rests on the input has its `file:line`;
//! * a connection that is called allowed has an allowing or absent policy on both sides for every port that was asked
//!   for;
//! * a proposed policy only adds: it is about pods that a NetworkPolicy isolates already, so that it takes no
//!   connection from anybody.

mod answer;
mod bearing;
mod dns;
mod ends;
mod gates;
mod given;
mod lookup;
mod names;
mod outside;
mod policies;
mod ports;
mod question;
mod routed;
mod service;
mod suggest;
mod unresolved;
mod url;
mod verdict;
mod ways;

use crate::cluster::{Cluster, Entry, Workload};
use crate::graph::{Graph, NodeId};
use crate::policy::{Connectivity, Direction, ForeignPolicy};
use crate::resolve::Facts;
use crate::source::{Sources, Span};
use crate::world::World;

pub use answer::{Answer, Change, Layer, Line, Mark, Outcome, Rank, Step, answer};
pub use bearing::{Bearing, Remark, Role as BearingRole, Way, bearing, is_mutual};
pub use question::{PortName, PortWish, Question, Reference, Url};
pub use suggest::pod_selector_text;

/// What a question is answered from.
#[derive(Clone, Copy, Debug)]
struct Scene<'a> {
    /// Everything that is there.
    cluster: &'a Cluster,
    /// Who is routed to whom.
    graph: &'a Graph,
    /// Facts about references, hosts and ports.
    facts: &'a Facts,
    /// Who may talk to whom.
    connectivity: &'a Connectivity,
    /// The texts, for the places.
    sources: &'a Sources,
    /// The namespace that names without one are looked for in first.
    namespace: Option<&'a str>,
    /// Whether the input has the look of `kubectl get all`, which leaves out policies and Ingresses.
    is_partial: bool,
}

impl<'a> Scene<'a> {
    fn new(world: &'a World, namespace: Option<&'a str>) -> Scene<'a> {
        Scene {
            cluster: world.cluster(),
            graph: world.graph(),
            facts: world.facts(),
            connectivity: world.connectivity(),
            sources: world.sources(),
            namespace,
            is_partial: world.cluster().is_partial(),
        }
    }

    fn place(&self, span: Span) -> String {
        self.sources.line_of(span)
    }

    fn workload(&self, index: usize) -> &'a Workload {
        &self.cluster.workloads()[index]
    }

    fn entry(&self, index: usize) -> &'a Entry {
        &self.cluster.entries()[index]
    }

    fn workload_name(&self, index: usize) -> String {
        self.workload(index).key.to_string()
    }

    fn workload_place(&self, index: usize) -> String {
        self.place(self.entry(self.workload(index).entry).object.span)
    }

    /// The policies that are not evaluated and may concern a workload in a direction.
    fn unevaluated(&self, index: usize, direction: Direction) -> impl Iterator<Item = &'a ForeignPolicy> {
        self.connectivity.foreign_to(index, self.workload(index).key.namespace(), direction)
    }

    /// The workload that a node of the graph represents.
    fn workload_of_node(&self, id: &NodeId) -> Option<usize> {
        let key = id.key()?;
        self.cluster.workloads().iter().position(|w| w.key == *key)
    }
}
