//! A difference as a comment on a pull request.
//!
//! The text keeps within a number of characters, for a comment that is too long is refused as a whole (GitHub: 65,536).
//! What does not fit is left out in steps, and the text says so: first the picture, then reasons, then all but the
//! first items of each topic, then everything but their counts.

use super::{Changes, Item};
use crate::inert::{code, prose};
use crate::render::{PictureOptions, mermaid};

/// The most that GitHub takes as a comment, in characters.
pub const COMMENT_CHARS: usize = 65_536;

/// How a comment is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentOptions {
    /// What tells this comment from others of the same tool: it is found again by `<!-- kubesketch:diff:MARKER -->` in
    /// its first line. Letters, digits and `-_.`.
    pub marker: String,
    /// What a part of a comment is about; its first line then says so instead.
    pub part: Option<String>,
    /// The most characters it may have.
    pub max_chars: usize,
    /// How its picture is drawn.
    pub picture: PictureOptions,
}

impl Default for CommentOptions {
    fn default() -> Self {
        CommentOptions {
            marker: "default".into(),
            max_chars: COMMENT_CHARS,
            picture: PictureOptions::default(),
            part: None,
        }
    }
}

/// How much is listed.
#[derive(Clone, Copy, Debug)]
struct Step {
    picture: bool,
    reasons: bool,
    /// How many items of each topic.
    items: usize,
    /// What is said of what was left out.
    note: &'static str,
}

const STEPS: &[Step] = &[
    Step { picture: true, reasons: true, items: usize::MAX, note: "" },
    Step {
        picture: false,
        reasons: true,
        items: usize::MAX,
        note: "The picture is left out: the comment would be too long.",
    },
    Step {
        picture: false,
        reasons: false,
        items: usize::MAX,
        note: "Reasons and the picture are left out: the comment would be too long.",
    },
    Step {
        picture: false,
        reasons: false,
        items: 20,
        note: "Only the first items of each topic are listed, without reasons and picture: the comment would be too long.",
    },
    Step { picture: false, reasons: false, items: 0, note: "Only counts are given: the comment would be too long." },
];

/// The comment. `drawn` is what its picture shows: the union of both states, folded around what changed. Ends in a line
/// break.
pub fn changes_markdown(changes: &Changes<'_>, drawn: &crate::graph::Graph, options: &CommentOptions) -> String {
    let picture = if changes.diff.is_empty() { String::new() } else { mermaid(drawn, &options.picture) };
    let mut text = String::new();
    for step in STEPS {
        text = write(changes, &picture, options, *step);
        if text.chars().count() <= options.max_chars {
            return text;
        }
    }
    // Even the counts do not fit: the first line finds the comment again, and must stay whole.
    let kept: usize = text.char_indices().nth(options.max_chars).map_or(text.len(), |(at, _)| at);
    let whole = text[..kept].rfind('\n').map_or(0, |n| n + 1);
    text.truncate(whole);
    text
}

/// The first line of a comment.
pub fn comment_start(marker: &str) -> String {
    format!("<!-- kubesketch:diff:{marker} -->\n")
}

/// A line of a comment for what was not compared.
pub fn comment_note(text: &str) -> String {
    format!("\n**not compared**: {}\n", prose(text))
}

fn write(changes: &Changes<'_>, picture: &str, options: &CommentOptions, step: Step) -> String {
    let mut out = match &options.part {
        None => comment_start(&options.marker),
        Some(part) => format!("### {}\n\n", prose(part)),
    };
    let verdict = changes.verdict();
    let mut letters = verdict.chars();
    let verdict: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    out.push_str(&format!("**{}**\n", prose(&verdict)));
    let [old, new] = changes.names().map(code);
    out.push_str(&format!("\n{old} → {new}\n"));
    if !step.note.is_empty() {
        out.push_str(&format!("\n_{}_\n", step.note));
    }
    for section in &changes.diff.sections {
        let count = section.items.len();
        let title = format!("{} ({count})", section.topic.title());
        if step.items == 0 {
            out.push_str(&format!("\n- {title}"));
            continue;
        }
        // What a reviewer must see is open; lists of objects are folded.
        let folded = section.topic >= crate::diff::Topic::Problems && count > 3;
        if folded {
            out.push_str(&format!("\n<details><summary>{title}</summary>\n\n"));
        } else {
            out.push_str(&format!("\n#### {title}\n\n"));
        }
        for item in section.items.iter().take(step.items) {
            out.push_str(&line(item, step));
        }
        if count > step.items {
            out.push_str(&format!("- … and {} more\n", count - step.items));
        }
        if folded {
            out.push_str("\n</details>\n");
        }
    }
    if step.items == 0 {
        out.push('\n');
    }
    if step.picture && !picture.is_empty() {
        out.push_str("\n<details><summary>Picture</summary>\n\n```mermaid\n");
        out.push_str(picture);
        out.push_str("```\n\n</details>\n");
    }
    out
}

fn line(item: &Item, step: Step) -> String {
    let mut out = format!("- {} {}\n", code(item.sign), prose(&item.text));
    if step.reasons {
        for (text, place) in &item.because {
            let line = match (text.as_str(), place.as_str()) {
                (text, "") => prose(text),
                ("", place) => code(place),
                (text, place) => format!("{} ({})", prose(text), code(place)),
            };
            out.push_str(&format!("  - {line}\n"));
        }
    }
    out
}
