//! Findings as workflow commands of GitHub Actions, which shows them beside the lines of a change
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>). It shows ten of each level
//! for a step.

use super::{FindingsReport, place::place};
use crate::diagnostic::Severity;
use crate::inert::{shown, steers};

/// One line for each finding that counts; nothing if there is none.
pub(super) fn github(report: &FindingsReport<'_>) -> String {
    let mut lines = String::new();
    for finding in report.judgement.counting() {
        let diagnostic = &finding.diagnostic;
        lines.push_str(match diagnostic.severity {
            Severity::Error => "::error ",
            Severity::Warning => "::warning ",
            Severity::Info => "::notice ",
        });
        if let Some(at) = diagnostic.at {
            let place = place(report, at);
            lines.push_str(&format!("file={},", property(&name(&place.file))));
            if let Some(region) = place.region {
                lines.push_str(&format!("line={},col={},", region.line, region.column));
                if let Some(end) = region.end_column {
                    lines.push_str(&format!("endColumn={end},"));
                }
            }
        }
        let help = diagnostic.help.as_ref().map_or(String::new(), |h| format!("\n{}", shown(h)));
        let message = format!("{}{help}", shown(&diagnostic.message));
        lines.push_str(&format!("title={}::{}\n", property(diagnostic.code.as_str()), data(&message)));
    }
    lines
}

/// The name of a file, in which line breaks, which are escaped, are its own.
fn name(file: &str) -> String {
    file.chars().map(|c| if steers(c) && !matches!(c, '\n' | '\r') { '\u{fffd}' } else { c }).collect()
}

/// Text after the second `::`, as the runner reads it: line breaks and the sign that escapes are escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, in which `:` and `,` mean something too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_neither_the_value_nor_the_line() {
        assert_eq!(property("a,line=9::x\n::error ::y%"), "a%2Cline=9%3A%3Ax%0A%3A%3Aerror %3A%3Ay%25");
        assert_eq!(data("a\r\n::set-env::%"), "a%0D%0A::set-env::%25");
    }
}
