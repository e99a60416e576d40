//! Which rule of an Ingress or route answers a URL: by host, then by path
//! (<https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types>,
//! <https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule>).

use regex_lite::RegexBuilder;

use super::Scene;
use super::answer::{Mark, Step};
use super::question::Url;
use crate::graph::{
    Backend, Detail, Edge, EdgeDetail, Evidence, HostTls, Node, NodeId, NodeKind, RouteRule, When, are_silent,
};
use crate::resolve::{Facts, Listening};

/// A rule that answers a URL, with what becomes of the request.
pub(super) struct Match {
    /// The Ingress or route.
    pub by: NodeId,
    /// Who gets the request.
    pub end: End,
    /// Where the rule is.
    at: Option<String>,
    /// The rule in words.
    text: String,
    tls: HostTls,
    /// Where its listeners are known, why it is not sure that one of them takes the request.
    unsure: Option<String>,
    /// Whether its listeners are known.
    is_heard: bool,
    rank: Rank,
    is_conditional: bool,
}

/// Who gets a request.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum End {
    /// A node and its port.
    Sent(usize, Backend),
    /// Nobody: it is answered in this way.
    Answered(String),
}

/// The rules that may answer a URL.
#[derive(Default)]
pub(super) struct Matches {
    /// Those that do, as far as is known: several if one sends to several backends. Other rules, which come before,
    /// stand at the end.
    pub rules: Vec<Match>,
    /// Why it is not known which rule answers.
    pub unsure: Option<String>,
    /// Why listeners do not take the request for rules that are for it.
    pub unheard: Vec<String>,
}

/// How well a rule fits: the host first, then an exact path, then the longest.
type Rank = (usize, bool, usize);

/// How a rule fits.
#[derive(Clone, Copy)]
struct Fit {
    rank: Rank,
    /// Whether the controller decides what its path means.
    is_loose: bool,
}

/// The rules that answer a URL.
pub(super) fn matches(scene: &Scene<'_>, url: &Url) -> Matches {
    let mut all = Matches::default();
    let mut found: Vec<Match> = Vec::new();
    for (from, to, edge) in scene.graph.edges() {
        let by = scene.graph.node(from);
        let EdgeDetail::Routes { port, rules } = &edge.detail else { continue };
        if !matches!(by.kind(), NodeKind::Ingress | NodeKind::Route) || are_silent(rules) {
            continue;
        }
        for (i, rule) in rules.iter().enumerate().filter(|(_, r)| r.weight != Some(0)) {
            let said = edge.evidence.get(i).or_else(|| edge.evidence.first());
            let end = End::Sent(to, port.clone());
            found.extend(one(scene, (by, rule, said), end, url, &mut all.unheard));
        }
    }
    for own in &scene.facts.answers {
        let by = scene.graph.object(&scene.entry(own.object).key).map(|n| scene.graph.node(n));
        let end = End::Answered(own.how.clone());
        found.extend(by.and_then(|by| one(scene, (by, &own.rule, Some(&own.at)), end, url, &mut all.unheard)));
    }
    // What another route takes is answered by the rules of that.
    let ends = |m: &Match| !matches!(m.end, End::Sent(to, _) if scene.graph.node(to).kind() == NodeKind::Route);
    if found.iter().any(ends) {
        found.retain(ends);
    }
    found.sort_by(|a, b| b.rank.cmp(&a.rank).then(a.is_conditional.cmp(&b.is_conditional)));
    let plain = found.iter().find(|m| !m.is_conditional).or(found.first());
    let Some((best, end, is_conditional)) = plain.map(|m| (m.rank, m.end.clone(), m.is_conditional)) else {
        return all;
    };
    let before = |m: &&Match| m.rank > best && m.end != end;
    all.unsure = match found.iter().find(|m| is_conditional || before(m)) {
        Some(first) => Some(format!(
            "whether {} of {} is for this request depends on more than host and path",
            first.text, first.by
        )),
        None => found.iter().find(|m| m.rank == best).and_then(|m| m.unsure.clone()),
    };
    let (mut rules, mut others): (Vec<Match>, Vec<Match>) =
        found.into_iter().partition(|m| m.rank == best && m.is_conditional == is_conditional);
    others.retain(|m| m.rank >= best);
    rules.append(&mut others);
    all.rules = rules;
    all
}

fn one(
    scene: &Scene<'_>,
    (by, rule, said): (&Node, &RouteRule, Option<&Evidence>),
    end: End,
    url: &Url,
    unheard: &mut Vec<String>,
) -> Option<Match> {
    if rule.when == When::Copied {
        return None;
    }
    let fit = fit(rule, url, by)?;
    let object = by.id.key().and_then(|key| scene.cluster.find(key))?;
    if !is_passed_on(scene, object, by, url) {
        return None;
    }
    let mut end = end;
    let mut unsure = None;
    let listening = scene.facts.listening_of(object);
    if let Some(listening) = listening {
        match heard(listening, url) {
            Heard::Yes => {}
            Heard::Perhaps(text) => unsure = Some(format!("{}: {text}", by.id)),
            Heard::Redirected => end = End::Answered("a redirect to HTTPS".to_owned()),
            // A route for any host is not about this one.
            Heard::No(_) if fit.rank.0 <= 1 && !is_for_host(scene.facts, object, url) => return None,
            Heard::No(text) => {
                let text = format!("{}: {text}", by.id);
                if !unheard.contains(&text) {
                    unheard.push(text);
                }
                return None;
            }
        }
    }
    Some(Match {
        by: by.id.clone(),
        end,
        at: said.map(Evidence::place),
        text: if rule.default { "whatever no rule fits".to_owned() } else { rule.text() },
        tls: rule.tls,
        unsure,
        is_heard: listening.is_some(),
        rank: said.and_then(|said| turn(scene, object, said)).map_or(fit.rank, |turn| (fit.rank.0, false, turn)),
        is_conditional: fit.is_loose || rule.when == When::Conditional,
    })
}

/// The turn of a rule whose order decides, the higher the earlier: the first route of a VirtualService that fits takes
/// the request (<https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService>).
fn turn(scene: &Scene<'_>, object: usize, said: &Evidence) -> Option<usize> {
    scene.facts.turns.get(&(object, said.field.clone())).map(|turn| usize::MAX - turn)
}

/// Whether some listener of a route takes the host of a URL.
fn is_for_host(facts: &Facts, object: usize, url: &Url) -> bool {
    let listening = facts.listening_of(object).unwrap_or_default();
    listening.iter().any(|l| l.hosts.iter().any(|h| host_fits(h, &url.host, false)))
}

/// Whether a route that others pass requests to gets one from any of them, or takes them itself.
fn is_passed_on(scene: &Scene<'_>, object: usize, by: &Node, url: &Url) -> bool {
    let gates = scene.facts.gates_of(object);
    gates.is_empty()
        || gates.iter().any(|gate| {
            let Some(before) = gate.through.last().and_then(|id| scene.graph.find(id)) else { return true };
            if scene.graph.node(before).kind() != NodeKind::Route {
                return true;
            }
            let edges = scene.graph.outgoing(before).into_iter().map(|e| scene.graph.edge(e));
            let mut here = edges.filter(|(_, to, _)| scene.graph.node(*to).id == by.id);
            here.any(|(_, _, edge)| takes(scene.graph.node(before), edge, url))
        })
}

fn takes(by: &Node, edge: &Edge, url: &Url) -> bool {
    let EdgeDetail::Routes { rules, .. } = &edge.detail else { return false };
    rules.is_empty() || rules.iter().any(|rule| fit(rule, url, by).is_some())
}

/// Whether a listener takes a request.
enum Heard {
    Yes,
    Redirected,
    Perhaps(String),
    No(String),
}

fn heard(listening: &[Listening], url: &Url) -> Heard {
    let scheme = if url.is_https { "https" } else { "http" };
    let for_host = |l: &&Listening| l.hosts.is_empty() || l.hosts.iter().any(|h| host_fits(h, &url.host, false));
    let of_host: Vec<&Listening> = listening.iter().filter(for_host).collect();
    if of_host.is_empty() {
        return Heard::No(format!("no listener is for {}", url.host));
    }
    let of_scheme: Vec<&Listening> = of_host.into_iter().filter(|l| l.is_encrypted == url.is_https).collect();
    if of_scheme.is_empty() {
        return Heard::No(format!("no listener for {} takes {scheme}", url.host));
    }
    let port = url.port.unwrap_or(if url.is_https { 443 } else { 80 });
    let on_port: Vec<&Listening> = of_scheme.iter().copied().filter(|l| l.port.is_none_or(|p| p == port)).collect();
    match (on_port.as_slice(), of_scheme.as_slice()) {
        ([], [first, ..]) => {
            let own = first.port.unwrap_or_default();
            Heard::Perhaps(format!("it listens on {own}, and whether that is reached as {port} is not known"))
        }
        (on_port, _) if !on_port.is_empty() && on_port.iter().all(|l| l.redirects) => Heard::Redirected,
        _ => Heard::Yes,
    }
}

/// Whether a host of a rule is that of a URL; a wildcard represents one label, or any number of them.
fn host_fits(host: &str, asked: &str, one_label: bool) -> bool {
    let Some(rest) = host.strip_prefix('*') else { return host.eq_ignore_ascii_case(asked) };
    let rest = rest.to_ascii_lowercase();
    let before = asked.strip_suffix(rest.as_str());
    before.is_some_and(|before| rest.is_empty() || !before.is_empty() && (!one_label || !before.contains('.')))
}

/// The path of a rule without the method that it is for and without further conditions.
fn path_of(rule: &RouteRule) -> &str {
    let said = rule.path.as_deref().unwrap_or("/");
    let path = said.find('/').map_or("/", |at| &said[at..]);
    path.split_once(" (").map_or(path, |(path, _)| path)
}

fn host_rank(host: &str, url: &Url, one_label: bool) -> Option<usize> {
    if !host_fits(host, &url.host, one_label) {
        return None;
    }
    // The longer suffix is the closer one.
    Some(match host.strip_prefix('*') {
        None => 1_000,
        Some(rest) => 1 + rest.len(),
    })
}

fn fit(rule: &RouteRule, url: &Url, by: &Node) -> Option<Fit> {
    if rule.default {
        return Some(Fit { rank: (0, false, 0), is_loose: false });
    }
    let one_label = by.kind() == NodeKind::Ingress;
    let mut is_unread = false;
    let host = match (rule.host.as_deref(), &by.detail) {
        // An expression (https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#server-alias).
        (Some(host), _) if host.starts_with('~') => {
            let written = host.trim_start_matches(['~', '*']);
            let built = RegexBuilder::new(written).case_insensitive(true).size_limit(LARGEST).build();
            is_unread = built.is_err();
            (is_unread || built.is_ok_and(|e| e.is_match(&url.host))).then_some(2)?
        }
        (Some(host), _) => host_rank(host, url, one_label)?,
        // A rule of several hosts is worded without any.
        (None, Detail::Route { hosts }) if !hosts.is_empty() => {
            hosts.iter().filter_map(|host| host_rank(host, url, one_label)).max()?
        }
        (None, _) => 1,
    };
    let path = path_of(rule);
    let kind = rule.path_type.as_deref();
    if by.id.key().is_some_and(|key| key.kind == "GRPCRoute") {
        let method = rule.path.as_deref().unwrap_or("*/*");
        let method = method.split_once(" (").map_or(method, |(method, _)| method);
        let rank = (host, !method.contains('*'), method.len());
        return of_method(method, &url.path).then_some(Fit { rank, is_loose: is_unread });
    }
    let (fits, is_unsure) = match kind {
        Some("Exact") => (path == url.path, false),
        Some("RegularExpression") => expression(rule.path.as_deref().unwrap_or_default(), &url.path, one_label)?,
        _ => {
            let stem = path.trim_end_matches('/');
            let fits = url.path.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            (fits, kind == Some("ImplementationSpecific") && !fits && url.path.starts_with(path))
        }
    };
    let rank = (host, kind == Some("Exact"), path.len());
    (fits || is_unsure).then_some(Fit { rank, is_loose: is_unsure || is_unread })
}

/// Whether a path is that of a method of gRPC, which is written as `Service/Method`, with `*` for any of them
/// (<https://gateway-api.sigs.k8s.io/reference/spec/#grpcmethodmatch>).
fn of_method(wanted: &str, path: &str) -> bool {
    let Some((service, method)) = wanted.split_once('/') else { return true };
    let fits = |wanted: &str, own: &str| wanted == "*" || wanted == own;
    path.trim_start_matches('/').split_once('/').is_some_and(|(s, m)| fits(service, s) && fits(method, m))
        || (service, method) == ("*", "*")
}

/// Larger expressions are not evaluated.
const LARGEST: usize = 1 << 20;

/// Whether a regular expression fits a path, and whether that depends on the controller: some compare the whole path,
/// ingress-nginx its beginning without regard to case
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/ingress-path-matching/>), others any part.
fn expression(written: &str, path: &str, is_prefix: bool) -> Option<(bool, bool)> {
    let said = written.split_once(" (").filter(|(_, rest)| rest.ends_with(')') && rest.contains('='));
    let written = said.map_or(written, |(expression, _)| expression);
    let fits = |text: &str| -> Option<bool> {
        let built = RegexBuilder::new(text).case_insensitive(is_prefix).size_limit(LARGEST).build();
        Some(built.ok()?.is_match(path))
    };
    let Some(whole) = fits(&format!("^(?:{written})$")) else { return Some((false, true)) };
    if whole || is_prefix && fits(&format!("^(?:{written})")) == Some(true) {
        return Some((true, false));
    }
    let part = fits(written).unwrap_or(true);
    (!is_prefix && part).then_some((false, true))
}

impl Match {
    /// Says which rule answers.
    pub fn say(&self, url: &Url, step: &mut Step) {
        step.say(Mark::Ok, format!("{url} is answered by {} of {}", self.text, self.by), self.at.clone());
        match (url.is_https, self.tls.is_encrypted()) {
            _ if self.is_heard => {}
            (true, false) if self.tls.as_str() == "no" => step.say(
                Mark::Doubt,
                format!("{} has no TLS for {}: a client gets a certificate of the controller's own", self.by, url.host),
                self.at.clone(),
            ),
            (false, true) => {
                step.say(Mark::Ok, format!("{} has TLS for {}: plain HTTP may be redirected", self.by, url.host), None);
            }
            _ => {}
        }
    }

    /// The rule and whose it is.
    pub fn name(&self) -> String {
        format!("{} of {}", self.text, self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_fit_as_far_as_controllers_agree() {
        assert_eq!(expression("/api/v[0-9]+/.*", "/api/v2/x", false), Some((true, false)));
        assert_eq!(expression("/api/v[0-9]+", "/api/v2/x", false), Some((false, true)));
        assert_eq!(expression("/API/v[0-9]+", "/api/v2/x", true), Some((true, false)));
        assert_eq!(expression("/api/v[0-9]+", "/other", false), None);
        assert_eq!(expression("/api/(?=x)", "/api/x", false), Some((false, true)));
    }

    #[test]
    fn methods_of_grpc_are_paths() {
        assert!(of_method("shop.Cart/Add", "/shop.Cart/Add"));
        assert!(of_method("shop.Cart/*", "/shop.Cart/Del") && of_method("*/Add", "/x/Add") && of_method("*/*", "/"));
        assert!(!of_method("shop.Cart/Add", "/shop.Cart/Del"));
    }

    #[test]
    fn a_wildcard_stands_for_one_label_of_an_ingress_and_for_any_number_of_a_route() {
        assert!(host_fits("*.example.com", "a.example.com", true));
        assert!(!host_fits("*.example.com", "a.b.example.com", true));
        assert!(host_fits("*.example.com", "a.b.example.com", false));
        assert!(!host_fits("*.example.com", "example.com", false));
        assert!(host_fits("*", "example.com", false));
    }
}
