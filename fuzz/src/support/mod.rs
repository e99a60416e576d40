//! Helpers of the tests.

#[path = "../../../tests/support/fuzz.rs"]
pub mod fuzz;
#[path = "../../../tests/support/graphs.rs"]
pub mod graphs;
#[path = "../../../tests/support/ids.rs"]
pub mod ids;
#[path = "../../../tests/support/naive.rs"]
pub mod naive;
#[path = "../../../tests/support/states.rs"]
pub mod states;
