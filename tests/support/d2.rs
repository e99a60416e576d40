//! D2 under a strict eye: a reader of exactly the lines that we write, and the real thing in node where both are at
//! hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a text holds. Labels and tooltips are decoded: what a reader sees.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Nodes by the path of their ids, with label and tooltip.
    pub nodes: BTreeMap<String, (String, String)>,
    /// Containers alike; these have no tooltip.
    pub groups: BTreeMap<String, String>,
    /// Both ends, label and tooltip.
    pub edges: Vec<(String, String, String, String)>,
    pub title: Option<String>,
    pub classes: BTreeSet<String>,
}

/// Reads a text of which every line must be one that we write.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut open: Vec<String> = Vec::new();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("# "));
    assert_eq!(lines.next(), Some("direction: right"));
    look(lines.next().unwrap().strip_prefix("style.fill: ").unwrap());
    let mut lines = lines.peekable();
    if lines.next_if_eq(&"classes: {").is_some() {
        for line in lines.by_ref().take_while(|l| *l != "}") {
            let (name, rest) = line.trim_start().split_once(": {").unwrap();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{line}");
            look(rest.strip_suffix('}').unwrap());
            assert!(parsed.classes.insert(name.to_owned()), "{line}");
        }
    }
    for line in lines {
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        let line = line.trim_start();
        let path = |id: &str| open.iter().map(String::as_str).chain([id]).collect::<Vec<_>>().join(".");
        if line == "}" {
            open.pop().unwrap();
        } else if let Some(class) = line.strip_prefix("class: ") {
            assert!(parsed.classes.contains(class) && !open.is_empty(), "{line}");
        } else if let Some(rest) = line.strip_prefix("title: ") {
            let (title, rest) = string(rest);
            look(rest);
            assert!(parsed.title.replace(title).is_none() && open.is_empty());
        } else if let Some((from, rest)) = line.split_once(" -> ").filter(|(from, _)| !from.contains(' ')) {
            let (to, rest) = rest.split_once(':').unwrap();
            let rest = rest.strip_prefix(' ').unwrap();
            let (label, rest) = if rest.starts_with('"') { string(rest) } else { (String::new(), rest) };
            assert!(parsed.nodes.contains_key(from) && parsed.nodes.contains_key(to), "{line}");
            assert!(open.is_empty());
            let tooltip = attributes(&parsed.classes, rest);
            parsed.edges.push((from.to_owned(), to.to_owned(), label, tooltip));
        } else {
            let (id, rest) = line.split_once(": ").unwrap();
            let start = if line.ends_with(" {") { "g_" } else { "n_" };
            assert!(id.starts_with(start) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
            let (label, rest) = string(rest);
            if rest == " {" {
                assert!(parsed.groups.insert(path(id), label).is_none(), "{line}");
                open.push(id.to_owned());
            } else {
                let tooltip = attributes(&parsed.classes, rest);
                assert!(parsed.nodes.insert(path(id), (label, tooltip)).is_none(), "{line}");
            }
        }
    }
    assert!(open.is_empty());
    let ids: BTreeSet<String> = parsed.nodes.keys().chain(parsed.groups.keys()).map(|id| id.to_lowercase()).collect();
    assert_eq!(ids.len(), parsed.nodes.len() + parsed.groups.len(), "D2 does not tell cases apart");
    parsed
}

/// Nothing but what this crate writes.
fn look(text: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || " .:;\"#{}-_".contains(c);
    assert!(text.chars().all(plain), "{text}");
}

/// ` {class: …; tooltip: "…"}`: the tooltip.
fn attributes(classes: &BTreeSet<String>, text: &str) -> String {
    let rest = text.trim_start().strip_prefix("{class: ").unwrap();
    let (names, rest) = match rest.strip_prefix('[') {
        Some(list) => list.split_once(']').unwrap(),
        None => rest.split_at(rest.find([';', '}']).unwrap()),
    };
    for name in names.split("; ") {
        assert!(classes.contains(name), "{text}");
    }
    let (tooltip, rest) = match rest.strip_prefix("; tooltip: ") {
        Some(rest) => string(rest),
        None => (String::new(), rest),
    };
    assert!(["}", "; style.double-border: true}"].contains(&rest), "{text}");
    tooltip
}

/// A string in double quotes, decoded, and what is behind it.
fn string(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"').unwrap().char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 2..]),
            '\\' => out.push(match chars.next().unwrap().1 {
                'n' => '\n',
                c => {
                    assert!("\"\\$".contains(c), "{text}");
                    c
                }
            }),
            c => {
                assert!(c != '$' && !c.is_control(), "{text}");
                out.push(c);
            }
        }
    }
    panic!("no end: {text}");
}

/// What D2 made of a text.
#[derive(Debug, serde::Deserialize)]
pub struct Drawn {
    pub error: Option<String>,
    /// Path, label and tooltip.
    pub shapes: Vec<(String, String, String)>,
    /// Both ends, label and tooltip.
    pub edges: Vec<(String, String, String, String)>,
    pub svg: String,
}

/// Draws texts by D2 in node. `None`, with a word about it, where there is no node or no D2: `KUBESKETCH_D2` names the
/// `dist/node-esm/index.js` of the package
/// `@terrastruct/d2`.
pub fn draw(folder: &Path, texts: &[String]) -> Option<Vec<Drawn>> {
    let Some(library) = std::env::var_os("KUBESKETCH_D2") else {
        super::skip::skip("KUBESKETCH_D2 names no D2");
        return None;
    };
    let mut command = super::skip::program("node")?;
    let library = std::fs::canonicalize(library).unwrap();
    let (input, script, output) = (folder.join("d2.json"), folder.join("d2.mjs"), folder.join("d2-drawn.json"));
    std::fs::write(&input, serde_json::to_string(texts).unwrap()).unwrap();
    std::fs::write(
        &script,
        r#"import { readFileSync, writeFileSync } from 'node:fs';
const [library, input, output] = process.argv.slice(2);
const { D2 } = await import('file://' + library);
const d2 = new D2();
const all = [];
for (const text of JSON.parse(readFileSync(input, 'utf8'))) {
  const one = { error: null, shapes: [], edges: [], svg: '' };
  try {
    const made = await d2.compile(text);
    one.shapes = made.diagram.shapes.map(s => [s.id, s.label, s.tooltip]);
    one.edges = made.diagram.connections.map(c => [c.src, c.dst, c.label, c.tooltip]);
    one.svg = await d2.render(made.diagram, made.renderOptions);
  } catch (e) { one.error = String(e.message || e).slice(0, 300); }
  all.push(one);
}
writeFileSync(output, JSON.stringify(all));
process.exit(0);
"#,
    )
    .unwrap();
    let done = command.args([script.as_path(), &library, &input, &output]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap())
}

/// What D2 drew is what our reader read, and its picture holds nothing but shapes and texts.
pub fn check(text: &str, drawn: &Drawn) {
    assert_eq!(drawn.error, None, "{text}");
    let parsed = parse(text);
    let shapes: BTreeMap<String, (String, String)> =
        drawn.shapes.iter().map(|(id, label, tip)| (id.clone(), (label.clone(), tip.clone()))).collect();
    let mut expected = parsed.nodes;
    expected.extend(parsed.groups.into_iter().map(|(id, label)| (id, (label, String::new()))));
    expected.extend(parsed.title.map(|title| ("title".to_owned(), (title, String::new()))));
    assert_eq!(shapes, expected);
    assert_eq!(drawn.edges, parsed.edges);
    let picture = roxmltree::Document::parse(&drawn.svg).unwrap();
    let odd = ["script", "foreignObject", "a", "image", "iframe"];
    let foreign = picture.descendants().find(|n| odd.contains(&n.tag_name().name()));
    assert_eq!(foreign.map(|n| n.tag_name().name()), None);
}
