//! Backends of Ingresses and routes: whether the Service is there, has the port, and may be referred to.

use std::collections::BTreeSet;

use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::graph::{Backend, PortMap};
use crate::net::ObjectKey;
use crate::net::kinds::{EntranceKind, Family, PortsOf, Reach, entrance_kind};
use crate::resolve::{BackendReference, BackendTarget, ServicePort};

/// How findings about the references of an object are judged and called.
#[derive(Clone, Copy)]
struct Sender {
    /// What its kind may name.
    kind: Option<&'static EntranceKind>,
}

impl Sender {
    fn of(entry: &Entry) -> Sender {
        Sender { kind: entrance_kind(&entry.key.group, &entry.key.kind) }
    }

    fn is_ingress(self) -> bool {
        self.kind.is_some_and(|k| k.family == Family::Ingress)
    }

    /// Where it may send to.
    fn reach(self) -> Reach {
        self.kind.map_or(Reach::Own, |k| k.reach)
    }

    /// Whether it names ports of endpoints.
    fn is_endpoint(self) -> bool {
        self.kind.is_some_and(|k| k.ports == PortsOf::Endpoints)
    }
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    let mut reported: BTreeSet<(usize, &ObjectKey)> = BTreeSet::new();
    for backend in &facts.backends {
        let entry = scene.entry(backend.object);
        let sender = Sender::of(entry);
        if let BackendTarget::Forbidden(_) = backend.target {
            not_permitted(scene, entry, backend);
        }
        let is_service = is_service(&backend.key);
        match (backend.target, &backend.port) {
            // A route often names a Service in each of its rules.
            (BackendTarget::Missing | BackendTarget::Forbidden(None), _)
                if is_service && (sender.is_ingress() || reported.insert((backend.object, &backend.key))) =>
            {
                missing(scene, entry, sender, backend);
            }
            (BackendTarget::Found(service), Backend::Absent(wanted)) => {
                port_missing(scene, entry, sender, backend, (service, wanted));
            }
            _ => {}
        }
    }
}

/// An Ingress or a route in a sentence: `Ingress shop/edge`.
fn title(entry: &Entry) -> String {
    format!("{} {}/{}", entry.key.kind, entry.key.namespace(), entry.key.name)
}

/// Whether a backend is a Service, or selects pods as one does.
fn is_service(key: &ObjectKey) -> bool {
    match key.kind.as_str() {
        "Service" => key.group.is_empty(),
        "MultiClusterService" | "InferencePool" => true,
        _ => false,
    }
}

/// A kind with its article.
fn an(kind: &str) -> String {
    let vowel = kind.chars().next().is_some_and(|c| matches!(c, 'A' | 'E' | 'I' | 'O'));
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

fn not_permitted(scene: &mut Scene<'_>, entry: &Entry, backend: &BackendReference) {
    let namespace = backend.key.namespace();
    let message = format!("{} may not send to {}: namespace {namespace} grants no reference", entry.key, backend.key);
    scene
        .report(Code::ReferenceNotPermitted, entry, &backend.field, message)
        .help(format!("a ReferenceGrant in namespace {namespace} allows it"));
}

fn missing(scene: &mut Scene<'_>, entry: &Entry, sender: Sender, backend: &BackendReference) {
    let (namespace, name) = (backend.key.namespace(), backend.key.name.as_str());
    let here = scene.near.names(&backend.key.kind, namespace);
    let elsewhere = scene.find_anywhere(&backend.key.kind, name);
    let alone = here.is_empty() && backend.key.kind == "Service";
    let near = here.nearest(name);
    let (hint, help) = match (elsewhere, near) {
        (Some(other), _) => {
            let other = other.key.namespace();
            let help = match sender.reach() {
                Reach::Own => format!("{} sends to Services of its own namespace only", an(&entry.key.kind)),
                Reach::Any => format!("`{other}` is the namespace that the reference should name"),
                Reach::Granted => {
                    format!("add `namespace: {other}` to the reference, and a ReferenceGrant in that namespace")
                }
            };
            (format!("; there is one in namespace {other}"), help)
        }
        (None, Some(near)) => (format!("; there is {near}"), format!("`name: {near}` is probably meant")),
        (None, None) => (String::new(), format!("add the {}, or correct its name", backend.key.kind)),
    };
    let code = if sender.is_ingress() { Code::IngressBackendMissing } else { Code::RouteBackendMissing };
    let kind = &backend.key.kind;
    let message = format!("{} sends to {kind} {namespace}/{name}, which is not in the input{hint}", title(entry));
    let report = scene.report(code, entry, &format!("{}.name", backend.field), message).help(help);
    if let Some(other) = elsewhere {
        report.related(other, "metadata.name", "a Service of this name");
    } else if alone {
        report.severity(Severity::Warning).lowered("the manifests contain no Service of that namespace");
    }
}

fn port_missing(
    scene: &mut Scene<'_>,
    entry: &Entry,
    sender: Sender,
    backend: &BackendReference,
    (service, wanted): (usize, &str),
) {
    let facts = scene.facts;
    let ports = facts.ports_of(service);
    let is_endpoint = sender.is_endpoint();
    let code = if sender.is_ingress() { Code::IngressPortMissing } else { Code::BackendPortMissing };
    let named = |port: &ServicePort| {
        let number = if is_endpoint { port.map.target.to_string() } else { port.map.port.to_string() };
        port.map.name.as_ref().map_or(number.clone(), |name| format!("{number} ({name})"))
    };
    let there = ports.iter().map(named).collect::<Vec<_>>().join(", ");
    let there = if there.is_empty() { "no port".to_owned() } else { format!("port {there}") };
    let (namespace, name) = (backend.key.namespace(), &backend.key.name);
    let (message, help) = if is_endpoint {
        let message = format!(
            "{} sends to port {wanted} of the endpoints of Service {namespace}/{name}, which have {there}",
            title(entry)
        );
        (message, endpoint_help(ports, wanted))
    } else {
        let message =
            format!("{} sends to port {wanted} of Service {namespace}/{name}, which has {there}", title(entry));
        let target = |map: &PortMap| map.target.wanted() == wanted;
        let help = match (ports.iter().find(|p| target(&p.map)), ports) {
            (Some(port), _) => format!("did you mean the Service's port {}? {wanted} is the pods' port", port.map.port),
            (None, [only]) => format!("the Service has port {} only", named(only)),
            _ => "name a port of the Service".to_owned(),
        };
        (message, help)
    };
    let service = scene.entry(service);
    scene.report(code, entry, &backend.port_field, message).help(help).related(
        service,
        "spec.ports",
        "the ports of the Service",
    );
}

/// What `targetPort` of a Route of OpenShift should be.
fn endpoint_help(ports: &[ServicePort], wanted: &str) -> String {
    let own = ports.iter().find(|p| p.map.port.to_string() == wanted || p.map.target.wanted() == wanted);
    match own.or_else(|| ports.first().filter(|_| ports.len() == 1)).map(|p| &p.map) {
        Some(PortMap { name: Some(name), .. }) => format!("`targetPort: {name}` is probably meant"),
        Some(map) => format!("`targetPort: {}` is probably meant", map.target),
        None => "name a port of the Service, or the number of a port of the pods".to_owned(),
    }
}
