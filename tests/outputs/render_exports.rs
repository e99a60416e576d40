//! D2 and diagrams.net: what other programs are given to go on with, whole, stable, and as they read it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{d2, drawio, shop, unions};
use kubesketch::graph::*;
use kubesketch::layout;
use kubesketch::render::{PictureOptions, Theme, d2, drawio};

fn options(theme: Theme, title: Option<&str>) -> PictureOptions {
    PictureOptions { theme, title: title.map(str::to_owned), ..PictureOptions::default() }
}

/// A graph with frames in frames: a namespace, and two parts of it that share their letters.
fn nested() -> Graph {
    let mut b = GraphBuilder::new();
    for (name, part) in [("web", "tier=A"), ("db", "tier=a"), ("tool", "")] {
        let id = format!("shop/{name}[Deployment]");
        let detail = shop::workload(name, Scale::Replicas(1), 80);
        b.node(shop::node(&id, "Deployment", Some("shop"), name, detail, 1));
        if !part.is_empty() {
            b.place(&shop::id(&id), Group::part("shop", part));
        }
    }
    let evidence = [shop::evidence("x", "", 1)];
    let selects = || EdgeDetail::Selects(vec![shop::port(80, 8080)]);
    b.edge(&shop::id("shop/web[Deployment]"), &shop::id("shop/db[Deployment]"), selects(), evidence.clone());
    b.edge(&shop::id("shop/tool[Deployment]"), &shop::id("shop/db[Deployment]"), selects(), evidence);
    b.build()
}

fn graphs() -> Vec<Graph> {
    vec![shop::shop(), nested(), unions::shop_release(), unions::every_change(), GraphBuilder::new().build()]
}

#[test]
fn d2_has_all_that_the_graph_has() {
    for graph in graphs() {
        for theme in Theme::ALL {
            let text = d2(&graph, &options(*theme, Some("A \"title\": ${x}")));
            let parsed = d2::parse(&text);
            assert_eq!(
                (parsed.nodes.len(), parsed.edges.len(), parsed.groups.len()),
                (graph.nodes().len(), graph.edges().len(), graph.groups().len())
            );
            assert_eq!(parsed.title.as_deref(), Some("A \"title\": ${x}"));
            // Long lines are broken.
            let labels: BTreeSet<String> = parsed.nodes.values().map(|(label, _)| label.replace('\n', "")).collect();
            assert!(graph.nodes().all(|n| labels.contains(&n.lines().concat())));
            let tips: BTreeSet<&str> = parsed.edges.iter().map(|(.., tip)| tip.as_str()).collect();
            assert!(graph.edges().all(|(_, _, e)| tips.contains(e.tooltip().as_str())));
            assert_eq!(text.contains("\"#0f1520\""), *theme == Theme::Dark);
        }
    }
}

#[test]
fn d2_tells_kinds_apart_without_color() {
    let graph = unions::every_change();
    let mut looks: BTreeMap<String, &str> = BTreeMap::new();
    let text = d2(&graph, &options(Theme::Light, None));
    for kind in EdgeKind::ALL {
        let start = format!("  {}: {{", kind.as_str());
        if let Some(line) = text.lines().find(|l| l.starts_with(&start)) {
            let (style, head) = line.split_once("; stroke: \"").unwrap();
            let look = style.strip_prefix(&start).unwrap().to_owned() + head.split_once("target-arrowhead").unwrap().1;
            assert_eq!(looks.insert(look.clone(), kind.as_str()), None, "{look}");
        }
    }
    assert!(looks.len() > 5, "{looks:?}");
}

#[test]
fn adding_an_object_changes_no_other_line_of_d2() {
    let (before, after) = (shop::shop(), {
        let mut b = shop::builder();
        let detail = shop::workload("new", Scale::Replicas(1), 80);
        b.node(shop::node("shop/new[Deployment]", "Deployment", Some("shop"), "new", detail, 1));
        b.build()
    });
    let texts = [before, after].map(|g| d2(&g, &PictureOptions::default()));
    let lost: Vec<&str> = texts[0].lines().filter(|l| !texts[1].lines().any(|a| a == *l)).collect();
    assert!(lost.iter().all(|l| l.starts_with("# ")), "{lost:?}");
}

#[test]
fn d2_itself_draws_it() {
    let texts: Vec<String> = graphs()
        .iter()
        .flat_map(|g| [options(Theme::Light, None), options(Theme::Dark, Some("A title"))].map(|o| d2(g, &o)))
        .collect();
    let Some(drawn) = d2::draw(&shop::folder("d2-drawn"), &texts) else {
        return;
    };
    for (text, drawn) in texts.iter().zip(&drawn) {
        d2::check(text, drawn);
    }
}

#[test]
fn diagrams_net_gets_everything_in_its_place() {
    for graph in graphs() {
        let picture = layout::layout(&graph, &layout::Options::default());
        for theme in Theme::ALL {
            let text = drawio(&picture, &graph, &options(*theme, None));
            drawio::parse(&text).check(&picture);
            assert_eq!(text.contains("#0f1520"), *theme == Theme::Dark);
        }
    }
    // One that was put in place by hand, with samples of everything.
    let (graph, picture) = (shop::shop(), shop::shop_layout(&shop::shop()));
    let file = drawio::parse(&drawio(&picture, &graph, &options(Theme::Light, None)));
    file.check(&picture);
    assert_eq!(file.title, "shop");
}

/// The place of a label, as mxGraph works it out from what the file says (`mxGraphView.getPoint`).
#[test]
fn labels_stand_where_the_layout_has_them() {
    let graph = shop::shop();
    let picture = layout::layout(&graph, &layout::Options::default());
    let file = drawio::parse(&drawio(&picture, &graph, &options(Theme::Light, None)));
    let mut seen = 0;
    for link in picture.links.iter().filter(|l| l.label.is_some()) {
        let rect = link.label.as_ref().unwrap().rect;
        let object = format!("{} {} {}", link.from, link.kind.as_str(), link.to);
        let (_, cell) = file.of("line-", &object);
        let lengths: Vec<f64> =
            link.points.windows(2).map(|w| (w[1].x - w[0].x).abs() + (w[1].y - w[0].y).abs()).collect();
        let mut left = ((cell.label_at.0 / 2.0 + 0.5) * lengths.iter().sum::<f64>()).round();
        let mut part = 0;
        while left > lengths[part] {
            left -= lengths[part];
            part += 1;
        }
        let (a, b) = (link.points[part], link.points[part + 1]);
        let x = a.x + (b.x - a.x) * left / lengths[part] + cell.label_at.1.x;
        let y = a.y + (b.y - a.y) * left / lengths[part] + cell.label_at.1.y;
        let off = (x - rect.x - rect.w / 2.0).abs() + (y - rect.y - rect.h / 2.0).abs();
        assert!(off < 0.1, "{object}: {off}");
        seen += 1;
    }
    assert!(seen > 0, "no line has a label");
}

#[test]
fn ids_of_diagrams_net_stay() {
    let ids = |graph: &Graph| -> BTreeSet<String> {
        let picture = layout::layout(graph, &layout::Options::default());
        drawio::parse(&drawio(&picture, graph, &PictureOptions::default())).cells.into_keys().collect()
    };
    let mut b = shop::builder();
    let detail = shop::workload("new", Scale::Replicas(1), 80);
    b.node(shop::node("shop/new[Deployment]", "Deployment", Some("shop"), "new", detail, 1));
    let (before, after) = (ids(&shop::shop()), ids(&b.build()));
    let lost: Vec<&String> = before.difference(&after).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
