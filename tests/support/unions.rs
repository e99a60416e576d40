//! Unions of two states, made by hand and at random.

use std::collections::BTreeMap;

use kubesketch::graph::*;

use super::graphs::{Random, Sketch, port, rule};

/// The same graph with what happened to each node and edge.
pub fn compared(
    graph: &Graph,
    mut node: impl FnMut(&Node) -> Change,
    mut edge: impl FnMut(&Node, &Node, &Edge) -> Change,
) -> Graph {
    let mut builder = GraphBuilder::like(graph);
    for known in graph.nodes() {
        builder.node(Node { change: Some(node(known)), ..known.clone() });
    }
    for (from, to, known) in graph.edges() {
        let (from, to) = (graph.node(from), graph.node(to));
        let change = edge(from, to, known);
        builder.compared_edge(&from.id, &to.id, known.detail.clone(), known.evidence.iter().cloned(), Some(change));
    }
    builder.build()
}

/// A union in which nothing differs.
pub fn unchanged(graph: &Graph) -> Graph {
    compared(graph, |_| Change::Same, |_, _, _| Change::Same)
}

/// A change of any kind, most often none.
pub fn any_change(r: &mut Random, percent: usize) -> Change {
    if !r.chance(percent) {
        return Change::Same;
    }
    match r.below(4) {
        0 => Change::Added,
        1 => Change::Removed,
        _ => Change::Changed((0..r.below(7)).map(|_| any_difference(r)).collect()),
    }
}

fn any_difference(r: &mut Random) -> Difference {
    let long = "registry.example.com/a-team/".repeat(1 + r.below(4));
    let (about, old, new) = match r.below(7) {
        0 => (About::from("replicas"), "2".to_owned(), "3".to_owned()),
        1 => (About::Part("image", "main".into()), format!("{long}web:1.27.4"), format!("{long}web:1.28.0")),
        2 => (About::from(""), "80 → 8080".to_owned(), "80 → 9090".to_owned()),
        3 => (About::from("host"), String::new(), "a-long-host-name.of-some-department.example.org".to_owned()),
        4 => (About::from("in"), "open".to_owned(), "isolated".to_owned()),
        5 => (About::Part("label", "app".into()), "x".repeat(63), String::new()),
        _ => (About::from(""), "漢字サービス名前がとても長い".repeat(3), "שלום".to_owned()),
    };
    Difference::new(about, old, new)
}

/// Changes at random: of few parts, of about half, or of nearly all.
pub fn random_union(graph: &Graph, seed: u64) -> Graph {
    let mut r = Random(seed ^ 0x00C0_FFEE);
    let percent = [4, 15, 50, 95][r.below(4)];
    let nodes: Vec<Change> = graph.nodes().map(|_| any_change(&mut r, percent)).collect();
    let mut at = nodes.into_iter();
    let mut r = Random(seed ^ 0x00FA_CADE);
    compared(graph, |_| at.next().unwrap_or(Change::Same), |_, _, _| any_change(&mut r, percent))
}

fn policies(sides: (Stance, Stance)) -> Option<Access> {
    let side = |stance| Side { isolated: stance == Stance::Isolated, stance, by: Vec::new() };
    let (ingress, egress) = (side(sides.0), side(sides.1));
    Some(Access { ingress, egress, outside: Outside::Unreached, foreign: Vec::new(), unread: None, no_dns: false })
}

/// A release of a shop: search comes, the old status page goes, checkout moves its port and is isolated, the cart gets
/// TLS.
pub fn shop_release() -> Graph {
    let mut s = Sketch::default();
    let internet = s.internet();
    let ingress = s.ingress("shop", "public");
    s.exposes(&internet, &ingress, Expose::Ingress, &[80, 443]);
    let mut pairs = BTreeMap::new();
    for (name, number) in [("web", 8080), ("cart", 8080), ("search", 9200), ("checkout", 9090)] {
        pairs.insert(name, s.pair("shop", name, number));
    }
    let host = "shop.example.com";
    s.routes(&ingress, &pairs["web"].0, &[rule(host, "/", true)], 80);
    s.routes(&ingress, &pairs["cart"].0, &[rule(host, "/cart", true), rule(host, "/basket", true)], 80);
    s.routes(&ingress, &pairs["search"].0, &[rule(host, "/search", true)], 80);
    let status = s.pair("shop", "status", 8080);
    s.routes(&ingress, &status.0, &[rule(host, "/status", false)], 80);
    s.exposes(&internet, &status.0, Expose::LoadBalancer, &[443]);
    let db = s.service("data", "postgres", ServiceKind::Headless, &[port(5432, 5432)]);
    let store = s.workload("data", "postgres", "StatefulSet", 3);
    s.selects(&db, &store, &[port(5432, 5432)]);
    let mail = s.dns("smtp.example.net");
    let relay = s.service("shop", "mail", ServiceKind::ExternalName, &[]);
    s.resolves(&relay, &mail);
    for (from, to, number) in [
        (&pairs["checkout"].1, &store, 5432),
        (&pairs["cart"].1, &store, 5432),
        (&pairs["search"].1, &store, 5432),
        (&pairs["cart"].1, &pairs["checkout"].1, 9090),
    ] {
        s.allows(from, to, number);
    }
    if let Some(Node { detail: Detail::Workload { access, .. }, .. }) = s.0.known(&pairs["checkout"].1) {
        *access = policies((Stance::Isolated, Stance::Open));
    }
    let changed = |all: &[(About, &str, &str)]| {
        Change::Changed(all.iter().map(|(about, old, new)| Difference::new(about.clone(), *old, *new)).collect())
    };
    let (cart, basket) = (rule(host, "/cart", true), rule(host, "/basket", true));
    compared(
        &s.0.build(),
        |node| match (node.name.as_str(), node.kind()) {
            ("search", _) => Change::Added,
            ("status", _) => Change::Removed,
            ("checkout", NodeKind::Workload) => changed(&[
                ("in".into(), "open", "isolated"),
                ("replicas".into(), "2", "4"),
                (
                    About::Part("image", "main".into()),
                    "registry.example.com/checkout:1.27.4",
                    "registry.example.com/checkout:1.28.0",
                ),
            ]),
            ("checkout", NodeKind::Service) => changed(&[(About::Value, "80 → 8080", "80 → 9090")]),
            ("public", _) => changed(&[("TLS".into(), "no", "yes")]),
            _ => Change::Same,
        },
        |from, to, edge| match (from.name.as_str(), to.name.as_str(), edge.kind()) {
            (_, "search", _) | ("search", ..) | ("cart", "checkout", _) => Change::Added,
            (_, "status", _) | ("status", ..) => Change::Removed,
            ("public", "cart", _) => changed(&[
                (About::Tls(cart.clone()), "no", "yes"),
                (About::Rule(basket.clone()), "", "shop.example.com/basket"),
                ("port".into(), "8080", "80"),
            ]),
            ("checkout", "checkout", _) => changed(&[(About::Value, "80 → 8080", "80 → 9090")]),
            ("checkout", "postgres", _) => changed(&[(About::Value, "all ports", "5432")]),
            _ => Change::Same,
        },
    )
}

/// A node of every kind and an edge of every kind, each with every kind of change.
pub fn every_change() -> Graph {
    let mut s = Sketch::default();
    for kind in ChangeKind::ALL {
        let (ns, word) = (kind.as_str(), kind.as_str());
        let internet = s.internet();
        let (service, workload) = s.pair(ns, word, 8080);
        let ingress = s.ingress(ns, word);
        s.exposes(&internet, &ingress, Expose::Ingress, &[443]);
        s.routes(&ingress, &service, &[rule("shop.example.com", "/", true)], 80);
        let gateway = s.gateway(ns, word);
        let route = s.route(ns, word);
        s.routes(&gateway, &route, &[rule("", "", true)], 0);
        let missing = s.missing(ns, &format!("{word}-gone"));
        s.routes(&route, &missing, &[rule("shop.example.com", "/x", false)], 80);
        let mail = s.dns(&format!("{word}.example.net"));
        let relay = s.service(ns, &format!("{word}-mail"), ServiceKind::ExternalName, &[]);
        s.resolves(&relay, &mail);
        let range = s.external(&format!("{word}: 10.0.0.0/16"));
        s.allows(&workload, &range, 443);
        let peers = s.peers(ns, &format!("{word} set"));
        s.allows(&peers, &workload, 9000);
        let other = s.workload(ns, &format!("{word}-store"), "StatefulSet", 1);
        s.denied(&workload, &other, 5432);
        let junction = s.junction(ns, &format!("80{}", word.len()));
        s.allows(&workload, &junction, 0);
        s.allows(&junction, &other, 0);
        s.summary(ns, &format!("{word} rest"));
        s.resource(ns, &format!("{word}-bucket"));
    }
    let graph = s.0.build();
    let of = |node: &Node| {
        let words = [node.namespace.as_deref().unwrap_or_default(), &node.name];
        let kind = ChangeKind::ALL.iter().find(|k| words.iter().any(|w| w.contains(k.as_str())));
        match kind {
            Some(ChangeKind::Added) => Change::Added,
            Some(ChangeKind::Removed) => Change::Removed,
            Some(ChangeKind::Changed) => {
                Change::Changed(vec![Difference::new("fact", "old", "new"), Difference::new("host", "", "a.example")])
            }
            _ => Change::Same,
        }
    };
    compared(&graph, of, |from, to, _| if of(from).is_same() { of(to) } else { of(from) })
}

/// A shop behind an Ingress, a database that it calls, and three namespaces that have nothing to do with it.
pub fn town(changed: &str) -> Graph {
    let mut s = Sketch::default();
    let internet = s.internet();
    let ingress = s.ingress("shop", "public");
    s.exposes(&internet, &ingress, Expose::Ingress, &[443]);
    let mut workloads = Vec::new();
    for name in ["web", "cart", "mail", "stock"] {
        let (service, workload) = s.pair("shop", name, 8080);
        s.routes(&ingress, &service, &[rule("shop.example.com", &format!("/{name}"), true)], 80);
        workloads.push(workload);
    }
    let db = s.service("data", "db", ServiceKind::Headless, &[port(5432, 5432)]);
    let store = s.workload("data", "db", "StatefulSet", 3);
    s.selects(&db, &store, &[port(5432, 5432)]);
    for workload in &workloads {
        s.allows(workload, &store, 5432);
    }
    for other in ["a", "b", "c"] {
        s.pair(other, "web", 80);
    }
    compared(
        &s.0.build(),
        |n| {
            if n.id.as_str() == changed {
                Change::Changed(vec![Difference::new("replicas", "1", "2")])
            } else {
                Change::Same
            }
        },
        |_, _, _| Change::Same,
    )
}
