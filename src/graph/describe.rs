//! Texts of nodes and edges, shared by cards, DOT labels and tooltips.

use std::collections::BTreeMap;
use std::fmt;

use super::config::short_kind;
use super::remark;
use super::{
    Access, Allowance, AllowanceLabel, Backend, Change, Container, Detail, Edge, EdgeDetail, Evidence, Exposure,
    Gravity, Listener, Location, Mark, MissingReason, Node, NodeKind, PeerNamespaces, PeerSet, PortMap, Ports,
    RouteRule, Scale, ServiceKind,
};
use crate::net::Protocol;

/// The separator of facts.
pub const FACTS_JOINT: &str = " · ";

impl Node {
    /// One line of facts under the name: `Deployment · 3 replicas`, `ClusterIP · 80 → 8080`.
    pub fn facts(&self) -> String {
        self.fact_list().join(FACTS_JOINT)
    }

    /// The same facts one by one.
    pub fn fact_list(&self) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        match &self.detail {
            Detail::Internet => parts.push("anyone outside".into()),
            Detail::External { addresses, except, location, on, set: _ } => {
                parts.extend(on_text(on.as_ref()));
                parts.extend(outside_facts(addresses, except, location));
            }
            Detail::ExternalName => parts.push("outside name".into()),
            Detail::Ingress { class, tls } => {
                parts.push("Ingress".into());
                parts.extend(class.clone().map(|c| format!("class {c}")));
                parts.extend(tls.then(|| "TLS".to_owned()));
            }
            Detail::Gateway { class, listeners, tls: _ } => {
                parts.push(self.label.clone());
                parts.extend((!class.is_empty()).then(|| format!("class {class}")));
                parts.push(first_of(&listener_texts(listeners)));
            }
            Detail::Route { hosts } => {
                parts.push(self.label.clone());
                parts.push(if hosts.is_empty() { "any host".into() } else { first_of(hosts) });
            }
            Detail::Service { service, ports, .. } => {
                parts.push(service.as_str().into());
                parts.push(service_ports_text(service, ports));
            }
            Detail::Workload { scale, host_network, containers, show_images, .. } => {
                parts.push(self.label.clone());
                parts.extend(scale_text(scale));
                parts.extend(host_network.then(|| "host network".to_owned()));
                parts.extend(show_images.then(|| images_text(containers)));
            }
            Detail::Config(config) => {
                parts.push(short_kind(&self.label).to_owned());
                parts.extend(config.facts());
            }
            Detail::Resource => parts.push(self.label.clone()),
            Detail::Unrendered { what } => {
                parts.push(self.label.clone());
                parts.push(format!("{what}, not rendered"));
            }
            Detail::Peers { set, members, on, .. } => {
                parts.extend(on_text(on.as_ref()));
                parts.push(set.text(self.namespace.as_deref()));
                parts.extend(members.as_ref().map(|m| members_text(m.len())));
            }
            Detail::Junction => {}
            Detail::Summary(summary) => parts.extend(summary.facts()),
            Detail::Missing { reason } => {
                parts.push(self.label.clone());
                parts.push(reason.text());
            }
        }
        parts.retain(|p| !p.is_empty());
        parts
    }

    /// True if the node shows the rules of its outgoing routes as rows.
    pub fn has_route_rows(&self) -> bool {
        matches!(self.kind(), NodeKind::Ingress | NodeKind::Route)
    }

    /// The badges of the card: a mark and a word each.
    pub fn badges(&self) -> Vec<(Mark, String)> {
        let mut badges = match &self.detail {
            Detail::Workload { access: Some(access), .. } | Detail::Peers { access: Some(access), .. } => {
                access.badges()
            }
            Detail::Summary(summary) => summary.badges(),
            _ => Vec::new(),
        };
        for (mark, gravity) in [(Mark::Broken, Gravity::Error), (Mark::Doubtful, Gravity::Warning)] {
            badges.extend(remark::counted(&self.remarks, gravity).map(|count| (mark, count)));
        }
        badges
    }

    /// Name, facts, badges and changes, a line each, for formats without signs: the badges are `isolated in · open
    /// out`.
    pub fn lines(&self) -> Vec<String> {
        let badges = self.badges().into_iter().map(|(mark, word)| match mark {
            Mark::Isolated => format!("isolated {word}"),
            Mark::Ruled => format!("restricted {word}"),
            Mark::Open => format!("open {word}"),
            Mark::Exposed => format!("reached from {word}"),
            Mark::Blocked => format!("denied from {word}"),
            Mark::Unevaluated => format!("not evaluated: {word}"),
            Mark::NoNames | Mark::Broken | Mark::Doubtful => word,
        });
        let mut lines = vec![self.name.clone(), self.facts(), badges.collect::<Vec<_>>().join(" · ")];
        lines.retain(|l| !l.is_empty());
        lines.extend(self.change.iter().flat_map(Change::lines).map(|line| line.to_string()));
        lines
    }

    /// All details of the node, a line each, for a tooltip.
    pub fn tooltip(&self) -> String {
        let mut lines = vec![self.id.to_string(), self.facts()];
        lines.extend(self.change.iter().flat_map(|change| match change {
            Change::Same => vec!["unchanged".to_owned()],
            change => change.lines().iter().map(|line| line.to_string()).collect(),
        }));
        match &self.detail {
            Detail::Workload { containers, labels, ports, access, .. } => {
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
                lines.extend(access.iter().flat_map(Access::lines));
            }
            Detail::Service { selector, .. } => lines.extend(pairs_text("selects", selector)),
            Detail::External { addresses, except, .. } => {
                lines.push(addresses.join(", "));
                if !except.is_empty() {
                    lines.push(format!("except {}", except.join(", ")));
                }
            }
            Detail::Peers { members, access, .. } => {
                lines.extend(members.iter().flat_map(|m| some_of("", m)));
                lines.extend(access.iter().flat_map(Access::lines));
            }
            Detail::Gateway { listeners, .. } => lines.extend(listener_texts(listeners)),
            Detail::Config(config) => lines.extend(config.remarks()),
            Detail::Route { hosts } if hosts.len() > 1 => lines.push(hosts.join(", ")),
            _ => {}
        }
        let remarks: Vec<String> =
            self.remarks.iter().map(|r| format!("{}: {} ({})", r.gravity.as_str(), r.text, r.place)).collect();
        lines.extend(some_of("", &remarks));
        lines.extend(self.evidence.iter().map(super::Evidence::place));
        lines.dedup();
        lines.join("\n")
    }
}

impl Edge {
    /// See [`EdgeDetail::lines`].
    pub fn lines(&self) -> Vec<String> {
        self.detail.lines()
    }

    /// All details of the edge, a line each, for a tooltip.
    pub fn tooltip(&self) -> String {
        let mut lines = self.lines();
        match &self.detail {
            EdgeDetail::Allows(allowance) => {
                lines.insert(0, "allowed by policy".to_owned());
                lines.extend(allowance.remarks());
            }
            EdgeDetail::Denied(allowance) => {
                lines.insert(0, "allowed at one end, denied at the other".to_owned());
                lines.extend(allowance.remarks());
            }
            EdgeDetail::Calls(_) => lines.insert(0, "named by configuration".to_owned()),
            EdgeDetail::Several(several) => {
                let texts = several.texts();
                if texts.len() > 1 {
                    lines.extend(some_of("", &texts));
                }
            }
            _ => {}
        }
        lines.extend(self.change.iter().flat_map(|change| match change {
            Change::Same => vec!["unchanged".to_owned()],
            change => change.lines_beside_arrows().iter().map(|line| line.to_string()).collect(),
        }));
        lines.extend(
            self.evidence.iter().map(
                |e| {
                    if e.field.is_empty() { e.place() } else { format!("{} {}", e.place(), e.field) }
                },
            ),
        );
        lines.join("\n")
    }
}

impl EdgeDetail {
    /// The text of the edge, a line each: `shop.example.com/cart → 80`, `80 → 8080`, `LoadBalancer 443`.
    pub fn lines(&self) -> Vec<String> {
        match self {
            EdgeDetail::Exposes(ways) => ways.iter().map(Exposure::text).collect(),
            EdgeDetail::Routes { rules, port } => {
                let port = port.text();
                rules
                    .iter()
                    .map(|r| if port.is_empty() { r.text() } else { format!("{} → {port}", r.text()) })
                    .collect()
            }
            EdgeDetail::Selects(ports) | EdgeDetail::Resolves(ports) => ports.iter().map(PortMap::text).collect(),
            EdgeDetail::Allows(allowance) => allowance.lines(),
            EdgeDetail::Denied(allowance) => allowance.lines(),
            EdgeDetail::Calls(call) => call.lines(),
            EdgeDetail::Uses(uses) => uses.lines(),
            EdgeDetail::Scales(scaling) => scaling.text().into_iter().collect(),
            EdgeDetail::Several(several) => several.lines(),
        }
    }
}

/// What is known of addresses outside of the cluster.
fn outside_facts(addresses: &[String], except: &[String], location: &Location) -> Vec<String> {
    let mut facts = vec![location.text().unwrap_or("outside addresses").to_owned()];
    if *location == Location::AroundCluster {
        facts.push(first_of(addresses));
    }
    if !except.is_empty() {
        facts.push(format!("except {}", first_of(except)));
    }
    facts
}

/// The ports of a Service. Clients of a headless one connect to the pods directly: only the ports of the pods matter.
fn service_ports_text(service: &ServiceKind, ports: &[PortMap]) -> String {
    match service {
        ServiceKind::Headless => list(ports.iter().map(PortMap::pod_text).collect()),
        _ => list(ports.iter().map(PortMap::text).collect()),
    }
}

fn images_text(containers: &[Container]) -> String {
    let mut images: Vec<String> = containers.iter().filter_map(|c| c.image.as_deref()).map(image_text).collect();
    images.dedup();
    first_of(&images)
}

/// How many workloads peers are.
fn members_text(count: usize) -> String {
    match count {
        0 => "not in the input".to_owned(),
        1 => "1 workload".to_owned(),
        n => format!("{n} workloads"),
    }
}

fn on_text(on: Option<&AllowanceLabel>) -> Option<String> {
    on.map(|on| format!("on {on}"))
}

fn listener_texts(listeners: &[Listener]) -> Vec<String> {
    listeners.iter().map(Listener::to_string).collect()
}

impl fmt::Display for Listener {
    /// `HTTPS 443 *.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port.map(|p| p.to_string());
        let words: Vec<&str> = [&self.protocol, &port, &self.host].into_iter().flatten().map(String::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl Location {
    /// `around the cluster`; `None` for any location.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Location::Outside => None,
            Location::AroundCluster => Some("around the cluster"),
        }
    }
}

impl MissingReason {
    /// A short phrase.
    pub fn text(&self) -> String {
        match self {
            MissingReason::NotInManifests => "not in the input".to_owned(),
            MissingReason::Optional => "optional, not in the input".to_owned(),
            MissingReason::NoSuchPod => "no pod has these labels".to_owned(),
            MissingReason::NoPortNamed(names) if names.is_empty() => "its ports have names".to_owned(),
            MissingReason::NoPortNamed(names) => format!("no port named {}", names.join(" or ")),
        }
    }
}

impl PeerSet {
    /// The namespaces of the pods: `of namespaces with team=a`; empty inside the frame of the namespace.
    pub fn text(&self, frame: Option<&str>) -> String {
        match self {
            PeerSet::Anyone => "any pod, any address".into(),
            PeerSet::Workloads(_) => "some of those that a rule means".into(),
            PeerSet::Described { namespaces, .. } => match namespaces {
                PeerNamespaces::Any => "of any namespace".into(),
                PeerNamespaces::Named(name) if frame == Some(name) => String::new(),
                PeerNamespaces::Named(name) => format!("of namespace {name}"),
                // Spaces after the commas allow line breaks.
                PeerNamespaces::Labeled(selector) => format!("of namespaces with {}", selector.replace(',', ", ")),
            },
        }
    }
}

/// `shop/web[NetworkPolicy] (web.yaml:3)`.
pub(super) fn policy_text(evidence: &Evidence) -> String {
    format!("{} ({})", evidence.object, evidence.place())
}

impl Ports {
    /// `all ports`, `80`, `8000-8080`, `53 TCP+UDP`, `any TCP`, `metrics`: a text for each port or range. The protocol
    /// is left out if it is TCP alone.
    pub fn texts(&self) -> Vec<String> {
        if self.is_all() {
            return vec!["all ports".into()];
        }
        let mut spans: BTreeMap<(u16, u16), Vec<&str>> = BTreeMap::new();
        for (protocol, a, b) in &self.ranges {
            spans.entry((*a, *b)).or_default().push(protocol.as_str());
        }
        let mut texts = Vec::new();
        for ((a, b), protocols) in spans {
            let number = if a == b { a.to_string() } else { format!("{a}-{b}") };
            texts.push(match (a == 1 && b == u16::MAX, protocols.as_slice()) {
                (true, _) => format!("any {}", protocols.join("+")),
                (false, ["TCP"]) => number,
                (false, [one]) => format!("{number}/{one}"),
                (false, _) => format!("{number} {}", protocols.join("+")),
            });
        }
        texts.extend(self.names.iter().cloned());
        texts
    }
}

impl Allowance {
    /// The text beside the edge: the ports with a mark of uncertainty, the network, and the number of exceptions.
    pub fn lines(&self) -> Vec<String> {
        self.label().lines()
    }

    /// Details for the tooltip: all ports if there are many, the excepted workloads, and the reasons of uncertainty.
    pub fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let ports = self.ports.texts();
        if ports.len() > 4 {
            lines.push(ports.join(", "));
        }
        lines.extend(some_of("not from ", &self.not_from));
        lines.extend(some_of("not to ", &self.not_to));
        lines.extend(self.doubts.iter().cloned());
        lines
    }
}

impl AllowanceLabel {
    /// The ports, the network, and the number of excepted workloads, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut ports = self.ports.texts();
        if ports.len() > 4 {
            let more = ports.len() - 3;
            ports.truncate(3);
            ports.push(format!("+{more}"));
        }
        let mut first = ports.join(", ");
        if self.unsure {
            first.push_str(if first.is_empty() { "?" } else { " ?" });
        }
        let mut lines = vec![first];
        lines.extend(self.network.clone());
        if self.exceptions > 0 {
            lines.push(format!("except {}", self.exceptions));
        }
        lines.retain(|l| !l.is_empty());
        lines
    }
}

impl fmt::Display for AllowanceLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join(", "))
    }
}

/// A line for each of the first 12 items, and the number of further items.
pub(super) fn some_of(word: &str, items: &[impl fmt::Display]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(12).map(|i| format!("{word}{i}")).collect();
    if items.len() > 12 {
        lines.push(format!("{word}{} more", items.len() - 12));
    }
    lines
}

impl Exposure {
    /// `LoadBalancer 80, 443`.
    pub fn text(&self) -> String {
        let ports: Vec<String> = self.ports.iter().map(|(n, p)| port_text(*n, *p)).collect();
        [self.via.as_str().to_owned(), ports.join(", ")].join(" ").trim_end().to_owned()
    }
}

impl RouteRule {
    /// `shop.example.com/cart`; `any host` or `default` without host and path. A match other than a path prefix is
    /// in brackets: `/login (exact)`, `/v[0-9]+ (regex, weight 10)`.
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
        self.remarked(place)
    }

    /// The text without the host: `/cart`, or `any path`.
    pub fn path_text(&self) -> String {
        self.remarked(self.path.clone().unwrap_or_else(|| "any path".into()))
    }

    /// Adds the type of the path. A prefix is the usual case, and `ImplementationSpecific` depends on the controller
    /// (<https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types>): both are left out.
    fn remarked(&self, text: String) -> String {
        let way = match self.path_type.as_deref() {
            Some("Exact") => Some("exact".to_owned()),
            Some("RegularExpression") => Some("regex".to_owned()),
            _ => None,
        };
        let remarks: Vec<String> = way.into_iter().chain(self.weight.map(|w| format!("weight {w}"))).collect();
        if remarks.is_empty() { text } else { format!("{text} ({})", remarks.join(", ")) }
    }
}

impl Backend {
    /// `80`, `http`, or empty.
    pub fn text(&self) -> String {
        match self {
            Backend::Number(n) => n.to_string(),
            Backend::Name { resolved: Some(n), .. } => n.to_string(),
            Backend::Name { name, resolved: None } => name.clone(),
            Backend::Absent(port) => format!("no {port}"),
            Backend::None => String::new(),
        }
    }
}

impl PortMap {
    /// `80 → 8080`, `53/UDP`; one number if both are equal.
    pub fn text(&self) -> String {
        let port = port_text(self.port, self.protocol);
        let target = self.target.to_string();
        if target == self.port.to_string() { port } else { format!("{port} → {target}") }
    }
}

impl PortMap {
    /// The pod port: `8080`, `53/UDP`.
    fn pod_text(&self) -> String {
        match self.protocol {
            Protocol::Tcp => self.target.to_string(),
            other => format!("{}/{}", self.target, other.as_str()),
        }
    }
}

/// `80`, `53/UDP`: the protocol is left out if it is TCP.
pub fn port_text(number: u16, protocol: Protocol) -> String {
    match protocol {
        Protocol::Tcp => number.to_string(),
        other => format!("{number}/{}", other.as_str()),
    }
}

/// The first two items, and the number of further items.
fn list(items: Vec<String>) -> String {
    match items.as_slice() {
        [a, b, rest @ ..] if !rest.is_empty() => format!("{a}, {b} +{}", rest.len()),
        all => all.join(", "),
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

pub(super) fn first_of(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

/// The last segment of an image's repository with its tag, and the first digits of its digest, if it has one:
/// `nginx:1.27`, `app@sha256:0f3b8f6c`.
fn image_text(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once('@') {
        Some((name, digest)) => {
            let (algorithm, hash) = digest.split_once(':').unwrap_or(("", digest));
            let hash: String = hash.chars().take(8).collect();
            // After a tag, the digits suffice.
            if name.contains(':') || algorithm.is_empty() {
                format!("{name}@{hash}")
            } else {
                format!("{name}@{algorithm}:{hash}")
            }
        }
        None => last.to_owned(),
    }
}

fn pairs_text(word: &str, pairs: &std::collections::BTreeMap<String, String>) -> Option<String> {
    (!pairs.is_empty()).then(|| format!("{word} {}", crate::net::label_list(pairs, ", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_by_its_last_segment() {
        assert_eq!(image_text("nginx"), "nginx");
        assert_eq!(image_text("registry.example.com:5000/team/app:v1.2"), "app:v1.2");
        let digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert_eq!(image_text(&format!("ghcr.io/a/b@sha256:{digest}")), "b@sha256:01234567");
        assert_eq!(image_text(&format!("ghcr.io/a/b:2@sha256:{digest}")), "b:2@01234567");
    }
}
