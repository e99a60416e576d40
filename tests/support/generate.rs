//! Manifests of any size, the same for the same numbers: what benchmarks and tests of scale read.

use std::fmt::{self, Write as _};

/// How much to make.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Namespaces.
    pub namespaces: usize,
    /// Workloads in each namespace, each with a Service.
    pub workloads: usize,
    /// Every so many workloads an Ingress rule leads to one.
    pub route_every: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} objects in {} namespaces", self.namespaces * (2 + 2 * self.workloads), self.namespaces)
    }
}

/// A stream of manifests: in each namespace the Namespace, workloads with a Service each, and one Ingress that routes
/// to some of them.
pub fn manifests(size: Size) -> String {
    let mut text = String::new();
    for n in 0..size.namespaces {
        let _ = writeln!(
            text,
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team-{n:03}\n  labels:\n    team: t{n}\n---"
        );
        let _ = writeln!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: edge\n  namespace: team-{n:03}\nspec:"
        );
        let _ = writeln!(
            text,
            "  ingressClassName: nginx\n  tls:\n    - hosts: [team-{n:03}.example.com]\n      secretName: tls\n  rules:"
        );
        let _ = writeln!(text, "    - host: team-{n:03}.example.com\n      http:\n        paths:");
        for w in (0..size.workloads).step_by(size.route_every.max(1)) {
            let _ = writeln!(text, "          - path: /{}\n            pathType: Prefix", word(n + w));
            let _ = writeln!(
                text,
                "            backend:\n              service:\n                name: {}\n                port:\n                  number: 80",
                name(n, w)
            );
        }
        text.push_str("---\n");
        for w in 0..size.workloads {
            let name = name(n, w);
            let kind = ["Deployment", "StatefulSet", "DaemonSet"][(n + w) % 3];
            let _ = write!(
                text,
                "apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  namespace: team-{n:03}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {part}
spec:
{sized}  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: {part}
    spec:
      containers:
        - name: main
          image: registry.example.com/{name}:1.{w}
          env:
            - name: LISTEN
              value: \":8080\"
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: team-{n:03}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
---
",
                part = word(n),
                sized = match kind {
                    "DaemonSet" => String::new(),
                    "StatefulSet" => format!("  serviceName: {name}\n  replicas: {}\n", 1 + w % 3),
                    _ => format!("  replicas: {}\n", 1 + w % 5),
                },
            );
        }
    }
    text
}

fn name(n: usize, w: usize) -> String {
    format!("{}-{}-{w:02}", word(n + 3 * w), word(7 * n + w + 1))
}

fn word(i: usize) -> &'static str {
    [
        "cart", "catalog", "checkout", "payment", "search", "profile", "ledger", "mailer", "indexer", "gateway",
        "media", "report", "quota",
    ][i % 13]
}
