//! Routes of the Gateway API and of OpenShift: whether what they send to is there, and whether Gateways accept them.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::family;
use super::scene::{Completeness, Scene};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::graph::{HostTls, Identity};
use crate::manifest::Tree;
use crate::net::kinds::{Family, entrance_kind};
use crate::net::text;
use crate::resolve::{Host, RefusalReason};

family! {
    RouteBackendMissing, "route-backend-missing", true, "A route of the Gateway API or of OpenShift sends to a Service that is not in the input: requests get an answer with status 500 (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec) or 503. Where the manifests contain no Service of that namespace at all it is plainly a part, and this is only worth knowing.";
    BackendPortMissing, "backend-port-missing", false, "A route names a port that its Service does not have, so its requests get an answer with status 500 or 503. A route of the Gateway API names a port of the Service by number, and not that of the container behind it. `targetPort` of a Route of OpenShift is the name of the Service's port or the number of the pods' port (https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/network_apis/route-route-openshift-io-v1).";
    RouteDuplicate, "route-duplicate", false, "Two routes answer the same requests: Routes of OpenShift with one host and path, or rules of the Gateway API with the same match at the same listeners of one Gateway. The older one gets all of them (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule); the router of OpenShift rejects the other. Where the routes are in several files and the manifests do not declare their namespaces, they may never be in one cluster, and this counts for less.";
    RouteNoTls, "route-no-tls", false, "A route that the Internet reaches serves its hosts without TLS: a Route of OpenShift without `spec.tls`, or a route of the Gateway API at listeners of which none encrypts. What clients send can be read on the way. Routes that only redirect are left in peace; nothing is wrong if something before the cluster encrypts.";
    RouteNotAllowed, "route-not-allowed", false, "A route names a Gateway as its parent that does not accept it: no listener has the name or port that is asked for, or none takes routes of this kind, namespace and hosts (https://gateway-api.sigs.k8s.io/reference/spec/#allowedroutes). Requests do not come to the route this way.";
    EntranceRefused, "entrance-refused", false, "An Ingress, a Gateway or a route says something that its controller or the API server does not take, or that it answers with an error: a certificate of another namespace without a ReferenceGrant, a backend without port, an upstream or a subset that nothing defines, one host in two HTTPProxies, a port that the Service of the gateway does not have. The message says what becomes of it.";
    MiddlewareMissing, "middleware-missing", true, "A route of Traefik, or an Ingress for it, names a Middleware that is not in the input: Traefik answers no requests for a route whose Middlewares it does not all know (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/). An Ingress names it with its namespace before it, as in `shop-auth@kubernetescrd`.";
    ReferenceNotPermitted, "reference-not-permitted", false, "A route sends to another namespace, which has no ReferenceGrant that allows it: requests get an answer with status 500 (https://gateway-api.sigs.k8s.io/api-types/referencegrant/).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    refusals(scene);
    faults(scene);
    middlewares(scene);
    plain(scene);
    duplicates(scene);
}

/// Whether findings of this kind are about an object: a route for HTTP of the Gateway API, or a Route of OpenShift.
fn is_judged(entry: &Entry) -> bool {
    let family = entrance_kind(&entry.key.group, &entry.key.kind).map(|k| k.family);
    match family {
        Some(Family::OpenShift) => true,
        Some(Family::GatewayApi) => matches!(entry.key.kind.as_str(), "HTTPRoute" | "GRPCRoute"),
        _ => false,
    }
}

/// Hosts that the Internet reaches without TLS.
fn plain(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for (object, entry) in scene.cluster.entries().iter().enumerate().filter(|(_, e)| is_judged(e)) {
        let open = facts
            .gates_of(object)
            .iter()
            .any(|g| g.outside.as_ref().is_some_and(|id| matches!(id.identity(), Identity::Internet)));
        if !open || facts.backends_of(object).is_empty() {
            continue;
        }
        let hosts: Vec<&Host> = facts.hosts_of(object).iter().filter(|h| h.tls == HostTls::None).collect();
        let Some(first) = hosts.first() else { continue };
        let named: BTreeSet<&str> = hosts.iter().filter_map(|h| h.name.as_deref()).collect();
        let whom = if named.is_empty() { "any host".to_owned() } else { text::first(named, 5) };
        let message =
            format!("{} {}/{} serves {whom} without TLS", entry.key.kind, entry.key.namespace(), entry.key.name);
        let help = match entry.key.kind.as_str() {
            "Route" => "add `spec.tls` with a termination",
            _ => "attach it to a listener of protocol HTTPS",
        };
        let field = if entry.object.tree.find(&first.field).is_some() { first.field.as_str() } else { "spec" };
        scene.report(Code::RouteNoTls, entry, field, message).help(help);
    }
}

/// The requests that a rule takes: where it is attached, and what it matches.
type Taken = (String, String, String);

/// The rules of a route with what each takes, by the field of the rule.
fn rules_of(entry: &Entry) -> Vec<(String, Vec<Taken>)> {
    let tree = &entry.object.tree;
    let string = |tree: &Tree, path: &[&str]| tree.at(path).and_then(Tree::as_str).unwrap_or_default().to_owned();
    if entry.key.kind == "Route" {
        let host = string(tree, &["spec", "host"]);
        let path = Some(string(tree, &["spec", "path"])).filter(|p| !p.is_empty()).unwrap_or_else(|| "/".to_owned());
        let taken = (!host.is_empty()).then(|| (String::new(), host, path));
        return vec![("spec.host".to_owned(), taken.into_iter().collect())];
    }
    let list = |tree: &Tree, path: &[&str]| tree.at(path).map(Tree::items).unwrap_or_default().to_vec();
    let parents: Vec<String> = list(tree, &["spec", "parentRefs"])
        .iter()
        .map(|p| {
            let namespace = p.get("namespace").and_then(Tree::as_str).unwrap_or(entry.key.namespace());
            let port = p.get("port").and_then(Tree::as_i64).map_or(String::new(), |n| n.to_string());
            let kind = string(p, &["kind"]);
            format!("{kind}/{namespace}/{}/{}/{port}", string(p, &["name"]), string(p, &["sectionName"]))
        })
        .collect();
    let mut hosts: Vec<String> =
        list(tree, &["spec", "hostnames"]).iter().filter_map(Tree::as_str).map(str::to_owned).collect();
    if hosts.is_empty() {
        hosts.push(String::new());
    }
    let rules = list(tree, &["spec", "rules"]);
    let of_rule = |(index, rule): (usize, &Tree)| {
        let mut matches: Vec<String> = list(rule, &["matches"]).iter().map(words).collect();
        if matches.is_empty() {
            matches.push("/".to_owned());
        }
        let at = |parent: &String| -> Vec<Taken> {
            let of_host = |host: &String| {
                matches.iter().map(|m| (parent.clone(), host.clone(), m.clone())).collect::<Vec<Taken>>()
            };
            hosts.iter().flat_map(of_host).collect()
        };
        (format!("spec.rules[{index}]"), parents.iter().flat_map(at).collect())
    };
    rules.iter().enumerate().map(of_rule).collect()
}

/// A match in a text that is the same for the same requests.
fn words(wanted: &Tree) -> String {
    let mut words: Vec<String> = Vec::new();
    let path = wanted.get("path");
    let kind = path.and_then(|p| p.get("type")).and_then(Tree::as_str).unwrap_or("PathPrefix");
    let value = path.and_then(|p| p.get("value")).and_then(Tree::as_str).unwrap_or("/");
    words.push(if kind == "PathPrefix" { value.to_owned() } else { format!("{kind} {value}") });
    for entry in wanted.entries().iter().filter(|e| e.key.to_string() != "path") {
        words.push(format!("{} {}", entry.key, flat(&entry.value)));
    }
    words.sort();
    words.join(", ")
}

/// A value in one line, whatever the order of its fields.
fn flat(tree: &Tree) -> String {
    let mut parts: Vec<String> = tree.entries().iter().map(|e| format!("{}={}", e.key, flat(&e.value))).collect();
    parts.sort();
    parts.extend(tree.items().iter().map(flat));
    parts.extend(tree.as_str().map(str::to_owned));
    parts.extend(tree.as_i64().map(|n| n.to_string()));
    format!("({})", parts.join(" "))
}

/// Rules that take the same requests as one before them.
fn duplicates(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    let mut known: BTreeMap<(bool, Taken), (&Entry, String)> = BTreeMap::new();
    let facts = scene.facts;
    // What no Gateway takes gets no requests anyway.
    let is_taken = |(object, entry): &(usize, &Entry)| is_judged(entry) && !facts.gates_of(*object).is_empty();
    for (_, entry) in cluster.entries().iter().enumerate().filter(is_taken) {
        for (field, taken) in rules_of(entry) {
            let mut found: Option<(Taken, (&Entry, String))> = None;
            for taken in taken {
                match known.get(&(entry.key.kind == "Route", taken.clone())) {
                    Some(first) => found = found.or(Some((taken, first.clone()))),
                    None => {
                        known.insert((entry.key.kind == "Route", taken), (entry, field.clone()));
                    }
                }
            }
            if let Some((taken, (first, at))) = found {
                duplicate(scene, (entry, &field), (first, &at), &taken);
            }
        }
    }
}

fn duplicate(scene: &mut Scene<'_>, own: (&Entry, &str), first: (&Entry, &str), taken: &Taken) {
    let name = |entry: &Entry| format!("{} {}/{}", entry.key.kind, entry.key.namespace(), entry.key.name);
    let host = if taken.1.is_empty() { "any host" } else { taken.1.as_str() };
    let place = format!("{host} {}", taken.2);
    let (message, help) = if own.0.key == first.0.key {
        (format!("{} takes {place} twice: the second rule gets no requests", name(own.0)), "keep one of them")
    } else {
        let message = format!(
            "{place} is a route of both {} and {}: the older one gets the requests",
            name(first.0),
            name(own.0)
        );
        (message, "let one route have the path, or give them different hosts")
    };
    let why = scene.separate.why(first.0, own.0);
    let apart = own.0.object.span.file != first.0.object.span.file
        && scene.completeness(own.0.key.namespace.as_deref()) == Completeness::Partial;
    let report = scene
        .report(Code::RouteDuplicate, own.0, own.1, message)
        .related(first.0, first.1, "the same requests")
        .help(help);
    if let Some(why) = why {
        report.severity(Severity::Warning).lowered(why);
    } else if apart {
        report.severity(Severity::Warning).lowered("they are in several files, and may never be in one cluster");
    }
}

/// What controllers do not take.
fn faults(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for fault in &facts.faults {
        let entry = scene.entry(fault.object);
        let message = format!("{} {}/{}: {}", entry.key.kind, entry.key.namespace(), entry.key.name, fault.text);
        scene.report(Code::EntranceRefused, entry, &fault.field, message).help("see what the message names");
    }
}

/// Middlewares of Traefik that are not there.
fn middlewares(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for missing in &facts.missing_middlewares {
        let entry = scene.entry(missing.object);
        let (kind, home) = (&entry.key.kind, entry.key.namespace());
        let message = format!(
            "{kind} {home}/{} names Middleware {}, which is not in the input: Traefik takes no requests for its route",
            entry.key.name, missing.name
        );
        scene
            .report(Code::MiddlewareMissing, entry, &missing.field, message)
            .help("correct the name or the namespace, or add the Middleware");
    }
}

fn refusals(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for refusal in &facts.refusals {
        let (route, gateway) = (scene.entry(refusal.route), scene.entry(refusal.gateway));
        let reason = match &refusal.reason {
            RefusalReason::NoListenerNamed(name) => format!("it has no listener `{name}`"),
            RefusalReason::NoListenerOn(port) => format!("it has no listener on port {port}"),
            RefusalReason::NoListenerSets => {
                format!("its `allowedListeners` take none of namespace {}", route.key.namespace())
            }
            RefusalReason::Taken(other) => format!("its listener sends to {other}, which is older"),
            RefusalReason::NotTaken { hosts } => {
                let hosts = if hosts.is_empty() { String::new() } else { format!(" for {}", hosts.join(", ")) };
                format!("no listener takes a {} of namespace {}{hosts}", route.key.kind, route.key.namespace())
            }
        };
        let message = format!("{} does not accept {}: {reason}", gateway.key, route.key);
        let contested = scene.cluster.is_contested(&gateway.key);
        let report = scene.report(Code::RouteNotAllowed, route, &refusal.field, message).related(
            gateway,
            "spec.listeners",
            "its listeners",
        );
        // Another one of this name may accept it.
        if contested {
            report
                .severity(Severity::Info)
                .help("the Gateway is defined more than once with different content; the first is looked at");
        }
    }
}
