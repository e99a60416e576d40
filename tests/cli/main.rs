//! The built program as people use it: its commands, their words, exit codes and files, and the preview over HTTP.
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

mod calls;
mod check_config;
mod check_outputs;
mod check_suppress;
mod cli;
mod cli_diff;
mod cli_documents;
mod cli_levels;
#[cfg(unix)]
mod cluster;
mod diff_history;
#[cfg(all(unix, feature = "mcp-client"))]
mod mcp;
#[cfg(unix)]
mod mdbook;
mod newcomer;
mod outputs;
mod secrets;
mod secrets_damaged;
#[cfg(feature = "serve")]
mod serve;
#[cfg(unix)]
mod settings;
mod shell;
#[cfg(unix)]
mod units;
#[cfg(unix)]
mod units_edits;
#[cfg(unix)]
mod units_fixtures;
#[cfg(unix)]
mod units_overlays;
#[cfg(unix)]
mod units_pages;
mod verdict;
mod why;
