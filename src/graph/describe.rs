//! How nodes and edges are put into words: one place, so that a card, a DOT label and a tooltip say the same.

use super::{Backend, Detail, Edge, EdgeDetail, Exposure, Node, NodeKind, PortMap, Protocol, RouteRule, Scale};

impl Node {
    /// One line of facts under the name: `Deployment · 3 replicas`, `ClusterIP · 80 → 8080`.
    pub fn facts(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        match &self.detail {
            Detail::Internet => parts.push("anyone outside".into()),
            Detail::External { addresses, role } => {
                parts.push(role.clone().unwrap_or_else(|| "outside addresses".into()));
                if role.is_some() {
                    parts.push(first_of(addresses));
                }
            }
            Detail::ExternalName => parts.push("outside name".into()),
            Detail::Ingress { class, tls } => {
                parts.push("Ingress".into());
                parts.extend(class.clone().map(|c| format!("class {c}")));
                parts.extend(tls.then(|| "TLS".to_owned()));
            }
            Detail::Gateway { class, listeners, tls: _ } => {
                parts.push("Gateway".into());
                parts.push(format!("class {class}"));
                parts.push(first_of(listeners));
            }
            Detail::Route { hosts } => {
                parts.push(self.label.clone());
                parts.push(if hosts.is_empty() { "any host".into() } else { first_of(hosts) });
            }
            Detail::Service { service, ports, .. } => {
                parts.push(service.as_str().into());
                parts.push(ports_text(ports));
            }
            Detail::Workload { scale, host_network, .. } => {
                parts.push(self.label.clone());
                parts.extend(scale_text(scale));
                parts.extend(host_network.then(|| "host network".to_owned()));
            }
            Detail::Resource => parts.push(self.label.clone()),
            Detail::Missing { reason } => {
                parts.push(self.label.clone());
                parts.push(reason.clone());
            }
        }
        parts.retain(|p| !p.is_empty());
        parts.join(" · ")
    }

    /// Whether the node lists the rules of its outgoing routes as rows.
    pub fn has_route_rows(&self) -> bool {
        matches!(self.kind, NodeKind::Ingress | NodeKind::Route)
    }

    /// Everything known about the node, a line each, for a tooltip.
    pub fn tooltip(&self) -> String {
        let mut lines = vec![self.id.clone(), self.facts()];
        match &self.detail {
            Detail::Workload {
                containers, labels, ports, ..
            } => {
                lines.extend(containers.iter().map(|c| match &c.image {
                    Some(image) => format!("{}: {image}", c.name),
                    None => c.name.clone(),
                }));
                if !ports.is_empty() {
                    let all: Vec<String> = ports
                        .iter()
                        .map(|p| match &p.name {
                            Some(name) => format!("{name} {}", port_text(p.number, p.protocol)),
                            None => port_text(p.number, p.protocol),
                        })
                        .collect();
                    lines.push(format!("ports {}", all.join(", ")));
                }
                lines.extend(pairs_text("labels", labels));
            }
            Detail::Service { selector, .. } => lines.extend(pairs_text("selects", selector)),
            Detail::External { addresses, .. } => lines.push(addresses.join(", ")),
            Detail::Gateway { listeners, .. } => lines.extend(listeners.iter().cloned()),
            Detail::Route { hosts } if hosts.len() > 1 => lines.push(hosts.join(", ")),
            _ => {}
        }
        lines.extend(self.evidence.iter().map(super::Evidence::place));
        lines.dedup();
        lines.join("\n")
    }
}

impl Edge {
    /// What the edge says, a line each: `shop.example.com/cart → 80`, `80 → 8080`, `LoadBalancer 443`.
    pub fn lines(&self) -> Vec<String> {
        match &self.detail {
            EdgeDetail::Exposes(ways) => ways.iter().map(Exposure::text).collect(),
            EdgeDetail::Routes { rules, port } => {
                let port = port.text();
                rules
                    .iter()
                    .map(|r| if port.is_empty() { r.text() } else { format!("{} → {port}", r.text()) })
                    .collect()
            }
            EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports) => ports.iter().map(PortMap::text).collect(),
        }
    }

    /// Everything known about the edge, a line each, for a tooltip.
    pub fn tooltip(&self) -> String {
        let mut lines = self.lines();
        lines.extend(self.evidence.iter().map(|e| {
            if e.field.is_empty() {
                e.place()
            } else {
                format!("{} {}", e.place(), e.field)
            }
        }));
        lines.join("\n")
    }
}

impl Exposure {
    /// `LoadBalancer 80, 443`.
    pub fn text(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(|(n, p)| port_text(*n, *p)).collect();
        [self.via.as_str().to_owned(), ports.join(", ")].join(" ").trim_end().to_owned()
    }
}

impl RouteRule {
    /// `shop.example.com/cart`; `any host` or `default` where there is neither host nor path.
    pub fn text(&self) -> String {
        if self.default {
            return "default".into();
        }
        let place = match (&self.host, &self.path) {
            (Some(host), Some(path)) if path.starts_with('/') => format!("{host}{path}"),
            (Some(host), Some(path)) => format!("{host} {path}"),
            (Some(host), None) => host.clone(),
            (None, Some(path)) => path.clone(),
            (None, None) => "any host".into(),
        };
        self.weighted(place)
    }

    /// The same without the host: `/cart`, or `any path`.
    pub fn path_text(&self) -> String {
        self.weighted(self.path.clone().unwrap_or_else(|| "any path".into()))
    }

    fn weighted(&self, text: String) -> String {
        match self.weight {
            Some(weight) => format!("{text} (weight {weight})"),
            None => text,
        }
    }
}

impl Backend {
    /// `80`, `http`, or nothing.
    pub fn text(&self) -> String {
        match self {
            Backend::Number(n) => n.to_string(),
            Backend::Name { resolved: Some(n), .. } => n.to_string(),
            Backend::Name { name, resolved: None } => name.clone(),
            Backend::None => String::new(),
        }
    }
}

impl PortMap {
    /// `80 → 8080`, `53/UDP`; one number where both are the same.
    pub fn text(&self) -> String {
        let port = port_text(self.port, self.protocol);
        let target = self.target.to_string();
        if target == self.port.to_string() {
            port
        } else {
            format!("{port} → {target}")
        }
    }
}

/// `80`, `53/UDP`: the protocol is said only where it is not TCP.
pub fn port_text(number: u16, protocol: Protocol) -> String {
    match protocol {
        Protocol::Tcp => number.to_string(),
        other => format!("{number}/{}", other.as_str()),
    }
}

fn ports_text(ports: &[PortMap]) -> String {
    match ports {
        [] => String::new(),
        [a] => a.text(),
        [a, b] => format!("{}, {}", a.text(), b.text()),
        [a, b, rest @ ..] => format!("{}, {} +{}", a.text(), b.text(), rest.len()),
    }
}

fn scale_text(scale: &Scale) -> Option<String> {
    match scale {
        Scale::Replicas(1) => Some("1 replica".into()),
        Scale::Replicas(n) => Some(format!("{n} replicas")),
        Scale::PerNode => Some("every node".into()),
        Scale::Completions(1) | Scale::Single | Scale::Unknown => None,
        Scale::Completions(n) => Some(format!("{n} completions")),
        Scale::Schedule(cron) => Some(cron.clone()),
    }
}

fn first_of(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

fn pairs_text(word: &str, pairs: &std::collections::BTreeMap<String, String>) -> Option<String> {
    (!pairs.is_empty()).then(|| format!("{word} {}", pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")))
}
