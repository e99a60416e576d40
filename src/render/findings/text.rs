//! Findings in words: every one that counts with the lines that it is about, and what they come to.

use super::{FindingsReport, summary};
use crate::inert::printable;
use crate::render::problem::{Paint, problem};
use crate::source::template_of;

/// Plain text that ends in a line break.
pub(super) fn text(report: &FindingsReport<'_>) -> String {
    let mut text = String::new();
    for finding in report.judgement.counting() {
        let notes = notes(report, finding);
        text.push_str(&problem(&finding.diagnostic, &notes, report.sources, Paint::Plain));
        text.push_str("\n\n");
    }
    for fixed in fixed(report) {
        text.push_str(&fixed);
        text.push('\n');
    }
    text + &summary(report)
}

/// What else there is to say about a finding.
pub(super) fn notes(report: &FindingsReport<'_>, finding: &crate::check::Finding) -> Vec<String> {
    let template = finding.diagnostic.at.and_then(|at| template_of(report.sources, at));
    template.map(|t| format!("made of the template {t}")).into_iter().collect()
}

/// A line for each finding that the baseline knows and that is there no more.
pub(super) fn fixed(report: &FindingsReport<'_>) -> Vec<String> {
    let lines = report.judgement.fixed.iter().map(|known| {
        let message = printable(&known.message);
        format!("fixed since the baseline: {}: {message}", printable(&known.code))
    });
    lines.collect()
}
