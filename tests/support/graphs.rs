//! Builds graphs of Kubernetes shape for layout tests, by hand and at random.

use std::collections::BTreeMap;

use kubesketch::graph::*;
use kubesketch::net::{AddressSet, ObjectKey, Protocol};

pub use super::ids::id;

/// A graph under construction.
#[derive(Default)]
pub struct Sketch(pub GraphBuilder);

fn evidence(object: &NodeId) -> Evidence {
    Evidence { object: object.to_string(), field: "spec".into(), file: "a.yaml".into(), line: 1 }
}

pub fn port(port: u16, target: u16) -> PortMap {
    PortMap { port, protocol: Protocol::Tcp, name: None, target: TargetPort::Number(target), node_port: None }
}

pub fn rule(host: &str, path: &str, tls: bool) -> RouteRule {
    RouteRule {
        host: (!host.is_empty()).then(|| host.into()),
        path: (!path.is_empty()).then(|| path.into()),
        path_type: Some("Prefix".into()),
        tls: if tls { HostTls::Terminated } else { HostTls::None },
        weight: None,
        default: false,
        when: kubesketch::graph::When::default(),
    }
}

fn allowance(port: u16) -> Allowance {
    Allowance {
        ports: Ports {
            ranges: (port > 0).then_some((Protocol::Tcp, port, port)).into_iter().collect(),
            ..Ports::default()
        },
        ..Allowance::default()
    }
}

impl Sketch {
    fn node(
        &mut self,
        id: impl Into<NodeId>,
        label: &str,
        namespace: Option<&str>,
        name: &str,
        detail: Detail,
    ) -> NodeId {
        let id = id.into();
        let evidence = vec![evidence(&id)];
        let namespace = namespace.map(Into::into);
        self.0.node(Node { namespace, evidence, ..Node::new(id.clone(), label, name, detail) });
        id
    }

    fn object(&mut self, ns: &str, name: &str, kind: &str, detail: Detail) -> NodeId {
        self.node(NodeId::object(&ObjectKey::new("", kind, ns, name)), kind, Some(ns), name, detail)
    }

    pub fn internet(&mut self) -> NodeId {
        self.node(Identity::Internet, "Internet", None, "Internet", Detail::Internet)
    }

    pub fn external(&mut self, cidr: &str) -> NodeId {
        let addresses = vec![cidr.to_owned()];
        let id = AddressesId { addresses: addresses.clone(), except: Vec::new(), end: LineEnd::From, on: None };
        let detail = Detail::External {
            addresses,
            set: AddressSet::none(),
            except: Vec::new(),
            location: Location::Outside,
            on: None,
        };
        self.node(Identity::Addresses(id), "addresses", None, cidr, detail)
    }

    pub fn dns(&mut self, host: &str) -> NodeId {
        self.node(Identity::DnsName(host.into()), "DNS name", None, host, Detail::ExternalName)
    }

    pub fn ingress(&mut self, ns: &str, name: &str) -> NodeId {
        self.object(ns, name, "Ingress", Detail::Ingress { class: Some("nginx".into()), tls: true })
    }

    pub fn gateway(&mut self, ns: &str, name: &str) -> NodeId {
        let listener = Listener { protocol: Some("HTTPS".into()), port: Some(443), host: Some("*.example.com".into()) };
        self.object(
            ns,
            name,
            "Gateway",
            Detail::Gateway { class: "istio".into(), listeners: vec![listener], tls: true },
        )
    }

    pub fn route(&mut self, ns: &str, name: &str) -> NodeId {
        self.object(ns, name, "HTTPRoute", Detail::Route { hosts: vec!["shop.example.com".into()] })
    }

    pub fn service(&mut self, ns: &str, name: &str, service: ServiceKind, ports: &[PortMap]) -> NodeId {
        let detail = Detail::Service { service, ports: ports.to_vec(), selector: BTreeMap::new() };
        self.object(ns, name, "Service", detail)
    }

    pub fn workload(&mut self, ns: &str, name: &str, label: &str, replicas: i32) -> NodeId {
        let detail = Detail::Workload {
            scale: if label == "DaemonSet" { Scale::PerNode } else { Scale::Replicas(replicas) },
            labels: BTreeMap::new(),
            ports: Vec::new(),
            containers: Vec::new(),
            host_network: false,
            show_images: false,
            access: None,
        };
        self.object(ns, name, label, detail)
    }

    pub fn missing(&mut self, ns: &str, name: &str) -> NodeId {
        let id = Identity::Missing { kind: "Service".into(), namespace: ns.into(), wanted: name.into() };
        self.node(id, "Service", Some(ns), name, Detail::Missing { reason: MissingReason::NotInManifests })
    }

    pub fn exposes(&mut self, from: &NodeId, to: &NodeId, via: Expose, ports: &[u16]) {
        let ways = vec![Exposure { via, ports: ports.iter().map(|p| (*p, Protocol::Tcp)).collect() }];
        self.0.edge(from, to, EdgeDetail::Exposes(ways), [evidence(to)]);
    }

    pub fn routes(&mut self, from: &NodeId, to: &NodeId, rules: &[RouteRule], port: u16) {
        let port = if port == 0 { Backend::None } else { Backend::Number(port) };
        let detail = EdgeDetail::Routes { rules: rules.to_vec(), port };
        self.0.edge(from, to, detail, [evidence(from)]);
    }

    pub fn selects(&mut self, from: &NodeId, to: &NodeId, ports: &[PortMap]) {
        self.0.edge(from, to, EdgeDetail::Selects(ports.to_vec()), [evidence(from)]);
    }

    pub fn resolves(&mut self, from: &NodeId, to: &NodeId) {
        self.0.edge(from, to, EdgeDetail::Resolves(Vec::new()), [evidence(from)]);
    }

    /// Policies let it through; with port 0 the target says on which ports.
    pub fn allows(&mut self, from: &NodeId, to: &NodeId, port: u16) {
        self.0.edge(from, to, EdgeDetail::Allows(allowance(port)), [evidence(from)]);
    }

    pub fn denied(&mut self, from: &NodeId, to: &NodeId, port: u16) {
        self.0.edge(from, to, EdgeDetail::Denied(allowance(port)), [evidence(from)]);
    }

    pub fn peers(&mut self, ns: &str, name: &str) -> NodeId {
        let namespaces = PeerNamespaces::Named(ns.into());
        let set = PeerSet::Described { namespaces, pods: Some(name.into()) };
        let id = Identity::Peers(PeersId { set: set.clone(), end: LineEnd::From, on: None });
        self.node(id, "pods", Some(ns), name, Detail::Peers { set, members: None, on: None, access: None })
    }

    pub fn junction(&mut self, ns: &str, name: &str) -> NodeId {
        let id = JunctionId::Policy(digest(&format!("{ns}:{name}")));
        self.node(Identity::Junction(id), "junction", Some(ns), name, Detail::Junction)
    }

    pub fn resource(&mut self, ns: &str, name: &str) -> NodeId {
        self.object(ns, name, "Bucket", Detail::Resource)
    }

    pub fn summary(&mut self, ns: &str, name: &str) -> NodeId {
        let detail = Detail::Summary(Summary {
            scope: Scope::Whole,
            counts: vec![(NodeKind::Workload, 9), (NodeKind::Service, 5)],
            exposed: 0,
            isolated: None,
        });
        let id = SummaryId::Value(format!("{ns}:{name}"));
        self.node(Identity::Summary(id), "Summary", Some(ns), name, detail)
    }

    /// A Service and the Deployment behind it.
    pub fn pair(&mut self, ns: &str, name: &str, number: u16) -> (NodeId, NodeId) {
        let ports = [port(80, number)];
        let service = self.service(ns, name, ServiceKind::ClusterIp, &ports);
        let workload = self.workload(ns, name, "Deployment", 2);
        self.selects(&service, &workload, &ports);
        (service, workload)
    }
}

/// A small generator of pseudo-random numbers, so that every run sees the same graphs.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z % n.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn name(&mut self, i: usize) -> String {
        let words = [
            "api", "web", "cart", "catalog", "payments", "exporter", "worker", "db", "cache", "gateway", "indexer",
            "auth",
        ];
        let mut name = words[self.below(words.len())].to_owned();
        for _ in 0..self.below(3) {
            name = format!("{name}-{}", words[self.below(words.len())]);
        }
        match self.below(40) {
            0 => name = format!("{name}-{}", "x".repeat(200)),
            1 => name = format!("{name}-漢字サービス名前がとても長い"),
            2 => name = format!("{name}-שלום-😀"),
            3 => name = format!("{name}-{}", "very-long-name-".repeat(14)),
            _ => {}
        }
        format!("{name}-{i}")
    }
}

/// A graph of Kubernetes shape. Sizes and oddities follow from the seed.
pub fn random(seed: u64) -> Graph {
    let mut r = Random(seed);
    let mut s = Sketch::default();
    shape(&mut r, &mut s);
    s.0.build()
}

/// The same, and links between workloads as dense as policies make them: in both directions, to themselves, between
/// namespaces, from and to many places outside, most of them with a label; and stars of up to a hundred.
pub fn dense(seed: u64) -> Graph {
    let mut r = Random(seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(7));
    let mut s = Sketch::default();
    if r.chance(50) {
        shape(&mut r, &mut s);
    }
    let count = 1 + r.below(3);
    for n in 0..count {
        let ns = format!("policed-{n}");
        let workloads: Vec<NodeId> = (0..2 + r.below(14))
            .map(|i| {
                let name = r.name(i);
                s.workload(&ns, &name, "Deployment", 2)
            })
            .collect();
        let others: Vec<NodeId> =
            (0..r.below(6)).map(|i| s.workload(&format!("peer-{n}"), &format!("peer-{i}"), "Deployment", 1)).collect();
        let mut left: Vec<NodeId> = (0..r.below(9)).map(|i| s.external(&format!("10.{n}.{i}.0/24"))).collect();
        left.push(s.internet());
        let right: Vec<NodeId> = (0..r.below(9)).map(|i| s.dns(&format!("host-{n}-{i}.example.org"))).collect();
        for (i, workload) in workloads.iter().enumerate() {
            if r.chance(50) {
                let service = s.service(&ns, &format!("of-{i}"), ServiceKind::ClusterIp, &[port(80, 80)]);
                s.selects(&service, workload, &[port(80, 80)]);
            }
        }
        let pick = |r: &mut Random, from: &[NodeId]| (!from.is_empty()).then(|| from[r.below(from.len())].clone());
        for _ in 0..r.below(2 * workloads.len() + 4) {
            let (Some(a), Some(b)) = (pick(&mut r, &workloads), pick(&mut r, &workloads)) else { continue };
            allow(&mut r, &mut s, &a, &b);
            if r.chance(30) {
                allow(&mut r, &mut s, &b, &a);
            }
            for (from, out) in [(&left, false), (&others, r.chance(50)), (&right, true)] {
                if let (Some(other), true) = (pick(&mut r, from), r.chance(25)) {
                    if out { allow(&mut r, &mut s, &a, &other) } else { allow(&mut r, &mut s, &other, &a) }
                }
            }
        }
        if r.chance(40) {
            let leaves = 10 + r.below(90);
            let hub = s.service(&ns, "hub", ServiceKind::ClusterIp, &[port(80, 80), port(81, 81)]);
            let side = r.below(4);
            for i in 0..leaves {
                let leaf = s.workload(&ns, &format!("leaf-{i}"), "Deployment", 1);
                match side {
                    0 => s.selects(&hub, &leaf, &[port(80, 80), port(81, 81)][..1 + r.below(2)]),
                    1 => allow(&mut r, &mut s, &leaf, &hub),
                    2 => s.exposes(&id("internet"), &leaf, Expose::NodePort, &[80]),
                    _ => {
                        let host = s.dns(&format!("leaf-{i}.example.org"));
                        allow(&mut r, &mut s, &leaf, &host);
                    }
                }
            }
        }
    }
    s.0.build()
}

/// One of these with most of its nodes in frames inside of those of their namespaces, neighbors often in one.
pub fn nested(seed: u64) -> Graph {
    let graph = if seed.is_multiple_of(3) { dense(seed) } else { random(seed) };
    let mut r = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(3));
    let parts = 1 + r.below(6);
    let (mut last, mut builder) = (0, GraphBuilder::like(&graph));
    for node in graph.nodes() {
        builder.node(node.clone());
        if let (Some(namespace), true) = (&node.namespace, r.chance(75)) {
            if r.chance(40) {
                last = r.below(parts);
            }
            let title = format!("part-of={}{last}", "a-rather-long-value-".repeat(last % 3));
            builder.place(&node.id, Group::part(namespace, title));
        }
    }
    for (from, to, edge) in graph.edges() {
        builder.edge(&graph.node(from).id, &graph.node(to).id, edge.detail.clone(), edge.evidence.clone());
    }
    builder.build()
}

/// A link between any two nodes, mostly with ports on it.
fn allow(r: &mut Random, s: &mut Sketch, from: &NodeId, to: &NodeId) {
    let rules = if r.chance(80) {
        vec![rule("", ["443", "80, 443", "all ports"][r.below(3)], false)]
    } else {
        vec![rule("", "", false)]
    };
    s.routes(from, to, &rules, 0);
}

fn shape(r: &mut Random, s: &mut Sketch) {
    let internet = s.internet();
    let spaces: Vec<String> = (0..1 + r.below(12))
        .map(|i| if r.chance(5) { format!("namespace-with-a-{}-{i}", "very-".repeat(20)) } else { format!("ns-{i}") })
        .collect();
    let size = [3, 6, 10, 20, 60][r.below(5)];
    let mut services: Vec<(String, NodeId)> = Vec::new();
    for ns in &spaces {
        let n = r.below(size);
        let mut workloads = Vec::new();
        for i in 0..n {
            let name = r.name(i);
            let label = ["Deployment", "StatefulSet", "DaemonSet", "CronJob"][r.below(4)];
            workloads.push(s.workload(ns, &name, label, 1 + r.below(4) as i32));
        }
        for i in 0..r.below(n + 1) {
            let name = r.name(i);
            let ports: Vec<PortMap> = (0..1 + r.below(3)).map(|p| port(80 + p as u16, 8080 + p as u16)).collect();
            let kind =
                [ServiceKind::ClusterIp, ServiceKind::Headless, ServiceKind::NodePort, ServiceKind::LoadBalancer]
                    [r.below(4)];
            let id = s.service(ns, &name, kind, &ports);
            if matches!(kind, ServiceKind::LoadBalancer | ServiceKind::NodePort) {
                let ports: &[u16] = [&[][..], &[80], &[80, 443, 8080, 9090, 9091, 9092]][r.below(3)];
                s.exposes(&internet, &id, Expose::LoadBalancer, ports);
            }
            let star = if r.chance(3) { 30 } else { 3 };
            for _ in 0..r.below(star) {
                if !workloads.is_empty() {
                    let to = workloads[r.below(workloads.len())].clone();
                    let some = &ports[..1 + r.below(ports.len())];
                    s.selects(&id, &to, some);
                }
            }
            if r.chance(8) {
                let host = s.dns(&format!("db-{}.example.org", r.below(4)));
                s.resolves(&id, &host);
            }
            if r.chance(3) {
                s.resolves(&id, &id);
            }
            if r.chance(4) && !services.is_empty() {
                // Odd, but a graph may hold it: a cycle, perhaps through another namespace.
                let (_, other) = services[r.below(services.len())].clone();
                s.resolves(&id, &other);
                s.resolves(&other, &id);
            }
            services.push((ns.clone(), id));
        }
    }
    if r.chance(20) {
        let range = s.external("10.0.0.0/8");
        for _ in 0..r.below(6) {
            if !services.is_empty() {
                let (_, to) = services[r.below(services.len())].clone();
                s.exposes(&range, &to, Expose::LoadBalancer, &[443]);
            }
        }
    }
    if r.chance(5) {
        s.exposes(&internet, &internet, Expose::NodePort, &[1]);
    }
    for i in 0..r.below(spaces.len() * 2) {
        let ns = spaces[r.below(spaces.len())].clone();
        let id = if r.chance(70) {
            let name = r.name(i);
            s.ingress(&ns, &name)
        } else {
            let name = r.name(i);
            s.route(&ns, &name)
        };
        s.exposes(&internet, &id, Expose::Ingress, if r.chance(50) { &[80, 443] } else { &[] });
        let many = if r.chance(5) { 60 } else { 7 };
        for p in 0..r.below(many) {
            let local: Vec<NodeId> = services.iter().filter(|(n, _)| *n == ns).map(|(_, id)| id.clone()).collect();
            let to = if r.chance(10) || services.is_empty() {
                s.missing(&ns, &format!("gone-{p}"))
            } else if r.chance(15) || local.is_empty() {
                services[r.below(services.len())].1.clone()
            } else {
                local[r.below(local.len())].clone()
            };
            let host =
                if r.chance(60) { "shop.example.com" } else { "a-long-host-name.of-some-department.example.org" };
            let rules: Vec<RouteRule> =
                (0..1 + r.below(6)).map(|q| rule(host, &format!("/path-{p}-{q}"), r.chance(50))).collect();
            s.routes(&id, &to, &rules, [0, 80, 8080][r.below(3)]);
        }
    }
    if r.chance(30) {
        let ns = spaces[0].clone();
        let gateway = s.gateway(&ns, "edge");
        s.exposes(&internet, &gateway, Expose::Gateway, &[443]);
        for i in 0..r.below(8) {
            let ns = spaces[r.below(spaces.len())].clone();
            let route = s.route(&ns, &format!("gw-route-{i}"));
            s.routes(&gateway, &route, &[rule("", "", true)], 0);
            if !services.is_empty() {
                let to = services[r.below(services.len())].1.clone();
                s.routes(&route, &to, &[rule("", "/x", false)], 80);
            }
        }
    }
}
