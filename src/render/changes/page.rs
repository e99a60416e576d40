//! A difference as one static page: what it means, the picture of before, after and both in the same places, and what
//! changed as lists and tables.
//!
//! The page loads nothing. Which state the picture shows is chosen by radio buttons that style rules look at; where
//! styles are stripped, and on paper, it shows both. Links lead to rings around cards, which are there in every state.

use std::collections::BTreeMap;

use askama::Template;

use super::{Changes, Item, Section};
use crate::diff::{Gate, Topic};
use crate::graph::{Change, Graph};
use crate::inert::shown;
use crate::layout::{Layout, Moment, moment};
use crate::render::head::Head;
use crate::render::html::{Maker, Ref, place};
use crate::render::svg::svg_in_page;
use crate::render::svg::svg_of_states;
use crate::render::theme::Palette;
use crate::render::{PictureOptions, explore, words};

/// More cards than this are counted at an item instead of linked.
const REFS: usize = 8;

/// What a page of changes shows.
#[derive(Clone, Copy, Debug)]
pub struct ChangesPage<'a> {
    /// How the states differ.
    pub changes: &'a Changes<'a>,
    /// What the picture shows: the union of both states, folded around what changed.
    pub drawn: &'a Graph,
    /// The picture.
    pub layout: &'a Layout,
    /// The manifests that the page contains, of both states.
    pub texts: explore::ObjectTexts,
}

/// The page as text.
///
/// # Errors
///
/// What the template engine reports; nothing in the page can make it fail.
pub fn changes_page(page: &ChangesPage<'_>, options: &PictureOptions) -> Result<String, askama::Error> {
    let ChangesPage { changes, drawn, layout, texts } = *page;
    let prefix = words::id_prefix(layout, drawn, options);
    let maker = Maker { prefix: &prefix, drawn };
    let union = &changes.diff.graph;
    let has_states = drawn.is_comparison() && !drawn.is_unchanged();
    let picture = if has_states {
        let states = [Moment::Before, Moment::After].map(|m| moment(layout, drawn, changes.old.graph(), m));
        svg_of_states(layout, [&states[0], &states[1]], drawn, options)
    } else {
        svg_in_page(layout, drawn, options)
    };
    let title = match options.title.as_deref() {
        Some(title) if !title.trim().is_empty() => title.to_owned(),
        _ => "What a change does".to_owned(),
    };
    let paths = changes.names().map(|name| shown(name).into_owned());
    let [old, new] = named(&paths);
    let mut letters = changes.verdict().chars().collect::<Vec<char>>().into_iter();
    let verdict: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let view = View {
        head: Head::new(&title, options, Palette::Changes),
        old,
        new,
        paths,
        verdict: shown(&verdict).into_owned(),
        has_alarm: in_order(&changes.diff.sections)
            .any(|s| s.topic != Topic::Isolation && s.items.iter().any(|i| is_alarming(s.topic, i))),
        has_states,
        picture,
        data: explore::data(explore::Subject {
            graph: drawn,
            layout,
            world: &changes.new.world,
            old: Some(&changes.old.world),
            verdicts: None,
            texts,
            pages: Vec::new(),
        }),
        sections: in_order(&changes.diff.sections).map(|s| section(s, union, &maker)).collect(),
        nodes: union.nodes().filter_map(|n| Some(node(n, n.change.as_ref()?, &maker)).filter(Row::is_change)).collect(),
        edges: union
            .edges()
            .filter_map(|(from, to, edge)| {
                let change = edge.change.as_ref().filter(|c| !c.is_same())?;
                Some(EdgeRow {
                    sign: change.sign(),
                    class: change.as_str(),
                    from: maker.name(union.node(from)),
                    to: maker.name(union.node(to)),
                    kind: edge.kind().as_str(),
                    lines: edge.told(edge.lines()).iter().map(|l| shown(l).into_owned()).collect(),
                    at: place(edge.evidence.first()),
                })
            })
            .collect(),
    };
    view.render()
}

#[derive(Template)]
#[template(path = "changes.html")]
struct View {
    head: Head,
    old: String,
    new: String,
    /// The same, whole.
    paths: [String; 2],
    verdict: String,
    /// Whether something became reachable.
    has_alarm: bool,
    /// Whether there is anything to switch.
    has_states: bool,
    picture: String,
    /// What the script knows.
    data: explore::Data,
    sections: Vec<SectionView>,
    nodes: Vec<Row>,
    edges: Vec<EdgeRow>,
}

struct SectionView {
    /// Whether it is a list to look things up in, which stands below the picture, and not what the change means.
    is_list: bool,
    id: String,
    title: &'static str,
    /// `alarm` if something became reachable or allowed.
    alarm: &'static str,
    count: usize,
    groups: Vec<GroupView>,
}

/// Items that are instances of one sentence, or one by itself.
struct GroupView {
    sign: &'static str,
    class: &'static str,
    /// Empty for a single item.
    title: String,
    items: Vec<ItemView>,
}

struct ItemView {
    sign: &'static str,
    class: &'static str,
    text: String,
    gate: &'static str,
    because: Vec<(String, String)>,
    refs: Vec<Ref>,
    /// How many cards are not linked.
    more: usize,
}

/// A node that changed.
struct Row {
    sign: &'static str,
    class: &'static str,
    this: Ref,
    lines: Vec<String>,
    at: String,
}

impl Row {
    fn is_change(&self) -> bool {
        !self.sign.is_empty()
    }
}

/// An edge that changed.
struct EdgeRow {
    sign: &'static str,
    class: &'static str,
    from: Ref,
    to: Ref,
    kind: &'static str,
    lines: Vec<String>,
    at: String,
}

/// What the states are called in a header: paths without the folders that both are in.
fn named(paths: &[String; 2]) -> [String; 2] {
    let [old, new] = paths;
    let shared = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let cut = old.as_bytes()[..shared].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let rest = |path: &String| if path.len() > cut { path[cut..].to_owned() } else { path.clone() };
    if old == new { paths.clone() } else { [rest(old), rest(new)] }
}

/// The sections for a reader: after what could not be read, what became reachable comes first.
fn in_order(sections: &[Section]) -> impl Iterator<Item = &Section> {
    let mut all: Vec<&Section> = sections.iter().collect();
    let alarms = |s: &Section| s.items.iter().any(|i| is_alarming(s.topic, i));
    all.sort_by_key(|s| match s.topic {
        Topic::Unreadable => 0,
        Topic::Exposure if alarms(s) => 1,
        Topic::Allowed if alarms(s) => 2,
        _ => 3,
    });
    all.into_iter()
}

fn section(section: &Section, union: &Graph, maker: &Maker<'_>) -> SectionView {
    let is_alarm = section.items.iter().any(|i| is_alarming(section.topic, i));
    SectionView {
        is_list: section.topic >= Topic::Problems,
        id: format!("topic-{}", section.topic.as_str()),
        title: section.topic.title(),
        alarm: if is_alarm { "alarm" } else { "" },
        count: section.items.len(),
        groups: groups(section, union, maker),
    }
}

/// Whether an item says that something is reachable that was not.
fn is_alarming(topic: Topic, item: &Item) -> bool {
    matches!(topic, Topic::Exposure | Topic::Allowed | Topic::Isolation) && item.gate.is_some()
}

/// As many instances of one sentence stand together.
const KIN: usize = 3;

/// Items with those of the same sentence together, the largest group of each, in the order of their first ones.
fn groups(section: &Section, union: &Graph, maker: &Maker<'_>) -> Vec<GroupView> {
    let mut sizes: BTreeMap<(&str, &(String, String)), usize> = BTreeMap::new();
    for item in &section.items {
        for kin in &item.kin {
            *sizes.entry((item.sign, kin)).or_default() += 1;
        }
    }
    let mut places: BTreeMap<(&str, &(String, String)), usize> = BTreeMap::new();
    let mut found: Vec<GroupView> = Vec::new();
    for one in &section.items {
        let size = |kin: &&(String, String)| sizes.get(&(one.sign, *kin)).copied().unwrap_or_default();
        let best = one.kin.iter().rev().max_by_key(size).filter(|kin| size(kin) >= KIN);
        let view = item(one, section.topic, union, maker);
        let known = best.and_then(|kin| places.get(&(one.sign, kin)).copied());
        if let Some(group) = known.and_then(|at| found.get_mut(at)) {
            group.items.push(view);
            continue;
        }
        if let Some(kin) = best {
            places.insert((one.sign, kin), found.len());
        }
        let title = best.map_or(String::new(), |kin| kin.1.clone());
        found.push(GroupView { sign: view.sign, class: view.class, title, items: vec![view] });
    }
    for ((_, (before, after)), at) in places {
        if let Some(group) = found.get_mut(at) {
            group.title = match group.items.len() {
                1 => String::new(),
                count => shown(&format!("{before}{count}{after}")).into_owned(),
            };
        }
    }
    found
}

fn item(item: &Item, topic: Topic, union: &Graph, maker: &Maker<'_>) -> ItemView {
    // What the picture folds has no card of its own to lead to.
    let drawn: Vec<Ref> = item
        .nodes
        .iter()
        .filter_map(|id| union.find(id))
        .map(|n| maker.name(union.node(n)))
        .filter(|r| !r.anchor.is_empty())
        .collect();
    let because = item.because.iter().map(|(text, at)| (shown(text).into_owned(), shown(at).into_owned()));
    ItemView {
        sign: item.sign,
        class: match item.sign {
            _ if is_alarming(topic, item) => "alarm",
            "+" => "added",
            "−" => "removed",
            _ => "changed",
        },
        text: shown(&item.text).into_owned(),
        gate: item.gate.map_or("", Gate::as_str),
        because: because.collect(),
        more: drawn.len().saturating_sub(REFS),
        refs: drawn.into_iter().take(REFS).collect(),
    }
}

fn node(node: &crate::graph::Node, change: &Change, maker: &Maker<'_>) -> Row {
    let lines = match change {
        Change::Changed(_) => change.lines().iter().map(|line| line.to_string()).collect(),
        _ => Vec::new(),
    };
    Row {
        sign: change.sign(),
        class: change.as_str(),
        this: maker.name(node),
        lines: lines.iter().map(|l| shown(l).into_owned()).collect(),
        at: place(node.evidence.first()),
    }
}
