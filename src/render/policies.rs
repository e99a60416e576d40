//! Policies as a table and as data: what each is worth, and because of which others.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Report;
use super::connections::PolicyJson;
use super::json::{DiagnosticJson, VERSION};
use super::table::Table;
use crate::net::ObjectKey;
use crate::policy::{Closes, ForeignPolicy, Project, Value, Worth, is_staged};

/// A table of policies: what each is worth, and why.
pub fn policies_table(report: &Report<'_>) -> Table {
    let policies = report.connectivity.policies();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for worth in worth(report) {
        let policy = &policies[worth.policy];
        let at = report.sources.line_of(policy.at);
        rows.push(vec![policy.key.to_string(), worth.value.as_str().to_owned(), because(report, &worth), at]);
    }
    let known: BTreeSet<&ObjectKey> = policies.iter().map(|p| &p.key).collect();
    let is_listed = |f: &&ForeignPolicy| !known.contains(&f.key) && is_listed(report, f);
    for foreign in report.connectivity.foreign().iter().filter(is_listed) {
        let at = report.sources.line_of(foreign.at);
        let value = Value::Unknown.as_str().to_owned();
        let because = match &foreign.enforced_by {
            Some(by) => format!("not evaluated: enforced by {by}"),
            None if foreign.is_repeated => "defined more than once with different content".to_owned(),
            None => "not evaluated".to_owned(),
        };
        rows.push(vec![foreign.name(), value, because, at]);
    }
    for entry in report.cluster.entries().iter().filter(|e| is_staged(&e.key.group, &e.key.kind)) {
        let (value, at) = (Value::WithoutEffect.as_str().to_owned(), report.sources.line_of(entry.object.span));
        rows.push(vec![entry.key.to_string(), value, "staged: recorded and not enforced".to_owned(), at]);
    }
    rows.sort();
    Table { columns: vec!["Policy", "Value", "Because", "At"], rows, ..Table::default() }
}

/// What the policies are worth that are listed themselves or apply to a listed workload.
fn worth<'a>(report: &'a Report<'a>) -> impl Iterator<Item = Worth> + 'a {
    let policies = report.connectivity.policies();
    let applies = |policy| report.scope.is_some_and(|scope| scope.has_subject_of(policy));
    let all = report.connectivity.worth().into_iter();
    all.filter(move |worth| report.lists(&policies[worth.policy].key) || applies(worth.policy))
}

/// Whether a policy that is not evaluated is listed itself or may concern a listed workload.
fn is_listed(report: &Report<'_>, policy: &ForeignPolicy) -> bool {
    let workloads = report.cluster.workloads();
    let may_select = |w: usize| report.lists_workload(w) && policy.may_select(w, workloads[w].key.namespace());
    report.lists(&policy.key) || (0..workloads.len()).any(may_select)
}

/// Why it is worth no more, one reason a line.
fn because(report: &Report<'_>, worth: &Worth) -> String {
    let policies = report.connectivity.policies();
    let verb = match worth.value {
        Value::Needed => return String::new(),
        Value::Unknown if policies[worth.policy].is_vague() => {
            return "it has rules for peers that the manifests do not show".to_owned();
        }
        Value::Unknown => return "there is too much to look at".to_owned(),
        Value::WithoutEffect => {
            return match worth.unenforced {
                Some(plugin) => {
                    let of = Project::of(&policies[worth.policy]).map(|p| format!(" of {}", p.as_str()));
                    format!("{plugin} does not enforce policies{}", of.unwrap_or_default())
                }
                None => "selects no pod".to_owned(),
            };
        }
        Value::Redundant if worth.others.is_empty() => return "everything is allowed without it".to_owned(),
        Value::Redundant => "says the same:",
        Value::Shadowed => "decides first:",
        Value::Contradicted => "denies what it allows:",
    };
    let others = worth.others.iter().map(|&p| {
        let policy = &policies[p];
        format!("{verb} {} ({})", policy.key, report.sources.line_of(policy.at))
    });
    let mut lines: Vec<String> = others.collect();
    lines.dedup();
    let policy = &policies[worth.policy];
    // What closes every pod of a namespace closes those to come as well.
    if worth.value == Value::Redundant && policy.subject.pods.is_everything() && policy.closes != Closes::Nothing {
        lines.push("for the pods that are there: it also holds for pods to come".to_owned());
    }
    if lines.is_empty() { "others decide all that it has rules for".to_owned() } else { lines.join("\n") }
}

/// Policies as JSON: `version`, `policies` and `diagnostics`.
pub fn policies_json(report: &Report<'_>) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        policies: Vec<WorthJson<'a>>,
        diagnostics: Vec<DiagnosticJson<'a>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct WorthJson<'a> {
        policy: PolicyJson<'a>,
        value: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_enforced_by: Option<&'static str>,
        because: Vec<SayJson<'a>>,
        at: String,
    }
    #[derive(Serialize)]
    struct SayJson<'a> {
        policy: PolicyJson<'a>,
        at: String,
    }
    let at = |p: usize| report.sources.line_of(report.connectivity.policies()[p].at);
    let policies = worth(report).map(|worth| WorthJson {
        policy: PolicyJson::of(report, worth.policy),
        value: worth.value.as_str(),
        not_enforced_by: worth.unenforced,
        because: worth.others.iter().map(|&p| SayJson { policy: PolicyJson::of(report, p), at: at(p) }).collect(),
        at: at(worth.policy),
    });
    report.json(&Document { version: VERSION, policies: policies.collect(), diagnostics: report.diagnostics() })
}
