//! The page of a change: what it means, and the picture of before, after and both in the same places.

use std::collections::BTreeSet;

use crate::support::app::app;
use crate::support::states::world;
use crate::support::{graphs, unions};
use kubesketch::diff::{Revision, compare};
use kubesketch::graph::Change;
use kubesketch::layout::{self, Layout, Moment, moment};
use kubesketch::render::{Changes, ChangesPage, ObjectTexts, PictureOptions, Theme, changes_page};
use kubesketch::view::{Hops, context};

fn ingress(tls: &str, paths: &[(&str, &str)]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|(path, name)| format!("      - {{path: {path}, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}\n"))
        .collect();
    format!(
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: edge, namespace: shop}}
spec:
{tls}  rules:
  - host: shop.example.com
    http:
      paths:
{}",
        paths.concat()
    )
}

const TLS: &str = "  tls: [{hosts: [shop.example.com], secretName: t}]\n";

/// Cart grows and moves its port, catalog goes, search comes, TLS goes.
fn states() -> [Revision; 2] {
    let old = [
        app("cart", 2, 8082),
        app("catalog", 1, 8081),
        app("web", 3, 8080),
        ingress(TLS, &[("/", "web"), ("/cart", "cart"), ("/catalog", "catalog")]),
    ];
    let new = [
        app("cart", 5, 8182),
        app("search", 2, 9200),
        app("web", 3, 8080),
        ingress("", &[("/", "web"), ("/cart", "cart"), ("/search", "search")]),
    ];
    [("v1", old.concat()), ("v2", new.concat())]
        .map(|(name, text)| Revision::new(name.to_owned(), String::new(), world([("shop.yaml", text)]), Vec::new()))
}

fn page(old: &Revision, new: &Revision, theme: Theme) -> String {
    let diff = compare(old, new);
    let drawn = context(diff.graph.clone(), Hops::default());
    let layout = layout::layout(&drawn, &layout::Options::default());
    let changes = Changes { diff: &diff, old, new };
    let options = PictureOptions { theme, ..PictureOptions::default() };
    let page = ChangesPage { changes: &changes, drawn: &drawn, layout: &layout, texts: ObjectTexts::Redacted };
    changes_page(&page, &options).unwrap()
}

#[test]
fn the_page_keeps_a_strict_policy_and_its_links_arrive() {
    let [old, new] = states();
    for theme in Theme::ALL {
        let page = page(&old, &new, *theme);
        assert!(
            page.contains("default-src 'none'")
                || page.contains("default-src &#39;none&#39;")
                || page.contains("default-src &#x27;none&#x27;")
        );
        assert!(
            !page.contains("unsafe") && page.matches("<script").count() == 2 && !page.contains("style=\""),
            "{theme:?}"
        );
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|t| t.split('"').next()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        let anchors: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|t| t.split('"').next()).collect();
        assert!(anchors.len() > 10);
        for anchor in anchors {
            assert_eq!(page.matches(&format!(" id=\"{anchor}\"")).count(), 1, "{anchor}");
        }
    }
}

/// The texts of a layer of the picture.
fn layer(page: &str, name: &str) -> BTreeSet<String> {
    let start = page.find("<svg").unwrap();
    let end = page.find("</svg>").unwrap() + "</svg>".len();
    let parsed = roxmltree::Document::parse(&page[start..end]).unwrap();
    let class = format!("layer {name}");
    let layer = parsed.descendants().find(|n| n.attribute("class") == Some(&class)).unwrap();
    assert_eq!(layer.attribute("display"), (name != "both").then_some("none"));
    let texts = layer.descendants().filter(|n| n.tag_name().name() == "text");
    texts.filter_map(|n| n.text()).map(str::to_owned).collect()
}

#[test]
fn each_state_says_what_it_said() {
    let [old, new] = states();
    let page = page(&old, &new, Theme::Light);
    let (before, after, both) = (layer(&page, "before"), layer(&page, "after"), layer(&page, "both"));
    for (text, was, is) in [
        ("catalog", true, false),
        ("search", false, true),
        ("Deployment · 2 replicas", true, true),
        ("Deployment · 5 replicas", false, true),
        ("ClusterIP · 80 → 8082", true, false),
        ("ClusterIP · 80 → 8182", false, true),
        ("Ingress · TLS", true, false),
        ("/catalog", true, false),
        ("/search", false, true),
        ("/cart", true, true),
    ] {
        assert_eq!((before.contains(text), after.contains(text)), (was, is), "{text}: {before:?} {after:?}");
    }
    let signed = |texts: &BTreeSet<String>| texts.iter().any(|t| ["+ ", "− ", "~ "].iter().any(|s| t.starts_with(s)));
    assert!(!signed(&before) && !signed(&after) && signed(&both));
}

#[test]
fn where_nothing_differs_there_is_nothing_to_switch() {
    let [old, _] = states();
    let page = page(&old, &old, Theme::Auto);
    assert!(
        !page.contains("type=\"radio\"")
            && page.contains("No difference")
            && page.contains("nothing changed in 1 namespace")
    );
}

/// What of two pictures stands at the same place, by ids.
fn places(layout: &Layout) -> BTreeSet<String> {
    let cards = layout.cards.iter().map(|c| format!("{} {:?}", c.id, c.rect));
    cards.chain(layout.links.iter().map(|l| format!("{} → {} {:?}", l.from, l.to, l.points))).collect()
}

#[test]
fn states_stand_where_their_union_does_and_verify() {
    for seed in 0..30 {
        let graph = if seed % 3 == 0 { graphs::dense(seed) } else { graphs::random(seed) };
        let union = unions::random_union(&graph, seed);
        let whole = layout::layout(&union, &layout::Options::default());
        let all = places(&whole);
        for (state, gone) in [(Moment::Before, Change::Added), (Moment::After, Change::Removed)] {
            let part = moment(&whole, &union, &graph, state);
            assert_eq!(layout::verify(&part), vec![], "seed {seed} {state:?}");
            assert!(places(&part).is_subset(&all), "seed {seed} {state:?}");
            let kept = union.nodes().filter(|n| n.change != Some(gone.clone())).count();
            assert_eq!(part.cards.len(), kept, "seed {seed} {state:?}");
            assert!(part.cards.iter().all(|c| c.change.is_none()) && part.links.iter().all(|l| l.change.is_none()));
            assert_eq!(part, moment(&whole, &union, &graph, state));
        }
    }
}
