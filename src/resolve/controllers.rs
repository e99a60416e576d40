//! Ingress controllers: those that are named, else those that the manifests contain, known by the labels that their
//! charts and manifests give them.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::facts::{ControllerHint, Facts, Unclaimed};
use crate::cluster::{Cluster, Entry, Workload};
use crate::manifest::Body;
use crate::net::kinds::entrance_kind;
use crate::net::{Labels, ObjectKey, label_list, text};
use crate::policy::{AbsentController, Way};

/// Which pods are the ingress controller, in the words of whoever asks: those of a namespace, those of them with some
/// labels, or those of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerRef {
    namespace: String,
    pods: Pods,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pods {
    All,
    Labeled(Labels),
    Of(String),
}

/// Why a controller cannot be told from some words, or is not where they say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControllerError {
    /// The words are none that mean pods.
    #[error("expected NAMESPACE, NAMESPACE/LABEL=VALUE,... or NAMESPACE/WORKLOAD")]
    Syntax,
    /// There is no such workload.
    #[error("there is no workload {name} in namespace {namespace}{}", listed(.others))]
    NoWorkload {
        /// The namespace.
        namespace: String,
        /// The name that was asked for.
        name: String,
        /// The names of the workloads that are there.
        others: Vec<String>,
    },
    /// The manifests contain the namespace, and none of its pods has these labels.
    #[error("no pod of namespace {namespace} has the labels {labels}{}", listed(.others))]
    NoLabels {
        /// The namespace.
        namespace: String,
        /// The labels that were asked for.
        labels: String,
        /// The names of the workloads that are there.
        others: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    match names.len() {
        0 => ", which holds none in this input".to_owned(),
        1..=3 => format!("; there is {}", names.join(", ")),
        _ => format!("; there are {}", text::first(names, 3)),
    }
}

impl FromStr for ControllerRef {
    type Err = ControllerError;

    /// `NAMESPACE`, `NAMESPACE/LABEL=VALUE,...` or `NAMESPACE/WORKLOAD`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, pods) = match text.split_once('/') {
            None => (text, Pods::All),
            // Keys of labels may hold a slash, names of workloads may not.
            Some((namespace, labels)) if labels.contains('=') => {
                let pairs = labels.split(',').map(|pair| pair.split_once('='));
                let labels = pairs
                    .map(|pair| pair.filter(|(key, _)| !key.is_empty()).map(|(k, v)| (k.to_owned(), v.to_owned())));
                (namespace, Pods::Labeled(labels.collect::<Option<Labels>>().ok_or(ControllerError::Syntax)?))
            }
            Some((namespace, name)) => (namespace, Pods::Of(name.to_owned())),
        };
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
        };
        let named = if let Pods::Of(name) = &pods { word(name) } else { true };
        if !word(namespace) || !named {
            return Err(ControllerError::Syntax);
        }
        Ok(ControllerRef { namespace: namespace.to_owned(), pods })
    }
}

impl ControllerRef {
    /// The workloads of a cluster that are meant, by position; none if the cluster does not hold the namespace's pods,
    /// so that no more is known of the controller than what was told. Jobs bring no requests.
    pub fn workloads(&self, cluster: &Cluster) -> Result<Vec<usize>, ControllerError> {
        let here: Vec<usize> = (0..cluster.workloads().len())
            .filter(|&w| cluster.workloads()[w].key.namespace() == self.namespace && may_serve(&cluster.workloads()[w]))
            .collect();
        let namespace = self.namespace.clone();
        let names = || here.iter().map(|&w| cluster.workloads()[w].key.name.clone()).collect();
        match &self.pods {
            Pods::All => Ok(here),
            Pods::Labeled(labels) => {
                let mut found = cluster.select(&self.namespace, labels);
                found.retain(|w| here.contains(w));
                if found.is_empty() && !here.is_empty() {
                    let labels = label_list(labels, ",");
                    return Err(ControllerError::NoLabels { namespace, labels, others: names() });
                }
                Ok(found)
            }
            Pods::Of(name) => {
                let found: Vec<usize> =
                    here.iter().copied().filter(|&w| cluster.workloads()[w].key.name == *name).collect();
                if found.is_empty() {
                    return Err(ControllerError::NoWorkload { namespace, name: name.clone(), others: names() });
                }
                Ok(found)
            }
        }
    }

    fn absent(&self) -> AbsentController {
        AbsentController {
            namespace: Some(self.namespace.clone()),
            labels: if let Pods::Labeled(labels) = &self.pods { labels.clone() } else { Labels::new() },
        }
    }
}

/// What is known of those controllers that are named by an option and that a cluster does not hold.
pub(super) fn absent(cluster: &Cluster, told: &[ControllerRef]) -> Vec<AbsentController> {
    let mut absent: Vec<AbsentController> = (told.iter())
        .filter(|t| t.workloads(cluster).is_ok_and(|found| found.is_empty()))
        .map(ControllerRef::absent)
        .collect();
    absent.sort();
    absent.dedup();
    absent
}

fn may_serve(workload: &Workload) -> bool {
    !matches!(workload.key.kind.as_str(), "Job" | "CronJob")
}

/// A controller: what its class or its `spec.controller` is called, the namespaces it is usually in, and labels that
/// its pods have.
struct Known {
    words: &'static [&'static str],
    namespaces: &'static [&'static str],
    labels: &'static [&'static [(&'static str, &'static str)]],
}

/// Sources: the Helm charts and install manifests of each project. Where the pods that carry the traffic are not those
/// that watch Ingresses (Envoy for Contour, the gateways of Istio), the former are meant.
const KNOWN: &[Known] = &[
    Known {
        words: &["nginx"],
        namespaces: &["ingress-nginx", "nginx-ingress"],
        labels: &[
            &[("app.kubernetes.io/name", "ingress-nginx"), ("app.kubernetes.io/component", "controller")],
            &[("app.kubernetes.io/name", "nginx-ingress")],
            &[("app", "nginx-ingress")],
        ],
    },
    Known {
        words: &["traefik"],
        namespaces: &["traefik", "traefik-system"],
        labels: &[&[("app.kubernetes.io/name", "traefik")], &[("app", "traefik")]],
    },
    Known {
        words: &["haproxy"],
        namespaces: &["haproxy-controller", "haproxy-ingress", "ingress-controller"],
        labels: &[
            &[("app.kubernetes.io/name", "haproxy-ingress")],
            &[("app.kubernetes.io/name", "kubernetes-ingress")],
            &[("run", "haproxy-ingress")],
        ],
    },
    Known {
        words: &["contour"],
        namespaces: &["projectcontour"],
        labels: &[
            &[("app.kubernetes.io/name", "contour"), ("app.kubernetes.io/component", "envoy")],
            &[("app", "envoy")],
        ],
    },
    Known {
        words: &["istio"],
        namespaces: &["istio-system", "istio-ingress"],
        labels: &[&[("istio", "ingressgateway")], &[("istio", "ingress")]],
    },
    Known {
        words: &["kong"],
        namespaces: &["kong", "kong-system"],
        labels: &[
            &[("app.kubernetes.io/name", "kong")],
            &[("app.kubernetes.io/name", "gateway"), ("app.kubernetes.io/instance", "kong")],
            &[("app", "ingress-kong")],
            &[("app", "proxy-kong")],
        ],
    },
];

/// The controllers of a cluster.
#[derive(Debug)]
pub(super) enum Controllers {
    /// They were told: everything outside comes in these ways.
    Told(Vec<Way>),
    /// For each known one the workloads that are it.
    Found(BTreeMap<usize, Vec<usize>>),
}

impl Controllers {
    /// The controllers that an option names; where there are none, those that are found.
    pub fn of(cluster: &Cluster, told: &[ControllerRef]) -> Controllers {
        if !told.is_empty() {
            let mut known: Vec<usize> = told.iter().flat_map(|t| t.workloads(cluster).unwrap_or_default()).collect();
            known.sort_unstable();
            known.dedup();
            let present = (!known.is_empty()).then_some(Way::Controller(known));
            let absent = (!absent(cluster, told).is_empty()).then(|| Way::Controller(Vec::new()));
            return Controllers::Told(present.into_iter().chain(absent).collect());
        }
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, workload) in cluster.workloads().iter().enumerate().filter(|(_, w)| may_serve(w)) {
            if let Some(known) = KNOWN.iter().position(|k| is(workload, k)) {
                found.entry(known).or_default().push(index);
            }
        }
        Controllers::Found(found)
    }

    /// The workloads that bring requests to an Ingress or route, as far as they are known: none if some of them are not
    /// in the input.
    pub fn bringing(&self, cluster: &Cluster, facts: &Facts, object: usize) -> Vec<usize> {
        let ways = self.ways(cluster, facts, object);
        let pods = |way: &Way| if let Way::Controller(known) = way { known.clone() } else { Vec::new() };
        if ways.iter().any(|way| pods(way).is_empty()) { Vec::new() } else { ways.iter().flat_map(pods).collect() }
    }

    /// The ways by which requests come to what is behind an Ingress or route.
    pub fn ways(&self, cluster: &Cluster, facts: &Facts, object: usize) -> Vec<Way> {
        match self {
            Controllers::Told(ways) => ways.clone(),
            Controllers::Found(found) => vec![Way::Controller(of_route(found, cluster, facts, object))],
        }
    }
}

/// The workloads that bring requests to an Ingress or route: those that it or its Gateways name, those of its class, or
/// all where it has none. Empty if the input does not hold them.
fn of_route(found: &BTreeMap<usize, Vec<usize>>, cluster: &Cluster, facts: &Facts, object: usize) -> Vec<usize> {
    let hints = hints(cluster, facts, object);
    let named: Vec<&Vec<usize>> =
        hints.iter().filter_map(|h| if let ControllerHint::Pods(pods) = h { Some(pods) } else { None }).collect();
    if !named.is_empty() {
        let mut bringing: Vec<usize> = named.into_iter().flatten().copied().collect();
        bringing.sort_unstable();
        bringing.dedup();
        return bringing;
    }
    let classes = classes(cluster, &hints);
    if classes.is_empty() {
        return found.values().flatten().copied().collect();
    }
    let mut bringing: Vec<usize> = KNOWN
        .iter()
        .enumerate()
        .filter(|(_, k)| classes.iter().any(|c| k.words.iter().any(|w| c.contains(w))))
        .flat_map(|(i, _)| found.get(&i).into_iter().flatten().copied())
        .collect();
    // A class may have any name: the arguments of a controller say which it takes.
    let all = found.values().flatten().copied();
    bringing.extend(all.filter(|&w| takes(&cluster.workloads()[w], &classes) == Some(true)));
    bringing.sort_unstable();
    bringing.dedup();
    if !facts.controllers.contains_key(&object) {
        return bringing;
    }
    // Of several installations of one project the class tells which it is.
    let own: Vec<usize> =
        bringing.iter().copied().filter(|&w| takes(&cluster.workloads()[w], &classes) == Some(true)).collect();
    if !own.is_empty() {
        return own;
    }
    bringing.retain(|&w| takes(&cluster.workloads()[w], &classes) != Some(false));
    bringing
}

/// Whether a controller takes the objects of a class, as far as its arguments name classes: by
/// <https://kubernetes.github.io/ingress-nginx/user-guide/cli-arguments/> and those of other controllers.
fn takes(workload: &Workload, classes: &[String]) -> Option<bool> {
    const NAMED: &[&str] = &[
        "--controller-class=",
        "--ingress-class=",
        "--ingress-class-name=",
        "--providers.kubernetesingress.ingressclass=",
    ];
    let containers = workload.spec.pod.containers.iter();
    let said = containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten()));
    let named: Vec<String> =
        said.filter_map(|a| NAMED.iter().find_map(|n| a.strip_prefix(n))).map(str::to_lowercase).collect();
    (!named.is_empty()).then(|| named.iter().any(|n| classes.contains(n)))
}

/// Labels that say the whole are believed anywhere; a label that others use too only in a namespace of the controller.
fn is(workload: &Workload, known: &Known) -> bool {
    let labels = &workload.spec.pod_labels;
    let has = |set: &[(&str, &str)]| set.iter().all(|(k, v)| labels.get(*k).is_some_and(|l| l == v));
    let telling = |set: &[(&str, &str)]| {
        set.iter().any(|(k, v)| (*k == "app.kubernetes.io/name" && *v != "gateway") || *k == "istio")
    };
    let at_home = known.namespaces.contains(&workload.key.namespace());
    known.labels.iter().any(|set| has(set) && (at_home || telling(set)))
}

/// What an Ingress or a route says of its controller, and what the Gateways on the way to it say.
fn hints(cluster: &Cluster, facts: &Facts, object: usize) -> Vec<ControllerHint> {
    let before = facts.gates_of(object).iter().flat_map(|g| &g.through);
    let objects = before.filter_map(|id| cluster.find(id.key()?)).chain([object]);
    let mut hints: Vec<ControllerHint> = objects.filter_map(|o| facts.controllers.get(&o).cloned()).collect();
    let key = &cluster.entries()[object].key;
    if hints.is_empty()
        && let Some(kind) = entrance_kind(&key.group, &key.kind)
    {
        hints.extend(kind.controllers.iter().map(|word| ControllerHint::Class((*word).to_owned())));
    }
    hints.dedup();
    hints
}

/// What classes are called, in lower case: their names and the controllers that they name.
fn classes(cluster: &Cluster, hints: &[ControllerHint]) -> Vec<String> {
    let mut words = Vec::new();
    for hint in hints {
        let ControllerHint::Class(name) = hint else { continue };
        let find = |group: &str, kind: &str| {
            cluster.find(&ObjectKey { namespace: None, name: name.clone(), kind: kind.into(), group: group.into() })
        };
        words.push(name.to_lowercase());
        if let Some(at) = find("networking.k8s.io", "IngressClass")
            && let Body::IngressClass(class) = &cluster.entries()[at].object.body
        {
            words.extend(class.spec.iter().filter_map(|s| s.controller.as_ref()).map(|c| c.to_lowercase()));
        }
        if let Some(at) = find("gateway.networking.k8s.io", "GatewayClass") {
            let named = cluster.entries()[at].object.tree.at(&["spec", "controllerName"]);
            words.extend(named.and_then(|c| c.as_str()).map(str::to_lowercase));
        }
    }
    words
}

/// The Ingresses that no controller takes: they name no class, none is the default, and there are several classes, or
/// controllers of several projects
/// (<https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class>).
pub(super) fn unclaimed(cluster: &Cluster, told: &[ControllerRef]) -> BTreeMap<usize, Unclaimed> {
    const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
    let is_default = |entry: &Entry| entry.object.annotations.get(DEFAULT).is_some_and(|v| v == "true");
    if cluster.ingresses().next().is_none() || cluster.ingress_classes().any(|(entry, _)| is_default(entry)) {
        return BTreeMap::new();
    }
    let found = match Controllers::of(cluster, &[]) {
        Controllers::Found(found) => found,
        Controllers::Told(_) => BTreeMap::new(),
    };
    let classes: Vec<usize> = cluster.ingress_classes().filter_map(|(entry, _)| cluster.find(&entry.key)).collect();
    let several = classes.len() > 1 || found.len() > 1 && told.is_empty();
    let controllers: Vec<usize> = found.into_values().flatten().collect();
    if !several || controllers.iter().any(|&w| takes_all(&cluster.workloads()[w])) {
        return BTreeMap::new();
    }
    let nobodys = cluster.ingresses().filter(|(entry, ingress)| {
        let named = ingress.spec.as_ref().is_some_and(|s| s.ingress_class_name.is_some());
        !named && !entry.object.annotations.contains_key("kubernetes.io/ingress.class") && !is_google(entry)
    });
    let why = Unclaimed { classes, controllers };
    nobodys.filter_map(|(entry, _)| Some((cluster.find(&entry.key)?, why.clone()))).collect()
}

/// Whether a controller is configured to take Ingresses without class
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/cli-arguments/>).
fn takes_all(workload: &Workload) -> bool {
    let containers = workload.spec.pod.containers.iter();
    let mut said = containers.flat_map(|c| c.args.iter().flatten().chain(c.command.iter().flatten()));
    said.any(|a| matches!(a.as_str(), "--watch-ingress-without-class" | "--watch-ingress-without-class=true"))
}

/// Whether annotations are those of Google Cloud's controller, which serves Ingresses without a class
/// (<https://cloud.google.com/kubernetes-engine/docs/concepts/ingress#controller_summary>).
pub fn is_google(entry: &Entry) -> bool {
    let own = [
        "ingress.gcp.kubernetes.io/",
        "kubernetes.io/ingress.allow-http",
        "kubernetes.io/ingress.global-static-ip-name",
        "kubernetes.io/ingress.regional-static-ip-name",
        "networking.gke.io/",
    ];
    entry.object.annotations.keys().any(|k| own.iter().any(|o| k.starts_with(o)))
}
