//! The meaning of what `check` finds for an answer: the one table, by code.

use super::answer::Layer;
use crate::diagnostic::Code;

/// What a finding about an object on the way means for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// A layer judges the same facts, so the answer contains it already.
    Judged(Layer),
    /// The connection may fail whatever the layers say: what they allow is undetermined.
    Doubts(Role),
    /// Worth a look; the answer stays.
    Note,
}

/// Whose finding it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An object on the way to the target, or the target.
    Target,
    /// Either end, or an object between them.
    Any,
}

/// The meaning of findings with a code, if they are errors or warnings.
pub fn bearing(code: Code) -> Bearing {
    use Bearing::{Doubts, Judged, Note};
    match code {
        // The API server refuses the object.
        Code::FieldType | Code::FieldValue | Code::FieldMissing => Doubts(Role::Any),
        Code::SelectorTemplateMismatch | Code::RemovedApiVersion => Doubts(Role::Any),
        // A part of the requests, or all, may go elsewhere or nowhere.
        Code::ServicePortUnmatched | Code::ServiceSelectorOverlap | Code::ExternalnameSuspicious => {
            Doubts(Role::Target)
        }
        Code::IngressDuplicateRoute | Code::IngressShadowedPath | Code::ProbePortUnmatched => Doubts(Role::Target),
        Code::ServiceSelectsNothing => Judged(Layer::Endpoints),
        Code::IngressBackendMissing | Code::IngressPortMissing | Code::RouteBackendMissing => Judged(Layer::Exposure),
        Code::BackendPortMissing | Code::ReferenceNotPermitted | Code::RouteNotAllowed => Judged(Layer::Exposure),
        Code::IngressClassMissing | Code::LoadbalancerNotProvisioned => Judged(Layer::Exposure),
        Code::DnsEgressBlocked | Code::DnsPolicyIgnoresServices => Judged(Layer::Dns),
        Code::BackendBlockedByPolicy | Code::PolicyNotEnforced | Code::UnsupportedPolicy => Judged(Layer::Ingress),
        Code::HostnetworkBypassesPolicy | Code::HostNetworkUndetermined | Code::PodsDiffer => Judged(Layer::Ingress),
        // Both sides of the policies have a say.
        Code::ConfiguredCallBlocked => Judged(Layer::Ingress),
        // About the input as a whole, or about documents that are no objects.
        Code::UnreadableInput | Code::NothingFound | Code::PartialDump | Code::ExternalTool => Note,
        Code::YamlSyntax | Code::YamlLimit | Code::YamlDuplicateKey | Code::HelmTemplate => Note,
        Code::ObjectIdentity | Code::FieldUnknown | Code::UnknownKind | Code::NamespaceDefaulted => Note,
        // The first definition is the one that is judged.
        Code::DuplicateObject => Note,
        // About policies, which the layers evaluate as they are written.
        Code::PolicyRefused | Code::NetworkRefused | Code::UnsupportedPeer | Code::AddressesMayCoverPods => Note,
        Code::NamespaceLabelsUnknown | Code::PolicySelectsNothing | Code::PolicyPeerMatchesNothing => Note,
        Code::PolicyAndOrSuspect | Code::PolicyIpblockPodRange | Code::PolicyAllowsEverything => Note,
        Code::PolicyNamedPortUnmatched | Code::PolicyPortIsServicePort | Code::NamespaceWithoutDefaultDeny => Note,
        // What the manifests lack may be made by other means.
        Code::ConfigmapOrSecretMissing | Code::TlsSecretMissing | Code::IngressClassUnknown => Note,
        Code::IngressResourceWithoutController | Code::EndpointsWithoutService => Note,
        // Connections work, with other names, certificates or for more clients than meant.
        Code::HeadlessServiceMismatch | Code::IngressNoTls | Code::IngressTlsHostMismatch => Note,
        Code::ExposedToInternet | Code::LoadbalancerOpen | Code::NodeportExposed => Note,
        // About other connections than the one that is asked for.
        Code::WebhookServiceMissing | Code::WebhookBlockedByPolicy | Code::DnsNameUnresolvable => Note,
        Code::HpaTargetMissing | Code::PdbSelectsNothing => Note,
        // About the program's own texts and pictures.
        Code::UnusedSuppression | Code::UnknownSuppression | Code::SuppressionWithoutReason => Note,
        Code::ConfigInvalid | Code::LayoutFallback => Note,
    }
}
