//! Cluster → graph: who exposes, routes to, selects and resolves to whom. One file for each kind of edge.
//!
//! Whatever an object refers to and the input does not hold becomes a `Missing` node, so that no reference is lost.

mod allows;
mod calls;
mod controllers;
mod entrances;
mod exposure;
mod gateway;
mod ingress;
mod openshift;
mod resources;
mod services;
mod workloads;

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Entry};
use crate::diagnostic::{Diagnostic, Warned};
use crate::graph::{Detail, Evidence, Graph, GraphBuilder, Node, NodeKind};
use crate::net::ObjectKey;
use crate::source::Sources;

pub use allows::allow;
pub use calls::{calls, draw_calls};
pub use controllers::{ControllerError, ControllerRef, absent_controllers};
pub use entrances::entrances;
pub use resources::resources;

/// Resolves a cluster.
pub fn resolve(cluster: &Cluster, sources: &Sources) -> Warned<Graph> {
    let mut context = Context { cluster, sources, graph: GraphBuilder::new(), diagnostics: Vec::new() };
    for (name, namespace) in cluster.namespaces() {
        let labels = if namespace.declared.is_some() { namespace.labels.clone() } else { BTreeMap::new() };
        context.graph.namespace(name, namespace.declared.is_some(), labels);
    }
    workloads::add(&mut context);
    services::add(&mut context);
    ingress::add(&mut context);
    gateway::add(&mut context);
    openshift::add(&mut context);
    Warned { value: context.graph.build(), diagnostics: context.diagnostics }
}

/// What every part of the resolution works on.
struct Context<'a> {
    cluster: &'a Cluster,
    sources: &'a Sources,
    graph: GraphBuilder,
    diagnostics: Vec<Diagnostic>,
}

impl Context<'_> {
    /// The evidence that a field of an object gives; an empty field means the object as a whole.
    fn evidence(&self, entry: &Entry, field: &str) -> Evidence {
        let span = if field.is_empty() { entry.object.span } else { entry.object.at(field) };
        Evidence {
            object: entry.key.to_string(),
            field: field.to_owned(),
            file: self.sources.name(span.file).to_owned(),
            line: span.line,
        }
    }

    /// Adds a node for an object of the input.
    fn object(&mut self, entry: &Entry, kind: NodeKind, detail: Detail) -> String {
        let id = entry.key.to_string();
        let evidence = vec![self.evidence(entry, "")];
        self.graph.node(Node {
            id: id.clone(),
            kind,
            label: entry.key.kind.clone(),
            namespace: entry.key.namespace.clone(),
            name: entry.key.name.clone(),
            detail,
            evidence,
            change: None,
            remarks: Vec::new(),
        });
        id
    }

    /// The id of the node for an object that is referred to: the object's own, or that of a missing node made for it.
    fn referred(&mut self, key: &ObjectKey, evidence: Evidence) -> String {
        let id = key.to_string();
        if self.graph.has(&id) {
            return id;
        }
        if let Some(index) = self.cluster.find(key) {
            let entry = &self.cluster.entries()[index];
            return self.object(entry, NodeKind::Resource, Detail::Resource);
        }
        self.missing(&key.kind, key.namespace(), &key.name, (&key.name, "not in the input"), evidence)
    }

    /// Adds a node for something that is not there: what it is, by what it was asked for, and how that is shown and
    /// why.
    fn missing(
        &mut self,
        kind: &str,
        namespace: &str,
        wanted: &str,
        (name, reason): (&str, &str),
        evidence: Evidence,
    ) -> String {
        let id = format!("missing:{namespace}/{wanted}[{kind}]");
        self.graph.node(Node {
            id: id.clone(),
            kind: NodeKind::Missing,
            label: kind.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
            detail: Detail::Missing { reason: reason.to_owned() },
            evidence: vec![evidence],
            change: None,
            remarks: Vec::new(),
        });
        id
    }

    /// The node for everything outside.
    fn internet(&mut self) -> String {
        let id = "internet".to_owned();
        self.graph.node(Node {
            id: id.clone(),
            kind: NodeKind::Internet,
            label: "Internet".into(),
            namespace: None,
            name: "Internet".into(),
            detail: Detail::Internet,
            evidence: Vec::new(),
            change: None,
            remarks: Vec::new(),
        });
        id
    }

    /// The node for a set of outside addresses.
    fn addresses(&mut self, mut addresses: Vec<String>, evidence: Evidence) -> String {
        addresses.sort();
        addresses.dedup();
        let id = format!("addresses:{}", addresses.join(","));
        let detail = Detail::External { addresses, except: Vec::new(), role: None, on: String::new() };
        self.outside(id.clone(), detail, vec![evidence]);
        id
    }

    /// Adds a node for outside addresses under an id.
    fn outside(&mut self, id: String, detail: Detail, evidence: Vec<Evidence>) {
        let Detail::External { addresses, .. } = &detail else { return };
        let name = match addresses.as_slice() {
            [a, b, rest @ ..] if !rest.is_empty() => format!("{a}, {b} +{}", rest.len()),
            all => all.join(", "),
        };
        self.graph.node(Node {
            id,
            kind: NodeKind::External,
            label: "Addresses".into(),
            namespace: None,
            name,
            detail,
            evidence,
            change: None,
            remarks: Vec::new(),
        });
    }

    /// The node for the network around the cluster, from which internal load balancers are reached.
    fn private_network(&mut self, evidence: Evidence) -> String {
        let id = "private-network".to_owned();
        self.graph.node(Node {
            id: id.clone(),
            kind: NodeKind::External,
            label: "Network".into(),
            namespace: None,
            name: "Private network".into(),
            detail: Detail::External {
                addresses: Vec::new(),
                except: Vec::new(),
                role: Some("around the cluster".into()),
                on: String::new(),
            },
            evidence: vec![evidence],
            change: None,
            remarks: Vec::new(),
        });
        id
    }

    /// The node for a DNS name outside the cluster.
    fn dns_name(&mut self, host: &str, evidence: Evidence) -> String {
        let id = format!("dns:{host}");
        self.graph.node(Node {
            id: id.clone(),
            kind: NodeKind::ExternalName,
            label: "DNS name".into(),
            namespace: None,
            name: host.to_owned(),
            detail: Detail::ExternalName,
            evidence: vec![evidence],
            change: None,
            remarks: Vec::new(),
        });
        id
    }
}

/// A port number, if it is one.
fn port_number(number: i32) -> Option<u16> {
    u16::try_from(number).ok().filter(|n| *n > 0)
}
