//! The shop in every theme and format: well-formed, by the contract, and left in Cargo's folder for test files to be
//! looked at.

use crate::support::{schema, shop};
use kubesketch::diagnostic::{Code, Diagnostic};
use kubesketch::graph::{Detail, NodeKind};
use kubesketch::layout::{Card, Layout};
use kubesketch::render::{PictureOptions, Theme, dot, svg};
use kubesketch::source::{Sources, Span};

fn options(theme: Theme) -> PictureOptions {
    PictureOptions { theme, ..PictureOptions::default() }
}

fn problems() -> (Sources, Vec<Diagnostic>) {
    let sources = Sources::from_texts([("shop/all.yaml", "kind: Service\n")]);
    let file = sources.ids().next().unwrap();
    let at = |line| Span { file, line, column: 7, start: 0, end: 1 };
    let problems = vec![
        Diagnostic::general(Code::ExternalTool, "`helm` is not installed")
            .with_help("install helm, or render the chart elsewhere"),
        Diagnostic::at(Code::FieldType, at(31), "spec.ports[0].port: expected a number, found a mapping"),
        Diagnostic::at(Code::DuplicateObject, at(60), "shop/cart[Service] is there twice; the first one counts")
            .with_related(at(12), "the first one"),
        Diagnostic::at(Code::NamespaceDefaulted, at(1), "2 objects name no namespace and are placed in `default`"),
    ];
    (sources, problems)
}

#[test]
fn the_shop_in_every_theme() {
    let graph = shop::shop();
    let layout = shop::shop_layout(&graph);
    let folder = shop::folder("pictures");
    for theme in Theme::ALL {
        let picture = svg(&layout, &graph, &options(*theme));
        std::fs::write(folder.join(format!("shop-{}.svg", theme.as_str())), &picture).unwrap();
        assert_eq!(picture, svg(&layout, &graph, &options(*theme)));
        for element in [
            "<script",
            "<foreignObject",
            "<use",
            "<filter",
            "<marker",
            "url(",
            "href",
            "<image",
            "@font-face",
            "@import",
        ] {
            assert!(!picture.contains(element), "{element}");
        }
        assert!(picture.lines().all(|l| l.starts_with('<') && l.ends_with('>')), "one element per line");

        let parsed = roxmltree::Document::parse(&picture).unwrap();
        let root = parsed.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let named = root.attribute("aria-labelledby").unwrap().split(' ');
        let found: Vec<&str> = named
            .map(|id| parsed.descendants().find(|n| n.attribute("id") == Some(id)).unwrap().tag_name().name())
            .collect();
        assert_eq!(found, ["title", "desc"]);
        let of_class =
            |class: &str| parsed.descendants().filter(|n| n.attribute("class") == Some(class)).collect::<Vec<_>>();
        assert_eq!(of_class("node").len(), graph.nodes().len());
        assert_eq!(of_class("group").len(), graph.groups().len());
        assert_eq!(of_class("edge").len(), graph.edges().len());
        for node in of_class("node") {
            let first = node.first_element_child().unwrap();
            assert_eq!(first.tag_name().name(), "rect");
            let card = layout.cards.iter().find(|c| Some(c.id.as_str()) == node.attribute("data-id")).unwrap();
            assert_eq!(node.attribute("data-kind"), Some(card.kind.as_str()));
            assert_eq!(node.attribute("data-name"), Some(card.name.as_str()));
            assert_eq!(node.attribute("data-namespace"), card.namespace.as_deref());
        }
        for edge in of_class("edge") {
            assert_eq!(
                edge.children()
                    .filter(|c| c.tag_name().name() == "path" && c.attribute("fill") == Some("none"))
                    .count(),
                1
            );
        }
        assert_eq!(
            parsed.descendants().filter(|n| n.tag_name().name() == "style").count(),
            usize::from(*theme == Theme::Auto)
        );
    }
}

#[test]
fn the_description_says_counts_and_exposure() {
    let graph = shop::shop();
    let picture = svg(&Layout::default(), &graph, &PictureOptions::default());
    let parsed = roxmltree::Document::parse(&picture).unwrap();
    let desc = parsed.descendants().find(|n| n.tag_name().name() == "desc").unwrap();
    assert_eq!(
        desc.text().unwrap(),
        "1 Ingress, 5 Services, 4 workloads, 1 outside name and 1 missing reference in 2 namespaces. \
         Reachable from the Internet: shop/public (Ingress 80, 443) and shop/status (LoadBalancer 443)."
    );
}

#[test]
fn ids_stay_when_a_node_is_added_and_can_be_salted() {
    let graph = shop::shop();
    let layout = shop::shop_layout(&graph);
    let whole = svg(&layout, &graph, &PictureOptions::default());
    let mut smaller = layout.clone();
    smaller.cards.remove(3);
    let fewer = svg(&smaller, &graph, &PictureOptions::default());
    let kept: Vec<&str> = whole.lines().filter(|l| fewer.contains(*l)).collect();
    assert!(kept.len() > whole.lines().count() - 12, "taking one card away leaves the lines of the others alone");
    let salted = PictureOptions { id_prefix: Some("p\"2>".into()), ..PictureOptions::default() };
    assert!(svg(&layout, &graph, &salted).contains("aria-labelledby=\"p2-title p2-desc\""));
}

#[test]
fn a_card_of_every_kind() {
    let mut layout = Layout { width: 660.0, height: 340.0, ..Layout::default() };
    let workloads =
        ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"].map(|label| (NodeKind::Workload, label));
    let kinds = NodeKind::ALL.iter().map(|kind| (*kind, kind.as_str())).chain(workloads);
    for (i, (kind, label)) in kinds.enumerate() {
        let node = shop::node(&format!("a/b[{label}]"), label, None, label, Detail::Resource, 1);
        let (x, y) = (20.0 + 160.0 * (i % 4) as f64, 20.0 + 80.0 * (i / 4) as f64);
        layout.cards.push(Card { kind, ..shop::card(&node, x, y, 140.0, 44.0) });
    }
    let graph = kubesketch::graph::GraphBuilder::new().build();
    let picture = svg(&layout, &graph, &options(Theme::Light));
    std::fs::write(shop::folder("pictures").join("kinds.svg"), &picture).unwrap();
    let glyphs: std::collections::BTreeSet<&str> =
        picture.lines().filter_map(|l| l.split(" d=\"").nth(1).filter(|_| l.contains("transform"))).collect();
    assert_eq!(
        glyphs.len(),
        layout.cards.len() - 1,
        "every kind has a drawing of its own; an unnamed workload is drawn as a pod"
    );
}

#[test]
fn an_empty_picture_is_a_picture() {
    let graph = kubesketch::graph::GraphBuilder::new().build();
    let picture = svg(&Layout::default(), &graph, &PictureOptions::default());
    roxmltree::Document::parse(&picture).unwrap();
    assert!(picture.contains("Nothing to show."));
    shop::page(&Layout::default(), &graph, &[], &Sources::default(), &PictureOptions::default());
    assert!(dot(&graph).starts_with("digraph"));
}

#[test]
fn the_page_has_headings_in_order_and_a_strict_policy() {
    let graph = shop::shop();
    let layout = shop::shop_layout(&graph);
    let (sources, problems) = problems();
    let folder = shop::folder("pictures");
    for theme in Theme::ALL {
        let page = shop::page(&layout, &graph, &problems, &sources, &options(*theme));
        std::fs::write(folder.join(format!("shop-{}.html", theme.as_str())), &page).unwrap();
        let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap();
        let policy = policy.split('"').next().unwrap().replace("&#39;", "'");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let scripts = page.matches("<script>").count() + page.matches("<script type=\"application/json\"").count();
        assert_eq!(page.matches("<script").count(), scripts, "one script of ours, and data");
        assert_eq!(page.matches("<script>").count(), 1, "{policy}");
        assert!(!page.contains("style=\""));
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        for place in ["shop/all.yaml:18", "shop/all.yaml:84", "shop/all.yaml:31:7", "shop/all.yaml:220"] {
            assert!(page.contains(place), "{place}");
        }
        let anchors: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|t| t.split('"').next()).collect();
        for anchor in anchors {
            assert_eq!(page.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
        }
    }
}

#[test]
fn every_key_of_the_json_is_in_the_schema() {
    let graph = shop::shop();
    let (sources, problems) = problems();
    let text = shop::json(&graph, &problems, &sources);
    std::fs::write(shop::folder("pictures").join("shop.json"), &text).unwrap();
    std::fs::write(shop::folder("pictures").join("shop.dot"), dot(&graph)).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string("docs/schema.json").unwrap()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    schema::conforms(&value, &schema, &schema, "$");
    assert_eq!(value["graph"]["nodes"].as_array().unwrap().len(), graph.nodes().len());
    assert_eq!(value["routes"][1]["host"], "shop.example.com");
    assert_eq!(value["diagnostics"][1]["at"], "shop/all.yaml:31:7");
}
