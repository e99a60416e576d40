//! The normal form of policies: what every kind of them is brought into before anything is evaluated.

use std::sync::Arc;

use super::ports::RulePorts;
use super::request::Condition;
use super::tier::{Order, Tier};
use crate::net::{AddressSet, NAMESPACE_NAME, ObjectKey, Operator, PortSet, Protocol, Selector};
use crate::source::Span;

/// Which way traffic goes, seen from the pod that a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Direction {
    /// To the pod.
    Ingress,
    /// From the pod.
    Egress,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Direction; 2] = [Direction::Ingress, Direction::Egress];

    /// `ingress` or `egress`, also the name of the field that holds the rules.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a rule does with the traffic that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Lets it through.
    Allow,
    /// Drops it.
    Deny,
    /// Leaves it to the next tier.
    Pass,
}

/// Which pods, by namespace and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodSelection {
    /// Of which namespaces.
    pub namespaces: NamespaceSelection,
    /// Which of their pods.
    pub pods: Selector,
}

/// Which namespaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceSelection {
    /// The one of this name.
    Named(String),
    /// Those with these labels.
    Labeled(Selector),
}

impl NamespaceSelection {
    /// The same selection, by name where its labels ask for nothing but one name.
    pub fn simplest(&self) -> NamespaceSelection {
        if let NamespaceSelection::Labeled(selector) = self
            && let ([requirement], []) = (selector.requirements(), selector.expressions())
            && let Operator::In(values) = &requirement.operator
            && let ([name], NAMESPACE_NAME) = (values.as_slice(), requirement.key.as_str())
        {
            return NamespaceSelection::Named(name.clone());
        }
        self.clone()
    }
}

/// The other end of traffic, as a rule describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Pods.
    Pods(PodSelection),
    /// Addresses.
    Addresses(AddressSet),
    /// Pods in the network of their node, and the nodes themselves, whose addresses manifests do not tell.
    Nodes,
    /// Hosts outside of the cluster by their names, in which `*` may represent anything; manifests do not tell their
    /// addresses.
    Names(Vec<String>),
    /// Something that manifests do not show, such as nodes or domain names: the text says what, and the rest who it may
    /// be.
    Untold(&'static str, Perhaps),
}

/// Who may be among those whom a peer means that manifests do not show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Perhaps {
    /// Anybody outside of the cluster.
    Outside,
    /// What brings requests of Ingresses, and anybody outside of the cluster.
    Ingresses,
    /// Nodes: pods in the network of their node, and private addresses outside of the cluster.
    Nodes,
    /// These pods.
    Pods(PodSelection),
}

impl Peer {
    /// What of it manifests do not tell the addresses of, in words.
    pub fn untold(&self) -> Option<&'static str> {
        match self {
            // Names are written as they are.
            Peer::Pods(_) | Peer::Addresses(_) | Peer::Names(_) => None,
            Peer::Nodes => Some("nodes"),
            Peer::Untold(what, _) => Some(what),
        }
    }
}

/// Whose traffic a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Everybody's, also from outside of the cluster.
    Everybody,
    /// That of any of these.
    AnyOf(Vec<Peer>),
}

/// One rule of a policy.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The position of what it is made of in its list of the manifest, from 0. A rule of a mesh may become several.
    pub index: usize,
    /// What it does.
    pub action: Action,
    /// Whose traffic it is about.
    pub peers: Peers,
    /// Which of the policy's own pods it is about, where that is not all of them.
    pub own: Peers,
    /// Which ports it is about.
    pub ports: RulePorts,
    /// Which requests it is about, where that is not all of them.
    pub when: Option<Arc<Condition>>,
    /// The field that holds it, as in `spec.ingress[0]`.
    pub field: String,
    /// Where it is written.
    pub at: Span,
}

/// Traffic that is denied at the end of a tier because a policy applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closes {
    /// None.
    Nothing,
    /// TCP, which is all that the proxies of a mesh see.
    Tcp,
    /// All.
    Everything,
}

impl Closes {
    /// The ports.
    pub fn ports(self) -> PortSet {
        match self {
            Closes::Nothing => PortSet::none(),
            Closes::Tcp => PortSet::protocol(Protocol::Tcp),
            Closes::Everything => PortSet::all(),
        }
    }
}

/// Which kinds of pods a policy or a peer can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostNetwork {
    /// Pods in the network of their node are left to the implementation: NetworkPolicy does not say what becomes of
    /// them
    /// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods>).
    Undefined,
    /// Pods in the network of their node are never meant (the subjects and peers of the network policy API).
    Excluded,
}

/// What blocks of addresses in a policy mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blocks {
    /// Whatever has such an address, pods as well.
    Anything,
    /// What is outside of the cluster: pods are known by their labels only.
    Outside,
}

/// On which networks a policy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On the one that pods have in any case: the pod network, or the primary network of their namespace.
    Primary,
    /// On secondary networks of these names.
    Secondary(Vec<String>),
}

/// A policy in its normal form.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its identity.
    pub key: ObjectKey,
    /// On which networks it holds.
    pub scope: Scope,
    /// Its tier.
    pub tier: Tier,
    /// Its rank within the tier; the lesser is asked first.
    pub priority: Order,
    /// Whether any of its rules decides, and of those of its neighbors in the order that are like it, and not the first
    /// one only. What one of them denies is denied.
    pub is_additive: bool,
    /// Of what it applies to and no rule of its tier decides, the part that is denied.
    pub closes: Closes,
    /// The pods that it is about.
    pub subject: PodSelection,
    /// What becomes of pods in the network of their node.
    pub host_network: HostNetwork,
    /// What blocks of addresses in it mean.
    pub blocks: Blocks,
    /// Its rules for traffic to the subject; `None` if it has no say there.
    pub ingress: Option<Vec<Rule>>,
    /// Its rules for traffic from the subject; `None` if it has no say there.
    pub egress: Option<Vec<Rule>>,
    /// Where it is written.
    pub at: Span,
    /// Where its rules for traffic to the subject are written, or what else says that it is about that.
    pub ingress_at: Span,
    /// The same for traffic from the subject.
    pub egress_at: Span,
}

impl Peers {
    /// One by one; nothing for everybody.
    pub fn list(&self) -> &[Peer] {
        match self {
            Peers::Everybody => &[],
            Peers::AnyOf(peers) => peers,
        }
    }
}

impl Policy {
    /// Its rules of a direction; `None` if it has no say there.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// How people call a rule of it, as in `ingress[0]`: by the list that it stands in.
    pub fn rule_name(&self, direction: Direction, rule: &Rule) -> String {
        if self.key.kind == "PeerAuthentication" {
            return "mutual TLS".to_owned();
        }
        let list = match (&self.tier, direction) {
            (Tier::Mesh, Direction::Ingress) => "rules",
            (_, direction) => direction.as_str(),
        };
        // Of additive policies only those of Cilium deny, by a list of its own.
        let deny = if self.is_additive && rule.action == Action::Deny { "Deny" } else { "" };
        format!("{list}{deny}[{}]", rule.index)
    }

    /// Where it mentions a direction.
    pub fn says(&self, direction: Direction) -> Span {
        match direction {
            Direction::Ingress => self.ingress_at,
            Direction::Egress => self.egress_at,
        }
    }

    /// Whether it is a NetworkPolicy of Kubernetes on the network that pods have in any case.
    pub fn is_network_policy(&self) -> bool {
        self.key.group == "networking.k8s.io" && self.scope == Scope::Primary
    }

    /// Whether its kind is none of the Kubernetes project.
    pub fn is_of_another_project(&self) -> bool {
        !["networking.k8s.io", "k8s.cni.cncf.io", super::admin::GROUP].contains(&self.key.group.as_str())
    }

    /// Its place among the evaluated ones. Of those of one tier and order Calico asks first whose name is first, and
    /// gives those of Kubernetes names that begin alike
    /// (<https://github.com/projectcalico/calico/blob/master/felix/calc/policy_sorter.go>).
    pub(super) fn place(&self) -> (Tier, Order, String) {
        let ObjectKey { namespace, kind, name, .. } = &self.key;
        let name = match (&self.tier, self.is_additive) {
            (Tier::Network, true) => "knp.default.".to_owned(),
            (Tier::Network | Tier::Calico(..), _) => {
                format!("{name}/{}/{kind}", namespace.as_deref().unwrap_or_default())
            }
            _ => String::new(),
        };
        (self.tier.clone(), self.priority, name)
    }

    /// Whether it has a rule for peers that manifests do not show, such as nodes or hosts by their names.
    pub fn is_vague(&self) -> bool {
        self.all_rules().flat_map(|r| r.peers.list()).any(|p| matches!(p, Peer::Names(_) | Peer::Untold(..)))
    }

    /// Every rule.
    pub fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.ingress.iter().chain(&self.egress).flatten()
    }
}
