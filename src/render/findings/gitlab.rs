//! Findings as a code quality report of GitLab
//! (<https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>).

use serde::Serialize;

use super::{FindingsReport, place::place};
use crate::diagnostic::Severity;
use crate::inert;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Pretty-printed JSON that ends in a line break: the findings that count. What is about a file as a whole is
/// reported at its first line, for GitLab asks for one.
pub(super) fn gitlab(report: &FindingsReport<'_>) -> String {
    let counting = report.judgement.findings.iter().filter(|j| j.counts());
    let issues: Vec<Issue<'_>> = counting
        .map(|judged| {
            let diagnostic = &judged.finding.diagnostic;
            let place = diagnostic.at.map(|at| place(report, at));
            let line = place.as_ref().and_then(|p| p.region).map_or(1, |r| r.line);
            let help = diagnostic.help.as_ref().map_or(String::new(), |h| format!(": {h}"));
            Issue {
                description: format!("{}{help}", diagnostic.message),
                check_name: diagnostic.code.as_str(),
                fingerprint: &judged.fingerprint,
                severity: match diagnostic.severity {
                    Severity::Error => "critical",
                    Severity::Warning => "minor",
                    Severity::Info => "info",
                },
                location: Location { path: place.map_or(".".to_owned(), |p| p.file), lines: Lines { begin: line } },
            }
        })
        .collect();
    // Writing plain structs with string keys into memory cannot fail.
    inert::json_document(&issues)
}
