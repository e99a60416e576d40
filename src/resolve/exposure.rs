//! What the outside reaches directly: load balancers, node ports and external addresses of Services.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::clouds::{self, Placed};
use super::entrance::{Clients, items};
use super::facts::HostPort;
use super::{Context, port_number, services};
use crate::cluster::{Entry, Workload};
use crate::graph::{AddressesId, EdgeDetail, Evidence, Expose, Exposure, LineEnd, NodeId, Port, ServiceKind};
use crate::manifest::Tree;
use crate::net::{AddressSet, Protocol, parse_cidr};

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
        // An address inside the network is reached from there.
        let given = workload.spec.pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
        let given = given.filter(|p| p.host_port.is_some()).map(|p| p.host_ip.as_deref().unwrap_or_default());
        let is_inside = !on_host && clouds::are_inside(given);
        let from = if is_inside { context.private_network(said.clone()) } else { context.internet() };
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
        let mut said = vec![type_evidence];
        let from = balanced(context, (entry, spec), &mut said);
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
        let given = spec.external_ips.iter().flatten().map(String::as_str);
        let from = if clouds::are_inside(given) { context.private_network(said.clone()) } else { context.internet() };
        context.graph.edge(
            &from,
            id,
            EdgeDetail::Exposes(vec![Exposure { via: Expose::ExternalIps, ports: ports(false) }]),
            [said],
        );
    }
}

/// The node for those who connect to the load balancer of a Service, with what says so.
fn balanced(context: &mut Context<'_>, (entry, spec): (&Entry, &ServiceSpec), said: &mut Vec<Evidence>) -> NodeId {
    let annotations = &entry.object.annotations;
    let class = spec.load_balancer_class.as_deref();
    let placed = clouds::placed(annotations);
    if let Some(Placed::Untold(field)) = &placed {
        context.unjudged(entry, "an annotation that may put the load balancer inside the network", field);
    }
    let of_status = || {
        let given = items(&entry.object.tree, &["status", "loadBalancer", "ingress"]).filter_map(|i| i.get("ip"));
        clouds::are_inside(given.filter_map(Tree::as_str)).then(|| "status.loadBalancer".to_owned())
    };
    let by_address = || {
        clouds::are_inside(spec.load_balancer_ip.as_deref())
            .then(|| "spec.loadBalancerIP".to_owned())
            .or_else(|| clouds::inside_addresses(annotations))
            .or_else(of_status)
    };
    let inside = match placed {
        Some(Placed::Inside(field)) => Some(field),
        _ if class == Some("tailscale") => Some("spec.loadBalancerClass".to_owned()),
        _ => clouds::inside_by_default(annotations, class).or_else(by_address),
    };
    if let Some(field) = inside {
        said.push(context.evidence(entry, &field));
        return context.private_network(last(said));
    }
    let restricted = clouds::restricted(annotations);
    if let Some(field) = &restricted.unjudged {
        context.unjudged(entry, "who may connect to the load balancer", field);
    }
    let clean = |ranges: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        ranges.map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()).collect()
    };
    let own = clean(&mut spec.load_balancer_source_ranges.iter().flatten().map(String::as_str));
    // The field of the Service comes before any annotation
    // (https://kubernetes.io/docs/reference/labels-annotations-taints/#service-beta-kubernetes-io-load-balancer-source-ranges).
    let (allowed, field) = match restricted.field {
        Some(field) if own.is_empty() => (restricted.allowed, field),
        field if own.is_empty() => (Vec::new(), field.unwrap_or_default()),
        _ => (own, "spec.loadBalancerSourceRanges".to_owned()),
    };
    if allowed.is_empty() && restricted.denied.is_empty() {
        return context.internet();
    }
    let evidence = context.evidence(entry, &field);
    if !is_open(&allowed) || !restricted.denied.is_empty() {
        said.push(evidence.clone());
    }
    context.clients(&Clients { allowed, denied: restricted.denied, field }, evidence)
}

/// Whether blocks hold every address, of IPv4 or IPv6.
fn is_open(blocks: &[String]) -> bool {
    blocks.iter().any(|r| r == "0.0.0.0/0" || r == "::/0")
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
        let open = is_open(&addresses);
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

fn last(said: &[Evidence]) -> Evidence {
    said[said.len() - 1].clone()
}
