//! Sizes and texts of everything that is written: cards, labels, titles, heading and legend, measured once before
//! placement and put in their places after it.
//!
//! Guarantees: a text is never wider than its box, by the widths of one font on every machine; what does not fit is cut
//! with an ellipsis and stays whole in a tooltip.

mod advances;
pub(in crate::layout) mod card;
pub(in crate::layout) mod changes;
pub(in crate::layout) mod label;
pub(in crate::layout) mod legend;
pub(in crate::layout) mod metrics;
pub(in crate::layout) mod title;
pub(in crate::layout) mod wrap;
