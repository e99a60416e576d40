//! References to backends: looked up once, for the graph and for the facts.

use k8s_openapi::api::core::v1::{Service, ServicePort};

use super::facts::{BackendReference, BackendTarget};
use super::{Context, port_number};
use crate::cluster::Entry;
use crate::graph::{Backend, Evidence, NodeId};
use crate::manifest::Body;
use crate::net::ObjectKey;

/// A reference to a backend, before it is looked up.
pub(super) struct Reference<'a> {
    /// The Ingress or route.
    pub entry: &'a Entry,
    /// The field that names the backend.
    pub field: String,
    /// The field that names the port.
    pub port_field: String,
    /// The backend.
    pub key: ObjectKey,
    /// The port, checked.
    pub port: Backend,
}

impl Context<'_> {
    /// Looks up a reference to an object and keeps what is found. The answer is the node of the object, or of a
    /// missing one, and the port.
    pub(super) fn backend(&mut self, reference: Reference<'_>, said: &Evidence) -> (NodeId, Backend) {
        let target = self.cluster.find(&reference.key).map_or(BackendTarget::Missing, BackendTarget::Found);
        let (id, port) = (self.referred(&reference.key, said.clone()), reference.port.clone());
        self.keep_backend(reference, target);
        (id, port)
    }

    /// Keeps what a reference leads to.
    pub(super) fn keep_backend(&mut self, reference: Reference<'_>, target: BackendTarget) {
        let Reference { entry, field, port_field, key, port } = reference;
        let object = self.position(entry);
        let found = BackendReference { object, field, port_field, key, target, port };
        // The default backend of an Ingress is that of each host without paths as well.
        self.backends.insert(found);
    }

    /// A Service of the input.
    pub(super) fn service(&self, key: &ObjectKey) -> Option<&Service> {
        match &self.cluster.entries()[self.cluster.find(key)?].object.body {
            Body::Service(service) => Some(service),
            _ => None,
        }
    }

    /// The port that a reference asks for: absent if the Service is in the input and has no such port. Clients of a
    /// Service use its own port, not the pods'
    /// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressBackend>).
    pub(super) fn checked_port(&self, service: &ObjectKey, port: Backend) -> Backend {
        match self.service(service) {
            Some(service) => checked_port(service, port),
            None => port,
        }
    }

    /// The number of a Service's named port.
    pub(super) fn named_port(&self, service: &ObjectKey, name: &str) -> Option<u16> {
        let mut ports = ports(self.service(service)?);
        ports.find(|p| p.name.as_deref() == Some(name)).and_then(|p| port_number(p.port))
    }
}

fn ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    service.spec.iter().flat_map(|s| s.ports.iter().flatten())
}

fn checked_port(service: &Service, port: Backend) -> Backend {
    let has = |number: u16| ports(service).any(|p| p.port == i32::from(number));
    let wanted = match &port {
        Backend::Number(number) if !has(*number) => number.to_string(),
        Backend::Name { name, resolved: None } => name.clone(),
        _ => return port,
    };
    // An alias has the ports of what it represents, of which nothing is known.
    let is_alias = service.spec.as_ref().is_some_and(|s| s.type_.as_deref() == Some("ExternalName"));
    if is_alias && ports(service).next().is_none() { port } else { Backend::Absent(wanted) }
}
