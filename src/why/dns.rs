//! The layer of names: whether the name that was given resolves where the source asks, and whether the source may ask.
//!
//! Sources: <https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>,
//! <https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/>.

use super::Scene;
use super::answer::{Change, Layer, Mark, Step};
use super::ends::{End, Judged, judge};
use super::lookup::Party;
use super::question::{Question, Reference};
use super::suggest;
use crate::manifest::Body;
use crate::net::{AddressSet, ClusterName, ObjectKey, PortSet, Protocol};
use crate::policy::Direction;
use crate::resolve::{Absence, DnsAccess, DnsDenial, RuleRef};

/// What the layer found.
#[derive(Default)]
pub(super) struct Lookup {
    /// The layer; `None` if no name is looked up.
    pub step: Option<Step>,
    /// Why the name does not resolve.
    pub failure: Option<String>,
    /// Why nobody can tell.
    pub unknown: Option<String>,
    /// What would help.
    pub changes: Vec<Change>,
}

/// The ports of DNS.
fn dns_ports() -> PortSet {
    PortSet::port(Protocol::Udp, 53).with(&PortSet::port(Protocol::Tcp, 53))
}

/// The domain of Services, in clusters that were not given another.
const DOMAIN: &str = "cluster.local";

/// How many dots a name must have to be looked up as it is before the search path
/// (<https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-dns-config>).
const NDOTS: usize = 5;

/// The servers that pods ask.
enum Servers {
    /// The DNS of the cluster.
    Cluster,
    /// That of the node, or others that know no Services.
    Others(String),
    /// Servers of which it is not known whether they know Services.
    Unknown(String),
}

/// How the pods of a workload look names up.
struct Resolver {
    servers: Servers,
    searches: Vec<String>,
    ndots: usize,
}

impl Resolver {
    fn of(scene: &Scene<'_>, workload: usize) -> Resolver {
        let own = scene.workload(workload);
        let pod = &own.spec.pod;
        let config = pod.dns_config.as_ref();
        let mut searches: Vec<String> = Vec::new();
        let policy = pod.dns_policy.as_deref().unwrap_or("ClusterFirst");
        let on_host = pod.host_network == Some(true);
        let servers = match policy {
            "None" => custom(scene, config.and_then(|c| c.nameservers.as_deref()).unwrap_or_default()),
            "Default" => Servers::Others("its dnsPolicy is Default".to_owned()),
            "ClusterFirst" if on_host => Servers::Others(
                "it is in the network of its node, and its dnsPolicy is not ClusterFirstWithHostNet".to_owned(),
            ),
            _ => {
                let home = own.key.namespace();
                searches = vec![format!("{home}.svc.{DOMAIN}"), format!("svc.{DOMAIN}"), DOMAIN.to_owned()];
                Servers::Cluster
            }
        };
        searches.extend(config.and_then(|c| c.searches.clone()).unwrap_or_default());
        let options = config.and_then(|c| c.options.as_deref()).unwrap_or_default();
        let ndots =
            options.iter().find(|o| o.name.as_deref() == Some("ndots")).and_then(|o| o.value.as_deref()?.parse().ok());
        Resolver { servers, searches, ndots: ndots.unwrap_or(if policy == "None" { 1 } else { NDOTS }) }
    }

    /// True if some form of a name that the resolver tries is the full one.
    fn finds(&self, name: &str, full: &str) -> bool {
        let is_full = |text: &str| text.trim_end_matches('.') == full;
        is_full(name) || (!name.ends_with('.') && self.searches.iter().any(|s| is_full(&format!("{name}.{s}"))))
    }
}

/// Whether servers of a `dnsConfig` are those of the cluster: their addresses are known where the input has them.
fn custom(scene: &Scene<'_>, servers: &[String]) -> Servers {
    let named = servers.join(", ");
    let of_cluster = |address: &str| {
        scene.cluster.services().any(|(entry, service)| {
            let spec = service.spec.as_ref();
            let own = spec.and_then(|s| s.cluster_ip.as_deref()) == Some(address);
            own && (entry.key.name.contains("dns")
                || entry.object.labels.get("k8s-app").is_some_and(|v| v == "kube-dns"))
        })
    };
    let local = |address: &str| {
        address.parse().is_ok_and(|ip: core::net::IpAddr| {
            let set = AddressSet::block(ipnet::IpNet::from(ip));
            let link = matches!(ip, core::net::IpAddr::V4(v4) if v4.is_link_local());
            link || set.difference(&AddressSet::private()).is_empty()
        })
    };
    match servers.iter().any(|s| of_cluster(s)) {
        true => Servers::Cluster,
        false if servers.iter().any(|s| local(s)) => {
            Servers::Unknown(format!("its dnsConfig names the servers {named}"))
        }
        false => Servers::Others(format!("its dnsPolicy is None, and its servers are {named}")),
    }
}

/// The address that `hostAliases` of the source give a name, with the place that says so.
pub(super) fn host_alias(scene: &Scene<'_>, from: &Party, to: &Reference) -> Option<(ipnet::IpNet, String)> {
    let Party::Workload(index) = from else { return None };
    let name = match to {
        Reference::Object { kind: None, namespace: None, name } => name.as_str(),
        Reference::Host(name) => name.trim_end_matches('.'),
        _ => return None,
    };
    let workload = scene.workload(*index);
    for (i, alias) in workload.spec.pod.host_aliases.iter().flatten().enumerate() {
        if alias.hostnames.iter().flatten().any(|h| h == name) {
            let at = scene.entry(workload.entry).object.at(&format!("{}.hostAliases[{i}]", workload.spec.pod_path));
            return Some((alias.ip.parse::<core::net::IpAddr>().ok()?.into(), scene.place(at)));
        }
    }
    None
}

/// The name that the question gives and the full one that it means; `None` if no name is looked up.
fn asked(scene: &Scene<'_>, question: &Question, to: &Party) -> Option<(String, Option<String>)> {
    let full_of = |index: usize| {
        let key = &scene.entry(index).key;
        format!("{}.{}.svc.{DOMAIN}", key.name, key.namespace())
    };
    match (&question.to, to) {
        (Reference::Object { kind: None, namespace: None, name }, Party::Service(index)) => {
            Some((name.clone(), Some(full_of(*index))))
        }
        (Reference::Object { .. }, Party::Service(index)) => Some((full_of(*index), Some(full_of(*index)))),
        (Reference::Host(host), Party::Service(index)) => {
            // Another name may be that of its load balancer.
            let service = ClusterName::parse(host.trim_end_matches('.')).map(|n| n.service);
            let is_own = service == Some(scene.entry(*index).key.name.as_str());
            Some((host.clone(), is_own.then(|| full_of(*index))))
        }
        (Reference::Host(host), Party::Workload(index)) => {
            let workload = scene.workload(*index);
            let service = workload.spec.service_name.as_deref().or(workload.spec.pod.subdomain.as_deref())?;
            let pod = host.split('.').next()?;
            Some((host.clone(), Some(format!("{pod}.{service}.{}.svc.{DOMAIN}", workload.key.namespace()))))
        }
        (Reference::Host(host), Party::Host(_)) => Some((host.clone(), None)),
        _ => None,
    }
}

/// Whether the source can look up the name of the destination.
pub(super) fn lookup(scene: &Scene<'_>, question: &Question, from: &Party, to: &Party) -> Lookup {
    let mut found = Lookup::default();
    let Party::Workload(source) = *from else { return found };
    let Some((name, full)) = asked(scene, question, to) else { return found };
    let resolver = Resolver::of(scene, source);
    let mut step = Step::new(Layer::Dns);
    match &full {
        Some(full) => inside(scene, &resolver, (source, &name, full), &mut step, &mut found),
        None => outside(&resolver, &name, &mut step),
    }
    if let Party::Workload(index) = *to {
        nameless(scene, index, &name, &mut step, &mut found);
    }
    if found.failure.is_none() && !matches!(resolver.servers, Servers::Others(_)) {
        servers(scene, source, &mut step, &mut found);
        permission(scene, source, &name, &mut step, &mut found);
    }
    if !step.lines.is_empty() {
        found.step = Some(step);
    }
    found
}

/// A pod has a name of its own only behind a headless Service
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id>).
fn nameless(scene: &Scene<'_>, workload: usize, name: &str, step: &mut Step, found: &mut Lookup) {
    let workload = scene.workload(workload);
    let service = workload.spec.service_name.as_deref().or(workload.spec.pod.subdomain.as_deref()).unwrap_or_default();
    let key = ObjectKey::new("", "Service", workload.key.namespace(), service);
    let Some(entry) = scene.cluster.find(&key).map(|at| scene.entry(at)) else { return };
    let Body::Service(body) = &entry.object.body else { return };
    if body.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) != Some("None") {
        let text = format!("{key} is not headless (`clusterIP: None`), so its pods have no names of their own");
        step.say(Mark::Problem, text, Some(scene.place(entry.object.at("spec.clusterIP"))));
        found.failure = Some(format!("`{name}` does not resolve: {key} is not headless"));
        found.changes.push(Change::Edit(format!("set `clusterIP: None` of {key}, or ask for the Service itself")));
    }
}

/// A name of the cluster.
fn inside(
    scene: &Scene<'_>,
    resolver: &Resolver,
    (source, name, full): (usize, &str, &str),
    step: &mut Step,
    found: &mut Lookup,
) {
    let workload = scene.workload(source);
    let object = &scene.entry(workload.entry).object;
    let at = ["dnsPolicy", "dnsConfig", "hostNetwork"].iter().find_map(|field| {
        let path = format!("{}.{field}", workload.spec.pod_path);
        object.tree.find(&path).map(|_| scene.place(object.at(&path)))
    });
    let short = full.strip_suffix(&format!(".svc.{DOMAIN}")).unwrap_or(full);
    match &resolver.servers {
        Servers::Others(why) => {
            let text = format!("{why}: the servers that its pods ask know no Services, so `{name}` does not resolve");
            step.say(Mark::Problem, text, at);
            found.failure = Some(format!("`{name}` does not resolve: {why}"));
            let policy =
                if workload.spec.pod.host_network == Some(true) { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
            found.changes.push(Change::Edit(format!("set dnsPolicy of {} to {policy}", scene.workload_name(source))));
        }
        _ if !resolver.finds(name, full) => {
            let home = workload.key.namespace();
            let text = format!("`{name}` alone does not resolve in namespace {home}; `{short}` does");
            let does = if resolver.finds(short, full) { short } else { full };
            step.say(Mark::Problem, text.replace(&format!("`{short}` does"), &format!("`{does}` does")), at);
            found.failure = Some(format!("`{name}` does not resolve in namespace {home}"));
            found.changes.push(Change::Edit(format!("ask for `{does}`")));
        }
        Servers::Unknown(why) => {
            step.say(Mark::Doubt, format!("{why}, and whether these know Services is not in the manifests"), at);
            found.unknown = Some(format!("whether `{name}` resolves is not in the manifests: {why}"));
        }
        // A name that nobody gave is worth a word only if it fails.
        Servers::Cluster if name == full => {}
        Servers::Cluster => {
            step.say(Mark::Ok, format!("`{name}` resolves in namespace {}", workload.key.namespace()), None);
        }
    }
}

/// A name outside: with few dots the search path comes first, a query for each of its domains.
fn outside(resolver: &Resolver, name: &str, step: &mut Step) {
    let dots = name.matches('.').count();
    if !name.ends_with('.') && dots < resolver.ndots && !resolver.searches.is_empty() {
        let text = format!(
            "`{name}` has {dots} dots, fewer than ndots ({}): {} names of the search path are looked up before it; `{name}.` asks at once",
            resolver.ndots,
            resolver.searches.len()
        );
        step.say(Mark::Ok, text, None);
    }
}

/// Whether there is anybody to ask.
fn servers(scene: &Scene<'_>, source: usize, step: &mut Step, found: &mut Lookup) {
    let servers = &scene.facts.dns_servers;
    let absences: Option<Vec<&Absence>> =
        servers.iter().map(|w| scene.facts.absences.get(w).filter(|a| !a.may_change)).collect();
    if let (Some(&first), Some(absence)) = (servers.first(), absences.and_then(|a| a.first().copied())) {
        let name = scene.workload_name(first);
        let at = Some(scene.place(absence.at));
        step.say(Mark::Problem, format!("{name}, the DNS of the cluster, {}", absence.text), at);
        found.failure = Some(format!("no name resolves: {name} {}", absence.text));
        found.changes.push(Change::Edit(format!("{}: {name}", absence.help())));
    }
    if servers.is_empty() && is_whole_cluster(scene) && !has_dns_service(scene) {
        let text = format!(
            "the manifests contain pods of kube-system and no DNS among them (k8s-app=kube-dns): without any, {} resolves no name",
            scene.workload_name(source)
        );
        step.say(Mark::Doubt, text, None);
        found.unknown.get_or_insert_with(|| {
            "no DNS of the cluster is in the manifests, which have the rest of kube-system".to_owned()
        });
    }
}

/// True for the dump of a cluster: live objects, those of kube-system among them.
fn is_whole_cluster(scene: &Scene<'_>) -> bool {
    let live = |w: &crate::cluster::Workload| scene.entry(w.entry).object.tree.at(&["metadata", "uid"]).is_some();
    scene.cluster.workloads().iter().any(|w| w.key.namespace() == "kube-system" && live(w))
}

fn has_dns_service(scene: &Scene<'_>) -> bool {
    scene.cluster.entries().iter().any(|e| {
        matches!(e.object.body, Body::Service(_)) && e.key.namespace() == "kube-system" && e.key.name.contains("dns")
    })
}

/// Whether an isolated source may ask for names. Without that the connection is allowed and still fails.
fn permission(scene: &Scene<'_>, source: usize, name: &str, step: &mut Step, found: &mut Lookup) {
    if found.failure.is_some() {
        return;
    }
    let rule = |at: RuleRef| {
        let policy = &scene.connectivity.policies()[at.policy];
        let rule = policy.rules(Direction::Egress)?.get(at.rule)?;
        Some((format!("{} of {}", rule.field, policy.key), scene.place(rule.at)))
    };
    match scene.facts.dns_of(source) {
        DnsAccess::Unrestricted => {}
        DnsAccess::Server(server) => {
            step.say(Mark::Ok, format!("it may ask {} for names (UDP 53)", scene.workload_name(server)), None);
        }
        DnsAccess::Rule(at) => {
            if let Some((rule, at)) = rule(at) {
                step.say(Mark::Ok, format!("{rule} lets it ask for names (UDP 53)"), Some(at));
            }
        }
        DnsAccess::Unknown(at, doubt) => {
            let (by, at) = at.and_then(rule).unzip();
            let by = by.map_or_else(|| "it may".to_owned(), |rule| format!("{rule} lets it"));
            let text = format!("whether {by} ask for names cannot be determined: {}", doubt.as_str());
            step.say(Mark::Doubt, text, at);
            let source = scene.workload_name(source);
            found.unknown.get_or_insert(format!("whether policies let {source} look up `{name}` cannot be determined"));
        }
        DnsAccess::Denied(denial) => {
            blocked(scene, source, name, step, found);
            match denial {
                DnsDenial::TcpOnly(at) => {
                    if let Some((rule, at)) = rule(at) {
                        let text =
                            format!("{rule} is about TCP 53 alone, which is what a port without a protocol means");
                        step.say(Mark::Problem, text, Some(at));
                    }
                }
                DnsDenial::Rule(at) => {
                    if let Some((rule, at)) = rule(at) {
                        step.say(Mark::Problem, format!("{rule} denies it"), Some(at));
                        let text = format!("{rule} denies questions to DNS: put a rule that allows them before it");
                        found.changes.push(Change::Edit(text));
                    }
                    return;
                }
                DnsDenial::NoRule => {}
            }
            found.changes.extend(match scene.facts.dns_servers.first() {
                Some(&server) => suggest::changes(scene, &to_server(scene, source, server)),
                None => vec![suggest::dns(scene, source)],
            });
        }
    }
}

/// What policies say of questions to a server.
fn to_server(scene: &Scene<'_>, source: usize, server: usize) -> Vec<Judged> {
    let network = scene.connectivity.home(source);
    judge(scene, network, &End::Workload(source), &End::Workload(server), &dns_ports())
}

fn blocked(scene: &Scene<'_>, source: usize, name: &str, step: &mut Step, found: &mut Lookup) {
    let source = scene.workload_name(source);
    let text = format!(
        "{source} may not ask for names: policies let no UDP 53 through to the cluster's DNS (kube-system, k8s-app=kube-dns), so `{name}` does not resolve"
    );
    step.say(Mark::Problem, text, None);
    found.failure = Some(format!("`{name}` does not resolve: policies let {source} ask no DNS"));
}
