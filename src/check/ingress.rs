//! Ingresses: whether each host and path leads somewhere, securely, and to one place only.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, IngressServiceBackend};

use super::nearest;
use super::registry::family;
use super::scene::Scene;
use crate::cluster::Entry;
use crate::diagnostic::{Code, Severity};
use crate::manifest::Body;
use crate::net::ObjectKey;
use crate::policy::Way;

family! {
    IngressBackendMissing, "ingress-backend-missing", true, "An Ingress sends a path to a Service that is not in its namespace: requests get 503 (or 404) from the controller. An Ingress can send to Services of its own namespace only.";
    IngressPortMissing, "ingress-port-missing", false, "An Ingress names a port that the Service does not have. It must be the port of the Service, by number or name, and not that of the container behind it: the Service translates.";
    IngressDuplicateRoute, "ingress-duplicate-route", false, "The same host and path of the same class is sent to two places. Which of them answers depends on the controller and on which Ingress is older.";
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
    for (entry, ingress) in &all {
        for (field, backend) in backends(ingress) {
            if let Some(service) = &backend.service {
                to(scene, entry, &field, service);
            }
        }
        tls(scene, entry, ingress);
        class(scene, entry, ingress);
    }
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
            format!("the input holds {what} and what only whole clusters have, but no ingress controller"),
        )
        .help("install a controller, or name its pods with --ingress-controller");
}

/// Every backend with its field.
fn backends(ingress: &Ingress) -> Vec<(String, &IngressBackend)> {
    let mut found = Vec::new();
    let Some(spec) = &ingress.spec else { return found };
    for (r, rule) in spec.rules.iter().flatten().enumerate() {
        for (p, path) in rule.http.iter().flat_map(|h| &h.paths).enumerate() {
            found.push((format!("spec.rules[{r}].http.paths[{p}].backend.service"), &path.backend));
        }
    }
    found.extend(spec.default_backend.iter().map(|b| ("spec.defaultBackend.service".to_owned(), b)));
    found
}

fn to(scene: &mut Scene<'_>, entry: &Entry, field: &str, backend: &IngressServiceBackend) {
    let namespace = entry.key.namespace();
    let ingress = format!("Ingress {namespace}/{}", entry.key.name);
    let key = ObjectKey::new("", "Service", namespace, &backend.name);
    let Some(service) = scene.find(&key) else {
        // A controller of a cloud may know ports that are no Services.
        if backend.port.as_ref().is_some_and(|p| p.name.as_deref() == Some("use-annotation")) {
            return;
        }
        let services: Vec<(&Entry, _)> = scene.cluster.services().collect();
        let here: BTreeSet<&str> =
            services.iter().filter(|(e, _)| e.key.namespace() == namespace).map(|(e, _)| e.key.name.as_str()).collect();
        let elsewhere = services.iter().find(|(e, _)| e.key.name == backend.name).map(|(e, _)| *e);
        let alone = here.is_empty();
        let near = nearest::name(&backend.name, here.into_iter()).map(str::to_owned);
        let (hint, help) = match (near, elsewhere) {
            (_, Some(other)) => (
                format!("; there is one in namespace {}", other.key.namespace()),
                "an Ingress sends to Services of its own namespace only".to_owned(),
            ),
            (Some(near), None) => (format!("; there is {near}"), format!("`name: {near}` is probably meant")),
            (None, None) => (String::new(), "add the Service, or correct its name".to_owned()),
        };
        let message =
            format!("{ingress} sends to Service {namespace}/{}, which is not in the input{hint}", backend.name);
        let report = scene.report(Code::IngressBackendMissing, entry, &format!("{field}.name"), message).help(help);
        if let Some(other) = elsewhere {
            report.related(other, "metadata.name", "a Service of this name");
        } else if alone {
            report.severity(Severity::Warning).lowered("the input holds no Service of that namespace");
        }
        return;
    };
    let Body::Service(body) = &service.object.body else { return };
    let spec = body.spec.as_ref();
    let ports = spec.and_then(|s| s.ports.as_deref()).unwrap_or_default();
    let Some(wanted) = &backend.port else { return };
    // An alias has the ports of what it stands for, of which nothing is known.
    if ports.is_empty() && spec.is_some_and(|s| s.type_.as_deref() == Some("ExternalName")) {
        return;
    }
    let (text, has) = match (wanted.number.filter(|n| *n != 0), wanted.name.as_deref()) {
        (Some(number), _) => (number.to_string(), ports.iter().any(|p| p.port == number)),
        (None, Some(name)) if name != "use-annotation" => {
            (name.to_owned(), ports.iter().any(|p| p.name.as_deref() == Some(name)))
        }
        _ => return,
    };
    if has {
        return;
    }
    let target = |p: &k8s_openapi::api::core::v1::ServicePort| match &p.target_port {
        Some(k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int(n)) => n.to_string(),
        Some(k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::String(s)) => s.clone(),
        None => p.port.to_string(),
    };
    let named = |p: &k8s_openapi::api::core::v1::ServicePort| match &p.name {
        Some(name) => format!("{} ({name})", p.port),
        None => p.port.to_string(),
    };
    let there = ports.iter().map(named).collect::<Vec<_>>().join(", ");
    let behind = ports.iter().find(|p| target(p) == text);
    let help = match (behind, ports) {
        (Some(port), _) => format!("did you mean the Service's port {}? {text} is the pods' port", port.port),
        (None, [only]) => format!("the Service has port {} only", named(only)),
        _ => "name a port of the Service".to_owned(),
    };
    let message = format!(
        "{ingress} sends to port {text} of Service {namespace}/{}, which has {}",
        backend.name,
        if there.is_empty() { "no port".to_owned() } else { format!("port {there}") }
    );
    scene.report(Code::IngressPortMissing, entry, &format!("{field}.port"), message).help(help).related(
        service,
        "spec.ports",
        "the ports of the Service",
    );
}

/// A host and path of an Ingress.
struct Route<'a> {
    entry: &'a Entry,
    field: String,
    path: String,
    exact: bool,
    /// Where it sends, to tell a repetition from a contradiction.
    target: String,
}

fn routes(scene: &mut Scene<'_>, all: &[(&Entry, &Ingress)]) {
    let mut hosts: BTreeMap<(String, String), Vec<Route<'_>>> = BTreeMap::new();
    for &(entry, ingress) in all {
        // A canary of nginx repeats the route on purpose.
        if entry.object.annotations.get("nginx.ingress.kubernetes.io/canary").is_some_and(|v| v == "true") {
            continue;
        }
        let class = class_of(entry, ingress).unwrap_or_default();
        for (r, rule) in ingress.spec.iter().flat_map(|s| s.rules.iter().flatten()).enumerate() {
            for (p, path) in rule.http.iter().flat_map(|h| &h.paths).enumerate() {
                let target = path
                    .backend
                    .service
                    .as_ref()
                    .map(|s| (s.name.clone(), s.port.as_ref().map(|p| (p.number, p.name.clone()))));
                // What this type means only the controller knows.
                let known = path.path_type != "ImplementationSpecific";
                hosts.entry((class.clone(), rule.host.clone().unwrap_or_default())).or_default().push(Route {
                    entry,
                    field: format!("spec.rules[{r}].http.paths[{p}]"),
                    path: path.path.clone().filter(|p| !p.is_empty()).unwrap_or_else(|| "/".into()),
                    exact: path.path_type == "Exact",
                    target: format!("{}/{target:?}/{known}", entry.key.namespace()),
                });
            }
        }
    }
    for ((_, host), routes) in &hosts {
        for (i, route) in routes.iter().enumerate() {
            let Some(first) = routes[..i].iter().find(|other| (&other.path, other.exact) == (&route.path, route.exact))
            else {
                shadowed(scene, host, &routes[..i], route);
                continue;
            };
            let place = format!("{}{}", if host.is_empty() { "any host " } else { host }, route.path);
            let own = |r: &Route<'_>| format!("Ingress {}/{}", r.entry.key.namespace(), r.entry.key.name);
            let (message, help) = if std::ptr::eq(first.entry, route.entry) {
                (format!("{} lists {place} twice", own(route)), "keep one of them")
            } else {
                (
                    format!("{place} is a route of both {} and {}", own(first), own(route)),
                    "let one Ingress have the path, or give them different hosts",
                )
            };
            scene
                .report(Code::IngressDuplicateRoute, route.entry, &route.field, message)
                .related(first.entry, &first.field, "the same host and path")
                .help(help);
        }
    }
}

/// A prefix with and without a slash at its end is the same prefix: one of the two never answers.
fn shadowed(scene: &mut Scene<'_>, host: &str, before: &[Route<'_>], route: &Route<'_>) {
    let plain =
        |path: &str| -> String { if path.len() > 1 { path.trim_end_matches('/').to_owned() } else { path.to_owned() } };
    let same = before.iter().find(|other| {
        !other.exact
            && !route.exact
            && plain(&other.path) == plain(&route.path)
            && other.target != route.target
            && !other.target.ends_with("false")
            && !route.target.ends_with("false")
    });
    if let Some(other) = same {
        let message = format!(
            "Ingress {}/{}: {host}{} means the same prefix as {host}{}, and only one of them answers",
            route.entry.key.namespace(),
            route.entry.key.name,
            route.path,
            other.path
        );
        scene
            .report(Code::IngressShadowedPath, route.entry, &route.field, message)
            .related(other.entry, &other.field, "the other path")
            .help("a slash at the end of a prefix makes no difference: keep one of them, or make one exact");
    }
}

fn tls(scene: &mut Scene<'_>, entry: &Entry, ingress: &Ingress) {
    let Some(spec) = &ingress.spec else { return };
    let name = format!("Ingress {}/{}", entry.key.namespace(), entry.key.name);
    let tls = spec.tls.as_deref().unwrap_or_default();
    let hosts: BTreeSet<&str> =
        spec.rules.iter().flatten().filter_map(|r| r.host.as_deref()).filter(|h| !h.is_empty()).collect();
    if tls.is_empty() {
        // Controllers of clouds take certificates from annotations.
        let elsewhere = |key: &&String| {
            ["certificate", "ssl-cert", "tls", "listen-ports", "pre-shared-cert"].iter().any(|w| key.contains(w))
        };
        if entry.object.annotations.keys().any(|k| elsewhere(&k)) || (hosts.is_empty() && backends(ingress).is_empty())
        {
            return;
        }
        let whom =
            if hosts.is_empty() { "any host".to_owned() } else { hosts.iter().copied().collect::<Vec<_>>().join(", ") };
        scene
            .report(Code::IngressNoTls, entry, "spec", format!("{name} serves {whom} without TLS"))
            .help("add `spec.tls` with the host and the Secret of its certificate");
        return;
    }
    let certificates = |host: &str| {
        tls.iter().any(|t| {
            let covered = t.hosts.as_deref().unwrap_or_default();
            covered.is_empty()
                || covered.iter().any(|c| {
                    c == host
                        || c.strip_prefix('*').is_some_and(|rest| {
                            host.strip_suffix(rest).is_some_and(|front| !front.is_empty() && !front.contains('.'))
                        })
                })
        })
    };
    let named: Vec<String> = tls.iter().flat_map(|t| t.hosts.iter().flatten()).cloned().collect();
    for (r, rule) in spec.rules.iter().flatten().enumerate() {
        if let Some(host) = rule.host.as_deref().filter(|h| !h.is_empty() && !certificates(h)) {
            let near = nearest::name(host, named.iter().map(String::as_str))
                .map_or(String::new(), |n| format!("; they name {n}"));
            scene
                .report(
                    Code::IngressTlsHostMismatch,
                    entry,
                    &format!("spec.rules[{r}].host"),
                    format!("{name}: the hosts of its TLS do not cover {host}{near}"),
                )
                .related(entry, "spec.tls", "its TLS")
                .help(format!("add {host} to `hosts`"));
        }
    }
    let managed = entry.object.annotations.keys().any(|k| {
        k.starts_with("cert-manager.io/")
            || k.starts_with("kubernetes.io/tls-acme")
            || k.starts_with("certmanager.k8s.io/")
    });
    for (t, tls) in tls.iter().enumerate() {
        let Some(secret) = tls.secret_name.as_deref().filter(|_| !managed) else {
            continue;
        };
        let key = ObjectKey::new("", "Secret", entry.key.namespace(), secret);
        if scene.find(&key).is_some() || is_certificate(scene, entry.key.namespace(), secret) {
            continue;
        }
        scene
            .report(
                Code::TlsSecretMissing,
                entry,
                &format!("spec.tls[{t}].secretName"),
                format!("{name}: Secret {}/{secret} with its certificate is not in the input", entry.key.namespace()),
            )
            .help("nothing is wrong if it is made by other means");
    }
}

/// Whether something of the input makes the Secret: a Certificate, or what brings secrets from outside.
fn is_certificate(scene: &Scene<'_>, namespace: &str, secret: &str) -> bool {
    scene.cluster.entries().iter().any(|e| {
        let tree = &e.object.tree;
        let named = |path: &[&str]| tree.at(path).and_then(|t| t.as_str()) == Some(secret);
        e.key.namespace() == namespace
            && match e.key.kind.as_str() {
                "Certificate" => named(&["spec", "secretName"]),
                "SealedSecret" => e.key.name == secret,
                "ExternalSecret" => named(&["spec", "target", "name"]) || e.key.name == secret,
                _ => false,
            }
    })
}

fn class_of(entry: &Entry, ingress: &Ingress) -> Option<String> {
    let field = ingress.spec.as_ref().and_then(|s| s.ingress_class_name.clone());
    field.or_else(|| entry.object.annotations.get("kubernetes.io/ingress.class").cloned())
}

/// Whether annotations are those of Google Cloud's controller, which serves Ingresses without a class
/// (<https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#controller_summary>).
pub(super) fn is_google(entry: &Entry) -> bool {
    let own = [
        "ingress.gcp.kubernetes.io/",
        "kubernetes.io/ingress.allow-http",
        "kubernetes.io/ingress.global-static-ip-name",
        "kubernetes.io/ingress.regional-static-ip-name",
        "networking.gke.io/",
    ];
    entry.object.annotations.keys().any(|k| own.iter().any(|o| k.starts_with(o)))
}

fn class(scene: &mut Scene<'_>, entry: &Entry, ingress: &Ingress) {
    let name = format!("Ingress {}/{}", entry.key.namespace(), entry.key.name);
    let classes: Vec<(&Entry, bool)> = scene
        .cluster
        .ingress_classes()
        .map(|(e, _)| {
            (e, e.object.annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true"))
        })
        .collect();
    match class_of(entry, ingress) {
        None if !classes.iter().any(|(_, default)| *default) && !is_google(entry) => {
            scene
                .report(
                    Code::IngressClassMissing,
                    entry,
                    "spec",
                    format!("{name} names no class: only a controller of a default class would serve it, and the input has no such class"),
                )
                .help("set `spec.ingressClassName`");
        }
        Some(class) if !classes.is_empty() && !classes.iter().any(|(e, _)| e.key.name == class) => {
            // The annotation is the controller's own and names no IngressClass.
            if ingress.spec.as_ref().is_none_or(|s| s.ingress_class_name.is_none()) {
                return;
            }
            let names = classes.iter().map(|(e, _)| e.key.name.as_str());
            let near = nearest::name(&class, names.clone()).map(str::to_owned);
            let there = names.collect::<Vec<_>>().join(", ");
            let report = scene.report(
                Code::IngressClassUnknown,
                entry,
                "spec.ingressClassName",
                format!("{name} is of class {class}, and the input has class {there}"),
            );
            if let Some(near) = near {
                report.help(format!("`ingressClassName: {near}` is probably meant"));
            }
        }
        _ => {}
    }
}
