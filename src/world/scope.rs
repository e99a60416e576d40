//! The objects that a list is about. What is said of them comes from the whole World; a scope only says which rows are
//! listed.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use crate::graph::NodeId;
use crate::net::ObjectKey;
use crate::policy::Direction;

/// Objects of a World.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    objects: BTreeSet<ObjectKey>,
    workloads: Vec<bool>,
    policies: BTreeSet<usize>,
}

impl Scope {
    /// The objects of a namespace, if one is given, whose sets of labels fit. A Namespace is in itself.
    pub fn new(world: &World, namespace: Option<&str>, fits: impl Fn(&[BTreeMap<String, String>]) -> bool) -> Scope {
        let labels = world.labels();
        let is_in = |key: &ObjectKey| {
            let home =
                if key.kind == "Namespace" && key.group.is_empty() { Some(&key.name) } else { key.namespace.as_ref() };
            let sets = labels.get(&NodeId::object(key)).map_or(&[][..], Vec::as_slice);
            namespace.is_none_or(|wanted| home.is_some_and(|home| home == wanted)) && fits(sets)
        };
        let keys = world.cluster.entries().iter().map(|e| &e.key);
        let nodes = world.graph.nodes().filter_map(|node| node.id.key());
        let objects = keys.chain(nodes).filter(|key| is_in(key)).cloned().collect();
        let workloads: Vec<bool> = world.cluster.workloads().iter().map(|w| is_in(&w.key)).collect();
        let mut policies = BTreeSet::new();
        for (workload, _) in workloads.iter().enumerate().filter(|(_, is_in)| **is_in) {
            for direction in Direction::ALL {
                let isolation = world.connectivity.isolation(workload, direction);
                policies.extend(isolation.isolating.into_iter().chain(isolation.tiers));
            }
        }
        Scope { objects, workloads, policies }
    }

    /// Whether it has no object.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && !self.workloads.contains(&true)
    }

    /// Whether an object is in it.
    pub fn has(&self, object: &ObjectKey) -> bool {
        self.objects.contains(object)
    }

    /// Whether the object of a node is in it.
    pub fn has_node(&self, node: &NodeId) -> bool {
        node.key().is_some_and(|key| self.has(key))
    }

    /// Whether a workload is in it, by its position in the cluster.
    pub fn has_workload(&self, workload: usize) -> bool {
        self.workloads.get(workload).is_some_and(|is_in| *is_in)
    }

    /// The workloads that are in it, by their positions in the cluster.
    pub fn workloads(&self) -> &[bool] {
        &self.workloads
    }

    /// Whether a policy applies to a workload of it, by its position among the policies.
    pub fn has_subject_of(&self, policy: usize) -> bool {
        self.policies.contains(&policy)
    }
}
