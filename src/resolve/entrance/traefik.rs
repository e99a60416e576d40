//! Traefik: IngressRoute, IngressRouteTCP and IngressRouteUDP → Service, directly or through a TraefikService
//! (<https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/>).

use super::expression::{Alternative, alternatives};
use super::route::{Clients, Rules, Target, everything, items, port, strings, text, weight};
use super::{Context, is_route};
use crate::cluster::Entry;
use crate::graph::{Expose, HostTls, RouteRule};
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// TraefikServices that lead to each other deeper than this are not followed.
const DEEPEST: usize = 8;

/// Adds every route with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    for entry in entries.iter().filter(|e| is_route(e)) {
        route(context, entry);
    }
}

fn route(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    if entry.key.kind == "IngressRouteUDP" {
        let object = context.position(entry);
        context.facts.datagrams.insert(object);
    }
    if let Some(class) = entry.object.annotations.get("kubernetes.io/ingress.class") {
        context.class(entry, class);
    }
    let tls = tls(tree);
    let mut hosts: Vec<String> = Vec::new();
    let mut all: Vec<Vec<Alternative>> = Vec::new();
    for route in items(tree, &["spec", "routes"]) {
        let written = text(route, &["match"]).unwrap_or_default();
        let unread = || vec![Alternative { conditions: vec![written.to_owned()], ..Alternative::default() }];
        let found = if written.is_empty() {
            vec![Alternative::default()]
        } else {
            alternatives(written).unwrap_or_else(unread)
        };
        for host in found.iter().flat_map(|a| &a.hosts).filter(|h| *h != "*") {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        all.push(found);
    }
    let id = context.route(entry, &hosts);
    let clients = clients(context, entry);
    context.open(entry, &id, Expose::Ingress, Vec::new(), clients);
    context.hosts(entry, "spec.routes", &hosts, tls);
    let mut rules = Rules::of(entry);
    for (r, (route, alternatives)) in items(tree, &["spec", "routes"]).zip(&all).enumerate() {
        let wanted: Vec<RouteRule> = alternatives.iter().flat_map(|a| rules_of(a, tls)).collect();
        let services = Services { entry, namespace: entry.key.namespace(), depth: 0 };
        services.add(context, &mut rules, (route, "services"), &format!("spec.routes[{r}]"), &wanted);
    }
    rules.finish(context, &id);
}

/// The rules of an alternative, one for each host.
fn rules_of(alternative: &Alternative, tls: HostTls) -> Vec<RouteRule> {
    let named = alternative.hosts.iter().filter(|h| *h != "*").cloned().map(Some);
    let mut hosts: Vec<Option<String>> = named.collect();
    if hosts.is_empty() {
        hosts.push(None);
    }
    let path = alternative.path.as_ref().map(|(path, _)| path.clone());
    let mut words: Vec<String> = path.into_iter().collect();
    words.extend((!alternative.conditions.is_empty()).then(|| format!("({})", alternative.conditions.join(", "))));
    let rule = |host| RouteRule {
        path: (!words.is_empty()).then(|| words.join(" ")),
        path_type: alternative.path.as_ref().map(|(_, kind)| (*kind).to_owned()),
        ..everything(host, tls)
    };
    hosts.into_iter().map(rule).collect()
}

/// How a route encrypts requests. The section may be empty; without it an entry point may encrypt them all the same,
/// which is in the configuration of Traefik and in no manifest
/// (<https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/>).
fn tls(tree: &Tree) -> HostTls {
    let Some(tls) = tree.at(&["spec", "tls"]).filter(|t| !t.is_null()) else {
        let secure = items(tree, &["spec", "entryPoints"]).any(|e| e.as_str() == Some("websecure"));
        return if secure { HostTls::Undetermined } else { HostTls::None };
    };
    if tls.get("passthrough").and_then(Tree::as_bool) == Some(true) {
        HostTls::Passthrough
    } else if text(tls, &["secretName"]).is_some() {
        HostTls::Terminated
    } else {
        HostTls::ByController
    }
}

/// The addresses that Middlewares let in, if every rule has one that restricts them
/// (<https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ipallowlist/>).
fn clients(context: &Context<'_>, entry: &Entry) -> Option<Clients> {
    let tree = &entry.object.tree;
    let mut ranges: Vec<String> = Vec::new();
    let mut count = 0;
    for route in items(tree, &["spec", "routes"]) {
        let allowed: Vec<String> = items(route, &["middlewares"])
            .filter_map(|m| {
                let namespace = text(m, &["namespace"]).unwrap_or(entry.key.namespace());
                let kind = if entry.key.kind == "IngressRouteTCP" { "MiddlewareTCP" } else { "Middleware" };
                let key = ObjectKey::new(&entry.key.group, kind, namespace, text(m, &["name"])?);
                let tree = &context.cluster.entries()[context.cluster.find(&key)?].object.tree;
                let list = ["ipAllowList", "ipWhiteList"].into_iter().find_map(|k| tree.at(&["spec", k]))?;
                Some(strings(list, &["sourceRange"]))
            })
            .flatten()
            .collect();
        if allowed.is_empty() {
            return None;
        }
        ranges.extend(allowed);
        count += 1;
    }
    (count > 0).then(|| Clients { allowed: ranges, denied: Vec::new(), field: "spec.routes".to_owned() })
}

/// A list of Services and TraefikServices.
struct Services<'a> {
    entry: &'a Entry,
    /// Where names without a namespace are looked for.
    namespace: &'a str,
    depth: usize,
}

impl Services<'_> {
    fn add(
        &self,
        context: &mut Context<'_>,
        rules: &mut Rules<'_>,
        (tree, list): (&Tree, &str),
        at: &str,
        wanted: &[RouteRule],
    ) {
        let several = items(tree, &[list]).count() > 1;
        for (s, service) in items(tree, &[list]).enumerate() {
            let weight = several.then(|| weight(service).unwrap_or(1));
            let wanted: Vec<RouteRule> =
                wanted.iter().map(|r| RouteRule { weight: weight.or(r.weight), ..r.clone() }).collect();
            self.one(context, rules, service, &format!("{at}.{list}[{s}]"), wanted);
        }
    }

    fn one(&self, context: &mut Context<'_>, rules: &mut Rules<'_>, service: &Tree, at: &str, wanted: Vec<RouteRule>) {
        let Some(name) = text(service, &["name"]) else { return };
        let namespace = text(service, &["namespace"]).unwrap_or(self.namespace);
        if text(service, &["kind"]) != Some("TraefikService") {
            let wished = port(service.get("port"));
            // What a TraefikService names is declared there, and the field of the route leads to it.
            let field = if self.depth == 0 { at.to_owned() } else { "spec.routes".to_owned() };
            let port_field = if self.depth == 0 { format!("{at}.port") } else { field.clone() };
            rules.send(context, Target { namespace, name, port: wished, field, port_field }, wanted);
            return;
        }
        let key = ObjectKey::new(&self.entry.key.group, "TraefikService", namespace, name);
        let cluster = context.cluster;
        let Some(found) = cluster.find(&key).filter(|_| self.depth < DEEPEST) else {
            // `api@internal` is Traefik itself, and `name@file` comes from elsewhere.
            if !name.contains('@') {
                let said = context.evidence(self.entry, at);
                let end = context.referred(&key, said.clone());
                for rule in wanted {
                    rules.push((end.clone(), crate::graph::Backend::None), rule, said.clone());
                }
            }
            return;
        };
        if !rules.follow() {
            return;
        }
        let tree = &cluster.entries()[found].object.tree;
        let inner = Services { entry: self.entry, namespace, depth: self.depth + 1 };
        if let Some(weighted) = tree.at(&["spec", "weighted"]) {
            inner.add(context, rules, (weighted, "services"), at, &wanted);
        }
        if let Some(mirroring) = tree.at(&["spec", "mirroring"]) {
            inner.one(context, rules, mirroring, at, wanted.clone());
            let copies: Vec<RouteRule> = wanted.into_iter().map(super::route::mirrored).collect();
            inner.add(context, rules, (mirroring, "mirrors"), at, &copies);
        }
    }
}
