//! Apache APISIX: Internet → ApisixRoute → Service
//! (<https://apisix.apache.org/docs/ingress-controller/reference/apisix-ingress-controller/apisix-route/>).

use std::collections::BTreeMap;

use super::Context;
use super::route::{Clients, Rules, Target, everything, items, number, of_host, port, strings, text, weight};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, RouteRule, When};
use crate::manifest::Tree;
use crate::net::{ObjectKey, Protocol};

/// Adds every ApisixRoute with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let secured: BTreeMap<String, HostTls> = (entries.iter())
        .filter(|e| e.key.kind == "ApisixTls")
        .flat_map(|e| strings(&e.object.tree, &["spec", "hosts"]))
        .map(|host| (host, HostTls::Terminated))
        .collect();
    for entry in entries.iter().filter(|e| e.key.kind == "ApisixRoute") {
        add_one(context, entry, &secured);
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry, secured: &BTreeMap<String, HostTls>) {
    let tree = &entry.object.tree;
    let tls = |host: &str| of_host(secured, host).copied().unwrap_or_default();
    let mut hosts: Vec<String> = items(tree, &["spec", "http"]).flat_map(|r| strings(r, &["match", "hosts"])).collect();
    hosts.extend(items(tree, &["spec", "stream"]).filter_map(|r| text(r, &["match", "host"])).map(str::to_owned));
    hosts.sort();
    hosts.dedup();
    let datagram = |stream: &Tree| text(stream, &["protocol"]).is_some_and(|p| p.eq_ignore_ascii_case("UDP"));
    let protocol = |stream: &Tree| if datagram(stream) { Protocol::Udp } else { Protocol::Tcp };
    let streams = items(tree, &["spec", "stream"]);
    let mut ports: Vec<(u16, Protocol)> =
        streams.filter_map(|s| Some((number(s, &["match", "ingressPort"])?, protocol(s)))).collect();
    ports.sort_unstable();
    ports.dedup();
    if items(tree, &["spec", "http"]).next().is_none() && items(tree, &["spec", "stream"]).all(datagram) {
        let object = context.position(entry);
        context.facts.datagrams.insert(object);
    }
    if let Some(class) = text(tree, &["spec", "ingressClassName"]) {
        context.class(entry, class);
    }
    let id = context.route(entry, &hosts);
    let lists = restrictions(context, entry);
    let clients = common(&lists);
    let is_listed = clients.is_none();
    global(context, entry);
    context.open(entry, &id, Expose::Ingress, ports, clients);
    for host in &hosts {
        context.host(entry, "spec.http".to_owned(), Some(host.clone()), tls(host));
    }
    let mut rules = Rules::of(entry);
    for (r, route) in items(tree, &["spec", "http"]).enumerate() {
        let wanted = matched(route, tls);
        rules.narrow = is_listed && lists.get(r).is_some_and(|l| *l != Default::default());
        let several = items(route, &["backends"]).count() > 1;
        for (b, backend) in items(route, &["backends"]).enumerate() {
            let weight = several.then(|| weight(backend).unwrap_or(100));
            let with_weight: Vec<RouteRule> = wanted.iter().map(|w| RouteRule { weight, ..w.clone() }).collect();
            send(context, &mut rules, backend, format!("spec.http[{r}].backends[{b}]"), with_weight);
        }
        for (u, upstream) in items(route, &["upstreams"]).enumerate() {
            let Some(name) = text(upstream, &["name"]) else { continue };
            let said = context.evidence(entry, &format!("spec.http[{r}].upstreams[{u}]"));
            let key = ObjectKey::new(&entry.key.group, "ApisixUpstream", entry.key.namespace(), name);
            let end = context.referred(&key, said.clone());
            for rule in &wanted {
                rules.push((end.clone(), Backend::None), rule.clone(), said.clone());
            }
        }
    }
    rules.narrow = false;
    for (s, stream) in items(tree, &["spec", "stream"]).enumerate() {
        let host = text(stream, &["match", "host"]).map(str::to_owned);
        if let Some(backend) = stream.get("backend") {
            let rule = everything(host, HostTls::None);
            send(context, &mut rules, backend, format!("spec.stream[{s}].backend"), vec![rule]);
        }
    }
    rules.finish_listed(context, &id, "spec.http");
}

/// Plugins that let every request through, if changed or late (<https://apisix.apache.org/docs/apisix/plugins/>).
const HARMLESS: &[&str] = &[
    "api-breaker",
    "cors",
    "gzip",
    "http-logger",
    "limit-conn",
    "limit-count",
    "limit-req",
    "opentelemetry",
    "prometheus",
    "proxy-cache",
    "proxy-mirror",
    "proxy-rewrite",
    "real-ip",
    "request-id",
    "response-rewrite",
    "skywalking",
    "zipkin",
];

/// Keeps what plugins of all routes may do
/// (<https://apisix.apache.org/docs/ingress-controller/concepts/apisix_global_rule/>).
fn global(context: &mut Context<'_>, entry: &Entry) {
    for (_, rule) in context.of_kind("ApisixGlobalRule").into_iter().filter(|(_, e)| e.key.group == GROUP) {
        let is_on = |plugin: &&Tree| plugin.get("enable").and_then(Tree::as_bool) != Some(false);
        for plugin in items(&rule.object.tree, &["spec", "plugins"]).filter(is_on) {
            let name = text(plugin, &["name"]).unwrap_or_default();
            if is_checking(name) {
                context.checked(entry, format!("plugin {name} of {}", rule.key), "");
            } else if !HARMLESS.contains(&name) {
                context.unjudged(entry, format!("plugin {name} of {}", rule.key), "");
            }
        }
    }
}

const GROUP: &str = "apisix.apache.org";

/// Whether a plugin asks clients who they are.
fn is_checking(plugin: &str) -> bool {
    plugin.ends_with("-auth") || matches!(plugin, "openid-connect" | "consumer-restriction")
}

/// Addresses that are let in, and such that are kept out.
type List = (Vec<String>, Vec<String>);

/// The clients that all routes let in.
fn common(all: &[List]) -> Option<Clients> {
    let (allowed, denied) = all.first()?.clone();
    let is_restricted = !allowed.is_empty() || !denied.is_empty();
    let is_common = is_restricted && all.iter().all(|other| *other == all[0]);
    is_common.then(|| Clients { allowed, denied, field: "spec.http".to_owned() })
}

/// What restricts the clients of each of its routes.
fn restrictions(context: &mut Context<'_>, entry: &Entry) -> Vec<List> {
    let tree = &entry.object.tree;
    let mut all: Vec<List> = Vec::new();
    for (r, route) in items(tree, &["spec", "http"]).enumerate() {
        let at = format!("spec.http[{r}]");
        let (mut allowed, mut denied) = (strings(route, &["match", "remoteAddrs"]), Vec::new());
        for plugin in items(route, &["plugins"]) {
            let name = text(plugin, &["name"]).unwrap_or_default();
            if plugin.get("enable").and_then(Tree::as_bool) == Some(false) || HARMLESS.contains(&name) {
                continue;
            }
            if name == "ip-restriction" {
                allowed.extend(strings(plugin, &["config", "whitelist"]));
                denied.extend(strings(plugin, &["config", "blacklist"]));
            } else if is_checking(name) {
                context.checked(entry, format!("plugin {name}"), &at);
            } else {
                context.unjudged(entry, format!("plugin {name}"), &at);
            }
        }
        if let Some(name) = text(route, &["plugin_config_name"]) {
            context.unjudged(entry, format!("ApisixPluginConfig {name}"), &at);
        }
        if route.at(&["authentication", "enable"]).and_then(Tree::as_bool) == Some(true) {
            context.checked(entry, "the controller", &format!("{at}.authentication"));
        }
        all.push((allowed, denied));
    }
    all
}

/// The rules of a route, one for each host and path. A path that ends in `*` is a prefix.
fn matched(route: &Tree, tls: impl Fn(&str) -> HostTls) -> Vec<RouteRule> {
    let hosts = strings(route, &["match", "hosts"]);
    let hosts: Vec<Option<String>> = if hosts.is_empty() { vec![None] } else { hosts.into_iter().map(Some).collect() };
    let paths = strings(route, &["match", "paths"]);
    let methods = strings(route, &["match", "methods"]);
    let is_conditional = !methods.is_empty() && !methods.iter().any(|m| m == "GET")
        || items(route, &["match", "exprs"]).next().is_some();
    let when = if is_conditional { When::Conditional } else { When::Always };
    let method = if methods.is_empty() { String::new() } else { format!("{} ", methods.join("|")) };
    let plain = |host: &Option<String>| everything(host.clone(), host.as_deref().map(&tls).unwrap_or_default());
    let rule = |host: &Option<String>, path: &String| {
        let (path, kind) = match path.strip_suffix('*') {
            Some(stem) => (stem, "Prefix"),
            None => (path.as_str(), "Exact"),
        };
        RouteRule { path: Some(format!("{method}{path}")), path_type: Some(kind.to_owned()), when, ..plain(host) }
    };
    let pairs = hosts.iter().flat_map(|host| paths.iter().map(move |path| (host, path)));
    let rules: Vec<RouteRule> = pairs.map(|(host, path)| rule(host, path)).collect();
    if rules.is_empty() { hosts.iter().map(plain).collect() } else { rules }
}

fn send(context: &mut Context<'_>, rules: &mut Rules<'_>, backend: &Tree, field: String, wanted: Vec<RouteRule>) {
    let Some(name) = text(backend, &["serviceName"]) else { return };
    let wished = port(backend.get("servicePort"));
    let namespace = rules.entry.key.namespace();
    rules.send(context, Target::at(namespace, name, (wished, "servicePort"), field), wanted);
}
