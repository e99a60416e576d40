//! The policies of the network policy API: AdminNetworkPolicy and BaselineAdminNetworkPolicy of v1alpha1,
//! ClusterNetworkPolicy of v1alpha2 and later, read and checked as their custom resource definitions do
//! (<https://network-policy-api.sigs.k8s.io/reference/spec/>).

use super::network_policy::check_port_name;
use super::ports::{NamedPort, RulePorts};
use super::read::{Field, Read};
use super::rule::{
    Action, Blocks, Closes, Direction, HostNetwork, NamespaceSelection, Peer, Peers, Perhaps, PodSelection, Policy,
    Rule, Scope,
};
use super::selector;
use super::tier::{Order, Tier};
use crate::cluster::Entry;
use crate::diagnostic::{Code, Diagnostic};
use crate::net::{AddressSet, PortSet, Protocol, Selector, parse_cidr};

/// The API group of these kinds.
pub(super) const GROUP: &str = "policy.networking.k8s.io";

/// What sets the kinds apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// AdminNetworkPolicy.
    Admin,
    /// BaselineAdminNetworkPolicy.
    Baseline,
    /// ClusterNetworkPolicy.
    Cluster,
}

impl Kind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        match name {
            "AdminNetworkPolicy" => Some(Kind::Admin),
            "BaselineAdminNetworkPolicy" => Some(Kind::Baseline),
            "ClusterNetworkPolicy" => Some(Kind::Cluster),
            _ => None,
        }
    }

    fn action(self, name: &str) -> Option<Action> {
        match (self, name) {
            (Kind::Admin | Kind::Baseline, "Allow") | (Kind::Cluster, "Accept") => Some(Action::Allow),
            (_, "Deny") => Some(Action::Deny),
            (Kind::Admin | Kind::Cluster, "Pass") => Some(Action::Pass),
            _ => None,
        }
    }

    fn actions(self) -> &'static str {
        match self {
            Kind::Admin => "Allow, Deny and Pass",
            Kind::Baseline => "Allow and Deny",
            Kind::Cluster => "Accept, Deny and Pass",
        }
    }
}

/// Priorities are 0 to 1000.
const GREATEST_PRIORITY: i64 = 1000;

/// Reads a policy of one of these kinds.
pub(super) fn read(entry: &Entry, kind: Kind) -> Read<Policy> {
    let root = Field::root(&entry.object.tree);
    let spec = root.required("spec")?;
    spec.must_be_map()?;
    let tier = match kind {
        Kind::Admin => Tier::Admin,
        Kind::Baseline => Tier::Baseline,
        Kind::Cluster => {
            let field = spec.required("tier")?;
            match field.text()? {
                "Admin" => Tier::Admin,
                "Baseline" => Tier::Baseline,
                other => return Err(field.fault(format!("`{other}` is no tier; there are Admin and Baseline"))),
            }
        }
    };
    if kind == Kind::Baseline && entry.key.name != "default" {
        let at = root.get("metadata").and_then(|m| m.get("name")).unwrap_or(root);
        return Err(at.fault("there is one BaselineAdminNetworkPolicy in a cluster and its name must be `default`"));
    }
    let priority = if kind == Kind::Baseline {
        0
    } else {
        let field = spec.required("priority")?;
        let number = field.number()?;
        if !(0..=GREATEST_PRIORITY).contains(&number) {
            return Err(field.fault(format!("priority {number} is not among 0 to {GREATEST_PRIORITY}")));
        }
        number
    };
    let subject = subject(&spec.required("subject")?)?;
    let rules = |direction: Direction| -> Read<Vec<Rule>> {
        spec.list(direction.as_str())?
            .iter()
            .enumerate()
            .map(|(index, field)| rule(kind, direction, index, field))
            .collect()
    };
    let (ingress, egress) = (rules(Direction::Ingress)?, rules(Direction::Egress)?);
    let place = |direction: Direction| spec.get(direction.as_str()).map_or(root.span(), |f| f.span());
    Ok(Policy {
        key: entry.key.clone(),
        scope: Scope::Primary,
        tier,
        // There are a thousand and one of them, so nothing is lost.
        priority: Order::new(priority as f64),
        is_additive: false,
        closes: Closes::Nothing,
        subject,
        host_network: HostNetwork::Excluded,
        blocks: Blocks::Anything,
        // A policy without rules of a direction does not affect it.
        ingress: (!ingress.is_empty()).then_some(ingress),
        egress: (!egress.is_empty()).then_some(egress),
        at: entry.object.span,
        ingress_at: place(Direction::Ingress),
        egress_at: place(Direction::Egress),
    })
}

/// Fields that a policy of one of these kinds should not have, with what to do about it. The server drops them, and a
/// rule without its ports is about all ports: versions differ in just these fields.
pub(super) fn unknown_fields(entry: &Entry, kind: Kind) -> Vec<Diagnostic> {
    let (ports, others) = match kind {
        Kind::Cluster => ("protocols", "ports"),
        Kind::Admin | Kind::Baseline => ("ports", "protocols"),
    };
    let mut found = Vec::new();
    let mut check = |field: &Field<'_>, known: &[&str]| {
        let entries = field.entries().unwrap_or_default();
        for unknown in entries.iter().filter(|e| !known.contains(&e.key())) {
            let message = format!("{}: {} knows no such field", unknown.path(), entry.key.kind);
            let problem = Diagnostic::at(Code::FieldUnknown, unknown.span(), message);
            found.push(if unknown.key() == others {
                problem.with_help(format!(
                    "in this version it is `{ports}`, in another shape; without it the rule is about every port"
                ))
            } else {
                problem
            });
        }
    };
    let Some(spec) = Field::root(&entry.object.tree).get("spec") else {
        return found;
    };
    match kind {
        Kind::Admin => check(&spec, &["priority", "subject", "ingress", "egress"]),
        Kind::Baseline => check(&spec, &["subject", "ingress", "egress"]),
        Kind::Cluster => check(&spec, &["tier", "priority", "subject", "ingress", "egress"]),
    }
    for (direction, side) in [(Direction::Ingress, "from"), (Direction::Egress, "to")] {
        for rule in spec.list(direction.as_str()).unwrap_or_default() {
            check(&rule, &["name", "action", side, ports]);
        }
    }
    found
}

fn subject(field: &Field<'_>) -> Read<PodSelection> {
    let one = field.exactly_one(&["namespaces", "pods"])?;
    if one.key() == "pods" { namespaced_pods(&one) } else { whole_namespaces(&one) }
}

fn whole_namespaces(field: &Field<'_>) -> Read<PodSelection> {
    Ok(PodSelection { namespaces: NamespaceSelection::Labeled(selector::read(field)?), pods: Selector::everything() })
}

fn namespaced_pods(field: &Field<'_>) -> Read<PodSelection> {
    field.must_be_map()?;
    // The definitions ask for both selectors; an absent one is taken for an empty one, which is what it decodes to.
    let selector = |key: &str| field.get(key).map_or(Ok(Selector::everything()), |f| selector::read(&f));
    Ok(PodSelection {
        namespaces: NamespaceSelection::Labeled(selector("namespaceSelector")?),
        pods: selector("podSelector")?,
    })
}

fn rule(kind: Kind, direction: Direction, index: usize, field: &Field<'_>) -> Read<Rule> {
    field.must_be_map()?;
    let action = field.required("action")?;
    let name = action.text()?;
    let action = kind
        .action(name)
        .ok_or_else(|| action.fault(format!("`{name}` is no action; there are {}", kind.actions())))?;
    let side = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let written = field.list(side)?;
    if written.is_empty() {
        return Err(field.fault(format!("`{side}` must hold at least one peer")));
    }
    let peers = written.iter().map(|p| peer(direction, action, p)).collect::<Read<Vec<Peer>>>()?;
    let ports = match kind {
        Kind::Cluster => protocols(&field.list("protocols")?)?,
        Kind::Admin | Kind::Baseline => ports(&field.list("ports")?)?,
    };
    Ok(Rule {
        index,
        action,
        peers: Peers::AnyOf(peers),
        own: Peers::Everybody,
        ports,
        when: None,
        field: field.path().to_owned(),
        at: field.span(),
    })
}

fn peer(direction: Direction, action: Action, field: &Field<'_>) -> Read<Peer> {
    let kinds: &[&str] = match direction {
        Direction::Ingress => &["namespaces", "pods"],
        Direction::Egress => &["namespaces", "pods", "nodes", "networks", "domainNames"],
    };
    let one = field.exactly_one(kinds)?;
    // Early versions of v1alpha1 compare labels of namespaces here; later ones drop the fields
    // (<https://network-policy-api.sigs.k8s.io/npeps/npep-122/>).
    if let Some(field) = ["sameLabels", "notSameLabels"].iter().find_map(|key| nested(&one, key)) {
        field.items()?;
        let selection = PodSelection {
            namespaces: NamespaceSelection::Labeled(Selector::everything()),
            pods: Selector::everything(),
        };
        return Ok(Peer::Untold("namespaces with the same labels or with others", Perhaps::Pods(selection)));
    }
    Ok(match one.key() {
        "namespaces" => Peer::Pods(whole_namespaces(&one)?),
        "pods" => Peer::Pods(namespaced_pods(&one)?),
        "networks" => Peer::Addresses(networks(&one)?),
        "nodes" => {
            selector::read(&one)?;
            Peer::Untold("nodes", Perhaps::Nodes)
        }
        _ if action != Action::Allow => return Err(one.fault("domain names can only be allowed")),
        _ => {
            one.items()?;
            Peer::Untold("domain names", Perhaps::Outside)
        }
    })
}

/// A field of a peer, or of its namespaces.
fn nested<'f>(peer: &Field<'f>, key: &str) -> Option<Field<'f>> {
    peer.get(key).or_else(|| peer.get("namespaces")?.get(key))
}

fn networks(field: &Field<'_>) -> Read<AddressSet> {
    let mut set = AddressSet::none();
    let written = field.items()?;
    if written.is_empty() {
        return Err(field.fault("`networks` must hold at least one block"));
    }
    for item in written {
        let block = parse_cidr(item.text()?).map_err(|m| item.fault(m))?;
        set.add(&AddressSet::block(block));
    }
    Ok(set)
}

/// `ports` of v1alpha1: each has one of a number, a name or a range.
fn ports(fields: &[Field<'_>]) -> Read<RulePorts> {
    if fields.is_empty() {
        return Ok(RulePorts::All);
    }
    let mut fixed = PortSet::none();
    let mut named = Vec::new();
    for field in fields {
        let one = field.exactly_one(&["portNumber", "namedPort", "portRange"])?;
        match one.key() {
            "portNumber" => fixed.add(&PortSet::port(protocol(&one)?, one.required("port")?.port()?)),
            "portRange" => fixed.add(&range(protocol(&one)?, &one)?),
            _ => named.push(named_port(&one)?),
        }
    }
    Ok(RulePorts::Some { fixed, named })
}

/// `protocols` of v1alpha2: each has a protocol with or without a port, or the name of a port.
fn protocols(fields: &[Field<'_>]) -> Read<RulePorts> {
    if fields.is_empty() {
        return Ok(RulePorts::All);
    }
    let mut fixed = PortSet::none();
    let mut named = Vec::new();
    for field in fields {
        let one = field.exactly_one(&["tcp", "udp", "sctp", "destinationNamedPort"])?;
        let protocol = match one.key() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => {
                named.push(named_port(&one)?);
                continue;
            }
        };
        one.must_be_map()?;
        let ports = match one.get("destinationPort") {
            None => PortSet::protocol(protocol),
            Some(port) => {
                let port = port.exactly_one(&["number", "range"])?;
                if port.key() == "range" { range(protocol, &port)? } else { PortSet::port(protocol, port.port()?) }
            }
        };
        fixed.add(&ports);
    }
    Ok(RulePorts::Some { fixed, named })
}

/// An absent protocol means TCP.
fn protocol(field: &Field<'_>) -> Read<Protocol> {
    field.must_be_map()?;
    let Some(written) = field.get("protocol") else {
        return Ok(Protocol::Tcp);
    };
    let name = written.text()?;
    Protocol::from_name(name)
        .ok_or_else(|| written.fault(format!("`{name}` is no protocol; there are TCP, UDP and SCTP")))
}

/// The end of a range must be greater than its start.
fn range(protocol: Protocol, field: &Field<'_>) -> Read<PortSet> {
    let (start, end) = (field.required("start")?.port()?, field.required("end")?.port()?);
    if start < end {
        Ok(PortSet::range(protocol, start, end))
    } else {
        Err(field.fault(format!("the end {end} is not greater than the start {start}")))
    }
}

/// A name represents the port of the pod that has it, with whatever protocol the pod gives it.
fn named_port(field: &Field<'_>) -> Read<NamedPort> {
    let name = field.text()?;
    check_port_name(name).map_err(|m| field.fault(m))?;
    Ok(NamedPort { name: name.to_owned(), protocol: None })
}
