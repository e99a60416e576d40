//! Services that the API server calls: whether they are there, and whether policies let the API server in.

use super::nearest::named;
use super::policies::title;
use super::registry::family;
use super::scene::Scene;
use super::selection::some;
use crate::diagnostic::{Code, Severity};
use crate::graph::{Backend, TargetPort};
use crate::manifest::Tree;
use crate::net::{AddressSet, PortSet};
use crate::policy::{Certainty, Effect, Entrance, Origin, Policy, Way};
use crate::resolve::ApiCall;

family! {
    WebhookServiceMissing, "webhook-service-missing", true, "An admission webhook, an aggregated API or the conversion of a custom resource names a Service that is not in the input, or a port that the Service does not have (443 unless another is given). The API server cannot call it: with `failurePolicy: Fail`, the default, it refuses every request that the webhook is about (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy).";
    WebhookBlockedByPolicy, "webhook-blocked-by-policy", false, "Policies deny the API server, which calls a Service because of an admission webhook, an aggregated API or the conversion of a custom resource: the calls time out. The API server is no pod that a selector means: it has the address of a control plane node, or one outside of the cluster. Only a rule for addresses, or one without `from`, lets it in.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for call in &facts.api_calls {
        match (call.found, &call.port) {
            (None, _) => missing(scene, call),
            (Some(service), Backend::Absent(_)) => port_missing(scene, call, service),
            (Some(service), _) => blocked(scene, call, service),
        }
    }
}

/// The object and the part of it that calls: `webhook check.certs.test of ValidatingWebhookConfiguration certs`.
fn caller(scene: &Scene<'_>, call: &ApiCall) -> String {
    let entry = scene.entry(call.object);
    let object = format!("{} {}", entry.key.kind, entry.key.name);
    let hook = hook(scene, call).and_then(|h| h.get("name")).and_then(Tree::as_str);
    hook.map_or(object.clone(), |name| format!("webhook {name} of {object}"))
}

/// The webhook of a list that calls.
fn hook<'a>(scene: &Scene<'a>, call: &ApiCall) -> Option<&'a Tree> {
    let tree = &scene.entry(call.object).object.tree;
    let hooks = tree.get("webhooks").map(Tree::items).unwrap_or_default();
    hooks.get(call.hook?)
}

fn missing(scene: &mut Scene<'_>, call: &ApiCall) {
    let (namespace, name) = (call.service.namespace(), call.service.name.as_str());
    let near = scene.near.names("Service", namespace);
    let alone = near.is_empty();
    let near = near.nearest(name);
    let message = format!(
        "{} calls Service {namespace}/{name}, which is not in the input{}",
        caller(scene, call),
        near.map_or(String::new(), |n| format!("; there is {n}"))
    );
    let help =
        near.map_or("add the Service, or correct its name".to_owned(), |n| format!("`name: {n}` is probably meant"));
    let ignored = hook(scene, call).and_then(|h| h.get("failurePolicy")).and_then(Tree::as_str) == Some("Ignore");
    let entry = scene.entry(call.object);
    let report = scene.report(Code::WebhookServiceMissing, entry, &format!("{}.name", call.field), message).help(help);
    if alone {
        report.severity(Severity::Warning).lowered("the manifests contain no Service of that namespace");
    } else if ignored {
        report.lowered("with `failurePolicy: Ignore` requests go on without it");
    }
}

fn port_missing(scene: &mut Scene<'_>, call: &ApiCall, service: usize) {
    let facts = scene.facts;
    let ports: Vec<String> = facts.ports_of(service).iter().map(|p| p.map.port.to_string()).collect();
    let there = if ports.is_empty() { "no port".to_owned() } else { format!("port {}", some(&ports)) };
    let message = format!(
        "{} calls port {} of Service {}/{}, which has {there}",
        caller(scene, call),
        call.number,
        call.service.namespace(),
        call.service.name
    );
    let (entry, other) = (scene.entry(call.object), scene.entry(service));
    scene
        .report(Code::WebhookServiceMissing, entry, &call.field, message)
        .help("set `port` to a port of the Service; without it the API server takes 443")
        .related(other, "spec.ports", "the ports of the Service");
}

fn blocked(scene: &mut Scene<'_>, call: &ApiCall, service: usize) {
    let (facts, cluster, connectivity) = (scene.facts, scene.cluster, scene.connectivity);
    for port in facts.ports_of(service).iter().filter(|p| p.map.port == call.number) {
        let ports = match &port.map.target {
            TargetPort::Number(number) => PortSet::port(port.map.protocol, *number),
            TargetPort::Name { resolved, .. } => {
                resolved.iter().fold(PortSet::none(), |set, n| set.with(&PortSet::port(port.map.protocol, *n)))
            }
        };
        for (workload, _) in &port.workloads {
            let addresses = AddressSet::all_v4().union(&AddressSet::all_v6());
            let way = Way::Direct { from: Origin::Internet, addresses };
            let by = scene.entry(call.object).key.clone();
            let entrance = Entrance { by, way, workload: *workload, ports: ports.clone(), doubt: None, absent: None };
            let admission = connectivity.admission(&entrance);
            let denying: Vec<&Policy> = {
                let guilty = admission.because.iter().filter(|r| matches!(r.effect, Effect::Isolate | Effect::Deny));
                let mut ids: Vec<usize> = guilty.map(|r| r.policy).collect();
                ids.sort_unstable();
                ids.dedup();
                ids.into_iter().map(|p| &connectivity.policies()[p]).collect()
            };
            let pods = &cluster.workloads()[*workload];
            let is_open = !admission.ports.is_empty() || admission.certainty == Certainty::Undetermined;
            if is_open || denying.is_empty() || scene.is_ruled_otherwise(pods.key.namespace()) {
                continue;
            }
            let names: Vec<String> = denying.iter().map(|p| title(p)).collect();
            let verb = if names.len() == 1 { "denies" } else { "deny" };
            let message = format!(
                "{} calls {} on {ports}, and {} {verb} the API server",
                caller(scene, call),
                named(pods),
                some(&names)
            );
            let (entry, called) = (scene.entry(call.object), scene.entry(pods.entry));
            scene
                .report(Code::WebhookBlockedByPolicy, entry, &call.field, message)
                .related(called, "", "the pods that are called")
                .help(format!(
                    "add an ingress rule for {ports} without `from`, or with the addresses of the API server"
                ));
        }
    }
}
