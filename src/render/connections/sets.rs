//! Sets of peers as data, and the positions by which groups refer to sets and reasons: each is listed once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::net::AddressSet;

/// A set of peers. The field that is there is their kind.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::render) enum PeersJson {
    /// Workloads, by their ids.
    Workloads {
        /// `namespace/name[Kind]`.
        workloads: Vec<String>,
    },
    /// Addresses outside.
    Addresses {
        /// First and last.
        ranges: Vec<String>,
        /// The same as blocks.
        cidrs: Vec<String>,
    },
    /// The ingress controller, where the manifests do not contain it.
    Controller {
        /// Always true.
        #[serde(rename = "ingressController")]
        ingress_controller: bool,
    },
}

impl PeersJson {
    /// The ingress controller.
    pub fn controller() -> PeersJson {
        PeersJson::Controller { ingress_controller: true }
    }

    /// Addresses, in order.
    pub fn addresses(set: &AddressSet) -> PeersJson {
        let ranges = set.ranges();
        PeersJson::Addresses {
            ranges: ranges.iter().map(ToString::to_string).collect(),
            cidrs: ranges.iter().flat_map(|r| r.cidrs()).collect(),
        }
    }
}

/// Positions of things in the order in which they are first named.
pub(in crate::render) struct Positions<T> {
    of: BTreeMap<T, usize>,
}

impl<T: Ord + Clone> Positions<T> {
    pub fn new() -> Positions<T> {
        Positions { of: BTreeMap::new() }
    }

    /// The position of a thing; that of a new one is the next.
    pub fn get(&mut self, item: &T) -> usize {
        let next = self.of.len();
        *self.of.entry(item.clone()).or_insert(next)
    }

    /// The things, by their positions.
    pub fn into_list(self) -> Vec<T> {
        let mut list: Vec<(T, usize)> = self.of.into_iter().collect();
        list.sort_by_key(|(_, position)| *position);
        list.into_iter().map(|(item, _)| item).collect()
    }
}
