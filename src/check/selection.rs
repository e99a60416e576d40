//! Which workloads a selector of pods means, the labels that controllers add included.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::cluster::{Cluster, Namespace, Ordinals, Workload};
use crate::manifest::Body;
use crate::net::{ContainerPort, Labels, NAMESPACE_NAME, Operator, Protocol, Requirement, Selector, text};
use crate::policy::{NamespaceSelection, PodSelection, is_added};

/// The pods of the input: for each workload every set of labels that some pod of it has.
#[derive(Debug, Default)]
pub(super) struct Pods<'a> {
    /// By namespace, and in it by position.
    all: Vec<Sets<'a>>,
    /// Positions in `all` of what has a label, and of what has a key.
    having: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    namespaces: RefCell<BTreeMap<NamespaceSelection, Rc<Vec<&'a str>>>>,
    meant: RefCell<BTreeMap<PodSelection, Rc<Vec<usize>>>>,
}

/// The labels of the pods of a workload.
#[derive(Debug)]
struct Sets<'a> {
    namespace: &'a str,
    workload: usize,
    labels: Vec<Labels>,
}

impl<'a> Pods<'a> {
    /// All pods of a cluster.
    pub fn of(cluster: &'a Cluster) -> Pods<'a> {
        let mut pods = Pods::default();
        for (index, workload) in cluster.workloads().iter().enumerate() {
            let mut sets = vec![cluster.template_labels(workload)];
            for &pod in &workload.pods {
                if let Body::Workload(spec) = &cluster.entries()[pod].object.body {
                    sets.push(spec.pod_labels.clone());
                }
            }
            sets.sort();
            sets.dedup();
            pods.all.push(Sets { namespace: workload.key.namespace(), workload: index, labels: sets });
        }
        pods.all.sort_by_key(|s| (s.namespace, s.workload));
        for (at, sets) in pods.all.iter().enumerate() {
            for (key, value) in sets.labels.iter().flatten() {
                let of_key = pods.having.entry(key.clone()).or_default();
                let there = of_key.entry(value.clone()).or_default();
                if there.last() != Some(&at) {
                    there.push(at);
                }
            }
        }
        pods
    }

    /// Whether the manifests contain pods of a namespace.
    pub fn are_in(&self, namespace: &str) -> bool {
        !self.range(namespace).is_empty()
    }

    fn range(&self, namespace: &str) -> Range<usize> {
        let from = self.all.partition_point(|s| s.namespace < namespace);
        from..from + self.all[from..].partition_point(|s| s.namespace == namespace)
    }

    /// The positions of all workloads of a namespace.
    pub fn all(&self, namespace: &str) -> Vec<usize> {
        self.all[self.range(namespace)].iter().map(|s| s.workload).collect()
    }

    /// The positions of the workloads of a namespace that have a pod which a selector selects.
    pub fn select(&self, cluster: &Cluster, namespace: &str, selector: &Selector) -> Vec<usize> {
        let range = self.range(namespace);
        let there = match self.shortest(selector) {
            Some(few) => {
                let from = few.partition_point(|at| *at < range.start);
                let to = few.partition_point(|at| *at < range.end);
                few[from..to].to_vec()
            }
            None => range.collect(),
        };
        let there = there.iter().filter(|at| self.is_selected(cluster, **at, selector));
        there.map(|at| self.all[*at].workload).collect()
    }

    /// The first namespace but one that has pods which a selector selects.
    pub fn elsewhere(&self, cluster: &Cluster, namespace: &str, selector: &Selector) -> Option<&'a str> {
        let own = self.range(namespace);
        let fits = |at: &usize| !own.contains(at) && self.is_selected(cluster, *at, selector);
        let found = match self.shortest(selector) {
            Some(few) => few.iter().copied().find(fits),
            None => (0..self.all.len()).find(fits),
        };
        found.map(|at| self.all[at].namespace)
    }

    /// Where a pod that a selector selects can be, ascending, by the requirement that fewest pods meet; `None` if that
    /// is everywhere.
    fn shortest(&self, selector: &Selector) -> Option<Cow<'_, [usize]>> {
        // Which of its pods have which number is not asked of a StatefulSet.
        let asked = selector.requirements().iter().filter(|r| !Ordinals::keys().contains(&r.key.as_str()));
        let asked = asked.filter(|r| !is_added(&r.key));
        let lists = asked.filter_map(|requirement| {
            let of_key = self.having.get(&requirement.key);
            let lists: Vec<&Vec<usize>> = match &requirement.operator {
                Operator::In(values) => values.iter().filter_map(|v| of_key?.get(v)).collect(),
                Operator::Exists => of_key.into_iter().flat_map(BTreeMap::values).collect(),
                _ => return None,
            };
            Some(lists)
        });
        let lists = lists.min_by_key(|lists| lists.iter().map(|l| l.len()).sum::<usize>())?;
        if let [one] = lists.as_slice() {
            return Some(Cow::Borrowed(one.as_slice()));
        }
        let mut all: Vec<usize> = lists.into_iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        Some(Cow::Owned(all))
    }

    fn is_selected(&self, cluster: &Cluster, at: usize, selector: &Selector) -> bool {
        let sets = &self.all[at];
        let numbered = cluster.workloads()[sets.workload].key.kind == "StatefulSet";
        let asked = |r: &&Requirement| !is_added(&r.key) && (!numbered || !Ordinals::keys().contains(&r.key.as_str()));
        let further = Selector::all_of(selector.expressions().iter().filter(|e| !e.keys().into_iter().any(is_added)));
        sets.labels.iter().any(|labels| {
            selector.requirements().iter().filter(asked).all(|r| r.matches(labels)) && further.matches(labels)
        })
    }

    /// The positions of the workloads that a policy or a rule means.
    pub fn meant(&self, cluster: &'a Cluster, selection: &PodSelection) -> Rc<Vec<usize>> {
        if let Some(known) = self.meant.borrow().get(selection) {
            return Rc::clone(known);
        }
        let names = self.namespaces(cluster, &selection.namespaces);
        let found = Rc::new(names.iter().flat_map(|n| self.select(cluster, n, &selection.pods)).collect());
        self.meant.borrow_mut().insert(selection.clone(), Rc::clone(&found));
        found
    }

    /// The namespaces of the input that are meant, by name.
    pub fn namespaces(&self, cluster: &'a Cluster, selection: &NamespaceSelection) -> Rc<Vec<&'a str>> {
        let find = || Rc::new(namespaces(cluster, selection));
        Rc::clone(self.namespaces.borrow_mut().entry(selection.clone()).or_insert_with(find))
    }
}

/// The namespaces of the input that are meant.
fn namespaces<'a>(cluster: &'a Cluster, selection: &NamespaceSelection) -> Vec<&'a str> {
    let known = |name: &str| cluster.namespaces().get_key_value(name);
    match selection {
        NamespaceSelection::Named(wanted) => known(wanted).map(|(name, _)| name.as_str()).into_iter().collect(),
        NamespaceSelection::Labeled(selector) => {
            // Nothing can override the label with the name.
            let named = selector.requirements().iter().find_map(|r| match &r.operator {
                Operator::In(values) if r.key == NAMESPACE_NAME => Some(values),
                _ => None,
            });
            let fits = |(_, n): &(&String, &Namespace)| selector.matches(&n.labels);
            match named {
                Some(values) => values.iter().filter_map(|v| known(v)).filter(fits).map(|(n, _)| n.as_str()).collect(),
                None => cluster.namespaces().iter().filter(fits).map(|(n, _)| n.as_str()).collect(),
            }
        }
    }
}

/// The labels that a selector asks for by one value each; what it says otherwise is left out.
pub(super) fn exact(selector: &Selector) -> Labels {
    let label = |r: &Requirement| match &r.operator {
        Operator::In(values) => values.first().filter(|_| values.len() == 1).map(|v| (r.key.clone(), v.clone())),
        _ => None,
    };
    selector.requirements().iter().filter_map(label).collect()
}

/// The containers of a workload whose ports count: its own, and sidecars that start before them.
pub(super) fn containers(workload: &Workload) -> impl Iterator<Item = &k8s_openapi::api::core::v1::Container> {
    let pod = &workload.spec.pod;
    let sidecars = pod.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    sidecars.chain(&pod.containers)
}

/// The ports that the containers of a workload declare; those without a name have an empty one.
pub(super) fn ports(workload: &Workload) -> Vec<ContainerPort> {
    let declared = containers(workload).flat_map(|c| c.ports.iter().flatten()).filter_map(|p| {
        Some(ContainerPort {
            name: p.name.clone().unwrap_or_default(),
            protocol: p.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::from_name)?,
            number: u16::try_from(p.container_port).ok().filter(|n| *n > 0)?,
        })
    });
    declared.collect()
}

/// Whether the pods of a workload are in the network of their node.
pub(super) fn on_host(workload: &Workload) -> bool {
    workload.spec.pod.host_network == Some(true)
}

/// Some names in a sentence: the first three, and how many more.
pub(super) fn some<S: AsRef<str>>(names: &[S]) -> String {
    text::sentence(names.iter().map(AsRef::as_ref), 3)
}
