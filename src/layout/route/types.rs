//! Input and result of the router: rectangles, connections between them and lines, and nothing of what they mean.
//! Units are SVG user units.

use crate::layout::{Point, Rect};

/// A placed picture: the obstacles of lines, and the frames around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    /// The cards. Cards of different composites keep at least 16 units apart.
    pub cards: Vec<Rect>,
    /// For each card the composite that it belongs to; a card alone is a composite of its own. Cards of a composite
    /// stand one below the other, and no line runs between them.
    pub composites: Vec<usize>,
    /// The frames, each before those that stand in it.
    pub frames: Vec<FrameBox>,
    /// For each card the innermost frame that it stands in.
    pub frame_of: Vec<Option<usize>>,
}

/// A frame around cards.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameBox {
    /// Its box.
    pub rect: Rect,
    /// The box of its title, over which no line runs.
    pub title: Rect,
    /// The frame that it stands in.
    pub parent: Option<usize>,
}

/// A connection that gets a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Where the line begins.
    pub from: End,
    /// Where it ends, with an arrow head.
    pub to: End,
    /// How it is drawn. Lines of one style with a common end may share a trunk.
    pub style: u32,
    /// Its label.
    pub label: Option<Tag>,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// The card.
    pub card: usize,
    /// Where on its border.
    pub port: Port,
}

/// The place of an end on the border of a card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Port {
    /// Any place of any side.
    Free,
    /// A row of the card: this height of its right side, in the coordinates of [`Placed`].
    Row {
        /// The height.
        y: f64,
    },
}

/// A label to place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tag {
    /// Width of its box.
    pub w: f64,
    /// Height of its box.
    pub h: f64,
    /// The same number for the same text: connections that share a line and a text share a label.
    pub text: u32,
}

/// All lines of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routed {
    /// The picture with the room that the lines needed: cards and frames moved, sizes of cards kept.
    pub placed: Placed,
    /// How it was moved.
    pub stretch: Stretch,
    /// For each connection its line from border to border, every part horizontal or vertical.
    pub lines: Vec<Vec<Point>>,
    /// For each connection where its label stands.
    pub labels: Vec<Option<LabelBox>>,
    /// For each connection the points where its line parts from or joins others of its trunk; each point once.
    pub branches: Vec<Vec<Point>>,
    /// For each connection its trunk: lines with equal numbers may run on the same stretch, others never do.
    pub trunks: Vec<usize>,
    /// Connections whose line was found by the plain method, since the budget was spent.
    pub plain: usize,
}

/// A placed label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelBox {
    /// Its box; its center is on the line of the connection.
    pub rect: Rect,
    /// The connection that draws it: another one where a label serves several lines.
    pub owner: usize,
}

/// Room made for lines: at each coordinate of the placed picture, everything right of (below) it moved by so much.
/// Coordinates ascend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// To the right.
    pub x: Vec<(f64, f64)>,
    /// Down.
    pub y: Vec<(f64, f64)>,
}

impl Stretch {
    /// Adds what a picture that is already moved moves once more.
    pub(super) fn add(&mut self, x: &[(f64, f64)], y: &[(f64, f64)]) {
        for (cuts, more) in [(&mut self.x, x), (&mut self.y, y)] {
            let new: Vec<(f64, f64)> = more.iter().map(|(at, by)| (before(cuts, *at), *by)).collect();
            for (at, by) in new {
                match cuts.binary_search_by(|c| c.0.total_cmp(&at)) {
                    Ok(i) => cuts[i].1 += by,
                    Err(i) => cuts.insert(i, (at, by)),
                }
            }
        }
    }
}

/// The coordinate before the cuts of what is at a coordinate after them.
fn before(cuts: &[(f64, f64)], at: f64) -> f64 {
    let mut sum = 0.0;
    for (cut, by) in cuts {
        if at < cut + sum {
            break;
        }
        if at < cut + sum + by {
            return *cut;
        }
        sum += by;
    }
    at - sum
}

/// The work that may be done, in steps of the search for lines: about 5 million steps take a second.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// So many steps.
    pub fn new(steps: u64) -> Budget {
        Budget { left: steps }
    }

    /// Whether no step is left.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Takes a step; false if none is left.
    pub(super) fn step(&mut self) -> bool {
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}
