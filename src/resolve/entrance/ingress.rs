//! Ingresses: Internet → Ingress → backend.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{
    Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec, IngressTLS,
};

use super::super::backends::Reference;
use super::super::clouds::{self, Placed};
use super::super::facts::{BackendTarget, Certificate, CertificateSource, Host};
use super::alb::{self, Action, Wanted};
use super::annotations::Canaries;
use super::doors::Hop;
use super::route::{Clients, Rules, Target, everything, mirrored};
use super::{Context, annotations, limits, mergeable, nginx_config, port_number, resources, tls, traefik};
use crate::cluster::Entry;
use crate::graph::{
    Backend, Detail, EdgeDetail, Evidence, Expose, Exposure, HostTls, Identity, Node, NodeId, RouteRule, ServiceKind,
    When,
};
use crate::net::{ObjectKey, text as names};

/// Adds every Ingress with its edges.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    let is_default = |entry: &Entry| {
        entry.object.annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true")
    };
    let default_classes: Vec<String> =
        cluster.ingress_classes().filter(|(e, _)| is_default(e)).map(|(e, _)| e.key.name.clone()).collect();
    let mut all = Together {
        canaries: Canaries::of(cluster),
        expressions: annotations::expression_hosts(cluster),
        secured: BTreeSet::new(),
        masters: mergeable::masters(cluster),
        default_classes,
    };
    all.secured = cluster.ingresses().flat_map(|(entry, ingress)| secured(entry, ingress, &all)).collect();
    for (entry, ingress) in cluster.ingresses() {
        add_one(context, (entry, ingress), &all);
    }
}

/// What Ingresses say of each other.
struct Together {
    canaries: Canaries,
    /// Hosts whose paths are regular expressions.
    expressions: BTreeSet<String>,
    /// Hosts that some Ingress of a class has a certificate for.
    secured: BTreeSet<(Option<String>, String)>,
    /// The Ingresses that others add paths to.
    masters: mergeable::Masters,
    /// The classes that are marked as default.
    default_classes: Vec<String>,
}

impl Together {
    fn class(&self, entry: &Entry, ingress: &Ingress) -> Option<String> {
        let annotation = entry.object.annotations.get("kubernetes.io/ingress.class");
        let named = ingress.spec.as_ref().and_then(|s| s.ingress_class_name.clone());
        named.or_else(|| annotation.cloned()).or_else(|| self.default_classes.first().cloned())
    }
}

/// The hosts that an Ingress has a certificate for. A controller that serves all Ingresses of its class as one has it
/// for each of them (<https://kubernetes.github.io/ingress-nginx/user-guide/tls/>); clouds make a load balancer for
/// each.
fn secured(entry: &Entry, ingress: &Ingress, all: &Together) -> Vec<(Option<String>, String)> {
    let class = all.class(entry, ingress);
    let is_clouds = class.as_deref().is_none_or(|c| c.starts_with("alb") || c.starts_with("gce"));
    if is_clouds || tls::is_passthrough(&entry.object.annotations) {
        return Vec::new();
    }
    let hosts = ingress.spec.iter().flat_map(|s| s.tls.iter().flatten()).flat_map(|t| t.hosts.iter().flatten());
    hosts.map(|host| (class.clone(), host.clone())).collect()
}

/// Hosts for which an Ingress of the same class has a certificate are encrypted.
fn share_certificates(hosts: &mut [Host], class: Option<&String>, all: &Together) {
    for host in hosts.iter_mut().filter(|h| matches!(h.tls, HostTls::None | HostTls::Uncovered)) {
        let own = host.name.clone().map(|name| (class.cloned(), name));
        if own.is_some_and(|own| all.secured.contains(&own)) {
            host.tls = HostTls::Terminated;
        }
    }
}

fn add_one(context: &mut Context<'_>, (entry, ingress): (&Entry, &Ingress), all: &Together) {
    let canaries = &all.canaries;
    let nothing = IngressSpec::default();
    let spec = ingress.spec.as_ref().unwrap_or(&nothing);
    let tls: &[IngressTLS] = spec.tls.as_deref().unwrap_or_default();
    let class = all.class(entry, ingress);
    let mut hosts = hosts(context, entry, spec);
    share_certificates(&mut hosts, class.as_ref(), all);
    let secure = !tls.is_empty() || hosts.iter().any(|h| h.tls.is_encrypted());
    if let Some(class) = &class {
        context.class(entry, class);
    }
    let id = context.object(entry, Detail::Ingress { class: class.clone(), tls: secure });
    let is_claimed = !context.facts.unclaimed.contains_key(&context.position(entry));
    if is_claimed && canaries.is_used(entry, ingress) {
        expose(context, entry, &id, class.as_deref());
    }
    certificates(context, entry, tls);
    if let Some(checked) = annotations::checked(&entry.object.annotations) {
        let object = context.position(entry);
        context.facts.checked.insert(object, checked);
    }

    limits::of_backends(context, entry);
    let listening = annotations::listening(&entry.object.annotations);
    if !listening.is_empty() {
        context.heard(entry, listening);
    }
    let redirect = annotations::redirect(&entry.object.annotations);
    let mut edges = Edges { entry, found: Rules::of(entry), canaries, expressions: &all.expressions, redirect };
    mergeable::of(context, (entry, ingress), &all.masters, &mut hosts);
    if class.as_deref().is_some_and(|c| c.contains("nginx")) {
        nginx_config::of(context, entry);
    }
    let aliases = aliases(context, entry, tls);
    let named = spec.rules.as_deref().unwrap_or_default();
    for (r, (rule, host)) in named.iter().zip(&hosts).enumerate() {
        edges.rule(context, spec, (r, rule), host);
        for alias in aliases.iter().filter(|_| host.name.is_some()) {
            edges.rule(context, spec, (r, rule), alias);
        }
        for expression in expressions_of(entry).filter(|_| host.name.is_some()) {
            edges.alias(context, spec, (r, rule), expression);
        }
    }
    if let (Some(backend), Some(host)) = (&spec.default_backend, hosts.get(named.len())) {
        let rule = RouteRule { default: true, ..everything(None, host.tls) };
        edges.add(context, backend, &Field::default_backend(), rule);
    }
    edges.others(context, &hosts);
    faults(context, (entry, ingress), class.as_deref(), canaries);
    several_defaults(context, (entry, ingress), &all.default_classes);
    context.facts.hosts.extend(hosts);
    context.facts.hosts.extend(aliases);
    edges.found.finish(context, &id);
}

/// What controllers, or the API server, do not take of an Ingress.
fn faults(context: &mut Context<'_>, (entry, ingress): (&Entry, &Ingress), class: Option<&str>, canaries: &Canaries) {
    let annotations = &entry.object.annotations;
    let by_field = ingress.spec.as_ref().is_some_and(|s| s.ingress_class_name.is_some());
    if by_field && annotations.contains_key("kubernetes.io/ingress.class") {
        // (https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go)
        let text = "it names its class in the annotation and in `spec.ingressClassName`, and is not created with both";
        context.fault(entry, text, "spec.ingressClassName");
    }
    let paths =
        ingress.spec.iter().flat_map(|s| s.rules.iter().flatten()).flat_map(|r| r.http.iter()).flat_map(|h| &h.paths);
    if tls::is_passthrough(annotations) && paths.filter_map(|p| p.path.as_deref()).any(|p| !matches!(p, "" | "/")) {
        // (https://kubernetes.github.io/ingress-nginx/user-guide/tls/#ssl-passthrough)
        let text = "TLS is passed through by the name of the host, and its paths tell no requests apart";
        context.fault(entry, text, "spec.rules");
    }
    if !canaries.is_used(entry, ingress) {
        let text = "it is a canary, and no other Ingress has a host and path of it: it gets no requests";
        context.fault(entry, text, "metadata.annotations");
    }
    if !annotations::is_alb(annotations, class)
        || annotations.get("alb.ingress.kubernetes.io/target-type").is_some_and(|t| t != "instance")
    {
        return;
    }
    // (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#target-type)
    let cluster = context.cluster;
    for name in limits::backends(entry) {
        let key = ObjectKey::new("", "Service", entry.key.namespace(), name);
        let Some(service) = context.service(&key) else { continue };
        let is_default = cluster.ingress_classes().all(|(class, _)| class.key.group != alb::GROUP)
            && !cluster.entries().iter().any(|e| e.key.kind == "IngressClassParams");
        if super::super::services::kind(service) == ServiceKind::ClusterIp && is_default {
            let text = format!(
                "its load balancer sends to node ports, for its target-type is `instance`, and Service {name} has none"
            );
            context.fault(entry, text, "metadata.annotations");
        }
    }
}

/// Keeps that the class of an Ingress that names none is not known where several are marked as default: the API server
/// takes the newest, and refused the Ingress in earlier versions
/// (<https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class>,
/// <https://github.com/kubernetes/kubernetes/pull/110974>).
fn several_defaults(context: &mut Context<'_>, (entry, ingress): (&Entry, &Ingress), classes: &[String]) {
    let by_field = ingress.spec.as_ref().is_some_and(|s| s.ingress_class_name.is_some());
    let is_named = by_field || entry.object.annotations.contains_key("kubernetes.io/ingress.class");
    let is_live = entry.object.tree.at(&["metadata", "uid"]).is_some();
    if classes.len() > 1 && !is_named && !is_live {
        let names = names::sentence(classes, 3);
        let text = format!(
            "it names no class, and {} IngressClasses are marked as default, {names}: which one it gets depends on \
             the cluster, which may refuse it",
            classes.len()
        );
        context.fault(entry, text, "spec");
    }
}

/// Further hosts that annotations name.
fn aliases(context: &Context<'_>, entry: &Entry, tls: &[IngressTLS]) -> Vec<Host> {
    let object = context.position(entry);
    let annotations = &entry.object.annotations;
    let Some((field, names)) = annotations::aliases(annotations) else { return Vec::new() };
    let host = |name: String| {
        let tls = tls::of_host(annotations, tls, Some(&name));
        Host { object, field: field.clone(), name: Some(name), tls }
    };
    names.into_iter().filter(|n| !n.starts_with('~')).map(host).collect()
}

/// Regular expressions for further hosts that annotations name.
fn expressions_of(entry: &Entry) -> impl Iterator<Item = String> + use<> {
    let names = annotations::aliases(&entry.object.annotations).map(|(_, names)| names).unwrap_or_default();
    names.into_iter().filter(|n| n.starts_with('~'))
}

/// The host of each rule, then any host for the default backend if there is one.
fn hosts(context: &Context<'_>, entry: &Entry, spec: &IngressSpec) -> Vec<Host> {
    let object = context.position(entry);
    let tls = spec.tls.as_deref().unwrap_or_default();
    let host = |field: String, name: Option<String>| {
        let tls = tls::of_host(&entry.object.annotations, tls, name.as_deref());
        Host { object, field, name, tls }
    };
    let rules = spec.rules.iter().flatten().enumerate();
    let named =
        rules.map(|(r, rule)| host(format!("spec.rules[{r}].host"), rule.host.clone().filter(|h| !h.is_empty())));
    let default = spec.default_backend.iter().map(|_| host("spec.defaultBackend".to_owned(), None));
    named.chain(default).collect()
}

/// Keeps where the Secrets of an Ingress come from.
fn certificates(context: &mut Context<'_>, entry: &Entry, tls: &[IngressTLS]) {
    let annotations = &entry.object.annotations;
    let managed = annotations.keys().any(|k| {
        ["cert-manager.io/", "kubernetes.io/tls-acme", "certmanager.k8s.io/"].iter().any(|known| k.starts_with(known))
    });
    let cluster = context.cluster;
    let object = context.position(entry);
    for (t, tls) in tls.iter().enumerate() {
        let Some(name) = tls.secret_name.as_deref() else { continue };
        let secret = ObjectKey::new("", "Secret", entry.key.namespace(), name);
        let source = if managed {
            CertificateSource::Managed
        } else if cluster.find(&secret).is_some() || resources::is_made(cluster, &secret) {
            CertificateSource::Known
        } else if tls::is_passthrough(annotations) {
            CertificateSource::Unused
        } else {
            CertificateSource::Missing
        };
        context.facts.certificates.push(Certificate {
            object,
            field: format!("spec.tls[{t}].secretName"),
            secret,
            source,
        });
    }
}

/// Where an Ingress names a backend.
struct Field {
    /// The rule that sends to it.
    rule: String,
    /// The backend itself.
    backend: String,
}

impl Field {
    fn path(rule: usize, path: usize) -> Field {
        let rule = format!("spec.rules[{rule}].http.paths[{path}]");
        Field { backend: format!("{rule}.backend.service"), rule }
    }

    fn default_backend() -> Field {
        Field { rule: "spec.defaultBackend".to_owned(), backend: "spec.defaultBackend.service".to_owned() }
    }
}

/// The edges of an Ingress, by target and port, with their rules and where each is declared.
struct Edges<'a> {
    entry: &'a Entry,
    found: Rules<'a>,
    canaries: &'a Canaries,
    /// Hosts whose paths are regular expressions.
    expressions: &'a BTreeSet<String>,
    /// The field that makes the controller answer every request with a redirect.
    redirect: Option<String>,
}

impl Edges<'_> {
    /// Adds what a rule sends for a host.
    fn rule(&mut self, context: &mut Context<'_>, spec: &IngressSpec, (r, rule): (usize, &IngressRule), host: &Host) {
        self.rules(context, spec, (r, rule), everything(host.name.clone(), host.tls));
    }

    /// Adds what a rule sends for hosts that a regular expression describes: it is not evaluated.
    fn alias(
        &mut self,
        context: &mut Context<'_>,
        spec: &IngressSpec,
        rule: (usize, &IngressRule),
        expression: String,
    ) {
        let plain = everything(Some(expression), HostTls::Undetermined);
        self.rules(context, spec, rule, plain);
    }

    fn rules(
        &mut self,
        context: &mut Context<'_>,
        spec: &IngressSpec,
        (r, rule): (usize, &IngressRule),
        plain: RouteRule,
    ) {
        let takes_expressions = self.expressions.contains(rule.host.as_deref().unwrap_or_default());
        let paths = rule.http.as_ref().map(|h| h.paths.as_slice()).unwrap_or_default();
        for (p, path) in paths.iter().enumerate() {
            let wanted = path.path.clone().filter(|p| !p.is_empty());
            let path_type = Some(path.path_type.clone()).filter(|t| !t.is_empty());
            let is_expression = takes_expressions && wanted.as_deref().is_some_and(|p| p != "/");
            let path_type = if is_expression { Some("RegularExpression".to_owned()) } else { path_type };
            let rule = RouteRule { path: wanted, path_type, ..plain.clone() };
            let rule = self.canaries.weighed(self.entry, rule);
            self.add(context, &path.backend, &Field::path(r, p), rule);
        }
        // A host without paths sends everything to the default backend
        // (https://kubernetes.io/docs/concepts/services-networking/ingress/#default-backend).
        if paths.is_empty()
            && let Some(backend) = &spec.default_backend
        {
            let field = Field { rule: format!("spec.rules[{r}]"), ..Field::default_backend() };
            self.add(context, backend, &field, plain);
        }
    }

    /// Adds a rule that sends to a backend: a Service of the Ingress's own namespace, or any other object of it.
    fn add(&mut self, context: &mut Context<'_>, backend: &IngressBackend, field: &Field, rule: RouteRule) {
        let said = context.evidence(self.entry, &field.rule);
        if let Some(service) = &backend.service {
            if alb::is_action(service.port.as_ref().and_then(|p| p.name.as_deref())) {
                self.action(context, &service.name, field, rule, said);
            } else {
                let reference = self.reference(context, &service.name, wanted(service), field);
                let found = context.backend(reference, &said);
                self.push(context, found, rule, said);
            }
        } else if let Some(resource) = &backend.resource {
            let group = resource.api_group.as_deref().unwrap_or_default();
            let key = ObjectKey::new(group, &resource.kind, self.entry.key.namespace(), &resource.name);
            let end = (context.referred(&key, said.clone()), Backend::None);
            self.push(context, end, rule, said);
        }
    }

    /// Adds what annotations send some requests to, or copies of them.
    fn others(&mut self, context: &mut Context<'_>, hosts: &[Host]) {
        for (key, field, when) in annotations::others(&self.entry.object.annotations, self.entry.key.namespace()) {
            let (namespace, name) = (key.namespace(), key.name.as_str());
            let plain = |host: &Host| everything(host.name.clone(), host.tls);
            let rule = |plain: RouteRule| match when {
                When::Copied => mirrored(plain),
                when => RouteRule { when, ..plain },
            };
            let rules: Vec<RouteRule> = hosts.iter().map(plain).map(rule).collect();
            let target = Target { namespace, name, port: Wanted::Nothing, port_field: field.clone(), field };
            self.found.send(context, target, rules);
        }
    }

    fn push(&mut self, context: &mut Context<'_>, end: (NodeId, Backend), rule: RouteRule, said: Evidence) {
        let rule = match rule.when {
            When::Always if annotations::is_for_some(&self.entry.object.annotations) => {
                RouteRule { when: When::Conditional, ..rule }
            }
            _ => rule,
        };
        match &self.redirect {
            Some(field) => self.found.answer(context, ("a redirect", field), [rule]),
            None => self.found.push(end, rule, said),
        }
    }

    fn reference(&self, context: &Context<'_>, name: &str, port: Wanted, field: &Field) -> Reference<'_> {
        let key = ObjectKey::new("", "Service", self.entry.key.namespace(), name);
        let port = context.checked_port(&key, port.backend(|name| context.named_port(&key, name)));
        Reference {
            entry: self.entry,
            field: field.backend.clone(),
            port_field: format!("{}.port", field.backend),
            key,
            port,
        }
    }

    /// Adds a rule that sends to an action: to the Services that it forwards to, or to a node of its own.
    fn action(&mut self, context: &mut Context<'_>, name: &str, field: &Field, rule: RouteRule, said: Evidence) {
        let action = Action::named(name, &self.entry.object.annotations);
        let reference = self.reference(context, name, Wanted::Nothing, field);
        let key = ObjectKey::new(
            alb::GROUP,
            "Action",
            self.entry.key.namespace(),
            &format!("{}.{name}", self.entry.key.name),
        );
        context.keep_backend(Reference { key: key.clone(), ..reference }, BackendTarget::Action);
        if let Action::Forward(targets) = &action
            && !targets.is_empty()
        {
            for target in targets {
                let mut reference = self.reference(context, &target.service, target.port.clone(), field);
                reference.port_field.clone_from(&field.backend);
                let found = context.backend(reference, &said);
                let weight = target.weight.filter(|_| targets.len() > 1);
                self.push(context, found, RouteRule { weight, ..rule.clone() }, said.clone());
            }
            return;
        }
        let id = context.node(Node {
            namespace: key.namespace.clone(),
            evidence: vec![said.clone()],
            ..Node::new(Identity::Object(key), action.label(), name, Detail::Resource)
        });
        self.push(context, (id, Backend::None), rule, said);
    }
}

/// The port that a backend asks for.
fn wanted(backend: &IngressServiceBackend) -> Wanted {
    let Some(port) = &backend.port else { return Wanted::Nothing };
    match (port.number.filter(|n| *n != 0), &port.name) {
        (Some(number), _) => port_number(number).map_or(Wanted::Nothing, Wanted::Number),
        (None, Some(name)) => Wanted::Name(name.clone()),
        (None, None) => Wanted::Nothing,
    }
}

/// An Ingress serves HTTP, and HTTPS where it has TLS, on whatever ports its controller is given: none are claimed
/// here.
fn expose(context: &mut Context<'_>, entry: &Entry, id: &NodeId, class: Option<&str>) {
    let annotations = &entry.object.annotations;
    let clients = limits::of_ingress(context, entry);
    let of_class = class.and_then(|class| annotations::clients_of_class(context.cluster, class));
    let clients = match of_class {
        Some(allowed) => Some(Clients { allowed, denied: Vec::new(), field: String::new() }),
        None => clients,
    };
    let known = !matches!(context.hop(entry), Hop::Unknown) && class.is_some_and(limits::is_internal_word);
    let by_class = annotations::internal_class(context.cluster, entry, class).filter(|_| !known);
    let by_entry_point = traefik::internal_entry_points(annotations);
    if let Some(field) = annotations::untold_scheme(context.cluster, entry, class).filter(|_| by_class.is_none()) {
        context.unjudged(entry, "the scheme of its load balancer, which is inside the network by default,", &field);
    }
    match by_class.or(by_entry_point).filter(|_| !matches!(clouds::placed(annotations), Some(Placed::Inside(_)))) {
        Some(field) => {
            let said = context.evidence(entry, &field);
            let from = context.private_network(said);
            let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::Ingress, ports: Vec::new() }]);
            let said = context.evidence(entry, "");
            context.graph.edge(&from, id, detail, [said]);
        }
        None => context.open(entry, id, Expose::Ingress, Vec::new(), clients),
    }
}
