//! Repositories as they are: units of deployment are found, rendered, drawn and compared. The repository is written here,
//! with the history that a reviewer would see.

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
    spec:
      containers:
        - name: web
          image: example.com/web:1
          ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

const CHART: &str = "\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: shop, ports: [{containerPort: 80}]}]}
{{- if .Values.ingress }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: {{ .Release.Name }}}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: {{ .Release.Name }}, port: {number: 80}}}}]}}]}
{{- end }}
";

const RELEASE: &str = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: grafana, namespace: monitoring}
spec:
  chart: {spec: {chart: grafana, version: 8.5.1, sourceRef: {kind: HelmRepository, name: grafana}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: grafana, namespace: monitoring}
spec: {url: oci://example.com/charts}
";

const SET: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops}
spec:
  generators:
    - git: {directories: [{path: overlays/*}, {path: overlays/dev, exclude: true}]}
  template:
    metadata: {name: 'shop-{{path.basename}}'}
    spec:
      destination: {name: 'cluster-{{path.basename}}', namespace: fallback}
      source: {repoURL: https://example.com/repo, path: '{{path}}'}
";

/// A base under three overlays, a chart, what Flux and Argo CD deploy, and plain manifests.
fn repository() -> Repository {
    let repo = Repository::new();
    repo.write(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        ("overlays/dev/kustomization.yaml", "namespace: dev\nresources: [../../base]\n"),
        ("overlays/stage/kustomization.yaml", "namespace: stage\nresources: [../../base]\n"),
        ("overlays/prod/kustomization.yaml", "namespace: prod\nresources: [../../base]\n"),
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies: [{name: db, version: 1.0.0, repository: 'https://example.com'}]\n"),
        ("charts/shop/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
        ("charts/shop/values.yaml", "ingress: false\n"),
        ("charts/shop/values-open.yaml", "ingress: true\n"),
        ("charts/shop/templates/all.yaml", CHART),
        ("clusters/prod/grafana.yaml", RELEASE),
        ("plain/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: c}]}\n"),
    ]);
    repo.commit("one");
    repo
}

fn kubesketch(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    // Kustomizations are plain: no program is needed, and none is found but git and perhaps helm.
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = kubesketch(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn units_are_found_with_what_they_are_rendered_from() {
    if !have_git() {
        return;
    }
    let repo = repository();
    let list: serde_json::Value = serde_json::from_str(&said(repo.top(), &["units", "-o", "json"])).unwrap();
    let found: Vec<String> = list["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| {
            let text = |key: &str| u[key].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {} {}",
                text("name"),
                text("kind"),
                text("label"),
                text("namespace"),
                u["rendered"]["by"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "charts/shop Chart charts/shop - helm",
            "charts/shop (open) Chart open/shop (open) - helm",
            "clusters/prod Folder prod - none",
            "grafana HelmRelease prod/grafana monitoring not rendered",
            "overlays/dev Kustomization dev dev kustomize",
            "overlays/prod Kustomization prod prod kustomize",
            "overlays/stage Kustomization stage stage kustomize",
            "plain Folder plain - none",
        ]
    );
    let table = said(repo.top(), &["units"]);
    assert!(table.contains("chart grafana 8.5.1 from oci://example.com/charts"), "{table}");

    // An ApplicationSet stands for the folders that it names, with its destinations.
    repo.write(&[("argo/set.yaml", SET)]);
    let table = said(repo.top(), &["units"]);
    let row = |name: &str| {
        table.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name}\n{table}")).to_owned()
    };
    assert!(row("shop-prod").contains("Application") && row("shop-prod").contains("cluster-prod"), "{table}");
    assert!(row("overlays/dev").contains("Kustomization") && !table.contains("\noverlays/prod "), "{table}");
}

#[test]
fn a_folder_with_a_kustomization_is_rendered_and_several_are_named() {
    if !have_git() {
        return;
    }
    let repo = repository();
    let drawn = said(repo.top(), &["draw", "overlays/prod", "-o", "json"]);
    assert!(drawn.contains("prod/web[Deployment]") && !drawn.contains("default/"), "{drawn}");
    let flat = kubesketch(repo.top(), &["draw", "overlays/prod", "--flat", "-o", "json"]);
    assert!(!text(&flat.stdout).contains("web[Deployment]"));
    for arguments in [&["draw", "-o", "json"][..], &["check"], &["table", "routes"]] {
        let output = kubesketch(repo.top(), arguments);
        let message = text(&output.stderr);
        assert!(message.contains("overlays/prod (Kustomization, prod)") && message.contains("--unit"), "{message}");
    }
    let two = said(repo.top(), &["draw", ".", "--unit", "dev", "--unit", "overlays/p*", "-o", "json"]);
    assert!(two.contains("prod/web[Deployment]") && two.contains("dev/web[Deployment]") && !two.contains("stage/web"));
    let elsewhere = said(repo.top(), &["draw", "overlays", "--unit", "prod", "-o", "json"]);
    assert!(elsewhere.contains("prod/web[Deployment]") && !elsewhere.contains("dev/web"));
    let none = kubesketch(repo.top(), &["draw", ".", "--unit", "nowhere", "-o", "json"]);
    assert!(text(&none.stderr).contains("there is no such unit in ."), "{}", text(&none.stderr));
    // Findings and questions name the file of the repository.
    let why = text(&kubesketch(repo.top(), &["why", "internet", "prod/web:80", "overlays/prod"]).stdout);
    assert!(why.contains("base/web.yaml:14"), "{why}");
    // What is not here is drawn as what it is, in the namespace into which it deploys.
    let card = said(repo.top(), &["draw", "clusters/prod", "-o", "mermaid"]);
    assert!(card.contains("namespace monitoring") && card.contains("not rendered"), "{card}");
}

#[test]
fn each_step_of_a_history_reads_as_its_reviewer_would() {
    if !have_git() {
        return;
    }
    let repo = repository();
    repo.write(&[("base/web.yaml", &WEB.replace("web:1", "web:2"))]);
    repo.commit("a newer image in the base");
    repo.write(&[
        (
            "overlays/prod/open.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer}\n",
        ),
        (
            "overlays/prod/kustomization.yaml",
            "namespace: prod\nresources: [../../base]\npatches: [{path: open.yaml}]\n",
        ),
    ]);
    repo.commit("prod is open");
    let bump = said(repo.top(), &["diff", "--git", "HEAD~2..HEAD~1"]);
    // Three environments agree, and it is said once.
    assert!(bump.contains("~ dev/web[Deployment]: image 1 → 2"), "{bump}");
    let told = text(&kubesketch(repo.top(), &["diff", "--git", "HEAD~2..HEAD~1"]).stderr);
    assert!(told.contains("changed: overlays/dev, overlays/prod, overlays/stage"), "{told}");
    assert!(bump.contains("(base/web.yaml:11)"), "{bump}");
    let open = said(repo.top(), &["diff", "--git", "HEAD~1..HEAD"]);
    assert!(open.contains("prod/web[Deployment] is reached from outside on TCP 8080"), "{open}");
    assert!(open.contains("spec.type (overlays/prod/open.yaml:4)") && !open.contains("dev/web"), "{open}");
    let gate = kubesketch(repo.top(), &["diff", "--git", "HEAD~2..HEAD", "--fail-on", "exposure", "-o", "md"]);
    assert_eq!(gate.status.code(), Some(1), "{}", text(&gate.stderr));
    let comment = text(&gate.stdout);
    assert!(comment.starts_with("<!-- kubesketch:diff:default -->\n### "), "{comment}");
    assert_eq!(comment.matches("<!-- kubesketch").count(), 1);
    let json: serde_json::Value =
        serde_json::from_str(&said(repo.top(), &["diff", "--git", "HEAD~2..HEAD", "-o", "json"])).unwrap();
    assert_eq!(json["units"][0]["units"], serde_json::json!(["overlays/dev", "overlays/stage"]), "{json:#}");
    assert_eq!(json["units"].as_array().unwrap().len(), 2);
    let page = repo.beside("diff.html");
    said(repo.top(), &["diff", "--git", "HEAD~2..HEAD", "-o", &format!("html={}", page.display()), "-o", "md"]);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("prod/web") && page.contains("dev/web"));
    // What only moved is no difference.
    repo.git(&["mv", "overlays/stage", "overlays/moved"]);
    let moved = kubesketch(repo.top(), &["diff", "--git", "HEAD"]);
    assert!(text(&moved.stderr).contains("overlays/stage moved to overlays/moved"), "{}", text(&moved.stderr));
    repo.git(&["mv", "overlays/moved", "overlays/stage"]);
    // A unit that cannot be built is an error beside the others.
    repo.write(&[("overlays/dev/kustomization.yaml", "namespace: dev\nresources: [../../base, gone.yaml]\n")]);
    repo.write(&[("overlays/stage/kustomization.yaml", "namespace: other\nresources: [../../base]\n")]);
    let output = kubesketch(repo.top(), &["diff", "--git", "HEAD"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("overlays/dev"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("other/web[Deployment]"), "{}", text(&output.stdout));
    // Two units of one state.
    let two = said(repo.top(), &["diff", "overlays/stage", "overlays/prod"]);
    assert!(two.contains("prod/web[Deployment] is reached from outside"), "{two}");
}

#[test]
fn charts_are_compared_with_helm() {
    let Some(helm) = programs::helm().filter(|_| have_git()) else { return };
    let repo = repository();
    repo.write(&[("charts/shop/values.yaml", "ingress: true\n")]);
    repo.commit("the shop is open");
    let folder = helm.parent().map(Path::to_path_buf).unwrap_or_default();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
        command.args(arguments).current_dir(repo.top()).env("PATH", &path).output().unwrap()
    };
    let opened = run(&["diff", "--git", "HEAD~1..HEAD", "--unit", "charts/shop"]);
    let opened = text(&opened.stdout);
    assert!(opened.contains("release-name[Deployment] is reached from outside on TCP 80"), "{opened}");
    assert!(opened.contains("charts/shop/templates/all.yaml"), "{opened}");
    let set =
        run(&["draw", "--helm", "charts/shop", "--set", "ingress=false", "--release-name", "other", "-o", "json"]);
    let set = text(&set.stdout);
    assert!(set.contains("default/other[Service]") && !set.contains("[Ingress]"), "{set}");
    let findings = text(&run(&["check", "--helm", "charts/shop", "-o", "json"]).stdout);
    assert!(findings.contains("charts/shop/templates/all.yaml"), "{findings}");
}

#[test]
fn a_thousand_kustomizations_are_listed_and_a_folder_without_one_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..1000 {
        let path = folder.path().join(format!("apps/{n}"));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("kustomization.yaml"), "resources: [../../base]\n").unwrap();
    }
    fs::create_dir_all(folder.path().join("base")).unwrap();
    fs::write(folder.path().join("base/kustomization.yaml"), "resources: [web.yaml]\n").unwrap();
    fs::write(folder.path().join("base/web.yaml"), WEB).unwrap();
    let table = said(folder.path(), &["units"]);
    assert_eq!(table.lines().count(), 1001);
    fs::create_dir(folder.path().join("plain")).unwrap();
    fs::write(folder.path().join("plain/web.yaml"), WEB).unwrap();
    let plain = said(folder.path(), &["draw", "plain", "-o", "json"]);
    assert_eq!(plain, said(folder.path(), &["draw", "plain", "--flat", "-o", "json"]));
}

#[test]
fn patches_are_no_objects_where_files_are_read_as_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    // It comes before the base in the order of paths.
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n";
    for overlay in ["a/dev", "a/prod"] {
        write(&format!("{overlay}/kustomization.yaml"), "resources: [../../base]\npatches: [{path: ./patch.yaml}]\n");
        write(&format!("{overlay}/patch.yaml"), patch);
    }
    write("base/kustomization.yaml", "resources: [web.yaml]\n");
    write("base/web.yaml", WEB);
    let output = kubesketch(folder.path(), &["draw", "-v", "-o", "dot"]);
    let (drawn, told) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && told.contains("2 patches of kustomizations"), "{told}");
    assert!(!told.contains("duplicate-object") && drawn.contains("web"), "{told}\n{drawn}");
    let whole = folder.path().to_str().unwrap();
    let elsewhere = kubesketch(Path::new("/"), &["check", whole]);
    assert_eq!(elsewhere.status.code(), Some(0), "{}", text(&elsewhere.stdout));
    assert!(!text(&elsewhere.stdout).contains("defined more than once"));
}

#[test]
fn patches_are_no_objects_where_revisions_are_compared_as_their_files_lie() {
    if !have_git() {
        return;
    }
    let repo = Repository::new();
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n";
    repo.write(&[
        ("a/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
        ("a/patch.yaml", patch),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
    ]);
    repo.commit("one");
    repo.write(&[("base/web.yaml", &WEB.replace("web:1", "web:2"))]);
    repo.commit("a newer image");
    let flat = said(repo.top(), &["diff", "--git", "HEAD~1..HEAD", "--flat"]);
    assert!(flat.contains("default/web[Deployment]: image 1 → 2"), "{flat}");
}
