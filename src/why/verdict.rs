//! How it ends, in a word and in a sentence.

use super::Scene;
use super::answer::{Found, Outcome};
use super::dns::Lookup;
use super::ends::{Doubt, Judged};
use super::given;
use super::policies::{is_for_pods, ports_text};
use crate::net::{PortSet, text};
use crate::policy::{Direction, Explanation, ForeignPolicy, Project};

/// The outcome and the sentence for it.
pub(super) fn verdict(scene: &Scene<'_>, found: &Found, judged: &[Judged]) -> (Outcome, String) {
    match (decided(scene, found, judged), &found.unread) {
        // Another entrance may let through what those do not that were read.
        ((Outcome::Denied | Outcome::Partly, _), Some(unread)) => (Outcome::Undetermined, unread.clone()),
        ((Outcome::Allowed | Outcome::Partly, summary), _) => match &found.doubted {
            Some(doubt) => (Outcome::Undetermined, doubt.clone()),
            None if found.narrowed.is_some() => {
                (Outcome::Partly, format!("{}, {summary}", found.narrowed.clone().unwrap_or_default()))
            }
            None if judged.iter().any(Judged::depends) => (Outcome::Partly, summary),
            None if judged.iter().all(|p| p.allowed == p.asked) => match &found.lacking {
                Some(lacking) => (Outcome::Partly, format!("{summary}; {lacking}")),
                None => (Outcome::Allowed, summary),
            },
            None => (Outcome::Partly, summary),
        },
        (decided, _) => decided,
    }
}

/// The same with what is known of the name: what is allowed by policies fails all the same if it does not resolve.
pub(super) fn with_names((outcome, summary): (Outcome, String), lookup: &Lookup) -> (Outcome, String) {
    match (outcome, &lookup.failure, &lookup.unknown) {
        (Outcome::Denied, Some(failure), _) => (Outcome::Denied, format!("{summary}; besides, {failure}")),
        (_, Some(failure), _) => (Outcome::Denied, failure.clone()),
        (Outcome::Allowed | Outcome::Partly, None, Some(unknown)) => (Outcome::Undetermined, unknown.clone()),
        _ => (outcome, summary),
    }
}

fn decided(scene: &Scene<'_>, found: &Found, judged: &[Judged]) -> (Outcome, String) {
    if let Some(failure) = &found.failure {
        return (Outcome::Denied, failure.clone());
    }
    let all_denied = judged.iter().all(|p| p.allowed.is_empty() && p.doubt.is_none());
    let all_allowed = judged.iter().all(|p| p.allowed == p.asked && p.doubt.is_none());
    if let Some(unknown) = &found.unknown
        && (judged.is_empty() || !(all_denied || all_allowed))
    {
        return (Outcome::Undetermined, unknown.clone());
    }
    if judged.is_empty() {
        return (Outcome::Denied, "nothing there could take the connection".into());
    }
    if all_denied {
        return (Outcome::Denied, denial(scene, judged));
    }
    if all_allowed {
        let ports = judged.iter().fold(PortSet::none(), |set, p| set.with(&p.asked));
        let some = if judged.iter().any(Judged::depends) { "on some requests only, " } else { "" };
        return (Outcome::Allowed, format!("{some}on {}{}", ports_text(&ports), unenforced(scene, judged)));
    }
    if let Some(doubt) = judged.iter().find_map(|p| p.doubt) {
        let why = match doubt {
            Doubt::HostNetwork => "policies may not hold for pods in the network of their node".to_owned(),
            Doubt::PodsDiffer => "it holds for some of the pods only".to_owned(),
            Doubt::Translated => "policies may see the address of a node in place of the client's".to_owned(),
            Doubt::UnknownController => "it depends on which pods the ingress controller has".to_owned(),
            Doubt::Unevaluated => unevaluated(scene, judged),
            Doubt::Untold => unknown_peer(scene, judged),
        };
        return (Outcome::Undetermined, why);
    }
    (Outcome::Partly, parts(scene, judged))
}

/// That policies select an end and nobody enforces them.
fn unenforced(scene: &Scene<'_>, judged: &[Judged]) -> String {
    let ends = judged.iter().flat_map(|p| [(&p.from, Direction::Egress), (&p.to, Direction::Ingress)]);
    let mut policies = ends.filter_map(|(end, direction)| {
        scene.connectivity.unenforced(end.workload()?, direction).first().map(|&p| &scene.connectivity.policies()[p])
    });
    let Some(policy) = policies.next() else { return String::new() };
    let Some(plugin) = scene.connectivity.enforcement().unenforcing(policy) else { return String::new() };
    match Project::of(policy) {
        Some(project) => {
            format!("; policies of {} are not enforced: {plugin} knows none", project.as_str())
        }
        _ => format!("; policies are not enforced: {plugin} knows none"),
    }
}

/// That a rule may mean an end.
fn unknown_peer(scene: &Scene<'_>, judged: &[Judged]) -> String {
    let (direction, policy, rule) = match judged.iter().find_map(|p| p.untold) {
        Some(found) => found,
        None => return "a rule is for hosts whose addresses are not known".to_owned(),
    };
    let policy = &scene.connectivity.policies()[policy];
    match policy.rules(direction).and_then(|rules| rules.get(rule)) {
        Some(rule) if is_for_pods(rule) && policy.tier.is_gate() => {
            format!("the manifests do not show who is in the mesh, on which {} depends", policy.key)
        }
        Some(rule) if is_for_pods(rule) => {
            format!("the manifests do not show whom {} of {} means", rule.field, policy.key)
        }
        _ => "a rule is for hosts whose addresses are not known".to_owned(),
    }
}

/// Which policies may change it, that are not evaluated.
fn unevaluated(scene: &Scene<'_>, judged: &[Judged]) -> String {
    let pairs = judged.iter().filter(|p| p.doubt == Some(Doubt::Unevaluated));
    let ends = pairs.flat_map(|p| [(&p.from, Direction::Egress), (&p.to, Direction::Ingress)]);
    let ends = ends.filter_map(|(end, direction)| Some((end.workload()?, direction)));
    let (repeated, others): (Vec<&ForeignPolicy>, Vec<&ForeignPolicy>) =
        ends.flat_map(|(w, direction)| scene.unevaluated(w, direction)).partition(|policy| policy.is_repeated);
    let mut keys: Vec<String> = others.iter().map(|policy| policy.name()).collect();
    keys.sort();
    keys.dedup();
    match (repeated.first(), given::policies(scene)) {
        (Some(policy), _) if keys.is_empty() => return given::repeatedly(&policy.key),
        (None, Some(text)) if keys.is_empty() => return text,
        _ => {}
    }
    let verb = if keys.len() == 1 { "is" } else { "are" };
    format!("{} {verb} not evaluated and may change it", text::first(&keys, 3))
}

fn denial(scene: &Scene<'_>, judged: &[Judged]) -> String {
    let Some(first) = judged.first() else { return String::new() };
    let ports = judged.iter().fold(PortSet::none(), |set, p| set.with(&p.asked));
    let blocked = |side: &Explanation| !side.decisions.is_empty() && side.allowed().is_empty();
    let (out, into) = (judged.iter().all(|p| blocked(&p.egress)), judged.iter().all(|p| blocked(&p.ingress)));
    let from = first.from.name(scene);
    let to = if judged.iter().all(|p| p.to == first.to) { first.to.name(scene) } else { "the destination".into() };
    let ports = ports_text(&ports);
    match (out, into) {
        (true, true) => format!("{ports} may not leave {from}, and may not enter {to}"),
        (true, false) if judged.iter().all(|p| p.to.workload().is_some()) => {
            format!("{ports} may not leave {from}; {to} would take it")
        }
        (true, false) => format!("{ports} may not leave {from}"),
        (false, true) => format!("{ports} may not enter {to}"),
        (false, false) => format!("no port is allowed on both sides of {from} and {to}"),
    }
}

/// What is allowed, and what is not.
fn parts(scene: &Scene<'_>, judged: &[Judged]) -> String {
    if let [one] = judged {
        return format!("allowed on {}, denied on {}", ports_text(&one.allowed), rest(&one.asked, &one.allowed));
    }
    let several_targets = judged.iter().any(|p| p.to != judged[0].to);
    let several_networks = judged.iter().any(|p| p.network != judged[0].network);
    let name = |p: &Judged| {
        if several_networks {
            format!("to {} on {}", p.to.name(scene), scene.connectivity.network_name(p.network))
        } else if several_targets {
            format!("to {}", p.to.name(scene))
        } else {
            format!("from {}", p.from.name(scene))
        }
    };
    let lines: Vec<String> = judged
        .iter()
        .map(|p| match (p.allowed.is_empty(), p.allowed == p.asked) {
            (true, _) => format!("denied {}", name(p)),
            (_, true) => format!("allowed {}", name(p)),
            _ => {
                format!("{}: allowed on {}, denied on {}", name(p), ports_text(&p.allowed), rest(&p.asked, &p.allowed))
            }
        })
        .collect();
    lines.join("; ")
}

fn rest(asked: &PortSet, allowed: &PortSet) -> String {
    if asked.is_all() { "every other port".into() } else { asked.difference(allowed).to_string() }
}
