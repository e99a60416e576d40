//! Policies that the input defines more than once with different content: which definition holds is not known, so they
//! may change whatever they are about.

use std::collections::BTreeSet;

use super::foreign::ForeignPolicy;
use super::rule::{Direction, NamespaceSelection, Policy};
use crate::cluster::{Cluster, Entry, LeftOut, Ordinals, Workload};
use crate::manifest::Body;
use crate::net::Labels;

/// What a policy with another definition may change: traffic of the pods, and in the directions, that one of its
/// definitions is about. `read` returns what a definition says; `None` if it cannot be read.
pub(super) fn of(
    cluster: &Cluster,
    left: &LeftOut,
    read: impl Fn(&Entry) -> Option<Vec<Policy>>,
) -> Option<ForeignPolicy> {
    let other = left.other.as_deref()?;
    let used = &cluster.entries()[cluster.find(&left.key)?];
    let Some(definitions) = read(used).zip(read(other)).map(|(a, b)| [a, b].concat()) else {
        return Some(ForeignPolicy::repeated(used, left.at, Direction::ALL.to_vec(), None));
    };
    let directions = Direction::ALL.into_iter().filter(|d| definitions.iter().any(|p| p.rules(*d).is_some()));
    let subjects: BTreeSet<_> = definitions.iter().map(|p| &p.subject).collect();
    let workloads = cluster.workloads().iter().enumerate();
    let is_meant = |w: &Workload| {
        let sets = sets_of(cluster, w);
        subjects.iter().any(|subject| {
            let is_home = match &subject.namespaces {
                NamespaceSelection::Named(name) => name == w.key.namespace(),
                NamespaceSelection::Labeled(selector) => {
                    cluster.namespaces().get(w.key.namespace()).is_some_and(|n| selector.matches(&n.labels))
                }
            };
            // Pods with labels of their own may be told apart.
            let is_numbered = cluster.ordinals(w).is_some()
                && subject.pods.requirements().iter().any(|r| Ordinals::keys().contains(&r.key.as_str()));
            is_home && (is_numbered || sets.iter().any(|labels| subject.pods.matches(labels)))
        })
    };
    let members = workloads.filter(|(_, w)| is_meant(w)).map(|(index, _)| index).collect();
    Some(ForeignPolicy::repeated(used, left.at, directions.collect(), Some(members)))
}

/// The sets of labels that the pods of a workload have.
fn sets_of(cluster: &Cluster, workload: &Workload) -> Vec<Labels> {
    let own = workload.pods.iter().filter_map(|&pod| match &cluster.entries()[pod].object.body {
        Body::Workload(spec) => Some(spec.pod_labels.clone()),
        _ => None,
    });
    std::iter::once(cluster.template_labels(workload)).chain(own).collect()
}
