//! What stands on cards, labels and legend.

use crate::support::graphs::{Sketch, port, rule};
use kubesketch::graph::{Expose, NodeId, RouteRule, ServiceKind};
use kubesketch::layout::{Card, Layout, Legend, Options, Sample, TextRole, layout, verify};

fn draw(sketch: Sketch) -> Layout {
    let graph = sketch.0.build();
    let options = Options { title: Some("the shop".into()), ..Options::default() };
    let picture = layout(&graph, &options);
    assert_eq!(verify(&picture), vec![]);
    assert_eq!(layout(&graph, &Options { legend: Legend::Hidden, ..options }).legend, vec![]);
    picture
}

fn card<'a>(picture: &'a Layout, id: &str) -> &'a Card {
    picture.cards.iter().find(|c| c.id.as_str() == id).unwrap()
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
    // Internet, Ingress and Service stand left to right, and the Service on its workload.
    let [internet, ingress, service, workload] =
        ["internet", "shop/public[Ingress]", "shop/web[Service]", "shop/web[Deployment]"]
            .map(|id| picture.cards.iter().find(|c| c.id.as_str() == id).unwrap().rect);
    assert!(internet.right() < ingress.x && ingress.right() < service.x);
    assert!(service.x == workload.x && service.bottom() < workload.y && workload.y - service.bottom() < 30.0);
    let straight = picture.links.iter().find(|l| l.from.as_str() == "shop/web[Service]").unwrap();
    assert_eq!(straight.points.len(), 2);
}

#[test]
fn every_rule_has_its_own_lock_and_says_how_paths_are_compared() {
    let mut s = Sketch::default();
    let ingress = s.ingress("shop", "public");
    let web = s.pair("shop", "web", 8080).0;
    let login = s.pair("shop", "login", 8080).0;
    s.routes(&ingress, &web, &[rule("any.example.com", "/", false), rule("safe.example.com", "/", true)], 80);
    let typed = |path: &str, kind: &str, weight| RouteRule {
        path_type: Some(kind.into()),
        weight,
        ..rule("any.example.com", path, false)
    };
    let rules = [
        typed("/in", "Exact", None),
        typed("/v", "RegularExpression", Some(1)),
        typed("/x", "ImplementationSpecific", None),
    ];
    s.routes(&ingress, &login, &rules, 80);
    let picture = draw(s);
    let card = card(&picture, ingress.as_str());
    assert_eq!(
        row_texts(card),
        [
            vec!["any.example.com/", "safe.example.com/", "80"],
            vec!["any.example.com/in (exact)", "any.example.com/v (regex, weight 1)", "any.example.com/x", "80"]
        ]
    );
    // The lock stands at the line it belongs to, and all lines start at one place.
    let [lock] = card.rows[0].locks[..] else { panic!("one lock") };
    let line = &card.rows[0].texts[1];
    assert!(lock.y < line.at.y && line.at.y - lock.bottom() < 3.0 && lock.right() < line.at.x);
    assert!(card.rows[1].locks.is_empty());
    let lines = card.rows.iter().flat_map(|r| &r.texts).filter(|t| t.role == TextRole::Row);
    assert!(lines.clone().all(|t| t.at.x == line.at.x));
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
    let label = |to: &NodeId| {
        let link = picture.links.iter().find(|l| l.to == *to).unwrap();
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
        [(TextRole::Title, "the shop"), (TextRole::Subtitle, "2 namespaces · 2 services · 2 workloads")]
    );
    assert_eq!(
        picture.legend.iter().map(|e| e.text.content.as_str()).collect::<Vec<_>>(),
        ["Service", "workload", "selects"]
    );
}
