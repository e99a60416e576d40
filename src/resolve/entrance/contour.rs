//! Contour: Internet → HTTPProxy → Service, where one HTTPProxy may include others
//! (<https://projectcontour.io/docs/main/config/fundamentals/>,
//! <https://projectcontour.io/docs/main/config/inclusion-delegation/>).

use std::collections::BTreeMap;

use super::route::{Clients, Rules, Target, everything, items, mirrored, port, text, weight};
use super::{Context, is_route};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, NodeId, RouteRule};
use crate::manifest::Tree;
use crate::net::ObjectKey;

const GROUP: &str = "projectcontour.io";

/// Adds every HTTPProxy with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    // Those that others include must be there before.
    for entry in entries.iter().filter(|e| is_route(e)) {
        let host = text(&entry.object.tree, &["spec", "virtualhost", "fqdn"]).map(str::to_owned);
        context.route(entry, host.as_slice());
    }
    let roots = roots(entries);
    for entry in entries.iter().filter(|e| is_route(e)) {
        proxy(context, entry, roots.get(&entry.key).cloned().unwrap_or_default());
    }
}

/// What is known of the root of each HTTPProxy: the host, and how requests for it are encrypted. Nothing of one that
/// several roots include.
fn roots(entries: &[&Entry]) -> BTreeMap<ObjectKey, (Option<String>, HostTls)> {
    let by_key: BTreeMap<&ObjectKey, &Entry> = entries.iter().map(|e| (&e.key, *e)).collect();
    let mut found: BTreeMap<ObjectKey, Vec<(Option<String>, HostTls)>> = BTreeMap::new();
    let mut open: Vec<(&Entry, (Option<String>, HostTls))> = Vec::new();
    for entry in entries.iter().filter(|e| is_route(e)) {
        if let Some(root) = entry.object.tree.at(&["spec", "virtualhost"]).filter(|v| !v.is_null()) {
            let host = text(root, &["fqdn"]).map(str::to_owned);
            open.push((entry, (host, virtual_host_tls(root))));
        }
    }
    while let Some((entry, root)) = open.pop() {
        let known = found.entry(entry.key.clone()).or_default();
        // Two roots are as many as any number.
        if known.len() > 1 || known.contains(&root) {
            continue;
        }
        known.push(root.clone());
        for other in items(&entry.object.tree, &["spec", "includes"]) {
            let namespace = text(other, &["namespace"]).unwrap_or(entry.key.namespace());
            let key = text(other, &["name"]).map(|name| ObjectKey::new(GROUP, "HTTPProxy", namespace, name));
            open.extend(key.and_then(|key| by_key.get(&key)).map(|entry| (*entry, root.clone())));
        }
    }
    let only = |mut roots: Vec<(Option<String>, HostTls)>| if roots.len() == 1 { roots.pop() } else { None };
    found.into_iter().filter_map(|(key, roots)| Some((key, only(roots)?))).collect()
}

fn proxy(context: &mut Context<'_>, entry: &Entry, (host, tls): (Option<String>, HostTls)) {
    let tree = &entry.object.tree;
    let id = NodeId::object(&entry.key);
    let class = text(tree, &["spec", "ingressClassName"]).map(str::to_owned);
    let annotated = || entry.object.annotations.get("projectcontour.io/ingress.class").cloned();
    if let Some(class) = class.or_else(annotated) {
        context.class(entry, &class);
    }
    let root = tree.at(&["spec", "virtualhost"]).filter(|v| !v.is_null());
    // Only a root is reached by itself; any other is reached through those that include it.
    if let Some(root) = root {
        let policy = |key: &str| -> Vec<String> {
            items(root, &[key]).filter_map(|p| text(p, &["cidr"])).map(str::to_owned).collect()
        };
        let (allowed, denied) = (policy("ipAllowPolicy"), policy("ipDenyPolicy"));
        let field = "spec.virtualhost".to_owned();
        let clients = (!allowed.is_empty() || !denied.is_empty()).then_some(Clients { allowed, denied, field });
        context.open(entry, &id, Expose::Ingress, Vec::new(), clients);
        context.host(entry, "spec.virtualhost.fqdn".to_owned(), host.clone(), tls);
    }
    let mut rules = Rules::of(entry);
    for (r, route) in items(tree, &["spec", "routes"]).enumerate() {
        let rule = condition(route, &everything(host.clone(), tls));
        services(context, &mut rules, route, &format!("spec.routes[{r}]"), &rule);
    }
    if let Some(tcp) = tree.at(&["spec", "tcpproxy"]) {
        services(context, &mut rules, tcp, "spec.tcpproxy", &everything(host.clone(), tls));
        for key in ["include", "includes"] {
            include(context, &mut rules, tcp.get(key), &format!("spec.tcpproxy.{key}"), &everything(host.clone(), tls));
        }
    }
    for (i, other) in items(tree, &["spec", "includes"]).enumerate() {
        let rule = condition(other, &everything(host.clone(), tls));
        include(context, &mut rules, Some(other), &format!("spec.includes[{i}]"), &rule);
    }
    rules.finish(context, &id);
}

fn virtual_host_tls(host: &Tree) -> HostTls {
    match host.get("tls").filter(|t| !t.is_null()) {
        None => HostTls::None,
        Some(tls) if tls.get("passthrough").and_then(Tree::as_bool) == Some(true) => HostTls::Passthrough,
        Some(_) => HostTls::Terminated,
    }
}

/// A rule with the conditions of a route or an inclusion.
fn condition(route: &Tree, plain: &RouteRule) -> RouteRule {
    let mut rule = plain.clone();
    let mut words: Vec<String> = Vec::new();
    for condition in items(route, &["conditions"]) {
        for (key, kind) in [("prefix", "Prefix"), ("exact", "Exact"), ("regex", "RegularExpression")] {
            if let Some(path) = text(condition, &[key]) {
                rule.path_type = Some(kind.to_owned());
                words.push(path.to_owned());
            }
        }
        if let Some(name) = text(condition, &["header", "name"]) {
            words.push(format!("({name}={})", text(condition, &["header", "exact"]).unwrap_or("*")));
        }
    }
    rule.path = (!words.is_empty()).then(|| words.join(" "));
    rule
}

fn services(context: &mut Context<'_>, rules: &mut Rules<'_>, route: &Tree, at: &str, rule: &RouteRule) {
    let sent = |s: &Tree| s.get("mirror").and_then(Tree::as_bool) != Some(true);
    let several = items(route, &["services"]).filter(|s| sent(s)).count() > 1;
    let namespace = rules.entry.key.namespace();
    for (s, service) in items(route, &["services"]).enumerate() {
        let Some(name) = text(service, &["name"]) else { continue };
        // An absent weight is 0 where another is given, and the same for all where none is.
        let weight = several.then(|| weight(service)).flatten();
        let rule = if sent(service) { RouteRule { weight, ..rule.clone() } } else { mirrored(rule.clone()) };
        let wished = port(service.get("port"));
        rules.send(context, Target::at(namespace, name, (wished, "port"), format!("{at}.services[{s}]")), [rule]);
    }
}

/// Another HTTPProxy that takes a part of the requests.
fn include(context: &mut Context<'_>, rules: &mut Rules<'_>, other: Option<&Tree>, at: &str, rule: &RouteRule) {
    let Some(name) = other.and_then(|o| text(o, &["name"])) else { return };
    let namespace = other.and_then(|o| text(o, &["namespace"])).unwrap_or(rules.entry.key.namespace());
    let said = context.evidence(rules.entry, at);
    let end = context.referred(&ObjectKey::new(GROUP, "HTTPProxy", namespace, name), said.clone());
    rules.push((end, Backend::None), rule.clone(), said);
}
