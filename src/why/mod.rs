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
mod ends;
mod lookup;
mod names;
mod outside;
mod policies;
mod ports;
mod question;
mod service;
mod sides;
mod suggest;
mod verdict;

use crate::cluster::{Cluster, Entry, Workload};
use crate::graph::Graph;
use crate::policy::Connectivity;
use crate::source::{Sources, Span};

pub use answer::{Answer, Change, Layer, Line, Mark, Outcome, Rank, Step, answer};
pub use question::{PortName, PortWish, Question, Reference};

/// What questions are answered from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Everything that is there.
    pub cluster: &'a Cluster,
    /// Who is routed to whom.
    pub graph: &'a Graph,
    /// Who may talk to whom.
    pub connectivity: &'a Connectivity,
    /// The texts, for the places.
    pub sources: &'a Sources,
    /// The namespace that names without one are looked for in first.
    pub namespace: Option<&'a str>,
}

impl<'a> Scene<'a> {
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

    /// The workload that a node of the graph stands for.
    fn workload_of_node(&self, id: &str) -> Option<usize> {
        self.cluster.workloads().iter().position(|w| w.key.to_string() == id)
    }
}
