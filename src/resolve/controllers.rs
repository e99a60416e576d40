//! Ingress controllers that the input holds, known by the labels that their charts and manifests give them.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Key, Workload};
use crate::graph::{Detail, EdgeDetail, Graph, NodeKind};
use crate::manifest::Body;

/// A controller: what its class or its `spec.controller` is called, the namespaces it is usually in, and labels that its pods have.
struct Known {
    words: &'static [&'static str],
    namespaces: &'static [&'static str],
    labels: &'static [&'static [(&'static str, &'static str)]],
}

/// Sources: the Helm charts and install manifests of each project. Where the pods that carry the traffic are not those that watch Ingresses
/// (Envoy for Contour, the gateways of Istio), the former are meant.
const KNOWN: &[Known] = &[
    Known {
        words: &["nginx"],
        namespaces: &["ingress-nginx", "nginx-ingress"],
        labels: &[
            &[("app.kubernetes.io/name", "ingress-nginx"), ("app.kubernetes.io/component", "controller")],
            &[("app.kubernetes.io/name", "nginx-ingress")],
            &[("app", "nginx-ingress")],
        ],
    },
    Known {
        words: &["traefik"],
        namespaces: &["traefik", "traefik-system"],
        labels: &[&[("app.kubernetes.io/name", "traefik")], &[("app", "traefik")]],
    },
    Known {
        words: &["haproxy"],
        namespaces: &["haproxy-controller", "haproxy-ingress", "ingress-controller"],
        labels: &[
            &[("app.kubernetes.io/name", "haproxy-ingress")],
            &[("app.kubernetes.io/name", "kubernetes-ingress")],
            &[("run", "haproxy-ingress")],
        ],
    },
    Known {
        words: &["contour"],
        namespaces: &["projectcontour"],
        labels: &[
            &[("app.kubernetes.io/name", "contour"), ("app.kubernetes.io/component", "envoy")],
            &[("app", "envoy")],
        ],
    },
    Known {
        words: &["istio"],
        namespaces: &["istio-system", "istio-ingress"],
        labels: &[&[("istio", "ingressgateway")], &[("istio", "ingress")]],
    },
    Known {
        words: &["kong"],
        namespaces: &["kong", "kong-system"],
        labels: &[
            &[("app.kubernetes.io/name", "kong")],
            &[("app.kubernetes.io/name", "gateway"), ("app.kubernetes.io/instance", "kong")],
            &[("app", "ingress-kong")],
            &[("app", "proxy-kong")],
        ],
    },
];

/// The controllers of a cluster: for each known one the workloads that are it.
pub(super) struct Controllers {
    found: BTreeMap<usize, Vec<usize>>,
}

impl Controllers {
    /// Finds the controllers of a cluster.
    pub fn of(cluster: &Cluster) -> Controllers {
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, workload) in cluster.workloads().iter().enumerate() {
            if matches!(workload.key.kind.as_str(), "Job" | "CronJob") {
                continue;
            }
            if let Some(known) = KNOWN.iter().position(|k| is(workload, k)) {
                found.entry(known).or_default().push(index);
            }
        }
        Controllers { found }
    }

    /// The workloads that bring requests to an Ingress or route: those of its class, or all where it has none. Empty if the input does not hold them.
    pub fn of_route(&self, cluster: &Cluster, graph: &Graph, node: usize) -> Vec<usize> {
        let classes = classes(cluster, graph, node);
        if classes.is_empty() {
            return self.found.values().flatten().copied().collect();
        }
        let mut bringing: Vec<usize> = KNOWN
            .iter()
            .enumerate()
            .filter(|(_, k)| classes.iter().any(|c| k.words.iter().any(|w| c.contains(w))))
            .flat_map(|(i, _)| self.found.get(&i).into_iter().flatten().copied())
            .collect();
        bringing.sort_unstable();
        bringing.dedup();
        bringing
    }
}

/// Labels that say the whole are believed anywhere; a label that others use too only in a namespace of the controller.
fn is(workload: &Workload, known: &Known) -> bool {
    let labels = &workload.spec.pod_labels;
    let has = |set: &[(&str, &str)]| set.iter().all(|(k, v)| labels.get(*k).is_some_and(|l| l == v));
    let telling = |set: &[(&str, &str)]| {
        set.iter()
            .any(|(k, v)| (*k == "app.kubernetes.io/name" && *v != "gateway") || *k == "istio")
    };
    let at_home = known.namespaces.contains(&workload.key.namespace());
    known.labels.iter().any(|set| has(set) && (at_home || telling(set)))
}

/// What the class of an Ingress or of the Gateways of a route is called, in lower case: its name and the controller that it names.
fn classes(cluster: &Cluster, graph: &Graph, node: usize) -> Vec<String> {
    let mut names: Vec<String> = match &graph.node(node).detail {
        Detail::Ingress { class: Some(class), .. } => vec![class.clone()],
        _ => Vec::new(),
    };
    for (from, _, edge) in graph.incoming(node).into_iter().map(|e| graph.edge(e)) {
        if let (EdgeDetail::Routes { .. }, Detail::Gateway { class, .. }) = (&edge.detail, &graph.node(from).detail) {
            names.push(class.clone());
        }
    }
    let is_openshift = graph.node(node).kind == NodeKind::Route && graph.node(node).label == "Route";
    if is_openshift {
        names.push("openshift".to_owned());
    }
    let mut told = Vec::new();
    for name in &names {
        let find = |group: &str, kind: &str| {
            cluster.find(&Key {
                namespace: None,
                name: name.clone(),
                kind: kind.into(),
                group: group.into(),
            })
        };
        if let Some(at) = find("networking.k8s.io", "IngressClass")
            && let Body::IngressClass(class) = &cluster.entries()[at].object.body
        {
            told.extend(class.spec.as_ref().and_then(|s| s.controller.clone()));
        }
        if let Some(at) = find("gateway.networking.k8s.io", "GatewayClass") {
            told.extend(
                cluster.entries()[at]
                    .object
                    .tree
                    .at(&["spec", "controllerName"])
                    .and_then(|c| c.as_str())
                    .map(str::to_owned),
            );
        }
    }
    names.into_iter().chain(told).map(|n| n.to_lowercase()).collect()
}
