//! The functions that the tests of the program call in a loop.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "shared with the tests")]

pub mod support;

#[path = "../../tests/engine/policy_brute_force.rs"]
pub mod policy_brute_force;
