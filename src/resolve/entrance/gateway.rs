//! The Gateway API: Internet → Gateway → route → backend, read from the tree because these kinds are not among the
//! built-in types.
//!
//! Rules follow <https://gateway-api.sigs.k8s.io/reference/spec/>: a listener accepts routes of its own namespace
//! unless it says otherwise, and a backend of another namespace needs a ReferenceGrant there.

use k8s_openapi::api::core::v1::Service;

use super::super::backends::Reference;
use super::super::clouds::{self, Placed};
use super::super::facts::{BackendTarget, ControllerHint, Host, Refusal, RefusalReason};
use super::listeners::{Served, Taken, accepting, admits_from, hosts_or_any};
use super::route::{Rules, items, mirrored, number, text};
use super::{Context, conditions, limits, oldest, services};
use crate::cluster::Entry;
use crate::graph::{
    Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, HostTls, Listener, NodeId, RouteRule, ServiceKind, When,
};
use crate::manifest::Tree;
use crate::net::kinds::{Role, entrance_kind};
use crate::net::{ClusterName, ObjectKey, Protocol};

const GROUP: &str = "gateway.networking.k8s.io";

/// Adds every Gateway and route with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    let of_role = |role: Role| {
        let has_role = move |e: &&&Entry| entrance_kind(&e.key.group, &e.key.kind).is_some_and(|k| k.role == role);
        entries.iter().filter(has_role)
    };
    for entry in of_role(Role::Gateway) {
        gateway(context, entry);
    }
    for entry in of_role(Role::Gateway).filter(|e| e.key.kind != "Gateway") {
        attach_listeners(context, entry);
    }
    // Of routes that cannot be told apart the older one counts, and must be there before.
    let mut routes: Vec<&Entry> = of_role(Role::Route).copied().collect();
    routes.sort_by(|a, b| {
        (oldest::made(a).is_none(), oldest::made(a)).cmp(&(oldest::made(b).is_none(), oldest::made(b)))
    });
    let mut taken = Taken::new();
    for entry in routes {
        route(context, entry, &mut taken);
    }
}

/// Whether objects of a kind have listeners.
fn listens(group: &str, kind: &str) -> bool {
    entrance_kind(group, kind).is_some_and(|k| k.role == Role::Gateway && k.groups.contains(&GROUP))
}

fn gateway(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let class = text(tree, &["spec", "gatewayClassName"]).unwrap_or_default().to_owned();
    let mut listeners = Vec::new();
    let mut ports: Vec<(u16, Protocol)> = Vec::new();
    let mut tls = false;
    for listener in items(tree, &["spec", "listeners"]) {
        let kind = text(listener, &["protocol"]).unwrap_or_default();
        let port = number(listener, &["port"]);
        tls |= matches!(kind, "HTTPS" | "TLS");
        let word = |key: &str| text(listener, &[key]).filter(|word| !word.is_empty()).map(str::to_owned);
        listeners.push(Listener { protocol: word("protocol"), port, host: word("hostname") });
        ports.extend(port.map(|p| (p, Protocol::from_field(Some(kind)))));
    }
    ports.sort_unstable();
    ports.dedup();
    let object = context.position(entry);
    context.facts.controllers.insert(object, ControllerHint::Class(class.clone()));
    certificates(context, entry);
    conditions::unserved(context, entry);
    let outsides = if entry.key.kind == "Gateway" { outsides(context, entry, &class) } else { Vec::new() };
    let id = context.object(entry, Detail::Gateway { class, listeners, tls });
    for from in outsides {
        let said = context.evidence(entry, "spec.listeners");
        context.graph.edge(
            &from,
            &id,
            EdgeDetail::Exposes(vec![Exposure { via: Expose::Gateway, ports: ports.clone() }]),
            [said],
        );
    }
}

/// Certificates of other namespaces need a grant there, as backends do
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#secretobjectreference>).
fn certificates(context: &mut Context<'_>, entry: &Entry) {
    for (l, listener) in items(&entry.object.tree, &["spec", "listeners"]).enumerate() {
        for (c, reference) in items(listener, &["tls", "certificateRefs"]).enumerate() {
            let namespace = text(reference, &["namespace"]).unwrap_or(entry.key.namespace());
            let Some(name) = text(reference, &["name"]) else { continue };
            let kind = text(reference, &["kind"]).unwrap_or("Secret");
            let key = ObjectKey::new(text(reference, &["group"]).unwrap_or_default(), kind, namespace, name);
            if namespace != entry.key.namespace() && !granted(context, entry, &key) {
                let text = format!("it may not use {kind} {namespace}/{name}: that namespace grants no reference");
                context.fault(entry, text, &format!("spec.listeners[{l}].tls.certificateRefs[{c}]"));
            }
        }
    }
}

/// Classes of load balancers inside the network
/// (<https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api#gatewayclass>).
const INTERNAL: &[&str] = &["gke-l7-rilb", "gke-l7-cross-regional-internal", "tailscale"];

/// From where requests come to a Gateway. A waypoint takes those of pods of the mesh only
/// (<https://istio.io/latest/docs/ambient/usage/waypoint/>), and a Gateway without a load balancer is reached inside
/// the cluster.
fn outsides(context: &mut Context<'_>, entry: &Entry, class: &str) -> Vec<NodeId> {
    let tree = &entry.object.tree;
    let is_mesh = items(tree, &["spec", "listeners"]).any(|l| text(l, &["protocol"]) == Some("HBONE"));
    let inside = entry.object.annotations.get("networking.istio.io/service-type").is_some_and(|t| t == "ClusterIP");
    if is_mesh || inside || class.split('-').any(|word| word == "waypoint") {
        return Vec::new();
    }
    let own = limits::texts(tree, &["spec", "infrastructure", "annotations"]);
    let annotated = [(&own, true), (&entry.object.annotations, false)].map(|(annotations, is_inner)| {
        let field = |field: String| if is_inner { "spec.infrastructure.annotations".to_owned() } else { field };
        match clouds::placed(annotations) {
            Some(Placed::Inside(inside)) => Some(field(inside)),
            Some(Placed::Untold(untold)) => {
                context.unjudged(entry, "an annotation that may put it inside the network", &field(untold));
                None
            }
            None => None,
        }
    });
    let by_class = INTERNAL.iter().any(|c| class.starts_with(c)).then(|| "spec.gatewayClassName".to_owned());
    let addresses = items(tree, &["spec", "addresses"]).filter(|a| text(a, &["type"]) != Some("Hostname"));
    let by_address = clouds::are_inside(addresses.filter_map(|a| text(a, &["value"])));
    let by_address = by_address.then(|| "spec.addresses".to_owned());
    let by_word = limits::is_internal_word(class).then(|| "spec.gatewayClassName".to_owned());
    let inside = by_class.or_else(|| annotated.into_iter().flatten().next()).or(by_address).or(by_word);
    match (inside, named_service(context, entry)) {
        (Some(field), _) => {
            let said = context.evidence(entry, &field);
            vec![context.private_network(said)]
        }
        // The Service that it names takes its requests
        // (https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#manual-deployment).
        (None, Some(service)) => {
            let outsides = context.doors.of_service(service);
            if outsides.is_empty() {
                let object = context.position(entry);
                context.facts.shut.insert(object, Vec::new());
            }
            outsides
        }
        (None, None) => vec![context.internet()],
    }
}

/// The Service of the input whose name is the address of a Gateway.
fn named_service(context: &Context<'_>, entry: &Entry) -> Option<usize> {
    let mut names = items(&entry.object.tree, &["spec", "addresses"]).filter_map(|a| text(a, &["value"]));
    names.find_map(|name| match ClusterName::parse(name)? {
        ClusterName { pod: None, service, namespace: Some(home), is_full: true, .. } => {
            context.cluster.find(&ObjectKey::new("", "Service", home, service))
        }
        _ => None,
    })
}

/// A ListenerSet adds listeners to a Gateway that accepts it; they listen on ports of their own
/// (<https://gateway-api.sigs.k8s.io/geps/gep-1713/>).
fn attach_listeners(context: &mut Context<'_>, entry: &Entry) {
    let Some(parent) = entry.object.tree.at(&["spec", "parentRef"]) else {
        return;
    };
    let Some(name) = text(parent, &["name"]) else { return };
    let namespace = text(parent, &["namespace"]).unwrap_or(entry.key.namespace());
    let said = context.evidence(entry, "spec.parentRef");
    let key = ObjectKey::new(GROUP, "Gateway", namespace, name);
    let from = context.referred(&key, said.clone());
    let id = NodeId::object(&entry.key);
    if let Some(at) = context.cluster.find(&key) {
        let gateway = &context.cluster.entries()[at];
        let allowed = gateway.object.tree.at(&["spec", "allowedListeners", "namespaces"]);
        if !admits_from(context, gateway, allowed, "None", entry) {
            let route = context.position(entry);
            let field = "spec.parentRef".to_owned();
            context.facts.refusals.push(Refusal { route, field, gateway: at, reason: RefusalReason::NoListenerSets });
            return;
        }
        let class = text(&gateway.object.tree, &["spec", "gatewayClassName"]).unwrap_or_default().to_owned();
        let listeners = items(&entry.object.tree, &["spec", "listeners"]);
        let mut ports: Vec<(u16, Protocol)> = listeners
            .filter_map(|l| Some((number(l, &["port"])?, Protocol::from_field(text(l, &["protocol"])))))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        for outside in outsides(context, gateway, &class) {
            let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::Gateway, ports: ports.clone() }]);
            let said = context.evidence(entry, "spec.listeners");
            context.graph.edge(&outside, &id, detail, [said]);
        }
        let object = context.position(entry);
        context.facts.controllers.insert(object, ControllerHint::Class(class));
    }
    context.graph.edge(&from, &id, EdgeDetail::Routes { rules: Vec::new(), port: Backend::None }, [said]);
}

fn route<'a>(context: &mut Context<'_>, entry: &'a Entry, taken: &mut Taken<'a>) {
    let tree = &entry.object.tree;
    let hosts: Vec<String> =
        items(tree, &["spec", "hostnames"]).filter_map(|h| h.as_str()).map(str::to_owned).collect();
    let id = context.object(entry, Detail::Route { hosts: hosts.clone() });
    let mut served = Served::default();
    for (p, parent) in items(tree, &["spec", "parentRefs"]).enumerate() {
        for (host, tls) in attach(context, (entry, taken), parent, p, &hosts).0 {
            served.add(host, tls);
        }
    }
    if let Some(clients) = limits::plugins(context, entry)
        && (!clients.allowed.is_empty() || !clients.denied.is_empty())
    {
        context.unjudged(entry, "a list of addresses of a plugin", &clients.field);
    }
    // What is said of a rule must hold for each of its hosts.
    let each = hosts_or_any(&hosts).into_iter().map(|h| served.tls(&h));
    let tls = each.reduce(|a, b| if a.is_encrypted() && b.is_encrypted() { a.or(b) } else { HostTls::None });
    let tls = tls.unwrap_or_default();
    keep_hosts(context, entry, &hosts, &served);
    if entry.key.kind == "UDPRoute" {
        let object = context.position(entry);
        context.facts.datagrams.insert(object);
    }
    let mut edges = Rules::of(entry);
    for (r, rule) in items(tree, &["spec", "rules"]).enumerate() {
        let copied: Vec<RouteRule> = matches(rule, &entry.key.kind, &hosts, tls).into_iter().map(mirrored).collect();
        mirrors(context, &mut edges, rule, &format!("spec.rules[{r}]"), &copied);
        conditions::filters(
            context,
            &edges,
            (rule, &format!("spec.rules[{r}]")),
            &matches(rule, &entry.key.kind, &hosts, tls),
        );
        let several = items(rule, &["backendRefs"]).count() > 1;
        for (b, backend) in items(rule, &["backendRefs"]).enumerate() {
            let said = context.evidence(entry, &format!("spec.rules[{r}].backendRefs[{b}]"));
            let Some(end) = backend_of(context, entry, backend, &said) else {
                continue;
            };
            // An absent weight is 1, and 0 means no requests at all
            // (https://gateway-api.sigs.k8s.io/reference/spec/#backendref).
            let weight = backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok()).unwrap_or(1);
            let weight = (several || weight == 0).then_some(weight);
            for rule in matches(rule, &entry.key.kind, &hosts, tls) {
                edges.push(end.clone(), RouteRule { weight, ..rule }, said.clone());
            }
        }
    }
    edges.finish(context, &id);
}

/// Keeps how the hosts of a route are encrypted.
fn keep_hosts(context: &mut Context<'_>, entry: &Entry, hosts: &[String], served: &Served) {
    let object = context.position(entry);
    let named = hosts.iter().enumerate().map(|(h, host)| (format!("spec.hostnames[{h}]"), Some(host.clone())));
    let any = hosts.is_empty().then(|| (String::new(), None));
    for (field, name) in named.chain(any) {
        let tls = served.tls(name.as_deref().unwrap_or("*"));
        context.facts.hosts.push(Host { object, field, name, tls });
    }
}

/// Attaches a route to one of its parents, if that accepts it. The answer is which of its hosts are served with TLS
/// there.
fn attach<'a>(
    context: &mut Context<'_>,
    (entry, taken): (&'a Entry, &mut Taken<'a>),
    parent: &Tree,
    index: usize,
    hosts: &[String],
) -> Served {
    let mut served = Served::default();
    let Some(name) = text(parent, &["name"]) else { return served };
    let kind = text(parent, &["kind"]).unwrap_or("Gateway");
    let group = text(parent, &["group"]).unwrap_or(GROUP);
    let namespace = text(parent, &["namespace"]).unwrap_or(entry.key.namespace()).to_owned();
    let key = ObjectKey::new(group, kind, &namespace, name);
    let field = format!("spec.parentRefs[{index}]");
    let said = context.evidence(entry, &field);
    let id = context.referred(&key, said.clone());
    if listens(group, kind)
        && let Some(gateway) = context.cluster.find(&key)
    {
        match accepting(context, gateway, (entry, taken), parent, hosts) {
            Ok(with_tls) => served = with_tls,
            Err(reason) => {
                let route = context.position(entry);
                context.facts.refusals.push(Refusal { route, field, gateway, reason });
                return served;
            }
        }
    } else {
        context.heard_elsewhere(entry);
    }
    let rules = hosts
        .iter()
        .map(|h| RouteRule {
            host: Some(h.clone()),
            path: None,
            path_type: None,
            tls: served.tls(h),
            weight: None,
            default: false,
            when: When::Always,
        })
        .collect();
    context.graph.edge(&id, &NodeId::object(&entry.key), EdgeDetail::Routes { rules, port: Backend::None }, [said]);
    served
}

/// What a backend reference leads to, unless it may not.
fn backend_of(context: &mut Context<'_>, entry: &Entry, backend: &Tree, said: &Evidence) -> Option<(NodeId, Backend)> {
    let reference = reference(context, entry, backend, said.field.clone())?;
    match target(context, &reference) {
        target @ BackendTarget::Forbidden(_) => {
            context.keep_backend(reference, target);
            None
        }
        _ => Some(context.backend(reference, said)),
    }
}

/// Adds what the filters of a rule copy requests to
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#httprequestmirrorfilter>).
fn mirrors(context: &mut Context<'_>, edges: &mut Rules<'_>, rule: &Tree, field: &str, copied: &[RouteRule]) {
    for (f, filter) in items(rule, &["filters"]).enumerate() {
        let said = context.evidence(edges.entry, &format!("{field}.filters[{f}].requestMirror.backendRef"));
        let backend = filter.at(&["requestMirror", "backendRef"]);
        if let Some(end) = backend.and_then(|b| backend_of(context, edges.entry, b, &said)) {
            for rule in copied {
                edges.push(end.clone(), rule.clone(), said.clone());
            }
        }
    }
}

fn reference<'a>(context: &mut Context<'_>, entry: &'a Entry, backend: &Tree, field: String) -> Option<Reference<'a>> {
    let name = text(backend, &["name"])?;
    let kind = text(backend, &["kind"]).unwrap_or("Service");
    let group = text(backend, &["group"]).unwrap_or_default();
    let namespace = text(backend, &["namespace"]).filter(|n| !n.is_empty()).unwrap_or(entry.key.namespace());
    let mut key = ObjectKey::new(group, kind, namespace, name);
    let own = ObjectKey::new("", "Service", namespace, name);
    if (group, kind) == ("multicluster.x-k8s.io", "ServiceImport") && context.service(&own).is_some() {
        // The Service of that name in each cluster that exports it
        // (https://gateway-api.sigs.k8s.io/geps/gep-1748/).
        context.unjudged(
            entry,
            format!("ServiceImport {name}, which is the Service of all clusters that export it,"),
            &field,
        );
        key = own;
    }
    let port = number(backend, &["port"]).map_or(Backend::None, Backend::Number);
    if port == Backend::None && kind == "Service" && group.is_empty() {
        context.fault(entry, format!("it names no port of Service {name}, and is not created without"), &field);
    }
    limits::plugins_of_backends(context, entry, std::slice::from_ref(&key));
    let is_alias = |s: &Service| services::kind(s) == ServiceKind::ExternalName;
    if group.is_empty() && context.service(&ObjectKey::new(group, kind, namespace, name)).is_some_and(is_alias) {
        // (https://gateway-api.sigs.k8s.io/reference/spec/#backendobjectreference)
        let text = format!("Service {name} is an alias of type ExternalName, which implementations should refuse");
        context.fault(entry, text, &field);
    }
    let port = context.checked_port(&key, port);
    Some(Reference { entry, port_field: format!("{field}.port"), field, key, port })
}

fn target(context: &Context<'_>, reference: &Reference<'_>) -> BackendTarget {
    let Reference { entry, key, .. } = reference;
    match context.cluster.find(key) {
        found if key.namespace != entry.key.namespace && !granted(context, entry, key) => {
            BackendTarget::Forbidden(found)
        }
        Some(found) => BackendTarget::Found(found),
        None => BackendTarget::Missing,
    }
}

/// Whether a ReferenceGrant in the target's namespace lets a route refer to it
/// (<https://gateway-api.sigs.k8s.io/api-types/referencegrant/>).
fn granted(context: &Context<'_>, route: &Entry, target: &ObjectKey) -> bool {
    let grants = context
        .cluster
        .entries()
        .iter()
        .filter(|e| e.key.group == GROUP && e.key.kind == "ReferenceGrant" && e.key.namespace == target.namespace);
    grants.map(|g| &g.object.tree).any(|grant| {
        let from = items(grant, &["spec", "from"]).any(|f| {
            text(f, &["group"]) == Some(GROUP)
                && text(f, &["kind"]) == Some(&route.key.kind)
                && text(f, &["namespace"]) == Some(route.key.namespace())
        });
        let to = items(grant, &["spec", "to"]).any(|t| {
            text(t, &["group"]).unwrap_or_default() == target.group
                && text(t, &["kind"]) == Some(&target.kind)
                && text(t, &["name"]).is_none_or(|n| n == target.name)
        });
        from && to
    })
}

/// The rules that the matches of a route rule make. A rule without matches takes everything.
fn matches(rule: &Tree, kind: &str, hosts: &[String], tls: HostTls) -> Vec<RouteRule> {
    let host = match hosts {
        [only] => Some(only.clone()),
        _ => None,
    };
    let any = RouteRule {
        host: host.clone(),
        path: (kind == "HTTPRoute").then(|| "/".to_owned()),
        path_type: None,
        tls,
        weight: None,
        default: false,
        when: When::Always,
    };
    let rules: Vec<RouteRule> = items(rule, &["matches"])
        .map(|m| {
            let path = text(m, &["path", "value"]).map(str::to_owned);
            let path_type = path.as_ref().map(|_| match text(m, &["path", "type"]) {
                None | Some("PathPrefix") => "Prefix".to_owned(),
                Some(other) => other.to_owned(),
            });
            let method = m.at(&["method"]).and_then(|method| match method.as_str() {
                Some(verb) => Some(verb.to_owned()),
                None => grpc_method(method),
            });
            let headers: Vec<String> = items(m, &["headers"])
                .filter_map(|h| Some(format!("{}={}", text(h, &["name"])?, text(h, &["value"]).unwrap_or("*"))))
                .collect();
            let mut words: Vec<String> = method.into_iter().collect();
            words.extend(path.or_else(|| (kind == "HTTPRoute" && words.is_empty()).then(|| "/".to_owned())));
            let is_conditional = !headers.is_empty()
                || items(m, &["queryParams"]).next().is_some()
                || m.at(&["method"]).is_some_and(|method| method.as_str().is_some_and(|verb| verb != "GET"));
            words.extend((!headers.is_empty()).then(|| format!("({})", headers.join(", "))));
            RouteRule {
                host: host.clone(),
                path: (!words.is_empty()).then(|| words.join(" ")),
                path_type,
                tls,
                weight: None,
                default: false,
                when: if is_conditional { When::Conditional } else { When::Always },
            }
        })
        .collect();
    if rules.is_empty() { vec![any] } else { rules }
}

/// `Service/Method` of a gRPC match, either of which may be left open.
fn grpc_method(method: &Tree) -> Option<String> {
    let service = text(method, &["service"]);
    let name = text(method, &["method"]);
    (service.is_some() || name.is_some()).then(|| format!("{}/{}", service.unwrap_or("*"), name.unwrap_or("*")))
}
