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
use super::{Reader, in_mesh, tcp};
use crate::cluster::{Cluster, Entry};
use crate::net::{Expression, Labels, NAMESPACE_NAME, ObjectKey, Operator, Requirement, Selector};

/// A Sidecar.
pub(super) struct Sidecar<'a> {
    entry: &'a Entry,
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

/// Reads a Sidecar.
pub(super) fn read(entry: &Entry) -> Read<Sidecar<'_>> {
    let root = Field::root(&entry.object.tree);
    let Some(spec) = root.get("spec") else { return Ok(Sidecar { entry, selector: None, hosts: None }) };
    spec.must_be_map()?;
    let selector = match spec.get("workloadSelector").and_then(|s| s.get("labels")) {
        Some(labels) => Some(super::labels(&labels)?).filter(|s| !s.is_everything()),
        None => None,
    };
    let mode = spec.get("outboundTrafficPolicy").and_then(|p| p.get("mode"));
    let closed = match mode.as_ref().map(Field::text).transpose()? {
        None | Some("ALLOW_ANY") => false,
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
    let is_given = spec.get("egress").is_some();
    Ok(Sidecar { entry, selector, hosts: (closed && is_given).then_some(hosts) })
}

/// The policies that Sidecars are. Of two for the same pods the first by name holds.
pub(super) fn policies(cluster: &Cluster, sidecars: &[Sidecar<'_>], reader: &Reader) -> Vec<Policy> {
    let mut services: BTreeMap<String, Peer> = BTreeMap::new();
    for (entry, service) in cluster.services() {
        let labels = service.spec.as_ref().and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty());
        let Some(pods) = labels.and_then(equalities) else { continue };
        let namespaces = NamespaceSelection::Named(entry.key.namespace().to_owned());
        let name = format!("{}.{}.svc.cluster.local", entry.key.name, entry.key.namespace());
        services.insert(name, Peer::Pods(PodSelection { namespaces, pods }));
    }
    let mut policies = Vec::new();
    for (index, sidecar) in sidecars.iter().enumerate() {
        let Some(hosts) = &sidecar.hosts else { continue };
        let Some(subject) = subject(sidecars, index, reader) else { continue };
        let own = sidecar.entry.key.namespace();
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
fn peers(services: &BTreeMap<String, Peer>, namespace: Option<&str>, name: &str) -> Vec<Peer> {
    let namespaces = match namespace {
        Some(name) => NamespaceSelection::Named(name.to_owned()),
        None => NamespaceSelection::Labeled(Selector::everything()),
    };
    let is_there = |peer: &Peer| match peer {
        Peer::Pods(selection) => namespace.is_none() || selection.namespaces == namespaces,
        _ => false,
    };
    if name == "*" {
        let served = Requirement { key: added::SERVED.to_owned(), operator: Operator::Exists };
        return vec![Peer::Pods(PodSelection { namespaces, pods: Selector::new([served]) })];
    }
    match name.strip_prefix("*") {
        Some(end) => {
            let named = services.iter().filter(|(n, peer)| n.ends_with(end) && is_there(peer));
            named.map(|(_, peer)| peer.clone()).collect()
        }
        None => services.get(name).filter(|p| is_there(p)).cloned().into_iter().collect(),
    }
}

/// The pods that a Sidecar holds for; `None` if another one comes before it.
fn subject(all: &[Sidecar<'_>], index: usize, reader: &Reader) -> Option<PodSelection> {
    let root = reader.config.root.as_str();
    let own = &all[index];
    let namespace = own.entry.key.namespace();
    let is_beside = |s: &&Sidecar<'_>| s.entry.key.namespace() == namespace;
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
        let home = |s: &Sidecar<'_>| s.entry.key.namespace().to_owned();
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
