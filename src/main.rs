//! The kubesketch program.
fn main() {}
