//! The listeners of the Gateway API: which routes each takes, how it encrypts their requests, and where several stand
//! in each other's way (<https://gateway-api.sigs.k8s.io/reference/spec/#listener>).

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::{Listening, RefusalReason};
use super::route::{items, number, text};
use super::{Context, oldest};
use crate::cluster::Entry;
use crate::graph::HostTls;
use crate::manifest::Tree;
use crate::policy;

/// The routes that have taken a listener, or a host of one, which only one route can have: by the position of the
/// Gateway and of the listener, and by host.
pub(super) type Taken<'a> = BTreeMap<(usize, usize, String), Vec<&'a Entry>>;

/// What a listener of TCP or UDP as a whole, or of TLS for a host, can send to one route only
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#allowedroutes>).
fn exclusive(route: &Entry, hosts: &[String]) -> Vec<String> {
    match route.key.kind.as_str() {
        "TCPRoute" | "UDPRoute" => vec![String::new()],
        "TLSRoute" => hosts_or_any(hosts),
        _ => Vec::new(),
    }
}

/// Whether an older route has a listener for itself. Where it is not known which is the older one, that is kept.
fn is_taken<'a>(
    context: &mut Context<'_>,
    taken: &mut Taken<'a>,
    (gateway, listener): (usize, usize),
    (route, hosts): (&'a Entry, &[String]),
) -> bool {
    let mut all_taken = true;
    let claims = exclusive(route, hosts);
    for claim in &claims {
        let known = taken.entry((gateway, listener, claim.clone())).or_default();
        // They come in the order of their times, so that the first is the oldest if any is.
        let all: Vec<&Entry> = known.first().copied().into_iter().chain([route]).collect();
        known.push(route);
        let first = oldest::oldest(&all);
        all_taken &= all.len() > 1 && first.is_some_and(|f| f.key != route.key);
        if all.len() > 1 && first.is_none() {
            let claim = if claim.is_empty() { "its listener".to_owned() } else { format!("{claim} of its listener") };
            oldest::contest(context, &all, (&claim, "spec.parentRefs"));
        }
    }
    !claims.is_empty() && all_taken
}

/// Which listeners of a Gateway others stand in the way of: they listen on one port, and nothing tells their requests
/// apart (<https://gateway-api.sigs.k8s.io/reference/spec/#listener>).
fn conflicting(gateway: &Entry) -> Vec<bool> {
    let family = |l: &Tree| match text(l, &["protocol"]) {
        Some("HTTPS") => "TLS".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    // Connections of TCP and UDP have no name of a host.
    let host = |l: &Tree| match family(l).as_str() {
        "TCP" | "UDP" => String::new(),
        _ => text(l, &["hostname"]).unwrap_or_default().to_ascii_lowercase(),
    };
    let all: Vec<(Option<u16>, String, String)> = items(&gateway.object.tree, &["spec", "listeners"])
        .map(|l| (number(l, &["port"]), family(l), host(l)))
        .collect();
    let mut same: BTreeMap<&(Option<u16>, String, String), usize> = BTreeMap::new();
    let mut families: BTreeMap<Option<u16>, BTreeSet<&str>> = BTreeMap::new();
    for listener in &all {
        *same.entry(listener).or_default() += 1;
        if listener.1 != "UDP" {
            families.entry(listener.0).or_default().insert(&listener.1);
        }
    }
    let is_mixed = |(port, family, _): &(Option<u16>, String, String)| {
        family != "UDP" && families.get(port).is_some_and(|f| f.len() > 1)
    };
    all.iter().map(|listener| same[listener] > 1 || is_mixed(listener)).collect()
}

/// The hosts of a route; `*` for one that names none.
pub(super) fn hosts_or_any(hosts: &[String]) -> Vec<String> {
    if hosts.is_empty() { vec!["*".into()] } else { hosts.to_vec() }
}

/// The hosts of a route that listeners with TLS serve, and how these encrypt requests for them.
#[derive(Default)]
pub(super) struct Served(pub BTreeMap<String, HostTls>);

impl Served {
    pub fn add(&mut self, host: String, tls: HostTls) {
        let known = self.0.entry(host).or_insert(tls);
        *known = known.or(tls);
    }

    pub fn tls(&self, host: &str) -> HostTls {
        self.0.get(host).copied().unwrap_or_default()
    }
}

/// Whether any listener that a parent reference means accepts a route: then which of its hosts have TLS; else why not.
pub(super) fn accepting<'a>(
    context: &mut Context<'_>,
    at: usize,
    (route, taken): (&'a Entry, &mut Taken<'a>),
    parent: &Tree,
    hosts: &[String],
) -> Result<Served, RefusalReason> {
    let gateway = &context.cluster.entries()[at];
    let conflicting = conflicting(gateway);
    let mut meant = 0;
    let mut accepted = false;
    let mut secure = Served::default();
    // Why none of its listeners surely takes the route.
    let (mut is_sure, mut unsure) = (false, None);
    let mut older = None;
    for (l, listener) in items(&gateway.object.tree, &["spec", "listeners"]).enumerate() {
        if !is_meant(listener, parent) {
            continue;
        }
        meant += 1;
        let own = text(listener, &["hostname"]).unwrap_or("*");
        let mut served = hosts_or_any(hosts).into_iter().filter(|h| hosts_meet(own, h)).peekable();
        if served.peek().is_some() && admits(context, gateway, listener, route) {
            if is_taken(context, taken, (at, l), (route, hosts)) {
                older = taken.iter().find(|((g, i, _), _)| (*g, *i) == (at, l)).map(|(_, all)| all[0].key.clone());
                continue;
            }
            let is_conflicting = conflicting.get(l) == Some(&true);
            let conflict =
                || format!("spec.listeners[{l}] of {} conflicts with another listener on its port", gateway.key);
            match untold(context, gateway, listener, route).or_else(|| is_conflicting.then(conflict)) {
                Some(text) => unsure = Some(text),
                None => is_sure = true,
            }
            accepted = true;
            let tls = listener_tls(listener);
            context.heard(route, [listening(listener)]);
            if tls.is_encrypted() {
                served.for_each(|host| secure.add(host, tls));
            }
        }
    }
    if let Some(text) = unsure.filter(|_| !is_sure) {
        context.fault(route, text, "spec.parentRefs");
    }
    match (accepted, meant, text(parent, &["sectionName"]), number(parent, &["port"])) {
        (true, ..) => Ok(secure),
        (false, ..) if let Some(older) = older => Err(RefusalReason::Taken(older)),
        // A Gateway whose listeners come from elsewhere, or that is half written, cannot be said to refuse.
        (false, 0, None, None) => {
            context.heard_elsewhere(route);
            Ok(secure)
        }
        (false, 0, Some(section), _) => Err(RefusalReason::NoListenerNamed(section.to_owned())),
        (false, 0, None, Some(port)) => Err(RefusalReason::NoListenerOn(port)),
        (false, ..) => Err(RefusalReason::NotTaken { hosts: hosts.to_vec() }),
    }
}

/// Whether a parent reference means a listener: it may name one, or a port
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#parentreference>).
fn is_meant(listener: &Tree, parent: &Tree) -> bool {
    text(parent, &["sectionName"]).is_none_or(|name| text(listener, &["name"]) == Some(name))
        && number(parent, &["port"]).is_none_or(|port| number(listener, &["port"]) == Some(port))
}

/// Where a listener takes requests.
fn listening(listener: &Tree) -> Listening {
    Listening {
        hosts: text(listener, &["hostname"]).map(str::to_owned).into_iter().collect(),
        is_encrypted: matches!(text(listener, &["protocol"]), Some("HTTPS" | "TLS")),
        port: number(listener, &["port"]),
        redirects: false,
    }
}

/// How a listener encrypts requests
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#tlsmodetype>): it terminates TLS unless it says otherwise.
fn listener_tls(listener: &Tree) -> HostTls {
    match (text(listener, &["protocol"]), text(listener, &["tls", "mode"])) {
        (Some("TLS"), Some("Passthrough")) => HostTls::Passthrough,
        (Some("HTTPS" | "TLS"), _) => HostTls::Terminated,
        _ => HostTls::None,
    }
}

/// Whether two host names, either of which may begin with a wildcard, have a name in common. Here a wildcard represents
/// any number of labels (<https://gateway-api.sigs.k8s.io/reference/spec/#hostname>).
pub(super) fn hosts_meet(a: &str, b: &str) -> bool {
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
    admits_from(context, gateway, listener.at(&["allowedRoutes", "namespaces"]), "Same", route)
}

/// Whether objects of a namespace may attach, by what a Gateway says of namespaces.
pub(super) fn admits_from(
    context: &Context<'_>,
    gateway: &Entry,
    said: Option<&Tree>,
    default: &str,
    object: &Entry,
) -> bool {
    match said.and_then(|s| text(s, &["from"])).unwrap_or(default) {
        "All" => true,
        "Selector" => {
            let Some(namespace) = context.cluster.namespaces().get(object.key.namespace()) else {
                return true;
            };
            // The labels of a namespace that the input does not declare are not known, and a guess must not hide a way
            // in.
            namespace.declared.is_none()
                || said
                    .and_then(|s| s.get("selector"))
                    .is_some_and(|s| policy::from_tree(s).is_ok_and(|s| s.matches(&namespace.labels)))
        }
        "None" => false,
        _ => gateway.key.namespace == object.key.namespace,
    }
}

/// Why it is not known whether a listener takes routes of a namespace: it asks for labels, and the input does not
/// declare the namespace.
fn untold(context: &Context<'_>, gateway: &Entry, listener: &Tree, route: &Entry) -> Option<String> {
    let said = listener.at(&["allowedRoutes", "namespaces"])?;
    let home = route.key.namespace();
    let namespace = context.cluster.namespaces().get(home).filter(|n| n.declared.is_none())?;
    let selector = said.get("selector").filter(|_| text(said, &["from"]) == Some("Selector"))?;
    let is_known = policy::from_tree(selector).is_ok_and(|s| s.matches(&namespace.labels));
    (!is_known).then(|| {
        format!("{} takes routes by labels of their namespaces, and those of {home} are not in the input", gateway.key)
    })
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
