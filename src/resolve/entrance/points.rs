//! The entry points of Traefik: where a route is heard, and what the arguments of Traefik say of that
//! (<https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/>).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::facts::Listening;
use super::Context;
use super::route::items;
use crate::cluster::Entry;
use crate::graph::HostTls;
use crate::manifest::{Body, Tree};

/// An entry point, as arguments describe it.
#[derive(Default)]
struct Point {
    port: Option<u16>,
    has_middlewares: bool,
    redirects: bool,
}

/// The names of the entry points of a route; none if it is at the default ones.
fn named(entry: &Entry) -> Vec<&str> {
    items(&entry.object.tree, &["spec", "entryPoints"]).filter_map(Tree::as_str).collect()
}

/// Whether a route is heard on the usual port for plain requests only.
pub(super) fn is_plain(entry: &Entry, tls: HostTls) -> bool {
    let names = named(entry);
    tls == HostTls::None && !names.is_empty() && names.iter().all(|n| *n == "web")
}

/// Keeps where a route is heard, and what of its entry points may keep requests out.
pub(super) fn check(context: &mut Context<'_>, entry: &Entry, tls: HostTls) {
    let pods = context.controllers.bringing(context.cluster, &context.facts, context.position(entry));
    let (points, namespaces) = arguments(context, &pods);
    let names = named(entry);
    if namespaces.is_some_and(|all| !all.iter().any(|n| n == entry.key.namespace())) {
        context.fault(entry, "Traefik looks for routes in other namespaces, by its arguments", "");
    }
    if !points.is_empty() {
        let open = |name: &&str| points.get(&name.to_ascii_lowercase()).is_some_and(|p| is_open(context, &pods, p));
        if !names.is_empty() && !names.iter().any(open) {
            let text = "none of its entry points is one of Traefik that a Service or a port of a node opens";
            context.fault(entry, text, "spec.entryPoints");
        }
        let is_meant = |name: &String| names.is_empty() || names.iter().any(|n| n.eq_ignore_ascii_case(name));
        if let Some((name, _)) = points.iter().find(|(name, p)| p.has_middlewares && is_meant(name)) {
            context.unjudged(entry, format!("the middleware of entry point {name}"), "spec.entryPoints");
        }
    }
    heard(context, entry, (&names, tls), &points);
}

/// Keeps where a route is heard whose entry points are all called as those of the charts.
fn heard(context: &mut Context<'_>, entry: &Entry, (names, tls): (&[&str], HostTls), points: &BTreeMap<String, Point>) {
    let is_http = entry.key.kind == "IngressRoute";
    if !is_http || names.is_empty() || names.iter().any(|n| !matches!(*n, "web" | "websecure")) {
        return;
    }
    let listening = names.iter().map(|name| {
        let is_secure = *name == "websecure";
        let redirects = points.get(*name).is_some_and(|p| p.redirects);
        let is_encrypted = is_secure || tls.is_encrypted();
        let port = Some(if is_secure { 443 } else { 80 });
        Listening { hosts: Vec::new(), is_encrypted, port, redirects }
    });
    context.heard(entry, listening);
}

/// The entry points that the arguments of some pods describe, and the namespaces in which they look for routes.
fn arguments(context: &Context<'_>, pods: &[usize]) -> (BTreeMap<String, Point>, Option<Vec<String>>) {
    let mut points: BTreeMap<String, Point> = BTreeMap::new();
    let mut namespaces = None;
    let containers = pods.iter().flat_map(|&w| &context.cluster.workloads()[w].spec.pod.containers);
    for arg in containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten())) {
        let arg = arg.to_ascii_lowercase();
        if let Some(list) = arg.strip_prefix("--providers.kubernetescrd.namespaces=") {
            namespaces = Some(list.split(',').map(|n| n.trim().to_owned()).collect());
        }
        let Some((name, said)) = arg.strip_prefix("--entrypoints.").and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        let point = points.entry(name.to_owned()).or_default();
        let value = |key: &str| said.strip_prefix(key)?.strip_prefix('=');
        if let Some(address) = value("address") {
            let port = address.rsplit(':').next().and_then(|p| p.split('/').next());
            point.port = port.and_then(|p| p.parse().ok());
        }
        point.has_middlewares |= value("http.middlewares").is_some_and(|v| !v.is_empty());
        point.redirects |= value("http.redirections.entrypoint.scheme").is_some_and(|v| v == "https")
            || value("http.redirections.entrypoint.to").is_some();
    }
    points.retain(|_, p| p.port.is_some());
    (points, namespaces)
}

/// Whether some Service, or a port of a node, leads to the port of an entry point. Without Services nothing is known.
fn is_open(context: &Context<'_>, pods: &[usize], point: &Point) -> bool {
    let Some(port) = point.port.map(i32::from) else { return true };
    let mut any = false;
    for &pod in pods {
        let workload = &context.cluster.workloads()[pod];
        if workload.spec.pod.host_network == Some(true) {
            return true;
        }
        let declared = || workload.spec.pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
        if declared().any(|p| p.container_port == port && p.host_port.is_some()) {
            return true;
        }
        for service in context.doors.services(pod) {
            let Body::Service(service) = &context.cluster.entries()[service].object.body else { continue };
            any = true;
            let leads = service.spec.iter().flat_map(|s| s.ports.iter().flatten()).any(|p| match &p.target_port {
                None => p.port == port,
                Some(IntOrString::Int(target)) => *target == port,
                Some(IntOrString::String(name)) => {
                    let mut own = declared().filter(|d| d.name.as_ref() == Some(name)).peekable();
                    own.peek().is_none() || own.any(|d| d.container_port == port)
                }
            });
            if leads {
                return true;
            }
        }
    }
    !any
}
