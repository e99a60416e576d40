//! The repository itself: rooms and their imports, generated pages, licences, and the files for CI systems.
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

mod advances;
mod api;
mod book;
#[cfg(unix)]
mod ci_files;
#[cfg(unix)]
mod ci_github;
mod docs;
mod licences;
mod package;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod shipped;
mod tidy;
