//! D2, the language of Terrastruct: a container for each frame, in each other as these are, the same words as on the
//! cards.
//!
//! Looks are classes at the head of the text, one for each kind that the graph holds, so that people who go on writing
//! change a look in one place. Every label is a string in double quotes in which nothing is left that D2 replaces
//! (`${…}`), and ids are made of ASCII letters, digits and `_` behind a prefix: no text of the input can be anything
//! but text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::graph::{Change, ChangeKind, Edge, EdgeKind, Graph, Node, NodeKind};

use super::PictureOptions;
use super::changed;
use super::ids::Ids;
use super::theme::{Hue, Paint, Theme};
use super::words::{description, folded};
use crate::inert::{shown, shown_lines};

/// The graph as D2 text. [`Theme::Dark`] makes it dark; every other theme light.
pub fn d2(graph: &Graph, options: &PictureOptions) -> String {
    let mut writer = Writer {
        graph,
        theme: if options.theme == Theme::Dark { Theme::Dark } else { Theme::Light },
        ids: Ids::new(graph),
        paths: Vec::new(),
        classes: BTreeMap::new(),
        body: String::new(),
    };
    writer.paths = (0..graph.nodes().len()).map(|i| writer.path(i)).collect();
    // D2 refuses a text without words.
    if let Some(title) = options.title.as_ref().filter(|t| !t.trim().is_empty()) {
        let ink = writer.color(Paint::Ink);
        let look = format!("shape: text; near: top-center; style.font-size: 24; style.font-color: {ink}");
        writer.line(0, &format!("title: {} {{{look}}}", quoted(&folded(title))));
    }
    writer.frames();
    for (from, to, edge) in graph.edges() {
        writer.edge(from, to, edge);
    }
    writer.whole()
}

struct Writer<'a> {
    graph: &'a Graph,
    theme: Theme,
    ids: Ids,
    /// The id of each node behind those of the containers that it stands in.
    paths: Vec<String>,
    /// The looks that are used, by name.
    classes: BTreeMap<String, String>,
    /// What stands below the classes.
    body: String,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{:indent$}{text}", "", indent = depth * 2);
    }

    fn color(&self, paint: Paint) -> String {
        format!("\"{}\"", paint.color(self.theme))
    }

    /// Everything, with the classes that turned out to be needed.
    fn whole(&self) -> String {
        let mut out = format!("# {}\n", shown(&description(self.graph)));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "direction: right\nstyle.fill: {}", self.color(Paint::Canvas));
        if !self.classes.is_empty() {
            out.push_str("classes: {\n");
            for (name, look) in &self.classes {
                let _ = writeln!(out, "  {name}: {{{look}}}");
            }
            out.push_str("}\n");
        }
        out + &self.body
    }

    fn path(&self, node: usize) -> String {
        let mut path = self.ids.node(node).to_owned();
        let mut group = self.graph.group_of(node);
        while let Some(position) = group {
            path = format!("{}.{path}", self.ids.group(position));
            group = self.graph.parent_of(position);
        }
        path
    }

    fn frames(&mut self) {
        let graph = self.graph;
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for node in 0..graph.nodes().len() {
            match graph.group_of(node) {
                Some(group) => members.entry(group).or_default().push(node),
                None => self.node(0, node),
            }
        }
        for group in (0..graph.groups().len()).filter(|g| graph.parent_of(*g).is_none()) {
            self.frame(0, group, &members);
        }
    }

    fn frame(&mut self, depth: usize, group: usize, members: &BTreeMap<usize, Vec<usize>>) {
        let graph = self.graph;
        // A frame in a frame stands out against it.
        let (class, fill) = if depth > 0 { ("part", Paint::Canvas) } else { ("frame", Paint::Frame) };
        let (fill, line, text) = (self.color(fill), self.color(Paint::FrameLine), self.color(Paint::FrameText));
        let look =
            format!("style: {{border-radius: 8; fill: {fill}; stroke: {line}; font-color: {text}; font-size: 20}}");
        self.classes.insert(class.to_owned(), look);
        let title = quoted(&folded(&graph.groups()[group].words()));
        self.line(depth, &format!("{}: {title} {{", self.ids.group(group)));
        self.line(depth + 1, &format!("class: {class}"));
        for node in members.get(&group).into_iter().flatten() {
            self.node(depth + 1, *node);
        }
        for part in (0..graph.groups().len()).filter(|g| graph.parent_of(*g) == Some(group)) {
            self.frame(depth + 1, part, members);
        }
        self.line(depth, "}");
    }

    fn node(&mut self, depth: usize, index: usize) {
        let graph = self.graph;
        let node = graph.node(index);
        let shape = shape_of(node);
        let hue = Hue::of_node(node.kind(), &node.label);
        let look = format!(
            "shape: {}; style: {{{}fill: {}; stroke: {}; font-color: {}; bold: false; font-size: 14}}",
            shape.name,
            shape.style,
            self.color(Paint::Tint(hue)),
            self.color(Paint::Strong(hue)),
            self.color(Paint::Ink)
        );
        let mut class = if node.kind() == NodeKind::Workload && hue == Hue::Amber {
            "StatefulSet".to_owned()
        } else {
            node.kind().as_str().to_owned()
        };
        self.classes.insert(class.clone(), look);
        let mut more = tooltip(&node.tooltip());
        if let Some(change) = node.change.as_ref().map(Change::kind) {
            let (line, fill) = (self.color(changed::stroke(change)), self.color(Paint::Fresh));
            let look = match change {
                ChangeKind::Added => format!("stroke-width: 4; fill: {fill}"),
                ChangeKind::Removed => format!("stroke-dash: 6; fill: {fill}"),
                ChangeKind::Changed => format!("stroke-width: 3; fill: {fill}"),
                ChangeKind::Same => format!("stroke-width: 1; fill: {fill}; font-color: {}", self.color(Paint::Muted)),
            };
            self.classes.insert(change.as_str().to_owned(), format!("style: {{stroke: {line}; {look}}}"));
            class = format!("[{class}; {}]", change.as_str());
            // D2 knows double borders of these shapes only.
            if change == ChangeKind::Changed && matches!(shape.name, "rectangle" | "oval") {
                more.push_str("; style.double-border: true");
            }
        }
        let words = quoted(&folded(&node.lines().join("\n")));
        self.line(depth, &format!("{}: {words} {{class: {class}{more}}}", self.ids.node(index)));
    }

    fn edge(&mut self, from: usize, to: usize, edge: &Edge) {
        let kind = edge.kind();
        let (plain, head) = line_of(kind);
        let line = self.color(Paint::Strong(Hue::of_edge(kind)));
        let look = format!("style: {{{plain}; stroke: {line}; font-color: {}}}; {head}", self.color(Paint::Muted));
        let mut class = kind.as_str().to_owned();
        self.classes.insert(class.clone(), look);
        if let Some(change) = edge.change.as_ref().map(Change::kind) {
            let line = self.color(changed::stroke(change));
            let look = match change {
                ChangeKind::Added => "; stroke-width: 4",
                ChangeKind::Removed => "; stroke-dash: 8",
                ChangeKind::Changed => "; stroke-width: 3",
                ChangeKind::Same => "; stroke-width: 1",
            };
            let name = format!("line-{}", change.as_str());
            let look = format!("style: {{stroke: {line}; font-color: {line}{look}}}");
            self.classes.insert(name.clone(), look);
            class = format!("[{class}; {name}]");
        }
        let words = folded(&edge.told(edge.lines()).join("\n"));
        let words = if words.is_empty() { String::new() } else { format!(" {}", quoted(&words)) };
        let more = tooltip(&edge.tooltip());
        let line = format!("{} -> {}:{words} {{class: {class}{more}}}", self.paths[from], self.paths[to]);
        self.line(0, &line);
    }
}

/// The shape of a node, and what its style has beside colors.
struct Shape {
    name: &'static str,
    style: &'static str,
}

fn shape_of(node: &Node) -> Shape {
    let (name, style) = match node.kind() {
        NodeKind::Internet => ("cloud", ""),
        NodeKind::External | NodeKind::ExternalName | NodeKind::Junction => ("oval", ""),
        NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route => ("hexagon", ""),
        NodeKind::Service => ("rectangle", "border-radius: 12; "),
        NodeKind::Workload if Hue::of_node(node.kind(), &node.label) == Hue::Amber => ("cylinder", ""),
        NodeKind::Workload => ("rectangle", ""),
        // What is no object of the cluster has a dashed border.
        NodeKind::Peers => ("rectangle", "stroke-dash: 4; "),
        NodeKind::Missing => ("page", "stroke-dash: 4; "),
        NodeKind::ConfigMap => ("page", ""),
        NodeKind::Secret => ("document", ""),
        NodeKind::Claim => ("cylinder", ""),
        NodeKind::ServiceAccount => ("parallelogram", ""),
        NodeKind::Scaler => ("step", ""),
        NodeKind::Resource => ("stored_data", ""),
        NodeKind::Summary => ("rectangle", "multiple: true; "),
    };
    Shape { name, style }
}

/// Width and dash of the lines of a kind, and the shape at their end.
fn line_of(kind: EdgeKind) -> (&'static str, &'static str) {
    match kind {
        EdgeKind::Exposes => ("stroke-width: 3", "target-arrowhead.shape: triangle"),
        EdgeKind::Routes => ("stroke-width: 2", "target-arrowhead.shape: triangle"),
        EdgeKind::Selects => ("stroke-width: 2", "target-arrowhead: {shape: diamond; style.filled: false}"),
        EdgeKind::Resolves => {
            ("stroke-width: 2; stroke-dash: 1", "target-arrowhead: {shape: circle; style.filled: false}")
        }
        EdgeKind::Allows => ("stroke-width: 2; stroke-dash: 4", "target-arrowhead.shape: arrow"),
        EdgeKind::Denied => ("stroke-width: 2; stroke-dash: 2", "target-arrowhead.shape: cross"),
        EdgeKind::Calls => ("stroke-width: 2; stroke-dash: 1", "target-arrowhead.shape: triangle"),
        EdgeKind::Uses => ("stroke-width: 1", "target-arrowhead: {shape: box; style.filled: true}"),
        EdgeKind::Scales => ("stroke-width: 2", "target-arrowhead.shape: arrow"),
    }
}

/// A tooltip is shown as it is written, but D2 reads it as Markdown before, and refuses the whole text where that has a
/// tag that is not closed. So it has none: what begins one is written as the sign that looks most like it.
fn tooltip(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("; tooltip: {}", quoted(&text.replace('<', "‹"))) }
}

/// A string in double quotes, in which D2 finds nothing to replace.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in shown_lines(text).chars() {
        match c {
            '"' | '\\' | '$' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tooltips_have_no_tags() {
        assert_eq!(tooltip("a\n</b>"), "; tooltip: \"a\\n‹/b>\"");
        assert_eq!(tooltip(""), "");
    }

    #[test]
    fn nothing_in_a_string_is_replaced() {
        assert_eq!(quoted("a\"b\\n\n${x} @y *"), r#""a\"b\\n\n\${x} @y *""#);
        assert_eq!(quoted("a\u{202e}\r\u{2028}"), "\"a\u{fffd}\u{fffd}\u{fffd}\"");
    }
}
