//! Which facts differ between what two states say of one node.

use std::collections::BTreeMap;

use crate::graph::{
    About, Access, Container, Detail, Difference, Exposure, HostTls, Listener, Node, NodeId, Outside, Port, PortMap,
    RouteRule, Scale, Side, Stance, port_text,
};

/// What differs between a node of the old state and the same of the new one, the gravest first. Where things are
/// written is no fact.
pub(super) fn of_nodes(old: &Node, new: &Node) -> Vec<Difference> {
    let mut found = Found::default();
    if old.kind() == new.kind() {
        for (old, new) in facts(&old.detail).into_iter().zip(facts(&new.detail)) {
            found.compare(old, new);
        }
    } else {
        found.value("", old.kind().as_str(), new.kind().as_str());
    }
    found.0
}

/// A fact about a node.
enum Fact<'a> {
    /// One value.
    Value(&'static str, String),
    /// A set of values.
    Set(&'static str, Vec<String>),
    /// Values by name.
    Pairs(&'static str, &'a BTreeMap<String, String>),
    /// The ports of a Service.
    Ports(&'a [PortMap]),
    Scale(&'a Scale),
    Containers(&'a [Container]),
    Access(Option<&'a Access>),
}

/// The facts about nodes of one kind are the same ones in the same order.
fn facts(detail: &Detail) -> Vec<Fact<'_>> {
    match detail {
        Detail::Workload { scale, labels, ports, containers, host_network, show_images: _, access } => vec![
            Fact::Access(access.as_ref()),
            Fact::Value("host network", yes(*host_network).to_owned()),
            Fact::Scale(scale),
            Fact::Containers(containers),
            Fact::Set("port", ports.iter().map(port_words).collect()),
            Fact::Pairs("label", labels),
        ],
        Detail::Service { service, ports, selector } => {
            vec![Fact::Value("", service.as_str().to_owned()), Fact::Ports(ports), Fact::Pairs("selects", selector)]
        }
        Detail::Ingress { class, tls } => vec![
            Fact::Value("TLS", yes(*tls).to_owned()),
            Fact::Value("class", class.clone().unwrap_or_else(|| "none".to_owned())),
        ],
        Detail::Gateway { class, listeners, tls: _ } => vec![
            Fact::Value("class", class.clone()),
            Fact::Set("listener", listeners.iter().map(Listener::to_string).collect()),
        ],
        Detail::Route { hosts } => vec![Fact::Set("host", hosts.clone())],
        Detail::External { addresses, except, location, on: _, set: _ } => vec![
            Fact::Set("", addresses.clone()),
            Fact::Set("except", except.clone()),
            Fact::Value("", location.text().unwrap_or_default().to_owned()),
        ],
        Detail::Peers { members, access, set: _, on: _ } => vec![
            Fact::Access(access.as_ref()),
            Fact::Set("", members.iter().flatten().map(NodeId::to_string).collect()),
        ],
        Detail::Missing { reason } => vec![Fact::Value("", reason.text())],
        Detail::Unrendered { what } => vec![Fact::Value("", what.clone())],
        Detail::Internet
        | Detail::ExternalName
        | Detail::Config(_)
        | Detail::Resource
        | Detail::Junction
        | Detail::Summary(_) => Vec::new(),
    }
}

/// `8080 http`, `53/UDP`.
fn port_words(port: &Port) -> String {
    let number = port_text(port.number, port.protocol);
    match &port.name {
        Some(name) => format!("{number} {name}"),
        None => number,
    }
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
    let plain = |rule: &RouteRule| RouteRule { tls: HostTls::None, ..rule.clone() };
    for rule in new {
        let before = old.iter().find(|r| plain(r) == plain(rule));
        match before {
            Some(before) if before.tls.as_str() != rule.tls.as_str() => {
                found.value(About::Tls(rule.clone()), before.tls.as_str(), rule.tls.as_str());
            }
            Some(_) => {}
            None => found.push(About::Rule(rule.clone()), "", &rule.text()),
        }
    }
    for rule in old.iter().filter(|rule| !new.iter().any(|r| plain(r) == plain(rule))) {
        found.push(About::Rule(rule.clone()), &rule.text(), "");
    }
    found.value("port", old_port, new_port);
    found.0
}

/// The same for ways from outside.
pub(super) fn of_exposures(old: &[Exposure], new: &[Exposure]) -> Vec<Difference> {
    let mut found = Found::default();
    let texts = |ways: &[Exposure]| ways.iter().map(Exposure::text).collect::<Vec<String>>();
    found.set("", &texts(old), &texts(new));
    found.0
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// What policies do about a direction; whether there are any that let everything through makes no difference.
pub(super) fn stance(side: Option<&Side>) -> Stance {
    match side.map_or(Stance::Open, |s| s.stance) {
        Stance::Unrestricted => Stance::Open,
        other => other,
    }
}

/// `isolated`, `open`, `restricted`.
pub(super) fn stance_word(stance: Stance) -> &'static str {
    match stance {
        Stance::Open | Stance::Unrestricted => "open",
        Stance::Unenforced => "not enforced",
        Stance::Ruled => "restricted",
        Stance::Isolated => "isolated",
    }
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn compare(&mut self, old: Fact<'_>, new: Fact<'_>) {
        match (old, new) {
            (Fact::Value(about, old), Fact::Value(_, new)) => self.value(about, &old, &new),
            (Fact::Set(about, old), Fact::Set(_, new)) => self.set(about, &old, &new),
            (Fact::Pairs(about, old), Fact::Pairs(_, new)) => self.pairs(about, old, new),
            (Fact::Ports(old), Fact::Ports(new)) => self.ports(old, new),
            (Fact::Scale(old), Fact::Scale(new)) => self.scale(old, new),
            (Fact::Containers(old), Fact::Containers(new)) => self.containers(old, new),
            (Fact::Access(old), Fact::Access(new)) => self.access(old, new),
            // Nodes of one kind have the same facts.
            _ => {}
        }
    }

    fn push(&mut self, about: impl Into<About>, old: &str, new: &str) {
        self.0.push(Difference::new(about, old, new));
    }

    fn value(&mut self, about: impl Into<About>, old: &str, new: &str) {
        if old != new {
            self.push(about, old, new);
        }
    }

    /// What one has and the other has not; one of each is a change from the one to the other.
    fn set(&mut self, about: &'static str, old: &[String], new: &[String]) {
        let gone: Vec<&String> = old.iter().filter(|o| !new.contains(o)).collect();
        let come: Vec<&String> = new.iter().filter(|n| !old.contains(n)).collect();
        if let ([old], [new]) = (gone.as_slice(), come.as_slice()) {
            self.push(about, old, new);
            return;
        }
        come.into_iter().for_each(|new| self.push(about, "", new));
        gone.into_iter().for_each(|old| self.push(about, old, ""));
    }

    fn pairs(&mut self, about: &'static str, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
        for (key, value) in new {
            match old.get(key) {
                Some(before) => self.value(About::Part(about, key.clone()), before, value),
                None => self.push(about, "", &format!("{key}={value}")),
            }
        }
        for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            self.push(about, &format!("{key}={value}"), "");
        }
    }

    fn ports(&mut self, old: &[PortMap], new: &[PortMap]) {
        let texts = |ports: &[PortMap]| ports.iter().map(PortMap::text).collect::<Vec<String>>();
        self.set("", &texts(old), &texts(new));
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
            let about = match new.len() {
                1 => About::Fact("image"),
                _ => About::Part("image", container.name.clone()),
            };
            match old.iter().find(|c| c.name == container.name) {
                Some(before) if before.image != container.image => {
                    let (old, new) = short_images(&image(before), &image(container));
                    self.push(about, &old, &new);
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
        let word = |access: Option<&Access>, side: fn(&Access) -> &Side| stance_word(stance(access.map(side)));
        for (about, side) in [("in", (|a| &a.ingress) as fn(&Access) -> &Side), ("out", |a| &a.egress)] {
            self.value(about, word(old, side), word(new, side));
        }
        if let (Some(old), Some(new)) = (old, new) {
            let words = |outside: Outside| match outside {
                Outside::Unreached => "not reached",
                Outside::Reached => "reached",
                Outside::Blocked => "denied",
                Outside::Undetermined => "undetermined",
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
