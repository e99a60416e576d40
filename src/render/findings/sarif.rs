//! Findings for code scanning: SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>),
//! of which only what is needed is here.

use std::collections::BTreeSet;

use serde::Serialize;

use super::FindingsReport;
use super::page::about;
use super::place::place;
use crate::check::{Judged, Standing, rule};
use crate::diagnostic::{Code, Severity};
use crate::inert;
use crate::source::Span;

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invocations: Vec<Invocation>,
    column_kind: &'static str,
    results: Vec<ResultOf>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    rules: Vec<RuleOf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleOf {
    id: &'static str,
    short_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Text>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    descriptor: Descriptor,
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct Descriptor {
    id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOf {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    /// The one that GitHub compares.
    primary_location_line_hash: String,
    #[serde(rename = "kubesketchFinding/v1")]
    own: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<RegionOf>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegionOf {
    start_line: u32,
    start_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
}

/// Pretty-printed JSON that ends in a line break. Problems of the run as a whole, which have no place, are
/// notifications of its invocation.
pub(super) fn sarif(report: &FindingsReport<'_>) -> String {
    let (placed, general): (Vec<&Judged>, Vec<&Judged>) =
        report.judgement.findings.iter().partition(|j| j.finding.diagnostic.at.is_some());
    let codes: BTreeSet<&'static str> = placed.iter().map(|j| j.finding.diagnostic.code.as_str()).collect();
    let codes: Vec<&'static str> = codes.into_iter().collect();
    let any_suppressed = placed.iter().any(|j| !j.counts());
    let results = placed.iter().map(|judged| ResultOf {
        suppressions: any_suppressed.then(|| suppressions(report, judged)),
        ..result(report, judged, &codes)
    });
    let notifications: Vec<Notification> = general.iter().map(|j| notification(j)).collect();
    let invocation = Invocation {
        execution_successful: general.iter().all(|j| j.finding.diagnostic.severity != Severity::Error),
        tool_execution_notifications: notifications,
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            results: results.collect(),
            tool: Tool {
                driver: Driver {
                    name: "kubesketch",
                    rules: codes
                        .iter()
                        .filter_map(|text| Code::ALL.iter().find(|c| c.as_str() == *text))
                        .map(|c| described(*c))
                        .collect(),
                },
            },
            invocations: if general.is_empty() { Vec::new() } else { vec![invocation] },
            column_kind: "unicodeCodePoints",
        }],
    };
    // Writing plain structs with string keys into memory cannot fail.
    inert::json_document(&log)
}

/// A finding; `codes` are those of all findings, ascending.
fn result(report: &FindingsReport<'_>, judged: &Judged, codes: &[&'static str]) -> ResultOf {
    let diagnostic = &judged.finding.diagnostic;
    let code = diagnostic.code.as_str();
    let help = diagnostic.help.as_ref().map_or(String::new(), |h| format!("\n{h}"));
    let related = diagnostic.related.iter().enumerate().map(|(index, related)| Location {
        id: Some(index + 1),
        message: Some(text(&related.text)),
        ..location(report, related.at)
    });
    let about = judged.finding.about.as_ref();
    let object = about.map(|key| Logical { fully_qualified_name: key.to_string(), kind: "resource" });
    ResultOf {
        rule_id: code,
        rule_index: codes.binary_search(&code).unwrap_or_default(),
        level: level(diagnostic.severity),
        message: text(&format!("{}{help}", diagnostic.message)),
        locations: diagnostic.at.iter().map(|at| location(report, *at).of(object.as_ref())).collect(),
        related_locations: related.collect(),
        partial_fingerprints: Fingerprints {
            primary_location_line_hash: format!("{}:1", judged.fingerprint),
            own: judged.fingerprint.clone(),
        },
        suppressions: None,
    }
}

fn described(code: Code) -> RuleOf {
    let known = rule(code);
    let (help, markdown) = match known {
        Some(rule) => (
            rule.about.to_owned(),
            format!("{}\n`kubesketch explain {}` shows an example and a near miss.\n", about(rule), code.as_str()),
        ),
        None => (code.summary().to_owned(), code.summary().to_owned()),
    };
    RuleOf {
        id: code.as_str(),
        short_description: Text { text: code.summary().to_owned() },
        full_description: known.map(|r| Text { text: r.about.to_owned() }),
        help: Help { text: help, markdown },
        default_configuration: Configuration { level: level(code.severity()) },
    }
}

fn notification(judged: &Judged) -> Notification {
    let diagnostic = &judged.finding.diagnostic;
    Notification {
        descriptor: Descriptor { id: diagnostic.code.as_str() },
        level: level(diagnostic.severity),
        message: text(&diagnostic.message),
    }
}

fn suppressions(report: &FindingsReport<'_>, judged: &Judged) -> Vec<Suppression> {
    match &judged.standing {
        Standing::Counts => Vec::new(),
        Standing::Suppressed { at, reason } => vec![Suppression {
            kind: "inSource",
            justification: Some(reason.clone()),
            location: Some(location(report, *at)),
        }],
        Standing::Known => vec![Suppression {
            kind: "external",
            justification: Some("known by the baseline".to_owned()),
            location: None,
        }],
    }
}

fn location(report: &FindingsReport<'_>, at: Span) -> Location {
    let place = place(report, at);
    Location {
        id: None,
        physical_location: Physical {
            artifact_location: Artifact { uri: place.uri() },
            region: place.region.map(|r| RegionOf {
                start_line: r.line,
                start_column: r.column,
                end_column: r.end_column,
            }),
        },
        logical_locations: Vec::new(),
        message: None,
    }
}

impl Location {
    fn of(mut self, object: Option<&Logical>) -> Location {
        self.logical_locations
            .extend(object.map(|o| Logical { fully_qualified_name: o.fully_qualified_name.clone(), kind: o.kind }));
        self
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A message. Readers make links of `[text](target)` (section 3.11.6), which no name of the input may become.
fn text(message: &str) -> Text {
    let text = if message.contains("](") {
        message.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
    } else {
        message.to_owned()
    };
    Text { text }
}
