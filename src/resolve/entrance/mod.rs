//! Entry points: Ingresses, Gateways and routes, one reader for each family of kinds in [`kinds`](crate::net::kinds).
//!
//! A reader makes the nodes of its objects, [`Exposes`](EdgeDetail::Exposes) edges from outside to what takes requests
//! itself, and [`Routes`](EdgeDetail::Routes) edges to what it sends them to. It keeps in [`Facts`](super::Facts) what
//! findings and questions ask for: backends, hosts, refusals, who brings the requests.

mod alb;
mod annotations;
mod apisix;
mod conditions;
mod contour;
mod doors;
mod emissary;
mod expression;
mod gateway;
mod gke;
mod ingress;
mod istio;
mod knative;
mod kong;
mod limits;
mod listeners;
mod mergeable;
mod nginx;
mod nginx_config;
mod oldest;
mod openshift;
mod points;
mod route;
mod routers;
mod tls;
mod traefik;

use std::collections::{BTreeMap, VecDeque};

use super::facts::Gate;
use super::{Context, port_number, resources, services};
use crate::cluster::{Cluster, Entry};
use crate::graph::{EdgeDetail, EdgesByEnd, NodeId, NodeKind};
use crate::net::kinds::{Family, Role, entrance_kind};

pub(super) use doors::Doors;
pub(super) use route::{Clients, items};

/// Adds every entry point with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    context.doors = Doors::of(context);
    context.by_kind = by_kind(cluster);
    limits::of_targets(context);
    let mut found: BTreeMap<Family, Vec<&Entry>> = BTreeMap::new();
    for entry in cluster.entries() {
        if let Some(kind) = entrance_kind(&entry.key.group, &entry.key.kind) {
            found.entry(kind.family).or_default().push(entry);
        }
    }
    for (family, entries) in found {
        match family {
            Family::Ingress => ingress::add(context),
            Family::GatewayApi => gateway::add(context, &entries),
            Family::OpenShift => openshift::add(context, &entries),
            Family::Istio => istio::add(context, &entries),
            Family::Traefik => traefik::add(context, &entries),
            Family::Contour => contour::add(context, &entries),
            Family::Nginx => nginx::add(context, &entries),
            Family::Kong => kong::add(context, &entries),
            Family::Emissary => emissary::add(context, &entries),
            Family::Apisix => apisix::add(context, &entries),
            Family::Gke => gke::add(context, &entries),
            // A DomainMapping may lead to anything that was read before.
            Family::Knative => knative::add(context, &entries),
        }
    }
}

/// The objects of some kinds that readers look for, each kind by itself. Of ConfigMaps only those of a controller.
fn by_kind(cluster: &Cluster) -> BTreeMap<&'static str, Vec<usize>> {
    const KINDS: &[&str] =
        &["ApisixGlobalRule", "AuthorizationPolicy", "ConfigMap", "KongClusterPlugin", "TLSCertificateDelegation"];
    let mut found: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in cluster.entries().iter().enumerate() {
        let Some(kind) = KINDS.iter().find(|kind| **kind == entry.key.kind) else { continue };
        if *kind != "ConfigMap" || nginx_config::NAMES.contains(&entry.key.name.as_str()) {
            found.entry(kind).or_default().push(index);
        }
    }
    found
}

impl<'a> Context<'a> {
    /// The objects of a kind that is listed in [`by_kind`].
    fn of_kind(&self, kind: &str) -> Vec<(usize, &'a Entry)> {
        let entries = self.cluster.entries();
        self.by_kind.get(kind).into_iter().flatten().map(|&index| (index, &entries[index])).collect()
    }
}

/// Whether an object sends requests to backends.
fn is_route(entry: &Entry) -> bool {
    entrance_kind(&entry.key.group, &entry.key.kind).is_some_and(|k| k.role == Role::Route)
}

/// The ways by which requests from outside come to each Ingress, Gateway and route, by its position in the cluster: one
/// for each outside, the shortest. A route must be taken by a Gateway or by another route to be reached; one that is
/// attached to a Service is about traffic inside the cluster (<https://gateway-api.sigs.k8s.io/mesh/>).
pub(super) fn gates(cluster: &Cluster, links: &EdgesByEnd<'_>) -> BTreeMap<usize, Vec<Gate>> {
    let takes = |kind: NodeKind| matches!(kind, NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route);
    let mut found: BTreeMap<&NodeId, Vec<Gate>> = BTreeMap::new();
    let mut open: VecDeque<(&NodeId, Gate)> = VecDeque::new();
    for link in links.iter().filter(|link| takes(link.to.kind())) {
        let is_missing = link.from.kind() == NodeKind::Missing && link.from.label != "Service";
        match link.detail {
            EdgeDetail::Exposes(_) => {
                open.push_back((&link.to.id, Gate { outside: Some(link.from.id.clone()), through: Vec::new() }));
            }
            // Whoever listens there is not known, and a guess must not hide a way in.
            EdgeDetail::Routes { .. } if is_missing => {
                open.push_back((&link.to.id, Gate { outside: None, through: vec![link.from.id.clone()] }));
            }
            _ => {}
        }
    }
    while let Some((node, gate)) = open.pop_front() {
        let known = found.entry(node).or_default();
        if known.iter().any(|g| g.outside == gate.outside) {
            continue;
        }
        for link in links.outgoing(node) {
            if matches!(link.detail, EdgeDetail::Routes { .. }) && takes(link.to.kind()) {
                let through = gate.through.iter().chain([node]).cloned().collect();
                open.push_back((&link.to.id, Gate { outside: gate.outside.clone(), through }));
            }
        }
        known.push(gate);
    }
    found.into_iter().filter_map(|(node, gates)| Some((cluster.find(node.key()?)?, gates))).collect()
}
