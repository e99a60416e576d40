//! kubesketch: what can reach what in Kubernetes manifests, drawn.
//!
//! The way of the data, and the rooms it passes through:
//!
//! ```text
//! source ──► manifest ──► cluster ──► resolve ──► graph ──► layout ──► render
//!  texts      Objects     inventory                Graph     Layout     SVG, HTML, DOT, JSON
//! ```
//!
//! [`inspect`] goes from texts to a graph, [`arrange`] from a graph to a picture. Everything between reading and writing is pure: the same input gives
//! the same bytes, in any order of files and with any number of threads.
//!
//! ```
//! use kubesketch::{arrange, cluster, inspect, layout, render, source::Sources};
//!
//! let sources = Sources::from_texts([("web.yaml", "
//! apiVersion: v1
//! kind: Service
//! metadata: {name: web, namespace: shop}
//! spec:
//!   selector: {app: web}
//!   ports: [{port: 80, targetPort: 8080}]
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web, namespace: shop}
//! spec:
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec: {containers: [{name: web, image: nginx}]}
//! ")]);
//! let found = inspect(&sources, &cluster::Options::default());
//! assert!(found.diagnostics.is_empty());
//! let graph = &found.value.graph;
//! let (from, to, edge) = graph.edge(0);
//! assert_eq!(graph.node(from).id, "shop/web[Service]");
//! assert_eq!(graph.node(to).id, "shop/web[Deployment]");
//! assert_eq!(edge.lines(), ["80 → 8080"]);
//! let picture = arrange(graph, &layout::Options::default()).value;
//! assert!(render::svg(&picture, graph, &render::PictureOptions::default()).starts_with("<svg"));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod check;
pub mod cli;
pub mod cluster;
pub mod diagnostic;
pub mod diff;
pub mod graph;
pub mod layout;
pub mod manifest;
pub mod policy;
pub mod render;
pub mod resolve;
pub mod source;
pub mod view;
pub mod why;

use cluster::Cluster;
use diagnostic::{Code, Diagnostic, Warned};
use graph::Graph;
use layout::Layout;
use source::{FileId, Sources};

/// What some texts say.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Everything that is there.
    pub cluster: Cluster,
    /// Who reaches whom.
    pub graph: Graph,
    /// How many Kubernetes objects the texts hold.
    pub objects: usize,
    /// Files that hold none, in path order.
    pub ignored_files: Vec<FileId>,
}

/// Reads manifests and works out what can reach what.
pub fn inspect(sources: &Sources, options: &cluster::Options) -> Warned<Inspection> {
    let mut diagnostics = Vec::new();
    let parsed = manifest::parse(sources).unpack(&mut diagnostics);
    let objects = parsed.objects.len();
    let cluster = Cluster::new(parsed.objects, options).unpack(&mut diagnostics);
    let graph = resolve::resolve(&cluster, sources).unpack(&mut diagnostics);
    Warned {
        value: Inspection {
            cluster,
            graph,
            objects,
            ignored_files: parsed.ignored_files,
        },
        diagnostics,
    }
}

/// What is told beside the manifests for [`connect`].
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// The ingress controllers. Without any, those that the input holds are found by their labels. One that means nobody
    /// ([`resolve::ControllerRef::workloads`] says so) counts for nothing.
    pub ingress_controllers: Vec<resolve::ControllerRef>,
}

/// Works out who can talk to whom: what policies allow, and what comes in through Ingresses and routes.
pub fn connect(inspection: &Inspection, options: &ConnectOptions) -> Warned<policy::Connectivity> {
    let (cluster, told) = (&inspection.cluster, &options.ingress_controllers);
    let entrances = resolve::entrances(cluster, &inspection.graph, told);
    policy::connectivity(cluster, entrances, resolve::absent_controllers(cluster, told))
}

/// Adds to the graph of an inspection what policies allow; see [`resolve::allow`].
pub fn allow(inspection: &mut Inspection, connectivity: &policy::Connectivity, sources: &Sources, denied: resolve::Denied) {
    let graph = std::mem::take(&mut inspection.graph);
    inspection.graph = resolve::allow(graph, &inspection.cluster, connectivity, sources, denied);
}

/// Finds out whom workloads call, from what they are told; see [`resolve::calls`].
pub fn calls(inspection: &Inspection, sources: &Sources) -> policy::Calls {
    resolve::calls(&inspection.cluster, sources)
}

/// Adds to the graph of an inspection whom workloads call; see [`resolve::draw_calls`].
pub fn draw_calls(
    inspection: &mut Inspection,
    connectivity: &policy::Connectivity,
    calls: &policy::Calls,
    sources: &Sources,
    repeated: resolve::Repeated,
) {
    let graph = std::mem::take(&mut inspection.graph);
    inspection.graph = resolve::draw_calls(graph, &inspection.cluster, connectivity, calls, sources, repeated);
}

/// Adds to the graph of an inspection what its workloads use and what scales them; see [`resolve::resources`].
pub fn resources(inspection: &mut Inspection, sources: &Sources) {
    let graph = std::mem::take(&mut inspection.graph);
    inspection.graph = resolve::resources(graph, &inspection.cluster, sources);
}

/// The labels of objects for [`view`]: their own, then those of their pods or those by which they select pods.
pub fn labels(cluster: &Cluster) -> view::Labels {
    let mut all = view::Labels::new();
    for entry in cluster.entries() {
        all.entry(entry.key.to_string()).or_default().push(entry.object.labels.clone());
    }
    for workload in cluster.workloads() {
        all.entry(workload.key.to_string()).or_default().push(cluster.template_labels(workload));
    }
    for (entry, service) in cluster.services() {
        let selector = service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default();
        all.entry(entry.key.to_string()).or_default().push(selector);
    }
    all
}

/// Puts everything in its place. When the layout engine gave up somewhere, that is said and a plainer arrangement is used there.
pub fn arrange(graph: &Graph, options: &layout::Options) -> Warned<Layout> {
    let layout = layout::layout(graph, options);
    let diagnostics = layout
        .fallbacks
        .iter()
        .map(|reason| Diagnostic::general(Code::LayoutFallback, reason.clone()))
        .collect();
    Warned { value: layout, diagnostics }
}
