//! Findings as data: `version`, and `findings` in the shape that diagnostics have everywhere, with the object that each is about.

use serde::Serialize;

use crate::check::Finding;
use crate::render::json::{DiagnosticJson, VERSION};
use crate::source::Sources;

/// Pretty-printed JSON that ends in a line break.
pub(super) fn json(findings: &[Finding], sources: &Sources) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        findings: Vec<FindingJson<'a>>,
    }
    #[derive(Serialize)]
    struct FindingJson<'a> {
        #[serde(flatten)]
        diagnostic: DiagnosticJson<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        object: Option<String>,
    }
    let findings = findings.iter().map(|f| FindingJson {
        diagnostic: DiagnosticJson::of(&f.diagnostic, sources),
        object: f.about.as_ref().map(ToString::to_string),
    });
    let document = Document {
        version: VERSION,
        findings: findings.collect(),
    };
    // Writing plain structs with string keys into memory cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
