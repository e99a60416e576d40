//! Brings objects of API versions that Kubernetes no longer serves into the shape of today, places included.

use super::tree::{Entry, Tree, Value};

/// Rewrites the tree of an object whose version is an old one. Others are left as they are.
pub(super) fn upgrade(group: &str, version: &str, kind: &str, tree: &mut Tree) {
    match (group, kind) {
        ("extensions" | "networking.k8s.io", "Ingress") if version != "v1" => ingress(tree),
        ("discovery.k8s.io", "EndpointSlice") if version != "v1" => endpoint_slice(tree),
        ("extensions", "Deployment" | "DaemonSet") | ("apps", "Deployment" | "DaemonSet")
            if version.contains("beta") =>
        {
            if let Some(spec) = tree.get_mut("spec") {
                spec.remove("rollbackTo");
                spec.remove("templateGeneration");
            }
        }
        _ => {}
    }
}

fn ingress(tree: &mut Tree) {
    let Some(spec) = tree.get_mut("spec") else { return };
    rename(spec, "backend", "defaultBackend");
    if let Some(backend) = spec.get_mut("defaultBackend") {
        ingress_backend(backend);
    }
    let Some(rules) = spec.get_mut("rules") else { return };
    for rule in rules.items_mut() {
        let Some(paths) = rule.at_mut(&["http", "paths"]) else { continue };
        for path in paths.items_mut() {
            if let Some(backend) = path.get_mut("backend") {
                ingress_backend(backend);
            }
        }
    }
}

/// `serviceName` and `servicePort` become `service: {name, port: {number | name}}`.
fn ingress_backend(backend: &mut Tree) {
    let name = backend.remove("serviceName").map(|e| renamed(e, "name"));
    let port = backend.remove("servicePort").map(|entry| {
        let key = if entry.value.as_str().is_some() { "name" } else { "number" };
        let (span, key_span) = (entry.value.span, entry.key_span);
        Entry { key: "port".into(), key_span, value: Tree { span, value: Value::Map(vec![renamed(entry, key)]) } }
    });
    let fields: Vec<Entry> = name.into_iter().chain(port).collect();
    let Some(first) = fields.first() else { return };
    let service = Entry {
        key: "service".into(),
        key_span: first.key_span,
        value: Tree { span: first.value.span, value: Value::Map(fields) },
    };
    backend.insert(service);
}

fn endpoint_slice(tree: &mut Tree) {
    let Some(endpoints) = tree.get_mut("endpoints") else { return };
    for endpoint in endpoints.items_mut() {
        rename(endpoint, "topology", "deprecatedTopology");
    }
}

fn renamed(entry: Entry, key: &str) -> Entry {
    Entry { key: key.into(), ..entry }
}

fn rename(tree: &mut Tree, from: &str, to: &str) {
    if tree.get(to).is_none()
        && let Some(entry) = tree.entries_mut().iter_mut().find(|e| &*e.key == from)
    {
        entry.key = to.into();
    }
}
