//! A picture with every box, text and line in its place. Units are SVG user units (CSS pixels at scale 1), the origin
//! is the top left corner.

use crate::graph::{ChangeKind, EdgeKind, GroupId, Mark, NodeId, NodeKind};

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize)]
pub struct Rect {
    /// Left border.
    pub x: f64,
    /// Top border.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Right border.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Bottom border.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

/// The role of a text; the renderer chooses color and weight by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum TextRole {
    /// The title of the picture.
    Title,
    /// The line under the title.
    Subtitle,
    /// The title of a frame.
    Frame,
    /// The name on a card.
    Name,
    /// The facts on a card.
    Facts,
    /// A row of a card.
    Row,
    /// The port at the end of a row.
    Port,
    /// An edge label.
    Label,
    /// A legend entry.
    Legend,
}

impl TextRole {
    /// Font size in user units.
    pub fn size(self) -> f64 {
        match self {
            TextRole::Title => 18.0,
            TextRole::Name => 13.0,
            TextRole::Frame => 12.0,
            TextRole::Subtitle
            | TextRole::Facts
            | TextRole::Row
            | TextRole::Port
            | TextRole::Label
            | TextRole::Legend => 11.0,
        }
    }

    /// True if the text is bold.
    pub fn bold(self) -> bool {
        matches!(self, TextRole::Title | TextRole::Name | TextRole::Frame)
    }
}

/// One line of text, left-aligned at its start.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Text {
    /// Left end of the baseline.
    pub at: Point,
    /// Its measured width.
    pub width: f64,
    /// The role.
    pub role: TextRole,
    /// The characters.
    pub content: String,
    /// The change that the text states or whose subject it names, in a union of two states; decides its color.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeKind>,
}

/// A titled frame around the nodes of a namespace, or inside of one around a part of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Frame {
    /// The id of the group.
    pub id: GroupId,
    /// The id of the frame that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<GroupId>,
    /// Its box.
    pub rect: Rect,
    /// Its title: one line, wrapped to more if the frame is narrow.
    pub title: Vec<Text>,
    /// Shown on hover.
    pub tooltip: String,
}

/// A row of a card: one routing target, with every rule that routes to it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Its box, inside the card.
    pub rect: Rect,
    /// Its texts.
    pub texts: Vec<Text>,
    /// Where locks are drawn: one before every rule whose host has TLS.
    pub locks: Vec<Rect>,
    /// The change of its edge, in a union of two states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeKind>,
}

/// A sign with its word, under the facts of a card.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Badge {
    /// The content.
    pub mark: Mark,
    /// The box of the sign (square).
    pub at: Rect,
    /// The word.
    pub text: Text,
}

/// A node.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Card {
    /// The id of the node.
    pub id: NodeId,
    /// Its kind; decides color, glyph and border.
    pub kind: NodeKind,
    /// Its kind as people know it (`Deployment`); decides the glyph of workloads.
    pub label: String,
    /// The namespace, if any.
    pub namespace: Option<String>,
    /// The id of the frame it stands in, if any.
    #[serde(skip)]
    pub group: Option<GroupId>,
    /// The name, whole.
    pub name: String,
    /// Its box.
    pub rect: Rect,
    /// The colored bar at its left side.
    pub bar: Rect,
    /// The box of the glyph of its kind (square).
    pub glyph: Rect,
    /// The tooltip: name, facts and change of the node.
    pub texts: Vec<Text>,
    /// The effect of policies on the node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub badges: Vec<Badge>,
    /// Routes, one row for each outgoing edge.
    pub rows: Vec<Row>,
    /// The change of the node, in a union of two states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeKind>,
    /// Shown on hover.
    pub tooltip: String,
}

/// The label of an edge: its card and its lines.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Label {
    /// The card behind the text.
    pub rect: Rect,
    /// The lines.
    pub texts: Vec<Text>,
}

/// A stretch of a line that is not drawn, because it passes under another line there.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize)]
pub struct Gap {
    /// Where the line breaks off.
    pub from: Point,
    /// Where it goes on.
    pub to: Point,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Link {
    /// Id of the source node.
    pub from: NodeId,
    /// Id of the target node.
    pub to: NodeId,
    /// The kind; decides color and dash.
    pub kind: EdgeKind,
    /// The line from the border of the source to the border of the target; at least two points, every part horizontal
    /// or vertical.
    pub points: Vec<Point>,
    /// Where it passes under lines of other sources, in the order of the line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Where lines that belong together part or join: a dot tells such a place from a crossing. Each is said by one
    /// link only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Point>,
    /// Its label, if it needs one.
    pub label: Option<Label>,
    /// The change of the edge, in a union of two states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeKind>,
    /// Shown on hover.
    pub tooltip: String,
}

/// The symbol of a legend entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Sample {
    /// A node of this kind.
    Node(NodeKind),
    /// A line of this kind.
    Edge(EdgeKind),
    /// The lock of a host with TLS.
    Lock,
    /// A badge of this kind.
    Mark(Mark),
    /// The change of a node or an edge.
    Change(ChangeKind),
}

/// A legend entry.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LegendEntry {
    /// The symbol.
    pub sample: Sample,
    /// The box of the sample.
    pub at: Rect,
    /// The word beside it.
    pub text: Text,
}

/// A whole picture.
#[derive(Clone, Debug, PartialEq, Default, serde::Serialize)]
pub struct Layout {
    /// Width of the picture.
    pub width: f64,
    /// Height of the picture.
    pub height: f64,
    /// Title and subtitle, if any.
    pub heading: Vec<Text>,
    /// Frames, each before those that stand in it.
    pub frames: Vec<Frame>,
    /// Nodes, in the order of the graph.
    pub cards: Vec<Card>,
    /// Edges, in the order of the graph.
    pub links: Vec<Link>,
    /// The legend of the kinds that the picture uses.
    pub legend: Vec<LegendEntry>,
    /// Why a plainer arrangement was used, a sentence each; empty when all went well.
    pub fallbacks: Vec<String>,
}
