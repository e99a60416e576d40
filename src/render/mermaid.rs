//! Mermaid, as GitHub, GitLab and many documentation tools draw it: one subgraph for each namespace, the same words as
//! on the cards.
//!
//! What it guarantees:
//! * No text of the input can be anything but text. A label is a quoted string in which all punctuation but ` .,/-()=+`
//!   is written as an entity code; ids are made of ASCII letters, digits and `_` behind a prefix, so that none is a
//!   word of the language.
//! * The text stays within the limits of Mermaid, which no setting in the text can raise: [`MAX_CHARS`] and
//!   [`MAX_EDGES`]. What does not fit is left out in steps, and both a node of the picture and a comment say what was
//!   left out.
//! * Kinds differ by shape, width, dash and head of line, calls by a word; colors only help. Lines and frames take the
//!   colors of the page, light or dark.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::graph::{Change, ChangeKind, Detail, Edge, EdgeDetail, EdgeKind, Exposure, Graph, Node, NodeKind};

use super::PictureOptions;
use super::changed;
use super::ids::Ids;
use super::mermaid_text::{code, plain};
use super::theme::{Hue, Paint, Theme};
use super::words::{counted, description, noun, subject};

/// `maxTextSize` of Mermaid, in UTF-16 units.
pub const MAX_CHARS: usize = 50_000;
/// `maxEdges` of Mermaid.
pub const MAX_EDGES: usize = 500;

/// More lines of an edge label than this are counted instead of written.
const LABEL_LINES: usize = 4;

/// How an edge is drawn, and how much it matters: what matters least is left out first. What matters 0 is never left
/// out.
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

/// How much an edge matters. In a comparison what differs matters most, and what stays somewhat less than it would
/// elsewhere.
fn importance(edge: &Edge) -> u8 {
    match edge.change.as_ref().map(Change::kind) {
        None => line_of(edge.kind()).1,
        Some(ChangeKind::Same) => 1 + line_of(edge.kind()).1,
        Some(_) => 0,
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

/// Classes with their colors; `note` is what mentions what was left out.
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

/// The graph as Mermaid text. [`Theme::Dark`] makes dark cards; every other theme light ones, which are readable on a
/// dark page too.
pub fn mermaid(graph: &Graph, options: &PictureOptions) -> String {
    let writer = Writer { graph, options, ids: Ids::new(graph) };
    let found = Plan::steps(graph).into_iter().find_map(|plan| writer.whole(&plan).fitting().map(|text| (plan, text)));
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
        let least: BTreeSet<u8> = graph.edges().map(|(_, _, e)| importance(e)).filter(|i| *i > 0).collect();
        let last = steps.last().cloned().unwrap_or_default();
        steps.extend(least.into_iter().rev().map(|i| Plan { edges: Some(i), ..last.clone() }));
        steps
    }
}

/// A text being written, and what counts against the limits.
#[derive(Debug, Default)]
struct Text {
    out: String,
    edges: usize,
    /// Numbers of the lines that changed in each way, in the order of the text.
    changes: BTreeMap<ChangeKind, Vec<String>>,
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
            .filter(|e| plan.edges.is_none_or(|limit| importance(self.graph.edge(*e).2) < limit))
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
        let all = Plan { lonely: true, ..Plan::default() };
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
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for i in (0..self.graph.nodes().len()).filter(|i| drawn[*i]) {
            match self.graph.group_of(i) {
                Some(group) => members.entry(group).or_default().push(i),
                None => self.node(&mut text, 1, i, plan),
            }
        }
        let mut frames = Vec::new();
        for group in (0..self.graph.groups().len()).filter(|g| self.graph.parent_of(*g).is_none()) {
            frames.extend(self.group(&mut text, 1, group, &members, plan));
        }
        for edge in edges {
            let (from, to, edge) = self.graph.edge(edge);
            let change = edge.change.as_ref().map(Change::kind);
            let label = match change {
                // The sign is the last thing to go.
                Some(change) if plan.labels => sign(change),
                _ if plan.labels => Vec::new(),
                _ => edge.told(self.label(from, to, edge)),
            };
            self.edge(&mut text, self.ids.node(from), (line_of(edge.kind()).0, change), &label, self.ids.node(to));
        }
        self.finish(&mut text, &frames);
        text
    }

    /// A frame with what it holds, unless nothing of that is drawn; gives the ids of all frames in it.
    fn group(
        &self,
        text: &mut Text,
        depth: usize,
        group: usize,
        members: &BTreeMap<usize, Vec<usize>>,
        plan: &Plan,
    ) -> Vec<&str> {
        let parts = (0..self.graph.groups().len()).filter(|g| self.graph.parent_of(*g) == Some(group));
        let parts: Vec<usize> = parts.filter(|g| members.contains_key(g)).collect();
        let own = members.get(&group);
        if own.is_none() && parts.is_empty() {
            return Vec::new();
        }
        let title = code(&self.graph.groups()[group].words());
        text.line(depth, &format!("subgraph {}[\"{title}\"]", self.ids.group(group)));
        text.line(depth + 1, "direction LR");
        for node in own.into_iter().flatten() {
            self.node(text, depth + 1, *node, plan);
        }
        let mut frames = vec![self.ids.group(group)];
        for part in parts {
            frames.extend(self.group(text, depth + 1, part, members, plan));
        }
        text.line(depth, "end");
        frames
    }

    fn node(&self, text: &mut Text, depth: usize, index: usize, plan: &Plan) {
        let node = self.graph.node(index);
        let (open, close, class) = shape_of(node.kind(), &node.label);
        let class = node.change.as_ref().map_or(class, |c| c.as_str());
        let words = if plan.facts { brief(node) } else { node.lines().join("\n") };
        text.line(depth, &format!("{}{open}\"{}\"{close}:::{class}", self.ids.node(index), code(&words)));
    }

    /// What the edge says and no card does.
    fn label(&self, from: usize, to: usize, edge: &Edge) -> Vec<String> {
        match (&self.graph.node(from).detail, &edge.detail) {
            (_, EdgeDetail::Uses(_)) if matches!(&self.graph.node(to).detail, Detail::Config(config) if config.says_use()) => {
                Vec::new()
            }
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
            (Detail::Service { ports: all, .. }, EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports))
                if ports == all && all.len() <= 2 =>
            {
                Vec::new()
            }
            (_, EdgeDetail::Exposes(ways)) => ways.iter().filter(|w| !w.ports.is_empty()).map(Exposure::text).collect(),
            _ => edge.lines(),
        }
    }

    fn edge(
        &self,
        text: &mut Text,
        from: &str,
        (line, change): (&str, Option<ChangeKind>),
        label: &[String],
        to: &str,
    ) {
        let mut words = label.to_vec();
        if words.len() > LABEL_LINES {
            words.truncate(LABEL_LINES - 1);
            words.push(format!("and {} more", label.len() + 1 - LABEL_LINES));
        }
        let words = words.join("\n");
        if let Some(change) = change {
            text.changes.entry(change).or_default().push(text.edges.to_string());
        }
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
        for (class, hue) in
            CLASSES.iter().filter(|(c, _)| text.out.contains(&format!(":::{c}\n"))).copied().collect::<Vec<_>>()
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
        for kind in ChangeKind::ALL {
            let color = changed::stroke(*kind).color(theme);
            let (ink, more) = match kind {
                ChangeKind::Added => (Paint::Ink, ",stroke-width:4px"),
                ChangeKind::Removed => (Paint::Ink, ",stroke-width:2px,stroke-dasharray:9 5"),
                ChangeKind::Changed => (Paint::Ink, ",stroke-width:2px"),
                ChangeKind::Same => (Paint::Muted, ",stroke-width:1px"),
            };
            if text.out.contains(&format!(":::{}\n", kind.as_str())) {
                let (fill, ink) = (Paint::Fresh.color(theme), ink.color(theme));
                text.line(1, &format!("classDef {} fill:{fill},stroke:{color},color:{ink}{more}", kind.as_str()));
            }
            if let Some(numbers) = text.changes.get(kind).map(|n| n.join(",")) {
                text.line(1, &format!("linkStyle {numbers} stroke:{color}{more}"));
            }
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
            lines.iter().map(|(kind, count)| {
                counted(*count, &format!("line that {kind}"), &format!("lines of the kind {kind}"))
            }),
        );
        reasons
    }

    /// One box for each namespace, lines between boxes merged. As many of each as fit, those with most in them first.
    fn overview(&self) -> String {
        let boxes = self.boxes();
        let mut merged: BTreeMap<(&str, &str, EdgeKind), Merged> = BTreeMap::new();
        for (from, to, edge) in self.graph.edges() {
            let ends = (self.box_of(from), self.box_of(to));
            if ends.0 != ends.1 {
                merged.entry((ends.0, ends.1, edge.kind())).or_default().add(&edge.change);
            }
        }
        let mut lines: Vec<_> = merged.iter().map(|((from, to, kind), all)| (*from, *to, *kind, all)).collect();
        let same = |all: &Merged| all.change() == Some(ChangeKind::Same);
        lines.sort_by_key(|(from, to, kind, all)| {
            (same(all), line_of(*kind).1, std::cmp::Reverse(all.count), *from, *to)
        });
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

    fn overview_of(
        &self,
        boxes: &[Box<'_>],
        shown: usize,
        lines: &[(&str, &str, EdgeKind, &Merged)],
        limit: usize,
    ) -> Text {
        let drawn: BTreeSet<&str> = boxes[..shown].iter().map(|b| b.id).collect();
        let lines_drawn: Vec<_> =
            lines.iter().filter(|(f, t, ..)| drawn.contains(f) && drawn.contains(t)).take(limit).collect();
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
        for (from, to, kind, all) in lines_drawn {
            let mut label = all.signs();
            if all.count > 1 {
                label.push(format!("{} × {}", all.count, kind.as_str()));
            }
            self.edge(&mut text, from, (line_of(*kind).0, all.change()), &label, to);
        }
        self.finish(&mut text, &[]);
        text
    }

    /// What an overview shows: what is outside of every namespace, then namespaces; each with most in it first.
    fn boxes(&self) -> Vec<Box<'_>> {
        let mut counts: BTreeMap<usize, BTreeMap<NodeKind, usize>> = BTreeMap::new();
        let mut changes: BTreeMap<usize, Merged> = BTreeMap::new();
        let mut boxes = Vec::new();
        for (i, node) in self.graph.nodes().enumerate() {
            match self.graph.top_group_of(i) {
                Some(group) => {
                    *counts.entry(group).or_default().entry(node.kind()).or_default() += 1;
                    changes.entry(group).or_default().add(&node.change);
                }
                None => boxes.push(Box {
                    id: self.ids.node(i),
                    words: brief(node),
                    shape: classed(shape_of(node.kind(), &node.label), node.change.as_ref().map(Change::kind)),
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
                words: format!(
                    "{}\n{}\n{}",
                    self.graph.groups()[group].words(),
                    all.join(", "),
                    changes.get(&group).map(Merged::signs).unwrap_or_default().join(" ")
                ),
                shape: classed(("[[", "]]", "workload"), changes.get(&group).and_then(Merged::change)),
                size: kinds.values().sum(),
                outside: false,
            });
        }
        boxes.sort_by_key(|b| (!b.outside, std::cmp::Reverse(b.size), b.id));
        boxes
    }

    fn box_of(&self, node: usize) -> &str {
        match self.graph.top_group_of(node) {
            Some(group) => self.ids.group(group),
            None => self.ids.node(node),
        }
    }
}

/// Nodes or edges that are drawn as one, and what happened to them.
#[derive(Clone, Debug, Default)]
struct Merged {
    count: usize,
    changes: BTreeMap<ChangeKind, usize>,
}

impl Merged {
    fn add(&mut self, change: &Option<Change>) {
        self.count += 1;
        if let Some(change) = change {
            *self.changes.entry(change.kind()).or_default() += 1;
        }
    }

    /// What happened to all, or that some changed; `None` in a graph of one state.
    fn change(&self) -> Option<ChangeKind> {
        match self.changes.len() {
            0 => None,
            1 => self.changes.keys().next().copied(),
            _ => Some(ChangeKind::Changed),
        }
    }

    /// `+ 2 − 1`: how many changed in which way, in a line if any did.
    fn signs(&self) -> Vec<String> {
        let changed = self.changes.iter().filter(|(kind, _)| **kind != ChangeKind::Same);
        let said: Vec<String> = changed.map(|(kind, n)| format!("{} {n}", kind.sign())).collect();
        if said.is_empty() { said } else { vec![said.join(" ")] }
    }
}

/// How a node is drawn, by the class of what happened if it is part of a comparison.
fn classed(
    (open, close, class): (&'static str, &'static str, &'static str),
    change: Option<ChangeKind>,
) -> (&'static str, &'static str, &'static str) {
    (open, close, change.map_or(class, ChangeKind::as_str))
}

/// The sign of a change alone.
fn sign(change: ChangeKind) -> Vec<String> {
    let sign = change.sign();
    if sign.is_empty() { Vec::new() } else { vec![sign.to_owned()] }
}

/// A box of an overview.
struct Box<'a> {
    id: &'a str,
    words: String,
    shape: (&'static str, &'static str, &'static str),
    size: usize,
    outside: bool,
}

/// The name with the sign of its change and, where it says more, the kind.
fn brief(node: &Node) -> String {
    let sign = node.change.as_ref().map_or("", Change::sign);
    let name = format!("{sign} {}", node.name).trim_start().to_owned();
    match node.kind() {
        NodeKind::Internet | NodeKind::External | NodeKind::ExternalName => name,
        _ => format!("{name}\n{}", node.label),
    }
}
