//! What stands on cards, labels and legend.
#![allow(clippy::unwrap_used)]

#[path = "support/graphs.rs"]
mod common;

use common::{Sketch, port, rule};
use kubesketch::graph::{Expose, ServiceKind};
use kubesketch::layout::{Card, Layout, Legend, Options, Sample, TextRole, layout, verify};

fn draw(sketch: Sketch) -> Layout {
    let graph = sketch.0.build();
    let options = Options {
        title: Some("the shop".into()),
        ..Options::default()
    };
    let picture = layout(&graph, &options);
    assert_eq!(verify(&picture), vec![]);
    assert_eq!(
        layout(
            &graph,
            &Options {
                legend: Legend::Hidden,
                ..options
            }
        )
        .legend,
        vec![]
    );
    picture
}

fn card<'a>(picture: &'a Layout, id: &str) -> &'a Card {
    picture.cards.iter().find(|c| c.id == id).unwrap()
}

fn row_texts(card: &Card) -> Vec<Vec<String>> {
    card.rows.iter().map(|r| r.texts.iter().map(|t| t.content.clone()).collect()).collect()
}

#[test]
fn an_ingress_lists_its_routes() {
    let mut s = Sketch::default();
    let internet = s.internet();
    let ingress = s.ingress("shop", "public");
    s.exposes(&internet, &ingress, Expose::Ingress, &[]);
    for (name, path) in [("web", "/"), ("cart", "/cart")] {
        let service = s.pair("shop", name, 8080).0;
        s.routes(&ingress, &service, &[rule("shop.example.com", path, path == "/cart")], 80);
    }
    let picture = draw(s);
    let card = card(&picture, "shop/public[Ingress]");
    assert_eq!(row_texts(card), [["/", "80"], ["/cart", "80"]]);
    assert!(card.texts.iter().any(|t| t.content == "shop.example.com"));
    assert_eq!(card.rows.iter().map(|r| !r.locks.is_empty()).collect::<Vec<_>>(), [false, true]);
    assert!(picture.legend.iter().any(|e| e.sample == Sample::Lock));
    // Internet, card and the first line stand left to right.
    let ends: Vec<f64> = ["internet", "shop/public[Ingress]", "shop/web[Service]", "shop/web[Deployment]"]
        .iter()
        .map(|id| picture.cards.iter().find(|c| c.id == *id).unwrap().rect.x)
        .collect();
    assert!(ends.windows(2).all(|w| w[0] < w[1]));
    // A workload stands straight behind its Service.
    let straight = picture.links.iter().find(|l| l.from == "shop/web[Service]").unwrap();
    assert_eq!(straight.points.len(), 2);
}

#[test]
fn only_what_no_card_says_gets_a_label() {
    let mut s = Sketch::default();
    let internet = s.internet();
    let ports = [port(80, 8080), port(443, 8443)];
    let service = s.service("shop", "edge", ServiceKind::LoadBalancer, &ports);
    let both = s.workload("shop", "both", "Deployment", 1);
    let one = s.workload("shop", "one", "Deployment", 1);
    s.exposes(&internet, &service, Expose::LoadBalancer, &[80, 443]);
    s.selects(&service, &both, &ports);
    s.selects(&service, &one, &ports[..1]);
    let picture = draw(s);
    let label = |to: &str| {
        let link = picture.links.iter().find(|l| l.to == to).unwrap();
        link.label.as_ref().map(|l| l.texts[0].content.clone())
    };
    assert_eq!(label(&service).as_deref(), Some("80, 443"));
    assert_eq!(label(&both), None);
    assert_eq!(label(&one).as_deref(), Some("80 → 8080"));
}

#[test]
fn heading_and_legend_say_what_is_there() {
    let mut s = Sketch::default();
    s.pair("a", "web", 80);
    s.pair("b", "web", 80);
    let picture = draw(s);
    let heading: Vec<_> = picture.heading.iter().map(|t| (t.role, t.content.as_str())).collect();
    assert_eq!(
        heading,
        [
            (TextRole::Title, "the shop"),
            (TextRole::Subtitle, "2 namespaces · 2 services · 2 workloads")
        ]
    );
    assert_eq!(
        picture.legend.iter().map(|e| e.text.content.as_str()).collect::<Vec<_>>(),
        ["Service", "workload", "selects"]
    );
}
