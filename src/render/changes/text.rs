//! A difference as words for a terminal.

use super::Changes;
use crate::inert::shown;

/// Verdict, then section by section, an item a line with its reasons below it. Ends in a line break.
pub fn changes_text(changes: &Changes<'_>) -> String {
    let mut out = format!("{} → {}: {}\n", shown(changes.names()[0]), shown(changes.names()[1]), changes.verdict());
    for section in &changes.diff.sections {
        out.push_str(&format!("\n{}\n", section.topic.title()));
        for item in &section.items {
            out.push_str(&format!("  {} {}\n", item.sign, shown(&item.text)));
            for (text, place) in &item.because {
                let line = match (text.as_str(), place.as_str()) {
                    (text, "") => text.to_owned(),
                    ("", place) => place.to_owned(),
                    (text, place) => format!("{text} ({place})"),
                };
                out.push_str(&format!("      {}\n", shown(&line)));
            }
        }
    }
    out
}
