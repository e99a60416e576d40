//! Which images workloads run, on their cards.

use crate::graph::{Detail, Graph};

/// Lets the facts of every workload include its images.
pub fn show_images(graph: &mut Graph) {
    graph.annotate(|detail| {
        if let Detail::Workload { show_images, .. } = detail {
            *show_images = true;
        }
    });
}
