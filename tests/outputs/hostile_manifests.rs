//! Hostile manifests through the built program and every format that it writes: all of them stay what they are, and
//! nothing of the input runs or is loaded.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::browser::{self, Server};
use crate::support::skip::program;
use crate::support::{d2, drawio, hostile_yaml, markdown, mermaid, shop};

/// So many texts go into one input that no picture is an overview.
const TOGETHER: usize = 4;
/// So many browsers look at once.
const BROWSERS: usize = 2;

/// An input and the state that it was before.
struct Case {
    folder: PathBuf,
    now: PathBuf,
    before: PathBuf,
    texts: Vec<String>,
}

/// Every text in some case, and each beside another one that is different in the state before.
fn cases(name: &str, origin: &str) -> Vec<Case> {
    let all = hostile_yaml::payloads(origin);
    let some = |from: usize| -> Vec<String> { (0..TOGETHER).map(|i| all[(from + i) % all.len()].clone()).collect() };
    (0..all.len().div_ceil(TOGETHER))
        .map(|number| {
            let folder = shop::folder(&format!("{name}-{number}"));
            let texts = some(number * TOGETHER);
            Case {
                now: hostile_yaml::write(&folder.join("now"), &texts, &some(number * TOGETHER + 1)),
                before: hostile_yaml::write(&folder.join("before"), &texts[1..], &some(number * TOGETHER + 7)),
                folder,
                texts,
            }
        })
        .collect()
}

impl Case {
    /// Runs the program in the folder of the case; it says what was wrong with the input, and never that it crashed.
    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
            .args(arguments)
            .current_dir(&self.folder)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        assert!(output.status.code().is_some_and(|c| c <= 2), "{arguments:?}: {output:?}");
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(!said.contains("panicked") && !said.contains("internal error"), "{arguments:?}: {said}");
        for_a_terminal(&said);
        // Whatever it writes may be shown by a terminal.
        if let Ok(text) = std::str::from_utf8(&output.stdout) {
            assert_inert(text, &format!("{arguments:?}"));
        }
        output
    }

    /// Runs the program with outputs to files, and gives their texts.
    fn files(&self, arguments: &[&str], outputs: &[&str]) -> Vec<String> {
        let wishes: Vec<String> =
            outputs.iter().map(|o| if o.contains('=') { (*o).to_owned() } else { format!("{o}=out.{o}") }).collect();
        let mut all = arguments.to_vec();
        all.extend(wishes.iter().flat_map(|w| ["-o", w.as_str()]));
        self.run(&all);
        let read = |wish: &String| {
            let bytes = std::fs::read(self.folder.join(wish.split_once('=').unwrap().1))
                .unwrap_or_else(|e| panic!("{wish}: {e}"));
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if !wish.starts_with("png") && !wish.starts_with("pdf") {
                assert_inert(&text, wish);
            }
            text
        };
        wishes.iter().map(read).collect()
    }

    fn paths(&self) -> [&str; 2] {
        [&self.before, &self.now].map(|p| p.file_name().unwrap().to_str().unwrap())
    }
}

fn steers(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// No character of the input steers, in whatever format it is written.
fn assert_inert(text: &str, what: &str) {
    let line = text.lines().find(|l| l.contains(steers)).map(|l| l.escape_debug().to_string());
    assert_eq!(line, None, "{what}");
}

/// What a terminal gets neither steers it nor turns around what follows.
fn for_a_terminal(text: &str) {
    let line = text.lines().find(|l| l.contains(steers));
    assert_eq!(line, None);
}

/// A picture of ours.
fn is_picture(text: &str) {
    let document = roxmltree::Document::parse(text).unwrap();
    let allowed = ["svg", "title", "desc", "style", "g", "rect", "path", "text", "circle"];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(allowed.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(!name.starts_with("on") && !["href", "style"].contains(&name), "{name}");
        }
    }
}

fn is_dot(folder: &Path, text: &str) {
    let Some(mut program) = program("dot") else { return };
    let path = folder.join("checked.dot");
    std::fs::write(&path, text).unwrap();
    let output = program.arg("-Tsvg").arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let picture = String::from_utf8(output.stdout).unwrap();
    let document = roxmltree::Document::parse_with_options(&picture, options).unwrap();
    let links = document.descendants().filter(|n| n.tag_name().name() == "a");
    // Tooltips are links without an address.
    assert_eq!(links.filter(|a| a.attribute(("http://www.w3.org/1999/xlink", "href")).is_some()).count(), 0);
    assert!(!document.descendants().any(|n| ["script", "image"].contains(&n.tag_name().name())));
}

fn is_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_format_of_draw_stays_what_it_is() {
    let (mut mermaids, mut d2s) = (Vec::new(), Vec::new());
    for case in cases("hostile-draw", "http://127.0.0.1:9") {
        let outputs = ["svg", "html", "dot", "mermaid", "json", "d2", "drawio"];
        for view in [
            &["draw", "now", "--calls", "all", "--show-denied", "--show-images"][..],
            &["draw", "now", "--view", "resources"],
        ] {
            let made = case.files(view, &outputs);
            is_picture(&made[0]);
            is_dot(&case.folder, &made[2]);
            mermaid::parse(&made[3]);
            let graph = &is_json(&made[4])["graph"];
            let d2 = d2::parse(&made[5]);
            assert_eq!(d2.nodes.len(), graph["nodes"].as_array().unwrap().len());
            assert_eq!(d2.edges.len(), graph["edges"].as_array().unwrap().len());
            drawio::parse(&made[6]);
            mermaids.push(made[3].clone());
            d2s.push(made[5].clone());
            // Every text is a namespace with something in it.
            let names = graph["groups"].as_array().unwrap().len();
            assert!(names >= case.texts.len(), "{graph}");
        }
        for theme in ["dark", "auto"] {
            is_picture(&case.files(&["draw", "now", "--theme", theme, "--title", &case.texts[0]], &["svg"])[0]);
        }
        if cfg!(all(feature = "png", feature = "pdf")) {
            let made = case.files(&["draw", "now", "--scale", "0.3"], &["png", "pdf"]);
            assert!(made[0].contains("PNG") && made[1].starts_with("%PDF-"));
        }
    }
    if let Some(drawn) = mermaid::draw(&shop::folder("hostile-draw-mermaid"), &mermaids) {
        for (text, drawn) in mermaids.iter().zip(drawn) {
            assert_eq!((drawn.error, drawn.foreign), (None, 0), "{text}");
        }
    }
    if let Some(drawn) = d2::draw(&shop::folder("hostile-draw-d2"), &d2s) {
        for (text, drawn) in d2s.iter().zip(&drawn) {
            d2::check(text, drawn);
        }
    }
}

#[test]
fn every_format_of_diff_stays_what_it_is() {
    for case in cases("hostile-diff", "http://127.0.0.1:9") {
        let outputs = ["svg", "html", "dot", "mermaid", "json", "d2", "drawio", "md", "text"];
        let made = case.files(&["diff", case.paths()[0], case.paths()[1]], &outputs);
        is_picture(&made[0]);
        is_dot(&case.folder, &made[2]);
        mermaid::parse(&made[3]);
        assert_eq!(is_json(&made[4])["same"], false);
        d2::parse(&made[5]);
        drawio::parse(&made[6]);
        is_comment(&made[7]);
        for_a_terminal(&made[8]);
    }
}

/// A comment in Markdown: no markup but its own, and what is code ends where it should.
fn is_comment(text: &str) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("<!-- kubesketch:diff:default -->"));
    let mut code = false;
    for line in lines {
        if line.starts_with("```") {
            assert!(["```mermaid", "```"].contains(&line), "{line}");
            code = !code;
            continue;
        }
        if code {
            continue;
        }
        let own = ["<details><summary>", "</summary>", "</details>"];
        let rest = own.iter().fold(line.to_owned(), |rest, tag| rest.replace(tag, ""));
        markdown_text(&rest);
    }
    assert!(!code);
}

/// Outside of code spans nothing is markup, a link, a mention or a reference.
fn markdown_text(line: &str) {
    assert!(!line.contains(steers), "{line:?}");
    let own = ["- ", "  - ", "#### ", "**", "_"];
    let outside = markdown::outside_code(line);
    let text = own.iter().fold(outside.as_str(), |text, sign| text.strip_prefix(sign).unwrap_or(text));
    let text = text.strip_suffix("**").or(text.strip_suffix('_')).unwrap_or(text);
    assert_eq!(markdown::live(text), None, "{line}");
}

#[test]
fn every_format_of_tables_stays_what_it_is() {
    for case in cases("hostile-table", "http://127.0.0.1:9") {
        for kind in ["connections", "exposure", "isolation", "routes"] {
            let said = |format: &str| {
                String::from_utf8(case.run(&["table", kind, "now", "--all", "-o", format]).stdout).unwrap()
            };
            is_json(&said("json"));
            for_a_terminal(&said("text"));
            let markdown = said("md");
            let columns = cells(markdown.lines().next().unwrap());
            let (rows, footnotes): (Vec<&str>, Vec<&str>) = markdown.lines().partition(|line| line.starts_with('|'));
            assert!(rows.len() > 2, "{kind}: {markdown}");
            footnotes.into_iter().for_each(markdown_text);
            for line in rows {
                assert_eq!(cells(line), columns, "{line}");
                assert!(!line.contains(steers), "{line:?}");
                let outside = markdown::outside_code(line).replace("<br>", " ").replace('|', " ");
                assert_eq!(markdown::live(&outside), None, "{line}");
            }
            let csv = said("csv");
            let records = records(&csv);
            assert!(records.len() > 1, "{kind}: {csv}");
            assert!(records.iter().all(|r| r.len() == records[0].len()), "{kind}: {records:?}");
            assert!(!csv.contains(|c| c != '\n' && steers(c)), "{csv:?}");
            let formula = records.iter().flatten().find(|f| f.starts_with(['=', '+', '-', '@', '\t', '\r']));
            assert_eq!(formula, None);
        }
    }
}

/// How many cells a row of a Markdown table has.
fn cells(line: &str) -> usize {
    let mut count = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '|' => count += 1,
            _ => {}
        }
    }
    count
}

/// The fields of each record of a CSV (RFC 4180).
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let last = records.last_mut().unwrap();
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => last.last_mut().unwrap().push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => last.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            c => last.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted && records.pop() == Some(vec![String::new()]), "it ends in a line break");
    records
}

#[test]
fn every_format_of_findings_stays_what_it_is() {
    for case in cases("hostile-check", "http://127.0.0.1:9") {
        for_a_terminal(&String::from_utf8(case.run(&["check", "now"]).stdout).unwrap());
        let outputs = ["text", "json", "sarif", "junit", "github", "gitlab"];
        let made = case.files(&["check", "now", "--closed-world"], &outputs);
        for_a_terminal(&made[0]);
        for text in [&made[1], &made[2], &made[5]] {
            is_json(text);
        }
        let report = roxmltree::Document::parse(&made[3]).unwrap();
        let allowed =
            ["testsuites", "testsuite", "testcase", "failure", "skipped", "properties", "property", "system-out"];
        let found =
            report.descendants().filter(roxmltree::Node::is_element).find(|n| !allowed.contains(&n.tag_name().name()));
        assert_eq!(found.map(|n| n.tag_name().name()), None);
        for line in made[4].lines() {
            let own = ["::error ", "::warning ", "::notice "].iter().find_map(|s| line.strip_prefix(s));
            let rest = own.unwrap_or_else(|| panic!("{line}"));
            // What comes before the text are properties, in which `:` and `,` are written otherwise.
            let (properties, message) = rest.split_once("::").unwrap();
            let known = ["title", "file", "line", "endLine", "col", "endColumn"];
            let names = properties.split(',').map(|p| p.split_once('=').unwrap().0);
            assert!(names.clone().all(|n| known.contains(&n)), "{line}");
            assert!(!message.contains(steers), "{line:?}");
        }
    }
}

#[test]
fn why_stays_text() {
    for case in cases("hostile-why", "http://127.0.0.1:9") {
        for text in &case.texts {
            let to = format!("{text}/{text}");
            let output = case.run(&["why", "internet", &to, "now"]);
            for_a_terminal(&String::from_utf8(output.stdout).unwrap());
        }
        let output = case.run(&["why", "internet", "calls/api", "now", "-o", "json"]);
        is_json(&String::from_utf8(output.stdout).unwrap());
    }
}

/// As a reader sees a text.
fn seen(text: &str) -> String {
    text.chars().map(|c| if steers(c) || c == '\t' || c == '\n' { '\u{fffd}' } else { c }).collect()
}

#[test]
fn a_browser_runs_and_loads_nothing_of_the_input() {
    let server = Server::start();
    let folder = shop::folder("hostile-browser");
    let control = hostile_yaml::payloads(&server.origin).concat();
    server.put("control.html", format!("<!DOCTYPE html><body>{control}"));
    let Some(found) = browser::open(&server, &folder, &["control.html"], &[]) else {
        return;
    };
    assert!(found[0].ran && !found[0].foreign.is_empty(), "the test sees what runs: {found:?}");
    assert!(server.strange().len() > 2, "the test sees what is loaded");

    // The same of an input in which nothing is hostile.
    let harmless = Case {
        now: hostile_yaml::write(&folder.join("now"), &["web".to_owned()], &["api".to_owned()]),
        before: hostile_yaml::write(&folder.join("before"), &["web".to_owned()], &["db".to_owned()]),
        folder: folder.clone(),
        texts: Vec::new(),
    };
    let plain = pages(&server, &harmless, "harmless");
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let expected = browser::open(&server, &folder, &plain, &[]).unwrap();
    for page in &expected {
        assert!(!page.ran && page.foreign.is_empty(), "{page:?}");
        assert!(page.elements > 50 && (page.touched > 5), "{page:?}");
    }
    // Each browser has a server of its own, so that what is asked for is told of the right input.
    std::thread::scope(|scope| {
        for browser in 0..BROWSERS {
            let expected = &expected;
            scope.spawn(move || {
                let server = Server::start();
                let all = cases(&format!("hostile-browser-{browser}"), &server.origin);
                all.iter()
                    .enumerate()
                    .skip(browser)
                    .step_by(BROWSERS)
                    .for_each(|(number, case)| stays_harmless(&server, case, number, expected));
            });
        }
    });
}

/// The pages and pictures of a case, on the server.
fn pages(server: &Server, case: &Case, name: &str) -> Vec<String> {
    let drawn = ["svg=a.svg", "html=a.html"];
    let calls = ["draw", "now", "--calls", "all", "--show-denied", "--show-images", "--theme"];
    let mut made: Vec<(String, String)> = Vec::new();
    for theme in ["light", "dark", "auto"] {
        let [svg, html] = case.files(&[&calls[..], &[theme]].concat(), &drawn).try_into().unwrap();
        made.extend([(format!("{name}-{theme}.svg"), svg), (format!("{name}-{theme}.html"), html)]);
    }
    let [svg, html] = case.files(&["diff", "before", "now"], &drawn).try_into().unwrap();
    made.extend([(format!("{name}-diff.svg"), svg), (format!("{name}-diff.html"), html)]);
    for (name, content) in &made {
        server.put(name, content.clone());
    }
    made.into_iter().map(|(name, _)| name).collect()
}

/// Opens the pages of a case, of which those without anything hostile are expected to look alike.
fn stays_harmless(server: &Server, case: &Case, number: usize, expected: &[browser::Seen]) {
    let names = pages(server, case, &format!("hostile-{number}"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted: Vec<String> = case.texts.iter().map(|t| seen(t)).collect();
    let found = browser::open(server, &case.folder, &names, &wanted).unwrap();
    for (page, expected) in found.iter().zip(expected) {
        assert!(!page.ran, "{page:?}\n{:?}", case.texts);
        assert_eq!(page.foreign, Vec::<String>::new(), "{}", page.page);
        assert_eq!(page.scripts, expected.scripts, "{page:?}");
        assert_eq!(page.missing, Vec::<String>::new(), "{}", page.page);
    }
    assert_eq!(server.strange(), Vec::<String>::new(), "{:?}", case.texts);
}
