//! Connections as data: by groups, or with every pair, written one after the other.

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use super::groups::Groups;
use super::{Kept, PortsJson, ReasonJson};
use crate::policy::{Endpoint, Extent, Network, Pair};
use crate::render::Report;
use crate::render::calls::{CallState, CallsJson, Ledger};
use crate::render::connections::is_listed;
use crate::render::json::{DiagnosticJson, GROUPS_VERSION, VERSION};
use crate::world::Scope;

/// Connections as data, to be written by a serializer.
#[derive(Serialize)]
#[serde(transparent)]
pub struct ConnectionsJson<'a>(Form<'a>);

#[derive(Serialize)]
#[serde(untagged)]
enum Form<'a> {
    Groups(Document<'a, Groups<'a>>),
    Pairs(Document<'a, Pairs<'a>>),
}

#[derive(Serialize)]
struct Document<'a, T> {
    version: u32,
    #[serde(flatten)]
    connections: T,
    #[serde(rename = "openPairs", skip_serializing_if = "Option::is_none")]
    open_pairs: Option<usize>,
    #[serde(flatten)]
    calls: CallsJson<'a>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

/// Connections as JSON: of [`Extent::Ruled`] groups (version 2), with `openPairs`, the number of pairs that are open
/// because no policy restricts either end, where all are listed; of [`Extent::All`] every pair (version 1), made when
/// it is written. The ranges of these `connections` are of IPv4; where policies are about IPv6, what holds for its
/// addresses is in `ipv6Connections`. `calls` are those that configuration names.
pub fn connections_json<'a>(report: &'a Report<'a>, extent: Extent) -> ConnectionsJson<'a> {
    let calls = CallsJson::of(report, |workload| report.lists_workload(workload));
    let diagnostics = report.diagnostics();
    ConnectionsJson(match extent {
        Extent::Ruled => Form::Groups(Document {
            version: GROUPS_VERSION,
            connections: Groups::of(report, report.scope.map(Scope::workloads)),
            open_pairs: report.scope.is_none().then(|| report.connectivity.open_pairs()),
            calls,
            diagnostics,
        }),
        Extent::All => Form::Pairs(Document {
            version: VERSION,
            connections: Pairs::of(report),
            open_pairs: None,
            calls,
            diagnostics,
        }),
    })
}

/// Every pair, by the family of addresses.
#[derive(Serialize)]
struct Pairs<'a> {
    connections: List<'a>,
    #[serde(rename = "ipv6Connections", skip_serializing_if = "Option::is_none")]
    ipv6: Option<List<'a>>,
}

impl<'a> Pairs<'a> {
    fn of(report: &'a Report<'a>) -> Pairs<'a> {
        let has_v6 = report.connectivity.pairs_v6(Extent::All).next().is_some();
        Pairs {
            connections: List { report, ledger: Ledger::of(report), family: Family::NotV6 },
            ipv6: has_v6.then_some(List { report, ledger: None, family: Family::V6 }),
        }
    }
}

/// Which addresses a list has.
#[derive(Clone, Copy)]
enum Family {
    NotV6,
    V6,
}

/// Pairs that are made one by one, as they are written.
struct List<'a> {
    report: &'a Report<'a>,
    ledger: Option<Ledger<'a>>,
    family: Family,
}

/// An answer as data.
struct Facts<'a> {
    ports: PortsJson,
    always: Option<PortsJson>,
    certainty: &'static str,
    because: Vec<ReasonJson<'a>>,
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let connectivity = self.report.connectivity;
        let mut list = serializer.serialize_seq(None)?;
        let mut kept = Kept::new();
        match self.family {
            Family::NotV6 => connectivity
                .pairs(Extent::All)
                .filter(|p| !p.is_v6() && is_listed(self.report, p))
                .try_for_each(|pair| list.serialize_element(&self.connection(&pair, &mut kept)))?,
            Family::V6 => connectivity
                .pairs_v6(Extent::All)
                .filter(|p| is_listed(self.report, p))
                .try_for_each(|pair| list.serialize_element(&self.connection(&pair, &mut kept)))?,
        }
        list.end()
    }
}

impl<'a> List<'a> {
    fn connection<'k>(&self, pair: &Pair<'_>, kept: &'k mut Kept<Facts<'a>>) -> ConnectionJson<'k, 'a> {
        let report = self.report;
        let facts = kept.get(&pair.answer, |answer| Facts {
            ports: PortsJson::of(&answer.ports),
            always: answer.always().map(|ports| PortsJson::of(&ports)),
            certainty: answer.certainty.as_str(),
            because: answer.because.iter().map(|r| ReasonJson::of(report, r)).collect(),
        });
        ConnectionJson {
            from: PeerJson::of(report, &pair.from),
            to: PeerJson::of(report, &pair.to),
            ports: &facts.ports,
            always: facts.always.as_ref(),
            certainty: facts.certainty,
            because: &facts.because,
            call: self.ledger.as_ref().and_then(|l| l.state(pair)).map(CallState::as_str),
            network: (*pair.network != Network::Pod).then(|| pair.network.to_string()),
        }
    }
}

#[derive(Serialize)]
struct ConnectionJson<'k, 'a> {
    from: PeerJson,
    to: PeerJson,
    ports: &'k PortsJson,
    /// Left out where it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    always: Option<&'k PortsJson>,
    certainty: &'static str,
    because: &'k [ReasonJson<'a>],
    /// Left out where nothing is known of calls between the ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'static str>,
    /// Left out for the pod network.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
}

/// The field that is there is the kind of peer.
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
