//! Whether workloads have pods that could take a connection: replicas, and readiness as live input shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, ProbePort, UnansweredProbe};
use crate::cluster::{Cluster, Workload};
use crate::graph::{EdgeDetail, EdgesByEnd, NodeId};
use crate::manifest::{Body, Object, Tree};
use crate::net::ObjectKey;
use crate::source::Span;

/// Why a workload takes no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The reason, as a clause about the workload.
    pub text: String,
    /// Where it is said.
    pub at: Span,
    /// True if something in the input may scale it up.
    pub may_change: bool,
    /// True if it has pods, and none is ready.
    pub is_unready: bool,
    /// What would help, if it is not the usual.
    pub help: Option<String>,
}

impl Absence {
    /// What would help.
    pub fn help(&self) -> &str {
        match (&self.help, self.is_unready) {
            (Some(help), _) => help.as_str(),
            (None, true) => "find out why the pods are not ready",
            (None, false) => "scale it up",
        }
    }
}

/// What EndpointSlices and Endpoints say of the addresses behind a Service
/// (<https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEndpoints {
    /// The first object that lists them, by its position in the cluster.
    pub object: usize,
    /// The number of those that take requests.
    pub ready: usize,
    /// The number of those that do not.
    pub unready: usize,
    /// True if they come from a cluster.
    pub is_live: bool,
    /// Those of each workload: ready and not ready.
    of_workload: BTreeMap<usize, (usize, usize)>,
}

/// Keeps which workloads take no connection, by themselves and behind each Service.
pub(super) fn keep(cluster: &Cluster, links: &EdgesByEnd<'_>, facts: &mut Facts) {
    let scaled = scaled(cluster);
    let own: BTreeMap<usize, Absence> = (cluster.workloads().iter().enumerate())
        .filter_map(|(index, workload)| Some((index, of_workload(cluster, facts, &scaled, (index, workload))?)))
        .collect();
    let workloads: BTreeMap<NodeId, usize> =
        cluster.workloads().iter().enumerate().map(|(i, w)| (NodeId::object(&w.key), i)).collect();
    let mut behind = BTreeMap::new();
    for (entry, service) in cluster.services() {
        let Some(position) = cluster.find(&entry.key) else { continue };
        let spec = service.spec.as_ref();
        let lists_all = spec.is_some_and(|s| s.publish_not_ready_addresses == Some(true));
        let pod = spec.and_then(|s| s.selector.as_ref()?.get("statefulset.kubernetes.io/pod-name"));
        let id = NodeId::object(&entry.key);
        let chosen = links.outgoing(&id).filter(|l| matches!(l.detail, EdgeDetail::Selects(_)));
        for &index in chosen.filter_map(|l| workloads.get(&l.to.id)) {
            let lacking = || lacks_pod(cluster, &scaled, index, pod?);
            let unready = || facts.listed.get(&position).and_then(|listed| unlisted(cluster, listed, index));
            let of_pods = || own.get(&index).filter(|a| !(a.is_unready && lists_all)).cloned();
            let found = lacking().or_else(of_pods).or_else(unready);
            behind.extend(found.map(|absence| ((position, index), absence)));
        }
    }
    facts.absences = own;
    facts.absent_behind = behind;
}

/// Why the endpoints that are listed for a Service are not those of a workload that takes requests.
fn unlisted(cluster: &Cluster, listed: &ListedEndpoints, workload: usize) -> Option<Absence> {
    let (ready, unready) = listed.of_workload.get(&workload).copied().unwrap_or_default();
    let at = cluster.entries()[listed.object].object.span;
    let absence = |text: String| Some(Absence { text, at, may_change: false, is_unready: true, help: None });
    match (ready, unready) {
        (0, 0) if listed.is_live && listed.ready + listed.unready == 0 => {
            absence("takes no requests: no endpoint is listed for the Service".to_owned())
        }
        (0, 1) => absence("takes no requests: its endpoint is not ready".to_owned()),
        (0, n) if n > 1 => absence(format!("takes no requests: none of its {n} endpoints is ready")),
        _ => None,
    }
}

/// Why a workload takes no connection; `None` if nothing in the input says so.
fn of_workload(
    cluster: &Cluster,
    facts: &Facts,
    scaled: &BTreeSet<(&str, &str)>,
    (index, workload): (usize, &Workload),
) -> Option<Absence> {
    let object = &cluster.entries()[workload.entry].object;
    if workload.spec.replicas == Some(0) {
        let text = "runs no pods: its replicas are 0".to_owned();
        let may_change = scaled.contains(&(workload.key.namespace(), workload.key.name.as_str()));
        return Some(Absence { text, at: object.at("spec.replicas"), may_change, is_unready: false, help: None });
    }
    // A Job that is suspended has no pods (https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job).
    if matches!(workload.key.kind.as_str(), "Job" | "CronJob")
        && object.tree.at(&["spec", "suspend"]).and_then(Tree::as_bool) == Some(true)
    {
        let help = Some("resume it by `suspend: false`".to_owned());
        let text = "runs no pods: it is suspended".to_owned();
        return Some(Absence { text, at: object.at("spec.suspend"), may_change: false, is_unready: false, help });
    }
    let pods: Vec<&Object> = match workload.key.kind.as_str() {
        "Pod" => vec![object],
        _ => workload.pods.iter().map(|&pod| &cluster.entries()[pod].object).collect(),
    };
    if !pods.is_empty() {
        return of_pods(&pods);
    }
    unanswered(facts, index, object).or_else(|| by_status(workload, object))
}

/// Why none of these pods takes a connection.
fn of_pods(pods: &[&Object]) -> Option<Absence> {
    if !pods.iter().all(|pod| is_unready(&pod.tree)) {
        return None;
    }
    let count = if pods.len() == 1 { "its pod is".to_owned() } else { format!("none of its {} pods is", pods.len()) };
    let (not, field) = match (is_deleted(&pods[0].tree), pods.len()) {
        (true, 1) => ("being deleted", "metadata.deletionTimestamp"),
        (_, 1) if phase(&pods[0].tree).is_some_and(is_over) => ("over", "status.phase"),
        (_, 1) if phase(&pods[0].tree) == Some("Pending") => ("pending", "status.phase"),
        (_, 1) => ("not ready", "status.conditions"),
        _ => ("ready", "status.conditions"),
    };
    Some(unready(format!("takes no requests: {count} {not}"), pods[0].at(field)))
}

/// A workload whose readiness probe asks a port that its container does not declare.
fn unanswered(facts: &Facts, workload: usize, object: &Object) -> Option<Absence> {
    let named = |p: &UnansweredProbe| if let ProbePort::Name(name) = &p.port { Some(name.clone()) } else { None };
    let (probe, name) = facts.probes_of(workload).iter().find_map(|p| Some((p, named(p)?)))?;
    let text = format!(
        "never becomes ready: {} of container {} asks port `{name}`, which the container does not declare",
        probe.probe, probe.container
    );
    let help = Some(format!("name a port of container {} `{name}`, or let the probe ask another", probe.container));
    Some(Absence { help, ..unready(text, object.at(&probe.field)) })
}

/// A controller that was observed says how many of its pods are ready; none is left out
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentStatus>).
fn by_status(workload: &Workload, object: &Object) -> Option<Absence> {
    let status = object.tree.get("status")?;
    let number = |field: &str| status.get(field).and_then(Tree::as_i64).unwrap_or_default();
    let observed = status.get("observedGeneration").is_some();
    let ready = if workload.key.kind == "DaemonSet" { number("numberReady") } else { number("readyReplicas") };
    let known = matches!(workload.key.kind.as_str(), "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet");
    let text = || "takes no requests: none of its pods is ready".to_owned();
    (known && observed && ready == 0).then(|| unready(text(), object.at("status")))
}

fn unready(text: String, at: Span) -> Absence {
    Absence { text, at, may_change: false, is_unready: true, help: None }
}

/// Why a StatefulSet lacks the one pod that a Service selects
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-name-label>).
fn lacks_pod(cluster: &Cluster, scaled: &BTreeSet<(&str, &str)>, index: usize, pod: &str) -> Option<Absence> {
    let workload = &cluster.workloads()[index];
    let text = pod_lacking(cluster, workload, pod)?;
    let at = cluster.entries()[workload.entry].object.at("spec.replicas");
    let may_change = scaled.contains(&(workload.key.namespace(), workload.key.name.as_str()));
    Some(Absence { text, at, may_change, is_unready: false, help: None })
}

/// Why a StatefulSet has no pod of a name with a number, as a clause about it.
pub fn pod_lacking(cluster: &Cluster, workload: &Workload, pod: &str) -> Option<String> {
    let number: i64 = pod.strip_prefix(workload.key.name.as_str())?.strip_prefix('-')?.parse().ok()?;
    let is_missing = !cluster.pod_numbers(workload).contains(&number);
    is_missing.then(|| format!("has no pod {pod}: it has {}", pods_text(cluster, workload)))
}

/// The pods of a StatefulSet by its replicas, in words.
pub fn pods_text(cluster: &Cluster, workload: &Workload) -> String {
    let name = &workload.key.name;
    let numbers = cluster.pod_numbers(workload);
    let (first, last) = (numbers.start, numbers.end - 1);
    match workload.spec.replicas.unwrap_or(1) {
        ..=0 => "0 replicas, so it has no pods".to_owned(),
        1 => format!("1 replica, so its only pod is {name}-{first}"),
        2 => format!("2 replicas, so its pods are {name}-{first} and {name}-{last}"),
        n => format!("{n} replicas, so its pods are {name}-{first} to {name}-{last}"),
    }
}

/// True if the status of a pod says that it is not ready, or that it is over
/// (<https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>).
fn is_unready(tree: &Tree) -> bool {
    if is_deleted(tree) {
        return true;
    }
    let Some(status) = tree.get("status") else { return false };
    let conditions = status.get("conditions").map(Tree::items).unwrap_or_default();
    let of_ready = conditions.iter().find(|c| c.get("type").and_then(Tree::as_str) == Some("Ready"));
    match (of_ready.and_then(|c| c.get("status")).and_then(Tree::as_str), phase(tree)) {
        (_, Some(phase)) if is_over(phase) => true,
        // Of a pod whose node does not answer nobody knows.
        (Some(ready), _) => ready != "True",
        // A pod that is not scheduled yet has no such condition.
        (None, phase) => phase == Some("Pending"),
    }
}

/// The phase of a pod.
fn phase(pod: &Tree) -> Option<&str> {
    pod.at(&["status", "phase"]).and_then(Tree::as_str)
}

/// Whether a pod of a phase has ended.
fn is_over(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

/// True if a pod is being deleted: its endpoint is not ready from then on
/// (<https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>).
fn is_deleted(pod: &Tree) -> bool {
    pod.at(&["metadata", "deletionTimestamp"]).is_some_and(|t| !t.is_null())
}

/// Namespaces and names of what another object of the input may scale from 0, as KEDA does. A HorizontalPodAutoscaler leaves what is
/// scaled to 0 alone
/// (<https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation>).
fn scaled(cluster: &Cluster) -> BTreeSet<(&str, &str)> {
    let scalers = cluster.entries().iter().filter(|e| e.key.kind != "HorizontalPodAutoscaler");
    let targets = scalers.filter_map(|e| {
        let name = e.object.tree.at(&["spec", "scaleTargetRef", "name"]).and_then(Tree::as_str)?;
        Some((e.key.namespace(), name))
    });
    targets.collect()
}

/// What EndpointSlices and Endpoints list for each Service of the input, by its position.
pub(super) fn listed(cluster: &Cluster) -> BTreeMap<usize, ListedEndpoints> {
    let mut found: BTreeMap<usize, ListedEndpoints> = BTreeMap::new();
    // Endpoints repeat what slices say; these come first.
    let slices = cluster.entries().iter().enumerate().filter(|(_, e)| matches!(e.object.body, Body::EndpointSlice(_)));
    let endpoints = cluster.entries().iter().enumerate().filter(|(_, e)| matches!(e.object.body, Body::Endpoints(_)));
    for (object, entry) in slices.chain(endpoints) {
        let name = match &entry.object.body {
            Body::EndpointSlice(_) => entry.object.labels.get("kubernetes.io/service-name"),
            _ => Some(&entry.key.name),
        };
        let key = name.map(|name| ObjectKey::new("", "Service", entry.key.namespace(), name));
        let Some(service) = key.and_then(|key| cluster.find(&key)) else { continue };
        let known = found.get(&service).map(|l| &cluster.entries()[l.object].key.kind);
        if known.is_some_and(|kind| *kind != entry.key.kind) {
            continue;
        }
        let is_live = entry.object.tree.at(&["metadata", "uid"]).is_some();
        let listed = found.entry(service).or_insert_with(|| ListedEndpoints {
            object,
            ready: 0,
            unready: 0,
            is_live,
            of_workload: BTreeMap::new(),
        });
        listed.is_live &= is_live;
        for (is_ready, workload) in endpoints_of(cluster, entry) {
            let of_all = if is_ready { &mut listed.ready } else { &mut listed.unready };
            *of_all += 1;
            if let Some(workload) = workload {
                let (ready, unready) = listed.of_workload.entry(workload).or_default();
                *(if is_ready { ready } else { unready }) += 1;
            }
        }
    }
    found
}

/// The endpoints of an object: whether each is ready, and the workload that it is a pod of. A condition that is not
/// there means ready.
fn endpoints_of(cluster: &Cluster, entry: &crate::cluster::Entry) -> Vec<(bool, Option<usize>)> {
    let home = entry.key.namespace();
    let workload = |reference: Option<&k8s_openapi::api::core::v1::ObjectReference>, address: Option<&String>| {
        let pod = reference.filter(|r| r.kind.as_deref() == Some("Pod"));
        match pod {
            Some(pod) => cluster.workload_of_pod(pod.namespace.as_deref().unwrap_or(home), pod.name.as_deref()?),
            None => cluster.pod_address(home, address?),
        }
    };
    match &entry.object.body {
        Body::EndpointSlice(slice) => {
            let all = slice.endpoints.iter().flatten();
            all.map(|e| {
                let is_ready = e.conditions.as_ref().and_then(|c| c.ready) != Some(false);
                (is_ready, workload(e.target_ref.as_ref(), e.addresses.first()))
            })
            .collect()
        }
        Body::Endpoints(endpoints) => {
            let subsets = endpoints.subsets.iter().flatten();
            let all = subsets.flat_map(|s| {
                let ready = s.addresses.iter().flatten().map(|a| (true, a));
                ready.chain(s.not_ready_addresses.iter().flatten().map(|a| (false, a)))
            });
            all.map(|(is_ready, a)| (is_ready, workload(a.target_ref.as_ref(), Some(&a.ip)))).collect()
        }
        _ => Vec::new(),
    }
}
