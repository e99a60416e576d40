//! Two states of a system → what is different, and what that means.
//!
//! Guarantees of a [`Diff`]:
//! * it speaks of objects by their identity: moving them between files, another order or another version of their API
//!   is no difference;
//! * [`Diff::connections`] is exact: a pair of ends is in one of its rectangles if and only if the ports between them
//!   differ;
//! * [`Diff::graph`] is the union of both graphs, in which every node and edge says how it differs. A line that only
//!   one state draws counts as added or removed only if the traffic that it stands for was not allowed before, or is
//!   not any more: another way of drawing the same is no difference;
//! * the difference between a state and itself is empty.

mod connections;
mod ends;
mod exposure;
mod facts;
mod objects;
mod reasons;
mod rows;
mod summary;
mod traffic;
mod union;

pub use connections::{Allowed, Delta, Party};
pub use objects::{Fate, Field, ObjectChange};
pub use summary::{Gate, Item, Section, Topic};

use crate::cluster::Cluster;
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::net::ObjectKey;
use crate::policy::Connectivity;
use crate::source::{FileId, Sources};

/// One state of a system.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// What is there.
    pub cluster: &'a Cluster,
    /// What leads to what, with what policies allow.
    pub graph: &'a Graph,
    /// Who can talk to whom.
    pub connectivity: &'a Connectivity,
    /// What was noticed.
    pub diagnostics: &'a [Diagnostic],
    /// The texts.
    pub sources: &'a Sources,
    /// What the names of its files begin with that is about the state and not the file, such as the folder that holds
    /// it.
    pub root: &'a str,
}

impl<'a> State<'a> {
    /// The name of a file without what is about the state.
    fn file(&self, file: FileId) -> &'a str {
        let name = self.sources.name(file);
        let inside = name.strip_prefix(self.root).unwrap_or(name);
        inside.trim_start_matches('/')
    }
}

/// How two states differ.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Both graphs in one.
    pub graph: Graph,
    /// The workloads of both states, sorted: what the positions in [`Party::Workloads`] mean.
    pub workloads: Vec<ObjectKey>,
    /// The connections that differ.
    pub connections: Vec<Delta>,
    /// The objects that differ, sorted by identity.
    pub objects: Vec<ObjectChange>,
    /// What it means, by topic, the gravest first; topics of which there is nothing to say are left out.
    pub sections: Vec<Section>,
}

impl Diff {
    /// Whether the two states are the same.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty() && self.objects.is_empty() && self.connections.is_empty()
    }
}

/// Compares two states.
pub fn compare(old: &State<'_>, new: &State<'_>) -> Diff {
    let ends = ends::Union::of(old, new);
    let connections = connections::compare(old, new, &ends);
    let objects = objects::compare(old, new);
    let graph = union::union(old, new, &ends, &connections);
    let sections = summary::sections(&summary::Found {
        old,
        new,
        ends: &ends,
        connections: &connections,
        objects: &objects,
        graph: &graph,
    });
    Diff { graph, workloads: ends.all().iter().map(|m| m.key.clone()).collect(), connections, objects, sections }
}
