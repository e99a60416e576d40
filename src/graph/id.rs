//! Identities of nodes and groups as data, and their texts. Texts are never parsed back.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{AllowanceLabel, NodeKind, Scope};
use crate::net::ObjectKey;

/// The identity of a node with its text, as in `data-id`. Equality and order are those of the texts. Cloning is
/// cheap.
#[derive(Clone)]
pub struct NodeId(Arc<Named>);

struct Named {
    identity: Identity,
    text: String,
}

/// The identity of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// All addresses outside the cluster.
    Internet,
    /// The private network around the cluster.
    PrivateNetwork,
    /// A DNS name outside the cluster.
    DnsName(String),
    /// Addresses outside the cluster.
    Addresses(AddressesId),
    /// An object of the manifests.
    Object(ObjectKey),
    /// An object, or pods, that something refers to and that the manifests do not contain.
    Missing {
        /// The kind; `Pods` for pods that a selector matches.
        kind: String,
        /// The namespace; empty for cluster-scoped kinds.
        namespace: String,
        /// The name or the selector.
        wanted: String,
    },
    /// A set of pods.
    Peers(PeersId),
    /// A junction of lines.
    Junction(JunctionId),
    /// Several objects drawn as one.
    Summary(SummaryId),
    /// A point at the border of a frame with a layout of its own.
    Border(BorderId),
}

/// The end of a line at which a set of pods or addresses is drawn. A set has a node for each end; otherwise lines would
/// seem to pass through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum LineEnd {
    /// Both ends: the subjects of policies, where the manifests contain no pods.
    #[strum(serialize = "of")]
    Subject,
    /// The source.
    From,
    /// The target.
    To,
}

/// Addresses outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressesId {
    /// Address ranges in CIDR notation, or single addresses, sorted.
    pub addresses: Vec<String>,
    /// Excepted parts of these ranges, in CIDR notation.
    pub except: Vec<String>,
    /// The end of lines at which the addresses are drawn.
    pub end: LineEnd,
    /// The label of all lines to the addresses, if the card shows it.
    pub on: Option<AllowanceLabel>,
}

/// A set of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeersId {
    /// The pods.
    pub set: PeerSet,
    /// The end of lines at which the set is drawn.
    pub end: LineEnd,
    /// The label of all lines to the set, if the card shows it.
    pub on: Option<AllowanceLabel>,
}

/// The pods of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerSet {
    /// Any pod and any address.
    Anyone,
    /// The pods that a rule describes.
    Described {
        /// Their namespaces.
        namespaces: PeerNamespaces,
        /// The selector of their labels; `None` for all pods.
        pods: Option<String>,
    },
    /// Workloads that no single rule describes: a digest of their ids.
    Workloads(u64),
}

/// The namespaces that a rule describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerNamespaces {
    /// All namespaces.
    Any,
    /// The namespace with this name.
    Named(String),
    /// The namespaces with the labels of a selector.
    Labeled(String),
}

/// A junction of lines, by a digest of the ids of its ends and of its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JunctionId {
    /// Of lines that policies allow or deny.
    Policy(u64),
    /// Of lines that only the old state of a comparison allows.
    Removed(u64),
    /// Of workloads that use the same objects.
    Uses(u64),
}

/// The side of a selection on which the summary of other objects is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RestSide {
    /// The source side.
    From,
    /// The target side.
    To,
}

/// Objects that are drawn as one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SummaryId {
    /// The objects with this value of a label.
    Value(String),
    /// The objects of a namespace.
    Namespace(String),
    /// The nodes of a kind outside all namespaces.
    Outside(NodeKind),
    /// The objects of a namespace that a selection leaves out.
    Rest {
        /// The side.
        side: RestSide,
        /// The namespace; empty for cluster-scoped objects.
        namespace: String,
    },
    /// The unchanged objects of a namespace in a comparison.
    Unchanged(String),
    /// The unchanged nodes outside all namespaces.
    UnchangedOutside,
    /// The unchanged nodes without a connection to a drawn node.
    UnchangedElsewhere,
    /// All objects of a comparison of equal states.
    NothingChanged,
}

/// A point at the border of a frame, by the number of its net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BorderId {
    /// The point where a net enters.
    In(usize),
    /// The point where a net leaves.
    Out(usize),
}

impl NodeId {
    /// The id of the node for an object.
    pub fn object(key: &ObjectKey) -> NodeId {
        Identity::Object(key.clone()).into()
    }

    /// The identity of the node.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The key of the object, if the node represents an object of the manifests.
    pub fn key(&self) -> Option<&ObjectKey> {
        match self.identity() {
            Identity::Object(key) => Some(key),
            _ => None,
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl From<Identity> for NodeId {
    fn from(identity: Identity) -> NodeId {
        let text = identity.to_string();
        NodeId(Arc::new(Named { identity, text }))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for NodeId {
    fn eq(&self, other: &NodeId) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_str() == other.as_str()
    }
}

impl Eq for NodeId {}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &NodeId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NodeId {
    fn cmp(&self, other: &NodeId) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl serde::Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Identity {
    /// `namespace/name[Kind]`, `internet`, `private-network`, `dns:HOST`, `addresses:…`, `anyone:…`, `peers:…`,
    /// `junction:…`, `missing:…`, `summary:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Internet => f.write_str("internet"),
            Identity::PrivateNetwork => f.write_str("private-network"),
            Identity::DnsName(host) => write!(f, "dns:{host}"),
            Identity::Addresses(id) => id.fmt(f),
            Identity::Object(key) => key.fmt(f),
            Identity::Missing { kind, namespace, wanted } => write!(f, "missing:{namespace}/{wanted}[{kind}]"),
            Identity::Peers(id) => id.fmt(f),
            Identity::Junction(JunctionId::Policy(digest)) => write!(f, "junction:{digest:016x}"),
            Identity::Junction(JunctionId::Removed(digest)) => write!(f, "junction:{digest}"),
            Identity::Junction(JunctionId::Uses(digest)) => write!(f, "junction:uses:{digest:016x}"),
            Identity::Summary(id) => id.fmt(f),
            // Control characters sort before every object.
            Identity::Border(BorderId::In(net)) => write!(f, "\u{1}in {net}"),
            Identity::Border(BorderId::Out(net)) => write!(f, "\u{1}out {net}"),
        }
    }
}

impl LineEnd {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for AddressesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Sources share their node with the addresses of an exposure.
        f.write_str(if self.end == LineEnd::To { "addresses:to:" } else { "addresses:" })?;
        f.write_str(&self.addresses.join(","))?;
        if !self.except.is_empty() {
            write!(f, " except {}", self.except.join(","))?;
        }
        label(f, self.on.as_ref())
    }
}

impl fmt::Display for PeersId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.end.as_str();
        match &self.set {
            PeerSet::Anyone => write!(f, "anyone:{end}")?,
            PeerSet::Described { namespaces, pods } => {
                write!(f, "peers:{end}:{namespaces}/{}", pods.as_deref().unwrap_or("*"))?;
            }
            PeerSet::Workloads(digest) => write!(f, "peers:{end}:{digest:016x}")?,
        }
        label(f, self.on.as_ref())
    }
}

fn label(f: &mut fmt::Formatter<'_>, on: Option<&AllowanceLabel>) -> fmt::Result {
    on.map_or(Ok(()), |on| write!(f, " on {on}"))
}

impl fmt::Display for PeerNamespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerNamespaces::Any => f.write_str("*"),
            PeerNamespaces::Named(name) => f.write_str(name),
            PeerNamespaces::Labeled(selector) => write!(f, "[{selector}]"),
        }
    }
}

impl SummaryId {
    /// The objects that the summary represents.
    pub fn scope(&self) -> Scope {
        match self {
            SummaryId::Value(_) | SummaryId::Namespace(_) | SummaryId::Outside(_) => Scope::Whole,
            SummaryId::Rest { .. } => Scope::Rest,
            SummaryId::Unchanged(_)
            | SummaryId::UnchangedOutside
            | SummaryId::UnchangedElsewhere
            | SummaryId::NothingChanged => Scope::Unchanged,
        }
    }
}

impl fmt::Display for SummaryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SummaryId::Value(value) => write!(f, "summary:value:{value}"),
            SummaryId::Namespace(name) => write!(f, "summary:namespace:{name}"),
            SummaryId::Outside(kind) => write!(f, "summary:outside:{}", kind.as_str()),
            SummaryId::Rest { side, namespace } => {
                let side = if *side == RestSide::From { "from" } else { "to" };
                write!(f, "summary:rest:{side}:{namespace}")
            }
            SummaryId::Unchanged(namespace) => write!(f, "summary:unchanged:{namespace}"),
            SummaryId::UnchangedOutside => f.write_str("summary:unchanged-outside"),
            SummaryId::UnchangedElsewhere => f.write_str("summary:unchanged-elsewhere"),
            SummaryId::NothingChanged => f.write_str("summary:unchanged"),
        }
    }
}

/// The identity of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupId {
    /// A namespace.
    Namespace(String),
    /// A group that is not a namespace, by its title.
    Titled(String),
    /// A part of a namespace.
    Part {
        /// The namespace.
        namespace: String,
        /// The title, as `part-of=checkout`.
        title: String,
    },
}

impl GroupId {
    /// The name of the namespace, or the title.
    pub fn name(&self) -> &str {
        match self {
            GroupId::Namespace(name) | GroupId::Titled(name) | GroupId::Part { title: name, .. } => name,
        }
    }

    /// The id of the parent; `None` for an outermost group.
    pub fn parent(&self) -> Option<GroupId> {
        match self {
            GroupId::Part { namespace, .. } => Some(GroupId::Namespace(namespace.clone())),
            GroupId::Namespace(_) | GroupId::Titled(_) => None,
        }
    }

    /// The name, with the namespace of a part: `shop/part-of=checkout`.
    pub fn path(&self) -> String {
        match self {
            GroupId::Part { namespace, title } => format!("{namespace}/{title}"),
            GroupId::Namespace(name) | GroupId::Titled(name) => name.clone(),
        }
    }
}

impl fmt::Display for GroupId {
    /// `namespace:NAME`; `group:NAME` for other groups, `group:NAMESPACE/NAME` for a part of a namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self, GroupId::Namespace(_)) { "namespace" } else { "group" };
        write!(f, "{kind}:{}", self.path())
    }
}

impl serde::Serialize for GroupId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_texts() {
        let check = |identity: Identity, text: &str| assert_eq!(NodeId::from(identity).as_str(), text);
        let object = ObjectKey::new("", "Service", "shop", "web");
        check(Identity::Object(object.clone()), "shop/web[Service]");
        let missing = |kind: &str, namespace: &str, wanted: &str| Identity::Missing {
            kind: kind.into(),
            namespace: namespace.into(),
            wanted: wanted.into(),
        };
        check(missing("Pods", "shop", "app=web,tier=x"), "missing:shop/app=web,tier=x[Pods]");
        let ranges = |end| AddressesId { addresses: vec!["10.0.0.0/8".into()], except: Vec::new(), end, on: None };
        check(Identity::Addresses(ranges(LineEnd::From)), "addresses:10.0.0.0/8");
        let to = AddressesId {
            except: vec!["10.1.0.0/16".into()],
            on: Some(AllowanceLabel { network: Some("blue".into()), exceptions: 2, ..AllowanceLabel::default() }),
            ..ranges(LineEnd::To)
        };
        check(Identity::Addresses(to), "addresses:to:10.0.0.0/8 except 10.1.0.0/16 on blue, except 2");
        let set = PeerSet::Described { namespaces: PeerNamespaces::Labeled("team=a".into()), pods: None };
        check(Identity::Peers(PeersId { set, end: LineEnd::Subject, on: None }), "peers:of:[team=a]/*");
        check(
            Identity::Summary(SummaryId::Rest { side: RestSide::From, namespace: "shop".into() }),
            "summary:rest:from:shop",
        );
        check(Identity::Junction(JunctionId::Policy(255)), "junction:00000000000000ff");
        assert!(NodeId::object(&object) == Identity::Object(object).into());
    }

    #[test]
    fn parts_of_namespaces_name_their_namespace() {
        let part = GroupId::Part { namespace: "shop".into(), title: "part-of=checkout".into() };
        assert_eq!(part.to_string(), "group:shop/part-of=checkout");
        assert_eq!(part.parent().map(|p| p.to_string()).as_deref(), Some("namespace:shop"));
        assert_eq!(GroupId::Titled("all".into()).to_string(), "group:all");
    }
}
