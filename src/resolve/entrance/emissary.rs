//! Emissary-ingress (Ambassador): Internet → Mapping or TCPMapping → Service
//! (<https://emissary-ingress.dev/docs/3.9/topics/using/mappings/>).

use std::collections::BTreeMap;

use super::alb::Wanted;
use super::route::{Rules, Target, everything, mirrored, number, of_host, text, weight};
use super::{Context, is_route, port_number};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, RouteRule, When};
use crate::manifest::Tree;
use crate::net::{ClusterName, Protocol};

/// Adds every Mapping and TCPMapping with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let mut hosts: BTreeMap<String, HostTls> = BTreeMap::new();
    for host in entries.iter().filter(|e| e.key.kind == "Host") {
        let name = text(&host.object.tree, &["spec", "hostname"]).unwrap_or("*");
        hosts.entry(name.to_owned()).or_insert_with(|| tls_of(host));
    }
    for entry in entries.iter().filter(|e| is_route(e)) {
        mapping(context, entry, &hosts);
    }
}

/// How a Host encrypts requests (<https://emissary-ingress.dev/docs/3.9/topics/running/host-crd/>).
fn tls_of(host: &Entry) -> HostTls {
    let spec = host.object.tree.get("spec");
    let authority = spec.and_then(|s| text(s, &["acmeProvider", "authority"]));
    let named = spec.is_some_and(|s| s.get("tlsSecret").is_some());
    if named || authority.is_some_and(|a| a != "none") { HostTls::Terminated } else { HostTls::None }
}

fn mapping(context: &mut Context<'_>, entry: &Entry, all: &BTreeMap<String, HostTls>) {
    let tree = &entry.object.tree;
    let is_expression = tree.at(&["spec", "host_regex"]).and_then(Tree::as_bool) == Some(true);
    let host = text(tree, &["spec", "hostname"]).or_else(|| text(tree, &["spec", "host"]).filter(|_| !is_expression));
    let host = host.filter(|h| *h != "*").map(str::to_owned);
    let tls = of_host(all, host.as_deref().unwrap_or("*")).copied().unwrap_or_default();
    let port = number(tree, &["spec", "port"]).map(|p| (p, Protocol::Tcp));
    let id = context.route(entry, host.as_slice());
    for policy in context.cluster.entries().iter().filter(|e| e.key.kind == "FilterPolicy") {
        if policy.key.group == entry.key.group {
            context.unjudged(entry, policy.key.to_string(), "spec.prefix");
        }
    }
    context.open(entry, &id, Expose::Ingress, port.into_iter().collect(), None);
    context.host(entry, "spec.hostname".to_owned(), host.clone(), tls);
    let expression = tree.at(&["spec", "prefix_regex"]).and_then(Tree::as_bool) == Some(true);
    let prefix = text(tree, &["spec", "prefix"]).map(str::to_owned);
    let method = text(tree, &["spec", "method"]).map(|m| format!("{m} ")).unwrap_or_default();
    let kind = if expression { "RegularExpression" } else { "Prefix" };
    let conditions = ["headers", "regex_headers", "query_parameters", "regex_query_parameters", "method_regex"];
    let is_conditional = is_expression
        || text(tree, &["spec", "method"]).is_some_and(|m| m != "GET")
        || conditions.iter().any(|key| tree.at(&["spec", key]).is_some_and(|t| !t.is_null()));
    let rule = RouteRule {
        path_type: prefix.as_ref().map(|_| kind.to_owned()),
        path: prefix.map(|path| format!("{method}{path}")),
        weight: tree.get("spec").and_then(weight),
        when: if is_conditional { When::Conditional } else { When::Always },
        ..everything(host, tls)
    };
    let is_copy = tree.at(&["spec", "shadow"]).and_then(Tree::as_bool) == Some(true);
    let mut rules = Rules::of(entry);
    if tree.at(&["spec", "host_redirect"]).and_then(Tree::as_bool) == Some(true) {
        rules.answer(context, ("a redirect", "spec.host_redirect"), [rule]);
    } else if let Some(service) = text(tree, &["spec", "service"]) {
        send(context, &mut rules, service, if is_copy { mirrored(rule) } else { rule });
    }
    rules.finish(context, &id);
}

/// The Service of a text such as `https://web.shop:8443`: scheme and port may be left out, and a name without namespace
/// is one of the own. A port that is not given is 80, or 443 with TLS.
fn send(context: &mut Context<'_>, rules: &mut Rules<'_>, written: &str, rule: RouteRule) {
    let (scheme, rest) = written.split_once("://").unwrap_or(("", written));
    let rest = rest.split_once('/').map_or(rest, |(host, _)| host);
    let (host, port) = rest.rsplit_once(':').map_or((rest, None), |(host, port)| (host, port.parse::<i32>().ok()));
    let default = if scheme == "https" { 443 } else { 80 };
    let number = port_number(port.unwrap_or(default));
    let field = "spec.service".to_owned();
    let entry = rules.entry;
    let (name, namespace) = match ClusterName::parse(host) {
        Some(ClusterName { pod: None, service, namespace, is_full, .. })
            if is_full || namespace.is_none_or(|n| context.cluster.namespaces().contains_key(n)) =>
        {
            (service, namespace.unwrap_or(entry.key.namespace()))
        }
        _ => {
            let said = context.evidence(entry, &field);
            let end = (context.dns_name(host, said.clone()), number.map_or(Backend::None, Backend::Number));
            rules.push(end, rule, said);
            return;
        }
    };
    let port = number.map_or(Wanted::Nothing, Wanted::Number);
    rules.send(context, Target { namespace, name, port, port_field: field.clone(), field }, [rule]);
}
