//! The page for a picture: the allowed size, and what a shape costs.

use super::super::TextRole;

/// The aspect ratio aimed at: that of a page or slide.
const ASPECT: f64 = 1.5;
/// Wider and higher shapes than these are avoided.
const WIDE: f64 = 2.2;
const HIGH: f64 = 0.82;
const HIGHEST: f64 = 0.74;
/// A picture narrower than this share of the page is as good as one that wide.
const ROOM: f64 = 0.97;
/// Width and height of the margins, with the legend.
const FURNITURE: (f64, f64) = (16.0, 46.0);

/// The page.
#[derive(Clone, Copy, Debug)]
pub(in crate::layout) struct Page {
    /// The widest that the picture shall be, in user units.
    pub wanted: f64,
    /// The widest that it may be.
    pub most: f64,
}

impl Page {
    /// The widest that a picture of so many objects shall be and may be: shown 1,000 pixels wide, the smallest texts
    /// are to be 12 pixels high up to 15 objects, 10 at 50 and 6 at 130, and as much as can be between these.
    pub fn of(nodes: usize) -> Page {
        let n = nodes as f64;
        let (wanted, least) = match nodes {
            0..=15 => (12.1, 12.1),
            16..=50 => (12.1 - 1.9 * (n - 15.0) / 35.0, 12.1 - 2.0 * (n - 15.0) / 35.0),
            51..=90 => (10.1 - 4.0 * (n - 50.0) / 80.0, 10.1 - 4.0 * (n - 50.0) / 40.0),
            91..=130 => (10.1 - 4.0 * (n - 50.0) / 80.0, 6.05),
            _ => (6.1 * (130.0 / n).sqrt(), 6.1 * (130.0 / n).sqrt()),
        };
        let width = |pixels: f64| 1_000.0 * TextRole::Label.size() / pixels - FURNITURE.0;
        Page { wanted: width(wanted), most: width(least) }
    }

    /// A page of a part of the width.
    pub fn narrower(self, part: f64) -> Page {
        Page { wanted: self.wanted * part, most: self.most * part }
    }

    /// The size that a picture needs on a page of the wanted shape, more if its texts become too small to read where it
    /// is shown, and for shapes that no page has.
    pub fn size(&self, width: f64, height: f64) -> f64 {
        let (w, h) = (width.max(ROOM * self.wanted), height.max(1.0));
        let shown = w.max(h * ASPECT);
        let area = (w * h * ASPECT).sqrt();
        let aspect = (width + FURNITURE.0) / (h + FURNITURE.1);
        let odd = if aspect > WIDE {
            (aspect / WIDE - 1.0) * 0.5
        } else {
            beyond(HIGH / aspect, 0.0, 1.0) + beyond(HIGHEST / aspect, 0.15, 3.0)
        };
        let small = beyond(w / self.wanted, 0.03, 1.0) + beyond(w / self.most, 0.15, 3.0);
        (0.6 * shown + 0.4 * area) * (1.0 + odd.min(4.0) + small.min(4.0))
    }
}

/// What it costs that a ratio is above 1: at once, and by how much it is.
fn beyond(ratio: f64, once: f64, each: f64) -> f64 {
    if ratio > 1.0 { once + each * (ratio - 1.0) } else { 0.0 }
}
