//! The manifests that say what a random world is.

use std::fmt::Write as _;

use super::{Cidr, Kind, Labels, Peer, Port, Requirement, Rule, Selector, World};

impl World {
    /// The manifests that say it.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for namespace in &self.namespaces {
            if let Some(labels) = &namespace.labels {
                let _ = writeln!(
                    out,
                    "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {}, labels: {}}}}}",
                    namespace.name,
                    map(&[labels.as_slice(), if namespace.own_network { &[PRIMARY] } else { &[] }].concat())
                );
            }
            if namespace.own_network {
                let _ = writeln!(
                    out,
                    "---\n{{apiVersion: k8s.ovn.org/v1, kind: UserDefinedNetwork, metadata: {{name: own, namespace: {}}}, spec: {{topology: Layer2, layer2: {{role: Primary}}}}}}",
                    namespace.name
                );
            }
        }
        for pod in &self.pods {
            let ports: Vec<String> =
                pod.ports.iter().map(|(n, p, i)| format!("{{name: {n}, protocol: {p}, containerPort: {i}}}")).collect();
            let status = pod.address.map(|a| format!(", status: {{podIP: \"{a}\"}}")).unwrap_or_default();
            let host = if pod.host_network { "hostNetwork: true, " } else { "" };
            if pod.of_job {
                let own: Labels = pod.labels.iter().copied().filter(|(k, _)| !k.ends_with("job-name")).collect();
                let _ = writeln!(
                    out,
                    "---\n{{apiVersion: batch/v1, kind: Job, metadata: {{name: {}, namespace: {}}}, spec: {{template: {{metadata: {{labels: {}}}, spec: {{{host}containers: [{{name: c, image: i, ports: [{}]}}]}}}}}}}}",
                    pod.name,
                    self.namespaces[pod.namespace].name,
                    map(&own),
                    ports.join(", ")
                );
                continue;
            }
            let _ = writeln!(
                out,
                "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {}, namespace: {}, labels: {}}}, spec: {{{host}containers: [{{name: c, image: i, ports: [{}]}}]}}{status}}}",
                pod.name,
                self.namespaces[pod.namespace].name,
                map(&pod.labels),
                ports.join(", ")
            );
        }
        for (i, policy) in self.policies.iter().enumerate() {
            let types = if policy.types.is_empty() {
                String::new()
            } else {
                format!(", policyTypes: [{}]", policy.types.join(", "))
            };
            let _ = writeln!(
                out,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: np{i}, namespace: {}}}\nspec: {{podSelector: {}, ingress: [{}], egress: [{}]{types}}}",
                self.namespaces[policy.namespace].name,
                words(&policy.pods),
                rules(&policy.ingress, "from"),
                rules(&policy.egress, "to"),
            );
        }
        for policy in &self.admin {
            let p = policy.priority;
            let (version, kind, name, priority) = match policy.kind {
                Kind::Admin => ("v1alpha1", "AdminNetworkPolicy", format!("anp{p}"), format!("priority: {p}, ")),
                Kind::Baseline => ("v1alpha1", "BaselineAdminNetworkPolicy", "default".to_owned(), String::new()),
                Kind::ClusterAdmin => {
                    ("v1alpha2", "ClusterNetworkPolicy", format!("cnp{p}"), format!("tier: Admin, priority: {p}, "))
                }
                Kind::ClusterBaseline => {
                    ("v1alpha2", "ClusterNetworkPolicy", format!("cnp{p}"), format!("tier: Baseline, priority: {p}, "))
                }
            };
            let newer = version == "v1alpha2";
            let subject = match &policy.pods {
                Some(pods) => {
                    format!("pods: {{namespaceSelector: {}, podSelector: {}}}", words(&policy.namespaces), words(pods))
                }
                None => format!("namespaces: {}", words(&policy.namespaces)),
            };
            let _ = writeln!(
                out,
                "---\napiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{priority}subject: {{{subject}}}, ingress: [{}], egress: [{}]}}",
                cluster_rules(&policy.ingress, "from", newer),
                cluster_rules(&policy.egress, "to", newer),
            );
        }
        out
    }
}

const PRIMARY: (&str, &str) = ("k8s.ovn.org/primary-user-defined-network", "\"\"");

fn map(labels: &[(&str, &str)]) -> String {
    format!("{{{}}}", labels.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", "))
}

fn words(selector: &Selector) -> String {
    // A lone value is written as a label, to try both ways of saying it.
    let list = |values: &[&str]| values.join(", ");
    if let [Requirement::In(key, values)] = selector.as_slice()
        && values.len() == 1
    {
        return format!("{{matchLabels: {{{key}: {}}}}}", values[0]);
    }
    let parts: Vec<String> = selector
        .iter()
        .map(|r| match r {
            Requirement::In(key, values) => format!("{{key: {key}, operator: In, values: [{}]}}", list(values)),
            Requirement::NotIn(key, values) => format!("{{key: {key}, operator: NotIn, values: [{}]}}", list(values)),
            Requirement::Exists(key) => format!("{{key: {key}, operator: Exists}}"),
            Requirement::Absent(key) => format!("{{key: {key}, operator: DoesNotExist}}"),
        })
        .collect();
    if parts.is_empty() { "{}".to_owned() } else { format!("{{matchExpressions: [{}]}}", parts.join(", ")) }
}

fn cidr((base, length): Cidr) -> String {
    format!("\"{base}/{length}\"")
}

fn rules(rules: &[Rule], side: &str) -> String {
    let peer = |p: &Peer| match p {
        Peer::Block { block, except } => format!(
            "{{ipBlock: {{cidr: {}, except: [{}]}}}}",
            cidr(*block),
            except.iter().map(|e| cidr(*e)).collect::<Vec<_>>().join(", ")
        ),
        Peer::Pods { namespaces, pods } => {
            let parts = [
                namespaces.as_ref().map(|n| format!("namespaceSelector: {}", words(n))),
                pods.as_ref().map(|p| format!("podSelector: {}", words(p))),
            ];
            format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
    };
    let port = |p: &Port| match p {
        Port::All(protocol) => format!("{{protocol: {protocol}}}"),
        Port::Number(protocol, n) => format!("{{protocol: {protocol}, port: {n}}}"),
        Port::Range(protocol, a, b) => format!("{{protocol: {protocol}, port: {a}, endPort: {b}}}"),
        Port::Name(protocol, name) => format!("{{protocol: {}, port: {name}}}", protocol.unwrap_or("TCP")),
    };
    let one = |r: &Rule| {
        let peers: Vec<String> = r.peers.iter().map(peer).collect();
        let ports: Vec<String> = r.ports.iter().map(port).collect();
        format!("{{{side}: [{}], ports: [{}]}}", peers.join(", "), ports.join(", "))
    };
    rules.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn cluster_rules(rules: &[Rule], side: &str, newer: bool) -> String {
    let everything = Vec::new();
    let peer = |p: &Peer| match p {
        Peer::Block { block, .. } => format!("{{networks: [{}]}}", cidr(*block)),
        Peer::Pods { namespaces, pods } => {
            let namespaces = words(namespaces.as_ref().unwrap_or(&everything));
            match pods {
                Some(pods) => format!("{{pods: {{namespaceSelector: {namespaces}, podSelector: {}}}}}", words(pods)),
                None => format!("{{namespaces: {namespaces}}}"),
            }
        }
    };
    let lower = |protocol: &str| protocol.to_lowercase();
    let port = |p: &Port| match (p, newer) {
        (Port::Name(_, name), false) => format!("{{namedPort: {name}}}"),
        (Port::All(protocol), false) => format!("{{portRange: {{protocol: {protocol}, start: 1, end: 65535}}}}"),
        (Port::Number(protocol, n), false) => format!("{{portNumber: {{protocol: {protocol}, port: {n}}}}}"),
        (Port::Range(protocol, a, b), false) => {
            format!("{{portRange: {{protocol: {protocol}, start: {a}, end: {b}}}}}")
        }
        (Port::Name(_, name), true) => format!("{{destinationNamedPort: {name}}}"),
        (Port::All(protocol), true) => format!("{{{}: {{}}}}", lower(protocol)),
        (Port::Number(protocol, n), true) => format!("{{{}: {{destinationPort: {{number: {n}}}}}}}", lower(protocol)),
        (Port::Range(protocol, a, b), true) => {
            format!("{{{}: {{destinationPort: {{range: {{start: {a}, end: {b}}}}}}}}}", lower(protocol))
        }
    };
    let (field, allow) = if newer { ("protocols", "Accept") } else { ("ports", "Allow") };
    let one = |r: &Rule| {
        let peers: Vec<String> = r.peers.iter().map(peer).collect();
        let ports: Vec<String> = r.ports.iter().map(port).collect();
        let ports = if ports.is_empty() { String::new() } else { format!(", {field}: [{}]", ports.join(", ")) };
        let action = if r.action == "Allow" { allow } else { r.action };
        format!("{{action: {action}, {side}: [{}]{ports}}}", peers.join(", "))
    };
    rules.iter().map(one).collect::<Vec<_>>().join(", ")
}
