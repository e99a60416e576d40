//! Labels that Calico, Cilium and Istio add to pods by themselves: where they are, under which account they run, and who they
//! are in a mesh.
//!
//! Calico keeps the labels of service accounts among those of their pods, with a prefix
//! (<https://docs.tigera.io/calico/latest/network-policy/get-started/calico-policy/calico-labels>). The keys of a mesh
//! contain a colon, so that no label of a manifest has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::{Cluster, Workload};
use crate::manifest::Tree;
use crate::net::Labels;

/// The namespace of a pod or network set.
pub(super) const NAMESPACE: &str = "projectcalico.org/namespace";
/// What made a pod: `k8s`.
pub(super) const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
/// The service account of a pod.
pub(super) const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// The name of a namespace or service account.
pub(super) const NAME: &str = "projectcalico.org/name";
/// Before the keys of the labels of a pod's service account.
pub(super) const OF_ACCOUNT: &str = "pcsa.";
/// Who a pod is in the mesh: `cluster.local/ns/NAMESPACE/sa/ACCOUNT`; absent outside of it
/// (<https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source>).
pub(super) const PRINCIPAL: &str = "istio:source.principal";
/// The namespace of a pod in the mesh.
pub(super) const MESH_NAMESPACE: &str = "istio:source.namespace";
/// The namespace and service account of a pod in the mesh, as `NAMESPACE/ACCOUNT`.
pub(super) const MESH_ACCOUNT: &str = "istio:source.serviceAccount";
/// The service account of a pod
/// (<https://docs.cilium.io/en/stable/security/policy/kubernetes/#serviceaccounts>).
const CILIUM_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
/// The cluster that a pod is in. Its name is taken to be the one that Cilium gives by default.
const CILIUM_CLUSTER: &str = "io.cilium.k8s.policy.cluster";
/// Whether a Service selects the pod.
pub(super) const SERVED: &str = "istio:service";

/// Whether a label is none that manifests give to pods.
pub fn is_added(key: &str) -> bool {
    key.contains(':')
        || [CILIUM_ACCOUNT, CILIUM_CLUSTER].contains(&key)
        || key.starts_with("projectcalico.org/")
        || key.starts_with(OF_ACCOUNT)
}

/// What is needed to add labels to pods; empty where no policy asks for any.
pub(super) struct Added<'a> {
    cluster: &'a Cluster,
    asked: BTreeSet<String>,
    /// The labels of service accounts, by namespace and name.
    accounts: BTreeMap<(&'a str, &'a str), &'a Labels>,
    /// The workloads that some Service selects.
    served: BTreeSet<usize>,
}

impl<'a> Added<'a> {
    /// Prepares to add those of these labels that are added.
    pub fn new<'k>(cluster: &'a Cluster, keys: impl Iterator<Item = &'k String>) -> Added<'a> {
        let asked: BTreeSet<String> = keys.filter(|k| is_added(k)).cloned().collect();
        let mut added = Added { cluster, asked, accounts: BTreeMap::new(), served: BTreeSet::new() };
        if added.asked.iter().any(|k| k.starts_with(OF_ACCOUNT)) {
            let all = cluster.entries().iter().filter(|e| (&*e.key.group, &*e.key.kind) == ("", "ServiceAccount"));
            added.accounts = all.map(|e| ((e.key.namespace(), &*e.key.name), &e.object.labels)).collect();
        }
        if added.asked.contains(SERVED) {
            for (entry, service) in cluster.services() {
                let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty());
                let own = selector.map(|s| cluster.select(entry.key.namespace(), s));
                added.served.extend(own.into_iter().flatten());
            }
        }
        added
    }

    /// The labels that a pod of a workload has beside its own.
    pub fn to(&self, index: usize, workload: &Workload) -> Labels {
        if self.asked.is_empty() {
            return Labels::new();
        }
        let namespace = workload.key.namespace();
        let account = workload.spec.pod.service_account_name.as_deref().filter(|a| !a.is_empty()).unwrap_or("default");
        let in_mesh = is_in_mesh(self.cluster, workload);
        let value = |key: &str| match key {
            NAMESPACE => Some(namespace.to_owned()),
            ORCHESTRATOR => Some("k8s".to_owned()),
            CILIUM_CLUSTER => Some("default".to_owned()),
            SERVICE_ACCOUNT | CILIUM_ACCOUNT => Some(account.to_owned()),
            PRINCIPAL => in_mesh.then(|| format!("cluster.local/ns/{namespace}/sa/{account}")),
            MESH_NAMESPACE => in_mesh.then(|| namespace.to_owned()),
            MESH_ACCOUNT => in_mesh.then(|| format!("{namespace}/{account}")),
            SERVED => self.served.contains(&index).then(|| "true".to_owned()),
            _ => match key.strip_prefix(OF_ACCOUNT)? {
                NAME => Some(account.to_owned()),
                own => self.accounts.get(&(namespace, account))?.get(own).cloned(),
            },
        };
        self.asked.iter().filter_map(|key| Some((key.clone(), value(key)?))).collect()
    }
}

/// Whether the pods of a workload have a proxy in any case: a gateway of Istio is one, and live pods show the one that
/// was injected.
fn is_proxy(workload: &Workload) -> bool {
    let labels = &workload.spec.pod_labels;
    let is = |key: &str, values: &[&str]| labels.get(key).is_some_and(|v| values.contains(&v.as_str()));
    let pod = &workload.spec.pod;
    is("istio", &["ingressgateway", "egressgateway"])
        || is("operator.istio.io/component", &["IngressGateways", "EgressGateways"])
        || pod.containers.iter().chain(pod.init_containers.iter().flatten()).any(|c| c.name == "istio-proxy")
}

/// Whether the pods of a workload are in the mesh. They are unless something says that they are not: a label or
/// annotation of the pod, or a label of the namespace; which namespaces are injected without any label is for the
/// installation to say (<https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/>).
pub(super) fn is_in_mesh(cluster: &Cluster, workload: &Workload) -> bool {
    const INJECT: &str = "sidecar.istio.io/inject";
    const MODE: &str = "istio.io/dataplane-mode";
    let spec = &workload.spec;
    if spec.pod.host_network == Some(true) {
        return false;
    }
    if is_proxy(workload) {
        return true;
    }
    let namespace = cluster.namespaces().get(workload.key.namespace()).map(|n| &n.labels);
    let mode = |labels: &Labels| labels.get(MODE).cloned();
    if let Some(mode) = mode(&spec.pod_labels).or_else(|| namespace.and_then(mode)) {
        return mode != "none";
    }
    let tree = &cluster.entries()[workload.entry].object.tree;
    let metadata = spec.labels_path.strip_suffix("labels").unwrap_or("metadata.");
    let annotation = || {
        let annotations = tree.find(&format!("{metadata}annotations"))?;
        annotations.get(INJECT).and_then(Tree::as_str).map(str::to_owned)
    };
    match spec.pod_labels.get(INJECT).cloned().or_else(annotation).as_deref() {
        Some(word) => word != "false",
        None => namespace.and_then(|n| n.get("istio-injection")).is_none_or(|word| word != "disabled"),
    }
}
