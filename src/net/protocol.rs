//! Transport protocols.

use std::fmt;

/// A transport protocol of Services, containers and policies
/// (<https://kubernetes.io/docs/reference/networking/service-protocols/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, strum::IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP, also the meaning of an absent protocol.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

    /// The name in manifests: `TCP`, `UDP` or `SCTP`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The protocol of exactly this name.
    pub fn from_name(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|p| p.as_str() == name)
    }

    /// The protocol of a manifest's field, in any letter case; TCP where the field is absent or names no protocol.
    pub fn from_field(text: Option<&str>) -> Protocol {
        let named = |p: &Protocol| text.is_some_and(|t| t.eq_ignore_ascii_case(p.as_str()));
        Protocol::ALL.into_iter().find(named).unwrap_or_default()
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_and_fields_are_not() {
        for protocol in Protocol::ALL {
            assert_eq!(Protocol::from_name(protocol.as_str()), Some(protocol));
            assert_eq!(Protocol::from_field(Some(&protocol.to_string().to_lowercase())), protocol);
        }
        assert_eq!(Protocol::from_name("udp"), None);
        assert_eq!(Protocol::from_field(None), Protocol::Tcp);
        assert_eq!(Protocol::from_field(Some("HTTP")), Protocol::Tcp);
    }
}
