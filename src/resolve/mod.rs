//! Cluster → graph: who exposes, routes to, selects and resolves to whom. One file for each kind of edge.
//!
//! Whatever an object refers to and the manifests do not contain becomes a `Missing` node, so that no reference is
//! lost.

mod absence;
mod allows;
mod api_server;
mod backends;
mod bundles;
mod calls;
mod clouds;
mod controllers;
mod dns;
mod entrance;
mod exposure;
mod facts;
mod operators;
mod outside;
mod probes;
mod provision;
mod resources;
mod services;
mod unread;
mod unrendered;
mod ways;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;

use self::controllers::Controllers;
use self::entrance::Doors;
use crate::cluster::{Cluster, Entry};
use crate::diagnostic::Warned;
use crate::graph::{
    AddressesId, Detail, Evidence, Graph, GraphBuilder, Identity, LineEnd, Location, MissingReason, Node, NodeId,
};
use crate::net::{AddressSet, ObjectKey};
use crate::policy::{self, Calls, Connectivity, NetworkPlugin};
use crate::source::Sources;

pub use absence::{Absence, ListedEndpoints, pod_lacking, pods_text};
pub use controllers::{ControllerError, ControllerRef, is_google};
pub use dns::{DnsAccess, DnsDenial, DnsDoubt, RuleRef, leads_to_pods};
pub use facts::{
    ApiCall, BackendReference, BackendTarget, Certificate, CertificateSource, Checked, ControllerHint, DestinationRule,
    EndpointOutcome, Facts, Fault, Gate, Host, HostPort, Listening, MissingMiddleware, OwnAnswer, ProbePort, Refusal,
    RefusalReason, ServicePort, UnansweredProbe, Unclaimed, Unjudged, Unprovisioned, UseReference,
};
pub use provision::pool_asked;
pub use unread::UnreadEntrance;
#[cfg(feature = "cli")]
pub(crate) use unread::may_open;
pub use ways::is_translated;

/// What follows from a cluster.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// What can reach what: routing, what policies allow and deny, calls, and what workloads use.
    pub graph: Graph,
    /// Facts that the graph was made of, for findings and answers.
    pub facts: Facts,
    /// Who may talk to whom, and because of which rule.
    pub connectivity: Connectivity,
    /// Whom workloads call.
    pub calls: Calls,
}

/// Resolves a cluster. The graph is built once, from what each step adds: routing first, since it shows through which
/// entrances policies are asked, then what policies allow, then calls, then what workloads use.
pub fn resolve(
    cluster: &Cluster,
    sources: &Sources,
    controllers: &[ControllerRef],
    plugin: Option<&NetworkPlugin>,
) -> Warned<Resolved> {
    let mut context = Context {
        cluster,
        sources,
        graph: GraphBuilder::new(),
        facts: Facts::default(),
        backends: IndexSet::new(),
        controllers: Controllers::of(cluster, controllers),
        doors: Doors::default(),
        by_kind: BTreeMap::new(),
    };
    for (name, namespace) in cluster.namespaces() {
        let labels = if namespace.declared.is_some() { namespace.labels.clone() } else { BTreeMap::new() };
        context.graph.namespace(name, namespace.declared.is_some(), labels);
    }
    context.facts.unprovisioned = provision::unprovisioned(cluster);
    context.facts.unclaimed = controllers::unclaimed(cluster, controllers);
    context.facts.probes = probes::unanswered(cluster);
    context.facts.operated = operators::operated(cluster);
    workloads::add(&mut context);
    services::add(&mut context);
    exposure::nodes(&mut context);
    entrance::add(&mut context);
    api_server::add(&mut context);
    unrendered::add(&mut context);
    context.facts.uses = resources::uses(&context);
    context.facts.backends = std::mem::take(&mut context.backends).into_iter().collect();
    context.facts.sort();
    context.facts.unread = unread::entrances(&context);
    context.facts.unread_by_workload = unread::by_workload(cluster, &context.facts.unread);
    let links = context.graph.edges_by_end();
    context.facts.listed = absence::listed(cluster);
    absence::keep(cluster, &links, &mut context.facts);
    context.facts.gates = entrance::gates(cluster, &links);
    let entrances = ways::entrances(cluster, &links, &context.facts, &context.controllers);
    let absent = controllers::absent(cluster, controllers);
    let connectivity = policy::connectivity(cluster, entrances, absent, plugin);
    connectivity.map(|connectivity| {
        let calls = calls::calls(cluster, sources);
        context.facts.dns_servers = dns::servers(cluster);
        context.facts.dns = dns::access(cluster, &context.facts.dns_servers, &connectivity);
        let cut_off = |w: &usize| dns::is_cut_off(cluster, &connectivity, context.facts.dns_of(*w), *w);
        context.facts.without_dns = (0..cluster.workloads().len()).filter(cut_off).collect();
        allows::add(&mut context, &connectivity);
        calls::add(&mut context, &connectivity, &calls);
        resources::add(&mut context);
        Resolved { graph: context.graph.build(), facts: context.facts, connectivity, calls }
    })
}

/// What every part of the resolution works on.
struct Context<'a> {
    cluster: &'a Cluster,
    sources: &'a Sources,
    graph: GraphBuilder,
    facts: Facts,
    /// The references to backends that are known so far, each once.
    backends: IndexSet<BackendReference>,
    /// The pods that bring requests to Ingresses and routes.
    controllers: Controllers,
    /// From where requests come to pods past all Ingresses and routes.
    doors: Doors,
    /// Objects that are asked for again and again, by kind.
    by_kind: BTreeMap<&'static str, Vec<usize>>,
}

impl Context<'_> {
    /// The position of an object in the cluster.
    fn position(&self, entry: &Entry) -> usize {
        self.cluster.find(&entry.key).unwrap_or_default()
    }

    /// The evidence that a field of an object gives; an empty field means the object as a whole.
    fn evidence(&self, entry: &Entry, field: &str) -> Evidence {
        let span = if field.is_empty() { entry.object.span } else { entry.object.at(field) };
        Evidence {
            object: entry.key.to_string(),
            field: field.to_owned(),
            file: self.sources.name(span.file).to_owned(),
            line: span.line,
        }
    }

    /// Adds a node for an object of the manifests.
    fn object(&mut self, entry: &Entry, detail: Detail) -> NodeId {
        let evidence = self.evidence(entry, "");
        self.keyed(&entry.key, detail, evidence)
    }

    /// Adds a node for an object, whether the manifests contain it or something else creates it.
    fn keyed(&mut self, key: &ObjectKey, detail: Detail, evidence: Evidence) -> NodeId {
        self.node(Node {
            namespace: key.namespace.clone(),
            evidence: vec![evidence],
            ..Node::new(NodeId::object(key), label(key), key.name.clone(), detail)
        })
    }

    /// Adds a node; the answer is its id.
    fn node(&mut self, node: Node) -> NodeId {
        let id = node.id.clone();
        self.graph.node(node);
        id
    }

    /// The id of the node for an object that is referred to: the object's own, or that of a missing node made for it.
    fn referred(&mut self, key: &ObjectKey, evidence: Evidence) -> NodeId {
        let id = NodeId::object(key);
        if self.graph.has(&id) {
            return id;
        }
        if let Some(index) = self.cluster.find(key) {
            let entry = &self.cluster.entries()[index];
            return self.object(entry, Detail::Resource);
        }
        self.missing(&Wanted::object(key, MissingReason::NotInManifests), evidence)
    }

    /// Adds a node for something that is not there.
    fn missing(&mut self, wanted: &Wanted<'_>, evidence: Evidence) -> NodeId {
        let Wanted { kind, namespace, wanted, name, ref reason } = *wanted;
        let id = Identity::Missing { kind: kind.into(), namespace: namespace.into(), wanted: wanted.into() };
        self.node(Node {
            namespace: Some(namespace.to_owned()),
            evidence: vec![evidence],
            ..Node::new(id, kind, name, Detail::Missing { reason: reason.clone() })
        })
    }

    /// Keeps that something about an entrance is not evaluated.
    fn unjudged(&mut self, entry: &Entry, what: impl Into<String>, field: &str) {
        self.unjudged_to(entry, what, field, BTreeSet::new());
    }

    /// Keeps that something about the ways through an entrance to some nodes is not evaluated; to none: to any.
    fn unjudged_to(&mut self, entry: &Entry, what: impl Into<String>, field: &str, only: BTreeSet<NodeId>) {
        let object = self.position(entry);
        let found = Unjudged { only, what: what.into(), field: field.to_owned() };
        let known = self.facts.unjudged.entry(object).or_default();
        if !known.contains(&found) {
            known.push(found);
        }
    }

    /// Keeps that a controller, or the API server, does not take something about an entrance.
    fn fault(&mut self, entry: &Entry, text: impl Into<String>, field: &str) {
        let object = self.position(entry);
        self.facts.faults.push(Fault { object, field: field.to_owned(), text: text.into() });
    }

    /// Keeps that a Middleware of Traefik is not in the manifests.
    fn missing_middleware(&mut self, entry: &Entry, name: &str, field: &str) {
        let object = self.position(entry);
        let found = MissingMiddleware { object, field: field.to_owned(), name: name.to_owned() };
        if !self.facts.missing_middlewares.contains(&found) {
            self.facts.missing_middlewares.push(found);
        }
    }

    /// Keeps that an object is read for what is known of entrances.
    fn read(&mut self, object: usize) {
        self.facts.read.insert(object);
    }

    /// The node for everything outside.
    fn internet(&mut self) -> NodeId {
        self.node(Node::new(Identity::Internet, "Internet", "Internet", Detail::Internet))
    }

    /// The node for outside addresses, as they are written and as a set.
    fn addresses(&mut self, mut addresses: Vec<String>, set: AddressSet, evidence: Evidence) -> NodeId {
        addresses.sort();
        addresses.dedup();
        let id = AddressesId { addresses, except: Vec::new(), end: LineEnd::From, on: None };
        self.outside(id, set, vec![evidence])
    }

    /// Adds a node for outside addresses.
    fn outside(&mut self, id: AddressesId, set: AddressSet, evidence: Vec<Evidence>) -> NodeId {
        let name = match id.addresses.as_slice() {
            [a, b, rest @ ..] if !rest.is_empty() => format!("{a}, {b} +{}", rest.len()),
            all => all.join(", "),
        };
        let detail = Detail::External {
            addresses: id.addresses.clone(),
            set,
            except: id.except.clone(),
            location: Location::Outside,
            on: id.on.clone(),
        };
        self.node(Node { evidence, ..Node::new(Identity::Addresses(id), "Addresses", name, detail) })
    }

    /// The node for the network around the cluster, from which internal load balancers are reached.
    fn private_network(&mut self, evidence: Evidence) -> NodeId {
        let detail = Detail::External {
            addresses: Vec::new(),
            set: AddressSet::private(),
            except: Vec::new(),
            location: Location::AroundCluster,
            on: None,
        };
        self.node(Node {
            evidence: vec![evidence],
            ..Node::new(Identity::PrivateNetwork, "Network", "Private network", detail)
        })
    }

    /// The node for a DNS name outside the cluster.
    fn dns_name(&mut self, host: &str, evidence: Evidence) -> NodeId {
        let id = Identity::DnsName(host.to_owned());
        self.node(Node { evidence: vec![evidence], ..Node::new(id, "DNS name", host, Detail::ExternalName) })
    }
}

/// The kind on the card of an object. A Service of Knative runs pods, and must not be taken for a Service of the core.
fn label(key: &ObjectKey) -> String {
    match (key.group.as_str(), key.kind.as_str()) {
        ("serving.knative.dev", "Service") => "Knative Service".to_owned(),
        (_, kind) => kind.to_owned(),
    }
}

/// Something that is referred to and is not there.
struct Wanted<'a> {
    kind: &'a str,
    namespace: &'a str,
    /// The name or the selector.
    wanted: &'a str,
    /// The name on its card.
    name: &'a str,
    reason: MissingReason,
}

impl<'a> Wanted<'a> {
    fn object(key: &'a ObjectKey, reason: MissingReason) -> Wanted<'a> {
        Wanted { kind: &key.kind, namespace: key.namespace(), wanted: &key.name, name: &key.name, reason }
    }
}

/// A port number, if it is one.
fn port_number(number: i32) -> Option<u16> {
    u16::try_from(number).ok().filter(|n| *n > 0)
}
