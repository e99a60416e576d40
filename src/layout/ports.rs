//! Points where lines meet boxes: trunks that several lines share, rows that lines leave from, and entry points.
//! They are passed to the engine in its own graph before it runs.

use merman_elk_layered::{LGraph, LPoint, PortConstraints, PortRef, PortSide};

use super::engine::{BoxIn, Part, flipped, index_of};

/// Gives lines of one trunk one port, so that the engine draws them as one line that branches.
pub(super) fn share_trunks(part: &Part, graph: &mut LGraph) {
    // The engine numbers a box's trunks afresh when it is the target of a flipped line; those keep their own ports.
    let mut moved = vec![Vec::new(); graph.layerless_nodes.len()];
    for index in 0..graph.edges.len() {
        let edge = &graph.edges[index];
        let Some(known) = index_of(&edge.id, 'e').and_then(|i| part.edges.get(i)) else {
            continue;
        };
        let (from_end, at) = if flipped(part, known) { (false, edge.target) } else { (true, edge.source) };
        if known.from == known.to {
            continue;
        }
        let shared: &mut Vec<(usize, PortRef)> = &mut moved[at.node];
        match shared.iter().find(|(trunk, _)| *trunk == known.trunk).map(|(_, port)| *port) {
            None => shared.push((known.trunk, at)),
            Some(port) => {
                let ports = &mut graph.layerless_nodes[at.node].ports;
                if from_end {
                    ports[at.port].outgoing_edges.clear();
                    ports[port.port].outgoing_edges.push(index);
                    graph.edges[index].source = port;
                } else {
                    ports[at.port].incoming_edges.clear();
                    ports[port.port].incoming_edges.push(index);
                    graph.edges[index].target = port;
                }
                graph.graph_properties.hyperedges = true;
            }
        }
    }
    drop_unused_ports(graph);
}

fn drop_unused_ports(graph: &mut LGraph) {
    let mut renumbered: Vec<Vec<usize>> = Vec::with_capacity(graph.layerless_nodes.len());
    for node in &mut graph.layerless_nodes {
        let mut next = 0;
        let mut numbers = Vec::with_capacity(node.ports.len());
        for port in &node.ports {
            numbers.push(next);
            next += usize::from(!port.incoming_edges.is_empty() || !port.outgoing_edges.is_empty());
        }
        node.ports.retain(|p| !p.incoming_edges.is_empty() || !p.outgoing_edges.is_empty());
        renumbered.push(numbers);
    }
    for edge in &mut graph.edges {
        edge.source.port = renumbered[edge.source.node][edge.source.port];
        edge.target.port = renumbered[edge.target.node][edge.target.port];
    }
}

/// Pins the ports of cards with rows: lines leave from the middles of their rows, and enter spread over the left side.
pub(super) fn fix_rows(part: &Part, orders: &[Vec<usize>], graph: &mut LGraph) {
    for at in 0..graph.layerless_nodes.len() {
        let Some(index) = index_of(&graph.layerless_nodes[at].id, 'n') else {
            continue;
        };
        if part.boxes[index].rows.is_empty() {
            continue;
        }
        let middles = row_middles(&part.boxes[index], &orders[index]);
        let height = part.boxes[index].height;
        let width = part.boxes[index].width;
        let ports = graph.layerless_nodes[at].ports.len();
        let row_of = |edges: &[usize]| {
            let first = edges.first()?;
            let known = index_of(&graph.edges[*first].id, 'e').and_then(|i| part.edges.get(i))?;
            known.row.filter(|_| known.from == index)
        };
        let rows: Vec<Option<usize>> = graph.layerless_nodes[at]
            .ports
            .iter()
            .map(|p| row_of(&p.outgoing_edges).filter(|_| p.incoming_edges.is_empty()))
            .collect();
        let entering = rows.iter().filter(|r| r.is_none()).count();
        let mut entered = 0;
        for (port, row) in rows.iter().enumerate().take(ports) {
            let port = &mut graph.layerless_nodes[at].ports[port];
            let middle = row.and_then(|r| middles.get(r).copied());
            match middle {
                Some(y) => {
                    port.set_side(PortSide::East);
                    port.position = LPoint { x: width, y };
                }
                None => {
                    entered += 1;
                    port.position = LPoint {
                        x: if port.side == PortSide::East { width } else { 0.0 },
                        y: height * f64::from(entered) / (entering as f64 + 1.0),
                    };
                }
            }
        }
        graph.layerless_nodes[at].port_constraints = PortConstraints::FixedPos;
        graph.graph_properties.non_free_ports = true;
    }
}

/// Pins the places where lines enter boxes that have such places.
pub(super) fn fix_entries(part: &Part, graph: &mut LGraph) {
    for at in 0..graph.layerless_nodes.len() {
        let Some(index) = index_of(&graph.layerless_nodes[at].id, 'n').filter(|&i| !part.boxes[i].entries.is_empty())
        else {
            continue;
        };
        for port in 0..graph.layerless_nodes[at].ports.len() {
            let first = graph.layerless_nodes[at].ports[port].incoming_edges.first();
            let known = first.and_then(|&e| index_of(&graph.edges[e].id, 'e')).and_then(|i| part.edges.get(i));
            if let Some(&y) = known.and_then(|e| e.entry).and_then(|e| part.boxes[index].entries.get(e)) {
                let port = &mut graph.layerless_nodes[at].ports[port];
                port.set_side(PortSide::West);
                port.position = LPoint { x: 0.0, y };
            }
        }
        graph.layerless_nodes[at].port_constraints = PortConstraints::FixedPos;
        graph.graph_properties.non_free_ports = true;
    }
}

/// For each row the offset of its middle from the top of its box, when the rows stand in the given order.
pub(super) fn row_middles(b: &BoxIn, order: &[usize]) -> Vec<f64> {
    let mut middles = vec![0.0; b.rows.len()];
    let mut y = b.header;
    for &row in order {
        if let (Some(middle), Some(height)) = (middles.get_mut(row), b.rows.get(row)) {
            *middle = y + height / 2.0;
            y += height;
        }
    }
    middles
}
