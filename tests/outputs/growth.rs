//! Work that grows with the input and not with its square: memory asked for, which is the same on every machine, at n,
//! 2n and 4n.

use std::fmt::Write;

use kubesketch::source::Sources;
use kubesketch::world::{Options, World};
use kubesketch::{draw, picture};

use crate::support::work::little;

fn world(text: &str) -> World {
    World::of_texts(Sources::from_texts([("input.yaml", text)]), &Options::default()).unwrap()
}

fn svg(text: &str) -> String {
    draw(&world(text), &picture::Options::default()).unwrap().svg()
}

/// The bytes that reading and drawing ask for on one thread.
fn bytes(text: &str) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| allocation_counter::measure(|| drop(svg(text))).bytes_total)
}

/// Holds the bytes to less than three times as many at twice the size.
#[track_caller]
fn grows_evenly(input: impl Fn(usize) -> String, n: usize) {
    // The first picture also makes what all share.
    bytes(&input(1));
    let found: Vec<u64> = [n, 2 * n, 4 * n].map(|n| bytes(&input(n))).into();
    assert!(found.windows(2).all(|w| w[1] < 3 * w[0]), "{found:?}");
}

fn deployment(name: &str, container: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  selector: \
         {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: \
         [{{name: main, image: shop{container}}}]}}\n"
    )
}

fn service(name: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{selector: {{app: \
         {name}}}, ports: [{{port: 80}}]}}\n"
    )
}

fn config_map(n: usize) -> String {
    let mut text = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: urls, namespace: shop}\ndata:\n".to_owned();
    (0..n).for_each(|i| writeln!(text, "  URL_{i}: http://stock:80/{i}").unwrap());
    text
}

fn policy(spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: rules, namespace: shop}}\nspec: \
         {spec}\n"
    )
}

#[test]
fn users_of_one_config_map() {
    let input = |n: usize| {
        let users: String =
            (0..n).map(|i| deployment(&format!("user-{i}"), ", envFrom: [{configMapRef: {name: urls}}]")).collect();
        service("stock") + &config_map(n) + &users
    };
    grows_evenly(input, 60);
}

#[test]
fn one_config_map_many_times() {
    let input = |n: usize| {
        let sources = (0..n).map(|i| format!("{{prefix: P{i}_, configMapRef: {{name: urls}}}}"));
        let sources: Vec<String> = sources.collect();
        service("stock") + &config_map(300) + &deployment("user", &format!(", envFrom: [{}]", sources.join(", ")))
    };
    grows_evenly(input, 30);
}

#[test]
fn outside_addresses() {
    let input = |n: usize| {
        let blocks: Vec<String> =
            (0..n).map(|i| format!("{{ipBlock: {{cidr: 10.0.{}.{}/32}}}}", i / 100, i % 100 * 2)).collect();
        let spec = format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{}]}}]}}", blocks.join(", "));
        deployment("web", "") + &policy(&spec)
    };
    grows_evenly(input, 60);
}

#[test]
fn ports_between_two_workloads() {
    let input = |n: usize| {
        let rules: Vec<String> = (0..n)
            .map(|i| {
                format!("{{from: [{{podSelector: {{matchLabels: {{app: b}}}}}}], ports: [{{port: {}}}]}}", 2 * i + 1)
            })
            .collect();
        let spec = format!("{{podSelector: {{matchLabels: {{app: a}}}}, ingress: [{}]}}", rules.join(", "));
        deployment("a", "") + &deployment("b", "") + &policy(&spec)
    };
    grows_evenly(input, 60);
}

#[test]
fn paths_of_one_ingress() {
    let mut text = deployment("web", "") + &service("web");
    text.push_str(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: front, namespace: shop}\nspec:\n",
    );
    text.push_str("  rules:\n  - host: shop.example\n    http:\n      paths:\n");
    for i in 0..30_000 {
        let backend = "{service: {name: web, port: {number: 80}}}";
        writeln!(text, "      - {{path: /p{i}, pathType: Prefix, backend: {backend}}}").unwrap();
    }
    little(|| svg(&text));
}

#[test]
fn workloads_whose_policies_name_each_other() {
    let names: Vec<String> = (0..40).map(|i| format!("node-{i}")).collect();
    let peers: Vec<String> = names.iter().map(|n| format!("{{podSelector: {{matchLabels: {{app: {n}}}}}}}")).collect();
    let of = |name: &String| {
        let rules = format!("ingress: [{{from: [{}]}}]", peers.join(", "));
        let text = policy(&format!("{{podSelector: {{matchLabels: {{app: {name}}}}}, {rules}}}"));
        deployment(name, "") + &text.replace("name: rules", &format!("name: {name}"))
    };
    let text: String = names.iter().map(of).collect();
    let world = world(&text);
    // A line from each to a junction, and one back.
    assert_eq!(world.graph().edges().count(), 80);
}

#[test]
fn a_gate_sees_every_finding_of_one_object() {
    let ports: Vec<String> =
        (1..=300).map(|i| format!("{{name: p{i}, port: {i}, targetPort: {}}}", i + 20_000)).collect();
    let service = format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {{app: web}}, \
         ports: [{}]}}\n",
        ports.join(", ")
    );
    let text = deployment("web", ", ports: [{containerPort: 80}]") + &service;
    let found = kubesketch::check::check(&world(&text), &kubesketch::check::Options::default());
    let about = |f: &&kubesketch::check::Finding| f.diagnostic.code.as_str() == "service-port-unmatched";
    let messages: Vec<&str> = found.iter().filter(about).map(|f| f.diagnostic.message.as_str()).collect();
    assert_eq!(messages.len(), 300);
    assert!(messages.iter().all(|m| m.contains("declares port 80")), "{messages:?}");
}

#[test]
fn a_call_is_told_by_some_of_many_places() {
    let world =
        world(&(service("stock") + &config_map(50) + &deployment("user", ", envFrom: [{configMapRef: {name: urls}}]")));
    let [call] = world.calls().found.as_slice() else { panic!("{:?}", world.calls()) };
    assert_eq!(call.said.len(), 8);
}

#[test]
fn an_own_port_goes_with_an_inherited_host_and_an_own_value_hides_an_inherited_one() {
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: urls, namespace: shop}\ndata: {STOCK_HOST: stock, CART_URL: \
               'http://cart:80'}\n";
    let ports = |env: &str| {
        let user = deployment("user", &format!(", env: [{env}], envFrom: [{{configMapRef: {{name: urls}}}}]"));
        let world = world(&(service("stock") + &service("cart") + map + &user));
        let name = |c: &kubesketch::policy::Call| world.cluster().entries()[c.service].key.name.clone();
        world.calls().found.iter().map(|c| (name(c), c.ports.first().map(|p| p.0))).collect::<Vec<_>>()
    };
    let (cart, stock) = (("cart".to_owned(), Some(80)), |port| ("stock".to_owned(), Some(port)));
    assert_eq!(ports(""), [cart.clone(), stock(80)]);
    assert_eq!(ports("{name: STOCK_PORT, value: '8080'}"), [cart, stock(8080)]);
    assert_eq!(ports("{name: CART_URL, value: none}"), [stock(80)]);
}
