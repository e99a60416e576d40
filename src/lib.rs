//! kubesketch: what can reach what in Kubernetes manifests, drawn.
//!
//! The way of the data, and the rooms it passes through:
//!
//! ```text
//! source ──► manifest ──► cluster ──► resolve ──► graph ──► layout ──► render
//!  texts      Objects     inventory                Graph     Layout     SVG, HTML, DOT, JSON
//! ```
//!
//! [`inspect`] goes from texts to a graph, [`arrange`] from a graph to a picture. Everything between reading and
//! writing is pure: the same input gives the same bytes, in any order of files and with any number of threads.
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
pub mod net;
pub mod policy;
pub mod render;
pub mod resolve;
pub mod source;
pub mod view;
pub mod why;

use cluster::Cluster;
use diagnostic::{Code, Diagnostic, Severity, Warned};
use graph::{EdgeKind, Graph, GraphBuilder, Gravity, Remark};
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
    Warned { value: Inspection { cluster, graph, objects, ignored_files: parsed.ignored_files }, diagnostics }
}

/// What is told beside the manifests for [`connect`].
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// The ingress controllers. Without any, those that the input holds are found by their labels. One that means
    /// nobody ([`resolve::ControllerRef::workloads`] says so) counts for nothing.
    pub ingress_controllers: Vec<resolve::ControllerRef>,
}

/// Works out who can talk to whom: what policies allow, and what comes in through Ingresses and routes.
pub fn connect(inspection: &Inspection, options: &ConnectOptions) -> Warned<policy::Connectivity> {
    let (cluster, told) = (&inspection.cluster, &options.ingress_controllers);
    let entrances = resolve::entrances(cluster, &inspection.graph, told);
    policy::connectivity(cluster, entrances, resolve::absent_controllers(cluster, told))
}

/// Adds to the graph of an inspection what policies allow; see [`resolve::allow`].
pub fn allow(
    inspection: &mut Inspection,
    connectivity: &policy::Connectivity,
    sources: &Sources,
    denied: resolve::Denied,
) {
    let graph = std::mem::take(&mut inspection.graph);
    inspection.graph = resolve::allow(graph, &inspection.cluster, connectivity, sources, denied);
}

/// Says on the nodes of a graph what was found wrong with their objects: errors and warnings.
pub fn remark(inspection: &mut Inspection, findings: &[check::Finding], sources: &Sources) {
    let mut builder = GraphBuilder::reopen(std::mem::take(&mut inspection.graph));
    for finding in findings {
        let gravity = match finding.diagnostic.severity {
            Severity::Error => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Info => continue,
        };
        if let Some(node) = finding.about.as_ref().and_then(|key| builder.known(&key.to_string())) {
            node.remarks.push(Remark {
                gravity,
                text: finding.diagnostic.message.clone(),
                place: finding.diagnostic.at.map(|at| sources.line_of(at)).unwrap_or_default(),
            });
            node.remarks.sort();
        }
    }
    inspection.graph = builder.build();
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

/// Puts everything in its place, and leaves out the calls that configuration tells of where the texts of the picture
/// would be too small with them and larger without: then the second value is what is drawn.
pub fn arrange_readably(graph: &Graph, options: &layout::Options) -> Warned<(Layout, Option<Graph>)> {
    let whole = arrange(graph, options);
    let calls = graph.edges().filter(|(.., e)| e.kind() == EdgeKind::Calls).count();
    if calls == 0 || whole.value.is_readable() {
        return Warned { value: (whole.value, None), diagnostics: whole.diagnostics };
    }
    let plain = view::without(graph, EdgeKind::Calls);
    let mut other = arrange(&plain, options);
    if other.value.width > whole.value.width * layout::CLEARLY_SMALLER {
        return Warned { value: (whole.value, None), diagnostics: whole.diagnostics };
    }
    let what = if calls == 1 { "1 call is".to_owned() } else { format!("{calls} calls are") };
    let message = format!("{what} not drawn: with the lines of what configuration calls the texts would be too small");
    other.diagnostics.push(Diagnostic::general(Code::CallsNotDrawn, message).with_help("--calls all draws them"));
    Warned { value: (other.value, Some(plain)), diagnostics: other.diagnostics }
}

/// Puts everything in its place. When the layout engine gave up somewhere, that is said and a plainer arrangement is
/// used there.
pub fn arrange(graph: &Graph, options: &layout::Options) -> Warned<Layout> {
    let layout = layout::layout(graph, options);
    let diagnostics =
        layout.fallbacks.iter().map(|reason| Diagnostic::general(Code::LayoutFallback, reason.clone())).collect();
    Warned { value: layout, diagnostics }
}
