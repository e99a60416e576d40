//! The title of a frame, measured once for all the arrangements that are tried.

use super::super::TextRole;
use super::metrics::text_width;
use super::wrap::wrap;

const LINE: f64 = 15.0;
const TOP: f64 = 7.0;
const BOTTOM: f64 = 8.0;
const LINES: usize = 3;
/// A longer title wraps before it widens its frame.
const WIDENS: f64 = 220.0;

/// Left end of the title, right of the left border of the frame.
pub(in crate::layout) const TITLE_X: f64 = 10.0;

/// Baseline of a line of the title, below the top of the frame.
pub(in crate::layout) fn title_baseline(line: usize) -> f64 {
    TOP + 11.0 + LINE * line as f64
}

/// The height of a title with this number of lines, with the space around it.
pub(in crate::layout) fn title_height(lines: usize) -> f64 {
    TOP + LINE * lines as f64 + BOTTOM
}

/// A name with its width in user units.
#[derive(Clone, Debug)]
pub(in crate::layout) struct Title {
    name: String,
    width: f64,
}

impl Title {
    /// Measures a name.
    pub fn new(name: &str) -> Self {
        // As it stands on one line.
        let name = wrap(name, TextRole::Frame, f64::INFINITY, 1).concat();
        Title { width: text_width(&name, TextRole::Frame), name }
    }

    /// The width of a frame that has room for it: a long one may widen its frame a little.
    pub fn least(&self) -> f64 {
        self.width.min(WIDENS) + 2.0 * TITLE_X
    }

    /// Its lines in a frame of a width, and the width of the frame that they need.
    pub fn lines(&self, width: f64) -> (Vec<String>, f64) {
        if self.width <= width - 2.0 * TITLE_X {
            return (vec![self.name.clone()], self.width + 2.0 * TITLE_X);
        }
        let lines = wrap(&self.name, TextRole::Frame, width - 2.0 * TITLE_X, LINES);
        let widest = lines.iter().map(|l| text_width(l, TextRole::Frame)).fold(0.0, f64::max);
        (lines, widest + 2.0 * TITLE_X)
    }
}
