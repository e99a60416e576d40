//! Names that GitHub and GitLab would make mentions, references, links and addresses of: comments and tables in Markdown
//! leave none that lives, as GitHub's own reader of Markdown renders them.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::markdown;
use crate::support::skip::{program, skip};

/// Everything that either of them looks for in a text.
const NAMES: &[&str] = &[
    "@octocat",
    "a@b.example.com",
    "#1 !1 ~bug %1 $1 &1 ^alert#1",
    "org/repo#1",
    "GH-1",
    "deadbeefcafe",
    "www.evil.example",
    "https://evil.example/x",
    "mailto:a@b.example.com",
    "[x](https://evil.example)",
    "[vulnerability:1] [snippet:1] [[wiki]]",
    "![x](https://evil.example/x.png)",
    "<img src=x> <a href=https://evil.example>x</a>",
    "<!-- x --> --> <details>",
    "`@octocat` ``x`` `",
    "a`@octocat",
    "\\@octocat \\| | \\`",
    "$`x`$ $$x$$ :tada: {+ x +}",
    "1. x",
    "/close /approve",
    "**x** _x_ ~~x~~ ***",
    "> x",
    "&#64;octocat &lt;b&gt;",
];

/// Objects of every kind that tables and comments name, all with this name.
fn objects(name: &str) -> String {
    let quoted = serde_json::Value::from(name).to_string();
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {quoted}, namespace: {quoted}}}
spec:
  selector: {{matchLabels: {{app: {quoted}}}}}
  template:
    metadata: {{labels: {{app: {quoted}}}}}
    spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: 80, name: {quoted}}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {quoted}, namespace: {quoted}}}
spec: {{type: LoadBalancer, selector: {{app: {quoted}}}, ports: [{{port: 80, targetPort: {quoted}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {quoted}, namespace: {quoted}}}
spec: {{rules: [{{host: {quoted}, http: {{paths: [{{path: {quoted}, pathType: Prefix, backend: {{service: {{name: {quoted}, port: {{number: 80}}}}}}}}]}}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {quoted}, namespace: {quoted}}}
spec: {{podSelector: {{matchLabels: {{app: {quoted}}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{{quoted}: {quoted}}}}}}}]}}]}}
"
    )
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch")).args(arguments).current_dir(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// All that is written as Markdown about these names.
fn written() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let all: String = NAMES.iter().map(|name| objects(name)).collect();
    std::fs::write(folder.path().join("new.yaml"), all).unwrap();
    let old = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n";
    std::fs::write(folder.path().join("old.yaml"), old).unwrap();
    let tables = ["connections", "exposure", "isolation", "routes"];
    let mut texts: Vec<String> = tables
        .iter()
        .map(|table| run(folder.path(), &["-q", "table", table, "new.yaml", "--all", "-o", "md"]))
        .collect();
    texts.push(run(folder.path(), &["-q", "diff", "old.yaml", "new.yaml", "-o", "md"]));
    texts.push(run(folder.path(), &["-q", "diff", "new.yaml", "old.yaml", "-o", "md"]));
    for text in &texts {
        assert!(text.contains("@octocat"), "{text}");
    }
    texts
}

#[test]
fn outside_of_code_nothing_lives() {
    for text in written() {
        let words = text.split("```mermaid").next().unwrap();
        for line in words.lines().skip_while(|l| l.starts_with("<!--")) {
            let own = ["<details><summary>", "</summary>", "</details>", "<br>", "- ", "#### ", "**", "_", "|"];
            let outside = own.iter().fold(markdown::outside_code(line), |text, own| text.replace(own, " "));
            assert_eq!(markdown::live(&outside), None, "{line}");
        }
    }
}

#[test]
fn github_renders_texts_and_nothing_else() {
    let Some(mut python) = program("python3") else { return };
    if !Command::new("python3").args(["-c", "import cmarkgfm"]).output().unwrap().status.success() {
        skip("cmarkgfm of PyPI is not installed");
        return;
    }
    let script = "import sys, json, cmarkgfm\nprint(json.dumps([cmarkgfm.github_flavored_markdown_to_html(t, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE) for t in json.load(sys.stdin)]))";
    let mut child = python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let texts = written();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&texts).unwrap().as_bytes()).unwrap();
    let pages: Vec<String> = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let own = [
        "p", "strong", "em", "h4", "ul", "li", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "br",
    ];
    for page in pages {
        // Neither GitHub nor GitLab looks into code.
        let mut rest = page.as_str();
        let mut text = String::new();
        while let Some((before, tag)) = rest.split_once('<') {
            text.push_str(before);
            let (name, behind) = tag.split_once('>').unwrap();
            rest = behind;
            let word = name.trim_start_matches('/').trim_end_matches('/').split(' ').next().unwrap();
            if word == "code" || word == "pre" {
                let end = format!("</{word}>");
                rest = rest.split_once(end.as_str()).unwrap().1;
            } else if !name.starts_with("!-- kubesketch:") {
                assert!(own.contains(&word), "<{name}> in {page}");
            }
        }
        text.push_str(rest);
        let text = ["&quot;", "&amp;"].iter().fold(text, |text, entity| text.replace(entity, " "));
        assert_eq!(markdown::live(&text), None, "{page}");
    }
}
