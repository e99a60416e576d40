//! A folder of pages for a repository with several units: an index, and a page for each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::programs;
use crate::support::repository::{Repository, have_git};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

const RELEASE: &str = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: grafana, namespace: monitoring}
spec:
  chart: {spec: {chart: grafana, version: 8.5.1, sourceRef: {kind: HelmRepository, name: grafana}}}
";

fn repository() -> Repository {
    let repo = Repository::new();
    repo.write(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/dev/kustomization.yaml", "namespace: dev\nresources: [../../base]\n"),
        ("overlays/prod/kustomization.yaml", "namespace: prod\nresources: [../../base]\n"),
        ("overlays/bad/kustomization.yaml", "namespace: bad\nresources: [../../base, gone.yaml]\n"),
        ("clusters/prod/grafana.yaml", RELEASE),
    ]);
    repo
}

fn kubesketch(folder: &Path, threads: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.args(arguments).env("RAYON_NUM_THREADS", threads).current_dir(folder).output().unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    })
    .collect()
}

#[test]
fn a_page_for_each_unit_and_an_index_that_names_them_all() {
    if !have_git() {
        return;
    }
    let repo = repository();
    let output = kubesketch(repo.top(), "1", &["draw", ".", "-o", "site/"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // A unit that cannot be rendered is an error beside the others.
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("overlays/bad") && told.contains("gone.yaml"), "{told}");
    let one = files(&repo.top().join("site"));
    let index = &one["index.html"];
    let links: Vec<&str> = index.split("href=\"unit-").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect();
    // The folder `clusters/prod` holds a HelmRelease, which is drawn there as what it is.
    assert_eq!(links.len(), 3, "{links:?}");
    for link in links {
        let page = &one[&format!("unit-{link}")];
        assert!(page.contains("href=\"index.html\"") && page.contains("All units"));
    }
    for text in [
        "prod/web[Deployment]: TCP 8080 through prod/web[Service]",
        "overlays/dev",
        "Kustomization",
        "chart grafana 8.5.1",
        "HelmRelease",
        "gone.yaml",
    ] {
        assert!(index.contains(text), "{text}\n{index}");
    }
    fs::remove_dir_all(repo.top().join("site")).unwrap();
    kubesketch(repo.top(), "4", &["draw", ".", "-o", "site/"]);
    assert!(one == files(&repo.top().join("site")), "threads change bytes");
    // One unit is one picture with a page for each namespace, and two that are asked for are two pages.
    kubesketch(repo.top(), "2", &["draw", ".", "--unit", "overlays/prod", "-o", "one/"]);
    assert!(files(&repo.top().join("one")).contains_key("namespace-prod.html"));
    let two = kubesketch(repo.top(), "2", &["draw", ".", "--unit", "dev", "--unit", "overlays/prod", "-o", "two/"]);
    assert!(two.status.success(), "{}", String::from_utf8_lossy(&two.stderr));
    assert_eq!(files(&repo.top().join("two")).len(), 3);
    let check = ["draw", ".", "--unit", "dev", "--unit", "overlays/prod", "-o", "two/", "--check"];
    assert_eq!(kubesketch(repo.top(), "2", &check).status.code(), Some(0));
    repo.write(&[("base/web.yaml", &WEB.replace("port: 80,", "port: 81,"))]);
    assert_eq!(kubesketch(repo.top(), "2", &check).status.code(), Some(1));
}

#[test]
fn a_path_that_is_a_chart_is_rendered_where_helm_is() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("web");
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n").unwrap();
    let template = WEB.replace("name: web}", "name: {{ .Release.Name }}}");
    fs::write(chart.join("templates/web.yaml"), template).unwrap();
    let test = "apiVersion: v1\nkind: Pod\nmetadata: {name: 't-{{ randAlpha 5 | lower }}', annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: c, image: c}]}\n";
    fs::write(chart.join("templates/test.yaml"), test).unwrap();
    let draw = |path: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
        command.args(["draw", "web", "-o", "mermaid"]).args(arguments).current_dir(folder.path()).env("PATH", path);
        command.output().unwrap()
    };
    let without = draw("/nowhere", &[]);
    let told = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(told.contains("web is a chart, and helm is not on the PATH"), "{told}");
    assert!(told.contains("helm template web | kubesketch draw -"), "{told}");
    let Some(helm) = programs::helm() else { return };
    let path = format!("{}:{}", helm.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let with = draw(&path, &["--no-cache"]);
    let drawn = String::from_utf8_lossy(&with.stdout).into_owned();
    assert!(with.status.success() && drawn.contains("release-name"), "{}", String::from_utf8_lossy(&with.stderr));
    // Only `helm test` makes it.
    assert!(!drawn.contains("t-"), "{drawn}");
    assert!(!String::from_utf8_lossy(&draw(&path, &["--flat"]).stdout).contains("release-name"));
}
