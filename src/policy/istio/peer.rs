//! PeerAuthentication of Istio: pods that take mutual TLS only, so that what has no proxy cannot connect to them
//! (<https://istio.io/latest/docs/reference/config/security/peer_authentication/>).
//!
//! The one that selects a pod holds for it, else that of its namespace, else that of the root namespace; what one of
//! them leaves unset the next one says, and in the end both are taken. Of several in one place the oldest holds.

use std::collections::BTreeSet;

use super::super::added;
use super::super::ports::RulePorts;
use super::super::read::{Field, Read};
use super::super::rule::{
    Action, Blocks, Closes, HostNetwork, NamespaceSelection, Peer, Peers, Perhaps, PodSelection, Policy, Rule, Scope,
};
use super::super::tier::{Order, Tier};
use super::{Membership, MeshConfig};
use crate::cluster::{Cluster, Entry};
use crate::manifest::Tree;
use crate::net::{AddressSet, Expression, NAMESPACE_NAME, Operator, PortSet, Protocol, Requirement, Selector};

/// What is asked of those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// No mutual TLS.
    Disable,
    /// With or without it.
    Permissive,
    /// Mutual TLS.
    Strict,
}

/// A PeerAuthentication.
pub(super) struct Authentication<'a> {
    entry: &'a Entry,
    selector: Option<Selector>,
    mode: Option<Mode>,
    ports: Vec<(u16, Mode)>,
    /// The field that asks for mutual TLS, or the whole.
    field: Field<'a>,
}

/// Reads a PeerAuthentication.
pub(super) fn read(entry: &Entry) -> Read<Authentication<'_>> {
    let root = Field::root(&entry.object.tree);
    let Some(spec) = root.get("spec") else {
        return Ok(Authentication { entry, selector: None, mode: None, ports: Vec::new(), field: root });
    };
    spec.must_be_map()?;
    let labels = spec.get("selector").and_then(|s| s.get("matchLabels"));
    let selector = labels.map(|l| super::labels(&l)).transpose()?.filter(|s| !s.is_everything());
    let mode_of = |field: &Field<'_>| -> Read<Option<Mode>> {
        field.must_be_map()?;
        let Some(written) = field.get("mode") else { return Ok(None) };
        Ok(match written.text()? {
            "UNSET" => None,
            "DISABLE" => Some(Mode::Disable),
            "PERMISSIVE" => Some(Mode::Permissive),
            "STRICT" => Some(Mode::Strict),
            other => {
                let text = format!("`{other}` is no mode; there are UNSET, DISABLE, PERMISSIVE and STRICT");
                return Err(written.fault(text));
            }
        })
    };
    let mode = spec.get("mtls").map_or(Ok(None), |field| mode_of(&field))?;
    let mut ports = Vec::new();
    if let Some(field) = spec.get("portLevelMtls") {
        if selector.is_none() && !field.entries()?.is_empty() {
            return Err(field.fault("`portLevelMtls` needs a `selector`"));
        }
        for port in field.entries()? {
            let number = port.key().parse::<u16>().ok().filter(|n| *n > 0);
            let number = number.ok_or_else(|| port.fault(format!("`{}` is no number of a port", port.key())))?;
            ports.extend(mode_of(&port)?.map(|mode| (number, mode)));
        }
    }
    let field = ["mtls", "portLevelMtls"].iter().find_map(|key| spec.get(key)).unwrap_or(spec);
    Ok(Authentication { entry, selector, mode, ports, field })
}

impl Authentication<'_> {
    /// Whether pods that it is for take no mutual TLS, so that nobody has an identity there.
    pub fn disables(&self) -> bool {
        self.mode == Some(Mode::Disable) || self.ports.iter().any(|(_, mode)| *mode == Mode::Disable)
    }

    /// When it was made, where the input says so, and its name.
    fn age(&self) -> (&str, &str) {
        let made = self.entry.object.tree.at(&["metadata", "creationTimestamp"]).and_then(Tree::as_str);
        (made.unwrap_or("~"), &self.entry.key.name)
    }

    fn namespace(&self) -> &str {
        self.entry.key.namespace()
    }
}

/// All that are read, and what they are read for.
pub(super) struct Authentications<'a> {
    pub all: Vec<Authentication<'a>>,
    pub config: &'a MeshConfig,
    /// Addresses outside of the cluster.
    pub everywhere: AddressSet,
}

impl Authentications<'_> {
    /// The policies that they are: each closes its pods to those without a proxy.
    pub fn policies(mut self, cluster: &Cluster) -> Vec<Policy> {
        // Those with a selector in the root namespace are ignored.
        let root = self.config.root.clone();
        self.all.retain(|a| a.selector.is_none() || a.namespace() != root);
        self.all.sort_by(|a, b| a.age().cmp(&b.age()));
        let doubtful: BTreeSet<&str> = cluster
            .workloads()
            .iter()
            .filter(|w| Membership::of(cluster, w) == Membership::Assumed)
            .map(|w| w.key.namespace())
            .collect();
        let mut policies = Vec::new();
        for (index, one) in self.all.iter().enumerate() {
            let ports = self.strict(one);
            let Some(subject) = self.subject(index).filter(|_| !ports.is_empty()) else { continue };
            let sure = of_mesh(&subject, added::IN_MESH_SURELY);
            policies.push(self.policy(one, sure, self.outsiders(), &ports));
            let is_selected = |selector: &Selector, namespace: &str| {
                cluster.namespaces().get(namespace).is_some_and(|n| selector.matches(&n.labels))
            };
            let meant: Vec<&str> = match &subject.namespaces {
                NamespaceSelection::Named(name) => doubtful.get(name.as_str()).copied().into_iter().collect(),
                NamespaceSelection::Labeled(selector) => {
                    doubtful.iter().copied().filter(|n| is_selected(selector, n)).collect()
                }
            };
            for namespace in meant {
                let named = NamespaceSelection::Named(namespace.to_owned());
                let pods = of_mesh(&PodSelection { namespaces: named, ..subject.clone() }, added::IN_MESH_PERHAPS);
                policies.push(self.policy(one, pods, doubtful_outsiders(namespace), &ports));
            }
        }
        policies
    }

    /// The one that holds for pods that none with a selector holds for, in a namespace.
    fn of_namespace(&self, namespace: &str) -> Option<&Authentication<'_>> {
        self.all.iter().find(|a| a.selector.is_none() && a.namespace() == namespace)
    }

    /// The ports of TCP where one asks for mutual TLS.
    fn strict(&self, one: &Authentication<'_>) -> PortSet {
        let of_home = self.of_namespace(one.namespace()).and_then(|a| a.mode);
        let of_root = self.of_namespace(&self.config.root).and_then(|a| a.mode);
        let is_strict = one.mode.or(of_home).or(of_root) == Some(Mode::Strict);
        let mut ports = if is_strict { PortSet::protocol(Protocol::Tcp) } else { PortSet::none() };
        for (number, mode) in &one.ports {
            let port = PortSet::port(Protocol::Tcp, *number);
            ports = if *mode == Mode::Strict { ports.with(&port) } else { ports.difference(&port) };
        }
        ports
    }

    /// The pods that one holds for, in the mesh or not; `None` if another one comes before it.
    fn subject(&self, index: usize) -> Option<PodSelection> {
        let (own, namespace) = (&self.all[index], self.all[index].namespace());
        let before = |s: &&Authentication<'_>| s.namespace() == namespace;
        let mut pods = Vec::new();
        if let Some(selector) = &own.selector {
            pods.push(selector.expression());
            let others = self.all[..index].iter().filter(before).filter_map(|a| a.selector.as_ref());
            pods.extend(others.map(|s| s.expression().negated()));
        } else if self.all[..index].iter().filter(before).any(|a| a.selector.is_none()) {
            return None;
        } else if namespace != self.config.root {
            let others = self.all.iter().filter(before).filter_map(|a| a.selector.as_ref());
            pods.extend(others.map(|s| s.expression().negated()));
        }
        if namespace != self.config.root {
            let namespaces = NamespaceSelection::Named(namespace.to_owned());
            return Some(PodSelection { namespaces, pods: Selector::of(Expression::All(pods)) });
        }
        let with_own = self.all.iter().filter(|a| a.selector.is_none() && a.namespace() != namespace);
        let whole: BTreeSet<String> = with_own.map(|a| a.namespace().to_owned()).collect();
        for other in &self.all {
            let Some(selector) = &other.selector else { continue };
            let home = Operator::In(vec![other.namespace().to_owned()]);
            let there = Expression::label(added::NAMESPACE, home);
            pods.push(Expression::All(vec![there, selector.expression()]).negated());
        }
        let namespaces = if whole.is_empty() { Selector::everything() } else { but(whole.into_iter().collect()) };
        let namespaces = NamespaceSelection::Labeled(namespaces);
        Some(PodSelection { namespaces, pods: Selector::of(Expression::All(pods)) })
    }

    /// Whoever has no proxy, seen from pods that surely have one.
    fn outsiders(&self) -> Vec<Peer> {
        let perhaps = Perhaps::Pods(everywhere(added::IN_MESH_PERHAPS));
        vec![
            Peer::Pods(outside_of_mesh()),
            Peer::Addresses(self.everywhere.clone()),
            Peer::Untold("pods that may have no proxy of Istio", perhaps),
        ]
    }

    fn policy(&self, one: &Authentication<'_>, subject: PodSelection, peers: Vec<Peer>, ports: &PortSet) -> Policy {
        let at = one.field.span();
        let rule = Rule {
            index: 0,
            action: Action::Deny,
            peers: Peers::AnyOf(peers),
            own: Peers::Everybody,
            ports: RulePorts::Some { fixed: ports.clone(), named: Vec::new() },
            when: None,
            field: one.field.path().to_owned(),
            at,
        };
        Policy {
            key: one.entry.key.clone(),
            scope: Scope::Primary,
            tier: Tier::Mesh,
            priority: Order::FIRST,
            is_additive: false,
            closes: Closes::Nothing,
            subject,
            host_network: HostNetwork::Undefined,
            blocks: Blocks::Outside,
            ingress: Some(vec![rule]),
            egress: None,
            at: one.entry.object.span,
            ingress_at: at,
            egress_at: at,
        }
    }
}

/// Whoever may have no proxy, or may find none, seen from pods of a namespace that may be in the mesh: pods of one
/// namespace have proxies or none of them has.
fn doubtful_outsiders(namespace: &str) -> Vec<Peer> {
    let mut elsewhere = everywhere(added::IN_MESH_PERHAPS);
    elsewhere.namespaces = NamespaceSelection::Labeled(but(vec![namespace.to_owned()]));
    let what = "whoever has no proxy of Istio, if these pods have one";
    vec![
        Peer::Untold(what, Perhaps::Pods(outside_of_mesh())),
        Peer::Untold(what, Perhaps::Outside),
        Peer::Untold("pods that may have no proxy of Istio", Perhaps::Pods(elsewhere)),
    ]
}

/// Those of some pods whose place in the mesh is this.
fn of_mesh(subject: &PodSelection, how: &str) -> PodSelection {
    let place = Expression::label(added::MESH, Operator::In(vec![how.to_owned()]));
    let pods = Selector::of(Expression::All(vec![subject.pods.expression(), place]));
    PodSelection { namespaces: subject.namespaces.clone(), pods }
}

fn everywhere(how: &str) -> PodSelection {
    let namespaces = NamespaceSelection::Labeled(Selector::everything());
    of_mesh(&PodSelection { namespaces, pods: Selector::everything() }, how)
}

fn outside_of_mesh() -> PodSelection {
    let pods = Selector::of(Expression::label(added::MESH, Operator::DoesNotExist));
    PodSelection { namespaces: NamespaceSelection::Labeled(Selector::everything()), pods }
}

/// Namespaces but these.
fn but(names: Vec<String>) -> Selector {
    Selector::new([Requirement { key: NAMESPACE_NAME.to_owned(), operator: Operator::NotIn(names) }])
}
