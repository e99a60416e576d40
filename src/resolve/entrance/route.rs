//! What every reader of entry points does in the same way: rules by target and port, references to Services, and edges
//! from outside.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::super::backends::Reference;
use super::super::facts::{ControllerHint, Host};
use super::alb::Wanted;
use super::{Context, exposure, port_number};
use crate::cluster::Entry;
use crate::graph::{Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, HostTls, NodeId, RouteRule};
use crate::manifest::Tree;
use crate::net::{ObjectKey, Protocol};

/// The rules of an entry point, by target and port, with the place of each.
pub(super) struct Rules<'a> {
    /// The entry point.
    pub entry: &'a Entry,
    found: IndexMap<(NodeId, Backend), IndexMap<RouteRule, Evidence>>,
    /// How many more objects between it and its Services are followed.
    steps: usize,
}

/// A Service that an entry point names.
pub(super) struct Target<'t> {
    /// Its namespace.
    pub namespace: &'t str,
    /// Its name.
    pub name: &'t str,
    /// The port that is asked for.
    pub port: Wanted,
    /// The field that names it.
    pub field: String,
    /// The field that names the port.
    pub port_field: String,
}

impl<'t> Target<'t> {
    /// A Service that a field names, with the port in a field of it.
    pub fn at(namespace: &'t str, name: &'t str, (port, key): (Wanted, &str), field: String) -> Target<'t> {
        Target { namespace, name, port, port_field: format!("{field}.{key}"), field }
    }
}

/// From where clients may come, where an object restricts that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::resolve) struct Clients {
    /// Blocks that are let in; none for all.
    pub allowed: Vec<String>,
    /// Blocks that are kept out.
    pub denied: Vec<String>,
    /// The field that says so.
    pub field: String,
}

impl<'a> Rules<'a> {
    /// No rules yet.
    pub fn of(entry: &'a Entry) -> Rules<'a> {
        Rules { entry, found: IndexMap::new(), steps: 1_000 }
    }

    /// Whether one more object between an entry point and its Services is followed: there may be many, and in circles.
    pub fn follow(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    /// Adds a rule; one that is there already stays once.
    pub fn push(&mut self, end: (NodeId, Backend), rule: RouteRule, said: Evidence) {
        self.found.entry(end).or_default().entry(rule).or_insert(said);
    }

    /// Adds rules that send to a Service.
    pub fn send(&mut self, context: &mut Context<'_>, target: Target<'_>, rules: impl IntoIterator<Item = RouteRule>) {
        let said = context.evidence(self.entry, &target.field);
        let key = ObjectKey::new("", "Service", target.namespace, target.name);
        let port = context.checked_port(&key, target.port.backend(|name| context.named_port(&key, name)));
        let reference = Reference { entry: self.entry, field: target.field, port_field: target.port_field, key, port };
        let end = context.backend(reference, &said);
        for rule in rules {
            self.push(end.clone(), rule, said.clone());
        }
    }

    /// Adds the edges of all rules.
    pub fn finish(self, context: &mut Context<'_>, from: &NodeId) {
        for ((target, port), rules) in self.found {
            let (rules, said): (Vec<RouteRule>, Vec<Evidence>) = rules.into_iter().unzip();
            context.graph.edge(from, &target, EdgeDetail::Routes { rules, port }, said);
        }
    }
}

impl Context<'_> {
    /// The node of a route.
    pub(super) fn route(&mut self, entry: &Entry, hosts: &[String]) -> NodeId {
        self.object(entry, Detail::Route { hosts: hosts.to_vec() })
    }

    /// Says that an entry point takes requests from outside itself: from the network around the cluster where its
    /// annotations ask for that, else from the addresses that it lets in, else from the Internet.
    pub(super) fn open(
        &mut self,
        entry: &Entry,
        id: &NodeId,
        via: Expose,
        ports: Vec<(u16, Protocol)>,
        clients: Option<Clients>,
    ) {
        let said = self.evidence(entry, "");
        let internal = exposure::internal(&entry.object.annotations);
        let from = match (internal, clients) {
            (Some(field), _) => {
                let said = self.evidence(entry, &field);
                self.private_network(said)
            }
            (None, Some(clients)) => {
                let said = self.evidence(entry, &clients.field);
                self.clients(&clients, said)
            }
            (None, None) => self.internet(),
        };
        self.graph.edge(&from, id, EdgeDetail::Exposes(vec![Exposure { via, ports }]), [said]);
    }

    /// Keeps the class of an entry point, or a word for its controller.
    pub(super) fn class(&mut self, entry: &Entry, class: &str) {
        let object = self.position(entry);
        self.facts.controllers.insert(object, ControllerHint::Class(class.to_owned()));
    }

    /// Keeps how an entry point encrypts requests for all of its hosts, which are declared in one field.
    pub(super) fn hosts(&mut self, entry: &Entry, field: &str, hosts: &[String], tls: HostTls) {
        for host in hosts {
            self.host(entry, field.to_owned(), Some(host.clone()), tls);
        }
        if hosts.is_empty() {
            self.host(entry, field.to_owned(), None, tls);
        }
    }

    /// Keeps how an entry point encrypts requests for a host.
    pub(super) fn host(&mut self, entry: &Entry, field: String, name: Option<String>, tls: HostTls) {
        let object = self.position(entry);
        self.facts.hosts.push(Host { object, field, name, tls });
    }
}

/// A rule for everything at a host.
pub(super) fn everything(host: Option<String>, tls: HostTls) -> RouteRule {
    RouteRule { host, path: None, path_type: None, tls, weight: None, default: false }
}

/// The same rule for requests that are copied: the answers to the copies are thrown away.
pub(super) fn mirrored(rule: RouteRule) -> RouteRule {
    let path = rule.path.map_or_else(|| "(mirror)".to_owned(), |path| format!("{path} (mirror)"));
    RouteRule { path: Some(path), weight: None, ..rule }
}

/// A text in a tree; an empty one counts as none.
pub(super) fn text<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t str> {
    tree.at(path)?.as_str().filter(|t| !t.is_empty())
}

/// A port number in a tree.
pub(super) fn number(tree: &Tree, path: &[&str]) -> Option<u16> {
    i32::try_from(tree.at(path)?.as_i64()?).ok().and_then(port_number)
}

/// The items of a list in a tree; none if there is no list.
pub(super) fn items<'t>(tree: &'t Tree, path: &[&str]) -> impl Iterator<Item = &'t Tree> + use<'t> {
    tree.at(path).map(Tree::items).unwrap_or_default().iter()
}

/// The texts of a list in a tree.
pub(super) fn strings(tree: &Tree, path: &[&str]) -> Vec<String> {
    items(tree, path).filter_map(Tree::as_str).map(str::to_owned).collect()
}

/// A port that is written as a number, as a name, or as a number in a text.
pub(super) fn port(written: Option<&Tree>) -> Wanted {
    let number = |n: i64| i32::try_from(n).ok().and_then(port_number);
    match written.map(|w| (w.as_i64(), w.as_str())) {
        Some((Some(n), _)) => number(n).map_or(Wanted::Nothing, Wanted::Number),
        Some((None, Some(word))) => match word.parse::<i64>() {
            Ok(n) => number(n).map_or(Wanted::Nothing, Wanted::Number),
            Err(_) if word.is_empty() => Wanted::Nothing,
            Err(_) => Wanted::Name(word.to_owned()),
        },
        _ => Wanted::Nothing,
    }
}

/// What is said of a host in a table of hosts: of itself, of a wildcard that covers it, or of every host. A wildcard
/// stands for one or more labels.
pub(super) fn of_host<'t, T>(table: &'t BTreeMap<String, T>, host: &str) -> Option<&'t T> {
    let wildcards = host.match_indices('.').map(|(dot, _)| format!("*{}", &host[dot..]));
    std::iter::once(host.to_owned()).chain(wildcards).chain(["*".to_owned()]).find_map(|name| table.get(&name))
}

/// The weight of a backend.
pub(super) fn weight(backend: &Tree) -> Option<i32> {
    backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok())
}
