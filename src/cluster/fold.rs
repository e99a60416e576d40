//! Pods and replica sets become the workload that made them.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::identity::current_group;
use super::{Entry, Workload};
use crate::manifest::{self, Body, OwnerRef, Tree};
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
    let all: Vec<(&ObjectKey, usize)> = positions.iter().map(|(key, index)| (*key, *index)).collect();
    let mut owners = Owners::new(entries, positions);
    let rollouts = Rollouts::of(entries);
    for (key, index) in all {
        let Body::Workload(spec) = &entries[index].object.body else { continue };
        let top = owners.top(index);
        if let Some(rollout) = rollouts.running(&top, spec) {
            let spec = manifest::Workload { replicas: rollout.replicas, ..(**spec).clone() };
            let key = rollout.key.clone();
            found.insert(key.clone(), Workload { key, entry: index, spec, pods: Vec::new() });
        } else if top == *key {
            for part in std::iter::once(&**spec).chain(&spec.others) {
                let key = part_key(&top, &part.part);
                let spec = manifest::Workload { others: Vec::new(), ..part.clone() };
                found.insert(key.clone(), Workload { key, entry: index, spec, pods: Vec::new() });
            }
        } else {
            folded.push((top, index));
        }
    }
    let mut joined: BTreeSet<ObjectKey> = BTreeSet::new();
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
        workload.spec.pod_ips.extend(spec.pod_ips.iter().cloned());
        joined.insert(workload.key.clone());
    }
    for key in &joined {
        if let Some(workload) = found.get_mut(key) {
            workload.spec.pod_ips.sort();
            workload.spec.pod_ips.dedup();
        }
    }
    found.into_values().collect()
}

/// The identity of one of the templates of an object: a name that no other object can have.
fn part_key(object: &ObjectKey, part: &str) -> ObjectKey {
    if part.is_empty() {
        object.clone()
    } else {
        ObjectKey { name: format!("{}:{part}", object.name), ..object.clone() }
    }
}

/// Rollouts of Argo that take the template of a Deployment, which Argo scales to zero
/// (<https://argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout>).
struct Rollouts<'a> {
    /// By the identity of the Deployment.
    of_deployments: BTreeMap<ObjectKey, Rollout<'a>>,
}

struct Rollout<'a> {
    key: &'a ObjectKey,
    replicas: Option<i32>,
}

impl<'a> Rollouts<'a> {
    fn of(entries: &'a [Entry]) -> Rollouts<'a> {
        let rollouts = entries.iter().filter(|e| e.key.group == "argoproj.io" && e.key.kind == "Rollout");
        let with_reference = rollouts.filter_map(|e| {
            let tree = &e.object.tree;
            let reference = tree.at(&["spec", "workloadRef"])?;
            let text = |key: &str| reference.get(key).and_then(Tree::as_str);
            let deployment = ObjectKey::new("apps", text("kind")?, e.key.namespace(), text("name")?);
            let replicas = tree.at(&["spec", "replicas"]).and_then(Tree::as_i64).and_then(|n| i32::try_from(n).ok());
            Some((deployment, Rollout { key: &e.key, replicas }))
        });
        Rollouts { of_deployments: with_reference.collect() }
    }

    /// The Rollout that runs the pods of a Deployment in its place.
    fn running(&self, deployment: &ObjectKey, spec: &manifest::Workload) -> Option<&Rollout<'a>> {
        self.of_deployments.get(deployment).filter(|_| spec.replicas == Some(0))
    }
}

/// Finds the outermost controllers of workloads. What was found for one is known of all on the way to it.
struct Owners<'a> {
    entries: &'a [Entry],
    positions: BTreeMap<&'a ObjectKey, usize>,
    /// The outermost controller of an entry; `None` if there is none because its owners own each other.
    known: FxHashMap<usize, Option<ObjectKey>>,
    /// How many owners were looked up.
    steps: usize,
}

impl<'a> Owners<'a> {
    fn new(entries: &'a [Entry], positions: BTreeMap<&'a ObjectKey, usize>) -> Owners<'a> {
        Owners { entries, positions, known: FxHashMap::default(), steps: 0 }
    }

    /// The identity of the outermost controller of the workload at `index`, itself when it has none.
    fn top(&mut self, index: usize) -> ObjectKey {
        let (mut at, mut way, mut seen) = (index, Vec::new(), FxHashSet::default());
        let top = loop {
            if let Some(known) = self.known.get(&at) {
                break known.clone();
            }
            if !seen.insert(at) {
                break None;
            }
            way.push(at);
            self.steps += 1;
            match self.owner(at) {
                Owner::At(next) => at = next,
                Owner::Absent(key) => break Some(key),
                Owner::None => break Some(self.entries[at].key.clone()),
            }
        };
        for entry in way {
            self.known.insert(entry, top.clone());
        }
        top.unwrap_or_else(|| self.entries[index].key.clone())
    }

    /// The controller of an entry that it is folded into.
    fn owner(&self, at: usize) -> Owner {
        let entry = &self.entries[at];
        let Some(owner) = controller(entry) else { return Owner::None };
        let key = owner_key(owner, entry);
        if !folds(&entry.key.kind, &key.kind) {
            return Owner::None;
        }
        let there = self.positions.get(&key).copied();
        let above = || deployment_of(&key, entry).and_then(|d| self.positions.get(&d).copied());
        there.or_else(above).map_or(Owner::Absent(key.clone()), Owner::At)
    }
}

/// The controller of an entry.
enum Owner {
    /// It is in the input, at this position.
    At(usize),
    /// It is not in the input.
    Absent(ObjectKey),
    /// There is none, or the entry is no part of it.
    None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Cluster, Options};
    use crate::source::Sources;

    /// So many replica sets, each owned by the next; the last by the first where that is wanted.
    fn chain(n: usize, closed: bool) -> Vec<Entry> {
        let set = |i: usize| {
            let owner = if closed { (i + 1) % n } else { i + 1 };
            format!(
                "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: r{i}, ownerReferences: [{{apiVersion: apps/v1, \
                 kind: ReplicaSet, name: r{owner}, uid: x, controller: true}}]}}\nspec: {{template: {{metadata: {{labels: \
                 {{app: a}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}\n"
            )
        };
        let sources = Sources::from_texts([("all.yaml", (0..n).map(set).collect::<String>())]);
        Cluster::new(crate::manifest::parse(&sources).value.objects, &Options::default()).value.entries().to_vec()
    }

    #[test]
    fn each_owner_is_looked_up_once_in_chains_and_circles() {
        for n in [500, 1_000, 2_000] {
            for closed in [false, true] {
                let entries = chain(n, closed);
                let positions: BTreeMap<&ObjectKey, usize> =
                    entries.iter().enumerate().map(|(i, e)| (&e.key, i)).collect();
                let mut owners = Owners::new(&entries, positions);
                let tops: BTreeSet<ObjectKey> = (0..n).map(|i| owners.top(i)).collect();
                assert_eq!(tops.len(), if closed { n } else { 1 });
                assert_eq!(owners.steps, n);
            }
        }
    }
}
