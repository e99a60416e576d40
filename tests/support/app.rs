//! A Deployment with its Service, for states that differ.

/// Both in the namespace `shop`; pods listen on `port`.
pub fn app(name: &str, replicas: usize, port: u16) -> String {
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: registry.example.com/{name}:1, ports: [{{containerPort: {port}}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: {port}}}]}}
"
    )
}
