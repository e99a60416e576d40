//! The manifests that a random cluster with policies of Cilium is.

use std::fmt::Write as _;

use super::{EGRESS, GROUP, INGRESS, NAMESPACES, Peers, PortEntry, Rule, SERVED, Selector, Spec, TEAMS, World};

impl Selector {
    fn yaml(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(k, v)| format!("\"{k}\": \"{v}\"")).collect();
        let expressions: Vec<String> = self
            .expressions
            .iter()
            .map(|(key, operator, values)| {
                let values =
                    if values.is_empty() { String::new() } else { format!(", values: [{}]", values.join(", ")) };
                format!("{{key: \"{key}\", operator: {operator}{values}}}")
            })
            .collect();
        format!("{{matchLabels: {{{}}}, matchExpressions: [{}]}}", labels.join(", "), expressions.join(", "))
    }
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", "))
}

impl Rule {
    fn yaml(&self, direction: usize) -> String {
        let side = if direction == INGRESS { "from" } else { "to" };
        let mut parts = Vec::new();
        let mut add = |what: &str, items: String| parts.push(format!("{side}{what}: {items}"));
        match &self.peers {
            Peers::Unsaid => {}
            Peers::Endpoints(selectors) => add("Endpoints", list(selectors, Selector::yaml)),
            Peers::Entities(names) => add("Entities", list(names, |n| (*n).to_owned())),
            Peers::Blocks(blocks) => add("CIDR", list(blocks, |b| format!("\"{b}\""))),
            Peers::BlockSets(sets) => add(
                "CIDRSet",
                list(sets, |(block, except)| {
                    let except = except.map_or(String::new(), |e| format!(", except: [\"{e}\"]"));
                    format!("{{cidr: \"{block}\"{except}}}")
                }),
            ),
            Peers::Group => add("CIDRSet", "[{cidrGroupRef: office}]".to_owned()),
            Peers::Service(namespace) => {
                add("Services", format!("[{{k8sService: {{serviceName: s, namespace: {namespace}}}}}]"));
            }
            Peers::Names => add("FQDNs", "[{matchName: api.example.test}]".to_owned()),
        }
        if !self.requires.is_empty() {
            add("Requires", list(&self.requires, Selector::yaml));
        }
        if self.icmp {
            parts.push("icmps: [{fields: [{type: 8, family: IPv4}]}]".to_owned());
        }
        if !self.ports.is_empty() {
            parts.push(format!("toPorts: {}", list(&self.ports, PortEntry::yaml)));
        }
        format!("{{{}}}", parts.join(", "))
    }
}

impl PortEntry {
    fn yaml(&self) -> String {
        let ports = list(&self.ports, |(port, end, protocol)| {
            let end = end.map_or(String::new(), |e| format!(", endPort: {e}"));
            let protocol = protocol.map_or(String::new(), |p| format!(", protocol: {p}"));
            format!("{{port: \"{port}\"{end}{protocol}}}")
        });
        let http = self.http.as_ref().map_or(String::new(), |rules| {
            let rules = list(rules, |(method, path)| {
                let method = method.map(|m| format!("method: \"{m}\""));
                let path = path.map(|p| format!("path: \"{p}\""));
                format!("{{{}}}", method.into_iter().chain(path).collect::<Vec<_>>().join(", "))
            });
            format!(", rules: {{http: {rules}}}")
        });
        format!("{{ports: {ports}{http}}}")
    }
}

impl Spec {
    fn yaml(&self) -> String {
        let mut parts = vec![format!("endpointSelector: {}", self.selector.yaml())];
        let mut default_deny = Vec::new();
        for (direction, name) in [(INGRESS, "ingress"), (EGRESS, "egress")] {
            let side = &self.sides[direction];
            for (rules, key) in [(&side.allow, name.to_owned()), (&side.deny, format!("{name}Deny"))] {
                if !rules.is_empty() {
                    parts.push(format!("{key}: {}", list(rules, |r| r.yaml(direction))));
                }
            }
            default_deny.extend(side.default_deny.map(|d| format!("{name}: {d}")));
        }
        if !default_deny.is_empty() {
            parts.push(format!("enableDefaultDeny: {{{}}}", default_deny.join(", ")));
        }
        format!("{{{}}}", parts.join(", "))
    }
}

impl World {
    /// The manifests that say it.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for (name, team) in NAMESPACES.iter().zip(TEAMS) {
            let _ = writeln!(
                out,
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{team: {team}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: {name}}}\nspec: {{selector: {{app: {SERVED}}}, ports: [{{port: 80}}]}}"
            );
        }
        let _ = writeln!(
            out,
            "---\napiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {{name: office}}\nspec: {{externalCIDRs: [\"{}\"]}}",
            GROUP.join("\", \"")
        );
        for pod in &self.pods {
            let tier = pod.tier.map_or(String::new(), |t| format!(", tier: {t}"));
            let account = pod.account.map_or(String::new(), |a| format!("serviceAccountName: {a}, "));
            let web = pod.web.map_or(String::new(), |w| format!("{{name: web, containerPort: {w}}}"));
            let _ = writeln!(
                out,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {}, namespace: {}, labels: {{app: {}{tier}}}}}\nspec: {{{account}containers: [{{name: c, ports: [{web}]}}]}}",
                pod.name, NAMESPACES[pod.namespace], pod.app
            );
        }
        for (index, policy) in self.policies.iter().enumerate() {
            let kind =
                if policy.namespace.is_some() { "CiliumNetworkPolicy" } else { "CiliumClusterwideNetworkPolicy" };
            let place = policy.namespace.map_or(String::new(), |n| format!(", namespace: {}", NAMESPACES[n]));
            let spec = match policy.specs.as_slice() {
                [one] => format!("spec: {}", one.yaml()),
                several => format!("specs: {}", list(several, Spec::yaml)),
            };
            let _ = writeln!(
                out,
                "---\napiVersion: cilium.io/v2\nkind: {kind}\nmetadata: {{name: c{index}{place}}}\n{spec}"
            );
        }
        for (index, plain) in self.plain.iter().enumerate() {
            let subject = plain.app.map_or("{}".to_owned(), |a| format!("{{matchLabels: {{app: {a}}}}}"));
            let (list_name, side, kind) =
                if plain.egress { ("egress", "to", "Egress") } else { ("ingress", "from", "Ingress") };
            let rules = list(&plain.allows, |(app, port)| {
                let mut parts = Vec::new();
                parts.extend(app.map(|a| format!("{side}: [{{podSelector: {{matchLabels: {{app: {a}}}}}}}]")));
                parts.extend(port.map(|p| format!("ports: [{{port: {p}}}]")));
                format!("{{{}}}", parts.join(", "))
            });
            let _ = writeln!(
                out,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{index}, namespace: {}}}\nspec: {{podSelector: {subject}, policyTypes: [{kind}], {list_name}: {rules}}}",
                NAMESPACES[plain.namespace]
            );
        }
        out
    }
}
