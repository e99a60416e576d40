//! Whether a workload has pods that could take a connection: replicas, and readiness as live input shows it.

use super::Scene;
use super::answer::Change;
use crate::manifest::{Object, Tree};
use crate::resolve::{ProbePort, UnansweredProbe};

/// Why a workload takes no connection.
pub(super) struct Absence {
    /// The reason, as a clause about the workload.
    pub text: String,
    /// Where it is said.
    pub at: String,
    /// True if something in the input may scale it up.
    pub may_change: bool,
    /// True if it has pods, and none is ready.
    pub is_unready: bool,
    /// What would help, if it is not the usual.
    pub help: Option<String>,
}

impl Absence {
    /// What would help.
    pub fn change(&self, workload: &str) -> Change {
        let help = match (&self.help, self.is_unready) {
            (Some(help), _) => help.as_str(),
            (None, true) => "find out why the pods are not ready",
            (None, false) => "scale it up",
        };
        Change::Edit(format!("{help}: {workload}"))
    }
}

/// Why a workload takes no connection; `None` if nothing in the input says so.
pub(super) fn absence(scene: &Scene<'_>, index: usize) -> Option<Absence> {
    let workload = scene.workload(index);
    let object = &scene.entry(workload.entry).object;
    if workload.spec.replicas == Some(0) {
        let at = scene.place(object.at("spec.replicas"));
        let text = "runs no pods: its replicas are 0".to_owned();
        return Some(Absence { text, at, may_change: is_scaled(scene, index), is_unready: false, help: None });
    }
    // A Job that is suspended has no pods (https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job).
    if matches!(workload.key.kind.as_str(), "Job" | "CronJob")
        && object.tree.at(&["spec", "suspend"]).and_then(Tree::as_bool) == Some(true)
    {
        let at = scene.place(object.at("spec.suspend"));
        let help = Some("resume it by `suspend: false`".to_owned());
        let text = "runs no pods: it is suspended".to_owned();
        return Some(Absence { text, at, may_change: false, is_unready: false, help });
    }
    let pods: Vec<&Object> = match workload.key.kind.as_str() {
        "Pod" => vec![object],
        _ => workload.pods.iter().map(|&pod| &scene.entry(pod).object).collect(),
    };
    let unready =
        |text: String, at: String| Some(Absence { text, at, may_change: false, is_unready: true, help: None });
    if !pods.is_empty() {
        if pods.iter().all(|pod| is_unready(&pod.tree)) {
            let count =
                if pods.len() == 1 { "its pod is".to_owned() } else { format!("none of its {} pods is", pods.len()) };
            let (not, field) = match (is_deleted(&pods[0].tree), pods.len()) {
                (true, 1) => ("being deleted", "metadata.deletionTimestamp"),
                (_, 1) => ("not ready", "status.conditions"),
                _ => ("ready", "status.conditions"),
            };
            return unready(format!("takes no requests: {count} {not}"), scene.place(pods[0].at(field)));
        }
        return None;
    }
    let named = |p: &UnansweredProbe| if let ProbePort::Name(name) = &p.port { Some(name.clone()) } else { None };
    if let Some((probe, name)) = scene.facts.probes_of(index).iter().find_map(|p| Some((p, named(p)?))) {
        let text = format!(
            "never becomes ready: {} of container {} asks port `{name}`, which the container does not declare",
            probe.probe, probe.container
        );
        let at = scene.place(object.at(&probe.field));
        let help = Some(format!("name a port of container {} `{name}`, or let the probe ask another", probe.container));
        return Some(Absence { text, at, may_change: false, is_unready: true, help });
    }
    // A controller that was observed says how many of its pods are ready; none is left out
    // (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentStatus).
    let status = object.tree.get("status")?;
    let number = |field: &str| status.get(field).and_then(Tree::as_i64).unwrap_or_default();
    let observed = status.get("observedGeneration").is_some();
    let ready = if workload.key.kind == "DaemonSet" { number("numberReady") } else { number("readyReplicas") };
    let known = matches!(workload.key.kind.as_str(), "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet");
    if known && observed && ready == 0 {
        return unready("takes no requests: none of its pods is ready".to_owned(), scene.place(object.at("status")));
    }
    None
}

/// True if the status of a pod says that it is not ready, or that it is over
/// (<https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>).
fn is_unready(tree: &Tree) -> bool {
    if is_deleted(tree) {
        return true;
    }
    let Some(status) = tree.get("status") else { return false };
    let over = matches!(status.get("phase").and_then(Tree::as_str), Some("Succeeded" | "Failed"));
    let conditions = status.get("conditions").map(Tree::items).unwrap_or_default();
    let of_ready = conditions.iter().find(|c| c.get("type").and_then(Tree::as_str) == Some("Ready"));
    over || of_ready.and_then(|c| c.get("status")).and_then(Tree::as_str) == Some("False")
}

/// True if a pod is being deleted: its endpoint is not ready from then on
/// (<https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>).
fn is_deleted(pod: &Tree) -> bool {
    pod.at(&["metadata", "deletionTimestamp"]).is_some_and(|t| !t.is_null())
}

/// True if an autoscaler or another object of the input scales it.
pub(super) fn is_scaled(scene: &Scene<'_>, index: usize) -> bool {
    let key = &scene.workload(index).key;
    // A HorizontalPodAutoscaler leaves what is scaled to 0 alone
    // (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation).
    scene.cluster.entries().iter().any(|e| {
        e.key.kind == "ScaledObject"
            && e.key.namespace() == key.namespace()
            && e.object.tree.at(&["spec", "scaleTargetRef", "name"]).and_then(Tree::as_str) == Some(key.name.as_str())
    })
}
