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
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod diagnostic;
pub mod diff;
pub mod draw;
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
pub mod world;
