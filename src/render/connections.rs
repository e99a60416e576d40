//! Connections as a table and as data: the parts that their forms share.

mod groups;
mod pairs;
mod sets;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

pub(super) use self::groups::Groups;
pub use self::pairs::{ConnectionsJson, connections_json};
pub(super) use self::sets::{PeersJson, Positions};
pub use self::table::{ConnectionsTable, connections_table};
use super::Report;
use crate::net::{AddressRange, PortSet, Protocol};
use crate::policy::{Answer, Effect, Endpoint, Pair, Reason};
use crate::world::Absence;

/// The most answers whose words are kept at a time.
const MOST_KEPT: usize = 4_096;

/// Things made of answers, each made once as long as there are not too many: a million connections may share one
/// answer, or each have its own.
struct Kept<T> {
    of: BTreeMap<Arc<Answer>, T>,
}

impl<T> Kept<T> {
    fn new() -> Kept<T> {
        Kept { of: BTreeMap::new() }
    }

    fn get(&mut self, answer: &Arc<Answer>, make: impl FnOnce(&Answer) -> T) -> &T {
        if self.of.len() >= MOST_KEPT && !self.of.contains_key(answer) {
            self.of.clear();
        }
        self.of.entry(Arc::clone(answer)).or_insert_with_key(|answer| make(answer))
    }
}

/// Whether an end of a connection is listed.
fn is_listed(report: &Report<'_>, pair: &Pair<'_>) -> bool {
    let is_end = |end: &Endpoint| matches!(end, Endpoint::Workload(w) if report.lists_workload(*w));
    report.scope.is_none() || is_end(&pair.from) || is_end(&pair.to)
}

/// The words for one end of a connection.
pub(super) fn endpoint(report: &Report<'_>, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::IngressController => "{ingress controller}".to_owned(),
        Endpoint::Workload(workload) => report.workload(*workload),
        Endpoint::Addresses(range) if range.is_whole_family() => match range {
            AddressRange::V4(..) => "any address outside".to_owned(),
            AddressRange::V6(..) => "any IPv6 address outside".to_owned(),
        },
        Endpoint::Addresses(range) => match range.cidrs().as_slice() {
            [one] => one.clone(),
            _ => range.to_string(),
        },
    }
}

/// The words for the reasons why these ports are allowed, a line for each. What the policies did not allow is only told
/// where nothing is.
pub(super) fn reasons(report: &Report<'_>, ports: &PortSet, because: &[Reason]) -> String {
    let told = because.iter().filter(|r| ports.is_empty() || r.effect != Effect::Isolate);
    let mut lines: Vec<String> = told.map(|r| reason(report, r)).collect();
    lines.dedup();
    lines.join("\n")
}

/// The words for a reason, with its place.
fn reason(report: &Report<'_>, reason: &Reason) -> String {
    let policy = &report.connectivity.policies()[reason.policy];
    let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
    let rule = rule.map_or(String::new(), |r| format!(" {}", policy.rule_name(reason.direction, r)));
    let says = match reason.effect {
        Effect::Allow => "allowed by",
        Effect::Deny => "denied by",
        Effect::Pass => "passed by",
        Effect::Isolate => "not allowed by",
    };
    format!("{} {says} {}{rule} ({})", reason.direction.as_str(), policy.key, place(report, reason))
}

fn place(report: &Report<'_>, reason: &Reason) -> String {
    let policy = &report.connectivity.policies()[reason.policy];
    let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
    report.sources.line_of(rule.map_or(policy.says(reason.direction), |r| r.at))
}

/// Why a workload takes no connection.
#[derive(Serialize)]
pub(super) struct AbsenceJson<'a> {
    reason: &'a str,
    at: String,
}

impl<'a> AbsenceJson<'a> {
    pub fn of(report: &Report<'_>, absence: &'a Absence) -> AbsenceJson<'a> {
        AbsenceJson { reason: &absence.text, at: report.sources.line_of(absence.at) }
    }
}

/// `"all"`, or ranges by protocol.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PortsJson {
    All(&'static str),
    Some(BTreeMap<&'static str, Vec<(u16, u16)>>),
}

impl PortsJson {
    pub(super) fn of(ports: &PortSet) -> PortsJson {
        if ports.is_all() {
            return PortsJson::All("all");
        }
        let ranges = Protocol::ALL.into_iter().map(|p| (p.as_str(), ports.ranges(p)));
        PortsJson::Some(ranges.filter(|(_, r)| !r.is_empty()).collect())
    }
}

#[derive(Serialize)]
pub(super) struct PolicyJson<'a> {
    /// Left out for NetworkPolicies of Kubernetes and others whose kind says which they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> PolicyJson<'a> {
    pub(super) fn of(report: &'a Report<'_>, policy: usize) -> PolicyJson<'a> {
        let policy = &report.connectivity.policies()[policy];
        let key = &policy.key;
        PolicyJson {
            group: policy.is_of_another_project().then_some(&*key.group),
            kind: &key.kind,
            namespace: key.namespace.as_deref(),
            name: &key.name,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ReasonJson<'a> {
    policy: PolicyJson<'a>,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    effect: &'static str,
    at: String,
}

impl<'a> ReasonJson<'a> {
    pub(super) fn of(report: &'a Report<'_>, reason: &Reason) -> ReasonJson<'a> {
        let rules = report.connectivity.policies()[reason.policy].rules(reason.direction);
        let rule = reason.rule.and_then(|r| rules?.get(r));
        ReasonJson {
            policy: PolicyJson::of(report, reason.policy),
            direction: reason.direction.as_str(),
            rule: rule.map(|r| r.index),
            effect: reason.effect.as_str(),
            at: place(report, reason),
        }
    }
}
