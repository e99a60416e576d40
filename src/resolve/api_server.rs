//! The API server as a client of Services: admission webhooks, aggregated APIs and conversions of custom resources
//! (<https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#service-reference>,
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/setup-extension-api-server/>,
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion>).

use super::Context;
use super::facts::ApiCall;
use crate::cluster::Entry;
use crate::graph::{Backend, Detail, EdgeDetail, HostTls, RouteRule, When};
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// The port of a Service that is called where none is given.
const PORT: i64 = 443;

/// Adds a node for each object by which the API server calls a Service, with an edge to that.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for entry in cluster.entries() {
        for (hook, field, service) in services(entry) {
            add_one(context, entry, (hook, field), service);
        }
    }
}

/// The references to Services in an object, with their fields and the positions of webhooks.
fn services(entry: &Entry) -> Vec<(Option<usize>, String, &Tree)> {
    let tree = &entry.object.tree;
    let one = |path: &str| tree.find(path).map(|service| (None, path.to_owned(), service)).into_iter().collect();
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            let hooks = tree.get("webhooks").map(Tree::items).unwrap_or_default().iter().enumerate();
            hooks
                .filter_map(|(h, hook)| {
                    Some((
                        Some(h),
                        format!("webhooks[{h}].clientConfig.service"),
                        hook.at(&["clientConfig", "service"])?,
                    ))
                })
                .collect()
        }
        ("apiregistration.k8s.io", "APIService") => one("spec.service"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => one("spec.conversion.webhook.clientConfig.service"),
        _ => Vec::new(),
    }
}

fn add_one(context: &mut Context<'_>, entry: &Entry, (hook, field): (Option<usize>, String), service: &Tree) {
    let text = |key: &str| service.get(key).and_then(Tree::as_str).filter(|t| !t.is_empty());
    let (Some(namespace), Some(name)) = (text("namespace"), text("name")) else { return };
    let key = ObjectKey::new("", "Service", namespace, name);
    let number = service.get("port").and_then(Tree::as_i64).unwrap_or(PORT);
    let Some(number) = i32::try_from(number).ok().and_then(super::port_number) else { return };
    let port = context.checked_port(&key, Backend::Number(number));
    let id = context.object(entry, Detail::Resource);
    let said = context.evidence(entry, &field);
    let target = context.referred(&key, said.clone());
    let path = Some(text("path").unwrap_or("/").to_owned());
    let path_type = text("path").map(|_| "Exact".to_owned());
    // The API server only speaks HTTPS to them, which the pods terminate.
    let rule = RouteRule {
        host: None,
        path,
        path_type,
        tls: HostTls::Passthrough,
        weight: None,
        default: false,
        when: When::Always,
    };
    context.graph.edge(&id, &target, EdgeDetail::Routes { rules: vec![rule], port: port.clone() }, [said]);
    let object = context.position(entry);
    let found = context.cluster.find(&key);
    context.facts.api_calls.push(ApiCall { object, hook, field, service: key, found, number, port });
}
