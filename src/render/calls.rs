//! Calls that configuration tells of, beside what policies allow: what is called and allowed, called and denied, and
//! allowed and never called.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Report;
use super::connections::{PortsJson, ReasonJson};
use crate::policy::{
    Answer, Call, CallVerdict, ConnectionGroup, Connectivity, Effect, Endpoint, Pair, Peer, PeerSet, Peers, Said,
    UnknownService,
};

/// How a connection and the calls between its ends go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(super) enum CallState {
    /// It is called, and all that is called is allowed.
    Allowed,
    /// It is called, and some of that is denied.
    Partly,
    /// It is called, and none of that is allowed.
    Blocked,
    /// Rules for these very pods allow it, and the source, whose calls are known, never names the destination.
    Unneeded,
}

impl CallState {
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }

    pub(super) fn of(verdict: &CallVerdict) -> CallState {
        if verdict.is_allowed() {
            CallState::Allowed
        } else if verdict.is_blocked() {
            CallState::Blocked
        } else {
            CallState::Partly
        }
    }
}

/// Whether a rule that allows some port mentions pods by their labels: what is open to a whole namespace or to everybody
/// was opened for others too.
pub(super) fn names_pods(connectivity: &Connectivity, answer: &Answer) -> bool {
    let by_labels = |peer: &Peer| matches!(peer, Peer::Pods(pods) if !pods.pods.is_everything());
    let mut allowing = answer.because.iter().filter(|r| r.effect == Effect::Allow);
    let named = allowing.any(|reason| {
        let policy = &connectivity.policies()[reason.policy];
        let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
        matches!(rule.map(|r| &r.peers), Some(Peers::AnyOf(peers)) if peers.iter().all(by_labels))
    });
    named && !answer.ports.is_empty()
}

/// What is known of calls.
pub(super) struct Ledger<'a> {
    report: &'a Report<'a>,
    states: BTreeMap<(usize, usize), CallState>,
    /// Workloads of which some call is known.
    callers: BTreeSet<usize>,
    /// Verdicts about what is blocked, by caller and target, one for each.
    blocked: BTreeMap<(usize, usize), CallVerdict>,
}

impl<'a> Ledger<'a> {
    /// `None` if no calls are known.
    pub(super) fn of(report: &'a Report<'a>) -> Option<Ledger<'a>> {
        let calls = report.calls.filter(|c| !c.found.is_empty())?;
        let mut ledger = Ledger { report, states: BTreeMap::new(), callers: BTreeSet::new(), blocked: BTreeMap::new() };
        for call in &calls.found {
            ledger.callers.insert(call.workload);
            for verdict in report.connectivity.judge(call) {
                let pair = (call.workload, verdict.target);
                let state = CallState::of(&verdict);
                // Two Services may lead to one workload.
                let known = ledger.states.entry(pair).or_insert(state);
                if *known != state {
                    *known = CallState::Partly;
                }
                if state == CallState::Blocked {
                    ledger.blocked.entry(pair).or_insert(verdict);
                }
            }
        }
        ledger.blocked.retain(|pair, _| ledger.states.get(pair) == Some(&CallState::Blocked));
        Some(ledger)
    }

    /// What is known of calls by which a connection is used; `None` if nothing is.
    pub(super) fn state(&self, pair: &Pair<'_>) -> Option<CallState> {
        let (Endpoint::Workload(from), Endpoint::Workload(to)) = (&pair.from, &pair.to) else {
            return None;
        };
        if let Some(state) = self.states.get(&(*from, *to)) {
            return Some(*state);
        }
        let unneeded = self.callers.contains(from) && names_pods(self.report.connectivity, &pair.answer);
        unneeded.then_some(CallState::Unneeded)
    }

    /// Workloads that a workload calls, ascending.
    pub(super) fn states_of(&self, from: usize) -> impl Iterator<Item = (usize, CallState)> {
        self.states.range((from, 0)..=(from, usize::MAX)).map(|((_, to), state)| (*to, *state))
    }

    /// Sources of a group whose connections are unneeded to whom they do not call.
    pub(super) fn unneeded_from(&self, group: &ConnectionGroup<'_>) -> Option<PeerSet> {
        let (PeerSet::Workloads(sources), PeerSet::Workloads(_)) = (&group.from, &group.to) else {
            return None;
        };
        if !names_pods(self.report.connectivity, &group.answer) {
            return None;
        }
        let callers: Vec<usize> = sources.iter().copied().filter(|s| self.callers.contains(s)).collect();
        (!callers.is_empty()).then(|| PeerSet::Workloads(callers.into()))
    }

    /// Whether some connection of a group is unneeded.
    pub(super) fn has_unneeded(&self, group: &ConnectionGroup<'_>) -> bool {
        let (Some(PeerSet::Workloads(callers)), PeerSet::Workloads(targets)) = (self.unneeded_from(group), &group.to)
        else {
            return false;
        };
        let is_unneeded = |from: usize, to: usize| from != to && !self.states.contains_key(&(from, to));
        callers.iter().any(|&from| targets.iter().any(|&to| is_unneeded(from, to)))
    }

    /// Whether policies let nothing of a call through.
    pub(super) fn is_blocked(&self, from: usize, to: usize) -> bool {
        self.blocked.contains_key(&(from, to))
    }

    /// Calls that policies let nothing of through, without those that are listed otherwise.
    pub(super) fn blocked(&self, listed: &BTreeSet<(usize, usize)>) -> impl Iterator<Item = (usize, &CallVerdict)> {
        let rest = self.blocked.iter().filter(move |(pair, _)| !listed.contains(pair));
        rest.map(|((from, _), verdict)| (*from, verdict))
    }
}

/// A call to one workload, or to a Service of which the manifests contain no pods.
#[derive(Serialize)]
pub(super) struct CallJson<'a> {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<String>,
    service: String,
    #[serde(rename = "servicePorts")]
    service_ports: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<PortsJson>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<ReasonJson<'a>>,
    evidence: Vec<SaidJson>,
}

#[derive(Serialize)]
struct SaidJson {
    object: String,
    field: String,
    at: String,
}

impl SaidJson {
    fn all(report: &Report<'_>, said: &[Said]) -> Vec<SaidJson> {
        let one = |s: &Said| SaidJson {
            object: report.cluster.entries()[s.entry].key.to_string(),
            field: s.field.clone(),
            at: report.sources.line_of(s.at),
        };
        said.iter().map(one).collect()
    }
}

/// A full name of a Service that nothing in the input has.
#[derive(Serialize)]
pub(super) struct UnknownJson {
    workload: String,
    name: String,
    evidence: Vec<SaidJson>,
}

/// Calls and names as data; nothing where nobody looked for calls.
#[derive(Serialize)]
pub(super) struct CallsJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<CallJson<'a>>>,
    #[serde(rename = "unknownNames", skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<UnknownJson>,
}

impl<'a> CallsJson<'a> {
    /// Those whose caller or target is wanted.
    pub(super) fn of(report: &'a Report<'a>, wanted: impl Fn(usize) -> bool) -> CallsJson<'a> {
        let (found, unknown): (&[Call], &[UnknownService]) = match report.calls {
            Some(calls) => (&calls.found, &calls.unknown),
            None => (&[], &[]),
        };
        let mut calls = Vec::new();
        for call in found {
            let json = |dst: Option<String>| CallJson {
                src: report.workload(call.workload),
                dst,
                service: report.cluster.entries()[call.service].key.to_string(),
                service_ports: call.ports.iter().map(|(p, _)| *p).collect(),
                ports: None,
                state: "unknown",
                certainty: None,
                because: Vec::new(),
                evidence: SaidJson::all(report, &call.said),
            };
            let verdicts = report.connectivity.judge(call);
            if verdicts.is_empty() && wanted(call.workload) {
                calls.push(json(None));
            }
            for verdict in verdicts.into_iter().filter(|v| wanted(call.workload) || wanted(v.target)) {
                calls.push(CallJson {
                    ports: (!verdict.needed.is_empty()).then(|| PortsJson::of(&verdict.needed)),
                    state: CallState::of(&verdict).as_str(),
                    certainty: Some(verdict.certainty.as_str()),
                    because: verdict.because.iter().map(|r| ReasonJson::of(report, r)).collect(),
                    ..json(Some(report.workload(verdict.target)))
                });
            }
        }
        let unknown = unknown.iter().filter(|u| wanted(u.workload)).map(|u| UnknownJson {
            workload: report.workload(u.workload),
            name: u.name.clone(),
            evidence: SaidJson::all(report, &u.said),
        });
        CallsJson { calls: report.calls.map(|_| calls), unknown: unknown.collect() }
    }
}
