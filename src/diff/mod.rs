//! Two states of a system → what is different, and what that means.
//!
//! Guarantees of a [`Diff`]:
//! * it mentions objects by their identity: moving them between files, another order or another version of their API
//!   is no difference;
//! * [`Diff::connections`] is exact: a pair of ends is in one of its rectangles if and only if the ports between them
//!   differ;
//! * [`Diff::graph`] is the union of both graphs, in which every node and edge says how it differs. A line that only
//!   one state draws counts as added or removed only if the traffic that it represents was not allowed before, or is
//!   not any more: another way of drawing the same is no difference;
//! * the difference between a state and itself is empty.

mod blocks;
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
mod unjudged;

pub use connections::{Allowed, Delta, Party};
pub use objects::{Fate, Field, ObjectChange};
pub use summary::{Gate, Item, Section, Topic};

use crate::cluster::Cluster;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{EdgeKind, Graph};
use crate::net::ObjectKey;
use crate::policy::Connectivity;
use crate::source::{FileId, Sources};
use crate::world::World;

/// A state of a system by its name: one of the two that are compared.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    /// What it is called: a path or a revision.
    pub name: String,
    /// What the names of its files begin with that is about the revision and not the file, such as the folder that
    /// holds it.
    root: String,
    /// Everything that is known of it.
    pub world: World,
    /// Routing and what policies allow: what is compared.
    graph: Graph,
    /// What was noticed, and what was found.
    problems: Vec<Diagnostic>,
}

impl Revision {
    /// A state by its name, with what was found wrong with it. What is reachable from outside is a topic of its own, so
    /// findings about that are left out.
    pub fn new(name: String, root: String, world: World, findings: Vec<Diagnostic>) -> Revision {
        let is_left_out = |kind| matches!(kind, EdgeKind::Denied | EdgeKind::Calls | EdgeKind::Uses | EdgeKind::Scales);
        let graph = world.graph().network(|edge| !is_left_out(world.graph().edge(edge).2.kind()));
        let findings = findings.into_iter().filter(|d| d.code != Code::ExposedToInternet);
        let problems = world.diagnostics().iter().cloned().chain(findings).collect();
        Revision { name, root, world, graph, problems }
    }

    /// Routing and what policies allow: what is compared.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What was noticed while reading, then what was found.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    fn cluster(&self) -> &Cluster {
        self.world.cluster()
    }

    fn connectivity(&self) -> &Connectivity {
        self.world.connectivity()
    }

    fn sources(&self) -> &Sources {
        self.world.sources()
    }

    /// The name of a file without what is about the revision.
    fn file(&self, file: FileId) -> &str {
        let name = self.sources().name(file);
        let inside = name.strip_prefix(self.root.as_str()).unwrap_or(name);
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
    /// What is at the ends of connections that differ: what the positions in a [`Delta`] mean.
    pub parties: Vec<Party>,
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
pub fn compare(old: &Revision, new: &Revision) -> Diff {
    let ends = ends::Union::of(old, new);
    let compared = connections::compare(old, new, &ends);
    let objects = objects::compare(old, new);
    let graph = union::union(old, new, &ends, &compared);
    let sections = summary::sections(&summary::Found {
        old,
        new,
        ends: &ends,
        compared: &compared,
        objects: &objects,
        graph: &graph,
    });
    let connections::Compared { parties, deltas, .. } = compared;
    let workloads = ends.all().iter().map(|m| m.key.clone()).collect();
    Diff { graph, workloads, parties, connections: deltas, objects, sections }
}
