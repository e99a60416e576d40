//! What a difference means, the gravest first: words that every output format shares.

use std::collections::BTreeMap;

use super::Revision;
use super::connections::{Compared, Delta, Party};
use super::ends::Union;
use super::exposure;
use super::facts::{stance, stance_word};
use super::objects::{Fate, ObjectChange};
use super::rows::{Everyone, Row, Told, Who, rows, rows_of, words};
use super::traffic::Turn;
use super::unjudged;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{About, Change, Detail, EdgeKind, Graph, Node, NodeId, NodeKind, Side, Stance};
use crate::net::{PortSet, Protocol};

/// What items are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Topic {
    /// What could not be read: it may be the reason for the rest.
    Unreadable,
    /// Policies that are not evaluated and entrances that are not read.
    Unjudged,
    /// What is reached from outside.
    Exposure,
    /// Connections that are allowed now.
    Allowed,
    /// Connections that are not allowed any more.
    Blocked,
    /// Which workloads policies restrict.
    Isolation,
    /// Problems that came and went.
    Problems,
    /// Hosts and paths.
    Routes,
    /// Objects.
    Objects,
}

impl Topic {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Topic::Unreadable => "Could not be read",
            Topic::Unjudged => "Cannot be determined",
            Topic::Exposure => "Reached from outside",
            Topic::Allowed => "Newly allowed",
            Topic::Blocked => "Newly blocked",
            Topic::Isolation => "Isolation",
            Topic::Problems => "Problems",
            Topic::Routes => "Routes",
            Topic::Objects => "Objects",
        }
    }

    /// A name for data.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a gate may stop at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Something is reached from outside that was not, or on more ports.
    Exposure,
    /// Something that both states have may connect, or be connected to, in more ways than before.
    Widened,
    /// A problem came.
    Finding,
    /// Whether something is reached from outside cannot be determined: an entrance is not read.
    UnreadEntrance,
    /// What may connect or is reached from outside cannot be determined: a policy is not evaluated.
    UnreadPolicy,
}

impl Gate {
    /// True if a gate for this one stops at an item: nothing passes that was not judged.
    pub fn stops_at(self, item: &Item) -> bool {
        match item.gate {
            Some(Gate::UnreadEntrance) => self == Gate::Exposure,
            Some(Gate::UnreadPolicy) => matches!(self, Gate::Exposure | Gate::Widened),
            gate => gate == Some(self),
        }
    }

    /// The gates of `--fail-on` that stop.
    pub fn as_str(self) -> &'static str {
        match self {
            Gate::Exposure | Gate::UnreadEntrance => "exposure",
            Gate::Widened | Gate::UnreadPolicy => "widened",
            Gate::Finding => "finding",
        }
    }
}

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `+`, `−` or `~`.
    pub sign: &'static str,
    /// What it is, in a sentence without its end.
    pub text: String,
    /// Why, or what more there is to say: a line each, with its place `file:line` if it has one.
    pub because: Vec<(String, String)>,
    /// The nodes that it is about.
    pub nodes: Vec<NodeId>,
    /// Which gate stops at it.
    pub gate: Option<Gate>,
    /// Sentences that it is one instance of, before and after their number: lists put what is alike together.
    pub kin: Vec<(String, String)>,
}

/// What there is to know about one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The topic.
    pub topic: Topic,
    /// The items, the gravest first; never empty.
    pub items: Vec<Item>,
}

/// For so many workloads that come or go it is listed whom they reach and who reaches them: each may concern all
/// others.
const WITH_CONNECTIONS: usize = 200;

/// As many fields of an object as are reported.
const FIELDS: usize = 6;

/// What was found.
pub(super) struct Found<'a> {
    pub old: &'a Revision,
    pub new: &'a Revision,
    pub ends: &'a Union,
    pub compared: &'a Compared,
    pub objects: &'a [ObjectChange],
    pub graph: &'a Graph,
}

/// The sections of which there is something to say, in the order of [`Topic`].
pub(super) fn sections(found: &Found<'_>) -> Vec<Section> {
    let (allowed, blocked) = connections(found);
    let (unreadable, problems) = problems(found);
    let all = [
        (Topic::Unreadable, unreadable),
        (Topic::Unjudged, unjudged::items(found)),
        (Topic::Exposure, exposure::items(found)),
        (Topic::Allowed, allowed),
        (Topic::Blocked, blocked),
        (Topic::Isolation, isolation(found)),
        (Topic::Problems, problems),
        (Topic::Routes, routes(found.graph)),
        (Topic::Objects, objects(found)),
    ];
    let said = all.into_iter().filter(|(_, items)| !items.is_empty());
    said.map(|(topic, items)| Section { topic, items }).collect()
}

/// What differs between workloads that both states have. What comes and goes with a workload is reported with it.
fn connections(found: &Found<'_>) -> (Vec<Item>, Vec<Item>) {
    let Found { old, new, ends, .. } = *found;
    let stays = Everyone::of(ends, |w| ends.all()[w].old.is_some() && ends.all()[w].new.is_some());
    let tell = |turn: Turn| -> Vec<Item> {
        let deltas = &found.compared.deltas;
        let rows = rows(&Told { old, new, turn, parties: &found.compared.parties }, deltas, |w| stays.has(w));
        let items = rows.iter().map(|row| Item {
            sign: if turn == Turn::Gained { "+" } else { "−" },
            text: sentence(row, ends, &stays),
            because: row.causes.iter().map(|c| (c.text.clone(), c.place.clone())).collect(),
            nodes: nodes(row, ends),
            gate: (turn == Turn::Gained).then_some(Gate::Widened),
            kin: kin(row, ends, &stays),
        });
        items.collect()
    };
    (tell(Turn::Gained), tell(Turn::Lost))
}

/// `3 sources → shop/db on TCP 5432`, `shop/web → 3 targets on TCP 5432`.
fn kin(row: &Row, ends: &Union, all: &Everyone<'_>) -> Vec<(String, String)> {
    let [from, to] = [words(&row.from, &row.to, ends, all), words(&row.to, &row.from, ends, all)];
    let mut on = format!(" on {}", ports(&row.ports));
    if row.network != crate::policy::Network::Pod {
        on.push_str(&format!(" ({})", row.network));
    }
    vec![(String::new(), format!(" sources → {to}{on}")), (format!("{from} → "), format!(" targets{on}"))]
}

/// `shop/web → shop/db on TCP 5432`.
fn sentence(row: &Row, ends: &Union, all: &Everyone<'_>) -> String {
    let mut text = format!(
        "{} → {} on {}",
        words(&row.from, &row.to, ends, all),
        words(&row.to, &row.from, ends, all),
        ports(&row.ports)
    );
    if row.network != crate::policy::Network::Pod {
        text.push_str(&format!(" ({})", row.network));
    }
    text
}

/// `TCP 80, 443`, `all ports`, `all ports but TCP 80`: whichever is shorter.
pub(super) fn ports(ports: &PortSet) -> String {
    let rest = PortSet::all().difference(ports);
    let ranges = |set: &PortSet| Protocol::ALL.into_iter().map(|p| set.ranges(p).len()).sum::<usize>();
    if rest.is_empty() {
        "all ports".into()
    } else if ranges(&rest) < ranges(ports) {
        format!("all ports but {rest}")
    } else {
        ports.to_string()
    }
}

fn nodes(row: &Row, ends: &Union) -> Vec<NodeId> {
    let both = row.to.workloads.iter().chain(&row.from.workloads);
    both.take(24).map(|&w| NodeId::object(&ends.all()[w].key)).collect()
}

/// Workloads for which policies restrict more or less than before, together where a whole namespace changed alike.
fn isolation(found: &Found<'_>) -> Vec<Item> {
    type Turned = (&'static str, &'static str, &'static str);
    let mut changed: BTreeMap<(bool, Turned), BTreeMap<String, Vec<&Node>>> = BTreeMap::new();
    let mut present: BTreeMap<&str, usize> = BTreeMap::new();
    let access = |state: &Revision, id: &NodeId| -> Option<[(&'static str, Stance); 2]> {
        let node = state.graph().node(state.graph().find(id)?);
        let Detail::Workload { access, .. } = &node.detail else { return None };
        let side = |word, pick: fn(&crate::graph::Access) -> &Side| (word, stance(access.as_ref().map(pick)));
        Some([side("in", |a| &a.ingress), side("out", |a| &a.egress)])
    };
    for node in found.graph.nodes().filter(|n| n.kind() == NodeKind::Workload) {
        let namespace = node.namespace.as_deref().unwrap_or_default();
        *present.entry(namespace).or_default() += 1;
        let (Some(before), Some(after)) = (access(found.old, &node.id), access(found.new, &node.id)) else {
            continue;
        };
        for ((way, was), (_, is)) in before.into_iter().zip(after) {
            if was != is {
                let lost = is == Stance::Open || was == Stance::Isolated;
                changed
                    .entry((!lost, (way, stance_word(was), stance_word(is))))
                    .or_default()
                    .entry(namespace.to_owned())
                    .or_default()
                    .push(node);
            }
        }
    }
    let mut items = Vec::new();
    for ((gained, (way, was, is)), namespaces) in changed {
        for (namespace, list) in namespaces {
            let who = if list.len() == present.get(namespace.as_str()).copied().unwrap_or_default() && list.len() > 1 {
                format!("all {} workloads of {namespace}", list.len())
            } else if list.len() <= 3 {
                list.iter().map(|n| format!("{namespace}/{}", n.name)).collect::<Vec<_>>().join(", ")
            } else {
                format!("{namespace}/{} and {} more of {namespace}", list[0].name, list.len() - 1)
            };
            let direction = if way == "in" { "ingress" } else { "egress" };
            items.push(Item {
                sign: "~",
                text: format!("{who}: {direction} {was} → {is}"),
                because: Vec::new(),
                nodes: list.iter().take(24).map(|n| n.id.clone()).collect(),
                gate: (!gained).then_some(Gate::Widened),
                kin: Vec::new(),
            });
        }
    }
    items
}

/// Problems of the one state that the other has not, whatever their places: those by which something new is not read at
/// all, and all others.
fn problems(found: &Found<'_>) -> (Vec<Item>, Vec<Item>) {
    let count = |diagnostics: &[Diagnostic]| {
        let mut all: BTreeMap<(crate::diagnostic::Severity, &'static str, String), Vec<usize>> = BTreeMap::new();
        // A state may well be empty.
        for (index, d) in diagnostics.iter().enumerate().filter(|(_, d)| d.code != Code::NothingFound) {
            all.entry((d.severity, d.code.as_str(), d.message.clone())).or_default().push(index);
        }
        all
    };
    let (before, after) = (count(found.old.problems()), count(found.new.problems()));
    let place = |state: &Revision, index: usize| {
        let at = state.problems()[index].at;
        at.map(|at| state.sources().origin_of(at))
    };
    let (mut unreadable, mut items) = (Vec::new(), Vec::new());
    for (key, list) in &after {
        let known = before.get(key).map_or(0, Vec::len);
        for &index in list.iter().skip(known) {
            let heap = if found.new.problems()[index].code.is_unread() { &mut unreadable } else { &mut items };
            heap.push(Item {
                sign: "+",
                text: format!("{}: {} ({})", key.0.as_str(), key.2, key.1),
                because: place(found.new, index).map(|at| (String::new(), at)).into_iter().collect(),
                nodes: Vec::new(),
                gate: (key.0 != crate::diagnostic::Severity::Info).then_some(Gate::Finding),
                kin: vec![(String::new(), format!(" times new: {}: {}", key.0.as_str(), key.1))],
            });
        }
    }
    for (key, list) in &before {
        let left = after.get(key).map_or(0, Vec::len);
        for &index in list.iter().skip(left) {
            items.push(Item {
                sign: "−",
                text: format!("{}: {} ({})", key.0.as_str(), key.2, key.1),
                because: place(found.old, index).map(|at| ("was at".to_owned(), at)).into_iter().collect(),
                nodes: Vec::new(),
                gate: None,
                kin: vec![(String::new(), format!(" times fixed: {}: {}", key.0.as_str(), key.1))],
            });
        }
    }
    (unreadable, items)
}

/// Hosts and paths that came, went or lead elsewhere, between objects that both states have.
fn routes(graph: &Graph) -> Vec<Item> {
    let mut items = Vec::new();
    for (from, to, edge) in graph.edges().filter(|(.., e)| e.kind() == EdgeKind::Routes) {
        let (by, target) = (graph.node(from), graph.node(to));
        let lines: Vec<String> = match &edge.change {
            Some(Change::Added | Change::Removed) => edge.lines(),
            // TLS is reported with what is reached from outside.
            Some(Change::Changed(differences)) => {
                differences.iter().filter(|d| !matches!(d.about, About::Tls(_))).map(|d| d.text()).collect()
            }
            _ => continue,
        };
        if lines.is_empty() {
            continue;
        }
        let sign = edge.change.as_ref().map_or("", Change::sign);
        let place = edge.evidence.first().map(|e| e.place()).unwrap_or_default();
        items.push(Item {
            sign,
            text: format!("{} → {}: {}", by.id, named(target), lines.join("; ")),
            because: vec![(if sign == "−" { "was at" } else { "" }.into(), place)],
            nodes: vec![by.id.clone(), target.id.clone()],
            gate: None,
            kin: Vec::new(),
        });
    }
    items
}

/// `shop/cart[Service], which is missing`.
fn named(node: &Node) -> String {
    match (node.kind(), &node.namespace) {
        (NodeKind::Missing, Some(namespace)) => format!("{namespace}/{}[{}], which is missing", node.name, node.label),
        (NodeKind::Missing, None) => format!("{}[{}], which is missing", node.name, node.label),
        _ => node.id.to_string(),
    }
}

/// `1 field`, `3 fields`.
fn counted(fields: usize) -> String {
    if fields == 1 { "1 field".into() } else { format!("{fields} fields") }
}

fn objects(found: &Found<'_>) -> Vec<Item> {
    let Found { ends, graph, .. } = *found;
    let before = Everyone::of(ends, |w| ends.all()[w].old.is_some());
    let after = Everyone::of(ends, |w| ends.all()[w].new.is_some());
    let of = by_workload(found);
    let mut items = Vec::new();
    let mut detailed = 0;
    for object in found.objects {
        let id = NodeId::object(&object.key);
        let (sign, text, mut because) = became(found, object, &id);
        if let (Some(workload), Some(turn)) = (ends.find(&id), turn_of(&object.fate)) {
            detailed += 1;
            if detailed <= WITH_CONNECTIONS {
                let own = of.get(&workload).map(Vec::as_slice).unwrap_or_default();
                let everyone = if turn == Turn::Gained { &after } else { &before };
                because.extend(of_workload(found, turn, workload, own, everyone));
            } else {
                let unlisted =
                    format!("connections are listed for {WITH_CONNECTIONS} workloads that come or go, not for this");
                because.push((unlisted, String::new()));
            }
        }
        items.push(Item {
            sign,
            text,
            because,
            nodes: graph.find(&id).map(|n| graph.node(n).id.clone()).into_iter().collect(),
            gate: None,
            kin: Vec::new(),
        });
    }
    items
}

/// What became of an object: the sign, the sentence, and the places or the fields that show it.
fn became(found: &Found<'_>, object: &ObjectChange, id: &NodeId) -> (&'static str, String, Vec<(String, String)>) {
    let Found { old, new, graph, .. } = *found;
    match &object.fate {
        Fate::Added => {
            let is = object.new.map(|at| (String::new(), new.sources().origin_of(at)));
            ("+", id.to_string(), is.into_iter().collect())
        }
        Fate::Removed => {
            let was = object.old.map(|at| ("was at".to_owned(), old.sources().origin_of(at)));
            let doubt = if object.unreadable { ": its file has errors now, so it may still be meant" } else { "" };
            ("−", format!("{id}{doubt}"), was.into_iter().collect())
        }
        Fate::Changed(fields) => {
            let facts: Vec<String> = graph
                .find(id)
                .and_then(|n| graph.node(n).change.as_ref())
                .map(|c| c.differences().iter().map(|d| d.text()).collect())
                .unwrap_or_default();
            let shown = fields.iter().take(FIELDS);
            let mut because: Vec<(String, String)> =
                shown.map(|f| (f.path.clone(), new.sources().origin_of(f.at))).collect();
            if fields.len() > FIELDS {
                because.push((format!("{} more fields", fields.len() - FIELDS), String::new()));
            }
            let said = if facts.is_empty() { counted(fields.len()) } else { facts.join("; ") };
            ("~", format!("{id}: {said}"), because)
        }
    }
}

/// Which way the connections of an object go: those of one that stays are told elsewhere.
fn turn_of(fate: &Fate) -> Option<Turn> {
    match fate {
        Fate::Added => Some(Turn::Gained),
        Fate::Removed => Some(Turn::Lost),
        Fate::Changed(_) => None,
    }
}

/// The connections that differ of each workload that comes or goes.
fn by_workload<'a>(found: &Found<'a>) -> BTreeMap<usize, Vec<&'a Delta>> {
    let mut all: BTreeMap<usize, Vec<&Delta>> = BTreeMap::new();
    let fleeting = |w: &usize| found.ends.all()[*w].old.is_none() || found.ends.all()[*w].new.is_none();
    let of = |ends: &[usize]| -> Vec<usize> {
        let lists = ends.iter().filter_map(|&e| match &found.compared.parties[e] {
            Party::Workloads(list) => Some(list),
            _ => None,
        });
        lists.flatten().copied().filter(&fleeting).collect()
    };
    for delta in &found.compared.deltas {
        let mut workloads = of(&delta.from);
        workloads.extend(of(&delta.to));
        workloads.sort_unstable();
        workloads.dedup();
        workloads.into_iter().for_each(|w| all.entry(w).or_default().push(delta));
    }
    all
}

/// What comes or goes with a workload: who reaches it and whom it reaches.
fn of_workload(
    found: &Found<'_>,
    turn: Turn,
    workload: usize,
    own: &[&Delta],
    everyone: &Everyone<'_>,
) -> Vec<(String, String)> {
    let Found { old, new, ends, .. } = *found;
    let mut lines = Vec::new();
    for row in rows_of(&Told { old, new, turn, parties: &found.compared.parties }, own, workload) {
        let to = row.to.has(workload);
        let other = if to { &row.from } else { &row.to };
        let mut other = other.clone();
        other.workloads.retain(|w| *w != workload);
        let way = match (to, turn) {
            (true, Turn::Gained) => "reached by",
            (true, Turn::Lost) => "was reached by",
            (false, Turn::Gained) => "reaches",
            (false, Turn::Lost) => "reached",
        };
        let this = Who { workloads: vec![workload], ..Default::default() };
        let whom = words(&other, &this, ends, everyone);
        if whom.is_empty() {
            continue;
        }
        let text = format!("{way} {whom} on {}", ports(&row.ports));
        let place = row.causes.first().map(|c| c.place.clone()).unwrap_or_default();
        lines.push((!to, text, place));
    }
    lines.sort();
    lines.into_iter().map(|(_, text, place)| (text, place)).collect()
}
