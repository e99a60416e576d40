//! Places everything: Services on their workloads, these in columns from left to right as traffic flows, frames around
//! them, and frames like cards; the same steps at every level. Lines are drawn later, over what is placed.
//!
//! Guarantees: no two cards of different composites are nearer than 16 units, no two frames overlap unless one stands
//! in the other, every card is in its frame and off its title. Deterministic; work is n log n in objects and
//! connections.

mod arrange;
pub(in crate::layout) mod composite;
mod fit;
mod forms;
mod layers;
mod level;
mod order;
mod pack;
mod page;
mod strain;
mod tree;

pub(in crate::layout) use arrange::{MANY, Placement, Sizes, TITLE_TOP, place};
pub(in crate::layout) use page::Page;
