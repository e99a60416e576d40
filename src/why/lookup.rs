//! Finds who is meant. A name that means nobody or several is an error that says whom it may have meant.

use super::Scene;
use super::ends::addresses_name;
use super::question::{PortName, PortWish, Reference};
use k8s_openapi::api::core::v1 as core;

use crate::cluster::Entry;
use crate::manifest::{Body, Tree};
use crate::net::kinds::{self, entrance_kind};
use crate::net::near::letters_apart;
use crate::net::{AddressSet, ClusterName, ObjectKey, Protocol};
use crate::resolve::pods_text;

/// An end of the connection that a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// A workload, by its position in the cluster.
    Workload(usize),
    /// A Service, by the position of its entry.
    Service(usize),
    /// Addresses that belong to nothing in the input.
    Addresses(AddressSet),
    /// Everything outside.
    Internet,
    /// A DNS name outside.
    Host(String),
}

impl Party {
    /// How it is called.
    pub fn name(&self, scene: &Scene<'_>) -> String {
        match self {
            Party::Workload(index) => scene.workload_name(*index),
            Party::Service(index) => scene.entry(*index).key.to_string(),
            Party::Addresses(set) => addresses_name(set),
            Party::Internet => "the Internet".into(),
            Party::Host(name) => name.clone(),
        }
    }

    /// The namespace it is in.
    pub fn namespace<'a>(&self, scene: &Scene<'a>) -> Option<&'a str> {
        match self {
            Party::Workload(index) => Some(scene.workload(*index).key.namespace()),
            Party::Service(index) => Some(scene.entry(*index).key.namespace()),
            _ => None,
        }
    }

    /// Where it is declared.
    pub fn place(&self, scene: &Scene<'_>) -> Option<String> {
        match self {
            Party::Workload(index) => Some(scene.workload_place(*index)),
            Party::Service(index) => Some(scene.place(scene.entry(*index).object.span)),
            _ => None,
        }
    }
}

/// Which end is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// The source: pods open connections, so workloads come before Services.
    From,
    /// The destination, as seen from a namespace: clients know Services, so these come before workloads.
    To(Option<&'a str>),
}

/// Finds who is meant.
pub(super) fn find(
    scene: &Scene<'_>,
    reference: &Reference,
    port: Option<&PortWish>,
    role: Role<'_>,
) -> Result<Party, String> {
    match reference {
        Reference::Internet => Ok(Party::Internet),
        Reference::Addresses(block) => Ok(by_address(scene, block, port)),
        Reference::Object { kind, namespace, name } => {
            by_name(scene, kind.as_deref(), namespace.as_deref(), name, role)
        }
        Reference::Url(url) => Err(format!(
            "`{url}` is asked for from `internet`, as the destination; inside the cluster name the Service"
        )),
        Reference::Host(host) => by_host(scene, host, role),
    }
}

/// An address may be that of a pod, the virtual address of a Service, or that of a node, on which Services have ports;
/// else it belongs to nothing that is known.
fn by_address(scene: &Scene<'_>, block: &ipnet::IpNet, port: Option<&PortWish>) -> Party {
    let set = AddressSet::block(*block);
    if block.prefix_len() != block.max_prefix_len() {
        return Party::Addresses(set);
    }
    let address = block.addr().to_string();
    if let Some(index) = scene.cluster.workloads().iter().position(|w| w.spec.pod_ips.contains(&address)) {
        return Party::Workload(index);
    }
    let is_its = |entry: &Entry| matches!(&entry.object.body, Body::Service(s) if addresses(s).any(|a| a == address));
    let entries = scene.cluster.entries();
    let has_port = |entry: &Entry| {
        let Body::Service(service) = &entry.object.body else { return false };
        let mut ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
        ports.any(|p| {
            let number = p.node_port.and_then(|n| u16::try_from(n).ok());
            let protocol = Protocol::from_field(p.protocol.as_deref());
            number.zip(port).is_some_and(|(number, wish)| wish.means(number, None, protocol))
        })
    };
    let on_node = || entries.iter().any(|e| is_node_with(e, &address)).then(|| entries.iter().position(has_port));
    let service = entries.iter().position(is_its).or_else(|| on_node().flatten());
    service.map_or(Party::Addresses(set), Party::Service)
}

/// The port of a Service that is asked for by a port of a node, where its address was asked for.
pub(super) fn behind_node(scene: &Scene<'_>, to: &Reference, found: &Party, wish: &PortWish) -> Option<PortWish> {
    let (Reference::Addresses(block), Party::Service(index)) = (to, found) else { return None };
    let address = block.addr().to_string();
    scene.cluster.entries().iter().find(|e| is_node_with(e, &address))?;
    let Body::Service(service) = &scene.entry(*index).object.body else { return None };
    service.spec.iter().flat_map(|s| s.ports.iter().flatten()).find_map(|p| {
        let protocol = Protocol::from_field(p.protocol.as_deref());
        let outer = p.node_port.and_then(|n| u16::try_from(n).ok())?;
        let port = PortName::Number(u16::try_from(p.port).ok()?);
        wish.means(outer, None, protocol).then_some(PortWish { port, protocol: Some(protocol) })
    })
}

/// Whether an object is a node with an address.
fn is_node_with(entry: &Entry, address: &str) -> bool {
    let addresses = || entry.object.tree.at(&["status", "addresses"]).map(Tree::items).unwrap_or_default();
    (&*entry.key.group, &*entry.key.kind) == ("", "Node")
        && addresses().iter().any(|a| a.get("address").and_then(Tree::as_str) == Some(address))
}

/// The Service whose load balancer has a name, by its status or by what external-dns is to publish
/// (<https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/>).
fn by_balancer(scene: &Scene<'_>, host: &str) -> Option<Party> {
    const PUBLISHED: &str = "external-dns.alpha.kubernetes.io/hostname";
    let has_name = |entry: &Entry| {
        let Body::Service(service) = &entry.object.body else { return false };
        let balancer = service.status.iter().filter_map(|s| s.load_balancer.as_ref());
        let mut names = balancer.flat_map(|b| b.ingress.iter().flatten()).filter_map(|i| i.hostname.as_deref());
        let published = entry.object.annotations.get(PUBLISHED).map(String::as_str).unwrap_or_default();
        names.any(|n| n == host) || published.split(',').any(|n| n.trim().trim_end_matches('.') == host)
    };
    scene.cluster.entries().iter().position(has_name).map(Party::Service)
}

/// Every address of a Service: those of the cluster, external ones, and those of its load balancer, as they are asked
/// for and as its status has them (<https://kubernetes.io/docs/concepts/services-networking/service/#external-ips>).
fn addresses(service: &core::Service) -> impl Iterator<Item = &str> {
    let spec = service.spec.iter();
    let own = spec.flat_map(|s| {
        let several = s.cluster_ips.iter().chain(&s.external_ips).flatten();
        s.cluster_ip.iter().chain(&s.load_balancer_ip).chain(several)
    });
    let balancer = service.status.iter().filter_map(|s| s.load_balancer.as_ref());
    let outer = balancer.flat_map(|b| b.ingress.iter().flatten()).filter_map(|i| i.ip.as_ref());
    own.chain(outer).map(String::as_str)
}

/// What can be an end, with its identity.
type Named<'a> = (Party, &'a ObjectKey);

/// Everything that can be an end.
fn parties<'a>(scene: &Scene<'a>) -> Vec<Named<'a>> {
    let workloads = scene.cluster.workloads().iter().enumerate().map(|(i, w)| (Party::Workload(i), &w.key));
    let entries = scene.cluster.entries().iter().enumerate();
    let services =
        entries.filter(|(_, e)| matches!(e.object.body, Body::Service(_))).map(|(i, e)| (Party::Service(i), &e.key));
    workloads.chain(services).collect()
}

/// Whether an object is of a kind, which is written as kubectl has it: alone, or with its group.
fn is_kind(key: &ObjectKey, kind: Option<&str>) -> bool {
    kind.is_none_or(|k| match k.split_once('.') {
        Some((kind, group)) => key.kind.eq_ignore_ascii_case(kind) && key.group.eq_ignore_ascii_case(group),
        None => key.kind.eq_ignore_ascii_case(k),
    })
}

fn by_name(
    scene: &Scene<'_>,
    kind: Option<&str>,
    namespace: Option<&str>,
    name: &str,
    role: Role<'_>,
) -> Result<Party, String> {
    let all = parties(scene);
    let mut found: Vec<&Named<'_>> = all
        .iter()
        .filter(|(_, key)| key.name == name && namespace.is_none_or(|n| key.namespace() == n) && is_kind(key, kind))
        .collect();
    if found.is_empty()
        && kind.is_none_or(|k| k == "pod" || k == "replicaset")
        && let Some(owner) = owner_of_pod(scene, namespace, name)
    {
        return Ok(Party::Workload(owner));
    }
    if found.is_empty()
        && namespace.is_none()
        && let Some(ClusterName { pod: None, service, namespace: Some(home), .. }) = ClusterName::parse(name)
        && scene.cluster.namespaces().contains_key(home)
    {
        return by_name(scene, kind, Some(home), service, role);
    }
    // A word that may be a kind may be a namespace as well.
    if found.is_empty()
        && namespace.is_none()
        && let Some(kind) = kind
    {
        found = all.iter().filter(|(_, key)| key.name == name && key.namespace() == kind).collect();
    }
    found = at_home(scene, found, role);
    found = of_role(found, role);
    match found.as_slice() {
        [(party, _)] => Ok(party.clone()),
        [] => Err(unknown(scene, &all, kind, namespace, name)),
        several => {
            let names: Vec<String> = several.iter().map(|(_, key)| key.to_string()).collect();
            Err(format!(
                "`{name}` means {} things: {}\nname one of them, as in `{}`",
                names.len(),
                names.join(", "),
                names[0]
            ))
        }
    }
}

/// Those of the namespace that a name is said in, where there are any; else all that were found.
fn at_home<'p, 'k>(scene: &Scene<'_>, found: Vec<&'p Named<'k>>, role: Role<'_>) -> Vec<&'p Named<'k>> {
    let homes = match role {
        Role::From => [scene.namespace, None],
        Role::To(seen_from) => [seen_from, scene.namespace],
    };
    let of = |home: &str| found.iter().filter(|(_, key)| key.namespace() == home).copied().collect();
    homes.into_iter().flatten().map(of).find(|list: &Vec<_>| !list.is_empty()).unwrap_or(found)
}

/// Those of the kind that an end rather is, where there are any; else all that were found.
fn of_role<'p, 'k>(found: Vec<&'p Named<'k>>, role: Role<'_>) -> Vec<&'p Named<'k>> {
    let is_preferred =
        |party: &Party| matches!((party, role), (Party::Workload(_), Role::From) | (Party::Service(_), Role::To(_)));
    let preferred: Vec<&Named<'_>> = found.iter().filter(|(party, _)| is_preferred(party)).copied().collect();
    if preferred.is_empty() { found } else { preferred }
}

/// The workload that a live pod was folded into.
fn owner_of_pod(scene: &Scene<'_>, namespace: Option<&str>, name: &str) -> Option<usize> {
    let pod = |entry: &usize| {
        let key = &scene.entry(*entry).key;
        key.name == name && namespace.is_none_or(|n| n == key.namespace())
    };
    scene.cluster.workloads().iter().position(|w| w.pods.iter().any(pod))
}

fn unknown(scene: &Scene<'_>, all: &[Named<'_>], kind: Option<&str>, namespace: Option<&str>, name: &str) -> String {
    if let Some(namespace) = namespace
        && !scene.cluster.namespaces().contains_key(namespace)
    {
        let known: Vec<&str> = scene.cluster.namespaces().keys().map(String::as_str).take(10).collect();
        return format!("the input has no namespace `{namespace}`\nnamespaces: {}", known.join(", "));
    }
    let what = match kind {
        Some("service") => "Service",
        kind => kind.unwrap_or("workload or Service"),
    };
    let whole = namespace.map_or(String::new(), |n| format!(" in namespace {n}"));
    let is_between = |key: &ObjectKey| {
        key.kind == "NetworkPolicy"
            || entrance_kind(&key.group, &key.kind).is_some_and(|k| k.role != kinds::Role::Setting)
    };
    if let Some(entry) = scene.cluster.entries().iter().find(|e| e.key.name == name && is_between(&e.key)) {
        return format!(
            "{} is no end of a connection\nask about the Services and workloads behind it, or from `internet`",
            entry.key
        );
    }
    let here: Vec<&Named<'_>> =
        all.iter().filter(|(_, key)| namespace.is_none_or(|n| n == key.namespace()) && is_kind(key, kind)).collect();
    let pool: Vec<&Named<'_>> = if here.is_empty() { all.iter().collect() } else { here };
    let mut near: Vec<(usize, String)> =
        pool.iter().map(|(_, key)| (letters_apart(&key.name, name, FAR).unwrap_or(FAR), key.to_string())).collect();
    near.sort();
    let close: Vec<String> =
        near.iter().filter(|(d, _)| *d <= 1 + name.len() / 4).map(|(_, n)| n.clone()).take(5).collect();
    let listed = if close.is_empty() { near.into_iter().map(|(_, n)| n).take(5).collect() } else { close };
    let hint = if listed.is_empty() {
        "the manifests contain no workload and no Service".to_owned()
    } else {
        format!("nearest: {}", listed.join(", "))
    };
    format!("there is no {what} `{name}`{whole}\n{hint}")
}

/// Names that are so far apart have nothing in common.
const FAR: usize = 300;

/// The workload that has a pod of this name behind a Service: one of a StatefulSet that the Service governs, or one
/// that has the name as its `hostname` and the Service as its `subdomain`
/// (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields>).
fn pod_behind(scene: &Scene<'_>, namespace: &str, service: &str, pod: &str) -> Option<usize> {
    scene.cluster.workloads().iter().position(|w| {
        let ordinal = pod.strip_prefix(w.key.name.as_str()).and_then(|r| r.strip_prefix('-'));
        let numbered = ordinal.and_then(|o| o.parse::<i64>().ok()).is_some_and(|o| {
            // Where live pods say more, any may be there.
            o >= 0 && (!w.pods.is_empty() || scene.cluster.pod_numbers(w).contains(&o))
        });
        let named = w.spec.pod.hostname.as_deref() == Some(pod);
        w.key.namespace() == namespace
            && ((w.spec.service_name.as_deref() == Some(service) && numbered)
                || (w.spec.pod.subdomain.as_deref() == Some(service) && named))
    })
}

/// Why a StatefulSet that a Service governs has no pod of a name that begins as its pods' do: their numbers begin at 0
/// and end before the number of replicas
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index>).
fn beyond(scene: &Scene<'_>, namespace: &str, service: &str, pod: &str) -> Option<String> {
    let (name, number) = pod.rsplit_once('-')?;
    number.parse::<u32>().ok()?;
    let index = scene.cluster.workloads().iter().position(|w| {
        w.key.namespace() == namespace && w.key.name == name && w.spec.service_name.as_deref() == Some(service)
    })?;
    let (own, at) = (scene.workload_name(index), scene.workload_place(index));
    Some(format!("{own} has {} ({at})", pods_text(scene.cluster, scene.workload(index))))
}

/// A name with dots is looked for as the DNS of a cluster would answer it: that of a Service, or of a pod of a
/// StatefulSet.
fn by_host(scene: &Scene<'_>, host: &str, role: Role<'_>) -> Result<Party, String> {
    let absolute = host.trim_end_matches('.');
    let meant = ClusterName::parse(absolute).and_then(|n| Some((n.pod, n.service, n.namespace?, n.is_full)));
    let known = |namespace: &str| scene.cluster.namespaces().contains_key(namespace);
    // The search path of the asking namespace comes first: there `a.b` is the pod `a` behind the Service `b`.
    if let (Some((None, pod, service, false)), Role::To(Some(home))) = (meant, role)
        && let Some(owner) = pod_behind(scene, home, service, pod)
    {
        return Ok(Party::Workload(owner));
    }
    if let (Some((None, pod, service, false)), Role::To(Some(home))) = (meant, role)
        && let Some(why) = beyond(scene, home, service, pod)
    {
        return Err(format!("`{host}` does not resolve: {why}"));
    }
    match meant {
        Some((None, name, namespace, is_full)) if is_full || known(namespace) => {
            by_name(scene, is_full.then_some("service"), Some(namespace), name, role)
        }
        Some((Some(pod), service, namespace, is_full)) if is_full || known(namespace) => pod_behind(
            scene, namespace, service, pod,
        )
        .map(Party::Workload)
        .ok_or_else(|| match beyond(scene, namespace, service, pod) {
            Some(why) => format!("`{host}` does not resolve: {why}"),
            None => format!(
                "no StatefulSet of namespace {namespace} has a pod `{pod}` with the governing Service `{service}`"
            ),
        }),
        _ if let Some(party) = by_balancer(scene, absolute) => Ok(party),
        // Object names may hold dots themselves.
        _ if parties(scene).iter().any(|(_, key)| key.name == host) => by_name(scene, None, None, host, role),
        _ if ClusterName::is_inside(absolute) => {
            Err(format!("`{host}` is no name of a Service: these are written service.namespace.svc.cluster.local"))
        }
        Some((None, name, namespace, _)) if !host.ends_with('.') && role == Role::From => {
            by_name(scene, None, Some(namespace), name, role)
        }
        _ if role == Role::From => {
            Err(format!("`{host}` is a name outside of the cluster; say the address it has, or `internet`"))
        }
        Some((None, _, end, _)) if is_domain(end) => Ok(Party::Host(absolute.to_owned())),
        Some((None, name, namespace, _)) if !host.ends_with('.') => {
            let trouble = unknown(scene, &parties(scene), None, Some(namespace), name);
            Err(format!("{trouble}\nfor a DNS name outside of the cluster write `{host}.`"))
        }
        _ => Ok(Party::Host(absolute.to_owned())),
    }
}

/// Whether the last part of a name is that of names outside more than that of a namespace: a code of a country, or
/// another domain that many names end in (<https://www.iana.org/domains/root/db>).
fn is_domain(end: &str) -> bool {
    const DOMAINS: &[&str] = &[
        "app", "biz", "cloud", "com", "dev", "edu", "gov", "info", "int", "mil", "net", "online", "org", "site",
        "tech", "xyz",
    ];
    end.len() == 2 && end.bytes().all(|b| b.is_ascii_alphabetic()) || DOMAINS.contains(&end)
}

/// A name of the cluster that no object of the manifests has.
pub(super) struct Unresolved<'h> {
    /// The name.
    pub host: &'h str,
    /// The namespace that it is of.
    pub namespace: &'h str,
    /// Why the StatefulSet whose pods have such names has none of this one.
    pub beyond: Option<String>,
}

/// Whether a name that is written is one of the cluster: a full one, or one with a namespace of the manifests.
pub(super) fn of_cluster<'h>(scene: &Scene<'_>, reference: &'h Reference, home: &'h str) -> Option<Unresolved<'h>> {
    let Reference::Host(host) = reference else { return None };
    let name = ClusterName::parse(host.trim_end_matches('.'))?;
    let namespace = name.namespace?;
    // Along the search path `a.b` is the pod `a` behind the Service `b`.
    let governing = ObjectKey::new("", "Service", home, namespace);
    if !name.is_full && name.pod.is_none() && scene.cluster.find(&governing).is_some() {
        let beyond = beyond(scene, home, namespace, name.service);
        return Some(Unresolved { host, namespace: home, beyond });
    }
    let is_meant = name.is_full || scene.cluster.namespaces().contains_key(namespace);
    let beyond = name.pod.and_then(|pod| beyond(scene, namespace, name.service, pod));
    is_meant.then_some(Unresolved { host, namespace, beyond })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        assert_eq!(letters_apart("web", "web", FAR), Some(0));
        assert_eq!(letters_apart("databse", "database", FAR), Some(1));
        assert_eq!(letters_apart("", "abc", FAR), Some(3));
        assert_eq!(letters_apart("kitten", "sitting", FAR), Some(3));
    }
}
