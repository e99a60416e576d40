//! What every reader of entry points does in the same way: rules by target and port, references to Services, and edges
//! from outside.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::super::backends::Reference;
use super::super::clouds::{self, Placed};
use super::super::facts::{Checked, ControllerHint, Host, Listening, OwnAnswer};
use super::alb::Wanted;
use super::doors::Hop;
use super::limits::is_internal_word;
use super::{Context, port_number};
use crate::cluster::Entry;
use crate::graph::{
    AddressesId, Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, HostTls, LineEnd, NodeId, RouteRule, When,
};
use crate::manifest::Tree;
use crate::net::{AddressSet, ObjectKey, Protocol};

/// The rules of an entry point, by target and port, with the place of each.
pub(super) struct Rules<'a> {
    /// The entry point.
    pub entry: &'a Entry,
    found: IndexMap<(NodeId, Backend), IndexMap<RouteRule, Evidence>>,
    /// How many more objects between it and its Services are followed.
    steps: usize,
    /// The turn of the rules that are added, where their order decides.
    pub turn: Option<usize>,
    turns: BTreeMap<String, usize>,
    /// Whether the rules that are added are for some clients only, in a way that is not the same for all.
    pub narrow: bool,
    /// The targets of such rules, and those of others.
    targets: [BTreeSet<NodeId>; 2],
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
        Rules {
            entry,
            found: IndexMap::new(),
            steps: 1_000,
            turn: None,
            turns: BTreeMap::new(),
            narrow: false,
            targets: Default::default(),
        }
    }

    /// Whether one more object between an entry point and its Services is followed: there may be many, and in circles.
    pub fn follow(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    /// Adds a rule; one that is there already stays once.
    pub fn push(&mut self, end: (NodeId, Backend), rule: RouteRule, said: Evidence) {
        self.turns.extend(self.turn.map(|turn| (said.field.clone(), turn)));
        if rule.weight != Some(0) {
            self.targets[usize::from(!self.narrow)].insert(end.0.clone());
        }
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

    /// Adds rules that answer requests themselves.
    pub fn answer(
        &self,
        context: &mut Context<'_>,
        (how, field): (&str, &str),
        rules: impl IntoIterator<Item = RouteRule>,
    ) {
        let object = context.position(self.entry);
        let at = context.evidence(self.entry, field);
        context.facts.turns.extend(self.turn.map(|turn| ((object, field.to_owned()), turn)));
        let own = rules.into_iter().map(|rule| OwnAnswer { object, rule, how: how.to_owned(), at: at.clone() });
        context.facts.answers.extend(own);
    }

    /// Adds the edges of all rules. What is only sent to for some clients is not evaluated further: their lists stand
    /// in a field.
    pub fn finish_listed(self, context: &mut Context<'_>, from: &NodeId, field: &str) {
        let [narrow, wide] = &self.targets;
        let only: BTreeSet<NodeId> = narrow.difference(wide).cloned().collect();
        if !only.is_empty() {
            context.unjudged_to(self.entry, "a list of addresses of some of its routes", field, only);
        }
        self.finish(context, from);
    }

    /// Adds the edges of all rules.
    pub fn finish(self, context: &mut Context<'_>, from: &NodeId) {
        let object = context.position(self.entry);
        context.facts.turns.extend(self.turns.into_iter().map(|(field, turn)| ((object, field), turn)));
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
        let detail = EdgeDetail::Exposes(vec![Exposure { via, ports }]);
        for from in self.outsides(entry, clients) {
            self.graph.edge(&from, id, detail.clone(), [said.clone()]);
        }
    }

    /// From where requests come to an entry point that takes them itself: from as far as annotations, the addresses
    /// that it lets in, and what opens the pods of its controller allow. None if only the inside of the cluster reaches
    /// these.
    fn outsides(&mut self, entry: &Entry, clients: Option<Clients>) -> Vec<NodeId> {
        match clouds::placed(&entry.object.annotations) {
            Some(Placed::Inside(field)) => {
                let said = self.evidence(entry, &field);
                return vec![self.private_network(said)];
            }
            Some(Placed::Untold(field)) => {
                self.unjudged(entry, "an annotation that may put it inside the network", &field);
            }
            None => {}
        }
        let hop = self.hop(entry);
        if let (Hop::Unknown, Some(field)) = (&hop, self.internal_class(entry)) {
            let said = self.evidence(entry, &field);
            return vec![self.private_network(said)];
        }
        let own = clients.map(|clients| {
            let said = self.evidence(entry, &clients.field);
            self.clients(&clients, said)
        });
        match (hop, own) {
            (Hop::Unknown, Some(own)) => vec![own],
            (Hop::Unknown, None) => vec![self.internet()],
            (Hop::Closed(pods), _) => {
                let object = self.position(entry);
                self.facts.shut.insert(object, pods);
                Vec::new()
            }
            (Hop::From(outsides), None) => outsides,
            (Hop::From(outsides), Some(own)) => {
                let mut found: Vec<NodeId> = outsides.iter().filter_map(|o| self.meeting(o, &own)).collect();
                found.sort();
                found.dedup();
                found
            }
        }
    }

    /// From where requests come to the pods that bring those of an entry point.
    pub(super) fn hop(&self, entry: &Entry) -> Hop {
        let pods = self.controllers.bringing(self.cluster, &self.facts, self.position(entry));
        self.doors.hop(&pods)
    }

    /// The field that names a class inside the network, of an entry point that is no Ingress: those have more to go by.
    fn internal_class(&self, entry: &Entry) -> Option<String> {
        let ControllerHint::Class(class) = self.facts.controllers.get(&self.position(entry))? else { return None };
        let by_field = entry.object.tree.at(&["spec", "ingressClassName"]).is_some();
        let field = if by_field { "spec.ingressClassName" } else { "metadata.annotations" };
        (entry.key.kind != "Ingress" && is_internal_word(class)).then(|| field.to_owned())
    }

    /// The node for those whom two nodes for the outside have in common.
    fn meeting(&mut self, one: &NodeId, other: &NodeId) -> Option<NodeId> {
        if one == other {
            return Some(one.clone());
        }
        let all = || AddressSet::all_v4().union(&AddressSet::all_v6());
        let mut set = |id: &NodeId| match self.graph.known(id).map(|n| &n.detail) {
            Some(Detail::External { set, .. }) => set.clone(),
            _ => all(),
        };
        let (a, b) = (set(one), set(other));
        let both = a.intersection(&b);
        if both.is_empty() {
            return None;
        }
        for (id, own) in [(one, &a), (other, &b)] {
            if own.difference(&both).is_empty() {
                return Some(id.clone());
            }
        }
        let said = self.graph.known(other).map(|n| n.evidence.clone()).unwrap_or_default();
        let addresses = both.ranges().into_iter().flat_map(|r| r.cidrs()).collect();
        let id = AddressesId { addresses, except: Vec::new(), end: LineEnd::From, on: None };
        Some(self.outside(id, both, said))
    }

    /// Keeps where a route is heard: by nobody else than those that are given.
    pub(super) fn heard(&mut self, entry: &Entry, found: impl IntoIterator<Item = Listening>) {
        let object = self.position(entry);
        self.facts.listening.entry(object).or_default().extend(found);
    }

    /// Keeps that a route is heard by something of which nothing is known.
    pub(super) fn heard_elsewhere(&mut self, entry: &Entry) {
        let object = self.position(entry);
        self.facts.heard_elsewhere.insert(object);
    }

    /// Keeps who checks the requests of an entry point.
    pub(super) fn checked(&mut self, entry: &Entry, by: impl Into<String>, field: &str) {
        let object = self.position(entry);
        self.facts.checked.entry(object).or_insert(Checked { by: by.into(), field: field.to_owned() });
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
    RouteRule { host, path: None, path_type: None, tls, weight: None, default: false, when: When::Always }
}

/// The same rule for requests that are copied: the answers to the copies are thrown away.
pub(super) fn mirrored(rule: RouteRule) -> RouteRule {
    let path = rule.path.map_or_else(|| "(mirror)".to_owned(), |path| format!("{path} (mirror)"));
    RouteRule { path: Some(path), weight: None, when: When::Copied, ..rule }
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
pub(in crate::resolve) fn items<'t>(tree: &'t Tree, path: &[&str]) -> impl Iterator<Item = &'t Tree> + use<'t> {
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
/// represents one or more labels.
pub(super) fn of_host<'t, T>(table: &'t BTreeMap<String, T>, host: &str) -> Option<&'t T> {
    let wildcards = host.match_indices('.').map(|(dot, _)| format!("*{}", &host[dot..]));
    std::iter::once(host.to_owned()).chain(wildcards).chain(["*".to_owned()]).find_map(|name| table.get(&name))
}

/// The weight of a backend.
pub(super) fn weight(backend: &Tree) -> Option<i32> {
    backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok())
}
