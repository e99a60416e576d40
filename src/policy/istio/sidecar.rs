//! Sidecars of Istio: which Services the pods of a namespace may reach, where a proxy lets nothing else out
//! (<https://istio.io/latest/docs/reference/config/networking/sidecar/>).
//!
//! The one that selects a pod holds for it; else that of its namespace without a selector; else that of the root
//! namespace.

use std::collections::BTreeMap;

use super::super::added;
use super::super::read::{Field, Read};
use super::super::rule::{
    Action, Blocks, Closes, HostNetwork, NamespaceSelection, Peer, Peers, PodSelection, Policy, Rule, Scope,
};
use super::super::tier::{Order, Tier};
use super::{NETWORKING, Reader, in_mesh, tcp};
use crate::cluster::{Cluster, Entry};
use crate::manifest::Tree;
use crate::net::{
    AddressSet, Expression, Labels, NAMESPACE_NAME, ObjectKey, Operator, Requirement, Selector, parse_cidr,
};

/// A Sidecar.
pub(super) struct Sidecar<'a> {
    entry: &'a Entry,
    /// The namespace that it is for.
    home: &'a str,
    /// The labels of the pods that it is for; `None` for all that no other one selects.
    selector: Option<Selector>,
    /// What it lets out, where it lets out nothing else.
    hosts: Option<Vec<Host<'a>>>,
}

impl Sidecar<'_> {
    /// Its identity.
    pub fn key(&self) -> &ObjectKey {
        &self.entry.key
    }
}

/// One host of an `egress` entry.
struct Host<'a> {
    namespace: String,
    name: String,
    /// The position of its entry.
    index: usize,
    field: Field<'a>,
}

/// Whatever is in the registry, as an object asks for.
fn everything<'a>(entry: &'a Entry) -> Vec<Host<'a>> {
    let field = Field::root(&entry.object.tree);
    vec![Host { namespace: "*".to_owned(), name: "*".to_owned(), index: 0, field }]
}

/// What the configuration of the mesh is for pods that no Sidecar is for, where it lets out only what is in the
/// registry
/// (<https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-OutboundTrafficPolicy-Mode>).
pub(super) fn of_mesh<'a>(entry: &'a Entry, root: &'a str, all: &[Sidecar<'a>]) -> Option<Sidecar<'a>> {
    let is_there = all.iter().any(|s| s.home == root && s.selector.is_none());
    (!is_there).then(|| Sidecar { entry, home: root, selector: None, hosts: Some(everything(entry)) })
}

/// Reads a Sidecar, in a mesh that lets out anything or only what is in the registry.
pub(super) fn read(entry: &Entry, of_mesh: bool) -> Read<Sidecar<'_>> {
    let root = Field::root(&entry.object.tree);
    let home = entry.key.namespace();
    let inherited = || of_mesh.then(|| everything(entry));
    let Some(spec) = root.get("spec") else { return Ok(Sidecar { entry, home, selector: None, hosts: inherited() }) };
    spec.must_be_map()?;
    let selector = match spec.get("workloadSelector").and_then(|s| s.get("labels")) {
        Some(labels) => Some(super::labels(&labels)?).filter(|s| !s.is_everything()),
        None => None,
    };
    let mode = spec.get("outboundTrafficPolicy").and_then(|p| p.get("mode"));
    let closed = match mode.as_ref().map(Field::text).transpose()? {
        None => of_mesh,
        Some("ALLOW_ANY") => false,
        Some("REGISTRY_ONLY") => true,
        Some(other) => {
            let at = mode.unwrap_or(spec);
            return Err(at.fault(format!("`{other}` is no mode; there are ALLOW_ANY and REGISTRY_ONLY")));
        }
    };
    let mut hosts = Vec::new();
    for (index, listener) in spec.list("egress")?.iter().enumerate() {
        listener.must_be_map()?;
        for field in listener.list("hosts")? {
            let text = field.text()?;
            let Some((namespace, name)) = text.split_once('/') else {
                return Err(field.fault(format!("`{text}` names no namespace; a host is written as in */* or shop/*")));
            };
            hosts.push(Host { namespace: namespace.to_owned(), name: name.to_ascii_lowercase(), index, field });
        }
    }
    let hosts = match spec.get("egress") {
        Some(_) => closed.then_some(hosts),
        None => inherited().filter(|_| closed),
    };
    Ok(Sidecar { entry, home, selector, hosts })
}

/// The policies that Sidecars are. Of two for the same pods the first by name holds.
pub(super) fn policies(cluster: &Cluster, sidecars: &[Sidecar<'_>], reader: &Reader) -> Vec<Policy> {
    let mut services: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for entry in cluster.entries().iter().filter(|e| (&*e.key.group, &*e.key.kind) == (NETWORKING, "ServiceEntry")) {
        outside(entry, reader, &mut services);
    }
    for (entry, service) in cluster.services() {
        let labels = service.spec.as_ref().and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty());
        let Some(pods) = labels.and_then(equalities) else { continue };
        let namespaces = NamespaceSelection::Named(entry.key.namespace().to_owned());
        let name = format!("{}.{}.svc.cluster.local", entry.key.name, entry.key.namespace());
        let peer = Peer::Pods(PodSelection { namespaces, pods });
        services.entry(name).or_default().push(Named { namespace: entry.key.namespace().to_owned(), peer });
    }
    let mut policies = Vec::new();
    for (index, sidecar) in sidecars.iter().enumerate() {
        let Some(hosts) = &sidecar.hosts else { continue };
        let Some(subject) = subject(sidecars, index, reader) else { continue };
        let own = sidecar.home;
        let mut rules = Vec::new();
        for host in hosts {
            let homes: Vec<Option<&str>> = match host.namespace.as_str() {
                "~" => Vec::new(),
                "." if own == reader.config.root => cluster.namespaces().keys().map(|n| Some(n.as_str())).collect(),
                _ => vec![None],
            };
            for home in homes {
                let namespace = match host.namespace.as_str() {
                    "*" => None,
                    "." => Some(home.unwrap_or(own)),
                    name => Some(name),
                };
                rules.push(rule(host, home, peers(&services, namespace, &host.name)));
            }
        }
        let at = sidecar.entry.object.span;
        policies.push(Policy {
            key: sidecar.entry.key.clone(),
            scope: Scope::Primary,
            tier: Tier::Mesh,
            priority: Order::new(0.0),
            is_additive: true,
            closes: Closes::Tcp,
            subject,
            host_network: HostNetwork::Excluded,
            blocks: Blocks::Anything,
            ingress: None,
            egress: Some(rules),
            at,
            ingress_at: at,
            egress_at: at,
        });
    }
    policies
}

/// What a name in the registry means, and the namespace that says so.
struct Named {
    namespace: String,
    peer: Peer,
}

/// Adds what a ServiceEntry puts into the registry: names outside, and addresses
/// (<https://istio.io/latest/docs/reference/config/networking/service-entry/>).
fn outside(entry: &Entry, reader: &Reader, services: &mut BTreeMap<String, Vec<Named>>) {
    let texts = |key: &str| -> Vec<&str> {
        let list = entry.object.tree.at(&["spec", key]).map(Tree::items).unwrap_or_default();
        list.iter().filter_map(Tree::as_str).collect()
    };
    let blocks = texts("addresses").into_iter().filter_map(|a| {
        let whole = if a.contains(':') { 128 } else { 32 };
        parse_cidr(a).or_else(|_| parse_cidr(&format!("{a}/{whole}"))).ok()
    });
    let addresses = blocks.fold(AddressSet::none(), |set, block| set.with(&AddressSet::block(block)));
    reader.everywhere.notice(&addresses);
    for host in texts("hosts") {
        let name = host.to_ascii_lowercase();
        let named = Peer::Names(vec![name.clone()]);
        let peers = (!addresses.is_empty()).then(|| Peer::Addresses(addresses.clone())).into_iter().chain([named]);
        let namespace = entry.key.namespace();
        let all = services.entry(name).or_default();
        all.extend(peers.map(|peer| Named { namespace: namespace.to_owned(), peer }));
    }
}

fn rule(host: &Host<'_>, home: Option<&str>, peers: Vec<Peer>) -> Rule {
    let own = home.map_or(Peers::Everybody, |name| {
        let namespaces = NamespaceSelection::Named(name.to_owned());
        Peers::AnyOf(vec![Peer::Pods(PodSelection { namespaces, pods: Selector::everything() })])
    });
    Rule {
        index: host.index,
        action: Action::Allow,
        peers: Peers::AnyOf(peers),
        own,
        ports: tcp(),
        when: None,
        field: host.field.path().to_owned(),
        at: host.field.span(),
    }
}

/// The pods of the Services of a namespace, or of any, whose names a host means. Names are whole ones.
fn peers(services: &BTreeMap<String, Vec<Named>>, namespace: Option<&str>, name: &str) -> Vec<Peer> {
    let namespaces = match namespace {
        Some(name) => NamespaceSelection::Named(name.to_owned()),
        None => NamespaceSelection::Labeled(Selector::everything()),
    };
    let is_there = |named: &&Named| namespace.is_none_or(|n| n == named.namespace);
    let peer = |named: &Named| named.peer.clone();
    if name == "*" {
        let served = Requirement { key: added::SERVED.to_owned(), operator: Operator::Exists };
        let pods = Peer::Pods(PodSelection { namespaces, pods: Selector::new([served]) });
        let others = services.values().flatten().filter(|n| !matches!(n.peer, Peer::Pods(_)));
        return std::iter::once(pods).chain(others.filter(is_there).map(peer)).collect();
    }
    match name.strip_prefix("*") {
        Some(end) => {
            let named = services.iter().filter(|(n, _)| n.ends_with(end)).flat_map(|(_, all)| all);
            named.filter(is_there).map(peer).collect()
        }
        None => services.get(name).into_iter().flatten().filter(is_there).map(peer).collect(),
    }
}

/// The pods that a Sidecar holds for; `None` if another one comes before it.
fn subject(all: &[Sidecar<'_>], index: usize, reader: &Reader) -> Option<PodSelection> {
    let root = reader.config.root.as_str();
    let own = &all[index];
    let namespace = own.home;
    let is_beside = |s: &&Sidecar<'_>| s.home == namespace;
    let mut pods = vec![in_mesh(reader.has_outsiders)];
    if let Some(selector) = &own.selector {
        pods.push(selector.expression());
        let before = all[..index].iter().filter(is_beside).filter_map(|s| s.selector.as_ref());
        pods.extend(before.map(|s| s.expression().negated()));
    } else {
        if all[..index].iter().filter(is_beside).any(|s| s.selector.is_none()) {
            return None;
        }
        if namespace != root {
            let selecting = all.iter().filter(is_beside).filter_map(|s| s.selector.as_ref());
            pods.extend(selecting.map(|s| s.expression().negated()));
        }
    }
    let mut namespaces = NamespaceSelection::Named(namespace.to_owned());
    if namespace == root && own.selector.is_none() {
        // Pods that a Sidecar of their own namespace selects are left out here.
        let home = |s: &Sidecar<'_>| s.home.to_owned();
        let whole: Vec<String> = all.iter().filter(|s| s.selector.is_none()).map(home).filter(|n| n != root).collect();
        let requirement = Requirement { key: NAMESPACE_NAME.to_owned(), operator: Operator::NotIn(whole.clone()) };
        let selector = if whole.is_empty() { Selector::everything() } else { Selector::new([requirement]) };
        namespaces = NamespaceSelection::Labeled(selector);
        for sidecar in all {
            let Some(selector) = &sidecar.selector else { continue };
            let there = Expression::label(added::NAMESPACE, Operator::In(vec![home(sidecar)]));
            pods.push(Expression::All(vec![there, selector.expression()]).negated());
        }
    }
    Some(PodSelection { namespaces, pods: Selector::of(Expression::All(pods)) })
}

fn equalities(labels: &Labels) -> Option<Selector> {
    let all: Result<Vec<Requirement>, String> = labels.iter().map(|(k, v)| Requirement::equals(k, v)).collect();
    all.ok().map(Selector::new)
}
