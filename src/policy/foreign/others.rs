//! What decides about connections though its kind is none of a policy: settings and annotations of other projects. None
//! of it is evaluated.

use std::collections::BTreeMap;

use super::{BOTH, ForeignPolicy, IN, Influence};
use crate::cluster::{Cluster, Entry, Workload};
use crate::manifest::{Body, Tree};
use crate::net::{ClusterName, Labels, ObjectKey};
use crate::policy::istio::Membership;
use crate::policy::rule::Direction;

/// Finds all of it, in the order of objects.
pub(in crate::policy) fn all(cluster: &Cluster, root: &str) -> Vec<ForeignPolicy> {
    let mut found = Vec::new();
    for entry in cluster.entries() {
        let made = match (entry.key.group.as_str(), entry.key.kind.as_str()) {
            ("", "ConfigMap") => of_config(cluster, entry),
            ("kubeovn.io", "Subnet") => subnet(cluster, entry),
            ("kubeovn.io", "SecurityGroup") => security_group(cluster, entry),
            ("networking.istio.io", "DestinationRule") => destination_rule(cluster, entry, root),
            _ => None,
        };
        found.extend(made);
    }
    found.extend(defaults_of_linkerd(cluster));
    found
}

fn policy(
    entry: &Entry,
    said: &'static str,
    influence: Influence,
    directions: &[Direction],
    members: Option<Vec<usize>>,
) -> ForeignPolicy {
    let at = entry.object.span;
    let directions = directions.to_vec();
    ForeignPolicy {
        key: entry.key.clone(),
        at,
        influence,
        cluster_wide: true,
        directions,
        subject: None,
        members,
        enforced_by: None,
        is_repeated: false,
        said: Some(said),
    }
}

fn everywhere(entry: &Entry, said: &'static str, influence: Influence) -> ForeignPolicy {
    policy(entry, said, influence, BOTH, None)
}

/// The settings of an installation: the mode of Cilium
/// (<https://docs.cilium.io/en/stable/security/policy/intro/#policy-enforcement-modes>) and the default of Linkerd
/// (<https://linkerd.io/2/reference/authorization-policy/#default-policies>).
fn of_config(cluster: &Cluster, entry: &Entry) -> Option<ForeignPolicy> {
    let data = |key: &str| entry.object.tree.at(&["data", key]).and_then(Tree::as_str);
    match entry.key.name.as_str() {
        "cilium-config" => match data("enable-policy")? {
            "always" => Some(everywhere(entry, "enable-policy: always", Influence::Decides)),
            "never" => Some(everywhere(entry, "enable-policy: never", Influence::Decides)),
            _ => None,
        },
        "linkerd-config" => {
            let mut lines = data("values")?.lines().map(str::trim);
            let value = lines.find_map(|l| l.strip_prefix("defaultInboundPolicy:"))?.trim().trim_matches('"');
            let members: Vec<usize> = injected(cluster).filter(|(.., is_said)| *is_said).map(|(w, ..)| w).collect();
            let is_of = restricts(value) && !members.is_empty();
            is_of.then(|| policy(entry, "defaultInboundPolicy", Influence::Restricts, IN, Some(members)))
        }
        _ => None,
    }
}

/// Whether a default of Linkerd keeps anybody out.
fn restricts(value: &str) -> bool {
    !matches!(value, "" | "all-unauthenticated" | "audit")
}

const INBOUND: &str = "config.linkerd.io/default-inbound-policy";

/// An annotation of the pods of a workload.
fn annotation<'c>(cluster: &'c Cluster, workload: &Workload, key: &str) -> Option<&'c str> {
    let metadata = workload.spec.labels_path.strip_suffix("labels").unwrap_or("metadata.");
    cluster.entries()[workload.entry].object.tree.find(&format!("{metadata}annotations"))?.get(key)?.as_str()
}

/// The workloads that may have a proxy of Linkerd, each with its namespace as an object, and whether something says
/// that they have one (<https://linkerd.io/2/features/proxy-injection/>).
fn injected(cluster: &Cluster) -> impl Iterator<Item = (usize, Option<&Entry>, bool)> {
    const INJECT: &str = "linkerd.io/inject";
    cluster.workloads().iter().enumerate().filter(|(_, w)| w.spec.pod.host_network != Some(true)).filter_map(
        move |(index, workload)| {
            let namespace = cluster.namespaces().get(workload.key.namespace()).and_then(|n| n.declared);
            let namespace = namespace.map(|at| &cluster.entries()[at]);
            let of_namespace = namespace.and_then(|n| n.object.annotations.get(INJECT)).map(String::as_str);
            let said = annotation(cluster, workload, INJECT).or(of_namespace);
            (said != Some("disabled")).then_some((index, namespace, said.is_some()))
        },
    )
}

/// What annotations say of whoever no Server of Linkerd is about: that of a pod comes before that of its namespace.
fn defaults_of_linkerd(cluster: &Cluster) -> Vec<ForeignPolicy> {
    let mut by_object: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut by_pods: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, namespace, _) in injected(cluster) {
        let workload = &cluster.workloads()[index];
        let of_namespace = namespace.and_then(|n| n.object.annotations.get(INBOUND));
        match (annotation(cluster, workload, INBOUND), of_namespace) {
            (Some(own), _) if restricts(own) => by_pods.entry(workload.key.namespace()).or_default().push(index),
            (None, Some(value)) if restricts(value) => {
                let at = namespace.and_then(|n| cluster.find(&n.key));
                by_object.entry(at.unwrap_or_default()).or_default().push(index);
            }
            _ => {}
        }
    }
    let of_pods = by_pods.into_values().map(|members| (cluster.workloads()[members[0]].entry, members));
    by_object
        .into_iter()
        .chain(of_pods)
        .map(|(at, members)| policy(&cluster.entries()[at], INBOUND, Influence::Restricts, IN, Some(members)))
        .collect()
}

/// A subnet of Kube-OVN that keeps others out, or that has rules
/// (<https://kubeovn.github.io/docs/stable/en/guide/subnet/>).
fn subnet(cluster: &Cluster, entry: &Entry) -> Option<ForeignPolicy> {
    let spec = entry.object.tree.get("spec")?;
    let is = |key: &str| spec.get(key).and_then(Tree::as_bool) == Some(true);
    let has_rules = spec.get("acls").is_some_and(|a| !a.items().is_empty());
    let said = match (has_rules, is("private")) {
        (true, _) => "acls",
        (false, true) => "private",
        (false, false) => return None,
    };
    let influence = if has_rules { Influence::Decides } else { Influence::Restricts };
    let homes: Vec<&str> =
        spec.get("namespaces").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::as_str).collect();
    let is_there = |w: &Workload| {
        let own = annotation(cluster, w, "ovn.kubernetes.io/logical_switch");
        own.map_or(homes.contains(&w.key.namespace()), |name| name == entry.key.name)
    };
    let all = cluster.workloads().iter().enumerate();
    let members = all.filter(|(_, w)| is("default") || is_there(w)).map(|(index, _)| index).collect();
    Some(policy(entry, said, influence, BOTH, Some(members)))
}

/// A group that pods of Kube-OVN name (<https://kubeovn.github.io/docs/stable/en/vpc/security-group/>).
fn security_group(cluster: &Cluster, entry: &Entry) -> Option<ForeignPolicy> {
    let named = |w: &Workload| {
        let said = annotation(cluster, w, "ovn.kubernetes.io/security_groups")?;
        said.split(',').any(|name| name.trim() == entry.key.name).then_some(())
    };
    let all = cluster.workloads().iter().enumerate();
    let members: Vec<usize> = all.filter(|(_, w)| named(w).is_some()).map(|(index, _)| index).collect();
    (!members.is_empty()).then(|| policy(entry, "rules", Influence::Restricts, BOTH, Some(members)))
}

/// How sidecars speak to the pods of a Service, where these pods do not take that: without mutual TLS where they ask for
/// it, and with it where they have no proxy
/// (<https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings-TLSmode>).
fn destination_rule(cluster: &Cluster, entry: &Entry, root: &str) -> Option<ForeignPolicy> {
    let spec = entry.object.tree.get("spec")?;
    let mut modes = Vec::new();
    let subsets = spec.get("subsets").map(Tree::items).unwrap_or_default();
    for traffic in std::iter::once(spec).chain(subsets).filter_map(|s| s.get("trafficPolicy")) {
        let ports = traffic.get("portLevelSettings").map(Tree::items).unwrap_or_default();
        modes.extend(std::iter::once(traffic).chain(ports).filter_map(|t| t.at(&["tls", "mode"])?.as_str()));
    }
    let is_plain = modes.iter().any(|m| matches!(*m, "DISABLE" | "SIMPLE" | "MUTUAL"));
    let is_mutual = modes.contains(&"ISTIO_MUTUAL");
    if !is_plain && !is_mutual {
        return None;
    }
    let asked = strict_namespaces(cluster);
    let is_strict = |w: &Workload| asked.iter().any(|n| *n == w.key.namespace() || *n == root);
    let takes_none = |w: &Workload| {
        let is_outside = Membership::of(cluster, w) == Membership::Outside;
        if is_outside { is_mutual } else { is_plain && is_strict(w) }
    };
    let found = behind(cluster, spec.get("host")?.as_str()?, entry.key.namespace());
    let members: Vec<usize> = found.into_iter().filter(|&w| takes_none(&cluster.workloads()[w])).collect();
    let said = "trafficPolicy.tls.mode";
    (!members.is_empty()).then(|| policy(entry, said, Influence::Restricts, IN, Some(members)))
}

/// The namespaces of which some PeerAuthentication asks for mutual TLS.
fn strict_namespaces(cluster: &Cluster) -> Vec<&str> {
    let all = cluster.entries().iter().filter(|e| {
        let mode = e.object.tree.at(&["spec", "mtls", "mode"]).and_then(Tree::as_str);
        e.key.kind == "PeerAuthentication" && mode == Some("STRICT")
    });
    all.map(|e| e.key.namespace()).collect()
}

/// The workloads behind the Services that a host of Istio means, which may begin with a wildcard.
fn behind(cluster: &Cluster, host: &str, home: &str) -> Vec<usize> {
    let selected = |entry: &Entry, labels: &Labels| {
        if labels.is_empty() { Vec::new() } else { cluster.select(entry.key.namespace(), labels) }
    };
    let mut found: Vec<usize> = match host.strip_prefix('*') {
        Some(end) => {
            let is_meant =
                |key: &ObjectKey| format!("{}.{}.svc.cluster.local", key.name, key.namespace()).ends_with(end);
            let services = cluster.services().filter(|(e, _)| is_meant(&e.key));
            let labels = services.filter_map(|(e, s)| Some((e, s.spec.as_ref()?.selector.as_ref()?)));
            labels.flat_map(|(e, labels)| selected(e, labels)).collect()
        }
        None => {
            let (service, namespace) = match ClusterName::parse(host) {
                Some(name) => (name.service, name.namespace.unwrap_or(home)),
                None => return Vec::new(),
            };
            let key = ObjectKey::new("", "Service", namespace, service);
            let Some(entry) = cluster.find(&key).map(|at| &cluster.entries()[at]) else { return Vec::new() };
            let Body::Service(service) = &entry.object.body else { return Vec::new() };
            let labels = service.spec.as_ref().and_then(|s| s.selector.as_ref());
            labels.map(|labels| selected(entry, labels)).unwrap_or_default()
        }
    };
    found.sort_unstable();
    found.dedup();
    found
}
