//! The preprocessor of mdBook: by the protocol, and in the real mdBook where `KUBESKETCH_MDBOOK` is one.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::run_in;
use crate::support::skip::skip;

const CHAPTER: &str = "# Network

{{#kubesketch ../../deploy --title 'The shop'}}

Around the cart:

{{#kubesketch /deploy --focus shop/cart --theme dark}}

```kubesketch
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
```

````md
{{#kubesketch shown/as/it/is}}
````
";

const BROKEN: &str = "# Broken\n\n{{#kubesketch nothing/here}}\n\n```kubesketch --no-such-option\nkind: X\n```\n";

/// A book beside the manifests of the shop.
fn book() -> TempDir {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::create_dir_all(at("src/guide")).unwrap();
    fs::create_dir_all(at("deploy")).unwrap();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
    for file in fs::read_dir(shop).unwrap().map(|e| e.unwrap().path()) {
        fs::copy(&file, at("deploy").join(file.file_name().unwrap())).unwrap();
    }
    fs::write(at("src/SUMMARY.md"), "# Summary\n\n- [Network](guide/network.md)\n").unwrap();
    fs::write(at("src/guide/network.md"), CHAPTER).unwrap();
    fs::write(at("book.toml"), "[book]\ntitle = \"Shop\"\n\n[preprocessor.kubesketch]\nafter = [\"links\"]\n").unwrap();
    place
}

/// What mdBook sends for a book of one chapter.
fn sent(root: &Path, key: &str, content: &str, fail: bool) -> String {
    let chapter = json!({ "Chapter": {
        "name": "Network", "content": content, "number": [1], "sub_items": [], "path": "guide/network.md",
        "source_path": "guide/network.md", "parent_names": []
    }});
    let context = json!({
        "root": root, "renderer": "html", "mdbook_version": "0.5.4",
        "config": { "book": { "title": "Shop", "src": "src" }, "preprocessor": { "kubesketch": { "fail": fail } } }
    });
    json!([context, { key: ["Separator", chapter, { "PartTitle": "End" }], "__non_exhaustive": null }]).to_string()
}

fn content(book: &Value, key: &str) -> String {
    book[key][1]["Chapter"]["content"].as_str().unwrap().to_owned()
}

fn ids(page: &str) -> Vec<&str> {
    page.split(" id=\"ks").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn chapters_get_their_pictures() {
    let place = book();
    let mut all = BTreeSet::new();
    // As mdBook sends it since 0.5, and before; from the folder of the book, and from elsewhere.
    for (key, folder) in [("items", place.path()), ("sections", Path::new("/"))] {
        let output = run_in(folder, &["mdbook"], Some(&sent(place.path(), key, CHAPTER, false)));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}");
        let book: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&book[key][0], &book[key][2]), (&json!("Separator"), &json!({ "PartTitle": "End" })));
        let page = content(&book, key);
        let pictures: Vec<&str> = page.lines().filter(|line| line.starts_with("<div class=\"kubesketch\">")).collect();
        assert_eq!(pictures.len(), 3, "{page}");
        assert!(pictures.iter().all(|line| line.ends_with("</svg></div>")));
        assert!(page.contains("{{#kubesketch shown/as/it/is}}") && page.contains("\nAround the cart:\n"));
        let ids = ids(&page);
        assert!(ids.len() >= 6 && ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "{ids:?}");
        assert!(pictures[0].contains(">The shop<") && pictures[0].contains(":is(.coal,.navy,.ayu) .ks-f-"));
        assert!(!pictures[1].contains(":is(") && pictures[1].contains("shop/cart"));
        // Line numbers are those of the chapter, and names do not depend on the machine.
        assert!(!page.contains(place.path().to_str().unwrap()));
        all.insert(page);
    }
    assert_eq!(all.len(), 1);
}

#[test]
fn broken_places_stay_and_are_named() {
    let place = book();
    let play = |fail: bool| run_in(place.path(), &["mdbook"], Some(&sent(place.path(), "items", BROKEN, fail)));
    let output = play(false);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0));
    assert!(said.contains("src/guide/network.md:3: chapter `Network`: src/guide/nothing/here"), "{said}");
    assert!(
        said.contains("src/guide/network.md:5: chapter `Network`: unexpected argument '--no-such-option'"),
        "{said}"
    );
    assert_eq!(content(&serde_json::from_slice(&output.stdout).unwrap(), "items"), BROKEN);
    let output = play(true);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let output = run_in(place.path(), &["mdbook"], Some("{}"));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a book of mdBook"));
}

#[test]
fn nothing_outside_of_the_repository_is_read_or_written() {
    let place = book();
    fs::create_dir_all(place.path().join("inner/src")).unwrap();
    for (asked, why) in [
        ("../../deploy", "leads out of the folders that may be read"),
        ("/etc", "etc"),
        ("-", "src/-"),
        ("x -o /tmp/x.svg", "unexpected argument '-o'"),
        ("x --cluster", "unexpected argument '--cluster'"),
        ("x --helm y", "unexpected argument '--helm'"),
        ("", "name the files"),
    ] {
        let text = format!("{{{{#kubesketch {asked}}}}}\n");
        let input = sent(&place.path().join("inner"), "items", &text, false).replace("guide/network.md", "network.md");
        let output = run_in(place.path(), &["mdbook"], Some(&input));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{asked}: {said}");
        assert_eq!(content(&serde_json::from_slice(&output.stdout).unwrap(), "items"), text);
    }
}

#[test]
fn the_program_is_a_preprocessor_by_its_name() {
    let place = book();
    let named = place.path().join("mdbook-kubesketch");
    symlink(env!("CARGO_BIN_EXE_kubesketch"), &named).unwrap();
    for (renderer, code) in [("html", 0), ("epub", 0), ("markdown", 1), ("test", 1)] {
        let status = Command::new(&named).args(["supports", renderer]).status().unwrap();
        assert_eq!(status.code(), Some(code), "{renderer}");
    }
}

/// The real mdBook: three pictures, built twice to the same bytes.
#[test]
fn mdbook_builds_the_book() {
    let Some(mdbook) = std::env::var_os("KUBESKETCH_MDBOOK") else {
        skip("KUBESKETCH_MDBOOK is not here");
        return;
    };
    let place = book();
    let programs = TempDir::new().unwrap();
    symlink(env!("CARGO_BIN_EXE_kubesketch"), programs.path().join("mdbook-kubesketch")).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap_or_default());
    let build = |to: &str| {
        let output = Command::new(&mdbook)
            .args(["build", "--dest-dir", to])
            .arg(place.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        ["guide/network.html", "print.html"].map(|page| fs::read_to_string(Path::new(to).join(page)).unwrap())
    };
    let at = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let [page, print] = build(&at("once"));
    assert_eq!([page.clone(), print.clone()], build(&at("again")));
    for page in [&page, &print] {
        assert_eq!(page.matches("<div class=\"kubesketch\">").count(), 3);
        assert_eq!(page.matches("</svg></div>").count(), 3, "a picture is torn");
        assert!(page.to_lowercase().contains("viewbox=\"0 0 ") && page.contains("{{#kubesketch shown/as/it/is}}"));
        let ids = ids(page);
        assert!(ids.len() >= 6 && ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "{ids:?}");
    }
}
