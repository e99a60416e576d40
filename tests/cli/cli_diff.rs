//! `kubesketch diff` as people run it: files, folders, standard input, what kubectl hands over, gates and comments.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::markdown;

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'example.org/web:1.0', ports: [{containerPort: 8080}]}]}
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

fn diff(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubesketch"))
        .arg("diff")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that reads no input may be over before this is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_file_against_standard_input() {
    let there = folder(&[("old.yaml", WEB)]);
    let run = diff(there.path(), &["-q", "old.yaml", "-"], &WEB.replace("replicas: 2", "replicas: 3"));
    assert_eq!(run.status.code(), Some(0));
    assert!(out(&run).contains("replicas 2 → 3"), "{}", out(&run));
    assert!(out(&run).contains("spec.replicas (<stdin>:5)"), "{}", out(&run));
}

#[test]
fn nothing_differs() {
    let both = format!("{WEB}---\n{SERVICE}");
    let there = folder(&[("a/all.yaml", &both), ("b/service.yml", SERVICE), ("b/deep/web.yaml", WEB)]);
    let run = diff(there.path(), &["--exit-code", "--fail-on", "any", "a", "b"], "");
    assert_eq!((run.status.code(), out(&run).trim_end()), (Some(0), "a → b: no difference"));
}

/// <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_diff/>
#[test]
fn what_kubectl_diff_hands_over() {
    let there = folder(&[
        ("LIVE-1/apps.v1.Deployment.shop.web", WEB),
        ("MERGED-2/apps.v1.Deployment.shop.web", &WEB.replace("web:1.0", "web:1.1")),
        ("MERGED-2/v1.Service.shop.web", SERVICE),
    ]);
    let run = diff(there.path(), &["-q", "--exit-code", "LIVE-1", "MERGED-2"], "");
    assert_eq!(run.status.code(), Some(1));
    assert!(out(&run).contains("image 1.0 → 1.1") && out(&run).contains("+ shop/web[Service]"), "{}", out(&run));
    // What is new has nothing on the other side.
    let there = folder(&[("MERGED-2/v1.Service.shop.web", SERVICE)]);
    fs::create_dir(there.path().join("LIVE-1")).unwrap();
    let run = diff(there.path(), &["-q", "--exit-code", "LIVE-1", "MERGED-2"], "");
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn what_release_tools_write_is_no_difference() {
    let labeled = |version: &str| {
        SERVICE.replace(
            "namespace: shop}",
            &format!("namespace: shop, labels: {{helm.sh/chart: web-{version}}}, annotations: {{checksum/config: '{version}'}}}}"),
        )
    };
    let there = folder(&[("old.yaml", &labeled("1.0")), ("new.yaml", &labeled("1.1"))]);
    assert_eq!(diff(there.path(), &["-q", "--exit-code", "old.yaml", "new.yaml"], "").status.code(), Some(0));
    let there = folder(&[("old.yaml", SERVICE), ("new.yaml", &SERVICE.replace("port: 80,", "port: 81,"))]);
    assert_eq!(diff(there.path(), &["-q", "--exit-code", "old.yaml", "new.yaml"], "").status.code(), Some(1));
}

#[test]
fn a_broken_state_is_told_and_the_rest_is_compared() {
    let there = folder(&[("old.yaml", WEB), ("new.yaml", &format!("{WEB}---\na: [\n"))]);
    let run = diff(there.path(), &["-q", "old.yaml", "new.yaml"], "");
    assert_eq!(run.status.code(), Some(2));
    assert!(out(&run).contains("Could not be read"), "{}", out(&run));
    assert_eq!(diff(there.path(), &["-q", "--lenient", "old.yaml", "new.yaml"], "").status.code(), Some(0));
    // What was broken before does not stop what mends it.
    assert_eq!(diff(there.path(), &["-q", "new.yaml", "old.yaml"], "").status.code(), Some(0));
    // A state that is not there is no state: nothing is compared with it, and nothing written.
    for args in [["gone.yaml", "old.yaml"], ["old.yaml", "gone.yaml"]] {
        let run = diff(there.path(), &[&["-q", "--lenient"], &args[..]].concat(), "");
        assert_eq!((run.status.code(), out(&run).as_str()), (Some(2), ""), "{args:?}");
    }
}

#[test]
fn wrong_usage_is_told() {
    let there = folder(&[("a.yaml", WEB)]);
    for (args, said) in [
        (vec!["a.yaml"], "two states are compared"),
        (vec!["-", "-"], "one of the two states only"),
        (vec!["a.yaml", "a.yaml", "-o", "svg", "-o", "json"], "more than one format"),
        (vec!["a.yaml", "a.yaml", "-o", "x.bmp"], "the extension gives no format"),
        (vec!["a.yaml", "a.yaml", "--marker", "a-->b"], "no two dashes in a row"),
        (vec!["a.yaml", "a.yaml", "--context", "few"], "few"),
        (vec!["--git=--output=x"], "--output=x"),
    ] {
        let run = diff(there.path(), &args, "");
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(
            String::from_utf8_lossy(&run.stderr).contains(said),
            "{args:?}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

#[test]
fn a_comment_keeps_within_its_limit_and_says_what_it_leaves_out() {
    let many: String = (0..120).map(|i| SERVICE.replace("name: web", &format!("name: web-{i:03}")) + "---\n").collect();
    let there = folder(&[("old.yaml", SERVICE), ("new.yaml", &many)]);
    for limit in ["65536", "20000", "4000", "500"] {
        let run = diff(
            there.path(),
            &["-q", "old.yaml", "new.yaml", "-o", "md", "--max-chars", limit, "--marker", "shop"],
            "",
        );
        let text = out(&run);
        assert!(text.chars().count() <= limit.parse().unwrap(), "{limit}: {}", text.chars().count());
        assert!(text.starts_with("<!-- kubesketch:diff:shop -->\n"), "{text}");
        assert!(text.contains("120 objects added"), "{limit}: {text}");
        assert_eq!(limit == "65536", !text.contains("the comment would be too long"), "{limit}: {text}");
    }
}

/// Names in a comment are text: no markup, no mention, no link, no end of the marker's comment.
#[test]
fn hostile_names_stay_names_in_a_comment() {
    let names = [
        "<img src=x onerror=alert(1)>",
        "@everyone",
        "#12",
        "[x](javascript:alert(1))",
        "--> <script>",
        "`x` **b** | |",
        "https://evil.example",
    ];
    let hostile: String = names
        .iter()
        .map(|n| format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {0:?}, namespace: {0:?}}}\nspec: {{selector: {{app: {0:?}}}, ports: [{{port: 80, name: {0:?}}}]}}\n---\n", n))
        .collect();
    let there = folder(&[("old.yaml", SERVICE), ("new.yaml", &hostile)]);
    let run = diff(there.path(), &["-q", "--lenient", "old.yaml", "new.yaml", "-o", "md"], "");
    let text = out(&run);
    let (words, picture) = text.split_once("```mermaid").unwrap();
    let outside: String = words.lines().map(markdown::outside_code).collect();
    for raw in ["<img", "<script", "@everyone", "#12", "[x](javascript", "**b**", "https://evil"] {
        assert!(words.contains(raw) && !outside.contains(raw), "{raw} is more than code: {words}");
    }
    assert!(!picture.contains("<img") && !picture.contains("<script"), "{picture}");
    assert_eq!(outside.matches("<!--").count(), 1, "{words}");
}
