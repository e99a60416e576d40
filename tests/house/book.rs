//! The documentation as a book: its table of contents has every page, and every link arrives.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kubesketch::diagnostic::Code;

use crate::support::skip::skip;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            markdown(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// The pages of `docs`, and those at the top of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    markdown(&root().join("docs"), &mut pages);
    pages.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|name| root().join(name)));
    pages
}

/// A text without its fenced and indented blocks and without code in lines.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with("    ") {
            prose.extend(line.split('`').step_by(2));
        }
        prose.push('\n');
    }
    prose
}

/// The places that links and pictures of a page lead to, without addresses of the web.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let places = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(place, _)| place.trim());
    places.filter(|p| !p.is_empty() && !p.contains("://") && !p.starts_with("mailto:")).map(str::to_owned).collect()
}

/// The anchor that GitHub and mdBook give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    text.lines().filter(|l| l.starts_with('#')).map(|l| anchor(l.trim_start_matches('#'))).collect()
}

#[test]
fn every_link_of_a_page_arrives() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            count += 1;
            let (place, mark) = link.split_once('#').unwrap_or((&link, ""));
            let path = if place.is_empty() { page.clone() } else { page.parent().unwrap().join(place) };
            let name = page.strip_prefix(root()).unwrap().display();
            if !path.exists() {
                wrong.push(format!("{name}: {link}: there is no such file"));
                continue;
            }
            let is_of_the_book = page.starts_with(root().join("docs"));
            if is_of_the_book && !path.canonicalize().unwrap().starts_with(root().join("docs").canonicalize().unwrap())
            {
                wrong.push(format!("{name}: {link} leaves docs, where the site ends: name the path as code instead"));
            }
            if !mark.is_empty() && path.is_file() && !anchors(&fs::read_to_string(&path).unwrap()).contains(mark) {
                wrong.push(format!("{name}: {link}: there is no such heading"));
            }
        }
    }
    assert!(count > 150, "only {count} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table of contents with the pages that are many: of findings by code, and of decisions by number.
fn contents(written: &str) -> String {
    let is_made = |line: &&str| !line.starts_with("  - [");
    let mut text = String::new();
    for line in written.lines().filter(is_made) {
        text += &format!("{line}\n");
        if line.contains("(diagnostics/README.md)") {
            let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
            codes.sort_unstable();
            codes.iter().for_each(|code| text += &format!("  - [{code}](diagnostics/{code}.md)\n"));
        }
        if line.contains("(decisions/README.md)") {
            let mut pages = Vec::new();
            markdown(&root().join("docs/decisions"), &mut pages);
            for page in pages.iter().filter(|page| !page.ends_with("README.md")) {
                let text_of_page = fs::read_to_string(page).unwrap();
                let title = text_of_page.lines().next().unwrap().trim_start_matches("# ").replace(['[', ']'], "");
                let name = page.file_name().unwrap().to_str().unwrap();
                text += &format!("  - [{title}](decisions/{name})\n");
            }
        }
    }
    text
}

#[test]
fn the_table_of_contents_has_every_page_once() {
    let path = root().join("docs/SUMMARY.md");
    let written = fs::read_to_string(&path).unwrap();
    let wanted = contents(&written);
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        fs::write(&path, &wanted).unwrap();
    } else {
        assert!(written == wanted, "docs/SUMMARY.md is stale: KUBESKETCH_BLESS=1 cargo test --test house book");
    }
    let listed: Vec<String> = links(&wanted);
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    for page in pages().iter().filter_map(|page| page.strip_prefix(root().join("docs")).ok()) {
        let name = page.to_str().unwrap().to_owned();
        assert!(name == "SUMMARY.md" || unique.contains(&name), "docs/SUMMARY.md does not list {name}");
    }
}

/// mdBook itself builds the site, without a warning.
#[test]
fn the_site_is_built() {
    let Some(mdbook) = std::env::var_os("KUBESKETCH_MDBOOK") else {
        skip("KUBESKETCH_MDBOOK does not name mdbook");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(mdbook)
        .args(["build", "docs", "--dest-dir"])
        .arg(folder.path())
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let index = fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(index.contains("pictures/shop.svg") && folder.path().join("pictures/shop.svg").exists());
    assert!(folder.path().join("diagnostics/ingress-no-tls.html").exists());
}
