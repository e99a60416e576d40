//! The first layer: who is meant, and whether the name that was given resolves where the source asks; and the last:
//! whether the source may ask at all.

use super::Scene;
use super::answer::{Layer, Mark, Step};
use super::lookup::Party;
use super::question::{Question, Reference};
use super::service;
use crate::net::{PortSet, Protocol};
use crate::policy::{Action, Direction, Endpoint, NamespaceSelection, Peer, Peers, Rule, RulePorts, Tier};

/// Who is meant, and whether the name resolves
/// (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-of-services>).
pub(super) fn step(scene: &Scene<'_>, question: &Question, from: &Party, to: &Party) -> Step {
    let mut step = Step::new(Layer::Names);
    step.say(Mark::Ok, format!("from {}", from.name(scene)), from.place(scene));
    step.say(Mark::Ok, format!("to {}", to.name(scene)), to.place(scene));
    let (Some(home), Some(namespace)) = (from.namespace(scene), to.namespace(scene)) else {
        return step;
    };
    match (&question.to, to) {
        (Reference::Object { kind: None, namespace: None, name }, Party::Service(_)) if home == namespace => {
            step.say(Mark::Ok, format!("`{name}` resolves in namespace {home}"), None);
        }
        (Reference::Object { namespace: None, name, .. }, Party::Service(_))
            if home != namespace && !name.contains('.') =>
        {
            let text = format!("`{name}` alone does not resolve in namespace {home}; `{name}.{namespace}` does");
            step.say(Mark::Doubt, text, None);
        }
        (Reference::Host(host), Party::Service(_)) => {
            step.say(Mark::Ok, format!("`{host}` resolves in namespace {home}"), None)
        }
        (Reference::Object { kind: None, name, .. }, Party::Workload(index)) => {
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
        _ => {}
    }
    step
}

/// Whether an isolated source may ask for names, where the destination was given by one. Without that the connection is
/// allowed and still fails.
pub(super) fn dns(scene: &Scene<'_>, question: &Question, from: &Party, to: &Party) -> Option<Step> {
    let by_name = match &question.to {
        Reference::Host(_) => true,
        Reference::Object { .. } => matches!(to, Party::Service(_)),
        Reference::Internet | Reference::Addresses(_) => false,
    };
    let Party::Workload(source) = from else { return None };
    let isolation = scene.connectivity.isolation(*source, Direction::Egress);
    if !by_name || !isolation.is_isolated() || scene.workload(*source).spec.pod.host_network == Some(true) {
        return None;
    }
    let mut step = Step::new(Layer::Dns);
    let asked = PortSet::port(Protocol::Udp, 53);
    let servers: Vec<usize> = (0..scene.cluster.workloads().len())
        .filter(|&w| scene.workload(w).spec.pod_labels.get("k8s-app").is_some_and(|v| v == "kube-dns"))
        .collect();
    if !servers.is_empty() {
        let may = |w: usize| {
            let connection = scene.connectivity.between(&Endpoint::Workload(*source), &Endpoint::Workload(w));
            connection.is_some_and(|c| !c.ports.intersection(&asked).is_empty())
        };
        let reached = servers.iter().find(|&&w| may(w));
        match reached {
            Some(&server) => {
                step.say(Mark::Ok, format!("it may ask {} for names (UDP 53)", scene.workload_name(server)), None)
            }
            None => warn(&mut step, &scene.workload_name(*source)),
        }
        return Some(step);
    }
    let policies = isolation.isolating.iter().map(|&p| &scene.connectivity.policies()[p]);
    let rule = policies
        .filter(|p| p.tier == Tier::Network)
        .flat_map(|p| p.rules(Direction::Egress).unwrap_or_default().iter().map(move |r| (p, r)));
    match rule.into_iter().find(|(_, rule)| may_mean_dns(scene, rule)) {
        Some((policy, rule)) => {
            let text = format!("{} of {} lets it ask for names (UDP 53)", rule.field, policy.key);
            step.say(Mark::Ok, text, Some(scene.place(rule.at)));
        }
        None => warn(&mut step, &scene.workload_name(*source)),
    }
    Some(step)
}

fn warn(step: &mut Step, source: &str) {
    let text = format!(
        "{source} may not ask for names: no rule allows UDP 53 to the cluster's DNS (kube-system, k8s-app=kube-dns), so the name will not resolve"
    );
    step.say(Mark::Doubt, text, None);
}

/// Whether a rule may let through what a pod asks of the cluster's DNS. Where the manifests do not contain kube-system,
/// whoever allows port 53 to pods at all means it; an address may be that of a node's own cache.
fn may_mean_dns(scene: &Scene<'_>, rule: &Rule) -> bool {
    let explicit = matches!(&rule.ports, RulePorts::Some { .. });
    let port =
        rule.ports.at(&[]).contains(Protocol::Udp, 53) || rule.ports.named().iter().any(|n| n.name.starts_with("dns"));
    if rule.action != Action::Allow || !port {
        return false;
    }
    let Peers::AnyOf(peers) = &rule.peers else { return true };
    let system = scene.cluster.namespaces().get("kube-system");
    let implied = [(crate::net::NAMESPACE_NAME.to_owned(), "kube-system".to_owned())].into_iter().collect();
    let labels = system.map_or(&implied, |n| &n.labels);
    let pods = [("k8s-app".to_owned(), "kube-dns".to_owned())].into_iter().collect();
    let declared = system.is_some_and(|n| n.declared.is_some());
    peers.iter().any(|peer| match peer {
        Peer::Addresses(_) | Peer::Untold(_) => explicit,
        Peer::Pods(selection) => {
            let namespace = match &selection.namespaces {
                NamespaceSelection::Named(name) => name == "kube-system",
                NamespaceSelection::Labeled(selector) => selector.matches(labels) || (explicit && !declared),
            };
            namespace && (selection.pods.matches(&pods) || explicit)
        }
    })
}
