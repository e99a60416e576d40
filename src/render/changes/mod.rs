//! How two states differ, in words and as data. One file for each format; what there is to say, and in which order, the
//! `diff` room has decided.

mod groups;
mod json;
mod markdown;
mod page;
mod text;

use std::str::FromStr;

use crate::diff::{Diff, Gate, Item, Revision, Section, Topic};
use crate::net::{UnknownName, choice};

pub use json::{PairList, changes_json};
pub use markdown::{COMMENT_CHARS, CommentOptions, changes_markdown, comment_note, comment_start};
pub use page::{ChangesPage, changes_page};
pub use text::changes_text;

/// A difference, with the states it is between.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// How they differ.
    pub diff: &'a Diff,
    /// The old state.
    pub old: &'a Revision,
    /// The new state.
    pub new: &'a Revision,
}

impl Changes<'_> {
    /// What the states are called: paths or revisions.
    pub fn names(&self) -> [&str; 2] {
        [&self.old.name, &self.new.name]
    }

    /// What it comes to, in a sentence without its end.
    pub fn verdict(&self) -> String {
        verdict(&self.diff.sections)
    }
}

/// A form that a difference can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum ChangesFormat {
    /// Words for a terminal.
    Text,
    /// Words for a comment on a pull request.
    #[strum(serialize = "md")]
    Markdown,
    /// Data.
    Json,
    /// A picture of both states in one.
    Svg,
    /// A page with the picture, before, after and both.
    Html,
    /// A graph for Mermaid.
    Mermaid,
    /// The picture as a bitmap.
    Png,
    /// The picture as a page for printing.
    Pdf,
    /// The picture, to edit in diagrams.net.
    Drawio,
    /// A graph for D2.
    D2,
    /// A graph for Graphviz.
    Dot,
}

impl ChangesFormat {
    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it is made of a layout.
    pub fn is_picture(self) -> bool {
        matches!(
            self,
            ChangesFormat::Svg | ChangesFormat::Html | ChangesFormat::Png | ChangesFormat::Pdf | ChangesFormat::Drawio
        )
    }

    /// Whether it is something that a terminal cannot show.
    pub fn is_binary(self) -> bool {
        matches!(self, ChangesFormat::Png | ChangesFormat::Pdf)
    }

    /// The format of files with this extension (without the dot, in any case); `None` if there is none.
    pub fn from_extension(extension: &str) -> Option<ChangesFormat> {
        let extension = extension.to_ascii_lowercase();
        let name = match extension.as_str() {
            "txt" => "text",
            "markdown" => "md",
            "htm" => "html",
            "mmd" => "mermaid",
            "gv" => "dot",
            other => other,
        };
        name.parse().ok()
    }
}

impl FromStr for ChangesFormat {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("format of differences", text)
    }
}

/// `2 newly reached from outside, 3 newly allowed, 1 newly blocked; 4 objects added, 1 changed`; or that nothing
/// differs.
fn verdict(sections: &[Section]) -> String {
    if sections.is_empty() {
        return "no difference".to_owned();
    }
    let of = |topic: Topic| sections.iter().filter(move |s| s.topic == topic).flat_map(|s| &s.items);
    let count = |topic: Topic, wanted: fn(&Item) -> bool| of(topic).filter(|i| wanted(i)).count();
    let (new, fixed) = (count(Topic::Problems, |i| i.sign == "+"), count(Topic::Problems, |i| i.sign == "−"));
    let moved = count(Topic::Exposure, |i| i.sign == "~" && i.gate.is_none());
    let grave = [
        (count(Topic::Unreadable, |_| true), "could not be read"),
        (count(Topic::Unjudged, |_| true), "cannot be determined"),
        (count(Topic::Exposure, |i| i.gate == Some(Gate::Exposure)), "newly reached from outside"),
        (count(Topic::Exposure, |i| i.sign == "−"), "no longer reached from outside"),
        (
            count(Topic::Exposure, |i| i.sign == "+" && i.gate.is_none()),
            "opened to the outside and kept shut by policies",
        ),
        (moved, if moved == 1 { "way from outside changed" } else { "ways from outside changed" }),
        (count(Topic::Allowed, |_| true), "newly allowed"),
        (count(Topic::Blocked, |_| true), "newly blocked"),
        (count(Topic::Isolation, |i| i.gate.is_some()), "less isolated"),
        (count(Topic::Isolation, |i| i.gate.is_none()), "more isolated"),
        (new, if new == 1 { "new problem" } else { "new problems" }),
        (fixed, if fixed == 1 { "problem fixed" } else { "problems fixed" }),
    ];
    let objects = [("+", "added"), ("−", "removed"), ("~", "changed")]
        .map(|(sign, word)| (of(Topic::Objects).filter(|i| i.sign == sign).count(), word));
    let grave: Vec<String> = grave.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let objects = objects.iter().filter(|(n, _)| *n > 0).enumerate();
    let objects: Vec<String> = objects
        .map(|(place, (n, word))| match (place, n) {
            (0, 1) => format!("1 object {word}"),
            (0, n) => format!("{n} objects {word}"),
            (_, n) => format!("{n} {word}"),
        })
        .collect();
    let reach = if grave.is_empty() { "nothing changes in what can reach what".to_owned() } else { grave.join(", ") };
    let parts = [reach, objects.join(", ")];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("; ")
}
