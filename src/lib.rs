//! What can reach what in Kubernetes manifests: read, judged, explained and drawn. Needs no cluster and no network.
//!
//! A [`World`] is everything that is known of one state of a system: [`World::new`] makes it of texts that [`read`] or
//! [`Sources::from_texts`] give, and every answer is taken from it.
//!
//! ```
//! use kubesketch::{DrawOptions, Outcome, Sources, World, WorldOptions};
//!
//! let sources = Sources::from_texts([("shop.yaml", "
//! apiVersion: v1
//! kind: Service
//! metadata: {name: web, namespace: shop}
//! spec:
//!   type: LoadBalancer
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
//!     spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]}
//! ")]);
//! let world = World::of_texts(sources, &WorldOptions::default())?;
//! assert!(world.diagnostics().is_empty());
//!
//! // Is a connection allowed, and why?
//! let answer = kubesketch::why(&world, "internet", "shop/web:80")?;
//! assert_eq!(answer.outcome, Outcome::Allowed);
//!
//! // What is wrong or open?
//! let found = kubesketch::check(&world);
//! assert!(found.iter().any(|f| f.diagnostic.code.as_str() == "loadbalancer-open"));
//!
//! // A picture, and a page that answers questions.
//! let picture = kubesketch::draw(&world, &DrawOptions::default())?;
//! assert!(picture.svg().starts_with("<svg"));
//! assert!(picture.html(&world)?.contains("shop/web"));
//!
//! // What does a change open or close?
//! let closed = World::of_texts(Sources::default(), &WorldOptions::default())?;
//! let difference = kubesketch::diff(("before", closed), ("after", world));
//! assert!(difference.text().contains("reached from outside"), "{}", difference.text());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything between reading and writing is pure: the same input gives the same bytes, in any order of files and with
//! any number of threads.
//!
//! # Features
//!
//! * `cli` (default): the `kubesketch` program. Without it this is the library alone: no argument parser, no allocator.
//! * `png`, `pdf` (default): pictures in these formats.
//! * `serve` (default): the live preview of the program.
//!
//! # Stability
//!
//! What this page lists is the library. The modules behind it are for the program and its tests: they are not shown
//! here and change without notice. `docs/architecture.md` says what is in them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[doc(hidden)]
pub mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod cluster;
#[doc(hidden)]
pub mod diagnostic;
#[doc(hidden)]
pub mod diff;
mod face;
#[doc(hidden)]
pub mod graph;
mod inert;
#[doc(hidden)]
pub mod kustomize;
#[doc(hidden)]
pub mod layout;
#[doc(hidden)]
pub mod manifest;
#[doc(hidden)]
pub mod net;
#[doc(hidden)]
pub mod picture;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod render;
#[doc(hidden)]
pub mod resolve;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod units;
#[doc(hidden)]
pub mod view;
#[doc(hidden)]
pub mod why;
#[doc(hidden)]
pub mod world;

pub use check::Finding;
pub use diagnostic::{Code, Diagnostic, Related, Severity};
pub use diff::{Gate, Item, Section, Topic};
pub use face::{Difference, Picture, QuestionError, check, diff, draw, read, why};
pub use graph::NodeId;
pub use net::ObjectKey;
pub use picture::{Images, Options as DrawOptions, Overview};
pub use resolve::{ControllerError, ControllerRef};
pub use source::{FileId, Loaded, Problem, Sources, Span};
pub use view::{Anchor, Aspect, CallLines, Denied, LabelSelector, Lines, NothingSelected, Selection};
pub use why::{Answer, Change, Layer, Line, Mark, Outcome, Rank, Step};
pub use world::{Options as WorldOptions, World};
