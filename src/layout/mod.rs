//! Where everything stands.

mod model;

pub use model::{Card, Frame, Label, Layout, LegendEntry, Link, Point, Rect, Row, Sample, Text, TextRole};
