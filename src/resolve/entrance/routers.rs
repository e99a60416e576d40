//! The routers of OpenShift: which Routes each takes, and from where it is reached
//! (<https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/operator_apis/ingresscontroller-operator-openshift-io-v1>).

use super::Context;
use super::route::{Clients, items, strings, text};
use crate::cluster::{Cluster, Entry};
use crate::graph::{EdgeDetail, Expose, Exposure, NodeId};
use crate::manifest::Tree;
use crate::net::Labels;
use crate::policy;

/// A router, as an IngressController asks for it.
pub(super) struct Router<'a> {
    entry: &'a Entry,
    spec: Option<&'a Tree>,
}

/// The routers of a cluster.
pub(super) fn all(cluster: &Cluster) -> Vec<Router<'_>> {
    let is_one = |e: &&Entry| e.key.group == "operator.openshift.io" && e.key.kind == "IngressController";
    let found = cluster.entries().iter().filter(is_one);
    found.map(|entry| Router { entry, spec: entry.object.tree.get("spec") }).collect()
}

impl Router<'_> {
    fn text(&self, path: &[&str]) -> Option<&str> {
        text(self.spec?, path)
    }

    /// Whether Routes of several namespaces may have one host.
    pub fn shares_hosts(&self) -> bool {
        self.text(&["routeAdmission", "namespaceOwnership"]) == Some("InterNamespaceAllowed")
    }

    /// Whether a Route may be for a whole domain.
    fn takes_wildcards(&self) -> bool {
        self.text(&["routeAdmission", "wildcardPolicy"]) == Some("WildcardsAllowed")
    }

    /// Whether it takes a Route, by the labels of that and of its namespace.
    fn takes(&self, cluster: &Cluster, route: &Entry) -> bool {
        let nothing = Labels::new();
        let namespace = cluster.namespaces().get(route.key.namespace()).map_or(&nothing, |n| &n.labels);
        let fits = |key: &str, labels: &Labels| match self.spec.and_then(|s| s.get(key)) {
            Some(selector) if !selector.is_null() => policy::from_tree(selector).is_ok_and(|s| s.matches(labels)),
            _ => true,
        };
        fits("routeSelector", &route.object.labels) && fits("namespaceSelector", namespace)
    }
}

/// Says from where requests come to a Route: as its routers are published. Every cluster has a router called `default`,
/// which is published to the Internet unless the input says otherwise.
pub(super) fn open(
    context: &mut Context<'_>,
    entry: &Entry,
    id: &NodeId,
    clients: Option<Clients>,
    routers: &[Router<'_>],
) {
    let cluster = context.cluster;
    let own: Vec<&Router<'_>> = routers.iter().filter(|r| r.takes(cluster, entry)).collect();
    let is_told = routers.iter().any(|r| r.entry.key.name == "default");
    let is_public = |r: &&Router<'_>| !matches!(r.place(), Place::Inside | Place::Nowhere | Place::From(_));
    if !is_told || own.is_empty() || own.iter().any(is_public) {
        context.open(entry, id, Expose::Ingress, Vec::new(), clients);
        if is_told && own.is_empty() {
            let text = "no IngressController of the input takes it, by its labels and those of its namespace";
            context.fault(entry, text, "metadata.labels");
        }
        return;
    }
    let mut is_open = false;
    for router in own {
        let field = "spec.endpointPublishingStrategy";
        let said = context.evidence(router.entry, field);
        let from = match router.place() {
            Place::Nowhere | Place::Public => continue,
            Place::Inside => context.private_network(said.clone()),
            Place::From(allowed) => {
                if clients.is_some() {
                    context.unjudged(entry, format!("{}, which lets in some addresses,", router.entry.key), "");
                }
                let of_router = Clients { allowed, denied: Vec::new(), field: field.to_owned() };
                context.clients(&of_router, said.clone())
            }
        };
        is_open = true;
        let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::Ingress, ports: Vec::new() }]);
        context.graph.edge(&from, id, detail, [said]);
    }
    if !is_open {
        let object = context.position(entry);
        context.facts.shut.insert(object, Vec::new());
    }
}

/// From where a router is reached.
enum Place {
    Public,
    /// The network around the cluster.
    Inside,
    /// These addresses.
    From(Vec<String>),
    /// Only pods of the cluster.
    Nowhere,
}

impl Router<'_> {
    fn place(&self) -> Place {
        let strategy = |path: &[&str]| self.spec?.get("endpointPublishingStrategy")?.at(path);
        let ranges =
            self.spec.map(|s| strings(s, &["endpointPublishingStrategy", "loadBalancer", "allowedSourceRanges"]));
        match strategy(&["type"]).and_then(Tree::as_str) {
            Some("Private") => Place::Nowhere,
            Some("LoadBalancerService") => match strategy(&["loadBalancer", "scope"]).and_then(Tree::as_str) {
                Some("Internal") => Place::Inside,
                _ => match ranges.filter(|r| !r.is_empty()) {
                    Some(ranges) => Place::From(ranges),
                    None => Place::Public,
                },
            },
            _ => Place::Public,
        }
    }
}

/// Keeps why a router does not admit a Route: it says so itself in a live cluster, or wildcards are not allowed.
pub(super) fn admission(context: &mut Context<'_>, entry: &Entry, routers: &[Router<'_>]) {
    let tree = &entry.object.tree;
    let refuses = |c: &Tree| text(c, &["type"]) == Some("Admitted") && text(c, &["status"]) == Some("False");
    let admitted = |i: &Tree| !items(i, &["conditions"]).any(refuses);
    let mut statuses = items(tree, &["status", "ingress"]).peekable();
    if statuses.peek().is_some() && !statuses.any(admitted) {
        context.fault(entry, "its status says that no router admitted it", "status.ingress");
    }
    if text(tree, &["spec", "wildcardPolicy"]) != Some("Subdomain") {
        return;
    }
    let own: Vec<&Router<'_>> = routers.iter().filter(|r| r.takes(context.cluster, entry)).collect();
    if !own.iter().any(|r| r.takes_wildcards()) {
        let text = match own.first() {
            Some(router) => format!("it is for a whole domain, which {} does not allow", router.entry.key),
            None => {
                "it is for a whole domain, which routers do not take unless their IngressController allows it".into()
            }
        };
        context.fault(entry, text, "spec.wildcardPolicy");
    }
}
