//! Pods and replica sets become the workload that made them.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::current_group;
use super::{Entry, Workload};
use crate::manifest::{Body, OwnerRef};
use crate::net::ObjectKey;

/// The workloads of some entries (sorted by key), sorted by key.
///
/// A workload whose controller is in the input is folded into it; of a pod whose controller is not, a workload with the
/// controller's identity is made, so that `kubectl get pods -o yaml` alone draws one card for each controller.
pub(super) fn workloads(entries: &[Entry]) -> Vec<Workload> {
    let positions: BTreeMap<&ObjectKey, usize> = entries
        .iter()
        .enumerate()
        .filter(|(_, e)| matches!(e.object.body, Body::Workload(_)))
        .map(|(i, e)| (&e.key, i))
        .collect();
    let mut found: BTreeMap<ObjectKey, Workload> = BTreeMap::new();
    let mut folded: Vec<(ObjectKey, usize)> = Vec::new();
    for (&key, &index) in &positions {
        let Body::Workload(spec) = &entries[index].object.body else { continue };
        let top = top_owner(index, entries, &positions);
        if top == *key {
            found.insert(top.clone(), Workload { key: top, entry: index, spec: (**spec).clone(), pods: Vec::new() });
        } else {
            folded.push((top, index));
        }
    }
    for (top, index) in folded {
        let Body::Workload(spec) = &entries[index].object.body else { continue };
        let workload = found.entry(top.clone()).or_insert_with(|| Workload {
            key: top,
            entry: index,
            spec: (**spec).clone(),
            pods: Vec::new(),
        });
        if entries[index].object.kind == "Pod" {
            workload.pods.push(index);
        }
        let known: BTreeSet<String> = workload.spec.pod_ips.iter().chain(&spec.pod_ips).cloned().collect();
        workload.spec.pod_ips = known.into_iter().collect();
    }
    found.into_values().collect()
}

/// The identity of the outermost controller of the workload at `index`, itself when it has none.
fn top_owner(index: usize, entries: &[Entry], positions: &BTreeMap<&ObjectKey, usize>) -> ObjectKey {
    let mut at = index;
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        let entry = &entries[at];
        let Some(owner) = controller(entry) else { return entry.key.clone() };
        let key = owner_key(owner, entry);
        if !folds(&entry.key.kind, &key.kind) {
            return entry.key.clone();
        }
        match positions.get(&key) {
            Some(&next) => at = next,
            None => match deployment_of(&key, entry).and_then(|d| positions.get(&d)) {
                Some(&next) => at = next,
                None => return key,
            },
        }
    }
    entries[index].key.clone()
}

/// True if a workload of one kind is what a controller of another made of its own template. What an operator makes for
/// a custom resource (a Deployment for each component, say) are workloads of their own.
fn folds(kind: &str, owner: &str) -> bool {
    match kind {
        "Pod" | "ReplicaSet" => true,
        "ReplicationController" => owner == "DeploymentConfig",
        "Job" => owner == "CronJob",
        "VirtualMachineInstance" => matches!(owner, "VirtualMachine" | "VirtualMachineInstanceReplicaSet"),
        _ => false,
    }
}

/// The controller of an object. A Node that owns a pod (a static pod) is no workload.
fn controller(entry: &Entry) -> Option<&OwnerRef> {
    entry.object.owners.iter().find(|o| o.controller && o.kind != "Node")
}

fn owner_key(owner: &OwnerRef, entry: &Entry) -> ObjectKey {
    let group = current_group(owner.api_version.split_once('/').map_or("", |(group, _)| group), &owner.kind);
    // An owner must say its kind; of one that does not, no more is known than that there are pods.
    let kind = if owner.kind.is_empty() { "Pod" } else { &owner.kind };
    let group = if owner.api_version.is_empty() && kind == "ReplicaSet" { "apps" } else { group };
    ObjectKey::new(group, kind, entry.key.namespace(), &owner.name)
}

/// A replica set that a Deployment made is named after it and the hash of its pods' template, which the pods carry as a
/// label (<https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label>): so the pods
/// find a Deployment of the input even when the replica set between them is not there.
fn deployment_of(key: &ObjectKey, child: &Entry) -> Option<ObjectKey> {
    let hash = child.object.labels.get("pod-template-hash")?;
    let name = key.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    (key.kind == "ReplicaSet").then(|| ObjectKey { kind: "Deployment".into(), name: name.to_owned(), ..key.clone() })
}
