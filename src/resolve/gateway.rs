//! The Gateway API: Internet → Gateway → route → backend, read from the tree because these kinds are not among the
//! built-in types.
//!
//! Rules follow <https://gateway-api.sigs.k8s.io/reference/spec/>: a listener accepts routes of its own namespace
//! unless it says otherwise, and a backend of another namespace needs a ReferenceGrant there.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Context, port_number, services};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::{Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, Listener, NodeId, RouteRule};
use crate::manifest::Tree;
use crate::net::{ObjectKey, Protocol};
use crate::policy::Selector;

const GROUP: &str = "gateway.networking.k8s.io";
const ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

/// Adds every Gateway and route with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let of_api = |e: &&Entry| e.key.group == GROUP || e.key.group == "gateway.networking.x-k8s.io";
    for entry in cluster.entries().iter().filter(of_api).filter(|e| listens(&e.key.kind)) {
        gateway(context, entry);
    }
    for entry in cluster.entries().iter().filter(of_api).filter(|e| e.key.kind.ends_with("ListenerSet")) {
        attach_listeners(context, entry);
    }
    for entry in cluster.entries().iter().filter(of_api).filter(|e| ROUTES.contains(&e.key.kind.as_str())) {
        route(context, entry);
    }
}

fn listens(kind: &str) -> bool {
    matches!(kind, "Gateway" | "ListenerSet" | "XListenerSet")
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
    let internal = class.starts_with("gke-l7-rilb");
    let id = context.object(entry, Detail::Gateway { class, listeners, tls });
    if entry.key.kind == "Gateway" {
        let said = context.evidence(entry, "spec.listeners");
        let from = if internal {
            context.private_network(context.evidence(entry, "spec.gatewayClassName"))
        } else {
            context.internet()
        };
        context.graph.edge(&from, &id, EdgeDetail::Exposes(vec![Exposure { via: Expose::Gateway, ports }]), [said]);
    }
}

/// A ListenerSet adds listeners to a Gateway (<https://gateway-api.sigs.k8s.io/geps/gep-1713/>).
fn attach_listeners(context: &mut Context<'_>, entry: &Entry) {
    let Some(parent) = entry.object.tree.at(&["spec", "parentRef"]) else {
        return;
    };
    let Some(name) = text(parent, &["name"]) else { return };
    let namespace = text(parent, &["namespace"]).unwrap_or(entry.key.namespace());
    let said = context.evidence(entry, "spec.parentRef");
    let from = context.referred(&ObjectKey::new(GROUP, "Gateway", namespace, name), said.clone());
    context.graph.edge(
        &from,
        &NodeId::object(&entry.key),
        EdgeDetail::Routes { rules: Vec::new(), port: Backend::None },
        [said],
    );
}

fn route(context: &mut Context<'_>, entry: &Entry) {
    let tree = &entry.object.tree;
    let hosts: Vec<String> =
        items(tree, &["spec", "hostnames"]).filter_map(|h| h.as_str()).map(str::to_owned).collect();
    let id = context.object(entry, Detail::Route { hosts: hosts.clone() });
    let mut secure: BTreeSet<String> = BTreeSet::new();
    for (p, parent) in items(tree, &["spec", "parentRefs"]).enumerate() {
        secure.extend(attach(context, entry, parent, p, &hosts));
    }
    // What is said of a rule must hold for each of its hosts.
    let tls = hosts_or_any(&hosts).iter().all(|h| secure.contains(h));
    let mut edges: IndexMap<(NodeId, Backend), (Vec<RouteRule>, Vec<Evidence>)> = IndexMap::new();
    for (r, rule) in items(tree, &["spec", "rules"]).enumerate() {
        let several = items(rule, &["backendRefs"]).count() > 1;
        for (b, backend) in items(rule, &["backendRefs"]).enumerate() {
            let said = context.evidence(entry, &format!("spec.rules[{r}].backendRefs[{b}]"));
            let Some((target, port)) = backend_of(context, entry, backend, &said) else {
                continue;
            };
            let (rules, evidence) = edges.entry((target, port)).or_default();
            // An absent weight is 1, and 0 means no requests at all
            // (https://gateway-api.sigs.k8s.io/reference/spec/#backendref).
            let weight = backend.get("weight").and_then(Tree::as_i64).and_then(|w| i32::try_from(w).ok()).unwrap_or(1);
            let weight = (several || weight == 0).then_some(weight);
            for rule in matches(rule, &entry.key.kind, &hosts, tls) {
                let rule = RouteRule { weight, ..rule };
                if !rules.contains(&rule) {
                    rules.push(rule);
                    evidence.push(said.clone());
                }
            }
        }
    }
    for ((target, port), (rules, said)) in edges {
        context.graph.edge(&id, &target, EdgeDetail::Routes { rules, port }, said);
    }
}

/// The hosts of a route; `*` for one that names none.
fn hosts_or_any(hosts: &[String]) -> Vec<String> {
    if hosts.is_empty() { vec!["*".into()] } else { hosts.to_vec() }
}

/// Attaches a route to one of its parents, if that accepts it. The answer is which of its hosts are served with TLS
/// there.
fn attach(context: &mut Context<'_>, entry: &Entry, parent: &Tree, index: usize, hosts: &[String]) -> Vec<String> {
    let Some(name) = text(parent, &["name"]) else { return Vec::new() };
    let kind = text(parent, &["kind"]).unwrap_or("Gateway");
    let group = text(parent, &["group"]).unwrap_or(GROUP);
    let namespace = text(parent, &["namespace"]).unwrap_or(entry.key.namespace()).to_owned();
    let key = ObjectKey::new(group, kind, &namespace, name);
    let said = context.evidence(entry, &format!("spec.parentRefs[{index}]"));
    let id = context.referred(&key, said.clone());
    let mut secure = Vec::new();
    if listens(kind)
        && let Some(at) = context.cluster.find(&key)
    {
        let gateway = &context.cluster.entries()[at];
        match accepting(context, gateway, entry, parent, hosts) {
            Ok(with_tls) => secure = with_tls,
            Err(reason) => {
                let message = format!("{} does not accept {}: {reason}", gateway.key, entry.key);
                let place = entry.object.at(&format!("spec.parentRefs[{index}]"));
                let mut problem = Diagnostic::at(Code::RouteNotAllowed, place, message)
                    .with_related(gateway.object.at("spec.listeners"), "its listeners");
                // Another one of this name may accept it.
                if context.cluster.is_contested(&gateway.key) {
                    problem.severity = Severity::Info;
                    problem.help = Some(
                        "the Gateway is defined more than once with different content; the first is looked at"
                            .to_owned(),
                    );
                }
                context.diagnostics.push(problem);
                return Vec::new();
            }
        }
    }
    let rules = hosts
        .iter()
        .map(|h| RouteRule {
            host: Some(h.clone()),
            path: None,
            path_type: None,
            tls: secure.contains(h),
            weight: None,
            default: false,
        })
        .collect();
    context.graph.edge(&id, &NodeId::object(&entry.key), EdgeDetail::Routes { rules, port: Backend::None }, [said]);
    secure
}

/// Whether any listener that a parent reference means accepts a route: then which of its hosts have TLS; else why not.
fn accepting(
    context: &Context<'_>,
    gateway: &Entry,
    route: &Entry,
    parent: &Tree,
    hosts: &[String],
) -> Result<Vec<String>, String> {
    let section = text(parent, &["sectionName"]);
    let port = number(parent, &["port"]);
    let mut meant = 0;
    let mut accepted = false;
    let mut secure = Vec::new();
    for listener in items(&gateway.object.tree, &["spec", "listeners"]) {
        if section.is_some_and(|s| text(listener, &["name"]) != Some(s))
            || port.is_some_and(|p| number(listener, &["port"]) != Some(p))
        {
            continue;
        }
        meant += 1;
        let own = text(listener, &["hostname"]).unwrap_or("*");
        let served: Vec<String> = hosts_or_any(hosts).into_iter().filter(|h| hosts_meet(own, h)).collect();
        if !served.is_empty() && admits(context, gateway, listener, route) {
            accepted = true;
            if matches!(text(listener, &["protocol"]), Some("HTTPS" | "TLS")) {
                secure.extend(served);
            }
        }
    }
    match (accepted, meant, section, port) {
        (true, ..) => Ok(secure),
        // A Gateway whose listeners come from elsewhere, or that is half written, cannot be said to refuse.
        (false, 0, None, None) => Ok(secure),
        (false, 0, Some(section), _) => Err(format!("it has no listener `{section}`")),
        (false, 0, None, Some(port)) => Err(format!("it has no listener on port {port}")),
        (false, ..) => {
            let host = if hosts.is_empty() { String::new() } else { format!(" for {}", hosts.join(", ")) };
            Err(format!("no listener takes a {} of namespace {}{host}", route.key.kind, route.key.namespace()))
        }
    }
}

/// Whether two host names, either of which may begin with a wildcard, have a name in common. Here a wildcard stands for
/// any number of labels (<https://gateway-api.sigs.k8s.io/reference/spec/#hostname>).
fn hosts_meet(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(a), Some(b)) => a.ends_with(b) || b.ends_with(a),
        (Some(tail), None) => b.ends_with(tail),
        (None, Some(tail)) => a.ends_with(tail),
        (None, None) => a.eq_ignore_ascii_case(b),
    }
}

/// Whether a listener of a protocol can take a kind of route
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#protocoltype>). Protocols that an implementation adds take what it
/// says.
fn protocol_takes(protocol: &str, kind: &str) -> bool {
    match protocol {
        "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
        "TLS" => matches!(kind, "TLSRoute" | "TCPRoute"),
        "TCP" => kind == "TCPRoute",
        "UDP" => kind == "UDPRoute",
        _ => true,
    }
}

fn admits(context: &Context<'_>, gateway: &Entry, listener: &Tree, route: &Entry) -> bool {
    let kinds: Vec<&str> = items(listener, &["allowedRoutes", "kinds"]).filter_map(|k| text(k, &["kind"])).collect();
    let kind = route.key.kind.as_str();
    if !protocol_takes(text(listener, &["protocol"]).unwrap_or_default(), kind)
        || !(kinds.is_empty() || kinds.contains(&kind))
    {
        return false;
    }
    match text(listener, &["allowedRoutes", "namespaces", "from"]).unwrap_or("Same") {
        "All" => true,
        "Selector" => {
            let Some(namespace) = context.cluster.namespaces().get(route.key.namespace()) else {
                return true;
            };
            // The labels of a namespace that the input does not declare are not known, and a guess must not hide a way
            // in.
            namespace.declared.is_none()
                || listener
                    .at(&["allowedRoutes", "namespaces", "selector"])
                    .is_some_and(|s| Selector::from_tree(s).is_ok_and(|s| s.matches(&namespace.labels)))
        }
        "None" => false,
        _ => gateway.key.namespace == route.key.namespace,
    }
}

/// What a backend reference leads to, unless it may not.
fn backend_of(context: &mut Context<'_>, entry: &Entry, backend: &Tree, said: &Evidence) -> Option<(NodeId, Backend)> {
    let name = text(backend, &["name"])?;
    let kind = text(backend, &["kind"]).unwrap_or("Service");
    let group = text(backend, &["group"]).unwrap_or_default();
    let namespace = text(backend, &["namespace"]).unwrap_or(entry.key.namespace());
    let key = ObjectKey::new(group, kind, namespace, name);
    if namespace != entry.key.namespace() && !granted(context, entry, &key) {
        let message = format!("{} may not send to {key}: namespace {namespace} grants no reference", entry.key);
        context.diagnostics.push(
            Diagnostic::at(Code::ReferenceNotPermitted, entry.object.at(&said.field), message)
                .with_help(format!("a ReferenceGrant in namespace {namespace} allows it")),
        );
        return None;
    }
    let port = number(backend, &["port"]).map_or(Backend::None, Backend::Number);
    let port = services::checked_port(context, entry, &key, port, &said.field);
    Some((context.referred(&key, said.clone()), port))
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
fn matches(rule: &Tree, kind: &str, hosts: &[String], tls: bool) -> Vec<RouteRule> {
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
            words.extend((!headers.is_empty()).then(|| format!("({})", headers.join(", "))));
            RouteRule {
                host: host.clone(),
                path: (!words.is_empty()).then(|| words.join(" ")),
                path_type,
                tls,
                weight: None,
                default: false,
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

fn text<'t>(tree: &'t Tree, path: &[&str]) -> Option<&'t str> {
    tree.at(path)?.as_str()
}

fn number(tree: &Tree, path: &[&str]) -> Option<u16> {
    i32::try_from(tree.at(path)?.as_i64()?).ok().and_then(port_number)
}

fn items<'t>(tree: &'t Tree, path: &[&str]) -> impl Iterator<Item = &'t Tree> + use<'t> {
    tree.at(path).map(|t| t.items()).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_meet_where_they_have_a_name_in_common() {
        assert!(hosts_meet("*", "shop.example.com"));
        assert!(hosts_meet("*.example.com", "a.b.example.com"));
        assert!(!hosts_meet("*.example.com", "example.com"));
        assert!(hosts_meet("*.example.com", "*.b.example.com"));
        assert!(!hosts_meet("*.a.com", "*.b.com"));
        assert!(!hosts_meet("a.com", "b.com"));
    }
}
