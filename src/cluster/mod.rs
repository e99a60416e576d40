//! The inventory: every object that matters once, in the namespace it ends up in, found by identity and by label.
//!
//! Guarantees of a [`Cluster`]:
//! * no two objects share an identity (group, kind, namespace, name); of different ones with one identity the first in
//!   path order is kept, and said so;
//! * every namespaced object has a namespace: its own, or the one that `-n` gives;
//! * pods and replica sets that have a controller are folded into it: a workload is what people wrote, never what a
//!   controller made of it;
//! * all lists are sorted by identity, whatever the order of the input.

mod added;
mod dedup;
mod fold;
mod identity;
mod labels;
mod overlay;
mod pods;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};

use crate::diagnostic::{Code, Diagnostic, Warned};
use crate::manifest::{self, Body, Object};
use crate::net::ObjectKey;
use crate::source::{Sources, Span};

pub use added::{Ordinals, UNKNOWN_VALUE};
pub use dedup::LeftOut;
pub use manifest::{Excerpt, Secrecy};
use pods::PodIndex;

/// An object with its full identity.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Group, kind, namespace and name.
    pub key: ObjectKey,
    /// The object as written.
    pub object: Object,
}

/// A workload, with what the pods that were folded into it add.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its identity.
    pub key: ObjectKey,
    /// The entry that declares it: the controller itself, or the first of its pods when the manifests do not contain
    /// the controller.
    pub entry: usize,
    /// The pod template.
    pub spec: manifest::Workload,
    /// The entries of the live Pods that were folded into it, ascending.
    pub pods: Vec<usize>,
}

/// A namespace that is declared or that objects name.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// The entry that declares it.
    pub declared: Option<usize>,
    /// Its labels, with the implied `kubernetes.io/metadata.name`, which nothing can override
    /// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name>).
    pub labels: BTreeMap<String, String>,
}

/// The inventory; see the module for what it guarantees.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    entries: Vec<Entry>,
    workloads: Vec<Workload>,
    namespaces: BTreeMap<String, Namespace>,
    pods: PodIndex,
    addresses: BTreeMap<(String, String), usize>,
    contested: BTreeSet<ObjectKey>,
    left_out: Vec<LeftOut>,
    partial: Option<usize>,
}

/// How the inventory is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The namespace of objects that name none.
    pub default_namespace: Option<String>,
    /// Whether objects of files replace those of a live cluster.
    pub applies_files: bool,
}

impl Cluster {
    /// Takes stock of objects. Their order matters only where two differ under one identity.
    pub fn new(objects: Vec<Object>, options: &Options) -> Warned<Cluster> {
        let mut diagnostics = Vec::new();
        let default = options.default_namespace.as_deref().unwrap_or("default");
        let mut homeless: Vec<crate::source::Span> = Vec::new();
        let entries: Vec<Entry> = objects
            .into_iter()
            .map(|object| {
                let key = identity::key_of(&object, default);
                // Of other kinds nobody here knows whether they live in namespaces.
                let known = !matches!(object.body, Body::Other) || key.group == "gateway.networking.k8s.io";
                if known && object.namespace.is_none() && key.namespace.is_some() {
                    homeless.push(object.span);
                }
                Entry { key, object }
            })
            .collect();
        if options.default_namespace.is_none()
            && let Some(first) = homeless.iter().min()
        {
            let count = homeless.len();
            let message = format!(
                "{count} {} no namespace and {} placed in `default`",
                if count == 1 { "object names" } else { "objects name" },
                if count == 1 { "is" } else { "are" }
            );
            diagnostics.push(
                Diagnostic::at(Code::NamespaceDefaulted, *first, message).with_help("-n NAME places them in another"),
            );
        }
        let entries = if options.applies_files { overlay::applied(entries) } else { entries };
        let (mut entries, left_out) = dedup::merge(entries, &mut diagnostics);
        let contested = left_out.iter().filter(|l| !l.is_equal).map(|l| l.key.clone()).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let workloads = fold::workloads(&entries);
        let namespaces = namespaces(&entries);
        let pods = PodIndex::new(&entries, &workloads);
        let addresses = workloads
            .iter()
            .enumerate()
            // Pods in the network of their node share its address with others.
            .filter(|(_, w)| w.spec.pod.host_network != Some(true))
            .flat_map(|(i, w)| w.spec.pod_ips.iter().map(move |ip| ((w.key.namespace().to_owned(), ip.clone()), i)))
            .collect();
        let partial = partial(&entries);
        let value = Cluster { entries, workloads, namespaces, pods, addresses, contested, left_out, partial };
        Warned { value, diagnostics }
    }

    /// All objects, sorted by identity.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What readers may see of the texts of objects, which are given by their positions in [`Cluster::entries`], in the
    /// order of these.
    pub fn excerpts(&self, sources: &Sources, entries: &[usize], secrecy: Secrecy) -> Vec<Excerpt> {
        let spans: Vec<Span> = entries.iter().map(|e| self.entries[*e].object.span).collect();
        manifest::excerpts(sources, &spans, secrecy)
    }

    /// All workloads, sorted by identity.
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// All namespaces that are declared or that an object names.
    pub fn namespaces(&self) -> &BTreeMap<String, Namespace> {
        &self.namespaces
    }

    /// The position in [`Cluster::entries`] of the object with this identity.
    pub fn find(&self, key: &ObjectKey) -> Option<usize> {
        self.entries.binary_search_by(|e| e.key.cmp(key)).ok()
    }

    /// True if the manifests contain several different objects with this identity, so it is unknown which one will be
    /// there.
    pub fn is_contested(&self, key: &ObjectKey) -> bool {
        self.contested.contains(key)
    }

    /// Definitions of objects that are not used because the input has others before them, in the order of the input.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Positions in [`Cluster::workloads`], ascending, of the workloads of a namespace whose pods have all these
    /// labels.
    ///
    /// Labels that controllers add count too. An empty selector picks nothing: a Service without selector has no pods
    /// of its own (<https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors>).
    pub fn select(&self, namespace: &str, selector: &BTreeMap<String, String>) -> Vec<usize> {
        self.pods.select(&self.workloads, namespace, selector)
    }

    /// The object that shows that the input is the output of `kubectl get all`, which leaves out policies, Ingresses and
    /// Namespaces.
    pub fn partial(&self) -> Option<&Entry> {
        self.partial.map(|at| &self.entries[at])
    }

    /// Whether the input has the look of `kubectl get all`.
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// The labels that all pods of a workload's template have, those that controllers add included.
    pub fn template_labels(&self, workload: &Workload) -> BTreeMap<String, String> {
        added::of_template(&self.entries[workload.entry], &workload.spec)
    }

    /// The pods of a workload that have labels of their own; `None` if they have not.
    pub fn ordinals(&self, workload: &Workload) -> Option<Ordinals<'_>> {
        Ordinals::of(&self.entries[workload.entry], &workload.spec)
    }

    /// The numbers of the pods that a StatefulSet has by its replicas; none if these are 0.
    pub fn pod_numbers(&self, workload: &Workload) -> Range<i64> {
        added::numbers(&self.entries[workload.entry], &workload.spec)
    }

    /// The workload that a Pod of the input belongs to: itself, or what it was folded into.
    pub fn workload_of_pod(&self, namespace: &str, name: &str) -> Option<usize> {
        self.pods.workload_of(namespace, name)
    }

    /// The workload that has a pod with this address.
    pub fn pod_address(&self, namespace: &str, address: &str) -> Option<usize> {
        self.addresses.get(&(namespace.to_owned(), address.to_owned())).copied()
    }

    /// Services, with their entries.
    pub fn services(&self) -> impl Iterator<Item = (&Entry, &core::Service)> {
        self.bodies(|b| if let Body::Service(s) = b { Some(&**s) } else { None })
    }

    /// Ingresses, with their entries.
    pub fn ingresses(&self) -> impl Iterator<Item = (&Entry, &Ingress)> {
        self.bodies(|b| if let Body::Ingress(s) = b { Some(&**s) } else { None })
    }

    /// Ingress classes, with their entries.
    pub fn ingress_classes(&self) -> impl Iterator<Item = (&Entry, &IngressClass)> {
        self.bodies(|b| if let Body::IngressClass(s) = b { Some(&**s) } else { None })
    }

    /// Network policies of `networking.k8s.io`, with their entries.
    pub fn network_policies(&self) -> impl Iterator<Item = (&Entry, &NetworkPolicy)> {
        self.bodies(|b| if let Body::NetworkPolicy(s) = b { Some(&**s) } else { None })
    }

    /// Hand-written or live Endpoints, with their entries.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Entry, &core::Endpoints)> {
        self.bodies(|b| if let Body::Endpoints(s) = b { Some(&**s) } else { None })
    }

    /// Endpoint slices, with their entries.
    pub fn endpoint_slices(&self) -> impl Iterator<Item = (&Entry, &EndpointSlice)> {
        self.bodies(|b| if let Body::EndpointSlice(s) = b { Some(&**s) } else { None })
    }

    fn bodies<'a, T: 'a>(
        &'a self,
        pick: impl Fn(&'a Body) -> Option<&'a T> + 'a,
    ) -> impl Iterator<Item = (&'a Entry, &'a T)> {
        self.entries.iter().filter_map(move |e| pick(&e.object.body).map(|b| (e, b)))
    }
}

/// Kinds that `kubectl get all` lists (<https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/>).
const ALL_CATEGORY: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Service",
    "StatefulSet",
];

/// The first object that a controller made, where a live dump has the look of `kubectl get all`.
fn partial(entries: &[Entry]) -> Option<usize> {
    let is_live = |e: &Entry| e.object.tree.at(&["metadata", "uid"]).is_some();
    let made = entries.iter().position(|e| matches!(e.key.kind.as_str(), "Pod" | "ReplicaSet"))?;
    entries.iter().all(|e| ALL_CATEGORY.contains(&e.key.kind.as_str()) && is_live(e)).then_some(made)
}

fn namespaces(entries: &[Entry]) -> BTreeMap<String, Namespace> {
    let named: BTreeSet<&String> = entries.iter().filter_map(|e| e.key.namespace.as_ref()).collect();
    let mut all: BTreeMap<String, Namespace> = named.into_iter().map(|n| (n.clone(), Namespace::default())).collect();
    for (index, entry) in entries.iter().enumerate() {
        if matches!(entry.object.body, Body::Namespace) {
            all.insert(
                entry.key.name.clone(),
                Namespace { declared: Some(index), labels: entry.object.labels.clone() },
            );
        }
    }
    for (name, namespace) in &mut all {
        namespace.labels.insert(crate::net::NAMESPACE_NAME.into(), name.clone());
    }
    all
}
