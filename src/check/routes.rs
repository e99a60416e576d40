//! Routes of the Gateway API: whether what they send to is there.

use std::collections::BTreeSet;

use super::nearest;
use super::registry::family;
use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::manifest::Tree;
use crate::net::ObjectKey;

family! {
    RouteBackendMissing, "route-backend-missing", true, "A route of the Gateway API sends to a Service that is not in the input: requests get an answer with status 500 (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec). Where the input holds no Service of that namespace at all it is plainly a part, and this is only worth knowing.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    let routes = cluster
        .entries()
        .iter()
        .filter(|e| e.key.group == "gateway.networking.k8s.io" && e.key.kind.ends_with("Route"));
    for entry in routes {
        let mut told = BTreeSet::new();
        for (field, backend) in backends(&entry.object.tree) {
            to(scene, entry, &field, backend, &mut told);
        }
    }
}

/// Every reference to a backend with its field: those of rules, and those to which filters copy requests.
fn backends(tree: &Tree) -> Vec<(String, &Tree)> {
    let mut found = Vec::new();
    let list = |tree: &'_ Tree, key: &str| -> usize { tree.get(key).map_or(0, |t| t.items().len()) };
    let rules = tree.find("spec.rules").map(Tree::items).unwrap_or_default();
    for (r, rule) in rules.iter().enumerate() {
        for b in 0..list(rule, "backendRefs") {
            found.push(format!("spec.rules[{r}].backendRefs[{b}]"));
        }
        for f in 0..list(rule, "filters") {
            found.push(format!("spec.rules[{r}].filters[{f}].requestMirror.backendRef"));
        }
    }
    found.into_iter().filter_map(|field| tree.find(&field).map(|t| (field, t))).collect()
}

fn to(scene: &mut Scene<'_>, entry: &Entry, field: &str, backend: &Tree, told: &mut BTreeSet<ObjectKey>) {
    let text = |key: &str| backend.get(key).and_then(Tree::as_str);
    let Some(name) = text("name") else { return };
    if text("kind").is_some_and(|k| k != "Service") || text("group").is_some_and(|g| !g.is_empty()) {
        return;
    }
    let namespace = text("namespace").filter(|n| !n.is_empty()).unwrap_or_else(|| entry.key.namespace());
    let key = ObjectKey::new("", "Service", namespace, name);
    if scene.find(&key).is_some() || !told.insert(key) {
        return;
    }
    let services: Vec<&Entry> = scene.cluster.services().map(|(e, _)| e).collect();
    let here: Vec<&str> =
        services.iter().filter(|e| e.key.namespace() == namespace).map(|e| e.key.name.as_str()).collect();
    let near = nearest::name(name, here.iter().copied()).map(str::to_owned);
    let elsewhere = services.iter().find(|e| e.key.name == name).copied();
    let alone = here.is_empty();
    let (hint, help) = match (elsewhere, near) {
        (Some(other), _) => (
            format!("; there is one in namespace {}", other.key.namespace()),
            format!(
                "add `namespace: {}` to the reference, and a ReferenceGrant in that namespace",
                other.key.namespace()
            ),
        ),
        (None, Some(near)) => (format!("; there is {near}"), format!("`name: {near}` is probably meant")),
        (None, None) => (String::new(), "add the Service, or correct its name".to_owned()),
    };
    let message = format!(
        "{} {}/{} sends to Service {namespace}/{name}, which is not in the input{hint}",
        entry.key.kind,
        entry.key.namespace(),
        entry.key.name
    );
    let report = scene.report(Code::RouteBackendMissing, entry, &format!("{field}.name"), message).help(help);
    if let Some(other) = elsewhere {
        report.related(other, "metadata.name", "a Service of this name");
    } else if alone {
        report.severity(Severity::Warning).lowered("the input holds no Service of that namespace");
    }
}
