//! Which facts differ between what two states say of one node.

use std::collections::BTreeMap;

use crate::graph::{
    Access, Container, Detail, Difference, Exposure, Node, Outside, PortMap, RouteRule, Scale, Side, Stance, port_text,
};

/// What differs between a node of the old state and the same of the new one, the gravest first. Where things are
/// written is no fact.
pub(super) fn of_nodes(old: &Node, new: &Node) -> Vec<Difference> {
    let mut found = Found::default();
    match (&old.detail, &new.detail) {
        (
            Detail::Workload {
                scale: scale_a,
                labels: labels_a,
                ports: ports_a,
                containers: containers_a,
                host_network: host_a,
                show_images: _,
                access: access_a,
            },
            Detail::Workload {
                scale: scale_b,
                labels: labels_b,
                ports: ports_b,
                containers: containers_b,
                host_network: host_b,
                show_images: _,
                access: access_b,
            },
        ) => {
            found.access(access_a.as_ref(), access_b.as_ref());
            found.value("host network", yes(*host_a), yes(*host_b));
            found.scale(scale_a, scale_b);
            found.containers(containers_a, containers_b);
            let port = |p: &crate::graph::Port| match &p.name {
                Some(name) => format!("{} {name}", port_text(p.number, p.protocol)),
                None => port_text(p.number, p.protocol),
            };
            found.set("port", ports_a.iter().map(port), ports_b.iter().map(port));
            found.pairs("label", labels_a, labels_b);
        }
        (
            Detail::Service { service: service_a, ports: ports_a, selector: selector_a },
            Detail::Service { service: service_b, ports: ports_b, selector: selector_b },
        ) => {
            found.value("", service_a.as_str(), service_b.as_str());
            found.ports(ports_a, ports_b);
            found.pairs("selects", selector_a, selector_b);
        }
        (Detail::Ingress { class: class_a, tls: tls_a }, Detail::Ingress { class: class_b, tls: tls_b }) => {
            found.value("TLS", yes(*tls_a), yes(*tls_b));
            found.value("class", class_a.as_deref().unwrap_or("none"), class_b.as_deref().unwrap_or("none"));
        }
        (
            Detail::Gateway { class: class_a, listeners: listeners_a, .. },
            Detail::Gateway { class: class_b, listeners: listeners_b, .. },
        ) => {
            found.value("class", class_a, class_b);
            found.set("listener", listeners_a.iter().cloned(), listeners_b.iter().cloned());
        }
        (Detail::Route { hosts: a }, Detail::Route { hosts: b }) => {
            found.set("host", a.iter().cloned(), b.iter().cloned())
        }
        (
            Detail::External { addresses: addresses_a, except: except_a, role: role_a, .. },
            Detail::External { addresses: addresses_b, except: except_b, role: role_b, .. },
        ) => {
            found.set("", addresses_a.iter().cloned(), addresses_b.iter().cloned());
            found.set("except", except_a.iter().cloned(), except_b.iter().cloned());
            found.value("", role_a.as_deref().unwrap_or_default(), role_b.as_deref().unwrap_or_default());
        }
        (
            Detail::Peers { members: members_a, access: access_a, .. },
            Detail::Peers { members: members_b, access: access_b, .. },
        ) => {
            found.access(access_a.as_ref(), access_b.as_ref());
            let names = |m: &Option<Vec<String>>| m.iter().flatten().cloned().collect::<Vec<String>>();
            found.set("", names(members_a).into_iter(), names(members_b).into_iter());
        }
        (Detail::Missing { reason: a }, Detail::Missing { reason: b }) => found.value("", a, b),
        _ => found.value("", old.kind.as_str(), new.kind.as_str()),
    }
    found.0
}

/// Whether a set of pods or addresses is the same in both states; an object always is.
pub(super) fn means_the_same(old: &Node, new: &Node) -> bool {
    match (&old.detail, &new.detail) {
        (Detail::Peers { members: a, .. }, Detail::Peers { members: b, .. }) => a == b,
        (Detail::External { .. }, Detail::External { .. }) => of_nodes(old, new).is_empty(),
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// What differs between what two states say by one edge: what it says now, and what it said.
pub(super) fn of_ports(old: &[PortMap], new: &[PortMap]) -> Vec<Difference> {
    let mut found = Found::default();
    found.ports(old, new);
    found.0
}

/// The same for rules of routes.
pub(super) fn of_rules(
    (old, old_port): (&[RouteRule], &str),
    (new, new_port): (&[RouteRule], &str),
) -> Vec<Difference> {
    let mut found = Found::default();
    // TLS is a fact of the host, and the rule stays the same rule without it.
    let plain = |rule: &RouteRule| RouteRule { tls: false, ..rule.clone() };
    let text = |rule: &RouteRule| rule.text();
    for rule in new {
        let before = old.iter().find(|r| plain(r) == plain(rule));
        match before {
            Some(before) if before.tls != rule.tls => {
                let about = format!("{} TLS", text(rule));
                found.value(&about, yes(before.tls), yes(rule.tls));
            }
            Some(_) => {}
            None => found.push("", "", &text(rule)),
        }
    }
    for rule in old.iter().filter(|rule| !new.iter().any(|r| plain(r) == plain(rule))) {
        found.push("", &text(rule), "");
    }
    found.value("port", old_port, new_port);
    found.0
}

/// The same for ways from outside.
pub(super) fn of_exposures(old: &[Exposure], new: &[Exposure]) -> Vec<Difference> {
    let mut found = Found::default();
    found.set("", old.iter().map(Exposure::text), new.iter().map(Exposure::text));
    found.0
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// `isolated`, `open`, …: what policies do about a direction.
pub(super) fn stance(side: Option<&Side>) -> &'static str {
    match side.map_or(Stance::Open, |s| s.stance) {
        Stance::Open | Stance::Unrestricted => "open",
        Stance::Ruled => "restricted",
        Stance::Isolated => "isolated",
    }
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn push(&mut self, about: &str, old: &str, new: &str) {
        self.0.push(Difference::new(about, old, new));
    }

    fn value(&mut self, about: &str, old: &str, new: &str) {
        if old != new {
            self.push(about, old, new);
        }
    }

    /// What one has and the other has not; one of each is a change from the one to the other.
    fn set(&mut self, about: &str, old: impl Iterator<Item = String>, new: impl Iterator<Item = String>) {
        let (old, new): (Vec<String>, Vec<String>) = (old.collect(), new.collect());
        let gone: Vec<&String> = old.iter().filter(|o| !new.contains(o)).collect();
        let come: Vec<&String> = new.iter().filter(|n| !old.contains(n)).collect();
        if let ([old], [new]) = (gone.as_slice(), come.as_slice()) {
            self.push(about, old, new);
            return;
        }
        come.into_iter().for_each(|new| self.push(about, "", new));
        gone.into_iter().for_each(|old| self.push(about, old, ""));
    }

    fn pairs(&mut self, about: &str, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
        for (key, value) in new {
            match old.get(key) {
                Some(before) => self.value(&format!("{about} {key}"), before, value),
                None => self.push(about, "", &format!("{key}={value}")),
            }
        }
        for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            self.push(about, &format!("{key}={value}"), "");
        }
    }

    fn ports(&mut self, old: &[PortMap], new: &[PortMap]) {
        self.set("", old.iter().map(PortMap::text), new.iter().map(PortMap::text));
        let named = |ports: &[PortMap]| -> BTreeMap<String, String> {
            let fixed = ports.iter().filter_map(|p| p.node_port.map(|n| (p.port.to_string(), n.to_string())));
            fixed.collect()
        };
        self.pairs("node port", &named(old), &named(new));
    }

    fn scale(&mut self, old: &Scale, new: &Scale) {
        let words = |scale: &Scale| match scale {
            Scale::Replicas(n) => ("replicas", n.to_string()),
            Scale::Completions(n) => ("completions", n.to_string()),
            Scale::Schedule(cron) => ("schedule", cron.clone()),
            Scale::PerNode => ("", "every node".to_owned()),
            Scale::Single | Scale::Unknown => ("", String::new()),
        };
        let ((about, before), (now, after)) = (words(old), words(new));
        if about == now {
            self.value(about, &before, &after);
        } else {
            self.value("", &format!("{about} {before}"), &format!("{now} {after}"));
        }
    }

    fn containers(&mut self, old: &[Container], new: &[Container]) {
        let image = |c: &Container| c.image.clone().unwrap_or_default();
        for container in new {
            let about = if new.len() > 1 { format!("image {}", container.name) } else { "image".to_owned() };
            match old.iter().find(|c| c.name == container.name) {
                Some(before) if before.image != container.image => {
                    let (old, new) = short_images(&image(before), &image(container));
                    self.push(&about, &old, &new);
                }
                Some(_) => {}
                None => self.push("container", "", &container.name),
            }
        }
        for gone in old.iter().filter(|c| !new.iter().any(|n| n.name == c.name)) {
            self.push("container", &gone.name, "");
        }
    }

    fn access(&mut self, old: Option<&Access>, new: Option<&Access>) {
        self.value("in", stance(old.map(|a| &a.ingress)), stance(new.map(|a| &a.ingress)));
        self.value("out", stance(old.map(|a| &a.egress)), stance(new.map(|a| &a.egress)));
        if let (Some(old), Some(new)) = (old, new) {
            let words = |outside: Outside| match outside {
                Outside::Unreached => "not reached",
                Outside::Reached => "reached",
                Outside::Blocked => "denied",
            };
            self.value("from outside", words(old.outside), words(new.outside));
        }
    }
}

/// Two images, without what both begin with up to a separator, so that what differs is seen: `1.2` and `1.3` of
/// `registry.example/shop/api:1.2`.
fn short_images(old: &str, new: &str) -> (String, String) {
    let tag = |image: &str| {
        let name = image.rfind('/').map_or(0, |i| i + 1);
        let split = image[name..].find([':', '@']).map(|i| name + i);
        match split {
            Some(at) => (image[..at].to_owned(), image[at + 1..].to_owned()),
            None => (image.to_owned(), String::new()),
        }
    };
    let ((name_a, tag_a), (name_b, tag_b)) = (tag(old), tag(new));
    let short = |tag: &str| match tag.split_once("sha256:") {
        Some((before, digest)) => format!("{before}sha256:{}…", digest.chars().take(12).collect::<String>()),
        None if tag.is_empty() => "no tag".to_owned(),
        None => tag.to_owned(),
    };
    let (short_a, short_b) = (short(&tag_a), short(&tag_b));
    if name_a == name_b && short_a != short_b { (short_a, short_b) } else { (old.to_owned(), new.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_what_differs() {
        assert_eq!(
            short_images("r.example:5000/shop/api:1.2", "r.example:5000/shop/api:1.3"),
            ("1.2".into(), "1.3".into())
        );
        assert_eq!(short_images("shop/api", "shop/api:1.3"), ("no tag".into(), "1.3".into()));
        assert_eq!(short_images("shop/api:1", "shop/web:1"), ("shop/api:1".into(), "shop/web:1".into()));
    }
}
