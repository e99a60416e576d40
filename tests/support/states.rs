//! States of a system, read from texts.

use kubesketch::diff::Revision;
use kubesketch::source::Sources;
use kubesketch::world::{Options, World};

/// Everything that follows from texts.
pub fn world<N: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (N, T)>) -> World {
    World::of_texts(Sources::from_texts(texts), &Options::default()).unwrap()
}

/// One of two states to be compared, without findings.
pub fn revision(name: &str, yaml: &str) -> Revision {
    Revision::new(String::new(), String::new(), world([(name, yaml)]), Vec::new())
}
