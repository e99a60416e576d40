//! Connections as a table and as data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Report;
use super::calls::{CallState, CallsJson, Ledger};
use super::json::{DiagnosticJson, VERSION};
use super::table::Table;
use crate::net::{AddressRange, PortSet, Protocol};
use crate::policy::{Connection, Effect, Endpoint, Extent, Network, Reason};

/// A table of connections: who, to whom, on which ports, because of what. Where calls are known, there is a column for
/// them, and calls that policies deny come last.
pub fn connections_table(report: &Report<'_>, connections: &[Connection]) -> Table {
    let ledger = Ledger::of(report);
    let mut columns = vec!["From", "To", "Ports", "Certainty", "Because"];
    let mut rows: Vec<Vec<String>> = (connections.iter())
        .map(|c| {
            let mut cells = vec![
                endpoint(report, &c.from),
                endpoint(report, &c.to),
                c.ports.to_string(),
                c.certainty.as_str().to_owned(),
                reasons(report, &c.ports, &c.because),
            ];
            if let Some(ledger) = &ledger {
                cells.insert(4, ledger.state(c).map_or("", CallState::as_str).to_owned());
            }
            cells
        })
        .collect();
    if let Some(ledger) = &ledger {
        columns.insert(4, "Call");
        rows.extend(ledger.blocked(connections).map(|(from, verdict)| {
            vec![
                report.workload(from),
                report.workload(verdict.target),
                verdict.needed.to_string(),
                verdict.certainty.as_str().to_owned(),
                CallState::Blocked.as_str().to_owned(),
                reasons(report, &PortSet::none(), &verdict.because),
            ]
        }));
    }
    Table { columns, rows }
}

/// Connections as JSON: `version`, `connections` and `diagnostics`. The ranges of `connections` are of IPv4; where
/// policies speak of IPv6, what holds for its addresses stands beside them in `ipv6Connections`. `openPairs` counts the
/// pairs that are open because no policy has a say about either end, where they are not listed. `calls` tells what
/// configuration names.
pub fn connections_json(report: &Report<'_>, connections: &[Connection], extent: Extent) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        version: u32,
        #[serde(flatten)]
        connections: Connections<'a>,
        #[serde(rename = "openPairs", skip_serializing_if = "Option::is_none")]
        open_pairs: Option<usize>,
        #[serde(flatten)]
        calls: CallsJson<'a>,
        diagnostics: Vec<DiagnosticJson<'a>>,
    }
    report.json(&Document {
        version: VERSION,
        connections: Connections::of(report, connections),
        open_pairs: (extent == Extent::Ruled).then(|| report.connectivity.open_pairs()),
        calls: CallsJson::of(report, |_| true),
        diagnostics: report.diagnostics(),
    })
}

/// Connections by the family of their addresses.
#[derive(Serialize)]
pub(super) struct Connections<'a> {
    connections: List<'a>,
    #[serde(rename = "ipv6Connections", skip_serializing_if = "List::is_empty")]
    ipv6: List<'a>,
}

impl<'a> Connections<'a> {
    pub(super) fn of(report: &'a Report<'a>, connections: &'a [Connection]) -> Connections<'a> {
        let is_v6 = |c: &&Connection| {
            [&c.from, &c.to].into_iter().any(|e| matches!(e, Endpoint::Addresses(AddressRange::V6(..))))
        };
        let (ipv6, ipv4): (Vec<&Connection>, Vec<&Connection>) = connections.iter().partition(is_v6);
        Connections {
            connections: List { report, ledger: Ledger::of(report), list: ipv4 },
            ipv6: List { report, ledger: None, list: ipv6 },
        }
    }
}

/// Connections that are put into words one by one, as they are written: there may be a million.
struct List<'a> {
    report: &'a Report<'a>,
    ledger: Option<Ledger<'a>>,
    list: Vec<&'a Connection>,
}

impl List<'_> {
    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Serialize for List<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        serializer.collect_seq(self.list.iter().map(|c| ConnectionJson {
            from: PeerJson::of(report, &c.from),
            to: PeerJson::of(report, &c.to),
            ports: PortsJson::of(&c.ports),
            certainty: c.certainty.as_str(),
            because: c.because.iter().map(|r| ReasonJson::of(report, r)).collect(),
            call: self.ledger.as_ref().and_then(|l| l.state(c)).map(CallState::as_str),
            network: (c.network != Network::Pod).then(|| c.network.to_string()),
        }))
    }
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
    let rule = reason.rule.map_or(String::new(), |r| format!(" {}[{r}]", reason.direction.as_str()));
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

#[derive(Serialize)]
struct ConnectionJson<'a> {
    from: PeerJson,
    to: PeerJson,
    ports: PortsJson,
    certainty: &'static str,
    because: Vec<ReasonJson<'a>>,
    /// Left out where nothing is known of calls between the ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'static str>,
    /// Left out for the pod network.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
}

/// Which field is there says what it is.
#[derive(Serialize)]
#[serde(untagged)]
enum PeerJson {
    Workload {
        workload: String,
    },
    Range {
        range: String,
        cidrs: Vec<String>,
    },
    Controller {
        #[serde(rename = "ingressController")]
        ingress_controller: bool,
    },
}

impl PeerJson {
    fn of(report: &Report<'_>, endpoint: &Endpoint) -> PeerJson {
        match endpoint {
            Endpoint::IngressController => PeerJson::Controller { ingress_controller: true },
            Endpoint::Workload(workload) => PeerJson::Workload { workload: report.workload(*workload) },
            Endpoint::Addresses(range) => PeerJson::Range { range: range.to_string(), cidrs: range.cidrs() },
        }
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
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> PolicyJson<'a> {
    pub(super) fn of(report: &'a Report<'_>, policy: usize) -> PolicyJson<'a> {
        let key = &report.connectivity.policies()[policy].key;
        PolicyJson { kind: &key.kind, namespace: key.namespace.as_deref(), name: &key.name }
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
        ReasonJson {
            policy: PolicyJson::of(report, reason.policy),
            direction: reason.direction.as_str(),
            rule: reason.rule,
            effect: reason.effect.as_str(),
            at: place(report, reason),
        }
    }
}
