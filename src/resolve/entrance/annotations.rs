//! Annotations of Ingresses that change who gets in or where requests go: source ranges, further hosts, canaries, and
//! classes whose controllers are not on the Internet.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::Ingress;

use super::super::facts::Checked;
use super::route::Clients;
use crate::cluster::{Cluster, Entry};
use crate::graph::RouteRule;
use crate::manifest::{Body, Tree};
use crate::net::ObjectKey;

type Annotations = BTreeMap<String, String>;

/// Blocks that are let in, by commas: those of
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#whitelist-source-range>,
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#inbound-cidrs>,
/// <https://www.haproxy.com/documentation/kubernetes-ingress/ingress-configuration-reference/> and
/// <https://haproxy-ingress.github.io/docs/configuration/keys/#allowlist>.
const ALLOWED: &[&str] = &[
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "ingress.kubernetes.io/whitelist-source-range",
    "haproxy.org/allow-list",
    "haproxy.org/whitelist",
    "haproxy-ingress.github.io/allowlist-source-range",
    "haproxy-ingress.github.io/whitelist-source-range",
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

/// From where clients may come, if annotations restrict that. A pattern in place of a block is not understood, and then
/// nothing is said.
pub(super) fn clients(annotations: &Annotations) -> Option<Clients> {
    let (allowed, denied) = (list(annotations, ALLOWED), list(annotations, DENIED));
    let key = allowed.as_ref().or(denied.as_ref())?.0;
    let blocks = |list: Option<(&str, Vec<&str>)>| -> Option<Vec<String>> {
        let written = list.map(|(_, values)| values).unwrap_or_default();
        let is_block = |v: &&str| v.split('/').next().is_some_and(|a| a.parse::<std::net::IpAddr>().is_ok());
        written.iter().all(is_block).then(|| written.into_iter().map(str::to_owned).collect())
    };
    Some(Clients { allowed: blocks(allowed)?, denied: blocks(denied)?, field: field(key) })
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

/// Further hosts of an Ingress, with the field that names them.
pub(super) fn aliases(annotations: &Annotations) -> Option<(String, Vec<String>)> {
    let (key, hosts) = list(annotations, ALIASES)?;
    Some((field(key), hosts.into_iter().filter(|h| !h.starts_with('~')).map(str::to_owned).collect()))
}

/// The field that says that an Ingress is reached from inside the network only: its class, or the parameters of that.
/// Annotations of the Ingress itself are told apart elsewhere.
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
    let is_word = |word: &str| matches!(word, "internal" | "intranet" | "private");
    if class.split(['-', '_', '.', '/']).any(is_word) {
        return Some(said);
    }
    (scheme(cluster, annotations, class)? == "internal").then_some(said)
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
                } else if let Some(weight) = weight(&entry.object.annotations) {
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
        let path = match condition {
            None => rule.path,
            Some(words) => Some(format!("{} {words}", rule.path.as_deref().unwrap_or("/"))),
        };
        RouteRule { weight: weight(annotations), path, ..rule }
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
        let found = clients(&with(&[(ALLOWED[0], "10.0.0.0/8, 192.0.2.7")])).unwrap();
        assert_eq!((found.allowed.len(), found.denied.len()), (2, 0));
        let found = clients(&with(&[(DENIED[0], "192.0.2.0/24")])).unwrap();
        assert_eq!((found.allowed.len(), found.denied), (0, vec!["192.0.2.0/24".to_owned()]));
        assert_eq!(clients(&with(&[(ALLOWED[3], "patterns/office")])), None);
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
