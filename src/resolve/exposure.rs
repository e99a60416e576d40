//! What the outside reaches directly: load balancers, node ports and external addresses of Services.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::entrance::Clients;
use super::facts::HostPort;
use super::{Context, port_number, services};
use crate::cluster::{Entry, Workload};
use crate::graph::{AddressesId, EdgeDetail, Evidence, Expose, Exposure, LineEnd, NodeId, Port, ServiceKind};
use crate::net::{AddressSet, Protocol, parse_cidr};

/// Annotations by which clouds are told to put a load balancer inside their network, and the values that do not mean
/// it. Sources: the load balancer pages of AWS, Azure, Google Cloud, OpenStack, Oracle, Alibaba and IBM, as listed at
/// <https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer>.
const INTERNAL: &[(&str, &[&str])] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("networking.gke.io/load-balancer-type", &["internal"]),
    ("cloud.google.com/load-balancer-type", &["internal"]),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", &["true"]),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", &["intranet"]),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", &["private"]),
    ("alb.ingress.kubernetes.io/scheme", &["internal"]),
    ("appgw.ingress.kubernetes.io/use-private-ip", &["true"]),
    ("kubernetes.io/ingress.class", &["gce-internal"]),
];

/// Whether annotations ask for a load balancer inside the network. The field is the annotation that says so.
pub(super) fn internal(annotations: &BTreeMap<String, String>) -> Option<String> {
    let found = INTERNAL
        .iter()
        .find(|(key, values)| annotations.get(*key).is_some_and(|v| values.iter().any(|w| v.eq_ignore_ascii_case(w))));
    found.map(|(key, _)| format!("metadata.annotations[\"{key}\"]"))
}

/// Adds the edges by which the outside reaches pods past all Services: at ports of their nodes.
pub(super) fn nodes(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for (index, workload) in cluster.workloads().iter().enumerate() {
        let on_host = workload.spec.pod.host_network == Some(true);
        let found = host_ports(index, workload);
        if found.is_empty() && !on_host {
            continue;
        }
        let mut ports: Vec<(u16, Protocol)> = found.iter().map(|p| (p.host, p.port.protocol)).collect();
        ports.sort_unstable();
        ports.dedup();
        let (via, field) =
            if on_host { (Expose::HostNetwork, "hostNetwork") } else { (Expose::HostPort, "containers") };
        let entry = &cluster.entries()[workload.entry];
        let said = context.evidence(entry, &format!("{}.{field}", workload.spec.pod_path));
        let from = context.internet();
        let detail = EdgeDetail::Exposes(vec![Exposure { via, ports }]);
        context.graph.edge(&from, &NodeId::object(&workload.key), detail, [said]);
        context.facts.host_ports.extend(found);
    }
}

/// The ports of a workload that are open on its nodes: those with a `hostPort` that no loopback address hides, and all
/// that it declares in the network of its node.
fn host_ports(index: usize, workload: &Workload) -> Vec<HostPort> {
    let pod = &workload.spec.pod;
    let on_host = pod.host_network == Some(true);
    let declared = pod.init_containers.iter().flatten().chain(&pod.containers).flat_map(|c| c.ports.iter().flatten());
    let found = declared.filter_map(|p| {
        let number = port_number(p.container_port)?;
        let is_local = p.host_ip.as_deref().is_some_and(|ip| ip.starts_with("127.") || ip == "::1");
        let host = match p.host_port.and_then(port_number) {
            _ if on_host => number,
            Some(host) if !is_local => host,
            _ => return None,
        };
        let port = Port { number, protocol: Protocol::from_field(p.protocol.as_deref()), name: p.name.clone() };
        Some(HostPort { workload: index, port, host })
    });
    found.collect()
}

/// Adds the edges by which the outside reaches a Service.
pub(super) fn service(context: &mut Context<'_>, entry: &Entry, service: &Service, id: &NodeId) {
    let Some(spec) = &service.spec else { return };
    let kind = services::kind(service);
    let ports = |node: bool| -> Vec<(u16, Protocol)> {
        let mut ports: Vec<(u16, Protocol)> = (spec.ports.iter().flatten())
            .filter_map(|p| {
                Some((
                    port_number(if node { p.node_port? } else { p.port })?,
                    Protocol::from_field(p.protocol.as_deref()),
                ))
            })
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    };
    let type_evidence = context.evidence(entry, "spec.type");
    if kind == ServiceKind::LoadBalancer {
        let exposure = Exposure { via: Expose::LoadBalancer, ports: ports(false) };
        let (ranges, field) = source_ranges(spec, &entry.object.annotations);
        let open = ranges.is_empty() || ranges.iter().any(|r| r == "0.0.0.0/0" || r == "::/0");
        let mut said = vec![type_evidence];
        let by_class = spec.load_balancer_class.as_deref() == Some("tailscale");
        let by_class = by_class.then(|| "spec.loadBalancerClass".to_owned());
        let from = if let Some(field) = internal(&entry.object.annotations).or(by_class) {
            said.push(context.evidence(entry, &field));
            context.private_network(last(&said))
        } else if open {
            context.internet()
        } else {
            said.push(context.evidence(entry, &field));
            let blocks = ranges.iter().filter_map(|r| parse_cidr(r).ok());
            let set = blocks.fold(AddressSet::none(), |set, block| set.with(&AddressSet::block(block)));
            context.addresses(ranges, set, last(&said))
        };
        context.graph.edge(&from, id, EdgeDetail::Exposes(vec![exposure]), said);
    } else if kind == ServiceKind::NodePort {
        let from = context.internet();
        let exposure = |ports| Exposure { via: Expose::NodePort, ports };
        let fixed = ports(true);
        let mut ways = vec![exposure(fixed)];
        // A port that the manifest leaves to the cluster is open as well, only nobody can say under which number.
        let left_open = spec.ports.iter().flatten().any(|p| p.node_port.is_none());
        if left_open && !ways[0].ports.is_empty() {
            ways.push(exposure(Vec::new()));
        }
        context.graph.edge(&from, id, EdgeDetail::Exposes(ways), [type_evidence]);
    }
    if kind != ServiceKind::LoadBalancer
        && entry.object.annotations.get("tailscale.com/expose").is_some_and(|v| v == "true")
    {
        // A proxy on the tailnet (https://tailscale.com/kb/1439/kubernetes-operator-cluster-ingress).
        let said = context.evidence(entry, "metadata.annotations[\"tailscale.com/expose\"]");
        let from = context.private_network(said.clone());
        let detail = EdgeDetail::Exposes(vec![Exposure { via: Expose::LoadBalancer, ports: ports(false) }]);
        context.graph.edge(&from, id, detail, [said]);
    }
    if spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty()) {
        let said = context.evidence(entry, "spec.externalIPs");
        let from = context.internet();
        context.graph.edge(
            &from,
            id,
            EdgeDetail::Exposes(vec![Exposure { via: Expose::ExternalIps, ports: ports(false) }]),
            [said],
        );
    }
}

impl Context<'_> {
    /// The node for the clients that an object lets in.
    pub(super) fn clients(&mut self, clients: &Clients, said: Evidence) -> NodeId {
        let blocks = |texts: &[String]| {
            let known = texts.iter().filter_map(|r| parse_cidr(r).ok().or_else(|| parse_cidr(&single(r)).ok()));
            known.fold(AddressSet::none(), |set, block| set.with(&AddressSet::block(block)))
        };
        let everywhere = || vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()];
        let mut addresses = if clients.allowed.is_empty() { everywhere() } else { clients.allowed.clone() };
        let open = addresses.iter().any(|r| r == "0.0.0.0/0" || r == "::/0");
        if open && clients.denied.is_empty() {
            return self.internet();
        }
        let set = blocks(&addresses).difference(&blocks(&clients.denied));
        addresses.sort();
        addresses.dedup();
        let mut except = clients.denied.clone();
        except.sort();
        except.dedup();
        let name = open.then(|| format!("anyone except {}", except.join(", ")));
        let id = self.outside(AddressesId { addresses, except, end: LineEnd::From, on: None }, set, vec![said]);
        if let (Some(name), Some(node)) = (name, self.graph.known(&id)) {
            node.name = name;
        }
        id
    }
}

/// An address as a block of one.
fn single(address: &str) -> String {
    format!("{address}/{}", if address.contains(':') { 128 } else { 32 })
}

/// From where a load balancer takes traffic, and the field that says so: the one of the Service, else the annotation
/// that came before it
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#service-beta-kubernetes-io-load-balancer-source-ranges>).
fn source_ranges(spec: &ServiceSpec, annotations: &BTreeMap<String, String>) -> (Vec<String>, String) {
    const ANNOTATION: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    let clean = |ranges: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        ranges.map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()).collect()
    };
    let own = clean(&mut spec.load_balancer_source_ranges.iter().flatten().map(String::as_str));
    match annotations.get(ANNOTATION) {
        Some(text) if own.is_empty() => {
            (clean(&mut text.split(',')), format!("metadata.annotations[\"{ANNOTATION}\"]"))
        }
        _ => (own, "spec.loadBalancerSourceRanges".to_owned()),
    }
}

fn last(said: &[Evidence]) -> Evidence {
    said[said.len() - 1].clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_load_balancer_is_told_by_its_annotation_and_value() {
        let with = |k: &str, v: &str| internal(&BTreeMap::from([(k.to_owned(), v.to_owned())]));
        assert!(with("networking.gke.io/load-balancer-type", "Internal").is_some());
        assert!(with("service.beta.kubernetes.io/aws-load-balancer-scheme", "internet-facing").is_none());
        assert!(with("service.beta.kubernetes.io/azure-load-balancer-internal", "false").is_none());
    }
}
