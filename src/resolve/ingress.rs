//! Ingresses: Internet → Ingress → backend.

use indexmap::IndexMap;
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, IngressTLS};

use super::{Context, exposure, port_number, services};
use crate::cluster::Entry;
use crate::graph::{Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, NodeId, RouteRule};
use crate::manifest::Body;
use crate::net::ObjectKey;

/// Adds every Ingress with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let default_class = cluster
        .ingress_classes()
        .find(|(entry, _)| {
            entry.object.annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true")
        })
        .map(|(entry, _)| entry.key.name.clone());
    for (entry, ingress) in cluster.ingresses() {
        add_one(context, entry, ingress, default_class.as_deref());
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry, ingress: &Ingress, default_class: Option<&str>) {
    let Some(spec) = &ingress.spec else {
        let id = context.object(entry, Detail::Ingress { class: None, tls: false });
        expose(context, entry, &id);
        return;
    };
    let tls: &[IngressTLS] = spec.tls.as_deref().unwrap_or_default();
    let annotation = entry.object.annotations.get("kubernetes.io/ingress.class");
    let class =
        spec.ingress_class_name.clone().or_else(|| annotation.cloned()).or_else(|| default_class.map(str::to_owned));
    let id = context.object(entry, Detail::Ingress { class, tls: !tls.is_empty() });
    expose(context, entry, &id);

    let mut edges: IndexMap<(NodeId, Backend), (Vec<RouteRule>, Vec<Evidence>)> = IndexMap::new();
    let mut add = |context: &mut Context<'_>, backend: &IngressBackend, field: String, rule: RouteRule| {
        let said = context.evidence(entry, &field);
        if let Some((target, port)) = target(context, entry, backend, &said) {
            let (rules, evidence) = edges.entry((target, port)).or_default();
            rules.push(rule);
            evidence.push(said);
        }
    };
    for (r, rule) in spec.rules.iter().flatten().enumerate() {
        let host = rule.host.clone().filter(|h| !h.is_empty());
        let secure = covered(tls, host.as_deref());
        let paths = rule.http.as_ref().map(|h| h.paths.as_slice()).unwrap_or_default();
        for (p, path) in paths.iter().enumerate() {
            let field = format!("spec.rules[{r}].http.paths[{p}]");
            let path_type = Some(path.path_type.clone()).filter(|t| !t.is_empty());
            let wanted = path.path.clone().filter(|p| !p.is_empty());
            add(
                context,
                &path.backend,
                field,
                RouteRule { host: host.clone(), path: wanted, path_type, tls: secure, weight: None, default: false },
            );
        }
        // A host without paths sends everything to the default backend
        // (https://kubernetes.io/docs/concepts/services-networking/ingress/#default-backend).
        if paths.is_empty()
            && let Some(backend) = &spec.default_backend
        {
            add(
                context,
                backend,
                format!("spec.rules[{r}]"),
                RouteRule { host, path: None, path_type: None, tls: secure, weight: None, default: false },
            );
        }
    }
    if let Some(backend) = &spec.default_backend {
        let rule =
            RouteRule { host: None, path: None, path_type: None, tls: covered(tls, None), weight: None, default: true };
        add(context, backend, "spec.defaultBackend".into(), rule);
    }
    for ((target, port), (rules, said)) in edges {
        context.graph.edge(&id, &target, EdgeDetail::Routes { rules, port }, said);
    }
}

/// An Ingress serves HTTP, and HTTPS where it has TLS, on whatever ports its controller is given: none are claimed
/// here.
fn expose(context: &mut Context<'_>, entry: &Entry, id: &NodeId) {
    let class = entry.object.at("spec.ingressClassName");
    let said = context.evidence(entry, "");
    let named_internal =
        entry.object.tree.at(&["spec", "ingressClassName"]).and_then(|c| c.as_str()) == Some("gce-internal");
    let from = match exposure::internal(&entry.object.annotations) {
        Some(field) => {
            let said = context.evidence(entry, &field);
            context.private_network(said)
        }
        None if named_internal => {
            let said = Evidence { line: class.line, field: "spec.ingressClassName".into(), ..said.clone() };
            context.private_network(said)
        }
        None => context.internet(),
    };
    context.graph.edge(
        &from,
        id,
        EdgeDetail::Exposes(vec![Exposure { via: Expose::Ingress, ports: Vec::new() }]),
        [said],
    );
}

/// What a backend leads to: a Service of the Ingress's own namespace, or any other object of it.
fn target(
    context: &mut Context<'_>,
    entry: &Entry,
    backend: &IngressBackend,
    said: &Evidence,
) -> Option<(NodeId, Backend)> {
    if let Some(service) = &backend.service {
        let key = ObjectKey::new("", "Service", entry.key.namespace(), &service.name);
        let target = context.referred(&key, said.clone());
        let port = match &service.port {
            Some(port) if port.number.is_some_and(|n| n != 0) => {
                port.number.and_then(port_number).map_or(Backend::None, Backend::Number)
            }
            Some(port) => match &port.name {
                Some(name) => Backend::Name { name: name.clone(), resolved: named_port(context, &key, name) },
                None => Backend::None,
            },
            None => Backend::None,
        };
        let port = services::checked_port(context, entry, &key, port, &said.field);
        return Some((target, port));
    }
    let resource = backend.resource.as_ref()?;
    let key = ObjectKey::new(
        resource.api_group.as_deref().unwrap_or_default(),
        &resource.kind,
        entry.key.namespace(),
        &resource.name,
    );
    Some((context.referred(&key, said.clone()), Backend::None))
}

/// The number of a Service's named port.
fn named_port(context: &Context<'_>, service: &ObjectKey, name: &str) -> Option<u16> {
    let Body::Service(service) = &context.cluster.entries()[context.cluster.find(service)?].object.body else {
        return None;
    };
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    ports.iter().find(|p| p.name.as_deref() == Some(name)).and_then(|p| port_number(p.port))
}

/// Whether TLS is set up for a host. An entry without hosts stands for every host of the controller's certificate, and
/// a wildcard stands for one label
/// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressSpec>).
fn covered(tls: &[IngressTLS], host: Option<&str>) -> bool {
    tls.iter().any(|entry| {
        let hosts = entry.hosts.as_deref().unwrap_or_default();
        hosts.is_empty() || host.is_some_and(|h| hosts.iter().any(|t| t == h || wildcard_covers(t, h)))
    })
}

fn wildcard_covers(pattern: &str, host: &str) -> bool {
    match (pattern.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((_, rest))) => domain == rest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(wildcard_covers("*.example.com", "shop.example.com"));
        assert!(!wildcard_covers("*.example.com", "a.shop.example.com"));
        assert!(!wildcard_covers("*.example.com", "example.com"));
    }

    #[test]
    fn tls_without_hosts_covers_all() {
        let all = [IngressTLS { hosts: None, secret_name: Some("x".into()) }];
        let one = [IngressTLS { hosts: Some(vec!["a.example.com".into()]), secret_name: None }];
        assert!(covered(&all, Some("b.example.com")) && covered(&all, None));
        assert!(covered(&one, Some("a.example.com")) && !covered(&one, Some("b.example.com")) && !covered(&one, None));
        assert!(!covered(&[], Some("a.example.com")));
    }
}
