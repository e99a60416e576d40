//! The rules of the house that a compiler does not check: who may import whom, and what every file must have.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and what it may import. What is not here may import nothing of ours.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("net", &[]),
    ("inert", &[]),
    ("source", &["net"]),
    ("diagnostic", &["net", "source"]),
    ("manifest", &["net", "source", "diagnostic"]),
    ("kustomize", &["net", "manifest", "source", "diagnostic"]),
    ("units", &["net", "kustomize", "manifest", "source"]),
    ("cluster", &["net", "manifest", "source", "diagnostic"]),
    ("policy", &["net", "cluster", "manifest", "source", "diagnostic"]),
    ("graph", &["net"]),
    ("view", &["graph", "net"]),
    ("resolve", &["net", "policy", "cluster", "manifest", "graph", "source", "diagnostic"]),
    ("world", &["net", "resolve", "policy", "cluster", "manifest", "graph", "source", "diagnostic"]),
    ("why", &["net", "world", "resolve", "policy", "cluster", "manifest", "graph", "source", "diagnostic"]),
    ("check", &["net", "world", "resolve", "policy", "cluster", "manifest", "graph", "source", "diagnostic"]),
    ("diff", &["net", "world", "policy", "cluster", "manifest", "graph", "source", "diagnostic"]),
    ("layout", &["graph", "net"]),
    ("picture", &["net", "world", "view", "layout", "check", "graph", "diagnostic"]),
    (
        "render",
        &["net", "world", "layout", "check", "diff", "why", "graph", "policy", "cluster", "source", "diagnostic"],
    ),
];

/// Rooms that every room may import; they import nothing themselves.
const EVERYBODYS: &[&str] = &["net", "inert"];

/// Rooms that may import everything.
const FREE: &[&str] = &["cli", "face", "lib", "main"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 40, "the walk found only {} files", files.len());
    files.into_iter().map(|f| (f.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&f).unwrap())).collect()
}

/// The room a file of `src` is in: the folder, or the file's own name at the top.
fn room(path: &Path) -> String {
    let below = path.strip_prefix("src").unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(p, _)| p.starts_with("src")) {
        let here = room(&path);
        if FREE.contains(&here.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(r, _)| *r == here) else {
            wrong.push(format!("{}: room `{here}` is not in the list of tests/house/tidy.rs", path.display()));
            continue;
        };
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let other: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let ours = MAY_IMPORT.iter().any(|(r, _)| *r == other) || FREE.contains(&other.as_str());
                if other != here && ours && !EVERYBODYS.contains(&other.as_str()) && !allowed.contains(&other.as_str())
                {
                    wrong.push(format!("{}:{}: `{here}` must not import `{other}`", path.display(), number + 1));
                }
                if !ours && !rest.starts_with('{') {
                    wrong.push(format!("{}:{}: import `{other}` by its room", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_source_and_cli_touch_the_system() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(p, _)| p.starts_with("src")) {
        if ["source", "cli", "main"].contains(&room(&path).as_str()) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in [
            "std::fs",
            "std::env",
            "std::io",
            "std::process",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "SystemTime",
            "Instant::now",
        ] {
            if code.contains(word) {
                wrong.push(format!("{} uses {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_can_be_held_in_the_head() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{}: the first line says nothing (//!)", path.display()));
        }
        let lines = text.lines().count();
        let table = text.lines().take(5).any(|l| l.contains("Generated"));
        if lines > 600 && !table {
            wrong.push(format!("{}: {lines} lines want to be two files", path.display()));
        }
        if path.starts_with("src") {
            for word in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("] {
                if text.contains(word) {
                    wrong.push(format!("{}: holds {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Scripts of pages, and those that test and measure them.
fn scripts() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for folder in ["templates", "templates/page", "tests/browser", "benches"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "js" || e == "mjs") {
                files.push((path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 30, "the walk found only {} scripts", files.len());
    files
}

#[test]
fn every_script_says_what_it_is_for() {
    for (path, text) in scripts() {
        assert!(text.trim_start().starts_with("// "), "{}: the first line says nothing (//)", path.display());
        assert!(text.lines().count() <= 600, "{} wants to be two files", path.display());
    }
}

#[test]
fn the_architecture_page_knows_every_room() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    for (room, _) in MAY_IMPORT {
        assert!(page.contains(&format!("`{room}`")), "docs/architecture.md does not speak of `{room}`");
    }
}

/// Ways to take a text apart.
const TAKES_APART: &[&str] = &[
    ".starts_with(",
    ".ends_with(",
    ".strip_prefix(",
    ".strip_suffix(",
    ".split_once(",
    ".rsplit_once(",
    ".rsplit(",
    ".splitn(",
    ".rsplitn(",
    ".trim_start_matches(",
    ".trim_end_matches(",
    ".split('",
    ".split(\"",
    ".split([",
];

/// The files behind the inventory that take texts apart, and which texts: such that people or other programs wrote, or
/// that are measured or printed and never understood.
const READS_TEXTS: &[(&str, &str)] = &[
    ("src/check/calls.rs", "paths of fields, names of namespaces"),
    ("src/check/fingerprint.rs", "messages, of which the numbers are left out"),
    ("src/check/ingress.rs", "paths, hosts and annotations of Ingresses"),
    ("src/check/objects.rs", "names and API groups of objects"),
    ("src/check/policies.rs", "names of kinds"),
    ("src/check/policy_others.rs", "names of namespaces"),
    ("src/check/policy_peers.rs", "names of namespaces"),
    ("src/check/separate.rs", "paths of files"),
    ("src/check/services.rs", "names and values of manifests"),
    ("src/cli/complete.rs", "names that a shell would take apart"),
    ("src/check/suppress.rs", "comments and annotations that suppress findings"),
    ("src/cli/config.rs", "paths of files"),
    ("src/cli/shorthand.rs", "arguments"),
    ("src/cli/inject.rs", "Markdown"),
    ("src/cli/input.rs", "arguments"),
    ("src/cli/material.rs", "names of files"),
    ("src/cli/mdbook.rs", "paths of files"),
    ("src/cli/mdbook/page.rs", "Markdown"),
    ("src/cli/mdbook/picture.rs", "paths of files, messages of the parser of arguments"),
    ("src/cli/output.rs", "arguments"),
    ("src/cli/places.rs", "paths of files"),
    ("src/cli/serve/guard.rs", "headers of requests"),
    ("src/cli/serve/roots.rs", "paths of files"),
    ("src/cli/serve/routes.rs", "headers of requests"),
    ("src/cli/site.rs", "names of files"),
    ("src/cli/signals.rs", "what the system says of signals"),
    ("src/cli/why.rs", "the locale"),
    ("src/diff/facts.rs", "references of images"),
    ("src/diff/mod.rs", "paths of files"),
    ("src/diff/objects.rs", "keys of manifests and their paths"),
    ("src/graph/config.rs", "types of Secrets, names of metrics"),
    ("src/graph/describe.rs", "references of images, paths of routes"),
    ("src/layout/cards/card.rs", "lines that were cut to their width"),
    ("src/layout/cards/changes.rs", "paths of routes"),
    ("src/layout/cards/wrap.rs", "texts that are cut to a width"),
    ("src/render/dot.rs", "lines of DOT as they are written"),
    ("src/render/findings/place.rs", "names of files"),
    ("src/render/html.rs", "backticks of messages, for how they look"),
    ("src/render/ids.rs", "letters of names"),
    ("src/render/mermaid_text.rs", "lines of texts"),
    ("src/render/problem.rs", "lines of manifests"),
    ("src/render/script.rs", "lines of the page's own script"),
    ("src/render/svg.rs", "spaces and lines of texts"),
    ("src/render/table.rs", "cells that a spreadsheet would run"),
    ("src/render/words.rs", "arguments, lines of texts"),
    ("src/render/xml.rs", "digits of numbers, lines of texts"),
    ("src/resolve/absence.rs", "names of pods"),
    ("src/resolve/entrance/alb.rs", "annotations"),
    ("src/resolve/calls.rs", "names of variables"),
    ("src/resolve/calls/names.rs", "DNS names"),
    ("src/resolve/calls/texts.rs", "values of configuration"),
    ("src/resolve/calls/words.rs", "values of configuration"),
    ("src/resolve/controllers.rs", "arguments"),
    ("src/resolve/dns.rs", "names of namespaces and values of labels"),
    ("src/resolve/operators.rs", "API groups"),
    ("src/resolve/provision.rs", "identities of nodes"),
    ("src/resolve/clouds.rs", "annotations"),
    ("src/resolve/exposure.rs", "addresses of the machine itself"),
    ("src/resolve/entrance/contour.rs", "paths"),
    ("src/resolve/entrance/listeners.rs", "host names"),
    ("src/resolve/entrance/nginx_config.rs", "arguments"),
    ("src/resolve/entrance/openshift.rs", "host names"),
    ("src/resolve/entrance/points.rs", "arguments"),
    ("src/resolve/entrance/limits.rs", "annotations, snippets and names of classes"),
    ("src/resolve/entrance/traefik.rs", "annotations"),
    ("src/resolve/entrance/annotations.rs", "annotations and names of classes"),
    ("src/resolve/entrance/apisix.rs", "paths"),
    ("src/resolve/entrance/emissary.rs", "addresses of Services"),
    ("src/resolve/entrance/expression.rs", "rules of Traefik"),
    ("src/resolve/entrance/istio.rs", "hosts and names of Gateways"),
    ("src/resolve/entrance/knative.rs", "API versions"),
    ("src/resolve/entrance/nginx.rs", "paths and names of objects"),
    ("src/resolve/entrance/gateway.rs", "hosts, kinds and classes"),
    ("src/resolve/entrance/ingress.rs", "hosts"),
    ("src/resolve/resources/found.rs", "names of claims"),
    ("src/resolve/resources/users.rs", "names of Secrets"),
    ("src/resolve/services.rs", "DNS names"),
    ("src/resolve/unread.rs", "kinds and API groups, DNS names"),
    ("src/view/grouping.rs", "keys of labels"),
    ("src/resolve/entrance/tls.rs", "annotations"),
    ("src/why/dns.rs", "DNS names"),
    ("src/why/ends.rs", "blocks of one address, written without their length"),
    ("src/why/lookup.rs", "names in questions"),
    ("src/why/question.rs", "questions"),
    ("src/why/url.rs", "hosts and paths"),
];

/// Names of ids, labels and other texts of ours: they are made at the end and never read.
const OURS: &[&str] = &["id", "about", "label", "facts", "facts()", "words()", "to_string()", "tooltip", "object"];

#[test]
fn nothing_is_read_back_from_texts_of_ours() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(p, _)| p.starts_with("src")) {
        if ["net", "inert", "source", "diagnostic", "manifest", "kustomize", "units", "cluster", "policy"]
            .contains(&room(&path).as_str())
        {
            continue;
        }
        let name = path.to_string_lossy().replace('\\', "/");
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let found: Vec<&str> = lines.filter(|line| TAKES_APART.iter().any(|way| line.contains(way))).collect();
        match (READS_TEXTS.iter().any(|(file, _)| *file == name), found.first()) {
            (false, Some(line)) => wrong.push(format!("{name} takes a text apart: {}", line.trim())),
            (true, None) => wrong.push(format!("{name} takes no text apart: the list of tests/house/tidy.rs says so")),
            _ => {}
        }
        for line in found {
            let ours = |way: &&str| {
                let before = line.find(way).map(|at| line[..at].trim_end_matches(".as_str()"));
                before.is_some_and(|b| OURS.iter().any(|word| b.ends_with(&format!(".{word}"))))
            };
            if TAKES_APART.iter().any(ours) {
                wrong.push(format!("{name} reads a text of ours: {}", line.trim()));
            }
        }
    }
    for (file, _) in READS_TEXTS.iter().filter(|(file, _)| !root().join(file).exists()) {
        wrong.push(format!("{file} is in the list of tests/house/tidy.rs and not there"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
