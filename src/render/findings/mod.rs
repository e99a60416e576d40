//! Findings as words and as data for other tools. One file for each format.

mod json;

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::check::Finding;
use crate::diagnostic::Severity;
use crate::source::Sources;

/// A form that findings can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingsFormat {
    /// Data of this program's own shape.
    Json,
}

/// The text names no format of findings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of findings; there is {1}")]
pub struct UnknownFindingsFormat(String, String);

impl FindingsFormat {
    /// Every format.
    pub const ALL: &[FindingsFormat] = &[FindingsFormat::Json];

    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingsFormat::Json => "json",
        }
    }

    /// The format of files with this extension (without the dot, in any case); `None` if there is none.
    pub fn from_extension(extension: &str) -> Option<FindingsFormat> {
        extension.to_ascii_lowercase().parse().ok()
    }
}

impl FromStr for FindingsFormat {
    type Err = UnknownFindingsFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = FindingsFormat::ALL.iter().copied().find(|f| f.as_str() == text);
        known.ok_or_else(|| {
            let names: Vec<&str> = FindingsFormat::ALL.iter().map(|f| f.as_str()).collect();
            UnknownFindingsFormat(text.to_owned(), names.join(", "))
        })
    }
}

/// Findings in a format. Ends in a line break.
pub fn findings(findings: &[Finding], sources: &Sources, format: FindingsFormat) -> String {
    match format {
        FindingsFormat::Json => json::json(findings, sources),
    }
}

/// `2 errors, 1 warning`; `nothing found`. Ends in a line break.
pub fn findings_summary(findings: &[Finding]) -> String {
    let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.diagnostic.severity).or_default() += 1;
    }
    let word = |severity: Severity, count: usize| match (severity, count) {
        (Severity::Info, 1) => "1 remark".to_owned(),
        (Severity::Info, n) => format!("{n} remarks"),
        (severity, 1) => format!("1 {}", severity.as_str()),
        (severity, n) => format!("{n} {}s", severity.as_str()),
    };
    let words: Vec<String> = counts.into_iter().map(|(severity, count)| word(severity, count)).collect();
    if words.is_empty() {
        "nothing found\n".into()
    } else {
        format!("{}\n", words.join(", "))
    }
}
