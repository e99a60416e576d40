//! Multi-cluster entry points of Google Kubernetes Engine: Internet → MultiClusterIngress → MultiClusterService
//! (<https://cloud.google.com/kubernetes-engine/docs/how-to/multi-cluster-ingress>). A MultiClusterService has a
//! selector and ports as a Service has, and is read as one.

use super::super::backends::Reference;
use super::route::{Rules, everything, items, port, text};
use super::{Context, is_route};
use crate::cluster::Entry;
use crate::graph::{Expose, HostTls, RouteRule};
use crate::manifest::Tree;
use crate::net::ObjectKey;

const GROUP: &str = "networking.gke.io";

/// The path of the Ingress inside a MultiClusterIngress.
const SPEC: &str = "spec.template.spec";

/// Adds every MultiClusterIngress with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    for entry in entries.iter().filter(|e| is_route(e)) {
        add_one(context, entry);
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry) {
    let Some(spec) = entry.object.tree.find(SPEC) else { return };
    let has_certificate = entry.object.annotations.contains_key("networking.gke.io/pre-shared-certs");
    let tls = if items(spec, &["tls"]).next().is_some() {
        HostTls::Terminated
    } else if has_certificate {
        HostTls::ByController
    } else {
        HostTls::None
    };
    let mut hosts: Vec<String> =
        items(spec, &["rules"]).filter_map(|r| text(r, &["host"])).map(str::to_owned).collect();
    hosts.dedup();
    let id = context.route(entry, &hosts);
    context.open(entry, &id, Expose::Ingress, Vec::new(), None);
    context.hosts(entry, &format!("{SPEC}.rules"), &hosts, tls);
    let mut rules = Rules::of(entry);
    for (r, rule) in items(spec, &["rules"]).enumerate() {
        let host = text(rule, &["host"]).map(str::to_owned);
        for (p, path) in items(rule, &["http", "paths"]).enumerate() {
            let wanted = text(path, &["path"]).map(str::to_owned);
            let path_type = wanted.as_ref().map(|_| "ImplementationSpecific".to_owned());
            let rule = RouteRule { path: wanted, path_type, ..everything(host.clone(), tls) };
            backend(context, &mut rules, path, &format!("{SPEC}.rules[{r}].http.paths[{p}]"), rule);
        }
    }
    backend(context, &mut rules, spec, SPEC, RouteRule { default: true, ..everything(None, tls) });
    rules.finish(context, &id);
}

fn backend(context: &mut Context<'_>, rules: &mut Rules<'_>, tree: &Tree, at: &str, rule: RouteRule) {
    let Some(name) = tree.get("backend").and_then(|b| text(b, &["serviceName"])) else { return };
    let field = format!("{at}.backend");
    let wished = port(tree.at(&["backend", "servicePort"]));
    let key = ObjectKey::new(GROUP, "MultiClusterService", rules.entry.key.namespace(), name);
    let port = context.checked_port(&key, wished.backend(|name| context.named_port(&key, name)));
    let said = context.evidence(rules.entry, &field);
    let reference = Reference { entry: rules.entry, port_field: format!("{field}.servicePort"), field, key, port };
    let end = context.backend(reference, &said);
    rules.push(end, rule, said);
}
