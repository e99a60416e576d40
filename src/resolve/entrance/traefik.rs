//! Traefik: IngressRoute, IngressRouteTCP and IngressRouteUDP → Service, directly or through a TraefikService
//! (<https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/>).

use std::collections::BTreeMap;

use super::super::clouds;
use super::expression::{Alternative, alternatives};
use super::limits::is_internal_word;
use super::route::{Clients, Rules, Target, everything, items, port, strings, text, weight};
use super::{Context, is_route, points};
use crate::cluster::Entry;
use crate::graph::{EdgeDetail, Expose, Exposure, HostTls, NodeId, RouteRule, When};
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

/// Adds the edges by which a route gets the requests of its parents, which may come from no other
/// (<https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/multi-layer-routing/>).
fn parents(context: &mut Context<'_>, entry: &Entry) {
    for (p, parent) in items(&entry.object.tree, &["spec", "parentRefs"]).enumerate() {
        let Some(name) = text(parent, &["name"]) else { continue };
        let namespace = text(parent, &["namespace"]).unwrap_or(entry.key.namespace());
        let key = ObjectKey::new(&entry.key.group, "IngressRoute", namespace, name);
        let said = context.evidence(entry, &format!("spec.parentRefs[{p}]"));
        let mut rules = Vec::new();
        let cluster = context.cluster;
        if let Some(parent) = cluster.find(&key).map(|at| &cluster.entries()[at]) {
            let tls = tls(&parent.object.tree);
            let (hosts, all) = matched(&parent.object.tree);
            context.route(parent, &hosts);
            rules.extend(all.iter().flatten().flat_map(|a| rules_of(a, tls)));
        }
        let from = context.referred(&key, said.clone());
        let detail = EdgeDetail::Routes { rules, port: crate::graph::Backend::None };
        context.graph.edge(&from, &NodeId::object(&entry.key), detail, [said]);
    }
}

/// The hosts of all routes of an object, and the alternatives of each.
fn matched(tree: &Tree) -> (Vec<String>, Vec<Vec<Alternative>>) {
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
    (hosts, all)
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
    let (hosts, all) = matched(tree);
    let id = context.route(entry, &hosts);
    let mut guards: Vec<Guard<'_>> = Vec::new();
    for (r, route) in items(tree, &["spec", "routes"]).enumerate() {
        let mut all = Guard::default();
        for (key, at) in middlewares(entry, route, &format!("spec.routes[{r}]")) {
            guard(context, entry, &key, &at, 0, &mut all);
        }
        guards.push(all);
    }
    let routes: Vec<(Option<Vec<String>>, &[Alternative])> =
        guards.iter().map(|g| g.allowed.clone()).zip(all.iter().map(Vec::as_slice)).collect();
    let lists = lists(&routes);
    let clients = clients(&lists);
    let is_listed = clients.is_none();
    let is_child = items(tree, &["spec", "parentRefs"]).next().is_some();
    let mut points = items(tree, &["spec", "entryPoints"]).filter_map(Tree::as_str).peekable();
    if is_child {
        parents(context, entry);
    } else if points.peek().is_some() && points.all(is_internal_word) {
        let said = context.evidence(entry, "spec.entryPoints");
        let from = context.private_network(said.clone());
        let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::Ingress, ports: Vec::new() }]);
        context.graph.edge(&from, &id, detail, [said]);
    } else {
        points::check(context, entry, tls);
        context.open(entry, &id, Expose::Ingress, Vec::new(), clients);
    }
    context.hosts(entry, "spec.routes", &hosts, tls);
    let mut rules = Rules::of(entry);
    for (r, ((route, alternatives), guard)) in items(tree, &["spec", "routes"]).zip(&all).zip(&guards).enumerate() {
        let wanted: Vec<RouteRule> = alternatives.iter().flat_map(|a| rules_of(a, tls)).collect();
        rules.narrow = is_listed && lists[r] != List::Everybody;
        if guard.is_redirected && points::is_plain(entry, tls) {
            rules.answer(context, ("a redirect to HTTPS", &format!("spec.routes[{r}].middlewares")), wanted);
            continue;
        }
        for (service, namespace) in &guard.others {
            // In place of answers that failed: a part of the requests, whatever their path is.
            let instead = wanted.iter().cloned().map(|r| RouteRule { when: When::Conditional, ..r }).collect();
            let services = Services { entry, namespace, depth: 1 };
            services.one(context, &mut rules, service, &format!("spec.routes[{r}].middlewares"), instead);
        }
        let services = Services { entry, namespace: entry.key.namespace(), depth: 0 };
        services.add(context, &mut rules, (route, "services"), &format!("spec.routes[{r}]"), &wanted);
    }
    rules.finish_listed(context, &id, "spec.routes");
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
        when: if alternative.conditions.is_empty() { When::Always } else { When::Conditional },
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

/// What Middlewares make of the requests of a route.
#[derive(Default)]
struct Guard<'c> {
    /// The addresses that they let in; `None` for all.
    allowed: Option<Vec<String>>,
    /// Services that get requests in place of those of the route, with the namespace of the Middleware.
    others: Vec<(&'c Tree, &'c str)>,
    /// Whether plain requests are answered by a redirect to HTTPS.
    is_redirected: bool,
}

/// Middlewares that let every request through, if changed or late
/// (<https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/>).
const HARMLESS: &[&str] = &[
    "addPrefix",
    "buffering",
    "circuitBreaker",
    "compress",
    "contentType",
    "encodedCharacters",
    "grpcWeb",
    "headers",
    "inFlightConn",
    "inFlightReq",
    "passTLSClientCert",
    "rateLimit",
    "redirectScheme",
    "replacePath",
    "replacePathRegex",
    "retry",
    "stripPrefix",
    "stripPrefixRegex",
];

/// Those that ask clients who they are.
const CHECKING: &[&str] = &["basicAuth", "digestAuth", "forwardAuth"];

/// Adds what a Middleware makes of requests: one of a chain after another.
fn guard<'c>(context: &mut Context<'c>, entry: &Entry, key: &ObjectKey, at: &str, depth: usize, all: &mut Guard<'c>) {
    let cluster = context.cluster;
    let name = format!("{} {}", key.kind, key.name);
    let Some(found) = cluster.find(key).filter(|_| depth < DEEPEST) else {
        // Traefik takes no requests for a route whose Middleware it does not know.
        context.unjudged(entry, format!("{name}, which is not in the input,"), at);
        // Those of other providers have their names after an `@`.
        if depth < DEEPEST && !key.name.contains('@') {
            context.missing_middleware(entry, &format!("{}/{}", key.namespace(), key.name), at);
        }
        return;
    };
    context.read(found);
    let found = &cluster.entries()[found];
    for said in found.object.tree.at(&["spec"]).map(Tree::entries).unwrap_or_default() {
        let tree = &said.value;
        match &*said.key {
            "ipAllowList" | "ipWhiteList" => {
                let ranges = strings(tree, &["sourceRange"]);
                if all.allowed.is_some() {
                    context.unjudged(entry, format!("{name}, one of several lists of addresses,"), at);
                }
                all.allowed.get_or_insert(ranges);
            }
            "chain" => {
                for link in items(tree, &["middlewares"]) {
                    let namespace = text(link, &["namespace"]).unwrap_or(key.namespace());
                    if let Some(link) = text(link, &["name"]) {
                        guard(
                            context,
                            entry,
                            &ObjectKey::new(&key.group, &key.kind, namespace, link),
                            at,
                            depth + 1,
                            all,
                        );
                    }
                }
            }
            "errors" => {
                all.others.extend(tree.get("service").map(|s| (s, found.key.namespace.as_deref().unwrap_or_default())))
            }
            "redirectScheme" => all.is_redirected |= text(tree, &["scheme"]) == Some("https"),
            kind if HARMLESS.contains(&kind) => {}
            kind if CHECKING.contains(&kind) => {
                let by = text(tree, &["address"]).map_or_else(|| format!("{name} ({kind})"), str::to_owned);
                context.checked(entry, by, at);
            }
            kind => context.unjudged(entry, format!("{name} ({kind})"), at),
        }
    }
}

/// Whether a key is that of a Middleware that lets every request through.
pub(super) fn is_harmless(context: &Context<'_>, key: &ObjectKey) -> bool {
    let found = context.cluster.find(key).filter(|_| key.kind == "Middleware");
    let tree = found.and_then(|at| context.cluster.entries()[at].object.tree.at(&["spec"]));
    tree.is_some_and(|spec| spec.entries().iter().all(|e| HARMLESS.contains(&&*e.key)))
}

/// The Middlewares that a route names.
fn middlewares(entry: &Entry, route: &Tree, at: &str) -> Vec<(ObjectKey, String)> {
    let kind = if entry.key.kind == "IngressRouteTCP" { "MiddlewareTCP" } else { "Middleware" };
    let named = items(route, &["middlewares"]).enumerate().filter_map(|(m, middleware)| {
        let namespace = text(middleware, &["namespace"]).unwrap_or(entry.key.namespace());
        let key = ObjectKey::new(&entry.key.group, kind, namespace, text(middleware, &["name"])?);
        Some((key, format!("{at}.middlewares[{m}]")))
    });
    named.collect()
}

/// What the Middlewares that an Ingress names make of its clients
/// (<https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/#on-ingress>).
pub(super) fn of_ingress(context: &mut Context<'_>, entry: &Entry) -> Option<Clients> {
    const ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.middlewares";
    let at = clouds::field(ANNOTATION);
    let named = entry.object.annotations.get(ANNOTATION)?;
    let mut all = Guard::default();
    for name in named.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let cluster = context.cluster;
        let is_meant = |e: &&Entry| {
            e.key.kind == "Middleware" && format!("{}-{}@kubernetescrd", e.key.namespace(), e.key.name) == name
        };
        match cluster.entries().iter().find(is_meant) {
            Some(found) => guard(context, entry, &found.key, &at, 0, &mut all),
            None => {
                context.unjudged(entry, format!("Middleware {name}, which is not in the input,"), &at);
                if let Some(meant) = name.strip_suffix("@kubernetescrd") {
                    context.missing_middleware(entry, meant, &at);
                }
            }
        }
    }
    Some(Clients { allowed: all.allowed?, denied: Vec::new(), field: at })
}

/// The field that sends an Ingress to entry points of Traefik that are named after being inside the network.
pub(super) fn internal_entry_points(annotations: &BTreeMap<String, String>) -> Option<String> {
    const ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
    let mut named = annotations.get(ANNOTATION)?.split(',').map(str::trim).peekable();
    (named.peek().is_some() && named.all(is_internal_word)).then(|| clouds::field(ANNOTATION))
}

/// Whom a route lets in.
#[derive(PartialEq, Eq)]
enum List {
    Everybody,
    These(Vec<String>),
    /// Some of its requests only from some addresses.
    Mixed,
}

/// Whom each route lets in, by its Middlewares and its match.
fn lists(routes: &[(Option<Vec<String>>, &[Alternative])]) -> Vec<List> {
    let of_route = |(allowed, alternatives): &(Option<Vec<String>>, &[Alternative])| {
        let listed = alternatives.iter().filter(|a| !a.clients.is_empty()).count();
        match allowed {
            Some(allowed) if listed == 0 => List::These(allowed.clone()),
            None if listed == 0 => List::Everybody,
            None if listed == alternatives.len() => {
                List::These(alternatives.iter().flat_map(|a| a.clients.iter().cloned()).collect())
            }
            _ => List::Mixed,
        }
    };
    routes.iter().map(of_route).collect()
}

/// The clients that all routes let in.
fn clients(lists: &[List]) -> Option<Clients> {
    let List::These(allowed) = lists.first()? else { return None };
    let is_common = lists.iter().all(|list| *list == lists[0]);
    is_common.then(|| Clients { allowed: allowed.clone(), denied: Vec::new(), field: "spec.routes".to_owned() })
}

/// Whether the arguments of Traefik allow routes to name Services of other namespaces.
fn allows_other_namespaces(context: &Context<'_>, entry: &Entry) -> bool {
    const ALLOWS: &str = "--providers.kubernetescrd.allowcrossnamespace";
    let pods = context.controllers.bringing(context.cluster, &context.facts, context.position(entry));
    let said = |w: &usize| {
        let containers = context.cluster.workloads()[*w].spec.pod.containers.iter();
        let mut args = containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten()));
        args.any(|a| {
            let a = a.to_ascii_lowercase();
            a.strip_prefix(ALLOWS).is_some_and(|rest| rest.is_empty() || rest == "=true")
        })
    };
    !pods.is_empty() && pods.iter().all(said)
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
            let own = weight(service).filter(|w| several || *w == 0);
            let weight = own.or(several.then_some(1));
            // What gets nothing passes nothing on.
            let part = |r: &RouteRule| if r.weight == Some(0) { r.weight } else { weight.or(r.weight) };
            let wanted: Vec<RouteRule> = wanted.iter().map(|r| RouteRule { weight: part(r), ..r.clone() }).collect();
            self.one(context, rules, service, &format!("{at}.{list}[{s}]"), wanted);
        }
    }

    fn one(&self, context: &mut Context<'_>, rules: &mut Rules<'_>, service: &Tree, at: &str, wanted: Vec<RouteRule>) {
        let Some(name) = text(service, &["name"]) else { return };
        let namespace = text(service, &["namespace"]).unwrap_or(self.namespace);
        if namespace != self.entry.key.namespace() && self.depth == 0 && !allows_other_namespaces(context, self.entry) {
            // (https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-crd/)
            let text =
                "it names a Service of another namespace, which Traefik refuses unless its configuration allows that";
            context.fault(self.entry, text, at);
        }
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
        let is_known = |key: &&str| tree.at(&["spec", key]).is_some_and(|t| !t.is_null());
        if ["weighted", "mirroring", "highestRandomWeight", "failover"].iter().any(is_known) {
            context.read(found);
        }
        let inner = Services { entry: self.entry, namespace, depth: self.depth + 1 };
        if let Some(weighted) = tree.at(&["spec", "weighted"]) {
            inner.add(context, rules, (weighted, "services"), at, &wanted);
        }
        if let Some(weighted) = tree.at(&["spec", "highestRandomWeight"]) {
            inner.add(context, rules, (weighted, "services"), at, &wanted);
        }
        if let Some(failover) = tree.at(&["spec", "failover"]) {
            let spare = |r: &RouteRule| RouteRule { when: When::Conditional, ..r.clone() };
            failover.get("service").into_iter().for_each(|s| inner.one(context, rules, s, at, wanted.clone()));
            let spared: Vec<RouteRule> = wanted.iter().map(spare).collect();
            failover.get("fallback").into_iter().for_each(|s| inner.one(context, rules, s, at, spared.clone()));
        }
        if let Some(mirroring) = tree.at(&["spec", "mirroring"]) {
            inner.one(context, rules, mirroring, at, wanted.clone());
            let copies: Vec<RouteRule> = wanted.into_iter().map(super::route::mirrored).collect();
            inner.add(context, rules, (mirroring, "mirrors"), at, &copies);
        }
    }
}
