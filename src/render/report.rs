//! What tables and data about a cluster are made of.

use serde::Serialize;

use super::json::DiagnosticJson;
use crate::cluster::Cluster;
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, Node};
use crate::inert;
use crate::net::ObjectKey;
use crate::policy::{Calls, Connectivity};
use crate::source::Sources;
use crate::world::{Absence, Account, Facts, Scope, UnreadEntrance, World};

/// Everything that a table may mention.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What is there.
    pub cluster: &'a Cluster,
    /// What leads to what.
    pub graph: &'a Graph,
    /// Who can talk to whom.
    pub connectivity: &'a Connectivity,
    /// What configuration names; `None` where nobody looked.
    pub calls: Option<&'a Calls>,
    /// What was noticed.
    pub diagnostics: &'a [Diagnostic],
    /// Objects that may open an entrance from outside and are not read.
    pub unread: &'a [UnreadEntrance],
    /// Facts about entrances and pods.
    pub facts: &'a Facts,
    /// What became of the objects of the input; `None` where nobody asks.
    pub account: Option<&'a Account>,
    /// The objects that are listed; `None` for all.
    pub scope: Option<&'a Scope>,
    /// The texts.
    pub sources: &'a Sources,
}

impl<'a> Report<'a> {
    /// All of a World, or the part of it that a graph shows.
    pub fn of(world: &'a World, graph: &'a Graph) -> Report<'a> {
        Report {
            cluster: world.cluster(),
            graph,
            connectivity: world.connectivity(),
            calls: Some(world.calls()),
            diagnostics: world.diagnostics(),
            unread: &world.facts().unread,
            facts: world.facts(),
            account: Some(world.account()),
            scope: None,
            sources: world.sources(),
        }
    }

    /// The same with the rows that concern an object of a scope.
    pub fn within(self, scope: Option<&'a Scope>) -> Report<'a> {
        Report { scope, ..self }
    }

    /// Whether an object is listed.
    pub(super) fn lists(&self, object: &ObjectKey) -> bool {
        self.scope.is_none_or(|scope| scope.has(object))
    }

    /// Whether the object of a node is listed.
    pub(super) fn lists_node(&self, node: &Node) -> bool {
        self.scope.is_none_or(|scope| scope.has_node(&node.id))
    }

    /// Whether a workload is listed, by its position in the cluster.
    pub(super) fn lists_workload(&self, workload: usize) -> bool {
        self.scope.is_none_or(|scope| scope.has_workload(workload))
    }

    /// The id of a workload.
    pub(super) fn workload(&self, workload: usize) -> String {
        self.cluster.workloads()[workload].key.to_string()
    }

    /// Why a workload takes no connection, with the place.
    pub(super) fn absence(&self, absence: &Absence) -> String {
        format!("{} ({})", absence.text, self.sources.line_of(absence.at))
    }

    pub(super) fn diagnostics(&self) -> Vec<DiagnosticJson<'a>> {
        self.diagnostics.iter().map(|d| DiagnosticJson::of(d, self.sources)).collect()
    }

    /// A document as text that ends in a line break.
    pub(super) fn json(&self, document: &impl Serialize) -> String {
        inert::json_document(document)
    }
}
