//! What PNG and PDF have in common: the SVG picture, read once more with its text set in the fonts that the program
//! carries.
//!
//! No font of the system is ever read, so the result is the same on every machine. The fonts are DejaVu Sans and its
//! bold, the ones the layout measures, with every character below U+2E80 that they have. A character that neither has
//! (Chinese, emoji) is drawn as a box; the layout left it at least as much room. Marks without a width of their own
//! that neither has are left out, for their boxes would run into their neighbors.

use std::sync::Arc;

use skrifa::{FontRef, MetadataProvider};
use unicode_width::UnicodeWidthChar;
use usvg::fontdb::{Database, Source};

use crate::graph::Graph;
use crate::layout::Layout;

use super::theme::Theme;
use super::{PictureOptions, PrintError, svg};

/// The fonts: regular and bold. docs/decisions says how they were made.
pub(super) const FONTS: [&[u8]; 2] =
    [include_bytes!("fonts/DejaVuSans.ttf"), include_bytes!("fonts/DejaVuSans-Bold.ttf")];
/// The name of their family.
const FAMILY: &str = "DejaVu Sans";

/// The theme that paper has: where nobody can be asked what they prefer, it is light.
pub(super) fn theme(options: &PictureOptions) -> Theme {
    match options.theme {
        Theme::Auto => Theme::Light,
        other => other,
    }
}

/// The picture as shapes and glyphs in their places.
pub(super) fn tree(layout: &Layout, graph: &Graph, options: &PictureOptions) -> Result<usvg::Tree, PrintError> {
    let options = PictureOptions { theme: theme(options), ..options.clone() };
    let text = without_lost_marks(svg(layout, graph, &options))?;
    let mut fonts = Database::new();
    for font in FONTS {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    // Text whose family is unknown would vanish without a word.
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    fonts.set_cursive_family(FAMILY);
    fonts.set_fantasy_family(FAMILY);
    let settings = usvg::Options {
        font_family: FAMILY.to_owned(),
        fontdb: Arc::new(fonts),
        // Nothing outside the text is ever read.
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    usvg::Tree::from_str(&text, &settings).map_err(|e| PrintError::Library(e.to_string()))
}

/// The text without characters that have no width and are in no font. Markup is ASCII and stays as it is.
fn without_lost_marks(text: String) -> Result<String, PrintError> {
    if text.is_ascii() {
        return Ok(text);
    }
    let mut maps = Vec::new();
    for font in FONTS {
        let font = FontRef::new(font).map_err(|e| PrintError::Library(e.to_string()))?;
        maps.push(font.charmap());
    }
    let lost = |c: char| !c.is_ascii() && c.width() == Some(0) && maps.iter().all(|m| m.map(c).is_none());
    Ok(text.chars().filter(|c| !lost(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_no_font_has_are_left_out_and_letters_stay() {
        // A Thai vowel sign, a variation selector; an accent that DejaVu has; letters it lacks.
        let text = "<a>\u{e01}\u{e34}x\u{fe0f}e\u{301} 漢字 🎉</a>".to_owned();
        assert_eq!(without_lost_marks(text).unwrap(), "<a>\u{e01}xe\u{301} 漢字 🎉</a>");
    }
}
