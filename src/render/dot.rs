//! DOT for Graphviz: one cluster for each frame, in each other as these are, the same words as on the cards.
//!
//! Every id and every label is a quoted string, never an HTML-like one. Graphviz reads backslash sequences (`\N`) and
//! character references (`&lt;`) in labels, so both are defused. It also copies what looks like a reference in an id
//! into its SVG unescaped, known or not (`&nosuch;`, which no parser accepts), so ids are treated alike; the escapes
//! keep different ids different.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::graph::{self, Change, ChangeKind, Edge, EdgeKind, Graph, Node, NodeKind};

use super::changed;
use super::theme::{Hue, Paint, Theme};
use super::words::folded;
use crate::inert::{shown_lines, steers};

/// Graphviz reads no string of more than 16,384 bytes.
const LONGEST: usize = 12_000;

/// The graph as DOT text.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph kubesketch {\n");
    write_defaults(&mut out);
    let mut members: BTreeMap<usize, Vec<&Node>> = BTreeMap::new();
    for (index, node) in graph.nodes().enumerate() {
        match graph.group_of(index) {
            Some(group) => members.entry(group).or_default().push(node),
            None => write_node(&mut out, 1, node),
        }
    }
    for position in (0..graph.groups().len()).filter(|g| graph.parent_of(*g).is_none()) {
        write_group(&mut out, 1, graph, position, &mut members);
    }
    for (from, to, edge) in graph.edges() {
        write_edge(&mut out, graph.node(from), graph.node(to), edge);
    }
    out.push_str("}\n");
    out
}

/// How the picture, its nodes and its edges look where they do not say so.
fn write_defaults(out: &mut String) {
    let font = "fontname=\"DejaVu Sans, Verdana, sans-serif\"";
    let color = |paint: Paint| paint.color(Theme::Light);
    line(
        out,
        1,
        &format!(
            "graph [rankdir=LR, bgcolor=\"{}\", nodesep=0.3, ranksep=0.9, fontsize=12, {font}]",
            color(Paint::Canvas)
        ),
    );
    line(
        out,
        1,
        &format!(
            "node [shape=box, style=\"rounded,filled\", fillcolor=\"{}\", fontcolor=\"{}\", fontsize=11, \
             margin=\"0.16,0.08\", {font}]",
            color(Paint::Card),
            color(Paint::Ink)
        ),
    );
    line(out, 1, &format!("edge [fontcolor=\"{}\", fontsize=10, {font}]", color(Paint::Muted)));
}

fn write_group(
    out: &mut String,
    depth: usize,
    graph: &Graph,
    position: usize,
    members: &mut BTreeMap<usize, Vec<&Node>>,
) {
    let group = &graph.groups()[position];
    let color = |paint: Paint| paint.color(Theme::Light);
    line(out, depth, &format!("subgraph {} {{", id(&format!("cluster_{}", group.id))));
    line(
        out,
        depth + 1,
        &format!(
            "graph [label={}, labeljust=l, style=\"rounded,filled\", color=\"{}\", fillcolor=\"{}\", fontcolor=\"{}\"]",
            label(&group.words()),
            color(Paint::FrameLine),
            color(Paint::Frame),
            color(Paint::FrameText)
        ),
    );
    for node in members.remove(&position).unwrap_or_default() {
        write_node(out, depth + 1, node);
    }
    for part in (0..graph.groups().len()).filter(|g| graph.parent_of(*g) == Some(position)) {
        write_group(out, depth + 1, graph, part, members);
    }
    line(out, depth, "}");
}

fn write_edge(out: &mut String, from: &Node, to: &Node, edge: &Edge) {
    let (plain, head) = match edge.kind() {
        EdgeKind::Exposes => (Pen { width: 2.6, dash: "" }, "normal"),
        EdgeKind::Routes => (Pen { width: 1.4, dash: "" }, "normal"),
        EdgeKind::Selects => (Pen { width: 1.4, dash: "" }, "odiamond"),
        EdgeKind::Resolves => (Pen { width: 1.8, dash: ", style=dotted" }, "odot"),
        EdgeKind::Allows => (Pen { width: 1.4, dash: ", style=dashed" }, "vee"),
        EdgeKind::Denied => (Pen { width: 1.4, dash: ", style=dashed" }, "tee"),
        EdgeKind::Calls => (Pen { width: 1.6, dash: ", style=dotted" }, "normal"),
        EdgeKind::Uses => (Pen { width: 1.2, dash: "" }, "box"),
        EdgeKind::Scales => (Pen { width: 1.4, dash: "" }, "vee"),
    };
    line(
        out,
        1,
        &format!(
            "{} -> {} [label={}, tooltip={}, color=\"{}\", arrowhead={head}, {}]",
            id(from.id.as_str()),
            id(to.id.as_str()),
            label(&edge.told(edge.lines()).join("\n")),
            quoted_label(&edge.tooltip()),
            edge_color(edge),
            edge_style(edge, &plain)
        ),
    );
}

/// The color of an edge. What changed has a double line.
fn edge_color(edge: &Edge) -> String {
    let color = |paint: Paint| paint.color(Theme::Light);
    match edge.change.as_ref().map(Change::kind) {
        None => color(Paint::Strong(Hue::of_edge(edge.kind()))).to_owned(),
        Some(change @ ChangeKind::Changed) => [color(changed::stroke(change)); 2].join(":"),
        Some(change) => color(changed::stroke(change)).to_owned(),
    }
}

/// Width and dash of a line.
struct Pen {
    width: f64,
    /// An attribute that follows others; empty for a solid line.
    dash: &'static str,
}

/// Width and dash of an edge, and the color of its words. What was removed is dashed.
fn edge_style(edge: &Edge, plain: &Pen) -> String {
    let Pen { width, dash } = plain;
    let Some(change) = edge.change.as_ref().map(Change::kind) else {
        return format!("penwidth={width}{dash}");
    };
    let words = changed::stroke(change).color(Theme::Light);
    match change {
        ChangeKind::Added => format!("penwidth=3.4, fontcolor=\"{words}\"{dash}"),
        ChangeKind::Removed => format!("penwidth=1.8, fontcolor=\"{words}\", style=dashed"),
        ChangeKind::Changed => format!("penwidth=1.4, fontcolor=\"{words}\"{dash}"),
        ChangeKind::Same => format!("penwidth=1{dash}"),
    }
}

fn write_node(out: &mut String, depth: usize, node: &Node) {
    let hue = Hue::of_node(node.kind(), &node.label);
    let shape = match node.kind() {
        NodeKind::Internet | NodeKind::External | NodeKind::ExternalName => "ellipse",
        NodeKind::Peers => "component",
        NodeKind::Junction => "circle",
        NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route => "octagon",
        NodeKind::Workload if hue == Hue::Amber => "cylinder",
        NodeKind::Workload => "box3d",
        NodeKind::Resource => "folder",
        NodeKind::ConfigMap | NodeKind::Secret => "note",
        NodeKind::Claim => "cylinder",
        NodeKind::ServiceAccount => "house",
        NodeKind::Scaler => "cds",
        NodeKind::Summary => "tab",
        NodeKind::Service | NodeKind::Missing => "box",
    };
    let (style, dashed) = match node.kind() {
        NodeKind::Missing => ("rounded,filled", ",dashed"),
        NodeKind::Service => ("rounded,filled", ""),
        _ => ("filled", ""),
    };
    let color = |paint: Paint| paint.color(Theme::Light);
    let look = match node.change.as_ref().map(Change::kind) {
        None => format!(
            "style=\"{style}{dashed}\", color=\"{}\", fillcolor=\"{}\"",
            color(Paint::Strong(hue)),
            color(Paint::Tint(hue))
        ),
        Some(change) => {
            let (more, extra) = match change {
                ChangeKind::Added => ("", ", penwidth=2.8".to_owned()),
                ChangeKind::Removed => (",dashed", ", penwidth=1.6".to_owned()),
                ChangeKind::Changed => ("", ", penwidth=1.4, peripheries=2".to_owned()),
                ChangeKind::Same => ("", format!(", fontcolor=\"{}\"", color(Paint::Muted))),
            };
            format!(
                "style=\"{style}{more}\", color=\"{}\", fillcolor=\"{}\"{extra}",
                color(changed::stroke(change)),
                color(Paint::Fresh)
            )
        }
    };
    line(
        out,
        depth,
        &format!(
            "{} [label={}, tooltip={}, shape={shape}, {look}]",
            id(node.id.as_str()),
            label(&node.lines().join("\n")),
            quoted_label(&node.tooltip()),
        ),
    );
}

fn line(out: &mut String, depth: usize, text: &str) {
    // A brace opens or closes a block and takes no semicolon.
    let end = if text.ends_with(['{', '}']) { "" } else { ";" };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{:indent$}{text}{end}", "", indent = depth * 2);
}

/// A quoted id, no longer than Graphviz can read. What steers becomes U+FFFD, for Graphviz writes ids into its SVG; an
/// id of which something was replaced or cut ends in a digest of the whole, so that different ids stay different.
fn id(text: &str) -> String {
    let mut out = String::from("\"");
    let mut whole = true;
    for c in text.chars() {
        if out.len() > LONGEST {
            whole = false;
            break;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            c if steers(c) => {
                whole = false;
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    if !whole {
        // Writing to a String cannot fail.
        let _ = write!(out, "~{:016x}", graph::digest(text));
    }
    out.push('"');
    out
}

/// A label of few and not too long lines.
fn label(text: &str) -> String {
    quoted_label(&folded(text))
}

/// A quoted text in which Graphviz finds nothing to replace, no longer than it can read.
fn quoted_label(text: &str) -> String {
    let mut out = String::from("\"");
    for c in shown_lines(text).chars() {
        if out.len() > LONGEST {
            out.push('…');
            break;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '&' => out.push_str("&amp;"),
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
    fn ids_and_labels_are_quoted() {
        assert_eq!(id(r#"a"b\"#), r#""a\"b\\""#);
        let [one, other] = ["a\0\u{202e}", "a\u{202e}\0"].map(id);
        assert!(one.starts_with("\"a\u{fffd}\u{fffd}~") && other.starts_with("\"a\u{fffd}\u{fffd}~") && one != other);
        let [one, other] = ["1", "2"].map(|end| id(&("\"".repeat(20_000) + end)));
        assert!(one.len() < 16_384 && one != other);
        assert_eq!(quoted_label("\\N &lt;\n\"x\""), r#""\\N &amp;lt;\n\"x\"""#);
    }

    #[test]
    fn long_labels_are_broken_and_counted() {
        let text = label(&"x".repeat(5000));
        assert!(text.contains("more lines") && text.len() < 1000);
        assert_eq!(label("a\n\nb"), "\"a\\nb\"");
    }
}
