//! Helpers that the test binaries share. Each binary compiles them once and uses its own part of them.
#![allow(dead_code, missing_docs, reason = "every test binary uses its own part of these helpers")]

#[cfg(unix)]
pub mod api_server;
pub mod app;
pub mod browser;
pub mod d2;
pub mod drawio;
pub mod fuzz;
pub mod generate;
pub mod graphs;
pub mod hostile;
pub mod hostile_yaml;
pub mod ids;
pub mod markdown;
pub mod mermaid;
pub mod naive;
pub mod naive_cilium;
pub mod program;
pub mod programs;
pub mod repository;
#[cfg(unix)]
pub mod runner;
pub mod schema;
pub mod server;
pub mod shop;
#[cfg(unix)]
pub mod sides;
pub mod skip;
pub mod states;
pub mod unions;
pub mod work;
