//! Labels that controllers add to the pods they make of a template
//! (<https://kubernetes.io/docs/reference/labels-annotations-taints/>).

use std::collections::BTreeMap;
use std::ops::Range;

use super::Entry;
use crate::manifest::{self, Tree};

/// Labels, by key.
pub(super) type Labels = BTreeMap<String, String>;

/// The value of a label that is surely there but whose content only the cluster knows, such as a hash. No selector can
/// name it.
pub const UNKNOWN_VALUE: &str = "\u{0}";

/// The label with the name of a StatefulSet's pod, and the one with its number
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-name-label>).
pub(super) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
pub(super) const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The labels that all pods have which a controller makes of its template: those of the template and those that it
/// adds. Where its pods differ in a label (the name and number of a StatefulSet's pod) that is left out; see
/// [`Ordinals`].
pub(super) fn of_template(entry: &Entry, spec: &manifest::Workload) -> Labels {
    let mut labels = spec.pod_labels.clone();
    let mut add = |key: &str, value: &str| {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    };
    let (name, tree) = (entry.object.name.as_str(), &entry.object.tree);
    match entry.object.kind.as_str() {
        "Deployment" => add("pod-template-hash", UNKNOWN_VALUE),
        "DaemonSet" => {
            add("controller-revision-hash", UNKNOWN_VALUE);
            add("pod-template-generation", UNKNOWN_VALUE);
        }
        "StatefulSet" => add("controller-revision-hash", UNKNOWN_VALUE),
        kind @ ("Job" | "CronJob") => {
            let job = if kind == "Job" { tree.get("spec") } else { tree.at(&["spec", "jobTemplate", "spec"]) };
            let field = |key: &str| job.and_then(|j| j.get(key));
            // With a selector of its own a Job gets no labels made for it
            // (https://kubernetes.io/docs/concepts/workloads/controllers/job/#specifying-your-own-pod-selector).
            if field("manualSelector").and_then(Tree::as_bool) != Some(true) {
                // The name of a CronJob's Job holds the time of its run.
                let job_name = if kind == "Job" && !name.ends_with('*') { name } else { UNKNOWN_VALUE };
                for (key, value) in [("job-name", job_name), ("controller-uid", UNKNOWN_VALUE)] {
                    add(key, value);
                    add(&format!("batch.kubernetes.io/{key}"), value);
                }
            }
            if field("completionMode").and_then(Tree::as_str) == Some("Indexed") {
                add("batch.kubernetes.io/job-completion-index", UNKNOWN_VALUE);
            }
        }
        "Rollout" => add(ROLLOUT_HASH, UNKNOWN_VALUE),
        _ => {}
    }
    for (key, value) in by_operators(entry, spec) {
        add(key, &value);
    }
    labels
}

/// The label with the hash of the template that a pod of a Rollout has, which Argo also adds to the selectors of the
/// Services that it directs (<https://argo-rollouts.readthedocs.io/en/stable/features/canary/>).
pub(super) const ROLLOUT_HASH: &str = "rollouts-pod-template-hash";

/// Labels that operators add to the pods they make. Sources: the label pages and code of LeaderWorkerSet, KubeRay,
/// JobSet, KEDA, Knative, Argo Workflows, Kubeflow's trainer and Volcano.
fn by_operators(entry: &Entry, spec: &manifest::Workload) -> Vec<(&'static str, String)> {
    let name = || entry.object.name.clone();
    let part = || spec.part.clone();
    let unknown = || UNKNOWN_VALUE.to_owned();
    match (entry.key.group.as_str(), entry.key.kind.as_str()) {
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet") => vec![
            ("leaderworkerset.sigs.k8s.io/name", name()),
            ("leaderworkerset.sigs.k8s.io/group-index", unknown()),
            ("leaderworkerset.sigs.k8s.io/worker-index", if part() == "leader" { "0".into() } else { unknown() }),
        ],
        ("ray.io", kind) => {
            let own = if kind == "RayCluster" { name() } else { unknown() };
            let (node, group) = if spec.part == "head" { ("head", "headgroup".to_owned()) } else { ("worker", part()) };
            let identifier = if kind == "RayCluster" { format!("{own}-{node}") } else { unknown() };
            vec![
                ("ray.io/cluster", own),
                ("ray.io/node-type", node.to_owned()),
                ("ray.io/group", group),
                ("ray.io/identifier", identifier),
                ("ray.io/is-ray-node", "yes".to_owned()),
                // Pods that serve have it set to true, and which do changes while they run.
                ("ray.io/serve", if kind == "RayService" { "true".to_owned() } else { unknown() }),
            ]
        }
        // (https://docs.openshift.com/container-platform/latest/applications/deployments/what-deployments-are.html)
        ("apps.openshift.io", "DeploymentConfig") => vec![("deploymentconfig", name()), ("deployment", unknown())],
        ("jobset.x-k8s.io", "JobSet") => vec![
            ("jobset.sigs.k8s.io/jobset-name", name()),
            ("jobset.sigs.k8s.io/replicatedjob-name", if spec.part.is_empty() { unknown() } else { part() }),
            ("jobset.sigs.k8s.io/job-index", unknown()),
        ],
        ("keda.sh", "ScaledJob") => vec![("scaledjob.keda.sh/name", name()), ("job-name", unknown())],
        ("serving.knative.dev", "Service") => vec![
            ("serving.knative.dev/service", name()),
            ("serving.knative.dev/configuration", name()),
            ("serving.knative.dev/revision", unknown()),
            ("app", unknown()),
        ],
        ("argoproj.io", "Workflow") => vec![("workflows.argoproj.io/workflow", name())],
        ("kubeflow.org", _) => vec![
            ("training.kubeflow.org/job-name", name()),
            ("training.kubeflow.org/replica-type", part().to_ascii_lowercase()),
            ("training.kubeflow.org/replica-index", unknown()),
        ],
        ("batch.volcano.sh", "Job") => vec![("volcano.sh/job-name", name()), ("volcano.sh/task-spec", part())],
        _ => Vec::new(),
    }
}

/// The numbers of the pods of a StatefulSet, which begin at 0 or where `ordinals` say
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#start-ordinal>).
pub(super) fn numbers(entry: &Entry, spec: &manifest::Workload) -> Range<i64> {
    let start = entry.object.tree.at(&["spec", "ordinals", "start"]).and_then(Tree::as_i64).unwrap_or(0);
    start..start.saturating_add(i64::from(spec.replicas.unwrap_or(1)))
}

/// The pods of a StatefulSet: each has a name and a number, and these as labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinals<'a> {
    name: &'a str,
    start: i64,
    count: i64,
}

impl<'a> Ordinals<'a> {
    /// The pods of a StatefulSet; `None` for other objects.
    pub(super) fn of(entry: &'a Entry, spec: &manifest::Workload) -> Option<Ordinals<'a>> {
        (entry.object.kind == "StatefulSet").then_some(Ordinals {
            name: &entry.object.name,
            start: numbers(entry, spec).start,
            count: i64::from(spec.replicas.unwrap_or(1)).max(1),
        })
    }

    /// How many there are, at least one.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The keys of the labels in which they differ.
    pub fn keys() -> [&'static str; 2] {
        [POD_NAME, POD_INDEX]
    }

    /// Their labels, given those that all of them have.
    pub fn labels(self, common: &Labels) -> impl Iterator<Item = Labels> {
        let with = move |number: i64| Ordinals::labeled(common, format!("{}-{number}", self.name), number.to_string());
        (self.start..self.start.saturating_add(self.count)).map(with)
    }

    /// The labels of any of them, of which name and number are unknown.
    pub fn any(common: &Labels) -> Labels {
        Ordinals::labeled(common, UNKNOWN_VALUE.to_owned(), UNKNOWN_VALUE.to_owned())
    }

    fn labeled(common: &Labels, name: String, number: String) -> Labels {
        let own = [(POD_NAME.to_owned(), name), (POD_INDEX.to_owned(), number)];
        common.clone().into_iter().chain(own).collect()
    }
}
