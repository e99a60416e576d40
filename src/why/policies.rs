//! The layers of policies: which isolate either end, which rule allows, and which lack one.

use super::Scene;
use super::answer::{Layer, Mark, Step};
use super::ends::{Doubt, End, Judged};
use super::given;
use super::service::pairs;
use crate::net::{ContainerPort, PortSet, text};
use crate::policy::{
    Decision, Direction, Effect, Isolation, NamedPort, Order, Peer, Perhaps, Policy, Project, Reason, Rule, Ruling,
    Tier,
};
use crate::source::Span;

/// So many pairs are listed one by one.
const SHOWN: usize = 12;

/// Ports in words.
pub(super) fn ports_text(ports: &PortSet) -> String {
    if ports.is_all() { "every port".into() } else { ports.to_string() }
}

/// A policy as people call it.
fn policy_name(policy: &Policy) -> String {
    match &policy.tier {
        Tier::Network if policy.is_additive => policy.key.to_string(),
        Tier::Network if policy.priority == Order::LAST => format!("{} (tier default, no order)", policy.key),
        Tier::Network => format!("{} (tier default, order {})", policy.key, policy.priority),
        Tier::Calico(_, tier) if policy.priority == Order::LAST => {
            format!("{} (tier {tier}, no order)", policy.key)
        }
        Tier::Calico(_, tier) => format!("{} (tier {tier}, order {})", policy.key, policy.priority),
        Tier::Mesh => format!("{} (mesh)", policy.key),
        Tier::Admin => format!("{} (Admin tier, priority {})", policy.key, policy.priority),
        Tier::Baseline => format!("{} (Baseline tier)", policy.key),
    }
}

/// The layers of both sides.
pub(super) fn steps(scene: &Scene<'_>, judged: &[Judged]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (layer, direction) in [(Layer::Egress, Direction::Egress), (Layer::Ingress, Direction::Ingress)] {
        let mut step = Step::new(layer);
        let mut opened: Vec<(usize, usize)> = Vec::new();
        let mut told = 0;
        for pair in judged {
            let (own, other, side) = match direction {
                Direction::Egress => (&pair.from, &pair.to, &pair.egress),
                Direction::Ingress => (&pair.to, &pair.from, &pair.ingress),
            };
            let Some(workload) = own.workload() else { continue };
            if !opened.contains(&(workload, pair.network)) {
                opened.push((workload, pair.network));
                isolation(scene, pair, workload, direction, &mut step);
            }
            let silent = side.decisions.iter().all(|d| d.because.is_empty());
            if silent && scene.connectivity.isolation_on(pair.network, workload, direction) == Default::default() {
                continue;
            }
            told += 1;
            if told <= SHOWN {
                for decision in &side.decisions {
                    tell(scene, direction, pair, other, decision, &mut step);
                }
            }
        }
        if told > SHOWN {
            step.say(Mark::Ok, format!("and {} more pairs", told - SHOWN), None);
        }
        doubts(scene, judged, direction, &mut step);
        if !step.lines.is_empty() {
            steps.push(step);
        }
    }
    steps
}

/// Which policies apply to a workload.
fn isolation(scene: &Scene<'_>, pair: &Judged, workload: usize, direction: Direction, step: &mut Step) {
    let name = match pair.is_beside(scene) {
        true => format!("{} on {}", scene.workload_name(workload), scene.connectivity.network_name(pair.network)),
        false => scene.workload_name(workload),
    };
    let word = direction.as_str();
    let isolation = scene.connectivity.isolation_on(pair.network, workload, direction);
    let names = |list: &[usize]| {
        list.iter().map(|&p| scene.connectivity.policies()[p].key.to_string()).collect::<Vec<_>>().join(", ")
    };
    let unenforced = scene.connectivity.unenforced(workload, direction);
    let idle = unenforced.first().map(|&p| &scene.connectivity.policies()[p]);
    if let Some((policy, plugin)) = idle.and_then(|p| Some((p, scene.connectivity.enforcement().unenforcing(p)?))) {
        let of = Project::of(policy).map_or(String::new(), |project| format!(" of {}", project.as_str()));
        let text = format!(
            "{} would apply to {word} of {name}: not enforced, as {plugin} knows no policies{of}",
            names(&unenforced)
        );
        step.say(Mark::Doubt, text, None);
    }
    if idle.is_some() && isolation == Default::default() {
        // That has been said.
    } else if isolation == Default::default() {
        step.say(Mark::Ok, format!("no policy restricts {word} of {name}"), None);
    } else if isolation.is_isolated() {
        step.say(Mark::Ok, format!("{word} of {name} is isolated by {}", names(&isolation.isolating)), None);
    } else {
        step.say(Mark::Ok, format!("{word} of {name} is not isolated; {} applies", names(&isolation.tiers)), None);
    }
    taken_to_be_in_mesh(scene, &isolation, workload, &name, step);
    unevaluated(scene, workload, &name, direction, step);
}

/// Says that a policy of the mesh is taken to hold of a workload though the manifests do not show a proxy.
fn taken_to_be_in_mesh(scene: &Scene<'_>, isolation: &Isolation, workload: usize, name: &str, step: &mut Step) {
    let of_mesh = isolation.isolating.iter().chain(&isolation.tiers);
    let is_of_mesh = |p: &&usize| scene.connectivity.policies()[**p].tier == Tier::Mesh;
    if let Some(&policy) = of_mesh.into_iter().find(is_of_mesh)
        && scene.connectivity.is_taken_to_be_in_mesh(workload)
    {
        let key = &scene.connectivity.policies()[policy].key;
        let text = format!(
            "{name} is taken to be in the mesh, which the manifests do not show: without a proxy {key} does not hold"
        );
        step.say(Mark::Doubt, text, Some(scene.workload_place(workload)));
    }
}

/// The policies that are not evaluated and may concern a workload.
fn unevaluated(scene: &Scene<'_>, workload: usize, name: &str, direction: Direction, step: &mut Step) {
    let (elsewhere, foreign): (Vec<_>, Vec<_>) =
        scene.unevaluated(workload, direction).partition(|f| f.enforced_by.is_some());
    for policy in elsewhere {
        let by = policy.enforced_by.as_deref().unwrap_or_default();
        let text = format!(
            "{} is enforced by {by}, not at the pods of {name}: whether this connection passes there is not evaluated",
            policy.name()
        );
        step.say(Mark::Doubt, text, Some(scene.place(policy.at)));
    }
    let (repeated, foreign): (Vec<_>, Vec<_>) = foreign.into_iter().partition(|f| f.is_repeated);
    for policy in repeated {
        step.say(Mark::Doubt, given::repeatedly(&policy.key), Some(scene.place(policy.at)));
    }
    if let Some(first) = foreign.first() {
        let subject = if foreign.len() > 1 {
            format!("{} and {} more policies of other kinds are", first.name(), foreign.len() - 1)
        } else {
            format!("{} is", first.name())
        };
        step.say(Mark::Doubt, format!("{subject} not evaluated and may change this"), Some(scene.place(first.at)));
    }
}

fn tell(scene: &Scene<'_>, direction: Direction, pair: &Judged, other: &End, decision: &Decision, step: &mut Step) {
    let policies = scene.connectivity.policies();
    let preposition = if direction == Direction::Egress { "to" } else { "from" };
    let what = format!("{} {preposition} {}", ports_text(&decision.ports), other.name(scene));
    let rule_of = |reason: &Reason| reason.rule.and_then(|i| policies[reason.policy].rules(direction)?.get(i));
    for reason in &decision.because {
        let (policy, Some(rule)) = (&policies[reason.policy], rule_of(reason)) else {
            continue;
        };
        let (mark, verb) = match reason.effect {
            Effect::Allow => (Mark::Ok, "is allowed by"),
            Effect::Pass => (Mark::Ok, "is passed on by"),
            Effect::Deny | Effect::Isolate => (Mark::Problem, "is denied by"),
        };
        let when = rule.when.as_ref().map_or(String::new(), |c| format!(" on some requests ({c})"));
        let why = match (reason.effect, policy.key.kind.as_str()) {
            (Effect::Deny, "PeerAuthentication") => {
                format!(": it asks for mutual TLS, and {} has no proxy of the mesh", other.name(scene))
            }
            _ => String::new(),
        };
        let text = format!("{what} {verb} {} of {}{when}{why}", rule.field, policy_name(policy));
        step.say(mark, text, Some(scene.place(rule.at)));
    }
    match decision.ruling {
        Ruling::Open => step.say(Mark::Ok, format!("{what} is decided by no rule, so it is open"), None),
        Ruling::Denied if decision.because.iter().any(|r| r.effect == Effect::Isolate) => {
            step.say(Mark::Problem, format!("{what} is allowed by no rule:"), None);
            for reason in decision.because.iter().filter(|r| r.effect == Effect::Isolate) {
                let policy = &policies[reason.policy];
                step.explain(
                    Mark::Problem,
                    format!("{} {}", policy.key, lack(scene, policy, direction, pair)),
                    Some(scene.place(policy.says(direction))),
                );
            }
        }
        Ruling::Sometimes => step.say(Mark::Doubt, format!("{what} is allowed on some requests only"), None),
        Ruling::Allowed | Ruling::Denied => {}
    }
}

/// Why a policy that isolates does not allow.
fn lack(scene: &Scene<'_>, policy: &Policy, direction: Direction, pair: &Judged) -> String {
    let rules = policy.rules(direction).unwrap_or_default();
    if rules.is_empty() {
        return format!("allows no {}", direction.as_str());
    }
    // A rule that decides about other ports of the same pair means this peer: then it is the port that it lacks.
    let decisions = pair.of_all_ports.iter().flat_map(|sides| &sides.side(direction).decisions);
    let meant: Vec<String> = decisions
        .filter(|p| p.ruling == Ruling::Allowed)
        .flat_map(|p| p.because.iter().map(move |r| (r, &p.ports)))
        .filter(|(r, _)| scene.connectivity.policies()[r.policy].key == policy.key)
        .filter_map(|(r, ports)| Some(format!("{} is for {}", rules.get(r.rule?)?.field, ports_text(ports))))
        .collect();
    if !meant.is_empty() {
        return format!("allows other ports: {}", meant.join(", "));
    }
    let whom = if direction == Direction::Egress { "other destinations" } else { "other sources" };
    let count = if rules.len() == 1 { "its one rule is".to_owned() } else { format!("its {} rules are", rules.len()) };
    // A name that the destination's pods give no port may be why a rule that means the peer does not help.
    let to = &pair.to;
    let groups = scene.connectivity.groups(pair.network);
    let of = to.workload().map_or(&[][..], |w| scene.connectivity.groups_of(pair.network, w));
    let declared: Vec<&ContainerPort> = of.iter().flat_map(|&g| &groups[g].ports).collect();
    let is_known = |n: &NamedPort| {
        declared.iter().any(|p| p.name == n.name && n.protocol.is_none_or(|wanted| wanted == p.protocol))
    };
    let mut names: Vec<&str> =
        rules.iter().flat_map(|r| r.ports.named()).filter(|n| !is_known(n)).map(|n| n.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let named = if names.is_empty() {
        String::new()
    } else {
        format!(", or for a port named {}, which {} does not declare", names.join(" or "), to.name(scene))
    };
    format!("has no rule for it: {count} for {whom}{named}")
}

/// What is not certain. Which rule may mean an end is said in the layer of its direction, all else in the last one.
fn doubts(scene: &Scene<'_>, judged: &[Judged], direction: Direction, step: &mut Step) {
    let is_here = |pair: &&Judged| match (pair.doubt, pair.untold) {
        (Some(Doubt::Untold), Some((of_rule, ..))) => of_rule == direction,
        _ => direction == Direction::Ingress,
    };
    let mut said: Vec<(Doubt, String)> = Vec::new();
    for pair in judged.iter().filter(is_here) {
        if let Some(rule) = pair.rule_for_controller {
            let text = "the ingress controller is not in the input, and it may be among those that this rule allows";
            let said_it = (Doubt::UnknownController, text.to_owned());
            if !said.contains(&said_it) {
                step.say(Mark::Doubt, text, Some(scene.place(rule)));
                said.push(said_it);
            }
        }
        let Some(doubt) = pair.doubt else { continue };
        let Some((text, at)) = doubt_text(scene, pair, doubt) else { continue };
        if !said.contains(&(doubt, text.clone())) {
            step.say(Mark::Doubt, text.clone(), at);
            said.push((doubt, text));
        }
    }
    let unknown = direction == Direction::Ingress
        && judged.iter().any(|p| p.from == End::Controller && p.rule_for_controller.is_none());
    if unknown && !step.lines.is_empty() {
        step.say(Mark::Ok, absent_controller(scene), None);
    }
}

/// What is said of a doubt, with its place; nothing of those that are said elsewhere.
fn doubt_text(scene: &Scene<'_>, pair: &Judged, doubt: Doubt) -> Option<(String, Option<String>)> {
    match doubt {
        Doubt::HostNetwork => {
            let is_on_host = |w: usize| scene.workload(w).spec.pod.host_network == Some(true);
            let on_host = [&pair.from, &pair.to].into_iter().find(|e| e.workload().is_some_and(is_on_host));
            let end = on_host.unwrap_or(&pair.to);
            let text = format!("{} is in the network of its node, where policies may not hold", end.name(scene));
            Some((text, end.workload().map(|w| scene.workload_place(w))))
        }
        Doubt::PodsDiffer => {
            let (from, to) = (pair.from.name(scene), pair.to.name(scene));
            Some((format!("policies treat the pods of {from} or {to} differently"), None))
        }
        Doubt::Untold => untold_text(scene, pair).map(|(text, at)| (text, Some(at))),
        Doubt::Translated => {
            let text = "pods may see the address of a node in place of the client's: \
                        which of them the rules mean cannot be determined";
            Some((text.to_owned(), None))
        }
        // The one is in the layer of the direction that it is about, the other has been said with its rule.
        Doubt::Unevaluated | Doubt::UnknownController => None,
    }
}

/// What is said of a rule that may mean an end, with its place.
fn untold_text(scene: &Scene<'_>, pair: &Judged) -> Option<(String, String)> {
    let (direction, policy, rule) = pair.untold?;
    let policy = &scene.connectivity.policies()[policy];
    let rule = policy.rules(direction)?.get(rule)?;
    let (field, key, whom) = (&rule.field, &policy.key, untold(rule));
    let text = match is_for_pods(rule) {
        true if policy.tier == Tier::Mesh => format!(
            "{field} of {key} denies what has no proxy of the mesh: \
             whether {} and {} have one cannot be determined from the manifests",
            pair.from.name(scene),
            pair.to.name(scene)
        ),
        true => format!(
            "{field} of {key} is for {whom}: \
             whether this one is among them cannot be determined from the manifests"
        ),
        false => {
            format!("{field} of {key} is for {whom}, whose addresses are not known: this one may be among them")
        }
    };
    Some((text, scene.place(rule.at)))
}

/// Whether a rule is for pods of which manifests do not show which they are.
pub(super) fn is_for_pods(rule: &Rule) -> bool {
    rule.peers.list().iter().any(|p| matches!(p, Peer::Untold(_, Perhaps::Pods(_))))
}

/// Those whom a rule means of which manifests do not tell the addresses.
fn untold(rule: &Rule) -> String {
    let words = rule.peers.list().iter().filter_map(|peer| match peer {
        Peer::Names(names) => Some(text::joined(names, 3, ", ", "more")),
        other => other.untold().map(str::to_owned),
    });
    let mut words: Vec<String> = words.collect();
    words.dedup();
    words.join(", ")
}

/// What an ingress controller is taken for that the manifests do not contain.
fn absent_controller(scene: &Scene<'_>) -> String {
    let told = scene.connectivity.absent_controllers().iter().filter_map(|c| Some((c.namespace.as_ref()?, &c.labels)));
    let told: Vec<String> = told
        .map(|(namespace, labels)| match labels.is_empty() {
            true => format!("a pod without labels in namespace {namespace}"),
            false => format!("a pod with {} in namespace {namespace}", pairs(labels)),
        })
        .collect();
    if told.is_empty() {
        "the ingress controller is not in the input: by convention it is a pod without labels in another namespace"
            .to_owned()
    } else {
        format!(
            "the ingress controller is not in the input: as given by --ingress-controller, it is {}",
            told.join(", or ")
        )
    }
}

/// The rule that may mean the controller, which the manifests do not contain, among those of policies that deny it.
pub(super) fn controller_rule(scene: &Scene<'_>, pair: &Judged) -> Option<Span> {
    let workload = pair.to.workload()?;
    let denied = pair.ingress.decisions.iter().filter(|p| p.ruling == Ruling::Denied);
    denied.into_iter().find_map(|decision| {
        let isolating = decision.because.iter().filter(|r| r.effect == Effect::Isolate).map(|r| r.policy);
        scene.connectivity.rule_for_absent(isolating, workload, &decision.ports)
    })
}
