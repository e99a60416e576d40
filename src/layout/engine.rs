//! The one place that knows the layout engine: a connected part goes in, boxes and lines come out, or a reason why not.
//!
//! The engine is ELK's layered algorithm (merman-elk-layered). Every run has a budget in the engine's own units of
//! work, so that a dense part ends in an error within a fraction of a second instead of running for minutes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use merman_elk_layered::{
    EdgeRouting, ElkDirection, ElkInputEdge, ElkInputGraph, ElkInputLabel, ElkInputNode, ElkPadding, HierarchyHandling,
    LGraph, LayerConstraint, LayeredOptions, NodeFlexibility, NodeLabelPlacement, NodePlacementStrategy,
    OrderingStrategy, PortRef, SpacingOptions, WorkControl, WorkError, execute_ported_processors_with_work_control,
    import_graph_with_work_control,
};

use super::fallback;
use super::geometry::simplify;
use super::ports::{fix_entries, fix_rows, share_trunks};
use super::{Point, Rect};

/// Above this many boxes the slower node placement costs more than its straighter lines are worth.
const SIMPLEX_LIMIT: usize = 400;

/// With more lines than this, those between columns move closer together.
const MANY_LINES: usize = 16;

/// The engine makes a piece of each line for each column that the line passes, and keeps all of them: with more than
/// this it would take hundreds of megabytes.
const MOST_PIECES: usize = 30_000;

/// Where a box must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pin {
    /// Wherever it fits.
    Free,
    /// Left of all others: a link enters or leaves the part here.
    Left,
    /// Right of all others.
    Right,
}

/// A box to be placed. Sizes whose halves are whole numbers keep lines straight: the engine rounds heights to whole
/// units.
#[derive(Clone, Debug)]
pub(super) struct BoxIn {
    pub width: f64,
    pub height: f64,
    pub pin: Pin,
    /// Height above the rows.
    pub header: f64,
    /// Heights of its rows; empty for a box without rows.
    pub rows: Vec<f64>,
    /// Heights, below its top, of the places where lines enter at its left; empty where they may enter anywhere.
    pub entries: Vec<f64>,
}

/// A line to be drawn.
#[derive(Clone, Debug)]
pub(super) struct EdgeIn {
    pub from: usize,
    pub to: usize,
    /// The row of `from` that it leaves from.
    pub row: Option<usize>,
    /// The entry of `to` that it ends in.
    pub entry: Option<usize>,
    /// Width and height of its label.
    pub label: Option<(f64, f64)>,
    /// Lines of one box with the same number share a trunk.
    pub trunk: usize,
    /// True if the line has priority to be straight.
    pub straight: bool,
}

/// A connected part of a picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub boxes: Vec<BoxIn>,
    pub edges: Vec<EdgeIn>,
}

impl Part {
    /// For each box, true if the wanted lines connect it with one of the given boxes.
    pub fn joined(&self, starts: impl IntoIterator<Item = usize>, wanted: impl Fn(&EdgeIn) -> bool) -> Vec<bool> {
        let mut near = vec![Vec::new(); self.boxes.len()];
        for e in self.edges.iter().filter(|e| wanted(e)) {
            near[e.from].push(e.to);
            near[e.to].push(e.from);
        }
        let mut seen = vec![false; self.boxes.len()];
        let mut stack: Vec<usize> = starts.into_iter().collect();
        while let Some(at) = stack.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                stack.extend(near[at].iter().filter(|n| !seen[**n]));
            }
        }
        seen
    }
}

/// A part with every box and line in its place. The origin is anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub boxes: Vec<Rect>,
    /// For each box its rows from top to bottom.
    pub orders: Vec<Vec<usize>>,
    /// For each edge its line from `from` to `to`.
    pub lines: Vec<Vec<Point>>,
    /// For each edge the box of its label.
    pub labels: Vec<Option<Rect>>,
}

impl Placed {
    /// The box around some of the cards and all lines and labels. The ends of lines stand on cards or terminals: only
    /// what lies between reaches further to the sides.
    pub fn extent<'a>(&'a self, cards: impl Iterator<Item = &'a Rect>) -> Rect {
        let (mut x0, mut y0, mut x1, mut y1) = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        for r in cards.chain(self.labels.iter().flatten()) {
            (x0, x1) = (x0.min(r.x), x1.max(r.right()));
            (y0, y1) = (y0.min(r.y), y1.max(r.bottom()));
        }
        for line in &self.lines {
            for p in line.iter().skip(1).take(line.len().saturating_sub(2)) {
                (x0, x1) = (x0.min(p.x), x1.max(p.x));
            }
            for p in line {
                (y0, y1) = (y0.min(p.y), y1.max(p.y));
            }
        }
        Rect { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
    }
}

/// Distances the engine keeps, in user units.
pub(super) const LAYER_GAP: f64 = 32.0;
pub(super) const NODE_GAP: f64 = 16.0;
/// The straight run before a target must hold an arrowhead.
pub(super) const EDGE_NODE: f64 = 14.0;
pub(super) const EDGE_EDGE: f64 = 8.0;

/// The engine keeps a whole layer gap on both sides of a label; a label may reach into it by this much on each side.
const LABEL_REACH: f64 = 8.0;

struct Budget {
    left: usize,
    spent: bool,
}

impl WorkControl for Budget {
    fn check(&mut self, units: usize) -> Result<(), WorkError> {
        if units <= self.left {
            return Ok(());
        }
        self.spent = true;
        Err(WorkError::Interrupted)
    }

    fn charge(&mut self, units: usize) -> Result<(), WorkError> {
        self.check(units)?;
        self.left -= units;
        Ok(())
    }
}

/// Places a part. `budget` is in the engine's units of work (1e8 take at most about a second).
///
/// Errors are a short phrase: the engine refused, ran out of budget, or gave numbers that are none.
pub(super) fn run(part: &Part, budget: usize) -> Result<Placed, String> {
    if part.boxes.iter().any(|b| !b.width.is_finite() || !b.height.is_finite()) {
        return Err("a box has no size".into());
    }
    if pieces(part) > MOST_PIECES {
        return Err(TOO_MANY.into());
    }
    let mut work = Budget { left: budget, spent: false };
    // The engine states its invariants by panics in some places; none is known to be reached, and none may end the
    // program.
    let result = catch_unwind(AssertUnwindSafe(|| runs(part, &mut work)));
    match result {
        Ok(_) if work.spent => Err(TOO_MANY.into()),
        Ok(result) => result,
        Err(_) => Err("the layout engine failed".into()),
    }
}

const TOO_MANY: &str = "there are too many links for the layout engine";

/// About how many pieces the engine will make of all lines.
fn pieces(part: &Part) -> usize {
    let columns = fallback::columns(part);
    let of = |e: &EdgeIn| columns[e.from].abs_diff(columns[e.to]) * if e.label.is_some() { 2 } else { 1 };
    part.edges.iter().map(of).sum()
}

fn runs(part: &Part, work: &mut Budget) -> Result<Placed, String> {
    let natural: Vec<Vec<usize>> = part.boxes.iter().map(|b| (0..b.rows.len()).collect()).collect();
    // The first run finds the order in which a card's lines cross least; the second fixes every line to its row in that
    // order.
    let rows = part.boxes.iter().any(|b| b.rows.len() > 1);
    if !rows || part.boxes.len() > SIMPLEX_LIMIT {
        return once(part, &natural, Rows::Fixed, work);
    }
    let first = once(part, &natural, Rows::Free, work)?;
    once(part, &first.orders, Rows::Fixed, work)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    Free,
    Fixed,
}

fn once(part: &Part, orders: &[Vec<usize>], rows: Rows, work: &mut Budget) -> Result<Placed, String> {
    let mut graph = import_graph_with_work_control(&input(part), work).map_err(|e| e.to_string())?;
    share_trunks(part, &mut graph);
    if rows == Rows::Fixed {
        fix_rows(part, orders, &mut graph);
    }
    fix_entries(part, &mut graph);
    graph.sync_graph_properties_to_options();
    execute_ported_processors_with_work_control(&mut graph, work).map_err(|e| e.to_string())?;
    read(part, orders, rows, &graph)
}

fn options(part: &Part) -> LayeredOptions {
    let large = part.boxes.len() > SIMPLEX_LIMIT;
    LayeredOptions {
        direction: ElkDirection::Right,
        hierarchy_handling: HierarchyHandling::SeparateChildren,
        separate_connected_components: false,
        edge_routing: EdgeRouting::Orthogonal,
        padding: ElkPadding::uniform(0.0),
        spacing: SpacingOptions {
            node_node: NODE_GAP,
            edge_edge: EDGE_EDGE,
            edge_node: EDGE_NODE - 2.0,
            edge_label: 2.0,
            node_node_between_layers: LAYER_GAP,
            edge_node_between_layers: EDGE_NODE,
            // Many lines side by side are a ribbon that the eye follows as one.
            edge_edge_between_layers: if part.edges.len() > MANY_LINES { EDGE_EDGE - 2.0 } else { EDGE_EDGE },
            ..SpacingOptions::default()
        },
        node_placement_strategy: if large {
            NodePlacementStrategy::BrandesKoepf
        } else {
            NodePlacementStrategy::NetworkSimplex
        },
        consider_model_order_strategy: OrderingStrategy::NodesAndEdges,
        node_placement_favor_straight_edges: Some(true),
        random_seed: 1,
        ..LayeredOptions::default()
    }
}

fn input(part: &Part) -> ElkInputGraph {
    let nodes = part.boxes.iter().enumerate().map(|(i, b)| ElkInputNode {
        id: node_id(i),
        width: b.width,
        height: b.height,
        parent: None,
        direction: None,
        hierarchy_handling: None,
        layer_constraint: match b.pin {
            Pin::Free => None,
            Pin::Left => Some(LayerConstraint::First),
            Pin::Right => Some(LayerConstraint::Last),
        },
        port_constraints: None,
        port_alignment: None,
        node_label_placement: NodeLabelPlacement::Fixed,
        node_flexibility: NodeFlexibility::None,
        ports_surrounding: None,
        nested_options: None,
        label: None,
    });
    let edges = part.edges.iter().enumerate().map(|(i, e)| {
        let (source, target) = if flipped(part, e) { (e.to, e.from) } else { (e.from, e.to) };
        ElkInputEdge {
            id: edge_id(i),
            source: node_id(source),
            target: node_id(target),
            // Equal texts would be taken for one label.
            labels: e.label.iter().map(|(w, h)| ElkInputLabel::center(edge_id(i), reserved(*w), *h)).collect(),
            minlen: 1,
            inside_self_loops_yo: false,
            model_order: None,
            priority_direction: 0,
            priority_shortness: 0,
            priority_straightness: if e.straight { 4 } else { 0 },
        }
    });
    ElkInputGraph { id: "root".into(), options: options(part), nodes: nodes.collect(), edges: edges.collect() }
}

/// A line that enters from the right is given to the engine the other way round: it knows no sources in the last layer.
pub(super) fn flipped(part: &Part, edge: &EdgeIn) -> bool {
    part.boxes[edge.from].pin == Pin::Right || part.boxes[edge.to].pin == Pin::Left
}

/// The width of a label for the engine.
fn reserved(width: f64) -> f64 {
    (width - 2.0 * LABEL_REACH).max(2.0)
}

fn node_id(index: usize) -> String {
    format!("n{index}")
}

fn edge_id(index: usize) -> String {
    format!("e{index}")
}

pub(super) fn index_of(id: &str, prefix: char) -> Option<usize> {
    id.strip_prefix(prefix)?.parse().ok()
}

fn read(part: &Part, orders: &[Vec<usize>], rows: Rows, graph: &LGraph) -> Result<Placed, String> {
    let mut placed = Placed {
        boxes: vec![Rect::default(); part.boxes.len()],
        orders: orders.to_vec(),
        lines: vec![Vec::new(); part.edges.len()],
        labels: vec![None; part.edges.len()],
    };
    for node in &graph.layerless_nodes {
        if let Some(rect) = index_of(&node.id, 'n').and_then(|i| placed.boxes.get_mut(i)) {
            *rect = Rect { x: node.position.x, y: node.position.y, w: node.size.width, h: node.size.height };
        }
    }
    for edge in &graph.edges {
        let Some(index) = index_of(&edge.id, 'e') else { continue };
        let (Some(known), Some(line)) = (part.edges.get(index), placed.lines.get_mut(index)) else {
            continue;
        };
        // The pieces that the engine cut an edge into stay in its list behind the edge itself.
        if !line.is_empty() {
            continue;
        }
        line.push(port_point(graph, edge.source));
        line.extend(edge.bend_points.iter().map(|p| Point { x: p.x, y: p.y }));
        line.push(port_point(graph, edge.target));
        // The engine may have turned a line round to break a cycle or to heed a terminal.
        let source = &placed.boxes[known.from];
        if known.from != known.to && distance(source, line[0]) > distance(source, line[line.len() - 1]) {
            line.reverse();
        }
        let wanted = known.label.map_or(0.0, |(w, _)| w);
        placed.labels[index] = edge.labels.first().map(|l| Rect {
            x: l.position.x - (wanted - l.size.width) / 2.0,
            y: l.position.y,
            w: wanted,
            h: l.size.height,
        });
    }
    if rows == Rows::Free {
        for (index, order) in placed.orders.iter_mut().enumerate() {
            let mut at: Vec<(f64, usize)> = Vec::new();
            for (edge, line) in part.edges.iter().zip(&placed.lines) {
                if let (true, Some(row), Some(first)) = (edge.from == index, edge.row, line.first()) {
                    at.push((first.y, row));
                }
            }
            if at.len() == order.len() {
                at.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                *order = at.into_iter().map(|(_, row)| row).collect();
            }
        }
        return Ok(placed);
    }
    for (line, edge) in placed.lines.iter_mut().zip(&part.edges) {
        for (end, from_start) in [(edge.from, true), (edge.to, false)] {
            snap_to_terminal(&part.boxes[end], placed.boxes[end], line, from_start);
        }
        *line = simplify(line);
    }
    check(part, &placed)?;
    Ok(placed)
}

fn port_point(graph: &LGraph, at: PortRef) -> Point {
    let node = &graph.layerless_nodes[at.node];
    let port = &node.ports[at.port];
    Point { x: node.position.x + port.position.x + port.anchor.x, y: node.position.y + port.position.y + port.anchor.y }
}

/// Lines end in the middle of a terminal, which is two units high, so that they go on straight outside.
fn snap_to_terminal(b: &BoxIn, rect: Rect, line: &mut [Point], from_start: bool) {
    if b.pin == Pin::Free || line.len() < 2 {
        return;
    }
    let middle = rect.y + rect.h / 2.0;
    let old = if from_start { line[0].y } else { line[line.len() - 1].y };
    let count = line.len();
    for step in 0..count {
        let at = if from_start { step } else { count - 1 - step };
        if line[at].y != old {
            break;
        }
        line[at].y = middle;
    }
    let end = if from_start { 0 } else { count - 1 };
    line[end].x = if b.pin == Pin::Left { rect.x } else { rect.x + rect.w };
}

/// How far a point is from a box, by the larger of both directions; 0 inside.
fn distance(rect: &Rect, p: Point) -> f64 {
    let dx = (rect.x - p.x).max(p.x - rect.right());
    let dy = (rect.y - p.y).max(p.y - rect.bottom());
    dx.max(dy).max(0.0)
}

/// The engine is trusted for quality, not for correctness: what is not a number or not orthogonal goes to the fallback.
fn check(part: &Part, placed: &Placed) -> Result<(), String> {
    let finite = |r: &Rect| [r.x, r.y, r.w, r.h].iter().all(|v| v.is_finite());
    if !placed.boxes.iter().all(finite) || !placed.labels.iter().flatten().all(finite) {
        return Err("the engine placed a box nowhere".into());
    }
    for line in &placed.lines {
        let straight = |w: &[Point]| (w[0].x - w[1].x).abs() < 0.01 || (w[0].y - w[1].y).abs() < 0.01;
        if line.len() < 2 || !line.iter().all(|p| p.x.is_finite() && p.y.is_finite()) || !line.windows(2).all(straight)
        {
            return Err("the engine left a line unrouted".into());
        }
    }
    if part.edges.iter().zip(&placed.labels).any(|(edge, label)| edge.label.is_some() && label.is_none()) {
        return Err("the engine lost a label".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn part(boxes: usize, edges: &[(usize, usize)]) -> Part {
        sample::part(boxes, edges.iter().map(|&(from, to)| sample::edge(from, to)))
    }

    #[test]
    fn lines_leave_from_their_rows() {
        let mut part = part(4, &[(0, 1), (0, 2), (0, 3)]);
        part.boxes[0].header = 40.0;
        part.boxes[0].rows = vec![18.0, 46.0, 18.0];
        part.boxes[0].height = 40.0 + 82.0;
        for (row, edge) in part.edges.iter_mut().enumerate() {
            edge.row = Some(row);
            edge.trunk = row;
        }
        let placed = run(&part, 1_000_000_000).unwrap();
        let middles = super::super::ports::row_middles(&part.boxes[0], &placed.orders[0]);
        for (line, middle) in placed.lines.iter().zip(middles) {
            assert!((line[0].y - placed.boxes[0].y - middle).abs() < 0.01);
        }
    }

    #[test]
    fn a_trunk_starts_at_one_point_and_labels_are_kept() {
        let mut part = part(4, &[(0, 1), (0, 2), (0, 3)]);
        part.boxes[0].pin = Pin::Left;
        part.boxes[0].width = 1.0;
        part.boxes[0].height = 2.0;
        part.edges[1].label = Some((40.0, 17.0));
        let placed = run(&part, 1_000_000_000).unwrap();
        assert!(placed.lines.iter().all(|l| l[0] == placed.lines[0][0]));
        assert!(placed.labels[1].is_some());
    }

    #[test]
    fn lines_that_pass_many_columns_are_left_to_the_plain_arrangement() {
        let all = |n: usize| (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect::<Vec<_>>();
        assert!(pieces(&part(20, &all(20))) <= MOST_PIECES);
        // Refused before any work, however much would be allowed.
        assert!(run(&part(400, &all(400)), usize::MAX).is_err());
    }

    #[test]
    fn refusals_are_errors() {
        assert!(run(&part(20, &[(0, 1), (1, 2)]), 10).is_err());
        let mut bad = part(2, &[(0, 1)]);
        bad.boxes[0].width = f64::NAN;
        assert!(run(&bad, 1_000_000_000).is_err());
        // Loops and cycles are none.
        assert!(run(&part(3, &[(0, 0), (0, 1), (1, 2), (2, 0)]), 1_000_000_000).is_ok());
    }
}
