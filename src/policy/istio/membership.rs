//! Which pods are in the mesh, and what the mesh is configured with
//! (<https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/>,
//! <https://istio.io/latest/docs/ambient/usage/add-workloads/>).

use crate::cluster::{Cluster, Workload};
use crate::manifest::Tree;
use crate::net::Labels;

/// Whether the pods of a workload are in the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Membership {
    /// They are not.
    Outside,
    /// Nothing says so or denies it: which namespaces are injected without any label is for the installation to say.
    /// They are taken to be.
    Assumed,
    /// They have a proxy of their own.
    Proxy,
    /// The proxy of their node serves them.
    Ambient,
}

impl Membership {
    /// That of a workload. Where a label of the namespace and one of the pod disagree, the one that says no counts.
    pub fn of(cluster: &Cluster, workload: &Workload) -> Membership {
        const INJECT: &str = "sidecar.istio.io/inject";
        const INJECTION: &str = "istio-injection";
        const REVISION: &str = "istio.io/rev";
        const MODE: &str = "istio.io/dataplane-mode";
        let spec = &workload.spec;
        if spec.pod.host_network == Some(true) {
            return Membership::Outside;
        }
        if is_proxy(workload) {
            return Membership::Proxy;
        }
        let namespace = cluster.namespaces().get(workload.key.namespace()).map(|n| &n.labels);
        let of_namespace = |key: &str| namespace.and_then(|n| n.get(key)).map(String::as_str);
        let tree = &cluster.entries()[workload.entry].object.tree;
        let metadata = spec.labels_path.strip_suffix("labels").unwrap_or("metadata.");
        let annotation = || tree.find(&format!("{metadata}annotations"))?.get(INJECT)?.as_str();
        let label = |key: &str| spec.pod_labels.get(key).map(String::as_str);
        let of_pod = label(INJECT).or_else(annotation);
        let injected = of_namespace(INJECTION);
        if of_pod == Some("false") || injected == Some("disabled") && label(REVISION).is_none() {
            // The proxy of the node does not need one in the pod.
            let mode = label(MODE).or_else(|| of_namespace(MODE));
            return if mode == Some("ambient") { Membership::Ambient } else { Membership::Outside };
        }
        let is_injected = label(INJECT) == Some("true")
            || injected == Some("enabled")
            || [label(REVISION), of_namespace(REVISION)].iter().any(Option::is_some);
        match label(MODE).or_else(|| of_namespace(MODE)) {
            _ if is_injected => Membership::Proxy,
            Some("ambient") => Membership::Ambient,
            Some("none") => Membership::Outside,
            _ => Membership::Assumed,
        }
    }
}

/// Whether the pods of a workload have a proxy in any case: a gateway of Istio is one, and live pods show the one that
/// was injected.
fn is_proxy(workload: &Workload) -> bool {
    let labels: &Labels = &workload.spec.pod_labels;
    let is = |key: &str, values: &[&str]| labels.get(key).is_some_and(|v| values.contains(&v.as_str()));
    let pod = &workload.spec.pod;
    is("istio", &["ingressgateway", "egressgateway"])
        || is("operator.istio.io/component", &["IngressGateways", "EgressGateways"])
        || pod.containers.iter().chain(pod.init_containers.iter().flatten()).any(|c| c.name == "istio-proxy")
}

/// What of the configuration of the mesh decides whom policies mean
/// (<https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct MeshConfig {
    /// The namespace whose policies hold for the whole mesh.
    pub root: String,
    /// The trust domain of its identities; `cluster.local` means it in any case.
    pub trust_domain: Option<String>,
    /// The object by which proxies let out only what is in the registry, by its position in the cluster.
    pub registry_only: Option<usize>,
}

impl MeshConfig {
    /// That of a cluster: from the ConfigMap that the control plane reads, or the resource that installs it.
    pub fn of(cluster: &Cluster) -> MeshConfig {
        let mut config = MeshConfig { root: "istio-system".to_owned(), trust_domain: None, registry_only: None };
        for (index, entry) in cluster.entries().iter().enumerate() {
            let tree = &entry.object.tree;
            let mut policy = None;
            match (&*entry.key.group, &*entry.key.kind) {
                ("", "ConfigMap") if entry.key.name == "istio" => {
                    let Some(text) = tree.at(&["data", "mesh"]).and_then(Tree::as_str) else { continue };
                    config.set(|key| top_level(text, key));
                    policy = below(text, "outboundTrafficPolicy", "mode");
                }
                ("install.istio.io", "IstioOperator") => {
                    let mesh = tree.at(&["spec", "meshConfig"]);
                    config.set(|key| mesh?.get(key)?.as_str());
                    policy = mesh.and_then(|m| m.at(&["outboundTrafficPolicy", "mode"])?.as_str());
                }
                ("sailoperator.io", "Istio") => {
                    let mesh = tree.at(&["spec", "values", "meshConfig"]);
                    config.set(|key| mesh?.get(key)?.as_str());
                    policy = mesh.and_then(|m| m.at(&["outboundTrafficPolicy", "mode"])?.as_str());
                }
                _ => {}
            }
            if policy == Some("REGISTRY_ONLY") {
                config.registry_only.get_or_insert(index);
            }
        }
        config
    }

    fn set<'t>(&mut self, get: impl Fn(&str) -> Option<&'t str>) {
        if let Some(root) = get("rootNamespace").filter(|r| !r.is_empty()) {
            self.root = root.to_owned();
        }
        let domain = get("trustDomain").filter(|d| !d.is_empty());
        self.trust_domain = domain.map(str::to_owned).or(self.trust_domain.take());
    }
}

/// The value of a key at the top of a YAML text with plain values.
fn top_level<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let value = |line: &'t str| line.strip_prefix(key)?.strip_prefix(':');
    let found = text.lines().find_map(value)?.trim();
    let plain = found.split(" #").next().unwrap_or(found).trim();
    Some(plain.trim_matches(['"', '\'']))
}

/// The value of a key in the mapping of a key at the top of a YAML text with plain values.
fn below<'t>(text: &'t str, top: &str, key: &str) -> Option<&'t str> {
    let mut lines = text.lines().skip_while(|line| line.strip_prefix(top).is_none_or(|rest| rest.trim() != ":"));
    lines.next()?;
    let inside = lines.take_while(|line| line.starts_with(' '));
    let value = inside.filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':')).next()?.trim();
    let plain = value.split(" #").next().unwrap_or(value).trim();
    Some(plain.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_mesh_are_found_at_the_top() {
        let text = "defaultConfig:\n  rootNamespace: no\nrootNamespace: \"mesh\" # the root\ntrustDomain: example.org";
        assert_eq!(top_level(text, "rootNamespace"), Some("mesh"));
        assert_eq!(top_level(text, "trustDomain"), Some("example.org"));
        assert_eq!(top_level(text, "accessLogFile"), None);
        let text = "a: b\noutboundTrafficPolicy:\n  # only\n  mode: REGISTRY_ONLY\nmode: x";
        assert_eq!(below(text, "outboundTrafficPolicy", "mode"), Some("REGISTRY_ONLY"));
        assert_eq!(below("a:\n  mode: x", "outboundTrafficPolicy", "mode"), None);
    }
}
