//! What policies allow, as edges: few of them, however many workloads there are.
//!
//! A rule that describes a whole namespace, anyone or addresses is one edge from or to one node; where several
//! workloads reach several others by the same rule, their edges run through a junction. What no policy restricts has no
//! edges: the cards say that it is open.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::bundles::{Bundle, Edge, Ends, crowds};
use super::{Context, outside};
use crate::graph::{
    Access, AddressesId, Allowance, AllowanceLabel, Detail, EdgeDetail, Evidence, Identity, JunctionId, LineEnd, Node,
    NodeId, Outside, PeerNamespaces, PeerSet, PeersId, Ports, Side, Stance, Unevaluated, digest,
};
use crate::net::{AddressSet, Protocol};
use crate::policy::{
    Certainty, Closes, Connectivity, Direction, End, Flow, ForeignPolicy, NamespaceSelection, Network, PodSelection,
    Reason,
};

/// More workloads than this that no rule describes by itself are one node.
const MANY: usize = 12;

/// Adds to a graph of a cluster what its policies allow, and what only one end allows: edges between workloads, sets of
/// pods and addresses, and for each workload how it is isolated. A cluster without policies leaves the graph as it is.
pub(super) fn add(context: &mut Context<'_>, connectivity: &Connectivity) {
    if connectivity.policies().is_empty() && connectivity.foreign().is_empty() {
        return;
    }
    let inhabited = context.graph.namespaces();
    let cluster = context.cluster;
    let mut adding = Adding { context, connectivity, inhabited, subjects: BTreeMap::new() };
    let ways = outside::of_workloads(connectivity);
    if cluster.workloads().is_empty() {
        adding.subjects();
    }
    for workload in 0..cluster.workloads().len() {
        adding.access(workload, ways.get(&workload).copied().unwrap_or(Outside::Unreached));
    }
    let flows = connectivity.flows();
    adding.edges(&flows.allowed, EdgeDetail::Allows);
    adding.edges(&flows.denied, EdgeDetail::Denied);
}

struct Adding<'c, 'a> {
    context: &'c mut Context<'a>,
    connectivity: &'c Connectivity,
    /// Namespaces that have a frame without what is added here.
    inhabited: BTreeSet<String>,
    /// Where the manifests contain no pods, those that policies are about, with the id of the node that represents
    /// them.
    subjects: BTreeMap<PodSelection, NodeId>,
}

/// The end of an edge that a node is made for.
enum Role {
    /// Both: what policies are about, where there are no pods to draw.
    Subject,
    From,
    /// With the label of the edge.
    To(AllowanceLabel),
}

impl Role {
    fn end(&self) -> LineEnd {
        match self {
            Role::Subject => LineEnd::Subject,
            Role::From => LineEnd::From,
            Role::To(_) => LineEnd::To,
        }
    }

    /// The label that a card outside of every frame shows for the edges to it.
    fn on(&self, namespace: Option<&str>) -> Option<AllowanceLabel> {
        match self {
            Role::To(label) if namespace.is_none() && !label.lines().is_empty() => Some(label.clone()),
            _ => None,
        }
    }
}

/// A set of pods before it is a node.
struct SetOfPods<'m> {
    set: PeerSet,
    namespace: Option<String>,
    name: String,
    /// The workloads of the manifests that are meant; `None` for anyone.
    members: Option<&'m [usize]>,
}

/// More blocks of addresses than this that the same rules let through to the same end are one node.
const MANY_BLOCKS: usize = 4;

/// What tells two edges between the same ends apart: for whom they do not hold, and the network.
type Besides = (Vec<NodeId>, Vec<NodeId>, Option<String>);

/// Edges between two nodes, before those that say the same are made one.
type Direct = BTreeMap<(NodeId, NodeId, Besides), (Allowance, Vec<Evidence>)>;

impl Adding<'_, '_> {
    /// Adds nodes for what the policies of an input without pods are about: a policy by itself is worth a picture too.
    fn subjects(&mut self) {
        let policies = self.connectivity.policies();
        self.inhabited.extend(policies.iter().filter_map(|p| p.key.namespace.clone()));
        let mut about: BTreeMap<PodSelection, Vec<usize>> = BTreeMap::new();
        for (id, policy) in policies.iter().enumerate() {
            let subject =
                PodSelection { namespaces: policy.subject.namespaces.simplest(), pods: policy.subject.pods.clone() };
            about.entry(subject).or_default().push(id);
        }
        for (selection, ids) in about {
            let side = |direction: Direction| {
                let by = ids.iter().filter(|&&p| policies[p].rules(direction).is_some());
                let isolated = by.clone().any(|&p| policies[p].closes != Closes::Nothing);
                Side {
                    stance: match (isolated, by.clone().next()) {
                        (true, _) => Stance::Isolated,
                        (false, Some(_)) => Stance::Ruled,
                        (false, None) => Stance::Open,
                    },
                    isolated,
                    by: by.map(|&p| self.says(p, direction)).collect(),
                }
            };
            let access = Access {
                ingress: side(Direction::Ingress),
                egress: side(Direction::Egress),
                outside: Outside::Unreached,
                foreign: Vec::new(),
                unread: None,
                no_dns: false,
            };
            let evidence: Vec<Evidence> = access.ingress.by.iter().chain(&access.egress.by).cloned().collect();
            let id = self.described(&selection, &[], &Role::Subject, &evidence);
            if let Some(node) = self.context.graph.known(&id)
                && let Detail::Peers { access: said, .. } = &mut node.detail
            {
                *said = Some(access);
            }
            self.subjects.insert(selection, id);
        }
    }

    /// Says on a workload what policies do about it.
    fn access(&mut self, workload: usize, outside: Outside) {
        let key = &self.context.cluster.workloads()[workload].key;
        let side = |direction: Direction| {
            let isolation = self.connectivity.isolation(workload, direction);
            let unenforced = self.connectivity.unenforced(workload, direction);
            let by = isolation.isolating.iter().chain(&isolation.tiers).chain(&unenforced);
            Side {
                stance: match (isolation.isolating.is_empty(), isolation.tiers.is_empty()) {
                    (true, true) if !unenforced.is_empty() => Stance::Unenforced,
                    (true, true) => Stance::Open,
                    _ if self.connectivity.is_unrestricted(workload, direction) => Stance::Unrestricted,
                    (false, _) => Stance::Isolated,
                    (true, false) => Stance::Ruled,
                },
                isolated: isolation.is_isolated(),
                by: by.map(|&policy| self.says(policy, direction)).collect(),
            }
        };
        let (ingress, egress) = (side(Direction::Ingress), side(Direction::Egress));
        let foreign = self.foreign(|policy| policy.may_select(workload, key.namespace()));
        let unread = self.context.facts.unread_to(workload).map(|unread| {
            let entry = &self.context.cluster.entries()[unread.object];
            let (file, line) = (self.context.sources.name(unread.at.file).to_owned(), unread.at.line);
            let at = Evidence { object: entry.key.to_string(), field: String::new(), file, line };
            Unevaluated { kind: unread.kind.clone(), at }
        });
        // Another entrance may reach what those do not that were read.
        let outside = match outside {
            Outside::Unreached | Outside::Blocked if unread.is_some() => Outside::Undetermined,
            outside => outside,
        };
        let no_dns = self.context.facts.without_dns.contains(&workload);
        if let Some(node) = self.context.graph.known(&NodeId::object(key))
            && let Detail::Workload { access, .. } = &mut node.detail
        {
            *access = Some(Access { ingress, egress, outside, foreign, unread, no_dns });
        }
    }

    fn foreign(&self, wanted: impl Fn(&ForeignPolicy) -> bool) -> Vec<Unevaluated> {
        let found = self.connectivity.foreign().iter().filter(|p| wanted(p));
        found
            .map(|policy| Unevaluated {
                kind: policy.key.kind.clone(),
                at: Evidence {
                    object: policy.key.to_string(),
                    field: String::new(),
                    file: self.context.sources.name(policy.at.file).to_owned(),
                    line: policy.at.line,
                },
            })
            .collect()
    }

    /// Where a policy mentions a direction.
    fn says(&self, policy: usize, direction: Direction) -> Evidence {
        let policy = &self.connectivity.policies()[policy];
        let span = policy.says(direction);
        Evidence {
            object: policy.key.to_string(),
            field: String::new(),
            file: self.context.sources.name(span.file).to_owned(),
            line: span.line,
        }
    }

    fn evidence(&self, reason: &Reason) -> Evidence {
        let policy = &self.connectivity.policies()[reason.policy];
        let rule = reason.rule.and_then(|r| policy.rules(reason.direction)?.get(r));
        match rule {
            Some(rule) => Evidence {
                object: policy.key.to_string(),
                field: rule.field.clone(),
                file: self.context.sources.name(rule.at.file).to_owned(),
                line: rule.at.line,
            },
            None => self.says(reason.policy, reason.direction),
        }
    }

    fn edges(&mut self, flows: &[Flow], detail: fn(Allowance) -> EdgeDetail) {
        let mut direct = Direct::new();
        let mut bundles = Vec::new();
        for flow in gathered(flows).iter().filter(|flow| !is_hollow(flow)) {
            let evidence: Vec<Evidence> = flow.because.iter().map(|r| self.evidence(r)).collect();
            let allowance = self.allowance(flow);
            let mut from = self.nodes(&flow.from, &Role::From, &evidence);
            // Lines to the border of the picture have no room for labels.
            let to = self.nodes(&flow.to, &Role::To(allowance.label()), &evidence);
            if from == to
                && self.subjects.values().any(|subject| from.contains(subject))
                && let (End::Pods(selection, members), [_]) = (&flow.from, from.as_slice())
            {
                // What a policy is about may be its own peer; a line needs two ends.
                from = vec![self.described(selection, members, &Role::From, &evidence)];
            }
            let mutual = from.iter().filter(|id| to.contains(id)).count();
            if from.len() * to.len() - mutual > from.len() + to.len() {
                bundles.push(Bundle { from, to, allowance, evidence });
                continue;
            }
            for (a, b) in from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).filter(|(a, b)| a != b) {
                let besides = (allowance.not_from.clone(), allowance.not_to.clone(), allowance.network.clone());
                let (known, places) = direct.entry((a.clone(), b.clone(), besides)).or_default();
                merge(known, &allowance);
                places.extend(evidence.iter().cloned());
            }
        }
        let ends = Ends::of(&bundles);
        let mut single = Vec::new();
        for ((from, to, _), (mut allowance, mut evidence)) in direct {
            tidy(&mut allowance);
            if let Some(at) = ends.between(&from, &to).find(|at| bundles[*at].covers(&allowance)) {
                bundles[at].evidence.append(&mut evidence);
                continue;
            }
            single.push(Edge { from, to, allowance, evidence });
        }
        let (single, crowds) = crowds(single);
        for Edge { from, to, allowance, mut evidence } in single {
            evidence.sort();
            evidence.dedup();
            self.context.graph.edge(&from, &to, detail(allowance), evidence);
        }
        for mut bundle in bundles.into_iter().chain(crowds) {
            bundle.evidence.sort();
            bundle.evidence.dedup();
            self.junction(bundle, detail);
        }
    }

    fn allowance(&self, flow: &Flow) -> Allowance {
        let names = |workloads: &[usize]| workloads.iter().map(|&w| self.id(w)).collect();
        let mut doubts = Vec::new();
        if flow.certainty == Certainty::Undetermined {
            let doubt = if self.context.cluster.workloads().is_empty() {
                "policies of the other end do not say so in the same words"
            } else {
                "pods in the network of their node: policies may not hold"
            };
            doubts.push(doubt.to_owned());
        }
        if flow.certainty == Certainty::Conditional {
            doubts
                .push("on some requests: it depends on their method, path or host, or where they come from".to_owned());
        }
        let ends = [(&flow.from, Direction::Egress), (&flow.to, Direction::Ingress)];
        let concerns = |policy: &ForeignPolicy, (end, direction): (&End, Direction)| {
            let selects = |&w: &usize| {
                let namespace = self.context.cluster.workloads()[w].key.namespace();
                policy.may_select(w, namespace)
            };
            policy.is_about(direction)
                && match end {
                    End::Workloads(workloads) => workloads.iter().any(selects),
                    _ => self.namespaces(end).into_iter().any(|n| policy.may_concern(n)),
                }
        };
        let foreign = self.foreign(|policy| ends.into_iter().any(|end| concerns(policy, end)));
        doubts.extend(foreign.iter().map(|p| format!("{} is not evaluated and may change this", p.at.object)));
        let ranges = Protocol::ALL
            .into_iter()
            .flat_map(|p| flow.ports.ranges(p).into_iter().map(move |(a, b)| (p, a, b)))
            .collect();
        Allowance {
            ports: Ports { ranges, names: flow.names.clone() },
            not_from: names(&flow.not_from),
            not_to: names(&flow.not_to),
            doubts,
            network: (flow.network != Network::Pod).then(|| flow.network.to_string()),
        }
    }

    fn id(&self, workload: usize) -> NodeId {
        NodeId::object(&self.context.cluster.workloads()[workload].key)
    }

    /// The namespaces of the workloads that an end means.
    fn namespaces<'e>(&'e self, end: &'e End) -> BTreeSet<&'e str> {
        let members = match end {
            End::Pods(_, members) => members,
            End::Workloads(members) => members.as_slice(),
            End::Anyone | End::Addresses(_) | End::Names(_) => &[],
        };
        members.iter().map(|&w| self.context.cluster.workloads()[w].key.namespace()).collect()
    }

    /// The ids of the nodes that represent an end.
    fn nodes(&mut self, end: &End, role: &Role, evidence: &[Evidence]) -> Vec<NodeId> {
        match end {
            End::Workloads(workloads) if workloads.len() <= MANY => workloads.iter().map(|&w| self.id(w)).collect(),
            End::Workloads(workloads) => vec![self.several(workloads, role, evidence)],
            End::Pods(selection, _) if self.subjects.contains_key(selection) => {
                self.subjects.get(selection).cloned().into_iter().collect()
            }
            // A set beside the one workload that is in it would say the same twice.
            End::Pods(selection, members) if members.len() == 1 && !is_everything(selection) => {
                vec![self.id(members[0])]
            }
            End::Pods(selection, members) => vec![self.described(selection, members, role, evidence)],
            End::Anyone => {
                let set = SetOfPods { set: PeerSet::Anyone, namespace: None, name: "anyone".into(), members: None };
                vec![self.peers(set, role, evidence)]
            }
            End::Addresses(set) => vec![self.blocks(set, role, evidence)],
            End::Names(names) => {
                let (addresses, on) = (names.clone(), role.on(None));
                let id = AddressesId { addresses, except: Vec::new(), end: role.end(), on };
                vec![self.context.outside(id, AddressSet::none(), evidence.to_vec())]
            }
        }
    }

    /// The node for a set of pods.
    fn peers(&mut self, set: SetOfPods<'_>, role: &Role, evidence: &[Evidence]) -> NodeId {
        let SetOfPods { set, namespace, name, members } = set;
        let on = role.on(namespace.as_deref());
        let members = members.map(|list| {
            let mut ids: Vec<NodeId> = list.iter().map(|&w| self.id(w)).collect();
            ids.sort();
            ids
        });
        let id = Identity::Peers(PeersId { set: set.clone(), end: role.end(), on: on.clone() });
        self.context.node(Node {
            namespace,
            evidence: evidence.to_vec(),
            ..Node::new(id, "Pods", name, Detail::Peers { set, members, on, access: None })
        })
    }

    /// The node for the pods that a rule describes.
    fn described(&mut self, selection: &PodSelection, members: &[usize], role: &Role, evidence: &[Evidence]) -> NodeId {
        let namespaces = match &selection.namespaces {
            NamespaceSelection::Named(name) => PeerNamespaces::Named(name.clone()),
            NamespaceSelection::Labeled(selector) if selector.is_everything() => PeerNamespaces::Any,
            NamespaceSelection::Labeled(selector) => PeerNamespaces::Labeled(selector.to_string()),
        };
        let namespace = match &namespaces {
            PeerNamespaces::Any => None,
            PeerNamespaces::Named(name) if self.inhabited.contains(name) => Some(name.clone()),
            // If the manifests contain them in one namespace only, that is where they are.
            PeerNamespaces::Named(_) | PeerNamespaces::Labeled(_) => self.shared_namespace(members),
        };
        let pods = (!selection.pods.is_everything()).then(|| selection.pods.to_string());
        let name =
            if pods.is_none() { "any pod".to_owned() } else { format!("pods with {}", readable(&selection.pods)) };
        let set = SetOfPods { set: PeerSet::Described { namespaces, pods }, namespace, name, members: Some(members) };
        self.peers(set, role, evidence)
    }

    /// The node for many workloads that no rule describes by itself.
    fn several(&mut self, workloads: &[usize], role: &Role, evidence: &[Evidence]) -> NodeId {
        let ids: Vec<NodeId> = workloads.iter().map(|&w| self.id(w)).collect();
        let set = SetOfPods {
            set: PeerSet::Workloads(short(ids.iter().map(NodeId::as_str))),
            namespace: self.shared_namespace(workloads),
            name: format!("{} workloads", workloads.len()),
            members: Some(workloads),
        };
        self.peers(set, role, evidence)
    }

    fn shared_namespace(&self, workloads: &[usize]) -> Option<String> {
        let mut namespaces = workloads.iter().map(|&w| self.context.cluster.workloads()[w].key.namespace.clone());
        let first = namespaces.next()?;
        if namespaces.all(|n| n == first) { first } else { None }
    }

    /// The node for addresses outside of the cluster.
    fn blocks(&mut self, set: &AddressSet, role: &Role, evidence: &[Evidence]) -> NodeId {
        let (addresses, except) = set.with_holes();
        // Sources share their node with what outside addresses are exposed to.
        let end = if matches!(role, Role::To(_)) { LineEnd::To } else { LineEnd::From };
        let id = AddressesId { addresses, except, end, on: role.on(None) };
        self.context.outside(id, set.clone(), evidence.to_vec())
    }

    /// A node that edges of several sources to several targets run through: beside the targets, if they have one
    /// namespace, or else beside the sources.
    fn junction(&mut self, bundle: Bundle, detail: fn(Allowance) -> EdgeDetail) {
        let Bundle { from, to, allowance, evidence } = bundle;
        let ports = allowance.ports.texts();
        let parts = from.iter().map(NodeId::as_str).chain(["to"]).chain(to.iter().map(NodeId::as_str));
        let id = JunctionId::Policy(short(parts.chain(ports.iter().map(String::as_str))));
        let mut home = |ids: &[NodeId]| {
            let all: BTreeSet<Option<String>> =
                ids.iter().map(|id| self.context.graph.known(id).and_then(|n| n.namespace.clone())).collect();
            if all.len() == 1 { all.into_iter().next().flatten() } else { None }
        };
        let namespace = home(&to).or_else(|| home(&from));
        let name = allowance.label().to_string();
        let id = self.context.node(Node {
            namespace,
            evidence: evidence.clone(),
            ..Node::new(Identity::Junction(id), "Junction", name, Detail::Junction)
        });
        // The junction says the ports.
        let silent = Allowance { ports: Ports::default(), not_from: Vec::new(), not_to: Vec::new(), ..allowance };
        for source in &from {
            self.context.graph.edge(source, &id, detail(silent.clone()), evidence.iter().cloned());
        }
        for target in &to {
            self.context.graph.edge(&id, target, detail(silent.clone()), evidence.iter().cloned());
        }
    }
}

/// True for every pod of every namespace.
fn is_everything(selection: &PodSelection) -> bool {
    let everywhere = matches!(&selection.namespaces, NamespaceSelection::Labeled(labels) if labels.is_everything());
    everywhere && selection.pods.is_everything()
}

/// True if the workloads for which a flow does not hold are all that one of its ends means.
fn is_hollow(flow: &Flow) -> bool {
    let all_are = |end: &End, except: &[usize]| match end {
        End::Pods(_, members) => !members.is_empty() && members.iter().all(|m| except.binary_search(m).is_ok()),
        _ => false,
    };
    all_are(&flow.from, &flow.not_from) || all_are(&flow.to, &flow.not_to)
}

/// The end of a flow that is addresses, with the other end.
fn addresses(flow: &Flow) -> Option<(LineEnd, &AddressSet, &End)> {
    match (&flow.from, &flow.to) {
        (End::Addresses(set), other) => Some((LineEnd::From, set, other)),
        (other, End::Addresses(set)) => Some((LineEnd::To, set, other)),
        _ => None,
    }
}

/// Flows in their order, with those of many blocks of addresses made one where nothing else tells them apart.
fn gathered(flows: &[Flow]) -> Vec<Cow<'_, Flow>> {
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, flow) in flows.iter().enumerate() {
        if let Some((end, _, other)) = addresses(flow) {
            let rest = (&flow.not_from, &flow.not_to, &flow.ports, &flow.names, flow.certainty, &flow.network);
            alike.entry((end, other, &flow.because, rest)).or_default().push(at);
        }
    }
    let mut whole: BTreeMap<usize, Option<Flow>> = BTreeMap::new();
    for same in alike.into_values().filter(|same| same.len() > MANY_BLOCKS) {
        let mut all = AddressSet::none();
        same.iter().filter_map(|&at| addresses(&flows[at])).for_each(|(_, set, _)| all.add(set));
        let set = End::Addresses(all);
        let first = &flows[same[0]];
        let (from, to) = match first.from {
            End::Addresses(_) => (set, first.to.clone()),
            _ => (first.from.clone(), set),
        };
        whole.extend(same.iter().map(|&at| (at, None)));
        whole.insert(same[0], Some(Flow { from, to, ..first.clone() }));
    }
    let of = |(at, flow)| match whole.remove(&at) {
        None => Some(Cow::Borrowed(flow)),
        Some(whole) => whole.map(Cow::Owned),
    };
    flows.iter().enumerate().filter_map(of).collect()
}

/// Adds what another allowance between the same ends says, out of order until [`tidy`] has been called.
fn merge(known: &mut Allowance, more: &Allowance) {
    known.ports.ranges.extend(&more.ports.ranges);
    known.ports.names.extend(more.ports.names.iter().cloned());
    known.doubts.extend(more.doubts.iter().cloned());
    (known.not_from, known.not_to, known.network) = (more.not_from.clone(), more.not_to.clone(), more.network.clone());
}

/// Puts what an allowance says into order, each thing once.
fn tidy(known: &mut Allowance) {
    let mut ranges = std::mem::take(&mut known.ports.ranges);
    ranges.sort_unstable();
    for (protocol, first, last) in ranges {
        match known.ports.ranges.last_mut() {
            Some((p, _, end)) if *p == protocol && first <= end.saturating_add(1) => *end = last.max(*end),
            _ => known.ports.ranges.push((protocol, first, last)),
        }
    }
    for list in [&mut known.ports.names, &mut known.doubts] {
        list.sort();
        list.dedup();
    }
}

/// A selector with spaces after its commas, so that it can be broken there.
fn readable(selector: &crate::net::Selector) -> String {
    selector.to_string().replace(',', ", ")
}

/// A digest of a list of names.
fn short<'t>(texts: impl Iterator<Item = &'t str>) -> u64 {
    let whole: String = texts.flat_map(|t| [t, "\0"]).collect();
    digest(&whole)
}
