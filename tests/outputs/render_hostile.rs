//! Names, paths and messages that try to be markup, code or nonsense: they stay what they are, text, in every format.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::drawio::kept;
use crate::support::hostile::{add, graph, hostile, layout, seen};
use crate::support::skip::program;
use crate::support::{d2, drawio, mermaid, shop};
use kubesketch::diagnostic::{Code, Diagnostic};
use kubesketch::graph::*;
use kubesketch::render::{MAX_CHARS, PictureOptions, Theme, d2, dot, drawio, mermaid, svg};
use kubesketch::source::{Sources, Span};

fn problems() -> (Sources, Vec<Diagnostic>) {
    let sources = Sources::from_texts(hostile().into_iter().map(|t| (t, "")));
    let problems = sources
        .ids()
        .zip(hostile())
        .map(|(file, text)| {
            let at = Span { file, line: 1, column: 1, start: 0, end: 0 };
            Diagnostic::at(Code::FieldType, at, text.clone()).with_help(text.clone()).with_related(at, text)
        })
        .collect();
    (sources, problems)
}

fn options(theme: Theme) -> PictureOptions {
    PictureOptions { theme, title: Some(hostile().join(" ")), id_prefix: None, ..PictureOptions::default() }
}

fn page(graph: &Graph) -> String {
    let (sources, problems) = problems();
    shop::page(&layout(graph), graph, &problems, &sources, &options(Theme::Auto))
}

#[test]
fn the_picture_parses_and_gives_every_text_back() {
    let graph = graph();
    let layout = layout(&graph);
    for theme in Theme::ALL {
        let picture = svg(&layout, &graph, &options(*theme));
        let parsed = roxmltree::Document::parse(&picture).unwrap();
        let allowed = BTreeSet::from(["svg", "title", "desc", "style", "g", "rect", "path", "text"]);
        let found: BTreeSet<&str> =
            parsed.descendants().filter(|n| n.is_element()).map(|n| n.tag_name().name()).collect();
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
            assert!(texts.contains(&seen(&node.name)) && texts.contains(&seen(&node.facts())), "{:?}", node.name);
            assert!(
                ids.contains(kept(node.id.as_str()).as_str()) && names.contains(kept(&node.name).as_str()),
                "{:?}",
                node.name
            );
        }
        for link in parsed.descendants().filter(|n| n.attribute("class") == Some("edge")) {
            assert!(
                ids.contains(link.attribute("data-from").unwrap()) && ids.contains(link.attribute("data-to").unwrap())
            );
        }
    }
}

#[test]
fn the_data_gives_every_text_back_unchanged() {
    let graph = graph();
    let (sources, problems) = problems();
    let value: serde_json::Value = serde_json::from_str(&shop::json(&graph, &problems, &sources)).unwrap();
    let names: Vec<&str> =
        value["graph"]["nodes"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(names, graph.nodes().map(|n| n.name.as_str()).collect::<Vec<_>>());
    let messages: Vec<&str> =
        value["diagnostics"].as_array().unwrap().iter().map(|d| d["message"].as_str().unwrap()).collect();
    assert_eq!(messages, hostile());
}

#[test]
fn graphviz_accepts_it_and_shows_the_texts() {
    let graph = graph();
    let text = dot(&graph);
    let Some(mut command) = program("dot") else { return };
    let mut child =
        command.arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !errors.contains("rror"), "{errors}");
    let picture = String::from_utf8(output.stdout).unwrap();
    let parsing = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
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

/// A graph for each text.
fn graphs() -> Vec<(String, Graph)> {
    let one = |text: String| {
        let mut b = GraphBuilder::new();
        b.node(shop::node("internet", "Internet", None, "Internet", Detail::Internet, 0));
        add(&mut b, 0, &text);
        (text, b.build())
    };
    hostile().into_iter().map(one).collect()
}

fn titled(title: &str) -> PictureOptions {
    PictureOptions { title: Some(title.to_owned()), ..PictureOptions::default() }
}

#[test]
fn mermaid_reads_every_text_as_text() {
    // All of it is more than Mermaid takes in one picture.
    let graphs = graphs();
    let texts: Vec<String> = graphs.iter().map(|(title, graph)| mermaid(graph, &titled(title))).collect();
    for ((text, graph), written) in graphs.iter().zip(&texts) {
        let parsed = mermaid::parse(written);
        assert_eq!((parsed.nodes.len(), parsed.edges.len()), (graph.nodes().len(), graph.edges().len()), "{text}");
        if text.chars().count() <= 200 && !text.contains('\n') && !text.trim().is_empty() {
            let shown = parsed.nodes.iter().filter(|(_, label)| label.starts_with(&seen(text))).count();
            assert!(shown >= 9, "{text:?}: {shown} of {:?}", parsed.nodes);
        }
    }
    let whole = mermaid(&graph(), &PictureOptions::default());
    mermaid::parse(&whole);
    assert!(whole.encode_utf16().count() <= MAX_CHARS);
    let Some(drawn) = mermaid::draw(&shop::folder("hostile-mermaid"), &texts) else {
        return;
    };
    for ((text, graph), drawn) in graphs.iter().zip(drawn) {
        assert_eq!(drawn.error, None, "{text:?}");
        let counts = (drawn.nodes, drawn.edges, drawn.groups, drawn.foreign);
        assert_eq!(counts, (graph.nodes().len(), graph.edges().len(), graph.groups().len(), 0), "{text:?}");
    }
}

#[test]
fn d2_reads_every_text_as_text() {
    let graphs = graphs();
    let texts: Vec<String> = graphs.iter().map(|(title, graph)| d2(graph, &titled(title))).collect();
    for ((text, graph), written) in graphs.iter().zip(&texts) {
        let parsed = d2::parse(written);
        assert_eq!(
            (parsed.nodes.len(), parsed.edges.len(), parsed.groups.len()),
            (graph.nodes().len(), graph.edges().len(), graph.groups().len()),
            "{text}"
        );
        if text.chars().count() <= 60 && !text.contains('\n') && !text.is_empty() {
            let shown = parsed.nodes.values().filter(|(label, _)| label.starts_with(&seen(text))).count();
            assert!(shown >= 9, "{text:?}: {shown} of {:?}", parsed.nodes);
        }
    }
    d2::parse(&d2(&graph(), &options(Theme::Dark)));
    let Some(drawn) = d2::draw(&shop::folder("hostile-d2"), &texts) else {
        return;
    };
    for (text, drawn) in texts.iter().zip(&drawn) {
        d2::check(text, drawn);
    }
}

#[test]
fn a_drawing_for_diagrams_net_holds_texts_and_nothing_else() {
    let graph = graph();
    let layout = layout(&graph);
    let text = drawio(&layout, &graph, &options(Theme::Light));
    let file = drawio::parse(&text);
    file.check(&layout);
    let labels: BTreeSet<&str> = file.cells.values().map(|c| c.label.as_str()).collect();
    for node in graph.nodes() {
        assert!(labels.contains(seen(&node.name).as_str()), "{:?}", node.name);
        assert!(labels.contains(seen(&node.facts()).as_str()), "{:?}", node.facts());
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
    // Its data, and its own script, which is no text of the input.
    assert_eq!(lower.matches("<script").count(), 2);
    let lower = &lower[..lower.rfind("<script>").unwrap()];
    for bad in ["<img", "<b>", "<iframe", "javascript:\"", "href=\"javascript", "<!-- "] {
        assert!(!lower.contains(bad), "{bad}");
    }
    assert_eq!(lower.matches("<style>").count(), 1);
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
    assert!(page.contains("{{ 7*7 }}{% raw %}{# #}${7*7}"), "templates in the data are not run");
}

fn chromium(dir: &Path, file: &Path, extra: &[&str]) -> Option<String> {
    let mut command: Command = program("chromium")?;
    let profile = tempfile::tempdir_in(dir).unwrap();
    let output = command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
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
    let dir = shop::folder("hostile");
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
