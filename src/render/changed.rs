//! How what changed between two states looks: by border and line as well as by color, and what stays fades.
//!
//! Added is thick and solid, removed is broken, changed has a double border or a somewhat thicker line, and what stays
//! is thin; a line keeps the shape at its end, which tells its kind.

use crate::graph::{ChangeKind, EdgeKind, NodeKind};
use crate::layout::{Text, TextRole};

use super::strokes::LineStyle;
use super::theme::{Hue, Paint};

/// The dashes of a removed line, whose ends are not round: longer, and further apart, than any kind of edge has them.
pub(super) const BROKEN: &str = "16 7";
/// How much thicker an added line is, in user units.
const THICKER: f64 = 1.4;

/// The border of a card, a row or a label, and what it is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Border {
    pub(super) ground: Paint,
    pub(super) line: Paint,
    /// `None` for the width of one unit.
    pub(super) width: Option<f64>,
    pub(super) dash: Option<&'static str>,
    /// Whether there is a second line inside of it.
    pub(super) double: bool,
}

impl Border {
    /// The border of a card.
    pub(super) fn of_card(kind: NodeKind, hue: Hue, change: Option<ChangeKind>) -> Border {
        let missing = kind == NodeKind::Missing;
        let plain = Border {
            ground: Paint::Card,
            line: if missing { Paint::Strong(hue) } else { Paint::Soft(hue) },
            width: None,
            // What is no object of the cluster has a dashed border.
            dash: (missing || kind == NodeKind::Peers).then_some("5 3"),
            double: false,
        };
        match change {
            None => plain,
            Some(ChangeKind::Same) => Border { line: Paint::FrameLine, ..plain },
            Some(change) => Border::of_change(change),
        }
    }

    /// The border of whatever changed.
    pub(super) fn of_change(change: ChangeKind) -> Border {
        let (width, dash) = match change {
            ChangeKind::Added => (Some(2.8), None),
            ChangeKind::Removed => (Some(1.6), Some("9 5")),
            ChangeKind::Changed => (Some(1.4), None),
            ChangeKind::Same => (None, None),
        };
        Border { ground: Paint::Fresh, line: stroke(change), width, dash, double: change == ChangeKind::Changed }
    }

    /// The border of the label of an edge.
    pub(super) fn of_label(hue: Hue, change: Option<ChangeKind>) -> Border {
        match change {
            Some(change) if change != ChangeKind::Same => Border::of_words(change),
            change => Border::of_card(NodeKind::Service, hue, change),
        }
    }

    /// The border of a row or a label: thinner, for their text has the color too.
    pub(super) fn of_words(change: ChangeKind) -> Border {
        Border {
            width: (change == ChangeKind::Added).then_some(1.6),
            dash: (change == ChangeKind::Removed).then_some("5 3"),
            double: false,
            ..Border::of_change(change)
        }
    }
}

/// The color of a text. `hue` is that of the card or line that it belongs to.
pub(super) fn text(text: &Text, hue: Hue) -> Paint {
    match (text.change, text.role) {
        (Some(ChangeKind::Same), _) => Paint::Muted,
        (Some(change), role) if role != TextRole::Name => Paint::Change(change),
        (_, TextRole::Title | TextRole::Name | TextRole::Row | TextRole::Label) => Paint::Ink,
        (_, TextRole::Subtitle | TextRole::Facts | TextRole::Legend) => Paint::Muted,
        (_, TextRole::Frame) => Paint::FrameText,
        (_, TextRole::Port) => Paint::Strong(hue),
    }
}

/// What a row is filled with, and its border where it has one of its own: on a card that is all new or all gone rows
/// need none.
pub(super) fn row(hue: Hue, card: Option<ChangeKind>, row: Option<ChangeKind>) -> (Paint, Option<Border>) {
    match row {
        Some(change) if change != ChangeKind::Same && (change == ChangeKind::Changed || card != row) => {
            (Paint::Fresh, Some(Border::of_words(change)))
        }
        None => (Paint::Tint(hue), None),
        Some(ChangeKind::Same) => (Paint::Tint(Hue::Grey), None),
        Some(_) => (Paint::Fresh, None),
    }
}

/// Whether a text is struck through, because what it names is gone.
pub(super) fn is_struck(text: &Text) -> bool {
    text.change == Some(ChangeKind::Removed) && matches!(text.role, TextRole::Name | TextRole::Port)
}

/// The color of lines that tell of a change, or of none.
pub(super) fn stroke(change: ChangeKind) -> Paint {
    match change {
        ChangeKind::Same => Paint::Faded,
        change => Paint::Change(change),
    }
}

/// The color of the bar and the glyph of a card, which tell its kind, and of the signs on it.
pub(super) fn accent(hue: Hue, change: Option<ChangeKind>) -> Paint {
    match change {
        Some(ChangeKind::Same) => Paint::Faded,
        _ => Paint::Strong(hue),
    }
}

/// The look of a line and its color.
pub(super) fn line(kind: EdgeKind, change: Option<ChangeKind>) -> (LineStyle, Paint) {
    let plain = LineStyle::of(kind);
    let Some(change) = change else {
        return (plain, Paint::Strong(Hue::of_edge(kind)));
    };
    let style = match change {
        ChangeKind::Added => LineStyle {
            width: plain.width + THICKER,
            // The round ends of thick dashes would fill the gaps.
            dash: match plain.dash {
                Some("6 4") => Some("8 7"),
                Some("2 4") => Some("2 7"),
                other => other,
            },
            dot: plain.dot + THICKER / 2.0,
            ..plain
        },
        ChangeKind::Removed => LineStyle { dash: Some(BROKEN), ..plain },
        ChangeKind::Changed => LineStyle { width: plain.width + THICKER / 2.0, ..plain },
        ChangeKind::Same => LineStyle { width: 1.0_f64.max(plain.width * 0.6), ..plain },
    };
    (style, stroke(change))
}
