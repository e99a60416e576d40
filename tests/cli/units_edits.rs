//! What Argo CD and Flux change in what they deploy: the same objects as a kustomization that says it, built by kustomize
//! itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::programs;
use crate::units_fixtures::{WEB, kubesketch, said, write};

const BASE: &str = "resources: [web.yaml]\nimages: [{name: web, newTag: '2'}]\n";

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web}
spec:
  project: shop
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  source:
    repoURL: https://example.com/repo
    path: web
    kustomize:
      namePrefix: blue-
      images: ['web=example.com/web:3']
      commonLabels: {team: shop}
      replicas: [{name: web, count: 3}]
      patches:
        - target: {kind: Service}
          patch: |
            - op: add
              path: /spec/type
              value: LoadBalancer
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop}
spec:
  sourceRepos: ['https://example.com/*']
  destinations: [{server: https://kubernetes.default.svc, namespace: other}]
";

/// What the Application says, as a kustomization above the same base.
const ARGO_OVERLAY: &str = "\
resources: [../web]
namespace: shop
namePrefix: blue-
images: [{name: web, newName: example.com/web, newTag: '3'}]
commonLabels: {team: shop}
replicas: [{name: web, count: 3}]
patches:
  - target: {kind: Service}
    patch: |
      - op: add
        path: /spec/type
        value: LoadBalancer
";

const FLUX: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: plain, namespace: flux-system}
spec:
  path: ./plain
  sourceRef: {kind: GitRepository, name: flux-system}
  targetNamespace: shop
  nameSuffix: -blue
  commonMetadata: {labels: {team: shop}}
  patches:
    - patch: |
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {type: LoadBalancer}
  postBuild:
    substitute: {port: '81'}
    substituteFrom:
      - {kind: ConfigMap, name: settings}
      - {kind: Secret, name: passwords}
";

/// The row of a unit.
fn row(top: &Path, name: &str) -> String {
    let table = said(top, &["units"]);
    table.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name}\n{table}")).to_owned()
}

#[test]
fn an_application_changes_the_kustomization_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    fs::create_dir(top.join(".git")).unwrap();
    write(top, &[("web/kustomization.yaml", BASE), ("web/web.yaml", WEB), ("argo/web.yaml", APPLICATION)]);
    let drawn = said(top, &["draw", ".", "--unit", "web", "-o", "mermaid"]);
    for text in ["blue-web", "namespace shop", "LoadBalancer"] {
        assert!(drawn.contains(text), "{text}\n{drawn}");
    }
    // A finding names the line of the Application that says a value.
    let why = String::from_utf8(kubesketch(top, &["why", "internet", "shop/blue-web:80", ".", "--unit", "web"]).stdout);
    assert!(why.as_ref().unwrap().contains("argo/web.yaml"), "{why:?}");
    let row = row(top, "web ");
    assert!(
        row.contains("the AppProject shop (argo/web.yaml) does not allow the destination shop of the cluster"),
        "{row}"
    );
    assert!(!row.contains("does not allow the repository"), "{row}");
    let Some(kubectl) = programs::kubectl() else { return };
    write(top, &[("overlay/kustomization.yaml", ARGO_OVERLAY)]);
    let built = Command::new(kubectl).args(["kustomize", "overlay"]).current_dir(top).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::write(top.join("built.yaml"), built.stdout).unwrap();
    // Mermaid names no places, which are other ones here.
    assert_eq!(drawn, said(top, &["draw", "built.yaml", "-o", "mermaid"]));
}

#[test]
fn flux_changes_substitutes_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    fs::create_dir(top.join(".git")).unwrap();
    let ingress = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {a: '${password}'}}
spec:
  rules:
    - host: '${host}'
      http: {paths: [{path: '/${unset:-all}', pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
";
    let maps = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: flux-system}
data: {host: shop.example.com}
---
apiVersion: v1
kind: Secret
metadata: {name: passwords, namespace: flux-system}
stringData: {password: planted}
";
    write(
        top,
        &[
            ("plain/web.yaml", &WEB.replace("port: 80,", "port: '${port}',")),
            ("plain/more/kustomization.yaml", "resources: [ingress.yaml]\n"),
            ("plain/more/ingress.yaml", ingress),
            ("clusters/a/plain.yaml", FLUX),
            ("clusters/a/settings.yaml", maps),
        ],
    );
    let drawn = said(top, &["draw", ".", "--unit", "plain", "-o", "json"]);
    for text in ["shop/web-blue[Service]", "\"shop.example.com\"", "LoadBalancer", "81"] {
        assert!(drawn.contains(text), "{text}\n{drawn}");
    }
    // What a Secret may set stays as it is written.
    assert!(drawn.contains("/${unset:-all}"), "{drawn}");
    let row = row(top, "plain ");
    assert!(row.contains("variables of the Secret passwords: values of Secrets are not read"), "{row}");
    let page = said(top, &["draw", ".", "--unit", "plain", "-o", "html", "--yaml", "full"]);
    assert!(!page.contains("planted"));
    // The kustomization below is a part of the unit, and none of its own.
    assert!(!said(top, &["units"]).contains("plain/more"));
}

#[test]
fn generators_make_what_they_say_and_values_come_from_other_sources() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    fs::create_dir(top.join(".git")).unwrap();
    let set = "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all}
spec:
  generators:
    - matrix:
        generators:
          - git: {directories: [{path: apps/*}]}
          - list: {elements: [{env: dev}, {env: prod}]}
    - merge:
        mergeKeys: [env]
        generators:
          - list: {elements: [{env: qa, path.path: apps/web, path.basename: base}]}
          - list: {elements: [{env: qa, path.basename: merged}]}
    - clusters: {}
  template:
    metadata: {name: '{{path.basename}}-{{env}}'}
    spec:
      destination: {namespace: '{{env}}'}
      source: {repoURL: https://example.com/repo, path: '{{path.path}}'}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  destination: {namespace: shop}
  sources:
    - {repoURL: https://example.com/repo, ref: values}
    - repoURL: https://example.com/repo
      path: charts/shop
      helm: {valueFiles: [$values/env/shop.yaml, $values/env/gone.yaml], parameters: [{name: a, value: 'b,c', forceString: true}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: some}
spec:
  destination: {namespace: some}
  source: {repoURL: https://example.com/repo, path: some, directory: {recurse: true, exclude: '{x*,deep/y.yaml}'}}
";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: c}]}\n";
    write(
        top,
        &[
            ("apps/web/kustomization.yaml", "resources: [web.yaml]\n"),
            ("apps/web/web.yaml", WEB),
            ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"),
            ("env/shop.yaml", "a: b\n"),
            ("some/a.yaml", pod),
            ("some/x.yaml", pod),
            ("some/deep/b.yaml", pod),
            ("some/deep/y.yaml", pod),
            ("argo/set.yaml", set),
        ],
    );
    let list: serde_json::Value = serde_json::from_str(&said(top, &["units", "-o", "json"])).unwrap();
    let of = |name: &str| {
        let all = list["units"].as_array().unwrap();
        all.iter().find(|u| u["name"] == name).unwrap_or_else(|| panic!("{name}\n{list:#}")).clone()
    };
    for (name, namespace) in [("web-dev", "dev"), ("web-prod", "prod"), ("merged-qa", "qa")] {
        assert_eq!(of(name)["namespace"], namespace);
        assert_eq!(of(name)["rendered"]["folder"], "apps/web");
    }
    assert!(of("all")["missing"][0].as_str().unwrap().contains("generator `clusters`, which cannot be determined"));
    let shop = of("shop");
    assert_eq!(shop["rendered"]["files"], serde_json::json!(["env/shop.yaml"]));
    assert!(
        shop["missing"][0].as_str().unwrap().contains("$values/env/gone.yaml of https://example.com/repo is not here")
    );
    assert_eq!(of("some")["rendered"]["files"], serde_json::json!(["some/a.yaml", "some/deep/b.yaml"]));
}
