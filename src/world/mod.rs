//! One state of a system with all facts about it: the interface between reading and analysis.
//!
//! Guarantees of a [`World`]:
//! * one function makes it, in a fixed order, and it is immutable;
//! * it covers the whole input: a selection (`view`) limits a picture or page, never the World;
//! * each fact exists once: `check`, `why`, `diff` and pictures use the same value;
//! * equal texts give an equal World, in any order of files and with any number of threads.

mod account;
mod scope;

use std::collections::BTreeMap;

use crate::cluster::{self, Cluster};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::{Graph, NodeId};
use crate::manifest::{self, Rendered, Tree, Value};
use crate::net::ObjectKey;
use crate::policy::{Calls, Connectivity, NetworkPlugin};
use crate::resolve::{self, ControllerError, ControllerRef, Resolved};
pub use crate::resolve::{Absence, Facts, UnreadEntrance};
use crate::source::{FileId, Loaded, Skipped, Sources, Span};
pub use account::{Absent, Account, Reason};
pub use scope::Scope;

/// Facts about the cluster that the manifests do not contain.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The namespace of objects without one; `default` if unset.
    pub default_namespace: Option<String>,
    /// The ingress controllers. If empty, the controllers of the manifests are found by well-known labels.
    pub ingress_controllers: Vec<ControllerRef>,
    /// The network plugin; looked for in the manifests if unset.
    pub network_plugin: Option<NetworkPlugin>,
    /// Whether objects of files replace those that come from a live cluster, as if they had been applied.
    pub applies_files: bool,
}

/// One state of a system; see the module for its guarantees.
#[derive(Clone, Debug, Default)]
pub struct World {
    sources: Sources,
    cluster: Cluster,
    facts: Facts,
    graph: Graph,
    connectivity: Connectivity,
    calls: Calls,
    diagnostics: Vec<Diagnostic>,
    account: Account,
    ignored_files: Vec<FileId>,
    skipped: Skipped,
}

impl World {
    /// Reads manifests and derives all facts.
    ///
    /// # Errors
    ///
    /// If the manifests do not contain an ingress controller of the options. Every other problem is a diagnostic of
    /// the World.
    pub fn new(loaded: Loaded, options: &Options) -> Result<World, ControllerError> {
        World::with(loaded, Rendered::default(), options)
    }

    /// Reads manifests beside objects that were put together of other texts, and derives all facts.
    ///
    /// # Errors
    ///
    /// See [`World::new`].
    #[doc(hidden)]
    pub fn with(loaded: Loaded, rendered: Rendered, options: &Options) -> Result<World, ControllerError> {
        let Loaded { sources, problems, skipped } = loaded;
        let mut diagnostics: Vec<Diagnostic> = problems
            .iter()
            .map(|p| {
                let code = if p.is_tool() { Code::ExternalTool } else { Code::UnreadableInput };
                Diagnostic::general(code, p.to_string())
            })
            .collect();
        let (sources, parsed) = manifest::parse_with(sources, rendered);
        let parsed = parsed.unpack(&mut diagnostics);
        let objects = parsed.objects.len();
        let inventory = cluster::Options {
            default_namespace: options.default_namespace.clone(),
            applies_files: options.applies_files,
        };
        let cluster = Cluster::new(parsed.objects, &inventory).unpack(&mut diagnostics);
        for controller in &options.ingress_controllers {
            controller.workloads(&cluster)?;
        }
        let Resolved { mut graph, facts, connectivity, calls } =
            resolve::resolve(&cluster, &sources, &options.ingress_controllers, options.network_plugin.as_ref())
                .unpack(&mut diagnostics);
        if objects == 0 && diagnostics.iter().all(|d| d.severity != Severity::Error) {
            let message = "the manifests contain no Kubernetes object";
            diagnostics.push(Diagnostic::general(Code::NothingFound, message).with_help("-v names what was read"));
        }
        let account = Account::of(&cluster, &graph, &facts, &connectivity);
        graph.set_not_shown(account.not_shown(&facts).into());
        diagnostics.extend(partial_dump(&cluster));
        Diagnostic::sort(&mut diagnostics);
        Ok(World {
            sources,
            cluster,
            facts,
            graph,
            connectivity,
            calls,
            diagnostics,
            account,
            ignored_files: parsed.ignored_files,
            skipped,
        })
    }

    /// A World of texts in memory.
    ///
    /// # Errors
    ///
    /// See [`World::new`].
    pub fn of_texts(sources: Sources, options: &Options) -> Result<World, ControllerError> {
        World::new(Loaded { sources, ..Loaded::default() }, options)
    }

    /// The source texts.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The inventory: every object, in its final namespace.
    #[doc(hidden)]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Facts about references, hosts and the ports of Services, of which the graph was made.
    #[doc(hidden)]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What can reach what: routing, what policies allow and deny, calls, and what workloads use. Complete: pictures
    /// show parts of it.
    #[doc(hidden)]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Allowed and denied connections, with the deciding rules.
    #[doc(hidden)]
    pub fn connectivity(&self) -> &Connectivity {
        &self.connectivity
    }

    /// Targets of calls, by the names in the configuration of workloads.
    #[doc(hidden)]
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Diagnostics, by place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The number of Kubernetes objects in the texts.
    pub fn objects(&self) -> usize {
        self.account.total()
    }

    /// What became of each object of the texts.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The object whose text contains a place.
    pub(crate) fn object_at(&self, at: Span) -> Option<&ObjectKey> {
        let holds = |span: Span| span.file == at.file && span.start <= at.start && at.end <= span.end;
        let entries = self.cluster.entries();
        // What was put together has parts elsewhere: a value of a patch lies outside of the object's own text.
        let around = entries.iter().find(|e| holds(e.object.tree.span));
        around.or_else(|| entries.iter().find(|e| says(&e.object.tree, at))).map(|e| &e.key)
    }

    /// Files without objects, in path order.
    #[doc(hidden)]
    pub fn ignored_files(&self) -> &[FileId] {
        &self.ignored_files
    }

    /// Files and documents that are skipped on purpose.
    #[doc(hidden)]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// True if a part of the input is unreadable.
    pub fn is_unread(&self) -> bool {
        self.diagnostics.iter().any(|d| d.at.is_none() && d.severity == Severity::Error)
    }

    /// The labels of every object, by the id of its node: its own, then those of its pods or of the selector for
    /// pods.
    #[doc(hidden)]
    pub fn labels(&self) -> Labels {
        let mut all = Labels::new();
        for entry in self.cluster.entries() {
            all.entry(NodeId::object(&entry.key)).or_default().push(entry.object.labels.clone());
        }
        for workload in self.cluster.workloads() {
            all.entry(NodeId::object(&workload.key)).or_default().push(self.cluster.template_labels(workload));
        }
        for (entry, service) in self.cluster.services() {
            let selector = service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default();
            all.entry(NodeId::object(&entry.key)).or_default().push(selector);
        }
        all
    }
}

/// Whether a value of a tree, or the key of one, is at a place.
fn says(tree: &Tree, at: Span) -> bool {
    tree.span == at
        || match &tree.value {
            Value::Seq(items) => items.iter().any(|item| says(item, at)),
            Value::Map(entries) => entries.iter().any(|e| e.key_span == at || says(&e.value, at)),
            _ => false,
        }
}

/// A warning for a live dump that has the look of `kubectl get all`: it leaves out what decides about connections.
fn partial_dump(cluster: &Cluster) -> Option<Diagnostic> {
    let made = cluster.partial()?;
    let message = "this looks like the output of `kubectl get all`, which leaves out NetworkPolicies, Ingresses and \
                   Namespaces: nothing is known of policies";
    let help = "add them: kubectl get all,ingress,networkpolicy,namespace,endpointslice -A -o yaml";
    Some(Diagnostic::at(Code::PartialDump, made.object.span, message).with_help(help))
}

/// The labels of objects, by the id of their node.
pub type Labels = BTreeMap<NodeId, Vec<BTreeMap<String, String>>>;
