//! Mermaid under a strict eye: a reader of exactly the lines that we write, and the real thing in a browser where both
//! are at hand.

use std::path::Path;
use std::process::Command;

/// What a text holds. Labels are decoded: what a reader sees.
#[derive(Debug, Default)]
pub struct Parsed {
    pub nodes: Vec<(String, String)>,
    pub groups: Vec<String>,
    pub edges: Vec<(String, String, String)>,
}

/// Reads a text of which every line must be one that we write.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut open = 0_usize;
    let mut lines = text.lines().peekable();
    if lines.next_if_eq(&"---").is_some() {
        let title = lines.next().unwrap();
        let title = title.strip_prefix("title: \"").and_then(|t| t.strip_suffix('"'));
        plain(title.unwrap());
        assert_eq!(lines.next(), Some("---"));
    }
    assert_eq!(lines.next(), Some("flowchart LR"));
    for line in lines {
        let line = line.trim_start();
        let rest = |start: &str| line.strip_prefix(start);
        if let Some(text) = rest("accTitle: ").or(rest("accDescr: ")).or(rest("%% ")) {
            plain(text);
        } else if let Some(group) = rest("subgraph ") {
            let (id, label) = group.split_once("[\"").unwrap();
            word(id);
            parsed.groups.push(decode(label.strip_suffix("\"]").unwrap()));
            open += 1;
        } else if line == "end" {
            open = open.checked_sub(1).unwrap();
        } else if line == "direction LR" {
            assert!(open > 0);
        } else if let Some(class) = rest("classDef ") {
            assert!(class.chars().all(|c| c.is_ascii_alphanumeric() || " #:,-".contains(c)), "{line}");
        } else if let Some(style) = rest("linkStyle ") {
            let (numbers, style) = style.split_once(' ').unwrap();
            let known = |n: &str| n.parse::<usize>().is_ok_and(|n| n < parsed.edges.len());
            assert!(numbers.split(',').all(known), "{line}");
            assert!(style.chars().all(|c| c.is_ascii_alphanumeric() || " #:,-".contains(c)), "{line}");
        } else if let Some(class) = rest("class ") {
            class.strip_suffix(" frame").unwrap().split(',').for_each(word);
        } else if let Some((id, shape)) = line.split_once('"').filter(|(id, _)| !id.contains(' ')) {
            let (label, end) = shape.rsplit_once('"').unwrap();
            let at = id.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
            word(&id[..at]);
            let (close, class) = end.split_once(":::").unwrap();
            let shape = (&id[at..], close);
            let shapes = [
                ("((", "))"),
                ("([", "])"),
                ("{{", "}}"),
                ("(", ")"),
                ("[(", ")]"),
                ("[", "]"),
                ("[/", "/]"),
                (">", "]"),
                ("[[", "]]"),
            ];
            assert!(shapes.contains(&shape) && class.chars().all(|c| c.is_ascii_lowercase()), "{line}");
            parsed.nodes.push((id[..at].to_owned(), decode(label)));
        } else {
            let (from, rest) = line.split_once(' ').unwrap();
            let (middle, to) = rest.rsplit_once(' ').unwrap();
            word(from);
            word(to);
            let (arrow, label) = match middle.split_once('|') {
                Some((arrow, label)) => (arrow, label.strip_prefix('"').and_then(|l| l.strip_suffix("\"|")).unwrap()),
                None => (middle, ""),
            };
            assert!(arrow.chars().all(|c| "-=.>ox".contains(c)), "{line}");
            parsed.edges.push((from.to_owned(), to.to_owned(), decode(label)));
        }
    }
    assert_eq!(open, 0);
    parsed
}

/// An id: letters, digits and `_`, behind a prefix that makes it no word of the language.
fn word(id: &str) {
    assert!(id.starts_with("n_") || id.starts_with("g_") || id == "k_note", "{id}");
    assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{id}");
}

fn plain(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() || "\"#;:{}[]<>|`%&\\'@$=~*_!?^".contains(c)), "{text}");
}

/// What a reader sees of a label.
fn decode(label: &str) -> String {
    let mut out = String::new();
    let mut rest = label;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("<br/>") {
            out.push('\n');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('#') {
            let (number, after) = after.split_once(';').unwrap();
            out.push(char::from_u32(number.parse().unwrap()).unwrap());
            rest = after;
        } else {
            let harmless = c.is_ascii_alphanumeric() || " .,/-()=+".contains(c) || !c.is_ascii() && !c.is_control();
            assert!(harmless, "{c:?} in {label}");
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// What Mermaid made of a text.
#[derive(Debug, serde::Deserialize)]
pub struct Drawn {
    pub error: Option<String>,
    pub nodes: usize,
    pub edges: usize,
    pub groups: usize,
    pub foreign: usize,
}

/// Draws texts by Mermaid in Chromium, set up as GitHub does. `None`, with a word about it, where there is no Chromium
/// or no Mermaid:
/// `KUBESKETCH_MERMAID` names a `mermaid.min.js`.
pub fn draw(folder: &Path, texts: &[String]) -> Option<Vec<Drawn>> {
    let Some(library) = std::env::var_os("KUBESKETCH_MERMAID") else {
        super::skip::skip("KUBESKETCH_MERMAID names no mermaid.min.js");
        return None;
    };
    let mut command: Command = super::skip::program("chromium")?;
    let library = std::fs::canonicalize(library).unwrap();
    let data = serde_json::to_string(texts).unwrap().replace('<', "\\u003c");
    let page = format!(
        r#"<!DOCTYPE html><meta charset="utf-8"><pre id="out"></pre><script src="file://{}"></script><script>
const texts = {data};
(async () => {{
  mermaid.initialize({{startOnLoad: false, securityLevel: 'strict'}});
  const all = [];
  for (let i = 0; i < texts.length; i++) {{
    const one = {{error: null, nodes: 0, edges: 0, groups: 0, foreign: 0}};
    try {{
      const made = document.createElement('div');
      made.innerHTML = (await mermaid.render('m' + i, texts[i])).svg;
      const count = q => made.querySelectorAll(q).length;
      one.nodes = count('g.node'); one.edges = count('path.flowchart-link'); one.groups = count('g.cluster');
      one.foreign = count('script, iframe, img, a, object, embed, b, i, em, strong, ul, ol, code, math');
    }} catch (e) {{ one.error = String(e.message || e).slice(0, 300); }}
    all.push(one);
  }}
  document.getElementById('out').textContent = 'READY' + JSON.stringify(all) + 'DONE';
}})();
</script>"#,
        library.display()
    );
    let file = folder.join("mermaid.html");
    std::fs::write(&file, page).unwrap();
    let profile = tempfile::tempdir_in(folder).unwrap();
    let output = command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--allow-file-access-from-files", "--virtual-time-budget=300000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let start = page.find("READY[").expect("Mermaid ran to its end") + 5;
    let end = start + page[start..].find("DONE").unwrap();
    let json = page[start..end].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    Some(serde_json::from_str(&json).unwrap())
}
