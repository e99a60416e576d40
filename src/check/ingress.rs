//! Ingresses: whether each host and path leads somewhere, securely, and to one place only.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend, IngressServiceBackend};

use super::nearest::named;
use super::registry::family;
use super::scene::Scene;
use super::selection::some;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::graph::HostTls;
use crate::manifest::Tree;
use crate::net::near::{Names, is_slip};
use crate::net::text;
use crate::policy::Way;
use crate::resolve::{BackendTarget, CertificateSource, Host, is_google};

family! {
    IngressBackendMissing, "ingress-backend-missing", true, "An Ingress sends a path to a Service that is not in its namespace: requests get 503 (or 404) from the controller. An Ingress can send to Services of its own namespace only.";
    IngressPortMissing, "ingress-port-missing", false, "An Ingress names a port that the Service does not have. It must be the port of the Service, by number or name, and not that of the container behind it: the Service translates.";
    IngressDuplicateRoute, "ingress-duplicate-route", false, "The same host and path of the same class is sent to two places. Which of them answers depends on the controller and on which Ingress is older. Where both need not be in one cluster (examples beside each other, folders that define an object twice, differently), this counts for less.";
    IngressShadowedPath, "ingress-shadowed-path", false, "A path of an Ingress never gets a request: a path of the same host that the controller prefers covers all of it. An exact path wins over a prefix, and of prefixes the longer one wins (https://kubernetes.io/docs/concepts/services-networking/ingress/#multiple-matches), so a path that is listed with two types in one place, or with and without a slash at its end, is answered by one of them only.";
    IngressNoTls, "ingress-no-tls", false, "A host is served without TLS: what is sent goes over the network as plain text, unless something in front ends TLS (then say so with an annotation that ignores this).";
    IngressTlsHostMismatch, "ingress-tls-host-mismatch", false, "An Ingress has TLS, but not for this host: the `hosts` of its `tls` do not name it, so the controller answers without TLS or with a certificate of its own that no browser trusts.";
    TlsSecretMissing, "tls-secret-missing", true, "The Secret with the certificate is not in the input. It may be made by other means (nothing is said if cert-manager's annotations or a Certificate name it); if not, the controller answers with a certificate of its own.";
    IngressClassMissing, "ingress-class-missing", false, "An Ingress names no class, and the input has no default IngressClass: it is served if the cluster has a default class, and by whichever controller that is.";
    IngressClassUnknown, "ingress-class-unknown", true, "The class of an Ingress is not among the IngressClasses of the input, of which there are some: no controller serves it.";
    IngressResourceWithoutController, "ingress-resource-without-controller", true, "The input holds Ingresses and parts of a cluster itself (nodes, or workloads of kube-system), but no ingress controller: an Ingress is only a wish, and needs a controller that fulfils it.";
}

pub(super) fn check(scene: &mut Scene<'_>) {
    let all: Vec<(&Entry, &Ingress)> = scene.cluster.ingresses().collect();
    let classes = Classes::of(scene);
    for (entry, ingress) in &all {
        tls(scene, entry);
        class(scene, entry, ingress, &classes);
    }
    certificates(scene);
    routes(scene, &all);
    if let Some((first, _)) = all.first() {
        controller(scene, first, all.len());
    }
}

/// Of an input that holds what only whole clusters have, the controller is part, if there is one.
fn controller(scene: &mut Scene<'_>, first: &Entry, count: usize) {
    let whole = scene.cluster.entries().iter().any(|e| e.key.kind == "Node")
        || scene.cluster.workloads().iter().any(|w| w.key.namespace() == "kube-system");
    let served =
        scene.connectivity.entrances().iter().any(|e| matches!(&e.way, Way::Controller(known) if !known.is_empty()));
    if !whole || served {
        return;
    }
    let what = if count == 1 { "an Ingress".to_owned() } else { format!("{count} Ingresses") };
    scene
        .report(
            Code::IngressResourceWithoutController,
            first,
            "",
            format!(
                "the manifests contain {what} and objects that only whole clusters have, but no ingress controller"
            ),
        )
        .help("install a controller, or name its pods with --ingress-controller");
}

/// A host and path of an Ingress.
struct Route<'a> {
    entry: &'a Entry,
    field: String,
    path: &'a str,
    matching: Matching,
    /// The backend, to tell a repetition from a contradiction.
    backend: Option<&'a IngressServiceBackend>,
}

/// How an Ingress compares a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    Exact,
    Prefix,
    /// As the controller likes.
    Implementation,
}

impl<'a> Route<'a> {
    fn of(entry: &'a Entry, rule: usize, index: usize, path: &'a HTTPIngressPath) -> Route<'a> {
        Route {
            entry,
            field: format!("spec.rules[{rule}].http.paths[{index}]"),
            path: path.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/"),
            matching: match path.path_type.as_str() {
                "Exact" => Matching::Exact,
                "ImplementationSpecific" => Matching::Implementation,
                _ => Matching::Prefix,
            },
            backend: path.backend.service.as_ref(),
        }
    }

    /// What is the same for two routes that are the same to every controller.
    fn identity(&self) -> (&'a str, bool) {
        (self.path, self.matching == Matching::Exact)
    }

    fn is_prefix(&self) -> bool {
        self.matching == Matching::Prefix
    }

    /// Whether two routes send to the same place.
    fn agrees(&self, other: &Route<'_>) -> bool {
        self.entry.key.namespace == other.entry.key.namespace && self.backend == other.backend
    }

    /// The path without a slash at its end.
    fn stem(&self) -> &str {
        if self.path.len() > 1 { self.path.trim_end_matches('/') } else { self.path }
    }
}

fn routes<'a>(scene: &mut Scene<'a>, all: &[(&'a Entry, &'a Ingress)]) {
    let mut hosts: BTreeMap<(String, &str), Vec<Route<'_>>> = BTreeMap::new();
    for &(entry, ingress) in all {
        // A canary of nginx repeats the route on purpose.
        if entry.object.annotations.get("nginx.ingress.kubernetes.io/canary").is_some_and(|v| v == "true") {
            continue;
        }
        let class = balancer(entry, class_of(entry, ingress).unwrap_or_default());
        let apart = Apart::of(scene, entry);
        for (r, rule) in ingress.spec.iter().flat_map(|s| s.rules.iter().flatten()).enumerate() {
            for (p, path) in rule.http.iter().flat_map(|h| &h.paths).enumerate() {
                if !apart.tells(&path.backend, r, p) {
                    let host = rule.host.as_deref().unwrap_or_default();
                    hosts.entry((class.clone(), host)).or_default().push(Route::of(entry, r, p, path));
                }
            }
        }
    }
    for ((_, host), routes) in &hosts {
        let mut known = Known::default();
        for route in routes {
            match (known.same(route), known.shadowing(route)) {
                (Some(first), _) => repeated(scene, host, first, route),
                (None, Some(other)) => shadowed(scene, host, other, route),
                (None, None) => {}
            }
            known.add(route);
        }
    }
}

/// Who answers for an Ingress: the controllers of a class, or one load balancer for each group of Ingresses
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#group.name>).
fn balancer(entry: &Entry, class: String) -> String {
    const ALB: &str = "alb.ingress.kubernetes.io/";
    let annotations = &entry.object.annotations;
    match annotations.get("alb.ingress.kubernetes.io/group.name") {
        Some(group) => format!("{class} group {group}"),
        None if class == "alb" || annotations.keys().any(|key| key.starts_with(ALB)) => {
            format!("{class} {}/{}", entry.key.namespace(), entry.key.name)
        }
        None => class,
    }
}

/// Routes of a host that came before.
#[derive(Default)]
struct Known<'a> {
    /// The first of each path, exact or not.
    firsts: BTreeMap<(&'a str, bool), &'a Route<'a>>,
    /// The first prefix of each stem, and the first that sends elsewhere than that.
    prefixes: BTreeMap<&'a str, (&'a Route<'a>, Option<&'a Route<'a>>)>,
}

impl<'a> Known<'a> {
    fn add(&mut self, route: &'a Route<'a>) {
        self.firsts.entry(route.identity()).or_insert(route);
        if route.is_prefix() {
            let (first, other) = self.prefixes.entry(route.stem()).or_insert((route, None));
            if other.is_none() && !first.agrees(route) {
                *other = Some(route);
            }
        }
    }

    /// The first route that is the same to every controller.
    fn same(&self, route: &Route<'_>) -> Option<&'a Route<'a>> {
        self.firsts.get(&route.identity()).copied()
    }

    /// A prefix with and without a slash at its end is the same prefix: one of the two never answers. The first that
    /// means the same as this one and sends elsewhere.
    fn shadowing(&self, route: &Route<'_>) -> Option<&'a Route<'a>> {
        let (first, other) = self.prefixes.get(route.stem()).filter(|_| route.is_prefix())?;
        if first.agrees(route) { *other } else { Some(first) }
    }
}

/// What tells paths of an Ingress apart by more than host and path: an action answers some requests for it, or
/// conditions choose among them
/// (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#conditions>).
struct Apart<'a> {
    /// Fields that name an action.
    actions: BTreeSet<&'a str>,
    /// Names of Services with conditions.
    conditions: BTreeSet<&'a str>,
}

impl<'a> Apart<'a> {
    fn of(scene: &Scene<'a>, entry: &'a Entry) -> Apart<'a> {
        let own = scene.cluster.find(&entry.key).map(|object| scene.facts.backends_of(object)).unwrap_or_default();
        let actions = own.iter().filter(|b| b.target == BackendTarget::Action).map(|b| b.field.as_str());
        let named = |key: &'a String| key.match_indices(CONDITIONS).map(|(at, mark)| &key[at + mark.len()..]);
        Apart { actions: actions.collect(), conditions: entry.object.annotations.keys().flat_map(named).collect() }
    }

    fn tells(&self, backend: &IngressBackend, rule: usize, path: usize) -> bool {
        let Some(service) = &backend.service else { return false };
        let field = || format!("spec.rules[{rule}].http.paths[{path}].backend.service");
        self.conditions.contains(service.name.as_str())
            || !self.actions.is_empty() && self.actions.contains(field().as_str())
    }
}

/// What precedes the name of a Service in an annotation with conditions.
const CONDITIONS: &str = "/conditions.";

fn repeated(scene: &mut Scene<'_>, host: &str, first: &Route<'_>, route: &Route<'_>) {
    let place = format!("{}{}", if host.is_empty() { "any host " } else { host }, route.path);
    let (message, help) = if std::ptr::eq(first.entry, route.entry) {
        (format!("{} lists {place} twice", title(route.entry)), "keep one of them")
    } else {
        (
            format!("{place} is a route of both {} and {}", title(first.entry), title(route.entry)),
            "let one Ingress have the path, or give them different hosts",
        )
    };
    let apart = scene.separate.why(first.entry, route.entry);
    let report = scene
        .report(Code::IngressDuplicateRoute, route.entry, &route.field, message)
        .related(first.entry, &first.field, "the same host and path")
        .help(help);
    if let Some(why) = apart {
        report.lowered(why);
    }
}

fn shadowed(scene: &mut Scene<'_>, host: &str, other: &Route<'_>, route: &Route<'_>) {
    let message = format!(
        "{}: {host}{} means the same prefix as {host}{}, and only one of them answers",
        title(route.entry),
        route.path,
        other.path
    );
    scene
        .report(Code::IngressShadowedPath, route.entry, &route.field, message)
        .related(other.entry, &other.field, "the other path")
        .help("a slash at the end of a prefix makes no difference: keep one of them, or make one exact");
}

/// An Ingress in a sentence.
fn title(entry: &Entry) -> String {
    format!("Ingress {}/{}", entry.key.namespace(), entry.key.name)
}

/// Hosts without TLS.
fn tls(scene: &mut Scene<'_>, entry: &Entry) {
    let facts = scene.facts;
    let hosts = scene.cluster.find(&entry.key).map(|object| facts.hosts_of(object)).unwrap_or_default();
    let plain: Vec<&Host> = hosts.iter().filter(|h| h.tls == HostTls::None).collect();
    if !plain.is_empty() {
        let named: BTreeSet<&str> = plain.iter().filter_map(|h| h.name.as_deref()).collect();
        let whom =
            if named.is_empty() { "any host".to_owned() } else { named.into_iter().collect::<Vec<_>>().join(", ") };
        scene
            .report(Code::IngressNoTls, entry, "spec", format!("{} serves {whom} without TLS", title(entry)))
            .help("add `spec.tls` with the host and the Secret of its certificate");
    }
    let listed = entry.object.tree.at(&["spec", "tls"]).map(Tree::items).unwrap_or_default();
    let covered: Vec<&str> = listed
        .iter()
        .flat_map(|t| t.get("hosts").map(Tree::items).unwrap_or_default())
        .filter_map(Tree::as_str)
        .collect();
    let covered = Names::new(covered);
    for host in hosts.iter().filter(|h| h.tls == HostTls::Uncovered) {
        let Some(name) = &host.name else { continue };
        let near = covered.nearest(name).map_or(String::new(), |n| format!("; they name {n}"));
        let message = format!("{}: the hosts of its TLS do not cover {name}{near}", title(entry));
        scene
            .report(Code::IngressTlsHostMismatch, entry, &host.field, message)
            .related(entry, "spec.tls", "its TLS")
            .help(format!("add {name} to `hosts`"));
    }
}

/// Secrets of certificates that nobody is known to make.
fn certificates(scene: &mut Scene<'_>) {
    let facts = scene.facts;
    for certificate in facts.certificates.iter().filter(|c| c.source == CertificateSource::Missing) {
        let entry = scene.entry(certificate.object);
        let (namespace, name) = (certificate.secret.namespace(), &certificate.secret.name);
        let message = format!("{}: Secret {namespace}/{name} with its certificate is not in the input", title(entry));
        scene
            .report(Code::TlsSecretMissing, entry, &certificate.field, message)
            .help("nothing is wrong if it is made by other means");
    }
}

fn class_of(entry: &Entry, ingress: &Ingress) -> Option<String> {
    let field = ingress.spec.as_ref().and_then(|s| s.ingress_class_name.clone());
    field.or_else(|| entry.object.annotations.get("kubernetes.io/ingress.class").cloned())
}

/// The classes of the input.
struct Classes {
    default: bool,
    names: BTreeSet<String>,
    near: Names<String>,
    /// All of them in a sentence.
    there: String,
}

impl Classes {
    fn of(scene: &Scene<'_>) -> Classes {
        let is_default = |e: &Entry| {
            e.object.annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true")
        };
        let all: Vec<&Entry> = scene.cluster.ingress_classes().map(|(e, _)| e).collect();
        let names: BTreeSet<String> = all.iter().map(|e| e.key.name.clone()).collect();
        Classes {
            default: all.iter().any(|e| is_default(e)),
            near: Names::new(names.iter().cloned()),
            names,
            there: text::first(all.iter().map(|e| &e.key.name), 20),
        }
    }
}

fn class(scene: &mut Scene<'_>, entry: &Entry, ingress: &Ingress, classes: &Classes) {
    let name = format!("Ingress {}/{}", entry.key.namespace(), entry.key.name);
    match class_of(entry, ingress) {
        None if !classes.default && !is_google(entry) => {
            let unclaimed = scene.cluster.find(&entry.key).and_then(|at| scene.facts.unclaimed.get(&at));
            let message = match unclaimed {
                Some(why) => {
                    let controllers: Vec<String> =
                        why.controllers.iter().map(|&w| named(&scene.cluster.workloads()[w])).collect();
                    let among = match (why.classes.len(), controllers.len()) {
                        (0, _) => format!("of the controllers {} none is the default", some(&controllers)),
                        (_, 0) => format!("of the classes {} none is the default", classes.there),
                        (1, _) => format!(
                            "class {} is not the default of the controllers {}",
                            classes.there,
                            some(&controllers)
                        ),
                        _ => format!(
                            "of the classes {} none is the default (controllers: {})",
                            classes.there,
                            some(&controllers)
                        ),
                    };
                    format!("{name} names no class, and {among}: no controller takes it, and it exposes nothing")
                }
                None => format!(
                    "{name} names no class: only a controller of a default class would serve it, and {}",
                    match classes.names.len() {
                        0 => "the input has no such class".to_owned(),
                        _ => format!("class {} is none", classes.there),
                    }
                ),
            };
            scene.report(Code::IngressClassMissing, entry, "spec", message).help("set `spec.ingressClassName`");
        }
        Some(class) if !classes.names.is_empty() && !classes.names.contains(&class) => {
            // The annotation is the controller's own and names no IngressClass.
            if ingress.spec.as_ref().is_none_or(|s| s.ingress_class_name.is_none()) {
                return;
            }
            let near = classes.near.nearest(&class);
            let there = &classes.there;
            let report = scene.report(
                Code::IngressClassUnknown,
                entry,
                "spec.ingressClassName",
                format!("{name} is of class {class}, and the input has class {there}"),
            );
            if let Some(near) = near {
                let report = report.help(format!("`ingressClassName: {near}` is probably meant"));
                if is_slip(&class, &near) {
                    report.severity(Severity::Warning);
                }
            }
        }
        _ => {}
    }
}
