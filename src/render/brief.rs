//! The most important facts about a state of a system in a screen of text.

use std::collections::BTreeMap;

use super::report::Report;
use super::words::{self, counted};
use crate::check::Finding;
use crate::diagnostic::{Diagnostic, Severity};
use crate::inert::printable;
use crate::net::{PortSet, text};
use crate::policy::Direction;
use crate::world::{Reason, World};

/// The maximum number of workloads that are named.
const NAMED: usize = 8;

/// Counts, workloads that are reachable from outside, isolation, problems, and what was not understood: a paragraph
/// each, ends in a line break.
pub fn brief(world: &World, findings: &[Finding]) -> String {
    let report = Report::of(world, world.graph());
    let graph = words::counts(world.graph());
    let parts = [graph, reached(&report), isolated(&report), problems(world, findings), not_understood(world)];
    parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{}\n", part.trim_end())).collect()
}

/// What is reachable from outside.
pub(super) struct Open {
    /// Workload, ports and entry points, in order.
    pub lines: Vec<[String; 3]>,
    /// How many workloads are exposed and shut by policies.
    pub shut: usize,
}

/// The workloads that are reachable from outside, and the number of those that policies shut.
pub(super) fn open(report: &Report<'_>) -> Open {
    let mut open: BTreeMap<usize, (PortSet, Vec<String>)> = BTreeMap::new();
    let mut shut = BTreeMap::new();
    for entrance in report.connectivity.entrances() {
        let ports = report.connectivity.admission(entrance).ports;
        if ports.is_empty() {
            shut.insert(entrance.workload, ());
            continue;
        }
        let (all, by) = open.entry(entrance.workload).or_default();
        all.add(&ports);
        by.push(entrance.by.to_string());
    }
    shut.retain(|workload, ()| !open.contains_key(workload));
    let mut lines: Vec<[String; 3]> = open
        .into_iter()
        .map(|(workload, (ports, mut by))| {
            by.sort();
            by.dedup();
            [report.workload(workload), ports.to_string(), text::first(by, 2)]
        })
        .collect();
    lines.sort();
    Open { lines, shut: shut.len() }
}

/// Workloads that are reachable from outside, a line each, and the number of those that policies shut.
fn reached(report: &Report<'_>) -> String {
    if report.cluster.workloads().is_empty() {
        return String::new();
    }
    let Open { lines, shut } = open(report);
    let mut said = match lines.len() {
        0 => "No workload is reachable from outside through what was read.\n".to_owned(),
        n => format!("Reachable from outside: {}\n", counted(n, "workload", "workloads")),
    };
    let widths = [0, 1].map(|i| lines.iter().take(NAMED).map(|l| l[i].chars().count()).max().unwrap_or(0));
    for [workload, ports, by] in lines.iter().take(NAMED) {
        let (workload, ports, by) = (printable(workload), printable(ports), printable(by));
        said.push_str(&format!("  {workload:<0$}  {ports:<1$}  through {by}\n", widths[0], widths[1]));
    }
    if lines.len() > NAMED {
        said.push_str(&format!("  and {} more: `kubesketch table exposure`\n", lines.len() - NAMED));
    }
    if shut > 0 {
        said.push_str(&format!("Exposed, but denied by policies: {}\n", counted(shut, "workload", "workloads")));
    }
    said
}

/// The number of workloads that NetworkPolicies isolate.
fn isolated(report: &Report<'_>) -> String {
    let all = report.cluster.workloads().len();
    if all == 0 {
        return String::new();
    }
    let count = |direction| (0..all).filter(|w| !report.connectivity.is_unrestricted(*w, direction)).count();
    match [Direction::Ingress, Direction::Egress].map(count) {
        [0, 0] if report.cluster.is_partial() => "The input leaves out policies, as `kubectl get all` does.".to_owned(),
        [0, 0] if report.connectivity.foreign().is_empty() => "No policy restricts any workload.".to_owned(),
        [0, 0] => "No policy that is evaluated restricts a workload.".to_owned(),
        [incoming, outgoing] => format!(
            "Restricted by policies: incoming connections of {incoming}, outgoing connections of {outgoing} of {}.",
            counted(all, "workload", "workloads")
        ),
    }
}

/// Objects of kinds that are not understood: they may change all of the above.
fn not_understood(world: &World) -> String {
    let absent = world.account().absent.iter().filter(|a| a.reason == Reason::NotUnderstood);
    let kinds: Vec<String> = absent.map(|a| format!("{} {}", a.objects.len(), a.name())).collect();
    if kinds.is_empty() { String::new() } else { printable(&format!("Not understood: {}.", text::first(kinds, NAMED))) }
}

/// Problems by severity; empty if there is none.
pub(super) fn problem_counts(world: &World, findings: &[Finding]) -> String {
    let all = || findings.iter().map(|f| &f.diagnostic).chain(world.diagnostics());
    let count = |severity: Severity| all().filter(|d: &&Diagnostic| d.severity == severity).count();
    let counts = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::Info), "remark", "remarks"),
    ];
    let some: Vec<String> =
        counts.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(*n, one, many)).collect();
    some.join(", ")
}

/// Problems by severity, as a sentence.
fn problems(world: &World, findings: &[Finding]) -> String {
    match problem_counts(world, findings) {
        none if none.is_empty() => "No problem found.".to_owned(),
        some => format!("Problems: {some}."),
    }
}
