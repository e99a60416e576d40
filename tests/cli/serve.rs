//! `kubesketch serve` as browsers, other sites and people with editors meet it: the built program, over HTTP. What is
//! waited for is an event, not a time.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::repository;
use crate::support::server::{Server, command};
use serde_json::Value;
use tempfile::TempDir;

fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: main, image: 'example.org/{name}:1'}}]}}
"
    )
}

/// Puts a file in its place as many editors do: as a whole, by its name.
fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let part = path.with_extension("part");
    fs::write(&part, text).unwrap();
    fs::rename(part, path).unwrap();
}

/// A folder with one deployment, `web`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "web.yaml", &deployment("web"));
    folder
}

/// True if a page draws a workload.
fn draws(page: &str, name: &str) -> bool {
    page.contains(&format!("data-name=\"{name}\""))
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap().1;
    rest.split_once(after).unwrap().0
}

fn version(page: &str) -> &str {
    between(page, "<meta name=\"kubesketch-version\" content=\"", "\"")
}

fn problems(state: &Value) -> &Vec<Value> {
    state["problems"].as_array().unwrap()
}

#[test]
fn the_page_is_served_and_nothing_else() {
    let folder = folder();
    put(folder.path(), "secret.txt", "secret");
    let server = Server::start(folder.path(), &[]);
    let answer = server.get("/");
    assert_eq!(answer.status, 200);
    assert!(draws(&answer.body, "web"));
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
        "frame-ancestors 'none'",
    ] {
        assert!(answer.head.contains(header), "{header}: {}", answer.head);
    }
    let policy = between(&answer.body, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("; script-src 'sha256-"));
    assert!(policy.contains("; connect-src 'self'") && !policy.contains("unsafe"));
    assert_eq!(server.get("/?zoom=2").status, 200);
    assert_eq!(server.ask("HEAD", "/", &[], "").body, "");
    assert_eq!(server.ask("DELETE", "/", &[], "").status, 405);
    assert_eq!(server.get("/paste").status, 405);
    for path in [
        "/web.yaml",
        "/../web.yaml",
        "/..%2fweb.yaml",
        "/secret.txt",
        "//etc/passwd",
        "/../../../../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/now/../web.yaml",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.head.contains("default-src 'none'"));
    }
}

#[test]
fn other_names_and_other_sites_are_refused() {
    let folder = folder();
    let server = Server::start(folder.path(), &["."]);
    let port = server.port;
    let (own, rebound) = (format!("localhost:{port}"), format!("evil.example:{port}"));
    assert_eq!(server.ask("GET", "/", &[("Host", &own)], "").status, 200);
    for path in ["/", "/now", "/events", "/paste", "/nothing"] {
        assert_eq!(server.ask("GET", path, &[("Host", &rebound)], "").status, 421, "{path}");
    }
    assert_eq!(server.raw(b"GET / HTTP/1.0\r\n\r\n").status, 421);
    let yaml = ("Content-Type", "application/yaml");
    let origin = format!("http://{own}");
    assert_eq!(server.ask("POST", "/paste", &[("Host", &own), ("Origin", &origin), yaml], "a: 1").status, 200);
    let foreign = "http://evil.example";
    for origin in [foreign, "null", "https://localhost", &origin] {
        assert_eq!(server.ask("POST", "/paste", &[("Origin", origin), yaml], "a: 1").status, 403, "{origin}");
    }
    assert_eq!(server.ask("GET", "/events", &[("Origin", foreign)], "").status, 403);
    assert_eq!(server.ask("POST", "/paste", &[("Sec-Fetch-Site", "cross-site"), yaml], "a: 1").status, 403);
    assert_eq!(
        server.ask("GET", "/", &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")], "").status,
        403
    );
}

#[test]
fn pasted_yaml_is_drawn_and_kept_nowhere() {
    let folder = folder();
    let server = Server::start(folder.path(), &["-n", "shop", "--kind", "Deployment"]);
    let before = server.page();
    let answer = server.paste(&format!("{}---\na: [\n", deployment("pasted")));
    assert_eq!(answer.status, 200);
    let pasted: Value = serde_json::from_str(&answer.body).unwrap();
    let page = pasted["page"].as_str().unwrap();
    assert!(draws(page, "pasted") && !draws(page, "web"));
    assert_eq!(problems(&pasted)[0]["place"], "<pasted>:10:4");
    assert!(problems(&pasted)[0]["text"].as_str().unwrap().contains(":10:4"));
    let hostile = server.paste("apiVersion: v1\nkind: Service\nmetadata: {name: '<script>alert(1)</script>'}\n");
    assert!(!hostile.body.contains("<script>alert"));
    assert_eq!(server.page(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_sent_is_bounded_in_size_and_time() {
    let folder = folder();
    let server = Server::start(folder.path(), &["."]);
    assert_eq!(server.ask("POST", "/paste", &[("Content-Type", "text/plain")], "a: 1").status, 415);
    let head = |version: &str, rest: &str| {
        let port = server.port;
        format!(
            "POST /paste HTTP/1.{version}\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/yaml\r\n{rest}\r\n"
        )
    };
    assert_eq!(server.raw(head("0", "Content-Length: 8388609\r\n").as_bytes()).status, 413);
    // Nobody says beforehand how long it gets.
    let mut chunked = head("1", "Transfer-Encoding: chunked\r\n").into_bytes();
    for _ in 0..9 {
        chunked.extend(format!("{:x}\r\n{}\r\n", 1 << 20, "#".repeat(1 << 20)).into_bytes());
    }
    // The connection may be cut before all was sent, and its answer lost with it.
    assert!([413, 0].contains(&server.raw(&chunked).status));
    assert_eq!(server.raw(format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(1 << 20)).as_bytes()).status / 100, 4);
    assert_eq!(server.ask("POST", "/paste", &[("Content-Type", "application/yaml")], "").status, 200);
    // A body and a first line that never end.
    std::thread::scope(|scope| {
        let body = scope.spawn(|| server.raw(head("0", "Content-Length: 100\r\n").as_bytes()).status);
        let line = scope.spawn(|| server.raw(b"GET / HT").status);
        assert_eq!(body.join().unwrap(), 408);
        // Whether there is an answer or just an end is the library's affair.
        assert_ne!(line.join().unwrap(), 200);
    });
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn whoever_opens_many_connections_locks_nobody_out() {
    let folder = folder();
    let server = Server::start(folder.path(), &["."]);
    // Some say nothing, some never read what they are told.
    let silent: Vec<_> = (0..150).map(|_| server.connect()).collect();
    let deaf: Vec<_> = (0..150).map(|_| server.events()).collect();
    assert!(deaf.iter().all(|events| events.status == 200));
    assert_eq!(server.get("/").status, 200);
    let mut open: Vec<_> = (0..32).map(|_| server.events()).collect();
    for events in &mut open {
        events.state();
    }
    put(folder.path(), "web.yaml", &deployment("other"));
    for events in &mut open {
        events.state();
    }
    assert!(draws(&server.page(), "other"));
    drop((silent, deaf));
}

#[test]
fn changes_are_told_when_they_happen() {
    let folder = folder();
    let top = folder.path();
    let server = Server::start(top, &["."]);
    let mut events = server.events();
    let first = events.state();
    assert_eq!(first["page"], version(&server.page()));
    let mut shown = |what: &str, is_it: &dyn Fn(&str) -> bool| {
        events.until(|_| is_it(&server.page()));
        println!("{what}");
    };
    fs::write(top.join("web.yaml"), deployment("written")).unwrap();
    shown("written", &|page| draws(page, "written") && !draws(page, "web"));
    put(top, "web.yaml", &deployment("renamed"));
    shown("renamed", &|page| draws(page, "renamed"));
    put(top, "second.yaml", &deployment("second"));
    shown("new file", &|page| draws(page, "second"));
    put(top, "a/b/third.yaml", &deployment("third"));
    shown("new folders", &|page| draws(page, "third"));
    put(top, "a/b/third.yaml", &deployment("fourth"));
    shown("in a new folder", &|page| draws(page, "fourth"));
    fs::rename(top.join("a"), top.join("c")).unwrap();
    shown("renamed folder", &|page| page.contains("c/b/third.yaml"));
    put(top, "c/b/third.yaml", &deployment("fifth"));
    shown("in a renamed folder", &|page| draws(page, "fifth"));
    fs::remove_file(top.join("second.yaml")).unwrap();
    shown("removed", &|page| !draws(page, "second"));
    fs::remove_dir_all(top.join("c")).unwrap();
    shown("removed folder", &|page| !draws(page, "fifth"));
    put(top, ".gitignore", "web.yaml\n");
    put(top, "last.yaml", &deployment("last"));
    shown("ignored", &|page| !draws(page, "renamed") && draws(page, "last"));
}

#[test]
fn who_comes_later_is_told_the_newest_state() {
    let folder = folder();
    let server = Server::start(folder.path(), &["web.yaml"]);
    let mut early = server.events();
    early.state();
    put(folder.path(), "web.yaml", &deployment("newer"));
    let told = early.state();
    assert_eq!(server.events().state(), told);
    assert_eq!(told["page"], version(&server.page()));
}

#[test]
fn what_changes_nothing_is_not_told() {
    let folder = folder();
    let top = folder.path();
    put(top, ".gitignore", "ignored.yaml\n");
    let server = Server::start(top, &["."]);
    let mut events = server.events();
    events.state();
    put(top, "ignored.yaml", &deployment("ignored"));
    put(top, "notes.txt", "nothing");
    put(top, "web.yaml", &deployment("web"));
    put(top, "web.yaml", &format!("{}# a remark\n", deployment("web")));
    fs::create_dir(top.join("empty")).unwrap();
    put(top, "real.yaml", &deployment("real"));
    // However the writes fall into looks, the only page that differs is the one with the last file.
    let told = events.state();
    let page = server.page();
    assert!(draws(&page, "real") && !draws(&page, "ignored"));
    assert_eq!(told["page"], version(&page));
}

#[test]
fn a_broken_file_leaves_the_last_good_picture() {
    let folder = folder();
    let top = folder.path();
    put(top, "api.yaml", &deployment("api"));
    let server = Server::start(top, &["."]);
    let mut events = server.events();
    let good = events.state();
    assert_eq!((good["stale"].as_bool(), problems(&good).len()), (Some(false), 0));

    put(top, "web.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web\n");
    let broken = events.until(|state| state["stale"] == true);
    assert_eq!(broken["page"], good["page"]);
    assert_ne!(broken["now"], good["page"]);
    let problem = &problems(&broken)[0];
    assert!(problem["place"].as_str().unwrap().starts_with("web.yaml:3:"), "{problem}");
    assert!(problem["text"].as_str().unwrap().contains("3 | metadata: {name: web"), "{problem}");
    assert!(!problem["message"].as_str().unwrap().is_empty());
    assert!(draws(&server.page(), "web"));
    let now = server.get("/now").body;
    assert!(draws(&now, "api") && !draws(&now, "web"));

    // It stays while other files change.
    put(top, "api.yaml", &deployment("other"));
    let still = events.until(|state| state["now"] != broken["now"]);
    assert_eq!((&still["page"], &still["stale"]), (&good["page"], &Value::Bool(true)));

    put(top, "web.yaml", &deployment("mended"));
    let mended = events.until(|state| state["stale"] == false);
    assert!(problems(&mended).is_empty());
    assert!(draws(&server.page(), "mended") && draws(&server.page(), "other"));
    assert_eq!(server.get("/now").body, server.page());

    // What is not text cannot be read either.
    fs::write(top.join("api.yaml"), b"a: \xff\xfe\n").unwrap();
    let unread = events.until(|state| state["stale"] == true);
    assert!(problems(&unread)[0]["message"].as_str().unwrap().contains("api.yaml:1:4"));
}

#[test]
fn what_is_broken_from_the_beginning_is_told_and_the_rest_drawn() {
    let folder = folder();
    put(folder.path(), "broken.yaml", "a: [\n");
    let server = Server::start(folder.path(), &["."]);
    let mut events = server.events();
    let first = events.state();
    assert_eq!((first["stale"].as_bool(), problems(&first).len()), (Some(false), 1));
    assert!(draws(&server.page(), "web"));
    // It was known to be broken, so it holds nothing up.
    put(folder.path(), "web.yaml", &deployment("next"));
    let next = events.until(|state| state["page"] != first["page"]);
    assert_eq!((next["stale"].as_bool(), problems(&next).len()), (Some(false), 1));
    put(folder.path(), "broken.yaml", &deployment("mended"));
    events.until(|state| problems(state).is_empty());
    assert!(draws(&server.page(), "mended"));
}

#[test]
fn with_lenient_what_can_be_read_is_shown_at_once() {
    let folder = folder();
    put(folder.path(), "api.yaml", &deployment("api"));
    let server = Server::start(folder.path(), &[".", "--lenient"]);
    let mut events = server.events();
    events.state();
    put(folder.path(), "web.yaml", "a: [\n");
    let broken = events.until(|state| !problems(state).is_empty());
    assert_eq!(broken["stale"], false);
    assert!(draws(&server.page(), "api") && !draws(&server.page(), "web"));
}

#[test]
fn a_selection_that_is_empty_for_a_while_leaves_the_last_picture() {
    let folder = folder();
    let server = Server::start(folder.path(), &[".", "--focus", "web"]);
    let mut events = server.events();
    events.state();
    put(folder.path(), "web.yaml", &deployment("other"));
    let empty = events.until(|state| state["stale"] == true);
    assert!(problems(&empty)[0]["text"].as_str().unwrap().contains("web"));
    assert!(draws(&server.page(), "web"));
    put(folder.path(), "web.yaml", &deployment("web"));
    events.until(|state| state["stale"] == false);
}

#[test]
fn a_folder_may_vanish_and_come_back() {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("a/deploy");
    put(&inner, "web.yaml", &deployment("web"));
    let server = Server::start(outer.path(), &["a/deploy"]);
    let mut events = server.events();
    events.state();
    for (gone, name) in [(&inner, "second"), (&outer.path().join("a"), "third")] {
        fs::remove_dir_all(gone).unwrap();
        events.until(|state| {
            state["stale"] == true && problems(state)[0]["message"].as_str().unwrap().contains("no such")
        });
        assert_eq!(server.get("/").status, 200);
        put(&inner, "web.yaml", &deployment(name));
        events.until(|state| state["stale"] == false && draws(&server.page(), name));
        put(&inner, "web.yaml", &deployment("again"));
        events.until(|_| draws(&server.page(), "again"));
    }
}

#[test]
fn where_nothing_tells_of_changes_they_are_looked_for() {
    let folder = folder();
    let server = Server::start(folder.path(), &[".", "--poll=0.1"]);
    let mut events = server.events();
    events.state();
    put(folder.path(), "web.yaml", &deployment("found"));
    events.state();
    assert!(draws(&server.page(), "found"));
}

#[test]
fn standard_input_is_drawn_once() {
    let folder = folder();
    let mut child = command(folder.path(), &["-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(deployment("piped").as_bytes()).unwrap();
    let server = Server::of(child);
    assert!(draws(&server.page(), "piped"));
    let mut events = server.events();
    assert_eq!(events.state()["page"], version(&server.page()));
}

#[test]
fn changes_against_a_revision_are_live() {
    if !repository::have_git() {
        return;
    }
    let repository = repository::Repository::new();
    let top = repository.top();
    put(top, "web.yaml", &deployment("web"));
    repository.commit("one");
    let server = Server::start(top, &["--git", "main"]);
    assert!(server.page().contains("No difference"));
    let mut events = server.events();
    events.state();
    put(top, "api.yaml", &deployment("api"));
    events.until(|_| draws(&server.page(), "api"));
    assert!(server.page().contains("1 object added"), "{}", server.page());
    put(top, "api.yaml", "a: [\n");
    let broken = events.until(|state| state["stale"] == true);
    assert_eq!(problems(&broken)[0]["place"], "api.yaml:1:4");
    put(top, "api.yaml", &deployment("second"));
    events.until(|state| state["stale"] == false);
    // The revision itself is another one after a commit.
    repository.commit("two");
    events.until(|_| server.page().contains("No difference"));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_at_once_and_fine() {
    let folder = folder();
    for signal in ["INT", "TERM"] {
        let mut server = Server::start(folder.path(), &["."]);
        let mut events = server.events();
        events.state();
        let _half = server.connect().write_all(b"GET / HTTP/1.1\r\n");
        server.signal(signal);
        assert_eq!(events.next().unwrap().0, "end");
        assert!(events.next().is_none());
        assert_eq!(server.wait().code(), Some(0), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn the_browser_that_is_named_is_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let (script, told) = (folder.path().join("browser"), folder.path().join("told"));
    // Written beside and renamed, so that it is there as a whole.
    fs::write(&script, "#!/bin/sh\necho \"$@\" > told.part\nmv told.part told\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut run = command(folder.path(), &["web.yaml", "--open"]);
    run.env("BROWSER", format!("{} --new-window %s", script.display()));
    let server = Server::of(run.spawn().unwrap());
    // It is started after the address was printed, and takes its time.
    let wanted = format!("--new-window http://127.0.0.1:{}/\n", server.port);
    while fs::read_to_string(&told).ok().as_deref() != Some(&wanted) {
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let folder = folder();
    let server = Server::start(folder.path(), &["."]);
    let refused = |args: &[&str]| {
        let mut run = command(folder.path(), args);
        let output = run.stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let port = server.port.to_string();
    assert!(refused(&["--port", &port]).contains(&format!("port {port} is in use")));
    assert!(refused(&["nowhere"]).contains("nowhere: there is no such file or folder"));
    assert!(refused(&["--focus", "nobody"]).contains("nobody"));
    assert!(refused(&["--git", "main"]).contains("git"));
    refused(&["--git", "main", "--focus", "web"]);
    refused(&["--poll=0"]);
}
