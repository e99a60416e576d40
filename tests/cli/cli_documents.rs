//! Pictures for documents: bitmaps, pages, blocks in Markdown, and whether they are current.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::skip::skip;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a Service and its Deployment.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let web = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: x}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n\
        apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: x}\nspec: {selector: {matchLabels: {app: web}}, \
        template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: nginx}]}}}\n";
    fs::write(folder.path().join("web.yaml"), web).unwrap();
    folder
}

fn ok(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[cfg(all(feature = "png", feature = "pdf"))]
#[test]
fn bitmaps_and_pages_are_written() {
    let folder = folder();
    let path = folder.path();
    ok(&run(path, &["draw", "web.yaml", "-o", "a.png", "-o", "a.pdf", "-o", "a.mmd"]));
    assert!(fs::read(path.join("a.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(fs::read(path.join("a.pdf")).unwrap().starts_with(b"%PDF"));
    assert!(fs::read_to_string(path.join("a.mmd")).unwrap().starts_with("flowchart LR"));
    let piped = run(path, &["draw", "web.yaml", "-o", "png", "--scale", "0.5"]);
    ok(&piped);
    assert!(piped.stdout.starts_with(b"\x89PNG") && piped.stdout.len() < fs::read(path.join("a.png")).unwrap().len());
    let refused = run(path, &["draw", "web.yaml", "-o", "png", "--scale", "100"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("a number from 0.05 to 10"), "{}", text(&refused.stderr));
}

#[cfg(all(feature = "png", unix))]
#[test]
fn a_terminal_gets_no_bitmap() {
    let folder = folder();
    // `script` gives the program a terminal.
    let command = format!("{} draw web.yaml -o png", env!("CARGO_BIN_EXE_kubesketch"));
    let Ok(output) = Command::new("script").args(["-qec", &command, "/dev/null"]).current_dir(folder.path()).output()
    else {
        skip("`script` is not installed");
        return;
    };
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("a terminal cannot show png: write a file"), "{}", text(&output.stdout));
}

#[test]
fn check_tells_what_is_stale_and_writes_nothing() {
    let folder = folder();
    let path = folder.path();
    let mut files = vec!["-o", "n.svg", "-o", "n.html", "-o", "n.mmd", "-o", "n.dot", "-o", "n.json"];
    if cfg!(all(feature = "png", feature = "pdf")) {
        files.extend(["-o", "n.png", "-o", "n.pdf"]);
    }
    let arguments = [&["draw", "web.yaml"], files.as_slice()].concat();
    let checking = [&arguments[..], &["--check"]].concat();

    let missing = run(path, &checking);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        text(&missing.stderr).contains("n.svg is not there: kubesketch draw web.yaml -o n.svg"),
        "{}",
        text(&missing.stderr)
    );
    assert_eq!(fs::read_dir(path).unwrap().count(), 1);

    ok(&run(path, &arguments));
    let current = run(path, &checking);
    ok(&current);
    assert!(current.stderr.is_empty() && current.stdout.is_empty());

    for file in files.iter().filter(|f| f.starts_with("n.")) {
        let before = fs::read(path.join(file)).unwrap();
        fs::write(path.join(file), "old").unwrap();
        let stale = run(path, &checking);
        assert_eq!(stale.status.code(), Some(1), "{file}");
        let said = text(&stale.stderr);
        assert!(
            said.starts_with(&format!("{file} is stale: kubesketch draw web.yaml -o")) && !said.contains("--check"),
            "{said}"
        );
        assert_eq!(fs::read(path.join(file)).unwrap(), b"old");
        fs::write(path.join(file), before).unwrap();
    }
    assert_eq!(run(path, &["draw", "web.yaml", "--check"]).status.code(), Some(2));
    assert_eq!(run(path, &["draw", "web.yaml", "--check", "-o", "svg"]).status.code(), Some(2));
    assert_eq!(run(path, &["draw", "none.yaml", "--check", "-o", "n.svg"]).status.code(), Some(2));
}

#[test]
fn a_picture_is_put_between_its_markers() {
    let folder = folder();
    let path = folder.path();
    let before = "# A\r\n<!-- kubesketch:begin -->\r\n<!-- kubesketch:end -->\r\nB\r\n\r\n<!-- kubesketch:begin net -->\r\n<!-- kubesketch:end -->";
    fs::write(path.join("README.md"), before).unwrap();
    let mermaid = ["draw", "web.yaml", "--inject", "README.md"];
    let checking = [&mermaid[..], &["--check"]].concat();
    assert_eq!(run(path, &checking).status.code(), Some(1));
    assert_eq!(fs::read_to_string(path.join("README.md")).unwrap(), before);
    let output = run(path, &mermaid);
    ok(&output);
    assert!(output.stdout.is_empty());
    let after = fs::read_to_string(path.join("README.md")).unwrap();
    assert!(after.starts_with("# A\r\n<!-- kubesketch:begin -->\r\n```mermaid\r\nflowchart LR\r\n"), "{after}");
    assert!(after.ends_with(
        "\r\n```\r\n<!-- kubesketch:end -->\r\nB\r\n\r\n<!-- kubesketch:begin net -->\r\n<!-- kubesketch:end -->"
    ));
    ok(&run(path, &checking));
    ok(&run(path, &mermaid));
    assert_eq!(fs::read_to_string(path.join("README.md")).unwrap(), after);

    let image = ["draw", "web.yaml", "--inject", "README.md#net", "--inject-as", "image"];
    let refused = run(path, &image);
    assert!(refused.status.code() == Some(2) && text(&refused.stderr).contains("add -o with an SVG or PNG file"));
    fs::create_dir(path.join("docs")).unwrap();
    let image = [&image[..], &["-o", "docs/the net.svg"]].concat();
    ok(&run(path, &image));
    let linked = fs::read_to_string(path.join("README.md")).unwrap();
    let line = "<!-- kubesketch:begin net -->\r\n![1 Service and 1 workload in 1 namespace. Nothing is reachable from the Internet.](docs/the%20net.svg)\r\n<!--";
    assert!(linked.contains(line), "{linked}");
    ok(&run(path, &[&image[..], &["--check"]].concat()));
    ok(&run(path, &checking));
    assert_eq!(fs::read_dir(path).unwrap().count(), 3, "a temporary file is left over");

    fs::write(path.join("bare.md"), "text").unwrap();
    let bare = run(path, &["draw", "web.yaml", "--inject", "bare.md"]);
    assert_eq!(bare.status.code(), Some(2));
    assert!(
        text(&bare.stderr).contains("bare.md: it has no line `<!-- kubesketch:begin -->`"),
        "{}",
        text(&bare.stderr)
    );
    assert_eq!(fs::read(path.join("bare.md")).unwrap(), b"text");
}
