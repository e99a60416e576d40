//! How requests for a host are encrypted on their way in: one answer for pictures, tables and findings.

/// How requests for a host are encrypted on their way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum HostTls {
    /// Plain text.
    #[default]
    None,
    /// Plain text or a certificate for other hosts: the object has TLS, and not for this one.
    Uncovered,
    /// Terminated by the controller, with a certificate that the object names or the default one of the controller.
    Terminated,
    /// Terminated by the controller, and encrypted again on the way to the pods.
    Reencrypted,
    /// Terminated by the controller, with a certificate that is named by an annotation and not in the manifests.
    ByController,
    /// Passed on as it is: the pods terminate it.
    Passthrough,
    /// An annotation is about TLS, and its meaning is not known.
    Undetermined,
}

impl HostTls {
    /// Whether the manifests say that requests are encrypted.
    pub fn is_encrypted(self) -> bool {
        match self {
            HostTls::Terminated | HostTls::Reencrypted | HostTls::ByController | HostTls::Passthrough => true,
            HostTls::None | HostTls::Uncovered | HostTls::Undetermined => false,
        }
    }

    /// `yes`, `no`, `passthrough` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            HostTls::None | HostTls::Uncovered => "no",
            HostTls::Terminated | HostTls::Reencrypted | HostTls::ByController => "yes",
            HostTls::Passthrough => "passthrough",
            HostTls::Undetermined => "unknown",
        }
    }

    /// What holds for requests that may come in either of two encrypted ways.
    pub fn or(self, other: HostTls) -> HostTls {
        match (self.is_encrypted(), other.is_encrypted()) {
            _ if self == other => self,
            (true, true) => HostTls::Terminated,
            (true, false) => self,
            (false, true) => other,
            (false, false) => self.max(other),
        }
    }
}
