//! The identity of an object.

use std::fmt;

/// The identity of an object. Versions of one group name the same object, and so do groups that kinds have moved out
/// of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The namespace; `None` for kinds that live outside namespaces.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// The API group, `""` for the core group.
    pub group: String,
}

/// Kinds that a custom kind of the same name could be mistaken for.
const WELL_KNOWN: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "DeploymentConfig",
    "Endpoints",
    "GRPCRoute",
    "Gateway",
    "HTTPRoute",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Service",
    "StatefulSet",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
];

impl ObjectKey {
    /// The identity of a namespaced object of a known group.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectKey {
        ObjectKey {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
            kind: kind.to_owned(),
            group: group.to_owned(),
        }
    }

    /// The namespace, or nothing.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for ObjectKey {
    /// `namespace/name[Kind]`; a custom kind that shares its name with a well-known one is written `[Kind.group]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        let own = self.group.is_empty()
            || !self.group.contains('.')
            || self.group.ends_with(".k8s.io")
            || self.group.ends_with("openshift.io");
        if own || !WELL_KNOWN.contains(&self.kind.as_str()) {
            write!(f, "{}[{}]", self.name, self.kind)
        } else {
            write!(f, "{}[{}.{}]", self.name, self.kind, self.group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_kind_with_a_known_name_says_its_group() {
        assert!(WELL_KNOWN.is_sorted());
        let check =
            |group: &str, kind: &str, text: &str| assert_eq!(ObjectKey::new(group, kind, "a", "b").to_string(), text);
        check("", "Service", "a/b[Service]");
        check("apps", "Deployment", "a/b[Deployment]");
        check("gateway.networking.k8s.io", "Gateway", "a/b[Gateway]");
        check("networking.istio.io", "Gateway", "a/b[Gateway.networking.istio.io]");
        check("serving.knative.dev", "Service", "a/b[Service.serving.knative.dev]");
        check("argoproj.io", "Rollout", "a/b[Rollout]");
        check("networking.k8s.io", "NetworkPolicy", "a/b[NetworkPolicy]");
        check("projectcalico.org", "NetworkPolicy", "a/b[NetworkPolicy.projectcalico.org]");
        let node = ObjectKey { namespace: None, name: "n".into(), kind: "Node".into(), group: String::new() };
        assert_eq!((node.to_string().as_str(), node.namespace()), ("n[Node]", ""));
    }
}
