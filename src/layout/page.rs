//! The page for a picture: the allowed size of the picture, and the cost of an arrangement.

use crate::graph::EdgeKind;

use super::TextRole;
use super::crossing;
use super::inner::{Aim, Book, Room};
use super::route::{GUTTER, Outside, Plan, Routed};
use super::scene::Place;

/// Above this many nodes fewer arrangements are tried.
pub(super) const MANY: usize = 500;
/// The aspect ratio aimed at: that of a page or slide.
pub(super) const ASPECT: f64 = 1.5;
/// Wider and higher shapes than these are avoided.
const WIDE: f64 = 2.3;
const HIGH: f64 = 0.8;
const HIGHEST: f64 = 0.72;
/// How much the width of a picture counts that is to be low.
const LOW: f64 = 0.05;
/// Width and height of the margins, with the legend.
const FURNITURE: (f64, f64) = (16.0, 46.0);
/// Width of a legend as most pictures have it, and height of another line of it.
const LEGEND: f64 = 950.0;
const LEGEND_LINE: f64 = 18.0;

/// The page, and the sizes that are known before placement.
pub(super) struct Page {
    /// The widest that the picture shall be and may be if its texts are to be read where it is shown, in user units.
    pub room: f64,
    pub most: f64,
    /// Width of outside cards on the left and on the right.
    pub left: f64,
    pub right: f64,
    /// Height of the outside cards on the left and on the right, if they stand in rows as wide as the page.
    rows: [f64; 2],
    /// True if crossings are counted, except in huge pictures.
    counted: bool,
    aim: Aim,
}

impl Page {
    pub fn of(book: &Book<'_>) -> Page {
        let widest = |wanted: Place| {
            let all = book.scene.places.iter().zip(book.cards).filter(|(p, _)| **p == wanted);
            all.map(|(_, c)| c.width).fold(0.0, f64::max)
        };
        let nodes = book.graph.nodes().len();
        let Room { wanted: room, most, aim } = room(book);
        let (left, right) = (widest(Place::Left), widest(Place::Right));
        let rows = [Place::Left, Place::Right].map(|wanted| {
            let all = book.scene.places.iter().zip(book.cards).filter(|(p, _)| **p == wanted);
            let area: f64 = all.map(|(_, c)| c.width * (c.height() + 40.0)).sum();
            if area == 0.0 { 0.0 } else { 40.0 + area / room }
        });
        Page { room, most, left, right, rows, counted: nodes <= MANY, aim }
    }

    /// The width beside the columns.
    pub fn beside(&self, outside: Outside) -> f64 {
        let sides = [(Place::Left, self.left), (Place::Right, self.right)].into_iter().filter(|(_, w)| *w > 0.0);
        sides.map(|(p, w)| GUTTER + if outside.in_rows(p) { 0.0 } else { w + 8.0 }).sum()
    }

    /// Width and height of a plan, without lines.
    pub fn extent(&self, plan: &Plan) -> (f64, f64) {
        let mut height = 0.0f64;
        for groups in &plan.columns {
            height = height.max(groups.iter().map(|&g| plan.frames[g].height + 18.0).sum());
        }
        let width = plan.content() + GUTTER * plan.columns.len().saturating_sub(1) as f64;
        let sides = [Place::Left, Place::Right].into_iter().zip(self.rows);
        let rows: f64 = sides.filter(|(p, _)| plan.ways.outside.in_rows(*p)).map(|(_, h)| h).sum();
        (width + self.beside(plan.ways.outside), height + rows)
    }

    /// What is minimised: the size the picture needs on a page of the wanted shape, in user units, and a little for
    /// long, backward and crossing ways.
    pub fn score(&self, book: &Book<'_>, routed: &Routed) -> f64 {
        let crossings = if self.counted {
            crossing::count(routed.paths.iter().map(|((net, _), line)| (*net, line.as_slice())))
        } else {
            0
        };
        self.size(routed.width, routed.height)
            + 0.04 * routed.length
            + 120.0 * routed.backward as f64
            + 30.0 * routed.turns as f64
            + 10.0 * crossings as f64
            + 25.0 * foreign(book, routed) as f64
    }

    /// The size that a picture needs on a page of the wanted shape, more if its texts become too small to read where it
    /// is shown, and for shapes that no page has.
    pub fn size(&self, width: f64, height: f64) -> f64 {
        let (w, h) = (width.max(1.0), height.max(1.0));
        if self.aim == Aim::Low {
            return (h * ASPECT + LOW * w) * (1.0 + beyond(w / self.most, 0.1, 4.0).min(4.0));
        }
        let shown = w.max(h * ASPECT);
        let area = (w * h * ASPECT).sqrt();
        let aspect = (w + FURNITURE.0) / (h + FURNITURE.1);
        let odd = if aspect > WIDE {
            (aspect / WIDE - 1.0) * 0.5
        } else {
            // The legend of a narrow picture takes more lines.
            let more = LEGEND_LINE * (LEGEND / w).floor().min(3.0);
            let least = (w + FURNITURE.0) / (h + FURNITURE.1 + more);
            beyond(HIGH / aspect, 0.0, 1.0) + beyond(HIGHEST / aspect, 0.15, 3.0) + beyond(0.7 / least, 0.3, 3.0)
        };
        let small = beyond(w / self.room, 0.03, 1.0) + beyond(w / self.most, 0.15, 3.0);
        (0.6 * shown + 0.4 * area) * (1.0 + odd.min(4.0) + small.min(4.0))
    }
}

/// What it costs that a ratio is above 1: at once, and by how much it is.
fn beyond(ratio: f64, once: f64, each: f64) -> f64 {
    if ratio > 1.0 { once + each * (ratio - 1.0) } else { 0.0 }
}

/// The widest that a picture of so many objects shall be and may be: shown 1,000 pixels wide, the smallest texts are to
/// be 12 pixels high up to 15 objects, 10 at 50 and 6 at 130, and as much as can be between these.
pub(super) fn room(book: &Book<'_>) -> Room {
    if let Some(given) = book.room {
        return given;
    }
    let nodes = book.graph.nodes().len();
    let n = nodes as f64;
    let (wanted, least) = match nodes {
        0..=15 => (12.1, 12.1),
        16..=50 => (12.1 - 1.9 * (n - 15.0) / 35.0, 12.1 - 2.0 * (n - 15.0) / 35.0),
        51..=90 => (10.1 - 4.0 * (n - 50.0) / 80.0, 10.1 - 4.0 * (n - 50.0) / 40.0),
        91..=130 => (10.1 - 4.0 * (n - 50.0) / 80.0, 6.05),
        _ => (6.1 * (130.0 / n).sqrt(), 6.1 * (130.0 / n).sqrt()),
    };
    let width = |pixels: f64| 1_000.0 * TextRole::Label.size() / pixels - FURNITURE.0;
    Room { wanted: width(wanted), most: width(least), aim: Aim::Page }
}

/// Width of what stands beside the frames, if it does.
pub(super) fn beside(book: &Book<'_>) -> f64 {
    Page::of(book).beside(Outside::Beside)
}

/// The number of crossings between frames of lines from different outside cards: each may be misread as a
/// connection.
fn foreign(book: &Book<'_>, routed: &Routed) -> usize {
    let exposes = |net: usize| {
        let first = book.scene.nets[net].edges.first();
        first.is_some_and(|&e| book.graph.edge(e).2.kind() == EdgeKind::Exposes)
    };
    let lines = routed.paths.iter().filter(|((net, _), _)| exposes(*net));
    crossing::count(lines.map(|((net, _), line)| (*net, line.as_slice())))
}
