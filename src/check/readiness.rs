//! Services of which no pod takes connections, and those that cannot be in one cluster.

use std::collections::BTreeMap;

use super::nearest::named;
use super::registry::family;
use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::net::Protocol;
use crate::resolve::Absence;
use crate::source::Span;

family! {
    ServiceWithoutReadyPods, "service-without-ready-pods", false, "A Service has pods, and none of them takes connections: live input says that they are not ready or being deleted, or their controller runs none, for its replicas are 0 or it is suspended. Requests are refused until that changes (https://kubernetes.io/docs/concepts/services-networking/service/#endpointslices). Replicas of 0 are often meant, so they are only worth knowing; a Service with `publishNotReadyAddresses` sends to pods that are not ready, and what something else may scale up from 0 is left in peace.";
    ServiceConflict, "service-conflict", false, "Two Services ask for the same port of nodes with the same protocol, or for the same `clusterIP`: the API server takes the first and refuses the other (https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport, https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/). Services in several files whose namespaces the manifests do not declare may never be in one cluster: this counts for less there.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    for (entry, service) in cluster.services() {
        let spec = service.spec.as_ref();
        let pod = spec.and_then(|s| s.selector.as_ref()?.get("statefulset.kubernetes.io/pod-name"));
        // That the one pod does not exist has a finding of its own.
        if pod.is_none() {
            without_ready_pods(scene, entry);
        }
    }
    conflicts(scene);
}

fn without_ready_pods(scene: &mut Scene<'_>, entry: &Entry) {
    let (cluster, facts) = (scene.cluster, scene.facts);
    let Some(position) = cluster.find(&entry.key) else { return };
    let mut selected: Vec<usize> =
        facts.ports_of(position).iter().flat_map(|p| p.workloads.iter().map(|(w, _)| *w)).collect();
    selected.sort_unstable();
    selected.dedup();
    let absences: Option<Vec<(usize, &Absence)>> =
        selected.iter().map(|&w| Some((w, facts.absent_behind.get(&(position, w))?))).collect();
    let Some(absences) = absences else { return };
    let Some((first, absence)) = absences.first() else { return };
    // A probe that cannot succeed has a finding of its own.
    let is_said = absences.iter().any(|(w, a)| a.may_change || a.help.is_some() && !facts.probes_of(*w).is_empty());
    if is_said {
        return;
    }
    let more = if absences.len() > 1 { format!(", and so for {} more", absences.len() - 1) } else { String::new() };
    let message = format!(
        "Service {}/{} has no pod that takes connections: {} {}{more}",
        entry.key.namespace(),
        entry.key.name,
        named(&cluster.workloads()[*first]),
        absence.text
    );
    let is_live = absences.iter().any(|(_, a)| a.is_unready);
    scene
        .report(Code::ServiceWithoutReadyPods, entry, "spec.selector", message)
        .related_at(absence.at, "says so")
        .severity(if is_live { Severity::Warning } else { Severity::Info })
        .help(absence.help());
}

/// A Service with the place where it asks for something.
type Asking<'a> = (&'a Entry, Span);

/// Node ports and addresses that several Services ask for. What is in a cluster has been taken.
fn conflicts(scene: &mut Scene<'_>) {
    let cluster = scene.cluster;
    let mut asked: BTreeMap<(String, Option<Protocol>), Vec<Asking<'_>>> = BTreeMap::new();
    for (entry, service) in cluster.services() {
        let spec = service.spec.as_ref();
        let field = |path: &str| entry.object.at(path);
        let ports = spec.and_then(|s| s.ports.as_ref()).into_iter().flatten().enumerate();
        for (index, (port, number)) in ports.filter_map(|(i, p)| Some((i, (p, p.node_port.filter(|n| *n > 0)?)))) {
            let protocol = Protocol::from_field(port.protocol.as_deref());
            let at = field(&format!("spec.ports[{index}].nodePort"));
            asked.entry((format!("nodePort {number}"), Some(protocol))).or_default().push((entry, at));
        }
        // A port of nodes as well, from the same range.
        if let Some(number) = spec.and_then(|s| s.health_check_node_port).filter(|n| *n > 0) {
            let at = field("spec.healthCheckNodePort");
            asked.entry((format!("nodePort {number}"), Some(Protocol::Tcp))).or_default().push((entry, at));
        }
        // The first of several addresses is the one address again.
        let several = spec.and_then(|s| s.cluster_ips.as_ref()).into_iter().flatten().skip(1);
        let several = several.map(|ip| (ip.as_str(), "spec.clusterIPs"));
        let one = spec.and_then(|s| s.cluster_ip.as_deref()).map(|ip| (ip, "spec.clusterIP"));
        for (address, path) in one.into_iter().chain(several).filter(|(ip, _)| !ip.is_empty() && *ip != "None") {
            asked.entry((format!("clusterIP {address}"), None)).or_default().push((entry, field(path)));
        }
    }
    let is_live = |e: &Entry| e.object.tree.at(&["metadata", "uid"]).is_some_and(|uid| !uid.is_null());
    for ((what, _), mut who) in asked.into_iter().filter(|(_, who)| who.len() > 1) {
        if who.iter().all(|(entry, _)| is_live(entry)) {
            continue;
        }
        // What is in the cluster has it already.
        who.sort_by_key(|(entry, at)| (!is_live(entry), *at));
        let (first, rest) = (who[0], &who[1..]);
        for (entry, at) in rest {
            conflict(scene, &what, first, (entry, *at));
        }
    }
}

fn conflict(scene: &mut Scene<'_>, what: &str, first: Asking<'_>, other: Asking<'_>) {
    let name = |entry: &Entry| format!("Service {}/{}", entry.key.namespace(), entry.key.name);
    let message = if std::ptr::eq(first.0, other.0) {
        format!("{} asks for {what} twice with one protocol: the API server refuses it", name(other.0))
    } else {
        format!("{} asks for {what}, which {} has: the API server refuses one of them", name(other.0), name(first.0))
    };
    let is_open = |e: &Entry| e.key.namespace.as_deref().is_none_or(|n| scene.is_undeclared(n));
    let is_apart = first.1.file != other.1.file && (is_open(first.0) || is_open(other.0));
    let report = scene
        .report_at(Code::ServiceConflict, other.0, other.1, message)
        .related_at(first.1, "asks for the same")
        .help("leave it out, so that the cluster chooses one, or take another");
    if is_apart {
        report.severity(Severity::Warning).lowered("they are in several files, and may never be in one cluster");
    }
}
