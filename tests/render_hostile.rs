//! Names, paths and messages that try to be markup, code or nonsense: they stay what they are, text, in every format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/shop.rs"]
mod common;
#[path = "support/mermaid.rs"]
mod mermaid_reader;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use kubesketch::diagnostic::{Code, Diagnostic};
use kubesketch::graph::*;
use kubesketch::layout::*;
use kubesketch::render::{MAX_CHARS, PictureOptions, Theme, dot, html, mermaid, svg};
use kubesketch::source::{Sources, Span};

/// Each would leave the word `pwned` in a page that runs it; none holds that word itself.
fn hostile() -> Vec<String> {
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
fn seen(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || "\u{61c}\u{200e}\u{200f}\u{fffe}\u{ffff}".contains(c)
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// What a parser gives back for an attribute: only what XML or HTML cannot hold is replaced.
fn kept(text: &str) -> String {
    let lost = |c: char| (c.is_control() && !"\t\n\r".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if lost(c) { '\u{fffd}' } else { c }).collect()
}

fn proof(text: &str) -> Evidence {
    Evidence {
        object: text.into(),
        field: text.into(),
        file: text.into(),
        line: 7,
    }
}

/// One node of every kind whose every text is this one, and edges of every kind between them.
fn add(b: &mut GraphBuilder, number: usize, text: &str) {
    let t = || text.to_owned();
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
    let details = vec![
        (
            NodeKind::External,
            Detail::External {
                addresses: vec![t(), t()],
                except: vec![t(), t()],
                role: Some(t()),
                on: t(),
            },
        ),
        (NodeKind::ExternalName, Detail::ExternalName),
        (NodeKind::Ingress, Detail::Ingress { class: Some(t()), tls: true }),
        (
            NodeKind::Gateway,
            Detail::Gateway {
                class: t(),
                listeners: vec![t(), t()],
                tls: true,
            },
        ),
        (NodeKind::Route, Detail::Route { hosts: vec![t(), t()] }),
        (
            NodeKind::Service,
            Detail::Service {
                service: ServiceKind::ClusterIp,
                ports: ports.clone(),
                selector: pairs.clone(),
            },
        ),
        (
            NodeKind::Workload,
            Detail::Workload {
                scale: Scale::Schedule(t()),
                labels: pairs,
                ports: vec![Port {
                    number: 1,
                    protocol: Protocol::Sctp,
                    name: Some(t()),
                }],
                containers: vec![Container { name: t(), image: Some(t()) }],
                host_network: true,
                show_images: false,
                access: Some(Access {
                    ingress: Side {
                        stance: Stance::Isolated,
                        isolated: true,
                        by: vec![proof(text)],
                    },
                    egress: Side {
                        stance: Stance::Open,
                        isolated: false,
                        by: Vec::new(),
                    },
                    outside: Outside::Blocked,
                    foreign: vec![proof(text)],
                }),
            },
        ),
        (
            NodeKind::Peers,
            Detail::Peers {
                of: t(),
                members: Some(vec![t()]),
                on: t(),
                access: None,
            },
        ),
        (NodeKind::Junction, Detail::Junction),
        (NodeKind::Resource, Detail::Resource),
        (NodeKind::Missing, Detail::Missing { reason: t() }),
    ];
    let id = |kind: NodeKind| format!("{number}/{text}[{}]", kind.as_str());
    for (kind, detail) in details {
        b.node(Node {
            id: id(kind),
            kind,
            label: t(),
            namespace: (kind != NodeKind::External && kind != NodeKind::ExternalName).then(|| namespace.clone()),
            name: t(),
            detail,
            evidence: vec![proof(text)],
            change: None,
            remarks: Vec::new(),
        });
    }
    let rules = vec![RouteRule {
        host: Some(t()),
        path: Some(t()),
        path_type: Some(t()),
        tls: true,
        weight: None,
        default: false,
    }];
    let port = Backend::Name { name: t(), resolved: None };
    let ways = vec![Exposure {
        via: Expose::NodePort,
        ports: vec![],
    }];
    b.edge("internet", &id(NodeKind::Ingress), EdgeDetail::Exposes(ways), [proof(text)]);
    b.edge(
        &id(NodeKind::Ingress),
        &id(NodeKind::Service),
        EdgeDetail::Routes { rules, port },
        [proof(text)],
    );
    b.edge(
        &id(NodeKind::Service),
        &id(NodeKind::Workload),
        EdgeDetail::Selects(ports.clone()),
        [proof(text)],
    );
    let allowance = Allowance {
        ports: Ports {
            ranges: vec![(Protocol::Tcp, 80, 80)],
            names: vec![t()],
        },
        not_from: vec![t()],
        not_to: vec![t()],
        doubts: vec![t()],
        network: Some(t()),
    };
    for (kind, target) in [
        (EdgeDetail::Allows as fn(Allowance) -> EdgeDetail, NodeKind::Peers),
        (EdgeDetail::Denied, NodeKind::Junction),
    ] {
        b.edge(&id(NodeKind::Workload), &id(target), kind(allowance.clone()), [proof(text)]);
    }
    b.edge(
        &id(NodeKind::Service),
        &id(NodeKind::ExternalName),
        EdgeDetail::Resolves(ports),
        [proof(text)],
    );
}

fn graph() -> Graph {
    let mut b = GraphBuilder::new();
    b.node(common::node(
        "internet",
        NodeKind::Internet,
        "Internet",
        None,
        "Internet",
        Detail::Internet,
        0,
    ));
    for (number, text) in hostile().iter().enumerate() {
        add(&mut b, number, text);
    }
    b.build()
}

/// Every text of the graph somewhere in the picture; places do not matter here.
fn layout(graph: &Graph) -> Layout {
    let y = |i: usize| 60.0 * i as f64;
    let links = graph.edges().map(|(from, to, edge)| Link {
        from: graph.node(from).id.clone(),
        to: graph.node(to).id.clone(),
        kind: edge.kind(),
        points: vec![Point { x: 0.0, y: y(from) }, Point { x: 90.0, y: y(from) }, Point { x: 90.0, y: y(to) }],
        gaps: Vec::new(),
        branches: Vec::new(),
        label: Some(Label {
            rect: common::rect(0.0, y(from), 90.0, 20.0),
            texts: edge.lines().iter().map(|l| common::text(0.0, y(from), TextRole::Label, l)).collect(),
        }),
        change: None,
        tooltip: edge.tooltip(),
    });
    let mut cards: Vec<Card> = graph
        .nodes()
        .enumerate()
        .map(|(i, n)| common::card(n, 100.0, y(i), 300.0, 44.0))
        .collect();
    for card in &mut cards {
        card.rows.push(Row {
            rect: card.rect,
            texts: vec![
                common::text(0.0, 0.0, TextRole::Row, &card.name),
                common::text(0.0, 0.0, TextRole::Port, &card.name),
            ],
            locks: vec![card.glyph],
            change: None,
        });
    }
    let all = hostile().join("\u{2022}");
    Layout {
        width: 500.0,
        height: y(graph.nodes().len()),
        heading: vec![
            common::text(0.0, 20.0, TextRole::Title, &all),
            common::text(0.0, 40.0, TextRole::Subtitle, &all),
        ],
        frames: graph
            .groups()
            .iter()
            .map(|g| Frame {
                id: g.id.clone(),
                parent: None,
                rect: common::rect(0.0, 0.0, 10.0, 10.0),
                title: vec![common::text(0.0, 0.0, TextRole::Frame, &g.name)],
                tooltip: g.name.clone(),
            })
            .collect(),
        links: links.collect(),
        cards,
        legend: vec![LegendEntry {
            sample: Sample::Lock,
            at: common::rect(0.0, 0.0, 10.0, 10.0),
            text: common::text(0.0, 0.0, TextRole::Legend, &all),
        }],
        fallbacks: vec![],
    }
}

fn problems() -> (Sources, Vec<Diagnostic>) {
    let sources = Sources::from_texts(hostile().into_iter().map(|t| (t, "")));
    let problems = sources
        .ids()
        .zip(hostile())
        .map(|(file, text)| {
            let at = Span {
                file,
                line: 1,
                column: 1,
                start: 0,
                end: 0,
            };
            Diagnostic::at(Code::FieldType, at, text.clone())
                .with_help(text.clone())
                .with_related(at, text)
        })
        .collect();
    (sources, problems)
}

fn options(theme: Theme) -> PictureOptions {
    PictureOptions {
        theme,
        title: Some(hostile().join(" ")),
        id_prefix: None,
    }
}

fn page(graph: &Graph) -> String {
    let (sources, problems) = problems();
    html(&layout(graph), graph, &problems, &sources, &options(Theme::Auto)).unwrap()
}

#[test]
fn the_picture_parses_and_gives_every_text_back() {
    let graph = graph();
    let layout = layout(&graph);
    for theme in Theme::ALL {
        let picture = svg(&layout, &graph, &options(*theme));
        let parsed = roxmltree::Document::parse(&picture).unwrap();
        let allowed = BTreeSet::from(["svg", "title", "desc", "style", "g", "rect", "path", "text"]);
        let found: BTreeSet<&str> = parsed.descendants().filter(|n| n.is_element()).map(|n| n.tag_name().name()).collect();
        assert!(found.is_subset(&allowed), "{found:?}");
        assert!(
            parsed
                .descendants()
                .flat_map(|n| n.attributes())
                .all(|a| !a.name().starts_with("on") && a.name() != "style" && a.name() != "href")
        );

        let texts: BTreeSet<String> = parsed
            .descendants()
            .filter(|n| n.has_tag_name(("http://www.w3.org/2000/svg", "text")))
            .map(|n| n.text().unwrap_or_default().to_owned())
            .collect();
        let ids: BTreeSet<&str> = parsed.descendants().filter_map(|n| n.attribute("data-id")).collect();
        let names: BTreeSet<&str> = parsed.descendants().filter_map(|n| n.attribute("data-name")).collect();
        for node in graph.nodes() {
            assert!(
                texts.contains(&seen(&node.name)) && texts.contains(&seen(&node.facts())),
                "{:?}",
                node.name
            );
            assert!(
                ids.contains(kept(&node.id).as_str()) && names.contains(kept(&node.name).as_str()),
                "{:?}",
                node.name
            );
        }
        for link in parsed.descendants().filter(|n| n.attribute("class") == Some("edge")) {
            assert!(ids.contains(link.attribute("data-from").unwrap()) && ids.contains(link.attribute("data-to").unwrap()));
        }
    }
}

#[test]
fn the_data_gives_every_text_back_unchanged() {
    let graph = graph();
    let (sources, problems) = problems();
    let value: serde_json::Value = serde_json::from_str(&common::json(&graph, &problems, &sources)).unwrap();
    let names: Vec<&str> = value["graph"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, graph.nodes().map(|n| n.name.as_str()).collect::<Vec<_>>());
    let messages: Vec<&str> = value["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, hostile());
}

#[test]
fn graphviz_accepts_it_and_shows_the_texts() {
    let graph = graph();
    let text = dot(&graph);
    let Some(mut command) = common::program("dot") else { return };
    let mut child = command
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !errors.contains("rror"), "{errors}");
    let picture = String::from_utf8(output.stdout).unwrap();
    let parsing = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let parsed = roxmltree::Document::parse_with_options(&picture, parsing).unwrap();
    let count = |class| parsed.descendants().filter(|n| n.attribute("class") == Some(class)).count();
    assert_eq!(
        (count("node"), count("edge"), count("cluster")),
        (graph.nodes().len(), graph.edges().len(), graph.groups().len())
    );
    // Graphviz draws spaces as no-break spaces.
    let texts: BTreeSet<String> = parsed
        .descendants()
        .filter(|n| n.tag_name().name() == "text")
        .map(|n| n.text().unwrap_or_default().replace('\u{a0}', " "))
        .collect();
    for text in hostile().iter().filter(|t| t.chars().count() <= 60 && !t.is_empty() && !t.contains('\n')) {
        assert!(texts.contains(&seen(text)), "{text:?}");
    }
}

#[test]
fn mermaid_reads_every_text_as_text() {
    // All of it is more than Mermaid takes in one picture.
    let graphs: Vec<(String, Graph)> = hostile()
        .into_iter()
        .map(|text| {
            let mut b = GraphBuilder::new();
            b.node(common::node(
                "internet",
                NodeKind::Internet,
                "Internet",
                None,
                "Internet",
                Detail::Internet,
                0,
            ));
            add(&mut b, 0, &text);
            (text, b.build())
        })
        .collect();
    let texts: Vec<String> = graphs
        .iter()
        .map(|(title, graph)| {
            let options = PictureOptions {
                title: Some(title.clone()),
                ..PictureOptions::default()
            };
            mermaid(graph, &options)
        })
        .collect();
    for ((text, graph), written) in graphs.iter().zip(&texts) {
        let parsed = mermaid_reader::parse(written);
        assert_eq!(
            (parsed.nodes.len(), parsed.edges.len()),
            (graph.nodes().len(), graph.edges().len()),
            "{text}"
        );
        if text.chars().count() <= 200 && !text.contains('\n') && !text.trim().is_empty() {
            let shown = parsed.nodes.iter().filter(|(_, label)| label.starts_with(&seen(text))).count();
            assert!(shown >= 9, "{text:?}: {shown} of {:?}", parsed.nodes);
        }
    }
    let whole = mermaid(&graph(), &PictureOptions::default());
    mermaid_reader::parse(&whole);
    assert!(whole.encode_utf16().count() <= MAX_CHARS);
    let Some(drawn) = mermaid_reader::draw(&common::folder("hostile-mermaid"), &texts) else {
        return;
    };
    for ((text, graph), drawn) in graphs.iter().zip(drawn) {
        assert_eq!(drawn.error, None, "{text:?}");
        let counts = (drawn.nodes, drawn.edges, drawn.groups, drawn.foreign);
        assert_eq!(counts, (graph.nodes().len(), graph.edges().len(), graph.groups().len(), 0), "{text:?}");
    }
}

#[cfg(all(feature = "png", feature = "pdf"))]
#[test]
fn bitmaps_and_pages_are_made_of_it() {
    use kubesketch::render::{PixelScale, pdf, png};
    let graph = graph();
    let layout = layout(&graph);
    let scale = PixelScale::new(0.5).unwrap();
    assert!(png(&layout, &graph, &options(Theme::Auto), scale).unwrap().starts_with(b"\x89PNG"));
    let page = pdf(&layout, &graph, &options(Theme::Auto)).unwrap();
    assert!(page.starts_with(b"%PDF-"));
    let raw = String::from_utf8_lossy(&page);
    for bad in ["/JavaScript", "/Launch", "/URI", "/OpenAction"] {
        assert!(!raw.contains(bad), "{bad}");
    }
    let (start, end) = (raw.find("<x:xmpmeta").unwrap(), raw.find("</x:xmpmeta>").unwrap() + 12);
    let metadata = roxmltree::Document::parse(&raw[start..end]).unwrap();
    assert!(metadata.descendants().all(|n| n.tag_name().name() != "script"));
}

#[test]
fn the_page_holds_no_markup_but_its_own() {
    let graph = graph();
    let page = page(&graph);
    let lower = page.to_lowercase();
    for bad in ["<script", "<img", "<b>", "<iframe", "javascript:\"", "href=\"javascript", "<!-- "] {
        assert!(!lower.contains(bad), "{bad}");
    }
    assert_eq!(lower.matches("<style>").count(), 2);
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
    assert!(page.contains("{{ 7*7 }}{% raw %}{# #}${7*7}"), "templates in the data are not run");
}

fn chromium(dir: &Path, file: &Path, extra: &[&str]) -> Option<String> {
    let mut command: Command = common::program("chromium")?;
    let profile = tempfile::tempdir_in(dir).unwrap();
    let output = command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--disable-component-update", "--disable-sync", "--virtual-time-budget=2000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(extra)
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_browser_runs_nothing_of_it() {
    let graph = graph();
    let dir = common::folder("hostile");
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let control = write("control.html", &format!("<body>{}", hostile()[1]));
    let Some(seen) = chromium(&dir, &control, &["--dump-dom"]) else { return };
    assert!(seen.contains("pwned"), "the test sees what runs");

    let dumped = chromium(&dir, &write("page.html", &page(&graph)), &["--dump-dom"]).unwrap();
    assert!(dumped.contains("</svg>") && dumped.contains("id=\"problems\""));
    assert!(!dumped.contains("pwned"));
    assert_eq!(dumped.matches("class=\"node\"").count(), graph.nodes().len());

    for theme in Theme::ALL {
        let picture = svg(&layout(&graph), &graph, &options(*theme));
        let path = write(&format!("picture-{}.svg", theme.as_str()), &picture);
        let dumped = chromium(&dir, &path, &["--dump-dom"]).unwrap();
        assert!(dumped.contains("</svg>") && !dumped.contains("parsererror") && !dumped.contains("pwned"));
        assert_eq!(dumped.matches("class=\"node\"").count(), graph.nodes().len());
    }
}
