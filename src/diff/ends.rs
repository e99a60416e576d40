//! What both states have: the workloads of either, each once.

use std::collections::BTreeMap;

use super::Revision;
use crate::graph::NodeId;
use crate::net::ObjectKey;

/// A workload of either state.
#[derive(Clone, Debug)]
pub(super) struct Met {
    /// Its identity.
    pub key: ObjectKey,
    /// Its position in the old cluster.
    pub old: Option<usize>,
    /// Its position in the new cluster.
    pub new: Option<usize>,
}

/// The workloads of both states, by identity.
#[derive(Clone, Debug)]
pub(super) struct Union {
    all: Vec<Met>,
    of_old: Vec<usize>,
    of_new: Vec<usize>,
    by_id: BTreeMap<NodeId, usize>,
}

impl Union {
    pub fn of(old: &Revision, new: &Revision) -> Union {
        let mut met: BTreeMap<&ObjectKey, (Option<usize>, Option<usize>)> = BTreeMap::new();
        for (index, workload) in old.cluster().workloads().iter().enumerate() {
            met.entry(&workload.key).or_default().0 = Some(index);
        }
        for (index, workload) in new.cluster().workloads().iter().enumerate() {
            met.entry(&workload.key).or_default().1 = Some(index);
        }
        let mut union = Union {
            all: Vec::with_capacity(met.len()),
            of_old: vec![0; old.cluster().workloads().len()],
            of_new: vec![0; new.cluster().workloads().len()],
            by_id: BTreeMap::new(),
        };
        for (index, (key, (old, new))) in met.into_iter().enumerate() {
            if let Some(old) = old {
                union.of_old[old] = index;
            }
            if let Some(new) = new {
                union.of_new[new] = index;
            }
            union.by_id.insert(NodeId::object(key), index);
            union.all.push(Met { key: key.clone(), old, new });
        }
        union
    }

    /// All of them; a position here is what a [`Party`](super::Party) mentions.
    pub fn all(&self) -> &[Met] {
        &self.all
    }

    /// The workload at a position of the old cluster.
    pub fn of_old(&self, workload: usize) -> usize {
        self.of_old[workload]
    }

    /// The workload at a position of the new cluster.
    pub fn of_new(&self, workload: usize) -> usize {
        self.of_new[workload]
    }

    /// The workload with this id.
    pub fn find(&self, id: &NodeId) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}
