//! What changes how many pods a workload runs: HorizontalPodAutoscalers and ScaledObjects of KEDA.

use super::super::{Context, Wanted};
use crate::cluster::Entry;
use crate::graph::{Config, Detail, EdgeDetail, MissingReason, NodeId, Scaling};
use crate::manifest::Tree;
use crate::net::ObjectKey;

/// Adds every autoscaler with its edge.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for entry in cluster.entries() {
        match (entry.key.group.as_str(), entry.key.kind.as_str()) {
            ("autoscaling", "HorizontalPodAutoscaler") => scaler(context, entry, pods(entry)),
            ("keda.sh", "ScaledObject") => scaler(context, entry, keda(entry)),
            _ => {}
        }
    }
}

fn scaler(context: &mut Context<'_>, entry: &Entry, (scaling, by): (Scaling, Vec<String>)) {
    let detail = Detail::Config(Config::Scaler { scaling: scaling.clone(), by });
    let id = context.object(entry, detail);
    let Some(wanted) = entry.object.tree.at(&["spec", "scaleTargetRef"]) else {
        return;
    };
    let text = |key: &str| wanted.get(key).and_then(Tree::as_str).filter(|t| !t.is_empty());
    let Some(name) = text("name") else { return };
    // KEDA takes a Deployment where no kind is named (https://keda.sh/docs/latest/reference/scaledobject-spec/).
    let kind = text("kind").unwrap_or("Deployment");
    let said = context.evidence(entry, "spec.scaleTargetRef");
    let meant = |key: &ObjectKey| key.kind == kind && key.name == name && key.namespace() == entry.key.namespace();
    // The group may be left out, or be one that the kind has moved out of.
    let target = match context.cluster.workloads().iter().find(|w| meant(&w.key)) {
        Some(workload) => NodeId::object(&workload.key),
        None => {
            let namespace = entry.key.namespace();
            let reason = MissingReason::NotInManifests;
            context.missing(&Wanted { kind, namespace, wanted: name, name, reason }, said.clone())
        }
    };
    context.graph.edge(&id, &target, EdgeDetail::Scales(scaling), [said]);
}

/// Of a HorizontalPodAutoscaler of any version: an absent minimum is one pod
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/>).
fn pods(entry: &Entry) -> (Scaling, Vec<String>) {
    let Some(spec) = entry.object.tree.get("spec") else {
        return Default::default();
    };
    let mut by = Vec::new();
    if let Some(percent) = spec.get("targetCPUUtilizationPercentage").and_then(Tree::as_i64) {
        by.push(format!("cpu {percent} %"));
    }
    for metric in spec.get("metrics").map(Tree::items).unwrap_or_default() {
        by.extend(measured(metric));
    }
    let scaling = Scaling { min: number(spec, "minReplicas").or(Some(1)), max: number(spec, "maxReplicas") };
    (scaling, by)
}

/// `cpu 80 %`, `memory 500Mi`, `requests_per_second`.
fn measured(metric: &Tree) -> Option<String> {
    let kind = metric.get("type").and_then(Tree::as_str)?;
    // `ContainerResource` → `containerResource`.
    let mut letters = kind.chars();
    let key: String = letters.next()?.to_ascii_lowercase().to_string() + letters.as_str();
    let of = metric.get(&key)?;
    let name = of
        .get("name")
        .or_else(|| of.at(&["metric", "name"]))
        .or_else(|| of.get("metricName"))
        .and_then(Tree::as_str)?;
    let percent =
        of.at(&["target", "averageUtilization"]).or_else(|| of.get("targetAverageUtilization")).and_then(Tree::as_i64);
    let value = ["averageValue", "value"]
        .into_iter()
        .find_map(|k| of.at(&["target", k]))
        .or_else(|| of.get("targetAverageValue"));
    let value = value.and_then(|v| v.as_str().map(str::to_owned).or_else(|| v.as_i64().map(|n| n.to_string())));
    Some(match (percent, value) {
        (Some(percent), _) => format!("{name} {percent} %"),
        (None, Some(value)) => format!("{name} {value}"),
        (None, None) => name.to_owned(),
    })
}

/// Of a ScaledObject: between none and a hundred pods unless it says otherwise
/// (<https://keda.sh/docs/latest/reference/scaledobject-spec/>).
fn keda(entry: &Entry) -> (Scaling, Vec<String>) {
    let Some(spec) = entry.object.tree.get("spec") else {
        return Default::default();
    };
    let triggers = spec.get("triggers").map(Tree::items).unwrap_or_default();
    let by = triggers.iter().filter_map(|t| t.get("type").and_then(Tree::as_str)).map(str::to_owned);
    let scaling = Scaling {
        min: number(spec, "minReplicaCount").or(Some(0)),
        max: number(spec, "maxReplicaCount").or(Some(100)),
    };
    (scaling, by.collect())
}

fn number(spec: &Tree, key: &str) -> Option<i64> {
    spec.get(key).and_then(Tree::as_i64)
}
