//! Which images workloads run, on their cards.

use crate::graph::{Detail, Graph, GraphBuilder, NodeKind};

/// The same graph, in which the facts of every workload say its images.
pub fn show_images(graph: Graph) -> Graph {
    let workloads: Vec<String> = graph.nodes().filter(|n| n.kind == NodeKind::Workload).map(|n| n.id.clone()).collect();
    let mut builder = GraphBuilder::reopen(graph);
    for id in workloads {
        if let Some(Detail::Workload { show_images, .. }) = builder.known(&id).map(|n| &mut n.detail) {
            *show_images = true;
        }
    }
    builder.build()
}
