//! Which workload has the pods with some labels, the labels that controllers add included.

use std::collections::BTreeMap;

use super::added::{self, Labels, POD_INDEX, POD_NAME, ROLLOUT_HASH};
use super::labels::LabelIndex;
use super::{Entry, Workload};
use crate::manifest::Body;

/// Finds workloads by their pods.
#[derive(Clone, Debug, Default)]
pub(super) struct PodIndex {
    /// Every set of labels that pods have.
    sets: LabelIndex,
    /// The workload of each set.
    owners: Vec<usize>,
    /// The workload of each Pod of the input, by namespace and name.
    by_name: BTreeMap<(String, String), usize>,
}

impl PodIndex {
    /// An index of the pods of some workloads: of their templates, and of the live pods that were folded into them.
    pub fn new(entries: &[Entry], workloads: &[Workload]) -> Self {
        let mut sets: Vec<(&str, Labels)> = Vec::new();
        let mut owners = Vec::new();
        let mut by_name = BTreeMap::new();
        for (position, workload) in workloads.iter().enumerate() {
            let namespace = workload.key.namespace();
            let mut own = vec![added::of_template(&entries[workload.entry], &workload.spec)];
            for &pod in &workload.pods {
                let entry = &entries[pod];
                by_name.insert((namespace.to_owned(), entry.key.name.clone()), position);
                if let Body::Workload(spec) = &entry.object.body {
                    own.push(spec.pod_labels.clone());
                }
            }
            if workload.key.kind == "Pod" {
                by_name.insert((namespace.to_owned(), workload.key.name.clone()), position);
            }
            own.sort();
            own.dedup();
            owners.extend(own.iter().map(|_| position));
            sets.extend(own.into_iter().map(|labels| (namespace, labels)));
        }
        let sets = LabelIndex::new(sets.iter().map(|(namespace, labels)| (*namespace, labels)));
        PodIndex { sets, owners, by_name }
    }

    /// Positions, ascending, of the workloads of a namespace that have a pod with all these labels.
    pub fn select(&self, workloads: &[Workload], namespace: &str, selector: &Labels) -> Vec<usize> {
        let mut found = self.matching(namespace, selector);
        let mut rest = selector.clone();
        // The hash of a Rollout is put into selectors by its controller, as it is put into labels.
        if rest.remove(ROLLOUT_HASH).is_some() {
            let is_rollout = |w: &usize| workloads[*w].key.kind == "Rollout";
            found.extend(self.select(workloads, namespace, &rest).into_iter().filter(is_rollout));
        }
        let asked = (rest.remove(POD_NAME), rest.remove(POD_INDEX));
        if asked != (None, None) {
            let others = if rest.is_empty() {
                let from = workloads.partition_point(|w| w.key.namespace() < namespace);
                (from..workloads.len()).take_while(|&w| workloads[w].key.namespace() == namespace).collect()
            } else {
                self.matching(namespace, &rest)
            };
            let (name, index) = (asked.0.as_deref(), asked.1.as_deref());
            found.extend(others.into_iter().filter(|&w| has_ordinal(&workloads[w], name, index)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The workload of a Pod of the input.
    pub fn workload_of(&self, namespace: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(namespace.to_owned(), name.to_owned())).copied()
    }

    fn matching(&self, namespace: &str, selector: &Labels) -> Vec<usize> {
        let mut found: Vec<usize> =
            self.sets.matching(namespace, selector).into_iter().map(|set| self.owners[set]).collect();
        found.dedup();
        found
    }
}

/// True if a StatefulSet of which no live pod is known would have a pod of this name and number.
fn has_ordinal(workload: &Workload, name: Option<&str>, index: Option<&str>) -> bool {
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| n.to_string() == text);
    let of_name = name.map(|n| n.strip_prefix(&workload.key.name).and_then(|r| r.strip_prefix('-')).and_then(number));
    let of_index = index.map(number);
    let agree = match (of_name, of_index) {
        (Some(a), Some(b)) => a.is_some() && a == b,
        (Some(one), None) | (None, Some(one)) => one.is_some(),
        (None, None) => false,
    };
    agree && workload.key.kind == "StatefulSet" && workload.pods.is_empty()
}
