//! Placed pictures, made at random and by hand, with what the router guarantees of them.

mod properties;
mod random;
mod trunks;
