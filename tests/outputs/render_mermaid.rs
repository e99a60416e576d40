//! Mermaid: whole pictures of what fits, stated steps for what does not, and limits that hold for any size.

use std::collections::BTreeMap;

use crate::support::mermaid::{Parsed, draw, parse};
use crate::support::shop;
use kubesketch::graph::*;
use kubesketch::render::{MAX_CHARS, MAX_EDGES, PictureOptions, Theme, mermaid};

fn options() -> PictureOptions {
    PictureOptions::default()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn note(parsed: &Parsed) -> Option<&str> {
    parsed.nodes.iter().find(|(id, _)| id == "k_note").map(|(_, label)| label.as_str())
}

/// Namespaces that each hold so many Services with a workload, and workloads that nothing selects; every first Service
/// is called by the one before it.
fn town(namespaces: usize, services: usize, lonely: usize, name: &str) -> Graph {
    let mut b = GraphBuilder::new();
    for n in 0..namespaces {
        let namespace = format!("{name}-{n:04}");
        b.namespace(&namespace, true, BTreeMap::new());
        for s in 0..services + lonely {
            let workload = format!("{namespace}/w{s}[Deployment]");
            let detail = shop::workload("app", Scale::Replicas(2), 8080);
            b.node(shop::node(&workload, "Deployment", Some(&namespace), &format!("w{s}"), detail, 1));
            if s >= services {
                continue;
            }
            let service = format!("{namespace}/s{s}[Service]");
            let detail = shop::service(ServiceKind::ClusterIp, vec![shop::port(80, 8080)], "app");
            b.node(shop::node(&service, "Service", Some(&namespace), &format!("s{s}"), detail, 1));
            b.edge(
                &shop::id(&service),
                &shop::id(&workload),
                EdgeDetail::Selects(vec![shop::port(80, 8080)]),
                [shop::evidence("x", "", 1)],
            );
        }
        if n > 0 && services > 0 {
            let rules = vec![shop::rule("example.com", "/path", true)];
            let (from, to) = (format!("{name}-{:04}/s0[Service]", n - 1), format!("{namespace}/s0[Service]"));
            b.edge(
                &shop::id(&from),
                &shop::id(&to),
                EdgeDetail::Routes { rules, port: Backend::Number(80) },
                [shop::evidence("x", "", 1)],
            );
        }
    }
    b.build()
}

#[test]
fn a_picture_that_fits_is_whole() {
    let graph = shop::shop();
    let text = mermaid(&graph, &options());
    let parsed = parse(&text);
    assert_eq!(
        (parsed.nodes.len(), parsed.edges.len(), parsed.groups.len()),
        (graph.nodes().len(), graph.edges().len(), graph.groups().len())
    );
    assert_eq!(note(&parsed), None);
    for node in graph.nodes() {
        let label = format!("{}\n{}", node.name, node.facts());
        assert!(parsed.nodes.iter().any(|(_, l)| *l == label), "{label}");
    }
    assert!(parsed.edges.iter().any(|(_, _, l)| l == "shop.example.com/cart → 80"));
    assert_eq!(text, mermaid(&graph, &options()));
    let dark = PictureOptions { theme: Theme::Dark, title: Some("A \"title\": #1".into()), ..options() };
    let dark = mermaid(&graph, &dark);
    parse(&dark);
    assert!(dark.starts_with("---\ntitle: \"A title 1\"\n---\n") && dark.contains("color:#e9eef6"));
}

#[test]
fn adding_an_object_changes_no_other_line() {
    let (before, after) = (mermaid(&town(2, 2, 0, "ns"), &options()), mermaid(&town(2, 2, 1, "ns"), &options()));
    let lost: Vec<&str> = before.lines().filter(|l| !after.lines().any(|a| a == *l)).collect();
    assert!(lost.iter().all(|l| l.contains("accDescr")), "{lost:?}");
}

#[test]
fn what_does_not_fit_is_left_out_in_steps_and_told() {
    let mut seen = Vec::new();
    for (graph, words, objects) in [
        (town(10, 15, 0, "ns"), "", true),
        (routes(400), "the words on lines", true),
        (town(10, 25, 0, "ns"), "the facts on cards", true),
        (town(10, 12, 60, "ns"), "600 objects without lines", true),
        (fan(495, 100), "100 lines of the kind resolves", true),
        (town(30, 18, 0, "ns"), "each box is a namespace", false),
        (town(10, 600, 0, "ns"), "each box is a namespace", false),
        (town(700, 1, 0, "quite-a-long-name-for-a-namespace-of-which-there-are-many"), "boxes", false),
    ] {
        let text = mermaid(&graph, &options());
        let parsed = parse(&text);
        let note = note(&parsed).unwrap_or_default();
        seen.push(format!("{words}: {} units, {} lines: {note}", units(&text), parsed.edges.len()));
        std::fs::write(shop::folder("mermaid").join("steps.txt"), seen.join("\n")).unwrap();
        assert!(units(&text) <= MAX_CHARS && parsed.edges.len() <= MAX_EDGES, "{words}");
        assert_eq!(note.is_empty(), words.is_empty(), "{words}: {note}");
        if !words.is_empty() {
            assert!(note.contains(words) && note.contains("An SVG shows all"), "{words}: {note}");
            assert!(text.contains("\n  %% Left out"));
        }
        assert_eq!(parsed.groups.len(), if objects { graph.groups().len() } else { 0 }, "{words}");
    }
}

/// One Ingress with so many hosts, each on the one Service behind it by a port of its own.
fn routes(count: u16) -> Graph {
    let mut b = GraphBuilder::new();
    let ingress = Detail::Ingress { class: None, tls: true };
    b.node(shop::node("a/i[Ingress]", "Ingress", Some("a"), "i", ingress, 1));
    let service = shop::service(ServiceKind::ClusterIp, vec![shop::port(80, 8080)], "app");
    b.node(shop::node("a/s[Service]", "Service", Some("a"), "s", service, 1));
    for n in 0..count {
        let host = format!("customer-{n:04}.very-long-subdomain.of-many-words.example.com");
        let detail = EdgeDetail::Routes {
            rules: vec![shop::rule(&host, "/some/path/that/is/long", true)],
            port: Backend::Number(n),
        };
        b.edge(&shop::id("a/i[Ingress]"), &shop::id("a/s[Service]"), detail, [shop::evidence("x", "", 1)]);
    }
    b.build()
}

/// One Service with `selected` workloads and `resolved` names outside the cluster.
fn fan(selected: u16, resolved: u16) -> Graph {
    let mut b = GraphBuilder::new();
    let service = shop::service(ServiceKind::ClusterIp, vec![shop::port(80, 8080)], "app");
    b.node(shop::node("a/s[Service]", "Service", Some("a"), "s", service, 1));
    for n in 0..selected {
        let id = format!("a/w{n}[Deployment]");
        let detail = shop::workload("app", Scale::Replicas(2), 8080);
        b.node(shop::node(&id, "Deployment", Some("a"), &format!("w{n}"), detail, 1));
        b.edge(
            &shop::id("a/s[Service]"),
            &shop::id(&id),
            EdgeDetail::Selects(vec![shop::port(80, 8080)]),
            [shop::evidence("x", "", 1)],
        );
    }
    for n in 0..resolved {
        let id = format!("dns:w{n}");
        b.node(shop::node(&id, "DNS name", None, &format!("w{n}"), Detail::ExternalName, 1));
        b.edge(&shop::id("a/s[Service]"), &shop::id(&id), EdgeDetail::Resolves(vec![]), [shop::evidence("x", "", 1)]);
    }
    b.build()
}

#[test]
fn an_empty_graph_is_a_picture() {
    let parsed = parse(&mermaid(&GraphBuilder::new().build(), &options()));
    assert!(parsed.nodes.is_empty());
}

#[test]
fn mermaid_itself_draws_it() {
    let graphs = [shop::shop(), town(10, 20, 30, "ns"), town(30, 18, 0, "ns"), GraphBuilder::new().build()];
    let texts: Vec<String> = graphs.iter().map(|g| mermaid(g, &options())).collect();
    let Some(drawn) = draw(&shop::folder("mermaid-drawn"), &texts) else {
        return;
    };
    for (text, drawn) in texts.iter().zip(drawn) {
        let parsed = parse(text);
        assert_eq!(drawn.error, None);
        assert_eq!(
            (drawn.nodes, drawn.edges, drawn.groups, drawn.foreign),
            (parsed.nodes.len(), parsed.edges.len(), parsed.groups.len(), 0)
        );
    }
}
