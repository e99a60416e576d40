//! What of the Gateway API leaves open whether requests arrive: conditions of a status, and filters that are not
//! evaluated.

use super::route::{Rules, items, text};
use super::{Context, traefik};
use crate::cluster::Entry;
use crate::graph::RouteRule;
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// Keeps that the status of a live Gateway says that its controller does not take it, or could not set it up
/// (<https://gateway-api.sigs.k8s.io/geps/gep-1364/>).
pub(super) fn unserved(context: &mut Context<'_>, entry: &Entry) {
    for (c, condition) in items(&entry.object.tree, &["status", "conditions"]).enumerate() {
        let what = match text(condition, &["type"]) {
            Some("Accepted") => "accepted",
            Some("Programmed") => "programmed",
            _ => continue,
        };
        if text(condition, &["status"]) == Some("False") {
            let reason = text(condition, &["reason"]).map(|r| format!(" ({r})")).unwrap_or_default();
            let text = format!("its status says that it is not {what}{reason}: its routes may not be served");
            context.fault(entry, text, &format!("status.conditions[{c}]"));
        }
    }
}

/// What the filters of a rule make of its requests beside copies: a redirect answers them
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#httprequestredirectfilter>), and what an extension does is not
/// evaluated.
pub(super) fn filters(context: &mut Context<'_>, edges: &Rules<'_>, (rule, at): (&Tree, &str), wanted: &[RouteRule]) {
    let entry = edges.entry;
    let backends = items(rule, &["backendRefs"]).map(|b| ("", b));
    let backends = backends.flat_map(|(_, b)| items(b, &["filters"]));
    for (f, filter) in items(rule, &["filters"]).chain(backends).enumerate() {
        let field = format!("{at}.filters[{f}]");
        if filter.at(&["requestRedirect"]).is_some() {
            edges.answer(context, ("a redirect", &field), wanted.iter().cloned());
        }
        if filter.at(&["externalAuth"]).is_some() {
            // (https://gateway-api.sigs.k8s.io/geps/gep-1494/)
            let name = text(filter, &["externalAuth", "backendRef", "name"]).unwrap_or_default();
            context.unjudged(entry, format!("ExternalAuth, a filter that asks {name} about each request,"), &field);
        }
        let Some(extension) = filter.at(&["extensionRef"]) else { continue };
        let (kind, name) = (text(extension, &["kind"]), text(extension, &["name"]));
        let (kind, name) = (kind.unwrap_or_default(), name.unwrap_or_default());
        let key = ObjectKey::new(text(extension, &["group"]).unwrap_or_default(), kind, entry.key.namespace(), name);
        if !traefik::is_harmless(context, &key) {
            context.unjudged(entry, format!("{kind} {name}, a filter,"), &field);
        }
    }
}
