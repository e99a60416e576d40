//! Whether the network of the cluster enforces policies at all
//! (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites>).

use std::str::FromStr;

use k8s_openapi::api::core::v1::Container;

use super::rule::Policy;
use super::tier::Tier;
use crate::cluster::{Cluster, Workload};

/// The network plugin of a cluster, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPlugin {
    name: &'static str,
    enforces: bool,
}

/// Plugins that have a name here. Sources: <https://github.com/flannel-io/flannel#networking-details>,
/// <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html>, and the documentation of each project.
const PLUGINS: &[(&str, &str, bool)] = &[
    ("antrea", "Antrea", true),
    ("aws-vpc-cni", "the AWS VPC CNI", false),
    ("calico", "Calico", true),
    ("canal", "Canal", true),
    ("cilium", "Cilium", true),
    ("flannel", "Flannel", false),
    ("kube-ovn", "Kube-OVN", true),
    ("kube-router", "kube-router", true),
    ("ovn-kubernetes", "OVN-Kubernetes", true),
    ("weave", "Weave Net", true),
];

/// The name is none of a network plugin that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown network plugin; known are antrea, aws-vpc-cni, calico, canal, cilium, flannel, kube-ovn, kube-router, ovn-kubernetes and weave"
)]
pub struct UnknownPlugin;

impl NetworkPlugin {
    /// The words by which plugins are named.
    pub fn names() -> Vec<&'static str> {
        PLUGINS.iter().map(|(word, ..)| *word).collect()
    }
}

impl FromStr for NetworkPlugin {
    type Err = UnknownPlugin;

    fn from_str(text: &str) -> Result<NetworkPlugin, UnknownPlugin> {
        let found = PLUGINS.iter().find(|(word, ..)| *word == text.to_ascii_lowercase());
        found.map(|(_, name, enforces)| NetworkPlugin { name, enforces: *enforces }).ok_or(UnknownPlugin)
    }
}

/// A project with policies of its own for the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Project {
    /// Calico.
    Calico,
    /// Cilium.
    Cilium,
}

impl Project {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Project::Calico => "Calico",
            Project::Cilium => "Cilium",
        }
    }

    /// The project that made the kind of a policy; `None` for Kubernetes and meshes.
    pub fn of(policy: &Policy) -> Option<Project> {
        match policy.key.group.as_str() {
            "crd.projectcalico.org" | "projectcalico.org" => Some(Project::Calico),
            super::cilium::GROUP => Some(Project::Cilium),
            _ => None,
        }
    }

    /// The projects whose policies a plugin enforces.
    fn by(plugin: &str) -> Vec<Project> {
        match plugin {
            "Calico" | "Canal" => vec![Project::Calico],
            "Cilium" => vec![Project::Cilium],
            _ => Vec::new(),
        }
    }
}

/// Whether policies hold on the pod network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// They do, as far as is known.
    #[default]
    Enforced,
    /// Those of Kubernetes do, and those of some other projects.
    Some {
        /// What the network is called.
        plugin: &'static str,
        /// The projects of policies that hold beside those of Kubernetes.
        projects: Vec<Project>,
    },
    /// The network does not know policies: they change nothing.
    NotEnforced {
        /// What the network is called.
        plugin: &'static str,
        /// The workload that installs it, by its position in the cluster; `None` if it was told.
        by: Option<usize>,
    },
}

impl Enforcement {
    /// What the network is called if it does not enforce a policy. Those of a mesh are not for the network.
    pub fn unenforcing(&self, policy: &Policy) -> Option<&'static str> {
        match self {
            _ if policy.tier == Tier::Mesh => None,
            Enforcement::Enforced => None,
            Enforcement::NotEnforced { plugin, .. } => Some(plugin),
            Enforcement::Some { plugin, projects } => {
                Project::of(policy).filter(|project| !projects.contains(project)).map(|_| *plugin)
            }
        }
    }

    /// Looks for the network of a cluster among its DaemonSets, unless an option names it.
    pub(super) fn of(cluster: &Cluster, told: Option<&NetworkPlugin>) -> Enforcement {
        if let Some(NetworkPlugin { name, enforces }) = told {
            return if *enforces {
                Enforcement::Some { plugin: name, projects: Project::by(name) }
            } else {
                Enforcement::NotEnforced { plugin: name, by: None }
            };
        }
        // The agents of these projects, on every node.
        let daemons = || cluster.workloads().iter().filter(|w| w.key.kind == "DaemonSet");
        let mut agents =
            AGENTS.iter().filter(|(image, ..)| daemons().any(|w| images(w).any(|i| path(i).ends_with(image))));
        if let Some((_, plugin, first)) = agents.next() {
            let projects = std::iter::once(*first).chain(agents.map(|(.., project)| *project)).collect();
            return Enforcement::Some { plugin, projects };
        }
        if cluster.workloads().iter().any(|w| containers(w).any(enforces)) {
            return Enforcement::Enforced;
        }
        let daemons = cluster.workloads().iter().enumerate().filter(|(_, w)| w.key.kind == "DaemonSet");
        let found = daemons.filter_map(|(index, w)| {
            let known = UNENFORCED.iter().find(|(image, _)| images(w).any(|i| base(i) == *image))?;
            Some(Enforcement::NotEnforced { plugin: known.1, by: Some(index) })
        });
        found.into_iter().next().unwrap_or_default()
    }
}

/// Images of agents that enforce policies of their own project beside those of Kubernetes.
const AGENTS: &[(&str, &str, Project)] =
    &[("calico/node", "Calico", Project::Calico), ("cilium/cilium", "Cilium", Project::Cilium)];

/// Images of networks that do not enforce policies by themselves, and what they are called.
const UNENFORCED: &[(&str, &str)] = &[("flannel", "Flannel"), ("amazon-k8s-cni", "the AWS VPC CNI")];

/// Parts of names of images that enforce policies, beside whatever network there is.
const ENFORCING: &[&str] = &[
    "antrea",
    "aws-network-policy-agent",
    "calico",
    "canal",
    "cilium",
    "kube-network-policies",
    "kube-ovn",
    "kube-router",
    "ovn-kube",
    "romana",
    "weave-npc",
];

/// Whether a container enforces policies. The agent of the AWS VPC CNI is there in any case and does nothing unless
/// it is asked to (<https://github.com/aws/aws-network-policy-agent#enable-network-policy>).
fn enforces(container: &Container) -> bool {
    let Some(image) = container.image.as_deref().filter(|i| ENFORCING.iter().any(|word| i.contains(word))) else {
        return false;
    };
    let said = || container.args.iter().chain(&container.command).flatten();
    let off = said().any(|arg| arg.trim() == "--enable-network-policy=false");
    !(image.contains("aws-network-policy-agent") && off)
}

fn containers(workload: &Workload) -> impl Iterator<Item = &Container> {
    let pod = &workload.spec.pod;
    pod.containers.iter().chain(pod.init_containers.iter().flatten())
}

fn images(workload: &Workload) -> impl Iterator<Item = &str> {
    containers(workload).filter_map(|c| c.image.as_deref())
}

/// The name of an image, without tag and digest.
fn path(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let tag = name.rfind(':').filter(|at| name.rfind('/').is_none_or(|slash| slash < *at));
    tag.map_or(name, |at| &name[..at])
}

/// The last part of the name of an image, without tag and digest.
fn base(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_known_by_name() {
        assert!(PLUGINS.is_sorted());
        assert!(!"Flannel".parse::<NetworkPlugin>().unwrap().enforces);
        assert!("calico".parse::<NetworkPlugin>().unwrap().enforces);
        assert!("calicoo".parse::<NetworkPlugin>().is_err());
        assert_eq!(path("quay.io:443/cilium/cilium:v1@sha256:0"), "quay.io:443/cilium/cilium");
    }
}
