//! Styles of cells in files for diagrams.net: keys and values of this crate, never of the input.

use crate::layout::{Point, Rect, TextRole};

use super::svg::FONTS;
use super::theme::{Paint, Theme};
use super::xml::number;

/// The keys that fasten an end of a line to a place of a card.
pub(super) struct End {
    x: &'static str,
    y: &'static str,
    dx: &'static str,
    dy: &'static str,
    perimeter: &'static str,
}

pub(super) const EXIT: End = End { x: "exitX", y: "exitY", dx: "exitDx", dy: "exitDy", perimeter: "exitPerimeter" };
pub(super) const ENTRY: End =
    End { x: "entryX", y: "entryY", dx: "entryDx", dy: "entryDy", perimeter: "entryPerimeter" };

/// A box with round corners.
pub(super) fn rounded(radius: f64) -> Style {
    let mut style = Style::new("rounded=1");
    style.word("html", "0").word("absoluteArcSize", "1").num("arcSize", 2.0 * radius);
    style
}

/// A style: keys and values of this crate, never of the input.
pub(super) struct Style {
    pub(super) text: String,
}

impl Style {
    pub(super) fn new(first: &'static str) -> Style {
        Style { text: format!("{first};") }
    }

    pub(super) fn word(&mut self, key: &'static str, value: &str) -> &mut Style {
        self.text.extend([key, "=", value, ";"]);
        self
    }

    pub(super) fn num(&mut self, key: &'static str, value: f64) -> &mut Style {
        self.text.extend([key, "="]);
        number(&mut self.text, value);
        self.text.push(';');
        self
    }

    pub(super) fn paint(&mut self, key: &'static str, paint: Paint, theme: Theme) -> &mut Style {
        self.word(key, paint.color(theme))
    }

    pub(super) fn font(&mut self, role: TextRole, paint: Paint, theme: Theme) -> &mut Style {
        self.word("fontFamily", FONTS).num("fontSize", role.size());
        self.word("fontStyle", if role.bold() { "1" } else { "0" }).paint("fontColor", paint, theme)
    }

    pub(super) fn dashes(&mut self, dash: Option<&'static str>) -> &mut Style {
        match dash {
            Some(dash) => self.word("dashed", "1").word("fixDash", "1").word("dashPattern", dash),
            None => self,
        }
    }

    /// Fastens an end of a line to the nearer corner of a card, so that it keeps its place when the card grows.
    pub(super) fn end(&mut self, end: End, rect: Rect, at: Point) -> &mut Style {
        for (key, shift, low, high, at) in
            [(end.x, end.dx, rect.x, rect.right(), at.x), (end.y, end.dy, rect.y, rect.bottom(), at.y)]
        {
            let far = at - low > high - at;
            self.word(key, if far { "1" } else { "0" });
            self.num(shift, if far { at - high } else { at - low });
        }
        self.word(end.perimeter, "0")
    }
}
