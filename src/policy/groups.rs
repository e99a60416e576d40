//! Everything that can be at an end of a connection, sorted into groups that policies treat alike, so that what is
//! worked out for one group holds for each of its members.
//!
//! A set is what a rule or a subject means: some classes of pods, some addresses, or everybody. Each set is worked out
//! once, however many rules mean it. Two things that are in the same sets are in one group.

use core::net::IpAddr;
use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use super::added;
use super::classes::{Classes, PodClass};
use super::foreign::{Influence, slot};
use super::partition::partition;
use super::rule::{
    Blocks, Direction, HostNetwork, NamespaceSelection, Peer, Peers, Perhaps, PodSelection, Policy, Rule,
};
use crate::cluster::UNKNOWN_VALUE;
use crate::net::{AddressRange, AddressSet, ContainerPort, Expression, Labels, NAMESPACE_NAME, Operator, Selector};

/// The number of a group.
pub type GroupId = usize;
/// The number of a set of groups.
pub(super) type SetId = usize;

/// What a group is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Pods: the workloads of the cluster that have some in this group, ascending.
    Pods(Vec<usize>),
    /// Addresses outside of the cluster.
    Addresses(AddressSet),
    /// An ingress controller that the manifests do not contain.
    IngressController,
}

/// What is known of an ingress controller that the manifests do not contain. By default that is nothing: a pod without
/// labels, of a namespace of which only is known that it has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AbsentController {
    /// Its namespace.
    pub namespace: Option<String>,
    /// The labels of its pods.
    pub labels: Labels,
}

/// Whether anything beside the pods of the input is on a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside<'a> {
    /// The addresses outside of the cluster are, and these ingress controllers.
    There(&'a [AbsentController]),
    /// Only pods are.
    Absent,
}

/// Things that policies treat alike.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are.
    pub members: Members,
    /// The named ports that policies ask for and these pods have.
    pub ports: Vec<ContainerPort>,
    /// Whether they are pods in the network of their node.
    pub host_network: bool,
    /// What policies that are not evaluated may change for them, for ingress and egress.
    pub(super) unread: [Influence; 2],
}

impl Group {
    /// What policies that are not evaluated may change for them in a direction.
    pub fn unread(&self, direction: Direction) -> Influence {
        self.unread[slot(direction)]
    }
}

/// A meaning that a set can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Pods(PodSelection, HostNetwork),
    Addresses(AddressSet, Blocks),
    /// Pods in the network of their node.
    Nodes,
    Everybody,
}

/// The groups, and which of them each set holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// All groups: pods first, then addresses, then the ingress controller.
    pub groups: Vec<Group>,
    /// For each set its groups.
    pub sets: Vec<FixedBitSet>,
    /// The groups of each workload of the cluster.
    pub of_workload: Vec<Vec<GroupId>>,
    /// The groups of the ingress controllers that the manifests do not contain.
    pub controllers: Vec<GroupId>,
}

/// What makes pods alike: the sets that they are in, their named ports, whether they are in the network of their node,
/// and what policies that are not evaluated may change for them.
type Alike<'a> = (Vec<SetId>, &'a [ContainerPort], bool, [Influence; 2]);

/// What sets hold beside pods.
struct Beyond<'a> {
    /// The sets of addresses.
    blocks: &'a [(SetId, &'a AddressSet)],
    /// The sets that each absent ingress controller is in.
    controllers: Vec<Vec<SetId>>,
}

/// The sets that policies mean, by what they mean.
#[derive(Clone, Debug, Default)]
pub(super) struct SetTable {
    ids: BTreeMap<Meaning, SetId>,
    meanings: Vec<Meaning>,
}

impl SetTable {
    fn intern(&mut self, meaning: Meaning) -> SetId {
        let next = self.meanings.len();
        *self.ids.entry(meaning).or_insert_with_key(|m| {
            self.meanings.push(m.clone());
            next
        })
    }

    /// The set of a policy's subjects.
    pub fn subject(&mut self, policy: &Policy) -> SetId {
        self.intern(Meaning::Pods(policy.subject.clone(), policy.host_network))
    }

    /// The sets of a rule's peers.
    pub fn peers(&mut self, policy: &Policy, peers: &Peers) -> Vec<SetId> {
        match peers {
            Peers::Everybody => vec![self.intern(Meaning::Everybody)],
            Peers::AnyOf(peers) => peers
                .iter()
                .filter_map(|peer| match peer {
                    Peer::Pods(selection) => Some(self.intern(Meaning::Pods(selection.clone(), policy.host_network))),
                    Peer::Addresses(set) => Some(self.intern(Meaning::Addresses(set.clone(), policy.blocks))),
                    Peer::Nodes => Some(self.intern(Meaning::Nodes)),
                    Peer::Names(_) | Peer::Untold(..) => None,
                })
                .collect(),
        }
    }

    /// The sets of which some may be among those whom a rule means, and whether anybody outside may be.
    pub fn perhaps(&mut self, policy: &Policy, rule: &Rule) -> (Vec<SetId>, bool) {
        let (mut sets, mut outside) = (Vec::new(), false);
        for peer in rule.peers.list() {
            match peer {
                Peer::Names(_) | Peer::Untold(_, Perhaps::Outside | Perhaps::Ingresses) => outside = true,
                Peer::Untold(_, Perhaps::Pods(selection)) => {
                    sets.push(self.intern(Meaning::Pods(selection.clone(), policy.host_network)));
                }
                Peer::Untold(_, Perhaps::Nodes) => {
                    sets.push(self.intern(Meaning::Nodes));
                    sets.push(self.intern(Meaning::Addresses(AddressSet::private(), Blocks::Outside)));
                }
                Peer::Pods(_) | Peer::Addresses(_) | Peer::Nodes => {}
            }
        }
        (sets, outside)
    }

    /// Sorts everything into groups.
    pub fn group(&self, classes: &Classes<'_>, outside: Outside<'_>) -> Groups {
        let mut finder = Finder::new(classes);
        let mut sets_of_class: Vec<Vec<SetId>> = vec![Vec::new(); classes.classes.len()];
        let mut blocks: Vec<(SetId, &AddressSet)> = Vec::new();
        let absent = if let Outside::There(absent) = outside { absent } else { &[] };
        let mut sets_of_controllers: Vec<Vec<SetId>> = vec![Vec::new(); absent.len()];
        let mut having: BTreeMap<IpAddr, Vec<usize>> = BTreeMap::new();
        for (index, class) in classes.classes.iter().enumerate() {
            class.addresses.iter().for_each(|a| having.entry(*a).or_default().push(index));
        }
        for (id, meaning) in self.meanings.iter().enumerate() {
            match meaning {
                Meaning::Everybody => {
                    sets_of_class.iter_mut().for_each(|s| s.push(id));
                    sets_of_controllers.iter_mut().for_each(|s| s.push(id));
                }
                Meaning::Nodes => {
                    let on_host = classes.classes.iter().zip(&mut sets_of_class).filter(|(c, _)| c.host_network);
                    on_host.for_each(|(_, sets)| sets.push(id));
                }
                Meaning::Addresses(set, of) => {
                    blocks.push((id, set));
                    let ranges = if *of == Blocks::Anything { set.ranges() } else { Vec::new() };
                    for range in ranges {
                        let (first, last) = match range {
                            AddressRange::V4(a, b) => (IpAddr::V4(a), IpAddr::V4(b)),
                            AddressRange::V6(a, b) => (IpAddr::V6(a), IpAddr::V6(b)),
                        };
                        for class in having.range(first..=last).flat_map(|(_, classes)| classes) {
                            let sets: &mut Vec<SetId> = &mut sets_of_class[*class];
                            if sets.last() != Some(&id) {
                                sets.push(id);
                            }
                        }
                    }
                }
                Meaning::Pods(selection, host_network) => {
                    for class in finder.classes(selection) {
                        if *host_network == HostNetwork::Undefined || !classes.classes[class].host_network {
                            sets_of_class[class].push(id);
                        }
                    }
                    for (controller, sets) in absent.iter().zip(&mut sets_of_controllers) {
                        if controller.is_meant(selection, classes) {
                            sets.push(id);
                        }
                    }
                }
            }
        }
        let outside =
            (outside != Outside::Absent).then_some(Beyond { blocks: &blocks, controllers: sets_of_controllers });
        self.gather(classes, sets_of_class, outside)
    }

    fn gather(&self, classes: &Classes<'_>, sets_of_class: Vec<Vec<SetId>>, outside: Option<Beyond<'_>>) -> Groups {
        let mut found: BTreeMap<Alike<'_>, GroupId> = BTreeMap::new();
        let mut groups: Vec<(Group, Vec<SetId>)> = Vec::new();
        let mut group_of_class = Vec::with_capacity(classes.classes.len());
        for (PodClass { ports, host_network, unread, .. }, sets) in classes.classes.iter().zip(sets_of_class) {
            let next = groups.len();
            let id = *found.entry((sets, ports.as_slice(), *host_network, *unread)).or_insert_with_key(|(sets, ..)| {
                let members = Members::Pods(Vec::new());
                let (ports, host_network, unread) = (ports.clone(), *host_network, *unread);
                groups.push((Group { members, ports, host_network, unread }, sets.clone()));
                next
            });
            group_of_class.push(id);
        }
        let mut of_workload: Vec<Vec<GroupId>> = Vec::with_capacity(classes.of_workload.len());
        for (workload, own) in classes.of_workload.iter().enumerate() {
            let mut ids: Vec<GroupId> = own.iter().map(|&c| group_of_class[c]).collect();
            ids.sort_unstable();
            ids.dedup();
            for &id in &ids {
                if let Members::Pods(workloads) = &mut groups[id].0.members {
                    workloads.push(workload);
                }
            }
            of_workload.push(ids);
        }
        let everybody = self.ids.get(&Meaning::Everybody).copied();
        let plain = |members| Group { members, ports: Vec::new(), host_network: false, unread: Default::default() };
        let mut controllers = Vec::new();
        if let Some(beyond) = outside {
            for (addresses, mut sets) in partition(beyond.blocks) {
                sets.extend(everybody);
                groups.push((plain(Members::Addresses(addresses)), sets));
            }
            for sets in beyond.controllers {
                controllers.push(groups.len());
                let unread = [Influence::None, classes.elsewhere[slot(Direction::Egress)]];
                groups.push((Group { unread, ..plain(Members::IngressController) }, sets));
            }
        }
        let mut sets = vec![FixedBitSet::with_capacity(groups.len()); self.meanings.len()];
        for (group, (_, inside)) in groups.iter().enumerate() {
            for &set in inside {
                sets[set].insert(group);
            }
        }
        Groups { groups: groups.into_iter().map(|(g, _)| g).collect(), sets, of_workload, controllers }
    }
}

impl AbsentController {
    /// Whether a selection means it. Of a namespace that the manifests do not contain only the name is known, at most.
    fn is_meant(&self, selection: &PodSelection, classes: &Classes<'_>) -> bool {
        let name = self.namespace.as_deref();
        let here = match &selection.namespaces {
            NamespaceSelection::Named(named) => name == Some(named),
            NamespaceSelection::Labeled(selector) => match classes.namespaces.iter().find(|n| name == Some(n.name)) {
                Some(namespace) => selector.matches(namespace.labels),
                None => {
                    let value = name.unwrap_or(UNKNOWN_VALUE).to_owned();
                    selector.matches(&Labels::from([(NAMESPACE_NAME.to_owned(), value)]))
                }
            },
        };
        // Whether it has a proxy of a mesh is not known either.
        let mut labels = self.labels.clone();
        labels.insert(added::MESH.to_owned(), added::IN_MESH_PERHAPS.to_owned());
        here && selection.pods.matches(&labels)
    }
}

/// Finds classes by selection without trying each selector on each pod.
struct Finder<'a> {
    classes: &'a Classes<'a>,
    /// Where the classes of each namespace begin, and where the last ends.
    begins: Vec<usize>,
    /// Classes by label.
    by_label: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    namespaces: BTreeMap<Selector, Vec<usize>>,
    pods: BTreeMap<Selector, Vec<usize>>,
}

impl<'a> Finder<'a> {
    fn new(classes: &'a Classes<'a>) -> Self {
        let list = &classes.classes;
        let begins = (0..=classes.namespaces.len()).map(|n| list.partition_point(|c| c.namespace < n)).collect();
        let mut by_label: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, class) in list.iter().enumerate() {
            for (key, value) in &class.labels {
                by_label.entry((key, value)).or_default().push(index);
            }
        }
        Finder { classes, begins, by_label, namespaces: BTreeMap::new(), pods: BTreeMap::new() }
    }

    /// The classes that a selection means, ascending.
    fn classes(&mut self, selection: &PodSelection) -> Vec<usize> {
        let classes = self.classes;
        let namespaces: Vec<usize> = match &selection.namespaces {
            NamespaceSelection::Named(name) => {
                classes.namespaces.binary_search_by(|n| n.name.cmp(name)).into_iter().collect()
            }
            NamespaceSelection::Labeled(selector) => {
                let matching = || {
                    (0..classes.namespaces.len()).filter(|&n| selector.matches(classes.namespaces[n].labels)).collect()
                };
                self.namespaces.entry(selector.clone()).or_insert_with(matching).clone()
            }
        };
        let ranges: Vec<std::ops::Range<usize>> =
            namespaces.iter().map(|&n| self.begins[n]..self.begins[n + 1]).collect();
        let all = || ranges.iter().cloned().flatten();
        if selection.pods.is_everything() {
            return all().collect();
        }
        let matching = self.pods_matching(&selection.pods);
        if let [range] = ranges.as_slice() {
            let from = matching.partition_point(|c| *c < range.start);
            let to = matching.partition_point(|c| *c < range.end);
            return matching[from..to].to_vec();
        }
        let is_meant = |c: &&usize| namespaces.binary_search(&classes.classes[**c].namespace).is_ok();
        matching.iter().filter(is_meant).copied().collect()
    }

    /// The classes of all namespaces that a selector of pods means.
    fn pods_matching(&mut self, selector: &Selector) -> &[usize] {
        if !self.pods.contains_key(selector) {
            let all = &self.classes.classes;
            let meant = |c: &usize| selector.matches(&all[*c].labels);
            let found = match self.candidates(&selector.expression()) {
                Some(mut candidates) => {
                    candidates.sort_unstable();
                    candidates.dedup();
                    candidates.into_iter().filter(meant).collect()
                }
                None => (0..all.len()).filter(meant).collect(),
            };
            self.pods.insert(selector.clone(), found);
        }
        &self.pods[selector]
    }

    /// The classes that an expression can mean, most often a short list; `None` if labels do not narrow them down.
    fn candidates(&self, expression: &Expression) -> Option<Vec<usize>> {
        match expression {
            Expression::Label(requirement) => {
                let key = requirement.key.as_str();
                let having =
                    || self.by_label.range((key, "")..).take_while(move |((k, _), _)| *k == key).map(|(_, c)| c);
                match &requirement.operator {
                    Operator::In(values) => {
                        let lists = values.iter().filter_map(|value| self.by_label.get(&(key, value.as_str())));
                        Some(lists.flatten().copied().collect())
                    }
                    Operator::Exists | Operator::Contains(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => {
                        Some(having().flatten().copied().collect())
                    }
                    Operator::NotIn(_) | Operator::DoesNotExist => None,
                }
            }
            Expression::All(parts) => parts.iter().filter_map(|part| self.candidates(part)).min_by_key(Vec::len),
            Expression::Any(parts) => {
                let lists: Option<Vec<Vec<usize>>> = parts.iter().map(|part| self.candidates(part)).collect();
                lists.map(|lists| lists.into_iter().flatten().collect())
            }
            Expression::Not(_) => None,
        }
    }
}
