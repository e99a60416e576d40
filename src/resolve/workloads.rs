//! Nodes of workloads.

use super::{Context, port_number};
use crate::cluster::Workload;
use crate::graph::{Container, Detail, Port, Scale};
use crate::manifest::Object;
use crate::net::Protocol;

/// Adds a node for every workload.
pub(super) fn add(context: &mut Context<'_>) {
    let cluster = context.cluster;
    for workload in cluster.workloads() {
        let entry = &cluster.entries()[workload.entry];
        let spec = &workload.spec;
        let detail = Detail::Workload {
            scale: scale(workload, &entry.object),
            labels: spec.pod_labels.clone(),
            ports: ports(workload),
            containers: spec
                .pod
                .init_containers
                .iter()
                .flatten()
                .filter(|c| c.restart_policy.as_deref() == Some("Always"))
                .chain(&spec.pod.containers)
                .map(|c| Container { name: c.name.clone(), image: c.image.clone() })
                .collect(),
            host_network: spec.pod.host_network == Some(true),
            show_images: false,
            access: None,
        };
        let evidence = context.evidence(entry, "");
        context.keyed(&workload.key, detail, evidence);
    }
}

/// Ports that the containers declare, those of sidecars (init containers that stay) included
/// (<https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>).
pub(super) fn ports(workload: &Workload) -> Vec<Port> {
    let pod = &workload.spec.pod;
    let sidecars = pod.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let mut ports: Vec<Port> = sidecars
        .chain(&pod.containers)
        .flat_map(|c| c.ports.iter().flatten())
        .filter_map(|p| {
            Some(Port {
                number: port_number(p.container_port)?,
                protocol: Protocol::from_field(p.protocol.as_deref()),
                name: p.name.clone(),
            })
        })
        .collect();
    ports.sort();
    ports.dedup();
    ports
}

/// How many pods it runs. Absent replicas mean one
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/>).
fn scale(workload: &Workload, object: &Object) -> Scale {
    let spec = &workload.spec;
    // A workload made of pods whose controller is not in the input says nothing about its size, and nor does a value
    // that could not be read.
    let unreadable = spec.replicas.is_none() && object.tree.at(&["spec", "replicas"]).is_some_and(|r| !r.is_null());
    if workload.key.kind != object.kind || unreadable {
        return Scale::Unknown;
    }
    match object.kind.as_str() {
        "Pod" => Scale::Single,
        "DaemonSet" => Scale::PerNode,
        "CronJob" => spec.schedule.clone().map_or(Scale::Unknown, Scale::Schedule),
        "Job" => Scale::Completions(spec.completions.unwrap_or(1)),
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "DeploymentConfig" => {
            Scale::Replicas(spec.replicas.unwrap_or(1))
        }
        _ => spec.replicas.map_or(Scale::Unknown, Scale::Replicas),
    }
}
