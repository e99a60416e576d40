//! Selects the edges that need a label, with its text and size. A card replaces the label where possible.

use super::super::{Label, Rect, TextRole};
use super::card::text;
use super::changes::{self, SignedLine};
use super::metrics::text_width;
use super::wrap::fit;
use crate::graph::{
    Change, ChangeKind, Detail, EdgeDetail, EdgeKind, Exposure, Graph, Node, NodeKind, PortMap, port_text,
};

const LINE: f64 = 14.0;
const PAD_X: f64 = 4.0;
const PAD_Y: f64 = 2.0;
const MAX_WIDTH: f64 = 150.0;
/// The text of a change has two values and may be longer.
const MAX_CHANGE_WIDTH: f64 = 190.0;
const MAX_PORTS: usize = 4;

/// A label before it has a place.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::layout) struct LabelPlan {
    lines: Vec<Line>,
    /// Width of its card in user units.
    pub width: f64,
    /// Height of its card in user units.
    pub height: f64,
}

/// A line of a label, with its indent behind a sign and its change.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    text: String,
    indent: f64,
    change: Option<ChangeKind>,
}

impl Line {
    fn plain(text: &str, change: Option<ChangeKind>) -> Line {
        Line { text: fit(text, TextRole::Label, MAX_WIDTH), indent: 0.0, change }
    }

    fn from_signed(line: &SignedLine) -> Line {
        Line { text: line.text.clone(), indent: line.indent(TextRole::Label), change: Some(line.kind) }
    }

    fn width(&self) -> f64 {
        self.indent + text_width(&self.text, TextRole::Label)
    }
}

/// The label of an edge; `None` if cards show the text.
pub(in crate::layout) fn plan(graph: &Graph, edge: usize) -> Option<LabelPlan> {
    let (from, to, edge) = graph.edge(edge);
    let (source, target) = (graph.node(from), graph.node(to));
    let mut lines: Vec<String> = match &edge.detail {
        EdgeDetail::Exposes(ways) => ways.iter().map(|w| exposure(w, ways.len())).collect(),
        EdgeDetail::Selects(carried) | EdgeDetail::Resolves(carried) => match &source.detail {
            Detail::Service { ports, .. } if carried.len() < ports.len() => vec![ports_text(carried)],
            _ => Vec::new(),
        },
        // The junction shows its ports.
        EdgeDetail::Allows(allowance) | EdgeDetail::Denied(allowance) if allowance.ports.texts().is_empty() => {
            Vec::new()
        }
        EdgeDetail::Allows(_) | EdgeDetail::Denied(_) if says_ports(target) => Vec::new(),
        EdgeDetail::Allows(_) | EdgeDetail::Denied(_) => edge.lines(),
        // A Gateway's routes name their hosts themselves, and rows stand on the card.
        EdgeDetail::Routes { .. } if source.has_route_rows() || source.kind() == NodeKind::Gateway => Vec::new(),
        EdgeDetail::Calls(call) => match &target.detail {
            Detail::Service { ports, .. } => call.lines_beside(ports),
            _ => edge.lines(),
        },
        EdgeDetail::Uses(_) if matches!(&target.detail, Detail::Config(config) if config.says_use()) => Vec::new(),
        // The card of the autoscaler shows it.
        EdgeDetail::Scales(_) => Vec::new(),
        EdgeDetail::Several(_) | EdgeDetail::Routes { .. } | EdgeDetail::Uses(_) => edge.lines(),
    };
    lines.retain(|l| !l.is_empty());
    if lines.len() > 3 {
        let more = lines.len() - 2;
        lines.truncate(2);
        lines.push(format!("+{more} more"));
    }
    let says_itself = source.has_route_rows() && edge.kind() == EdgeKind::Routes;
    let change_lines = if says_itself { None } else { changes::on_label(edge, &lines, MAX_CHANGE_WIDTH) };
    let same = edge.change.as_ref().filter(|c| c.is_same()).map(Change::kind);
    let lines: Vec<Line> = match change_lines {
        Some(changes) => changes.iter().map(Line::from_signed).collect(),
        None => lines.iter().map(|l| Line::plain(l, same)).collect(),
    };
    if lines.is_empty() {
        return None;
    }
    let width = lines.iter().map(Line::width).fold(0.0, f64::max).ceil() + 2.0 * PAD_X;
    let height = lines.len() as f64 * LINE + 2.0 * PAD_Y;
    Some(LabelPlan { lines, width, height })
}

/// True if the card of a node shows its reachable ports.
fn says_ports(node: &Node) -> bool {
    matches!(&node.detail, Detail::Peers { on, .. } | Detail::External { on, .. } if on.is_some())
}

fn exposure(way: &Exposure, ways: usize) -> String {
    if way.ports.is_empty() {
        return String::new();
    }
    let mut ports: Vec<String> = way.ports.iter().take(MAX_PORTS).map(|(n, p)| port_text(*n, *p)).collect();
    if way.ports.len() > MAX_PORTS {
        ports.push(format!("+{}", way.ports.len() - MAX_PORTS));
    }
    let ports = ports.join(", ");
    // The target's card shows its exposure, unless it has several.
    if ways > 1 { format!("{} {ports}", way.via.as_str()) } else { ports }
}

fn ports_text(ports: &[PortMap]) -> String {
    let mut shown: Vec<String> = ports.iter().take(MAX_PORTS).map(PortMap::text).collect();
    if ports.len() > MAX_PORTS {
        shown.push(format!("+{}", ports.len() - MAX_PORTS));
    }
    shown.join(", ")
}

/// Puts a planned label with its top left corner at a place.
pub(in crate::layout) fn place(plan: &LabelPlan, x: f64, y: f64) -> Label {
    // Lines with signs stand below each other, others in the middle.
    let signed = plan.lines.iter().any(|l| l.change.is_some_and(|c| c != ChangeKind::Same));
    let texts = plan.lines.iter().enumerate().map(|(i, line)| {
        let left = if signed { x + PAD_X + line.indent } else { x + (plan.width - line.width()) / 2.0 };
        text(&line.text, TextRole::Label, left, y + PAD_Y + LINE * i as f64 + 11.0).of(line.change)
    });
    Label { texts: texts.collect(), rect: Rect { x, y, w: plan.width, h: plan.height } }
}
