//! Pictures, pages and data made of a graph. One file per format; nothing here decides where a thing stands: that is
//! the layout's.
//!
//! Every function is pure and gives the same bytes for the same input: no time, no version, no order that depends on
//! hashing.

#[cfg(feature = "cli")]
mod brief;
mod calls;
mod changed;
mod changes;
mod connections;
mod d2;
mod dot;
mod drawio;
mod drawio_style;
mod entries;
mod explore;
mod findings;
mod footnotes;
mod glyphs;
mod head;
mod html;
mod ids;
mod isolation;
mod json;
mod kinds;
mod live;
mod mermaid;
mod mermaid_text;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "png")]
mod png;
mod policies;
#[cfg(feature = "print")]
mod print;
mod printed;
mod problem;
mod report;
mod script;
mod strokes;
mod svg;
mod table;
mod tables;
mod theme;
#[cfg(feature = "cli")]
mod units;
mod ways;
mod words;
mod xml;

use std::str::FromStr;

use crate::net::{UnknownName, choice};

#[cfg(feature = "cli")]
pub(crate) use brief::brief;
pub use changes::{
    COMMENT_CHARS, Changes, ChangesFormat, ChangesPage, CommentOptions, PairList, changes_json, changes_markdown,
    changes_page, changes_text, comment_note, comment_start,
};
pub use connections::{ConnectionsJson, ConnectionsTable, connections_json, connections_table};
pub use d2::d2;
pub use dot::dot;
pub use drawio::drawio;
pub use explore::{ObjectTexts, Verdicts};
pub use findings::{FindingsFormat, FindingsReport, code_page, finding, findings, findings_summary, rules_page};
pub use footnotes::{connection_footnotes, footnotes};
pub use html::{Page, PageLink, page};
pub use isolation::{isolation_json, isolation_table};
pub use json::json;
pub use kinds::kinds_page;
pub use live::{PageSetting, versioned};
pub use mermaid::{MAX_CHARS, MAX_EDGES, mermaid};
#[cfg(feature = "pdf")]
pub use pdf::pdf;
#[cfg(feature = "png")]
pub use png::png;
pub use policies::{policies_json, policies_table};
#[cfg(not(feature = "pdf"))]
pub use printed::pdf;
#[cfg(not(feature = "png"))]
pub use printed::png;
pub use printed::{MAX_PIXELS, MAX_SIDE, PixelScale, PrintError};
pub use problem::Paint;
#[cfg(feature = "cli")]
pub(crate) use problem::problem;
pub use report::Report;
pub use svg::svg;
pub use table::{Table, TableFormat, table};
pub use theme::Theme;
#[cfg(feature = "cli")]
pub use units::{UnitFacts, UnitRow, units_page};
pub use ways::{exposure_json, exposure_table, routes_json, routes_table};
#[cfg(feature = "cli")]
pub(crate) use words::description;

/// The JSON Schema of what `json` writes.
pub const SCHEMA: &str = include_str!("../../docs/schema.json");

/// A form that output can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// A picture for documents and browsers.
    Svg,
    /// A page with the picture and its tables.
    Html,
    /// A picture as a bitmap.
    Png,
    /// A picture as a page for printing.
    Pdf,
    /// A picture to edit in diagrams.net.
    Drawio,
    /// A graph for Mermaid, as many documentation tools draw it.
    Mermaid,
    /// A graph for D2.
    D2,
    /// A graph for Graphviz.
    Dot,
    /// The graph as data.
    Json,
}

impl Format {
    /// The name of the format, which is also a file extension for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it is made of a layout, or of the graph alone.
    pub fn is_picture(self) -> bool {
        match self {
            Format::Svg | Format::Html | Format::Png | Format::Pdf | Format::Drawio => true,
            Format::Mermaid | Format::D2 | Format::Dot | Format::Json => false,
        }
    }

    /// Whether it is something that a terminal cannot show.
    pub fn is_binary(self) -> bool {
        matches!(self, Format::Png | Format::Pdf)
    }

    /// The format of files with this extension (without the dot, in any case); `None` if there is none.
    pub fn from_extension(extension: &str) -> Option<Format> {
        let extension = extension.to_ascii_lowercase();
        let name = match extension.as_str() {
            "htm" => "html",
            "mmd" => "mermaid",
            "gv" => "dot",
            other => other,
        };
        name.parse().ok()
    }
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("output format", text)
    }
}

/// How a picture is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PictureOptions {
    /// Its colors.
    pub theme: Theme,
    /// What it is called where the layout has no heading: the accessible name of the picture and the heading of a page.
    pub title: Option<String>,
    /// What every id in the picture starts with. `None` derives it from the title and the namespaces, so that two
    /// pictures in one page rarely share an id and a picture keeps its ids when an object is added. Characters that an
    /// id should not have are left out.
    pub id_prefix: Option<String>,
    /// The CSS selector of what is around a picture of [`Theme::Auto`] that is dark, in a page that has such a setting
    /// of its own; `None` asks the reader's system.
    pub dark_under: Option<String>,
    /// Where a page is read.
    pub setting: PageSetting,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_name_and_extension() {
        for format in <Format as strum::VariantArray>::VARIANTS {
            assert_eq!(format.as_str().parse(), Ok(*format));
            assert_eq!(Format::from_extension(format.as_str()), Some(*format));
        }
        assert_eq!(Format::from_extension("HTM"), Some(Format::Html));
        assert_eq!(Format::from_extension("gv"), Some(Format::Dot));
        assert_eq!(Format::from_extension("exe"), None);
        assert!("bmp".parse::<Format>().unwrap_err().to_string().contains("`bmp`"));
    }
}
