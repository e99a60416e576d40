//! Which rule of an Ingress or route answers a URL: by host, then by path
//! (<https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types>,
//! <https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule>).

use super::Scene;
use super::answer::{Mark, Step};
use super::question::Url;
use crate::graph::{Backend, EdgeDetail, HostTls, NodeId, NodeKind, RouteRule};

/// A rule that answers a URL, with what it sends to.
pub(super) struct Match {
    /// The Ingress or route.
    pub by: NodeId,
    /// The node that it sends to.
    pub to: usize,
    /// The port there.
    pub port: Backend,
    /// Where the rule is.
    at: Option<String>,
    /// The rule in words.
    text: String,
    tls: HostTls,
    /// True if the controller decides what its path means.
    is_loose: bool,
}

/// How well a rule fits: the host first, then an exact path, then the longest.
type Rank = (usize, bool, usize);

/// The rules that answer a URL: several if one sends to several backends.
pub(super) fn matches(scene: &Scene<'_>, url: &Url) -> Vec<Match> {
    let mut found: Vec<(Rank, Match)> = Vec::new();
    for (from, to, edge) in scene.graph.edges() {
        let by = scene.graph.node(from);
        let EdgeDetail::Routes { port, rules } = &edge.detail else { continue };
        if !matches!(by.kind(), NodeKind::Ingress | NodeKind::Route) {
            continue;
        }
        let one_label = by.kind() == NodeKind::Ingress;
        for (i, rule) in rules.iter().enumerate() {
            let Some(rank) = rank(rule, url, one_label) else { continue };
            let place = edge.evidence.get(i).or_else(|| edge.evidence.first()).map(|e| e.place());
            let is_loose = matches!(rule.path_type.as_deref(), Some("ImplementationSpecific" | "RegularExpression"))
                || rule.path.as_deref().is_some_and(|p| p != path_of(rule));
            let text = if rule.default { "whatever no rule fits".to_owned() } else { rule.text() };
            let (by, port, tls) = (by.id.clone(), port.clone(), rule.tls);
            found.push((rank, Match { by, to, port, at: place, text, tls, is_loose }));
        }
    }
    // What another route takes is answered by the rules of that.
    let ends = |m: &Match| scene.graph.node(m.to).kind() != NodeKind::Route;
    if found.iter().any(|(_, m)| ends(m)) {
        found.retain(|(_, m)| ends(m));
    }
    let best = found.iter().map(|(rank, _)| *rank).max();
    found.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, found)| found).collect()
}

/// The path of a rule without the method that it is for and without further conditions.
fn path_of(rule: &RouteRule) -> &str {
    let said = rule.path.as_deref().unwrap_or("/");
    let path = said.find('/').map_or("/", |at| &said[at..]);
    path.split_once(" (").map_or(path, |(path, _)| path)
}

fn rank(rule: &RouteRule, url: &Url, one_label: bool) -> Option<Rank> {
    if rule.default {
        return Some((0, false, 0));
    }
    let host = match rule.host.as_deref() {
        None => 1,
        Some(host) if host.eq_ignore_ascii_case(&url.host) => 1_000,
        Some(host) => {
            let rest = host.strip_prefix("*.")?;
            let before = url.host.strip_suffix(rest)?.strip_suffix('.')?;
            let fits = !before.is_empty() && (!one_label || !before.contains('.'));
            // The longer suffix is the closer one.
            fits.then_some(2 + rest.len())?
        }
    };
    let path = path_of(rule);
    let is_exact = rule.path_type.as_deref() == Some("Exact");
    let fits = match rule.path_type.as_deref() {
        Some("Exact") => path == url.path,
        Some("RegularExpression") => true,
        _ => {
            let stem = path.trim_end_matches('/');
            url.path.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    let length = if rule.path_type.as_deref() == Some("RegularExpression") { 0 } else { path.len() };
    fits.then_some((host, is_exact, length))
}

impl Match {
    /// Says which rule answers.
    pub fn say(&self, url: &Url, step: &mut Step) {
        step.say(Mark::Ok, format!("{url} is answered by {} of {}", self.text, self.by), self.at.clone());
        if self.is_loose {
            step.say(Mark::Doubt, "whether it is for this request depends on more than host and path", self.at.clone());
        }
        match (url.is_https, self.tls.is_encrypted()) {
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
}
