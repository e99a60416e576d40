//! What of a difference cannot be judged: policies that are not evaluated and entrances that are not read.

use std::collections::{BTreeMap, BTreeSet};

use super::Revision;
use super::objects::Fate;
use super::summary::{Found, Gate, Item};
use crate::graph::NodeId;
use crate::net::ObjectKey;
use crate::policy::{Certainty, Direction, Influence};
use crate::world::UnreadEntrance;

/// Entrances first, then policies.
pub(super) fn items(found: &Found<'_>) -> Vec<Item> {
    let mut items = entrances(found);
    items.extend(lifted(found));
    items.extend(ways(found));
    items.extend(policies(found));
    items
}

fn entrances_of(state: &Revision) -> BTreeMap<&ObjectKey, &UnreadEntrance> {
    let unread = state.world.facts().unread.iter();
    unread.map(|u| (&state.cluster().entries()[u.object].key, u)).collect()
}

/// The workloads that some entrance which is not read may lead to, each with the first of these.
fn reached(state: &Revision) -> BTreeMap<&ObjectKey, &UnreadEntrance> {
    let workloads = state.cluster().workloads().iter().enumerate();
    workloads.filter_map(|(i, workload)| Some((&workload.key, state.world.facts().unread_to(i)?))).collect()
}

fn entrances(found: &Found<'_>) -> Vec<Item> {
    let (old, new) = (entrances_of(found.old), entrances_of(found.new));
    let is_changed = |key: &ObjectKey| found.objects.binary_search_by(|o| o.key.cmp(key)).is_ok();
    let mut items = Vec::new();
    let mut listed: BTreeSet<&ObjectKey> = BTreeSet::new();
    for (key, entrance) in &new {
        let is_new = !old.contains_key(key);
        // What is not read may mean anything.
        if !is_new && !is_changed(key) {
            continue;
        }
        listed.insert(*key);
        items.push(Item {
            sign: if is_new { "+" } else { "~" },
            text: format!("{key} may open an entrance from outside and is not read"),
            because: vec![(String::new(), found.new.sources().origin_of(entrance.at))],
            nodes: vec![NodeId::object(key)],
            gate: Some(Gate::UnreadEntrance),
            kin: Vec::new(),
        });
    }
    let before = reached(found.old);
    for (workload, entrance) in reached(found.new) {
        let key = &found.new.cluster().entries()[entrance.object].key;
        if before.contains_key(workload) || listed.contains(key) {
            continue;
        }
        items.push(Item {
            sign: "+",
            text: format!("{workload} may be reached from outside through {key}, which is not read"),
            because: vec![(String::new(), found.new.sources().origin_of(entrance.at))],
            nodes: vec![NodeId::object(workload)],
            gate: Some(Gate::UnreadEntrance),
            kin: Vec::new(),
        });
    }
    for (key, entrance) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        items.push(Item {
            sign: "−",
            text: format!("{key}, which may have opened an entrance from outside and was not read"),
            because: vec![("was at".to_owned(), found.old.sources().origin_of(entrance.at))],
            nodes: vec![NodeId::object(key)],
            gate: None,
            kin: Vec::new(),
        });
    }
    items
}

/// What was not evaluated of an entrance and may have kept requests out, and is gone.
fn lifted(found: &Found<'_>) -> Vec<Item> {
    let of = |state: &'_ Revision| -> BTreeMap<ObjectKey, BTreeSet<String>> {
        let all = state.world.facts().unjudged.iter();
        let named = all.map(|(&object, said)| {
            (state.cluster().entries()[object].key.clone(), said.iter().map(|u| u.what.clone()).collect())
        });
        named.collect()
    };
    let (old, new) = (of(found.old), of(found.new));
    let none = BTreeSet::new();
    let mut items = Vec::new();
    for (key, was) in &old {
        // What is gone altogether opens nothing.
        if found.new.cluster().find(key).is_none() {
            continue;
        }
        for what in was.difference(new.get(key).unwrap_or(&none)) {
            items.push(Item {
                sign: "~",
                text: format!("{key}: {what} may have kept requests out and was not evaluated; it is gone"),
                because: Vec::new(),
                kin: Vec::new(),
                nodes: vec![NodeId::object(key)],
                gate: Some(Gate::UnreadEntrance),
            });
        }
    }
    items
}

/// Ways to workloads that the evaluated policies deny and that others may allow.
fn ways(found: &Found<'_>) -> Vec<Item> {
    let open = |state: &'_ Revision| -> BTreeSet<(NodeId, NodeId)> {
        let connectivity = state.connectivity();
        let unsure = connectivity.entrances().iter().filter(|e| {
            let admission = connectivity.admission(e);
            let influence = connectivity.influence(e.workload, Direction::Ingress);
            influence == Influence::Decides
                && admission.ports.is_empty()
                && admission.certainty == Certainty::Undetermined
        });
        unsure.map(|e| (NodeId::object(&state.cluster().workloads()[e.workload].key), NodeId::object(&e.by))).collect()
    };
    let before = open(found.old);
    let fresh = open(found.new).into_iter().filter(|way| !before.contains(way));
    let items = fresh.map(|(workload, by)| Item {
        sign: "+",
        text: format!("{by} sends to {workload}, and policies that are not evaluated decide whether it is reached"),
        because: Vec::new(),
        nodes: vec![workload, by],
        gate: Some(Gate::UnreadPolicy),
        kin: Vec::new(),
    });
    items.collect()
}

fn policies(found: &Found<'_>) -> Vec<Item> {
    let of = |state: &'_ Revision| -> BTreeMap<ObjectKey, Influence> {
        state.connectivity().foreign().iter().map(|f| (f.key.clone(), f.influence)).collect()
    };
    let (old, new) = (of(found.old), of(found.new));
    let mut items = Vec::new();
    for object in found.objects {
        let influence = old.get(&object.key).max(new.get(&object.key));
        let Some(influence) = influence else { continue };
        // What only denies cannot open anything when it comes.
        let opens = !matches!((influence, &object.fate), (Influence::Restricts, Fate::Added));
        let (sign, word, at) = match &object.fate {
            Fate::Added => ("+", "is new", object.new.map(|at| (String::new(), found.new.sources().origin_of(at)))),
            Fate::Changed(_) => {
                ("~", "changed", object.new.map(|at| (String::new(), found.new.sources().origin_of(at))))
            }
            Fate::Removed => {
                ("−", "is gone", object.old.map(|at| ("was at".to_owned(), found.old.sources().origin_of(at))))
            }
        };
        let all = || found.old.connectivity().foreign().iter().chain(found.new.connectivity().foreign());
        let is_repeated = all().any(|f| f.is_repeated && f.key == object.key);
        let why = if is_repeated { "is defined more than once with different content" } else { "is not evaluated" };
        items.push(Item {
            sign,
            text: format!("{} {word} and {why}", object.key),
            because: at.into_iter().collect(),
            nodes: Vec::new(),
            gate: opens.then_some(Gate::UnreadPolicy),
            kin: Vec::new(),
        });
    }
    items.extend(subjects(found));
    items
}

/// Workloads of both states to which other policies apply that are not evaluated, though none of these changed.
fn subjects(found: &Found<'_>) -> Vec<Item> {
    let states = [found.old, found.new];
    let all: BTreeSet<&ObjectKey> =
        states.iter().flat_map(|s| s.connectivity().foreign()).map(|policy| &policy.key).collect();
    if all.is_empty() || found.objects.iter().any(|o| all.contains(&o.key)) {
        return Vec::new();
    }
    let influence = |state: &Revision, w: usize| Direction::ALL.map(|d| state.connectivity().influence(w, d));
    let items = found.ends.all().iter().filter_map(|end| {
        let (was, is) = (influence(found.old, end.old?), influence(found.new, end.new?));
        // Whoever stops being restricted, or starts being decided about, may connect in more ways.
        let more = was.iter().zip(&is).any(|(was, is)| was > is || (*is == Influence::Decides && was != is));
        more.then(|| Item {
            sign: "~",
            text: format!("other policies that are not evaluated apply to {} than before", end.key),
            because: Vec::new(),
            nodes: vec![NodeId::object(&end.key)],
            gate: Some(Gate::UnreadPolicy),
            kin: Vec::new(),
        })
    });
    items.collect()
}
