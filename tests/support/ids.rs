//! Ids of nodes, written as they are shown.

use kubesketch::graph::{Identity, NodeId};
use kubesketch::net::ObjectKey;

/// `internet`, `dns:HOST`, `NAMESPACE/NAME[KIND]` or `missing:NAMESPACE/NAME[KIND]`.
pub fn id(text: &str) -> NodeId {
    if text == "internet" {
        return Identity::Internet.into();
    }
    if let Some(host) = text.strip_prefix("dns:") {
        return Identity::DnsName(host.into()).into();
    }
    let (name, kind) = text.strip_suffix(']').and_then(|t| t.rsplit_once('[')).unwrap_or_else(|| panic!("{text}"));
    let (namespace, name) = name.split_once('/').unwrap_or_else(|| panic!("{text}"));
    match namespace.strip_prefix("missing:") {
        Some(namespace) => {
            Identity::Missing { kind: kind.into(), namespace: namespace.into(), wanted: name.into() }.into()
        }
        None => NodeId::object(&ObjectKey::new("", kind, namespace, name)),
    }
}
