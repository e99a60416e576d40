//! Ports that a rule of Cilium is about, and what it asks of requests there
//! (<https://docs.cilium.io/en/stable/security/policy/language/#layer-4-examples>,
//! <https://docs.cilium.io/en/stable/security/policy/language/#layer-7-examples>).

use std::sync::Arc;

use super::super::ports::{NamedPort, RulePorts};
use super::super::read::{Field, Read};
use super::super::request::{Condition, Test};
use super::super::rule::Direction;
use super::layer7;
use crate::net::{PortSet, Protocol};

/// Ports, and which requests there; all if that is `None`.
pub(super) type Allowed = (RulePorts, Option<Arc<Condition>>);

/// So many ports may stand in one list.
const MOST: usize = 40;

/// The ports of one entry of `toPorts`.
#[derive(Default)]
struct Entry {
    fixed: PortSet,
    named: Vec<NamedPort>,
    has_zero: bool,
    others_than_tcp: bool,
}

/// What a rule is about: each entry of `toPorts` with each thing that it asks of requests. Without an entry it is all
/// ports; a rule about ICMP is about none, for messages of ICMP have none.
pub(super) fn read(rule: &Field<'_>, direction: Direction, denies: bool) -> Read<Vec<Allowed>> {
    let entries = rule.list("toPorts")?;
    if let Some(icmps) = rule.get("icmps").filter(|f| f.items().is_ok_and(|list| !list.is_empty())) {
        if !entries.is_empty() {
            return Err(icmps.fault("`icmps` cannot go with `toPorts`"));
        }
        return Ok(vec![(RulePorts::none(), None)]);
    }
    if entries.is_empty() {
        return Ok(vec![(RulePorts::All, None)]);
    }
    let (mut plain, mut conditional) = (Entry::default(), Vec::new());
    for field in &entries {
        field.must_be_map()?;
        let entry = entry(field)?;
        let conditions = if denies { Vec::new() } else { conditions(field, &entry, direction)? };
        if conditions.is_empty() {
            plain.fixed.add(&entry.fixed);
            plain.named.extend(entry.named);
            continue;
        }
        let ports = RulePorts::Some { fixed: entry.fixed, named: entry.named };
        conditional.extend(conditions.into_iter().map(|c| (ports.clone(), Some(Arc::new(c)))));
    }
    let mut found = Vec::new();
    if !plain.fixed.is_empty() || !plain.named.is_empty() || conditional.is_empty() {
        let all = plain.fixed.is_all();
        let some = RulePorts::Some { fixed: plain.fixed, named: plain.named };
        found.push((if all { RulePorts::All } else { some }, None));
    }
    found.extend(conditional);
    Ok(found)
}

fn entry(field: &Field<'_>) -> Read<Entry> {
    let mut entry = Entry::default();
    let ports = field.list("ports")?;
    if let Some(one) = ports.get(MOST) {
        return Err(one.fault(format!("there are no more than {MOST} ports in a list")));
    }
    for item in ports {
        item.must_be_map()?;
        let port = item.required("port")?;
        let text = match port.as_text() {
            Some(text) => text.to_owned(),
            None => port.number()?.to_string(),
        };
        let Some(protocols) = protocols(&item)? else { continue };
        entry.others_than_tcp |= protocols != [Protocol::Tcp];
        let Ok(first) = text.parse::<u16>() else {
            let named = |protocol: Option<Protocol>| NamedPort { name: text.to_ascii_lowercase(), protocol };
            if !is_service_name(&text) {
                return Err(port.fault(format!("`{text}` is no port; write a number as in \"80\", or a name")));
            }
            let any = protocols.len() > 1;
            entry.named.extend(protocols.iter().take(if any { 1 } else { 2 }).map(|p| named((!any).then_some(*p))));
            continue;
        };
        entry.has_zero |= first == 0;
        let last = match item.get("endPort") {
            Some(end) if first > 0 => {
                let last = u16::try_from(end.number()?).map_err(|_| end.fault("ports are 0 to 65535"))?;
                if last != 0 && last < first {
                    return Err(end.fault(format!("`endPort` {last} is less than `port` {first}")));
                }
                last.max(first)
            }
            _ => first,
        };
        for protocol in protocols {
            let ports = if first == 0 { PortSet::protocol(protocol) } else { PortSet::range(protocol, first, last) };
            entry.fixed.add(&ports);
        }
    }
    Ok(entry)
}

/// The protocols of a port; `None` for one without ports. Without a protocol any is meant.
fn protocols(item: &Field<'_>) -> Read<Option<Vec<Protocol>>> {
    let Some(field) = item.get("protocol") else { return Ok(Some(Protocol::ALL.to_vec())) };
    let name = field.text()?.to_ascii_uppercase();
    match name.as_str() {
        "" | "ANY" => Ok(Some(Protocol::ALL.to_vec())),
        "ICMP" | "ICMPV6" | "VRRP" | "IGMP" | "GRE" | "IPIP" | "IPV6" | "ESP" | "AH" => Ok(None),
        _ => match Protocol::from_name(&name) {
            Some(protocol) => Ok(Some(vec![protocol])),
            None => Err(field.fault(format!("`{name}` is no protocol; there are TCP, UDP, SCTP and ANY"))),
        },
    }
}

/// A name of a port has at most 15 letters, digits and single hyphens inside, and at least one letter (RFC 6335).
fn is_service_name(text: &str) -> bool {
    let inside = text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let hyphens = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
    inside && hyphens && text.len() <= 15 && text.bytes().any(|c| c.is_ascii_alphabetic())
}

/// What an entry asks of requests: one of these; nothing if there is none.
fn conditions(field: &Field<'_>, entry: &Entry, direction: Direction) -> Read<Vec<Condition>> {
    let of_tls = layer7::server_names(field)?;
    let Some(rules) = field.get("rules") else { return Ok(of_tls.into_iter().collect()) };
    rules.must_be_map()?;
    let kinds: Vec<Field<'_>> = ["http", "kafka", "dns", "l7proto"].iter().filter_map(|k| rules.get(k)).collect();
    let one = match kinds.as_slice() {
        [] => return Ok(of_tls.into_iter().collect()),
        [one] => one,
        [_, second, ..] => return Err(second.fault("only one of `http`, `kafka`, `dns` and `l7proto` may be set")),
    };
    let is_dns = one.key() == "dns";
    if is_dns && direction == Direction::Ingress {
        return Err(one.fault("`dns` is for egress"));
    }
    if entry.has_zero {
        return Err(one.fault("rules for requests need a port other than 0"));
    }
    if !is_dns && entry.others_than_tcp {
        return Err(one.fault("rules for requests are for TCP, but for those of DNS"));
    }
    let read: fn(&Field<'_>) -> Read<Vec<Test>> = match one.key() {
        "http" => layer7::http,
        "kafka" => layer7::kafka,
        "dns" => layer7::dns,
        _ => return layer7::of_protocol(&rules, one),
    };
    let mut found = Vec::new();
    for item in one.items()? {
        item.must_be_map()?;
        match Condition::of(read(&item)?) {
            Some(condition) => found.push(condition),
            // It asks nothing, so every request is let through.
            None => return Ok(of_tls.into_iter().collect()),
        }
    }
    Ok(found)
}
