//! What overlays and other programs change in what deploys something: HelmReleases and Applications as their
//! kustomizations make them, kustomizations that only a program builds, and the selection of units.

use crate::support::programs;
use crate::support::repository::{Repository, have_git};
use crate::units_fixtures::{WEB, folder, kubesketch, said, text, units, with_programs, write};

const CHART: &str = "\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {type: {{ .Values.type }}, selector: {app: own}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec: {containers: [{name: own, image: 'own:{{ .Values.tag }}', ports: [{containerPort: 80}]}]}
";

/// One release of a chart that is here, and one of a chart that is not.
const RELEASES: &str = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: own, namespace: shop}
spec:
  chart: {spec: {chart: ./charts/own, sourceRef: {kind: GitRepository, name: flux-system}}}
  values: {tag: base}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cache, namespace: shop}
spec:
  chart: {spec: {chart: redis, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: shop}
spec: {url: https://example.com/charts}
";

const CLUSTER: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps/ENV
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {TAG: of-ENV}}
";

const PATCHED: &str = "\
resources: [../base]
patches:
  - path: values.yaml
  - target: {kind: HelmRelease, name: cache}
    patch: '- {op: replace, path: /spec/chart/spec/version, value: 2.0.0}'
";

const VALUES: &str = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: own, namespace: shop}
spec: {values: {type: LoadBalancer, tag: '${TAG}'}}
";

fn releases() -> Vec<(&'static str, String)> {
    let text = |text: &str| text.to_owned();
    vec![
        ("clusters/prod/apps.yaml", CLUSTER.replace("ENV", "prod")),
        ("clusters/stage/apps.yaml", CLUSTER.replace("ENV", "stage")),
        ("apps/base/kustomization.yaml", text("resources: [releases.yaml]\n")),
        ("apps/base/releases.yaml", text(RELEASES)),
        ("apps/stage/kustomization.yaml", text("resources: [../base]\n")),
        ("apps/prod/kustomization.yaml", text(PATCHED)),
        ("apps/prod/values.yaml", text(VALUES)),
        ("charts/own/Chart.yaml", text("apiVersion: v2\nname: own\nversion: 0.1.0\n")),
        ("charts/own/values.yaml", text("type: ClusterIP\ntag: none\n")),
        ("charts/own/templates/all.yaml", text(CHART)),
    ]
}

fn borrowed<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    files.iter().map(|(path, text)| (*path, text.as_str())).collect()
}

#[test]
fn releases_are_what_their_overlay_makes_of_them() {
    let files = releases();
    let folder = folder(&borrowed(&files));
    let all = units(folder.path());
    let of = |name: &str, environment: &str| {
        let found: Vec<_> = all.iter().filter(|u| u["name"] == name && u["environment"] == environment).collect();
        assert_eq!(found.len(), 1, "{name} {environment}: {all:#?}");
        found[0].clone()
    };
    assert_eq!(of("cache", "prod")["missing"][0], "chart redis 2.0.0 from https://example.com/charts");
    assert_eq!(of("cache", "stage")["missing"][0], "chart redis 1.0.0 from https://example.com/charts");
    assert_eq!(all.iter().filter(|u| u["kind"] == "HelmRelease").count(), 4, "{all:#?}");
    let Some(helm) = programs::helm() else { return };
    let drawn =
        |pattern: &str| text(&with_programs(folder.path(), &[&helm], &["draw", ".", "--unit", pattern, "-o", "json"]));
    let (prod, stage) = (drawn("prod/own"), drawn("stage/own"));
    assert!(prod.contains("LoadBalancer") && prod.contains("own:of-prod"), "{prod}");
    assert!(!stage.contains("LoadBalancer") && stage.contains("own:base"), "{stage}");
}

#[test]
fn a_patch_of_one_environment_changes_its_release_alone() {
    if !have_git() {
        return;
    }
    let Some(helm) = programs::helm() else { return };
    let repository = Repository::new();
    repository.write(&borrowed(&releases()));
    repository.commit("one");
    repository.write(&[("apps/prod/values.yaml", &VALUES.replace("LoadBalancer", "ClusterIP"))]);
    repository.commit("two");
    let output = with_programs(repository.top(), &[&helm], &["diff", "--git", "HEAD~1...HEAD"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("== own (prod)") && !out.contains("stage"), "{err}\n{out}");
    assert!(out.contains("shop/own"), "{err}\n{out}");
    // A version of a chart that is not here.
    repository.write(&[("apps/prod/kustomization.yaml", &PATCHED.replace("2.0.0", "3.0.0"))]);
    repository.commit("three");
    let output = with_programs(repository.top(), &[&helm], &["diff", "--git", "HEAD~1...HEAD"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("redis 3.0.0"), "{}\n{out}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_release_takes_values_of_its_kustomization_and_is_rendered_after_its_own_patches() {
    let Some(helm) = programs::helm() else { return };
    let release = "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: own}
spec:
  chart: {spec: {chart: ./charts/own, sourceRef: {kind: GitRepository, name: flux-system}}}
  valuesFrom: [{kind: ConfigMap, name: own-values}]
  postRenderers:
    - kustomize:
        patches:
          - target: {kind: Service}
            patch: '- {op: replace, path: /spec/type, value: LoadBalancer}'
        images: [{name: own, newName: example.com/own}]
";
    let mut files = releases();
    files.retain(|(path, _)| path.starts_with("charts/"));
    let kustomization = "\
namespace: shop
resources: [release.yaml]
configMapGenerator: [{name: own-values, files: [values.yaml=v.yaml], options: {disableNameSuffixHash: true}}]
";
    files.push(("clusters/prod/kustomization.yaml", kustomization.to_owned()));
    files.push(("clusters/prod/release.yaml", release.to_owned()));
    files.push(("clusters/prod/v.yaml", "tag: generated\n".to_owned()));
    let folder = folder(&borrowed(&files));
    let arguments = ["draw", ".", "--unit", "prod/own", "-o", "json"];
    let drawn = text(&with_programs(folder.path(), &[&helm], &arguments));
    assert!(drawn.contains("example.com/own:generated") && drawn.contains("LoadBalancer"), "{drawn}");
}

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: web}
  source: {repoURL: https://example.com/repo, path: web/base}
";

#[test]
fn applications_are_what_their_overlay_makes_of_them() {
    let patched = "\
resources: [../base]
patches:
  - target: {kind: Application}
    patch: |
      - {op: replace, path: /spec/source/path, value: web/prod}
      - {op: replace, path: /spec/destination/namespace, value: web-prod}
";
    let folder = folder(&[
        ("argocd/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("argocd/base/web.yaml", APPLICATION),
        ("argocd/prod/kustomization.yaml", patched),
        ("web/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/base/web.yaml", WEB),
        ("web/prod/kustomization.yaml", "resources: [../base]\n"),
    ]);
    let all = units(folder.path());
    let found: Vec<_> = all.iter().filter(|u| u["kind"] == "Application").collect();
    assert_eq!(found.len(), 1, "{all:#?}");
    assert_eq!(found[0]["namespace"], "web-prod");
    assert_eq!(found[0]["rendered"]["folder"], "web/prod");
}

#[test]
fn what_is_not_plain_is_changed_by_the_program() {
    let application = APPLICATION.replace(
        "path: web/base}",
        "path: web/base, kustomize: {namePrefix: blue-, images: ['web=example.com/web:9']}}",
    );
    let vars = "\
resources: [web.yaml]
vars: [{name: SERVICE, objref: {kind: Service, name: web, apiVersion: v1}}]
";
    let folder = folder(&[
        ("argocd/web.yaml", &application),
        ("web/base/kustomization.yaml", vars),
        ("web/base/web.yaml", &WEB.replace("image: 'web:1',", "image: 'web:1', env: [{name: A, value: $(SERVICE)}],")),
        ("plain/kustomization.yaml", "resources: [web.yaml]\n"),
        ("plain/web.yaml", WEB),
    ]);
    // Without a program it is an error that says so, and the rest is there.
    let empty = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    let output = command
        .args(["draw", ".", "--unit", "*", "-o", "mermaid"])
        .current_dir(folder.path())
        .env("PATH", empty.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        err.contains("`vars` is left to kustomize itself, and neither kustomize nor kubectl is on the PATH"),
        "{err}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("web"));
    let Some(kubectl) = programs::kubectl() else { return };
    let arguments = ["draw", ".", "--unit", "web", "-o", "json"];
    let remote =
        application.replace("namePrefix: blue-", "components: ['https://example.com/a//b?ref=v1'], namePrefix: blue-");
    write(folder.path(), &[("argocd/web.yaml", &remote)]);
    let output = with_programs(folder.path(), &[&kubectl], &arguments);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("https://example.com/a//b?ref=v1 is not here, and nothing is fetched"), "{err}");
    write(folder.path(), &[("argocd/web.yaml", &application)]);
    let drawn = text(&with_programs(folder.path(), &[&kubectl], &arguments));
    assert!(drawn.contains("web/blue-web[Service]") && drawn.contains("example.com/web:9"), "{drawn}");
}

#[test]
fn charts_of_a_kustomization_are_rendered_where_they_are_here() {
    let named = |name: &str| format!("namespace: shop\nhelmCharts: [{{name: {name}, releaseName: web}}]\n");
    let folder = folder(&[
        ("here/kustomization.yaml", &named("own")),
        ("here/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 0.1.0\n"),
        ("here/charts/own/values.yaml", "type: ClusterIP\ntag: none\n"),
        ("here/charts/own/templates/all.yaml", CHART),
        ("gone/kustomization.yaml", &named("gone")),
        (
            "url/kustomization.yaml",
            &named("own").replace("releaseName", "valuesFile: 'https://example.com/v', releaseName"),
        ),
        ("url/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 0.1.0\n"),
    ]);
    let row = units(folder.path()).into_iter().find(|u| u["name"] == "url").unwrap();
    assert!(row["missing"].to_string().contains("https://example.com/v is not here, and nothing is fetched"), "{row}");
    let (Some(helm), Some(kubectl)) = (programs::helm(), programs::kubectl()) else { return };
    let run = |unit: &str| with_programs(folder.path(), &[&helm, &kubectl], &["draw", unit, "-o", "json"]);
    assert!(text(&run("here")).contains("own:none"));
    let err = String::from_utf8_lossy(&run("gone").stderr).into_owned();
    assert!(err.contains("the chart gone (gone/charts/gone) is not here, and nothing is fetched"), "{err}");
}

#[test]
fn generators_override_their_template_and_say_what_is_not_evaluated() {
    let set = "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all}
spec:
  goTemplate: true
  generators:
    - list:
        elements: [{env: one}]
        template:
          metadata: {}
          spec: {project: '', source: {repoURL: '', path: other}, destination: {}}
    - list: {elements: [{env: two}]}
  template:
    metadata: {name: 'web-{{ .env }}'}
    spec:
      destination: {namespace: '{{ .env }}'}
      source: {repoURL: https://example.com/repo, path: web}
  templatePatch: PATCH
";
    let plain = "'{spec: {source: {kustomize: {namePrefix: \"{{ .env }}-\"}}}}'";
    let folder = folder(&[
        ("set.yaml", &set.replace("PATCH", plain)),
        ("web/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/web.yaml", WEB),
        ("other/kustomization.yaml", "resources: [web.yaml]\n"),
        ("other/web.yaml", WEB),
    ]);
    let all = units(folder.path());
    let of = |name: &str| all.iter().find(|u| u["name"] == name).unwrap_or_else(|| panic!("{name} {all:#?}")).clone();
    assert_eq!(of("web-one")["rendered"]["folder"], "other");
    assert_eq!(of("web-two")["rendered"]["folder"], "web");
    assert_eq!(of("web-two")["missing"], serde_json::json!([]));
    assert!(said(folder.path(), &["draw", ".", "--unit", "web-two", "-o", "mermaid"]).contains("two-web"));
    let program = "'{{- if eq .env \"two\" }}{spec: {}}{{- end }}'";
    write(folder.path(), &[("set.yaml", &set.replace("PATCH", program))]);
    let row = units(folder.path()).into_iter().find(|u| u["name"] == "web-two").unwrap();
    assert_eq!(row["missing"], serde_json::json!(["`spec.templatePatch` is not evaluated"]));
}

#[test]
fn an_artifact_is_the_folders_that_it_copies_or_is_not_read() {
    let of = |name: &str| {
        CLUSTER
            .replace("ENV", "prod")
            .replace("GitRepository, name: flux-system", &format!("ExternalArtifact, name: {name}"))
    };
    let generator = "\
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: all, namespace: flux-system}
spec:
  sources: [{alias: repo, kind: GitRepository, name: flux-system}]
  artifacts:
    - name: known
      copy: [{from: '@repo/deploy/**', to: '@artifact/apps/'}]
";
    let folder = folder(&[
        ("clusters/a/generator.yaml", generator),
        ("clusters/a/one.yaml", &of("known").replace("name: apps,", "name: one,")),
        ("clusters/a/two.yaml", &of("unknown").replace("name: apps,", "name: two,")),
        ("deploy/prod/kustomization.yaml", "resources: [web.yaml]\n"),
        ("deploy/prod/web.yaml", WEB),
    ]);
    let all = units(folder.path());
    let of = |name: &str| all.iter().find(|u| u["name"] == name).unwrap_or_else(|| panic!("{name} {all:#?}")).clone();
    assert_eq!(of("one")["rendered"]["folder"], "deploy/prod");
    assert_eq!(of("two")["missing"], serde_json::json!(["./apps/prod of ExternalArtifact unknown, which is not read"]));
}

#[test]
fn units_are_selected_as_people_name_them() {
    let overlay = |name: &str| format!("namespace: {name}\nresources: [../../base]\n");
    let mut files =
        vec![("base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()), ("base/web.yaml", WEB.to_owned())];
    files.push(("overlays/prod/kustomization.yaml", overlay("prod")));
    files.push(("overlays/stage/kustomization.yaml", overlay("stage")));
    files.push((
        "apps/db/overlays/prod/kustomization.yaml",
        "resources: [../../../../base]\nnamespace: db\n".to_owned(),
    ));
    let folder = folder(&borrowed(&files));
    for (pattern, count) in [
        ("prod", 2),
        ("prod/*", 2),
        ("prod/db", 1),
        ("overlays/prod", 1),
        ("overlays/prod/", 1),
        ("./overlays/prod", 1),
        ("overlays/*", 2),
        ("apps", 1),
        ("stage", 1),
        ("*", 3),
    ] {
        let arguments = ["draw", ".", "--unit", pattern, "-o", "mermaid"];
        let drawn = said(folder.path(), &arguments);
        let found = ["prod", "stage", "db"].iter().filter(|name| drawn.contains(&format!("namespace {name}"))).count();
        assert_eq!(found, count, "{pattern}\n{drawn}");
    }
    let output = kubesketch(folder.path(), &["draw", ".", "--unit", "qa"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("qa"));
}

#[test]
fn parts_of_a_chart_are_rendered_with_it_and_are_no_units() {
    let chart = |name: &str, needs: &str| format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n{needs}");
    let library = "{{- define \"lib.type\" -}}ClusterIP{{- end -}}\n";
    let template = CHART.replace("{{ .Values.type }}", "{{ include \"lib.type\" . }}");
    let folder = folder(&[
        (
            "charts/shop/Chart.yaml",
            &chart("shop", "dependencies: [{name: own, version: 0.1.0, repository: 'file://../own'}]\n"),
        ),
        ("charts/shop/values.yaml", "own: {tag: of-shop}\n"),
        (
            "charts/own/Chart.yaml",
            &chart("own", "dependencies: [{name: lib, version: 0.1.0, repository: 'file://../lib'}]\n"),
        ),
        ("charts/own/values.yaml", "tag: none\n"),
        ("charts/own/templates/all.yaml", &template),
        ("charts/lib/Chart.yaml", &chart("lib", "type: library\n")),
        ("charts/lib/templates/_type.tpl", library),
    ]);
    let names: Vec<_> = units(folder.path()).iter().map(|u| u["name"].clone()).collect();
    assert_eq!(names, ["charts/shop"]);
    let Some(helm) = programs::helm() else { return };
    let drawn = text(&with_programs(folder.path(), &[&helm], &["draw", "charts/shop", "-o", "json"]));
    assert!(drawn.contains("own:of-shop"), "{drawn}");
}

#[test]
fn nothing_that_deploys_vanishes_and_nothing_is_fetched() {
    let folder = folder(&[
        ("remote/kustomization.yaml", "resources: ['https://example.com/a//deploy?ref=v1']\n"),
        ("broken/kustomization.yaml", "resources: [\n"),
        ("empty/kustomization.yaml", ""),
        ("helmfile.yaml", "releases: [{name: redis, chart: bitnami/redis}]\n"),
        ("environments/default/main.jsonnet", "{}\n"),
        (
            "environments/default/spec.json",
            "{\"apiVersion\": \"tanka.dev/v1alpha1\", \"kind\": \"Environment\", \"spec\": {\"namespace\": \"x\"}}\n",
        ),
    ]);
    let rows: Vec<String> = units(folder.path())
        .iter()
        .map(|u| format!("{} {} {}", u["name"].as_str().unwrap(), u["kind"].as_str().unwrap(), u["missing"]))
        .collect();
    assert_eq!(
        rows,
        [
            "broken Kustomization [\"broken/kustomization.yaml cannot be read\"]",
            "empty Kustomization [\"empty/kustomization.yaml cannot be read\"]",
            "environments/default Jsonnet [\"the Jsonnet of environments/default is not evaluated\"]",
            "helmfile.yaml Helmfile [\"helmfile.yaml is not evaluated: `helmfile template` renders it\"]",
            "remote Kustomization [\"https://example.com/a//deploy?ref=v1 is not here, and nothing is fetched\"]",
        ]
    );
    let output = kubesketch(folder.path(), &["check", ".", "--unit", "*"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        err.contains("not rendered: helmfile.yaml is not evaluated: `helmfile template` renders it, and 1 more"),
        "{err}"
    );
    let output = kubesketch(folder.path(), &["draw", "remote"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("?ref=v1 is not here, and nothing is fetched") && !err.contains("failed"), "{err}");
}

#[test]
fn a_base_that_is_named_by_a_link_is_no_unit() {
    let folder = folder(&[
        ("shared/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("shared/base/web.yaml", WEB),
        ("apps/prod/kustomization.yaml", "namespace: prod\nresources: [base]\n"),
    ]);
    std::os::unix::fs::symlink("../../shared/base", folder.path().join("apps/prod/base")).unwrap();
    let names: Vec<_> = units(folder.path()).iter().map(|u| u["name"].clone()).collect();
    assert_eq!(names, ["apps/prod"]);
}

#[test]
fn values_of_environments_belong_to_the_chart_that_they_name() {
    let folder = folder(&[
        ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 0.1.0\n"),
        ("environments/prod/web/values.yaml", "a: 1\n"),
        ("environments/dev/values-web.yaml", "a: 1\n"),
        ("environments/dev/values.yaml", "a: 1\n"),
        ("other/web/values.yaml", "a: 1\n"),
    ]);
    let named = |top: &std::path::Path| units(top).iter().map(|u| u["name"].clone()).collect::<Vec<_>>();
    assert_eq!(named(folder.path()), ["db", "web", "web (dev)", "web (prod)"]);
    std::fs::remove_dir_all(folder.path().join("db")).unwrap();
    assert_eq!(named(folder.path()), ["web", "web (dev)", "web (dev)", "web (prod)"]);
}

#[test]
fn folders_that_define_an_object_differently_are_units_of_their_own() {
    let other = WEB.replace("web:1", "web:2");
    let folder = folder(&[
        ("manifests/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
        ("manifests/a/web.yaml", WEB),
        ("manifests/b/web.yaml", &other),
        ("same/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n"),
        ("same/a/web.yaml", WEB),
        ("same/b/web.yaml", WEB),
    ]);
    let names: Vec<_> = units(folder.path()).iter().map(|u| u["name"].clone()).collect();
    assert_eq!(names, ["manifests", "manifests/a", "manifests/b", "same"]);
}
