//! Kong: Internet → TCPIngress or UDPIngress → Service
//! (<https://developer.konghq.com/kubernetes-ingress-controller/reference/custom-resources/>).

use super::route::{Rules, Target, everything, items, number, port, strings, text};
use super::{Context, limits};
use crate::cluster::Entry;
use crate::graph::{Expose, HostTls};
use crate::manifest::Tree;
use crate::net::Protocol;

/// Adds every TCPIngress and UDPIngress with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    for entry in entries {
        add_one(context, entry);
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let transport = if entry.key.kind == "UDPIngress" { Protocol::Udp } else { Protocol::Tcp };
    if transport == Protocol::Udp {
        let object = context.position(entry);
        context.facts.datagrams.insert(object);
    }
    let covered: Vec<String> = items(tree, &["spec", "tls"]).flat_map(|t| strings(t, &["hosts"])).collect();
    let tls = |host: Option<&str>| match host {
        Some(host) if covered.iter().any(|c| c == host) => HostTls::Terminated,
        // Connections are distinguished by the name in the client's greeting, which only TLS has.
        Some(_) => HostTls::ByController,
        None => HostTls::None,
    };
    let host = |rule: &Tree| text(rule, &["host"]).map(str::to_owned);
    let mut hosts: Vec<String> = items(tree, &["spec", "rules"]).filter_map(host).collect();
    hosts.sort();
    hosts.dedup();
    let mut ports: Vec<(u16, Protocol)> =
        items(tree, &["spec", "rules"]).filter_map(|r| Some((number(r, &["port"])?, transport))).collect();
    ports.sort_unstable();
    ports.dedup();
    let id = context.route(entry, &hosts);
    context.class(entry, entry.object.annotations.get("kubernetes.io/ingress.class").map_or("kong", String::as_str));
    let clients = limits::plugins(context, entry);
    limits::global_plugins(context, entry);
    context.open(entry, &id, Expose::Ingress, ports, clients);
    let mut rules = Rules::of(entry);
    for (r, rule) in items(tree, &["spec", "rules"]).enumerate() {
        let name = host(rule);
        let tls = tls(name.as_deref());
        context.host(entry, format!("spec.rules[{r}].host"), name.clone(), tls);
        let Some(service) = text(rule, &["backend", "serviceName"]) else { continue };
        let wished = port(rule.at(&["backend", "servicePort"]));
        let field = format!("spec.rules[{r}].backend");
        let target = Target::at(entry.key.namespace(), service, (wished, "servicePort"), field);
        rules.send(context, target, [everything(name, tls)]);
    }
    rules.finish(context, &id);
}
