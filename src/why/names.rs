//! The first layer: who is meant.

use super::Scene;
use super::answer::{Layer, Mark, Step};
use super::lookup::Party;
use super::question::{Question, Reference};
use super::service;

/// Who is meant.
pub(super) fn step(
    scene: &Scene<'_>,
    question: &Question,
    from: &Party,
    to: &Party,
    alias: Option<&(ipnet::IpNet, String)>,
) -> Step {
    let mut step = Step::new(Layer::Names);
    step.say(Mark::Ok, format!("from {}", from.name(scene)), from.place(scene));
    step.say(Mark::Ok, format!("to {}", to.name(scene)), to.place(scene));
    if let Some((address, at)) = alias {
        step.say(
            Mark::Ok,
            format!("hostAliases of the source give the name the address {}", address.addr()),
            Some(at.clone()),
        );
    }
    if from.namespace(scene).is_none() || to.namespace(scene).is_none() {
        return step;
    }
    if let (Reference::Object { kind: None, name, .. }, Party::Workload(index)) = (&question.to, to) {
        let services: Vec<String> = service::leading_to(scene, *index).iter().map(|id| id.to_string()).collect();
        let known = if services.is_empty() {
            "no Service leads to it".into()
        } else {
            format!("clients reach it by {}", services.join(", "))
        };
        step.say(
            if services.is_empty() { Mark::Doubt } else { Mark::Ok },
            format!("`{name}` is a workload, which has no DNS name of its own; {known}"),
            None,
        );
    }
    step
}
