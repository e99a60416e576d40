//! What keeps clients out of entry points beside their own fields: snippets, plugins, middlewares and policies that
//! they name or that name them. What is read becomes the clients that are let in, or a check of their requests; anything
//! else that may restrict them is kept as not evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::clouds::field;
use super::super::facts::ControllerHint;
use super::route::{Clients, items, strings, text};
use super::{Context, annotations, is_route, traefik};
use crate::cluster::Entry;
use crate::graph::NodeId;
use crate::manifest::Tree;
use crate::net::ObjectKey;
use crate::net::kinds::{Role, entrance_kind};

/// Annotations that hold parts of a controller's configuration: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/>,
/// <https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-snippets/>,
/// <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/> and
/// <https://haproxy-ingress.github.io/docs/configuration/keys/#configuration-snippet>.
const SNIPPETS: &[&str] = &[
    "haproxy-ingress.github.io/config-backend",
    "haproxy.org/backend-config-snippet",
    "ingress.kubernetes.io/config-backend",
    "nginx.ingress.kubernetes.io/auth-snippet",
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/modsecurity-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.org/location-snippets",
    "nginx.org/server-snippets",
];

/// Words of such configuration that keep requests out or send them elsewhere.
const DIRECTIVES: &[&str] = &[
    "allow",
    "deny",
    "return",
    "satisfy",
    "auth",
    "proxy_pass",
    "rewrite",
    "lua",
    "if",
    "internal",
    "location",
    "error_page",
    "limit_except",
    "http-request",
    "acl",
    "use_backend",
    "secrule",
    "geoip",
    "try_files",
    "redirect",
];

/// Annotations that restrict who gets in by what manifests do not show: security groups, lists and firewalls of a cloud
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/>).
const OF_CLOUDS: &[&str] = &[
    "alb.ingress.kubernetes.io/security-group-prefix-lists",
    "alb.ingress.kubernetes.io/security-groups",
    "alb.ingress.kubernetes.io/waf-acl-id",
    "alb.ingress.kubernetes.io/wafv2-acl-arn",
    "appgw.ingress.kubernetes.io/waf-policy-for-path",
    "nginx.org/policies",
];

/// Whether a text of configuration may keep requests out or send them elsewhere.
pub(super) fn is_restricting(snippet: &str) -> bool {
    let lines = snippet.lines().filter(|l| !l.trim_start().starts_with('#'));
    let words = lines.flat_map(|l| l.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))));
    let mut words = words.map(str::to_ascii_lowercase);
    words.any(|word| DIRECTIVES.iter().any(|d| word == *d || word.strip_prefix(d).is_some_and(|r| r.starts_with('_'))))
}

/// Keeps what of the annotations of an Ingress is not evaluated; the answer is the clients that they let in.
pub(super) fn of_ingress(context: &mut Context<'_>, entry: &Entry) -> Option<Clients> {
    let annotations = &entry.object.annotations;
    for key in SNIPPETS {
        if annotations.get(*key).is_some_and(|text| is_restricting(text)) {
            context.unjudged(entry, "a snippet of configuration", &field(key));
        }
    }
    for key in OF_CLOUDS.iter().filter(|key| annotations.get(**key).is_some_and(|v| !v.trim().is_empty())) {
        context.unjudged(entry, format!("what {key} names"), &field(key));
    }
    let by_source = |(key, text): &(&String, &String)| {
        key.starts_with("alb.ingress.kubernetes.io/conditions.") && text.contains("source-ip")
    };
    if let Some((key, _)) = annotations.iter().find(by_source) {
        context.unjudged(entry, "a condition about addresses", &field(key));
    }
    let own = match annotations::clients(annotations) {
        Some(Ok(clients)) => Some(clients),
        Some(Err(field)) => {
            context.unjudged(entry, "a list of addresses", &field);
            None
        }
        None => None,
    };
    if is_kong(context, entry) {
        global_plugins(context, entry);
    }
    own.or_else(|| traefik::of_ingress(context, entry)).or_else(|| plugins(context, entry))
}

/// Whether Kong takes an entry point, as far as its class tells.
fn is_kong(context: &Context<'_>, entry: &Entry) -> bool {
    let class = context.facts.controllers.get(&context.position(entry));
    matches!(class, Some(ControllerHint::Class(class)) if class.contains("kong"))
}

/// Keeps what plugins of the whole of Kong may do
/// (<https://developer.konghq.com/kubernetes-ingress-controller/reference/custom-resources/#kongclusterplugin>).
pub(super) fn global_plugins(context: &mut Context<'_>, entry: &Entry) {
    let is_global = |e: &Entry| e.object.labels.get("global").is_some_and(|v| v == "true");
    for (index, found) in context.of_kind("KongClusterPlugin").into_iter().filter(|(_, e)| is_global(e)) {
        let plugin = text(&found.object.tree, &["plugin"]).unwrap_or_default();
        context.read(index);
        if AUTHENTICATING.contains(&plugin) {
            context.checked(entry, format!("{plugin} of {}", found.key), "");
        } else if !HARMLESS_PLUGINS.contains(&plugin) {
            context.unjudged(entry, format!("{plugin} of {}", found.key), "");
        }
    }
}

/// Keeps what plugins of Kong that Services name may do to the requests that an entry point sends to them.
pub(super) fn plugins_of_backends(context: &mut Context<'_>, entry: &Entry, services: &[ObjectKey]) {
    for key in services {
        let Some(at) = context.cluster.find(key) else { continue };
        let service = &context.cluster.entries()[at];
        if service.object.annotations.contains_key(PLUGINS)
            && let Some(clients) = plugins(context, service)
            && (!clients.allowed.is_empty() || !clients.denied.is_empty())
        {
            let only = BTreeSet::from([NodeId::object(key)]);
            context.unjudged_to(entry, format!("a list of addresses of a plugin of {key}"), "", only);
        }
    }
}

/// Keeps what the annotations of Services that an Ingress sends to say of its clients: the configuration of backends of
/// Google Cloud (<https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration>).
pub(super) fn of_backends(context: &mut Context<'_>, entry: &Entry) {
    let keys = backends(entry).into_iter().map(|name| ObjectKey::new("", "Service", entry.key.namespace(), name));
    plugins_of_backends(context, entry, &keys.collect::<Vec<ObjectKey>>());
    let mut found: Vec<(ObjectKey, String)> = Vec::new();
    for service in backends(entry) {
        let key = ObjectKey::new("", "Service", entry.key.namespace(), service);
        let Some(at) = context.cluster.find(&key) else { continue };
        let annotations = &context.cluster.entries()[at].object.annotations;
        let keys = ["cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"];
        let Some(said) = keys.iter().find_map(|key| annotations.get(*key)) else { continue };
        let parsed = serde_json::from_str::<Value>(said).unwrap_or_default();
        let ports = parsed.get("ports").and_then(Value::as_object).into_iter().flatten().map(|(_, v)| v);
        for name in parsed.get("default").into_iter().chain(ports).filter_map(Value::as_str) {
            found.push((key.clone(), name.to_owned()));
        }
    }
    for (service, name) in found {
        let key = ObjectKey::new("cloud.google.com", "BackendConfig", service.namespace(), &name);
        let tree = context.cluster.find(&key).map(|at| &context.cluster.entries()[at].object.tree);
        let restricts = tree.is_none_or(|tree| {
            tree.at(&["spec", "iap", "enabled"]).and_then(Tree::as_bool) == Some(true)
                || text(tree, &["spec", "securityPolicy", "name"]).is_some()
        });
        if restricts {
            context.unjudged(entry, format!("BackendConfig {name} of {service}"), "");
        } else if let Some(at) = context.cluster.find(&key) {
            context.read(at);
        }
    }
}

/// The names of the Services that an Ingress sends to.
pub(super) fn backends(entry: &Entry) -> Vec<&str> {
    let tree = &entry.object.tree;
    let paths = items(tree, &["spec", "rules"]).flat_map(|rule| items(rule, &["http", "paths"]));
    let named = paths.filter_map(|p| text(p, &["backend", "service", "name"]));
    let mut all: Vec<&str> = named.chain(text(tree, &["spec", "defaultBackend", "service", "name"])).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Plugins of Kong that let every request through, if changed or late
/// (<https://developer.konghq.com/plugins/>).
const HARMLESS_PLUGINS: &[&str] = &[
    "correlation-id",
    "cors",
    "datadog",
    "file-log",
    "http-log",
    "opentelemetry",
    "prometheus",
    "proxy-cache",
    "rate-limiting",
    "rate-limiting-advanced",
    "request-size-limiting",
    "request-transformer",
    "response-ratelimiting",
    "response-transformer",
    "statsd",
    "syslog",
    "tcp-log",
    "udp-log",
    "zipkin",
];

const PLUGINS: &str = "konghq.com/plugins";

/// Those of them that ask clients who they are.
const AUTHENTICATING: &[&str] = &[
    "acl",
    "basic-auth",
    "hmac-auth",
    "jwt",
    "key-auth",
    "key-auth-enc",
    "ldap-auth",
    "ldap-auth-advanced",
    "mtls-auth",
    "oauth2",
    "oauth2-introspection",
    "openid-connect",
    "session",
];

/// What plugins of Kong that an entry point names make of its clients
/// (<https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/#konghq-com-plugins>).
pub(super) fn plugins(context: &mut Context<'_>, entry: &Entry) -> Option<Clients> {
    let named = entry.object.annotations.get(PLUGINS)?;
    let at = field(PLUGINS);
    let mut clients = None;
    for name in named.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let own = ObjectKey::new("configuration.konghq.com", "KongPlugin", entry.key.namespace(), name);
        let of_cluster = ObjectKey { namespace: None, kind: "KongClusterPlugin".to_owned(), ..own.clone() };
        let found = context.cluster.find(&own).or_else(|| context.cluster.find(&of_cluster));
        let Some(found) = found else {
            context.unjudged(entry, format!("plugin {name}, which is not in the input,"), &at);
            continue;
        };
        let tree = &context.cluster.entries()[found].object.tree;
        let plugin = text(tree, &["plugin"]).unwrap_or_default();
        let list = |key: &str| strings(tree, &["config", key]);
        let is_read = AUTHENTICATING.contains(&plugin) || HARMLESS_PLUGINS.contains(&plugin);
        if is_read || plugin == "ip-restriction" {
            context.read(found);
        }
        if plugin == "ip-restriction" && tree.get("configFrom").is_none() {
            clients = clients.or(Some(Clients { allowed: list("allow"), denied: list("deny"), field: at.clone() }));
        } else if AUTHENTICATING.contains(&plugin) {
            context.checked(entry, format!("plugin {name} ({plugin})"), &at);
        } else if !HARMLESS_PLUGINS.contains(&plugin) {
            context.unjudged(entry, format!("plugin {name} ({plugin})"), &at);
        }
    }
    clients
}

/// Kinds of policies that keep nobody out.
const HARMLESS_POLICIES: &[&str] = &[
    "BackendLBPolicy",
    "BackendTLSPolicy",
    "ClientSettingsPolicy",
    "DNSPolicy",
    "GCPGatewayPolicy",
    "GCPTrafficDistributionPolicy",
    "HealthCheckPolicy",
    "ObservabilityPolicy",
    "ProxySettingsPolicy",
    "RateLimitPolicy",
    "Telemetry",
    "TLSPolicy",
    "TokenRateLimitPolicy",
    "UpstreamSettingsPolicy",
    "XBackendTrafficPolicy",
];

/// Keeps policies that name Gateways, routes or Services as their targets
/// (<https://gateway-api.sigs.k8s.io/reference/policy-attachment/>) and are not evaluated.
pub(super) fn of_targets(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for policy in cluster.entries() {
        let (group, kind) = (policy.key.group.as_str(), policy.key.kind.as_str());
        let is_evaluated =
            matches!(group, "" | "apps" | "autoscaling.k8s.io" | "policy.linkerd.io" | "security.istio.io");
        if is_evaluated || HARMLESS_POLICIES.contains(&kind) {
            continue;
        }
        let tree = &policy.object.tree;
        let single = tree.at(&["spec", "targetRef"]).into_iter();
        for target in single.chain(items(tree, &["spec", "targetRefs"])) {
            let (Some(kind), Some(name)) = (text(target, &["kind"]), text(target, &["name"])) else { continue };
            let group = text(target, &["group"]).unwrap_or_default();
            let namespace = text(target, &["namespace"]).unwrap_or(policy.key.namespace());
            let key = ObjectKey::new(group, kind, namespace, name);
            if let Some(found) = cluster.find(&key) {
                target_of(context, policy, &cluster.entries()[found]);
            }
        }
        for selector in items(tree, &["spec", "targetSelectors"]) {
            let kind = text(selector, &["kind"]).unwrap_or_default();
            let meant = |e: &&Entry| e.key.kind == kind && e.key.namespace == policy.key.namespace;
            for entry in cluster.entries().iter().filter(meant) {
                target_of(context, policy, entry);
            }
        }
    }
}

fn target_of(context: &mut Context<'_>, policy: &Entry, target: &Entry) {
    let is_service = target.key.group.is_empty() && target.key.kind == "Service";
    let is_gateway = entrance_kind(&target.key.group, &target.key.kind).is_some_and(|k| k.role == Role::Gateway);
    if !is_service && !is_gateway && !is_route(target) {
        return;
    }
    let tree = &policy.object.tree;
    let has = |key: &str| tree.at(&["spec", key]).is_some_and(|t| !t.is_null());
    let by = policy.key.to_string();
    match policy.key.kind.as_str() {
        // Retries, timeouts and balancing keep nobody out (https://gateway.envoyproxy.io/docs/api/extension_types/).
        "BackendTrafficPolicy" if !has("faultInjection") && !has("responseOverride") => {}
        "ClientTrafficPolicy" => {
            if tree.at(&["spec", "tls", "clientValidation"]).is_some() {
                context.checked(target, format!("client certificates ({by})"), "");
            }
        }
        "SecurityPolicy" if !has("authorization") => {
            if ["apiKeyAuth", "basicAuth", "extAuth", "jwt", "oidc"].into_iter().any(has) {
                context.checked(target, by, "");
            }
        }
        _ => context.unjudged(target, by, ""),
    }
}

/// Whether a class, an entry point or a pool is named after being inside the network.
pub(super) fn is_internal_word(name: &str) -> bool {
    name.split(['-', '_', '.', '/']).any(|word| matches!(word, "internal" | "intranet" | "private"))
}

/// The texts of a map in a tree.
pub(super) fn texts(tree: &Tree, path: &[&str]) -> BTreeMap<String, String> {
    let entries = tree.at(path).map(Tree::entries).unwrap_or_default();
    entries.iter().filter_map(|e| Some((e.key.to_string(), e.value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_that_only_set_headers_restrict_nobody() {
        assert!(is_restricting("allow 10.0.0.0/8;\ndeny all;"));
        assert!(is_restricting("location /admin { deny all; }"));
        assert!(is_restricting("auth_basic \"x\";"));
        assert!(!is_restricting(
            "more_set_headers \"X-Frame-Options: DENY-ALL\";".replace("DENY-ALL", "SAMEORIGIN").as_str()
        ));
        assert!(!is_restricting("# deny all\nproxy_set_header X-Real $remote_addr;"));
    }
}
