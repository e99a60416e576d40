//! Isolation as a table and as data: which policies apply to each workload, in each direction.

use serde::Serialize;

use super::Report;
use super::connections::{AbsenceJson, PolicyJson};
use super::footnotes::ON_HOST;
use super::json::{DiagnosticJson, VERSION};
use super::table::Table;
use crate::cluster::Workload;
use crate::policy::{Direction, ForeignPolicy, Isolation, Project};

/// A table of workloads: open or isolated in each direction, and by which policies.
pub fn isolation_table(report: &Report<'_>) -> Table {
    let rows = listed(report).map(|(index, workload)| {
        let sides = Direction::ALL.map(|d| report.connectivity.isolation(index, d));
        let [ingress, egress] = &sides;
        let mut by = Vec::new();
        for (direction, side) in Direction::ALL.iter().zip(&sides) {
            for &policy in side.isolating.iter().chain(&side.tiers) {
                let policy = &report.connectivity.policies()[policy];
                by.push(format!(
                    "{} {} ({})",
                    direction.as_str(),
                    policy.key,
                    report.sources.line_of(policy.says(*direction))
                ));
            }
        }
        by.extend(foreign(report, index).map(|policy| match policy.is_repeated {
            true => format!("defined more than once: {} ({})", policy.key, report.sources.line_of(policy.at)),
            false => format!("not evaluated: {}", policy.name()),
        }));
        if report.cluster.is_partial() {
            by.push("the input leaves out policies (kubectl get all)".to_owned());
        }
        if workload.spec.pod.host_network == Some(true) {
            by.push(ON_HOST.to_owned());
        }
        by.extend(report.facts.absences.get(&index).map(|absence| report.absence(absence)));
        let mut words = [word(ingress), word(egress)];
        if report.cluster.is_partial() {
            words.iter_mut().filter(|word| **word == OPEN).for_each(|word| *word = "unknown");
        }
        for (word, direction) in words.iter_mut().zip(Direction::ALL) {
            for policy in report.connectivity.unenforced(index, direction) {
                let policy = &report.connectivity.policies()[policy];
                let Some(plugin) = report.connectivity.enforcement().unenforcing(policy) else { continue };
                if *word == OPEN {
                    *word = "not enforced";
                }
                let of = Project::of(policy).map_or(String::new(), |project| format!(" of {}", project.as_str()));
                by.push(format!("{} {}: {plugin} does not enforce policies{of}", direction.as_str(), policy.key));
            }
        }
        vec![workload.key.to_string(), words[0].to_owned(), words[1].to_owned(), by.join("\n")]
    });
    Table { columns: vec!["Workload", "Ingress", "Egress", "Because"], rows: rows.collect(), ..Table::default() }
}

/// The workloads that are listed, with their positions in the cluster.
fn listed<'a>(report: &'a Report<'a>) -> impl Iterator<Item = (usize, &'a Workload)> {
    report.cluster.workloads().iter().enumerate().filter(|(index, _)| report.lists_workload(*index))
}

/// The word for a side that no policy applies to.
const OPEN: &str = "open";

/// `isolated` if a NetworkPolicy selects it, `ruled` if only policies of other tiers apply, else `open`.
fn word(side: &Isolation) -> &'static str {
    match (side.isolating.is_empty(), side.tiers.is_empty()) {
        (false, _) => "isolated",
        (true, false) => "ruled",
        (true, true) => OPEN,
    }
}

/// The policies that are not evaluated and may concern a workload.
fn foreign<'a>(report: &'a Report<'_>, workload: usize) -> impl Iterator<Item = &'a ForeignPolicy> {
    let namespace = report.cluster.workloads()[workload].key.namespace();
    report.connectivity.foreign().iter().filter(move |f| f.may_select(workload, namespace))
}

/// Isolation as JSON: `version`, `workloads` and `diagnostics`.
pub fn isolation_json(report: &Report<'_>) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        workloads: Vec<WorkloadJson<'a>>,
        diagnostics: Vec<DiagnosticJson<'a>>,
    }
    let workloads = listed(report).map(|(index, workload)| WorkloadJson::of(report, index, workload)).collect();
    report.json(&Document { version: VERSION, workloads, diagnostics: report.diagnostics() })
}

/// What policies apply to a workload.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkloadJson<'a> {
    id: String,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    isolated: Sides<bool>,
    policies: Sides<Vec<SayJson<'a>>>,
    host_network: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_evaluated: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_enforced: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<AbsenceJson<'a>>,
    at: String,
}

/// Something of each direction.
#[derive(Serialize)]
struct Sides<T> {
    ingress: T,
    egress: T,
}

/// A policy, and where it says so.
#[derive(Serialize)]
struct SayJson<'a> {
    policy: PolicyJson<'a>,
    at: String,
}

impl<'a> WorkloadJson<'a> {
    fn of(report: &'a Report<'a>, index: usize, workload: &'a Workload) -> WorkloadJson<'a> {
        let [ingress, egress] = Direction::ALL.map(|d| report.connectivity.isolation(index, d));
        let say = |side: &Isolation, direction: Direction| -> Vec<SayJson<'a>> {
            let policies = side.isolating.iter().chain(&side.tiers);
            let at = |p: usize| report.sources.line_of(report.connectivity.policies()[p].says(direction));
            policies.map(|&p| SayJson { policy: PolicyJson::of(report, p), at: at(p) }).collect()
        };
        WorkloadJson {
            id: workload.key.to_string(),
            kind: &workload.key.kind,
            namespace: workload.key.namespace(),
            name: &workload.key.name,
            isolated: Sides { ingress: ingress.is_isolated(), egress: egress.is_isolated() },
            policies: Sides { ingress: say(&ingress, Direction::Ingress), egress: say(&egress, Direction::Egress) },
            host_network: workload.spec.pod.host_network == Some(true),
            not_evaluated: foreign(report, index).map(|f| f.name()).collect(),
            not_enforced: Direction::ALL
                .into_iter()
                .flat_map(|d| report.connectivity.unenforced(index, d))
                .map(|p| report.connectivity.policies()[p].key.to_string())
                .collect(),
            absence: report.facts.absences.get(&index).map(|a| AbsenceJson::of(report, a)),
            at: report.sources.line_of(report.cluster.entries()[workload.entry].object.span),
        }
    }
}
