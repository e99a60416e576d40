//! Probes at ports that no container declares.

use k8s_openapi::api::core::v1::{Container, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::{ProbePort, UnansweredProbe};
use super::port_number;
use crate::cluster::{Cluster, Workload};

/// The probes of all workloads that keep pods from becoming ready, as far as their ports show: names are those of the
/// container's own ports (<https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port>);
/// a number needs no declaration, so one that only another probe has is taken for right.
pub(super) fn unanswered(cluster: &Cluster) -> Vec<UnansweredProbe> {
    cluster.workloads().iter().enumerate().flat_map(|(index, workload)| of_workload(index, workload)).collect()
}

fn of_workload(index: usize, workload: &Workload) -> Vec<UnansweredProbe> {
    let pod = &workload.spec.pod;
    let mut found = Vec::new();
    for (position, container) in pod.containers.iter().enumerate() {
        for (probe, own) in [("readinessProbe", &container.readiness_probe), ("startupProbe", &container.startup_probe)]
        {
            let Some((kind, port)) = own.as_ref().and_then(asked) else { continue };
            let port = match port {
                IntOrString::String(name) if name.parse::<u16>().is_err() => {
                    let own = container.ports.iter().flatten().any(|p| p.name.as_deref() == Some(name));
                    (!own).then(|| ProbePort::Name(name.clone()))
                }
                IntOrString::String(number) => {
                    number.parse().ok().filter(|n| is_odd(workload, *n, probe)).map(ProbePort::Number)
                }
                IntOrString::Int(n) => port_number(*n).filter(|n| is_odd(workload, *n, probe)).map(ProbePort::Number),
            };
            found.extend(port.map(|port| UnansweredProbe {
                workload: index,
                field: format!("{}.containers[{position}].{probe}.{kind}.port", workload.spec.pod_path),
                probe,
                container: container.name.clone(),
                port,
            }));
        }
    }
    found
}

/// The kind of a probe that connects to a port of the pod, and the port. One with a `host` asks elsewhere; one for gRPC
/// has a number only.
fn asked(probe: &Probe) -> Option<(&'static str, &IntOrString)> {
    if let Some(http) = &probe.http_get {
        return http.host.is_none().then_some(("httpGet", &http.port));
    }
    let tcp = probe.tcp_socket.as_ref()?;
    tcp.host.is_none().then_some(("tcpSocket", &tcp.port))
}

/// Whether a number is probably wrong: the containers declare ports, and neither these nor anything else in them
/// mentions it.
fn is_odd(workload: &Workload, number: u16, probe: &str) -> bool {
    let pod = &workload.spec.pod;
    let all = || pod.containers.iter().chain(pod.init_containers.iter().flatten());
    let declares = |c: &Container| c.ports.as_ref().is_some_and(|p| !p.is_empty());
    let declared = all().flat_map(|c| c.ports.iter().flatten()).any(|p| p.container_port == i32::from(number));
    // Servers of DNS have ports for probes of their own.
    let is_dns = all().flat_map(|c| c.ports.iter().flatten()).any(|p| p.container_port == 53);
    let digits = number.to_string();
    all().any(declares) && !declared && !is_dns && !all().any(|c| mentions(c, &digits, probe))
}

/// Whether a container mentions a number outside of one of its probes: in its arguments, its environment, or other probes
/// and hooks.
fn mentions(container: &Container, digits: &str, probe: &str) -> bool {
    let has = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|word| word == digits);
    let texts = container.args.iter().flatten().chain(container.command.iter().flatten());
    let values = container.env.iter().flatten().filter_map(|e| e.value.as_ref());
    let mut others = vec![&container.liveness_probe];
    others.push(if probe == "readinessProbe" { &container.startup_probe } else { &container.readiness_probe });
    let same = |p: &Probe| match asked(p) {
        Some((_, IntOrString::Int(n))) => n.to_string() == digits,
        Some((_, IntOrString::String(n))) => n == digits,
        None => false,
    };
    // What comes from elsewhere may mention anything.
    let refers =
        container.env.iter().flatten().filter_map(|e| e.value_from.as_ref()).any(|v| v.config_map_key_ref.is_some());
    let from_elsewhere = refers || container.env_from.as_ref().is_some_and(|e| !e.is_empty());
    from_elsewhere || texts.chain(values).any(|t| has(t)) || others.into_iter().flatten().any(same)
}
