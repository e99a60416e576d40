//! Routes of OpenShift: Internet → Route → Service
//! (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1>).

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Context, port_number};
use crate::cluster::Entry;
use crate::graph::{Backend, Detail, EdgeDetail, Expose, Exposure, RouteRule};
use crate::manifest::{Body, Tree};
use crate::net::ObjectKey;

/// Adds every Route with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let routes = cluster.entries().iter().filter(|e| e.key.group == "route.openshift.io" && e.key.kind == "Route");
    for entry in routes {
        add_one(context, entry);
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry) {
    let Some(spec) = entry.object.tree.get("spec") else { return };
    let text = |key: &str| spec.get(key).and_then(Tree::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    let host = text("host");
    let id = context.object(entry, Detail::Route { hosts: host.iter().cloned().collect() });
    let internet = context.internet();
    let said = context.evidence(entry, "");
    context.graph.edge(
        &internet,
        &id,
        EdgeDetail::Exposes(vec![Exposure { via: Expose::Ingress, ports: Vec::new() }]),
        [said],
    );
    let backends = spec.get("alternateBackends").map(Tree::items).unwrap_or_default();
    let several = !backends.is_empty();
    let fields = std::iter::once(("spec.to".to_owned(), spec.get("to")))
        .chain(backends.iter().enumerate().map(|(i, b)| (format!("spec.alternateBackends[{i}]"), Some(b))));
    for (field, backend) in fields {
        let Some(backend) = backend else { continue };
        let Some(name) = backend.get("name").and_then(Tree::as_str) else {
            continue;
        };
        if backend.get("kind").and_then(Tree::as_str).is_some_and(|k| k != "Service") {
            continue;
        }
        let key = ObjectKey::new("", "Service", entry.key.namespace(), name);
        let said = context.evidence(entry, &field);
        let target = context.referred(&key, said.clone());
        let port = backend_port(context, &key, spec.at(&["port", "targetPort"]));
        // An absent weight is 100.
        let weight = several
            .then(|| backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok()).unwrap_or(100));
        let tls = spec.get("tls").is_some_and(|t| !t.is_null());
        let rule = RouteRule {
            host: host.clone(),
            path: text("path"),
            path_type: text("path").map(|_| "Prefix".to_owned()),
            tls,
            weight,
            default: false,
        };
        context.graph.edge(&id, &target, EdgeDetail::Routes { rules: vec![rule], port }, [said]);
    }
}

/// The Service port whose endpoints a Route means. `targetPort` is the number or name of a port of the endpoints, and
/// endpoints carry the names of the Service's ports; without it the router takes every port.
fn backend_port(context: &Context<'_>, service: &ObjectKey, wanted: Option<&Tree>) -> Backend {
    let Some(wanted) = wanted.filter(|w| !w.is_null()) else {
        return Backend::None;
    };
    let number = wanted.as_i64().and_then(|n| i32::try_from(n).ok());
    let name = wanted.as_str();
    let found = context.cluster.find(service).and_then(|at| match &context.cluster.entries()[at].object.body {
        Body::Service(service) => meant(service, number, name),
        _ => None,
    });
    match found.and_then(|p| port_number(p.port)) {
        Some(port) => Backend::Number(port),
        None => Backend::Name {
            name: name.map_or_else(|| number.unwrap_or_default().to_string(), str::to_owned),
            resolved: None,
        },
    }
}

fn meant<'s>(service: &'s Service, number: Option<i32>, name: Option<&str>) -> Option<&'s ServicePort> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let is_target = |p: &&ServicePort| match &p.target_port {
        Some(IntOrString::Int(n)) if *n != 0 => number == Some(*n),
        Some(IntOrString::String(n)) => name == Some(n),
        _ => number == Some(p.port),
    };
    ports.iter().find(|p| name.is_some() && p.name.as_deref() == name).or_else(|| ports.iter().find(is_target))
}
