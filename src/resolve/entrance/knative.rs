//! Knative Serving: Internet → Service of Knative, by its own name or by that of a DomainMapping
//! (<https://knative.dev/docs/serving/services/private-services/>,
//! <https://knative.dev/docs/serving/services/custom-domains/>).

use super::Context;
use super::route::{Rules, Target, everything, text};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, NodeId};
use crate::manifest::Tree;
use crate::net::ObjectKey;

const GROUP: &str = "serving.knative.dev";

/// By which a Service of Knative is only reached from inside the cluster.
const VISIBILITY: &str = "networking.knative.dev/visibility";

/// Adds every Service of Knative and every DomainMapping with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let domains = domains(context);
    for entry in entries.iter().filter(|e| e.key.kind == "Service") {
        let is_local = entry.object.labels.get(VISIBILITY).is_some_and(|v| v == "cluster-local");
        let id = NodeId::object(&entry.key);
        if is_local || !context.graph.has(&id) {
            continue;
        }
        match domains {
            Domains::Inside => {
                let object = context.position(entry);
                context.facts.shut.insert(object, Vec::new());
            }
            Domains::Some => {
                context.unjudged(entry, "config-domain, by which some Services are for the cluster only,", "");
                context.open(entry, &id, Expose::Ingress, Vec::new(), None);
            }
            Domains::Outside => context.open(entry, &id, Expose::Ingress, Vec::new(), None),
        }
    }
    for entry in entries.iter().filter(|e| e.key.kind == "DomainMapping") {
        domain(context, entry);
    }
}

/// Whether Services have names outside.
#[derive(Clone, Copy)]
enum Domains {
    Outside,
    /// Some have, by their labels.
    Some,
    Inside,
}

/// What the configuration says of the domains of Services: one of `svc.cluster.local` is reached inside the cluster
/// only (<https://knative.dev/docs/serving/using-a-custom-domain/>).
fn domains(context: &Context<'_>) -> Domains {
    let key = ObjectKey::new("", "ConfigMap", "knative-serving", "config-domain");
    let Some(at) = context.cluster.find(&key) else { return Domains::Outside };
    let data = context.cluster.entries()[at].object.tree.get("data").map(Tree::entries).unwrap_or_default();
    let mut named = data.iter().filter(|e| !e.key.starts_with('_')).peekable();
    let inside = |e: &&&crate::manifest::Entry| &*e.key == "svc.cluster.local";
    match (named.clone().any(|e| inside(&&e)), named.all(|e| inside(&&e))) {
        (true, true) => Domains::Inside,
        (true, false) => Domains::Some,
        (false, _) => Domains::Outside,
    }
}

/// The name of a DomainMapping is the host.
fn domain(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let host = Some(entry.key.name.clone());
    let tls = match tree.at(&["spec", "tls"]).and_then(|t| text(t, &["secretName"])) {
        Some(_) => HostTls::Terminated,
        // Whether Knative gets a certificate by itself is in its configuration.
        None => HostTls::Undetermined,
    };
    let id = context.route(entry, host.as_slice());
    context.open(entry, &id, Expose::Ingress, Vec::new(), None);
    context.host(entry, "metadata.name".to_owned(), host.clone(), tls);
    let mut rules = Rules::of(entry);
    let namespace = entry.key.namespace();
    if let Some(name) = text(tree, &["spec", "ref", "name"]) {
        let group = text(tree, &["spec", "ref", "apiVersion"]).and_then(|v| v.split_once('/')).map_or("", |(g, _)| g);
        let kind = text(tree, &["spec", "ref", "kind"]).unwrap_or("Service");
        let field = "spec.ref".to_owned();
        let rule = everything(host, tls);
        if group.is_empty() && kind == "Service" {
            let port_field = field.clone();
            let port = super::alb::Wanted::Nothing;
            rules.send(context, Target { namespace, name, port, field, port_field }, [rule]);
        } else {
            let group = if group.is_empty() { GROUP } else { group };
            let said = context.evidence(entry, &field);
            let end = context.referred(&ObjectKey::new(group, kind, namespace, name), said.clone());
            rules.push((end, Backend::None), rule, said);
        }
    }
    rules.finish(context, &id);
}
