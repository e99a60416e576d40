//! Contour: Internet → HTTPProxy → Service, where one HTTPProxy may include others
//! (<https://projectcontour.io/docs/main/config/fundamentals/>,
//! <https://projectcontour.io/docs/main/config/inclusion-delegation/>).

use std::collections::BTreeMap;

use super::super::facts::Listening;
use super::route::{Clients, Rules, Target, everything, items, mirrored, port, text, weight};
use super::{Context, is_route};
use crate::cluster::Entry;
use crate::graph::{Backend, Expose, HostTls, NodeId, RouteRule, When};
use crate::manifest::Tree;
use crate::net::ObjectKey;

const GROUP: &str = "projectcontour.io";

/// Adds every HTTPProxy with its edges.
pub(super) fn add(context: &mut Context<'_>, entries: &[&Entry]) {
    // Those that others include must be there before.
    for entry in entries.iter().filter(|e| is_route(e)) {
        let host = text(&entry.object.tree, &["spec", "virtualhost", "fqdn"]).map(str::to_owned);
        context.route(entry, host.as_slice());
    }
    let roots = roots(entries);
    contested(context, entries);
    let served = root_namespaces(context);
    for entry in entries.iter().filter(|e| is_route(e)) {
        proxy(context, entry, roots.get(&entry.key));
        if entry.object.tree.at(&["spec", "virtualhost"]).is_some_and(|v| !v.is_null()) {
            unserved(context, entry, served.as_deref());
        }
    }
}

/// The namespaces in which Contour takes roots, if its arguments say so
/// (<https://projectcontour.io/docs/main/configuration/#serve-flags>).
fn root_namespaces(context: &Context<'_>) -> Option<Vec<String>> {
    let containers = context.cluster.workloads().iter().flat_map(|w| &w.spec.pod.containers);
    let mut args = containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten()));
    let said = args.find_map(|a| a.strip_prefix("--root-namespaces="))?;
    Some(said.split(',').map(|name| name.trim().to_owned()).collect())
}

/// Why Contour does not serve a root.
fn unserved(context: &mut Context<'_>, entry: &Entry, namespaces: Option<&[String]>) {
    let tree = &entry.object.tree;
    if namespaces.is_some_and(|all| !all.iter().any(|n| n == entry.key.namespace())) {
        context.fault(entry, "Contour takes roots of other namespaces only, by its arguments", "spec.virtualhost");
    }
    let tls = tree.at(&["spec", "virtualhost", "tls"]).filter(|t| !t.is_null());
    if tls.is_none() && tree.at(&["spec", "tcpproxy"]).is_some_and(|t| !t.is_null()) {
        // (https://projectcontour.io/docs/main/config/tls-termination/#tcp-proxying)
        context.fault(entry, "it passes TCP on without TLS, which Contour does not take", "spec.tcpproxy");
    }
    let Some((home, name)) = tls.and_then(|t| text(t, &["secretName"])).and_then(|s| s.split_once('/')) else { return };
    if home != entry.key.namespace() && !is_delegated(context, (home, name), entry.key.namespace()) {
        let text = format!("no TLSCertificateDelegation of namespace {home} lets it use Secret {name}");
        context.fault(entry, text, "spec.virtualhost.tls.secretName");
    }
}

/// Whether a namespace lets another one use a certificate of its own
/// (<https://projectcontour.io/docs/main/config/tls-delegation/>).
fn is_delegated(context: &Context<'_>, (home, name): (&str, &str), to: &str) -> bool {
    let all = context.of_kind("TLSCertificateDelegation").into_iter().map(|(_, e)| e);
    all.filter(|e| e.key.namespace() == home).flat_map(|e| items(&e.object.tree, &["spec", "delegations"])).any(|d| {
        let is_meant = text(d, &["secretName"]).is_some_and(|s| s == name || s == "*");
        is_meant && items(d, &["targetNamespaces"]).filter_map(Tree::as_str).any(|n| n == to || n == "*")
    })
}

/// Where a host is heard: with TLS plain requests are redirected, but on routes that permit them
/// (<https://projectcontour.io/docs/main/config/tls-termination/>).
fn heard(context: &mut Context<'_>, entry: &Entry, tls: HostTls) {
    let on = |port: u16, redirects: bool| Listening {
        hosts: Vec::new(),
        is_encrypted: port == 443,
        port: Some(port),
        redirects,
    };
    let permits = |r: &Tree| r.get("permitInsecure").and_then(Tree::as_bool) == Some(true);
    let all = match tls {
        HostTls::None => vec![on(80, false)],
        HostTls::Passthrough => vec![on(443, false)],
        // Routes that permit it are not told from others here.
        _ if items(&entry.object.tree, &["spec", "routes"]).any(permits) => return,
        _ => vec![on(443, false), on(80, true)],
    };
    context.heard(entry, all);
}

/// What is known of the root of an HTTPProxy, and of the way from it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Root {
    host: Option<String>,
    tls: HostTls,
    /// The conditions of the inclusions on the way: those of the routes come behind them
    /// (<https://projectcontour.io/docs/main/config/inclusion-delegation/#conditions-and-inclusion>).
    prefix: String,
    headers: Vec<String>,
}

/// The way from the root of each HTTPProxy. Nothing of one that is included in several ways.
fn roots(entries: &[&Entry]) -> BTreeMap<ObjectKey, Root> {
    let by_key: BTreeMap<&ObjectKey, &Entry> = entries.iter().map(|e| (&e.key, *e)).collect();
    let mut found: BTreeMap<ObjectKey, Vec<Root>> = BTreeMap::new();
    let mut open: Vec<(&Entry, Root)> = Vec::new();
    for entry in entries.iter().filter(|e| is_route(e)) {
        if let Some(root) = entry.object.tree.at(&["spec", "virtualhost"]).filter(|v| !v.is_null()) {
            let host = text(root, &["fqdn"]).map(str::to_owned);
            open.push((entry, Root { host, tls: virtual_host_tls(root), prefix: String::new(), headers: Vec::new() }));
        }
    }
    while let Some((entry, root)) = open.pop() {
        let known = found.entry(entry.key.clone()).or_default();
        // Two ways are as many as any number, and no longer way is followed.
        if known.len() > 1 || known.contains(&root) || root.prefix.len() > LONGEST {
            continue;
        }
        known.push(root.clone());
        for other in items(&entry.object.tree, &["spec", "includes"]) {
            let namespace = text(other, &["namespace"]).unwrap_or(entry.key.namespace());
            let key = text(other, &["name"]).map(|name| ObjectKey::new(GROUP, "HTTPProxy", namespace, name));
            let mut next = root.clone();
            for condition in items(other, &["conditions"]) {
                next.prefix = joined(&next.prefix, text(condition, &["prefix"]).unwrap_or_default());
                next.headers.extend(header(condition));
            }
            open.extend(key.and_then(|key| by_key.get(&key)).map(|entry| (*entry, next)));
        }
    }
    let only = |mut roots: Vec<Root>| if roots.len() == 1 { roots.pop() } else { None };
    found.into_iter().filter_map(|(key, roots)| Some((key, only(roots)?))).collect()
}

/// Roots with one host: Contour serves none of them
/// (<https://projectcontour.io/docs/main/config/virtual-hosts/>).
fn contested(context: &mut Context<'_>, entries: &[&Entry]) {
    let mut by_host: BTreeMap<(String, Option<&str>), Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|e| is_route(e)) {
        let tree = &entry.object.tree;
        let class = text(tree, &["spec", "ingressClassName"]);
        let class = class.or(entry.object.annotations.get("projectcontour.io/ingress.class").map(String::as_str));
        if let Some(host) = text(tree, &["spec", "virtualhost", "fqdn"]) {
            by_host.entry((host.to_ascii_lowercase(), class)).or_default().push(entry);
        }
    }
    for ((host, _), same) in by_host.into_iter().filter(|(_, same)| same.len() > 1) {
        for entry in &same {
            let other = same.iter().find(|o| o.key != entry.key).map_or(String::new(), |o| o.key.to_string());
            let text = format!("{host} is the host of {other} as well, and Contour serves neither of them");
            context.fault(entry, text, "spec.virtualhost.fqdn");
        }
    }
}

/// Longer paths of inclusions are not followed: they may go in circles.
const LONGEST: usize = 4096;

/// A prefix behind another.
fn joined(before: &str, path: &str) -> String {
    match (before.trim_end_matches('/'), path) {
        ("", path) => path.to_owned(),
        (before, "" | "/") => before.to_owned(),
        (before, path) => format!("{before}/{}", path.trim_start_matches('/')),
    }
}

/// A condition about a header, in words.
fn header(condition: &Tree) -> Option<String> {
    let name = text(condition, &["header", "name"])?;
    Some(format!("({name}={})", text(condition, &["header", "exact"]).unwrap_or("*")))
}

fn proxy(context: &mut Context<'_>, entry: &Entry, way: Option<&Root>) {
    let (host, tls) = way.map_or((None, HostTls::None), |way| (way.host.clone(), way.tls));
    let tree = &entry.object.tree;
    let id = NodeId::object(&entry.key);
    let class = text(tree, &["spec", "ingressClassName"]).map(str::to_owned);
    let annotated = || entry.object.annotations.get("projectcontour.io/ingress.class").cloned();
    if let Some(class) = class.or_else(annotated) {
        context.class(entry, &class);
    }
    if way.is_some() {
        heard(context, entry, tls);
    }
    let root = tree.at(&["spec", "virtualhost"]).filter(|v| !v.is_null());
    let mut rules = Rules::of(entry);
    let mut listed = true;
    // Only a root is reached by itself; any other is reached through those that include it.
    if let Some(root) = root {
        let policy = |key: &str| -> Vec<String> {
            items(root, &[key]).filter_map(|p| text(p, &["cidr"])).map(str::to_owned).collect()
        };
        let (allowed, denied) = (policy("ipAllowPolicy"), policy("ipDenyPolicy"));
        let field = "spec.virtualhost".to_owned();
        let clients = (!allowed.is_empty() || !denied.is_empty()).then_some(Clients { allowed, denied, field });
        let clients = clients.or_else(|| clients_of_routes(entry));
        listed = clients.is_none();
        restricted(context, entry, root);
        context.open(entry, &id, Expose::Ingress, Vec::new(), clients);
        context.host(entry, "spec.virtualhost.fqdn".to_owned(), host.clone(), tls);
    }
    for (r, route) in items(tree, &["spec", "routes"]).enumerate() {
        rules.narrow = listed && list(route) != Default::default();
        let rule = condition(route, &everything(host.clone(), tls), way);
        for (key, how) in [("requestRedirectPolicy", "a redirect"), ("directResponsePolicy", "a response of its own")] {
            if route.get(key).is_some_and(|t| !t.is_null()) {
                rules.answer(context, (how, &format!("spec.routes[{r}].{key}")), [rule.clone()]);
            }
        }
        services(context, &mut rules, route, &format!("spec.routes[{r}]"), &rule);
    }
    rules.narrow = false;
    if let Some(tcp) = tree.at(&["spec", "tcpproxy"]) {
        services(context, &mut rules, tcp, "spec.tcpproxy", &everything(host.clone(), tls));
        for key in ["include", "includes"] {
            include(context, &mut rules, tcp.get(key), &format!("spec.tcpproxy.{key}"), &everything(host.clone(), tls));
        }
    }
    for (i, other) in items(tree, &["spec", "includes"]).enumerate() {
        let rule = condition(other, &everything(host.clone(), tls), way);
        include(context, &mut rules, Some(other), &format!("spec.includes[{i}]"), &rule);
    }
    rules.finish_listed(context, &id, "spec.routes");
}

fn virtual_host_tls(host: &Tree) -> HostTls {
    match host.get("tls").filter(|t| !t.is_null()) {
        None => HostTls::None,
        Some(tls) if tls.get("passthrough").and_then(Tree::as_bool) == Some(true) => HostTls::Passthrough,
        Some(_) => HostTls::Terminated,
    }
}

/// The clients that every route lets in, where the host as a whole has no such list
/// (<https://projectcontour.io/docs/main/config/ip-filtering/>).
fn clients_of_routes(entry: &Entry) -> Option<Clients> {
    let all: Vec<(Vec<String>, Vec<String>)> = items(&entry.object.tree, &["spec", "routes"]).map(list).collect();
    let (allowed, denied) = all.first()?.clone();
    if all.iter().any(|other| *other != all[0]) {
        return None;
    }
    let is_restricted = !allowed.is_empty() || !denied.is_empty();
    is_restricted.then(|| Clients { allowed, denied, field: "spec.routes".to_owned() })
}

/// The addresses that a route lets in, and those that it keeps out.
fn list(route: &Tree) -> (Vec<String>, Vec<String>) {
    let of = |key: &str| items(route, &[key]).filter_map(|p| text(p, &["cidr"])).map(str::to_owned).collect();
    (of("ipAllowPolicy"), of("ipDenyPolicy"))
}

/// Keeps who checks the requests for a host
/// (<https://projectcontour.io/docs/main/config/client-authorization/>).
fn restricted(context: &mut Context<'_>, entry: &Entry, root: &Tree) {
    if let Some(by) = root.at(&["authorization", "extensionRef"]).and_then(|by| text(by, &["name"])) {
        context.checked(entry, format!("ExtensionService {by}"), "spec.virtualhost.authorization");
    } else if root.at(&["tls", "clientValidation"]).is_some() {
        context.checked(entry, "client certificates", "spec.virtualhost.tls.clientValidation");
    } else if items(root, &["jwtProviders"]).next().is_some() {
        context.checked(entry, "tokens", "spec.virtualhost.jwtProviders");
    }
}

/// A rule with the conditions of a route or an inclusion, behind those of the inclusions on the way.
fn condition(route: &Tree, plain: &RouteRule, way: Option<&Root>) -> RouteRule {
    let mut rule = plain.clone();
    let before = way.map_or("", |way| way.prefix.as_str());
    let mut headers: Vec<String> = way.map(|way| way.headers.clone()).unwrap_or_default();
    let mut path = (!before.is_empty()).then(|| before.to_owned());
    rule.path_type = path.as_ref().map(|_| "Prefix".to_owned());
    let mut is_conditional = false;
    for condition in items(route, &["conditions"]) {
        for (key, kind) in [("prefix", "Prefix"), ("exact", "Exact"), ("regex", "RegularExpression")] {
            if let Some(own) = text(condition, &[key]) {
                rule.path_type = Some(kind.to_owned());
                path = Some(joined(path.as_deref().unwrap_or_default(), own));
            }
        }
        is_conditional |= condition.get("queryParameter").is_some();
        headers.extend(header(condition));
    }
    if !headers.is_empty() || is_conditional {
        rule.when = When::Conditional;
    }
    let words: Vec<String> = path.into_iter().chain(headers).collect();
    rule.path = (!words.is_empty()).then(|| words.join(" "));
    rule
}

fn services(context: &mut Context<'_>, rules: &mut Rules<'_>, route: &Tree, at: &str, rule: &RouteRule) {
    let sent = |s: &Tree| s.get("mirror").and_then(Tree::as_bool) != Some(true);
    let several = items(route, &["services"]).filter(|s| sent(s)).count() > 1;
    let is_weighed = items(route, &["services"]).filter(|s| sent(s)).any(|s| weight(s).is_some_and(|w| w > 0));
    let namespace = rules.entry.key.namespace();
    for (s, service) in items(route, &["services"]).enumerate() {
        let Some(name) = text(service, &["name"]) else { continue };
        // An absent weight is 0 where another is given, and the same for all where none is.
        let weight = (several && is_weighed).then(|| weight(service).unwrap_or(0));
        let rule = if sent(service) { RouteRule { weight, ..rule.clone() } } else { mirrored(rule.clone()) };
        let wished = port(service.get("port"));
        rules.send(context, Target::at(namespace, name, (wished, "port"), format!("{at}.services[{s}]")), [rule]);
    }
}

/// Another HTTPProxy that takes a part of the requests.
fn include(context: &mut Context<'_>, rules: &mut Rules<'_>, other: Option<&Tree>, at: &str, rule: &RouteRule) {
    let Some(name) = other.and_then(|o| text(o, &["name"])) else { return };
    let namespace = other.and_then(|o| text(o, &["namespace"])).unwrap_or(rules.entry.key.namespace());
    let said = context.evidence(rules.entry, at);
    let end = context.referred(&ObjectKey::new(GROUP, "HTTPProxy", namespace, name), said.clone());
    rules.push((end, Backend::None), rule.clone(), said);
}
