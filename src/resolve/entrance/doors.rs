//! From where requests come to pods past all Ingresses and routes: what opens the pods of a controller limits who
//! reaches what it sends requests to.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::graph::{EdgeDetail, NodeId};
use crate::manifest::Body;

/// What opens each workload.
#[derive(Debug, Default)]
pub(in crate::resolve) struct Doors {
    by_workload: BTreeMap<usize, Door>,
    /// The nodes for the outside from which each Service is reached.
    by_service: BTreeMap<usize, BTreeSet<NodeId>>,
}

#[derive(Debug, Default)]
struct Door {
    /// Services that lead to it.
    services: BTreeSet<usize>,
    /// The nodes for the outside from which they are reached, and its own ports of nodes.
    outsides: BTreeSet<NodeId>,
}

/// From where requests come to the pods of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// The manifests do not show it.
    Unknown,
    /// From inside the cluster only.
    Closed(Vec<usize>),
    /// From here.
    From(Vec<NodeId>),
}

/// Words in the names of ports that take no requests of clients.
const ASIDE: &[&str] = &["metric", "webhook", "admission", "admin", "status", "health", "monitor"];

impl Doors {
    /// What the edges so far show: those of Services and of ports of nodes.
    pub(super) fn of(context: &Context<'_>) -> Doors {
        let cluster = context.cluster;
        let workloads: BTreeMap<NodeId, usize> =
            cluster.workloads().iter().enumerate().map(|(i, w)| (NodeId::object(&w.key), i)).collect();
        let mut found: BTreeMap<usize, Door> = BTreeMap::new();
        let mut by_service: BTreeMap<usize, BTreeSet<NodeId>> = BTreeMap::new();
        let links = context.graph.edges_by_end();
        for link in links.iter() {
            match link.detail {
                EdgeDetail::Exposes(_) => {
                    if let Some(service) = link.to.id.key().and_then(|key| cluster.find(key)) {
                        by_service.entry(service).or_default().insert(link.from.id.clone());
                    }
                    if let Some(&workload) = workloads.get(&link.to.id) {
                        found.entry(workload).or_default().outsides.insert(link.from.id.clone());
                    }
                }
                EdgeDetail::Selects(_) => {
                    let service = link.from.id.key().and_then(|key| cluster.find(key));
                    let (Some(&workload), Some(service)) = (workloads.get(&link.to.id), service) else { continue };
                    if takes_clients(&cluster.entries()[service].object.body) {
                        let door = found.entry(workload).or_default();
                        door.services.insert(service);
                        let opened = links.incoming(&link.from.id);
                        let opened = opened.filter(|l| matches!(l.detail, EdgeDetail::Exposes(_)));
                        door.outsides.extend(opened.map(|l| l.from.id.clone()));
                    }
                }
                _ => {}
            }
        }
        Doors { by_workload: found, by_service }
    }

    /// From where requests come to these pods.
    pub(super) fn hop(&self, pods: &[usize]) -> Hop {
        let mut outsides: BTreeSet<NodeId> = BTreeSet::new();
        for pod in pods {
            match self.by_workload.get(pod) {
                Some(door) if !(door.services.is_empty() && door.outsides.is_empty()) => {
                    outsides.extend(door.outsides.iter().cloned());
                }
                // A Service that the input does not hold may lead to them.
                _ => return Hop::Unknown,
            }
        }
        match (pods.is_empty(), outsides.is_empty()) {
            (true, _) => Hop::Unknown,
            (false, true) => Hop::Closed(pods.to_vec()),
            (false, false) => Hop::From(outsides.into_iter().collect()),
        }
    }

    /// From where a Service is reached.
    pub(super) fn of_service(&self, service: usize) -> Vec<NodeId> {
        self.by_service.get(&service).into_iter().flatten().cloned().collect()
    }

    /// The Services that lead to a workload.
    pub(super) fn services(&self, workload: usize) -> impl Iterator<Item = usize> + '_ {
        self.by_workload.get(&workload).into_iter().flat_map(|d| d.services.iter().copied())
    }
}

/// Whether a Service has a port for clients, and not only such as metrics and webhooks are on.
fn takes_clients(body: &Body) -> bool {
    let Body::Service(service) = body else { return false };
    let mut ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
    ports.any(|p| !p.name.as_deref().is_some_and(|name| ASIDE.iter().any(|word| name.contains(word))))
}
