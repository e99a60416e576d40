//! The public face of the library, in `docs/api.txt`: every item with its declaration and its methods, so that a change
//! of it is seen. `KUBESKETCH_BLESS=1` writes it anew.
//!
//! It is read from the pages that `cargo doc --no-deps` writes, which `.ci/run` does before; without them, or with ones
//! that are older than the sources, the test is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::skip::skip;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// When the newest file in a folder was changed.
fn newest(folder: &Path) -> SystemTime {
    let times = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { newest(&path) } else { path.metadata().unwrap().modified().unwrap() }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The folder with the page of all items, if it is as new as the sources.
fn pages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("doc/kubesketch");
    let made = folder.join("all.html").metadata().and_then(|m| m.modified()).ok()?;
    (made > newest(&root().join("src"))).then_some(folder)
}

/// The texts between an opening and a closing mark, in turn.
fn between<'a>(page: &'a str, opening: &'a str, closing: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(opening).skip(1).filter_map(move |rest| rest.split(closing).next())
}

/// HTML as the text that is seen, on one line.
fn text(html: &str) -> String {
    let mut plain = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        // What unfolds long declarations is no part of them.
        rest = if tag.starts_with("summary") { tag.split_once("</summary>") } else { tag.split_once('>') }.unwrap().1;
    }
    plain.push_str(rest);
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(entity, character);
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each item by kind and path; below it its declaration and what it has of its own, without traits that it implements.
fn face(folder: &Path) -> String {
    let all = fs::read_to_string(folder.join("all.html")).unwrap();
    let mut out = String::new();
    let list = all.split("<h3 id=").skip(1).collect::<String>();
    for link in between(&list, "<li><a href=\"", "</a>") {
        let (page, name) = link.split_once("\">").unwrap();
        let kind = page.rsplit('/').next().unwrap().split('.').next().unwrap();
        out.push_str(&format!("{kind} {}\n", text(name)));
        let page = fs::read_to_string(folder.join(page)).unwrap();
        let own = page.split("id=\"trait-implementations\"").next().unwrap();
        let own = own.split("id=\"synthetic-implementations\"").next().unwrap();
        for declaration in between(own, "<pre class=\"rust item-decl\"><code>", "</code></pre>") {
            out.push_str(&format!("    {}\n", text(declaration)));
        }
        for method in between(own, "<h4 class=\"code-header\">", "</h4>").filter(|_| kind != "trait") {
            out.push_str(&format!("    {}\n", text(method)));
        }
    }
    out
}

#[test]
fn the_face_of_the_library_is_as_committed() {
    let Some(folder) = pages() else {
        return skip("`cargo doc --no-deps` has not been run since the sources changed");
    };
    let path = root().join("docs/api.txt");
    let now = face(&folder);
    assert!(now.lines().count() > 20, "the pages of rustdoc are not read rightly:\n{now}");
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    let then = fs::read_to_string(&path).unwrap_or_default();
    let gone: Vec<&str> = then.lines().filter(|l| !now.lines().any(|n| n == *l)).collect();
    let new: Vec<&str> = now.lines().filter(|l| !then.lines().any(|t| t == *l)).collect();
    assert!(
        then == now,
        "the face of the library changed: `cargo doc --no-deps && KUBESKETCH_BLESS=1 cargo test --test house api` writes \
         docs/api.txt\n- {}\n+ {}",
        gone.join("\n- "),
        new.join("\n+ ")
    );
}
