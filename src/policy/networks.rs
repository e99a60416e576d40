//! Networks beside the pod network: primary ones that user-defined networks give to whole namespaces, and secondary
//! ones that pods attach to.
//!
//! A pod with a primary user-defined network is on that instead of the pod network, and reaches no pod of another one
//! (<https://ovn-kubernetes.io/features/user-defined-networks/user-defined-networks/>). Secondary networks are named by
//! annotations of pods (<https://github.com/k8snetworkplumbingwg/multi-net-spec>); definitions of one name in several
//! namespaces are taken to be one network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::network_policy::network_name;
use super::read::{Fault, Field, Read};
use super::selector;
use crate::cluster::{Cluster, Entry, Workload};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Body, Tree};
use crate::net::Selector;

/// The label that a namespace must have for its pods to be on a primary user-defined network.
const PRIMARY_LABEL: &str = "k8s.ovn.org/primary-user-defined-network";

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// The network that every pod is on unless something else is said.
    Pod,
    /// The primary network of one namespace.
    Namespace(String),
    /// A primary network of several namespaces, by the name of its definition.
    Cluster(String),
    /// A secondary network, by the name of its definition.
    Secondary(String),
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Network::Pod => f.write_str("pod-network"),
            Network::Namespace(name) => write!(f, "primary UDN {name}"),
            Network::Cluster(name) => write!(f, "primary CUDN {name}"),
            Network::Secondary(name) => write!(f, "secondary NAD {name}"),
        }
    }
}

/// The networks of a cluster with the workloads on them, by their positions, ascending. The pod network is always there
/// and comes first.
pub(super) fn networks(cluster: &Cluster, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<Network, Vec<usize>> {
    let primary = primary(cluster, diagnostics);
    let mut members: BTreeMap<Network, Vec<usize>> = BTreeMap::from([(Network::Pod, Vec::new())]);
    for (index, workload) in cluster.workloads().iter().enumerate() {
        let network = primary.get(workload.key.namespace()).cloned().unwrap_or(Network::Pod);
        members.entry(network).or_default().push(index);
        for name in attached(cluster, workload) {
            members.entry(Network::Secondary(name)).or_default().push(index);
        }
    }
    members
}

/// What a user-defined network says.
struct Defined {
    primary: bool,
    namespaces: Option<Selector>,
}

/// The primary networks of namespaces.
fn primary<'a>(cluster: &'a Cluster, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<&'a str, Network> {
    let mut found: BTreeMap<&str, (Network, &Entry)> = BTreeMap::new();
    for entry in cluster.entries() {
        let read = match entry.key.kind.as_str() {
            "UserDefinedNetwork" | "ClusterUserDefinedNetwork" => read(entry),
            _ => continue,
        };
        let defined = match read {
            Ok(defined) if defined.primary => defined,
            Ok(_) => continue,
            Err(fault) => {
                diagnostics.push(refused(fault.at, format!("{} is refused: {fault}", entry.key)));
                continue;
            }
        };
        for (name, namespace) in cluster.namespaces() {
            let meant = match &defined.namespaces {
                Some(selector) => selector.matches(&namespace.labels),
                None => name == entry.key.namespace(),
            };
            if !meant || (namespace.declared.is_some() && !namespace.labels.contains_key(PRIMARY_LABEL)) {
                continue;
            }
            if let Some((_, other)) = found.get(name.as_str()) {
                let message = format!(
                    "{} gives namespace {name} a second primary network, beside that of {}; it is left out there",
                    entry.key, other.key
                );
                diagnostics.push(refused(entry.object.span, message).with_related(other.object.span, "the first"));
                continue;
            }
            let network = if defined.namespaces.is_some() {
                Network::Cluster(entry.key.name.clone())
            } else {
                Network::Namespace(name.clone())
            };
            found.insert(name, (network, entry));
        }
    }
    found.into_iter().map(|(name, (network, _))| (name, network)).collect()
}

fn refused(at: crate::source::Span, message: String) -> Diagnostic {
    Diagnostic { refused: true, ..Diagnostic::at(Code::NetworkRefused, at, message) }
}

/// Reads a UserDefinedNetwork or ClusterUserDefinedNetwork, checked as their definitions do
/// (<https://ovn-kubernetes.io/api-reference/userdefinednetwork-api-spec/>).
fn read(entry: &Entry) -> Read<Defined> {
    let spec = Field::root(&entry.object.tree).required("spec")?;
    let cluster = entry.key.kind == "ClusterUserDefinedNetwork";
    let network = if cluster { spec.required("network")? } else { spec.clone() };
    let topology = network.required("topology")?;
    let (part, known) = match (topology.text()?, cluster) {
        ("Layer2", _) => ("layer2", true),
        ("Layer3", _) => ("layer3", true),
        ("Localnet", true) => ("localnet", true),
        _ => ("", false),
    };
    let options = if cluster { "Layer2, Layer3 and Localnet" } else { "Layer2 and Layer3" };
    let wrong = |field: &Field<'_>, what: &str, options: &str| -> Fault {
        field.fault(format!("`{}` is no {what}; there are {options}", field.as_text().unwrap_or_default()))
    };
    if !known {
        return Err(wrong(&topology, "topology", options));
    }
    let role = network.required(part)?.required("role")?;
    let primary = match (role.text()?, part) {
        ("Primary", "layer2" | "layer3") => true,
        ("Secondary", _) => false,
        _ => {
            return Err(wrong(&role, "role", if part == "localnet" { "Secondary" } else { "Primary and Secondary" }));
        }
    };
    let namespaces = match spec.get("namespaceSelector") {
        Some(field) if cluster => Some(selector::read(&field)?),
        _ if cluster => return Err(spec.fault("`namespaceSelector` is missing")),
        _ => None,
    };
    Ok(Defined { primary, namespaces })
}

/// The secondary networks that the pods of a workload attach to: those of an annotation, or of the networks of a
/// virtual machine.
fn attached(cluster: &Cluster, workload: &Workload) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let entries = if workload.pods.is_empty() { std::slice::from_ref(&workload.entry) } else { &workload.pods };
    for entry in entries.iter().map(|&e| &cluster.entries()[e]) {
        let Body::Workload(spec) = &entry.object.body else { continue };
        let tree = &entry.object.tree;
        let metadata = spec.labels_path.strip_suffix("labels").unwrap_or("metadata.");
        let annotations = tree.find(&format!("{metadata}annotations"));
        if let Some(text) = annotations.and_then(|a| a.get("k8s.v1.cni.cncf.io/networks")).and_then(Tree::as_str) {
            names.extend(references(text));
        }
        let networks =
            tree.find(&spec.pod_path).and_then(|pod| pod.get("networks")).map(Tree::items).unwrap_or_default();
        let multus = networks.iter().filter_map(|n| n.at(&["multus", "networkName"])).filter_map(Tree::as_str);
        names.extend(multus.map(network_name));
    }
    names.remove("");
    names
}

/// The names in an annotation: separated by commas, or a JSON list of objects with a `name`.
fn references(text: &str) -> Vec<String> {
    if !text.trim_start().starts_with('[') {
        return text.split(',').map(network_name).collect();
    }
    let list: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    list.iter().filter_map(|n| n.get("name")?.as_str()).map(network_name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_names_networks_in_two_ways() {
        assert_eq!(references("a, ns/b@eth1"), ["a", "b"]);
        assert_eq!(references(r#"[{"name": "a", "namespace": "x"}, {"name": "b"}, {}]"#), ["a", "b"]);
        assert!(references("[{").is_empty());
    }
}
