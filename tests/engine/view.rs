//! Parts of a graph, overviews and frames by label: what must hold whatever is asked for.

use std::collections::BTreeSet;

use crate::support::{generate, states};
use kubesketch::graph::{Detail, EdgeKind, Graph, NodeKind};
use kubesketch::layout;
use kubesketch::view::{self, Anchor, Aspect, CallLines, Denied, Labels, Lines, Note, Selection};

const SHOP: &str = "
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {name: edge, namespace: shop}
spec:
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
---
{kind: Service, apiVersion: v1, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{kind: Service, apiVersion: v1, metadata: {name: api, namespace: shop}, spec: {selector: {app: api}, ports: [{port: 80}]}}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: web, namespace: shop, labels: {part: front}}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: api, namespace: shop, labels: {part: back}}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}}
---
kind: StatefulSet
apiVersion: apps/v1
metadata: {name: db, namespace: data}
spec: {selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: i}]}}}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: idle, namespace: data}
spec: {selector: {matchLabels: {app: idle}}, template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: c, image: i}]}}}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: api}}}]
    ports: [{port: 5432}]
";

fn read(text: &str) -> (Graph, Labels) {
    let world = states::world([("all.yaml", text)]);
    let lines = Lines { denied: Denied::Hidden, calls: CallLines::Hidden };
    (view::aspect(world.graph(), Aspect::Network, lines), world.labels())
}

fn ids(graph: &Graph) -> BTreeSet<&str> {
    graph.nodes().map(|n| n.id.as_str()).collect()
}

fn anchor(kind: Option<&str>, name: &str) -> Anchor {
    Anchor { text: name.into(), kind: kind.map(Into::into), namespace: None, name: name.into() }
}

/// What a graph guarantees, and that the layout can draw it.
fn check(graph: &Graph) {
    let known = ids(graph);
    assert_eq!(known.len(), graph.nodes().len());
    assert!(graph.nodes().zip(graph.nodes().skip(1)).all(|(a, b)| a.id < b.id));
    for node in graph.nodes() {
        assert!(node.kind() == NodeKind::Internet || !node.evidence.is_empty(), "{} has no evidence", node.id);
    }
    for (from, to, edge) in graph.edges() {
        assert!(from < graph.nodes().len() && to < graph.nodes().len() && !edge.evidence.is_empty());
    }
    let mut used: BTreeSet<usize> = (0..graph.nodes().len()).filter_map(|n| graph.group_of(n)).collect();
    used.extend((0..graph.nodes().len()).filter_map(|n| graph.top_group_of(n)));
    assert_eq!(used.len(), graph.groups().len());
    let picture = layout::layout(graph, &layout::Options::default());
    assert_eq!(layout::verify(&picture), vec![]);
}

fn select(selection: Selection) -> Graph {
    let (graph, labels) = read(SHOP);
    let part = view::select(graph, &labels, &selection).unwrap();
    check(&part);
    part
}

#[test]
fn a_namespace_keeps_what_has_to_do_with_it() {
    let part = select(Selection { namespaces: vec!["data".into()], ..Selection::default() });
    let all = ids(&part);
    let expected = ["data/db[StatefulSet]", "data/idle[Deployment]", "summary:rest:from:shop"];
    assert_eq!(all, BTreeSet::from(expected));
    let (from, to, edge) = part.edge(0);
    assert_eq!(part.node(from).name, "shop/api");
    assert_eq!(part.node(from).facts(), "not selected · 1 workload · 1 exposed");
    assert_eq!(part.node(from).namespace, None);
    assert_eq!((part.node(to).name.as_str(), edge.lines()), ("db", vec!["5432".to_owned()]));
}

#[test]
fn labels_are_those_of_objects_pods_and_selectors() {
    let with = |text: &str| select(Selection { labels: Some(text.parse().unwrap()), ..Selection::default() });
    let part = with("app=web");
    assert!(ids(&part).is_superset(&BTreeSet::from(["shop/web[Deployment]", "shop/web[Service]"])));
    assert!(!ids(&part).contains("shop/api[Deployment]"));
    assert!(ids(&with("part in (back)")).contains("shop/api[Deployment]"));
}

#[test]
fn rows_of_routes_stay_and_lead_to_what_was_left_out() {
    let part = select(Selection { kinds: vec!["ingress".into()], ..Selection::default() });
    let edges: Vec<_> = part.edges().map(|(_, to, e)| (part.node(to).name.as_str(), e.kind())).collect();
    assert!(ids(&part).contains("internet"));
    assert_eq!(edges.iter().filter(|e| **e == ("2 more", EdgeKind::Routes)).count(), 2);
}

#[test]
fn focus_goes_both_ways_by_steps() {
    let around =
        |depth| select(Selection { focus: vec![anchor(Some("deployment"), "api")], depth, ..Selection::default() });
    let near = around(1);
    let near = ids(&near);
    assert!(near.is_superset(&BTreeSet::from(["shop/api[Deployment]", "shop/api[Service]", "data/db[StatefulSet]"])));
    assert!(!near.contains("shop/edge[Ingress]") && !near.contains("data/idle[Deployment]"));
    let far = around(2);
    assert!(ids(&far).contains("shop/edge[Ingress]") && !ids(&far).contains("shop/web[Service]"));
    assert!(ids(&around(0)).contains("shop/api[Deployment]"));
}

#[test]
fn nothing_selected_says_what_there_is() {
    let (graph, labels) = read(SHOP);
    let wanted = Selection { namespaces: vec!["prod".into()], ..Selection::default() };
    let error = view::select(graph.clone(), &labels, &wanted).unwrap_err().to_string();
    assert!(error.contains("in namespace prod") && error.contains("data, shop"), "{error}");
    let wanted = Selection { focus: vec![anchor(None, "nobody")], ..Selection::default() };
    assert!(view::select(graph.clone(), &labels, &wanted).unwrap_err().to_string().contains("`nobody`"));
    // Only names below `svc` are those of Services.
    let named = |name| Selection { focus: vec![anchor(None, name)], ..Selection::default() };
    assert!(view::select(graph.clone(), &labels, &named("web.shop.cluster.local")).is_err());
    assert!(view::select(graph.clone(), &labels, &named("web.shop.svc.cluster.local")).is_ok());
    let other = Selection { focus: vec![anchor(Some("deployment"), "db")], ..Selection::default() };
    let error = view::select(graph, &labels, &other).unwrap_err().to_string();
    assert!(error.contains("there are data/db[StatefulSet]"), "{error}");
    assert!(view::select(Graph::default(), &labels, &wanted).is_ok());
}

#[test]
fn views_keep_what_they_are_about() {
    let (graph, _) = read(SHOP);
    let exposure = view::aspect(&graph, Aspect::Exposure, Lines::default());
    check(&exposure);
    assert!(ids(&exposure).contains("shop/api[Deployment]") && !ids(&exposure).contains("data/db[StatefulSet]"));
    let policy = view::aspect(&graph, Aspect::Policy, Lines::default());
    check(&policy);
    assert!(policy.nodes().all(|n| n.kind() == NodeKind::Workload));
    assert!(policy.edges().all(|(.., e)| e.kind() == EdgeKind::Allows));
    assert_eq!(policy.nodes().len(), 4);
}

#[test]
fn frames_by_label_take_services_along() {
    let (graph, labels) = read(SHOP);
    let grouped = view::group(graph.clone(), &labels, "part");
    check(&grouped);
    let names: Vec<String> = grouped.groups().iter().map(|g| g.id.to_string()).collect();
    let parts = ["group:shop/part=back", "group:shop/part=front"];
    assert_eq!(names, ["namespace:data", "namespace:shop", parts[0], parts[1]]);
    assert!((0..4).all(|g| grouped.parent_of(g) == (g > 1).then_some(1)));
    let at = |id: &str| grouped.groups()[grouped.group_of(grouped.named(id).unwrap()).unwrap()].name();
    assert_eq!(at("shop/api[Service]"), "part=back");
    assert_eq!(at("shop/edge[Ingress]"), "shop");
    let again = view::group(grouped.clone(), &labels, "part");
    assert!((0..again.nodes().len()).all(|n| again.group_of(n) == grouped.group_of(n)));
    assert_eq!(ids(&graph), ids(&grouped));
}

#[test]
fn an_overview_counts_and_merges() {
    let (graph, labels) = read(SHOP);
    let far = view::overview(&graph, None, &Note::default());
    check(&far);
    assert_eq!(ids(&far), BTreeSet::from(["internet", "summary:namespace:data", "summary:namespace:shop"]));
    for kind in [NodeKind::Workload, NodeKind::Service, NodeKind::Ingress] {
        assert_eq!(far.count(kind), graph.count(kind));
    }
    let shop = far.node(far.named("summary:namespace:shop").unwrap());
    let Detail::Summary(summary) = &shop.detail else { panic!() };
    assert_eq!((summary.exposed, summary.isolated), (2, Some((0, 0))));
    let values = view::values(&graph, &labels, "part");
    let by_label = view::overview(&graph, Some(&values), &Note::default());
    check(&by_label);
    assert!(ids(&by_label).contains("summary:value:back"));
}

#[test]
fn every_part_of_a_large_graph_is_a_graph() {
    let size = generate::Size { namespaces: 12, workloads: 6, route_every: 2 };
    let (graph, labels) = read(&generate::manifests(size));
    assert!(view::is_worth_it(&graph, None));
    let far = view::overview(&graph, None, &Note::default());
    check(&far);
    assert_eq!(far.nodes().len(), 13);
    let key = "app.kubernetes.io/part-of";
    check(&view::overview(&graph, Some(&view::values(&graph, &labels, key)), &Note::default()));
    for group in graph.groups() {
        let wanted = Selection { namespaces: vec![group.name().to_owned()], ..Selection::default() };
        let part = view::select(graph.clone(), &labels, &wanted).unwrap();
        check(&part);
        assert_eq!(part.nodes().filter(|n| n.namespace.as_deref() == Some(group.name())).count(), 13);
    }
}

/// What two workloads use and what scales one of them, beside a network.
const USED: &str = "
{kind: Deployment, apiVersion: apps/v1, metadata: {name: a, namespace: one}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: settings}}]}]}}}}
---
{kind: Deployment, apiVersion: apps/v1, metadata: {name: b, namespace: one}, spec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: i, envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: key, optional: true}}]}]}}}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: settings, namespace: one}, data: {x: y}}
---
{kind: Service, apiVersion: v1, metadata: {name: a, namespace: one}, spec: {type: NodePort, selector: {app: a}, ports: [{port: 80}]}}
---
{kind: HorizontalPodAutoscaler, apiVersion: autoscaling/v2, metadata: {name: a, namespace: one}, spec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 3}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {name: alone, namespace: two}, data: {x: y}}
";

fn used() -> (Graph, Labels) {
    let world = states::world([("all.yaml", USED)]);
    (view::aspect(world.graph(), Aspect::Resources, Lines::default()), world.labels())
}

#[test]
fn the_view_of_resources_has_no_network() {
    let (graph, _) = used();
    check(&graph);
    let expected = [
        "missing:one/key[Secret]",
        "one/a[Deployment]",
        "one/a[HorizontalPodAutoscaler]",
        "one/b[Deployment]",
        "one/settings[ConfigMap]",
        "two/alone[ConfigMap]",
    ];
    assert_eq!(ids(&graph), BTreeSet::from(expected));
    assert!(graph.edges().all(|(.., e)| matches!(e.kind(), EdgeKind::Uses | EdgeKind::Scales)));
    let missing = graph.node(graph.named("missing:one/key[Secret]").unwrap());
    assert_eq!(missing.facts(), "Secret · optional, not in the input");
    let settings = graph.node(graph.named("one/settings[ConfigMap]").unwrap());
    assert_eq!(settings.facts(), "ConfigMap · 1 key · env");
}

#[test]
fn selections_and_overviews_hold_for_resources() {
    let (graph, labels) = used();
    let wanted = Selection { focus: vec![anchor(Some("cm"), "settings")], depth: 1, ..Selection::default() };
    let near = view::select(graph.clone(), &labels, &wanted).unwrap();
    check(&near);
    assert_eq!(ids(&near), BTreeSet::from(["one/a[Deployment]", "one/b[Deployment]", "one/settings[ConfigMap]"]));
    let wanted = Selection { kinds: vec!["ConfigMap".into()], ..Selection::default() };
    let kinds = view::select(graph.clone(), &labels, &wanted).unwrap();
    check(&kinds);
    assert_eq!(kinds.nodes().filter(|n| n.kind() == NodeKind::ConfigMap).count(), 2);
    let far = view::overview(&graph, None, &Note::default());
    check(&far);
    let one = far.node(far.named("summary:namespace:one").unwrap());
    assert_eq!(one.facts(), "2 workloads · 1 ConfigMap · 1 autoscaler · 1 missing");
}

#[test]
fn the_last_step_of_a_focus_is_there_for_the_steps_before() {
    let (graph, labels) = read(SHOP);
    let wanted = Selection { focus: vec![anchor(Some("service"), "api")], depth: 1, ..Selection::default() };
    let part = view::select(graph, &labels, &wanted).unwrap();
    check(&part);
    // The Ingress leads to another Service too, and the workload to a database: both are two steps away.
    assert_eq!(ids(&part), BTreeSet::from(["shop/api[Deployment]", "shop/api[Service]", "shop/edge[Ingress]"]));
}

#[test]
fn images_are_told_where_asked_for() {
    let (graph, _) = read(SHOP);
    let facts = |graph: &Graph| graph.node(graph.named("shop/api[Deployment]").unwrap()).facts();
    assert_eq!(facts(&graph), "Deployment · 1 replica");
    let mut graph = graph;
    view::show_images(&mut graph);
    assert_eq!(facts(&graph), "Deployment · 1 replica · i");
}
