//! Unions of two states: what of a change stands in the picture and in other formats.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::skip::program;
use crate::support::{graphs, mermaid, schema, unions};
use kubesketch::graph::{About, Change, ChangeKind, Difference, Graph, NodeKind};
use kubesketch::layout::{self, Layout, Sample, TextRole};
use kubesketch::render::{self, PictureOptions, Theme};
use kubesketch::view::{Hops, context};
use kubesketch::world::World;

fn draw(graph: &Graph) -> Layout {
    let options = layout::Options { title: Some("Release 7".into()), ..layout::Options::default() };
    let picture = layout::layout(graph, &options);
    assert_eq!(layout::verify(&picture), vec![]);
    picture
}

fn picture(graph: &Graph, theme: Theme) -> String {
    let options = PictureOptions { theme, ..PictureOptions::default() };
    render::svg(&draw(graph), graph, &options)
}

/// Compares with what was blessed, in `tests/goldens/changes`.
fn golden(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/changes").join(name);
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
        return;
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    let at = then.lines().zip(now.lines()).position(|(a, b)| a != b);
    assert!(then == now, "{name} differs at line {at:?}; KUBESKETCH_BLESS=1 writes what is now");
}

#[test]
fn pictures_are_as_they_were_looked_at() {
    for (name, graph) in [
        ("shop", unions::shop_release()),
        ("every", unions::every_change()),
        ("folded", context(unions::town("shop/cart[Deployment]"), Hops::Steps(1))),
        ("nothing", context(unions::town(""), Hops::Steps(1))),
    ] {
        for theme in [Theme::Light, Theme::Dark] {
            golden(&format!("{name}-{}.svg", theme.as_str()), &picture(&graph, theme));
        }
        golden(&format!("{name}.dot"), &render::dot(&graph));
        golden(&format!("{name}.mmd"), &render::mermaid(&graph, &PictureOptions::default()));
    }
}

#[test]
fn a_sign_stands_on_every_card_that_changed_and_on_or_at_every_line() {
    let graph = unions::every_change();
    let picture = draw(&graph);
    let starts = |text: &str| ["+ ", "− ", "~ "].iter().any(|s| text.starts_with(s));
    for (node, card) in graph.nodes().zip(&picture.cards) {
        let change = node.change.as_ref().map(Change::kind);
        assert_eq!(card.change, change);
        let signed = card.texts.iter().filter(|t| starts(&t.content)).count();
        assert_eq!(
            signed,
            usize::from(change != Some(ChangeKind::Same)) + usize::from(change == Some(ChangeKind::Changed)),
            "{}",
            node.id
        );
        assert!(card.tooltip.contains(&if change == Some(ChangeKind::Same) {
            "unchanged".to_owned()
        } else {
            node.change.as_ref().unwrap().lines()[0].to_string()
        }));
    }
    for (link, (from, _, edge)) in picture.links.iter().zip(graph.edges()) {
        let change = edge.change.as_ref().unwrap();
        assert_eq!(link.change, Some(change.kind()));
        let row = picture.cards[from].rows.iter().find(|r| (r.rect.y + r.rect.h / 2.0 - link.points[0].y).abs() < 0.02);
        let texts = match (&link.label, row) {
            (Some(label), _) => label.texts.clone(),
            (None, Some(row)) => row.texts.clone(),
            (None, None) => Vec::new(),
        };
        assert_eq!(texts.iter().any(|t| starts(&t.content)), !change.is_same(), "{} → {}", link.from, link.to);
    }
    let legend: Vec<&str> = picture
        .legend
        .iter()
        .filter(|e| matches!(e.sample, Sample::Change(_)))
        .map(|e| e.text.content.as_str())
        .collect();
    assert_eq!(legend, ["+ added", "− removed", "~ changed", "unchanged"]);
}

#[test]
fn many_differences_are_counted_and_the_tooltip_has_them_all() {
    let graph = unions::shop_release();
    let differences: Vec<Difference> =
        (0..9).map(|i| Difference::new(About::Part("label", format!("key-{i}")), "old", "new")).collect();
    let graph = unions::compared(
        &graph,
        |n| {
            if n.kind() == NodeKind::Ingress { Change::Changed(differences.clone()) } else { Change::Same }
        },
        |_, _, _| Change::Same,
    );
    let picture = draw(&graph);
    let card = picture.cards.iter().find(|c| c.kind == NodeKind::Ingress).unwrap();
    let told: Vec<&str> = card
        .texts
        .iter()
        .filter(|t| t.role == TextRole::Facts && t.change.is_some())
        .map(|t| t.content.as_str())
        .collect();
    assert_eq!(told, ["~ label key-0 old → new", "~ label key-1 old → new", "~ label key-2 old → new", "~ 6 more"]);
    assert!((0..9).all(|i| card.tooltip.contains(&format!("~ label key-{i} old → new"))));
}

#[test]
fn the_rows_of_an_ingress_tell_what_differs() {
    let picture = draw(&unions::shop_release());
    let card = picture.cards.iter().find(|c| c.kind == NodeKind::Ingress).unwrap();
    let rows: Vec<Vec<&str>> = card.rows.iter().map(|r| r.texts.iter().map(|t| t.content.as_str()).collect()).collect();
    for wanted in [
        vec!["/", "80"],
        vec!["+ /search", "80"],
        vec!["− /status", "80"],
        vec!["/cart", "+ /basket", "~ /cart TLS yes, was no", "~ port 80, was 8080", "80"],
    ] {
        assert!(rows.contains(&wanted), "{wanted:?} in {rows:?}");
    }
}

#[test]
fn listeners_are_told_what_changed() {
    let text = picture(&unions::shop_release(), Theme::Light);
    let parsed = roxmltree::Document::parse(&text).unwrap();
    let desc = parsed.descendants().find(|n| n.tag_name().name() == "desc").unwrap().text().unwrap();
    assert_eq!(
        desc,
        "Added: 1 service, 1 workload and 4 connections. Removed: 1 service, 1 workload and 3 connections. \
         Changed: 1 ingress, 1 service, 1 workload and 3 connections. Unchanged and shown: 4 services, 3 workloads, 1 outside name and 7 connections. \
         No longer reachable from the Internet in this way: shop/status (LoadBalancer 443)."
    );
    let known: BTreeSet<&str> = parsed.descendants().filter_map(|n| n.attribute("data-change")).collect();
    assert_eq!(known, BTreeSet::from(["added", "changed", "removed", "same"]));
    let struck = parsed.descendants().filter(|n| n.attribute("text-decoration") == Some("line-through"));
    assert_eq!(struck.filter_map(|n| n.text()).collect::<Vec<_>>(), ["80", "status", "status"]);
}

#[test]
fn a_union_in_which_nothing_changed_says_so() {
    let graph = unions::unchanged(&unions::shop_release());
    let picture = draw(&graph);
    assert_eq!(picture.heading[1].content, "nothing changed");
    assert!(render::svg(&picture, &graph, &PictureOptions::default()).contains("<desc id=\"") && graph.is_unchanged());
    assert!(render::mermaid(&graph, &PictureOptions::default()).contains("accDescr: Nothing changed"));
}

#[test]
fn colors_follow_the_reader() {
    let text = picture(&unions::shop_release(), Theme::Auto);
    for class in ["ks-f-added", "ks-s-removed", "ks-s-changed", "ks-s-faded", "ks-f-fresh"] {
        assert!(text.contains(&format!(".{class}{{")) && text.matches(class).count() > 1, "{class}");
    }
}

#[test]
fn whatever_differs_stays_text() {
    let nasty = [
        "<script>alert(1)</script>",
        "\"]:::x --> y",
        "a\u{202e}b\u{0}c\u{7}",
        "%%{init: {}}%%",
        "&amp;&#1;]]>",
        "\\N \\\" }",
        "\n\r\t",
    ];
    let differences: Vec<Difference> =
        nasty.iter().map(|n| Difference::new(About::Part("fact", n.to_string()), *n, format!("{n} {n}"))).collect();
    for one in differences.windows(4) {
        let change = || Change::Changed(one.to_vec());
        let graph = unions::compared(&unions::every_change(), |_| change(), |_, _, _| change());
        let text = picture(&graph, Theme::Light);
        roxmltree::Document::parse(&text).unwrap();
        assert!(!text.contains("<script") && !text.contains(['\u{202e}', '\u{0}', '\u{7}']));
        mermaid::parse(&render::mermaid(&graph, &PictureOptions::default()));
        if let Some(mut dot) = program("dot") {
            let path = common_folder().join("hostile.dot");
            std::fs::write(&path, render::dot(&graph)).unwrap();
            let out = dot.arg("-Tcanon").arg(&path).output().unwrap();
            assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
        }
    }
}

#[test]
fn data_has_changes_and_differences() {
    for graph in [unions::shop_release(), unions::every_change()] {
        let text = render::json(&render::Report::of(&World::default(), &graph));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let described: serde_json::Value = serde_json::from_str(render::SCHEMA).unwrap();
        schema::conforms(&value, &described, &described, "$");
        for part in ["nodes", "edges"] {
            for known in value["graph"][part].as_array().unwrap() {
                let change = known["change"].as_str().unwrap();
                assert_eq!(change == "changed", known["differences"].is_array(), "{known}");
            }
        }
    }
}

#[test]
fn mermaid_tells_changes_within_its_limits() {
    for graph in [unions::shop_release(), unions::every_change()] {
        let text = render::mermaid(&graph, &PictureOptions::default());
        let parsed = mermaid::parse(&text);
        assert_eq!(parsed.edges.len(), graph.edges().len());
        let changed = graph.edges().filter(|(.., e)| !e.change.as_ref().unwrap().is_same()).count();
        let signed = parsed.edges.iter().filter(|(.., label)| label.starts_with(['+', '−', '~'])).count();
        assert_eq!(signed, changed);
        assert!(
            ["added", "removed", "changed", "same"]
                .iter()
                .all(|c| text.contains(&format!(":::{c}\n")) && text.contains(&format!("classDef {c} ")))
        );
        if let Some(drawn) = mermaid::draw(&common_folder(), &[text]) {
            assert_eq!(drawn[0].error, None);
        }
    }
    // Where not all fits, what changed stays longest.
    for seed in 0..12 {
        let graph = unions::random_union(&graphs::random(seed), seed);
        let text = render::mermaid(&graph, &PictureOptions::default());
        mermaid::parse(&text);
        assert!(text.encode_utf16().count() <= render::MAX_CHARS);
    }
}

fn common_folder() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("changes");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
