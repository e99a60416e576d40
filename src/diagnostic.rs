//! Problems, which travel beside the value they are about and never instead of it.
//!
//! Every kind of problem has one [`Code`]; this enum is their registry.

mod meaning;

use crate::source::Span;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// Something of the input could not be used.
    Error,
    /// Something is probably not what its author meant.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

macro_rules! codes {
    ($(#[doc = $doc:literal] $name:ident = $text:literal, $severity:ident;)*) => {
        /// What kind of problem it is. The text is stable: people search and filter by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $doc] $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The stable kebab-case text.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// What problems of this kind are, in a sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$name => $doc.trim_ascii(),)* }
            }

            /// The severity of problems of this kind.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }
        }
    };
}

impl Code {
    /// True if problems of this kind mean that a part of the input was not read at all.
    pub fn is_unread(self) -> bool {
        matches!(
            self,
            Code::UnreadableInput | Code::ExternalTool | Code::YamlSyntax | Code::YamlLimit | Code::ObjectIdentity
        )
    }
}

impl Code {
    /// True if a problem of this kind leaves a connection out of the graph, so that who looks at a picture must know.
    pub fn hides_connections(self) -> bool {
        matches!(
            self,
            Code::IngressPortMissing | Code::BackendPortMissing | Code::RouteNotAllowed | Code::ReferenceNotPermitted
        )
    }
}

codes! {
    /// A path could not be read.
    UnreadableInput = "unreadable-input", Error;
    /// The manifests contain no object at all.
    NothingFound = "nothing-found", Warning;
    /// A live dump has the look of `kubectl get all`, which leaves policies and Ingresses out.
    PartialDump = "partial-dump", Warning;
    /// An outside program (kustomize, kubectl, helm) is missing or failed.
    ExternalTool = "external-tool", Error;
    /// A document is not YAML.
    YamlSyntax = "yaml-syntax", Error;
    /// A document is larger, deeper or more self-repeating than is read.
    YamlLimit = "yaml-limit", Error;
    /// A mapping holds one key twice; the last one counts.
    YamlDuplicateKey = "yaml-duplicate-key", Warning;
    /// A file is a template that was not rendered: its placeholders are still there.
    HelmTemplate = "helm-template", Warning;
    /// A document claims to be a Kubernetes object but its identity cannot be determined.
    ObjectIdentity = "object-identity", Error;
    /// A field has a value of the wrong type.
    FieldType = "field-type", Error;
    /// A field has a value of the right type that Kubernetes refuses.
    FieldValue = "field-value", Error;
    /// A field that must be there is not.
    FieldMissing = "field-missing", Error;
    /// A field that Kubernetes does not know.
    FieldUnknown = "field-unknown", Warning;
    /// Kubernetes has no such kind, but one that is nearly the same.
    UnknownKind = "unknown-kind", Warning;
    /// Two different objects have the same identity.
    DuplicateObject = "duplicate-object", Warning;
    /// Objects name no namespace and are placed in the default one.
    NamespaceDefaulted = "namespace-defaulted", Info;
    /// A Gateway accepts no route of this kind or namespace.
    RouteNotAllowed = "route-not-allowed", Warning;
    /// A route sends to another namespace, which does not permit it.
    ReferenceNotPermitted = "reference-not-permitted", Error;
    /// An Ingress, a Gateway or a route says something that its controller or the API server does not take.
    EntranceRefused = "entrance-refused", Warning;
    /// A policy is left out because the API server would refuse it.
    PolicyRefused = "policy-refused", Error;
    /// A user-defined network is left out because the API server would refuse it, or because another one has its place.
    NetworkRefused = "network-refused", Error;
    /// Policies of a kind that is not evaluated; they may change what is reached.
    UnsupportedPolicy = "unsupported-policy", Warning;
    /// A rule mentions nodes or domain names, whose addresses manifests do not tell.
    UnsupportedPeer = "unsupported-peer", Warning;
    /// A rule mentions addresses that pods may have, and which ones they have is not known.
    AddressesMayCoverPods = "addresses-may-cover-pods", Info;
    /// A selector asks for labels of a namespace that the input does not declare.
    NamespaceLabelsUnknown = "namespace-labels-unknown", Info;
    /// Policies treat the pods of one workload differently.
    PodsDiffer = "pods-differ", Warning;
    /// Pods in the network of their node: policies may not hold for them.
    HostNetworkUndetermined = "host-network-undetermined", Info;
    /// A route sends to a port that its Service does not have.
    BackendPortMissing = "backend-port-missing", Error;
    /// A Service selects no pod.
    ServiceSelectsNothing = "service-selects-nothing", Error;
    /// No pod behind a Service takes connections.
    ServiceWithoutReadyPods = "service-without-ready-pods", Warning;
    /// Two Services ask for the same port of nodes, or for the same address.
    ServiceConflict = "service-conflict", Error;
    /// A Service sends to a port that no selected pod declares.
    ServicePortUnmatched = "service-port-unmatched", Error;
    /// A probe asks a port that the containers do not declare.
    ProbePortUnmatched = "probe-port-unmatched", Warning;
    /// A Service selects pods that do not have its port beside those that have.
    ServiceSelectorOverlap = "service-selector-overlap", Warning;
    /// The Service that gives a StatefulSet its names is not there, not headless, or selects other pods.
    HeadlessServiceMismatch = "headless-service-mismatch", Warning;
    /// An ExternalName Service has an external name that is no DNS name.
    ExternalnameSuspicious = "externalname-suspicious", Warning;
    /// Endpoints written by hand belong to no Service.
    EndpointsWithoutService = "endpoints-without-service", Warning;
    /// An Ingress sends to a Service that is not there.
    IngressBackendMissing = "ingress-backend-missing", Error;
    /// An Ingress sends to a port that its Service does not have.
    IngressPortMissing = "ingress-port-missing", Error;
    /// One host and path is sent to two places.
    IngressDuplicateRoute = "ingress-duplicate-route", Error;
    /// A path never gets a request.
    IngressShadowedPath = "ingress-shadowed-path", Warning;
    /// A host is served without TLS.
    IngressNoTls = "ingress-no-tls", Warning;
    /// TLS is there, but not for this host.
    IngressTlsHostMismatch = "ingress-tls-host-mismatch", Warning;
    /// The Secret of a certificate is not there.
    TlsSecretMissing = "tls-secret-missing", Info;
    /// The issuer of a certificate is not there.
    CertificateIssuerMissing = "certificate-issuer-missing", Warning;
    /// An Ingress names no class, and there is no default.
    IngressClassMissing = "ingress-class-missing", Warning;
    /// The class of an Ingress is not there.
    IngressClassUnknown = "ingress-class-unknown", Info;
    /// There are Ingresses and no controller.
    IngressResourceWithoutController = "ingress-resource-without-controller", Info;
    /// A Gateway API route sends to a Service that is not there.
    RouteBackendMissing = "route-backend-missing", Error;
    /// A route never gets a request, since another one has its host and path.
    RouteDuplicate = "route-duplicate", Error;
    /// A Middleware that a route of Traefik names is not there.
    MiddlewareMissing = "middleware-missing", Warning;
    /// A host of a route is served without TLS.
    RouteNoTls = "route-no-tls", Warning;
    /// The API server is to call a Service that is not there.
    WebhookServiceMissing = "webhook-service-missing", Error;
    /// Policies deny the API server, which is to call a Service.
    WebhookBlockedByPolicy = "webhook-blocked-by-policy", Warning;
    /// A policy selects no pod.
    PolicySelectsNothing = "policy-selects-nothing", Warning;
    /// A peer of a policy's rule means no pod.
    PolicyPeerMatchesNothing = "policy-peer-matches-nothing", Warning;
    /// Two entries of a policy are alternatives where both together were probably meant.
    PolicyAndOrSuspect = "policy-and-or-suspect", Warning;
    /// A rule mentions addresses that pods or Services have.
    PolicyIpblockPodRange = "policy-ipblock-pod-range", Warning;
    /// A rule lets everything through.
    PolicyAllowsEverything = "policy-allows-everything", Warning;
    /// A rule names a port that none of the pods has.
    PolicyNamedPortUnmatched = "policy-named-port-unmatched", Warning;
    /// A rule has the port of a Service where the pods listen on another.
    PolicyPortIsServicePort = "policy-port-is-service-port", Warning;
    /// The network of the cluster does not enforce policies.
    PolicyNotEnforced = "policy-not-enforced", Warning;
    /// Policies are staged: they are recorded and not enforced.
    PolicyStaged = "policy-staged", Info;
    /// A rule of a policy never decides, because of rules before it.
    PolicyRuleShadowed = "policy-rule-shadowed", Warning;
    /// A rule of Cilium allows names of hosts whose addresses it never learns.
    FqdnWithoutDnsRule = "fqdn-without-dns-rule", Warning;
    /// Pods may send to other pods but cannot look up names.
    DnsEgressBlocked = "dns-egress-blocked", Warning;
    /// What is opened to the outside is denied by policies.
    BackendBlockedByPolicy = "backend-blocked-by-policy", Error;
    /// Some pods of a namespace with policies are left open.
    NamespaceWithoutDefaultDeny = "namespace-without-default-deny", Info;
    /// A Service that a workload's configuration names is denied by policies.
    ConfiguredCallBlocked = "configured-call-blocked", Warning;
    /// The full name of a Service that is not there.
    DnsNameUnresolvable = "dns-name-unresolvable", Warning;
    /// Pods call Services by name and ask a DNS that does not know them.
    DnsPolicyIgnoresServices = "dns-policy-ignores-services", Warning;
    /// A workload is reached from the Internet.
    ExposedToInternet = "exposed-to-internet", Info;
    /// A load balancer takes connections from everywhere.
    LoadbalancerOpen = "loadbalancer-open", Warning;
    /// A load balancer is asked for, and nothing in the manifests makes one.
    LoadbalancerNotProvisioned = "loadbalancer-not-provisioned", Warning;
    /// A Service is open on every node.
    NodeportExposed = "nodeport-exposed", Warning;
    /// Policies select pods for which they do not hold.
    HostnetworkBypassesPolicy = "hostnetwork-bypasses-policy", Warning;
    /// What an autoscaler scales is not there.
    HpaTargetMissing = "hpa-target-missing", Error;
    /// A PodDisruptionBudget selects no pod.
    PdbSelectsNothing = "pdb-selects-nothing", Warning;
    /// A controller does not select the pods of its own template.
    SelectorTemplateMismatch = "selector-template-mismatch", Error;
    /// An object is of an API version that Kubernetes no longer serves.
    RemovedApiVersion = "removed-api-version", Error;
    /// Pods need a ConfigMap or Secret that is not there.
    ConfigmapOrSecretMissing = "configmap-or-secret-missing", Warning;
    /// A suppression suppresses nothing.
    UnusedSuppression = "unused-suppression", Info;
    /// A suppression names a finding that does not exist.
    UnknownSuppression = "unknown-suppression", Warning;
    /// A suppression gives no reason and does not hold.
    SuppressionWithoutReason = "suppression-without-reason", Warning;
    /// The configuration file says something that it cannot say.
    ConfigInvalid = "config-invalid", Error;
    /// The layout engine gave up and a plainer arrangement was drawn.
    LayoutFallback = "layout-fallback", Warning;
}

/// A second place that matters to a problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// Where.
    pub at: Span,
    /// What is there, as a short phrase.
    pub text: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How bad it is; [`Code::severity`] unless there is a reason.
    pub severity: Severity,
    /// One sentence, without its place.
    pub message: String,
    /// Where it is. `None` for problems of the run as a whole.
    pub at: Option<Span>,
    /// Further places.
    pub related: Vec<Related>,
    /// The remedy.
    pub help: Option<String>,
    /// True if the object it is about was left out because the API server would refuse it.
    pub refused: bool,
}

impl Diagnostic {
    /// A problem at a place.
    pub fn at(code: Code, at: Span, message: impl Into<String>) -> Self {
        Diagnostic { at: Some(at), ..Diagnostic::general(code, message) }
    }

    /// A problem of the run as a whole.
    pub fn general(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            at: None,
            related: Vec::new(),
            help: None,
            refused: false,
        }
    }

    /// The same with a line that says what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with another place.
    pub fn with_related(mut self, at: Span, text: impl Into<String>) -> Self {
        self.related.push(Related { at, text: text.into() });
        self
    }

    /// The order in which problems are shown: those of the run first, then by place, then by code and text.
    pub fn sort(diagnostics: &mut [Diagnostic]) {
        diagnostics.sort_by(|a, b| (a.at, a.code, &a.message).cmp(&(b.at, b.code, &b.message)));
    }
}

/// A value with the problems met on the way to it.
#[derive(Clone, Debug, Default)]
pub struct Warned<T> {
    /// The value.
    pub value: T,
    /// The problems, in no particular order.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Warned<T> {
    /// A value without problems.
    pub fn new(value: T) -> Self {
        Warned { value, diagnostics: Vec::new() }
    }

    /// The same problems beside what is made of the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Warned<U> {
        Warned { value: make(self.value), diagnostics: self.diagnostics }
    }

    /// Takes the value and adds its problems to a list.
    pub fn unpack(self, into: &mut Vec<Diagnostic>) -> T {
        into.extend(self.diagnostics);
        self.value
    }
}
