//! Facts about the input beyond the graph: what references lead to, how hosts are encrypted, where the ports of
//! Services end. Each is found once, while the graph is made: the graph draws it, `check` judges it, `why` tells it.
//!
//! Objects are named by their position in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::absence::{Absence, ListedEndpoints};
use super::dns::DnsAccess;
use super::unread::UnreadEntrance;
use crate::graph::{Backend, Evidence, HostTls, NodeId, Port, PortMap, RouteRule, UseWay};
use crate::net::ObjectKey;
use crate::policy::{AbsentPods, Entrance};

/// Everything that resolution found beside the graph, in the order of objects.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Every reference of an Ingress or a route to a backend.
    pub backends: Vec<BackendReference>,
    /// The hosts of Ingresses and routes.
    pub hosts: Vec<Host>,
    /// The Secrets that Ingresses name for certificates.
    pub certificates: Vec<Certificate>,
    /// Gateways that refuse routes which name them as their parent.
    pub refusals: Vec<Refusal>,
    /// The ports of Services that lead to endpoints.
    pub ports: Vec<ServicePort>,
    /// Every reference of a workload, an Ingress or a Gateway to what it uses: a ConfigMap, a Secret, a claim, a
    /// ServiceAccount.
    pub uses: Vec<UseReference>,
    /// Objects that may open an entrance from outside and are not read.
    pub unread: Vec<UnreadEntrance>,
    /// For each workload the first of [`Facts::unread`] that may lead to it.
    pub unread_by_workload: Vec<Option<usize>>,
    /// The ways by which requests from outside come to Ingresses, Gateways and routes; none for one that no request
    /// from outside comes to.
    pub gates: BTreeMap<usize, Vec<Gate>>,
    /// What Ingresses, Gateways and routes say of the pods that bring their requests.
    pub controllers: BTreeMap<usize, ControllerHint>,
    /// Services that the API server calls.
    pub api_calls: Vec<ApiCall>,
    /// Ports of workloads that are open on their nodes.
    pub host_ports: Vec<HostPort>,
    /// Load balancers that are not known to exist, by Service.
    pub unprovisioned: BTreeMap<usize, Unprovisioned>,
    /// Ingresses that no controller takes.
    pub unclaimed: BTreeMap<usize, Unclaimed>,
    /// What DestinationRules say of requests to Services.
    pub destination_rules: Vec<DestinationRule>,
    /// Who checks the requests of Ingresses before they are sent on.
    pub checked: BTreeMap<usize, Checked>,
    /// What controllers, or the API server, do not take about entrances.
    pub faults: Vec<Fault>,
    /// Objects that facts about entrances are taken from.
    pub read: BTreeSet<usize>,
    /// Names that a ServiceEntry gives to pods of the cluster, by the object.
    pub inner_names: BTreeMap<String, usize>,
    /// Rules of Ingresses and routes that answer requests themselves.
    pub answers: Vec<OwnAnswer>,
    /// Where routes are heard, as far as all of their listeners are known.
    pub listening: BTreeMap<usize, Vec<Listening>>,
    /// Routes with a parent of which the listeners are not known.
    pub heard_elsewhere: BTreeSet<usize>,
    /// Entrances that only the inside of the cluster reaches, because no Service opens the pods that bring their
    /// requests: these workloads.
    pub shut: BTreeMap<usize, Vec<usize>>,
    /// What may keep clients out of an entrance, or send their requests elsewhere, and is not evaluated.
    pub unjudged: BTreeMap<usize, Vec<Unjudged>>,
    /// Probes that no port of their pods answers, as far as is known.
    pub probes: Vec<UnansweredProbe>,
    /// Workloads without a pod that takes connections.
    pub absences: BTreeMap<usize, Absence>,
    /// The same behind Services, by Service and workload: a Service may list pods that are not ready, and select one
    /// pod of several.
    pub absent_behind: BTreeMap<(usize, usize), Absence>,
    /// What EndpointSlices and Endpoints list for Services.
    pub listed: BTreeMap<usize, ListedEndpoints>,
    /// The turn of the rules of routes whose order decides, the first is 0, by object and field.
    pub turns: BTreeMap<(usize, String), usize>,
    /// Middlewares that routes of Traefik name and the manifests do not contain.
    pub missing_middlewares: Vec<MissingMiddleware>,
    /// By namespace the first object of a kind that is not known and that may well make pods: an operator's.
    pub operated: BTreeMap<String, usize>,
    /// The workloads that are the DNS of the cluster.
    pub dns_servers: Vec<usize>,
    /// What policies say of questions to the DNS of the cluster, by workload.
    pub dns: Vec<DnsAccess>,
    /// Workloads that policies let connect to pods and ask no DNS.
    pub without_dns: BTreeSet<usize>,
    /// Routes that send datagrams (UDP) to their backends; all others send TCP.
    pub datagrams: BTreeSet<usize>,
}

impl Facts {
    /// The ports of a Service, in its order.
    pub fn ports_of(&self, service: usize) -> &[ServicePort] {
        of_object(&self.ports, service, |p| p.service)
    }

    /// The hosts of an Ingress or a route, in its order.
    pub fn hosts_of(&self, object: usize) -> &[Host] {
        of_object(&self.hosts, object, |h| h.object)
    }

    /// The backends of an Ingress or a route, in its order.
    pub fn backends_of(&self, object: usize) -> &[BackendReference] {
        of_object(&self.backends, object, |b| b.object)
    }

    /// The first object that may open an entrance to a workload and is not read.
    pub fn unread_to(&self, workload: usize) -> Option<&UnreadEntrance> {
        self.unread.get(self.unread_by_workload.get(workload).copied().flatten()?)
    }

    /// Why no pod behind an entrance takes connections.
    pub fn absence_of(&self, entrance: &Entrance) -> Option<&Absence> {
        match entrance.absent? {
            AbsentPods::Itself => self.absences.get(&entrance.workload),
            AbsentPods::Behind(service) => self.absent_behind.get(&(service, entrance.workload)),
        }
    }

    /// What policies say of questions of a workload to the DNS of the cluster.
    pub fn dns_of(&self, workload: usize) -> DnsAccess {
        self.dns.get(workload).copied().unwrap_or_default()
    }

    /// The ways by which requests from outside come to an Ingress, a Gateway or a route.
    pub fn gates_of(&self, object: usize) -> &[Gate] {
        self.gates.get(&object).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where a route is heard; `None` where that is not known.
    pub fn listening_of(&self, object: usize) -> Option<&[Listening]> {
        let found = self.listening.get(&object).filter(|_| !self.heard_elsewhere.contains(&object));
        found.map(Vec::as_slice)
    }

    /// What is wrong with an entrance.
    pub fn faults_of(&self, object: usize) -> &[Fault] {
        of_object(&self.faults, object, |f| f.object)
    }

    /// What is not evaluated of an entrance.
    pub fn unjudged_of(&self, object: usize) -> &[Unjudged] {
        self.unjudged.get(&object).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is not evaluated of a way through an entrance, whose nodes these are.
    pub fn unjudged_on<'f>(
        &'f self,
        object: usize,
        way: &'f [&NodeId],
    ) -> impl Iterator<Item = &'f Unjudged> + use<'f> {
        let is_meant = |u: &&Unjudged| u.only.is_empty() || way.iter().any(|node| u.only.contains(*node));
        self.unjudged_of(object).iter().filter(is_meant)
    }

    /// Probes of a workload that no port of its pods answers.
    pub fn probes_of(&self, workload: usize) -> &[UnansweredProbe] {
        of_object(&self.probes, workload, |p| p.workload)
    }

    /// The ports of a workload that are open on its nodes.
    pub fn host_ports_of(&self, workload: usize) -> &[HostPort] {
        of_object(&self.host_ports, workload, |p| p.workload)
    }

    /// Brings all facts into the order of the objects that they are about.
    pub(super) fn sort(&mut self) {
        self.backends.sort_by_key(|b| b.object);
        self.hosts.sort_by_key(|h| h.object);
        self.certificates.sort_by_key(|c| c.object);
        self.refusals.sort_by_key(|r| r.route);
        self.ports.sort_by_key(|p| (p.service, p.index));
        self.uses.sort_by_key(|u| u.object);
        self.faults.sort_by_key(|f| f.object);
        self.faults.dedup();
        self.host_ports.sort_by_key(|p| p.workload);
    }
}

/// The facts about one object among all, which are in the order of objects.
fn of_object<T>(all: &[T], object: usize, whose: impl Fn(&T) -> usize) -> &[T] {
    let start = all.partition_point(|fact| whose(fact) < object);
    let end = all.partition_point(|fact| whose(fact) <= object);
    &all[start..end]
}

/// A reference of an Ingress or a route to what it sends requests to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackendReference {
    /// The Ingress or route.
    pub object: usize,
    /// The field that names the backend, as in `spec.rules[0].backendRefs[1]`.
    pub field: String,
    /// The field that names the port.
    pub port_field: String,
    /// The backend.
    pub key: ObjectKey,
    /// What the reference leads to.
    pub target: BackendTarget,
    /// The port, as the graph draws it. [`Backend::Absent`] is one that the Service does not have.
    pub port: Backend,
}

/// What a reference to a backend leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendTarget {
    /// An object of the input.
    Found(usize),
    /// An object that is not in the input.
    Missing,
    /// An object of another namespace that does not permit the reference, whether the manifests contain it or not.
    Forbidden(Option<usize>),
    /// An action of the controller, which an annotation describes.
    Action,
}

impl BackendTarget {
    /// The object, if the manifests contain it.
    pub fn found(self) -> Option<usize> {
        match self {
            BackendTarget::Found(entry) => Some(entry),
            BackendTarget::Forbidden(entry) => entry,
            BackendTarget::Missing | BackendTarget::Action => None,
        }
    }
}

/// A way by which requests from outside come to an Ingress, a Gateway or a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The node for the outside; `None` if it is that of a Gateway which the manifests do not contain.
    pub outside: Option<NodeId>,
    /// Gateways and routes on the way, the outermost first.
    pub through: Vec<NodeId>,
}

/// A Service that the API server calls, because of a webhook, an aggregated API or a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCall {
    /// The object that says so.
    pub object: usize,
    /// Its position in a list of webhooks.
    pub hook: Option<usize>,
    /// The field that names the Service.
    pub field: String,
    /// The Service.
    pub service: ObjectKey,
    /// Its position, if the manifests contain it.
    pub found: Option<usize>,
    /// The port of the Service that is called.
    pub number: u16,
    /// The same as the graph draws it; absent if the Service does not have it.
    pub port: Backend,
}

/// Why a load balancer is not known to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprovisioned {
    /// The Service comes from a cluster, which gave it no address yet.
    Pending,
    /// This object shows a cluster outside of clouds, and nothing in the manifests makes load balancers.
    NoProvider(usize),
    /// It asks for an address of a pool that is not among those of MetalLB in the manifests.
    NoPool,
}

/// Why no controller takes an Ingress: it names no class, none is the default, and there are several classes or
/// controllers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unclaimed {
    /// The classes.
    pub classes: Vec<usize>,
    /// The workloads that are controllers.
    pub controllers: Vec<usize>,
}

/// A DestinationRule of Istio about a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRule {
    /// The object.
    pub object: usize,
    /// The Service.
    pub service: usize,
    /// The names of its subsets.
    pub subsets: Vec<String>,
    /// How sidecars encrypt requests to the Service.
    pub tls: Option<String>,
}

/// Who checks requests before they are sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The URL that is asked, or how clients identify themselves.
    pub by: String,
    /// The field that says so.
    pub field: String,
}

/// A Middleware of Traefik that is not in the manifests: Traefik takes no requests for a route that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingMiddleware {
    /// The route or Ingress that names it, or a Middleware that does.
    pub object: usize,
    /// The field.
    pub field: String,
    /// Its name, as it is written.
    pub name: String,
}

/// Something about an entrance that its controller, or the API server, does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The entrance.
    pub object: usize,
    /// The field that it is about.
    pub field: String,
    /// What is wrong, as a part of a sentence after the name of the object and a colon.
    pub text: String,
}

/// A rule that answers requests itself: none of them comes to a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAnswer {
    /// The Ingress or route.
    pub object: usize,
    /// For which requests it is.
    pub rule: RouteRule,
    /// How it answers, as in "a redirect".
    pub how: String,
    /// Where it says so.
    pub at: Evidence,
}

/// A listener that takes requests for a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The hosts that it takes, with wildcards of any number of labels; none for any host.
    pub hosts: Vec<String>,
    /// Whether it speaks TLS.
    pub is_encrypted: bool,
    /// Its port.
    pub port: Option<u16>,
    /// Whether it redirects every request to HTTPS.
    pub redirects: bool,
}

/// Something that may keep clients out of an entrance, or send their requests elsewhere, and is not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The nodes that it is about, where it is not about all that the entrance sends requests to.
    pub only: BTreeSet<NodeId>,
    /// What it is, as the subject of a sentence in the singular.
    pub what: String,
    /// The field of the entrance that says so, or that names it.
    pub field: String,
}

/// A readiness or startup probe at a port that no container of the pods declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnansweredProbe {
    /// The workload.
    pub workload: usize,
    /// The field of the probe's port.
    pub field: String,
    /// `readinessProbe` or `startupProbe`.
    pub probe: &'static str,
    /// The container.
    pub container: String,
    /// The port.
    pub port: ProbePort,
}

/// The port of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbePort {
    /// A name that no port of the container has: the probe fails.
    Name(String),
    /// A number that no container declares: the probe fails unless something listens there all the same.
    Number(u16),
}

/// A port of a workload that is open on each node that runs one of its pods
/// (<https://kubernetes.io/docs/concepts/configuration/overview/#services>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The workload.
    pub workload: usize,
    /// The port of its pods.
    pub port: Port,
    /// The port of the node.
    pub host: u16,
}

/// What an Ingress, a Gateway or a route says of the pods that bring its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControllerHint {
    /// The name of a class, or a word for the controller.
    Class(String),
    /// These workloads, by position; none if the manifests do not contain them.
    Pods(Vec<usize>),
}

/// A reference of a workload, an Ingress or a Gateway to what it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseReference {
    /// The object that says so.
    pub object: usize,
    /// The field that names it.
    pub field: String,
    /// Who uses it: the object, or the workload that its pods are folded into.
    pub user: ObjectKey,
    /// What is used.
    pub key: ObjectKey,
    /// How it is used.
    pub way: UseWay,
    /// Whether the user does without it if it is not there.
    pub optional: bool,
}

/// A host of an Ingress or a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The Ingress or route.
    pub object: usize,
    /// The field that names it.
    pub field: String,
    /// Its name; `None` for any host.
    pub name: Option<String>,
    /// How requests for it are encrypted.
    pub tls: HostTls,
}

/// A Secret that an Ingress names for the certificates of its hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The Ingress.
    pub object: usize,
    /// The field that names it.
    pub field: String,
    /// The Secret.
    pub secret: ObjectKey,
    /// Where it comes from.
    pub source: CertificateSource,
}

/// Where the Secret of a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The manifests contain it, or an object that makes it.
    Known,
    /// Annotations ask a controller to make it.
    Managed,
    /// No certificate is needed: the pods terminate TLS.
    Unused,
    /// The input does not tell.
    Missing,
}

/// A Gateway that does not accept a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The route.
    pub route: usize,
    /// The field of the route that names the Gateway.
    pub field: String,
    /// The Gateway, or the set of listeners.
    pub gateway: usize,
    /// Why it does not.
    pub reason: RefusalReason,
}

/// Why a Gateway does not accept a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// It has no listener of this name.
    NoListenerNamed(String),
    /// It has no listener on this port.
    NoListenerOn(u16),
    /// It takes no ListenerSets of that namespace.
    NoListenerSets,
    /// Its listener sends to one route only, and an older one has it.
    Taken(ObjectKey),
    /// None of its listeners takes routes of this kind, namespace and hosts.
    NotTaken {
        /// The hosts of the route; none for any host.
        hosts: Vec<String>,
    },
}

/// A port of a Service with what is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// The Service.
    pub service: usize,
    /// Its position in `spec.ports`.
    pub index: usize,
    /// The port, with the numbers that the selected pods give its target.
    pub map: PortMap,
    /// What it leads to at each workload that the Service selects.
    pub workloads: Vec<(usize, EndpointOutcome)>,
    /// What it leads to in the Endpoints and EndpointSlices of a Service without selector.
    pub endpoints: Vec<(usize, EndpointOutcome)>,
}

impl ServicePort {
    /// Whether endpoints are listed for the Service, and none of them for this port.
    pub fn is_unserved(&self) -> bool {
        !self.endpoints.is_empty() && self.endpoints.iter().all(|(_, outcome)| *outcome == EndpointOutcome::NameMissing)
    }
}

/// What a port of a Service leads to at some pods or addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointOutcome {
    /// A port that they declare.
    Declared,
    /// A number that the containers do not declare beside those that they do; they may listen there all the same.
    Undeclared,
    /// A number, of containers that declare no port at all.
    NothingDeclared,
    /// A name that they do not have: there is no endpoint.
    NameMissing,
}
