//! NetworkPolicy of `networking.k8s.io/v1`, read and checked as the API server does
//! (<https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>).

use super::ports::{NamedPort, RulePorts};
use super::read::{Field, Read};
use super::rule::{
    Action, Blocks, Closes, Direction, HostNetwork, NamespaceSelection, Peer, Peers, PodSelection, Policy, Rule, Scope,
};
use super::selector;
use super::tier::{Order, Tier};
use crate::cluster::Entry;
use crate::net::{AddressSet, PortSet, Protocol, Selector, parse_cidr};

/// The order that Calico gives NetworkPolicies among its own
/// (<https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/backend/k8s/conversion/conversion.go>).
const ORDER: f64 = 1_000.0;

/// Reads a NetworkPolicy.
pub(super) fn read(entry: &Entry) -> Read<Policy> {
    let root = Field::root(&entry.object.tree);
    let spec = root.get("spec");
    if let Some(spec) = &spec {
        spec.must_be_map()?;
    }
    let namespace = entry.key.namespace();
    // An absent selector is an empty one: it selects every pod of the namespace.
    let pods = match spec.as_ref().and_then(|s| s.get("podSelector")) {
        Some(field) => selector::read(&field)?,
        None => Selector::everything(),
    };
    let rules = |direction: Direction| -> Read<Vec<Rule>> {
        let Some(spec) = &spec else { return Ok(Vec::new()) };
        let items = spec.list(direction.as_str())?;
        items.iter().enumerate().map(|(index, field)| rule(namespace, direction, index, field)).collect()
    };
    let (ingress, egress) = (rules(Direction::Ingress)?, rules(Direction::Egress)?);
    let types = match &spec {
        Some(spec) => policy_types(spec, &egress)?,
        None => vec![Direction::Ingress],
    };
    let place = |direction: Direction| {
        let named = spec.as_ref().and_then(|s| s.get(direction.as_str()).or_else(|| s.get("policyTypes")));
        named.map_or(root.span(), |f| f.span())
    };
    Ok(Policy {
        key: entry.key.clone(),
        scope: Scope::Primary,
        tier: Tier::Network,
        priority: Order::new(ORDER),
        is_additive: true,
        closes: Closes::Everything,
        subject: PodSelection { namespaces: NamespaceSelection::Named(namespace.to_owned()), pods },
        host_network: HostNetwork::Undefined,
        blocks: Blocks::Anything,
        ingress: types.contains(&Direction::Ingress).then_some(ingress),
        egress: types.contains(&Direction::Egress).then_some(egress),
        at: entry.object.span,
        ingress_at: place(Direction::Ingress),
        egress_at: place(Direction::Egress),
    })
}

/// Reads a MultiNetworkPolicy: a NetworkPolicy for the secondary networks that an annotation names
/// (<https://github.com/k8snetworkplumbingwg/multi-networkpolicy>).
pub(super) fn read_multi(entry: &Entry) -> Read<Policy> {
    let networks = entry.object.annotations.get("k8s.v1.cni.cncf.io/policy-for");
    let names = networks.into_iter().flat_map(|n| n.split(',')).map(network_name).filter(|n| !n.is_empty());
    Ok(Policy { scope: Scope::Secondary(names.collect()), ..read(entry)? })
}

/// The name of a network without the namespace of its definition and the interface that it is given.
pub(super) fn network_name(reference: &str) -> String {
    let name = reference.trim().rsplit('/').next().unwrap_or_default();
    name.split('@').next().unwrap_or_default().to_owned()
}

/// Which directions it is about. When it does not say so (an empty list says nothing), it is about ingress, and about
/// egress if it has egress rules.
fn policy_types(spec: &Field<'_>, egress: &[Rule]) -> Read<Vec<Direction>> {
    let written = spec.list("policyTypes")?;
    if written.is_empty() {
        let both = !egress.is_empty();
        return Ok(if both { vec![Direction::Ingress, Direction::Egress] } else { vec![Direction::Ingress] });
    }
    let mut types = Vec::new();
    for field in &written {
        types.push(match field.text()? {
            "Ingress" => Direction::Ingress,
            "Egress" => Direction::Egress,
            other => return Err(field.fault(format!("`{other}` is no policy type; there are Ingress and Egress"))),
        });
    }
    if types.len() > 2 { Err(written[2].fault("there are no more than two policy types")) } else { Ok(types) }
}

fn rule(namespace: &str, direction: Direction, index: usize, field: &Field<'_>) -> Read<Rule> {
    field.must_be_map()?;
    let side = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let peers = field.list(side)?.iter().map(|p| peer(namespace, p)).collect::<Read<Vec<Peer>>>()?;
    let ports = field.list("ports")?;
    Ok(Rule {
        index,
        action: Action::Allow,
        // An empty or absent list restricts nothing.
        peers: if peers.is_empty() { Peers::Everybody } else { Peers::AnyOf(peers) },
        own: Peers::Everybody,
        when: None,
        ports: if ports.is_empty() { RulePorts::All } else { some_ports(&ports)? },
        field: field.path().to_owned(),
        at: field.span(),
    })
}

fn peer(namespace: &str, field: &Field<'_>) -> Read<Peer> {
    field.must_be_map()?;
    let (pods, namespaces, block) = (field.get("podSelector"), field.get("namespaceSelector"), field.get("ipBlock"));
    match (pods, namespaces, block) {
        (None, None, None) => Err(field.fault("a peer needs `podSelector`, `namespaceSelector` or `ipBlock`")),
        (None, None, Some(block)) => Ok(Peer::Addresses(ip_block(&block)?)),
        (_, _, Some(block)) => Err(block.fault("a peer with `ipBlock` may have no selectors beside it")),
        (pods, namespaces, None) => Ok(Peer::Pods(PodSelection {
            namespaces: match namespaces {
                Some(field) => NamespaceSelection::Labeled(selector::read(&field)?),
                None => NamespaceSelection::Named(namespace.to_owned()),
            },
            pods: pods.map_or(Ok(Selector::everything()), |field| selector::read(&field))?,
        })),
    }
}

fn ip_block(field: &Field<'_>) -> Read<AddressSet> {
    field.must_be_map()?;
    let cidr = field.required("cidr")?;
    let whole = parse_cidr(cidr.text()?).map_err(|m| cidr.fault(m))?;
    let mut holes = AddressSet::none();
    for except in field.list("except")? {
        let part = parse_cidr(except.text()?).map_err(|m| except.fault(m))?;
        if part.contains(&whole) {
            return Err(except.fault(format!("{part} leaves nothing of {whole}")));
        }
        if part.prefix_len() <= whole.prefix_len() || !whole.contains(&part.addr()) {
            return Err(except.fault(format!("{part} is no part of {whole}")));
        }
        holes.add(&AddressSet::block(part));
    }
    Ok(AddressSet::block(whole).difference(&holes))
}

fn some_ports(fields: &[Field<'_>]) -> Read<RulePorts> {
    let mut fixed = PortSet::none();
    let mut named = Vec::new();
    for field in fields {
        field.must_be_map()?;
        let protocol = match field.get("protocol") {
            Some(written) => {
                let name = written.text()?;
                Protocol::from_name(name)
                    .ok_or_else(|| written.fault(format!("`{name}` is no protocol; there are TCP, UDP and SCTP")))?
            }
            None => Protocol::Tcp,
        };
        let end = field.get("endPort");
        match (field.get("port"), end) {
            (None, None) => fixed.add(&PortSet::protocol(protocol)),
            (None, Some(end)) => return Err(end.fault("`endPort` needs `port`")),
            (Some(port), end) => {
                if let Some(name) = port.as_text() {
                    if let Some(end) = end {
                        return Err(end.fault("`endPort` cannot go with a named port"));
                    }
                    check_port_name(name).map_err(|m| port.fault(m))?;
                    named.push(NamedPort { name: name.to_owned(), protocol: Some(protocol) });
                    continue;
                }
                let first = port.number().map_err(|_| port.expected("a number or a name")).and_then(|_| port.port())?;
                let last = end.as_ref().map_or(Ok(first), Field::port)?;
                if let Some(end) = end
                    && last < first
                {
                    return Err(end.fault(format!("`endPort` {last} is less than `port` {first}")));
                }
                fixed.add(&PortSet::range(protocol, first, last));
            }
        }
    }
    Ok(RulePorts::Some { fixed, named })
}

/// A port name is an IANA service name: at most 15 lowercase letters, digits and single hyphens inside, with at least
/// one letter (RFC 6335).
pub(super) fn check_port_name(name: &str) -> Result<(), String> {
    let characters = name.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let hyphens = !name.starts_with('-') && !name.ends_with('-') && !name.contains("--");
    let fine = characters && hyphens && name.len() <= 15 && name.bytes().any(|c| c.is_ascii_lowercase());
    if fine { Ok(()) } else { Err(format!("`{name}` is no port name")) }
}
