//! What was probably meant.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::cluster::{Cluster, Workload};
use crate::net::near::{Names, letters_apart, likeness};
use crate::net::{Labels, ObjectKey};

/// Up to so many workloads of a namespace all are looked at; of more, those that share a label with what is wanted or
/// have one that is like it.
const FEW: usize = 200;
/// So many labels of a selector are looked up, so many workloads that have one of them, and so many values that are
/// like one.
const LABELS: usize = 8;
const SHARING: usize = 32;
const ALIKE: usize = 4;

/// How a workload is called in a sentence: `Deployment shop/web`.
pub(super) fn named(workload: &Workload) -> String {
    format!("{} {}/{}", workload.key.kind, workload.key.namespace(), workload.key.name)
}

/// The name most like a wanted one, if any is like it.
pub fn name<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    Names::new(names).nearest(wanted)
}

/// The names and labels of the input, in which what is like others is found without looking at all of them.
pub(super) struct Nearest<'a> {
    cluster: &'a Cluster,
    /// The names of objects by kind (without its group) and namespace.
    objects: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a str>>>,
    /// The workloads of a namespace with a name.
    named: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a ObjectKey>>>,
    names: RefCell<BTreeMap<(String, String), OfKind<'a>>>,
    workloads: RefCell<BTreeMap<String, Rc<Labeled<'a>>>>,
    namespaces: RefCell<BTreeMap<String, Rc<Values>>>,
}

/// The names of objects of one kind in one namespace.
type OfKind<'a> = Rc<Names<&'a str>>;

/// The values that a label of namespaces has, and the first namespace with each.
type Values = (Names<String>, BTreeMap<String, usize>);

impl<'a> Nearest<'a> {
    pub fn of(cluster: &'a Cluster) -> Nearest<'a> {
        let mut objects: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for entry in cluster.entries() {
            let of_kind = objects.entry(&entry.key.kind).or_default();
            of_kind.entry(entry.key.namespace()).or_default().push(&entry.key.name);
        }
        let mut named: BTreeMap<&str, BTreeMap<&str, Vec<&ObjectKey>>> = BTreeMap::new();
        for workload in cluster.workloads() {
            let here = named.entry(workload.key.namespace()).or_default();
            here.entry(&workload.key.name).or_default().push(&workload.key);
        }
        Nearest {
            cluster,
            objects,
            named,
            names: RefCell::default(),
            workloads: RefCell::default(),
            namespaces: RefCell::default(),
        }
    }

    /// The workloads of a namespace that have a name, in order.
    pub fn workloads_named(&self, namespace: &str, name: &str) -> &[&'a ObjectKey] {
        self.named.get(namespace).and_then(|here| here.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names that objects of a kind have in a namespace.
    pub fn names(&self, kind: &str, namespace: &str) -> OfKind<'a> {
        let there = || self.objects.get(kind).and_then(|of_kind| of_kind.get(namespace)).into_iter().flatten();
        let make = || Rc::new(Names::new(there().copied()));
        let key = (kind.to_owned(), namespace.to_owned());
        Rc::clone(self.names.borrow_mut().entry(key).or_insert_with(make))
    }

    /// The value most like a wanted one that declared namespaces have for a key, with the position of the first of
    /// them among all objects.
    pub fn namespace(&self, key: &str, wanted: &str) -> Option<(String, usize)> {
        let make = || {
            let mut values: BTreeMap<String, usize> = BTreeMap::new();
            for namespace in self.cluster.namespaces().values() {
                if let (Some(value), Some(at)) = (namespace.labels.get(key), namespace.declared) {
                    values.entry(value.clone()).or_insert(at);
                }
            }
            Rc::new((Names::new(values.keys().cloned()), values))
        };
        let there = Rc::clone(self.namespaces.borrow_mut().entry(key.to_owned()).or_insert_with(make));
        let likely = there.0.nearest(wanted)?;
        let at = *there.1.get(&likely)?;
        Some((likely, at))
    }

    /// The workload of a namespace whose pods come nearest to having all these labels, and how they differ. `None` if
    /// none comes near: all of the labels that differ must have values that are alike, or only one of several differs.
    pub fn workload(&self, namespace: &str, wanted: &Labels) -> Option<(&'a Workload, String)> {
        let make = || Rc::new(Labeled::of(self.cluster, namespace));
        let there = Rc::clone(self.workloads.borrow_mut().entry(namespace.to_owned()).or_insert_with(make));
        there.nearest(wanted)
    }
}

/// The workloads of a namespace with the labels of their pods.
#[derive(Default)]
struct Labeled<'a> {
    workloads: Vec<(&'a Workload, Labels)>,
    /// The workloads with a label, and the values of a key; none where all workloads are looked at.
    having: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    values: BTreeMap<String, Names<String>>,
}

impl<'a> Labeled<'a> {
    fn of(cluster: &'a Cluster, namespace: &str) -> Labeled<'a> {
        let own = cluster.workloads().iter().filter(|w| w.key.namespace() == namespace);
        let workloads: Vec<(&Workload, Labels)> = own.map(|w| (w, cluster.template_labels(w))).collect();
        let mut known = Labeled { workloads, ..Labeled::default() };
        if known.workloads.len() > FEW {
            for (index, (_, labels)) in known.workloads.iter().enumerate() {
                for (key, value) in labels {
                    let of_key = known.having.entry(key.clone()).or_default();
                    of_key.entry(value.clone()).or_default().push(index);
                }
            }
            let values = known.having.iter();
            known.values = values.map(|(key, of)| (key.clone(), Names::new(of.keys().cloned()))).collect();
        }
        known
    }

    fn nearest(&self, wanted: &Labels) -> Option<(&'a Workload, String)> {
        let looked = self.candidates(wanted).into_iter().filter_map(|index| {
            let (workload, labels) = &self.workloads[index];
            Some((difference(wanted, labels)?, *workload))
        });
        let (_, workload) = looked.min_by_key(|(distance, workload)| (*distance, &workload.key))?;
        let own = self.workloads.iter().find(|(w, _)| std::ptr::eq(*w, workload)).map(|(_, labels)| labels)?;
        let lacking = wanted.iter().filter(|(k, v)| own.get(*k) != Some(*v));
        let said: Vec<String> = lacking
            .map(|(k, v)| match own.get(k) {
                Some(own) => format!("{k}={own}, expected {k}={v}"),
                None => format!("no label {k}, expected {k}={v}"),
            })
            .collect();
        Some((workload, said.join(" and ")))
    }

    /// The workloads that are looked at, ascending: a number that does not grow with that of all.
    fn candidates(&self, wanted: &Labels) -> Vec<usize> {
        if self.workloads.len() <= FEW {
            return (0..self.workloads.len()).collect();
        }
        let mut found = Vec::new();
        for (key, value) in wanted.iter().take(LABELS) {
            let Some(of_key) = self.having.get(key) else { continue };
            let alike = self.values.get(key).map(|values| values.alike(value)).unwrap_or_default();
            for value in std::iter::once(value).chain(alike.iter().filter(|v| *v != value).take(ALIKE)) {
                found.extend(of_key.get(value).into_iter().flatten().take(SHARING));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// How far labels are from what is wanted, if they come near.
fn difference(wanted: &Labels, labels: &Labels) -> Option<usize> {
    let (mut distance, mut lacking, mut alike) = (0, 0, true);
    for (key, value) in wanted {
        let own = labels.get(key);
        if own == Some(value) {
            continue;
        }
        lacking += 1;
        // What has little in common was not meant.
        alike &= own.is_some_and(|own| likeness(value, own).is_some());
        if lacking > 1 && !alike {
            return None;
        }
        let apart = |own: &String| letters_apart(value, own, value.len().max(own.len())).unwrap_or(1_000);
        distance += own.map_or(1_000, |own| 10 + apart(own));
    }
    (alike || (lacking == 1 && wanted.len() > 1)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Options;
    use crate::source::Sources;

    fn cluster(n: usize) -> Cluster {
        let deployment = |i: usize| {
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{i}}}\nspec: {{template: {{metadata: \
                 {{labels: {{app: part-{i}-api, tier: t{}}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}\n",
                i % 5
            )
        };
        let sources = Sources::from_texts([("all.yaml", (0..n).map(deployment).collect::<String>())]);
        Cluster::new(crate::manifest::parse(&sources).value.objects, &Options::default()).value
    }

    #[test]
    fn the_workload_that_was_meant_is_found_among_many_without_looking_at_all() {
        for n in [100, 1_000, 2_000] {
            let cluster = cluster(n);
            let near = Nearest::of(&cluster);
            let wanted = |app: &str, tier: &str| {
                Labels::from([("app", app), ("tier", tier)].map(|(k, v)| (k.to_owned(), v.to_owned())))
            };
            let name = |labels: &Labels| near.workload("default", labels).map(|(w, said)| (w.key.name.clone(), said));
            let said = "app=part-77-api, expected app=prat-77-api";
            assert_eq!(name(&wanted("prat-77-api", "t2")), Some(("w77".into(), said.into())), "{n}");
            let said = "tier=t3, expected tier=middle";
            assert_eq!(name(&wanted("part-63-api", "middle")), Some(("w63".into(), said.into())), "{n}");
            assert_eq!(name(&wanted("database", "middle")), None);
            let labeled = Labeled::of(&cluster, "default");
            assert!(labeled.candidates(&wanted("prat-77-api", "t2")).len() <= FEW + 2 * SHARING);
        }
    }
}
