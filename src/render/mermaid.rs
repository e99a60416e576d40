//! Mermaid, as GitHub, GitLab and many documentation tools draw it: one subgraph for each namespace, the same words as on the cards.
//!
//! What it guarantees:
//! * No text of the input can be anything but text. A label is a quoted string in which all punctuation but ` .,/-()=+` is written as an entity
//!   code; ids are made of ASCII letters, digits and `_` behind a prefix, so that none is a word of the language.
//! * The text stays within the limits of Mermaid, which no setting in the text can raise: [`MAX_CHARS`] and [`MAX_EDGES`]. What does not fit is left
//!   out in steps, and both a node of the picture and a comment say what was left out.
//! * Kinds differ by shape, width, dash and head of line, calls by a word; colors only help. Lines and frames take the colors of the page, light or dark.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::graph::{Detail, Edge, EdgeDetail, EdgeKind, Exposure, Graph, Node, NodeKind};

use super::PictureOptions;
use super::mermaid_text::{Ids, code, plain};
use super::theme::{Hue, Paint, Theme};
use super::words::{counted, description, noun, subject};

/// `maxTextSize` of Mermaid, in UTF-16 units.
pub const MAX_CHARS: usize = 50_000;
/// `maxEdges` of Mermaid.
pub const MAX_EDGES: usize = 500;

/// More lines of an edge label than this are counted instead of written.
const LABEL_LINES: usize = 4;

/// How an edge is drawn, and how much it matters: what matters least is left out first. What matters 0 is never left out.
fn line_of(kind: EdgeKind) -> (&'static str, u8) {
    match kind {
        EdgeKind::Exposes => ("==>", 0),
        EdgeKind::Routes => ("-->", 0),
        EdgeKind::Selects => ("--o", 1),
        EdgeKind::Allows => ("-.->", 2),
        EdgeKind::Resolves => ("-.-o", 3),
        EdgeKind::Denied => ("-.-x", 4),
        EdgeKind::Calls => ("-.->", 5),
        EdgeKind::Scales => ("-->", 3),
        EdgeKind::Uses => ("--o", 3),
    }
}

/// How a node is drawn: what stands before and behind its label, and its class.
fn shape_of(kind: NodeKind, label: &str) -> (&'static str, &'static str, &'static str) {
    match kind {
        NodeKind::Internet => ("((", "))", "outside"),
        NodeKind::External | NodeKind::ExternalName => ("([", "])", "outside"),
        NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route => ("{{", "}}", "router"),
        NodeKind::Service => ("(", ")", "service"),
        NodeKind::Workload if Hue::of_node(kind, label) == Hue::Amber => ("[(", ")]", "store"),
        NodeKind::Workload => ("[", "]", "workload"),
        NodeKind::Peers => ("[[", "]]", "peers"),
        NodeKind::Junction => ("((", "))", "peers"),
        NodeKind::Resource => ("[/", "/]", "store"),
        NodeKind::ConfigMap => ("[/", "/]", "service"),
        NodeKind::Secret => ("[/", "/]", "router"),
        NodeKind::Claim => ("[(", ")]", "store"),
        NodeKind::ServiceAccount => ("([", "])", "outside"),
        NodeKind::Scaler => ("([", "])", "peers"),
        NodeKind::Missing => (">", "]", "missing"),
        NodeKind::Summary => ("[[", "]]", "outside"),
    }
}

/// Classes with their colors; `note` is what speaks of what was left out.
const CLASSES: &[(&str, Hue)] = &[
    ("outside", Hue::Grey),
    ("router", Hue::Violet),
    ("service", Hue::Blue),
    ("workload", Hue::Teal),
    ("store", Hue::Amber),
    ("peers", Hue::Green),
    ("missing", Hue::Vermilion),
    ("note", Hue::Vermilion),
];

/// The graph as Mermaid text. [`Theme::Dark`] makes dark cards; every other theme light ones, which are readable on a dark page too.
pub fn mermaid(graph: &Graph, options: &PictureOptions) -> String {
    let writer = Writer {
        graph,
        options,
        ids: Ids::new(graph),
    };
    let found = Plan::steps(graph)
        .into_iter()
        .find_map(|plan| writer.whole(&plan).fitting().map(|text| (plan, text)));
    match found {
        Some((plan, text)) if writer.tells_enough(&plan) => writer.restored(plan, text),
        _ => writer.overview(),
    }
}

/// What is left out.
#[derive(Clone, Debug, Default)]
struct Plan {
    labels: bool,
    facts: bool,
    lonely: bool,
    /// Edges that matter this little, and less.
    edges: Option<u8>,
}

impl Plan {
    /// From nothing left out to as much as leaves a picture of single objects.
    fn steps(graph: &Graph) -> Vec<Plan> {
        let mut steps = vec![Plan::default()];
        let mut next = |change: fn(&mut Plan)| {
            let mut plan = steps.last().cloned().unwrap_or_default();
            change(&mut plan);
            steps.push(plan);
        };
        next(|p| p.labels = true);
        next(|p| p.facts = true);
        next(|p| p.lonely = true);
        let least: BTreeSet<u8> = graph.edges().map(|(_, _, e)| line_of(e.kind()).1).filter(|i| *i > 0).collect();
        let last = steps.last().cloned().unwrap_or_default();
        steps.extend(least.into_iter().rev().map(|i| Plan {
            edges: Some(i),
            ..last.clone()
        }));
        steps
    }
}

/// A text being written, and what counts against the limits.
#[derive(Debug, Default)]
struct Text {
    out: String,
    edges: usize,
}

impl Text {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = depth * 2);
    }

    fn fitting(self) -> Option<String> {
        (self.edges <= MAX_EDGES && self.out.encode_utf16().count() <= MAX_CHARS).then_some(self.out)
    }
}

struct Writer<'a> {
    graph: &'a Graph,
    options: &'a PictureOptions,
    ids: Ids,
}

impl Writer<'_> {
    /// Edges of a plan, ascending, and whether each node is drawn.
    fn drawn(&self, plan: &Plan) -> (Vec<usize>, Vec<bool>) {
        let edges: Vec<usize> = (0..self.graph.edges().len())
            .filter(|e| plan.edges.is_none_or(|limit| line_of(self.graph.edge(*e).2.kind()).1 < limit))
            .collect();
        let mut drawn = vec![!plan.lonely; self.graph.nodes().len()];
        for edge in &edges {
            let (from, to, _) = self.graph.edge(*edge);
            (drawn[from], drawn[to]) = (true, true);
        }
        (edges, drawn)
    }

    /// Whether a plan draws at least half of what has lines; an overview tells more than less of that.
    fn tells_enough(&self, plan: &Plan) -> bool {
        let all = Plan {
            lonely: true,
            ..Plan::default()
        };
        let count = |plan: &Plan| self.drawn(plan).1.iter().filter(|d| **d).count();
        2 * count(plan) >= count(&all)
    }

    /// A later step may have made room for what an earlier one left out: that comes back, what matters most first.
    fn restored(&self, mut plan: Plan, mut text: String) -> String {
        let changes: [fn(&mut Plan); 3] = [|p| p.lonely = false, |p| p.facts = false, |p| p.labels = false];
        for change in changes {
            let mut richer = plan.clone();
            change(&mut richer);
            if let Some(better) = self.whole(&richer).fitting() {
                (plan, text) = (richer, better);
            }
        }
        text
    }

    /// A picture of single objects.
    fn whole(&self, plan: &Plan) -> Text {
        let (edges, drawn) = self.drawn(plan);
        let mut text = self.start(&self.left_out(plan, &edges, &drawn));
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for i in (0..self.graph.nodes().len()).filter(|i| drawn[*i]) {
            match self.group_name(i) {
                Some(group) => members.entry(group).or_default().push(i),
                None => self.node(&mut text, 1, i, plan),
            }
        }
        for group in self.graph.groups() {
            let Some(nodes) = members.get(group.name.as_str()) else { continue };
            let title = code(&group.words());
            text.line(1, &format!("subgraph {}[\"{title}\"]", self.ids.group(&group.name)));
            text.line(2, "direction LR");
            for node in nodes {
                self.node(&mut text, 2, *node, plan);
            }
            text.line(1, "end");
        }
        for edge in edges {
            let (from, to, edge) = self.graph.edge(edge);
            let label = if plan.labels { Vec::new() } else { self.label(from, to, edge) };
            self.edge(&mut text, self.ids.node(from), line_of(edge.kind()).0, &label, self.ids.node(to));
        }
        let frames: Vec<&str> = members.keys().map(|n| self.ids.group(n)).collect();
        self.finish(&mut text, &frames);
        text
    }

    fn node(&self, text: &mut Text, depth: usize, index: usize, plan: &Plan) {
        let node = self.graph.node(index);
        let (open, close, class) = shape_of(node.kind, &node.label);
        let words = if plan.facts { brief(node) } else { node.lines().join("\n") };
        text.line(depth, &format!("{}{open}\"{}\"{close}:::{class}", self.ids.node(index), code(&words)));
    }

    /// What the edge says and no card does.
    fn label(&self, from: usize, to: usize, edge: &Edge) -> Vec<String> {
        match (&self.graph.node(from).detail, &edge.detail) {
            (_, EdgeDetail::Uses(_)) if matches!(&self.graph.node(to).detail, Detail::Config(config) if config.says_use()) => Vec::new(),
            (_, EdgeDetail::Scales(_)) => Vec::new(),
            // Mermaid has too few kinds of lines for it to have one of its own.
            (_, EdgeDetail::Calls(call)) => {
                let beside = match &self.graph.node(to).detail {
                    Detail::Service { ports, .. } => call.lines_beside(ports),
                    _ => edge.lines(),
                };
                std::iter::once("calls".to_owned()).chain(beside).collect()
            }
            // A card has room for two ports.
            (Detail::Service { ports: all, .. }, EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports)) if ports == all && all.len() <= 2 => {
                Vec::new()
            }
            (_, EdgeDetail::Exposes(ways)) => ways.iter().filter(|w| !w.ports.is_empty()).map(Exposure::text).collect(),
            _ => edge.lines(),
        }
    }

    fn edge(&self, text: &mut Text, from: &str, line: &str, label: &[String], to: &str) {
        let mut words = label.to_vec();
        if words.len() > LABEL_LINES {
            words.truncate(LABEL_LINES - 1);
            words.push(format!("and {} more", label.len() + 1 - LABEL_LINES));
        }
        let words = words.join("\n");
        text.edges += 1;
        if words.is_empty() {
            text.line(1, &format!("{from} {line} {to}"));
        } else {
            text.line(1, &format!("{from} {line}|\"{}\"| {to}", code(&words)));
        }
    }

    /// Everything before the nodes. Reasons are what was left out.
    fn start(&self, reasons: &[String]) -> Text {
        let mut text = Text::default();
        if let Some(title) = &self.options.title {
            text.line(0, "---");
            text.line(0, &format!("title: \"{}\"", plain(title)));
            text.line(0, "---");
        }
        text.line(0, "flowchart LR");
        let title = self.options.title.as_deref().unwrap_or_else(|| subject(self.graph));
        text.line(1, &format!("accTitle: {}", plain(title)));
        text.line(1, &format!("accDescr: {}", plain(&description(self.graph))));
        if !reasons.is_empty() {
            let note = format!(
                "Left out, for Mermaid draws at most {MAX_CHARS} characters and {MAX_EDGES} lines:\n{}.\nAn SVG shows all.",
                reasons.join(";\n")
            );
            text.line(1, &format!("%% {}", plain(&note)));
            text.line(1, &format!("k_note>\"{}\"]:::note", code(&note)));
        }
        text
    }

    fn finish(&self, text: &mut Text, frames: &[&str]) {
        let theme = if self.options.theme == Theme::Dark { Theme::Dark } else { Theme::Light };
        for (class, hue) in CLASSES
            .iter()
            .filter(|(c, _)| text.out.contains(&format!(":::{c}\n")))
            .copied()
            .collect::<Vec<_>>()
        {
            let dash = if class == "missing" { ",stroke-dasharray:5 3" } else { "" };
            text.line(
                1,
                &format!(
                    "classDef {class} fill:{},stroke:{},color:{}{dash}",
                    Paint::Tint(hue).color(theme),
                    Paint::Strong(hue).color(theme),
                    Paint::Ink.color(theme)
                ),
            );
        }
        if !frames.is_empty() {
            text.line(1, "classDef frame fill:#8090a01a,stroke:#8090a0");
            text.line(1, &format!("class {} frame", frames.join(",")));
        }
    }

    /// What a plan leaves out, in words.
    fn left_out(&self, plan: &Plan, edges: &[usize], drawn: &[bool]) -> Vec<String> {
        let mut reasons = Vec::new();
        if plan.labels {
            reasons.push("the words on lines".to_owned());
        }
        if plan.facts {
            reasons.push("the facts on cards".to_owned());
        }
        let lonely = drawn.iter().filter(|d| !**d).count();
        if lonely > 0 {
            reasons.push(counted(lonely, "object without lines", "objects without lines"));
        }
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for edge in (0..self.graph.edges().len()).filter(|e| edges.binary_search(e).is_err()) {
            *lines.entry(self.graph.edge(edge).2.kind().as_str()).or_default() += 1;
        }
        reasons.extend(
            lines
                .iter()
                .map(|(kind, count)| counted(*count, &format!("line that {kind}"), &format!("lines of the kind {kind}"))),
        );
        reasons
    }

    /// One box for each namespace, lines between boxes merged. As many of each as fit, those with most in them first.
    fn overview(&self) -> String {
        let boxes = self.boxes();
        let mut merged: BTreeMap<(&str, &str, EdgeKind), usize> = BTreeMap::new();
        for (from, to, edge) in self.graph.edges() {
            let ends = (self.box_of(from), self.box_of(to));
            if ends.0 != ends.1 {
                *merged.entry((ends.0, ends.1, edge.kind())).or_default() += 1;
            }
        }
        let mut lines: Vec<_> = merged.iter().map(|((from, to, kind), count)| (*from, *to, *kind, *count)).collect();
        lines.sort_by_key(|(from, to, kind, count)| (line_of(*kind).1, std::cmp::Reverse(*count), *from, *to));
        // At least the note fits: every round leaves out a tenth of what is left.
        let (mut shown_boxes, mut shown_lines) = (boxes.len(), lines.len().min(MAX_EDGES));
        loop {
            let text = self.overview_of(&boxes, shown_boxes, &lines, shown_lines);
            if shown_boxes == 0 {
                return text.out;
            }
            if let Some(text) = text.fitting() {
                return text;
            }
            shown_boxes = shown_boxes * 9 / 10;
            shown_lines = shown_lines * 9 / 10;
        }
    }

    fn overview_of(&self, boxes: &[Box<'_>], shown: usize, lines: &[(&str, &str, EdgeKind, usize)], limit: usize) -> Text {
        let drawn: BTreeSet<&str> = boxes[..shown].iter().map(|b| b.id).collect();
        let lines_drawn: Vec<_> = lines
            .iter()
            .filter(|(f, t, ..)| drawn.contains(f) && drawn.contains(t))
            .take(limit)
            .collect();
        let mut reasons = vec!["single objects (each box is a namespace)".to_owned()];
        for (left, one, many) in [
            (boxes.len() - shown, "box", "boxes"),
            (lines.len() - lines_drawn.len(), "line between boxes", "lines between boxes"),
        ] {
            if left > 0 {
                reasons.push(counted(left, one, many));
            }
        }
        let mut text = self.start(&reasons);
        for b in &boxes[..shown] {
            let (open, close, class) = b.shape;
            text.line(1, &format!("{}{open}\"{}\"{close}:::{class}", b.id, code(&b.words)));
        }
        for (from, to, kind, count) in lines_drawn {
            let label = if *count > 1 {
                vec![format!("{count} × {}", kind.as_str())]
            } else {
                Vec::new()
            };
            self.edge(&mut text, from, line_of(*kind).0, &label, to);
        }
        self.finish(&mut text, &[]);
        text
    }

    /// What an overview shows: what is outside of every namespace, then namespaces; each with most in it first.
    fn boxes(&self) -> Vec<Box<'_>> {
        let mut counts: BTreeMap<&str, BTreeMap<NodeKind, usize>> = BTreeMap::new();
        let titles: BTreeMap<&str, String> = self.graph.groups().iter().map(|g| (g.name.as_str(), g.words())).collect();
        let mut boxes = Vec::new();
        for (i, node) in self.graph.nodes().enumerate() {
            match self.group_name(i) {
                Some(group) => *counts.entry(group).or_default().entry(node.kind).or_default() += 1,
                None => boxes.push(Box {
                    id: self.ids.node(i),
                    words: brief(node),
                    shape: shape_of(node.kind, &node.label),
                    size: self.graph.outgoing(i).len() + self.graph.incoming(i).len(),
                    outside: true,
                }),
            }
        }
        for (group, kinds) in counts {
            let all: Vec<String> = NodeKind::ALL
                .iter()
                .filter_map(|kind| {
                    let (one, many) = noun(*kind)?;
                    kinds.get(kind).map(|count| counted(*count, one, many))
                })
                .collect();
            boxes.push(Box {
                id: self.ids.group(group),
                words: format!("{}\n{}", titles.get(group).map_or("", String::as_str), all.join(", ")),
                shape: ("[[", "]]", "workload"),
                size: kinds.values().sum(),
                outside: false,
            });
        }
        boxes.sort_by_key(|b| (!b.outside, std::cmp::Reverse(b.size), b.id));
        boxes
    }

    fn box_of(&self, node: usize) -> &str {
        match self.group_name(node) {
            Some(group) => self.ids.group(group),
            None => self.ids.node(node),
        }
    }

    /// The name of the group that a node stands in.
    fn group_name(&self, node: usize) -> Option<&str> {
        Some(self.graph.groups().get(self.graph.group_of(node)?)?.name.as_str())
    }
}

/// A box of an overview.
struct Box<'a> {
    id: &'a str,
    words: String,
    shape: (&'static str, &'static str, &'static str),
    size: usize,
    outside: bool,
}

/// The name and, where it says more, the kind.
fn brief(node: &Node) -> String {
    match node.kind {
        NodeKind::Internet | NodeKind::External | NodeKind::ExternalName => node.name.clone(),
        _ => format!("{}\n{}", node.name, node.label),
    }
}
