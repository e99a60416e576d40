//! How fast manifests are read. The input is made here: the usual mix of a Deployment with a Service, an Ingress and a
//! policy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

use std::fmt::Write;

use divan::Bencher;
use divan::counter::BytesCount;
use kubesketch::manifest::parse;
use kubesketch::source::Sources;

// As in the program itself: reading is mostly allocating.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn yaml(apps: usize) -> String {
    let mut text = String::new();
    for i in 0..apps {
        let _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{i}\n  namespace: team-{n}\n  labels:\n    app.kubernetes.io/name: app-{i}\n    version: \"1.{i}\"\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: app-{i}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: app-{i}\n        tier: backend\n    spec:\n      serviceAccountName: app-{i}\n      containers:\n      - name: main # the one that serves\n        image: \"registry.example/team/app-{i}:v1.{i}\"\n        args: [\"--port=8080\", --verbose]\n        ports:\n        - name: http\n          containerPort: 8080\n        env:\n        - name: DATABASE_URL\n          value: postgres://db.team-{n}.svc:5432/app\n        - name: PASSWORD\n          valueFrom:\n            secretKeyRef: {{name: app-{i}, key: password}}\n        resources:\n          requests: {{cpu: 100m, memory: 128Mi}}\n          limits: {{cpu: 1, memory: 256Mi}}\n        readinessProbe:\n          httpGet: {{path: /healthz, port: http}}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app-{i}\n  namespace: team-{n}\nspec:\n  selector:\n    app.kubernetes.io/name: app-{i}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app-{i}\n  namespace: team-{n}\nspec:\n  rules:\n  - host: app-{i}.example\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: app-{i}\n            port:\n              name: http\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: app-{i}\n  namespace: team-{n}\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: app-{i}\n  ingress:\n  - from:\n    - namespaceSelector: {{}}\n    ports:\n    - port: 8080\n",
            n = i % 20,
        );
    }
    text
}

fn json(apps: usize) -> String {
    let items: Vec<String> = (0..apps)
        .map(|i| {
            format!(
                "        {{\n            \"apiVersion\": \"v1\",\n            \"kind\": \"Service\",\n            \"metadata\": {{\n                \"name\": \"app-{i}\",\n                \"namespace\": \"team\"\n            }},\n            \"spec\": {{\n                \"ports\": [\n                    {{\n                        \"port\": 80,\n                        \"targetPort\": \"http\"\n                    }}\n                ],\n                \"selector\": {{\n                    \"app\": \"app-{i}\"\n                }}\n            }}\n        }}"
            )
        })
        .collect();
    format!(
        "{{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": [\n{}\n    ]\n}}\n",
        items.join(",\n")
    )
}

fn measure(bencher: Bencher<'_, '_>, text: String) {
    let bytes = BytesCount::new(text.len());
    let sources = Sources::from_texts([("input", text)]);
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one_core = one_core.ok();
    bencher.counter(bytes).bench_local(|| match &one_core {
        Some(pool) => pool.install(|| parse(&sources)),
        None => parse(&sources),
    });
}

#[divan::bench(args = [1, 100, 2000])]
fn yaml_apps(bencher: Bencher<'_, '_>, apps: usize) {
    measure(bencher, yaml(apps));
}

#[divan::bench(args = [100, 10_000])]
fn json_services(bencher: Bencher<'_, '_>, apps: usize) {
    measure(bencher, json(apps));
}
