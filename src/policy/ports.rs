//! The ports that a rule mentions.

use crate::net::{ContainerPort, PortSet, Protocol};

/// A port that a rule calls by its name. Which number that is, is for each destination pod to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedPort {
    /// The name.
    pub name: String,
    /// The protocol that the rule asks for; `None` takes the one that the container declares.
    pub protocol: Option<Protocol>,
}

/// The ports that a rule mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulePorts {
    /// Every port.
    All,
    /// Some.
    Some {
        /// Those given by number, range or protocol.
        fixed: PortSet,
        /// Those given by name.
        named: Vec<NamedPort>,
    },
    /// The first but not the second.
    Except(Box<[RulePorts; 2]>),
}

impl RulePorts {
    /// The ports at a destination whose containers declare these ports.
    pub fn at(&self, declared: &[ContainerPort]) -> PortSet {
        match self {
            RulePorts::All => PortSet::all(),
            RulePorts::Some { fixed, named } => {
                let mut ports = fixed.clone();
                for wanted in named {
                    for port in declared
                        .iter()
                        .filter(|p| p.name == wanted.name && wanted.protocol.is_none_or(|w| w == p.protocol))
                    {
                        ports.add(&PortSet::port(port.protocol, port.number));
                    }
                }
                ports
            }
            RulePorts::Except(both) => both[0].at(declared).difference(&both[1].at(declared)),
        }
    }

    /// None at all.
    pub fn none() -> RulePorts {
        RulePorts::Some { fixed: PortSet::none(), named: Vec::new() }
    }

    /// The ports that are called by name.
    pub fn named(&self) -> Vec<&NamedPort> {
        match self {
            RulePorts::All => Vec::new(),
            RulePorts::Some { named, .. } => named.iter().collect(),
            RulePorts::Except(both) => both.iter().flat_map(RulePorts::named).collect(),
        }
    }

    /// Whether a port is called by name.
    pub fn has_names(&self) -> bool {
        match self {
            RulePorts::All => false,
            RulePorts::Some { named, .. } => !named.is_empty(),
            RulePorts::Except(both) => both.iter().any(RulePorts::has_names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, protocol: Protocol, number: u16) -> ContainerPort {
        ContainerPort { name: name.into(), protocol, number }
    }

    #[test]
    fn a_name_is_looked_up_with_its_protocol() {
        let pod = [declared("dns", Protocol::Udp, 53), declared("dns", Protocol::Tcp, 5353)];
        let rule = |protocol| RulePorts::Some {
            fixed: PortSet::none(),
            named: vec![NamedPort { name: "dns".into(), protocol }],
        };
        assert_eq!(rule(Some(Protocol::Tcp)).at(&pod).to_string(), "TCP 5353");
        assert_eq!(rule(None).at(&pod).to_string(), "TCP 5353; UDP 53");
        assert!(rule(Some(Protocol::Tcp)).at(&[]).is_empty());
        assert!(RulePorts::All.at(&[]).is_all());
    }
}
