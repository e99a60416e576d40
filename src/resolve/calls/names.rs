//! From a name to the Service that it means, as the cluster's DNS answers it
//! (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>).

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::net::{ClusterName, ObjectKey};

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning<'n> {
    /// A Service, by its position among the entries; whether the name is that of one of its pods.
    Service { entry: usize, pod: bool },
    /// A full name of a Service that is not in the input.
    Unknown { namespace: &'n str, service: &'n str },
    /// Nothing that is known here.
    Nothing,
}

/// Names of Services and of the pods that have names below them.
pub(super) struct Names {
    /// By namespace and name.
    services: BTreeMap<(String, String), usize>,
    /// Names of StatefulSets by namespace and the Service that gives their pods names.
    stateful: BTreeMap<(String, String), BTreeSet<String>>,
    /// Names that pods give themselves below a Service (`hostname` and `subdomain`).
    named: BTreeSet<(String, String, String)>,
}

impl Names {
    pub fn new(cluster: &Cluster) -> Names {
        let services = cluster.services().filter(|(entry, _)| entry.key.group.is_empty()).filter_map(|(entry, _)| {
            let at = (entry.key.namespace().to_owned(), entry.key.name.clone());
            Some((at, cluster.find(&entry.key)?))
        });
        let mut stateful: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut named = BTreeSet::new();
        for workload in cluster.workloads() {
            let namespace = workload.key.namespace().to_owned();
            if let Some(service) = &workload.spec.service_name {
                let sets = stateful.entry((namespace.clone(), service.clone())).or_default();
                sets.insert(workload.key.name.clone());
            }
            if let (Some(host), Some(subdomain)) = (&workload.spec.pod.hostname, &workload.spec.pod.subdomain) {
                named.insert((namespace, subdomain.clone(), host.clone()));
            }
        }
        Names { services: services.collect(), stateful, named }
    }

    /// What a name means to a pod of a namespace. A name that no Service has is unknown only if it is a full one: `a.b`
    /// may be anything.
    pub fn meaning<'n>(&self, name: &'n str, home: &str) -> Meaning<'n> {
        let Some(ClusterName { pod, service, namespace, is_full }) = ClusterName::parse(name) else {
            return Meaning::Nothing;
        };
        let Some(namespace) = namespace else { return self.service(home, service) };
        let found = match pod {
            Some(pod) => self.pod(namespace, service, pod),
            None => self.service(namespace, service),
        };
        match found {
            Meaning::Nothing if is_full => unknown(namespace, service),
            Meaning::Nothing if pod.is_none() => self.pod(home, namespace, service),
            found => found,
        }
    }

    fn service<'n>(&self, namespace: &str, name: &str) -> Meaning<'n> {
        match self.services.get(&(namespace.to_owned(), name.to_owned())) {
            Some(&entry) => Meaning::Service { entry, pod: false },
            None => Meaning::Nothing,
        }
    }

    /// A pod below a Service: `NAME-NUMBER` of a StatefulSet that the Service governs, or the name that a pod gives
    /// itself.
    fn pod<'n>(&self, namespace: &str, service: &str, pod: &str) -> Meaning<'n> {
        let at = (namespace.to_owned(), service.to_owned());
        let number = |set: &String| pod.strip_prefix(set.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        let stateful = self.stateful.get(&at).is_some_and(|sets| sets.iter().filter_map(number).any(is_number));
        let named = self.named.contains(&(at.0.clone(), at.1.clone(), pod.to_owned()));
        match self.services.get(&at) {
            Some(&entry) if stateful || named => Meaning::Service { entry, pod: true },
            _ => Meaning::Nothing,
        }
    }
}

/// A Service that nobody has, unless every cluster has it.
fn unknown<'n>(namespace: &'n str, service: &'n str) -> Meaning<'n> {
    let always = [("default", "kubernetes"), ("kube-system", "kube-dns")];
    if always.contains(&(namespace, service)) { Meaning::Nothing } else { Meaning::Unknown { namespace, service } }
}

/// The identity of a ConfigMap.
pub(super) fn config_map(namespace: &str, name: &str) -> ObjectKey {
    ObjectKey::new("", "ConfigMap", namespace, name)
}
