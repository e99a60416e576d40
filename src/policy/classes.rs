//! Pods by what policies can tell apart: two pods of one namespace whose labels, named ports and network agree in all
//! that policies ask for are one class.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::PodSpec;

use super::added::Added;
use super::foreign::{Influence, Influences};
use super::rule::{Blocks, NamespaceSelection, Peer, Perhaps, PodSelection, Policy};
use crate::cluster::{Cluster, Ordinals, Workload};
use crate::manifest::{self, Body};
use crate::net::{ContainerPort, Labels, Protocol};

/// A StatefulSet with more pods than this is not taken apart when a policy asks for the names of its pods.
const MOST_ORDINALS: i64 = 1000;

/// What the policies of an input ask of pods; all else need not be told apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    keys: BTreeSet<String>,
    port_names: BTreeSet<String>,
    addresses: bool,
}

impl Asked {
    /// What these policies ask.
    pub fn by<'p>(policies: impl Iterator<Item = &'p Policy>) -> Asked {
        let mut asked = Asked::default();
        for policy in policies {
            asked.pods(&policy.subject);
            for rule in policy.all_rules() {
                asked.port_names.extend(rule.ports.named().into_iter().map(|n| n.name.clone()));
                for peer in rule.peers.list().iter().chain(rule.own.list()) {
                    match peer {
                        Peer::Pods(selection) | Peer::Untold(_, Perhaps::Pods(selection)) => asked.pods(selection),
                        Peer::Addresses(_) => asked.addresses |= policy.blocks == Blocks::Anything,
                        Peer::Nodes | Peer::Names(_) | Peer::Untold(..) => {}
                    }
                }
            }
        }
        asked
    }

    fn pods(&mut self, selection: &PodSelection) {
        self.keys.extend(selection.pods.keys().into_iter().map(str::to_owned));
    }
}

/// Pods that policies cannot tell apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PodClass {
    /// The position of the namespace among [`Classes::namespaces`].
    pub namespace: usize,
    /// The labels that some policy asks for.
    pub labels: Labels,
    /// The named ports that some policy asks for.
    pub ports: Vec<ContainerPort>,
    /// Whether they are in the network of their node.
    pub host_network: bool,
    /// What policies that are not evaluated may change for them, for ingress and egress.
    pub unread: [Influence; 2],
    /// The addresses that are known, where some policy asks for addresses.
    pub addresses: Vec<IpAddr>,
}

/// A namespace as policies see it.
#[derive(Clone, Debug)]
pub(super) struct NamespaceView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// Whether the input declares it, so that these are all of its labels.
    pub declared: bool,
}

/// All classes of an input.
#[derive(Clone, Debug)]
pub(super) struct Classes<'a> {
    /// All namespaces, by name.
    pub namespaces: Vec<NamespaceView<'a>>,
    /// All classes, by namespace.
    pub classes: Vec<PodClass>,
    /// The classes of each workload of the cluster.
    pub of_workload: Vec<Vec<usize>>,
    /// What policies that are not evaluated may change for pods that the manifests do not contain.
    pub elsewhere: [Influence; 2],
}

impl<'a> Classes<'a> {
    /// The classes of some workloads of a cluster, as far as policies ask.
    pub fn new(cluster: &'a Cluster, asked: &Asked, members: &[usize], unread: &Influences) -> Classes<'a> {
        let namespaces = namespaces(cluster);
        let added = Added::new(cluster, asked.keys.iter());
        let mut found: BTreeMap<PodClass, Vec<usize>> = BTreeMap::new();
        for &index in members {
            let workload = &cluster.workloads()[index];
            let name = workload.key.namespace();
            // Every namespace that an object names is in the list.
            let Ok(namespace) = namespaces.binary_search_by(|n| n.name.cmp(name)) else {
                continue;
            };
            for mut class in variants(cluster, workload, namespace, asked) {
                class.unread = unread.of_workload(index);
                class.labels.extend(added.to(index, workload));
                let members = found.entry(class).or_default();
                if members.last() != Some(&index) {
                    members.push(index);
                }
            }
        }
        let mut of_workload = vec![Vec::new(); cluster.workloads().len()];
        let mut classes = Vec::with_capacity(found.len());
        for (class, members) in found {
            for workload in members {
                of_workload[workload].push(classes.len());
            }
            classes.push(class);
        }
        Classes { namespaces, classes, of_workload, elsewhere: unread.elsewhere() }
    }
}

/// The namespaces of a cluster, by name.
pub(super) fn namespaces(cluster: &Cluster) -> Vec<NamespaceView<'_>> {
    let all = cluster.namespaces().iter();
    all.map(|(name, namespace)| NamespaceView {
        name,
        labels: &namespace.labels,
        declared: namespace.declared.is_some(),
    })
    .collect()
}

/// The classes of a workload's pods. Live pods say best what they are; else the template does, with what the controller
/// adds.
fn variants(cluster: &Cluster, workload: &Workload, namespace: usize, asked: &Asked) -> Vec<PodClass> {
    let live = workload.pods.iter().filter_map(|&pod| match &cluster.entries()[pod].object.body {
        Body::Workload(spec) => Some(&**spec),
        _ => None,
    });
    let mut variants: Vec<PodClass> = live.map(|spec| class(spec, &spec.pod_labels, namespace, asked)).collect();
    if variants.is_empty() {
        variants =
            labels(cluster, workload, asked).iter().map(|l| class(&workload.spec, l, namespace, asked)).collect();
    }
    variants.sort();
    variants.dedup();
    variants
}

fn class(spec: &manifest::Workload, labels: &Labels, namespace: usize, asked: &Asked) -> PodClass {
    let mut ports = named_ports(&spec.pod);
    ports.retain(|p| asked.port_names.contains(&p.name));
    PodClass {
        namespace,
        labels: labels.iter().filter(|(k, _)| asked.keys.contains(*k)).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ports,
        host_network: spec.pod.host_network == Some(true),
        unread: Default::default(),
        addresses: if asked.addresses {
            spec.pod_ips.iter().filter_map(|ip| ip.parse().ok()).collect()
        } else {
            Vec::new()
        },
    }
}

/// The named ports of a pod, those of sidecars (init containers that stay) included
/// (<https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>).
pub(super) fn named_ports(pod: &PodSpec) -> Vec<ContainerPort> {
    let sidecars = pod.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let mut ports: Vec<ContainerPort> = sidecars
        .chain(&pod.containers)
        .flat_map(|c| c.ports.iter().flatten())
        .filter_map(|p| {
            let protocol = p.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::from_name)?;
            let number = u16::try_from(p.container_port).ok().filter(|n| *n > 0)?;
            Some(ContainerPort { name: p.name.clone()?, protocol, number })
        })
        .collect();
    ports.sort();
    ports.dedup();
    ports
}

/// The labels of the pods of a template, one set for each kind of pod that differs in what policies ask for.
fn labels(cluster: &Cluster, workload: &Workload, asked: &Asked) -> Vec<Labels> {
    let common = cluster.template_labels(workload);
    match cluster.ordinals(workload) {
        None => vec![common],
        Some(pods) if pods.count() <= MOST_ORDINALS && Ordinals::keys().into_iter().any(|k| asked.keys.contains(k)) => {
            pods.labels(&common).collect()
        }
        Some(_) => vec![Ordinals::any(&common)],
    }
}

/// The labels that selectors of namespaces ask for in a policy.
pub(super) fn namespace_keys(policy: &Policy) -> BTreeSet<&str> {
    let peers = policy.all_rules().flat_map(|r| r.peers.list().iter().chain(r.own.list()));
    let selections = peers.filter_map(|p| if let Peer::Pods(s) = p { Some(s) } else { None }).chain([&policy.subject]);
    selections
        .filter_map(|s| if let NamespaceSelection::Labeled(l) = &s.namespaces { Some(l) } else { None })
        .flat_map(crate::net::Selector::keys)
        .collect()
}
