//! kubesketch: what can reach what in Kubernetes manifests, drawn.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod diagnostic;
pub mod graph;
pub mod layout;
pub mod render;
pub mod source;
