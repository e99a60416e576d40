//! A difference as data; `docs/diff.schema.json` describes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Changes;
use crate::diff::{Allowed, Delta, Fate, Field, Gate, Item, Party, Revision};
use crate::graph::NodeId;
use crate::net::{AddressRange, PortSet, Protocol};
use crate::policy::Network;
use crate::render::Report;
use crate::render::connections::ReasonJson;
use crate::render::json::{DiagnosticJson, GraphJson, VERSION};
use crate::source::Span;

/// All there is to say, as pretty-printed JSON that ends in a line break.
pub fn changes_json(changes: &Changes<'_>) -> String {
    let reports = [report(changes.old), report(changes.new)];
    let rows = Rows { changes, reports: &reports };
    let all: Vec<Pair<'_>> = changes.diff.connections.iter().flat_map(|d| rows.of(d)).collect();
    let (ipv6, ipv4): (Vec<Pair<'_>>, Vec<Pair<'_>>) = all.into_iter().partition(|p| p.v6);
    let document = Document {
        version: VERSION,
        old: changes.names()[0],
        new: changes.names()[1],
        same: changes.diff.is_empty(),
        verdict: changes.verdict(),
        sections: changes
            .diff
            .sections
            .iter()
            .map(|s| SectionJson {
                topic: s.topic.as_str(),
                title: s.topic.title(),
                items: s.items.iter().map(ItemJson::of).collect(),
            })
            .collect(),
        objects: changes.diff.objects.iter().map(|o| ObjectJson::of(changes, o)).collect(),
        diff: ipv4,
        ipv6_diff: ipv6,
        graph: GraphJson::of(&changes.diff.graph),
        old_diagnostics: reports[0].diagnostics(),
        new_diagnostics: reports[1].diagnostics(),
    };
    reports[1].json(&document)
}

fn report(revision: &Revision) -> Report<'_> {
    Report { calls: None, diagnostics: revision.problems(), ..Report::of(&revision.world, revision.graph()) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    old: &'a str,
    new: &'a str,
    /// Whether nothing differs.
    same: bool,
    verdict: String,
    sections: Vec<SectionJson<'a>>,
    objects: Vec<ObjectJson>,
    /// The connections that differ, a pair of ends each.
    diff: Vec<Pair<'a>>,
    #[serde(rename = "ipv6Diff", skip_serializing_if = "Vec::is_empty")]
    ipv6_diff: Vec<Pair<'a>>,
    graph: GraphJson<'a>,
    old_diagnostics: Vec<DiagnosticJson<'a>>,
    new_diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct SectionJson<'a> {
    topic: &'static str,
    title: &'static str,
    items: Vec<ItemJson<'a>>,
}

#[derive(Serialize)]
struct ItemJson<'a> {
    change: &'static str,
    text: &'a str,
    because: Vec<BecauseJson<'a>>,
    nodes: &'a [NodeId],
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<&'static str>,
}

#[derive(Serialize)]
struct BecauseJson<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    at: &'a str,
}

impl<'a> ItemJson<'a> {
    fn of(item: &'a Item) -> Self {
        ItemJson {
            change: match item.sign {
                "+" => "added",
                "−" => "removed",
                _ => "changed",
            },
            text: &item.text,
            because: item.because.iter().map(|(text, at)| BecauseJson { text, at }).collect(),
            nodes: &item.nodes,
            gate: item.gate.map(|g| match g {
                Gate::Exposure => "exposure",
                Gate::Widened => "widened",
                Gate::Finding => "finding",
            }),
        }
    }
}

#[derive(Serialize)]
struct ObjectJson {
    id: String,
    change: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unreadable: bool,
}

#[derive(Serialize)]
struct FieldJson {
    path: String,
    at: String,
}

impl ObjectJson {
    fn of(changes: &Changes<'_>, object: &crate::diff::ObjectChange) -> ObjectJson {
        let place = |state: &Revision, at: Option<Span>| at.map(|at| state.world.sources().line_of(at));
        ObjectJson {
            id: object.key.to_string(),
            change: match object.fate {
                Fate::Added => "added",
                Fate::Removed => "removed",
                Fate::Changed(_) => "changed",
            },
            fields: match &object.fate {
                Fate::Changed(fields) => {
                    let of = |field: &Field| FieldJson {
                        path: field.path.clone(),
                        at: changes.new.world.sources().line_of(field.at),
                    };
                    fields.iter().map(of).collect()
                }
                _ => Vec::new(),
            },
            old: place(changes.old, object.old),
            new: place(changes.new, object.new),
            unreadable: object.unreadable,
        }
    }
}

/// One pair of ends between which the ports differ.
#[derive(Serialize)]
struct Pair<'a> {
    #[serde(rename = "type")]
    change: &'static str,
    src: String,
    dst: String,
    /// The ports that the old state allows, as ranges by protocol.
    ref1: BTreeMap<&'static str, Vec<(u16, u16)>>,
    /// The ports that the new state allows.
    ref2: BTreeMap<&'static str, Vec<(u16, u16)>>,
    #[serde(rename = "because1", skip_serializing_if = "Vec::is_empty")]
    old_because: Vec<ReasonJson<'a>>,
    #[serde(rename = "because2", skip_serializing_if = "Vec::is_empty")]
    new_because: Vec<ReasonJson<'a>>,
    /// Left out for the pod network.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(skip)]
    v6: bool,
}

struct Rows<'a> {
    changes: &'a Changes<'a>,
    reports: &'a [Report<'a>; 2],
}

impl<'a> Rows<'a> {
    /// The names of what a party means, and whether it is of IPv6.
    fn names(&self, party: &Party) -> Vec<(String, bool)> {
        match party {
            Party::Workloads(list) => {
                list.iter().map(|&w| (self.changes.diff.workloads[w].to_string(), false)).collect()
            }
            Party::Addresses(set) => {
                let ranges = set.ranges().into_iter();
                ranges.map(|r| (r.to_string(), matches!(r, AddressRange::V6(..)))).collect()
            }
            Party::IngressController => vec![("{ingress-controller}".to_owned(), false)],
        }
    }

    fn of(&self, delta: &'a Delta) -> Vec<Pair<'a>> {
        let change = match (delta.old.ports.is_empty(), delta.new.ports.is_empty()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        };
        let mut pairs = Vec::new();
        for (from, a) in self.names(&delta.from) {
            for (to, b) in self.names(&delta.to).into_iter().filter(|(to, _)| *to != from) {
                let because = |slot: usize, allowed: &'a Allowed| {
                    allowed.because.iter().map(move |r| ReasonJson::of(&self.reports[slot], r)).collect()
                };
                pairs.push(Pair {
                    change,
                    src: from.clone(),
                    dst: to,
                    ref1: ranges(&delta.old.ports),
                    ref2: ranges(&delta.new.ports),
                    old_because: because(0, &delta.old),
                    new_because: because(1, &delta.new),
                    network: (delta.network != Network::Pod).then(|| delta.network.to_string()),
                    v6: a || b,
                });
            }
        }
        pairs
    }
}

fn ranges(ports: &PortSet) -> BTreeMap<&'static str, Vec<(u16, u16)>> {
    let all = Protocol::ALL.into_iter().map(|p| (p.as_str(), ports.ranges(p)));
    all.filter(|(_, r)| !r.is_empty()).collect()
}
