//! Contour: Internet → HTTPProxy → Service, where one HTTPProxy may include others
//! (<https://projectcontour.io/docs/main/config/fundamentals/>,
//! <https://projectcontour.io/docs/main/config/inclusion-delegation/>).

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
    for entry in entries.iter().filter(|e| is_route(e)) {
        proxy(context, entry);
    }
}

fn proxy(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let id = NodeId::object(&entry.key);
    let class = text(tree, &["spec", "ingressClassName"]).map(str::to_owned);
    let annotated = || entry.object.annotations.get("projectcontour.io/ingress.class").cloned();
    if let Some(class) = class.or_else(annotated) {
        context.class(entry, &class);
    }
    let root = tree.at(&["spec", "virtualhost"]).filter(|v| !v.is_null());
    let host = root.and_then(|v| text(v, &["fqdn"])).map(str::to_owned);
    let tls = root.map(virtual_host_tls).unwrap_or_default();
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
