//! Texts that try to be markup, code or nonsense, and a graph and a layout in which every text is one of them.

use std::collections::BTreeMap;

use kubesketch::graph::*;
use kubesketch::layout::*;
use kubesketch::net::{AddressSet, ObjectKey, Protocol};

use super::shop;

/// Each would leave the word `pwned` in a page that runs it; none holds that word itself.
pub fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "<script>document.title='pw'+'ned'</script>",
        "</title></text></svg><script>document.body.append('pw'+'ned')</script>",
        "</style><img src=x onerror=\"document.body.append('pw'+'ned')\">",
        "\" onload=\"document.body.append('pw'+'ned')\" x=\"",
        "' onmouseover='document.body.append(\"pw\"+\"ned\")",
        "]]><![CDATA[<b>",
        "--><!-- -- --->",
        "javascript:document.body.append('pw'+'ned')",
        "data:text/html,<script>document.body.append('pw'+'ned')</script>",
        "{{ 7*7 }}{% raw %}{# #}${7*7}",
        "url(http://example.invalid/x) ;}*{display:none}@import 'x'",
        "a\"]; evil [label=\"b\\N\\\\",
        "trailing backslash \\",
        "<b>bold</b> &lt;b&gt; &amp; &#65; &nosuch;",
        "\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069} \u{200f}",
        "\0\u{1}\u{8}\u{b}\u{1b}[31mred\u{7f}\u{85}\u{fffe}\u{ffff}",
        "line\nbreak\r\nand\ttab",
        "  spaces  inside  ",
        "שלום عليكم 你好 🎉 e\u{301}",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("x".repeat(5000));
    all.push("<&\">'".repeat(1000));
    all
}

/// What people see of a text: what draws nothing or turns what follows around is replaced.
pub fn seen(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || "\u{61c}\u{200e}\u{200f}\u{fffe}\u{ffff}".contains(c)
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn proof(text: &str) -> Evidence {
    Evidence { object: text.into(), field: text.into(), file: text.into(), line: 7 }
}

/// One node of every kind whose every text is this one, and edges of every kind between them.
pub fn add(b: &mut GraphBuilder, number: usize, text: &str) {
    let t = || text.to_owned();
    let other = || NodeId::from(Identity::DnsName(t()));
    let pairs = BTreeMap::from([(t(), t())]);
    let namespace = format!("{number}{text}");
    b.namespace(&namespace, true, pairs.clone());
    let ports = vec![PortMap {
        port: 80,
        protocol: Protocol::Udp,
        name: Some(t()),
        target: TargetPort::Name { name: t(), resolved: vec![] },
        node_port: Some(30080),
    }];
    let label = AllowanceLabel { network: Some(t()), ..AllowanceLabel::default() };
    let listener = Listener { protocol: Some(t()), port: None, host: Some(t()) };
    let namespaces = PeerNamespaces::Labeled(t());
    let details = vec![
        Detail::External {
            addresses: vec![t(), t()],
            set: AddressSet::none(),
            except: vec![t(), t()],
            location: Location::AroundCluster,
            on: Some(label.clone()),
        },
        Detail::ExternalName,
        Detail::Ingress { class: Some(t()), tls: true },
        Detail::Gateway { class: t(), listeners: vec![listener.clone(), listener], tls: true },
        Detail::Route { hosts: vec![t(), t()] },
        Detail::Service { service: ServiceKind::ClusterIp, ports: ports.clone(), selector: pairs.clone() },
        Detail::Workload {
            scale: Scale::Schedule(t()),
            labels: pairs,
            ports: vec![Port { number: 1, protocol: Protocol::Sctp, name: Some(t()) }],
            containers: vec![Container { name: t(), image: Some(t()) }],
            host_network: true,
            show_images: false,
            access: Some(Access {
                ingress: Side { stance: Stance::Isolated, isolated: true, by: vec![proof(text)] },
                egress: Side { stance: Stance::Open, isolated: false, by: Vec::new() },
                outside: Outside::Blocked,
                foreign: vec![Unevaluated { kind: t(), at: proof(text) }],
                unread: Some(Unevaluated { kind: t(), at: proof(text) }),
                no_dns: true,
            }),
        },
        Detail::Peers {
            set: PeerSet::Described { namespaces, pods: Some(t()) },
            members: Some(vec![other()]),
            on: Some(label),
            access: None,
        },
        Detail::Junction,
        Detail::Resource,
        Detail::Missing { reason: MissingReason::NotInManifests },
    ];
    let id = |kind: NodeKind| NodeId::object(&ObjectKey::new("", kind.as_str(), &number.to_string(), text));
    for detail in details {
        let kind = detail.kind();
        b.node(Node {
            namespace: (kind != NodeKind::External && kind != NodeKind::ExternalName).then(|| namespace.clone()),
            evidence: vec![proof(text)],
            ..Node::new(id(kind), t(), t(), detail)
        });
    }
    let rules = vec![RouteRule {
        host: Some(t()),
        path: Some(t()),
        path_type: Some(t()),
        tls: HostTls::Terminated,
        weight: None,
        default: false,
        when: kubesketch::graph::When::default(),
    }];
    let port = Backend::Name { name: t(), resolved: None };
    let ways = vec![Exposure { via: Expose::NodePort, ports: vec![] }];
    b.edge(&Identity::Internet.into(), &id(NodeKind::Ingress), EdgeDetail::Exposes(ways), [proof(text)]);
    b.edge(&id(NodeKind::Ingress), &id(NodeKind::Service), EdgeDetail::Routes { rules, port }, [proof(text)]);
    b.edge(&id(NodeKind::Service), &id(NodeKind::Workload), EdgeDetail::Selects(ports.clone()), [proof(text)]);
    let allowance = Allowance {
        ports: Ports { ranges: vec![(Protocol::Tcp, 80, 80)], names: vec![t()] },
        not_from: vec![other()],
        not_to: vec![other()],
        doubts: vec![t()],
        network: Some(t()),
    };
    for (kind, target) in
        [(EdgeDetail::Allows as fn(Allowance) -> EdgeDetail, NodeKind::Peers), (EdgeDetail::Denied, NodeKind::Junction)]
    {
        b.edge(&id(NodeKind::Workload), &id(target), kind(allowance.clone()), [proof(text)]);
    }
    b.edge(&id(NodeKind::Service), &id(NodeKind::ExternalName), EdgeDetail::Resolves(ports), [proof(text)]);
}

pub fn graph() -> Graph {
    let mut b = GraphBuilder::new();
    b.node(shop::node("internet", "Internet", None, "Internet", Detail::Internet, 0));
    for (number, text) in hostile().iter().enumerate() {
        add(&mut b, number, text);
    }
    b.build()
}

/// Every text of the graph somewhere in the picture; places do not matter here.
pub fn layout(graph: &Graph) -> Layout {
    let y = |i: usize| 60.0 * i as f64;
    let links = graph.edges().map(|(from, to, edge)| Link {
        from: graph.node(from).id.clone(),
        to: graph.node(to).id.clone(),
        kind: edge.kind(),
        points: vec![Point { x: 0.0, y: y(from) }, Point { x: 90.0, y: y(from) }, Point { x: 90.0, y: y(to) }],
        gaps: Vec::new(),
        branches: Vec::new(),
        label: Some(Label {
            rect: shop::rect(0.0, y(from), 90.0, 20.0),
            texts: edge.lines().iter().map(|l| shop::text(0.0, y(from), TextRole::Label, l)).collect(),
        }),
        change: None,
        tooltip: edge.tooltip(),
    });
    let mut cards: Vec<Card> =
        graph.nodes().enumerate().map(|(i, n)| shop::card(n, 100.0, y(i), 300.0, 44.0)).collect();
    for card in &mut cards {
        card.rows.push(Row {
            rect: card.rect,
            texts: vec![
                shop::text(0.0, 0.0, TextRole::Row, &card.name),
                shop::text(0.0, 0.0, TextRole::Port, &card.name),
            ],
            locks: vec![card.glyph],
            change: None,
        });
    }
    let all = hostile().join("\u{2022}");
    Layout {
        width: 500.0,
        height: y(graph.nodes().len()),
        heading: vec![shop::text(0.0, 20.0, TextRole::Title, &all), shop::text(0.0, 40.0, TextRole::Subtitle, &all)],
        frames: graph
            .groups()
            .iter()
            .map(|g| Frame {
                id: g.id.clone(),
                parent: None,
                rect: shop::rect(0.0, 0.0, 10.0, 10.0),
                title: vec![shop::text(0.0, 0.0, TextRole::Frame, g.name())],
                tooltip: g.name().to_owned(),
            })
            .collect(),
        links: links.collect(),
        cards,
        legend: vec![LegendEntry {
            sample: Sample::Lock,
            at: shop::rect(0.0, 0.0, 10.0, 10.0),
            text: shop::text(0.0, 0.0, TextRole::Legend, &all),
        }],
        fallbacks: vec![],
    }
}
