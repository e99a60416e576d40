//! Load balancers that are not known to exist: pending ones, those of clusters where nothing makes any, and those that ask
//! for a pool of addresses that is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Unprovisioned;
use crate::cluster::{Cluster, Entry};
use crate::graph::ServiceKind;
use crate::manifest::Tree;

/// The Services of type LoadBalancer whose load balancer is not known to exist
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer>).
pub(super) fn unprovisioned(cluster: &Cluster) -> BTreeMap<usize, Unprovisioned> {
    let balanced: Vec<&Entry> = cluster
        .services()
        .filter(|(_, service)| super::services::kind(service) == ServiceKind::LoadBalancer)
        .map(|(entry, _)| entry)
        .collect();
    if balanced.is_empty() {
        return BTreeMap::new();
    }
    let shows = bare_metal(cluster).filter(|_| !balanced.iter().any(|e| has_address(e)) && !has_provider(cluster));
    let is_pool = |e: &&Entry| e.key.group == "metallb.io" && e.key.kind == "IPAddressPool";
    let pools: BTreeSet<&str> = cluster.entries().iter().filter(is_pool).map(|e| e.key.name.as_str()).collect();
    let is_missing = |pool: &str| !pools.is_empty() && !pools.contains(pool);
    let why = |entry: &Entry| {
        let live = entry.object.tree.at(&["metadata", "uid"]).is_some();
        match (has_address(entry), live, shows) {
            (true, ..) => None,
            (false, true, _) => Some(Unprovisioned::Pending),
            (false, false, _) if pool_asked(entry).is_some_and(|(_, pool)| is_missing(pool)) => {
                Some(Unprovisioned::NoPool)
            }
            (false, false, node) => node.map(Unprovisioned::NoProvider),
        }
    };
    balanced.into_iter().filter_map(|entry| Some((cluster.find(&entry.key)?, why(entry)?))).collect()
}

/// The pool of MetalLB from which a Service asks for its address, with the annotation that says so
/// (<https://metallb.io/usage/#requesting-specific-ips>).
pub fn pool_asked(service: &Entry) -> Option<(&'static str, &str)> {
    let annotation = |name: &'static str| Some((name, service.object.annotations.get(name)?.as_str()));
    annotation("metallb.io/address-pool").or_else(|| annotation("metallb.universe.tf/address-pool"))
}

fn has_address(service: &Entry) -> bool {
    service.object.tree.at(&["status", "loadBalancer", "ingress"]).is_some_and(|list| !list.items().is_empty())
}

/// The object that shows a cluster on machines which no cloud knows: a Node without `spec.providerID`, as the kubelet
/// has it before a cloud controller sets it
/// (<https://kubernetes.io/docs/concepts/architecture/cloud-controller/#node-controller>), or one of kind; where there
/// are no Nodes, an API server that runs as a pod. Docker Desktop has load balancers of its own.
fn bare_metal(cluster: &Cluster) -> Option<usize> {
    let position = |entry: &Entry| cluster.find(&entry.key);
    let nodes: Vec<&Entry> =
        cluster.entries().iter().filter(|e| e.key.group.is_empty() && e.key.kind == "Node").collect();
    let is_bare = |node: &&&Entry| {
        let id = node.object.tree.at(&["spec", "providerID"]).and_then(Tree::as_str).unwrap_or_default();
        (id.is_empty() || id.starts_with("kind://")) && node.key.name != "docker-desktop"
    };
    if !nodes.is_empty() {
        let bare = nodes.iter().filter(is_bare).count() == nodes.len();
        return nodes.first().filter(|_| bare).and_then(|node| position(node));
    }
    let server = cluster.workloads().iter().find(|w| {
        w.key.namespace() == "kube-system"
            && w.spec.pod_labels.get("component").is_some_and(|v| v == "kube-apiserver")
            && w.spec.pod_labels.get("tier").is_some_and(|v| v == "control-plane")
    })?;
    Some(server.entry)
}

/// Groups of kinds whose controllers give Services their load balancers.
const GROUPS: &[&str] = &["metallb.io", "openelb.io", "network.kubesphere.io", "purelb.io", "kube-vip.io", "loxilb.io"];

/// Kinds of other groups that are about addresses of load balancers.
const KINDS: &[&str] = &["CiliumLoadBalancerIPPool", "CiliumBGPPeeringPolicy", "CiliumL2AnnouncementPolicy"];

/// Words in names or images of what makes load balancers. Sources: the install manifests of each project.
const WORDS: &[&str] = &[
    "metallb",
    "kube-vip",
    "cloud-controller-manager",
    "cloud-provider",
    "-ccm",
    "openelb",
    "porter",
    "purelb",
    "loxilb",
    "klipper-lb",
    "svclb-",
    "servicelb",
    "aws-load-balancer-controller",
    "load-balancer-controller",
    "inlets",
    "tailscale",
    "kube-router",
    "nsx-ncp",
    "f5-bigip",
    "k8s-bigip-ctlr",
];

/// Whether something in the manifests makes load balancers.
fn has_provider(cluster: &Cluster) -> bool {
    let word = |text: &str| WORDS.iter().any(|w| text.contains(w));
    let object = |e: &Entry| {
        GROUPS.iter().any(|g| e.key.group == *g || e.key.group.ends_with(&format!(".{g}")))
            || KINDS.contains(&e.key.kind.as_str())
            || e.key.kind == "BGPConfiguration"
                && e.object.tree.at(&["spec", "serviceLoadBalancerIPs"]).is_some_and(|l| !l.items().is_empty())
            || e.key.kind == "HelmChart" && word(&e.key.name)
    };
    let images =
        |pod: &k8s_openapi::api::core::v1::PodSpec| pod.containers.iter().any(|c| c.image.as_deref().is_some_and(word));
    cluster.entries().iter().any(object) || cluster.workloads().iter().any(|w| word(&w.key.name) || images(&w.spec.pod))
}
