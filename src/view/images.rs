//! Images of workloads on their cards.

use crate::graph::{Detail, Graph};

/// Adds the images to the facts of every workload.
pub fn show_images(graph: &mut Graph) {
    graph.annotate(|detail| {
        if let Detail::Workload { show_images, .. } = detail {
            *show_images = true;
        }
    });
}
