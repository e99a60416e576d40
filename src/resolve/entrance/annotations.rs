//! Annotations of Ingresses that change who gets in or where requests go: source ranges, further hosts, canaries, and
//! classes whose controllers are not on the Internet.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::Ingress;

use super::super::facts::{Checked, Listening};
use super::limits::is_internal_word;
use super::route::Clients;
use crate::cluster::{Cluster, Entry};
use crate::graph::{RouteRule, When};
use crate::manifest::{Body, Tree};
use crate::net::{ClusterName, ObjectKey};

type Annotations = BTreeMap<String, String>;

/// Blocks that are let in, by commas: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#whitelist-source-range>,
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#inbound-cidrs>,
/// <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/>,
/// <https://haproxy-ingress.github.io/docs/configuration/keys/#allowlist> and
/// <https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/ingress_and_load_balancing/configuring-routes>.
const ALLOWED: &[&str] = &[
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "ingress.kubernetes.io/whitelist-source-range",
    "haproxy.org/allow-list",
    "haproxy.org/whitelist",
    "haproxy-ingress.github.io/allowlist-source-range",
    "haproxy-ingress.github.io/whitelist-source-range",
    "haproxy.router.openshift.io/ip_allowlist",
    "haproxy.router.openshift.io/ip_whitelist",
    "alb.ingress.kubernetes.io/inbound-cidrs",
];

/// Blocks that are kept out.
const DENIED: &[&str] = &[
    "nginx.ingress.kubernetes.io/denylist-source-range",
    "haproxy.org/deny-list",
    "haproxy.org/blacklist",
    "haproxy-ingress.github.io/denylist-source-range",
];

/// Further hosts for the rules of an Ingress
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#server-alias>).
const ALIASES: &[&str] =
    &["nginx.ingress.kubernetes.io/server-alias", "haproxy-ingress.github.io/server-alias", "konghq.com/host-aliases"];

const CANARY: &str = "nginx.ingress.kubernetes.io/canary";

fn list<'a>(annotations: &'a Annotations, keys: &[&'static str]) -> Option<(&'static str, Vec<&'a str>)> {
    keys.iter().find_map(|key| {
        let values: Vec<&str> =
            annotations.get(*key)?.split([',', ' ', '\n']).map(str::trim).filter(|v| !v.is_empty()).collect();
        (!values.is_empty()).then_some((*key, values))
    })
}

/// From where clients may come, if annotations restrict that; the field that does if what it says is no list of blocks.
pub(super) fn clients(annotations: &Annotations) -> Option<Result<Clients, String>> {
    // Who identifies himself need not come from there
    // (https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#satisfy).
    let is_any = annotations.get("nginx.ingress.kubernetes.io/satisfy").is_some_and(|v| v == "any");
    if is_any && checked(annotations).is_some() {
        return None;
    }
    let (allowed, denied) = (list(annotations, ALLOWED), list(annotations, DENIED));
    let key = allowed.as_ref().or(denied.as_ref())?.0;
    let blocks = |list: Option<(&str, Vec<&str>)>| -> Option<Vec<String>> {
        let written = list.map(|(_, values)| values).unwrap_or_default();
        let is_block = |v: &&str| v.split('/').next().is_some_and(|a| a.parse::<std::net::IpAddr>().is_ok());
        written.iter().all(is_block).then(|| written.into_iter().map(str::to_owned).collect())
    };
    let read = blocks(allowed).and_then(|allowed| Some((allowed, blocks(denied)?)));
    let clients = |(allowed, denied)| Clients { allowed, denied, field: field(key) };
    Some(read.map(clients).ok_or_else(|| field(key)))
}

/// By which requests are checked before they are sent on: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#external-authentication>,
/// <https://haproxy-ingress.github.io/docs/configuration/keys/#auth-external>,
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#authentication> and
/// <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/>.
const CHECKS: &[&str] = &[
    "nginx.ingress.kubernetes.io/auth-url",
    "nginx.ingress.kubernetes.io/auth-type",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "haproxy-ingress.github.io/auth-url",
    "haproxy.org/auth-type",
    "ingress.kubernetes.io/auth-url",
    "alb.ingress.kubernetes.io/auth-type",
];

/// Who checks the requests of an Ingress, if annotations say so.
pub(super) fn checked(annotations: &Annotations) -> Option<Checked> {
    let (key, value) = CHECKS.iter().find_map(|key| Some((*key, annotations.get(*key)?)))?;
    let by = match key.rsplit('/').next() {
        Some("auth-url") => value.clone(),
        Some("auth-tls-secret") => format!("client certificates ({value})"),
        _ if value == "none" => return None,
        _ => format!("the controller ({value})"),
    };
    Some(Checked { by, field: field(key) })
}

fn field(key: &str) -> String {
    format!("metadata.annotations[\"{key}\"]")
}

/// Further hosts of an Ingress, with the field that names them. One that begins with `~` is a regular expression.
pub(super) fn aliases(annotations: &Annotations) -> Option<(String, Vec<String>)> {
    let (key, hosts) = list(annotations, ALIASES)?;
    Some((field(key), hosts.into_iter().map(str::to_owned).collect()))
}

/// How ingress-nginx answers every request of an Ingress itself, with the field that says so
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#permanent-redirect>).
pub(super) fn redirect(annotations: &Annotations) -> Option<String> {
    let keys = ["nginx.ingress.kubernetes.io/permanent-redirect", "nginx.ingress.kubernetes.io/temporal-redirect"];
    let key = keys.iter().find(|key| annotations.get(**key).is_some_and(|v| !v.trim().is_empty()))?;
    Some(field(key))
}

/// Names of Services that get some requests of an Ingress beside its backends, with the fields that say so and whether
/// they are copies: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#default-backend> and
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#mirror>.
pub(super) fn others<'a>(annotations: &'a Annotations, home: &'a str) -> Vec<(ObjectKey, String, When)> {
    let get = |key: &str| annotations.get(&format!("nginx.ingress.kubernetes.io/{key}")).map(|v| v.trim());
    let at = |key: &str| field(&format!("nginx.ingress.kubernetes.io/{key}"));
    let mut found = Vec::new();
    if let Some(name) = get("default-backend").filter(|n| !n.is_empty()) {
        let (namespace, name) = name.split_once('/').unwrap_or((home, name));
        let key = ObjectKey::new("", "Service", namespace, name);
        found.push((key, at("default-backend"), When::Conditional));
    }
    if let Some(target) = get("mirror-target") {
        let host = target.split_once("://").map_or(target, |(_, rest)| rest);
        let host = host.split(['/', ':', '$']).next().unwrap_or(host);
        if let Some(ClusterName { pod: None, service, namespace: Some(namespace), .. }) = ClusterName::parse(host) {
            let key = ObjectKey::new("", "Service", namespace, service);
            found.push((key, at("mirror-target"), When::Copied));
        }
    }
    found
}

/// Whether an Ingress of Kong is for some methods or headers only
/// (<https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/>).
pub(super) fn is_for_some(annotations: &Annotations) -> bool {
    annotations.iter().any(|(key, value)| match key.strip_prefix("konghq.com/") {
        Some("methods") => !value.split(',').any(|m| m.trim().eq_ignore_ascii_case("GET")),
        Some(key) => key.starts_with("headers."),
        None => false,
    })
}

/// The blocks that the class of the AWS Load Balancer Controller lets in, whatever annotations say
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/#specinboundcidrs>).
pub(super) fn clients_of_class(cluster: &Cluster, class: &str) -> Option<Vec<String>> {
    let of_cluster = |group: &str, kind: &str, name: &str| {
        let key = ObjectKey { namespace: None, name: name.to_owned(), kind: kind.to_owned(), group: group.to_owned() };
        cluster.find(&key).map(|at| &cluster.entries()[at])
    };
    let Body::IngressClass(body) = &of_cluster("networking.k8s.io", "IngressClass", class)?.object.body else {
        return None;
    };
    let spec = body.spec.as_ref().filter(|s| s.controller.as_deref() == Some("ingress.k8s.aws/alb"))?;
    let parameters = of_cluster("elbv2.k8s.aws", "IngressClassParams", &spec.parameters.as_ref()?.name)?;
    let blocks = parameters.object.tree.at(&["spec", "inboundCIDRs"]).map(Tree::items).unwrap_or_default();
    let blocks: Vec<String> = blocks.iter().filter_map(Tree::as_str).map(str::to_owned).collect();
    (!blocks.is_empty()).then_some(blocks)
}

/// The hosts of which ingress-nginx takes every path as a regular expression: one Ingress that asks for it is enough
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/ingress-path-matching/>).
pub(super) fn expression_hosts(cluster: &Cluster) -> BTreeSet<String> {
    let asks = |entry: &Entry| {
        let said = |end: &str| entry.object.annotations.get(&format!("nginx.ingress.kubernetes.io/{end}"));
        said("use-regex").is_some_and(|v| v == "true") || said("rewrite-target").is_some_and(|v| !v.is_empty())
    };
    let rules = cluster.ingresses().filter(|(entry, _)| asks(entry)).flat_map(|(_, i)| i.spec.iter());
    rules.flat_map(|s| s.rules.iter().flatten()).map(|r| r.host.clone().unwrap_or_default()).collect()
}

/// Where an Ingress is heard, as far as annotations close one of the two usual ports: those of
/// <https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-multi-ssl#disabling_http> and
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#listen-ports>.
pub(super) fn listening(annotations: &Annotations) -> Vec<Listening> {
    let heard = |is_encrypted: bool, port: u16| Listening {
        hosts: Vec::new(),
        is_encrypted,
        port: Some(port),
        redirects: false,
    };
    if annotations.get("kubernetes.io/ingress.allow-http").is_some_and(|v| v == "false") {
        return vec![heard(true, 443)];
    }
    let Some(ports) = annotations.get("alb.ingress.kubernetes.io/listen-ports") else { return Vec::new() };
    let parsed: Vec<BTreeMap<String, u16>> = serde_json::from_str(ports).unwrap_or_default();
    let redirects = annotations.contains_key("alb.ingress.kubernetes.io/ssl-redirect");
    let all = parsed.into_iter().flatten().map(|(protocol, port)| {
        let plain = heard(protocol.eq_ignore_ascii_case("HTTPS"), port);
        Listening { redirects: redirects && !plain.is_encrypted, ..plain }
    });
    all.collect()
}

/// The field that says that an Ingress is reached from inside the network only: its class, or the parameters of that.
/// Annotations of the Ingress itself are distinguished elsewhere.
pub(super) fn internal_class(cluster: &Cluster, entry: &Entry, class: Option<&str>) -> Option<String> {
    let class = class?;
    let by_field = entry.object.tree.at(&["spec", "ingressClassName"]).is_some();
    let said = if by_field { "spec.ingressClassName".to_owned() } else { field("kubernetes.io/ingress.class") };
    let annotations = &entry.object.annotations;
    if class == "tailscale" {
        // Its proxy is on the tailnet unless it is asked to be on the Internet
        // (https://tailscale.com/kb/1439/kubernetes-operator-cluster-ingress).
        return (annotations.get("tailscale.com/funnel").map(String::as_str) != Some("true")).then_some(said);
    }
    if is_internal_word(class) {
        return Some(said);
    }
    (scheme(cluster, annotations, class)? == "internal").then_some(said)
}

/// Words in the names of classes of other controllers than that of AWS.
const OTHERS: &[&str] = &[
    "apisix",
    "azure",
    "cilium",
    "contour",
    "gce",
    "haproxy",
    "istio",
    "kong",
    "nginx",
    "openshift",
    "tailscale",
    "traefik",
];

/// Whether the AWS Load Balancer Controller takes an Ingress, as far as annotations and class tell.
pub(super) fn is_alb(annotations: &Annotations, class: Option<&str>) -> bool {
    let class = class.unwrap_or_default();
    let is_named = annotations.keys().any(|k| k.starts_with("alb.ingress.kubernetes.io/"));
    class == "alb" || is_named && !OTHERS.iter().any(|word| class.contains(word))
}

/// The field that makes an Ingress one of the AWS Load Balancer Controller, whose load balancers are inside the network
/// by default, while its IngressClass, which may say otherwise, is not in the input.
pub(super) fn untold_scheme(cluster: &Cluster, entry: &Entry, class: Option<&str>) -> Option<String> {
    let annotations = &entry.object.annotations;
    if !is_alb(annotations, class) || annotations.contains_key("alb.ingress.kubernetes.io/scheme") {
        return None;
    }
    let known = class.is_some_and(|class| cluster.ingress_classes().any(|(entry, _)| entry.key.name == class));
    (!known).then(|| "metadata.annotations".to_owned())
}

/// Whether the load balancer of an Ingress of the AWS Load Balancer Controller is `internal`, which it is by default,
/// as far as its IngressClass is known
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/>).
fn scheme<'c>(cluster: &'c Cluster, annotations: &Annotations, class: &str) -> Option<&'c str> {
    let key = |group: &str, kind: &str, name: &str| ObjectKey {
        namespace: None,
        name: name.to_owned(),
        kind: kind.to_owned(),
        group: group.to_owned(),
    };
    let entry = &cluster.entries()[cluster.find(&key("networking.k8s.io", "IngressClass", class))?];
    let Body::IngressClass(body) = &entry.object.body else { return None };
    let spec = body.spec.as_ref().filter(|s| s.controller.as_deref() == Some("ingress.k8s.aws/alb"))?;
    let named = spec.parameters.as_ref().map(|p| p.name.as_str());
    let own = annotations.contains_key("alb.ingress.kubernetes.io/scheme");
    match named {
        None if own => None,
        None => Some("internal"),
        Some(name) => {
            let parameters = &cluster.entries()[cluster.find(&key("elbv2.k8s.aws", "IngressClassParams", name))?];
            let scheme = parameters.object.tree.at(&["spec", "scheme"]).and_then(Tree::as_str);
            scheme.or((!own).then_some("internal"))
        }
    }
}

/// Canaries of ingress-nginx: an Ingress that takes a part of the requests for hosts and paths of other Ingresses, and
/// none for any other
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary>).
pub(super) struct Canaries {
    /// Hosts and paths of Ingresses that are no canaries.
    main: BTreeSet<(String, String)>,
    /// The part in a hundred that canaries take of a host and path.
    taken: BTreeMap<(String, String), i32>,
}

/// Whether a canary is for requests with a header or a cookie.
fn is_conditional(annotations: &Annotations) -> bool {
    ["header", "cookie"].iter().any(|by| annotations.contains_key(&format!("{CANARY}-by-{by}")))
}

/// Whether an Ingress is a canary.
pub(super) fn is_canary(annotations: &Annotations) -> bool {
    annotations.get(CANARY).is_some_and(|v| v == "true")
}

fn place(host: Option<&str>, path: Option<&str>) -> (String, String) {
    let path = path.filter(|p| !p.is_empty()).unwrap_or("/");
    (host.unwrap_or_default().to_owned(), path.to_owned())
}

impl Canaries {
    /// Those of a cluster.
    pub fn of(cluster: &Cluster) -> Canaries {
        let mut all = Canaries { main: BTreeSet::new(), taken: BTreeMap::new() };
        for (entry, ingress) in cluster.ingresses() {
            for place in places(ingress) {
                if !is_canary(&entry.object.annotations) {
                    all.main.insert(place);
                } else if let Some(weight) =
                    weight(&entry.object.annotations).filter(|_| !is_conditional(&entry.object.annotations))
                {
                    *all.taken.entry(place).or_default() += weight;
                }
            }
        }
        all
    }

    /// Whether an Ingress gets any requests: a canary gets none where there is no other Ingress of its host and path.
    pub fn is_used(&self, entry: &Entry, ingress: &Ingress) -> bool {
        !is_canary(&entry.object.annotations) || places(ingress).any(|place| self.main.contains(&place))
    }

    /// A rule with the part of the requests that it gets.
    pub fn weighed(&self, entry: &Entry, rule: RouteRule) -> RouteRule {
        let annotations = &entry.object.annotations;
        let place = place(rule.host.as_deref(), rule.path.as_deref());
        if !is_canary(annotations) {
            let rest = self.taken.get(&place).map(|taken| 100 - (*taken).clamp(0, 100));
            return RouteRule { weight: rule.weight.or(rest), ..rule };
        }
        let condition = ["header", "cookie"].into_iter().find_map(|by| {
            let name = annotations.get(&format!("{CANARY}-by-{by}"))?;
            let value = annotations.get(&format!("{CANARY}-by-{by}-value"));
            Some(format!("({by} {name}{})", value.map_or(String::new(), |v| format!("={v}"))))
        });
        let condition_less = |path: &Option<String>, rule: &RouteRule| *path == rule.path;
        let path = match condition {
            None => rule.path.clone(),
            Some(words) => Some(format!("{} {words}", rule.path.as_deref().unwrap_or("/"))),
        };
        // Requests that fulfil the condition come whatever the weight is.
        let weight = weight(annotations).filter(|w| *w > 0 || condition_less(&path, &rule));
        let when = if condition_less(&path, &rule) { rule.when } else { When::Conditional };
        RouteRule { weight, path, when, ..rule }
    }
}

fn places(ingress: &Ingress) -> impl Iterator<Item = (String, String)> + '_ {
    let rules = ingress.spec.iter().flat_map(|s| s.rules.iter().flatten());
    rules.flat_map(|rule| {
        let paths = rule.http.iter().flat_map(|h| &h.paths);
        paths.map(|path| place(rule.host.as_deref(), path.path.as_deref()))
    })
}

/// The part in a hundred that a canary takes.
fn weight(annotations: &Annotations) -> Option<i32> {
    let number = |key: &str| annotations.get(&format!("{CANARY}-{key}")).and_then(|v| v.parse::<i64>().ok());
    let total = number("weight-total").filter(|t| *t > 0).unwrap_or(100);
    i32::try_from(number("weight")?.saturating_mul(100) / total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Annotations {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn source_ranges_are_read() {
        let read = |pairs: &[(&str, &str)]| clients(&with(pairs)).unwrap().unwrap();
        let found = read(&[(ALLOWED[0], "10.0.0.0/8, 192.0.2.7")]);
        assert_eq!((found.allowed.len(), found.denied.len()), (2, 0));
        let found = read(&[(DENIED[0], "192.0.2.0/24")]);
        assert_eq!((found.allowed.len(), found.denied), (0, vec!["192.0.2.0/24".to_owned()]));
        assert_eq!(clients(&with(&[(ALLOWED[3], "patterns/office")])), Some(Err(field(ALLOWED[3]))));
        assert_eq!(clients(&with(&[(ALLOWED[0], "")])), None);
    }

    #[test]
    fn weights_are_parts_of_their_total() {
        let of = |pairs: &[(&str, &str)]| weight(&with(pairs));
        assert_eq!(of(&[("nginx.ingress.kubernetes.io/canary-weight", "20")]), Some(20));
        let total = ("nginx.ingress.kubernetes.io/canary-weight-total", "1000");
        assert_eq!(of(&[("nginx.ingress.kubernetes.io/canary-weight", "20"), total]), Some(2));
        assert_eq!(of(&[]), None);
    }
}
