//! The folder is the test list: every folder below `tests/cases` and `examples` that holds manifests is a case.
//!
//! Goldens beside the input are compared (`graph.json`, `layout.json`, `out.svg`, `problems.txt`; for cases about
//! Services and what sends to them `findings.txt` and `routes.txt`); `KUBESKETCH_BLESS=1` writes them. A label in
//! `group-by.txt` beside the input is drawn as frames. Every case also gets,
//! for free: file order and thread count do not change a byte, document order changes no node and no edge, the layout
//! verifies, the SVG is well-formed and keeps its contract, the JSON keeps its schema, D2 and diagrams.net get all of
//! it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking and reports by printing"
)]

#[path = "support/policy_cases.rs"]
mod policy_cases;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{d2, drawio, schema, states};
use kubesketch::check::{self, check};
use kubesketch::diagnostic::Diagnostic;
use kubesketch::diff::{self, Revision};
use kubesketch::graph::{Change, Detail, Edge, Graph};
use kubesketch::layout::{self, Layout};
use kubesketch::picture;
use kubesketch::render::{self, PictureOptions};
use kubesketch::source::Sources;
use kubesketch::view::{self, Aspect, CallLines, Denied, Lines};
use kubesketch::world::World;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = Vec::new();
    find(&root.join("tests/cases"), &mut cases);
    find(&root.join("examples"), &mut cases);
    assert!(cases.len() > 10, "only {} cases were found", cases.len());
    let mut trials = Vec::new();
    for case in cases {
        let name = case.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let mut add = |what: &str, test: fn(&Case) -> Result<(), Failed>| {
            let case = case.clone();
            let golden = golden_folder(root, &case);
            trials.push(Trial::test(format!("{name}: {what}"), move || test(&Case::read(&case, golden))));
        };
        // Cases of `why` have goldens of their own; see tests/cli/why.rs.
        if !case.join("question.txt").exists() {
            add("goldens", goldens);
        }
        add("file order and threads", same_bytes);
        add("document order", same_graph);
        add("layout verifies", verifies);
        add("svg contract", svg_contract);
        add("every format", formats);
    }
    trials.extend(policy_cases::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Goldens of examples live apart, so that an example folder holds nothing but manifests.
fn golden_folder(root: &Path, case: &Path) -> PathBuf {
    match case.strip_prefix(root.join("examples")) {
        Ok(example) => root.join("tests/goldens/examples").join(example),
        Err(_) => case.to_owned(),
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yaml" || e == "yml") || path.file_name().is_some_and(|n| n == "input.json")
}

fn find(folder: &Path, cases: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    // Cases of policies and of findings have harnesses of their own: `support/policy_cases.rs`, `engine/check.rs`.
    if folder.ends_with("tests/cases/policy") || folder.ends_with("tests/cases/check") {
        return;
    }
    if entries.iter().any(|p| is_manifest(p)) {
        cases.push(folder.to_owned());
    }
    for entry in entries.iter().filter(|p| p.is_dir()) {
        find(entry, cases);
    }
}

struct Case {
    texts: Vec<(String, String)>,
    /// The label of which `group-by.txt` beside the input says that it is to be drawn as frames.
    group_by: Option<String>,
    golden: PathBuf,
    /// Cases of `tests/cases/resources` are about what workloads use.
    view: Aspect,
    /// Cases of `tests/cases/calls` are about what configuration names.
    with_calls: bool,
    /// Cases about Services and what sends to them have goldens of findings and routes: both rest on the same facts.
    with_facts: bool,
}

struct Outcome {
    world: World,
    /// True if the case is about calls.
    with_calls: bool,
    graph: Graph,
    layout: Layout,
    /// What was noticed while reading and drawing.
    diagnostics: Vec<Diagnostic>,
    findings: Vec<Diagnostic>,
}

impl Outcome {
    fn sources(&self) -> &Sources {
        self.world.sources()
    }

    fn svg(&self) -> String {
        render::svg(&self.layout, &self.graph, &PictureOptions::default())
    }

    fn report(&self) -> render::Report<'_> {
        let report = render::Report::of(&self.world, &self.graph);
        let calls = report.calls.filter(|_| self.with_calls);
        render::Report { calls, diagnostics: &self.diagnostics, ..report }
    }

    fn json(&self) -> String {
        render::json(&self.report())
    }

    fn routes(&self) -> String {
        render::table(&render::routes_table(&self.report()), render::TableFormat::Text)
    }

    fn problems(&self, diagnostics: &[Diagnostic]) -> String {
        let mut text = String::new();
        for d in diagnostics {
            let place = d.at.map_or(String::new(), |at| format!("{}:{} ", self.sources().line_of(at), at.column));
            text.push_str(&format!("{place}{}[{}]: {}\n", d.severity.as_str(), d.code.as_str(), d.message));
            for related in &d.related {
                text.push_str(&format!("  {}: {}\n", self.sources().line_of(related.at), related.text));
            }
            text.extend(d.help.iter().map(|h| format!("  help: {h}\n")));
        }
        text
    }

    /// All that is the same when documents change places: everything but file and line.
    fn shape(&self) -> Vec<String> {
        let ends = |(from, to, edge): (usize, usize, &Edge)| {
            format!("{} -> {} {:?}", self.graph.node(from).id, self.graph.node(to).id, edge.detail)
        };
        let nodes = self.graph.nodes().map(|n| {
            let mut detail = n.detail.clone();
            if let Detail::Workload { access: Some(access), .. } | Detail::Peers { access: Some(access), .. } =
                &mut detail
            {
                let foreign = access.foreign.iter_mut().chain(&mut access.unread).map(|policy| &mut policy.at);
                let places = access.ingress.by.iter_mut().chain(&mut access.egress.by).chain(foreign);
                places.for_each(|e| (e.file, e.line) = (String::new(), 0));
            }
            format!("{} {detail:?}", n.id)
        });
        nodes.chain(self.graph.edges().map(ends)).collect()
    }
}

impl Case {
    fn read(folder: &Path, golden: PathBuf) -> Case {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| is_manifest(p)).collect();
        files.sort();
        let texts = files
            .iter()
            .map(|p| {
                (
                    p.file_name().unwrap().to_string_lossy().into_owned(),
                    String::from_utf8_lossy(&fs::read(p).unwrap()).into_owned(),
                )
            })
            .collect();
        let is_below = |name: &str| folder.parent().is_some_and(|p| p.ends_with(name));
        let view = if is_below("tests/cases/resources") { Aspect::Resources } else { Aspect::Network };
        let group_by = fs::read_to_string(folder.join("group-by.txt")).ok();
        Case {
            texts,
            group_by: group_by.map(|key| key.trim().to_owned()),
            golden,
            view,
            with_calls: is_below("tests/cases/calls"),
            with_facts: ["facts", "gateway", "ingress", "services"]
                .iter()
                .any(|f| is_below(&format!("tests/cases/{f}"))),
        }
    }

    fn run(&self) -> Outcome {
        self.run_texts(self.texts.clone())
    }

    fn run_texts(&self, texts: Vec<(String, String)>) -> Outcome {
        let world = states::world(texts);
        let findings = if self.with_facts {
            check(&world, &check::Options::default()).into_iter().map(|f| f.diagnostic).collect()
        } else {
            Vec::new()
        };
        let calls = if self.with_calls { CallLines::Uncovered } else { CallLines::Hidden };
        let mut graph = view::aspect(world.graph(), self.view, Lines { denied: Denied::Shown, calls });
        if let Some(key) = &self.group_by {
            graph = view::group(graph, &world.labels(), key);
        }
        let options = layout::Options { title: Some("Case".into()), ..layout::Options::default() };
        let mut diagnostics = world.diagnostics().to_vec();
        let layout = picture::arrange(&graph, &options).unpack(&mut diagnostics);
        Diagnostic::sort(&mut diagnostics);
        Outcome { world, with_calls: self.with_calls, graph, layout, diagnostics, findings }
    }
}

fn goldens(case: &Case) -> Result<(), Failed> {
    let outcome = case.run();
    let layout = serde_json::to_string_pretty(&outcome.layout).unwrap() + "\n";
    let routes = if case.with_facts { outcome.routes() } else { String::new() };
    let files = [
        ("graph.json", outcome.json()),
        ("layout.json", layout),
        ("out.svg", outcome.svg()),
        ("problems.txt", outcome.problems(&outcome.diagnostics)),
        ("findings.txt", outcome.problems(&outcome.findings)),
        ("routes.txt", if routes.lines().count() > 1 { routes } else { String::new() }),
    ];
    let mut wrong = Vec::new();
    for (name, now) in files {
        let path = case.golden.join(name);
        if std::env::var_os("KUBESKETCH_BLESS").is_some() {
            fs::create_dir_all(&case.golden).unwrap();
            if now.is_empty() {
                let _ = fs::remove_file(&path);
            } else {
                fs::write(&path, &now).unwrap();
            }
            continue;
        }
        let then = fs::read_to_string(&path).unwrap_or_default();
        if then != now {
            wrong.push(format!("{} differs:\n{}", path.display(), first_difference(&then, &now)));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\nKUBESKETCH_BLESS=1 writes what is now; look at it first", wrong.join("\n")).into())
    }
}

fn first_difference(then: &str, now: &str) -> String {
    let (mut a, mut b) = (then.lines(), now.lines());
    for line in 1.. {
        match (a.next(), b.next()) {
            (None, None) => break,
            (x, y) if x == y => {}
            (x, y) => return format!("line {line}\n- {}\n+ {}", x.unwrap_or("(end)"), y.unwrap_or("(end)")),
        }
    }
    "only in the last line's end".into()
}

fn same_bytes(case: &Case) -> Result<(), Failed> {
    let run = |texts: Vec<(String, String)>, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let outcome = case.run_texts(texts);
            (outcome.json(), outcome.svg(), outcome.problems(&outcome.diagnostics), outcome.problems(&outcome.findings))
        })
    };
    let there = run(case.texts.clone(), 1);
    let mut turned = case.texts.clone();
    turned.reverse();
    let back = run(turned, 3);
    if there == back { Ok(()) } else { Err("another order of files or number of threads gives other bytes".into()) }
}

/// Documents of one file change places; where two of them share an identity the first counts, so such cases are left
/// out.
fn same_graph(case: &Case) -> Result<(), Failed> {
    let outcome = case.run();
    if outcome.diagnostics.iter().any(|d| matches!(d.code.as_str(), "duplicate-object" | "yaml-syntax")) {
        return Ok(());
    }
    let turned = case.texts.iter().map(|(name, text)| {
        let mut documents: Vec<&str> = text.split("\n---\n").collect();
        documents.reverse();
        (name.clone(), documents.join("\n---\n"))
    });
    let other = case.run_texts(turned.collect());
    if outcome.shape() != other.shape() {
        return Err("another order of documents gives another graph".into());
    }
    let [outcome, other] = [outcome, other].map(|o| Revision::new(String::new(), String::new(), o.world, Vec::new()));
    let difference = diff::compare(&outcome, &other);
    let marked = |change: &Option<Change>| *change != Some(Change::Same);
    let nodes = difference.graph.nodes().filter(|n| marked(&n.change)).count();
    let edges = difference.graph.edges().filter(|(.., e)| marked(&e.change)).count();
    if difference.is_empty() && nodes + edges == 0 {
        Ok(())
    } else {
        Err(format!("another order of documents counts as a difference: {:?}", difference.sections).into())
    }
}

fn verifies(case: &Case) -> Result<(), Failed> {
    let outcome = case.run();
    let violations: Vec<String> = layout::verify(&outcome.layout).iter().map(ToString::to_string).collect();
    if !violations.is_empty() {
        return Err(violations.join("\n").into());
    }
    if outcome.layout.cards.len() != outcome.graph.nodes().len()
        || outcome.layout.links.len() != outcome.graph.edges().len()
    {
        return Err("the layout has lost a node or an edge".into());
    }
    Ok(())
}

/// The promises of the picture that others build on: see docs/svg.md.
fn svg_contract(case: &Case) -> Result<(), Failed> {
    let outcome = case.run();
    let text = outcome.svg();
    let document = roxmltree::Document::parse(&text)?;
    let root = document.root_element();
    let mut wrong = Vec::new();
    if root.attribute("role") != Some("img") || root.attribute("aria-labelledby").is_none() {
        wrong.push("the root has no role or no name".to_owned());
    }
    let ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        wrong.push("an id is there twice".into());
    }
    for name in root.attribute("aria-labelledby").unwrap_or_default().split(' ') {
        if !ids.contains(&name) {
            wrong.push(format!("nothing has the id {name}"));
        }
    }
    for node in document.descendants().filter(|n| n.is_element()) {
        let name = node.tag_name().name();
        if matches!(name, "script" | "foreignObject" | "use" | "style" | "image" | "filter") {
            wrong.push(format!("<{name}> is not allowed"));
        }
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            if key.starts_with("on") || key == "href" || (value.contains("url(") && !key.starts_with("data-")) {
                wrong.push(format!("{key}={value} is not allowed"));
            }
            let drawn = matches!(
                key,
                "x" | "y" | "width" | "height" | "d" | "points" | "x1" | "y1" | "x2" | "y2" | "cx" | "cy" | "r"
            );
            let decimals = |after: &str| after.chars().take_while(char::is_ascii_digit).count();
            if drawn && value.split('.').skip(1).any(|after| decimals(after) > 2) {
                wrong.push(format!("{key}={value} has more than two decimals"));
            }
        }
    }
    let with_class = |class: &str| {
        document
            .descendants()
            .filter(|n| n.attribute("class").is_some_and(|c| c.split(' ').any(|c| c == class)))
            .count()
    };
    for (class, expected) in [
        ("node", outcome.graph.nodes().len()),
        ("edge", outcome.graph.edges().len()),
        ("group", outcome.graph.groups().len()),
    ] {
        if with_class(class) != expected {
            wrong.push(format!("{} of class {class} are drawn, {expected} are in the graph", with_class(class)));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn formats(case: &Case) -> Result<(), Failed> {
    let outcome = case.run();
    let json: serde_json::Value = serde_json::from_str(&outcome.json())?;
    if json["version"] != 2 {
        return Err("the JSON has no version".into());
    }
    let described: serde_json::Value = serde_json::from_str(render::SCHEMA)?;
    schema::conforms(&json, &described, &described, "$");
    let page = render::Page::new(&outcome.world, &outcome.layout, &outcome.graph, &outcome.diagnostics);
    let page = render::page(&page, &PictureOptions::default())?;
    // Its data and its own script, and a policy that allows no other.
    if page.matches("<script").count() != 2 || !page.contains("default-src &#39;none&#39;; style-src &#39;sha256-") {
        return Err("the page holds a script that is not its own, or no policy against one".into());
    }
    let dot = render::dot(&outcome.graph);
    if !dot.starts_with("digraph") {
        return Err("the DOT output is no digraph".into());
    }
    let d2 = d2::parse(&render::d2(&outcome.graph, &PictureOptions::default()));
    if (d2.nodes.len(), d2.edges.len()) != (outcome.graph.nodes().len(), outcome.graph.edges().len()) {
        return Err("the D2 output has other nodes or edges".into());
    }
    drawio::parse(&render::drawio(&outcome.layout, &outcome.graph, &PictureOptions::default())).check(&outcome.layout);
    Ok(())
}
