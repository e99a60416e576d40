//! Calls that configuration names: whether the names exist, can be looked up, and lead through what policies allow.

use std::collections::{BTreeMap, BTreeSet};

use super::nearest::named;
use super::policies::title;
use super::registry::family;
use super::scene::Scene;
use super::selection::{on_host, some};
use crate::cluster::{Entry, Workload};
use crate::diagnostic::{Code, Severity};
use crate::net::near::is_slip;
use crate::policy::{Certainty, Effect, Policy, Said};

family! {
    ConfiguredCallBlocked, "configured-call-blocked", false, "The environment, the arguments or a ConfigMap of a workload name a Service, and policies let nothing through from the workload to the pods behind it: the call times out. `kubesketch why FROM TO` tells what would allow it.";
    DnsNameUnresolvable, "dns-name-unresolvable", true, "The configuration of a workload has the full name of a Service, such as `db.data.svc.cluster.local`, and its namespace has no such Service. Nothing is said of namespaces of which the manifests contain no Service.";
    DnsPolicyIgnoresServices, "dns-policy-ignores-services", false, "A workload calls Services by name, and its pods ask the DNS of their node, which does not know them: their `dnsPolicy` is Default, or they are in the network of their node without `dnsPolicy: ClusterFirstWithHostNet` (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy).";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    blocked(scene);
    unknown(scene);
    policy(scene);
}

/// Where a name is written, in words: `env DB_HOST` where that can be told.
fn place(scene: &Scene<'_>, said: &Said) -> String {
    let entry = &scene.cluster.entries()[said.entry];
    if entry.key.kind == "ConfigMap" {
        return format!("ConfigMap {}/{}", entry.key.namespace(), entry.key.name);
    }
    let name = said
        .field
        .strip_suffix(".value")
        .and_then(|field| entry.object.tree.find(field))
        .and_then(|env| env.get("name"))
        .and_then(crate::manifest::Tree::as_str);
    match name {
        Some(name) => format!("variable {name}"),
        None => "its command line".to_owned(),
    }
}

/// Workloads that say the same at one place.
struct Alike<'a> {
    workloads: BTreeSet<usize>,
    said: &'a Said,
    policies: BTreeSet<usize>,
}

fn blocked(scene: &mut Scene<'_>) {
    let (cluster, connectivity) = (scene.cluster, scene.connectivity);
    let mut found: BTreeMap<(usize, &Said), Alike<'_>> = BTreeMap::new();
    for call in &scene.calls.found {
        let Some(said) = call.said.first() else { continue };
        let verdicts = connectivity.judge(call);
        let sure = !verdicts.is_empty() && verdicts.iter().all(|v| v.is_blocked() && v.certainty == Certainty::Certain);
        let ends = verdicts.iter().map(|v| v.target).chain([call.workload]);
        let otherwise = ends.map(|w| cluster.workloads()[w].key.namespace()).any(|n| scene.is_ruled_otherwise(n));
        if !sure || otherwise {
            continue;
        }
        let guilty =
            verdicts.iter().flat_map(|v| &v.because).filter(|r| matches!(r.effect, Effect::Isolate | Effect::Deny));
        let alike = found.entry((call.service, said)).or_insert_with(|| Alike {
            workloads: BTreeSet::new(),
            said,
            policies: BTreeSet::new(),
        });
        alike.workloads.insert(call.workload);
        alike.policies.extend(guilty.map(|r| r.policy));
    }
    for ((service, _), alike) in found {
        let service = &cluster.entries()[service];
        let callers: Vec<String> = alike.workloads.iter().map(|&w| named(&cluster.workloads()[w])).collect();
        let policies: Vec<&Policy> = alike.policies.iter().map(|&p| &connectivity.policies()[p]).collect();
        let names: Vec<String> = policies.iter().map(|p| title(p)).collect();
        let message = format!(
            "{} {} Service {}/{} ({}), and {} {} it",
            some(&callers),
            if callers.len() == 1 { "calls" } else { "call" },
            service.key.namespace(),
            service.key.name,
            place(scene, alike.said),
            some(&names),
            if names.len() == 1 { "denies" } else { "deny" }
        );
        let places: Vec<&Entry> = policies.iter().take(3).filter_map(|p| scene.find(&p.key)).collect();
        let holder = &cluster.entries()[alike.said.entry];
        let mut report = scene.report_at(Code::ConfiguredCallBlocked, holder, alike.said.at, message).help(
            "allow it where both sides need it: in egress of the caller and in ingress of the pods behind the Service; `kubesketch why` shows a policy that does",
        );
        for policy in places {
            report = report.related(policy, "spec.podSelector", "selects one end and does not let it through");
        }
    }
}

fn unknown(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    let mut found: BTreeMap<(&str, &Said), (&str, &str, BTreeSet<usize>)> = BTreeMap::new();
    for name in &scene.calls.unknown {
        let Some(said) = name.said.first() else { continue };
        let known =
            found.entry((&name.name, said)).or_insert_with(|| (&name.namespace, &name.service, BTreeSet::new()));
        known.2.insert(name.workload);
    }
    for ((name, said), (namespace, service, workloads)) in found {
        let services = scene.near.names("Service", namespace);
        if namespace.starts_with("kube-") || (services.is_empty() && !scene.is_told_closed()) {
            continue;
        }
        let near = services.nearest(service).filter(|n| !scene.is_operated(namespace) || is_slip(service, n));
        if scene.is_operated(namespace) && near.is_none() {
            continue;
        }
        let elsewhere = scene.find_anywhere("Service", service).map(|e| e.key.namespace());
        let (hint, help) = match (near, elsewhere) {
            (Some(near), _) => {
                (format!("; there is {near}"), format!("`{}` is probably meant", name.replacen(service, near, 1)))
            }
            (None, Some(other)) => {
                (format!("; there is one in namespace {other}"), format!("`{service}.{other}` is probably meant"))
            }
            (None, None) => (String::new(), "correct the name, or add the Service".to_owned()),
        };
        let callers: Vec<String> = workloads.iter().map(|&w| named(&cluster.workloads()[w])).collect();
        let message = format!(
            "{} {} {name} ({}), and namespace {namespace} has no Service {service}{hint}",
            some(&callers),
            if callers.len() == 1 { "names" } else { "name" },
            place(scene, said)
        );
        let holder = &cluster.entries()[said.entry];
        scene.report_at(Code::DnsNameUnresolvable, holder, said.at, message).help(help);
    }
}

fn policy(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    let mut callers: BTreeMap<usize, (usize, &Said)> = BTreeMap::new();
    for call in &scene.calls.found {
        if let Some(said) = call.said.first() {
            callers.entry(call.workload).or_insert((call.service, said));
        }
    }
    for (index, (service, said)) in callers {
        let workload: &Workload = &cluster.workloads()[index];
        let why = match (workload.spec.pod.dns_policy.as_deref(), on_host(workload)) {
            (Some("Default"), _) => "its dnsPolicy is Default",
            (None | Some("ClusterFirst"), true) => "it is in the network of its node",
            _ => continue,
        };
        let service = &cluster.entries()[service];
        let message = format!(
            "{} calls Service {}/{} ({}), and {why}: its pods ask the DNS of the node, which knows no Services",
            named(workload),
            service.key.namespace(),
            service.key.name,
            place(scene, said)
        );
        let (holder, help) = (
            &cluster.entries()[workload.entry],
            if on_host(workload) { "set `dnsPolicy: ClusterFirstWithHostNet`" } else { "leave dnsPolicy out" },
        );
        let at = format!("{}.dnsPolicy", workload.spec.pod_path);
        let at =
            if holder.object.tree.find(&at).is_some() { at } else { format!("{}.hostNetwork", workload.spec.pod_path) };
        scene.report(Code::DnsPolicyIgnoresServices, holder, &at, message).severity(Severity::Warning).help(help);
    }
}
