//! Objects that may open an entrance from outside and are not read: what is said of the outside is open where they may
//! lead.
//!
//! A kind that some reader draws as an Ingress, a Gateway or a route is read, and so is an object that the outside
//! reaches. Whatever is left counts as possible.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::cluster::{Cluster, Entry};
use crate::graph::{EdgeDetail, EdgesByEnd, NodeId, NodeKind};
use crate::manifest::{Body, Tree, Value};
use crate::net::kinds::entrance_kind;
use crate::net::{ClusterName, ObjectKey, is_irrelevant};
use crate::source::Span;

/// An object that may open an entrance from outside and is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadEntrance {
    /// The object, by its position in the cluster.
    pub object: usize,
    /// Where it says so.
    pub at: Span,
    /// Its kind.
    pub kind: String,
    leads: Leads,
}

/// Where an entrance may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Leads {
    Anywhere,
    /// Anywhere in a namespace.
    Namespace(String),
    /// To these workloads, ascending.
    To(Vec<usize>),
}

impl UnreadEntrance {
    /// True if it may lead to a workload of a namespace.
    pub fn may_reach(&self, workload: usize, namespace: &str) -> bool {
        match &self.leads {
            Leads::Anywhere => true,
            Leads::Namespace(home) => home == namespace,
            Leads::To(workloads) => workloads.binary_search(&workload).is_ok(),
        }
    }
}

/// Kinds that open entrances, by the end of their group.
const ENTRANCES: &[(&str, &str)] = &[
    ("apisix.apache.org", "ApisixRoute"),
    ("configuration.konghq.com", "TCPIngress"),
    ("configuration.konghq.com", "UDPIngress"),
    ("elbv2.k8s.aws", "TargetGroupBinding"),
    ("flagger.app", "Canary"),
    ("gateway.solo.io", "RouteTable"),
    ("getambassador.io", "Mapping"),
    ("getambassador.io", "TCPMapping"),
    ("ingress.v3.haproxy.org", "TCP"),
    ("k8s.nginx.org", "TransportServer"),
    ("k8s.nginx.org", "VirtualServerRoute"),
    ("networking.gke.io", "MultiClusterService"),
    ("serving.knative.dev", "DomainMapping"),
    ("serving.knative.dev", "Route"),
    ("serving.knative.dev", "Service"),
    ("traefik.containo.us", "TraefikService"),
    ("traefik.io", "TraefikService"),
    ("zalando.org", "RouteGroup"),
];

/// Kinds are named after what they are in many projects.
const ENDINGS: &[&str] = &[
    "GRPCRoute",
    "HTTPProxy",
    "HTTPRoute",
    "Ingress",
    "IngressRoute",
    "IngressRouteTCP",
    "IngressRouteUDP",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
    "VirtualServer",
    "VirtualService",
];

/// Kinds of such a name that open nothing.
const OTHERS: &[(&str, &str)] = &[
    ("appmesh.k8s.aws", "VirtualService"),
    ("config.openshift.io", "Ingress"),
    ("operator.knative.dev", "KnativeIngress"),
    ("policy.linkerd.io", "HTTPRoute"),
];

/// Finds the objects that may open an entrance and that no reader read.
pub(super) fn entrances(context: &Context<'_>) -> Vec<UnreadEntrance> {
    let cluster = context.cluster;
    let links = context.graph.edges_by_end();
    let mut by_name = ByName::new();
    for (index, workload) in cluster.workloads().iter().enumerate() {
        by_name.entry((workload.key.namespace(), &workload.key.name)).or_default().push(index);
    }
    let mut found = Vec::new();
    let destinations = destinations(cluster);
    for (object, entry) in cluster.entries().iter().enumerate() {
        let id = NodeId::object(&entry.key);
        let drawn = context.graph.kind(&id);
        if matches!(drawn, Some(NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route)) {
            continue;
        }
        let mut put = |kind: &str, at: Span, leads: Leads| {
            found.push(UnreadEntrance { object, at, kind: kind.to_owned(), leads });
        };
        let mut add = |kind: &str, leads: Leads| put(kind, entry.object.span, leads);
        if let Some(text) = entry.object.annotations.get(AMBASSADOR) {
            let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ','));
            add("annotation getambassador.io/config", leads(cluster, &by_name, entry, words));
        } else if drawn == Some(NodeKind::Resource) && is_sent_to(&links, &id) {
            // Only what it names of the input is known to be behind it.
            match leads(cluster, &by_name, entry, std::iter::empty()) {
                Leads::Namespace(_) => {}
                leads => add(&entry.key.kind, leads),
            }
        } else if is_entrance(entry) && !is_exposed(&links, &id) && !context.facts.read.contains(&object) {
            add(&entry.key.kind, leads(cluster, &by_name, entry, std::iter::empty()));
        } else if let Some((at, leads)) = passed_on(cluster, entry)
            .or_else(|| tunnelled(cluster, entry))
            .or_else(|| chosen(cluster, &destinations, entry))
            .or_else(|| by_fields(cluster, &by_name, entry))
        {
            put(&entry.key.kind, at, leads);
        }
    }
    found.sort_by_key(|u| (u.object, u.at));
    found
}

/// Where a ConfigMap leads that lists Services by port, as those do by which ingress-nginx passes on TCP and UDP
/// (<https://kubernetes.github.io/ingress-nginx/user-guide/exposing-tcp-udp-services/>).
fn passed_on(cluster: &Cluster, entry: &Entry) -> Option<(Span, Leads)> {
    if !entry.key.group.is_empty() || entry.key.kind != "ConfigMap" {
        return None;
    }
    let data = entry.object.tree.get("data")?;
    let mut found = BTreeSet::new();
    for line in data.entries() {
        line.key.parse::<u16>().ok()?;
        let (namespace, rest) = line.value.as_str()?.split_once('/')?;
        match pods_of_service(cluster, namespace, rest.split(':').next()?) {
            Behind::NoService => {}
            Behind::Pods(workloads) => found.extend(workloads),
            Behind::Elsewhere => return Some((data.span, Leads::Anywhere)),
        }
    }
    (!data.entries().is_empty()).then(|| (data.span, Leads::To(found.into_iter().collect())))
}

/// Where a ConfigMap leads that is the configuration of a tunnel from outside
/// (<https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/local-management/configuration-file/>,
/// <https://gofrp.org/en/docs/>, <https://ngrok.com/docs/agent/config/>).
fn tunnelled(cluster: &Cluster, entry: &Entry) -> Option<(Span, Leads)> {
    if !entry.key.group.is_empty() || entry.key.kind != "ConfigMap" {
        return None;
    }
    let data = entry.object.tree.get("data")?;
    let is_one = |text: &str| {
        let has = |key: &str| text.lines().any(|l| l.trim_start().trim_start_matches("- ").starts_with(key));
        has("tunnel:") && has("ingress:") || has("authtoken:") && (has("tunnels:") || has("endpoints:"))
    };
    let said = data.entries().iter().find(|e| e.value.as_str().is_some_and(is_one))?;
    let mut found = BTreeSet::new();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    for word in said.value.as_str()?.split(|c| !is_part(c)).filter(|w| !w.is_empty()) {
        let Some(name) = ClusterName::parse(word) else { continue };
        let home = name.namespace.unwrap_or(entry.key.namespace());
        match pods_of_service(cluster, home, name.service) {
            Behind::NoService => {}
            Behind::Pods(workloads) => found.extend(workloads),
            Behind::Elsewhere => return Some((said.value.span, Leads::Anywhere)),
        }
    }
    Some((said.value.span, Leads::To(found.into_iter().collect())))
}

/// The hosts that VirtualServices send requests to.
fn destinations(cluster: &Cluster) -> BTreeSet<&str> {
    let services = cluster.entries().iter().filter(|e| e.key.kind == "VirtualService");
    let lists =
        services.flat_map(|e| ["http", "tls", "tcp"].into_iter().filter_map(|l| e.object.tree.at(&["spec", l])));
    let routes = lists.flat_map(|list| list.items()).filter_map(|r| r.get("route"));
    routes.flat_map(|r| r.items()).filter_map(|d| d.at(&["destination", "host"])?.as_str()).collect()
}

/// Where a ServiceEntry leads that selects pods, if a VirtualService sends requests to one of its hosts
/// (<https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry-workload_selector>).
fn chosen(cluster: &Cluster, destinations: &BTreeSet<&str>, entry: &Entry) -> Option<(Span, Leads)> {
    if entry.key.group != "networking.istio.io" || entry.key.kind != "ServiceEntry" {
        return None;
    }
    let spec = entry.object.tree.get("spec")?;
    let labels = spec.at(&["workloadSelector", "labels"])?;
    let labels = labels.entries().iter().map(|l| Some((l.key.to_string(), l.value.as_str()?.to_owned())));
    let labels: BTreeMap<String, String> = labels.collect::<Option<_>>()?;
    let hosts: Vec<&str> =
        spec.get("hosts").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::as_str).collect();
    let is_sent = hosts.iter().any(|h| destinations.contains(h));
    let found = || cluster.select(entry.key.namespace(), &labels);
    (is_sent && !labels.is_empty()).then(|| (entry.object.span, Leads::To(found())))
}

/// Groups of which no kind opens an entrance though it names Services: these are called.
const CALLING: &[&str] =
    &["argoproj.io", "cilium.io", "fluxcd.io", "k8s.io", "keda.sh", "opentelemetry.io", "projectcalico.org"];

/// Where an object of a kind that is not understood may lead: it asks an operator for a load balancer or a node port, or
/// a field for a backend names a Service.
fn by_fields(cluster: &Cluster, by_name: &ByName<'_>, entry: &Entry) -> Option<(Span, Leads)> {
    let (group, kind) = (entry.key.group.as_str(), entry.key.kind.as_str());
    let of_cluster = !group.contains('.') || CALLING.iter().any(|g| group == *g || group.ends_with(&format!(".{g}")));
    let is_known = entrance_kind(group, kind).is_some() || is_irrelevant(group, kind);
    if of_cluster || is_known || !matches!(entry.object.body, Body::Other | Body::Workload(_)) {
        return None;
    }
    let home = entry.key.namespace.as_deref()?;
    let mut fields = Fields { cluster, home, balanced: None, named: BTreeMap::new() };
    // Some kinds have their fields beside `spec`.
    let parts = entry.object.tree.entries().iter().filter(|e| !matches!(&*e.key, "metadata" | "status"));
    for part in parts {
        fields.walk(&part.value, &part.key.to_ascii_lowercase(), false);
    }
    if group == "agones.dev" {
        // What a fleet makes has the ports of its template.
        let of_fleet = [&["spec", "template", "spec", "ports"][..], &["spec", "template", "spec", "template", "ports"]];
        of_fleet.iter().filter_map(|path| entry.object.tree.at(path)).for_each(|t| fields.walk(t, "", false));
    }
    if let Some(at) = fields.balanced {
        let own = by_name.get(&(home, entry.key.name.as_str())).cloned().unwrap_or_default();
        let own = own.into_iter().filter(|w| cluster.workloads()[*w].key.kind == kind).collect();
        return Some((at, Leads::To(own)));
    }
    let at = fields.named.values().next().copied()?;
    let mut found = BTreeSet::new();
    for service in fields.named.keys() {
        match pods_of_service(cluster, home, service) {
            Behind::Elsewhere => return Some((at, Leads::Anywhere)),
            Behind::Pods(workloads) => found.extend(workloads),
            Behind::NoService => {}
        }
    }
    Some((at, Leads::To(found.into_iter().collect())))
}

/// What the fields of an object say of entrances.
struct Fields<'a> {
    cluster: &'a Cluster,
    home: &'a str,
    /// The place where a load balancer or a node port is asked for.
    balanced: Option<Span>,
    /// Services of its namespace that fields for backends name, with the places.
    named: BTreeMap<&'a str, Span>,
}

impl<'a> Fields<'a> {
    /// Looks through a value, below a field of a name; of backends, if a field around it is for one.
    fn walk(&mut self, tree: &'a Tree, key: &str, of_backend: bool) {
        const BACKENDS: &[&str] = &["backend", "service", "svc", "target_url", "targeturl", "upstream"];
        match &tree.value {
            Value::Map(entries) => {
                // Of subjects, those that say that they are Services.
                let is_subject = key == "subjects" && tree.get("kind").and_then(Tree::as_str) == Some("Service");
                let of_backend = of_backend || is_subject;
                for entry in entries {
                    let key = entry.key.to_ascii_lowercase();
                    // References to other objects, and templates of pods and Services.
                    let other = ["metadata", "serviceaccount", "targetref", "template"].iter().any(|w| key.contains(w));
                    let is_backend = BACKENDS.iter().any(|word| key.contains(word));
                    if !other {
                        self.walk(&entry.value, &key, of_backend || is_backend);
                    }
                }
            }
            Value::Seq(items) => items.iter().for_each(|item| self.walk(item, key, of_backend)),
            _ => self.text(tree, key, of_backend),
        }
    }

    fn text(&mut self, tree: &'a Tree, key: &str, of_backend: bool) {
        let Some(text) = tree.as_str() else { return };
        let is_type = key == "type" || key.ends_with("servicetype");
        // Ports of nodes for servers of games
        // (https://agones.dev/site/docs/reference/gameserver/).
        let is_host =
            key == "portpolicy" && ["dynamic", "static", "passthrough"].contains(&text.to_ascii_lowercase().as_str());
        if is_host || is_type && ["loadbalancer", "nodeport"].contains(&text.to_ascii_lowercase().as_str()) {
            self.balanced.get_or_insert(tree.span);
        }
        let host = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let service = match ClusterName::parse(host) {
            Some(ClusterName { service, namespace, .. }) if namespace.is_none_or(|n| n == self.home) => service,
            _ => return,
        };
        let key = ObjectKey::new("", "Service", self.home, service);
        if of_backend && self.cluster.find(&key).is_some() {
            self.named.entry(service).or_insert(tree.span);
        }
    }
}

/// In which Emissary-ingress, under its former name, takes Mappings of a Service
/// (<https://emissary-ingress.dev/docs/3.9/topics/running/running/>).
const AMBASSADOR: &str = "getambassador.io/config";

/// Whether an entrance sends requests to a node.
fn is_sent_to(links: &EdgesByEnd<'_>, id: &NodeId) -> bool {
    let is_entrance = |kind: NodeKind| matches!(kind, NodeKind::Ingress | NodeKind::Route);
    links.incoming(id).any(|l| matches!(l.detail, EdgeDetail::Routes { .. }) && is_entrance(l.from.kind()))
}

fn is_exposed(links: &EdgesByEnd<'_>, id: &NodeId) -> bool {
    links.incoming(id).any(|link| matches!(link.detail, EdgeDetail::Exposes(_)))
}

fn is_entrance(entry: &Entry) -> bool {
    may_open(&entry.key.group, &entry.key.kind) && !is_inside_only(entry)
}

/// Whether objects of a kind that is not read may open an entrance.
pub(crate) fn may_open(group: &str, kind: &str) -> bool {
    let is_of = |suffix: &str| group.strip_suffix(suffix).is_some_and(|p| p.is_empty() || p.ends_with('.'));
    let listed = |list: &[(&str, &str)]| list.iter().any(|(g, k)| *k == kind && is_of(g));
    if group.is_empty() || group == "networking.k8s.io" || listed(OTHERS) {
        return false;
    }
    listed(ENTRANCES) || ENDINGS.iter().any(|e| kind.ends_with(e))
}

/// True if an object says itself that only the inside of the cluster uses it: a VirtualService of the mesh alone
/// (<https://istio.io/latest/docs/reference/config/networking/virtual-service/>), a route that is attached to a Service
/// (<https://gateway-api.sigs.k8s.io/mesh/>), a Knative Service with the label for it
/// (<https://knative.dev/docs/serving/services/private-services/>).
fn is_inside_only(entry: &Entry) -> bool {
    let tree = &entry.object.tree;
    if entry.key.kind == "VirtualService" && entry.key.group == "networking.istio.io" {
        let gateways = tree.at(&["spec", "gateways"]).map(Tree::items).unwrap_or_default();
        return gateways.iter().all(|g| g.as_str() == Some("mesh"));
    }
    if entry.key.kind == "Canary" {
        // It makes routes and Ingresses if it names a Gateway or one of them
        // (https://docs.flagger.app/usage/how-it-works#canary-service).
        let has = |path: &[&str]| tree.at(path).is_some_and(|t| !t.is_null());
        let named = [["spec", "ingressRef"], ["spec", "routeRef"], ["spec", "upstreamRef"]];
        let of_service = [["spec", "service", "gateways"], ["spec", "service", "gatewayRefs"]];
        return !named.iter().any(|p| has(p)) && !of_service.iter().any(|p| has(p));
    }
    let parents = tree.at(&["spec", "parentRefs"]).map(Tree::items).unwrap_or_default();
    let of_service = |parent: &Tree| parent.get("kind").and_then(Tree::as_str) == Some("Service");
    (!parents.is_empty() && parents.iter().all(of_service))
        || entry.object.labels.get("networking.knative.dev/visibility").is_some_and(|v| v == "cluster-local")
}

/// For each workload the first of these entrances that may lead to it, by position.
pub(super) fn by_workload(cluster: &Cluster, unread: &[UnreadEntrance]) -> Vec<Option<usize>> {
    let (mut anywhere, mut of_namespace) = (None, BTreeMap::new());
    let mut found: Vec<Option<usize>> = vec![None; cluster.workloads().len()];
    for (index, entrance) in unread.iter().enumerate() {
        match &entrance.leads {
            Leads::Anywhere => anywhere = anywhere.or(Some(index)),
            Leads::Namespace(home) => {
                of_namespace.entry(home.as_str()).or_insert(index);
            }
            Leads::To(workloads) => workloads.iter().for_each(|&w| found[w] = found[w].or(Some(index))),
        }
    }
    for (own, workload) in found.iter_mut().zip(cluster.workloads()) {
        *own = own.or_else(|| of_namespace.get(workload.key.namespace()).copied()).or(anywhere);
    }
    found
}

/// The positions of workloads by namespace and name.
type ByName<'c> = BTreeMap<(&'c str, &'c str), Vec<usize>>;

/// More namespaces than this in the words of one object are not looked into one by one.
const MOST_NAMESPACES: usize = 8;

/// Where an object may lead: to the workloads of the Services and workloads that it names; if it names none of the
/// input, anywhere in its namespace.
fn leads<'t>(
    cluster: &Cluster,
    by_name: &ByName<'_>,
    entry: &'t Entry,
    more: impl IntoIterator<Item = &'t str>,
) -> Leads {
    let Some(home) = entry.key.namespace.as_deref() else { return Leads::Anywhere };
    let mut words: BTreeSet<&str> = BTreeSet::from([entry.key.name.as_str()]);
    collect(&entry.object.tree, &mut words);
    words.extend(more.into_iter().filter(|w| !w.is_empty()));
    let others = words.iter().copied().filter(|w| cluster.namespaces().contains_key(*w));
    let spaces: BTreeSet<&str> = std::iter::once(home).chain(others).collect();
    if spaces.len() > MOST_NAMESPACES {
        return Leads::Anywhere;
    }
    let mut found: BTreeSet<usize> = BTreeSet::new();
    let mut named = false;
    for word in &words {
        let host = word.split_once("://").map_or(*word, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let full = ClusterName::parse(host).and_then(|n| n.namespace.map(|space| (space, n.service)));
        for (space, name) in spaces.iter().map(|space| (*space, host)).chain(full) {
            if let Some(workloads) = by_name.get(&(space, name)) {
                named = true;
                found.extend(workloads);
            }
            match pods_of_service(cluster, space, name) {
                Behind::NoService => {}
                Behind::Pods(workloads) => {
                    named = true;
                    found.extend(workloads);
                }
                Behind::Elsewhere => return Leads::Anywhere,
            }
        }
    }
    if named { Leads::To(found.into_iter().collect()) } else { Leads::Namespace(home.to_owned()) }
}

/// What is behind a name of a Service.
enum Behind {
    NoService,
    Pods(Vec<usize>),
    /// The Service has no selector.
    Elsewhere,
}

fn pods_of_service(cluster: &Cluster, namespace: &str, name: &str) -> Behind {
    let Some(at) = cluster.find(&ObjectKey::new("", "Service", namespace, name)) else { return Behind::NoService };
    let Body::Service(service) = &cluster.entries()[at].object.body else { return Behind::NoService };
    let selector = service.spec.as_ref().and_then(|s| s.selector.clone()).unwrap_or_default();
    if selector.is_empty() { Behind::Elsewhere } else { Behind::Pods(cluster.select(namespace, &selector)) }
}

/// The texts of a tree below `spec`, and at the top where there is none.
fn collect<'t>(tree: &'t Tree, into: &mut BTreeSet<&'t str>) {
    match &tree.value {
        Value::Map(entries) => {
            entries.iter().filter(|e| !matches!(&*e.key, "metadata" | "status")).for_each(|e| collect(&e.value, into));
        }
        Value::Seq(items) => items.iter().for_each(|item| collect(item, into)),
        _ => into.extend(tree.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!(ENTRANCES.is_sorted());
        assert!(ENDINGS.is_sorted());
        assert!(OTHERS.is_sorted());
    }
}
