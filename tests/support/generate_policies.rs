//! Workloads with policies of any number, the same for the same numbers: what benchmarks of connectivity read.

use std::fmt::Write as _;

/// How much to make.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Namespaces.
    pub namespaces: usize,
    /// Workloads in all, each with labels of its own.
    pub workloads: usize,
    /// NetworkPolicies in all.
    pub policies: usize,
}

/// A stream of manifests. The policies are of the kinds that people write: deny everything in a namespace but requests
/// of its gateway, let one application reach another, let a tier of another team in, let monitoring in from everywhere,
/// let requests out to addresses. With one policy for each namespace there are connections already.
pub fn manifests(size: Size) -> String {
    let mut text = String::new();
    let each = size.workloads.div_ceil(size.namespaces);
    for n in 0..size.namespaces {
        let _ = writeln!(
            text,
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: ns-{n:03}, labels: {{team: t{}}}}}\n---",
            n % 10
        );
    }
    for w in 0..size.workloads {
        let (n, i) = (w / each, w % each);
        let _ = writeln!(
            text,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{i:03}, namespace: ns-{n:03}}}\nspec:\n  selector: {{matchLabels: {{app: app-{i:03}}}}}\n  \
             template:\n    metadata: {{labels: {{app: app-{i:03}, tier: tier-{}, version: v{w}}}}}\n    spec:\n      containers:\n        - name: main\n          image: \
             registry.example.com/app:{i}\n          ports: [{{name: http, containerPort: 8080}}, {{name: metrics, containerPort: 9090}}]\n---",
            i % 4
        );
    }
    for p in 0..size.policies {
        let (n, round) = (p % size.namespaces, p / size.namespaces);
        let _ = writeln!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: policy-{p:04}, namespace: ns-{n:03}}}\nspec:"
        );
        let target = (7 * round) % each;
        let source = (7 * round + 3) % each;
        let _ = match round % 5 {
            0 => writeln!(
                text,
                "  podSelector: {{}}\n  policyTypes: [Ingress]\n  ingress:\n    - from: [{{podSelector: {{matchLabels: {{app: app-000}}}}}}]\n      ports: [{{port: http}}]"
            ),
            1 => writeln!(
                text,
                "  podSelector: {{matchLabels: {{app: app-{target:03}}}}}\n  ingress:\n    - from: [{{podSelector: {{matchLabels: {{app: app-{source:03}}}}}}}]\n      \
                 ports: [{{port: http}}]"
            ),
            2 => writeln!(
                text,
                "  podSelector: {{matchLabels: {{tier: tier-1}}}}\n  ingress:\n    - from: [{{namespaceSelector: {{matchLabels: {{team: t{}}}}}, podSelector: \
                 {{matchLabels: {{tier: tier-2}}}}}}]\n      ports: [{{port: 8080}}]",
                (n + 1) % 10
            ),
            3 => writeln!(
                text,
                "  podSelector: {{}}\n  ingress:\n    - from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: ns-000}}}}, podSelector: \
                 {{matchLabels: {{app: app-000}}}}}}]\n      ports: [{{port: metrics}}]"
            ),
            _ => writeln!(
                text,
                "  podSelector: {{matchLabels: {{tier: tier-3}}}}\n  policyTypes: [Egress]\n  egress:\n    - to: [{{ipBlock: {{cidr: 203.0.{}.0/24}}}}]\n      ports: [{{port: \
                 443}}]\n    - to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: app-{source:03}}}}}}}]",
                p % 250
            ),
        };
        text.push_str("---\n");
    }
    text
}
