//! Findings as data, by `docs/findings.schema.json`: in the shape that diagnostics have everywhere, with the object
//! that each is about and whether it counts.

use serde::Serialize;

use super::{Counts, FindingsReport};
use crate::check::{KnownFinding, Standing};
use crate::inert;
use crate::render::json::{DiagnosticJson, VERSION};
use crate::source::template_of;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    findings: Vec<FindingJson<'a>>,
    fixed: &'a [KnownFinding],
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    known: usize,
    fixed: usize,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    #[serde(flatten)]
    diagnostic: DiagnosticJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    fingerprint: &'a str,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppression: Option<Suppression<'a>>,
}

#[derive(Serialize)]
struct Suppression<'a> {
    at: String,
    reason: &'a str,
}

/// Pretty-printed JSON that ends in a line break.
pub(super) fn json(report: &FindingsReport<'_>) -> String {
    let sources = report.sources;
    let findings = report.judgement.findings.iter().map(|judged| FindingJson {
        diagnostic: DiagnosticJson::of(&judged.finding.diagnostic, sources),
        object: judged.finding.about.as_ref().map(ToString::to_string),
        template: judged.finding.diagnostic.at.and_then(|at| template_of(sources, at)),
        fingerprint: &judged.fingerprint,
        standing: match judged.standing {
            Standing::Counts => "counts",
            Standing::Suppressed { .. } => "suppressed",
            Standing::Known => "known",
        },
        suppression: judged
            .suppressed()
            .map(|(at, reason)| Suppression { at: format!("{}:{}", sources.line_of(at), at.column), reason }),
    });
    let counts = Counts::of(report.judgement);
    let document = Document {
        version: VERSION,
        summary: Summary {
            errors: counts.errors,
            warnings: counts.warnings,
            infos: counts.infos,
            suppressed: counts.suppressed,
            known: counts.known,
            fixed: counts.fixed,
        },
        findings: findings.collect(),
        fixed: &report.judgement.fixed,
    };
    // Writing plain structs with string keys into memory cannot fail.
    inert::json_document(&document)
}
