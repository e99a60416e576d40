//! Pictures for people who see few colors, or none, or listen: names and descriptions, and no meaning that only a color
//! has.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::shop;
use kubesketch::graph::{ChangeKind, EdgeKind, GraphBuilder, Identity};
use kubesketch::layout::{self, Layout, Legend, Link, Point};
use kubesketch::render::{PictureOptions, Theme, dot, mermaid, svg};

fn attributes_but_colors(node: roxmltree::Node<'_, '_>) -> Vec<String> {
    let colors = ["fill", "stroke", "class"];
    let mut all: Vec<String> = node
        .attributes()
        .filter(|a| !colors.contains(&a.name()))
        .map(|a| format!("{}={}", a.name(), a.value()))
        .collect();
    all.sort();
    all
}

#[test]
fn lines_of_different_kinds_differ_without_color() {
    let at = |x| Point { x, y: 10.0 };
    let changes = || std::iter::once(None).chain(ChangeKind::ALL.iter().copied().map(Some));
    let all = EdgeKind::ALL.iter().flat_map(|kind| changes().map(move |change| (*kind, change)));
    let links = all.map(|(kind, change)| Link {
        from: Identity::DnsName("a".into()).into(),
        to: Identity::DnsName("b".into()).into(),
        kind,
        points: vec![at(0.0), at(100.0)],
        gaps: Vec::new(),
        branches: Vec::new(),
        label: None,
        change,
        tooltip: String::new(),
    });
    let picture = Layout { width: 100.0, height: 20.0, links: links.collect(), ..Layout::default() };
    for theme in Theme::ALL {
        let options = PictureOptions { theme: *theme, ..PictureOptions::default() };
        let text = svg(&picture, &GraphBuilder::new().build(), &options);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let mut looks: BTreeMap<(Option<&str>, Vec<String>), &str> = BTreeMap::new();
        let mut states: BTreeMap<(&str, Vec<String>), &str> = BTreeMap::new();
        for edge in parsed.descendants().filter(|n| n.attribute("class") == Some("edge")) {
            let kind = edge.attribute("data-kind").unwrap();
            let look = edge
                .children()
                .filter(|c| c.has_tag_name(("http://www.w3.org/2000/svg", "path")))
                .flat_map(attributes_but_colors)
                .collect();
            let change = edge.attribute("data-change");
            let look: Vec<String> = look;
            if let Some(other) = states.insert((kind, look.clone()), change.unwrap_or("one state")) {
                panic!("{kind}: {change:?} and {other} look alike but for their color");
            }
            if let Some(other) = looks.insert((change, look), kind) {
                panic!("{kind} and {other}, {change:?}, look alike but for their color");
            }
        }
        assert_eq!(looks.len(), EdgeKind::ALL.len() * (1 + ChangeKind::ALL.len()));
    }
}

/// What of a text of ours draws each kind of edge: every kind has one look, and no two share it.
fn looks_apart(looks: &[(&str, String)]) {
    let by_kind: BTreeMap<&str, BTreeSet<&str>> = looks.iter().fold(BTreeMap::new(), |mut all, (kind, look)| {
        all.entry(*kind).or_insert_with(BTreeSet::new).insert(look);
        all
    });
    let different: BTreeSet<&str> = by_kind.values().flatten().copied().collect();
    assert_eq!(different.len(), by_kind.len(), "{by_kind:?}");
    assert!(by_kind.len() > 2);
}

#[test]
fn graphviz_and_mermaid_tell_kinds_apart_without_color() {
    let graph = shop::shop();
    let kinds: Vec<&str> = graph.edges().map(|(_, _, e)| e.kind().as_str()).collect();
    let text = dot(&graph);
    let lines = text.lines().filter(|l| l.contains("\" -> \""));
    let look = |line: &str| line.rsplit_once("arrowhead=").unwrap().1.to_owned();
    looks_apart(&kinds.iter().copied().zip(lines.map(look)).collect::<Vec<_>>());
    let text = mermaid(&graph, &PictureOptions::default());
    let arrow = |line: &str| line.split_whitespace().nth(1).unwrap().split('|').next().unwrap().to_owned();
    let lines = text.lines().filter(|l| l.starts_with("  n_") && !l.contains(":::"));
    looks_apart(&kinds.iter().copied().zip(lines.map(arrow)).collect::<Vec<_>>());
}

#[test]
fn a_listener_gets_names_descriptions_and_the_way_of_the_traffic() {
    let graph = shop::shop();
    let picture = layout::layout(&graph, &layout::Options::default());
    let text = svg(&picture, &graph, &PictureOptions::default());
    let parsed = roxmltree::Document::parse(&text).unwrap();
    let root = parsed.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let named: Vec<&str> = root
        .attribute("aria-labelledby")
        .unwrap()
        .split(' ')
        .map(|id| parsed.descendants().find(|n| n.attribute("id") == Some(id)).unwrap().text().unwrap())
        .collect();
    assert!(named.len() == 2 && named.iter().all(|t| !t.trim().is_empty()));
    let title = |n: roxmltree::Node<'_, '_>| {
        n.children().find(|c| c.tag_name().name() == "title").and_then(|t| t.text().map(str::to_owned))
    };
    for group in parsed.descendants().filter(|n| matches!(n.attribute("class"), Some("node" | "edge" | "group"))) {
        assert!(title(group).is_some_and(|t| !t.trim().is_empty()), "{:?} has no title", group.attribute("data-id"));
    }
    // What a line or a card says by its look stands in the legend in words.
    let legend: BTreeSet<&str> = parsed
        .descendants()
        .filter(|n| n.attribute("class") == Some("legend"))
        .flat_map(|n| n.descendants().filter_map(|d| d.text()).filter(|t| !t.trim().is_empty()))
        .collect();
    let kinds: BTreeSet<EdgeKind> = graph.edges().map(|(_, _, e)| e.kind()).collect();
    assert!(legend.len() > kinds.len() && layout::Options::default().legend == Legend::Shown, "{legend:?}");
}
