//! One state of a system with everything that is known of it: the waist between reading and answering.
//!
//! Guarantees of a [`World`]:
//! * it is made by one function, in one order, and never changes afterwards;
//! * it is about all of the input: what a picture or page leaves out is a selection's doing (`view`), never the World's;
//! * every fact is in it once: what `check` judges, `why` explains, `diff` compares and pictures draw is the same value;
//! * the same texts give the same World, in any order of files and with any number of threads.

use std::collections::BTreeMap;

use crate::cluster::{self, Cluster};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::{Graph, NodeId};
use crate::manifest;
use crate::policy::{Calls, Connectivity};
use crate::resolve::{self, ControllerError, ControllerRef, Facts, Resolved};
use crate::source::{FileId, Loaded, Skipped, Sources};

/// How a [`World`] is made: what its manifests do not say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The namespace of objects that name none; `default` without it.
    pub default_namespace: Option<String>,
    /// The ingress controllers. Without any, those of the input are found by the labels of common controllers.
    pub ingress_controllers: Vec<ControllerRef>,
}

/// One state of a system; see the module for what it guarantees.
#[derive(Clone, Debug, Default)]
pub struct World {
    sources: Sources,
    cluster: Cluster,
    facts: Facts,
    graph: Graph,
    connectivity: Connectivity,
    calls: Calls,
    diagnostics: Vec<Diagnostic>,
    objects: usize,
    ignored_files: Vec<FileId>,
    skipped: Skipped,
}

impl World {
    /// Reads manifests and works out everything that follows from them.
    ///
    /// # Errors
    ///
    /// If an ingress controller of the options is not where they say. Everything else that is wrong is a diagnostic of
    /// the World.
    pub fn new(loaded: Loaded, options: &Options) -> Result<World, ControllerError> {
        let Loaded { sources, problems, skipped } = loaded;
        let mut diagnostics: Vec<Diagnostic> = problems
            .iter()
            .map(|p| {
                let code = if p.is_tool() { Code::ExternalTool } else { Code::UnreadableInput };
                Diagnostic::general(code, p.to_string())
            })
            .collect();
        let parsed = manifest::parse(&sources).unpack(&mut diagnostics);
        let objects = parsed.objects.len();
        let inventory = cluster::Options { default_namespace: options.default_namespace.clone() };
        let cluster = Cluster::new(parsed.objects, &inventory).unpack(&mut diagnostics);
        for controller in &options.ingress_controllers {
            controller.workloads(&cluster)?;
        }
        let Resolved { graph, facts, connectivity, calls } =
            resolve::resolve(&cluster, &sources, &options.ingress_controllers).unpack(&mut diagnostics);
        if objects == 0 && diagnostics.iter().all(|d| d.severity != Severity::Error) {
            let message = "there is no Kubernetes object in the input";
            diagnostics.push(Diagnostic::general(Code::NothingFound, message).with_help("-v names what was read"));
        }
        Diagnostic::sort(&mut diagnostics);
        Ok(World {
            sources,
            cluster,
            facts,
            graph,
            connectivity,
            calls,
            diagnostics,
            objects,
            ignored_files: parsed.ignored_files,
            skipped,
        })
    }

    /// The World of texts that are at hand.
    ///
    /// # Errors
    ///
    /// See [`World::new`].
    pub fn of_texts(sources: Sources, options: &Options) -> Result<World, ControllerError> {
        World::new(Loaded { sources, ..Loaded::default() }, options)
    }

    /// The texts.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The inventory: every object, in the namespace it ends up in.
    #[doc(hidden)]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Facts about references, hosts and the ports of Services, of which the graph was made.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What can reach what: routing, what policies allow and deny, calls, and what workloads use. Complete: pictures
    /// show parts of it.
    #[doc(hidden)]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Who may talk to whom, and because of which rule.
    #[doc(hidden)]
    pub fn connectivity(&self) -> &Connectivity {
        &self.connectivity
    }

    /// Whom workloads call, by what their configuration names.
    #[doc(hidden)]
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// What was noticed while reading, by place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many Kubernetes objects the texts contain.
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Files without any object, in path order.
    #[doc(hidden)]
    pub fn ignored_files(&self) -> &[FileId] {
        &self.ignored_files
    }

    /// What was not read on purpose.
    #[doc(hidden)]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Whether some of the input could not be read at all.
    pub fn is_unread(&self) -> bool {
        self.diagnostics.iter().any(|d| d.at.is_none() && d.severity == Severity::Error)
    }

    /// The labels of every object, by the id of its node: its own, then those of its pods or those by which it
    /// selects pods.
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

/// The labels of objects, by the id of their node.
pub type Labels = BTreeMap<NodeId, Vec<BTreeMap<String, String>>>;
