//! A shop as graph and as layout, put together by hand: renderers are tested without the rooms before them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubesketch::diagnostic::Diagnostic;
use kubesketch::graph::*;
use kubesketch::layout::*;
use kubesketch::net::Protocol;
use kubesketch::render::{self, PictureOptions};
use kubesketch::source::Sources;
use kubesketch::world::{Options, World};

pub use super::ids::id;

pub fn evidence(object: &str, field: &str, line: u32) -> Evidence {
    Evidence { object: object.into(), field: field.into(), file: "shop/all.yaml".into(), line }
}

pub fn node(text: &str, label: &str, namespace: Option<&str>, name: &str, detail: Detail, line: u32) -> Node {
    Node {
        namespace: namespace.map(Into::into),
        evidence: if line == 0 { Vec::new() } else { vec![evidence(text, "", line)] },
        ..Node::new(id(text), label, name, detail)
    }
}

pub fn port(port: u16, target: u16) -> PortMap {
    PortMap { port, protocol: Protocol::Tcp, name: None, target: TargetPort::Number(target), node_port: None }
}

pub fn service(service: ServiceKind, ports: Vec<PortMap>, app: &str) -> Detail {
    let selector = if app.is_empty() { BTreeMap::new() } else { BTreeMap::from([("app".into(), app.into())]) };
    Detail::Service { service, ports, selector }
}

pub fn workload(app: &str, scale: Scale, number: u16) -> Detail {
    Detail::Workload {
        scale,
        labels: BTreeMap::from([("app".into(), app.into())]),
        ports: vec![Port { number, protocol: Protocol::Tcp, name: Some("http".into()) }],
        containers: vec![Container { name: app.into(), image: Some(format!("ghcr.io/example/{app}:1.4.2")) }],
        host_network: false,
        show_images: false,
        access: None,
    }
}

pub fn rule(host: &str, path: &str, tls: bool) -> RouteRule {
    RouteRule {
        host: Some(host.into()),
        path: Some(path.into()),
        path_type: Some("Prefix".into()),
        tls: if tls { HostTls::Terminated } else { HostTls::None },
        weight: None,
        default: false,
        when: kubesketch::graph::When::default(),
    }
}

/// The shop: one Ingress with four targets, one of them missing, a load balancer, a database in its own namespace, a
/// mail service outside.
pub fn shop() -> Graph {
    builder().build()
}

/// The shop, to add to.
pub fn builder() -> GraphBuilder {
    let mut b = GraphBuilder::new();
    b.namespace("shop", true, BTreeMap::new());
    b.node(node("internet", "Internet", None, "Internet", Detail::Internet, 0));
    let ingress = Detail::Ingress { class: Some("nginx".into()), tls: true };
    b.node(node("shop/public[Ingress]", "Ingress", Some("shop"), "public", ingress, 12));
    for (name, kind, ports, app, line) in [
        ("frontend", ServiceKind::ClusterIp, vec![port(80, 8080)], "frontend", 40),
        ("cart", ServiceKind::ClusterIp, vec![port(80, 8081), port(9090, 9090)], "cart", 60),
        ("status", ServiceKind::LoadBalancer, vec![port(443, 8443)], "frontend", 80),
        ("mail", ServiceKind::ExternalName, vec![], "", 100),
    ] {
        let text = format!("shop/{name}[Service]");
        b.node(node(&text, "Service", Some("shop"), name, service(kind, ports, app), line));
    }
    b.node(node(
        "data/postgres[Service]",
        "Service",
        Some("data"),
        "postgres",
        service(ServiceKind::Headless, vec![port(5432, 5432)], "postgres"),
        200,
    ));
    for (ns, kind, name, scale, number, line) in [
        ("shop", "Deployment", "frontend", Scale::Replicas(3), 8080, 120),
        ("shop", "Deployment", "cart", Scale::Replicas(2), 8081, 140),
        ("data", "StatefulSet", "postgres", Scale::Replicas(2), 5432, 220),
        ("data", "CronJob", "backup", Scale::Schedule("0 3 * * *".into()), 9000, 240),
    ] {
        let text = format!("{ns}/{name}[{kind}]");
        b.node(node(&text, kind, Some(ns), name, workload(name, scale, number), line));
    }
    b.node(node(
        "missing:shop/search[Service]",
        "Service",
        Some("shop"),
        "search",
        Detail::Missing { reason: MissingReason::NotInManifests },
        24,
    ));
    b.node(node("dns:smtp.example.net", "DNS name", None, "smtp.example.net", Detail::ExternalName, 102));

    let expose = |via, ports: &[u16]| {
        EdgeDetail::Exposes(vec![Exposure { via, ports: ports.iter().map(|p| (*p, Protocol::Tcp)).collect() }])
    };
    let ing = "shop/public[Ingress]";
    b.edge(&id("internet"), &id(ing), expose(Expose::Ingress, &[80, 443]), [evidence(ing, "spec.rules", 15)]);
    b.edge(
        &id("internet"),
        &id("shop/status[Service]"),
        expose(Expose::LoadBalancer, &[443]),
        [evidence("shop/status[Service]", "spec.type", 84)],
    );
    for (host, path, to, line) in [
        ("shop.example.com", "/", "shop/frontend[Service]", 18),
        ("shop.example.com", "/cart", "shop/cart[Service]", 21),
        ("shop.example.com", "/search", "missing:shop/search[Service]", 24),
    ] {
        let detail = EdgeDetail::Routes { rules: vec![rule(host, path, path != "/search")], port: Backend::Number(80) };
        b.edge(&id(ing), &id(to), detail, [evidence(ing, "spec.rules[0].http.paths[0]", line)]);
    }
    for (from, to, ports, line) in [
        ("shop/frontend[Service]", "shop/frontend[Deployment]", vec![port(80, 8080)], 44),
        ("shop/cart[Service]", "shop/cart[Deployment]", vec![port(80, 8081), port(9090, 9090)], 64),
        ("shop/status[Service]", "shop/frontend[Deployment]", vec![port(443, 8443)], 86),
        ("data/postgres[Service]", "data/postgres[StatefulSet]", vec![port(5432, 5432)], 204),
    ] {
        b.edge(&id(from), &id(to), EdgeDetail::Selects(ports), [evidence(from, "spec.selector", line)]);
    }
    b.edge(
        &id("shop/mail[Service]"),
        &id("dns:smtp.example.net"),
        EdgeDetail::Resolves(vec![]),
        [evidence("shop/mail[Service]", "spec.externalName", 102)],
    );
    b
}

/// A page of a graph that was made by hand; the texts are there for the places of problems.
pub fn page(
    layout: &Layout,
    graph: &Graph,
    problems: &[Diagnostic],
    sources: &Sources,
    options: &PictureOptions,
) -> String {
    let texts = World::of_texts(sources.clone(), &Options::default()).unwrap();
    render::page(&render::Page::new(&texts, layout, graph, problems), options).unwrap()
}

/// The graph as data, without a cluster behind it.
pub fn json(graph: &Graph, problems: &[Diagnostic], sources: &Sources) -> String {
    let nothing = World::default();
    render::json(&render::Report { diagnostics: problems, sources, ..render::Report::of(&nothing, graph) })
}

pub fn rect(x: f64, y: f64, w: f64, h: f64) -> Rect {
    Rect { x, y, w, h }
}

pub fn text(x: f64, y: f64, role: TextRole, content: &str) -> Text {
    Text {
        at: Point { x, y },
        width: content.chars().count() as f64 * role.size() * if role.bold() { 0.66 } else { 0.58 },
        role,
        content: content.into(),
        change: None,
    }
}

/// A card with its parts where a layout would put them.
pub fn card(node: &Node, x: f64, y: f64, w: f64, h: f64) -> Card {
    Card {
        id: node.id.clone(),
        kind: node.kind(),
        label: node.label.clone(),
        namespace: node.namespace.clone(),
        group: node.namespace.clone().map(GroupId::Namespace),
        name: node.name.clone(),
        rect: rect(x, y, w, h),
        bar: rect(x, y, 4.0, h),
        glyph: rect(x + 11.0, y + 9.0, 16.0, 16.0),
        texts: vec![
            text(x + 34.0, y + 19.0, TextRole::Name, &node.name),
            text(x + 34.0, y + 35.0, TextRole::Facts, &node.facts()),
        ],
        badges: node
            .badges()
            .into_iter()
            .enumerate()
            .map(|(i, (mark, word))| Badge {
                mark,
                at: rect(x + 34.0 + 60.0 * i as f64, y + 38.0, 10.0, 10.0),
                text: text(x + 48.0 + 60.0 * i as f64, y + 47.0, TextRole::Facts, &word),
            })
            .collect(),
        rows: Vec::new(),
        change: None,
        tooltip: node.tooltip(),
    }
}

/// The shop with every part in its place.
pub fn shop_layout(graph: &Graph) -> Layout {
    let places = [
        ("internet", 24.0, 136.0, 150.0, 44.0),
        ("shop/public[Ingress]", 238.0, 108.0, 232.0, 126.0),
        ("shop/frontend[Service]", 540.0, 108.0, 186.0, 44.0),
        ("shop/cart[Service]", 540.0, 172.0, 210.0, 44.0),
        ("missing:shop/search[Service]", 540.0, 236.0, 210.0, 44.0),
        ("shop/status[Service]", 540.0, 300.0, 220.0, 44.0),
        ("shop/mail[Service]", 540.0, 364.0, 186.0, 44.0),
        ("shop/frontend[Deployment]", 836.0, 108.0, 186.0, 44.0),
        ("shop/cart[Deployment]", 836.0, 172.0, 186.0, 44.0),
        ("data/postgres[Service]", 1102.0, 108.0, 170.0, 44.0),
        ("data/postgres[StatefulSet]", 1332.0, 108.0, 196.0, 44.0),
        ("data/backup[CronJob]", 1332.0, 172.0, 196.0, 44.0),
        ("dns:smtp.example.net", 1332.0, 364.0, 190.0, 44.0),
    ];
    let mut cards: Vec<Card> = places
        .iter()
        .filter_map(|(id, x, y, w, h)| graph.named(id).map(|i| card(graph.node(i), *x, *y, *w, *h)))
        .collect();
    for (i, (path, lock)) in
        [("shop.example.com/", true), ("shop.example.com/cart", true), ("shop.example.com/search", false)]
            .iter()
            .enumerate()
    {
        let y = 108.0 + 46.0 + 25.0 * i as f64;
        // Rows reach from the bar to the border of their card.
        cards[1].rows.push(Row {
            rect: rect(243.0, y - 1.0, 227.0, 25.0),
            texts: vec![text(272.0, y + 15.0, TextRole::Row, path), text(440.0, y + 15.0, TextRole::Port, "80")],
            locks: lock.then(|| rect(256.0, y + 5.0, 12.0, 12.0)).into_iter().collect(),
            change: None,
        });
    }
    let line = |from: &str, to: &str, kind, points: &[(f64, f64)]| Link {
        from: id(from),
        to: id(to),
        kind,
        points: points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect(),
        gaps: Vec::new(),
        branches: Vec::new(),
        label: None,
        change: None,
        tooltip: graph
            .edges()
            .find(|(a, b, _)| graph.node(*a).id == id(from) && graph.node(*b).id == id(to))
            .map(|(_, _, e)| e.tooltip())
            .unwrap_or_default(),
    };
    use EdgeKind::*;
    let ing = "shop/public[Ingress]";
    let mut links = vec![
        line("internet", ing, Exposes, &[(174.0, 158.0), (238.0, 158.0)]),
        line(
            "internet",
            "shop/status[Service]",
            Exposes,
            &[(174.0, 170.0), (206.0, 170.0), (206.0, 322.0), (540.0, 322.0)],
        ),
        line(ing, "shop/frontend[Service]", Routes, &[(470.0, 165.0), (500.0, 165.0), (500.0, 130.0), (540.0, 130.0)]),
        line(ing, "shop/cart[Service]", Routes, &[(470.0, 190.0), (516.0, 190.0), (516.0, 194.0), (540.0, 194.0)]),
        line(
            ing,
            "missing:shop/search[Service]",
            Routes,
            &[(470.0, 215.0), (500.0, 215.0), (500.0, 258.0), (540.0, 258.0)],
        ),
        line("shop/frontend[Service]", "shop/frontend[Deployment]", Selects, &[(726.0, 130.0), (836.0, 130.0)]),
        line("shop/cart[Service]", "shop/cart[Deployment]", Selects, &[(750.0, 194.0), (836.0, 194.0)]),
        line(
            "shop/status[Service]",
            "shop/frontend[Deployment]",
            Selects,
            &[(760.0, 322.0), (798.0, 322.0), (798.0, 142.0), (836.0, 142.0)],
        ),
        line("data/postgres[Service]", "data/postgres[StatefulSet]", Selects, &[(1272.0, 130.0), (1332.0, 130.0)]),
        line("shop/mail[Service]", "dns:smtp.example.net", Resolves, &[(726.0, 386.0), (1332.0, 386.0)]),
    ];
    links[1].label = Some(Label {
        rect: rect(300.0, 313.0, 120.0, 18.0),
        texts: vec![text(306.0, 326.0, TextRole::Label, "LoadBalancer 443")],
    });
    let mut legend = Vec::new();
    let mut x = 24.0;
    let kinds = [
        NodeKind::Internet,
        NodeKind::Ingress,
        NodeKind::Service,
        NodeKind::Workload,
        NodeKind::ExternalName,
        NodeKind::Missing,
    ];
    let samples = kinds
        .map(Sample::Node)
        .into_iter()
        .chain(EdgeKind::ALL.iter().copied().map(Sample::Edge))
        .chain([Sample::Lock])
        .chain(Mark::ALL.iter().copied().map(Sample::Mark));
    for sample in samples {
        let (width, word) = match sample {
            Sample::Node(kind) => (14.0, kind.as_str()),
            Sample::Edge(kind) => (26.0, kind.as_str()),
            Sample::Lock => (9.0, "TLS"),
            Sample::Mark(_) => (9.0, "policy"),
            Sample::Change(kind) => (26.0, kind.as_str()),
        };
        let words = text(x + width + 6.0, 478.0, TextRole::Legend, word);
        let end = words.at.x + words.width;
        legend.push(LegendEntry { sample, at: rect(x, 467.0, width, 14.0), text: words });
        x = end + 22.0;
    }
    Layout {
        width: 1560.0,
        height: 500.0,
        heading: vec![
            text(24.0, 34.0, TextRole::Title, "shop"),
            text(24.0, 52.0, TextRole::Subtitle, "examples/shop · 2 namespaces · 13 objects"),
        ],
        frames: vec![
            Frame {
                id: GroupId::Namespace("shop".into()),
                parent: None,
                rect: rect(222.0, 72.0, 816.0, 356.0),
                title: vec![text(236.0, 92.0, TextRole::Frame, "namespace shop")],
                tooltip: "namespace shop".into(),
            },
            Frame {
                id: GroupId::Namespace("data".into()),
                parent: None,
                rect: rect(1086.0, 72.0, 458.0, 164.0),
                title: vec![text(1100.0, 92.0, TextRole::Frame, "namespace data")],
                tooltip: "namespace data".into(),
            },
        ],
        cards,
        links,
        legend,
        fallbacks: Vec::new(),
    }
}

/// A new folder for the files of one test, below Cargo's folder for test files.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}
