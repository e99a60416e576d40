//! The Ingress controller of NGINX Inc.: Internet → VirtualServer → Service, through VirtualServerRoutes of other
//! namespaces, and Internet → TransportServer → Service
//! (<https://docs.nginx.com/nginx-ingress-controller/configuration/virtualserver-and-virtualserverroute-resources/>,
//! <https://docs.nginx.com/nginx-ingress-controller/configuration/transportserver-resource/>).

use std::collections::BTreeMap;

use super::alb::Wanted;
use super::limits::is_restricting;
use super::route::{Clients, Rules, Target, everything, items, number, port, strings, text, weight};
use super::{Context, oldest, port_number};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, NodeId, RouteRule, When};
use crate::manifest::Tree;
use crate::net::{ObjectKey, Protocol};

const GROUP: &str = "k8s.nginx.org";

/// Adds every server with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let of_kind = |kind: &'static str| entries.iter().filter(move |e| e.key.kind == kind);
    for entry in of_kind("VirtualServerRoute") {
        context.route(entry, host(entry).as_slice());
    }
    mismatched(context, entries);
    collisions(context, entries);
    let servers: BTreeMap<Option<String>, HostTls> =
        of_kind("VirtualServer").map(|server| (host(server), tls_of(server))).collect();
    for entry in of_kind("VirtualServerRoute") {
        let mut rules = Rules::of(entry);
        rules.narrow = true;
        // Its requests come through the VirtualServer of its host.
        let tls = servers.get(&host(entry)).copied().unwrap_or_default();
        virtual_server(context, entry, rules, ("subroutes", tls));
    }
    for entry in of_kind("VirtualServer") {
        let tls = tls_of(entry);
        let id = context.route(entry, host(entry).as_slice());
        class(context, entry);
        let clients = restrictions(context, entry);
        let mut rules = Rules::of(entry);
        rules.narrow = clients.is_none();
        context.open(entry, &id, Expose::Ingress, Vec::new(), clients);
        context.host(entry, "spec.host".to_owned(), host(entry), tls);
        virtual_server(context, entry, rules, ("routes", tls));
    }
    let listeners = listeners(of_kind("GlobalConfiguration").copied());
    for entry in of_kind("TransportServer") {
        transport_server(context, entry, &listeners);
    }
}

/// Keeps which VirtualServerRoutes have another host than the VirtualServer that names them
/// (<https://docs.nginx.com/nginx-ingress-controller/configuration/virtualserver-and-virtualserverroute-resources/#virtualserverroute-specification>).
fn mismatched(context: &mut Context<'_>, entries: &[&Entry]) {
    for server in entries.iter().filter(|e| e.key.kind == "VirtualServer") {
        for named in items(&server.object.tree, &["spec", "routes"]).filter_map(|r| text(r, &["route"])) {
            let (namespace, name) = named.split_once('/').unwrap_or((server.key.namespace(), named));
            let found = context.cluster.find(&ObjectKey::new(GROUP, "VirtualServerRoute", namespace, name));
            let route = found.map(|at| &context.cluster.entries()[at]);
            if let Some(route) = route.filter(|route| host(route) != host(server)) {
                let text = format!("its host is not that of {}, and the controller ignores it", server.key);
                context.fault(route, text, "spec.host");
            }
        }
    }
}

/// Keeps which servers have a host or a listener that another one has: the oldest gets it
/// (<https://docs.nginx.com/nginx-ingress-controller/configuration/handling-host-and-listener-collisions/>).
fn collisions(context: &mut Context<'_>, entries: &[&Entry]) {
    let mut by_claim: BTreeMap<(String, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|e| matches!(e.key.kind.as_str(), "VirtualServer" | "TransportServer")) {
        let listener = text(&entry.object.tree, &["spec", "listener", "name"]);
        let claim = match (host(entry), listener) {
            (Some(host), _) => (format!("host {host}"), "spec.host"),
            (None, Some(listener)) => (format!("listener {listener}"), "spec.listener"),
            (None, None) => continue,
        };
        by_claim.entry(claim).or_default().push(entry);
    }
    for ((claim, field), all) in by_claim.into_iter().filter(|(_, all)| all.len() > 1) {
        oldest::contest(context, &all, (&format!("the {claim}"), field));
    }
}

/// How a VirtualServer encrypts requests.
fn tls_of(entry: &Entry) -> HostTls {
    match entry.object.tree.at(&["spec", "tls"]).filter(|t| !t.is_null()) {
        None => HostTls::None,
        Some(tls) if text(tls, &["secret"]).is_some() => HostTls::Terminated,
        Some(_) => HostTls::ByController,
    }
}

fn host(entry: &Entry) -> Option<String> {
    text(&entry.object.tree, &["spec", "host"]).map(str::to_owned)
}

fn class(context: &mut Context<'_>, entry: &Entry) {
    if let Some(class) = text(&entry.object.tree, &["spec", "ingressClassName"]) {
        context.class(entry, class);
    }
}

/// What restricts the clients of a VirtualServer: its policies, those of its routes, and snippets
/// (<https://docs.nginx.com/nginx-ingress-controller/configuration/policy-resource/>). The answer is the addresses that
/// the policies of the whole let in.
fn restrictions(context: &mut Context<'_>, entry: &Entry) -> Option<Clients> {
    let tree = &entry.object.tree;
    if tree.at(&["spec", "internalRoute"]).and_then(Tree::as_bool) == Some(true) {
        context.unjudged(entry, "internalRoute, by which it is for the mesh,", "spec.internalRoute");
    }
    let routes = || items(tree, &["spec", "routes"]).chain(items(tree, &["spec", "subroutes"]));
    let snippets = [text(tree, &["spec", "server-snippets"]), text(tree, &["spec", "http-snippets"])];
    let of_routes = routes().map(|r| text(r, &["location-snippets"]));
    if snippets.into_iter().chain(of_routes).flatten().any(is_restricting) {
        context.unjudged(entry, "a snippet of configuration", "spec");
    }
    let mut clients = None;
    let named = items(tree, &["spec", "policies"]).map(|p| (p, true));
    let of_routes = routes().flat_map(|r| items(r, &["policies"])).map(|p| (p, false));
    for (policy, is_whole) in named.chain(of_routes) {
        let Some(name) = text(policy, &["name"]) else { continue };
        let namespace = text(policy, &["namespace"]).unwrap_or(entry.key.namespace());
        let found = context.cluster.find(&ObjectKey::new(GROUP, "Policy", namespace, name));
        let Some(spec) = found.and_then(|at| context.cluster.entries()[at].object.tree.get("spec")) else {
            context.unjudged(entry, format!("Policy {name}, which is not in the input,"), "spec.policies");
            continue;
        };
        found.into_iter().for_each(|at| context.read(at));
        for said in spec.entries() {
            match &*said.key {
                "accessControl" if is_whole && clients.is_none() => {
                    let list = |key: &str| strings(&said.value, &[key]);
                    let field = "spec.policies".to_owned();
                    clients = Some(Clients { allowed: list("allow"), denied: list("deny"), field });
                }
                // Routes with a list and those without one differ by their targets.
                "accessControl" if !is_whole => {}
                "apiKey" | "basicAuth" | "ingressMTLS" | "jwt" | "oidc" => {
                    context.checked(entry, format!("Policy {name} ({})", said.key), "spec.policies");
                }
                "cache" | "cors" | "egressMTLS" | "ingressClassName" | "rateLimit" => {}
                other => context.unjudged(entry, format!("Policy {name} ({other})"), "spec.policies"),
            }
        }
    }
    clients
}

/// The ports of listeners, by name.
fn listeners<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<&'a str, u16> {
    let all = entries.flat_map(|e| items(&e.object.tree, &["spec", "listeners"]));
    all.filter_map(|l| Some((text(l, &["name"])?, number(l, &["port"])?))).collect()
}

fn virtual_server(context: &mut Context<'_>, entry: &Entry, mut rules: Rules<'_>, (list, tls): (&str, HostTls)) {
    let host = host(entry);
    let narrow = rules.narrow;
    for (r, route) in items(&entry.object.tree, &["spec", list]).enumerate() {
        let at = format!("spec.{list}[{r}]");
        let (path, path_type) = path(text(route, &["path"]).unwrap_or("/"));
        let rule = RouteRule { path: Some(path), path_type: Some(path_type), ..everything(host.clone(), tls) };
        rules.narrow = narrow && has_list(context, entry, route);
        if let Some(other) = text(route, &["route"]) {
            let (namespace, name) = other.split_once('/').unwrap_or((entry.key.namespace(), other));
            let said = context.evidence(entry, &format!("{at}.route"));
            let end = context.referred(&ObjectKey::new(GROUP, "VirtualServerRoute", namespace, name), said.clone());
            rules.push((end, Backend::None), rule.clone(), said);
        }
        own(context, &rules, route, &at, &rule);
        split(context, &mut rules, route, &rule);
        for (m, found) in items(route, &["matches"]).enumerate() {
            let path = format!("{} (match {})", rule.path.as_deref().unwrap_or_default(), m + 1);
            let rule = RouteRule { path: Some(path), when: When::Conditional, ..rule.clone() };
            own(context, &rules, found, &at, &rule);
            split(context, &mut rules, found, &rule);
        }
    }
    rules.finish_listed(context, &NodeId::object(&entry.key), "spec.routes");
}

/// Whether a policy of a route lets in some addresses only.
fn has_list(context: &Context<'_>, entry: &Entry, route: &Tree) -> bool {
    items(route, &["policies"]).any(|policy| {
        let namespace = text(policy, &["namespace"]).unwrap_or(entry.key.namespace());
        let key = text(policy, &["name"]).map(|name| ObjectKey::new(GROUP, "Policy", namespace, name));
        let found = key.and_then(|key| context.cluster.find(&key));
        found.is_some_and(|at| context.cluster.entries()[at].object.tree.at(&["spec", "accessControl"]).is_some())
    })
}

/// A path as it is matched: `=/x` exactly, `~ ^/x` and `~* ^/x` as regular expressions, anything else as a prefix.
fn path(written: &str) -> (String, String) {
    let (path, kind) = match (written.strip_prefix('='), written.strip_prefix('~')) {
        (Some(exact), _) => (exact, "Exact"),
        (None, Some(expression)) => (expression.trim_start_matches('*').trim_start(), "RegularExpression"),
        (None, None) => (written, "Prefix"),
    };
    (path.to_owned(), kind.to_owned())
}

/// An action by which the controller answers itself.
fn own(context: &mut Context<'_>, rules: &Rules<'_>, route: &Tree, at: &str, rule: &RouteRule) {
    for (key, how) in [("redirect", "a redirect"), ("return", "a response of its own")] {
        if route.at(&["action", key]).is_some_and(|t| !t.is_null()) {
            rules.answer(context, (how, &format!("{at}.action")), [rule.clone()]);
        }
    }
}

/// What an action or the parts of a split send to.
fn split(context: &mut Context<'_>, rules: &mut Rules<'_>, route: &Tree, rule: &RouteRule) {
    pass(context, rules, route, rule.clone());
    for part in items(route, &["splits"]) {
        pass(context, rules, part, RouteRule { weight: weight(part), ..rule.clone() });
    }
}

fn pass(context: &mut Context<'_>, rules: &mut Rules<'_>, tree: &Tree, rule: RouteRule) {
    let named = text(tree, &["action", "pass"]).or_else(|| text(tree, &["action", "proxy", "upstream"]));
    if let Some(upstream) = named {
        to_upstream(context, rules, upstream, rule);
    }
}

/// An upstream of the object itself, which names the Service.
fn to_upstream(context: &mut Context<'_>, rules: &mut Rules<'_>, name: &str, rule: RouteRule) {
    let entry = rules.entry;
    let named = |(_, u): &(usize, &Tree)| text(u, &["name"]) == Some(name);
    let Some((u, upstream)) = items(&entry.object.tree, &["spec", "upstreams"]).enumerate().find(named) else {
        let text = format!("it names an upstream `{name}` that it does not define: the controller rejects all of it");
        context.fault(entry, text, "spec.upstreams");
        return;
    };
    let Some(service) = text(upstream, &["service"]) else { return };
    if let Some(spare) = text(upstream, &["backup"]) {
        // Where no other server answers
        // (https://docs.nginx.com/nginx-ingress-controller/configuration/virtualserver-and-virtualserverroute-resources/#upstream).
        let port = port(upstream.get("backupPort"));
        let target = Target::at(entry.key.namespace(), spare, (port, "backupPort"), format!("spec.upstreams[{u}]"));
        rules.send(context, target, [RouteRule { when: When::Conditional, ..rule.clone() }]);
    }
    let number = upstream.get("port").and_then(Tree::as_i64).and_then(|p| port_number(i32::try_from(p).ok()?));
    let port = number.map_or(Wanted::Nothing, Wanted::Number);
    let (namespace, service) = service.split_once('/').unwrap_or((entry.key.namespace(), service));
    rules.send(context, Target::at(namespace, service, (port, "port"), format!("spec.upstreams[{u}]")), [rule]);
}

fn transport_server(context: &mut Context<'_>, entry: &Entry, listeners: &BTreeMap<&str, u16>) {
    let tree = &entry.object.tree;
    let protocol = text(tree, &["spec", "listener", "protocol"]).unwrap_or("TCP");
    let transport = if protocol == "UDP" { Protocol::Udp } else { Protocol::Tcp };
    if transport == Protocol::Udp {
        let object = context.position(entry);
        context.facts.datagrams.insert(object);
    }
    let tls = match (protocol, tree.at(&["spec", "tls"])) {
        ("TLS_PASSTHROUGH", _) => HostTls::Passthrough,
        (_, Some(tls)) if text(tls, &["secret"]).is_some() => HostTls::Terminated,
        _ => HostTls::None,
    };
    let named = text(tree, &["spec", "listener", "name"]).unwrap_or_default();
    if !listeners.is_empty() && !named.starts_with("tls-passthrough") && !listeners.contains_key(named) {
        let text = format!("no GlobalConfiguration has a listener {named}: the controller rejects it");
        context.fault(entry, text, "spec.listener");
    }
    let port = listeners.get(named).copied().or((named == "tls-passthrough").then_some(443));
    let id = context.route(entry, host(entry).as_slice());
    class(context, entry);
    context.open(entry, &id, Expose::Ingress, port.map(|p| (p, transport)).into_iter().collect(), None);
    context.host(entry, "spec.host".to_owned(), host(entry), tls);
    let mut rules = Rules::of(entry);
    if let Some(upstream) = text(tree, &["spec", "action", "pass"]) {
        to_upstream(context, &mut rules, upstream, everything(host(entry), tls));
    }
    rules.finish(context, &id);
}
