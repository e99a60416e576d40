//! Answers where a rule of a route decides: for a URL that is asked for from outside, and for calls in a mesh.

use super::answer::{Answer, Found, Layer, Mark, Outcome, Step, internet, settled};
use super::bearing::Way;
use super::ends::addresses_name;
use super::lookup::Party;
use super::question::{Question, Reference, Url};
use super::url::{self, End as Answering, Match};
use super::{Scene, verdict};
use crate::graph::{Edge, EdgeDetail};
use crate::manifest::Body;
use crate::net::AddressSet;

/// Answers for a URL: the rule that answers it, then as for the Service that it sends to.
pub(super) fn of_url(scene: &Scene<'_>, from: &Party, url: &Url) -> Result<Answer, String> {
    let Some(clients) = internet(from) else {
        return Err(format!("`{url}` is asked for from `internet`; inside the cluster name the Service"));
    };
    let url::Matches { rules, unsure, unheard } = url::matches(scene, url);
    let service = |rule: &Match| {
        let Answering::Sent(to, _) = rule.end else { return None };
        let key = scene.graph.node(to).id.key()?;
        let at = scene.cluster.find(key)?;
        match scene.entry(at).object.body {
            Body::Service(_) => Some(Party::Service(at)),
            // What is sent to pods past all Services: a Service of Knative.
            Body::Workload(_) => scene.cluster.workloads().iter().position(|w| w.key == *key).map(Party::Workload),
            _ => None,
        }
    };
    let question = Question { from: Reference::Internet, to: Reference::Url(url.clone()), port: None };
    let sent = match rules.first() {
        Some(Match { end: Answering::Answered(_), .. }) | None => None,
        Some(_) => rules.iter().find_map(|rule| Some((rule, service(rule)?))),
    };
    let Some((rule, party)) = sent else {
        return Ok(unsent(scene, &clients, url, &rules, (unsure, unheard)));
    };
    let mut answer = settled(scene, &question, (from, &party), None, Some((url, rule)))?;
    let mut others: Vec<String> = Vec::new();
    for other in rules.iter().filter(|r| r.end != rule.end) {
        let text = match &other.end {
            Answering::Sent(to, _) => scene.graph.node(*to).id.to_string(),
            Answering::Answered(how) => format!("{} ({how})", other.name()),
        };
        if !others.contains(&text) {
            others.push(text);
        }
    }
    if !others.is_empty() {
        let text = format!("a part of the requests goes to {}: ask for these one by one", others.join(", "));
        answer.steps.iter_mut().take(1).for_each(|step| step.say(Mark::Doubt, text.clone(), None));
    }
    if let Some(unsure) = unsure {
        answer.steps.iter_mut().take(1).for_each(|step| step.say(Mark::Doubt, unsure.clone(), None));
        answer.outcome = Outcome::Undetermined;
        answer.summary = unsure;
    }
    answer.to = url.to_string();
    Ok(answer)
}

/// Answers for a URL of which no request comes to a Service.
fn unsent(
    scene: &Scene<'_>,
    clients: &AddressSet,
    url: &Url,
    rules: &[Match],
    (unsure, unheard): (Option<String>, Vec<String>),
) -> Answer {
    let mut step = Step::new(Layer::Exposure);
    let failure = match rules.first() {
        Some(rule) => {
            rule.say(url, &mut step);
            match &rule.end {
                Answering::Answered(how) => format!("{} answers {url} with {how}: it comes to no Service", rule.by),
                Answering::Sent(to, _) => {
                    format!(
                        "the rule for {url} sends to {}, which is no Service of the input",
                        scene.graph.node(*to).name
                    )
                }
            }
        }
        None => match unheard.first() {
            Some(text) => text.clone(),
            None => format!("no rule of an Ingress or route is for {url}"),
        },
    };
    step.say(Mark::Problem, failure.clone(), None);
    if let Some(unsure) = &unsure {
        step.say(Mark::Doubt, unsure.clone(), None);
    }
    let unread = || {
        let first = scene.facts.unread.first()?;
        Some(format!("{} is not read and may be for {}", scene.entry(first.object).key, url.host))
    };
    let found = Found { failure: Some(failure), unread: unsure.or_else(unread), ..Found::default() };
    let (outcome, summary) = verdict::verdict(scene, &found, &[]);
    Answer {
        from: addresses_name(clients),
        to: url.to_string(),
        port: None,
        judged: None,
        steps: vec![step],
        outcome,
        summary,
        changes: Vec::new(),
        way: Way::default(),
    }
}

/// Why requests of a mesh for a Service may go elsewhere: a route is attached to the Service itself, and does not send
/// all of them to it (<https://gateway-api.sigs.k8s.io/mesh/>,
/// <https://istio.io/latest/docs/reference/config/networking/virtual-service/>).
pub(super) fn meshed(scene: &Scene<'_>, to: &Party) -> Option<String> {
    let Party::Service(index) = to else { return None };
    let node = scene.graph.object(&scene.entry(*index).key)?;
    let outgoing = |node: usize| scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e));
    let is_route = |e: &Edge| matches!(e.detail, EdgeDetail::Routes { .. });
    let mut routes = outgoing(node).filter(|(_, _, e)| is_route(e)).map(|(_, to, _)| to);
    let changes = |route: &usize| {
        let object = scene.graph.node(*route).id.key().and_then(|key| scene.cluster.find(key));
        outgoing(*route).any(|(_, to, e)| is_route(e) && to != node)
            || scene.facts.answers.iter().any(|a| Some(a.object) == object)
    };
    let route = routes.find(changes)?;
    Some(format!("in a mesh, {} decides where requests for it go: some may not come to it", scene.graph.node(route).id))
}
