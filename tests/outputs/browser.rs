//! The page in a real browser: Chromium, driven from Node by playwright-core, does what people do, one scenario of
//! `tests/browser` for each test.
//!
//! `KUBESKETCH_PLAYWRIGHT` names an unpacked playwright-core, as `.ci/run` puts it in place; without it, or without
//! Node or Chromium, the tests say that they are skipped. `KUBESKETCH_AXE` may name an unpacked axe-core. With
//! `KUBESKETCH_SHOTS` naming a folder, each scenario leaves screenshots there to be looked at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};

use crate::support::app::app;
use crate::support::shop;
use crate::support::skip::skip;

/// The folder with the pages that scenarios open.
static PAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = shop::folder("browser");
    let to = |name: &str| folder.join(name).to_string_lossy().into_owned();
    for example in ["market", "shop", "policies"] {
        let input = format!("examples/{example}");
        kubesketch(&["draw", &input, "-o", &to(&format!("{example}.html"))]);
        let connections = kubesketch(&["table", "connections", "--all", &input, "-o", "json"]);
        std::fs::write(to(&format!("{example}.connections.json")), connections).unwrap();
        let exposure = kubesketch(&["table", "exposure", &input, "-o", "json"]);
        std::fs::write(to(&format!("{example}.exposure.json")), exposure).unwrap();
    }
    kubesketch(&["draw", "examples/market", "--theme", "auto", "-o", &to("auto.html")]);
    kubesketch(&["draw", "examples/market", "-n", "data", "-o", &to("market-data.html")]);
    kubesketch(&["draw", "examples/market", "-o", &to("market/")]);
    for input in ["except", "shut", "calls"] {
        kubesketch(&["draw", &format!("tests/browser/{input}.yaml"), "-o", &to(&format!("{input}.html"))]);
    }
    let closed = app("zeroday", 1, 8080);
    std::fs::write(to("closed.yaml"), &closed).unwrap();
    std::fs::write(to("open.yaml"), closed + EXPOSED).unwrap();
    kubesketch(&["diff", &to("closed.yaml"), &to("open.yaml"), "-o", &to("exposed.html")]);
    kubesketch(&["diff", &to("open.yaml"), &to("closed.yaml"), "-o", &to("hidden.html")]);
    let [before, after] = widened();
    std::fs::write(to("before.yaml"), before).unwrap();
    std::fs::write(to("after.yaml"), after).unwrap();
    kubesketch(&["diff", &to("before.yaml"), &to("after.yaml"), "-o", &to("widened.html")]);
    std::fs::write(to("big.yaml"), town(12, 20)).unwrap();
    kubesketch(&["draw", &to("big.yaml"), "-o", &to("big.html")]);
    std::fs::write(to("old.yaml"), [app("cart", 2, 8082), app("catalog", 1, 8081), app("web", 3, 8080)].concat())
        .unwrap();
    std::fs::write(to("new.yaml"), [app("cart", 5, 8182), app("search", 2, 9200), app("web", 3, 8080)].concat())
        .unwrap();
    kubesketch(&["diff", &to("old.yaml"), &to("new.yaml"), "-o", &to("diff.html")]);
    let hostile = std::fs::read_to_string(root().join("tests/browser/hostile.yaml")).unwrap();
    std::fs::write(
        to("hostile-new.yaml"),
        hostile.replace("replicas: 2", "replicas: 3").replace("port: 80,", "port: 81,"),
    )
    .unwrap();
    let hostile = "tests/browser/hostile.yaml";
    kubesketch(&["draw", hostile, "--lenient", "-o", &to("hostile.html")]);
    kubesketch(&["diff", hostile, &to("hostile-new.yaml"), "--lenient", "-o", &to("hostile-diff.html")]);
    // The preview serves a copy, which its scenario changes.
    std::fs::create_dir_all(folder.join("shop")).unwrap();
    for file in std::fs::read_dir(root().join("examples/shop")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), folder.join("shop").join(file.file_name())).unwrap();
    }
    folder
});

/// What opens a workload to the Internet.
const EXPOSED: &str = "---
apiVersion: v1
kind: Service
metadata: {name: zeroday-open, namespace: shop}
spec: {type: LoadBalancer, selector: {app: zeroday}, ports: [{port: 80, targetPort: 8080}]}
";

/// A database that four workloads may reach after a change, each by a policy of its own, and one that is opened.
fn widened() -> [String; 2] {
    let everything: String = ["a", "b", "c", "d", "db"].iter().map(|name| app(name, 1, 5432)).collect();
    let deny = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
";
    let allow = |name: &str| {
        format!(
            "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: from-{name}, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: db}}}}
  ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {name}}}}}}}], ports: [{{port: 5432}}]}}]
"
        )
    };
    let open = "---
apiVersion: v1
kind: Service
metadata: {name: web-open, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
";
    let before = everything.clone() + deny + &app("web", 1, 8080);
    let allowed: String = ["a", "b", "c", "d"].iter().map(|name| allow(name)).collect();
    [before, everything + deny + &app("web", 5, 8080) + &allowed + open]
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program, and gives what it prints.
fn kubesketch(words: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubesketch")).args(words).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Namespaces that deny by default, each with so many workloads, of which every other one may be called by the one
/// before it, and an Ingress.
fn town(namespaces: usize, workloads: usize) -> String {
    let mut out = String::new();
    for n in 0..namespaces {
        let namespace = format!("team-{n:03}");
        for i in 0..workloads {
            let name = format!("svc-{i:03}");
            out += &app(&name, 3, 8080).replace("namespace: shop", &format!("namespace: {namespace}"));
            if i > 0 && i % 2 == 0 {
                let from = i - 1;
                write!(
                    out,
                    "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: to-{name}, namespace: {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: {name}}}}}
  ingress: [{{from: [{{podSelector: {{matchLabels: {{app: svc-{from:03}}}}}}}], ports: [{{port: 8080}}]}}]
"
                )
                .unwrap();
            }
        }
        write!(
            out,
            "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: default-deny, namespace: {namespace}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: {namespace}}}
spec:
  ingressClassName: nginx
  rules:
    - host: {namespace}.example.com
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: svc-000, port: {{number: 80}}}}}}}}]}}
"
        )
        .unwrap();
    }
    out
}

/// Where a program is that the search path has.
fn path_of(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|p| p.join(name)).find(|p| p.is_file())
}

/// What a scenario found wrong, if anything.
#[derive(serde::Deserialize)]
struct Verdict {
    name: String,
    failure: Option<String>,
}

/// The one browser of this process, which goes with it, and those who wait for the verdict on a scenario.
struct Driver {
    scenarios: ChildStdin,
    waiting: Arc<Mutex<BTreeMap<String, Sender<Verdict>>>>,
}

/// The driver, or why there is none.
static DRIVER: LazyLock<Result<Mutex<Driver>, &'static str>> = LazyLock::new(|| {
    let Some(library) = std::env::var_os("KUBESKETCH_PLAYWRIGHT") else {
        return Err("KUBESKETCH_PLAYWRIGHT names no playwright-core");
    };
    let (Some(node), Some(chromium)) = (path_of("node"), path_of("chromium")) else {
        return Err("Node or Chromium is not installed");
    };
    let mut child = Command::new(node)
        .arg(root().join("tests/browser/run.mjs"))
        .arg(&*PAGES)
        .env("KUBESKETCH_PLAYWRIGHT", std::fs::canonicalize(library).unwrap())
        .env("KUBESKETCH_CHROMIUM", chromium)
        .env("KUBESKETCH_PROGRAM", env!("CARGO_BIN_EXE_kubesketch"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let scenarios = child.stdin.take().unwrap();
    let waiting: Arc<Mutex<BTreeMap<String, Sender<Verdict>>>> = Arc::default();
    let (output, ended) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&waiting));
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let verdict: Verdict = serde_json::from_str(&line).unwrap();
            if let Some(to) = ended.lock().unwrap().remove(&verdict.name) {
                let _ = to.send(verdict);
            }
        }
        // Whoever still waits is told by the end of the channel.
        ended.lock().unwrap().clear();
        child.wait().unwrap();
    });
    Ok(Mutex::new(Driver { scenarios, waiting }))
});

fn run(scenario: &str) {
    let driver = match &*DRIVER {
        Ok(driver) => driver,
        Err(reason) => return skip(reason),
    };
    let (sender, verdict) = channel();
    {
        let mut driver = driver.lock().unwrap();
        driver.waiting.lock().unwrap().insert(scenario.to_owned(), sender);
        writeln!(driver.scenarios, "{scenario}").unwrap();
    }
    let verdict = verdict.recv().expect("the browser ended without a verdict");
    assert!(verdict.failure.is_none(), "{scenario}: {}", verdict.failure.unwrap());
}

macro_rules! scenarios {
    ($($test:ident: $scenario:literal,)*) => {
        $(#[test]
        fn $test() {
            run($scenario);
        })*

        #[test]
        fn every_scenario_is_run() {
            let known = [$($scenario),*];
            for file in std::fs::read_dir(root().join("tests/browser")).unwrap() {
                let path = file.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                if path.extension().is_some_and(|e| e == "mjs") && text.contains("export default") {
                    assert!(known.contains(&name), "{name} is not in the list of tests/outputs/browser.rs");
                }
            }
        }
    };
}

scenarios! {
    a_page_from_the_disk_works_with_and_without_its_script: "load",
    search_finds_by_names_and_fields: "search",
    a_selected_card_tells_who_reaches_it_and_why: "select",
    a_design_is_reviewed_within_three_clicks: "review",
    whether_one_can_reach_another_is_answered: "question",
    the_matrix_says_what_the_table_says: "matrix",
    filters_take_out_and_bring_back: "filters",
    the_address_holds_what_is_looked_at: "deeplink",
    everything_can_be_done_with_keys: "keys",
    the_picture_is_moved_and_zoomed: "camera",
    dark_light_and_paper: "colors",
    copies_are_documents_of_their_own: "copies",
    an_overview_leads_to_all_objects: "overview",
    a_change_is_seen_before_and_after: "changes",
    roles_and_names_are_told: "accessible",
    the_preview_follows_files: "serve",
    the_preview_of_a_change_follows_too: "revisions",
    every_page_answers_about_all: "answers",
    lines_panels_and_headlines_say_the_same: "truth",
    lines_can_be_opened: "lines",
    an_attack_is_told_step_by_step: "attack",
    services_namespaces_and_the_outside_are_ends: "ends",
    it_behaves_as_pages_do: "habits",
    a_phone_and_an_enlarged_screen_have_room: "phone",
    axe_finds_nothing: "axe",
    calls_are_shown_and_told: "calls",
    a_change_alarms_and_knows_both_states: "both",
    hostile_texts_stay_texts: "hostile",
}
