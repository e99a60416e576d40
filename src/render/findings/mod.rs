//! Findings as words and as data for other tools. One file for each format.

mod github;
mod gitlab;
mod json;
mod junit;
mod page;
mod place;
mod sarif;
mod text;

use std::collections::BTreeSet;
use std::str::FromStr;

pub use page::{code_page, rules_page};

use super::problem::{Paint, problem};
use crate::check::{Finding, Judgement};
use crate::diagnostic::{Code, Severity};
use crate::net::{UnknownName, choice};
use crate::source::Sources;

/// What is reported.
#[derive(Clone, Copy, Debug)]
pub struct FindingsReport<'a> {
    /// The findings and what was decided about them.
    pub judgement: &'a Judgement,
    /// The texts that they are about.
    pub sources: &'a Sources,
    /// Which kinds were looked for; `None` for all.
    pub looked_for: Option<&'a BTreeSet<Code>>,
    /// From which severity on the run fails; `None` if it never does.
    pub gate: Option<Severity>,
    /// The folder that paths are relative to, for programs that know files by their paths in a repository: names that
    /// begin with it are given without it. May be empty.
    pub base: &'a str,
}

/// A form that findings can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum FindingsFormat {
    /// Words, with the lines that findings are about.
    Text,
    /// Data of this program's own shape.
    Json,
    /// Data for code scanning, such as GitHub's.
    Sarif,
    /// Results of tests, for almost every CI system.
    Junit,
    /// Annotations in GitHub's workflows.
    Github,
    /// A code quality report for GitLab.
    Gitlab,
}

impl FindingsFormat {
    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The format of files with this extension (without the dot, in any case); `None` if there is none.
    pub fn from_extension(extension: &str) -> Option<FindingsFormat> {
        match extension.to_ascii_lowercase().as_str() {
            "txt" => Some(FindingsFormat::Text),
            "json" => Some(FindingsFormat::Json),
            "sarif" => Some(FindingsFormat::Sarif),
            "xml" => Some(FindingsFormat::Junit),
            _ => None,
        }
    }
}

impl FromStr for FindingsFormat {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("format of findings", text)
    }
}

/// Findings in a format. Ends in a line break, unless there is nothing to say.
pub fn findings(report: &FindingsReport<'_>, format: FindingsFormat) -> String {
    match format {
        FindingsFormat::Text => text::text(report),
        FindingsFormat::Json => json::json(report),
        FindingsFormat::Sarif => sarif::sarif(report),
        FindingsFormat::Junit => junit::junit(report),
        FindingsFormat::Github => github::github(report),
        FindingsFormat::Gitlab => gitlab::gitlab(report),
    }
}

/// One finding with the lines that it is about. Does not end in a line break.
pub fn finding(report: &FindingsReport<'_>, finding: &Finding, paint: Paint) -> String {
    problem(&finding.diagnostic, &text::notes(report, finding), report.sources, paint)
}

/// `2 errors, 1 warning; 3 suppressed`; `nothing found`. Ends in a line break. Before it there is a line for each
/// finding of the baseline that is there no more.
pub fn findings_summary(report: &FindingsReport<'_>) -> String {
    let fixed: String = text::fixed(report).into_iter().map(|line| line + "\n").collect();
    fixed + &summary(report)
}

/// How many findings there are of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    known: usize,
    fixed: usize,
}

impl Counts {
    fn of(judgement: &Judgement) -> Counts {
        let mut counts = Counts { fixed: judgement.fixed.len(), ..Counts::default() };
        for judged in &judgement.findings {
            let count = match (judged.counts(), judged.suppressed(), judged.finding.diagnostic.severity) {
                (true, _, Severity::Error) => &mut counts.errors,
                (true, _, Severity::Warning) => &mut counts.warnings,
                (true, _, Severity::Info) => &mut counts.infos,
                (false, Some(_), _) => &mut counts.suppressed,
                (false, None, _) => &mut counts.known,
            };
            *count += 1;
        }
        counts
    }
}

fn summary(report: &FindingsReport<'_>) -> String {
    let counts = Counts::of(report.judgement);
    let words = |words: &[(usize, &str, &str)]| {
        let some = words.iter().filter(|(count, _, _)| *count > 0);
        let said = some.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
        said.collect::<Vec<_>>().join(", ")
    };
    let found = words(&[
        (counts.errors, "error", "errors"),
        (counts.warnings, "warning", "warnings"),
        (counts.infos, "remark", "remarks"),
    ]);
    let beside = words(&[
        (counts.suppressed, "suppressed", "suppressed"),
        (counts.known, "known", "known"),
        (counts.fixed, "fixed", "fixed"),
    ]);
    let found = if found.is_empty() { "nothing found".to_owned() } else { found };
    match beside.as_str() {
        "" => format!("{found}\n"),
        beside => format!("{found}; {beside}\n"),
    }
}
