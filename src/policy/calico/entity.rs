//! An end of traffic as a rule of Calico describes it: `source` and `destination`
//! (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#entityrule>).
//!
//! Its fields must all hold. Addresses of pods are taken to be in none of the blocks that a rule names, unless they are
//! known.

use super::super::added;
use super::super::ports::{NamedPort, RulePorts};
use super::super::read::{Field, Read};
use super::super::request::{Pattern, Test};
use super::super::rule::{NamespaceSelection, Peer, Peers, Perhaps, PodSelection};
use super::Reader;
use super::selector::{self, Of};
use super::sets::Among;
use crate::manifest::Body;
use crate::net::{
    AddressSet, Expression, NAMESPACE_NAME, ObjectKey, Operator, PortSet, Protocol, Requirement, Selector,
};

/// One end of traffic.
pub(super) struct Entity<'r, 'f> {
    pub reader: &'r Reader<'r>,
    /// `None` if the rule does not describe it.
    pub field: Option<Field<'f>>,
    /// The namespace of the policy; `None` for a global one.
    pub home: Option<&'r str>,
}

/// The selectors of an entity.
struct Selectors {
    namespaces: Option<Selector>,
    /// What its labels and its service account must be.
    wanted: Option<Expression>,
    /// What its labels must not be.
    unwanted: Option<Expression>,
}

impl Entity<'_, '_> {
    fn get(&self, key: &str) -> Option<Field<'_>> {
        self.field.as_ref().and_then(|f| f.get(key))
    }

    /// A selector; the empty text says nothing.
    fn selector(&self, key: &str, of: Of) -> Read<Option<Expression>> {
        self.get(key).map_or(Ok(None), |field| text_selector(&field, of))
    }

    fn selectors(&self) -> Read<Selectors> {
        let mut wanted: Vec<Expression> = self.selector("selector", Of::Endpoints)?.into_iter().collect();
        if let Some(accounts) = self.get("serviceAccounts") {
            accounts.must_be_map()?;
            let names =
                accounts.list("names")?.iter().map(|n| n.text().map(str::to_owned)).collect::<Read<Vec<_>>>()?;
            if !names.is_empty() {
                wanted.push(Expression::label(added::SERVICE_ACCOUNT, Operator::In(names)));
            }
            if let Some(field) = accounts.get("selector") {
                wanted.extend(text_selector(&field, Of::Accounts)?);
            }
        }
        Ok(Selectors {
            namespaces: self.selector("namespaceSelector", Of::Namespaces)?.map(Selector::of),
            wanted: (!wanted.is_empty()).then_some(Expression::All(wanted)),
            unwanted: self.selector("notSelector", Of::Endpoints)?,
        })
    }

    /// Whom it means.
    pub fn peers(&self) -> Read<Peers> {
        let Some(field) = &self.field else { return Ok(Peers::Everybody) };
        field.must_be_map()?;
        if let Some(services) = field.get("services") {
            return Ok(self.service(&services)?.0);
        }
        let selectors = self.selectors()?;
        let given = |key: &str| field.get(key).map_or(Ok(false), |f| Ok(!f.items()?.is_empty()));
        let inside = given("nets")?.then(|| field.blocks("nets")).transpose()?;
        let outside = given("notNets")?.then(|| field.blocks("notNets")).transpose()?;
        let reader = self.reader;
        [&inside, &outside].into_iter().flatten().for_each(|set| reader.everywhere.notice(set));
        let without_selectors =
            selectors.namespaces.is_none() && selectors.wanted.is_none() && selectors.unwanted.is_none();
        if without_selectors && inside.is_none() && outside.is_none() && !given("domains")? {
            return Ok(Peers::Everybody);
        }
        let mut peers = Vec::new();
        if given("domains")? {
            peers.push(Peer::Untold("domain names", Perhaps::Outside));
            if inside.is_none() && without_selectors {
                return Ok(Peers::AnyOf(peers));
            }
        }
        let selection = self.selection(&selectors);
        match &inside {
            None => peers.push(Peer::Pods(selection)),
            Some(_) if !without_selectors => {
                peers.push(Peer::Untold("pods by labels and addresses together", Perhaps::Pods(selection)));
            }
            Some(_) => {}
        }
        let mut addresses = self.addresses(&selectors);
        if let Some(inside) = &inside {
            addresses = addresses.intersection(inside);
        }
        if let Some(outside) = &outside {
            addresses = addresses.difference(outside);
        }
        if !addresses.is_empty() {
            peers.push(Peer::Addresses(addresses));
        }
        Ok(Peers::AnyOf(peers))
    }

    /// The pods that its selectors mean. Without a selector of namespaces, any other one of a namespaced policy means
    /// pods of its namespace only.
    fn selection(&self, selectors: &Selectors) -> PodSelection {
        let limits = selectors.wanted.is_some() || selectors.unwanted.is_some();
        let namespaces = match (&selectors.namespaces, self.home) {
            (Some(selector), _) => NamespaceSelection::Labeled(of_pods(selector)),
            (None, Some(home)) if limits => NamespaceSelection::Named(home.to_owned()),
            _ => NamespaceSelection::Labeled(Selector::everything()),
        };
        let unwanted = selectors.unwanted.clone().map(Expression::negated);
        let pods = Selector::of(Expression::All(selectors.wanted.clone().into_iter().chain(unwanted).collect()));
        PodSelection { namespaces, pods }
    }

    /// The addresses outside of the cluster that its selectors mean: those of network sets, or all but those of some.
    fn addresses(&self, selectors: &Selectors) -> AddressSet {
        let sets = &self.reader.sets;
        let unwanted = |all: AddressSet| match &selectors.unwanted {
            Some(unwanted) => all.difference(&sets.addresses(Among::All, &Selector::of(unwanted.clone()))),
            None => all,
        };
        let limits = selectors.wanted.is_some() || selectors.unwanted.is_some();
        let among = match (&selectors.namespaces, self.home) {
            (Some(selector), _) => Among::Labeled(selector.clone()),
            (None, Some(home)) if limits => Among::Namespace(home.to_owned()),
            (None, _) if selectors.wanted.is_some() => Among::All,
            (None, _) => return unwanted(self.reader.everywhere.addresses()),
        };
        let wanted = selectors.wanted.clone().map_or(Selector::everything(), Selector::of);
        unwanted(sets.addresses(among, &wanted))
    }

    /// The pods of a Service and the ports of it at them.
    fn service(&self, field: &Field<'_>) -> Read<(Peers, RulePorts)> {
        field.must_be_map()?;
        let name = field.required("name")?;
        let namespace = match (field.get("namespace"), self.home) {
            (Some(namespace), _) => namespace.text()?,
            (None, Some(home)) => home,
            (None, None) => return Err(field.fault("`namespace` is missing")),
        };
        let name = name.text()?;
        let cluster = self.reader.cluster;
        let found = cluster.find(&ObjectKey::new("", "Service", namespace, name)).map(|i| &cluster.entries()[i]);
        let body = found.and_then(|e| if let Body::Service(s) = &e.object.body { Some(s) } else { None });
        let Some(spec) = body.and_then(|service| service.spec.as_ref()) else {
            return Ok((Peers::AnyOf(Vec::new()), RulePorts::none()));
        };
        let Some(selector) = spec.selector.as_ref().filter(|s| !s.is_empty()) else {
            let untold = Peer::Untold("a Service without a selector", Perhaps::Outside);
            return Ok((Peers::AnyOf(vec![untold]), RulePorts::All));
        };
        let equal = |(key, value): (&String, &String)| Requirement::equals(key, value).map_err(|m| field.fault(m));
        let pods = Selector::new(selector.iter().map(equal).collect::<Read<Vec<_>>>()?);
        let pods = PodSelection { namespaces: NamespaceSelection::Named(namespace.to_owned()), pods };
        Ok((Peers::AnyOf(vec![Peer::Pods(pods)]), service_ports(spec)))
    }

    /// Which ports of the destination are meant: those of a protocol, without or with ports.
    pub fn ports(&self, protocol: &RuleProtocol) -> Read<RulePorts> {
        if let Some(services) = self.get("services") {
            let ports = self.service(&services)?.1;
            return Ok(match protocol.ports() {
                all if all.is_all() => ports,
                some => except(ports, RulePorts::Some { fixed: PortSet::all().difference(&some), named: Vec::new() }),
            });
        }
        let whole = protocol.ports();
        let ports = match self.port_list("ports", protocol)? {
            Some(list) => list,
            None if whole.is_all() => RulePorts::All,
            None => RulePorts::Some { fixed: whole, named: Vec::new() },
        };
        Ok(match self.port_list("notPorts", protocol)? {
            Some(list) => except(ports, list),
            None => ports,
        })
    }

    /// What is asked of the port that traffic comes from.
    pub fn source_tests(&self, protocol: &RuleProtocol) -> Read<Vec<Test>> {
        let mut tests = Vec::new();
        for (key, wanted) in [("ports", true), ("notPorts", false)] {
            let Some(RulePorts::Some { fixed, named }) = self.port_list(key, protocol)? else { continue };
            // Ports of a source are compared whatever the protocol is.
            let all = Protocol::ALL.into_iter().flat_map(|p| fixed.ranges(p));
            let tcp = all.fold(PortSet::none(), |set, (a, b)| set.with(&PortSet::range(Protocol::Tcp, a, b)));
            if !named.is_empty() {
                tests.push(Test::Text {
                    of: format!("source port named {}", named[0].name),
                    optional: true,
                    any: if wanted { vec![Pattern::Prefix(String::new())] } else { Vec::new() },
                    none: if wanted { Vec::new() } else { vec![Pattern::Prefix(String::new())] },
                });
            } else if wanted {
                tests.push(Test::SourcePort(tcp));
            } else {
                tests.push(Test::SourcePort(PortSet::protocol(Protocol::Tcp).difference(&tcp)));
            }
        }
        Ok(tests)
    }

    /// Numbers, ranges as in `80:90`, and names of ports; `None` without any.
    fn port_list(&self, key: &str, protocol: &RuleProtocol) -> Read<Option<RulePorts>> {
        let Some(field) = self.get(key) else { return Ok(None) };
        let items = field.items()?;
        if items.is_empty() {
            return Ok(None);
        }
        let protocol = match protocol {
            RuleProtocol::Is(Some(protocol)) => *protocol,
            RuleProtocol::Is(None) => return Ok(Some(RulePorts::none())),
            _ => return Err(field.fault("ports need a `protocol` that has ports, such as TCP or UDP")),
        };
        let (mut fixed, mut named) = (PortSet::none(), Vec::new());
        for item in items {
            let Some(text) = item.as_text() else {
                let number = item.number().map_err(|_| item.expected("a number, a range such as 80:90, or a name"))?;
                fixed.add(&PortSet::range(protocol, port(&item, number)?, port(&item, number)?));
                continue;
            };
            let number = |text: &str| text.trim().parse::<i64>().ok();
            let range = match text.split_once(':') {
                Some((a, b)) => number(a).zip(number(b)),
                None => number(text).map(|n| (n, n)),
            };
            match range {
                Some((a, b)) if a <= b => fixed.add(&PortSet::range(protocol, port(&item, a)?, port(&item, b)?)),
                Some((a, b)) => return Err(item.fault(format!("the end {b} is less than the start {a}"))),
                None if text.is_empty() || text.contains(':') => {
                    return Err(item.fault(format!("`{text}` is no port; write a number, 80:90, or a name")));
                }
                None => named.push(NamedPort { name: text.to_owned(), protocol: Some(protocol) }),
            }
        }
        Ok(Some(RulePorts::Some { fixed, named }))
    }
}

/// A port number; 0 is one to Calico, which no traffic has.
fn port(field: &Field<'_>, number: i64) -> Read<u16> {
    u16::try_from(number).map_err(|_| field.fault(format!("{number} is no port; ports are 0 to 65535")))
}

fn except(ports: RulePorts, without: RulePorts) -> RulePorts {
    RulePorts::Except(Box::new([ports, without]))
}

/// The selector of a text; `None` for the empty one.
pub(super) fn text_selector(field: &Field<'_>, of: Of) -> Read<Option<Expression>> {
    let text = field.text()?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    selector::parse(text, of).map(Some).map_err(|m| field.fault(m))
}

/// A selector of namespaces without what all of them have.
pub(super) fn of_pods(selector: &Selector) -> Selector {
    let exists = |r: &&Requirement| r.key != NAMESPACE_NAME || r.operator != Operator::Exists;
    let kept = selector.requirements().iter().filter(exists).cloned();
    Selector::new(kept).and(&Selector::all_of(selector.expressions().iter()))
}

/// The ports of a Service at its pods.
fn service_ports(spec: &k8s_openapi::api::core::v1::ServiceSpec) -> RulePorts {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let (mut fixed, mut named) = (PortSet::none(), Vec::new());
    for port in spec.ports.iter().flatten() {
        let protocol = Protocol::from_field(port.protocol.as_deref());
        let number = match &port.target_port {
            Some(IntOrString::String(name)) => {
                named.push(NamedPort { name: name.clone(), protocol: Some(protocol) });
                continue;
            }
            Some(IntOrString::Int(number)) => *number,
            None => port.port,
        };
        if let Ok(number) = u16::try_from(number) {
            fixed.add(&PortSet::port(protocol, number));
        }
    }
    RulePorts::Some { fixed, named }
}

/// The protocol that a rule is about.
pub(super) enum RuleProtocol {
    /// Any.
    Any,
    /// This one; `None` for one without ports, such as ICMP.
    Is(Option<Protocol>),
    /// Every one but this.
    Not(Option<Protocol>),
}

impl RuleProtocol {
    /// The protocol of a rule, by name or number
    /// (<https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#protocols>).
    pub fn read(rule: &Field<'_>) -> Read<RuleProtocol> {
        match (rule.get("protocol"), rule.get("notProtocol")) {
            (Some(_), Some(not)) => Err(not.fault("`notProtocol` cannot go with `protocol`")),
            (Some(field), None) => Ok(RuleProtocol::Is(protocol(&field)?)),
            (None, Some(field)) => Ok(RuleProtocol::Not(protocol(&field)?)),
            (None, None) => Ok(RuleProtocol::Any),
        }
    }

    /// All of its ports.
    pub fn ports(&self) -> PortSet {
        let of = |protocol: &Option<Protocol>| protocol.map_or(PortSet::none(), PortSet::protocol);
        match self {
            RuleProtocol::Any => PortSet::all(),
            RuleProtocol::Is(protocol) => of(protocol),
            RuleProtocol::Not(protocol) => PortSet::all().difference(&of(protocol)),
        }
    }
}

fn protocol(field: &Field<'_>) -> Read<Option<Protocol>> {
    const OTHERS: &[&str] = &["ICMP", "ICMPV6", "UDPLITE"];
    let Some(text) = field.as_text() else {
        let number = field.number().map_err(|_| field.expected("a name or a number"))?;
        return of_number(field, number);
    };
    if let Ok(number) = text.parse::<i64>() {
        return of_number(field, number);
    }
    let name = text.to_ascii_uppercase();
    match Protocol::from_name(&name) {
        Some(protocol) => Ok(Some(protocol)),
        None if OTHERS.contains(&name.as_str()) => Ok(None),
        None => Err(field.fault(format!(
            "`{text}` is no protocol; there are TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite and the numbers 1 to 255"
        ))),
    }
}

/// Numbers of protocols (<https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml>).
fn of_number(field: &Field<'_>, number: i64) -> Read<Option<Protocol>> {
    match number {
        6 => Ok(Some(Protocol::Tcp)),
        17 => Ok(Some(Protocol::Udp)),
        132 => Ok(Some(Protocol::Sctp)),
        1..=255 => Ok(None),
        _ => Err(field.fault(format!("{number} is no number of a protocol; these are 1 to 255"))),
    }
}
