//! Names of the cluster that no object of the manifests has: the answer ends at the layer of names.

use super::Scene;
use super::answer::{Answer, Layer, Mark, Outcome, Step};
use super::bearing::Way;
use super::lookup::{Party, Unresolved};
use super::question::{PortWish, Question};

/// The answer about a name that does not resolve. `trouble` says why, with hints in further lines.
pub(super) fn answer(
    scene: &Scene<'_>,
    asked: &Question,
    from: &Party,
    name: &Unresolved<'_>,
    trouble: &str,
) -> Answer {
    let mut names = Step::new(Layer::Names);
    names.say(Mark::Ok, format!("from {}", from.name(scene)), from.place(scene));
    names.say(Mark::Ok, format!("to the name {}", name.host), None);
    let mut lines = trouble.lines();
    let first = lines.next().unwrap_or_default();
    let why = name.beyond.as_deref().unwrap_or(first);
    let home = name.namespace;
    let unknown = match scene.facts.operated.get(home) {
        Some(&by) => Some(format!("{} is not read and may make the Service", scene.entry(by).key)),
        None if scene.cluster.namespaces().contains_key(home) => None,
        None => Some(format!("the manifests contain nothing of namespace {home}")),
    };
    let mut dns = Step::new(Layer::Dns);
    let (outcome, summary) = match unknown {
        Some(unknown) => {
            dns.say(Mark::Doubt, format!("whether `{}` resolves is not known: {unknown}", name.host), None);
            (Outcome::Undetermined, unknown)
        }
        None => {
            let text = format!("`{}` does not resolve: {why}", name.host);
            dns.say(Mark::Problem, text.clone(), None);
            (Outcome::Denied, text)
        }
    };
    for hint in lines {
        dns.explain(Mark::Ok, hint.to_owned(), None);
    }
    Answer {
        from: from.name(scene),
        to: name.host.to_owned(),
        port: asked.port.as_ref().map(PortWish::to_string),
        judged: None,
        steps: vec![names, dns],
        outcome,
        summary,
        changes: Vec::new(),
        way: Way::default(),
    }
}
