//! The meaning of what `check` finds for an answer: the one table, by code.

use std::collections::BTreeSet;

use super::answer::Layer;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::net::ObjectKey;
use crate::source::Span;

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
        Code::ServiceConflict => Doubts(Role::Target),
        Code::ServicePortUnmatched | Code::ExternalnameSuspicious => Doubts(Role::Target),
        Code::IngressDuplicateRoute | Code::RouteDuplicate => Doubts(Role::Target),
        Code::IngressShadowedPath | Code::ProbePortUnmatched => Doubts(Role::Target),
        Code::ServiceSelectsNothing | Code::ServiceWithoutReadyPods => Judged(Layer::Endpoints),
        Code::IngressBackendMissing | Code::IngressPortMissing | Code::RouteBackendMissing => Judged(Layer::Exposure),
        Code::EntranceRefused | Code::MiddlewareMissing => Judged(Layer::Exposure),
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
        Code::PolicyAndOrSuspect
        | Code::PolicyIpblockPodRange
        | Code::PolicyAllowsEverything
        | Code::PolicyStaged
        | Code::PolicyRuleShadowed
        | Code::FqdnWithoutDnsRule => Note,
        Code::PolicyNamedPortUnmatched | Code::PolicyPortIsServicePort | Code::NamespaceWithoutDefaultDeny => Note,
        // The layers of endpoints and ports name the pods without the port.
        Code::ServiceSelectorOverlap => Note,
        // What the manifests lack may be made by other means.
        Code::ConfigmapOrSecretMissing | Code::TlsSecretMissing | Code::CertificateIssuerMissing => Note,
        Code::IngressClassUnknown => Note,
        Code::IngressResourceWithoutController | Code::EndpointsWithoutService => Note,
        // Connections work, with other names, certificates or for more clients than meant.
        Code::HeadlessServiceMismatch | Code::IngressNoTls | Code::IngressTlsHostMismatch => Note,
        Code::RouteNoTls => Note,
        Code::ExposedToInternet | Code::LoadbalancerOpen | Code::NodeportExposed => Note,
        // About other connections than the one that is asked for.
        Code::WebhookServiceMissing | Code::WebhookBlockedByPolicy | Code::DnsNameUnresolvable => Note,
        Code::HpaTargetMissing | Code::PdbSelectsNothing => Note,
        // About the program's own texts and pictures.
        Code::UnusedSuppression | Code::UnknownSuppression | Code::SuppressionWithoutReason => Note,
        Code::ConfigInvalid | Code::LayoutFallback => Note,
    }
}

/// True if findings with a code are about the other place as much as about their own.
pub fn is_mutual(code: Code) -> bool {
    matches!(
        code,
        Code::IngressDuplicateRoute | Code::IngressShadowedPath | Code::RouteDuplicate | Code::ServiceConflict
    )
}

/// The objects on the way of a connection, of which findings bear on the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The source.
    pub source: BTreeSet<ObjectKey>,
    /// The target: pods, and a Service that was asked for.
    pub target: BTreeSet<ObjectKey>,
    /// The entrances and Services between them, by way: one of them is enough.
    pub between: Vec<BTreeSet<ObjectKey>>,
    /// Parts of these objects that the question is not about: other ports, other rules.
    pub aside: Vec<Span>,
}

/// Something that is known of an object on the way from elsewhere.
#[derive(Clone, Debug)]
pub struct Remark {
    /// What is known.
    pub diagnostic: Diagnostic,
    /// The object.
    pub about: ObjectKey,
    /// The place in words.
    pub at: Option<String>,
}

impl Way {
    /// Whether a remark is about an object on the way, and not about a part that the question is not about.
    pub(super) fn is_met(&self, remark: &Remark) -> bool {
        let about = &remark.about;
        let inside = |part: &Span, at: &Span| part.file == at.file && part.start <= at.start && at.end <= part.end;
        // How requests are taken matters where they are taken.
        let is_of_targets = bearing(remark.diagnostic.code) == Bearing::Doubts(Role::Target);
        let ends = self.source.contains(about) && !is_of_targets || self.target.contains(about);
        (ends || self.between.iter().any(|way| way.contains(about)))
            && !remark.diagnostic.at.is_some_and(|at| self.aside.iter().any(|part| inside(part, &at)))
    }

    /// The first of these remarks that leaves no way certain.
    pub(super) fn doubt<'r>(&self, remarks: &[&'r Remark]) -> Option<&'r Remark> {
        let doubting = |set: &BTreeSet<ObjectKey>, roles: &[Role]| {
            remarks.iter().copied().find(|r| {
                let is_doubt = matches!(bearing(r.diagnostic.code), Bearing::Doubts(role) if roles.contains(&role));
                is_doubt && r.diagnostic.severity != Severity::Info && set.contains(&r.about)
            })
        };
        let end = doubting(&self.source, &[Role::Any]);
        let end = end.or_else(|| doubting(&self.target, &[Role::Any, Role::Target]));
        end.or_else(|| {
            let ways: Vec<Option<&Remark>> =
                self.between.iter().map(|way| doubting(way, &[Role::Any, Role::Target])).collect();
            if ways.iter().all(Option::is_some) { ways.into_iter().flatten().next() } else { None }
        })
    }
}
