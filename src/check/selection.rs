//! Which workloads a selector of pods means, the labels that controllers add included.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Ordinals, Workload};
use crate::manifest::Body;
use crate::net::{ContainerPort, Labels, Operator, Protocol, Requirement, Selector};
use crate::policy::{NamespaceSelection, PodSelection};

/// The pods of the input by namespace: for each workload every set of labels that some pod of it has.
#[derive(Debug, Default)]
pub(super) struct Pods<'a> {
    by_namespace: BTreeMap<&'a str, Vec<(usize, Vec<Labels>)>>,
}

impl<'a> Pods<'a> {
    /// All pods of a cluster.
    pub fn of(cluster: &'a Cluster) -> Pods<'a> {
        let mut pods = Pods::default();
        for (index, workload) in cluster.workloads().iter().enumerate() {
            let mut sets = vec![cluster.template_labels(workload)];
            for &pod in &workload.pods {
                if let Body::Workload(spec) = &cluster.entries()[pod].object.body {
                    sets.push(spec.pod_labels.clone());
                }
            }
            sets.sort();
            sets.dedup();
            pods.by_namespace.entry(workload.key.namespace()).or_default().push((index, sets));
        }
        pods
    }

    /// Whether the input holds pods of a namespace.
    pub fn are_in(&self, namespace: &str) -> bool {
        self.by_namespace.contains_key(namespace)
    }

    /// The positions of all workloads of a namespace.
    pub fn all(&self, namespace: &str) -> Vec<usize> {
        self.by_namespace.get(namespace).into_iter().flatten().map(|(w, _)| *w).collect()
    }

    /// The positions of the workloads of a namespace that have a pod which a selector selects.
    pub fn select(&self, cluster: &Cluster, namespace: &str, selector: &Selector) -> Vec<usize> {
        let there = self.by_namespace.get(namespace).into_iter().flatten();
        there
            .filter(|(index, sets)| {
                let workload = &cluster.workloads()[*index];
                // Which of its pods have which number is not asked.
                let numbered = workload.key.kind == "StatefulSet";
                let asked = |r: &&Requirement| !numbered || !Ordinals::keys().contains(&r.key.as_str());
                sets.iter().any(|labels| selector.requirements().iter().filter(asked).all(|r| r.matches(labels)))
            })
            .map(|(index, _)| *index)
            .collect()
    }

    /// The positions of the workloads that a policy or a rule means.
    pub fn meant(&self, cluster: &Cluster, selection: &PodSelection) -> Vec<usize> {
        let names = namespaces(cluster, &selection.namespaces);
        names.into_iter().flat_map(|n| self.select(cluster, n, &selection.pods)).collect()
    }
}

/// The namespaces of the input that are meant, by name.
pub(super) fn namespaces<'a>(cluster: &'a Cluster, selection: &NamespaceSelection) -> Vec<&'a str> {
    let meant = |name: &str, labels: &Labels| match selection {
        NamespaceSelection::Named(wanted) => name == wanted,
        NamespaceSelection::Labeled(selector) => selector.matches(labels),
    };
    let there = cluster.namespaces().iter().filter(|(name, n)| meant(name, &n.labels));
    there.map(|(name, _)| name.as_str()).collect()
}

/// The labels that a selector asks for by one value each; what it says otherwise is left out.
pub(super) fn exact(selector: &Selector) -> Labels {
    let label = |r: &Requirement| match &r.operator {
        Operator::In(values) => values.first().filter(|_| values.len() == 1).map(|v| (r.key.clone(), v.clone())),
        _ => None,
    };
    selector.requirements().iter().filter_map(label).collect()
}

/// The containers of a workload whose ports count: its own, and sidecars that start before them.
pub(super) fn containers(workload: &Workload) -> impl Iterator<Item = &k8s_openapi::api::core::v1::Container> {
    let pod = &workload.spec.pod;
    let sidecars = pod.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    sidecars.chain(&pod.containers)
}

/// The ports that the containers of a workload declare; those without a name have an empty one.
pub(super) fn ports(workload: &Workload) -> Vec<ContainerPort> {
    let declared = containers(workload).flat_map(|c| c.ports.iter().flatten()).filter_map(|p| {
        Some(ContainerPort {
            name: p.name.clone().unwrap_or_default(),
            protocol: p.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::from_name)?,
            number: u16::try_from(p.container_port).ok().filter(|n| *n > 0)?,
        })
    });
    declared.collect()
}

/// Whether the pods of a workload are in the network of their node.
pub(super) fn on_host(workload: &Workload) -> bool {
    workload.spec.pod.host_network == Some(true)
}

/// Some names in a sentence: the first three, and how many more.
pub(super) fn some(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        all => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_people_do() {
        let list = |n: usize| some(&(0..n).map(|i| i.to_string()).collect::<Vec<_>>());
        assert_eq!([list(1), list(2), list(3), list(5)], ["0", "0 and 1", "0, 1 and 2", "0, 1, 2 and 2 more"]);
    }
}
