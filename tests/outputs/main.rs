//! What is written: pictures, pages and texts for other programs, read back by strict readers and real browsers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking and reports by printing"
)]

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod changes;
mod changes_page;
mod growth;
mod hostile_manifests;
mod mentions;
mod page;
mod render_accessible;
mod render_exports;
mod render_hostile;
mod render_mermaid;
mod render_picture;
#[cfg(all(feature = "png", feature = "pdf"))]
mod render_print;
