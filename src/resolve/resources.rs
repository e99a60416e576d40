//! What workloads and entrances use beside the network (`uses`), and what changes how many pods a workload runs
//! (`scales`).
//!
//! Where several workloads use the same several things in the same ways, their edges run through a junction, as those
//! of policies do.

mod found;
mod scalers;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, UseReference, Wanted};
use crate::cluster::Cluster;
use crate::graph::{
    Detail, EdgeDetail, Evidence, Identity, JunctionId, MissingReason, Node, NodeId, UseWay, Uses, digest,
};
use crate::net::ObjectKey;

/// Adds to a graph of a cluster what its workloads, Ingresses and Gateways use, and what scales its workloads.
/// ConfigMaps, Secrets, claims and ServiceAccounts of the input that nothing uses are added as well, except those that
/// Kubernetes and Helm make by themselves.
///
/// References follow <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>. What is referred
/// to and not in the input is a missing node, unless another object of the input makes it (a template of claims, a
/// Certificate, a SealedSecret, an ExternalSecret).
pub(super) fn add(context: &mut Context<'_>) {
    found::add(context);
    let mut book = Book::default();
    for reference in &context.facts.uses {
        let entry = &context.cluster.entries()[reference.object];
        book.add(&NodeId::object(&reference.user), reference, context.evidence(entry, &reference.field));
    }
    book.write(context);
    scalers::add(context);
}

pub(super) use users::uses;

/// Whether another object of the input makes a Secret.
pub(super) fn is_made(cluster: &Cluster, secret: &ObjectKey) -> bool {
    let makes = |entry: &crate::cluster::Entry| {
        entry.key.namespace == secret.namespace && found::made_secret(entry) == Some(secret.name.as_str())
    };
    cluster.entries().iter().any(makes)
}

/// The ConfigMap with the cluster's certificates, which is in every namespace
/// (<https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/>,
/// root-ca-cert-publisher).
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";
/// The ServiceAccount that every namespace has
/// (<https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts>).
const DEFAULT_ACCOUNT: &str = "default";

/// One user's use of one thing.
#[derive(Debug, Default)]
struct Entry {
    ways: BTreeSet<UseWay>,
    /// Whether some reference needs it.
    needed: bool,
    evidence: Vec<Evidence>,
}

impl Entry {
    fn uses(&self) -> Uses {
        Uses { ways: self.ways.iter().copied().collect(), optional: !self.needed }
    }
}

/// Every use, by what is used and by whom.
#[derive(Debug, Default)]
struct Book {
    uses: BTreeMap<ObjectKey, BTreeMap<NodeId, Entry>>,
}

impl Book {
    /// Notes a use by the node with an id.
    fn add(&mut self, user: &NodeId, reference: &UseReference, said: Evidence) {
        let entry = self.uses.entry(reference.key.clone()).or_default().entry(user.clone()).or_default();
        entry.ways.insert(reference.way);
        entry.needed |= !reference.optional;
        entry.evidence.push(said);
    }

    fn write(self, context: &mut Context<'_>) {
        let mut ids = BTreeMap::new();
        for (key, users) in &self.uses {
            ids.insert(key, target(context, key, users));
        }
        let bundles = self.bundles();
        let mut through: BTreeSet<(&NodeId, &ObjectKey)> = BTreeSet::new();
        for bundle in &bundles {
            let evidence = |user: &NodeId, keys: &[&ObjectKey]| -> Vec<Evidence> {
                let entries = keys.iter().filter_map(|k| self.uses[*k].get(user));
                entries.flat_map(|e| e.evidence.iter().cloned()).collect()
            };
            let said: Vec<Evidence> =
                bundle.users.iter().filter_map(|u| evidence(u, &bundle.keys).into_iter().next()).collect();
            let junction = junction(context, bundle, said);
            for &user in &bundle.users {
                let said = evidence(user, &bundle.keys);
                context.graph.edge(user, &junction, EdgeDetail::Uses(Uses::default()), said);
            }
            for &key in &bundle.keys {
                let uses =
                    bundle.users.first().and_then(|u| self.uses[key].get(*u)).map(Entry::uses).unwrap_or_default();
                let said: Vec<Evidence> = bundle.users.iter().flat_map(|u| evidence(u, &[key])).collect();
                context.graph.edge(&junction, &ids[key], EdgeDetail::Uses(uses), said);
                through.extend(bundle.users.iter().map(|u| (*u, key)));
            }
        }
        for (key, users) in &self.uses {
            for (user, entry) in users.iter().filter(|(u, _)| !through.contains(&(*u, key))) {
                let said = entry.evidence.iter().cloned();
                context.graph.edge(user, &ids[key], EdgeDetail::Uses(entry.uses()), said);
            }
        }
    }

    /// Groups of users and things in which each uses all, and so many of both that a junction saves lines. No use is in
    /// two of them.
    fn bundles(&self) -> Vec<Bundle<'_>> {
        let mut things: BTreeMap<&NodeId, Vec<&ObjectKey>> = BTreeMap::new();
        let mut sets: BTreeSet<Vec<&NodeId>> = BTreeSet::new();
        for (key, users) in &self.uses {
            for user in users.keys() {
                things.entry(user).or_default().push(key);
            }
            sets.insert(users.keys().collect());
        }
        let mut sets: Vec<Vec<&NodeId>> = sets.into_iter().filter(|s| s.len() > 1).collect();
        sets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        let mut taken: BTreeSet<(&NodeId, &ObjectKey)> = BTreeSet::new();
        let mut bundles = Vec::new();
        for users in sets {
            let first = users[0];
            let alike = |key: &&ObjectKey| {
                let known = &self.uses[*key];
                let free = |u: &&NodeId| !taken.contains(&(*u, *key));
                let same = |u: &&NodeId| known.get(*u).map(Entry::uses) == known.get(first).map(Entry::uses);
                users.iter().all(free) && users.iter().all(same)
            };
            let keys: Vec<&ObjectKey> = things.get(first).into_iter().flatten().copied().filter(alike).collect();
            if users.len() * keys.len() > users.len() + keys.len() {
                taken.extend(keys.iter().flat_map(|k| users.iter().map(|u| (*u, *k))));
                bundles.push(Bundle { users, keys });
            }
        }
        bundles
    }
}

/// Users and things of which each uses all, each thing in one way.
struct Bundle<'a> {
    users: Vec<&'a NodeId>,
    keys: Vec<&'a ObjectKey>,
}

/// The node for what is used: that of the input, else a missing one.
fn target(context: &mut Context<'_>, key: &ObjectKey, users: &BTreeMap<NodeId, Entry>) -> NodeId {
    let id = NodeId::object(key);
    let uses: BTreeSet<Uses> = users.values().map(Entry::uses).collect();
    if let Some(node) = context.graph.known(&id) {
        if let (Detail::Config(config), Some(uses), 1) = (&mut node.detail, uses.first(), uses.len()) {
            config.use_alike(uses.clone());
        }
        return id;
    }
    let needed = users.values().any(|e| e.needed);
    let reason = if needed { MissingReason::NotInManifests } else { MissingReason::Optional };
    let mut said = users.values().flat_map(|e| e.evidence.iter().cloned());
    match said.next() {
        Some(said) => context.missing(&Wanted::object(key, reason), said),
        None => id,
    }
}

/// A junction between users and what all of them use.
fn junction(context: &mut Context<'_>, bundle: &Bundle<'_>, evidence: Vec<Evidence>) -> NodeId {
    let names: Vec<String> = bundle.keys.iter().map(|k| k.to_string()).collect();
    let words: Vec<&str> = bundle.users.iter().map(|u| u.as_str()).chain(names.iter().map(String::as_str)).collect();
    let id = Identity::Junction(JunctionId::Uses(digest(&words.join("\n"))));
    context.node(Node {
        // It stands beside what is used: only Gateways use what is in another namespace.
        namespace: bundle.keys.first().and_then(|k| k.namespace.clone()),
        evidence,
        ..Node::new(id, "Junction", "each uses all", Detail::Junction)
    })
}
