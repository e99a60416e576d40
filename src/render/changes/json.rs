//! A difference as data; `docs/diff.schema.json` describes it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::Changes;
use super::groups::{self, Groups};
use crate::diff::{Allowed, Delta, Diff, Fate, Field, Gate, Item, Party, Revision};
use crate::graph::NodeId;
use crate::net::{AddressRange, PortSet, Protocol};
use crate::policy::Network;
use crate::render::Report;
use crate::render::connections::ReasonJson;
use crate::render::json::{DiagnosticJson, GROUPS_VERSION, GraphJson};
use crate::source::Span;

/// Which pairs `diff -o json` lists beside the groups that they are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PairList {
    /// All if there are no more than `MOST_PAIRS`, else none.
    #[default]
    IfFew,
    /// All, however many.
    All,
}

/// So many pairs are few.
pub const MOST_PAIRS: usize = 10_000;

/// All there is to say, as pretty-printed JSON that ends in a line break.
pub fn changes_json(changes: &Changes<'_>, pair_list: PairList) -> String {
    let reports = [report(changes.old), report(changes.new)];
    let listed = pair_list == PairList::All || groups::pairs(changes.diff) <= MOST_PAIRS;
    let pairs = |v6: bool| listed.then_some(Pairs { changes, reports: &reports, v6 });
    let document = Document {
        version: GROUPS_VERSION,
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
        groups: Groups::of(changes.diff, &reports),
        diff: pairs(false),
        ipv6_diff: pairs(true).filter(|p| !p.is_empty()),
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
    /// The connections that differ.
    #[serde(flatten)]
    groups: Groups<'a>,
    /// The same, a pair of ends each.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Pairs<'a>>,
    #[serde(rename = "ipv6Diff", skip_serializing_if = "Option::is_none")]
    ipv6_diff: Option<Pairs<'a>>,
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
            gate: item.gate.map(Gate::as_str),
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
        let place = |state: &Revision, at: Option<Span>| at.map(|at| state.world.sources().origin_of(at));
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
                        at: changes.new.world.sources().origin_of(field.at),
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
}

/// The pairs of IPv4 and of workloads, or those of IPv6; made one by one when they are written.
struct Pairs<'a> {
    changes: &'a Changes<'a>,
    reports: &'a [Report<'a>; 2],
    v6: bool,
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> Pairs<'a> {
    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// By network, source and destination.
    fn iter(&self) -> impl Iterator<Item = Pair<'a>> + use<'a> {
        let Pairs { changes, reports, v6 } = *self;
        let diff = changes.diff;
        let of_network = diff.connections.chunk_by(|a, b| a.network == b.network);
        let by_source = of_network.flat_map(|deltas| {
            let mut by_source: BTreeMap<usize, Vec<&Delta>> = BTreeMap::new();
            for delta in deltas {
                delta.from.iter().for_each(|&from| by_source.entry(from).or_default().push(delta));
            }
            by_source
        });
        let by_ends = by_source.flat_map(|(from, deltas)| {
            let mut all: Vec<(usize, &Delta)> =
                deltas.iter().flat_map(|&d| d.to.iter().map(move |&to| (to, d))).collect();
            all.sort_by_key(|(to, _)| *to);
            all.into_iter().map(move |(to, delta)| (from, to, delta))
        });
        by_ends.flat_map(move |(from, to, delta)| {
            let (from, to) = (names(diff, &diff.parties[from]), names(diff, &diff.parties[to]));
            let mut pairs = Vec::new();
            for (from, a) in &from {
                for (to, _) in to.iter().filter(|(to, b)| to != from && (*a || *b) == v6) {
                    pairs.push(Pair::of(delta, (from, to), reports));
                }
            }
            pairs
        })
    }
}

/// The names of what a party means, and whether it is of IPv6.
fn names(diff: &Diff, party: &Party) -> Vec<(String, bool)> {
    match party {
        Party::Workloads(list) => list.iter().map(|&w| (diff.workloads[w].to_string(), false)).collect(),
        Party::Addresses(set) => {
            let ranges = set.ranges().into_iter();
            ranges.map(|r| (r.to_string(), matches!(r, AddressRange::V6(..)))).collect()
        }
        Party::IngressController => vec![("{ingress-controller}".to_owned(), false)],
    }
}

impl<'a> Pair<'a> {
    fn of(delta: &'a Delta, (from, to): (&str, &str), reports: &'a [Report<'a>; 2]) -> Pair<'a> {
        let because = |slot: usize, allowed: &'a Allowed| {
            allowed.because.iter().map(move |r| ReasonJson::of(&reports[slot], r)).collect()
        };
        Pair {
            change: kind(delta),
            src: from.to_owned(),
            dst: to.to_owned(),
            ref1: ranges(&delta.old.ports),
            ref2: ranges(&delta.new.ports),
            old_because: because(0, &delta.old),
            new_because: because(1, &delta.new),
            network: (delta.network != Network::Pod).then(|| delta.network.to_string()),
        }
    }
}

/// `added` where the old state allows nothing, `removed` where the new one does.
pub(super) fn kind(delta: &Delta) -> &'static str {
    match (delta.old.ports.is_empty(), delta.new.ports.is_empty()) {
        (true, _) => "added",
        (_, true) => "removed",
        _ => "changed",
    }
}

pub(super) fn ranges(ports: &PortSet) -> BTreeMap<&'static str, Vec<(u16, u16)>> {
    let all = Protocol::ALL.into_iter().map(|p| (p.as_str(), ports.ranges(p)));
    all.filter(|(_, r)| !r.is_empty()).collect()
}
