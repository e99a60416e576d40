//! Routes of OpenShift: Internet → Route → Service
//! (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1>).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;

use super::super::backends::Reference;
use super::super::facts::Listening;
use super::route::Rules;
use super::routers::Router;
use super::{Context, limits, oldest, route, routers, services};
use crate::cluster::Entry;
use crate::graph::{Backend, HostTls, PortMap, RouteRule, TargetPort, When};
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// Adds every Route with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let routers = routers::all(context.cluster);
    claims(context, entries, &routers);
    for entry in entries {
        add_one(context, entry, &routers);
    }
}

/// Keeps which Routes name a host of another namespace: the one with the oldest Route has it
/// (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/ingress_and_load_balancing/configuring-ingress-cluster-traffic#nw-route-admission-policy_ingress>).
fn claims(context: &mut Context<'_>, entries: &[&Entry], routers: &[Router<'_>]) {
    if routers.iter().any(Router::shares_hosts) {
        return;
    }
    let mut by_host: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(host) = route::text(&entry.object.tree, &["spec", "host"]) {
            by_host.entry(host).or_default().push(entry);
        }
    }
    for (host, all) in by_host {
        let first = oldest::oldest(&all).map_or(all[0].key.namespace(), |first| first.key.namespace());
        let others: Vec<&Entry> = all.iter().copied().filter(|e| e.key.namespace() != first).collect();
        if others.is_empty() {
            continue;
        }
        if oldest::oldest(&all).is_some() {
            for entry in others {
                let text = format!("{host} belongs to namespace {first}, which has an older Route for it");
                context.fault(entry, text, "spec.host");
            }
        } else {
            oldest::contest(context, &all, (host, "spec.host"));
        }
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry, routers: &[Router<'_>]) {
    let Some(spec) = entry.object.tree.get("spec") else { return };
    let text = |key: &str| spec.get(key).and_then(Tree::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    let host = text("host");
    let id = context.route(entry, host.as_slice());
    let clients = limits::of_ingress(context, entry);
    let is_wild = text("wildcardPolicy").as_deref() == Some("Subdomain");
    routers::open(context, entry, &id, clients, routers);
    routers::admission(context, entry, routers);
    let tls = tls(spec);
    if tls == HostTls::Passthrough && text("path").is_some() {
        context.fault(entry, "TLS is passed through, and the router takes no path beside that", "spec.path");
    }
    // Every name of the host's domain (https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1).
    let host = match host.as_deref().and_then(|h| h.split_once('.')) {
        Some((_, domain)) if is_wild => Some(format!("*.{domain}")),
        _ => host,
    };
    context.host(entry, "spec.host".to_owned(), host.clone(), tls);
    context.heard(entry, listening(spec));
    let mut rules = Rules::of(entry);
    let backends = spec.get("alternateBackends").map(Tree::items).unwrap_or_default();
    let several = !backends.is_empty();
    let fields = std::iter::once(("spec.to".to_owned(), spec.get("to")))
        .chain(backends.iter().enumerate().map(|(i, b)| (format!("spec.alternateBackends[{i}]"), Some(b))));
    for (field, backend) in fields {
        let Some(backend) = backend else { continue };
        let Some(name) = backend.get("name").and_then(Tree::as_str) else {
            continue;
        };
        if backend.get("kind").and_then(Tree::as_str).is_some_and(|k| k != "Service") {
            continue;
        }
        let key = ObjectKey::new("", "Service", entry.key.namespace(), name);
        let said = context.evidence(entry, &field);
        let port = backend_port(context, &key, spec.at(&["port", "targetPort"]));
        let reference = Reference { entry, field, port_field: "spec.port.targetPort".to_owned(), key, port };
        let end = context.backend(reference, &said);
        // An absent weight is 100.
        let given = backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok());
        let weight = given.or(Some(100)).filter(|w| several || *w == 0);
        let rule = RouteRule {
            host: host.clone(),
            path: text("path"),
            path_type: text("path").map(|_| "Prefix".to_owned()),
            tls,
            weight,
            default: false,
            when: When::Always,
        };
        rules.push(end, rule, said);
    }
    rules.finish(context, &id);
}

/// Where the router listens for a Route: for plain HTTP beside TLS only if the Route allows or redirects it
/// (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1>,
/// `insecureEdgeTerminationPolicy`).
fn listening(spec: &Tree) -> Vec<Listening> {
    let on = |port: u16, redirects: bool| Listening {
        hosts: Vec::new(),
        is_encrypted: port == 443,
        port: Some(port),
        redirects,
    };
    let Some(tls) = spec.get("tls").filter(|t| !t.is_null()) else { return vec![on(80, false)] };
    match tls.get("insecureEdgeTerminationPolicy").and_then(Tree::as_str) {
        Some("Allow") => vec![on(443, false), on(80, false)],
        Some("Redirect") => vec![on(443, false), on(80, true)],
        _ => vec![on(443, false)],
    }
}

/// How a Route encrypts requests
/// (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/ingress_and_load_balancing/configuring-routes>).
fn tls(spec: &Tree) -> HostTls {
    match spec.get("tls").filter(|t| !t.is_null()) {
        None => HostTls::None,
        Some(tls) => match tls.get("termination").and_then(Tree::as_str) {
            Some("passthrough") => HostTls::Passthrough,
            Some("reencrypt") => HostTls::Reencrypted,
            _ => HostTls::Terminated,
        },
    }
}

/// The Service port whose endpoints a Route means. `targetPort` is the number or name of a port of the endpoints, and
/// endpoints have the numbers of the pods' ports and the names of the Service's; without it the router takes every
/// port.
fn backend_port(context: &Context<'_>, service: &ObjectKey, wanted: Option<&Tree>) -> Backend {
    let Some(wanted) = wanted.filter(|w| !w.is_null()) else {
        return Backend::None;
    };
    let text = match (wanted.as_i64(), wanted.as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => return Backend::None,
    };
    let unknown = || Backend::Name { name: text.clone(), resolved: None };
    let Some(found) = context.service(service) else { return unknown() };
    let maps = services::selected_ports(context, service, found);
    match meant(&maps, &text) {
        Some(map) => Backend::Number(map.port),
        None if is_known(found, &maps, &text) => Backend::Absent(text),
        None => unknown(),
    }
}

fn meant<'m>(maps: &'m [PortMap], wanted: &str) -> Option<&'m PortMap> {
    let number = wanted.parse::<u16>().ok();
    let is_target = |map: &&PortMap| match &map.target {
        TargetPort::Number(own) => number == Some(*own),
        TargetPort::Name { resolved, .. } => number.is_some_and(|n| resolved.contains(&n)),
    };
    maps.iter().find(|m| m.name.as_deref() == Some(wanted)).or_else(|| maps.iter().find(is_target))
}

/// Whether the endpoints of a Service are known as far as a Route asks for them: their names are, and their numbers
/// where the Service or the selected pods tell them.
fn is_known(service: &Service, maps: &[PortMap], wanted: &str) -> bool {
    let has_selector = service.spec.iter().any(|s| s.selector.as_ref().is_some_and(|s| !s.is_empty()));
    let is_open = |map: &PortMap| matches!(&map.target, TargetPort::Name { resolved, .. } if resolved.is_empty());
    wanted.parse::<u16>().is_err() || (has_selector && !maps.iter().any(is_open))
}
