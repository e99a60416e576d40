//! What the library works out, held against naive evaluators, random input, real manifests and hostile ones: reading,
//! policies, differences, views and layout.
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

mod account;
mod check;
mod connections;
mod corpus;
mod diff_worlds;
mod fuzz;
mod kustomize;
mod layout_cards;
mod layout_random;
mod manifest_corpus;
mod manifest_hostile;
mod manifest_spans;
mod policy_brute_force;
mod policy_cilium;
mod policy_flows;
mod policy_oracle;
mod policy_oracle_nca;
mod policy_others;
mod policy_worth;
#[cfg(unix)]
mod source_git;
#[cfg(unix)]
mod source_git_hostile;
#[cfg(unix)]
mod source_git_kustomize;
#[cfg(unix)]
mod source_load;
mod suggestions;
mod view;
mod view_context;
mod why_changes;
mod why_findings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
