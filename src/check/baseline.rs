//! Findings that were there already: a file of them, so that a gate can begin with what is new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judge::Judged;
use crate::diagnostic::Code;
use crate::inert;
use crate::source::Sources;

/// The version of the file.
const VERSION: u32 = 1;

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    by_fingerprint: BTreeMap<String, KnownFinding>,
}

/// A finding as a baseline tells it. The order of fields is that of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFinding {
    /// Its code.
    pub code: String,
    /// The object that it is about, `namespace/name[Kind]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// The file that it is about, if it is about no object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// What it said. This is for readers: the fingerprint decides.
    pub message: String,
    /// By what it is known again.
    pub fingerprint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<KnownFinding>,
}

/// Why a baseline cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not of this shape. What is there instead is not shown: it may be any file.
    #[error("it is no baseline of `kubesketch check --write-baseline`: line {0}, column {1}")]
    Shape(usize, usize),
    /// It is of another version.
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

impl Baseline {
    /// Reads the text of a file.
    pub fn read(text: &str) -> Result<Baseline, BaselineError> {
        let document: Document =
            serde_json::from_str(text).map_err(|error| BaselineError::Shape(error.line(), error.column()))?;
        if document.version != VERSION {
            return Err(BaselineError::Version(document.version));
        }
        let known = document.findings.into_iter().map(|f| (f.fingerprint.clone(), f));
        Ok(Baseline { by_fingerprint: known.collect() })
    }

    /// Whether a finding is known.
    pub(super) fn knows(&self, fingerprint: &str) -> bool {
        self.by_fingerprint.contains_key(fingerprint)
    }

    /// Those of them that are none of these, of kinds that were looked for, sorted.
    pub(super) fn gone(&self, there: &[Judged], wanted: impl Fn(Code) -> bool) -> Vec<KnownFinding> {
        let looked_for =
            |known: &&KnownFinding| Code::ALL.iter().find(|c| c.as_str() == known.code).is_none_or(|c| wanted(*c));
        let is_there = |known: &&KnownFinding| there.iter().any(|j| j.fingerprint == known.fingerprint);
        let gone = self.by_fingerprint.values().filter(looked_for).filter(|k| !is_there(k));
        let mut gone: Vec<KnownFinding> = gone.cloned().collect();
        gone.sort();
        gone
    }
}

/// The text of a file that knows these findings, except those that are suppressed: sorted, one after another, without
/// lines, so that it changes only when findings do.
pub fn baseline(findings: &[Judged], sources: &Sources) -> String {
    let known = findings.iter().filter(|j| j.suppressed().is_none()).map(|judged| {
        let finding = &judged.finding;
        KnownFinding {
            code: finding.diagnostic.code.as_str().to_owned(),
            object: finding.about.as_ref().map(ToString::to_string),
            file: match finding.about {
                Some(_) => None,
                None => finding.diagnostic.at.map(|at| sources.name(at.file).to_owned()),
            },
            message: finding.diagnostic.message.clone(),
            fingerprint: judged.fingerprint.clone(),
        }
    });
    let mut findings: Vec<KnownFinding> = known.collect();
    findings.sort();
    let document = Document { version: VERSION, findings };
    // Writing plain structs with string keys into memory cannot fail.
    inert::json_document(&document)
}
