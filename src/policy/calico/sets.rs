//! Network sets of Calico: addresses with labels, which selectors of rules find as they find pods
//! (<https://docs.tigera.io/calico/latest/reference/resources/networkset>,
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkset>).

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::added;
use super::super::read::{Field, Read};
use crate::cluster::{Cluster, Entry};
use crate::net::{AddressSet, Labels, NAMESPACE_NAME, Selector};

/// One network set.
struct NetworkSet {
    /// `None` for a GlobalNetworkSet.
    namespace: Option<String>,
    labels: Labels,
    /// The labels of its namespace.
    of_namespace: Labels,
    addresses: AddressSet,
}

/// Where network sets are looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Among {
    /// Everywhere.
    All,
    /// In one namespace.
    Namespace(String),
    /// In namespaces with these labels. A GlobalNetworkSet is in one without any label.
    Labeled(Selector),
}

/// The network sets of a cluster.
pub(super) struct NetworkSets {
    sets: Vec<NetworkSet>,
    known: RefCell<BTreeMap<(Among, Selector), AddressSet>>,
}

impl NetworkSets {
    /// The network sets among some objects, read already.
    pub fn new(cluster: &Cluster, sets: Vec<(&Entry, AddressSet)>) -> NetworkSets {
        let set = |(entry, addresses): (&Entry, AddressSet)| {
            let mut labels = entry.object.labels.clone();
            let namespace = entry.key.namespace.clone();
            let own = namespace.as_ref().map(|n| match cluster.namespaces().get(n) {
                Some(known) => known.labels.clone(),
                None => Labels::from([(NAMESPACE_NAME.to_owned(), n.clone())]),
            });
            labels.extend(namespace.iter().map(|n| (added::NAMESPACE.to_owned(), n.clone())));
            NetworkSet { namespace, labels, of_namespace: own.unwrap_or_default(), addresses }
        };
        NetworkSets { sets: sets.into_iter().map(set).collect(), known: RefCell::default() }
    }

    /// The addresses of the sets that a selector means.
    pub fn addresses(&self, among: Among, selector: &Selector) -> AddressSet {
        if self.sets.is_empty() {
            return AddressSet::none();
        }
        let mut known = self.known.borrow_mut();
        let find = |(among, selector): &(Among, Selector)| {
            let is_there = |set: &&NetworkSet| match among {
                Among::All => true,
                Among::Namespace(name) => set.namespace.as_ref() == Some(name),
                Among::Labeled(wanted) => wanted.matches(&set.of_namespace),
            };
            let meant = self.sets.iter().filter(is_there).filter(|s| selector.matches(&s.labels));
            meant.fold(AddressSet::none(), |all, set| all.with(&set.addresses))
        };
        known.entry((among, selector.clone())).or_insert_with_key(find).clone()
    }
}

/// The addresses of a NetworkSet or GlobalNetworkSet.
pub(super) fn read(entry: &Entry) -> Read<AddressSet> {
    match Field::root(&entry.object.tree).get("spec") {
        Some(spec) => spec.blocks("nets"),
        None => Ok(AddressSet::none()),
    }
}
