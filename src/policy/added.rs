//! Labels that Calico, Cilium and Istio add to pods by themselves: where they are, under which account they run, and who they
//! are in a mesh.
//!
//! Calico keeps the labels of service accounts among those of their pods, with a prefix
//! (<https://docs.tigera.io/calico/latest/network-policy/get-started/calico-policy/calico-labels>). The keys of a mesh
//! contain a colon, so that no label of a manifest has them.

use std::collections::{BTreeMap, BTreeSet};

use super::istio::Membership;
use crate::cluster::{Cluster, Workload};
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
/// Whether a pod is in the mesh: [`IN_MESH_SURELY`] or [`IN_MESH_PERHAPS`]; absent outside of it.
pub(super) const MESH: &str = "istio:mesh";
/// The value of [`MESH`] where the manifests show it.
pub(super) const IN_MESH_SURELY: &str = "shown";
/// The value of [`MESH`] where it is taken to be so.
pub(super) const IN_MESH_PERHAPS: &str = "taken to be";
/// Whether it is the proxy of its node that serves a pod, and not one of its own.
pub(super) const AMBIENT: &str = "istio:ambient";
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
        let membership = Membership::of(self.cluster, workload);
        let in_mesh = membership != Membership::Outside;
        let value = |key: &str| match key {
            NAMESPACE => Some(namespace.to_owned()),
            ORCHESTRATOR => Some("k8s".to_owned()),
            CILIUM_CLUSTER => Some("default".to_owned()),
            SERVICE_ACCOUNT | CILIUM_ACCOUNT => Some(account.to_owned()),
            PRINCIPAL => in_mesh.then(|| format!("cluster.local/ns/{namespace}/sa/{account}")),
            MESH_NAMESPACE => in_mesh.then(|| namespace.to_owned()),
            MESH_ACCOUNT => in_mesh.then(|| format!("{namespace}/{account}")),
            MESH => in_mesh.then(|| match membership {
                Membership::Assumed => IN_MESH_PERHAPS.to_owned(),
                _ => IN_MESH_SURELY.to_owned(),
            }),
            AMBIENT => (membership == Membership::Ambient).then(|| "true".to_owned()),
            SERVED => self.served.contains(&index).then(|| "true".to_owned()),
            _ => match key.strip_prefix(OF_ACCOUNT)? {
                NAME => Some(account.to_owned()),
                own => self.accounts.get(&(namespace, account))?.get(own).cloned(),
            },
        };
        self.asked.iter().filter_map(|key| Some((key.clone(), value(key)?))).collect()
    }
}
